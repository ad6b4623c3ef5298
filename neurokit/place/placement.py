"""Placement: which core of which chip each neuron of a Program lies on, what that takes, and what does not fit.

Populations do not share cores, which is what Intel's compiler prints. The memory formulae are inferred (`memory.py`).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault
from neurokit.graph.network import Program, Projection
from neurokit.place.assign import Places
from neurokit.place.chip import Chip
from neurokit.place.layout import Layout
from neurokit.place.reach import destinations
from neurokit.place.split import Use
from neurokit.place.traffic import Flow


@dataclass(frozen=True)
class PopulationPlacement:
    """Cores of one population, and what they use of each resource.

    uses: of the fullest core. by_core: of each core, resource -> (cores,), in the order of the layout; what depends on
    the window at a core's place (words of resized maps, input axons) is that of the fullest core everywhere.
    """

    population: str
    neurons: int
    layout: Layout
    uses: tuple[Use, ...]
    by_core: Mapping[str, NDArray[np.int64]]

    def loads(self) -> dict[str, NDArray[np.float64]]:
        """Share of each resource that each core uses: resource -> (cores,)."""
        return {use.resource: self.by_core[use.resource] / use.limit for use in self.uses}

    @property
    def cores(self) -> int:
        """Cores it lies on."""
        return self.layout.cores

    @property
    def tightest(self) -> Use:
        """The resource that calls for the most cores; among equals, the fullest."""
        return max(self.uses, key=lambda use: (use.cores, use.utilisation))


@dataclass(frozen=True, eq=False)
class Placement:
    """Where a Program lies on one chip or several.

    places: chip and core of each block; blocks are numbered population by population, in their order (`blocks`).
    flows: messages of each projection and how far they go. host: populations that run on the host, with what the chip
    lacks for them. faults: what cannot fit whatever the cut, each with what would cure it.
    """

    program: Program
    chip: Chip
    populations: Mapping[str, PopulationPlacement]
    faults: tuple[Fault, ...]
    places: Places
    flows: tuple[Flow, ...] = ()
    host: Mapping[str, Fault] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def ok(self) -> bool:
        """Whether everything fits."""
        return not self.faults

    @property
    def cores(self) -> int:
        """Cores in use; populations do not share any."""
        return sum(population.cores for population in self.populations.values())

    @property
    def chips(self) -> int:
        """Chips that have so many cores."""
        return -(-self.cores // self.chip.cores.value)

    @property
    def board(self) -> str | None:
        """The smallest board with so many chips, None when there is none."""
        return next((name for name, chips in self.chip.boards if chips >= self.chips), None)

    @property
    def tightest(self) -> tuple[str, int] | None:
        """(resource, cores of the populations whose number of cores it decides), of the one that decides the most."""
        decided: Counter[str] = Counter()
        for population in self.populations.values():
            decided[population.tightest.resource] += population.cores
        return max(decided.items(), key=lambda item: item[1], default=None)

    @property
    def fullest(self) -> tuple[str, Use] | None:
        """(population, use) of the fullest core."""
        uses = [(name, use) for name, placed in self.populations.items() for use in placed.uses]
        return max(uses, key=lambda pair: pair[1].utilisation, default=None)

    @property
    def between_chips(self) -> int:
        """Messages that leave their chip in a step in which each neuron spikes once."""
        return sum(flow.between_chips for flow in self.flows)

    @property
    def mean_hops(self) -> float | None:
        """Hops of a message that stays on its chip, None where there is none."""
        stay = sum(flow.messages - flow.between_chips for flow in self.flows)
        return sum(flow.hops for flow in self.flows) / stay if stay else None

    def blocks(self, population: str) -> slice:
        """Numbers of its blocks in `places`."""
        first = 0
        for name, placed in self.populations.items():
            if name == population:
                return slice(first, first + placed.cores)
            first += placed.cores
        raise KeyError(population)

    def chips_of(self, population: str) -> tuple[int, ...]:
        """Chips it lies on."""
        return tuple(int(chip) for chip in np.unique(self.places.chip[self.blocks(population)]))

    def destinations(self, projection: Projection) -> Any:
        """Cores that a spike of each source neuron reaches through `projection`: array of the source's shape."""
        if projection.target in self.host:
            return np.zeros(self.program.shape_of(projection.source), np.int64)
        layout = self.populations[projection.target].layout
        return destinations(projection, self.program.shape_of(projection.source), layout)

    def hops_of(self, projection: str) -> float:
        """Mean hops of a message of the projection of that name; the mesh's mean distance where it leaves or enters."""
        flow = next((flow for flow in self.flows if flow.projection == projection), None)
        if flow is None or not flow.messages:
            return self.chip.mean_hops
        return (flow.hops + flow.between_chips * self.chip.mean_hops) / flow.messages

    def picture(self, path: str | os.PathLike[str]) -> None:
        """Draw chips and loaded cores into a .png, .svg or .pdf file; OutputError where it cannot be written."""
        from neurokit.place.picture import write_picture  # matplotlib takes half a second

        write_picture(self, path)

    def to_dict(self, cores: bool = False) -> dict[str, Any]:
        """Everything but the Program, for JSON. cores: with the place and load of every core."""
        tightest, fullest = self.tightest, self.fullest
        return {
            "chip": self.chip.name,
            "chip_title": self.chip.title,
            "cores": self.cores,
            "chips": self.chips,
            "cores_per_chip": self.chip.cores.value,
            "board": self.board,
            "tightest": None if tightest is None else {"resource": tightest[0], "cores": tightest[1]},
            "fullest": None if fullest is None else {"population": fullest[0], **_use(fullest[1])},
            "mean_hops": self.mean_hops,
            "messages_between_chips": self.between_chips,
            "populations": [
                {
                    "population": p.population,
                    "neurons": p.neurons,
                    "cores": p.cores,
                    "neurons_per_core": p.layout.neurons,
                    "cut": p.layout.said(),
                    "chips": list(self.chips_of(p.population)),
                    "tightest": p.tightest.resource,
                    "uses": [_use(use) for use in p.uses],
                }
                for p in self.populations.values()
            ],
            "flows": [{**vars(flow), "mean_hops": flow.mean_hops} for flow in self.flows],
            "host": [{"population": name, "why": vars(fault)} for name, fault in self.host.items()],
            "faults": [vars(fault) for fault in self.faults],
            **({"loads": self._loads()} if cores else {}),
        }

    def _loads(self) -> list[dict[str, Any]]:
        """A row for each core in use."""
        rows = []
        for name, placed in self.populations.items():
            blocks = self.blocks(name)
            chip, core = (places[blocks].tolist() for places in (self.places.chip, self.places.core))
            used = {resource: values.tolist() for resource, values in placed.by_core.items()}
            rows += [
                {"chip": chip[n], "core": core[n], "population": name, **{r: values[n] for r, values in used.items()}}
                for n in range(placed.cores)
            ]
        return rows

    def __str__(self) -> str:
        """A line in total, what is tightest, a line per population, per population on the host, per fault."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        total, *notes = self.heading()
        yield total
        yield from (f"  {note}" for note in notes)
        width = max((len(name) for name in self.populations), default=0)
        for p in self.populations.values():
            uses = ", ".join(f"{use.resource} {use.utilisation:.0%}" for use in p.uses)
            yield f"  {p.population:<{width}}  {plural('core', p.cores, 5):<11}  {uses}; {p.layout.said()}"
        for name, lacking in self.host.items():
            yield f"  {name} on the host: {lacking.fact}; {lacking.limit}"
        yield from (f"  fault: {fault}" for fault in self.faults)

    def heading(self) -> Iterator[str]:
        """A line in total, what is tightest, how far messages go."""
        board = f", {self.board}" if self.board else ""
        cores, chips = plural("core", self.cores), plural("chip", self.chips)
        yield f"{cores} of {self.chip.title}, {chips}{board}"
        tightest, fullest = self.tightest, self.fullest
        if tightest is not None and fullest is not None:
            name, use = fullest
            yield (
                f"tightest: {tightest[0]}, deciding {tightest[1]} of {plural('core', self.cores)}; "
                f"fullest core: '{name}', {use.utilisation:.0%} of {use.resource}"
            )
        if self.mean_hops is not None:
            leave = f"; {self.between_chips:,} messages between chips" if self.chips > 1 else ""
            yield f"{self.mean_hops:.1f} hops a message{leave} (if every neuron spikes once)"


def plural(word: str, count: int, width: int = 0) -> str:
    """ "1 core", "2 cores"."""
    return f"{count:>{width}} {word if count == 1 else f'{word}s'}"


def _use(use: Use) -> dict[str, Any]:
    return {**vars(use), "utilisation": use.utilisation}
