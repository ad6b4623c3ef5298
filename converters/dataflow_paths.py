"""Paths of data between populations: linear maps one after the other, folded and merged without changing their sum.

A Path leads from one source (an input or population) through linear maps. Nothing is written out as a matrix unless
two paths must be added whose maps have no common form.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp

from neurokit.converters.dataflow_maps import (
    MAX_ENTRIES,
    Placed,
    Scaled,
    added,
    behind_place,
    behind_scale,
    is_diagonal,
    placed_map,
    scaled_map,
    spread_bias,
    unbiased,
)
from neurokit.graph.neurons import FloatArray
from neurokit.graph.synapses import Dense, Flatten, Shape, Sparse, Synapse
from neurokit.lower.fold import fold_chain, to_matrix

Cell: TypeAlias = "tuple[Cell | None, Synapse, Shape]"  # (the maps before, a map, the shape it is given)


class Unfit(Exception):  # never leaves the converters: `dataflow` turns it into a Fault
    """What does not fit: (fact, limit, mend)."""

    def __init__(self, fact: str, limit: str, mend: str) -> None:
        self.words = fact, limit, mend
        super().__init__(fact)


@dataclass(frozen=True, eq=False)
class Path:
    """One way from a source, up to some node.

    start: the source's shape. shape: that of the values now. maps: the maps so far, as a linked list, so that long
    chains share their beginnings. flat: the last map gives vectors, though `shape` is that of an image.
    before, behind: delays in seconds of the source's elements, and of the elements now; () where they are alike.
    scaled, placed: a scale, and then a place in a concatenation, that wait for a map to be folded into.
    """

    start: Shape
    shape: Shape
    maps: Cell | None = None
    flat: bool = False
    before: FloatArray = field(default_factory=lambda: np.zeros(()))
    behind: FloatArray = field(default_factory=lambda: np.zeros(()))
    scaled: Scaled | None = None
    placed: Placed | None = None

    @property
    def plain(self) -> bool:
        """Whether the values are the source's own, maybe reshaped."""
        moved = self.before.any() or self.behind.any() or self.scaled is not None or self.placed is not None
        return not moved and all(isinstance(synapse, Flatten) for synapse in self.synapses())

    def synapses(self) -> tuple[Synapse, ...]:
        """The maps in the order of use; the identity where none has weights."""
        return tuple(synapse for synapse, _ in _cells(self.maps))

    def outer(self) -> Shape:
        """Shape with the place in the concatenation."""
        return self.shape if self.placed is None else self.placed.shape


def nothing(path: Path, shape: Shape) -> Path:
    """A path of no weights from where `path` starts: what a search for faults goes on with."""
    own = Sparse(sp.csr_matrix((math.prod(shape), math.prod(path.start))))
    return Path(path.start, shape, (None, own, path.start), flat=len(shape) > 1)


def through(path: Path, synapse: Synapse, shape: Shape, carries: bool) -> Path:
    """`path` behind one more map, which gives values of `shape`. carries: whether this path brings the map's bias."""
    own = synapse if carries else unbiased(synapse)
    if not isinstance(own, Flatten):
        path = _delay_first(path)
    within = None if path.placed is None else behind_place(path.placed, own, shape)
    if within is None:
        return _append(path if path.placed is None else settled(path), own, shape)
    part, placed = within
    inner = shape if placed is None else _output(part, path.shape)
    return replace(_append(replace(path, placed=None), part, inner), placed=placed)


def _append(path: Path, own: Synapse | None, shape: Shape) -> Path:
    """`path` behind `own` (None: nothing to do), its waiting scale folded into it; nothing is placed."""
    if own is None:
        return path
    if path.scaled is not None:
        within = behind_scale(path.scaled, own, path.shape, shape)
        if within is None:
            path = _with_scale(path)
        else:
            own, scaled = within
            path = replace(path, scaled=scaled)
    behind = path.behind.reshape(shape) if path.behind.ndim else path.behind
    if isinstance(own, Flatten) and path.flat:
        return replace(path, shape=shape, behind=behind)
    if path.flat and not isinstance(own, Dense | Sparse):
        own = _listed(own, path.shape, shape)
    flat = len(shape) > 1 and (path.flat or isinstance(own, Dense | Sparse))
    return replace(path, maps=(path.maps, own, path.shape), shape=shape, flat=flat, behind=behind)


def scaled_by(path: Path, factor: FloatArray, offset: FloatArray | None) -> Path:
    """`path` times `factor` plus `offset`, arrays of the shape of its values."""
    if path.placed is not None:
        if offset is not None:  # the whole concatenation has offsets, not this part of it only
            return scaled_by(settled(path), factor, offset)
        factor = path.placed.part(factor).reshape(path.shape)
    if path.scaled is None and path.maps is not None:
        before, last, shape = path.maps
        own = scaled_map(last, factor, offset)
        if own is not None:
            return replace(path, maps=(before, own, shape))
    return replace(path, scaled=Scaled(factor, offset) if path.scaled is None else path.scaled.then(factor, offset))


def placed_in(path: Path, shape: Shape, axis: int, offset: int) -> Path:
    """`path` as a part of a concatenation of `shape` along `axis`, from place `offset` on."""
    path = settled(path)
    behind = path.behind
    if behind.ndim:
        outer = np.zeros(shape)
        outer[Placed.of(shape, axis, offset, path.shape[axis]).region] = behind
        path = replace(path, behind=np.zeros(()))
        return replace(settled(replace(path, placed=Placed.of(shape, axis, offset, path.shape[axis]))), behind=outer)
    return replace(path, placed=Placed.of(shape, axis, offset, path.shape[axis]))


def delayed(path: Path, delay: FloatArray) -> Path:
    """`path` later by `delay` seconds, () or of the shape of its values."""
    if delay.ndim:
        path = settled(path)
        if path.maps is None:
            return replace(path, before=path.before + delay)
    return replace(path, behind=path.behind + delay)


def _delay_first(path: Path) -> Path:
    """Delays of single elements moved to the source's, in front of a map that mixes them."""
    if not path.behind.ndim:
        return path
    first = path.behind.reshape(-1)[0]
    if (path.behind == first).all():
        return replace(path, behind=np.asarray(first))
    if all(isinstance(synapse, Flatten) for synapse in path.synapses()) and path.placed is None:
        return replace(path, before=path.before + path.behind.reshape(path.start), behind=np.zeros(()))
    raise Unfit(
        "delays its elements unequally between two maps with weights",
        "a synapse has one delay",
        "Put neurons between the two maps, or make the delays alike.",
    )


def settled(path: Path) -> Path:
    """`path` with nothing waiting to be folded."""
    if path.scaled is not None:
        path = _with_scale(path)
    if path.placed is None:
        return path
    if path.maps is not None and path.placed.plain:
        before, last, given = path.maps
        own = placed_map(path.placed, last)
        if own is not None:
            return replace(path, maps=(before, own, given), shape=path.placed.shape, placed=None)
    shape = path.placed.shape
    maps: Cell = (path.maps, path.placed.matrix(), path.shape)
    return replace(path, maps=maps, shape=shape, placed=None, flat=len(shape) > 1)


def _with_scale(path: Path) -> Path:
    assert path.scaled is not None, "the caller has looked"
    own = path.scaled.as_map(path.shape, path.flat)
    flat = isinstance(own, Sparse) and len(path.shape) > 1
    return replace(path, maps=(path.maps, own, path.shape), flat=flat, scaled=None)


def merged(paths: Sequence[Path]) -> list[Path]:
    """Paths from one source to one node, those of equal delay added into one."""
    groups: dict[tuple[Any, ...], list[Path]] = {}
    for path in paths:
        key = (path.before.shape, path.before.tobytes(), path.behind.shape, path.behind.tobytes())
        groups.setdefault(key, []).append(path)
    return [group[0] if len(group) == 1 else _sum(group) for group in groups.values()]


def _sum(paths: Sequence[Path]) -> Path:
    """Paths of equal delays as one: what they have in common, then the sum of the rest."""
    paths = [settled(path) for path in paths]
    chains = [list(_cells(path.maps)) for path in paths]
    shared = 0
    while all(len(chain) > shared for chain in chains) and len({id(chain[shared][0]) for chain in chains}) == 1:
        shared += 1
    shape = paths[0].shape
    at = next((chain[shared][1] for chain in chains if len(chain) > shared), shape)
    flat = any(path.flat for path in paths) or _is_flat(chains[0][:shared])
    rests = [tuple(synapse for synapse, _ in chain[shared:]) for chain in chains]
    total: Synapse = added(rests, at, shape, flat) or _matrix_sum(rests, at, shape)
    maps: Cell | None = None
    for synapse, given in chains[0][:shared]:
        maps = (maps, synapse, given)
    maps, total, at = _into_last(maps, total, at, shape)
    flat = isinstance(total, Dense | Sparse) and len(shape) > 1
    return replace(paths[0], maps=(maps, total, at), flat=flat)


def _into_last(maps: Cell | None, total: Synapse, at: Shape, shape: Shape) -> tuple[Cell | None, Synapse, Shape]:
    """A sum that only scales its elements goes into the map before it."""
    if maps is None or not isinstance(total, Sparse) or not is_diagonal(unbiased(total)):
        return maps, total, at
    before, last, given = maps
    offset = None if total.bias is None else total.bias.reshape(shape)
    own = scaled_map(last, total.weight.data.reshape(shape), offset)
    return (maps, total, at) if own is None else (before, own, given)


def _is_flat(chain: Sequence[tuple[Synapse, Shape]]) -> bool:
    return any(isinstance(synapse, Sparse) for synapse, _ in chain)


def _matrix_sum(chains: Sequence[tuple[Synapse, ...]], source: Shape, target: Shape) -> Synapse:
    parts = [_folded(chain, source, target) for chain in chains]
    bias = sum((np.broadcast_to(constant, target).ravel() for _, constant in parts), np.zeros(math.prod(target)))
    kept = bias if bias.any() else None
    if any(isinstance(own, Dense) for own, _ in parts):
        _bounded(math.prod(source) * math.prod(target))
        dense = [own.weight if isinstance(own, Dense) else _entries(own, source).toarray() for own, _ in parts]
        return Dense(sum(dense[1:], dense[0]), kept)
    matrices = [_entries(own, source) for own, _ in parts]
    return Sparse(sum(matrices[1:], matrices[0]), kept)


def _folded(chain: tuple[Synapse, ...], source: Shape, target: Shape) -> tuple[Synapse, FloatArray]:
    """One map for a chain and its constant."""
    shape = source
    for synapse in chain:
        _bounded_map(synapse, shape)
        shape = _output(synapse, shape)
    own, constant = fold_chain(chain, source, target)
    return own, constant


def _entries(own: Synapse, source: Shape) -> sp.csr_matrix:
    _bounded_map(own, source)
    return to_matrix(own, source).astype(np.float64)


def _listed(own: Synapse, source: Shape, target: Shape) -> Sparse:
    _bounded_map(own, source)
    return Sparse(to_matrix(unbiased(own), source), spread_bias(own, target))


def _bounded_map(own: Synapse, source: Shape) -> None:
    weight = getattr(own, "weight", None)
    if weight is None or isinstance(own, Dense | Sparse):
        return
    window = getattr(own, "kernel", None) or weight.shape[2:]
    taps = math.prod(window) * (weight.shape[1] if weight.ndim == 4 else 1)
    after = own.output_shape(source)
    _bounded(math.prod(after or ()) * taps)


def _bounded(entries: int) -> None:
    if entries > MAX_ENTRIES:
        raise Unfit(
            f"would become a matrix of {entries:,} entries",
            f"at most {MAX_ENTRIES:,} are written out",
            "Use convolutions of equal stride in both branches, or put neurons between.",
        )


def joined(paths: Sequence[Path], target: Shape) -> tuple[tuple[Synapse, ...], FloatArray]:
    """The maps and the delay of one projection for all paths of one source; delays as Projection has them."""
    paths = [settled(path) for path in merged(paths)]
    if len(paths) == 1:
        (path,) = paths
        synapses = path.synapses()
        if all(isinstance(synapse, Flatten) for synapse in synapses):
            return (Sparse(sp.identity(math.prod(path.start), format="csr")),), _delay(path)
        return with_reshapes(synapses, path.start, target), _delay(path)
    start = paths[0].start
    parts = [_folded(path.synapses(), start, target) for path in paths]
    bias = sum((np.broadcast_to(constant, target).ravel() for _, constant in parts), np.zeros(math.prod(target)))
    size = (math.prod(target), math.prod(start))
    _bounded(math.prod(size))
    total, delays = sp.csr_matrix(size), np.zeros(size)
    for (own, _), path in zip(parts, paths, strict=True):
        matrix = _entries(own, start)
        matrix.eliminate_zeros()
        if (abs(total).sign()).multiply(abs(matrix).sign()).nnz:
            raise Unfit(
                "is reached on two paths of unequal delay through the same pairs of neurons",
                "a synapse has one delay",
                "Put neurons into one of the paths, or make the delays alike.",
            )
        rows, columns = matrix.nonzero()
        delays[rows, columns] = np.broadcast_to(_delay(path), size)[rows, columns]
        total = total + matrix
    return with_reshapes((Sparse(total, bias if bias.any() else None),), start, target), delays


def with_reshapes(synapses: tuple[Synapse, ...], start: Shape, target: Shape) -> tuple[Synapse, ...]:
    """A chain whose images are flattened where a matrix takes them, so that one map is told in one way.

    The last map may be a matrix that only scales its elements, and keeps the image.
    """
    told: list[Synapse] = []
    shape = start
    for synapse in synapses:
        scale = synapse is synapses[-1] and shape == target and is_diagonal(synapse)
        if isinstance(synapse, Dense | Sparse) and len(shape) > 1 and not scale:
            told.append(Flatten())
        told.append(synapse)
        shape = _output(synapse, shape)
    return tuple(told)


def _delay(path: Path) -> FloatArray:
    """(), (1, sources), (targets, 1) or (targets, sources) seconds."""
    before = path.before.reshape(1, -1) if path.before.ndim else path.before
    behind = path.behind.reshape(-1, 1) if path.behind.ndim else path.behind
    if before.ndim and behind.ndim:
        _bounded(before.size * behind.size)
    delay = np.asarray(before + behind)
    first = delay.reshape(-1)[0]
    return np.asarray(first) if (delay == first).all() else delay


def _cells(maps: Cell | None) -> Iterator[tuple[Synapse, Shape]]:
    found = []
    while maps is not None:
        maps, synapse, shape = maps
        found.append((synapse, shape))
    yield from reversed(found)


def _output(own: Synapse | None, shape: Shape) -> Shape:
    after = shape if own is None else own.output_shape(shape)
    assert after is not None, "shapes have been inferred before"
    return after
