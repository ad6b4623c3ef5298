"""Train with lava-dl's SLAYER, export `.net`, convert, and follow the network down to Lava: accuracy on every rung.

    python examples/05_slayer_nmnist.py

Result (seed 0, 25 epochs; 53 s of processor time, 228 s on a machine shared by ten):

    SLAYER, float      168 of 200 right (84.0 %)
    SLAYER, quantised  174 of 200 right (87.0 %)
    Program            174 of 200 right (87.0 %), 0 of 100000 spikes differ
    netx on Lava       7 of 8 right (87.5 %), 0 of 4000 spikes differ

A network 578-100-10 of SLAYER's CUBA neurons learns N-MNIST recordings (../shared/data/nmnist_train1k: 800 to train
on, 200 to test; without them scikit-learn's digits, 64-100-10) with its weights rounded in the forward pass, as
SLAYER does: even mantissas of 8 bits. Events are pooled 2 by 2 to 17 x 17 places of two polarities and to 50 steps
of 6 ms, 0 or 1. A digit is the output neuron with most spikes.

    SLAYER, float      the trained weights unrounded (the neurons' states are integers even so)
    SLAYER, quantised  what was trained
    Program            the exported file, converted and compiled, on the simulator
    netx on Lava       the same file through lava-dl's own reader, in Lava's runtime, a few recordings

From SLAYER's quantised forward on all rungs are the same network: the example counts spikes that differ, and there must
be none. `fires=">"` says that this lava-dl compares with `>`; older ones, whose files look alike, did with `>=`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits

import neurokit as nk
from neurokit import encode

with contextlib.redirect_stdout(io.StringIO()):  # it prints what is missing for an object detection demo
    import lava.lib.dl.slayer as slayer

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "data" / "nmnist_train1k"
STEPS, BIN, SENSOR, PLACES = 50, 6e-3, (34, 34), (2, 17, 17)
HIDDEN, CLASSES, BATCH = 100, 10, 32
LATENCY = 2  # steps from an input to the output: one a layer
TRUE_RATE, FALSE_RATE = 0.3, 0.02  # spikes a step that the right output neuron should send, and the others
NEURON = {
    "threshold": 1.25,
    "current_decay": 0.25,
    "voltage_decay": 0.03,
    "tau_grad": 0.03,
    "scale_grad": 3,
    "requires_grad": False,
}
NETX_SECONDS = 300

Spikes = NDArray[np.uint8]


@dataclass(frozen=True)
class Data:
    """spikes: (n, STEPS, inputs) uint8, 0 or 1. labels: (n,). train: how many come first, to train on."""

    spikes: Spikes
    labels: NDArray[np.int64]
    train: int


def recordings(count: int) -> Data:
    """The first `count` N-MNIST recordings, 4 of 5 to train on; digits where there are none."""
    if not RECORDINGS.exists():
        return digits(count)
    rows = [line.split() for line in (RECORDINGS / "train1K.txt").read_text().splitlines()[1 : count + 1]]
    events = [replace(encode.read(RECORDINGS / f"{number}.bs2"), size=SENSOR) for number, _ in rows]
    spikes = encode.batch(events, BIN, steps=STEPS, shape=PLACES, fit="pool")
    labels = np.array([int(label) for _, label in rows])
    return Data(spikes.reshape(len(rows), STEPS, -1), labels, len(rows) * 4 // 5)


def digits(count: int) -> Data:
    """Scikit-learn's 8 x 8 digits: a pixel p of 0 to 16 spikes p / 32 times a step, evenly."""
    images, labels = load_digits(return_X_y=True)
    chosen = np.random.default_rng(0).permutation(len(images))[:count]
    spikes = encode.Regular(STEPS).encode(images[chosen] / 32, batched=True)
    return Data(spikes, labels[chosen], len(chosen) * 4 // 5)


class Network(torch.nn.Module):
    """Two dense blocks of CUBA neurons."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        dense = slayer.block.cuba.Dense
        self.blocks = torch.nn.ModuleList(
            [dense(NEURON, inputs, HIDDEN, weight_scale=2), dense(NEURON, HIDDEN, CLASSES, weight_scale=2)]
        )

    def forward(self, spikes: torch.Tensor) -> torch.Tensor:
        """(n, inputs, STEPS) to (n, CLASSES, STEPS)."""
        for block in self.blocks:
            spikes = block(spikes)
        return spikes

    def export(self, path: Path) -> Path:
        """Write a `.net` file."""
        with h5py.File(path, "w") as file:
            for index, block in enumerate(self.blocks):
                block.export_hdf5(file.create_group(f"layer/{index}"))
        return path


def train(network: Network, data: Data, epochs: int, seed: int) -> None:
    """SLAYER's surrogate gradient and its loss of spike rates, by Adam."""
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    loss = slayer.loss.SpikeRate(true_rate=TRUE_RATE, false_rate=FALSE_RATE, reduction="sum")
    for _ in range(epochs):
        order = rng.permutation(data.train)
        for batch in np.array_split(order, -(-data.train // BATCH)):
            wrong = loss(network(as_tensor(data.spikes[batch])), torch.from_numpy(data.labels[batch]))
            optimizer.zero_grad()
            wrong.backward()
            optimizer.step()


def as_tensor(spikes: Spikes) -> torch.Tensor:
    """SLAYER has time last, in floats."""
    return torch.from_numpy(np.moveaxis(spikes, 1, -1).astype(np.float32))


def slayers(network: Network, spikes: Spikes) -> Spikes:
    """What SLAYER's output sends, (n, STEPS, CLASSES)."""
    with torch.no_grad():
        return np.asarray(np.moveaxis(network.eval()(as_tensor(spikes)).numpy(), -1, 1), np.uint8)


@contextlib.contextmanager
def unrounded(network: Network) -> Any:
    """SLAYER's network with the weights as they were trained, not as they are rounded."""
    hooks = [block.synapse.pre_hook_fx for block in network.blocks]
    try:
        for block in network.blocks:
            block.synapse.pre_hook_fx = None
        yield
    finally:
        for block, hook in zip(network.blocks, hooks, strict=True):
            block.synapse.pre_hook_fx = hook


def netx(path: Path, spikes: Spikes) -> Spikes:
    """What netx's output sends, (n, STEPS, CLASSES), from Lava's runtime in a process group that may be ended."""
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "given.npy", Path(folder) / "found.npy"
        np.save(given, spikes)
        command = [sys.executable, "-W", "ignore", __file__, "--netx", str(path), str(given), str(found)]
        with subprocess.Popen(command, start_new_session=True) as process:
            try:
                if process.wait(timeout=NETX_SECONDS) != 0:
                    raise SystemExit("netx failed, see above")
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # Lava has a process for each layer
                raise SystemExit(f"netx took longer than {NETX_SECONDS} s") from None
        return np.asarray(np.load(found), np.uint8)


def run_netx(path: str, given: str, found: str) -> None:
    """The other process: all recordings in one run, before each of which netx resets layer after layer.

    An output neuron is reset LATENCY steps after its recording began; until then it sends what the one before caused.
    """
    from lava.lib.dl.netx.hdf5 import Network as Netx
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.io.sink import RingBuffer as Sink
    from lava.proc.io.source import RingBuffer as Source

    spikes = np.load(given)
    data = spikes.reshape(-1, spikes.shape[-1]).T.astype(np.int32)
    network = Netx(path, reset_interval=STEPS, reset_offset=1)
    source, sink = Source(data=data), Sink(shape=network.out.shape, buffer=data.shape[1])
    source.s_out.connect(network.inp)
    network.out.connect(sink.a_in)
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            network.run(condition=RunSteps(num_steps=data.shape[1]), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
            sent = np.asarray(sink.data.get().T, np.uint8).reshape(len(spikes), STEPS, CLASSES)
        finally:
            network.stop()
    sent[:, :LATENCY] = 0
    np.save(found, sent)


def main(argv: list[str] | None = None) -> None:
    """Train, export, convert, compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--recordings", type=int, default=1000)
    parser.add_argument("--in-lava", type=int, default=8, help="recordings that netx runs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="where the `.net` file stays")
    parser.add_argument("--netx", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.netx:
        run_netx(*options.netx)
        return
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)  # steps are too small to share
    data = recordings(options.recordings)
    network = Network(data.spikes.shape[-1])
    began = time.perf_counter()
    train(network, data, options.epochs, options.seed)
    print(f"{options.epochs} epochs on {data.train} recordings in {time.perf_counter() - began:.0f} s")
    with tempfile.TemporaryDirectory() as folder:
        compare(network, data, options.out or Path(folder) / "nmnist.net", options.in_lava)


def compare(network: Network, data: Data, path: Path, in_lava: int) -> None:
    """Accuracy on the held-out recordings, rung by rung, and spikes that differ from the rung before."""
    spikes, labels = data.spikes[data.train :], data.labels[data.train :]

    def told(name: str, sent: Spikes, before: Spikes | None = None) -> Spikes:
        right = int((sent.sum(axis=1).argmax(axis=1) == labels[: len(sent)]).sum())
        differ = "" if before is None else f", {int((sent != before[: len(sent)]).sum())} of {sent.size} spikes differ"
        print(f"{name:18} {right} of {len(sent)} right ({100 * right / len(sent):.1f} %){differ}")
        return sent

    with unrounded(network):
        told("SLAYER, float", slayers(network, spikes))
    quantised = told("SLAYER, quantised", slayers(network, spikes))
    program = nk.compile(nk.convert(network.export(path), fires=">"))
    (output,) = program.outputs
    ours = told("Program", nk.run(program, spikes).spikes[output], quantised)
    if in_lava:
        told("netx on Lava", netx(path, spikes[:in_lava]), ours)


if __name__ == "__main__":
    main()
