"""Every verb, as text and as JSON."""

import dataclasses
import json
import re
import shutil

import h5py
import nir
import numpy as np
import pytest

import neurokit as nk
from neurokit import api
from neurokit.cli.options import Backend, Chip
from neurokit.graph.fingerprint import fingerprint
from neurokit.place.chips import CHIPS
from tests.cli.sources import DT, SAMPLES, STEPS, neurons, write_net, write_nir
from tests.data import shared, truth

GRAPH = {"kind", "source", "dt", "inputs", "outputs", "neurons", "populations"}
PROGRAM = {*GRAPH, "targets", "report", "steps_per_frame", "stock_faults"}
ROW = {"population", "shape", "neurons", "model", "conventions", "incoming", "weights", "latency"}
RUN = {"source", "backend", "samples", "steps", "complete", "seconds", "spikes", "outputs"}
SURVEY = {
    *(
        "source",
        "kind",
        "ok",
        "tried",
        "supported",
        "parameters",
        "nodes",
        "faults",
        "needs",
        "facts",
        "remarks",
        "stood_in",
    ),
    *("network", "program"),
}
PARITY = {"ok", "first_divergence", "rungs", "decisions", "attribution", "conventions", "notes"}
PLACE = {
    *("chip", "chip_title", "cores", "chips", "cores_per_chip", "board", "tightest", "fullest", "mean_hops"),
    *("messages_between_chips", "populations", "flows", "host", "faults", "loads"),
}
REPORT = {"page", "json", "ok", "parity", "fits"}
CONFORMANCE = {
    *("ok", "backend", "seed", "networks", "same", "differs", "refused", "failed", "absent", "fired"),
    *("compared", "differing", "operators", "uncovered", "refusals", "wrong"),
}
VERBS = ("convert", "inspect", "compile", "run", "verify", "place", "profile", "report", "conformance", "demo")
DEMO = {"ok", "page", "accuracy_before", "accuracy_after", "seconds", "summary"}


def facts(ran, keys):
    assert ran.code == 0, ran
    found = json.loads(ran.out)
    assert set(found) == keys
    return found


def sources(files):
    return {"nir": (files.nir, *DT), "net": (files.net,), "network": (files.network,), "program": (files.program,)}


each_source = pytest.mark.parametrize("kind", ["nir", "net", "network", "program"])


def test_version(cli):
    assert cli("--version").out == f"neurokit {nk.__version__}\n"


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help(cli, verb):
    ran = cli(*verb.split(), "--help")
    assert ran.code == 0
    assert ("--json" if verb else "--version") in ran.out


def test_options_name_what_there_is():
    assert {member.value for member in Backend} == set(api.BACKENDS)
    assert {member.value for member in Chip} == set(CHIPS)


@each_source
def test_inspect(cli, files, kind):
    compiled = kind == "program"
    found = facts(cli("inspect", *sources(files)[kind], "--json"), SURVEY)
    assert set(found["network"]) == (PROGRAM if compiled else GRAPH)
    assert found["network"]["source"] == ("small.net" if kind == "net" else "small.nir")  # never the folder
    assert [set(row) for row in found["network"]["populations"]] == [ROW, ROW]
    assert {node["status"] for node in found["nodes"]} == {"supported"}
    ran = cli("inspect", *sources(files)[kind])
    assert ran.code == 0
    assert ", 100 % supported\n" in ran.out.splitlines(keepends=True)[0]
    assert found["network"]["source"] in ran.out
    assert "9 neurons" in ran.out
    assert "runs on: simulator, lava-cpu" in ran.out
    assert ran.err == ""


def test_inspect_asks_for_what_is_not_stated(cli, files):
    ran = cli("inspect", files.nir)
    assert ran.code == 0
    assert "to be passed: 'dt': is not stated, but 'hidden', 'last' need it" in ran.out
    assert "(On the command line: --dt.)" in ran.out
    assert "with dt=1e-06 standing in for what must be passed:" in ran.out
    assert "runs on" not in ran.out


def test_inspect_says_what_must_be_passed_first(cli):
    np.savez("w.npz", **{"fc.weight": np.ones((3, 4)), "fc.bias": np.ones(3)})
    ran = cli("inspect", "w.npz")
    assert ran.code == 2
    assert ran.out.startswith("w.npz: 2 nodes, 15 parameters, not tried: something must be passed first")
    assert "to be passed: 'spec': " in ran.out
    assert facts(replace_code(cli("inspect", "w.npz", "--json")), SURVEY)["tried"] is False


def replace_code(ran):
    assert ran.code == 2
    return dataclasses.replace(ran, code=0)


def test_inspect_lists_many_nodes_in_part(cli):
    layers = [(2 * np.ones((6, 6)), neurons()) for _ in range(70)]
    ran = cli("inspect", write_net("deep.net", *layers))
    assert ran.out.startswith("deep.net: 70 nodes, ")
    assert "and 10 more nodes: --json lists all" in ran.out
    assert len(facts(cli("inspect", "deep.net", "--json"), SURVEY)["nodes"]) == 70


def test_inspect_tells_delays_in_their_unit(cli, files):
    assert "Dense 4×5, delay 1 ms" in cli("inspect", files.net).out
    assert "Dense 4×5, delay 1 step" in cli("inspect", files.program).out


def test_convert_to_nir(cli, files, tmp_path):
    assert cli("convert", files.nir, *DT, "-o", "n.nir").code == 0
    first, second = nk.convert(files.nir, dt=1e-3), nk.convert(tmp_path / "n.nir")
    assert fingerprint(first) == fingerprint(second)


def test_convert_and_compile(cli, files, tmp_path):
    facts(cli("convert", files.nir, *DT, "-o", "n.nk", "--json"), GRAPH)
    found = facts(cli("compile", "n.nk", "-o", "p.nk", "--bits", 5, "--window", 6, "--json"), PROGRAM)
    assert [row["population"] for row in found["report"]] == ["hidden", "last"]
    wanted = nk.compile(nk.convert(files.nir, dt=1e-3), bits=5, window=6)
    data = np.load(files.data)
    loaded = nk.load(tmp_path / "p.nk")
    np.testing.assert_array_equal(nk.run(loaded, data).spikes["last"], nk.run(wanted, data).spikes["last"])
    ran = cli("compile", files.nir, *DT, "-o", "q.nk")
    assert re.search(r"hidden +8 ", ran.out)
    assert "loihi2-stock" in ran.out
    assert cli("convert", files.net, "-o", "c.nk").code == 0


def test_compile_on_samples(cli, files, refused):
    row = facts(cli("compile", files.nir, *DT, "-o", "p.nk", "--bits", 3, "--calibrate", files.data, "--json"), PROGRAM)
    assert 0 < row["report"][0]["output_error"] < 1
    refused(2, "compile", files.net, "-o", "q.nk", "--calibrate", files.data, words=["--calibrate", "integers already"])


def test_compile_says_what_stock_parts_lack(cli, files):
    ran = cli("compile", files.net, "-o", "p.nk")
    assert "hidden" not in ran.out
    assert "0-dense, 1-dense: integers passed through" in ran.out
    assert "not on loihi2-stock: '0-dense', '1-dense': threshold 191 is no multiple of 64" in ran.out
    found = facts(cli("compile", files.net, "-o", "p.nk", "--json"), PROGRAM)
    assert {fault["node"] for fault in found["stock_faults"]} == {"0-dense", "1-dense"}


def test_a_file_of_another_suffix(cli, files, tmp_path):
    (tmp_path / "small.h5").write_bytes(files.nir.read_bytes())
    assert cli("inspect", "small.h5", "--kind", "nir", *DT).code == 0


def test_memory_is_told_to_who_watches(cli, files, monkeypatch):
    assert cli("run", files.program, files.data).err == ""
    monkeypatch.setattr("neurokit.cli.running.is_watched", lambda: True)
    ran = cli("run", files.program, files.data)
    assert re.match(r"takes [\d.]+ .B of memory \(weights \d+ B, states .*B, blocks .*, recording .*\)", ran.err)


def test_run_into_a_file(cli, files, tmp_path):
    found = facts(cli("run", files.program, files.data, "--to", "rec.h5", "--record", "hidden:u", "--json"), RUN)
    recording = nk.load_recording(tmp_path / "rec.h5")
    assert found["spikes"]["hidden"] == recording.counts["hidden"].sum()
    wanted = nk.run(nk.load(files.program), np.load(files.data), record=("hidden", "u"))
    np.testing.assert_array_equal(recording.states["hidden", "u"], wanted.states["hidden", "u"])


@each_source
def test_run(cli, files, kind):
    found = facts(cli("run", *sources(files)[kind], files.data, "--json"), RUN)
    (name,) = found["outputs"]
    path = sources(files)[kind][0]
    graph = nk.load(path) if path.suffix == ".nk" else nk.convert(path, dt=1e-3)
    wanted = nk.run(graph if kind == "program" else nk.compile(graph), np.load(files.data))
    assert (found["samples"], found["steps"], found["backend"]) == (SAMPLES, STEPS, "simulator")
    np.testing.assert_array_equal(found["outputs"][name]["spikes"], wanted.counts[name])
    assert found["outputs"][name]["final_v"] is None
    assert sum(found["spikes"].values()) > 0
    ran = cli("run", *sources(files)[kind], files.data)
    assert f"on simulator: {SAMPLES} samples of {STEPS} steps in" in ran.out
    assert f"output '{name}', neurons with most spikes" in ran.out


def test_run_one_unbatched_sample(cli, files):
    np.save("one.npy", np.load(files.data)[0])
    found = facts(cli("run", files.program, "one.npy", "--json", "--steps", 20), RUN)
    assert (found["samples"], found["steps"]) == (1, 20)
    assert np.shape(found["outputs"]["last"]["spikes"]) == (1, 4)
    assert "1 sample of 20 steps" in cli("run", files.program, "one.npy", "--steps", 20).out


def test_run_a_readout(cli, files):
    ones = np.ones(4, np.float32)
    write_nir("readout.nir", readout=nir.LI(0.02 * ones, 20 * ones, 0 * ones))
    found = facts(cli("run", "readout.nir", *DT, files.data, "--json"), RUN)
    assert np.shape(found["outputs"]["last"]["final_v"]) == (SAMPLES, 4)
    assert "highest v after the last step" in cli("run", "readout.nir", *DT, files.data).out


def test_run_inputs_by_name(cli, files):
    np.savez("by_name.npz", input=np.load(files.data))
    assert facts(cli("run", files.program, "by_name.npz", "--json"), RUN)["samples"] == SAMPLES


def test_run_tells_few_samples_of_many(cli, files):
    np.save("many.npy", np.zeros((12, 3, 6), np.uint8))
    ran = cli("run", files.program, "many.npy")
    assert "sample 9: no spikes" in ran.out
    assert "and 2 more samples" in ran.out


def test_run_records(cli, files):
    ran = cli("run", files.program, files.data, "-o", "r.npz", "--record", "hidden", "--record", "hidden:u")
    assert ran.code == 0
    with np.load("r.npz") as saved:
        assert {"spikes/hidden", "states/hidden/u", "spikes/last", "counts/hidden"} <= set(saved.files)
        assert saved["states/hidden/u"].shape == (SAMPLES, STEPS, 5)


@pytest.mark.parametrize("backend", ["lava-inprocess", "lava"])
def test_run_on_lava(cli, files, backend):
    here = facts(cli("run", files.program, files.data, "--json", "--steps", 6), RUN)
    there = facts(cli("run", files.program, files.data, "--json", "--steps", 6, "--backend", backend), RUN)
    assert there["backend"] == backend
    assert there["outputs"] == here["outputs"]


def test_place(cli, files):
    found = facts(cli("place", files.nir, *DT, "--bits", 4, "--json"), PLACE)
    assert found["cores"] == 2
    assert {row["population"] for row in found["loads"]} == {row["population"] for row in found["populations"]}
    assert "2 cores of Loihi 1" in cli("place", files.program, "--chip", "loihi1").out


def test_place_draws_a_picture(cli, files, tmp_path):
    picture = tmp_path / "chip.png"
    assert f"wrote {picture}" in cli("place", files.program, "--picture", picture).out
    assert picture.read_bytes().startswith(b"\x89PNG")
    wrong = cli("place", files.program, "--picture", tmp_path / "chip.jpg")
    assert wrong.code == 2
    assert "has the suffix '.jpg'; a picture is a .png, .svg, .pdf file" in wrong.err
    assert [path.name for path in tmp_path.iterdir()] == ["chip.png"]


def test_place_exits_with_1_when_it_does_not_fit(cli):
    write_net("wide.net", (np.ones((1, 200_000)), neurons()))
    ran = cli("place", "wide.net")
    assert ran.code == 1
    assert "0-dense" in ran.out
    assert json.loads(cli("place", "wide.net", "--json").out)["faults"]


def test_profile(cli, files):
    found = json.loads(cli("profile", files.program, files.data, "--json").out)
    assert {"energy", "time"} <= {key.partition("_")[0] for key in found}
    assert "Estimate for Loihi 2, per sample of 12 steps" in cli("profile", files.net, files.data).out


def test_conformance(cli, monkeypatch, tmp_path):
    found = facts(cli("conformance", "--networks", 3, "--no-edges", "--seed", 5, "--start", 2, "--json"), CONFORMANCE)
    assert (found["ok"], found["networks"], found["same"]) == (True, 3, 3)
    (tmp_path / "own.py").write_text(OWN_BACKEND)
    monkeypatch.syspath_prepend(tmp_path)
    ran = cli("conformance", "--backend", "own:Deaf", "--networks", 3, "--no-edges")
    assert ran.code == 1
    assert ran.out.startswith("deaf does NOT conform: 3 networks, ")
    assert " first differs in u, at step " in ran.out


OWN_BACKEND = """
import numpy as np
from neurokit.hardware.simulator.backend import Simulator

class Deaf(Simulator):
    name = "deaf"

    def run(self, program, inputs, *arguments, **keywords):
        silence = {name: np.zeros_like(values) for name, values in inputs.items()}
        return super().run(program, silence, *arguments, **keywords)
"""


def test_demo(cli, monkeypatch, tmp_path):
    found = facts(cli("demo", "-o", "d.html", "--json"), DEMO)
    assert found["ok"]
    assert found["accuracy_after"] > 0.9
    assert (tmp_path / "d.html").exists()


def test_lif_of_norse(cli):
    np.save("one.npy", np.ones((40, 1), np.uint8))
    ran = cli("verify", shared("nir_paper", "01_lif", "lif_norse.nir"), "one.npy", "--dt", "1e-4", "--json")
    assert facts(ran, PARITY)["ok"]


@pytest.mark.parametrize("path", ["lava_dl_oxford/Trained/network.net", "lava_dl_mnist/trained_mnist_network.net"])
def test_networks_of_slayer(cli, path):
    source = shared(path)
    size = facts(cli("inspect", source, "--json"), SURVEY)["network"]["inputs"]["input"]
    np.save("x.npy", np.random.default_rng(0).integers(0, 2, (10, *size)))
    assert facts(cli("verify", source, "x.npy", "--json"), PARITY)["ok"]


def test_pilotnet(cli):
    source = truth("gts/pilotnet_lif/network.net")
    for feed, first in (("current", "0-input"), ("spikes", "1-conv")):
        found = facts(cli("inspect", source, "--inputs", feed, "--json"), SURVEY)
        assert found["network"]["populations"][0]["population"] == first


def test_faults_that_differ_in_the_node_only_share_a_line(cli, tmp_path):
    shutil.copy(truth("gts/pilotnet_sdnn/network.net"), tmp_path / "unknown.net")
    with h5py.File(tmp_path / "unknown.net", "r+") as file:
        for layer in file["layer"].values():
            if "neuron" in layer:
                del layer["neuron/type"]
                layer["neuron/type"] = np.array("ADRF", "S10")
    ran = cli("inspect", "unknown.net")
    assert ran.code == 1
    assert ran.out.count("unsupported: ") == 1
    assert "\n'0-input', '1-conv', '2-conv', '3-conv' and 5 more: unsupported: has neurons of type 'ADRF'" in ran.out


def test_recurrent_networks_of_the_nir_paper(cli):
    ran = cli("inspect", shared("nir_paper", "03_rnn", "braille_noDelay_bias_zero.nir"))
    assert ran.code == 0
    assert "to be passed: 'dt': is not stated, but 'lif1.lif->lif1.lif'" in ran.out
