"""A Program's convolution that learns, an extension of the learning engine, which has no shared weights.

Every synapse, a place of the kernel at an output, has tags of its own and its share of each product. What a weight of
the kernel gets of a product is the sum over its synapses, clipped as one product is; then it is rounded and clipped
once. In plain numpy: nothing here is event-driven.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.fixed_plasticity import FixedFactor, Product
from neurokit.graph.synapses import Conv2d, Shape
from neurokit.hardware.simulator.links import Rows
from neurokit.hardware.simulator.plastic_fixed import FixedPlastic
from neurokit.hardware.simulator.plastic_shape import X_TRACES
from neurokit.hardware.simulator.plastic_steps import DUE, KEYS, NUMBER, WAITING
from neurokit.lower.fixedpoint.learning import (
    EXPONENT_OFFSET,
    FRACTION_BITS,
    LEAST_SUM,
    LEAST_TAG,
    MOST_SUM,
    MOST_TAG,
    WIDTHS,
    product_shift,
)
from neurokit.lower.fixedpoint.learning_numbers import mix
from neurokit.lower.fixedpoint.synapse import wrap32
from neurokit.lower.fold import to_matrix

Ints = NDArray[np.int64]


class ConvPlastic(FixedPlastic):
    """A Conv2d with a FixedRule; rows of w are (1, weights of the kernel), of t and d (1, synapses)."""

    bits = 24

    def _lay_out(self, synapse: Any, source: Shape) -> None:
        self.kernel_shape = synapse.weight.shape
        self.synapses = _Synapses(self, synapse, source)
        self.fan_out = np.bincount(self.synapses.source, minlength=self.sources)
        self.fan_in = np.bincount(self.synapses.target, minlength=self.targets)
        self.target, self.start = np.zeros(0, np.int32), np.zeros(0, np.int64)
        kernel = synapse.weight.reshape(1, 1, -1).astype(np.int16)
        self.rows = {"w": np.repeat(kernel, self.learners, axis=0)}
        for variable in self.shape.used:
            if variable != "w":
                self.rows[variable] = np.zeros((self.learners, 1, len(self.synapses.source)), np.int16)

    def _gather(self, sent: Rows) -> None:
        self.synapses.follow(int(self.counters[WAITING]))
        self.synapses.add_sent(sent, self.sums)

    def _catch_up(self) -> None:
        self.synapses.follow(int(self.counters[WAITING]))
        self.counters[WAITING] = self.synapses.done = 0

    def watch(self, name: str) -> Rows:
        """See `PlasticLink.watch`; tags are not shown."""
        if name != "weight":
            return super().watch(name)
        self._catch_up()
        return self.rows["w"].astype(np.int32).reshape(self.learners, *self.kernel_shape)


class _Synapses:
    """The synapses one by one: source, target and place in the kernel of each."""

    def __init__(self, link: ConvPlastic, synapse: Conv2d, source: Shape) -> None:
        places = np.arange(1, synapse.weight.size + 1, dtype=np.float64).reshape(synapse.weight.shape)
        matrix = to_matrix(replace(synapse, weight=places, bias=None, exponent=0), source).tocoo()
        self.link, self.done = link, 0
        self.source, self.target = matrix.col.astype(np.int64), matrix.row.astype(np.int64)
        self.place = np.rint(matrix.data).astype(np.int64) - 1

    def add_sent(self, sent: Rows, sums: Rows) -> None:
        """Add what was sent, by the weights as they are."""
        for m, row in enumerate(sent):
            payload = row[self.source].astype(np.int64)
            weight = self.link.rows["w"][m, 0, self.place].astype(np.int64)
            np.add.at(sums[m], self.target, (payload * weight).astype(sums.dtype))

    def follow(self, count: int) -> None:
        """Weights and tags through the evaluations that wait, of which there are so many."""
        for e in range(self.done, count):
            for m in range(self.link.learners):
                self._evaluate(m, e)
        self.done = count

    def _evaluate(self, m: int, e: int) -> None:
        link, rule = self.link, self.link.rule
        old = {v: rows[m, 0].astype(np.int64) for v, rows in link.rows.items()}
        synaptic = {**old, "w": old["w"][self.place]}
        bounds = {"w": rule.bounds, "t": (LEAST_TAG[rule.arithmetic], MOST_TAG), "d": (0, MOST_TAG)}
        for k, (variable, products) in enumerate((("w", rule.dw), ("t", rule.dt), ("d", rule.dd))):
            if not products:
                continue
            total = old[variable] << FRACTION_BITS
            for product in products:
                change = self._product(m, e, product, synaptic)
                if variable == "w":
                    change = self._clip(np.bincount(self.place, change, len(total)).astype(np.int64))
                total = self._clip(total + change)
            rest = total & ((1 << FRACTION_BITS) - 1)
            rounded = (total >> FRACTION_BITS) + (self._number(m, e, k, len(total)) < rest)
            link.rows[variable][m, 0] = np.clip(rounded, *bounds[variable])

    def _number(self, m: int, e: int, variable: int, count: int) -> Any:
        flags = self.link.held.flags[m, e]
        if not self.link.repaired:
            return flags[NUMBER]
        return mix(mix(np.arange(1, count + 1)) ^ np.uint32(flags[KEYS + variable])) >> np.uint32(25)

    def _product(self, m: int, e: int, product: Product, synaptic: dict[str, Ints]) -> Ints:
        link = self.link
        x_time, y_time = (
            link.held.xt[m, e, self.source].astype(np.int64),
            np.abs(link.held.yt[m, e, self.target].astype(np.int64)),
        )
        gates = {"x0": x_time > 0, "y0": y_time > 0, "u": np.full(len(x_time), link.held.flags[m, e, DUE] != 0)}
        last = link.held.xs.shape[2] - 1
        time: Any = {"x0": x_time, "y0": y_time, "u": last}[product.dependency] if last else 0
        value = gates[product.dependency].astype(np.int64)
        for factor in product.factors:
            if factor.variable in gates:
                held = gates[factor.variable].astype(np.int64)
            elif factor.variable in synaptic:
                held = synaptic[factor.variable]
            elif factor.variable in X_TRACES:
                held = link.held.xs[m, e, time, link.x_names.index(factor.variable), self.source].astype(np.int64)
            else:
                held = link.held.ys[m, e, time, link.y_names.index(factor.variable), self.target].astype(np.int64)
            value = wrap32(value * _factor(factor, held))
        value, shift = wrap32(value * product.mantissa), product_shift(product)
        value = np.sign(value) * (np.abs(value) >> shift) if link.repaired else value >> shift
        return self._clip(wrap32(value << (product.exponent + EXPONENT_OFFSET)))

    def _clip(self, values: Ints) -> Ints:
        return np.asarray(np.clip(values, LEAST_SUM[self.link.rule.arithmetic], MOST_SUM))


def _factor(factor: FixedFactor, held: Ints) -> Ints:
    value, limit = held + factor.constant, 1 << WIDTHS[factor.variable]
    return np.asarray(np.clip(np.sign(value) if factor.sign else value, -limit, limit - 1))
