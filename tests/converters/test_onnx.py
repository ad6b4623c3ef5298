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
from tests.converters.onnx_cases import CASES, IMAGE, built
from tests.converters.onnx_models import Sketch, runtime
from tests.tolerances import INTEGER_LAYERS, ONNXRUNTIME

pytest.importorskip("onnxruntime", reason="onnxruntime is the reference (pip install neurokit-lava[onnx])")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def values(net, *batches):
    """The outputs' values of a network in sigma-delta code, after one step: (batch, n)."""
    feeds = {}
    for name, batch in zip(net.inputs, batches, strict=True):
        feeds[name] = np.asarray(batch, np.float64).reshape(len(batch), 1, *net.inputs[name].shape)
    found = nk.run(net, feeds if len(feeds) > 1 else next(iter(feeds.values())))
    (output,) = net.outputs
    return found.spikes[output].sum(axis=1).reshape(len(batches[0]), -1)


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


# -------------------------------------------------------------------------------------------------------- integers

WHOLE = ("max_pool_behind_relu", "relu6", "residual", "concatenated", "conv_transpose", "vector_to_image", "means")


@pytest.mark.filterwarnings("error::neurokit.errors.OverflowWarning")
@pytest.mark.parametrize("name", WHOLE)
def test_sigma_delta_in_integers(name):
    """8-bit weights and payloads of whole numbers: a few per cent of the outputs' range are lost."""
    model, samples = built(name, len(name))
    program = nk.compile(nk.convert(model, code="sigma-delta"), calibrate=samples[:, None])
    (output,) = program.outputs
    steps = program.latency[output] + 1
    inputs = program.scaled(np.repeat(samples.reshape(len(samples), 1, *program.inputs["x"].shape), steps, axis=1))
    scale = next(row for row in program.report if row.population == output).payload_scale
    found = nk.run(program, inputs).spikes[output].sum(axis=1).reshape(len(samples), -1) / scale
    expected = runtime(model, samples)
    assert np.abs(found - expected).max() < INTEGER_LAYERS * np.abs(expected).max()


@pytest.mark.filterwarnings("error::neurokit.errors.OverflowWarning")
@pytest.mark.parametrize("name", ["max_pool_behind_relu", "relu6", "vector_to_image"])
def test_rates_in_integers(name):
    """128 steps of 8-bit weights against the float network in rate code: the same values up to weights' rounding."""
    model, samples = built(name, len(name))
    net = nk.convert(model, code="rate", calibrate=samples)
    steps = 128
    held = np.repeat(samples.reshape(len(samples), 1, *net.inputs["x"].shape), steps, axis=1)
    program = nk.compile(net, calibrate=held)
    (output,) = net.outputs
    latency = program.latency[output]
    whole = program.scaled(np.repeat(held[:, :1], steps + latency, axis=1))
    row = next(row for row in program.report if row.population == output)
    found = nk.run(program, whole, record=((output, "v"),)).states[output, "v"][:, -1] / (64 * row.scale)
    expected = nk.run(net, held, record=((output, "v"),)).states[output, "v"][:, -1]
    assert np.abs(found - expected).max() < INTEGER_LAYERS * np.abs(expected).max()


@pytest.mark.parametrize("code", ["sigma-delta", "rate"])
def test_lava_computes_the_same(code):
    """Pools' trees, their delays and thresholds: every spike and payload equal, bit for bit."""
    pytest.importorskip("lava.magma.core", reason="Lava needs Python 3.10")
    model, samples = built("max_pool_behind_relu", 3)
    held = np.repeat(samples[:, None], 8, axis=1)
    program = nk.compile(nk.convert(model, code=code, calibrate=samples), calibrate=held)
    inputs, record = program.scaled(held[:1]), tuple(program.populations)
    ours, theirs = (nk.run(program, inputs, record=record, backend=name) for name in ("simulator", "lava-inprocess"))
    for name in record:
        np.testing.assert_array_equal(ours.spikes[name][:], theirs.spikes[name][:])
    assert all(ours.spikes[name][:].any() for name in record if program.populations[name].neuron.spiking)
