"""Build a network by hand from integer weights that somebody trained for Loihi, and classify event-camera recordings.

    python examples/02_nmnist_mlp_by_hand.py --data ../shared/data

The weights are SLAYER's example for Loihi 1 (github.com/bamsumit/slayerPytorch, exampleLoihi/02_NMNIST): two text files
for 2312-512-10, one integer a line, rows [target][source]. `network.yaml` beside them gives the neuron: iDecay 1024,
vDecay 128, vThMant 80, type LOIHI, which fires at v > 64 vThMant and resets to zero, and an axonal delay of one step,
which is the step that every connection of the chip takes. Nothing has to be converted or quantised: the Network is
written down with `LoihiLIF` and `Dense`, saved and loaded again, compiled (integers pass through) and run.

A recording becomes 350 steps of 1 ms as in SLAYER: the time is rounded, several events of a pixel in one step count
once, and the input is flattened in the order (polarity, row, column): p * 1156 + y * 34 + x.

Result: 1000 of the 1,000 recordings are classified correctly, with 145 output spikes each, in 6 s on one core, files
and all. They are the recordings that SLAYER's example trains on, so this says nothing about others. Every spike equals
SLAYER's arithmetic written out in numpy (`tests/truth/test_nmnist_mlp.py`).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import neurokit as nk
from neurokit.graph.network import Input, Population, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Dense

STEP = 1e-3  # seconds
STEPS = 350
SIDE, POLARITIES = 34, 2
SIZES = (POLARITIES * SIDE * SIDE, 512, 10)
CHUNK = 100  # recordings run at once


def build_network(folder: Path) -> nk.Network:
    """The Network, from NMNISTFc1.txt and NMNISTFc2.txt in `folder`."""
    neuron = LoihiLIF(
        current_decay=np.array(1024),
        voltage_decay=np.array(128),
        threshold=np.array(80 * 64),
    )
    hidden = Population("hidden", (SIZES[1],), neuron)
    output = Population("output", (SIZES[2],), neuron)
    return nk.Network(
        inputs={"input": Input("input", (SIZES[0],))},
        populations={"hidden": hidden, "output": output},
        projections=(
            Projection("input", "hidden", (Dense(read_weights(folder / "NMNISTFc1.txt", 0)),), np.array(STEP)),
            Projection("hidden", "output", (Dense(read_weights(folder / "NMNISTFc2.txt", 1)),), np.array(STEP)),
        ),
        outputs={"output": output},
        dt=STEP,
        source="SLAYER, exampleLoihi/02_NMNIST",
    )


def read_weights(path: Path, layer: int) -> npt.NDArray[np.int64]:
    """Weights (targets, sources) of layer 0 or 1."""
    return np.loadtxt(path).astype(np.int64).reshape(SIZES[layer + 1], SIZES[layer])


def read_recordings(folder: Path, count: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """0/1 spikes (count, 350, 2312) of the first `count` recordings that train1K.txt lists, and their classes."""
    rows = np.loadtxt(folder / "train1K.txt", dtype=np.int64)[:count]
    spikes = np.zeros((len(rows), STEPS, POLARITIES, SIDE, SIDE), np.uint8)
    for recording, number in zip(spikes, rows[:, 0], strict=True):
        x, y, *rest = np.fromfile(folder / f"{number}.bs2", np.uint8).reshape(-1, 5).astype(np.int64).T
        polarity, microseconds = rest[0] >> 7, (rest[0] & 127) << 16 | rest[1] << 8 | rest[2]
        step = np.round(microseconds / 1000).astype(np.int64)
        seen = step < STEPS
        recording[step[seen], polarity[seen], y[seen], x[seen]] = 1
    return spikes.reshape(len(rows), STEPS, SIZES[0]), rows[:, 1]


def saved_and_loaded(network: nk.Network) -> nk.Network:
    """The Network as it comes back from a `.nk` file."""
    with tempfile.TemporaryDirectory() as folder:
        network.save(Path(folder) / "nmnist_mlp.nk")
        return nk.convert(Path(folder) / "nmnist_mlp.nk")


def count_spikes(program: nk.Program, spikes: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Output spikes (recordings, 10) over the 350 steps."""
    parts = [nk.run(program, spikes[first : first + CHUNK]).counts["output"] for first in range(0, len(spikes), CHUNK)]
    return np.concatenate(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description="Classify N-MNIST recordings with a network built by hand.")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared/data")
    parser.add_argument("--recordings", type=int, default=1000)
    arguments = parser.parse_args()
    program = nk.compile(saved_and_loaded(build_network(arguments.data / "loihi_nmnist_mlp")))
    spikes, labels = read_recordings(arguments.data / "nmnist_train1k", arguments.recordings)
    started = time.perf_counter()
    counts = count_spikes(program, spikes)
    correct = int((counts.argmax(axis=1) == labels).sum())
    print(f"runs on: {', '.join(program.targets)}")
    print(f"{correct} of {len(labels)} recordings correct, {time.perf_counter() - started:.1f} s")
    print(f"output spikes of a recording: {counts.sum() / len(labels):.1f}")


if __name__ == "__main__":
    main()
