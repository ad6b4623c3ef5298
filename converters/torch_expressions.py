"""What a traced value is made of: one expression a time step, over inputs and the outputs of neurons.

Equal expressions are one object (`Expressions` keeps them), so the same layer in two time steps can be told by
identity once its times are shifted. This module knows no torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp

from neurokit.graph.neurons import FloatArray
from neurokit.graph.synapses import Shape, Sparse, Synapse

Part: TypeAlias = Literal["spikes", "state"]

# Torch functions behind which the largest value is the same one, the last two kinds with a number.
_READS = frozenset(
    ("softmax", "log_softmax", "softmin", "argmax", "max", "amax", "clone", "detach", "float", "double", "to", "cpu")
) | {"reshape", "view", "flatten", "squeeze", "unsqueeze", "contiguous"}
_SCALES = frozenset(("mul", "__mul__", "__rmul__", "multiply", "div", "__truediv__", "divide", "true_divide", "mul_"))
_SHIFTS = frozenset(("add", "__add__", "__radd__", "sub", "__sub__"))


@dataclass(frozen=True, eq=False)
class Leaf:
    """What an input gives, or a neuron sends or holds, at a step.

    name: of the input or neuron. time: the step (counted from 0), or after `Expressions.aged` how many steps ago; None
    for an input that is the same in every step.
    """

    shape: Shape
    place: str
    name: str
    part: Part
    time: int | None


@dataclass(frozen=True, eq=False)
class Map:
    """A linear map that takes `given` (the argument's shape, or one of the same size and order) and gives `gives`.

    gives: of the size and order of `shape`, which is that of the values in the source's own terms: one-dimensional
    convolutions are done on images of one row.
    """

    shape: Shape
    place: str
    synapse: Synapse
    given: Shape
    argument: Expression


@dataclass(frozen=True, eq=False)
class Affine:
    """argument * factor + offset, both of the argument's shape or scalars."""

    shape: Shape
    place: str
    factor: FloatArray
    offset: FloatArray
    argument: Expression


@dataclass(frozen=True, eq=False)
class Total:
    """Sum of expressions of one shape."""

    shape: Shape
    place: str
    terms: tuple[Expression, ...]


@dataclass(frozen=True, eq=False)
class Concatenation:
    """Concatenation along `axis` of the values' shape."""

    shape: Shape
    place: str
    axis: int
    terms: tuple[Expression, ...]


@dataclass(frozen=True, eq=False)
class Reshape:
    """The same values in the same order with another shape."""

    shape: Shape
    place: str
    argument: Expression


@dataclass(frozen=True, eq=False)
class Decision:
    """What may only be an output: a sum over time, an argmax, a softmax. what: in words."""

    shape: Shape
    place: str
    what: str
    terms: tuple[Expression, ...]


@dataclass(frozen=True, eq=False)
class Unknown:
    """What could not be followed; its fault has been told."""

    shape: Shape
    place: str


Expression: TypeAlias = Leaf | Map | Affine | Total | Concatenation | Reshape | Decision | Unknown


@dataclass(eq=False)
class Expressions:
    """Makes expressions, each once."""

    known: dict[tuple[Any, ...], Expression] = field(default_factory=dict)
    inputs: set[str] = field(default_factory=set)

    def leaf(self, shape: Shape, name: str, part: Part, time: int | None) -> Expression:
        """An input's or neuron's value at a step."""
        return self._one(("leaf", name, part, time), Leaf(shape, name, name, part, time))

    def map(self, shape: Shape, place: str, synapse: Synapse, given: Shape, argument: Expression) -> Expression:
        """A linear map of `argument`."""
        if isinstance(argument, Unknown):
            return Unknown(shape, place)
        made = Map(shape, place, synapse, given, argument)
        return self._one(("map", place, shape, given, digest(synapse), id(argument)), made)

    def affine(self, place: str, factor: Any, offset: Any, argument: Expression) -> Expression:
        """argument * factor + offset."""
        factor, offset = np.asarray(factor, np.float64), np.asarray(offset, np.float64)
        if isinstance(argument, Unknown) or ((factor == 1).all() and not offset.any()):
            return argument
        made = Affine(argument.shape, place, factor, offset, argument)
        return self._one(("affine", place, digest(factor), digest(offset), id(argument)), made)

    def total(self, place: str, terms: Sequence[Expression]) -> Expression:
        """Sum of `terms`."""
        if any(isinstance(term, Unknown) for term in terms):
            return Unknown(terms[0].shape, place)
        made = Total(terms[0].shape, place, tuple(terms))
        return self._one(("total", place, *map(id, terms)), made)

    def concatenation(self, shape: Shape, place: str, axis: int, terms: Sequence[Expression]) -> Expression:
        """`terms` along `axis`."""
        if any(isinstance(term, Unknown) for term in terms):
            return Unknown(shape, place)
        made = Concatenation(shape, place, axis, tuple(terms))
        return self._one(("concatenation", place, axis, *map(id, terms)), made)

    def reshape(self, shape: Shape, place: str, argument: Expression) -> Expression:
        """`argument` as `shape`."""
        if isinstance(argument, Reshape):
            argument = argument.argument
        if isinstance(argument, Unknown):
            return Unknown(shape, place)
        if argument.shape == shape:
            return argument
        return self._one(("reshape", shape, id(argument)), Reshape(shape, place, argument))

    def selection(self, place: str, sources: Any, argument: Expression) -> Expression:
        """Values of `argument` by their places in it; -1 is a zero. sources: integers of the result's shape."""
        size = math.prod(argument.shape)
        flat = np.ravel(sources)
        if flat.size == size and (flat == np.arange(size)).all():
            return self.reshape(tuple(sources.shape), place, argument)
        taken = np.flatnonzero(flat >= 0)
        weight = np.zeros(taken.size, np.float64) + 1
        made = Sparse(_matrix(weight, taken, flat[taken], (flat.size, size)))
        return self.map(tuple(sources.shape), place, made, argument.shape, argument)

    def decision(self, shape: Shape, place: str, what: str, terms: Sequence[Expression]) -> Expression:
        """What only an output may be."""
        return Decision(shape, place, what, tuple(terms))

    def aged(self, expression: Expression, now: int) -> Expression:
        """`expression` of step `now` with the times of its leaves counted backwards from there."""
        return self._aged(expression, lambda leaf: None if leaf.time is None else now - leaf.time, {})

    def timeless(self, expression: Expression) -> Expression:
        """`expression` with inputs that are the same in every step. Inputs are the leaves named in `inputs`."""
        return self._aged(expression, lambda leaf: None if leaf.name in self.inputs else leaf.time, {})

    def _aged(self, own: Expression, time: Callable[[Leaf], int | None], done: dict[int, Expression]) -> Expression:
        if id(own) in done:
            return done[id(own)]
        if isinstance(own, Leaf):
            found = self.leaf(own.shape, own.name, own.part, time(own))
        elif isinstance(own, Map):
            found = self.map(own.shape, own.place, own.synapse, own.given, self._aged(own.argument, time, done))
        elif isinstance(own, Affine):
            found = self.affine(own.place, own.factor, own.offset, self._aged(own.argument, time, done))
        elif isinstance(own, Reshape):
            found = self.reshape(own.shape, own.place, self._aged(own.argument, time, done))
        elif isinstance(own, Total):
            found = self.total(own.place, [self._aged(term, time, done) for term in own.terms])
        elif isinstance(own, Concatenation):
            terms = [self._aged(term, time, done) for term in own.terms]
            found = self.concatenation(own.shape, own.place, own.axis, terms)
        else:
            found = own
        done[id(own)] = found
        return found

    def _one(self, key: tuple[Any, ...], made: Expression) -> Expression:
        return self.known.setdefault(key, made)


def digest(value: Any) -> bytes:
    """A fingerprint of an array's or synapse's values."""
    if isinstance(value, np.ndarray):
        return sha1(repr((value.shape, value.dtype.str)).encode() + np.ascontiguousarray(value).tobytes()).digest()
    if isinstance(value, Sparse):
        own = value.weight
        parts = [own.data, own.indices, own.indptr] + ([] if value.bias is None else [value.bias])
        return sha1(repr(own.shape).encode() + b"".join(digest(part) for part in parts)).digest()
    if isinstance(value, Synapse):
        parts = [digest(part) if isinstance(part, np.ndarray) else repr(part).encode() for part in vars(value).values()]
        return sha1(type(value).__name__.encode() + b"|".join(parts)).digest()
    return repr(value).encode()


def keeps_order(name: str, others: Sequence[Any]) -> bool:
    """Whether behind the torch function `name` the largest value is where it was. others: its other arguments.

    They are numbers, or None for what is none.
    """
    if name in _SCALES | _SHIFTS:
        return all(isinstance(n, float) and (n > 0 or name in _SHIFTS) for n in others)
    return name in _READS or name.startswith(".")


def _matrix(data: Any, rows: Any, columns: Any, shape: tuple[int, int]) -> Any:
    return sp.csr_matrix((data, (rows, columns)), shape=shape)
