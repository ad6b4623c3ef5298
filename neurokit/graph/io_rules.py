"""Plasticity rules as JSON text, without loss: docs/format.md, "Plasticity rules"."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from neurokit.graph import fixed_plasticity, plasticity

CLASSES: Mapping[str, type] = {
    kind.__name__: kind
    for kind in (
        plasticity.Rule,
        plasticity.Trace,
        plasticity.Signal,
        plasticity.Term,
        plasticity.Value,
        plasticity.Before,
        plasticity.Apply,
        plasticity.HostStep,
        fixed_plasticity.FixedRule,
        fixed_plasticity.FixedTrace,
        fixed_plasticity.FixedSignal,
        fixed_plasticity.FixedFactor,
        fixed_plasticity.Product,
        fixed_plasticity.RuleReport,
    )
}
RULES = plasticity.Rule, fixed_plasticity.FixedRule
TYPE, NUMBER = "type", "number"  # keys of objects that are no mappings of names
INFINITE = {"inf": math.inf, "-inf": -math.inf}


def rule_text(rule: plasticity.Rule | fixed_plasticity.FixedRule) -> str:
    """What `rule_of_text` reads."""
    return json.dumps(_plain(rule), allow_nan=False)


def rule_of_text(text: str) -> plasticity.Rule | fixed_plasticity.FixedRule:
    """The rule. ValueError, KeyError or TypeError for what is none."""
    try:
        rule = _made(json.loads(text, parse_constant=_no_number))
    except RecursionError as error:
        raise ValueError("its plasticity is nested too deeply") from error
    if not isinstance(rule, RULES):
        raise ValueError("its plasticity is no rule")
    return rule


def _no_number(text: str) -> float:
    raise ValueError(f"its plasticity holds {text}")


def _plain(value: Any) -> Any:
    """Numbers, text, lists and objects; fields that have their default are left out."""
    if dataclasses.is_dataclass(value):
        found = {TYPE: type(value).__name__}
        for field in dataclasses.fields(value):
            held = getattr(value, field.name)
            default = field.default_factory() if callable(field.default_factory) else field.default
            if not _same(held, default):
                found[field.name] = _plain(held)
        return found
    if isinstance(value, Mapping):
        return {"names": {str(name): _plain(member) for name, member in value.items()}}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    if isinstance(value, float) and math.isinf(value):
        return {NUMBER: "inf" if value > 0 else "-inf"}
    return value if value is None or isinstance(value, bool | int | float | str) else _number(value)


def _same(held: Any, default: Any) -> bool:
    if isinstance(default, Mapping):
        return dict(held) == dict(default)
    return type(held) is type(default) and bool(held == default)


def _number(value: Any) -> Any:
    """A number of numpy as Python's; TypeError for anything else."""
    if not hasattr(value, "item"):
        raise TypeError(f"a rule holds a {type(value).__name__}")
    return value.item()


def _made(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_made(member) for member in value)
    if not isinstance(value, dict):
        return value
    if NUMBER in value:
        return INFINITE[value[NUMBER]]
    if TYPE not in value:
        return {str(name): _made(member) for name, member in value["names"].items()}
    kind: Any = CLASSES[value[TYPE]]
    declared = {field.name: str(field.type) for field in dataclasses.fields(kind)}
    made = {name: _made(member) for name, member in value.items() if name != TYPE}
    return kind(**{name: _of_kind(name, declared[name], member) for name, member in made.items()})


MEMBERS: Mapping[str, tuple[type, ...]] = {  # of a tuple or of a mapping's values
    "Term": (plasticity.Term,),
    "Factor": (plasticity.Value, plasticity.Before, plasticity.Apply),
    "HostStep": (plasticity.HostStep,),
    "Trace": (plasticity.Trace,),
    "Signal": (plasticity.Signal,),
    "Product": (fixed_plasticity.Product,),
    "FixedFactor": (fixed_plasticity.FixedFactor,),
    "FixedTrace": (fixed_plasticity.FixedTrace,),
    "FixedSignal": (fixed_plasticity.FixedSignal,),
    "str": (str,),
}


def _of_kind(name: str, declared: str, value: Any) -> Any:
    """`value` of the kind that a field declares; ValueError for another."""
    if match := re.fullmatch(r"tuple\[(\w+), \.\.\.\]", declared):
        return tuple(_member(name, match[1], member) for member in _sequence(name, value))
    if match := re.fullmatch(r"tuple\[(\w+), \1\]", declared):
        first, second = _sequence(name, value)
        return _member(name, match[1], first), _member(name, match[1], second)
    if match := re.fullmatch(r"Mapping\[str, (\w+)\]", declared):
        if not isinstance(value, dict):
            raise ValueError(f"{name} is no mapping")
        return {key: _member(name, match[1], member) for key, member in value.items()}
    if declared == "tuple[tuple[float, tuple[Factor, ...]], ...]":
        return tuple(
            (_member(name, "float", scale), _of_kind(name, "tuple[Factor, ...]", factors))
            for scale, factors in _sequence(name, value)
        )
    if declared == "float | None" and value is None:
        return None
    return _member(name, declared.partition(" ")[0], value)


def _sequence(name: str, value: Any) -> tuple[Any, ...]:
    if not isinstance(value, tuple):
        raise ValueError(f"{name} is no list")
    return value


def _member(name: str, declared: str, value: Any) -> Any:
    """Numbers keep their type: a whole one may stand where a fraction could."""
    if declared in ("float", "int", "bool"):
        kinds: Any = {"float": (int, float), "int": int, "bool": bool}[declared]
        if not isinstance(value, kinds) or isinstance(value, bool) != (declared == "bool"):
            raise ValueError(f"{name} holds {value!r}, which is no {declared}")
        return value
    kind = MEMBERS.get(declared) or (CLASSES[declared],) if declared in CLASSES else MEMBERS.get(declared, (str,))
    if not isinstance(value, kind):
        raise ValueError(f"{name} holds a {type(value).__name__}")
    return value
