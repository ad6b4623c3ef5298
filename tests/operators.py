"""README's table of what a Program can hold, built from the conformance suite's cases and from what backends say."""

from __future__ import annotations

from neurokit.conformance.cases import build
from neurokit.conformance.kinds import WIDTH
from neurokit.conformance.neurons import NEURONS, plain_lif
from neurokit.conformance.synapses import SYNAPSES
from neurokit.graph.synapses import Convolving, Dense, Injection, Sparse
from neurokit.hardware.lava.choice import OWN, neuron_process
from neurokit.lower.targets import target_faults

HEADER = "| a Program's neuron or synapse | simulator | Lava 0.10 | stock parts of Loihi 2 |"
SHAPE = (1, 1, WIDTH)


def _program(source, target, neuron, synapse, delay):
    return build({"in": source}, {"out": (target, neuron)}, {("in", "out"): (synapse, delay)}, ("out",))


def _driven(neuron):
    """The neuron behind a stock synapse."""
    return _program(SHAPE, SHAPE, neuron, SYNAPSES[Dense].one_to_one(SHAPE), 1)


def _programs(kind):
    """A synapse one to one, and all its edges, in front of a stock neuron."""
    yield _program(SHAPE, SHAPE, plain_lif(), kind.one_to_one(SHAPE), kind.delay)
    for edge in kind.edges():
        yield _program(edge.source, edge.target, plain_lif(), edge.synapse, edge.delay)


def _share(programs):
    """Whether all, some or none are stock."""
    stock = [not target_faults(program, "loihi2-stock") for program in programs]
    return "yes" if all(stock) else "within limits" if any(stock) else "no"


def _processes(neurons):
    """Names of Lava's own processes that some settings use, or that all need ours."""
    names = {neuron_process(neuron) for neuron in neurons}
    lavas = sorted(names - {OWN})
    return ", ".join([*lavas, *(["else our own"] if lavas and OWN in names else ["our own"] if OWN in names else [])])


def _process_of(model):
    """Of a synapse: what `hardware/lava/build.py` takes."""
    if issubclass(model, Convolving):
        return "Conv, else our own"
    return {Dense: "Dense, DelayDense", Sparse: "Sparse, DelaySparse", Injection: "a connection"}[model]


def rows():
    """A row a model, in the order of the tables."""
    for model, kind in NEURONS.items():
        neurons = [neuron for _, neuron in kind.edges()]
        yield f"| {model.__name__} | yes | {_processes(neurons)} | {_share(map(_driven, neurons))} |"
    for model, kind in SYNAPSES.items():
        yield f"| {model.__name__} | yes | {_process_of(model)} | {_share(_programs(kind))} |"


def table():
    """README's table."""
    return "\n".join([HEADER, "|---|---|---|---|", *rows()])


if __name__ == "__main__":
    print(table())
