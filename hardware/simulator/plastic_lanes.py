"""Products and sums of a vector of synapses, as LLVM's instructions, in 16 or in 32 bits; see `plastic_rows`.

No type annotations, as in `kernels`.
"""

from __future__ import annotations

from itertools import groupby

from llvmlite import ir
from numba.core import cgutils

from neurokit.hardware.simulator.plastic_loops import Namer
from neurokit.hardware.simulator.plastic_plans import LEAST, MANTISSA, MOST, of_row, plan_of
from neurokit.hardware.simulator.vectors import INT, SHORT
from neurokit.lower.fixedpoint.learning import (
    FRACTION_BITS,
    LEAST_SUM,
    LEAST_TAG,
    MOST_SUM,
    MOST_TAG,
    WIDTHS,
    product_shift,
)


class Lanes:
    """What both widths share. constants: `plastic_shape.constants_of`, loaded."""

    kind: ir.Type

    def __init__(self, shape, builder, lanes, constants):
        self.shape, self.builder, self.lanes = shape, builder, lanes
        self.vector = ir.VectorType(self.kind, lanes)
        self.names = Namer(shape)
        self.constants = [builder.trunc(value, self.kind) for value in constants]

    def all(self, value):
        """A constant in all lanes."""
        return ir.Constant(self.vector, [value] * self.lanes)

    def spread(self, value):
        """A scalar in all lanes."""
        undefined = ir.Constant(self.vector, ir.Undefined)
        one = self.builder.insert_element(undefined, value, INT(0))
        return self.builder.shuffle_vector(one, undefined, ir.Constant(ir.VectorType(INT, self.lanes), None))

    def clipped(self, values, low, high):
        """Within two vectors or scalars of the same kind as the values."""
        builder = self.builder
        for sign, end in ((">", low), ("<", high)):
            if end is not None:
                values = builder.select(builder.icmp_signed(sign, values, end), values, end)
        return values

    def shifted(self, values, places):
        """To the right; LLVM leaves open what more places than there are give, which factors' signs may ask for."""
        return self.builder.ashr(values, self.all(min(places, self.kind.width - 1))) if places else values

    def mantissa(self, v, k):
        """Of the kth product of a variable."""
        return self.constants[self.names.places[v, k]]

    def power(self, v, k):
        """The power of two that stands after its shift."""
        return self.constants[self.names.places[v, k] + 1]

    def own(self, v, k, product, seen, spiked):
        """Factors of the source and their places, scalars."""
        found = []
        for n, factor in enumerate(product.factors):
            if not of_row(factor):
                continue
            if factor.variable == "x0":
                value = self.builder.zext(spiked, self.kind)
            else:
                value = self.cast(seen[factor.variable], self.kind)
            if factor.constant:
                value = self.builder.add(value, self.constant(v, k, product, n))
            limit = 1 << WIDTHS[factor.variable]
            found.append((n, self.clipped(value, self.kind(-limit), self.kind(limit - 1))))
        return found

    def constant(self, v, k, product, n):
        """The constant of a factor, a scalar."""
        before = sum(bool(f.constant) for f in product.factors[:n])
        return self.constants[self.names.places[v, k] + 2 + before]

    def factor(self, v, k, product, n, values):
        """A factor of the synapse or the target, a vector. values: all such, by name."""
        factor, builder = product.factors[n], self.builder
        value = values[factor.variable]
        if factor.sign:
            above, below = self.sides(v, k, product, n, values)
            return builder.select(above, self.all(1), builder.select(below, self.all(-1), self.all(0)))
        if factor.constant:
            value = builder.add(value, self.spread(self.constant(v, k, product, n)))
            limit = 1 << WIDTHS[factor.variable]
            value = self.clipped(value, self.all(-limit), self.all(limit - 1))
        return value

    def sides(self, v, k, product, n, values):
        """Where a factor of which only the sign counts is above and below zero."""
        factor, builder = product.factors[n], self.builder
        value, end = values[factor.variable], self.all(0)
        if factor.constant:
            end = self.spread(builder.sub(self.kind(0), self.constant(v, k, product, n)))
        return builder.icmp_signed(">", value, end), builder.icmp_signed("<", value, end)

    def bounds(self, v):
        """Of a variable, vectors."""
        if v == "w":
            return self.spread(self.constants[0]), self.spread(self.constants[1])
        return self.all(LEAST_TAG[self.shape.arithmetic] if v == "t" else 0), self.all(MOST_TAG)


class Wide(Lanes):
    """In 32 bits."""

    kind = INT

    def cast(self, value, kind):
        """To 32 bits."""
        return self.builder.sext(value, kind)

    def change(self, old, seen, gates, up):
        """New values of what changes, in 16 bits. old, seen: see `plastic_rows`. up: 127 less the random number."""
        builder = self.builder
        values = {n: self.cast(x, self.vector) for n, x in {**seen, **old}.items() if isinstance(x.type, ir.VectorType)}
        up, new = self.spread(builder.trunc(up, INT)), {}
        least, most = self.all(LEAST_SUM[self.shape.arithmetic]), self.all(MOST_SUM)
        for v in self.shape.variables:
            total = builder.shl(values[v], self.all(FRACTION_BITS))
            for k, product in enumerate(self.shape.of(v)[0]):
                found = self._product(v, k, product, values, seen, gates)
                if self.shape.of(v)[1][k]:
                    found = self.clipped(found, least, most)
                total = self.clipped(builder.add(total, found), least, most)
            whole = builder.ashr(builder.add(total, up), self.all(FRACTION_BITS))
            new[v] = builder.trunc(self.clipped(whole, *self.bounds(v)), ir.VectorType(SHORT, self.lanes))
        return new

    def _product(self, v, k, product, values, seen, gates):
        builder = self.builder
        scalar = builder.mul(self.mantissa(v, k), builder.zext(gates[product.dependency], INT))
        for _, value in self.own(v, k, product, seen, gates["x0"]):
            scalar = builder.mul(scalar, value)
        found = self.spread(scalar)
        for n, factor in enumerate(product.factors):
            if not of_row(factor):
                found = builder.mul(found, self.factor(v, k, product, n, values))
        found = self.shifted(found, product_shift(product))
        return builder.mul(found, self.spread(self.power(v, k)))


class Narrow(Lanes):
    """In 16 bits."""

    kind = SHORT

    def cast(self, value, kind):
        """They have 16."""
        return value

    def change(self, old, seen, gates, up):
        """See `Wide.change`; also whether one of the vector's sums ended below 16 bits where that matters."""
        builder = self.builder
        values = {n: x for n, x in {**seen, **old}.items() if isinstance(x.type, ir.VectorType)}
        up, new = self.spread(builder.trunc(up, SHORT)), {}
        flags = ir.VectorType(ir.IntType(1), self.lanes)
        lost = cgutils.alloca_once(builder, flags)
        builder.store(ir.Constant(flags, None), lost)
        for v in self.shape.variables:
            place = cgutils.alloca_once(builder, self.vector)
            builder.store(builder.shl(values[v], self.all(FRACTION_BITS)), place)
            products = list(enumerate(self.shape.of(v)[0]))
            for gate, some in groupby(products, lambda pair: pair[1].dependency):
                with builder.if_then(gates[gate]):
                    for k, product in some:
                        self._add(v, k, product, values, seen, gates, place, lost)
            whole = builder.ashr(self.saturated("add", builder.load(place), up), self.all(FRACTION_BITS))
            low, high = self.bounds(v)
            new[v] = whole if v == "t" else self.clipped(whole, low, high if v == "w" else None)
        return new, any_of(builder, builder.load(lost))

    def saturated(self, what, one, other):
        """Their sum ("add") or difference ("sub") within 16 bits."""
        name = f"llvm.s{what}.sat.v{self.lanes}i16"
        kind = ir.FunctionType(self.vector, [self.vector, self.vector])
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, kind, name), (one, other))

    def _add(self, v, k, product, values, seen, gates, place, lost):
        """A product to the sum at `place`."""
        builder, total = self.builder, self.builder.load(place)
        checked = self.shape.low_of(v)[k]
        signs = [n for n, factor in enumerate(product.factors) if factor.sign]
        if len(product.factors) == 1 and signs and not checked and not self.shape.of(v)[1][k]:
            above, below = self.sides(v, k, product, 0, values)
            step = self.spread(builder.mul(self.mantissa(v, k), self.power(v, k)))
            total = builder.select(above, self.saturated("add", total, step), total)
            builder.store(builder.select(below, self.saturated("sub", total, step), total), place)
            return
        found = self._product(v, k, product, values, seen, gates, lost)
        after = self.saturated("add", total, found)
        if checked:
            self._lose(lost, builder.icmp_signed("<", after, builder.add(total, found)))
        builder.store(after, place)

    def _lose(self, lost, flags):
        self.builder.store(self.builder.or_(self.builder.load(lost), flags), lost)

    def _product(self, v, k, product, values, seen, gates, lost):
        builder, plan = self.builder, plan_of(product)
        clips, own = self.shape.of(v)[1][k], dict(self.own(v, k, product, seen, gates["x0"]))
        own[MANTISSA], early = self.mantissa(v, k), not plan.shift and len(plan.groups) == 1 and not clips
        if early:
            own[MANTISSA] = builder.mul(own[MANTISSA], self.power(v, k))
        groups = [self._group(v, k, product, group, own, values) for group in plan.groups]
        found = groups[0] if len(groups) == 1 else self._upper_half(*groups)
        found = self.shifted(found, plan.shift)
        if clips:
            return self._clipped_power(found, self.power(v, k), lost)
        return found if early else builder.mul(found, self.spread(self.power(v, k)))

    def _group(self, v, k, product, group, own, values):
        """The product of some factors, with zeros behind."""
        builder, scalar, vector = self.builder, None, None
        for n in group.factors:
            if n in own:
                scalar = own[n] if scalar is None else builder.mul(scalar, own[n])
            else:
                value = self.factor(v, k, product, n, values)
                vector = value if vector is None else builder.mul(vector, value)
        if scalar is None:
            return builder.shl(vector, self.all(group.zeros)) if group.zeros else vector
        scalar = self.spread(builder.shl(scalar, SHORT(group.zeros)) if group.zeros else scalar)
        return scalar if vector is None else builder.mul(vector, scalar)

    def _upper_half(self, one, other):
        builder, wide = self.builder, ir.VectorType(INT, self.lanes)
        whole = builder.mul(builder.sext(one, wide), builder.sext(other, wide))
        return builder.trunc(builder.lshr(whole, ir.Constant(wide, [16] * self.lanes)), self.vector)

    def _clipped_power(self, found, power, lost):
        """found * power within 16 bits; lost where it is below them."""
        builder = self.builder
        places = builder.cttz(power, ir.IntType(1)(0))
        least, most = (self.spread(builder.ashr(SHORT(end), places)) for end in (LEAST, MOST))
        self._lose(lost, builder.icmp_signed("<", found, least))
        whole = builder.mul(found, self.spread(power))
        return builder.select(builder.icmp_signed(">", found, most), self.all(MOST), whole)


def any_of(builder, flags):
    """Whether one of them is set."""
    kind = ir.IntType(flags.type.count)
    return builder.icmp_unsigned("!=", builder.bitcast(flags, kind), kind(0))
