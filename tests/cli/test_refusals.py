"""What cannot be done is refused with one message that names it and the mend: 2 for usage and files, 1 for faults."""

import json
import pickle
import shutil

import nir
import numpy as np
import pytest

import neurokit as nk
from tests.cli.sources import DT, neurons, write_net, write_nir

FINE = 2 * np.ones((4, 6))


def changed(value, at=(1, 2), weight=FINE):
    weight = np.array(weight, np.float32)
    weight[at] = value
    return weight


# ------------------------------------------------------------------------------------------------------------- sources


@pytest.mark.parametrize("verb", ["inspect", "place"])
@pytest.mark.parametrize("name", ["nope.nir", "nope.net", "nope.nk"])
def test_a_missing_source(refused, verb, name):
    refused(2, verb, name, words=[f"'{name}'", "Check the path."])


@pytest.mark.parametrize("name", ["folder.nir", "folder.net", "folder.nk"])
def test_a_folder(refused, tmp_path, name):
    (tmp_path / name).mkdir()
    refused(2, "inspect", name, words=[f"'{name}'"])


@pytest.mark.parametrize("kind", ["nir", "net", "network", "program"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.95])
def test_a_truncated_or_empty_source(refused, files, tmp_path, kind, share):
    whole = getattr(files, kind)
    path = tmp_path / f"cut{whole.suffix}"
    path.write_bytes(whole.read_bytes()[: int(share * whole.stat().st_size)])
    refused(2, "inspect", path.name, words=[f"'{path.name}'"])


@pytest.mark.parametrize("suffix", [".nir", ".net", ".nk"])
def test_no_hdf5(refused, tmp_path, suffix):
    (tmp_path / f"text{suffix}").write_text("hello, this is no network")
    refused(2, "inspect", f"text{suffix}", words=[f"'text{suffix}'"])


@pytest.mark.parametrize("name", ["small.txt", "small", "small.h5"])
def test_a_wrong_suffix(refused, files, tmp_path, name):
    shutil.copy(files.nir, tmp_path / name)
    refused(2, "inspect", name, words=[f"'{name}'", ".nir", "--kind"])


@pytest.mark.parametrize(
    ("original", "name"), [("nir", "x.net"), ("net", "x.nir"), ("nir", "x.nk"), ("program", "x.net")]
)
def test_a_suffix_that_lies(refused, files, tmp_path, original, name):
    shutil.copy(getattr(files, original), tmp_path / name)
    refused(2, "inspect", name, words=[f"'{name}'"])


def test_an_unknown_kind(refused, files):
    refused(2, "inspect", files.nir, "--kind", "onnxx", words=["'onnxx'", "'nir'"])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite(cli, value):
    write_nir("bad.nir", changed(value, weight=np.ones((5, 6))))
    ran = cli("inspect", "bad.nir", *DT)
    assert ran.code == 1
    assert "fault: 'input->hidden': a weight is NaN or infinite" in ran.out
    write_net("bad.net", (changed(value), neurons()))
    ran = cli("inspect", "bad.net")
    assert ran.code == 1
    assert "'0-dense': unsupported: " in ran.out


def test_a_node_that_makes_no_sense(refused):
    one = np.ones(4, np.float32)
    write_nir("bad.nir", readout=nir.LI(0 * one, one, 0 * one))
    message = refused(1, "compile", "bad.nir", *DT, "-o", "x.nk", words=["'last'", "tau is not positive"])
    assert message.count("error:") == 1


def test_a_step_that_nobody_states(refused, files, tmp_path):
    refused(1, "compile", files.nir, "-o", "x.nk", words=["'hidden'", "On the command line: --dt."])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (changed(1.5), "fractions"),
        (changed(255, weight=-FINE), "mixed"),
        (changed(-258), "-258"),
        (changed(-1, weight=changed(129, at=(0, 0))), "129"),
        (changed(256), "256"),
        (-changed(256), "256"),
    ],
    ids=["fraction", "odd beyond 127", "below -256", "mixed odd 129", "positive above 255", "negative below -255"],
)
def test_weights_of_slayer_that_the_chip_lacks(refused, weight, words):
    write_net("bad.net", (weight, neurons()))
    message = refused(1, "compile", "bad.net", "-o", "x.nk", words=["'0-dense'", "weight"])
    assert "error:" in message


@pytest.mark.parametrize("weight", [changed(255), changed(-256, weight=changed(2)), -changed(255), changed(127) - 1])
def test_the_widest_weights_pass(cli, weight):
    write_net("good.net", (weight, neurons()))
    assert cli("compile", "good.net", "-o", "x.nk").code == 0


def test_thresholds_beyond_17_bits(refused, cli):
    """A readout's is clamped, so that it never fires; elsewhere it is an error."""
    write_net("last.net", (FINE, neurons()), (2 * np.ones((3, 4)), neurons(vThMant=200_000)))
    np.save("x.npy", np.ones((30, 6), np.uint8))
    ran = cli("run", "last.net", "x.npy", "--json")
    assert json.loads(ran.out)["outputs"]["1-dense"]["spikes"] == [[0, 0, 0]]
    write_net("hidden.net", (FINE, neurons(vThMant=131_072)), (2 * np.ones((3, 4)), neurons()))
    refused(1, "compile", "hidden.net", "-o", "x.nk", words=["'0-dense'", "131071"])


@pytest.mark.parametrize("verb", ["inspect", "place", "convert"])
def test_options_that_a_nk_file_does_not_need(refused, files, verb):
    output = ("-o", "x.nk") if verb == "convert" else ()
    message = refused(2, verb, files.network, *output, "--dt", "1e-3", "--reset", "soft", "--inputs", "spikes")
    assert message.startswith("error: '--dt', '--reset', '--inputs': was given")


def test_options_that_would_do_nothing(refused, files):
    refused(2, "place", files.program, "--bits", 4, words=["'--bits'", "compiled already"])
    refused(2, "run", files.program, files.data, "--window", 4, words=["'--window'", "compiled already"])
    refused(2, "verify", files.net, files.data, "--bits", 4, words=["'--bits'", "integers already"])
    refused(2, "verify", files.net, files.data, "--lava", 0, words=["'lava'", "nothing but Lava"])
    refused(2, "convert", files.program, "-o", "x.nk", words=["compiled Program"])


# ----------------------------------------------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    "arguments",
    [
        ["--steps", 0],
        ["--steps", -5],
        ["--steps", 1.5],
        ["--steps", 10**30],
        ["--bits", 0],
        ["--bits", 9],
        ["--window", 0],
        ["--window", -1],
        ["--dt", 0],
        ["--dt", "nan"],
        ["--dt", "short"],
        ["--reset", "medium"],
        ["--inputs", "both"],
        ["--time-limit", 0],
        ["--time-limit", "inf"],
        ["--backend", "abacus"],
    ],
    ids=lambda arguments: " ".join(map(str, arguments)),
)
def test_values_of_options(refused, files, arguments):
    refused(2, "run", files.nir, files.data, *arguments, words=[f"'{arguments[0]}'"])


def test_other_usage(refused, files):
    refused(2, "verify", files.program, files.data, "--lava", -1, words=["'--lava'"])
    refused(2, "verify", files.program, files.data, "--backend", "simulator", words=["'--backend'"])
    refused(2, "place", files.program, "--chip", "abacus", words=["'--chip'", "'loihi2'"])
    refused(2, "juggle", words=["'juggle'"])
    refused(2, "inspect", words=["'source'"])
    refused(2, "compile", files.nir, words=["'--output'"])


@pytest.mark.parametrize("name", ["nobody", "hidden:w", "nobody:u", ":u"])
def test_names_to_record(refused, files, name):
    refused(2, "run", files.program, files.data, "--record", name, words=[f"'{name.rpartition(':')[0] or name}"])


def test_a_run_out_of_time(refused, files, tmp_path):
    np.save("x.npy", np.zeros((64, 3000, 6), np.uint8))
    arguments = ("run", files.program, "x.npy", "--time-limit", "1e-9", "-o", "out.npz")
    refused(1, *arguments, words=["'simulator'", "time limit"])
    assert not (tmp_path / "out.npz").exists()


def test_more_than_memory_holds(refused, files, monkeypatch):
    def full(*arguments, **keywords):
        raise MemoryError("Unable to allocate 93.1 GiB")

    monkeypatch.setattr(nk, "run", full)
    refused(1, "run", files.program, files.data, words=["not enough memory (Unable to allocate 93.1 GiB)", "fewer"])


# -------------------------------------------------------------------------------------------------------------- inputs


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((3, 4, 5)), ["(3, 4, 5)", "(batch, time, 6)"]),
        (np.zeros(6), ["(6,)"]),
        (np.zeros((1, 2, 3, 6)), ["(1, 2, 3, 6)"]),
        (np.array(1), ["()"]),
        (np.array([["a"] * 6]), ["<U1", "numbers"]),
        (np.zeros((4, 6), complex), ["complex128"]),
        (np.full((4, 6), 0.5), ["fractions"]),
        (np.full((4, 6), np.nan), ["NaN"]),
        (np.full((4, 6), -np.inf), ["infinity"]),
        (np.full((4, 6), 2**23), ["24 bits"]),
        (np.zeros((0, 6)), ["empty"]),
        (np.zeros((0, 4, 6)), ["empty"]),
        (np.zeros((2, 0, 6)), ["empty"]),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, list) else "",
)
def test_arrays_that_do_not_fit(refused, files, array, words):
    np.save("x.npy", array)
    refused(2, "run", files.program, "x.npy", words=["'input'", *words])


def test_inputs_by_other_names(refused, files):
    np.savez("x.npz", wrong=np.zeros((4, 6)))
    refused(2, "run", files.program, "x.npz", words=["'wrong': is no input", "'input': has no data"])
    np.savez("x.npz")
    refused(2, "run", files.program, "x.npz", words=["'input': has no data"])


class Bomb:
    """Unpickling it leaves a file."""

    def __reduce__(self):
        return open, ("exploded", "w")


def test_pickles_are_never_loaded(refused, files, tmp_path):
    np.save("object.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    np.savez("object.npz", input=np.array([Bomb()], dtype=object))
    (tmp_path / "pickle.npy").write_bytes(pickle.dumps(Bomb()))
    for name, words in (("object.npy", "pickled"), ("object.npz", "pickled"), ("pickle.npy", "neither .npy nor .npz")):
        refused(2, "run", files.program, name, words=[f"'{name}'", words])
        refused(2, "verify", files.program, files.data, "--labels", name, words=[f"'{name}'", words])
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.95])
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_truncated_arrays(refused, files, tmp_path, suffix, share):
    whole = files.data
    if suffix == ".npz":
        whole = tmp_path / "whole.npz"
        np.savez(whole, input=np.load(files.data))
    (tmp_path / f"cut{suffix}").write_bytes(whole.read_bytes()[: int(share * whole.stat().st_size)])
    refused(2, "run", files.program, f"cut{suffix}", words=[f"'cut{suffix}'"])


def test_damage_inside_an_archive(refused, files, tmp_path):
    np.savez_compressed("x.npz", input=np.load(files.data))
    content = bytearray((tmp_path / "x.npz").read_bytes())
    content[60:120] = bytes(60)
    (tmp_path / "x.npz").write_bytes(content)
    refused(2, "run", files.program, "x.npz", words=["'x.npz'"])


def test_files_that_are_no_arrays(refused, files, tmp_path):
    (tmp_path / "x.npy").write_text("1 2 3")
    (tmp_path / "folder.npy").mkdir()
    refused(2, "run", files.program, "x.npy", words=["'x.npy'", "neither"])
    refused(2, "run", files.program, "folder.npy", words=["is a folder"])
    refused(2, "run", files.program, "nope.npy", words=["there is no such file"])
    refused(2, "run", files.program, "/dev/zero", words=["is no file"])
    refused(2, "run", files.program, files.nir, words=["neither"])


def test_labels_that_do_not_fit(refused, files):
    np.save("few.npy", np.array([1, 2]))
    np.save("words.npy", np.array(["a", "b", "c"]))
    np.savez("labels.npz", labels=np.arange(3))
    verify = ("verify", files.program, files.data, "--labels")
    refused(2, *verify, "few.npy", words=["'labels'", "(2,)", "3 class indices"])
    refused(2, *verify, "words.npy", words=["'labels'", "<U1"])
    refused(2, *verify, "labels.npz", words=["'labels.npz'", "one array"])


# -------------------------------------------------------------------------------------------------------------- others


def test_a_defect_of_ours_is_one_line(refused, files, monkeypatch):
    def broken(*arguments, **keywords):
        raise KeyError("surprise")

    monkeypatch.setattr(nk, "inspect", broken)
    refused(1, "inspect", files.program, words=["a defect of neurokit: KeyError: 'surprise'", "NEUROKIT_TRACEBACK=1"])


def test_a_defect_of_ours_can_be_seen(cli, files, monkeypatch):
    def broken(*arguments, **keywords):
        raise KeyError("surprise")

    monkeypatch.setattr(nk, "inspect", broken)
    monkeypatch.setenv("NEUROKIT_TRACEBACK", "1")
    with pytest.raises(KeyError):
        cli("inspect", files.program)


def test_files_of_a_long_run(refused, files, tmp_path):
    run = ("run", files.program, files.data)
    refused(2, *run, "--to", "x.npz", words=["the result is a .h5 file"])
    refused(2, *run, "--checkpoint", tmp_path, words=["is a folder"])
    refused(2, *run, "--every", 0, words=["0.0 is not a positive number of seconds"])
    refused(1, *run, "--backend", "lava-inprocess", "--checkpoint", "x", words=["keeps no checkpoints", "--checkpoint"])
    (tmp_path / "x.ck").write_text("nothing")
    refused(2, *run, "--checkpoint", "x.ck", words=["'x.ck'", "cannot be read"])


@pytest.mark.parametrize("option", [("--code", "rate"), ("--shape", "2,3"), ("--spec", "a.json")])
def test_options_that_the_source_does_not_take(refused, files, tmp_path, option):
    words = [f"'{option[0][2:]}': was given; sources of kind 'nir' do not take it"]
    refused(2, "convert", files.nir, "-o", "net.nk", *option, words=words)
    assert not (tmp_path / "net.nk").exists()


def test_a_shape_in_words(refused, files):
    refused(2, "convert", files.nir, "-o", "net.nk", "--shape", "2xthree", words=["'2xthree' is no shape"])
