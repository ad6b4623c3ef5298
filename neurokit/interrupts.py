"""Ctrl-C between two blocks of work instead of in the middle of one."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class Interrupts:
    """Within a `with` statement SIGINT waits until `check` is called; a second one does not wait.

    Where Python is not the one to handle it (another thread than the main one, an ignored signal) nothing changes.
    """

    def __init__(self) -> None:
        self._former: Any = None
        self._waiting: tuple[int, FrameType | None] | None = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT)):
            self._former = signal.signal(signal.SIGINT, self._keep)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._former is not None:
            signal.signal(signal.SIGINT, self._former)
            if kind is None:
                self.check()

    def check(self) -> None:
        """Hand on a signal that waits, which usually raises KeyboardInterrupt."""
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self._former(*waiting)

    def _keep(self, number: int, frame: FrameType | None) -> None:
        if self._waiting is not None:
            self._waiting = None
            self._former(number, frame)
        else:
            self._waiting = (number, frame)
