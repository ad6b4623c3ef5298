"""Controls for layers that learn: hidden layers without dendrites, and what else can be read from a layer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neurokit.learn.btsp.network import DendriticNet, Floats, forward
from neurokit.learn.btsp.training import Labels, one_hot


def without_dendrites(net: DendriticNet) -> DendriticNet:
    """The same network whose hidden neurons hear nothing from above: for frozen hidden layers, which no plateau should
    disturb while the output learns. Matrices of top-down weights become zeros."""
    silent = {f"{label}E_{label}DendI" for label in net.sizes.hidden}
    if net.feedback is None:
        silent |= {f"{label}E_{above}E" for label, above in zip(net.sizes.hidden, net.sizes.labels[2:], strict=True)}
    weights = {name: np.zeros_like(m) if name in silent else m for name, m in net.weights.items()}
    return replace(net, weights=weights, feedback=None if net.feedback is None else (0.0,) * len(net.feedback))


def features(net: DendriticNet, inputs: Floats, populations: tuple[str, ...], at_once: int = 500) -> dict[str, Floats]:
    """(samples, neurons): rates of each population after the forward phase."""
    parts = [forward(net, inputs[k : k + at_once]).forward for k in range(0, len(inputs), at_once)]
    return {pop: np.concatenate([part[pop] for part in parts]) for pop in populations}


def ridge_accuracy(
    train: tuple[Floats, Labels], test: tuple[Floats, Labels], classes: int, penalty: float = 1e-3
) -> float:
    """Share of test samples that a linear readout of any sign gets right: least squares with an offset.

    train, test: features (samples, neurons) and labels. penalty: of squared weights, in shares of the features' mean
    variance times the number of samples.
    """
    x, mean = train[0].astype(np.float64), train[0].mean(0, dtype=np.float64)
    centred = x - mean
    gram: NDArray[np.float64] = centred.T @ centred
    size = max(float(np.trace(gram)) / len(gram), 1e-12)
    wanted = one_hot(train[1], classes).astype(np.float64)
    offset = wanted.mean(0)
    weights = np.linalg.solve(gram + penalty * size * np.eye(len(gram)), centred.T @ (wanted - offset))
    found = ((test[0] - mean) @ weights + offset).argmax(1)
    return float((found == test[1]).mean())
