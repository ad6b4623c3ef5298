"""Leaf processes for graded neurons: relays, and sigma-delta with a reset schedule or a threshold for each neuron."""

from __future__ import annotations

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from numpy.typing import NDArray

from neurokit.graph.graded_neurons import Relay
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
class PyRelayNeuronFloatModel(PyLoihiProcessModel):  # type: ignore[misc]
    """Relay's equation."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    v: NDArray[np.float64] = LavaPyType(np.ndarray, float)

    def run_spk(self) -> None:
        """One step."""
        neuron: Relay = self.proc_params["neuron"]
        a = self.a_in.recv()
        value = neuron.gain * a
        if neuron.activation == "relu":
            value = np.maximum(value, 0)
        self.v[:] = np.where(a == 0, self.v, value) if neuron.latched else value
        self.s_out.send(self.v)
