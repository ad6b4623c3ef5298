"""What the causes of a loss are, as the ladder found them: numbers, sentences, JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from neurokit.profiling.estimate import digits

TITLES = {
    "weights": "weight rounding",
    "decays": "decay rounding",
    "thresholds": "threshold and bias rounding",
    "reset": "reset convention",
    "comparison": "threshold convention",
    "timing": "delays and start of the layers",
    "states": "states cut to whole numbers",
    "overflow": "overflow and saturation",
    "payloads": "payloads and their sums in whole units",
    "float sums": "ties that the source's float sums decide",
}
MENDS = {
    "weights": "Use more bits, calibrate on data, or train with quantisation.",
    "decays": "A decay has 12 bits: use a larger dt, or time constants that 1/4096 holds.",
    "thresholds": "Scale the layer's weights down, so that its threshold is a larger whole number.",
    "reset": "Convert with the reset that the source means: reset='hard' or 'soft'.",
    "comparison": "Give the Network's neurons the comparison that the Program has: fires='>' or '>='.",
    "timing": "Look at delays, at window=, and at biases that act before the first input arrives.",
    "states": "Each step cuts u and v to whole units: scale the layer's weights up (bits=8), or use a larger dt.",
    "overflow": "Scale the weights or payloads of the layer down, or let u decay faster.",
    "payloads": "Calibrate on data like these inputs, so that payloads use more of their bits.",
    "float sums": "Spikes of the source hang on its last float digit (ties): no form can be expected to keep them.",
}


@dataclass(frozen=True)
class CauseLoss:
    """One cause. alone: loss when only it acts. without: loss when all but it act. share: see Attribution.

    enters: the shallowest population whose spikes (a readout's v) it changes when it acts alone, None where it changes
    none. same_alone, same_without: share of samples decided as by the reference, None where nothing is decided.
    idle: why it cannot act here, "" where it can.
    """

    cause: str
    alone: float
    without: float
    share: float
    enters: str | None = None
    same_alone: float | None = None
    same_without: float | None = None
    idle: str = ""

    @property
    def title(self) -> str:
        """In words."""
        return TITLES[self.cause]


@dataclass(frozen=True)
class Attribution:
    """The loss of one form against another, by cause.

    loss: distance of the outputs: van Rossum's over all trains (of a readout's v, and of what payloads stand for, the
    root mean square of the difference), in units of the reference's distance from silence; over several outputs the
    root mean square of these.
    A cause's part is the mean of what it costs alone and of what the whole loses with it taken away (not below zero);
    its share is its part of all parts. Shares are no exact sum: effects of spikes on spikes overlap.
    causes: the largest share first. layers: population -> loss of the largest cause when it acts in this population
    only. skipped: why nothing was taken apart, "" otherwise. samples, tau: that it was run on; steps.
    """

    reference: str
    candidate: str
    samples: int
    tau: float
    loss: float = 0.0
    same: float | None = None
    causes: tuple[CauseLoss, ...] = ()
    layers: tuple[tuple[str, float], ...] = ()
    skipped: str = ""

    @property
    def largest(self) -> CauseLoss | None:
        """The cause with the largest share; None where nothing is lost."""
        return self.causes[0] if self.causes and self.causes[0].share > 0 else None

    @property
    def verdict(self) -> str:
        """One or two sentences."""
        if self.skipped:
            return f"What the loss comes from was not taken apart: {self.skipped}."
        if self.loss == 0:
            return f"Nothing is lost: the outputs of {self.candidate} are those of {self.reference}."
        if self.largest is None:
            return "No single cause changes the outputs: what is lost comes from several at once."
        most = max(self.layers, key=lambda row: row[1], default=None)
        where = f", most of it in '{most[0]}'" if most is not None and most[1] > 0 and len(self.layers) > 1 else ""
        share = f"{self.largest.title[0].upper()}{self.largest.title[1:]} makes {self.largest.share:.0%} of the loss"
        return f"{share}{where}. {MENDS[self.largest.cause]}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **{name: getattr(self, name) for name in ("reference", "candidate", "samples", "tau", "loss", "same")},
            "skipped": self.skipped,
            "verdict": self.verdict,
            "causes": [{**vars(cause), "title": cause.title} for cause in self.causes],
            "layers": [{"population": name, "loss": loss} for name, loss in self.layers],
        }

    def lines(self) -> Iterator[str]:
        """For a terminal."""
        if not self.skipped:
            count = f"{self.samples} sample{'' if self.samples == 1 else 's'}"
            yield (
                f"loss {self.reference} -> {self.candidate} at the outputs of {count}: {digits(self.loss)} "
                f"(0: identical, 1: as far off as silence; van Rossum, tau {self.tau:g} steps)"
            )
            if self.loss:
                yield from self._table()
        yield self.verdict

    @property
    def acting(self) -> tuple[CauseLoss, ...]:
        """Causes that change the outputs, alone or by being taken away."""
        return tuple(cause for cause in self.causes if cause.alone or cause.share)

    @property
    def without_effect(self) -> tuple[str, ...]:
        """The others, each with the reason why it cannot act where there is one."""
        rest = (cause for cause in self.causes if cause not in self.acting)
        return tuple(f"{cause.title} ({cause.idle})" if cause.idle else cause.title for cause in rest)

    def _table(self) -> Iterator[str]:
        rows = [("cause", "share", "alone", "without it", "enters at"), *(_row(cause) for cause in self.acting)]
        widths = [max(len(row[k]) for row in rows) for k in range(4)]
        for row in rows:
            numbers = "  ".join(cell.rjust(width) for cell, width in zip(row[1:4], widths[1:], strict=True))
            yield f"  {row[0].ljust(widths[0])}  {numbers}  {row[4]}".rstrip()
        if len(self.layers) > 1 and self.largest is not None:
            told = ", ".join(f"{name} {digits(loss)}" for name, loss in self.layers)
            yield f"  {self.largest.title} in one layer at a time: {told}"
        if self.without_effect:
            yield f"  no effect: {'; '.join(self.without_effect)}"


def _row(cause: CauseLoss) -> tuple[str, str, str, str, str]:
    return cause.title, f"{cause.share:.0%}", digits(cause.alone), digits(cause.without), cause.enters or "-"
