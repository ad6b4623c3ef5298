"""Plasticity rules from text and back: `rule(...)` reads a sum of products, `terms_text` prints it.

    sum      term + term - ...
    term     factors with * between, one of them a gate: pre, post, step or rate; numbers anywhere, / by a number
    factor   a trace, a signal, w, tag, tag2, a second spike (pre * post), before(trace), (number +- variable),
             sgn, step, rectified, sigmoid, clip01, square, abs of a sum of products, or any of them ** whole number

Numbers are folded, parameters are numbers with a name. The text is parsed by Python's `ast`, and nothing of it is run.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, cast

from neurokit.errors import Fault, RuleError
from neurokit.graph.check_rules import FUNCTIONS, GATES, RESERVED, rule_faults
from neurokit.graph.plasticity import Apply, Before, Factor, Gate, HostStep, Rule, Signal, Term, Trace, Value
from neurokit.graph.plasticity_print import terms_text as terms_text

MAX_TEXT = 10_000  # characters; far beyond any rule, and short enough for a parser that recurses
MAX_POWER = 8
SPIKES = "pre", "post"


def rule(
    name: str,
    *,
    weight: str,
    tag: str = "",
    second_tag: str = "",
    traces: Mapping[str, Trace] | None = None,
    signals: Mapping[str, Signal] | None = None,
    parameters: Mapping[str, float] | None = None,
    bounds: tuple[float, float] = (-math.inf, math.inf),
    tag_start: float = 0.0,
    second_tag_start: float = 0.0,
    interval: float | None = None,
    host: Sequence[HostStep] = (),
    citation: str = "",
    notes: Sequence[str] = (),
    signal_steps: int | None = None,
) -> Rule:
    """A checked Rule whose changes of weight, tag and second tag per step are sums of products in text.

    parameters: numbers that the text names. The other arguments are fields of `Rule`. RuleError with all that is
    wrong: each fault names the term, the fact and the mend.

        rule("pair", weight="0.01 * post * x1 - 0.012 * pre * y1", traces={"x1": Trace("pre", 0.02), ...})
    """
    given, taken = dict(parameters or {}), {*RESERVED, *(traces or {}), *(signals or {})}
    faults = _parameter_faults(name, given, taken)
    numbers = {key: value for key, value in given.items() if key not in taken}
    sums: dict[str, tuple[Term, ...]] = {}
    for what, text in (("weight", weight), ("tag", tag), ("second_tag", second_tag)):
        try:
            sums[what] = terms(text, numbers, f"{name}: {what}")
        except RuleError as error:
            faults += error.faults
    if faults:
        raise RuleError(faults)
    made = Rule(
        name,
        citation,
        traces or {},
        sums["weight"],
        sums["tag"],
        sums["second_tag"],
        signals or {},
        bounds,
        tag_start,
        second_tag_start,
        interval,
        tuple(host),
        tuple(notes),
        signal_steps,
    )
    if found := rule_faults(made):
        raise RuleError(found)
    return made


def terms(text: str, parameters: Mapping[str, float] | None = None, node: str = "rule") -> tuple[Term, ...]:
    """The terms of a sum of products, names unchecked; RuleError (its faults on `node`) where it is none."""
    if not isinstance(text, str):
        raise RuleError(Fault(node, f"is a {type(text).__name__}", "a rule is text", "Pass a string."))
    if not text.strip():
        return ()
    if len(text) > MAX_TEXT:
        raise RuleError(Fault(node, f"has {len(text)} characters", f"the most is {MAX_TEXT}", "Shorten it."))
    reader = _Reader(node, dict(parameters or {}))
    try:
        tree = ast.parse(f"({text}\n)", mode="eval").body
        found = reader.terms(tree)
    except (SyntaxError, ValueError) as error:
        raise RuleError(
            Fault(node, f"'{_shown(text)}' is no expression", f"Python's parser says: {error}", "Mend its brackets.")
        ) from error
    except (RecursionError, MemoryError) as error:
        fact = f"'{_shown(text)}' nests too deeply"
        raise RuleError(Fault(node, fact, "it is a sum of products", "Write it without brackets.")) from error
    if reader.faults:
        raise RuleError(reader.faults)
    return found


def _parameter_faults(name: str, numbers: Mapping[str, float], taken: set[str]) -> list[Fault]:
    faults = []
    for parameter, value in numbers.items():
        if parameter in taken or not str(parameter).isidentifier():
            fact = f"parameter '{parameter}' has a name that is taken or no name"
            faults.append(Fault(name, fact, f"taken: {', '.join(sorted(taken))}", "Rename it."))
        elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            faults.append(
                Fault(name, f"parameter '{parameter}' is {value!r}", "parameters are finite numbers", "Give a number.")
            )
    return faults


@dataclass(frozen=True)
class _Spike:
    """A gate's name where it stands in a product: the first becomes the term's gate."""

    name: str


_Piece: TypeAlias = "Factor | _Spike"


@dataclass(frozen=True)
class _Part:
    """scale * pieces."""

    scale: float
    pieces: tuple[_Piece, ...] = ()


@dataclass
class _Reader:
    """Turns a tree of `ast` into parts; collects what is wrong in `faults`."""

    node: str
    parameters: Mapping[str, float]
    faults: list[Fault] = field(default_factory=list)

    def terms(self, tree: ast.expr) -> tuple[Term, ...]:
        return tuple(term for part in self._sum(tree) if (term := self._term(part)) is not None)

    def _refuse(self, tree: ast.expr | str, fact: str, limit: str, mend: str) -> list[_Part]:
        text = tree if isinstance(tree, str) else ast.unparse(tree)
        self.faults.append(Fault(self.node, f"term '{_shown(text)}' {fact}", limit, mend))
        return [_Part(math.nan)]

    def _term(self, part: _Part) -> Term | None:
        if math.isnan(part.scale):
            return None  # its fault is noted
        gates = [piece.name for piece in part.pieces if isinstance(piece, _Spike)]
        text = _part_text(part)
        if not gates:
            limit = "every term has one of pre, post, step, rate"
            mend = "Multiply it by the event in which it is added (Lava's x0 is pre, y0 post, u step)."
            self._refuse(text, "has no gate", limit, mend)
        elif len(set(gates)) < len(gates):
            self._refuse(text, "names a gate twice", "a spike is 0 or 1", "Leave one of them out.")
        elif len(gates) > 1 and not set(gates) <= set(SPIKES):
            limit = "step and rate count time, a spike is an event by itself"
            self._refuse(text, f"has the gates {' and '.join(gates)}", limit, "Leave all but one out.")
        elif not math.isfinite(part.scale):
            self._refuse(text, "has an infinite scale", "scales are finite", "Repair the number.")
        else:
            first = part.pieces.index(_Spike(gates[0]))
            rest = (*part.pieces[:first], *part.pieces[first + 1 :])
            return Term(part.scale, cast(Gate, gates[0]), _factors(rest))
        return None

    def _sum(self, tree: ast.expr) -> list[_Part]:
        """The parts of any expression; numbers are joined into one."""
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub):
            sign = 1 if isinstance(tree.op, ast.Add) else -1
            return _joined([*self._sum(tree.left), *_scaled(self._sum(tree.right), sign)])
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.UAdd | ast.USub):
            return _scaled(self._sum(tree.operand), 1 if isinstance(tree.op, ast.UAdd) else -1)
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult):
            return self._times(self._sum(tree.left), self._sum(tree.right), tree)
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div):
            return self._divided(tree)
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Pow):
            return self._power(tree)
        if isinstance(tree, ast.Call):
            return self._call(tree)
        return self._leaf(tree)

    def _leaf(self, tree: ast.expr) -> list[_Part]:
        if isinstance(tree, ast.Name):
            if tree.id in self.parameters:
                return [_Part(float(self.parameters[tree.id]))]
            if tree.id in GATES:
                return [_Part(1.0, (_Spike(tree.id),))]
            return [_Part(1.0, (Value(tree.id),))]
        if isinstance(tree, ast.Constant) and type(tree.value) in (int, float):
            try:
                return [_Part(float(cast(float, tree.value)))]
            except OverflowError:
                return self._refuse(tree, "is no number of a float", "numbers are below 1e308", "Repair it.")
        mend = "Write it with numbers, names, + - * and the functions."
        return self._refuse(tree, "is not of the language of rules", "a rule is a sum of products", mend)

    def _times(self, left: list[_Part], right: list[_Part], tree: ast.expr) -> list[_Part]:
        if any(math.isnan(p.scale) for p in (*left, *right)):
            return [_Part(math.nan)]
        one, other = _bracket(left), _bracket(right)
        if one is not None and other is not None:
            return [_Part(one.scale * other.scale, one.pieces + other.pieces)]
        number, rest = (one, right) if one is not None else (other, left)
        if number is not None and not number.pieces:
            return _scaled(rest, number.scale)
        limit = "only (number + variable) and (number - variable) are kept as one factor"
        return self._refuse(tree, "multiplies a sum", limit, "Write it out as a sum of products.")

    def _divided(self, tree: ast.BinOp) -> list[_Part]:
        left, right = self._sum(tree.left), self._sum(tree.right)
        if any(math.isnan(p.scale) for p in (*left, *right)):
            return [_Part(math.nan)]
        if len(right) != 1 or right[0].pieces or right[0].scale == 0:
            return self._refuse(tree, "divides by what is no number", "only / number is known", "Multiply instead.")
        return [replace(part, scale=part.scale / right[0].scale) for part in left]

    def _power(self, tree: ast.BinOp) -> list[_Part]:
        base, exponent = _bracket(self._sum(tree.left)), self._sum(tree.right)
        if len(exponent) != 1 or exponent[0].pieces or base is None:
            limit = "powers have a number as exponent, and a factor or number as base"
            return self._refuse(tree, "is a power of another kind", limit, "Write it as a product.")
        power = exponent[0].scale
        if not base.pieces:
            try:
                return [_Part(float(base.scale**power))]
            except (OverflowError, ZeroDivisionError, TypeError):
                return self._refuse(tree, "is no number", "powers of numbers are finite and real", "Repair it.")
        if power != int(power) or not 1 <= power <= MAX_POWER:
            limit = f"powers of a factor are 1 to {MAX_POWER}"
            return self._refuse(tree, "is no whole power", limit, "Write it as a product.")
        try:
            return [_Part(base.scale ** int(power), base.pieces * int(power))]
        except OverflowError:
            return self._refuse(tree, "is no number", "powers of numbers are finite and real", "Repair it.")

    def _call(self, tree: ast.Call) -> list[_Part]:
        known = isinstance(tree.func, ast.Name) and tree.func.id in (*FUNCTIONS, "before")
        if not known or len(tree.args) != 1 or tree.keywords or isinstance(tree.args[0], ast.Starred):
            limit = f"functions of one argument: before, {', '.join(FUNCTIONS)}"
            return self._refuse(tree, "calls an unknown function", limit, "Use one of them.")
        name, argument = cast(ast.Name, tree.func).id, tree.args[0]
        if name == "before":
            if isinstance(argument, ast.Name) and argument.id not in (*GATES, *self.parameters):
                return [_Part(1.0, (Before(argument.id),))]
            limit = "before() is of a trace by name"
            return self._refuse(tree, "takes what is no trace", limit, "Name one trace.")
        parts = self._sum(argument)
        whole = _bracket(parts)
        parts = [whole] if whole is not None else parts
        if any(math.isnan(part.scale) for part in parts):
            return [_Part(math.nan)]
        if any(isinstance(p, _Spike) and p.name not in SPIKES for part in parts for p in part.pieces):
            return self._refuse(tree, "has a gate of time inside", "step and rate gate terms", "Put it outside.")
        inner = tuple((part.scale, _factors(part.pieces)) for part in parts)
        return [_Part(1.0, (Apply(name, inner),))]


def _scaled(parts: Sequence[_Part], by: float) -> list[_Part]:
    return [replace(part, scale=part.scale * by) for part in parts]


def _joined(parts: Sequence[_Part]) -> list[_Part]:
    """All numbers in one part, where the first stood."""
    numbers = [part for part in parts if not part.pieces and not math.isnan(part.scale)]  # NaN: refused already
    if len(numbers) < 2:
        return list(parts)
    first = parts.index(numbers[0])
    rest = [part for part in parts if part not in numbers]
    return [*rest[:first], _Part(sum(part.scale for part in numbers)), *rest[first:]]


def _bracket(parts: Sequence[_Part]) -> _Part | None:
    """A sum as one part: itself if it is one, (number +- scale * variable) with its variable kept as one factor."""
    if len(parts) == 1:
        return parts[0]
    numbers = [part for part in parts if not part.pieces]
    others = [part for part in parts if part.pieces]
    if len(numbers) != 1 or len(others) != 1 or len(others[0].pieces) != 1 or others[0].scale == 0:
        return None
    (piece,), scale = others[0].pieces, others[0].scale
    name = piece.name if isinstance(piece, _Spike) and piece.name in SPIKES else None
    if isinstance(piece, Value) and piece == Value(piece.variable):
        name = piece.variable
    if name is None:
        return None
    offset = numbers[0].scale / abs(scale)
    if offset == 0:
        return others[0]
    return _Part(abs(scale), (Value(name, 1 if scale > 0 else -1, offset),))


def _factors(pieces: Sequence[_Piece]) -> tuple[Factor, ...]:
    return tuple(Value(piece.name) if isinstance(piece, _Spike) else piece for piece in pieces)


def _part_text(part: _Part) -> str:
    """As it would be printed, for a fault."""
    text = terms_text((Term(part.scale, "step", _factors(part.pieces)),)).replace("step * ", "", 1)
    return text if part.pieces else text.replace(" * step", "").replace("step", "1")


def _shown(text: str) -> str:
    short = " ".join(text.split())
    return short if len(short) <= 80 else f"{short[:77]}..."
