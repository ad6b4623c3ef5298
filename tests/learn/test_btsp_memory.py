"""The one-shot memory of Wu & Maass: against a plain loop over synapses, and its figures."""

import numpy as np
import pytest

from neurokit.errors import InputError
from neurokit.learn.btsp import memory
from neurokit.learn.btsp.memory import MemorySetting, judged
from tests.test_examples import example

SMALL = MemorySetting(70, 40, active=0.2, plateaus=0.3, connectivity=0.5)


def test_storing_and_recalling_against_a_plain_loop():
    found, items = memory.empty(SMALL, 1), memory.patterns(SMALL, 25, 2)
    exists = np.unpackbits(found.exists, axis=1)[:, :70]
    x = np.unpackbits(items, axis=1)[:, :70]
    assert 0.4 < exists.mean() < 0.6
    assert 0.15 < x.mean() < 0.25
    found.store(items, 3)
    rng, weights = np.random.default_rng(3), np.zeros((40, 70), int)
    for pattern in x:
        for neuron, draw in enumerate(rng.random(40)):
            for source in np.flatnonzero(pattern):
                if draw < 0.15 and exists[neuron, source]:
                    weights[neuron, source] = 1
                elif 0.15 <= draw < 0.3:
                    weights[neuron, source] = 0
    np.testing.assert_array_equal(np.unpackbits(found.strong, axis=1)[:, :70], weights)
    cues = memory.masked(items, 0.4, 4)
    drive = np.unpackbits(cues, axis=1)[:, :70].astype(int) @ weights.T
    np.testing.assert_array_equal(found.drive(cues), drive)
    np.testing.assert_array_equal(found.recall(cues, 3), drive >= 3)


def test_patterns_of_one_size_and_cues():
    x = np.unpackbits(memory.patterns(SMALL, 30, 1, equal=True), axis=1)
    assert set(x.sum(1)) == {14}
    cues = np.unpackbits(memory.masked(np.packbits(x, axis=1), 0.5, 2), axis=1)
    assert set(cues.sum(1)) == {7}
    assert not (cues > x).any()


def test_what_is_nearest():
    traces = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 0]], bool)
    recalled = np.array([[1, 1, 0, 0], [1, 1, 0, 1], [1, 1, 0, 0]], bool)
    found = judged(traces, recalled)
    assert found.identified == pytest.approx(1 / 3)  # the second is nearer to the first trace, so is the third
    assert found.own == pytest.approx((0 + 3 + 1) / 3)
    assert judged(traces[:2], np.array([[1, 0, 1, 0]], bool).repeat(2, 0)).identified == pytest.approx(0.5)  # a tie


def test_a_tenth_of_the_papers_size_beside_its_controls():
    example13 = example("13_btsp_memory")
    of_any_size, of_one_size = (example13.ours(0, equal)[-1] for equal in (False, True))
    assert of_any_size.identified > 0.98
    assert of_any_size.own < 2
    assert of_any_size.others > 18
    assert of_one_size.identified > 0.998
    found = example13.controls(0)
    assert found["random projection, 10 win"].identified < 0.9
    assert found["random projection, 10 win"].own > 10
    assert found["random projection, 100 win"].own > 50
    assert found["Hopfield net, its own trace"].own > of_any_size.own


@pytest.mark.parametrize("backend", ["simulator", pytest.param("lava", marks=pytest.mark.slow)])
def test_the_chips_rule_stores_the_same(backend):
    example13 = example("13_btsp_memory")
    wrong, synapses = example13.on_chip(example13.SMALL, 12, 3, backend)
    assert wrong == 0
    x, events = example13.shown(example13.SMALL, 12, 3)
    assert synapses == 48 * 64
    assert (events > 0).sum() * x.mean() > 10  # there was something to learn


def test_the_papers_size_fits():
    assert MemorySetting().bytes < 250e6


def test_bad_settings_name_their_numbers():
    with pytest.raises(InputError, match=r"(?s)inputs.: is 0.*connectivity.: is 1.5"):
        MemorySetting(0, 5, connectivity=1.5)
    with pytest.raises(InputError, match=r"packed to \(count, 9\) bytes for 70 inputs"):
        memory.empty(SMALL, 0).drive(np.zeros((2, 70), np.uint8))
    with pytest.raises(InputError, match="rise from 1"):
        memory.capacity(SMALL, (5, 3), 0.3, 2, 0)
