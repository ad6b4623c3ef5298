"""lava-dl's PilotNet LIF, whose energy and time were measured on Loihi 2 (@d825ac5, benchmark.ipynb)."""

from __future__ import annotations

import numpy as np
import pytest

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
    placement, _ = estimated()
    printed = sum(layer.cores for layer in COMPILER.values())
    assert printed == 74
    assert abs(placement.cores - printed) <= 0.2 * printed
    assert list(placement.populations) == list(COMPILER)
    cores = {name: placed.cores for name, placed in placement.populations.items()}
    assert {name for name, layer in COMPILER.items() if abs(cores[name] - layer.cores) > 0.2 * layer.cores} == {
        *REASONS
    }


def test_the_reasons_for_other_cores() -> None:
    """Image layers: a power of two of whole columns a core, the most whose neurons stay below 4,096."""
    placement, _ = estimated()
    for name, layer in COMPILER.items():
        if layer.columns is not None:
            channels, height, width = placement.populations[name].layout.shape
            assert layer.neurons == channels * height * layer.columns
            assert layer.cores == -(-width // layer.columns)
            assert channels * height * 2 * layer.columns >= 4096
    assert COMPILER["7-dense"].words == (11 * 2560 * 3 + 2560) // 12
    assert COMPILER["7-dense"].neurons == (11 * 9 + 1) // 12


def test_energy() -> None:
    _, profiled = estimated()
    dynamic = profiled.energy.dynamic.times(1 / STEPS)
    assert dynamic.likely is not None
    low, high = dynamic.likely
    assert low < DYNAMIC < high
    assert high / low <= 3
    assert dynamic.nominal == pytest.approx(DYNAMIC, rel=0.15)
    assert dynamic.low < low < high < dynamic.high
    assert profiled.energy.influences[0].coefficient == "synapse conv"


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
    assert step.likely[0] < STEP < step.likely[1]
    assert step.nominal == pytest.approx(STEP, rel=0.3)


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
