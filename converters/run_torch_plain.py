"""Torch modules without spiking neurons run by themselves, with what each of their layers gives.

They are converted by way of ONNX (`from_torch.load` with code=), whose exporter names an operation after the module in
which it was computed: "/features/features.0/Relu". What is called again gets a number: "/act_1/Relu", "/act/Relu_1".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.overrides import TorchFunctionMode

from neurokit.converters.frames import frames_of
from neurokit.graph.network import Network

ONE_BATCH = 64  # samples of a call
# What the exporter calls an operation that a population may stand for, by the name of the torch function.
OPERATIONS = {"relu": "Relu", "relu_": "Relu"}  # others are made of several rectifiers, none of which is a tensor


def plain_values(
    module: Any, network: Network, inputs: Mapping[str, NDArray[Any]], steps: int, kept: Any
) -> dict[str, NDArray[Any]]:
    """Population -> values (batch, steps, *shape) of the module's layers and outputs, each step a sample of its own.

    module: a copy, in evaluation mode. kept: a tensor of the precision that it computes in.
    """
    frames, places = frames_of(inputs, steps)
    samples = next(iter(inputs.values())).shape[0]
    rows: dict[str, list[NDArray[Any]]] = {}
    for start in range(0, len(next(iter(frames.values()))), ONE_BATCH):
        fed = [torch.as_tensor(frames[name][start : start + ONE_BATCH]).to(kept) for name in network.inputs]
        for name, values in _noted(module, fed, list(network.outputs)).items():
            rows.setdefault(name, []).append(values)
    found = {}
    for name, population in network.populations.items():
        parts = rows.get(name)
        if parts and all(part[0].size == population.size for part in parts):
            found[name] = np.concatenate(parts)[places].reshape(samples, steps, *population.shape)
    return found


def _noted(module: Any, fed: list[Any], outputs: list[str]) -> dict[str, NDArray[Any]]:
    """What one call gives, by the exporter's names; the module's results by those of the outputs, in order."""
    notes = _Notes()
    handles = []
    for path, own in module.named_modules():
        handles.append(own.register_forward_pre_hook(lambda *_, path=path: notes.enter(path)))
        handles.append(own.register_forward_hook(lambda *_: notes.leave()))
    try:
        with notes, torch.no_grad():
            returned = module(*fed)
    finally:
        for handle in handles:
            handle.remove()
    results = list(returned) if isinstance(returned, tuple | list) else [returned]
    if len(results) == len(outputs):
        notes.values |= {name: _array(result) for name, result in zip(outputs, results, strict=True)}
    return notes.values


class _Notes(TorchFunctionMode):  # type: ignore[misc]  # torch is not followed
    """Notes the results of OPERATIONS."""

    def __init__(self) -> None:
        super().__init__()
        self.scopes = [""]
        self.used: dict[str, int] = {}
        self.values: dict[str, NDArray[Any]] = {}

    def enter(self, path: str) -> None:
        """A module runs; a child of a list is told with the list's own name."""
        atoms = path.split(".")
        label = f"{atoms[-2]}.{atoms[-1]}" if len(atoms) > 1 and atoms[-1].isdigit() else atoms[-1]
        self.scopes.append(self._fresh(f"{self.scopes[-1]}/{label}") if path else "")

    def leave(self) -> None:
        """It has run."""
        self.scopes.pop()

    def _fresh(self, name: str) -> str:
        """The name, with a number from its second use on."""
        again = self.used[name] = self.used.get(name, -1) + 1
        return f"{name}_{again}" if again else name

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        operation = OPERATIONS.get(getattr(func, "__name__", ""))
        if operation is not None and isinstance(result, torch.Tensor) and result.dim():
            self.values[self._fresh(f"{self.scopes[-1]}/{operation}")] = _array(result)
        return result


def _array(tensor: Any) -> NDArray[Any]:
    return np.array(tensor.detach().double().cpu().numpy())
