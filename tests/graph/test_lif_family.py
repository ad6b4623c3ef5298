"""The LIF neuron's relatives in graphs: what is refused, told, saved, and run by which target."""

from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.conformance.draws import Seeded
from neurokit.conformance.lif_family import LIF_FAMILY
from neurokit.errors import GraphError
from neurokit.graph.check import check_network
from neurokit.graph.lif_family import (
    ALIF,
    ATRLIF,
    QIF,
    LoihiALIF,
    LoihiATRLIF,
    LoihiQIF,
    LoihiRefractoryLIF,
    LoihiShiftedLIF,
    LoihiTernaryLIF,
    TernaryLIF,
    Theta,
)
from neurokit.graph.neurons import IF, LIF
from neurokit.graph.synapses import Dense
from neurokit.graph.text import conventions
from neurokit.lower.targets import target_faults, targets_of
from tests.graph.test_io import assert_round_trip
from tests.networks import network
from tests.saying import fault

EYE = Dense(np.eye(2))
INTEGERS = {
    "refractory": LoihiRefractoryLIF(4096, 0, 640, refractory=[0, 7]),
    "shifted": LoihiShiftedLIF(4096, 0, 640, shift=-2),
    "ternary": LoihiTernaryLIF(4096, 0, 640, -320),
    "adaptive": LoihiALIF(4096, 10, 2, 639, 640, 300, 12, refractory=4),
    "moving": LoihiATRLIF(400, 100, 50, 300, 640, 64),
    "quadratic": LoihiQIF(4096, 100, 12, 40960, -40960),
}
FLOATS = {
    "refractory": LIF(tau=0.01, refractory=[0.0, 2e-3], while_refractory="silent"),
    "ternary": TernaryLIF(tau_syn=5e-3, tau_mem=0.01),
    "adaptive": ALIF(tau=0.02, tau_adaptation=0.2, beta=0.1, refractory=5e-3, fires=">="),
    "moving": ATRLIF(tau_syn=5e-3, tau_mem=0.01, tau_threshold=0.1, tau_refractory=4e-3, threshold_step=0.5),
    "quadratic": QIF(tau=0.02),
    "phase": Theta(tau=0.01),
}


def integers(neuron):
    graph = network((Dense(np.full((2, 2), 3)), neuron), dt=1e-3)
    return nk.compile(replace(graph, projections=(replace(graph.projections[0], delay=1e-3),)))


@pytest.mark.parametrize("name", INTEGERS)
def test_programs_are_saved_whole(name, tmp_path):
    assert_round_trip(integers(INTEGERS[name]), tmp_path)


@pytest.mark.parametrize("name", FLOATS)
def test_networks_are_saved_whole(name, tmp_path):
    assert_round_trip(network((EYE, FLOATS[name]), dt=1e-3), tmp_path)


@pytest.mark.parametrize(("neuron", "said"), [
    (INTEGERS["refractory"], "fires at v > 640, resets to 0, then holds for 0…7 steps"),
    (INTEGERS["shifted"], "fires at v > 640, resets to 0, takes its current / 2^-2"),
    (INTEGERS["ternary"], "sends 1 at v > 640, -1 at v < -320, resets to 0"),
    (INTEGERS["adaptive"], "fires at v > 639 plus adaptation, then subtracts 640, then is silent for 4 steps"),
    (INTEGERS["quadratic"], "fires at v > 40,960, resets to -40,960"),
    (replace(INTEGERS["quadratic"], reset_offset=3), "fires at v > 40,960, resets to -40,960, cleared before step 3"),
    (FLOATS["refractory"], "fires at v > 1, resets to 0, then is silent for 0…2 ms"),
    (FLOATS["adaptive"], "fires at v >= 1 plus adaptation, then subtracts 1, then is silent for 5 ms"),
    (INTEGERS["moving"], "fires at v - r >= theta, from 640 and 64 a spike, then adds 2 theta to r"),
    (FLOATS["moving"], "fires at v - r >= theta, from 1 and 0.5 a spike, then adds 2 theta to r"),
    (FLOATS["ternary"], "sends 1 at v > 1, -1 at v < -1, resets to 0"),
    (FLOATS["quadratic"], "fires at v > 10, resets to -10"),
    (FLOATS["phase"], "fires where its phase passes pi"),
    (IF(), "fires at v > 1, resets to 0"),
])  # fmt: skip
def test_conventions_in_words(neuron, said):
    assert conventions(neuron) == said


@pytest.mark.parametrize(("name", "changes", "fact"), [
    ("refractory", {"refractory": 4096}, "refractory is 4096; Loihi holds 0 to 4095 (a count of 12 bits)"),
    ("refractory", {"refractory": -1}, "refractory is -1; "),
    ("refractory", {"while_refractory": "hold"}, "while_refractory is 'hold'; it is 'holds' or 'silent'"),
    ("refractory", {"voltage_decay": 5000}, "voltage_decay is 5000; "),
    ("shifted", {"shift": 8}, "shift is 8; Loihi holds -7 to 7 (4 bits)"),
    ("ternary", {"lower_threshold": 641}, "upper minus lower threshold is -1; "),
    ("ternary", {"upper_threshold": 1 << 23}, "upper_threshold is 8388608; "),
    ("ternary", {"bias_mantissa": 5000}, "bias mantissa is 5000; "),
    ("adaptive", {"adaptation_decay": 4097}, "adaptation_decay is 4097; "),
    ("adaptive", {"beta_mantissa": 4096}, "beta_mantissa is 4096; "),
    ("adaptive", {"beta_shift": 25}, "beta_shift is 25; "),
    ("adaptive", {"beta_shift": -1}, "beta_shift is -1; "),
    ("adaptive", {"threshold": 1 << 23}, "threshold is 8388608; "),
    ("moving", {"threshold_decay": -1}, "threshold_decay is -1; "),
    ("moving", {"threshold_step": -64}, "threshold_step is -64; "),
    ("quadratic", {"rate": 4097}, "rate is 4097; "),
    ("quadratic", {"fraction": 21}, "fraction is 21; "),
    ("quadratic", {"reset_value": -(1 << 23)}, "reset value is -8388608; "),
])  # fmt: skip
def test_what_the_chip_could_not_hold(name, changes, fact):
    assert fault(lambda: integers(replace(INTEGERS[name], **changes)), GraphError).startswith(f"'p0': {fact}")


def test_refractory_periods_are_whole_steps():
    def act(period, dt=1e-3):
        return lambda: check_network(network((EYE, IF(refractory=period)), dt=dt))

    assert fault(act(1.5e-3), GraphError).startswith("'p0': refractory 0.0015 s is off the grid of 0.001 s")
    assert fault(act(-1e-3), GraphError).startswith("'p0': refractory is negative")
    assert fault(act(1e-3, None), GraphError).startswith("'p0': refractory is a time, but the step is unknown")
    act(0.0, None)()
    act(3e-3)()


def test_e_props_decay_is_exact_and_may_be_short():
    check_network(network((EYE, ALIF(tau=5e-4, tau_adaptation=1e-4, beta=1.0)), dt=1e-3))
    with pytest.raises(GraphError, match="forward Euler needs tau >= dt"):
        check_network(network((EYE, Theta(tau=5e-4)), dt=1e-3))


def test_quadratic_neurons_must_not_jump_over_rest():
    check_network(network((EYE, QIF(tau=11e-3)), dt=1e-3))
    said = fault(lambda: check_network(network((EYE, QIF(tau=10e-3)), dt=1e-3)), GraphError)
    assert said.startswith("'p0': v_reset is -10, from where a step of 0.001 s would pass rest; ")
    assert "tau >= (1 - v_reset) dt" in said


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("target", ["loihi2-stock", "loihi1"])
def test_the_chips_would_need_microcode(name, target):
    program = integers(INTEGERS[name])
    found, *others = target_faults(program, target)
    assert found.fact == f"is {type(INTEGERS[name]).__name__}"
    assert len(others) == (name == "ternary" and target == "loihi1")  # which has no payloads either
    assert "none is published" in found.limit
    assert found.mend.endswith("or run on the CPU.")
    assert targets_of(program) == ("lava-cpu",)


@pytest.mark.parametrize("model", LIF_FAMILY, ids=lambda model: model.__name__)
def test_whatever_the_conformance_suite_draws_is_within_the_ranges(model):
    for number in range(50):
        neuron = LIF_FAMILY[model].random(Seeded(number), (2,), True)
        for values in neuron.ranges():
            assert values.limits[0] <= np.min(values.values) <= np.max(values.values) <= values.limits[1], values
