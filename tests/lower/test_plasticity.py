"""Rules in the engine's integers: what they learn beside the rule in floats, every fault and every report."""

import math
from dataclasses import replace

import numpy as np
import pytest

import neurokit.rules as rules
from neurokit.errors import CompileError
from neurokit.graph.check_fixed_rules import fixed_rule_faults
from neurokit.graph.fixed_plasticity_text import lava_strings
from neurokit.graph.lif_family import ALIF
from neurokit.graph.neurons import LeakyIntegrator
from neurokit.graph.plasticity import HostStep, Signal, Trace
from neurokit.lower.fixedpoint.learning import initial_state, learning_step
from neurokit.lower.plasticity_alone import lower_alone
from neurokit.lower.plasticity_scales import nearest
from tests.lower.rules_in_floats import MS, run_network

NEURON = ALIF(tau=np.asarray(0.02), tau_adaptation=np.asarray(0.2), beta=np.asarray(0.02))
HEARD = {"modulation": 1.0, "reward": 1.0}


def lowered(rule, **options):
    options = {"dt": MS, "neuron": NEURON, "weight": np.ones(1), "modulation": HEARD} | options
    return lower_alone(rule, **options)


def faults(rule, **options):
    with pytest.raises(CompileError) as caught:
        lowered(rule, **options)
    for fault in caught.value.faults:
        assert all((fault.node, fault.fact, fault.limit, fault.mend)), fault
        assert fault.mend[-1] in ".?", fault
    return [str(fault) for fault in caught.value.faults]


def learn(fixed, rule, sent, fires, signals, start):
    """The engine's change of weights, physical; signals by the rule's names, physical."""
    report = fixed.report
    state = initial_state(fixed, np.full((fires.shape[1], sent.shape[1]), round(start * report.weight_scale)))
    first = state.weight
    for step in range(len(sent)):
        y = np.zeros((3, fires.shape[1]))
        for name, values in signals.items():
            slots = report.assigned[name].split(",")
            scaled = values[step] * report.trace_scales[name]
            for slot, part in zip(slots, (scaled, -scaled), strict=False):
                part = np.maximum(part, 0) if len(slots) == 2 else part
                y[int(slot[1]) - 1] = np.clip(np.trunc(part), -127, 127)
        heard = y if fixed.three_factor else None
        state = learning_step(fixed, state, sent[step], fires[step], heard)
    return (state.weight - first) / report.weight_scale


def cosine(a, b):
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def trains(seed, rate, steps, sources=20, targets=15):
    """Poisson trains of different rates, so that weights change differently."""
    rng = np.random.default_rng(seed)
    sent = (rng.random((steps, sources)) < rate * rng.uniform(0.2, 2, sources)).astype(int)
    fires = (rng.random((steps, targets)) < rate * rng.uniform(0.2, 2, targets)).astype(int)
    sent[-1] = 0
    arrives = np.concatenate([np.zeros((1, sources), int), sent[:-1]])
    return rng, sent, arrives, fires


def smooth(rng, steps, targets, tau):
    noise, z = rng.normal(size=(steps, targets)), np.zeros((steps, targets))
    for t in range(1, steps):
        z[t] = z[t - 1] * math.exp(-1 / tau) + noise[t]
    return z / np.abs(z).max()


class TestWhatIsLearned:
    @pytest.mark.parametrize(
        ("rule", "arithmetic"),
        [
            (rules.stdp(a_plus=0.004, a_minus=0.001), "lava"),
            (rules.stdp(a_plus=0.004, a_minus=0.001), "repaired"),
            (rules.triplet_stdp(parameters=rules.VISUAL_CORTEX_MINIMAL, scale=0.5), "lava"),
            (rules.triplet_stdp(parameters=rules.HIPPOCAMPUS_MINIMAL, scale=0.5), "repaired"),
        ],
        ids=["lava", "repaired", "cortex", "hippocampus"],
    )
    def test_spikes(self, rule, arithmetic):
        _, sent, arrives, fires = trains(0, 0.04, 1000)
        expected = run_network(rule, arrives, fires, {})["w"]
        fixed = lowered(rule, arithmetic=arithmetic, weight=np.full(1, 1.2 * np.abs(expected).max()))
        found = learn(fixed, rule, sent, fires, {}, 0.0)
        assert cosine(found, expected) > 0.97
        assert 0.85 < (found * expected).sum() / (expected**2).sum() < 1.2

    @pytest.mark.parametrize(("arithmetic", "least"), [("lava", 0.88), ("repaired", 0.95)])
    @pytest.mark.parametrize("signal_steps", [1, 2])
    def test_eprop(self, signal_steps, arithmetic, least):
        """Lava's model rounds every product down, which takes 8 units off all weights in these 1000 steps."""
        rng, sent, arrives, fires = trains(1, 0.03, 1000)
        signals = {
            "learning": smooth(rng, 1000, 15, 50.0),
            "psi": 0.3 * np.maximum(0, smooth(rng, 1000, 15, 10.0)),
        }
        rule = rules.eprop_lif(dt=MS, tau=0.02, tau_out=0.02, learning_rate=3e-3, signal_steps=signal_steps)
        expected = run_network(rule, arrives, fires, signals)["w"]
        tag = {"tag": 0.33, "tag2": 0.33}  # as a calibration shows
        weight = np.full(1, 1.2 * np.abs(expected).max())
        fixed = lowered(rule, arithmetic=arithmetic, weight=weight, observed=tag)
        found = learn(fixed, rule, sent, fires, signals, 0.0)
        assert cosine(found, expected) > least
        assert 0.9 < (found * expected).sum() / (expected**2).sum() < 1.1
        if arithmetic == "repaired":
            assert abs((found - expected).mean()) * fixed.report.weight_scale < 1

    def test_soft_bounds_keep_their_balance(self):
        """Potentiation and depression of equal strength balance at half of w_max, wherever the weights start."""
        rule = rules.soft_stdp(w_max=2.0, a_plus=0.05, a_minus=0.05)
        _, sent, _, fires = trains(2, 0.15, 1000)
        fixed = lowered(rule, arithmetic="repaired")
        assert fixed.bounds == (0, 255)
        assert fixed.report.weight_scale == 127.5
        for start in (0.2, 1.8):
            found = start + learn(fixed, rule, sent, fires, {}, start)
            assert abs(found.mean() - 1.0) < 0.12

    def test_decimated_terms_change_as_much(self):
        """Slow traces: BTSP's terms are evaluated in every 2**k th step, 2**k times as large."""
        rule = rules.btsp_saturating(
            tau_eligibility=1.0, tau_instructive=0.8, eligibility=0.05, instruction=0.01, k_potentiation=2.0
        )
        fixed = lowered(rule)
        assert fixed.decimation > 0
        assert any("is evaluated" in n or "are evaluated in every" in n for n in fixed.report.notes)
        _, sent, arrives, fires = trains(3, 0.02, 2000)
        plateau = np.zeros((2000, 15))
        for k in range(15):
            plateau[200 + 80 * k : 500 + 80 * k, k] = 1.0
        trace = np.zeros(15)
        signals = {"i": np.zeros((2000, 15)), "i_steep": np.zeros((2000, 15))}
        for t in range(2000):
            trace = trace * math.exp(-MS / 0.8) + 0.01 * plateau[t]
            signals["i"][t], signals["i_steep"][t] = np.minimum(trace, 1), np.minimum(4 * trace, 1)
        e, e_steep, w = np.zeros(20), np.zeros(20), np.full((15, 20), 1.5)
        for t in range(2000):
            e = np.minimum(e * math.exp(-MS / 1.0) + 0.05 * arrives[t], 1)
            e_steep = np.minimum(e_steep * math.exp(-MS / 1.0) + 0.2 * arrives[t], 1)
            up = 2.0 * e[None] * signals["i"][t][:, None] * (4.68 - w)
            w = w + MS * (up - 0.425 * e_steep[None] * signals["i_steep"][t][:, None] * w)
        found = learn(fixed, rule, sent, fires, signals, 1.5)
        assert cosine(found, w - 1.5) > 0.97

    def test_slow_decay_of_a_tag(self):
        """A rate of 1/500 a step, below 2**-7, by a constant of the neuron."""
        rule = rules.reward_stdp(tau_tag=0.5)
        fixed = lowered(rule, arithmetic="repaired", modulation={"modulation": 1.0})
        assert [s.function for s in fixed.signals.values()].count("constant") == 1
        state = initial_state(fixed, np.zeros((50, 40), int))
        state = replace(state, tag=np.full((50, 40), 200))
        silent = np.zeros((3, 50))
        silent[int(next(n[1] for n, s in fixed.signals.items() if s.function == "constant")) - 1] = round(
            next(s.parameters["value"] for s in fixed.signals.values() if s.function == "constant")
        )
        for _ in range(300):
            state = learning_step(fixed, state, np.zeros(40), np.zeros(50), silent)
        assert abs(state.tag.mean() / (200 * math.exp(-300 / 500)) - 1) < 0.12


class TestReports:
    def test_scales_and_slots(self):
        fixed = lowered(rules.eprop_lif(dt=MS, tau=0.02, tau_out=0.02))
        report = fixed.report
        assert report.assigned == {"x": "x1", "learning": "y1,y3", "psi": "y2", "tag": "t", "w": "w"}
        assert {s.function for s in fixed.signals.values()} == {
            "modulation_positive",
            "pseudo_derivative",
            "modulation_negative",
        }
        assert report.trace_scales["psi"] * 0.3 <= 127
        assert all(error < 0.25 for error in report.errors.values())
        assert set(report.errors) == set(report.smallest)
        assert fixed_rule_faults(fixed) == []
        assert fixed.signals["y2"].scale == report.trace_scales["psi"]

    def test_arithmetic_and_seed(self):
        fixed = lowered(rules.eprop_lif(dt=MS, tau=0.02), arithmetic="repaired")
        assert fixed.arithmetic == "repaired"
        assert fixed.report.assigned["learning"] == "y1"  # signs are kept there
        assert lowered(rules.stdp(), seed=7).seed == 7
        assert lowered(rules.stdp()).seed == lowered(rules.stdp()).seed

    def test_what_is_next_to_nothing_is_left_out(self):
        report = lowered(rules.triplet_stdp()).report
        assert "'5e-10 * post * r1' is left out: it is next to nothing beside the other terms" in report.notes

    def test_bits(self):
        narrow = lowered(rules.soft_stdp(w_max=1.0, a_plus=0.05, a_minus=0.05), weight_bits=5, trace_bits=4)
        assert narrow.report.weight_scale == 31
        assert all(trace.impulse <= 15 for trace in narrow.traces.values())

    def test_intervals_become_epochs(self):
        fixed = lowered(replace(rules.stdp(), interval=8 * MS))
        assert fixed.epoch == 8
        assert any("is taken with the spike of this step" in note for note in fixed.report.notes)
        assert lowered(rules.stdp(), epoch=4).epoch == 4

    def test_bounds_of_the_sign_modes(self):
        assert lowered(rules.stdp(bounds=(-1.0, 0.0))).bounds == (-255, 0)
        assert lowered(rules.stdp(bounds=(-1.0, 2.0))).bounds == (-256, 255)
        notes = lowered(rules.stdp(bounds=(-1.0, 2.0))).report.notes
        assert "weights are clipped at -2.008 instead of -1" in notes

    def test_the_second_tag_may_be_negative(self):
        fixed = lowered(rules.eprop_lif(dt=MS, tau=0.02, signal_steps=2))
        assert fixed.second_tag_start == 128
        assert "(d-128)" in lava_strings(fixed)["dw"]


@pytest.mark.parametrize("exact", [1.0, 0.3, 5.0, 0.0469, 7 * 256.0, 1 / 128, 97.3])
def test_nearest_literals(exact):
    """By brute force over all mantissas and exponents."""
    best = min(abs(m * 2.0**e / exact - 1) for m in range(1, 8) for e in range(-7, 9))
    found = nearest(-exact)
    assert abs(abs(found.mantissa) * 2.0**found.exponent / exact - 1) == pytest.approx(best, abs=1e-12)
    assert found.mantissa < 0
    assert nearest(exact, limit=2**31 - 1).mantissa in (1, 3, 5, 7)


class TestFaults:
    def test_rates(self):
        found = faults(rules.stdp(a_plus=1e-7))
        assert "'stdp: dw': term '1e-07 * post * x': rate " in found[0]
        assert "is below the smallest step 2^-7" in found[0]
        assert "decimate it with u_k" in found[0]
        found = faults(rules.weight_mirror(learning_rate=0.1, decay=0.01))
        assert any("term '-0.01 * rate * w': rate 1e-05 a step is below the smallest step 2^-12" in f for f in found)
        found = faults(rules.rule("r", weight="1e9 * pre"))
        assert "is above the largest, 7*2^8" in found[0]

    def test_too_many_values(self):
        traces = {name: Trace("pre", 0.01) for name in ("a", "b", "c")}
        assert (
            "needs 3 values of the source (a, b, c); the learning engine has x1, x2"
            in faults(rules.rule("r", weight="step * a * b * c", traces=traces))[0]
        )
        traces = {name: Trace("post", 0.01) for name in ("a", "b", "c", "e")}
        found = faults(rules.rule("r", weight="step * a * b * c * e", traces=traces))
        assert "needs 4 values of the target (a, b, c, e); the learning engine has y1, y2, y3" in found[0]
        traces = {name: Trace("pre", 0.01, overwrites=True) for name in ("a", "b")}
        found = faults(rules.rule("r", weight="step * a * b", traces=traces), graded=True)
        assert "has two traces that payloads overwrite; only x1 takes a payload" in found[0]

    def test_products_beyond_32_bits(self):
        traces = {"x1": Trace("pre", 0.01), "y1": Trace("post", 0.01)}
        found = faults(rules.rule("r", weight="step * w * x1 * x1 * y1 * y1", traces=traces))
        assert any("the engine's accumulator has 32 bits" in line for line in found)

    def test_strings_that_are_too_long(self):
        traces = {"x1": Trace("pre", 0.01), "x2": Trace("pre", 0.02), "y1": Trace("post", 0.01)}
        long = " + ".join(f"post * x1 * (w + 0.{k}) * x2" for k in range(1, 9))
        found = faults(rules.rule("r", weight=long + " - pre * before(y1)", traces=traces))
        assert any("characters; Lava's processes hold 256" in line for line in found)

    def test_functions(self):
        found = faults(rules.btsp_milstein(tau_eligibility=1, tau_instructive=1, eligibility=0.1, instruction=0.1))
        assert all("the learning engine has products and the sign of a synaptic variable" in line for line in found)
        traces = {"et": Trace("pre", 0.01)}
        signals = {"inst": Signal("modulation", {"scale": 1.0})}
        found = faults(rules.rule("r", weight="rate * step(et * inst - 0.1)", traces=traces, signals=signals))
        assert "term 'step(et * inst - 0.1)'" in found[0]
        assert "Loihi compares only a synaptic variable (w, tag, tag2) with a constant. Stage this value" in found[0]

    def test_constants_off_the_grid(self):
        rule = rules.rule("r", weight="0.1 * step * sgn(tag - 0.001)", tag="pre - 0.1 * step * tag")
        assert "the constant -0.001 is" in faults(rule)[0]
        assert "constants beside a variable are whole numbers" in faults(rule)[0]

    def test_hosts_and_epochs(self):
        hosted = replace(rules.stdp(), host=(HostStep("normalise_rows", 0.1, {"total": 1.0}),))
        assert "every 0.1 s a host does 'normalise_rows'; no host takes part in a Program's run" in faults(hosted)[0]
        found = faults(rules.self_alignment(forward="a->b", learning_rate=0.1, decay=10.0, every=0.1))
        assert "the learning engine sees one synapse at a time" in found[0]
        assert "interval is 64 steps; an epoch has 1 to 63 steps" in faults(replace(rules.stdp(), interval=0.064))[0]

    def test_signals(self):
        found = faults(rules.reward_stdp(), modulation={})
        assert "hears the port 'modulation', and how large what arrives there is, nobody knows" in found[0]
        assert "Pass calibrate= with sample inputs, the learning signal among them" in found[0]
        limited = replace(rules.reward_stdp(), signals={"reward": Signal("modulation", {"scale": 1.0}, limit=2.0)})
        assert lowered(limited, modulation={}).report.trace_scales["reward"] == pytest.approx(63.5)
        uneven = replace(NEURON, threshold=np.array([1.0, 2.0]))
        found = faults(rules.eprop_lif(dt=MS, tau=0.02), neuron=uneven)
        assert "is measured in thresholds, which differ between neurons" in found[0]
        readout = LeakyIntegrator(tau=np.asarray(0.02))
        found = faults(rules.oja(learning_rate=0.01), neuron=readout)
        assert "is the potential of a readout, which has no threshold" in found[0]
        silent = rules.rule("r", weight="step * m", signals={"m": Signal("modulation", {"scale": 0.0})})
        assert "is 0 or without bound" in faults(silent)[0]

    def test_payloads(self):
        found = faults(rules.btsp_eiann_gated())
        assert "takes payloads, which a spiking source does not send; x1 becomes half of a payload" in found[0]
        steep = rules.rule("r", weight="pre * x1", traces={"x1": Trace("pre", 0.01, 2.0, limit=1.0)})
        assert "its impulse is 2 of its limit" in faults(steep)[0]
        faint = rules.rule("r", weight="pre * x1", traces={"x1": Trace("pre", 0.01, 1e-6, limit=1.0)})
        assert "its impulse is 0.00013 units; an impulse has 8 bits after the point" in faults(faint)[0]

    def test_weights(self):
        assert "all weights are 0 and it has no bounds" in faults(rules.stdp(), weight=np.zeros(3))[0]
        assert "tau is 0" in faults(replace(rules.stdp(), traces={**rules.stdp().traces, "x": Trace("pre", 0.0)}))[0]


@pytest.mark.parametrize("arithmetic", ["repaired", "lava"])
def test_a_replaced_tag_keeps_the_engines_range(arithmetic):
    """A tag that takes the trace of the step before: old and new value together would leave the sum's 16 bits."""
    most = 1 / (1 - math.exp(-3 / 20))  # of a source that fires in every third step
    fixed = lowered(rules.eprop_readout(dt=MS, tau_out=0.02), arithmetic=arithmetic, observed={"x": most, "tag": most})
    state, tags = initial_state(fixed, np.zeros((1, 1))), []
    for step in range(300):
        tags.append(int(state.tag[0, 0]))
        sent = np.array([step % 3 == 0], np.int64)
        state = learning_step(fixed, state, sent, np.zeros(1), np.zeros((3, 1)))
    mean = np.mean(tags[150:]) / fixed.report.tag_scale
    assert np.mean(tags[150:]) > 128  # two of them are out of range
    assert mean == pytest.approx(1 / 3 / (1 - math.exp(-1 / 20)), rel=0.03)
