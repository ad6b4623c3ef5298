from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from neurokit.errors import InputError
from neurokit.place.chips import CHIPS, LOIHI1, LOIHI2, Limit, Range, chip_named

# (low, nominal, high) as the literature has them; see chips.py for the sources.
TABLE = {
    "loihi1": {
        "synapse_conv": (23.6, 24.0, 40),
        "synapse_sparse": (23.6, 33.6, 40),
        "synapse_dense": (23.6, 35.5, 40),
        "update": (52, 72.8, 81),
        "spike": (0, 69.3, 78),
        "message": (1.7, 111, 124),
        "hop": (3.0, 3.5, 4.2),
        "learning": (60, 120, 240),
        "static": (29, 100, 104),
        "x86": (18, 23, 65),
        "synapse_time": (3.1, 3.8, 4.7),
        "update_time": (5.3, 9.7, 9.7),
        "barrier": (0.11, 1.8, 16),
        "barrier_one_chip": (0.11, 1.8, 2.0),
    },
    "loihi2": {
        "synapse_conv": (12, 24, 28),
        "synapse_sparse": (16.8, 33.6, 39.2),
        "synapse_dense": (17.75, 35.5, 41.4),
        "update": (26, 72.8, 100),
        "spike": (0, 69, 140),
        "message": (1.7, 111, 220),
        "hop": (1.5, 3.5, 7),
        "static": (230, 250, 280),
        "synapse_time": (0.66, 0.85, 1.03),
        "update_time": (2, 4, 4),
        "barrier": (0.2, 1, 10),
        "barrier_one_chip": (0.2, 1, 2),
    },
}


@pytest.mark.parametrize(("chip", "name"), [(chip, name) for chip, rows in TABLE.items() for name in rows])
def test_coefficients_are_the_published_ones(chip: str, name: str) -> None:
    found = getattr(CHIPS[chip].coefficients, name)
    assert (found.low, found.nominal, found.high) == TABLE[chip][name]
    assert found.source


def test_what_is_not_published_is_not_there() -> None:
    assert LOIHI2.coefficients.learning is None
    assert LOIHI2.coefficients.x86 is None
    assert LOIHI2.coefficients.spike_time is None
    assert LOIHI2.input_axons is None


def test_limits_of_cores() -> None:
    assert [(c.cores.value, c.neurons.value, c.words.value) for c in (LOIHI1, LOIHI2)] == [
        (128, 1024, 16_384),
        (120, 4095, 12_000),
    ]
    assert LOIHI1.input_axons == Limit(4096, "nengo-loihi and NxTF: input axon entries")


def test_ranges_convert_to_si() -> None:
    assert Range(1, 2, 3, "µs", "test").si() == pytest.approx((1e-6, 2e-6, 3e-6), rel=1e-12)


def test_barrier_of_loihi_1_grows_with_tiles() -> None:
    assert [LOIHI1.coefficients.barrier_for(t).nominal for t in (1, 2, 3, 4, 5, 29, 300)] == [
        0.6,
        1.0,
        1.4,
        1.4,
        1.8,
        1.8,
        1.8,
    ]
    assert LOIHI1.coefficients.barrier_for(4).high == 2.0


def test_the_barrier_of_one_chip_is_known_better_than_that_of_several() -> None:
    assert (LOIHI2.coefficients.barrier_for(30).high, LOIHI2.coefficients.barrier_for(30, 2).high) == (2, 10)
    assert LOIHI1.coefficients.barrier_for(64, 2) == LOIHI1.coefficients.barrier
    assert LOIHI2.coefficients.ranges(30, 2)["barrier"].high == 10
    assert "barrier_one_chip" not in LOIHI2.coefficients.ranges(30)
    alike = replace(LOIHI2.coefficients, barrier_one_chip=None)
    assert alike.barrier_for(30) == alike.barrier


def test_mean_hops_is_the_mean_over_all_pairs_of_routers() -> None:
    routers = np.array(list(product(range(8), range(4))))
    distances = np.abs(routers[:, None] - routers[None]).sum(axis=2)
    assert LOIHI2.mean_hops == pytest.approx(distances.mean(), rel=1e-12)
    assert LOIHI2.mean_hops == 3.875


def test_an_unknown_chip_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match="'loihi3' is unknown; known chips: loihi1, loihi2"):
        chip_named("loihi3")


def test_a_chip_of_ones_own_passes() -> None:
    mine = replace(LOIHI1, step_floor=2e-6)
    assert chip_named(mine) is mine


@pytest.mark.parametrize("values", [(2, 1, 3), (1, 3, 2), (-1, 0, 1), (0, 1, np.inf), (0, np.nan, 1)])
def test_a_range_out_of_order_is_refused(values: tuple[float, float, float]) -> None:
    with pytest.raises(InputError, match="0 <= low <= nominal <= high"):
        Range(*values, "pJ", "test")


def test_a_range_of_unknown_unit_is_refused() -> None:
    with pytest.raises(InputError, match="unit 'eV'; known units: pJ, ns, µs, mW"):
        Range(0, 1, 2, "eV", "test")


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="value 0; a limit is a whole number of at least 1"):
        Limit(0, "test")


def test_a_mesh_too_small_for_its_cores_is_named():
    with pytest.raises(InputError, match=r"mesh \(2, 2\) of 4 cores a tile holds 16 cores; programs can use"):
        replace(LOIHI2, mesh=(2, 2))


@pytest.mark.parametrize("wrong", [{"mesh": (0, 4)}, {"cores_per_tile": 0}, {"step_floor": -1.0}])
def test_a_chip_of_impossible_sizes_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match="sizes are at least 1 and times not negative"):
        replace(LOIHI1, **wrong)  # type: ignore[arg-type]
