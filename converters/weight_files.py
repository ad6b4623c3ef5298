"""Files of named arrays: torch checkpoints, safetensors and npz. Reading runs nothing that a file holds.

safetensors: 8 bytes with the length of a JSON header, the header (name -> dtype, shape, place), the numbers (little
endian, C order). Source: github.com/huggingface/safetensors, README, "Format".
"""

from __future__ import annotations

import json
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.checkpoint import tensors
from neurokit.errors import Fault, FormatError, one_line

Array = NDArray[Any]

MAX_HEADER = 100_000_000  # bytes, as in safetensors itself
MAX_RATIO = 1100  # what deflate can compress at most, a little more
_AGAIN = "Copy or save it again."
_DAMAGE = (  # what json, zipfile and numpy raise; a RuntimeError for passwords and too deep nesting
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError, MemoryError, OverflowError, SyntaxError),
    *(RuntimeError, zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError),
)
_DTYPES: Mapping[str, str] = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "BOOL": "?",
    **{f"{kind}{bits}": f"<{kind.lower()}{bits // 8}" for kind in "IU" for bits in (8, 16, 32, 64)},
}


def read_weights(path: str | PathLike[str]) -> dict[str, Array]:
    """All arrays of a file by name; its suffix says what it is. FormatError when it is missing, damaged or no data."""
    suffix = Path(path).suffix.lower()
    if suffix in (".pt", ".pth"):
        return tensors(path)
    kind = "a safetensors file" if suffix == ".safetensors" else "an npz file"
    try:
        return _safetensors(Path(path)) if suffix == ".safetensors" else _npz(path)
    except OSError as error:
        fact = "is a folder" if Path(path).is_dir() else f"cannot be opened ({error.strerror or error})"
        raise FormatError(Fault(str(path), fact, f"{kind} is needed", "Check the path.")) from error
    except _DAMAGE as error:
        said = one_line(error, 200)
        raise FormatError(Fault(str(path), f"is damaged ({said})", f"{kind} is needed", _AGAIN)) from error


def write_safetensors(file: BinaryIO, arrays: Mapping[str, Array]) -> None:
    """Write named arrays of numbers in the safetensors format."""
    names = {np.dtype(code): kind for kind, code in _DTYPES.items() if kind != "BF16"}
    header: dict[str, Any] = {}
    parts: list[bytes] = []
    place = 0
    for name, array in arrays.items():
        parts.append(array.astype(array.dtype.newbyteorder("<")).tobytes())
        end = place + len(parts[-1])
        kind = names[array.dtype.newbyteorder("<")]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [place, end]}
        place = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the numbers begin at a multiple of 8
    file.write(len(text).to_bytes(8, "little") + text + b"".join(parts))


def _safetensors(path: Path) -> dict[str, Array]:
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > min(MAX_HEADER, len(data) - 8):
        raise ValueError(f"a header of {size} bytes in a file of {len(data)}")
    header = json.loads(data[8 : 8 + size].decode())
    if not isinstance(header, dict):
        raise ValueError("its header is no object")
    header.pop("__metadata__", None)
    body = memoryview(data)[8 + size :]
    spans = sorted((*entry["data_offsets"], name) for name, entry in header.items())
    for (_, end, name), (start, _, other) in pairwise(spans):
        if start < end:
            raise ValueError(f"{name[:99]!r} and {other[:99]!r} share their numbers")
    return {name: _array(name, entry, body) for name, entry in header.items()}


def _array(name: str, entry: Mapping[str, Any], body: memoryview) -> Array:
    kind, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
    if kind not in _DTYPES:
        raise ValueError(f"{name[:99]!r} is of type {kind}; neurokit reads {', '.join(_DTYPES)}")
    if not all(type(n) is int and n >= 0 for n in (*shape, start, end)):
        raise ValueError(f"{name[:99]!r} has a shape or place that is no whole number")
    dtype = np.dtype(_DTYPES[kind])
    if not start <= end <= len(body) or end - start != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{name[:99]!r} of shape {shape[:8]} takes bytes {start} to {end} of {len(body)}")
    values = np.frombuffer(body[start:end], dtype).reshape(shape)
    return (values.astype(np.uint32) << 16).view(np.float32) if kind == "BF16" else values


def _npz(path: str | PathLike[str]) -> dict[str, Array]:
    limit = MAX_RATIO * Path(path).stat().st_size
    with open(path, "rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError("it is no zip file")
        file.seek(0)
        archive = np.load(file, allow_pickle=False)
        whole = sum(entry.file_size for entry in archive.zip.infolist())
        if whole > limit:
            raise ValueError(f"its members claim {whole} bytes")
        found = {name: _bounded(archive, name, whole) for name in archive.files}
    return found


def _bounded(archive: Any, name: str, size: int) -> Array:
    """A member whose header does not claim more numbers than the archive has bytes."""
    member = name if name in archive.zip.namelist() else f"{name}.npy"
    form: Any = np.lib.format  # which has no types
    with archive.zip.open(member) as file:
        version = form.read_magic(file)
        shape, _, dtype = (form.read_array_header_1_0 if version == (1, 0) else form.read_array_header_2_0)(file)
    if dtype.hasobject:
        raise ValueError(f"{name[:99]!r} holds Python objects, which are not read")
    if math.prod(shape) * dtype.itemsize > size:
        raise ValueError(f"{name[:99]!r} claims shape {shape[:8]}")
    return np.asarray(archive[name])
