"""What a source holds, before any work is done with it: each node supported, approximated or refused, and why.

The nodes come from a kind's own lister (the table LISTERS), where it has one; else from the Network itself. Findings
come from trying: the conversion, whose errors name every node that cannot be converted, and the compilation to
integers, whose report says what it approximates. What the source leaves out (dt, a code ...) is asked for, and stood
in for by the most usual choice, so that the search goes on behind it.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any

from neurokit.converters.listing import Listing, Piece
from neurokit.converters.table import Options, choose, convert
from neurokit.errors import CompileError, ConversionError, Fault, GraphError, InputError
from neurokit.graph import io
from neurokit.graph.network import Network, Program
from neurokit.graph.synapses import Injection, Weighted
from neurokit.graph.text import conventions, describe_projection
from neurokit.lower.pipeline import compile_network

LISTERS: Mapping[str, str] = {
    "net": "neurokit.converters.list_slayer:listing",
    "nir": "neurokit.converters.list_nir:listing",
    "onnx": "neurokit.converters.list_onnx:listing",
    "torch": "neurokit.converters.list_torch:listing",
    "weights": "neurokit.converters.list_weights:listing",
}
STAND_INS: Mapping[str, Any] = {"dt": 1e-6, "code": "sigma-delta", "reset": "hard"}  # where the source leaves it out
SAFE = re.compile(r"integers passed through| waits |may wrap|may saturate|saturates after|is written out")  # no loss
SUPPORTED, APPROXIMATED, UNSUPPORTED, UNTRIED = "supported", "approximated", "unsupported", "not tried"


@dataclass(frozen=True)
class Finding:
    """One node of the source. how: what is approximated. faults: why it is unsupported, each with its mend.

    tried: False where something must be passed before anything can be said.
    """

    piece: Piece
    how: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    tried: bool = True

    @property
    def status(self) -> str:
        """One of SUPPORTED, APPROXIMATED, UNSUPPORTED, UNTRIED."""
        if not self.tried:
            return UNTRIED
        return UNSUPPORTED if self.faults else APPROXIMATED if self.how else SUPPORTED


@dataclass(frozen=True, eq=False)
class Survey:
    """What was found.

    source, kind: what was looked at, and as what. findings: one a node, in the source's order. faults: of the source
    as a whole, or of what joins its nodes. needs: what must be passed, since the source leaves it out. facts: what the
    file says of itself, and the conventions found, as (what, words). remarks: of whole layers, where nothing is lost
    as yet (overflow that may happen, delays inserted). network: what the source becomes, program: its integers (8
    bits); None where it does not. stood_in: what was taken for `needs`, so that `network` could be made.
    """

    source: str
    kind: str
    findings: tuple[Finding, ...]
    faults: tuple[Fault, ...] = ()
    needs: tuple[Fault, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()
    network: Network | Program | None = None
    program: Program | None = None
    stood_in: tuple[tuple[str, Any], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything is supported, maybe by approximation; what must still be passed is no fault.

        False also where nothing could be tried.
        """
        return self.tried and not self.faults and not any(finding.faults for finding in self.findings)

    @property
    def tried(self) -> bool:
        """False where something must be passed before anything can be said: see `needs`."""
        return self.network is not None or bool(self.faults) or any(f.faults for f in self.findings) or not self.needs

    @property
    def share(self) -> float:
        """Of the nodes, those supported or approximated; 0 where there are none."""
        fine = sum(finding.tried and not finding.faults for finding in self.findings)
        return fine / len(self.findings) if self.findings else 0.0

    @property
    def parameters(self) -> int:
        """Numbers that all nodes hold."""
        return sum(finding.piece.parameters for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "source": self.source,
            "kind": self.kind,
            "ok": self.ok,
            "tried": self.tried,
            "supported": self.share,
            "parameters": self.parameters,
            "nodes": [
                {
                    "name": finding.piece.name,
                    "kind": finding.piece.kind,
                    "shape": None if finding.piece.shape is None else list(finding.piece.shape),
                    "parameters": finding.piece.parameters,
                    "status": finding.status,
                    "how": list(finding.how),
                    "faults": [vars(fault) for fault in finding.faults],
                }
                for finding in self.findings
            ],
            "faults": [vars(fault) for fault in self.faults],
            "needs": [vars(fault) for fault in self.needs],
            "facts": dict(self.facts),
            "remarks": list(self.remarks),
            "stood_in": dict(self.stood_in),
        }


def inspect(
    source: Any,
    *,
    kind: str | None = None,
    dt: float | None = None,
    reset: str | None = None,
    inputs: str | None = None,
    shape: tuple[int, ...] | None = None,
    spec: Any = None,
    code: str | None = None,
    calibrate: Any = None,
    fires: str | None = None,
    integration: str | None = None,
) -> Survey:
    """Look at a source before any work: each node supported, approximated (how) or unsupported (why, and the mend).

    Arguments as for `nk.convert`; also takes a `.nk` file, a Network and a Program. What the source leaves out and is
    not given is listed in `needs`, and the search goes on with the most usual choice.

    Raises FormatError when the file cannot be read, and InputError for arguments that do not fit; what cannot be
    converted is found, not raised.
    """
    options = Options(dt, reset, inputs, shape, spec, code, calibrate, fires, integration)
    given = options.given()
    if isinstance(source, Network | Program):
        _refuse(given, source)
        return _of_graph(source.source, source)
    if isinstance(source, str | PathLike) and Path(source).suffix.lower() == ".nk" and kind in (None, "nk"):
        _refuse(given, source)
        return _of_graph(source, io.load(source))
    row = choose(source, kind)
    listing, faults = _listed(row.kind, source, options)
    tried = _tried(source, row.kind, options)
    named = Path(source).name if isinstance(source, str | PathLike) else f"{type(source).__module__}"
    if listing is None:
        listing = Listing() if tried.network is None else _pieces_of(tried.network)
    found = list(dict.fromkeys([*faults, *tried.faults]))
    how = [*tried.left_out]
    program, remarks = None, []
    if tried.network is not None and "dt" not in tried.stood_in:
        program, more = _integers(tried.network)
        if asking := [fault for fault in more if "calibrate" in _asks(fault)]:
            tried.needs += (_needed("calibrate", tuple(asking)),)
        found += [fault for fault in more if fault not in asking]
        notes = () if program is None else [(row.population, note) for row in program.report for note in row.notes]
        how += [(name, note) for name, note in notes if not SAFE.search(note)]
        remarks = [f"{name}: {note}" for name, note in notes if SAFE.search(note) and "passed through" not in note]
    findings, rest, more_remarks = _joined(listing, found, how)
    facts = (*listing.facts, *(() if tried.network is None else _conventions(tried.network, tried.stood_in)))
    if tried.network is None and tried.needs and not found:
        findings = tuple(replace(finding, tried=False) for finding in findings)
    words = (*remarks, *more_remarks)
    stood_in = tuple(tried.stood_in.items())
    return Survey(named, row.kind, findings, rest, tried.needs, facts, words, tried.network, program, stood_in)


@dataclass(eq=False)
class _Tried:
    """What trying to convert gave. left_out: (node, what) of warnings. stood_in: options that were filled in."""

    network: Network | None = None
    faults: list[Fault] = field(default_factory=list)
    needs: tuple[Fault, ...] = ()
    left_out: list[tuple[str, str]] = field(default_factory=list)
    stood_in: dict[str, Any] = field(default_factory=dict)


def _tried(source: Any, kind: str, options: Options) -> _Tried:
    tried, nodes, given = _Tried(), list[Fault](), options.given()
    for _ in range(1 + len(STAND_INS)):
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                tried.network = convert(source, kind, replace(options, **tried.stood_in))
            ours = [str(w.message) for w in told if w.category.__module__ == "neurokit.errors"]
            _warn_again([w for w in told if w.category.__module__ != "neurokit.errors"])
            tried.left_out = [found for message in ours for found in _quoted(message)]
            return tried
        except (ConversionError, GraphError, InputError) as error:
            asked = {name for fault in error.faults for name in _asks(fault) if name not in given}
            wrong = [fault for fault in error.faults if not set(_asks(fault)) & asked]
            if isinstance(error, InputError) and not asked:
                raise
            tried.needs += tuple(_needed(name, error.faults) for name in asked if name not in tried.stood_in)
            new = {name: STAND_INS[name] for name in asked & STAND_INS.keys() if name not in tried.stood_in}
            if not new:
                tried.faults += [fault for fault in wrong if not (tried.stood_in and _depends(fault, tried.stood_in))]
                return tried if tried.faults or not wrong else _as_they_were(tried, nodes)
            nodes += [fault for fault in error.faults if fault.node not in new and set(_asks(fault)) & new.keys()]
            tried.stood_in |= new
    return tried


def _warn_again(told: Iterable[warnings.WarningMessage]) -> None:
    """Other libraries' warnings, which are none of a node's findings: for whoever looks at warnings."""
    for warning in told:
        warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _refuse(given: Mapping[str, Any], source: Any) -> None:
    """InputError for options that would do nothing."""
    what = type(source).__name__ if isinstance(source, Network | Program) else ".nk file"
    faults = [Fault(name, "was given", f"a {what} states it itself", "Leave it out.") for name in given]
    if faults:
        raise InputError(faults)


def _as_they_were(tried: _Tried, nodes: list[Fault]) -> _Tried:
    """Stand-ins only led to other faults: what asked for them are faults of their nodes, of no use to be passed."""
    tried.faults += nodes
    tried.needs = tuple(need for need in tried.needs if need.node not in {name for f in nodes for name in _asks(f)})
    return tried


def _asks(fault: Fault) -> Iterator[str]:
    """Options that a fault says must be passed."""
    for name in ("dt", "reset", "shape", "spec", "code", "calibrate"):
        if fault.node == name or re.search(rf"Pass {name}=", fault.mend):
            yield name


def _depends(fault: Fault, stood_in: Mapping[str, Any]) -> bool:
    """Whether a fault may be one of the stand-in only: it speaks of it."""
    return any(f"{name}=" in fault.mend or f"{name} " in fault.limit for name in stood_in)


def _needed(name: str, faults: tuple[Fault, ...]) -> Fault:
    asking = [fault for fault in faults if name in _asks(fault)]
    nodes = [fault.node for fault in asking if fault.node != name]
    if not nodes:
        return asking[0]
    shown = ", ".join(f"'{node}'" for node in nodes[:3]) + (" and others" if len(nodes) > 3 else "")
    return Fault(name, f"is not stated, but {shown} need it", asking[0].limit, asking[0].mend)


def _quoted(message: str) -> Iterator[tuple[str, str]]:
    """'a', 'b' is left out ... -> (a, is left out ...), (b, is left out ...)."""
    names = re.match(r"((?:'[^']+'(?:, )?)+)\s*(.*)", message, re.DOTALL)
    if names is None:
        yield "", message
        return
    for name in re.findall(r"'([^']+)'", names.group(1)):
        yield name, names.group(2)


def _listed(kind: str, source: Any, options: Options) -> tuple[Listing | None, list[Fault]]:
    """The lister's nodes; none where the kind has no lister, or the source is refused as a whole."""
    if kind not in LISTERS:
        return None, []
    module, _, name = LISTERS[kind].partition(":")
    lister: Callable[..., Listing] = getattr(import_module(module), name)
    try:
        return lister(source, inputs=options.inputs), []
    except ConversionError as error:
        return None, list(error.faults)


def _integers(network: Network) -> tuple[Program | None, list[Fault]]:
    try:
        return compile_network(network), []
    except (CompileError, GraphError) as error:
        return None, [Fault(f.node, f"in integers: {f.fact}", f.limit, f.mend) for f in error.faults]


def _joined(
    listing: Listing, faults: list[Fault], how: list[tuple[str, str]]
) -> tuple[tuple[Finding, ...], tuple[Fault, ...], tuple[str, ...]]:
    """Findings by node; the faults and the words of none of them."""
    pieces = {piece.name: piece for piece in listing.pieces}
    findings = tuple(
        Finding(
            piece,
            (*piece.how, *dict.fromkeys(note for node, note in how if _of(node, pieces) == name)),
            tuple(fault for fault in faults if _of(fault.node, pieces) == name),
        )
        for name, piece in pieces.items()
    )
    rest = tuple(fault for fault in faults if _of(fault.node, pieces) is None)
    words = dict.fromkeys(f"{node}: {note}" if node else note for node, note in how if _of(node, pieces) is None)
    return findings, rest, tuple(words)


def _of(node: str, pieces: Mapping[str, Piece]) -> str | None:
    """The node of the source that `node` is, or is a part of: a converter names parts `node.part`."""
    while node and node not in pieces:
        node = node.rpartition(".")[0]
    return node or None


def _of_graph(path: str | PathLike[str], graph: Network | Program) -> Survey:
    program, faults = (graph, []) if isinstance(graph, Program) else _integers(graph)
    notes = [] if program is None else [(row.population, note) for row in program.report for note in row.notes]
    listing = _pieces_of(graph)
    findings, rest, words = _joined(listing, faults, [note for note in notes if not SAFE.search(note[1])])
    remarks = [f"{name}: {note}" for name, note in notes if SAFE.search(note) and "passed through" not in note]
    facts = tuple(_conventions(graph, {}))
    return Survey(Path(path).name, "nk", findings, rest, (), facts, (*remarks, *words), graph, program)


def _pieces_of(graph: Network | Program) -> Listing:
    """Inputs, populations and projections as nodes."""
    pieces = [Piece(name, "input", node.shape) for name, node in graph.inputs.items()]
    for name, population in graph.populations.items():
        size = sum(value.size for value in vars(population.neuron).values() if hasattr(value, "size"))
        pieces.append(Piece(name, type(population.neuron).__name__, population.shape, size))
        for p in graph.incoming(name):
            words = describe_projection(p, isinstance(graph, Program)).partition(": ")[2]
            weights = (s.weight for s in p.synapses if isinstance(s, Weighted) and not isinstance(s, Injection))
            held = sum(int(getattr(w, "nnz", w.size)) for w in weights)
            biases = (getattr(s, "bias", None) for s in p.synapses)
            pieces.append(Piece(p.name, words, None, held + sum(b.size for b in biases if b is not None)))
    return Listing(tuple(pieces))


def _conventions(graph: Network | Program, stood_in: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Step, how neurons fire and reset, delays, numbers: as the Network has them."""
    whole = isinstance(graph, Program) or graph.is_integer
    if "dt" in stood_in:
        yield "step", "not stated: pass dt= in seconds"
    else:
        yield "step", "nothing depends on it" if graph.dt is None else f"{graph.dt:g} s"
    alike: dict[str, list[str]] = {}
    for name, population in graph.populations.items():
        alike.setdefault(conventions(population.neuron), []).append(name)
    for words, names in alike.items():
        shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        yield "neurons", f"{words}: {shown}"
    late = [p.delay for p in graph.projections if p.delay.size]
    least, most = (float(pick(delay.min() if pick is min else delay.max() for delay in late)) for pick in (min, max))
    unit = 1.0 if isinstance(graph, Program) else graph.dt or math.inf
    steps = "none" if most == 0 else f"{least / unit:g}" if least == most else f"{least / unit:g} to {most / unit:g}"
    yield "delays", steps if most == 0 else f"{steps} step{'' if steps == '1' else 's'} a connection"
    yield "numbers", "the chip's integers already" if whole else "floats"
