"""The busiest core of what is no image: no cut into as many cores has a smaller one."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from neurokit.place.placing import place
from tests.place.programs import chain


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 2500), st.integers(1, 900), st.integers(1, 300), st.sampled_from(["loihi1", "loihi2"]))
def test_runs_are_as_even_as_can_be(sources: int, targets: int, after: int, chip: str) -> None:
    """Cores filled one after the other, as greed does, have one with as many neurons or more."""
    placement = place(chain(sources, targets, after), chip)
    assert placement.ok
    for placed in placement.populations.values():
        assert placed.layout.neurons == math.ceil(placed.neurons / placed.cores)
        memory = placed.by_core["synaptic memory"]
        assert memory.max() == memory[0]
