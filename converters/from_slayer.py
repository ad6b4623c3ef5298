"""SLAYER / netx `.net` files (lava-dl's HDF5 export) as Networks; the integers pass through untouched.

Neither torch nor lava is needed. Semantics: lava-dl 0.6.0, slayer/block/base.py and netx/hdf5.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from neurokit.converters import slayer_layers, slayer_neurons, slayer_synapses
from neurokit.converters.arguments import check_arguments, choice_faults, step_faults
from neurokit.converters.hdf5 import Tree, read_tree
from neurokit.converters.slayer_values import DENSE, IMAGES, Layer, input_shape, input_shape_faults, size, text, weights
from neurokit.errors import ConversionError, Fault, FormatError, InputError
from neurokit.graph.check import MAX_DELAY, check_network
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import Fires
from neurokit.graph.synapses import Injection, Shape

_KIND = "a SLAYER network"
_INPUT = "input"


def load(
    path: str | PathLike[str],
    *,
    dt: float | None = None,
    reset: str | None = None,
    inputs: str | None = None,
    fires: str | None = None,
) -> Network:
    """Read a `.net` file, as SLAYER and other writers (mlGeNN's ml_genn_netx) export it.

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
    fires: how the current-based LIF compares with 64 vThMant. None: as its type says, LOIHI ">" and CUBA ">=" (SLAYER
        until lava-dl 0.2, and from 0.3 on where vThMant is 4096 or more); ">" is what SLAYER has done since and what
        netx does, for either type, and the only one that the chip's stock LIF can do. A neuron whose potential meets
        the threshold exactly tells the two apart.
    Delays: each connection takes one step, also that of a recurrent layer with itself. A layer's `delay` comes on top:
    where its inputs arrive, as in netx; of a recurrent layer, and of an image layer with a bias, which netx does not
    read with delays, where its spikes leave, as in SLAYER. (Without bias and recurrence the two are the same.)
    refDelay counts the step of the spike, as SLAYER's does: 2 is one step of silence, 1 (and 0) none.
    Sigma-delta payloads and states have 6 and 12 bits behind the point, as by default in netx.
    A layer without neurons, or with vThMant above 17 bits, is a readout if it is the last, and never fires.

    Raises FormatError when the file cannot be read, ConversionError with every fault of every layer, InputError for
    arguments that do not fit the file.
    """
    check_arguments(_argument_faults(dt, reset, inputs, fires))
    tree = read_tree(path, _KIND)
    layers, note = layers_of(str(path), tree)
    by_current = _by_current(layers, inputs)
    builder = _Builder(*_step(tree, dt), slayer_neurons.fires_of(fires))
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


def _argument_faults(dt: float | None, reset: str | None, inputs: str | None, fires: str | None) -> Iterator[Fault]:
    yield from step_faults(dt)
    yield from choice_faults("reset", reset, ("hard",), "SLAYER's neurons reset to zero: leave reset out.")
    yield from choice_faults("inputs", inputs, ("current", "spikes"), "Leave it out to follow the file.")
    yield from choice_faults("fires", fires, (">", ">="), "Leave it out to follow the type of the neurons.")


def layers_of(path: str, tree: Tree) -> tuple[list[Layer], str]:
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
    if reader.kind not in DENSE or not targets:
        return None
    return (int(np.size(next(iter(weights(reader).values())))) // targets,)


class _Builder:
    """Grows the network layer by layer, and the list of faults with it.

    shape: of what the next layer reads, None while a fault hides it. late: steps by which it leaves its source late.
    """

    def __init__(self, step: float, faults: list[Fault], fires: Fires | None) -> None:
        self.step = step
        self.faults = faults
        self.fires = fires
        self.populations: list[Population] = []
        self.projections: list[Projection] = []
        self.input_shape: Shape = ()
        self.source = _INPUT
        self.shape: Shape | None = None
        self.late = np.zeros((), np.int64)

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
            if first.kind in IMAGES:
                limit = f"a file that starts with a {first.kind} layer needs an input layer"
                mend = "Export the network with an input block, so that the image's size is known."
                self.faults.append(Fault(first.name, "reads images of unknown size", limit, mend))
        self.input_shape = self.shape or ()

    def add(self, layer: Layer) -> None:
        """Append a layer's population and the projections that feed it."""
        if layer.kind == "flatten":
            self.shape = None if self.shape is None else (int(np.prod(self.shape)),)
            return
        layer = replace(layer, channels=self.shape[0] if self.shape is not None and len(self.shape) == 3 else None)
        faults = list(slayer_layers.layer_faults(layer))
        if faults or (layer.kind != "input" and self.shape is None):
            self._refuse(layer, faults)
        elif layer.kind == "input":
            self._append(layer, self.input_shape, Projection(_INPUT, layer.name, (Injection(),)))
        elif self.shape is not None:
            self._add_weights(layer, self.shape)

    def _add_weights(self, layer: Layer, source: Shape) -> None:
        faults = list(slayer_synapses.size_faults(layer, source))
        if faults:
            self._refuse(layer, faults)
            return
        synapses, shape = slayer_synapses.synapses(layer, source)
        if shape is None:
            weight = next(iter(weights(layer).values()))
            fact = f"weight of shape {np.shape(weight)} does not fit '{self.source}' of shape {source}"
            mend = "Check sizes, channels and flatten layers."
            self._refuse(layer, [Fault(layer.name, fact, "layers must chain", mend)])
            return
        if layer.kind in IMAGES:
            self.faults += _stored_shape_faults(layer, shape)
        steps = 1 + slayer_synapses.arrival_steps(layer, shape) + self.late
        if steps.max() > MAX_DELAY + 1:
            fact = f"delays of '{self.source}' and its own make {int(steps.max())} steps"
            mend = "Train with a smaller max_delay, or a larger Ts."
            self.faults.append(Fault(layer.name, fact, f"a connection takes at most {MAX_DELAY + 1} steps", mend))
        wires = [
            Projection(self.source, layer.name, (part,), steps * self.step, port) for port, part in synapses.items()
        ]
        if layer.kind == "dense_rec":
            steps = 1 + slayer_synapses.recurrent_steps(layer)
            wires.append(Projection(layer.name, layer.name, (slayer_synapses.recurrent(layer),), steps * self.step))
        self._append(layer, shape, *wires)

    def _append(self, layer: Layer, shape: Shape, *projections: Projection) -> None:
        self.populations.append(Population(layer.name, shape, slayer_neurons.neuron(layer, shape, self.fires)))
        self.projections += projections
        self.source, self.shape = layer.name, shape
        self.late = slayer_synapses.leaving_steps(layer, shape)

    def _refuse(self, layer: Layer, faults: list[Fault]) -> None:
        """Go on behind a layer that is left out because of faults, as far as its size is known."""
        targets = size(layer) if layer.kind in DENSE else None
        self.faults += faults
        self.source, self.shape = layer.name, None if targets is None else (targets,)
        self.late = np.zeros((), np.int64)


def _passed_by_shape(layers: Sequence[Layer]) -> Shape:
    """Shape of an input layer that is passed by; a vector that is flattened next is (n,) as in netx, not (1, 1, n)."""
    shape = input_shape(layers[0])
    is_vector = sum(length > 1 for length in shape) <= 1
    is_flattened = [layer.kind for layer in layers[1:2]] == ["flatten"]
    return (int(np.prod(shape)),) if is_vector and is_flattened else shape


def _stored_shape_faults(layer: Layer, shape: Shape) -> Iterator[Fault]:
    stored = np.ravel(layer.data.get("shape", shape)).tolist()
    if stored != list(shape):
        fact = f"states the shape {tuple(stored)}, but its weights give {shape}"
        yield Fault(layer.name, fact, "both must agree", "Check stride, padding and dilation, or export it again.")
