"""Leaf processes for sigma-delta neurons with what Lava's lack: a reset schedule, a threshold for each neuron."""

from __future__ import annotations

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from numpy.typing import NDArray

from neurokit.hardware.lava.processes.basic import STATE, OwnNeuron, PyOwnNeuronModel


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
