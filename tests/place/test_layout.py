from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from neurokit.graph.network import Projection
from neurokit.graph.synapses import Convolving, Injection, Shape, Synapse
from neurokit.place.layout import Layout
from neurokit.place.reach import destinations, messages
from tests.place.connectivity import matrix
from tests.place.strategies import connections, layouts


@settings(deadline=None)
@given(layouts())
def test_every_neuron_lies_on_one_core_and_no_block_is_larger_than_it_says(layout: Layout) -> None:
    core_of = layout.core_of()
    assert core_of.shape == (math.prod(layout.shape),)
    assert sorted(set(core_of)) == list(range(layout.cores))
    sizes = np.bincount(core_of)
    assert sizes.max() == layout.neurons
    np.testing.assert_array_equal(sizes, layout.sizes())
    assert layout.positions * layout.channels == layout.neurons


def test_channels_of_the_same_positions_lie_on_neighbouring_cores() -> None:
    layout = Layout((7, 2, 3), "tiles", (2, 1, 3))
    core_of = layout.core_of().reshape(7, 6)
    assert layout.cores == 8
    assert layout.said() == "2 by rows x 4 by output channel"
    assert [sorted(set(core_of[:, i])) for i in range(6)] == [[0, 1, 2, 3]] * 3 + [[4, 5, 6, 7]] * 3
    assert Layout((7, 2, 3), "tiles", (7, 2, 3)).said() == "whole"


def test_rows_in_another_order_share_cores() -> None:
    layout = Layout((1, 4, 2), "tiles", (1, 2, 2), (0, 2, 1, 3), (0, 1))
    np.testing.assert_array_equal(layout.core_of().reshape(4, 2), [[0, 0], [1, 1], [0, 0], [1, 1]])
    assert layout.said() == "2 by rows, phase by phase"


@settings(max_examples=150, deadline=None)
@given(connections(), st.data())
def test_spikes_reach_the_cores_that_hold_their_targets(
    made: tuple[Synapse, Shape, Shape], data: st.DataObject
) -> None:
    synapse, source, target = made
    layout = data.draw(layouts(target, isinstance(synapse, Convolving)))
    used = synapse
    if isinstance(synapse, Convolving):  # windows count whole, zero weights included
        used = replace(synapse, weight=np.ones_like(synapse.weight))
    connected = matrix(used, source, target) != 0
    core_of = layout.core_of()
    expected = np.array([len(set(core_of[connected[:, i]])) for i in range(connected.shape[1])]).reshape(source)
    found = destinations(Projection("a", "b", (synapse,), np.array(1)), source, layout)
    assert found.shape == source
    np.testing.assert_array_equal(found, expected)
    of_source = data.draw(layouts(source, len(source) == 3))
    if data.draw(st.booleans()):
        of_source = Layout(source, "neurons", (data.draw(st.integers(1, math.prod(source))),))
    sent = np.zeros((of_source.cores, layout.cores))
    for neuron, core in enumerate(of_source.core_of()):
        for other in set(core_of[connected[:, neuron]]):
            sent[core, other] += 1
    between = messages(Projection("a", "b", (used,), np.array(1)), of_source, layout)
    np.testing.assert_array_equal(between.toarray(), sent)


def test_an_injection_sends_no_messages() -> None:
    reached = destinations(Projection("a", "b", (Injection(),), np.array(0)), (3,), Layout((3,), "neurons", (3,)))
    np.testing.assert_array_equal(reached, [0, 0, 0])
