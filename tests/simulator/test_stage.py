"""The window of spikes that a stage carries on through its array."""

import numpy as np
import pytest

from neurokit.hardware.simulator.stage import Stage


@pytest.mark.parametrize("history", [0, 1, 5, 40])
def test_history_goes_with_the_window(history):
    rng = np.random.default_rng(history)
    stage = Stage("a", 3, None, history=history)
    stage.silence(2)
    told = np.zeros((history, 2, 3), np.uint8)
    for steps in (1, 1, 4, 2, 1, 9, 1, 1, 1, 30, 2, 2, 7, 1, 1, 1):
        stage.move_on(steps, np.uint8)
        assert stage.spikes.shape == (history + steps, 2, 3)
        stage.spikes[history:] = rng.integers(0, 2, (steps, 2, 3))
        told = np.concatenate([told, stage.spikes[history:]])
        assert np.array_equal(stage.spikes, told[len(told) - history - steps :])


def test_a_wider_type_keeps_the_history():
    stage = Stage("a", 1, None, history=2)
    stage.silence(1)
    stage.move_on(3, np.uint8)
    stage.spikes[2:, 0, 0] = [1, 0, 1]
    stage.move_on(1, np.int32)
    stage.spikes[2:] = 300
    assert stage.spikes.dtype == np.int32
    assert stage.spikes.ravel().tolist() == [0, 1, 300]


def test_an_array_put_in_its_place_is_the_new_history():
    stage = Stage("a", 1, None, history=2)
    stage.silence(1)
    stage.move_on(3, np.uint8)
    stage.spikes = np.array([7, 8], np.uint8).reshape(2, 1, 1)
    stage.move_on(3, np.uint8)
    assert stage.spikes[:2].ravel().tolist() == [7, 8]
