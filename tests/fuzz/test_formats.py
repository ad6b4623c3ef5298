"""Files of all formats, damaged at random: read, or refused with our errors, in bounded time and memory.

`python -m tests.fuzz` does more of them: docs/fuzzing.md. tests/converters has more kinds of `.net` files, of
checkpoints and of NIR graphs.
"""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import neurokit as nk
from tests.fuzz.formats import FORMATS, NETWORKS, RECORDINGS, SPEC, SPEC_FILE
from tests.fuzz.mutations import fuzz

QUICK, QUICK_IN_A_CHILD, MANY = 120, 20, 1000


@pytest.fixture(scope="session")
def whole_files(tmp_path_factory):
    """Path of a whole file by the name of its format; made when it is asked for."""
    folder, made = tmp_path_factory.mktemp("whole"), {}

    def whole(name):
        if name not in made:
            made[name] = folder / f"{len(made)}{FORMATS[name].suffix}"
            FORMATS[name].write(made[name])
            FORMATS[name].read(made[name])
        return made[name]

    return whole


def check(name, whole_files, path, seeds):
    outcome = fuzz(FORMATS[name], whole_files(name).read_bytes(), path, seeds)
    assert outcome.wrong == {}
    assert outcome.refused > 0


@pytest.mark.parametrize("name", FORMATS)
def test_some(name, whole_files, tmp_path):
    count = QUICK_IN_A_CHILD if FORMATS[name].in_a_child else QUICK
    check(name, whole_files, tmp_path / f"x{FORMATS[name].suffix}", range(count))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", FORMATS)
def test_many(name, whole_files, tmp_path):
    check(name, whole_files, tmp_path / f"x{FORMATS[name].suffix}", range(10_000, 10_000 + MANY))


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_length(name, whole_files, tmp_path):
    """Cut after each of its first bytes, and at steps through the rest."""
    content, path = whole_files(name).read_bytes(), tmp_path / f"x{FORMATS[name].suffix}"
    for length in np.unique(np.geomspace(1, len(content) - 1, 8 if FORMATS[name].in_a_child else 60).astype(int)):
        path.write_bytes(content[:length])
        try:
            nk.encode.read(path)
        except nk.NeurokitError as error:
            if str(path) not in str(error):
                raise AssertionError(f"{length} bytes: the file is not named") from error


@pytest.mark.parametrize("name", [name for name in NETWORKS if NETWORKS[name].options is not None])
def test_nothing_half_written(name, whole_files, tmp_path, cli_convert):
    """What cannot be read leaves no file behind, and the one that was there as it was."""
    kind, whole = FORMATS[name], whole_files(name)
    path, output = tmp_path / f"x{kind.suffix}", tmp_path / "out.nk"
    (tmp_path / SPEC_FILE).write_text(json.dumps(SPEC))
    failed = 0
    for seed in (None, *range(200, 206)):
        output.write_bytes(b"as it was")
        if seed is None:
            shutil.copy(whole, path)
        else:
            kind.damage(whole.read_bytes(), seed, path)
        code = cli_convert(path, output, kind.options)
        assert (output.read_bytes() == b"as it was") == bool(code)
        assert seed is not None or code == 0
        failed += bool(code)
    assert failed
    assert {found.name for found in tmp_path.iterdir()} == {path.name, "out.nk", SPEC_FILE}


@pytest.fixture
def cli_convert(monkeypatch, capsys, tmp_path):
    """`neurokit convert` of one file; its exit code. Never a traceback."""
    from neurokit.cli import main

    def run(source, output, options):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["neurokit", "convert", str(source), "-o", str(output), *options])
        try:
            main()
        except SystemExit as end:
            captured = capsys.readouterr()
            assert "Traceback" not in captured.err
            assert "a defect of neurokit" not in captured.err
            return end.code or 0
        return 0

    return run
