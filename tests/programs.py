"""Random sound Programs: the suite's own generator (neurokit/conformance), drawn by hypothesis or from a seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from neurokit.conformance.draws import Draws, Seeded
from neurokit.conformance.generator import draw_case, draw_program
from neurokit.graph.neurons import LoihiLIF

seeds = st.integers(0, 2**31)


class Drawn(Draws):
    """Choices that hypothesis makes, and shrinks when a test fails."""

    def __init__(self, draw):
        self._draw = draw

    def integer(self, low, high):
        return self._draw(st.integers(low, high))


@st.composite
def cases(draw):
    """Any case of the conformance suite's random part."""
    return draw_case(Drawn(draw), "drawn")


def random_program(seed, neurons=(LoihiLIF,)):
    """A Program of one input "in" and one output."""
    program = draw_program(Seeded(seed), neurons, inputs=1)
    return replace(program, outputs=dict(list(program.outputs.items())[:1]))


def random_input(seed, program, steps=20, graded=False):
    """(steps, *shape) for the input "in": spikes, or signed payloads."""
    rng = np.random.default_rng(seed + 1)
    shape = (steps, *program.inputs["in"].shape)
    active = rng.random(shape) < rng.choice([0.05, 0.3, 0.9])
    return active * rng.integers(-50, 51, shape) if graded else active.astype(np.int64)
