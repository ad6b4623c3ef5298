"""Every file format that neurokit reads: how a small whole file is made, how it is damaged, and how it is read."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io
import scipy.io.wavfile
from PIL import Image

import neurokit as nk
from neurokit.encode.pictures import read_picture, read_wave
from tests.cli.sources import write_nir, write_small_net
from tests.converters.stereospikes import random_v2
from tests.data import shared
from tests.encode import recordings as rec
from tests.frameworks import framework
from tests.fuzz.hdf5_values import change_values
from tests.fuzz.mutations import change_bytes

SPEC = {
    "shape": [6],
    "dt": 1e-3,
    "layers": [{"layer": "linear", "weights": "fc"}, {"neuron": "LIF", "keep": 0.9, "threshold": 1.0, "reset": "soft"}],
}
SPEC_FILE = "spec.json"


@dataclass(frozen=True)
class Format:
    """suffix: what the files are called. write: makes a whole one. read: what is tried.

    options: of `neurokit convert`; None where it takes no such file. damage: writes (content, seed) to a path.
    in_a_child: whether each file is tried in a child process first, so that it takes some milliseconds more.
    """

    suffix: str
    write: Callable[[Path], Any]
    read: Callable[[Path], Any]
    options: tuple[str, ...] | None = None
    damage: Callable[[bytes, int, Path], None] = change_bytes
    in_a_child: bool = False


# ------------------------------------------------------------------------------------------------------------ networks


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
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8  # onnxruntime takes no newer one than it knows
    onnx.save(model, path)


def tensors():
    rng = np.random.default_rng(0)
    return {"fc.weight": rng.normal(size=(5, 6)).astype(np.float32), "fc.bias": rng.normal(size=5).astype(np.float32)}


def write_checkpoint(path, **options):
    torch = framework("torch")
    torch.save({name: torch.as_tensor(value) for name, value in tensors().items()}, path, **options)


def write_old_checkpoint(path):
    write_checkpoint(path, _use_new_zipfile_serialization=False)


def write_safetensors(path):
    framework("safetensors.numpy").save_file(tensors(), path)


def write_arrays(path):
    np.savez_compressed(path, **tensors())


def write_stereospike(path):
    np.savez_compressed(path, **random_v2(width=1)[0])


def read_stereospike(path):
    return nk.convert(path, kind="stereospike", shape=(4, 5, 6))


def read_nir(path):
    return nk.convert(path, dt=1e-3)


def read_onnx(path):
    return nk.convert(path, code="sigma-delta")


def read_weights(path):
    return nk.convert(path, spec=SPEC)


STEP, SPECIFIED = ("--dt", "1e-3"), ("--spec", SPEC_FILE)
NETWORKS = {
    ".net": Format(".net", write_small_net, nk.convert, (), in_a_child=True),
    ".net, values": Format(".net", write_small_net, nk.convert, (), change_values, in_a_child=True),
    ".nir": Format(".nir", write_nir, read_nir, STEP, in_a_child=True),
    ".nir, values": Format(".nir", write_nir, read_nir, STEP, change_values, in_a_child=True),
    ".nk Network": Format(".nk", network, nk.load, (), in_a_child=True),
    ".nk Network, values": Format(".nk", network, nk.load, (), change_values, in_a_child=True),
    ".nk Program": Format(".nk", program, nk.load, in_a_child=True),
    ".nk Program, values": Format(".nk", program, nk.load, None, change_values, in_a_child=True),
    ".onnx": Format(".onnx", write_onnx, read_onnx, ("--code", "sigma-delta")),
    ".pt": Format(".pt", write_checkpoint, read_weights, SPECIFIED),
    ".pth": Format(".pth", write_old_checkpoint, read_weights, SPECIFIED),
    ".safetensors": Format(".safetensors", write_safetensors, read_weights, SPECIFIED),
    ".npz weights": Format(".npz", write_arrays, read_weights, SPECIFIED),
    ".npz StereoSpike": Format(".npz", write_stereospike, read_stereospike, ("--shape", "4,5,6")),
}


# ---------------------------------------------------------------------------------------------------------- recordings


def columns():
    return rec.some_events(120)


def write_aedat4(path):
    """The header and the first packets of tonic's sample; the header says that there is no table at the end."""
    raw = shared("events", "tonic", "sample.aedat4").read_bytes()
    place = 14 + 4 + struct.unpack_from("<I", raw, 14)[0]
    while place < 20_000:
        place += 8 + struct.unpack_from("<iI", raw, place)[1]
    table = struct.pack("<q", struct.unpack_from("<q", raw, 0x36)[0])
    assert raw.index(table) == 0x36
    path.write_bytes(raw[:place].replace(table, struct.pack("<q", -1)))


def write_hdf5(path):
    with h5py.File(path, "w") as file:
        for name, column in zip("txyp", columns(), strict=True):
            file.create_dataset(f"events/{name}", data=column.astype(np.uint32), compression="gzip", chunks=(50,))
        file.attrs["height"], file.attrs["width"] = 40, 60
        file["names"] = ["a", "b"]  # strings of any length, which have hung HDF5 before


def write_matlab(path):
    t, x, y, p = columns()
    scipy.io.savemat(
        path, {"TD": {"x": x + 1.0, "y": y + 1.0, "p": p + 1.0, "ts": t.astype(float)}}, do_compression=True
    )


def write_plain_matlab(path):
    """Of columns, uncompressed: damage reaches the numbers."""
    scipy.io.savemat(path, dict(zip("txyp", columns(), strict=True)))


def write_old_matlab(path):
    scipy.io.savemat(path, dict(zip("txyp", (column.astype(float) for column in columns()), strict=True)), format="4")


def write_lines(path):
    path.write_text("60 40\n" + "\n".join(f"{t / 1e6:.6f} {x} {y} {p}" for t, x, y, p in zip(*columns(), strict=True)))


def write_davis(path):
    t, x, y, p = columns()
    rec.write_aedat2(path, t.tolist(), (y << 22 | x << 12 | p << 11).tolist())


def recording(suffix, write, **others):
    return Format(suffix, write, nk.encode.read, **others)


RECORDINGS = {
    ".bin": recording(".bin", lambda path: rec.write_atis(path, *columns())),
    ".dat": recording(".dat", lambda path: rec.write_dat(path, *columns())),
    ".raw, EVT 2": recording(".raw", lambda path: rec.write_evt2(path, *columns())),
    ".raw, EVT 2.1": recording(".raw", lambda path: rec.write_evt21(path, *columns())),
    ".raw, EVT 3": recording(".raw", lambda path: rec.write_evt3(path, rec.evt3_words(300))),
    ".aedat 2": recording(".aedat", write_davis),
    ".aedat 3": recording(".aedat", lambda path: rec.write_aedat3(path, *columns())),
    ".aedat4": recording(".aedat4", write_aedat4, in_a_child=True),
    ".npy": recording(".npy", lambda path: np.save(path, nk.encode.Events.of(*columns()).to_array())),
    ".npz": recording(".npz", lambda path: np.savez_compressed(path, **dict(zip("txyp", columns(), strict=True)))),
    ".h5": recording(".h5", write_hdf5, in_a_child=True),
    ".h5, values": recording(".h5", write_hdf5, damage=change_values, in_a_child=True),
    ".mat": recording(".mat", write_matlab, in_a_child=True),
    ".mat, uncompressed": recording(".mat", write_plain_matlab, in_a_child=True),
    ".mat, version 4": recording(".mat", write_old_matlab, in_a_child=True),
    ".csv": recording(".csv", write_lines),
}


# -------------------------------------------------------------------------------------------------- pictures and sound


def write_sound(path):
    scipy.io.wavfile.write(path, 8000, np.random.default_rng(0).normal(0, 3000, 500).astype(np.int16))


def write_picture(path, compression=None):
    file = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, path.suffix[1:], compression=compression)
    path.write_bytes(file.getvalue())


def read_small_picture(path):
    return read_picture(path, (3, 16, 16), resize=True)


PICTURES = {".wav": Format(".wav", write_sound, read_wave)}
for _suffix in (".png", ".jpeg", ".bmp", ".gif", ".tiff", ".ppm"):
    PICTURES[_suffix] = Format(_suffix, write_picture, read_small_picture)
PICTURES[".tiff, lzw"] = Format(".tiff", lambda path: write_picture(path, "tiff_lzw"), read_small_picture)

FORMATS = NETWORKS | RECORDINGS | PICTURES
