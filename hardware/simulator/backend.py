"""The simulator as a backend: checked inputs in, a Recording out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from neurokit.errors import Fault, Interrupted
from neurokit.graph.network import Network, Program
from neurokit.hardware.base import Keeper, Progress, RecordKey
from neurokit.hardware.simulator.runner import Runner
from neurokit.hardware.simulator.silicon import differences, follow, silicon_faults
from neurokit.hardware.simulator.stepper import SimulatorStepper
from neurokit.hardware.simulator.team import Team, available
from neurokit.lower.silicon import Silicon
from neurokit.recorder import Recorder
from neurokit.records import Recording


class Simulator:
    """Numba simulator: Programs in integers, Networks in floats with their own timing."""

    def __init__(self, threads: int | None = None, silicon: Silicon | None = None) -> None:
        """threads: that share the work, None for as many as there are cores. The result does not depend on it.

        silicon: a chip's arithmetic, which Programs then follow; None: Lava's.
        """
        self.threads = threads or available()
        self.silicon = silicon or Silicon()

    @property
    def name(self) -> str:
        """ "simulator"; where it follows another silicon, the differences as well."""
        found = ", ".join(f"{name}={value}" for name, value in differences(self.silicon).items())
        return f"simulator ({found})" if found else "simulator"

    def accepts(self, program: Program) -> list[Fault]:
        """Every sound Program runs; what another silicon does to it may not be known."""
        return silicon_faults(program, self.silicon)

    def _followed(self, graph: Program | Network) -> Program | None:
        """What runs in place of a Program, None where that is the graph itself."""
        if not isinstance(graph, Program) or not differences(self.silicon):
            return None
        return follow(graph, self.silicon)

    def run(
        self,
        program: Program | Network,
        inputs: Mapping[str, NDArray[Any]],
        steps: int,
        record: tuple[RecordKey, ...],
        *,
        record_every: int | None = None,
        learners: int = 1,
        time_limit: float | None = None,
        progress: Progress | None = None,
    ) -> Recording:
        """See `hardware.base.Backend.run`; also takes a Network. learners: see `api.run`."""
        batch = next(iter(inputs.values())).shape[0]
        recorder = Recorder(program, batch, steps, record, every=record_every, learners=learners)
        began = time.monotonic()
        try:
            self.run_into(recorder, inputs, time_limit=time_limit, progress=progress)
        except Interrupted as interrupt:
            raise Interrupted(recorder.recording(self.name, time.monotonic() - began)) from interrupt
        return recorder.recording(self.name, time.monotonic() - began)

    def run_into(
        self,
        recorder: Recorder,
        inputs: Mapping[str, NDArray[Any]],
        *,
        time_limit: float | None = None,
        progress: Progress | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        """See `hardware.base.Streams`."""
        team = Team(self.threads)
        graph = self._followed(recorder.graph)
        Runner(recorder, inputs, team, time_limit=time_limit, progress=progress, graph=graph).run(keeper)

    def open(
        self, program: Program | Network, batch: int, record: tuple[RecordKey, ...], *, time_limit: float | None = None
    ) -> SimulatorStepper:
        """See `hardware.base.Opens`."""
        return SimulatorStepper(self._followed(program) or program, batch, record, time_limit, self.threads)
