"""Small Programs for tests, made by hand; `tests/programs.py` draws them at random."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Shape, Synapse


def neuron(threshold: Any = 64 * 40, **changes: Any) -> LoihiLIF:
    """A leaky neuron that a few spikes of weight 60 make fire."""
    return LoihiLIF(**{"current_decay": 1500, "voltage_decay": 300, "threshold": threshold, **changes})


def program(
    inputs: dict[str, Shape],
    populations: dict[str, tuple[Shape, LoihiLIF]],
    projections: dict[tuple[str, str], tuple[Synapse, Any]],
    outputs: tuple[str, ...],
) -> Program:
    """A Program from names; projections: (source, target) -> (synapse, delay)."""
    made = {name: Population(name, *rest) for name, rest in populations.items()}
    return Program(
        inputs={name: Input(name, shape) for name, shape in inputs.items()},
        populations=made,
        projections=tuple(Projection(s, t, (syn,), np.array(d)) for (s, t), (syn, d) in projections.items()),
        outputs={name: made[name] for name in outputs},
    )


def one_projection(synapse: Synapse, source: Shape, target: Shape, delay: Any = 1, **changes: Any) -> Program:
    """in -> out through `synapse`."""
    return program(
        {"in": source}, {"out": (target, neuron(**changes))}, {("in", "out"): (synapse, delay)}, outputs=("out",)
    )


def weights(rng: np.random.Generator, shape: Shape, kind: str = "mixed") -> Any:
    """Integers of a sign mode: "mixed", "even" (beyond 127), "excitatory", "inhibitory", "zero"."""
    if kind == "zero":
        return np.zeros(shape, np.int64)
    if kind == "even":
        return 2 * rng.integers(-128, 128, shape)
    low, high = {"mixed": (-128, 128), "excitatory": (0, 256), "inhibitory": (-255, 1)}[kind]
    return rng.integers(low, high, shape)


def sparse(rng: np.random.Generator, targets: int, sources: int, kind: str = "mixed") -> sp.csr_matrix:
    """About half of the connections."""
    return sp.csr_matrix(weights(rng, (targets, sources), kind) * rng.integers(0, 2, (targets, sources)))


def spikes(rng: np.random.Generator, *shape: int, rate: float = 0.3) -> Any:
    """Zeros and ones."""
    return (rng.random(shape) < rate).astype(np.int64)
