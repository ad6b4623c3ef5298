"""Random `.net` files of what netx reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np


# ------------------------------------------------------------------------------------------------- random networks
@dataclass(frozen=True)
class Case:
    """layers: of the file. shape: of the data. entry: "current", or how spikes enter. window: of resets, or None."""

    layers: list[dict[str, Any]]
    shape: tuple[int, ...]
    entry: str
    window: int | None


class Draw:
    """Grows a random network, layer by layer; `kind` is the type of its neurons."""

    def __init__(self, seed, kind):
        self.rng = np.random.default_rng(seed)
        self.kind = kind
        self.layers = []
        self.shape = ()
        self.window = self.integer(6, 9) if self.rng.random() < 0.5 else None

    def case(self, entry=None):
        entry = entry or str(self.rng.choice(["no input layer", "input layer", "passed by", "current"]))
        image = entry != "no input layer" and self.rng.random() < 0.7
        self.shape = tuple(int(n) for n in self.rng.integers((1, 4, 4), (4, 9, 9))) if image else (self.integer(1, 9),)
        begin = self.shape
        if entry != "no input layer":
            layer = {"type": "input", "shape": self.shape}
            memoryless = {"iDecay": 4096}
            neuron = {} if entry == "input layer" else {"neuron": {**self.neuron(1, 60), **memoryless}}
            self.layers.append({**layer, **neuron})
        if image:
            for _ in range(self.integer(0, 2)):
                self.conv()
            if self.layers[-1]["type"] == "input" or self.rng.random() < 0.7:
                self.layers.append({"type": "flatten"})
                self.shape = (int(np.prod(self.shape)),)
        if len(self.shape) == 1:
            for _ in range(self.integer(1, 3)):
                self.dense()
        return Case(self.layers, begin, entry, self.window)

    def integer(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def weight(self, shape):
        """One of the ranges that netx treats differently, of those that it gets right."""
        low, high, factor = self.rng.choice([(-128, 127, 1), (-20, 20, 1), (-127, 127, 2), (0, 255, 1), (-255, -1, 1)])
        weight = factor * self.rng.integers(low, high + 1, shape)
        weight *= self.rng.random(shape) < self.rng.choice([0.3, 1.0])
        weight.flat[self.integer(0, weight.size - 1)] = factor * (low if high < 0 else high)
        return np.minimum(weight, high if high < 0 else 255).astype(np.float32)

    def neuron(self, count, drive):
        """drive: rough size of what a step brings. Parameters are one number, or one a channel."""
        count = count if self.rng.random() < 0.3 else None
        current = 4096 if self.rng.random() < 0.3 else self.rng.integers(0, 4097, count)
        return {
            "type": self.kind,
            "iDecay": current,
            "vDecay": self.rng.integers(0, 4097, count),
            "vThMant": self.rng.integers(1, max(2, drive), count),
            "refDelay": 1,
            "gradedSpike": False,
        }

    def add(self, kind, weight, **rest):
        drive = int(np.abs(weight).mean() * np.sqrt(np.prod(weight.shape[1:])))
        layer = {"type": kind, "shape": self.shape, "weight": weight, "neuron": self.neuron(len(weight), drive), **rest}
        if self.rng.random() < 0.7:
            layer["bias"] = self.rng.integers(-drive // 4, drive // 2 + 1, len(weight)).astype(np.float32)
        self.layers.append(layer)

    def conv(self):
        channels, height, width = self.shape
        groups = int(self.rng.choice([n for n in range(1, channels + 1) if channels % n == 0]))
        kernel = self.rng.integers(1, 4, 2)
        stride, padding = self.rng.integers(1, 3, 2), self.rng.integers(0, 3, 2)
        dilation = self.rng.integers(1, 3, 2)
        reach = np.array([height, width]) + 2 * padding - dilation * (kernel - 1)
        if (reach < 1).any():
            return
        weight = self.weight((groups * self.integer(1, 3), channels // groups, *kernel))
        self.shape = (len(weight), *(int(n) for n in (reach - 1) // stride + 1))
        geometry = {"stride": stride, "padding": padding, "dilation": dilation}
        for key, value in geometry.items():
            if value[0] == value[1] and self.rng.random() < 0.5:
                geometry[key] = value[0]
        self.add("conv", weight[..., None] if self.rng.random() < 0.5 else weight, groups=groups, **geometry)

    def dense(self):
        sources, targets = self.shape[0], self.integer(1, 12)
        weight = self.weight((targets, sources))
        self.shape = (targets,)
        delays = [(), (targets,), (targets, sources)] + ([(sources,)] if sources != targets else [])
        rest = {}
        if self.rng.random() < 0.5:
            shape = delays[self.integer(0, len(delays) - 1)]
            delay = np.asarray(self.rng.integers(0, self.rng.choice([3, 63]), shape))
            if self.window is not None:  # netx counts windows by layers, we by the soonest arrival
                delay.flat[self.integer(0, delay.size - 1)] = 0
            rest["delay"] = delay
        self.add("dense", weight, **rest)


def write_net(path, layers):
    """Write a `.net` file; nested mappings become groups."""

    def write(group, values):
        for key, value in values.items():
            if isinstance(value, dict):
                write(group.create_group(key), value)
            elif key == "type":
                group.create_dataset(key, (1,), "S10", [value.encode()])  # as SLAYER does
            else:
                group.create_dataset(key, data=value)

    with h5py.File(path, "w") as file:
        for index, layer in enumerate(layers):
            write(file.create_group(f"layer/{index}"), layer)
    return path
