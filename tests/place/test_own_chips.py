"""Chips that users describe themselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import InputError
from neurokit.place.chips import LOIHI1, LOIHI2, Chip, Limit, Range
from tests.place.programs import chain
from tests.profiling.recordings import random_spikes, record

PAGE = Path(__file__).resolve().parents[2] / "docs" / "energy.md"


def test_the_example_of_the_docs() -> None:
    """Run as it stands there, with a program of ours."""
    text = PAGE.read_text(encoding="utf-8").partition("## A chip of your own")[2]
    graph = chain(20, 3000, 20)
    names: dict[str, Any] = {"nk": nk, "program": graph}
    exec(text.partition("```python\n")[2].partition("```")[0], names)
    small, place = names["small"], names["place"]
    assert place.populations["fc1"].cores == 6  # of 512 neurons
    assert place.chips == 1
    profiled = nk.profile(record(graph, random_spikes(graph, 1, 5)), place)
    (neurons,) = (part for part in profiled.energy.parts if part.name == "neurons")
    assert neurons.energy.nominal == pytest.approx(3020 * 5 * 10e-12, rel=1e-12)
    assert neurons.source == "our measurement"
    assert profiled.to_dict()["chip"] == small.name == "small"
    assert not any("Loihi 2: no per-operation" in caveat for caveat in profiled.caveats)


def refused(wrong: dict[str, Any], of: Any = LOIHI1) -> str:
    with pytest.raises(InputError) as caught:
        replace(of, **wrong)
    return str(caught.value)


@pytest.mark.parametrize("limit", ["cores", "neurons", "words"])
def test_a_missing_limit_is_named_with_the_mend(limit: str) -> None:
    text = refused({limit: None, "name": "mine"})
    assert f"'mine': its limit '{limit}' is missing" in text
    assert f"Give {limit}=Limit(number, 'its source')" in text


def test_every_fault_is_named_at_once() -> None:
    text = refused({"cores": 128, "input_axons": -1, "format": None, "boards": ()})
    for fact in ("'cores' is 128", "'input_axons' is -1", "'format' is missing", "boards ()"):
        assert fact in text


@pytest.mark.parametrize("value", [0, -5, 1.5, True, None])
def test_a_limit_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(InputError, match=r"Limit \(data sheet\).*a limit is a whole number of at least 1"):
        Limit(value, "data sheet")


def test_unknown_limits_may_be_left_out() -> None:
    bare = replace(LOIHI1, input_axons=None, output_axons=None, largest_sum=None)
    assert nk.place(chain(4, 3), bare).ok


@pytest.mark.parametrize("boards", [(), (("b", 2), ("a", 1)), (("a", 0),)])
def test_boards_that_cannot_be_are_refused(boards: Any) -> None:
    assert "at least one board, the smallest first" in refused({"boards": boards})


def test_a_missing_coefficient_is_named() -> None:
    text = refused({"update": None, "synapse_time": 3.0}, LOIHI2.coefficients)
    assert "'update' is missing" in text
    assert "Give update=Range(low, nominal, high, 'pJ', 'its source')" in text
    assert "'synapse_time' is 3.0" in text
    replace(LOIHI1.coefficients, learning=None, x86=None, spike_time=None)


@pytest.mark.parametrize(("name", "unit", "right"), [("update", "ns", "pJ"), ("barrier", "pJ", "ns or µs")])
def test_a_coefficient_in_units_of_another_quantity_is_refused(name: str, unit: str, right: str) -> None:
    text = refused({name: Range(1, 2, 3, unit, "test")}, LOIHI2.coefficients)
    assert f"'{name}' is in {unit}" in text
    assert f"it is measured in {right}" in text


def test_a_barrier_outside_its_bounds_is_refused() -> None:
    assert "the barrier of 4 tiles is 99 µs" in refused({"barrier_tiles": ((4, 99.0),)}, LOIHI1.coefficients)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"header": -1}, "'header' is -1"),
        ({"chunk": 0}, "'chunk' is 0"),
        ({"widths_dense": ()}, "'widths_dense' is ()"),
        ({"widths_conv": (8, 4)}, "'widths_conv' is (8, 4)"),
    ],
)
def test_a_format_that_cannot_be_is_refused(wrong: dict[str, Any], text: str) -> None:
    assert text in refused(wrong, LOIHI1.format)


def test_a_chip_without_an_unpublished_time_gives_finite_numbers() -> None:
    graph = chain(40, 30)
    chip: Chip = replace(LOIHI1, coefficients=replace(LOIHI1.coefficients, spike_time=None, x86=None, learning=None))
    total = nk.profile(record(graph, random_spikes(graph, 1, 5)), nk.place(graph, chip)).energy.total
    assert np.isfinite([total.low, total.nominal, total.high]).all()
