"""Rows of README's table that come from frameworks: ONNX models, live torch modules, bare weights, whole NIR graphs.

Each gives a Network, or (Network, samples of its input to calibrate by).
"""

from __future__ import annotations

from itertools import pairwise

import nir
import numpy as np

import neurokit as nk
from tests.converters.onnx_models import Sketch
from tests.frameworks import framework

DT = 1e-3


def _rng():
    return np.random.default_rng(7)


def _values(*shape, low=-0.4, high=0.8):
    return _rng().uniform(low, high, shape).astype(np.float32)


# ------------------------------------------------------------------------------------------------------------- NIR


def _graph(nodes, edges):
    return nk.convert(nir.NIRGraph(nodes, edges, type_check=False), dt=DT)


def _full(shape, value):
    return np.full(shape, value, np.float32)


def _if(size):
    return nir.IF(_full(size, 1.0), _full(size, 1.0))


def _row(**nodes):
    named = {"input": nodes.pop("input"), **nodes, "output": nir.Output({"output": None})}
    names = list(named)
    return _graph(named, list(pairwise(names)))


def conv1d(_):
    conv = nir.Conv1d(8, _values(4, 2, 3), 1, 1, 1, 1, _values(4, high=0.1))
    return _row(input=nir.Input(np.array([2, 8])), conv=conv, cells=_if((4, 8)))


def scale_threshold(_):
    return _row(
        input=nir.Input(np.array([6])),
        w=nir.Linear(_values(5, 6)),
        scale=nir.Scale(_values(5, low=0.5, high=2.0)),
        cells=nir.Threshold(_full(5, 0.7)),
    )


def cuba_li(_):
    names = {"tau_syn": 0.005, "tau_mem": 0.01, "r": 10.0, "v_leak": 0.0, "w_in": 5.0}
    readout = nir.CubaLI(**{name: _full(3, value) for name, value in names.items()})
    return _row(
        input=nir.Input(np.array([6])), w=nir.Linear(_values(5, 6)), c=_if(5), w2=nir.Linear(_values(3, 5)), r=readout
    )


def delay(_):
    return _row(
        input=nir.Input(np.array([6])),
        delay=nir.Delay(np.array([0, 1, 2, 0, 3, 1], np.float32) * DT),
        w=nir.Linear(_values(5, 6)),
        cells=_if(5),
    )


def recurrent(_):
    cuba = {"tau_syn": 0.005, "tau_mem": 0.01, "r": 10.0, "v_leak": 0.0, "v_threshold": 1.0, "w_in": 5.0}
    inner = nir.NIRGraph(
        {
            "input": nir.Input(np.array([5])),
            "cells": nir.CubaLIF(**{name: _full(5, value) for name, value in cuba.items()}),
            "back": nir.Linear(_values(5, 5, low=-0.3, high=0.3)),
            "output": nir.Output(np.array([5])),
        },
        [("input", "cells"), ("cells", "back"), ("back", "cells"), ("cells", "output")],
        type_check=False,
    )
    return _row(input=nir.Input(np.array([6])), w=nir.Linear(_values(5, 6)), loop=inner)


def skip(_):
    nodes = {
        "input": nir.Input(np.array([6])),
        "w": nir.Linear(_values(5, 6)),
        "a": _if(5),
        "w2": nir.Linear(_values(5, 5)),
        "b": _if(5),
        "output": nir.Output(np.array([5])),
    }
    return _graph(nodes, [("input", "w"), ("w", "a"), ("a", "w2"), ("w2", "b"), ("w", "b"), ("b", "output")])


# ------------------------------------------------------------------------------------------------------------ ONNX


def _model():
    sketch = Sketch(3)
    x = sketch.relu(sketch.conv(sketch.input(1, 2, 6, 6), 2, 3, 3, 3, pads=[1, 1, 1, 1]))
    x = sketch.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    return sketch.model(sketch.dense(sketch.op("Flatten", x), 27, 4))


def onnx(code):
    def build(_):
        samples = (_rng().random((8, 2, 6, 6)) < 0.4).astype(np.float32)
        network = nk.convert(_model(), code=code, calibrate=samples if code == "rate" else None)
        return network, np.repeat(samples[:, None], 12, axis=1)

    return build


# ----------------------------------------------------------------------------------------------------------- torch


def _linear_layers(nn, *cells):
    sizes, layers = (6, 7, 5), []
    for (before, after), cell in zip(pairwise(sizes), cells, strict=True):
        linear = nn.Linear(before, after)
        with framework("torch").no_grad():
            linear.weight.copy_(framework("torch").as_tensor(_values(after, before)))
            linear.bias.copy_(framework("torch").as_tensor(_values(after, low=0.0, high=0.1)))
        layers += [linear, cell]
    return nn.Sequential(*layers)


def snntorch(_):
    snn = framework("snntorch")
    cells = snn.Leaky(beta=0.8, init_hidden=True), snn.Synaptic(alpha=0.6, beta=0.8, init_hidden=True)
    return nk.convert(_linear_layers(framework("torch").nn, *cells), shape=(6,), dt=DT)


def norse(_):
    torch, norse = framework("torch", "norse.torch")
    cells = [norse.LIFBoxCell(norse.LIFBoxParameters(v_th=torch.as_tensor(0.1)), dt=DT) for _ in range(2)]
    layers = _linear_layers(torch.nn, *cells)
    return nk.convert(norse.SequentialState(*layers), shape=(6,))


def spikingjelly(_):
    neuron = framework("spikingjelly.activation_based.neuron")
    cells = neuron.IFNode(), neuron.LIFNode(tau=2.0, v_threshold=0.5)
    return nk.convert(_linear_layers(framework("torch").nn, *cells), shape=(6,), dt=DT)


def sinabs(_):
    layers, activation = framework("sinabs.layers", "sinabs.activation")
    single = {"spike_fn": activation.SingleSpike, "min_v_mem": None}
    cells = layers.IAF(spike_threshold=1.0, **single), layers.LIF(tau_mem=20.0, spike_threshold=0.05, **single)
    return nk.convert(_linear_layers(framework("torch").nn, *cells), shape=(6,), dt=DT)


def weights(folder):
    path = folder / "weights.npz"
    np.savez(path, **{"0.weight": _values(5, 6), "0.bias": _values(5, low=0.0, high=0.1)})
    cells = {"neuron": "LIF", "keep": 0.75, "threshold": 0.9, "reset": "hard"}
    spec = {"shape": [6], "dt": DT, "layers": [{"layer": "linear", "weights": "0"}, cells]}
    return nk.convert(path, spec=spec)


NIR = {
    "NIR: Conv1d": conv1d,
    "NIR: Scale, Threshold": scale_threshold,
    "NIR: CubaLI readout": cuba_li,
    "NIR: Delay": delay,
    "NIR: subgraph of recurrent CubaLIF": recurrent,
    "NIR: branches that meet": skip,
}
FRAMEWORKS = {
    "ONNX: Conv, Relu, MaxPool, Gemm in sigma-delta code": onnx("sigma-delta"),
    "ONNX: Conv, Relu, MaxPool, Gemm in rate code": onnx("rate"),
    "torch: snnTorch Leaky, Synaptic": snntorch,
    "torch: Norse LIFBoxCell": norse,
    "torch: SpikingJelly IFNode, LIFNode": spikingjelly,
    "torch: sinabs IAF, LIF": sinabs,
    "weights (.npz, .safetensors, .pt) with spec=": weights,
}
