"""Learning in the simulator: whole networks against the plain interpreter, and rules of any products, bit for bit."""

import inspect
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

import neurokit as nk
from neurokit.conformance.learning import interpret_learning
from neurokit.errors import OverflowWarning
from neurokit.graph.fixed_plasticity import FixedFactor, FixedRule, FixedTrace, Product
from neurokit.graph.learned import plastic_projections, variables, weights_of
from neurokit.graph.synapses import Conv2d, Dense, Injection, Sparse
from neurokit.hardware.simulator import caching, circuit, plastic_rows, plastic_source
from neurokit.hardware.simulator.engine import Engine
from neurokit.hardware.simulator.plastic_narrow import fits
from neurokit.hardware.simulator.plastic_numbers import AT_ONCE, LavaStreams
from neurokit.hardware.simulator.plastic_rows import is_narrow
from neurokit.hardware.simulator.plastic_shape import shape_of
from neurokit.lower.fixedpoint.learning import WIDTHS
from neurokit.lower.fixedpoint.learning_numbers import LavaNumbers
from tests.hardware.learning_programs import EPROP, PAIR, PROGRAMS, dense, factors, inputs_for, listed, made

pytestmark = pytest.mark.filterwarnings("ignore::neurokit.errors.RailWarning")

WIDE = 150  # targets: more than two vectors, and not a whole number of them


def random_rule(rng, arithmetic, epoch=1):
    """Any products of any factors within 32 bits."""
    impulses, taus = rng.integers(0, 40 * 256, 5) / 256, rng.choice([0, 2.5, 20, 1000], 5)
    names = ("x1", "x2", "y1", "y2", "y3")
    traces = {n: FixedTrace(float(i), float(t)) for n, i, t in zip(names, impulses, taus, strict=True)}
    dw, dt, dd = (tuple(random_product(rng) for _ in range(rng.integers(*n))) for n in ((1, 4), (0, 3), (0, 3)))
    return FixedRule(
        "random",
        dw,
        dt,
        dd,
        traces=traces,
        epoch=epoch,
        decimation=int(rng.integers(0, 3)),
        tag_start=int(rng.integers(-256, 256)),
        second_tag_start=int(rng.integers(0, 256)),
        arithmetic=arithmetic,
        seed=int(rng.integers(0, 9)),
    )


def random_product(rng):
    chosen, width = [], 4
    gate = str(rng.choice(["x0", "y0", "u"]))
    for name in rng.permutation([name for name in WIDTHS if name != gate])[: rng.integers(0, 4)]:
        width += WIDTHS[name]
        if width <= 30:
            constant = int(rng.integers(-127, 128)) if rng.random() < 0.4 and name not in ("x0", "y0") else 0
            chosen.append(FixedFactor(str(name), constant, bool(name in "wtd" and rng.random() < 0.3)))
    return Product(int(rng.choice([-7, -3, -1, 1, 2, 5])), int(rng.integers(-7, 6)), gate, tuple(chosen))


def learning(rule, synapse, neuron="lif"):
    """in -> out with a rule, and a drive that makes the targets fire, also without it."""
    targets, sources = synapse.weight.shape
    drive = replace(dense(7, targets, 8, "excitatory"), exponent=2)
    parts = [("in", "out", synapse, "", rule), ("drive", "out", drive, "", None)]
    return made({"in": (sources,), "drive": (8,)}, {"out": ((targets,), neuron)}, parts)


def assert_as_interpreted(program, inputs, steps, record_every=1):
    asked = tuple((n, v) for n, p in plastic_projections(program).items() for v in variables(program, p))
    recording = nk.run(program, inputs, steps, record=(*program.populations, *asked), record_every=record_every)
    wanted = interpret_learning(program, inputs, steps)
    for name in program.populations:
        np.testing.assert_array_equal(recording.spikes[name], wanted.sent[name], name)
    for key in asked:
        there = wanted.variables[key][:, record_every - 1 :: record_every]
        np.testing.assert_array_equal(recording.states[key], there, f"{key}")
    for here, there in zip(recording.program.projections, wanted.program.projections, strict=True):
        if here.plasticity is not None:
            np.testing.assert_array_equal(weights_of(here), weights_of(there))
    return recording


# two factors, dense and sparse, and three; every structure of a rule costs a second or two to compile
@pytest.mark.parametrize(
    "name", [n if n in ("two factors", "images") else pytest.param(n, marks=pytest.mark.slow) for n in PROGRAMS]
)
def test_whole_networks(name):
    program = PROGRAMS[name]
    recording = assert_as_interpreted(program, inputs_for(program, 3, 50), 50)
    assert all(updates.all() for updates in recording.updates.values())


@pytest.mark.parametrize("arithmetic", ["lava", "repaired"])
@pytest.mark.parametrize("seen", [0.02, 0.3])
def test_rows_that_wait(arithmetic, seen):
    """Rows longer than a vector, which are brought up to date seldom: listed targets and masked ones."""
    rng = np.random.default_rng(3)
    program = learning(replace(PAIR, arithmetic=arithmetic), dense(2, WIDE, 12))
    inputs = {"in": rng.random((2, 70, 12)) < seen, "drive": rng.random((2, 70, 8)) < seen}
    assert_as_interpreted(program, {name: x.astype(np.int64) for name, x in inputs.items()}, 70, record_every=35)


@pytest.mark.parametrize(  # the kernels of the others take half a minute to compile
    "case", ["pair", *(pytest.param(n, marks=pytest.mark.slow) for n in ("pair repaired", "e-prop", "recurrent"))]
)
def test_all_steps_in_one_kernel(monkeypatch, case):
    """What long runs do, and they do it cut anywhere and by several threads."""
    monkeypatch.setattr(circuit, "WORTH_STEPS", 0)
    rule = replace(PAIR, arithmetic="repaired" if "repaired" in case else "lava")
    program = on_schedule(learning(rule, dense(2, 70, 12), "soft"), "out")
    if case == "e-prop":
        parts = [("in", "out", dense(2, 70, 12), "", EPROP), ("third", "out", Injection(), "modulation", None)]
        program = on_schedule(made({"in": (12,), "third": (70,)}, {"out": ((70,), "soft")}, parts), "out")
    elif case == "recurrent":
        parts = [("in", "out", dense(2, 70, 12), "", None), ("out", "out", dense(3, 70, 70, exponent=-5), "", PAIR)]
        program = made({"in": (12,)}, {"out": ((70,), "lif")}, parts)
    inputs = inputs_for(program, 2, 70)
    name = next(iter(plastic_projections(program)))
    recording = nk.run(program, inputs, record=((name, "weight"),), record_every=14)
    wanted = interpret_learning(program, inputs, 70)
    np.testing.assert_array_equal(recording.spikes["out"], wanted.sent["out"])
    np.testing.assert_array_equal(recording.states[name, "weight"], wanted.variables[name, "weight"][:, 13::14])
    many = {n: np.repeat(x, 4, axis=0) for n, x in inputs.items()}
    together = nk.run(program, many, learners=8, threads=2)
    monkeypatch.setattr(circuit, "WORTH_STEPS", 10**9)
    alone = nk.run(program, many, learners=8, threads=1)
    for here, there in zip(together.programs, alone.programs, strict=True):
        np.testing.assert_array_equal(
            weights_of(plastic_projections(here)[name]), weights_of(plastic_projections(there)[name])
        )
    assert all((together.updates[n] == alone.updates[n]).all() for n in alone.updates)


def on_schedule(program, name):
    """The same with a population that rests every 17 steps."""
    population = program.populations[name]
    neuron = replace(population.neuron, reset_interval=17, reset_offset=5)
    populations = {**program.populations, name: replace(population, neuron=neuron)}
    return replace(program, populations=populations, outputs={name: populations[name]})


# kernels of the whole one, with three kinds of neurons and four rules, take a minute to compile
@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_circuits(monkeypatch, whole):
    """Populations that learn, with feedback from a readout and weights that stay, in one kernel."""
    monkeypatch.setattr(circuit, "WORTH_STEPS", 0)
    program = PROGRAMS["e-prop"]
    if not whole:
        parts = [
            ("in", "a", dense(1, 6, 8), "", EPROP),
            ("a", "a", listed(2, 6, 6), "", None),
            ("a", "out", dense(5, 2, 6), "", None),
            ("out", "a", dense(6, 6, 2, exponent=-6), "modulation", None),
            ("target", "a", dense(8, 6, 2, exponent=4), "modulation", None),
        ]
        program = made({"in": (8,), "target": (2,)}, {"a": ((6,), "alif"), "out": ((2,), "readout")}, parts)
    assert all(part._circuit for part in Engine(program, 1).parts)
    inputs = inputs_for(program, 3, 70)
    states = [(name, state) for name, p in program.populations.items() for state in p.neuron.states]
    asked = [(n, v) for n, p in plastic_projections(program).items() for v in variables(program, p)]
    found = nk.run(program, inputs, record=(*program.populations, *states, *asked), record_every=14)
    wanted = interpret_learning(program, inputs, 70)
    for name in program.populations:
        np.testing.assert_array_equal(found.spikes[name], wanted.sent[name], name)
    for key in asked:
        np.testing.assert_array_equal(found.states[key], wanted.variables[key][:, 13::14], f"{key}")
    monkeypatch.setattr(circuit, "WORTH_STEPS", 10**9)
    one_by_one = nk.run(program, inputs, record=states)
    for key in states:
        np.testing.assert_array_equal(found.states[key], one_by_one.states[key], f"{key}")
    for what in ("counts", "updates"):
        here, there = getattr(found, what), getattr(one_by_one, what)
        assert all((here[n] == there[n]).all() for n in there)
    assert found.overflows == one_by_one.overflows
    assert found.spikes["a"].any()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(24))
def test_any_rule(seed):
    rng = np.random.default_rng(seed)
    rule = random_rule(rng, ["lava", "repaired"][seed % 2], epoch=[1, 1, 3][seed % 3])
    synapse = dense(seed, WIDE if seed % 4 else 20, 9)
    if seed % 4 == 0:
        synapse = Sparse(sp.csr_matrix(np.where(rng.random(synapse.weight.shape) < 0.4, synapse.weight, 0)))
    program = learning(rule, synapse)
    assert_as_interpreted(program, inputs_for(program, 2, 60), 60)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_rules_within_16_bits(seed):
    """Any rule whose rows are done in 16 bits."""
    rng = np.random.default_rng(seed)
    while True:
        rule = replace(random_rule(rng, "lava"), decimation=0)
        shape = shape_of(rule, dense=True)
        if (
            not shape.steady
            and fits(shape, shape.variables)
            and len(rule.dt) > 1
            and any("t" in map(_variable, p.factors) for p in rule.dw)
        ):
            break
    program = learning(rule, dense(seed, WIDE, 9))
    assert_as_interpreted(program, inputs_for(program, 2, 60), 60)


# rows that wait for their sources, in registers; every structure costs seconds to compile
@pytest.mark.parametrize("seed", [0, 3, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2, *range(4, 24)))])
def test_rules_of_every_step(seed):
    """Any rule that changes all synapses at u's turns: in 16 bits or 32, long rows and short ones."""
    rng = np.random.default_rng(seed)
    while True:
        rule = replace(random_rule(rng, "lava"), decimation=seed % 3 // 2)
        rule = replace(rule, dt=(*rule.dt, Product(-3, int(rng.integers(-7, 2)), "u", factors("t"))))
        if (shape := shape_of(rule, dense=True)).steady and is_narrow(shape) == (seed % 4 > 0):
            break
    program = learning(rule, dense(seed, [WIDE, 6, 20][seed % 3], 9))
    assert_as_interpreted(program, inputs_for(program, 2, 300), 300, record_every=10)


def _variable(factor):
    return factor.variable


def test_kept_kernels_of_every_step_are_those_of_their_makers(monkeypatch):
    """Their text does not show how they are made, so it names by what: all that its intrinsics' files import."""
    makers = {Path(inspect.getfile(module)) for module in plastic_source.MAKERS}
    written = set(caching.kernel_files())
    folder = Path(inspect.getfile(plastic_rows)).parent
    files = {folder / "plastic_rows.py", folder / "plastic_lanes.py", *(f for f in makers if f.parent == folder)}
    for file in files:
        names = re.findall(r"from neurokit\.hardware\.simulator\.(\w+) import", file.read_text())
        assert {folder / f"{name}.py" for name in names} <= makers | written, file
    shape = shape_of(FixedRule("decay", (Product(-1, -3, "u", factors("w")),)), dense=True)
    before = plastic_source.source_of(shape)
    monkeypatch.setattr(plastic_source, "makers", lambda: "others")
    assert plastic_source.source_of(shape) != before


@pytest.mark.parametrize("gate", ["y0", "u"])
def test_a_tag_below_its_range(gate):
    """In Lava's arithmetic a tag of -257 comes back at the next evaluation, also where no gate is open."""
    down = FixedRule(
        "down",
        (Product(1, -7, gate, factors("t")),),
        (Product(-7, 3, "x0"),),
        traces={},
        seed=1,
    )
    rng = np.random.default_rng(0)
    program = learning(down, dense(1, 3, 40))
    inputs = {"in": (rng.random((1, 600, 40)) < 0.1).astype(int), "drive": np.zeros((1, 600, 8), int)}
    shape = shape_of(down, dense=True)
    assert is_narrow(shape) if shape.steady else fits(shape, ("t",)), "16 bits do, but for this"
    recording = assert_as_interpreted(program, inputs, 600)
    assert (recording.states["in->out", "tag"] == -257).any(), "it has happened"


def test_streams_are_numpys():
    """Numbers drawn from the middle are those of a generator that was asked for all before them."""
    steps = 3 * AT_ONCE
    wanted = LavaNumbers(5, steps)
    streams = LavaStreams([5])
    for clock in (1, 2, AT_ONCE, AT_ONCE + 1, steps, 17):
        place = streams.at(clock)
        np.testing.assert_array_equal(streams.decay[0, place], wanted.decay[:, clock])
        np.testing.assert_array_equal(streams.impulse[0, place], wanted.impulse[:, clock])
        assert streams.repeated[0, place] == wanted.repeated[clock]
        place = streams.event(clock)
        assert streams.rounding[0, place] == int(128 * wanted.rounding[clock])


def test_updates_are_counted():
    """An evaluation counts once for each of its open gates."""
    rng = np.random.default_rng(1)
    program = learning(PAIR, dense(2, 5, 12))
    inputs = {"in": (rng.random((2, 40, 12)) < 0.2).astype(int), "drive": (rng.random((2, 40, 8)) < 0.2).astype(int)}
    recording = nk.run(program, inputs)
    fired = int(recording.spikes["out"].sum())
    assert fired
    assert recording.updates["in->out"].tolist() == [5 * int(inputs["in"].sum()) + 12 * fired]


@pytest.mark.parametrize(("arithmetic", "epoch"), [("lava", 1), pytest.param("repaired", 3, marks=pytest.mark.slow)])
def test_a_kernel_as_large_as_the_image(arithmetic, epoch):
    """Then no weight is shared, and it learns as a dense projection does (numbers of their own aside)."""
    rule = replace(PAIR, arithmetic=arithmetic, epoch=epoch)
    if arithmetic == "repaired":  # whole impulses and changes, which nothing rounds; nothing decays
        traces = {"x1": FixedTrace(2, 1e12)}
        rule = replace(rule, dw=(replace(PAIR.dw[0], exponent=-1),), traces=traces)
    weight = dense(2, 5, 12).weight
    drive = dense(7, 5, 8, "excitatory")
    found = []
    for shape, target, synapse in (
        ((12,), (5,), Dense(weight)),
        ((3, 2, 2), (5, 1, 1), Conv2d(weight.reshape(5, 3, 2, 2))),
    ):
        ends = {"in": shape, "drive": (8,)}
        parts = [("in", "out", synapse, "", rule), ("drive", "out", replace(drive, exponent=2), "", None)]
        program = made(ends, {"out": (target, "lif")}, parts)
        inputs = {name: x.reshape(2, 60, *ends[name]) for name, x in inputs_for(program, 2, 60).items()}
        recording = nk.run(program, inputs, record=(("in->out", "weight"),), record_every=6)
        found.append(
            (recording.spikes["out"].reshape(2, 60, 5), recording.states["in->out", "weight"].reshape(2, 10, 5, 12))
        )
        assert recording.updates["in->out"].all()
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])
    assert (found[0][1][-1, -1] != weight).any()


def test_a_shared_weight_gets_the_sum_of_its_synapses():
    """One weight for all pixels: in each step it changes by what they would one by one."""
    rule = FixedRule("count", (Product(1, 0, "x0"),), traces={})
    program = made(
        {"in": (1, 3, 4)}, {"out": ((1, 3, 4), "lif")}, [("in", "out", Conv2d(np.array([[[[3]]]])), "", rule)]
    )
    x = (np.random.default_rng(0).random((1, 12, 1, 3, 4)) < 0.3).astype(int)
    recording = nk.run(program, x, record=(("in->out", "weight"),), record_every=1)
    expected = np.minimum(3 + np.cumsum(x.sum(axis=(0, 2, 3, 4))), 255)
    np.testing.assert_array_equal(recording.states["in->out", "weight"].ravel(), expected)
    assert recording.program.projections[0].synapse.weight.item() == expected[-1]


def test_sums_of_a_convolution_that_learns_wrap_at_24_bits():
    """As those of one that does not: payloads so large that they leave 24 bits, and a rule that changes nothing."""
    idle = FixedRule("idle", (Product(1, 0, "x0", factors("x1")),), traces={"x1": FixedTrace(0.0, 10.0)})
    kernel = Conv2d(np.array([[[[100, 90], [80, 70]]]]))
    program = made({"in": (1, 3, 4)}, {"out": ((1, 2, 3), "lif")}, [("in", "out", kernel, "", idle)])
    payloads = np.random.default_rng(3).integers(20_000, 90_000, (1, 12, 1, 3, 4))
    still = replace(program, projections=tuple(replace(p, plasticity=None) for p in program.projections))
    with pytest.warns(OverflowWarning):
        learned = nk.run(program, payloads, record=("out", ("out", "u")))
    with pytest.warns(OverflowWarning):
        wanted = nk.run(still, payloads, record=("out", ("out", "u")))
    np.testing.assert_array_equal(learned.states["out", "u"], wanted.states["out", "u"])
    np.testing.assert_array_equal(learned.spikes["out"], wanted.spikes["out"])
    assert learned.overflows["out"].sums == wanted.overflows["out"].sums > 0
