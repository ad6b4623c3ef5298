"""Blocks to chips and cores: first few messages between chips, then few hops within each.

Greedy growth, then a local search of moves and swaps that takes improvements only, so that the result is never worse
than the greedy one. The order in which blocks are tried is drawn from a seed: the same call gives the same places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.place.chip import Chip

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_SWEEPS = 8  # of the local search; it ends before when nothing improves
_TRIED = 3  # chips that a block is tried on, the best first
_GAIN = 1e-9  # of messages: less is rounding


@dataclass(frozen=True, eq=False)
class Places:
    """chip, core: of each block, (blocks,), a core's number within its chip."""

    chip: Ints
    core: Ints


def assign(traffic: sp.csr_matrix, chip: Chip, seed: int = 0, search: bool = True) -> Places:
    """Places for blocks with `traffic` messages between them, (blocks, blocks). search: False is the greedy result."""
    both = sp.csr_matrix(traffic + traffic.T)
    both.setdiag(0)
    both.eliminate_zeros()
    blocks, capacity = both.shape[0], chip.cores.value
    random = np.random.default_rng(seed)
    on_chip = _grown(both, capacity)
    if search and blocks > capacity:
        on_chip = _moved(both, on_chip, capacity, random)
    core = np.zeros(blocks, np.int64)
    distance = distances(chip)
    for number in range(-(-blocks // capacity)):
        members = np.flatnonzero(on_chip == number)
        weight = both[members][:, members].toarray()
        core[members] = _laid_out(weight, distance, random if search else None)
    return Places(on_chip, core)


def distances(chip: Chip) -> Floats:
    """Hops between cores of one chip: (cores, cores). Cores share a router; messages go along one axis, then the other."""
    router = np.arange(chip.cores.value) // chip.cores_per_tile
    y, x = np.divmod(router, chip.mesh[0])
    return np.asarray(np.abs(x[:, None] - x) + np.abs(y[:, None] - y), dtype=np.float64)


def _row(matrix: sp.csr_matrix, index: int) -> tuple[Ints, Floats]:
    span = slice(matrix.indptr[index], matrix.indptr[index + 1])
    return matrix.indices[span], matrix.data[span]


def _grown(both: sp.csr_matrix, capacity: int) -> Ints:
    """Fill one chip after the other, each time with the block that has most to say to those on it."""
    blocks = both.shape[0]
    chip = np.full(blocks, -1, np.int64)
    ties = np.full(blocks, 0.0)
    for placed in range(blocks):
        if placed % capacity == 0:
            ties = np.where(chip < 0, 0.0, -np.inf)
        block = int(ties.argmax())  # the first of equals: blocks are in the order of their populations
        chip[block] = placed // capacity
        ties[block] = -np.inf
        others, messages = _row(both, block)
        ties[others] += messages
    return chip


def _moved(both: sp.csr_matrix, chip: Ints, capacity: int, random: np.random.Generator) -> Ints:
    """Move and swap blocks between chips while messages between chips become fewer."""
    chip = chip.copy()
    blocks, chips = len(chip), int(chip.max()) + 1
    member = np.zeros((blocks, chips))
    member[np.arange(blocks), chip] = 1
    ties = np.asarray(both @ member)  # messages of each block with each chip
    size = member.sum(axis=0)
    to_all = np.zeros(blocks)

    def go(block: int, to: int) -> None:
        others, messages = _row(both, block)
        ties[others, chip[block]] -= messages
        ties[others, to] += messages
        size[chip[block]] -= 1
        size[to] += 1
        chip[block] = to

    for _ in range(_SWEEPS):
        before = chip.copy()
        for block in random.permutation(blocks):
            gain = ties[block] - ties[block, chip[block]]
            if gain.max() <= _GAIN:
                continue
            others, messages = _row(both, block)
            to_all[others] = messages
            for to in np.argsort(-gain, kind="stable")[:_TRIED]:
                home = int(chip[block])
                if gain[to] <= _GAIN:
                    break
                if size[to] < capacity:
                    go(block, int(to))
                    break
                there = np.flatnonzero(chip == to)
                swap = gain[to] + ties[there, home] - ties[there, to] - 2 * to_all[there]
                best = int(swap.argmax())
                if swap[best] > _GAIN:
                    go(block, int(to))
                    go(int(there[best]), home)
                    break
            to_all[others] = 0
        if np.array_equal(before, chip):
            break
    return chip


def _laid_out(weight: Floats, distance: Floats, random: np.random.Generator | None) -> Ints:
    """Core of each block of one chip. weight: messages between them, (blocks, blocks). random: None for greedy alone."""
    slots, blocks = len(distance), len(weight)
    core = np.full(slots, -1, np.int64)
    full = np.zeros((slots, slots))  # blocks that are not there stand for free cores
    full[:blocks, :blocks] = weight
    cost = np.zeros((slots, slots))  # of each block on each core, by the blocks that have their place
    free = np.ones(slots, bool)
    ties = np.zeros(slots)
    for _ in range(blocks):
        block = int(np.where(core[:blocks] < 0, ties[:blocks], -np.inf).argmax())
        at = int(np.where(free, cost[block], np.inf).argmin())
        core[block], free[at] = at, False
        cost += np.outer(full[block], distance[at])
        ties += full[block]
    core[blocks:] = np.flatnonzero(free)
    return (core if random is None else _swapped(full, core, cost, distance, random))[:blocks]


def _swapped(full: Floats, core: Ints, cost: Floats, distance: Floats, random: np.random.Generator) -> Ints:
    everyone = np.arange(len(core))
    for _ in range(_SWEEPS):
        improved = False
        for block in random.permutation(len(core)):
            here = core[block]
            change = cost[block, core] - cost[block, here] + cost[:, here] - cost[everyone, core]
            change += 2 * full[block] * distance[here, core]
            other = int(change.argmin())
            if change[other] >= -_GAIN:
                continue
            step = distance[core[other]] - distance[here]
            cost += np.outer(full[block] - full[other], step)
            core[block], core[other] = core[other], here
            improved = True
        if not improved:
            break
    return core
