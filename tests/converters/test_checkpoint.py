"""torch's checkpoints read without torch, and without running what they say."""

import io
import os
import pickle
import random
import struct
import subprocess
import sys
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from neurokit.converters.checkpoint import tensors
from neurokit.converters.weight_files import read_weights
from neurokit.errors import FormatError
from tests.frameworks import framework
from tests.tolerances import DEQUANTISED

torch, safetensors = framework("torch", "safetensors.numpy")


def state():
    """Tensors of every type, views among them."""
    torch.manual_seed(0)
    base = torch.randn(4, 6)
    found = {
        "plain": base,
        "transposed": base.t(),
        "part": base[1:3, ::2],
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(torch.rand(3)),
        "half": torch.rand(3).half(),
        "bfloat": torch.rand(3).bfloat16(),
        "double": torch.rand(3).double(),
        "complex": torch.rand(3).to(torch.complex64),
        "bool": torch.tensor([True, False]),
        **{f"int{bits}": torch.arange(3, dtype=getattr(torch, f"int{bits}")) for bits in (8, 16, 32, 64)},
        "uint8": torch.arange(3, dtype=torch.uint8),
        "quantised": torch.quantize_per_tensor(base, 0.1, 3, torch.quint8),
        "channels": torch.quantize_per_channel(base, torch.rand(4) + 0.1, torch.zeros(4), 0, torch.qint8),
    }
    return OrderedDict(found)


def values(tensor):
    tensor = tensor.dequantize() if tensor.is_quantized else tensor
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).detach().numpy()


@pytest.mark.parametrize("zipped", [True, False])
def test_every_type_of_tensor(zipped, tmp_path):
    torch.save(state(), tmp_path / "w.pt", _use_new_zipfile_serialization=zipped)
    found = tensors(tmp_path / "w.pt")
    for name, tensor in state().items():
        np.testing.assert_allclose(found[name], values(tensor), **DEQUANTISED, err_msg=name)
        assert found[name].shape == tuple(tensor.shape)


def test_a_state_dict_with_metadata_and_shared_weights(tmp_path):
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    net.add_module("again", net[0])
    torch.save({"net": net.state_dict(), "steps": [1, {"lr": 0.1}], "best": torch.tensor(1)}, tmp_path / "w.pth")
    found = tensors(tmp_path / "w.pth")
    assert set(found) == {*(f"net.{name}" for name in net.state_dict()), "best"}
    np.testing.assert_array_equal(found["net.again.weight"], net[0].weight.detach().numpy())


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated:UserWarning")  # torch about itself
def test_stereospikes_eight_bit_weights(shared):
    path = shared("stereospike_int8/quantized_simplified_stereospike_err1645.pth")
    found = tensors(path)
    wanted = torch.load(path, map_location="cpu")
    assert sum(name.endswith(".weight") for name in found) == 34
    for name, tensor in wanted.items():
        if isinstance(tensor, torch.Tensor):
            np.testing.assert_allclose(found[name], values(tensor), **DEQUANTISED, err_msg=name)


def test_torch_is_not_imported(tmp_path):
    torch.save(state(), tmp_path / "w.pt")
    code = (
        "import sys; from neurokit.converters.weight_files import read_weights\n"
        f"assert len(read_weights({str(tmp_path / 'w.pt')!r})) == {len(state())}\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# --------------------------------------------------------------------------------------------------- hostile pickles


class Runs:
    """A pickle that would make a folder when it is loaded."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def archive(path, pickled, members=(), compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("w/data.pkl", pickled)
        for name, data in members:
            file.writestr(f"w/{name}", data)
    return path


@pytest.mark.parametrize("protocol", [0, 1, 2, 4])
@pytest.mark.parametrize("function", [os.mkdir, os.system, eval, exec, getattr, __import__, subprocess.Popen])
def test_functions_are_not_called(function, protocol, tmp_path):
    mark = tmp_path / "mark"
    hostile = pickle.dumps({"w": Runs(function, f"mkdir {mark}" if function is not os.mkdir else str(mark))}, protocol)
    for name, data in (("zip.pt", None), ("raw.pt", hostile)):
        path = tmp_path / name
        archive(path, hostile) if data is None else path.write_bytes(data)
        with pytest.raises(FormatError) as caught:
            tensors(path)
        assert not mark.exists()
        if data is None:
            assert f".{function.__name__}; checkpoints are read as data" in str(caught.value)


def test_a_pickled_module_names_the_mend(tmp_path):
    torch.save(torch.nn.Sequential(torch.nn.Linear(2, 3)), tmp_path / "w.pt")
    with pytest.raises(FormatError, match=r"torch\.nn\.modules\.container\.Sequential.*Save only its tensors"):
        tensors(tmp_path / "w.pt")


def test_torchscript_names_the_mend(tmp_path):
    torch.jit.script(torch.nn.Linear(2, 3)).save(str(tmp_path / "w.pt"))
    with pytest.raises(FormatError, match="is a TorchScript archive"):
        tensors(tmp_path / "w.pt")


def nested(depth):
    made = {"w": 1}
    for _ in range(depth):
        made = [made, made]
    return made


def bomb():
    """Lists in lists, each named twice: 2**100 entries in a few hundred bytes."""
    made = []
    for _ in range(100):
        made = [made, made]
    return made


HOSTILE = {
    "bomb": pickle.dumps(bomb(), 2),
    "endless_tuple": b"\x80\x02" + b"(" * 100_000 + b"t" * 100_000 + b".",
    "huge_memo": b"\x80\x02]r\xff\xff\xff\x7f.",
    "huge_string": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 60) + b"abc.",
    "huge_integer": b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b"\x01.",
    "negative": b"\x80\x02\x8b" + struct.pack("<i", -5) + b"\x01.",
    "own_list": b"\x80\x02]q\x00h\x00a.",
    "no_stop": b"\x80\x02]",
    "nothing": b"",
    "noise": bytes(range(256)),
    "extension": b"\x80\x02\x82\x01.",
    "no_tensors": pickle.dumps({"a": 1}, 2),
    "unhashable": b"\x80\x02}]]s.",
    "long_names": pickle.dumps({"x" * 2000: {"a": 1}}, 2),
}


def test_hostile_pickles_end_soon(tmp_path):
    """All in one process of 2 GiB, each within seconds."""
    paths = [archive(tmp_path / f"{name}.pt", data) for name, data in HOSTILE.items()]
    code = (
        "import resource, sys, time\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))\n"
        "from neurokit.converters.checkpoint import tensors\n"
        "from neurokit.errors import FormatError\n"
        "for path in sys.argv[1:]:\n"
        "    start = time.process_time()\n"
        "    try: print('read', tensors(path))\n"
        "    except FormatError as error: print('refused' if path in str(error) else error)\n"
        "    assert time.process_time() - start < 10, path\n"
    )
    command = [sys.executable, "-c", code, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-800:]
    assert done.stdout.split() == ["refused"] * len(paths)


def small(tmp_path, **changes):
    """A checkpoint of one tensor whose parts may be others."""
    plain = {"kind": torch.FloatStorage, "key": "0", "count": 4, "offset": 0, "size": (2, 2), "stride": (2, 1)}
    now = {**plain, "data": bytes(16), **changes}

    class Pickler(pickle.Pickler):
        def persistent_id(self, own):
            return ("storage", now["kind"], now["key"], "cpu", now["count"]) if own is Ellipsis else None

    file = io.BytesIO()
    call = Runs(torch._utils._rebuild_tensor_v2, ..., now["offset"], now["size"], now["stride"], False, OrderedDict())
    Pickler(file, 2).dump({"w": call})
    return archive(tmp_path / "w.pt", file.getvalue(), [("data/0", now["data"])])


def test_the_small_checkpoint_is_sound(tmp_path):
    assert tensors(small(tmp_path))["w"].shape == (2, 2)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"size": (3, 2)}, "no more numbers than its storage"),
        ({"size": (2**40, 2**40), "stride": (0, 0)}, "no more numbers than its storage"),
        ({"stride": (3, 1)}, "beyond its storage"),
        ({"offset": 1}, "beyond its storage"),
        ({"offset": -1}, "belong together"),
        ({"stride": (-1, 1)}, "sizes are whole numbers"),
        ({"size": (2.0, 2)}, "sizes are whole numbers"),
        ({"stride": (1,)}, "belong together"),
        ({"size": (1,) * 40, "stride": (1,) * 40}, "belong together"),
        ({"count": 5}, "has a storage of 16 bytes"),
        ({"count": -1}, "damaged storage"),
        ({"key": "1"}, "lacks the storage '1'"),
        ({"key": "../../etc/passwd"}, "lacks the storage"),
        ({"kind": torch.nn.Linear}, "numbers of type Linear"),
        ({"data": bytes(12)}, "has a storage of 12 bytes"),
    ],
)
def test_tensors_that_are_none(changes, words, tmp_path):
    with pytest.raises(FormatError, match=words):
        tensors(small(tmp_path, **changes))


def test_compressed_members_are_refused(tmp_path):
    path = archive(tmp_path / "w.pt", pickle.dumps({}), [("data/0", bytes(1 << 20))], zipfile.ZIP_DEFLATED)
    with pytest.raises(FormatError, match="compressed member"):
        tensors(path)


@pytest.mark.parametrize(
    ("name", "words"),
    [("missing.pt", "cannot be opened"), (".", "is a folder"), ("missing.safetensors", "cannot be opened")],
)
def test_files_that_cannot_be_opened(name, words, tmp_path):
    with pytest.raises(FormatError, match=words):
        read_weights(tmp_path / name if name != "." else _folder(tmp_path))


def _folder(tmp_path):
    (tmp_path / "folder.npz").mkdir()
    return tmp_path / "folder.npz"


# ------------------------------------------------------------------------------------------------ safetensors and npz


def test_safetensors_of_every_type(tmp_path):
    kinds = ("float64", "float32", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "bool")
    arrays = {kind: (np.arange(6).reshape(2, 3) % 2).astype(kind) for kind in kinds}
    safetensors.save_file(arrays, tmp_path / "w.safetensors", metadata={"format": "np"})
    framework("safetensors.torch").save_file({"bf16": torch.rand(3).bfloat16()}, tmp_path / "b.safetensors")
    found = read_weights(tmp_path / "w.safetensors")
    assert found.keys() == arrays.keys()
    assert all((found[kind] == arrays[kind]).all() for kind in kinds)
    assert read_weights(tmp_path / "b.safetensors")["bf16"].dtype == np.float32


def header(text, body=bytes(8)):
    return struct.pack("<Q", len(text)) + text.encode() + body


@pytest.mark.parametrize(
    "data",
    [
        b"",
        struct.pack("<Q", 2**60),
        header("[" * 100_000),
        header("[]"),
        header('{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}'),
        header('{"a": {"dtype": "F32", "shape": [1000000000000], "data_offsets": [0, 4000000000000]}}'),
        header('{"a": {"dtype": "F4", "shape": [2], "data_offsets": [0, 8]}}'),
        header('{"a": {"dtype": "F32", "shape": [-2], "data_offsets": [8, 0]}}'),
        header('{"a": {"dtype": "F32", "shape": [2]}}'),
        header(
            '{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},'
            ' "b": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}'
        ),
    ],
)
def test_damaged_safetensors(data, tmp_path):
    (tmp_path / "w.safetensors").write_bytes(data)
    with pytest.raises(FormatError, match="is damaged"):
        read_weights(tmp_path / "w.safetensors")


def test_npz_holds_no_objects(tmp_path):
    np.savez(tmp_path / "w.npz", a=np.array([Runs(os.mkdir, "x")], dtype=object))
    with pytest.raises(FormatError, match="Python objects"):
        read_weights(tmp_path / "w.npz")


def test_npz_claims_no_more_than_it_has(tmp_path):
    path = tmp_path / "w.npz"
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (1 << 50,)})
    with zipfile.ZipFile(path, "w") as whole:
        whole.writestr("a.npy", file.getvalue())
    with pytest.raises(FormatError, match="claims shape"):
        read_weights(path)


# -------------------------------------------------------------------------------------------------------------- fuzz


def sound(folder):
    """A small sound file of each kind."""
    made = {"a": torch.rand(3, 2), "b": torch.quantize_per_tensor(torch.rand(4), 0.1, 0, torch.qint8)}
    torch.save(made, folder / "zip.pt")
    torch.save(made, folder / "legacy.pt", _use_new_zipfile_serialization=False)
    safetensors.save_file({"a": np.ones((3, 2)), "b": np.ones(4, np.int8)}, folder / "w.safetensors")
    np.savez(folder / "w.npz", a=np.ones((3, 2)), b=np.ones(4))
    return [folder / name for name in ("zip.pt", "legacy.pt", "w.safetensors", "w.npz")]


def mutated(data, source):
    """`data` with some bytes changed, taken out, doubled or cut off."""
    data = bytearray(data)
    for _ in range(source.randint(1, 4)):
        place = source.randrange(len(data))
        kind = source.randrange(4)
        if kind == 0:
            data[place] = source.randrange(256)
        elif kind == 1:
            del data[place : place + source.randint(1, 8)]
        elif kind == 2:
            data[place:place] = data[place : place + source.randint(1, 8)]
        else:
            data[place] = source.choice(b"\x00\xff\x7f\x80().cRQbtl]}")
        data = data or bytearray(b"x")
    return bytes(data[: source.randint(1, len(data))] if source.random() < 0.05 else data)


def fuzz(folder, count):
    source = random.Random(0)
    for path in sound(folder):
        whole = path.read_bytes()
        read_weights(path)
        target = path.with_name(f"mutated{path.suffix}")
        for number in range(count):
            target.write_bytes(mutated(whole, source))
            try:
                found = read_weights(target)
            except FormatError as error:
                told = str(error)
            else:
                told = str(target) if all(isinstance(array, np.ndarray) for array in found.values()) else ""
            assert str(target) in told, number


def test_some_mutations(tmp_path):
    fuzz(tmp_path, 300)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # two or three minutes on an idle machine
def test_ten_thousand_mutations_of_each_format(tmp_path):
    fuzz(tmp_path, 10_000)
