"""The best output under Dale's law for hidden layers as they are: what to compare learned hidden layers with.

Fitted are the weights (classes, neurons) >= 0 from the last hidden layer to the output, without offsets. What an output
has taken in by the last step of the forward phase is

    z = W x - I,    x = sum over steps of r (1 - 1/tau)**(steps left) / tau,    I the same of |W_soma| r_SomaI

of the rates r of the last hidden layer and of the output's SomaI, driven by that layer alone: what the outputs would
add to their inhibition depends on W and is left out. Two fits, each with a small penalty:

    targets    half the sum of (1 - z)**2 for the label and of max(0, z)**2 for other classes: the network's own error
    classes    multinomial logistic regression: minus the log-likelihood of the label under softmax(z)

Adding one row to all rows of W changes neither softmax(z) nor which z is largest. So W >= 0 alone is no limit to
`classes`: it finds what a readout of any sign without offsets finds. To `targets` it is a limit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError
from neurokit.learn.btsp.gradient import remembered
from neurokit.learn.btsp.network import DendriticNet, Floats
from neurokit.learn.btsp.training import Labels, one_hot

Fit = Literal["targets", "classes"]
Doubles = NDArray[np.float64]
Loss = Callable[[Doubles, Doubles], tuple[float, Doubles]]  # (z, one-hot) -> (sum, its derivative by z)


def to_targets(z: Doubles, wanted: Doubles) -> tuple[float, Doubles]:
    """Squared errors of rates that cannot be below 0; convex, as a label's z below 0 counts as it is."""
    error = np.where(wanted > 0, z - 1, np.maximum(z, 0))
    return 0.5 * float((error**2).sum()), error


def to_classes(z: Doubles, wanted: Doubles) -> tuple[float, Doubles]:
    """Minus the log-likelihood of the labels under softmax(z)."""
    shifted = z - z.max(1, keepdims=True)
    shares = np.exp(shifted)
    total = shares.sum(1, keepdims=True)
    return float((np.log(total[:, 0]) - (shifted * wanted).sum(1)).sum()), shares / total - wanted


LOSSES: dict[Fit, Loss] = {"targets": to_targets, "classes": to_classes}


def heard(net: DendriticNet, inputs: Floats, at_once: int = 500) -> tuple[Floats, Floats]:
    """x (samples, neurons of the last hidden layer) and I (samples, classes) of the forward phase."""
    last, out = net.sizes.labels[-2:]
    up, own = (net.weights[f"{out}SomaI_{source}"].T for source in (f"{last}E", f"{out}SomaI"))
    share, parts = np.float32(1 / net.tau), []
    for k in range(0, len(inputs), at_once):
        history = remembered(net, inputs[k : k + at_once])
        x = np.zeros_like(history[0][f"{last}E"])
        state = np.zeros((len(x), len(own)), np.float32)
        active, taken = np.zeros_like(state), np.zeros_like(state)
        for rates in history[1:]:
            r = rates[f"{last}E"]
            x, taken = x + share * (r - x), taken + share * (active - taken)  # SomaI is heard a step late
            state = state + share * (r @ up + active @ own - state)
            active = np.maximum(state, 0)
        parts.append((x, -taken @ net.weights[f"{out}E_{out}SomaI"].T))
    return np.concatenate([x for x, _ in parts]), np.concatenate([taken for _, taken in parts])


def nonnegative(
    x: Floats,
    labels: Labels,
    classes: int,
    fit: Fit,
    *,
    inhibition: Floats | None = None,
    w_max: float | None = None,
    penalty: float = 1e-3,
) -> Floats:
    """(classes, neurons) weights from 0 to w_max by `fit` to (samples, neurons) x: L-BFGS-B, at most 2,000 steps.

    inhibition: (samples, classes) I. penalty: of half the squared weights, each counted in units of one over its
    source's root mean square, beside the loss of a mean sample. Raises InputError unless each sample has a label.
    """
    from scipy.optimize import minimize  # slow to import

    if len(x) != len(labels):
        limit = "one label for each sample"
        raise InputError(Fault("labels", f"are {len(labels)} for {len(x)} samples", limit, "Pass both together."))
    scale = np.sqrt((x.astype(np.float64) ** 2).mean(0))
    scale[scale == 0] = 1.0
    seen, wanted = (x / scale).astype(np.float32), one_hot(labels, classes).astype(np.float64)
    taken = np.float64(0) if inhibition is None else inhibition.astype(np.float64)
    (samples, neurons), count = seen.shape, classes * x.shape[1]

    def of(flat: Doubles) -> tuple[float, Doubles]:
        w = flat.reshape(classes, neurons).astype(np.float32)
        loss, by_z = LOSSES[fit]((seen @ w.T).astype(np.float64) - taken, wanted)
        gradient = (by_z.T.astype(np.float32) @ seen).astype(np.float64).ravel() / samples + penalty * flat
        return loss / samples + 0.5 * penalty * float((flat**2).sum()), gradient

    tops = [None if w_max is None else w_max * size for size in scale] * classes
    options = {"maxiter": 2_000, "maxfun": 4_000, "ftol": 1e-7}
    start = np.full(count, 1 / neurons)
    found = minimize(of, start, jac=True, method="L-BFGS-B", bounds=[(0, top) for top in tops], options=options)
    weights: Floats = (found.x.reshape(classes, neurons) / scale).astype(np.float32)
    return weights
