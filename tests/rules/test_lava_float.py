"""Lava's floating point learning engine computes what the float interpretation does, for rules whose constants are on
its grid: LearningDense of lava-nc 0.10.0 runs the string that is printed from the rule's products."""

import math
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from neurokit.graph.fixed_plasticity import FixedFactor, Product
from neurokit.graph.fixed_plasticity_text import lava_string
from neurokit.graph.plasticity import Before, Rule, Signal, Term, Trace, Value
from neurokit.graph.synapses import Dense
from neurokit.lower.plastic_synapses import places
from neurokit.lower.plasticity_float import FloatLearner

pytest.importorskip("lava")
GATES = {"pre": "x0", "post": "y0", "step": "u"}
CHIP = {"tag": "t", "tag2": "d", "pre": "x0", "post": "y0"}
STEPS, SOURCES, TARGETS = 300, 6, 5
Y_DECAY = math.exp(-1 / 65535)  # of the y that three-factor rules get from a neuron: lava-nc 0.10.0, learning_rule.py

PAIR = Rule(
    "pair",
    "",
    {"x1": Trace("pre", 20), "y1": Trace("post", 30, 2.0)},
    (Term(2.0**-4, "post", (Value("x1"),)), Term(-(2.0**-5), "pre", (Value("y1"),))),
)
TRIPLET = Rule(
    "triplet",
    "",
    {"x1": Trace("pre", 17), "x2": Trace("pre", 101), "y1": Trace("post", 34), "y2": Trace("post", 125)},
    (
        Term(2.0**-6, "post", (Value("x1"),)),
        Term(2.0**-5, "post", (Value("x1"), Before("y2"))),
        Term(-(2.0**-5), "pre", (Value("y1"),)),
        Term(-3 * 2.0**-7, "pre", (Value("y1"), Before("x2"))),
    ),
)
BOUNDED = Rule(
    "weight-dependent, two tags",
    "",
    {"x1": Trace("pre", 40), "x2": Trace("pre", 9, 0.5), "y1": Trace("post", 20)},
    (
        Term(2.0**-3, "step", (Value("tag"), Value("w", -1, 3))),
        Term(-(2.0**-6), "pre", (Value("y1"), Value("w"))),
        Term(2.0**-7, "pre", (Value("x2"), Value("tag2"))),
    ),
    tag=(Term(0.25, "post", (Value("x1"),)), Term(-(2.0**-4), "step", (Value("tag"),))),
    second_tag=(Term(0.5, "pre", (Value("x2"),)), Term(-(2.0**-5), "step", (Value("tag2", 1, -2),))),
    second_tag_start=3.0,
)
MODULATION = {name: Signal("modulation", {"scale": 1.0}) for name in ("y1", "y2", "y3")}
EPROP = Rule(
    "e-prop with the chip's order",
    "",
    {"x1": Trace("pre", 20)},
    (Term(1.0, "step", (Value("tag"), Value("y2"))),),
    tag=(
        Term(1.0, "step", (Value("x1"), Value("y1"))),
        Term(-1.0, "pre", (Value("y1"),)),
        Term(-6 * 2.0**-7, "step", (Value("tag"),)),
    ),
    signals=MODULATION,
)
EVERY_FOURTH = Rule(
    "an epoch of four steps",
    "",
    {"x1": Trace("pre", 20), "y1": Trace("post", 12)},
    (Term(2.0**-3, "post", (Value("x1"),)), Term(-(2.0**-4), "pre", (Value("y1"), Value("w")))),
    tag=(Term(2.0**-4, "step", (Value("x1"), Value("y1"))),),
    interval=4,
)
RULES = PAIR, TRIPLET, BOUNDED, EPROP, EVERY_FOURTH


def products(terms, traces):
    """The terms one by one as products of the chip; scales are mantissas times powers of two."""
    found = []
    for term in terms:
        mantissa, exponent = math.frexp(term.scale)
        while mantissa % 1:
            mantissa, exponent = 2 * mantissa, exponent - 1
        factors = []
        for factor in term.factors:
            if isinstance(factor, Before):  # behind a gate of its own side only
                assert GATES[term.gate][0] == factor.trace[0]
                factors.append(FixedFactor(factor.trace, -int(traces[factor.trace].impulse)))
            elif factor.coefficient == -1:  # as (w - c), and the sign goes to the mantissa
                mantissa = -mantissa
                factors.append(FixedFactor(CHIP.get(factor.variable, factor.variable), -int(factor.offset)))
            else:
                factors.append(FixedFactor(CHIP.get(factor.variable, factor.variable), int(factor.offset)))
        found.append(Product(int(mantissa), exponent, GATES[term.gate], tuple(factors)))
    return found


def strings(rule):
    """The rule as Lava reads it."""
    sums = {"dw": rule.weight, "dt": rule.tag, "dd": rule.second_tag}
    return {name: lava_string(products(terms, rule.traces), 0) for name, terms in sums.items() if terms}


def data(seed):
    """Spikes of both sides, at most one a neuron in four steps, three signals, start weights.

    Of a second spike in an epoch Lava takes the impulse for one at the epoch's start.
    """
    rng = np.random.default_rng(seed)
    pre, post = np.zeros((STEPS, SOURCES), np.bool_), np.zeros((STEPS, TARGETS), np.bool_)
    for spikes in (pre, post):
        for begin in range(0, STEPS, 4):
            some = np.flatnonzero(rng.random(spikes.shape[1]) < 0.35)
            spikes[begin + rng.integers(0, 4, len(some)), some] = True
    return pre, post, rng.normal(size=(3, STEPS, TARGETS)), rng.normal(size=(TARGETS, SOURCES))


LAVA = """
import sys
import numpy as np
from lava.magma.core.learning.learning_rule import Loihi2FLearningRule, Loihi3FLearningRule
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import LearningDense
from lava.proc.io.source import RingBuffer

given = np.load(sys.argv[1], allow_pickle=False)
pre, post = (RingBuffer(data=given[name].T.astype(float)) for name in ("pre", "post"))
signals = [RingBuffer(data=given["signals"][k].T) for k in range(3)]
layers = []
for k in range(int(given["count"])):
    options = eval(str(given[f"rule{k}"]))
    three = options.pop("three")
    weight = given["weight"]
    second = options.pop("second")
    rule = (Loihi3FLearningRule if three else Loihi2FLearningRule)(**options)
    layer = LearningDense(weights=weight, tag_2=np.full(weight.shape, second), learning_rule=rule)
    pre.s_out.connect(layer.s_in)
    post.s_out.connect(layer.s_in_bap)
    if three:
        for port, source in zip((layer.s_in_y1, layer.s_in_y2, layer.s_in_y3), signals):
            source.s_out.connect(port)
    layers.append(layer)
pre.run(RunSteps(len(given["pre"])), Loihi2SimCfg(select_tag="floating_pt"))
found = {}
for k, layer in enumerate(layers):
    found |= {f"w{k}": layer.weights.get(), f"t{k}": layer.tag_1.get(), f"d{k}": layer.tag_2.get()}
pre.stop()
np.savez(sys.argv[2], **found)
"""


@pytest.fixture(scope="module")
def lava(tmp_path_factory):
    """Weights and tags after the run of all rules, in a process of its own that is given up after two minutes."""
    folder = tmp_path_factory.mktemp("lava")
    pre, post, signals, weight = data(1)
    given = {"pre": pre, "post": post, "signals": signals, "weight": weight, "count": len(RULES)}
    for k, rule in enumerate(RULES):
        options = {**strings(rule), "second": rule.second_tag_start, "three": bool(rule.signals)}
        options["t_epoch"] = rule.interval or 1
        for name, trace in rule.traces.items():
            options |= {f"{name}_impulse": trace.impulse, f"{name}_tau": trace.tau}
        given[f"rule{k}"] = repr(options)
    np.savez(folder / "given.npz", **given)
    script = folder / "run.py"
    script.write_text(LAVA)
    command = [sys.executable, str(script), str(folder / "given.npz"), str(folder / "found.npz")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=folder) as started:
        try:
            _, said = started.communicate(timeout=120)
        finally:
            if started.poll() is None:  # Lava waits for ever when one of its processes fails: end it with all of them
                os.killpg(started.pid, signal.SIGKILL)
    assert started.returncode == 0, said[-2000:]
    return dict(np.load(folder / "found.npz"))


@pytest.mark.parametrize("k", range(len(RULES)), ids=[rule.name for rule in RULES])
def test_the_float_interpretation_equals_lavas(lava, k):
    rule, (pre, post, signals, weight) = RULES[k], data(1)
    learner = FloatLearner(rule, places(Dense(weight), (SOURCES,)), weight, 1.0)
    for now in range(STEPS):
        factors = {f"y{n + 1}": Y_DECAY * signals[n, now] for n in range(3)} if rule.signals else {}
        learner.step(pre[now], post[now], factors)
    for name, found in (("w", learner.weights), ("t", learner.tags["tag"]), ("d", learner.tags["tag2"])):
        expected = lava[f"{name}{k}"]
        np.testing.assert_allclose(np.broadcast_to(found, expected.shape), expected, rtol=1e-9, atol=1e-9)
    assert np.abs(learner.weights - weight).max() > 0.1
