"""Networks in a loop of 1 kHz: a step in, a step out, and how long each took.

    python examples/04_streaming.py [--steps 5000]

Result, of three runs on two idle cores (Intel Xeon with AVX-512): PilotNet's dense layers took a median of 219 to 234
µs a step, 423 to 529 µs at the 99th percentile, and 1 to 2 of 5,000 steps missed the millisecond; the recurrent network
159 to 166 µs, 333 to 379 µs and 0 to 1. 1 to 7 of 5,000 ticks were late. No output spike differed.

Each tick a network gets the spikes of one millisecond and must answer before the next tick. Two networks: the dense
layers of NVIDIA's PilotNet (a steering angle from 2,560 inputs, weights of lava-dl's `network.net`), and 1,000
recurrent neurons. `missed` counts steps that took longer than a tick, `late` ticks whose answer came after the next one
was due, whatever was to blame: the network, Python, or a system that woke us too late because others had the core.
That the answers are those of one `nk.run` over all steps is checked at the end.
"""

from __future__ import annotations

import argparse
import time
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import neurokit as nk
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Dense

TICK = 1e-3  # seconds
SPIN = 2e-4  # seconds before a tick from which we wait awake: sleeping is not that exact
ONE_STEP = np.ones((), np.int64)


def pilotnet_dense() -> Program | None:
    """The dense layers of lava-dl's PilotNet, fed with the spikes of the last convolution; None without lava-dl."""
    try:
        files = metadata.files("lava-dl") or []
    except metadata.PackageNotFoundError:
        return None
    (path,) = (file for file in files if str(file).endswith("gts/pilotnet_lif/network.net"))
    whole = nk.compile(nk.convert(Path(str(path.locate())), inputs="spikes"))
    (entry,) = (p for p in whole.projections if p.source in whole.populations and _is_first_dense(whole, p))
    kept = {name: p for name, p in whole.populations.items() if len(p.shape) == 1}
    inside = tuple(p for p in whole.projections if p.target in kept)
    start = {entry.source: Input(entry.source, whole.shape_of(entry.source))}
    return Program(start, kept, inside, whole.outputs)


def _is_first_dense(program: Program, projection: Projection) -> bool:
    return len(program.shape_of(projection.source)) == 3 and len(program.shape_of(projection.target)) == 1


def recurrent(size: int = 1000) -> Program:
    """Neurons of which each hears a tenth of the others, a step later."""
    rng = np.random.default_rng(1)
    neuron = LoihiLIF(current_decay=np.array(1024), voltage_decay=np.array(256), threshold=np.array(64 * 400))
    population = Population("neurons", (size,), neuron)
    inward = rng.integers(20, 120, (size, 100)) * (rng.random((size, 100)) < 0.1)
    among = rng.integers(-80, 64, (size, size)) * (rng.random((size, size)) < 0.1)
    projections = (
        Projection("in", "neurons", (Dense(inward),), ONE_STEP),
        Projection("neurons", "neurons", (Dense(among),), ONE_STEP),
    )
    return Program({"in": Input("in", (100,))}, {"neurons": population}, projections, {"neurons": population})


def loop(session: nk.Session, spikes: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
    """Feed a step each tick. Gives all answers, and how many came after the next tick was due."""
    answers, late = [], 0
    due = time.perf_counter() + TICK
    for step in spikes:
        wait_until(due)
        answers.append(session.step(step))
        due += TICK
        if time.perf_counter() > due:
            late += 1
            due = time.perf_counter() + TICK  # do not run after ticks that are gone
    return np.stack(answers), late


def wait_until(due: float) -> None:
    """Sleep, and spin at the end."""
    left = due - time.perf_counter()
    if left > SPIN:
        time.sleep(left - SPIN)
    while time.perf_counter() < due:
        pass


def stream(name: str, program: Program, steps: int, rate: float = 0.1) -> None:
    """Run one network in the loop and tell how it went."""
    (node,) = program.inputs.values()
    spikes = (np.random.default_rng(2).random((steps, *node.shape)) < rate).astype(np.uint8)
    with nk.open(program) as warming:  # kernels are loaded or compiled
        for step in spikes[:50]:
            warming.step(step)
    with nk.open(program, deadline=TICK) as session:
        answers, late = loop(session, spikes)
        latency = session.latency
    differ = int((answers != nk.run(program, spikes).spikes[next(iter(program.outputs))]).sum())
    print(f"{name}: {latency}; {late} of {steps} ticks late; {differ} of {answers.size} output spikes differ")


def main() -> None:
    """Both networks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--steps", type=int, default=5000, help="ticks of a millisecond for each network")
    steps = parser.parse_args().steps
    pilotnet = pilotnet_dense()
    if pilotnet is None:
        print("PilotNet is left out: pip install --no-deps lava-dl==0.6.0 brings its weights")
    else:
        stream("PilotNet's dense layers", pilotnet, steps)
    stream("1,000 recurrent neurons", recurrent(), steps)


if __name__ == "__main__":
    main()
