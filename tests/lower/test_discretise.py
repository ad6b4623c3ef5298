"""The recurrence of every neuron model against its differential equation, integrated by forward Euler in a loop."""

import numpy as np
import pytest
from hypothesis import given, settings

import neurokit as nk
from neurokit.errors import GraphError
from neurokit.graph.neurons import IF, LIF, CubaLIF, Integrator, LeakyIntegrator, LoihiLIF
from neurokit.graph.synapses import Dense
from neurokit.lower.discretise import recurrence
from tests.networks import network, random_neuron
from tests.programs import seeds
from tests.tolerances import FLOAT64_SUMS

DT = 1e-3


def euler(neuron, x):
    """(v, spikes) over time, straight from the equations in graph/neurons.py; x (steps, n)."""
    n = x.shape[1]
    rest = np.broadcast_to(getattr(neuron, "v_leak", getattr(neuron, "v_initial", 0.0)), (n,)).astype(float)
    u, v = np.zeros(n), rest.copy()
    potentials, spikes = [], []
    for now in x:
        if isinstance(neuron, IF | Integrator):
            v = v + neuron.r * now
        elif isinstance(neuron, CubaLIF):
            u = u + DT / neuron.tau_syn * (-u + neuron.w_in * now)
            v = v + DT / neuron.tau_mem * ((neuron.v_leak - v) + neuron.r * u)
        else:
            v = v + DT / neuron.tau * ((neuron.v_leak - v) + neuron.r * now)
        if neuron.spiking:
            fired = v >= neuron.threshold if neuron.fires == ">=" else v > neuron.threshold
            after = v - neuron.threshold if neuron.reset == "soft" else np.broadcast_to(neuron.v_reset, (n,))
            v = np.where(fired, after, v)
        else:
            fired = np.zeros(n, bool)
        potentials.append(v)
        spikes.append(fired)
    return np.array(potentials), np.array(spikes)


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_every_model_follows_its_equation(seed):
    rng = np.random.default_rng(seed)
    neuron = random_neuron(rng, (3,))
    x = rng.normal(1.0, 2.0, (40, 3))
    graph = network((Dense(np.eye(3)), neuron), shape=(3,), dt=DT)
    found = nk.run(graph, x, record=("p0", ("p0", "v")))
    potentials, spikes = euler(neuron, x)
    np.testing.assert_array_equal(found.spikes["p0"], spikes)
    np.testing.assert_allclose(found.states["p0", "v"], potentials, **FLOAT64_SUMS)


def test_fires_at_the_threshold_only_where_inclusive():
    for fires, wanted in ((">", [0, 0, 1, 0]), (">=", [0, 1, 0, 1])):
        graph = network((Dense(np.eye(1)), IF(threshold=2.0, fires=fires)), shape=(1,))
        assert nk.run(graph, np.ones((4, 1))).spikes["p0"].ravel().tolist() == wanted


def test_rest_is_where_v_begins():
    for neuron in (LIF(tau=0.02, v_leak=-0.07, threshold=1.0), CubaLIF(tau_syn=0.01, tau_mem=0.02, v_leak=-0.07)):
        graph = network((Dense(np.eye(1)), neuron), shape=(1,), dt=DT)
        found = nk.run(graph, np.zeros((5, 1)), record=("p0", "v")).states["p0", "v"]
        np.testing.assert_allclose(found, -0.07, **FLOAT64_SUMS)


def test_events_of_integrate_and_fire_do_not_depend_on_the_step():
    for neuron in (IF(threshold=100.0, r=0.5), Integrator(r=0.5)):
        ends = [
            nk.run(network((Dense(np.eye(1)), neuron), shape=(1,), dt=dt), np.ones((6, 1)), record=("p0", "v"))
            for dt in (None, 1e-3, 1.0)
        ]
        assert [rec.states["p0", "v"][-1, 0] for rec in ends] == [3.0, 3.0, 3.0]


@pytest.mark.parametrize("neuron", [LIF(tau=1.0), CubaLIF(tau_syn=1.0, tau_mem=1.0), LeakyIntegrator(tau=1.0)])
def test_time_constants_need_a_step(neuron):
    with pytest.raises(GraphError, match=f"'{type(neuron).__name__}': has a time in seconds, but the step is unknown"):
        recurrence(neuron, None)


def test_values_of_the_recurrence():
    found = recurrence(CubaLIF(tau_syn=2e-3, tau_mem=4e-3, w_in=3.0, r=5.0, v_leak=8.0, threshold=9.0, v_reset=7.0), DT)
    numbers = [found.keep_u, found.gain_u, found.keep_v, found.gain_v, found.leak, found.initial]
    assert [float(x) for x in numbers] == [0.5, 1.5, 0.75, 1.25, 2.0, 8.0]
    assert (float(found.threshold), float(found.reset_value), found.soft, found.inclusive) == (9.0, 7.0, False, False)
    soft = recurrence(IF(threshold=2.0, reset="soft", fires=">="), None)
    assert (float(soft.reset_value), soft.soft, soft.inclusive) == (2.0, True, True)
    silent = recurrence(Integrator(), None)
    assert silent.threshold == np.inf


def test_integers_have_no_recurrence():
    with pytest.raises((AssertionError, GraphError)):
        recurrence(LoihiLIF(0, 0, 64), DT)
