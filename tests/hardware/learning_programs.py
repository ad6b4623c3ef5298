"""Programs that learn, small and made by hand: two and three factors, dense, sparse and recurrent, images."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurokit.graph.fixed_plasticity import FixedFactor, FixedRule, FixedSignal, FixedTrace, Product
from neurokit.graph.lif_family import LoihiALIF, LoihiRefractoryLIF
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import FixedNeuron, LoihiLIF
from neurokit.graph.synapses import Dense, Injection, Shape, Sparse, Synapse
from tests.hardware.programs import sparse, weights

RNG = np.random.default_rng
INT = np.asarray


def factors(*names: str) -> tuple[FixedFactor, ...]:
    return tuple(FixedFactor(name) for name in names)  # type: ignore[arg-type]


PAIR = FixedRule(
    name="pair",
    dw=(Product(1, -2, "y0", factors("x1")), Product(-1, -2, "x0", factors("y1"))),
    traces={"x1": FixedTrace(30.25, 10), "y1": FixedTrace(33, 15)},
    seed=3,
)
TRIPLET = FixedRule(
    name="triplet",
    dw=(
        Product(1, 1, "y0", (FixedFactor("x1"), FixedFactor("y2", -16))),
        Product(-1, -1, "x0", factors("y1")),
        Product(-1, -3, "u", factors("w")),
    ),
    traces={"x1": FixedTrace(40, 12), "y1": FixedTrace(16.5, 20), "y2": FixedTrace(16, 40)},
    epoch=3,
    decimation=2,
    seed=11,
)
EPROP = FixedRule(
    name="e-prop",
    dw=(Product(3, -2, "u", factors("t", "y2")), Product(-3, -2, "u", factors("t", "y3"))),
    dt=(
        Product(1, 0, "u", factors("x1", "y1")),
        Product(-1, -1, "x0", factors("y1")),
        Product(-6, -7, "u", factors("t")),
    ),
    traces={"x1": FixedTrace(16, 20)},
    signals={
        "y1": FixedSignal("pseudo_derivative", {"dampening": 0.3, "scale": 100.0}),
        "y2": FixedSignal("modulation_positive", {"scale": 0.01}),
        "y3": FixedSignal("modulation_negative", {"scale": 0.01}),
    },
    seed=5,
)
ADAPTIVE = replace(
    EPROP,
    name="with an adaptation",
    signals={
        "y1": EPROP.signals["y1"],
        "y2": FixedSignal("adaptation_decay", {"dampening": 0.3, "scale": 100.0}),
        "y3": FixedSignal("reward", {"scale": 30.0}),
    },
)
MEMORIES = replace(
    EPROP,
    name="memories",
    signals={
        "y1": FixedSignal("spike_trace", {"impulse": 40.0, "tau": 8.0}),
        "y2": FixedSignal("modulation_trace", {"scale": 0.001, "tau": 5.0}),
        "y3": FixedSignal("spike", {"scale": 20.0}),
    },
    bounds=(0, 255),
    epoch=2,
)
MEMORIES_MIXED = replace(MEMORIES, bounds=(-256, 255))
GRADED = FixedRule(
    name="graded",
    dw=(Product(1, -2, "y0", factors("x1")), Product(-1, -3, "x0", factors("x1"))),
    traces={"x1": FixedTrace(0, 65535, overwrites=True)},
    bounds=(-255, 0),
)

LIF: dict[str, Any] = {"current_decay": INT(1500), "voltage_decay": INT(300), "threshold": INT(64 * 40)}
NEURONS: dict[str, FixedNeuron] = {
    "lif": LoihiLIF(**LIF),
    "soft": LoihiLIF(**(LIF | {"threshold": INT(2500)}), reset="soft", reset_value=INT(2500)),
    "refractory": LoihiRefractoryLIF(**LIF, refractory=INT(3), while_refractory="silent"),
    "scheduled": LoihiLIF(**LIF, reset_interval=17, reset_offset=5, held=True),
    "readout": LoihiLIF(current_decay=INT(4096), voltage_decay=INT(200), threshold=INT(0), emits=False),
    "alif": LoihiALIF(
        current_decay=INT(4096),
        voltage_decay=INT(200),
        adaptation_decay=INT(80),
        threshold=INT(2500),
        reset_value=INT(2500),
        beta_mantissa=INT(600),
        beta_shift=INT(12),
        refractory=INT(2),
    ),
}


def made(
    inputs: dict[str, Shape],
    populations: dict[str, tuple[Shape, str]],
    projections: list[tuple[str, str, Synapse, str, FixedRule | None]],
) -> Program:
    """A Program from names; the last population is its output."""
    held = {name: Population(name, shape, NEURONS[kind]) for name, (shape, kind) in populations.items()}
    joined = tuple(
        Projection(s, t, (synapse,), np.asarray(0 if isinstance(synapse, Injection) else 1), port, rule)
        for s, t, synapse, port, rule in projections
    )
    ends = {name: Input(name, shape) for name, shape in inputs.items()}
    return Program(
        inputs=ends, populations=held, projections=joined, outputs={name: held[name] for name in [*held][-1:]}
    )


def dense(seed: int, targets: int, sources: int, kind: str = "mixed", exponent: int = 0) -> Dense:
    return Dense(weights(RNG(seed), (targets, sources), kind), exponent=exponent)


def listed(seed: int, targets: int, sources: int, kind: str = "mixed", exponent: int = 0) -> Sparse:
    return Sparse(sparse(RNG(seed), targets, sources, kind), exponent=exponent)


PROGRAMS: dict[str, Program] = {
    "two factors": made(
        {"in": (8,)},
        {"a": ((6,), "lif"), "out": ((5,), "soft")},
        [
            ("in", "a", dense(1, 6, 8), "", PAIR),
            ("a", "a", listed(2, 6, 6, exponent=-1), "", PAIR),
            ("a", "out", listed(3, 5, 6, exponent=1), "", TRIPLET),
        ],
    ),
    "e-prop": made(
        {"in": (8,), "target": (2,)},
        {"a": ((6,), "refractory"), "b": ((4,), "alif"), "out": ((2,), "readout")},
        [
            ("in", "a", dense(1, 6, 8), "", EPROP),
            ("in", "b", dense(2, 4, 8), "", EPROP),
            ("a", "b", listed(3, 4, 6), "", ADAPTIVE),
            ("b", "a", dense(4, 6, 4, exponent=-1), "", None),
            ("b", "b", dense(4, 4, 4, "excitatory", -2), "", MEMORIES),
            ("a", "out", dense(5, 2, 6), "", None),
            ("out", "a", dense(6, 6, 2, exponent=-6), "modulation", None),
            ("out", "b", dense(7, 4, 2, exponent=-6), "modulation", None),
            ("target", "a", dense(8, 6, 2, exponent=4), "modulation", None),
            ("target", "b", dense(8, 4, 2), "reward", None),
        ],
    ),
    "images": made(
        {"in": (2, 3, 4), "reward": (3, 2, 2)},
        {"a": ((3, 2, 2), "scheduled"), "out": ((2, 2, 1), "lif")},
        [
            ("in", "a", dense(1, 12, 24), "", MEMORIES_MIXED),
            ("a", "out", listed(2, 4, 12, exponent=1), "", PAIR),
            ("reward", "a", Injection(), "modulation", None),
        ],
    ),
    "graded": made(
        {"in": (8,)},
        {"a": ((5,), "soft"), "out": ((5,), "lif")},
        [
            ("in", "a", dense(2, 5, 8, "excitatory", -6), "", None),
            ("a", "out", dense(2, 5, 5, "excitatory"), "", None),
            ("in", "out", dense(1, 5, 8, "inhibitory", -8), "", GRADED),
        ],
    ),
}


def inputs_for(program: Program, batch: int, steps: int, seed: int = 4) -> dict[str, Any]:
    """Spikes; payloads where a rule takes them or a third factor arrives."""
    rng = RNG(seed)
    given = {}
    for name, node in program.inputs.items():
        values = (rng.random((batch, steps, *node.shape)) < 0.35).astype(np.int64)
        projections = [p for p in program.projections if p.source == name]
        takes = any(isinstance(p.plasticity, FixedRule) and p.plasticity.traces["x1"].overwrites for p in projections)
        if takes:
            values *= rng.integers(1, 255, values.shape)
        if any(p.port for p in projections):
            values *= rng.integers(-90, 90, values.shape)
        given[name] = values
    return given
