"""Rows that learn in every step against the definition, evaluation by evaluation: every number at its ends.

A network seldom gets weights, tags, traces and random numbers to their ends all at once; here they are written there.
"""

from dataclasses import replace

import numpy as np
import pytest

from neurokit.graph.check_fixed_rules import fixed_rule_faults
from neurokit.graph.fixed_plasticity import FixedFactor, FixedRule, FixedSignal, FixedTrace, Product
from neurokit.hardware.simulator.plastic_cache import kernels_of
from neurokit.hardware.simulator.plastic_rows import is_narrow
from neurokit.hardware.simulator.plastic_shape import X_TRACES, Y_TRACES, constants_of, shape_of
from neurokit.hardware.simulator.plastic_steps import FLAGS, Held
from neurokit.hardware.simulator.vectors import LANES
from neurokit.lower.fixedpoint.learning import WIDTHS, LearningState, _changed, _Terms, product_shift

TARGETS = 1, 7, 8, 9, 31, 32, 33, 65  # on both sides of every vector
LEARNERS, SOURCES, WAITING = 3, 5, 8
SIGN_MODES = (-256, 255), (0, 255), (-255, 0)


def random_factor(rng, name):
    most, constant = (1 << WIDTHS[name]) - 1, 0
    if name not in ("x0", "y0") and rng.random() < 0.4:
        constant = int(rng.choice([-most, most, 1, -1, rng.integers(-most, most + 1)]))
    return FixedFactor(name, constant, bool(name in "wtd" and rng.random() < 0.35))


def random_product(rng):
    gate = str(rng.choice(["x0", "u", "u"]))
    names = rng.choice([name for name in WIDTHS if name != gate], rng.integers(0, 5))
    mantissa, exponent = rng.choice([-7, 7, 1, -1, 3, -6]), rng.choice([-7, 8, rng.integers(-7, 9)])
    return Product(int(mantissa), int(exponent), gate, tuple(random_factor(rng, str(name)) for name in names))


def random_rule(rng, narrow):
    """A rule whose rows change in every step, in 16 bits or in 32, and its shape."""
    while True:
        dw, dt, dd = (tuple(random_product(rng) for _ in range(rng.integers(*n))) for n in ((1, 5), (0, 4), (0, 4)))
        third = rng.random() < 0.5
        traces = dict.fromkeys(X_TRACES if third else (*X_TRACES, *Y_TRACES), FixedTrace(10.0, 10.0))
        signals = dict.fromkeys(Y_TRACES if third else (), FixedSignal("constant", {"value": 1.0}))
        bounds = SIGN_MODES[rng.integers(3)]
        rule = FixedRule("ends", dw, dt, dd, traces=traces, signals=signals, bounds=bounds)
        shape = shape_of(rule, dense=True)
        if shape.steady and is_narrow(shape) == narrow and not fixed_rule_faults(rule):
            return rule, shape


def at_ends(rng, low, high, size):
    """Mostly the ends and what is next to them and to zero."""
    near = np.clip(rng.choice([low + 1, high - 1, 0, 1, -1], size), low, high)
    which = rng.random(size)
    return np.where(
        which < 0.4, rng.choice([low, high], size), np.where(which < 0.6, near, rng.integers(low, high + 1))
    )


def padded(values):
    room = -(-values.shape[-1] // LANES) * LANES - values.shape[-1]
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, room)]).astype(np.int16)


def evaluations(rng, rule, targets):
    """Synapses, traces, spikes and numbers, as `plastic_steps` leaves them: a tag may be low where `forced`."""
    rows = (LEARNERS, SOURCES, targets)
    ends = {"w": rule.bounds, "t": (-256, 255), "d": (0, 255)}
    found = {v: at_ends(rng, *bounds, rows) for v, bounds in ends.items()}
    number = rng.choice([0, 127, 127, 1, 126, 64], (LEARNERS, WAITING))
    forced = rng.random(number.shape) < 0.3
    forced[:, 1:] |= number[:, :-1] == 127
    if rule.dt and rng.random() < 0.5:
        found["t"][rng.random(rows) < 0.1], forced[:, 0] = -257, True
    found |= {"number": number, "forced": forced, "due": rng.random(number.shape) < 0.7}
    found["x"] = at_ends(rng, 0, 127, (LEARNERS, WAITING, 2, SOURCES))
    found["y"] = at_ends(rng, -127 if rule.signals else 0, 127, (LEARNERS, WAITING, 3, targets))
    found["sent"] = rng.random((LEARNERS, WAITING, SOURCES)) < 0.5
    found["fired"] = rng.random((LEARNERS, WAITING, targets)) < 0.5
    return found


def held_of(rule, shape, now, targets):
    flags = np.zeros((LEARNERS, WAITING, FLAGS), np.int64)
    for place, name in ((1, "due"), (2, "forced"), (3, "number")):
        flags[..., place] = now[name]
    xs = now["x"][:, :, [X_TRACES.index(n) for n in shape.x_traces]].astype(np.int16)[:, :, None].copy()
    ys = padded(now["y"][:, :, [Y_TRACES.index(n) for n in shape.y_traces]])[:, :, None].copy()
    yt, none = padded(-now["fired"].astype(int)), np.zeros(0, np.int64)
    w, t, d = (padded(now[v]) for v in "wtd")
    sent, fired, seen = now["sent"].astype(np.int16), yt.astype(np.int32), np.zeros((LEARNERS, SOURCES), np.int64)
    constants = np.array(constants_of(rule), np.int64)
    return Held(
        seen, w, t, d, none.astype(np.int32), none, xs, sent, ys, ys[:, :, 0], yt, fired, flags, constants, targets
    )


def by_definition(rule, now, m, i, stop):
    """Row i of learner m: w, t and d, each (targets, 1)."""
    w, t, d = (now[v][m, i].astype(np.int64)[:, None] for v in "wtd")
    for e in range(stop):
        x, y, times = now["x"][m, e, :, [i]].T, now["y"][m, e], now["sent"][m, e, [i]].astype(int)
        state = LearningState(w, t, d, x, y, times, now["fired"][m, e].astype(int), step=1)
        terms = _Terms(rule, state, np.stack([x, x]), np.stack([y, y]))
        terms.gates["u"] = np.int64(now["due"][m, e])
        number = now["number"][m, e]
        args = terms, lambda rest, number=number: np.asarray(number < rest)
        w, t, d = (
            _changed(rule, w, rule.dw, *args, rule.bounds, rule.bounds),
            _changed(rule, t, rule.dt, *args, None, (-257, 255)),
            _changed(rule, d, rule.dd, *args, (0, 255), (0, 255)),
        )
    return w, t, d


def assert_by_definition(rng, rule, shape):
    """Rows of all sizes, some of which are listed."""
    for targets in TARGETS:
        now, stop = evaluations(rng, rule, targets), int(rng.integers(3, WAITING + 1))
        held, listed = held_of(rule, shape, now, targets), np.tile(rng.permutation(SOURCES), (LEARNERS, 1))
        number = rng.integers(1, SOURCES, LEARNERS)
        kernels_of(shape).refresh((1, LEARNERS), listed, number, stop, held)
        for m in range(LEARNERS):
            for place, i in enumerate(listed[m]):
                steps = stop if m > 0 and place < number[m] else 0  # others stay as they are
                for found, wanted in zip((held.w, held.t, held.d), by_definition(rule, now, m, i, steps), strict=True):
                    np.testing.assert_array_equal(found[m, i, :targets], wanted[:, 0])
                assert held.seen[m, i] == steps


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (0, *range(2, 40)))])
def test_every_number_at_its_ends(seed):
    """A rule as it was drawn, and with other mantissas where its structure stays."""
    rng = np.random.default_rng(seed)
    rule, shape = random_rule(rng, narrow=seed % 5 != 0)
    other = replace(rule, dw=tuple(replace(p, mantissa=-p.mantissa) for p in rule.dw))
    for each in (rule, other) if shape_of(other, dense=True) == shape else (rule,):
        assert_by_definition(rng, each, shape)


@pytest.mark.parametrize(("signs", "narrow"), [(3, True), (5, False)])
def test_shifts_of_all_bits(signs, narrow):
    """Factors of which only the sign counts are as wide as others: what is left of a product is 0 or -1."""
    signed = (FixedFactor("w", 511, True), *[FixedFactor("d", 0, True)] * (signs - 1))
    product = Product(-7, 3, "u", (*signed, FixedFactor("x1")))
    large = () if narrow else (Product(7, -7, "u", tuple(FixedFactor(v, 1) for v in "wtd")),)
    rule = FixedRule("signs", (product,), large, (product,), traces={"x1": FixedTrace(10.0, 10.0)})
    shape = shape_of(rule, dense=True)
    assert not fixed_rule_faults(rule)
    assert product_shift(product) > (31 if signs == 5 else 15)
    assert is_narrow(shape) == narrow
    assert_by_definition(np.random.default_rng(0), rule, shape)
