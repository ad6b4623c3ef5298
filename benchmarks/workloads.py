"""What is timed. Each workload is a Program, one sample of input spikes, and the steps for either side."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neurokit as nk
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Dense

PILOTNET = "tests/lava/lib/dl/netx/gts/pilotnet_lif/"  # in the lava-dl wheel


@dataclass(frozen=True, eq=False)
class Workload:
    """fast, slow: steps timed on the simulator and on Lava. events: spikes of one step are drawn from `inputs`."""

    name: str
    program: nk.Program
    inputs: NDArray[Any]
    fast: int
    slow: int


def dense() -> Workload:
    """1000 inputs at 10 % activity, dense 1000x1000 8-bit weights, 1000 LIF neurons."""
    rng = np.random.default_rng(0)
    neuron = LoihiLIF(current_decay=410, voltage_decay=128, threshold=64 * 4000)
    population = Population("lif", (1000,), neuron)
    weight = rng.integers(-128, 128, (1000, 1000))
    network = Network(
        {"in": Input("in", (1000,))},
        {"lif": population},
        (Projection("in", "lif", (Dense(weight),), 1),),
        {"lif": population},
        dt=1.0,
    )
    inputs = rng.random((50_000, 1000), np.float32) < 0.1
    return Workload("dense 1000×1000, 10 % active", nk.compile(network), inputs.astype(np.uint8), 50_000, 1500)


def pilotnet() -> Workload:
    """PilotNet LIF of the lava-dl wheel, fed with its recorded input spikes (89 % active), reset every 16 steps."""
    files = {str(file): file for file in metadata.files("lava-dl") or []}
    folder = Path(str(files[PILOTNET + "network.net"].locate())).parent
    program = nk.compile(nk.convert(folder / "network.net", inputs="spikes"), window=16)
    spikes = np.load(folder / "input-s.npy").transpose(3, 2, 1, 0)[:16].astype(np.uint8)
    return Workload("PilotNet LIF", program, np.tile(spikes, (16, 1, 1, 1)), 256, 24)
