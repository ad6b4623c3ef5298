"""Third factors in integers against the equations of `graph.signals`, in fractions, v found in another way."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neurokit.graph.fixed_plasticity import FixedSignal
from neurokit.graph.lif_family import LoihiALIF, LoihiRefractoryLIF, LoihiShiftedLIF, LoihiTernaryLIF
from neurokit.graph.neurons import FixedNeuron, LoihiLIF
from neurokit.lower.fixedpoint import neuron_step
from neurokit.lower.fixedpoint.signals import Moment, integer_signal, signal_faults, signal_step

SIZE, STEPS = 6, 90
INT = np.asarray
THRESHOLDS = np.array([4000, 5000, 6400, 9000, 3000, 100_000])
COMMON: dict[str, Any] = {"current_decay": INT(900), "voltage_decay": INT(300), "threshold": THRESHOLDS}
BIAS: dict[str, Any] = {"bias_mantissa": INT(40), "bias_exponent": INT(0)}
NEURONS: dict[str, FixedNeuron] = {
    "hard": LoihiLIF(**COMMON, **BIAS, reset_value=INT(-50)),
    "soft": LoihiLIF(**COMMON, **BIAS, reset="soft", reset_value=THRESHOLDS),
    "held": LoihiLIF(**COMMON, reset_interval=60, reset_offset=20, held=True),
    "holds": LoihiRefractoryLIF(**COMMON, refractory=INT(4)),
    "silent": LoihiRefractoryLIF(**COMMON, refractory=INT(4), while_refractory="silent"),
    "shifted": LoihiShiftedLIF(**COMMON, shift=INT(1)),
    "ALIF": LoihiALIF(
        **(COMMON | {"current_decay": INT(4096)}),
        adaptation_decay=INT(40),
        reset_value=THRESHOLDS,
        beta_mantissa=INT(700),
        beta_shift=INT(14),
        refractory=INT(3),
    ),
}
PARAMETERS: dict[str, dict[str, float]] = {
    "modulation": {"scale": 0.037},
    "modulation_positive": {"scale": 0.5},
    "modulation_negative": {"scale": 1.0},
    "pseudo_derivative": {"dampening": 0.3, "scale": 400.0},
    "adaptation_decay": {"dampening": 0.3, "scale": 127.0},
    "reward": {"scale": -0.25},
    "modulation_trace": {"scale": 0.013, "tau": 9.0},
    "constant": {"value": -12.75},
    "spike_trace": {"impulse": 20.5, "tau": 12.0},
    "spike": {"scale": 99.0},
    "potential_above": {"scale": 0.01, "level": 1500.4},
    "potential_below": {"scale": 0.02, "level": 1500.4},
}


def run(neuron: FixedNeuron, function: str) -> list[tuple[NDArray[Any], NDArray[Any], dict[str, Any]]]:
    """(value, spikes, what a test needs to know) of each step."""
    rng = np.random.default_rng(3)
    signals = {"y2": integer_signal(FixedSignal(function, PARAMETERS[function]), neuron, SIZE)}
    states = {name: np.zeros(SIZE, np.int64) for name in neuron.states}
    memory, found = np.zeros((3, SIZE), np.int64), []
    for t in range(STEPS):
        a = rng.integers(-10, 28, SIZE)
        arrived = {port: rng.integers(-300, 300, SIZE) for port in ("modulation", "reward")}
        sent = np.zeros(SIZE, np.int64)
        before = states
        if not (neuron.held and t < neuron.reset_offset):
            if (
                neuron.reset_interval
                and t >= neuron.reset_offset
                and (t - neuron.reset_offset) % neuron.reset_interval == 0
            ):
                before = {name: np.zeros(SIZE, np.int64) for name in neuron.states}
            states, sent = neuron_step(neuron, before, a)
        values, memory = signal_step(signals, neuron, memory, Moment(t, before, states, sent, arrived))
        assert not values[[0, 2]].any()
        found.append((values[1], sent, {"t": t, "a": a, "before": before, "after": states, "arrived": arrived}))
    assert sum(sent.sum() for _, sent, _ in found) > 10
    return found


def potentials(neuron: Any, moment: dict[str, Any]) -> list[int]:
    """v before the reset, from a neuron like this one whose threshold is never reached."""
    if isinstance(neuron, LoihiALIF):
        return [int(v) for v in moment["after"]["v"]]
    never = replace(neuron, threshold=INT(2**23 - 64))
    after, _ = neuron_step(never, moment["before"], moment["a"])
    return [int(v) for v in after["v"]]


def towards_zero(value: Fraction) -> int:
    return max(-127, min(127, int(value)))  # int() truncates


def expected(neuron: Any, function: str, moment: dict[str, Any], sent: Any, traces: list[Fraction]) -> list[Fraction]:
    """The equation, exactly; `traces` are carried on."""
    given = {name: Fraction(value) for name, value in PARAMETERS[function].items()}
    m = [Fraction(int(value)) for value in moment["arrived"]["modulation"]]
    if function == "reward":
        return [given["scale"] * int(value) for value in moment["arrived"]["reward"]]
    if function in ("modulation", "modulation_positive", "modulation_negative"):
        part = {
            "modulation": lambda x: x,
            "modulation_positive": lambda x: max(x, 0),
            "modulation_negative": lambda x: max(-x, 0),
        }
        return [given["scale"] * part[function](x) for x in m]
    if function == "constant":
        return [given["value"]] * SIZE
    if function == "spike":
        return [given["scale"] * int(s) for s in sent]
    if function.endswith("trace"):
        share = Fraction(4096 - round(4096 * (1 - np.exp(-1 / PARAMETERS[function]["tau"]))), 4096)
        for i in range(SIZE):
            added = given["impulse"] * (int(sent[i]) != 0) if function == "spike_trace" else given["scale"] * m[i]
            kept = int(4096 * traces[i] * share) + int(4096 * added)
            traces[i] = Fraction(max(1 - 2**19, min(kept, 2**19 - 1)), 4096)
        return traces
    v = potentials(neuron, moment)
    if function.startswith("potential"):
        level = round(given["level"])
        return [given["scale"] * max(0, x - level if function.endswith("above") else level - x) for x in v]
    values = []
    for i, theta in enumerate(int(x) for x in neuron.threshold):
        beta = (
            Fraction(int(neuron.beta_mantissa) * 4096, 2 ** int(neuron.beta_shift))
            if isinstance(neuron, LoihiALIF)
            else Fraction(0)
        )
        adapted = theta + int(beta * int(moment["after"]["adaptation"][i]) / 4096) if beta else theta
        psi = given["dampening"] * max(Fraction(0), 1 - Fraction(abs(v[i] - adapted), theta))
        if "refractory" in neuron.states and moment["before"]["refractory"][i] > 0:
            psi = Fraction(0)
        if function == "adaptation_decay":
            psi = Fraction(int(neuron.adaptation_decay), 4096) + beta * psi / theta
        values.append(given["scale"] * psi)
    return values


CASES = [
    (name, function) for name in NEURONS for function in PARAMETERS if function != "adaptation_decay" or name == "ALIF"
]


@pytest.mark.parametrize(("name", "function"), CASES)
def test_every_signal(name: str, function: str) -> None:
    """Equal to the truncated equation, but for the constants' 32 bits where it comes out next to a whole number."""
    neuron, traces = NEURONS[name], [Fraction(0)] * SIZE
    seen = set()
    for values, sent, moment in run(neuron, function):
        if neuron.held and moment["t"] < neuron.reset_offset:
            assert not values.any()
            continue
        if neuron.reset_interval and (moment["t"] - neuron.reset_offset) % neuron.reset_interval == 0:
            traces = [Fraction(0)] * SIZE
        wanted = expected(neuron, function, moment, sent, traces)
        for value, exact in zip(values, wanted, strict=True):
            slack = Fraction(1, 1000)
            assert towards_zero(exact - slack) <= value <= towards_zero(exact + slack), (moment["t"], float(exact))
        seen |= set(values.tolist())
    assert len(seen) > 1 or function == "constant"


def test_large_values_saturate() -> None:
    neuron = NEURONS["hard"]
    for scale, modulation in ((1e9, 1), (1.0, 2**40), (-1e9, 2**40), (127.9, 2**23)):
        signal = integer_signal(FixedSignal("modulation", {"scale": scale}), neuron, SIZE)
        zeros = {name: np.zeros(SIZE, np.int64) for name in neuron.states}
        moment = Moment(0, zeros, zeros, np.zeros(SIZE, np.int64), {"modulation": np.full(SIZE, modulation)})
        values, _ = signal_step({"y1": signal}, neuron, np.zeros((3, SIZE), np.int64), moment)
        assert (values[0] == 127 * np.sign(scale)).all()


@pytest.mark.parametrize(
    ("neuron", "function", "says"),
    [
        (
            LoihiTernaryLIF(INT(0), INT(0), INT(64), INT(-64)),
            "pseudo_derivative",
            "'out': signal 'pseudo_derivative' (y1) of a LoihiTernaryLIF",
        ),
        (LoihiTernaryLIF(INT(0), INT(0), INT(64), INT(-64)), "potential_above", "know their potential"),
        (NEURONS["hard"], "adaptation_decay", "Leave it out, or use ALIF."),
        (LoihiLIF(INT(0), INT(0), INT(0), emits=False), "pseudo_derivative", "measured in thresholds above 0"),
    ],
)
def test_neurons_that_cannot(neuron: FixedNeuron, function: str, says: str) -> None:
    (fault,) = signal_faults("out", neuron, {"y1": FixedSignal(function, PARAMETERS[function])})
    assert says in str(fault)
    assert signal_faults("out", neuron, {"y1": FixedSignal("modulation", {"scale": 1.0})}) == []
