"""Integer arithmetic of Loihi's learning engine, one step at a time, in plain numpy.

The reference of the simulator's kernels. With rule.arithmetic "lava" it is `LearningDense`'s fixed-point model of
lava-nc 0.10.0 (magma/core/model/py/connection.py, LearningConnectionModelBitApproximate, and learning/
learning_rule_applier.py) to the bit, random numbers included; with "repaired" the same engine without that model's
defects. Both are told in docs/plasticity.md. In each step of a sample:

1. Spikes are noted by their time within the epoch. A neuron that had one in this epoch already gets that one's
   impulse now. A graded spike overwrites x1 by half of its payload, if the rule says so. Signals become the y traces.
2. At the end of an epoch the traces are gone through once more from the epoch's start: each step decays them, and the
   last spike of each neuron adds its impulse. Terms gated by x0 or y0 see traces as they were at that last spike,
   terms gated by u as they are at the end.
3. Products are added to 128 times the weight, the tag and the second tag as they were before; the sums are rounded
   by chance to whole multiples of 128, and clipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.fixed_plasticity import MAX_TRACE, FixedFactor, FixedRule, FixedTrace, Product
from neurokit.lower.fixedpoint.learning_numbers import Draws, Rounding, draws
from neurokit.lower.fixedpoint.synapse import wrap32

Ints: TypeAlias = NDArray[np.int64]

# lava-nc 0.10.0, magma/core/learning/constants.py.
WIDTHS: Mapping[str, int] = {"x0": 1, "y0": 1, "x1": 7, "x2": 7, "y1": 7, "y2": 7, "y3": 7, "w": 9, "t": 9, "d": 9}
MANTISSA_WIDTH = 4
ACCUMULATOR_WIDTH = 15
EXPONENT_OFFSET = 7  # product_series.py: exponents are stored with 7 added
FRACTION_BITS = 7  # of weights and tags while products are added to them
IMPULSE_FRACTION = 256
SIGNAL_TAU = 65535.0  # of y1 to y3 in Lava's Loihi3FLearningRule
PRE, POST = ("x1", "x2"), ("y1", "y2", "y3")
MOST_SUM, MOST_TAG = (1 << ACCUMULATOR_WIDTH) - 1, 255
# -(2**15) - 1 and -(2**8) - 1 in Lava.
LEAST_SUM: Mapping[str, int] = {"lava": -(1 << ACCUMULATOR_WIDTH) - 1, "repaired": -(1 << ACCUMULATOR_WIDTH)}
LEAST_TAG: Mapping[str, int] = {"lava": -257, "repaired": -256}
_SILENT = FixedTrace(0.0, 0.0)


@dataclass(frozen=True, eq=False)
class LearningState:
    """What a plastic projection carries from step to step; int64.

    weight, tag, second_tag: (targets, sources). x: (2, sources), y: (3, targets): traces. source_time, target_time:
    1 to epoch, the step within this epoch of each neuron's last spike, 0: none yet. step: steps done in this sample.
    clock, events: steps and evaluations done over all samples, by which random numbers are counted.
    """

    weight: Ints
    tag: Ints
    second_tag: Ints
    x: Ints
    y: Ints
    source_time: Ints
    target_time: Ints
    step: int = 0
    clock: int = 0
    events: int = 0


def next_sample(rule: FixedRule, state: LearningState) -> LearningState:
    """The state at the start of the next sample of a run: weights stay, random numbers go on."""
    return replace(initial_state(rule, state.weight), clock=state.clock, events=state.events)


def initial_state(rule: FixedRule, weight: Any) -> LearningState:
    """The state at the start of a run. weight: (targets, sources)."""
    weight = np.asarray(weight, np.int64)
    targets, sources = weight.shape
    return LearningState(
        weight=weight,
        tag=np.full(weight.shape, rule.tag_start, np.int64),
        second_tag=np.full(weight.shape, rule.second_tag_start, np.int64),
        x=np.zeros((2, sources), np.int64),
        y=np.zeros((3, targets), np.int64),
        source_time=np.zeros(sources, np.int64),
        target_time=np.zeros(targets, np.int64),
    )


def learning_step(rule: FixedRule, state: LearningState, sent: Any, fired: Any, signals: Any = None) -> LearningState:
    """One step, after the neurons' own.

    sent: (sources,) what the sources send in this step, payloads of graded ones. fired: (targets,) what the targets
    send; all but 0 is a spike. signals: (3, targets) y1 to y3 of a three-factor rule, see `signals`; else None.
    The weights returned act on the next step's input.
    """
    ends = (state.step + 1) % rule.epoch == 0
    state = replace(state, step=state.step + 1, clock=state.clock + 1, events=state.events + ends)
    numbers = draws(rule, state.clock, state.events, state.weight.shape)
    state = _note_spikes(rule, state, numbers, np.asarray(sent, np.int64), np.asarray(fired) != 0, signals)
    return _learn(rule, state, numbers) if ends else state


def _note_spikes(
    rule: FixedRule, state: LearningState, numbers: Draws, sent: Ints, fired: NDArray[np.bool_], signals: Any
) -> LearningState:
    traces = _traces(rule)
    came = sent != 0
    again = came & (state.source_time > 0)
    x = state.x.copy()
    for k, name in enumerate(PRE):
        if traces[name].overwrites:
            x[k] = np.where(came, half_of(sent), x[k])
        else:
            x[k] = np.where(again, _with_impulse(x[k], traces[name], numbers.repeated(k)), x[k])
    if rule.three_factor:
        y = np.asarray(signals, np.int64).copy()
    else:
        again = fired & (state.target_time > 0)
        y = state.y.copy()
        for k, name in enumerate(POST):
            y[k] = np.where(again, _with_impulse(y[k], traces[name], numbers.repeated(2 + k)), y[k])
    within = within_epoch(state.step, rule.epoch)
    return replace(
        state,
        x=x,
        y=y,
        source_time=np.where(came, within, state.source_time),
        target_time=np.where(fired, within, state.target_time),
    )


def within_epoch(step: int, epoch: int) -> int:
    """1 to epoch, of a 1-based step."""
    return (step - 1) % epoch + 1


def half_of(payload: Ints) -> Ints:
    """What a graded spike sets x1 to: half, the even neighbour of a half number, in the 8 bits of Lava's uint8."""
    return np.asarray(np.rint(payload / 2).astype(np.int64) & 0xFF)


def decay_parts(values: Any, tau: float) -> tuple[Ints, NDArray[np.float64]]:
    """A trace one step later, as whole part and the chance of one more. tau: steps; 0: nothing stays."""
    if tau == 0:
        return np.zeros_like(values), np.zeros(np.shape(values))
    left = np.exp(-1 / np.array([tau]))[0] * np.asarray(values, np.int64)
    whole = np.floor(left)
    return whole.astype(np.int64), left - whole


def impulse_parts(impulse: float) -> tuple[int, int]:
    """Whole part and 256ths of an impulse."""
    whole = int(np.floor(impulse))
    return whole, int(np.round((impulse - whole) * IMPULSE_FRACTION))


def _with_impulse(values: Ints, trace: FixedTrace, number: Any) -> Ints:
    whole, fraction = impulse_parts(0.0 if trace.overwrites else trace.impulse)
    return np.asarray(np.clip(values + whole + (number < fraction), 0, MAX_TRACE))


def _traces(rule: FixedRule) -> dict[str, FixedTrace]:
    """All five, those out of use without an impulse; with signals Lava gives the y traces a decay of their own."""
    tau = SIGNAL_TAU if rule.arithmetic == "lava" else np.inf
    signal = FixedTrace(0.0, tau)
    post = {name: signal if rule.three_factor else rule.traces.get(name, _SILENT) for name in POST}
    return {name: rule.traces.get(name, _SILENT) for name in PRE} | post


def _learn(rule: FixedRule, state: LearningState, numbers: Draws) -> LearningState:
    x = _history(rule, state.x, state.source_time, numbers, PRE)
    y = _history(rule, state.y, state.target_time, numbers, POST)
    terms = _Terms(rule, state, x, y)
    tags = (LEAST_TAG[rule.arithmetic], MOST_TAG)
    return replace(
        state,
        weight=_changed(rule, state.weight, rule.dw, terms, numbers.rounding(0), rule.bounds, rule.bounds),
        tag=_changed(rule, state.tag, rule.dt, terms, numbers.rounding(1), None, tags),
        second_tag=_changed(rule, state.second_tag, rule.dd, terms, numbers.rounding(2), (0, MOST_TAG), (0, MOST_TAG)),
        x=x[-1],
        y=state.y if rule.three_factor else y[-1],
        source_time=np.zeros_like(state.source_time),
        target_time=np.zeros_like(state.target_time),
    )


def _history(rule: FixedRule, start: Ints, times: Ints, numbers: Draws, names: tuple[str, ...]) -> Ints:
    """Traces at the epoch's start and after each of its steps: (epoch + 1, traces, neurons)."""
    traces, first = _traces(rule), 0 if names is PRE else 2
    kept_signs = rule.arithmetic == "repaired" and rule.three_factor and names is POST
    history = np.zeros((rule.epoch + 1, *start.shape), np.int64)
    history[0] = start
    for t in range(1, rule.epoch + 1):
        for k, name in enumerate(names):
            whole, chance = decay_parts(history[t - 1, k], traces[name].tau)
            values = whole + (numbers.decay(first + k, t) < chance)
            if not kept_signs:  # Lava's impulse of zero clips: a negative signal is lost where the target fires
                values = np.where(
                    times == t, _with_impulse(values, traces[name], numbers.impulse(first + k, t)), values
                )
            history[t, k] = values
    return history


class _Terms:
    """Values of the factors of products, all of shapes that broadcast to (targets, sources)."""

    def __init__(self, rule: FixedRule, state: LearningState, x: Ints, y: Ints) -> None:
        targets, sources = np.arange(state.y.shape[1]), np.arange(state.x.shape[1])
        due = (state.step // rule.epoch) % (1 << rule.decimation) == 0
        times = state.source_time, state.target_time
        self.gates: dict[str, Any] = {
            "x0": (times[0] > 0).astype(np.int64)[None, :],
            "y0": (times[1] > 0).astype(np.int64)[:, None],
            "u": np.int64(due),
        }
        self.synaptic = {"w": state.weight, "t": state.tag, "d": state.second_tag}
        self.traces: dict[tuple[str, str], Ints] = {}
        for k, name in enumerate(PRE):
            self.traces["x0", name] = x[times[0], k, sources][None, :]
            self.traces["y0", name] = x[times[1], k]
            self.traces["u", name] = x[-1, k][None, :]
        for k, name in enumerate(POST):
            self.traces["x0", name] = y[times[0], k].T
            self.traces["y0", name] = y[times[1], k, targets][:, None]
            self.traces["u", name] = y[-1, k][:, None]

    def factor(self, factor: FixedFactor, dependency: str) -> Ints:
        """The value, clipped to the width of its variable."""
        name = factor.variable
        if name in ("x0", "y0"):
            value = self.gates[name]
        elif name in self.synaptic:
            value = self.synaptic[name]
        else:
            value = self.traces[dependency, name]
        value = value + factor.constant
        limit = 1 << WIDTHS[name]
        return np.asarray(np.clip(np.sign(value) if factor.sign else value, -limit, limit - 1))


def _changed(
    rule: FixedRule,
    before: Ints,
    products: tuple[Product, ...],
    terms: _Terms,
    number: Rounding,
    sum_bounds: tuple[int, int] | None,
    bounds: tuple[int, int],
) -> Ints:
    """A synaptic variable after its products; sum_bounds: of these the sign holds for the sum too."""
    if not products:
        return before
    total = before << FRACTION_BITS
    for product in products:
        total = np.clip(total + _product(rule, product, terms, before.shape), LEAST_SUM[rule.arithmetic], MOST_SUM)
    if sum_bounds is not None and sum_bounds[0] >= 0:
        total = np.maximum(total, 0)
    if sum_bounds is not None and sum_bounds[1] <= 0:
        total = np.minimum(total, 0)
    rest = total & ((1 << FRACTION_BITS) - 1)
    return np.clip((total >> FRACTION_BITS) + number(rest), *bounds)


def product_shift(product: Product) -> int:
    """Places that a product is shifted right by: what its factors are wider than the accumulator."""
    width = sum(WIDTHS[factor.variable] for factor in product.factors) + MANTISSA_WIDTH
    return max(0, width - ACCUMULATOR_WIDTH)


def _product(rule: FixedRule, product: Product, terms: _Terms, shape: tuple[int, ...]) -> Ints:
    """In 128ths of the variable's unit; int32 arithmetic that wraps, as Lava's, until the end."""
    value = np.broadcast_to(terms.gates[product.dependency], shape)
    for factor in product.factors:
        value = wrap32(value * terms.factor(factor, product.dependency))
    value = wrap32(value * product.mantissa)
    shift = product_shift(product)
    if rule.arithmetic == "lava":
        value = value >> shift
    else:  # towards zero, so that depression is no stronger than potentiation
        value = np.sign(value) * (np.abs(value) >> shift)
    value = wrap32(value << (product.exponent + EXPONENT_OFFSET))
    return np.clip(value, LEAST_SUM[rule.arithmetic], MOST_SUM)
