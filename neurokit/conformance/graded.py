"""What the suite tries of the graded neurons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from neurokit.conformance.draws import Draws
from neurokit.conformance.kinds import WIDTH, NeuronKind
from neurokit.graph.graded_neurons import (
    EXPONENT_RANGE,
    MULTIPLIER_RANGE,
    SHIFT_RANGE,
    FixedDelta,
    FixedRelay,
    FixedSigma,
    FixedSigmaDelta,
)
from neurokit.graph.neurons import MAX_POTENTIAL, FixedNeuron
from neurokit.graph.synapses import Shape

EACH = np.arange(WIDTH)


def schedules() -> Iterator[dict[str, Any]]:
    """Resets of every kind, and neurons that wait for their start."""
    for interval, offset, held in ((0, 3, False), (1, 0, False), (4, 2, False), (4, 9, True), (0, 5, True)):
        yield {"reset_interval": interval, "reset_offset": offset, "held": held}


def _encoders() -> Iterator[dict[str, Any]]:
    yield from schedules()
    most = EXPONENT_RANGE[1]
    for spike, state in ((0, 0), (0, most), (most, 0), (most, most), (6, 6)):
        yield {"spike_exponent": spike, "state_exponent": state}
    for threshold in (0, 1, 1 << 17, MAX_POTENTIAL):
        for cumulative in (False, True):
            yield {"threshold": threshold, "cumulative": cumulative}
    for cumulative in (False, True):
        yield {"threshold": 400 * EACH, "state_exponent": 3, "cumulative": cumulative}


def _labelled(changes: dict[str, Any]) -> str:
    told = {name: "of each neuron its own" if np.ndim(value) else value for name, value in changes.items()}
    return ", ".join(f"{name} {value}" for name, value in told.items()) or "plain"


def _sigma_edges() -> Iterator[tuple[str, FixedNeuron]]:
    for changes in ({}, *schedules()):
        yield _labelled(changes), FixedSigma(**changes)


def _delta_edges() -> Iterator[tuple[str, FixedNeuron]]:
    for changes in _encoders():
        yield _labelled(changes), FixedDelta(**changes)


def _sigma_delta_edges() -> Iterator[tuple[str, FixedNeuron]]:
    for changes in _encoders():
        yield _labelled(changes), FixedSigmaDelta(**changes)
    for bias in (-MAX_POTENTIAL, -1, 1, MAX_POTENTIAL, 5000 - 2500 * EACH):
        for activation in ("relu", "unit"):
            changes = {"activation_bias": bias, "activation": activation}
            yield _labelled(changes), FixedSigmaDelta(**changes)


def _relay_edges() -> Iterator[tuple[str, FixedNeuron]]:
    for changes in ({}, *schedules()):
        yield _labelled(changes), FixedRelay(**changes)
    for rounding in ("down", "nearest", "zero"):
        for shift in (0, 1, SHIFT_RANGE[1]):
            changes = {"multiplier": MULTIPLIER_RANGE[1], "shift": shift, "rounding": rounding}
            yield _labelled(changes), FixedRelay(**changes)
        yield f"multipliers and shifts of their own, {rounding}", FixedRelay(3 * EACH - 11, EACH, rounding=rounding)
    for overflow in ("saturate", "wrap"):
        for multiplier in MULTIPLIER_RANGE:
            changes = {"multiplier": multiplier, "overflow": overflow, "activation": "relu", "latched": True}
            yield _labelled(changes), FixedRelay(**changes)
            changes = {"multiplier": multiplier, "overflow": overflow, "shift": 3}
            yield _labelled(changes), FixedRelay(**changes)


def schedule(draws: Draws) -> dict[str, Any]:
    """Mostly none; else a reset schedule, now and then with neurons that wait for its start."""
    interval, offset = draws.choice((0, 0, 0, 1, 4, 7)), draws.choice((0, 0, 0, 3, 9))
    return {"reset_interval": interval, "reset_offset": offset, "held": offset > 0 and draws.one_in(4)}


def _random_sigma(draws: Draws, shape: Shape, readout: bool) -> FixedNeuron:
    return FixedSigma(**schedule(draws))


def _random_encoder(draws: Draws, shape: Shape) -> dict[str, Any]:
    rng = draws.generator()
    most = draws.choice((1, 60, 5000))
    return {
        "threshold": rng.integers(0, most, draws.choice(((), (), shape))),
        "spike_exponent": draws.choice((0, 0, 0, 2)),
        "state_exponent": draws.choice((0, 3, 6, EXPONENT_RANGE[1])),
        "cumulative": draws.one_in(3),
        **schedule(draws),
    }


def _random_delta(draws: Draws, shape: Shape, readout: bool) -> FixedNeuron:
    return FixedDelta(**_random_encoder(draws, shape))


def _random_sigma_delta(draws: Draws, shape: Shape, readout: bool) -> FixedNeuron:
    rng = draws.generator()
    return FixedSigmaDelta(
        **_random_encoder(draws, shape),
        activation_bias=rng.integers(-5000, 5000, draws.choice(((), shape))),
        activation=draws.choice(("relu", "relu", "unit")),
    )


def _random_relay(draws: Draws, shape: Shape, readout: bool) -> FixedNeuron:
    rng, each = draws.generator(), draws.choice(((), shape))
    return FixedRelay(
        multiplier=rng.integers(-200, 201, each),
        shift=rng.integers(7, 13, each),
        activation=draws.choice(("unit", "relu")),
        rounding=draws.choice(("down", "nearest", "zero")),
        overflow=draws.choice(("saturate", "wrap")),
        latched=draws.one_in(3),
        **schedule(draws),
    )


GRADED: Mapping[type[FixedNeuron], NeuronKind] = {
    FixedSigma: NeuronKind(_sigma_edges, _random_sigma),
    FixedDelta: NeuronKind(_delta_edges, _random_delta),
    FixedSigmaDelta: NeuronKind(_sigma_delta_edges, _random_sigma_delta),
    FixedRelay: NeuronKind(_relay_edges, _random_relay),
}
