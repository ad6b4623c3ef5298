"""Kernels that are made from a rule: compiled once for each structure, and kept where the simulator's others are."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from neurokit.hardware.simulator.kernels import add_sums
from neurokit.hardware.simulator.plastic_shape import Shape
from neurokit.hardware.simulator.plastic_source import source_of


@functools.lru_cache(maxsize=64)
def kernels_of(shape: Shape) -> ModuleType:
    """The module with the kernel `refresh` for rules of this structure."""
    return module_of(source_of(shape))


@functools.lru_cache(maxsize=64)
def module_of(source: str) -> ModuleType:
    """The module with this text."""
    name = _name(source)
    folder = _folder()
    if folder is not None:
        with suppress(OSError):
            return _imported(name, _written(folder / f"{name}.py", source))
    with tempfile.TemporaryDirectory() as passing:  # compiled at every start, as the other kernels are then
        return _imported(name, _written(Path(passing) / f"{name}.py", source))


def is_kept(source: str) -> bool:
    """Whether the module with this text was made before, so that its kernels are likely to be compiled already."""
    folder = _folder()
    return folder is not None and (folder / f"{_name(source)}.py").is_file()


def _name(source: str) -> str:
    return f"neurokit_rule_{hashlib.sha256(source.encode()).hexdigest()[:24]}"


def _folder() -> Path | None:
    """Where numba keeps the kernels of this package; None where it can keep none (see `caching`)."""
    path = getattr(getattr(add_sums, "_cache", None), "cache_path", None)
    return None if path is None else Path(path)


def _written(path: Path, source: str) -> Path:
    """The file with this text. One that is there stays untouched: numba takes kernels of a newer file for outdated."""
    if path.is_file() and path.read_text(encoding="utf-8") == source:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    number, aside = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(source)
        os.replace(aside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(aside)
        raise
    return path


def _imported(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, "a file of Python has one"
    assert spec.loader is not None, "the same"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where numba looks for it when it loads a compiled kernel
    spec.loader.exec_module(module)
    return module
