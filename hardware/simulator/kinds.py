"""Which Neurons run which neuron model."""

from __future__ import annotations

from collections.abc import Mapping

from neurokit.graph import neurons as models
from neurokit.graph.network import Population
from neurokit.hardware.simulator.neurons import FloatNeurons, LoihiNeurons, Neurons

KINDS: Mapping[type[models.Neuron], type[Neurons]] = {
    models.IF: FloatNeurons,
    models.LIF: FloatNeurons,
    models.CubaLIF: FloatNeurons,
    models.Integrator: FloatNeurons,
    models.LeakyIntegrator: FloatNeurons,
    models.LoihiLIF: LoihiNeurons,
}


def make_neurons(population: Population, samples: int, dt: float | None) -> Neurons:
    """The neurons of `population`, at rest, for `samples` samples. dt: seconds a step, for a Network."""
    return KINDS[type(population.neuron)](population, samples, dt)
