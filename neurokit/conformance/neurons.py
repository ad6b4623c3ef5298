"""What the suite tries of each neuron model that a Program may hold: the ends of every range, and random values.

A new model gets one entry in NEURONS; `suite` fails while it has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.conformance.draws import Draws
from neurokit.conformance.graded import GRADED
from neurokit.conformance.kinds import WIDTH, NeuronKind
from neurokit.conformance.lif_family import LIF_FAMILY
from neurokit.conformance.resonators import RESONATORS
from neurokit.graph.neurons import MAX_POTENTIAL, MAX_THRESHOLD_MANTISSA, FixedNeuron, LoihiLIF
from neurokit.graph.synapses import Shape

STEPS = 20


def _drive() -> NDArray[np.int64]:
    """Currents (STEPS, WIDTH) that reach the ends of u and v: a current of 2**17 is 2**23 after Loihi's shift by 6."""
    edge, most = 1 << 17, MAX_POTENTIAL
    wild = [edge, 0, edge - 1, 1, 1, edge, edge, -edge, 3 * edge, 0, most, most, -most, 1]
    x = np.zeros((STEPS, WIDTH), np.int64)
    x[: len(wild), 0] = wild
    x[: len(wild), 1] = np.negative(wild)
    x[::2, 3], x[1::3, 4] = 60, -60  # neuron 2 stays without input
    x[:, 5], x[:, 6] = edge - 1, 1 - edge  # v runs into saturation
    x[:, 7] = np.random.default_rng(7).integers(-most, most + 1, STEPS)
    return x


DRIVE = _drive()


def plain_lif(**changes: Any) -> LoihiLIF:
    """One that answers to a few spikes of weight 60."""
    return LoihiLIF(**{"current_decay": 1500, "voltage_decay": 300, "threshold": 64 * 40, **changes})


def _lif_edges() -> Iterator[tuple[str, FixedNeuron]]:
    for changes in (*_lif_values(), *_lif_resets()):
        yield ", ".join(f"{name} {value}" for name, value in changes.items()), plain_lif(**changes)
    each = np.arange(WIDTH)
    per_neuron = {
        "current_decay": each * 585,
        "voltage_decay": 4096 - each * 585,
        "threshold": each * 640,
        "bias_mantissa": each * 100 - 300,
        "bias_exponent": each - 3,
    }
    for name, values in per_neuron.items():
        yield f"{name} of each neuron its own", plain_lif(**{name: values})
    yield "reset_value of each neuron its own", plain_lif(reset_value=each - 3)
    yield "everything of each neuron its own", plain_lif(**per_neuron)


def _lif_values() -> Iterator[dict[str, Any]]:
    for decay in (0, 1, 4095, 4096):  # Lava's du is -1, 0, 4094, 4095
        yield {"current_decay": decay}
        yield {"voltage_decay": decay}
        yield {"current_decay": 4096 - decay, "voltage_decay": decay}
    for threshold in (0, 1, 63, 64 * 40 - 1, MAX_THRESHOLD_MANTISSA << 6):
        yield {"threshold": threshold}
        yield {"threshold": threshold, "current_decay": 4096, "voltage_decay": 0}
    for mantissa, exponent in ((-4096, 7), (4095, 7), (-4096, -7), (4095, -7), (-1, -3), (3, -1), (500, 0)):
        yield {"bias_mantissa": mantissa, "bias_exponent": exponent}
    yield {"emits": False}
    yield {"emits": False, "current_decay": 0, "voltage_decay": 0}


def _lif_resets() -> Iterator[dict[str, Any]]:
    for value in (-MAX_POTENTIAL, -500, 500, MAX_POTENTIAL):
        yield {"reset_value": value}
    for value in (0, 64 * 40 - 1, 64 * 40, MAX_POTENTIAL):
        yield {"reset": "soft", "reset_value": value}
    for interval, offset in ((1, 0), (1, 1), (5, 0), (5, 2), (5, 5), (5, 7), (16, 9), (0, 4)):
        yield {"reset_interval": interval, "reset_offset": offset, "bias_mantissa": 300}
    yield {"reset_interval": 5, "reset_offset": 2, "reset": "soft", "reset_value": 64 * 40}
    yield {"reset_interval": 5, "reset_offset": 2, "emits": False}
    yield {"reset_interval": 5, "reset_offset": 3, "held": True, "bias_mantissa": 300}
    yield {"reset_offset": 4, "held": True, "bias_mantissa": 300}


def _random_lif(draws: Draws, shape: Shape, readout: bool) -> LoihiLIF:
    rng = draws.generator()
    each = draws.choice(((), (), shape))
    unit = draws.choice((64, 1))
    threshold = rng.integers(1, 400 * 64 // unit, each) * unit
    reset = draws.choice(("hard", "hard", "soft"))
    usual = threshold if reset == "soft" else np.zeros((), np.int64)
    interval = draws.choice((0, 0, 1, 4, 7))
    offset = draws.choice((0, 0, 3, 9))
    return LoihiLIF(
        current_decay=rng.choice([0, 1, 400, 2048, 4095, 4096], draws.choice(((), shape))),
        voltage_decay=rng.choice([0, 1, 128, 1024, 4095, 4096], draws.choice(((), shape))),
        threshold=threshold,
        bias_mantissa=rng.integers(-100, 400, draws.choice(((), shape))),
        bias_exponent=rng.integers(-7, 7, draws.choice(((), shape))),
        reset=reset,  # type: ignore[arg-type]  # one of the two
        reset_value=draws.choice((usual, usual, rng.integers(-500, 3000, each))),
        reset_interval=interval,
        reset_offset=offset,
        held=offset > 0 and draws.one_in(4),
        emits=not (readout and draws.one_in(3)),
    )


NEURONS: Mapping[type[FixedNeuron], NeuronKind] = {
    LoihiLIF: NeuronKind(_lif_edges, _random_lif),
    **LIF_FAMILY,
    **GRADED,
    **RESONATORS,
}
