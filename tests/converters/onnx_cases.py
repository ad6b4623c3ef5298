"""Random ONNX models, one or more for each operator."""

from __future__ import annotations

import numpy as np

from tests.converters import onnx_cases_layers, onnx_cases_shapes  # noqa: F401  # they fill CASES
from tests.converters.onnx_cases_base import CASES, IMAGE
from tests.converters.onnx_models import Sketch

__all__ = ["CASES", "IMAGE", "built"]


def built(name, seed):
    build, shape, opset = CASES[name]
    sketch = Sketch(seed, opset)
    model = sketch.model(build(sketch, sketch.input(1, *shape)))
    samples = np.random.default_rng(seed + 1000).normal(size=(3, *shape))
    return model, samples
