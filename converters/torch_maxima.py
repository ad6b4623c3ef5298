"""Max pools of spikes. The largest of some spikes is 1 where any of them is: an OR, which neurons without memory do.

A population v := sum of the window, fires at v > 1/2, is reset to 0: it gives the pool's values in the same step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from neurokit.converters.torch_expressions import Concatenation, Expression, Leaf, Map, Reshape, Unknown
from neurokit.converters.torch_layers import two_numbers
from neurokit.converters.torch_neurons import Found
from neurokit.converters.torch_sums import leaves
from neurokit.converters.torch_trace import Follower, Handler, Population, Tracked, tensors
from neurokit.graph.neurons import IF
from neurokit.graph.synapses import Shape, Sparse, SumPool2d

Values = Mapping[str, Any]

_NAMES = ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")


def _pool(
    follower: Follower, name: str, func: Callable[..., Any], args: Sequence[Any], kwargs: Values, result: Any
) -> None:
    values = {**dict(zip(_NAMES, args, strict=False)), **kwargs}
    own = follower.get(values["input"])
    assert own is not None, "only operations on what is tracked come here"
    outputs = tensors(result)
    if any(isinstance(e, Unknown) for e in own.expressions):
        return follower.unknown(result, own)
    if not all(binary(follower, e) for e in own.expressions):
        limit = "the largest of spikes is an OR; of other numbers it is no sum"
        follower.fault("takes the maximum of numbers", limit, "Put it behind spiking neurons, or train with AvgPool2d.")
        return follower.unknown(result, own)
    after = tuple(outputs[0].shape[len(own.lead) :])
    found = _window(values, own.shape, after)
    if found is None or len(outputs) > 1:
        limit = "windows of images without dilation, ceil_mode and return_indices are converted"
        follower.fault("pools in another way", limit, "Leave these out.")
        return follower.unknown(result, own)
    synapse, given = found
    made = tuple(follower.expressions.map(after, follower.place, synapse, given, e) for e in own.expressions)
    return follower.put(outputs[0], Tracked(_sent(follower, made), own.lead))


def _window(values: Values, before: Shape, after: Shape) -> tuple[SumPool2d, Shape] | None:
    """The sum over the same windows, on an image; None where there is none."""
    if len(before) not in (2, 3) or (np.asarray(values.get("dilation", 1)) != 1).any():
        return None
    flat = len(before) == 2
    kernel = two_numbers(values["kernel_size"], flat, 1)
    stride = kernel if values.get("stride") in (None, [], ()) else two_numbers(values["stride"], flat, 1)
    synapse = SumPool2d(kernel, stride, two_numbers(values.get("padding", 0), flat, 0), np.ones(()))
    given = (before[0], 1, before[1]) if flat else before
    gives = synapse.output_shape(given)
    return (synapse, given) if gives is not None and math.prod(gives) == math.prod(after) else None


def _sent(follower: Follower, given: tuple[Expression, ...]) -> tuple[Expression, ...]:
    """What a population that is given this sends; the same call made again in one step is the same population's."""
    sources = tuple(sorted({leaf.name for leaf in leaves(given[0])}))
    name = follower.pools.setdefault((follower.place, sources), _free(follower))
    population = follower.populations.setdefault(name, Population(name, Found(IF(threshold=np.asarray(0.5)))))
    if population.given[-1:] != [given[-1]]:
        population.given += given
    first = len(population.given) - len(given)
    shape = given[0].shape
    return tuple(follower.expressions.leaf(shape, name, "spikes", first + k) for k in range(len(given)))


def _free(follower: Follower) -> str:
    base = follower.place or "max_pool"
    taken = {*follower.pools.values(), *follower.populations}
    return next(name for k in range(len(taken) + 1) if (name := base if not k else f"{base}_{k + 1}") not in taken)


def binary(follower: Follower, own: Expression) -> bool:
    """Whether the values are 0 or 1 for certain: spikes, moved about."""
    if isinstance(own, Leaf):
        population = follower.populations.get(own.name)
        return population is not None and own.part == "spikes" and _sends_ones(population)
    if isinstance(own, Reshape):
        return binary(follower, own.argument)
    if isinstance(own, Concatenation):
        return all(binary(follower, term) for term in own.terms)
    if isinstance(own, Map) and isinstance(own.synapse, Sparse) and own.synapse.bias is None:
        weight = own.synapse.weight
        moves = (weight.data == 1).all() and (np.diff(weight.indptr) <= 1).all()
        return bool(moves) and binary(follower, own.argument)
    return False


def _sends_ones(population: Population) -> bool:
    neuron = population.found.neuron
    return neuron.spiking and not neuron.graded


POOLS: Mapping[str, Handler] = dict.fromkeys(
    ("max_pool1d", "max_pool2d", "_max_pool1d", "_max_pool2d", "boolean_dispatch"), _pool
)
