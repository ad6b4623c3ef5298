"""A readout learns by one plateau in integers: against the rule's formula, on Lava, and what is refused or declared."""

import json
from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import ConversionWarning, GraphError, InputError
from neurokit.graph.graded_neurons import Relay
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import IF
from neurokit.graph.synapses import Dense
from neurokit.learn.btsp import on_chip
from neurokit.learn.btsp.network import forward
from neurokit.learn.btsp.on_chip import OnHost, Phases
from neurokit.learn.btsp.track import Track
from neurokit.profiling.learning_view import LearningView
from neurokit.profiling.report import report
from tests.btsp import drawn, samples
from tests.test_examples import example

PHASES = Phases()
RATE = 0.6


def small(neuron=None, units=20):
    """Rates of hidden units reach 1 about; a tenth of them are silent."""
    rng = np.random.default_rng(1)
    hidden = Population("hidden", (units,), neuron or Relay(activation="relu"))
    weight = rng.normal(size=(units, 12)) / 40
    path = Projection("x", "hidden", (Dense(weight),))
    plain = Network({"x": Input("x", (12,))}, {"hidden": hidden}, (path,), {"hidden": hidden}, dt=1e-3)
    patterns = rng.integers(0, 17, (6, 12))
    return plain, patterns, np.clip(patterns @ weight.T, 0, 1)


def weights_of(graph):
    (found,) = (p.synapses[0].weight for p in graph.projections if p.plasticity is not None)
    return np.asarray(found)


def taught(backend="simulator"):
    """(weights before, rates of the pattern, network's weights after in floats, Program, its recording)."""
    plain, patterns, rates = small()
    before = np.random.default_rng(2).random((4, 20)) * 0.8
    network = on_chip.with_readout(plain, "hidden", before, learning_rate=RATE)
    everything = on_chip.presented(patterns, np.eye(4)[np.arange(6) % 4], PHASES)
    program = nk.compile(network, calibrate=everything)
    one = on_chip.presented(patterns[:1], np.eye(4)[2:3], PHASES)
    floats = weights_of(nk.run(network, one).program)
    recording = nk.run(program, one, PHASES.steps + max(program.latency.values()), backend=backend)
    return before, rates[0], floats, program, recording, network


def test_one_plateau_moves_one_neurons_weights_towards_the_pattern():
    before, e, floats, _, recording, network = taught()
    expected = before.copy()
    expected[2] += RATE * ((1 - before[2]) * e - before[2] * (e > 0))
    np.testing.assert_allclose(floats, expected, atol=1e-12)
    learned = weights_of(nk.to_network(recording.program, network))
    assert np.abs(learned[2] - expected[2]).max() < 0.02  # 5 of 255 units: 7 bits of rate, 3 of the constants
    assert np.abs(learned[2] - before[2]).max() > 0.2
    others = [0, 1, 3]
    assert np.array_equal(weights_of(recording.program)[others], np.rint(255 * before[others]))


def test_payloads_fill_the_trace_that_takes_them():
    _, _, _, program, _, _ = taught()
    (rule,) = (p.plasticity for p in program.projections if p.plasticity is not None)
    _, _, rates = small()
    assert rule.report.trace_scales["e"] == pytest.approx(127 / rates.max(), rel=0.03)


def test_lava_learns_the_same():
    pytest.importorskip("lava", reason="Lava needs Python 3.10")
    ours, theirs = (weights_of(taught(backend)[4].program) for backend in ("simulator", "lava-inprocess"))
    assert np.array_equal(ours, theirs)
    assert not np.array_equal(ours, weights_of(taught()[3]))


def test_what_the_host_does_to_weights():
    weights = np.array([[1.0, 0.0, 0.6], [0.0, 0.0, 0.0], [0.0, 0.5, 0.2]])
    np.testing.assert_allclose(on_chip.started(weights, [1])[1], [0.5, 0.25, 0.4])
    for fresh in ([0, 1, 2], [3]):
        with pytest.raises(InputError, match=r"'new neurons': are .*some of the rows 0 to 2, not all"):
            on_chip.started(weights, fresh)
    found = on_chip.of_length(weights, [2, 1], 2.0, 1.5)
    assert found[2, 1] == 1.5  # cut off
    e = np.array([0.3, 0.4, 0.5])
    nearest = np.argmin(((weights - e) ** 2).sum(1))
    assert np.argmax(weights @ e - on_chip.thresholds_of(weights)) == nearest
    np.testing.assert_allclose(found[2, 2], 0.2 * 2 / np.hypot(0.5, 0.2))
    assert not found[1].any()
    assert np.array_equal(found[0], weights[0])


def test_a_pattern_is_held_and_its_plateau_comes_in_its_phase():
    given = on_chip.presented(np.arange(6).reshape(2, 3), np.eye(4)[[3, 0]], Phases(2, 2, 1))
    assert given["x"].shape == (2, 5, 3)
    assert (given["x"] == np.arange(6).reshape(2, 1, 3)).all()
    assert given["plateau"][0, :, 3].tolist() == [0, 0, 1, 1, 0]
    assert given["plateau"].sum() == 4


def test_a_report_says_what_a_host_does(tmp_path):
    steps = on_chip.on_host(4, 20, 12, PHASES, lengths=True)
    assert [step.name for step in steps] == ["phases", "plateau", "start", "length"]
    assert [step.values for step in steps] == [12, 4, 20, 40]
    assert len(on_chip.on_host(4, 20, 12, PHASES)) == 3
    assert on_chip.on_host(4, 20, 12, PHASES, thresholds=True)[-1].values == 21
    assert str(steps[1]).startswith("plateau, at each pattern that is to be learned: gives the plateau to the neuron")
    view = LearningView({"chip": [0.1, 0.2]}, host=(*steps, OnHost("odd", "does <x>", "it may", "never", 1234)))
    report(learning=view, path=tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "On the host" in page
    assert "the learning engine sees one synapse at a time" in page
    assert "does &lt;x&gt;" in page
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["learning"]["host"][-1]["values"] == 1234
    report(learning=LearningView({"chip": [0.1]}), path=tmp_path / "s.html")
    assert "On the host" not in (tmp_path / "s.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"settle": 0}, "phase 'settle'': is missing; the pattern is not at the readout"),
        ({"plateau": 0}, "phase 'plateau'': is missing; nothing is learned without one"),
        ({"after": 0}, "phase 'after'': is missing; on the chip a spike meets the plateau of the step before"),
        ({"settle": 2.5}, "phase 'settle'': is 2.5"),
        ({"after": True}, "phase 'after'': is True"),
    ],
)
def test_phases_that_are_missing(numbers, said):
    with pytest.raises(InputError, match=said):
        Phases(**numbers)


def test_readouts_that_are_refused():
    plain, _, _ = small()
    good = np.full((3, 20), 0.5)
    for source, weights, rate, said in (
        ("hiden", good, RATE, "'hiden': is no population; there are x, hidden"),
        ("hidden", good[:, :7], RATE, r"have shape \(3, 7\); \(classes, 20\) for 'hidden'"),
        ("hidden", -good, RATE, "run from -0.5 to -0.5; excitatory weights that learn lie from 0 to 1 .Dale's law"),
        ("hidden", good * np.nan, RATE, "excitatory weights"),
        ("hidden", good, 0.0, "'learning_rate': is 0.0"),
    ):
        with pytest.raises(GraphError, match=said):
            on_chip.with_readout(plain, source, weights, learning_rate=rate)
    with pytest.raises(GraphError, match="'hidden': sends plain spikes"):
        on_chip.with_readout(small(IF())[0], "hidden", good, learning_rate=RATE)
    taken = replace(plain, inputs={**plain.inputs, "plateau": Input("plateau", (3,))})
    with pytest.raises(GraphError, match="'plateau': is there already"):
        on_chip.with_readout(taken, "hidden", good, learning_rate=RATE)


def test_plateaus_that_are_none():
    with pytest.raises(InputError, match=r"'plateaus': have shape \(2, 4\); \(3, classes\) for 3 patterns"):
        on_chip.presented(np.zeros((3, 5)), np.zeros((2, 4)), PHASES)
    with pytest.raises(InputError, match="hold other values than 0 and 1"):
        on_chip.presented(np.zeros((3, 5)), np.full((3, 4), 0.5), PHASES)


def test_spikes_tell_the_place():
    track = Track()
    centres = np.array([10.0, 60.0, 110.0, 160.0])
    spikes = np.zeros((400, 4))
    spikes[:100, 0] = spikes[200:300, 3] = spikes[200:300, 0] = 1
    told, middle = track.decoded(spikes, centres, 0.5)
    assert told[10] == pytest.approx(10.0)
    assert told[220] == pytest.approx((160 - 187 + 10) / 2 + 187, abs=0.01)  # round the track
    assert middle[0] == 25
    assert len(told) == 351
    assert np.isnan(told[120])  # silence tells nothing
    for window in (0.0, 5.0):
        with pytest.raises(InputError, match=r"'window': is .* steps; there are 400"):
            track.decoded(spikes, centres, window)


def test_the_example_learns_a_digit_and_places(monkeypatch):
    example15 = example("15_btsp_one_shot")
    monkeypatch.setattr(example15, "RATES", (0.6,))
    found = example15.classes(0, 2)
    assert found["old weights that changed"] == 0
    assert found["before"] > 0.93
    old, new = np.mean(found["rows"]["chip"], axis=0)[:2]
    assert old > 0.75
    assert new > 0.3  # chance: one in nine
    floats = np.mean(found["rows"]["floats"], axis=0)
    np.testing.assert_allclose(np.mean(found["rows"]["chip"], axis=0), floats, atol=0.12)
    fields = example15.places(0)
    assert fields["old weights that changed"] == 0
    assert max(fields["field from its plateau, cm"]) < 15
    assert fields["place told within, cm"] < 10  # chance: 46.75


def test_a_converted_networks_rates_are_learned_at_the_plateau():
    """The rates that a converted network has come to at its trained number of steps, decoded from changes."""
    net = drawn()
    x = samples(6)
    with pytest.warns(ConversionWarning, match="act in learning only"):
        plain = nk.convert(net, kind="btsp", code="graded", calibrate=x)
    network = on_chip.with_rates(plain, "H2E")
    assert network.populations["H2E.rate"].shape == (8,)
    before = np.random.default_rng(5).random((3, 8)) * 0.5
    network = on_chip.with_readout(network, "H2E.rate", before, learning_rate=RATE)
    phases = Phases(settle=plain.steps_per_sample - 1)
    rates = forward(net, x).forward["H2E"]
    one = on_chip.presented(x[:1].astype(float), np.eye(3)[1:2], phases)
    program = nk.compile(network, calibrate=on_chip.presented(x.astype(float), np.eye(3)[np.arange(6) % 3], phases))
    recording = nk.run(program, program.scaled(one), phases.steps + max(program.latency.values()))
    learned = weights_of(nk.to_network(recording.program, network))
    e = np.clip(rates[0], 0, 1)
    expected = before[1] + RATE * ((1 - before[1]) * e - before[1] * (e > 0))
    assert np.corrcoef(learned[1] - before[1], expected - before[1])[0, 1] > 0.98
    assert np.abs(learned[1] - before[1]).max() > 0.1
    with pytest.raises(GraphError, match="'H2E': sends changes; the rule takes rates"):
        on_chip.with_readout(plain, "H2E", before, learning_rate=RATE)
    with pytest.raises(GraphError, match="'H3E': is no population"):
        on_chip.with_rates(plain, "H3E")
    with pytest.raises(GraphError, match="'hidden': is Relay"):
        on_chip.with_rates(small()[0], "hidden")


@pytest.mark.slow
def test_a_network_that_btsp_trained_learns_a_digit_more(tmp_path, monkeypatch, capsys):
    example18 = example("18_btsp_converted")
    monkeypatch.setattr("sys.argv", ["18", "--seeds", "1", "--shown", "2", "--out", str(tmp_path)])
    example18.main()
    (found,) = json.loads((tmp_path / "converted.json").read_text())
    assert found["before"] > found["source"] - 0.025
    assert found["old weights that changed"] == 0
    assert np.mean(found["chip"], axis=0)[0] > 0.8
    assert "weights of old digits that changed: 0" in capsys.readouterr().out


def test_a_cut_off_that_payloads_cannot_hold_is_told():
    plain, patterns, _ = small()
    loud = on_chip.with_readout(plain, "hidden", np.full((4, 20), 0.5), learning_rate=RATE)
    faint = on_chip.presented(patterns // 4, np.eye(4)[np.arange(6) % 4], PHASES)
    notes = str(nk.compile(loud, calibrate=faint).report)
    assert "'e' is cut off at" in notes
    assert "127 units end, not at 1" in notes
