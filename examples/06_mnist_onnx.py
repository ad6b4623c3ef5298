"""Convert a trained ONNX model to spikes, in two codes, and see what each step more is worth.

    python examples/06_mnist_onnx.py --data ../shared/data

The model is mnist-8.onnx of the ONNX model zoo: two convolutions with ReLU and max pools, and a dense layer, on images
of 28 x 28 pixels that are 0 to 255, unscaled. onnxruntime classifies 98.91 % of MNIST's 10,000 test images with it.

In sigma-delta code every unit sends the change of its activation as one payload; the image is held, so each unit that
is active at all sends about once, and the answer is there as soon as the image has come through. In rate code units are
integrate-and-fire neurons with thresholds balanced on 256 images; the answer gets better with every step. Both are
compiled to 8-bit weights and run as integers. Steps are those of the chip, from the image's first step on, the way
through all layers included.

Result, all 10,000 images (two cores, shared with other work: 2.5 and 3 minutes):

                   steps        13       14       16       20       24       32       48       64
    sigma-delta    correct   98.92 %
                   messages   3,610
    rate           correct   97.16 %  97.97 %  98.32 %  98.74 %  98.91 %  98.85 %  98.84 %  98.83 %
                   messages   8,110    8,923   10,537   13,751   16,960   23,372   36,200   49,029

Messages are those of all populations to an image, the max pools' trees included. Activations of less than 1/256 of
their layer's range, which send nothing in sigma-delta code, would add 1,200, and correct nothing.
"""

from __future__ import annotations

import argparse
import gzip
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import neurokit as nk

SHOWN = (12, 13, 14, 16, 20, 24, 32, 48, 64)  # steps
STEPS = {"sigma-delta": 14, "rate": 64}
CALIBRATE = 256  # images, the last of the file
SAMPLES = 32  # of these, for the integers' scales
CHUNK = 250  # images run at once


def read(folder: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Images (10000, 1, 28, 28) and labels (10000,)."""
    with gzip.open(folder / "t10k-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)
    with gzip.open(folder / "t10k-labels-idx1-ubyte.gz") as file:
        return images, np.frombuffer(file.read(), np.uint8, offset=8)


def held(images: npt.NDArray[np.uint8], steps: int) -> npt.NDArray[np.uint8]:
    """Every image in each of `steps` steps."""
    return np.repeat(images[:, None], steps, axis=1)


def compiled(path: Path, code: str, images: npt.NDArray[np.uint8]) -> nk.Program:
    """The model as a Program of 8-bit weights."""
    network = nk.convert(path, code=code, calibrate=images)
    return nk.compile(network, calibrate=held(images[:SAMPLES], STEPS[code]))  # as long as it is to run


def scores(program: nk.Program, images: npt.NDArray[np.uint8], steps: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """After each step: what the outputs say (images, steps, 10), and all messages sent so far (steps,)."""
    (name,) = program.outputs
    graded = program.outputs[name].neuron.graded
    found = nk.run(program, held(images, steps), record=() if graded else ((name, "v"),))
    messages = np.sum([found.step_counts[population] for population in program.populations], axis=0).cumsum()
    if graded:  # changes add up to values
        return found.spikes[name][:].cumsum(axis=1), messages
    return found.states[name, "v"][:], messages


def main() -> None:
    """Print accuracy and messages after each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with mnist_onnx")
    parser.add_argument("--images", type=int, default=10_000, help="how many test images, the first ones")
    arguments = parser.parse_args()
    folder = arguments.data / "mnist_onnx"
    images, labels = read(folder)
    for code, steps in STEPS.items():
        started = time.perf_counter()
        program = compiled(folder / "mnist-8.onnx", code, images[-CALIBRATE:])
        print(f"{code}: converted and compiled in {time.perf_counter() - started:.1f} s, {program!r}")
        correct, messages = np.zeros(steps, np.int64), np.zeros(steps, np.int64)
        started = time.perf_counter()
        for first in range(0, arguments.images, CHUNK):
            part = slice(first, min(first + CHUNK, arguments.images))
            said, sent = scores(program, images[part], steps)
            correct += (said.argmax(axis=2) == labels[part, None]).sum(axis=0)
            messages += sent
        for step in (s for s in SHOWN if s <= steps):
            share, each = correct[step - 1] / arguments.images, messages[step - 1] / arguments.images
            print(f"  {step:3} steps: {share:7.2%} correct, {each:9,.0f} messages an image")
        print(f"  {arguments.images:,} images in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
