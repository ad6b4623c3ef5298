"""Compiled layers and what they hold, for the tests of this folder."""

import numpy as np
import pytest
import scipy.sparse as sp

import neurokit as nk
from neurokit.graph.synapses import Dense
from tests.networks import network

DT = 1e-3


def weights_of(projection):
    weight = projection.synapse.weight
    return weight.data if sp.issparse(weight) else weight


def integers(program):
    """Everything that the chip is given."""
    found = []
    for projection in program.projections:
        weight = projection.synapse.weight
        found.append((weight.toarray() if sp.issparse(weight) else weight).tolist())
        found += [projection.synapse.exponent, projection.delay.tolist()]
    for population in program.populations.values():
        found += [
            np.asarray(value).tolist() if isinstance(value, np.ndarray) else value
            for value in vars(population.neuron).values()
        ]
    return found


def one(weight, neuron, **options):
    """A compiled layer."""
    return nk.compile(network((Dense(weight), neuron), shape=(np.shape(weight)[1],), dt=DT), **options)


def faults_of(error, act):
    with pytest.raises(error) as caught:
        act()
    for fault in caught.value.faults:
        assert all((fault.node, fault.fact, fault.limit, fault.mend)), fault
    return [str(fault) for fault in caught.value.faults]
