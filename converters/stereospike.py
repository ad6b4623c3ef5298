"""StereoSpike (Rançon et al., arXiv 2109.13751v2; IEEE Access 2022): from event counts of two cameras to depth.

A state_dict (`.pt`, `.pth`, `.safetensors`, `.npz`, or a dict of arrays) becomes a Network with

    input "events", (4 or 2, rows, columns): counts of a window, channels L-ON, L-OFF, R-ON, R-OFF (or ON, OFF)
    a population for each spiking layer, named as in the state_dict: bottom, conv1, ..., bottleneck.0.conv1, ...
    of v3 also relays, "conv1.depthwise", ...: the analogue values between its two convolutions
    output "depth", (1, rows, columns), which never fires: its v is the depth in metres (`read_depth`)

The source resets all neurons before each window and runs a single step, so each fires where the window's sum reaches
its threshold; a potential of PLIF is sigmoid(w) times the input then, and MultiplyBy another factor: both go into the
threshold. Here neurons have a time constant of one step, which is the same, so every step of the Network is a window
of its own. Sums of spikes (residual blocks, the decoder's skips) are several projections with the same weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.arguments import check_arguments, choice_faults, step_faults
from neurokit.converters.checkpoint import stored_tensors
from neurokit.converters.quantised import QuantisedTensor
from neurokit.converters.stereospike_keys import (
    BLOCKS,
    DECODER,
    ENCODER,
    LAYERS,
    PREDICTIONS,
    Model,
    Tensor,
    Weights,
    plain,
    read_model,
)
from neurokit.converters.weight_files import read_weights
from neurokit.errors import Fault
from neurokit.graph.check import check_network
from neurokit.graph.graded_neurons import Relay
from neurokit.graph.network import Input, Network, Population, Program, Projection
from neurokit.graph.neurons import LIF, Fires, LeakyIntegrator, Neuron
from neurokit.graph.synapses import Conv2d, Shape, Synapse, Upsample2d
from neurokit.records import Recording

SENSOR = (260, 346)  # rows and columns of the DAVIS346 that MVSEC was recorded with
WINDOWS = {"v2": 0.05, "v3": 0.1}  # seconds: one chunk of 50 ms (arXiv), two that are added up (its third version)
MULTIPLY = {"v2": 1.0, "v3": 10.0}  # MultiplyBy's factor in the authors' code of each generation
EVENTS, DEPTH = "events", "depth"


@dataclass(frozen=True)
class StereoSpike:
    """What a state_dict does not say. None: as the authors' code of that generation has it.

    multiply: factor behind each convolution (MultiplyBy): v2 1, v3 10, of quantised checkpoints 1, where it is folded
    into the weights, as PLIF's gain is. threshold: potential at which neurons fire (1 in all of them).
    fires: ">" or ">=", when encoder and decoder fire: ">=" as SpikingJelly does; quantised checkpoints of
    GeoffroyK/distilled_q_stereospike ">". fires_residual: the same of the residual blocks, ">=" in all.
    skips: whether the decoder adds the encoder's spikes; a quantised checkpoint tells, others are taken to do so.
    """

    multiply: float | None = None
    threshold: float = 1.0
    fires: Fires | None = None
    fires_residual: Fires | None = None
    skips: bool | None = None


def load(
    source: str | PathLike[str] | Mapping[str, Any],
    *,
    dt: float | None = None,
    reset: str | None = None,
    inputs: str | None = None,
    shape: Any = None,
    spec: Any = None,
    tensors: Mapping[str, Tensor] | None = None,
) -> Network:
    """Read a StereoSpike's state_dict; see the module.

    dt: seconds that a window lasts, by default 0.05 (v2) or 0.1 (v3). shape: (channels, rows, columns) of the input,
    by default of MVSEC's cameras. spec: a StereoSpike. reset, inputs: none. tensors: what
    `read_tensors` gave for the source, where it has been called already.
    Raises FormatError when the file cannot be read, InputError for arguments, ConversionError with every key that is
    missing, belongs to nothing or has a wrong shape.
    """
    chosen = StereoSpike() if spec is None else spec
    check_arguments(_argument_faults(dt, reset, inputs, chosen))
    named = "a state_dict" if isinstance(source, Mapping) else str(source)
    model = read_model(read_tensors(source) if tensors is None else tensors, named)
    check_arguments(_shape_faults(shape, model))
    rows, columns = SENSOR if shape is None else (int(shape[1]), int(shape[2]))
    step = WINDOWS[model.generation] if dt is None else float(dt)
    name = "" if isinstance(source, Mapping) else Path(source).name
    return check_network(_Builder(model, chosen, (rows, columns), step).network(name))


def read_depth(graph: Network | Program, recording: Recording) -> NDArray[np.float64]:
    """Depth in metres, (batch, frames, 1, rows, columns), from a recording with record=(("depth", "v"),).

    graph: what ran: the Network, or a Program of it (in either schedule; run it on `program.presented(frames)`, else
    the last frames are left out). One value a frame; without a batch axis where the recording has none.
    """
    if isinstance(graph, Network):
        return np.asarray(recording.states[DEPTH, "v"], np.float64)
    (row,) = [row for row in graph.report if row.population == DEPTH]
    return recording.aligned(DEPTH, "v") / (64.0 * row.scale)


def read_tensors(source: str | PathLike[str] | Mapping[str, Any]) -> Mapping[str, Tensor]:
    """By name; those that a checkpoint holds as whole numbers stay so. Raises FormatError."""
    if isinstance(source, Mapping):
        return {str(name): np.asarray(value) for name, value in source.items()}
    if Path(source).suffix.lower() in (".pt", ".pth"):
        return stored_tensors(source)
    return read_weights(source)


def _argument_faults(dt: Any, reset: Any, inputs: Any, spec: Any) -> Iterator[Fault]:
    yield from step_faults(dt)
    yield from choice_faults("reset", reset, (), "Leave it out: every window begins anew.")
    yield from choice_faults("inputs", inputs, (), "Leave it out: events are counted, and enter as payloads.")
    if not isinstance(spec, StereoSpike):
        limit = "what a state_dict does not say stands in neurokit.converters.stereospike.StereoSpike"
        yield Fault("spec", f"is a {type(spec).__name__}", limit, "Pass spec=StereoSpike(...), or leave it out.")
        return
    for name, value in (("multiply", spec.multiply), ("threshold", spec.threshold)):
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if value is not None and not (number and 0 < value < np.inf):
            yield Fault(name, f"is {value!r}", "it is a positive number", "Pass one, or leave it out.")
    yield from choice_faults("fires", spec.fires, (">", ">="), "Leave it out for the checkpoint's own.")
    yield from choice_faults("fires_residual", spec.fires_residual, (">", ">="), "Leave it out for '>='.")
    if spec.skips not in (None, True, False):
        yield Fault("skips", f"is {spec.skips!r}", "it is True or False", "Leave it out for the checkpoint's own.")


def _shape_faults(shape: Any, model: Model) -> Iterator[Fault]:
    if shape is None:
        return
    whole = isinstance(shape, tuple | list) and len(shape) == 3 and all(type(n) is int and n > 0 for n in shape)
    if not whole:
        mend = f"Pass shape=({model.channels}, rows, columns)."
        yield Fault("shape", f"is {shape!r}", "the input has channels, rows and columns", mend)
    elif shape[0] != model.channels:
        cameras = model.channels // 2
        limit = f"'bottom' takes {model.channels} channels, ON and OFF of {cameras} camera{'s' * (cameras - 1)}"
        mend = f"Pass shape=({model.channels}, {shape[1]}, {shape[2]}), or the other network's weights."
        yield Fault("shape", f"has {shape[0]} channels", limit, mend)


@dataclass(frozen=True, eq=False)
class _Builder:
    """Populations and projections of a model. size: rows and columns of the input. dt: seconds."""

    model: Model
    spec: StereoSpike
    size: tuple[int, int]
    dt: float

    def network(self, source: str) -> Network:
        populations: dict[str, Population] = {}
        projections: list[Projection] = []
        sizes = self._sizes()
        for name, sources in self._sources().items():
            made, wires = self._layer(name, sources, sizes[name])
            populations |= {population.name: population for population in made}
            projections += wires
        populations[DEPTH] = Population(DEPTH, (1, *self.size), LeakyIntegrator(np.asarray(self.dt)))
        for k, name in enumerate(PREDICTIONS):
            projections += self._prediction(name, self._after(DECODER[k]))
        inputs = {EVENTS: Input(EVENTS, (self.model.channels, *self.size))}
        outputs = {DEPTH: populations[DEPTH]}
        return Network(inputs, populations, tuple(projections), outputs, dt=self.dt, source=source)

    # ------------------------------------------------------------------------------------------------- the topology

    def _sizes(self) -> dict[str, tuple[int, int]]:
        """Rows and columns that each layer gives out."""
        sizes = [self.size]
        for _ in ENCODER[1:]:
            rows, columns = sizes[-1]
            sizes.append(((rows + 1) // 2, (columns + 1) // 2))
        decoded = {f"deconv{k}": sizes[k - 1] for k in (4, 3, 2, 1)}
        return {**dict(zip(ENCODER, sizes, strict=True)), **dict.fromkeys(BLOCKS, sizes[4]), **decoded}

    def _sources(self) -> dict[str, tuple[str, ...]]:
        """What each layer adds up before it convolves; a residual block gives out its spikes and its input."""
        first, second = (BLOCKS[1], "conv4"), (BLOCKS[3], BLOCKS[1], "conv4")
        found: dict[str, tuple[str, ...]] = {}
        found |= {name: (before,) for name, before in zip(ENCODER, (EVENTS, *ENCODER[:-1]), strict=True)}
        found |= {BLOCKS[0]: ("conv4",), BLOCKS[1]: (BLOCKS[0],), BLOCKS[2]: first, BLOCKS[3]: (BLOCKS[2],)}
        found["deconv4"] = second
        return found | {after: self._after(before) for before, after in pairwise(DECODER)}

    def _after(self, decoder: str) -> tuple[str, ...]:
        """What leaves a decoder layer: its spikes and, by the skip, those of the encoder at the same size."""
        skips = self.model.skips if self.spec.skips is None else self.spec.skips
        return (decoder, ENCODER[4 - 1 - DECODER.index(decoder)]) if skips else (decoder,)

    # --------------------------------------------------------------------------------------------------- the layers

    def _layer(
        self, name: str, sources: tuple[str, ...], size: tuple[int, int]
    ) -> tuple[list[Population], list[Projection]]:
        weights = self.model.layers[name]
        kind = "resize" if name in DECODER else "halve" if name in ENCODER[1:] else "keep"
        if weights.dense is not None:
            weight, steps = _whole(weights.dense)
            shape: Shape = (weight.shape[0], *size)
            maps = _maps(weight, kind, size)
            neuron = self._neuron(name, weights, steps, whole_input=True)
            return [Population(name, shape, neuron)], [Projection(source, name, maps) for source in sources]
        assert weights.depthwise is not None, "read_model has checked"
        assert weights.pointwise is not None, "read_model has checked"
        between = f"{name}.depthwise"
        depthwise, gain = _whole(weights.depthwise)
        pointwise, steps = _whole(weights.pointwise)
        relay = Population(between, (depthwise.shape[0], *size), Relay(gain))
        spiking = Population(name, (pointwise.shape[0], *size), self._neuron(name, weights, steps, whole_input=False))
        maps = _maps(depthwise, kind, size, groups=depthwise.shape[0])
        wires = [Projection(source, between, maps) for source in sources]
        return [relay, spiking], [*wires, Projection(between, name, (Conv2d(pointwise),))]

    def _neuron(self, name: str, weights: Weights, steps: NDArray[np.float64], whole_input: bool) -> Neuron:
        """steps: what a unit of weight stands for, (channels, 1, 1). whole_input: whether sums are whole numbers."""
        gain = self._multiply() * (1.0 if weights.w is None else 1 / (1 + np.exp(-weights.w)))
        threshold = self.spec.threshold / (gain * steps)
        residual = self.spec.fires_residual if name in BLOCKS else self.spec.fires
        fires: Fires = residual or (">" if self.model.quantised and name not in BLOCKS else ">=")
        if self.model.quantised and whole_input:  # whole sums reach it where they reach the next whole number
            threshold = np.ceil(threshold) if fires == ">=" else np.floor(threshold)
        return LIF(tau=np.asarray(self.dt), threshold=threshold, fires=fires)

    def _multiply(self) -> float:
        folded = self.model.quantised
        default = 1.0 if folded else MULTIPLY[self.model.generation]
        return float(default if self.spec.multiply is None else self.spec.multiply)

    def _prediction(self, name: str, sources: tuple[str, ...]) -> list[Projection]:
        """Into the readout. Both convolutions of v3 are one linear map; its bias comes with the first source."""
        weights, factor = self.model.layers[name], self._multiply()
        assert weights.bias is not None, "read_model has checked"
        bias = weights.bias
        if weights.dense is not None:
            weight = plain(weights.dense)
        else:
            assert weights.depthwise is not None, "read_model has checked"
            assert weights.pointwise is not None, "read_model has checked"
            assert weights.depthwise_bias is not None, "read_model has checked"
            mixed = plain(weights.pointwise)[:, :, 0, 0]
            weight = mixed[:, :, None, None] * plain(weights.depthwise)[None, :, 0]
            bias = bias + mixed @ weights.depthwise_bias
        weight = factor * weight
        plain_maps = _maps(weight, "resize", self.size)
        first_maps = _maps(weight, "resize", self.size, bias=factor * bias)
        return [Projection(s, DEPTH, first_maps if k == 0 else plain_maps) for k, s in enumerate(sources)]


def _whole(tensor: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(weights, what a unit of them stands for by output channel): the integers themselves where they are stored so."""
    if isinstance(tensor, QuantisedTensor):
        scale = np.broadcast_to(tensor.scale, tensor.shape)
        steps = scale[:, 0, 0, 0]
        if (scale == steps[:, None, None, None]).all():
            return tensor.values - tensor.zero, steps[:, None, None]
    return plain(tensor), np.ones(())


def _maps(
    weight: NDArray[np.float64],
    kind: str,
    size: tuple[int, int],
    groups: int = 1,
    bias: NDArray[np.float64] | None = None,
) -> tuple[Synapse, ...]:
    """kind: "keep" the size, "halve" it, or "resize" to `size` and what the kernel takes off, without padding."""
    rows, columns = weight.shape[2:]
    if kind == "resize":
        return Upsample2d((size[0] + rows - 1, size[1] + columns - 1)), Conv2d(weight, groups=groups, bias=bias)
    stride = (2, 2) if kind == "halve" else (1, 1)
    return (Conv2d(weight, stride=stride, padding=(rows // 2, columns // 2), groups=groups),)


__all__ = ["DEPTH", "EVENTS", "LAYERS", "StereoSpike", "load", "read_depth"]
