"""One window of StereoSpike v2 at full size against torch's float32 convolutions: time, memory, equality.

A window is one input frame. The simulator runs DEPTH + 1 steps, in which the frame passes all layers (see
`stereospike`), in a child process whose largest resident memory is noted: `python -m benchmarks.scale THREADS FOLDER`.
Its time is that of a block in an open session, the second one, as a model in use has it; opening (laying the weights
out) is given by itself. Torch, in another child with its own environment, does the same layers once: resize,
convolution, comparison. Its time is that of resizes and convolutions alone, in the second of two passes. Both use the
same weights and the same frame, so the prediction and the spikes of every layer must be equal: float32 is exact for
sums below 2**24. The prediction compared is the timed one, the spikes are those of an `nk.run` of the same after it.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import neurokit as nk
from benchmarks.children import Outcome, run_child
from benchmarks.peers import SCRIPTS, TORCH
from benchmarks.results import ROOT
from benchmarks.stereospike import CHANNELS, FULL, depths, frame, layers, program, target_of
from neurokit.hardware.simulator.backend import Simulator
from neurokit.profiling.count import count

LIMIT_SECONDS = 300.0
MEMORY_ASKED = 8.0  # GB
RATIO_ASKED = 3.0
SMALL = ((33, 44), 4)  # image and channels of a trial


def compare_scale(repeats: int, small: bool = False) -> dict[str, Any]:
    """Both in turns with one thread and with two; seconds are CPU for one thread, wall for two."""
    image, channels = SMALL if small else (FULL, CHANNELS)
    folder = ROOT / "build/scale"
    _write(folder, image, channels)
    reason = TORCH.make()
    runs: dict[int, list[dict[str, Any]]] = {1: [], 2: []}
    torch: dict[int, list[dict[str, Any]]] = {1: [], 2: []}
    for _ in range(repeats):
        for threads in (1, 2):
            runs[threads].append(_result(_ours(folder, threads)))
            if reason:
                continue
            command = [str(TORCH.python), str(SCRIPTS / "torch_stereospike.py"), str(folder), str(threads)]
            outcome = run_child(command, LIMIT_SECONDS)
            reason = outcome.reason
            torch[threads] += [_result(outcome)] if not reason else []
    first = runs[1][0]
    result: dict[str, Any] = {
        "image": image,
        "steps": first["steps"],
        "neurons": first["neurons"],
        "synaptic_operations": first["synaptic_operations"],
        "rates": first["rates"],
        "cpu_s": _median(runs[1], "cpu"),
        "wall_two_s": _median(runs[2], "wall"),
        "build_s": _median(runs[1], "build"),
        "open_s": _median(runs[1], "open"),
        "memory_gb": max(run["memory"] for run in (*runs[1], *runs[2])) / 2**30,
        "memory_asked_gb": MEMORY_ASKED,
        "ratio_asked": RATIO_ASKED,
        "reason": reason,
    }
    if torch[1] and torch[2]:
        result |= {
            "torch_cpu_s": _median(torch[1], "convolutions_cpu"),
            "torch_wall_two_s": _median(torch[2], "convolutions_wall"),
            "torch_whole_cpu_s": _median(torch[1], "cpu"),
            "ratio": _median(runs[1], "cpu") / _median(torch[1], "convolutions_cpu"),
            "ratio_two": _median(runs[2], "wall") / _median(torch[2], "convolutions_wall"),
            **_equality(folder, first, torch[1][0]),
        }
    return result


def _write(folder: Path, image: tuple[int, int], channels: int) -> None:
    """Layers and frame for both children."""
    folder.mkdir(parents=True, exist_ok=True)
    made = layers(image, channels)
    plain = [
        {"name": m.name, "target": target_of(m), "sources": m.sources, "stride": m.stride, "padding": m.padding}
        | {"size": m.size, "threshold": m.threshold}
        for m in made
    ]
    shape = {"image": image, "channels": channels, "layers": plain}
    (folder / "layers.json").write_text(json.dumps(shape))
    np.savez(folder / "weights.npz", frame=frame(image), **{m.name: m.weight for m in made})


def _ours(folder: Path, threads: int) -> Outcome:
    return run_child([sys.executable, "-m", "benchmarks.scale", str(threads), str(folder)], LIMIT_SECONDS, ROOT)


def _result(outcome: Outcome) -> dict[str, Any]:
    if outcome.reason:
        raise RuntimeError(f"the simulator's run failed: {outcome.reason}")
    found: dict[str, Any] = json.loads(outcome.line)
    return found


def _median(runs: list[dict[str, Any]], name: str) -> float:
    return statistics.median(run[name] for run in runs)


def _equality(folder: Path, ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """How many pixels of the prediction and how many layers' spike counts differ."""
    mine, torch = np.load(folder / "simulator.npy"), np.load(folder / "torch.npy")
    differing = [name for name, count in ours["spikes"].items() if count != theirs["spikes"][name]]
    return {"pixels": int(mine.size), "differing_pixels": int((mine != torch).sum()), "differing_layers": differing}


def run_window(folder: Path, threads: int) -> dict[str, Any]:
    """The simulator's side, in this process."""
    shape = json.loads((folder / "layers.json").read_text())
    made = layers(tuple(shape["image"]), shape["channels"])
    started = time.process_time()
    network = program(made)
    build = time.process_time() - started
    given = frame(tuple(shape["image"]))
    steps = depths(made)["readout"] + 1
    small = np.zeros((steps, 4, *SMALL[0]), np.uint8)
    small[0] = frame(SMALL[0])
    nk.run(program(layers(*SMALL)), small, threads=threads)  # compiles the kernels
    window = np.zeros((steps, *given.shape), np.uint8)
    window[0] = given
    opening = time.process_time()
    with nk.open(network, Simulator(threads)) as session:
        opening = time.process_time() - opening
        session.step(window)
        session.reset()
        cpu, wall = time.process_time(), time.perf_counter()
        potential = session.step(window)[-1]
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    recording = nk.run(network, window, threads=threads)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    np.save(folder / "simulator.npy", potential >> 6)
    spiking = {name: p for name, p in network.populations.items() if name != "readout"}
    spikes = {name: int(recording.counts[name].sum()) for name in spiking}
    return {
        "steps": steps,
        "cpu": cpu,
        "wall": wall,
        "build": build,
        "open": opening,
        "memory": memory,
        "neurons": sum(p.size for p in network.populations.values()),
        "spikes": spikes,
        "rates": {name: spikes[name] / p.size for name, p in spiking.items()},
        "synaptic_operations": count(recording).synaptic_operations,
    }


if __name__ == "__main__":
    print(json.dumps(run_window(Path(sys.argv[2]), int(sys.argv[1]))))
