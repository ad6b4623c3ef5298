"""The report: one HTML page that needs no network, and the same content as JSON beside it."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

from neurokit.errors import Fault, InputError
from neurokit.files import written_aside
from neurokit.place.placement import Placement
from neurokit.profiling.content import Json, Summary, build
from neurokit.profiling.depth_view import DepthView
from neurokit.profiling.estimate import Estimate, count, digits, quantity
from neurokit.profiling.learning_view import LearningView
from neurokit.profiling.parity import Parity
from neurokit.profiling.profile import Profile
from neurokit.profiling.targets import Targets
from neurokit.records import Recording

_TEMPLATES = Path(__file__).parent / "templates"


def report(
    profile: Profile | None = None,
    parity: Parity | None = None,
    placement: Placement | None = None,
    *,
    recording: Recording | None = None,
    targets: Targets | None = None,
    title: str = "neurokit report",
    summary: Summary = (),
    depth: DepthView | None = None,
    learning: LearningView | None = None,
    path: str | os.PathLike[str] = "report.html",
) -> Path:
    """Write a report of whatever is given to `path`, and its content to the same path with suffix .json.

    recording: whose spikes to draw; default the profile's. targets: from `nk.targets`. learning: losses, alignment and
    forgetting of what learned (`neurokit.profiling.learning_view.LearningView`).
    summary: (label, value) pairs of your own, shown first.
    depth: of a network that sees depth, maps and errors to show (`neurokit.profiling.depth_view.DepthView`).
    Both files are written aside and then renamed. Equal results give equal files. Gives back the page's path.
    Raises InputError when there is nothing to report, OutputError when a file cannot be written.
    """
    if all(given is None for given in (profile, parity, placement, recording, targets, depth, learning)):
        raise InputError(
            Fault(
                "report",
                "was given nothing to report",
                "it needs a profile, parity, placement or recording",
                "Call nk.report(prof, parity, place, path=...).",
            )
        )
    for name, value, kind in (
        ("profile", profile, Profile),
        ("parity", parity, Parity),
        ("placement", placement, Placement),
        ("targets", targets, Targets),
        ("depth", depth, DepthView),
        ("learning", learning, LearningView),
    ):
        if value is not None and not isinstance(value, kind):
            fact = f"is a {type(value).__name__}"
            raise InputError(Fault(name, fact, f"a {kind.__name__} is needed", "Call nk.report(prof, parity, place)."))
    page = Path(path)
    if page.suffix == ".json":
        raise InputError(
            Fault(str(page), "is the name of the JSON file", "the page needs another suffix", "Use path='report.html'.")
        )
    content = build(profile, parity, placement, recording, title, summary, targets, depth, learning)
    drawn = "" if placement is None else base64.b64encode(_picture(placement)).decode()
    html, data = render(content, drawn), _json(content)
    with written_aside(page) as page_aside, written_aside(page.with_suffix(".json")) as data_aside:
        page_aside.write_text(html, encoding="utf-8")
        data_aside.write_text(data, encoding="utf-8")
    return page


def render(content: Json, picture: str = "") -> str:
    """The page of `content` (see `content.build`). picture: of the placement, a PNG in base64."""
    import jinja2  # a page is seldom written

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=count, digits=digits, percent=percent, si=_si, nominal=_nominal, bounds=_bounds, ticks=_ticks
    )
    return environment.get_template("report.html").render(content, placement_picture=picture)


def _picture(placement: Placement) -> bytes:
    from neurokit.place.picture import picture  # matplotlib takes half a second

    return picture(placement)


def percent(share: float) -> str:
    """A share with two decimals; 100 % and 0 % only when it is exactly that."""
    if share in (0, 1):
        return f"{100 * share:.0f} %"
    text = f"{100 * share:.2f} %"
    return {"100.00 %": "> 99.99 %", "0.00 %": "< 0.01 %"}.get(text, text)


def _json(content: Json) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _estimate(value: Json) -> Estimate:
    likely = None if value["likely"] is None else (value["likely"][0], value["likely"][1])
    return Estimate(value["low"], value["nominal"], value["high"], value["unit"], likely)


def _nominal(value: Json) -> str:
    return str(_estimate(value)).partition(" (")[0]


def _bounds(value: Json) -> str:
    return str(_estimate(value)).partition(" (")[2].rstrip(")")


def _si(value: float, unit: str) -> str:
    return quantity(value, unit)


def _ticks(rows: list[Json]) -> str:
    """SVG path of a raster: a stroke of unit height at (step, row) for every spike."""
    strokes = [f"M{step}.5 {y}.1v.8" for y, row in enumerate(rows) for step in row["steps"]]
    return "".join(strokes)
