"""Synaptic memory: how many 64-bit words the synapses that end on one core take.

Loihi 2, inferred from two networks that lava-dl's notebooks print (PilotNet, YOLO-KP): a convolution's kernel lies
once on each core, one row a (channel, tap): words = C_in kh kw ceil((10 + C_out b) / 64), b the weight's bits. A dense
layer has one row an input axon, zeros stored, 16 bits a synapse. Loihi 1: nengo-loihi's allocator, chunks of 64
synapses. Sparse layers store their entries with an index. An inference, not Intel's word.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.graph.network import Projection
from neurokit.graph.synapses import Conv2d, Convolving, Dense, Shape, Sparse
from neurokit.lower.images import Picked, picked
from neurokit.place.chip import SynapseFormat
from neurokit.place.layout import Layout

WORD = 64  # bits

Ints = NDArray[np.int64]


def weight_bits(weights: Any) -> int:
    """Fewest bits that hold integer weights: a common power of two goes into the exponent, a sign only when mixed."""
    values = np.asarray(weights, dtype=np.int64)
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    common = int(np.bitwise_or.reduce(np.abs(values), axis=None)) if values.size else 0
    if common == 0:
        return 1
    shift = (common & -common).bit_length() - 1
    low, high = low >> shift, high >> shift
    if low >= 0 or high <= 0:
        return max(high, -low).bit_length()
    return max(high, -low - 1).bit_length() + 1


def row_words(synapses: Any, bits: int, form: SynapseFormat) -> Ints:
    """Words of axons with `synapses` synapses each (array or number) of `bits` bits; no synapses take no word."""
    count = np.asarray(synapses, dtype=np.int64)
    if form.chunk is None:
        return np.where(count > 0, _ceil(form.header + count * bits, WORD), 0)
    whole, rest = np.divmod(count, form.chunk)
    words = whole * _ceil(form.header + form.chunk * bits, WORD)
    return np.asarray(words + np.where(rest > 0, _ceil(form.header + rest * bits, WORD), 0), dtype=np.int64)


def stored_bits(projection: Projection, source: Shape, form: SynapseFormat) -> int:
    """Bits of the widest weight that has to be stored; sums of taps that meet are parted where they are too wide."""
    synapse = projection.synapse
    if isinstance(synapse, Convolving):
        image_map = picked(synapse, source)
        if form.whole_axon or image_map.is_plain:
            return weight_bits(image_map.convolution.weight)
        single, sums = weight_bits(image_map.convolution.weight), weight_bits(image_map.kernel())
        return sums if max(sums, single) <= form.widths_conv[-1] else max(single, form.widths_conv[-1])
    if isinstance(synapse, Sparse):
        return weight_bits(synapse.weight.data)
    return weight_bits(synapse.weight) if isinstance(synapse, Dense) else 0


def synapse_bits(projection: Projection, source: Shape, form: SynapseFormat) -> int:
    """Bits of one stored synapse of `projection`: weight, index, and a delay where one exceeds a step.

    source: shape of the projection's source. The index of `axon_words` is left out: it depends on the core.
    """
    synapse = projection.synapse
    delay = form.delay if projection.delay.size and int(projection.delay.max()) > 1 else 0
    if isinstance(synapse, Convolving):
        index = 0 if form.whole_axon else form.index_conv
        return _width(stored_bits(projection, source, form), form.widths_conv) + index + delay
    if isinstance(synapse, Sparse):
        return _width(stored_bits(projection, source, form), form.widths_dense) + form.index_sparse + delay
    if isinstance(synapse, Dense):
        return _width(stored_bits(projection, source, form), form.widths_dense) + form.index_dense + delay
    return 0


def conv_words(
    image_map: Picked,
    stored: Ints,
    bits: int,
    form: SynapseFormat,
    layout: Layout | None = None,
) -> int:
    """Words of a kernel on the fullest core of `layout` (None: all on one core), one row a tap.

    A convolution's taps lie there once, whatever the core's positions. A resized one takes a row for each way in which
    taps meet in a source place among the core's positions. stored: `stored_synapses` of the map.
    """
    convolution = image_map.convolution
    channels = convolution.weight.shape[0] if layout is None else layout.channels
    places = tuple(axis.source_of.shape[1] for axis in image_map.axes) if layout is None else layout.extent
    orders = (None, None) if layout is None else (layout.rows, layout.columns)
    down, along = (axis.sets_of(n, order) for axis, n, order in zip(image_map.axes, places, orders, strict=True))
    kinds, times = np.unique(stored[np.ix_(down, along)], return_counts=True)
    inner = convolution.weight.shape[1]
    return max(
        int(sum(inner * (times * row_words(kinds * outputs, bits, form)).sum() for outputs in overlaps))
        for overlaps in _outputs_by_group(convolution, channels)
    )


def stored_synapses(image_map: Picked, form: SynapseFormat) -> Ints:
    """Synapses that hold the sum of each set of taps: (sets of y taps, sets of x taps).

    One, or where the sum has more bits than a weight as many as add up to it, which are never more than the taps.
    """
    kernel = image_map.kernel()
    taps = np.outer(*(axis.tap_sets[0].sum(axis=1) for axis in image_map.axes)).astype(np.int64)
    if image_map.is_plain or weight_bits(kernel) <= form.widths_conv[-1]:
        return np.ones_like(taps)
    largest = np.abs(kernel.astype(np.int64)).max(axis=(0, 1), initial=0)
    return np.asarray(np.minimum(taps, np.maximum(1, _ceil(largest, (1 << (form.widths_conv[-1] - 1)) - 1))))


def _outputs_by_group(convolution: Conv2d, channels: int) -> list[list[int]]:
    """Output channels of each group of the convolution that a core has, for all blocks of `channels` channels."""
    outputs, groups = convolution.weight.shape[0], convolution.groups
    each = outputs // groups
    if groups == 1:
        return [[min(channels, outputs)]]
    found = set()
    for start in range(0, outputs, channels):
        stop = min(start + channels, outputs)
        first, last = start // each, (stop - 1) // each
        found.add(tuple(min(stop, (g + 1) * each) - max(start, g * each) for g in range(first, last + 1)))
    return [list(overlaps) for overlaps in sorted(found)]


def axon_words(image_map: Picked, bits: int, form: SynapseFormat, channels: int, start: int, stop: int) -> int:
    """Words of a convolution on a core with `channels` of the output channels at positions start to stop, row by row.

    All synapses of a source place are one run of words, shared by the places that are seen in the same way (same taps,
    same targets counted from the first one). bits: of a synapse without index. nengo-loihi's format.
    """
    width = image_map.axes[1].source_of.shape[1]
    row, column = np.divmod(np.arange(start, stop), width)
    y, x = image_map.axes[0].source_of[:, row], image_map.axes[1].source_of[:, column]
    source = np.where((y[:, None] >= 0) & (x[None] >= 0), y[:, None] * image_map.source[2] + x[None], -1)
    tap, position = np.nonzero(source.reshape(-1, stop - start) >= 0)
    source = source.reshape(-1, stop - start)[tap, position]
    if not len(source):
        return 0
    order = np.lexsort((tap, position, source))
    source, tap, position = source[order], tap[order], position[order]
    first = np.flatnonzero(np.diff(source, prepend=-1))
    count = np.diff(first, append=len(source))
    lowest = position[first]
    offset = lowest * channels
    base = offset if form.base is None else offset % form.base
    relative = position - np.repeat(lowest, count)
    seen = np.add.reduceat(_mixed(relative * (int(tap.max()) + 1) + tap), first)
    _, kinds = np.unique(np.stack([seen, (offset - base).astype(np.uint64)]), axis=1, return_index=True)
    highest = (position[first + count - 1] - lowest + 1) * channels - 1 + offset - base
    bits += _width(int(highest.max()).bit_length(), form.index_widths)
    inner = image_map.convolution.weight.shape[1]
    return max(
        int(sum(row_words(inner * count[kinds] * outputs, bits, form).sum() for outputs in overlaps))
        for overlaps in _outputs_by_group(image_map.convolution, channels)
    )


def _mixed(values: Ints) -> NDArray[np.uint64]:
    """A hash of each value (splitmix64); sums of them tell sets apart but for one in 2**64."""
    mixed = values.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def dense_words(synapse: Dense, neurons: Any, bits: int, form: SynapseFormat) -> Ints:
    """Words of a dense layer on cores that hold `neurons` of its targets (array or number), zeros included."""
    return np.asarray(synapse.weight.shape[1] * row_words(neurons, bits, form))


def sparse_pairs(weight: sp.csr_matrix, core_of: Ints) -> tuple[Ints, Ints, Ints]:
    """(core, source, synapses) of every pair of a core and a source that reaches it; stored zeros are left out.

    weight: (targets, sources). core_of: (targets,) core of each target.
    """
    targets = np.repeat(np.arange(weight.shape[0]), np.diff(weight.indptr))
    kept = weight.data != 0
    keys = core_of[targets[kept]].astype(np.int64) * weight.shape[1] + weight.indices[kept]
    pairs, synapses = np.unique(keys, return_counts=True)
    cores, sources = np.divmod(pairs, weight.shape[1])
    return cores, sources, synapses


def sparse_words(weight: sp.csr_matrix, core_of: Ints, number: int, bits: int, form: SynapseFormat) -> Ints:
    """Words of a sparse layer on each of `number` cores."""
    cores, _, synapses = sparse_pairs(weight, core_of)
    return np.bincount(cores, row_words(synapses, bits, form), number).astype(np.int64)


def _width(bits: int, widths: tuple[int, ...]) -> int:
    return next((width for width in widths if width >= bits), widths[-1])


def _ceil(values: Any, unit: int) -> Any:
    return -(-values // unit)
