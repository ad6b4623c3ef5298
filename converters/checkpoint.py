"""Tensors of torch checkpoints (`.pt`, `.pth`), read without torch: the zip format (1.6 and later) and the one before.

Quantised tensors are given as their values, (q - zero_point) * scale, which is what they stand for. Sources: torch 2.3,
torch/serialization.py, torch/_utils.py; files of torch 1.13 to 2.8 were looked at.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.quantised import QuantisedTensor
from neurokit.converters.unpickling import Name, Unreadable, unpickle
from neurokit.errors import Fault, FormatError, one_line

Array = NDArray[Any]

MAX_NAMES = 1_000_000
MAX_DEPTH = 64
MAX_NAME = 1000  # characters
COPIES = 32  # bytes that may be taken for each one of the file: eight-bit numbers become doubles
MAX_RANK = 32  # of a tensor; numpy's own limit
_KIND = "a torch checkpoint"
_AGAIN = "Copy or save it again."
_MAGIC = 0x1950A86A20F9469CFC6C  # the number that files before torch 1.6 begin with

_DTYPES: Mapping[str, str] = {
    "FloatStorage": "f4",
    "DoubleStorage": "f8",
    "HalfStorage": "f2",
    "BFloat16Storage": "u2",  # the upper half of a float32
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
    "QInt8Storage": "i1",
    "QUInt8Storage": "u1",
    "QInt32Storage": "i4",
    "ComplexFloatStorage": "c8",
    "ComplexDoubleStorage": "c16",
}


@dataclass(eq=False)
class Budget:
    """Bytes that may still be taken: a few times the file's length, however often it names the same numbers."""

    left: int

    def take(self, size: int) -> None:
        """Take some; Unreadable when there are none left."""
        self.left -= size
        if self.left < 0:
            limit = "its tensors are no larger than the file"
            raise Unreadable("names the same numbers again and again", limit, "Save each tensor once.")


@dataclass(frozen=True, eq=False)
class Storage:
    """Numbers that tensors are views of. kind: torch's name of its type."""

    kind: str
    values: Array


def tensors(path: str | PathLike[str]) -> dict[str, Array]:
    """As `stored_tensors`, quantised ones as the numbers that they stand for."""
    found = stored_tensors(path)
    return {k: value.dequantised() if isinstance(value, QuantisedTensor) else value for k, value in found.items()}


def stored_tensors(path: str | PathLike[str]) -> dict[str, Array | QuantisedTensor]:
    """All tensors of a checkpoint by name; those of nested dicts and lists have their keys joined by dots.

    FormatError when the file is no checkpoint, is damaged, or holds anything that is no data, e.g. a pickled module.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(4)
            budget = Budget(COPIES * file.seek(0, io.SEEK_END) + (1 << 20))
            file.seek(0)
            return _flat(_zipped(file, budget) if start == b"PK\x03\x04" else _legacy(file, budget))
    except Unreadable as error:
        raise FormatError(Fault(str(path), *error.words)) from error
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, MemoryError, RecursionError) as error:
        said = one_line(error, 200)
        raise FormatError(Fault(str(path), f"is damaged ({said})", f"{_KIND} is a whole one", _AGAIN)) from error
    except OSError as error:
        fact = "is a folder" if Path(path).is_dir() else f"cannot be opened ({error.strerror or error})"
        raise FormatError(Fault(str(path), fact, f"{_KIND} is needed", "Check the path.")) from error


# -------------------------------------------------------------------------------------------------------- containers


def _zipped(file: BinaryIO, budget: Budget) -> Any:
    try:
        with zipfile.ZipFile(file) as archive:
            names = {name.partition("/")[2]: name for name in archive.namelist()}
            if "constants.pkl" in names or any(name.startswith("code/") for name in names):
                mend = "Convert the module it was made from, or save that one's state_dict."
                raise Unreadable("is a TorchScript archive, which holds code", "tensors are read as data", mend)
            if "data.pkl" not in names:
                raise Unreadable(
                    "is a zip file without data.pkl", f"{_KIND} has one", "Check that torch.save wrote it."
                )
            order = ">" if "byteorder" in names and _entry(archive, names["byteorder"]).strip() == b"big" else "<"
            known: dict[Any, Storage] = {}

            def storage(identity: Any) -> Storage:
                kind, key, count = _identity(identity)
                if key not in known:
                    name = names.get(f"data/{key}")
                    if name is None:
                        raise Unreadable(f"lacks the storage '{key}'", "each tensor's numbers are in the file", _AGAIN)
                    budget.take(archive.getinfo(name).file_size)
                    known[key] = _storage(kind, _entry(archive, name), count, order)
                return known[key]

            return unpickle(io.BytesIO(_entry(archive, names["data.pkl"])), _functions(budget), storage)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, struct.error, ValueError) as error:
        said = one_line(error, 200)
        raise Unreadable(f"is a damaged zip file ({said})", f"{_KIND} is a whole one", _AGAIN) from error


def _entry(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member, which torch never compresses: so it is no longer than the file."""
    entry = archive.getinfo(name)
    if entry.compress_type != zipfile.ZIP_STORED:
        raise Unreadable(f"has the compressed member '{name}'", "torch writes none", "Save it again by torch.save.")
    return archive.read(entry)


def _legacy(file: BinaryIO, budget: Budget) -> Any:
    """Pickles one after the other: magic number, version, system, the object, keys; then each storage's numbers."""
    found: dict[Any, tuple[str, int]] = {}
    waiting: list[tuple[Any, _Late]] = []

    def storage(identity: Any) -> Any:
        kind, key, count = _identity(identity)
        found[key] = kind, count
        late = _Late(key)
        waiting.append((key, late))
        return late

    first = _plain(file)
    if first != _MAGIC:
        mend = "Check that torch.save wrote it."
        raise Unreadable("is neither a zip file nor begins with torch's number", f"it is no {_KIND[2:]}", mend)
    _plain(file)
    system = _plain(file)
    order = "<" if not isinstance(system, dict) or system.get("little_endian", True) else ">"
    made = unpickle(file, _LATE, storage)
    keys = _plain(file)
    if not isinstance(keys, list) or not {*map(str, found)} <= {*map(str, keys)}:
        raise Unreadable("lists other storages than its tensors name", "they are the same", _AGAIN)
    read: dict[Any, Storage] = {}
    for key in keys:
        kind, count = found.get(key, ("ByteStorage", 0))
        (written,) = struct.unpack(f"{order}q", _exactly(file, 8))
        size = np.dtype(_DTYPES[kind]).itemsize
        if key in found and written != count:
            raise Unreadable(f"gives storage '{key}' {written} numbers, and names {count}", "they agree", _AGAIN)
        if key not in found:
            raise Unreadable(f"holds a storage '{key}' that no tensor names", "its type is unknown", _AGAIN)
        read[key] = _storage(kind, _exactly(file, written * size), count, order)
    return _Resolver(_functions(budget), read).of(made)


def _plain(file: BinaryIO) -> Any:
    """A pickle of plain values."""

    def none(identity: Any) -> Any:
        raise Unreadable("names tensors where none are", "its head is plain", _AGAIN)

    return unpickle(file, {}, none)


def _exactly(file: BinaryIO, size: int) -> bytes:
    here = file.tell()
    left = file.seek(0, io.SEEK_END) - here
    file.seek(here)
    if not 0 <= size <= left:
        raise Unreadable(f"ends {size - left} bytes too early", "it is cut short", _AGAIN)
    return file.read(size)


def _identity(identity: Any) -> tuple[str, Any, int]:
    """(type, key, numbers) of a persistent id: ('storage', type, key, place, numbers)."""
    if not isinstance(identity, tuple) or len(identity) < 5 or identity[0] != "storage":
        raise Unreadable("refers to something that is no storage", "tensors refer to storages", _AGAIN)
    kind = identity[1].name.rpartition(".")[2] if isinstance(identity[1], Name) else ""
    if kind not in _DTYPES:
        known = f"neurokit reads {', '.join(name.removesuffix('Storage') for name in _DTYPES)}"
        named = kind or type(identity[1]).__name__
        raise Unreadable(f"holds numbers of type {named}", known, "Convert it to one of them.")
    count = identity[4]
    if not isinstance(count, int) or isinstance(count, bool) or count < 0 or not isinstance(identity[2], str | int):
        raise Unreadable("refers to a damaged storage", "it has a key and a length", _AGAIN)
    return kind, identity[2], count


def _storage(kind: str, data: bytes, count: int, order: str) -> Storage:
    dtype = np.dtype(f"{order}{_DTYPES[kind]}")
    if len(data) != count * dtype.itemsize:
        limit = f"{count} numbers of {dtype.itemsize} bytes are named"
        raise Unreadable(f"has a storage of {len(data)} bytes", limit, _AGAIN)
    return Storage(kind, np.frombuffer(data, dtype))


# ----------------------------------------------------------------------------------------------------------- tensors


def _tensor(budget: Budget, storage: Any, offset: Any, size: Any, stride: Any, *rest: Any) -> Array:
    """torch._utils._rebuild_tensor_v2 (and _rebuild_tensor): a view of a storage."""
    if not isinstance(storage, Storage):
        raise TypeError("a tensor without storage")
    shape, steps = _whole(size), _whole(stride)
    if len(shape) != len(steps) or len(shape) > MAX_RANK or not isinstance(offset, int) or offset < 0:
        raise Unreadable(f"holds a tensor of shape {shape[:8]} and strides {steps[:8]}", "they belong together", _AGAIN)
    if math.prod(shape) > storage.values.size:
        limit = "a tensor has no more numbers than its storage"
        raise Unreadable(f"holds a tensor of shape {shape[:8]}", limit, "Save it with .contiguous().")
    last = offset + sum((n - 1) * step for n, step in zip(shape, steps, strict=True))
    if math.prod(shape) and last >= storage.values.size:
        raise Unreadable(f"holds a tensor of shape {shape[:8]} beyond its storage", "it lies within", _AGAIN)
    if not math.prod(shape):
        return np.zeros(shape)
    item = storage.values.dtype.itemsize
    view = np.lib.stride_tricks.as_strided(
        storage.values[offset:], shape, [step * item for step in steps], writeable=False
    )
    if storage.kind == "BFloat16Storage":
        budget.take(8 * view.size)
        return (view.astype(np.uint32) << 16).view(np.float32)
    return view


def _whole(values: Any) -> tuple[int, ...]:
    if not isinstance(values, tuple) or not all(
        isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 2**48 for n in values
    ):
        raise Unreadable("holds a tensor of a damaged shape", "sizes are whole numbers", _AGAIN)
    return values


def _quantised(
    budget: Budget, storage: Any, offset: Any, size: Any, stride: Any, quantiser: Any, *rest: Any
) -> QuantisedTensor:
    """torch._utils._rebuild_qtensor: (q - zero_point) * scale."""
    values = _tensor(budget, storage, offset, size, stride)
    budget.take(16 * values.size)
    scheme = (
        quantiser[0].name.rpartition(".")[2] if isinstance(quantiser, tuple) and isinstance(quantiser[0], Name) else ""
    )
    if scheme == "per_tensor_affine" and len(quantiser) == 3:
        scale, zero = (np.asarray(part, np.float64) for part in quantiser[1:3])
    elif scheme in ("per_channel_affine", "per_channel_affine_float_qparams") and len(quantiser) == 4:
        axis = int(quantiser[3])
        spread = [1] * values.ndim
        spread[axis] = values.shape[axis]
        scale, zero = (np.asarray(part, np.float64).reshape(spread) for part in quantiser[1:3])
    else:
        limit = "neurokit reads per_tensor_affine and per_channel_affine"
        raise Unreadable(f"holds a quantised tensor of scheme '{scheme}'", limit, "Save it dequantised.")
    return QuantisedTensor(values, scale, zero)


def _parameter(data: Any, *rest: Any) -> Any:
    return data


def _dict(items: Any = ()) -> dict[Any, Any]:
    return dict(items)


def _size(items: Any = ()) -> tuple[Any, ...]:
    return tuple(items)


_PLAIN: Mapping[str, Callable[..., Any]] = {
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "collections.OrderedDict": _dict,
    "torch.Size": _size,
    "torch.device": lambda *names: None,
}
_TENSORS: Mapping[str, Callable[..., Array | QuantisedTensor]] = {
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_qtensor": _quantised,
}


def _functions(budget: Budget) -> dict[str, Callable[..., Any]]:
    """What a checkpoint may call."""
    return {**_PLAIN, **{name: partial(own, budget) for name, own in _TENSORS.items()}}


@dataclass(frozen=True)
class _Late:
    """A storage whose numbers stand behind the pickle."""

    key: Any


@dataclass(frozen=True, eq=False)
class _Call:
    """A tensor that waits for its storage."""

    name: str
    values: tuple[Any, ...]


_LATE: Mapping[str, Callable[..., Any]] = {
    **_PLAIN,
    **{name: lambda *values, name=name: _Call(name, values) for name in _TENSORS},
}


@dataclass(eq=False)
class _Resolver:
    """Puts tensors where they waited for their storages. What is in several places is made once."""

    functions: Mapping[str, Callable[..., Any]]
    read: Mapping[Any, Storage]
    done: dict[int, Any] = field(default_factory=dict)

    def of(self, made: Any, depth: int = 0) -> Any:
        """`made` with its tensors."""
        if depth > MAX_DEPTH:
            raise _deep()
        if id(made) not in self.done:
            self.done[id(made)] = self._made(made, depth + 1)
        return self.done[id(made)]

    def _made(self, made: Any, depth: int) -> Any:
        if isinstance(made, _Late):
            return self.read[made.key]
        if isinstance(made, _Call):
            return self.functions[made.name](*(self.of(value, depth) for value in made.values))
        if isinstance(made, tuple):
            return tuple(self.of(value, depth) for value in made)
        if isinstance(made, dict):
            return {key: self.of(value, depth) for key, value in made.items()}
        return [self.of(value, depth) for value in made] if isinstance(made, list) else made


def _deep() -> Unreadable:
    limit = f"at most {MAX_DEPTH} levels and {MAX_NAMES:,} names are read"
    return Unreadable("is nested too deeply", limit, "Save a flat state_dict.")


def _flat(made: Any) -> dict[str, Array | QuantisedTensor]:
    """All tensors by their path through dicts and lists."""
    found: dict[str, Array | QuantisedTensor] = {}
    waiting: list[tuple[str, Any, int]] = [("", made, 0)]
    count = 0
    while waiting:
        name, value, depth = waiting.pop()
        count += 1
        if count > MAX_NAMES or depth > MAX_DEPTH:
            raise _deep()
        if len(name) > MAX_NAME:
            raise Unreadable(f"has a name of {len(name)} characters", f"at most {MAX_NAME} are read", "Shorten it.")
        if isinstance(value, np.ndarray | QuantisedTensor):
            found[name or "tensor"] = value
        elif isinstance(value, dict):
            waiting += [
                (f"{name}.{key}" if name else str(key), part, depth + 1) for key, part in reversed(value.items())
            ]
        elif isinstance(value, list | tuple):
            waiting += [
                (f"{name}.{k}" if name else str(k), part, depth + 1) for k, part in reversed([*enumerate(value)])
            ]
    if not found:
        raise Unreadable(
            "holds no tensors", "weights are needed", "Save a state_dict: torch.save(module.state_dict(), path)."
        )
    return found
