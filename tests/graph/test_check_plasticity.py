"""Which projections may learn, and what of a FixedRule the chip does not hold: each fault by its message."""

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

import neurokit.rules as rules
from neurokit.graph.check import check_network, check_program
from neurokit.graph.check_fixed_rules import fixed_rule_faults, shift_of
from neurokit.graph.fixed_plasticity import FixedFactor, FixedRule, FixedSignal, FixedTrace, Product
from neurokit.graph.lif_family import ALIF, LoihiALIF
from neurokit.graph.network import Input, Network, Population, Program, Projection
from neurokit.graph.neurons import IF, LIF, LeakyIntegrator, LoihiLIF
from neurokit.graph.plasticity import HostStep, Signal, Trace
from neurokit.graph.plasticity_text import rule
from neurokit.graph.synapses import Conv2d, Dense, Flatten, Injection, Sparse, SumPool2d
from tests.graph.checking import message, messages
from tests.networks import joined

PAIR = rule(
    "pair",
    weight="0.01 * post * x1 - 0.012 * pre * y1",
    traces={"x1": Trace("pre", 0.02), "y1": Trace("post", 0.02)},
)
REWARDED = rule(
    "rewarded",
    weight="step * tag * m",
    tag="pre * 1 - step * 0.1 * tag",
    signals={"m": Signal("modulation", {"scale": 1.0})},
)
F = FixedFactor
FIXED_PAIR = FixedRule(
    "pair",
    (Product(1, -2, "y0", (F("x1"),)), Product(-1, -2, "x0", (F("y1"),))),
    traces={"x1": FixedTrace(16, 20), "y1": FixedTrace(16, 20)},
)
ONES = Dense(np.ones((2, 2)))


def learning(plasticity=PAIR, synapses=(ONES,), neuron=None, shape=(2,), target=(2,), dt=1e-3):
    population = Population("p0", target, neuron or LIF(tau=0.02))
    projection = Projection("in", "p0", synapses, plasticity=plasticity)
    return Network({"in": Input("in", shape)}, {"p0": population}, (projection,), {"p0": population}, dt=dt)


def modulated(graph, source="in", weight=None):
    return joined(
        graph, Projection(source, "p0", (Dense(np.ones((2, 2)) if weight is None else weight),), port="modulation")
    )


def program(plasticity=FIXED_PAIR, weight=((1, 2), (3, 4)), delay=1, neuron=None, synapse=None):
    population = Population("p0", (2,), neuron or LoihiLIF(4096, 0, 640))
    synapse = synapse or Dense(np.array(weight))
    projection = Projection("in", "p0", (synapse,), delay, plasticity=plasticity)
    return Program({"in": Input("in", (2,))}, {"p0": population}, (projection,), {"p0": population})


class TestSound:
    @pytest.mark.parametrize(
        ("synapses", "shape", "target"),
        [
            ((ONES,), (2,), (2,)),
            ((Sparse(sp.csr_matrix(np.eye(2))),), (2,), (2,)),
            ((Flatten(), Dense(np.ones((3, 8)))), (2, 2, 2), (3,)),
            ((Conv2d(np.ones((1, 2, 2, 2))),), (2, 3, 3), (1, 2, 2)),
            ((Conv2d(np.ones((1, 2, 2, 2))), Flatten()), (2, 3, 3), (4,)),
        ],
    )
    def test_what_learns(self, synapses, shape, target):
        graph = learning(synapses=synapses, shape=shape, target=target)
        assert check_network(graph) is graph

    def test_programs(self):
        check_program(program())
        check_program(program(weight=((201, -255), (3, 4))))  # odd ones of mixed sign: what was learned
        check_program(program(replace(FIXED_PAIR, bounds=(0, 255)), weight=((255, 0), (3, 4))))

    def test_modulation_by_an_input_a_population_and_a_readout(self):
        graph = modulated(learning(REWARDED))
        check_network(graph)
        readout = Population("out", (2,), LeakyIntegrator(tau=np.asarray(0.02)))
        whole = replace(graph, populations={**graph.populations, "out": readout}, outputs={"out": readout})
        check_network(
            joined(
                whole,
                Projection("p0", "out", (ONES,)),
                Projection("out", "p0", (ONES,), port="modulation"),  # no loop: heard after all neurons
            )
        )

    def test_signals_of_neurons(self):
        signals = {"psi": Signal("pseudo_derivative", {"dampening": 0.3, "scale": 1.0})}
        check_network(learning(rule("r", weight="step * psi", signals=signals)))
        leak = {**signals, "leak": Signal("adaptation_decay", {"dampening": 0.3, "scale": 1.0})}
        neuron = ALIF(tau=0.02, tau_adaptation=0.2, beta=0.1)
        check_network(learning(rule("r", weight="step * psi * leak", signals=leak), neuron=neuron))


class TestNetworks:
    def test_kinds_of_maps(self):
        pooled = (SumPool2d((1, 1), (1, 1)),)
        found = message(learning(synapses=pooled, shape=(1, 1, 2), target=(1, 1, 2)))
        assert "is a SumPool2d and is to learn; only Dense, Sparse and Conv2d synapses learn. Write it out" in found
        found = message(learning(synapses=(ONES, ONES)))
        assert "chains Dense, Dense and is to learn" in found
        found = message(learning(synapses=(Flatten(),)))
        assert "chains Flatten and is to learn" in found

    def test_kinds_of_rules(self):
        assert "carries the FixedRule 'pair'; its weights are floats" in message(learning(FIXED_PAIR))
        assert "its plasticity is a str; plasticity is a Rule" in message(learning("stdp"))

    def test_the_rules_own_faults(self):
        bad = replace(PAIR, traces={**PAIR.traces, "x1": Trace("pre", 0.0)})
        assert "'pair: x1': tau is 0" in message(learning(bad))

    def test_no_step(self):
        found = messages(learning(dt=None, neuron=IF()))
        assert found == ["'in->p0': rule 'pair' has times in seconds; the step is unknown. Pass dt= in seconds."]

    def test_intervals_off_the_grid(self):
        found = message(learning(replace(PAIR, interval=1.5e-3)))
        assert "rule 'pair': interval 0.0015 s is off the grid of 0.001 s; intervals are whole steps" in found
        hosted = replace(PAIR, host=(HostStep("normalise_rows", 1e-4, {"total": 1.0}),))
        assert "host step normalise_rows 0.0001 s is off the grid" in message(learning(hosted))

    def test_weights_beyond_the_bounds(self):
        found = message(learning(replace(PAIR, bounds=(0.0, 0.5))))
        assert "weights run from 1 to 1; rule 'pair' bounds them to 0 .. 0.5. Give the rule bounds" in found

    @pytest.mark.parametrize(
        "plasticity",
        [
            PAIR,
            rule("r", weight="step * s", signals={"s": Signal("spike", {"scale": 1.0})}),
            rule("r", weight="post * w"),
        ],
    )
    def test_targets_that_never_spike(self, plasticity):
        found = message(learning(plasticity, neuron=LeakyIntegrator(tau=np.asarray(0.02))))
        assert "hears its target's spikes; 'p0' never spikes. Use a rule of its potential" in found

    def test_signals_that_the_neuron_has_not(self):
        psi = {"psi": Signal("pseudo_derivative", {"dampening": 0.3, "scale": 1.0})}
        found = message(learning(rule("r", weight="step * psi", signals=psi), neuron=LeakyIntegrator(tau=0.02)))
        assert "takes a pseudo-derivative; 'p0' is LeakyIntegrator, which has no single threshold of v" in found
        leak = {"leak": Signal("adaptation_decay", {"dampening": 0.3, "scale": 1.0})}
        found = message(learning(rule("r", weight="step * leak", signals=leak)))
        assert "takes the decay of an adaptation; 'p0' is LIF, which has no adaptation" in found

    def test_modulation(self):
        found = message(learning(REWARDED))
        assert "hears a modulation; no projection feeds 'p0' at the port 'modulation'. Add a projection" in found
        rewarded = replace(REWARDED, signals={"m": Signal("reward", {"scale": 1.0})})
        found = messages(modulated(learning(rewarded)))[0]
        assert "feeds the port 'modulation'; 'p0' has no plastic projection with a signal" in found
        found = message(learning(rewarded))
        assert "hears a reward; no projection feeds 'p0' at the port 'reward'" in found
        found = message(modulated(learning()))
        assert "'in->p0.modulation': feeds the port 'modulation'; 'p0' has no plastic projection with a signal" in found
        biased = joined(
            learning(REWARDED), Projection("in", "p0", (Dense(np.ones((2, 2)), np.ones(2)),), port="modulation")
        )
        assert "has a bias; constants enter by port ''" in message(biased)

    def test_partners(self):
        def aligned(reads):
            return rules.self_alignment(forward=reads, learning_rate=0.1, decay=0.1, every=0.01)

        assert "reads 'a->b', which is no projection; there are in->p0. Use" in message(learning(aligned("a->b")))
        graph = learning(aligned("in->p0"))
        check_network(graph)  # square: its own transpose
        wide = learning(aligned("in->p0"), (Dense(np.ones((3, 2))),), target=(3,))
        assert "reads 'in->p0', which does not fit; its weights are to be the transpose" in message(wide)


class TestPrograms:
    def test_a_rule_in_seconds(self):
        graph = program()
        physical = replace(graph, projections=(replace(graph.projections[0], plasticity=PAIR),), dt=1e-3)
        found = message(physical)
        assert "carries the Rule 'pair'; a Program's rules are in the chip's integers. Call nk.compile" in found

    def test_delays(self):
        found = message(program(delay=2))
        assert "learns and has delays of 2 to 2 steps; Lava's learning connections take one step" in found

    def test_weights_beyond_the_sign_mode(self):
        found = message(program(replace(FIXED_PAIR, bounds=(0, 255)), weight=((1, -2), (3, 4))))
        assert "weights run from -2 to 4; rule 'pair' bounds them to 0 .. 255" in found
        assert "weights run from 1 to 300" in message(program(weight=((1, 300), (3, 4))))

    def test_kinds(self):
        found = messages(program(synapse=Injection(), delay=0))
        assert any("is a Injection and is to learn" in line for line in found)

    def test_alif(self):
        neuron = LoihiALIF(4096, 0, 0, 640, 640, 1, 0)
        signal = {"y1": FixedSignal("adaptation_decay", {"dampening": 0.3, "scale": 1.0})}
        check_program(program(FixedRule("r", (Product(1, 0, "u", (F("y1"),)),), signals=signal), neuron=neuron))


def faults(dw=None, **fields):
    made = replace(FIXED_PAIR, **({} if dw is None else {"dw": dw}), **fields)
    return [str(fault) for fault in fixed_rule_faults(made)]


def fault(dw=None, **fields):
    (found,) = faults(dw, **fields)
    return found


class TestFixedRules:
    def test_sound(self):
        assert faults() == []

    @pytest.mark.parametrize(
        ("product", "says"),
        [
            (Product(8, 0, "x0", (F("y1"),)), "product '8*x0*y1' has the mantissa 8; 1 to 7 either way (4 bits)"),
            (Product(0, 0, "x0", (F("y1"),)), "has the mantissa 0"),
            (Product(-8, 0, "x0", (F("y1"),)), "has the mantissa -8"),
            (Product(1, -8, "x0", (F("y1"),)), "product '2^-8*x0*y1' has the exponent -8; -7 to 8 (4 bits"),
            (Product(1, 9, "x0", (F("y1"),)), "has the exponent 9"),
            (Product(1, 0, "x1", (F("y1"),)), "a product depends on 'x1'; dependencies: x0, y0, u"),
            (Product(1, 0, "x0", (F("z"),)), "a product has the factor 'z'; the engine has x0"),
            (Product(1, 0, "x0", (F("y1", 128),)), "'x0*(y1+128)' has the constant 128; whole numbers below 128"),
            (Product(1, 0, "x0", (F("w", -512),)), "has the constant -512; whole numbers below 512 either way"),
            (Product(1, 0, "x0", (F("y0", 1),)), "has the constant 1; spikes take none"),
            (Product(1, 0, "x0", (F("y1", 0.5),)), "has a number that is not whole; the engine holds whole numbers"),
            (Product(1, 0, "x0", (F("y1", 3, True),)), "takes the sign of y1; the engine compares only a synaptic"
                " variable (w, t, d) with a constant. Stage this value in a tag first."),
            (Product(1, 0, "x0", (F("x0"),)), "has x0 twice; a spike is 0 or 1"),
            (Product(1, 0, "x0", (F("y2"),)), "product 'x0*y2' reads y2; no trace or signal feeds it"),
            (Product(1, 0, "u", (F("w"), F("x1"), F("x1"), F("y1"), F("y1"))),
                "product 'u0*w*x1*x1*y1*y1' reaches 6.7e+10; the engine's accumulator has 32 bits"),
            (Product(1.0, 8, "u", (F("w"),)), "has a number that is not whole"),
        ],
    )  # fmt: skip
    def test_products(self, product, says):
        found = faults((product,))
        assert any(says in line for line in found), found

    def test_shifts(self):
        """The facts of Lava's applier: x1 alone 0, x1*w 5, x1*y1 3, x1*y1*y2 10, x1*y1*w 12, x1*sgn(w) 5 bits."""
        cases = {("x1",): 0, ("x1", "w"): 5, ("x1", "y1"): 3, ("x1", "y1", "y2"): 10, ("x1", "y1", "w"): 12}
        for names, bits in cases.items():
            assert shift_of(Product(1, 0, "u", tuple(F(name) for name in names))) == bits
        assert shift_of(Product(1, 0, "u", (F("x1"), F("w", 0, True)))) == 5

    def test_a_string_that_is_too_long(self):
        product = Product(-3, -7, "x0", (F("y1"), F("w", -100), F("x1", -100)))
        assert "the rule's string has 330 characters; Lava's processes hold 256" in fault((product,) * 11)

    @pytest.mark.parametrize(
        ("name", "trace", "says"),
        [
            ("x1", FixedTrace(128, 20), "impulse is 128; 0 to 127 (7 bits)"),
            ("x1", FixedTrace(-1, 20), "impulse is -1"),
            ("x1", FixedTrace(math.nan, 20), "impulse is nan"),
            ("x1", FixedTrace(0.3, 20), "impulse is 0.3; its fraction is in 256ths (8 bits)"),
            ("x1", FixedTrace(1, -1), "tau is -1; a finite number of steps from 0 on. Use 65535 to hold a value."),
            ("x1", FixedTrace(1, math.inf), "tau is inf"),
            ("y1", FixedTrace(1, 1, True), "overwrites; only x1 takes a payload"),
            ("z1", FixedTrace(1, 1), "is no trace of the chip; it has x1, x2, y1, y2, y3"),
        ],
    )  # fmt: skip
    def test_traces(self, name, trace, says):
        assert says in fault(traces={**FIXED_PAIR.traces, name: trace})

    def test_signals(self):
        value = {"value": 1.0}
        assert "'pair: y1': is a trace beside signals" in fault(signals={"y2": FixedSignal("constant", value)})
        alone = {"x1": FIXED_PAIR.traces["x1"]}
        assert "is no signal of the chip; neurons send y1, y2, y3" in faults(
            traces=alone, signals={"x2": FixedSignal("constant", value), "y1": FixedSignal("constant", value)}
        )[0]  # fmt: skip
        one = fault(traces=alone, signals={"y1": FixedSignal("sing")})
        assert "is an unknown signal 'sing'" in one
        one = fault(traces=alone, signals={"y1": FixedSignal("constant", {"size": 1.0})})
        assert "has the parameters size; 'constant' takes value" in one
        one = fault(traces=alone, signals={"y1": FixedSignal("constant", {"value": math.inf})})
        assert "has a parameter that is not finite" in one

    @pytest.mark.parametrize(
        ("field", "value", "says"),
        [
            ("epoch", 0, "epoch is 0; 1 to 63 steps (6 bits)"),
            ("epoch", 64, "epoch is 64"),
            ("epoch", 1.5, "epoch is 1.5"),
            ("decimation", 10, "decimation is 10; 0 to 9 (one digit: Lava reads u10 as u1 * 0)"),
            ("decimation", -1, "decimation is -1"),
            ("bounds", (0, 100), "bounds are (0, 100); the engine clips weights to -256 to 255, 0 to 255, -255 to 0"),
            ("tag_start", 256, "tag_start is 256; whole numbers from -256 to 255"),
            ("second_tag_start", -1, "second_tag_start is -1; whole numbers from 0 to 255"),
            ("arithmetic", "exact", "arithmetic is 'exact'; it is 'lava' or 'repaired'"),
            ("seed", -1, "seed is -1"),
        ],
    )
    def test_numbers(self, field, value, says):
        assert says in fault(**{field: value})
