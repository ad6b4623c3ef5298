"""What the plastic projections of a float network see while it runs: spikes, signals and their own weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.network import Network
from neurokit.hardware.simulator.engine import Engine
from neurokit.hardware.simulator.plastic_float import FloatPlasticLink
from neurokit.lower.fold import fold

Floats = NDArray[np.float64]


@dataclass
class Seen:
    """One projection over a run.

    pre: (samples, steps, sources) as the synapses got it. post: (samples, steps, targets). signals: name -> the same
    shape. weights: (times, *shape), at the start and after each block of each sample. peaks: largest |value| of traces,
    signals, tags ("tag", "tag2") and of the weight ("w"), by name.
    """

    pre: list[Any] = field(default_factory=list)
    post: list[Any] = field(default_factory=list)
    signals: dict[str, list[Any]] = field(default_factory=dict)
    weights: list[Floats] = field(default_factory=list)
    peaks: dict[str, float] = field(default_factory=dict)

    def note(self, link: FloatPlasticLink, pre: Any, post: Any, signals: Mapping[str, Floats]) -> None:
        """One step of the first learner."""
        self.pre[-1].append(pre[0].copy())
        self.post[-1].append(post[0].copy())
        learner = link.learners[0]
        for name, values in signals.items():
            self.signals.setdefault(name, [[] for _ in self.pre])[-1].append(values[0].copy())
            self._raise(name, values[0])
        for name, values in (*learner.traces.values.items(), *learner.tags.items(), ("w", learner.weights)):
            self._raise(name, values)

    def begin(self) -> None:
        """A sample begins."""
        for rows in (self.pre, self.post, *self.signals.values()):
            rows.append([])

    def _raise(self, name: str, values: Floats) -> None:
        self.peaks[name] = max(self.peaks.get(name, 0.0), float(np.abs(values).max(initial=0.0)))


def observe_learning(network: Network, inputs: Mapping[str, NDArray[Any]], steps: int, blocks: int) -> dict[str, Seen]:
    """Run all samples in order, one learner, and give what each plastic projection saw, by name.

    inputs: name -> (samples, input steps, *shape); steps beyond the input see zeros. blocks: time blocks of a sample.
    """
    folded, biases = fold(network)
    engine = Engine(folded, 1, biases)
    found: dict[str, Seen] = {}
    for name, link in engine.plastic.items():
        assert isinstance(link, FloatPlasticLink), "a Network learns in floats"
        found[name] = Seen(weights=[link.weights()[0]])
        link.listener = found[name].note
    edges = np.linspace(0, steps, blocks + 1).round().astype(int)
    for sample in range(next(iter(inputs.values())).shape[0]):
        engine.clear()
        for seen in found.values():
            seen.begin()
        for first, last in pairwise(edges.tolist()):
            for begin in range(first, last, engine.block):
                stop = min(begin + engine.block, last)
                given = {name: _rows(values[sample], begin, stop) for name, values in inputs.items()}
                engine.advance(given, stop - begin)
            for name, seen in found.items():
                seen.weights.append(engine.plastic[name].weights()[0])
    return found


def _rows(values: NDArray[Any], first: int, last: int) -> NDArray[Any]:
    """Steps of one sample as the engine takes them, (steps, 1, n), zeros behind its end."""
    rows = np.zeros((last - first, 1, int(np.prod(values.shape[1:]))))
    there = values[first:last].reshape(-1, rows.shape[2])
    rows[: len(there), 0] = there
    return rows
