from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurokit.errors import InputError, OutputError
from neurokit.graph.network import LayerReport
from neurokit.place.placement import Placement
from neurokit.place.placing import place
from neurokit.profiling.comparing import compare
from neurokit.profiling.content import RASTER_NEURONS, RASTER_STEPS, raster
from neurokit.profiling.decisions import decide
from neurokit.profiling.parity import Parity
from neurokit.profiling.profile import Profile, profile
from neurokit.profiling.report import percent, report
from tests.place.programs import chain
from tests.profiling.recordings import as_network, random_spikes, record, three_layers, unbatched

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Checker(HTMLParser):
    """Fails on tags that do not nest; collects text, attributes and ids."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "srcset", "data", "action"):
                self.links.append(value or "")
        if tag == "svg" or dict(attrs).get("role") == "img":
            assert dict(attrs).get("aria-label")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def check(page: Path) -> Checker:
    text = page.read_text(encoding="utf-8")
    checker = Checker()
    checker.feed(text)
    checker.close()
    assert checker.open == []
    assert len(set(checker.ids)) == len(checker.ids)
    assert all(link.startswith("data:image/png;base64,") for link in checker.links)
    for link in checker.links:
        text = text.replace(link, "")
    assert "http" not in text
    assert "url(" not in text
    assert "@import" not in text
    assert "<script" not in text
    return checker


def everything(chip: str = "loihi2", broken: bool = True) -> tuple[Profile, Parity, Placement]:
    reports = (LayerReport("a", 63.5, 8, -1, 0.004, 0.0, 0.00002, ("relay inserted",)),)
    graph = three_layers(dt=1e-3, latency={"a": 0, "b": 1, "out": 2}, report=reports, source="digits.nir")
    spikes = random_spikes(graph, 4, 20)
    other = {name: values.copy() for name, values in spikes.items()}
    other["b"][1, 3, 2] ^= broken
    network = as_network(graph)
    floats, run, lava = record(network, other), record(graph, spikes), record(graph, other, backend="lava")
    rungs = (
        compare(floats, run, exact=False, shift=graph.latency),
        compare(run, lava, exact=True),
    )
    decisions = decide({"Network (float)": floats, "Program on simulator": run}, labels=[0, 1, 2, 0])
    placement = place(graph, chip)
    return profile(run, placement), Parity(rungs, decisions), placement


@pytest.mark.parametrize("chip", ["loihi1", "loihi2"])
@pytest.mark.parametrize("broken", [True, False])
def test_a_whole_report(tmp_path: Path, chip: str, broken: bool) -> None:
    made, parity, placement = everything(chip, broken)
    path = report(made, parity, placement, title="Digits", summary=[("Note", "mine")], path=tmp_path / "r.html")
    assert path == tmp_path / "r.html"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.html", "r.json"]
    checker = check(path)
    for heading in (
        "Parity",
        "Energy and time",
        "Placement",
        "What compilation did",
        "Spikes",
        "Activity",
        "Provenance",
    ):
        assert heading in checker.text
    assert ("Broken" in checker.text) == broken
    assert "digits.nir" in checker.text
    assert "relay inserted" in checker.text
    for caveat in made.caveats:
        assert caveat in checker.text
    for part in made.energy.parts:
        assert str(part.energy).partition(" (")[0] in checker.text
    assert "What the energy hangs on" in checker.text
    assert "What the time hangs on" in checker.text
    assert "They are no energies" in checker.text
    assert f"{made.neurobench.footprint:,} bytes" in checker.text
    for influence in made.energy.influences:
        assert f"{influence.coefficient}{percent(influence.share)}" in checker.text


def test_the_json_is_what_the_page_shows(tmp_path: Path) -> None:
    made, parity, placement = everything()
    data = json.loads(report(made, parity, placement, path=tmp_path / "r.html").with_suffix(".json").read_text("utf-8"))
    assert data["profile"] == json.loads(json.dumps(made.to_dict()))
    assert data["parity"] == json.loads(json.dumps(parity.to_dict()))
    assert data["placement"] == json.loads(json.dumps(placement.to_dict()))
    assert [tile["label"] for tile in data["summary"]][:3] == ["Parity", "Accuracy", "Energy per sample"]
    assert data["layers"][0]["report"]["notes"] == ["relay inserted"]
    assert data["layers"][1] == {"population": "b", "shape": [4], "latency": 1, "report": None}
    assert data["provenance"]["versions"]["numpy"] == np.__version__
    static = next(row for row in data["coefficients"] if row["coefficient"] == "static")
    assert (static["low"], static["nominal"], static["high"], static["unit"]) == (230, 250, 280, "mW")


def test_the_drawn_spikes_are_the_recorded_ones(tmp_path: Path) -> None:
    made, _, _ = everything()
    page = report(made, path=tmp_path / "r.html").read_text("utf-8")
    drawn = re.findall(r'd="([^"]*)"', page)
    strokes = sum(path.count("M") for path in drawn)
    assert strokes == sum(int(values[0].sum()) for values in made.recording.spikes.values())


def test_equal_results_give_equal_files(tmp_path: Path) -> None:
    one, two = report(*everything(), path=tmp_path / "1.html"), report(*everything(), path=tmp_path / "2.html")
    assert one.read_bytes() == two.read_bytes()
    assert one.with_suffix(".json").read_bytes() == two.with_suffix(".json").read_bytes()


@pytest.mark.parametrize("part", ["profile", "parity", "placement", "recording", "network", "unplaced", "unbatched"])
def test_parts_stand_alone(tmp_path: Path, part: str) -> None:
    made, parity, placement = everything()
    network = as_network(three_layers())
    given: dict[str, Any] = {
        "profile": {"profile": made},
        "parity": {"parity": parity},
        "placement": {"placement": placement},
        "recording": {"recording": made.recording},
        "network": {"recording": record(network, random_spikes(network, 1, 3))},
        "unplaced": {"profile": profile(made.recording)},
        "unbatched": {"recording": unbatched(made.recording)},
    }[part]
    checker = check(report(**given, path=tmp_path / "r.html"))
    assert ("Energy and time" in checker.text) == (part in ("profile", "unplaced"))
    assert "Provenance" in checker.text


def test_names_cannot_break_the_page(tmp_path: Path) -> None:
    made, _, _ = everything()
    bad = "<script>alert(1)</script>"
    checker = check(report(made, title=bad, summary=[(bad, "x")], path=tmp_path / "r.html"))
    assert checker.text.count(bad) == 3


def test_faults_and_silence_are_shown(tmp_path: Path) -> None:
    graph = chain(13_000, 3)
    placement = place(graph)
    silent = record(graph, random_spikes(graph, 1, 2, rate=0))
    checker = check(report(profile(silent, placement), placement=placement, path=tmp_path / "r.html"))
    assert "Does not fit" in checker.text
    assert "Sum them in parts: 2 populations" in checker.text
    assert "0 active of 3" in checker.text


def test_the_raster_samples_neurons_and_steps() -> None:
    graph = chain(2, 500)
    spikes = random_spikes(graph, 2, RASTER_STEPS + 50, rate=0)
    spikes["fc1"][1, :, 100:300] = 1
    drawn = raster(record(graph, spikes), sample=1)
    assert drawn is not None
    (row,) = drawn["rows"]
    assert (row["neurons"], row["active"], len(row["shown"])) == (500, 200, RASTER_NEURONS)
    assert [row["shown"][i]["neuron"] for i in (0, -1)] == [100, 299]
    assert row["shown"][0]["steps"] == list(range(RASTER_STEPS))
    assert (drawn["steps"], drawn["of_steps"]) == (RASTER_STEPS, RASTER_STEPS + 50)


def test_no_spikes_recorded_no_raster() -> None:
    graph = chain(2, 3)
    assert raster(record(graph, {"in": np.zeros((1, 2, 2), np.uint8)})) is None


@pytest.mark.parametrize(
    ("share", "text"),
    [(1, "100 %"), (0, "0 %"), (0.999999, "> 99.99 %"), (1e-7, "< 0.01 %"), (0.5, "50.00 %"), (1.25, "125.00 %")],
)
def test_percent(share: float, text: str) -> None:
    assert percent(share) == text


def test_nothing_to_report(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it needs a profile, parity, placement or recording"):
        report(path=tmp_path / "r.html")


def test_the_page_cannot_take_the_place_of_its_json(tmp_path: Path) -> None:
    made, _, _ = everything()
    with pytest.raises(InputError, match="is the name of the JSON file"):
        report(made, path=tmp_path / "r.json")


@pytest.mark.parametrize("obstacle", ["missing folder", "page is a folder", "json is a folder"])
def test_an_unwritable_place_leaves_nothing(tmp_path: Path, obstacle: str) -> None:
    made, _, _ = everything()
    folder = tmp_path / "gone" if obstacle == "missing folder" else tmp_path
    if obstacle == "page is a folder":
        (tmp_path / "r.html").mkdir()
    if obstacle == "json is a folder":
        (tmp_path / "r.json").mkdir()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OutputError):
        report(made, path=folder / "r.html")
    assert sorted(tmp_path.iterdir()) == before


def test_an_earlier_report_is_replaced(tmp_path: Path) -> None:
    made, _, _ = everything()
    (tmp_path / "r.html").write_text("old")
    check(report(made, path=str(tmp_path / "r.html")))
    assert (tmp_path / "r.html").read_text("utf-8").startswith("<!DOCTYPE html>")
