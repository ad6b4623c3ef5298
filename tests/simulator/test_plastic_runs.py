"""Laws of runs that learn: learners, sessions, files, Ctrl-C, checkpoints, learning on, learning no more."""

from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import BackendError, InputError, Interrupted, RailWarning
from neurokit.graph.learned import plastic_projections, weights_of
from tests.cuts import cuts, streamed
from tests.hardware.learning_programs import PAIR, PROGRAMS, dense, inputs_for, made
from tests.saying import fault
from tests.test_long_runs import Stop, assert_same, short_blocks  # noqa: F401  # a fixture

pytestmark = pytest.mark.filterwarnings("ignore::neurokit.errors.RailWarning")

PROGRAM = PROGRAMS["two factors"]
INPUTS = inputs_for(PROGRAM, 4, 40)
NAMES = tuple(plastic_projections(PROGRAM))
WEIGHTS = tuple((name, "weight") for name in NAMES)
TRACES = tuple((name, "x1") for name in NAMES)


def learned(program):
    return {name: weights_of(p) for name, p in plastic_projections(program).items()}


def assert_learned_same(found, wanted):
    for name, weights in learned(wanted).items():
        np.testing.assert_array_equal(learned(found)[name], weights, name)


def seeded(program, more):
    def other(rule):
        return None if rule is None else replace(rule, seed=rule.seed + more)

    return replace(program, projections=tuple(replace(p, plasticity=other(p.plasticity)) for p in program.projections))


@pytest.fixture(scope="module")
def plain():
    return nk.run(PROGRAM, INPUTS, record=(*PROGRAM.populations, *WEIGHTS, *TRACES), record_every=8)


def test_learning_changes_weights(plain):
    assert not any((learned(plain.program)[n] == weights).all() for n, weights in learned(PROGRAM).items())
    for name in NAMES:  # the last record is that of the Program
        matrix = plastic_projections(plain.program)[name].synapse.weight
        np.testing.assert_array_equal(
            plain.states[name, "weight"][-1, -1], getattr(matrix, "toarray", lambda m=matrix: m)()
        )


def test_learners_are_runs_of_their_own(plain):
    """Learner k is a run of its share of the batch, with seeds k larger."""
    together = nk.run(PROGRAM, INPUTS, learners=2, record=WEIGHTS, record_every=8, threads=2)
    for k in range(2):
        alone = nk.run(
            seeded(PROGRAM, k), {n: x[2 * k : 2 * k + 2] for n, x in INPUTS.items()}, record=WEIGHTS, record_every=8
        )
        assert_learned_same(together.programs[k], alone.program)
        for name in NAMES:
            assert together.updates[name][k] == alone.updates[name][0]
            np.testing.assert_array_equal(
                together.states[name, "weight"][2 * k : 2 * k + 2], alone.states[name, "weight"]
            )
        np.testing.assert_array_equal(together.spikes["out"][2 * k : 2 * k + 2], alone.spikes["out"])
        assert all((together.counts[n][2 * k : 2 * k + 2] == alone.counts[n]).all() for n in alone.counts)
    with pytest.raises(InputError, match="2 learners ran"):
        _ = together.program


def test_sessions_are_runs(plain):
    rng = np.random.default_rng(0)
    with nk.open(PROGRAM, record=tuple(PROGRAM.populations)) as session:
        for k in range(4):
            session.reset()
            x = {n: values[k] for n, values in INPUTS.items()}
            found = streamed(session, x, cuts(rng, 40))
            np.testing.assert_array_equal(found["out"], plain.spikes["out"][k])
        assert_learned_same(session.program, plain.program)


def test_a_session_saved_and_restored(tmp_path, plain):
    x = {n: values[0] for n, values in INPUTS.items()}
    with nk.open(PROGRAM) as session:
        session.step({n: v[:13] for n, v in x.items()})
        session.save(tmp_path / "state")
        rest = session.step({n: v[13:] for n, v in x.items()})
        end = session.program
    with nk.open(PROGRAM, state=tmp_path / "state") as session:
        np.testing.assert_array_equal(session.step({n: v[13:] for n, v in x.items()}), rest)
        assert_learned_same(session.program, end)


def test_a_session_with_several_samples():
    with nk.open(PROGRAM, batch=2) as session:
        session.step({n: x[:2] for n, x in INPUTS.items()})
        assert len(session.programs) == 2
        with pytest.raises(InputError, match="2 learners run"):
            _ = session.program


@pytest.mark.usefixtures("short_blocks")
def test_an_interrupted_run(tmp_path, plain):
    """Its recording has the weights as they then are, a checkpoint leads to the identical rest."""
    arguments = {
        "record": (*PROGRAM.populations, *WEIGHTS, *TRACES),
        "record_every": 8,
        "checkpoint": tmp_path / "kept",
    }
    for at in (60, 100):  # within the second sample, and within the third
        with pytest.raises(Interrupted) as caught:
            nk.run(PROGRAM, INPUTS, progress=Stop(at), **arguments)
        part = caught.value.recording
        done = int(part.steps_done.sum())
        assert 0 < done < 160
        assert not all((learned(part.program)[n] == w).all() for n, w in learned(PROGRAM).items())
        sample = int(np.flatnonzero(part.steps_done)[-1])
        rows = int(part.steps_done[sample]) // 8
        for name in NAMES:
            np.testing.assert_array_equal(
                part.states[name, "x1"][sample, :rows], plain.states[name, "x1"][sample, :rows]
            )
    whole = nk.run(PROGRAM, INPUTS, **arguments)
    assert_same(whole, plain)
    assert_learned_same(whole.program, plain.program)
    assert all((whole.updates[n] == plain.updates[n]).all() for n in NAMES)
    assert not (tmp_path / "kept").exists()


@pytest.mark.usefixtures("short_blocks")
def test_a_checkpoint_of_learners(tmp_path):
    wanted = nk.run(PROGRAM, INPUTS, learners=2)
    arguments = {"learners": 2, "checkpoint": tmp_path / "kept"}
    with pytest.raises(Interrupted):
        nk.run(PROGRAM, INPUTS, progress=Stop(90), **arguments)
    with pytest.raises(InputError, match="learners"):
        nk.run(PROGRAM, INPUTS, checkpoint=tmp_path / "kept")
    found = nk.run(PROGRAM, INPUTS, **arguments)
    assert_same(found, wanted)
    for here, there in zip(found.programs, wanted.programs, strict=True):
        assert_learned_same(here, there)


def test_recordings_in_files(tmp_path, plain):
    asked = (*PROGRAM.populations, *WEIGHTS, *TRACES)
    assert_same(nk.run(PROGRAM, INPUTS, record=asked, record_every=8, to=tmp_path / "one"), plain)
    found = nk.load_recording(tmp_path / "one")
    assert_same(found, plain)
    assert_learned_same(found.program, plain.program)
    assert (found.rails, found.record_every) == (plain.rails, 8)
    several = nk.run(PROGRAM, INPUTS, learners=4, to=tmp_path / "four")
    for here, there in zip(several.programs, nk.run(PROGRAM, INPUTS, learners=4).programs, strict=True):
        assert_learned_same(here, there)


def test_learning_on_and_no_more(tmp_path):
    """A Program after learning is a Program: saved, learned on, frozen."""
    first = nk.run(PROGRAM, INPUTS).program
    first.save(tmp_path / "p.nk")
    again = nk.load(tmp_path / "p.nk")
    assert_learned_same(again, first)
    assert_learned_same(nk.run(again, INPUTS).program, nk.run(first, INPUTS).program)
    still = first.frozen()
    assert not still.learns
    ran = nk.run(still, INPUTS)
    assert ran.programs == (ran.program,)
    assert ran.updates == {}
    for projection, before in zip(still.projections, first.projections, strict=True):
        assert abs(weights_of(projection) - weights_of(before)).max() <= 1


def test_frozen_leaves_third_factors_out():
    program = PROGRAMS["e-prop"].frozen()
    assert set(program.inputs) == {"in"}
    assert all(p.port == "" for p in program.projections)
    scaled = replace(PROGRAMS["e-prop"], input_scale={"in": 2.0} | dict.fromkeys(PROGRAMS["e-prop"].inputs, 4.0))
    assert dict(scaled.frozen().input_scale) == {"in": 4.0}


def test_weights_that_rail():
    up = replace(PAIR, dw=(replace(PAIR.dw[0], mantissa=7), replace(PAIR.dw[1], mantissa=1)))  # no other structure
    program = made({"in": (6,)}, {"out": ((4,), "lif")}, [("in", "out", dense(1, 4, 6, "excitatory", 2), "", up)])
    x = np.ones((1, 60, 6), int)
    with pytest.warns(RailWarning, match="in->out.*24 of 24 weights"):
        recording = nk.run(program, x)
    rails = recording.rails["in->out"]
    assert (rails.high, rails.low, rails.total) == (24, 0, 24)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"learners": 3}, "3 for a batch of 4"),
        ({"learners": 0}, "at least 1"),
        ({"record_every": 41}, "40 steps"),
        ({"record_every": 1.5}, "whole number"),
        ({"record": (("in->a", "tag2"),)}, "has no variable 'tag2'; it has weight"),
        ({"record": (("in->nowhere", "weight"),)}, "is no population"),
    ],
)
def test_arguments_that_do_not_fit(arguments, words):
    with pytest.raises(InputError) as caught:
        nk.run(PROGRAM, INPUTS, **arguments)
    assert words in str(caught.value)


def test_what_learns_nothing_has_no_learners():
    for arguments in ({"learners": 2}, {"record_every": 3}):
        with pytest.raises(InputError) as caught:
            nk.run(PROGRAM.frozen(), INPUTS, **arguments)
        assert "no projection of it has a plasticity rule" in str(caught.value)
    stays = ("b->a", "weight")
    found = fault(lambda: nk.run(PROGRAMS["e-prop"], inputs_for(PROGRAMS["e-prop"], 1, 5), record=(stays,)))
    assert "'weight' of it was asked for" in found


def test_a_session_records_populations():
    assert "session.program" in fault(lambda: nk.open(PROGRAM, record=(WEIGHTS[0],)))


def test_backends_with_one_learner():
    class One:
        name = "one"

        def accepts(self, program):
            return []

        def run(self, *arguments, **options):
            raise AssertionError("it is refused before")

    found = fault(lambda: nk.run(PROGRAM, INPUTS, backend=One(), learners=2), BackendError)
    assert "was asked for 2 learners" in found
