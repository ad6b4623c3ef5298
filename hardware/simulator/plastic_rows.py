"""Rows of synapses that learn in every step, evaluation after evaluation, in registers; see `plastic_source`.

A vector of synapses of one source is loaded, goes through all evaluations that its row waits for, and is stored. Its
arithmetic is in 16 bits, written as LLVM's instructions (see `vectors` for why by hand), as `plastic_plans` has it.
That is exact but for Lava's sums, which end at -32769, one below what 16 bits hold: where a sum ends there and it
matters, or a tag is one below its range, the vector's evaluation is done again in 32 bits, from the old values.
Rules of which a product needs more than 16 bits are done in 32 from the start.
No type annotations, as in `kernels`.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from neurokit.hardware.simulator.plastic_lanes import Narrow, Wide, any_of
from neurokit.hardware.simulator.plastic_loops import Namer
from neurokit.hardware.simulator.plastic_plans import plan_of
from neurokit.hardware.simulator.plastic_shape import Shape
from neurokit.hardware.simulator.vectors import LONG, SHORT

LANES, FEW = {True: 32, False: 16}, 8  # of a vector, in 16 bits or 32; of short rows


def serves(shape: Shape) -> bool:
    """Whether rows of such a rule are done here: dense, in Lava's arithmetic, and changed whenever it is u's turn."""
    gates = {product.dependency for products in shape.products for product in products}
    return shape.dense and shape.one_step and not shape.repaired and "u" in gates and "y0" not in gates


def is_narrow(shape: Shape) -> bool:
    """Whether 16 bits do."""
    return all(plan_of(product) is not None for products in shape.products for product in products)


def change_row_of(shape):
    """The instruction for rules of this structure.

    change_row(w, t, d, xs, xt, ys, yt, flags, constants, m, i, first, stop, targets): evaluations `first` to `stop` of
    the synapses of source i of learner m. Arrays as in `plastic_steps.Held`.
    """
    names = ("w", "t", "d", "xs", "xt", "ys", "yt", "flags", "constants")

    @intrinsic
    def change_row(typingctx, w, t, d, xs, xt, ys, yt, flags, constants, m, i, first, stop, targets):
        kinds = (w, t, d, xs, xt, ys, yt, flags, constants)

        def generate(context, builder, signature, arguments):
            made = [context.make_array(kind)(context, builder, a) for kind, a in zip(kinds, arguments, strict=False)]
            learner, source, begin, end, size = arguments[len(names) :]
            row = _Row(builder, shape, dict(zip(names, made, strict=True)), learner, source)
            narrow = is_narrow(shape)
            short = builder.icmp_signed("<=", size, LONG(FEW))
            with builder.if_else(short) as (few, many):
                with few:
                    row.write(LONG(0), FEW, narrow, begin, end)
                with many, cgutils.for_range_slice(builder, LONG(0), size, LONG(LANES[narrow]), inc=True) as (k, _):
                    row.write(k, LANES[narrow], narrow, begin, end)
            return context.get_dummy_value()

        long = types.intp
        return types.void(*kinds, long, long, long, long, long), generate

    return change_row


class _Row:
    """Writes what a row goes through."""

    def __init__(self, builder, shape, arrays, learner, source):
        self.builder, self.shape, self.arrays = builder, shape, arrays
        self.learner, self.source = learner, source
        count = Namer(shape).count
        self.constants = [builder.load(self._place("constants", LONG(k))) for k in range(count)]
        gates = {product.dependency for products in shape.products for product in products}
        self.gates = sorted(gates)

    def write(self, column, lanes, narrow, begin, end):
        """Synapses from `column` on, one vector."""
        builder = self.builder
        short = ir.VectorType(SHORT, lanes)
        kept = {v: cgutils.alloca_once(builder, short, name=v) for v in self.shape.used}
        rows = {v: self._place(v, self.learner, self.source, column) for v in self.shape.used}
        for v, place in kept.items():
            builder.store(self._vector(rows[v], short), place)
        failed = cgutils.alloca_once(builder, ir.IntType(1))
        ways = {kind: kind(self.shape, builder, lanes, self.constants) for kind in (Narrow, Wide)}
        with cgutils.for_range_slice(builder, begin, end, LONG(1), inc=True) as (e, _):
            number, due, forced = (self._flag(e, k) for k in (3, 1, 2))
            spiked = builder.icmp_signed("!=", self._scalar("xt", self.learner, e, self.source), SHORT(0))
            due, forced = (builder.icmp_signed("!=", value, LONG(0)) for value in (due, forced))
            gates = {"x0": spiked, "u": due}
            opened = forced
            for gate in self.gates:
                opened = builder.or_(opened, gates[gate])
            with builder.if_then(opened):
                seen = self._seen(e, column, short)
                old = {v: builder.load(place) for v, place in kept.items()}
                up = builder.sub(LONG(127), number)
                builder.store(ir.IntType(1)(0 if narrow else 1), failed)
                if narrow:
                    new, lost = ways[Narrow].change(old, seen, gates, up)
                    for v, value in new.items():
                        builder.store(value, kept[v])
                    builder.store(lost, failed)
                    self._below(old, forced, failed)
                with builder.if_then(builder.load(failed), likely=False if narrow else None):
                    for v, value in ways[Wide].change(old, seen, gates, up).items():
                        builder.store(value, kept[v])
        for v in self.shape.variables:
            target = builder.bitcast(rows[v], short.as_pointer())
            builder.store(builder.load(kept[v]), target, align=2)

    def _below(self, old, forced, failed):
        """Tags below their range, of which there are none unless `forced`."""
        if "t" not in old:
            return
        builder = self.builder
        with builder.if_then(forced, likely=False):
            least = ir.Constant(old["t"].type, [-256] * old["t"].type.count)
            below = any_of(builder, builder.icmp_signed("<", old["t"], least))
            builder.store(builder.or_(builder.load(failed), below), failed)

    def _seen(self, e, column, short):
        """Traces: of the source scalars, of the targets vectors."""
        seen, zero = {}, LONG(0)
        for k, name in enumerate(self.shape.x_traces):
            seen[name] = self._scalar("xs", self.learner, e, zero, LONG(k), self.source)
        for k, name in enumerate(self.shape.y_traces):
            seen[name] = self._vector(self._place("ys", self.learner, e, zero, LONG(k), column), short)
        if self.shape.reads("y0"):
            fired = self._vector(self._place("yt", self.learner, e, column), short)
            seen["y0"] = self.builder.and_(fired, ir.Constant(short, [1] * short.count))
        return seen

    def _flag(self, e, k):
        return self._scalar("flags", self.learner, e, LONG(k))

    def _scalar(self, name, *places):
        return self.builder.load(self._place(name, *places))

    def _vector(self, pointer, kind):
        return self.builder.load(self.builder.bitcast(pointer, kind.as_pointer()), align=2)

    def _place(self, name, *places):
        """Pointer to an element."""
        builder, array = self.builder, self.arrays[name]
        offset = LONG(0)
        for k, place in enumerate(places):
            offset = builder.add(offset, builder.mul(place, builder.extract_value(array.strides, k)))
        base = builder.bitcast(array.data, ir.IntType(8).as_pointer())
        return builder.bitcast(builder.gep(base, [offset]), array.data.type)
