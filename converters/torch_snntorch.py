"""snnTorch's neurons; `torch_neurons` says what they compute. Source: snntorch 1.0.0, _neurons/*.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from neurokit.converters.torch_neurons import (
    Context,
    Found,
    OneToOne,
    Refusal,
    Rule,
    Step,
    checked,
    fires_at,
    layer_map,
    number,
    spiking,
)
from neurokit.graph.neurons import FloatArray
from neurokit.graph.synapses import Synapse

_RESETS = ("subtract", "zero", "none")  # by reset_mechanism_val


def _convert(module: Any, context: Context, synaptic: bool, recurrent: bool) -> Found:
    mechanism = _RESETS[int(module.reset_mechanism_val)]
    delayed = bool(getattr(module, "reset_delay", True))
    keep_v = np.clip(number(module.beta), 0, 1)
    keep_u = np.clip(number(module.alpha), 0, 1) if synaptic else None
    gain = number(module.graded_spikes_factor)
    _check(module, mechanism, delayed, context, keep_v, gain, synaptic, recurrent)
    if mechanism == "zero":
        reset: dict[str, Any] = {"reset": "hard", "held": delayed and (synaptic or recurrent)}
    elif mechanism == "none":
        reset = {"reset": "soft", "subtracts": 0.0}
    else:
        reset = {"reset": "soft", "subtracts": 1 / keep_v if delayed else 1.0}
    fires = fires_at(module.spike_grad, context.zeros, "spike_grad")
    step = Step(keep_v=keep_v, gain_v=1.0, keep_u=keep_u, threshold=module.threshold, fires=fires, **reset)
    return Found(spiking(step, context), back=_back(module) if recurrent else None, gain=gain)


def _check(
    module: Any,
    mechanism: str,
    delayed: bool,
    context: Context,
    keep_v: FloatArray,
    gain: FloatArray,
    synaptic: bool,
    recurrent: bool,
) -> None:
    twice = mechanism == "subtract" and not delayed and context.reset != "soft"
    checked(
        [
            (
                bool(module.inhibition),
                "has inhibition=True",
                "only the strongest neuron of a sample would fire",
                "Train without it.",
            ),
            (
                bool(module.state_quant),
                "has state_quant",
                "states are not quantised before conversion",
                "Remove it; nk.compile quantises.",
            ),
            (
                twice,
                "has reset_delay=False and reset_mechanism='subtract'",
                "snnTorch subtracts once more where v is still above the threshold, and takes that back a step later",
                "Pass reset='soft' if a plain subtraction is meant (the same while v stays below twice the threshold).",
            ),
            (
                mechanism == "subtract" and delayed and not keep_v.all(),
                "has beta = 0 and subtracts its reset a step later",
                "no potential is left to subtract it from",
                "Use reset_mechanism='zero', or a beta above 0.",
            ),
            (
                synaptic and recurrent and not delayed,
                "has reset_delay=False",
                "RSynaptic of snnTorch 1.0 cannot run so",
                "Leave reset_delay at True.",
            ),
            (
                recurrent and bool((gain != 1).any()),
                "has a graded_spikes_factor and recurrence",
                "only one of them is converted",
                "Scale the weights instead.",
            ),
        ]
    )


def _back(module: Any) -> Synapse:
    if getattr(module.recurrent, "V", None) is None:
        return layer_map(module.recurrent)
    return OneToOne(number(module.recurrent.V))


def _answer(*states: str) -> Callable[[Any], Callable[..., Any]]:
    """states: the module's attributes that hold them, in the order in which a call returns them."""

    def of(module: Any) -> Callable[..., Any]:
        hidden = bool(module.init_hidden) and not bool(module.output)

        def answer(forward: Any, x: Any, *given: Any, **named: Any) -> tuple[Any, list[Any]]:
            spikes = x.new_zeros(x.shape)
            held = [x.new_zeros(x.shape) for _ in states]
            for name, tensor in zip(states, held, strict=True):
                setattr(module, name, tensor)
            return (spikes if hidden else (spikes, *held)), held

        return answer

    return of


def _rule(synaptic: bool, recurrent: bool) -> Rule:
    states = ("syn", "mem") if synaptic else ("mem",)
    return Rule(lambda module, context: _convert(module, context, synaptic, recurrent), _answer(*states))


def _unsupported(module: Any, context: Context) -> Found:
    limit = "neurokit knows snnTorch's Leaky, Synaptic, RLeaky and RSynaptic"
    raise Refusal((f"is a {type(module).__name__}", limit, "Train with one of these."))


RULES: Mapping[str, Rule] = {
    "Leaky": _rule(synaptic=False, recurrent=False),
    "Synaptic": _rule(synaptic=True, recurrent=False),
    "RLeaky": _rule(synaptic=False, recurrent=True),
    "RSynaptic": _rule(synaptic=True, recurrent=True),
    "SpikingNeuron": Rule(_unsupported, _answer("mem")),
}
