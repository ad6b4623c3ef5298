"""Plain networks in sigma-delta code: every unit sends the changes of its activation, and nothing while it stays.

Sources: O'Connor and Welling 2016 (arXiv:1611.02024); lava-nc 0.10.0, proc/sdn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neurokit.converters import dataflow
from neurokit.converters.activations import Values, constants
from neurokit.converters.balance import percentiles
from neurokit.converters.dataflow_maps import unbiased
from neurokit.converters.emission import Emitted, ends
from neurokit.converters.layers import Layer, Layers, Rectifier, simplified
from neurokit.converters.max_pools import without_bounds, without_max_pools
from neurokit.graph.graded_neurons import Delta, SigmaDelta
from neurokit.graph.network import Network

LEVELS = 256  # of a layer's range that are worth a message: smaller activations are not sent


def sigma_delta(layers: Layers, samples: Mapping[str, Values] | None = None, dt: float | None = None) -> Network:
    """The Network of `layers` in sigma-delta code.

    Each input has a population `<input>.delta` that sends its changes, so the inputs are the values themselves, held as
    long as they last. Each rectifier becomes SigmaDelta neurons, a max pool a tree of them (`max_pools`), a bound two
    populations, an output that is no rectifier SigmaDelta neurons without activation. Outputs send changes: their sum
    over the steps is the value.

    samples: by input, (batch, *shape): a unit's changes below 1/256 of its layer's range (99.9th percentile) on them
    are not sent. None: every change is, and the values are exact.
    """
    layers = without_bounds(without_max_pools(simplified(layers)))
    least = {} if samples is None else {n: s / LEVELS for n, s in percentiles(layers, samples).items()}
    silence = constants(layers)
    made = Emitted(layers)
    for name in layers.order:
        node = layers.nodes[name]
        if isinstance(node, dataflow.Source):
            made.put(name, node)
            made.ends[name] = made.add(f"{name}.delta", dataflow.Cells(Delta(), node.shape), name)
        elif isinstance(node, Rectifier):
            neuron = SigmaDelta(np.asarray(least.get(name, 0.0)), _arriving(layers, silence, name))
            made.neurons(name, dataflow.Cells(neuron, layers.shapes[name]))
        elif isinstance(node, dataflow.Sink) and not ends(layers, name):
            neuron = SigmaDelta(bias=_arriving(layers, silence, name), activation="unit")
            made.output(name, dataflow.Cells(neuron, layers.shapes[name]))
        else:
            made.copy(name, _unbiased(node))
    return made.build(dt)


def _arriving(layers: Layers, silence: Mapping[str, NDArray[np.float64]], name: str) -> NDArray[np.float64]:
    """The constant that reaches a node: one number, one a channel or one a unit."""
    shape = layers.shapes[name]
    total = np.zeros(shape)
    for start in layers.before[name]:
        if start in silence:
            total = total + silence[start].reshape(shape)
    if (total == total.flat[0]).all():
        return np.asarray(total.flat[0])
    if len(shape) == 3 and (total == total[:, :1, :1]).all():
        return total[:, :1, :1]
    return total


def _unbiased(node: Layer) -> Layer:
    if isinstance(node, dataflow.Scale):
        return replace(node, offset=None)
    if isinstance(node, dataflow.Linear):
        return replace(node, synapse=unbiased(node.synapse))
    return node
