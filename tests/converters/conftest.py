"""Real files for the converters' tests, and a writer of `.net` files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

_SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
_NETX = "tests/lava/lib/dl/netx/"


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """Path of a file of the project's data, by its path inside; skips when it is absent."""

    def find(name: str) -> Path:
        path = (_SHARED / name).resolve()
        if not path.exists():
            pytest.skip(f"shared data {path} is absent")
        return path

    return find


@pytest.fixture
def netx() -> Callable[[str], Path]:
    """Path of a file that the lava-dl wheel installs under its netx tests; skips when it is absent."""

    def find(name: str) -> Path:
        try:
            files = metadata.files("lava-dl") or []
        except metadata.PackageNotFoundError:
            files = []
        for file in files:
            if str(file) == _NETX + name:
                return Path(str(file.locate()))
        pytest.skip(f"the lava-dl wheel with {_NETX}{name} is not installed")

    return find


@pytest.fixture
def write_net(tmp_path: Path) -> Callable[..., Path]:
    """Write a `.net` file: one mapping a layer (nested for groups, None leaves a key out)."""

    def write(*layers: Mapping[str, Any], simulation: Mapping[str, Any] | None = None) -> Path:
        path = tmp_path / "network.net"
        with h5py.File(path, "w") as file:
            file.create_group("layer")
            for index, layer in enumerate(layers):
                _write(file.create_group(f"layer/{index}"), layer)
            if simulation is not None:
                _write(file.create_group("simulation"), simulation)
        return path

    return write


def _write(group: h5py.Group, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, Mapping):
            _write(group.create_group(key), value)
        elif key == "type" and group.name.count("/") == 2:
            group.create_dataset(key, (1,), "S10", [value.encode()])  # as SLAYER does
        elif value is not None:
            group.create_dataset(key, data=value)


def cuba(**changes: Any) -> dict[str, Any]:
    """A neuron group as SLAYER writes it."""
    plain = {"type": "CUBA", "iDecay": 1024, "vDecay": 128, "vThMant": 80, "refDelay": 1, "gradedSpike": False}
    return {**plain, **changes}


def dense(weight: Any, neuron: Mapping[str, Any] | None, **changes: Any) -> dict[str, Any]:
    """A dense layer as SLAYER writes it; a mapping holds the parts of complex weights."""
    parts = weight if isinstance(weight, Mapping) else {"": weight}
    arrays = {part: np.asarray(values, dtype=np.float32) for part, values in parts.items()}
    found = arrays if isinstance(weight, Mapping) else arrays[""]
    targets = next(iter(arrays.values())).shape[0]
    layer = {"type": "dense", "shape": [targets], "weight": found, "neuron": neuron, **changes}
    return {key: value for key, value in layer.items() if value is not None}


def conv(weight: Any, shape: Any, **changes: Any) -> dict[str, Any]:
    """A conv layer as SLAYER writes it."""
    weight = np.asarray(weight, dtype=np.float32)
    plain = {"type": "conv", "shape": shape, "weight": weight, "neuron": cuba(), "groups": 1}
    layer = {**plain, "stride": [1, 1], "padding": [0, 0], "dilation": [1, 1], **changes}
    return {key: value for key, value in layer.items() if value is not None}
