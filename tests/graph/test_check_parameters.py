"""Parameters that are numbers, but none of such a neuron: refused by run and compile alike, by name."""

from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import CompileError, GraphError
from neurokit.graph.graded_neurons import Delta, FixedDelta, FixedRelay, Relay, Sigma, SigmaDelta
from neurokit.graph.lif_family import ATRLIF
from neurokit.graph.neurons import IF, LIF, CubaLIF, Integrator
from neurokit.graph.resonators import ResonateAndFire
from neurokit.graph.synapses import Dense
from tests.networks import network

X = np.ones((2, 5, 3))
CUBA = CubaLIF(tau_syn=0.01, tau_mem=0.02, threshold=1.0)
AT_LEAST_0 = "it is at least 0"

BAD = [
    (Delta(threshold=-1), "threshold is -1", AT_LEAST_0),
    (Delta(threshold=np.array([0.5, -0.25, 1])), "threshold is -0.25", AT_LEAST_0),
    (SigmaDelta(threshold=-1e-9), "threshold is -1e-09", AT_LEAST_0),
    (SigmaDelta(threshold=-1, cumulative=True), "threshold is -1", AT_LEAST_0),
    (SigmaDelta(threshold=np.nan), "threshold holds NaN or infinity", "parameters are finite"),
    (SigmaDelta(bias=np.inf), "bias holds NaN or infinity", "parameters are finite"),
    (Delta(threshold=np.inf), "threshold holds NaN or infinity", "parameters are finite"),
    (Relay(gain=np.nan), "gain holds NaN or infinity", "parameters are finite"),
    (Relay(gain=0), "gain is 0", "would have no effect"),
    (Delta(cumulative=2), "cumulative is 2", "it is True or False"),
    (Relay(latched="no"), "latched is 'no'", "it is True or False"),
    (IF(r=0), "r is 0", "would have no effect"),
    (LIF(tau=0.02, threshold=1, r=np.zeros(3)), "r is 0", "would have no effect"),
    (replace(CUBA, w_in=0), "w_in is 0", "would have no effect"),
    (Integrator(r=0), "r is 0", "would have no effect"),
    (
        ATRLIF(tau_syn=0.01, tau_mem=0.02, tau_threshold=0.1, tau_refractory=0.1, resistance=0),
        "resistance is 0",
        "no e",
    ),
    (LIF(tau=-0.02, threshold=1), "tau is not positive", "time constants are positive"),
    (LIF(tau=0, threshold=1), "tau is not positive", "time constants are positive"),
    (IF(reset="soft", subtracts=-1), "subtracts is -1", AT_LEAST_0),
    (ResonateAndFire(period=0), "period is 0", "more than 0"),
    (ResonateAndFire(period=-3), "period is -3", "more than 0"),
    (ResonateAndFire(period=5, decay=1.5), "decay is 1.5", "0 to 1"),
    (ResonateAndFire(period=5, decay=-0.1), "decay is -0.1", "0 to 1"),
    (ResonateAndFire(period=5, threshold=0), "threshold is 0", "above 0"),
]


@pytest.mark.parametrize(("neuron", "fact", "limit"), BAD, ids=lambda value: str(value)[:40])
def test_refused_by_name(neuron, fact, limit):
    net = network((Dense(np.eye(3)), neuron), shape=(3,), dt=1e-3)
    for act in (lambda: nk.run(net, X), lambda: nk.compile(net, calibrate=X), lambda: nk.compile(net)):
        with pytest.raises((GraphError, CompileError)) as caught:
            act()
        (fault,) = caught.value.faults
        assert fault.node == "p0"
        assert fact in fault.fact
        assert limit in fault.limit


def test_all_at_once():
    net = network((Dense(np.eye(3)), Delta(threshold=-1)), (Dense(np.eye(3)), SigmaDelta(threshold=-2)), shape=(3,))
    with pytest.raises(GraphError) as caught:
        nk.run(net, X)
    assert [(f.node, f.fact) for f in caught.value.faults] == [("p0", "threshold is -1"), ("p1", "threshold is -2")]


def test_what_is_at_the_edge_is_sound():
    """Thresholds of 0, gains below 0, pruned channels."""
    for neuron in (Delta(), SigmaDelta(), Relay(gain=np.array([0, -1, 2.0])), IF(r=-1), IF(reset="soft", subtracts=0)):
        nk.run(network((Dense(np.eye(3)), neuron), shape=(3,), dt=1e-3), X)
    nk.run(network((Dense(np.eye(3)), Delta()), (Dense(np.eye(3)), Sigma()), shape=(3,)), X)


@pytest.mark.parametrize("value", ["x", 1j, [[1], [2, 3]]])
def test_what_is_no_number(value):
    with pytest.raises(GraphError, match=r"'SigmaDelta': threshold is .*; it is a number, or an array\. Pass one\."):
        SigmaDelta(threshold=value)


@pytest.mark.parametrize("neuron", [FixedDelta(cumulative=3), FixedRelay(latched="x")])
def test_switches_of_integer_neurons(neuron):
    net = network((Dense(np.eye(3, dtype=int)), neuron), shape=(3,))
    net = replace(net, projections=tuple(replace(p, delay=1) for p in net.projections), dt=1.0)
    with pytest.raises(GraphError, match="it is True or False"):
        nk.compile(net)
