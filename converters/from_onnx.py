"""ONNX models (`.onnx` files or onnx.ModelProto objects) as Networks: plain trained networks in a code of spikes."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from os import PathLike
from typing import Any

from neurokit.converters.arguments import check_arguments, choice_faults, step_faults
from neurokit.converters.codes import code_faults, coded
from neurokit.converters.onnx_constants import MOST_DATA
from neurokit.converters.onnx_operators import KNOWN, layers_of
from neurokit.converters.onnx_reading import read
from neurokit.converters.onnx_records import Model
from neurokit.errors import ConversionWarning, Fault, InputError
from neurokit.graph.network import Network
from neurokit.graph.synapses import Shape


def load(
    source: str | PathLike[str] | Any,
    *,
    dt: float | None = None,
    reset: str | None = None,
    inputs: str | None = None,
    shape: tuple[int, ...] | Mapping[str, tuple[int, ...]] | None = None,
    code: str | None = None,
    calibrate: Any = None,
) -> Network:
    """Read an ONNX model of ReLU layers and give it a code.

    source: a path or an onnx.ModelProto. dt: seconds per step, which nothing in the network depends on.
    reset: None or "soft", which is what rate coding needs. inputs: None; the model says what its inputs are.
    shape: of one sample, without batch, where the model leaves sizes free; by input where it has several.
    code: "sigma-delta" (see `sigma_delta`) or "rate" (see `rate_coded`).
    calibrate: samples (batch, *shape), by input where there are several: rate code needs them, sigma-delta code leaves
    out messages below 1/256 of a layer's range on them.

    Signals (channels, length) become images of one row, (channels, 1, length). A Softmax or LogSoftmax at the end is
    left out, with a ConversionWarning. Raises FormatError when the file is no ONNX model, ConversionError with every
    node that cannot be converted, InputError for arguments that do not fit.
    """
    check_arguments(_argument_faults(dt, reset, inputs, code, calibrate))
    model = read(source, KNOWN)
    layers, left_out = layers_of(model, _shapes(model, shape))
    network = coded(layers, code or "", calibrate, dt)
    if left_out:
        which = ", ".join(f"'{name}'" for name in left_out)
        warnings.warn(
            f"{which} is left out: outputs are what goes into it, and the largest stays the largest",
            ConversionWarning,
            stacklevel=4,
        )
    return network


def _argument_faults(
    dt: float | None, reset: str | None, inputs: str | None, code: str | None, calibrate: Any
) -> Iterator[Fault]:
    yield from step_faults(dt)
    yield from choice_faults("reset", reset, ("soft",), "Leave it out.")
    if inputs is not None:
        yield Fault("inputs", f"is {inputs!r}", "a model says itself what its inputs are", "Leave it out.")
    yield from code_faults(code, calibrate)


def _shapes(model: Model, shape: Any) -> dict[str, Shape]:
    """ONNX's sizes of the inputs with a batch of one; faults for what stays unknown."""
    given = shape if isinstance(shape, Mapping) else dict.fromkeys(model.inputs, shape) if shape is not None else {}
    faults = [
        Fault("shape", f"names '{name}'", f"the model's inputs are {', '.join(model.inputs)}", "Name one of them.")
        for name in given.keys() - model.inputs.keys()
    ]
    if shape is not None and not isinstance(shape, Mapping) and len(model.inputs) > 1:
        names = ", ".join(model.inputs)
        faults.append(Fault("shape", "is one shape", f"the model has the inputs {names}", "Pass a dict by input."))
    shapes: dict[str, Shape] = {}
    for name, sizes in model.inputs.items():
        found = _shape(name, sizes, given.get(name))
        if isinstance(found, Fault):
            faults.append(found)
        else:
            shapes[name] = found
    if faults:
        raise InputError(faults)
    return shapes


def _shape(name: str, sizes: tuple[int | None, ...], given: Any) -> Shape | Fault:
    stated = f"has the sizes ({', '.join('?' if size is None else str(size) for size in sizes)})"
    if sizes and (len(sizes) < 2 or sizes[0] not in (None, 1)):
        mend = "Export it with one sample, or a free batch axis."
        return Fault(name, stated, "the first of two axes or more is the batch, of one sample", mend)
    if given is None:
        if not sizes or None in sizes[1:]:
            return Fault(name, stated, "all but the batch must be known", "Pass shape= of one sample.")
        return (1, *(int(size) for size in sizes[1:] if size is not None))
    try:
        wanted = tuple(int(size) for size in given)
    except (TypeError, ValueError):
        return Fault("shape", f"is {given!r}", "it is a tuple of sizes", "Pass e.g. shape=(3, 32, 32).")
    fits = not sizes or len(wanted) == len(sizes) - 1
    if not wanted or min(wanted) < 1 or math.prod(wanted) > MOST_DATA or not fits:
        return Fault("shape", f"is {wanted}", f"input '{name}' {stated}", "Give the sizes of one sample.")
    if any(size not in (None, own) for size, own in zip(sizes[1:], wanted, strict=False)):
        return Fault("shape", f"is {wanted}", f"input '{name}' {stated}", "Leave out what the model states.")
    return (1, *wanted)
