"""The Loihi 2 backend against the stand-in for lava-loihi (tests/standin): its code is run, silicon is not.

The stand-in computes with Lava's fixed-point models, so everything is compared with the simulator bit for bit.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

import neurokit as nk
from neurokit.bundles.running import run_bundle
from neurokit.errors import BackendError, InputError, Interrupted, PayloadError
from neurokit.firstlight.identify import identify
from neurokit.firstlight.kit import write_kit
from neurokit.graph.graded_neurons import FixedSigma, FixedSigmaDelta
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense, Sparse
from neurokit.hardware.lava import loading
from neurokit.hardware.loihi import Ethernet, Loihi2, Measure, Slurm, extension
from neurokit.hardware.loihi.hosts import generation_of, of_environment
from neurokit.lower.silicon import Silicon
from tests.hardware.learning_programs import PROGRAMS
from tests.hardware.loihi_standin import STANDIN, installed, script

LIMIT = 200.0  # seconds that anything with Lava may take


def lif(threshold=300, **more):
    """Leaky, with a threshold of so many units of 64."""
    return LoihiLIF(np.asarray(1024), np.asarray(256), np.asarray(64 * threshold), **more)


def stock():
    """Dense, listed and delayed synapses, a loop, a bias, and a schedule of resets."""
    draw = np.random.default_rng(3)
    hidden = Population("hidden", (6,), lif(reset_interval=7, reset_offset=1))
    out = Population("out", (3,), lif(bias_mantissa=np.asarray(5), bias_exponent=np.asarray(3)))
    listed = draw.integers(-60, 120, (6, 6)) * (draw.random((6, 6)) < 0.4)
    links = (
        Projection("in", "hidden", (Dense(draw.integers(-40, 120, (6, 4))),), np.asarray(1)),
        Projection("hidden", "hidden", (Sparse(sp.csr_matrix(listed)),), np.asarray(1)),
        Projection("hidden", "out", (Dense(draw.integers(-40, 120, (3, 6)), exponent=1),), np.asarray(3)),
    )
    return Program({"in": Input("in", (4,))}, {"hidden": hidden, "out": out}, links, {"out": out})


def pictures():
    """A convolution of an input, and sigma-delta neurons behind it."""
    draw = np.random.default_rng(4)
    first = Population("first", (2, 3, 3), lif(100))
    sums = Population("sums", (4,), FixedSigmaDelta(threshold=np.asarray(1 << 6), state_exponent=6))
    last = Population("last", (4,), FixedSigma())
    links = (
        Projection("in", "first", (Conv2d(draw.integers(-30, 60, (2, 1, 3, 3))),), np.asarray(1)),
        Projection("first", "sums", (Dense(draw.integers(-60, 120, (4, 18))),), np.asarray(1)),
        Projection("sums", "last", (Dense(np.eye(4, dtype=np.int64)),), np.asarray(1)),
    )
    return Program({"in": Input("in", (1, 5, 5))}, {p.name: p for p in (first, sums, last)}, links, {"last": last})


def spikes(shape, steps=20, seed=0, batch=None):
    lead = (steps,) if batch is None else (batch, steps)
    return (np.random.default_rng(seed).random((*lead, *shape)) < 0.4).astype(np.uint8)


def everything(program):
    return (*program.populations, *((n, s) for n in program.populations for s in program.neuron(n).states))


@pytest.fixture
def board(monkeypatch, tmp_path):
    """lava-loihi's stand-in, and a queue with one board."""
    if loading.fault() is not None:
        pytest.skip("Lava is not here")
    installed(monkeypatch, tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # by which `left_behind` knows this test's processes
    return monkeypatch


def left_behind():
    """Processes at a board that still run."""
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in found.splitlines() if f"at_board {tempfile.gettempdir()}" in line]


def fault(error):
    return " ".join(str(error.value).split())


# ----------------------------------------------------------------------------------------------- without lava-loihi


ENTRIES = {
    "run": lambda program: nk.run(program, spikes((4,)), backend="loihi2"),
    "open": lambda program: nk.open(program, backend="loihi2"),
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_without_the_extension_every_entry_says_what_is_missing(entry):
    with pytest.raises(BackendError) as error:
        ENTRIES[entry](stock())
    said = fault(error)
    assert "Intel's lava-loihi extension is not installed" in said
    for module in (*extension.NEEDED, *extension.LOGGERS):
        assert module in said
    assert "Intel's Neuromorphic Research Community (INRC)" in said
    assert "neurokit deploy" in said


def test_an_extension_that_is_not_whole_is_told_from_none(board):
    board.setattr(extension, "there", lambda module: "embedded_io" not in module)
    with pytest.raises(
        BackendError, match=r"lava-loihi extension is not whole: there is no lava\.proc\.embedded_io\.spike"
    ):
        nk.run(stock(), spikes((4,)), backend="loihi2")


# ---------------------------------------------------------------------------------------------------- which board


def test_hosts_come_from_the_environment():
    assert of_environment({}) == Slurm()
    assert of_environment({"PARTITION": "oheogulch"}) == Slurm("oheogulch")
    assert of_environment({"BOARD": "ncl-og-01", "SLURM": "1"}) == Slurm(None, "ncl-og-01")
    assert of_environment({"NXSDKHOST": "10.1.2.3"}) == Ethernet("10.1.2.3")
    assert of_environment({"NXSDKHOST": "10.1.2.3", "HOST_BINARY": "/opt/x"}) == Ethernet("10.1.2.3", "/opt/x")
    assert generation_of(None, {}) == "N3B3"
    assert generation_of(None, {"LOIHI_GEN": "N3C1"}) == "N3C1"
    with pytest.raises(InputError, match="'N2A2' is unknown; known of Loihi 2: N3B2, N3B3"):
        generation_of("N2A2", {})


def test_no_queue_is_said_before_anything_runs(board, tmp_path):
    (tmp_path / "bin" / "sinfo").unlink()
    with pytest.raises(BackendError, match=r"no sinfo on the path.*NXSDKHOST=ADDRESS"):
        nk.run(stock(), spikes((4,)), backend="loihi2")
    both = Loihi2(host=Slurm("oheogulch", "ncl-og-01"))
    assert "Give one of them" in str(both.accepts(stock())[0])
    assert "its address is empty" in str(Loihi2(host=Ethernet("")).accepts(stock())[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("host", "said"),
    [
        (Slurm("kp"), "partition kp is not found or is down"),
        (Slurm(board="ncl-og-77"), "board ncl-og-77 is not found or board is down"),
        (Ethernet("10.9.9.9"), "`ping 10.9.9.9` failed"),
    ],
)
def test_what_lava_says_against_a_board_is_handed_on(board, tmp_path, host, said):
    script(tmp_path / "bin" / "ping", "exit 1")
    with pytest.raises(BackendError, match=f"no board: .*{said}"):
        nk.run(stock(), spikes((4,)), backend=Loihi2(host=host), time_limit=LIMIT)


# ------------------------------------------------------------------------------------------------------ what it runs


def compare(program, x, backend=None, **more):
    record = everything(program) if more.pop("states", True) else tuple(program.populations)
    a = nk.run(program, x, record=record, **more)
    b = nk.run(program, x, record=record, backend=backend or Loihi2(), time_limit=LIMIT, **more)
    assert any(a.spikes[name].any() for name in program.outputs)
    for name in program.populations:
        np.testing.assert_array_equal(a.spikes[name], b.spikes[name])
        np.testing.assert_array_equal(a.counts[name], b.counts[name])
        np.testing.assert_array_equal(a.step_counts[name], b.step_counts[name])
        assert a.spikes[name].dtype == b.spikes[name].dtype
    np.testing.assert_array_equal(a.counts["in"], b.counts["in"])
    np.testing.assert_array_equal(a.step_counts["in"], b.step_counts["in"])
    for key in a.states:
        np.testing.assert_array_equal(a.states[key], b.states[key])
    assert (b.backend, b.complete) == ("loihi2", True)
    return b


def test_it_equals_the_simulator(board):
    compare(stock(), spikes((4,), steps=24))
    assert not left_behind()


@pytest.mark.slow
def test_batches_and_more_steps_than_input(board):
    compare(stock(), spikes((4,), batch=2), Loihi2(host=Slurm("oheogulch")), steps=26)
    board.setenv("BOARD", "ncl-og-01")
    short = nk.run(stock(), spikes((4,)), 5, backend="loihi2", time_limit=LIMIT)
    assert short.spikes["out"].shape == (5, 3)


@pytest.mark.slow
def test_pictures_and_payloads(board):
    compare(pictures(), spikes((1, 5, 5)), states=False)
    graded = (np.random.default_rng(1).integers(-9, 10, (16, 1, 5, 5))).astype(np.int32)
    compare(pictures(), graded, states=False)


@pytest.mark.slow
def test_ethernet_and_states_the_other_way_round(board):
    board.setenv("STANDIN_BY_STEPS", "1")
    compare(stock(), spikes((4,)), Loihi2(host=Ethernet("10.1.2.3"), generation="N3C1", order="steps"))


def test_a_session(board):
    program, x = stock(), spikes((4,), steps=70)
    whole = nk.run(program, x, record=("hidden",))
    with nk.open(program, "loihi2", record=("hidden",), time_limit=LIMIT) as session:
        parts = [session.step(x[0])[None], session.step(x[1:68]), session.step(x[68:])]
        np.testing.assert_array_equal(np.concatenate(parts), whole.spikes["out"])
        np.testing.assert_array_equal(session.spikes["hidden"], whole.spikes["hidden"][68:])
        with pytest.raises(BackendError, match="does not give its state away"):
            session.save("never.nk")
    assert not Path("never.nk").exists()
    assert not left_behind()


@pytest.mark.slow
def test_a_session_starts_anew(board):
    program, x = stock(), spikes((4,), steps=10)
    with nk.open(program, "loihi2", time_limit=LIMIT) as session:
        first = session.step(x)
        session.reset()
        np.testing.assert_array_equal(session.step(x), first)


def test_a_session_refuses_what_a_board_cannot_do(board):
    with pytest.raises(BackendError) as error:
        nk.open(stock(), "loihi2", batch=2, record=(("hidden", "v"),))
    assert "'batch': is 2; a board holds one network" in fault(error)
    assert "states of a board are read at the end of a run" in fault(error)


def test_what_is_not_stock_is_refused_all_at_once(board):
    program = stock()
    soft = replace(program.populations["out"], neuron=lif(reset="soft", reset_value=np.asarray(64 * 300)))
    mixed = Projection("in", "out", (Dense(np.ones((3, 4), np.int64)),), np.asarray(1))
    changed = replace(
        program,
        populations={**program.populations, "out": soft},
        outputs={"out": soft},
        projections=(*program.projections, mixed),
    )
    with pytest.raises(BackendError, match="resets by subtraction"):
        nk.run(changed, spikes((4,)), backend="loihi2")
    two = replace(pictures(), projections=(*pictures().projections, _dense_beside()))
    said = "\n".join(map(str, Loihi2().accepts(two)))
    assert "'in': feeds convolutions and other synapses" in said


def _dense_beside():
    return Projection("in", "sums", (Dense(np.ones((4, 25), np.int64)),), np.asarray(1))


def test_learning_is_refused(board):
    assert "'in->a': learns; how weights come back" in "\n".join(map(str, Loihi2().accepts(PROGRAMS["two factors"])))


def test_payloads_beyond_a_message_are_refused(board):
    with pytest.raises(PayloadError, match="'in': holds numbers up to 8388608; messages to the chip have 24 bits"):
        nk.run(stock(), np.full((2, 4), -(1 << 23)), backend="loihi2")
    with pytest.raises(PayloadError, match="'in': holds numbers up to 32768; messages to the chip have 16 bits"):
        nk.run(pictures(), np.full((2, 1, 5, 5), 1 << 15), backend="loihi2")


def test_states_without_state_probes(board):
    board.setattr(extension, "there", lambda module: "state_probes" not in module)
    with pytest.raises(BackendError, match=r"there is no lava.utils.loihi2_state_probes.*Record spikes only"):
        nk.run(stock(), spikes((4,)), backend="loihi2", record=(("out", "v"),))


@pytest.mark.slow
def test_the_first_light_kit_runs_on_it(board, tmp_path):
    """Eighteen micro-programs, with payloads and states: the stand-in's arithmetic is found, which is Lava's."""
    write_kit(tmp_path / "kit")
    outcome = run_bundle(tmp_path / "kit", "loihi2")
    assert outcome.ok
    found = identify(kit=tmp_path / "kit")
    assert (found.backend, found.silicon, found.unexplained, found.not_run) == ("loihi2", Silicon(), {}, {})


# ------------------------------------------------------------------------------------------------- when it goes wrong


def test_in_time_or_not_at_all(board):
    began = time.monotonic()
    with pytest.raises(BackendError, match=r"the run took more than 0.5 s"):
        nk.run(stock(), spikes((4,)), backend="loihi2", time_limit=0.5)
    assert time.monotonic() - began < 20
    assert not left_behind()


@pytest.mark.slow
def test_ctrl_c_leaves_what_was_finished(board):
    def stop(done, of):
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()

    with pytest.raises(Interrupted) as interrupt:
        nk.run(stock(), spikes((4,), batch=3), backend="loihi2", time_limit=LIMIT, progress=stop)
    recording = interrupt.value.recording
    assert recording.steps_done.tolist() == [20, 0, 0]
    assert not left_behind()


@pytest.mark.slow
def test_a_chip_without_a_model_is_an_error_not_a_run_on_the_host(board, tmp_path):
    """An extension that knows no listed synapses: Loihi2HwCfg would fall back to a CPU model."""
    lacking = tmp_path / "lacking"
    shutil.copytree(STANDIN, lacking)
    shutil.rmtree(lacking / "lava" / "proc" / "sparse")
    board.setattr(sys, "path", [str(lacking), *(p for p in sys.path if p != str(STANDIN))])
    with pytest.raises(BackendError, match=r"no model of Sparse on the chip; Py.* would run on the host"):
        nk.run(stock(), spikes((4,)), backend="loihi2", time_limit=LIMIT)


# ---------------------------------------------------------------------------------------------------------- measuring


def test_measure_is_checked():
    with pytest.raises(InputError) as error:
        Measure(steps=0, figures=("colour",), interface="new")
    said = fault(error)
    assert "'measure.steps': is 0" in said
    assert "'new' is unknown; known: auto, probes, loggers" in said
    assert "'colour' is unknown; known: energy, time, activity" in said


def _planted(measured):
    assert measured.time_per_step == pytest.approx(152.85e-6)
    assert measured.energy_per_step == pytest.approx(0.679234 * 152.85e-6)
    assert measured.static_energy_per_step == pytest.approx(0.232078 * 152.85e-6)
    assert measured.dynamic_energy_per_step == pytest.approx(68.34e-6, rel=1e-3)  # as lava-dl's notebook has it
    assert measured.power["total"] == pytest.approx(0.679234)


@pytest.mark.slow
@pytest.mark.parametrize("interface", ["probes", "loggers", "old loggers"])
def test_both_interfaces_of_the_profiler(board, interface):
    if interface == "old loggers":
        board.setenv("STANDIN_OLD_LOGGERS", "1")
    chosen = interface.split()[-1]
    measure = Measure(steps=30, interface=chosen)
    recording = nk.run(stock(), spikes((4,)), backend=Loihi2(measure=measure), time_limit=LIMIT)
    measured = recording.measured
    _planted(measured)
    assert measured.activity["synaptic operations"] == pytest.approx(1000)
    assert (measured.memory, measured.cores, measured.steps) == ({"words": 900.0}, 2, 30)
    profilers = "lava.utils.loihi2_profiler_api, lava.utils.loihi2_profiler"
    assert measured.profiler == (profilers if chosen == "probes" else "lava.utils.loihi2_profiler")
    assert ("vdd" in measured.power) == (chosen == "loggers")


def test_a_measured_run_shows_beside_the_estimate(board, tmp_path):
    measure = Measure(steps=30, figures=("time",))
    recording = nk.run(stock(), spikes((4,)), backend=Loihi2(measure=measure), time_limit=LIMIT, to=tmp_path / "r.h5")
    assert recording.measured.time_per_step == pytest.approx(152.85e-6)
    profile = nk.profile(recording, nk.place(stock()))
    (row,) = profile.measured.rows
    assert (row.what, row.within, row.estimate) == ("time a step", False, profile.time.step)
    assert "time a step: measured 153 µs; estimate" in str(profile)
    assert profile.to_dict()["measured"]["beside"][0]["words"] == "above the bounds"
    page = nk.report(profile, path=tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Measured beside estimated" in page
    assert "153 µs" in page


def test_figures_that_are_not_given_as_public_code_reads_them_are_an_error():
    from neurokit.hardware.loihi.measuring import Meter, with_energies

    meter = object.__new__(Meter)
    meter.figure, meter.module, meter.probes, meter.steps = "time", "lava.utils.loihi2_profiler", False, 4
    meter._loggers = {"time": object()}
    with pytest.raises(BackendError, match="did not give time as public code reads it"):
        meter.figures()
    assert with_energies({"power": {"total": 2.0, "static": 0.5}, "time_per_step": 0.25}) == {
        "power": {"total": 2.0, "static": 0.5},
        "time_per_step": 0.25,
        "energy_per_step": 0.5,
        "static_energy_per_step": 0.125,
    }
    assert with_energies({"time_per_step": 1.0}) == {"time_per_step": 1.0}
