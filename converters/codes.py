"""The codes by which plain layers spike: the user's choice, with the samples that balance them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.arguments import choice_faults
from neurokit.converters.dataflow import Source
from neurokit.converters.layers import Layers
from neurokit.converters.rate_coding import rate_coded
from neurokit.converters.sigma_delta import sigma_delta
from neurokit.errors import Fault, InputError
from neurokit.graph.network import Network
from neurokit.graph.synapses import Shape

CODES = ("sigma-delta", "rate")


def code_faults(code: str | None, calibrate: Any) -> Iterator[Fault]:
    """What is wrong with the arguments `code` and `calibrate`."""
    if code is None:
        limit = "a plain network has no spikes: its code is a choice"
        yield Fault("code", "was not given", limit, "Pass code='sigma-delta' or code='rate'.")
    yield from choice_faults("code", code, CODES, "Choose one of them.")
    if code == "rate" and calibrate is None:
        limit = "thresholds of a rate code follow from activations"
        yield Fault("calibrate", "was not given", limit, "Pass some hundred samples, (batch, *shape).")


def coded(layers: Layers, code: str, calibrate: Any, dt: float | None) -> Network:
    """The Network of `layers` in `code`, see `sigma_delta` and `rate_coded`.

    calibrate: samples (batch, *shape) as a user gives them, by name where there are several inputs; None for none.
    Raises InputError for samples that do not fit, ConversionError and GraphError as `dataflow.build`.
    """
    samples = None if calibrate is None else samples_of(layers, calibrate)
    if code == "rate":
        assert samples is not None, "see `code_faults`"
        return rate_coded(layers, samples, dt)
    return sigma_delta(layers, samples, dt)


def samples_of(layers: Layers, calibrate: Any) -> dict[str, NDArray[Any]]:
    """Sample inputs by name, (batch, *shape) of the sources."""
    sources = {name: node.shape for name, node in layers.nodes.items() if isinstance(node, Source)}
    given = calibrate if isinstance(calibrate, Mapping) else dict.fromkeys(sources, calibrate)
    faults: list[Fault] = []
    samples: dict[str, NDArray[Any]] = {}
    if given.keys() != sources.keys() or (len(sources) > 1 and not isinstance(calibrate, Mapping)):
        fact, limit = f"has {', '.join(map(str, given))}", f"the inputs are {', '.join(sources)}"
        raise InputError(Fault("calibrate", fact, limit, "Pass a dict with samples of each input."))
    for name, shape in sources.items():
        array = np.asarray(given[name])
        if array.dtype.kind not in "biuf" or array.ndim < 2 or not len(array) or not _alike(array.shape[1:], shape):
            fact = f"has {array.dtype} of shape {array.shape}"
            faults.append(
                Fault("calibrate", fact, f"input '{name}' takes (batch, {shape})", "Pass numbers of its shape.")
            )
        elif not np.isfinite(array).all():
            faults.append(Fault("calibrate", "holds NaN or infinity", "samples are finite", "Leave these out."))
        else:
            samples[name] = array.reshape(len(array), *shape)
    if len({len(values) for values in samples.values()}) > 1:
        faults.append(Fault("calibrate", "has unequal batches", "inputs have as many samples each", "Cut the longer."))
    if faults:
        raise InputError(faults)
    return samples


def _alike(given: Shape, shape: Shape) -> bool:
    """Whether two shapes differ by axes of one place at most, as signals and images of one row do."""
    return [size for size in given if size > 1] == [size for size in shape if size > 1]
