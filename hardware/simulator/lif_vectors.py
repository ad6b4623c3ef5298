"""LoihiLIF, sixteen neurons at a time, in LLVM's vector instructions; see `vectors` for why by hand.

A decay is sign(x) (|x| k >> 12), that is x k / 4096 without its fraction. AVX-512 has a float32 multiplication that
rounds towards zero: it keeps the upper 24 bits of the product, which hold its whole part as long as |x| <= 2**24, and
dropping the fraction afterwards gives the same as doing it once. Three instructions for 16 neurons, where float64,
which holds the product whole, takes seven. Other processors, and currents that may be larger, take float64.
No type annotations, as in `kernels`.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from neurokit.hardware.simulator.vectors import BYTE, FEATURES, INT, LONG, first_flags, load_some, store_some

NEURONS = 16  # of one vector
TOGETHER = 4  # vectors whose spikes are stored, and counted, at once, where there are registers for their constants
TOWARDS_ZERO = 11  # and without exceptions: AVX-512's rounding in the instruction
HAS_ROUNDING = "+avx512f" in FEATURES

INPUT_SHIFT = 6  # of synaptic input to the units of u
REACH = 1 << 17  # synaptic input up to here leaves u within 24 bits, wrapped once
# Kinds of neurons by what the kernel may leave out: nothing; what input beyond REACH asks for; also soft resets and
# constants of each neuron's own, but for the bias; also u's decay, where it keeps nothing, and its wrap.
WIDE, NARROW, PLAIN, MEMORYLESS = range(4)
LAST = 4  # MEMORYLESS where u is to be written: it is the input alone
BIAS = 2  # its place among keep_u, keep_v, bias, threshold, reset_value

FLAG, SHORT, FLOAT = ir.IntType(1), ir.IntType(16), ir.FloatType()
INTS, FLOATS, FLAGS = (ir.VectorType(kind, NEURONS) for kind in (INT, FLOAT, FLAG))
DOUBLES, BYTES = ir.VectorType(ir.DoubleType(), NEURONS), ir.VectorType(BYTE, NEURONS)
NAMES = {INTS: "v16i32", FLOATS: "v16f32", BYTES: "v16i8"}


class _Step:
    """Writes the instructions for one or more vectors of neurons from `place` on, those of `some` (None: all).

    pointers: acc, u, v, spikes, keep_u, keep_v, bias, threshold, reset_value. strides: of the last five, 0 or 1.
    shift: by which input is brought to the units of u. counters: stack places of how often u wrapped, v was clipped,
    and neurons fired.
    """

    def __init__(self, builder, pointers, strides, soft, shift, counters, way, rounding):
        self.builder = builder
        self.pointers = pointers
        self.strides = strides
        self.soft = soft
        self.shift = self._spread(shift)
        self.counters = counters
        self.way = way
        self.rounding = rounding
        self.plain = way in (PLAIN, MEMORYLESS, LAST)
        self.memoryless = way in (MEMORYLESS, LAST)
        self.shared = {k: self._constant(k, LONG(0), None) for k in range(5) if self.plain and k != BIAS}

    def write(self, place, vectors, some):
        """`vectors` vectors, whose flags are looked at together; `some` only where there is one."""
        builder = self.builder
        places = [builder.add(place, LONG(NEURONS * k)) for k in range(vectors)]
        constants = [[self.shared.get(k) or self._constant(k, at, some) for k in range(5)] for at in places]
        found = [self._found(at, *held[:3], some) for at, held in zip(places, constants, strict=True)]
        found = self._mended(found)
        fires = []
        for at, (current, potential), (*_, threshold, reset_value) in zip(places, found, constants, strict=True):
            fires.append(builder.icmp_signed(">", potential, threshold))
            after = reset_value
            if not self.plain:
                after = builder.select(self.soft, builder.sub(potential, reset_value), reset_value)
            if self.way != MEMORYLESS:
                self._store(current, self.pointers[1], at, some)
            self._store(builder.select(fires[-1], after, potential), self.pointers[2], at, some)
        together = self._joined(fires)
        self._count(2, together)
        bytes_ = builder.zext(together, ir.VectorType(BYTE, NEURONS * vectors))
        self._store(bytes_, self.pointers[3], place, some)

    def _constant(self, which, place, some):
        """Of keep_u, keep_v, bias, threshold and reset_value that of the neurons at `place`."""
        kind = FLOATS if which < BIAS else INTS
        return self._load(self.pointers[4 + which], self.builder.mul(place, self.strides[which]), kind, some)

    def _found(self, place, keep_u, keep_v, bias, some):
        """u, and v before it fires, as they come out; whether u leaves 24 bits (None: never)."""
        builder = self.builder
        arriving = self._load(self.pointers[0], place, INTS, some)
        potential = self._decay(self._load(self.pointers[2], place, INTS, some), keep_v, self.rounding)
        shifted = current = builder.shl(arriving, self.shift)
        wraps = None
        if not self.memoryless:
            before = self._load(self.pointers[1], place, INTS, some)
            current = builder.add(self._decay(before, keep_u, self.rounding and self.way != WIDE), shifted)
            wraps = builder.icmp_unsigned(">", builder.add(current, _all(8388607)), _all(16777215))
        if self.way == WIDE:
            lost = builder.icmp_signed("!=", builder.ashr(shifted, self.shift), arriving)
            wraps = builder.or_(wraps, lost)
        return current, builder.add(builder.add(potential, current), bias), wraps

    def _mended(self, found):
        """All within 24 bits, which they leave so seldom that a branch is cheaper than to mend what is sound."""
        builder = self.builder
        places = [[cgutils.alloca_once(builder, INTS) for _ in range(2)] for _ in found]
        wrong = []
        for held, (current, potential, wraps) in zip(places, found, strict=True):
            builder.store(current, held[0])
            builder.store(potential, held[1])
            beyond = builder.icmp_unsigned(">", builder.add(potential, _all(8388607)), _all(16777214))
            wrong.append(beyond if wraps is None else builder.or_(wraps, beyond))
        either = wrong[0]
        for flags in wrong[1:]:
            either = builder.or_(either, flags)
        with builder.if_then(builder.icmp_unsigned("!=", builder.bitcast(either, SHORT), SHORT(0)), likely=False):
            for held, (current, potential, wraps) in zip(places, found, strict=True):
                mended = current if wraps is None else self._wrapped(current, wraps)
                builder.store(mended, held[0])
                arrived = potential if wraps is None else builder.add(potential, builder.sub(mended, current))
                lower = builder.select(builder.icmp_signed(">", arrived, _all(-8388607)), arrived, _all(-8388607))
                clipped = builder.select(builder.icmp_signed("<", lower, _all(8388607)), lower, _all(8388607))
                builder.store(clipped, held[1])
                self._count(1, builder.icmp_signed("!=", arrived, clipped))
        return [[builder.load(place) for place in held] for held in places]

    def _wrapped(self, current, wraps):
        """u, brought back to 24 bits once."""
        builder = self.builder
        high = builder.icmp_signed(">", current, _all(8388608))
        low = builder.icmp_signed("<=", current, _all(-8388608))
        self._count(0, wraps)
        mended = builder.select(high, builder.sub(current, _all(16777216)), current)
        return builder.select(low, builder.add(current, _all(16777216)), mended)

    def _joined(self, flags):
        """Flags of several vectors one behind the other."""
        while len(flags) > 1:
            order = ir.Constant(ir.VectorType(INT, 2 * flags[0].type.count), list(range(2 * flags[0].type.count)))
            flags = [self.builder.shuffle_vector(*flags[k : k + 2], order) for k in range(0, len(flags), 2)]
        return flags[0]

    def _count(self, which, flags):
        builder, counter = self.builder, self.counters[which]
        bits = builder.bitcast(flags, ir.IntType(flags.type.count))
        found = builder.ctpop(bits) if bits.type == LONG else builder.zext(builder.ctpop(bits), LONG)
        builder.store(builder.add(builder.load(counter), found), counter)

    def _decay(self, values, keep, rounding):
        builder = self.builder
        if not rounding:
            product = builder.fmul(builder.sitofp(values, DOUBLES), builder.fpext(keep, DOUBLES))
            return builder.fptosi(product, INTS)
        function = ir.FunctionType(FLOATS, (FLOATS, FLOATS, INT))
        multiply = cgutils.get_or_insert_function(builder.module, function, "llvm.x86.avx512.mul.ps.512")
        return builder.fptosi(builder.call(multiply, (builder.sitofp(values, FLOATS), keep, INT(TOWARDS_ZERO))), INTS)

    def _spread(self, value):
        undefined = ir.Constant(INTS, ir.Undefined)
        return self.builder.shuffle_vector(self.builder.insert_element(undefined, value, INT(0)), undefined, _all(0))

    def _load(self, pointer, place, kind, some):
        at = self.builder.bitcast(self.builder.gep(pointer, [place]), kind.as_pointer())
        return load_some(self.builder, at, kind, NAMES[kind], some)

    def _store(self, values, pointer, place, some):
        at = self.builder.bitcast(self.builder.gep(pointer, [place]), values.type.as_pointer())
        store_some(self.builder, values, at, NAMES.get(values.type), some)


def make_lif_rows(rounding):
    """The kernel for all ways; rounding: by HAS_ROUNDING's way."""

    def lif_rows(
        typingctx,
        acc,
        pitch,
        rows,
        size,
        u,
        v,
        spikes,
        start,
        distance,
        wraps,
        keep_u,
        keep_v,
        bias,
        threshold,
        reset_value,
        strides,
        soft,
        shift,
        way,
        last,
    ):
        held = (acc, u, v, spikes, keep_u, keep_v, bias, threshold, reset_value)

        def generate(context, builder, signature, arguments):
            given = _Given(context, builder, held, (wraps, strides), arguments)
            for kind in (WIDE, NARROW, PLAIN, MEMORYLESS, LAST):
                with builder.if_then(builder.icmp_signed("==", given.way, LONG(kind))):
                    given.write_rows(kind, rounding)
            return given.fired()

        long, constants = types.intp, (keep_u, keep_v, bias, threshold, reset_value, strides, soft)
        places = (acc, long, long, long, u, v, spikes, long, long, wraps)
        return types.int64(*places, *constants, long, long, types.boolean), generate

    lif_rows.__doc__ = """A step of some rows of `size` neurons; how many fire. See `kernels.lif_block`.

    All arrays (n,), contiguous; keep_u, keep_v float32; a constant whose stride is 0 is NEURONS times the same.
    The first row's input is at the beginning of acc, each other's `pitch` after that of the one before; states and
    spikes are at `start`, and `distance` after those before.
    shift: INPUT_SHIFT, and as many bits more as acc is to be shifted by before. way: see WIDE.
    last: whether u is read before the next step: else MEMORYLESS leaves it as it is.
    """
    return intrinsic(lif_rows)


class _Given:
    """The arguments of `lif_rows` in the code to be written."""

    def __init__(self, context, builder, held, others, arguments):
        acc, self.pitch, self.rows, self.size, *states, self.start, self.distance, wraps = arguments[:10]
        *constants, strides, self.soft, shift, way, last = arguments[10:]
        self.builder = builder
        self.pointers = [
            context.make_array(kind)(context, builder, row).data
            for kind, row in zip(held, [acc, *states, *constants], strict=True)
        ]
        marks, steps = (
            context.make_array(kind)(context, builder, row).data
            for kind, row in zip(others, (wraps, strides), strict=True)
        )
        self.strides = [builder.load(builder.gep(steps, [LONG(k)])) for k in range(5)]
        self.totals = [builder.gep(marks, [LONG(k)]) for k in range(2)]
        self.counters = [cgutils.alloca_once_value(builder, LONG(0)) for _ in range(3)]
        for counter in self.counters:  # the place may be one of a loop
            builder.store(LONG(0), counter)
        self.shift = builder.trunc(shift, INT)
        memoryless = builder.icmp_signed("==", way, LONG(MEMORYLESS))
        self.way = builder.select(builder.and_(memoryless, last), LONG(LAST), way)

    def write_rows(self, way, rounding):
        """Instructions for all rows."""
        builder = self.builder
        with cgutils.for_range(builder, self.rows) as loop:
            begin = builder.mul(loop.index, self.pitch)
            place = builder.add(self.start, builder.mul(loop.index, self.distance))
            offsets = [begin, place, place, place, *(builder.mul(place, stride) for stride in self.strides)]
            pointers = [builder.gep(data, [offset]) for data, offset in zip(self.pointers, offsets, strict=True)]
            step = _Step(builder, pointers, self.strides, self.soft, self.shift, self.counters, way, rounding)
            _all_vectors(builder, self.size, TOGETHER if step.plain else 1, step.write)

    def fired(self):
        """How many; what wrapped and was clipped is added to its counts."""
        builder = self.builder
        for total, counter in zip(self.totals, self.counters, strict=False):
            builder.store(builder.add(builder.load(total), builder.load(counter)), total)
        return builder.load(self.counters[2])


def _all_vectors(builder, count, together, write):
    """write(place, vectors, some) for so many vectors together, then for one at a time, then for what is left."""
    begin = LONG(0)
    for vectors in sorted({together, 1}, reverse=True):
        whole = builder.and_(count, LONG(-NEURONS * vectors))
        with cgutils.for_range_slice(builder, begin, whole, LONG(NEURONS * vectors), inc=True) as (place, _):
            write(place, vectors, None)
        begin = whole
    with builder.if_then(builder.icmp_signed("<", begin, count)):
        write(begin, 1, first_flags(builder, builder.trunc(builder.sub(count, begin), INT)))


def _all(value):
    return ir.Constant(INTS, [value] * NEURONS)


lif_rows = make_lif_rows(HAS_ROUNDING)
