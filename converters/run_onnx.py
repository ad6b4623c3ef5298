"""ONNX models run by onnxruntime, every layer that a population stands for."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from neurokit.converters.frames import frames_of
from neurokit.converters.onnx_reading import name_of, parsed
from neurokit.converters.running import Limits, SourceRun
from neurokit.errors import one_line
from neurokit.graph.network import Network

ONE_BATCH = 64  # samples of a call, where the model's batch is free
# Made of several rectifiers: the population of the operation's name is one of them, no tensor of the model.
IN_PARTS = frozenset({"Clip", "LeakyRelu", "PRelu", "Abs", "HardSigmoid", "Max", "Min"})


def run(
    source: str | PathLike[str] | Any,
    network: Network,
    inputs: Mapping[str, NDArray[Any]],
    steps: int,
    limits: Limits,
) -> SourceRun | str:
    """The model's values at each step: it knows no time, so each step of the input is a sample of its own.

    inputs: name -> (batch, time, *shape). Steps past the input's end see zeros, as in the Network. Words where
    onnxruntime does not take the model, as one of a later version of ONNX than it knows.
    """
    model = parsed(Path(source)) if isinstance(source, str | PathLike) else source
    wanted = _wanted(model, network)
    try:
        session = onnxruntime.InferenceSession(_with_outputs(model, wanted), _quiet())
    except Exception as error:  # noqa: BLE001 - onnxruntime has a dozen classes for it, with no base of their own
        return f"onnxruntime does not take the model ({one_line(error, 200)}): pass expected= with what others give"
    frames, places = frames_of(inputs, steps)
    samples = next(iter(inputs.values())).shape[0]
    rows: dict[str, list[NDArray[Any]]] = {name: [] for name in wanted}
    sizes = {value.name: list(value.shape) for value in session.get_inputs()}
    one_by_one = any(sizes[name][:1] == [1] for name in frames)
    count = 1 if one_by_one else ONE_BATCH
    for start in range(0, len(next(iter(frames.values()))), count):
        feed = {name: _fed(values[start : start + count], sizes[name]) for name, values in frames.items()}
        found = session.run([wanted[name] for name in wanted], feed)
        for name, values in zip(wanted, found, strict=True):
            rows[name].append(np.asarray(values, np.float64).reshape(len(next(iter(feed.values()))), -1))
    values = {
        name: np.concatenate(rows[name])[places].reshape(samples, steps, *network.populations[name].shape)
        for name in wanted
    }
    return SourceRun(f"onnxruntime {onnxruntime.__version__}", {}, values)


def _wanted(model: Any, network: Network) -> dict[str, str]:
    """Population -> the tensor that it stands for: that of the operation, or the output, of its name."""
    made = {
        name_of(node, index): node.output[0]
        for index, node in enumerate(model.graph.node)
        if node.output and node.op_type not in IN_PARTS
    }
    made |= {value.name: value.name for value in model.graph.output}
    return {name: made[name] for name in network.populations if name in made}


def _with_outputs(model: Any, wanted: Mapping[str, str]) -> bytes:
    """The model with all wanted tensors as outputs; a copy."""
    copy = type(model)()
    copy.CopyFrom(model)
    known = {value.name for value in copy.graph.output}
    for tensor in dict.fromkeys(wanted.values()):
        if tensor not in known:
            copy.graph.output.add().name = tensor
    return bytes(copy.SerializeToString())


def _fed(values: NDArray[Any], sizes: list[Any]) -> NDArray[np.float32]:
    """In the model's axes: a signal (channels, 1, length) of the Network is one (channels, length) of the model."""
    inner = [size if isinstance(size, int) else None for size in sizes[1:]]
    shape = values.shape[1:] if None in inner or not inner else tuple(inner)
    return np.asarray(values.reshape(len(values), *shape), np.float32)


def _quiet() -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return options
