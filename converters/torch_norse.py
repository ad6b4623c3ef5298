"""Norse's neurons; `torch_neurons` says what they compute. Source: norse 1.1.0, torch/module and torch/functional."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from neurokit.converters.torch_neurons import Context, Found, Multi, Refusal, Rule, Step, checked, number, spiking
from neurokit.graph.neurons import CubaLeakyIntegrator, LeakyIntegrator
from neurokit.graph.synapses import Dense

_METHODS = ("super", "heaviside", "triangle", "tanh", "circ", "heavi_erfc")  # all of them fire at > in the forward pass


def _lif(module: Any, context: Context) -> Found:
    _sound(module)
    own, dt = module.p, float(module.dt)
    keep_v, keep_u = (1 - number(dt * rate) for rate in (own.tau_mem_inv, own.tau_syn_inv))  # rounded as there
    step = Step(
        keep_v=keep_v,
        gain_v=1 - keep_v,
        keep_u=keep_u,
        threshold=own.v_th,
        v_reset=own.v_reset,
        v_leak=own.v_leak,
    )
    return Found(spiking(step, Context(dt, None)), dt=dt, **_weights(module))


def _box(module: Any, context: Context) -> Found:
    _sound(module)
    own, dt = module.p, float(module.dt)
    method = getattr(own.reset_method, "__name__", "unknown")
    known = method in ("reset_value", "reset_subtract")
    limit = "neurokit knows reset_value and reset_subtract"
    checked([(not known, f"has the reset method {method}", limit, "Use one of them.")])
    keep_v = 1 - number(dt * own.tau_mem_inv)
    reset = "hard" if method == "reset_value" else "soft"
    step = Step(
        keep_v=keep_v, gain_v=1 - keep_v, threshold=own.v_th, v_reset=own.v_reset, v_leak=own.v_leak, reset=reset
    )
    return Found(spiking(step, Context(dt, None)), dt=dt)


def _integrator(module: Any, context: Context) -> Found:
    own, dt = module.p, float(module.dt)
    tau_syn, tau_mem = (dt / number(dt * rate) for rate in (own.tau_syn_inv, own.tau_mem_inv))
    return Found(
        CubaLeakyIntegrator(tau_syn=tau_syn, tau_mem=tau_mem, w_in=tau_syn / dt, v_leak=number(own.v_leak)), dt=dt
    )


def _box_integrator(module: Any, context: Context) -> Found:
    own, dt = module.p, float(module.dt)
    return Found(LeakyIntegrator(tau=dt / number(dt * own.tau_mem_inv), v_leak=number(own.v_leak)), dt=dt)


def _sound(module: Any) -> None:
    method = str(module.p.method)
    known = f"neurokit knows {', '.join(_METHODS)}"
    checked([(method not in _METHODS, f"has the threshold function '{method}'", known, "Use one of them.")])


def _weights(module: Any) -> dict[str, Any]:
    if not hasattr(module, "recurrent_weights"):
        return {}
    return {
        "before": Dense(number(module.input_weights).reshape(int(module.hidden_size), -1)),
        "back": Dense(number(module.recurrent_weights).reshape(int(module.hidden_size), -1)),
    }


def _answer(module: Any) -> Callable[..., Any]:
    return lambda forward, x, *given, **named: (forward(x, *given, **named), [])  # a pure function of its arguments


def _unsupported(module: Any, context: Context) -> Found:
    limit = "neurokit knows Norse's LIF, LIFRecurrent, LIFBox, LI and LIBox"
    raise Refusal((f"is a {type(module).__name__}", limit, "Train with one of these."))


def _lists(module: Any) -> Multi:
    return Multi.STEPS_FIRST


_rule = partial(Rule, keeps=False)

RULES: Mapping[str, Rule] = {
    "LIFCell": _rule(_lif, _answer),
    "LIF": _rule(_lif, _answer, _lists),
    "LIFRecurrentCell": _rule(_lif, _answer),
    "LIFRecurrent": _rule(_lif, _answer, _lists),
    "LIFBoxCell": _rule(_box, _answer),
    "LICell": _rule(_integrator, _answer),
    "LI": _rule(_integrator, _answer, _lists),
    "LIBoxCell": _rule(_box_integrator, _answer),
    "SNNCell": _rule(_unsupported, _answer),
    "SNNRecurrentCell": _rule(_unsupported, _answer),
    "SNN": _rule(_unsupported, _answer, _lists),
    "SNNRecurrent": _rule(_unsupported, _answer, _lists),
}
