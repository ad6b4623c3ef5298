"""Whether a FixedRule is within what Loihi's learning engine holds, as Lava 0.10.0 models it; all faults at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import get_args

from neurokit.errors import Fault
from neurokit.graph.fixed_plasticity import (
    EXPONENT_RANGE,
    MAX_RULE_CHARACTERS,
    MAX_TRACE,
    TRACES,
    Arithmetic,
    Dependency,
    FixedFactor,
    FixedRule,
    FixedTrace,
    Product,
    Variable,
)
from neurokit.graph.fixed_plasticity_text import lava_string, lava_strings
from neurokit.graph.signals import SIGNALS

MAX_MANTISSA = 7  # Lava has -8 too, but its parser halves it and changes what the product's shift cuts off
MAX_EPOCH = 63  # 6 bits: lava-nc 0.10.0, learning/constants.py
MAX_DECIMATION = 9  # one digit: lava-nc 0.10.0 reads u10 as u1 * 0
ACCUMULATOR_BITS = 15  # beside the sign; products are shifted right to as many
MANTISSA_BITS = 4
WIDTHS: Mapping[str, int] = {**dict.fromkeys(TRACES, 7), "w": 9, "t": 9, "d": 9, "x0": 1, "y0": 1}
PRODUCT_LIMIT = 2**31 - 1  # Lava multiplies in 32 bits and does not look whether it fits
SIGN_MODES = (-256, 255), (0, 255), (-255, 0)
TAG_RANGE = (-256, 255)
SECOND_TAG_RANGE = (0, 255)  # Lava cuts it at 0 from below


def fixed_rule_faults(rule: FixedRule) -> list[Fault]:
    """Everything in `rule` that is beyond the learning engine."""
    faults: list[Fault] = []
    for target, products in (("dw", rule.dw), ("dt", rule.dt), ("dd", rule.dd)):
        for product in products:
            faults += _product(f"{rule.name}: {target}", product, rule)
    faults += _traces(rule)
    faults += _numbers(rule)
    for target, text in ({} if faults else lava_strings(rule)).items():
        if len(text) > MAX_RULE_CHARACTERS:
            limit = f"Lava's processes hold {MAX_RULE_CHARACTERS} (lava-nc 0.10.0, learning/connection)"
            fact = f"the rule's string has {len(text)} characters"
            faults.append(Fault(f"{rule.name}: {target}", fact, limit, "Leave terms out, or join them."))
    return faults


def shift_of(product: Product) -> int:
    """By how many bits the product is shifted right before its exponent shifts it left."""
    bits = sum(WIDTHS[factor.variable] for factor in product.factors) + MANTISSA_BITS
    return max(0, bits - ACCUMULATOR_BITS)


def largest(factor: FixedFactor, rule: FixedRule) -> int:
    """The largest |value| of a factor, clipped as the engine clips it."""
    if factor.sign:
        return 1
    low, high = _range(factor.variable, rule)
    width = WIDTHS[factor.variable]
    return min(max(abs(low + factor.constant), abs(high + factor.constant)), 1 << width)


def _range(variable: str, rule: FixedRule) -> tuple[int, int]:
    if variable == "w":
        return rule.bounds
    if variable in ("t", "d"):
        return TAG_RANGE if variable == "t" else SECOND_TAG_RANGE
    if variable in ("x0", "y0"):
        return 0, 1
    return (-MAX_TRACE if variable in rule.signals else 0), MAX_TRACE


def _product(node: str, product: Product, rule: FixedRule) -> Iterator[Fault]:
    if product.dependency not in get_args(Dependency):
        fact = f"a product depends on '{product.dependency}'"
        yield Fault(node, fact, f"dependencies: {', '.join(get_args(Dependency))}", "Use one of them.")
        return
    unknown = [f.variable for f in product.factors if f.variable not in get_args(Variable)]
    if unknown:
        fact = f"a product has the factor '{unknown[0]}'"
        yield Fault(node, fact, f"the engine has {', '.join(get_args(Variable))}", "Use one of them.")
        return
    if not all(
        _whole(number) for number in (product.mantissa, product.exponent, *(f.constant for f in product.factors))
    ):
        limit, mend = "the engine holds whole numbers", "Round them, with traces or tags rescaled."
        yield Fault(node, f"{product} has a number that is not whole", limit, mend)
        return
    text = f"product '{lava_string((product,), rule.decimation)}'"
    if not 1 <= abs(product.mantissa) <= MAX_MANTISSA:
        limit = f"1 to {MAX_MANTISSA} either way (4 bits)"
        yield Fault(node, f"{text} has the mantissa {product.mantissa}", limit, "Use mantissa and exponent.")
    low, high = EXPONENT_RANGE
    if not low <= product.exponent <= high:
        limit = f"{low} to {high} (4 bits; lava-nc 0.10.0, learning/product_series.py)"
        yield Fault(node, f"{text} has the exponent {product.exponent}", limit, "Rescale its traces or tags.")
        return
    for factor in product.factors:
        yield from _factor(node, text, factor, product, rule)
    size = abs(product.mantissa) * math.prod(largest(factor, rule) for factor in product.factors)
    if size > PRODUCT_LIMIT:  # what the exponent makes of it after the shift is below 2**29 then
        limit = "the engine's accumulator has 32 bits, and Lava lets them wrap"
        mend = "Leave out a factor, bound the weights, or stage part of it in a tag."
        yield Fault(node, f"{text} reaches {size:.2g}", limit, mend)


def _factor(node: str, text: str, factor: FixedFactor, product: Product, rule: FixedRule) -> Iterator[Fault]:
    variable, constant = factor.variable, factor.constant
    bits = WIDTHS[variable]
    if not -(2**bits) < constant < 2**bits or (bits == 1 and constant):
        limit = f"whole numbers below {2**bits} either way" if bits > 1 else "spikes take none"
        yield Fault(node, f"{text} has the constant {constant}", limit, "Rescale the trace, tag or weight.")
    if factor.sign and variable not in ("w", "t", "d"):
        limit = "the engine compares only a synaptic variable (w, t, d) with a constant"
        yield Fault(node, f"{text} takes the sign of {variable}", limit, "Stage this value in a tag first.")
    if variable == product.dependency:
        yield Fault(node, f"{text} has {variable} twice", "a spike is 0 or 1", "Leave the factor out.")
    if variable in TRACES and variable not in rule.traces and variable not in rule.signals:
        yield Fault(node, f"{text} reads {variable}", "no trace or signal feeds it", "Give it one, or leave it out.")


def _traces(rule: FixedRule) -> Iterator[Fault]:
    for name, trace in rule.traces.items():
        node = f"{rule.name}: {name}"
        if name not in TRACES:
            yield Fault(node, "is no trace of the chip", f"it has {', '.join(TRACES)}", "Use one of them.")
            continue
        yield from _trace(node, name, trace)
        if rule.three_factor and name.startswith("y"):
            limit = "with a signal every y comes from the neuron"
            yield Fault(node, "is a trace beside signals", limit, "Make it the signal spike_trace.")
    for name, signal in rule.signals.items():
        node = f"{rule.name}: {name}"
        if name not in TRACES[2:]:
            yield Fault(node, "is no signal of the chip", f"neurons send {', '.join(TRACES[2:])}", "Use one of them.")
        function = SIGNALS.get(signal.function)
        if function is None:
            yield Fault(node, f"is an unknown signal '{signal.function}'", f"known: {', '.join(SIGNALS)}", "Use one.")
        elif set(signal.parameters) != set(function.parameters):
            needed = ", ".join(function.parameters) or "none"
            given = ", ".join(signal.parameters) or "none"
            yield Fault(node, f"has the parameters {given}", f"'{signal.function}' takes {needed}", "Give these.")
        elif not all(math.isfinite(value) for value in signal.parameters.values()):
            yield Fault(node, "has a parameter that is not finite", "parameters are finite numbers", "Repair it.")


def _trace(node: str, name: str, trace: FixedTrace) -> Iterator[Fault]:
    if not 0 <= trace.impulse <= MAX_TRACE:
        yield Fault(node, f"impulse is {trace.impulse}", f"0 to {MAX_TRACE} (7 bits)", "Rescale the trace.")
    elif trace.impulse * 256 % 1:
        yield Fault(node, f"impulse is {trace.impulse}", "its fraction is in 256ths (8 bits)", "Round it.")
    if not (math.isfinite(trace.tau) and trace.tau >= 0):
        yield Fault(node, f"tau is {trace.tau}", "a finite number of steps from 0 on", "Use 65535 to hold a value.")
    if trace.overwrites and name != "x1":
        yield Fault(node, "overwrites", "only x1 takes a payload", "Use x1.")


def _numbers(rule: FixedRule) -> Iterator[Fault]:
    if not _whole(rule.epoch) or not 1 <= rule.epoch <= MAX_EPOCH:
        yield Fault(rule.name, f"epoch is {rule.epoch}", f"1 to {MAX_EPOCH} steps (6 bits)", "Use u's decimation.")
    if not _whole(rule.decimation) or not 0 <= rule.decimation <= MAX_DECIMATION:
        limit = f"0 to {MAX_DECIMATION} (one digit: Lava reads u10 as u1 * 0)"
        yield Fault(rule.name, f"decimation is {rule.decimation}", limit, "Use a longer epoch.")
    if rule.bounds not in SIGN_MODES:
        modes = ", ".join(f"{low} to {high}" for low, high in SIGN_MODES)
        yield Fault(rule.name, f"bounds are {rule.bounds}", f"the engine clips weights to {modes}", "Use one of them.")
    starts = (("tag_start", rule.tag_start, TAG_RANGE), ("second_tag_start", rule.second_tag_start, SECOND_TAG_RANGE))
    for name, value, (low, high) in starts:
        if not _whole(value) or not low <= value <= high:
            yield Fault(rule.name, f"{name} is {value}", f"whole numbers from {low} to {high}", "Rescale the tag.")
    if rule.arithmetic not in get_args(Arithmetic):
        choices = " or ".join(repr(choice) for choice in get_args(Arithmetic))
        yield Fault(rule.name, f"arithmetic is {rule.arithmetic!r}", f"it is {choices}", "Choose one of them.")
    if not _whole(rule.seed) or rule.seed < 0:
        yield Fault(rule.name, f"seed is {rule.seed}", "a seed is a whole number from 0 on", "Repair it.")


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
