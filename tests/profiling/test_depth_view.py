"""The report's section on depth: images against their pixels, costs of a frame against the profile, what is refused."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from neurokit.encode import StereoFrames
from neurokit.encode.stereo import MVSEC
from neurokit.errors import InputError
from neurokit.place.placing import place
from neurokit.profiling import depth_view
from neurokit.profiling.depth import depth_error
from neurokit.profiling.depth_view import DepthView
from neurokit.profiling.profile import profile
from neurokit.profiling.report import report
from tests.profiling.recordings import random_spikes, record, three_layers
from tests.profiling.test_report import check

ROWS, COLUMNS = 6, 8


def view(n: int = 2, **changes: object) -> DepthView:
    random = np.random.default_rng(1)
    depth = random.uniform(1, 6, (n, ROWS, COLUMNS)).astype(np.float32)
    depth[:, 0, 0] = np.nan
    counts = random.poisson(0.7, (n, 4, ROWS, COLUMNS)).astype(np.int16)
    frames = StereoFrames(counts, depth, np.arange(1, n + 1) * 0.05, np.arange(n) + 7)
    stages = {name: np.nan_to_num(depth, nan=2.0) + error for name, error in (("floats", 0.1), ("integers", 0.2))}
    errors = {name: depth_error(maps, depth, MVSEC.scaled((ROWS, COLUMNS))) for name, maps in stages.items()}
    controls = {"constant": depth_error(np.full_like(depth, 3.0), depth)}
    return replace(DepthView(frames, stages, errors, "2 scenes", True, controls, 4), **changes)


def pixels(image: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(image))))


def test_events_are_blue_where_on_prevails_and_orange_where_off_does():
    counts = np.zeros((2, 1, 4), np.int16)
    counts[0, 0, :] = [0, 3, 1, 5]
    counts[1, 0, :] = [0, 0, 2, 5]
    found = pixels(depth_view.events_image(counts))[0].tolist()
    assert found[0] == [255, 255, 255]
    assert found[1] == [11, 106, 168]
    assert found[2] == [int(255 + (c - 255) / 3) for c in (213, 94, 0)]
    assert found[3] == [255, 255, 255]


def test_maps_take_matplotlibs_colours_and_leave_the_unknown_out():
    found = pixels(depth_view.map_image(np.array([[1.0, 3.0, 5.0, 9.0, np.nan]]), 1.0, 5.0, "viridis_r"))[0]
    colours = matplotlib.colormaps["viridis_r"]
    for pixel, share in zip(found[:4], (0.0, 0.5, 1.0, 1.0), strict=True):
        assert pixel.tolist() == list(colours(share, bytes=True))
    assert found[4, 3] == 0
    assert len(depth_view.gradient("magma")) == 9


def test_a_frame_costs_its_share_of_a_sample_and_waits_for_the_deepest_layer():
    graph = three_layers(dt=1e-3, latency={"a": 0, "b": 1, "out": 2})
    run = record(graph, random_spikes(graph, 3, 6))
    made = profile(run, place(graph))
    found = depth_view.frame(made, 4)
    assert found["energy"]["nominal"] == pytest.approx(made.energy.total.nominal / 4)
    assert found["latency_steps"] == 3
    assert found["latency"]["high"] == pytest.approx(3 * made.time.step.high)
    assert found["rate"]["low"] == pytest.approx(1 / made.time.step.high)
    rates = {row["population"]: row["rate"] for row in found["rates"]}
    assert rates["a"] == pytest.approx(run.counts["a"].sum() / (5 * 3 * 4))
    assert depth_view.frame(profile(run), 4).keys().isdisjoint({"latency", "rate"})


def test_a_frame_that_is_held_takes_its_steps():
    graph = replace(three_layers(dt=1e-3, latency={"a": 0, "b": 1, "out": 2}), steps_per_frame=3)
    run = record(graph, random_spikes(graph, 1, 6))
    made = profile(run, place(graph))
    found = depth_view.frame(made, 2)
    assert found["steps"] == 3
    assert found["rate"]["nominal"] == pytest.approx(1 / (3 * made.time.step.nominal))
    rates = {row["population"]: row["rate"] for row in found["rates"]}
    assert rates["out"] == pytest.approx(run.counts["out"].sum() / (3 * 6))


def test_the_section_stands_in_the_report_and_its_numbers_beside_it(tmp_path: Path):
    graph = three_layers(dt=1e-3, latency={"a": 0, "b": 1, "out": 2})
    made = profile(record(graph, random_spikes(graph, 3, 6)), place(graph))
    page = report(made, None, place(graph), depth=view(notes=("Lava says so.",)), path=tmp_path / "r.html")
    checker = check(page)
    for said in (
        "Synthetic. These scenes are computed",
        "Mean depth error, synthetic",
        "synthetic, integers, 2 maps",
        "20.0 cm",
        "constant (control)",
        "Scene 8, window ending at 0.100 s",
        "A frame on Loihi 2, estimated",
        "of 4 frames in 6 steps",
        "Neurons that fire, by layer",
        "Lava says so.",
    ):
        assert said in " ".join(checker.text.split())
    assert len(checker.links) == 11  # the last is the picture of the chip
    data = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["depth"]
    assert [row["name"] for row in data["errors"]] == ["floats", "integers", "constant"]
    assert data["errors"][1]["metres"] == pytest.approx(0.2, abs=1e-6)
    assert data["rows"][0]["error"] == pytest.approx(0.2, abs=1e-6)


def test_depth_alone_makes_a_report_and_recordings_are_not_called_synthetic(tmp_path: Path):
    page = report(depth=view(1, synthetic=False, errors={}, controls={}), path=tmp_path / "r.html")
    text = check(page).text
    assert "ynthetic" not in text
    assert "Depth" in text
    assert "Mean depth error" not in text


def test_what_does_not_fit_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"predicted\['x'\]': has shape \(2, 3, 3\)"):
        view(predicted={"x": np.zeros((2, 3, 3))})
    with pytest.raises(InputError, match="shows 2 frames of 0 stages; 1 to 6 frames"):
        view(predicted={})
    with pytest.raises(InputError, match="'frames_a_sample': is 0; at least 1"):
        view(frames_a_sample=0)
    with pytest.raises(InputError, match="'depth': is a str; a DepthView is needed"):
        report(depth="deep", path=tmp_path / "r.html")
