"""LearningDense with synapses left out, for the sparse projections that Lava's LearningSparse fails on."""

from __future__ import annotations

from typing import Any

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.connection import LearningConnectionModelBitApproximate
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.models import AbstractPyDenseModelBitAcc, PyLearningDenseModelBitApproximate
from lava.proc.dense.process import LearningDense


class MaskedLearningDense(LearningDense):  # type: ignore[misc]
    """A LearningDense whose weights and tags are 0 where there is no synapse, before and after each evaluation.

    mask: (targets, sources), 1 where there is one; the other arguments are LearningDense's.
    """


@implements(proc=MaskedLearningDense, protocol=LoihiProtocol)
@requires(CPU)
@tag("bit_approximate_loihi", "fixed_pt")
class PyMaskedLearningDenseModel(LearningConnectionModelBitApproximate, AbstractPyDenseModelBitAcc):  # type: ignore[misc]
    """Lava's own model (of which Lava allows no subclass), and the mask after it has learned."""

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.num_weight_bits = proc_params["num_weight_bits"]

    def run_spk(self) -> None:
        """One step."""
        PyLearningDenseModelBitApproximate.run_spk(self)

    def run_lrn(self) -> None:
        """One evaluation."""
        super().run_lrn()
        mask = self.proc_params["mask"]
        for name in ("weights", "tag_1", "tag_2"):
            setattr(self, name, getattr(self, name) * mask)
