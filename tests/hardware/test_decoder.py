"""A small encoder and decoder with skips, in the manner of StereoSpike: Network, Program and Lava spike alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import neurokit as nk
from neurokit.graph.check import check_network
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import IF, Integrator
from neurokit.graph.synapses import Conv2d, ConvTranspose2d, ResizeConv2d, SumPool2d, Upsample2d
from tests.tolerances import FLOAT64_SUMS

pytest.importorskip("lava", reason="Lava needs Python 3.10")
RNG = np.random.default_rng(6)


def whole(*shape: int) -> Any:
    """Integers that use all of 8 bits, so that the scale is 1 and nothing is lost."""
    weight = RNG.integers(-60, 90, shape).astype(float)
    weight.flat[0], weight.flat[-1] = 127, -40
    return weight


def decoder() -> Network:
    """10x13 -> 5x7 -> residual -> 10x13 by resize, with a skip -> 20x26 transposed; two predictions, one readout."""
    shapes = {"down": (4, 5, 7), "residual": (4, 5, 7), "up": (3, 10, 13), "wide": (2, 20, 26)}
    populations = {name: Population(name, shape, IF(150.0, fires=">=")) for name, shape in shapes.items()}
    populations["depth"] = Population("depth", (1, 10, 13), Integrator())
    up = Conv2d(whole(3, 4, 3, 3))
    projections = (
        Projection("events", "down", (Conv2d(whole(4, 2, 3, 3), 2, 1),)),
        Projection("down", "residual", (Conv2d(whole(4, 4, 3, 3), padding=1),)),
        Projection("down", "up", (Upsample2d((12, 15)), up)),  # the residual block's sum, by the same weights twice
        Projection("residual", "up", (Upsample2d((12, 15)), up)),
        Projection("up", "wide", (ConvTranspose2d(whole(3, 2, 2, 2), 2),)),
        Projection("residual", "depth", (Upsample2d((12, 15)), Conv2d(whole(1, 4, 3, 3)))),
        Projection("wide", "depth", (SumPool2d(2, 2), Conv2d(whole(1, 2, 1, 1)))),
    )
    outputs = {"depth": populations["depth"]}
    return check_network(Network({"events": Input("events", (2, 10, 13))}, populations, projections, outputs, dt=1e-3))


def test_network_program_and_lava_spike_alike() -> None:
    network = decoder()
    program = nk.compile(network)
    assert program.latency == {"down": 1, "residual": 2, "up": 3, "wide": 4, "depth": 5}
    kinds = {p.name: type(p.synapse) for p in program.projections}
    assert kinds["residual->up"] is kinds["down->up"] is kinds["residual->depth"] is ResizeConv2d
    assert kinds["wide->depth"] is Conv2d, "a pool that tiles becomes part of the convolution"
    assert program.projections[2].delay == 2, "the shortcut waits for the residual block"
    values = (RNG.random((12, 2, 10, 13)) < 0.2).astype(int)
    names = tuple(program.populations)
    record = (*names, *((name, "v") for name in names))
    wanted = nk.run(network, values, record=names)
    found = nk.run(program, values, steps=17, record=record)
    for name in names[:-1]:
        assert wanted.spikes[name].any(), name
        np.testing.assert_array_equal(found.aligned(name)[:12], wanted.spikes[name], name)
    assert all(row.weight_error == row.threshold_error == 0 for row in program.report)
    scale = next(row.scale for row in program.report if row.population == "depth")
    readout = found.states["depth", "v"][5:17] / (64 * scale)
    np.testing.assert_allclose(readout, wanted.states["depth", "v"], **FLOAT64_SUMS)
    lava = nk.run(program, values, 17, "lava-inprocess", record, time_limit=120)
    for name in names:
        np.testing.assert_array_equal(lava.spikes[name], found.spikes[name], name)
        np.testing.assert_array_equal(lava.states[name, "v"], found.states[name, "v"], name)
