from __future__ import annotations

from dataclasses import replace

import pytest

from neurokit.errors import InputError
from neurokit.place.chips import LOIHI1, LOIHI2, Range
from neurokit.profiling.energy import (
    Energy,
    caveats,
    dynamic_parts,
    mean_power,
    static_parts,
)
from neurokit.profiling.estimate import Estimate

EXACT = 1e-12  # sums of a few doubles


def values(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.low, estimate.nominal, estimate.high


def pilotnet_step() -> Energy:
    """Counts of one step of PilotNet LIF (lava-dl @d825ac5, benchmark.ipynb), whose dynamic energy was measured."""
    return Energy(dynamic_parts(LOIHI2, {"conv": 2_269_710}, 158_509, 34_607, 40_200), None)


def test_pilotnet_per_step() -> None:
    total = pilotnet_step().total
    assert f"{total.low * 1e6:.1f} {total.nominal * 1e6:.1f} {total.high * 1e6:.0f}" == "31.7 73.4 94"
    assert total.low < 68.34e-6 < total.high  # measured


def test_parts_by_hand() -> None:
    parts = {part.name: part for part in dynamic_parts(LOIHI1, {"conv": 10, "dense": 2}, 100, 5, 7, hops=3)}
    assert list(parts) == ["synapses", "neurons", "spikes", "messages", "hops"]
    assert values(parts["synapses"].energy) == pytest.approx(
        ((10 + 2) * 23.6e-12, (10 * 24.0 + 2 * 35.5) * 1e-12, 12 * 40e-12), rel=EXACT
    )
    assert values(parts["neurons"].energy) == pytest.approx((100 * 52e-12, 100 * 72.8e-12, 100 * 81e-12), rel=EXACT)
    assert values(parts["spikes"].energy) == pytest.approx((0, 5 * 69.3e-12, 5 * 78e-12), rel=EXACT)
    assert values(parts["messages"].energy) == pytest.approx((7 * 1.7e-12, 7 * 111e-12, 7 * 124e-12), rel=EXACT)
    assert values(parts["hops"].energy) == pytest.approx((21 * 3e-12, 21 * 3.5e-12, 21 * 4.2e-12), rel=EXACT)
    assert parts["hops"].events == 21
    assert all(part.source for part in parts.values())


@pytest.mark.parametrize(("kind", "nominal"), [("conv", 24.0), ("sparse", 33.6), ("dense", 35.5)])
def test_loihi_1_tells_kinds_of_synapses_apart(kind: str, nominal: float) -> None:
    (synapses, *_) = dynamic_parts(LOIHI1, {kind: 1}, 0, 0, 0)
    assert synapses.energy.nominal == pytest.approx(nominal * 1e-12, rel=EXACT)


def test_nothing_happening_costs_nothing() -> None:
    assert values(Energy(dynamic_parts(LOIHI2, {}, 0, 0, 0), None).total) == (0, 0, 0)


def test_learning_where_its_energy_is_known() -> None:
    learning = dynamic_parts(LOIHI1, {}, 0, 0, 0, weight_updates=3)[-1]
    assert learning.name == "learning"
    assert values(learning.energy) == pytest.approx((180e-12, 360e-12, 720e-12), rel=EXACT)
    with pytest.raises(InputError, match="'Loihi 2': 3 weight updates; the energy of learning on it is not published"):
        dynamic_parts(LOIHI2, {}, 0, 0, 0, weight_updates=3)


def test_static_parts_by_hand() -> None:
    seconds = Estimate(1e-3, 2e-3, 4e-3, "s")
    static, x86 = static_parts(LOIHI1, 2, seconds)
    assert values(static.energy) == pytest.approx((2 * 29e-6, 2 * 200e-6, 2 * 416e-6), rel=EXACT)
    assert values(x86.energy) == pytest.approx((2 * 18e-6, 2 * 46e-6, 2 * 260e-6), rel=EXACT)
    assert [part.name for part in static_parts(LOIHI2, 1, seconds)] == ["static"]


def test_total_dynamic_and_static_add_up() -> None:
    parts = (*dynamic_parts(LOIHI1, {"conv": 9}, 9, 9, 9), *static_parts(LOIHI1, 1, Estimate(1, 1, 1, "s")))
    energy = Energy(parts, None)
    assert energy.static is not None
    assert values(energy.static + energy.dynamic) == pytest.approx(values(energy.total), rel=EXACT)
    assert energy.to_dict()["total"] == energy.total.to_dict()
    assert pilotnet_step().static is None


def test_power_bounds_are_the_extreme_quotients() -> None:
    power = mean_power(LOIHI1, 3, Estimate(1, 2, 3, "J"), Estimate(10, 20, 40, "s"))
    assert power is not None
    expected = (1 / 40 + 3 * (0.029 + 0.018), 2 / 20 + 3 * 0.123, 3 / 10 + 3 * (0.104 + 0.065))
    assert values(power) == pytest.approx(expected, rel=EXACT)
    assert mean_power(LOIHI1, 1, Estimate(1, 2, 3, "J"), Estimate(0, 0, 0, "s")) is None


def test_every_result_says_what_it_is() -> None:
    text = " ".join(caveats(LOIHI2))
    assert "estimate, not a measurement" in text
    assert "no per-operation energy is published" in text
    assert "it is no independent test" in text
    assert "Static power, the x86 processors and host I/O" in text
    assert "NeuroBench" in text
    assert "6 µs" in " ".join(caveats(LOIHI1))
    assert len(caveats(replace(LOIHI1, name="mine"))) == len(caveats(LOIHI1)) - 1


def test_estimates_of_different_units_do_not_add() -> None:
    with pytest.raises(AssertionError, match=r"J \+ s"):
        Estimate(0, 0, 0, "J") + Estimate(0, 0, 0, "s")


def test_an_estimate_of_a_coefficient() -> None:
    assert values(Estimate.of(Range(1, 2, 4, "ns", "test"), 10, "s")) == pytest.approx((1e-8, 2e-8, 4e-8), rel=EXACT)
