from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from neurokit.errors import InputError
from neurokit.place.chips import LOIHI1
from neurokit.place.placing import place
from neurokit.profiling.count import count
from neurokit.profiling.energy import dynamic_parts
from neurokit.profiling.profile import profile
from tests.place.programs import chain
from tests.profiling.recordings import as_network, random_spikes, record, three_layers


def test_energies_are_per_sample() -> None:
    graph = three_layers()
    spikes = random_spikes(graph, 4, 10)
    made = profile(record(graph, spikes), place(graph))
    activity = count(record(graph, spikes), place(graph))
    sent = {p.projection: p.messages for p in activity.projections}
    hops = sent["in->a"] * made.chip.mean_hops / sum(sent.values())  # the two cores share a router
    by_hand = dynamic_parts(
        made.chip,
        {"dense": activity.synaptic_operations / 4},
        12 * 10,
        activity.spikes / 4,
        activity.messages / 4,
        hops=hops,
    )
    bounds = tuple(replace(part, energy=replace(part.energy, likely=None)) for part in made.energy.parts[:5])
    assert bounds == by_hand
    assert made.synaptic_operations == activity.synaptic_operations / 4
    assert made.spikes == activity.spikes / 4
    assert made.rates == {p.population: p.rate for p in activity.populations}
    assert made.energy.parts[5].name == "static"
    assert made.program is graph


def test_time_follows_the_busiest_steps() -> None:
    """All spikes in one step: that step takes as long as its operations, the others as long as the neuron updates."""
    graph = chain(1000, 100, weight=1)
    spikes = random_spikes(graph, 1, 4, rate=0)
    spikes["in"][0, 2] = 1
    placement = place(graph)
    neurons = placement.populations["fc1"].layout.neurons
    time = profile(record(graph, spikes), placement).time
    assert time is not None
    steps = 3 * neurons * 4e-9 + 1000 * neurons * 0.85e-9 + 4 * 1e-6
    assert time.sample.nominal == pytest.approx(steps, rel=1e-9)
    assert time.bottleneck == "synaptic operations of fc1"


def test_without_step_counts_the_work_is_spread_evenly() -> None:
    graph = chain(1000, 100)
    spikes = random_spikes(graph, 1, 4, rate=0)
    spikes["in"][0, 2] = 1
    placement = place(graph)
    neurons = placement.populations["fc1"].layout.neurons
    time = profile(replace(record(graph, spikes), step_counts={}), placement).time
    assert time is not None
    assert time.sample.nominal == pytest.approx(1000 * neurons * 0.85e-9 + 4 * 1e-6, rel=1e-9)


def test_throughput_and_power() -> None:
    graph = three_layers()
    made = profile(record(graph, random_spikes(graph, 2, 5)), place(graph, "loihi1"))
    assert made.time is not None
    assert made.throughput is not None
    assert made.throughput.nominal == pytest.approx(1 / made.time.sample.nominal, rel=1e-12)
    assert made.throughput.low < made.throughput.nominal < made.throughput.high
    assert made.energy.power is not None
    assert made.energy.power.nominal > 0.123  # static and x86 alone
    assert made.time.step.low >= 6e-6


def test_host_time_is_heeded() -> None:
    graph = three_layers()
    recording = record(graph, random_spikes(graph, 1, 5))
    slow = profile(recording, place(graph), host_time=1.0).time
    assert slow is not None
    assert slow.sample.low > 5


def test_without_a_placement_there_is_dynamic_energy_only() -> None:
    graph = three_layers()
    made = profile(record(graph, random_spikes(graph, 1, 5)))
    assert made.time is made.energy.power is made.throughput is made.energy.static is None
    assert [part.name for part in made.energy.parts] == ["synapses", "neurons", "spikes", "messages", "hops"]
    assert made.caveats[0].startswith("Without a placement there is no time")
    assert "dynamic energy (no placement, so no time)" in str(made)


def test_a_chip_of_ones_own() -> None:
    graph = three_layers()
    mine = replace(LOIHI1, step_floor=1e-3)
    time = profile(record(graph, random_spikes(graph, 1, 5)), place(graph, mine)).time
    assert time is not None
    assert time.step.low > 1e-3


def test_a_network_is_refused() -> None:
    network = as_network(three_layers())
    with pytest.raises(InputError, match="Compile first"):
        profile(record(network, random_spikes(network, 1, 2)))


def test_json_and_text_agree_with_the_numbers() -> None:
    graph = three_layers(dt=1e-3)
    made = profile(record(graph, random_spikes(graph, 2, 5)), place(graph))
    data = json.loads(json.dumps(made.to_dict()))
    assert data["energy"]["total"]["nominal"] == made.energy.total.nominal
    assert data["time"]["sample"]["high"] == made.time.sample.high  # type: ignore[union-attr]
    assert data["synaptic_operations"] == made.synaptic_operations
    assert [row["population"] for row in data["populations"]] == ["a", "b", "out"]
    assert data["caveats"] == list(made.caveats)
    text = str(made)
    assert text.startswith("Estimate for Loihi 2, per sample of 5 steps\n  energy: ")
    assert str(made.energy.total) in text
    assert "Hz" in text
    assert "Note: An estimate" in text
    silent = profile(record(graph, random_spikes(graph, 1, 5, rate=0)), place(graph))
    assert np.isfinite(silent.energy.total.nominal)
