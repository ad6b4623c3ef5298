"""The learning engine's reference is Lava's LearningDense, number by number, random numbers included."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neurokit.graph.fixed_plasticity import FixedFactor, FixedRule, FixedSignal, FixedTrace, Product, Variable
from neurokit.lower.fixedpoint.learning import initial_state, learning_step
from tests.hardware.learning_connection import Drive, drive, lava_learning

pytest.importorskip("lava", reason="Lava needs Python 3.10")
RNG = np.random.default_rng
TARGETS, SOURCES = 5, 7


def random_rule(seed: int) -> FixedRule:
    """Any rule that Lava's grammar holds: factors, constants, signs, epochs, decimation, graded spikes, sign modes."""
    rng = RNG(seed)
    three = bool(rng.integers(2))
    traces = {
        name: FixedTrace(
            round(float(rng.uniform(0, 127)), int(rng.integers(3))), float(rng.choice([0, 1, 7.5, 30, 65535]))
        )
        for name in ("x1", "x2", *(() if three else ("y1", "y2", "y3")))
    }
    if rng.random() < 0.3:
        traces["x1"] = replace(traces["x1"], overwrites=True)
    return FixedRule(
        name=f"random {seed}",
        dw=_products(rng, 1, 4),
        dt=_products(rng, 0, 3),
        dd=_products(rng, 0, 3),
        traces=traces,
        signals={f"y{k}": FixedSignal("modulation") for k in rng.permutation([1, 2, 3])[:2]} if three else {},
        epoch=int(rng.integers(1, 9)),
        decimation=int(rng.integers(0, 4)),
        bounds=[(-256, 255), (0, 255), (-255, 0)][rng.integers(3)],
        tag_start=int(rng.integers(-100, 100)),
        second_tag_start=int(rng.integers(0, 200)),
        seed=int(rng.integers(1000)),
    )


def _products(rng: Any, least: int, most: int) -> tuple[Product, ...]:
    return tuple(_product(rng) for _ in range(rng.integers(least, most + 1)))


def _product(rng: Any) -> Product:
    variables: list[Variable] = ["x0", "y0", "x1", "x2", "y1", "y2", "y3", "w", "t", "d"]
    factors = []
    for _ in range(rng.choice([0, 1, 1, 2, 2, 3])):
        variable = variables[rng.integers(len(variables))]
        sign = variable in ("w", "t", "d") and rng.random() < 0.3
        constant = int(rng.integers(-130, 130)) if rng.random() < 0.4 else 0
        factors.append(FixedFactor(variable, constant, sign))
    mantissa = int(rng.choice([*range(-7, 0), *range(1, 8)]))
    dependency: Any = ["x0", "y0", "u"][rng.integers(3)]
    return Product(mantissa, int(rng.integers(-7, 4)), dependency, tuple(factors))


def start_weight(rule: FixedRule, seed: int) -> NDArray[np.int64]:
    return RNG(seed).integers(rule.bounds[0], rule.bounds[1] + 1, (TARGETS, SOURCES))


def our_learning(rule: FixedRule, weight: NDArray[Any], given: Drive) -> dict[str, NDArray[Any]]:
    state = initial_state(rule, weight)
    found: dict[str, list[Any]] = {
        name: [] for name in ("weights", "tag_1", "tag_2", "x1", "x2", "y1", "y2", "y3", "a_out")
    }
    arrives = np.zeros(TARGETS, np.int64)
    for t in range(len(given.sent)):
        found["a_out"].append(arrives)
        arrives = state.weight @ given.sent[t]
        signals = None if given.signals is None else given.signals[t]
        state = learning_step(rule, state, given.sent[t], given.fired[t], signals)
        for name, value in (
            ("weights", state.weight),
            ("tag_1", state.tag),
            ("tag_2", state.second_tag),
            *zip(("x1", "x2"), state.x, strict=True),
            *zip(("y1", "y2", "y3"), state.y, strict=True),
        ):
            found[name].append(value)
    return {name: np.array(values) for name, values in found.items()}


def same_as_lava(rule: FixedRule, steps: int, seed: int) -> None:
    given = drive(rule, TARGETS, SOURCES, steps, seed)
    weight = start_weight(rule, seed)
    lavas, ours = lava_learning(rule, weight, given), our_learning(rule, weight, given)
    assert lavas["weights"].std() > 0
    for name, values in lavas.items():
        np.testing.assert_array_equal(ours[name], values, f"{name} of {rule.name}")


@pytest.mark.parametrize("seed", [0, 1, 3, 4, 7, 9])
def test_random_rules(seed: int) -> None:
    same_as_lava(random_rule(seed), 120, seed)


def test_tags_at_their_lower_bound() -> None:
    """-257 one time in 128."""
    rule = FixedRule("down", (Product(1, 0, "x0"),), (Product(-7, 8, "u"),), tag_start=-256)
    same_as_lava(rule, 500, 1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(100, 130))
def test_random_rules_for_ten_thousand_steps(seed: int) -> None:
    same_as_lava(random_rule(seed), 10_000, seed)
