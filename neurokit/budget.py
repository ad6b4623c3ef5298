"""How much memory a run takes, before it starts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from neurokit.errors import Fault, InputError
from neurokit.graph.network import Network, Program
from neurokit.hardware.base import RecordKey
from neurokit.recorder import wanted
from neurokit.system import in_bytes


@dataclass(frozen=True)
class Memory:
    """Bytes that a run in the simulator takes beside the Program and the inputs, which are there already.

    weights: as the kernels want them. states: of the neurons of the samples that run at once, and their parameters.
    blocks: of the steps in work: spikes, synaptic input, recorded states. recording: all that is recorded, counters
    included; with nk.run(to=) little more than the counters stays in memory.
    available: what the machine has left, None where it does not tell.
    """

    weights: int
    states: int
    blocks: int
    recording: int
    available: int | None

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.states + self.blocks + self.recording

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {in_bytes(getattr(self, name))}" for name in PARTS)
        left = "" if self.available is None else f"; {in_bytes(self.available)} are free"
        return f"{in_bytes(self.total)} of memory ({parts}){left}"


PARTS = ("weights", "states", "blocks", "recording")


def recording_bytes(
    program: Program | Network, batch: int, steps: int, record: Iterable[RecordKey], every: int | None = None
) -> int:
    """Of the arrays and counters of a Recording."""
    shapes = [program.shape_of(name) for name in (*program.inputs, *program.populations)]
    elements = batch * sum(math.prod(shape) for shape in shapes) + steps * len(shapes)
    return sum(array.size for array in wanted(program, batch, steps, record, every)) + 8 * elements


def check_room(size: int, available: int | None) -> None:
    """Raise InputError when a recording of `size` bytes does not fit."""
    if available is not None and size > available:
        fact, limit = f"the recording takes {in_bytes(size)}", f"{in_bytes(available)} of memory are free"
        mend = "Write it to a file with to=, record less, or run fewer steps or samples."
        raise InputError(Fault("record", fact, limit, mend))
