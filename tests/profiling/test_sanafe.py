"""SANA-FE 2.2.9, another estimator of Loihi 1, as a cross-check: same network, same spikes, its own coefficients.

It is GPL: installed into a folder of its own, run in a process of its own, and only spoken to through files.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import neurokit as nk
from neurokit.graph.check import check_program
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Dense
from neurokit.place.chips import LOIHI1
from neurokit.profiling.energy import dynamic_parts
from tests.profiling.oracles import answer, installed

STATED_ERROR, STATED_LATENCY_ERROR = 0.117, 0.243  # against silicon: Boyle et al., IEEE TCAD 2025, Table IV
STEPS, THRESHOLD, SIZES = 60, 40, {"in": 50, "a": 80, "b": 30}

SCRIPT = """
import json, sys
import sanafe
asked = json.load(open(sys.argv[1]))
chip = sanafe.load_loihi()
net = sanafe.Network()
groups = {}
for place, (name, size) in enumerate(asked["sizes"].items()):
    attributes = {"threshold": asked["threshold"], "reset": 0.0, "leak_decay": 1.0, "force_update": True}
    group = net.create_neuron_group(
        name, size, model_attributes={} if name == "in" else attributes,
        default_synapse_hw_name="loihi_dense_synapse", soma_hw_name="" if name == "in" else "loihi_lif",
    )
    groups[name] = group
    if name == "in":
        for k, neuron in enumerate(group):
            neuron.set_attributes(soma_hw_name=f"loihi_inputs[{k}]", model_attributes={"spikes": asked["spikes"][k]})
for source, target, weights, pairs in asked["connections"]:
    groups[source].connect_neurons_sparse(groups[target], {"weight": weights}, [tuple(pair) for pair in pairs])
for place, name in enumerate(asked["sizes"]):  # cores of one tile: no hops
    groups[name].map_to_core(chip.tiles[0].cores[place])
machine = sanafe.SpikingChip(chip)
machine.load(net)
found = machine.sim(asked["steps"], timing_model="simple")
print(json.dumps({key: value for key, value in found.items() if isinstance(value, (int, float, dict))}))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package alone, beside this environment: nothing is installed into it."""
    return installed(tmp_path_factory.mktemp("sanafe"), "sanafe==2.2.9", "--only-binary=:all:")


def integrators(rng: np.random.Generator) -> Program:
    """in -> a -> b, without leak: v counts weights times 64 and fires above 64 thresholds, as there."""
    weights = {
        ("in", "a"): rng.integers(-6, 12, (SIZES["a"], SIZES["in"])) * (rng.random((SIZES["a"], SIZES["in"])) < 0.5),
        ("a", "b"): rng.integers(-6, 12, (SIZES["b"], SIZES["a"])) * (rng.random((SIZES["b"], SIZES["a"])) < 0.5),
    }
    neuron = LoihiLIF(np.array(4096), np.array(0), np.array(64 * THRESHOLD))
    populations = {name: Population(name, (SIZES[name],), neuron) for name in ("a", "b")}
    joined = tuple(Projection(*ends, (Dense(weight),), np.array(1)) for ends, weight in weights.items())
    made = Program({"in": Input("in", (SIZES["in"],))}, populations, joined, {"b": populations["b"]})
    return check_program(made)


@pytest.mark.slow
def test_counts_and_energy(package: Path, tmp_path: Path) -> None:
    """Counts within 1 %; energy within what SANA-FE states of itself, and really within 1 %, its coefficients being
    our nominal ones of Loihi 1."""
    rng = np.random.default_rng(0)
    graph = integrators(rng)
    spikes = (rng.random((STEPS, SIZES["in"])) < 0.3).astype(np.int64)
    spikes[-3:] = 0  # what is sent in the last steps arrives after the end, there or here
    connections = []
    for projection in graph.projections:
        synapse = projection.synapse
        assert isinstance(synapse, Dense)
        targets, sources = np.nonzero(synapse.weight)
        values = synapse.weight[targets, sources].astype(float).tolist()
        pairs = np.stack([sources, targets], axis=1).tolist()
        connections.append([projection.source, projection.target, values, pairs])
    asked = {"sizes": SIZES, "threshold": THRESHOLD, "steps": STEPS, "connections": connections}
    asked["spikes"] = spikes.T.astype(bool).tolist()
    (tmp_path / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    theirs = answer(SCRIPT, "asked.json", package, tmp_path)
    placement = nk.place(graph, replace(LOIHI1, step_floor=0.0))
    assert placement.cores == 2
    profiled = nk.profile(nk.run(graph, spikes), placement)
    activity = profiled.activity
    events = sum(p.spikes for p in activity.inputs)
    assert activity.spikes > 300
    assert theirs["neurons_fired"] == pytest.approx(activity.spikes + events, rel=0.01)
    assert theirs["spikes"] == pytest.approx(activity.synaptic_operations, rel=0.01)
    assert theirs["packets_sent"] == pytest.approx(activity.messages, rel=0.01)
    kinds = {kind: float(number) for kind, number in activity.operations_by_kind().items()}
    parts = dynamic_parts(LOIHI1, kinds, activity.neuron_updates, activity.spikes, activity.messages, hops=0)
    ours = {part.name: part.energy.nominal for part in parts}
    assert sum(ours.values()) == pytest.approx(theirs["energy"]["total"], rel=STATED_ERROR)
    assert ours["synapses"] == pytest.approx(theirs["energy"]["synapse"], rel=0.01)
    assert ours["neurons"] + ours["spikes"] == pytest.approx(theirs["energy"]["soma"], rel=0.01)
    assert ours["messages"] == pytest.approx(theirs["energy"]["network"], rel=0.01)
    assert profiled.time is not None  # the same coefficients, but SANA-FE adds up a core's kinds of work: ours is less
    assert profiled.time.sample.nominal == pytest.approx(theirs["sim_time"], rel=STATED_LATENCY_ERROR)
