"""`nk.targets`: what each target has, what stands for the rest, and how much of the decisions that leaves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import GraphError, InputError
from neurokit.graph.graded_neurons import FixedRelay, FixedSigma
from neurokit.graph.lif_family import (
    LoihiALIF,
    LoihiATRLIF,
    LoihiQIF,
    LoihiRefractoryLIF,
    LoihiShiftedLIF,
    LoihiTernaryLIF,
)
from neurokit.graph.network import Projection
from neurokit.graph.neurons import IF, LoihiLIF
from neurokit.graph.synapses import ConvTranspose2d, Dense, Injection
from neurokit.lower.approximate import approximated
from neurokit.lower.targets import MICROCODE, target_faults
from tests.hardware.learning_programs import PROGRAMS as LEARNING
from tests.networks import network
from tests.programs import random_input, random_program

EYE = Dense(np.eye(2))
INT = np.asarray
FIRST = "is reset within its first interval, too"
CLASSES, SAMPLES, STEPS = 4, 40, 30


def classifier(reset="soft"):
    """Trained by hand: class k drives inputs k and k + 4; soft resets, as most rate codes have them."""
    first = (Dense(np.tile(np.eye(CLASSES), 2) - 0.2), IF(1.1, reset=reset))
    return nk.compile(network(first, (Dense(np.eye(CLASSES) + 0.1), IF(1.5, reset=reset)), shape=(8,)))


def samples(seed=0):
    draw = np.random.default_rng(seed)
    labels = draw.integers(CLASSES, size=SAMPLES)
    rates = np.full((SAMPLES, 8), 0.2)
    rates[np.arange(SAMPLES), labels] = rates[np.arange(SAMPLES), labels + 4] = 0.55
    return (draw.random((SAMPLES, STEPS, 8)) < rates[:, None]).astype(np.uint8), labels


def with_neuron(neuron):
    program = nk.compile(network((EYE, IF())))
    populations = {"p0": replace(program.populations["p0"], neuron=neuron)}
    return replace(program, populations=populations, outputs=populations)


def lif(**changes):
    return LoihiLIF(**{"current_decay": 4096, "voltage_decay": 0, "threshold": 640, **changes})


def counted(program, x):
    """Right answers, by a plain reading of the recording."""
    length = STEPS + max(program.latency.values())
    (out,) = program.outputs
    return nk.run(program, x, length).spikes[out][:, program.latency[out] :].sum(axis=1).argmax(axis=1)


def test_accuracy_of_every_target():
    program, (x, labels) = classifier(), samples()
    found = nk.targets(program, x, labels)
    assert [row.state for row in found.rows] == ["as it is", "approximately", "approximately"]
    stock = found["loihi2-stock"]
    assert {r.words for r in stock.replaced} >= {"resets to zero"}
    assert {r.fault.node for r in stock.replaced} == set(program.populations)
    assert target_faults(stock.program, "loihi2-stock") == []
    (own,), (other,) = found["lava-cpu"].decisions, stock.decisions
    hard, soft = counted(stock.program, x), counted(program, x)
    assert own.accuracy == pytest.approx(np.mean(soft == labels))
    assert other.accuracy == pytest.approx(np.mean(hard == labels))
    assert other.agreement == pytest.approx(np.mean(hard == soft))
    assert 0.5 < other.accuracy <= 1
    assert stock.differing > 0
    assert found["lava-cpu"].differing == 0
    assert (found.samples, found.steps) == (SAMPLES, STEPS + max(program.latency.values()))
    assert "instead: resets to zero" in str(found)
    assert f"{other.accuracy:.2%} correct, {other.agreement:.2%} as the Program, 40 samples" in str(found)
    assert found.to_dict()["rows"][1]["results"] == stock.results


def test_the_report_shows_them(tmp_path):
    program, (x, labels) = classifier(), samples()
    found = nk.targets(program, x, labels)
    page = nk.report(targets=found, path=tmp_path / "report.html").read_text(encoding="utf-8")
    assert "loihi2-stock" in page
    assert found["loihi2-stock"].results[0].replace("'", "&#39;") in page
    with pytest.raises(InputError, match="'targets': is a list"):
        nk.report(targets=[], path=tmp_path / "other.html")


def test_numbers_that_enter_are_not_for_loihi_1():
    program = with_neuron(lif())
    numbers = nk.targets(program, np.array([[1, 0], [-3, 1], [0, 0]]))
    assert [row.state for row in numbers.rows] == ["as it is", "as it is", "not"]
    (left,) = numbers["loihi1"].left
    assert (left.node, left.fact, left.limit) == ("in", "sends numbers, such as -3", "Loihi 1 sends 0 or 1")
    assert [row.state for row in nk.targets(program, np.eye(2, dtype=int)).rows] == ["as it is"] * 3


def test_without_inputs_only_the_parts_are_looked_at():
    found = nk.targets(classifier())
    assert found.samples is None
    assert all(row.decisions == () and row.compared is None for row in found.rows)
    hard = nk.targets(with_neuron(lif()))
    assert [row.state for row in hard.rows] == ["as it is"] * 3
    assert nk.targets(with_neuron(lif()), np.ones((3, 2), int)).samples is None  # nothing was to be compared


@pytest.mark.parametrize(
    ("changes", "words", "check"),
    [
        ({"threshold": 639}, "the nearest threshold that is a multiple of 64", lambda n: n.threshold == 640),
        ({"reset": "soft", "reset_value": 640}, "resets to zero", lambda n: n.reset == "hard" and n.reset_value == 0),
        ({"reset_value": -64}, "resets to zero", lambda n: n.reset_value == 0),
        ({"bias_exponent": -1, "bias_mantissa": -5}, "the mantissa shifted right", lambda n: n.bias == -3),
        ({"threshold": [64, 320]}, "the median threshold for all", lambda n: n.threshold == 192),
        ({"voltage_decay": [1, 3]}, "the median voltage decay for all", lambda n: n.voltage_decay == 2),
        ({"reset_interval": 2, "reset_offset": 3}, FIRST, lambda n: n.reset_offset == 1),
        ({"held": True, "reset_offset": 3}, "starts at once", lambda n: not n.held),
    ],
)  # fmt: skip
def test_what_stands_for_a_lif(changes, words, check):
    found = approximated(with_neuron(lif(**changes)), "loihi2-stock")
    (replaced,) = found.replaced
    assert replaced.words == words
    assert found.left == ()
    assert check(found.program.neuron("p0"))
    assert target_faults(found.program, "loihi2-stock") == []
    assert found.program.targets == ("lava-cpu", "loihi2-stock", "loihi1")


def test_an_exact_part_gives_the_same(tmp_path):
    program = with_neuron(lif(bias_exponent=-2, bias_mantissa=[7, -9]))
    found = nk.targets(program, np.eye(2, dtype=int), only=("loihi1",))
    assert found["loihi1"].state == "exactly, by other parts"
    assert found["loihi1"].differing == 0
    graph = network((ConvTranspose2d(np.ones((1, 1, 2, 2)), stride=(2, 2)), IF(1.5)), shape=(1, 3, 3))
    images = nk.compile(graph)
    row = nk.targets(images, random_input(0, images, steps=12))["loihi2-stock"]
    assert [r.words for r in row.replaced] == ["written out as listed synapses"]
    assert (row.state, row.differing) == ("exactly, by other parts", 0)


ALIF = LoihiALIF(
    current_decay=INT(2000),
    adaptation_decay=INT(200),
    voltage_decay=INT(500),
    threshold=INT(650),
    reset_value=INT(650),
    beta_mantissa=INT(60),
    beta_shift=INT(12),
    refractory=INT(2),
)
ATRLIF = LoihiATRLIF(
    current_decay=INT(2000),
    voltage_decay=INT(300),
    threshold_decay=INT(100),
    refractory_decay=INT(100),
    threshold=INT(650),
    threshold_step=INT(64),
)
SHIFTED = LoihiShiftedLIF(*map(INT, (2000, 300, 320)), shift=INT(2))
FAMILY = [
    (LoihiRefractoryLIF(*map(INT, (2000, 300, 640)), refractory=INT(2)), "LIF without a refractory period"),
    (ALIF, "LIF with a threshold that stays, without a refractory period"),
    (ATRLIF, "LIF with a threshold that stays, without a refractory period"),
    (SHIFTED, "LIF whose potential has other units"),
]


@pytest.mark.parametrize(("neuron", "words"), FAMILY, ids=lambda v: type(v).__name__)
def test_what_stands_for_a_relative(neuron, words):
    found = approximated(with_neuron(neuron), "loihi2-stock")
    assert found.replaced[0].words == words
    assert type(found.program.neuron("p0")) is LoihiLIF
    assert target_faults(found.program, "loihi2-stock") == []


def test_other_units_are_other_units():
    """v of SHIFTED times 4, apart from what the shift rounds off."""
    found = approximated(with_neuron(SHIFTED), "loihi2-stock").program
    assert found.neuron("p0").threshold == 320 * 4
    x = (np.random.default_rng(0).random((200, 2)) < 0.5).astype(int)
    one, two = (nk.run(program, x) for program in (with_neuron(SHIFTED), found))
    assert one.spikes["p0"].any()
    assert (one.spikes["p0"] != two.spikes["p0"]).mean() < 0.01
    per_neuron = replace(SHIFTED, shift=INT([1, 2]))
    assert approximated(with_neuron(per_neuron), "loihi2-stock").program is None


@pytest.mark.parametrize(
    "neuron",
    [FixedRelay(3, 2), LoihiTernaryLIF(*map(INT, (1, 1, 640, -640))), LoihiQIF(*map(INT, (1, 2, 8, 512, 0)))],
    ids=lambda n: type(n).__name__,
)
def test_what_nothing_stands_for_says_why(neuron):
    found = nk.targets(with_neuron(neuron), np.eye(2, dtype=int))
    row = found["loihi2-stock"]
    assert row.program is None
    assert row.left[0].limit == MICROCODE[type(neuron)][0]
    assert row.state == "not"
    assert row.decisions == ()
    assert "no stock part: 'p0'" in str(found)


def test_every_other_neuron_has_a_part_or_a_reason():
    for limit, mend, approximation in MICROCODE.values():
        assert "none is published" in limit or "no public release" in limit
        assert mend.endswith(".")
        assert callable(approximation)


def test_payloads_on_loihi_1_and_currents_and_learning():
    graded = nk.targets(with_neuron(FixedSigma()))
    assert [row.state for row in graded.rows] == ["as it is", "as it is", "not"]
    assert graded["loihi1"].left[0].limit == "Loihi 1 sends 0 or 1"
    program = with_neuron(lif())
    current = replace(program, projections=(Projection("in", "p0", (Injection(),), 0),))
    assert "injects a current" in nk.targets(current)["loihi2-stock"].left[0].fact
    assert nk.targets(LEARNING["e-prop"])["loihi2-stock"].program is None


def test_a_convolution_that_cannot_be_written_out_says_why(monkeypatch):
    monkeypatch.setattr("neurokit.lower.expand.MOST_SYNAPSES", 20)
    images = nk.compile(network((ConvTranspose2d(np.ones((1, 1, 2, 2)), stride=(2, 2)), IF(1.5)), shape=(1, 3, 3)))
    row = nk.targets(images)["loihi2-stock"]
    assert row.program is None
    assert row.replaced == ()
    assert row.left[0].fact == "is a transposed convolution"
    assert "lists hold 20" in row.left[1].limit


def test_whatever_a_program_holds_is_answered():
    for seed in range(30):
        program = random_program(seed)
        for row in nk.targets(program).rows:
            if row.program is None:
                assert row.left
            else:
                assert target_faults(row.program, row.target) == []


def test_wrong_arguments():
    program, (x, labels) = classifier(), samples()
    with pytest.raises(InputError, match="'only': 'loihi3' is unknown; known: lava-cpu, loihi2-stock, loihi1"):
        nk.targets(program, only=("loihi3",))
    with pytest.raises(InputError, match="'labels': are there without inputs"):
        nk.targets(program, labels=labels)
    with pytest.raises(InputError, match="labels"):
        nk.targets(program, x, labels[:3])
    with pytest.raises((InputError, GraphError)):
        nk.targets(network((EYE, IF())))
