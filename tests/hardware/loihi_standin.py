"""The stand-in for lava-loihi on the path, and boards that answer; see tests/standin/lava_loihi/README.md."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

STANDIN = Path(__file__).resolve().parents[1] / "standin" / "lava_loihi"
PACKAGES = ("lava.magma.core.model.nc", "lava.magma.core.model.c", "lava.proc.embedded_io")  # only lava-loihi has them
PARTITIONS = "PARTITION AVAIL TIMELIMIT NODES STATE NODELIST"
NODES = "NODELIST NODES PARTITION STATE"


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def installed(monkeypatch, folder, slurm=True, ping=True):
    """lava-loihi's stand-in is there; `sinfo` knows one partition of one board, and hosts answer a ping."""
    monkeypatch.syspath_prepend(str(STANDIN))
    importlib.invalidate_caches()
    for name in PACKAGES:  # found again by nobody when the path is as it was
        monkeypatch.setitem(sys.modules, name, None)
        del sys.modules[name]
        importlib.import_module(name)
    for name in ("SLURM", "NOSLURM", "PARTITION", "BOARD", "NXSDKHOST", "HOST_BINARY", "LOIHI_GEN"):
        monkeypatch.delenv(name, raising=False)
    bin_ = folder / "bin"
    bin_.mkdir(exist_ok=True)
    if slurm:
        rows = f'if [ "$1" = "-N" ]; then echo "{NODES}"; echo "ncl-og-01 1 oheogulch idle"; else '
        script(bin_ / "sinfo", rows + f'echo "{PARTITIONS}"; echo "oheogulch up 20:00 1 idle ncl-og-01"; fi')
    script(bin_ / "ping", "exit 1" if not ping else "echo 1 received")
    monkeypatch.setenv("PATH", f"{bin_}:/usr/bin:/bin")
