"""The kit as files: written, run, read, and what it says of a chip written to a silicon file and read back."""

import json

import numpy as np
import pytest

from neurokit.bundles.arrays import read_npz, write_npz
from neurokit.bundles.running import run_bundle
from neurokit.errors import BackendError, Fault, FormatError, InputError, OutputError
from neurokit.firstlight.chip import SimulatedChip
from neurokit.firstlight.identify import identify
from neurokit.firstlight.kit import write_kit
from neurokit.lower.silicon import Silicon, load_silicon, save_silicon
from tests.cli.conftest import cli, refused  # noqa: F401

PLANTED = Silicon(threshold_rule=">=", delay_offset=-1, after_spike="reads-128")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first-light")
    write_kit(folder / "kit")
    run_bundle(folder / "kit", SimulatedChip(PLANTED))
    return folder / "kit"


def test_what_it_holds(written):
    manifest = json.loads((written / "bundle.json").read_text())
    assert manifest["kind"] == "first-light"
    assert len(manifest["jobs"]) == 18
    for job in manifest["jobs"]:
        assert (written / job["program"]).is_file()
    predictions, expected = np.load(written / "predictions.npz"), np.load(written / "expected.npz")
    for name in expected.files:  # Lava's value predicts what the simulator gives
        job, rest = name.split("/", 1)
        told = [predictions[p][None] for p in predictions.files if p.startswith(f"{job}/") and p.endswith(rest)]
        assert any(np.array_equal(values, expected[name]) for values in told), name
    readme = (written / "README.md").read_text()
    assert "Nothing here\nhas run on silicon" in readme
    assert "predictions.npz" in readme


def test_the_script_runs_on_the_simulator_and_finds_lava(written, tmp_path):
    outcome = run_bundle(written, "simulator", tmp_path / "results.npz")
    assert outcome.ok
    finding = identify(tmp_path / "results.npz", written)
    assert finding.ok
    assert finding.silicon == Silicon()
    assert "18 of 18 suspects are as Lava's CPU models have them" in str(finding)


@pytest.mark.slow
def test_lava_itself_is_lava(written, tmp_path):
    assert run_bundle(written, "lava-inprocess", tmp_path / "results.npz").ok
    assert identify(tmp_path / "results.npz", written).silicon == Silicon()


def test_on_the_command_line(written, tmp_path, monkeypatch, cli, refused):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    results = written / "results.npz"
    told = cli("deploy", "--check", results, "-o", "silicon.json")
    assert told.code == 0
    assert "threshold_rule: a spike when v reaches it (differs from Lava)" in told.out
    assert "delay_offset: delays beyond the connection's own step a step less (differs from Lava)" in told.out
    finding = load_silicon("silicon.json")
    assert finding.silicon == PLANTED
    assert finding.backend == "simulated-chip"
    assert json.loads(cli("deploy", "--check", results, "--json").out) == json.loads(
        (tmp_path / "silicon.json").read_text()
    )
    refused(2, "deploy", "--check", results, "-o", "silicon.txt", words=["the result is a .json file"])
    refused(2, "deploy", "--first-light", "-o", written, words=["is there already"])
    refused(2, "deploy", "--first-light", "--steps", "3", "-o", "kit", words=["'--steps': was given"])
    refused(2, "deploy", "--first-light", "--target", "moon", "-o", "kit", words=["'moon' is unknown"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["silicon.json"]


def test_an_output_that_nothing_explains(written, tmp_path, cli):  # noqa: F811
    arrays = read_npz(written / "results.npz", "")
    arrays["delay/spikes/out"][0, 9, 0] = 1
    write_npz(tmp_path / "results.npz", arrays)
    told = cli("deploy", "--check", tmp_path / "results.npz", "--bundle", written)
    assert told.code == 1
    assert "unexplained: delay: no known difference" in told.out


class Refusing(SimulatedChip):
    """A chip that takes no delays, and one probe makes fail."""

    def accepts(self, program):
        late = [p.name for p in program.projections if p.delay.max() > 1]
        return [Fault(name, "has a delay", "there are none", "Take them out.") for name in late]


def test_what_a_backend_refuses_is_told(written, tmp_path):
    outcome = run_bundle(written, Refusing(PLANTED), tmp_path / "results.npz")
    assert list(outcome.failed) == ["delay"]
    assert not outcome.ok
    finding = identify(tmp_path / "results.npz", written)
    assert finding.candidates["delay_offset"] == (0, -1, 1)
    assert "has a delay" in finding.not_run["delay"]
    assert "not told apart" in str(finding)
    with pytest.raises(BackendError, match="lava-loihi"):
        run_bundle(written, "loihi2", tmp_path / "none.npz")
    assert not (tmp_path / "none.npz").exists()


def test_results_that_are_not_the_kits(written, tmp_path):
    arrays = read_npz(written / "results.npz", "")
    arrays["delay/program"] = np.asarray("another")
    write_npz(tmp_path / "results.npz", arrays)
    with pytest.raises(InputError, match="is of another program"):
        identify(tmp_path / "results.npz", written)


# --------------------------------------------------------------------------------------------------- silicon files


@pytest.fixture(scope="module")
def finding(written):
    return identify(kit=written)


@pytest.fixture
def file(finding, tmp_path):
    save_silicon(finding, tmp_path / "silicon.json")
    return tmp_path / "silicon.json"


def test_there_and_back(file, tmp_path):
    finding = load_silicon(file)
    assert finding.silicon == PLANTED
    save_silicon(finding, tmp_path / "again.json")
    assert file.read_bytes() == (tmp_path / "again.json").read_bytes()
    with pytest.raises(OutputError):
        save_silicon(finding, tmp_path / "nowhere" / "silicon.json")


def setting(**changes):
    return lambda held: held["settings"]["delay_offset"].update(changes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda held: held.update(format="x"), "its format is 'x'"),
        (lambda held: held.update(version=2), "has version 2"),
        (lambda held: held["settings"].pop("bias_shift"), "bias_shift"),
        (lambda held: held["settings"].update(other={}), "other"),
        (setting(candidates=[]), "delay_offset"),
        (setting(value=1), "is not the first of its candidates"),
        (setting(value=7, candidates=[7]), "delay_offset is 7, and may be 0, -1, 1"),
        (setting(value=True, candidates=[True]), "delay_offset is True"),
        (setting(value=[1], candidates=[[1]]), "cannot be read"),
        (lambda held: held.pop("not_run"), "not_run"),
        (lambda held: held.update(unexplained=3), "cannot be read"),
    ],
)
def test_damaged(file, change, words):
    held = json.loads(file.read_text())
    change(held)
    file.write_text(json.dumps(held))
    with pytest.raises(FormatError, match=words):
        load_silicon(file)


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000])
def test_no_silicon_file(tmp_path, text):
    (tmp_path / "x.json").write_bytes(text)
    with pytest.raises(FormatError, match="cannot be read"):
        load_silicon(tmp_path / "x.json")
    with pytest.raises(FormatError, match="cannot be read"):
        load_silicon(tmp_path / "none.json")
