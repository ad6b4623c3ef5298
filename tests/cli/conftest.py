"""The command line in this process, and small files for it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import neurokit as nk
from neurokit.cli import main
from tests.cli.sources import SAMPLES, STEPS, write_nir, write_small_net


@dataclass(frozen=True)
class Ran:
    """What a command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str


@pytest.fixture
def cli(monkeypatch, capsys):
    """Run `neurokit ARGUMENTS`; it never lets an exception through but SystemExit, and never shows a traceback."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["neurokit", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        assert "\x1b" not in captured.out + captured.err, "escapes, though nobody watches"
        return Ran(code, captured.out, captured.err)

    return run


@pytest.fixture
def refused(cli):
    """Run a command that must fail: with this code, these words in one message, and nothing on stdout."""

    def run(code, *arguments, words=()):
        ran = cli(*arguments)
        assert ran.code == code, ran
        assert ran.out == ""
        message = " ".join(ran.err.replace("│", " ").split())
        for word in words:
            assert word in message
        return message

    return run


@dataclass(frozen=True)
class Files:
    """nir, net: sources. network, program: `.nk`. data: spikes (3, 12, 6) for all of them. labels: 3 classes."""

    folder: Path
    nir: Path
    net: Path
    network: Path
    program: Path
    data: Path
    labels: Path


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    source = write_nir(folder / "small.nir")
    network = nk.convert(source, dt=1e-3)
    network.save(folder / "network.nk")
    nk.compile(network).save(folder / "program.nk")
    rng = np.random.default_rng(5)
    np.save(folder / "data.npy", (rng.random((SAMPLES, STEPS, 6)) < 0.4).astype(np.uint8))
    np.save(folder / "labels.npy", np.array([0, 1, 3]))
    net = write_small_net(folder / "small.net")
    return Files(
        folder, source, net, *(folder / name for name in ("network.nk", "program.nk", "data.npy", "labels.npy"))
    )


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """Commands run in a folder of their own, on a terminal of no particular width."""
    monkeypatch.chdir(tmp_path)
    for name in ("COLUMNS", "FORCE_COLOR", "NEUROKIT_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)
