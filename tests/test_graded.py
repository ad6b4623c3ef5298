"""Graded neurons in every stage: files, words, targets, sessions, counts, energy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

import neurokit as nk
from neurokit.conformance.graded import GRADED
from neurokit.graph.graded_neurons import (
    Delta,
    FixedDelta,
    FixedRelay,
    FixedSigma,
    FixedSigmaDelta,
    Relay,
    Sigma,
    SigmaDelta,
)
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.synapses import Dense
from neurokit.graph.text import conventions
from neurokit.lower.targets import target_faults, targets_of
from tests.cuts import assert_cut_equal
from tests.graded import any_neuron, payloads, side_by_side
from tests.graph.test_io import assert_round_trip
from tests.networks import network
from tests.overflowing import ON_PURPOSE
from tests.programs import seeds

pytestmark = ON_PURPOSE

EYE = Dense(np.eye(2))


def every_kind(seed, shape=(8,)):
    return side_by_side([any_neuron(model, seed + k, shape) for k, model in enumerate(GRADED)], shape)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_files_keep_them(tmp_path_factory, seed):
    assert_round_trip(every_kind(seed), tmp_path_factory.mktemp("graded"))


def test_files_keep_them_in_floats(tmp_path):
    layers = [
        (EYE, Relay([2.0, 3.0], "relu", latched=True)),
        (EYE, Delta(0.5, cumulative=True)),
        (EYE, SigmaDelta([0.1, 0.2], -1.0, "unit")),
        (EYE, Sigma()),
    ]
    assert_round_trip(network(*layers), tmp_path)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_sessions_may_cut_them_anywhere(seed):
    rng = np.random.default_rng(seed)
    data = np.clip(payloads(rng, (25, 8)), -(2**23), 2**23 - 1)
    assert_cut_equal(every_kind(seed), {"in": data}, rng)


@pytest.mark.parametrize(
    ("neuron", "said"),
    [
        (Sigma(), "sends the sum of all input"),
        (Delta(0.5), "sends changes of at least 0.5"),
        (FixedDelta(4096, reset_interval=9), "sends changes of at least 4,096, cleared before steps 0, +9, …"),
        (Relay(0.5), "passes input on, times 0.5"),
        (FixedRelay([3, 5], 2, "relu", latched=True), "passes input on, times 0.75…1.25, rectified, until the next"),
        (SigmaDelta(0.5), "sends changes of at least 0.5 of relu"),
        (FixedSigmaDelta([1, 2], cumulative=True, activation="unit"), "sends accumulated changes of at least 1…2"),
    ],
)
def test_words(neuron, said):
    assert conventions(neuron) == said


def chain(*neurons):
    """A Program of 2 neurons a population, one behind the other."""
    names = [f"p{k}" for k in range(len(neurons))]
    populations = {name: Population(name, (2,), neuron) for name, neuron in zip(names, neurons, strict=True)}
    ends = zip(["in", *names], names, strict=False)
    projections = tuple(Projection(a, b, (Dense(np.array([[3, -1], [0, 2]])),), 1) for a, b in ends)
    return Program({"in": Input("in", (2,))}, populations, projections, {names[-1]: populations[names[-1]]})


def test_sigma_delta_is_stock_on_loihi_2():
    program = chain(FixedDelta(5, 6, 6), FixedSigmaDelta(5, 6, 6), FixedSigma())
    assert targets_of(program) == ("lava-cpu", "loihi2-stock")
    found = [str(fault) for fault in target_faults(program, "loihi1")]
    assert found[0].startswith("'p0': sends numbers (FixedDelta); Loihi 1 sends 0 or 1")
    assert len(found) == 3


@pytest.mark.parametrize(
    ("neuron", "fact"),
    [
        (FixedSigma(reset_offset=2), "is reset by schedule"),
        (FixedSigmaDelta(reset_interval=2), "is reset by schedule"),
        (FixedDelta([1, 2]), "threshold differs between neurons"),
        (FixedSigma(held=True), "is held until step 0, since its bias must not act before"),
    ],
)
def test_what_stock_neurons_do_not_have(neuron, fact):
    (fault,) = target_faults(chain(neuron), "loihi2-stock")
    assert fault.fact == fact


def test_relays_need_microcode():
    (fault,) = target_faults(chain(FixedRelay(3, 2)), "loihi2-stock")
    assert str(fault).startswith("'p0': is FixedRelay; Loihi 2 needs microcode that multiplies a sum by 16 bits")


def test_events_and_operations_are_counted_not_payloads():
    """Payloads 3 and -3 at step 0, 5 more of the first at step 1, nothing at step 2; one weight of the second is 0."""
    program = chain(FixedDelta(2), FixedSigma())
    data = np.array([[1, 0], [1, 0], [2, 1], [2, 1], [2, 1]])
    recording = nk.run(program, data, record="p0")
    assert recording.spikes["p0"].tolist() == [[0, 0], [3, 0], [0, 0], [2, 2], [0, 0]]
    assert recording.counts["p0"].tolist() == [2, 1]
    assert recording.step_counts["p0"].tolist() == [0, 1, 0, 2, 0]
    activity = nk.profile(recording).activity
    operations = {p.projection: p.synaptic_operations for p in activity.projections}
    assert operations == {"in->p0": 5 + 3 * 2, "p0->p1": 2 * 1 + 1 * 2}
