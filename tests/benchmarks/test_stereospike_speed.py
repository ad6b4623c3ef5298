"""The benchmark of a converted StereoSpike runs, on a small one."""

import json

import pytest

from benchmarks.stereospike_speed import main


def test_a_small_window(capsys):
    pytest.importorskip("torch")
    main(["--size", "17", "20", "--channels", "2"])
    found = json.loads(capsys.readouterr().out)
    assert found["network"] == "v2, random weights"
    assert found["steps"] == 15
    assert found["ratio"] == pytest.approx(found["cpu_s"] / found["torch_cpu_s"])
