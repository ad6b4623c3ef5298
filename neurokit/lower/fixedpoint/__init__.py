"""The one home of Loihi's integer arithmetic, written plainly; fast kernels are tested against it.

Bit for bit what lava-nc 0.10.0 computes with `select_tag="fixed_pt"` (LIF, LIFReset, Dense, Sparse, Conv), including
where its int32 arrays wrap.
"""

from neurokit.lower.fixedpoint.image import image_input, image_sum
from neurokit.lower.fixedpoint.lif import ACTIVATION_SHIFT, MAX_POTENTIAL, lif_step
from neurokit.lower.fixedpoint.neuron import neuron_step, resets_before
from neurokit.lower.fixedpoint.synapse import ChipWeights, chip_weights, shift, wrap24, wrap32

__all__ = [
    "ACTIVATION_SHIFT",
    "MAX_POTENTIAL",
    "ChipWeights",
    "chip_weights",
    "image_input",
    "image_sum",
    "lif_step",
    "neuron_step",
    "resets_before",
    "shift",
    "wrap24",
    "wrap32",
]
