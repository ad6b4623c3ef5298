"""Changes of a row of weights by many evaluations at once, kept in registers while they go by; see `vectors`."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from neurokit.hardware.simulator.vectors import LANES, SHORT, _load, _place, _store


@intrinsic
def add_masked(typingctx, row, masks, index, steps, count, low, high):
    """row[j] = clip(row[j] + steps[e] where masks[index[e], j] is -1, low, high), for e < count one after the other.

    row: (n,) int16, n a multiple of 64. masks: (evaluations, n) int16, 0 or -1, its rows contiguous. index: int64,
    steps: int16, of which `count` hold. low, high: int16.
    """

    def generate(context, builder, signature, arguments):
        rows, places, order, values, number, least, most = arguments
        data = context.make_array(row)(context, builder, rows)
        mask = context.make_array(masks)(context, builder, places)
        width = builder.extract_value(mask.strides, 0)
        vector = ir.VectorType(SHORT, LANES)
        size = builder.extract_value(data.shape, 0)
        bounds = [_everywhere(builder, value, vector) for value in (least, most)]
        kept = cgutils.alloca_once(builder, vector)
        byte = ir.IntType(8).as_pointer()
        with cgutils.for_range_slice(builder, size.type(0), size, size.type(LANES), inc=True) as (column, _):
            place = builder.gep(data.data, [column])
            builder.store(_load(builder, place, vector), kept)
            first = builder.bitcast(builder.gep(mask.data, [column]), byte)
            with cgutils.for_range(builder, number) as loop:
                e = builder.load(_place(context, builder, index, order, loop.index))
                step = _everywhere(builder, builder.load(_place(context, builder, steps, values, loop.index)), vector)
                spiked = _load(builder, builder.gep(first, [builder.mul(e, width)]), vector)
                sums = builder.add(builder.load(kept), builder.and_(spiked, step))
                sums = builder.select(builder.icmp_signed(">", sums, bounds[0]), sums, bounds[0])
                sums = builder.select(builder.icmp_signed("<", sums, bounds[1]), sums, bounds[1])
                builder.store(sums, kept)
            _store(builder, builder.load(kept), place)
        return context.get_dummy_value()

    return types.void(row, masks, index, steps, types.intp, types.int16, types.int16), generate


@intrinsic
def add_saturated(typingctx, one, other):
    """Their sum within 16 bits; all int16."""

    def generate(context, builder, signature, arguments):
        add = builder.module.declare_intrinsic("llvm.sadd.sat", (SHORT,), ir.FunctionType(SHORT, [SHORT, SHORT]))
        return builder.call(add, arguments)

    return types.int16(types.int16, types.int16), generate


@intrinsic
def unowned(typingctx, value):
    """The same arrays, of tuples of tuples too, but nobody counts who refers to them; the caller of a kernel does.

    Counting is atomic, and a view into an array is counted as often as it is made.
    """

    def without(context, builder, kind, data):
        if isinstance(kind, types.BaseTuple):
            for k, inner in enumerate(kind):
                part = without(context, builder, inner, builder.extract_value(data, k))
                data = builder.insert_value(data, part, k)
        elif isinstance(kind, types.Array):
            array = context.make_array(kind)(context, builder, data)
            array.meminfo = cgutils.get_null_value(array.meminfo.type)
            data = array._getvalue()
        return data

    def generate(context, builder, signature, arguments):
        return without(context, builder, value, arguments[0])

    return value(value), generate


def _everywhere(builder, value, vector):
    """A vector of the same value."""
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.IntType(32)(0))
    order = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), order)
