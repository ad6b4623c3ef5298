"""Live networks of lava-dl's SLAYER blocks: exported by the blocks themselves, and read as the `.net` file they make.

So the integers are those of the `.net` file. A block is known by the module that defines its class; lava-dl is not
imported. Source: lava-dl 0.6.0, slayer/block/base.py (`export_hdf5`).
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import torch

from neurokit.converters import from_slayer
from neurokit.errors import ConversionError, Fault, one_line
from neurokit.graph.network import Network
from neurokit.graph.synapses import Shape

STEPS = 4
_PACKAGE = "lava.lib.dl.slayer.block"


@dataclass(frozen=True, eq=False)
class _Call:
    """A block that ran, what it was given and what it gave."""

    name: str
    block: Any
    given: Any
    gave: Any


def blocks_of(module: Any) -> dict[str, Any]:
    """SLAYER's blocks by path, the outermost ones."""
    found: dict[str, Any] = {}
    for name, own in module.named_modules():
        inside = any(_within(name, outer) for outer in found)
        if not inside and any(cls.__module__.startswith(_PACKAGE) for cls in type(own).__mro__):
            found[name] = own
    return found


def slayer_network(module: Any, shapes: Mapping[str, Shape], **options: Any) -> Network:
    """The integer network of `module`, a chain of blocks. options: those of `from_slayer.load`.

    ConversionError when the module is no chain of blocks, has weights of its own, or they cannot be exported.
    """
    blocks = blocks_of(module)
    others = [name for name, _ in module.named_parameters() if not any(_within(name, block) for block in blocks)]
    if others:
        limit = "SLAYER's networks are chains of blocks, as their .net files are"
        mend = "Make it a block, or remove it."
        raise ConversionError([Fault(name, "is a weight outside of the blocks", limit, mend) for name in others])
    calls = _calls(module, shapes)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{type(module).__name__}.net"
        with h5py.File(path, "w") as file:
            for index, call in enumerate(calls):
                _export(call, file.create_group(f"layer/{index}"))
        return from_slayer.load(path, **options)


def _within(name: str, block: str) -> bool:
    return not block or name.startswith(f"{block}.")


def _export(call: _Call, group: h5py.Group) -> None:
    try:
        copy.deepcopy(call.block).export_hdf5(group)  # a copy, since the export takes weight norms off
    except Exception as error:
        said = one_line(error, 300)
        fact = f"cannot be exported ({type(error).__name__}: {said})"
        mend = "Use a block that lava-dl exports, e.g. slayer.block.cuba.Dense."
        raise ConversionError(Fault(call.name, fact, "blocks are read as they export themselves", mend)) from error


def _calls(module: Any, shapes: Mapping[str, Shape]) -> list[_Call]:
    """The blocks in the order of a forward pass; ConversionError unless each takes what the one before gave."""
    given = [torch.zeros((1, *shape, STEPS)) for shape in shapes.values()]
    calls: list[_Call] = []
    handles = [
        own.register_forward_hook(lambda own, args, gave, name=name: calls.append(_Call(name, own, args[0], gave)))
        for name, own in blocks_of(module).items()
    ]
    training = [own.training for own in module.modules()]
    try:
        with torch.no_grad():
            module.eval()(*given)
    except Exception as error:
        said = one_line(error, 300)
        mend = "Check shape=: SLAYER's blocks take (samples, *shape, steps)."
        fault = Fault(type(module).__name__, f"cannot be run ({said})", f"shape= gives {dict(shapes)}", mend)
        raise ConversionError(fault) from error
    finally:
        for handle in handles:
            handle.remove()
        for own, was in zip(module.modules(), training, strict=True):
            own.training = was
    faults = []
    before = given[0] if len(given) == 1 else None
    for call in calls:
        if call.given is not before:
            limit = "SLAYER's networks are chains of blocks, as their .net files are"
            fact = "is given something else than what the block before gave"
            faults.append(Fault(call.name, fact, limit, "Leave out what lies between the blocks."))
        before = call.gave
    if len({call.name for call in calls}) < len(calls) or not calls:
        fact, mend = "runs a block more than once, or none", "Call each block once."
        faults.append(Fault(type(module).__name__, fact, "a layer has weights of its own", mend))
    if faults:
        raise ConversionError(faults)
    return calls
