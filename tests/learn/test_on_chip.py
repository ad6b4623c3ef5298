"""e-prop networks that learn in the chip's arithmetic: on the simulator and on Lava, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.converters.eprop import eprop_net_of, network_of
from neurokit.errors import GraphError, InputError
from neurokit.graph.learned import plastic_projections, weights_of
from neurokit.learn.eprop.forward import run
from neurokit.learn.eprop.on_chip import OnChip, learning_network
from neurokit.learn.tasks.evidence import EvidenceAccumulation, crossed
from neurokit.learn.tasks.networks import evidence_network, pattern_network

pytestmark = pytest.mark.filterwarnings("ignore::neurokit.errors.RailWarning")

LIF = pattern_network(1, inputs=20, neurons=24)
ALIF = evidence_network(2, inputs=20, regular=10, adaptive=12, tau_adaptation=0.2)
NETS = {"lif": LIF, "lif and alif": ALIF}
OPTIONS = {  # large rates, so that weights change within few steps
    "lif": OnChip(learning_rate=0.05, bound=1.0, readout_bound=2.0),
    "lif and alif": OnChip(learning_rate=0.1, readout_rate=0.02, bound=2.0, readout_bound=2.0),
}
LONG = [60, pytest.param(500, marks=pytest.mark.slow)]


def data(net, steps, seed=3):
    rng = np.random.default_rng(seed)
    x = (rng.random((steps, net.n_in)) < 0.08).astype(np.uint8)
    return {"x": x, "target": np.sin(np.arange(steps) / 20)[:, None] * np.linspace(0.5, 1, net.n_out)}


def sensor_program(net, task):
    """A Program whose weights from the cues learn, three trials with what it is to hear, its Network, and the cues."""
    trials, half = task.trials(np.random.default_rng(2), 3), task.inputs // 2
    gate = np.zeros((3, task.steps, 1))
    gate[:, -task.recall :] = 1
    levels = np.where(np.arange(2) == trials.loss.labels[:, None, None], 1.5, -1.5)
    given = {"sensor": trials.x[..., :half], "x": trials.x[..., half:], "target": gate * levels, "gate": gate}
    options = replace(OPTIONS["lif and alif"], learns=("w_in",), gated=True, inputs=tuple(range(half)))
    network = learning_network(net, options)
    return nk.compile(network, calibrate=given, window=task.steps), given, network, options.inputs


def same_on_lava(program, x, steps):
    """Projections that learn, before and after, and our recording; Lava has the same spikes, readouts and weights."""
    record = (*program.populations, ("out", "v"))
    ours = nk.run(program, x, steps, record=record)
    theirs = nk.run(program, x, steps, record=record, backend="lava-inprocess", time_limit=280)
    for population in program.populations:
        np.testing.assert_array_equal(ours.spikes[population], theirs.spikes[population], population)
    np.testing.assert_array_equal(ours.states["out", "v"], theirs.states["out", "v"])
    before, here, there = (plastic_projections(p) for p in (program, ours.program, theirs.program))
    for projection, learned in here.items():
        np.testing.assert_array_equal(weights_of(learned), weights_of(there[projection]), projection)
    return before, here, ours


@pytest.mark.parametrize("steps", LONG)
@pytest.mark.parametrize("name", NETS)
def test_learning_is_lavas_bit_for_bit(name, steps):
    net = NETS[name]
    given = data(net, steps)
    program = nk.compile(learning_network(net, OPTIONS[name]), calibrate={k: v[None] for k, v in given.items()})
    assert "lava-cpu" in program.targets
    before, here, _ = same_on_lava(program, program.scaled(given), steps)
    changed = [p for p in here if (weights_of(here[p]) != weights_of(before[p])).any()]
    assert "x->lif" in changed
    assert "lif->out" in changed
    assert name == "lif" or "alif->alif" in changed or steps < 100


@pytest.mark.parametrize("steps", LONG)
@pytest.mark.parametrize("name", NETS)
def test_converted_networks_are_lavas_bit_for_bit(name, steps):
    """And their rates are those of the float network."""
    net = NETS[name]
    x = data(net, steps)["x"]
    program = nk.compile(network_of(net), calibrate={"x": x[None]})
    record = (*program.populations, ("out", "v"))
    ours = nk.run(program, {"x": x}, steps, record=record)
    theirs = nk.run(program, {"x": x}, steps, record=record, backend="lava-inprocess", time_limit=280)
    for population in program.populations:
        np.testing.assert_array_equal(ours.spikes[population], theirs.spikes[population], population)
    np.testing.assert_array_equal(ours.states["out", "v"], theirs.states["out", "v"])
    rate = sum(ours.counts[p].sum() for p in ours.counts if p.endswith("lif")) / steps / net.n_rec
    assert rate == pytest.approx(run(net, x[None]).spikes.mean(), rel=0.1)


def test_a_gate_lets_errors_count():
    """Nothing is learned before it is on; then what Lava learns, bit for bit, and about what floats do."""
    given = data(LIF, 80)
    gate = np.zeros((80, 1))
    network = learning_network(LIF, replace(OPTIONS["lif"], gated=True))
    program = nk.compile(network, calibrate={k: v[None] for k, v in {**given, "gate": 1 + gate}.items()})
    shut = program.scaled({**given, "gate": gate})
    before = plastic_projections(program)
    for name, learned in plastic_projections(nk.run(program, shut, 80).program).items():
        np.testing.assert_array_equal(weights_of(learned), weights_of(before[name]), name)
    gate[40:] = 1
    x = program.scaled({**given, "gate": gate})
    here, there = (
        plastic_projections(nk.run(program, x, 80, backend=backend).program)
        for backend in ("simulator", "lava-inprocess")
    )
    for name, learned in here.items():
        np.testing.assert_array_equal(weights_of(learned), weights_of(there[name]), name)
        assert (weights_of(learned) != weights_of(before[name])).any()
    floats = nk.run(network, {**given, "gate": gate}).program
    change = eprop_net_of(floats, LIF).w_out - LIF.w_out
    ours = weights_of(here["lif->out"]) - weights_of(before["lif->out"])
    assert np.vdot(change, ours) > 0.8 * np.linalg.norm(change) * np.linalg.norm(ours)
    shut = nk.run(network, {**given, "gate": 0 * gate}).program
    np.testing.assert_allclose(eprop_net_of(shut, LIF).w_out, LIF.w_out, rtol=1e-12)


def test_a_sensor_learns_crossed_cues():
    """Three short trials move weights from the cues, and no others learn; a gate lets the recall alone teach."""
    task = EvidenceAccumulation(inputs=20, cues=1, delay=20, recall=30, wiring=crossed(np.random.default_rng(1), 20))
    program, data, network, cues = sensor_program(ALIF, task)
    assert [p.name for p in network.projections if p.plasticity is not None] == ["sensor->lif", "sensor->alif"]
    with nk.open(program) as session:
        for k in range(3):
            session.step(program.scaled({name: values[k] for name, values in data.items()}))
        learned = eprop_net_of(nk.to_network(session.program, network), ALIF, cues)
    start = eprop_net_of(nk.to_network(program, network), ALIF, cues)
    changed = learned.w_in != start.w_in
    assert changed[10:, :10].mean() > 0.2, "from cues to ALIF neurons"
    assert not changed[:, 10:].any()
    np.testing.assert_array_equal(learned.w_rec, start.w_rec)
    np.testing.assert_array_equal(learned.w_out, start.w_out)


def test_a_sensor_that_learns_crossed_cues_is_lavas_bit_for_bit():
    """Three trials of 50 steps as one long sample: spikes, readouts and all weights, of which the sensor's move."""
    wiring = crossed(np.random.default_rng(1), 16)
    task = EvidenceAccumulation(inputs=16, cues=1, cue=20, spacing=5, delay=5, recall=20, wiring=wiring)
    net = evidence_network(3, inputs=16, regular=8, adaptive=8, tau_adaptation=0.2)
    program, given = sensor_program(net, task)[:2]
    assert "lava-cpu" in program.targets
    whole = {name: np.concatenate(list(values)) for name, values in given.items()}
    before, here, ours = same_on_lava(program, program.scaled(whole), 3 * task.steps)
    assert set(here) == {"sensor->lif", "sensor->alif"}
    for name, learned in here.items():
        assert (weights_of(learned) != weights_of(before[name])).mean() > 0.2, name
    assert ours.spikes["alif"].any()


def test_a_sensor_changes_nothing_but_names():
    """Some inputs by themselves, in another order: the same network, in floats, and it comes back as it was."""
    sensor, rest = (7, 3, 19), [k for k in range(20) if k not in (7, 3, 19)]
    given = data(ALIF, 50)
    parted = learning_network(ALIF, replace(OPTIONS["lif and alif"], learns=("w_out",), inputs=sensor))
    whole = learning_network(ALIF, replace(OPTIONS["lif and alif"], learns=("w_out",)))
    split = {"sensor": given["x"][:, sensor], "x": given["x"][:, rest], "target": given["target"]}
    one, two = nk.run(whole, given, record=(("out", "v"),)), nk.run(parted, split, record=(("out", "v"),))
    np.testing.assert_allclose(one.states["out", "v"], two.states["out", "v"], atol=1e-12)
    assert one.counts["alif"].sum() > 0
    np.testing.assert_array_equal(eprop_net_of(parted, ALIF, sensor).w_in, ALIF.w_in)


def test_recurrent_weights_have_their_own_rate():
    """None: that of w_in."""
    options = OnChip(learning_rate=1e-3, readout_rate=1e-4)
    one, two = (learning_network(ALIF, replace(options, recurrent_rate=rate)) for rate in (None, 2e-5))
    rates = [
        {p.name: p.plasticity.second_tag[0].scale for p in network.projections if p.plasticity}
        for network in (one, two)
    ]
    assert rates[0]["alif->lif"] == rates[0]["x->lif"]
    for name, rate in rates[1].items():
        recurrent = name.split("->")[0] != "x" and not name.endswith("out")
        assert rate == pytest.approx(rates[0][name] * (0.02 if recurrent else 1)), name


def test_what_was_learned_comes_back():
    given = data(LIF, 100)
    network = learning_network(LIF, OPTIONS["lif"])
    program = nk.compile(network, calibrate={k: v[None] for k, v in given.items()}, window=100)
    with nk.open(program) as session:
        session.step(program.scaled(given))
        end = session.program
    learned = eprop_net_of(nk.to_network(end, network), LIF)
    unit = 1.0 / 255
    assert 0.5 * unit < np.abs(learned.w_in - LIF.w_in).max() < 0.5
    assert np.abs(learned.w_out - LIF.w_out).max() > unit
    frozen = learning_network(LIF, replace(OPTIONS["lif"], learns=("w_out",)))
    assert [p.name for p in frozen.projections if p.plasticity is not None] == ["lif->out"]


@pytest.mark.parametrize("rate", [1e-3, 1e-5])
def test_a_unit_of_weight_is_within_what_its_tag_holds(rate):
    """However slowly it fills: a tag of 0 to 255 has to be able to pass what it is compared with, on both sides."""
    network = learning_network(LIF, OnChip(learning_rate=rate, bound=1.0, readout_bound=2.0))
    program = nk.compile(network, calibrate={k: v[None] for k, v in data(LIF, 40).items()})
    rules = {p.name: p.plasticity for p in program.projections if p.plasticity is not None}
    assert set(rules) == {"x->lif", "lif->lif", "lif->out"}
    for name, learned in rules.items():
        units = [-f.constant for product in learned.dw for f in product.factors if f.sign]
        assert len(units) == 2, name
        assert 0 < min(units) < 128 < max(units) < 255, name


def test_a_unit_of_weight_is_within_a_tag_that_calibration_never_moved():
    """A shut gate: the range follows from the unit, not from what a tag without a carry might reach."""
    network = learning_network(ALIF, replace(OPTIONS["lif and alif"], gated=True))
    given = {**data(ALIF, 40), "gate": np.zeros((40, 1))}
    program = nk.compile(network, calibrate={k: v[None] for k, v in given.items()})
    for p in (p for p in program.projections if p.plasticity is not None):
        units = [-f.constant for product in p.plasticity.dw for f in product.factors if f.sign]
        assert 0 < min(units) < 128 < max(units) < 255, p.name


@pytest.mark.parametrize("bound", [0.5, 1.3])
def test_weights_at_their_bound_come_back_within_it(bound):
    """A unit is the bound's 255th only up to the rounding of scales and decays."""
    edge = np.clip(LIF.w_in, -bound, bound)
    edge[0, :2] = bound, -bound
    net = replace(LIF, w_in=edge, w_rec=np.clip(LIF.w_rec, -bound, bound))
    network = learning_network(net, OnChip(learning_rate=0.01, bound=bound, readout_bound=2.0))
    program = nk.compile(network, calibrate={k: v[None] for k, v in data(net, 40).items()})
    back = eprop_net_of(nk.to_network(program, network), net)
    np.testing.assert_array_equal(back.w_in[0, :2], [bound, -bound])
    np.testing.assert_allclose(back.w_in, edge, atol=bound / 255)


def test_refusals():
    with pytest.raises(InputError, match="'learning_rate': is 0; a positive, finite number"):
        OnChip(learning_rate=0)
    with pytest.raises(InputError, match="'recurrent_rate': is -1; a positive, finite number"):
        OnChip(learning_rate=1.0, recurrent_rate=-1)
    with pytest.raises(InputError, match=r"'learns': is \('w',\); there are w_in, w_rec, w_out"):
        OnChip(learning_rate=1.0, learns=("w",))
    with pytest.raises(GraphError, match=r"'surrogate_width': is 0.5, the threshold 0.03"):
        learning_network(replace(LIF, surrogate_width=0.5), OPTIONS["lif"])
    for inputs in ((), (1, 1), (20,), tuple(range(20))):
        with pytest.raises(GraphError, match=r"'inputs': is .*; some of the 20 inputs learn, each is named once"):
            learning_network(ALIF, replace(OPTIONS["lif and alif"], inputs=inputs))
    two = replace(ALIF, beta=np.linspace(0.0, 0.1, ALIF.n_rec))
    with pytest.raises(GraphError, match=r"'beta': has 21 values in adaptive neurons; a rule on the chip has one"):
        learning_network(two, OPTIONS["lif and alif"])
    late = learning_network(LIF, OPTIONS["lif"])
    wrong = [replace(p, delay=np.asarray(3e-3)) if p.name == "out->lif.modulation" else p for p in late.projections]
    with pytest.raises(GraphError, match=r"'out->lif.modulation': brings its learning signal 3 steps late"):
        nk.compile(replace(late, projections=tuple(wrong)))
    with pytest.raises(GraphError, match=r"weights run from .* bounds them to -0.1 .. 0.1"):
        nk.compile(learning_network(LIF, OnChip(learning_rate=0.1, bound=0.1)))
