"""Timing: every connection of the chip takes a step, so a population lags behind its source network.

With latency L per population (0 for inputs), a projection that takes d steps in the source takes
d + L(target) - L(source) steps on the chip, which must be at least 1. The smallest such latencies are the longest
paths; branches of unequal depth are balanced by the delays that follow. A loop shorter than its number of connections
cannot be balanced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import CompileError, Fault
from neurokit.graph.check import loops
from neurokit.graph.network import Network, Projection
from neurokit.graph.synapses import Injection


def steps_of(projection: Projection, dt: float | None) -> NDArray[np.int64]:
    """Delays of a Network's projection in whole steps of dt seconds; CompileError where they are off the grid."""
    delay = np.asarray(projection.delay, np.float64)
    if not delay.any():
        return np.zeros(delay.shape, np.int64)
    if dt is None:
        raise CompileError(
            Fault(
                projection.name, "has a delay in seconds", "the step is unknown", "Pass dt= in seconds to nk.convert."
            )
        )
    steps = np.rint(delay / dt)
    off = np.abs(delay / dt - steps).max()
    if off > 1e-3:
        raise CompileError(
            Fault(
                projection.name,
                f"a delay is {off:.3g} steps off the grid of {dt:g} s",
                "delays are whole steps",
                "Choose a dt that divides them.",
            )
        )
    return np.asarray(steps, np.int64)


def latencies(network: Network) -> dict[str, int]:
    """Steps by which each population lags behind the inputs when every connection takes at least one step."""
    latency = dict.fromkeys([*network.inputs, *network.populations], 0)
    edges = [
        (p.source, p.target, (0 if isinstance(p.synapses[0], Injection) else 1) - int(steps_of(p, network.dt).min()))
        for p in network.projections
    ]
    for _ in range(len(latency)):
        late = [e for e in edges if latency[e[1]] < latency[e[0]] + e[2]]
        if not late:
            return latency
        for source, target, least in late:
            latency[target] = max(latency[target], latency[source] + least)
    inner = [(source, target) for source, target, _ in edges if source in network.populations]
    raise CompileError(
        [
            Fault(
                ", ".join(loop),
                "lie on a loop that is faster than its connections",
                "every connection of Loihi takes at least one step",
                "Give each projection of the loop a delay of one step: a recurrent layer's spikes come a step later.",
            )
            for loop in loops(network.populations, inner)
            if _too_fast(loop, edges)
        ]
    )


def _too_fast(loop: list[str], edges: list[tuple[str, str, int]]) -> bool:
    """Whether waiting grows without end around `loop`."""
    wait = dict.fromkeys(loop, 0)
    for _ in range(len(loop) + 1):
        grown = {t: wait[s] + need for s, t, need in edges if s in wait and t in wait and wait[t] < wait[s] + need}
        wait |= grown
    return bool(grown)


def align(network: Network, latency: Mapping[str, int]) -> tuple[Projection, ...]:
    """The projections with delays in the chip's steps."""
    return tuple(
        replace(p, delay=steps_of(p, network.dt) + latency[p.target] - latency[p.source]) for p in network.projections
    )


def depths(network: Network) -> dict[str, int]:
    """Steps from an input's value to the first effect on each population, by the delays as they stand.

    This is the depth that a reset window follows: the shortest path in steps.
    """
    far = 1 << 30
    depth = {**dict.fromkeys(network.inputs, 0), **dict.fromkeys(network.populations, far)}
    edges = [(p.source, p.target, int(steps_of(p, network.dt).min())) for p in network.projections]
    for _ in range(len(depth)):
        for source, target, steps in edges:
            depth[target] = min(depth[target], depth[source] + steps)
    return {name: value if value < far else 0 for name, value in depth.items()}  # 0: no input ever reaches it
