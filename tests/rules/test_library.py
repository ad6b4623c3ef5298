"""The rule library: each rule as text, and what its functions refuse. What the rules do is tested beside this file."""

from math import exp

import pytest

import neurokit.rules as rules
from neurokit.errors import RuleError
from neurokit.graph.check_rules import rule_faults
from neurokit.graph.plasticity import Rule, Trace

MS = 1e-3
BTSP = {"tau_eligibility": 1.0, "tau_instructive": 0.5, "eligibility": 0.1, "instruction": 0.01}

# name: the rule, and its equations.
LIBRARY = {
    "stdp": (rules.stdp(), "dw = 0.005 * post * x - 0.00525 * pre * before(y)"),
    "soft_stdp": (
        rules.soft_stdp(w_max=2.0),
        "dw = 0.005 * post * x * (2 - w) - 0.00525 * pre * before(y) * w",
    ),
    "triplet_stdp": (
        rules.triplet_stdp(),
        "dw = 5e-10 * post * r1 + 0.0062 * post * r1 * before(o2) - 0.007 * pre * before(o1)"
        " - 0.00023 * pre * before(o1) * before(r2)",
    ),
    "triplet_stdp minimal": (
        rules.triplet_stdp(parameters=rules.VISUAL_CORTEX_MINIMAL),
        "dw = 0.0065 * post * r1 * before(o2) - 0.0071 * pre * before(o1)",
    ),
    "triplet_stdp hippocampus": (
        rules.triplet_stdp(parameters=rules.HIPPOCAMPUS_FULL),
        "dw = 0.0061 * post * r1 + 0.0067 * post * r1 * before(o2) - 0.0016 * pre * before(o1)"
        " - 0.0014 * pre * before(o1) * before(r2)",
    ),
    "triplet_stdp hippocampus minimal": (
        rules.triplet_stdp(parameters=rules.HIPPOCAMPUS_MINIMAL, scale=0.5),
        "dw = 0.00265 * post * r1 + 0.004 * post * r1 * before(o2) - 0.00175 * pre * before(o1)",
    ),
    "reward_stdp": (
        rules.reward_stdp(tau_tag=0.5),
        "dw = 0.005 * step * tag * reward\ndtag = post * x - 1.5 * pre * before(y) - 2 * rate * tag",
    ),
    "eprop_lif": (
        rules.eprop_lif(dt=MS, tau=0.02),
        "dw = -0.0001 * step * tag * learning\ndtag = step * x * psi - step * tag",
    ),
    "eprop_lif 0": (
        rules.eprop_lif(dt=MS, tau=0.02, signal_steps=0),
        "dw = -0.0001 * step * x * psi * learning",
    ),
    "eprop_lif 2": (
        rules.eprop_lif(dt=MS, tau=0.02, signal_steps=2),
        "dw = -0.0001 * step * tag2 * learning\ndtag = step * x * psi - step * tag\ndtag2 = step * tag - step * tag2",
    ),
    "eprop_readout": (
        rules.eprop_readout(dt=MS, tau_out=0.02),
        "dw = -0.0001 * step * tag * error\ndtag = step * x - step * tag",
    ),
    "eprop_readout 0": (rules.eprop_readout(dt=MS, tau_out=0.02, signal_steps=0), "dw = -0.0001 * step * x * error"),
    "eprop_alif": (
        rules.eprop_alif(dt=MS, tau=0.02, beta=0.25),
        "dw = -0.0001 * step * tag2 * learning\ndtag = step * x * psi - step * tag * forgetting\n"
        "dtag2 = step * x * psi - 0.25 * step * psi * tag - step * tag2",
    ),
    "eprop_alif_one_tag": (
        rules.eprop_alif_one_tag(dt=MS, tau=0.02, beta=0.5),
        "dw = -0.0001 * step * x * psi * learning + 5e-05 * step * psi * tag * learning\n"
        "dtag = step * x * psi - step * tag * forgetting",
    ),
    "eprop_reward": (
        rules.eprop_reward(dt=MS, tau=0.02, tau_out=None, discount=0.75),
        "dw = -0.0001 * step * tag2 * delta\ndtag = step * x * psi - step * tag\n"
        "dtag2 = step * tag * learning - 0.25 * step * tag2",
    ),
    "btsp_saturating": (
        rules.btsp_saturating(**BTSP),
        "dw = 1.1097 * rate * e * i * (4.68 - w) - 0.425 * rate * e_steep * i_steep * w",
    ),
    "btsp_eiann_gated": (
        rules.btsp_eiann_gated(),
        "dw = 0.0101 * pre * e * p_plus * (0.352 - w) - 0.0101 * pre * p_plus * w - 0.0101 * pre * e * p_minus",
    ),
    "btsp_binary": (rules.btsp_binary(), "dw = pre * p_plus * (1 - w) - pre * p_minus * w"),
    "convallis": (
        rules.convallis(learning_rate=0.1, tau_plus=0.01, tau_minus=0.02, upper=0.5, lower=0.1, tau_tag=0.5),
        "dw = 0.1 * rate * tag\ndtag = step * x_plus * above - step * x_minus * below - 2 * rate * tag",
    ),
    "convallis dead": (
        rules.convallis(learning_rate=0.5, tau_plus=0.01, tau_minus=0.02, upper=0.5, lower=0.1, dead_zone=8),
        "dw = 0.25 * rate * sgn(tag - 8) + 0.25 * rate * sgn(tag + 8)\n"
        "dtag = step * x_plus * above - step * x_minus * below",
    ),
    "nonlinear_hebbian": (rules.nonlinear_hebbian(learning_rate=0.1, level=1.0), "dw = 0.1 * step * x * h"),
    "oja": (rules.oja(learning_rate=0.1), "dw = 0.1 * step * x * y - 0.1 * step * y * y * w"),
    "delta_rule": (rules.delta_rule(learning_rate=0.1), "dw = -0.1 * step * x * error"),
    "weight_mirror": (
        rules.weight_mirror(learning_rate=0.1, decay=0.5),
        "dw = 0.1 * step * x * y - 0.5 * rate * w",
    ),
    "kolen_pollack": (
        rules.kolen_pollack(learning_rate=0.1, decay=0.5),
        "dw = -0.1 * step * x * error - 0.5 * rate * w",
    ),
    "information_alignment": (
        rules.information_alignment(amplify=0.1, null=0.2, decay=0.5),
        "dw = 0.1 * step * x * y - 0.2 * step * x * d - 0.5 * rate * w",
    ),
    "self_alignment": (
        rules.self_alignment(forward="a->b", learning_rate=0.1, decay=0.5, every=0.01),
        "dw = -0.5 * rate * w",
    ),
    "activation_alignment": (
        rules.activation_alignment(amplify=0.1, sparse=0.2, every=0.01),
        "dw = 0.1 * step * x * z",
    ),
}


@pytest.mark.parametrize("name", LIBRARY)
def test_equations(name):
    rule, text = LIBRARY[name]
    assert rules.rule_text(rule) == text
    assert rule.citation
    assert rule_faults(rule) == []


def test_every_rule_of_the_library_is_here_or_has_sigmoids():
    makers = {n for n in rules.__all__ if n[0].islower() and n not in ("rule", "rule_text")}
    assert makers - {name.split()[0] for name in LIBRARY} == {"btsp_milstein", "btsp_eiann"}
    for rule in (rules.btsp_milstein(**BTSP), rules.btsp_eiann()):
        assert isinstance(rule, Rule)
        assert "sigmoid" in rules.rule_text(rule)


def test_the_sigmoid_of_milstein_runs_from_0_to_1():
    """The rule at E I = 0 and 1, written out: dw/dt is 0 at 0, k_pot (w_max - w) - k_dep w at 1."""
    (pot, pot_zero, dep, dep_zero) = rules.btsp_milstein(**BTSP).weight

    def change(product, w):
        q_pot, q_dep = (
            1 / (1 + exp(-sum(s * (product if f else 1.0) for s, f in inner)))
            for inner in (next(f.inner for f in term.factors if hasattr(f, "inner")) for term in (pot, dep))
        )
        left = 4.68 - w
        return pot.scale * left * q_pot + pot_zero.scale * left + dep.scale * w * q_dep + dep_zero.scale * w

    assert abs(change(0.0, 1.0)) < 1e-12
    assert abs(change(1.0, 1.0) - (1.1097 * 3.68 - 0.425)) < 1e-12


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: rules.eprop_lif(dt=0.0, tau=0.02), "'dt': is 0.0; a step is a positive number of seconds"),
        (lambda: rules.eprop_lif(dt=MS, tau=0.02, tau_out=-1.0), "'tau_out': is -1.0"),
        (lambda: rules.eprop_lif(dt=MS, tau=0.02, signal_steps=3), "'signal_steps': is 3; two tags hold at most two"),
        (lambda: rules.eprop_lif(dt=MS, tau=0.0), "'eprop_lif: x': tau is 0"),
        (lambda: rules.stdp(bounds=(1.0, 0.0)), "'stdp': bounds are 1.0 to 0.0"),
        (lambda: rules.stdp(a_plus=float("nan")), "'stdp': parameter 'a_plus' is nan"),
        (
            lambda: rules.self_alignment(forward="", learning_rate=0.1, decay=0.1, every=0.1),
            "'add_transpose' reads nothing; it reads a projection",
        ),
        (
            lambda: rules.rule(
                "r",
                weight="pre * x",
                traces={"x": Trace("pre", 1.0)},
                host=(rules.HostStep("reverse_projection", 1.0, {"rate": 1.0}, "x"),),
            ),
            "'reverse_projection' reads 'x'; it reads a trace of the target: this rule has none",
        ),
        (
            lambda: rules.rule(
                "r",
                weight="pre * x",
                traces={"x": Trace("pre", 1.0)},
                host=(rules.HostStep("normalise_rows", 1.0, {"total": 1.0}, "x"),),
            ),
            "'normalise_rows' reads 'x'; it reads nothing else",
        ),
    ],
)
def test_refusals(make, says):
    with pytest.raises(RuleError) as caught:
        make()
    assert any(says in str(fault) for fault in caught.value.faults), caught.value.faults
