"""A Program as a complete Lava network: its process, and a source at each input."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.network import Program
from neurokit.hardware.lava import loading
from neurokit.hardware.lava.choice import graded_inputs

CHANNEL_SLOTS = 4  # messages a channel holds; Lava's 64 would take 64 times the widest population of shared memory


class SourcedNetwork:
    """A ProgramProcess with a source at each input that something listens to. sources: by name of input."""

    def __init__(self, program: Program, graded: Collection[str], sources: Mapping[str, Any]) -> None:
        from neurokit.hardware.lava.processes.network import ProgramProcess

        self.process = ProgramProcess(program=program, graded=graded, name="network")
        self.sources = {name: sources[name] for name in heard(program)}
        for name, source in self.sources.items():
            source.s_out.connect(self.process.inputs[name])

    def compile(self) -> Any:
        """Lava's executable."""
        from lava.magma.core.run_configs import Loihi2SimCfg

        config = {"pypy_channel_size": CHANNEL_SLOTS}
        with loading.models_remembered():
            executable = self.process.compile(Loihi2SimCfg(select_tag="fixed_pt"), config)
        compiled = {process.name for process in executable.proc_builders}
        missing = {*self.sources, *self.process.proc_params["program"].populations} - compiled
        assert not missing, f"Lava's compiler dropped {sorted(missing)}"
        return executable


class Played(SourcedNetwork):
    """Its sources play samples of arrays that are known beforehand: name -> (batch, steps, *shape)."""

    def __init__(self, program: Program, inputs: Mapping[str, NDArray[Any]]) -> None:
        from neurokit.hardware.lava.processes.basic import ArraySource

        self.data = {name: inputs[name] for name in heard(program)}
        nothing = {name: np.zeros((0, *values.shape[2:]), np.int32) for name, values in self.data.items()}
        sources = {name: ArraySource(data=data, name=name) for name, data in nothing.items()}
        super().__init__(program, graded_inputs(inputs), sources)

    def play(self, sample: int) -> None:
        """Let the sources give `sample`."""
        for name, source in self.sources.items():
            source.proc_params.overwrite("data", self.data[name][sample].astype(np.int32))


def heard(program: Program) -> list[str]:
    """Inputs that something listens to."""
    sources = {projection.source for projection in program.projections}
    return [name for name in program.inputs if name in sources]
