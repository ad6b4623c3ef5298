"""Source of the loops over a row of synapses, and of what is computed once a row; see `plastic_source`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from neurokit.graph.fixed_plasticity import FixedFactor, Product
from neurokit.hardware.simulator.plastic_plans import of_row
from neurokit.hardware.simulator.plastic_shape import VARIABLES, X_TRACES, Y_TRACES, Shape
from neurokit.lower.fixedpoint.learning import LEAST_SUM, LEAST_TAG, MOST_SUM, MOST_TAG, WIDTHS, product_shift


class Namer:
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


def tabled(shape: Shape, product: Product) -> bool:
    """Whether the row's part of a product differs from target to target, by the time of its spike."""
    return not shape.one_step and product.dependency == "y0" and any(f.variable in X_TRACES for f in product.factors)


def row_part(shape: Shape, names: Namer, variable: str, k: int, product: Product) -> Iterator[str]:
    """q_wk: mantissa times all factors that are the same for the whole row; 0 where its gate is closed."""
    inner = "        "
    place = names.places[variable, k]
    yield f"{inner}# {variable} {k}: {product.dependency} * {' * '.join(map(_text, product.factors)) or '1'}"
    yield f"{inner}m_{variable}{k} = c{place + 1}"
    if tabled(shape, product):
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
        if factor.constant and not of_row(factor):
            yield f"{inner}c_{variable}{k}_{n} = int32({names.constant(variable, k, product, n)})"
        if factor.variable in Y_TRACES:
            trace = shape.y_traces.index(factor.variable)
            where = {"x0": "ys[e, tx, {}]", "u": "ys[e, end, {}]", "y0": "yo[e, {}]"}[product.dependency]
            where = "ys[e, 0, {}]" if shape.one_step else where
            yield f"{inner}y_{variable}{k}_{n} = {where.format(trace)}"


def _finished(shape: Shape, variable: str, k: int, product: Product, inner: str) -> Iterator[str]:
    """What of a product can be done once a row: all of it, or its exponent (multiplication wraps, in any order)."""
    if all(map(of_row, product.factors)):
        yield from _scaled(shape, variable, k, product, inner, "q")
    elif not product_shift(product):
        yield f"{inner}q = int32(q * m_{variable}{k})"


def _scaled(shape: Shape, v: str, k: int, product: Product, body: str, name: str) -> Iterator[str]:
    """A product's shifts and limits."""
    shift = min(product_shift(product), 31)  # factors' signs may ask for more places than 32 bits have
    if shift and shape.repaired:
        low_bits = f"int32(int32({name} >> 31) & int32({(1 << shift) - 1}))"
        yield f"{body}{name} = int32(int32({name} + {low_bits}) >> {shift})"
    elif shift:
        yield f"{body}{name} = int32({name} >> {shift})"
    if shift or all(map(of_row, product.factors)):
        yield f"{body}{name} = int32({name} * m_{v}{k})"
    if shape.of(v)[1][k]:
        yield from _clip(body, name, LEAST_SUM[shape.arithmetic], MOST_SUM)


def _row_factors(
    shape: Shape, names: Namer, variable: str, k: int, product: Product, inner: str, start: str, time: str
) -> Iterator[str]:
    yield f"{inner}q = int32({start})"
    for n, factor in enumerate(product.factors):
        if not of_row(factor):
            continue
        value = "int32(spiked)"
        if factor.variable in X_TRACES:
            value = f"int32(xs[e, {time}, {shape.x_traces.index(factor.variable)}, i])"
        if factor.constant:
            value = f"int32({value} + {names.constant(variable, k, product, n)})"
        limit = 1 << WIDTHS[factor.variable]
        yield f"{inner}q = int32(q * min(max({value}, int32({-limit})), int32({limit - 1})))"


def _text(factor: FixedFactor) -> str:
    inner = f"{factor.variable} + c" if factor.constant else factor.variable
    return f"sgn({inner})" if factor.sign else f"({inner})" if factor.constant else inner


def loop(shape: Shape, names: Namer, group: Sequence[str], inner: str, place: str, only: str | None) -> Iterator[str]:
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
    start = f"q_{v}{k}[ym[{j}]]" if tabled(shape, product) else f"q_{v}{k}"
    yield f"{body}p = int32({start})"
    for n, factor in enumerate(product.factors):
        if of_row(factor):
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
    if not all(map(of_row, product.factors)):
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
