"""Weights that Lava's learning connections change: carried from sample to sample, written down, and read back.

As with populations (`tape`), models are given note-takers, here around their learning phase; a sample's models are made
anew and get the weights and random numbers of the sample before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from neurokit.graph.fixed_plasticity import FixedRule
from neurokit.graph.network import Program, Projection
from neurokit.graph.synapses import Dense, Sparse
from neurokit.hardware.lava.layout import rows_and_columns
from neurokit.hardware.lava.memory import shared_zeros
from neurokit.hardware.lava.plastic import SYNAPTIC, rule_of

TRACES = "x1", "x2", "y1", "y2", "y3"


class ConnectionTape:
    """What one plastic projection does; arrays lie in Lava's order of neurons, in memory that forks share.

    weight: (targets, sources) as it is after the last step. kept: what was asked for, name -> (steps // every, ...).
    """

    def __init__(self, program: Program, projection: Projection, steps: int, names: list[str], every: int) -> None:
        rule = rule_of(projection)
        assert rule is not None, "it is plastic"
        self.rule: FixedRule = rule
        self.rows, self.columns = rows_and_columns(program, projection)
        synapse = projection.synapse
        assert isinstance(synapse, Dense | Sparse), "plastic_faults refuses others"
        weight = synapse.weight.toarray() if isinstance(synapse, Sparse) else synapse.weight
        self.projection, self.steps, self.every = projection, steps, every
        self.weight = shared_zeros(weight.shape, np.int64)
        self.weight[...] = weight[np.ix_(self.rows, self.columns)]
        sizes = {"x": (len(self.columns),), "y": (len(self.rows),)}
        shapes = {name: weight.shape if name in SYNAPTIC else sizes[name[0]] for name in names}
        self.kept = {name: shared_zeros((steps // every, *shape), np.int64) for name, shape in shapes.items()}
        self.samples = 0

    def attach(self, model: Any) -> None:
        """Bring a model that was just made to where the sample before left it, and write down what it does."""
        if self.samples:
            model.weights = _like(model.weights, self.weight)
            model.weights_set = True  # or Lava would prune synapses that have become 0
            events = self.steps // self.rule.epoch
            place_numbers(model, self.rule, self.samples * self.steps, self.samples * events)
        model.run_spk = self._then_note(model.run_spk, model, learns=False)
        model.run_lrn = self._then_note(model.run_lrn, model, learns=True)

    def _then_note(self, phase: Callable[[], None], model: Any, learns: bool) -> Callable[[], None]:
        def run() -> None:
            phase()
            if learns or not model.lrn_guard():  # once in a step, at its end
                self._note(model)

        return run

    def _note(self, model: Any) -> None:
        step = model.time_step
        if step % self.every == 0 and step <= self.steps:
            for name, values in self.kept.items():
                values[step // self.every - 1] = _full(getattr(model, SYNAPTIC.get(name, name)))
        if step == self.steps:
            self.weight[...] = _full(model.weights)

    def in_order(self, name: str) -> NDArray[np.int32]:
        """What was kept of `name` in this sample, in the Program's order of neurons."""
        return self._in_order(name, self.kept[name]).astype(np.int32)

    def learned(self) -> NDArray[np.int32]:
        """The weights as they now are, in the form of `graph.learned.weights_of`."""
        weight = self._in_order("weight", self.weight).astype(np.int32)
        synapse = self.projection.synapse
        if not isinstance(synapse, Sparse):
            return weight
        listed = synapse.weight
        found: NDArray[np.int32] = weight[np.repeat(np.arange(len(weight)), np.diff(listed.indptr)), listed.indices]
        return found

    def _in_order(self, name: str, values: NDArray[np.int64]) -> NDArray[np.int64]:
        found = np.empty_like(values)
        if name in SYNAPTIC:
            rows, columns = np.ix_(self.rows, self.columns)
            found[..., rows, columns] = values
        else:
            found[..., self.columns if name[0] == "x" else self.rows] = values
        return found


def place_numbers(model: Any, rule: FixedRule, steps: int, events: int) -> None:
    """Let a model's generators stand where those of a run stand after so many steps and evaluations.

    TraceRandom draws a number when it is made and two in each step, ConnVarRandom one and one in each evaluation; a
    whole number takes half of a 64-bit draw of numpy's generator.
    """
    for random, seed in ((model._x_random, rule.seed), (model._y_random, rule.seed + 2)):
        random._rng_trace_decay = np.random.default_rng(seed)
        random._rng_trace_decay.bit_generator.advance(2 * steps)
        random._rng_impulse_addition = np.random.default_rng(seed + 1)
        random._rng_impulse_addition.bit_generator.advance(steps)
        random.advance()
    model._conn_var_random._rng.bit_generator.advance(events)


def _full(values: Any) -> NDArray[Any]:
    return values.toarray() if issparse(values) else np.asarray(values)


def _like(values: Any, weight: NDArray[np.int64]) -> Any:
    """`weight` in the model's own form and type, with its structure where it is sparse."""
    if not issparse(values):
        return weight.astype(values.dtype)
    found = values.copy().tocsr()
    rows = np.repeat(np.arange(found.shape[0]), np.diff(found.indptr))
    found.data = weight[rows, found.indices].astype(values.dtype)
    return found
