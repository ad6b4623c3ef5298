"""Drives one rule in floats over spikes and signals, for the reference tests."""

import numpy as np

from neurokit.graph.synapses import Dense
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
