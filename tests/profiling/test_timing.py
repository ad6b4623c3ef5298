from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurokit.place.chips import LOIHI1, LOIHI2
from neurokit.profiling.estimate import Estimate
from neurokit.profiling.sensitivity import at_bounds, drawn
from neurokit.profiling.timing import Load, Work, run_time

EXACT = 1e-12  # sums of a few doubles


def values(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.low, estimate.nominal, estimate.high


def test_time_by_hand() -> None:
    """Two populations on Loihi 2: the slower core sets each step, whichever it is, and the barrier comes on top."""
    loads = [
        Load("a", np.array([10_000.0, 0.0]), 100, np.zeros(2)),
        Load("b", np.array([0.0, 0.0]), 1000, np.zeros(2)),
    ]
    time = run_time(LOIHI2, loads, 2, 8)
    expected = (6.6e-6 + 2e-6 + 0.4e-6, 8.5e-6 + 4e-6 + 2e-6, 10.3e-6 + 4e-6 + 4e-6)
    assert values(time.sample) == pytest.approx(expected, rel=EXACT)
    assert values(time.step) == pytest.approx([value / 2 for value in expected], rel=EXACT)
    assert time.bottleneck == "synaptic operations of a"


def test_loihi_1_steps_have_a_floor() -> None:
    idle = [Load("a", np.zeros(3), 1, np.zeros(3))]
    time = run_time(LOIHI1, idle, 3, 8)  # 8 cores are 2 tiles: a nominal barrier of 1 µs
    assert values(time.step) == pytest.approx((6.11e-6, 7.0e-6, 8e-6), rel=EXACT)
    assert time.bottleneck == "step floor"
    faster = run_time(replace(LOIHI1, step_floor=0.0), idle, 3, 8)
    assert faster.step.low == pytest.approx(0.11e-6 + 5.3e-9, rel=EXACT)


def test_spiking_takes_time_on_loihi_1() -> None:
    time = run_time(LOIHI1, [Load("a", np.zeros(1), 1, np.array([1000.0]))], 1, 4)
    assert time.step.nominal == pytest.approx(30e-6 + 0.6e-6, rel=EXACT)
    assert time.bottleneck == "spikes of a"


def test_a_slow_host_sets_the_step() -> None:
    time = run_time(LOIHI2, [Load("a", np.zeros(1), 1, np.zeros(1))], 1, 1, host=59.3e-3)
    assert time.step.nominal == pytest.approx(59.3e-3 + 1e-6, rel=EXACT)
    assert time.bottleneck == "host I/O"


def test_equal_steps_are_taken_together_without_loss() -> None:
    rng = np.random.default_rng(0)
    loads = [Load(n, rng.integers(0, 4, 60) * 9000.0, 300, rng.integers(0, 3, 60) * 100.0) for n in "ab"]
    work = Work.of(loads, 60, 8e-6)
    assert len(work.times) < 60
    draws = drawn(LOIHI1.coefficients.ranges(2), 0, 50)
    for k, seconds in enumerate(work.seconds(draws)):
        each = {name: float(value[k]) for name, value in draws.items()}
        expected = 60 * each["barrier"]
        for step in range(60):
            cores = (
                max(
                    load.synaptic_operations[step] * each["synapse_time"],
                    load.updates * each["update_time"],
                    load.spikes[step] * each["spike_time"],
                )
                for load in loads
            )
            expected += max(8e-6, *cores)
        assert seconds == pytest.approx(expected, rel=1e-12)


def test_a_long_run_is_drawn_from_means_of_steps_alike() -> None:
    """30,000 different steps: at most 48 x 48 kinds, and the seconds of each draw change by less than 1e-4."""
    rng = np.random.default_rng(0)
    operations = rng.gamma(2.0, 3000.0, 30_000)
    work = Work.of([Load("a", operations, 200, operations / 90 * rng.random(30_000))], 30_000, 6e-6)
    coarse = work.coarser()
    assert len(coarse.times) <= 48 * 48 < len(work.times)
    assert coarse.times.sum() == 30_000
    assert (coarse.times * coarse.synaptic_operations).sum() == pytest.approx(operations.sum(), rel=1e-9)
    draws = drawn(LOIHI1.coefficients.ranges(2), 0, 200)
    np.testing.assert_allclose(coarse.seconds(draws), work.seconds(draws), rtol=1e-4)
    assert coarse.coarser() is coarse


def test_no_steps_take_no_time() -> None:
    time = run_time(LOIHI2, [Load("a", np.zeros(0), 1, np.zeros(0))], 0, 1)
    assert values(time.sample) == (0, 0, 0)
    assert Work.of([], 3, 1e-6).seconds(at_bounds(LOIHI2.coefficients.ranges(1))) == pytest.approx(
        [3.6e-6, 6e-6, 9e-6], rel=EXACT
    )
