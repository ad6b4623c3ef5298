"""Leaf processes for graded neurons: relays, and sigma-delta with a reset schedule or a threshold for each neuron."""

from __future__ import annotations

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from numpy.typing import NDArray

from neurokit.hardware.lava.processes.basic import FLOAT_STATE, STATE, OwnNeuron, PyOwnFloatModel, PyOwnNeuronModel


class SigmaNeuron(OwnNeuron):
    """FixedSigma."""


@implements(proc=SigmaNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PySigmaNeuronModel(PyOwnNeuronModel):
    """See the base."""

    sigma: NDArray[np.int32] = STATE


class DeltaNeuron(OwnNeuron):
    """FixedDelta."""


@implements(proc=DeltaNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyDeltaNeuronModel(PyOwnNeuronModel):
    """See the base."""

    act: NDArray[np.int32] = STATE
    residue: NDArray[np.int32] = STATE
    error: NDArray[np.int32] = STATE


class SigmaDeltaNeuron(OwnNeuron):
    """FixedSigmaDelta."""


@implements(proc=SigmaDeltaNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PySigmaDeltaNeuronModel(PyOwnNeuronModel):
    """See the base."""

    sigma: NDArray[np.int32] = STATE
    act: NDArray[np.int32] = STATE
    residue: NDArray[np.int32] = STATE
    error: NDArray[np.int32] = STATE


class RelayNeuron(OwnNeuron):
    """FixedRelay (fixed_pt), or Relay (floating_pt)."""


@implements(proc=RelayNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRelayNeuronModel(PyOwnNeuronModel):
    """See the base."""

    v: NDArray[np.int32] = STATE


@implements(proc=RelayNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyRelayNeuronFloatModel(PyOwnFloatModel):
    """See the base."""

    v: NDArray[np.float64] = FLOAT_STATE
