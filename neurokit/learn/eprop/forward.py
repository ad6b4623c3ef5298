"""Networks of `converters.eprop_net` over spikes, in floats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurokit.converters.eprop_net import EpropNet
from neurokit.converters.eprop_stock import SlowInhibition
from neurokit.errors import Fault, InputError
from neurokit.learn.eprop.kernels import forward

Floats = NDArray[np.float64]
Numbers = tuple[float, float, float, float, float, float, float, float]


@dataclass(frozen=True, eq=False)
class Activity:
    """What a network did: index t is step t, of which x^t is the input.

    x: (batch, steps, n_in) as it ran. spikes: (batch, steps, n_rec) uint8. psi: (batch, steps, n_rec), the spikes'
    pseudo-derivative by v. y: (batch, steps, n_out). v, a: (batch, steps, n_rec), potential (after the spike of the
    step before was taken off) and adaptation, None where they were not recorded. inhibition: (batch, steps, n_rec)
    uint8, spikes of interneurons (zero where beta is), None where there are none.
    """

    x: NDArray[np.uint8] | Floats
    spikes: NDArray[np.uint8]
    psi: Floats
    y: Floats
    v: Floats | None = None
    a: Floats | None = None
    inhibition: NDArray[np.uint8] | None = None

    @property
    def rates(self) -> Floats:
        """(n_rec,) spikes a step, over all samples."""
        return np.asarray(self.spikes.mean((0, 1)))


def run(net: EpropNet, x: ArrayLike, states: bool = False, inhibition: SlowInhibition | None = None) -> Activity:
    """Run `net` over x (batch, steps, n_in), or (steps, n_in) as a batch of one; each sample starts from zero.

    x: spikes, or numbers that enter like spikes of that size. states: record v and a too. inhibition: stock parts in
    the place of adaptive thresholds (`converters.eprop_stock`), with hard resets. InputError for other shapes.
    """
    inputs = checked(net, x)
    batch, steps, _ = inputs.shape
    seen = (batch, steps if states else 0, net.n_rec)
    spikes, psi = np.empty((batch, steps, net.n_rec), np.uint8), np.empty((batch, steps, net.n_rec))
    y, v, a = np.empty((batch, steps, net.n_out)), np.empty(seen), np.empty(seen)
    s = np.empty((batch, 0 if inhibition is None else steps, net.n_rec), np.uint8)
    w_in, w_rec, w_out = (np.ascontiguousarray(w.T) for w in (net.w_in, net.w_rec, net.w_out))
    fixed = (
        numbers(net),
        *_adaptation(net, inhibition),
        net.fires == ">",
        inhibition is not None or net.reset == "hard",
    )
    for b in range(batch):
        forward(inputs[b], w_in, w_rec, w_out, *fixed, spikes[b], psi[b], y[b], v[b], a[b], s[b])
    sent = None if inhibition is None else s * (net.betas > 0)
    return Activity(inputs, spikes, psi, y, v if states else None, a if states else None, sent)


def _adaptation(net: EpropNet, inhibition: SlowInhibition | None) -> tuple[Floats, Floats, float, float]:
    """What the kernel takes: beta, dose, theta, refractory."""
    if inhibition is None:
        return net.betas, np.zeros(net.n_rec), 0.0, float(net.refractory)
    return np.zeros(net.n_rec), inhibition.doses(net), float(inhibition.theta), float(inhibition.refractory)


def numbers(net: EpropNet) -> Numbers:
    """What the kernels take: alpha, zeta, rho, kappa, readout scale, threshold, height and width of psi."""
    height = net.dampening / net.threshold
    return (net.alpha, net.zeta, net.rho, net.kappa, net.readout_scale, float(net.threshold), height, float(net.width))


def checked(net: EpropNet, x: ArrayLike) -> NDArray[np.uint8] | Floats:
    """x as (batch, steps, n_in), spikes as uint8."""
    given = np.asarray(x)
    array = given[None] if given.ndim == 2 else given
    if array.ndim != 3 or array.shape[2] != net.n_in or not array.size or array.dtype.kind not in "buif":
        fact = f"has shape {given.shape} and type {given.dtype}"
        limit = f"the network takes numbers (batch, steps, {net.n_in}), at least one step"
        raise InputError(Fault("x", fact, limit, "Put steps before inputs, samples before both."))
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError(Fault("x", "holds NaN or infinity", "inputs are finite", "Repair the data."))
    if array.dtype.kind in "bu" and array.dtype.itemsize == 1:
        return np.ascontiguousarray(array, np.uint8)
    return np.ascontiguousarray(array, np.float64)
