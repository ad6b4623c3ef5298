"""From a trained network and a rule of the library to Lava: compiled, it learns there as in the simulator."""

from __future__ import annotations

import numpy as np
import pytest

import neurokit as nk
from neurokit.graph.learned import weights_of
from neurokit.graph.lif_family import ALIF
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import LIF, LeakyIntegrator, Neuron
from neurokit.graph.plasticity import Rule
from neurokit.graph.synapses import Dense
from tests.overflowing import ON_PURPOSE

pytestmark = ON_PURPOSE
pytest.importorskip("lava", reason="Lava needs Python 3.10")
DT, STEPS = 1e-3, 40
CASES: dict[str, tuple[Neuron, Rule]] = {
    "lif": (
        LIF(tau=0.02, r=20.0, v_leak=0.0, threshold=0.6),
        nk.rules.eprop_lif(dt=DT, tau=0.02, tau_out=0.02, learning_rate=1e-3),
    ),
    "alif": (
        ALIF(tau=0.02, tau_adaptation=0.2, beta=0.1, threshold=0.6),
        nk.rules.eprop_alif(dt=DT, tau=0.02, beta=0.1, tau_out=0.02, learning_rate=1e-3),
    ),
}


def network(neuron: Neuron) -> Network:
    """in -> hidden, which is recurrent, -> readout."""
    rng = np.random.default_rng(0)
    hidden = Population("hidden", (8,), neuron)
    out = Population("out", (2,), LeakyIntegrator(tau=0.02, r=1.0, v_leak=0.0))
    projections = (
        Projection("in", "hidden", (Dense(rng.normal(0, 0.3, (8, 10))),)),
        Projection("hidden", "hidden", (Dense(rng.normal(0, 0.1, (8, 8))),), np.asarray(DT)),
        Projection("hidden", "out", (Dense(rng.normal(0, 0.3, (2, 8))),)),
    )
    held = {"hidden": hidden, "out": out}
    return Network({"in": Input("in", (10,))}, held, projections, {"out": out}, dt=DT)


@pytest.mark.parametrize("name", [pytest.param("lif", marks=pytest.mark.slow), "alif"])
def test_e_prop_from_a_network_to_lava(name: str) -> None:
    neuron, rule = CASES[name]
    rng = np.random.default_rng(1)
    spikes = (rng.random((2, STEPS, 10)) < 0.2).astype(float)
    data = {"in": spikes, "learning": rng.normal(size=(2, STEPS, 8))}
    learning = network(neuron).with_plasticity("in->hidden", rule, modulation="learning")
    program = nk.compile(learning, calibrate=data)
    backends = ("simulator", "lava-inprocess", "lava") if name == "lif" else ("simulator", "lava-inprocess")
    keys = ("hidden", ("hidden", "v"), ("in->hidden", "weight"), ("in->hidden", "tag"))
    first, *others = (
        nk.run(program, program.scaled(data), backend=backend, record=keys, record_every=8) for backend in backends
    )
    before, after = (
        next(weights_of(p) for p in graph.projections if p.name == "in->hidden") for graph in (program, first.program)
    )
    assert (before != after).mean() > 0.1
    for other in others:
        np.testing.assert_array_equal(other.spikes["hidden"], first.spikes["hidden"])
        for key in keys[1:]:
            np.testing.assert_array_equal(other.states[key], first.states[key], str(key))
