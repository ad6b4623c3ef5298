"""The forward pass of the authors' 8-bit code in plain numpy, beside the Program of the same checkpoint.

GeoffroyK/distilled_q_stereospike (commit 8fdd26b, network/SNN_models_simpquant.py) runs in torch's quantised modules:
each convolution's output, each spike and each sum is rounded to one of 256 levels, whose distance and zero stand in the
checkpoint. Its residual blocks compute the sum with their input and return the spikes alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tests.converters.stereospikes import ENCODER, convolved


class Levels(NamedTuple):
    """values * scale; whole numbers, zero subtracted."""

    values: np.ndarray
    scale: float


class OwnForward:
    """stored: the checkpoint's tensors. identity: whether residual blocks return their sum, which the authors' do not.

    spikes: of each layer, (channels, rows, columns), after `run`.
    """

    def __init__(self, stored, identity=False):
        self.stored = stored
        self.identity = identity
        self.spikes = {}

    def run(self, events):
        """Depth in metres of counts (4, rows, columns)."""
        here = self._rounded("quant", events)
        for k, name in enumerate(ENCODER):
            here = self._layer(name, (f"{name}.0", f"{name}.1"), here, stride=1 if k == 0 else 2)
        levels = {name: self._rounded("quant", self.spikes[name]) for name in ENCODER}
        for block in ("bottleneck.0", "bottleneck.1"):
            before = here
            for k in (1, 2):
                name = f"{block}.conv{k}"
                here = self._layer(
                    name, (f"{name}.0", f"{name}.1"), here, fires=np.greater_equal, quant=f"{block}.quant"
                )
            if self.identity:
                here = self._added(f"{block}.skip_conn", here, before)
        depth = None
        for k in (4, 3, 2, 1):
            rows, columns = self.spikes[ENCODER[k - 1]].shape[1:]
            keys = (f"deconv{k}.0.up.1", f"deconv{k}.0.up.2")
            here = self._layer(f"deconv{k}", keys, here, size=(rows + 6, columns + 6))
            here = self._added("skip_add", here, levels[ENCODER[k - 1]])
            rows, columns = events.shape[1:]
            part = self._convolution(f"predict_depth{k}.up.1", here, 1, (rows + 6, columns + 6))
            part = self._convolution(f"predict_depth{k}.up.2", part)
            depth = part if depth is None else self._added("pred_add", depth, part)
        return depth.values * depth.scale

    def _layer(self, name, keys, here, stride=1, size=None, fires=np.greater, quant="quant"):
        total = self._convolution(keys[1], self._convolution(keys[0], here, stride, size))
        self.spikes[name] = fires(total.values * total.scale, 1.0).astype(np.int64)
        return self._rounded(quant, self.spikes[name])

    def _convolution(self, key, here, stride=1, size=None):
        weight = self.stored[f"{key}.weight"]
        whole = weight.values.astype(np.int64)
        padding = 0 if size else whole.shape[2] // 2
        unit = here.scale * np.broadcast_to(weight.scale, whole.shape)[:, 0, 0, 0]
        total = convolved(here.values, whole, stride, padding, size)
        if f"{key}.bias" in self.stored:
            total = total + np.rint(self.stored[f"{key}.bias"] / unit)[:, None, None]
        return self._rounded(key, total * unit.reshape(-1, 1, 1))

    def _added(self, key, one, other):
        return self._rounded(key, one.values * one.scale + other.values * other.scale)

    def _rounded(self, key, real):
        """`real` in the levels of `key`, 0 to 255 of them."""
        scale, zero = (float(np.ravel(self.stored[f"{key}.{part}"])[0]) for part in ("scale", "zero_point"))
        return Levels((np.clip(np.rint(real / scale) + zero, 0, 255) - zero).astype(np.int64), scale)
