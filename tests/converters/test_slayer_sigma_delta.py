"""SLAYER's SDNN layers: numbers against plain loops over the file's own content."""

from __future__ import annotations

import numpy as np
import pytest

import neurokit as nk
from neurokit.converters.from_slayer import load
from neurokit.graph.synapses import Injection
from tests.converters.conftest import conv, dense

BITS = 12


def sdnn(**changes):
    return {"type": "SDNN", "activation": "relu", "vThMant": 3, **changes}


def encode(before, now, residue, threshold):
    """(payload, residue) of one neuron that rounds down to 6 bits behind the point."""
    change = now - before + residue
    sent = change if abs(change) >= threshold << BITS else 0
    return sent >> 6, change - sent


def sigma_delta(payloads, weight, bias, threshold):
    """A layer behind a step of delay: (steps, sources) to (steps, targets)."""
    targets = range(len(weight))
    sigma, act, residue, rows = [0] * len(weight), [0] * len(weight), [0] * len(weight), []
    for step in range(len(payloads)):
        row = []
        for j in targets:
            came = payloads[step - 1] if step else [0] * len(weight[j])
            sigma[j] += sum(int(w) * int(s) for w, s in zip(weight[j], came, strict=True))
            now = max(0, sigma[j] + (int(bias[j]) << BITS))
            sent, residue[j] = encode(act[j], now, residue[j], threshold)
            act[j] = now
            row.append(sent)
        rows.append(row)
    return np.array(rows)


@pytest.mark.parametrize("flat", [True, False])
def test_layers_compute_what_loops_over_the_file_compute(write_net, flat):
    """Encoder, two layers, decoder; the input as values that follow a random walk."""
    random = np.random.default_rng(7)
    shape = (6,) if flat else (2, 2, 3)
    size = int(np.prod(shape))
    hidden = random.integers(-40, 60, (5, size))
    middle = 2 * random.integers(-30, 40, (4, 5))
    last = random.integers(-30, 40, (2, 4))
    bias = random.integers(-20, 40, 5)
    layers = [dense(hidden, sdnn(), bias=bias.astype(np.float32)), dense(middle, sdnn(vThMant=7))]
    if not flat:
        layers.insert(0, {"type": "flatten", "shape": [size, 1, 1]})
    path = write_net(
        {"type": "input", "shape": shape, "neuron": sdnn(vThMant=2)},
        *layers,
        dense(last, sdnn(sigma_output=True, messageBits=24)),
    )
    data = random.integers(-30, 31, (20, *shape)).cumsum(axis=0)

    network = load(path)
    found = nk.run(nk.compile(network), data, record=list(network.populations))

    rows, before, residue = [], [0] * size, [0] * size
    for values in data.reshape(20, -1):
        row = []
        for j, value in enumerate(values):
            sent, residue[j] = encode(before[j], int(value) << BITS, residue[j], 2)
            before[j] = int(value) << BITS
            row.append(sent)
        rows.append(row)
    coded = np.array(rows)
    first = sigma_delta(coded, hidden, bias, 3)
    second = sigma_delta(first, middle, [0] * 4, 7)
    came = np.vstack([np.zeros((1, 4), int), second[:-1]])
    names = list(network.populations)
    np.testing.assert_array_equal(found.spikes[names[0]].reshape(20, -1), coded)
    np.testing.assert_array_equal(found.spikes[names[1]], first)
    np.testing.assert_array_equal(found.spikes[names[2]], second)
    np.testing.assert_array_equal(found.spikes[names[3]], np.cumsum(came @ last.T, axis=0))
    assert np.count_nonzero(second) > 10


def test_the_input_may_come_as_payloads(write_net):
    """inputs="spikes" passes the encoder by."""
    path = write_net(
        {"type": "input", "shape": [1, 4, 4], "neuron": sdnn()}, conv(np.ones((2, 1, 3, 3)), (2, 2, 2), neuron=sdnn())
    )
    by_value, by_payload = load(path), load(path, inputs="spikes")
    assert isinstance(by_value.projections[0].synapse, Injection)
    assert list(by_payload.populations) == ["1-conv"]
    payloads = nk.run(nk.compile(by_value), np.full((5, 1, 4, 4), 90), record="0-input").spikes["0-input"]
    found = nk.run(nk.compile(by_payload), payloads)
    np.testing.assert_array_equal(
        found.spikes["1-conv"], nk.run(nk.compile(by_value), np.full((5, 1, 4, 4), 90)).spikes["1-conv"]
    )
    assert found.spikes["1-conv"].any()
