"""A Program as a Lava process, to wire into any Lava application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurokit.errors import BackendError
from neurokit.graph.check import check_program, need_program
from neurokit.graph.network import Program
from neurokit.hardware.lava import loading
from neurokit.hardware.lava.plastic import plastic_faults

if TYPE_CHECKING:
    from neurokit.hardware.lava.processes.network import ProgramProcess


def to_lava(program: Program, *, graded: bool = False, name: str | None = None) -> ProgramProcess:
    """A process with ports `inp` and `out` that holds the Program's processes; see ProgramProcess for several.

    Ports have the Program's shapes: (n,), or (channels, height, width) for images. A spike put into `inp` at a step
    shows at `out` as many steps later as `program.latency` says. Run it with a configuration that selects integers,
    `Loihi2SimCfg(select_tag="fixed_pt")`.

    graded: whether inputs carry integer payloads; otherwise Lava takes every value but 0 as a spike.
    Errors: BackendError without Lava, and for learning that it cannot hold; GraphError for an unsound Program,
    InputError for anything else.
    """
    check_program(need_program(program))
    faults = plastic_faults(program)
    if faults:
        raise BackendError(faults)
    loading.load()
    with loading.quiet():
        from neurokit.hardware.lava.processes.network import ProgramProcess

        return ProgramProcess(program=program, graded=program.inputs if graded else (), name=name)
