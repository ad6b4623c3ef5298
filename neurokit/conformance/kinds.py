"""What an entry of the suite's table of neuron models holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from neurokit.conformance.draws import Draws
from neurokit.graph.neurons import FixedNeuron
from neurokit.graph.synapses import Shape

WIDTH = 8  # neurons that the suite's input drives, each in its own way


@dataclass(frozen=True)
class NeuronKind:
    """What is tried of one model.

    edges: (label, neuron), parameters broadcast to (1, 1, WIDTH).
    random: any sound one for a shape; the flag says whether it may be a readout, to which nothing listens.
    """

    edges: Callable[[], Iterator[tuple[str, FixedNeuron]]]
    random: Callable[[Draws, Shape, bool], FixedNeuron]
