"""SLAYER / netx `.net` files (lava-dl's HDF5 export) as Networks; the integers pass through untouched.

Neither torch nor lava is needed. Semantics: lava-dl 0.6.0, slayer/block/base.py and netx/hdf5.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from neurokit.converters import slayer_layers, slayer_neurons
from neurokit.converters.arguments import check_arguments, choice_faults, step_faults
from neurokit.converters.hdf5 import Tree, read_tree
from neurokit.converters.slayer_values import Layer, input_shape, input_shape_faults, size, text, weights
from neurokit.errors import ConversionError, Fault, FormatError, InputError
from neurokit.graph.check import check_network
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.synapses import Conv2d, Injection, Shape

_KIND = "a SLAYER network"
_INPUT = "input"


def load(
    path: str | PathLike[str],
    *,
    dt: float | None = None,
    reset: str | None = None,
    inputs: str | None = None,
) -> Network:
    """Read a `.net` file.

    Populations are named `<index>-<type>` after their layer ("0-input", "1-conv", "7-dense"); a flatten layer gives
    none. The last population is the output. A last `average` layer is left out, and Network.source says so.

    path: the file. dt: seconds per step; None: the file's Ts in milliseconds, or 1 ms. reset: None or "hard" (SLAYER's
    neurons reset to zero). inputs: how data enter.
        "current" (when the input layer has neurons): data of the input layer's shape are added to the current of
        population "0-input" in each step, as SLAYER does; they are integers in units of a weight (Loihi's bias
        mantissa). The layer's own `weight` and `bias` are not applied: for raw data x in the range the network was
        trained with, give round(weight * x + bias). netx adds the same number to the potential, past the current;
        with iDecay 4096, the usual input layer, that is the same. A sigma-delta input layer takes the data themselves
        (whole numbers, in the units of its threshold) and encodes their changes.
        "spikes" (otherwise): the input layer is passed by and spikes of its shape feed the next layer. A file without
        input layer takes spikes of shape (inFeatures,).
    Delays: each connection takes one step; a layer's `delay` comes on top, at its targets, as in netx.
    Sigma-delta payloads and states have 6 and 12 bits behind the point, as by default in netx.
    A layer without neurons, or with vThMant above 17 bits, is a readout if it is the last, and never fires.

    Raises FormatError when the file cannot be read, ConversionError with every fault of every layer, InputError for
    arguments that do not fit the file.
    """
    check_arguments(_argument_faults(dt, reset, inputs))
    tree = read_tree(path, _KIND)
    layers, note = _layers(str(path), tree)
    by_current = _by_current(layers, inputs)
    builder = _Builder(*_step(tree, dt))
    builder.enter(layers, by_current)
    for layer in layers:
        if layer.index > 0 or layer.kind != "input" or by_current:
            builder.add(layer)
    if builder.faults:
        raise ConversionError(builder.faults)
    network = Network(
        inputs={_INPUT: Input(_INPUT, builder.input_shape)},
        populations={population.name: population for population in builder.populations},
        projections=tuple(builder.projections),
        outputs={population.name: population for population in builder.populations[-1:]},
        dt=builder.step,
        source=f"{Path(path).name}{note}",
    )
    return check_network(network)


def _argument_faults(dt: float | None, reset: str | None, inputs: str | None) -> Iterator[Fault]:
    yield from step_faults(dt)
    yield from choice_faults("reset", reset, ("hard",), "SLAYER's neurons reset to zero: leave reset out.")
    yield from choice_faults("inputs", inputs, ("current", "spikes"), "Leave it out to follow the file.")


def _layers(path: str, tree: Tree) -> tuple[list[Layer], str]:
    """The layers in order, and what is to be said of a last average layer that is left out."""
    groups = tree.get("layer")
    if not isinstance(groups, dict) or not groups:
        raise _broken(path, "has no /layer group", "Check that this is a network exported by SLAYER.")
    if set(groups) != {str(index) for index in range(len(groups))}:
        found = ", ".join(sorted(groups, key=lambda name: (len(name), name)))
        raise _broken(path, f"has layers {found}", "Export it again: a layer is missing.")
    kinds: list[str] = []
    for index in range(len(groups)):
        group = groups[str(index)]
        kind = text(group["type"]) if isinstance(group, dict) and "type" in group else None
        if kind is None:
            raise _broken(path, f"states no type of layer {index}", "Export it again.")
        kinds.append(kind)
    note = ""
    if kinds[-1] == "average" and len(kinds) > 1:
        index = len(kinds) - 1
        note = f" (without its last layer {index}-average: average over equal groups of output neurons yourself)"
        kinds.pop()
    last = max((index for index, kind in enumerate(kinds) if kind != "flatten"), default=0)
    return [Layer(i, kind, groups[str(i)], i >= last) for i, kind in enumerate(kinds)], note


def _broken(path: str, fact: str, mend: str) -> FormatError:
    return FormatError(Fault(path, fact, f"{_KIND} holds layer/0, layer/1, ... without gaps", mend))


def _by_current(layers: Sequence[Layer], inputs: str | None) -> bool:
    """Whether data drive an input population rather than pass it by."""
    has_neurons = layers[0].kind == "input" and "neuron" in layers[0].data
    if inputs == "current" and not has_neurons:
        fact = "is 'current', but the file has no input layer with neurons"
        mend = "Pass inputs='spikes', or leave it out."
        raise InputError(Fault("inputs", fact, "a current needs neurons to drive", mend))
    return has_neurons and inputs != "spikes"


def _step(tree: Tree, dt: float | None) -> tuple[float, list[Fault]]:
    """Seconds per step, and what is wrong with them."""
    if dt is not None:
        return float(dt), []
    simulation = tree.get("simulation")
    stated: Any = simulation.get("Ts", 1) if isinstance(simulation, dict) else 1
    values = np.ravel(np.asarray(stated))
    if values.size == 1 and values.dtype.kind in "iuf" and np.isfinite(values[0]) and values[0] > 0:
        return 1e-3 * float(values[0]), []
    limit = "a step is a positive number of milliseconds"
    return 1e-3, [Fault("simulation/Ts", f"is {stated}", limit, "Pass dt= in seconds.")]


def _reader_shape(layers: Sequence[Layer]) -> Shape | None:
    """Shape that the first dense layer of a file without input layer reads."""
    reader = next((layer for layer in layers if layer.kind != "flatten"), layers[0])
    targets = size(reader)
    if reader.kind != "dense" or not targets:
        return None
    return (int(np.size(next(iter(weights(reader).values())))) // targets,)


class _Builder:
    """Grows the network layer by layer, and the list of faults with it.

    shape: of what the next layer reads, None while a fault hides it.
    """

    def __init__(self, step: float, faults: list[Fault]) -> None:
        self.step = step
        self.faults = faults
        self.populations: list[Population] = []
        self.projections: list[Projection] = []
        self.input_shape: Shape = ()
        self.source = _INPUT
        self.shape: Shape | None = None

    def enter(self, layers: Sequence[Layer], by_current: bool) -> None:
        """Fix the shape in which data enter."""
        first = layers[0]
        if first.kind == "input":
            faults = list(input_shape_faults(first))
            if by_current:  # `add` reports them with the layer's other faults
                self.shape = None if faults else input_shape(first)
            else:
                self.faults += faults
                self.shape = None if faults else _passed_by_shape(layers)
        else:
            self.shape = _reader_shape(layers)
            if first.kind == "conv":
                limit = "a file that starts with a convolution needs an input layer"
                mend = "Export the network with an input block, so that the image's size is known."
                self.faults.append(Fault(first.name, "reads images of unknown size", limit, mend))
        self.input_shape = self.shape or ()

    def add(self, layer: Layer) -> None:
        """Append a layer's population and the projection that feeds it."""
        if layer.kind == "flatten":
            self.shape = None if self.shape is None else (int(np.prod(self.shape)),)
            return
        faults = list(slayer_layers.layer_faults(layer))
        if faults:
            self._refuse(layer, faults)
        elif layer.kind == "input":
            self._append(layer, self.input_shape, Projection(_INPUT, layer.name, (Injection(),)))
        else:
            self._add_weights(layer)

    def _add_weights(self, layer: Layer) -> None:
        synapses = slayer_layers.synapses(layer)
        synapse = synapses[""]
        if self.shape is None:
            self._refuse(layer, [])
            return
        shape = synapse.output_shape(self.shape)
        if shape is None:
            fact = f"weight of shape {synapse.weight.shape} does not fit '{self.source}' of shape {self.shape}"
            mend = "Check sizes, channels and flatten layers."
            self._refuse(layer, [Fault(layer.name, fact, "layers must chain", mend)])
            return
        if isinstance(synapse, Conv2d):
            self.faults += _stored_shape_faults(layer, shape)
        delay = slayer_layers.delay_steps(layer, shape) * self.step
        wires = [Projection(self.source, layer.name, (part,), delay, port) for port, part in synapses.items()]
        self._append(layer, shape, *wires)

    def _append(self, layer: Layer, shape: Shape, *projections: Projection) -> None:
        self.populations.append(Population(layer.name, shape, slayer_neurons.neuron(layer, shape)))
        self.projections += projections
        self.source, self.shape = layer.name, shape

    def _refuse(self, layer: Layer, faults: list[Fault]) -> None:
        """Go on behind a layer that is left out because of faults, as far as its size is known."""
        targets = size(layer) if layer.kind == "dense" else None
        self.faults += faults
        self.source, self.shape = layer.name, None if targets is None else (targets,)


def _passed_by_shape(layers: Sequence[Layer]) -> Shape:
    """Shape of an input layer that is passed by; a vector that is flattened next is (n,) as in netx, not (1, 1, n)."""
    shape = input_shape(layers[0])
    is_vector = sum(length > 1 for length in shape) <= 1
    is_flattened = [layer.kind for layer in layers[1:2]] == ["flatten"]
    return (int(np.prod(shape)),) if is_vector and is_flattened else shape


def _stored_shape_faults(layer: Layer, shape: Shape) -> Iterator[Fault]:
    stored = np.ravel(layer.data.get("shape", shape)).tolist()
    if stored != list(shape):
        fact = f"states the shape {tuple(stored)}, but its convolution gives {shape}"
        yield Fault(layer.name, fact, "both must agree", "Check stride, padding and dilation, or export it again.")
