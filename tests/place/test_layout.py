from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from neurokit.graph.network import Projection
from neurokit.graph.synapses import Conv2d, Convolving, Injection, Shape, Synapse
from neurokit.place.layout import Layout
from neurokit.place.reach import destinations
from tests.place.connectivity import matrix
from tests.place.strategies import connections


@given(st.integers(1, 5), st.integers(1, 6), st.integers(1, 6), st.integers(1, 40), st.booleans())
def test_every_neuron_lies_on_one_core_and_no_block_is_larger_than_it_says(
    channels: int, height: int, width: int, cores: int, by_position: bool
) -> None:
    layout = Layout((channels, height, width), cores, by_position)
    core_of = layout.core_of()
    assert core_of.shape == (channels * height * width,)
    assert sorted(set(core_of)) == list(range(layout.cores))
    assert layout.cores <= cores
    assert np.bincount(core_of).max() == layout.neurons
    if by_position:
        per_channel = core_of.reshape(channels, -1)
        assert (per_channel == per_channel[0]).all()


def test_groups_of_channels_lie_on_different_cores() -> None:
    layout = Layout((7, 2, 3), 8, True, 4)
    core_of = layout.core_of().reshape(7, 6)
    assert layout.cores == 8
    assert layout.neurons == 2 * 3
    assert [len(set(core_of[:, i])) for i in range(6)] == [4] * 6
    assert np.bincount(core_of.ravel()).max() == 6


@settings(max_examples=150)
@given(connections(), st.integers(1, 9))
def test_spikes_reach_the_cores_that_hold_their_targets(made: tuple[Synapse, Shape, Shape], cores: int) -> None:
    synapse, source, target = made
    layout = Layout(target, cores, isinstance(synapse, Convolving))
    used = synapse
    if isinstance(synapse, Convolving):  # windows count whole, zero weights included
        used = replace(synapse, weight=np.ones_like(synapse.weight))
    connected = matrix(used, source, target) != 0
    core_of = layout.core_of()
    expected = np.array([len(set(core_of[connected[:, i]])) for i in range(connected.shape[1])]).reshape(source)
    found = destinations(Projection("a", "b", (synapse,), np.array(1)), source, layout)
    assert found.shape == source
    np.testing.assert_array_equal(found, expected)


def test_a_kernel_cut_by_channels_is_reached_once_a_group() -> None:
    conv = Conv2d(np.ones((4, 1, 1, 1), np.int64))
    reached = destinations(Projection("a", "b", (conv,), np.array(1)), (1, 2, 2), Layout((4, 2, 2), 8, True, 2))
    np.testing.assert_array_equal(reached, np.full((1, 2, 2), 2))


def test_an_injection_sends_no_messages() -> None:
    reached = destinations(Projection("a", "b", (Injection(),), np.array(0)), (3,), Layout((3,), 1))
    np.testing.assert_array_equal(reached, [0, 0, 0])
