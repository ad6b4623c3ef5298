"""Operations that only move values: done once more on the places of the values, which tells where each came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from neurokit.converters.torch_expressions import Expression
from neurokit.converters.torch_trace import SAMPLES, Follower, Lead, Tracked, tensors

# Names of torch functions and methods whose result holds values of their first argument and, for `pad`, zeros.
MOVES = (
    *("reshape", "view", "view_as", "reshape_as", "flatten", "unflatten", "squeeze", "unsqueeze", "ravel"),
    *("permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "t", ".T", ".mT", "flip", "roll", "rot90"),
    *("__getitem__", "select", "narrow", "index_select", "chunk", "split", "tensor_split", "unbind", "__iter__"),
    *("expand", "expand_as", "repeat", "tile", "pad", "pixel_shuffle", "pixel_unshuffle", "diagonal", "unfold"),
    *("split_with_sizes", "repeat_interleave", "atleast_1d", "atleast_2d", "broadcast_to", "adjoint"),
)


@dataclass(frozen=True, eq=False)
class Axes:
    """A result's leading axes, for each entry of its list of steps the source's entry, and the features' places."""

    lead: Lead
    entries: tuple[int, ...]
    features: Any  # integers of the shape of one step of one sample; -1 for a zero


class Mixed(Exception):  # never leaves this module
    """Samples, steps and features cannot be told apart any more; the text says which."""


def move(
    follower: Follower, name: str, func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], result: Any
) -> None:
    """Track what an operation of MOVES gives."""
    named = dict(kwargs)
    first, *rest = args if args else (named.pop("input"),)
    tracked = follower.get(first)
    if tracked is None or any(follower.get(tensor) is not None for tensor in tensors((rest, named))):
        follower.fault(f"moves values by '{name}' to where the input says", "places are fixed", "Use fixed indices.")
        return follower.unknown(result, tracked or Tracked((), ()))
    if name == "pad" and not _pads_zeros(rest, named):
        limit, mend = "only zeros are padded", "Use padding_mode='zeros'."
        follower.fault("pads with something else than zeros", limit, mend)
        return follower.unknown(result, tracked)
    if name == "pad":
        rest, named = [_padding(rest, named)], {"value": -1}
    places = torch.arange(first.numel(), device=first.device).reshape(first.shape)
    follower.paused += 1
    try:
        moved = func(places, *rest, **named)
    finally:
        follower.paused -= 1
    for tensor, origin in zip(tensors(result), tensors(moved), strict=True):
        try:
            axes = solve(origin.cpu().numpy(), tuple(first.shape), tracked)
        except Mixed as mixed:
            limit = "samples and steps stay apart from each other and from the values"
            follower.mixed = True
            follower.fault(f"'{name}' {mixed}", limit, "Pass shape= of one step of one sample, or move features only.")
            follower.unknown(tensor, tracked)
            continue
        picked = [tracked.expressions[k] for k in axes.entries]
        made = tuple(_selected(follower, axes.features, e) for e in picked)
        follower.put(tensor, Tracked(made, axes.lead))
    return None


def _selected(follower: Follower, features: Any, own: Expression) -> Expression:
    return follower.expressions.selection(follower.place, features, own)


def _padding(rest: Sequence[Any], named: Mapping[str, Any]) -> Any:
    return rest[0] if rest else named["pad"]


def _pads_zeros(rest: Sequence[Any], named: Mapping[str, Any]) -> bool:
    values = dict(zip(("pad", "mode", "value"), rest, strict=False)) | dict(named)
    return values.get("mode", "constant") == "constant" and not values.get("value")


def solve(origin: Any, shape: tuple[int, ...], tracked: Tracked) -> Axes:
    """Which axis of `origin` (places in a tensor of `shape`, -1 for a zero) runs over samples, steps and features."""
    labels = "".join(tracked.lead)
    depth = len(tracked.lead)
    size = int(np.prod(shape[depth:], dtype=np.int64))
    zero = origin < 0
    outer, feature = np.divmod(origin, max(size, 1))
    feature = np.where(zero, -1, feature)
    # the merged axes apart: "LB" of `shape[0]` is (steps, samples)
    sizes = [SAMPLES if letter == "B" else len(tracked.expressions) for letter in labels]
    index = dict(zip(labels, np.unravel_index(np.where(zero, 0, outer), sizes or (1,)), strict=False))
    lead: list[str] = []
    left = [letter for letter in labels if _varies(index[letter], zero)]
    for axis in range(origin.ndim):
        if not left:
            break
        found = [letter for letter in labels if _varies_along(index[letter], axis, zero)]
        if _varies_along(np.where(zero, -2, feature), axis, np.zeros_like(zero)):
            if found:
                raise Mixed("merges samples or steps with features")
            raise Mixed("puts features in front of samples or steps")
        if not found:  # one step, or the same in several
            if "L" in "".join(lead) or ("L" in labels and origin.shape[axis] > 1):
                raise Mixed("adds an axis in front of samples or steps")
            found = ["L"]
        lead.append("".join(found))
        left = [letter for letter in left if letter not in found]
    return _read(origin, index, feature, zero, lead, labels, tracked)


def _read(
    origin: Any, index: Mapping[str, Any], feature: Any, zero: Any, lead: list[str], labels: str, tracked: Tracked
) -> Axes:
    depth = len(lead)
    corner = (0,) * depth
    inner = feature[corner] if depth else feature
    if (feature != inner).any():
        raise Mixed("takes other features of one sample or step than of another")
    expected = _grid(lead, origin.shape[:depth], len(tracked.expressions))
    shape = origin.shape[depth:]
    if "B" in labels:
        samples = _outer(index["B"], zero, depth)
        wanted = expected.get("B")
        if wanted is None or (samples != wanted).any():
            raise Mixed("picks or repeats samples")
    if "L" not in labels:
        count = origin.shape[lead.index("L")] if "L" in lead else 1
        return Axes(tuple(lead), (0,) * count, inner.reshape(shape))
    steps = _outer(index["L"], zero, depth)
    if not any("L" in label for label in lead):
        return Axes(tuple(lead), (int(np.ravel(steps)[0]),), inner.reshape(shape))
    where = next(k for k, label in enumerate(lead) if "L" in label)
    if lead[where] != "L":
        if (steps != expected["L"]).any():
            raise Mixed("mixes the order of steps and samples")
        return Axes(tuple(lead), tuple(range(len(tracked.expressions))), inner.reshape(shape))
    along = np.moveaxis(steps, where, 0).reshape(steps.shape[where], -1)[:, 0]
    return Axes(tuple(lead), tuple(int(step) for step in along), inner.reshape(shape))


def _outer(index: Any, zero: Any, depth: int) -> Any:
    """The index for each place of the leading axes, taken where there is a value."""
    outer = index.reshape(*index.shape[:depth], -1)
    known = ~zero.reshape(*zero.shape[:depth], -1)
    return np.take_along_axis(outer, known.argmax(axis=-1)[..., None], -1)[..., 0]


def _grid(lead: Sequence[str], sizes: Sequence[int], steps: int) -> dict[str, Any]:
    """The index of samples and steps over the leading axes, if nothing is picked, repeated or out of order."""
    full = {"B": SAMPLES, "L": steps}
    grids: dict[str, Any] = {}
    for axis, label in enumerate(lead):
        wanted = int(np.prod([full[letter] for letter in label]))
        if len(label) > 1 and sizes[axis] != wanted:
            raise Mixed("picks samples or steps")
        own = (
            np.unravel_index(np.arange(sizes[axis]), [full[x] for x in label])
            if len(label) > 1
            else [np.arange(sizes[axis])]
        )
        for letter, values in zip(label, own, strict=True):
            shape = [1] * len(sizes)
            shape[axis] = sizes[axis]
            grids[letter] = np.broadcast_to(values.reshape(shape), sizes)
    return grids


def _varies(index: Any, zero: Any) -> bool:
    known = index[~zero]
    return bool(known.size) and bool((known != known.flat[0]).any())


def _varies_along(index: Any, axis: int, zero: Any) -> bool:
    if index.shape[axis] < 2:
        return False
    before, after = np.delete(index, -1, axis), np.delete(index, 0, axis)
    both = ~(np.delete(zero, -1, axis) | np.delete(zero, 0, axis))
    return bool((before != after)[both].any())
