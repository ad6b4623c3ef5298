"""The LIF neuron's relatives in the chip's units, each effect of the chip switched by itself; see `switched`.

Each model is that of `graph.lif_family` or `graph.resonators` with its constants in units of v: with everything off its
float form in other units, with everything on its integer form, bit for bit. `truncates`: each product that the chip
shifts loses its fraction. `limited`: sums wrap, and states are clipped, as they are there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.network import Population
from neurokit.graph.neurons import FloatArray, Neuron
from neurokit.graph.resonators import IMAGINARY
from neurokit.hardware.simulator import switched_family_kernels as kernels
from neurokit.hardware.simulator.kernels import count_events
from neurokit.hardware.simulator.neurons import numbers_or_rows
from neurokit.hardware.simulator.switched import ScheduledNeurons


@dataclass(frozen=True, eq=False, kw_only=True)
class SwitchedRelative(Neuron):
    """Abstract base. reset_interval, reset_offset, held: as of a FixedNeuron. All arrays float64."""

    truncates: bool = False
    limited: bool = False
    reset_interval: int = 0
    reset_offset: int = 0
    held: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class SwitchedALIF(SwitchedRelative):
    """LoihiALIF's equations; the threshold rises by `rise` a unit of adaptation, of which a spike adds 4096.

    inclusive: fires at the threshold, too. refractory: steps.
    """

    states: ClassVar[tuple[str, ...]] = ("u", "adaptation", "v", "refractory", "spike")

    keep_u: FloatArray
    keep_adaptation: FloatArray
    keep_v: FloatArray
    current: FloatArray
    bias: FloatArray
    threshold: FloatArray
    reset_value: FloatArray
    rise: FloatArray
    refractory: FloatArray
    inclusive: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class SwitchedATRLIF(SwitchedRelative):
    """LoihiATRLIF's equations."""

    states: ClassVar[tuple[str, ...]] = ("i", "v", "theta", "r")

    keep_u: FloatArray
    keep_v: FloatArray
    keep_theta: FloatArray
    keep_r: FloatArray
    current: FloatArray
    bias: FloatArray
    threshold: FloatArray
    threshold_step: FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class SwitchedTernary(SwitchedRelative):
    """LoihiTernaryLIF's equations."""

    keep_u: FloatArray
    keep_v: FloatArray
    current: FloatArray
    bias: FloatArray
    upper: FloatArray
    lower: FloatArray

    @property
    def graded(self) -> bool:
        """A sign is a payload."""
        return True


@dataclass(frozen=True, eq=False, kw_only=True)
class SwitchedQIF(SwitchedRelative):
    """LoihiQIF's equations. rate: dt / tau. one: units of v that stand for v = 1."""

    keep_u: FloatArray
    rate: FloatArray
    current: FloatArray
    bias: FloatArray
    threshold: FloatArray
    reset_value: FloatArray
    one: FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class SwitchedResonator(SwitchedRelative):
    """FixedResonateAndFire's equations. below: what a spike at the top leaves to the threshold.

    All arrays float64.
    """

    states: ClassVar[tuple[str, ...]] = ("real", "imag")
    ports: ClassVar[tuple[str, ...]] = ("", IMAGINARY)

    sine: FloatArray
    cosine: FloatArray
    threshold: FloatArray
    below: FloatArray = field(default_factory=lambda: np.zeros(()))
    at_top: bool = False


class SwitchedRelatives(ScheduledNeurons):
    """One of the above while it runs."""

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        self.kernel, values, flags = _kernel_of(population.neuron)
        self.constants = (*numbers_or_rows(values, population.shape, np.float64), *flags)
        neuron = population.neuron
        if isinstance(neuron, SwitchedTernary):
            self.output_type = np.float64
        self.initial = neuron.threshold if isinstance(neuron, SwitchedATRLIF) else None
        self.rest()

    def rest(self) -> None:
        """See `Neurons.rest`; theta is at the threshold."""
        super().rest()
        initial = getattr(self, "initial", None)  # the base class rests before it is set
        if initial is not None:
            self.states["theta"][:] = (
                np.broadcast_to(initial, (self.size,)) if np.ndim(initial) == 0 else initial.ravel()
            )

    def run_block(self, acc: NDArray[Any], spikes: NDArray[Any], totals: NDArray[np.int64]) -> None:
        """See `Neurons.run_block`."""
        self.kernel(acc, *self.states.values(), spikes, *self.constants)
        count_events(spikes, self.counts, totals)


def _kernel_of(neuron: Any) -> tuple[Any, tuple[Any, ...], tuple[bool, ...]]:
    """Kernel, arrays and flags, in the kernel's order."""
    flags = (neuron.truncates, neuron.limited)
    kept: tuple[Any, ...]
    values: tuple[Any, ...]
    if isinstance(neuron, SwitchedALIF):
        kept = (neuron.keep_u, neuron.keep_adaptation, neuron.keep_v, neuron.current, neuron.bias)
        values = (*kept, neuron.threshold, neuron.reset_value, neuron.rise, neuron.refractory)
        return kernels.alif_block, values, (neuron.inclusive, *flags)
    if isinstance(neuron, SwitchedATRLIF):
        kept = (neuron.keep_u, neuron.keep_v, neuron.keep_theta, neuron.keep_r, neuron.current, neuron.bias)
        return kernels.atrlif_block, (*kept, neuron.threshold, neuron.threshold_step), flags
    if isinstance(neuron, SwitchedTernary):
        values = (neuron.keep_u, neuron.keep_v, neuron.current, neuron.bias, neuron.upper, neuron.lower)
        return kernels.ternary_block, values, flags
    if isinstance(neuron, SwitchedQIF):
        values = (
            neuron.keep_u,
            neuron.rate,
            neuron.current,
            neuron.bias,
            neuron.threshold,
            neuron.reset_value,
            neuron.one,
        )
        return kernels.qif_block, values, flags
    values = (neuron.sine, neuron.cosine, neuron.threshold, neuron.below)
    return kernels.resonator_block, values, (neuron.at_top, *flags)
