"""A limit of wall time."""

from __future__ import annotations

import time

from neurokit.errors import BackendError, Fault

DEFAULT_LIMIT = 600.0  # seconds


class Deadline:
    """Counts from its making; `limit` seconds, 600 when None."""

    def __init__(self, limit: float | None, backend: str) -> None:
        self.limit = DEFAULT_LIMIT if limit is None else limit
        self.backend = backend
        self.started = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def check(self) -> None:
        """Raise BackendError when time is up."""
        if self.elapsed > self.limit:
            raise BackendError(
                Fault(
                    self.backend,
                    f"the run took more than {self.limit:g} s",
                    "time_limit bounds it, 600 s by default",
                    "Raise time_limit=, run fewer steps, or use backend='simulator', which is faster.",
                )
            )
