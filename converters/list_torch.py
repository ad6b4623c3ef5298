"""The submodules of a live torch module, for `neurokit inspect`. torch is not imported: the module brought it along."""

from __future__ import annotations

from typing import Any

from neurokit.converters.listing import Listing, Piece
from neurokit.graph.synapses import Shape


def listing(source: Any, *, inputs: str | None = None) -> Listing:
    """Modules without submodules, and those that hold parameters of their own, by path."""
    pieces = []
    for name, module in source.named_modules():
        own = sum(int(p.numel()) for p in module.parameters(recurse=False))
        if own or not next(module.children(), None):
            pieces.append(Piece(name or type(module).__name__.lower(), _kind(module), _shape(module), own))
    package = type(source).__module__.partition(".")[0]
    return Listing(tuple(pieces), (("format", f"live torch module {type(source).__name__} of {package}"),))


def _kind(module: Any) -> str:
    """`torch.Linear`, `snntorch.Leaky`: the package and the class."""
    return f"{type(module).__module__.partition('.')[0]}.{type(module).__name__}"


def _shape(module: Any) -> Shape | None:
    """What a linear module gives out; a convolution's size depends on the image."""
    out = getattr(module, "out_features", None)
    return (int(out),) if isinstance(out, int) else None
