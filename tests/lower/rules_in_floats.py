"""A Rule as `graph.plasticity` has it, written out in plain numpy for tests."""

import math

import numpy as np

MS = 1e-3


def run_network(rule, arrives, fires, signals):
    """Weights and tags after all steps of a dense projection whose sources' spikes arrive as `arrives` says.

    arrives: (steps, sources); fires: (steps, targets); signals: by name, (steps, targets). Weights start at 0.
    """
    sources, targets = arrives.shape[1], fires.shape[1]
    state = {name: np.zeros((targets, sources)) for name in ("w", "tag", "tag2")}
    traces = {n: np.zeros(sources if t.side == "pre" else targets) for n, t in rule.traces.items()}
    for step in range(len(arrives)):
        before = {}
        for name, trace in rule.traces.items():
            before[name] = traces[name] * math.exp(-MS / trace.tau)
            traces[name] = before[name] + trace.impulse * (arrives[step] if trace.side == "pre" else fires[step])
        gates = {"pre": arrives[step][None], "post": fires[step][:, None], "step": 1.0, "rate": MS}
        values = {name: all_[step][:, None] for name, all_ in signals.items()} | gates | state
        values |= {n: v[None] if rule.traces[n].side == "pre" else v[:, None] for n, v in traces.items()}
        earlier = {n: v[None] if rule.traces[n].side == "pre" else v[:, None] for n, v in before.items()}
        change = {
            name: sum(_term(term, gates, values, earlier) for term in terms)
            for name, terms in (("w", rule.weight), ("tag", rule.tag), ("tag2", rule.second_tag))
        }
        state = {name: state[name] + change[name] for name in state}
    return state


def _term(term, gates, values, earlier):
    product = term.scale * gates[term.gate]
    for factor in term.factors:
        if type(factor).__name__ == "Before":
            product = product * earlier[factor.trace]
        else:
            assert type(factor).__name__ == "Value"
            product = product * (factor.coefficient * values[factor.variable] + factor.offset)
    return product
