"""The simulator, Lava and the plain interpreter learn alike: all variables of whole networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.conformance.learning import interpret_learning
from neurokit.graph.check_fixed_rules import fixed_rule_faults
from neurokit.graph.fixed_plasticity import FixedRule, FixedSignal, Product
from neurokit.graph.learned import plastic_projections, variables, weights_of
from neurokit.graph.network import Program
from neurokit.graph.synapses import Synapse
from tests.hardware.learning_programs import PAIR, PROGRAMS, dense, inputs_for, listed, made
from tests.hardware.test_lava_learning import random_rule
from tests.overflowing import ON_PURPOSE

pytestmark = [ON_PURPOSE, pytest.mark.filterwarnings("ignore::neurokit.errors.RailWarning")]
pytest.importorskip("lava", reason="Lava needs Python 3.10")
EVERY, STEPS = 5, 40
SIGNALS = {
    "modulation": {"scale": 0.3},
    "modulation_positive": {"scale": 1.0},
    "modulation_negative": {"scale": 0.5},
    "modulation_trace": {"scale": 0.2, "tau": 6.0},
    "reward": {"scale": -0.4},
    "pseudo_derivative": {"dampening": 0.3, "scale": 300.0},
    "constant": {"value": -33.0},
    "spike_trace": {"impulse": 30.5, "tau": 9.0},
    "spike": {"scale": 90.0},
    "potential_above": {"scale": 0.01, "level": 700.0},
    "potential_below": {"scale": 0.01, "level": 700.0},
}


def rule(seed: int) -> FixedRule:
    """A random one, of a source of plain spikes; with signals y1 to y3 have one each."""
    drawn, rng = random_rule(seed), np.random.default_rng(seed)
    traces = {
        name: replace(trace, impulse=round(256 * trace.impulse) / 256, overwrites=False)
        for name, trace in drawn.traces.items()
    }
    chosen = rng.choice([*SIGNALS], 3, replace=False)
    signals = {f"y{k + 1}": FixedSignal(str(name), SIGNALS[name]) for k, name in enumerate(chosen)}
    found = replace(drawn, traces=traces, signals=signals if drawn.signals else {})
    dw, dt, dd = (sound(found, products) for products in (drawn.dw, drawn.dt, drawn.dd))
    return replace(found, dw=dw or (Product(3, 0, "x0"),), dt=dt, dd=dd)


def sound(rule: FixedRule, products: tuple[Product, ...]) -> tuple[Product, ...]:
    """Those that `check` lets pass, after their factors x0 and y0 were left out and constants made smaller."""
    kept = []
    for product in products:
        factors = (replace(f, constant=f.constant % 120) for f in product.factors if f.variable not in ("x0", "y0"))
        plain = replace(product, factors=tuple(factors))
        if not [*fixed_rule_faults(replace(rule, dw=(plain,), dt=(), dd=()))]:
            kept.append(plain)
    return tuple(kept)


def network(seed: int) -> Program:
    """Two populations that learn from an input, from each other and from themselves, and hear third factors."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(["lif", "soft", "refractory", "scheduled", "alif"], 2)
    rules = [rule(1000 * seed + k) for k in range(4)]
    signs = {(-256, 255): "mixed", (0, 255): "excitatory", (-255, 0): "inhibitory"}
    make = [(dense, listed)[k] for k in rng.integers(0, 2, 4)]
    ends = [("in", "a", 6, 8), ("a", "out", 5, 6), ("out", "a", 6, 5), ("out", "out", 5, 5)]
    joined: list[tuple[str, str, Synapse, str, FixedRule | None]] = []
    for k, (source, target, rows, columns) in enumerate(ends):
        synapse = make[k](seed + k, rows, columns, signs[rules[k].bounds], int(rng.integers(-2, 2)))
        joined.append((source, target, synapse, "", rules[k]))
    joined.append(("in2", "out", dense(seed + 9, 5, 3, "excitatory", 1), "", None))
    for target, rows in (("a", 6), ("out", 5)):
        here = [one for one, end in zip(rules, ends, strict=True) if end[1] == target]
        joined += [("in2", target, dense(seed, rows, 3), port, None) for port in heard(here)]
    populations = {"a": ((6,), str(kinds[0])), "out": ((5,), str(kinds[1]))}
    return made({"in": (8,), "in2": (3,)}, populations, joined)  # type: ignore[arg-type]


def heard(rules: list[FixedRule]) -> list[str]:
    """Third-factor ports that one of `rules` listens at."""
    functions = {signal.function for one in rules for signal in one.signals.values()}
    ports = ["modulation"] if any(name.startswith("modulation") for name in functions) else []
    return [*ports, *(["reward"] if "reward" in functions else [])]


def alike(program: Program, backends: tuple[str, ...]) -> None:
    inputs = inputs_for(program, 3, STEPS)
    wanted = interpret_learning(program, inputs, STEPS)
    plastic = plastic_projections(program)
    states = [(name, state) for name, p in program.populations.items() for state in p.neuron.states]
    learned = [(name, variable) for name, p in plastic.items() for variable in variables(program, p)]
    weights = [wanted.variables[name, "weight"] for name in plastic]
    assert any((values[:, -1] != values[0, 0]).any() for values in weights)
    for backend in backends:
        keys = (*program.populations, *states, *learned)
        found = nk.run(program, inputs, backend=backend, record=keys, record_every=EVERY)
        for name in program.populations:
            np.testing.assert_array_equal(found.spikes[name], wanted.sent[name], f"spikes of {name}, {backend}")
        for key in states:
            np.testing.assert_array_equal(found.states[key], wanted.states[key], f"{key}, {backend}")
        for key in learned:
            values = wanted.variables[key][:, EVERY - 1 :: EVERY]
            np.testing.assert_array_equal(found.states[key], values, f"{key}, {backend}")
        for mine, theirs in zip(found.program.projections, wanted.program.projections, strict=True):
            if mine.plasticity is not None:
                np.testing.assert_array_equal(weights_of(mine), weights_of(theirs))


def test_a_network_made_by_hand() -> None:
    """Of the others the simulator and Lava have tests of their own against the interpreter."""
    alike(PROGRAMS["graded"], ("simulator", "lava-inprocess"))


@pytest.mark.parametrize("listing", [dense, listed], ids=["dense", "sparse"])
def test_currents_wrap_where_large_exponents_make_them(listing) -> None:  # type: ignore[no-untyped-def]
    """Weights of 250 << 7 from 6 sources: beyond the 24 bits of a current, though their mantissas are not."""
    synapse = listing(1, 4, 6, "excitatory", 7)
    weight = synapse.weight * 0 + 250 if listing is dense else synapse.weight
    if listing is listed:
        weight = weight.copy()
        weight.data[:] = 250
    joined = [("in", "out", replace(synapse, weight=weight), "", replace(PAIR, bounds=(0, 255)))]
    program = made({"in": (6,)}, {"out": ((4,), "lif")}, joined)  # type: ignore[arg-type]
    x = np.ones((1, 30, 6), np.int64)
    wanted = interpret_learning(program, {"in": x}, 30)
    for backend in ("simulator", "lava-inprocess"):
        found = nk.run(program, x, backend=backend, record=(("out", "u"), "out"))
        np.testing.assert_array_equal(found.states["out", "u"], wanted.states["out", "u"])
        np.testing.assert_array_equal(found.spikes["out"], wanted.sent["out"])
    assert (wanted.states["out", "u"] < 0).any()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(1, 23))
def test_random_networks(seed: int) -> None:
    alike(network(seed), ("simulator", "lava-inprocess"))
