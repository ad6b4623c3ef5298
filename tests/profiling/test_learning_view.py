"""The report's section on learning says what it was given, and what learning costs where that is known."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from neurokit.errors import InputError
from neurokit.learn.agreement import Agreement
from neurokit.learn.interference import Subspaces
from neurokit.learn.sequential import Interference, Losses
from neurokit.profiling.learning_view import HEIGHT, MOST_POINTS, WIDTH, LearningView, content
from neurokit.profiling.profile import profile
from neurokit.profiling.report import report
from tests.profiling.test_report import check, everything

AGREES = Agreement(0.9876, 0.0123, 0.9, 1.0, 0.8)
LOST = Agreement(float("nan"), 0.0, float("nan"), 0.0, 0.0)


def view(**changed: Any) -> LearningView:
    states = Subspaces((0.1, 1.2), 0.3, (0.9, 0.8))
    forgot = Interference(
        Losses(5.0, 0.25, 3.75), Losses(6.0, 5.5, 0.5), {"w_rec": 0.125, "all": 0.125}, {}, (0.4, 0.5), states
    )
    given: dict[str, Any] = {
        "losses": {"float": [8.0, 4.0, 2.0], "chip": [8.0, 6.0, 5.0, 4.5, 1.25]},
        "alignment": {"chip beside e-prop": {"w_in": AGREES, "w_rec": LOST}, "e-prop beside BPTT": {"w_in": AGREES}},
        "interference": {"float": forgot, "chip": replace(forgot, a=Losses(5.0, 0.5, 4.75))},
        "iteration": "trial",
        "notes": ("five seeds",),
    }
    return LearningView(**(given | changed))


def test_the_section_says_what_it_was_given(tmp_path: Path) -> None:
    made, parity, placement = everything()
    checker = check(report(made, parity, placement, learning=view(), path=tmp_path / "r.html"))
    text = re.sub(r"<[^>]+>", " ", (tmp_path / "r.html").read_text("utf-8").replace("&#39;", "'"))
    assert "Learning" in checker.text
    text = " ".join(text.split())
    for words in (
        "Loss after learning 1.25 chip, 8.00 at first, 5 trials",
        "Forgetting 4.25 chip, of 0.500 before",
        "chip 5 8.00 1.25 1.25",
        "chip beside e-prop 0.988 (0.0123) no change",
        "e-prop beside BPTT 0.988 (0.0123) not compared",
        "float 5.00 0.250 3.75 6.00 0.500 3.50 0.125",
        "five seeds",
    ):
        assert words in text, words
    data = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert data["learning"]["losses"][1]["least"] == 1.25
    assert data["learning"]["alignment"][0]["blocks"]["w_rec"] == {"cosine": None, "scale": 0.0}
    assert data["learning"]["interference"][1]["forgetting"] == 4.25


def test_a_view_alone_makes_a_report_and_none_makes_no_section(tmp_path: Path) -> None:
    alone = check(report(learning=LearningView({"chip": [1.0]}), path=tmp_path / "a.html"))
    assert "Learning" in alone.text
    assert "Forgetting" not in alone.text
    made, _, _ = everything()
    assert "Loss after learning" not in check(report(made, path=tmp_path / "b.html")).text
    assert json.loads((tmp_path / "b.json").read_text("utf-8"))["learning"] is None
    with pytest.raises(InputError, match="a LearningView is needed"):
        report(learning=[1.0], path=tmp_path / "c.html")  # type: ignore[arg-type]


def test_curves_share_their_axes() -> None:
    curves = content(view(), None)["losses"]
    first = re.findall(r"[\d.]+ [\d.]+", curves[0]["path"])
    assert first == ["0.0 0.0", f"{WIDTH / 4:.1f} {HEIGHT / 2:.1f}", f"{WIDTH / 2:.1f} {0.75 * HEIGHT:.1f}"]
    assert curves[1]["path"].endswith(f"{WIDTH:.1f} {HEIGHT * (1 - 1.25 / 8):.1f}")
    long = np.linspace(1.0, -1.0, 5000)
    (curve,) = content(LearningView({"chip": long}), None)["losses"]  # type: ignore[dict-item]
    points = curve["path"][1:].split(" L")
    assert len(points) == MOST_POINTS
    assert points[0] == "0.0 0.0"
    assert points[-1] == f"{WIDTH:.1f} {HEIGHT:.1f}"
    (flat,) = content(LearningView({"chip": [0.0]}), None)["losses"]
    assert flat["path"] == f"M0.0 {HEIGHT:.1f}"


@pytest.mark.parametrize("chip", ["loihi1", "loihi2"])
def test_energy_of_learning_or_why_there_is_none(tmp_path: Path, chip: str) -> None:
    made, _, placement = everything(chip)
    recording = replace(made.recording, updates=MappingProxyType({"a->b": 1200}))
    learned = profile(recording, placement)
    checker = check(report(learned, learning=view(), path=tmp_path / "r.html"))
    assert "Energy of learning" in checker.text
    found = json.loads((tmp_path / "r.json").read_text("utf-8"))["learning"]["energy"]
    if chip == "loihi1":
        assert found["part"]["events"] == 300  # of 4 samples
        assert (
            str(next(p for p in learned.energy.parts if p.name == "learning").energy).partition(" (")[0] in checker.text
        )
    else:
        assert found["part"] is None
        assert "not published" in " ".join(found["notes"])
        assert found["notes"][0] in checker.text
    assert content(view(), made)["energy"] is None  # nothing learned


def test_arguments() -> None:
    with pytest.raises(InputError, match="has 0 stages"):
        LearningView({})
    with pytest.raises(InputError, match="has 7 stages"):
        LearningView({str(k): [1.0] for k in range(7)})
    with pytest.raises(InputError, match=r"losses\['chip'\]'.*a finite number") as caught:
        LearningView({"chip": [1.0, float("nan")], "float": [], "other": [[1.0]]})  # type: ignore[list-item]
    assert len(caught.value.faults) == 3
