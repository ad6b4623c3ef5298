"""Importing Lava, and running it, without its side effects.

Lava 0.10.0 sets the multiprocessing start method of the whole interpreter when it is imported (and fails where one is
set already), adds a handler to the root logger for each process that is made, and keeps every process and variable in
a global list for ever. All that is undone here.
"""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import importlib
import importlib.metadata
import importlib.util
import logging
import multiprocessing
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from neurokit.errors import BackendError, Fault

VERSION = "0.10.0"  # the last one: Lava is archived. The executors lean on its inner workings
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
BESIDE_ITS_PIN = (  # its code runs there (docs/adr/0004); what its metadata pin is installed by hand
    "pip install 'numpy<2' scipy scikit-learn 'networkx<=2.8.7' 'asteval<0.10', "
    f"then pip install --no-deps --ignore-requires-python lava-nc=={VERSION}"
)
_LOGGERS = (None, "lava.magma.compiler.compiler")  # where Lava adds handlers; None is the root logger


def fault() -> Fault | None:
    """Why Lava cannot be used here, or None. Does not import it."""
    limit = f"this backend needs lava-nc {VERSION}, which is pinned to Python 3.10"
    mend = f"Install lava-nc=={VERSION} in Python 3.10, or use backend='simulator'."
    if sys.version_info >= (3, 11):
        mend = f"Install lava-nc=={VERSION} beside its pin ({BESIDE_ITS_PIN}), or use backend='simulator'."
    try:
        version = importlib.metadata.version("lava-nc")
    except importlib.metadata.PackageNotFoundError:
        return Fault("lava", "lava-nc is not installed", limit, mend)
    if version != VERSION:
        return Fault("lava", f"lava-nc is version {version}", limit, mend)
    numpy = importlib.metadata.version("numpy")
    if int(numpy.split(".")[0]) >= 2:
        pinned = "Lava is pinned below 2, and its processes hang with some later ones (seen with 2.4)"
        return Fault("lava", f"numpy is version {numpy}", pinned, "pip install 'numpy<2'")
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
            if sys.version_info >= (3, 11):
                _import_hashable("lava.magma.compiler.var_model")
            importlib.import_module("lava.magma.runtime.message_infrastructure.multiprocessing")
    except ImportError as error:
        message = f"Lava cannot be imported ({error})"
        raise BackendError(
            Fault("lava", message, "its dependencies are pinned", "Reinstall lava-nc, or use backend='simulator'.")
        ) from error


def _import_hashable(module: str) -> None:
    """Import a module of Lava's whose dataclasses have instances of each other as defaults.

    Python takes a default for mutable where its class has no hash since 3.11, and refuses; such a class has one if its
    dataclass is made with `unsafe_hash`.
    """
    plain = dataclasses.dataclass
    dataclasses.dataclass = functools.partial(plain, unsafe_hash=True)
    try:
        importlib.import_module(module)
    finally:
        dataclasses.dataclass = plain


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
