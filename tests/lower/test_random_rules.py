"""Any sound rule becomes a FixedRule within the engine's ranges, or faults that are whole: nothing else may come up."""

import numpy as np
import pytest

import neurokit.rules as rules
from neurokit.errors import CompileError, RuleError
from neurokit.graph.check_fixed_rules import fixed_rule_faults
from neurokit.graph.fixed_plasticity import EXPONENT_RANGE
from neurokit.graph.lif_family import ALIF
from neurokit.graph.plasticity import Signal, Trace
from neurokit.lower.plasticity_alone import lower_alone

NEURON = ALIF(tau=np.asarray(0.02), tau_adaptation=np.asarray(0.2), beta=np.asarray(0.02))
SIGNALS = {
    "m": Signal("modulation", {"scale": 1.5}),
    "n": Signal("modulation_negative", {"scale": -0.5}),
    "r": Signal("reward", {"scale": 2.0}, limit=1.0),
    "z": Signal("modulation_trace", {"scale": 0.1, "tau": 0.3}),
    "psi": Signal("pseudo_derivative", {"dampening": 0.3, "scale": 1.0}),
    "c": Signal("constant", {"value": 0.5}),
    "s": Signal("spike", {"scale": 1.0}),
    "st": Signal("spike_trace", {"impulse": 0.7, "tau": 0.02}),
    "up": Signal("potential_above", {"scale": 1.0, "level": 0.5}),
    "down": Signal("potential_below", {"scale": 1.0, "level": 0.2}),
}


def random_rule(rng):
    """A rule of one to four terms a variable; RuleError for those that are not sound."""
    traces = {
        "x1": Trace("pre", float(rng.choice([0.005, 0.02, 1.0, np.inf])), float(rng.choice([1.0, -0.5, 3.0]))),
        "x2": Trace("pre", 0.05, 1.0, limit=float(rng.choice([np.inf, 2.0]))),
        "y1": Trace("post", 0.03, 2.0),
        "y2": Trace("post", 0.2, 1.0, limit=float(rng.choice([np.inf, 4.0]))),
    }
    names = [*traces, "w", "tag", "tag2", *(SIGNALS if rng.random() < 0.6 else ())]

    def factor():
        name = str(rng.choice(names))
        kind = rng.integers(8)
        if kind == 0 and name in traces:
            return f"before({name})"
        if kind == 1:
            return f"({rng.uniform(-2, 2):.3f} - {name})"
        if kind == 2:
            return f"{rng.choice(['sgn', 'step', 'abs', 'rectified', 'square'])}({rng.choice(['w', 'tag'])} - 0.3)"
        return name

    def total(most):
        found = []
        for _ in range(rng.integers(1, most)):
            gate = str(rng.choice(["pre", "post", "step", "rate", "pre * post"]))
            size = rng.choice([-1, 1]) * 10.0 ** rng.uniform(-4, 1)
            found.append(" * ".join([f"({size:.4g})", gate, *(factor() for _ in range(rng.integers(0, 4)))]))
        return " + ".join(found)

    weight, tag = total(4), (total(3) if rng.random() < 0.5 else "")
    second = total(3) if rng.random() < 0.2 else ""
    text = f" {weight} {tag} {second} ".replace("(", "( ").replace(")", " )")
    return rules.rule(
        "random",
        weight=weight,
        tag=tag,
        second_tag=second,
        traces={n: t for n, t in traces.items() if f" {n} " in text},
        signals={n: s for n, s in SIGNALS.items() if f" {n} " in text},
        bounds=[(-np.inf, np.inf), (0.0, 2.0), (-1.0, 1.0), (-3.0, 0.0)][rng.integers(4)],
        tag_start=float(rng.choice([0.0, 0.1])),
    )


@pytest.mark.parametrize("seed", range(40))
def test_random_rules(seed):
    rng = np.random.default_rng(seed)
    while True:
        try:
            rule = random_rule(rng)
            break
        except RuleError:  # a tag that nothing uses, say
            continue
    heard = {"modulation": 1.0, "reward": 1.0}
    arithmetic = str(rng.choice(["lava", "repaired"]))
    try:
        fixed = lower_alone(rule, dt=1e-3, neuron=NEURON, weight=np.ones(1), modulation=heard, arithmetic=arithmetic)
    except CompileError as error:
        unsaid = [f for f in error.faults if not all((f.node, f.fact, f.limit, f.mend)) or f.mend[-1] != "."]
        if unsaid or not error.faults:
            raise AssertionError(unsaid) from error
        return
    assert fixed_rule_faults(fixed) == []
    for product in (*fixed.dw, *fixed.dt, *fixed.dd):
        assert EXPONENT_RANGE[0] <= product.exponent <= EXPONENT_RANGE[1]
    assert {slot[0] for name, slot in fixed.report.assigned.items() if name in rule.traces} <= {"x", "y"}
    assert all(np.isfinite(error) for error in fixed.report.errors.values())
