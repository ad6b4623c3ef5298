"""StereoSpike v2's sizes on Loihi 2: the largest has 12 million neurons."""

from __future__ import annotations

import time

import numpy as np
import pytest

from benchmarks.stereospike import layers, program
from neurokit.place.placement import Placement
from neurokit.place.placing import place


def placed(image: tuple[int, int], channels: int) -> tuple[Placement, float]:
    made = program(layers(image, channels))
    started = time.process_time()
    return place(made), time.process_time() - started


def test_a_quarter() -> None:
    placement, seconds = placed((65, 86), 8)
    assert placement.ok
    assert sum(p.neurons for p in placement.populations.values()) == 196_246
    assert placement.board == "Kapoho Point"
    assert seconds < 60
    assert placement.tightest is not None
    assert placement.tightest[0] == "synaptic memory"


@pytest.mark.slow
def test_full_size() -> None:
    """deconv4 sums three sources of 512 channels in nine ways: more words than a core has, even for one neuron."""
    placement, seconds = placed((260, 346), 32)
    assert sum(p.neurons for p in placement.populations.values()) > 11.5e6
    assert seconds < 60
    assert [fault.node for fault in placement.faults] == ["deconv4"]
    assert "2 populations of relays between" in placement.faults[0].mend
    assert np.bincount(placement.places.chip).max() <= 120
