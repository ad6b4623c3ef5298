"""Strongly connected parts of a graph: what feeds forward runs in blocks of steps, what is recurrent step by step."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from neurokit.graph.network import Network, Program, Projection
from neurokit.graph.plasticity import Rule
from neurokit.graph.signals import THIRD_FACTORS
from neurokit.hardware.simulator import circuit, layers, loops
from neurokit.hardware.simulator.circuit import Circuit
from neurokit.hardware.simulator.layers import Layer
from neurokit.hardware.simulator.links import DelayedLink, Link, largest_of
from neurokit.hardware.simulator.loops import Loop
from neurokit.hardware.simulator.plastic import PlasticLink
from neurokit.hardware.simulator.stage import Stage, base_of
from neurokit.hardware.simulator.team import WORTH, Feed, Team
from neurokit.lower.align import steps_of

CACHED_BYTES = 1 << 20  # of synaptic input, which so goes from kernel to kernel within a core's second-level cache
BELT_BYTES = 4 << 20  # the same where threads run parts side by side and longer chunks save them waiting

FEW_STEPS = 4  # held at a time by a part so large that looking whether anything arrives costs little beside it

States: TypeAlias = "Mapping[tuple[str, str], NDArray[Any]]"  # (name, state) -> (steps, samples, n), to be filled


class Part:
    """One population, or several on loops, in order of undelayed edges. What learns runs step by step, as loops do.

    sources: stages by name, all that may feed it. steps_at_once: whose synaptic input is held at a time;
    steps_on_belt: where threads run parts side by side. whole: whether all steps of a block may be run at once.
    divides: whether threads could share the neurons in the last call.
    seconds_per_step: what the last call took on one core.
    """

    def __init__(self, stages: Sequence[Stage], cyclic: bool, sources: Mapping[str, Stage], samples: int) -> None:
        self.stages = stages
        self.cyclic = cyclic
        self.samples = samples
        self.names = {stage.name for stage in stages}
        bytes_per_step = 4 * samples * sum(stage.size for stage in stages)
        self.steps_at_once = max(1, CACHED_BYTES // bytes_per_step)
        self.steps_on_belt = max(1, BELT_BYTES // bytes_per_step)
        self.seconds_per_step = 0.0
        self._sources = sources
        self._third = {s.name: [link for link in s.links if link.port in THIRD_FACTORS] for s in stages}
        first = {s.name: [link for link in s.links if link.port not in THIRD_FACTORS] for s in stages}
        self._plastic = {name: [k for k in links if isinstance(k, PlasticLink)] for name, links in first.items()}
        fixed = {name: [link for link in links if not link.plastic] for name, links in first.items()}
        self._inner = {name: [k for k in links if k.source in self.names] for name, links in fixed.items()}
        self._outer = {name: [k for k in links if k.source not in self.names] for name, links in fixed.items()}
        self.divides = False
        self._learns = any(self._plastic.values())
        self._circuit = Circuit(stages, sources) if self._learns and circuit.fits(stages) else None
        plain = not self._learns and not any(self._third.values())
        self._loop = Loop(stages) if cyclic and plain and loops.fits(stages) else None
        self._layer = Layer(stages[0]) if not cyclic and plain and layers.fits(stages[0]) else None
        self._rests = plain and not cyclic and _may_rest(stages[0]) and self.steps_at_once <= FEW_STEPS

    def run(self, start: int, stop: int, now: int, states: States, team: Team) -> None:
        """Steps start to stop of the block, which began at step `now`; the parts that feed it are there already."""
        began = time.thread_time()  # without what this thread waits for others
        self.note_reach()
        watched = {key: values for key, values in states.items() if key[0] in self.names}
        threads = self._run_layer(start, stop, now, watched, team)
        self.divides = threads > 0
        width = stop - start if self._layer is None else self.steps_at_once
        for first in range(stop if self.divides else start, stop, width):
            last = min(first + width, stop)
            quiet = self._rests and self._hears_nothing(first, last, now)
            if quiet and self._rest(first, last, now, watched):
                continue
            wraps = self._wraps() if self._rests else 0
            acc = {stage.name: self._outside(stage, first, last, team) for stage in self.stages}
            if self._loop is not None:
                self._loop.run(acc, first, now, watched, team)
            elif self._circuit is not None and self._circuit.worth(last - first):
                third = {s.name: self._third_factors(s, first, last - first, within=False) for s in self.stages}
                self._circuit.run(acc, third, first, now, watched, team)
            else:
                self._run_steps(acc, first, last, now, watched, team)
                self._note_stillness(quiet, first, last, now, wraps)
        self.seconds_per_step = max(1, threads) * max(1e-9, time.thread_time() - began) / (stop - start)

    def _hears_nothing(self, first: int, last: int, now: int) -> bool:
        """Whether nothing arrives from step `first` to `last` of the block."""
        links = self.stages[0].links
        return all(self._sources[k.source].quiet(first - k.delay, last - k.delay, now) for k in links)

    def _rest(self, first: int, last: int, now: int, states: States) -> bool:
        """Let steps of no input pass, if the neurons are at rest already."""
        stage = self.stages[0]
        neurons = stage.neurons
        if neurons is None or not neurons.still:
            return False
        stage.block[first:last] = 0
        neurons.step_counts.append(np.zeros(last - first, np.int64))
        for step in range(first, last):
            stage.note_quiet(now + step, True)
            _keep(stage, step, states)
        return True

    def _wraps(self) -> int:
        return sum(int(stage.neurons.wraps.sum()) for stage in self.stages if stage.neurons is not None)

    def _note_stillness(self, quiet: bool, first: int, last: int, now: int, wraps: int) -> None:
        """Steps have been run; quiet: with no input. wraps: of the neurons before."""
        stage = self.stages[0]
        neurons = stage.neurons
        if neurons is None or not self._rests:
            return
        nothing = stage.quiet(first, last, now)
        neurons.still = quiet and nothing and now + first >= neurons.forgets_from and wraps == self._wraps()

    def _run_layer(self, start: int, stop: int, now: int, states: States, team: Team) -> int:
        """Synapses and neurons at once, if that suits what arrives: by how many threads, 0 if it does not."""
        layer = self._layer
        if layer is None:
            return 0
        stage, source = layer.stage, self._sources[layer.link.source]
        pieces = source.rows(start - layer.link.delay, stop - layer.link.delay)
        if not pieces or not source.binary or not layer.suits(pieces[-1][1]):
            return 0
        threads = team.size if self.seconds_per_step * (stop - start) > WORTH else 1
        if pieces[0][0]:
            pieces.insert(0, (0, np.zeros((pieces[0][0], self.samples, 0), np.uint8)))  # before the run all is silent
        for place, rows in pieces:
            width = 1 if states else layers.MOST_STEPS
            for k in range(0, len(rows), width):
                first = start + place + k
                some = rows[k : k + width]
                layer.run(some, stage.block[first : first + len(some)], now + first, team, threads)
                _keep(stage, first, states)
        return threads

    @property
    def layer(self) -> Layer:
        """Its synapses and neurons in one, where it has them (`whole`)."""
        assert self._layer is not None, "see `whole`"
        return self._layer

    def sent_to_layer(self, start: int, stop: int, states: States) -> list[NDArray[np.uint8]]:
        """What its layer is sent for these steps, in one piece or two, if they may run in a `chain`; else none."""
        layer = self._layer
        if layer is None or not self.divides or any(name in self.names for name, _ in states):
            return []
        source = self._sources[layer.link.source]
        pieces = source.rows(start - layer.link.delay, stop - layer.link.delay)
        if not source.binary or not pieces or pieces[0][0]:  # before the run all is silent
            return []
        return [rows for _, rows in pieces]

    def note_layer(self, seconds_per_step: float, rows: NDArray[np.uint8]) -> None:
        """Its layer has been run by others, on `rows` at last: whether it suits what comes next."""
        self.seconds_per_step = seconds_per_step
        self.divides = self.layer.suits(rows)

    def _run_steps(
        self, acc: Mapping[str, NDArray[Any]], start: int, stop: int, now: int, states: States, team: Team
    ) -> None:
        stepwise = self.cyclic or self._learns
        width = 1 if stepwise else stop - start
        for first in range(start, stop, width):
            before = {}
            for stage in self.stages:
                rows = acc[stage.name][first - start : first - start + width]
                if stepwise:
                    links = [*self._inner[stage.name], *self._plastic[stage.name]]
                    self._feed(stage, links, rows, first, team)
                    before[stage.name] = self._before(stage, now + first)
                _run_neurons(stage, rows, first, now, states)
            if self._learns:
                self._learn(first, now, before)

    def _third_factors(self, stage: Stage, start: int, steps: int, within: bool = True) -> dict[str, NDArray[Any]]:
        """What arrives at ports of third factors: (steps, samples, n) each. within: from this part too."""
        assert stage.neurons is not None, "inputs have no ports"
        third: dict[str, NDArray[Any]] = {}
        for link in self._third[stage.name]:
            if not within and base_of(link.source) in self.names:
                continue
            zeros = np.zeros((steps, self.samples, stage.size), stage.neurons.input_type)
            acc = third.setdefault(link.port, zeros)
            for feed in self._arriving(link, start, steps):
                feed.add(acc)
        return third

    def _before(self, stage: Stage, step: int) -> dict[str, NDArray[Any]]:
        """Copies of a stage's states, after a reset that is due, where its rules ask for them."""
        neurons = stage.neurons
        if neurons is None or not any(link.needs_before for link in self._plastic[stage.name]):
            return {}
        if neurons.resets(step, step + 1):
            neurons.rest()
        return {state: values.copy() for state, values in neurons.states.items()}

    def _learn(self, step: int, now: int, before: Mapping[str, Any]) -> None:
        """All neurons have done a step of the block: what they sent changes the weights."""
        for stage in self.stages:
            links = self._plastic[stage.name]
            if not links:
                continue
            neurons = stage.neurons
            assert neurons is not None, "inputs learn nothing"
            arrived = {port: acc[0] for port, acc in self._third_factors(stage, step, 1).items()}
            post = stage.block[step]
            for link in links:
                first = step - link.lag
                pre = self._sources[link.source].joined(first, first + 1)[0]
                link.learn(now + step, pre, post, before[stage.name], neurons, arrived)

    def note_reach(self) -> None:
        """How large synaptic input may become. Of payloads nothing is known, they change from block to block."""
        for stage in self.stages:
            assert stage.neurons is not None, "inputs are no parts"
            links = [link for link in stage.links if link.port not in THIRD_FACTORS]
            spiking = all(self._sources[link.source].binary for link in links)
            reach = sum(link.reach for link in links) if spiking else np.inf
            stage.neurons.reach = max(stage.neurons.reach, reach)

    @property
    def whole(self) -> bool:
        """See the class."""
        return self._layer is not None

    @property
    def window(self) -> int:
        """Steps from one scheduled reset of its first population to the next, 0 where there are none."""
        neurons = self.stages[0].neurons
        return neurons.window if neurons is not None else 0

    @property
    def feeders(self) -> set[str]:
        """Names of the stages that feed it, its own among them."""
        return {base_of(link.source) for stage in self.stages for link in stage.links}

    def _outside(self, stage: Stage, start: int, stop: int, team: Team) -> NDArray[Any]:
        """What comes from other parts, and a Network's constant input: (steps, samples, n)."""
        assert stage.neurons is not None, "inputs are no parts"
        width = len(stage.ports) * stage.size
        acc = np.zeros((stop - start, self.samples, width), stage.neurons.input_type)
        if stage.bias is not None:
            acc[..., : stage.size] += stage.bias
        self._feed(stage, self._outer[stage.name], acc, start, team)
        return acc

    def _feed(self, stage: Stage, links: Sequence[Link], acc: NDArray[Any], start: int, team: Team) -> None:
        """Add to acc what arrives through `links` from step `start` of the block on."""
        for k, port in enumerate(stage.ports):
            feeds = [feed for link in links if link.port == port for feed in self._arriving(link, start, len(acc))]
            if len(stage.ports) == 1:
                stage.work.share(team, feeds, acc)
            elif feeds:
                part = np.zeros((*acc.shape[:2], stage.size), acc.dtype)
                stage.work.share(team, feeds, part)
                acc[..., k * stage.size : (k + 1) * stage.size] += part

    def _arriving(self, link: Link, start: int, steps: int) -> list[Feed]:
        """What `link` brings in so many steps from `start` of the block on. Silence brings nothing but time."""
        source = self._sources[link.source]
        first = start - link.delay
        pieces = source.rows(first, first + steps)
        if isinstance(link, DelayedLink):
            pieces = [(0, source.joined(first, first + steps))]
        return [Feed(link, place, rows, source.largest) for place, rows in pieces]


def _may_rest(stage: Stage) -> bool:
    """Whether steps without input could be left out, see `Neurons.still`."""
    neurons = stage.neurons
    if neurons is None or neurons.forgets_from == np.inf or stage.bias is not None:
        return False
    return not any(isinstance(link, DelayedLink) for link in stage.links)


def _run_neurons(stage: Stage, acc: NDArray[Any], start: int, now: int, states: States) -> None:
    """The steps from `start` of the block on, whose input is acc."""
    neurons = stage.neurons
    assert neurons is not None, "inputs are no parts"
    watched = {key: values for key, values in states.items() if key[0] == stage.name}
    spikes = stage.block[start : start + len(acc)]
    begin = now + start
    for a, b in neurons.segments(begin, begin + len(acc), bool(watched)):
        neurons.advance(a, acc[a - begin : b - begin], spikes[a - begin : b - begin])
        _keep(stage, a - now, watched)
    if neurons.output_type is not np.uint8:
        stage.largest = max(stage.largest, largest_of(spikes))


def _keep(stage: Stage, step: int, states: States) -> None:
    """The states after a step of the block, of those wanted."""
    assert stage.neurons is not None, "inputs are no parts"
    for (_, state), values in states.items():
        values[step] = stage.neurons.states[state]


def delay_steps(projection: Projection, graph: Program | Network) -> NDArray[np.int64]:
    """Delays of a projection in whole steps, in the shape they are stored in."""
    return np.asarray(projection.delay, np.int64) if isinstance(graph, Program) else steps_of(projection, graph.dt)


def components(graph: Program | Network) -> list[tuple[list[str], bool]]:
    """Strongly connected components from source to sink: (names in order of undelayed edges, whether cyclic).

    A projection whose rule reads another's changing weights is in one component with it, so that both are at one step.
    """
    names = list(graph.populations)
    place = {name: i for i, name in enumerate(names)}
    edges = [
        (place[p.source], place[p.target], p.port not in THIRD_FACTORS and not delay_steps(p, graph).all())
        for p in graph.projections
        if p.source in place
    ]
    edges += [(place[a], place[b], False) for a, b in _readers(graph)]
    ones = np.ones(len(edges), np.int8)
    ends = ([e[0] for e in edges], [e[1] for e in edges])
    matrix = sp.coo_matrix((ones, ends), shape=(len(names), len(names)))
    count, label = connected_components(matrix, directed=True, connection="strong")
    between = {(label[a], label[b]) for a, b, _ in edges if label[a] != label[b]}
    loops = {label[a] for a, b, _ in edges if label[a] == label[b]}
    result = []
    for component in _topological(count, between):
        members = [i for i in range(len(names)) if label[i] == component]
        local = {m: k for k, m in enumerate(members)}
        undelayed = {(local[a], local[b]) for a, b, at_once in edges if at_once and a in local and b in local}
        ordered = [names[members[k]] for k in _topological(len(members), undelayed)]
        result.append((ordered, component in loops))
    return result


def _readers(graph: Program | Network) -> Iterator[tuple[str, str]]:
    """Targets of two projections that learn, of which one reads the other's weights, both ways."""
    learning = {p.name: p for p in graph.projections if p.plasticity is not None}
    for projection in learning.values():
        for host in projection.plasticity.host if isinstance(projection.plasticity, Rule) else ():
            other = learning.get(host.reads, projection).target
            if other != projection.target:
                yield from ((projection.target, other), (other, projection.target))


def _topological(count: int, edges: set[tuple[int, int]]) -> list[int]:
    """Sources before targets; `check_network` has refused cycles of undelayed edges."""
    before: dict[int, set[int]] = {i: set() for i in range(count)}
    for source, target in edges:
        before[target].add(source)
    return list(TopologicalSorter(before).static_order())
