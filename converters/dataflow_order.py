"""Order and structure of operator graphs: faults of edges, loops, feedback. All in time linear in nodes and edges."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from neurokit.errors import Fault
from neurokit.graph.check import loops

Edges: TypeAlias = Sequence[tuple[str, str]]


def structure_faults(nodes: Mapping[str, Any], edges: Edges, kind: str) -> list[Fault]:
    """Edges to nowhere, nodes that nothing feeds or reads, and loops without neurons."""
    faults: list[Fault] = []
    for start, end in edges:
        for name in dict.fromkeys((start, end)):
            if name not in nodes:
                fact, limit = f"node '{name}' does not exist", "an edge joins two nodes"
                faults.append(Fault(f"{start}->{end}", fact, limit, "Repair the graph's edges."))
    kinds = {name: type(node).__name__ for name, node in nodes.items()}
    starts, ends = {start for start, _ in edges}, {end for _, end in edges}
    for name, found in kinds.items():
        if found == "Source" and name in ends:
            faults.append(Fault(name, "an edge leads to it", "nothing feeds an input", "Remove the edge."))
        if found != "Source" and name not in ends:
            limit = f"only an input starts a path of {kind}"
            faults.append(Fault(name, "no edge leads to it", limit, "Add an input and an edge."))
        if found == "Sink" and name in starts:
            faults.append(Fault(name, "an edge leads on from it", "nothing reads an output", "Remove the edge."))
        if found not in ("Cells", "Sink") and name not in starts:
            limit = "paths end in neurons or an output"
            faults.append(Fault(name, "no edge leads on from it", limit, "Add an edge, or remove it."))
    if not faults:
        inner = [name for name, found in kinds.items() if found not in ("Source", "Cells", "Sink")]
        known = set(inner)
        for loop in loops(inner, [edge for edge in edges if edge[0] in known and edge[1] in known]):
            listed = ", ".join([*loop[:8], *(["..."] if len(loop) > 8 else [])])
            limit = "a loop holds neurons, which give it time"
            faults.append(Fault(loop[0], f"lies on a loop of linear maps ({listed})", limit, "Put neurons into it."))
    return faults


def feedback(starts: Sequence[str], names: Sequence[str], pairs: Edges, undelayed: Edges) -> set[tuple[str, str]]:
    """The undelayed pairs of populations that lead back; without them no loop lacks a delay.

    starts: inputs. names: populations. pairs: (from, to), all that feed one. undelayed: those between populations
    that bring something within the step. A visit goes on to all that a population feeds without delay, depth first,
    in the order of `names`; a pair leads back when the visit of its target has not ended. Visits begin with what is
    nearest to an input.
    """
    place = {name: i for i, name in enumerate([*starts, *names])}
    after = _after(pairs, place)
    nearest = list(starts)
    known = set(starts)
    for name in nearest:  # grows meanwhile: breadth first
        fresh = [later for later in after.get(name, ()) if later not in known]
        known.update(fresh)
        nearest += fresh
    later_than = _after(undelayed, place)
    back: set[tuple[str, str]] = set()
    seen: set[str] = set()
    for name in [*nearest[len(starts) :], *names]:
        if name not in seen:
            _visit(name, later_than, seen, back)
    return back


def _after(pairs: Edges, place: Mapping[str, int]) -> dict[str, list[str]]:
    after: dict[str, list[str]] = {}
    for start, end in sorted({*pairs}, key=lambda pair: place[pair[1]]):
        after.setdefault(start, []).append(end)
    return after


def _visit(root: str, after: Mapping[str, list[str]], seen: set[str], back: set[tuple[str, str]]) -> None:
    seen.add(root)
    unfinished = {root}
    stack = [(root, iter(after.get(root, ())))]
    while stack:
        name, rest = stack[-1]
        later = next(rest, None)
        if later is None:
            unfinished.discard(name)
            stack.pop()
        elif later in unfinished:
            back.add((name, later))
        elif later not in seen:
            seen.add(later)
            unfinished.add(later)
            stack.append((later, iter(after.get(later, ()))))


def order(names: Sequence[str], pairs: Iterable[tuple[str, str]]) -> list[str]:
    """`names` so that each comes behind all that lead to it; of those that could be next the first in `names`.

    pairs: (from, to) without loops; repeats do not matter.
    """
    place = {name: i for i, name in enumerate(names)}
    after: dict[str, list[str]] = {name: [] for name in names}
    missing = dict.fromkeys(names, 0)
    for start, end in {*pairs}:
        after[start].append(end)
        missing[end] += 1
    ready = [place[name] for name in names if not missing[name]]
    found: list[str] = []
    while ready:
        name = names[heapq.heappop(ready)]
        found.append(name)
        for later in after[name]:
            missing[later] -= 1
            if not missing[later]:
                heapq.heappush(ready, place[later])
    assert len(found) == len(names), "the caller has cut all loops"
    return found
