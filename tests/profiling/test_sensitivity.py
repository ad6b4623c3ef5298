from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import InputError
from neurokit.place.chips import CHIPS, LOIHI1, LOIHI2, Range
from neurokit.place.placing import place
from neurokit.profiling.energy import dynamic_parts
from neurokit.profiling.profile import Profile, profile
from neurokit.profiling.sensitivity import central, drawn, influences
from tests.graph.test_check_plasticity import program as pair_learner
from tests.place.programs import chain
from tests.profiling.recordings import random_spikes, record

EXACT = 1e-12  # sums of a few doubles
SAMPLING = 0.03  # of a standard deviation or a quantile from 4000 draws, with room


def made(chip: str = "loihi2", seed: int = 0) -> Profile:
    graph = chain(400, 300, 20)
    return profile(record(graph, random_spikes(graph, 2, 10)), place(graph, chip), seed=seed)


@pytest.mark.parametrize("chip", CHIPS)
def test_draws_stay_within_bounds(chip: str) -> None:
    ranges = CHIPS[chip].coefficients.ranges(3)
    for name, values in drawn(ranges, 3).items():
        low, _, high = ranges[name].si()
        assert low * (1 - EXACT) <= values.min() <= values.max() <= high * (1 + EXACT)


def test_draws_have_the_moments_of_a_triangle() -> None:
    """Of the value, or of its logarithm where the nominal value is nearer the geometric middle."""
    for low, nominal, high, scale in ((12.0, 24.0, 36.0, np.asarray), (60.0, 120.0, 240.0, np.log)):
        (values,) = drawn({"update": Range(low, nominal, high, "mW", "test")}, 1, 40_000).values()
        a, c, b = scale([low, nominal, high])
        variance = (a * a + b * b + c * c - a * b - a * c - b * c) / 18
        found = scale(values * 1e3)
        assert found.mean() == pytest.approx((a + b + c) / 3, abs=SAMPLING * variance**0.5)
        assert found.std() == pytest.approx(variance**0.5, rel=SAMPLING)


def test_a_lower_bound_of_zero_is_no_factor() -> None:
    (values,) = drawn({"spike": Range(0, 0.1, 5, "pJ", "test")}, 0).values()
    assert np.isfinite(values).all()
    (fixed,) = drawn({"spike": Range(2, 2, 2, "mW", "test")}, 0, 3).values()
    assert fixed.tolist() == [2e-3] * 3


def test_draws_are_independent_and_do_not_hang_on_what_else_is_drawn() -> None:
    ranges = LOIHI1.coefficients.ranges(1)
    values = drawn(ranges, 0)
    correlation = np.corrcoef(np.stack([*values.values()]))
    assert np.abs(correlation - np.eye(len(values))).max() < 0.07
    alone = drawn({"update": ranges["update"]}, 0)["update"]
    np.testing.assert_array_equal(alone, values["update"])
    assert (drawn(ranges, 1)["update"] != alone).all()


def test_likely_ranges_lie_within_the_bounds_and_around_the_nominal_value() -> None:
    profiled = made("loihi1")
    energy, time = profiled.energy, profiled.time
    assert time is not None
    assert profiled.throughput is not None
    estimates = [energy.total, energy.dynamic, energy.static, energy.power, time.step, time.sample, profiled.throughput]
    for estimate in (*estimates, *(part.energy for part in energy.parts)):
        assert estimate is not None
        assert estimate.likely is not None
        low, high = estimate.likely
        assert estimate.low <= low <= high <= estimate.high
    likely = time.sample.likely
    assert profiled.throughput.likely == pytest.approx((1 / likely[1], 1 / likely[0]), rel=EXACT)  # type: ignore[index]


def test_the_likely_range_is_that_of_the_sum_of_all_events_draw_by_draw() -> None:
    """By hand: one draw of a coefficient for all its events, parts added draw by draw."""
    graph = chain(400, 300, 20)
    profiled = profile(record(graph, random_spikes(graph, 2, 10)), seed=5)
    values = drawn(LOIHI2.coefficients.ranges(1), 5)
    events = {part.name: part.events for part in profiled.energy.parts}
    total = sum(
        events[part] * values[name]
        for part, name in (
            ("synapses", "synapse_dense"),
            ("neurons", "update"),
            ("spikes", "spike"),
            ("messages", "message"),
            ("hops", "hop"),
        )
    )
    assert profiled.energy.total.likely == pytest.approx(central(total), rel=1e-9)
    dynamic = profiled.energy.dynamic
    assert dynamic == profiled.energy.total
    separate = sum(part.energy.likely[1] - part.energy.likely[0] for part in profiled.energy.parts)  # type: ignore[index]
    assert dynamic.likely[1] - dynamic.likely[0] < separate  # type: ignore[index]


def test_a_seed_gives_the_same_numbers_and_another_seed_about_the_same() -> None:
    first, again, other = made(), made(), made(seed=1)
    assert first.to_dict() == again.to_dict()
    assert first.energy.total.likely != other.energy.total.likely
    assert first.energy.total.likely == pytest.approx(other.energy.total.likely, rel=SAMPLING)
    assert first.energy.total.nominal == other.energy.total.nominal


def test_influences_of_a_linear_total_by_hand() -> None:
    ranges = {"update": Range(0, 1, 2, "mW", "test"), "spike": Range(1, 2, 3, "mW", "test")}
    found = influences(lambda c: 3 * c["update"] + c["spike"], ranges, drawn(ranges, 0))
    assert [influence.coefficient for influence in found] == ["update", "spike"]
    assert found[0].share == pytest.approx(0.9, abs=SAMPLING)  # 3**2 of 3**2 + 1
    assert (found[0].low, found[0].high) == pytest.approx((-3e-3, 3e-3), rel=1e-9)
    assert (found[1].low, found[1].high) == pytest.approx((-1e-3, 1e-3), rel=1e-9)
    assert sum(influence.share for influence in found) == pytest.approx(1, rel=EXACT)


def test_the_change_at_a_bound_is_that_of_the_estimate_with_that_coefficient_at_its_bound() -> None:
    """Against a chip that has the bound as its nominal value, through the whole estimate with its time."""
    graph = chain(400, 300, 20)
    recording = record(graph, random_spikes(graph, 2, 10))
    profiled = profile(recording, place(graph))
    assert {i.coefficient for i in profiled.energy.influences} >= {"synapse dense", "static", "synapse time", "barrier"}
    assert profiled.time is not None
    assert "static" not in {i.coefficient for i in profiled.time.influences}
    for influence in profiled.energy.influences:
        field = influence.coefficient.replace(" ", "_").replace("barrier", "barrier_one_chip")
        coefficient = getattr(LOIHI2.coefficients, field)
        for bound, change in ((coefficient.low, influence.low), (coefficient.high, influence.high)):
            moved = replace(coefficient, low=bound, nominal=bound, high=bound)
            chip = replace(LOIHI2, coefficients=replace(LOIHI2.coefficients, **{field: moved}))
            total = profile(recording, place(graph, chip)).energy.total.nominal
            assert total - profiled.energy.total.nominal == pytest.approx(change, rel=1e-6, abs=1e-18)


def test_events_that_did_not_happen_have_no_influence() -> None:
    graph = chain(400, 300)
    silent = profile(record(graph, random_spikes(graph, 1, 10, rate=0)))
    assert [influence.coefficient for influence in silent.energy.influences] == ["update"]
    assert silent.energy.influences[0].share == 1
    assert silent.per_operation is None


def test_text_and_json_say_what_matters() -> None:
    profiled = made()
    data = json.loads(json.dumps(profiled.to_dict()))
    strongest = profiled.energy.influences[0]
    assert data["energy"]["influences"][0] == vars(strongest)
    assert data["energy"]["total"]["likely"] == list(profiled.energy.total.likely)  # type: ignore[arg-type]
    assert data["time"]["influences"][0]["coefficient"] == profiled.time.influences[0].coefficient  # type: ignore[union-attr]
    assert "what the energy hangs on" in str(profiled)
    assert f"{strongest.coefficient}: {strongest.share:.0%} of the variance" in str(profiled)
    assert "90 %:" in str(profiled.energy.total)


def test_per_second_and_per_operation() -> None:
    profiled = made()
    assert profiled.throughput is not None
    assert profiled.per_operation is not None
    rate = profiled.per_second["synaptic operations"].nominal
    assert rate == pytest.approx(profiled.synaptic_operations * profiled.throughput.nominal, rel=EXACT)
    per_operation = profiled.energy.total.nominal / profiled.synaptic_operations
    assert profiled.per_operation.nominal == pytest.approx(per_operation, rel=EXACT)
    power = profiled.energy.power
    assert power is not None  # joules of a sample x samples a second
    assert power.nominal == pytest.approx(profiled.energy.total.nominal * profiled.throughput.nominal, rel=1e-9)
    assert "per second at that speed" in str(profiled)


def test_learning_is_a_part_where_its_energy_is_known() -> None:
    graph = chain(400, 300)
    recording = replace(record(graph, random_spikes(graph, 2, 10)), updates={"in->fc1": np.array([400, 200])})
    profiled = profile(recording, place(graph, "loihi1"))
    (learning,) = (part for part in profiled.energy.parts if part.name == "learning")
    (by_hand,) = (p for p in dynamic_parts(LOIHI1, {}, 0, 0, 0, weight_updates=300) if p.name == "learning")
    assert replace(learning.energy, likely=None) == by_hand.energy
    assert "learning" in {influence.coefficient for influence in profiled.energy.influences}
    assert profiled.to_dict()["weight_updates"] == 300


def test_learning_on_loihi_2_is_left_out_and_said() -> None:
    graph = chain(400, 300)
    recording = replace(record(graph, random_spikes(graph, 2, 10)), updates={"in->fc1": np.array([600])})
    profiled = profile(recording, place(graph))
    assert "learning" not in {part.name for part in profiled.energy.parts}
    assert "300 weight updates a sample, but what one costs on Loihi 2 is not published" in profiled.caveats[0]


def test_a_run_that_learned() -> None:
    """The simulator's own count of a plastic projection's updates, through the whole estimate."""
    graph, spikes = pair_learner(), np.zeros((2, 20, 2), np.int64)
    spikes[:, 3::7, 0] = spikes[:, 5::9, 1] = 1
    recording = nk.run(graph, spikes)
    assert recording.updates["in->p0"].sum() > 10
    profiled = nk.profile(recording, nk.place(graph, "loihi1"))
    (learning,) = (part for part in profiled.energy.parts if part.name == "learning")
    assert learning.events == recording.updates["in->p0"].sum() / 2
    assert learning.energy.nominal == pytest.approx(learning.events * 120e-12, rel=EXACT)
    assert "counted on the weights that are not zero after the run" in profiled.caveats[0]
    uncounted = nk.profile(replace(recording, updates={}, backend="other"), nk.place(graph, "loihi1"))
    assert "Learning of in->p0 is not in the energy: the backend 'other' did not count" in uncounted.caveats[1]
    with pytest.raises(InputError, match=r"2 learners ran.*Run them one by one"):
        nk.profile(nk.run(graph, spikes, learners=2))


@pytest.mark.parametrize("seed", [-1, 1.5, True, "0"])
def test_a_seed_that_is_none_is_refused(seed: object) -> None:
    graph = chain(4, 3)
    with pytest.raises(InputError, match=r"seed.*a whole number of at least 0"):
        profile(record(graph, random_spikes(graph, 1, 2)), seed=seed)  # type: ignore[arg-type]
