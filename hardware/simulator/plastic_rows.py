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


def is_narrow(shape: Shape) -> bool:
    """Whether 16 bits do."""
    return all(plan_of(product) is not None for products in shape.products for product in products)


def change_rows_of(shape):
    """The instruction for rules of this structure.

    change_rows(first, last, listed, numbers, stop, held): listed rows of learners `first` to `last` up to the
    evaluation `stop`. listed, numbers: as `plastic_steps.list_sent` has them; held: `plastic_steps.Held`.
    """

    @intrinsic
    def change_rows(typingctx, first, last, listed, numbers, stop, held):
        def generate(context, builder, signature, arguments):
            begin, end, order, counts, until, values = arguments
            row = _Row(context, builder, shape, held, values)
            one = LONG(1)
            with cgutils.for_range_slice(builder, begin, end, one, inc=True) as (m, _):
                number = builder.load(place_of(context, builder, counts, numbers, m))
                with cgutils.for_range(builder, number) as loop:
                    i = builder.load(place_of(context, builder, order, listed, m, loop.index))
                    row.bring_to(m, i, until)
            return context.get_dummy_value()

        long = types.intp
        return types.void(long, long, listed, numbers, long, held), generate

    return change_rows


class _Row:
    """Writes what a row goes through. kind: type of `plastic_steps.Held`, values: such a tuple."""

    def __init__(self, context, builder, shape, kind, values):
        self.context, self.builder, self.shape = context, builder, shape
        self.held = {
            name: (builder.extract_value(values, k), kind[k]) for k, name in enumerate(kind.fields) if name != "targets"
        }
        self.targets = builder.extract_value(values, kind.fields.index("targets"))
        self.constants = [self._scalar("constants", LONG(k)) for k in range(Namer(shape).count)]
        self.gates = sorted({product.dependency for products in shape.products for product in products})
        self.learner = self.source = None

    def bring_to(self, m, i, stop):
        """Row i of learner m up to the evaluation `stop`."""
        builder, narrow = self.builder, is_narrow(self.shape)
        self.learner, self.source = m, i
        seen = self._place("seen", m, i)
        start, lanes = builder.load(seen), LANES[narrow]
        builder.store(stop, seen)
        with builder.if_else(builder.icmp_signed("<=", self.targets, LONG(FEW))) as (few, many):
            with few:
                self.write(LONG(0), FEW, narrow, start, stop)
            with many, cgutils.for_range_slice(builder, LONG(0), self.targets, LONG(lanes), inc=True) as (k, _):
                self.write(k, lanes, narrow, start, stop)

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
        return place_of(self.context, self.builder, *self.held[name], *places)


def place_of(context, builder, value, kind, *places):
    """Pointer to an element of an array of this type."""
    array, offset = context.make_array(kind)(context, builder, value), LONG(0)
    for k, place in enumerate(places):
        offset = builder.add(offset, builder.mul(place, builder.extract_value(array.strides, k)))
    base = builder.bitcast(array.data, ir.IntType(8).as_pointer())
    return builder.bitcast(builder.gep(base, [offset]), array.data.type)
