"""ONNX files: constants that are damaged, huge or elsewhere, and files that are none."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import neurokit as nk
from neurokit.errors import ConversionError, FormatError
from tests.converters.onnx_cases import CASES
from tests.converters.onnx_models import Sketch
from tests.converters.test_onnx_errors import convert, faults, images, node, raw

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.timeout(60)]
# -------------------------------------------------------------------------------------------------------- constants


def dense(constant, **changes):
    del changes
    return raw([node("MatMul", ["x", "w"], ["y"], "m")], constants=[constant])


def test_nan():
    assert (
        "NaN" in faults(ConversionError, dense(numpy_helper.from_array(np.full((3, 2), np.nan, np.float32), "w")))["w"]
    )


def test_sizes_without_bytes():
    tensor = helper.make_tensor("w", TensorProto.FLOAT, (3, 2), np.ones(6))
    for dims in ((10**6, 10**6), (-1, 2), (3, 3), (2**62, 2**62)):
        del tensor.dims[:]
        tensor.dims.extend(dims)
        assert "w" in faults(ConversionError, dense(tensor))


def test_huge_constants():
    def build(s, x):
        return s.op("Add", x, s.op("ConstantOfShape", s.constant(np.array([10**5, 10**5])), name="bad"))

    assert "makes 10,000,000,000 numbers" in faults(ConversionError, images(build))["bad"]


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "absent.bin", "", "link.bin", "short.bin"])
def test_external_data(tmp_path, location):
    (tmp_path / "inside").mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(1000))
    (tmp_path / "inside" / "short.bin").write_bytes(bytes(10))
    (tmp_path / "inside" / "link.bin").symlink_to(tmp_path / "secret.bin")
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=(3, 2), data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    path = tmp_path / "inside" / "model.onnx"
    path.write_bytes(dense(tensor).SerializeToString())
    words = faults(ConversionError, path)["w"]
    assert any(part in words for part in ("outside", "is not there", "does not hold"))
    assert "no folder" in faults(ConversionError, dense(tensor))["w"]


# ------------------------------------------------------------------------------------------------------------ files


def test_files_that_are_none(tmp_path):
    texts = {
        "absent.onnx": None,
        "empty.onnx": b"",
        "text.onnx": b"no model at all, but a text",
        "zip.onnx": b"PK\x03\x04" + bytes(100),
        "deep.onnx": b"\x3a\xff\xff\xff\xff\x07" * 1000,
    }
    for name, content in texts.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        assert name in str(faults(FormatError, tmp_path / name))
    assert "is a folder" in str(faults(FormatError, tmp_path, kind="onnx"))


def field(number, content):
    """A field of bytes in protobuf's wire format."""
    size, digits = len(content), []
    while True:
        digits.append(size & 127 | (128 if size > 127 else 0))
        size >>= 7
        if not size:
            return bytes([number << 3 | 2, *digits]) + content


def test_graphs_in_graphs_in_graphs(tmp_path):
    """5,000 deep: protobuf itself gives up at a hundred."""
    graph = b""
    for _ in range(5000):
        body = field(1, b"body") + field(6, graph) + bytes([0xA0, 1, 5])  # an attribute of type GRAPH
        graph = field(1, field(5, body) + field(4, b"Loop") + field(2, b"y"))
    path = tmp_path / "deep.onnx"
    path.write_bytes(field(7, graph))
    assert "deep.onnx" in str(faults(FormatError, path))


def test_truncated_and_changed_files(tmp_path):
    """Every cut, and a few hundred changed bytes: an error of ours, or a network; never anything else."""

    def build(s, x):
        x = s.op("MaxPool", s.relu(s.conv(x, 3, 2, 3, 3)), kernel_shape=[2, 2])
        return s.dense(s.op("Reshape", x, s.constant(np.array([1, -1]))), 12, 2)

    content = images(build).SerializeToString()
    path = tmp_path / "model.onnx"
    rng = np.random.default_rng(0)
    refused = 0
    for place in range(400):
        changed = bytearray(content)
        if place % 4:
            for index in rng.integers(0, len(changed), rng.integers(1, 4)):
                changed[index] = rng.integers(0, 256)
        else:
            del changed[rng.integers(0, len(changed)) :]
        path.write_bytes(changed)
        try:
            convert(path)
        except nk.NeurokitError:
            refused += 1
    assert 100 < refused < 400


def mutated(content, rng):
    """A file cut, with a part repeated, with bytes changed anywhere, or in its small numbers (sizes, kinds)."""
    changed = bytearray(content)
    way = rng.integers(0, 6)
    if way == 0:
        del changed[rng.integers(0, len(changed)) :]
    elif way == 1:
        first, place = rng.integers(0, len(changed), 2)
        changed[place:place] = changed[first : first + rng.integers(1, 40)]
    elif way < 4:
        for place in rng.integers(0, len(changed), rng.integers(1, 4)):
            changed[place] = rng.choice([0, 1, 2, 127, 128, 255, rng.integers(0, 256)])
    else:
        small = [i for i in range(len(changed) - 1) if changed[i] in (8, 16, 24, 32, 40) and changed[i + 1] <= 20]
        for place in rng.choice(small, rng.integers(1, 4)):
            changed[place + 1] = rng.integers(0, 128)
    return bytes(changed)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore")
def test_ten_thousand_mutations(tmp_path):
    """Of a model with each operator. Measured: 1,600 of them still mean something."""
    rng = np.random.default_rng(5)
    contents = []
    for build, shape, opset in CASES.values():
        sketch = Sketch(1, opset)
        contents.append(sketch.model(build(sketch, sketch.input(1, *shape))).SerializeToString())
    path, fine = tmp_path / "model.onnx", 0
    for number in range(10_000):
        path.write_bytes(mutated(contents[number % len(contents)], rng))
        with contextlib.suppress(nk.NeurokitError):
            convert(path)
            fine += 1
    assert 500 < fine < 5000


@pytest.mark.parametrize("axes", [[0], [-2, 1], None])
def test_samples_of_a_free_batch_stay_apart(axes):
    def model(batch):
        sketch = Sketch()
        x = sketch.relu(sketch.input(batch, 4))
        return sketch.model(sketch.op("ReduceMean", x, name="mean", **({} if axes is None else {"axes": axes})))

    assert "samples stay apart" in faults(ConversionError, model("n"))["mean"]
    assert len(convert(model(1)).outputs) == 1  # a batch of one is what the model says it is
