"""Maps between images that Lava has no process for: resized and transposed convolutions, exponents of convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from numpy.typing import NDArray

from neurokit.graph.synapses import Convolving, Sparse
from neurokit.lower.fixedpoint import image_input, image_sum, shift, wrap24


class ImageSynapse(AbstractProcess):  # type: ignore[misc]
    """a_out[t] = what `synapse` makes of s_in[t - 1], as Lava's Conv sends it a step later.

    shape, out_shape: (width, height, channels) of source and target. synapse: in the Program's order, without bias;
    integers for `fixed_pt`, floats for `floating_pt`. num_message_bits: 0 takes each payload for a spike, as Lava
    does. CPU only: on a chip the same connections are a Sparse of the expanded weights.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...],
        out_shape: tuple[int, ...],
        synapse: Convolving,
        num_message_bits: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(synapse=synapse, graded=num_message_bits > 0, name=name)
        self.s_in = InPort(shape=shape)
        self.a_out = OutPort(shape=out_shape)
        self.a_buf = Var(shape=out_shape, init=0)


class _ImageModel(PyLoihiProcessModel):  # type: ignore[misc]
    """Sends first, as Lava's connections do, so that loops cannot block."""

    s_in: Any
    a_out: Any
    a_buf: Any

    def run_spk(self) -> None:
        """One step."""
        self.a_out.send(self.a_buf)
        payloads = self.s_in.recv()
        if not self.proc_params["graded"]:
            payloads = payloads.astype(bool)
        self.a_buf = self.respond(self.proc_params["synapse"], payloads.T).T

    def respond(self, synapse: Convolving, image: NDArray[Any]) -> NDArray[Any]:
        """Synaptic input from one step's payloads, both channels first."""
        raise NotImplementedError


@implements(proc=ImageSynapse, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyImageModelFixed(_ImageModel):
    """Calls the reference, `neurokit.lower.fixedpoint.image_input`."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    a_buf: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=24)

    def respond(self, synapse: Convolving, image: NDArray[Any]) -> NDArray[Any]:
        """Shifted by the exponent, wrapped to 24 bits."""
        return image_input(synapse, image).astype(np.int32)


@implements(proc=ImageSynapse, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyImageModelFloat(_ImageModel):
    """The sum itself."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    a_buf: NDArray[np.float64] = LavaPyType(np.ndarray, float)

    def respond(self, synapse: Convolving, image: NDArray[Any]) -> NDArray[Any]:
        """Without exponent."""
        return np.asarray(image_sum(synapse, image.astype(np.float64)))


class DelayedImageSynapse(AbstractProcess):  # type: ignore[misc]
    """A map between images whose synapses have delays of their own: a_out[t] gathers s_in[t - delay] of every delay.

    synapse: delay -> the listed synapses with it, in the Program's order. The other arguments are ImageSynapse's. The
    sum of each delay is shifted and wrapped to 24 bits by itself. CPU only.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...],
        out_shape: tuple[int, ...],
        synapse: dict[int, Sparse],
        num_message_bits: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(synapse=synapse, graded=num_message_bits > 0, name=name)
        self.s_in = InPort(shape=shape)
        self.a_out = OutPort(shape=out_shape)
        self.ring = Var(shape=(max(synapse), *out_shape), init=0)


@implements(proc=DelayedImageSynapse, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyDelayedImageModel(PyLoihiProcessModel):  # type: ignore[misc]
    """A ring of the coming steps."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    ring: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=24)

    def run_spk(self) -> None:
        """Send first, as connections do, so that loops cannot block."""
        place = self.time_step % len(self.ring)
        self.a_out.send(self.ring[place])
        payloads = self.s_in.recv()
        if not self.proc_params["graded"]:
            payloads = payloads.astype(bool)
        self.ring[place] = 0
        image = payloads.T.ravel().astype(np.int64)
        for delay, synapse in self.proc_params["synapse"].items():
            part = wrap24(shift(synapse.weight @ image, synapse.exponent)).astype(np.int32)
            self.ring[(self.time_step + delay) % len(self.ring)] += part.reshape(self.ring.shape[:0:-1]).T
