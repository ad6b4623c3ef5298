"""ONNX models in sigma-delta code give onnxruntime's numbers, operator by operator; in rate code they approach them."""

from __future__ import annotations

import numpy as np
import pytest

import neurokit as nk
from neurokit.converters.activations import evaluate
from neurokit.converters.dataflow import Sink, Source
from neurokit.converters.onnx_operators import KNOWN, layers_of
from neurokit.converters.onnx_reading import read
from neurokit.converters.rate_coding import rate_coded
from neurokit.errors import ConversionWarning
from neurokit.graph.graded_neurons import Delta, SigmaDelta
from neurokit.graph.neurons import IF, Integrator
from tests.converters.onnx_models import Sketch, runtime
from tests.tolerances import ONNXRUNTIME

pytest.importorskip("onnxruntime", reason="onnxruntime is the reference (pip install neurokit-lava[onnx])")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

IMAGE = (3, 8, 7)


def values(net, *batches):
    """The outputs' values of a network in sigma-delta code, after one step: (batch, n)."""
    feeds = {}
    for name, batch in zip(net.inputs, batches, strict=True):
        feeds[name] = np.asarray(batch, np.float64).reshape(len(batch), 1, *net.inputs[name].shape)
    found = nk.run(net, feeds if len(feeds) > 1 else next(iter(feeds.values())))
    (output,) = net.outputs
    return found.spikes[output].sum(axis=1).reshape(len(batches[0]), -1)


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
    from onnx import numpy_helper

    return numpy_helper.from_array(np.array(numbers, np.float32))


def built(name, seed):
    build, shape, opset = CASES[name]
    sketch = Sketch(seed, opset)
    model = sketch.model(build(sketch, sketch.input(1, *shape)))
    samples = np.random.default_rng(seed + 1000).normal(size=(3, *shape))
    return model, samples


@pytest.mark.parametrize("name", CASES)
def test_sigma_delta_equals_onnxruntime(name):
    model, samples = built(name, len(name))
    found = values(nk.convert(model, code="sigma-delta"), samples)
    expected = runtime(model, samples)
    assert np.abs(expected).max() > 0.1  # the case says something
    np.testing.assert_allclose(found, expected, **ONNXRUNTIME)


@pytest.mark.parametrize("name", CASES)
def test_our_own_forward_equals_onnxruntime(name):
    """Thresholds and biases are taken from it."""
    model, samples = built(name, len(name) + 1)
    layers, _ = layers_of(read(model, KNOWN), {"x": (1, *samples.shape[1:])})
    (source,) = (node for node in layers.nodes.values() if isinstance(node, Source))
    seen = {}
    evaluate(layers, {"x": samples.reshape(len(samples), *source.shape)}, seen.__setitem__)
    (sink,) = (name for name, node in layers.nodes.items() if isinstance(node, Sink))
    np.testing.assert_allclose(seen[sink].reshape(len(samples), -1), runtime(model, samples), **ONNXRUNTIME)


# ---------------------------------------------------------------------------------------------------------- rates

RATES = (
    "conv_pads_stride",
    "relu6",
    "clip_both_sides",
    "max_pool_behind_relu",
    "max_pool_of_signed_values",
    "residual",
    "concatenated",
    "global_pools",
    "batch_norm_before_padded_conv",
    "vector_to_image",
)


def rates(net, samples, steps):
    """What the outputs of a network in rate code say after `steps` steps: (batch, n)."""
    (name,) = net.outputs
    inputs = np.repeat(samples.reshape(len(samples), 1, *next(iter(net.inputs.values())).shape), steps, axis=1)
    neuron = net.outputs[name].neuron
    if isinstance(neuron, Integrator):
        found = nk.run(net, inputs, record=((name, "v"),)).states[name, "v"][:, -1] / steps
    else:
        assert isinstance(neuron, IF)
        found = nk.run(net, inputs).spikes[name].sum(axis=1) / steps * neuron.threshold
    return found.reshape(len(samples), -1)


@pytest.mark.parametrize("name", RATES)
def test_rates_approach_the_activations(name):
    """More steps bring the error down, to a few per cent of the outputs' range at 512; no activation is cut off."""
    model, samples = built(name, len(name))
    layers, _ = layers_of(read(model, KNOWN), {"x": (1, *samples.shape[1:])})
    net = rate_coded(layers, {"x": samples}, percentile=100)
    expected = runtime(model, samples)
    scale = np.abs(expected).max()
    errors = [np.abs(rates(net, samples, steps) - expected).max() / scale for steps in (32, 128, 512)]
    assert errors[2] < 0.03
    assert errors[2] < errors[0] / 2


def test_thresholds_per_channel():
    """A channel whose weights are a hundredth of the others' has a threshold of its own."""
    sketch = Sketch(3)
    weight = sketch.rng.uniform(-1, 1, (4, 3, 3, 3)).astype(np.float32)
    weight[1] /= 100
    x = sketch.relu(
        sketch.op("Conv", sketch.input(1, *IMAGE), sketch.constant(weight), sketch.constant(np.zeros(4, np.float32)))
    )
    model = sketch.model(sketch.conv(x, 4, 2, 2, 2))
    samples = np.random.default_rng(4).normal(size=(8, *IMAGE))
    layers, _ = layers_of(read(model, KNOWN), {"x": (1, *IMAGE)})
    net = rate_coded(layers, {"x": samples}, percentile=100, per_channel=True)
    (rectified,) = (p for p in net.populations.values() if isinstance(p.neuron, IF))
    low = np.delete(rectified.neuron.threshold.ravel(), 1).min()
    assert rectified.neuron.threshold.shape == (4, 1, 1)
    assert rectified.neuron.threshold[1, 0, 0] < low / 30
    expected = runtime(model, samples)
    assert np.abs(rates(net, samples, 256) - expected).max() < 0.03 * np.abs(expected).max()


def test_the_potential_starts_at_half_the_threshold_in_integers_too():
    sketch = Sketch()
    model = sketch.model(sketch.relu(sketch.dense(sketch.input(1, 4), 4, 3)))
    net = nk.convert(model, code="rate", calibrate=np.ones((2, 4)))
    neuron = net.populations["relu1"].neuron
    assert (neuron.v_initial, neuron.reset) == (neuron.threshold / 2, "soft")
    whole = nk.compile(net).populations["relu1"].neuron
    assert whole.reset_value == 2 * (whole.threshold + 1)
    found = (
        nk.run(net, np.ones((1, 64, 4))).counts["relu1"],
        nk.run(nk.compile(net), np.ones((1, 64, 4), int), 65).counts["relu1"],
    )
    assert np.abs(found[0] - found[1]).max() <= 1


# ------------------------------------------------------------------------------------------------- what is given back


def test_names_and_kinds():
    sketch = Sketch()
    x = sketch.op("Relu", sketch.conv(sketch.input(1, *IMAGE, name="image"), 3, 4, 3, 3), name="hidden")
    x = sketch.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2], name="pool")
    model = sketch.model(sketch.conv(x, 4, 2, 1, 1))
    net = nk.convert(model, code="sigma-delta", dt=1e-3)
    assert {name: place.shape for name, place in net.inputs.items()} == {"image": IMAGE}
    assert net.dt == 1e-3
    kinds = {name: type(p.neuron) for name, p in net.populations.items()}
    assert kinds.pop("image.delta") is Delta
    assert set(kinds.values()) == {SigmaDelta}
    assert list(kinds) == ["hidden", "pool.1", "pool.2", "pool", *net.outputs]
    assert {p.source for p in net.incoming(next(iter(net.outputs)))} == {"pool"}
    rate = nk.convert(model, code="rate", calibrate=np.ones((1, *IMAGE)))
    assert {name: type(p.neuron) for name, p in rate.populations.items()} == dict.fromkeys(
        ["hidden", "pool.1", "pool.2", "pool"], IF
    ) | dict.fromkeys(net.outputs, Integrator)


def test_several_inputs_and_outputs():
    sketch = Sketch(5)
    a, b = sketch.input(1, 4, name="a"), sketch.input(1, *IMAGE, name="b")
    x = sketch.relu(sketch.op("Add", sketch.dense(a, 4, 5), sketch.dense(sketch.op("Flatten", b), 168, 5)))
    model = sketch.model(sketch.dense(x, 5, 2), x)
    samples = np.random.default_rng(1).normal(size=(2, 4)), np.random.default_rng(2).normal(size=(2, *IMAGE))
    net = nk.convert(model, code="sigma-delta")
    assert (list(net.inputs), len(net.outputs)) == (["a", "b"], 2)
    found = nk.run(net, {"a": samples[0][:, None], "b": samples[1][:, None]})
    first = next(name for name in net.outputs if net.outputs[name].size == 2)
    np.testing.assert_allclose(found.spikes[first][:, 0], runtime(model, *samples), **ONNXRUNTIME)
    calibrate = dict(zip("ab", samples, strict=True))
    assert len(nk.convert(model, code="rate", calibrate=calibrate).outputs) == 2


def test_softmax_is_left_out_and_said():
    sketch = Sketch(6)
    logits = sketch.dense(sketch.input(1, 4), 4, 3)
    model = sketch.model(sketch.op("Softmax", logits, name="probabilities"))
    with pytest.warns(ConversionWarning, match="'probabilities' is left out"):
        net = nk.convert(model, code="sigma-delta")
    samples = np.random.default_rng(1).normal(size=(5, 4))
    found, expected = values(net, samples), runtime(model, samples)
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()
    np.testing.assert_allclose(np.exp(found) / np.exp(found).sum(axis=1, keepdims=True), expected, **ONNXRUNTIME)


def test_free_sizes_take_a_shape():
    sketch = Sketch(7)
    model = sketch.model(sketch.relu(sketch.conv(sketch.input("batch", 3, "rows", "columns"), 3, 2, 3, 3)))
    samples = np.random.default_rng(1).normal(size=(2, 3, 6, 5))
    net = nk.convert(model, code="sigma-delta", shape=(3, 6, 5))
    np.testing.assert_allclose(values(net, samples), runtime(model, samples), **ONNXRUNTIME)


def test_sigma_delta_sends_changes_alone():
    """A sequence of images: after each the sum of what was sent is its value; an image held sends nothing more."""
    model, samples = built("max_pool_behind_relu", 8)
    net = nk.convert(model, code="sigma-delta")
    (output,) = net.outputs
    found = nk.run(net, np.repeat(samples, 2, axis=0)[None])
    assert not any(found.step_counts[name][1::2].any() for name in net.populations)
    total = found.spikes[output][0].cumsum(axis=0)[1::2]
    np.testing.assert_allclose(total.reshape(3, -1), runtime(model, samples), **ONNXRUNTIME)


def test_sigma_delta_leaves_out_what_is_too_small_to_matter():
    model, samples = built("max_pool_behind_relu", 8)
    exact, sparse = (nk.convert(model, code="sigma-delta", calibrate=c) for c in (None, samples))
    (output,) = exact.outputs
    runs = [nk.run(net, samples[:, None]) for net in (exact, sparse)]
    hidden = "relu1"
    assert (sparse.populations[hidden].neuron.threshold > 0).all()
    assert runs[1].counts[hidden].sum() < runs[0].counts[hidden].sum()
    error = np.abs(runs[1].spikes[output] - runs[0].spikes[output]).max()
    assert 0 < error < 0.03 * np.abs(runs[0].spikes[output]).max()


def test_external_data_beside_the_model(tmp_path):
    from onnx import save

    model, samples = built("flatten_dense", 9)
    path = tmp_path / "model.onnx"
    expected = runtime(model, samples)
    save(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert (tmp_path / "weights.bin").stat().st_size > 1000
    np.testing.assert_allclose(values(nk.convert(path, code="sigma-delta"), samples), expected, **ONNXRUNTIME)
