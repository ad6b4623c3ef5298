"""The parity ladder: the same inputs through one form of a network after another, compared layer by layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from neurokit.profiling.attribution import Attribution
from neurokit.profiling.conventions import Conventions
from neurokit.profiling.decisions import Decision
from neurokit.profiling.suspects import step_of_first, suspicion
from neurokit.profiling.trains import TIME_CONSTANT


@dataclass(frozen=True)
class Difference:
    """One differing element: the earliest step, there the lowest sample and neuron. step: of the reference."""

    sample: int
    step: int
    neuron: tuple[int, ...]
    reference: float
    candidate: float


@dataclass(frozen=True)
class LayerParity:
    """One population's spikes, u or v compared between two runs.

    compared, differing: elements (samples x steps x neurons); a float's state against an integer's differs when it is
    off by more than `tolerance`, in the float's units. reference_mean, candidate_mean: means over these; for spikes,
    the rate. distance: 0 where all is identical; of spikes van Rossum's over all trains, in units of the reference's
    distance from silence (1: as far off as if nothing fired); of states the root mean square of the difference over
    that of the reference.
    """

    population: str
    what: str
    compared: int
    differing: int
    first: Difference | None
    reference_mean: float
    candidate_mean: float
    distance: float = 0.0
    tolerance: float = 0.0

    @property
    def agreement(self) -> float:
        """Share of elements that agree."""
        return 1 - self.differing / self.compared


@dataclass(frozen=True)
class Rung:
    """Two runs compared. exact: whether they must agree bit for bit. layers: in order of depth. note: what to know.

    tau: time constant of the spikes' distances, in steps. within: the largest distance that still counts as the same
    (None: any, where the two may differ).
    """

    reference: str
    candidate: str
    exact: bool
    layers: tuple[LayerParity, ...]
    note: str = ""
    tau: float = TIME_CONSTANT
    within: float | None = None

    @property
    def name(self) -> str:
        """`reference -> candidate`."""
        return f"{self.reference} -> {self.candidate}"

    @property
    def differing(self) -> int:
        """Differing elements of all layers."""
        return sum(layer.differing for layer in self.layers)

    @property
    def ok(self) -> bool:
        """Whether it holds: exact rungs without any difference; others within `within`, if that is stated."""
        if self.within is not None:
            return all(layer.distance <= self.within for layer in self.layers)
        return not self.exact or self.differing == 0

    @property
    def first(self) -> LayerParity | None:
        """The shallowest layer with a difference; of its quantities the one that differs first.

        Where the two may differ, states count for layers without spikes only: rounding moves them everywhere; and
        values only where they are off by more than `within`.
        """
        silent = {
            x.population for x in self.layers if x.what == "spikes" and not (x.reference_mean or x.candidate_mean)
        }
        far = {id(x) for x in self.layers if x.what == "value" and x.distance > (self.within or math.inf)}
        counted = [x for x in self.layers if self.exact or x.what == "spikes" or x.population in silent or id(x) in far]
        shallowest = next((layer.population for layer in counted if layer.differing), None)
        found = [layer for layer in counted if layer.population == shallowest and layer.first]
        return min(
            found, key=step_of_first, default=None
        )  # of one step the first, since layers come in the order of states


@dataclass(frozen=True)
class Divergence:
    """Where two runs part: the shallowest differing layer, its first difference, and what that says."""

    rung: Rung
    layer: LayerParity
    first: Difference
    cause: str

    def __str__(self) -> str:
        return self.cause


@dataclass(frozen=True)
class Parity:
    """All rungs of the ladder, what each run decided, and what the integers' loss comes from (None: not asked).

    conventions: where the Network differs from its source, which convention, switched, brings it nearer. notes: what
    was left out, and why.
    """

    rungs: tuple[Rung, ...]
    decisions: tuple[Decision, ...] = ()
    attribution: Attribution | None = None
    conventions: Conventions | None = None
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all exact rungs agree bit for bit, and the Network is its source's where that was run."""
        return all(rung.ok for rung in self.rungs)

    @property
    def first_divergence(self) -> Divergence | None:
        """Of the first broken rung; when none is broken, of the first exact one that differs, then of any."""
        broken = [rung for rung in self.rungs if not rung.ok]
        for rung in (*broken, *(rung for rung in self.rungs if rung.exact), *self.rungs):
            layer = rung.first
            if layer is not None and layer.first is not None:
                return Divergence(rung, layer, layer.first, suspicion(rung, layer, layer.first))
        return None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        divergence = self.first_divergence
        return {
            "ok": self.ok,
            "first_divergence": None
            if divergence is None
            else {
                "rung": divergence.rung.name,
                "population": divergence.layer.population,
                "what": divergence.layer.what,
                **_first_dict(divergence.first),
                "cause": divergence.cause,
            },
            "rungs": [
                {
                    "reference": rung.reference,
                    "candidate": rung.candidate,
                    "exact": rung.exact,
                    "ok": rung.ok,
                    "note": rung.note,
                    "tau": rung.tau,
                    "within": rung.within,
                    "layers": [
                        {
                            **vars(layer),
                            "agreement": layer.agreement,
                            "distance": layer.distance if math.isfinite(layer.distance) else None,
                            "first": None if layer.first is None else _first_dict(layer.first),
                        }
                        for layer in rung.layers
                    ],
                }
                for rung in self.rungs
            ],
            "decisions": [vars(decision) for decision in self.decisions],
            "attribution": None if self.attribution is None else self.attribution.to_dict(),
            "conventions": None if self.conventions is None else self.conventions.to_dict(),
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        """A table a rung, then the decisions, the first divergence, and the causes of what is lost."""
        lines = ["Parity holds" if self.ok else "Parity is BROKEN"]
        for rung in self.rungs:
            state = "BROKEN" if not rung.ok else "exact" if rung.exact else "approximate"
            lines.append(f"{rung.name} ({state}){': ' + rung.note if rung.note else ''}")
            lines += [f"  {line}" for line in _table(rung)]
        lines += [f"{decision}" for decision in self.decisions]
        if self.first_divergence is not None:
            lines.append(f"first difference: {self.first_divergence}")
        if self.conventions is not None:
            lines.append(self.conventions.verdict)
        if self.attribution is not None:
            lines += self.attribution.lines()
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(lines)


def _table(rung: Rung) -> list[str]:
    """Lines of aligned columns."""
    if not rung.layers:
        return []
    spikes = [layer for layer in rung.layers if layer.what == "spikes"]
    columns = ("layer", "what", "differing", "mean", "distance" if spikes else "error")
    rows = [columns, *(_row(layer) for layer in rung.layers)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(layer: LayerParity) -> tuple[str, ...]:
    differs = f"{layer.differing:,} of {layer.compared:,}" if layer.differing else "identical"
    if layer.tolerance:
        differs = f"{layer.differing:,} of {layer.compared:,} by more than {layer.tolerance:.3g}"
    distance = f"{layer.distance:.3g}" if layer.differing or layer.distance else "0"
    means = f"{layer.reference_mean:.4g} -> {layer.candidate_mean:.4g}"
    if layer.reference_mean == layer.candidate_mean:
        means = f"{layer.reference_mean:.4g}"
    return layer.population, layer.what, differs, means, distance


def _first_dict(first: Difference) -> dict[str, Any]:
    return {**vars(first), "neuron": list(first.neuron)}
