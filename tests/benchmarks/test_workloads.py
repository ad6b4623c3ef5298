"""What is timed does what it says, and the same on both sides."""

import json

import numpy as np
import pytest

import neurokit as nk
from benchmarks.__main__ import main
from benchmarks.workloads import WORKLOADS

STEPS = {"dense-batch": 12, "pilotnet": 16, "delays": 130, "chain": 300}


@pytest.mark.parametrize("name", WORKLOADS)
def test_neurons_neither_die_nor_burst(name):
    work = WORKLOADS[name]()
    assert work.name == name
    steps = STEPS.get(name, 60)
    recording = nk.run(work.program, work.draw(steps))
    assert recording.steps == steps
    rates = {k: float(np.mean(v)) / steps for k, v in recording.counts.items() if k in work.program.populations}
    outputs = set(work.program.outputs)
    for population, rate in rates.items():
        assert rate < (1 if work.graded else 0.3), population
        assert rate > 0 or population in outputs, population


@pytest.mark.parametrize("name", WORKLOADS)
def test_draws_repeat_themselves(name):
    work = WORKLOADS[name]()
    assert np.array_equal(work.draw(3), work.draw(3))


@pytest.mark.slow
@pytest.mark.parametrize("name", WORKLOADS)
def test_both_sides_compute_the_same(name):
    work = WORKLOADS[name]()
    inputs = work.draw(STEPS.get(name, 40))[:1]
    ours, theirs = (nk.run(work.program, inputs, backend=b) for b in ("simulator", "lava-inprocess"))
    for output, spikes in ours.spikes.items():
        assert np.array_equal(spikes, theirs.spikes[output])


@pytest.mark.slow
def test_smoke(tmp_path, capsys):
    kept = tmp_path / "bench.json"
    assert main(["--smoke", "--repeats", "1", "--only", "conv", "threads", "--json", str(kept)]) == 0
    assert "| conv 32×32×16→16 3×3, 10 % active |" in capsys.readouterr().out
    parts = json.loads(kept.read_text())["parts"]
    assert parts["conv"]["lava_ms"] is not None
    assert parts["conv"]["synaptic_operations"] > 100_000
    assert parts["threads"]["ratio"] > 0
