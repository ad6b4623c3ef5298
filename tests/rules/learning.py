"""Drives one rule in floats over spikes and signals, for the reference tests."""

from types import SimpleNamespace

import numpy as np

from neurokit.graph.synapses import Dense
from neurokit.learn.observed import Seen
from neurokit.lower.plastic_synapses import places
from neurokit.lower.plasticity_float import FloatLearner


def learner_of(rule, weight, dt=1e-3):
    """A learner of `rule` on dense weights (targets, sources)."""
    return FloatLearner(rule, places(Dense(weight), weight.shape[1:]), weight, dt)


def weights_after(rule, weight, pre, post, signals=None, dt=1e-3):
    """Weights after all steps. pre: (steps, sources), post: (steps, targets), signals: name -> (steps, targets)."""
    learner = learner_of(rule, weight, dt)
    for now in range(len(pre)):
        learner.step(pre[now], post[now], {name: values[now] for name, values in (signals or {}).items()})
    return learner.weights


def spikes(rng, steps, neurons, share):
    """0 and 1, (steps, neurons) float."""
    return (rng.random((steps, neurons)) < share).astype(np.float64)


def seen_by(rule, start, pre, post, signals=None, dt=1e-3):
    """(what a projection saw in one sample, weights after it in floats)."""
    learner, seen = learner_of(rule, start, dt), Seen()
    seen.begin()
    rows = signals or {}
    link = SimpleNamespace(learners=[learner])
    for now in range(len(pre)):
        values = {name: row[now] for name, row in rows.items()}
        learner.step(pre[now], post[now], values)
        seen.note(link, pre[now][None], post[now][None], {name: value[None] for name, value in values.items()})
    seen.weights = [start, learner.weights.copy()]
    return seen, learner.weights
