"""The LIF neuron's relatives while they run; models in `graph.lif_family`, kernels in `lif_kernels`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.lif_family import (
    ALIF,
    ATRLIF,
    QIF,
    LoihiALIF,
    LoihiATRLIF,
    LoihiQIF,
    LoihiRefractoryLIF,
    LoihiShiftedLIF,
    LoihiTernaryLIF,
    TernaryLIF,
    Theta,
)
from neurokit.graph.network import Population
from neurokit.hardware.simulator import lif_kernels as kernels
from neurokit.hardware.simulator.kernels import count_events
from neurokit.hardware.simulator.neurons import (
    NEVER,
    FixedNeurons,
    FloatNeurons,
    Neurons,
    numbers_or_rows,
    to_int32,
)
from neurokit.lower.discretise import recurrence, step_of
from neurokit.lower.floating import THETA_AT_REST


def float_lif(population: Population, samples: int, dt: float | None) -> Neurons:
    """IF, LIF or CubaLIF, with the kernel that knows no refractory period where there is none."""
    kind = RefractoryFloats if "refractory" in population.neuron.states else FloatNeurons
    return kind(population, samples, dt)


class _Floats(Neurons):
    """States go to the kernel in the model's order, then spikes, then the constants."""

    kernel: Any
    constants: tuple[Any, ...]

    def run_block(self, acc: NDArray[Any], spikes: NDArray[Any], totals: NDArray[np.int64]) -> None:
        """See `Neurons.run_block`."""
        self.kernel(acc, *self.states.values(), spikes, *self.constants)
        count_events(spikes, self.counts, totals)


class _Fixed(FixedNeurons):
    """As `_Floats`, with counters of what overflowed before the constants."""

    kernel: Any
    constants: tuple[Any, ...]

    def run_block(self, acc: NDArray[Any], spikes: NDArray[Any], totals: NDArray[np.int64]) -> None:
        """See `Neurons.run_block`."""
        self.kernel(acc, *self.states.values(), spikes, self.wraps, *self.constants)
        count_events(spikes, self.counts, totals)


def _constants(decays: tuple[Any, ...], others: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[Any, ...]:
    """What the decays leave, in float64, then the others in int32."""
    kept = tuple(1 - np.asarray(decay) / 4096 for decay in decays)
    rows = numbers_or_rows((*kept, *others), shape, np.float64)
    return (*rows[: len(decays)], *(to_int32(row) for row in rows[len(decays) :]))


class RefractoryLIF(_Fixed):
    """LoihiRefractoryLIF."""

    kernel: Any = staticmethod(kernels.refractory_block)

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron = population.neuron
        assert isinstance(neuron, LoihiRefractoryLIF), "see `kinds`"
        threshold = neuron.threshold if neuron.emits else np.asarray(NEVER)
        decays = (neuron.current_decay, neuron.voltage_decay)
        others = (neuron.bias, threshold, neuron.reset_value, neuron.refractory)
        rows = _constants(decays, others, population.shape)
        self.constants = (*rows, neuron.reset == "soft", neuron.while_refractory == "holds")


class ShiftedLIF(_Fixed):
    """LoihiShiftedLIF."""

    kernel: Any = staticmethod(kernels.shifted_block)

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron = population.neuron
        assert isinstance(neuron, LoihiShiftedLIF), "see `kinds`"
        threshold = neuron.threshold if neuron.emits else np.asarray(NEVER)
        decays = (neuron.current_decay, neuron.voltage_decay)
        others = (neuron.bias, threshold, neuron.reset_value, neuron.shift)
        self.constants = (*_constants(decays, others, population.shape), neuron.reset == "soft")


class Ternary(_Fixed):
    """LoihiTernaryLIF."""

    kernel: Any = staticmethod(kernels.ternary_block)
    output_type = np.int32

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron = population.neuron
        assert isinstance(neuron, LoihiTernaryLIF), "see `kinds`"
        others = (neuron.bias, neuron.upper_threshold, neuron.lower_threshold)
        self.constants = _constants((neuron.current_decay, neuron.voltage_decay), others, population.shape)


class Adaptive(_Fixed):
    """LoihiALIF."""

    kernel: Any = staticmethod(kernels.alif_block)

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron = population.neuron
        assert isinstance(neuron, LoihiALIF), "see `kinds`"
        decays = (neuron.current_decay, neuron.adaptation_decay, neuron.voltage_decay)
        threshold = (neuron.threshold, neuron.reset_value, neuron.beta_mantissa, neuron.beta_shift)
        self.constants = _constants(decays, (neuron.bias, *threshold, neuron.refractory), population.shape)


class AdaptiveAndRefractory(_Fixed):
    """LoihiATRLIF."""

    kernel: Any = staticmethod(kernels.atrlif_block)

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron = population.neuron
        assert isinstance(neuron, LoihiATRLIF), "see `kinds`"
        decays = (neuron.current_decay, neuron.voltage_decay, neuron.threshold_decay, neuron.refractory_decay)
        self.constants = _constants(decays, (neuron.bias, neuron.threshold, neuron.threshold_step), population.shape)


class Quadratic(_Fixed):
    """LoihiQIF."""

    kernel: Any = staticmethod(kernels.qif_block)

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron = population.neuron
        assert isinstance(neuron, LoihiQIF), "see `kinds`"
        step = (neuron.bias, neuron.rate, neuron.fraction)
        others = (*step, neuron.threshold, neuron.reset_value)
        self.constants = _constants((neuron.current_decay,), others, population.shape)


class RefractoryFloats(FloatNeurons):
    """IF, LIF or CubaLIF with a refractory period."""

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        r = recurrence(population.neuron, dt)
        values = (r.keep_u, r.gain_u, r.keep_v, r.gain_v, r.leak, r.threshold, r.reset_value, r.refractory)
        self.constants = (*numbers_or_rows(values, population.shape, np.float64), r.soft, r.inclusive, r.holds)

    def run_block(self, acc: NDArray[Any], spikes: NDArray[Any], totals: NDArray[np.int64]) -> None:
        """See `Neurons.run_block`."""
        run: Any = kernels.float_refractory_block
        run(acc, *self.states.values(), spikes, *self.constants)
        count_events(spikes, self.counts, totals)


class TernaryFloats(_Floats):
    """TernaryLIF."""

    kernel: Any = staticmethod(kernels.float_ternary_block)
    output_type = np.float64

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron, r = population.neuron, recurrence(population.neuron, dt)
        assert isinstance(neuron, TernaryLIF), "see `kinds`"
        values = (r.keep_u, r.gain_u, r.keep_v, r.gain_v, neuron.upper_threshold, neuron.lower_threshold)
        self.constants = numbers_or_rows(values, population.shape, np.float64)


class AdaptiveFloats(_Floats):
    """ALIF."""

    kernel: Any = staticmethod(kernels.float_alif_block)

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron, r = population.neuron, recurrence(population.neuron, dt)
        assert isinstance(neuron, ALIF), "see `kinds`"
        keep_adaptation = np.exp(-step_of(neuron, dt) / neuron.tau_adaptation)
        values = (r.gain_u, keep_adaptation, r.keep_v, neuron.beta, r.threshold, r.refractory)
        self.constants = (*numbers_or_rows(values, population.shape, np.float64), r.inclusive)


class AdaptiveAndRefractoryFloats(_Floats):
    """ATRLIF."""

    kernel: Any = staticmethod(kernels.float_atrlif_block)

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron, r = population.neuron, recurrence(population.neuron, dt)
        assert isinstance(neuron, ATRLIF), "see `kinds`"
        keeps = (1 - step_of(neuron, dt) / tau for tau in (neuron.tau_threshold, neuron.tau_refractory))
        values = (r.keep_u, r.gain_u, r.keep_v, r.gain_v, *keeps, neuron.threshold, neuron.threshold_step)
        self.constants = numbers_or_rows(values, population.shape, np.float64)
        self.initial = np.broadcast_to(neuron.threshold, population.shape).ravel()
        self.rest()

    def rest(self) -> None:
        """theta at the threshold."""
        super().rest()
        self.states["theta"][:] = self.initial


class QuadraticFloats(_Floats):
    """QIF."""

    kernel: Any = staticmethod(kernels.float_qif_block)

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron = population.neuron
        assert isinstance(neuron, QIF), "see `kinds`"
        values = (neuron.r, step_of(neuron, dt) / neuron.tau, neuron.threshold, neuron.v_reset)
        self.constants = numbers_or_rows(values, population.shape, np.float64)


class Phases(_Floats):
    """Theta."""

    kernel: Any = staticmethod(kernels.float_theta_block)

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron = population.neuron
        assert isinstance(neuron, Theta), "see `kinds`"
        values = (neuron.r, step_of(neuron, dt) / neuron.tau)
        self.constants = numbers_or_rows(values, population.shape, np.float64)
        self.rest()

    def rest(self) -> None:
        """The phase of v = 0."""
        super().rest()
        self.states["theta"][:] = THETA_AT_REST
