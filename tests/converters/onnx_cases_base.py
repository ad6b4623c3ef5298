"""The table of small ONNX models, which `case` fills."""

from __future__ import annotations

IMAGE = (3, 8, 7)

CASES = {}


def case(shape=IMAGE, opset=17):
    """A model of one input `x` of `shape`; the function builds on it and gives the output."""

    def keep(build):
        CASES[build.__name__] = build, shape, opset
        return build

    return keep
