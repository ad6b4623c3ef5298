"""Leaf process on the host that keeps what comes from the chip."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from numpy.typing import NDArray


class ArraySink(AbstractProcess):  # type: ignore[misc]
    """Writes what it receives at a step: kept[t % len(kept)] = a_in[t].

    kept: integers (steps, *shape), in memory that is shared with whoever reads it.
    """

    def __init__(self, *, kept: NDArray[Any], name: str | None = None) -> None:
        super().__init__(kept=kept, name=name)
        self.a_in = InPort(shape=kept.shape[1:])


@implements(proc=ArraySink, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "floating_pt")
class PyArraySinkModel(PyLoihiProcessModel):  # type: ignore[misc]
    """Writes into the array that its Process was made with."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)

    def run_spk(self) -> None:
        """Take the row of this step."""
        kept = self.proc_params["kept"]
        kept[(self.time_step - 1) % len(kept)] = self.a_in.recv()
