"""Neurons of a Program in floats and seconds: the inverse of what `quantise` and `relatives` do to the LIF family."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault
from neurokit.graph.lif_family import ALIF, LoihiALIF, LoihiRefractoryLIF
from neurokit.graph.network import Population
from neurokit.graph.neurons import (
    IF,
    LIF,
    MAX_DECAY,
    CubaLeakyIntegrator,
    CubaLIF,
    Integrator,
    LeakyIntegrator,
    LoihiLIF,
    Neuron,
)
from neurokit.lower.relatives import UNSHIFTED
from neurokit.lower.scale import UNIT

Floats = NDArray[np.float64]
NO_LEAK = 1e-9  # share a step that stands for none, where other neurons of the population leak


def float_neuron(population: Population, scale: float, dt: float | None) -> Neuron | Fault:
    """The neuron whose unit of potential is 64 `scale` units of v, with gains of one; or why there is none."""
    neuron, name = population.neuron, population.name
    if type(neuron) not in (LoihiLIF, LoihiRefractoryLIF, LoihiALIF):
        limit = "only LIF, CubaLIF, ALIF and integrators come back from integers alone"
        return Fault(name, f"is {type(neuron).__name__}", limit, "Pass source=, the Network it was compiled from.")
    timeless = isinstance(neuron, LoihiLIF) and _timeless(neuron)
    if dt is None and not timeless:
        mend = "Compile a Network that has dt, or pass source=."
        return Fault(name, "decays by the step", "the step's length is unknown", mend)
    step = dt or 0.0
    if isinstance(neuron, LoihiALIF):
        return _alif(name, neuron, scale, step)
    assert isinstance(neuron, LoihiLIF)
    fires: dict[str, Any] = _firing(neuron, scale, step) if neuron.emits else {}
    if timeless:
        return IF(**fires) if neuron.emits else Integrator()
    leak = np.maximum(neuron.voltage_decay / MAX_DECAY, NO_LEAK)
    if (neuron.current_decay == MAX_DECAY).all():
        plain: dict[str, Any] = {"tau": step / leak, "r": 1 / leak}
        return LIF(**plain, **fires) if neuron.emits else LeakyIntegrator(**plain)
    loss = np.maximum(neuron.current_decay / MAX_DECAY, NO_LEAK)
    cuba: dict[str, Any] = {"tau_syn": step / loss, "w_in": 1 / loss, "tau_mem": step / leak, "r": 1 / leak}
    return CubaLIF(**cuba, **fires) if neuron.emits else CubaLeakyIntegrator(**cuba)


def bias_of(population: Population, scale: float) -> Floats:
    """The synaptic input per step that adds the neuron's bias to its potential (through a current: once settled)."""
    neuron: Any = population.neuron
    return np.asarray(neuron.bias / (UNIT * scale) * np.maximum(neuron.current_decay / MAX_DECAY, NO_LEAK))


def _timeless(neuron: LoihiLIF) -> bool:
    refractory = isinstance(neuron, LoihiRefractoryLIF) and neuron.refractory.any()
    return bool((neuron.current_decay == MAX_DECAY).all() and not neuron.voltage_decay.any() and not refractory)


def _firing(neuron: LoihiLIF, scale: float, step: float) -> dict[str, Any]:
    """Threshold, comparison, reset and refractory period. A threshold of 64 n - 1 is one of n that is reached."""
    inclusive = bool(((neuron.threshold + 1) % UNIT == 0).all())
    theta = (neuron.threshold + (1 if inclusive else 0)) / (UNIT * scale)
    found: dict[str, Any] = {"threshold": theta, "fires": ">=" if inclusive else ">", "reset": neuron.reset}
    value = neuron.reset_value / (UNIT * scale)
    found |= {"subtracts": value / theta} if neuron.reset == "soft" else {"v_reset": value}
    if isinstance(neuron, LoihiRefractoryLIF):
        found |= {"refractory": neuron.refractory * step, "while_refractory": neuron.while_refractory}
    return found


def _alif(name: str, neuron: LoihiALIF, scale: float, step: float) -> ALIF | Fault:
    inclusive = bool(((neuron.threshold + 1) % UNIT == 0).all())
    theta = neuron.threshold + (1 if inclusive else 0)
    if (neuron.current_decay != MAX_DECAY).any() or (neuron.reset_value != theta).any():
        fact = "has a synaptic current, or takes off something else than its threshold"
        return Fault(name, fact, "ALIF has neither", "Pass source=, the Network it was compiled from.")
    return ALIF(
        tau=_tau(neuron.voltage_decay, step),
        tau_adaptation=_tau(neuron.adaptation_decay, step),
        beta=neuron.beta_mantissa * 2.0 ** (UNSHIFTED - neuron.beta_shift) / (UNIT * scale),
        threshold=theta / (UNIT * scale),
        refractory=neuron.refractory * step,
        fires=">=" if inclusive else ">",
    )


def _tau(decay: Any, step: float) -> Floats:
    """Time constant with exp(-step / tau) = 1 - decay / 4096; infinite without decay."""
    with np.errstate(divide="ignore"):
        lost = -np.log1p(-np.asarray(decay) / MAX_DECAY)
    lost = np.minimum(lost, 1e3)  # of a full decay: exp(-1000) is 0
    return np.where(lost > 0, step / np.where(lost > 0, lost, 1.0), np.inf)
