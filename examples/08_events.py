"""Classify recordings of an event camera: files to spikes, a convolutional network in integers, decisions.

    python examples/08_events.py --data ../shared/data --recordings 50

`nk.encode.read` takes the files as cameras and data sets have them (here N-MNIST's 5-byte events), `nk.encode.batch`
counts events in steps of 1 ms for the network's input, and the class with most output spikes is the decision. The
network was trained in sinabs and exported to NIR by the authors of the NIR paper. The same for one file, from a shell:

    neurokit run cnn_sinabs.nir 1.bs2 --bin 1e-3 --counts

Result: all of the first 50 recordings are classified correctly with weights of 8 bits (983 of all 1,000, see
tests/truth/test_nmnist_cnn.py).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import neurokit as nk

STEP, STEPS = 1e-3, 300  # seconds, and how many
SENSOR = (34, 34)  # rows and columns, which the files do not tell


def main() -> None:
    parser = argparse.ArgumentParser(description="Classify N-MNIST recordings with a network from sinabs.")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared/data")
    parser.add_argument("--recordings", type=int, default=50)
    arguments = parser.parse_args()
    program = nk.compile(nk.convert(arguments.data / "nir_paper/02_cnn/cnn_sinabs.nir"))
    folder = arguments.data / "nmnist_train1k"
    rows = np.loadtxt(folder / "train1K.txt", dtype=np.int64)[: arguments.recordings]

    recordings = [nk.encode.read(folder / f"{number}.bs2", size=SENSOR) for number in rows[:, 0]]
    spikes = nk.encode.batch(recordings, STEP, steps=STEPS, counts=True)
    (output,) = program.outputs
    recording = nk.run(program, spikes, steps=STEPS + program.latency[output])
    decisions = recording.aligned(output).sum(axis=1, dtype=np.int64).argmax(axis=1)

    print(f"first: {recordings[0]!r}".replace(f"{folder}/", ""))
    print(f"{sum(map(len, recordings)):,} events became {spikes.shape} spikes")
    print(f"{int((decisions == rows[:, 1]).sum())} of {len(rows)} recordings correct")


if __name__ == "__main__":
    main()
