"""The structure of a learning rule: what its kernels' source is made from, see `plastic_source`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from neurokit.graph.fixed_plasticity import Arithmetic, FixedFactor, FixedRule, Product
from neurokit.hardware.simulator.plastic_plans import ends_of, of_row
from neurokit.lower.fixedpoint.learning import EXPONENT_OFFSET, FRACTION_BITS, MOST_SUM, WIDTHS, product_shift

VARIABLES = "w", "t", "d"
X_TRACES, Y_TRACES = ("x1", "x2"), ("y1", "y2", "y3")


@dataclass(frozen=True)
class Shape:
    """The structure of a rule, from which its kernels' source is made.

    products: of each variable, with constants replaced by 1 where there are any, mantissa 1, exponent 0; clips: which
    of them may leave the accumulator; narrow: which fit in 16 bits on the way; low: after which the sum may end below
    16 bits. dense: whether every source has every target. Of `narrow` and `low` one is told, what the kernels ask for.
    """

    products: tuple[tuple[Product, ...], ...]
    clips: tuple[tuple[bool, ...], ...]
    narrow: tuple[tuple[bool, ...], ...]
    low: tuple[tuple[bool, ...], ...]
    one_step: bool
    arithmetic: Arithmetic
    dense: bool

    @property
    def repaired(self) -> bool:
        """Whether every synapse has random numbers of its own."""
        return self.arithmetic == "repaired"

    @property
    def steady(self) -> bool:
        """Whether all synapses change whenever it is u's turn, which `plastic_rows` is for."""
        gates = {product.dependency for products in self.products for product in products}
        return self.dense and self.one_step and not self.repaired and "u" in gates and "y0" not in gates

    @property
    def quick(self) -> bool:
        """Whether targets' spikes add one number to their synapses in a row, see `_quick`."""
        alone = self.dense and self.one_step and not self.repaired and self.variables == ("w",)
        products = [product for product in self.of("w")[0] if product.dependency == "y0"]
        return alone and len(products) == 1 and all(map(of_row, products[0].factors))

    @property
    def variables(self) -> tuple[str, ...]:
        """Those that change."""
        return tuple(v for v, products in zip(VARIABLES, self.products, strict=True) if products)

    def of(self, variable: str) -> tuple[tuple[Product, ...], tuple[bool, ...]]:
        """Products of a variable and whether they may need to be clipped."""
        place = VARIABLES.index(variable)
        return self.products[place], self.clips[place]

    def narrow_of(self, variable: str) -> tuple[bool, ...]:
        """Which products of a variable fit in 16 bits on the way."""
        return self.narrow[VARIABLES.index(variable)]

    def low_of(self, variable: str) -> tuple[bool, ...]:
        """After which products of a variable its sum may end below 16 bits, where that matters."""
        return self.low[VARIABLES.index(variable)]

    def reads(self, factor: str) -> bool:
        """Whether a product has this factor."""
        return factor in self._factors()

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
    shape = Shape(
        tuple(tuple(_bare(product) for product in products) for products in rules),
        tuple(tuple(_may_leave(product) for product in products) for products in rules),
        (),
        (),
        rule.epoch == 1,
        rule.arithmetic,
        dense,
    )
    if shape.steady:
        low = (tuple(_may_end_low(v, rule, products)) for v, products in zip(VARIABLES, rules, strict=True))
        return replace(shape, low=tuple(low))
    return replace(shape, narrow=tuple(tuple(_is_narrow(product) for product in products) for products in rules))


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


def _most(factor: FixedFactor) -> int:
    """How large a factor's size may be; of a tag that is not below its range."""
    known = 1 if factor.variable in ("x0", "y0") else 127 if factor.variable in (*X_TRACES, *Y_TRACES) else 256
    return min(known + abs(factor.constant), 1 << WIDTHS[factor.variable])


def _is_narrow(product: Product) -> bool:
    largest = abs(product.mantissa)
    for factor in product.factors:
        largest *= 1 if factor.sign else _most(factor)
    shift = product_shift(product)
    shifted = (largest >> shift) + bool(shift)
    return largest <= MOST_SUM and shifted << (product.exponent + EXPONENT_OFFSET) <= MOST_SUM


def _may_end_low(variable: str, rule: FixedRule, products: Sequence[Product]) -> Iterator[bool]:
    """After which products the sum may be below -2**15: never the last of a weight or second tag, clipped anyway."""
    low = {"w": rule.bounds[0], "t": -256, "d": 0}[variable] << FRACTION_BITS
    least = -MOST_SUM - 1
    for k, product in enumerate(products):
        low += _least(product)
        yield low < least and (variable == "t" or k < len(products) - 1)
        low = max(low, least)


def _least(product: Product) -> int:
    """Of a product, 0 while its gate is closed."""
    low = high = product.mantissa
    for factor in product.factors:
        found = [a * b for a in (low, high) for b in ends_of(factor)]
        low, high = min(found), max(found)
    return min(0, low >> product_shift(product)) << (product.exponent + EXPONENT_OFFSET)


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
