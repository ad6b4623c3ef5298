from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neurokit.errors import InputError
from neurokit.graph.synapses import Dense
from neurokit.profiling import comparing
from neurokit.profiling.comparing import compare, depth_order
from neurokit.profiling.parity import Difference, Parity, Rung
from neurokit.records import Recording
from tests.place.programs import program
from tests.profiling.recordings import as_network, random_spikes, record, three_layers, unbatched

GRAPH = three_layers()


def run(
    change: Callable[[dict[str, Any], dict[Any, Any]], None] | None = None, states: bool = True, **fields: Any
) -> Recording:
    """The same three samples of 12 steps every time, with a planted change."""
    rng = np.random.default_rng(1)
    spikes = random_spikes(GRAPH, 3, 12)
    held: dict[Any, Any] = {
        (name, state): rng.integers(-99, 99, spikes[name].shape).astype(np.int32)
        for name in GRAPH.populations
        for state in ("u", "v")
    }
    if change is not None:
        change(spikes, held)
    return record(GRAPH, spikes, held if states else None, **fields)


def test_equal_runs_are_identical() -> None:
    rung = compare(run(), run(backend="lava"), exact=True)
    assert rung.ok
    assert rung.first is None
    assert rung.name == "Program on simulator -> Program on lava"
    assert [(layer.population, layer.what) for layer in rung.layers] == [
        (name, what) for name in ("a", "b", "out") for what in ("u", "v", "spikes")
    ]
    assert all(layer.differing == 0 and layer.agreement == 1 for layer in rung.layers)
    assert rung.layers[2].compared == 3 * 12 * 5
    assert rung.layers[2].reference_mean == pytest.approx(float(run().spikes["a"].mean()), rel=1e-12)
    assert Parity((rung,)).first_divergence is None


def test_a_planted_difference_is_found_where_it_is() -> None:
    def change(spikes: dict[str, Any], states: dict[Any, Any]) -> None:
        states["b", "v"][2, 4, 1] += 5
        states["b", "v"][1, 7, 0] += 5  # later, in an earlier sample
        spikes["b"][0, 9, 3] ^= 1

    reference, candidate = run(), run(change)
    rung = compare(reference, candidate, exact=True)
    assert not rung.ok
    (v, spikes) = [layer for layer in rung.layers if layer.differing]
    value = int(reference.states["b", "v"][2, 4, 1])
    assert (v.population, v.what, v.differing) == ("b", "v", 2)
    assert v.first == Difference(2, 4, (1,), value, value + 5)
    assert spikes.first is not None
    assert (spikes.first.sample, spikes.first.step, spikes.first.neuron) == (0, 9, (3,))
    divergence = Parity((rung,)).first_divergence
    assert divergence is not None
    assert divergence.layer == v
    assert divergence.first == v.first


@pytest.mark.parametrize(
    ("what", "cause"),
    [
        ("u", "'a' agrees before it, so look at its synapses: weights, exponent, delay; and at its current decay."),
        ("v", "'a' agrees before it and its u agrees, so look at bias, voltage decay, reset."),
        ("spikes", "'a' agrees before it, and so do its u and v until then: look at threshold, comparison and reset."),
    ],
)
def test_the_cause_says_where_to_look(what: str, cause: str) -> None:
    def change(spikes: dict[str, Any], states: dict[Any, Any]) -> None:
        held = spikes["b"] if what == "spikes" else states["b", what]
        held[0, 3, 2] ^= 1

    divergence = Parity((compare(run(), run(change), exact=True),)).first_divergence
    assert divergence is not None
    assert divergence.cause.startswith(f"'b' first differs in {what}, at step 3, sample 0, neuron (2,): ")
    assert divergence.cause.endswith(cause)
    assert str(divergence) == divergence.cause


def test_within_a_step_u_comes_before_v_and_spikes() -> None:
    def change(spikes: dict[str, Any], states: dict[Any, Any]) -> None:
        for held in (spikes["out"], states["out", "v"], states["out", "u"]):
            held[1, 5] += 1

    first = compare(run(), run(change), exact=True).first
    assert first is not None
    assert first.what == "u"


def test_spikes_alone_ask_for_more() -> None:
    def change(spikes: dict[str, Any], _: dict[Any, Any]) -> None:
        spikes["a"][0, 0, 0] ^= 1

    divergence = Parity((compare(run(states=False), run(change, states=False), exact=True),)).first_divergence
    assert divergence is not None
    assert "no layer before it was compared; record its u and v to tell synapses from neurons" in divergence.cause


def test_v_without_u_may_be_the_synapses() -> None:
    def change(_: dict[str, Any], states: dict[Any, Any]) -> None:
        for name in GRAPH.populations:
            del states[name, "u"]
        states["b", "v"][0, 0, 0] += 1

    divergence = Parity((compare(run(), run(change), exact=True),)).first_divergence
    assert divergence is not None
    assert divergence.cause.endswith("its u was not recorded, so look at bias, voltage decay, reset, or synapses.")


def test_feedback_points_to_the_layer_that_differed_before() -> None:
    def change(spikes: dict[str, Any], _: dict[Any, Any]) -> None:
        spikes["a"][0, 8, 0] ^= 1
        spikes["out"][0, 2, 0] ^= 1

    divergence = Parity((compare(run(), run(change), exact=True),)).first_divergence
    assert divergence is not None
    assert divergence.layer.population == "a"
    assert divergence.cause.endswith("but 'out' differs before it, at step 2: if it feeds back, look there.")


def test_a_network_leads_its_program_by_the_latency() -> None:
    network = as_network(GRAPH)
    ahead = random_spikes(network, 2, 10)
    behind = random_spikes(GRAPH, 2, 12, seed=9)
    shift = {"a": 0, "b": 1, "out": 2}
    for name, lag in shift.items():
        behind[name][:, lag : lag + 10] = ahead[name]
    rung = compare(record(network, ahead), record(GRAPH, behind), exact=False, shift=shift)
    assert rung.differing == 0
    assert [layer.compared for layer in rung.layers] == [2 * 10 * 5, 2 * 10 * 4, 2 * 10 * 3]
    assert rung.reference == "Network (float)"
    assert compare(record(network, ahead), record(GRAPH, behind), exact=False).differing > 0
    same_length = {name: values[:, :10] for name, values in behind.items()}
    shorter = compare(record(network, ahead), record(GRAPH, same_length), exact=False, shift=shift)
    assert shorter.differing == 0
    assert [layer.compared for layer in shorter.layers] == [2 * 10 * 5, 2 * 9 * 4, 2 * 8 * 3]


def test_states_of_different_units_are_left_out_and_said_so() -> None:
    network = as_network(GRAPH)
    spikes = random_spikes(GRAPH, 3, 12)
    floats = {("a", "v"): np.zeros((3, 12, 5))}
    rung = compare(record(network, spikes, floats), run(), exact=False, note="8 bits")
    assert {layer.what for layer in rung.layers} == {"spikes"}
    assert rung.note == "8 bits; states in different units are not compared"


def test_float_states_compare_with_nan_equal_to_nan() -> None:
    network = as_network(GRAPH)
    spikes = random_spikes(GRAPH, 1, 2)
    a = {("a", "v"): np.array([[[0.5, np.nan, 1, 2, 3], [0, 0, 0, 0, 0.0]]])}
    b = {("a", "v"): np.array([[[0.5, np.nan, 1, 2, np.nan], [0, 0, 0, 0, 0.0]]])}
    (v, *_) = compare(record(network, spikes, a), record(network, spikes, b), exact=True).layers
    assert v.differing == 1
    assert v.first is not None
    assert v.first.neuron == (4,)


def test_inexact_rungs_never_break_the_ladder_and_exact_ones_come_first() -> None:
    def change(spikes: dict[str, Any], _: dict[Any, Any]) -> None:
        spikes["a"][0, 0, 0] ^= 1

    loose = compare(run(), run(change), exact=False)
    assert loose.ok
    assert Parity((loose,)).ok
    divergence = Parity((loose,)).first_divergence
    assert divergence is not None
    assert "rounding to integers may move single spikes" in divergence.cause
    broken = compare(run(), run(change), exact=True)
    both = Parity((loose, broken))
    assert not both.ok
    assert both.first_divergence is not None
    assert both.first_divergence.rung is broken


def test_chunks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(spikes: dict[str, Any], states: dict[Any, Any]) -> None:
        states["a", "u"][1, 3:, 2] += 1
        spikes["b"][2, 11, 3] ^= 1

    whole = compare(run(), run(change), exact=True)
    monkeypatch.setattr(comparing, "_CHUNK", 8)
    assert compare(run(), run(change), exact=True) == whole


def test_unbatched_runs_compare() -> None:
    def change(spikes: dict[str, Any], _: dict[Any, Any]) -> None:
        spikes["b"][0, 6, 3] ^= 1

    rung = compare(unbatched(run()), unbatched(run(change)), exact=True)
    assert rung.differing == 1
    assert rung.first is not None
    assert rung.first.first is not None
    assert (rung.first.first.sample, rung.first.first.step, rung.first.first.neuron) == (0, 6, (3,))


def test_layers_go_by_depth_not_by_listing() -> None:
    ones = Dense(np.ones((2, 2), np.int64))
    graph = program(
        {"in": (2,)},
        {"deep": (2,), "loose": (2,), "first": (2,), "middle": (2,)},
        {("middle", "deep"): ones, ("in", "first"): ones, ("first", "middle"): ones, ("deep", "first"): ones},
    )
    assert depth_order(graph) == ("first", "middle", "deep", "loose")


def test_different_samples_are_refused() -> None:
    small = record(GRAPH, random_spikes(GRAPH, 2, 12))
    with pytest.raises(InputError, match=r"one run has 3 sample\(s\), the other 2; both must have the same samples"):
        compare(run(), small, exact=True)
    with pytest.raises(InputError, match=r"3 sample\(s\), the other one unbatched"):
        compare(run(), unbatched(run()), exact=True)


def test_different_shapes_are_refused() -> None:
    spikes = random_spikes(GRAPH, 3, 12)
    spikes["b"] = spikes["b"][..., :2]
    with pytest.raises(InputError, match=r"'b': its spikes have shape \(3, 12, 4\) in one run and \(3, 12, 2\)"):
        compare(run(), record(GRAPH, spikes), exact=True)


def test_a_lag_longer_than_the_run_is_refused() -> None:
    with pytest.raises(InputError, match=r"'out': no steps are left of 12 and 12, with a lag of 12.*for 24 steps"):
        compare(run(states=False), run(states=False), exact=True, shift={"out": 12})


def test_nothing_in_common_is_refused() -> None:
    empty = record(GRAPH, {"in": np.zeros((3, 12, 6), np.uint8)})
    with pytest.raises(
        InputError, match=r"share nothing that can be compared: a, b, out.* against nothing.*record=\('a',"
    ):
        compare(run(), empty, exact=True)


def test_json_and_text() -> None:
    def change(spikes: dict[str, Any], _: dict[Any, Any]) -> None:
        spikes["b"][0, 6, 3] ^= 1

    made = Parity((compare(run(), run(change), exact=True, names=("one", "two"), note="planted"),))
    data = json.loads(json.dumps(made.to_dict()))
    assert data["ok"] is False
    assert data["first_divergence"]["population"] == "b"
    assert data["first_divergence"]["neuron"] == [3]
    assert data["rungs"][0]["layers"][5]["differing"] == 1
    text = str(made)
    assert text.startswith("Parity is BROKEN\none -> two (BROKEN): planted\n  layer  what    differing  ")
    assert "  b      spikes  1 of 144 " in text
    assert "  a      u       identical " in text
    assert str(Parity((compare(run(), run(), exact=True),))).startswith("Parity holds")
    assert str(Parity((Rung("a", "b", False, ()),))).splitlines()[1] == "a -> b (approximate)"
