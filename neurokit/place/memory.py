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
from neurokit.graph.synapses import Convolving, Dense, Shape, Sparse
from neurokit.lower.images import Picked, picked
from neurokit.place.chips import SynapseFormat

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


def synapse_bits(projection: Projection, source: Shape, form: SynapseFormat) -> int:
    """Bits of one stored synapse of `projection`: weight, index, and a delay where one exceeds a step.

    source: shape of the projection's source.
    """
    synapse = projection.synapse
    delay = form.delay if projection.delay.size and int(projection.delay.max()) > 1 else 0
    if isinstance(synapse, Convolving):
        return _width(weight_bits(picked(synapse, source).kernel()), form.widths_conv) + form.index_conv + delay
    if isinstance(synapse, Sparse):
        return _width(weight_bits(synapse.weight.data), form.widths_dense) + form.index_sparse + delay
    if isinstance(synapse, Dense):
        return _width(weight_bits(synapse.weight), form.widths_dense) + form.index_dense + delay
    return 0


def conv_words(
    image_map: Picked, bits: int, form: SynapseFormat, channel_groups: int = 1, extent: tuple[int, int] | None = None
) -> int:
    """Words of a kernel on one core that holds 1 / channel_groups of the output channels.

    A convolution's taps lie there once, whatever the core's positions. A resized one takes a row for each way in which
    taps meet in a source place among `extent` (rows, columns) neighbouring positions; None: among all.
    """
    groups = image_map.convolution.groups
    out_channels, inner = image_map.convolution.weight.shape[:2]
    places = extent or tuple(axis.source_of.shape[1] for axis in image_map.axes)
    rows, columns = (axis.most_sets(n) for axis, n in zip(image_map.axes, places, strict=True))
    fan_out = -(-out_channels // (groups * channel_groups))
    return int(inner * groups * rows * columns * row_words(fan_out, bits, form))


def dense_words(synapse: Dense, neurons: int, bits: int, form: SynapseFormat) -> int:
    """Words of a dense layer on one core that holds `neurons` of its targets, zeros included."""
    return int(synapse.weight.shape[1] * row_words(min(neurons, synapse.weight.shape[0]), bits, form))


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


def sparse_words(weight: sp.csr_matrix, core_of: Ints, bits: int, form: SynapseFormat) -> int:
    """Words of a sparse layer on the fullest core."""
    cores, _, synapses = sparse_pairs(weight, core_of)
    if not cores.size:
        return 0
    return int(np.bincount(cores, weights=row_words(synapses, bits, form)).max())


def _width(bits: int, widths: tuple[int, ...]) -> int:
    return next((width for width in widths if width >= bits), widths[-1])


def _ceil(values: Any, unit: int) -> Any:
    return -(-values // unit)
