"""SLAYER's Oxford network (200-256-200, CUBA neurons, which fire at v >= 64 * vThMant): 0 spikes differ from the file.

Events are rows (neuron, 0, milliseconds); a step is np.round of the time (half to even), repeated events set 1.
Over 1,900 steps of 1 ms (the file's events lie in steps 2 to 1887, the input's in 0 to 1889), the output's spikes at
our step t are the file's at step t, unshifted: each of the two connections takes one step. 10,178 spikes, 0 differ.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import neurokit as nk
from tests.data import shared

STEPS = 1900


def events(name):
    """(steps, 200) of a file of events."""
    rows = np.load(shared("lava_dl_oxford", name))
    spikes = np.zeros((STEPS, 200), np.uint8)
    spikes[np.round(rows[:, 2]).astype(int), rows[:, 0].astype(int)] = 1
    return spikes


def test_oxford_equals_the_recorded_spikes():
    program = nk.compile(nk.convert(shared("lava_dl_oxford", "Trained", "network.net")))
    assert dict(program.latency) == {"0-dense": 1, "1-dense": 2}
    assert {int(p.neuron.threshold) for p in program.populations.values()} == {6 * 64 - 1}
    found = nk.run(program, events("input.npy")).spikes["1-dense"]
    expected = events("ground_truth.npy")
    np.testing.assert_array_equal(found, expected)
    assert expected.sum() == 10178
    active = np.flatnonzero(expected.any(axis=1))
    assert (active[0], active[-1]) == (2, 1887)


def test_a_strict_threshold_would_not_do():
    """The file tells >= from >: with v > 64 * vThMant 3,014 spikes differ."""
    network = nk.convert(shared("lava_dl_oxford", "Trained", "network.net"))
    program = nk.compile(_strict(network))
    found = nk.run(program, events("input.npy")).spikes["1-dense"]
    assert (found != events("ground_truth.npy")).sum() == 3014


def _strict(network):
    populations = {
        name: replace(p, neuron=replace(p.neuron, threshold=p.neuron.threshold + 1))
        for name, p in network.populations.items()
    }
    return replace(network, populations=populations, outputs={"1-dense": populations["1-dense"]})
