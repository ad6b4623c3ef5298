"""Which convention, switched, brings a Network nearer to what its source gives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from neurokit.profiling.estimate import digits

CLEAR = 0.5  # a switch is named when it leaves less than this share of the loss


@dataclass(frozen=True)
class Switch:
    """One convention switched in all of the Network. loss: of the outputs then, against the source's."""

    title: str
    loss: float
    mend: str


@dataclass(frozen=True)
class Conventions:
    """loss: of the Network as it is, in units of the source's distance from silence. switches: the best first."""

    samples: int
    loss: float
    switches: tuple[Switch, ...]

    @property
    def verdict(self) -> str:
        """One or two sentences."""
        best = self.switches[0] if self.switches else None
        if best is None or best.loss >= CLEAR * self.loss:
            return "No convention, switched by itself, explains how the network differs from its source."
        left = "nothing of it" if best.loss == 0 else digits(best.loss)
        return f"The loss of {digits(self.loss)} is one of convention: with {best.title} {left} is left. {best.mend}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON; what is infinite becomes null."""
        rows = [
            {"title": s.title, "loss": s.loss if math.isfinite(s.loss) else None, "mend": s.mend} for s in self.switches
        ]
        loss = self.loss if math.isfinite(self.loss) else None
        return {"samples": self.samples, "loss": loss, "verdict": self.verdict, "switches": rows}
