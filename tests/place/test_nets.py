"""Placements of real nets: the rows of docs/placement.md's table, small ones here, the others by its tool."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from neurokit.place.picture import _share
from tests.data import shared

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """tools/placement_table.py"""
    spec = importlib.util.spec_from_file_location("placement_table", ROOT / "tools" / "placement_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclass looks itself up there
    spec.loader.exec_module(module)
    return module


def test_an_eprop_net_takes_a_core_a_population(tool: ModuleType) -> None:
    """100 neurons with 40 inputs and themselves as sources: few words, so a core for each population."""
    program = tool.eprop_net()
    for chip in ("loihi2", "loihi1"):
        row = tool.measured("e-prop", program, chip)
        assert (row.cores, row.chips, row.faults) == (3, 1, ())
        assert row.cores == row.populations
        assert 0 < row.memory < 0.2


def test_a_trained_cnn_is_placed(tool: ModuleType) -> None:
    """mnist-8.onnx: layers of 8 x 28 x 28 = 6272 neurons need two of Loihi 2's cores, and seven of Loihi 1's."""
    program = tool.mnist_cnn(shared("mnist_onnx", "mnist-8.onnx").parents[1], "sigma-delta", images=2)
    for chip, few in (("loihi2", 2), ("loihi1", 7)):
        row = tool.measured("cnn", program, chip)
        assert row.faults == ()
        assert row.chips == 1
        assert row.cores >= few
        assert row.seconds < 60


def test_the_table_shows_faults_and_is_put_into_its_page(tool: ModuleType) -> None:
    row = tool.Row("net", "Loihi 2", 10, 1, 2, 1, "neurons", ("a", 0.5, "neurons"), 0.25, ("'a': no",), 0.123)
    made = tool.table([row])
    assert "| net | Loihi 2 | 10, 1 | 2, 1 | neurons | 'a', 50% of neurons | 25% | 'a': no | 0.12 |" in made
    page = tool.rewritten(f"before\n{tool.BEGIN}old\n{tool.END}after\n", made)
    assert page == f"before\n{tool.BEGIN}{made}{tool.END}after\n"
    assert tool.BEGIN in tool.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("share", "said"), [(0.0, "0%"), (0.004, "<1%"), (0.5, "50%"), (9.99, "999%"), (1107.0, "1,107 x")]
)
def test_shares_in_the_picture(share: float, said: str) -> None:
    assert _share(share) == said
