"""Importing Lava, and running it, without its side effects.

Lava 0.10.0 sets the multiprocessing start method of the whole interpreter when it is imported (and fails where one is
set already), adds a handler to the root logger for each process that is made, and keeps every process and variable in
a global list for ever. All that is undone here.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata
import importlib.util
import logging
import multiprocessing
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from neurokit.errors import BackendError, Fault

VERSION = "0.10.0"  # the last one: Lava is archived. The executors lean on its inner workings
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LOGGERS = (None, "lava.magma.compiler.compiler")  # where Lava adds handlers; None is the root logger


def fault() -> Fault | None:
    """Why Lava cannot be used here, or None. Does not import it."""
    limit = f"this backend needs lava-nc {VERSION}, which needs Python 3.10"
    mend = "Install lava-nc==0.10.0 in Python 3.10, or use backend='simulator'."
    try:
        version = importlib.metadata.version("lava-nc")
    except importlib.metadata.PackageNotFoundError:
        return Fault("lava", "lava-nc is not installed", limit, mend)
    if version != VERSION:
        return Fault("lava", f"lava-nc is version {version}", limit, mend)
    if "fork" not in multiprocessing.get_all_start_methods():
        return Fault("lava", "this system cannot fork", "Lava's processes are forks", "Use backend='simulator'.")
    return None


def load() -> None:
    """Import Lava; raises BackendError when that fails."""
    why = fault()
    if why is not None:
        raise BackendError(why)
    try:
        with quiet(), start_method(None):
            importlib.import_module("lava.magma.runtime.message_infrastructure.multiprocessing")
    except ImportError as error:
        message = f"Lava cannot be imported ({error})"
        raise BackendError(
            Fault("lava", message, "its dependencies are pinned", "Reinstall lava-nc, or use backend='simulator'.")
        ) from error


@contextmanager
def start_method(method: str | None) -> Iterator[None]:
    """Set multiprocessing's start method (None: unset) and put the former one back afterwards."""
    former = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method(method, force=True)
    try:
        yield
    finally:
        multiprocessing.set_start_method(former, force=True)


@contextmanager
def quiet() -> Iterator[None]:
    """Drop warnings of Lava's own code and take its handlers off the loggers again."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    kept = [list(logger.handlers) for logger in loggers]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, handlers in zip(loggers, kept, strict=True):
            for handler in logger.handlers[:]:
                if handler not in handlers:
                    logger.removeHandler(handler)


@contextmanager
def forgotten() -> Iterator[None]:
    """Let Lava's global lists forget the processes and variables made inside, so that their weights are freed."""
    process_server = importlib.import_module("lava.magma.core.process.process").ProcessServer()
    variable_server = importlib.import_module("lava.magma.core.process.variable").VarServer()
    processes, variables = list(process_server.processes), list(variable_server.vars)
    try:
        yield
    finally:
        process_server.processes = processes
        variable_server.vars = variables


@contextmanager
def models_remembered() -> Iterator[None]:
    """Let Lava's compiler look for the models of a kind of process once, not for each of them: most of its time."""
    graphs = importlib.import_module("lava.magma.compiler.compiler_graphs").ProcGroupDiGraphs
    original = graphs._find_proc_models

    def find(proc: Any) -> list[Any]:
        if type(proc) not in _MODELS:
            _MODELS[type(proc)] = list(original(proc))
        return list(_MODELS[type(proc)])

    graphs._find_proc_models = staticmethod(find)
    try:
        yield
    finally:
        graphs._find_proc_models = staticmethod(original)


def die_with_parent() -> None:
    """Ask Linux to kill this process when the parent goes, however it goes: children would wait for it for ever."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


_MODELS: dict[type, list[Any]] = {}
