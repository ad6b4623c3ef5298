"""What the kernels ask of the processor by name, because no loop in Python makes the compiler find it.

Each is an LLVM instruction or a few, on vectors of any processor (LLVM splits what is too wide): bits of the non-zero
entries of a row, sums of many rows kept in registers. No type annotations, as in `kernels`.
Places are not checked: callers pad their arrays.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils, config, errors
from numba.core.codegen import get_host_cpu_features
from numba.extending import intrinsic

BYTE, SHORT, INT, LONG = (ir.IntType(bits) for bits in (8, 16, 32, 64))
LANES = 64  # targets of one vector of weights
STRIP = 4 * LANES  # targets whose sums fit the registers of AVX-512
CHANNELS = 8  # output channels of a tile of dot products


@intrinsic
def wide_registers(typingctx):
    """Let the compiler use 64-byte registers in this function; by itself it keeps to 32 bytes on most processors."""

    def generate(context, builder, signature, arguments):
        # llvmlite lists the attributes it knows, and does not list those of one kind of processor
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def nonzero_bits(typingctx, row, start):
    """Bit k: whether row[start + k] is not zero, k < 64; the row must be contiguous."""
    if row.layout != "C":
        raise errors.TypingError("rows of events are contiguous")

    def generate(context, builder, signature, arguments):
        vector = ir.VectorType(context.get_data_type(row.dtype), 64)
        values = _load(builder, _place(context, builder, row, *arguments), vector)
        zero = ir.Constant(vector, None)
        real = isinstance(row.dtype, types.Float)
        found = builder.fcmp_unordered("!=", values, zero) if real else builder.icmp_signed("!=", values, zero)
        return builder.bitcast(found, LONG)

    return types.uint64(row, types.intp), generate


@intrinsic
def lowest_bit(typingctx, bits):
    """Place of the lowest bit that is set, 64 if none is."""

    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


@intrinsic
def count_bits(typingctx, bits):
    """How many bits are set."""

    def generate(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


def _sum_bytes(blocks):
    """Make the kernel that sums `blocks` * 64 columns; see `sum_bytes`."""

    def sum_bytes(typingctx, weight, index, first, last, column, out):
        def generate(context, builder, signature, arguments):
            weights, places, begin, end, offset, target = arguments
            data = context.make_array(weight)(context, builder, weights)
            width = builder.extract_value(data.strides, 0)
            vector = ir.VectorType(SHORT, LANES // 2)
            zero, eight = ir.Constant(vector, None), ir.Constant(vector, [8] * (LANES // 2))
            both = [cgutils.alloca_once_value(builder, zero) for _ in range(blocks)]
            high = [cgutils.alloca_once_value(builder, zero) for _ in range(blocks)]
            for sums in (*both, *high):
                builder.store(zero, sums)
            with cgutils.for_range_slice(builder, begin, end, LONG(1), inc=True) as (k, _):
                source = builder.sext(builder.load(_place(context, builder, index, places, k)), LONG)
                row = builder.gep(data.data, [builder.add(builder.mul(source, width), offset)])
                for n in range(blocks):
                    pairs = _load(builder, builder.gep(row, [LONG(n * LANES)]), vector)
                    builder.store(builder.add(builder.load(both[n]), pairs), both[n])
                    builder.store(builder.add(builder.load(high[n]), builder.lshr(pairs, eight)), high[n])
            order = ir.Constant(ir.VectorType(INT, LANES), [j // 2 + LANES // 2 * (j % 2) for j in range(LANES)])
            for n in range(blocks):
                odd = builder.load(high[n])
                even = builder.sub(builder.load(both[n]), builder.shl(odd, eight))
                sums = builder.shuffle_vector(even, odd, order)
                _store(builder, sums, _place(context, builder, out, target, LONG(n * LANES)))
            return context.get_dummy_value()

        return types.void(weight, index, types.intp, types.intp, types.intp, out), generate

    sum_bytes.__doc__ = f"""out[j] = sum of weight[index[k], column + j] over first <= k < last, j < {blocks * LANES}.

    weight: (sources, targets) uint8. index: int32. out: uint16; at most 257 rows, whose sum its 16 bits hold.
    Two bytes are added as one number of 16 bits, and the upper one by itself: three instructions for 64 weights, where
    widening them to 16 bits takes four and the slowest port.
    """
    return intrinsic(sum_bytes)


def _sum_products(blocks):
    """Make the kernel that sums `blocks` * 64 columns; see its text."""

    def sum_products(typingctx, weight, index, row, first, last, column, out):
        def generate(context, builder, signature, arguments):
            weights, places, payloads, begin, end, offset, target = arguments
            data = context.make_array(weight)(context, builder, weights)
            width = builder.extract_value(data.strides, 0)
            wide = ir.VectorType(INT, LANES)
            zero, undefined = ir.Constant(wide, None), ir.Constant(wide, ir.Undefined)
            sums = [cgutils.alloca_once_value(builder, zero) for _ in range(blocks)]
            for total in sums:
                builder.store(zero, total)
            with cgutils.for_range_slice(builder, begin, end, LONG(1), inc=True) as (k, _):
                source = builder.sext(builder.load(_place(context, builder, index, places, k)), LONG)
                payload = builder.load(_place(context, builder, row, payloads, source))
                spread = builder.shuffle_vector(builder.insert_element(undefined, payload, INT(0)), undefined, zero)
                place = builder.gep(data.data, [builder.add(builder.mul(source, width), offset)])
                for n, total in enumerate(sums):
                    values = _load(builder, builder.gep(place, [LONG(n * LANES)]), ir.VectorType(BYTE, LANES))
                    product = builder.mul(builder.zext(values, wide), spread)
                    builder.store(builder.add(builder.load(total), product), total)
            for n, total in enumerate(sums):
                _store(builder, builder.load(total), _place(context, builder, out, target, LONG(n * LANES)))
            return context.get_dummy_value()

        return types.void(weight, index, row, types.intp, types.intp, types.intp, out), generate

    sum_products.__doc__ = f"""out[j] = sum of weight[index[k], column + j] * row[index[k]] over first <= k < last.

    j < {blocks * LANES}. weight: (sources, targets) uint8. index, row, out: int32; sums wrap at 32 bits.
    """
    return intrinsic(sum_products)


sum_bytes_strip, sum_products_strip = _sum_bytes(STRIP // LANES), _sum_products(STRIP // LANES)
sum_bytes, sum_products = _sum_bytes(1), _sum_products(1)


def _features():
    """What numba compiles for: NUMBA_CPU_FEATURES where set (NUMBA_CPU_NAME=generic sets it to none), else all."""
    given = vars(config)["CPU_FEATURES"]
    return get_host_cpu_features() if given is None else given


FEATURES = _features()
HAS_DOT = "+avx512vnni" in FEATURES  # what `dot_tile` needs


def _dot_tile(vectors, swapped):
    """Make the kernel for `vectors` * 16 places; swapped: weights are unsigned and data signed, else the other way."""

    def dot_tile(typingctx, data, place, offsets, weights, first, out, start, pitch):
        def generate(context, builder, signature, arguments):
            words, base, steps, factors, begin, target, at, width = arguments
            vector = ir.VectorType(INT, 16)
            name = "llvm.x86.avx512.vpdpbusd.512"
            dot = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), name)
            zero, undefined = ir.Constant(vector, None), ir.Constant(vector, ir.Undefined)
            sums = [[cgutils.alloca_once_value(builder, zero) for _ in range(vectors)] for _ in range(CHANNELS)]
            for total in (total for row in sums for total in row):
                builder.store(zero, total)
            count = builder.extract_value(context.make_array(offsets)(context, builder, steps).shape, 0)
            with cgutils.for_range(builder, count) as loop:
                step = builder.sext(builder.load(_place(context, builder, offsets, steps, loop.index)), LONG)
                source = _place(context, builder, data, words, builder.add(base, step))
                values = [_load(builder, builder.gep(source, [LONG(16 * i)]), vector) for i in range(vectors)]
                weight = builder.add(begin, builder.mul(loop.index, LONG(CHANNELS)))
                for j, row in enumerate(sums):
                    factor = builder.load(_place(context, builder, weights, factors, builder.add(weight, LONG(j))))
                    spread = builder.shuffle_vector(builder.insert_element(undefined, factor, INT(0)), undefined, zero)
                    for i, total in enumerate(row):
                        pair = (spread, values[i]) if swapped else (values[i], spread)
                        builder.store(builder.call(dot, (builder.load(total), *pair)), total)
            for j, row in enumerate(sums):
                line = builder.add(at, builder.mul(width, LONG(j)))
                for i, total in enumerate(row):
                    place = builder.add(line, LONG(16 * i))
                    _store(builder, builder.load(total), _place(context, builder, out, target, place))
            return context.get_dummy_value()

        long = types.intp
        return types.void(data, long, offsets, weights, long, out, long, long), generate

    dot_tile.__doc__ = f"""out[start + j * pitch + i] = sum over k, b of byte b of data[place + i + offsets[k]] times
    byte b of weights[first + k * CHANNELS + j], for j < CHANNELS and i < {16 * vectors}.

    All int32. One instruction multiplies and adds four bytes in each of 16 lanes; the sums stay in registers.
    """
    return intrinsic(dot_tile)


dot_tile, dot_tile_wide = _dot_tile(1, False), _dot_tile(3, False)
dot_tile_swapped, dot_tile_wide_swapped = _dot_tile(1, True), _dot_tile(3, True)


@intrinsic
def add_scaled(typingctx, target, start, source, first, count, factor, base):
    """target[start + i] += source[first + i] * factor + base for i < count; all int32, wrapping."""

    def generate(context, builder, signature, arguments):
        targets, begin, sources, origin, number, scale, constant = arguments
        vector, bits = ir.VectorType(INT, 16), ir.VectorType(ir.IntType(1), 16)
        zero, undefined = ir.Constant(vector, None), ir.Constant(vector, ir.Undefined)

        def spread(value):
            return builder.shuffle_vector(builder.insert_element(undefined, value, INT(0)), undefined, zero)

        scales, constants = spread(scale), spread(constant)
        pointer = vector.as_pointer()
        masked = ir.FunctionType(vector, [pointer, INT, bits, vector])
        load = cgutils.get_or_insert_function(builder.module, masked, "llvm.masked.load.v16i32.p0")
        masked = ir.FunctionType(ir.VoidType(), [vector, pointer, INT, bits])
        store = cgutils.get_or_insert_function(builder.module, masked, "llvm.masked.store.v16i32.p0")
        lanes = ir.Constant(vector, list(range(16)))
        with cgutils.for_range_slice(builder, LONG(0), number, LONG(16), inc=True) as (i, _):
            some = builder.icmp_signed("<", lanes, spread(builder.trunc(builder.sub(number, i), INT)))
            source = builder.bitcast(_place(context, builder, source_type, sources, builder.add(origin, i)), pointer)
            place = builder.bitcast(_place(context, builder, target_type, targets, builder.add(begin, i)), pointer)
            change = builder.mul(builder.call(load, (source, INT(4), some, zero)), scales)
            total = builder.add(builder.call(load, (place, INT(4), some, zero)), builder.add(change, constants))
            builder.call(store, (total, place, INT(4), some))
        return context.get_dummy_value()

    target_type, source_type, long = target, source, types.intp
    return types.void(target, long, source, long, long, types.int32, types.int32), generate


def _place(context, builder, kind, array, index):
    """Pointer to the element `index` of a contiguous array of one dimension."""
    return builder.gep(context.make_array(kind)(context, builder, array).data, [index])


def _load(builder, pointer, vector):
    return builder.load(builder.bitcast(pointer, vector.as_pointer()), align=1)


def _store(builder, values, pointer):
    builder.store(values, builder.bitcast(pointer, values.type.as_pointer()), align=1)
