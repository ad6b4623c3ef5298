"""Bare weights (`.pt`, `.pth`, `.safetensors`, `.npz`) with a specification of the layers and neurons they belong to.

Weights alone do not say what lies between them, so `spec=` does: a mapping, or a JSON file of one.

    spec = {
        "shape": [2, 34, 34],                                    # of one sample of the input; or shape=
        "dt": 1e-3,                                              # seconds per step; or dt=
        "layers": [
            {"layer": "conv2d", "weights": "features.0", "stride": 2},      # features.0.weight, features.0.bias
            {"layer": "batch_norm", "weights": "features.1"},
            {"neuron": "LIF", "keep": 0.9, "threshold": 1.0, "fires": ">", "reset": "soft"},
            {"layer": "flatten"},
            {"layer": "linear", "weights": "classifier"},
            {"neuron": "IF", "name": "out", "threshold": {"tensor": "out.threshold"}},
        ],
    }

Each entry follows the one before; "from" names others: one, or several, which are added (layer "join": put one after
the other along "axis"). "name" names an entry, "input" is the input. Entries named in "outputs" (beside "layers") are
outputs, by default the last. "delay": steps that an entry waits for its input: a loop needs one.

Neurons are those of the graph, with its own fields (tau and the like in seconds), or told by what a step does: "keep"
is what is left of v, "gain" what a unit of input adds, "keep_current" and "gain_current" the same for a synaptic
current; "subtracts" as many thresholds as a soft reset takes off. Fields are numbers, lists, or {"tensor": NAME} of the
file. Layers and their keys: LAYERS below.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from os import PathLike
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from neurokit.converters import stereospike
from neurokit.converters.arguments import check_arguments, choice_faults, step_faults
from neurokit.converters.dataflow import Cells, Join, Linear, Node, Scale, Sink, Source, Wait, build
from neurokit.converters.dataflow_paths import Unfit
from neurokit.converters.stereospike_keys import is_stereospike
from neurokit.converters.torch_neurons import Context, Refusal, Step, readout, spiking
from neurokit.converters.weight_files import read_weights
from neurokit.errors import ConversionError, Fault, FormatError, InputError
from neurokit.graph.network import Network
from neurokit.graph.neurons import IF, LIF, CubaLeakyIntegrator, CubaLIF, Integrator, LeakyIntegrator, Neuron
from neurokit.graph.synapses import Conv2d, ConvTranspose2d, Dense, Flatten, Shape, SumPool2d, Upsample2d, pair

Array = NDArray[Any]
Entry = Mapping[str, Any]

NEURONS: Mapping[str, type[Neuron]] = {
    kind.__name__: kind for kind in (IF, LIF, CubaLIF, Integrator, LeakyIntegrator, CubaLeakyIntegrator)
}
STEP = ("keep", "gain", "keep_current", "gain_current")
_COMMON = ("name", "from", "delay")
_SIZES = ("stride", "padding", "dilation", "groups")
# Layer -> the keys it may have beside the common ones.
LAYERS: Mapping[str, tuple[str, ...]] = {
    "linear": ("weights",),
    "conv2d": ("weights", *_SIZES),
    "conv_transpose2d": ("weights", *_SIZES, "output_padding"),
    "batch_norm": ("weights", "epsilon"),
    "scale": ("factor", "offset"),
    "sum_pool": ("kernel", "stride", "padding"),
    "average_pool": ("kernel", "stride", "padding"),
    "upsample": ("size",),
    "flatten": (),
    "join": ("axis",),
}


def load(
    source: str | PathLike[str],
    *,
    dt: float | None = None,
    reset: str | None = None,
    inputs: str | None = None,
    shape: Any = None,
    spec: Any = None,
) -> Network:
    """Read weights and put them into the network that `spec` describes; see the module.

    shape, dt: where the specification leaves them out. reset: "hard" or "soft", of neurons that state none. inputs:
    none.
    Files whose keys are a StereoSpike's need no specification; `stereospike.load` reads them.
    Raises FormatError when the file cannot be read, InputError for a specification that is none, ConversionError with
    every entry that does not fit.
    """
    tensors = stereospike.read_tensors(source) if spec is None else None
    if isinstance(spec, stereospike.StereoSpike) or (tensors is not None and is_stereospike(tensors)):
        return stereospike.load(source, dt=dt, reset=reset, inputs=inputs, shape=shape, spec=spec, tensors=tensors)
    check_arguments(_argument_faults(dt, reset, inputs, spec, source))
    told = _specification(spec)
    weights = read_weights(source)
    step = dt if dt is not None else told.get("dt")
    check_arguments(step_faults(step))
    given = shape if shape is not None else told.get("shape")
    if not _is_shape(given):
        mend = 'Pass shape=(channels, rows, columns), or "shape" in the specification.'
        raise InputError(Fault("shape", f"is {given!r}", "the input's shape is needed", mend))
    reader = _Reader(weights, None if step is None else float(step), reset)
    reader.run(tuple(given), told["layers"], told.get("outputs"))
    if reader.faults:
        raise ConversionError(reader.faults)
    return build(reader.nodes, reader.edges, dt=reader.dt, source=Path(source).name, kind="a specification")


def _is_shape(value: Any) -> TypeGuard[Sequence[int]]:
    return isinstance(value, list | tuple) and bool(value) and all(type(n) is int and n > 0 for n in value)


def _argument_faults(dt: Any, reset: str | None, inputs: str | None, spec: Any, source: Any) -> Any:
    yield from step_faults(dt)
    yield from choice_faults("reset", reset, ("hard", "soft"), "Leave it out for hard.")
    yield from choice_faults("inputs", inputs, (), "Leave it out: only a .net file has an input layer to drive.")
    if spec is None:
        limit = "weights alone do not say which layers and neurons they belong to"
        mend = "Pass spec= (see neurokit.converters.from_weights), or the module itself: nk.convert(module, shape=...)."
        yield Fault("spec", "was not given", limit, mend)


def _specification(spec: Any) -> dict[str, Any]:
    if isinstance(spec, str | PathLike):
        try:
            spec = json.loads(Path(spec).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            mend = "Pass a mapping, or the path of a JSON file."
            raise FormatError(
                Fault(str(spec), f"cannot be read ({error})", "a specification is needed", mend)
            ) from error
    if isinstance(spec, list | tuple):
        spec = {"layers": spec}
    entries = spec.get("layers") if isinstance(spec, Mapping) else None
    unknown = [*(spec.keys() - {"shape", "dt", "layers", "outputs"})] if isinstance(spec, Mapping) else []
    if (
        not isinstance(entries, list | tuple)
        or not all(isinstance(e, Mapping) for e in entries)
        or not entries
        or unknown
    ):
        fact = f"has {unknown[0]!r}" if unknown else "lists no layers"
        limit = "a specification has 'layers' (mappings), and may have 'shape', 'dt' and 'outputs'"
        raise InputError(Fault("spec", fact, limit, "See neurokit.converters.from_weights."))
    outputs = spec.get("outputs", [""])
    if not isinstance(outputs, list | tuple) or not outputs or not all(isinstance(name, str) for name in outputs):
        mend = "Give a list of names, or leave it out for the last entry."
        raise InputError(Fault("spec", f"has the outputs {outputs!r}", "outputs are listed by name", mend))
    return {**spec}


@dataclass(eq=False)
class _Reader:
    """Nodes and edges of a specification, and what is wrong with it."""

    weights: Mapping[str, Array]
    dt: float | None
    reset: str | None
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def run(self, shape: Shape, entries: Sequence[Entry], outputs: Sequence[str] | None) -> None:
        """All nodes and edges."""
        self.nodes["input"] = Source(shape)
        names = ["input"]
        for number, entry in enumerate(entries):
            name = str(entry.get("name", f"{number}-{entry.get('layer', entry.get('neuron', 'entry'))}"))
            if name in self.nodes:
                self._fault(name, "is named twice", "each entry has a name of its own", "Rename one.")
                continue
            self.nodes[name] = Source(shape)  # until it is read, so that loops may name it
            self._entry(name, entry, names[-1])
            names.append(name)
        known = set(self.nodes)
        for start, end in self.edges:
            if start not in known:
                self._fault(end, f"is fed from '{start}'", f"entries are {', '.join(names)[:200]}", "Name one of them.")
        read = names[-1:] if outputs is None else list(dict.fromkeys(outputs))
        for name in read:
            if name not in known:
                self._fault(name, "is an output but no entry", "outputs are entries", "Name one of them.")
            sink = "output" if len(read) == 1 and "output" not in known else f"output {name}"
            self.nodes[sink] = Sink()
            self.edges.append((name, sink))
        self._unused()

    def _fault(self, node: str, fact: str, limit: str, mend: str) -> None:
        self.faults.append(Fault(node, fact, limit, mend))

    def _unused(self) -> None:
        """Weights that nothing uses are likely a mistake; counters and quantisers' own scales are not."""
        left = [
            name for name in self.weights if name not in self.used and name.rpartition(".")[2] in ("weight", "bias")
        ]
        for name in left[:20]:
            mend = "Add the layer it belongs to, or remove the tensor."
            self._fault(name, "is used by no entry", "a specification uses all weights and biases", mend)

    def _entry(self, name: str, entry: Entry, before: str) -> None:
        starts = entry.get("from", before)
        starts = [str(start) for start in starts] if isinstance(starts, list | tuple) else [str(starts)]
        try:
            self.nodes[name] = self._neuron(entry) if "neuron" in entry else self._layer(entry)
            delay = entry.get("delay", 0)
            if type(delay) is not int or delay < 0:
                raise Unfit(f"has the delay {delay!r}", "delays are whole steps", "Give a number of steps.")
            if delay and self.dt is None:
                raise Unfit("has a delay", "a step takes time", "Pass dt= in seconds.")
        except Unfit as unfit:
            self._fault(name, *unfit.words)
            return
        except Refusal as refusal:
            self.faults += [Fault(name, *words) for words in refusal.every]
            return
        target = name
        if delay:
            target = f"{name} (delay)"
            self.nodes[target] = Wait(np.asarray(delay * (self.dt or 0.0)))
            self.edges.append((target, name))
        self.edges += [(start, target) for start in starts]

    # ----------------------------------------------------------------------------------------------------- neurons

    def _neuron(self, entry: Entry) -> Cells:
        kind = str(entry["neuron"])
        if kind not in NEURONS:
            raise Unfit(f"is a neuron '{kind}'", f"known are {', '.join(NEURONS)}", "Choose one of them.")
        values = {key: self._value(value) for key, value in entry.items() if key not in ("neuron", "shape", *_COMMON)}
        if self.reset is not None and kind in ("IF", "LIF", "CubaLIF"):
            values.setdefault("reset", self.reset)
        shape = entry.get("shape")
        if shape is not None and not _is_shape(shape):
            raise Unfit(f"has shape {shape!r}", "it lists whole numbers of at least 1", "Give it as [n, ...].")
        if any(key in values for key in STEP):
            try:
                return Cells(self._by_step(kind, values), None if shape is None else tuple(shape))
            except (TypeError, ValueError) as error:
                raise Unfit(
                    f"has a value that is no number ({error})", "numbers are needed", "Give numbers."
                ) from error
        known = {one.name for one in fields(NEURONS[kind])}  # type: ignore[arg-type]
        self._no_others(values, known)
        try:
            return Cells(NEURONS[kind](**values), None if shape is None else tuple(shape))
        except (TypeError, ValueError) as error:
            said = str(error).replace("__init__() ", "")
            raise Unfit(
                f"is no {kind} ({said})", "its fields are those of the graph", "See neurokit.graph.neurons."
            ) from error

    def _by_step(self, kind: str, values: Mapping[str, Any]) -> Neuron:
        """A neuron told by what is left of its states in a step."""
        if kind == "CubaLeakyIntegrator":
            limit = "of neurons without spikes, Integrator and LeakyIntegrator are told by a step"
            raise Unfit("is told by what a step keeps", limit, "Give its tau_syn and tau_mem in seconds.")
        context = Context(self.dt)
        told = {"keep_v": values.get("keep", 1.0), "gain_v": values.get("gain", 1.0)}
        if kind in ("Integrator", "LeakyIntegrator"):
            self._no_others(values, {"keep", "gain"})
            return readout(told["keep_v"], told["gain_v"], context)
        rest = {key: value for key, value in values.items() if key not in STEP}
        self._no_others(rest, {"threshold", "v_reset", "v_leak", "reset", "fires", "subtracts"})
        if kind == "CubaLIF":
            told |= {"keep_u": values.get("keep_current", 0.0), "gain_u": values.get("gain_current", 1.0)}
        elif "keep_current" in values or "gain_current" in values:
            raise Unfit("has a current", f"an {kind} has none", "Make it a CubaLIF.")
        return spiking(Step(**{"threshold": 1.0, **told, **rest}), context)

    def _no_others(self, values: Mapping[str, Any], known: set[str]) -> None:
        others = sorted(values.keys() - known)
        if others:
            raise Unfit(f"has {', '.join(map(repr, others))}", f"known are {', '.join(sorted(known))}", "Remove it.")

    def _value(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return np.asarray(self._tensor(str(value.get("tensor"))), np.float64)
        if isinstance(value, list | tuple):
            try:
                return np.asarray(value, np.float64)
            except (TypeError, ValueError) as error:
                raise Unfit(f"has the value {value!r}"[:200], "numbers are needed", "Give numbers.") from error
        return value

    # ------------------------------------------------------------------------------------------------------ layers

    def _layer(self, entry: Entry) -> Node:
        kind = str(entry.get("layer"))
        if kind not in LAYERS:
            raise Unfit(f"is a layer '{kind}'", f"known are {', '.join(LAYERS)}", "Choose one of them.")
        self._no_others({key: 0 for key in entry if key not in ("layer", *_COMMON)}, {*LAYERS[kind]})
        try:
            return _MAKE[kind](self, entry)
        except (TypeError, ValueError) as error:
            limit = "sizes are whole numbers, one or two of them"
            raise Unfit(f"cannot be made ({error})", limit, "Check its entries.") from error

    def _tensor(self, name: str, *, rank: int | None = None) -> Array:
        if name not in self.weights:
            near = [other for other in self.weights if other.rpartition(".")[2] == name.rpartition(".")[2]][:5]
            raise Unfit(
                f"needs the tensor '{name}'", f"the file holds {', '.join(near) or 'others'}", "Check its name."
            )
        self.used.add(name)
        with np.errstate(invalid="ignore"):  # of NaN, which is told elsewhere
            found = np.asarray(self.weights[name], np.float64)
        if rank is not None and found.ndim != rank:
            limit = f"{rank} axes are needed"
            raise Unfit(f"'{name}' has shape {found.shape}", limit, "Check the layer's kind.")
        return found

    def _pair_of(self, entry: Entry, rank: int) -> tuple[Array, Array | None]:
        """weight and bias of a layer."""
        name = str(entry.get("weights"))
        bias = f"{name}.bias"
        weight = self._tensor(f"{name}.weight" if f"{name}.weight" in self.weights else name, rank=rank)
        return weight, self._tensor(bias, rank=1) if bias in self.weights else None

    def linear(self, entry: Entry) -> Node:
        """y = weight x + bias."""
        return Linear(Dense(*self._pair_of(entry, 2)))

    def conv2d(self, entry: Entry) -> Node:
        """torch's Conv2d."""
        weight, bias = self._pair_of(entry, 4)
        return Linear(Conv2d(weight, bias=bias, **_sizes(entry)))

    def conv_transpose2d(self, entry: Entry) -> Node:
        """torch's ConvTranspose2d."""
        weight, bias = self._pair_of(entry, 4)
        more = pair(entry.get("output_padding", 0))
        return Linear(ConvTranspose2d(weight, bias=bias, output_padding=more, **_sizes(entry)))

    def batch_norm(self, entry: Entry) -> Node:
        """torch's BatchNorm in eval mode."""
        name = str(entry.get("weights"))
        scale, shift = self._pair_of(entry, 1)
        mean, spread = (self._tensor(f"{name}.{part}", rank=1) for part in ("running_mean", "running_var"))
        factor = scale / np.sqrt(spread + float(entry.get("epsilon", 1e-5)))
        return Scale(factor, (0.0 if shift is None else shift) - mean * factor)

    def scale(self, entry: Entry) -> Node:
        """factor x + offset."""
        factor, offset = (np.asarray(self._value(entry.get(key, plain)), np.float64) for key, plain in _AFFINE)
        return Scale(factor, offset if offset.any() else None)

    def sum_pool(self, entry: Entry) -> Node:
        """Sum over windows."""
        return Linear(_pool(entry, 1.0))

    def average_pool(self, entry: Entry) -> Node:
        """Mean over windows, padding included."""
        kernel = pair(entry.get("kernel", 2))
        return Linear(_pool(entry, 1 / (kernel[0] * kernel[1])))

    def upsample(self, entry: Entry) -> Node:
        """Nearest-neighbour resize."""
        return Linear(Upsample2d(pair(entry.get("size"))))

    def flatten(self, entry: Entry) -> Node:
        """All axes into one."""
        return Linear(Flatten())

    def join(self, entry: Entry) -> Node:
        """Concatenation."""
        axis = entry.get("axis", 0)
        if type(axis) is not int:
            raise TypeError(f"axis {axis!r} is no whole number")
        return Join(axis)


_AFFINE = (("factor", 1.0), ("offset", 0.0))
_MAKE: Mapping[str, Callable[[_Reader, Entry], Node]] = {name: getattr(_Reader, name) for name in LAYERS}


def _sizes(entry: Entry) -> dict[str, Any]:
    plain = {"stride": 1, "padding": 0, "dilation": 1}
    return {**{key: pair(entry.get(key, value)) for key, value in plain.items()}, "groups": int(entry.get("groups", 1))}


def _pool(entry: Entry, weight: float) -> SumPool2d:
    kernel = pair(entry.get("kernel", 2))
    stride = pair(entry["stride"]) if "stride" in entry else kernel
    return SumPool2d(kernel, stride, pair(entry.get("padding", 0)), np.asarray(weight, np.float64))
