"""Training sample by sample, and how well a network does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError
from neurokit.learn.btsp.network import DendriticNet, Floats, Weights, forward
from neurokit.learn.btsp.quick import backward_one, forward_one
from neurokit.learn.btsp.rules import Learning, Past, learn_sample

Labels = NDArray[np.int64]


def one_hot(labels: Labels, classes: int) -> Floats:
    """(samples, classes), 1 at the label."""
    found: Floats = np.eye(classes, dtype=np.float32)[labels]
    return found


def train(
    net: DendriticNet,
    inputs: Floats,
    labels: Labels,
    rule: Learning,
    *,
    seed: int,
    epochs: int = 1,
    rates: Sequence[float] | None = None,
    watch: Callable[[int, DendriticNet], None] | None = None,
    every: int = 1000,
) -> DendriticNet:
    """One learner sees (samples, inputs) rates in 0..1 one by one, in an order drawn by `seed` for each epoch.

    labels: (samples,) whole numbers below the number of outputs. rates: a factor on `rule.rate` for each epoch, in the
    place of `epochs`. watch: called after every `every` samples with their
    number and the network as it then is. Raises InputError where inputs do not fit, and GraphError if weights stop
    being finite.
    """
    inputs, labels = check_samples(net, inputs, labels)
    weights: Weights = {name: matrix.copy() for name, matrix in net.weights.items()}
    learner = replace(net, weights=weights)
    target = one_hot(labels, net.sizes.excitatory[-1])
    rng, done, past = np.random.default_rng(seed), 0, None
    for factor in [1.0] * epochs if rates is None else rates:
        now = replace(rule, rate=factor * rule.rate)
        for sample in rng.permutation(len(inputs)):
            past = see(learner, weights, inputs[sample : sample + 1], target[sample : sample + 1], past, now)
            done += 1
            if watch and done % every == 0:
                watch(done, learner)
    return replace(net, weights=weights)  # checks them


def see(learner: DendriticNet, weights: Weights, x: Floats, target: Floats, past: Past | None, rule: Learning) -> Past:
    """Both phases of one sample, then its update."""
    seen, ups = forward_one(learner, x)
    return learn_sample(learner, weights, seen, backward_one(learner, seen, ups, target), past, rule)


def predicted(net: DendriticNet, inputs: Floats, at_once: int = 1000) -> Labels:
    """(samples,) the most active output of each."""
    out = f"{net.sizes.labels[-1]}E"
    parts = [forward(net, inputs[k : k + at_once]).forward[out].argmax(1) for k in range(0, len(inputs), at_once)]
    found: Labels = np.concatenate(parts) if parts else np.zeros(0, np.int64)
    return found


def accuracy(net: DendriticNet, inputs: Floats, labels: Labels) -> float:
    """Share of samples whose label is the most active output."""
    inputs, labels = check_samples(net, inputs, labels)
    return float((predicted(net, inputs) == labels).mean())


def check_samples(net: DendriticNet, inputs: Floats, labels: Labels) -> tuple[Floats, Labels]:
    """Both as arrays of the right kind; InputError with every fault."""
    x, y, faults = np.asarray(inputs, np.float32), np.asarray(labels), []
    n, classes = net.sizes.excitatory[0], net.sizes.excitatory[-1]
    if x.ndim != 2 or x.shape[1] != n or not len(x):
        faults.append(Fault("inputs", f"have shape {x.shape}", f"(samples, {n})", "Flatten each sample to that size."))
    elif not np.isfinite(x).all() or x.min() < 0:
        faults.append(Fault("inputs", "hold values that are no rates", "0 or more and finite", "Scale them to 0..1."))
    if y.shape != x.shape[:1] or not np.issubdtype(y.dtype, np.integer):
        faults.append(
            Fault("labels", f"have shape {y.shape}, {y.dtype}", "a whole number a sample", "Pass class numbers.")
        )
    elif len(y) and (y.min() < 0 or y.max() >= classes):
        faults.append(
            Fault("labels", f"go from {y.min()} to {y.max()}", f"outputs are 0 to {classes - 1}", "Renumber them.")
        )
    if faults:
        raise InputError(faults)
    return x, y.astype(np.int64)
