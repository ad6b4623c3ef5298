from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurokit.errors import InputError
from neurokit.graph.network import Population, Program
from neurokit.profiling.decisions import decide
from neurokit.records import Recording
from tests.place.programs import chain, lif
from tests.profiling.recordings import random_spikes, record, three_layers, unbatched


def choosing(classes: list[int], latency: int = 0, steps: int = 4) -> Recording:
    """A run whose output neuron `classes[sample]` spikes most, after `latency` misleading steps."""
    graph = three_layers(latency={"out": latency})
    spikes = random_spikes(graph, len(classes), steps + latency, rate=0)
    spikes["out"][:, :latency, 0] = 1
    for sample, chosen in enumerate(classes):
        spikes["out"][sample, latency:, chosen] = 1
    return record(graph, spikes)


def test_agreement_and_accuracy() -> None:
    stages = {"float": choosing([0, 1, 2, 2]), "chip": choosing([0, 1, 1, 2])}
    first, second = decide(stages, labels=[0, 1, 2, 0])
    assert (first.stage, first.output, first.basis, first.samples) == ("float", "out", "spike count", 4)
    assert (first.agreement, first.accuracy, first.tied) == (1.0, 0.75, 0)
    assert (second.agreement, second.accuracy) == (0.75, 0.5)
    assert decide(stages)[1].accuracy is None
    assert str(second) == "chip, out by spike count: 75.00% as the first run, 50.00% correct"


def test_steps_before_the_first_input_do_not_count() -> None:
    stages = {"float": choosing([1, 2]), "chip": choosing([1, 2], latency=9)}
    assert [decision.agreement for decision in decide(stages)] == [1, 1]


def test_ties_are_told() -> None:
    (decision,) = decide({"one": record(three_layers(), random_spikes(three_layers(), 5, 3, rate=0))})
    assert decision.tied == 5
    assert "5 tied" in str(decision)


def readout(v: Any) -> Recording:
    made = chain(2, 3)
    population = {"fc1": Population("fc1", (3,), lif(emits=False))}
    graph = Program(made.inputs, population, made.projections, population)
    states = {} if v is None else {("fc1", "v"): np.asarray(v)}
    return record(graph, random_spikes(graph, 2, 2, rate=0), states)


def test_an_output_that_does_not_spike_decides_by_its_last_v() -> None:
    run = readout([[[9, 0, 0], [0, 1, 0]], [[9, 0, 0], [0, 0, 5]]])
    (decision,) = decide({"one": run}, labels=[1, 2])
    assert (decision.basis, decision.accuracy) == ("final v", 1.0)


def test_nothing_to_decide() -> None:
    assert decide({}) == ()
    assert decide({"one": readout(None)}) == ()
    single = chain(2, 1)
    assert decide({"one": record(single, random_spikes(single, 2, 2))}) == ()


def test_an_unbatched_sample() -> None:
    (decision,) = decide({"one": unbatched(choosing([2]))}, labels=2)
    assert decision.accuracy == 1


@pytest.mark.parametrize("labels", [[0, 1], [[0, 1, 2]], [0.5, 1.0, 2.0]])
def test_labels_that_do_not_fit(labels: Any) -> None:
    with pytest.raises(InputError, match="3 class indices are needed, one a sample"):
        decide({"one": choosing([0, 1, 2])}, labels)


def test_different_batches() -> None:
    with pytest.raises(InputError, match=r"runs have \{'one': 2, 'two': 3\} samples"):
        decide({"one": choosing([0, 1]), "two": choosing([0, 1, 2])})


def test_a_run_shorter_than_the_latency() -> None:
    graph = three_layers(latency={"out": 3})
    with pytest.raises(
        InputError, match=r"'out': the run has 3 steps and this output lags by 3.*Run for more than 3 steps"
    ):
        decide({"one": record(graph, random_spikes(graph, 1, 3))})


@pytest.mark.parametrize("label", [-1, 3])
def test_labels_that_no_neuron_stands_for(label: int) -> None:
    with pytest.raises(InputError, match=f"hold the class {label}; the largest output has 3 neurons"):
        decide({"float": choosing([0, 1])}, labels=[0, label])
