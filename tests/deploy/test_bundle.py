"""A bundle holds what a board user needs; what comes back is compared element by element."""

import hashlib
import json
import os
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import neurokit as nk
from neurokit.bundles.arrays import checksum, read_npz, write_npz
from neurokit.bundles.running import run_bundle
from neurokit.errors import BackendError, CompileError, FormatError, InputError, NeurokitError, OutputError
from neurokit.graph.neurons import IF, LIF
from neurokit.graph.synapses import Dense
from neurokit.hardware.lava import loading
from tests.deploy.programs import STEPS, data, not_stock, program
from tests.hardware.loihi_standin import STANDIN, installed
from tests.networks import network

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def bundle(tmp_path):
    nk.deploy(program(), data(), tmp_path / "bundle")
    return tmp_path / "bundle"


def edited(path, change):
    """results.npz with arrays changed."""
    arrays = dict(read_npz(path, "the test"))
    change(arrays)
    write_npz(path, arrays)


def fault(error):
    return " ".join(str(error.value).split())


def test_what_it_holds(bundle):
    names = {p.relative_to(bundle).as_posix() for p in bundle.rglob("*")}
    assert names == {
        "README.md",
        "bundle.json",
        "expected.npz",
        "inputs.npz",
        "program.nk",
        "requirements.txt",
        "run.py",
    }
    expected = np.load(bundle / "expected.npz")
    run = nk.run(program(), data(), record=("a/b",))
    assert set(expected.files) == {"program/spikes/a/b", "program/spikes/äus out"}
    for name in ("a/b", "äus out"):
        np.testing.assert_array_equal(expected[f"program/spikes/{name}"], run.spikes[name])
    assert run.spikes["äus out"].any()
    np.testing.assert_array_equal(np.load(bundle / "inputs.npz")["in"], data())
    pinned = (bundle / "requirements.txt").read_text().splitlines()
    assert all("==" in line for line in pinned)
    assert pinned[0].startswith("neurokit-lava==")
    if len(pinned) > 1:  # neurokit is installed
        assert f"numpy=={np.__version__}" in pinned


def test_the_checksum_is_what_the_readme_says(bundle):
    """An own reading of the README's words."""
    arrays = np.load(bundle / "expected.npz")
    text = b""
    for name in sorted(arrays.files, key=lambda name: name.encode()):
        array = arrays[name]
        text += struct.pack("<q", len(name.encode())) + name.encode() + struct.pack("<q", array.ndim)
        text += b"".join(struct.pack("<q", n) for n in array.shape)
        text += b"".join(struct.pack("<q", int(x)) for x in array.ravel())
    held = json.loads((bundle / "bundle.json").read_text())
    assert held["expected"] == hashlib.sha256(text).hexdigest()
    assert held["expected"] in (bundle / "README.md").read_text()
    for name, wanted in held["files"].items():
        assert hashlib.sha256((bundle / name).read_bytes()).hexdigest() == wanted


def test_the_checksum_sees_everything():
    base = {"a": np.array([[0, 1], [1, 0]])}
    found = {
        checksum(base),
        checksum({"b": base["a"]}),
        checksum({"a": base["a"].ravel()}),
        checksum({"a": base["a"].T[::-1]}),
        checksum({"a": -base["a"]}),
        checksum({**base, "c": np.zeros(0)}),
        checksum({"a": np.zeros((2, 0))}),
    }
    assert len(found) == 7
    assert checksum({"a": base["a"].astype(np.uint8)}) == checksum({"a": np.asfortranarray(base["a"], np.float32)})


def test_the_same_bundle_twice_is_the_same(bundle, tmp_path):
    nk.deploy(program(), data(), tmp_path / "again")
    for name in ("bundle.json", "expected.npz", "inputs.npz", "run.py"):
        if name != "bundle.json":
            assert (bundle / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_the_script_reproduces_the_expected_output(bundle):
    """A process of its own, in which nothing but neurokit's path is known."""
    moved = bundle.rename(bundle.with_name("moved"))
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPOSITORY), "HOME": str(bundle.parent)}
    command = [sys.executable, "run.py"]
    done = subprocess.run(command, cwd=moved, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert "as expected" in done.stdout
    wanted = json.loads((moved / "bundle.json").read_text())["expected"]
    assert f"found    {wanted}" in done.stdout
    parity = nk.check_results(bundle=moved)
    assert parity.ok
    assert sum(layer.compared for layer in parity.rungs[0].layers) == 2 * STEPS * 7


def test_lava_gives_the_same(bundle):
    outcome = run_bundle(bundle, "lava-inprocess")
    assert outcome.ok
    assert nk.check_results(bundle=bundle).rungs[0].candidate == "lava-inprocess"


def test_the_first_difference_is_named(bundle):
    run_bundle(bundle)

    def change(arrays):
        for name, place in (("äus out", (1, 5, 2)), ("a/b", (1, 7, 3)), ("a/b", (0, 6, 1))):
            arrays[f"program/spikes/{name}"][place] ^= 1

    edited(bundle / "results.npz", change)
    parity = nk.check_results(bundle=bundle)
    assert not parity.ok
    divergence = parity.first_divergence
    assert divergence.layer.population == "a/b"  # the shallowest
    assert (divergence.first.sample, divergence.first.step, divergence.first.neuron) == (0, 6, (1,))
    assert "'äus out' differs before it, at step 5" in divergence.cause
    assert parity.rungs[0].differing == 3


def test_what_was_not_recorded_is_told(bundle):
    run_bundle(bundle)
    edited(bundle / "results.npz", lambda arrays: arrays.pop("program/spikes/a/b"))
    parity = nk.check_results(bundle=bundle)
    assert parity.ok
    assert parity.rungs[0].note == "not recorded, so not compared: spikes/a/b"
    edited(bundle / "results.npz", lambda arrays: arrays.pop("program/spikes/äus out"))
    with pytest.raises(InputError, match="outputs must be there"):
        nk.check_results(bundle=bundle)


@pytest.mark.slow  # compiles a learning kernel
def test_what_learns_is_compared_by_its_weights_too(tmp_path):
    net = network((Dense(np.full((4, 5), 0.6)), LIF(tau=np.asarray(0.02), r=np.asarray(20.0))), dt=1e-3, shape=(5,))
    (projection,) = net.projections
    learner = nk.compile(net.with_plasticity(projection.name, nk.rules.stdp()))
    key = f"program/weights/{projection.name}"
    nk.deploy(learner, data(), tmp_path / "bundle", target="lava-cpu")
    assert run_bundle(tmp_path / "bundle").ok
    expected = np.load(tmp_path / "bundle" / "expected.npz")[key]
    assert (expected != learner.projections[0].synapse.weight).any(), "it learned nothing"
    path = tmp_path / "bundle" / "results.npz"

    def change(arrays):
        arrays[key].flat[3] += 1

    edited(path, change)
    parity = nk.check_results(bundle=tmp_path / "bundle")
    assert not parity.ok
    assert parity.first_divergence.layer.what == "weight"


# ------------------------------------------------------------------------------------------------- what is refused


def test_what_is_not_stock_is_refused_unless_forced(tmp_path):
    with pytest.raises(CompileError) as error:
        nk.deploy(not_stock(), data(), tmp_path / "bundle")
    assert "'a/b': resets by subtraction" in fault(error)
    assert "'target': loihi2-stock lacks 1 of what the program needs" in fault(error)
    assert "nk.targets(program, inputs)['loihi2-stock'] has a program by its parts" in fault(error)
    assert list(tmp_path.iterdir()) == []
    made = nk.deploy(not_stock(), data(), tmp_path / "bundle", force=True)
    assert [f.node for f in made.forced] == ["a/b"]
    readme = (made.path / "README.md").read_text()
    assert "Written with --force" in readme
    assert "resets by subtraction" in readme
    assert run_bundle(made.path).ok
    assert (
        "--force"
        not in (nk.deploy(not_stock(), data(), tmp_path / "cpu", target="lava-cpu").path / "README.md").read_text()
    )


def test_the_program_by_stock_parts_that_the_refusal_names_is_taken(tmp_path):
    other = nk.targets(not_stock(), data())["loihi2-stock"].program
    assert nk.deploy(other, data(), tmp_path / "bundle").forced == ()


def test_numbers_do_not_enter_loihi_1(tmp_path):
    numbers = data() * 3
    with pytest.raises(CompileError) as error:
        nk.deploy(program(), numbers, tmp_path / "bundle", target="loihi1")
    assert "sends numbers, such as 3; Loihi 1 sends 0 or 1. Use Loihi 2, or binary spikes." in fault(error)
    assert list(tmp_path.iterdir()) == []
    assert nk.deploy(program(), data(), tmp_path / "spikes", target="loihi1").forced == ()
    assert nk.deploy(program(), numbers, tmp_path / "numbers", target="loihi2").forced == ()


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"target": "loihi3"}, InputError, "'loihi3' is unknown; known: loihi2, lava-cpu, loihi2-stock, loihi1"),
        ({"inputs": data()[..., :3]}, InputError, "has shape (2, 12, 3)"),
        ({"inputs": data()[:0]}, InputError, "is empty: shape (0, 12, 5)"),
        ({"inputs": data()[:, :0]}, InputError, "is empty: shape (2, 0, 5)"),
        ({"steps": 0}, InputError, "at least 1"),
        ({"program": "program.nk"}, InputError, "is a str"),
        ({"program": network((Dense(np.eye(2)), IF()), dt=1e-3)}, InputError, "Call nk.compile first."),
    ],
)
def test_bad_arguments_leave_nothing(tmp_path, change, error, words):
    arguments = {"program": program(), "inputs": data(), "path": tmp_path / "bundle", **change}
    with pytest.raises(error) as raised:
        nk.deploy(**arguments)
    assert words in fault(raised)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_replaced(bundle, tmp_path):
    before = {p: p.read_bytes() for p in bundle.iterdir()}
    file = tmp_path / "file"
    file.write_text("mine")
    hanging = tmp_path / "hanging"
    hanging.symlink_to(tmp_path / "nowhere")
    for path in (bundle, file, hanging):
        with pytest.raises(OutputError, match="is there already"):
            nk.deploy(program(), data(), path)
    assert {p: p.read_bytes() for p in bundle.iterdir()} == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bundle", "file", "hanging"]
    with pytest.raises(OutputError, match="cannot be written"):
        nk.deploy(program(), data(), tmp_path / "nowhere" / "bundle")


def test_a_failure_half_way_leaves_nothing(tmp_path, monkeypatch):
    from neurokit.bundles import writing

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "write_manifest", full)
    with pytest.raises(OutputError, match="No space left on device"):
        nk.deploy(program(), data(), tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


def test_without_the_extension_the_board_is_refused_and_nothing_is_written(bundle):
    with pytest.raises(BackendError) as error:
        run_bundle(bundle, "loihi2")
    assert "lava-loihi extension is not installed" in fault(error)
    assert "results.npz" not in {p.name for p in bundle.iterdir()}


@pytest.mark.slow
def test_the_script_on_the_board(bundle, monkeypatch, tmp_path):
    """run.py --backend loihi2, in a process of its own, against the stand-in for lava-loihi."""
    if loading.fault() is not None:
        pytest.skip("Lava is not here")
    installed(monkeypatch, tmp_path)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{REPOSITORY}:{STANDIN}", "HOME": str(tmp_path)}
    command = [sys.executable, "run.py", "--backend", "loihi2"]
    done = subprocess.run(
        command, cwd=bundle, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "as expected" in done.stdout
    assert nk.check_results(bundle=bundle).rungs[0].candidate == "loihi2"


def test_results_of_something_else(bundle, tmp_path):
    negated = program()
    negated = replace(
        negated, projections=tuple(replace(p, synapses=(Dense(-p.synapse.weight),)) for p in negated.projections)
    )
    nk.deploy(negated, data(), tmp_path / "other")
    nk.deploy(program(), 1 - data(), tmp_path / "inputs")
    for name, words in (("other", "is of another program"), ("inputs", "is of other inputs")):
        run_bundle(tmp_path / name)
        with pytest.raises(InputError, match=words):
            nk.check_results(tmp_path / name / "results.npz", bundle)
    nk.run(program(), data()).save(tmp_path / "plain.npz")
    with pytest.raises(InputError, match="does not say of which program"):
        nk.check_results(tmp_path / "plain.npz", bundle)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: a.update({"program/spikes/a/b": a["program/spikes/a/b"][:, :-1]}), "has shape (2, 11, 4)"),
        (lambda a: a.update({"program/spikes/a/b": a["program/spikes/a/b"][0]}), "has shape (12, 4)"),
        (lambda a: a.update({"program/spikes/a/b": np.full((2, 12, 4), "x")}), "has type <U1"),
        (lambda a: a.update({"program/spikes/c": np.zeros(3)}), "is not in the bundle"),
    ],
)
def test_results_of_the_wrong_shape(bundle, change, words):
    run_bundle(bundle)
    edited(bundle / "results.npz", change)
    with pytest.raises(InputError) as error:
        nk.check_results(bundle=bundle)
    assert words in fault(error)


def test_damaged_results_and_bundles(bundle, tmp_path):
    run_bundle(bundle)
    whole = (bundle / "results.npz").read_bytes()
    for content in (b"", b"text", whole[:-40], whole[:100], whole[40:]):
        (bundle / "results.npz").write_bytes(content)
        with pytest.raises(FormatError, match=r"results\.npz"):
            nk.check_results(bundle=bundle)
    refusals = 0
    for place in range(0, len(whole), 29):  # a flipped byte is an error, or (a date in a header) changes nothing
        (bundle / "results.npz").write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        try:
            assert nk.check_results(bundle=bundle).ok
        except NeurokitError:
            refusals += 1
    assert refusals > len(whole) / 29 / 2
    (bundle / "results.npz").write_bytes(whole)
    with pytest.raises(FormatError, match="there is no such file"):
        nk.check_results(tmp_path / "none.npz", bundle)
    with pytest.raises(FormatError, match=r"bundle\.json"):
        nk.check_results(bundle / "results.npz", tmp_path)
    np.savez(bundle / "inputs.npz", **{"in": 1 - data()})
    with pytest.raises(FormatError, match="is not the file that was written"):
        run_bundle(bundle)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "x"},
        {"version": 2},
        {"kind": "x"},
        {"jobs": []},
        {"jobs": 3},
        {"files": {}},
        {"files": {"../secret": "x"}},
        {"files": {"/etc/passwd": "x"}},
    ],
)
def test_a_damaged_manifest(bundle, change):
    held = json.loads((bundle / "bundle.json").read_text())
    (bundle / "bundle.json").write_text(json.dumps({**held, **change}))
    with pytest.raises(FormatError, match=r"bundle\.json"):
        run_bundle(bundle)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "\xff"])
def test_no_manifest_at_all(bundle, text):
    (bundle / "bundle.json").write_text(text, encoding="latin-1")
    with pytest.raises(FormatError, match=r"bundle\.json"):
        run_bundle(bundle)
