"""The float interpretation of a rule against one that goes through synapses and terms one by one, in plain numbers."""

import math

import numpy as np
import pytest
import scipy.sparse as sp

from neurokit.errors import GraphError
from neurokit.graph.plasticity import Apply, Before, HostStep, Rule, Term, Trace, Value
from neurokit.graph.synapses import Conv2d, Dense, Sparse, SumPool2d
from neurokit.lower.plastic_synapses import initial_weights, places, with_weights
from neurokit.lower.plasticity_float import FloatLearner

DT = 1e-3
SIGNALS = "m", "n"


def slow(rule, weight, pre, post, signals):
    """(weights, tags, second tags) (targets, sources) after all steps."""
    targets, sources = weight.shape
    steps = 1 if rule.interval is None else round(rule.interval / DT)
    z = {name: [0.0] * (sources if t.side == "pre" else targets) for name, t in rule.traces.items()}
    w, tag, tag2 = weight.copy(), np.full(weight.shape, rule.tag_start), np.full(weight.shape, rule.second_tag_start)
    spiked = {"pre": [None] * sources, "post": [None] * targets}  # the traces at the last spike since
    for now in range(len(pre)):
        sent = {"pre": pre[now], "post": post[now]}
        earlier = {}
        for name, trace in rule.traces.items():
            earlier[name] = [math.exp(-DT / trace.tau) * value for value in z[name]]
            z[name] = [
                min(trace.limit, value if s == 0 else trace.impulse * s if trace.overwrites else value + trace.impulse)
                for value, s in zip(earlier[name], sent[trace.side], strict=True)
            ]
        for side, seen in spiked.items():
            spiked[side] = [(dict(z), earlier) if s else a for a, s in zip(seen, sent[side], strict=True)]
        if (now + 1) % steps == 0:
            new = [values.copy() for values in (w, tag, tag2)]
            for j, i in np.ndindex(weight.shape):
                known = {"w": w[j, i], "tag": tag[j, i], "tag2": tag2[j, i]}
                known |= {name: signals[name][now, j] for name in SIGNALS}
                seen = {"pre": spiked["pre"][i], "post": spiked["post"][j]}
                known |= {side: float(there is not None) for side, there in seen.items()}
                for values, terms in zip(new, (rule.weight, rule.tag, rule.second_tag), strict=True):
                    for term in terms:
                        values[j, i] += one_term(term, rule, known, seen.get(term.gate, (z, earlier)), (j, i), steps)
            w, tag, tag2 = np.clip(new[0], *rule.bounds), new[1], new[2]
            spiked = {"pre": [None] * sources, "post": [None] * targets}
    return w, tag, tag2


def one_term(term, rule, known, traces, synapse, steps):
    """What a term adds to one synapse; traces: all values, and those before the step's spikes; None: gate is shut."""
    if traces is None:
        return 0.0
    j, i = synapse
    now, before = ({n: z[n][i if t.side == "pre" else j] for n, t in rule.traces.items()} for z in traces)

    def value(factor):
        if isinstance(factor, Apply):
            return apply(factor.function, sum(s * math.prod(map(value, inner)) for s, inner in factor.inner))
        if isinstance(factor, Before):
            return before[factor.trace]
        return factor.coefficient * (known | now)[factor.variable] + factor.offset

    return term.scale * (DT * steps if term.gate == "rate" else 1) * math.prod(map(value, term.factors))


def apply(function, z):
    """What the docstring of `Apply` says."""
    return {
        "sgn": int(z > 0) - int(z < 0),
        "step": int(z > 0),
        "rectified": max(0.0, z),
        "sigmoid": 1 / (1 + math.exp(-z)),
        "clip01": min(max(z, 0.0), 1.0),
        "square": z * z,
        "abs": abs(z),
    }[function]


def random_rule(rng, tags=True):
    """A rule with traces of both sides and up to three random terms for each variable."""
    traces = {
        "x1": Trace("pre", 0.02),
        "x2": Trace("pre", math.inf, 0.5, limit=1.2),
        "x3": Trace("pre", 0.05, 0.3, overwrites=True),
        "y1": Trace("post", 0.03, 2.0),
        "y2": Trace("post", 0.004, limit=1.0),
    }
    variables = [*traces, *SIGNALS, "pre", "post", "w", *(("tag", "tag2") if tags else ())]

    def factor(depth=0):
        kind = rng.integers(6)
        if kind == 0 and depth == 0:
            inner = tuple((rng.normal(), (factor(1), factor(1))) for _ in range(2))
            names = "sgn", "step", "rectified", "sigmoid", "clip01", "square", "abs"
            return Apply(names[rng.integers(len(names))], inner)
        if kind == 1:
            return Before(list(traces)[rng.integers(len(traces))])
        plain = rng.random() < 0.6
        name = variables[rng.integers(len(variables))]
        return Value(name) if plain else Value(name, int(rng.choice([-1, 1])), round(rng.normal(), 2))

    def terms(most):
        return tuple(
            Term(
                0.05 * rng.normal() * (20 if gate == "rate" else 1),
                gate,
                tuple(factor() for _ in range(rng.integers(0, 4))),
            )
            for gate in rng.choice(["pre", "post", "step", "rate"], rng.integers(1, most + 1))
        )

    return Rule(
        "random",
        "none",
        traces,
        terms(4),
        terms(3) if tags else (),
        terms(2) if tags else (),
        bounds=(-1.0, 1.0) if rng.random() < 0.5 else (-math.inf, math.inf),
        tag_start=0.25,
        second_tag_start=-0.5,
        interval=[None, 3 * DT][rng.integers(2)],
    )


def activity(rng, steps, sources, targets):
    """Graded spikes of sources, spikes of targets, and two signals."""
    pre = (rng.random((steps, sources)) < 0.3) * rng.integers(1, 4, (steps, sources))
    post = rng.random((steps, targets)) < 0.3
    return pre, post, {name: rng.normal(size=(steps, targets)) for name in SIGNALS}


def learn(rule, synapse, source, pre, post, signals):
    """The learner after all steps."""
    learner = FloatLearner(rule, places(synapse, source), initial_weights(synapse), DT)
    for now in range(len(pre)):
        learner.step(pre[now], post[now], {name: values[now] for name, values in signals.items()})
    return learner


@pytest.mark.parametrize("seed", range(25))
def test_dense_equals_one_synapse_after_the_other(seed):
    rng = np.random.default_rng(seed)
    rule, weight = random_rule(rng), rng.normal(size=(4, 5))
    data = activity(rng, 30, 5, 4)
    learner = learn(rule, Dense(weight), (5,), *data)
    w, tag, tag2 = slow(rule, weight, *data)
    scale = max(1.0, *(np.abs(values).max() for values in (w, tag, tag2)))  # random rules may grow
    np.testing.assert_allclose(learner.weights, w, rtol=1e-12, atol=1e-12 * scale)
    for name, expected, terms in (("tag", tag, rule.tag), ("tag2", tag2, rule.second_tag)):
        assert terms
        np.testing.assert_allclose(learner.tags[name], expected, rtol=1e-12, atol=1e-12 * scale)
    assert not np.array_equal(w, weight)


@pytest.mark.parametrize("seed", range(8))
def test_sparse_synapses_learn_as_a_dense_map_does_where_they_are(seed):
    rng = np.random.default_rng(100 + seed)
    rule, mask = random_rule(rng), rng.random((6, 7)) < 0.4
    weight = rng.normal(size=mask.shape)
    matrix = sp.csr_matrix(np.where(mask, weight, 0))
    data = activity(rng, 40, 7, 6)
    sparse, dense = learn(rule, Sparse(matrix), (7,), *data), learn(rule, Dense(weight), (7,), *data)
    after = with_weights(Sparse(matrix), sparse.weights).weight.toarray()
    np.testing.assert_allclose(after[mask], dense.weights[mask], rtol=1e-12, atol=1e-12)
    assert not after[~mask].any()


@pytest.mark.parametrize("seed", range(8))
def test_taps_of_a_convolution_change_by_the_sum_over_their_places(seed):
    rng = np.random.default_rng(200 + seed)
    rule = random_rule(rng)
    rule = Rule("tied", "", rule.traces, rule.weight, rule.tag, rule.second_tag, interval=rule.interval)
    kernel = rng.normal(size=(4, 1, 3, 2))
    conv = Conv2d(kernel, (2, 1), (1, 0), (1, 2), groups=2)
    shape = (2, 6, 5)
    out = conv.output_shape(shape)
    pre, post, signals = activity(rng, 9, math.prod(shape), math.prod(out))
    learner = learn(rule, conv, shape, pre, post, signals)

    w = kernel.copy()  # a dense map of all places, tied after every evaluation
    spread = np.zeros((math.prod(out), math.prod(shape)), np.int64) - 1
    for o, y, x in np.ndindex(out):
        for k, a, b in np.ndindex(1, 3, 2):
            row, column = 2 * y + a - 1, x + 2 * b
            if 0 <= row < 6 and column < 5:
                source = np.ravel_multi_index((o // 2 + k, row, column), shape)
                spread[np.ravel_multi_index((o, y, x), out), source] = np.ravel_multi_index((o, k, a, b), kernel.shape)
    there = spread >= 0
    tied = FloatLearner(rule, places(Dense(np.zeros(spread.shape)), (60,)), np.zeros(spread.shape), DT)
    for now in range(9):
        tied.weights[...] = before = np.where(there, w.ravel()[spread], 0.0)
        tied.step(pre[now], post[now], {name: values[now] for name, values in signals.items()})
        np.add.at(w.reshape(-1), spread[there], (tied.weights - before)[there])
    scale = np.abs(w).max()
    np.testing.assert_allclose(with_weights(conv, learner.weights).weight, w, rtol=1e-10, atol=1e-10 * scale)
    assert not np.allclose(w, kernel)


def test_a_step_with_delivery_is_that_of_the_map():
    rng = np.random.default_rng(3)
    weight, x = rng.normal(size=(6, 7)), rng.integers(0, 3, 7).astype(float)
    for synapse in (Dense(weight), Sparse(sp.csr_matrix(weight * (weight > 0)))):
        expected = (synapse.weight @ x) if isinstance(synapse, Dense) else synapse.weight.toarray() @ x
        np.testing.assert_allclose(places(synapse, (7,)).deliver(initial_weights(synapse), x), expected, atol=1e-12)


def test_hosts_normalise_each_targets_weights_every_so_often():
    rng = np.random.default_rng(4)
    term = Term(0.01, "step", ())
    weight = rng.random((3, 4))
    weight[2] = 0
    host = HostStep("normalise_rows", 5 * DT, {"total": 2.0})
    rule = Rule("host", "", {}, (Term(0.01, "pre", ()),), host=(host,))
    silent = np.zeros((1, 4)), np.zeros((1, 3)), {}
    learner = learn(rule, Dense(weight), (4,), np.zeros((4, 4)), np.zeros((4, 3)), {})
    assert np.array_equal(learner.weights, weight)
    learner.step(silent[0][0], silent[1][0], {})
    np.testing.assert_allclose(learner.weights[:2].sum(1), 2.0)
    assert not learner.weights[2].any()  # nothing to scale
    bounded = Rule("host", "", {}, (term,), host=(host,), bounds=(0.0, 0.5))
    assert learn(bounded, Dense(weight), (4,), np.zeros((5, 4)), np.zeros((5, 3)), {}).weights.max() == 0.5
    kernel = Conv2d(rng.random((2, 1, 2, 2)))
    tied = learn(rule, kernel, (1, 3, 3), np.zeros((5, 9)), np.zeros((5, 8)), {})
    np.testing.assert_allclose(tied.weights.reshape(2, -1).sum(1), 2.0)


def test_a_sample_starts_with_traces_and_tags_anew_and_keeps_its_weights():
    rng = np.random.default_rng(5)
    rule, weight = random_rule(rng), rng.normal(size=(4, 5))
    data = activity(rng, 12, 5, 4)
    learner = learn(rule, Dense(weight), (5,), *data)
    between = learner.weights.copy()
    learner.rest()
    assert np.array_equal(learner.weights, between)
    again = FloatLearner(rule, learner.places, between, DT)
    for one in (learner, again):
        for now in range(12):
            one.step(data[0][now], data[1][now], {name: values[now] for name, values in data[2].items()})
    assert np.array_equal(learner.weights, again.weights)
    assert not np.array_equal(learner.weights, between)


def test_a_map_without_weights_of_its_own_cannot_learn():
    with pytest.raises(GraphError, match="SumPool2d") as caught:
        places(SumPool2d((2, 2), (2, 2)), (1, 4, 4))
    assert "Conv2d" in str(caught.value)
