"""One neuron of CA1 on a track: the equation, the form for the chip beside it, and what is refused."""

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import CompileError, InputError
from neurokit.learn.btsp import place
from neurokit.learn.btsp.place import FITTED, Constants, Kinetics, agreement
from neurokit.learn.btsp.track import Plateau, Track, laps
from tests.test_examples import example

TRACK, KINETICS = Track(), Kinetics()
STARTS = np.linspace(0, 1, 7)


def learned(graph):
    (found,) = (p.synapses[0].weight for p in graph.projections if p.name == place.LEARNS)
    return found


def in_integers(seen, start, seed, backend="simulator", constants=FITTED):
    """(weights in the network's units, recording)."""
    net = place.network(seen.track, place.rule_of(seen.track, KINETICS, constants), start)
    inputs = place.inputs_of(seen, seed)
    program = nk.compile(net, calibrate=inputs)
    rec = nk.run(program, program.scaled(inputs), len(seen.position) + max(program.latency.values()), backend=backend)
    return learned(nk.to_network(rec.program, net)), rec


def test_the_track_is_round():
    assert TRACK.steps == 748
    assert TRACK.distance(1.0, 186.0) == pytest.approx(2.0)
    assert TRACK.distance(186.0, 1.0) == pytest.approx(-2.0)
    rates = TRACK.rates([TRACK.places[7], TRACK.places[7] + 90 / (3 * np.sqrt(2)), TRACK.places[7] - 187.0])
    assert rates[:, 7] == pytest.approx([1, np.exp(-0.5), 1])
    fields = TRACK.field(TRACK.weights_at([10.0, 180.0], 0.7))
    assert TRACK.centre(fields) == pytest.approx([10.0, 180.0], abs=1e-6)
    there = TRACK.field(np.eye(100)[[3]], [TRACK.places[3], TRACK.places[50]])
    assert there[0] == pytest.approx([1, TRACK.rates([TRACK.places[50]])[0, 3]])


def test_laps_have_their_plateaus_where_they_belong():
    seen = laps(TRACK, 4, 3, [Plateau(0, 1, 50.0), Plateau(2, 2, 0.0)])
    assert seen.plateaus.sum(0).tolist() == [30, 0, 30]
    first = int(np.argmax(seen.plateaus[:, 0]))
    assert seen.position[first] == pytest.approx(50.0, abs=0.25)
    assert first // TRACK.steps == 1
    spikes = seen.spikes(3)
    assert spikes.mean(0) == pytest.approx(0.4 * seen.rates.mean(0), abs=0.02)
    assert np.array_equal(spikes, seen.spikes(3))
    assert not np.array_equal(spikes, seen.spikes(4))


def test_what_a_plateau_does_depends_on_the_weight_and_on_seconds():
    seen, start = place.ladder(TRACK, STARTS)
    change = place.by_equation(seen, KINETICS, start) - start
    seconds = TRACK.distance(TRACK.places, TRACK.length / 2) / TRACK.speed
    near = np.argmin(np.abs(seconds))
    assert change[0, near] > 0.3
    assert change[-1, near] < -0.3
    assert np.all(np.diff(change[:, near]) < 0)
    assert np.abs(change[:, np.abs(seconds) > 2]).max() > 0.2  # over seconds


def test_one_plateau_makes_a_field_and_another_moves_it_towards_itself():
    here, moves = TRACK.length / 2, np.array([-60.0, -30, 30, 60])
    first = [Plateau(k, 1, here) for k in range(5)]
    second = [Plateau(k, 4, here + move) for k, move in enumerate(moves)]
    silent = np.zeros((5, TRACK.cells))
    both = laps(TRACK, 7, 5, [*first, *second])
    found = {"equation": place.by_equation(both, KINETICS, silent), "integers": in_integers(both, silent, 0)[0]}
    for weights in found.values():
        field = TRACK.field(weights)
        assert field[-1].max() > 3 * field[-1].min() + 3  # it was silent
        assert abs(TRACK.distance(TRACK.centre(field)[-1], here)) < 15
        shift = TRACK.distance(TRACK.centre(field)[:-1], TRACK.centre(field)[-1])
        assert np.all(np.sign(shift) == np.sign(moves))
        assert np.all(np.abs(shift) > 8)
        assert np.all(np.abs(shift) < np.abs(moves))


def test_products_follow_the_equation_where_their_constants_were_searched():
    seen, start = place.ladder(TRACK, STARTS)
    expected = place.by_equation(seen, KINETICS, start) - start
    searched, plain = (
        agreement(place.by_products(seen, KINETICS, start, constants) - start, expected)
        for constants in (FITTED, Constants())
    )
    assert searched.correlation > 0.99
    assert searched.error < 0.02
    assert 0.95 < plain.correlation < 0.97
    chip = in_integers(seen, start, 1)[0] - start
    assert agreement(chip, expected).correlation > 0.97
    assert agreement(chip, expected).error < 0.035


@pytest.mark.slow
def test_the_search_finds_the_constants_that_are_kept():
    found = place.fitted(TRACK, KINETICS)
    assert list(vars(found).values()) == pytest.approx(list(vars(FITTED).values()), rel=1e-3)


def test_the_search_goes_downhill():
    track = Track(cells=12, peak_rate=15.0, dt=0.05)
    seen, start = place.ladder(track, np.linspace(0, 1, 3))
    expected = place.by_equation(seen, KINETICS, start) - start
    found = place.fitted(track, KINETICS, starts=3, evaluations=25)
    before, after = (
        agreement(place.by_products(seen, KINETICS, start, c) - start, expected).error for c in (Constants(), found)
    )
    assert after < 0.8 * before


def test_lava_learns_the_same():
    pytest.importorskip("lava", reason="Lava needs Python 3.10")
    track = Track(cells=20, speed=60.0, dt=0.02)
    seen, start = place.ladder(track, np.array([0.0, 0.5, 1.0]))
    ours, theirs = (in_integers(seen, start, 0, backend)[1] for backend in ("simulator", "lava-inprocess"))
    assert np.array_equal(learned(ours.program), learned(theirs.program))
    assert np.array_equal(ours.spikes["ca1"], theirs.spikes["ca1"])
    moved = learned(ours.program) - np.rint(255 * start)
    assert moved[0].max() > 20
    assert moved[-1].min() < -20


def test_the_example_draws_both_pictures(tmp_path, monkeypatch, capsys):
    example14 = example("14_btsp_place_field")
    monkeypatch.setattr(example14, "STARTS", np.linspace(0, 1, 3))
    monkeypatch.setattr(example14, "SPEEDS", ())
    monkeypatch.setattr("sys.argv", ["14", "--seeds", "1", "--out", str(tmp_path)])
    example14.main()
    assert "field" in capsys.readouterr().out
    assert {p.name for p in tmp_path.iterdir()} == {
        "btsp_weight_changes.png",
        "btsp_place_fields.png",
        "place_field.json",
    }


def test_neurons_without_a_memory_keep_the_plateaus_trace():
    """Such a neuron is reset in every step where nothing hinders it, which would clear the trace too."""
    track = Track(cells=20, speed=40.0, dt=0.02)
    seen, start = place.ladder(track, np.array([0.0, 1.0]))
    expected = place.by_equation(seen, KINETICS, start) - start
    net = place.network(track, place.rule_of(track, KINETICS, FITTED), start, tau=0.02)
    program = nk.compile(net, calibrate=place.inputs_of(seen, 0))
    assert program.populations["ca1"].neuron.reset_interval == 0
    chip = in_integers(seen, start, 0)[0] - start
    assert agreement(chip, expected).correlation > 0.95
    assert agreement(chip, expected).error < 0.06


def test_a_plateau_is_not_missed_by_calibration():
    """Calibration looks at 50 steps of a sample; this plateau lies between two of them."""
    seen = laps(Track(plateau=0.02), 8, 1, [Plateau(0, 2, 3.0)])
    net = place.network(seen.track, place.rule_of(seen.track, KINETICS, FITTED), np.full((1, 100), 0.5))
    report = nk.compile(net, calibrate=place.inputs_of(seen, 0)).projections[0].plasticity.report
    assert report.trace_scales["i"] == pytest.approx(127.0)
    assert report.trace_scales["i_steep"] == pytest.approx(127.0)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"speed": 0.0}, "track.speed': is 0.0"),
        ({"cells": 2.5}, "track.cells': is 2.5"),
        ({"cells": True}, "track.cells': is True"),
        ({"width": 200.0}, "the track is 187 cm round"),
        ({"peak_rate": 120.0}, "1.2 a step"),
        ({"plateau": 0.004}, "which rounds to 0 steps of 0.01 s"),
        ({"plateau": 9.0}, "a lap takes 7.48 s"),
    ],
)
def test_tracks_that_are_none(numbers, said):
    with pytest.raises(InputError, match=said):
        Track(**numbers)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((3, 1, []), "no phase of induction"),
        ((2, 1, [Plateau(0, 1, 5.0)]), "the phase after it is missing.*three laps or more"),
        ((4, 1, [Plateau(0, 0, 5.0)]), "the phase before it is missing.*laps 1 to 2"),
        ((4, 1, [Plateau(1, 1, 5.0)]), "is of no neuron"),
        ((4, 1, [Plateau(0, 1, 190.0)]), "comes at 190 cm"),
        ((0, 1, [Plateau(0, 1, 5.0)]), "count': is 0"),
        ((4, True, [Plateau(0, 1, 5.0)]), "neurons': is True"),
        ((100_000, 1, [Plateau(0, 1, 5.0)]), "74,800,000 steps"),
    ],
)
def test_laps_that_leave_out_a_phase(arguments, said):
    with pytest.raises(InputError, match=said):
        laps(TRACK, *arguments)


def test_time_constants_are_positive():
    with pytest.raises(InputError, match="tau_instructive': is -1"):
        Kinetics(tau_instructive=-1)


def test_rates_that_round_to_zero_on_the_chip():
    """A plateau's trace whose decay is lost in the neuron, and a plateau too small for the engine."""
    fine = Track(dt=1e-4, plateau=0.3, cells=4)
    slow = Kinetics(tau_eligibility=1.75, tau_instructive=1.75)
    seen = laps(TRACK, 3, 1, [Plateau(0, 1, 50.0)])
    inputs = place.inputs_of(seen, 0) | {place.SOURCE: np.zeros((1, len(seen.position), 4))}
    net = place.network(fine, place.rule_of(TRACK, slow, FITTED), np.zeros((1, 4)))
    with pytest.raises(CompileError, match=r"signal 'i'.*decays by 5\.7e-05.*rounds to 0.*larger dt"):
        nk.compile(net, calibrate=inputs)
    net = place.network(TRACK, place.rule_of(TRACK, KINETICS, FITTED), np.zeros((1, 100)))
    faint = place.inputs_of(seen, 0) | {place.PLATEAU: 1e-9 * seen.plateaus[None]}
    with pytest.raises(CompileError, match=r"'ca3->ca1: dw': term .* rate 8\.8e-12 a step is below the smallest step"):
        nk.compile(net, calibrate=faint)
