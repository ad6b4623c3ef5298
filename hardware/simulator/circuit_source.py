"""Source of the kernel that runs a circuit, populations of which some learn: see `circuit`.

What stands in the source is the structure: which kind of neurons each population has, which projections lead into it,
which rules these have, and what reaches it from within the circuit by weights that stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from neurokit.hardware.simulator.plastic_cache import kernels_of
from neurokit.hardware.simulator.plastic_shape import Shape

STATES = {  # in the order in which kernels take them; the names of those that signals need as they were before a step
    "lif": (("u", "v"), ("v",)),
    "refractory": (("u", "v", "refractory"), ("v", "refractory")),
    "alif": (("u", "adaptation", "v", "refractory", "spike"), ("refractory",)),
}


@dataclass(frozen=True)
class Cell:
    """A population. kind: of `STATES`. compares: whether a signal asks for its potential."""

    kind: str
    compares: bool


@dataclass(frozen=True)
class Plastic:
    """A projection that learns. shape: of its rule. target: place of its population. third: whether it has signals."""

    shape: Shape
    target: int
    third: bool


@dataclass(frozen=True)
class Structure:
    """A circuit. inner: of each projection from within that does not learn, whether it is dense."""

    cells: tuple[Cell, ...]
    plastic: tuple[Plastic, ...]
    inner: tuple[bool, ...]


def source_of(structure: Structure) -> str:
    """The module's text."""
    body = [*_arriving(structure), *_neurons(structure), *_learning(structure)]
    rules = [
        f"from {kernels_of(link.shape).__name__} import refresh as refresh_{k}"
        for k, link in enumerate(structure.plastic)
    ]
    return "\n".join([_HEAD, *sorted(set(rules)), _RUN, *_room(structure), _LOOP, *body, "    return wrapped", ""])


_HEAD = '''"""Kernel of a circuit that learns, made by neurokit (hardware/simulator/circuit_source.py)."""
import numpy as np

from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.kernels import lif_block
from neurokit.hardware.simulator.lif_kernels import alif_block, refractory_block
from neurokit.hardware.simulator.plastic_kernels import alif_compared, lif_compared, write_signals
from neurokit.hardware.simulator.plastic_steps import (
    add_sent, add_waiting, deliver, deliver_listed, end_step, list_all, list_sent
)
from neurokit.hardware.simulator.plastic_vectors import unowned'''
_RUN = """

@njit(nogil=True, cache=True)
def run(learners, steps, cells, third, links, inner):
    '''Steps of some learners; (links, of both kinds) how many sums wrapped. See `circuit`.'''
    cells, third, links, inner = unowned((cells, third, links, inner))
    wrapped, none = np.zeros(len(links) + len(inner), np.int64), np.zeros(0, np.int32)"""
_LOOP = "    for k in range(steps):"


def _room(structure: Structure) -> Iterator[str]:
    for s, cell in enumerate(structure.cells):
        yield f"    c{s}, arrived_{s} = cells[{s}], third[{s}]"
        if cell.compares:
            yield f"    v_{s}, near_{s} = np.zeros((2, c{s}.acc.shape[2]), np.int64)"
            yield f"    before_{s} = np.zeros(({len(STATES[cell.kind][1])}, c{s}.acc.shape[2]), np.int32)"
        else:
            yield f"    v_{s} = near_{s} = np.zeros(0, np.int64)"
    for n, _ in enumerate(structure.plastic):
        yield f"    l{n} = links[{n}]"
        yield f"    listed_{n} = np.empty(l{n}.held.seen.shape, np.int64)"
        yield f"    count_{n} = np.empty(len(l{n}.held.seen), np.int64)"
    for f, _ in enumerate(structure.inner):
        yield f"    f{f} = inner[{f}]"


def _arriving(structure: Structure) -> Iterator[str]:
    """Sums of what was sent: by weights that stay, and in the step before by those that learn."""
    place = len(structure.plastic)
    for f, dense in enumerate(structure.inner):
        weights = f"f{f}.weight, f{f}.places, f{f}.out[k])"
        if dense:
            yield f"        wrapped[{place + f}] += deliver(learners, f{f}.sent[k], {weights}"
        else:
            listed = f"f{f}.start, f{f}.target"
            yield f"        wrapped[{place + f}] += deliver_listed(learners, f{f}.sent[k], {listed}, {weights}"
    for n, link in enumerate(structure.plastic):
        sums = f"l{n}.sums, l{n}.rule.exponent, c{link.target}.acc[k]"
        yield f"        wrapped[{n}] += add_waiting(learners, {sums})"


def _neurons(structure: Structure) -> Iterator[str]:
    """Their step, and what they tell their synapses."""
    inner = "            "
    for s, cell in enumerate(structure.cells):
        names, before = STATES[cell.kind]
        signals = [n for n, link in enumerate(structure.plastic) if link.target == s and link.third]
        yield "        for m in range(learners[0], learners[1]):"
        yield f"{inner}if c{s}.rests[k]:"
        yield from (f"{inner}    c{s}.states[{i}][m, :] = c{s}.rest[{i}]" for i in range(len(names)))
        yield from (f"{inner}    l{n}.signals.memory[m, :] = 0" for n in signals)
        if cell.compares:
            for place, name in enumerate(before):
                yield f"{inner}before_{s}[{place}, :] = c{s}.states[{names.index(name)}][m]"
        states = ", ".join(f"c{s}.states[{i}][m : m + 1]" for i in range(len(names)))
        acc, spikes = (f"c{s}.{what}[k : k + 1, m : m + 1]" for what in ("acc", "spikes"))
        if cell.kind == "lif":
            others = f"c{s}.totals[k : k + 1], c{s}.wraps, *c{s}.constants, c{s}.way"
        else:
            others = f"c{s}.wraps, *c{s}.constants"
        kernel = {"lif": "lif_block", "refractory": "refractory_block", "alif": "alif_block"}[cell.kind]
        yield f"{inner}{kernel}({acc}, {states}, {spikes}, {others})"
        yield from _compared(s, cell)
        for n in signals:
            heard = f"v_{s}, near_{s}, c{s}.spikes[k, m], arrived_{s}[:, k, m], l{n}.sides.y[m]"
            yield f"{inner}write_signals(*l{n}.signals.tables, l{n}.signals.memory[m], {heard})"
        for i in range(len(names)):
            yield f"{inner}if len(c{s}.records[{i}]) > 0:"
            yield f"{inner}    c{s}.records[{i}][k, m, :] = c{s}.states[{i}][m]"


def _compared(s: int, cell: Cell) -> Iterator[str]:
    names, before = STATES[cell.kind]
    if not cell.compares:
        return
    if cell.kind == "alif":
        states = ", ".join(f"c{s}.states[{names.index(name)}][m]" for name in ("v", "adaptation"))
        yield f"            alif_compared({states}, before_{s}[0], *c{s}.chip, v_{s}, near_{s})"
        return
    left = f"before_{s}[1]" if "refractory" in before else "none"
    u = f"c{s}.states[{names.index('u')}][m]"
    yield f"            lif_compared(before_{s}[0], {left}, {u}, *c{s}.chip, v_{s}, near_{s})"


def _learning(structure: Structure) -> Iterator[str]:
    """What the spikes of the step cause: sums for the next one, traces, evaluations."""
    inner = "        "
    for n, link in enumerate(structure.plastic):
        rows = f"learners, listed_{n}, count_{n}"
        drawn = f"l{n}.sides, l{n}.numbers, l{n}.keys, l{n}.rule, l{n}.held, l{n}.updates, l{n}.counters"
        yield f"{inner}list_sent(learners, l{n}.pre[k], listed_{n}, count_{n})"
        yield f"{inner}refresh_{n}({rows}, l{n}.counters[0], l{n}.held)"
        yield f"{inner}add_sent({rows}, l{n}.pre[k], l{n}.sums, l{n}.held)"
        yield f"{inner}if end_step(learners, k, l{n}.pre[k], c{link.target}.spikes[k], {drawn}):"
        yield f"{inner}    list_all({rows})"
        yield f"{inner}    refresh_{n}({rows}, l{n}.counters[0], l{n}.held)"
        yield f"{inner}    l{n}.held.seen[learners[0] : learners[1]] = 0"
        yield f"{inner}    l{n}.counters[0] = 0"
