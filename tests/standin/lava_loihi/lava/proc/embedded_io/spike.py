"""Stand-in: adapters between the host and the chip, which hand on what they get in the same step.

Whether lava-loihi's take a step of their own is not public.
"""

import numpy as np
from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.utils import standin_board

standin_board.install()


class _Adapter(AbstractProcess):
    def __init__(self, *, shape, num_message_bits=0, **others):
        super().__init__(shape=shape, num_message_bits=num_message_bits, **others)
        self.inp = InPort(shape=shape)
        self.out = OutPort(shape=shape)


class PyToNxAdapter(_Adapter):
    """Spikes to the chip."""


class NxToPyAdapter(_Adapter):
    """Spikes from the chip."""


class PyToN3ConvAdapter(_Adapter):
    """Spikes to a convolution on the chip."""

    def __init__(self, *, shape, num_message_bits=0, spike_exp=0, compression=None):
        if spike_exp:
            raise NotImplementedError("this stand-in does not scale")
        super().__init__(shape=shape, num_message_bits=num_message_bits)


class _Through(PyLoihiProcessModel):
    """Binary without message bits, as Lava's connections are."""

    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def run_spk(self):
        given, bits = self.inp.recv(), self.proc_params["num_message_bits"]
        if bits and np.abs(given).max(initial=0) >= 1 << (bits - 1):
            raise OverflowError(f"a payload of more than {bits} bits")
        self.out.send(given if bits else (given != 0).astype(np.int32))


@implements(proc=PyToNxAdapter, protocol=LoihiProtocol)
@requires(CPU)
class PyToNxModel(_Through):
    pass


@implements(proc=NxToPyAdapter, protocol=LoihiProtocol)
@requires(CPU)
class NxToPyModel(_Through):
    pass


@implements(proc=PyToN3ConvAdapter, protocol=LoihiProtocol)
@requires(CPU)
class PyToN3ConvModel(_Through):
    pass
