"""brian2-loihi, Loihi's neurons and synapses in Brian 2: `python brian_cython.py DATA.npz STEPS`; see the package."""

import json
import sys
import time

import brian2
import brian2_loihi as loihi
import numpy as np

WARM_UP = 20

brian2.prefs.codegen.target = "cython"
data = np.load(sys.argv[1])
steps = int(sys.argv[2])
spikes, weight = data["spikes"], data["weight"]
targets, sources = weight.shape
whole = np.tile(spikes, (-(-(steps + WARM_UP) // len(spikes)), 1))[: steps + WARM_UP]
when, which = np.nonzero(whole)

source = loihi.LoihiSpikeGeneratorGroup(sources, which, when)
target = loihi.LoihiNeuronGroup(
    targets,
    refractory=1,
    threshold_v_mant=int(data["threshold"]) // 64,
    decay_v=int(data["voltage_decay"]),
    decay_I=int(data["current_decay"]),
)
synapses = loihi.LoihiSynapses(source, target, sign_mode=loihi.synapse_sign_mode.MIXED)
synapses.connect(p=1.0)
synapses.w = weight[np.array(synapses.j), np.array(synapses.i)]
monitor = brian2.SpikeMonitor(target)
network = loihi.LoihiNetwork(source, target, synapses, monitor)

network.run(WARM_UP)
started = time.process_time()
network.run(steps)
seconds = time.process_time() - started
print(json.dumps({"seconds_per_step": seconds / steps, "rate": monitor.num_spikes / (steps + WARM_UP) / targets}))
