"""The nodes of a source as its own framework names them: what a lister gives to `survey`."""

from __future__ import annotations

from dataclasses import dataclass

from neurokit.graph.synapses import Shape


@dataclass(frozen=True)
class Piece:
    """One node. kind: its type in the source's words. shape: of what it gives out, None where the source does not say.

    parameters: numbers that it holds. how: what the conversion of such a node changes or leaves out, in words.
    """

    name: str
    kind: str
    shape: Shape | None = None
    parameters: int = 0
    how: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """All nodes in the source's order. facts: what the file says of itself, and conventions it states, as words."""

    pieces: tuple[Piece, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
