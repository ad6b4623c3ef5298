"""Networks, damaged at random: read, or refused with our errors, in bounded time and memory, and nothing half written.

tests/converters/test_slayer_fuzz.py does the same with more kinds of `.net` files.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

import neurokit as nk
from tests.cli.sources import write_nir, write_small_net
from tests.frameworks import framework
from tests.fuzz.mutations import fuzz, mutated

QUICK, MANY = 30, 10_000


def network(path):
    nk.convert(write_nir(path.with_suffix(".nir")), dt=1e-3).save(path)


def program(path):
    nk.compile(nk.convert(write_nir(path.with_suffix(".nir")), dt=1e-3)).save(path)


def write_onnx(path):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    shapes = {"w1": (3, 2, 3, 3), "b1": (3,), "w2": (48, 5), "b2": (5,)}
    weights = [numpy_helper.from_array(rng.normal(size=s).astype(np.float32), n) for n, s in shapes.items()]
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Flatten", ["r"], ["f"]),
        helper.make_node("Gemm", ["f", "w2", "b2"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", (1, 2, 4, 4)), ("y", (1, 5)))]
    graph = helper.make_graph(nodes, "small", ends[:1], ends[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), path)


SPEC = {
    "shape": [6],
    "dt": 1e-3,
    "layers": [{"layer": "linear", "weights": "fc"}, {"neuron": "LIF", "keep": 0.9, "threshold": 1.0, "reset": "soft"}],
}


def tensors():
    rng = np.random.default_rng(0)
    return {"fc.weight": rng.normal(size=(5, 6)).astype(np.float32), "fc.bias": rng.normal(size=5).astype(np.float32)}


def write_checkpoint(path, **options):
    torch = framework("torch")
    torch.save({name: torch.as_tensor(value) for name, value in tensors().items()}, path, **options)


def write_safetensors(path):
    numpy = framework("safetensors.numpy")
    numpy.save_file(tensors(), path)


def read_weights(path):
    return nk.convert(path, spec=SPEC)


KINDS = {  # name: suffix, how it is written, how it is read
    "net": (".net", write_small_net, nk.convert),
    "nir": (".nir", write_nir, lambda path: nk.convert(path, dt=1e-3)),
    "network": (".nk", network, nk.load),
    "program": (".nk", program, nk.load),
    "onnx": (".onnx", write_onnx, lambda path: nk.convert(path, code="sigma-delta")),
    "pt": (".pt", write_checkpoint, read_weights),
    "pth": (".pth", lambda path: write_checkpoint(path, _use_new_zipfile_serialization=False), read_weights),
    "safetensors": (".safetensors", write_safetensors, read_weights),
    "npz": (".npz", lambda path: np.savez_compressed(path, **tensors()), read_weights),
}


@pytest.fixture
def case(tmp_path, request):
    """Content of a whole file, where damaged ones go, and their reader."""
    suffix, write, read = KINDS[request.param]
    path = tmp_path / f"x{suffix}"
    write(path)
    read(path)
    return path.read_bytes(), path, read


@pytest.mark.parametrize("case", KINDS, indirect=True)
def test_some(case):
    content, path, read = case
    assert fuzz(read, content, path, range(QUICK)) < QUICK


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("case", KINDS, indirect=True)
@pytest.mark.parametrize("part", range(10))
def test_many(case, part):
    content, path, read = case
    first = 1000 + MANY // 10 * part
    assert fuzz(read, content, path, range(first, first + MANY // 10)) < MANY // 10


@pytest.mark.parametrize("case", KINDS, indirect=True)
def test_nothing_half_written(case, cli_convert):
    """What cannot be read leaves no file behind, and the one that was there as it was."""
    content, path, _ = case
    output = path.with_name("out.nk")
    output.write_bytes(b"as it was")
    for seed in range(200, 206):
        path.write_bytes(mutated(content, seed))
        if cli_convert(path, output):
            assert output.read_bytes() == b"as it was"
        else:
            output.write_bytes(b"as it was")
    assert {found.name for found in path.parent.iterdir()} <= {path.name, "out.nk", "x.nir", "spec.json"}


@pytest.fixture
def cli_convert(monkeypatch, capsys):
    """`neurokit convert` of one file; its exit code. Never a traceback."""
    from neurokit.cli import main

    def run(source, output):
        spec = source.with_name("spec.json")
        spec.write_text(json.dumps(SPEC))
        options = {".nir": ["--dt", "1e-3"], ".onnx": ["--code", "sigma-delta"], ".net": [], ".nk": []}
        options = options.get(source.suffix, ["--spec", str(spec)])
        monkeypatch.setattr("sys.argv", ["neurokit", "convert", str(source), "-o", str(output), *options])
        try:
            main()
        except SystemExit as end:
            captured = capsys.readouterr()
            assert "Traceback" not in captured.err
            assert "a defect of neurokit" not in captured.err
            return end.code or 0
        return 0

    return run
