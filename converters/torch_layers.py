"""Layers with weights, pools, resizes and normalisation as maps; names and conventions of torch.nn.functional (2.3)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from neurokit.converters.dataflow_paths import Unfit
from neurokit.converters.torch_trace import Follower, Handler, Tracked, tensors
from neurokit.graph.synapses import (
    Conv2d,
    ConvTranspose2d,
    Dense,
    Shape,
    Sparse,
    SumPool2d,
    Synapse,
    Upsample2d,
    nearest,
    pair,
)

Func = Callable[..., Any]
Args = Sequence[Any]
Kwargs = Mapping[str, Any]


def _layer(names: Sequence[str], make: Callable[[Mapping[str, Any], Shape, Shape], tuple[Synapse, Shape]]) -> Handler:
    """A handler for a function with the arguments `names`, the first of which is the input."""

    def handle(follower: Follower, name: str, func: Func, args: Args, kwargs: Kwargs, result: Any) -> None:
        values = {**dict(zip(names, args, strict=False)), **kwargs}
        own = follower.get(values.pop(names[0]))
        if own is None or any(follower.get(tensor) is not None for tensor in tensors(values)):
            follower.fault(f"'{name}' has weights that depend on the input", "weights are fixed", "Use parameters.")
            tracked = own or next(t for x in tensors((args, kwargs)) if (t := follower.get(x)) is not None)
            return follower.unknown(result, tracked)
        plain = {key: _plain(value) for key, value in values.items()}
        shape = tuple(result.shape[len(own.lead) :])
        if len(own.lead) + len(own.shape) != _rank(args, kwargs, names[0]):
            raise AssertionError("a tensor's rank is that of its axes")
        try:
            synapse, given = make(plain, own.shape, shape)
        except Unfit as unfit:
            follower.fault(*unfit.words)
            return follower.unknown(result, own)
        made = tuple(follower.expressions.map(shape, follower.place, synapse, given, e) for e in own.expressions)
        return follower.put(result, Tracked(made, own.lead))

    return handle


def _rank(args: Args, kwargs: Kwargs, name: str) -> int:
    value = args[0] if args else kwargs[name]
    return int(value.dim())


def _plain(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return np.asarray(value.detach().cpu().numpy(), np.float64)
    return value


def _linear(values: Mapping[str, Any], before: Shape, after: Shape) -> tuple[Synapse, Shape]:
    return _rows(values["weight"], values.get("bias"), before)


def _rows(weight: Any, bias: Any, before: Shape) -> tuple[Synapse, Shape]:
    """weight (targets, sources) along the last axis of values of shape `before`."""
    weight = np.atleast_2d(weight)
    if len(before) == 1:
        return Dense(weight, None if bias is None else np.ravel(bias)), before
    rows = math.prod(before[:-1])
    matrix = sp.kron(sp.identity(rows), sp.csr_matrix(weight), format="csr")
    return Sparse(matrix, None if bias is None else np.tile(np.ravel(bias), rows)), before


def _product(values: Mapping[str, Any], before: Shape, after: Shape) -> tuple[Synapse, Shape]:
    other = values.get("other", values.get("mat2"))
    if np.ndim(other) != 2:
        raise Unfit(f"multiplies by an array of shape {np.shape(other)}", "a matrix is needed", "Use torch.nn.Linear.")
    return _rows(np.transpose(other), None, before)


def _convolution(values: Mapping[str, Any], before: Shape, after: Shape) -> tuple[Synapse, Shape]:
    weight, given = _image(values["weight"], before)
    flat = len(before) == 2
    dilation = two_numbers(values.get("dilation", 1), flat)
    stride = two_numbers(values.get("stride", 1), flat)
    padding = _around(values.get("padding", 0), weight.shape[2:], stride, dilation, flat)
    bias = values.get("bias")
    return Conv2d(weight, stride, padding, dilation, int(values.get("groups", 1)), bias), given


def _transposed(values: Mapping[str, Any], before: Shape, after: Shape) -> tuple[Synapse, Shape]:
    weight, given = _image(values["weight"], before)
    flat = len(before) == 2
    two: dict[str, Any] = {
        name: two_numbers(values.get(name, default), flat, zero) for name, default, zero in _TRANSPOSED
    }
    return ConvTranspose2d(weight, **two, groups=int(values.get("groups", 1)), bias=values.get("bias")), given


_TRANSPOSED = (("stride", 1, 1), ("padding", 0, 0), ("output_padding", 0, 0), ("dilation", 1, 1))


def _image(weight: Any, before: Shape) -> tuple[Any, Shape]:
    """Weights and values of a one-dimensional convolution as those of images of one row."""
    if len(before) == 3 and np.ndim(weight) == 4:
        return weight, before
    if len(before) == 2 and np.ndim(weight) == 3:
        return weight[:, :, None, :], (before[0], 1, before[1])
    limit = "convolutions run over images (channels, rows, columns) or (channels, length)"
    raise Unfit(f"convolves values of shape {before}", limit, "Use Conv1d or Conv2d.")


def two_numbers(value: Any, flat: bool, neutral: int = 1) -> tuple[int, int]:
    """(y, x), for one-dimensional layers of images of one row."""
    if flat:
        return neutral, int(np.ravel(np.asarray(value))[0])
    return pair(value)


def _around(value: Any, kernel: Sequence[int], stride: Any, dilation: Any, flat: bool) -> tuple[int, int]:
    if value == "valid":
        return 0, 0
    if value != "same":
        return two_numbers(value, flat, 0)
    whole = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    if any(size % 2 for size in whole):
        limit = "it pads one more row behind than in front"
        raise Unfit("has padding='same' and an even kernel", limit, "Pad by ZeroPad2d, or use an odd kernel.")
    return whole[0] // 2, whole[1] // 2


def _average(values: Mapping[str, Any], before: Shape, after: Shape) -> tuple[Synapse, Shape]:
    flat = len(before) == 2
    kernel = two_numbers(values["kernel_size"], flat)
    given_stride = values.get("stride")
    stride = kernel if given_stride is None or np.size(given_stride) == 0 else two_numbers(given_stride, flat)
    padding = two_numbers(values.get("padding", 0), flat, 0)
    divisor = values.get("divisor_override") or kernel[0] * kernel[1]
    if any(padding) and not values.get("count_include_pad", True):
        limit = "padded zeros count in an average here"
        raise Unfit("has count_include_pad=False", limit, "Leave out the padding, or count it.")
    return _pool(before, after, kernel, stride, padding, 1 / divisor)


def _adaptive(values: Mapping[str, Any], before: Shape, after: Shape) -> tuple[Synapse, Shape]:
    sizes, wanted = (1, *before[1:])[-2:], (1, *after[1:])[-2:]
    if any(n % m for n, m in zip(sizes, wanted, strict=True)):
        limit = "windows of one size are needed"
        raise Unfit(f"averages {sizes} to {wanted}", limit, "Choose an output size that divides the input's.")
    kernel = sizes[0] // wanted[0], sizes[1] // wanted[1]
    return _pool(before, after, kernel, kernel, (0, 0), 1 / (kernel[0] * kernel[1]))


def _summed(values: Mapping[str, Any], before: Shape, after: Shape) -> tuple[Synapse, Shape]:
    if values.get("norm_type") != 1:
        raise Unfit("is a power-average pool", "only norm_type=1, a sum, is linear", "Use AvgPool2d.")
    kernel = two_numbers(values["kernel_size"], len(before) == 2)
    stride = kernel if values.get("stride") is None else two_numbers(values["stride"], len(before) == 2)
    return _pool(before, after, kernel, stride, (0, 0), 1.0)


def _pool(before: Shape, after: Shape, kernel: Any, stride: Any, padding: Any, weight: float) -> tuple[Synapse, Shape]:
    given = before if len(before) == 3 else (before[0], 1, before[-1])
    pool = SumPool2d(kernel, stride, padding, np.asarray(weight, np.float64))
    gives = pool.output_shape(given)
    if gives is None or math.prod(gives) != math.prod(after):
        limit = "windows lie within the (padded) image"
        raise Unfit(f"pools {before} to {after}, maybe with ceil_mode", limit, "Leave ceil_mode out, and pad instead.")
    return pool, given


def _resize(values: Mapping[str, Any], before: Shape, after: Shape) -> tuple[Synapse, Shape]:
    mode = values.get("mode", "nearest")
    if mode != "nearest" or len(before) != 3:
        limit = "only nearest-neighbour resizes of images are converted"
        raise Unfit(f"resizes values of shape {before} by '{mode}'", limit, "Train with mode='nearest'.")
    options = {key: values[key] for key in ("size", "scale_factor", "recompute_scale_factor") if key in values}
    for axis in (0, 1):
        ramp = torch.arange(before[1 + axis], dtype=torch.float64)
        whole = ramp[:, None].expand(before[1], before[2]) if axis == 0 else ramp.expand(before[1], before[2])
        found = torch.nn.functional.interpolate(whole[None, None], mode="nearest", **options)[0, 0]
        line = found[:, 0] if axis == 0 else found[0]
        if (line.numpy() != nearest(before[1 + axis], after[1 + axis])).any():
            limit = "rows are chosen by the sizes before and after"
            raise Unfit(
                "has a scale_factor that chooses other rows", limit, "Pass size= or recompute_scale_factor=True."
            )
    return Upsample2d((after[1], after[2])), before


def _normalise(follower: Follower, name: str, func: Func, args: Args, kwargs: Kwargs, result: Any) -> None:
    names = ("input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps")
    values = {**dict(zip(names, args, strict=False)), **kwargs}
    own = follower.get(values["input"])
    assert own is not None, "only operations on what is tracked come here"
    plain = {key: _plain(values.get(key)) for key in names[1:]}
    if plain["running_mean"] is None or plain["running_var"] is None or plain["training"]:
        limit = "statistics of a batch are none of the network"
        follower.fault("normalises by the batch it is given", limit, "Train with track_running_stats=True.")
        return follower.unknown(result, own)
    scale = 1 if plain["weight"] is None else plain["weight"]
    factor = scale / np.sqrt(plain["running_var"] + (1e-5 if plain["eps"] is None else plain["eps"]))
    offset = (0 if plain["bias"] is None else plain["bias"]) - plain["running_mean"] * factor
    spread = (-1, *(1,) * (len(own.shape) - 1))
    factor, offset = (np.broadcast_to(value.reshape(spread), own.shape) for value in (factor, offset))
    made = tuple(follower.expressions.affine(follower.place, factor, offset, e) for e in own.expressions)
    return follower.put(result, Tracked(made, own.lead))


def _other_norm(follower: Follower, name: str, func: Func, args: Args, kwargs: Kwargs, result: Any) -> None:
    limit = "its factors depend on the values, so it is no linear map"
    follower.fault(f"is a '{name}'", limit, "Train with BatchNorm instead, which is folded into the weights.")
    follower.unknown(result, next(t for x in tensors((args, kwargs)) if (t := follower.get(x)) is not None))


_CONVOLUTION = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_TRANSPOSE = ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")
_AVERAGE = ("input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override")
_INTERPOLATE = ("input", "size", "scale_factor", "mode", "align_corners", "recompute_scale_factor", "antialias")

LAYERS: Mapping[str, Handler] = {
    "linear": _layer(("input", "weight", "bias"), _linear),
    **dict.fromkeys(("matmul", "__matmul__"), _layer(("input", "other"), _product)),
    "mm": _layer(("input", "mat2"), _product),
    **dict.fromkeys(("conv1d", "conv2d"), _layer(_CONVOLUTION, _convolution)),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d"), _layer(_TRANSPOSE, _transposed)),
    **dict.fromkeys(("avg_pool1d", "avg_pool2d"), _layer(_AVERAGE, _average)),
    **dict.fromkeys(("adaptive_avg_pool1d", "adaptive_avg_pool2d"), _layer(("input", "output_size"), _adaptive)),
    **dict.fromkeys(
        ("lp_pool1d", "lp_pool2d"), _layer(("input", "norm_type", "kernel_size", "stride", "ceil_mode"), _summed)
    ),
    **dict.fromkeys(("interpolate", "upsample", "upsample_nearest"), _layer(_INTERPOLATE, _resize)),
    "batch_norm": _normalise,
    **dict.fromkeys(("instance_norm", "layer_norm", "group_norm", "local_response_norm", "normalize"), _other_norm),
}
