"""A bundle run where no checkout of neurokit is: in a venv into which the built wheel was installed."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

import neurokit as nk
from tests.deploy.programs import data, program

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "neurokit", "converters", "hardware")
WHERE = "import neurokit; print(neurokit.__file__)"


def called(command, folder, **more):
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), **more},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def copied(folder):
    """The sources, so that the build leaves nothing in the checkout."""
    folder.mkdir()
    ignore = shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc")
    for name in SOURCES:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, folder / name, symlinks=True, ignore=ignore)
        elif source.exists():
            shutil.copy(source, folder / name)
    return folder


@pytest.mark.slow
def test_from_the_built_wheel(tmp_path):
    """Dependencies are those of this interpreter, behind a .pth file; neurokit is the wheel's alone."""
    build = copied(tmp_path / "sources")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    called([*pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path / "dist", "."], build)
    (wheel,) = (tmp_path / "dist").iterdir()
    shutil.rmtree(build)
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    (packages,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    called([*pip, "install", "-q", "--no-deps", "--target", packages, wheel], tmp_path)
    (packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    nk.deploy(program(), data(), tmp_path / "bundle")
    empty = tmp_path / "empty"
    empty.mkdir()
    shutil.move(tmp_path / "bundle", empty / "bundle")
    cache = {"NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", str(tmp_path / "kernels"))}
    assert called([python, "-c", WHERE], empty, **cache).startswith(str(packages))
    told = called([python, "bundle/run.py"], empty, **cache)
    wanted = json.loads((empty / "bundle" / "bundle.json").read_text())["expected"]
    assert f"found    {wanted}\n" in told
    assert "as expected" in told
    assert nk.check_results(bundle=empty / "bundle").ok
