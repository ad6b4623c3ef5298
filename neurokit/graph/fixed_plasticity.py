"""A plasticity rule in the integers of Loihi's learning engine: what a Program's projection carries.

Ranges and arithmetic are those of lava-nc 0.10.0 (magma/core/learning, magma/core/model/py/connection.py, the model
"bit_approximate_loihi"); `lower.fixedpoint.learning` does it step by step. Traces have 7 bits, weights and tags 8 and
a sign. A product is mantissa * 2**exponent * dependency * factors, shifted right by what its factors are wider than 15
bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

Dependency: TypeAlias = Literal["x0", "y0", "u"]
Variable: TypeAlias = Literal["x0", "y0", "x1", "x2", "y1", "y2", "y3", "w", "t", "d"]
Arithmetic: TypeAlias = Literal["lava", "repaired"]

TRACES = "x1", "x2", "y1", "y2", "y3"
MANTISSA_RANGE = (-8, 7)  # lava-nc 0.10.0, learning/product_series.py
EXPONENT_RANGE = (-7, 8)  # the same; in the string of a rule, without the 7 that the accumulator adds
MAX_TRACE = 127
MAX_RULE_CHARACTERS = 256  # of dw, dt and dd each: lava-nc 0.10.0, connection.py, shape of the string variables


@dataclass(frozen=True)
class FixedTrace:
    """impulse: 0 to 127, with a fraction in 256ths that is added by chance. tau: steps; 0: it lasts one step.

    overwrites: a spike sets x1 to half of its payload (Lava's GradedSpikeCfg.OVERWRITE); only x1 can.
    """

    impulse: float
    tau: float
    overwrites: bool = False


@dataclass(frozen=True)
class FixedSignal:
    """What the target neuron sends as y1, y2 or y3 in each step: whole numbers, clipped to 127 either way.

    function, parameters: as of `plasticity.Signal`, in the chip's units; see `graph.signals`. scale: units of the trace
    per unit of the physical signal, for reports only.
    """

    function: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))


@dataclass(frozen=True)
class FixedFactor:
    """variable + constant, or the sign (-1, 0, 1) of a synaptic variable + constant."""

    variable: Variable
    constant: int = 0
    sign: bool = False


@dataclass(frozen=True)
class Product:
    """mantissa * 2**exponent * dependency * factors, as it stands in Lava's string of the rule."""

    mantissa: int
    exponent: int
    dependency: Dependency
    factors: tuple[FixedFactor, ...] = ()


@dataclass(frozen=True)
class RuleReport:
    """What lowering did to a rule.

    weight_scale, tag_scale, second_tag_scale: units of the chip per physical unit. trace_scales: the same by trace or
    signal of the Rule, and assigned: which chip trace it became. errors: per physical term, as text, the relative
    error of its constant. smallest: per term, the smallest change in physical units that it can make. notes: in words.
    """

    weight_scale: float = 1.0
    tag_scale: float = 1.0
    second_tag_scale: float = 1.0
    trace_scales: Mapping[str, float] = field(default_factory=dict)
    assigned: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, float] = field(default_factory=dict)
    smallest: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("trace_scales", "assigned", "errors", "smallest"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))


@dataclass(frozen=True)
class FixedRule:
    """A rule as the learning engine runs it.

    dw, dt, dd: products added to the weight, tag 1 (t) and tag 2 (d). traces: of x1, x2 and, in rules without signals,
    y1 to y3, those in use. signals: of y1 to y3; with any the rule is of three factors, and then every y comes from the
    neuron. epoch: steps from one evaluation to the next. decimation: k of u, which is 1 in every 2**k th epoch.
    bounds: weights are clipped to them; (-256, 255) is the chip's mixed sign mode, (0, 255) and (-255, 0) the others.
    tag_start, second_tag_start: of every synapse. arithmetic: "lava": Lava's models to the bit, their shared random
    numbers and defects included; "repaired": a random number of its own for each trace and synapse, and impulses whose
    fraction has the chance it says (facts of both in docs/plasticity.md). seed: of traces; weights always have 2.
    """

    name: str
    dw: tuple[Product, ...]
    dt: tuple[Product, ...] = ()
    dd: tuple[Product, ...] = ()
    traces: Mapping[str, FixedTrace] = field(default_factory=dict)
    signals: Mapping[str, FixedSignal] = field(default_factory=dict)
    epoch: int = 1
    decimation: int = 0
    bounds: tuple[int, int] = (-256, 255)
    tag_start: int = 0
    second_tag_start: int = 0
    arithmetic: Arithmetic = "lava"
    seed: int = 0
    citation: str = ""
    report: RuleReport = field(default_factory=RuleReport)

    def __post_init__(self) -> None:
        for name in ("traces", "signals"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def three_factor(self) -> bool:
        """Whether y1 to y3 come from the target neuron (Lava's Loihi3FLearningRule)."""
        return bool(self.signals)
