"""Words of Loihi 1's convolutions: every block counts, also those that are not looked at while cuts are compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurokit.graph.network import Program
from neurokit.graph.synapses import ResizeConv2d
from neurokit.place.chips import LOIHI1, Limit
from neurokit.place.layout import Layout
from neurokit.place.memory import axon_words
from neurokit.place.placing import place
from neurokit.place.split import SYNAPTIC_MEMORY, Demand
from tests.place.programs import program


def resized() -> Program:
    """Rows and columns of 17 x 19 become 44 x 45: blocks see their sources in many ways."""
    synapse = ResizeConv2d((44, 45), np.arange(-24, 26).reshape(2, 1, 5, 5), (1, 1), (2, 2))
    return program({"in": (1, 17, 19)}, {"a": (2, 44, 45)}, {("in", "a"): synapse})


def fullest(demand: Demand, layout: Layout) -> int:
    """Each block's words, one by one."""
    (name,) = demand.image_maps
    image_map, bits, form, length = demand.image_maps[name], demand.bits[name], LOIHI1.format, layout.positions
    starts = range(0, 44 * 45, length)
    return max(axon_words(image_map, bits, form, layout.channels, s, min(s + length, 44 * 45)) for s in starts)


def test_the_fullest_of_all_blocks_is_found() -> None:
    demand = Demand(resized(), "a", LOIHI1)
    missed = 0
    for length in (11, 16, 26, 35):
        layout = Layout((2, 44, 45), "runs", (2, length))
        assert demand.used(SYNAPTIC_MEMORY, layout) == fullest(demand, layout)
        missed += demand.used(SYNAPTIC_MEMORY, layout, 48) < fullest(demand, layout)
    assert missed == 4, "48 of them are not enough to look at"


@pytest.mark.parametrize("words", [130, 200, 210, 216])
def test_no_block_of_what_is_placed_is_above_the_limit(words: int) -> None:
    made, small = resized(), replace(LOIHI1, words=Limit(words, "test"))
    placement = place(made, small)
    assert placement.ok
    placed = placement.populations["a"]
    (use,) = [use for use in placed.uses if use.resource == SYNAPTIC_MEMORY]
    assert use.used == fullest(Demand(made, "a", small), placed.layout) <= words
