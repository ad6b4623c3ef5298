"""A convolutional network of 1.1 million parameters: converted in seconds, balanced on 256 images within a minute."""

from __future__ import annotations

import time

import numpy as np
import pytest

import neurokit as nk
from tests.converters.onnx_models import Sketch

SHAPE = (3, 32, 32)


def block(sketch, x, inner, out):
    x = sketch.conv(x, inner, out, 3, 3, pads=[1] * 4)
    norm = [sketch.weights(out), sketch.weights(out), sketch.weights(out), sketch.weights(out, low=0.2)]
    return sketch.relu(sketch.op("BatchNormalization", x, *norm))


def model():
    sketch = Sketch(1)
    x, inner = sketch.input(1, *SHAPE), SHAPE[0]
    for wide, out in ((64, 64), (128, 128), (256, 128)):
        x = block(sketch, block(sketch, x, inner, wide), wide, out)
        x, inner = sketch.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), out
    x = sketch.relu(sketch.dense(sketch.op("Flatten", x), 2048, 128))
    return sketch.model(sketch.dense(x, 128, 10))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_conversion_takes_seconds():
    """Measured: 0.2 s of processor time."""
    built = model()
    assert sum(int(np.prod(tensor.dims)) for tensor in built.graph.initializer) > 1_000_000
    start = time.process_time()
    net = nk.convert(built, code="sigma-delta")
    assert time.process_time() - start < 10
    assert sum(population.size for population in net.populations.values()) > 300_000


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_balancing_takes_less_than_a_minute():
    """Measured: 9 s of processor time for 256 images."""
    images = np.random.default_rng(0).normal(size=(256, *SHAPE)).astype(np.float32)
    built = model()
    start = time.process_time()
    nk.convert(built, code="rate", calibrate=images)
    assert time.process_time() - start < 60
