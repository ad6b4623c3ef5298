"""Rules as strings of Lava's floating-point engine: that engine then computes what our float interpretation does."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neurokit.errors import BackendError
from neurokit.graph.plasticity import Apply, Before, HostStep, Rule, Signal, Term, Trace, Value
from neurokit.hardware.lava import loading
from neurokit.hardware.lava.float_rules import FloatStrings, float_strings, nearest
from neurokit.rules import btsp_eiann, btsp_milstein
from tests.hardware.learning_connection import NoTapes
from tests.rules.learning import learner_of
from tests.rules.test_library import BTSP, LIBRARY
from tests.tolerances import LAVA_FLOAT_LEARNING

pytest.importorskip("lava", reason="Lava needs Python 3.10")
DT, STEPS, SOURCES, TARGETS = 1e-3, 120, 6, 5
Y_DECAY = math.exp(-1 / 65535)  # of the y of three-factor rules: lava-nc 0.10.0, learning_rule.py
SIGN_FUNCTION = Rule(
    "a dead zone",
    "",
    {"x": Trace("pre", 0.02), "y": Trace("post", 0.03, 0.5)},
    (
        Term(0.015625, "step", (Apply("sgn", ((1.0, (Value("tag"),)), (-0.3, ()))),)),
        Term(0.25, "step", (Before("x"), Value("y"), Value("w", -1, 0.9))),
        Term(0.03125, "pre", (Value("y"), Value("pre"))),
    ),
    tag=(Term(0.11, "post", (Value("x"),)), Term(-7.8125, "rate", (Value("tag"),))),
)
LATER = Rule(
    "every third step",
    "",
    {"x": Trace("pre", 0.02), "y": Trace("post", 0.03)},
    (Term(0.013, "post", (Value("x"),)), Term(-0.02, "pre", (Value("y"), Value("w")))),
    interval=3 * DT,
)
RULES = {name: rule for name, (rule, _) in LIBRARY.items()} | {"sign": SIGN_FUNCTION, "interval": LATER}
RULES |= {"btsp_milstein": btsp_milstein(**BTSP), "btsp_eiann": btsp_eiann()}


def drive(rule: Rule) -> tuple[NDArray[Any], NDArray[Any], dict[str, NDArray[Any]], NDArray[Any]]:
    """Spikes of one side only in a step, one a neuron in three; signals; start weights within the rule's bounds."""
    rng = np.random.default_rng(7)
    pre, post = np.zeros((STEPS, SOURCES)), np.zeros((STEPS, TARGETS))
    for start in range(0, STEPS - 3, 3):
        side = pre if rng.random() < 0.5 else post
        some = np.flatnonzero(rng.random(side.shape[1]) < 0.4)
        side[start + rng.integers(0, 3, some.size), some] = 1
    if any(trace.overwrites for trace in rule.traces.values()):
        pre *= np.round(rng.uniform(1, 9, pre.shape))
    signals = {name: rng.normal(size=(STEPS, TARGETS)) for name in rule.signals}
    low, high = (max(-1.0, rule.bounds[0]), min(1.0, rule.bounds[1]))
    return pre, post, signals, rng.uniform(0.6 * low + 0.4 * high, 0.4 * low + 0.6 * high, (TARGETS, SOURCES))


def lava(rule: Rule, given: FloatStrings, pre: Any, post: Any, signals: Any, weight: Any) -> dict[str, NDArray[Any]]:
    """Weights and tags after all steps, from LearningDense's own floating-point model."""
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.io.source import RingBuffer
    from lava.proc.lif.process import LIF

    from neurokit.hardware.lava.deadline import Deadline
    from neurokit.hardware.lava.inprocess import InProcess
    from neurokit.hardware.lava.learning_rules import float_connection

    by_port = {"s_in": pre, "s_in_bap": post} | third_factors(rule, given, post, signals)
    with loading.quiet(), loading.forgotten():
        process = float_connection(given, weight, "excitatory" if rule.bounds[0] == 0 else "mixed", "connection")
        for port, values in by_port.items():
            RingBuffer(data=values.T.astype(float)).s_out.connect(getattr(process, port))
        process.a_out.connect(LIF(shape=(TARGETS,), vth=1e9).a_in)
        models = InProcess(process.compile(Loihi2SimCfg(select_tag="floating_pt"), {}))
        models.start(NoTapes())  # type: ignore[arg-type]
        models.advance(STEPS, Deadline(None, "test"))
    (model,) = (model for name, model in models.models if name == "connection")
    return {"w": model.weights, "tag": model.tag_1, "tag2": model.tag_2 - given.second_tag_offset}


def third_factors(rule: Rule, given: FloatStrings, post: Any, signals: Any) -> dict[str, NDArray[Any]]:
    """What a neuron would send: the signals scaled, traces of its spikes, constants."""
    found = {}
    names = {chip: name for name, chip in given.assigned.items()}
    for chip, signal in given.signals.items():
        name = names[chip]
        if signal.function == "spike_trace" and name in rule.traces:
            z, values = np.zeros(TARGETS), []
            for fired in post:
                z = z * math.exp(-DT / signal.parameters["tau"]) + signal.parameters["impulse"] * (fired != 0)
                values.append(z)
            y = np.array(values)
        elif name in rule.signals:
            y = given.scales.get(name, 1.0) * signals[name]
        else:
            y = np.full((STEPS, TARGETS), signal.parameters["value"])
        found[f"s_in_{chip}"] = y / Y_DECAY
    return found


def ours(rule: Rule, pre: Any, post: Any, signals: Any, weight: Any) -> dict[str, NDArray[Any]]:
    low = 0.0 if rule.bounds[0] == 0 else -math.inf  # what Lava's floating-point engine clips
    learner = learner_of(replace(rule, bounds=(low, math.inf)), weight, DT)
    for t in range(STEPS):
        learner.step(pre[t], post[t], {name: values[t] for name, values in signals.items()})
    return {"w": learner.weights, "tag": learner.tags["tag"], "tag2": learner.tags["tag2"]}


REFUSED = {
    "btsp_milstein": "Lava has only sgn",
    "btsp_eiann": "Lava has only sgn",
    "btsp_eiann_gated": "Lava's floating-point traces have no limit",
    "btsp_saturating": "Lava's floating-point traces have no limit",
    "self_alignment": "Lava has no host steps",
    "activation_alignment": "Lava has no host steps",
}


def family(name: str) -> str:
    return name.split()[0]


ALWAYS = "triplet_stdp", "reward_stdp", "eprop_lif 2", "btsp_binary", "sign"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in ALWAYS else pytest.mark.slow)
        for name in RULES
        if family(name) not in REFUSED
    ],
)
def test_every_rule_that_lava_holds(name: str) -> None:
    rule = RULES[name]
    given = float_strings(rule, DT)
    assert not given.errors
    drawn = drive(rule)
    found, wanted = lava(rule, given, *drawn), ours(rule, *drawn)
    moved = np.abs(wanted["w"] - drawn[3]).max()
    assert moved > 0
    for variable, values in wanted.items():
        if variable == "w" or values.shape:
            scale = given.scales.get(variable, 1.0)
            error = np.abs(found[variable] / scale - values).max() / max(np.abs(values).max(), moved)
            assert error < LAVA_FLOAT_LEARNING, (variable, error, given.strings)


@pytest.mark.parametrize("name", [name for name in RULES if family(name) in REFUSED])
def test_rules_that_lava_does_not_hold(name: str) -> None:
    with pytest.raises(BackendError, match=REFUSED[family(name)]):
        float_strings(RULES[name], DT)


def test_every_library_rule_is_told_of() -> None:
    assert set(REFUSED) <= {family(name) for name in RULES}


def test_a_constant_off_the_grid_is_reported() -> None:
    """Nothing is free in w -= 0.3 w: 0.3 becomes 5 * 2**-4 = 0.3125."""
    rule = Rule("decay", "", {"x": Trace("pre", 0.02)}, (Term(-0.3, "pre", (Value("w"),)),))
    given = float_strings(rule, DT)
    assert given.strings == {"dw": "-5*2^-4*x0*w"}
    assert given.errors == {"dw: -0.3 pre w": pytest.approx(0.3125 / 0.3 - 1)}
    assert nearest(0.3)[0] == (5, -4)


def test_a_spare_trace_of_the_neuron_holds_a_constant() -> None:
    rule = Rule(
        "decay",
        "",
        {},
        (Term(1.0, "step", (Value("m"),)), Term(-0.3, "step", (Value("w"),))),
        signals={"m": Signal("modulation", {"scale": 2.0})},
    )
    given = float_strings(rule, DT)
    assert (given.errors, given.strings) == ({}, {"dw": "1*2^0*u0*y1-1*2^0*u0*w*y2"})
    assert given.signals["y2"] == Signal("constant", {"value": 0.3})


TERM = Term(1.0, "post", (Value("x"),))
BASE = Rule("r", "", {"x": Trace("pre", 0.02), "y": Trace("post", 0.02)}, (TERM,))


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (
            replace(BASE, weight=(Term(1.0, "post", (Value("pre"),)),)),
            "factor 'pre' behind the gate 'post'",
        ),
        (replace(BASE, weight=(Term(1.0, "pre", (Value("pre", 1, 2.0),)),)), "x0 and y0 take no constant here"),
        (replace(BASE, weight=(Term(1.0, "step", (Before("x"), Before("y"))),)), "two traces 'before'"),
        (replace(BASE, traces={"x": Trace("pre", 0.02, limit=2.0)}), "trace 'x' saturates at 2"),
        (
            replace(BASE, traces={**BASE.traces, "z": Trace("post", 1, overwrites=True)}),
            "takes its target's payloads",
        ),
        (replace(BASE, traces={f"x{k}": Trace("pre", 1) for k in range(3)}), "has 3 of the pre side"),
        (replace(BASE, signals={f"s{k}": Signal("spike", {"scale": 1.0}) for k in range(3)}), "has 4 of the post side"),
        (replace(BASE, weight=(Term(1.0, "pre", (Apply("sigmoid", ((1.0, (Value("x"),)),)),)),)), "Lava has only sgn"),
        (replace(BASE, host=(HostStep("normalise_rows", 1.0, {"total": 1.0}),)), "has the host step 'normalise_rows'"),
        (replace(BASE, weight=(TERM,) * 30), "its dw has 359 characters; Lava holds 256"),
        (
            replace(
                BASE,
                traces={"x": Trace("pre", 0.02, overwrites=True)},
                weight=(Term(1.0, "pre", (Before("x"),)),),
            ),
            "Lava does not keep what a payload overwrote",
        ),
    ],
)
def test_what_is_refused(rule: Rule, says: str) -> None:
    with pytest.raises(BackendError, match=says):
        float_strings(rule, DT)
