"""Source of the kernels of one kind of learning rule, from the rule's products.

What stands in the source is the structure: which variables change, which factors each product has, how far it is
shifted right, whether it may need to be clipped. Mantissas, exponents, constants and bounds are arguments, so that
rules of the same structure share compiled code. The arithmetic is that of `lower.fixedpoint.learning`, in int32.

Weights and tags lie by source: row i holds the synapses of source i. A row is brought up to date when somebody needs
it, which is when its source spikes, by going through the evaluations since it was last (`refresh`): rows are read and
written once for many evaluations, and while they lie in the first-level cache. In an evaluation a row is

    passed over   where no gate of the variable's products is open for it
    in full       if the source spiked, or it is u's turn and no product is zero for the whole row; in 16 bits where
                  that is exact (`plastic_narrow`)
    masked        where only targets that spiked change, and there are many of them
    by list       where there are few

Rules that change all synapses in every step need no loops of Python's: `plastic_rows`.

Arrays of evaluation e: xs[e, t, k, source], ys[e, t, k, target] the traces in use, t steps after the epoch's beginning
(only one t where epochs have one step), yo[e, k, target] those at the target's last spike, xt[e, source], yt[e, target]
the step of the last spike in the epoch, 0 for none (-1 for a spike where epochs have one step), fired[e, :] the
targets that spiked, flags[e] = (their number, whether it is u's turn, whether tags may be out of range, the random
number of all synapses, the keys of those of w, t and d).
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from neurokit.hardware.simulator import plastic_loops, plastic_plans, plastic_shape
from neurokit.hardware.simulator.plastic_loops import Namer, loop, row_part, tabled
from neurokit.hardware.simulator.plastic_narrow import full_loop, room
from neurokit.hardware.simulator.plastic_shape import Shape, order_of
from neurokit.lower.fixedpoint import learning

FEW = 24  # a list pays where less than one target in so many spiked: a vector has 16 lanes, a list reloads the row
FEWER = 100  # the same where a vector has 64 lanes
MAKERS = plastic_loops, plastic_plans, plastic_shape, learning  # modules, see `makers`


def source_of(shape: Shape) -> str:
    """The module's text."""
    if shape.steady:
        made = f"# by {makers()}\nchange_rows = change_rows_of(\n    {shape!r}\n)"
        return f"{_ROWS}\n\n{made}\n{_EACH_ROW}"
    evaluation = textwrap.indent("\n".join(_evaluation(shape)), 8 * " ")
    return f"{_HEAD}{_start(shape)}{evaluation}\n{_flushed(shape)}"


@functools.cache
def makers() -> str:
    """A digest of the files by which rows of every step depend on their structure; the text of others shows it.

    `caching` keeps watch on the files that write instructions themselves.
    """
    text = b"".join(Path(inspect.getfile(module)).read_bytes() for module in MAKERS)
    return hashlib.sha256(text).hexdigest()[:24]


_HEAD = '''"""Kernels of one kind of learning rule, made by neurokit (hardware/simulator/plastic_source.py)."""
import numpy as np
from numpy import int16, int32, uint32

from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.plastic_vectors import add_masked, add_saturated
from neurokit.hardware.simulator.vectors import wide_registers


@njit(nogil=True, cache=True)
def refresh(learners, listed, numbers, stop, held):
    """Listed rows of some learners up to the evaluation `stop`; held: `plastic_steps.Held`."""
    wide_registers()
    seen, c = held.seen, held.constants
    targets, held_at_once = held.targets, held.xs.shape[1]
    index, amounts = np.empty(held_at_once, np.int64), np.empty(held_at_once, np.int16)
    low, high = int32(c[0]), int32(c[1])
'''


_ROWS = '''"""Kernel of one kind of learning rule, made by neurokit (hardware/simulator/plastic_source.py)."""
from neurokit.graph.fixed_plasticity import FixedFactor, Product
from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.plastic_rows import change_rows_of
from neurokit.hardware.simulator.plastic_shape import Shape
from neurokit.hardware.simulator.vectors import wide_registers
'''
_EACH_ROW = '''

@njit(nogil=True, cache=True)
def refresh(learners, listed, numbers, stop, held):
    """Listed rows of some learners up to the evaluation `stop`; held: `plastic_steps.Held`."""
    wide_registers()
    change_rows(learners[0], learners[1], listed, numbers, stop, held)
'''


def _start(shape: Shape) -> str:
    """What comes before the evaluations of a row."""
    lines = [f"    c{place} = int32(c[{place}])" for place in range(2, Namer(shape).count)]
    lines += room(shape, order_of(shape))
    if not shape.one_step:
        lines.append("    steps = held.xs.shape[2]")
        for variable in shape.variables:
            for k, product in enumerate(shape.of(variable)[0]):
                if tabled(shape, product):
                    lines.append(f"    q_{variable}{k} = np.empty(steps, np.int32)")
    lines += [
        "    for m in range(learners[0], learners[1]):",
        "        xs, xt, ys, yo = held.xs[m], held.xt[m], held.ys[m], held.yo[m]",
        "        yt, fired, flags = held.yt[m], held.fired[m], held.flags[m]",
        "        for r in range(numbers[m]):",
        "            i = listed[m, r]",
    ]
    if shape.dense:
        lines.append("            w, t, d = held.w[m, i], held.t[m, i], held.d[m, i]")
    else:
        lines.append("            first, last = held.start[i], held.start[i + 1]")
        for name in "wtd":
            lines.append(f"            {name} = held.{name}[m, 0, first:last]")
        lines.append("            target = held.target[first:last]")
    lines.append("            n, waits = w.size, 0")
    lines.append("            for e in range(seen[m, i], stop):")
    return "\n".join([*lines, ""])


def _evaluation(shape: Shape) -> Iterator[str]:
    yield "        spiked = xt[e, i] != 0"
    yield "        count, due = flags[e, 0], flags[e, 1]"
    yield "        force = flags[e, 2] != 0"
    if not shape.repaired:
        yield "        up = int32(127 - flags[e, 3])"
    yield "        tx = xt[e, i]" if not shape.one_step else "        tx = 0"
    yield "        end = ys.shape[1] - 1"
    if shape.repaired:
        yield "        base = uint32(uint32(i) * uint32(targets) + uint32(1))"
    names = Namer(shape)
    for group in order_of(shape):
        yield from _group(shape, names, group)


def _flushed(shape: Shape) -> str:
    """What comes after them."""
    flush = f"            {_FLUSH}\n" if shape.quick else ""
    return f"{flush}            seen[m, i] = stop\n"


def _group(shape: Shape, names: Namer, group: Sequence[str]) -> Iterator[str]:
    """Variables that change in one loop."""
    full, only_post = [], []
    for variable in group:
        for k, product in enumerate(shape.of(variable)[0]):
            yield from row_part(shape, names, variable, k, product)
            q = f"q_{variable}{k}"
            zero = "" if tabled(shape, product) else f" and {q} != 0"
            if product.dependency == "x0":
                full.append(f"(spiked{zero})")
            elif product.dependency == "u":
                full.append(f"(due != 0{zero})")
            else:
                only_post.append("count > 0" + zero)
    if any(variable == "t" for variable in group) and not shape.repaired:
        full.append("force")
    inner = "        "
    word = "if"
    if shape.quick:
        yield from _quick(shape, group, full, inner)
    if full:
        yield f"{inner}if {' or '.join(full)}:"
        yield from full_loop(shape, names, group, inner + "    ")
        word = "elif"
    if only_post:
        condition = " or ".join(f"({text})" for text in only_post)
        if shape.quick:
            return
        if shape.dense:
            yield f"{inner}{word} ({condition}) and count * {FEW} < n:"
            yield from loop(shape, names, group, inner + "    ", "fired[e, f]", "y0")
            word = "elif"
        yield f"{inner}{word} {condition}:"
        yield from loop(shape, names, group, inner + "    ", "k", "masked")


_FLUSH = "add_masked(w, yt, index, amounts, waits, int16(low), int16(high))"


def _quick(shape: Shape, group: Sequence[str], full: Sequence[str], inner: str) -> Iterator[str]:
    """What is added by targets' spikes, where it is one number for the whole row: rounded once, and done later.

    One product alone cannot clip a weight's sum but where the weight is clipped to the same bound afterwards.
    """
    (k,) = (k for k, product in enumerate(shape.of("w")[0]) if product.dependency == "y0")
    yield f"{inner}amount = int16(int32(q_w{k} + up) >> 7)"
    if full:
        yield f"{inner}if ({' or '.join(full)}) and waits > 0:"
        yield f"{inner}    {_FLUSH}"
        yield f"{inner}    waits = 0"
    yield f"{inner}if count > 0 and amount != 0 and not ({' or '.join(full) or 'False'}):"
    yield f"{inner}    if count * {FEWER} < n:"
    yield f"{inner}        {_FLUSH}"
    yield f"{inner}        waits = 0"
    yield f"{inner}        for f in range(count):"
    yield f"{inner}            k = fired[e, f]"
    yield f"{inner}            w[k] = min(max(w[k] + amount, low), high)"
    yield f"{inner}    else:"
    yield f"{inner}        index[waits], amounts[waits] = e, amount"
    yield f"{inner}        waits += 1"
