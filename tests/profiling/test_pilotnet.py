"""lava-dl's PilotNet LIF, whose energy and time were measured on Loihi 2 (@d825ac5, benchmark.ipynb)."""

from __future__ import annotations

import numpy as np
import pytest

from neurokit.place.split import SYNAPTIC_MEMORY
from neurokit.profiling.estimate import digits
from neurokit.profiling.loads import loads
from tests.profiling.pilotnet import BEGIN, COMPILER, DYNAMIC, PAGE, REASONS, STEP, STEPS, estimated, page


def test_counts_of_the_steady_state() -> None:
    """The chip's own counters said 2.288 M operations a step, 0.8 % more."""
    _, profiled = estimated()
    activity = profiled.activity
    assert activity.synaptic_operations / STEPS == pytest.approx(2.27e6, rel=0.01)
    assert activity.synaptic_operations / STEPS == pytest.approx(2.288e6, rel=0.01)
    assert round(activity.spikes / STEPS) == 34_607
    assert activity.neuron_updates / STEPS == 158_509


def test_cores() -> None:
    """As many as Intel's compiler took, layer by layer, cut in the same way."""
    placement, _ = estimated()
    assert list(placement.populations) == list(COMPILER)
    assert {name: placed.cores for name, placed in placement.populations.items()} == {
        name: layer.cores for name, layer in COMPILER.items()
    }
    assert placement.cores == 74
    for name, layer in COMPILER.items():
        layout = placement.populations[name].layout
        if layer.columns is not None:
            channels, height, _ = layout.shape
            assert layout.block == (channels, height, layer.columns)
            assert layout.neurons == layer.neurons


def test_words_are_the_printed_ones_but_for_what_is_explained() -> None:
    placement, _ = estimated()
    words = {
        name: next(use.used for use in placed.uses if use.resource == SYNAPTIC_MEMORY)
        for name, placed in placement.populations.items()
    }
    differing = {name for name, layer in COMPILER.items() if words[name] != layer.words}
    assert differing == {name for names in REASONS for name in names.split(", ")}
    assert (words["2-conv"] * 4, words["3-conv"] * 5) == (864 * 3, 1620 * 4), "3 of 4 and 4 of 5 words a row"
    by_core = placement.populations["7-dense"].by_core
    assert (by_core[SYNAPTIC_MEMORY].tolist(), by_core["neurons"].tolist()) == ([7680] * 11 + [2560], [9] * 11 + [1])
    assert COMPILER["7-dense"].words == int(by_core[SYNAPTIC_MEMORY].mean())
    assert COMPILER["7-dense"].neurons == int(by_core["neurons"].mean())


def test_energy() -> None:
    _, profiled = estimated()
    dynamic = profiled.energy.dynamic.times(1 / STEPS)
    assert dynamic.likely is not None
    low, high = dynamic.likely
    assert low < DYNAMIC < high
    assert dynamic.nominal == pytest.approx(DYNAMIC, rel=0.15)
    assert dynamic.low < low < high < dynamic.high
    assert dynamic.high / dynamic.low <= 3
    assert profiled.energy.influences[0].coefficient == "synapse conv"


def test_no_synaptic_operation_can_cost_more_than_was_measured() -> None:
    """The high coefficient is what the measured energy leaves where everything else is at its low."""
    _, profiled = estimated()
    others = sum(part.energy.low for part in profiled.energy.parts if part.name not in ("synapses", "static")) / STEPS
    most = (DYNAMIC - others) / (profiled.activity.synaptic_operations / STEPS)
    c = profiled.chip.coefficients
    assert most * 1e12 == pytest.approx(c.synapse_conv.high, abs=0.3)
    for other in (c.synapse_sparse, c.synapse_dense):
        assert other.high / other.nominal == pytest.approx(c.synapse_conv.high / c.synapse_conv.nominal, rel=2e-3)


def test_what_every_result_for_loihi_2_says_of_this_network_is_so() -> None:
    placement, profiled = estimated()
    assert profiled.time is not None
    dynamic, step = profiled.energy.dynamic.times(1 / STEPS), profiled.time.step
    assert dynamic.likely is not None
    numbers = " / ".join(digits(value * 1e6) for value in (dynamic.low, dynamic.nominal, dynamic.high))
    central = " to ".join(digits(value * 1e6) for value in dynamic.likely)
    times = " / ".join(digits(value * 1e6) for value in (step.low, step.nominal, step.high))
    text = " ".join(profiled.caveats)
    assert f"{numbers} µJ a step (90 %: {central})" in text
    assert f"with {placement.cores}, says {times} µs" in text


def test_each_layer_has_the_coefficient_of_its_own_format() -> None:
    _, profiled = estimated()
    c = profiled.chip.coefficients
    by_layer = sum(p.synaptic_operations * c.synapse(p.kind).si()[1] for p in profiled.activity.projections[1:])
    (synapses,) = (part for part in profiled.energy.parts if part.name == "synapses")
    assert synapses.energy.nominal == pytest.approx(by_layer, rel=1e-12)
    kinds = {p.target: p.kind for p in profiled.activity.projections[1:]}
    assert all(kind in name for name, kind in kinds.items())
    assert c.synapse_conv.nominal < c.synapse_sparse.nominal < c.synapse_dense.nominal


def test_time() -> None:
    _, profiled = estimated()
    assert profiled.time is not None
    step = profiled.time.step
    assert step.likely is not None
    assert step.low < step.likely[0] < STEP < step.likely[1] < step.high
    assert step.nominal == pytest.approx(STEP, rel=0.06)


def test_the_busiest_core_of_the_layer_that_set_the_measured_steps() -> None:
    """Measured steps take turns of about 201, 107, 181 and 125 µs; operations of that core in them: 195.1 k at most.

    Its layer lies on three cores of the same size here and there.
    """
    placement, profiled = estimated()
    (load,) = (load for load in loads(profiled.recording, placement) if load.population == "3-conv")
    assert load.synaptic_operations.max() == pytest.approx(195.1e3, rel=0.01)
    assert load.synaptic_operations.mean() == pytest.approx(150.7e3, rel=0.01)  # the counters' mean of three cores
    assert np.unique(load.synaptic_operations.round()).size <= 16


def test_the_table_of_the_docs_is_what_is_computed_here() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert BEGIN in text
    assert page(text) == text, "run python -m tests.profiling.pilotnet"
