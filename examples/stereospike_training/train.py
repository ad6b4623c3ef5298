"""Train small StereoSpikes on synthetic scenes: two cameras, one camera, and two with a penalty on spikes.

    python -m examples.stereospike_training.train --runs FOLDER --scenes FOLDER [--kind binocular ...] [--seed 0 ...]

A run is a kind and a seed. Its folder FOLDER/KIND-SEED gets `weights.npz` at the end (float16, which is what every
figure is about), `log.json` (a line an epoch) and, after each epoch, `state.pt`, from which a stopped run goes on.
Finished runs are left as they are. The settings below were chosen on the validation scenes; the test scenes are only
looked at by accuracy.py. Convolutions multiply in bfloat16 while training (three times as fast here), else in float32.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from examples.stereospike_training.data import frames
from examples.stereospike_training.network import Loss, StereoSpikeNet
from neurokit.encode import StereoFrames
from neurokit.files import written_aside
from neurokit.profiling.depth import depth_error


@dataclass(frozen=True)
class Settings:
    """How a run is trained; the paper's are in brackets where they differ and are comparable.

    channels: of the first layer (32). multiply: factor of all convolutions while training (1); a file of weights has it
    in them. epochs (30), batch (1). rate: Adam's highest (2e-4), reached after a tenth of all steps and brought down to
    0 by a cosine. firing: share of each layer's neurons that fire before anything is learnt (as torch draws weights).
    mean_share, gradients, spikes, waking, least: see Loss (1, 0.5, 0.5 where it penalises, none).
    """

    cameras: int = 2
    channels: int = 6
    multiply: float = 3.0
    epochs: int = 5
    batch: int = 8
    rate: float = 2e-3
    firing: float = 0.15
    mean_share: float = 0.5
    gradients: float = 0.5
    spikes: float = 0.0
    waking: float = 0.0
    least: float = 0.01


KINDS = {"binocular": Settings(), "monocular": Settings(cameras=1), "sparse": Settings(spikes=0.7, waking=20.0)}


def train(settings: Settings, seed: int, scenes: StereoFrames, watched: StereoFrames, folder: Path) -> None:
    """Train one network from `seed`, or go on with it; `watched` is measured after each epoch and decides nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    inputs, depth = tensors(scenes, settings.cameras)
    torch.manual_seed(seed)
    network = StereoSpikeNet(settings.channels, settings.cameras, settings.multiply, float(depth.median()))
    network = network.to(memory_format=torch.channels_last)
    network.balance(inputs[: settings.batch], settings.firing)
    optimiser = torch.optim.Adam(network.parameters(), settings.rate)
    steps = math.ceil(len(depth) / settings.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: warm(step / (steps * settings.epochs)))
    loss, log = Loss(settings.mean_share, settings.gradients, settings.spikes, settings.waking, settings.least), []
    parts = {"network": network, "optimiser": optimiser, "schedule": schedule}
    if (folder / "state.pt").exists():
        state = torch.load(folder / "state.pt", weights_only=True)
        begun_with, log = json.loads(state["settings"]), json.loads(state["log"])
        if begun_with != asdict(settings):
            raise ValueError(f"{folder} was begun with {begun_with}, not {asdict(settings)}: choose another --runs")
        for name, part in parts.items():
            part.load_state_dict(state[name])
    for epoch in range(len(log), settings.epochs):
        began, total = time.process_time(), 0.0
        draws = torch.Generator().manual_seed(seed * 1000 + epoch)
        for batch in torch.randperm(len(depth), generator=draws).split(settings.batch):
            shown, wanted = turned(inputs[batch], depth[batch], draws)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                answer = network(shown.contiguous(memory_format=torch.channels_last))
            worth = loss(answer, wanted)
            optimiser.zero_grad()
            worth.backward()
            optimiser.step()
            schedule.step()
            total += float(worth.detach())
        error = depth_error(predict(network, watched), watched.depth).mean
        line = {"epoch": epoch + 1, "loss": round(total / steps, 4), "validation_error_m": round(error, 4)}
        log.append({**line, "seconds": round(time.process_time() - began, 1)})
        with written_aside(folder / "state.pt") as aside, aside.open("wb") as stream:
            held = {name: part.state_dict() for name, part in parts.items()}
            torch.save({**held, "settings": json.dumps(asdict(settings)), "log": json.dumps(log)}, stream)
        print(folder.name, log[-1], flush=True)
    save(network, folder / "weights.npz")
    with written_aside(folder / "log.json") as aside:
        written = {"settings": asdict(settings), "seed": seed, "epochs": log}
        aside.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


def warm(share: float) -> float:
    """Share of the highest rate, `share` of the way through: up for a tenth, then a cosine down to 0."""
    return share / 0.1 if share < 0.1 else (1 + math.cos(math.pi * (share - 0.1) / 0.9)) / 2


def turned(inputs: Any, depth: Any, draws: torch.Generator) -> tuple[Any, Any]:
    """A batch as it is, upside down, or in negative (ON and OFF exchanged): both leave left and right alone."""
    upside_down, negative = torch.rand(2, generator=draws) < 0.5
    if upside_down:
        inputs, depth = inputs.flip(2), depth.flip(2)
    if negative:
        inputs = inputs[:, [channel ^ 1 for channel in range(inputs.shape[1])]]
    return inputs, depth


def tensors(scenes: StereoFrames, cameras: int) -> tuple[Any, Any]:
    """Inputs (n, 2 * cameras, rows, columns) and depth (n, 1, rows, columns)."""
    return torch.tensor(scenes.counts[:, : 2 * cameras], dtype=torch.float32), torch.tensor(scenes.depth[:, None])


def predict(network: StereoSpikeNet, scenes: StereoFrames, swapped: bool = False) -> NDArray[np.float32]:
    """(n, rows, columns) metres in float32; swapped: the left camera's events in the place of the right one's."""
    inputs, _ = tensors(scenes, network.bottom[0].in_channels // 2)
    if swapped:
        inputs = inputs.roll(2, dims=1)
    with torch.no_grad():
        return torch.cat([network(part).depths[-1][:, 0] for part in inputs.split(20)]).numpy()


def save(network: StereoSpikeNet, path: Path) -> None:
    """Weights as float16 under the names of the paper's code, the factor taken into them, so that it is 1 as there."""
    held = {name: (value * network.multiply).numpy().astype(np.float16) for name, value in network.state_dict().items()}
    with written_aside(path) as aside, aside.open("wb") as stream:
        np.savez_compressed(stream, **held)


def load(path: Path) -> StereoSpikeNet:
    """A network with the weights that `save` wrote."""
    with np.load(path, allow_pickle=False) as file:
        held = {name: torch.tensor(file[name].astype(np.float32)) for name in file.files}
    channels, inputs = held["bottom.0.weight"].shape[:2]
    network = StereoSpikeNet(channels, inputs // 2, 1.0, 0.0)
    network.load_state_dict(held)
    return network


def main() -> None:
    """Train the runs that are asked for, one after the other."""
    parser = argparse.ArgumentParser(description="Train small StereoSpikes on synthetic scenes.")
    parser.add_argument("--runs", type=Path, required=True, help="folder of what is trained")
    parser.add_argument("--scenes", type=Path, required=True, help="folder of the scenes, made where missing")
    parser.add_argument("--kind", choices=KINDS, nargs="+", default=list(KINDS))
    parser.add_argument("--seed", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--epochs", type=int, help="fewer or more than the settings say")
    options = parser.parse_args()
    torch.set_num_threads(1)
    training, validation = (frames(which, options.scenes) for which in ("training", "validation"))
    for seed in options.seed:
        for kind in options.kind:
            folder = options.runs / f"{kind}-{seed}"
            if not (folder / "log.json").exists():
                settings = replace(KINDS[kind], epochs=options.epochs or KINDS[kind].epochs)
                train(settings, seed, training, validation, folder)


if __name__ == "__main__":
    main()
