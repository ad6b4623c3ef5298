"""The LIF neuron's relatives against Lava's own models, where Lava has them: bit for bit."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurokit as nk
from neurokit.graph.lif_family import (
    ALIF,
    ATRLIF,
    QIF,
    LoihiATRLIF,
    LoihiRefractoryLIF,
    LoihiTernaryLIF,
    TernaryLIF,
    Theta,
)
from neurokit.graph.neurons import IF, LIF, CubaLIF
from neurokit.graph.synapses import Dense
from neurokit.hardware.lava import loading
from neurokit.hardware.lava.backend import LavaBackend
from neurokit.hardware.lava.choice import OWN, neuron_process
from neurokit.lower.fixedpoint import neuron_step
from tests.hardware.programs import program
from tests.hardware.test_lava_neuron import CURRENTS, DECAYS, INPUTS, POTENTIALS
from tests.networks import network
from tests.overflowing import ON_PURPOSE
from tests.tolerances import COSINES

pytestmark = ON_PURPOSE

pytest.importorskip("lava", reason="Lava needs Python 3.10")

MANTISSAS = st.sampled_from([0, (1 << 17) - 1, 1 - (1 << 17)]) | st.integers(-5000, 5000)


@settings(deadline=None)  # the first call imports Lava
@given(
    states=st.lists(st.tuples(CURRENTS, POTENTIALS, INPUTS), min_size=1, max_size=20),
    decays=st.tuples(DECAYS, DECAYS),
    bias=st.tuples(st.integers(-4096, 4095), st.integers(-7, 7)),
    thresholds=st.tuples(MANTISSAS, MANTISSAS).map(sorted),
)
def test_one_step_of_the_ternary_neuron(
    states: list[Any], decays: tuple[int, int], bias: tuple[int, int], thresholds: list[int]
) -> None:
    loading.load()
    from lava.proc.lif.models import PyTernLifModelFixed

    u, v, a = np.array(states).T
    lower, upper = thresholds
    cell = LoihiTernaryLIF(
        *decays,  # type: ignore[arg-type]  # numbers
        upper << 6,  # type: ignore[arg-type]
        lower << 6,  # type: ignore[arg-type]
        bias_mantissa=bias[0],  # type: ignore[arg-type]
        bias_exponent=bias[1],  # type: ignore[arg-type]
    )
    sent: list[Any] = []
    model = PyTernLifModelFixed({})
    model.u, model.v = u.astype(np.int32), v.astype(np.int32)
    model.du, model.dv = decays[0] - 1, decays[1]
    model.bias_mant, model.bias_exp = np.full(u.shape, bias[0], np.int16), np.full(u.shape, bias[1], np.int16)
    model.vth_hi, model.vth_lo = np.array([upper], np.int32), np.array([lower], np.int32)
    a_in = a.astype(np.int32)
    model.a_in, model.s_out = SimpleNamespace(recv=lambda: a_in), SimpleNamespace(send=sent.append)
    model.run_spk()
    after, payloads = neuron_step(cell, {"u": u, "v": v}, a)
    np.testing.assert_array_equal(payloads, sent[0])
    np.testing.assert_array_equal(after["u"], model.u)
    np.testing.assert_array_equal(after["v"], model.v)


@pytest.mark.parametrize(
    ("changes", "process"),
    [
        ({}, "TernaryLIF"),
        ({"upper_threshold": [640, 640]}, "TernaryLIF"),
        ({"upper_threshold": 641}, OWN),
        ({"upper_threshold": [640, 704]}, OWN),
        ({"lower_threshold": -1}, OWN),
        ({"reset_interval": 4}, OWN),
        ({"reset_offset": 4}, OWN),
        ({"held": True, "reset_offset": 4}, OWN),
    ],
    ids=str,
)
def test_lavas_ternary_process_wherever_it_fits(changes: dict[str, Any], process: str) -> None:
    assert neuron_process(_ternary(**changes)) == process


def _ternary(**changes: Any) -> LoihiTernaryLIF:
    fields = {"current_decay": 900, "voltage_decay": 100, "upper_threshold": 640, "lower_threshold": -640}
    return LoihiTernaryLIF(**{**fields, **changes})


STEP_STATES = st.tuples(CURRENTS, POTENTIALS, INPUTS, st.integers(0, 1 << 24), st.integers(0, 1 << 26))


@settings(deadline=None)
@given(
    states=st.lists(STEP_STATES, min_size=1, max_size=20),
    decays=st.tuples(DECAYS, DECAYS, DECAYS, DECAYS),
    bias=st.tuples(st.integers(-4096, 4095), st.integers(-7, 7)),
    thresholds=st.tuples(st.integers(0, (1 << 17) - 1), st.integers(0, (1 << 17) - 1)),
)
def test_one_step_of_the_moving_threshold(
    states: list[Any], decays: tuple[int, ...], bias: tuple[int, int], thresholds: tuple[int, int]
) -> None:
    loading.load()
    from lava.proc.atrlif.models import PyATRLIFModelFixed

    i, v, a, theta, r = np.array(states).T
    cell = LoihiATRLIF(
        *decays,  # type: ignore[arg-type]  # numbers
        threshold=thresholds[0] << 6,  # type: ignore[arg-type]
        threshold_step=thresholds[1] << 6,  # type: ignore[arg-type]
        bias_mantissa=bias[0],  # type: ignore[arg-type]
        bias_exponent=bias[1],  # type: ignore[arg-type]
    )
    sent: list[Any] = []
    model = PyATRLIFModelFixed({})
    model.i, model.v, model.s = i.astype(np.int32), v.astype(np.int32), np.zeros(i.shape, bool)
    model.theta, model.r = theta.astype(np.int32), r.astype(np.int32)
    model.theta_0, model.theta_step = (np.int32(mantissa << 6) for mantissa in thresholds)
    model.isthrscaled = True  # which would set theta back
    model.delta_i, model.delta_v, model.delta_theta, model.delta_r = np.subtract(decays, (1, 0, 0, 0)) / 4096
    model.bias_mant, model.bias_exp = np.full(i.shape, bias[0], np.int16), np.full(i.shape, bias[1], np.int16)
    a_in = a.astype(np.int32)
    model.a_in, model.s_out = SimpleNamespace(recv=lambda: a_in), SimpleNamespace(send=sent.append)
    with np.errstate(over="ignore"):
        model.run_spk()
    after, payloads = neuron_step(cell, {"i": i, "v": v, "theta": theta, "r": r}, a)
    np.testing.assert_array_equal(payloads, sent[0])
    for state in cell.states:
        np.testing.assert_array_equal(after[state], getattr(model, state), state)


@pytest.mark.parametrize(
    ("changes", "process"),
    [
        ({}, "ATRLIF"),
        ({"bias_mantissa": [1, 2]}, "ATRLIF"),
        ({"threshold": 641}, OWN),
        ({"threshold_step": 1}, OWN),
        ({"voltage_decay": [1, 2]}, OWN),
        ({"reset_interval": 4}, OWN),
    ],
    ids=str,
)
def test_lavas_moving_threshold_wherever_it_fits(changes: dict[str, Any], process: str) -> None:
    fields = {"current_decay": 900, "voltage_decay": 100, "threshold_decay": 50, "refractory_decay": 400}
    cell = LoihiATRLIF(**{**fields, "threshold": 640, "threshold_step": 64, **changes})
    assert neuron_process(cell) == process


@pytest.mark.parametrize("backend", [LavaBackend("process"), LavaBackend("in-process")], ids=lambda b: b.name)
@pytest.mark.parametrize("unit", [64, 63])
@pytest.mark.parametrize("decay", [0, 900, 4096])
def test_moving_thresholds_in_lava(backend: LavaBackend, unit: int, decay: int) -> None:
    """unit 64: Lava's own process. decay 0: no leak, which is a share below zero there."""
    rng = np.random.default_rng(1)
    cell = LoihiATRLIF(decay, 300, 50, 400, 40 * unit, 5 * unit, bias_mantissa=[3, 0, -2])  # type: ignore[arg-type]
    assert neuron_process(cell) == ("ATRLIF" if unit == 64 else OWN)
    weight = Dense(rng.integers(-20, 61, (3, 4)))
    graph = program({"in": (4,)}, {"out": ((3,), cell)}, {("in", "out"): (weight, 1)}, ("out",))  # type: ignore[dict-item]
    x = rng.integers(0, 2, (1, 40, 4))
    record = tuple(("out", state) for state in cell.states)
    found = backend.run(graph, {"in": x}, 40, record, time_limit=60)
    wanted = nk.run(graph, x, record=record)
    np.testing.assert_array_equal(found.spikes["out"], wanted.spikes["out"])
    for key in record:
        np.testing.assert_array_equal(found.states[key], wanted.states[key])
    assert 2 < found.spikes["out"].sum() < 115


def test_a_refractory_neuron_is_our_own_process() -> None:
    assert neuron_process(LoihiRefractoryLIF(4096, 0, 640)) == OWN  # type: ignore[arg-type]


@pytest.mark.parametrize("backend", [LavaBackend("process"), LavaBackend("in-process")], ids=lambda b: b.name)
@pytest.mark.parametrize("upper", [640, [641, 700, 0]])
def test_signs_travel_through_synapses(backend: LavaBackend, upper: Any) -> None:
    rng = np.random.default_rng(1)
    first, second = rng.integers(-60, 61, (3, 4)), rng.integers(-60, 61, (2, 3))
    graph = program(
        {"in": (4,)},
        {"sign": ((3,), _ternary(upper_threshold=upper)), "out": ((2,), _ternary())},  # type: ignore[dict-item]
        {("in", "sign"): (Dense(first), 1), ("sign", "out"): (Dense(second), 2)},
        ("out", "sign"),
    )
    x = rng.integers(0, 2, (1, 30, 4))
    record = (("out", "u"), ("out", "v"), ("sign", "v"))
    found = backend.run(graph, {"in": x}, 34, record, time_limit=60)
    wanted = nk.run(graph, x, steps=34, record=record)
    assert set(np.unique(found.spikes["sign"])) == {-1, 0, 1}
    for name in ("out", "sign"):
        assert found.spikes[name].dtype == wanted.spikes[name].dtype == np.int32
        np.testing.assert_array_equal(found.spikes[name], wanted.spikes[name])
        np.testing.assert_array_equal(found.counts[name], wanted.counts[name])
        assert (found.counts[name] == np.count_nonzero(found.spikes[name], axis=1)).all()
    for key in record:
        np.testing.assert_array_equal(found.states[key], wanted.states[key])


# ------------------------------------------------------------------------------------------------------ floating point

DT = 1e-3


def _floats(neuron: Any, x: Any) -> Any:
    graph = network((Dense(np.eye(3)), neuron), shape=(3,), dt=DT)
    return nk.run(graph, x, record=(("p0", "u"), ("p0", "v")))


def _lava_floats(model: Any, x: Any, **fields: Any) -> tuple[Any, Any, Any]:
    """u, v and spikes of one of Lava's float models with du = 1/2 and dv = 1/8, three neurons."""
    sent: list[Any] = []
    model.u, model.v = np.zeros(3), np.zeros(3)
    model.du, model.dv = 0.5, 0.125
    model.bias_mant, model.bias_exp = np.zeros(3), np.zeros(3)
    for name, value in fields.items():
        setattr(model, name, value)
    model.s_out = SimpleNamespace(send=sent.append)
    u, v = [], []
    for t, row in enumerate(x):
        model.time_step = t + 1
        model.a_in = SimpleNamespace(recv=lambda row=row: row)
        model.run_spk()
        u.append(model.u.copy())
        v.append(model.v.copy())
    return np.array(u), np.array(v), np.array(sent)


def _compare(found: Any, wanted: tuple[Any, Any, Any]) -> None:
    np.testing.assert_array_equal(found.spikes["p0"], wanted[2])
    np.testing.assert_array_equal(found.states["p0", "u"], wanted[0])
    np.testing.assert_array_equal(found.states["p0", "v"], wanted[1])
    assert 5 < np.count_nonzero(wanted[2]) < 150


@pytest.mark.parametrize("period", [1, 2, 5])
def test_holding_is_lavas_refractory_neuron(period: int) -> None:
    """Gains of 1 make CubaLIF's scaled equations Lava's: w_in = tau_syn / dt, r = tau_mem / dt, all powers of two."""
    loading.load()
    from lava.proc.lif.models import PyLifRefractoryModelFloat

    x = np.random.default_rng(2).normal(0.5, 1, (60, 3))
    cuba = CubaLIF(tau_syn=2 * DT, tau_mem=8 * DT, w_in=2, r=8, threshold=3.0, refractory=period * DT)  # type: ignore[arg-type]
    model = PyLifRefractoryModelFloat({"refractory_period": period})
    _compare(_floats(cuba, x), _lava_floats(model, x, vth=3.0, refractory_period_end=np.zeros(3, int)))


def test_ternary_floats_are_lavas() -> None:
    loading.load()
    from lava.proc.lif.models import PyTernLifModelFloat

    x = np.random.default_rng(2).normal(0.1, 1, (60, 3))
    fields: dict[str, Any] = {"upper_threshold": 2.0, "lower_threshold": -1.5}
    cell = TernaryLIF(tau_syn=2 * DT, tau_mem=8 * DT, w_in=2, r=8, **fields)  # type: ignore[arg-type]
    _compare(_floats(cell, x), _lava_floats(PyTernLifModelFloat({}), x, vth_hi=2.0, vth_lo=-1.5))


FLOAT_NEURONS: dict[str, tuple[str, Any]] = {
    "refractory IF": ("RefractoryNeuron", IF(1.5, r=0.5, refractory=[0.0, DT, 3 * DT])),  # type: ignore[arg-type]
    "silent, soft LIF": (
        "RefractoryNeuron",
        LIF(tau=0.008, v_leak=0.25, r=3, reset="soft", refractory=2 * DT, while_refractory="silent"),  # type: ignore[arg-type]
    ),
    "refractory CubaLIF": (
        "RefractoryNeuron",
        CubaLIF(tau_syn=2 * DT, tau_mem=0.008, r=5, fires=">=", refractory=2 * DT),  # type: ignore[arg-type]
    ),
    "ternary": ("TernaryNeuron", TernaryLIF(tau_syn=2 * DT, tau_mem=4 * DT, r=3, upper_threshold=[0.5, 1, 2])),  # type: ignore[arg-type]
    "adaptive": ("AdaptiveNeuron", ALIF(tau=0.02, tau_adaptation=0.2, beta=0.3, refractory=2 * DT)),  # type: ignore[arg-type]
    "moving": (
        "AdaptiveAndRefractoryNeuron",
        ATRLIF(tau_syn=2 * DT, tau_mem=4 * DT, tau_threshold=0.02, tau_refractory=4 * DT, threshold_step=0.5),  # type: ignore[arg-type]
    ),
    "quadratic": ("QuadraticNeuron", QIF(tau=8 * DT, threshold=6, v_reset=-3)),  # type: ignore[arg-type]
    "phase": ("PhaseNeuron", Theta(tau=4 * DT)),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", FLOAT_NEURONS)
def test_float_models_of_our_processes(name: str) -> None:
    """Lava compiles the process with `select_tag="floating_pt"`; its model does what the simulator does."""
    loading.load()
    from lava.magma.core.run_configs import Loihi2SimCfg

    from neurokit.hardware.lava.processes import lif_family

    kind, neuron = FLOAT_NEURONS[name]
    with loading.quiet(), loading.forgotten():
        process = vars(lif_family)[kind](shape=(3,), neuron=neuron, dt=DT, name="cells")
        (builder,) = process.compile(Loihi2SimCfg(select_tag="floating_pt")).proc_builders.values()
        model = builder.build()
    x = np.random.default_rng(6).normal(1, 1.5, (80, 3))
    graph = network((Dense(np.eye(3)), neuron), shape=(3,), dt=DT)
    wanted = nk.run(graph, x, record=(*(("p0", state) for state in neuron.states),))
    sent: list[Any] = []
    model.s_out = SimpleNamespace(send=sent.append)
    for t, row in enumerate(x):
        model.a_in = SimpleNamespace(recv=lambda row=row: row)
        model.run_spk()
        for state in neuron.states:
            np.testing.assert_allclose(getattr(model, state), wanted.states["p0", state][t], **COSINES)
    np.testing.assert_array_equal(np.array(sent), wanted.spikes["p0"])
    assert 0.02 < np.abs(sent).mean() < 0.9
