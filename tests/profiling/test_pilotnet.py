"""From lava-dl's PilotNet to its energy, which was measured on Loihi 2 (lava-dl @d825ac5, benchmark.ipynb)."""

from __future__ import annotations

import numpy as np
import pytest

import neurokit as nk
from neurokit.place.rough import place
from neurokit.profiling.profile import profile
from tests.data import truth


@pytest.mark.slow
def test_pilotnet_from_file_to_energy() -> None:
    """The benchmark's input layer stays silent: biases alone make activity, in periods of 16 steps."""
    network = nk.convert(truth("gts/pilotnet_lif/network.net"))
    assert isinstance(network, nk.Network)
    program = nk.compile(network, window=16)
    placement = place(program)
    blank = np.zeros((1, 3, 66, 200), np.int64)
    settled, longer = (profile(nk.run(program, blank, steps=steps), placement) for steps in (32, 352))

    def per_step(first: float, second: float) -> float:
        return (second - first) / 320

    activity = settled.activity, longer.activity
    assert round(per_step(*(a.synaptic_operations for a in activity))) == 2_269_710
    assert round(per_step(*(a.spikes for a in activity))) == 34_607
    assert per_step(*(a.neuron_updates for a in activity)) == 158_509
    low, high = (per_step(*(getattr(p.energy.dynamic, b) for p in (settled, longer))) for b in ("low", "high"))
    assert low < 68.34e-6 < high  # measured
    time = longer.time
    assert time is not None
    assert time.step.low < 152.85e-6 < time.step.high  # measured, on 74 cores instead of 62
