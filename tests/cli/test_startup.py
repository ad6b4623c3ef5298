"""What a run may load, and where kernels are kept; how long it takes is measured by benchmarks/startup.py."""

import os
import subprocess
import sys

import numpy as np
import pytest

import neurokit as nk

# Each costs a tenth of a second or more, or does nothing for a run.
LEFT_OUT = ("jinja2", "lava", "matplotlib", "networkx", "nir", "onnx", "pandas", "sklearn", "torch", "tonic")

RUN = """
import sys
from neurokit.cli import main
sys.argv = ["neurokit", "run", {program!r}, {data!r}, "--json"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(*sorted({{name.partition(".")[0] for name in sys.modules}}), file=sys.stderr)
"""

# Stands for folders that nobody may write, which root, as whom tests often run, does not know.
READ_ONLY = """
import numba.core.caching as caching
def refuse(self):
    raise PermissionError("read-only")
for kind in list(vars(caching).values()):
    if isinstance(kind, type) and issubclass(kind, caching._CacheLocator):
        kind.ensure_cache_path = refuse
import numpy as np, neurokit as nk
recording = nk.run(nk.load({program!r}), np.load({data!r}))
print(recording.counts["last"].tolist())
"""


def python(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, timeout=280
    )
    assert done.returncode == 0, done.stderr
    return done


def test_a_run_loads_only_what_it_needs(files):
    done = python(RUN.format(program=str(files.program), data=str(files.data)))
    loaded = set(done.stderr.splitlines()[-1].split())
    assert {"neurokit", "numba", "numpy", "h5py"} <= loaded
    assert not loaded & set(LEFT_OUT)


def test_importing_the_package_loads_no_kernels():
    done = python("import sys, neurokit; print(*sys.modules)")
    loaded = done.stdout.split()
    assert "neurokit.api" in loaded
    assert not [name for name in loaded if name.startswith(("numba", "neurokit.hardware.simulator."))]


def test_kernels_are_kept_where_the_user_says(files, tmp_path):
    code = RUN.format(program=str(files.program), data=str(files.data))
    python(code, NUMBA_CACHE_DIR=str(tmp_path / "kernels"))
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "kernels").rglob("*.nbc")}
    assert kept
    python(code, NUMBA_CACHE_DIR=str(tmp_path / "kernels"))
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "kernels").rglob("*.nbc")} == kept


def test_a_kept_kernel_is_current_only_while_what_it_calls_is(files, tmp_path):
    code = RUN.format(program=str(files.program), data=str(files.data))
    changed = "from neurokit.hardware.simulator import caching; caching.sources = lambda: 'another'; " + code
    python(code, NUMBA_CACHE_DIR=str(tmp_path / "kernels"))
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "kernels").rglob("*.nbi")}
    python(changed, NUMBA_CACHE_DIR=str(tmp_path / "kernels"))
    assert all(path.stat().st_mtime_ns > time for path, time in kept.items())


def test_nothing_can_be_written(files):
    """A read-only install without a home: it runs, with one warning that tells the way out."""
    done = python(READ_ONLY.format(program=str(files.program), data=str(files.data)))
    wanted = nk.run(nk.load(files.program), np.load(files.data)).counts["last"]
    assert done.stdout.strip() == str(wanted.tolist())
    assert done.stderr.count("RuntimeWarning: compiled kernels cannot be kept: no cache folder can be written") == 1
    assert "Set NUMBA_CACHE_DIR to a folder that can be written." in done.stderr


def test_other_defects_of_kernels_are_not_hidden(monkeypatch):
    from neurokit.hardware.simulator import caching

    def refuse(**options):
        raise RuntimeError("something else")

    monkeypatch.setattr(caching.numba, "njit", refuse)
    with pytest.raises(RuntimeError, match="something else"):
        caching.njit(cache=True)(len)
