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

from neurokit.hardware.simulator.vectors import BYTE, FEATURES, INT, LONG, load_some, store_some, whole_and_rest

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
    counters: stack places of how often u wrapped, v was clipped, and neurons fired.
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
        shifted = builder.shl(arriving, _all(6))
        current = builder.add(decayed, shifted)
        potential = builder.add(self._decay(self._load(v, place, INTS, some), keep_v, self.rounding), current)
        wraps = builder.icmp_unsigned(">", builder.add(current, _all(8388607)), _all(16777215))
        if self.wide:
            wraps = builder.or_(wraps, builder.icmp_signed("!=", builder.ashr(shifted, _all(6)), arriving))
        current, potential = self._mended(current, builder.add(potential, bias), wraps)
        fires = builder.icmp_signed(">", potential, threshold)
        self._count(2, fires)
        after = builder.select(self.soft, builder.sub(potential, reset_value), reset_value)
        self._store(current, u, place, some)
        self._store(builder.select(fires, after, potential), v, place, some)
        self._store(builder.zext(fires, BYTES), spikes, place, some)

    def _mended(self, current, potential, wraps):
        """Both within 24 bits, which they leave so seldom that a branch is cheaper than to mend what is sound."""
        builder = self.builder
        places = [cgutils.alloca_once(builder, INTS) for _ in range(2)]
        for place, values in zip(places, (current, potential), strict=True):
            builder.store(values, place)
        beyond = builder.icmp_unsigned(">", builder.add(potential, _all(8388607)), _all(16777214))
        either = builder.bitcast(builder.or_(wraps, beyond), SHORT)
        with builder.if_then(builder.icmp_unsigned("!=", either, SHORT(0)), likely=False):
            high = builder.icmp_signed(">", current, _all(8388608))
            low = builder.icmp_signed("<=", current, _all(-8388608))
            mended = builder.select(high, builder.sub(current, _all(16777216)), current)
            mended = builder.select(low, builder.add(current, _all(16777216)), mended)
            builder.store(mended, places[0])
            found = builder.add(potential, builder.sub(mended, current))
            lower = builder.select(builder.icmp_signed(">", found, _all(-8388607)), found, _all(-8388607))
            clipped = builder.select(builder.icmp_signed("<", lower, _all(8388607)), lower, _all(8388607))
            builder.store(clipped, places[1])
            self._count(0, wraps)
            self._count(1, builder.icmp_signed("!=", found, clipped))
        return [builder.load(place) for place in places]

    def _count(self, which, flags):
        builder, counter = self.builder, self.counters[which]
        found = builder.zext(builder.ctpop(builder.bitcast(flags, SHORT)), LONG)
        builder.store(builder.add(builder.load(counter), found), counter)

    def _decay(self, values, keep, rounding):
        builder = self.builder
        if not rounding:
            product = builder.fmul(builder.sitofp(values, DOUBLES), builder.fpext(keep, DOUBLES))
            return builder.fptosi(product, INTS)
        function = ir.FunctionType(FLOATS, (FLOATS, FLOATS, INT))
        multiply = cgutils.get_or_insert_function(builder.module, function, "llvm.x86.avx512.mul.ps.512")
        return builder.fptosi(builder.call(multiply, (builder.sitofp(values, FLOATS), keep, INT(TOWARDS_ZERO))), INTS)

    def _load(self, pointer, place, kind, some):
        at = self.builder.bitcast(self.builder.gep(pointer, [place]), kind.as_pointer())
        return load_some(self.builder, at, kind, NAMES[kind], some)

    def _store(self, values, pointer, place, some):
        at = self.builder.bitcast(self.builder.gep(pointer, [place]), values.type.as_pointer())
        store_some(self.builder, values, at, NAMES[values.type], some)


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
            counters = [cgutils.alloca_once_value(builder, LONG(0)) for _ in range(3)]
            step = _Step(builder, [h.data for h in held], distances, arguments[11], counters, wide, rounding)
            count = builder.extract_value(held[0].shape, 0)
            whole_and_rest(builder, count, step.write)
            for k in range(2):
                total = builder.gep(totals, [LONG(k)])
                builder.store(builder.add(builder.load(total), builder.load(counters[k])), total)
            return builder.load(counters[2])

        return types.int64(*arrays[:4], wraps, *arrays[4:], strides, soft), generate

    lif_span.__doc__ = """One step of the neurons acc holds the input of; how many fire. See `kernels.lif_block`.

    All arrays (n,), contiguous; keep_u, keep_v float32; a constant whose stride is 0 is NEURONS times the same.
    """
    return intrinsic(lif_span)


def _all(value):
    return ir.Constant(INTS, [value] * NEURONS)


lif_span, lif_span_wide = make_lif_span(False, HAS_ROUNDING), make_lif_span(True, HAS_ROUNDING)
