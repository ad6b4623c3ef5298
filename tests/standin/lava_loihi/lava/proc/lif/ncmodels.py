"""Stand-in: models on the chip, computed by Lava's own fixed-point models."""

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.nc.model import AbstractNcProcessModel
from lava.magma.core.resources import Loihi2NeuroCore
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.lif.models import PyLifModelBitAcc, PyLifResetModelBitAcc
from lava.proc.lif.process import LIF, LIFReset
from lava.utils.standin_traces import Traced


@implements(proc=LIF, protocol=LoihiProtocol)
@requires(Loihi2NeuroCore)
@tag("ucoded")
class NcL2ModelLif(Traced, PyLifModelBitAcc, AbstractNcProcessModel):
    pass


@implements(proc=LIFReset, protocol=LoihiProtocol)
@requires(Loihi2NeuroCore)
@tag("ucoded")
class NcL2ModelLifReset(Traced, PyLifResetModelBitAcc, AbstractNcProcessModel):
    pass
