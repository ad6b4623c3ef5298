"""States and messages of graded neurons that leave 24 bits are counted, as plain numpy in 64 bits counts them."""

import warnings

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import OverflowWarning
from neurokit.graph.check import check_program
from neurokit.graph.graded_neurons import FixedDelta, FixedRelay, FixedSigma, FixedSigmaDelta, Sigma
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.synapses import Dense, Injection
from neurokit.headroom import audit
from neurokit.records import Overflow
from tests.networks import network

LOW, HIGH = -(2**23), 2**23 - 1


def program(neuron, size):
    population = Population("out", (size,), neuron)
    projection = Projection("in", "out", (Injection(),), 0)
    return check_program(Program({"in": Input("in", (size,))}, {"out": population}, (projection,), {"out": population}))


def quietly(graph, x, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OverflowWarning)
        return nk.run(graph, x, **options)


def low32(values):
    return (values + 2**31) % 2**32 - 2**31


def beyond(*values):
    """Whether any of them leaves 24 bits, by neuron."""
    return np.any([(v < LOW) | (v > HIGH) for v in values], axis=0)


def encoded(neuron, act, before, residue, error):
    """(sent, residue, error) of a delta encoder, written from its equations."""
    delta = low32(low32(act - before) + residue)
    if neuron.cumulative:
        error = low32(error + delta)
        sent = np.where(np.abs(error) >= neuron.threshold, delta, 0)
        error = np.where(sent != 0, 0, error)
    else:
        sent = np.where(np.abs(delta) >= neuron.threshold, delta, 0)
    return sent >> neuron.state_exponent, delta - sent, error


def counted(neuron, currents):
    """(steps, n) in: how often states or messages left 24 bits, and what was sent last."""
    zero = np.zeros(currents.shape[1], np.int64)
    sigma = act = residue = error = sent = zero
    left = 0
    for a in currents:
        if isinstance(neuron, FixedDelta):
            exact = a << (neuron.spike_exponent + neuron.state_exponent)
            sent, residue, error = encoded(neuron, low32(exact), act, residue, error)
            act = low32(exact)
            left += beyond(exact, residue, error, sent).sum()
            continue
        exact = sigma + a
        sigma = low32(exact)
        if isinstance(neuron, FixedSigma):
            sent = sigma
            left += beyond(exact).sum()
            continue
        biased = sigma + neuron.activation_bias
        new = np.maximum(low32(biased), 0) if neuron.activation == "relu" else low32(biased)
        sent, residue, error = encoded(neuron, new, act, residue, error)
        act = new
        left += beyond(exact, biased, residue, error, sent).sum()
    return int(left), sent


NEURONS = [
    FixedSigma(),
    FixedDelta(threshold=1000, spike_exponent=2),
    FixedDelta(threshold=2**22, spike_exponent=2, state_exponent=3),
    FixedDelta(threshold=50_000, state_exponent=2, cumulative=True),
    FixedSigmaDelta(threshold=100, activation_bias=2**20),
    FixedSigmaDelta(threshold=2**21, state_exponent=4, activation="unit"),
    FixedSigmaDelta(threshold=2**23 - 1, activation="unit", cumulative=True),
]


@pytest.mark.parametrize("neuron", NEURONS, ids=lambda n: f"{type(n).__name__}-{n.__dict__.get('threshold', 0)}")
@pytest.mark.parametrize("size", [1, 13, 100])
def test_states_and_messages(neuron, size):
    rng = np.random.default_rng(size)
    x = rng.integers(-(2**22), 2**22, (40, size))
    x[::3] //= 2**8
    x[:, 0] = 2**22  # goes on in one direction
    left, sent = counted(neuron, x)
    found = quietly(program(neuron, size), x)
    assert found.overflows["out"] == Overflow(states=left)
    np.testing.assert_array_equal(found.spikes["out"][-1], sent)
    assert left > 0


@pytest.mark.parametrize(("value", "left"), [(HIGH, 0), (LOW, 0), (HIGH + 1, 1), (LOW - 1, 1)])
def test_the_ends_of_24_bits(value, left):
    x = np.array([[value // 2], [value - value // 2], [0], [-(value // 2)]])  # stays there for two steps
    found = quietly(program(FixedSigma(), 1), x)
    assert found.overflows["out"] == Overflow(states=2 * left)


def test_small_values_count_nothing():
    rng = np.random.default_rng(0)
    x = rng.integers(-1000, 1000, (3, 30, 20))
    for neuron in (*NEURONS, FixedRelay(multiplier=3, shift=1)):
        assert nk.run(program(neuron, 20), x).overflows["out"] == Overflow()


@pytest.mark.parametrize("overflow", ["saturate", "wrap"])
@pytest.mark.parametrize("latched", [False, True])
def test_relays(overflow, latched):
    """What saturates is meant to; what wraps is told."""
    rng = np.random.default_rng(3)
    x = rng.integers(-(2**20), 2**20, (30, 17)) * rng.integers(0, 2, (30, 17))
    neuron = FixedRelay(multiplier=77, shift=2, overflow=overflow, latched=latched)
    exact = x * 77 >> 2
    left = int(beyond(exact).sum())
    found = quietly(program(neuron, 17), x).overflows["out"]
    assert found == (Overflow(saturated=left) if overflow == "saturate" else Overflow(states=left))
    assert left > 0


def test_what_is_told():
    text = r"'out': its states or messages left 24 bits 2 times; the chip holds 24 bits, Lava's models on the CPU 32"
    with pytest.warns(OverflowWarning, match=text):
        nk.run(program(FixedSigma(), 1), np.full((4, 1), 2**22 - 1) + np.array([[0], [0], [9], [9]]))


def test_threads_blocks_and_sessions_count_alike():
    rng = np.random.default_rng(5)
    x = rng.integers(-(2**22), 2**22, (5, 64, 33))
    graph = program(FixedSigmaDelta(threshold=5, activation="unit"), 33)
    one, two = (quietly(graph, x, threads=threads).overflows["out"] for threads in (1, 2))
    assert one == two
    assert one.states == sum(counted(graph.neuron("out"), sample)[0] for sample in x)
    with nk.open(graph) as session, warnings.catch_warnings():
        warnings.simplefilter("ignore", OverflowWarning)
        session.step(x[0, :10])
        session.step(x[0, 10:])
        assert session.overflows["out"].states == counted(graph.neuron("out"), x[0])[0]


def test_the_audit_counts_them():
    found = audit(program(FixedSigma(), 2), np.full((1, 4, 2), 2**22))
    assert found.populations[0].wrapped == 2 * 3
    assert "states wrapped 6 times" in str(found.faults[0])


def test_floats_do_not_wrap():
    net = network((Dense(np.eye(2)), Sigma()), shape=(2,))
    assert nk.run(net, np.full((1, 4, 2), 1e9)).overflows is None
