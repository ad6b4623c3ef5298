"""Products of values with constant arrays, written as sums over letters: addmm, baddbmm, bmm, einsum, tensordot."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from string import ascii_letters
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from neurokit.converters.dataflow_maps import MAX_ENTRIES
from neurokit.converters.dataflow_paths import Unfit
from neurokit.converters.torch_trace import Follower, Handler, Tracked, tensors
from neurokit.graph.synapses import Dense, Sparse, Synapse

Func = Callable[..., Any]
Args = Sequence[Any]
Kwargs = Mapping[str, Any]
USE_LINEAR = "Use torch.nn.Linear."


def _handler(names: Sequence[str], letters: Callable[[Sequence[Any], Mapping[str, Any]], str]) -> Handler:
    """A handler for a product of the first two of the arguments `names`; `input`, `beta`, `alpha`: what is added."""

    def handle(follower: Follower, called: str, func: Func, args: Args, kwargs: Kwargs, result: Any) -> None:
        values = {**dict(zip((*_first(called), *names), args, strict=False)), **kwargs}
        operands = [values[operand] for operand in names[:2]]
        try:
            added = values.get("input") if _first(called) else None
            if added is not None and follower.get(added) is not None:
                raise Unfit(
                    f"'{called}' adds a value to a product", "the sum's other part is a constant", "Add it apart."
                )
            equation = letters(operands, values)
            made = _product(follower, called, equation, operands, float(values.get("alpha", 1)))
            if added is not None:
                made = _plus(follower, made, float(values.get("beta", 1)) * added.expand(result.shape).detach())
        except Unfit as unfit:
            follower.fault(*unfit.words)
            return follower.unknown(result, _any(follower, args, kwargs))
        return follower.put(result, made)

    return handle


def _first(called: str) -> tuple[str, ...]:
    return ("input",) if "add" in called else ()


def _einsum(follower: Follower, called: str, func: Func, args: Args, kwargs: Kwargs, result: Any) -> None:
    """torch.einsum of a value and a constant."""
    equation, *operands = args
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = list(operands[0])
    try:
        if not isinstance(equation, str) or len(operands) != 2:
            limit = "a value and a constant are multiplied"
            raise Unfit(f"'einsum' of {len(operands)} operands", limit, "Take one step after the other.")
        made = _product(follower, called, _spelt(equation, operands), operands, 1.0)
    except Unfit as unfit:
        follower.fault(*unfit.words)
        return follower.unknown(result, _any(follower, args, kwargs))
    return follower.put(result, made)


def _spelt(equation: str, operands: Sequence[Any]) -> str:
    """The equation with letters for `...` and with its result."""
    parts, arrow, result = equation.replace(" ", "").partition("->")
    spelt = parts.split(",")
    free = [letter for letter in ascii_letters if letter not in equation]
    most = max(operand.dim() - len(part.replace("...", "")) for operand, part in zip(operands, spelt, strict=True))
    dots = "".join(free[: most if "..." in equation else 0])
    spelt = [
        part.replace("...", dots[len(dots) - (operand.dim() - len(part.replace("...", ""))) :] if dots else "")
        for operand, part in zip(operands, spelt, strict=True)
    ]
    every = "".join(spelt)
    if not arrow:
        result = dots + "".join(sorted(x for x in set(every) - set(dots) if every.count(x) == 1))
    return f"{','.join(spelt)}->{result.replace('...', dots)}"


def _dotted(operands: Sequence[Any], values: Mapping[str, Any]) -> str:
    """torch.tensordot's equation."""
    left, right = (operand.dim() for operand in operands)
    dims = values.get("dims", 2)
    if isinstance(dims, int):
        pairs = [(left - dims + k, k) for k in range(dims)]
    else:
        pairs = [(int(a) % left, int(b) % right) for a, b in zip(*dims, strict=True)]
    first, second = ascii_letters[:left], list(ascii_letters[left : left + right])
    for a, b in pairs:
        second[b] = first[a]
    summed = {first[a] for a, _ in pairs}
    kept = [letter for letter in (*first, *second) if letter not in summed]
    return f"{first},{''.join(second)}->{''.join(kept)}"


def _product(follower: Follower, called: str, equation: str, operands: Sequence[Any], alpha: float) -> Tracked:
    """The value that follows; Unfit where the product is no linear map of one step of one sample."""
    parts, result = equation.split("->")[0].split(","), equation.split("->")[1]
    known = [follower.get(operand) for operand in operands]
    which = 0 if known[0] is not None else 1
    own, letters = known[which], parts[which]
    if own is None or known[1 - which] is not None:
        raise Unfit(
            f"'{called}' multiplies two values that depend on the input", "weights are fixed", "Use parameters."
        )
    depth = len(own.lead)
    outer = letters[:depth]
    if result[:depth] != outer or len(set(letters)) < len(letters):
        limit = "samples and steps stay in front, and each axis is one of its own"
        raise Unfit(f"'{called}' ({equation}) moves samples or steps", limit, USE_LINEAR)
    constant, other = operands[1 - which].detach().double(), parts[1 - which]
    for letter in outer:
        if letter in other:
            constant, other = _alike(called, constant, other, letter)
    inner, outcome = letters[depth:], result[depth:]
    sizes = dict(zip(other, constant.shape, strict=True)) | dict(zip(inner, own.shape, strict=True))
    shape = tuple(sizes[letter] for letter in outcome)
    count = math.prod(own.shape)
    if count * math.prod(shape) > MAX_ENTRIES:
        limit = f"at most {MAX_ENTRIES:,} weights are written out"
        raise Unfit(f"'{called}' maps {count:,} values to {math.prod(shape):,}", limit, "Use Conv2d or Linear.")
    free = next(letter for letter in ascii_letters if letter not in equation)
    basis = torch.eye(count, dtype=torch.float64, device=constant.device).reshape(count, *own.shape)
    follower.paused += 1
    try:
        columns = torch.einsum(f"{free}{inner},{other}->{free}{outcome}", basis, constant)
    finally:
        follower.paused -= 1
    weight = alpha * columns.reshape(count, -1).T.cpu().numpy()
    few = np.count_nonzero(weight) * 4 < weight.size
    synapse: Synapse = Sparse(sp.csr_matrix(weight)) if few else Dense(weight)
    given = (shape or (1,), follower.place, synapse, own.shape)
    return Tracked(tuple(follower.expressions.map(*given, e) for e in own.expressions), own.lead)


def _alike(called: str, constant: Any, letters: str, letter: str) -> tuple[Any, str]:
    """The constant without an axis of samples or steps, along which it must not change."""
    axis = letters.index(letter)
    one = constant.select(axis, 0)
    if not bool((constant == one.unsqueeze(axis)).all()):
        limit = "weights are the same for all samples and steps"
        raise Unfit(f"'{called}' has other weights for each sample or step", limit, USE_LINEAR)
    return one, letters.replace(letter, "")


def _plus(follower: Follower, made: Tracked, added: Any) -> Tracked:
    offset = added.double().cpu().numpy()
    one = offset[(0,) * len(made.lead)]
    if not (offset == one).all():
        limit = "constants are the same for all samples and steps"
        raise Unfit("adds a constant that changes from sample to sample", limit, "Give it the values' shape.")
    return Tracked(tuple(follower.expressions.affine(follower.place, 1, one, e) for e in made.expressions), made.lead)


def _any(follower: Follower, args: Args, kwargs: Kwargs) -> Tracked:
    return next(t for tensor in tensors((args, kwargs)) if (t := follower.get(tensor)) is not None)


PRODUCTS: Mapping[str, Handler] = {
    "addmm": _handler(("mat1", "mat2"), lambda operands, values: "ij,jk->ik"),
    "baddbmm": _handler(("batch1", "batch2"), lambda operands, values: "bij,bjk->bik"),
    "bmm": _handler(("input", "mat2"), lambda operands, values: "bij,bjk->bik"),
    "tensordot": _handler(("a", "b", "dims"), _dotted),
    "einsum": _einsum,
}
