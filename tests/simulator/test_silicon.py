"""The simulator follows a silicon file: bit for bit what the first-light kit's simulated chip does, which is numpy."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit import errors
from neurokit.firstlight.chip import SimulatedChip
from neurokit.firstlight.probes import probes
from neurokit.graph.graded_neurons import FixedDelta, FixedSigma, FixedSigmaDelta
from neurokit.graph.lif_family import LoihiRefractoryLIF
from neurokit.graph.network import Input, Projection
from neurokit.graph.neurons import IF, LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense, ResizeConv2d
from neurokit.hardware.simulator.backend import Simulator
from neurokit.lower.silicon import BY_FIELD, SUSPECTS, Finding, Silicon, save_silicon
from tests.hardware.learning_programs import PROGRAMS as LEARNING
from tests.networks import network
from tests.programs import random_input, random_program

STOCK = (LoihiLIF, FixedSigma, FixedDelta, FixedSigmaDelta)
PLANTS = [(s.field, value) for s in SUSPECTS for value in list(s.values)[1:]]
pytestmark = pytest.mark.filterwarnings("ignore::neurokit.errors.OverflowWarning")  # random networks wrap
PROBES = {probe.field: probe for probe in probes("loihi2")}


def states_of(program):
    return tuple((name, state) for name in program.populations for state in program.neuron(name).states)


def both(program, x, silicon, steps=None):
    """Recordings of the simulator that follows `silicon`, and of the chip that has it planted."""
    record = (*program.populations, *states_of(program))
    return [
        nk.run(program, x, steps, record=record, backend=backend)
        for backend in (Simulator(1, silicon), SimulatedChip(silicon))
    ]


def check(program, x, silicon, steps=None):
    """Equal in every spike, count and state; gives whether it is another than without the differences."""
    found, chip = both(program, x, silicon, steps)
    for name in program.populations:
        np.testing.assert_array_equal(found.spikes[name], chip.spikes[name], err_msg=f"{name} {silicon}")
        np.testing.assert_array_equal(found.counts[name], chip.counts[name])
        np.testing.assert_array_equal(found.step_counts[name], chip.step_counts[name])
    for key in states_of(program):
        np.testing.assert_array_equal(found.states[key], chip.states[key], err_msg=f"{key} {silicon}")
    plain, _ = both(program, x, Silicon(), steps)
    return any((plain.spikes[n] != found.spikes[n]).any() for n in program.populations)


def mixture(seed):
    """Several differences at once."""
    draw = np.random.default_rng(seed)
    chosen = {s.field: list(s.values)[draw.integers(len(s.values))] for s in SUSPECTS if draw.random() < 0.4}
    return Silicon(**chosen)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant[0]}={plant[1]}")
def test_each_difference_in_its_own_micro_program(plant):
    field, value = plant
    probe = PROBES[field]
    changed = check(probe.program, probe.inputs, Silicon(**{field: value}), probe.steps)
    assert changed or field == "after_spike"  # which shows in v alone, where it counts as 0


@pytest.mark.parametrize("seed", range(12))
def test_random_networks_and_mixtures(seed):
    if random_mixture(seed) is None:
        pytest.skip("this network cannot be followed on this silicon")


@pytest.mark.slow
def test_many_random_networks_and_mixtures():
    found = [random_mixture(seed) for seed in range(12, 400)]
    assert found.count(None) == 59, "README and docs/silicon.md say how many were compared"
    assert found.count(True) > 100


def random_mixture(seed):
    """Compared: whether the mixture changes anything. None: it cannot be followed."""
    program = random_program(seed, (LoihiLIF,) if seed % 2 else STOCK)
    x, silicon = random_input(seed, program, steps=25, graded=seed % 3 == 1), mixture(seed)
    if Simulator(1, silicon).accepts(program):
        return None
    return check(program, x, silicon)


def test_lavas_own_arithmetic_changes_nothing_and_says_so():
    program = random_program(1)
    assert Simulator(1, Silicon()).name == "simulator"
    assert Simulator(1, Silicon(payload_bits=8, bias_shift=6)).name == "simulator (bias_shift=6, payload_bits=8)"
    assert nk.run(program, random_input(1, program), silicon=Silicon()).backend == "simulator"


# ----------------------------------------------------------------------------------------------------- from a file


def written(path, unexplained=(), **plants):
    """A silicon file as deploy --check writes it."""
    settings = {field: (plants.get(field, next(iter(BY_FIELD[field].values))),) for field in BY_FIELD}
    save_silicon(Finding("loihi2-stock", "loihi2", "0" * 64, settings, dict(unexplained), {}), path)
    return path


def test_a_file_is_followed_by_runs_and_sessions(tmp_path):
    path = written(tmp_path / "silicon.json", threshold_rule=">=", delay_offset=1)
    probe = PROBES["threshold_rule"]
    x, silicon = probe.inputs["in"], Silicon(threshold_rule=">=", delay_offset=1)
    chip = nk.run(probe.program, x, record=(("out", "v"),), backend=SimulatedChip(silicon))
    plain = nk.run(probe.program, x)
    found = nk.run(probe.program, x, record=(("out", "v"),), silicon=path)
    assert [int(r.spikes["out"].sum()) for r in (plain, found, chip)] == [1, 2, 2]
    np.testing.assert_array_equal(found.states["out", "v"], chip.states["out", "v"])
    assert found.backend == "simulator (threshold_rule=>=, delay_offset=1)"
    assert found.program is probe.program
    with nk.open(probe.program, silicon=path) as session:
        parts = [session.step(x[0, :3]), session.step(x[0, 3:])]
    np.testing.assert_array_equal(np.concatenate(parts), chip.spikes["out"][0])
    stored = nk.run(probe.program, x, silicon=path, to=tmp_path / "run.h5", threads=1)
    np.testing.assert_array_equal(stored.spikes["out"][:], chip.spikes["out"])


def test_an_unfinished_run_goes_on_with_the_same_silicon_only(tmp_path):
    path = written(tmp_path / "silicon.json", voltage_rounding="down")
    program, x, kept = random_program(1), random_input(1, random_program(1), steps=3000), tmp_path / "run.ck"
    calls = []

    def stop(done, of):
        calls.append(done)
        if done > of // 3:
            raise KeyboardInterrupt

    with pytest.raises(errors.Interrupted):
        nk.run(program, x, silicon=path, checkpoint=kept, progress=stop)
    with pytest.raises(errors.InputError, match="backend"):
        nk.run(program, x, checkpoint=kept)
    again, whole = nk.run(program, x, silicon=path, checkpoint=kept), nk.run(program, x, silicon=path)
    for name in program.outputs:
        np.testing.assert_array_equal(again.spikes[name], whole.spikes[name])


# ------------------------------------------------------------------------------------------- what cannot be followed


def fault(call, kind=errors.BackendError):
    with pytest.raises(kind) as error:
        call()
    return " ".join(str(error.value).split())


def test_what_cannot_be_followed_is_named():
    x = np.zeros((3, 2), np.int64)
    program = nk.compile(network((Dense(np.eye(2)), IF())))
    waiting = replace(
        program.populations["p0"], neuron=LoihiRefractoryLIF(*(np.asarray(v) for v in (0, 0, 640)), refractory=2)
    )
    other = replace(program, populations={"p0": waiting}, outputs={"p0": waiting})
    said = fault(lambda: nk.run(other, x, silicon=Silicon(bias_shift=6)))
    assert said.startswith("'p0': is LoihiRefractoryLIF; of LIF and sigma-delta neurons alone it is known what")
    assert "bias_shift = 6" in said
    assert nk.run(other, x, silicon=Silicon()).complete
    said = fault(lambda: nk.run(LEARNING["two factors"], np.zeros((3, 8), int), silicon=Silicon(bias_shift=6)))
    assert "'in->a': learns; what learns is not known to follow bias_shift = 6" in said


def test_neurons_of_which_a_reset_is_not_known():
    program = nk.compile(network((Dense(np.eye(2)), IF())))
    held = replace(program.populations["p0"], neuron=LoihiLIF(0, 0, 640, held=True, reset_offset=3))
    scheduled = replace(held, neuron=FixedSigma(reset_interval=4))
    for population, silicon, words in (
        (held, Silicon(reset_offset=1), "is held until step 3"),
        (scheduled, Silicon(reset_states="v"), "is a FixedSigma that is reset by schedule"),
    ):
        other = replace(program, populations={"p0": population}, outputs={"p0": population})
        assert words in fault(lambda other=other, s=silicon: nk.run(other, np.zeros((3, 2), int), silicon=s))
        assert words in fault(
            lambda other=other, s=silicon: nk.run(other, np.zeros((3, 2), int), backend=SimulatedChip(s))
        )


def test_delays_that_meet_in_a_convolution():
    program = nk.compile(network((Conv2d(np.ones((2, 1, 1, 1))), IF()), shape=(1, 2, 2)))
    delays = np.where(np.arange(8) < 4, 1, 2)[:, None]
    link = program.projections[0]
    other = replace(program, projections=(Projection("in", "p0", link.synapses, delays),))
    said = fault(lambda: nk.run(other, np.zeros((3, 1, 2, 2), int), silicon=Silicon(delay_offset=-1)))
    assert "'in->p0': has delays of 1 and of 2 steps; with a step less both arrive at once" in said


def test_taps_that_meet_in_a_resized_convolution():
    """Written out, in which taps of one source neuron are summed, it is followed."""
    kernel = np.array([[[[3, 5], [7, 2]]]])
    program = nk.compile(network((Conv2d(np.ones((1, 1, 2, 2))), IF()), shape=(1, 5, 5)))
    link = program.projections[0]
    synapse = ResizeConv2d((6, 6), kernel, exponent=-1)
    population = replace(program.populations["p0"], shape=(1, 5, 5))
    other = replace(
        program,
        inputs={"in": Input("in", (1, 3, 3))},
        populations={"p0": population},
        outputs={"p0": population},
        projections=(replace(link, synapses=(synapse,)),),
    )
    silicon, x = Silicon(negative_shift="weight-down"), random_input(3, other, graded=True)
    said = fault(lambda: nk.run(other, x, silicon=silicon))
    assert "'in->p0': is a resized convolution with a negative exponent; a chip that shifts each weight" in said
    check(nk.expand(other, "in->p0"), x, silicon)


def test_files_and_arguments_that_are_wrong(tmp_path):
    program, x = random_program(1), random_input(1, random_program(1))
    unexplained = written(tmp_path / "odd.json", {"bias": "something"})
    said = fault(lambda: nk.run(program, x, silicon=unexplained), errors.InputError)
    assert "the chip did in 'bias' what no known difference explains: something; it cannot be followed" in said
    assert "load_silicon(path).silicon" in said
    assert "cannot be read" in fault(lambda: nk.run(program, x, silicon=tmp_path / "none.json"), errors.FormatError)
    assert "'silicon': is a int" in fault(lambda: nk.run(program, x, silicon=3), errors.InputError)
    said = fault(lambda: nk.run(program, x, backend="lava-inprocess", silicon=Silicon()), errors.InputError)
    assert "'silicon': is given; only the simulator follows one" in said
    net = network((Dense(np.eye(2)), IF()))
    assert "was given a Network" in fault(lambda: nk.run(net, np.zeros((3, 2)), silicon=Silicon(bias_shift=6)))
    held = json.loads(unexplained.read_text())
    held["settings"]["bias_shift"] = {"value": 7, "candidates": [7]}
    (tmp_path / "new.json").write_text(json.dumps(held))
    assert "bias_shift is 7" in fault(lambda: nk.run(program, x, silicon=tmp_path / "new.json"), errors.FormatError)
