"""Processors with less than this one has: numba is told to compile for them."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import numpy as np
from neurokit.hardware.simulator import vectors
assert not vectors.HAS_DOT
from neurokit.conformance.cases import Case, build
from neurokit.conformance.neurons import plain_lif
from neurokit.conformance.suite import run_case
from neurokit.graph.synapses import Conv2d
from neurokit.hardware.simulator.backend import Simulator
rng = np.random.default_rng(0)
synapse = Conv2d(rng.integers(-128, 128, (8, 8, 3, 3)), padding=(1, 1))
graph = build({"in": (8, 9, 9)}, {"out": ((8, 9, 9), plain_lif())}, {("in", "out"): (synapse, 1)}, ("out",))
outcome = run_case(Case("dense activity", graph, {"in": np.ones((1, 5, 8, 9, 9), int)}, 6), Simulator())
assert outcome.status == "same", outcome
"""


@pytest.mark.parametrize("settings", [{"NUMBA_CPU_NAME": "generic"}, {"NUMBA_ENABLE_AVX": "0"}])
def test_no_instruction_is_asked_for_that_numba_is_told_not_to_use(settings, tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), **settings}
    ended = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
