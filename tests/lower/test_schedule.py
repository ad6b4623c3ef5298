"""Frames held at the input: the same results as a frame a step, and what would change them is refused."""

from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import CompileError, InputError
from neurokit.graph.graded_neurons import Relay, SigmaDelta
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import IF, LIF, Integrator, LoihiLIF
from neurokit.graph.synapses import Dense
from neurokit.profiling.decisions import decide

DT = 1e-3
ONE_STEP = LIF(tau=DT, threshold=2.0, fires=">=")


def branches(neuron=ONE_STEP, last=None, delay=0.0, seed=0):
    """in -> a -> b -> c, and in -> c, a -> c: whole weights, so that nothing is rounded."""
    rng = np.random.default_rng(seed)
    sizes = {"in": 5, "a": 6, "b": 4, "c": 3}
    populations = {name: Population(name, (sizes[name],), neuron) for name in ("a", "b")}
    populations["c"] = Population("c", (3,), last or neuron)

    def wire(source, target, delay=0.0):
        weight = rng.integers(-3, 5, (sizes[target], sizes[source])).astype(float)
        return Projection(source, target, (Dense(weight),), np.asarray(delay))

    ends = [("in", "a"), ("a", "b"), ("b", "c"), ("in", "c"), ("a", "c", delay)]
    projections = tuple(wire(*end) for end in ends)
    return Network({"in": Input("in", (5,))}, populations, projections, {"c": populations["c"]}, dt=DT)


@pytest.mark.parametrize("last", [None, LIF(tau=DT, threshold=1.0), Relay(gain=2.0)])
@pytest.mark.parametrize("schedule", ["pipeline", "hold"])
def test_frames_arrive_one_by_one(schedule, last):
    network = branches(last=last)
    frames = np.random.default_rng(1).integers(0, 3, (2, 7, 5))
    wanted = nk.run(network, frames, record=("a", "b", "c"))
    program = nk.compile(network, schedule=schedule, calibrate=frames)
    found = nk.run(program, program.presented(frames), record=("a", "b", "c"))
    scale = {row.population: row.payload_scale for row in program.report}
    for name in ("a", "b", "c"):
        assert wanted.spikes[name].any(), name
        np.testing.assert_array_equal(found.aligned(name)[:, :7] / scale[name], wanted.spikes[name], name)
    assert found.aligned("c").shape[1] == 7
    assert program.latency == {"a": 1, "b": 2, "c": 3}
    assert program.steps_per_frame == (4 if schedule == "hold" else 1)
    delays = {p.name: int(p.delay) for p in program.projections}
    assert set(delays.values()) == ({1} if schedule == "hold" else {1, 2, 3})
    said = "each frame is held for 4 steps, outputs show it 3 steps after its first"
    assert (said in str(program)) == (schedule == "hold")
    assert ("what enters in a step shows at the outputs 3 steps later" in str(program)) == (schedule == "pipeline")


def test_neurons_that_are_reset_before_each_frame():
    """IF integrates, but window=1 says that its source resets it in every step."""
    frames = np.random.default_rng(2).integers(0, 2, (3, 5))
    network = branches(IF(2.0, fires=">="))
    held, plain = nk.compile(network, window=1, schedule="hold"), nk.compile(network, window=1)
    found, wanted = (nk.run(p, p.presented(frames), record="b") for p in (held, plain))
    for name in ("b", "c"):
        assert wanted.spikes[name].any()
        np.testing.assert_array_equal(found.aligned(name), wanted.aligned(name)[:3])


def test_a_step_without_memory_is_a_stock_part():
    """LIFReset clears u and v in every step; a decay of 4096/4096 no chip has."""
    held = nk.compile(branches(replace(ONE_STEP, threshold=2.0)), schedule="hold")
    assert "loihi2-stock" in held.targets
    assert {(p.neuron.reset_interval, p.neuron.reset_offset) for p in held.populations.values()} == {(1, 0)}


def test_a_saved_program_knows_its_frames(tmp_path):
    program = nk.compile(branches(), schedule="hold")
    program.save(tmp_path / "held.nk")
    assert nk.load(tmp_path / "held.nk").steps_per_frame == 4


def test_lava_holds_frames_alike():
    pytest.importorskip("lava", reason="Lava needs Python 3.10")
    frames = np.random.default_rng(1).integers(0, 3, (3, 5))
    program = nk.compile(branches(), schedule="hold")
    ours = nk.run(program, program.presented(frames), record=("a", "b", "c"))
    lavas = nk.run(program, program.presented(frames), None, "lava-inprocess", ("a", "b", "c"), time_limit=60)
    for name in ("a", "b", "c"):
        np.testing.assert_array_equal(lavas.spikes[name], ours.spikes[name], name)


def told(network, **options):
    with pytest.raises(CompileError) as caught:
        nk.compile(network, schedule="hold", **options)
    return [str(fault) for fault in caught.value.faults]


def test_what_remembers_is_refused():
    held = "a frame that is held arrives in many steps, and it would add them up"
    mend = "Pass window=1 if the source resets it before each frame, or leave schedule= out."
    assert told(branches(LIF(tau=2 * DT))) == [
        f"'{name}': is LIF and remembers what came in the steps before; {held}. {mend}" for name in "abc"
    ]
    assert told(branches(last=Integrator())) == [
        f"'c': is Integrator and remembers what came in the steps before; {held}. {mend}"
    ]
    mend = "Leave schedule= out: delays then balance the branches."
    assert told(branches(last=Relay(latched=True))) == [
        f"'c': is Relay and remembers what came in the steps before; {held}. {mend}"
    ]
    assert told(branches(last=SigmaDelta()), window=1) == [
        f"'c': is SigmaDelta and remembers what came in the steps before; {held}. {mend}"
    ]
    (words,) = told(branches(last=LIF(tau=DT, refractory=3 * DT)))
    assert words.startswith("'c': is LIF and remembers")


def test_delays_rules_and_integers_are_refused():
    assert told(branches(delay=2 * DT)) == [
        "'a->c': has a delay, by which it brings an earlier frame; steps of a held frame are all the same. "
        "Leave schedule= out."
    ]
    plastic = branches().with_plasticity("a->b", nk.rules.stdp())
    assert told(plastic) == [
        "'a->b': learns; a frame that is held arrives in many steps, and each would change its weights. "
        "Leave schedule= out, or take the rule off: with_plasticity(name, None)."
    ]
    whole = replace(branches(LoihiLIF(4096, 4096, 64)), dt=1.0)
    assert told(whole) == [
        "'schedule': is 'hold' for a source that holds integers; its delays stay as they are. "
        "Present each frame for as many steps as you need, with delays of one step."
    ]


def test_an_unknown_schedule():
    with pytest.raises(CompileError, match=r"'schedule': is 'lazy'; it is 'pipeline' or 'hold'. Choose one of them."):
        nk.compile(branches(), schedule="lazy")


def test_frames_that_were_not_held_are_said():
    """Given as a Network takes them, frames would be read at the wrong steps."""
    program = nk.compile(branches(), schedule="hold")
    found = nk.run(program, np.ones((6, 5), int), record="b")
    limit = "the Program holds each frame for 4. Run it on program.presented"
    with pytest.raises(InputError, match=f"'run': has 6 steps; {limit}"):
        found.aligned("b")


def test_a_network_is_not_verified_against_a_program_that_holds_its_frames():
    """Step by step they are never alike; the first frames' differences would be taken for rounding's."""
    network, frames = branches(), np.ones((1, 3, 5), int)
    held = nk.compile(network, schedule="hold")
    words = "'program': holds each frame for 4 steps; it is compared with the Network step by step. Pass the one"
    with pytest.raises(InputError, match=words):
        nk.verify(network, frames, program=held)


def test_decisions_are_of_the_steps_in_which_frames_have_arrived():
    """While a frame that is held passes, neurons fire for sums that are not whole yet."""
    frames = np.random.default_rng(3).integers(0, 3, (50, 3, 5))
    plain, held = (nk.compile(branches(seed=4), schedule=schedule) for schedule in ("pipeline", "hold"))
    runs = {"plain": nk.run(plain, frames, 6), "held": nk.run(held, held.presented(frames))}
    assert (runs["plain"].aligned("c") == runs["held"].aligned("c")).all()
    assert [d.agreement for d in decide(runs, None)] == [1.0, 1.0]


def test_presented_needs_the_axis_of_steps():
    program = nk.compile(branches(), schedule="hold")
    assert program.presented(np.ones((2, 5), int)).shape == (8, 5)
    assert program.presented({"in": np.ones((3, 2, 5), int)})["in"].shape == (3, 8, 5)
    with pytest.raises(InputError, match=r"'in': has shape \(5,\); frames have shape \(n, 5\), with a batch axis"):
        program.presented(np.ones(5, int))
    with pytest.raises(InputError, match=r"has shape \(2, 6\)"):
        program.presented(np.ones((2, 6), int))
