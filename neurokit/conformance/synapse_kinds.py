"""What an entry of the suite's table of synapses holds, and weights of every sign mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.conformance.draws import Draws
from neurokit.graph.synapses import Shape, Synapse

Drawn = tuple[Synapse, Shape]  # a synapse, and the shape of what it feeds

# Loihi's sign modes: lowest, highest, step. Mixed signs reach beyond -128..127 with even weights only.
SIGNS = {
    "mixed": (-128, 127, 1),
    "odd and mixed": (-127, 127, 2),
    "mixed beyond 127": (-256, 254, 2),
    "excitatory": (0, 255, 1),
    "inhibitory": (-255, 0, 1),
    "small": (-8, 7, 1),
    "zero": (0, 0, 1),
}


@dataclass(frozen=True)
class Edge:
    """One value tried: a projection from `source` to `target`."""

    label: str
    synapse: Synapse
    source: Shape
    target: Shape
    delay: Any = 1


@dataclass(frozen=True)
class SynapseKind:
    """What is tried of one model.

    one_to_one: the map that passes an image of the given shape on as it is. edges: see `Edge`.
    random: any sound one from a source shape, to the target shape given if it can, else to one of its own; None where
    it takes no such source. delay: of its one-to-one map.
    """

    one_to_one: Callable[[Shape], Synapse]
    edges: Callable[[], Iterator[Edge]]
    random: Callable[[Draws, Shape, Shape], Drawn | None]
    delay: int = 1


def weights(rng: np.random.Generator, shape: Shape, sign: str) -> NDArray[np.int64]:
    """Integers of a sign mode, its two ends among them where there is room."""
    low, high, step = SIGNS[sign]
    found = low + step * rng.integers(0, (high - low) // step + 1, shape)
    if found.size > 1:
        found.flat[0], found.flat[-1] = low, high
    return found


def drawn_weights(draws: Draws, shape: Shape) -> NDArray[np.int64]:
    """Of any sign mode but zero, within the range of the signs that came up."""
    found = weights(draws.generator(), shape, draws.choice([name for name in SIGNS if name != "zero"]))
    one_sign = not found.min() < 0 < found.max()  # by chance, or alone; then the limits are these
    return np.clip(found, -255, 255) if one_sign else found
