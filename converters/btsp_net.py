"""Layers of excitatory neurons with inhibition of somata and of dendrites, as numbers: sizes, weights, Dale's law.

What they compute is in `neurokit.learn.btsp.network`. Weights are named "<target>_<source>", populations
"<layer><kind>": "H1E_InputE", "H1E_H1DendI", top-down "H1E_H2E".

Galloni, Peddada, Chennawar & Milstein 2025, doi:10.1101/2025.05.22.655599.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.weight_files import read_weights, write_safetensors
from neurokit.errors import Fault, FormatError, GraphError, InputError
from neurokit.files import written_aside

Floats = NDArray[np.float32]
Weights = dict[str, Floats]
FORMAT = "btsp_format"  # an array of this name marks the files; it holds the version
VERSION = 1


@dataclass(frozen=True)
class Sizes:
    """Neurons of each kind: `excitatory` from the input to the output, `soma` of all layers but the input,
    `dendrite` of the hidden layers."""

    excitatory: tuple[int, ...]
    soma: tuple[int, ...]
    dendrite: tuple[int, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the layers: Input, H1, H2, ..., Output."""
        return ("Input", *(f"H{k}" for k in range(1, len(self.excitatory) - 1)), "Output")

    @property
    def hidden(self) -> tuple[str, ...]:
        """Names of the hidden layers."""
        return self.labels[1:-1]

    def count(self, population: str) -> int:
        """Neurons of "H1E", "H1SomaI", "H1DendI", ..."""
        for k, label in enumerate(self.labels):
            known = {f"{label}E": self.excitatory[k]}
            if k:
                known[f"{label}SomaI"] = self.soma[k - 1]
            if 0 < k < len(self.labels) - 1:
                known[f"{label}DendI"] = self.dendrite[k - 1]
            if population in known:
                return known[population]
        raise KeyError(population)

    def shapes(self, learned_feedback: bool) -> dict[str, tuple[int, int]]:
        """(target, source) of every weight matrix; with a matrix of its own for each top-down path if it is asked."""
        found: dict[str, tuple[int, int]] = {}

        def add(target: str, *sources: str) -> None:
            for source in sources:
                found[f"{target}_{source}"] = (self.count(target), self.count(source))

        for below, label in pairwise(self.labels):
            add(f"{label}E", f"{below}E", f"{label}SomaI")
            add(f"{label}SomaI", f"{below}E", f"{label}E", f"{label}SomaI")
        for label, above in zip(self.hidden, self.labels[2:], strict=True):
            add(f"{label}E", f"{label}DendI", *([f"{above}E"] if learned_feedback else []))
            add(f"{label}DendI", f"{label}E", f"{label}DendI")
        return found


@dataclass(frozen=True, eq=False)
class DendriticNet:
    """The network with its weights, float32 [target, source].

    feedback: what a dendrite hears of the layer above: a number, the weights upwards transposed, times it, for each
    hidden layer; None: matrices of its own among `weights`. tau: steps. steps: of each phase.
    Raises GraphError with every missing, surplus, misshapen or non-finite matrix, and every sign against Dale's law.
    """

    sizes: Sizes
    weights: Mapping[str, Floats]
    feedback: tuple[float, ...] | None
    tau: float = 3.0
    steps: int = 15

    def __post_init__(self) -> None:
        if faults := list(_faults(self)):
            raise GraphError(faults)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write an .npz or .safetensors file: a matrix a name, "tau", "steps", and "feedback" where it is numbers.

        InputError for another suffix, OutputError when it cannot be written.
        """
        arrays: dict[str, NDArray[Any]] = {
            name: np.asarray(matrix, np.float32) for name, matrix in self.weights.items()
        }
        arrays |= {
            FORMAT: np.asarray(VERSION),
            "tau": np.asarray(self.tau, np.float64),
            "steps": np.asarray(self.steps),
        }
        if self.feedback is not None:
            arrays["feedback"] = np.asarray(self.feedback, np.float64)
        suffix = Path(path).suffix.lower()
        if suffix not in (".npz", ".safetensors"):
            limit = "these networks are written as .npz or .safetensors"
            raise InputError(Fault(str(path), f"has the suffix '{suffix}'", limit, "Name the file so."))
        with written_aside(path) as aside, aside.open("wb") as file:
            if suffix == ".npz":
                np.savez_compressed(file, **arrays)
            else:
                write_safetensors(file, arrays)

    def top_down(self, layer: int) -> Floats:
        """B of hidden layer 0, 1, ...: (its neurons, the neurons above)."""
        labels = self.sizes.labels
        target, above = f"{labels[layer + 1]}E", f"{labels[layer + 2]}E"
        if self.feedback is None:
            return self.weights[f"{target}_{above}"]
        return np.float32(self.feedback[layer]) * self.weights[f"{above}_{target}"].T


def is_inhibitory(name: str) -> bool:
    """Whether a weight matrix's source is an inhibitory population."""
    return name.rsplit("_", 1)[-1].endswith("I")


def _faults(net: DendriticNet) -> list[Fault]:
    sizes, found = net.sizes, []
    layers = len(sizes.excitatory)
    if layers < 3 or len(sizes.soma) != layers - 1 or len(sizes.dendrite) != layers - 2:
        fact = f"has {layers} layers, {len(sizes.soma)} of SomaI and {len(sizes.dendrite)} of DendI"
        limit = "n layers have n - 1 of SomaI and n - 2 of DendI, and n is 3 or more"
        return [Fault("sizes", fact, limit, "Give each kind its sizes, from the input up.")]
    shapes = sizes.shapes(net.feedback is None)
    for name in sorted(set(shapes) - set(net.weights)):
        found.append(Fault(name, "is missing", "each pair of populations that is joined has a matrix", "Add it."))
    for name in sorted(set(net.weights) - set(shapes)):
        fact = "joins no two populations of this network"
        found.append(Fault(name, fact, f"known: {', '.join(shapes)}", "Leave it out, or correct its name."))
    for name, shape in shapes.items():
        if name in net.weights:
            found += weight_faults(name, net.weights[name], shape)
    scales = net.feedback
    if scales is not None and (len(scales) != len(sizes.hidden) or not np.isfinite(scales).all()):
        fact, limit = f"is {scales}", f"one finite number for each of {len(sizes.hidden)} hidden layers"
        found.append(Fault("feedback", fact, limit, "Give one scale a hidden layer, or None for matrices."))
    if not (1 <= net.tau < np.inf and net.steps >= 1 and net.steps % 1 == 0):
        fact, limit = f"tau is {net.tau:g} and steps is {net.steps}", "both are at least 1 and finite, steps is whole"
        found.append(Fault("phases", fact, limit, "Give steps, and a tau in steps."))
    return found


def weight_faults(name: str, weight: NDArray[Any], shape: tuple[int, int]) -> Iterator[Fault]:
    """What is wrong with the matrix `<target>_<source>`: type, shape (target, source), values, signs (Dale's law)."""
    if weight.dtype.kind not in "biuf":
        yield Fault(name, f"holds {weight.dtype}", "weights are real numbers", "Save it again.")
    elif weight.shape != shape:
        limit = f"its populations have (target, source) {shape}"
        yield Fault(name, f"has shape {weight.shape}", limit, "Transpose it, or correct the sizes.")
    elif not np.isfinite(weight).all():
        fact = f"has {int((~np.isfinite(weight)).sum())} values that are not finite"
        yield Fault(name, fact, "weights are numbers", "Train again from good weights.")
    else:
        inhibitory = is_inhibitory(name)
        wrong = int((weight > 0).sum() if inhibitory else (weight < 0).sum())
        if wrong:
            sign, law = ("positive", "at most 0") if inhibitory else ("negative", "at least 0")
            fact = f"{wrong} of {weight.size} weights are {sign}"
            limit = f"Dale's law: weights of {name.rpartition('_')[2]} are {law}"
            yield Fault(name, fact, limit, "Clip them, or correct the source's kind.")


def load_dendritic_net(path: str | os.PathLike[str]) -> DendriticNet:
    """What `DendriticNet.save` wrote. FormatError for another file, GraphError for what forms no such network."""
    return dendritic_net(read_weights(path), str(path))


def is_saved(arrays: Mapping[str, Any]) -> bool:
    """Whether a file of these arrays was written by `DendriticNet.save`."""
    return FORMAT in arrays


def dendritic_net(arrays: Mapping[str, NDArray[Any]], name: str) -> DendriticNet:
    """The network of a file's arrays; errors as of `load_dendritic_net`. name: of the file."""
    if not is_saved(arrays):
        mend = "Write it with DendriticNet.save, or pass spec= with the YAML file that EIANN's weights belong to."
        raise FormatError(Fault(name, "is no saved DendriticNet", f"these hold an array '{FORMAT}'", mend))
    found = dict(arrays)
    version, tau, steps = (_number(found, key, name) for key in (FORMAT, "tau", "steps"))
    if version != VERSION:
        limit = f"this neurokit reads version {VERSION}"
        raise FormatError(Fault(name, f"is a DendriticNet of version {version:g}", limit, "Update neurokit."))
    if steps % 1:
        raise FormatError(Fault(name, f"has {steps:g} as 'steps'", "steps are whole", "Save it again."))
    scales = found.pop("feedback", None)
    if scales is not None and (scales.ndim > 1 or scales.dtype.kind not in "iuf"):
        fact = f"has a 'feedback' of {scales.dtype} and shape {scales.shape}"
        raise FormatError(Fault(name, fact, "it holds a number for each hidden layer", "Save it again."))
    feedback = None if scales is None else tuple(float(scale) for scale in np.atleast_1d(scales))
    weights = {key: _single(key, values) for key, values in found.items()}
    return DendriticNet(_sizes(weights, name), weights, feedback, tau, int(steps))


def _number(found: dict[str, NDArray[Any]], key: str, name: str) -> float:
    values = found.pop(key, None)
    if values is None or values.size != 1 or values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        raise FormatError(Fault(name, f"has no number '{key}'", "a saved DendriticNet has one", "Save it again."))
    return float(values.reshape(()))


def _single(name: str, values: NDArray[Any]) -> Floats:
    if values.dtype.kind not in "biuf":
        raise GraphError(Fault(name, f"holds {values.dtype}", "weights are real numbers", "Save it again."))
    return np.asarray(values, np.float32)


def _sizes(weights: Mapping[str, Floats], name: str) -> Sizes:
    """Sizes by the rows of the matrices from the layer below; GraphError says which are not there."""
    rows = {key: len(matrix) for key, matrix in weights.items() if matrix.ndim == 2}
    hidden = 0
    while f"H{hidden + 1}E_{'Input' if not hidden else f'H{hidden}'}E" in weights:
        hidden += 1
    labels = ["Input", *(f"H{k}" for k in range(1, hidden + 1)), "Output"]
    into = {label: f"{below}E" for below, label in pairwise(labels)}
    needed = [f"{label}{kind}_{source}" for label, source in into.items() for kind in ("E", "SomaI")]
    needed += [f"{label}E_{label}DendI" for label in labels[1:-1]]
    if missing := [key for key in needed if key not in rows]:
        limit = "each layer has E and SomaI, each hidden one DendI"
        raise GraphError(
            [Fault(key, f"is missing in {name}, or no matrix", limit, "Save it again.") for key in missing]
        )
    first = weights[needed[0]]
    excitatory = (first.shape[-1], *(rows[f"{label}E_{source}"] for label, source in into.items()))
    soma = tuple(rows[f"{label}SomaI_{source}"] for label, source in into.items())
    return Sizes(excitatory, soma, tuple(weights[f"{label}E_{label}DendI"].shape[-1] for label in labels[1:-1]))
