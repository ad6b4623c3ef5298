"""Recordings that the lava-dl wheel carries, as cases: what Loihi, SLAYER or Lava's makers found, not we.

The wheel keeps them in tests/lava/lib/dl/netx; it need not be importable. Files hold time last and images as (width,
height, channels). How their columns lie against our steps was found in tests/truth, where more is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit import api
from neurokit.conformance.cases import Case, build
from neurokit.graph.check import check_program
from neurokit.graph.graded_neurons import FixedDelta, FixedSigma, FixedSigmaDelta
from neurokit.graph.network import Network, Program
from neurokit.graph.neurons import FixedNeuron, LoihiLIF
from neurokit.graph.resonators import FiresAt, FixedResonateAndFire, ResonateAndFire
from neurokit.graph.synapses import Conv2d, Dense, Injection, Shape, Synapse

WHEEL, FOLDER = "lava-dl", "tests/lava/lib/dl/netx/"
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Expected:
    """What a file says of a population: values (steps, *shape) from our step `first` on; what: "spikes" or a state."""

    population: str
    what: str
    values: Ints
    first: int = 0


@dataclass(frozen=True, eq=False)
class Truth:
    """A case and what was recorded of it."""

    case: Case
    expected: tuple[Expected, ...]


def wheel_file(name: str, wheel: str = WHEEL, folder: str = FOLDER) -> Path:
    """A file of an installed wheel; FileNotFoundError that says what is missing."""
    try:
        files = metadata.files(wheel) or []
    except metadata.PackageNotFoundError:
        raise FileNotFoundError(f"{wheel} is not installed") from None
    for file in files:
        if str(file) == folder + name:
            return Path(str(file.locate()))
    raise FileNotFoundError(f"this {wheel} does not ship {name}")


def _stored(name: str) -> Ints:
    """Time first, images channels first."""
    values: Ints = np.load(wheel_file(f"gts/{name}.npy")).T.astype(np.int64)
    return values


def _one_layer(synapse: Synapse, neuron: FixedNeuron, source: Shape, target: Shape, delay: int = 1) -> Program:
    return build({"in": source}, {"out": (target, neuron)}, {("in", "out"): (synapse, delay)}, ("out",))


def _case(name: str, program: Program, data: Any, steps: int | None = None) -> Case:
    (entry,) = program.inputs
    values = np.asarray(data)[None]
    return Case(f"truth: {name}", program, {entry: values}, values.shape[1] if steps is None else steps)


def _read(name: str, inputs: str | None = None) -> Network:
    return api.convert(wheel_file(name), inputs=inputs)


# ------------------------------------------------------------------------------------------------------- LIF networks


def _pilotnet_lif() -> Truth:
    """u, v and spikes of layers k = 1 to 8, columns below 16 + k. Silicon reads v as 128 in the step of a spike."""
    window, marker = 16, 128
    program = api.compile(_read("gts/pilotnet_lif/network.net", "spikes"), window=window)
    expected = []
    files = [*(f"conv-{k}" for k in range(5)), *(f"fc-{k}" for k in range(3))]
    for k, (population, file) in enumerate(zip(program.populations, files, strict=False), start=1):
        columns = slice(0, window + k)
        spikes, u, v = (_stored(f"pilotnet_lif/{file}{suffix}")[columns] for suffix in ("", "-u", "-v"))
        expected.append(Expected(population, "u", u))
        expected.append(Expected(population, "v", v - marker * spikes))
        expected.append(Expected(population, "spikes", spikes))
    return Truth(_case("PilotNet LIF", program, _stored("pilotnet_lif/input-s")), tuple(expected))


def _tinynet() -> Truth:
    """Columns 1 to 15 are our steps from k on in layer k, and again in each window of 17 steps; u is 64 currents."""
    window, windows = 17, 3
    program = api.compile(_read("tiny.net", "current"), window=window)
    image = _stored("tinynet/input_bias")
    expected = []
    for k, (population, file) in enumerate(zip(program.populations, ("input", "layer1", "output"), strict=True)):
        spikes = np.load(wheel_file(f"gts/tinynet/{file}.npy"))[0].transpose(3, 0, 1, 2)[1:].astype(np.int64)
        expected += [Expected(population, "spikes", spikes, k + window * n) for n in range(windows)]
    current = np.load(wheel_file("gts/tinynet/current.npy"))[0].transpose(3, 0, 1, 2)[1:].astype(np.int64)
    expected.append(Expected("1-conv", "u", 64 * current, 1))
    data = np.broadcast_to(image, (window * windows + 2, *image.shape))
    return Truth(_case("tinynet", program, data), tuple(expected))


def _dense() -> Truth:
    """200 to 256 neurons, 2,000 steps; u is 64 times the file's current."""
    neuron = LoihiLIF(np.asarray(4096), np.asarray(415), np.asarray(6 * 64))
    program = _one_layer(Dense(np.load(wheel_file("gts/dense/weight.npy"))), neuron, (200,), (256,))
    expected = Expected("out", "spikes", _stored("dense/out")), Expected("out", "u", 64 * _stored("dense/current"))
    return Truth(_case("dense", program, _stored("dense/in")), expected)


def _ntidigits() -> Truth:
    """Delays of up to 62 by neuron, 3,000 steps; the file's column t + 1 is our step t."""
    program = api.compile(_read("gts/ntidigits/ntidigits.net"))
    expected = Expected("4-dense", "spikes", _stored("ntidigits/output")[1:])
    return Truth(_case("N-TIDIGITS", program, _stored("ntidigits/input")), (expected,))


# --------------------------------------------------------------------------------------------------------- sigma-delta

SDNN_BITS = 12  # spike exponent 6 and state exponent 6
TINY_THRESHOLD = np.asarray(20 << SDNN_BITS)


def _pilotnet_sdnn() -> Truth:
    """20 steps of one image: the input's payloads, two layers' sigma, and the output's first 9 steps."""
    program = api.compile(_read("gts/pilotnet_sdnn/network.net"))
    image = _stored("pilotnet_sdnn/input")
    sigmas = [Expected(f"{k}-conv", "sigma", _stored(f"pilotnet_sdnn/sigma{k}")) for k in (1, 2)]
    sent = Expected("0-input", "spikes", _stored("pilotnet_sdnn/act0"))
    last = Expected("9-dense", "spikes", _stored("pilotnet_sdnn/output"))
    data = np.broadcast_to(image, (20, *image.shape[1:]))
    return Truth(_case("PilotNet SDNN", program, data), (sent, *sigmas, last))


def _tinynet_sdnn_input() -> Truth:
    """Pixels that follow a sine, encoded."""
    image = _stored("tinynet_sdnn/input_bias")
    course = np.sin(2 * np.pi * np.arange(15) / 15)
    data = (image * course[:, None, None, None]).astype(np.int64)
    program = _one_layer(Injection(), FixedDelta(TINY_THRESHOLD, 6, 6), image.shape, image.shape, delay=0)
    expected = Expected("out", "spikes", _stored("tinynet_sdnn/input"))
    return Truth(_case("tinynet SDNN, input", program, data), (expected,))


def _tinynet_sdnn_convolution() -> Truth:
    """One step, the only one that the file has; its kernel is for a true convolution, hence turned round."""
    kernel = np.load(wheel_file("gts/tinynet_sdnn/layer1_kernel.npy")).transpose(0, 3, 2, 1)[:, :, ::-1, ::-1]
    bias = np.load(wheel_file("gts/tinynet_sdnn/layer1_bias.npy"))[:, None, None] << SDNN_BITS
    neuron = FixedSigmaDelta(TINY_THRESHOLD, 6, 6, activation_bias=bias)
    program = _one_layer(Conv2d(kernel, stride=(2, 2)), neuron, (3, 16, 16), (24, 6, 6))
    expected = Expected("out", "spikes", _stored("tinynet_sdnn/layer1")[:1])
    return Truth(_case("tinynet SDNN, convolution", program, _stored("tinynet_sdnn/input")), (expected,))


def _tinynet_sdnn_dense() -> Truth:
    """A decoder behind spikes; the wheel's block drops payloads."""
    weight = np.load(wheel_file("gts/tinynet_sdnn/layer2_weight.npy"))
    program = _one_layer(Dense(weight), FixedSigma(), (864,), (100,))
    data = np.load(wheel_file("gts/tinynet_sdnn/layer1.npy")).reshape(-1, 16).T != 0
    expected = Expected("out", "spikes", _stored("tinynet_sdnn/layer2"))
    return Truth(_case("tinynet SDNN, dense", program, data.astype(np.int64)), (expected,))


# ---------------------------------------------------------------------------------------------------- resonate-and-fire


def _resonator(period: int, threshold: float, fires_at: FiresAt) -> FixedResonateAndFire:
    """Loses 5 % a step; state_exp 6, decay_bits 12."""
    sine, cosine = ResonateAndFire(period=np.asarray(period), decay=np.asarray(0.05)).turn
    turn = {"sine": np.trunc(4096 * sine), "cosine": np.trunc(4096 * cosine)}
    return FixedResonateAndFire(**turn, threshold=np.asarray(int(64 * threshold)), fires_at=fires_at)


def _complex(name: str, neuron: FixedNeuron, synapses: tuple[Synapse, Synapse], size: int, delay: int) -> Truth:
    """200 inputs that feed both ports, 2,000 steps."""
    single = _one_layer(synapses[0], neuron, (200,), (size,), delay)
    wires = [
        replace(single.projections[0], synapses=(s,), port=port) for s, port in zip(synapses, neuron.ports, strict=True)
    ]
    program = check_program(replace(single, projections=tuple(wires)))
    expected = Expected("out", "spikes", _stored(f"complex_dense/{'out' if delay else 'current'}"))
    return Truth(_case(name, program, _stored("complex_dense/in")), (expected,))


def _complex_dense() -> Truth:
    """Complex weights; fires where the phase passes zero."""
    real, imag = (
        Dense(np.load(wheel_file(f"gts/complex_dense/weight_{part}.npy")).astype(int)) for part in ("r", "img")
    )
    return _complex("complex dense", _resonator(11, 25, "phase"), (real, imag), 256, 1)


def _complex_input() -> Truth:
    """Both parts driven alike; Izhikevich's reset."""
    return _complex("complex input", _resonator(7, 1.1, "top"), (Injection(), Injection()), 200, 0)


# Makers raise FileNotFoundError where the wheel is not installed.
TRUTHS: Mapping[str, Callable[[], Truth]] = {
    "PilotNet LIF": _pilotnet_lif,
    "tinynet": _tinynet,
    "dense": _dense,
    "N-TIDIGITS": _ntidigits,
    "PilotNet SDNN": _pilotnet_sdnn,
    "tinynet SDNN, input": _tinynet_sdnn_input,
    "tinynet SDNN, convolution": _tinynet_sdnn_convolution,
    "tinynet SDNN, dense": _tinynet_sdnn_dense,
    "complex dense": _complex_dense,
    "complex input": _complex_input,
}
