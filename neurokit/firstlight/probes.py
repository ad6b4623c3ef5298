"""The micro-programs, one a suspect, each blind to the others as far as it can be: large margins, even weights.

Comments give potentials in units of synaptic input (64 of v).
"""

from __future__ import annotations

import numpy as np

from neurokit.firstlight.building import FORGETS, KEEPS, Probe, neuron, program, spikes, synapses
from neurokit.graph.graded_neurons import FixedDelta

PAYLOADS = ("payload_sign", "payload_bits")  # Loihi 1 has none


def probes(target: str) -> tuple[Probe, ...]:
    """Those that `target` has the parts for."""
    made = (
        _threshold_rule(),
        _potential_uses(),
        _refractory(),
        _accumulator(),
        _potential_limit(),
        _current_decay(),
        _voltage_decay(),
        _current_rounding(),
        _voltage_rounding(),
        _negative_shift(),
        _weight_truncation(),
        _delay_offset(),
        _bias_shift(),
        _reset_offset(),
        _reset_states(),
        _after_spike(),
        _payload_sign(),
        _payload_bits(),
    )
    return tuple(probe for probe in made if target != "loihi1" or probe.field not in PAYLOADS)


def _threshold_rule() -> Probe:
    """98, 100 and 102 once, against 100."""
    made = program({"in": 1}, {"out": (3, neuron(100))}, synapses("in", "out", [[98], [100], [102]]))
    return Probe("threshold", "threshold_rule", made, {"in": spikes(6, [1])}, 6)


def _potential_uses() -> Probe:
    """One spike, and no memory: when does the neuron fire?"""
    made = program({"in": 1}, {"out": (1, neuron(100))}, synapses("in", "out", [[200]]))
    return Probe("update-order", "potential_uses", made, {"in": spikes(6, [1])}, 6)


def _refractory() -> Probe:
    """Enough input in each of six steps."""
    made = program({"in": 1}, {"out": (1, neuron(50))}, synapses("in", "out", [[100]]))
    return Probe("refractory", "refractory_steps", made, {"in": spikes(10, range(6))}, 10)


def _accumulator() -> Probe:
    """Sums of 1 to 9 times 254 << 6 = 16256: beyond 2^15 = 32768 from 3 on, beyond 2^17 = 131072 with 9."""
    counts = (1, 2, 3, 5, 9)
    weights = np.array([[254] * k + [0] * (9 - k) for k in counts])
    neurons = {"low": (5, neuron(10_000)), "high": (5, neuron(60_000))}
    wires = [synapses("in", name, weights, 6) for name in neurons]
    made = program({"in": 9}, neurons, *wires)
    return Probe("accumulator", "accumulator", made, {"in": spikes(6, *[[1]] * 9)}, 6)


def _potential_limit() -> Probe:
    """8192 a step without leak: 2^23 / 64 = 131072 after 16 steps; the highest threshold is a unit below."""
    made = program({"in": 1}, {"out": (1, neuron(131_071, voltage=KEEPS))}, synapses("in", "out", [[128]], 6))
    return Probe("potential-limit", "potential_limit", made, {"in": spikes(24, range(22))}, 24)


def _current_decay() -> Probe:
    """2000 decays by 40/4096 for 100 steps; 1/4096 moves it by 2.5 %. Then 1344 or 1360 more: beyond 2100, or not."""
    weights = [[250, 168], [250, 170]]
    made = program({"in": 2}, {"out": (2, neuron(2100, current=40))}, synapses("in", "out", weights, 3))
    return Probe("current-decay", "current_decay_offset", made, {"in": spikes(106, [0], [100])}, 106)


def _voltage_decay() -> Probe:
    """As `_current_decay`, in v."""
    weights = [[250, 168], [250, 170]]
    made = program({"in": 2}, {"out": (2, neuron(2100, voltage=40))}, synapses("in", "out", weights, 3))
    return Probe("voltage-decay", "voltage_decay_offset", made, {"in": spikes(106, [0], [100])}, 106)


# +-3 (192 in v) decays by 24/4096 for 110 steps: to a residue r of about 80 where magnitudes round down, 85 to the
# nearest, 170 where they round up; from +-2 (128) to 18, 85, 128. Then so much that the sum is beyond 50 (3200) where
# r > 3200 - 64 p.
RESIDUES = [[2, 49], [3, 48], [-2, 51], [-3, 52]]


def _current_rounding() -> Probe:
    made = program({"in": 2}, {"out": (4, neuron(50, current=24))}, synapses("in", "out", RESIDUES))
    return Probe("current-rounding", "current_rounding", made, {"in": spikes(116, [0], [110])}, 116)


def _voltage_rounding() -> Probe:
    made = program({"in": 2}, {"out": (4, neuron(50, voltage=24))}, synapses("in", "out", RESIDUES))
    return Probe("voltage-rounding", "voltage_rounding", made, {"in": spikes(116, [0], [110])}, 116)


def _negative_shift() -> Probe:
    """A step: 10, and eight times 4 >> 3 (4 in all, or nothing each), or -4 >> 3 (-1, or 0); v adds them up."""
    neurons = {"up": (1, neuron(78, voltage=KEEPS)), "down": (1, neuron(76, voltage=KEEPS))}
    wires = [synapses("drive", name, [[10]]) for name in neurons]
    wires += [synapses("many", "up", [[4] * 8], -3), synapses("many", "down", [[-4] + [0] * 7], -3)]
    made = program({"drive": 1, "many": 8}, neurons, *wires)
    given = {"drive": spikes(16, range(14)), "many": spikes(16, *[range(14)] * 8)}
    return Probe("negative-shift", "negative_shift", made, given, 16)


def _weight_truncation() -> Probe:
    """A step: 10, and 3 (or 2), or -3 (or -4, or -2); v adds them up."""
    neurons = {"up": (1, neuron(63, voltage=KEEPS)), "down": (1, neuron(45, voltage=KEEPS))}
    wires = [synapses("drive", name, [[10]]) for name in neurons]
    wires += [synapses("odd", "up", [[3]]), synapses("odd", "down", [[-3]])]
    made = program({"drive": 1, "odd": 1}, neurons, *wires)
    given = {"drive": spikes(16, range(14)), "odd": spikes(16, range(14))}
    return Probe("weight-truncation", "weight_truncation", made, given, 16)


def _delay_offset() -> Probe:
    """One spike over delays of 1, 2 and 5 steps."""
    wire = synapses("in", "out", [[200]] * 3, delay=[[1], [2], [5]])
    made = program({"in": 1}, {"out": (3, neuron(100))}, wire)
    return Probe("delay", "delay_offset", made, {"in": spikes(12, [1])}, 12)


def _bias_shift() -> Probe:
    """20 << 2 = 80 of v a step: beyond 6 units (384) in 5 steps, or at once where it is shifted by 6 more."""
    made = program(
        {"in": 1}, {"out": (2, neuron(6, voltage=KEEPS, bias=((20, 10), 2)))}, synapses("in", "out", [[0], [2]])
    )
    return Probe("bias", "bias_shift", made, {"in": spikes(12, [])}, 12)


def _reset_offset() -> Probe:
    """10 a step without leak, and beyond 45 in five; reset before steps 3, 9, 15."""
    made = program({"in": 1}, {"out": (1, neuron(45, voltage=KEEPS, reset=(6, 3)))}, synapses("in", "out", [[10]]))
    return Probe("reset-schedule", "reset_offset", made, {"in": spikes(20, range(20))}, 20)


def _reset_states() -> Probe:
    """Reset before step 4. "pulsed": 10 a step, v adds up. "lasting": 10 once, u stays and v adds up; beyond 65."""
    neurons = {
        "pulsed": (1, neuron(65, voltage=KEEPS, reset=(0, 4))),
        "lasting": (1, neuron(65, current=KEEPS, voltage=KEEPS, reset=(0, 4))),
    }
    made = program(
        {"each": 1, "once": 1}, neurons, synapses("each", "pulsed", [[10]]), synapses("once", "lasting", [[10]])
    )
    given = {"each": spikes(16, range(16)), "once": spikes(16, [0])}
    return Probe("reset-states", "reset_states", made, given, 16)


def _after_spike() -> Probe:
    """10 a step, leak 200/4096: 28.5 after three steps from 0, 30.3 from 128 of v; beyond 29. v is recorded, too."""
    made = program({"in": 1}, {"out": (1, neuron(29, voltage=200))}, synapses("in", "out", [[10]]))
    return Probe("after-spike", "after_spike", made, {"in": spikes(20, range(18))}, 20, (("out", "v"),))


def _payload_sign() -> Probe:
    """A delta neuron sends +50 and -50, then +30 and -30; twice as much adds up in v: beyond 130, or not."""
    neurons = {"sender": (1, FixedDelta()), "out": (1, neuron(130, voltage=KEEPS))}
    made = program({"in": 2}, neurons, synapses("in", "sender", [[50, 30]]), synapses("sender", "out", [[2]]))
    return Probe("payload-sign", "payload_sign", made, {"in": spikes(12, [1], [4])}, 12)


def _payload_bits() -> Probe:
    """Payloads of 39936 and 200, beyond 16 and 8 bits; the halved double reaches 100, or not."""
    neurons = {"sender": (2, FixedDelta()), "out": (2, neuron(100, FORGETS, FORGETS))}
    made = program(
        {"large": 2, "small": 1},
        neurons,
        synapses("large", "sender", [[156, 156], [0, 0]], 7),
        synapses("small", "sender", [[0], [200]]),
        synapses("sender", "out", np.eye(2) * 2, -1),
    )
    return Probe("payload-bits", "payload_bits", made, {"large": spikes(8, [1], [1]), "small": spikes(8, [1])}, 8)
