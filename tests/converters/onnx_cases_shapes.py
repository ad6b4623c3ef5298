"""Small ONNX models: branches, and operations that move values."""

from __future__ import annotations

import numpy as np
from onnx import numpy_helper

from tests.converters.onnx_cases_base import case

# -------------------------------------------------------------------------------------------- branches and shapes


@case()
def residual(s, x):
    x = s.relu(s.conv(x, 3, 4, 3, 3, pads=[1] * 4))
    y = s.conv(s.relu(s.conv(x, 4, 4, 3, 3, pads=[1] * 4)), 4, 4, 3, 3, pads=[1] * 4)
    x = s.relu(s.op("Add", x, y))
    y = s.conv(x, 4, 4, 1, 1, strides=[2, 2])
    return s.relu(s.op("Sum", s.conv(x, 4, 4, 3, 3, pads=[1] * 4, strides=[2, 2]), y, y))


@case()
def residual_from_the_input(s, x):
    return s.relu(s.op("Sub", x, s.conv(s.relu(s.conv(x, 3, 4, 3, 3, pads=[1] * 4)), 4, 3, 1, 1)))


@case()
def concatenated(s, x):
    a = s.relu(s.conv(x, 3, 4, 3, 3, pads=[1] * 4))
    b = s.op("MaxPool", a, kernel_shape=[3, 3], pads=[1] * 4)
    x = s.op("Concat", a, s.conv(b, 4, 2, 1, 1), x, a, axis=1)
    x = s.relu(s.conv(x, 13, 3, 3, 3))
    return s.op("Concat", x, x, axis=3)


@case(shape=(6,))
def concatenated_vectors(s, x):
    a, b = s.relu(s.dense(x, 6, 3)), s.dense(x, 6, 2)
    return s.dense(s.op("Concat", a, b, axis=-1), 5, 3)


@case()
def resized(s, x):
    x = s.relu(s.conv(x, 3, 4, 3, 3))
    empty, scales = s.constant(np.zeros(0, np.float32)), s.constant(np.array([1, 1, 2, 3], np.float32))
    x = s.op("Resize", x, empty, scales, coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    return s.relu(s.conv(x, 4, 2, 3, 3))


@case()
def resized_to_a_size(s, x):
    empty = s.constant(np.zeros(0, np.float32))
    x = s.op("Resize", x, empty, empty, s.constant(np.array([1, 3, 13, 5])), nearest_mode="ceil")
    return s.relu(s.conv(x, 3, 2, 3, 3))


@case()
def resized_between(s, x):
    x = s.relu(s.conv(x, 3, 4, 3, 3))
    empty = s.constant(np.zeros(0, np.float32))
    x = s.op("Resize", x, empty, s.constant(np.array([1, 1, 2, 2], np.float32)), mode="linear")
    wanted = s.constant(np.array([1, 4, 9, 14]))
    corners = {"mode": "linear", "coordinate_transformation_mode": "align_corners"}
    return s.relu(s.conv(s.op("Resize", x, empty, empty, wanted, **corners), 4, 2, 3, 3))


@case(opset=9)
def upsample_between_old(s, x):
    x = s.op("Upsample", x, s.constant(np.array([1, 1, 2, 3], np.float32)), mode="linear")
    return s.relu(s.conv(x, 3, 2, 3, 3))


@case(opset=9)
def upsample_old(s, x):
    return s.relu(s.conv(s.op("Upsample", x, s.constant(np.array([1, 1, 2, 2], np.float32))), 3, 2, 3, 3))


@case(shape=(8, 7, 3))
def channels_last(s, x):
    x = s.op("Transpose", x, perm=[0, 3, 1, 2])
    x = s.op("Transpose", s.relu(s.conv(x, 3, 4, 3, 3)), perm=[0, 2, 3, 1])
    return s.dense(s.op("Reshape", x, s.constant(np.array([1, -1]))), 120, 3)


@case(shape=(6,))
def vector_to_image(s, x):
    x = s.relu(s.dense(x, 6, 24))
    x = s.op("Reshape", x, s.constant(np.array([-1, 2, 3, 4])))
    x = s.relu(s.op("ConvTranspose", x, s.weights(2, 3, 2, 2), s.weights(3), strides=[2, 2]))
    return s.op("Reshape", s.conv(x, 3, 2, 3, 3), s.constant(np.array([1, 2, 2, 2, 6, 1])))


@case()
def sliced_and_split(s, x):
    a, b = s.op("Split", s.relu(s.conv(x, 3, 6, 3, 3)), s.constant(np.array([2, 4])), outputs=2, axis=1)
    b = s.op("Slice", b, *(s.constant(np.array(v)) for v in ([1, -1], [3, -9], [1, 2], [1, -2])))
    a = s.op("Slice", a, *(s.constant(np.array(v)) for v in ([0], [6], [2], [2])))
    return s.op("Add", s.dense(s.op("Flatten", a), 30, 3), s.dense(s.op("Flatten", b), 30, 3))


@case()
def shuffled_channels(s, x):
    x = s.relu(s.conv(x, 3, 4, 3, 3))
    x = s.op("Transpose", s.op("Reshape", x, s.constant(np.array([1, 2, 2, 6, 5]))), perm=[0, 2, 1, 3, 4])
    x = s.op("Reshape", x, s.constant(np.array([0, 4, 6, 5])))
    return s.relu(s.conv(x, 4, 2, 3, 3, groups=2))


@case()
def depth_to_space(s, x):
    x = s.op("DepthToSpace", s.relu(s.conv(x, 3, 8, 3, 3)), blocksize=2, mode="CRD")
    x = s.op("SpaceToDepth", s.conv(x, 2, 1, 1, 1), blocksize=2)
    return s.op("Identity", x)


@case()
def shape_from_the_data(s, x):
    x = s.relu(s.conv(x, 3, 4, 3, 3))
    first = s.op("Gather", s.op("Shape", x), s.constant(np.array(0)), axis=0)
    wanted = s.op("Concat", s.op("Unsqueeze", first, s.constant(np.array([0]))), s.constant(np.array([-1])), axis=0)
    return s.dense(s.op("Reshape", x, s.op("Cast", wanted, to=7)), 120, 3)


@case()
def folded_constants(s, x):
    w = s.op("Reshape", s.op("Transpose", s.weights(3, 3, 3, 4), perm=[3, 2, 0, 1]), s.constant(np.array([4, 3, 3, 3])))
    w = s.op("Div", s.op("Mul", w, s.weights(4, 1, 1, 1)), s.op("Sqrt", s.weights(1, low=0.5)))
    bias = s.op("ConstantOfShape", s.constant(np.array([4])), value=_tensor([0.25]))
    return s.relu(s.op("Conv", x, w, bias))


@case()
def linear_to_the_end(s, x):
    return s.conv(s.conv(x, 3, 4, 3, 3), 4, 2, 3, 3)


def _tensor(numbers):
    return numpy_helper.from_array(np.array(numbers, np.float32))
