"""The LIF neuron's relatives in the simulator: integers as the reference says, floats as their equations do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurokit as nk
from neurokit.conformance.lif_family import LIF_FAMILY
from neurokit.graph.lif_family import ALIF, ATRLIF, QIF, LoihiALIF, LoihiQIF, LoihiRefractoryLIF, TernaryLIF, Theta
from neurokit.graph.neurons import IF, LIF, CubaLIF, LoihiLIF
from neurokit.graph.synapses import Dense
from neurokit.hardware.simulator.kinds import make_neurons
from neurokit.lower.fixedpoint import neuron_step
from tests.networks import network
from tests.overflowing import ON_PURPOSE
from tests.programs import Drawn
from tests.simulator.test_extremes import injected
from tests.tolerances import COSINES

pytestmark = ON_PURPOSE

LIMIT = 2**23 - 1
DT = 1e-3


def states_and_spikes(neuron, x):
    """Simulator: name -> (steps, n), spikes."""
    graph = injected(neuron, x.shape[1])
    found = nk.run(graph, x, record=("out", *(("out", state) for state in neuron.states)))
    return {state: found.states["out", state] for state in neuron.states}, found.spikes["out"]


# ----------------------------------------------------------------------------------------------------------- integers


@pytest.mark.parametrize("model", LIF_FAMILY, ids=lambda model: model.__name__)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_kernel_is_the_reference(model, data):
    """Any neuron, any input that an int32 holds."""
    neuron = LIF_FAMILY[model].random(Drawn(data.draw), (5,), True)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    most = data.draw(st.sampled_from([60, 5000, LIMIT]))
    x = rng.integers(-most, most + 1, (12, 5))
    states, spikes = states_and_spikes(neuron, x)
    fresh = {state: np.zeros(5, np.int64) + neuron.initial.get(state, 0) for state in neuron.states}
    now = fresh
    for t in range(12):
        if neuron.held and t < neuron.reset_offset:
            assert not spikes[t].any()
            continue
        since = t - neuron.reset_offset
        if since == 0 or (since > 0 and neuron.reset_interval and since % neuron.reset_interval == 0):
            now = fresh
        now, sent = neuron_step(neuron, now, x[t])
        np.testing.assert_array_equal(spikes[t], sent)
        for state, values in now.items():
            np.testing.assert_array_equal(states[state][t], values, state)


def test_a_refractory_neuron_holds_or_is_silent():
    x = np.full((9, 1), 10)
    common = {"current_decay": 4096, "voltage_decay": 0, "threshold": 1280 - 1, "refractory": 2}
    holds, spikes = states_and_spikes(LoihiRefractoryLIF(**common), x)
    assert spikes[:, 0].tolist() == [0, 1, 0, 0, 0, 1, 0, 0, 0]
    assert holds["v"][:, 0].tolist() == [640, 0, 0, 0, 640, 0, 0, 0, 640]
    assert holds["refractory"][:, 0].tolist() == [0, 2, 1, 0, 0, 2, 1, 0, 0]
    silent, spikes = states_and_spikes(LoihiRefractoryLIF(**common, while_refractory="silent"), x)
    assert spikes[:, 0].tolist() == [0, 1, 0, 0, 1, 0, 0, 1, 0]
    assert silent["v"][:, 0].tolist() == [640, 0, 640, 1280, 0, 640, 1280, 0, 640]


def test_without_a_period_it_is_the_plain_neuron():
    rng = np.random.default_rng(4)
    x = rng.integers(-50, 100, (40, 6))
    fields = {"current_decay": 700, "voltage_decay": 90, "threshold": 9000, "bias_mantissa": 3, "bias_exponent": 2}
    for reset in ({}, {"reset": "soft", "reset_value": 9000}):
        plain, wanted = states_and_spikes(LoihiLIF(**fields, **reset), x)
        states, spikes = states_and_spikes(LoihiRefractoryLIF(**fields, **reset, refractory=0), x)
        np.testing.assert_array_equal(spikes, wanted)
        for state in "uv":
            np.testing.assert_array_equal(states[state], plain[state])
        assert wanted.any()


def test_an_adaptive_neuron_step_by_step():
    """10 units a step, threshold 1280, each spike raises it by 640; the reset comes a step late and undecayed."""
    neuron = LoihiALIF(4096, 0, 0, 1280 - 1, 1280, beta_mantissa=640, beta_shift=12)
    states, spikes = states_and_spikes(neuron, np.full((8, 1), 10))
    assert states["v"][:, 0].tolist() == [640, 1280, 640, 1280, 1920, 1280, 1920, 2560]
    assert states["adaptation"][:, 0].tolist() == [0, 0, 4096, 4096, 4096, 8192, 8192, 8192]
    assert spikes[:, 0].tolist() == [0, 1, 0, 0, 1, 0, 0, 1]
    assert states["spike"][:, 0].tolist() == spikes[:, 0].tolist()


def test_a_quadratic_neuron_rests_below_one_and_escapes_above():
    """Without input v goes to 0 from below 1.0 (here 4096) and to the threshold from above."""
    neuron = LoihiQIF(4096, rate=400, fraction=12, threshold=10 << 12, reset_value=-1 << 12)
    x = np.zeros((300, 2), np.int64)
    x[0] = [600, 700]  # << 6, times 400/4096: v starts at 3750 and 4375
    states, spikes = states_and_spikes(neuron, x)
    assert states["v"][0].tolist() == [3750, 4375]
    assert abs(states["v"][-1, 0]) <= 11  # 400/4096 of less is cut to zero
    assert spikes.sum(axis=0).tolist() == [0, 1]


def test_overflow_is_counted():
    neurons = make_neurons(injected(LoihiRefractoryLIF(0, 0, LIMIT - 63), 1).populations["out"], 1, None)
    acc = np.full((6, 1, 1), 2**17 - 1, np.int32)
    neurons.advance(0, acc, np.zeros((6, 1, 1), np.uint8))
    assert neurons.wraps.tolist() == [3, 1]  # u: 2**23 - 64, -128, 2**23 - 192, ...; v is clipped at the third


# ------------------------------------------------------------------------------------------------------------- floats


def floats(neuron, x):
    """As `states_and_spikes`, for a float neuron fed one to one."""
    n = x.shape[1]
    found = nk.run(
        network((Dense(np.eye(n)), neuron), shape=(n,), dt=DT), x, record=(*(("p0", s) for s in neuron.states),)
    )
    return {state: found.states["p0", state] for state in neuron.states}, found.spikes["p0"]


def inputs(n=7, steps=60, scale=2.0, seed=3):
    return np.random.default_rng(seed).normal(0.4 * scale, scale, (steps, n))


def compare(found, wanted, **tolerance):
    states, spikes = found
    assert list(states) == list(wanted[0])
    np.testing.assert_array_equal(spikes, wanted[1])
    for state, values in wanted[0].items():
        if tolerance:
            np.testing.assert_allclose(states[state], values, **tolerance)
        else:
            np.testing.assert_array_equal(states[state], values)
    assert 0.01 < np.abs(spikes).mean() < 0.9


def track(names, steps, n):
    return {name: np.zeros((steps, n)) for name in names}, np.zeros((steps, n))


@pytest.mark.parametrize("each", [False, True])
@pytest.mark.parametrize("fires", [">", ">="])
@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("meanwhile", ["holds", "silent"])
def test_refractory_floats(meanwhile, reset, fires, each):
    x = np.round(inputs() * 4) / 4  # so that v meets the threshold exactly
    period = np.arange(7) * DT if each else np.asarray(3 * DT)
    neuron = IF(1.5, 0.25, reset, fires, r=0.5, refractory=period, while_refractory=meanwhile)
    states, spikes = track(("u", "v", "refractory"), *x.shape)
    v, left = np.zeros(7), np.zeros(7)
    for t, row in enumerate(x):
        moved = v + 1.0 * (0.5 * row)
        if meanwhile == "holds":
            moved = np.where(left > 0, v, moved)
        s = ((moved > 1.5) | ((moved == 1.5) & (fires == ">="))) & (left == 0)
        v = np.where(s, moved - 1.5 if reset == "soft" else 0.25, moved)
        left = np.where(s, np.rint(period / DT), np.maximum(left - 1, 0))
        states["u"][t], states["v"][t], states["refractory"][t], spikes[t] = 0.5 * row, v, left, s
    compare(floats(neuron, x), (states, spikes))


def test_refractory_lif_and_cubalif_have_their_dynamics():
    x = inputs(scale=6.0)
    plain = {"tau_mem": 8e-3, "tau_syn": 2e-3, "threshold": 1.0}
    long = floats(CubaLIF(**plain, refractory=4e-3), x)
    states, spikes = track(("u", "v", "refractory"), *x.shape)
    u, v, left = np.zeros(7), np.zeros(7), np.zeros(7)
    for t, row in enumerate(x):
        u = 0.5 * u + 0.5 * row
        v = np.where(left > 0, v, (1 - DT / 8e-3) * v + DT / 8e-3 * u)
        s = (v > 1.0) & (left == 0)
        v, left = np.where(s, 0, v), np.where(s, 4, np.maximum(left - 1, 0))
        states["u"][t], states["v"][t], states["refractory"][t], spikes[t] = u, v, left, s
    compare(long, (states, spikes))
    rest = floats(LIF(tau=8e-3, v_leak=0.5, threshold=1.0, refractory=4e-3), np.zeros((3, 2)))[0]["v"]
    assert (rest == 0.5).all()


def test_ternary_floats():
    x = inputs(scale=4.0) - 1.0
    neuron = TernaryLIF(tau_syn=2e-3, tau_mem=4e-3, upper_threshold=1.0, lower_threshold=-0.75, w_in=2.0, r=0.5)
    states, spikes = track("uv", *x.shape)
    u, v = np.zeros(7), np.zeros(7)
    for t, row in enumerate(x):
        u = 0.5 * u + 1.0 * row
        v = 0.75 * v + 0.125 * u
        spikes[t] = 1.0 * (v > 1.0) - (v < -0.75)
        v = np.where(spikes[t] != 0, 0, v)
        states["u"][t], states["v"][t] = u, v
    compare(floats(neuron, x), (states, spikes))
    assert {-1, 0, 1} == set(np.unique(spikes))


@pytest.mark.parametrize("fires", [">", ">="])
def test_adaptive_floats_follow_the_equations_of_e_prop(fires):
    x = inputs(scale=1.0)
    neuron = ALIF(
        tau=20e-3, tau_adaptation=200e-3, beta=0.2, threshold=0.6, r=0.5, refractory=np.arange(7) * DT, fires=fires
    )
    alpha, rho = np.exp(-DT / 20e-3), np.exp(-DT / 200e-3)
    states, spikes = track(neuron.states, *x.shape)
    v, a, z, since = np.zeros(7), np.zeros(7), np.zeros(7), np.full(7, 99)
    for t, row in enumerate(x):
        a = rho * a + z
        v = alpha * v + 0.5 * row - 0.6 * z
        z = ((v > 0.6 + 0.2 * a) & (since > np.arange(7))).astype(float)  # since: steps from the last spike to this one
        since = np.where(z, 1, since + 1)
        left = np.maximum(np.arange(7) - since + 1, 0)
        for state, values in zip(neuron.states, (0.5 * row, a, v, left, z), strict=True):
            states[state][t] = values
        spikes[t] = z
    compare(floats(neuron, x), (states, spikes))


def test_moving_thresholds_in_floats():
    x = inputs(scale=4.0)
    neuron = ATRLIF(
        tau_syn=2e-3,
        tau_mem=4e-3,
        tau_threshold=8e-3,
        tau_refractory=2e-3,
        threshold=0.5,
        threshold_step=0.25,
        w_in=2.0,
    )
    states, spikes = track(("i", "v", "theta", "r"), *x.shape)
    i, v, theta, r = np.zeros(7), np.zeros(7), np.full(7, 0.5), np.zeros(7)
    for t, row in enumerate(x):
        i = 0.5 * i + row
        v = 0.75 * v + 0.25 * i
        theta, r = 0.875 * (theta - 0.5) + 0.5, 0.5 * r
        s = v - r >= theta
        r, theta = np.where(s, r + 2 * theta, r), np.where(s, theta + 0.25, theta)
        states["i"][t], states["v"][t], states["theta"][t], states["r"][t], spikes[t] = i, v, theta, r, s
    compare(floats(neuron, x), (states, spikes))


def test_quadratic_floats():
    x = inputs(scale=4.0)
    states, spikes = track("uv", *x.shape)
    v = np.zeros(7)
    for t, row in enumerate(x):
        v = v + 0.25 * (v * (v - 1) + 0.5 * row)
        spikes[t] = v > 6
        v = np.where(spikes[t], -3, v)
        states["u"][t], states["v"][t] = 0.5 * row, v
    compare(floats(QIF(tau=4e-3, r=0.5, threshold=6.0, v_reset=-3.0), x), (states, spikes))


def test_the_phase_follows_its_equation():
    x = inputs(scale=4.0)
    states, spikes = track(("u", "theta"), *x.shape)
    theta = np.full(7, -2 * np.arctan(0.5))
    for t, row in enumerate(x):
        theta = theta + 0.125 * ((1 - np.cos(theta)) + (1 + np.cos(theta)) * (0.5 * row - 0.25))
        spikes[t] = theta > np.pi
        theta = np.where(spikes[t], theta - 2 * np.pi, theta)
        states["u"][t], states["theta"][t] = 0.5 * row, theta
    compare(floats(Theta(tau=8e-3, r=0.5), x), (states, spikes), **COSINES)


def test_phase_and_potential_tell_the_same():
    """v = 1/2 + tan(theta / 2); with small steps both spike at the same time. At I = 1/2, from v = 0: at 3/2 pi tau."""
    tau, dt = 1.0, 1e-4
    x = np.full((int(8 / dt), 1), 0.5)
    both = {}
    for name, neuron in {"qif": QIF(tau=tau, threshold=200.0, v_reset=-200.0), "theta": Theta(tau=tau)}.items():
        found = nk.run(network((Dense(np.eye(1)), neuron), shape=(1,), dt=dt), x)
        both[name] = np.flatnonzero(found.spikes["p0"]) * dt
    assert both["qif"].size == both["theta"].size == 1
    np.testing.assert_allclose(both["qif"], both["theta"], rtol=0.01)
    np.testing.assert_allclose(both["theta"], 1.5 * np.pi, rtol=0.01)


def test_floats_at_rest_stay_there():
    for neuron, state, rest in (
        (QIF(tau=20e-3), "v", 0.0),
        (Theta(tau=8e-3), "theta", -2 * np.arctan(0.5)),
        (ALIF(tau=8e-3, tau_adaptation=0.1, beta=1.0), "v", 0.0),
    ):
        states, spikes = floats(neuron, np.zeros((20, 2)))
        np.testing.assert_allclose(states[state], rest, **COSINES)
        assert not spikes.any()
