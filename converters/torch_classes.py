"""Which rule a module falls under: the first of its classes that a known framework defines decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurokit.converters import torch_norse, torch_sinabs, torch_snntorch, torch_spikingjelly
from neurokit.converters.torch_neurons import Context, Found, Multi, Refusal, Rule
from neurokit.errors import Fault
from neurokit.graph.neurons import IF

RULES: Mapping[str, Mapping[str, Rule]] = {
    "snntorch": torch_snntorch.RULES,
    "norse": torch_norse.RULES,
    "spikingjelly": torch_spikingjelly.RULES,
    "sinabs": torch_sinabs.RULES,
}
# What defines a neuron's step. A class of the user's own that overrides one of them is another neuron.
METHODS = (
    "forward",
    "neuronal_charge",
    "neuronal_fire",
    "neuronal_reset",
    "single_step_forward",
    "multi_step_forward",
    "fire",
    "mem_reset",
    "_base_state_function",
    "_base_sub",
    "_base_zero",
    "_base_int",
)


def find(name: str, module: Any, context: Context) -> tuple[Rule, Found, list[Fault]] | None:
    """The rule and the neuron that `module` is, and what is wrong with it; None where it is no known neuron."""
    rule = _rule(module)
    if rule is None:
        return None
    package = next(_package(cls) for cls in type(module).__mro__ if _package(cls) in RULES)
    try:
        changed = [method for method in METHODS if _overridden(module, method, package)]
        if changed:
            limit = "it would not be the neuron that neurokit knows"
            raise Refusal(
                (f"overrides {', '.join(changed)} of its {package} class", limit, "Use the framework's own class.")
            )
        return rule, rule.convert(module, context), []
    except Refusal as refusal:  # something stands for it, so that the search for faults goes on behind it
        return rule, Found(IF()), [Fault(name, *words) for words in refusal.every]


def _rule(module: Any) -> Rule | None:
    """By the first class of a framework: its own rule, or that of the framework's base of all neurons."""
    own = [cls for cls in type(module).__mro__ if _package(cls) in RULES]
    for cls in own[:1]:
        if cls.__name__ in RULES[_package(cls)]:
            return RULES[_package(cls)][cls.__name__]
    for cls in own[1:]:
        if cls.__name__ in BASES:
            return RULES[_package(cls)][cls.__name__]
    return None


BASES = ("SpikingNeuron", "SNNCell", "SNNRecurrentCell", "SNN", "SNNRecurrent", "BaseNode", "StatefulLayer")


def _package(cls: type) -> str:
    return cls.__module__.partition(".")[0]


def _overridden(module: Any, method: str, package: str) -> bool:
    for cls in type(module).__mro__:
        if method in vars(cls):
            return _package(cls) != package
    return False


__all__ = ["Multi", "find"]
