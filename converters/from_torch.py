"""Live torch modules as Networks: plain torch.nn layers around neurons of snnTorch, Norse, SpikingJelly and sinabs.

`torch_trace` follows a few steps of the module, `torch_graph` makes the network of what it has seen; what the
frameworks' neurons compute stands in `torch_neurons`. Nothing is imported but torch, which the module brought along.
"""

from __future__ import annotations

import inspect
import io
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from neurokit.converters import from_onnx
from neurokit.converters.arguments import check_arguments, choice_faults, step_faults
from neurokit.converters.torch_expressions import Decision, Unknown
from neurokit.converters.torch_graph import Traced, network
from neurokit.converters.torch_neurons import Context, Multi
from neurokit.converters.torch_ops import HANDLERS
from neurokit.converters.torch_slayer import blocks_of, slayer_network
from neurokit.converters.torch_trace import SAMPLES, STEPS, Followed, Follower, Lead, Stop, Tracked, sizes_of, tensors
from neurokit.errors import ConversionError, Fault, FormatError, InputError, one_line
from neurokit.graph.network import Network
from neurokit.graph.synapses import Shape


def load(
    source: Any,
    *,
    dt: float | None = None,
    reset: str | None = None,
    inputs: str | None = None,
    shape: Any = None,
    code: str | None = None,
    calibrate: Any = None,
    fires: str | None = None,
) -> Network:
    """Convert a torch.nn.Module.

    Its `forward` may take one step at a time or a list of steps (steps first, as SpikingJelly and Norse do, or samples
    first, as sinabs does), may loop over the steps itself, and may take several inputs; this is found out by trying.
    It is called under `eval()` with numbers of 0.5 and left as it was. Populations have the paths of the neuron modules
    as names; what the module returns becomes outputs: sums over time (`.sum(0)`, or a loop's own `out = out + spikes`),
    argmax and softmax behind the last layer are left out, a last layer without neurons becomes a population of Relays.

    Four steps are followed, of a module that loops over a fixed number of steps by itself all of those: what it does
    otherwise in a later step (a switch after 100 steps, a rate that fades) is not seen, and its Network does not have
    it. `nk.verify` runs the module itself for as many steps as the inputs have, and tells where the two part.

    shape: of one step of one sample, e.g. (2, 34, 34); of several inputs a mapping from name (or a list in the order of
    forward's arguments). dt: seconds per step; Norse states its own. reset: "soft" takes snnTorch's reset_delay=False
    for a plain subtraction. inputs: none.
    code, calibrate: for a plain network, without spikes: it goes through ONNX, see `from_onnx.load`.
    A chain of lava-dl's SLAYER blocks gives the integers of its `.net` file, see `from_slayer.load` for reset, inputs
    and fires (by default ">", as SLAYER fires since lava-dl 0.3).

    Raises ConversionError with every fault, each naming the submodule; InputError for arguments that do not fit.
    """
    if not isinstance(source, torch.nn.Module):
        mend = "Pass the module itself."
        raise FormatError(Fault("source", f"is a {type(source).__name__}", "a torch.nn.Module is needed", mend))
    shapes = _shapes(source, shape)
    if twice := sorted(shapes.keys() & dict(source.named_modules()).keys()):
        limit = "inputs and populations have names of their own"
        raise ConversionError(Fault(twice[0], "is an input and a submodule", limit, "Rename forward's argument."))
    if blocks_of(source):
        check_arguments(_given({"code": code, "calibrate": calibrate}, "SLAYER's networks have spikes"))
        return slayer_network(source, shapes, dt=dt, reset=reset, inputs=inputs, fires=fires or ">")
    check_arguments(_given({"fires": fires}, "the modules state it"))
    check_arguments(_argument_faults(dt, reset, inputs, shapes))
    dt = _step(source, dt)
    if code is not None or calibrate is not None:
        return _plain(source, shapes, dt, reset, code, calibrate)
    return _converted(source, shapes, Context(dt, reset, torch.zeros(3)))


def _plain(
    module: Any, shapes: Mapping[str, Shape], dt: float | None, reset: str | None, code: str | None, calibrate: Any
) -> Network:
    """A network without spikes in a code of spikes: written as ONNX, which has the converter for it."""
    follower = Follower(HANDLERS)
    spiking = Followed(module, follower, Context(dt or 1.0, "soft", torch.zeros(3))).neurons
    if spiking:
        limit = "a code is for networks that send numbers"
        raise ConversionError(
            [Fault(name, "is a spiking neuron", limit, "Leave out code= and calibrate=.") for name in spiking]
        )
    kept = next((p for p in (*module.parameters(), *module.buffers()) if p.is_floating_point()), torch.zeros(()))
    samples = tuple(torch.zeros((1, *shape), dtype=kept.dtype, device=kept.device) for shape in shapes.values())
    file = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the exporter about itself
            warnings.simplefilter("default", torch.jit.TracerWarning)  # of what it takes for a constant: the user's
            torch.onnx.export(module, samples, file, input_names=list(shapes), opset_version=17)
    except Exception as error:
        fault = Fault(
            type(module).__name__,
            f"cannot be written as ONNX ({one_line(error, 300)})",
            "plain networks go through it",
            "See what torch.onnx.export says.",
        )
        raise ConversionError(fault) from error
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{type(module).__name__}.onnx"
        path.write_bytes(file.getvalue())
        return from_onnx.load(path, dt=dt, reset=reset, code=code, calibrate=calibrate)


def _nothing(module: Any, fact: str) -> Fault:
    return Fault(type(module).__name__, fact, "outputs are what forward returns", "Return the last layer's spikes.")


def _given(options: Mapping[str, Any], why: str) -> Iterator[Fault]:
    for name, value in options.items():
        if value is not None:
            yield Fault(name, "was given", why, "Leave it out.")


def _argument_faults(
    dt: float | None, reset: str | None, inputs: str | None, shapes: Mapping[str, Shape]
) -> Iterator[Fault]:
    yield from step_faults(dt)
    yield from choice_faults("reset", reset, ("soft",), "Leave it out: the modules state it.")
    yield from choice_faults("inputs", inputs, (), "Leave it out: only a .net file has an input layer to drive.")
    for name, own in shapes.items():
        if not own or min(own) < 1:
            yield Fault(name, f"has shape {own}", "sizes are at least 1", "Pass shape= of one step of one sample.")


def _shapes(module: Any, shape: Any) -> dict[str, Shape]:
    """Shapes by the names of forward's arguments."""
    names = [
        name
        for name, own in inspect.signature(module.forward).parameters.items()
        if own.kind in (own.POSITIONAL_ONLY, own.POSITIONAL_OR_KEYWORD)
    ]
    required = [
        name
        for name, own in inspect.signature(module.forward).parameters.items()
        if own.default is own.empty and name in names
    ]
    limit = f"forward takes {', '.join(names) or 'whatever it is given'}"
    try:
        if isinstance(shape, Mapping):
            found = {str(name): tuple(int(n) for n in own) for name, own in shape.items()}
        elif shape is not None and len(shape) and not np.isscalar(shape[0]):
            found = {name: tuple(int(n) for n in own) for name, own in zip(names, shape, strict=False)}
        else:
            found = {(names or ["input"])[0]: tuple(int(n) for n in shape)}
    except (TypeError, ValueError) as error:
        mend = "Pass shape=(channels, rows, columns) or (n,), for several inputs a mapping by name."
        raise InputError(Fault("shape", f"is {shape!r}", "a module does not state its input's shape", mend)) from error
    unknown = [name for name in found if names and name not in names]
    missing = [name for name in required if name not in found]
    if unknown or missing:
        mend = "Pass shape={'name': (...), ...} with a shape for each of them."
        raise InputError(Fault("shape", f"is {shape!r}", limit, mend))
    return {name: found[name] for name in names if name in found} or found


def _step(module: Any, dt: float | None) -> float | None:
    """dt, or that of Norse's modules."""
    own = {float(m.dt) for m in module.modules() if type(m).__module__.startswith("norse.") and hasattr(m, "dt")}
    stated = sorted(own | ({float(dt)} if dt is not None else set()))
    if len(stated) > 1:
        listed = ", ".join(f"{value:g}" for value in stated)
        limit = "a network has one step"
        raise ConversionError(Fault("dt", f"modules and dt= state {listed} s", limit, "Make them alike."))
    return stated[0] if stated else None


# ---------------------------------------------------------------------------------------------------------- following


@dataclass(frozen=True)
class Layout:
    """Leading axes that a module's inputs may have. several: the module is called once for all steps."""

    lead: Lead

    @property
    def several(self) -> bool:
        """Whether a tensor holds all steps."""
        return "L" in "".join(self.lead)


LAYOUTS = {
    Multi.NO: (Layout(("B",)), Layout(("L", "B")), Layout(("B", "L"))),
    Multi.STEPS_FIRST: (Layout(("L", "B")),),
    Multi.SAMPLES_FIRST: (Layout(("B", "L")),),
    Multi.MERGED: (Layout(("BL",)),),
}


@dataclass(frozen=True, eq=False)
class Attempt:
    """A way to call a module, what was followed of it, and what the module raised, if anything."""

    layout: Layout
    follower: Follower
    error: Exception | None


def attempts(module: Any, shapes: Mapping[str, Shape], context: Context) -> Iterator[Attempt]:
    """Each way to call `module` that its neurons allow, followed as it is asked for. shapes: of its inputs, by name."""
    for layout in _layouts(module, context):
        follower = Follower(HANDLERS)
        follower.expressions.inputs |= set(shapes)
        raised = None
        try:
            with Followed(module, follower, context):
                _call(module, follower, shapes, layout)
        except Exception as error:  # noqa: BLE001 - whatever the module's own code raises with this layout
            raised = error
        yield Attempt(layout, follower, raised)


def _converted(module: Any, shapes: Mapping[str, Shape], context: Context) -> Network:
    """By the first way to call the module that leaves no fault; else the faults of the one that got furthest."""
    best: tuple[int, Sequence[Fault]] | None = None
    for attempt in attempts(module, shapes, context):
        follower, error = attempt.follower, attempt.error
        if error is not None:
            rank = 1 if isinstance(error, Stop) else 2
            faults = [*follower.faults, _failed(module, follower, shapes, error)]
        else:
            try:
                return _network(module, follower, shapes, attempt.layout, context)
            except ConversionError as refusal:
                rank, faults = 3 if follower.mixed else 4, [*refusal.faults]
        if best is None or rank > best[0]:
            best = rank, faults
    assert best is not None, "there is a layout"
    raise ConversionError(best[1])


def _network(module: Any, follower: Follower, shapes: Mapping[str, Shape], layout: Layout, context: Context) -> Network:
    if follower.faults:
        raise ConversionError(follower.faults)
    populations = {name: (own.found, own.given) for name, own in follower.populations.items()}
    outputs = [e for tensor in tensors(follower.returned) if (t := follower.get(tensor)) for e in _ends(follower, t)]
    if not outputs:
        raise ConversionError(_nothing(module, "returns nothing that depends on its input"))
    if layout.several and not populations:
        raise ConversionError(_nothing(module, "has no neurons, and takes a list of steps"))
    return network(Traced(shapes, populations, outputs, follower.expressions), context.dt, type(module).__name__)


def _layouts(module: Any, context: Context) -> Sequence[Layout]:
    kinds = {neuron.multi for neuron in Followed(module, Follower(HANDLERS), context).neurons.values()} - {Multi.NO}
    return LAYOUTS[kinds.pop()] if len(kinds) == 1 else LAYOUTS[Multi.NO]


def _call(module: Any, follower: Follower, shapes: Mapping[str, Shape], layout: Layout) -> None:
    """Run all steps."""
    follower.returned = follower.run(module, [_input(module, follower, n, s, layout, 0) for n, s in shapes.items()])
    if layout.several:
        return
    if any(len(own.given) > 1 for own in follower.populations.values()):
        follower.constant()  # it loops by itself, and each step is given the same
        return
    takes_state = "state" in inspect.signature(module.forward).parameters
    for time in range(1, STEPS):
        returned = follower.returned
        state = returned[1] if takes_state and isinstance(returned, tuple) and len(returned) == 2 else None
        given = [_input(module, follower, name, shape, layout, time) for name, shape in shapes.items()]
        follower.returned = follower.run(module, given, state)


def _input(module: Any, follower: Follower, name: str, shape: Shape, layout: Layout, time: int) -> tuple[Any, Tracked]:
    steps = STEPS if layout.several else 1
    sizes = sizes_of(layout.lead, steps)
    kept = next((p for p in (*module.parameters(), *module.buffers()) if p.is_floating_point()), torch.zeros(()))
    tensor = torch.full((*sizes, *shape), 0.5, dtype=kept.dtype, device=kept.device)
    leaves = tuple(follower.expressions.leaf(shape, name, "spikes", time + step) for step in range(steps))
    return tensor, Tracked(leaves, layout.lead)


def _failed(module: Any, follower: Follower, shapes: Mapping[str, Shape], error: Exception) -> Fault:
    """What the module raised, at the submodule where it did."""
    listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
    place = follower.failed_at or type(module).__name__
    mend = "Check shape=, and that forward runs with one step of such samples (or a list of steps)."
    return Fault(place, f"cannot be run ({one_line(error, 300)})", f"shape= gives {listed}", mend)


def _ends(follower: Follower, tracked: Tracked) -> Iterator[Any]:
    """The expressions of a returned tensor: the last of a list of steps, all of another list."""
    known = [e for e in tracked.expressions if not isinstance(e, Unknown)]
    if len(known) > 1 and not any(isinstance(e, Decision) for e in known) and not follower.alike(known):
        yield from known
    else:
        yield from known[-1:]


__all__ = ["SAMPLES", "load"]
