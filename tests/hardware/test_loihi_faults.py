"""What the Loihi 2 backend says when something at the board goes wrong; neither Lava nor a stand-in is started."""

from __future__ import annotations

import io
import json
import tempfile
from types import SimpleNamespace

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import BackendError
from neurokit.graph.neurons import IF
from neurokit.graph.synapses import Dense
from neurokit.hardware.lava.deadline import Deadline
from neurokit.hardware.loihi import at_board, extension, remote
from neurokit.hardware.loihi.board import Board
from neurokit.hardware.loihi.job import PROGRAM, Job
from neurokit.hardware.loihi.measuring import Meter
from neurokit.hardware.loihi.stepper import BoardStepper
from tests.hardware.loihi_standin import script
from tests.networks import network

JOB = Job("N3B3", {"kind": "slurm", "partition": None, "board": None}, 4, (), ("p0",))


@pytest.fixture
def program():
    return nk.compile(network((Dense(np.eye(2)), IF())))


def fault(call):
    with pytest.raises(BackendError) as error:
        call()
    return " ".join(str(error.value).split())


@pytest.fixture
def started(program, tmp_path, monkeypatch):
    """Starts a script in place of the process at the board, and gives what is said of it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def start(text, seconds=60):
        script(tmp_path / "python", text)
        monkeypatch.setattr(remote, "sys", SimpleNamespace(executable=str(tmp_path / "python"), path=[]))
        said = fault(lambda: remote.Remote(program, JOB, Deadline(seconds, "loihi2")))
        assert list(tmp_path.glob("neurokit-loihi-*")) == [], "its folder is gone"
        return said

    return start


def test_a_process_that_ends_by_itself(started):
    said = started("echo no chip answered\necho second line >&2\nexit 3")
    assert "'loihi2': the process at the board ended with exit code 3; it is to answer. Look at the log." in said
    assert said.endswith("Its end: no chip answered | second line")


def test_a_process_that_never_answers(started):
    assert "'loihi2': the run took more than 0.3 s" in started("exec sleep 100", seconds=0.3)


def at_the_board(folder, monkeypatch, board, commands=""):
    """Answers of `at_board.main` to commands, with another Board."""
    monkeypatch.setattr(at_board, "Board", board)
    monkeypatch.setattr(at_board.sys, "stdin", io.StringIO(commands))
    answers = []
    at_board.main(folder, answers.append)
    return answers


def test_lava_that_fails(program, tmp_path, monkeypatch):
    def board(*_):
        raise RuntimeError("no\nchip")

    program.save(tmp_path / PROGRAM)
    JOB.save(tmp_path)
    (answer,) = at_the_board(tmp_path, monkeypatch, board)
    (told,) = answer["faults"]
    assert told["fact"] == "Lava or the board failed: RuntimeError: no chip"
    assert (answer["ok"], told["node"], told["mend"]) == (False, "loihi2", "Look at the log.")


def test_a_refusal_within_lavas_compiler_stays_what_it_is(program, tmp_path, monkeypatch):
    def board(*_):
        try:
            facts = ("has no model", "has no other")
            raise BackendError([nk.errors.Fault("p0", fact, "a limit", "A mend.") for fact in facts])
        except BackendError as error:
            raise ValueError("compilation") from error

    program.save(tmp_path / PROGRAM)
    JOB.save(tmp_path)
    (answer,) = at_the_board(tmp_path, monkeypatch, board)
    assert [told["fact"] for told in answer["faults"]] == ["has no model", "has no other"]


def test_a_board_is_given_back_when_a_step_fails(program, tmp_path, monkeypatch):
    stopped = []

    def advance(steps):
        raise OSError("the cable")

    made = SimpleNamespace(advance=advance, stop=lambda: stopped.append(True), steps=0)
    program.save(tmp_path / PROGRAM)
    JOB.save(tmp_path)
    command = json.dumps({"do": "advance", "steps": 3}) + "\n"
    first, second = at_the_board(tmp_path, monkeypatch, lambda *_: made, command)
    assert first == {"ok": True}
    assert "OSError: the cable" in second["faults"][0]["fact"]
    assert stopped == [True]


def test_a_probe_of_another_length(program):
    board = object.__new__(Board)
    board.program, board.job, board.steps = program, JOB, 5
    board.probes = {("p0", "v"): SimpleNamespace(time_series=np.zeros(9))}
    said = fault(lambda: board._series(("p0", "v")))
    assert "'loihi2': the probe of v of 'p0' gave 9 numbers; 5 steps of 2 neurons were run. Record spikes" in said


@pytest.mark.parametrize(
    ("wanted", "figure", "modules"),
    [
        ("probes", "time", "lava.utils.loihi2_profiler_api;"),
        ("auto", "energy", "lava.utils.loihi2_profiler_api, lava.utils.loihi2_profiler;"),
        ("probes", "activity", "lava.utils.loihi2_profiler;"),
    ],
)
def test_an_interface_that_is_not_there(monkeypatch, wanted, figure, modules):
    monkeypatch.setattr(extension, "there", lambda module: False)
    said = fault(lambda: Meter(figure, wanted, 4))
    assert f"'loihi2': there is no {modules} measuring needs it of lava-loihi, interface '{wanted}'. Leave" in said


def test_a_stepper_whose_board_is_gone(program):
    stepper = object.__new__(BoardStepper)
    stepper._program, stepper._remote = program, None
    said = fault(lambda: stepper.advance({"in": np.zeros((1, 1, 2), np.int64)}, 1))
    assert "the board was given back after an error; its state is not known any more. Call session.reset()" in said
