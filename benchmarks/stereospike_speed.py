"""One window of StereoSpike through the converter, 260x346, against the same network's float32 forward in torch.

`python -m benchmarks.stereospike_speed [--checkpoint FILE]`: v2 with random weights (`benchmarks.stereospike`), and
v3 with the weights of an int8 checkpoint where one is given. The simulator runs the pipeline in an open session, after
a first window that does not count; torch, in another process, the second of two passes of resizes, convolutions and
comparisons, and of the convolutions alone. The two take turns, three times. CPU seconds with one thread, medians.
It prints a line of JSON for each network.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import neurokit as nk
from benchmarks.children import run_child
from benchmarks.results import ROOT
from benchmarks.stereospike import CHANNELS, FULL, Layer, frame, layers, target_of
from neurokit.graph.graded_neurons import Relay
from neurokit.graph.synapses import Upsample2d
from neurokit.hardware.simulator.backend import Simulator

LIMIT_SECONDS = 900.0
ROUNDS = 3
V3_RATE = 0.105  # counts of a window of 50 ms; v3 sees two


def state_dict(made: list[Layer]) -> dict[str, np.ndarray[Any, Any]]:
    """Keys and weights of v2; neurons fire where the sum of whole weights exceeds the layer's threshold."""
    found = {}
    for layer in made:
        name = layer.name.replace("block1", "bottleneck.0.conv").replace("block2", "bottleneck.1.conv")
        name = f"{name[:-1]}{'ab'.index(name[-1]) + 1}" if layer.name.startswith("block") else name
        if target_of(layer) == "readout":
            key = f"predict_depth{layer.name[-1]}.0.up.1"
            found |= {f"{key}.weight": layer.weight / 100.0, f"{key}.bias": np.ones(1)}
            continue
        key = f"{name}.0.up.1.weight" if layer.size else f"{name}.0.weight"
        found[key] = layer.weight / (layer.threshold + 1.0)
    return found


def written_out(network: nk.Network) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The layers of a converted Network in order, and their arrays, as the torch process takes them."""
    made, arrays = [], {}
    for name, population in network.populations.items():
        merged: dict[bytes, list[Any]] = {}
        for p in network.incoming(name):
            merged.setdefault(p.synapses[-1].weight.tobytes(), []).append(p)
        for k, found in enumerate(merged.values()):
            maps = found[0].synapses
            convolution: Any = maps[-1]
            size = maps[0].size if isinstance(maps[0], Upsample2d) else None
            key = f"{name}/{k}"
            arrays[f"{key}/weight"] = convolution.weight.astype(np.float32)
            neuron: Any = population.neuron
            kind = "relay" if isinstance(neuron, Relay) else "spikes" if neuron.spiking else "depth"
            factor = neuron.gain if kind == "relay" else neuron.threshold if kind == "spikes" else np.zeros(())
            arrays[f"{key}/factor"] = factor.astype(np.float32)
            made.append(
                {"name": name, "key": key, "kind": kind, "sources": [p.source for p in found], "size": size}
                | {"stride": convolution.stride, "padding": convolution.padding, "groups": convolution.groups}
                | {"inclusive": getattr(neuron, "fires", "") == ">="}
            )
    return made, arrays


def measure(title: str, network: nk.Network, program: nk.Program, events: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Both sides on one window, in turns: medians of ROUNDS."""
    window = program.presented(events[None])
    made, arrays = written_out(network)
    ours: list[float] = []
    theirs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, nk.open(program, Simulator(1)) as session:
        (Path(folder) / "layers.json").write_text(json.dumps(made))
        np.savez(Path(folder) / "arrays.npz", events=events.astype(np.float32), **arrays)
        command = [sys.executable, str(ROOT / "benchmarks/peers/torch_network.py"), folder]
        session.step(window)
        for _ in range(ROUNDS):
            session.reset()
            began = time.process_time()
            session.step(window)
            ours.append(time.process_time() - began)
            outcome = run_child(command, LIMIT_SECONDS, ROOT)
            if outcome.reason:
                return {"network": title, "cpu_s": ours, "reason": outcome.reason}
            theirs.append(json.loads(outcome.line))
    medians = {key: float(np.median([each[key] for each in theirs])) for key in theirs[0] if key != "torch"}
    cpu = float(np.median(ours))
    return {
        "network": title,
        "neurons": sum(p.size for p in program.populations.values()),
        "steps": len(window),
        "cpu_s": cpu,
        "all_cpu_s": ours,
        "memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "torch": theirs[0]["torch"],
        **medians,
        "all_torch_cpu_s": [each["torch_cpu_s"] for each in theirs],
        "ratio": cpu / medians["torch_cpu_s"],
        "ratio_convolutions": cpu / medians["torch_convolutions_cpu_s"],
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, help="an int8 StereoSpike v3 (.pth)")
    parser.add_argument("--size", type=int, nargs=2, default=FULL, metavar=("ROWS", "COLUMNS"))
    parser.add_argument("--channels", type=int, default=CHANNELS, help="of v2's first layer")
    options = parser.parse_args(arguments)
    size = tuple(options.size)
    if options.checkpoint is not None:
        counts = np.random.default_rng(0).poisson(2 * V3_RATE, (4, *size))
        network = nk.convert(options.checkpoint, kind="stereospike", shape=(4, *size))
        program = nk.compile(network, calibrate=counts[None])
        print(json.dumps(measure("v3, int8 weights", network, program, counts)), flush=True)
    network = nk.convert(state_dict(layers(size, options.channels)), shape=(4, *size))
    print(json.dumps(measure("v2, random weights", network, nk.compile(network), frame(size))), flush=True)


if __name__ == "__main__":
    main()
