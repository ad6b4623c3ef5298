"""Steps without input at neurons that forget are left out once these are at rest, and nothing shows of it."""

from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.graph.check import check_program
from neurokit.graph.graded_neurons import FixedRelay
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Conv2d
from neurokit.hardware.simulator import parts
from neurokit.hardware.simulator.backend import Simulator
from neurokit.hardware.simulator.layers import Layer
from tests import reference

SHAPE = (2, 6, 5)
STEPS = 40


@pytest.fixture
def rested(monkeypatch):
    """Rest at any size; the steps that were left out, by population."""
    left_out = {}
    inner = parts.Part._rest

    def rest(part, first, last, now, states):
        done = inner(part, first, last, now, states)
        if done:
            (stage,) = part.stages
            left_out.setdefault(stage.name, []).extend(range(now + first, now + last))
        return done

    monkeypatch.setattr(parts.Part, "_rest", rest)
    monkeypatch.setattr(parts, "FEW_STEPS", STEPS)
    monkeypatch.setattr(parts, "CACHED_BYTES", 1)  # a step at a time, as of large populations
    return left_out


def program(seed=0, **how):
    """in -> relay -> a -> b, and in -> b 7 steps later; `how`: of the neurons a."""
    rng = np.random.default_rng(seed)
    populations = {
        "relay": Population("relay", SHAPE, FixedRelay(multiplier=np.asarray(3), shift=np.asarray(2))),
        "a": Population("a", SHAPE, LoihiLIF(**{"current_decay": 4096, "voltage_decay": 4096, "threshold": 640} | how)),
        "b": Population("b", SHAPE, LoihiLIF(current_decay=4096, voltage_decay=4096, threshold=64 * 20)),
    }
    maps = [Conv2d(rng.integers(-9, 10, (2, 2, 3, 3)), padding=1) for _ in range(4)]
    ends = [("in", "relay", 1), ("relay", "a", 1), ("a", "b", 1), ("in", "b", 7)]
    projections = tuple(
        Projection(source, target, (synapse,), np.asarray(delay))
        for (source, target, delay), synapse in zip(ends, maps, strict=True)
    )
    return check_program(Program({"in": Input("in", SHAPE)}, populations, projections, {"b": populations["b"]}))


def pulses():
    """Payloads in a few steps only, two of them side by side."""
    values = np.zeros((STEPS, *SHAPE), int)
    for step in (0, 11, 12, 30):
        values[step] = np.random.default_rng(step).integers(-3, 4, SHAPE)
    return values


HOW = [
    ({}, True),
    ({"bias_mantissa": np.asarray(100)}, True),  # v rests at the bias
    ({"bias_mantissa": np.asarray(700)}, False),  # fires by itself
    ({"voltage_decay": 128}, False),
    ({"current_decay": 0, "voltage_decay": 128, "reset_interval": 1}, True),
    ({"reset_interval": 1, "reset_offset": 5, "bias_mantissa": np.asarray(9)}, True),
    ({"reset_interval": 1, "reset_offset": 20, "held": True, "bias_mantissa": np.asarray(9)}, True),
    ({"reset_interval": 4, "reset_offset": 2}, True),
]


@pytest.mark.parametrize(("how", "rests"), HOW)
def test_nothing_shows(rested, how, rests):
    made, values = program(**how), pulses()
    watched = ("a", "b", "relay", ("a", "u"), ("a", "v"), ("b", "v"), ("relay", "v"))
    found = nk.run(made, values, backend=Simulator(1), record=watched)
    wanted = reference.run(made, {"in": values}, STEPS)
    for name in ("a", "b", "relay"):
        np.testing.assert_array_equal(found.spikes[name], wanted.spikes[name], name)
    for state, held in (("u", wanted.u), ("v", wanted.v)):
        np.testing.assert_array_equal(found.states["a", state], held["a"], state)
    np.testing.assert_array_equal(found.states["b", "v"], wanted.v["b"])
    assert len(rested["relay"]) > STEPS // 2
    assert ("a" in rested) == rests
    quiet = set(np.flatnonzero(~wanted.spikes["relay"].reshape(STEPS, -1).any(axis=1)) + 1)
    assert set(rested.get("a", ())) <= quiet | {0}


def test_a_reset_ends_the_rest(rested):
    made, values = program(bias_mantissa=np.asarray(100)), pulses()
    with nk.open(made, Simulator(1)) as session:
        first = session.step(values)
        session.reset()
        again = session.step(values)
    np.testing.assert_array_equal(first, again)
    assert first.any()
    assert {"relay", "a", "b"} <= set(rested)


def test_a_step_by_dot_products_ends_the_rest(rested, monkeypatch):
    """Neurons at rest, steps that `Layer` runs, of which the last is not silent, and silence again."""
    monkeypatch.setattr(Layer, "suits", lambda self, rows: rows.any())
    whole = program()
    maps = tuple(replace(p, source="in") for p in whole.projections if p.target == "a")
    a = {"a": whole.populations["a"]}
    made = check_program(Program(whole.inputs, a, maps, a))
    values = (np.random.default_rng(0).random((12, *SHAPE)) < 0.5).astype(np.uint8)
    values[[0, 1, 2, 5, 6, 7, 8, 9]] = 0
    with nk.open(made, Simulator(1), record=(("a", "v"),)) as session:
        blocks = [(session.step(x), session.states["a", "v"]) for x in np.split(values, 4)]
    wanted = reference.run(made, {"in": values}, len(values))
    np.testing.assert_array_equal(np.concatenate([spikes for spikes, _ in blocks]), wanted.spikes["a"])
    np.testing.assert_array_equal(np.concatenate([v for _, v in blocks]), wanted.v["a"])
    assert wanted.v["a"][5].any()
    assert {1, 2, 7, 8} <= set(rested["a"])
