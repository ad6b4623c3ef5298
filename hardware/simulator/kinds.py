"""Which Neurons run which neuron model."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from neurokit.graph import graded_neurons as graded
from neurokit.graph import lif_family as relatives
from neurokit.graph import neurons as models
from neurokit.graph import resonators
from neurokit.graph.network import Population
from neurokit.hardware.simulator import lif_family, silicon, silicon_neurons, switched_family
from neurokit.hardware.simulator.graded_neurons import (
    DeltaNeurons,
    FixedDeltaNeurons,
    FixedRelayNeurons,
    FixedSigmaDeltaNeurons,
    FixedSigmaNeurons,
    RelayNeurons,
    SigmaDeltaNeurons,
    SigmaNeurons,
)
from neurokit.hardware.simulator.neurons import FloatNeurons, LoihiNeurons, Neurons
from neurokit.hardware.simulator.resonators import FixedAdaptiveResonators, FixedResonators, Resonators
from neurokit.hardware.simulator.switched import SwitchedLIF, SwitchedNeurons

KINDS: Mapping[type[models.Neuron], Callable[[Population, int, float | None], Neurons]] = {
    models.IF: lif_family.float_lif,
    models.LIF: lif_family.float_lif,
    models.CubaLIF: lif_family.float_lif,
    models.Integrator: FloatNeurons,
    models.LeakyIntegrator: FloatNeurons,
    models.CubaLeakyIntegrator: FloatNeurons,
    relatives.TernaryLIF: lif_family.TernaryFloats,
    relatives.ALIF: lif_family.AdaptiveFloats,
    relatives.ATRLIF: lif_family.AdaptiveAndRefractoryFloats,
    relatives.QIF: lif_family.QuadraticFloats,
    relatives.Theta: lif_family.Phases,
    models.LoihiLIF: LoihiNeurons,
    relatives.LoihiRefractoryLIF: lif_family.RefractoryLIF,
    relatives.LoihiShiftedLIF: lif_family.ShiftedLIF,
    relatives.LoihiTernaryLIF: lif_family.Ternary,
    relatives.LoihiALIF: lif_family.Adaptive,
    relatives.LoihiATRLIF: lif_family.AdaptiveAndRefractory,
    relatives.LoihiQIF: lif_family.Quadratic,
    graded.Sigma: SigmaNeurons,
    graded.Delta: DeltaNeurons,
    graded.SigmaDelta: SigmaDeltaNeurons,
    graded.FixedSigma: FixedSigmaNeurons,
    graded.FixedDelta: FixedDeltaNeurons,
    graded.FixedSigmaDelta: FixedSigmaDeltaNeurons,
    resonators.ResonateAndFire: Resonators,
    resonators.FixedResonateAndFire: FixedResonators,
    resonators.FixedAdaptiveResonateAndFire: FixedAdaptiveResonators,
    graded.Relay: RelayNeurons,
    graded.FixedRelay: FixedRelayNeurons,
    silicon.SiliconLIF: silicon_neurons.SiliconNeurons,  # these for `silicon=` only
    silicon.SiliconSigma: silicon_neurons.SiliconSigmas,
    silicon.SiliconDelta: silicon_neurons.SiliconDeltas,
    silicon.SiliconSigmaDelta: silicon_neurons.SiliconSigmaDeltas,
    SwitchedLIF: SwitchedNeurons,  # these for the parity ladder only
    **dict.fromkeys(
        (
            switched_family.SwitchedALIF,
            switched_family.SwitchedATRLIF,
            switched_family.SwitchedTernary,
            switched_family.SwitchedQIF,
            switched_family.SwitchedResonator,
        ),
        switched_family.SwitchedRelatives,
    ),
}


def make_neurons(population: Population, samples: int, dt: float | None) -> Neurons:
    """The neurons of `population`, at rest, for `samples` samples. dt: seconds a step, for a Network."""
    return KINDS[type(population.neuron)](population, samples, dt)
