from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurokit.graph.synapses import Convolving, Dense, Injection, Shape, Synapse
from neurokit.place.layout import whole
from neurokit.place.placing import place
from neurokit.profiling.count import count
from neurokit.profiling.loads import core_operations, loads
from tests.place.connectivity import matrix
from tests.place.programs import chain, pilotnet, program
from tests.place.strategies import connections, layouts
from tests.profiling.recordings import random_spikes, record, three_layers


@settings(max_examples=150, deadline=None)
@given(connections(), st.data(), st.integers(0, 2**32 - 1))
def test_each_core_does_the_operations_of_its_own_neurons(
    made: tuple[Synapse, Shape, Shape], data: st.DataObject, seed: int
) -> None:
    """Against the explicit matrix, for cuts by positions, by channels and along the flattened order."""
    synapse, source, target = made
    layout = data.draw(layouts(target, None if isinstance(synapse, Convolving) else False))
    events = np.random.default_rng(seed).integers(0, 9, source)
    each = (matrix(synapse, source, target) != 0) @ events.ravel()
    expected = np.bincount(layout.core_of(), each, layout.cores)
    found = core_operations(synapse, events, layout)
    assert found.shape[0] >= layout.cores
    assert found.tolist()[: len(expected)] == expected.tolist()


def test_an_injection_is_no_synaptic_operation() -> None:
    assert not core_operations(Injection(), np.ones((3,), int), whole((3,))).any()


def test_the_busiest_core_may_do_far_more_than_its_share() -> None:
    """The first ten of 100 neurons have all the weights: ten cores share nothing of their work."""
    weight = np.zeros((7000, 50), int)
    weight[:10] = 1
    graph = program({"in": (50,)}, {"out": (7000,)}, {("in", "out"): Dense(weight)})
    spikes = random_spikes(graph, 2, 4, rate=0)
    spikes["in"][:, 1] = 1
    placement = place(graph)
    assert placement.cores > 2
    (load,) = loads(record(graph, spikes), placement)
    assert load.synaptic_operations.tolist() == [0, 500, 0, 0]


def test_spikes_of_the_busiest_core() -> None:
    graph = chain(10, 7000)
    spikes = random_spikes(graph, 2, 3, rate=0)
    spikes["fc1"][:, :2, :5] = 1  # all on the first core
    (load,) = loads(record(graph, spikes), place(graph))
    assert load.spikes.tolist() == [5, 5, 0]


def test_several_sources_of_a_core_add_up_step_by_step() -> None:
    shapes = {"a": (4,), "b": (4,), "out": (6000,)}
    first, last = np.zeros((6000, 4), int), np.zeros((6000, 4), int)
    first[:20], last[-30:] = 1, 1
    graph = program({"in": (2,)}, shapes, {("a", "out"): Dense(first), ("b", "out"): Dense(last)})
    spikes = random_spikes(graph, 1, 3, rate=0)
    spikes["a"][0, 0] = spikes["b"][0, 2] = 1
    out = loads(record(graph, spikes), place(graph))[-1]
    assert out.synaptic_operations.tolist() == [80, 0, 120]
    spikes["b"][0, 0] = 1
    assert loads(record(graph, spikes), place(graph))[-1].synaptic_operations == pytest.approx([80, 0, 120], rel=0.5)


def test_cores_together_do_all_operations() -> None:
    """PilotNet's shapes with random input: the cores' operations sum to the exact count of every projection."""
    graph = pilotnet()
    spikes = random_spikes(graph, 1, 2, rate=0.05)
    placement = place(graph)
    recording = record(graph, spikes)
    for made, projection in zip(count(recording).projections, graph.projections, strict=True):
        events = recording.counts[projection.source].sum(axis=0)
        cores = core_operations(projection.synapse, events, placement.populations[projection.target].layout)
        assert cores.sum() == made.synaptic_operations


def test_nothing_is_done_in_no_steps() -> None:
    graph = three_layers()
    recording = replace(record(graph, random_spikes(graph, 1, 3)), steps=0, step_counts={})
    assert all(load.synaptic_operations.shape == (0,) for load in loads(recording, place(graph)))
