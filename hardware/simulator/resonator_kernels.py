"""Kernels of resonate-and-fire neurons over a block of time.

acc: (steps, samples, 2 n), the real input before the imaginary. States: (samples, n), updated. sent: (steps, samples,
n) uint8, written. No type annotations, as in `kernels`: numba infers the types.
"""

from __future__ import annotations

import numpy as np

from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.kernels import at
from neurokit.hardware.simulator.lif_kernels import in_24_bits, towards_zero


@njit(nogil=True, cache=True)
def adaptive_resonate_block(
    acc, real, imag, theta, r, sent, sine, cosine, threshold, keep_theta, keep_r, step, up, down, at_top
):
    """See `lower.fixedpoint.resonators`. keep_theta, keep_r: 4096 less the decay; they and sine ... step: int64."""
    steps, samples, size = sent.shape
    for t in range(steps):
        for b in range(samples):
            re_in, im_in, re_row, im_row, out = acc[t, b, :size], acc[t, b, size:], real[b], imag[b], sent[t, b]
            theta_row, r_row = theta[b], r[b]
            for j in range(size):
                x, y, c, s = np.int64(re_row[j]), np.int64(im_row[j]), at(cosine, j), at(sine, j)
                re = towards_zero(c * x, down) - towards_zero(s * y, down) + np.int32(np.int64(re_in[j]) << up)
                im = towards_zero(s * x, down) + towards_zero(c * y, down) + np.int32(np.int64(im_in[j]) << up)
                re, im = in_24_bits(re), in_24_bits(im)
                rest = at(threshold, j)
                limit = rest + towards_zero((np.int64(theta_row[j]) - rest) * at(keep_theta, j), 12)
                wait = towards_zero(np.int64(r_row[j]) * at(keep_r, j), 12)
                height = im if at_top else re
                fires = height >= limit + wait
                if not at_top:
                    fires &= (im >= 0) & (y < 0)
                if fires:
                    wait = in_24_bits(wait + 2 * limit)
                    limit = in_24_bits(limit + at(step, j))
                re_row[j] = np.int32(re)
                im_row[j] = np.int32(im)
                theta_row[j] = np.int32(limit)
                r_row[j] = np.int32(wait)
                out[j] = np.uint8(fires)


@njit(nogil=True, cache=True)
def resonate_block(acc, real, imag, sent, sine, cosine, threshold, up, down, at_top):
    """See `lower.fixedpoint.resonators`. up: state_exponent. down: decay_bits. sine ... threshold: int64."""
    steps, samples, size = sent.shape
    cut = (np.int64(1) << down) - 1
    for t in range(steps):
        for b in range(samples):
            re_in, im_in, re_row, im_row, out = acc[t, b, :size], acc[t, b, size:], real[b], imag[b], sent[t, b]
            for j in range(size):
                x, y, c, s = np.int64(re_row[j]), np.int64(im_row[j]), at(cosine, j), at(sine, j)
                cx, sy, sx, cy = c * x, s * y, s * x, c * y
                # sign(p) (|p| >> down) is a division that rounds towards zero
                re = ((cx + ((cx >> 63) & cut)) >> down) - ((sy + ((sy >> 63) & cut)) >> down)
                im = ((sx + ((sx >> 63) & cut)) >> down) + ((cy + ((cy >> 63) & cut)) >> down)
                re += np.int32(np.int64(re_in[j]) << up)
                im += np.int32(np.int64(im_in[j]) << up)
                re = min(max(re, np.int64(-8388607)), np.int64(8388607))
                im = min(max(im, np.int64(-8388607)), np.int64(8388607))
                limit = at(threshold, j)
                if at_top:
                    fires = im >= limit
                    re = np.int64(0) if fires else re
                    im = limit - 1 if fires else im
                else:
                    fires = (re >= limit) & (im >= 0) & (y < 0)
                re_row[j] = np.int32(re)
                im_row[j] = np.int32(im)
                out[j] = np.uint8(fires)


@njit(nogil=True, cache=True)
def float_resonate_block(acc, real, imag, sent, sine, cosine, threshold, at_top):
    """The same in floats, in the order of Lava's sums."""
    steps, samples, size = sent.shape
    for t in range(steps):
        for b in range(samples):
            re_in, im_in, re_row, im_row, out = acc[t, b, :size], acc[t, b, size:], real[b], imag[b], sent[t, b]
            for j in range(size):
                x, y, c, s = re_row[j], im_row[j], at(cosine, j), at(sine, j)
                re = c * x - s * y + re_in[j]
                im = s * x + c * y + im_in[j]
                limit = at(threshold, j)
                if at_top:
                    fires = im >= limit
                    re = 0.0 if fires else re
                    im = limit - 1e-5 if fires else im
                else:
                    fires = (re >= limit) & (im >= 0) & (y < 0)
                re_row[j] = re
                im_row[j] = im
                out[j] = np.uint8(fires)
