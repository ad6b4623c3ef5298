"""What the suite tries of resonate-and-fire neurons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from neurokit.conformance.draws import Draws
from neurokit.conformance.graded import EACH, schedule, schedules
from neurokit.conformance.kinds import NeuronKind
from neurokit.graph.neurons import MAX_POTENTIAL, FixedNeuron
from neurokit.graph.resonators import DECAY_BITS_RANGE, STATE_EXPONENT_RANGE, FixedResonateAndFire
from neurokit.graph.synapses import Shape

UNIT = 1 << DECAY_BITS_RANGE[1]


def _plain(**changes: Any) -> FixedResonateAndFire:
    """A turn in 11 steps that loses 5 % in each."""
    angle = 2 * np.pi / 11
    turn = {
        "sine": np.asarray(int(0.95 * UNIT * np.sin(angle))),
        "cosine": np.asarray(int(0.95 * UNIT * np.cos(angle))),
    }
    return FixedResonateAndFire(**{**turn, "threshold": np.asarray(25 << 6), **changes})


def _edges() -> Iterator[tuple[str, FixedNeuron]]:
    changes: list[dict[str, Any]] = [{}, *schedules()]
    changes += [{"state_exponent": exponent} for exponent in STATE_EXPONENT_RANGE]
    changes += [{"sine": 1, "cosine": -1, "decay_bits": 0}, {"sine": -UNIT, "cosine": 0}, {"sine": 0, "cosine": UNIT}]
    changes += [{"threshold": value} for value in (0, 1, MAX_POTENTIAL)]
    for change in changes:
        for fires_at in ("phase", "top"):
            label = ", ".join(f"{name} {value}" for name, value in change.items()) or "plain"
            yield f"{label}, fires at {fires_at}", _plain(fires_at=fires_at, **change)
    own = {"sine": 500 * EACH - 2000, "cosine": 3000 - 600 * EACH, "threshold": 900 * EACH}
    yield "everything of each neuron its own", _plain(**own)


def _random(draws: Draws, shape: Shape, readout: bool) -> FixedNeuron:
    rng, each = draws.generator(), draws.choice(((), shape))
    angle, kept = rng.uniform(0.1, 2, each), rng.uniform(0.7, 1, each)
    return _plain(
        sine=(UNIT * kept * np.sin(angle)).astype(np.int64),
        cosine=(UNIT * kept * np.cos(angle)).astype(np.int64),
        threshold=rng.integers(0, 90 << 6, draws.choice(((), shape))),
        fires_at=draws.choice(("phase", "top")),
        **schedule(draws),
    )


RESONATORS: Mapping[type[FixedNeuron], NeuronKind] = {FixedResonateAndFire: NeuronKind(_edges, _random)}
