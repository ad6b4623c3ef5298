"""The network on the board: built, run, probed, stopped. Runs in a process of its own, see `at_board`."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import BackendError, Fault
from neurokit.graph.network import Program
from neurokit.hardware.lava import loading
from neurokit.hardware.lava.layout import from_lava, lava_shape
from neurokit.hardware.loihi.extension import there
from neurokit.hardware.loihi.job import (
    CONVOLVED_BITS,
    GRADED_BITS,
    MEASURED,
    Arrays,
    Job,
    convolved_inputs,
    state_file,
)
from neurokit.hardware.loihi.measuring import Meter

# Process -> model that public code names in its exception map, where the module is there: R. Gaurav's and others' LIF
# networks (NcL2ModelLif), lava-nc/lava-optimization, solvers/generic/solver.py (dense, sparse).
EXCEPTIONS = (
    ("lava.proc.lif.process:LIF", "lava.proc.lif.ncmodels:NcL2ModelLif"),
    ("lava.proc.dense.process:Dense", "lava.proc.dense.ncmodels:NcModelDense"),
    ("lava.proc.sparse.process:Sparse", "lava.proc.sparse.ncmodel:NcModelSparse"),
)

# Where Lava keeps the processes that are to run on the chip; what `lower.targets` lets pass is among them.
STOCK_MODULES = tuple(f"lava.proc.{kind}.process" for kind in ("lif", "dense", "sparse", "conv", "sdn"))


class Board:
    """One Program on the board, from zero state until `stop`."""

    def __init__(self, folder: Path, program: Program, job: Job) -> None:
        self.folder = folder
        self.job = job
        self.program = replace(program, outputs={name: program.populations[name] for name in job.read})
        self.arrays = Arrays.open(folder, program, job)
        self.meter = None if job.figure is None else Meter(job.figure, job.interface, job.steps)
        self.probes: dict[tuple[str, str], Any] = {}
        self.steps = 0
        select_host(job)
        loading.load()
        with loading.quiet():
            self.process = self._network()
            self.configuration = self._configuration()

    def advance(self, steps: int) -> None:
        """Run on for so many steps."""
        from lava.magma.core.run_conditions import RunSteps

        self.process.run(condition=RunSteps(num_steps=steps), run_cfg=self.configuration)
        self.steps += steps

    def finish(self) -> None:
        """Put what was probed and measured into the folder."""
        for k, key in enumerate(self.job.states):
            np.save(state_file(self.folder, k), self._series(key))
        if self.meter is not None:
            (self.folder / MEASURED).write_text(
                json.dumps({**self.meter.figures(), "profiler": self.meter.module}), encoding="utf-8"
            )

    def stop(self) -> None:
        """Give the board back."""
        self.process.stop()

    def _network(self) -> Any:
        """The Program between adapters: what the host plays goes in, what it reads comes out."""
        from neurokit.hardware.lava.processes.basic import FeedSource
        from neurokit.hardware.lava.processes.network import ProgramProcess
        from neurokit.hardware.loihi.processes.host import ArraySink

        adapters = importlib.import_module("lava.proc.embedded_io.spike")
        process = ProgramProcess(program=self.program, graded=self.job.graded, name="network")
        convolved, _ = convolved_inputs(self.program)
        for name, feed in self.arrays.feeds.items():
            source = FeedSource(feed=feed, name=name)
            graded = name in self.job.graded
            if name in convolved:
                bits = {"num_message_bits": CONVOLVED_BITS, "spike_exp": 0} if graded else {}
                adapter = adapters.PyToN3ConvAdapter(shape=feed.shape[1:], **bits)
            else:
                bits = {"num_message_bits": GRADED_BITS} if graded else {}
                adapter = adapters.PyToNxAdapter(shape=feed.shape[1:], **bits)
            source.s_out.connect(adapter.inp)
            adapter.out.connect(process.inputs[name])
        for name, kept in self.arrays.sinks.items():
            bits_out = GRADED_BITS if self.program.neuron(name).graded else 0
            adapter = adapters.NxToPyAdapter(shape=kept.shape[1:], num_message_bits=bits_out)
            sink = ArraySink(kept=kept, name=f"{name} (sink)")
            process.outputs[name].connect(adapter.inp)
            adapter.out.connect(sink.a_in)
        return process

    def _configuration(self) -> Any:
        """Loihi2HwCfg with the exception map, the state probes and the meter; it refuses what would run elsewhere."""
        configs = importlib.import_module("lava.magma.core.run_configs")
        states = [self._probe(key) for key in self.job.states]
        configuration = configs.Loihi2HwCfg(exception_proc_model_map=exception_map(), callback_fxs=states)
        if self.meter is not None:
            self.meter.attach(configuration)
        configuration.select = _on_the_chip(configuration.select)  # an attribute: Profiler.init asks for this very type
        return configuration

    def _probe(self, key: tuple[str, str]) -> Any:
        probes = importlib.import_module("lava.utils.loihi2_state_probes")
        self.probes[key] = probes.StateProbe(self.process.states[key])
        return self.probes[key]

    def _series(self, key: tuple[str, str]) -> NDArray[np.int64]:
        """What a probe saw: (steps, *shape). A flat series is taken to be neuron by neuron, see `Loihi2.order`."""
        shape = self.program.populations[key[0]].shape
        there_are = np.asarray(self.probes[key].time_series)
        if there_are.size != self.steps * int(np.prod(shape)):
            fact = f"the probe of {key[1]} of '{key[0]}' gave {there_are.size} numbers"
            limit = f"{self.steps} steps of {int(np.prod(shape))} neurons were run"
            raise BackendError(Fault("loihi2", fact, limit, "Record spikes only, and report this."))
        if self.job.order == "steps":
            rows = there_are.reshape(self.steps, -1)
        else:
            rows = there_are.reshape(-1, self.steps).T
        return from_lava(rows.reshape(self.steps, *lava_shape(shape)), shape).astype(np.int64)


def select_host(job: Job) -> None:
    """Tell Lava which board to take; BackendError with what it says against it."""
    loihi = importlib.import_module("lava.utils.loihi")
    generation = loihi.ChipGeneration[job.generation]
    try:
        if job.host["kind"] == "ethernet":
            loihi.use_ethernet_host(job.host["address"], job.host["binary"], generation)
        else:
            with _lines_of_sinfo():
                loihi.use_slurm_host(job.host["partition"], job.host["board"], generation)
    except (ImportError, ValueError, OSError) as error:
        limit = "Lava looks for the board before it runs anything"
        mend = "Look at `sinfo` and PARTITION, BOARD; or NXSDKHOST, HOST_BINARY for a board on the network."
        raise BackendError(Fault("loihi2", f"no board: {error}", limit, mend)) from error


@contextmanager
def _lines_of_sinfo() -> Iterator[None]:
    """lava-nc 0.10.0 (utils/slurm.py) reads the empty line behind sinfo's last one as a partition, and fails."""
    slurm: Any = importlib.import_module("lava.utils.slurm")
    original = slurm.try_run_command
    slurm.try_run_command = lambda command: [line for line in original(command) if line.strip()]
    try:
        yield
    finally:
        slurm.try_run_command = original


def exception_map() -> dict[Any, Any]:
    """Processes whose models are named, where lava-loihi has these names."""
    found = {}
    for process, model in EXCEPTIONS:
        chosen = _named(model) if there(model.partition(":")[0]) else None
        if chosen is not None:
            found[_named(process)] = chosen
    return found


def _named(place: str) -> Any:
    """What stands under that name in that module, or None."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name, None)


def _on_the_chip(select: Any) -> Any:
    """Loihi2HwCfg falls back to a CPU model where the chip has none; here that is an error.

    Other processes are the host's own (source, sink), the network that holds all, and lava-loihi's adapters.
    """
    on_chip = importlib.import_module("lava.magma.core.model.nc.model").AbstractNcProcessModel

    def checked(process: Any, models: Any) -> Any:
        chosen = select(process, models)
        if type(process).__module__ in STOCK_MODULES and not issubclass(chosen, on_chip):
            kind = type(process).__name__
            fact = f"lava-loihi has no model of {kind} on the chip; {chosen.__name__} would run on the host"
            limit = "a board's result must be the chip's"
            mend = "Use another lava-loihi, or backend='lava'."
            raise BackendError(Fault(process.name, fact, limit, mend))
        return chosen

    return checked
