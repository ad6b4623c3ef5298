"""A Program's projection that learns: the learning engine of `lower.fixedpoint.learning`, by compiled kernels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.graph.fixed_plasticity import FixedRule, FixedTrace
from neurokit.graph.learned import weights_of
from neurokit.graph.network import Population, Projection
from neurokit.graph.synapses import Conv2d, Dense, Shape, Sparse
from neurokit.hardware.simulator import kernels
from neurokit.hardware.simulator.links import Rows, largest_of
from neurokit.hardware.simulator.neurons import Neurons
from neurokit.hardware.simulator.plastic import PlasticLink
from neurokit.hardware.simulator.plastic_cache import kernels_of
from neurokit.hardware.simulator.plastic_numbers import HashKeys, LavaStreams
from neurokit.hardware.simulator.plastic_shape import VARIABLES, X_TRACES, Y_TRACES, constants_of, shape_of
from neurokit.hardware.simulator.plastic_signals import FixedSignals
from neurokit.hardware.simulator.plastic_steps import (
    CLOCK,
    COUNTERS,
    EVENT,
    FIRST,
    FLAGS,
    FORCED,
    STEP,
    WAITING,
    Held,
    Keys,
    Numbers,
    Schedule,
    Sides,
    add_sent,
    end_step,
    list_all,
    list_sent,
)
from neurokit.hardware.simulator.vectors import LANES
from neurokit.lower.fixedpoint.learning import SIGNAL_TAU, impulse_parts

AT_ONCE = 16  # evaluations that may wait for their rows, see `plastic_source`
SIDES = "x", "y", "x_time", "y_time"
CARRIED = [CLOCK, EVENT, STEP, FORCED]
NAMES = {"w": "weight", "t": "tag", "d": "tag2"}


class FixedPlastic(PlasticLink):
    """Dense or sparse synapses with a FixedRule.

    Arrays have a leading axis of learners. rows: of w, t and d by source, int16, (sources, targets), or (1, synapses)
    of sparse ones, that lie source by source.
    """

    def __init__(
        self, projection: Projection, delay: int, source: Shape, population: Population, learners: int
    ) -> None:
        rule, synapse = projection.plasticity, projection.synapse
        assert isinstance(rule, FixedRule), "a Program has FixedRules"
        assert isinstance(synapse, Dense | Sparse | Conv2d), "check_program refuses others"
        super().__init__(projection.source, delay, synapse.exponent)
        self.rule, self.learners = rule, learners
        self.sources, self.targets = int(np.prod(source)), population.size
        dense = isinstance(synapse, Dense)  # whole vectors: what is left of a row would be done one at a time
        self.width = -(-self.targets // LANES) * LANES if dense else self.targets
        self.shape = shape_of(rule, dense)
        self.kernels: Any = None
        self._lay_out(synapse, source)
        self.signals = (
            FixedSignals(rule.signals, population, learners, self.shape.y_traces) if rule.three_factor else None
        )
        self.needs_before = self.signals is not None and self.signals.needs_before
        self._make_traces()
        self._make_numbers()
        self._make_room_for_evaluations()
        self._schedule = self.schedule(lockstep=False)
        largest = float(max(map(abs, (*rule.bounds, largest_of(weights_of(projection))))))
        self.strongest = largest * 2.0 ** max(0, synapse.exponent)  # of what `add` adds
        self.reach = self.strongest * max(1, int(self.fan_in.max(initial=0)))
        self._updates = np.zeros(learners, np.int64)
        self.counters = np.zeros(len(COUNTERS), np.int64)
        self.sums: NDArray[Any] = np.zeros((learners, self.targets), np.int32)
        self.rest()

    def _lay_out(self, synapse: Any, source: Shape) -> None:
        """Weights by source, and who has how many."""
        self.kernels = kernels_of(self.shape)
        if isinstance(synapse, Dense):
            rows = np.zeros((self.sources, self.width), np.int16)
            rows[:, : self.targets] = synapse.weight.T
            self.target, self.start = np.zeros(0, np.int32), np.zeros(0, np.int64)
            self.fan_out = np.full(self.sources, self.targets)
            self.fan_in = np.full(self.targets, self.sources)
        else:
            columns = synapse.weight.tocsc()
            columns.sort_indices()
            rows = columns.data[None]
            self.target, self.start = columns.indices.astype(np.int32), columns.indptr.astype(np.int64)
            self.fan_out = np.diff(self.start)
            self.fan_in = np.bincount(self.target, minlength=self.targets)
            self.pattern = synapse.weight.indices, synapse.weight.indptr
        self.rows = {"w": np.repeat(rows.astype(np.int16)[None], self.learners, axis=0)}
        for variable in VARIABLES[1:]:
            if variable in self.shape.used:
                self.rows[variable] = np.zeros_like(self.rows["w"])

    def _make_traces(self) -> None:
        rule, shape = self.rule, self.shape
        self.x_names, self.y_names = shape.x_traces, shape.y_traces
        signal = FixedTrace(0.0, SIGNAL_TAU if rule.arithmetic == "lava" else np.inf)
        silent = FixedTrace(0.0, 0.0)
        n, sources, targets = self.learners, self.sources, self.targets
        self.sides = Sides(
            np.zeros((n, len(self.x_names), sources), np.int16),
            np.zeros((n, sources), np.int16),
            kinds_of([rule.traces.get(name, silent) for name in self.x_names]),
            np.zeros((n, len(self.y_names), targets), np.int16),
            np.zeros((n, targets), np.int16),
            kinds_of([signal if rule.three_factor else rule.traces.get(name, silent) for name in self.y_names]),
        )
        sizes = dict.fromkeys(self.x_names, sources) | dict.fromkeys(self.y_names, targets)
        self.watched = {name: (size,) for name, size in sizes.items()}
        self.watched |= {NAMES[v]: self._shape_of_weights() for v in self.rows}

    def _make_room_for_evaluations(self) -> None:
        """See `plastic_source`."""
        n, sources, wide = self.learners, self.sources, self.width
        places = 1 if self.rule.epoch == 1 else self.rule.epoch + 1
        held = max(1, AT_ONCE // places)
        ys = np.zeros((n, held, places, len(self.y_names), wide), np.int16)
        w = self.rows["w"]
        self.held = Held(
            seen=np.zeros((n, sources), np.int64),
            w=w,
            t=self.rows.get("t", w),
            d=self.rows.get("d", w),
            target=self.target,
            start=self.start,
            xs=np.zeros((n, held, places, len(self.x_names), sources), np.int16),
            xt=np.zeros((n, held, sources), np.int16),
            ys=ys,
            yo=ys[:, :, 0] if places == 1 else np.zeros((n, held, len(self.y_names), wide), np.int16),
            yt=np.zeros((n, held, wide), np.int16),
            fired=np.zeros((n, held, wide), np.int32),
            flags=np.zeros((n, held, FLAGS), np.int64),
            constants=np.array(constants_of(self.rule), np.int64),
            targets=self.targets,
        )
        self.listed, self.number = np.zeros((n, sources), np.int64), np.zeros(n, np.int64)

    def schedule(self, lockstep: bool) -> Schedule:
        """What kernels take of the rule; lockstep: other learners take their steps beside these."""
        rule, products = self.rule, self.shape.products
        gates = [{product.dependency for product in of} for of in products]
        uses, weight_uses = (
            ("x0" in gate, "y0" in gate, "u" in gate) for gate in (set[str]().union(*gates), set[str](gates[0]))
        )
        return Schedule(
            epoch=rule.epoch,
            period=1 << rule.decimation,
            exponent=self.exponent,
            repaired=self.repaired,
            third=self.signals is not None,
            tags="t" in self.rows and not self.repaired,
            lockstep=lockstep,
            open=uses,
            weight_open=weight_uses,
            fan_out=self.fan_out,
            fan_in=self.fan_in,
        )

    def _make_numbers(self) -> None:
        rule, n = self.rule, self.learners
        seeds = [rule.seed + k for k in range(n)]
        traces = [(*X_TRACES, *Y_TRACES).index(name) for name in (*self.x_names, *self.y_names)]
        self.repaired = rule.arithmetic == "repaired"
        self.streams = LavaStreams(seeds)
        keys = HashKeys(seeds, traces, rule.epoch)
        self.keys = Keys(keys.seeds, keys.streams, keys.repeated, keys.history, keys.rounding)

    # ------------------------------------------------------------------------------------------------- each step

    @property
    def updates(self) -> NDArray[np.int64]:
        """See `PlasticLink`."""
        return self._updates

    def add(self, rows: Rows, acc: Rows, largest: float) -> None:
        """Add what the spikes of the step before cause, by the weights as they were then."""
        sums = self.sums if self.exponent <= 0 else self.sums.astype(np.int64) << self.exponent
        self.wrapped += kernels.add_sums(sums.ravel(), max(0, -self.exponent), self.bits, acc.ravel())

    def learn(
        self,
        step: int,
        pre: Rows,
        post: Rows,
        before: Mapping[str, Rows],
        neurons: Neurons,
        modulation: Mapping[str, Rows],
    ) -> None:
        """See `PlasticLink.learn`."""
        self.make_room(pre.dtype)
        self.sums[...] = 0
        self._gather(pre)
        if self.signals is not None:
            self.signals.evaluate(step, before, neurons.states, post, modulation, self.sides.y)
        k, numbers = self._numbers_now()
        args = self.sides, numbers, self.keys, self._schedule, self.held, self._updates, self.counters
        if end_step((0, self.learners), k, pre, post, *args):
            self._catch_up()

    def _gather(self, sent: Rows) -> None:
        """Sums of what was sent, by weights that are brought up to date before."""
        everyone = (0, self.learners)
        list_sent(everyone, sent, self.listed, self.number)
        self.kernels.refresh(everyone, self.listed, self.number, self.counters[WAITING], self.held)
        add_sent(everyone, self.listed, self.number, sent, self.sums, self.held)

    def _catch_up(self) -> None:
        """All evaluations that wait; afterwards they may be forgotten."""
        everyone = (0, self.learners)
        list_all(everyone, self.listed, self.number)
        self.kernels.refresh(everyone, self.listed, self.number, self.counters[WAITING], self.held)
        self.held.seen[...] = 0
        self.counters[WAITING] = 0

    def _numbers_now(self) -> tuple[int, Numbers]:
        """The next step's place in the random numbers, and they."""
        if self.repaired:
            return 0, self.no_numbers(1)
        k, event = self.streams.at(int(self.counters[CLOCK]) + 1), int(self.counters[EVENT]) + 1
        self.counters[FIRST] = event - self.streams.event(event)
        streams = self.streams
        return k, Numbers(streams.repeated, streams.decay, streams.impulse, streams.rounding)

    def no_numbers(self, steps: int) -> Numbers:
        """In place of those that nobody shares."""
        n = self.learners
        whole, pairs = np.zeros((n, steps), np.int64), np.zeros((n, steps, 2), np.int64)
        return Numbers(whole, np.zeros((n, steps, 2)), pairs, np.zeros((n, 1), np.int64))

    # ------------------------------------------------------------------------------- many steps, see `circuit`

    def make_room(self, kind: Any) -> None:
        """For sums of payloads of this type."""
        if kind != np.uint8:
            self.sums = self.sums.astype(np.int64)

    # ----------------------------------------------------------------------------------------------- between steps

    def rest(self) -> None:
        """See `PlasticLink.rest`."""
        self._catch_up()
        self.counters[STEP] = self.counters[FORCED] = 0
        self.sums = np.zeros((self.learners, self.targets), np.int32)
        for values in (self.sides.x, self.sides.y, self.sides.x_time, self.sides.y_time):
            values[...] = 0
        for variable, start in (("t", self.rule.tag_start), ("d", self.rule.second_tag_start)):
            if variable in self.rows:
                self.rows[variable][...] = start
        if self.signals is not None:
            self.signals.rest()

    def weights(self) -> Rows:
        """See `PlasticLink.weights`; of sparse ones the matrix's data."""
        return self.watch("weight")

    def watch(self, name: str) -> Rows:
        """See `PlasticLink.watch`."""
        for names, values in ((self.x_names, self.sides.x), (self.y_names, self.sides.y)):
            if name in names:
                return values[:, names.index(name)].astype(np.int32)
        self._catch_up()
        variable = next(v for v, known in NAMES.items() if known == name)
        rows = self.rows[variable].astype(np.int32)
        if self.shape.dense:
            return rows[..., : self.targets].swapaxes(1, 2)
        shape = self.targets, self.sources
        columns = [sp.csc_matrix((row[0], self.target, self.start), shape=shape) for row in rows]
        return np.stack([_in_pattern(matrix, self.pattern) for matrix in columns])

    def at_bounds(self) -> NDArray[np.int64]:
        """See `PlasticLink.at_bounds`."""
        self._catch_up()
        w = self.rows["w"][..., : self._wide].reshape(self.learners, -1)
        return np.stack([np.count_nonzero(w == bound, axis=1) for bound in self.rule.bounds], axis=1)

    def keep(self) -> dict[str, NDArray[Any]]:
        """See `PlasticLink.keep`."""
        self._catch_up()
        kept: dict[str, NDArray[Any]] = {f"row {v}": rows[..., : self._wide].copy() for v, rows in self.rows.items()}
        kept |= {name: getattr(self.sides, name).copy() for name in SIDES}
        kept |= {"sums": self.sums.copy(), "_updates": self._updates.copy(), "counters": self.counters[CARRIED]}
        return kept | ({} if self.signals is None else self.signals.keep())

    def take(self, kept: Mapping[str, NDArray[Any]]) -> None:
        """See `PlasticLink.take`."""
        self.counters[WAITING] = 0
        self.held.seen[...] = 0
        for variable, rows in self.rows.items():
            rows[..., : self._wide] = kept[f"row {variable}"]
        for name in SIDES:
            getattr(self.sides, name)[...] = kept[name]
        self._updates[...] = kept["_updates"]
        self.sums = kept["sums"].copy()
        self.counters[CARRIED] = kept["counters"]
        if self.signals is not None:
            self.signals.take(kept)

    @property
    def _wide(self) -> int | None:
        """Synapses of a row without those that fill its last vector."""
        return self.targets if self.shape.dense else None

    def _shape_of_weights(self) -> tuple[int, ...]:
        return (self.targets, self.sources) if self.shape.dense else (len(self.target),)


def kinds_of(traces: list[FixedTrace]) -> tuple[Any, ...]:
    """Of each trace: what a step leaves, whole part and 256ths of its impulse, whether a payload overwrites it."""
    keeps = [np.exp(-1 / np.array([trace.tau]))[0] if trace.tau else 0.0 for trace in traces]
    parts = [impulse_parts(0.0 if trace.overwrites else trace.impulse) for trace in traces]
    wholes, fractions = (np.array([part[k] for part in parts], np.int64) for k in (0, 1))
    return np.array(keeps, np.float64), wholes, fractions, np.array([trace.overwrites for trace in traces], np.bool_)


def _in_pattern(matrix: sp.csc_matrix, pattern: tuple[Rows, Rows]) -> Rows:
    """Data in the order of a CSR matrix; zeros among them are kept."""
    indices, starts = pattern
    rows = matrix.tocsr()
    rows.sort_indices()
    assert (rows.indices == indices).all(), "the pattern does not change"
    assert (rows.indptr == starts).all(), "the same"
    return np.asarray(rows.data)
