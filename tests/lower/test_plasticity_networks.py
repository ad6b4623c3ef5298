"""Networks whose projections learn, compiled: scales, bounds, third factors, what is refused and for which target."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

import neurokit as nk
import neurokit.rules as rules
from neurokit.errors import CompileError, GraphError
from neurokit.graph.fixed_plasticity import FixedRule
from neurokit.graph.fixed_plasticity_text import lava_strings
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import LIF, LeakyIntegrator
from neurokit.graph.plasticity import Signal, Trace
from neurokit.graph.plasticity_text import rule
from neurokit.graph.synapses import Conv2d, Dense, Flatten, Sparse, SumPool2d
from neurokit.lower.activity import Activity, InputRange
from neurokit.lower.pipeline import compile_network
from neurokit.lower.targets import target_faults
from tests.lower.rules_in_floats import MS


@pytest.mark.parametrize("steps", [1000, 5000])
def test_a_reward_that_comes_now_and_then_fills_its_trace(steps):
    """A trace without a limit: pulses that fade, between looks of calibration, too, and are never all on at once."""
    reward = Signal("modulation_trace", {"scale": 1.0, "tau": 0.2})
    text, traces = "eta * step * x * d", {"x": Trace("pre", 0.02)}
    learns = rule("reward", weight=text, traces=traces, signals={"d": reward}, parameters={"eta": 5e-4}, bounds=(0, 1))
    target = {"b": Population("b", (2,), LIF(tau=np.asarray(0.02)))}
    path = Projection("a", "b", (Dense(np.full((2, 4), 0.3)),))
    net = Network({"a": Input("a", (4,))}, target, (path,), target, dt=MS)
    net = net.with_plasticity("a->b", learns, modulation="reward")
    rng = np.random.default_rng(0)
    inputs = {"a": (rng.random((1, steps, 4)) < 0.05).astype(float), "reward": np.zeros((1, steps, 2))}
    inputs["reward"][0, [203, 603], 0] = 1
    program = nk.compile(net, calibrate=inputs)
    assert 127 / 1.25 / 8 < program.projections[0].plasticity.report.trace_scales["d"] < 127 / (1 + np.exp(-2))
    recordings = nk.run(program, program.scaled(inputs), steps + 1), nk.run(net, inputs)
    chip, floats = (
        graph.projections[0].synapses[0].weight - 0.3
        for graph in (nk.to_network(recordings[0].program, net), recordings[1].program)
    )
    assert floats[0].min() > 0.1
    assert chip[0].mean() > 0.5 * floats[0].mean()  # small steps round down; at a scale of 127 / 200 nothing is learned
    assert np.abs(chip[1]).max() < 0.005


def learning_network(rule, synapses=None, shape=(12,), hidden=(10,), feedback=True, delay=0.0, late=2 * MS, seed=0):
    rng = np.random.default_rng(seed)
    size = int(np.prod(hidden))
    synapses = synapses or (Dense(rng.normal(size=(size, int(np.prod(shape))))),)
    populations = {
        "hid": Population("hid", hidden, LIF(tau=np.asarray(0.02))),
        "out": Population("out", (2,), LeakyIntegrator(tau=np.asarray(0.02))),
    }
    projections = [
        Projection("in", "hid", synapses, delay, plasticity=rule),
        Projection("hid", "out", (Dense(rng.normal(size=(2, size))),)),
    ]
    inputs = {"in": Input("in", shape)}
    if feedback:
        inputs["goal"] = Input("goal", (2,))
        weights = rng.normal(size=(size, 2))
        projections += [
            Projection("out", "hid", (Dense(weights),), late, "modulation"),
            Projection("goal", "hid", (Dense(-weights),), late, "modulation"),
        ]
    return Network(inputs, populations, tuple(projections), {"out": populations["out"]}, dt=MS)


SEEN = Activity(
    {"in": InputRange(1.0, True), "goal": InputRange(1.5, False)},
    {("hid", "u"): 3.0, ("out", "u"): 3.0, ("out", "v"): 0.7, ("hid", "payload"): 1.0, ("out", "payload"): 1.0},
    samples=1,
)


def projection(program, name="in->hid"):
    return next(p for p in program.projections if p.name == name)


class TestNetworks:
    def test_a_rule_without_bounds_leaves_room(self):
        program = nk.compile(learning_network(rules.stdp(), feedback=False))
        learns = projection(program)
        assert isinstance(learns.plasticity, FixedRule)
        assert 63 <= np.abs(learns.synapse.weight).max() <= 127
        assert program.targets == ("lava-cpu", "loihi2-stock", "loihi1")
        (hid, _) = program.report
        per_unit = learns.plasticity.report.weight_scale
        assert per_unit == pytest.approx(hid.scale * MS / 0.02 / 2.0**learns.synapse.exponent)
        original = learning_network(rules.stdp(), feedback=False).projections[0].synapse.weight
        assert np.abs(learns.synapse.weight - original * per_unit).max() <= 0.5 + 1e-9

    def test_the_bound_is_255(self):
        weights = (Dense(np.random.default_rng(1).uniform(0, 1.5, (10, 12))),)
        program = nk.compile(learning_network(rules.soft_stdp(w_max=1.7, a_plus=0.05), weights, feedback=False))
        learns = projection(program)
        assert learns.plasticity.bounds == (0, 255)
        assert learns.plasticity.report.weight_scale * 1.7 == pytest.approx(255, rel=1e-3)
        assert "(w-255)" in lava_strings(learns.plasticity)["dw"]

    @pytest.mark.parametrize("bound", [2.0, 10.0, 40.0])
    def test_a_bound_far_above_the_threshold_keeps_its_place(self, bound):
        """The scale gives up bits of the threshold for it, since weights have an exponent of 7 at most."""
        rule = rules.stdp(a_plus=0.2, a_minus=0.1, bounds=(-bound, bound))
        weights = Dense(np.full((10, 12), 0.1))
        plastic_ = projection(nk.compile(learning_network(rule, (weights,), feedback=False)))
        assert plastic_.plasticity.report.weight_scale * bound == pytest.approx(255, rel=2e-3)
        assert not any("clipped" in note for note in plastic_.plasticity.report.notes)

    def test_on_the_chip_no_schedule_resets_neurons_that_are_heard(self):
        program = nk.compile(learning_network(rules.stdp(), feedback=False), window=50)
        assert program.targets == ("lava-cpu",)
        assert "LearningLIF, has no reset by schedule" in str(target_faults(program, "loihi2-stock")[-1])

    def test_third_factors(self):
        rule = rules.eprop_lif(dt=MS, tau=0.02, tau_out=0.02, signal_steps=2)
        program = compile_network(learning_network(rule), activity=SEEN)
        scale = {row.population: row.scale for row in program.report}
        heard = [projection(program, name) for name in ("out->hid.modulation", "goal->hid.modulation")]
        sent = {"out": 64 * scale["out"], "goal": program.input_scale["goal"]}
        float_weights = [p.synapses[0].weight for p in learning_network(rule).projections[2:]]
        units = [
            np.median(p.synapse.weight * 2.0**p.synapse.exponent * sent[p.source] / w)
            for p, w in zip(heard, float_weights, strict=True)
        ]
        assert units[0] == pytest.approx(units[1], rel=0.02)  # one unit for all that arrives
        signal = projection(program).plasticity.signals["y1"]
        assert signal.function == "modulation_positive"
        assert signal.parameters["scale"] * units[0] == pytest.approx(signal.scale, rel=0.02)
        assert [int(p.delay) for p in heard] == [1, 3]
        assert program.targets == ("lava-cpu",)
        (third, second) = target_faults(program, "loihi2-stock")
        assert "needs neurons that send it modulation_negative, modulation_positive, pseudo_derivative" in str(third)
        assert "keeps a second tag in d; on the chip d is the synaptic delay" in str(second)

    def test_a_learning_signal_of_unknown_size(self):
        rule = rules.eprop_lif(dt=MS, tau=0.02, signal_steps=2)
        with pytest.raises(CompileError, match="Pass calibrate= with sample inputs, the learning signal among them"):
            nk.compile(learning_network(rule))

    def test_a_learning_signal_that_is_too_fast(self):
        rule = rules.eprop_lif(dt=MS, tau=0.02)
        with pytest.raises(CompileError, match="lie on a loop that is faster than its connections"):
            compile_network(learning_network(rule, late=MS), activity=SEEN)

    def test_a_learning_signal_in_the_wrong_step(self):
        """The rule pairs it with what it remembers of so many steps ago."""
        for steps, late in ((1, 2), (2, 3)):
            rule = rules.eprop_lif(dt=MS, tau=0.02, signal_steps=steps)
            with pytest.raises(GraphError) as caught:
                nk.run(learning_network(rule, late=late * MS), np.zeros((5, 12)))
            (fault,) = caught.value.faults
            assert fault.node == "out->hid.modulation"
            assert fault.fact == f"brings its learning signal {late} steps late"
            assert f"pairs it with the eligibility of {steps} steps ago" in fault.limit
            assert f"a delay of {steps / 1000:g} s" in fault.mend

    def test_kinds_of_synapses(self):
        matrix = sp.random(10, 12, 0.4, "csr", random_state=0)
        program = nk.compile(learning_network(rules.stdp(), (Sparse(matrix),), feedback=False))
        assert projection(program).synapse.weight.nnz == matrix.nnz
        kernel = np.random.default_rng(0).normal(size=(2, 1, 3, 3))
        net = learning_network(rules.stdp(), (Conv2d(kernel),), (1, 5, 5), (2, 3, 3), feedback=False)
        program = nk.compile(net)
        assert program.targets == ()
        assert "LearningDense and LearningSparse" in str(target_faults(program, "lava-cpu")[0])
        with pytest.raises(CompileError, match="learns; its taps learn together"):
            nk.expand(program, "in->hid")
        flat = learning_network(rules.stdp(), (Flatten(), Dense(np.ones((10, 9)))), (1, 3, 3), feedback=False)
        assert isinstance(projection(nk.compile(flat)).synapse, Dense)

    def test_refusals(self):
        pooled = (SumPool2d((1, 1), (1, 1)), Flatten(), Dense(np.ones((10, 12))))
        with pytest.raises(GraphError, match="chains SumPool2d, Dense and is to learn"):
            nk.compile(learning_network(rules.stdp(), pooled, (1, 3, 4), feedback=False))
        with pytest.raises(GraphError, match="learns and has delays of 2 to 2 steps"):
            nk.compile(learning_network(rules.stdp(), delay=2 * MS, feedback=False))
        with pytest.raises(CompileError, match=r"all weights are 0 and rule 'stdp' has no bounds"):
            nk.compile(learning_network(rules.stdp(), (Dense(np.zeros((10, 12))),), feedback=False))
        uneven = learning_network(rules.stdp(), feedback=False)
        neuron = LIF(tau=np.linspace(0.02, 0.04, 10))
        hid = replace(uneven.populations["hid"], neuron=neuron)
        with pytest.raises(CompileError, match="'hid' weights its input differently from neuron to neuron"):
            nk.compile(replace(uneven, populations={**uneven.populations, "hid": hid}))

    def test_arithmetic(self):
        network = learning_network(rules.stdp(), feedback=False)
        program = nk.compile(network, arithmetic="repaired")
        assert projection(program).plasticity.arithmetic == "repaired"
        assert program.targets == ()
        assert "rule 'stdp' has the arithmetic 'repaired'; Lava's" in str(target_faults(program, "lava-cpu")[0])
        with pytest.raises(CompileError, match=r"'arithmetic': is 'exact'; it is 'lava' or 'repaired'"):
            nk.compile(network, arithmetic="exact")

    def test_two_bounds_in_one_population(self):
        """The first rule's is exact; the second's weights are clipped where the chip can, and that is said."""
        network = learning_network(rules.soft_stdp(w_max=1.7, a_plus=0.05), (Dense(np.ones((10, 12))),), feedback=False)
        second = rules.soft_stdp(w_max=1.0, a_plus=0.05)
        loop = Projection("hid", "hid", (Dense(np.full((10, 10), 0.5)),), MS, plasticity=second)
        program = nk.compile(replace(network, projections=(*network.projections, loop)))
        first, other = projection(program).plasticity, projection(program, "hid->hid").plasticity
        assert first.report.weight_scale * 1.7 == pytest.approx(255, rel=1e-3)
        assert other.report.weight_scale == pytest.approx(first.report.weight_scale)
        assert "weights are clipped at 1.7 instead of 1" in other.report.notes
        assert "(w-150)" in lava_strings(other)["dw"]  # the soft bound is near
        assert first.seed != other.seed

    def test_the_report_tells(self):
        program = nk.compile(learning_network(rules.stdp(a_plus=0.011), feedback=False))
        said = [note for row in program.report for note in row.notes]
        assert any(note.startswith("in->hid learns: the constant of") for note in said)

    def test_worst_cases_count_what_weights_may_become(self):
        still = learning_network(None, feedback=False)
        grown = nk.compile(learning_network(rules.stdp(), feedback=False)).report[0].worst_headroom
        assert grown < nk.compile(still).report[0].worst_headroom
