"""Which of Lava's processes holds a node of a Program, and what Lava cannot hold. Does not import Lava."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault
from neurokit.graph.fixed_plasticity import FixedRule
from neurokit.graph.graded_neurons import FixedDelta, FixedSigma, FixedSigmaDelta
from neurokit.graph.lif_family import LoihiATRLIF, LoihiTernaryLIF
from neurokit.graph.network import Program, Projection
from neurokit.graph.neurons import FixedNeuron, LoihiLIF
from neurokit.graph.resonators import FixedResonateAndFire
from neurokit.graph.synapses import Conv2d, Convolving, Dense, Shape, Sparse
from neurokit.lower.fixedpoint import chip_weights
from neurokit.lower.images import lavas_convolution

NEVER = 1 << 17  # a threshold mantissa that v, which saturates at 2**23 - 1, cannot exceed
INT32 = 1 << 31

OWN = "own"


def neuron_process(neuron: FixedNeuron) -> str:
    """The process that computes what `neuron` says: the name of one of Lava's own where it fits, else OWN."""
    choose = _OF_LAVA.get(type(neuron))
    return OWN if choose is None or neuron.held else choose(neuron)


def _lif_process(neuron: LoihiLIF) -> str:
    """LIF and LIFReset, which also run on the chip.

    They have thresholds of multiples of 64 and reset to zero. LIFReset resets whenever time_step % interval fits,
    also before an offset that lies beyond the first interval.
    """
    plain = neuron.reset == "hard" and not neuron.reset_value.any() and not (neuron.threshold % 64).any()
    if neuron.emits and not plain:
        return OWN
    if neuron.reset_interval == 0:
        return "LIFReset" if neuron.reset_offset > 0 else "LIF"
    return "LIFReset" if neuron.reset_offset <= neuron.reset_interval else OWN


def _ternary_process(neuron: LoihiTernaryLIF) -> str:
    """TernaryLIF has thresholds of multiples of 64, one of each for all neurons, and no schedule."""
    thresholds = (neuron.upper_threshold, neuron.lower_threshold)
    plain = all((values % 64 == 0).all() and (values == values.flat[0]).all() for values in thresholds)
    return "TernaryLIF" if plain and not _is_reset(neuron) else OWN


def _sigma_process(neuron: FixedSigma) -> str:
    """Sigma, which is never reset."""
    return OWN if _is_reset(neuron) else "Sigma"


def _encoder_process(neuron: FixedDelta | FixedSigmaDelta) -> str:
    """Delta and SigmaDelta, which have one threshold a population and are never reset."""
    if _is_reset(neuron) or np.unique(neuron.threshold).size > 1:
        return OWN
    return "Delta" if isinstance(neuron, FixedDelta) else "SigmaDelta"


def _atrlif_process(neuron: LoihiATRLIF) -> str:
    """ATRLIF has one of each parameter but the bias for all neurons, thresholds of multiples of 64, and no schedule."""
    thresholds = (neuron.threshold, neuron.threshold_step)
    decays = (neuron.current_decay, neuron.voltage_decay, neuron.threshold_decay, neuron.refractory_decay)
    plain = all(np.unique(values).size == 1 for values in (*thresholds, *decays))
    whole = all((values % 64 == 0).all() for values in thresholds)
    return OWN if _is_reset(neuron) or not (plain and whole) else "ATRLIF"


def _resonator_process(neuron: FixedResonateAndFire) -> str:
    """RF and RF_IZ, which have one value a population and are never reset by schedule."""
    values = (neuron.sine, neuron.cosine, neuron.threshold)
    if _is_reset(neuron) or any(np.unique(value).size > 1 for value in values):
        return OWN
    return "RF" if neuron.fires_at == "phase" else "RF_IZ"


def _is_reset(neuron: FixedNeuron) -> bool:
    return neuron.reset_interval > 0 or neuron.reset_offset > 0


_OF_LAVA: Mapping[type[FixedNeuron], Callable[[Any], str]] = {
    LoihiLIF: _lif_process,
    LoihiTernaryLIF: _ternary_process,
    LoihiATRLIF: _atrlif_process,
    FixedSigma: _sigma_process,
    FixedDelta: _encoder_process,
    FixedSigmaDelta: _encoder_process,
    FixedResonateAndFire: _resonator_process,
}


def once_interval(neuron: LoihiLIF) -> int:
    """An interval for LIFReset so long that it resets once only."""
    return INT32 + neuron.reset_offset


def image_process(projection: Projection, source: Shape) -> Conv2d | None:
    """What Lava's Conv holds for a projection between images, whose source has shape `source`; None: one of our own."""
    assert isinstance(projection.synapse, Convolving), "the caller asked"
    single = (projection.delay == projection.delay.flat[0]).all()
    return lavas_convolution(projection.synapse, source) if single else None


def input_faults(program: Program, inputs: Mapping[str, NDArray[Any]]) -> list[Fault]:
    """As `sum_faults`, for what the inputs send."""
    return sum_faults(
        program, {name: int(np.abs(values.astype(np.int64)).max(initial=0)) for name, values in inputs.items()}
    )


def sum_faults(program: Program, largest: Mapping[str, int]) -> list[Fault]:
    """Sums that leave an int32 where Lava and the Program then differ: before a right shift, and in a convolution.

    largest: |payload| of inputs and populations; 1 where nothing is said.
    """
    faults = []
    for projection in program.projections:
        payload = largest.get(projection.source, 1)
        total = _largest_sum(projection, program.shape_of(projection.source)) * payload
        if total >= INT32:
            faults.append(
                Fault(
                    projection.name,
                    f"payloads of {payload} may sum to {total}",
                    "Lava's models sum in 32 bits",
                    "Scale the input down.",
                )
            )
    return faults


def _largest_sum(projection: Projection, source: Shape) -> int:
    """Largest |sum| for payloads of 1, or 0 where it may wrap like the Program's."""
    synapse = projection.synapse
    if isinstance(synapse, Convolving):
        convolution = image_process(projection, source)  # our own processes sum in 64 bits
        return 0 if convolution is None else int(np.abs(convolution.weight).sum(axis=(1, 2, 3)).max())
    if not isinstance(synapse, Dense | Sparse):
        return 0
    if isinstance(projection.plasticity, FixedRule):  # weights may come to be anything within their bounds
        fan_in = (synapse.weight != 0).sum(axis=1).max() if isinstance(synapse, Sparse) else synapse.weight.shape[1]
        return int(fan_in) * max(map(abs, projection.plasticity.bounds)) if synapse.exponent < 0 else 0
    chip = chip_weights(synapse.weight.data if isinstance(synapse, Sparse) else synapse.weight, synapse.exponent)
    if chip.exponent >= 0:
        return 0
    doubled = 2 if chip.exponent < synapse.exponent else 1
    return doubled * int(abs(synapse.weight.astype(np.int64)).sum(axis=1).max())


def graded_populations(program: Program) -> Collection[str]:
    """Populations whose spikes carry payloads."""
    return {name for name, population in program.populations.items() if population.neuron.graded}


def graded_inputs(inputs: Mapping[str, NDArray[Any]]) -> Collection[str]:
    """Inputs that hold more than zeros and ones: Lava casts the others to bool."""
    return {name for name, values in inputs.items() if not ((values == 0) | (values == 1)).all()}
