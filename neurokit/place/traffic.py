"""Messages between the blocks of a placed Program, when each neuron spikes once a step, and how far they go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from neurokit.graph.network import Program
from neurokit.place.assign import Places, distances
from neurokit.place.chip import Chip
from neurokit.place.layout import Layout
from neurokit.place.reach import messages


@dataclass(frozen=True)
class Flow:
    """What goes through one projection in a step in which each of its source's neurons spikes once.

    messages: one a core reached. between_chips: those that leave their chip. hops: routers passed by all that stay on
    it. Messages from inputs come from outside; they are not among any of these.
    """

    projection: str
    messages: int
    between_chips: int
    hops: int

    @property
    def mean_hops(self) -> float | None:
        """Of a message that stays on its chip, None where none does."""
        stay = self.messages - self.between_chips
        return self.hops / stay if stay else None


class Traffic:
    """Messages between blocks. first: number of each population's first block; matrices: by projection."""

    def __init__(self, program: Program, layouts: Mapping[str, Layout]) -> None:
        starts = np.cumsum([0, *(layout.cores for layout in layouts.values())])
        self.first = dict(zip(layouts, (int(start) for start in starts), strict=False))
        self.blocks = int(starts[-1])
        self.matrices = {
            p.name: (p.source, p.target, messages(p, layouts[p.source], layouts[p.target]))
            for p in program.projections
            if p.source in layouts and p.target in layouts
        }

    def total(self) -> sp.csr_matrix:
        """Of all projections: (blocks, blocks)."""
        parts = [sp.coo_matrix(matrix) for _, _, matrix in self.matrices.values()]
        ends = list(self.matrices.values())
        if not parts:
            return sp.csr_matrix((self.blocks, self.blocks))
        row = np.concatenate([part.row + self.first[source] for part, (source, _, _) in zip(parts, ends, strict=True)])
        col = np.concatenate([part.col + self.first[target] for part, (_, target, _) in zip(parts, ends, strict=True)])
        data = np.concatenate([part.data for part in parts])
        return sp.csr_matrix((data, (row, col)), (self.blocks, self.blocks))

    def flows(self, places: Places, chip: Chip) -> tuple[Flow, ...]:
        """How far the messages of each projection go."""
        far = distances(chip)
        found = []
        for name, (source, target, matrix) in self.matrices.items():
            part = sp.coo_matrix(matrix)
            one, two = part.row + self.first[source], part.col + self.first[target]
            stays = places.chip[one] == places.chip[two]
            hops = (part.data * far[places.core[one], places.core[two]])[stays].sum()
            found.append(Flow(name, round(part.data.sum()), round(part.data[~stays].sum()), round(hops)))
        return tuple(found)
