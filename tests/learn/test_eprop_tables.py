"""The tables of docs/eprop.md are those of the numbers beside it, and these are what the code gives."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "eprop.md").read_text(encoding="utf-8")


def script(name):
    spec = importlib.util.spec_from_file_location(Path(name).stem, ROOT / name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_fidelity():
    tool = script("tools/eprop_fidelity.py")
    numbers = tool.read()
    assert tool.rewritten(PAGE, numbers) == PAGE, "run python tools/eprop_fidelity.py --write"
    for kind in ("lif", "alif"):
        assert max(tool.in_floats(kind, 0).values()) < 1e-6  # the cosine is .999999 at least
        for block in ("w_in", "w_rec", "w_out"):
            rows = [r for r in numbers["engine"] if (r["kind"], r["block"], r["rate"]) == (kind, block, tool.RATE)]
            assert np.mean([r["cosine"] for r in rows if r["setting"] == "w8 t7 epoch 1 repaired"]) > 0.97


def test_interference():
    example = script("examples/12_eprop_interference.py")
    results = example.read(example.RESULTS)
    assert example.rewritten(PAGE, results) == PAGE, "run python examples/12_eprop_interference.py picture"
    row = json.loads(json.dumps(example.in_floats(0, 2.0, "input stays on")))
    assert row == results["input stays on, gain 2.0, seed 0"]


def test_stock_parts():
    example = script("examples/19_eprop_stock.py")
    results = example.read()
    assert example.rewritten(PAGE, results) == PAGE, "run python examples/19_eprop_stock.py table"
    for name in (example.STOCK, example.TUNED):
        assert "loihi2-stock" in results[f"evidence, {name}, seed 0"]["targets"]
    assert "loihi2-stock" not in results[f"evidence, {example.FULL}, seed 0"]["targets"]
