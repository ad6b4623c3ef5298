"""The product's interpreter (neurokit/conformance/interpreter.py) for one sample, as tests like to have it."""

from __future__ import annotations

from typing import Any, NamedTuple

from neurokit.conformance.interpreter import interpret


class Run(NamedTuple):
    """One sample, by population: (steps, *shape) int64; u and v of populations that have them."""

    spikes: dict[str, Any]
    u: dict[str, Any]
    v: dict[str, Any]


def run(program, inputs, steps):
    """One sample; inputs: name -> (time, *shape)."""
    sent, states = interpret(program, inputs, steps)
    u, v = ({name: values for (name, state), values in states.items() if state == which} for which in "uv")
    return Run(sent, u, v)
