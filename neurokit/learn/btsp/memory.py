"""A memory that learns in one shot: binary stochastic plasticity at plateaus.

Wu & Maass 2025, "A simple model for behavioral time scale synaptic plasticity (BTSP) provides content addressable
memory with binary synapses and one-shot learning", Nature Communications 16:342, doi:10.1038/s41467-024-55563-6.

Inputs (CA3) reach neurons (CA1) by binary synapses, of which a share `connectivity` exists. When a pattern x is stored,
each neuron has a plateau with probability f_q: half of these raise all its synapses from active inputs to 1, half bring
them to 0. A neuron is active in recall where sum W x >= threshold; what the whole pattern recalls once everything is
stored is its trace, and what a part of it recalls is compared with that.

Synapses take two bits each (there, and strong), eight inputs to a byte.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError
from neurokit.hardware.simulator.caching import njit

Bits = NDArray[np.uint8]


@dataclass(frozen=True)
class MemorySetting:
    """inputs m, neurons n, active: f_p, share of inputs in a pattern; plateaus: f_q, probability for a neuron and
    pattern; connectivity: share of synapses that exist. Defaults: the paper's scale."""

    inputs: int = 25_000
    neurons: int = 39_000
    active: float = 0.005
    plateaus: float = 0.005
    connectivity: float = 0.6

    def __post_init__(self) -> None:
        faults = [
            Fault(name, f"is {value}", "1 or more", "Give how many there are.")
            for name, value in (("inputs", self.inputs), ("neurons", self.neurons))
            if value < 1
        ]
        faults += [
            Fault(name, f"is {value:g}", "a share lies above 0 and at most at 1", "Give such a number.")
            for name, value in (
                ("active", self.active),
                ("plateaus", self.plateaus),
                ("connectivity", self.connectivity),
            )
            if not 0 < value <= 1
        ]
        if faults:
            raise InputError(faults)

    @property
    def bytes(self) -> int:
        """Memory of the synapses."""
        return 2 * self.neurons * -(-self.inputs // 8)


TENTH = MemorySetting(2_500, 3_900, active=0.02)


def patterns(setting: MemorySetting, count: int, seed: int, *, equal: bool = False) -> Bits:
    """(count, inputs / 8) random patterns, packed; each input is active with probability f_p, as in the paper.

    equal: every pattern has f_p m active inputs instead; a threshold then suits all of them.
    """
    rng = np.random.default_rng(seed)
    size = max(1, round(setting.active * setting.inputs))
    found = np.empty((count, -(-setting.inputs // 8)), np.uint8)
    for row in found:
        drawn = rng.random(setting.inputs, np.float32)
        edge = (
            np.partition(drawn, size - 1)[size - 1]
            if equal
            else np.nextafter(np.float32(setting.active), np.float32(0))
        )
        row[:] = np.packbits(drawn <= edge)
    return found


def masked(stored: Bits, share: float, seed: int) -> Bits:
    """Cues: of each pattern's active inputs a share, drawn anew for each, is silent."""
    rng = np.random.default_rng(seed)
    cues = np.unpackbits(stored, axis=1)
    for cue in cues:
        on = np.flatnonzero(cue)
        cue[rng.choice(on, round(share * len(on)), replace=False)] = 0
    found: Bits = np.packbits(cues, axis=1)
    return found


@dataclass(eq=False)
class Memory:
    """exists, strong: (neurons, inputs / 8) packed. `store` changes `strong` in place."""

    setting: MemorySetting
    exists: Bits
    strong: Bits

    def store(self, items: Bits, seed: int) -> None:
        """Store packed patterns one after the other, once each; `seed` draws the plateaus."""
        self._check(items)
        rng, rate = np.random.default_rng(seed), self.setting.plateaus
        for item in items:
            happens = rng.random(self.setting.neurons)
            up, down = np.flatnonzero(happens < rate / 2), np.flatnonzero((happens >= rate / 2) & (happens < rate))
            self.strong[up] |= self.exists[up] & item
            self.strong[down] &= ~item

    def drive(self, cues: Bits) -> NDArray[np.int32]:
        """(cues, neurons) sum of strong synapses from active inputs."""
        self._check(cues)
        found: NDArray[np.int32] = _overlaps(self.strong, np.ascontiguousarray(cues))
        return found

    def recall(self, cues: Bits, threshold: int) -> NDArray[np.bool_]:
        """(cues, neurons) whether a neuron is active."""
        return self.drive(cues) >= threshold

    def _check(self, items: Bits) -> None:
        width = -(-self.setting.inputs // 8)
        if items.ndim != 2 or items.shape[1] != width or items.dtype != np.uint8:
            fact = f"have shape {items.shape}, {items.dtype}"
            limit = f"patterns are packed to (count, {width}) bytes for {self.setting.inputs} inputs"
            raise InputError(Fault("patterns", fact, limit, "Pack them with numpy.packbits(x, axis=1)."))


def empty(setting: MemorySetting, seed: int) -> Memory:
    """A memory in which every synapse is weak; `seed` draws which exist."""
    rng = np.random.default_rng(seed)
    width = -(-setting.inputs // 8)
    exists = np.empty((setting.neurons, width), np.uint8)
    for row in exists:
        row[:] = np.packbits(rng.random(setting.inputs, np.float32) < setting.connectivity)
    return Memory(setting, exists, np.zeros_like(exists))


@dataclass(frozen=True)
class Recall:
    """identified: share of cues whose nearest trace is their own (where k are equally near, 1 / k of one). own, others:
    mean Hamming distance to the own trace, and to the other traces. active: mean neurons in a trace."""

    identified: float
    own: float
    others: float
    active: float


def judged(traces: NDArray[np.bool_], recalled: NDArray[np.bool_]) -> Recall:
    """Traces (items, neurons) of whole patterns against what cues of the first items recalled (cues, neurons)."""
    one, other = traces.astype(np.float32), recalled.astype(np.float32)
    distance = one.sum(1)[None] + other.sum(1)[:, None] - 2 * other @ one.T
    own = np.diagonal(distance)
    others = (distance.sum(1) - own) / max(1, len(traces) - 1)
    nearest = distance == distance.min(1, keepdims=True)
    identified = float((np.diagonal(nearest) / nearest.sum(1)).mean())
    return Recall(identified, float(own.mean()), float(others.mean()), float(one.sum(1).mean()))


def winners(weights: NDArray[np.float32], cues: Bits, inputs: int, count: int) -> NDArray[np.bool_]:
    """A control: a fixed random projection, of which the `count` largest are active."""
    return _strongest(np.unpackbits(cues, axis=1)[:, :inputs].astype(np.float32) @ weights.T, count)


def hopfield(items: Bits, cues: Bits, inputs: int, sweeps: int = 5) -> NDArray[np.bool_]:
    """A control: covariance weights among the inputs (Tsodyks & Feigelman 1988), recall with as many active as stored.

    Items and cues are packed; gives (cues, inputs). Weights sum_k (x_k - f)(x_k - f)', no neuron onto itself.
    """
    x = np.unpackbits(items, axis=1)[:, :inputs].astype(np.float32)
    f = x.mean()
    weights = (x - f).T @ (x - f)
    np.fill_diagonal(weights, 0)
    state = np.unpackbits(cues, axis=1)[:, :inputs].astype(np.float32)
    count = round(float(x.sum(1).mean()))
    for _ in range(sweeps):
        drive = (state - f * (state.sum(1, keepdims=True) > 0)) @ weights
        state = _strongest(drive, count).astype(np.float32)
    return state.astype(bool)


def _strongest(drive: NDArray[np.float32], count: int) -> NDArray[np.bool_]:
    """The `count` largest of each row, and what is equal to the least of them."""
    found: NDArray[np.bool_] = drive >= np.partition(drive, -count, axis=1)[:, -count][:, None]
    return found


def capacity(
    setting: MemorySetting,
    counts: tuple[int, ...],
    mask: float,
    threshold: int,
    seed: int,
    *,
    cues: int = 200,
    among: int = 2_000,
    equal: bool = False,
    tell: Callable[[int, Recall], None] | None = None,
) -> list[Recall]:
    """Recall from cues with a share `mask` silent, after each of `counts` (rising) numbers of patterns were stored.

    Cues are of the first `cues` patterns, the oldest, and are looked for among the traces of the first `among`.
    """
    if list(counts) != sorted(set(counts)) or not counts or counts[0] < 1:
        fact = f"are {counts}"
        raise InputError(Fault("counts", fact, "numbers of patterns that rise from 1 or more", "Sort them."))
    memory, items = empty(setting, seed), patterns(setting, counts[-1], seed + 1, equal=equal)
    found, done = [], 0
    for count in counts:
        memory.store(items[done:count], seed + 2 + count)
        done = count
        traces = memory.recall(items[: min(count, among)], threshold)
        found.append(
            judged(traces, memory.recall(masked(items[: min(cues, among, count)], mask, seed + 1_000), threshold))
        )
        if tell:
            tell(count, found[-1])
    return found


@njit(cache=True)
def _overlaps(strong, cues):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Ones in common of each cue and each neuron's strong synapses; bytes where a cue has none are passed over."""
    ones = np.zeros(256, np.uint8)
    for value in range(1, 256):
        ones[value] = ones[value >> 1] + (value & 1)
    found = np.zeros((cues.shape[0], strong.shape[0]), np.int32)
    for item in range(cues.shape[0]):
        where = np.flatnonzero(cues[item])
        for neuron in range(strong.shape[0]):
            total = np.int32(0)
            for byte in where:
                total += ones[strong[neuron, byte] & cues[item, byte]]
            found[item, neuron] = total
    return found
