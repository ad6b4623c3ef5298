"""`neurokit doctor`: everything that it looks at, as it is here and as it may be elsewhere."""

from __future__ import annotations

import importlib.metadata
import shutil

import pytest

import neurokit as nk
from neurokit import health as module
from neurokit.errors import BackendError, Fault
from neurokit.hardware.lava import loading
from neurokit.hardware.loihi import extension
from neurokit.health import Check, Health
from tests.hardware.loihi_standin import installed


def by_name(health):
    return {check.name: check for check in health.checks}


def test_here_everything_needed_runs():
    health = nk.doctor()
    found = by_name(health)
    assert health.ok
    assert found["simulator"].found == "runs"
    if loading.fault() is None:
        assert found["lava-inprocess"].found == "runs, bit for bit as the simulator"
        assert found["lava"].found == "runs, bit for bit as the simulator"
    assert found["lava-loihi"].state == "absent"
    assert "INRC" in found["lava-loihi"].mend
    assert "there is no lava.magma.core.model.nc.model" in found["lava-loihi"].found
    assert found["loihi2"].state == "absent"
    assert f"numpy {importlib.metadata.version('numpy')}" in found["packages"].found


@pytest.fixture
def quick(monkeypatch):
    """Nothing is run."""
    monkeypatch.setattr(module, "_ten_steps", lambda backend: [1])


def test_a_missing_package_is_named_with_its_use(monkeypatch, quick):
    monkeypatch.setattr(module, "_version", lambda name: None if name in ("h5py", "tonic") else "1.0")
    health = nk.doctor()
    assert not health.ok
    assert by_name(health)["packages"].mend == "Install h5py."
    assert by_name(health)["tonic"].found == "not installed: needed for tonic's data sets and transforms"


def test_without_lava_its_backends_are_absent_and_all_else_is_well(monkeypatch, quick):
    monkeypatch.setattr(loading, "VERSION", "0.11.0")
    health = nk.doctor()
    assert health.ok
    assert by_name(health)["lava"].state == "absent"
    assert "lava-nc is version" in by_name(health)["lava"].found
    assert "Install lava-nc" in by_name(health)["lava"].mend


def test_a_backend_that_fails_or_gives_something_else_is_broken(monkeypatch):
    if loading.fault() is not None:
        pytest.skip("Lava is not here")

    def ten_steps(backend):
        if backend == "lava":
            raise BackendError(Fault("lava", "a process died", "it must not", "Look into it."))
        return [1] if backend == "simulator" else [0]

    monkeypatch.setattr(module, "_ten_steps", ten_steps)
    health = nk.doctor()
    assert not health.ok
    assert by_name(health)["lava"] == Check("lava", "broken", "a process died", "Look into it.")
    assert by_name(health)["lava-inprocess"].found == "gives other spikes"


def test_numpy_2_is_told_from_lavas_pin(monkeypatch):
    real = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "2.4.6" if name == "numpy" else real(name))
    why = loading.fault()
    assert why is not None
    assert "numpy is version 2.4.6" in why.fact or "not installed" in why.fact


def test_a_queue_of_boards_is_found(monkeypatch, quick, tmp_path):
    queue = tmp_path / "sinfo"
    queue.write_text("#!/bin/sh\n", encoding="utf-8")
    queue.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("sinfo") == str(queue)
    assert by_name(nk.doctor())["SLURM"] == Check("SLURM", "ok", str(queue))


def test_a_board_that_could_be_reached_is_named(monkeypatch, quick, tmp_path):
    if loading.fault() is not None:
        pytest.skip("Lava is not here")
    installed(monkeypatch, tmp_path)
    monkeypatch.setenv("PARTITION", "oheogulch")
    health = nk.doctor()
    assert health.ok
    assert by_name(health)["lava-loihi"].state == "ok"
    assert "would run on N3B3 (SLURM, oheogulch); not tried" in by_name(health)["loihi2"].found
    monkeypatch.setenv("LOIHI_GEN", "N2A2")
    assert not nk.doctor().ok
    assert by_name(nk.doctor())["loihi2"].found == "'N2A2' is unknown"
    monkeypatch.setattr(extension, "there", lambda module: module not in extension.NEEDED)
    assert by_name(nk.doctor())["lava-loihi"].state == "broken"


def test_as_text_a_line_each_and_the_mend_below():
    health = Health((Check("one", "ok", "1.0"), Check("another", "absent", "not installed", "Install it.")))
    assert str(health) == "ok  one      1.0\n--  another  not installed\n             Install it."
