"""What is printed, by width, encoding and whoever reads it."""

import io
import json
import sys

import numpy as np
import pytest

from neurokit.cli import hints, screen
from neurokit.errors import Fault

GOES_IN = "whose .nk file goes in here"


def test_a_narrow_terminal_gets_blocks(cli, files, monkeypatch):
    wide = cli("compile", files.net, "-o", "x.nk").out
    monkeypatch.setenv("COLUMNS", "60")
    narrow = cli("compile", files.net, "-o", "x.nk").out
    assert "0-dense\n  bits: 8\n" in narrow
    assert "population  bits" in wide
    assert "…" not in wide + narrow


def test_text_is_no_markup(capsys):
    screen.say("a [bold]b[/] :smile: [/nothing] \\[c]")
    screen.say_error("[red]x[/] :u:")
    captured = capsys.readouterr()
    assert captured.out == "a [bold]b[/] :smile: [/nothing] \\[c]\n"
    assert captured.err == "error: [red]x[/] :u:\n"


def test_long_lines_stay_whole_in_files(capsys):
    screen.say("word " * 100)
    assert capsys.readouterr().out == "word " * 100 + "\n"


def test_faults_alike_share_a_line(capsys):
    faults = [Fault(f"n{k}", "is big", "small is needed", "Shrink it.") for k in range(10)]
    screen.say_faults([*faults, Fault("dt", "is missing", "NIR states none", "Pass dt=1e-3, time_limit=5.")])
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "error: 'n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7' and 2 more: is big; small is needed. Shrink it.",
        "error: 'dt': is missing; NIR states none. Pass dt=1e-3, time_limit=5. "
        "(On the command line: --dt, --time-limit.)",
    ]


@pytest.mark.parametrize(
    ("verb", "mend", "words"),
    [
        (None, "Pass calibrate=x.", "--calibrate"),
        ("compile", "Pass calibrate=x.", "--calibrate"),
        (
            "run",
            "Pass calibrate=x.",
            "--calibrate of neurokit convert or neurokit compile, whose .nk file goes in here",
        ),
        ("place", "Pass dt=1 or code=x.", f"--dt; --code of neurokit convert, {GOES_IN}"),
        ("place", "Pass tau=1.", None),  # none of the verbs that come before it has one
        ("run", "Pass time_unit='s'.", "--time-unit"),
        ("run", "Shrink it.", None),
    ],
)
def test_mends_name_options_of_the_verb(verb, mend, words):
    assert hints.hint(mend, verb) == ("" if words is None else f" (On the command line: {words}.)")


def test_the_verb_of_a_command():
    assert hints.verb_of(["--json", "run", "compile.nk"]) == "run"
    assert hints.verb_of(["--version"]) is None


def test_every_option_of_a_hint_is_one_of_some_verb():
    every = set().union(*hints.options_of_verbs().values())
    assert {f"--{name.replace('_', '-')}" for name in hints.OPTIONS} <= every


def test_json_has_no_nan_and_short_lists(capsys):
    value = {"a": np.arange(3), "b": [float("nan"), np.float32("inf"), 0.5], "c": ({"d": ()}, None, True), 1: "µ\n"}
    screen.say_json({**value, "path": screen.box, "empty": {}})
    text = capsys.readouterr().out
    found = json.loads(text, parse_constant=pytest.fail)
    assert found["a"] == [0, 1, 2]
    assert found["b"] == [None, None, 0.5]
    assert found["c"] == [{"d": []}, None, True]
    assert found["1"] == "µ\n"
    assert found["empty"] == {}
    assert '"a": [0, 1, 2],\n' in text


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_encodings_without_our_signs(monkeypatch, encoding):
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding=encoding) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        screen.tolerate_encodings()
        screen.say("5 µJ → 2×3")
        screen.say_table(("a", "b"), [("µ", "1")])
        monkeypatch.undo()
        stream.flush()
        assert "5 " in raw.getvalue().decode(encoding)


def test_nobody_watches_progress(capsys):
    with screen.progress_bar("running") as progress:
        progress(1, 2)
    with screen.stage_bars() as stage:
        stage("one")(1, 2)
    assert capsys.readouterr() == ("", "")
