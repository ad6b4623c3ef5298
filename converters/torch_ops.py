"""What each torch operation does to the expressions of its operands. Named by the functions that torch dispatches."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from neurokit.converters.torch_expressions import Expression, Unknown
from neurokit.converters.torch_layers import LAYERS
from neurokit.converters.torch_maxima import POOLS, binary
from neurokit.converters.torch_moves import MOVES, move
from neurokit.converters.torch_products import PRODUCTS
from neurokit.converters.torch_trace import Follower, Handler, Tracked, tensors
from neurokit.graph.synapses import Sparse

Func = Callable[..., Any]
Args = Sequence[Any]
Kwargs = Mapping[str, Any]

_SAME = (
    *("contiguous", "clone", "detach", "float", "double", "to", "type", "type_as", "cpu", "cuda", ".data", "positive"),
    *("__pos__", "requires_grad_", "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "detach_"),
    *("feature_alpha_dropout", "dropout_", "identity", "retain_grad", ".real"),
)
_FACTS = (  # what does not depend on the values
    *(
        ".shape",
        ".device",
        ".dtype",
        ".ndim",
        ".layout",
        ".is_sparse",
        ".requires_grad",
        ".is_cuda",
        ".names",
        ".grad_fn",
    ),
    *(".is_leaf", ".is_quantized", ".is_nested", ".is_meta", ".itemsize", ".nbytes", ".grad", ".is_mps", ".is_mkldnn"),
    *("size", "dim", "numel", "nelement", "ndimension", "stride", "is_floating_point", "is_complex", "is_contiguous"),
    *("__len__", "get_device", "element_size", "zeros_like", "ones_like", "empty_like", "full_like", "new_zeros"),
    *("new_ones", "new_full", "new_empty", "new_tensor", "is_tensor", "is_same_size", "result_type", "register_hook"),
    *("is_nonzero_shape", "__hash__", "is_grad_enabled", "_has_compatible_shallow_copy_type", "is_inference"),
)
_RECTIFIERS = (
    *("relu", "relu_", "relu6", "leaky_relu", "leaky_relu_", "sigmoid", "tanh", "gelu", "elu", "elu_", "selu", "silu"),
    *(
        "hardtanh",
        "hardtanh_",
        "softplus",
        "clamp",
        "clamp_",
        "clamp_min",
        "clip",
        "mish",
        "celu",
        "hardswish",
        "prelu",
    ),
    *("sigmoid_", "tanh_", "logsigmoid", "hardsigmoid", "threshold", "softsign"),
)
_DECISIONS = ("softmax", "log_softmax", "argmax", "softmin")


def _same(follower: Follower, name: str, func: Func, args: Args, kwargs: Kwargs, result: Any) -> None:
    given = args[0] if args else kwargs["input"]
    if "dropout" in name and _drops(args, kwargs):
        limit = "it would drop values at random here as well"
        follower.fault(f"'{name}' with training=True", limit, "Pass training=self.training, or use torch.nn.Dropout.")
    tracked = follower.get(given)
    assert tracked is not None, "only operations on what is tracked come here"
    for tensor in tensors(result):
        if (
            given.is_floating_point()
            and not tensor.is_floating_point()
            and not all(binary(follower, e) for e in tracked.expressions)
        ):
            limit, mend = "values are not rounded before conversion", "Leave it out; nk.compile quantises."
            follower.fault(f"rounds values to {tensor.dtype} by '{name}'", limit, mend)
        follower.put(tensor, tracked)


def _drops(args: Args, kwargs: Kwargs) -> bool:
    share = kwargs.get("p", args[1] if len(args) > 1 else 0.5)
    return bool(kwargs.get("training", args[2] if len(args) > 2 else True)) and bool(share)


def _fact(follower: Follower, name: str, func: Func, args: Args, kwargs: Kwargs, result: Any) -> None:
    return None


def _rectify(follower: Follower, name: str, func: Func, args: Args, kwargs: Kwargs, result: Any) -> None:
    follower.fault(
        f"is a '{name}': a unit of a plain network, which sends numbers and not spikes",
        "plain networks need a code for them",
        'Pass code="rate" or code="sigma-delta" (a network of ReLUs only), or train with spiking neurons.',
    )
    follower.unknown(result, _first(follower, args, kwargs))


def _highest(follower: Follower, name: str, func: Func, args: Args, kwargs: Kwargs, result: Any) -> None:
    mend = "Train with AvgPool2d or a strided convolution instead."
    follower.fault(f"is a '{name.strip('_')}' of spikes", "a maximum is no linear map", mend)
    follower.unknown(result, _first(follower, args, kwargs))


def _first(follower: Follower, args: Args, kwargs: Kwargs) -> Tracked:
    return next(t for tensor in tensors((args, kwargs)) if (t := follower.get(tensor)) is not None)


def _affine(follower: Follower, name: str, func: Func, args: Args, kwargs: Kwargs, result: Any) -> None:
    """Sums, differences, products and quotients of two operands, or of one and constants."""
    kind = name.strip("_").removeprefix("i").removeprefix("r") if name.startswith("__") else name.strip("_")
    kind = {"subtract": "sub", "multiply": "mul", "divide": "div", "truediv": "div", "true_divide": "div"}.get(
        kind, kind
    )
    left, right = (*args, kwargs.get("other"))[:2]
    if name in ("__rsub__", "rsub", "__rtruediv__", "__rdiv__"):
        left, right, kind = right, left, "sub" if "sub" in name else "div"
    if kwargs.get("rounding_mode") is not None:
        limit, mend = "values are not rounded before conversion", "Leave it out; nk.compile quantises."
        follower.fault(f"divides with rounding_mode='{kwargs['rounding_mode']}'", limit, mend)
        return follower.unknown(result, _first(follower, args, kwargs))
    alpha = float(kwargs.get("alpha", 1))
    both = follower.get(left), follower.get(right)
    if both[0] is not None and both[1] is not None:
        _two(follower, kind, alpha, both[0], both[1], result)
    elif both[0] is not None:
        _one(follower, kind, both[0], _constant(right), alpha, result, first=True)
    else:
        assert both[1] is not None, "only operations on what is tracked come here"
        _one(follower, kind, both[1], _constant(left), alpha, result, first=False)


def _constant(value: Any) -> Any:
    return value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else value


def _two(follower: Follower, kind: str, alpha: float, left: Tracked, right: Tracked, result: Any) -> None:
    if kind not in ("add", "sub") or left.lead != right.lead or left.shape != right.shape:
        alike = kind in ("add", "sub")
        fact = f"adds values of shapes {left.shape} and {right.shape}" if alike else "multiplies or divides two values"
        limit = "values are added one to one" if alike else "spikes gate no other spikes here"
        follower.fault(fact, limit, "Make the shapes alike." if alike else "Join them by addition or concatenation.")
        return follower.unknown(result, left)
    sign = alpha * (1 if kind == "add" else -1)
    made = [
        follower.expressions.total(follower.place, (a, follower.expressions.affine(follower.place, sign, 0, b)))
        for a, b in zip(left.expressions, right.expressions, strict=True)
    ]
    return follower.put(result, Tracked(tuple(made), left.lead))


def _one(follower: Follower, kind: str, own: Tracked, value: Any, alpha: float, result: Any, *, first: bool) -> None:
    if kind == "div" and not first:
        follower.fault("divides by what depends on the input", "maps are linear", "Multiply by a constant instead.")
        return follower.unknown(result, own)
    constant = _each_sample(np.asarray(value, np.float64), tuple(result.shape), len(own.lead))
    if constant is None or tuple(result.shape[len(own.lead) :]) != own.shape:
        limit = "a constant is the same for all samples and steps, and no larger than the values"
        follower.fault(f"'{kind}' with a constant of shape {np.shape(value)}", limit, "Give it the values' shape.")
        return follower.unknown(result, own)
    sign = 1.0 if first else alpha if kind == "add" else -alpha if kind == "sub" else 1.0
    factor, offset = np.full((), sign), np.zeros(())
    if kind in ("mul", "div"):
        factor = constant if kind == "mul" else 1 / constant
    else:
        offset = constant * (alpha if kind == "add" else -alpha) if first else constant
    made = tuple(follower.expressions.affine(follower.place, factor, offset, e) for e in own.expressions)
    return follower.put(result, Tracked(made, own.lead))


def _each_sample(value: Any, shape: tuple[int, ...], depth: int) -> Any:
    """What a constant is for one step of one sample; None where it differs between them."""
    if value.size == 1:
        return value.reshape(())
    whole = np.broadcast_to(value, shape)
    one = whole[(0,) * depth]
    return one.copy() if (whole == one).all() else None


def _negative(follower: Follower, name: str, func: Func, args: Args, kwargs: Kwargs, result: Any) -> None:
    own = _first(follower, args, kwargs)
    made = tuple(follower.expressions.affine(follower.place, -1, 0, e) for e in own.expressions)
    follower.put(result, Tracked(made, own.lead))


def _join(follower: Follower, name: str, func: Func, args: Args, kwargs: Kwargs, result: Any) -> None:
    parts = args[0] if args else kwargs["tensors"]
    axis = kwargs.get("dim", kwargs.get("axis", args[1] if len(args) > 1 else 0))
    known = [follower.get(part) for part in parts]
    own = next(part for part in known if part is not None)
    axis = int(axis) + (result.dim() if axis < 0 else 0)
    if any(part is None or part.lead != own.lead for part in known):
        mend = "Join values of one kind; leave out zeros."
        follower.fault(f"'{name}' joins values with constants or lists of steps with single steps", "they differ", mend)
        return follower.unknown(result, own)
    every = [part for part in known if part is not None]
    depth = len(own.lead)
    if name == "stack":
        return _stack(follower, every, axis, result)
    if axis < depth:
        if own.lead[axis] != "L":
            follower.fault("joins along the samples", "samples stay apart", "Join along features.")
            return follower.unknown(result, own)
        return follower.put(result, Tracked(tuple(e for part in every for e in part.expressions), own.lead))
    shape = tuple(result.shape[depth:])
    made = tuple(
        follower.expressions.concatenation(shape, follower.place, axis - depth, terms)
        for terms in zip(*(part.expressions for part in every), strict=True)
    )
    return follower.put(result, Tracked(made, own.lead))


def _stack(follower: Follower, every: Sequence[Tracked], axis: int, result: Any) -> None:
    own = every[0]
    if axis > len(own.lead) or "L" in "".join(own.lead):
        return _stack_features(follower, every, axis, result)
    lead = (*own.lead[:axis], "L", *own.lead[axis:])
    return follower.put(result, Tracked(tuple(part.expressions[0] for part in every), lead))


def _stack_features(follower: Follower, every: Sequence[Tracked], axis: int, result: Any) -> None:
    own = every[0]
    place = axis - len(own.lead)
    if place < 0:
        follower.fault("stacks lists of steps", "there is one list of steps", "Stack single steps.")
        return follower.unknown(result, own)
    within = follower.expressions
    shape = tuple(result.shape[len(own.lead) :])
    made = []
    for terms in zip(*(part.expressions for part in every), strict=True):
        one = [within.reshape((*own.shape[:place], 1, *own.shape[place:]), follower.place, term) for term in terms]
        made.append(within.concatenation(shape, follower.place, place, one))
    return follower.put(result, Tracked(tuple(made), own.lead))


def _sum(follower: Follower, name: str, func: Func, args: Args, kwargs: Kwargs, result: Any) -> None:
    """Sums and means over features, or over the steps."""
    own = _first(follower, args, kwargs)
    value = args[0] if args else kwargs["input"]
    given = kwargs.get("dim", kwargs.get("axis", args[1] if len(args) > 1 else None))
    numbers = range(value.dim()) if given is None else [given] if isinstance(given, int) else list(given)
    axes = sorted({int(axis) % value.dim() for axis in numbers})
    depth = len(own.lead)
    keep = bool(kwargs.get("keepdim", kwargs.get("keepdims", args[2] if len(args) > 2 else False)))
    if any(axis < depth and own.lead[axis] != "L" for axis in axes):
        follower.fault(f"'{name}' over samples", "samples stay apart", "Sum over features or steps.")
        return follower.unknown(result, own)
    inner = [axis - depth for axis in axes if axis >= depth]
    made = [_summed(follower, e, inner, keep, name == "mean") for e in own.expressions]
    if len(inner) == len(axes):
        return follower.put(result, Tracked(tuple(made), own.lead))
    lead = tuple(label for label in own.lead if label != "L")
    if follower.alike(own.expressions):
        return follower.put(result, Tracked((_over_time(follower, name, made),), lead))
    total = follower.expressions.total(follower.place, made)
    share = 1 / len(made) if name == "mean" else 1.0
    return follower.put(result, Tracked((follower.expressions.affine(follower.place, share, 0, total),), lead))


def _over_time(follower: Follower, name: str, made: Sequence[Expression]) -> Expression:
    if any(isinstance(e, Unknown) for e in made):
        return Unknown(made[0].shape, follower.place)
    return follower.expressions.decision(made[0].shape, follower.place, f"{name} over time", made)


def _summed(follower: Follower, own: Expression, axes: Sequence[int], keep: bool, mean: bool) -> Expression:
    if not axes:
        return own
    places = np.arange(math.prod(own.shape)).reshape(own.shape)
    others = [axis for axis in range(len(own.shape)) if axis not in axes]
    columns = np.transpose(places, (*others, *axes)).reshape(math.prod(own.shape[axis] for axis in others), -1)
    count = columns.shape[1]
    rows = np.repeat(np.arange(columns.shape[0]), count)
    weight = np.full(columns.size, 1 / count if mean else 1.0)
    matrix = sp.csr_matrix((weight, (rows, columns.ravel())), shape=(columns.shape[0], places.size))
    shape = tuple(1 if k in axes else n for k, n in enumerate(own.shape) if keep or k not in axes)
    return follower.expressions.map(shape or (1,), follower.place, Sparse(matrix), own.shape, own)


def _decide(follower: Follower, name: str, func: Func, args: Args, kwargs: Kwargs, result: Any) -> None:
    own = _first(follower, args, kwargs)
    made = follower.expressions.decision(tuple(result.shape), follower.place, name, own.expressions)
    follower.put(result, Tracked((made,), ()))


def _write(follower: Follower, name: str, func: Func, args: Args, kwargs: Kwargs, result: Any) -> None:
    limit = "values are followed from one operation to the next"
    follower.fault("writes what depends on the input into a part of a tensor", limit, "Use torch.stack or torch.cat.")
    follower.unknown(args[0], _first(follower, args, kwargs))


_AFFINE = (
    *("add", "add_", "__add__", "__radd__", "__iadd__", "sub", "sub_", "__sub__", "__rsub__", "__isub__", "rsub"),
    *("mul", "mul_", "__mul__", "__rmul__", "__imul__", "div", "div_", "__truediv__", "__rtruediv__", "__itruediv__"),
    *("subtract", "multiply", "divide", "true_divide"),
)

HANDLERS: Mapping[str, Handler] = {
    **dict.fromkeys(_SAME, _same),
    **dict.fromkeys(_FACTS, _fact),
    **dict.fromkeys(MOVES, move),
    **dict.fromkeys(_RECTIFIERS, _rectify),
    **dict.fromkeys(_AFFINE, _affine),
    **dict.fromkeys(_DECISIONS, _decide),
    **dict.fromkeys(("neg", "neg_", "__neg__", "negative"), _negative),
    **dict.fromkeys(("max_pool3d", "_max_pool3d", "adaptive_max_pool2d", "max", "amax", "maximum"), _highest),
    **POOLS,
    **dict.fromkeys(("cat", "concat", "concatenate", "stack"), _join),
    **dict.fromkeys(("sum", "mean"), _sum),
    **dict.fromkeys(("__setitem__", "index_put_", "copy_", "scatter_", "index_add_", "fill_", "zero_"), _write),
    **LAYERS,
    **PRODUCTS,
}
