"""Write a bundle: Programs, inputs, what the simulator gives for them, and all that is needed to run them elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit import api
from neurokit.arguments import Inputs, check_graph, check_inputs, check_steps
from neurokit.bundles import script
from neurokit.bundles.arrays import checksum, file_checksum, write_npz
from neurokit.bundles.manifest import EXPECTED, MANIFEST, SCRIPT, Job, Kind, Manifest, write_manifest
from neurokit.bundles.running import measured, overflows_of
from neurokit.bundles.words import readme, requirements, version
from neurokit.errors import CompileError, Fault, InputError
from neurokit.files import folder_written_aside
from neurokit.graph.fingerprint import fingerprint
from neurokit.graph.network import Network, Program
from neurokit.lower.targets import TARGETS, input_faults, target_faults
from neurokit.records import Recording

STOCK = {"loihi2": "loihi2-stock"}  # shorter names of targets


@dataclass(frozen=True)
class Bundle:
    """A bundle that was written. forced: what the target lacks and was passed over."""

    path: Path
    target: str
    checksum: str
    forced: tuple[Fault, ...]


@dataclass(frozen=True, eq=False)
class Load:
    """What goes into a bundle as one job. inputs: by name, batched. files: stem of its two files."""

    name: str
    program: Program
    inputs: Mapping[str, NDArray[Any]]
    steps: int
    files: tuple[str, str]
    states: tuple[tuple[str, str], ...] = ()


def deploy(
    program: Program,
    inputs: Inputs,
    path: str | os.PathLike[str],
    *,
    target: str = "loihi2",
    steps: int | None = None,
    force: bool = False,
) -> Bundle:
    """Write what a user of a board copies there into the new folder `path`.

    It holds the program (.nk), its inputs, the spikes of every population in neurokit's simulator (of what learns, its
    weights in the end, too) with a checksum, a script that runs it on the simulator, on Lava or on the board, pinned
    requirements, and a README. `nk.check_results` compares what the script wrote there. The folder appears when it is
    whole. inputs, steps: as for `run`. target: "loihi2" (that is loihi2-stock), "loihi1" or "lava-cpu". force: write it
    although the target lacks parts of the program; the README then says so.
    Raises InputError (inputs, steps, an unknown target), CompileError with everything that the target does not have,
    OutputError (the path is there already, or cannot be written).
    """
    if isinstance(program, Network):
        raise InputError(Fault("program", "is a Network", "what goes to a chip is a Program", "Call nk.compile first."))
    check_graph(program)
    chosen = known_target(target)
    arrays, _ = check_inputs(program, inputs)
    count = check_steps(arrays, steps)
    faults = [*target_faults(program, chosen), *input_faults(program, arrays, chosen)]
    if faults and not force:
        raise CompileError([*faults, _instead(chosen, len(faults))])
    load = Load("program", program, arrays, count, ("program.nk", "inputs.npz"))
    return write_bundle(path, "program", chosen, [load], tuple(faults))


def _instead(target: str, count: int) -> Fault:
    """Behind the faults of a target: the other ways to a bundle."""
    mend = f"nk.targets(program, inputs)['{target}'] has a program by its parts, or says why there is none"
    return Fault(
        "target",
        f"{target} lacks {count} of what the program needs",
        "what runs there is made of its parts",
        f"{mend} (neurokit targets); force=True (--force) writes this one nevertheless.",
    )


def known_target(target: str) -> str:
    """The full name of a target; InputError for an unknown one."""
    chosen = STOCK.get(target, target)
    if chosen not in TARGETS:
        known = ", ".join([*STOCK, *TARGETS])
        raise InputError(Fault("target", f"'{target}' is unknown", f"known: {known}", "Name one of them."))
    return chosen


def write_bundle(
    path: str | os.PathLike[str],
    kind: Kind,
    target: str,
    loads: Sequence[Load],
    forced: tuple[Fault, ...] = (),
    add: Callable[[Path], None] | None = None,
) -> Bundle:
    """Run the loads in the simulator and write a bundle of them; see `deploy`. add: writes more files into it."""
    with folder_written_aside(path) as folder:
        expected: dict[str, NDArray[Any]] = {}
        wraps: list[Fault] = []
        for load in loads:
            with overflows_of(kind):
                recording = _expected(load)
            expected |= measured(recording, load.name, load.states)
            wraps += recording.wraps()
            for name in load.files:
                (folder / name).parent.mkdir(exist_ok=True)
            load.program.save(folder / load.files[0])
            write_npz(folder / load.files[1], load.inputs)
        write_npz(folder / EXPECTED, expected)
        if add is not None:
            add(folder)
        jobs = tuple(_job(load) for load in loads)
        words = tuple(map(str, forced))
        bare = Manifest(kind, target, words, jobs, checksum(expected), {}, version())
        (folder / SCRIPT).write_text(Path(script.__file__).read_text(encoding="utf-8"), encoding="utf-8")
        (folder / "requirements.txt").write_text(requirements(), encoding="utf-8")
        (folder / "README.md").write_text(readme(bare, wraps), encoding="utf-8")
        made = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
        files = {name: file_checksum(folder / name) for name in made if name != MANIFEST and not _free(name)}
        write_manifest(folder, Manifest(kind, target, words, jobs, bare.expected, files, bare.neurokit))
    return Bundle(Path(path), target, bare.expected, forced)


def _expected(load: Load) -> Recording:
    return api.run(load.program, load.inputs, load.steps, "simulator", (*load.program.populations, *load.states))


def _job(load: Load) -> Job:
    samples = int(next(iter(load.inputs.values())).shape[0])
    given = checksum({name: np.asarray(values) for name, values in load.inputs.items()})
    return Job(load.name, *load.files, load.steps, samples, fingerprint(load.program), given, load.states)


def _free(name: str) -> bool:
    """Whether a file may be edited without the bundle becoming another."""
    return name in (SCRIPT, "README.md", "requirements.txt")
