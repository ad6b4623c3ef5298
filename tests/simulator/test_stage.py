"""The window of spikes that a stage carries on through its array."""

import numpy as np
import pytest

from neurokit.hardware.simulator.stage import Stage


def whole(stage):
    """Past and block."""
    return stage.joined(-stage.history, len(stage.block))


@pytest.mark.parametrize("history", [0, 1, 5, 40])
@pytest.mark.parametrize("lent", ["never", "always", "by turns"])
def test_history_goes_with_the_window(history, lent):
    rng = np.random.default_rng(history)
    stage = Stage("a", 3, None, history=history)
    stage.silence(2)
    told = np.zeros((history, 2, 3), np.uint8)
    for k, steps in enumerate((1, 1, 4, 2, 1, 9, 1, 1, 1, 30, 2, 2, 7, 1, 1, 1, 50, 3, 41, 2)):
        spikes = rng.integers(0, 2, (steps, 2, 3), np.uint8)
        if lent == "always" or (lent == "by turns" and k % 3):
            stage.lend(spikes)
        else:
            stage.move_on(steps, np.uint8)
            assert stage.block.shape == (steps, 2, 3)
            stage.block[:] = spikes
        told = np.concatenate([told, spikes])
        assert np.array_equal(whole(stage), told[len(told) - history - steps :])
        for first in range(-history, steps):
            row = np.zeros((steps - first, 2, 3), np.uint8)
            for place, piece in stage.rows(first, steps):
                row[place : place + len(piece)] = piece
            assert np.array_equal(row, told[len(told) - steps + first :])


def test_silence_is_no_array():
    stage = Stage("a", 1, None, history=2)
    stage.silence(1)
    assert stage.newest() is None
    assert stage.rows(-2, 0) == []
    stage.lend(np.ones((1, 1, 1), np.uint8))
    assert [place for place, _ in stage.rows(-2, 1)] == [2]
    assert stage.newest().ravel().tolist() == [0, 1]


def test_a_wider_type_keeps_the_history():
    stage = Stage("a", 1, None, history=2)
    stage.silence(1)
    stage.move_on(3, np.uint8)
    stage.block[:, 0, 0] = [1, 0, 1]
    assert stage.binary
    stage.move_on(1, np.int32)
    stage.block[:] = 300
    assert whole(stage).dtype == np.int32
    assert not stage.binary
    assert whole(stage).ravel().tolist() == [0, 1, 300]
    stage.lend(np.ones((1, 1, 1), np.uint8))
    assert not stage.binary
    assert whole(stage).ravel().tolist() == [1, 300, 1]


def test_an_array_put_in_its_place_is_the_new_history():
    stage = Stage("a", 1, None, history=2)
    stage.silence(1)
    stage.move_on(3, np.uint8)
    stage.put(np.array([7, 8], np.int32).reshape(2, 1, 1), 1, np.int32)
    assert stage.largest == 8
    stage.move_on(3, np.uint8)
    assert whole(stage)[:2].ravel().tolist() == [7, 8]
