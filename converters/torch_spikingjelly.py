"""SpikingJelly's neurons; `torch_neurons` says what they compute.

Source: spikingjelly 0.0.0.0.14, clock_driven/neuron.py and activation_based/neuron.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from neurokit.converters.torch_neurons import (
    Context,
    Found,
    Multi,
    Refusal,
    Rule,
    Step,
    fires_at,
    number,
    readout,
    spiking,
)


def _integrate(module: Any, context: Context) -> Found:
    return _node(module, context, np.zeros(()), None)


def _leak(module: Any, context: Context) -> Found:
    return _node(module, context, 1 / number(module.tau), bool(getattr(module, "decay_input", True)))


def _parametric(module: Any, context: Context) -> Found:
    return _node(module, context, number(module.w.sigmoid()), bool(getattr(module, "decay_input", True)))


def _node(module: Any, context: Context, share: Any, decay_input: bool | None) -> Found:
    """share: of v that leaks in a step. decay_input: whether the input is multiplied by it, too."""
    soft = module.v_reset is None
    rest = 0.0 if soft else float(module.v_reset)
    gain = share if decay_input else np.ones(())
    if float(module.v_threshold) == np.inf:  # the idiom for a readout: it never fires, and v is read
        return Found(readout(1 - share, gain, context))
    step = Step(
        keep_v=1 - share,
        gain_v=gain,
        threshold=float(module.v_threshold) - rest,  # potentials count from rest, where it starts
        fires=fires_at(module.surrogate_function, context.zeros, "surrogate_function"),
        reset="soft" if soft else "hard",
    )
    return Found(spiking(step, context))


def _answer(module: Any) -> Callable[..., Any]:
    def answer(forward: Any, x: Any, *given: Any, **named: Any) -> tuple[Any, list[Any]]:
        several = _lists(module) is not Multi.NO
        module.v = x.new_zeros(x.shape[1:] if several else x.shape)
        return x.new_zeros(x.shape), [module.v]

    return answer


def _lists(module: Any) -> Multi:
    several = type(module).__name__.startswith("MultiStep") or getattr(module, "step_mode", "s") == "m"
    return Multi.STEPS_FIRST if several else Multi.NO


def _unsupported(module: Any, context: Context) -> Found:
    limit = "neurokit knows SpikingJelly's IFNode, LIFNode and ParametricLIFNode"
    raise Refusal((f"is a {type(module).__name__}", limit, "Train with one of these."))


RULES: Mapping[str, Rule] = {
    "IFNode": Rule(_integrate, _answer, _lists),
    "MultiStepIFNode": Rule(_integrate, _answer, _lists),
    "LIFNode": Rule(_leak, _answer, _lists),
    "MultiStepLIFNode": Rule(_leak, _answer, _lists),
    "ParametricLIFNode": Rule(_parametric, _answer, _lists),
    "MultiStepParametricLIFNode": Rule(_parametric, _answer, _lists),
    "BaseNode": Rule(_unsupported, _answer, _lists),
}
