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

from neurokit.hardware.simulator.vectors import BYTE, FEATURES, INT, LONG

NEURONS = 16  # of one vector
TOWARDS_ZERO = 11  # and without exceptions: AVX-512's rounding in the instruction
HAS_ROUNDING = "+avx512f" in FEATURES

FLAG, SHORT, FLOAT = ir.IntType(1), ir.IntType(16), ir.FloatType()
INTS, FLOATS, FLAGS = (ir.VectorType(kind, NEURONS) for kind in (INT, FLOAT, FLAG))
DOUBLES, BYTES = ir.VectorType(ir.DoubleType(), NEURONS), ir.VectorType(BYTE, NEURONS)
NAMES = {INTS: "v16i32", FLOATS: "v16f32", BYTES: "v16i8"}


class _Step:
    """Writes the instructions for NEURONS neurons from `place` on, those of `some` (None: all).

    pointers: acc, u, v, spikes, keep_u, keep_v, bias, threshold, reset_value. strides: of the last five, 0 or 1.
    counters: stack places of the wraps of u (an integer) and the clips of v (a vector).
    """

    def __init__(self, builder, pointers, strides, soft, counters, wide, rounding):
        self.builder = builder
        self.pointers = pointers
        self.strides = strides
        self.soft = soft
        self.counters = counters
        self.wide = wide
        self.rounding = rounding

    def write(self, place, some):
        builder = self.builder
        acc, u, v, spikes = self.pointers[:4]
        keep_u, keep_v, bias, threshold, reset_value = (
            self._load(pointer, builder.mul(place, stride), kind, some)
            for pointer, stride, kind in zip(
                self.pointers[4:], self.strides, (FLOATS, FLOATS, INTS, INTS, INTS), strict=True
            )
        )
        arriving = self._load(acc, place, INTS, some)
        decayed = self._decay(self._load(u, place, INTS, some), keep_u, self.rounding and not self.wide)
        current = self._wrapped(decayed, arriving)
        potential = builder.add(self._decay(self._load(v, place, INTS, some), keep_v, self.rounding), current)
        potential = self._clipped(builder.add(potential, bias))
        fires = builder.icmp_signed(">", potential, threshold)
        after = builder.select(self.soft, builder.sub(potential, reset_value), reset_value)
        self._store(current, u, place, some)
        self._store(builder.select(fires, after, potential), v, place, some)
        self._store(builder.zext(fires, BYTES), spikes, place, some)

    def _decay(self, values, keep, rounding):
        builder = self.builder
        if not rounding:
            product = builder.fmul(builder.sitofp(values, DOUBLES), builder.fpext(keep, DOUBLES))
            return builder.fptosi(product, INTS)
        multiply = self._function("llvm.x86.avx512.mul.ps.512", FLOATS, (FLOATS, FLOATS, INT))
        return builder.fptosi(builder.call(multiply, (builder.sitofp(values, FLOATS), keep, INT(TOWARDS_ZERO))), INTS)

    def _wrapped(self, decayed, arriving):
        """decayed + (arriving << 6) in 24 bits, which it leaves so seldom that a branch is cheaper."""
        builder = self.builder
        shifted = builder.shl(arriving, _all(6))
        current = builder.add(decayed, shifted)
        leaves = builder.icmp_unsigned(">", builder.add(current, _all(8388607)), _all(16777215))
        if self.wide:
            leaves = builder.or_(leaves, builder.icmp_signed("!=", builder.ashr(shifted, _all(6)), arriving))
        result = cgutils.alloca_once(builder, INTS)
        builder.store(current, result)
        bits = builder.bitcast(leaves, SHORT)
        with builder.if_then(builder.icmp_unsigned("!=", bits, SHORT(0)), likely=False):
            found = builder.zext(builder.ctpop(bits), LONG)
            builder.store(builder.add(builder.load(self.counters[0]), found), self.counters[0])
            high = builder.icmp_signed(">", current, _all(8388608))
            low = builder.icmp_signed("<=", current, _all(-8388608))
            mended = builder.select(high, builder.sub(current, _all(16777216)), current)
            builder.store(builder.select(low, builder.add(current, _all(16777216)), mended), result)
        return builder.load(result)

    def _clipped(self, potential):
        builder = self.builder
        lower = builder.select(builder.icmp_signed(">", potential, _all(-8388607)), potential, _all(-8388607))
        clipped = builder.select(builder.icmp_signed("<", lower, _all(8388607)), lower, _all(8388607))
        change = builder.sext(builder.icmp_signed("!=", potential, clipped), INTS)
        builder.store(builder.sub(builder.load(self.counters[1]), change), self.counters[1])
        return clipped

    def _load(self, pointer, place, kind, some):
        at = self.builder.bitcast(self.builder.gep(pointer, [place]), kind.as_pointer())
        if some is None:
            return self.builder.load(at, align=1)
        load = self._function(f"llvm.masked.load.{NAMES[kind]}.p0", kind, (at.type, INT, FLAGS, kind))
        return self.builder.call(load, (at, INT(1), some, ir.Constant(kind, None)))

    def _store(self, values, pointer, place, some):
        at = self.builder.bitcast(self.builder.gep(pointer, [place]), values.type.as_pointer())
        if some is None:
            self.builder.store(values, at, align=1)
            return
        name = f"llvm.masked.store.{NAMES[values.type]}.p0"
        store = self._function(name, ir.VoidType(), (values.type, at.type, INT, FLAGS))
        self.builder.call(store, (values, at, INT(1), some))

    def _function(self, name, result, arguments):
        return cgutils.get_or_insert_function(self.builder.module, ir.FunctionType(result, arguments), name)


def make_lif_span(wide, rounding):
    """The kernel for currents of any size (`wide`) or at most 2**17 in `acc`; rounding: by HAS_ROUNDING's way."""

    def lif_span(typingctx, acc, u, v, spikes, wraps, keep_u, keep_v, bias, threshold, reset_value, strides, soft):
        arrays = (acc, u, v, spikes, keep_u, keep_v, bias, threshold, reset_value)

        def generate(context, builder, signature, arguments):
            rows = [*arguments[:4], *arguments[5:10]]
            held = [context.make_array(kind)(context, builder, row) for kind, row in zip(arrays, rows, strict=True)]
            steps = context.make_array(strides)(context, builder, arguments[10]).data
            totals = context.make_array(wraps)(context, builder, arguments[4]).data
            distances = [builder.load(builder.gep(steps, [LONG(k)])) for k in range(5)]
            counters = (
                cgutils.alloca_once_value(builder, LONG(0)),
                cgutils.alloca_once_value(builder, ir.Constant(INTS, None)),
            )
            step = _Step(builder, [h.data for h in held], distances, arguments[11], counters, wide, rounding)
            count = builder.extract_value(held[0].shape, 0)
            whole = builder.and_(count, LONG(-NEURONS))
            with cgutils.for_range_slice(builder, LONG(0), whole, LONG(NEURONS), inc=True) as (place, _):
                step.write(place, None)
            with builder.if_then(builder.icmp_signed("<", whole, count)):
                step.write(whole, _first(builder, builder.trunc(builder.sub(count, whole), INT)))
            clips = builder.load(counters[1])
            found = [builder.load(counters[0]), builder.zext(_sum(builder, clips), LONG)]
            for k, number in enumerate(found):
                total = builder.gep(totals, [LONG(k)])
                builder.store(builder.add(builder.load(total), number), total)
            return context.get_dummy_value()

        return types.void(*arrays[:4], wraps, *arrays[4:], strides, soft), generate

    lif_span.__doc__ = """One step of the neurons acc holds the input of; see `kernels.lif_block`. All arrays (n,),
    contiguous; keep_u, keep_v float32; a constant whose stride is 0 is NEURONS times the same."""
    return intrinsic(lif_span)


def _all(value):
    return ir.Constant(INTS, [value] * NEURONS)


def _first(builder, count):
    """Flags, of which the first `count` are set."""
    undefined = ir.Constant(INTS, ir.Undefined)
    spread = builder.shuffle_vector(builder.insert_element(undefined, count, INT(0)), undefined, _all(0))
    return builder.icmp_signed("<", ir.Constant(INTS, list(range(NEURONS))), spread)


def _sum(builder, values):
    reduction = ir.FunctionType(INT, [INTS])
    add = cgutils.get_or_insert_function(builder.module, reduction, "llvm.vector.reduce.add.v16i32")
    return builder.call(add, (values,))


lif_span, lif_span_wide = make_lif_span(False, HAS_ROUNDING), make_lif_span(True, HAS_ROUNDING)
