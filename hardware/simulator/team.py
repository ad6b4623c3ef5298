"""Sharing the work of a block among threads.

Kernels release Python's lock, so threads run side by side. Synapses are shared by rows, (step, sample) pairs, which no
two threads write to; sums of one row are made by one thread in the same order whatever the number of threads, so
results do not depend on it, in floats either.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from neurokit.hardware.simulator.links import Link

SHARED_BYTES = 2 << 20  # that take about as long to be read
WORTH = 300e-6  # seconds of work for which waking a thread (some 30 us) pays


class Feed(NamedTuple):
    """A link, what arrives through it from the `place`th step of a chunk on, and its largest payload."""

    link: Link
    place: int
    rows: NDArray[Any]
    largest: float

    def add(self, acc: NDArray[Any]) -> None:
        """Add what it causes to the chunk's acc, (steps, samples, targets)."""
        self.link.add(self.rows, acc[self.place : self.place + len(self.rows)], self.largest)

    def some(self, acc: NDArray[Any], first: int, last: int) -> None:
        """The same for some (step, sample) pairs only."""
        begin = self.place * acc.shape[1]
        low, high = max(first, begin), min(last, begin + self.rows.shape[0] * acc.shape[1])
        if low < high:
            rows = self.rows.reshape(-1, 1, self.rows.shape[-1])[low - begin : high - begin]
            self.link.add(rows, acc.reshape(-1, 1, acc.shape[-1])[low:high], self.largest)


def available() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Team:
    """So many threads, the caller's included. Idle threads cost nothing, and end with the interpreter."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pool: ThreadPoolExecutor | None = None
        self._process = 0  # whose threads are in the pool: after a fork there are none
        self._beside: Sequence[Callable[[], None]] = ()
        self._later: _Given = []

    def run(self, tasks: Sequence[Callable[[], None]], give_up: Callable[[], None] | None = None) -> None:
        """Run all tasks, the first one here, and wait for them; raise what one raised.

        What no other thread has begun by then is run here, too: waking a thread may take longer than a small task, and
        others may be busy with what was given to `beside`.
        give_up: called where not all could be given away, or the first one failed: for tasks that wait for others.
        """
        others: _Given = []
        try:
            for task in tasks[1:]:
                others.append((self._threads().submit(task), task))
            while others and self._beside:
                task, *self._beside = self._beside
                self._later.append((self._threads().submit(task), task))
            tasks[0]()
        except BaseException:
            if give_up is not None:
                give_up()
            _end(others)
            raise
        _finish(others)

    def beside(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Let others run these after what they do for the next `run`, while this thread goes on, until `settle`."""
        self.settle()
        self._beside = tasks

    def settle(self) -> None:
        """Run what is left of `beside`, and wait for the rest."""
        tasks, self._beside = self._beside, ()
        later, self._later = self._later, []
        try:
            if tasks:
                self.run(tasks)
        finally:
            _finish(later)

    def _threads(self) -> ThreadPoolExecutor:
        """The other threads, those of this process."""
        assert self.size > 1, "a team of one has one task"
        if self._pool is None or self._process != os.getpid():
            self._pool, self._process = ThreadPoolExecutor(self.size - 1, "neurokit"), os.getpid()
        return self._pool


_Given: TypeAlias = "list[tuple[Future[None], Callable[[], None]]]"  # tasks that others are to run


def _finish(given: _Given) -> None:
    """Run here what nobody has begun, wait for the rest, and raise what one raised."""
    try:
        for future, task in given:
            if future.cancel():
                task()
    finally:
        _end(given)
    for future, _ in given:
        if not future.cancelled():
            future.result()


def _end(given: _Given) -> None:
    """Wait, so that nobody works on after an error."""
    for future, _ in given:
        if not future.cancelled():
            future.exception()


class _OneThread:
    """BLAS keeps to one thread while any run is under way; runs in several threads of a program may overlap."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs = 0
        self._libraries: ThreadpoolController | None = None
        self._limits: Any = None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if self._runs == 0:
                if self._libraries is None:  # looked for once: it takes milliseconds, as long as a small run
                    self._libraries = ThreadpoolController()
                self._limits = self._libraries.limit(limits=1)
            self._runs += 1
        try:
            yield
        finally:
            with self._lock:
                self._runs -= 1
                if self._runs == 0:
                    self._limits.restore_original_limits()


one_blas_thread = _OneThread()


class Work:
    """The synapses of one stage: what they cost in the last block tells whether to share the next one."""

    def __init__(self) -> None:
        self.seconds_per_row = 0.0

    def share(self, team: Team, feeds: Sequence[Feed], acc: NDArray[Any]) -> None:
        """Add what arrives through all feeds to acc (steps, samples, targets)."""
        if not feeds:
            return
        rows = acc.shape[0] * acc.shape[1]
        started = time.perf_counter()
        parts = min(team.size, rows) if self.seconds_per_row * rows > WORTH else 1
        shared = [feed for feed in feeds if parts > 1 and feed.link.splits]
        for feed in sorted(feeds, key=lambda feed: feed.link.splits):  # one order, shared or not
            if parts == 1 or not feed.link.splits:
                feed.add(acc)
        if shared:
            team.run([_task(shared, acc, rows * k // parts, rows * (k + 1) // parts) for k in range(parts)])
        self.seconds_per_row = (time.perf_counter() - started) * (parts if shared else 1) / rows


def _task(feeds: Sequence[Feed], acc: NDArray[Any], first: int, last: int) -> Callable[[], None]:
    """The same for some rows only."""

    def task() -> None:
        for feed in feeds:
            feed.some(acc, first, last)

    return task
