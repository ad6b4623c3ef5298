"""The layers of `benchmarks.stereospike` in torch: `python torch_stereospike.py FOLDER THREADS`; see `scale`.

FOLDER holds layers.json and weights.npz, and is given torch.npy, the prediction.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

folder, threads = Path(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
layers = json.loads((folder / "layers.json").read_text())["layers"]
data = np.load(folder / "weights.npz")
weights = {layer["name"]: torch.from_numpy(data[layer["name"]].astype(np.float32)) for layer in layers}
frame = torch.from_numpy(data["frame"].astype(np.float32))[None]


class Clock:
    """CPU and wall seconds inside `with`, summed."""

    def __init__(self):
        self.cpu = self.wall = 0.0

    def __enter__(self):
        self.began = time.process_time(), time.perf_counter()

    def __exit__(self, *_):
        self.cpu += time.process_time() - self.began[0]
        self.wall += time.perf_counter() - self.began[1]


def run(clock):
    """Prediction, and spikes of each layer; `clock` counts resizes and convolutions."""
    values, prediction, spikes = {"in": frame}, 0.0, {}
    for layer in layers:
        source = sum(values[name] for name in layer["sources"])
        with clock:
            if layer["size"]:
                source = functional.interpolate(source, size=layer["size"], mode="nearest")
            total = functional.conv2d(source, weights[layer["name"]], stride=layer["stride"], padding=layer["padding"])
        if layer["target"] == "readout":
            prediction = prediction + total
            continue
        fired = (total > layer["threshold"]).float()
        values[layer["name"]] = fired
        spikes[layer["name"]] = fired
    return prediction, spikes


with torch.no_grad():
    run(Clock())
    convolutions, whole = Clock(), Clock()
    with whole:
        prediction, spikes = run(convolutions)
np.save(folder / "torch.npy", prediction[0].numpy().astype(np.int64))
print(
    json.dumps(
        {
            "cpu": whole.cpu,
            "wall": whole.wall,
            "convolutions_cpu": convolutions.cpu,
            "convolutions_wall": convolutions.wall,
            "spikes": {name: int(fired.sum(dtype=torch.float64)) for name, fired in spikes.items()},
        }
    )
)
