"""What learning a second task does to the first: forgetting, and what it can be put down to.

Schuessler, "Recurrent network dynamics lead to interference in sequential learning" (Bernstein SmartSteps, spring talks
2021; Barak lab) found that recurrent networks forget even where tasks are orthogonal, and that how much depends on
whether their input or their own dynamics drives them.

With E_A the loss of task A, g_A its gradient after A was learned, and dW_B the weight change that learning B brings:

    forgetting             F = E_A(after B) - E_A(after A)
    its first order        I_AB = <g_A, dW_B>, told as a cosine, per block of weights
    recurrent-drive ratio  |W_rec z| / (|W_in x| + |W_rec z|)
    subspace overlap       mean cos**2 of the principal angles between the states' subspaces of A and of B
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError
from neurokit.learn.alignment import Blocks, alignment, check_blocks

Floats = NDArray[np.float64]


def gradient_overlap(gradient_a: Blocks, change_b: Blocks) -> dict[str, float]:
    """Cosine between A's gradient and the change that B brought, by block and of "all": above 0, B raises A's loss.

    NaN for a block that did not change. Raises InputError where blocks or shapes differ, or values are not finite.
    """
    return {name: -found.cosine for name, found in alignment(change_b, gradient_a).items()}


def first_order(gradient_a: Blocks, change_b: Blocks) -> dict[str, float]:
    """I_AB = <g_A, dW_B>, by block and of "all" (their sum), in the unit of the loss: forgetting if it is linear.

    Raises InputError as `gradient_overlap` does.
    """
    check_blocks("change", change_b, gradient_a)
    found = {name: float(np.vdot(gradient_a[name], change_b[name])) for name in gradient_a}
    return found | {"all": sum(found.values())}


def drive_ratio(recurrent: Floats, inputs: Floats) -> float:
    """Share of recurrent synapses in what drives the neurons, 0 to 1.

    recurrent: W_rec z, inputs: W_in x, both (steps, neurons) in one unit, one sample or several stacked. NaN where
    nothing drives them. Raises InputError where the shapes differ.
    """
    if np.shape(recurrent) != np.shape(inputs):
        fact, limit = f"has shape {np.shape(recurrent)}", f"that of the inputs is {np.shape(inputs)}"
        raise InputError(Fault("recurrent", fact, limit, "Both are (steps, neurons)."))
    one, other = float(np.linalg.norm(recurrent)), float(np.linalg.norm(inputs))
    return one / (one + other) if one + other else math.nan


@dataclass(frozen=True)
class Subspaces:
    """Where two tasks' states lie. angles: principal angles, radians, from the smallest, as many as `dimensions`.

    overlap: mean squared cosine of the angles: 1 is the same subspace, 0 orthogonal ones, and two random ones of k
    dimensions among n have k / n. share: of each task's variance that lies in its subspace.
    """

    angles: tuple[float, ...]
    overlap: float
    share: tuple[float, float]

    @property
    def dimensions(self) -> int:
        """Of each subspace."""
        return len(self.angles)


def subspaces(states_a: Floats, states_b: Floats, dimensions: int) -> Subspaces:
    """Of the leading principal components of two tasks' states, (steps, neurons) each, filtered spikes for instance.

    Raises InputError where the states are not of the same neurons, not finite, or span fewer dimensions.
    """
    faults, bases, shares = [], [], []
    if np.ndim(states_a) != 2 or np.ndim(states_b) != 2 or np.shape(states_a)[1] != np.shape(states_b)[1]:
        fact = f"have shapes {np.shape(states_a)} and {np.shape(states_b)}"
        mend = "Give (steps, neurons) of both tasks."
        raise InputError(Fault("states", fact, "subspaces are compared among the same neurons", mend))
    for name, states in (("states_a", states_a), ("states_b", states_b)):
        if not np.isfinite(states).all():
            faults.append(Fault(name, "hold NaN or infinity", "states are finite numbers", "Leave such steps out."))
            continue
        centred = np.asarray(states, np.float64) - np.mean(states, 0)
        _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
        rank = int((sizes > 1e-10 * sizes.max(initial=0.0)).sum()) if sizes.any() else 0
        if not 0 < dimensions <= rank:
            limit, mend = f"{dimensions} were asked for", "Ask for fewer, at least 1, or give more steps."
            faults.append(Fault(name, f"span {rank} dimensions", limit, mend))
            continue
        bases.append(axes[:dimensions].T)
        shares.append(float((sizes[:dimensions] ** 2).sum() / (sizes**2).sum()))
    if faults:
        raise InputError(faults)
    angles = np.sort(scipy.linalg.subspace_angles(*bases))
    overlap = float(np.mean(np.cos(angles) ** 2))
    return Subspaces(tuple(angles.tolist()), overlap, (shares[0], shares[1]))
