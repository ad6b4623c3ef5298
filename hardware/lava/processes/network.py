"""A whole Program as one hierarchical Lava process."""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np
from lava.magma.core.decorator import implements, tag
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neurokit.graph.network import Program
from neurokit.hardware.lava.layout import lava_shape
from neurokit.hardware.lava.plastic import SYNAPTIC


class ProgramProcess(AbstractProcess):  # type: ignore[misc]
    """A Program inside a Lava application: Lava's own LIF, Dense, Sparse, Conv ... wired as the Program says.

    inputs, outputs: ports by the Program's names, in the Program's shapes (images channels first). With one input
    its port is also `inp`, else `inp_<name>`; with one output `out`, else `out_<name>`, with every character that is
    not a letter, digit or underscore replaced by an underscore. Connect one source to an input port: Lava loses the
    turning of images where several join one port.
    states: ("name", "v") -> Var of a population, to probe or `.get()`; images are (width, height, channels).
    Of a plastic projection ("a->b", "weight"), "tag" and "tag2": (targets, sources), populations flattened.
    graded: names of the inputs whose values are not only 0 and 1.
    """

    def __init__(self, *, program: Program, graded: Collection[str] = (), name: str | None = None) -> None:
        super().__init__(program=program, graded=frozenset(graded), name=name)
        self.inputs = {n: InPort(shape=i.shape) for n, i in program.inputs.items()}
        self.outputs = {n: OutPort(shape=p.shape) for n, p in program.outputs.items()}
        self.states = {
            (n, state): Var(shape=lava_shape(p.shape), init=0)
            for n, p in program.populations.items()
            for state in p.neuron.states
        }
        for projection in program.projections:
            if projection.plasticity is not None:
                sizes = (program.shape_of(end) for end in (projection.target, projection.source))
                shape = tuple(int(np.prod(size)) for size in sizes)
                self.states |= {(projection.name, name): Var(shape=shape, init=0) for name in SYNAPTIC}
        # Lava finds ports and variables by looking through the attributes, and only there
        for attribute, port in (*_named("inp", self.inputs), *_named("out", self.outputs)):
            setattr(self, attribute, port)
        for number, variable in enumerate(self.states.values()):
            setattr(self, f"state_{number}", variable)


@implements(proc=ProgramProcess, protocol=LoihiProtocol)
@tag("fixed_pt", "bit_accurate_loihi")
class ProgramModel(AbstractSubProcessModel):  # type: ignore[misc]
    """Builds the processes inside when Lava compiles."""

    def __init__(self, proc: ProgramProcess) -> None:
        # not at the top: Lava executes this file at every compile
        from neurokit.hardware.lava.build import build_processes

        for number, process in enumerate(build_processes(proc)):
            setattr(self, f"process_{number}", process)  # where Lava looks for them


def _named(kind: str, ports: dict[str, InPort | OutPort]) -> list[tuple[str, InPort | OutPort]]:
    if len(ports) == 1:
        return [(kind, port) for port in ports.values()]
    names: dict[str, InPort | OutPort] = {}
    for name, port in ports.items():
        attribute = f"{kind}_{re.sub(r'[^0-9A-Za-z_]', '_', name)}"
        while attribute in names:
            attribute += "_"
        names[attribute] = port
    return list(names.items())
