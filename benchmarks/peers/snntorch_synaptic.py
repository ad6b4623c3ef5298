"""snnTorch's Synaptic neuron behind torch's Linear: `python snntorch_synaptic.py DATA.npz STEPS`; see the package."""

import json
import sys
import time

import numpy as np
import snntorch
import torch

WARM_UP = 50

torch.set_num_threads(1)
data = np.load(sys.argv[1])
steps = int(sys.argv[2])
spikes = torch.from_numpy(data["spikes"].astype(np.float32))
synapses = torch.nn.Linear(*reversed(data["weight"].shape), bias=False)
synapses.weight.data = torch.from_numpy(data["weight"].astype(np.float32))
neurons = snntorch.Synaptic(
    alpha=1 - float(data["current_decay"]) / 4096,
    beta=1 - float(data["voltage_decay"]) / 4096,
    threshold=float(data["threshold"]) / 64,  # Loihi's potentials are 64 times the weights
    reset_mechanism="zero",
)


def run(count):
    """Spikes of `count` steps from rest."""
    current, potential = neurons.init_synaptic()
    total = 0.0
    for step in range(count):
        fired, current, potential = neurons(synapses(spikes[step % len(spikes)]), current, potential)
        total += float(fired.sum())
    return total


with torch.no_grad():
    run(WARM_UP)
    started = time.process_time()
    count = run(steps)
    seconds = time.process_time() - started
print(json.dumps({"seconds_per_step": seconds / steps, "rate": count / steps / data["weight"].shape[0]}))
