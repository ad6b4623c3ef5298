"""The parity ladder: run one source in every form, and compare form with form."""

from __future__ import annotations

import os
from typing import Any

from numpy.typing import ArrayLike

from neurokit import api
from neurokit.errors import Fault, InputError
from neurokit.graph.network import Network, Program
from neurokit.hardware.base import Progress
from neurokit.profiling.decisions import decide
from neurokit.profiling.parity import Parity, compare
from neurokit.records import Recording

IN_PROCESS_NOTE = "Lava's own compiled models, driven in one process"


def verify(
    source: str | os.PathLike[str] | Network | Program,
    inputs: api.Inputs,
    *,
    labels: ArrayLike | None = None,
    bits: int = 8,
    window: int | None = None,
    dt: float | None = None,
    reset: str | None = None,
    steps: int | None = None,
    lava: int = 1,
    backend: str = "lava-inprocess",
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> Parity:
    """Climb the ladder: source's Network (float, its own timing) -> Program on the simulator -> Program on Lava.

    source: a path, a Network or a Program; a Network is compiled with `bits` and `window`. inputs, steps: as for
    `nk.run`; the Program runs longer by its latency. labels: one class a sample, for accuracies. lava: how many of the
    samples run on Lava too, with all spikes and states compared; 0 leaves Lava out. backend: "lava-inprocess" or "lava"
    (its multi-process runtime, slower).

    The first rung compares every population's spikes, shifted by latency, and may differ (rounding); Lava's must be
    identical. `Parity.first_divergence` names layer, step, neuron and cause. Raises as convert, compile and run do.
    """
    if lava < 0:
        raise InputError(Fault("lava", f"is {lava}", "a number of samples", "Pass 0 to leave Lava out."))
    graph = _graph(source, dt, reset)
    program = graph if isinstance(graph, Program) else api.compile(graph, bits=bits, window=window)
    arrays, _ = api.check_inputs(program if not isinstance(graph, Network) or graph.is_integer else graph, inputs)
    length = api.check_steps(arrays, steps)
    populations = tuple(program.populations)
    longest = length + max(program.latency.values(), default=0)
    stages: dict[str, Recording] = {}
    rungs = []
    simulated = api.run(program, arrays, longest, record=populations, progress=progress)
    if isinstance(graph, Network) and not graph.is_integer:
        stages["network"] = api.run(graph, arrays, length, record=populations)
        rungs.append(
            compare(stages["network"], simulated, exact=False, shift=program.latency, names=("network", "program"))
        )
    stages["program"] = simulated
    if lava:
        some = {name: values[:lava] for name, values in arrays.items()}
        everything = (*populations, *((name, state) for name in populations for state in "uv"))
        here = api.run(program, some, longest, record=everything)
        there = api.run(program, some, longest, backend, everything, time_limit=time_limit, progress=progress)
        note = IN_PROCESS_NOTE if backend == "lava-inprocess" else ""
        rungs.append(compare(here, there, exact=True, names=("program", backend), note=note))
    return Parity(tuple(rungs), decide(stages, labels))


def _graph(source: Any, dt: float | None, reset: str | None) -> Network | Program:
    if isinstance(source, Network | Program):
        return source
    if isinstance(source, str | os.PathLike) and str(source).endswith(".nk"):
        return api.load(source)
    return api.convert(source, dt=dt, reset=reset)
