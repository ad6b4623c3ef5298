"""StereoSpike's examples: the page of the trained network, and MVSEC on a tiny file of its format, against loops."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import neurokit as nk
from examples import stereospike, stereospike_mvsec
from neurokit.encode import mvsec
from neurokit.errors import InputError
from tests.encode import mvsec_files
from tests.encode.mvsec_files import SHAPE
from tools.stereospike_placement import convolutions

BASE = 3
MAPS = (2, 8)  # of the sequence, in place of 140..1200


def weights(cameras=2, seed=0):
    """A state_dict of v2 with random weights, whose layers fire."""
    random = np.random.default_rng(seed)
    found = {}
    for name, (targets, sources, kernel) in convolutions(BASE, cameras).items():
        size = 0.02 if name.startswith("predict") else 1.5 / (kernel * sources**0.5)
        found[f"{name}.weight"] = random.normal(0.2 * size, size, (targets, sources, kernel, kernel)).astype(np.float32)
    return found | {f"predict_depth{k}.0.up.1.bias": np.array([0.8], np.float32) for k in (4, 3, 2, 1)}


@pytest.fixture
def sequence(tmp_path, monkeypatch):
    """A folder of a tiny indoor_flying1, of which maps 2 to 7 are tested but for one."""
    monkeypatch.setattr(mvsec, "TESTED", {1: MAPS})
    monkeypatch.setattr(mvsec, "FOR_VALIDATION", 1)
    mvsec_files.write(tmp_path, maps=9)
    np.savez(tmp_path / "two.npz", **weights())
    np.savez(tmp_path / "one.npz", **weights(cameras=1))
    return tmp_path


def run(sequence, monkeypatch, *more, checkpoint="two.npz", shape=SHAPE):
    words = [
        "--data",
        sequence,
        "--checkpoint",
        sequence / checkpoint,
        "--shape",
        *shape,
        "--json",
        sequence / "e.json",
    ]
    monkeypatch.setattr("sys.argv", ["stereospike_mvsec.py", *map(str, words), *more])
    stereospike_mvsec.main()
    return json.loads((sequence / "e.json").read_text())


def plain_errors(sequence, maps, counted_from=None, back=1, cameras=2, checkpoint="two.npz"):
    """Each map by itself: the Network's depth, and a loop over the pixels that are known."""
    net = nk.convert(str(sequence / checkpoint), kind="stereospike", shape=(2 * cameras, *SHAPE))
    errors = []
    for number in maps:
        wanted = list(range(number - back + 1, number + 1))
        (frames,) = mvsec.windows(mvsec.find(sequence, 1), wanted, counted_from=counted_from)
        counts = frames.counts.sum(axis=0)[None, : 2 * cameras]
        depth = nk.run(net, counts.astype(float), record=(("depth", "v"),)).states["depth", "v"][0, 0]
        pairs = zip(depth.ravel().tolist(), frames.depth[-1].ravel().tolist(), strict=True)
        off = [abs(found - true) for found, true in pairs if true == true]
        errors.append(sum(off) / len(off))
    return errors


def test_the_error_on_mvsec_is_that_of_a_plain_loop(sequence, monkeypatch, capsys):
    found = run(sequence, monkeypatch)
    assert found["maps"] == mvsec.tested_maps(1)
    assert len(found["maps"]) == 5
    np.testing.assert_allclose(found["metres"], plain_errors(sequence, found["maps"]), rtol=1e-5)
    assert found["mean"] == pytest.approx(np.mean(found["metres"]))
    said = capsys.readouterr().out
    assert "two.npz, network, split 1: mean depth error" in said
    assert "published: StereoSpike v2, two cameras 18.5 cm" in " ".join(said.split())


@pytest.mark.parametrize("schedule", ["pipeline", "hold"])
def test_integers_on_mvsec_are_near_the_floats_in_both_schedules(sequence, monkeypatch, schedule):
    floats = run(sequence, monkeypatch, "--every", "2")
    integers = run(sequence, monkeypatch, "--every", "2", "--on", "program", "--schedule", schedule)
    assert integers["maps"] == floats["maps"]
    assert integers["mean"] == pytest.approx(floats["mean"], rel=0.05)
    assert integers["metres"] != floats["metres"]


def test_maps_of_a_file_are_counted_as_the_authors_code_counts_them(sequence, monkeypatch):
    monkeypatch.setattr(mvsec, "STEREOSPIKE_FIRST", {1: 1})
    (sequence / "indices.py").write_text("SPLIT1_VALID_INDICES = [3]\nSPLIT1_TEST_INDICES = [0, 1,\n  4]\n")
    found = run(sequence, monkeypatch, "--maps", str(sequence / "indices.py"))
    assert found["maps"] == [3, 4, 7]
    np.testing.assert_allclose(found["metres"], plain_errors(sequence, [3, 4, 7], counted_from=1), rtol=1e-5)


def test_one_camera_and_two_chunks(sequence, monkeypatch):
    words = ["--maps", "all", "--chunks", "2", "--cameras", "1"]
    found = run(sequence, monkeypatch, *words, checkpoint="one.npz")
    assert found["maps"] == list(range(*MAPS))
    wanted = plain_errors(sequence, found["maps"], back=2, cameras=1, checkpoint="one.npz")
    np.testing.assert_allclose(found["metres"], wanted, rtol=1e-5)


def test_a_smaller_network_is_judged_at_the_truths_pixels(sequence, monkeypatch):
    found = run(sequence, monkeypatch, "--every", "4", shape=(10, 13))
    net = nk.convert(str(sequence / "two.npz"), kind="stereospike", shape=(4, 10, 13))
    (frames,) = mvsec.windows(mvsec.find(sequence, 1), found["maps"][:1])
    counts = frames.reduced((10, 13)).counts
    depth = nk.run(net, counts.astype(float), record=(("depth", "v"),)).states["depth", "v"][0, 0]
    off = np.abs(np.kron(depth, np.ones((2, 2))) - frames.depth[0])
    assert found["metres"][0] == pytest.approx(np.nanmean(off), rel=1e-5)


def test_bad_options_are_said(sequence, monkeypatch):
    with pytest.raises(InputError, match="'--every': is 0; a whole number of at least 1"):
        run(sequence, monkeypatch, "--every", "0")
    with pytest.raises(InputError, match="gives no SPLIT1_TEST_INDICES"):
        run(sequence, monkeypatch, "--maps", str(sequence / "nothing.py"))
    (sequence / "odd.py").write_text("SPLIT1_TEST_INDICES = ['a']\n")
    with pytest.raises(InputError, match="has a SPLIT1_TEST_INDICES of other things"):
        run(sequence, monkeypatch, "--maps", str(sequence / "odd.py"))
    with pytest.raises(InputError, match="'bottom' takes 2 channels"):
        run(sequence, monkeypatch, checkpoint="one.npz")


@pytest.mark.parametrize("schedule", ["pipeline", pytest.param("hold", marks=pytest.mark.slow)])
def test_the_page_of_the_trained_network(tmp_path, monkeypatch, capsys, schedule):
    """One held-out scene: the network sees depth with both cameras in place, and nearly as well in integers."""
    page = tmp_path / "page.html"
    words = ["stereospike.py", "--scenes", "1", "--schedule", schedule, "--out", str(page)]
    monkeypatch.setattr("sys.argv", words)
    stereospike.main()
    said = capsys.readouterr().out
    errors = {
        name: float(cm) for name, cm in re.findall(r"^  (\S.*?) +mean depth error ([\d.]+) cm", said, re.MULTILINE)
    }
    assert list(errors) == ["floats", "integers", "constant, the median of other scenes", "cameras swapped"]
    assert errors["integers"] == pytest.approx(errors["floats"], rel=0.05)  # two windows: 2.6 % off
    assert errors["floats"] < 0.8 * errors["cameras swapped"]
    assert errors["floats"] < 0.8 * errors["constant, the median of other scenes"]
    assert "cores of Loihi 2" in said
    html = page.read_text(encoding="utf-8")
    for part in ("1 synthetic scenes that training held out", "cameras swapped", "bottleneck.0.conv1"):
        assert part in html
