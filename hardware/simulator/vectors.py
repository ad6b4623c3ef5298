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
dot_tile_double, dot_tile_double_swapped = _dot_tile(2, False), _dot_tile(2, True)


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


@intrinsic
def copy_words(typingctx, source, first, target, start, count):
    """target[start : start + count] = source[first : first + count], int32; writes, and reads, up to 15 more."""

    def generate(context, builder, signature, arguments):
        data, origin, out, begin, number = arguments
        vector = ir.VectorType(INT, 16)
        with cgutils.for_range_slice(builder, LONG(0), number, LONG(16), inc=True) as (i, _):
            values = _load(builder, _place(context, builder, source, data, builder.add(origin, i)), vector)
            _store(builder, values, _place(context, builder, target, out, builder.add(begin, i)))
        return context.get_dummy_value()

    return types.void(source, types.intp, target, types.intp, types.intp), generate


@intrinsic
def add_bytes(typingctx, rows, first, last, sample, start, stop, sums):
    """sums[j] += rows[t, sample, j] over first <= t < last, at most 255 rows of 0 or 1, for start <= j < stop.

    rows: (steps, samples, n) uint8. sums: (n,) int64. Bytes are added as such, and widened once.
    """

    def generate(context, builder, signature, arguments):
        data, begin, end, which, low, high, totals = arguments
        array = context.make_array(rows)(context, builder, data)
        step, line = (builder.extract_value(array.strides, k) for k in range(2))
        values, counts, bits = (ir.VectorType(kind, LANES) for kind in (BYTE, LONG, ir.IntType(1)))

        def masked(name, result, kinds):
            return cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(result, kinds), f"llvm.masked.{name}.p0"
            )

        loads = [
            masked(f"load.v{LANES}{name}", kind, (kind.as_pointer(), INT, bits, kind))
            for name, kind in (("i8", values), ("i64", counts))
        ]
        store = masked(f"store.v{LANES}i64", ir.VoidType(), (counts, counts.as_pointer(), INT, bits))
        undefined, zero = ir.Constant(ir.VectorType(LONG, LANES), ir.Undefined), ir.Constant(values, None)
        total = cgutils.alloca_once(builder, values)
        with cgutils.for_range_slice(builder, low, high, LONG(LANES), inc=True) as (j, _):
            left = builder.insert_element(undefined, builder.sub(high, j), INT(0))
            left = builder.shuffle_vector(left, undefined, ir.Constant(ir.VectorType(INT, LANES), None))
            some = builder.icmp_signed("<", ir.Constant(counts, list(range(LANES))), left)
            builder.store(zero, total)
            place = builder.add(builder.mul(which, line), j)
            with cgutils.for_range_slice(builder, begin, end, LONG(1), inc=True) as (t, _):
                source = builder.gep(array.data, [builder.add(place, builder.mul(t, step))])
                row = builder.call(loads[0], (builder.bitcast(source, values.as_pointer()), INT(1), some, zero))
                builder.store(builder.add(builder.load(total), row), total)
            target = builder.bitcast(_place(context, builder, sums, totals, j), counts.as_pointer())
            former = builder.call(loads[1], (target, INT(8), some, ir.Constant(counts, None)))
            builder.call(store, (builder.add(former, builder.zext(builder.load(total), counts)), target, INT(8), some))
        return context.get_dummy_value()

    long = types.intp
    return types.void(rows, long, long, long, long, long, sums), generate


@intrinsic
def interleave(typingctx, row, p0, p1, p2, p3, count, out, start):
    """out[start + j]: the bytes row[p0 + j] to row[p3 + j] as one int32, for j < count."""

    def generate(context, builder, signature, arguments):
        data, *places, number, words, begin = arguments
        bytes_, vector = ir.VectorType(BYTE, 16), ir.VectorType(INT, 16)

        def joined(j, some):
            total = None
            for k, place in enumerate(places):
                source = builder.bitcast(
                    _place(context, builder, row, data, builder.add(place, j)), bytes_.as_pointer()
                )
                values = builder.zext(load_some(builder, source, bytes_, "v16i8", some), vector)
                values = builder.shl(values, ir.Constant(vector, [8 * k] * 16)) if k else values
                total = values if total is None else builder.or_(total, values)
            target = builder.bitcast(_place(context, builder, out, words, builder.add(begin, j)), vector.as_pointer())
            store_some(builder, total, target, "v16i32", some)

        whole_and_rest(builder, number, joined)
        return context.get_dummy_value()

    long = types.intp
    return types.void(row, long, long, long, long, long, out, long), generate


@intrinsic
def split_columns(typingctx, row, p0, p1, p2, p3, columns, out, even, evens, odd, odds):
    """`interleave` for even and odd columns apart, where four lines of so many columns begin at p0 to p3.

    out[even + j] has their columns 2 j for j < evens, out[odd + j] their columns 2 j + 1 for j < odds.
    """

    def generate(context, builder, signature, arguments):
        data, *places, width, words, first, number, second, other = arguments
        pairs, bytes_, vector = ir.VectorType(SHORT, 16), ir.VectorType(BYTE, 32), ir.VectorType(INT, 16)
        low, eight = ir.Constant(pairs, [255] * 16), ir.Constant(pairs, [8] * 16)
        sixteen = ir.Constant(vector, [16] * 16)

        def store(values, begin, j, some):
            target = builder.bitcast(_place(context, builder, out, words, builder.add(begin, j)), vector.as_pointer())
            store_some(builder, values, target, "v16i32", some)

        def write(j, rest):
            column = builder.mul(j, LONG(2))
            some = first_flags(builder, builder.trunc(builder.sub(width, column), INT), 32) if rest else None
            values = []
            for place in places:
                source = _place(context, builder, row, data, builder.add(place, column))
                source = builder.bitcast(source, bytes_.as_pointer())
                values.append(builder.bitcast(load_some(builder, source, bytes_, "v32i8", some), pairs))
            a, b, c, d = values
            even_pairs = [builder.or_(builder.and_(x, low), builder.shl(y, eight)) for x, y in ((a, b), (c, d))]
            odd_pairs = [
                builder.or_(builder.lshr(x, eight), builder.and_(y, builder.not_(low))) for x, y in ((a, b), (c, d))
            ]
            for halves, begin, count in ((even_pairs, first, number), (odd_pairs, second, other)):
                wide = [builder.zext(half, vector) for half in halves]
                left = first_flags(builder, builder.trunc(builder.sub(count, j), INT)) if rest else None
                store(builder.or_(wide[0], builder.shl(wide[1], sixteen)), begin, j, left)

        fewer = builder.select(builder.icmp_signed("<", number, other), number, other)
        more = builder.select(builder.icmp_signed("<", number, other), other, number)
        whole = builder.and_(fewer, LONG(-16))
        with cgutils.for_range_slice(builder, LONG(0), whole, LONG(16), inc=True) as (j, _):
            write(j, False)
        with cgutils.for_range_slice(builder, whole, more, LONG(16), inc=True) as (j, _):
            write(j, True)
        return context.get_dummy_value()

    long = types.intp
    return types.void(row, *[long] * 5, out, *[long] * 4), generate


def whole_and_rest(builder, count, write):
    """write(j, None) for each whole vector of 16 of count, write(j, flags) for what is left."""
    whole = builder.and_(count, LONG(-16))
    with cgutils.for_range_slice(builder, LONG(0), whole, LONG(16), inc=True) as (j, _):
        write(j, None)
    with builder.if_then(builder.icmp_signed("<", whole, count)):
        write(whole, first_flags(builder, builder.trunc(builder.sub(count, whole), INT)))


def first_flags(builder, count, lanes=16):
    """`lanes` flags, of which the first `count` are set."""
    vector = ir.VectorType(INT, lanes)
    undefined = ir.Constant(vector, ir.Undefined)
    spread = builder.shuffle_vector(
        builder.insert_element(undefined, count, INT(0)), undefined, ir.Constant(vector, None)
    )
    return builder.icmp_signed("<", ir.Constant(vector, list(range(lanes))), spread)


def load_some(builder, pointer, kind, name, some):
    """Those of a vector of 16 whose flags are set, all where there are no flags."""
    if some is None:
        return builder.load(pointer, align=1)
    function = ir.FunctionType(kind, (pointer.type, INT, some.type, kind))
    load = cgutils.get_or_insert_function(builder.module, function, f"llvm.masked.load.{name}.p0")
    return builder.call(load, (pointer, INT(1), some, ir.Constant(kind, None)))


def store_some(builder, values, pointer, name, some):
    if some is None:
        builder.store(values, pointer, align=1)
        return
    function = ir.FunctionType(ir.VoidType(), (values.type, pointer.type, INT, some.type))
    store = cgutils.get_or_insert_function(builder.module, function, f"llvm.masked.store.{name}.p0")
    builder.call(store, (values, pointer, INT(1), some))


def _place(context, builder, kind, array, index):
    """Pointer to the element `index` of a contiguous array of one dimension."""
    return builder.gep(context.make_array(kind)(context, builder, array).data, [index])


def _load(builder, pointer, vector):
    return builder.load(builder.bitcast(pointer, vector.as_pointer()), align=1)


def _store(builder, values, pointer):
    builder.store(values, builder.bitcast(pointer, values.type.as_pointer()), align=1)
