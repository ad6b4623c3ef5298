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
_TRIES = 100_000  # blocks that are tried in all sweeps, so that the largest networks do not take for ever
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
    """Hops between cores of one chip: (cores, cores). Messages go along one axis, then along the other."""
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
    state = _Chips(both, chip.copy(), capacity)
    tries = _TRIES
    for _ in range(_SWEEPS):
        moves = 0
        hopeful = np.flatnonzero(state.ties.max(axis=1) - state.own() > _GAIN)
        for block in random.permutation(hopeful)[:tries]:
            moves += state.improve(int(block))
        tries -= len(hopeful)
        if not moves or tries <= 0:
            break
    return state.chip


class _Chips:
    """Which block is on which chip. ties: messages of each block with each chip, (blocks, chips)."""

    def __init__(self, both: sp.csr_matrix, chip: Ints, capacity: int) -> None:
        self.both, self.chip = both, chip
        blocks, chips = len(chip), int(chip.max()) + 1
        member = sp.csr_matrix((np.ones(blocks), (np.arange(blocks), chip)), (blocks, chips))
        self.ties: Floats = (both @ member).toarray()
        self.seat = np.zeros(blocks, np.int64)
        self.seats = np.full((chips, capacity), -1, np.int64)  # blocks on each chip, -1 for a free core
        for number in range(chips):
            there = np.flatnonzero(chip == number)
            self.seats[number, : len(there)] = there
            self.seat[there] = np.arange(len(there))
        self.with_block = np.zeros(blocks + 1)  # scratch: messages of one block with each other, last for a free core

    def own(self) -> Floats:
        """Messages of each block with its own chip: (blocks,)."""
        return np.asarray(self.ties[np.arange(len(self.chip)), self.chip])

    def improve(self, block: int) -> bool:
        """Move the block to a free core of another chip, or swap it with a block there, if messages become fewer."""
        home = int(self.chip[block])
        gain = self.ties[block] - self.ties[block, home]
        if gain.max() <= _GAIN:
            return False
        others, messages = _row(self.both, block)
        self.with_block[others] = messages
        best_chips = np.argsort(-gain, kind="stable")[:_TRIED]
        found = next((pair for to in best_chips if (pair := self._partner(gain, home, int(to)))), None)
        self.with_block[others] = 0
        if found is None:
            return False
        self._go(block, *found, home)
        return True

    def _partner(self, gain: Floats, home: int, to: int) -> tuple[int, int] | None:
        """(chip, seat) there whose block, or emptiness, is best to swap with."""
        if gain[to] <= _GAIN:
            return None
        there = self.seats[to]
        swap = gain[to] + np.where(there < 0, 0.0, self.ties[there, home] - self.ties[there, to])
        swap -= 2 * self.with_block[there]
        seat = int(swap.argmax())
        return (to, seat) if swap[seat] > _GAIN else None

    def _go(self, block: int, to: int, seat: int, home: int) -> None:
        other, left = int(self.seats[to, seat]), int(self.seat[block])
        self.seats[to, seat], self.seats[home, left] = block, other
        for moved, start, end, place in ((block, home, to, seat), (other, to, home, left)):
            if moved < 0:
                continue
            others, messages = _row(self.both, moved)
            self.ties[others, start] -= messages
            self.ties[others, end] += messages
            self.chip[moved], self.seat[moved] = end, place


def _laid_out(weight: Floats, distance: Floats, random: np.random.Generator | None) -> Ints:
    """Core of each block of one chip. weight: messages, (blocks, blocks). random: None for greedy alone."""
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
