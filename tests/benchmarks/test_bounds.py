"""The least time of a step, against figures worked out by hand."""

import numpy as np
import pytest
import scipy.sparse as sp

import neurokit as nk
from benchmarks.bounds import NEURON_OPERATIONS, demand
from benchmarks.probe import Machine, monotone, probe
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense, Sparse, Synapse

SLOW_BYTES = {1 << 14: 100.0, 1 << 20: 10.0}
FAST_BYTES = {1 << 14: 1e15}


def machine(bandwidth, product=1.0, product8=1.0):
    return Machine(100.0, 50.0, 5.0, product, product8, 1000.0, 2000.0, bandwidth)


def run(synapse: Synapse, source, target, events):
    """One step with `events` spikes at the first places of the source."""
    population = Population("out", target, LoihiLIF(current_decay=0, voltage_decay=0, threshold=64 * 1000))
    projection = Projection("in", "out", (synapse,), np.asarray(1))
    network = Network({"in": Input("in", source)}, {"out": population}, (projection,), {"out": population}, dt=1.0)
    spikes = np.zeros((1, 1, *source), np.uint8)
    spikes.reshape(-1)[:events] = 1
    return nk.run(nk.compile(network), spikes)


def test_dense_operations_and_bytes():
    needs = demand(run(Dense(np.ones((8, 10), int)), (10,), (8,), 3), machine(SLOW_BYTES))
    assert needs.synaptic_operations == 3 * 8
    assert needs.bytes == 3 * 8 + 8 * 17 + 10  # weights met, states and spikes of 8 neurons, spikes of 10 sources
    assert needs.operation_seconds == pytest.approx(24 / 100 + 8 * NEURON_OPERATIONS[LoihiLIF] / 2000)
    assert needs.transfer_seconds == pytest.approx(needs.bytes / 100)
    assert needs.bound_by == "bytes"
    assert needs.seconds == needs.transfer_seconds


def test_dense_as_a_matrix_product_where_that_is_quicker():
    recording = run(Dense(np.ones((8, 10), int)), (10,), (8,), 10)
    needs = demand(recording, machine(FAST_BYTES, product8=1000.0))
    assert needs.operation_seconds == pytest.approx(80 / 1000 + 8 * NEURON_OPERATIONS[LoihiLIF] / 2000)
    assert needs.bound_by == "operations"


def test_zero_weights_are_no_operations():
    weight = np.ones((8, 10), int)
    weight[:, 0] = 0
    assert demand(run(Dense(weight), (10,), (8,), 3), machine(SLOW_BYTES)).synaptic_operations == 2 * 8


def test_sparse_carries_its_indices():
    needs = demand(run(Sparse(sp.csr_matrix(np.eye(6, dtype=int))), (6,), (6,), 2), machine(FAST_BYTES))
    assert needs.synaptic_operations == 2
    assert needs.bytes == 2 * 5 + 6 * 17 + 6
    assert needs.operation_seconds == pytest.approx(2 / 5 + 6 * NEURON_OPERATIONS[LoihiLIF] / 2000)


def test_convolution_counts_what_lands_inside_and_its_kernel_once():
    synapse = Conv2d(np.full((2, 1, 3, 3), 200), padding=(1, 1))  # two bytes a weight
    needs = demand(run(synapse, (1, 4, 4), (2, 4, 4), 1), machine(FAST_BYTES))
    assert needs.synaptic_operations == 4 * 2  # a corner reaches four places in each of two channels
    assert needs.bytes == 8 * 2 + 32 * 17 + 16
    scattered = 8 / 50 + 32 * NEURON_OPERATIONS[LoihiLIF] / 2000
    assert needs.operation_seconds == pytest.approx(scattered)
    product = demand(run(synapse, (1, 4, 4), (2, 4, 4), 16), machine(FAST_BYTES, product=1e4))
    assert product.operation_seconds == pytest.approx(18 * 16 / 1e4 + 32 * NEURON_OPERATIONS[LoihiLIF] / 2000)


def test_working_set_picks_the_bandwidth():
    tiers = machine({100: 9.0, 200: 5.0, 400: 2.0})
    assert [tiers.read(size) for size in (50, 100, 199, 200, 1e9)] == [9.0, 9.0, 9.0, 5.0, 2.0]


def test_a_small_array_is_never_slower_than_a_large_one():
    assert monotone({1: 3.0, 2: 5.0, 4: 1.0}) == {1: 5.0, 2: 5.0, 4: 1.0}


def test_the_probe_survives_json():
    measured = probe((1 << 14,), trials=1)
    assert Machine.from_json(measured.to_json()) == measured
    assert min(measured.row, measured.listed, measured.product, *measured.bandwidth.values()) > 1e6
