"""What every backend offers. Backends are listed by name in `neurokit.api`; nothing registers itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

from numpy.typing import NDArray

from neurokit.errors import Fault
from neurokit.graph.network import Program
from neurokit.records import Recording

RecordKey: TypeAlias = "str | tuple[str, str]"
Progress: TypeAlias = Callable[[int, int], None]  # (steps of samples done, of all)


class Backend(Protocol):
    """Runs Programs. Inputs are checked and batched before they come here; so is `record`."""

    @property
    def name(self) -> str:
        """Name by which users ask for it."""

    def accepts(self, program: Program) -> list[Fault]:
        """Everything in `program` that this backend cannot run, before anything runs."""

    def run(
        self,
        program: Program,
        inputs: Mapping[str, NDArray[Any]],
        steps: int,
        record: tuple[RecordKey, ...],
        *,
        time_limit: float | None = None,
        progress: Progress | None = None,
    ) -> Recording:
        """Run every sample from zero state for `steps` steps.

        inputs: name -> integers (batch, input steps, *shape); steps beyond the input's length see zeros.
        record: population names (spikes) and (name, state) pairs; the spikes of outputs come always, and so does
        v of an output that does not spike. Arrays of the Recording have a batch axis.
        time_limit: wall seconds for the whole run; past it BackendError.
        """
