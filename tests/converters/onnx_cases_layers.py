"""Small ONNX models: convolutions, products, pools and rectifiers."""

from __future__ import annotations

import numpy as np

from tests.converters.onnx_cases_base import case

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
