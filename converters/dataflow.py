"""Operator graphs of any framework as Networks: populations, and one projection for all maps between two of them.

A converter describes its source as nodes and edges, `build` makes the Network. Its rules:

* Several edges into a node add. The linear nodes between two populations become the maps of one projection. Where the
  sum of several sources enters a linear node, each source gets a projection of its own, and the first one carries
  the bias: it counts once, and from the first step on, whatever delay lies behind it.
* Several paths from one source to one target are added: as one convolution where all are convolutions (or nothing) of
  one stride whose windows fit into one, else as listed or dense weights. Paths of unequal delay become synapses of
  delays of their own, and are refused where they join the same two neurons.
* A Scale goes into the weights behind or before it; a Join gives each source its part of the weights that follow.
* A loop takes time. Where a loop has no delay of its own, its feedback projection gets one step, dt, as in
  step-by-step frameworks, which feed back what they computed in the step before. Which one feeds back: populations
  are visited from the inputs, depth first and in the order of `nodes`; what leads back to a population whose visit
  has not ended feeds back. So a layer's connection to itself always does.
* A Sink that reads one population, maybe reshaped, makes it an output. A Sink that reads anything else (maps, a sum,
  an input) becomes a population of its name, of Relay neurons, whose payload is the value, in the same step.

Populations are in the order of the data's way, ties in the order of `nodes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from neurokit.converters.dataflow_nodes import Cells, Join, Linear, Node, Scale, Sink, Source, Wait
from neurokit.converters.dataflow_order import feedback, order, structure_faults
from neurokit.converters.dataflow_paths import Path, Unfit, joined
from neurokit.converters.dataflow_trace import Paths, Tracer
from neurokit.errors import ConversionError, Fault
from neurokit.graph.check import check_network
from neurokit.graph.graded_neurons import Relay
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import Neuron
from neurokit.graph.synapses import Shape

__all__ = ["Cells", "Join", "Linear", "Node", "Scale", "Sink", "Source", "Wait", "build"]


def build(
    nodes: Mapping[str, Node], edges: Sequence[tuple[str, str]], *, dt: float | None, source: str, kind: str
) -> Network:
    """The Network of an operator graph; see the module.

    nodes: by name. edges: (from, to). dt: seconds per step, None if unknown. source: name for reports.
    kind: of the source in words, e.g. "a NIR graph".
    Raises ConversionError with every fault of the graph, GraphError where the network itself is unsound.
    """
    _raise(structure_faults(nodes, edges, kind))
    tracer = Tracer(nodes, edges)
    arriving = tracer.run()
    _raise(tracer.faults)
    return check_network(_network(nodes, tracer.shapes, arriving, dt, source, kind))


def _network(
    nodes: Mapping[str, Node],
    shapes: Mapping[str, Shape],
    arriving: Mapping[str, Paths],
    dt: float | None,
    source: str,
    kind: str,
) -> Network:
    read = {name: _read_by(nodes, arriving[name]) for name, node in nodes.items() if isinstance(node, Sink)}
    starts = [name for name, node in nodes.items() if isinstance(node, Source)]
    unordered = [n for n, node in nodes.items() if isinstance(node, Cells) or (isinstance(node, Sink) and not read[n])]
    pairs = [(start, name) for name in unordered for start in arriving[name]]
    undelayed = [pair for pair in pairs if pair[0] not in starts and _at_once(arriving[pair[1]][pair[0]])]
    back = feedback(starts, unordered, pairs, undelayed)
    if back and dt is None:
        _raise(_no_step(back, kind))
    names = order(unordered, [pair for pair in undelayed if pair not in back])
    place = {name: i for i, name in enumerate([*starts, *names])}
    projections: list[Projection] = []
    faults: list[Fault] = []
    for start, name in sorted(pairs, key=lambda pair: (place[pair[1]], place[pair[0]])):
        try:
            maps, delay = joined(arriving[name][start], shapes[name])
        except Unfit as unfit:
            faults.append(Fault(f"{start}->{name}", *unfit.words))
            continue
        late = np.asarray(dt) if (start, name) in back else np.zeros(())
        projections.append(Projection(start, name, maps, delay + late))
    _raise(faults)
    populations = {name: Population(name, shapes[name], _neuron(nodes[name])) for name in names}
    outputs = {found or name for name, found in read.items()}
    inputs = {name: Input(name, shapes[name]) for name in starts}
    return Network(
        inputs,
        populations,
        tuple(projections),
        {name: populations[name] for name in names if name in outputs},
        dt=dt,
        source=source,
    )


def _at_once(paths: Sequence[Path]) -> bool:
    """Whether anything arrives in the step in which it is sent."""
    return any(float(path.before.min() + path.behind.min()) == 0 for path in paths)


def _neuron(node: Node) -> Neuron:
    return node.neuron if isinstance(node, Cells) else Relay(activation="unit")


def _read_by(nodes: Mapping[str, Node], arriving: Paths) -> str | None:
    """The population that a Sink reads as it is, None where it reads anything else."""
    if len(arriving) != 1:
        return None
    ((start, paths),) = arriving.items()
    return start if len(paths) == 1 and paths[0].plain and isinstance(nodes[start], Cells) else None


def _no_step(back: set[tuple[str, str]], kind: str) -> list[Fault]:
    return [
        Fault(
            f"{start}->{target}",
            "closes a loop without delay",
            f"it takes one step, and {kind} states none",
            "Pass dt= in seconds, e.g. nk.convert(path, dt=1e-3).",
        )
        for start, target in sorted(back)
    ]


def _raise(faults: Sequence[Fault]) -> None:
    if faults:
        raise ConversionError(list(faults))
