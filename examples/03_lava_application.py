"""Wire a converted network into an application of Lava's own: source -> network -> sink, run by Lava's runtime.

    python examples/03_lava_application.py

Result: for the first held-out image, a 2, the output counts are [0, 5, 11, 0, 0, 0, 0, 0, 3, 0]; 0 of 350 output spikes
differ between Lava and the simulator.

`nk.to_lava` gives an ordinary Lava process: connect its ports, run it with any run configuration that selects
fixed-point models, stop it. Ports have the Program's shapes; an input spike of step t shows at the output
`program.latency` steps later at the earliest.
"""

from __future__ import annotations

from importlib import resources

import numpy as np
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from numpy.typing import NDArray

import neurokit as nk
from neurokit.demo import DT, STEPS, digits


def run_in_lava(program: nk.Program, spikes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Output spikes (steps, 10) of one sample (steps, 1, 8, 8) in Lava's multi-process runtime."""
    source = Source(data=np.moveaxis(spikes.astype(np.int32), 0, -1))  # Lava has time last
    network = nk.to_lava(program)
    sink = Sink(shape=network.out.shape, buffer=len(spikes))
    source.s_out.connect(network.inp)
    network.out.connect(sink.a_in)
    try:
        network.run(condition=RunSteps(num_steps=len(spikes)), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
        return np.asarray(sink.data.get().T, np.int64)
    finally:
        network.stop()  # without it Lava's processes outlive the program


def main() -> None:
    """Run one digit both ways."""
    with resources.as_file(resources.files("neurokit") / "data" / "digits.nir") as file:
        program = nk.compile(nk.convert(file, dt=DT))
    images, labels = digits()
    late = max(program.latency.values())
    spikes = np.pad(images[0], ((0, late), (0, 0), (0, 0), (0, 0)))
    in_lava = run_in_lava(program, spikes)
    here = nk.run(program, spikes).spikes["lif3"]
    counts = in_lava[late:].sum(axis=0)
    print(f"{STEPS} steps of a {labels[0]}: Lava counts {counts.tolist()}, so it is a {counts.argmax()}")
    print(f"{int((in_lava != here).sum())} of {here.size} output spikes differ from the simulator's")


if __name__ == "__main__":
    main()
