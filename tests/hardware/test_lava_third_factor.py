"""e-prop in Lava's floating-point engine, with our neurons that send a third factor, against plain numpy.

The fixed-point models are held against the interpreter of learning, bit for bit, in `test_lava_plastic`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import neurokit.rules as rules
from neurokit.graph.lif_family import ALIF
from neurokit.graph.neurons import LIF, Neuron
from neurokit.graph.plasticity import Rule
from neurokit.hardware.lava import loading
from neurokit.hardware.lava.float_rules import float_strings
from tests.hardware.learning_connection import NoTapes
from tests.tolerances import LAVA_FLOAT_LEARNING

pytest.importorskip("lava", reason="Lava needs Python 3.10")
DT, STEPS, SOURCES, TARGETS = 1e-3, 150, 7, 5
TAU, TAU_ADAPTATION, RATE, DAMPENING = 0.02, 0.2, 0.05, 0.3
BETA, TAU_OUT = 5 * 2**-4, -1e-3 / math.log(1 - 2**-5)  # on Lava's grid, as ALIF has no y to spare for a constant
Y_DECAY = math.exp(-1 / 65535)  # of what arrives at y1 to y3: lava-nc 0.10.0, learning_rule.py
THRESHOLD = np.array([0.6, 0.7, 0.8, 0.9, 1.0])
TASK = np.random.default_rng(5)
SPIKES = (TASK.random((STEPS, SOURCES)) < 0.2).astype(float)
LEARNING = TASK.normal(size=(STEPS, TARGETS))
WEIGHTS = TASK.normal(0.25, 0.2, (TARGETS, SOURCES))


def in_lava(neuron: Neuron, rule: Rule) -> tuple[NDArray[Any], NDArray[Any]]:
    """(spikes (steps, targets), weights in the end)."""
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.io.source import RingBuffer

    from neurokit.hardware.lava.deadline import Deadline
    from neurokit.hardware.lava.inprocess import InProcess
    from neurokit.hardware.lava.learning_rules import float_connection
    from neurokit.hardware.lava.neurons import THIRD_FACTOR_PROCESSES

    loading.load()
    given = float_strings(rule, DT)
    assert not given.errors
    with loading.quiet(), loading.forgotten():
        connection = float_connection(given, WEIGHTS, "mixed", "connection")
        kind = THIRD_FACTOR_PROCESSES[neuron.states]
        neurons = kind(shape=(TARGETS,), neuron=neuron, signals=tuple(given.signals.values()), dt=DT, name="neurons")
        RingBuffer(data=SPIKES.T).s_out.connect(connection.s_in)
        RingBuffer(data=LEARNING.T).s_out.connect(neurons.a_third_factor_in)
        connection.a_out.connect(neurons.a_in)
        neurons.s_out_bap.connect(connection.s_in_bap)
        for number, chip in enumerate(given.signals):
            getattr(neurons, f"s_out_y{number + 1}").connect(getattr(connection, f"s_in_{chip}"))
        models = InProcess(neurons.compile(Loihi2SimCfg(select_tag="floating_pt"), {}))
        tape = _Spikes()
        models.start(tape)  # type: ignore[arg-type]
        models.advance(STEPS, Deadline(None, "test"))
    (model,) = (model for name, model in models.models if name == "connection")
    return np.array(tape.sent), model.weights


class _Spikes(NoTapes):
    def __init__(self) -> None:
        self.sent: list[Any] = []

    def attach(self, name: str, model: Any) -> None:
        if name == "neurons":
            send = model.s_out.send

            def note(values: Any) -> None:
                self.sent.append(np.array(values))
                send(values)

            model.s_out.send = note


def eprop(alif: bool, keep: float, gain: float, refractory: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The same in numpy: neurons of Bellec et al. 2020 (soft or hard reset), one-step connections, e-prop."""
    w, x, v, a, a_in = WEIGHTS.copy(), np.zeros(SOURCES), np.zeros(TARGETS), np.zeros(TARGETS), np.zeros(TARGETS)
    z, left, tag, tag2 = np.zeros(TARGETS), np.zeros(TARGETS), np.zeros_like(w), np.zeros_like(w)
    kappa, rho, sent = math.exp(-DT / (TAU_OUT if alif else 0.03)), math.exp(-DT / TAU_ADAPTATION), []
    for s, learning in zip(SPIKES, LEARNING, strict=True):
        x = math.exp(-DT / TAU) * x + s
        a = rho * a + z if alif else a
        v = keep * v + gain * a_in - (THRESHOLD * z if alif else 0)
        moving = THRESHOLD + BETA * a
        z = ((v > moving) & (left == 0)).astype(float)
        psi = np.where(left == 0, DAMPENING / THRESHOLD * np.maximum(0, 1 - np.abs(v - moving) / THRESHOLD), 0)
        if not alif:
            v = np.where(z > 0, 0.0, v)
        left = np.where(z > 0, refractory, np.maximum(left - 1, 0))
        a_in = w @ s
        sent.append(z)
        y_psi, y_learning, y_forgetting = (Y_DECAY * y for y in (psi, learning, 1 - rho + BETA * psi))
        drive = np.outer(y_psi, x)
        if alif:
            w = w - RATE * tag2 * y_learning[:, None]
            tag2, tag = (
                tag2 + (1 - kappa) * (drive - BETA * y_psi[:, None] * tag) - (1 - kappa) * tag2,
                tag + drive - tag * y_forgetting[:, None],
            )
        else:
            leak = (1 - kappa) * Y_DECAY
            w, tag = w - RATE * tag * y_learning[:, None], tag + (1 - kappa) * drive - leak * tag
    return np.array(sent), w


def check(neuron: Neuron, rule: Rule, *plain: Any) -> None:
    spikes, weights = in_lava(neuron, rule)
    wanted_spikes, wanted = eprop(*plain)
    assert 10 < wanted_spikes.sum() < 0.5 * wanted_spikes.size
    np.testing.assert_array_equal(spikes, wanted_spikes)
    change = np.abs(wanted - WEIGHTS).max()
    assert change > 0.01
    assert np.abs(weights - wanted).max() < LAVA_FLOAT_LEARNING * change


@pytest.mark.parametrize("refractory", [0, pytest.param(3, marks=pytest.mark.slow)])
def test_lif(refractory: int) -> None:
    neuron = LIF(
        tau=TAU, r=TAU / DT, v_leak=0.0, threshold=THRESHOLD, refractory=refractory * DT, while_refractory="silent"
    )
    rule = rules.eprop_lif(dt=DT, tau=TAU, tau_out=0.03, learning_rate=RATE, dampening=DAMPENING)
    check(neuron, rule, False, 1 - DT / TAU, 1.0, refractory)


@pytest.mark.parametrize("refractory", [pytest.param(0, marks=pytest.mark.slow), 3])
def test_alif(refractory: int) -> None:
    neuron = ALIF(tau=TAU, tau_adaptation=TAU_ADAPTATION, beta=BETA, threshold=THRESHOLD, refractory=refractory * DT)
    rule = rules.eprop_alif(dt=DT, tau=TAU, beta=BETA, tau_out=TAU_OUT, learning_rate=RATE, dampening=DAMPENING)
    check(neuron, rule, True, math.exp(-DT / TAU), 1.0, refractory)
