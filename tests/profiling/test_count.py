from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurokit.errors import InputError
from neurokit.graph.synapses import Conv2d, Dense, Injection, Shape, Synapse
from neurokit.place.placing import place
from neurokit.profiling.count import count, fan_out, kind_of
from neurokit.records import Recording
from tests.place.connectivity import matrix
from tests.place.programs import chain, program
from tests.place.strategies import connections
from tests.profiling.recordings import as_network, random_spikes, record, three_layers, unbatched


@settings(max_examples=200, deadline=None)
@given(connections())
def test_fan_out_counts_the_non_zero_entries_of_the_explicit_matrix(made: tuple[Synapse, Shape, Shape]) -> None:
    synapse, source, target = made
    expected = (matrix(synapse, source, target) != 0).sum(axis=0).reshape(source)
    found = fan_out(synapse, source)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, expected)


def test_kinds() -> None:
    assert kind_of(Dense(np.ones((1, 1)))) == "dense"
    assert kind_of(Conv2d(np.ones((1, 1, 1, 1)))) == "conv"
    assert kind_of(Injection()) == "injection"
    assert fan_out(Injection(), (2, 2, 2)).sum() == 0


@settings(max_examples=50, deadline=None)
@given(connections(), st.integers(0, 2**32 - 1))
def test_operations_are_every_spike_through_every_non_zero_weight(
    made: tuple[Synapse, Shape, Shape], seed: int
) -> None:
    synapse, source, target = made
    graph = program({"in": source}, {"a": target}, {("in", "a"): synapse})
    spikes = random_spikes(graph, 2, 3, seed)
    connected = matrix(synapse, source, target) != 0
    expected = sum(int((connected @ step.ravel().astype(np.int64)).sum()) for sample in spikes["in"] for step in sample)
    activity = count(record(graph, spikes))
    assert activity.synaptic_operations == expected
    assert activity.operations_by_kind() == {kind_of(synapse): expected}
    assert activity.projections[0].events == int(spikes["in"].sum())


def test_rates_silence_and_updates() -> None:
    graph = three_layers(dt=2e-3)
    spikes = random_spikes(graph, 3, 7)
    spikes["a"][:, :, 2:] = 0
    activity = count(record(graph, spikes))
    assert (activity.samples, activity.steps) == (3, 7)
    assert activity.neuron_updates == (5 + 4 + 3) * 7 * 3
    assert activity.spikes == sum(int(spikes[name].sum()) for name in ("a", "b", "out"))
    a = activity.populations[0]
    assert (a.population, a.neurons, a.spikes, a.silent) == ("a", 5, int(spikes["a"].sum()), 3)
    assert a.rate == pytest.approx(spikes["a"].mean(), rel=1e-12)
    assert a.hertz == pytest.approx(spikes["a"].mean() / 2e-3, rel=1e-12)
    assert activity.inputs[0].population == "in"
    assert count(record(three_layers(), spikes)).populations[0].hertz is None


def test_graded_events_count_once() -> None:
    graph = chain(2, 1)
    payloads = np.array([[[5, 0], [-3, 7]]])
    activity = count(record(graph, {"in": payloads, "fc1": np.zeros((1, 2, 1), np.uint8)}))
    assert activity.synaptic_operations == 3


def test_messages_go_to_each_outgoing_projection_without_a_placement() -> None:
    graph = program(
        {"in": (3,)},
        {"a": (3,), "b": (2,), "c": (2,)},
        {
            ("in", "a"): Injection(),
            ("a", "b"): Dense(np.ones((2, 3), np.int64)),
            ("a", "c"): Dense(np.ones((2, 3), np.int64)),
        },
    )
    spikes = random_spikes(graph, 1, 20)
    activity = count(record(graph, spikes))
    assert activity.messages == 2 * int(spikes["a"].sum())
    assert activity.messages_basis == "events × outgoing projections (no placement given)"
    assert activity.operations_by_kind() == {"dense": 4 * int(spikes["a"].sum())}
    assert activity.projections[0].kind == "injection"


def test_messages_go_to_each_core_with_a_placement() -> None:
    graph = chain(1000, 256)
    spikes = random_spikes(graph, 1, 2)
    placement = place(graph)
    activity = count(record(graph, spikes), placement)
    assert placement.populations["fc1"].cores == 6
    assert activity.messages == 6 * int(spikes["in"].sum())
    assert activity.messages_basis == "events × cores reached"


def test_an_unbatched_recording_counts_as_one_sample() -> None:
    graph = three_layers()
    batched = record(graph, random_spikes(graph, 1, 9))
    assert count(unbatched(batched)) == count(batched)


def test_a_network_has_no_costs() -> None:
    network = as_network(three_layers())
    with pytest.raises(InputError, match=r"run of a Network; costs are those of a compiled Program. Compile first"):
        count(record(network, random_spikes(network, 1, 2)))


def test_a_placement_of_another_program_is_refused() -> None:
    graph = three_layers()
    recording = record(graph, random_spikes(graph, 1, 2))
    with pytest.raises(
        InputError, match=r"'placement': it is of another Program: a, b, fc1, out.*nk.place\(rec.program\)"
    ):
        count(recording, place(chain(6, 5)))


def test_a_recording_without_counts_is_refused() -> None:
    graph = three_layers()
    recording = record(graph, random_spikes(graph, 1, 2))
    short: Recording = replace(recording, counts={"in": recording.counts["in"]})
    with pytest.raises(InputError, match="'a': the recording has no counts of it"):
        count(short)
    odd = replace(recording, counts={**recording.counts, "b": np.zeros((1, 9), np.int64)})
    with pytest.raises(InputError, match=r"'b': its counts have shape \(1, 9\); they must end in \(4,\)"):
        count(odd)
