"""The reference neuron is, bit for bit, the model of Lava's LIF, at the edges of its ranges too."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from neurokit.graph.neurons import LoihiLIF
from neurokit.hardware.lava import loading
from neurokit.hardware.lava.choice import neuron_process
from neurokit.lower.fixedpoint import lif_step
from tests.hardware.programs import neuron

pytest.importorskip("lava", reason="Lava needs Python 3.10")

HALF = 1 << 23
EDGES = st.sampled_from([0, 1, -1, 63, -64, HALF - 1, 1 - HALF, HALF, -HALF, HALF + 1, 2 * HALF, -2 * HALF - 1])
CURRENTS = EDGES | st.integers(-(2 * HALF), 2 * HALF)
POTENTIALS = st.sampled_from([0, 1, -1, HALF - 1, 1 - HALF]) | st.integers(1 - HALF, HALF - 1)
INPUTS = st.integers(-(1 << 18), 1 << 18) | st.sampled_from([1 << 17, -(1 << 17), 1 << 25, (1 << 31) - 1, -(1 << 31)])
DECAYS = st.sampled_from([0, 1, 2048, 4095, 4096]) | st.integers(0, 4096)


def lava_step(cell: LoihiLIF, u: Any, v: Any, a: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """One step of PyLifModelBitAcc with the types that Lava's builder gives it."""
    loading.load()
    from lava.proc.lif.models import PyLifModelBitAcc

    sent: list[NDArray[Any]] = []
    model = PyLifModelBitAcc({})
    model.u, model.v = np.array(u, np.int32), np.array(v, np.int32)
    model.du, model.dv = cell.current_decay - 1, cell.voltage_decay
    model.bias_mant = np.full(model.u.shape, cell.bias_mantissa, np.int16)
    model.bias_exp = np.full(model.u.shape, cell.bias_exponent, np.int16)
    model.vth = cell.threshold >> 6
    a_in = np.zeros(model.u.shape, np.int16) + np.array(a, np.int32)  # as PyInPortVectorDense sums
    model.a_in, model.s_out = SimpleNamespace(recv=lambda: a_in), SimpleNamespace(send=sent.append)
    model.run_spk()
    return model.u, model.v, sent[0]


@given(
    states=st.lists(st.tuples(CURRENTS, POTENTIALS, INPUTS), min_size=1, max_size=20),
    decays=st.tuples(DECAYS, DECAYS),
    bias=st.tuples(st.sampled_from([-4096, 4095]) | st.integers(-4096, 4095), st.integers(-7, 7)),
    threshold=st.sampled_from([0, (1 << 17) - 1]) | st.integers(0, (1 << 17) - 1),
)
def test_one_step(states: list[Any], decays: tuple[int, int], bias: tuple[int, int], threshold: int) -> None:
    u, v, a = np.array(states).T
    cell = LoihiLIF(*decays, threshold << 6, *bias)  # type: ignore[arg-type]
    for found, wanted in zip(lif_step(cell, u, v, a), lava_step(cell, u, v, a), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    ("u", "wanted"), [(HALF, HALF), (HALF + 1, 1 - HALF), (-HALF, HALF), (1 - HALF, 1 - HALF), (-HALF - 1, HALF - 1)]
)
def test_u_wraps_at_24_bits(u: int, wanted: int) -> None:
    cell = neuron(current_decay=0)
    for step in (lif_step, lava_step):
        assert step(cell, np.array([u]), np.array([0]), np.array([0]))[0] == wanted


@pytest.mark.parametrize(("v", "wanted"), [(HALF - 1, HALF - 1), (1 - HALF, 1 - HALF)])
def test_v_saturates(v: int, wanted: int) -> None:
    cell = neuron(threshold=((1 << 17) - 1) << 6, current_decay=0, voltage_decay=0, emits=False)
    u = np.array([5 if v > 0 else -5])
    assert lif_step(cell, u, np.array([v]), np.array([0]))[1] == wanted
    if v < 0:  # Lava's fires at the upper end
        assert lava_step(cell, u, np.array([v]), np.array([0]))[1] == wanted


@pytest.mark.parametrize(
    ("changes", "process"),
    [
        ({}, "LIF"),
        ({"threshold": 65}, "own"),
        ({"threshold": 65, "emits": False}, "LIF"),
        ({"reset": "soft"}, "own"),
        ({"reset_value": [0, 1]}, "own"),
        ({"reset_value": 1, "emits": False}, "LIF"),
        ({"reset_interval": 9}, "LIFReset"),
        ({"reset_interval": 16, "reset_offset": 9}, "LIFReset"),
        ({"reset_interval": 9, "reset_offset": 9}, "LIFReset"),
        ({"reset_interval": 16, "reset_offset": 20}, "own"),
        ({"reset_offset": 20}, "LIFReset"),
        ({"reset_offset": 20, "threshold": 65}, "own"),
    ],
    ids=str,
)
def test_lavas_own_process_wherever_it_fits(changes: dict[str, Any], process: str) -> None:
    assert neuron_process(neuron(**changes)) == process
