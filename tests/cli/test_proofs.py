"""`verify` and `report`: the ladder on the command line."""

import json

import numpy as np

from neurokit.cli import hints
from tests.cli.sources import DT
from tests.cli.test_verbs import PARITY, REPORT, each_source, facts, sources
from tests.data import truth
from tests.fuzz.formats import write_onnx


@each_source
def test_verify(cli, files, kind):
    found = facts(cli("verify", *sources(files)[kind], files.data, "--labels", files.labels, "--json"), PARITY)
    assert found["ok"]
    assert {"reference", "candidate", "exact", "ok", "note", "tau", "within", "layers"} == set(found["rungs"][0])
    assert found["rungs"][-1]["candidate"] == "lava-inprocess"
    assert "1 of 3 samples" in found["rungs"][-1]["note"]
    assert all(decision["accuracy"] is not None for decision in found["decisions"])


def test_verify_in_text(cli, files):
    ran = cli("verify", files.nir, *DT, files.data, "--lava", 0)
    assert ran.code == 0
    assert ran.out.startswith("Parity holds\nnetwork -> program (approximate)")
    assert "at the outputs of 3 samples" in ran.out
    few = cli("verify", files.nir, *DT, files.data, "--lava", 0, "--attribute", 1, "--tau", 3, "--bits", 2)
    assert "at the outputs of 1 sample: " in few.out
    assert "tau 3 steps" in few.out
    assert "eight rounding makes 100% of the loss" in few.out
    assert "Lava was left out" in ran.out


def test_ctrl_c_during_verify_tells_what_is_known(cli, files, monkeypatch):
    def stopped(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr("neurokit.causes.switching.attribute", stopped)
    ran = cli("verify", files.nir, *DT, files.data)
    assert (ran.code, ran.err) == (130, "interrupted\n")
    assert "network -> program (approximate)" in ran.out
    assert "Ctrl-C ended it while the loss was taken apart" in ran.out
    ran = cli("verify", files.nir, *DT, files.data, "--json")
    assert ran.code == 130
    assert [rung["candidate"] for rung in json.loads(ran.out)["rungs"]] == ["program"]


def test_a_slayer_file_stands_on_netx(cli, files, tmp_path):
    """On the command line, too, its source's rung is there; a .nk file made of it has none."""
    truth("tiny.net")  # skips without lava-dl
    ran = cli("verify", files.net, files.data)
    assert ran.code == 0
    assert "source -> program (exact): the source ran in netx of lava-dl" in ran.out


def test_verify_exits_with_1_when_parity_is_broken(cli, files, monkeypatch):
    from neurokit.hardware.lava.backend import LavaBackend

    honest = LavaBackend.run

    def lie(*arguments, **keywords):
        recording = honest(*arguments, **keywords)
        recording.states["hidden", "v"][0, 4, 2] += 1
        return recording

    monkeypatch.setattr(LavaBackend, "run", lie)
    for as_json in ((), ("--json",)):
        ran = cli("verify", files.program, files.data, *as_json)
        assert ran.code == 1
        assert "'hidden' first differs in v, at step 4, sample 0, neuron (2,)" in ran.out
    assert not json.loads(ran.out)["ok"]
    ran = cli("report", files.program, files.data, "--json")
    assert (ran.code, json.loads(ran.out)["parity"]) == (1, False)


def test_report(cli, files, tmp_path):
    found = facts(cli("report", files.nir, *DT, files.data, "--labels", files.labels, "--json"), REPORT)
    assert found["ok"]
    page, content = (tmp_path / name for name in ("report.html", "report.json"))
    json.loads(content.read_text())
    assert "neurokit: small.nir" in page.read_text()
    assert str(files.folder) not in page.read_text() + content.read_text()
    before = page.read_bytes()
    ran = cli("report", files.nir, *DT, files.data, "--labels", files.labels)
    assert ran.out == "parity holds; fits on Loihi 2; wrote report.html and report.json\n"
    assert page.read_bytes() == before  # twice in a row: the same page


def test_verify_and_report_take_the_same_sources():
    taken = hints.options_of_verbs()
    assert taken["verify"] - taken["report"] == set()
    assert taken["report"] - taken["verify"] == {"--output", "-o", "--chip", "--measure"}


def test_report_of_a_plain_network(cli, tmp_path):
    """In sigma-delta code, whose scales follow from the inputs, which are fractions."""
    write_onnx(tmp_path / "plain.onnx")
    samples = np.random.default_rng(0).uniform(0, 1, (2, 3, 2, 4, 4))
    np.save("x.npy", samples)
    found = facts(cli("report", "plain.onnx", "x.npy", "--code", "sigma-delta", "--attribute", 0, "--json"), REPORT)
    assert found["ok"]
    content = json.loads((tmp_path / "report.json").read_text())
    assert content["parity"]["ok"]
    verified = json.loads(cli("verify", "plain.onnx", "x.npy", "--code", "sigma-delta", "--attribute", 0, "--json").out)
    assert [rung["ok"] for rung in content["parity"]["rungs"]] == [rung["ok"] for rung in verified["rungs"]]


def test_hints_of_verbs_without_the_option(cli, tmp_path):
    write_onnx(tmp_path / "plain.onnx")
    np.save("x.npy", np.zeros((3, 2, 4, 4)))
    ran = cli("run", "plain.onnx", "x.npy")
    assert "--code of neurokit convert, whose .nk file goes in here" in " ".join(ran.err.split())
