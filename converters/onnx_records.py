"""An ONNX model as plain records, without protobuf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from neurokit.converters.dataflow_paths import Unfit


@dataclass(frozen=True, eq=False)
class Operation:
    """A node. name: unique, its own or its first output's. inputs, outputs: names of values, "" where left out."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def needed(self, name: str) -> Any:
        """An attribute that ONNX demands of this kind; Unfit where it is missing."""
        if name not in self.attributes:
            limit, mend = f"a {self.kind} has one", "Export it again, e.g. with torch.onnx.export."
            raise Unfit(f"has no attribute '{name}'", limit, mend)
        return self.attributes[name]


@dataclass(frozen=True, eq=False)
class Model:
    """A model's graph, in the order of the data's way.

    inputs: by name, sizes with the batch, None where free. outputs: names of values. constants: initialisers by name.
    """

    inputs: Mapping[str, tuple[int | None, ...]]
    outputs: tuple[str, ...]
    constants: Mapping[str, NDArray[Any]]
    operations: tuple[Operation, ...]
    opset: int
    source: str
