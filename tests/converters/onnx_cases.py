"""Random ONNX models, one or more for each operator."""

from __future__ import annotations

import numpy as np
from onnx import numpy_helper

from tests.converters.onnx_models import Sketch

IMAGE = (3, 8, 7)

CASES = {}


def case(shape=IMAGE, opset=17):
    """A model of one input `x` of `shape`; the function builds on it and gives the output."""

    def keep(build):
        CASES[build.__name__] = build, shape, opset
        return build

    return keep


# ------------------------------------------------------------------------------------------------ convolutions


@case()
def conv_pads_stride(s, x):
    x = s.relu(s.conv(x, 3, 4, 3, 2, pads=[1, 0, 1, 0], strides=[2, 1]))
    return s.conv(x, 4, 2, 2, 2)


@case()
def conv_unequal_pads(s, x):
    x = s.relu(s.conv(x, 3, 4, 3, 3, pads=[0, 2, 1, 1]))
    return s.relu(s.conv(x, 4, 3, 3, 3, pads=[2, 0, 0, 1], strides=[2, 3]))


@case()
def conv_unequal_pads_dilated(s, x):
    x = s.relu(s.conv(x, 3, 4, 3, 3, pads=[0, 3, 1, 1], dilations=[2, 2]))
    return s.relu(s.conv(x, 4, 3, 2, 2, pads=[2, 0, 0, 2], dilations=[2, 1], strides=[1, 2]))


@case()
def conv_same_upper(s, x):
    return s.relu(s.conv(x, 3, 4, 4, 3, auto_pad="SAME_UPPER", strides=[2, 2]))


@case()
def conv_same_lower(s, x):
    return s.relu(s.conv(x, 3, 4, 4, 2, auto_pad="SAME_LOWER"))


@case()
def conv_valid(s, x):
    return s.relu(s.conv(x, 3, 4, 4, 2, auto_pad="VALID"))


@case()
def conv_groups(s, x):
    x = s.relu(s.conv(x, 3, 6, 3, 3, groups=3, pads=[1] * 4))
    return s.relu(s.conv(x, 6, 4, 3, 3, groups=2))


@case(shape=(2, 11))
def conv_of_signals(s, x):
    x = s.relu(s.conv(x, 2, 5, 3, pads=[1, 2], strides=[2]))
    x = s.op("MaxPool", x, kernel_shape=[2], strides=[2])
    x = s.conv(x, 5, 3, 2, dilations=[2], pads=[1, 1])
    return s.relu(x)


@case()
def conv_transpose(s, x):
    x = s.op(
        "ConvTranspose", x, s.weights(3, 4, 3, 3), s.weights(4), strides=[2, 2], pads=[1] * 4, output_padding=[1, 1]
    )
    return s.conv(s.relu(x), 4, 2, 3, 3)


@case()
def conv_transpose_unequal_pads(s, x):
    x = s.op("ConvTranspose", x, s.weights(3, 2, 3, 3), s.weights(6), group=3, strides=[2, 1], pads=[0, 1, 1, 2])
    x = s.relu(x)
    x = s.op("ConvTranspose", x, s.weights(6, 2, 2, 2), s.weights(2), pads=[1, 0, 0, 0])
    return s.relu(x)


@case()
def conv_transpose_same(s, x):
    return s.relu(s.op("ConvTranspose", x, s.weights(3, 4, 3, 3), auto_pad="SAME_UPPER", strides=[2, 2]))


@case()
def conv_transpose_output_shape(s, x):
    return s.relu(s.op("ConvTranspose", x, s.weights(3, 4, 3, 3), output_shape=[16, 15], strides=[2, 2]))


@case()
def pad_then_conv(s, x):
    x = s.op("Pad", x, s.constant(np.array([0, 0, 1, 0, 0, 0, 2, 3])))
    x = s.relu(s.conv(x, 3, 4, 3, 3, strides=[2, 2]))
    x = s.op("Pad", x, s.constant(np.array([0, 0, 1, -1, 0, 0, 0, 1])), mode="constant")
    return s.relu(s.conv(x, 4, 2, 2, 2))


@case()
def pad_reflected(s, x):
    return s.relu(s.conv(s.op("Pad", x, s.constant(np.array([0, 0, 1, 2, 0, 0, 2, 3])), mode="reflect"), 3, 2, 3, 3))


# ----------------------------------------------------------------------------------------------------- products


@case(shape=(6,))
def gemm(s, x):
    x = s.op("Gemm", x, s.weights(6, 5), s.weights(1, 5), alpha=0.5, beta=2.0)
    return s.dense(s.relu(x), 5, 4)


@case(shape=(6,))
def matmul(s, x):
    x = s.op("Add", s.op("MatMul", x, s.weights(6, 5)), s.weights(5))
    return s.op("MatMul", s.relu(x), s.weights(5, 3))


@case(shape=(4, 5))
def matmul_from_the_left(s, x):
    x = s.relu(s.op("Add", s.op("MatMul", s.weights(3, 4), x), s.weights(3, 1)))
    return s.op("MatMul", x, s.weights(5, 2))


@case()
def flatten_dense(s, x):
    x = s.relu(s.conv(x, 3, 4, 3, 3))
    x = s.relu(s.dense(s.op("Flatten", x), 4 * 6 * 5, 8))
    return s.dense(s.op("Dropout", x), 8, 5)


# -------------------------------------------------------------------------------------------------- affine parts


@case()
def batch_norm_behind_conv(s, x):
    x = s.conv(x, 3, 4, 3, 3, pads=[1] * 4)
    x = s.op("BatchNormalization", x, s.weights(4), s.weights(4), s.weights(4), s.weights(4, low=0.2), epsilon=1e-3)
    return s.relu(x)


@case()
def batch_norm_before_padded_conv(s, x):
    x = s.op("BatchNormalization", x, s.weights(3), s.weights(3), s.weights(3), s.weights(3, low=0.2))
    return s.relu(s.conv(x, 3, 4, 3, 3, pads=[1] * 4))


@case(shape=(6,))
def batch_norm_of_vectors(s, x):
    x = s.op("BatchNormalization", s.dense(x, 6, 5), s.weights(5), s.weights(5), s.weights(5), s.weights(5, low=0.2))
    return s.dense(s.relu(x), 5, 2)


@case()
def normalised_input(s, x):
    x = s.op("Div", s.op("Sub", x, s.weights(1, 3, 1, 1)), s.weights(3, 1, 1, low=0.5))
    x = s.op("Mul", s.relu(s.conv(x, 3, 4, 3, 3, pads=[1] * 4)), s.weights(4, 1, 1))
    return s.op("Sub", s.weights(1, 4, 1, 1), s.conv(x, 4, 4, 1, 1))


@case()
def offsets_of_every_pixel(s, x):
    x = s.op("Add", x, s.weights(3, 8, 7))
    return s.relu(s.op("Neg", s.conv(x, 3, 4, 3, 3, pads=[1] * 4)))


# --------------------------------------------------------------------------------------------------------- pools


@case()
def max_pool_behind_relu(s, x):
    x = s.relu(s.conv(x, 3, 4, 3, 3, pads=[1] * 4))
    return s.conv(s.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), 4, 2, 2, 2)


@case()
def max_pool_before_relu(s, x):
    x = s.op("MaxPool", s.conv(x, 3, 4, 3, 3, pads=[1] * 4), kernel_shape=[2, 3], strides=[2, 2])
    return s.conv(s.relu(x), 4, 2, 2, 2)


@case()
def max_pool_of_signed_values(s, x):
    x = s.op("MaxPool", s.conv(x, 3, 4, 3, 3), kernel_shape=[3, 2], strides=[1, 2], pads=[1, 1, 1, 1])
    return s.conv(x, 4, 2, 2, 2)


@case()
def max_pool_padded_overlapping(s, x):
    x = s.relu(s.conv(x, 3, 4, 3, 3, pads=[1] * 4))
    x = s.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    return s.relu(s.conv(x, 4, 2, 2, 2))


@case()
def max_pool_ceil(s, x):
    x = s.relu(s.conv(x, 3, 4, 3, 3, pads=[1] * 4))
    return s.op("MaxPool", x, kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1)


@case()
def max_pool_dilated(s, x):
    x = s.op("MaxPool", x, kernel_shape=[2, 2], dilations=[3, 2], pads=[1, 0, 0, 1])
    return s.conv(x, 3, 2, 2, 2)


@case()
def global_pools(s, x):
    x = s.relu(s.conv(x, 3, 4, 3, 3))
    x = s.op("Concat", s.op("GlobalAveragePool", x), s.op("GlobalMaxPool", x), axis=1)
    return s.dense(s.op("Flatten", x), 8, 3)


@case()
def average_pool(s, x):
    x = s.relu(s.conv(x, 3, 4, 3, 3))
    return s.conv(s.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 1]), 4, 2, 2, 2)


@case()
def average_pool_without_padding_counted(s, x):
    x = s.op("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    return s.relu(s.conv(x, 3, 2, 2, 2))


@case()
def average_pool_with_padding_counted(s, x):
    x = s.op("AveragePool", x, kernel_shape=[3, 2], strides=[2, 2], pads=[1, 1, 0, 1], count_include_pad=1)
    return s.relu(s.conv(x, 3, 2, 2, 2))


@case()
def means(s, x):
    x = s.relu(s.conv(x, 3, 4, 3, 3))
    a = s.op("ReduceMean", x, axes=[2, 3], keepdims=0)
    return s.op(
        "Add",
        s.dense(a, 4, 2),
        s.dense(s.op("Squeeze", s.op("ReduceMean", x, axes=[-1, -2]), s.constant(np.array([2, 3]))), 4, 2),
    )


@case()
def means_along_one_axis(s, x):
    return s.relu(s.op("ReduceSum", s.conv(x, 3, 4, 3, 3), s.constant(np.array([3])), keepdims=0))


# ------------------------------------------------------------------------------------------------------ rectifiers


@case()
def relu6(s, x):
    x = s.op("Mul", s.conv(x, 3, 4, 3, 3), s.constant(np.float32(3)))
    x = s.op("Clip", x, s.constant(np.float32(0)), s.constant(np.float32(6)))
    return s.conv(x, 4, 2, 2, 2)


@case()
def clip_both_sides(s, x):
    x = s.op("Clip", s.conv(x, 3, 4, 3, 3), s.constant(np.float32(-0.5)), s.constant(np.float32(0.7)))
    return s.conv(x, 4, 2, 2, 2)


@case(opset=7)
def clip_above_old(s, x):
    return s.conv(s.op("Clip", s.conv(x, 3, 4, 3, 3), max=0.3), 4, 2, 2, 2)


@case()
def leaky_and_absolute(s, x):
    x = s.op("LeakyRelu", s.conv(x, 3, 4, 3, 3), alpha=0.2)
    x = s.op("PRelu", s.conv(x, 4, 4, 2, 2), s.weights(4, 1, 1))
    return s.op("Abs", s.conv(x, 4, 2, 2, 2))


@case()
def hard_sigmoid(s, x):
    return s.conv(s.op("HardSigmoid", s.conv(x, 3, 4, 3, 3), alpha=0.3, beta=0.4), 4, 2, 2, 2)


@case()
def extremes(s, x):
    a, b, c = (s.conv(x, 3, 4, 3, 3) for _ in range(3))
    x = s.op("Max", a, b, c)
    x = s.op("Min", x, s.conv(x, 4, 4, 1, 1), s.weights(4, 1, 1))
    return s.op("Max", x, s.constant(np.float32(0.1)))


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


def built(name, seed):
    build, shape, opset = CASES[name]
    sketch = Sketch(seed, opset)
    model = sketch.model(build(sketch, sketch.input(1, *shape)))
    samples = np.random.default_rng(seed + 1000).normal(size=(3, *shape))
    return model, samples
