"""nengo-loihi's emulator of Loihi: `python nengo_loihi_emulator.py DATA.npz STEPS`; see the package.

Input spikes come from host neurons that fire in each step in which they are told to. Neurons are cut into blocks of
50, since 1000 inputs of a larger one exceed a core's synaptic memory, which the emulator checks.
"""

import json
import sys
import time

import nengo
import nengo_loihi
import numpy as np

WARM_UP = 20
DT = 0.001
FIRES = 1.00001  # a little above what makes a host neuron fire once, so that rounding cannot lose a spike
SCALE = 0.00035  # nengo's weights are of threshold 1; brings the output rate near the others'

data = np.load(sys.argv[1])
steps = int(sys.argv[2])
spikes, weight = data["spikes"], data["weight"]
targets, sources = weight.shape
tau_current, tau_voltage = (-DT / np.log(1 - data[name] / 4096) for name in ("current_decay", "voltage_decay"))

with nengo.Network(seed=0) as network:
    nengo_loihi.add_params(network)
    told = nengo.Node(lambda t: spikes[(round(t / DT) - 1) % len(spikes)] * (FIRES / DT), size_out=sources)
    source = nengo.Ensemble(
        sources, 1, neuron_type=nengo.SpikingRectifiedLinear(), gain=np.ones(sources), bias=np.zeros(sources)
    )
    network.config[source].on_chip = False
    nengo.Connection(told, source.neurons, synapse=None)
    neuron = nengo_loihi.neurons.LoihiLIF(tau_rc=float(tau_voltage), tau_ref=DT)
    target = nengo.Ensemble(targets, 1, neuron_type=neuron, gain=np.ones(targets), bias=np.zeros(targets))
    network.config[target].block_shape = nengo_loihi.BlockShape((50,), (targets,))
    nengo.Connection(source.neurons, target.neurons, transform=weight * SCALE, synapse=float(tau_current))
    fired = nengo.Probe(target.neurons)

with nengo_loihi.Simulator(network, target="sim", progress_bar=False, dt=DT) as simulator:
    simulator.run_steps(WARM_UP)
    started = time.process_time()
    simulator.run_steps(steps)
    seconds = time.process_time() - started
    rate = float(simulator.data[fired].mean() * DT)
print(json.dumps({"seconds_per_step": seconds / steps, "rate": rate}))
