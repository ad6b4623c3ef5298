"""Layers that `stereospike_speed` wrote out, in torch on one thread: `python torch_network.py FOLDER`."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

folder = Path(sys.argv[1])
torch.set_num_threads(1)
layers = json.loads((folder / "layers.json").read_text())
arrays = {name: torch.from_numpy(value) for name, value in np.load(folder / "arrays.npz").items()}


def run():
    """(CPU seconds of resizes and convolutions, wall seconds of all)."""
    values, convolving, wall = {"events": arrays["events"][None]}, 0.0, time.perf_counter()
    for layer in layers:
        source = values[layer["sources"][0]]
        for name in layer["sources"][1:]:
            source = source + values[name]
        began = time.process_time()
        if layer["size"]:
            source = functional.interpolate(source, size=layer["size"], mode="nearest")
        options = {"stride": layer["stride"], "padding": layer["padding"], "groups": layer["groups"]}
        total = functional.conv2d(source, arrays[f"{layer['key']}/weight"], **options)
        convolving += time.process_time() - began
        factor = arrays[f"{layer['key']}/factor"]
        if layer["kind"] == "relay":
            values[layer["name"]] = total * factor
        elif layer["kind"] == "spikes":
            values[layer["name"]] = ((total >= factor) if layer["inclusive"] else (total > factor)).float()
        else:
            values["depth"] = values.get("depth", 0.0) + total
    return convolving, time.perf_counter() - wall


with torch.no_grad():
    run()
    before = time.process_time()
    convolutions, wall_seconds = run()
    whole = time.process_time() - before
figures = {"torch": torch.__version__, "torch_cpu_s": whole, "torch_convolutions_cpu_s": convolutions}
print(json.dumps(figures | {"torch_wall_s": wall_seconds}))
