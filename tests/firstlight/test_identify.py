"""Every planted difference is found, alone and in pairs; a chip that differs in another way is said to."""

import warnings
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

import neurokit as nk
from neurokit import errors
from neurokit.conformance.interpreter import Interpreter
from neurokit.firstlight.chip import SimulatedChip
from neurokit.firstlight.identify import explain, predict, with_value
from neurokit.firstlight.probes import probes
from neurokit.graph.graded_neurons import FixedDelta, FixedSigma, FixedSigmaDelta
from neurokit.graph.lif_family import LoihiRefractoryLIF
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Dense
from neurokit.lower.silicon import BY_FIELD, SUSPECTS, Silicon
from neurokit.lower.targets import target_faults
from tests.programs import random_input, random_program

TARGET = "loihi2-stock"
PROBES = {probe.name: probe for probe in probes(TARGET)}
PLANTS = [(suspect.field, value) for suspect in SUSPECTS for value in list(suspect.values)[1:]]
LAVA = Silicon()


def of(*plants):
    silicon = LAVA
    for field, value in plants:
        silicon = with_value(silicon, field, value)
    return silicon


def outputs(silicon):
    return {name: predict(probe, silicon) for name, probe in PROBES.items()}


def found(seen):
    """The likeliest arithmetic, fields that stay open, what is unexplained."""
    candidates, unexplained = explain(TARGET, seen)
    likeliest = of(*((field, values[0]) for field, values in candidates.items()))
    return likeliest, {field: values for field, values in candidates.items() if len(values) > 1}, unexplained


def dependent(plants):
    """When v is never reset nothing shows when it would be; a leak that never ends hides one rounding."""
    planted = dict(plants)
    return planted.get("reset_states") in ("u", "none") or {"current_decay_offset", "current_rounding"} <= set(planted)


def check(*plants):
    likeliest, still_open, unexplained = found(outputs(of(*plants)))
    assert not unexplained
    if dependent(plants):
        assert predict_all_equal(likeliest, of(*plants))
        assert all(getattr(of(*plants), field) in values for field, values in still_open.items())
    else:
        assert likeliest == of(*plants)
        assert not still_open


def predict_all_equal(one, other):
    a, b = outputs(one), outputs(other)
    return all(np.array_equal(a[name][key], b[name][key]) for name in a for key in a[name])


def test_every_suspect_has_a_probe_and_its_values():
    assert list(BY_FIELD) == list(Silicon.__dataclass_fields__)
    assert sorted(probe.field for probe in PROBES.values()) == sorted(BY_FIELD)
    for suspect in SUSPECTS:
        assert next(iter(suspect.values)) == getattr(LAVA, suspect.field)
        assert len(suspect.values) > 1
        assert suspect.source
    assert {p.field for p in probes("loihi1")} == set(BY_FIELD) - {"payload_sign", "payload_bits"}
    for target in ("loihi1", TARGET):
        assert not [fault for probe in probes(target) for fault in target_faults(probe.program, target)]


@pytest.mark.parametrize("field", BY_FIELD)
def test_values_are_told_apart(field):
    (probe,) = (probe for probe in PROBES.values() if probe.field == field)
    for one, other in combinations(BY_FIELD[field].values, 2):
        a, b = predict(probe, of((field, one))), predict(probe, of((field, other)))
        assert any(not np.array_equal(a[key], b[key]) for key in a), (one, other)
        if field != "after_spike":  # the board need not show potentials
            assert any(not np.array_equal(a[key], b[key]) for key in a if key.startswith("spikes/")), (one, other)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant[0]}={plant[1]}")
def test_a_planted_difference_is_found(plant):
    check(plant)


def test_lava_is_found():
    assert found(outputs(LAVA)) == (LAVA, {}, {})


PAIRS = [(a, b) for a, b in combinations(PLANTS, 2) if a[0] != b[0]]


@pytest.mark.parametrize("number", np.random.default_rng(9).choice(len(PAIRS), 12, replace=False))
def test_some_pairs(number):
    check(*PAIRS[number])


@pytest.mark.slow
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant[0]}={plant[1]}")
def test_all_pairs(plant):
    for pair in PAIRS:
        if pair[0] == plant:
            check(*pair)


def test_three_at_once():
    check(("threshold_rule", ">="), ("delay_offset", -1), ("after_spike", "reads-128"))


def test_what_no_hypothesis_explains_is_said():
    seen = outputs(of(("delay_offset", -1)))
    seen["delay"] = {"spikes/out": np.roll(seen["delay"]["spikes/out"], 2, axis=0)}
    likeliest, still_open, unexplained = found(seen)
    assert likeliest == LAVA
    assert list(unexplained) == ["delay"]
    assert "spikes/out at step 2, neuron (0,): 1 predicted, 0 found" in unexplained["delay"]
    assert set(still_open) <= {"delay_offset"}


def test_without_potentials_the_marker_stays_open():
    seen = outputs(LAVA)
    seen["after-spike"] = {"spikes/out": seen["after-spike"]["spikes/out"]}
    likeliest, still_open, unexplained = found(seen)
    assert (likeliest, unexplained) == (LAVA, {})
    assert still_open == {"after_spike": ("0", "reads-128", "reads-decay")}


def test_probes_that_did_not_run_leave_their_field_open():
    seen = outputs(of(("delay_offset", 1)))
    del seen["payload-bits"]
    likeliest, still_open, _ = found(seen)
    assert likeliest == of(("delay_offset", 1))
    assert still_open == {"payload_bits": (24, 16, 8)}


# --------------------------------------------- chips made without the kit's interpreter: the simulator, other Programs


def changed_neurons(change):
    def other(program):
        populations = {
            name: replace(p, neuron=change(p.neuron)) if isinstance(p.neuron, LoihiLIF) else p
            for name, p in program.populations.items()
        }
        return replace(program, populations=populations, outputs=populations)

    return other


def changed_wires(change):
    return lambda program: replace(program, projections=tuple(change(p) for p in program.projections))


def later(projection, by):
    return replace(projection, delay=np.where(projection.delay > 1, projection.delay + by, projection.delay))


def truncated(projection):
    weight = projection.synapse.weight
    mixed = weight.min() < 0 < weight.max()
    return replace(
        projection, synapses=(Dense(weight if mixed else weight & ~1, exponent=projection.synapse.exponent),)
    )


def scheduled(neuron, by):
    reset = neuron.reset_interval or neuron.reset_offset
    return replace(neuron, reset_offset=neuron.reset_offset + by) if reset else neuron


def waiting(neuron):
    kept = ("current_decay", "voltage_decay", "threshold", "bias_mantissa", "bias_exponent")
    schedule = {name: getattr(neuron, name) for name in ("reset_interval", "reset_offset")}
    return LoihiRefractoryLIF(**{name: getattr(neuron, name) for name in kept}, refractory=np.asarray(1), **schedule)


def shifted(neuron, name, by):
    return replace(neuron, **{name: np.clip(getattr(neuron, name) + by, 0, 4096)})


ELSEWHERE = {
    ("threshold_rule", ">="): changed_neurons(lambda n: replace(n, threshold=n.threshold - 1)),
    ("current_decay_offset", -1): changed_neurons(lambda n: shifted(n, "current_decay", -1)),
    ("current_decay_offset", 1): changed_neurons(lambda n: shifted(n, "current_decay", 1)),
    ("voltage_decay_offset", -1): changed_neurons(lambda n: shifted(n, "voltage_decay", -1)),
    ("voltage_decay_offset", 1): changed_neurons(lambda n: shifted(n, "voltage_decay", 1)),
    ("weight_truncation", "down"): changed_wires(truncated),
    ("delay_offset", -1): changed_wires(lambda p: later(p, -1)),
    ("delay_offset", 1): changed_wires(lambda p: later(p, 1)),
    ("bias_shift", 6): changed_neurons(
        lambda n: replace(n, bias_mantissa=n.bias_mantissa << 5, bias_exponent=n.bias_exponent + 1)
    ),
    ("reset_offset", 1): changed_neurons(lambda n: scheduled(n, 1)),
    ("reset_offset", -1): changed_neurons(lambda n: scheduled(n, -1)),
    ("after_spike", "stays-128"): changed_neurons(lambda n: replace(n, reset_value=np.asarray(128))),
    ("refractory_steps", 1): changed_neurons(waiting),
}


@pytest.mark.parametrize("plant", ELSEWHERE, ids=lambda plant: f"{plant[0]}={plant[1]}")
def test_a_difference_planted_in_the_simulator_is_found(plant):
    seen = {}
    for name, probe in PROBES.items():
        program = ELSEWHERE[plant](probe.program)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", errors.OverflowWarning)  # the accumulator's probe is to wrap
            run = nk.run(program, probe.inputs, probe.steps, record=(*program.populations, *probe.states))
        seen[name] = {f"spikes/{p}": run.spikes[p][0] for p in program.populations}
        seen[name] |= {f"states/{p}/{state}": run.states[p, state][0] for p, state in probe.states}
    assert found(seen) == (of(plant), {}, {})


# ------------------------------------------------------------------------------------ the simulated chip as a backend


def test_the_chip_without_differences_is_a_backend_that_conforms():
    stock = (LoihiLIF, FixedSigma, FixedDelta, FixedSigmaDelta)
    for seed in range(8):
        program = random_program(seed, stock[seed % 4 : seed % 4 + 1])
        x = random_input(seed, program, graded=seed % 2 == 1)
        states = tuple((n, s) for n in program.populations for s in program.neuron(n).states)
        record = (*program.populations, *states)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", errors.OverflowWarning)
            a = nk.run(program, x, record=record, backend=Interpreter())
            b = nk.run(program, x, record=record, backend=SimulatedChip())
        for name in program.populations:
            np.testing.assert_array_equal(a.spikes[name], b.spikes[name])
        for key in states:
            np.testing.assert_array_equal(a.states[key], b.states[key])


def test_the_chip_refuses_what_it_has_not():
    program = changed_neurons(waiting)(PROBES["threshold"].program)
    with pytest.raises(errors.BackendError, match="is LoihiRefractoryLIF"):
        nk.run(program, PROBES["threshold"].inputs, backend=SimulatedChip())


def test_a_run_follows_a_silicon():
    """nk.run on a chip that was found: the same Program, other spikes."""
    probe = PROBES["threshold"]
    rec = [nk.run(probe.program, probe.inputs, backend=SimulatedChip(s)) for s in (LAVA, of(("threshold_rule", ">=")))]
    assert [int(r.spikes["out"].sum()) for r in rec] == [1, 2]
