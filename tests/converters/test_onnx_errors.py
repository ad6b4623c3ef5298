"""What cannot be converted from ONNX is refused: every fault at once, by the name of the node, in bounded time."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper, save

import neurokit as nk
from neurokit.converters.onnx_operators import layers_of
from neurokit.converters.onnx_records import Model, Operation
from neurokit.errors import ConversionError, FormatError, InputError
from tests.converters.onnx_models import Sketch

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.timeout(60)]
IMAGE = (3, 6, 5)


def convert(model, **options):
    return nk.convert(model, **{"code": "sigma-delta", **options})


def faults(error, model, **options):
    with pytest.raises(error) as caught:
        convert(model, **options)
    return {fault.node: str(fault) for fault in caught.value.faults}


def images(build, seed=0):
    """A model of one input x of IMAGE."""
    sketch = Sketch(seed)
    return sketch.model(build(sketch, sketch.input(1, *IMAGE)))


# ------------------------------------------------------------------------------------------------------- operators


def _resized(s, x, sizes=(1, 3, 12, 10), **attributes):
    empty = s.constant(np.zeros(0, np.float32))
    return s.op("Resize", x, empty, empty, s.constant(np.array(sizes)), name="bad", **attributes)


REFUSED = {
    "is told by data how to rearrange": lambda s, x: s.op("Gather", s.weights(3), x, name="bad"),
    "gives no values": lambda s, x: s.op("Slice", x, *(s.constant(np.array([n])) for n in (4, 2, 2)), name="bad"),
    "its input is a constant": lambda s, x: s.op("Conv", s.weights(1, 3, 4, 4), s.weights(1, 3, 3, 3), name="bad"),
    "transposes its data": lambda s, x: s.op("Gemm", x, s.weights(3, 2), transA=1, name="bad"),
    "is given shape (1, 3, 6, 5) and weights": lambda s, x: s.op("Gemm", x, s.weights(5, 2), name="bad"),
    "is given shape (1, 90)": lambda s, x: s.op("MaxPool", s.op("Flatten", x), kernel_shape=[2], name="bad"),
    "its part is a constant": lambda s, x: s.op("Concat", x, s.weights(1, 2, 6, 5), axis=1, name="bad"),
    "pads are (1, 1)": lambda s, x: s.op("Conv", x, s.weights(2, 3, 3, 3), pads=[1, 1], name="bad"),
    "strides is (0, 1)": lambda s, x: s.op("Conv", x, s.weights(2, 3, 3, 3), strides=[0, 1], name="bad"),
    "is to give 90 places": lambda s, x: s.op(
        "ConvTranspose", x, s.weights(3, 2, 3, 3), output_shape=[90, 9], name="bad"
    ),
    "weights (2, 3, 3, 3) in 1 groups": lambda s, x: s.op("ConvTranspose", x, s.weights(2, 3, 3, 3), name="bad"),
    "gives sizes (-2, 7)": lambda s, x: s.op("ConvTranspose", x, s.weights(3, 2, 3, 3), pads=[5, 0, 5, 0], name="bad"),
    "has coordinates 'tf_crop_and_resize'": lambda s, x: _resized(
        s, x, coordinate_transformation_mode="tf_crop_and_resize"
    ),
    "rounds coordinates by 'up'": lambda s, x: _resized(s, x, nearest_mode="up"),
    "resizes (1, 3, 6, 5) to (1, 6, 6, 5)": lambda s, x: _resized(s, x, [1, 6, 6, 5]),
    "pads by 'wrap'": lambda s, x: s.op("Pad", x, s.constant(np.zeros(8, np.int64)), mode="wrap", name="bad"),
    "is a Sigmoid": lambda s, x: s.op("Sigmoid", x, name="bad"),
    "is a com.example.Foo": lambda s, x: s.op("Foo", x, name="bad", domain="com.example"),
    "multiplies two values that depend on the input": lambda s, x: s.op("Mul", x, s.relu(x), name="bad"),
    "is a Softmax that others read": lambda s, x: s.relu(s.op("Softmax", x, name="bad")),
    "is a Pow of data": lambda s, x: s.op("Pow", x, s.weights(1), name="bad"),
    "its divisor is computed from the input": lambda s, x: s.op("Div", s.weights(1), x, name="bad"),
    "divides by zero": lambda s, x: s.op("Div", x, s.constant(np.zeros(1, np.float32)), name="bad"),
    "its weights is computed": lambda s, x: s.op("Conv", x, x, name="bad"),
    "weights (4, 2, 3, 3) in 1 groups": lambda s, x: s.op("Conv", x, s.weights(4, 2, 3, 3), name="bad"),
    "windows of 9 do not fit 6 places": lambda s, x: s.op("Conv", x, s.weights(4, 3, 9, 3), name="bad"),
    "has a bias of shape (3,)": lambda s, x: s.op("Conv", x, s.weights(4, 3, 3, 3), s.weights(3), name="bad"),
    "windows that lie in the padding alone": lambda s, x: s.op(
        "MaxPool", x, name="bad", kernel_shape=[2, 2], strides=[1, 1], pads=[2, 0, 0, 0]
    ),
    "interpolates (cubic)": lambda s, x: s.op(
        "Resize",
        x,
        s.constant(np.zeros(0, np.float32)),
        s.constant(np.array([1, 1, 2, 2], np.float32)),
        name="bad",
        mode="cubic",
    ),
    "pads with 1": lambda s, x: s.op(
        "Pad", x, s.constant(np.array([0, 0, 1, 1] * 2)), s.constant(np.float32(1)), name="bad"
    ),
    "combines shape (1, 3, 6, 5) and a constant of shape (7,)": lambda s, x: s.op("Add", x, s.weights(7), name="bad"),
    "combines shapes (1, 3, 6, 5) and (1, 3, 5, 6)": lambda s, x: s.op(
        "Add", x, s.op("Transpose", x, perm=[0, 1, 3, 2]), name="bad"
    ),
    "joins shapes": lambda s, x: s.op("Concat", x, s.op("Transpose", x, perm=[0, 1, 3, 2]), axis=1, name="bad"),
    "cannot reshape array of size 90": lambda s, x: s.op("Reshape", x, s.constant(np.array([1, 7])), name="bad"),
    "multiplies shape (1, 3, 6, 5) and a constant of shape (6, 2)": lambda s, x: s.op(
        "MatMul", x, s.weights(6, 2), name="bad"
    ),
    "is in training mode": lambda s, x: s.op(
        "Dropout", x, s.constant(np.float32(0.5)), s.constant(np.array(True)), name="bad"
    ),
    "has a variance that is not positive": lambda s, x: s.op(
        "BatchNormalization",
        x,
        s.weights(3),
        s.weights(3),
        s.weights(3),
        s.constant(-np.ones(3, np.float32)),
        name="bad",
    ),
    "has the bounds 1 and 0": lambda s, x: s.op(
        "Clip", x, s.constant(np.float32(1)), s.constant(np.float32(0)), name="bad"
    ),
    "rounds data to integers": lambda s, x: s.op("Cast", s.op("Cast", x, to=7, name="bad"), to=1),
    "makes 90,000,000 numbers": lambda s, x: s.op("Expand", x, s.constant(np.array([10**6, 3, 6, 5])), name="bad"),
}


@pytest.mark.parametrize("words", REFUSED)
def test_an_operation_that_cannot_be_converted(words):
    found = faults(ConversionError, images(REFUSED[words]))
    assert words in found["bad"]


def test_resizes_that_keep_the_aspect_ratio():
    sketch = Sketch(opset=19)
    model = sketch.model(_resized(sketch, sketch.input(1, *IMAGE), keep_aspect_ratio_policy="not_larger"))
    assert "keeps the aspect ratio (not_larger)" in faults(ConversionError, model)["bad"]


def test_all_faults_at_once():
    def build(s, x):
        s.op("Tanh", x, name="first")
        s.op("MatMul", x, s.weights(6, 2), name="second")
        return s.op("Erf", x, name="third")

    found = faults(ConversionError, images(build))
    assert found.keys() == {"first", "third"}  # operators that nobody knows come before the work

    def other(s, x):
        a = s.op("MatMul", x, s.weights(6, 2), name="first")
        return s.op("Add", s.relu(a), s.op("Mul", x, s.relu(x), name="second"))

    assert faults(ConversionError, images(other)).keys() == {"first", "second"}


def test_a_mask_that_is_read():
    def build(s, x):
        y, mask = s.op("Dropout", x, outputs=2, name="drop")
        return s.op("Where", mask, y, x, name="bad")

    assert "is not made here" in faults(ConversionError, images(build))["bad"]


@pytest.mark.parametrize(
    ("kind", "attribute", "given"),
    [
        ("Cast", "to", {}),
        ("DepthToSpace", "blocksize", {"mode": "CRD"}),
        ("SpaceToDepth", "blocksize", {}),
        ("MaxPool", "kernel_shape", {"strides": [2, 2]}),
        ("AveragePool", "kernel_shape", {}),
    ],
)
def test_attributes_that_are_missing(kind, attribute, given):
    """Where onnx's checker lets a model through, as one of an opset that it does not know, ours says it by itself."""
    bad = Operation("bad", kind, ("x",), ("y",), given)
    model = Model({"x": (1, *IMAGE)}, ("y",), {}, (bad,), 17, "x.onnx")
    with pytest.raises(ConversionError) as caught:
        layers_of(model, {"x": (1, *IMAGE)})
    assert str(caught.value.faults[0]).startswith(f"'bad': has no attribute '{attribute}'; a {kind} has one")


def test_an_output_without_an_input():
    sketch = Sketch()
    sketch.input(1, 3)
    model = sketch.model(sketch.op("Relu", sketch.weights(1, 3), name="r"))
    assert "does not depend on an input" in faults(ConversionError, model)["r_0"]


# -------------------------------------------------------------------------------------------------------- structure


def raw(nodes, inputs=(("x", (1, 3)),), outputs=("y",), constants=(), opset=17):
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    graph = helper.make_graph(nodes, "g", infos, ends, list(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def node(kind, inputs, outputs, name, **attributes):
    return helper.make_node(kind, inputs, outputs, name=name, **attributes)


def test_cycles():
    nodes = [
        node("Add", ["x", "b"], ["a"], "one"),
        node("Relu", ["a"], ["b"], "two"),
        node("Relu", ["b"], ["y"], "three"),
    ]
    assert "made by a later node" in faults(ConversionError, raw(nodes))["one"]


def test_broken_references():
    nodes = [node("Add", ["x", "nothing"], ["y"], "one"), node("Relu", ["x"], ["y"], "two")]
    found = faults(ConversionError, raw(nodes, outputs=("y", "z")))
    assert "which nothing makes" in found["one"]
    assert "made more than once" in found["y"]
    assert "output that nothing makes" in found["z"]


def test_empty_and_endless():
    assert "holds no graph" in str(faults(FormatError, _file(raw([]))))
    assert "has no input" in str(faults(ConversionError, raw([node("Relu", ["x"], ["y"], "r")], inputs=())))
    assert "no output" in str(faults(ConversionError, raw([node("Relu", ["x"], ["y"], "r")], outputs=())))


_KEPT = []


def _file(model):
    import tempfile
    from pathlib import Path

    folder = tempfile.TemporaryDirectory()
    _KEPT.append(folder)
    path = Path(folder.name) / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("opset", [1, 6, 99])
def test_opsets(opset):
    assert "opset" in str(faults(ConversionError, raw([node("Relu", ["x"], ["y"], "r")], opset=opset)))


def test_functions_and_subgraphs():
    model = raw([node("Relu", ["x"], ["y"], "r")])
    model.functions.append(
        helper.make_function("d", "F", ["a"], ["b"], [node("Relu", ["a"], ["b"], "")], model.opset_import)
    )
    assert "defines functions (F)" in str(faults(ConversionError, model))
    inner = helper.make_graph([], "inner", [], [])
    branch = raw([node("If", ["x"], ["y"], "branch", then_branch=inner, else_branch=inner)])
    assert "is a If" in faults(ConversionError, branch)["branch"]


def test_an_attribute_of_a_wrong_type():
    model = raw([node("Flatten", ["x"], ["y"], "bad", axis="one")])
    assert "onnx's checker rejects it" in str(faults(ConversionError, model))


@pytest.mark.parametrize("shape", [(4, 3), ("batch", "n"), ()])
def test_batches_and_free_sizes(shape):
    model = raw([node("Relu", ["x"], ["y"], "r")], inputs=(("x", shape),))
    assert "has the sizes" in faults(InputError, model)["x"]


@pytest.mark.parametrize("shape", [(4,), (3, 1), "text", (0,), (10**12,), {"z": (3,)}])
def test_shapes_that_do_not_fit(shape):
    model = raw([node("Relu", ["x"], ["y"], "r")])
    assert "shape" in faults(InputError, model, shape=shape)


# -------------------------------------------------------------------------------------------------------- arguments


def test_arguments():
    model = images(lambda s, x: s.relu(x))
    assert "Pass code='sigma-delta' or code='rate'" in faults(InputError, model, code=None)["code"]
    found = faults(InputError, model, code="rate", reset="hard", inputs="spikes", dt=-1)
    assert found.keys() == {"calibrate", "reset", "inputs", "dt"}
    assert "this source takes 'sigma-delta' or 'rate'" in faults(InputError, model, code="latency")["code"]


@pytest.mark.parametrize(
    "samples",
    [np.ones((2, 4)), np.full((1, *IMAGE), np.nan), np.ones((0, *IMAGE)), "text", {"z": np.ones((1, *IMAGE))}],
)
def test_samples_that_do_not_fit(samples):
    model = images(lambda s, x: s.relu(x))
    assert "calibrate" in faults(InputError, model, code="rate", calibrate=samples)


def test_saved_by_onnx(tmp_path):
    path = tmp_path / "MODEL.ONNX"
    save(images(lambda s, x: s.relu(x)), path)
    assert len(convert(path).populations) == 2
