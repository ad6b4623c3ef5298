"""The leaf process of resonate-and-fire neurons with what Lava's RF lacks: a reset schedule, values for each neuron."""

from __future__ import annotations

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.ports import PyInPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from numpy.typing import NDArray

from neurokit.graph.neurons import FixedNeuron
from neurokit.hardware.lava.processes.basic import STATE, OwnNeuron, PyOwnNeuronModel


class ResonatorNeuron(OwnNeuron):
    """FixedResonateAndFire. Ports are those of Lava's RF; a_in is left unconnected."""

    def __init__(self, *, shape: tuple[int, ...], neuron: FixedNeuron, name: str | None = None) -> None:
        super().__init__(shape=shape, neuron=neuron, name=name)
        self.a_real_in = InPort(shape=shape)
        self.a_imag_in = InPort(shape=shape)


class _PyResonatorModel(PyOwnNeuronModel):
    """What the models of both share; Lava wants a model of a process to have no model of another as its base."""

    a_real_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    a_imag_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    real: NDArray[np.int32] = STATE
    imag: NDArray[np.int32] = STATE

    def received(self) -> NDArray[np.int64]:
        """The real and the imaginary input."""
        return np.asarray([self.a_real_in.recv(), self.a_imag_in.recv()], np.int64)


@implements(proc=ResonatorNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyResonatorNeuronModel(_PyResonatorModel):
    """See the base."""


class AdaptiveResonatorNeuron(ResonatorNeuron):
    """FixedAdaptiveResonateAndFire, of which Lava has none."""


@implements(proc=AdaptiveResonatorNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyAdaptiveResonatorNeuronModel(_PyResonatorModel):
    """See the base."""

    theta: NDArray[np.int32] = STATE
    r: NDArray[np.int32] = STATE
