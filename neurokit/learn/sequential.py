"""One network before and after two tasks that it learned in sequence: what it forgot of the first, and how so.

Losses are those of what the networks do when they run; on a chip they are measured there and given (`losses`), while
gradients and states are those of the same weights in floats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.eprop_net import BLOCKS, EpropNet
from neurokit.learn.eprop.forward import Activity, run
from neurokit.learn.eprop.gradients import bptt_gradients
from neurokit.learn.interference import Subspaces, drive_ratio, first_order, gradient_overlap, subspaces
from neurokit.learn.tasks.trials import Trials

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Losses:
    """A task's loss before anything was learned, after A, and after B on top of it."""

    before: float
    after_a: float
    after_b: float


@dataclass(frozen=True)
class Interference:
    """What learning B did to A.

    a, b: losses of the two tasks. overlap: block -> cosine of A's gradient (after A) with the weight change of B, above
    0 where B raises A's loss. first_order: block -> <gradient, change>, in units of the loss. drive: recurrent-drive
    ratio in trials of A (after A) and of B (after B). states: subspaces of the filtered spikes in the same trials.
    """

    a: Losses
    b: Losses
    overlap: dict[str, float]
    first_order: dict[str, float]
    drive: tuple[float, float]
    states: Subspaces

    @property
    def forgetting(self) -> float:
        """E_A(after B) - E_A(after A)."""
        return self.a.after_b - self.a.after_a


def interference(
    nets: tuple[EpropNet, EpropNet, EpropNet],
    a: Trials,
    b: Trials,
    *,
    dimensions: int = 5,
    losses: tuple[Losses, Losses] | None = None,
) -> Interference:
    """Of a network before it learned, after A and after B, on trials of both tasks.

    dimensions: of the subspaces that are compared. losses: of A and B where they were measured elsewhere (on a chip),
    None: those of the networks in floats. Gradients are those of backpropagation through time.
    Raises InputError where states span fewer dimensions, or trials do not fit the networks.
    """
    before, after_a, after_b = nets
    of_a, of_b = run(after_a, a.x, states=after_a.reset == "hard"), run(after_b, b.x)
    gradient = blocks_of(bptt_gradients(after_a, of_a, a.loss.error(of_a.y)))
    change = {name: values - blocks_of(after_a)[name] for name, values in blocks_of(after_b).items()}
    found = losses or (
        Losses(_loss(before, a), a.loss.loss(of_a.y), _loss(after_b, a)),
        Losses(_loss(before, b), _loss(after_a, b), b.loss.loss(of_b.y)),
    )
    return Interference(
        found[0],
        found[1],
        gradient_overlap(gradient, change),
        first_order(gradient, change),
        (_drive(after_a, of_a), _drive(after_b, of_b)),
        subspaces(_filtered(after_a, of_a), _filtered(after_b, of_b), dimensions),
    )


def blocks_of(weights: object) -> dict[str, Floats]:
    """The weights of an EpropNet, or its Gradients, as a dict of blocks."""
    return {name: getattr(weights, name) for name in BLOCKS}


def _loss(net: EpropNet, trials: Trials) -> float:
    return trials.loss.loss(run(net, trials.x).y)


def _drive(net: EpropNet, activity: Activity) -> float:
    """|W_rec z| / (|W_in x| + |W_rec z|): each spike of a neuron arrives a step later."""
    late = np.zeros(activity.spikes.shape)
    late[:, 1:] = activity.spikes[:, :-1]
    return drive_ratio(late @ net.w_rec.T, activity.x.astype(np.float64) @ net.w_in.T)


def _filtered(net: EpropNet, activity: Activity) -> Floats:
    """Spikes as the readouts filter them, (samples * steps, n_rec)."""
    found = np.empty(activity.spikes.shape)
    now = np.zeros(found[:, 0].shape)
    for step in range(found.shape[1]):
        now = net.kappa * now + (1 - net.kappa) * activity.spikes[:, step]
        found[:, step] = now
    return found.reshape(-1, net.n_rec)
