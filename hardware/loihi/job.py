"""What the process at the board is told, and what lies in its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError
from neurokit.graph.network import Program
from neurokit.graph.synapses import Convolving
from neurokit.hardware.lava.sourced import heard

_memmap: Any = npy.open_memmap  # numpy gives it no types
PROGRAM, JOB, MEASURED, LOG = "program.nk", "job.json", "measured.json", "log.txt"
Interface: TypeAlias = Literal["auto", "probes", "loggers"]
Figure: TypeAlias = Literal["energy", "time", "activity"]
GRADED_BITS = 24  # of payloads to and from the chip: lava-nc/lava-optimization's test of V1Neuron asks for 24
CONVOLVED_BITS = 16  # of payloads into a convolution: lava-nc/lava-dl, netx/pilotnet_sdnn/utils.py


@dataclass(frozen=True)
class Measure:
    """What to measure beside a run, each figure in a run of its own: the probe of time disturbs that of power.

    steps: of such a run, in which the first sample's input is repeated without a reset but the Program's own; power
    needs thousands (lava-dl's notebooks take 10,000). figures: "energy", "time", "activity" (with memory).
    interface: "probes" (lava.utils.profiler), "loggers" (lava.utils.loihi2_profiler), "auto": the first that is there.
    outputs: whether outputs are read by the host meanwhile, which costs time and energy of its own.
    """

    steps: int = 10_000
    figures: tuple[Figure, ...] = ("energy", "time", "activity")
    interface: Interface = "auto"
    outputs: bool = True

    def __post_init__(self) -> None:
        faults = []
        if isinstance(self.steps, bool) or not isinstance(self.steps, int) or self.steps < 1:
            faults.append(Fault("measure.steps", f"is {self.steps!r}", "a whole number of at least 1", "Pass one."))
        if self.interface not in get_args(Interface):
            limit = f"known: {', '.join(get_args(Interface))}"
            faults.append(Fault("measure.interface", f"'{self.interface}' is unknown", limit, "Name one of them."))
        unknown = [figure for figure in self.figures if figure not in get_args(Figure)]
        if unknown or not self.figures:
            fact = f"'{unknown[0]}' is unknown" if unknown else "names nothing"
            limit = f"known: {', '.join(get_args(Figure))}"
            faults.append(Fault("measure.figures", fact, limit, "Name some of them."))
        if faults:
            raise InputError(faults)


@dataclass(frozen=True)
class Job:
    """One network on the board, from zero state.

    generation, host: of the board. rows: steps that inputs and outputs hold; later ones start over at the first.
    graded: inputs that carry payloads. read: populations whose spikes come back. states: (population, state) pairs.
    figure: what to measure, None: nothing. order: how a StateProbe's numbers lie, see `Loihi2`.
    """

    generation: str
    host: Mapping[str, Any]
    rows: int
    graded: tuple[str, ...]
    read: tuple[str, ...]
    states: tuple[tuple[str, str], ...] = ()
    order: str = "neurons"
    figure: Figure | None = None
    interface: Interface = "auto"
    steps: int = 0

    def save(self, folder: Path) -> None:
        """Write job.json."""
        (folder / JOB).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Job:
        """Read job.json, which this process's parent has written."""
        held = json.loads((folder / JOB).read_text(encoding="utf-8"))
        held["states"] = tuple((name, state) for name, state in held["states"])
        return cls(**{**held, "graded": tuple(held["graded"]), "read": tuple(held["read"])})


@dataclass
class Arrays:
    """Inputs and outputs of a job, in files that its processes share: name -> (rows, *shape)."""

    feeds: dict[str, NDArray[Any]] = field(default_factory=dict)
    sinks: dict[str, NDArray[Any]] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path, program: Program, job: Job) -> Arrays:
        """New ones, all zero."""
        return cls(
            {
                name: _memmap(_feed(folder, k), "w+", np.int32, (job.rows, *program.inputs[name].shape))
                for k, name in enumerate(heard(program))
            },
            {
                name: _memmap(_sink(folder, k), "w+", np.int32, (job.rows, *program.populations[name].shape))
                for k, name in enumerate(job.read)
            },
        )

    @classmethod
    def open(cls, folder: Path, program: Program, job: Job) -> Arrays:
        """Those that `make` has made, in another process."""
        return cls(
            {name: _memmap(_feed(folder, k), "r+") for k, name in enumerate(heard(program))},
            {name: _memmap(_sink(folder, k), "r+") for k, name in enumerate(job.read)},
        )


def state_file(folder: Path, k: int) -> Path:
    """Where the k-th of a job's states is put when it has ended: (steps, *shape)."""
    return folder / f"state_{k}.npy"


def convolved_inputs(program: Program) -> tuple[list[str], list[str]]:
    """(Inputs that feed convolutions only, inputs that feed them and others): each kind has an adapter of its own."""
    kinds: dict[str, set[bool]] = {}
    for projection in program.projections:
        if projection.source in program.inputs:
            kinds.setdefault(projection.source, set()).add(isinstance(projection.synapse, Convolving))
    alone = [name for name, found in kinds.items() if found == {True}]
    return alone, [name for name, found in kinds.items() if len(found) == 2]


def payload_faults(program: Program, inputs: Mapping[str, NDArray[Any]]) -> list[Fault]:
    """Numbers that the adapters' messages do not hold."""
    convolved, _ = convolved_inputs(program)
    faults = []
    for name in heard(program):
        bits = CONVOLVED_BITS if name in convolved else GRADED_BITS
        largest = int(np.abs(inputs[name].astype(np.int64)).max(initial=0))
        if largest >= 1 << (bits - 1):
            limit = f"messages to the chip have {bits} bits with the sign"
            faults.append(Fault(name, f"holds numbers up to {largest}", limit, "Scale the input down."))
    return faults


def _feed(folder: Path, k: int) -> Path:
    return folder / f"feed_{k}.npy"


def _sink(folder: Path, k: int) -> Path:
    return folder / f"sink_{k}.npy"
