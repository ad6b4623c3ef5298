"""Source of loops over a row in 16 bits, twice as many lanes as in 32; see `plastic_source`.

They are exact where every product fits, which is a matter of the rule (`Shape.narrow`), but for one thing: Lava's sums
end at -32769, one below what 16 bits hold. So where a sum saturates at its lower end before its last product (a tag's:
or with it), and where a tag may be one below its range, the row is done again in 32 bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from neurokit.graph.fixed_plasticity import Product
from neurokit.hardware.simulator.plastic_loops import Namer, loop
from neurokit.hardware.simulator.plastic_plans import of_row
from neurokit.hardware.simulator.plastic_shape import VARIABLES, Y_TRACES, Shape
from neurokit.lower.fixedpoint.learning import WIDTHS, product_shift


def fits(shape: Shape, group: Sequence[str]) -> bool:
    """Whether these variables' products may be summed in 16 bits."""
    return shape.dense and shape.one_step and not shape.repaired and all(all(shape.narrow_of(v)) for v in group)


def full_loop(shape: Shape, names: Namer, group: Sequence[str], inner: str) -> Iterator[str]:
    """All products of these variables, in 16 bits if possible, otherwise in 32."""
    if not fits(shape, group):
        yield from loop(shape, names, group, inner, "k", None)
        return
    checked = any(_checked(v, shape.of(v)[0]) for v in group)
    tags = "t" in _used(shape, group)
    body = inner + "    " if tags else inner
    if tags:
        yield f"{inner}sound = not force"
        yield f"{inner}if sound:"
    if checked:
        yield from _copied(group, body, "kept_{0}[k] = {0}[k]")
    yield from _narrow(shape, group, body)
    if checked:
        yield f"{body}sound = lost == 0"
        yield f"{body}if not sound:"
        yield from _copied(group, body + "    ", "{0}[k] = kept_{0}[k]")
    if tags or checked:
        yield f"{inner}if not sound:"
        yield from loop(shape, names, group, inner + "    ", "k", None)


def room(shape: Shape, groups: Sequence[Sequence[str]]) -> Iterator[str]:
    """Where rows are kept while a loop is tried."""
    for group in groups:
        if fits(shape, group) and any(_checked(v, shape.of(v)[0]) for v in group):
            yield from (f"    kept_{v} = np.empty(held.w.shape[2], np.int16)" for v in group)


def _copied(group: Sequence[str], inner: str, text: str) -> Iterator[str]:
    yield f"{inner}for k in range(n):"  # an assignment to a slice is not made into a vector's
    yield from (f"{inner}    {text.format(v)}" for v in group)


def _used(shape: Shape, group: Sequence[str]) -> set[str]:
    return {f.variable for v in group for p in shape.of(v)[0] for f in p.factors} | set(group)


def _checked(variable: str, products: Sequence[Product]) -> int:
    """After how many products a sum's lower end matters: a weight's bound is above it, a tag's is not."""
    return len(products) if variable == "t" else len(products) - 1


def _narrow(shape: Shape, group: Sequence[str], inner: str) -> Iterator[str]:
    used = _used(shape, group)
    yield f"{inner}up_16, low_16, high_16, lost = int16(up), int16(low), int16(high), int16(0)"
    masks = any(p.dependency == "y0" for v in group for p in shape.of(v)[0]) or "y0" in used
    if masks:
        yield f"{inner}ym = yt[e]"
    for v in group:
        for k, product in enumerate(shape.of(v)[0]):
            yield f"{inner}q_{v}{k}_16, m_{v}{k}_16 = int16(q_{v}{k}), int16(m_{v}{k})"
            for n, factor in enumerate(product.factors):
                if factor.constant and not of_row(factor):
                    yield f"{inner}c_{v}{k}_{n}_16 = int16(c_{v}{k}_{n})"
    yield f"{inner}for k in range(n):"
    body = inner + "    "
    for v in VARIABLES:
        if v in used:
            yield f"{body}h_{v} = {v}[k]"
    if masks:
        yield f"{body}y0_16 = ym[k]"
    for v in group:
        products = shape.of(v)[0]
        yield f"{body}s_16 = int16(h_{v} << 7)"
        for k, product in enumerate(products):
            yield from _product(v, k, product, body)
            if k < _checked(v, products):
                yield f"{body}a_16 = int16(s_16 + p_16)"
            yield f"{body}s_16 = add_saturated(s_16, p_16)"
            if k < _checked(v, products):
                yield f"{body}lost = int16(lost | int16(s_16 < a_16))"
        yield f"{body}z_{v} = int16(add_saturated(s_16, up_16) >> 7)"
        if v == "w":
            yield f"{body}z_w = z_w if z_w > low_16 else low_16"
            yield f"{body}z_w = z_w if z_w < high_16 else high_16"
        elif v == "d":
            yield f"{body}z_d = z_d if z_d > int16(0) else int16(0)"
    for v in group:
        yield f"{body}{v}[k] = z_{v}"


def _product(v: str, k: int, product: Product, body: str) -> Iterator[str]:
    yield f"{body}p_16 = q_{v}{k}_16"
    for n, factor in enumerate(product.factors):
        if of_row(factor):
            continue
        if factor.variable == "y0":
            value = "int16(y0_16 & int16(1))"
        else:
            value = f"y_{v}{k}_{n}[k]" if factor.variable in Y_TRACES else f"h_{factor.variable}"
        if factor.constant:
            value = f"int16({value} + c_{v}{k}_{n}_16)"
        if factor.sign:
            yield f"{body}b_16 = {value}"
            value = "int16(int16(b_16 > 0) - int16(b_16 < 0))"
        elif factor.constant:
            limit = 1 << WIDTHS[factor.variable]
            yield f"{body}b_16 = {value}"
            yield f"{body}b_16 = b_16 if b_16 > int16({-limit}) else int16({-limit})"
            yield f"{body}b_16 = b_16 if b_16 < int16({limit - 1}) else int16({limit - 1})"
            value = "b_16"
        yield f"{body}p_16 = int16(p_16 * {value})"
    if product.dependency == "y0":
        yield f"{body}p_16 = int16(p_16 & y0_16)"
    if not all(map(of_row, product.factors)) and product_shift(product):
        yield f"{body}p_16 = int16(int16(p_16 >> {product_shift(product)}) * m_{v}{k}_16)"
