"""What is timed: Programs, the spikes they are given, and how many steps either side takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neurokit as nk
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense

TRUTH = "tests/lava/lib/dl/netx/gts/"  # in the lava-dl wheel


@dataclass(frozen=True, eq=False)
class Workload:
    """A network to be timed.

    name: for `--only` and the results. title: for the table.
    draw: steps -> input (samples, steps, *shape), the same at each call.
    fast, slow: steps timed on the simulator and on Lava. target: the ratio to Lava that is asked for.
    near: how many times the machine's limit is allowed, None where nothing is asked.
    graded: whether inputs are payloads rather than spikes.
    """

    name: str
    title: str
    program: nk.Program
    draw: Callable[[int], NDArray[Any]]
    fast: int
    slow: int
    target: float
    near: float | None = None
    graded: bool = False


def dense() -> Workload:
    """1000 inputs at 10 % activity, dense 1000x1000 8-bit weights, 1000 LIF neurons."""
    program = _dense_program()
    return Workload("dense", "dense 1000×1000, 10 % active", program, noise((1, 1000), 0.1), 50_000, 1500, 200, 2)


def dense_batch() -> Workload:
    """The same, 64 samples in one call. Lava takes one sample at a time, so its step is that of `dense`."""
    program = _dense_program()
    title = "the same, batch of 64 (a sample's step)"
    return Workload("dense-batch", title, program, noise((64, 1000), 0.1), 800, 1500, 200, 2)


def _dense_program() -> nk.Program:
    weight = np.random.default_rng(0).integers(-128, 128, (1000, 1000))
    return feed_forward((1000,), [("lif", (1000,), 4000, Dense(weight))])


def pilotnet() -> Workload:
    """PilotNet LIF of the lava-dl wheel, fed with its recorded input spikes (89 % active), reset every 16 steps."""
    folder = truth("pilotnet_lif")
    program = nk.compile(nk.convert(folder / "network.net", inputs="spikes"), window=16)
    spikes = np.load(folder / "input-s.npy").transpose(3, 2, 1, 0)[:16].astype(np.uint8)

    def draw(steps: int) -> NDArray[np.uint8]:
        return np.tile(spikes, (-(-steps // 16), 1, 1, 1))[None, :steps]

    return Workload("pilotnet", "PilotNet LIF", program, draw, 1024, 24, 130, 3)


def conv() -> Workload:
    """A 3x3 convolution from 16 to 16 channels of 32x32 neurons, 10 % of the inputs active."""
    weight = np.random.default_rng(1).integers(-128, 128, (16, 16, 3, 3))
    program = feed_forward((16, 32, 32), [("lif", (16, 32, 32), 3000, Conv2d(weight, padding=(1, 1)))])
    title = "conv 32×32×16→16 3×3, 10 % active"
    return Workload("conv", title, program, noise((1, 16, 32, 32), 0.1), 2000, 200, 100, 3)


def delays() -> Workload:
    """Three dense layers of 256 neurons, every source with an axonal delay of its own up to 62 steps more."""
    rng = np.random.default_rng(2)
    layers = [(f"lif{k}", (256,), 4000, Dense(rng.integers(-128, 128, (256, 256)))) for k in range(3)]
    lags = [1 + rng.permutation(np.arange(256) % 63) for _ in layers]
    title = "3 dense layers of 256, axonal delays up to 62"
    return Workload("delays", title, feed_forward((256,), layers, lags), noise((1, 256), 0.1), 10_000, 90, 100)


def chain() -> Workload:
    """Sixteen dense layers of 100 neurons one behind the other."""
    rng = np.random.default_rng(3)
    layers = [(f"lif{k}", (100,), 3000, Dense(rng.integers(-128, 128, (100, 100)))) for k in range(16)]
    title = "chain of 16 dense layers of 100"
    return Workload("chain", title, feed_forward((100,), layers), noise((1, 100), 0.1), 10_000, 300, 100)


def recurrent() -> Workload:
    """100 inputs at 10 %, 1000 LIF neurons, each connected to each other and to itself."""
    rng = np.random.default_rng(4)
    shape = (1000,)
    population = Population("lif", shape, _lif(6000))
    network = Network(
        {"in": Input("in", (100,))},
        {"lif": population},
        (
            Projection("in", "lif", (Dense(rng.integers(-128, 128, (1000, 100))),), np.asarray(1)),
            Projection("lif", "lif", (Dense(rng.integers(-64, 64, (1000, 1000))),), np.asarray(1)),
        ),
        {"lif": population},
        dt=1.0,
    )
    title = "recurrent, 1000 neurons all to all"
    return Workload("recurrent", title, nk.compile(network), noise((1, 100), 0.1), 5000, 1000, 100)


def sigma_delta() -> Workload:
    """PilotNet SDNN of the lava-dl wheel; its recorded image moves by one column a step, so that deltas go on."""
    folder = truth("pilotnet_sdnn")
    program = nk.compile(nk.convert(folder / "network.net"))
    image = np.load(folder / "input.npy").T.astype(np.int64)[0]

    def draw(steps: int) -> NDArray[np.int64]:
        return np.stack([np.roll(image, step, axis=-1) for step in range(steps)])[None]

    title = "PilotNet SDNN, a moving image"
    return Workload("sdnn", title, program, draw, 200, 24, 50, graded=True)


WORKLOADS: dict[str, Callable[[], Workload]] = {
    "dense": dense,
    "dense-batch": dense_batch,
    "pilotnet": pilotnet,
    "conv": conv,
    "delays": delays,
    "chain": chain,
    "recurrent": recurrent,
    "sdnn": sigma_delta,
}


def truth(folder: str) -> Path:
    """A folder of ground-truth files in the lava-dl wheel."""
    files = {str(file): file for file in metadata.files("lava-dl") or []}
    return Path(str(files[f"{TRUTH}{folder}/network.net"].locate())).parent


def noise(shape: tuple[int, ...], rate: float) -> Callable[[int], NDArray[np.uint8]]:
    """Independent spikes; shape: (samples, *shape of the input)."""

    def draw(steps: int) -> NDArray[np.uint8]:
        rng = np.random.default_rng(9)
        return (rng.random((shape[0], steps, *shape[1:]), np.float32) < rate).astype(np.uint8)

    return draw


def _lif(mantissa: int) -> LoihiLIF:
    return LoihiLIF(current_decay=410, voltage_decay=128, threshold=64 * mantissa)


def feed_forward(
    shape: tuple[int, ...],
    layers: list[tuple[str, tuple[int, ...], int, Dense | Conv2d]],
    lags: list[NDArray[Any]] | None = None,
) -> nk.Program:
    """Layers (name, shape, threshold mantissa, synapse) one behind the other; lags: steps of delay by source."""
    populations = {name: Population(name, size, _lif(mantissa)) for name, size, mantissa, _ in layers}
    sources = ["in", *populations]
    projections = [
        Projection(sources[k], name, (synapse,), np.asarray(1) if lags is None else lags[k][None, :])
        for k, (name, _, _, synapse) in enumerate(layers)
    ]
    last = layers[-1][0]
    outputs = {last: populations[last]}
    network = Network({"in": Input("in", shape)}, populations, tuple(projections), outputs, dt=1.0)
    return nk.compile(network)
