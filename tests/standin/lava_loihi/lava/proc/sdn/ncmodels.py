"""Stand-in: models on the chip, computed by Lava's own fixed-point models."""

from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.nc.model import AbstractNcProcessModel
from lava.magma.core.resources import Loihi2NeuroCore
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.sdn.models import PyDeltaModelFixed, PySigmaDeltaModelFixed, PySigmaModelFixed
from lava.proc.sdn.process import Delta, Sigma, SigmaDelta


@implements(proc=Sigma, protocol=LoihiProtocol)
@requires(Loihi2NeuroCore)
class NcModelSigma(PySigmaModelFixed, AbstractNcProcessModel):
    pass


@implements(proc=Delta, protocol=LoihiProtocol)
@requires(Loihi2NeuroCore)
class NcModelDelta(PyDeltaModelFixed, AbstractNcProcessModel):
    pass


@implements(proc=SigmaDelta, protocol=LoihiProtocol)
@requires(Loihi2NeuroCore)
class NcModelSigmaDelta(PySigmaDeltaModelFixed, AbstractNcProcessModel):
    pass
