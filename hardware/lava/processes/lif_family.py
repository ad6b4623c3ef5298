"""Processes of the LIF neuron's relatives (`neurokit.graph.lif_family`), each with a fixed-point and a float model.

The fixed-point models take the neuron of a Program, the float ones that of a Network. CPU only.
"""

from __future__ import annotations

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from numpy.typing import NDArray

from neurokit.hardware.lava.processes.basic import FLOAT_STATE, STATE, OwnNeuron, PyOwnFloatModel, PyOwnNeuronModel


class RefractoryNeuron(OwnNeuron):
    """LoihiRefractoryLIF; IF, LIF and CubaLIF with a period. Lava's LIFRefractory has no fixed-point model."""


@implements(proc=RefractoryNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRefractoryNeuronModel(PyOwnNeuronModel):
    """See the base."""

    u: NDArray[np.int32] = STATE
    v: NDArray[np.int32] = STATE
    refractory: NDArray[np.int32] = STATE


@implements(proc=RefractoryNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyRefractoryNeuronFloatModel(PyOwnFloatModel):
    """See the base."""

    u: NDArray[np.float64] = FLOAT_STATE
    v: NDArray[np.float64] = FLOAT_STATE
    refractory: NDArray[np.float64] = FLOAT_STATE


class ShiftedNeuron(OwnNeuron):
    """LoihiShiftedLIF, which is a model of integers only."""


@implements(proc=ShiftedNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyShiftedNeuronModel(PyOwnNeuronModel):
    """See the base."""

    u: NDArray[np.int32] = STATE
    v: NDArray[np.int32] = STATE


class TernaryNeuron(OwnNeuron):
    """LoihiTernaryLIF with any thresholds and a schedule, where Lava's has one multiple of 64 each; TernaryLIF."""


@implements(proc=TernaryNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyTernaryNeuronModel(PyOwnNeuronModel):
    """See the base."""

    u: NDArray[np.int32] = STATE
    v: NDArray[np.int32] = STATE


@implements(proc=TernaryNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyTernaryNeuronFloatModel(PyOwnFloatModel):
    """See the base."""

    u: NDArray[np.float64] = FLOAT_STATE
    v: NDArray[np.float64] = FLOAT_STATE


class AdaptiveNeuron(OwnNeuron):
    """LoihiALIF and ALIF. Lava's ATRLIF is another model: it never resets v and has no absolute refractory period."""


@implements(proc=AdaptiveNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyAdaptiveNeuronModel(PyOwnNeuronModel):
    """See the base."""

    u: NDArray[np.int32] = STATE
    adaptation: NDArray[np.int32] = STATE
    v: NDArray[np.int32] = STATE
    refractory: NDArray[np.int32] = STATE
    spike: NDArray[np.int32] = STATE


@implements(proc=AdaptiveNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyAdaptiveNeuronFloatModel(PyOwnFloatModel):
    """See the base."""

    u: NDArray[np.float64] = FLOAT_STATE
    adaptation: NDArray[np.float64] = FLOAT_STATE
    v: NDArray[np.float64] = FLOAT_STATE
    refractory: NDArray[np.float64] = FLOAT_STATE
    spike: NDArray[np.float64] = FLOAT_STATE


class AdaptiveAndRefractoryNeuron(OwnNeuron):
    """LoihiATRLIF with any parameters and a schedule, where Lava's has multiples of 64 for all neurons; ATRLIF."""


@implements(proc=AdaptiveAndRefractoryNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyAdaptiveAndRefractoryNeuronModel(PyOwnNeuronModel):
    """See the base."""

    i: NDArray[np.int32] = STATE
    v: NDArray[np.int32] = STATE
    theta: NDArray[np.int32] = STATE
    r: NDArray[np.int32] = STATE


@implements(proc=AdaptiveAndRefractoryNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyAdaptiveAndRefractoryNeuronFloatModel(PyOwnFloatModel):
    """See the base."""

    i: NDArray[np.float64] = FLOAT_STATE
    v: NDArray[np.float64] = FLOAT_STATE
    theta: NDArray[np.float64] = FLOAT_STATE
    r: NDArray[np.float64] = FLOAT_STATE


class QuadraticNeuron(OwnNeuron):
    """LoihiQIF and QIF."""


@implements(proc=QuadraticNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyQuadraticNeuronModel(PyOwnNeuronModel):
    """See the base."""

    u: NDArray[np.int32] = STATE
    v: NDArray[np.int32] = STATE


@implements(proc=QuadraticNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyQuadraticNeuronFloatModel(PyOwnFloatModel):
    """See the base."""

    u: NDArray[np.float64] = FLOAT_STATE
    v: NDArray[np.float64] = FLOAT_STATE


class PhaseNeuron(OwnNeuron):
    """Theta, which is a float model only."""


@implements(proc=PhaseNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyPhaseNeuronFloatModel(PyOwnFloatModel):
    """See the base."""

    u: NDArray[np.float64] = FLOAT_STATE
    theta: NDArray[np.float64] = FLOAT_STATE
