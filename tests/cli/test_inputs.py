"""Recordings, images, values and sound given to the verbs: encoded as nk.encode does it, or refused."""

import json

import numpy as np
import pytest
import scipy.io.wavfile
from PIL import Image

import neurokit as nk
from neurokit.cli.options import Encode, Fit
from neurokit.encode import frames
from tests.cli.sources import DT, write_nir
from tests.data import shared
from tests.encode import recordings as rec

SIZE = (1, 3)  # with two polarities the six inputs of the small network


def events(count=40, seed=1, span=20_000):
    return rec.some_events(count, *SIZE, span=span, seed=seed)


@pytest.fixture
def clip(tmp_path):
    return rec.write_atis(tmp_path / "clip.bin", *events())


@pytest.fixture
def equal(cli, files):
    """The command gives what the program gives on these spikes."""

    def check(spikes, *arguments):
        ran = cli("run", files.program, *arguments, "--json")
        assert ran.code == 0, ran
        found = json.loads(ran.out)
        wanted = nk.run(nk.load(files.program), spikes)
        assert found["steps"] == wanted.steps
        counts = wanted.counts["last"]
        assert found["outputs"]["last"]["spikes"] == (counts[None] if wanted.batch is None else counts).tolist()
        assert found["spikes"]["input"] == int(wanted.counts["input"].sum())
        return ran

    return check


def test_a_recording(equal, clip):
    """Steps as long as the network's."""
    wanted = nk.encode.to_spikes(nk.encode.read(clip, size=SIZE), 1e-3, shape=(6,))
    assert wanted.sum() > 20
    assert equal(wanted, clip, "--size", "1x3").err == ""


def test_several_recordings(equal, clip, tmp_path):
    short = rec.write_atis(tmp_path / "short.bs2", *events(9, 2, 6000))
    read = [nk.encode.read(path, size=SIZE) for path in (clip, short)]
    wanted = nk.encode.batch(read, 2e-3, shape=(6,), counts=True)
    equal(wanted, clip, short, "--size", "1x3", "--bin", "2e-3", "--counts")


def test_steps_of_a_recording(equal, clip):
    wanted = nk.encode.to_spikes(nk.encode.read(clip, size=SIZE), 1e-3, shape=(6,), steps=7)
    equal(wanted, clip, "--size", "1x3", "--steps", 7)


def test_events_in_numpy_files(equal, tmp_path):
    recorded = nk.encode.Events.of(*events(), size=SIZE, origin=None)
    np.save("tonic.npy", recorded.to_array())
    np.savez("columns.npz", t=recorded.t, x=recorded.x, y=recorded.y, p=recorded.polarity)
    wanted = nk.encode.to_spikes(recorded, 1e-3, shape=(6,))
    for name in "tonic.npy", "columns.npz":
        equal(wanted, name, "--size", "1x3")


def test_the_unit_of_matlabs_times(equal, refused, files, tmp_path):
    t, x, y, p = events()
    columns = {"t": (t // 1000).astype(float), "x": x, "y": y, "p": p}  # whole milliseconds, taken for microseconds
    scipy.io.savemat("x.mat", columns)
    for unit in (None, "us", "s"):
        columns["t"] = (t // 1000).astype(float) if unit != "s" else t / 1e6
        scipy.io.savemat("x.mat", columns)
        wanted = nk.encode.to_spikes(nk.encode.read("x.mat", size=SIZE, time_unit=unit), 1e-3, shape=(6,))
        ran = equal(wanted, "x.mat", "--size", "1x3", *(() if unit is None else ("--time-unit", unit)))
        assert ("read as microseconds" in ran.err) == (unit is None)
    np.save("values.npy", np.zeros((4, 6)))
    refused(2, "run", files.program, "values.npy", "--encode", "rate", "--time-unit", "s", words=["'--time-unit': was"])


def test_what_was_mended_is_told(equal, tmp_path):
    path = rec.write_dat(tmp_path / "x.dat", *events(), size=SIZE)
    path.write_bytes(path.read_bytes() + b"\1\2\3")
    wanted = nk.encode.to_spikes(nk.encode.read(path), 1e-3, shape=(6,))
    ran = equal(wanted, path)
    assert ran.err == "x.dat: the file is cut short: its last 3 bytes are no whole event and were left out\n"


@pytest.mark.parametrize("code", ["rate", "regular", "latency", "graded"])
def test_values(equal, code):
    values = np.random.default_rng(0).random((4, 6)) * (0.02 if code == "graded" else 1)  # more would overflow u
    np.save("values.npy", values)
    np.save("bytes.npy", np.rint(values * 255).astype(np.uint8))
    encode = nk.encode
    makers = {"rate": lambda n: encode.Rate(n, 3), "regular": encode.Regular, "latency": encode.Latency}
    coder = makers.get(code, encode.Graded)(16)
    seed = ("--seed", 3) if code == "rate" else ()
    equal(coder.encode(values, batched=True), "values.npy", "--encode", code, "--steps", 16, *seed)
    wanted = coder.encode(encode.scaled(np.load("bytes.npy")), batched=True)
    equal(wanted, "bytes.npy", "--encode", code, "--steps", 16, *seed)


def test_images(equal, tmp_path):
    pixels = np.array([[0, 50, 100], [150, 200, 255]], np.uint8)
    Image.fromarray(pixels).save("x.png")
    Image.fromarray(pixels[::-1]).save("y.png")
    coder = nk.encode.Regular(20)
    wanted = coder.encode(np.stack((pixels, pixels[::-1])).reshape(2, 6) / 255, batched=True)
    equal(wanted, "x.png", "y.png", "--encode", "regular", "--steps", 20)


def test_sound(equal):
    rate, wave = 8000, np.random.default_rng(0).normal(0, 3000, 4000).astype(np.int16)
    scipy.io.wavfile.write("x.wav", rate, wave)
    for kind in "gammatone", "mel":
        bank = nk.encode.FilterBank(rate, 5e-3, channels=6, kind=kind)
        equal(bank.encode(wave), "x.wav", "--encode", kind, "--bin", "5e-3")


def test_changes(equal):
    signal = np.cumsum(np.random.default_rng(0).normal(size=(50, 3)), axis=0)
    np.save("x.npy", signal)
    wanted = nk.encode.Delta(0.5).encode(signal).reshape(50, 6)
    equal(wanted, "x.npy", "--encode", "delta", "--threshold", 0.5)


def test_other_verbs_take_recordings_too(cli, files, clip):
    ran = cli("verify", files.program, clip, "--size", "1x3", "--json")
    assert json.loads(ran.out)["ok"]
    assert cli("profile", files.program, clip, "--size", "1x3").code == 0
    assert cli("report", files.program, clip, "--size", "1x3", "-o", "r.html").code == 0


def test_a_camera_of_another_size(cli, refused, tmp_path):
    program = tmp_path / "cnn.nk"
    nk.compile(nk.convert(shared("nir_paper", "02_cnn", "cnn_sinabs.nir"))).save(program)
    recording = shared("events", "tonic", "sample.aedat4")
    refused(2, "run", program, recording, words=["'--bin'", "cnn_sinabs.nir", "Pass --bin 1e-3"])
    words = ["sensor of 240×320", "34×34", "--fit"]
    refused(2, "run", program, recording, "--bin", "1e-2", words=words)
    ran = cli("run", program, recording, "--bin", "1e-2", "--fit", "resize", "--json")
    assert json.loads(ran.out)["steps"] == 59
    assert json.loads(ran.out)["spikes"]["input"] > 10_000


# ------------------------------------------------------------------------------------------------------------- refusals


def test_options_that_say_nothing(refused, files, clip):
    run = ("run", files.program)
    given = ("--bin", 1, "--fit", "crop", "--size", "1x3", "--seed", 1, "--threshold", 1, "--counts")
    message = refused(2, *run, files.data, *given)
    assert message.startswith("error: '--bin', '--counts', '--fit', '--size', '--seed', '--threshold': was given")
    refused(2, *run, clip, "--size", "1x3", "--encode", "rate", words=["'--encode': was given"])
    refused(2, *run, files.data, "--encode", "regular", "--seed", 1, words=["'--seed': was given", "values by regular"])


def test_options_that_are_needed(refused, files, clip):
    run = ("run", files.program)
    refused(2, *run, clip, words=["clip.bin", "does not tell its sensor's size", "--size 34x34"])
    np.save("v.npy", np.zeros(6))
    scipy.io.wavfile.write("x.wav", 8000, np.ones(800, np.int16))
    Image.new("L", (3, 2)).save("x.png")
    refused(2, *run, "v.npy", "--encode", "rate", words=["'--seed'", "drawn at random"])
    refused(2, *run, "v.npy", "--encode", "delta", words=["'--threshold'"])
    refused(2, *run, "v.npy", "--encode", "regular", words=["'--steps'"])
    refused(2, *run, "v.npy", "--encode", "mel", words=["'--encode': is mel", "values become spikes by rate"])
    refused(2, *run, "x.wav", words=["'--encode': was not given", "gammatone, mel, delta"])
    refused(2, *run, "x.png", words=["'--encode': was not given", "rate, regular, latency, graded"])
    refused(2, *run, "x.wav", "--encode", "rate", "--seed", 1, words=["'--encode': is rate"])


def test_files_that_do_not_fit(refused, files, clip, tmp_path):
    run = ("run", files.program)
    refused(2, *run, clip, "--size", "2x2", words=["events lie outside"])
    refused(2, *run, clip, "--size", "3", words=["'--size': is '3'"])
    refused(2, *run, clip, "--size", "1x4", words=["is (6,) for a sensor of 1×4"])
    refused(2, *run, files.data, files.data, words=["are 2 files of arrays", "Stack"])
    refused(2, *run, clip, files.data, "--size", "1x3", words=["are arrays and recordings"])
    np.save("v.npy", np.zeros(5))
    refused(2, *run, "v.npy", "--encode", "latency", "--steps", 4, words=["v.npy", "(5,)", "(batch, 6)"])
    np.savez("v.npz", a=np.zeros(6))
    refused(2, *run, "v.npz", "--encode", "latency", "--steps", 4, words=["holds arrays by name"])
    Image.new("L", (9, 9)).save("x.png")
    refused(2, *run, "x.png", "--encode", "graded", "--steps", 4, words=["81 values", "(6,)"])
    (tmp_path / "y.png").write_bytes((tmp_path / "x.png").read_bytes()[:40])
    refused(2, *run, "y.png", "--encode", "graded", "--steps", 4, words=["y.png", "cannot be read as an image"])
    (tmp_path / "y.wav").write_bytes(b"RIFF1234WAVEfmt ")
    refused(2, *run, "y.wav", "--encode", "mel", words=["y.wav", "cannot be read as a wave file"])
    refused(2, *run, "none.aedat4", words=["there is no such file"])
    np.save("x.npy", np.zeros((9, 5)))
    refused(2, *run, "x.npy", "--encode", "delta", "--threshold", 1, words=["10 channels", "has 6"])
    np.save("b.npy", np.zeros((2, 6)))
    refused(2, *run, "b.npy", "b.npy", "--encode", "latency", "--steps", 4, words=["holds batches"])


def test_options_are_what_the_package_has():
    assert {member.value for member in Fit} == set(frames.FITS)
    assert {member.value for member in Encode} >= {"rate", "regular", "latency", "graded", "delta"}


def test_a_network_without_a_step(refused, clip):
    write_nir("net.nir")
    refused(2, "run", "net.nir", *DT, "nothing.bin", words=["nothing.bin", "there is no such file"])


def test_fractions_are_scaled_as_calibrated(cli, files, tmp_path):
    samples = np.random.default_rng(3).random((2, 10, 6))
    np.save(tmp_path / "samples.npy", samples)
    np.savez(tmp_path / "samples.npz", input=samples)
    made = tmp_path / "calibrated.nk"
    assert cli("compile", files.nir, *DT, "-o", made, "--calibrate", tmp_path / "samples.npy").code == 0
    program = nk.load(made)
    wanted = nk.run(program, program.scaled(samples)).counts["last"]
    for name in "samples.npy", "samples.npz":
        ran = cli("run", made, tmp_path / name, "--json")
        assert json.loads(ran.out)["outputs"]["last"]["spikes"] == wanted.tolist()
        assert f"'input' was multiplied by {program.input_scale['input']:g}, as calibrated" in ran.err


def test_fractions_without_a_scale_are_refused(refused, files, tmp_path):
    np.save(tmp_path / "samples.npy", np.full((10, 6), 0.5))
    refused(
        2, "run", files.program, tmp_path / "samples.npy", words=["no scale was chosen", "compile with --calibrate"]
    )
