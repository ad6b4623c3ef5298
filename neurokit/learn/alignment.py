"""How near a rule's weight changes come to a gradient: per block of weights, over seeds, and in the loss itself.

A block is one projection's weights ("in", "rec", "out" of a recurrent network); changes and gradients are dicts of
blocks. The chain chip -> float e-prop -> backpropagation through time is compared pair by pair: what a chip's changes
lose against e-prop is the deployment's, what e-prop loses against backpropagation is the rule's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError
from neurokit.learn.agreement import Agreement, agreement

Floats = NDArray[np.float64]
Blocks = Mapping[str, Floats]
ALL = "all"  # all blocks as one vector


def alignment(change: Blocks, gradient: Blocks) -> dict[str, Agreement]:
    """How far weight changes go down a gradient: block -> agreement of `change` with -gradient, and "all".

    cosine is cos(change, -gradient) and scale <change, -gradient> / |gradient|**2, a learning rate where the direction
    is right. A block that matters little to the norm can be lost without "all" showing it: read the blocks.
    Raises InputError where blocks or shapes differ, and for values that are not finite.
    """
    check_blocks("change", change, gradient)
    found = {name: agreement(change[name], -np.asarray(gradient[name])) for name in gradient}
    return found | {ALL: agreement(_flat(change, gradient), -_flat(gradient, gradient))}


def parts(blocks: Blocks, masks: Mapping[str, Mapping[str, NDArray[np.bool_]]]) -> dict[str, Floats]:
    """Blocks cut into named parts, for `alignment`: masks: block -> part -> which of its weights, True or False.

    A block with masks is replaced by its parts, as "block, part". Raises InputError for a mask of a block that is not
    there, or of another shape.
    """
    faults = [
        Fault("masks", f"'{name}' is no block", f"there are {', '.join(blocks)}", "Name one of them.")
        for name in masks
        if name not in blocks
    ]
    for name, cuts in masks.items():
        for part, where in cuts.items():
            if name in blocks and where.shape != blocks[name].shape:
                limit = f"the block's is {blocks[name].shape}"
                mend = "A mask has one True or False a weight."
                faults.append(Fault("masks", f"'{name}, {part}' has shape {where.shape}", limit, mend))
    if faults:
        raise InputError(faults)
    found: dict[str, Floats] = {}
    for name, values in blocks.items():
        cuts = masks.get(name, {})
        found |= {f"{name}, {part}": values[where] for part, where in cuts.items()} if cuts else {name: values}
    return found


@dataclass(frozen=True)
class Spread:
    """Bias and variance of a stochastic rule's weight changes as an estimate of -c times a gradient.

    Shares of the true step c |gradient|, c fitted: bias: of the mean over all seeds (0 where what is left of it is
    less than chance makes). deviation: root of the variance over seeds. bias_squared: the unclipped square, negative
    where chance has it so. scale: c. seeds: how many.
    Source: Ghosh, Liu, Lajoie, Kording, Richards, "How gradient estimator variance and bias impact learning in neural
    networks", ICLR 2023.
    """

    bias: float
    deviation: float
    bias_squared: float
    scale: float
    seeds: int


def spread(changes: Sequence[Floats], gradient: Floats) -> Spread:
    """Of K changes of one block from the same data, each with random numbers of its own, beside one gradient.

    With m their mean: V = sum |change_k - m|**2 / (K - 1), bias**2 = |m + c gradient|**2 - V / K, both over
    (c |gradient|)**2. Bias tells of a wrong rule, variance of few bits. Raises InputError for fewer than two changes,
    for shapes that differ, values that are not finite and a gradient or mean step of zero.
    """
    if len(changes) < 2:
        fact, mend = f"are {len(changes)}", "Give changes of two seeds or more."
        raise InputError(Fault("changes", fact, "a variance needs two at least", mend))
    for k, change in enumerate(changes):
        check_blocks(f"changes[{k}]", {"block": change}, {"block": gradient})
    rows = np.stack([np.ravel(change) for change in changes]).astype(np.float64)
    g, mean = np.ravel(gradient).astype(np.float64), rows.mean(0)
    scale = float(-(mean @ g) / (g @ g)) if g.any() else 0.0
    if scale == 0:
        limit = "bias and variance are told as shares of the step along the gradient"
        raise InputError(Fault("gradient", "has no part in the mean change", limit, "Give a block that learns."))
    size = (scale * float(np.linalg.norm(g))) ** 2
    variance = float(((rows - mean) ** 2).sum() / (len(rows) - 1))
    squared = (float(((mean + scale * g) ** 2).sum()) - variance / len(rows)) / size
    return Spread(math.sqrt(max(squared, 0.0)), math.sqrt(variance / size), squared, scale, len(rows))


def descent_ratio(
    loss: Callable[[dict[str, Floats]], float], weights: Blocks, change: Blocks, gradient: Blocks
) -> float:
    """What the loss falls by, over what the gradient promises: (E(W + dW) - E(W)) / <gradient, dW>. 1 is ideal.

    loss: of weights by block. Below 1 the step is so long that the loss curves, below 0 it rose although the change
    goes down the gradient (or fell although it goes up). NaN where the change is orthogonal to the gradient.
    Raises InputError where blocks or shapes differ, and for values that are not finite.
    """
    check_blocks("change", change, gradient)
    check_blocks("weights", weights, gradient)
    promised = float(_flat(change, gradient) @ _flat(gradient, gradient))
    before = loss({name: np.asarray(values) for name, values in weights.items()})
    after = loss({name: np.asarray(weights[name]) + change[name] for name in weights})
    return (after - before) / promised if promised else math.nan


def _flat(blocks: Blocks, order: Blocks) -> Floats:
    return np.concatenate([np.ravel(blocks[name]) for name in order]).astype(np.float64)


def check_blocks(what: str, blocks: Blocks, gradient: Blocks) -> None:
    """InputError with all faults of blocks that are to be compared."""
    faults = []
    if not gradient:
        faults.append(Fault("gradient", "has no blocks", "there is nothing to compare", "Give a dict of arrays."))
    if blocks.keys() != gradient.keys():
        fact = f"has blocks {', '.join(map(str, blocks)) or 'none'}"
        limit = f"the gradient has {', '.join(map(str, gradient)) or 'none'}"
        raise InputError([*faults, Fault(what, fact, limit, "Give the same blocks to both.")])
    for name in gradient:
        here, there = np.asarray(blocks[name]), np.asarray(gradient[name])
        if here.shape != there.shape:
            fact, limit = f"'{name}' has shape {here.shape}", f"the gradient's has {there.shape}"
            faults.append(Fault(what, fact, limit, "Both are (targets, sources)."))
        for whose, values in ((what, here), ("gradient", there)):
            if not np.isfinite(values).all():
                limit = "angles need finite numbers"
                mend = "Find the step in which the loss left the finite numbers, and learn more slowly."
                faults.append(Fault(whose, f"'{name}' holds NaN or infinity", limit, mend))
    if faults:
        raise InputError(faults)
