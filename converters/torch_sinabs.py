"""sinabs's neurons; `torch_neurons` says what they compute. Source: sinabs 2.0.3, layers/lif.py, activation."""

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
    checked,
    number,
    readout,
    spiking,
)


def _lif(module: Any, context: Context) -> Found:
    spikes = getattr(module.spike_fn, "__name__", type(module.spike_fn).__name__)
    reset = type(module.reset_fn).__name__
    value = getattr(module.reset_fn, "reset_value", 0.0) or 0.0
    several = "a neuron sends one spike a step at most"
    checked(
        [
            (
                module.spike_fn is not None and spikes != "SingleSpike",
                f"has spike_fn={spikes}",
                several,
                "Use spike_fn=SingleSpike.",
            ),
            (
                module.min_v_mem is not None,
                f"has min_v_mem={_float(module.min_v_mem)}",
                "potentials have no lower bound here",
                "Train with min_v_mem=None.",
            ),
            (
                reset not in ("MembraneReset", "MembraneSubtract"),
                f"has reset_fn={reset}",
                "unknown",
                "Use MembraneSubtract().",
            ),
            (bool(value), f"resets to {value}", "sinabs adds that in every step", "Use MembraneReset(0)."),
        ]
    )
    keep_v = number(module.alpha_mem_calculated)
    gain = 1 - keep_v if module.norm_input else np.ones(())
    synaptic = None if module.alpha_syn_calculated is None else number(module.alpha_syn_calculated)
    if module.spike_fn is None:
        checked(
            [(synaptic is not None, "is a readout with tau_syn", "sinabs' ExpLeak is known without", "Leave it out.")]
        )
        return Found(readout(keep_v, gain, context))
    threshold = number(module.spike_threshold)
    taken = getattr(module.reset_fn, "subtract_value", None)
    step = Step(
        keep_v=keep_v,
        gain_v=gain,
        keep_u=synaptic,
        gain_u=1.0 if synaptic is None else synaptic,
        threshold=threshold,
        fires=">=",
        reset="soft" if reset == "MembraneSubtract" else "hard",
        subtracts=1.0 if taken is None else number(taken) / threshold,
    )
    return Found(spiking(step, context))


def _float(value: Any) -> float:
    return float(value) if value is not None else 0.0


def _answer(module: Any) -> Callable[..., Any]:
    return lambda forward, x, *given, **named: (x.new_zeros(x.shape), [])


def _lists(module: Any) -> Multi:
    return Multi.MERGED if hasattr(module, "squeeze_forward") else Multi.SAMPLES_FIRST


def _unsupported(module: Any, context: Context) -> Found:
    limit = "neurokit knows sinabs' IAF, LIF and ExpLeak"
    raise Refusal((f"is a {type(module).__name__}", limit, "Train with one of these."))


RULES: Mapping[str, Rule] = {
    **dict.fromkeys(
        ("LIF", "LIFSqueeze", "IAF", "IAFSqueeze", "ExpLeak", "ExpLeakSqueeze"), Rule(_lif, _answer, _lists)
    ),
    "StatefulLayer": Rule(_unsupported, _answer, _lists),
}
