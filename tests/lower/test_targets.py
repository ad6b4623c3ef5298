"""Which targets take a Program, and what each lacks."""

from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import InputError
from neurokit.graph.network import Projection
from neurokit.graph.neurons import IF, Integrator, LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense, Injection
from neurokit.lower.targets import TARGETS, target_faults, targets_of
from tests.networks import joined, network

EYE = Dense(np.eye(2))
CHIPS = ("loihi2-stock", "loihi1")


def with_neuron(**changes):
    program = nk.compile(network((EYE, IF())))
    neuron = LoihiLIF(**{"current_decay": 4096, "voltage_decay": 0, "threshold": 640, **changes})
    populations = {"p0": replace(program.populations["p0"], neuron=neuron)}
    return replace(program, populations=populations, outputs=populations)


@pytest.mark.parametrize("neuron", [IF(), IF(v_reset=0.0), Integrator()])
def test_stock_parts_run_everywhere(neuron):
    assert nk.compile(network((EYE, neuron))).targets == TARGETS


@pytest.mark.parametrize(("changes", "fact"), [
    ({"threshold": 639}, "'p0': threshold 639 is no multiple of 64; the chip's LIF takes a 17-bit mantissa << 6"),
    ({"reset": "soft", "reset_value": 640}, "'p0': resets by subtraction; the chip's stock LIF resets to zero"),
    ({"reset_value": -64}, "'p0': resets to a value other than rest; the chip's stock LIF resets to zero"),
    ({"bias_exponent": -1}, "'p0': has a negative bias exponent; the chip holds 0 to 7"),
    ({"threshold": [64, 128]}, "'p0': threshold differs between neurons; the chip's stock LIF shares one a population"),
    ({"voltage_decay": [1, 2]}, "'p0': voltage_decay differs between neurons"),
    ({"current_decay": [1, 2]}, "'p0': current_decay differs between neurons"),
    ({"reset_interval": 2, "reset_offset": 3}, "'p0': first resets before step 3, then every 2"),
    ({"held": True, "reset_offset": 3}, "'p0': is held until step 3"),
])  # fmt: skip
@pytest.mark.parametrize("target", CHIPS)
def test_neurons_that_the_chips_do_not_have(changes, fact, target):
    program = with_neuron(**changes)
    (fault,) = target_faults(program, target)
    assert str(fault).startswith(fact)
    assert target_faults(program, "lava-cpu") == []
    assert targets_of(program) == ("lava-cpu",)


def test_the_threshold_that_is_named_is_the_one_that_does_not_fit():
    (first, *_) = target_faults(with_neuron(threshold=[64, 127]), "loihi1")
    assert "127" in first.fact


def test_readouts_have_no_threshold_to_hold():
    assert target_faults(with_neuron(threshold=639, reset="soft", emits=False), "loihi2-stock") == []


def test_delayed_convolutions():
    graph = network((Conv2d(np.ones((1, 1, 1, 1))), IF()), (Conv2d(np.ones((1, 1, 1, 1))), IF()), shape=(1, 2, 2))
    graph = joined(graph, Projection("in", "p1", (Conv2d(np.ones((1, 1, 1, 1))),)))
    program = nk.compile(graph)
    (fault,) = target_faults(program, "loihi2-stock")
    assert str(fault).startswith("'in->p1': is a convolution with a delay of 2 steps; Lava has no delayed convolution")


def test_injected_currents():
    program = with_neuron()
    program = replace(program, projections=(Projection("in", "p0", (Injection(),), 0),))
    (fault,) = target_faults(program, "loihi1")
    assert fault.fact == "injects a current from outside"


def test_an_unknown_target():
    with pytest.raises(InputError, match="'target': 'loihi3' is unknown; known: lava-cpu, loihi2-stock, loihi1"):
        target_faults(with_neuron(), "loihi3")


def test_all_faults_at_once():
    assert len(target_faults(with_neuron(threshold=[1, 2], reset="soft", bias_exponent=-1), "loihi1")) == 4
