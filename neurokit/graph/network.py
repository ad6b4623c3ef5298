"""Network and Program: the same graph in floats and seconds, and in the chip's integers and steps."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError
from neurokit.graph.fixed_plasticity import FixedRule
from neurokit.graph.neurons import FixedNeuron, Neuron
from neurokit.graph.plasticity import Rule
from neurokit.graph.synapses import Shape, Synapse

Delay: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class Input:
    """A place where data enter. shape: of one step of one sample, without batch and time."""

    name: str
    shape: Shape


@dataclass(frozen=True, eq=False)
class Population:
    """Neurons of one kind. shape: (n,) or (channels, height, width)."""

    name: str
    shape: Shape
    neuron: Neuron

    @property
    def size(self) -> int:
        """Number of neurons."""
        return int(np.prod(self.shape, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses from a source (input or population) to a target population.

    synapses: maps applied one after the other; exactly one in a Program.
    delay: time from a spike to its arrival: seconds in a Network, whole steps in a Program (1 is the chip's own
        connection step); a scalar, or an array that broadcasts to (targets, sources).
    port: which of the target neuron's `ports` it feeds; "" for all that have one input only; "modulation" brings a
        population the third factor of the plastic projections into it (`graph.signals`).
    plasticity: how its weights change while the network runs; a Rule in a Network, a FixedRule in a Program, None for
        weights that stay.
    """

    source: str
    target: str
    synapses: tuple[Synapse, ...]
    delay: Delay = field(default_factory=lambda: np.zeros(()))
    port: str = ""
    plasticity: Rule | FixedRule | None = None

    def __post_init__(self) -> None:
        delay = np.array(self.delay)
        delay.setflags(write=False)
        object.__setattr__(self, "delay", delay)
        object.__setattr__(self, "synapses", tuple(self.synapses))

    @property
    def name(self) -> str:
        """`source->target`, with a port of its own `source->target.port`."""
        return f"{self.source}->{self.target}" + (f".{self.port}" if self.port else "")

    @property
    def synapse(self) -> Synapse:
        """The single map of a Program's projection."""
        (synapse,) = self.synapses
        return synapse


@dataclass(frozen=True, eq=False, repr=False)
class _Graph:
    inputs: Mapping[str, Input]
    populations: Mapping[str, Population]
    projections: tuple[Projection, ...]
    outputs: Mapping[str, Population]

    def __post_init__(self) -> None:
        outputs = {name: self.populations.get(name, node) for name, node in self.outputs.items()}  # one object each
        for name, nodes in (("inputs", self.inputs), ("populations", self.populations), ("outputs", outputs)):
            object.__setattr__(self, name, MappingProxyType(dict(nodes)))
        object.__setattr__(self, "projections", tuple(self.projections))

    def __reduce__(self) -> tuple[Any, ...]:
        """Mapping proxies do not pickle, dicts do."""
        values = (getattr(self, field.name) for field in fields(self))
        return type(self), tuple(dict(v) if isinstance(v, MappingProxyType) else v for v in values)

    def __repr__(self) -> str:
        """Headline facts; `neurokit inspect` tells more."""
        neurons = sum(population.size for population in self.populations.values())
        ends = f"{', '.join(self.inputs)} -> {', '.join(self.outputs)}"
        return f"<{type(self).__name__} {ends}: {len(self.populations)} populations, {neurons} neurons>"

    def shape_of(self, name: str) -> Shape:
        """Shape of an input or population."""
        return self.inputs[name].shape if name in self.inputs else self.populations[name].shape

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a `.nk` file (docs/format.md), or a `.nir` file (a Network that NIR can express) if that is its suffix.

        Raises OutputError when the place cannot be written, ConversionError with all that NIR cannot express.
        """
        from neurokit.graph.io import save  # io reads and writes these classes

        save(self, path)  # type: ignore[arg-type]  # a Network or a Program

    @property
    def learns(self) -> bool:
        """Whether any projection has a plasticity rule."""
        return any(p.plasticity is not None for p in self.projections)

    def incoming(self, name: str) -> tuple[Projection, ...]:
        """Projections that end at population `name`."""
        return tuple(p for p in self.projections if p.target == name)


@dataclass(frozen=True, eq=False, repr=False)
class Network(_Graph):
    """A trained network as its source means it: floats, SI units, explicit conventions.

    inputs, populations, outputs: by name. projections: with delays in seconds.
    dt: seconds per step, None where nothing in the network depends on it.
    source: name of the file it came from, for reports only.
    steps_per_sample: steps for which the source was trained to see a sample, each from rest; 0 where it says none.

    Populations whose neuron is a FixedNeuron, with integer weights, come from sources that are integers already.
    """

    dt: float | None = None
    source: str = ""
    steps_per_sample: int = 0

    def presented(self, frames: Any) -> Any:
        """What `run` takes so that each frame is shown for `steps_per_sample` steps (1 where the source says none).

        frames: (batch, n, *shape) or (n, *shape); an array for a single input, else arrays by name. InputError for
        other shapes.
        """
        every = max(1, self.steps_per_sample)
        if isinstance(frames, Mapping):
            return {name: _repeated(self.inputs, name, values, every) for name, values in frames.items()}
        return _repeated(self.inputs, next(iter(self.inputs)), frames, every)

    @property
    def is_integer(self) -> bool:
        """Whether the source holds the chip's integers already (all neurons are FixedNeurons)."""
        return all(isinstance(p.neuron, FixedNeuron) for p in self.populations.values())

    def frozen(self) -> Network:
        """This network without plasticity: its weights stay as they are, what feeds third factors only is left out."""
        from neurokit.graph.learned import frozen  # it makes these classes

        return frozen(self)

    def with_plasticity(
        self,
        projection: str,
        rule: Rule | None,
        *,
        modulation: str | None = None,
        feedback: Any = None,
        delay: float = 0.0,
    ) -> Network:
        """This network with `rule` on one of its projections; None takes a rule away.

        projection: its name, "source->target". rule: of `nk.rules`, or one's own.
        modulation: where the rule's third factor comes from: an input or a population of the network, or the name of a
        new input, which then has the target's shape (with feedback: as many values as that has columns). feedback:
        weights (targets, values) by which it reaches each neuron of the target; None: one to one. delay: seconds it
        takes. Every plastic projection into the same population hears the same third factor.
        InputError for names that are not there, shapes that do not fit and rules without a third factor.
        """
        from neurokit.graph.learning import with_plasticity  # it makes these classes

        return with_plasticity(self, projection, rule, modulation, feedback, delay)


@dataclass(frozen=True)
class LayerReport:
    """What compilation did to one population and the synapses that feed it.

    scale: units of weight per unit of the source's weight (1 for integer sources).
    weight_bits, weight_exponent: width and exponent of the widest incoming projection.
    weight_error: root mean square of (integer / scale - float) over root mean square of the floats.
    threshold_error, decay_error: relative error of the threshold; error of the per-step decay factor.
    notes: approximations and insertions, in words.
    payload_scale: units of the integer payload per unit of what the source's neurons send (1 of those that spike).
    output_error: root mean square of what rounded weights add to the input, over that of the input, both on the
    samples of a calibration; None without.
    headroom: bits between the largest current (of graded neurons: state, of readouts also potential) that the float
    run of a calibration showed, in units of the chip, and the 24 bits there are; None without. worst_headroom: the
    same in the worst case, all sources firing at once (`lower.bounds`); below 0 it may wrap, None without end.
    """

    population: str
    scale: float
    weight_bits: int
    weight_exponent: int
    weight_error: float
    threshold_error: float
    decay_error: float
    notes: tuple[str, ...] = ()
    payload_scale: float = 1.0
    output_error: float | None = None
    headroom: float | None = None
    worst_headroom: float | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Program(_Graph):
    """A network in Loihi's integers: one meaning, bit for bit, on every backend that accepts it.

    All neurons are FixedNeurons, all projections have one synapse with integer weights and whole delays >= 1 step (an
    Injection has 0). latency: per population, steps it lags behind the input. targets: what can run it, from spikes
    that enter. report: per population, what compilation did. dt: seconds that one step stands for, None if unknown.
    input_scale: per input, units of payload per unit of the source's input, where that is not 1; see `scaled`.
    steps_per_frame: steps for which each step of the source's input stays at the input: 1, or more where it was
    compiled with schedule="hold"; see `presented`. steps_per_sample: as of the Network it was compiled from.
    """

    latency: Mapping[str, int] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    report: tuple[LayerReport, ...] = ()
    dt: float | None = None
    source: str = ""
    input_scale: Mapping[str, float] = field(default_factory=dict)
    steps_per_frame: int = 1
    steps_per_sample: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "latency", MappingProxyType(dict(self.latency)))
        object.__setattr__(self, "input_scale", MappingProxyType(dict(self.input_scale)))

    def frozen(self) -> Program:
        """This Program without plasticity: its weights stay, what feeds third factors only is left out.

        Fixed weights have one bit less than learning ones: of a projection with weights of both signs beyond -128..127
        they are rounded to even numbers.
        """
        from neurokit.graph.learned import frozen  # it makes these classes

        return frozen(self)

    def presented(self, frames: Any) -> Any:
        """What `run` takes so that whole frames pass: `scaled(frames)` in the Program's own time.

        frames: (batch, n, *shape) or (n, *shape), n steps of the source; an array for a single input, else arrays by
        name. Where the source shows a sample for some steps (`steps_per_sample`), each frame is a sample and is
        repeated so. With steps_per_frame 1 as many silent steps follow as the deepest population lags behind; else each
        frame is repeated, and `Recording.aligned` picks the step in which it has arrived. InputError as for `scaled`,
        and for what lacks the axis of steps.
        """
        scaled = self.scaled(frames)
        if isinstance(scaled, Mapping):
            return {name: self._presented(name, values) for name, values in scaled.items()}
        return self._presented(next(iter(self.inputs)), scaled)

    def _presented(self, name: str, values: NDArray[np.int32]) -> NDArray[np.int32]:
        every = self.steps_per_frame * max(1, self.steps_per_sample)
        found = _repeated(self.inputs, name, values, every)
        if self.steps_per_frame > 1:
            return found
        after = [(0, 0)] * found.ndim
        after[found.ndim - len(self.inputs[name].shape) - 1] = (0, max(self.latency.values(), default=0))
        return np.pad(found, after)

    def scaled(self, inputs: Any) -> Any:
        """The source's inputs as the integers that this Program takes: rint(input_scale x), int32.

        inputs: an array for a single input, else arrays by name, of any shape. Where a scale is 1 whole numbers stay
        as they are. InputError beyond the payload's 24 bits, and for unknown names and what are no numbers.
        """
        known = ", ".join(self.inputs)
        if isinstance(inputs, Mapping):
            faults = [
                Fault(str(name), "is no input", f"inputs: {known}", "Use these names.")
                for name in inputs
                if name not in self.inputs
            ]
            if faults:
                raise InputError(faults)
            return {name: self._scaled(name, values) for name, values in inputs.items()}
        if len(self.inputs) > 1:
            fact = "is a bare array"
            raise InputError(Fault("inputs", fact, f"there are inputs {known}", "Pass a dict by name."))
        return self._scaled(next(iter(self.inputs)), inputs)

    def _scaled(self, name: str, values: Any) -> NDArray[np.int32]:
        values = np.asarray(values)
        if values.dtype.kind not in "biuf":
            raise InputError(Fault(name, f"has type {values.dtype}", "numbers are needed", "Pass an array of numbers."))
        found = np.rint(values * self.input_scale.get(name, 1.0))
        if not (np.abs(found) < 1 << 23).all():
            fact = (
                f"holds values of up to {np.abs(values).max():g}, times the scale {self.input_scale.get(name, 1.0):g}"
            )
            raise InputError(Fault(name, fact, "payloads have 24 bits signed", "Compile with calibrate= of such data."))
        return np.asarray(found, np.int32)

    def __str__(self) -> str:
        """What compilation did to each population, as a table."""
        from neurokit.graph.text import report_text  # it reads these classes

        return report_text(self)

    def neuron(self, name: str) -> FixedNeuron:
        """Neuron of population `name`."""
        neuron = self.populations[name].neuron
        if not isinstance(neuron, FixedNeuron):  # our own bug: `check_program` refuses any other
            raise AssertionError(f"population '{name}' of a Program has a {type(neuron).__name__}")
        return neuron


def _repeated(inputs: Mapping[str, Input], name: str, frames: Any, every: int) -> NDArray[Any]:
    """Frames of an input, (batch, n, *shape) or (n, *shape), each `every` times; InputError for other shapes."""
    if name not in inputs:
        raise InputError(Fault(str(name), "is no input", f"inputs: {', '.join(inputs)}", "Use these names."))
    values, shape = np.asarray(frames), inputs[name].shape
    if values.ndim not in (len(shape) + 1, len(shape) + 2) or values.shape[values.ndim - len(shape) :] != shape:
        limit = f"frames have shape (n, {', '.join(map(str, shape))}), with a batch axis before it or without"
        raise InputError(Fault(name, f"has shape {values.shape}", limit, "Give n frames of a sample."))
    return np.repeat(values, every, axis=values.ndim - len(shape) - 1)
