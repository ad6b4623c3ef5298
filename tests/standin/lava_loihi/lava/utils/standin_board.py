"""Stand-in: calls the run configuration's callbacks around each run, as NxSdkRuntimeService does on a board."""

from types import SimpleNamespace

from lava.magma.compiler import compiler_graphs
from lava.magma.core.model.py.model import AbstractPyProcessModel
from lava.magma.core.process.process import AbstractProcess


class Board:
    """What callbacks are given."""

    def __init__(self, process, steps):
        self.process = process
        self.steps = steps
        self.log = []


def install():
    """Once, in whatever process asks for adapters."""
    if hasattr(AbstractProcess, "standin"):
        return
    AbstractProcess.standin = True
    # The models on the "chip" are Lava's Python models as well; its compiler is to see each of them once.
    compiler_graphs.ProcessModelTypes = [SimpleNamespace(value=AbstractPyProcessModel)]
    original = AbstractProcess.run

    def run(self, condition, run_cfg=None, compile_config=None):
        board = Board(self, condition.num_steps)
        for callback in run_cfg.callback_fxs:
            callback.pre_run_callback(board, {})
        original(self, condition, run_cfg, compile_config)
        for callback in run_cfg.callback_fxs:
            callback.post_run_callback(board, {})

    AbstractProcess.run = run
