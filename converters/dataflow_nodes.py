"""Nodes of an operator graph; `dataflow` says what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from neurokit.graph.neurons import FloatArray, Neuron
from neurokit.graph.synapses import Shape, Synapse


@dataclass(frozen=True, eq=False)
class Source:
    """An input. shape: of one step of one sample."""

    shape: Shape


@dataclass(frozen=True, eq=False)
class Cells:
    """A population. shape: None where it is that of what arrives."""

    neuron: Neuron
    shape: Shape | None = None


@dataclass(frozen=True, eq=False)
class Linear:
    """A linear map, with its bias: any synapse of `neurokit.graph.synapses` but an Injection.

    shape: of the values, where the map gives them as a vector; None where it is that of the map's result.
    """

    synapse: Synapse
    shape: Shape | None = None


@dataclass(frozen=True, eq=False)
class Scale:
    """values * factor + offset.

    factor, offset: a vector as long as the first axis of the values (an image's channels) holds one value for each
    place along it; all else broadcasts to the values as numpy does.
    """

    factor: FloatArray
    offset: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class Join:
    """Concatenation along `axis` (batch not counted) in the order of the edges that lead here."""

    axis: int


@dataclass(frozen=True, eq=False)
class Wait:
    """Delay in seconds, of the values as a Scale's factor is."""

    delay: FloatArray


@dataclass(frozen=True, eq=False)
class Sink:
    """An output. shape: None where it is that of what arrives."""

    shape: Shape | None = None


Node: TypeAlias = Source | Cells | Linear | Scale | Join | Wait | Sink
