"""Lava's own multi-process runtime, watched so that it can neither hang nor leave processes behind.

Lava 0.10.0 waits for ever when a model raises while another waits for its message, when a process dies, and in
`stop()` after either. So runs are started without blocking, every process is looked at while they last, and in the end
all are killed: what they have computed lies in shared memory already.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import signal
import time
import weakref
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker
from typing import Any

from lava.magma.compiler.executable import Executable
from lava.magma.core.process.message_interface_enum import ActorType
from lava.magma.core.run_conditions import RunSteps
from lava.magma.runtime.message_infrastructure.multiprocessing import MultiProcessing
from lava.magma.runtime.message_infrastructure.shared_memory_manager import SharedMemoryManager
from lava.magma.runtime.mgmt_token_enums import MGMT_RESPONSE, enum_equal
from lava.magma.runtime.runtime import Runtime

from neurokit.errors import BackendError, Fault
from neurokit.hardware.lava.deadline import Deadline
from neurokit.hardware.lava.loading import die_with_parent, start_method
from neurokit.hardware.lava.tape import Tapes

POLL_SECONDS = (0.001, 0.02)  # shortest and longest pause between two looks
LAST_WORDS_SECONDS = 1.0  # for a process that reported an error to say which


def run_processes(
    executable: Executable, steps: int, tapes: Tapes, deadline: Deadline, watch: Callable[[int], None]
) -> None:
    """Run one sample for `steps` >= 1 steps in Lava's processes. watch: told now and then how many are over."""
    with contextlib.closing(Processes(executable, tapes)) as processes:
        processes.advance(steps, deadline, lambda: watch(tapes.done()))


class Processes:
    """Lava's processes of a compiled network, started and waiting; `close` ends them, and so does Python's exit."""

    def __init__(self, executable: Executable, tapes: Tapes) -> None:
        for process, builder in executable.proc_builders.items():
            builder.build = _in_child(builder.build, functools.partial(tapes.attach, process.name))
        for builder in executable.runtime_service_builders.values():
            builder.build = _in_child(builder.build, lambda model: None)
        self._executable = executable
        self._runtime = Runtime(executable, ActorType.MultiProcessing)
        self._end = weakref.finalize(self, _end, self._runtime, executable)
        # At exit multiprocessing waits for our processes, which wait for us. What is registered last comes first, and
        # `weakref` may have registered before multiprocessing did.
        self._end.atexit = False
        atexit.register(self._end)
        try:
            with start_method("fork"):
                _initialise(self._runtime)
        except OSError as error:
            self.close()
            count = len(executable.proc_builders)
            raise BackendError(
                Fault(
                    "lava",
                    f"its {count} processes cannot be started: {error}",
                    "Lava runs one for each population and projection",
                    "Raise the system's limits, or use backend='lava-inprocess'.",
                )
            ) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Kill the processes and free their memory."""
        self._end()
        atexit.unregister(self._end)

    def advance(self, steps: int, deadline: Deadline, watch: Callable[[], None] = lambda: None) -> None:
        """Run on for `steps` >= 1 steps. After an error nothing but `close` is left to do."""
        self._runtime.start(RunSteps(num_steps=steps, blocking=False))
        _wait(_Actors(self._runtime, self._executable), self._runtime, deadline, watch)


def _in_child(build: Callable[[], Any], attach: Callable[[Any], None]) -> Callable[[], Any]:
    """A builder's `build`, which Lava calls in the child, that lets the model's tape be attached."""

    def build_there() -> Any:
        die_with_parent()
        model = build()
        attach(model)
        return model

    return build_there


def _initialise(runtime: Runtime) -> None:
    """`Runtime.initialize` without its last part, which waits for each process to be built, for ever if one dies.

    Children inherit that Ctrl-C is blocked: it is for us to answer, and it stays pending meanwhile.
    """
    runtime._build_watchdog_manager()
    resource_tracker.ensure_running()  # Python starts it with shared memory and then lets SIGINT through
    with _interrupts_blocked():
        runtime._messaging_infrastructure = _infrastructure()
        runtime._build_channels()
        runtime._build_sync_channels()
        runtime._build_processes()
        runtime._build_runtime_services()
    runtime._start_ports()
    runtime._is_initialized = True


def _infrastructure() -> MultiProcessing:
    """`MultiProcessing.start`, with a manager of shared memory that does not outlive us either."""
    infrastructure = MultiProcessing()
    infrastructure._smm = SharedMemoryManager()
    infrastructure._smm._manager.start(die_with_parent)
    return infrastructure


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    former = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def _wait(actors: _Actors, runtime: Runtime, deadline: Deadline, watch: Callable[[], None]) -> None:
    """Until every runtime service says that the last step is over."""
    pause, longest = POLL_SECONDS
    services = list(runtime.service_to_runtime)
    while services:
        actors.check()
        deadline.check()
        ready = [service for service in services if service.probe()]
        for service in ready:
            if not enum_equal(service.recv(), MGMT_RESPONSE.DONE):
                actors.check_until(time.monotonic() + LAST_WORDS_SECONDS)
            services.remove(service)
        if not ready:
            time.sleep(pause)
            pause = min(2 * pause, longest)
        watch()


class _Actors:
    """Lava's operating system processes: one for each process, then the runtime services."""

    def __init__(self, runtime: Runtime, executable: Executable) -> None:
        names = [process.name for process in executable.proc_builders]
        actors = runtime._messaging_infrastructure.actors
        names += ["lava"] * (len(actors) - len(names))
        self.named = list(zip(names, actors, strict=True))

    def check(self) -> None:
        """Raise BackendError when some failed."""
        faults, cause = [], None
        for name, actor in self.named:
            exit_code = actor.exitcode  # before the exception: a process tells it before it goes
            told = _told_by(actor)
            if told is not None:
                cause, trace = told
                fact = f"its Lava model failed: {type(cause).__name__}: {cause}"
                faults.append(_failure(name, fact, _last_line(trace)))
            elif exit_code:
                fact = f"its process died with exit code {exit_code}"
                faults.append(_failure(name, fact, "-9 is often want of memory"))
        if faults:
            raise BackendError(faults) from cause

    def check_until(self, end: float) -> None:
        """An error was reported: wait for the exception that tells more."""
        while time.monotonic() < end:
            self.check()
            time.sleep(POLL_SECONDS[0])
        raise BackendError(_failure("lava", "its runtime reported an error", "no process tells more"))


def _told_by(actor: Any) -> tuple[Exception, str] | None:
    """The exception that a process reported and its traceback, or None."""
    try:
        told: tuple[Exception, str] | None = actor.exception
    except (TypeError, ValueError, AttributeError, ImportError, EOFError) as error:  # it cannot be unpickled
        return error, ""
    return told


def _failure(name: str, fact: str, limit: str) -> Fault:
    return Fault(name, fact, limit, "Please report this; backend='simulator' does without Lava.")


def _last_line(trace: str) -> str:
    """Where it was raised: file and line."""
    places = [line.strip() for line in trace.splitlines() if line.strip().startswith("File ")]
    return places[-1] if places else "no traceback"


def _end(runtime: Runtime, executable: Executable) -> None:
    """Kill and collect every process, free the shared memory, and leave nothing for Lava's destructors to wait for."""
    runtime._is_started = runtime._is_running = False
    with _interrupts_blocked():
        infrastructure = runtime._messaging_infrastructure
        if infrastructure is not None:
            for actor in infrastructure.actors:
                if not actor._is_done:
                    actor.kill()
            for actor in infrastructure.actors:
                actor.join()
            for queue in getattr(runtime, "exception_q", []):
                queue.close()
            runtime.join()
            infrastructure.smm.shutdown()
        for process in executable.proc_builders:
            process._runtime = None
