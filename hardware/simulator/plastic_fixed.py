"""A Program's projection that learns: the learning engine of `lower.fixedpoint.learning`, by compiled kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from neurokit.hardware.simulator.plastic_kernels import end_epoch, note_step
from neurokit.hardware.simulator.plastic_numbers import HashKeys, LavaStreams
from neurokit.hardware.simulator.plastic_signals import FixedSignals
from neurokit.hardware.simulator.plastic_source import (
    COUNT,
    DUE,
    FLAGS,
    FORCE,
    KEYS,
    NUMBER,
    VARIABLES,
    X_TRACES,
    Y_TRACES,
    constants_of,
    shape_of,
)
from neurokit.hardware.simulator.vectors import LANES
from neurokit.lower.fixedpoint.learning import FRACTION_BITS, SIGNAL_TAU, impulse_parts

WAITING = 16  # evaluations that may wait for their rows, see `plastic_source`
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
        self.constants = np.array(constants_of(rule), np.int64)
        self.signals = (
            FixedSignals(rule.signals, population, learners, self.shape.y_traces) if rule.three_factor else None
        )
        self.needs_before = self.signals is not None and self.signals.needs_before
        self._make_traces()
        self._make_numbers()
        largest = float(max(map(abs, (*rule.bounds, largest_of(weights_of(projection))))))
        self.strongest = largest * 2.0 ** max(0, synapse.exponent)  # of what `add` adds
        self.reach = self.strongest * max(1, int(self.fan_in.max(initial=0)))
        self._updates = np.zeros(learners, np.int64)
        self.clock = self.event = self.step = 0
        self.force = False
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
        self.x_kind = kinds_of([rule.traces.get(name, silent) for name in self.x_names])
        y = [signal if rule.three_factor else rule.traces.get(name, silent) for name in self.y_names]
        self.y_kind = kinds_of(y)
        n, s, t = self.learners, self.sources, self.targets
        self.x, self.x_time = np.zeros((n, len(self.x_names), s), np.int16), np.zeros((n, s), np.int16)
        self.y, self.y_time = np.zeros((n, len(self.y_names), t), np.int16), np.zeros((n, t), np.int16)
        t = self.width
        places = 1 if rule.epoch == 1 else rule.epoch + 1
        held = self.held = max(1, WAITING // places)
        self.xs = np.zeros((n, held, places, len(self.x_names), s), np.int16)
        self.ys = np.zeros((n, held, places, len(self.y_names), t), np.int16)
        self.yo = self.ys[:, :, 0] if places == 1 else np.zeros((n, held, len(self.y_names), t), np.int16)
        self.xt, self.yt = np.zeros((n, held, s), np.int16), np.zeros((n, held, t), np.int16)
        self.fired, self.flags = np.zeros((n, held, t), np.int32), np.zeros((n, held, FLAGS), np.int64)
        self.seen, self.waiting = np.zeros((n, s), np.int64), 0
        sizes = dict.fromkeys(self.x_names, s) | dict.fromkeys(self.y_names, self.targets)
        self.watched = {name: (size,) for name, size in sizes.items()}
        self.watched |= {NAMES[v]: self._shape_of_weights() for v in self.rows}
        self.gates = {
            v: {p.dependency for p in products} for v, products in zip(VARIABLES, shape.products, strict=True)
        }
        self.open = set[str]().union(*self.gates.values())

    def _make_numbers(self) -> None:
        rule, n = self.rule, self.learners
        seeds = [rule.seed + k for k in range(n)]
        traces = [(*X_TRACES, *Y_TRACES).index(name) for name in (*self.x_names, *self.y_names)]
        self.repaired = rule.arithmetic == "repaired"
        self.streams = LavaStreams(seeds)
        self.keys = HashKeys(seeds, traces, rule.epoch)
        self.nothing = np.zeros((n, 2)), np.zeros((n, 2), np.int64), np.zeros(n, np.int64)

    # ------------------------------------------------------------------------------------------------- each step

    @property
    def updates(self) -> NDArray[np.int64]:
        """See `PlasticLink`."""
        return self._updates

    def add(self, rows: Rows, acc: Rows, largest: float) -> None:
        """Add what the spikes of the step before cause, by the weights as they were then."""
        self.bits = 32
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
        everyone = (0, self.learners)
        self.make_room(pre.dtype)
        self.sums[...] = 0
        self.kernels.gather(*everyone, pre, self.sums, *self.waiting_rows())
        if self.signals is not None:
            self.signals.evaluate(step, before, neurons.states, post, modulation, self.y)
        self.clock += 1
        self.step += 1
        epoch, place = self.rule.epoch, 0 if self.repaired else self.streams.at(self.clock)
        if self.repaired:
            self.keys.step(self.clock)
        repeated = self.nothing[2] if self.repaired else self.streams.repeated[:, place]
        within = (self.step - 1) % epoch + 1
        sides = self.x, self.x_time, pre, self.x_kind, self.y, self.y_time, post, self.y_kind
        note_step(everyone, *sides, within, self.signals is not None, self.repaired, repeated, self.keys.repeated)
        if within == epoch:
            self._evaluate(place)

    def _evaluate(self, place: int) -> None:
        """An epoch ends."""
        self.event += 1
        e, everyone = self.waiting, (0, self.learners)
        if self.repaired:
            self.keys.end(self.clock)
            decay, impulse, _ = self.nothing
        else:
            decay, impulse = self.streams.decay[:, place], self.streams.impulse[:, place]
        sides = self.x, self.x_time, self.x_kind, self.y, self.y_time, self.y_kind, self.signals is not None
        room = self.xs, self.xt, self.ys, self.yo, self.yt, self.fired
        counts = end_epoch(everyone, e, *sides, self.repaired, *room, decay, impulse, self.keys.history)
        due = (self.step // self.rule.epoch) % (1 << self.rule.decimation) == 0
        self._count_updates(e, due)
        flags = self.flags[:, e]
        flags[:, COUNT] = counts[:, 1]
        flags[:, DUE] = due
        flags[:, FORCE] = self.force
        opened = ("x0" in self.open and counts[:, 0].any()) or ("y0" in self.open and counts[:, 1].any())
        if self.repaired:
            flags[:, KEYS:] = self.keys.rounding
        else:
            place = self.streams.event(self.event)
            flags[:, NUMBER] = self.streams.rounding[:, place]
        if opened or (due and "u" in self.open) or self.force:
            self.waiting += 1
            # a tag rounded down from its least sum is one below its range, which it comes back into unasked
            self.force = "t" in self.rows and not self.repaired and bool((flags[:, NUMBER] == ALL_BUT_ONE).any())
            if self.waiting == self.held:
                self._catch_up()

    def _count_updates(self, e: int, due: bool) -> None:
        gates = self.gates["w"]
        if "x0" in gates:
            self._updates += (self.xt[:, e] != 0) @ self.fan_out
        if "y0" in gates:
            self._updates += (self.yt[:, e, : self.targets] != 0) @ self.fan_in
        if "u" in gates and due:
            self._updates += int(self.fan_out.sum())

    def waiting_rows(self) -> tuple[Any, ...]:
        """What the generated kernels take."""
        w = self.rows["w"]
        rows = w, self.rows.get("t", w), self.rows.get("d", w)
        room = self.xs, self.xt, self.ys, self.yo, self.yt, self.fired, self.flags
        return (self.seen, self.waiting, *rows, self.target, self.start, *room, self.constants, self.targets)

    def _catch_up(self) -> None:
        self.kernels.refresh_all(0, self.learners, *self.waiting_rows())
        self.waiting = 0

    # ------------------------------------------------------------------------------- many steps, see `plastic_loop`

    def make_room(self, kind: Any) -> None:
        """For sums of payloads of this type."""
        if kind != np.uint8:
            self.sums = self.sums.astype(np.int64)

    def piece(self, steps: int, learners: tuple[int, int], lockstep: bool) -> Piece:
        """So many steps of some learners. lockstep: other pieces go beside it."""
        return Piece(self, steps, learners, lockstep)

    def join(self, pieces: Sequence[Piece]) -> None:
        """All pieces are done."""
        counters = pieces[0].counters
        self.waiting, self.force = int(counters[0]), any(bool(piece.counters[1]) for piece in pieces)
        self.step, self.clock, self.event = (int(counters[k]) for k in (2, 3, 4))
        self.wrapped += sum(piece.wrapped for piece in pieces)

    # ----------------------------------------------------------------------------------------------- between steps

    def rest(self) -> None:
        """See `PlasticLink.rest`."""
        self._catch_up()
        self.step, self.force = 0, False
        self.sums = np.zeros((self.learners, self.targets), np.int32)
        for values in (self.x, self.y, self.x_time, self.y_time):
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
        for names, values in ((self.x_names, self.x), (self.y_names, self.y)):
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
        kept |= {name: getattr(self, name).copy() for name in ("x", "y", "x_time", "y_time", "sums", "_updates")}
        kept["counters"] = np.array([self.clock, self.event, self.step, self.force], np.int64)
        return kept | ({} if self.signals is None else self.signals.keep())

    def take(self, kept: Mapping[str, NDArray[Any]]) -> None:
        """See `PlasticLink.take`."""
        self.waiting = 0
        self.seen[...] = 0
        for variable, rows in self.rows.items():
            rows[..., : self._wide] = kept[f"row {variable}"]
        for name in ("x", "y", "x_time", "y_time", "_updates"):
            getattr(self, name)[...] = kept[name]
        self.sums = kept["sums"].copy()
        self.clock, self.event, self.step, force = map(int, kept["counters"])
        self.force = bool(force)
        if self.signals is not None:
            self.signals.take(kept)

    @property
    def _wide(self) -> int | None:
        """Synapses of a row without those that fill its last vector."""
        return self.targets if self.shape.dense else None

    def _shape_of_weights(self) -> tuple[int, ...]:
        return (self.targets, self.sources) if self.shape.dense else (len(self.target),)


class Piece:
    """Some learners' part in steps that run inside one kernel.

    counters: evaluations that wait, whether tags may be out of range, steps of the sample, steps and evaluations over
    all samples, the first evaluation of `rounding`.
    """

    def __init__(self, link: FixedPlastic, steps: int, learners: tuple[int, int], lockstep: bool) -> None:
        self.link, self.learners, self.lockstep, self.wrapped = link, learners, lockstep, 0
        first = link.event + 1
        counters = link.waiting, link.force, link.step, link.clock, link.event, first
        self.counters = np.array(counters, np.int64)
        keys = link.keys
        self.keys = keys.repeated.copy(), keys.history.copy(), keys.rounding.copy()
        if link.repaired:
            n = link.learners
            self.numbers: tuple[Any, ...] = (
                np.zeros((n, steps), np.int64),
                np.zeros((n, steps, 2)),
                np.zeros((n, steps, 2), np.int64),
                np.zeros((n, 1), np.int64),
            )
        else:
            self.numbers = link.streams.some(link.clock + 1, steps, first, steps // link.rule.epoch + 1)

    def run(self, neurons: tuple[Any, ...], arrived: NDArray[Any]) -> None:
        """neurons: what `run_steps` takes of them."""
        link, rule = self.link, self.link.rule
        none = np.zeros((0, 0), np.int64)
        empty = np.zeros(0, np.int64)
        tables: tuple[Any, ...] = (empty, none, none, none, empty)
        constants: tuple[Any, ...] = (empty, empty, empty)
        memory = np.zeros((link.learners, 0, 0), np.int64)
        if link.signals is not None:
            tables, constants, memory = link.signals.tables, link.signals.chip, link.signals.memory
        gates = link.gates["w"]
        opens = (*(g in link.open for g in ("x0", "y0", "u")), *(g in gates for g in ("x0", "y0", "u")))
        tags = "t" in link.rows and not link.repaired
        sides = link.x, link.x_time, link.x_kind, link.y, link.y_time, link.y_kind
        seen, _, *waiting = link.waiting_rows()
        self.wrapped = link.kernels.run_steps(
            self.learners,
            *neurons,
            link.sums,
            link.exponent,
            *sides,
            link.signals is not None,
            tables,
            constants,
            arrived,
            memory,
            link.repaired,
            *self.numbers,
            link.keys.seeds,
            link.keys.streams,
            *self.keys,
            rule.epoch,
            1 << rule.decimation,
            (*opens, self.lockstep, tags),
            link.fan_out,
            link.fan_in,
            link.updates,
            self.counters,
            seen,
            *waiting,
        )


ALL_BUT_ONE = (1 << FRACTION_BITS) - 1


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
