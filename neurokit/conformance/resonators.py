"""What the suite tries of resonate-and-fire neurons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from neurokit.conformance.draws import Draws
from neurokit.conformance.graded import EACH, schedule, schedules
from neurokit.conformance.kinds import NeuronKind
from neurokit.graph.neurons import MAX_POTENTIAL, FixedNeuron
from neurokit.graph.resonators import (
    DECAY_BITS_RANGE,
    STATE_EXPONENT_RANGE,
    FixedAdaptiveResonateAndFire,
    FixedResonateAndFire,
)
from neurokit.graph.synapses import Shape

Turning = TypeVar("Turning", bound=FixedResonateAndFire)
UNIT = 1 << DECAY_BITS_RANGE[1]


def _plain(**changes: Any) -> FixedResonateAndFire:
    return _turning(FixedResonateAndFire, **changes)


def _adaptive(**changes: Any) -> FixedAdaptiveResonateAndFire:
    moves = {"threshold_decay": 400, "refractory_decay": 900, "threshold_step": 10 << 6}
    return _turning(FixedAdaptiveResonateAndFire, **{**moves, **changes})


def _turning(model: type[Turning], **changes: Any) -> Turning:
    """A turn in 11 steps that loses 5 % in each."""
    angle = 2 * np.pi / 11
    turn = {
        "sine": np.asarray(int(0.95 * UNIT * np.sin(angle))),
        "cosine": np.asarray(int(0.95 * UNIT * np.cos(angle))),
    }
    return model(**{**turn, "threshold": np.asarray(25 << 6), **changes})


def _edges() -> Iterator[tuple[str, FixedNeuron]]:
    yield from _labelled(_plain)
    own = {"sine": 500 * EACH - 2000, "cosine": 3000 - 600 * EACH, "threshold": 900 * EACH}
    yield "everything of each neuron its own", _plain(**own)


def _adaptive_edges() -> Iterator[tuple[str, FixedNeuron]]:
    decays = [{"threshold_decay": d, "refractory_decay": 4096 - d} for d in (0, 1, 4095, 4096)]
    steps = [{"threshold_step": s, "threshold_decay": 0, "refractory_decay": 0} for s in (0, MAX_POTENTIAL)]
    yield from _labelled(_adaptive, *decays, *steps, {"threshold": 0, "threshold_step": 0, "refractory_decay": 4096})
    own = {"sine": 500 * EACH - 2000, "cosine": 3000 - 600 * EACH, "threshold": 900 * EACH}
    moves = {"threshold_decay": 585 * EACH, "refractory_decay": 4095 - 585 * EACH, "threshold_step": 100 * EACH}
    yield "everything of each neuron its own", _adaptive(**own, **moves)


def _labelled(make: Callable[..., FixedNeuron], *more: dict[str, Any]) -> Iterator[tuple[str, FixedNeuron]]:
    changes: list[dict[str, Any]] = [{}, *schedules(), *more]
    changes += [{"state_exponent": exponent} for exponent in STATE_EXPONENT_RANGE]
    changes += [{"sine": 1, "cosine": -1, "decay_bits": 0}, {"sine": -UNIT, "cosine": 0}, {"sine": 0, "cosine": UNIT}]
    changes += [{"threshold": value} for value in (0, 1, MAX_POTENTIAL)]
    for change in changes:
        for fires_at in ("phase", "top"):
            label = ", ".join(f"{name} {value}" for name, value in change.items()) or "plain"
            yield f"{label}, fires at {fires_at}", make(fires_at=fires_at, **change)


def _random(draws: Draws, shape: Shape, readout: bool) -> FixedNeuron:
    return _plain(**_drawn(draws, shape))


def _random_adaptive(draws: Draws, shape: Shape, readout: bool) -> FixedNeuron:
    rng, each = draws.generator(), draws.choice(((), shape))
    return _adaptive(
        threshold_decay=rng.choice([0, 100, 2048, 4096], each),
        refractory_decay=rng.choice([0, 500, 2048, 4096], each),
        threshold_step=rng.integers(0, 40 << 6, each),
        **_drawn(draws, shape),
    )


def _drawn(draws: Draws, shape: Shape) -> dict[str, Any]:
    """A turn, a threshold and a schedule."""
    rng, each = draws.generator(), draws.choice(((), shape))
    angle, kept = rng.uniform(0.1, 2, each), rng.uniform(0.7, 1, each)
    return {
        "sine": (UNIT * kept * np.sin(angle)).astype(np.int64),
        "cosine": (UNIT * kept * np.cos(angle)).astype(np.int64),
        "threshold": rng.integers(0, 90 << 6, draws.choice(((), shape))),
        "fires_at": draws.choice(("phase", "top")),
        **schedule(draws),
    }


RESONATORS: Mapping[type[FixedNeuron], NeuronKind] = {
    FixedResonateAndFire: NeuronKind(_edges, _random),
    FixedAdaptiveResonateAndFire: NeuronKind(_adaptive_edges, _random_adaptive),
}
