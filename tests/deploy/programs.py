"""A Program of stock parts, and one that has other parts."""

from __future__ import annotations

import numpy as np

from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Dense

STEPS = 12


def lif(**changes):
    return LoihiLIF(**{"current_decay": 1024, "voltage_decay": 128, "threshold": 64 * 90, **changes})


def program(**changes):
    """5 -> 4 -> 3; names with a slash, a space and a letter beyond ASCII."""
    rng = np.random.default_rng(3)
    populations = {
        "a/b": Population("a/b", (4,), lif(**changes)),
        "äus out": Population("äus out", (3,), lif(bias_mantissa=np.array([0, 40, 90]), bias_exponent=4)),
    }
    projections = (
        Projection("in", "a/b", (Dense(rng.integers(-60, 128, (4, 5))),), 1),
        Projection("a/b", "äus out", (Dense(rng.integers(-60, 128, (3, 4))),), 2),
    )
    out = {"äus out": populations["äus out"]}
    return Program({"in": Input("in", (5,))}, populations, projections, out, latency={"a/b": 1, "äus out": 3})


def not_stock():
    return program(reset="soft", reset_value=np.asarray(64 * 90))


def data(batch=2):
    return (np.random.default_rng(4).random((batch, STEPS, 5)) < 0.6).astype(np.uint8)
