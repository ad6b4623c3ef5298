"""What the suite tries of each map between images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from neurokit.conformance.draws import Draws
from neurokit.conformance.synapse_kinds import SIGNS, Drawn, Edge, SynapseKind, drawn_weights, weights
from neurokit.graph.check import MAX_DELAY, WEIGHT_EXPONENT_RANGE
from neurokit.graph.synapses import (
    Conv2d,
    Convolving,
    ConvTranspose2d,
    Pair,
    ResizeConv2d,
    Shape,
    SumPool2d,
    Synapse,
    pair,
)

IMAGE: Shape = (4, 7, 6)


Make = Callable[..., Convolving]  # weights of (4, 4 / groups, 3, 2), options -> a map that accepts IMAGE


def _kernel_edges(make: Make, seed: int, several: tuple[dict[str, Any], ...]) -> Iterator[Edge]:
    rng = np.random.default_rng(seed)

    def edge(label: str, sign: str = "odd and mixed", delay: Any = 1, **options: Any) -> Edge:
        found = make(weights(rng, (4, 4 // options.get("groups", 1), 3, 2), sign), **options)
        target = _fits(found, IMAGE)
        if delay == "channel":
            delay = np.repeat(np.arange(1, 5), target[1] * target[2])[:, None]
        return Edge(label, found, IMAGE, target, delay)

    for sign in SIGNS:
        yield edge(f"{sign} weights", sign)
    for exponent in (WEIGHT_EXPONENT_RANGE[0], -3, 1, WEIGHT_EXPONENT_RANGE[1]):
        yield edge(f"exponent {exponent}", exponent=exponent)
    for delay in (2, MAX_DELAY + 1):
        yield edge(f"delay {delay}", delay=delay)
    for options in several:
        yield edge(", ".join(f"{name} {value}" for name, value in options.items()), **options)
    yield edge("a delay for each target channel", delay="channel")


def _conv_edges() -> Iterator[Edge]:
    options: tuple[dict[str, Any], ...] = (
        {"stride": (2, 1), "padding": (1, 0)},
        {"stride": (3, 2), "padding": (0, 2)},
        {"padding": (2, 2), "dilation": (2, 1)},
        {"dilation": (1, 3), "stride": (2, 2), "padding": (1, 3), "groups": 2},
        {"groups": 2, "exponent": 3},
        {"groups": 4, "stride": (1, 3), "padding": (2, 2)},
    )
    yield from _kernel_edges(Conv2d, 4, options)
    yield Edge("sums beyond 24 bits", Conv2d(np.full((2, 1, 2, 2), 255), exponent=7), (1, 4, 4), (2, 3, 3))


def _resize_edges() -> Iterator[Edge]:
    def resized(weight: Any, size: Pair = (11, 10), **options: Any) -> ResizeConv2d:
        return ResizeConv2d(size, weight, **options)

    options: tuple[dict[str, Any], ...] = (
        {"size": (14, 12), "padding": (1, 0)},
        {"size": (21, 6), "stride": (3, 1)},
        {"size": (3, 4), "padding": (2, 1)},
        {"size": (17, 16), "dilation": (2, 3), "stride": (1, 2), "groups": 2},
        {"size": (7, 6), "groups": 4, "exponent": -1},
    )
    yield from _kernel_edges(resized, 7, options)
    weight = np.full((2, 1, 3, 3), 255)
    yield Edge("sums beyond 24 bits", ResizeConv2d((6, 6), weight, exponent=7), (1, 3, 3), (2, 4, 4))


def _transpose_edges() -> Iterator[Edge]:
    options: tuple[dict[str, Any], ...] = (
        {"stride": (2, 3), "padding": (1, 0)},
        {"stride": (2, 2), "padding": (0, 1), "output_padding": (1, 1)},
        {"stride": (4, 3)},
        {"dilation": (3, 2), "stride": (2, 1), "padding": (1, 3), "output_padding": (2, 1)},
        {"groups": 2, "stride": (1, 2), "exponent": -1},
        {"groups": 4, "padding": (2, 2)},
    )
    yield from _kernel_edges(ConvTranspose2d, 8, options)
    yield Edge("sums beyond 24 bits", ConvTranspose2d(np.full((1, 2, 3, 3), 255), exponent=7), (1, 3, 3), (2, 5, 5))


def _pool_edges() -> Iterator[Edge]:
    def edge(label: str, delay: Any = 1, **options: Any) -> Edge:
        pool = SumPool2d(**{"kernel": (2, 2), "stride": (2, 2), **options})
        return Edge(label, pool, IMAGE, _fits(pool, IMAGE), delay)

    for weight in (-255, 0, 1, 255):
        yield edge(f"weight {weight}", weight=np.asarray(weight))
    for exponent in (WEIGHT_EXPONENT_RANGE[0], -2, WEIGHT_EXPONENT_RANGE[1]):
        yield edge(f"exponent {exponent}", weight=np.asarray(3), exponent=exponent)
    for delay in (2, MAX_DELAY + 1):
        yield edge(f"delay {delay}", delay=delay)
    yield edge("windows that overlap", kernel=(3, 2), stride=(2, 1), padding=(1, 0))
    yield edge("windows with gaps", kernel=(1, 2), stride=(3, 3), padding=(0, 1))
    pool = SumPool2d((4, 4), (4, 4), (0, 0), np.asarray(255), 7)
    yield Edge("sums beyond 24 bits", pool, (1, 8, 4), (1, 2, 1))


def _random_kernel(draws: Draws, kind: type[Convolving], source: Shape) -> Drawn | None:
    if len(source) != 3:
        return None
    groups = draws.choice([g for g in (1, 2, source[0]) if source[0] % g == 0])
    inner, size = source[0] // groups, (draws.integer(1, 3), draws.integer(1, 3))
    stride, padding, dilation = (
        pair([draws.integer(*ends), draws.integer(*ends)]) for ends in ((1, 2), (0, 2), (1, 2))
    )
    exponent, outs = draws.integer(-2, 3), draws.integer(1, 2)
    found: Convolving
    if kind is SumPool2d:
        found = SumPool2d(size, stride, padding, np.asarray(draws.choice((1, -1, 100, 255))), exponent)
    elif kind is ConvTranspose2d:
        weight = drawn_weights(draws, (source[0], outs, *size))
        extra = pair([draws.integer(0, max(s, d) - 1) for s, d in zip(stride, dilation, strict=True)])
        found = ConvTranspose2d(weight, stride, padding, extra, dilation, groups, exponent=exponent)
    else:
        weight = drawn_weights(draws, (groups * outs, inner, *size))
        found = Conv2d(weight, stride, padding, dilation, groups, exponent=exponent)
        if kind is ResizeConv2d:
            between = draws.integer(1, 11), draws.integer(1, 11)
            found = ResizeConv2d(between, weight, stride, padding, dilation, groups, exponent=exponent)
    shape = found.output_shape(source)
    return None if shape is None else (found, shape)


def _fits(synapse: Convolving, source: Shape) -> Shape:
    target = synapse.output_shape(source)
    assert target is not None, "IMAGE is large enough"
    return target


def _eye(shape: Shape) -> Any:
    return np.eye(shape[0], dtype=np.int64)[:, :, None, None]


def _entry(kind: type[Convolving], one_to_one: Callable[[Shape], Synapse], edges: Callable[[], Iterator[Edge]]) -> Any:
    return SynapseKind(one_to_one, edges, lambda draws, source, _: _random_kernel(draws, kind, source))


IMAGE_MAPS: Mapping[type[Synapse], SynapseKind] = {
    Conv2d: _entry(Conv2d, lambda shape: Conv2d(_eye(shape)), _conv_edges),
    ResizeConv2d: _entry(ResizeConv2d, lambda shape: ResizeConv2d((shape[1], shape[2]), _eye(shape)), _resize_edges),
    ConvTranspose2d: _entry(ConvTranspose2d, lambda shape: ConvTranspose2d(_eye(shape)), _transpose_edges),
    SumPool2d: _entry(SumPool2d, lambda shape: SumPool2d((1, 1), (1, 1)), _pool_edges),
}
