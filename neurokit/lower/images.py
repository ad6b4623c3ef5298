"""Every map between images as one: rows and columns picked from the source, then a plain convolution.

A resize picks rows several times, a transposed convolution puts silent rows between, a pool is a convolution of each
channel by itself. What counts, places or runs such maps needs to know this form only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.synapses import (
    Conv2d,
    Convolving,
    ConvTranspose2d,
    ResizeConv2d,
    Shape,
    SumPool2d,
    nearest,
)

Ints = NDArray[np.int64]
LARGEST_PARAMETER = 127  # lava-nc 0.10.0, proc/conv/models.py: kernel size, stride, padding, ... are int8 there


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis of a map between images.

    source_of: (taps, outputs) source index that a tap sees at an output, -1 where it sees silence.
    """

    source_of: Ints
    inputs: int

    @cached_property
    def _sets(self) -> tuple[NDArray[np.bool_], Ints, list[frozenset[int]]]:
        """`tap_sets`, and the numbers of the sets that each output has."""
        taps, outputs = self.source_of.shape
        seen: dict[bytes, int] = {}
        lands: list[Ints] = []
        members: list[NDArray[np.bool_]] = []
        of_output = []
        for output in range(outputs):
            sources = self.source_of[:, output]
            numbers = set()
            for source in np.unique(sources[sources >= 0]):
                member = sources == source
                number = seen.setdefault(member.tobytes(), len(seen))
                if number == len(members):
                    members.append(member)
                    lands.append(np.zeros(self.inputs, np.int64))
                lands[number][source] += 1
                numbers.add(number)
            of_output.append(frozenset(numbers))
        if not members:
            return np.zeros((0, taps), np.bool_), np.zeros((0, self.inputs), np.int64), of_output
        return np.stack(members), np.stack(lands), of_output

    @property
    def tap_sets(self) -> tuple[NDArray[np.bool_], Ints]:
        """The different sets of taps that meet in one source place, and where they do.

        Taps of one set act as a single synapse, whose weight is their sum. (sets, taps) membership; (sets, inputs)
        number of outputs that see the input through exactly this set.
        """
        return self._sets[:2]

    def sets_of(self, outputs: int, order: tuple[int, ...] | None = None) -> Ints:
        """Numbers of the different sets of taps that `outputs` neighbouring outputs have together, where most.

        order: outputs are taken in this order and cut from its beginning; None: any neighbours.
        """
        if (outputs, order) not in self._most:
            found = self._sets[2]
            unions = [sorted({kind for o in group for kind in found[o]}) for group in self._groups(outputs, order)]
            self._most[outputs, order] = np.array(max(unions, key=len), np.int64)
        return self._most[outputs, order]

    def widest(self, outputs: int, order: tuple[int, ...] | None = None) -> int:
        """Most different inputs that `outputs` neighbouring outputs see together. order: as above."""
        if (outputs, order) not in self._widest:
            seen = (self.source_of[:, group] for group in self._groups(outputs, order))
            self._widest[outputs, order] = max(len(np.unique(window[window >= 0])) for window in seen)
        return self._widest[outputs, order]

    def alike(self) -> tuple[int, ...]:
        """The outputs, those that see their inputs in the same ways side by side."""
        kinds = {kinds: number for number, kinds in enumerate(dict.fromkeys(self._sets[2]))}
        return tuple(sorted(range(len(self._sets[2])), key=lambda output: kinds[self._sets[2][output]]))

    def _groups(self, outputs: int, order: tuple[int, ...] | None) -> list[list[int]]:
        every = list(range(self.source_of.shape[1]) if order is None else order)
        if order is None:
            return [every[first : first + outputs] for first in range(max(1, len(every) - outputs + 1))]
        return [every[first : first + outputs] for first in range(0, len(every), outputs)]

    @cached_property
    def _most(self) -> dict[tuple[int, tuple[int, ...] | None], Ints]:
        return {}

    @cached_property
    def _widest(self) -> dict[tuple[int, tuple[int, ...] | None], int]:
        return {}


@dataclass(frozen=True, eq=False)
class Picked:
    """A map between images: image[:, rows][:, :, columns], silent where these are -1, then `convolution`."""

    rows: Ints
    columns: Ints
    convolution: Conv2d
    source: Shape

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """The map along rows and columns."""
        picked = (self.source[0], len(self.rows), len(self.columns))
        target = self.convolution.output_shape(picked)
        assert target is not None, "the graph has been checked"
        y, x = (
            Axis(_source_of(self.convolution, index, target[1 + axis], axis), self.source[1 + axis])
            for axis, index in enumerate((self.rows, self.columns))
        )
        return y, x

    def kernel(self) -> NDArray[Any]:
        """Weights of the single synapses: (out channels, in channels / groups, sets of y taps, sets of x taps)."""
        y, x = (axis.tap_sets[0].astype(self.convolution.weight.dtype) for axis in self.axes)
        return np.asarray(y @ self.convolution.weight @ x.T)

    @property
    def is_plain(self) -> bool:
        """Whether every source place is picked once, in order: the map is its convolution."""
        return all(
            np.array_equal(index, np.arange(size))
            for index, size in zip((self.rows, self.columns), self.source[1:], strict=True)
        )


def picked(synapse: Convolving, source: Shape) -> Picked:
    """`synapse` over images of shape `source`, its bias left out."""
    rows, columns = np.arange(source[1]), np.arange(source[2])
    if isinstance(synapse, ResizeConv2d):
        rows, columns = (nearest(n, size) for n, size in zip(source[1:], synapse.size, strict=True))
        return Picked(rows, columns, replace(synapse.convolution, bias=None), source)
    if isinstance(synapse, ConvTranspose2d):
        return _spread(synapse, source)
    if isinstance(synapse, SumPool2d):
        weight = np.full((source[0], 1, *synapse.kernel), synapse.weight)
        pool = Conv2d(weight, synapse.stride, synapse.padding, (1, 1), source[0], exponent=synapse.exponent)
        return Picked(rows, columns, pool, source)
    return Picked(rows, columns, replace(synapse, bias=None), source)


def lavas_convolution(synapse: Convolving, source: Shape) -> Conv2d | None:
    """The convolution that Lava's Conv holds for the map, its exponent worked into the weights; None where it cannot.

    Conv ignores exponents (and has no 8-bit limit), and keeps its parameters in 8 bits.
    """
    form = picked(synapse, source)
    convolution = form.convolution
    lossless = convolution.exponent >= 0 or not (convolution.weight % (1 << -convolution.exponent)).any()
    small = max(*convolution.weight.shape[2:], *convolution.stride, *convolution.padding, *convolution.dilation)
    if not (form.is_plain and lossless and max(small, convolution.groups) <= LARGEST_PARAMETER):
        return None
    weight = convolution.weight.astype(np.int64)
    shifted = weight << convolution.exponent if convolution.exponent >= 0 else weight >> -convolution.exponent
    return replace(convolution, weight=shifted, exponent=0)


def largest_sums(synapse: Convolving, weight: NDArray[Any]) -> NDArray[np.float64]:
    """Largest sum of the taps of `weight` (not negative, of the shape of the map's own) that one output place sees.

    One value an output channel, a single value for a pool. Taps of a transposed convolution whose places differ
    modulo the stride never meet in one output.
    """
    weight = weight.astype(np.float64)
    if isinstance(synapse, SumPool2d):
        return np.asarray([weight * synapse.kernel[0] * synapse.kernel[1]])
    if not isinstance(synapse, ConvTranspose2d):
        return np.asarray(weight.reshape(weight.shape[0], -1).sum(axis=1))
    grouped = weight.reshape(synapse.groups, -1, *weight.shape[1:]).sum(axis=1)  # (groups, out / groups, rows, columns)
    phase_y, phase_x = (
        (np.arange(taps) * dilation) % stride
        for taps, dilation, stride in zip(weight.shape[2:], synapse.dilation, synapse.stride, strict=True)
    )
    sums = [grouped[:, :, phase_y == y][..., phase_x == x].sum(axis=(2, 3)) for y, x in np.ndindex(synapse.stride)]
    return np.asarray(np.max(sums, axis=0).ravel())


def _spread(synapse: ConvTranspose2d, source: Shape) -> Picked:
    """Stuff `stride` - 1 silent places between the source's; the kernel is turned round."""
    weight, groups = synapse.weight, synapse.groups
    target = synapse.output_shape(source)
    assert target is not None, "the graph has been checked"
    indices = []
    for axis in (0, 1):
        reach = (weight.shape[2 + axis] - 1) * synapse.dilation[axis]
        place = np.arange(target[1 + axis] + reach) - (reach - synapse.padding[axis])
        index, rest = np.divmod(place, synapse.stride[axis])
        indices.append(np.where((rest == 0) & (index >= 0) & (index < source[1 + axis]), index, -1))
    grouped = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])
    turned = grouped.swapaxes(1, 2).reshape(target[0], weight.shape[0] // groups, *weight.shape[2:])[..., ::-1, ::-1]
    convolution = Conv2d(turned, dilation=synapse.dilation, groups=groups, exponent=synapse.exponent)
    rows, columns = indices
    return Picked(rows, columns, convolution, source)


def _source_of(convolution: Conv2d, index: Ints, outputs: int, axis: int) -> Ints:
    taps = np.arange(convolution.weight.shape[2 + axis])[:, None] * convolution.dilation[axis]
    place = np.arange(outputs)[None, :] * convolution.stride[axis] + taps - convolution.padding[axis]
    inside = (place >= 0) & (place < len(index))
    return np.where(inside, index[np.where(inside, place, 0)], -1)
