"""Our backends conform; a backend that does not is caught, and told where."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest

import neurokit as nk
from neurokit.conformance import suite, truths
from neurokit.conformance.cases import Case, edge_cases
from neurokit.conformance.draws import Seeded
from neurokit.conformance.generator import draw_case, random_case
from neurokit.conformance.neurons import NEURONS
from neurokit.conformance.running import run_truth
from neurokit.conformance.synapses import SYNAPSES
from neurokit.conformance.truths import TRUTHS, Expected, Truth, wheel_file
from neurokit.errors import BackendError, Fault, InputError
from neurokit.hardware.simulator.backend import Simulator
from neurokit.records import Recorded
from tests.data import truth
from tests.programs import random_input, random_program

NETWORKS, CHUNK = 2400, 100  # of the long suite


def check_coverage(found, least=20):
    assert found.ok, str(found)
    random = [outcome for outcome in found.outcomes if outcome.case.startswith("random")]
    assert sum(outcome.status == "same" for outcome in random) > 50
    for name, row in found.covered.items():
        assert row["compared"] > least, name
    assert all(number > 100_000 for what, number in found.compared.items() if what in ("spikes", "u", "v"))
    assert found.differing.keys() == found.compared.keys()


@pytest.mark.timeout(900)
def test_simulator():
    found = nk.conformance()
    assert found.count("refused") == 0
    check_coverage(found)


@pytest.mark.timeout(900)
def test_lava_in_process(monkeypatch):
    """Every fifth of the edges; the long suite has them all."""
    monkeypatch.setattr(suite, "edge_cases", lambda: islice(edge_cases(), 0, None, 5))
    check_coverage(nk.conformance("lava-inprocess"), least=5)


@pytest.mark.parametrize("backend", ["simulator", pytest.param("lava-inprocess", marks=pytest.mark.slow)])
def test_recordings(backend):
    truth("tiny.net")  # or a skip
    found = nk.conformance(backend, networks=0, edges=False, truths=True)
    assert found.ok, str(found)
    assert found.count("same") == len(TRUTHS)
    assert found.compared["spikes"] > 3_000_000


def test_a_recording_that_differs():
    """The first step, and the first neuron there."""

    def make():
        case = lif_case(3)
        (name,) = case.program.outputs
        spikes = nk.run(case.program, case.inputs, case.steps).spikes[name][0, 2:].astype(int)
        spikes[5:] = 9
        return Truth(case, (Expected(name, "spikes", spikes, 2),))

    found = run_truth("made up", make, Simulator())
    assert found.status == "differs"
    assert " first differs from the recording in spikes, at step 7, neuron (0" in found.reason
    assert found.reason.endswith("in simulator")


def test_without_the_wheel(monkeypatch):
    monkeypatch.setattr(truths.wheel_file, "__defaults__", ("lava-dlx", truths.FOLDER))
    found = nk.conformance(networks=1, edges=False, truths=True)
    assert found.ok
    assert found.count("absent") == len(TRUTHS)
    assert "truth: tinynet: absent: lava-dlx is not installed" in str(found)
    with pytest.raises(FileNotFoundError, match="this numpy does not ship x"):
        wheel_file("x", "numpy")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_lava_in_process_at_every_edge():
    found = nk.conformance("lava-inprocess", networks=0)
    assert found.ok, str(found)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("start", range(0, NETWORKS, CHUNK))
def test_more_than_two_thousand_random_networks(start):
    """Simulator and Lava in process; a chunk is a test, so that a run can be resumed (`pytest --last-failed`, `-k`)."""
    for backend in ("simulator", "lava-inprocess"):
        found = nk.conformance(backend, networks=CHUNK, start=start, edges=False)
        assert found.ok, str(found)
        assert found.count("same") > 0.8 * CHUNK


def test_every_model_has_a_case():
    models = set(suite.operators())
    assert {"LoihiLIF", "Dense", "Sparse", "Conv2d", "Injection"} <= models
    assert not {"IF", "LIF", "FixedNeuron", "Flatten"} & models
    assert models == {model.__name__ for model in (*NEURONS, *SYNAPSES)}
    edges = list(edge_cases())
    assert models == {name for case in edges for name in case.operators}
    assert len({case.name for case in edges}) == len(edges)
    random = {name for number in range(300) for name in random_case(0, number).operators}
    assert models == random


def test_a_model_without_a_case_fails_the_suite(monkeypatch):
    monkeypatch.setattr(suite, "SYNAPSES", {m: kind for m, kind in SYNAPSES.items() if m.__name__ != "Sparse"})
    found = nk.conformance(networks=2, edges=False)
    assert found.uncovered == ("Sparse",)
    assert not found.ok
    assert "Sparse: NO CASE in the suite" in str(found)


def test_the_series_follows_from_its_numbers():
    case, again, other = random_case(3, 4), random_case(3, 4), draw_case(Seeded(3, 5), "other")
    assert case.name == "random 3:4"
    assert nk.run(case.program, case.inputs).counts.keys() == nk.run(again.program, again.inputs).counts.keys()
    for name, values in case.inputs.items():
        np.testing.assert_array_equal(values, again.inputs[name])
    assert repr(case.program) != repr(other.program) or case.steps != other.steps
    whole = nk.conformance(networks=6, edges=False, seed=3)
    part = nk.conformance(networks=2, start=4, edges=False, seed=3)
    assert part.outcomes == whole.outcomes[4:]


def test_progress():
    seen = []
    nk.conformance(networks=3, edges=False, progress=lambda *done: seen.append(done))
    assert seen == [(1, 3), (2, 3), (3, 3)]


# --------------------------------------------------------------------------------------------------- backends of others


class Changed(Simulator):
    """The simulator with one thing wrong."""

    name = "changed"

    def __init__(self, **changes):
        super().__init__()
        self.changes = changes

    def run(self, *arguments, **keywords):
        recording = super().run(*arguments, **keywords)
        return replace(recording, **{name: change(getattr(recording, name)) for name, change in self.changes.items()})


def with_last(recorded, change):
    values = dict(recorded)
    if not values:
        return recorded
    key = list(values)[-1]
    values[key] = values[key].copy()
    values[key][0, 3] = change(values[key][0, 3])
    return Recorded(values, "arrays")


def checked(backend):
    """Four networks of LoihiLIF, whose last state is v."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suite, "random_case", lambda seed, number: lif_case(number))
        return nk.conformance(backend, networks=4, edges=False)


def lif_case(number):
    program = random_program(number)
    return Case(f"LIF {number}", program, {"in": random_input(number, program)[None]}, 20)


def test_a_wrong_state_is_found_and_placed():
    found = checked(Changed(states=lambda states: with_last(states, lambda v: v + 1)))
    assert not found.ok
    assert found.count("differs") == 4
    assert found.differing["v"] > 0
    assert found.differing["u"] == found.differing["spikes"] == found.differing["counts"] == 0
    assert " first differs in v, at step 3, sample 0, neuron (0" in found.outcomes[0].reason
    assert "LIF 0: differs: " in str(found)


def test_a_wrong_spike_and_a_wrong_count_are_found():
    assert checked(Changed(spikes=lambda spikes: with_last(spikes, lambda s: 1 - s))).differing["spikes"] > 0
    found = checked(Changed(counts=lambda counts: {name: values + 1 for name, values in counts.items()}))
    assert found.differing["counts"] > 0
    assert found.outcomes[0].reason == "spikes agree, but their counts do not"
    assert not found.ok


class Blind(Simulator):
    """Right only as long as somebody looks at its states."""

    name = "blind"

    def run(self, program, inputs, steps, record, **keywords):
        recording = super().run(program, inputs, steps, record, **keywords)
        if any(isinstance(key, tuple) for key in record):
            return recording
        return replace(recording, spikes=with_last(recording.spikes, lambda s: 1 - s))


def test_what_is_wrong_only_where_no_states_are_recorded_is_found():
    found = checked(Blind())
    assert found.differing["spikes"] > found.differing["u"] == 0
    assert "in blind recording no states" in found.outcomes[0].reason


def refuse_convolutions(program):
    names = [p.name for p in program.projections if type(p.synapse).__name__ == "Conv2d"]
    return [Fault(name, "a convolution", "we have none", "Unroll it.") for name in names]


def test_a_refusal_is_no_pass():
    simulator = Simulator()
    backend = SimpleNamespace(name="poor", accepts=refuse_convolutions, run=simulator.run)
    found = nk.conformance(backend, networks=30, edges=False)
    assert found.count("refused") == found.covered["Conv2d"]["refused"] > 0
    assert found.covered["Conv2d"]["compared"] == 0
    assert found.ok
    assert next(iter(found.refusals)).startswith("a convolution; we have none")
    assert f"refused {next(iter(found.refusals.values()))} times: a convolution; we have none" in str(found)
    nothing = SimpleNamespace(
        name="nothing", run=None, accepts=lambda program: [Fault("all", "too much", "we run nothing", "Go.")]
    )
    assert not nk.conformance(nothing, networks=2, edges=False).ok


def raises(*arguments, **keywords):
    raise ZeroDivisionError("by zero")


@pytest.mark.parametrize(
    ("run", "reason"),
    [(raises, "ZeroDivisionError: by zero"), (lambda *a, **k: None, "AttributeError: ")],
)
def test_an_exception_is_a_failure(run, reason):
    found = checked(SimpleNamespace(name="broken", accepts=lambda program: [], run=run))
    assert found.count("failed") == 4
    assert not found.ok
    assert found.outcomes[0].reason.startswith(reason)
    assert found.to_dict()["wrong"][0]["status"] == "failed"


def test_backends_by_name():
    assert suite.find_backend("neurokit.hardware.simulator.backend:Simulator").name == "simulator"
    assert suite.find_backend("neurokit.hardware.lava.backend:LavaBackend").name == "lava"
    for name, words in {
        "no_such_module:x": "'no_such_module:x': cannot be imported (No module named 'no_such_module')",
        "math:nothing": "cannot be imported",
        "math:pi": "has no name, accepts, run; a backend has all three",
        "simulater": "'simulater' is unknown; known: simulator, lava, lava-inprocess",
    }.items():
        with pytest.raises(BackendError) as caught:
            nk.conformance(name)
        assert words in str(caught.value)


@pytest.mark.parametrize(
    "arguments", [{"networks": -1}, {"seed": 1.5}, {"start": True}, {"networks": 0, "edges": False}]
)
def test_arguments(arguments):
    with pytest.raises(InputError) as caught:
        nk.conformance(**arguments)
    assert str(caught.value).startswith(f"'{next(iter(arguments))}': is ")
