"""The learning engine without Lava's defects, and what both arithmetics share; equality with Lava: tests/hardware."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurokit.graph.fixed_plasticity import FixedFactor, FixedRule, FixedSignal, FixedTrace, Product
from neurokit.lower.fixedpoint.learning import LearningState, initial_state, learning_step, next_sample
from neurokit.lower.fixedpoint.learning_numbers import key, numbers

PAIR = FixedRule(
    name="pair",
    dw=(
        Product(1, -1, "y0", (FixedFactor("x1"),)),
        Product(-1, -1, "x0", (FixedFactor("y1"),)),
    ),
    traces={"x1": FixedTrace(16, 20), "y1": FixedTrace(16, 20)},
    arithmetic="repaired",
    seed=5,
)


def run(rule: FixedRule, weight: np.ndarray, steps: int, sent: float, fired: float, signals=None) -> LearningState:  # type: ignore[no-untyped-def,type-arg]
    rng, state = np.random.default_rng(1), initial_state(rule, weight)
    for _ in range(steps):
        pre, post = rng.random(weight.shape[1]) < sent, rng.random(weight.shape[0]) < fired
        state = learning_step(rule, state, pre.astype(int), post.astype(int), signals)
    return state


def plain_number(seed: int, stream: int, clock: int, index: int) -> int:
    """The documented hash in Python's integers."""

    def mix(z: int) -> int:
        z &= 0xFFFFFFFF
        z ^= z >> 16
        z = z * 0x7FEB352D % 2**32
        z ^= z >> 15
        z = z * 0x846CA68B % 2**32
        return z ^ (z >> 16)

    return mix(mix(index + 1) ^ mix(mix(mix(seed) ^ stream) ^ clock))


def test_numbers_are_the_documented_hash() -> None:
    for seed, stream, clock in [(0, 0, 1), (5, 15, 7), (2**31, 17, 123_456)]:
        wanted = [plain_number(seed, stream, clock, index) for index in range(50)]
        np.testing.assert_array_equal(numbers(seed, stream, clock, 50), wanted)
    assert key(0, 0, 1) != key(1, 0, 0)


def test_numbers_are_even_and_independent() -> None:
    drawn = np.array([numbers(3, 15, clock, 400) for clock in range(1, 201)]) / 2**32
    assert abs(drawn.mean() - 0.5) < 5 / np.sqrt(12 * drawn.size)
    assert abs(np.corrcoef(drawn[:-1].ravel(), drawn[1:].ravel())[0, 1]) < 5 / np.sqrt(drawn.size)
    assert abs(np.corrcoef(drawn[:, :-1].ravel(), drawn[:, 1:].ravel())[0, 1]) < 5 / np.sqrt(drawn.size)


def test_a_synapse_by_hand() -> None:
    """One pair: the source, five steps later the target."""
    rule = replace(PAIR, traces={"x1": FixedTrace(100, 10), "y1": FixedTrace(0, 0)})
    state, trace = initial_state(rule, np.array([[10]])), 0.0
    for t in range(6):
        state = learning_step(rule, state, np.array([t == 0]), np.array([t == 5]))
        decayed = np.exp(-1 / 10) * trace
        trace = np.floor(decayed) + (plain_number(5, 0, t + 1, 0) / 2**32 < decayed % 1) + 100 * (t == 0)
        assert state.x[0, 0] == trace
    total = (10 << 7) + (int(trace) << 6)  # 2**-1 of a trace in 128ths
    up = plain_number(5, 15, 6, 0) >> 25 < total % 128
    assert state.weight[0, 0] == total // 128 + up


@pytest.mark.parametrize("impulse", [10.25, 10.5, 0.125])
@pytest.mark.parametrize(("arithmetic", "excess"), [("repaired", 1), ("lava", 2)])
def test_fraction_of_an_impulse(impulse: float, arithmetic: str, excess: int) -> None:
    """Lava draws below 128 and compares with 256ths, so that the fraction comes twice as often as it says."""
    rule = replace(PAIR, traces={"x1": FixedTrace(impulse, 0)}, arithmetic=arithmetic)  # type: ignore[arg-type]
    state, total = initial_state(rule, np.zeros((1, 40), int)), 0.0
    steps = 250
    for _ in range(steps):
        state = learning_step(rule, state, np.ones(40, int), np.zeros(1, int))
        total += state.x[0].mean()
    wanted = np.floor(impulse) + excess * (impulse % 1)
    assert abs(total / steps - wanted) < 5 * 0.5 / np.sqrt(steps)


def test_decay_keeps_its_mean() -> None:
    rule = replace(PAIR, traces={"x1": FixedTrace(100, 30)})
    state = initial_state(rule, np.zeros((1, 4000), int))
    for t in range(41):
        state = learning_step(rule, state, np.full(4000, t == 0), np.zeros(1, int))
    assert abs(state.x[0].mean() - 100 * np.exp(-40 / 30)) < 0.1
    assert np.unique(state.x[0]).size > 5  # each neuron has numbers of its own


def test_depression_is_no_stronger_than_potentiation() -> None:
    """x1 y1 is shifted right by 3: Lava makes 0 of 6 and -1 of -6."""
    both = [Product(sign, 7, "u", (FixedFactor("x1"), FixedFactor("y1"))) for sign in (1, -1)]
    changes = {}
    for arithmetic in ("repaired", "lava"):
        for product in both:
            rule = FixedRule(
                "signs", (product,), traces={"x1": FixedTrace(3, 0), "y1": FixedTrace(2, 0)}, arithmetic=arithmetic
            )  # type: ignore[arg-type]
            state = learning_step(rule, initial_state(rule, np.zeros((1, 1), int)), np.ones(1), np.ones(1))
            changes[arithmetic, product.mantissa] = int(state.weight[0, 0])
    assert changes == {("repaired", 1): 0, ("repaired", -1): 0, ("lava", 1): 0, ("lava", -1): -128}


@pytest.mark.parametrize("arithmetic", ["repaired", "lava"])
def test_negative_signals_where_the_target_fires(arithmetic: str) -> None:
    """Lava adds an impulse of nothing and clips the sum at 0."""
    rule = FixedRule(
        "signal",
        (Product(1, 0, "u", (FixedFactor("y1"),)),),
        signals={"y1": FixedSignal("modulation")},
        arithmetic=arithmetic,  # type: ignore[arg-type]
    )
    signals = np.array([[-40, -40], [0, 0], [0, 0]])
    state = learning_step(rule, initial_state(rule, np.zeros((2, 1), int)), np.zeros(1), np.array([1, 0]), signals)
    assert state.weight[:, 0].tolist() == ([-40, -40] if arithmetic == "repaired" else [0, -40])


def test_synapses_round_each_by_their_own_number() -> None:
    spread = {}
    for arithmetic in ("repaired", "lava"):
        rule = FixedRule("half", (Product(1, -2, "u"),), arithmetic=arithmetic)  # type: ignore[arg-type]
        state = run(rule, np.zeros((20, 30), int), 100, 0, 0)
        assert abs(state.weight.mean() - 25) < 5 * np.sqrt(100 * 0.25 * 0.75)
        spread[arithmetic] = state.weight.std()
    assert spread["lava"] == 0
    assert abs(spread["repaired"] - np.sqrt(100 * 0.25 * 0.75)) < 0.5


def test_the_next_sample_keeps_weights_and_goes_on_with_the_numbers() -> None:
    first = run(PAIR, np.full((3, 4), 20), 50, 0.3, 0.3)
    again = next_sample(PAIR, first)
    np.testing.assert_array_equal(again.weight, first.weight)
    assert (again.x == 0).all()
    assert (again.step, again.clock, again.events) == (0, 50, 50)


@pytest.mark.parametrize("epoch", [1, 3, 5])
def test_an_epoch_evaluates_at_its_end_only(epoch: int) -> None:
    rule = replace(PAIR, dw=(Product(1, 0, "u"),), epoch=epoch, decimation=1)
    state, weights = initial_state(rule, np.zeros((1, 1), int)), []
    for _ in range(4 * epoch):
        state = learning_step(rule, state, np.ones(1), np.zeros(1))
        weights.append(int(state.weight[0, 0]))
    assert weights == [(t // epoch) // 2 for t in range(1, 4 * epoch + 1)]
    assert state.events == 4


def test_a_tag_stays_at_its_bound() -> None:
    """Lava clips the sum at -32769 128ths, which one time in 128 is rounded to a tag of -257."""
    for arithmetic, wanted in (("repaired", {-256}), ("lava", {-257, -256})):
        rule = FixedRule("down", (), (Product(-7, 8, "u"),), tag_start=-256, arithmetic=arithmetic)  # type: ignore[arg-type]
        state, found = initial_state(rule, np.zeros((1, 1), int)), set()
        for _ in range(500):
            state = learning_step(rule, state, np.zeros(1), np.zeros(1))
            found.add(int(state.tag[0, 0]))
        assert found == wanted
