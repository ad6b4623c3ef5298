"""Loihi 1's formats against nengo-loihi 1.1, whose answers benchmarks/peers/nengo_loihi_splits.py wrote."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from neurokit.graph.network import Program
from neurokit.graph.synapses import Conv2d, ConvTranspose2d, Dense, Sparse, Synapse
from neurokit.place.chips import LOIHI1
from neurokit.place.layout import Layout
from neurokit.place.split import INPUT_AXONS, SYNAPTIC_MEMORY, Demand
from tests.place.programs import program

LAYERS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "nengo_splits.json").read_text(encoding="utf-8"))
# nengo-loihi gives sparse synapses no index, though a core cannot tell their targets without one.
AS_NENGO = replace(LOIHI1, format=replace(LOIHI1.format, index_sparse=0))
CORES = {  # cores that the limits call for, where nengo-loihi cuts otherwise
    "convolution 3x3, many channels, cut for memory": "its blocks of 144 neurons take 1.4 of 1.0 million bits",
}


def synapse(spec: dict[str, Any], neurons: int) -> Synapse:
    rng = np.random.default_rng(0)
    if spec["kind"] == "dense":
        return Dense(rng.choice([-127, 126], (neurons, spec["sources"])))
    if spec["kind"] == "sparse":
        target, source = np.indices((neurons, spec["sources"]))
        there = (7 * target + 13 * source) % spec["every"] == 0
        return Sparse(sp.csr_matrix(np.where(there, rng.choice([-127, 126], there.shape), 0)))
    channels, filters = spec["source"][2], spec["filters"]
    stride = (spec["strides"][0], spec["strides"][1])
    if spec["kind"] == "transposed":
        return ConvTranspose2d(rng.integers(-127, 127, (channels, filters, *spec["kernel"])), stride)
    return Conv2d(rng.integers(-127, 127, (filters, channels, *spec["kernel"])), stride)


def made(layer: dict[str, Any]) -> Program:
    spec = layer["from"][0]
    if "target" not in spec:
        sources = [f"in{n}" for n in range(len(layer["from"]))]
        inputs = {name: (part["sources"],) for name, part in zip(sources, layer["from"], strict=True)}
        synapses = {
            (name, "a"): synapse(part, layer["neurons"]) for name, part in zip(sources, layer["from"], strict=True)
        }
        return program(inputs, {"a": (layer["neurons"],)}, synapses)
    source, target = ((s[2], s[0], s[1]) for s in (spec["source"], spec["target"]))
    return program({"in": source}, {"a": target}, {("in", "a"): synapse(spec, 0)})


def block(layer: dict[str, Any], neurons: int) -> Layout | None:
    """nengo-loihi's blocks of so many neurons as a layout, None where they cut through a position."""
    if "target" not in layer["from"][0]:
        return Layout((layer["neurons"],), "neurons", (neurons,))
    rows, columns, channels = layer["from"][0]["target"]
    shape = (channels, rows, columns)
    return Layout(shape, "runs", (channels, neurons // channels)) if neurons % channels == 0 else None


@pytest.mark.parametrize("layer", LAYERS, ids=[layer["name"] for layer in LAYERS])
def test_bits_axons_and_splits(layer: dict[str, Any]) -> None:
    demand = Demand(made(layer), "a", AS_NENGO)
    found = layer["found"]
    whole, cut = block(layer, found["neurons"]), block(layer, found["blocks"][0]["neurons"])
    assert whole is not None
    assert demand.used(SYNAPTIC_MEMORY, whole) * 64 == found["bits"]
    if cut is not None:
        assert cut.cores == len(found["blocks"])
        assert demand.used(SYNAPTIC_MEMORY, cut) * 64 == max(part["bits"] for part in found["blocks"])
        unseen = 4 if layer["name"] == "convolution 1x7, along columns" else 0  # places that no window reaches: no axon
        assert demand.used(INPUT_AXONS, cut) >= max(part["axons"] for part in found["blocks"]) - unseen
    demands = (
        -(-found["neurons"] // LOIHI1.neurons.value),
        -(-found["bits"] // (64 * LOIHI1.words.value)),
        -(-found["axons"] // 4096),
    )
    assert max(demands) == len(found["blocks"]), "nengo-loihi's rule: the whole layer's demand over the limits"
    ours = demand.coarsest(demand.limits)
    assert ours is not None
    if layer["name"] in CORES:
        assert max(part["bits"] for part in found["blocks"]) > 64 * LOIHI1.words.value, CORES[layer["name"]]
        assert ours.cores > len(found["blocks"])
    else:
        assert ours.cores == len(found["blocks"])
