"""Source of the kernels of one kind of learning rule, from the rule's products.

What stands in the source is the structure: which variables change, which factors each product has, how far it is
shifted right, whether it may need to be clipped. Mantissas, exponents, constants and bounds are arguments, so that
rules of the same structure share compiled code. The arithmetic is that of `lower.fixedpoint.learning`, in int32.

Weights and tags lie by source: row i holds the synapses of source i. A row is brought up to date when somebody needs
it, which is when its source spikes, by going through the evaluations since it was last (`catch_up`): rows are read and
written once for many evaluations, and while they lie in the first-level cache. In an evaluation a row is

    passed over   where no gate of the variable's products is open for it
    in full       if the source spiked, or it is u's turn and no product is zero for the whole row
    masked        where only targets that spiked change, and there are many of them
    by list       where there are few

Arrays of evaluation e: xs[e, t, k, source], ys[e, t, k, target] the traces in use, t steps after the epoch's beginning
(only one t where epochs have one step), yo[e, k, target] those at the target's last spike, xt[e, source], yt[e, target]
the step of the last spike in the epoch, 0 for none (-1 for a spike where epochs have one step), fired[e, :] the
targets that spiked, flags[e] = (their number, whether it is u's turn, whether tags may be out of range, the random
number of all synapses, the keys of those of w, t and d).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from neurokit.graph.fixed_plasticity import Arithmetic, FixedFactor, FixedRule, Product
from neurokit.lower.fixedpoint.learning import (
    EXPONENT_OFFSET,
    LEAST_SUM,
    LEAST_TAG,
    MOST_SUM,
    MOST_TAG,
    WIDTHS,
    product_shift,
)

VARIABLES = "w", "t", "d"
X_TRACES, Y_TRACES = ("x1", "x2"), ("y1", "y2", "y3")
FEW = 24  # a list pays where less than one target in so many spiked: a vector has 16 lanes, a list reloads the row
FEWER = 100  # the same where a vector has 64 lanes
COUNT, DUE, FORCE, NUMBER, KEYS = range(5)  # columns of flags; a key each for w, t and d
FLAGS = 7


@dataclass(frozen=True)
class Shape:
    """The structure of a rule, from which its kernels' source is made.

    products: of each variable, with constants replaced by 1 where there are any, mantissa 1, exponent 0; clips: which
    of them may leave the accumulator. dense: whether every source has every target.
    """

    products: tuple[tuple[Product, ...], ...]
    clips: tuple[tuple[bool, ...], ...]
    one_step: bool
    arithmetic: Arithmetic
    dense: bool

    @property
    def repaired(self) -> bool:
        """Whether every synapse has random numbers of its own."""
        return self.arithmetic == "repaired"

    @property
    def quick(self) -> bool:
        """Whether targets' spikes add one number to their synapses in a row, see `_quick`."""
        alone = self.dense and self.one_step and not self.repaired and self.variables == ("w",)
        products = [product for product in self.of("w")[0] if product.dependency == "y0"]
        return alone and len(products) == 1 and all(map(_of_row, products[0].factors))

    @property
    def variables(self) -> tuple[str, ...]:
        """Those that change."""
        return tuple(v for v, products in zip(VARIABLES, self.products, strict=True) if products)

    def of(self, variable: str) -> tuple[tuple[Product, ...], tuple[bool, ...]]:
        """Products of a variable and whether they may need to be clipped."""
        place = VARIABLES.index(variable)
        return self.products[place], self.clips[place]

    @property
    def x_traces(self) -> tuple[str, ...]:
        """Those in use, in the order in which they lie in `xs`."""
        return tuple(name for name in X_TRACES if name in self._factors())

    @property
    def y_traces(self) -> tuple[str, ...]:
        """The same of `ys` and `yo`."""
        return tuple(name for name in Y_TRACES if name in self._factors())

    @property
    def used(self) -> tuple[str, ...]:
        """Synaptic variables that change or are factors."""
        return tuple(v for v in VARIABLES if v in self.variables or v in self._factors())

    def _factors(self) -> set[str]:
        return {factor.variable for products in self.products for p in products for factor in p.factors}


def shape_of(rule: FixedRule, dense: bool) -> Shape:
    """The structure of a rule."""
    rules = (rule.dw, rule.dt, rule.dd)
    return Shape(
        tuple(tuple(_bare(product) for product in products) for products in rules),
        tuple(tuple(_may_leave(product) for product in products) for products in rules),
        rule.epoch == 1,
        rule.arithmetic,
        dense,
    )


def constants_of(rule: FixedRule) -> list[int]:
    """What the kernels take as `c`: bounds of w, then of each product mantissa, 2**exponent, and its constants."""
    found = list(rule.bounds)
    for product in (*rule.dw, *rule.dt, *rule.dd):
        found += [product.mantissa, 1 << (product.exponent + EXPONENT_OFFSET)]
        found += [factor.constant for factor in product.factors if factor.constant]
    return found


def _bare(product: Product) -> Product:
    factors = tuple(FixedFactor(f.variable, int(bool(f.constant)), f.sign) for f in product.factors)
    return Product(1, 0, product.dependency, factors)


def _may_leave(product: Product) -> bool:
    largest = abs(product.mantissa)
    for factor in product.factors:
        largest *= 1 if factor.sign else 1 << WIDTHS[factor.variable]
    return (largest >> product_shift(product)) + 1 << (product.exponent + EXPONENT_OFFSET) > MOST_SUM


def order_of(shape: Shape) -> list[tuple[str, ...]]:
    """Variables that change, each before those whose old value it needs; all at once where that is not possible."""
    left = list(shape.variables)
    needs = {v: {f.variable for p in shape.of(v)[0] for f in p.factors} - {v} for v in left}
    order: list[tuple[str, ...]] = []
    while left:
        free = [v for v in left if not any(v in needs[other] for other in left if other != v)]
        if not free:
            return [shape.variables]
        order.append((free[0],))
        left.remove(free[0])
    return order


def source_of(shape: Shape) -> str:
    """The module's text."""
    return "\n".join([_HEAD, *_catch_up(shape), _tail(shape), ""])


_HEAD = '''"""Kernels of one kind of learning rule, made by neurokit (hardware/simulator/plastic_source.py)."""
import numpy as np
from numpy import int16, int32, uint32

from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.kernels import lif_block
from neurokit.hardware.simulator.plastic_kernels import (
    add_payload,
    add_rows,
    end_epoch,
    fill_keys,
    lif_signals,
    note_step,
)
from neurokit.hardware.simulator.plastic_vectors import add_masked
from neurokit.hardware.simulator.vectors import wide_registers

'''


class _Namer:
    """Places of the products' constants in `c`, and names of what is computed once a row."""

    def __init__(self, shape: Shape) -> None:
        self.places: dict[tuple[str, int], int] = {}
        place = 2
        for variable in VARIABLES:
            for k, product in enumerate(shape.of(variable)[0]):
                self.places[variable, k] = place
                place += 2 + sum(bool(f.constant) for f in product.factors)
        self.count = place

    def constant(self, variable: str, k: int, product: Product, factor: int) -> str:
        """The constant of a factor."""
        before = sum(bool(f.constant) for f in product.factors[:factor])
        return f"c{self.places[variable, k] + 2 + before}"


def _catch_up(shape: Shape) -> Iterator[str]:
    yield "@njit(nogil=True, cache=True)"
    yield "def catch_up(i, first, last, w, t, d, target, xs, xt, ys, yo, yt, fired, flags, c, targets, index, amounts):"
    yield '    """Row i (w, t, d: its synapses; target: their targets) through the evaluations from first to last."""'
    yield "    wide_registers()"
    yield "    n = w.size"
    yield "    low, high = int32(c[0]), int32(c[1])"
    names = _Namer(shape)
    for place in range(2, names.count):
        yield f"    c{place} = int32(c[{place}])"
    if not shape.one_step:
        yield "    steps = xs.shape[1]"
        for variable in shape.variables:
            for k, product in enumerate(shape.of(variable)[0]):
                if _tabled(shape, product):
                    yield f"    q_{variable}{k} = np.empty(steps, np.int32)"
    yield "    waits = 0"
    yield "    for e in range(first, last):"
    yield "        spiked = xt[e, i] != 0"
    yield "        count, due = flags[e, 0], flags[e, 1]"
    yield "        force = flags[e, 2] != 0"
    if not shape.repaired:
        yield "        up = int32(127 - flags[e, 3])"
    yield "        tx = xt[e, i]" if not shape.one_step else "        tx = 0"
    yield "        end = ys.shape[1] - 1"
    if shape.repaired:
        yield "        base = uint32(uint32(i) * uint32(targets) + uint32(1))"
    for group in order_of(shape):
        yield from _group(shape, names, group)
    if shape.quick:
        yield f"    {_FLUSH}"


def _tabled(shape: Shape, product: Product) -> bool:
    """Whether the row's part of a product differs from target to target, by the time of its spike."""
    return not shape.one_step and product.dependency == "y0" and any(f.variable in X_TRACES for f in product.factors)


def _group(shape: Shape, names: _Namer, group: Sequence[str]) -> Iterator[str]:
    """Variables that change in one loop."""
    full, only_post = [], []
    for variable in group:
        for k, product in enumerate(shape.of(variable)[0]):
            yield from _row_part(shape, names, variable, k, product)
            q = f"q_{variable}{k}"
            zero = "" if _tabled(shape, product) else f" and {q} != 0"
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
        yield from _loop(shape, names, group, inner + "    ", "k", None)
        word = "elif"
    if only_post:
        condition = " or ".join(f"({text})" for text in only_post)
        if shape.quick:
            return
        if shape.dense:
            yield f"{inner}{word} ({condition}) and count * {FEW} < n:"
            yield from _loop(shape, names, group, inner + "    ", "fired[e, f]", "y0")
            word = "elif"
        yield f"{inner}{word} {condition}:"
        yield from _loop(shape, names, group, inner + "    ", "k", "masked")


def _row_part(shape: Shape, names: _Namer, variable: str, k: int, product: Product) -> Iterator[str]:
    """q_wk: mantissa times all factors that are the same for the whole row; 0 where its gate is closed."""
    inner = "        "
    place = names.places[variable, k]
    yield f"{inner}# {variable} {k}: {product.dependency} * {' * '.join(map(_text, product.factors)) or '1'}"
    yield f"{inner}m_{variable}{k} = c{place + 1}"
    if _tabled(shape, product):
        yield f"{inner}for s in range(steps):"
        yield from _row_factors(shape, names, variable, k, product, inner + "    ", f"c{place}", "s")
        yield from _finished(shape, variable, k, product, inner + "    ")
        yield f"{inner}    q_{variable}{k}[s] = q"
    else:
        gate = {"x0": "int32(spiked)", "u": "int32(due)", "y0": "int32(1)"}[product.dependency]
        time = "0" if shape.one_step else {"x0": "tx", "u": "end", "y0": "0"}[product.dependency]
        yield from _row_factors(shape, names, variable, k, product, inner, f"c{place} * {gate}", time)
        yield from _finished(shape, variable, k, product, inner)
        yield f"{inner}q_{variable}{k} = q"
    for n, factor in enumerate(product.factors):
        if factor.constant and not _of_row(factor):
            yield f"{inner}c_{variable}{k}_{n} = int32({names.constant(variable, k, product, n)})"
        if factor.variable in Y_TRACES:
            trace = shape.y_traces.index(factor.variable)
            where = {"x0": "ys[e, tx, {}]", "u": "ys[e, end, {}]", "y0": "yo[e, {}]"}[product.dependency]
            where = "ys[e, 0, {}]" if shape.one_step else where
            yield f"{inner}y_{variable}{k}_{n} = {where.format(trace)}"


def _finished(shape: Shape, variable: str, k: int, product: Product, inner: str) -> Iterator[str]:
    """What of a product can be done once a row: all of it, or its exponent (multiplication wraps, in any order)."""
    if all(map(_of_row, product.factors)):
        yield from _scaled(shape, variable, k, product, inner, "q")
    elif not product_shift(product):
        yield f"{inner}q = int32(q * m_{variable}{k})"


def _scaled(shape: Shape, v: str, k: int, product: Product, body: str, name: str) -> Iterator[str]:
    """A product's shifts and limits."""
    shift = product_shift(product)
    if shift and shape.repaired:
        low_bits = f"int32(int32({name} >> 31) & int32({(1 << shift) - 1}))"
        yield f"{body}{name} = int32(int32({name} + {low_bits}) >> {shift})"
    elif shift:
        yield f"{body}{name} = int32({name} >> {shift})"
    if shift or all(map(_of_row, product.factors)):
        yield f"{body}{name} = int32({name} * m_{v}{k})"
    if shape.of(v)[1][k]:
        yield from _clip(body, name, LEAST_SUM[shape.arithmetic], MOST_SUM)


def _row_factors(
    shape: Shape, names: _Namer, variable: str, k: int, product: Product, inner: str, start: str, time: str
) -> Iterator[str]:
    yield f"{inner}q = int32({start})"
    for n, factor in enumerate(product.factors):
        if not _of_row(factor):
            continue
        value = "int32(spiked)"
        if factor.variable in X_TRACES:
            value = f"int32(xs[e, {time}, {shape.x_traces.index(factor.variable)}, i])"
        if factor.constant:
            value = f"int32({value} + {names.constant(variable, k, product, n)})"
        limit = 1 << WIDTHS[factor.variable]
        yield f"{inner}q = int32(q * min(max({value}, int32({-limit})), int32({limit - 1})))"


def _of_row(factor: FixedFactor) -> bool:
    return factor.variable in ("x0", *X_TRACES)


def _text(factor: FixedFactor) -> str:
    inner = f"{factor.variable} + c" if factor.constant else factor.variable
    return f"sgn({inner})" if factor.sign else f"({inner})" if factor.constant else inner


def _loop(shape: Shape, names: _Namer, group: Sequence[str], inner: str, place: str, only: str | None) -> Iterator[str]:
    """A loop over a row. only: "y0" for listed targets, "masked" for all, some of which spiked; None: all products."""
    listed = only == "y0"
    products = {
        v: [(k, p) for k, p in enumerate(shape.of(v)[0]) if only is None or p.dependency == "y0"] for v in group
    }
    used = {f.variable for v in group for _, p in products[v] for f in p.factors} | set(group)
    masks = any(
        p.dependency == "y0" or any(f.variable == "y0" for f in p.factors) for v in group for _, p in products[v]
    )
    yield f"{inner}ym = yt[e]"
    if listed:
        yield f"{inner}for f in range(count):"
        yield f"{inner}    k = int32({place})"
    else:
        yield f"{inner}for k in range(n):"
    body = inner + "    "
    if not shape.dense:
        yield f"{body}j = target[k]"
    j = "k" if shape.dense else "j"
    for v in VARIABLES:
        if v in used:
            yield f"{body}v_{v} = int32({v}[k])"
    if masks:
        yield f"{body}y0 = int32(ym[{j}])" if shape.one_step else f"{body}y0 = int32(-1) if ym[{j}] != 0 else int32(0)"
    for v in group:
        yield f"{body}s = int32(v_{v} << 7)"
        for k, product in products[v]:
            yield from _product(shape, v, k, product, j, body)
        yield from _rounded(shape, v, j, body)
    for v in group:
        yield f"{body}{v}[k] = int16(n_{v})"


def _product(shape: Shape, v: str, k: int, product: Product, j: str, body: str) -> Iterator[str]:
    start = f"q_{v}{k}[ym[{j}]]" if _tabled(shape, product) else f"q_{v}{k}"
    yield f"{body}p = int32({start})"
    for n, factor in enumerate(product.factors):
        if _of_row(factor):
            continue
        if factor.variable == "y0":
            value = "int32(y0 & int32(1))"
        elif factor.variable in Y_TRACES:
            value = f"int32(y_{v}{k}_{n}[{j}])"
        else:
            value = f"v_{factor.variable}"
        if factor.constant:
            value = f"int32({value} + c_{v}{k}_{n})"
        if factor.sign:
            yield f"{body}a = {value}"
            value = "int32(int32(a > 0) - int32(a < 0))"
        elif factor.constant:  # the variable alone is within its width
            limit = 1 << WIDTHS[factor.variable]
            yield f"{body}a = {value}"
            yield f"{body}a = a if a > int32({-limit}) else int32({-limit})"
            yield f"{body}a = a if a < int32({limit - 1}) else int32({limit - 1})"
            value = "a"
        yield f"{body}p = int32(p * {value})"
    if product.dependency == "y0":
        yield f"{body}p = int32(p & y0)"
    if not all(map(_of_row, product.factors)):
        yield from _scaled(shape, v, k, product, body, "p")
    yield f"{body}s = int32(s + p)"
    yield from _clip(body, "s", LEAST_SUM[shape.arithmetic], MOST_SUM)


def _clip(body: str, name: str, least: int | str, most: int | str) -> Iterator[str]:
    yield f"{body}{name} = {name} if {name} > int32({least}) else int32({least})"
    yield f"{body}{name} = {name} if {name} < int32({most}) else int32({most})"


def _rounded(shape: Shape, v: str, j: str, body: str) -> Iterator[str]:
    if shape.repaired:
        yield f"{body}h = uint32(base + uint32({j}))"
        yield from _mix(body)
        yield f"{body}h = uint32(h ^ uint32(flags[e, {4 + VARIABLES.index(v)}]))"
        yield from _mix(body)
        yield f"{body}up = int32(127 - int32(h >> uint32(25)))"
    yield f"{body}n_{v} = int32(int32(s + up) >> 7)"
    bounds: dict[str, tuple[int | str, int | str]] = {
        "w": ("low", "high"),
        "t": (LEAST_TAG[shape.arithmetic], MOST_TAG),
        "d": (0, MOST_TAG),
    }
    least, most = bounds[v]
    yield from _clip(body, f"n_{v}", least, most)


def _mix(body: str) -> Iterator[str]:
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        yield f"{body}h = uint32(h ^ uint32(h >> uint32({shift})))"
        yield f"{body}h = uint32(h * uint32({factor}))"
    yield f"{body}h = uint32(h ^ uint32(h >> uint32(16)))"


def _gathered(shape: Shape) -> str:
    """The sums; of binary spikes and dense rows four at a time, which load and store them once."""
    if not shape.dense:
        return """        for f in range(count_spiked):
            i = spiked[f]
            payload = one * sent[m, i]
            for k in range(start[i], start[i + 1]):
                out[target[k]] += payload * w[m, 0, k]"""
    return """        f = 0
        if sent.itemsize == 1:
            while f + 4 <= count_spiked:
                add_rows(out, w[m, spiked[f]], w[m, spiked[f + 1]], w[m, spiked[f + 2]], w[m, spiked[f + 3]])
                f += 4
        while f < count_spiked:
            add_payload(out, one * sent[m, spiked[f]], w[m, spiked[f]])
            f += 1"""


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


def _tail(shape: Shape) -> str:
    row = "w[m, i], t[m, i], d[m, i], target"
    if not shape.dense:
        cut = "start[i]:start[i + 1]"
        row = f"w[m, 0, {cut}], t[m, 0, {cut}], d[m, 0, {cut}], target[{cut}]"
    return f'''

@njit(nogil=True, cache=True)
def refresh(m, i, seen, count, w, t, d, target, start, xs, xt, ys, yo, yt, fired, flags, c, targets, index, amounts):
    """Row i of learner m up to the `count`th evaluation."""
    if seen[m, i] < count:
        catch_up(
            i, seen[m, i], count, {row},
            xs[m], xt[m], ys[m], yo[m], yt[m], fired[m], flags[m], c, targets, index, amounts,
        )
        seen[m, i] = count


@njit(nogil=True, cache=True)
def refresh_all(first, last, seen, count, w, t, d, target, start, xs, xt, ys, yo, yt, fired, flags, c, targets):
    """All rows of the learners from first to last; afterwards the evaluations may be forgotten."""
    index, amounts = np.empty(xs.shape[1], np.int64), np.empty(xs.shape[1], np.int16)
    for m in range(first, last):
        for i in range(seen.shape[1]):
            rows = w, t, d, target, start, xs, xt, ys, yo, yt, fired, flags
            refresh(m, i, seen, count, *rows, c, targets, index, amounts)
            seen[m, i] = 0


@njit(nogil=True, cache=True)
def gather(
    first, last, sent, sums, seen, count, w, t, d, target, start, xs, xt, ys, yo, yt, fired, flags, c, targets
):
    """sums[m, j] += weight * sent[m, i] over the sources that sent something, whose rows are brought up to date."""
    wide_registers()
    index, amounts = np.empty(xs.shape[1], np.int64), np.empty(xs.shape[1], np.int16)
    spiked = np.empty(sent.shape[1], np.int64)
    for m in range(first, last):
        out, count_spiked = sums[m], 0
        for i in range(sent.shape[1]):
            if sent[m, i] != 0:
                rows = w, t, d, target, start, xs, xt, ys, yo, yt, fired, flags
                refresh(m, i, seen, count, *rows, c, targets, index, amounts)
                spiked[count_spiked] = i
                count_spiked += 1
        one = sums.dtype.type(1)
{_gathered(shape)}

{_RUN}'''


_RUN = """
@njit(nogil=True, cache=True)
def run_steps(
    learners, acc, spikes, u, v, rest, totals, wraps, lif, way, rests, pre, sums, exponent,
    x, x_time, x_kind, y, y_time, y_kind, third, signals, constants, arrived, memory,
    repaired, repeated, decay, impulse, rounding, seeds, streams, key_repeated, key_history, key_rounding,
    epoch, period, opens, fan_out, fan_in, updates, counters,
    seen, w, t, d, target, start, xs, xt, ys, yo, yt, fired, flags, c, targets,
):
    '''Steps of one LoihiLIF population that one plastic projection feeds, see `plastic_loop`.'''
    a, b = learners
    held = xs.shape[1]
    before = np.empty(targets, np.int32)
    wrapped = 0
    for k in range(len(acc)):
        for m in range(a, b):
            for j in range(targets):
                value = np.int64(sums[m, j])
                value = value << exponent if exponent > 0 else value >> -exponent
                wrapped += value != np.int64(np.int32(value))
                acc[k, m, j] += np.int32(value)
            sums[m] = 0
            if rests[k]:
                u[m] = rest[0]
                v[m] = rest[1]
                memory[m] = 0
            if third:
                before[:] = v[m]
            lif_block(
                acc[k : k + 1, m : m + 1], u[m : m + 1], v[m : m + 1], spikes[k : k + 1, m : m + 1],
                totals[k : k + 1], wraps, *lif, way,
            )
            if third:
                lif_signals(*signals, memory[m], before, u[m], *constants, spikes[k, m], arrived[k, :, m], y[m])
        gather(
            a, b, pre[k], sums, seen, counters[0], w, t, d, target, start, xs, xt, ys, yo, yt, fired, flags, c, targets
        )
        counters[2] += 1
        counters[3] += 1
        if repaired:
            fill_keys(seeds, streams[0], counters[3], key_repeated)
        within = (counters[2] - 1) % epoch + 1
        sides = x, x_time, pre[k], x_kind, y, y_time, spikes[k], y_kind
        note_step(learners, *sides, within, third, repaired, repeated[:, k], key_repeated)
        if within < epoch:
            continue
        counters[4] += 1
        e = counters[0]
        if repaired:
            for n in range(epoch):
                fill_keys(seeds, streams[1], counters[3] - epoch + 1 + n, key_history[:, n, 0])
                fill_keys(seeds, streams[2], counters[3] - epoch + 1 + n, key_history[:, n, 1])
            fill_keys(seeds, streams[3], counters[3], key_rounding)
        counts = end_epoch(
            learners, e, x, x_time, x_kind, y, y_time, y_kind, third, repaired,
            xs, xt, ys, yo, yt, fired, decay[:, k], impulse[:, k], key_history,
        )
        due = counters[2] // epoch % period == 0
        opened = b - a > 1 or opens[6]
        force = False
        for m in range(a, b):
            if opens[3]:
                for i in range(len(fan_out)):
                    updates[m] += fan_out[i] * (xt[m, e, i] != 0)
            if opens[4]:
                for j in range(targets):
                    updates[m] += fan_in[j] * (yt[m, e, j] != 0)
            if opens[5] and due:
                updates[m] += fan_in.sum()
            flags[m, e, 0] = counts[m, 1]
            flags[m, e, 1] = due
            flags[m, e, 2] = counters[1]
            opened |= (opens[0] and counts[m, 0] > 0) or (opens[1] and counts[m, 1] > 0) or (opens[2] and due)
            if repaired:
                flags[m, e, 4:] = key_rounding[m]
            else:
                flags[m, e, 3] = rounding[m, counters[4] - counters[5]]
                force |= opens[7] and flags[m, e, 3] == 127
        if opened or counters[1]:
            counters[0] += 1
            counters[1] = force
            if counters[0] == held:
                refresh_all(
                    a, b, seen, held, w, t, d, target, start, xs, xt, ys, yo, yt, fired, flags, c, targets
                )
                counters[0] = 0
    return wrapped
"""
