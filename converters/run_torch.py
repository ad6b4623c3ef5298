"""Live torch modules run by themselves, with what each of their neurons sends."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neurokit.converters.from_torch import Layout, attempts
from neurokit.converters.run_torch_plain import plain_values
from neurokit.converters.running import Limits, SourceRun
from neurokit.converters.torch_neurons import Context, Multi
from neurokit.converters.torch_ops import HANDLERS
from neurokit.converters.torch_trace import Followed, Follower, tensors
from neurokit.errors import ConversionError, Fault
from neurokit.graph.network import Network

FRESH = ("reset", "reset_mem", "reset_states")  # how SpikingJelly, snnTorch and sinabs forget what a module has seen


def run(source: Any, network: Network, inputs: Mapping[str, NDArray[Any]], steps: int, limits: Limits) -> SourceRun:
    """What the module's neurons send, step by step, in its own precision, from fresh states; the module stays as it is.

    inputs: name -> (batch, time, *shape). Steps past the input's end see zeros.
    """
    module = copy.deepcopy(source).eval()
    context = Context(network.dt or 1.0, "soft", torch.zeros(3))
    neurons = Followed(module, Follower(HANDLERS), context).neurons
    kept = next((p for p in (*module.parameters(), *module.buffers()) if p.is_floating_point()), torch.zeros(()))
    framework = f"torch {torch.__version__.partition('+')[0]}"
    if not neurons:
        return SourceRun(framework, {}, plain_values(module, network, inputs, steps, kept))
    layout = _layout(module, network, context)
    given = {name: torch.as_tensor(_padded(values, steps)).to(kept) for name, values in inputs.items()}
    found: dict[str, list[NDArray[Any]]] = {name: [] for name in neurons}
    modules = dict(module.named_modules())
    for own in modules.values():
        _refresh(own)
    handles = [
        modules.get(name, module).register_forward_hook(_noting(found[name], neuron.multi, layout.lead))
        for name, neuron in neurons.items()
    ]
    try:
        with torch.no_grad():
            _run(module, [given[name] for name in network.inputs], layout, steps, found)
    finally:
        for handle in handles:
            handle.remove()
    samples = next(iter(inputs.values())).shape[0]
    sent, values = {}, {}
    for name, parts in found.items():
        if name in network.populations and parts:
            population = network.populations[name]
            stacked = np.concatenate(parts, axis=1).reshape(samples, -1, *population.shape)[:, :steps]
            if population.neuron.spiking and not population.neuron.graded:
                sent[name] = (stacked != 0).astype(np.uint8)
            else:
                values[name] = stacked
    return SourceRun(framework, sent, values)


def _layout(module: Any, network: Network, context: Context) -> Layout:
    """The first way to call the module that works, as the converter found it."""
    shapes = {name: node.shape for name, node in network.inputs.items()}
    said = ""
    for attempt in attempts(module, shapes, context):
        if attempt.error is not None:
            said = " ".join(str(attempt.error).split())[:300]
        elif not attempt.follower.faults:
            return attempt.layout
    fact = f"cannot be run ({said or 'its operations are not followed'})"
    raise ConversionError(Fault(type(module).__name__, fact, "it runs as it was converted", "Convert it first."))


def _run(module: Any, given: Sequence[Any], layout: Layout, steps: int, found: Mapping[str, Sequence[Any]]) -> None:
    if layout.several:
        module(*[_with_lead(values, layout.lead) for values in given])
        return
    returned = module(*[values[:, 0] for values in given])
    if any(len(parts) > 1 for parts in found.values()):
        return  # it loops over the steps by itself
    takes_state = "state" in inspect.signature(module.forward).parameters
    for time in range(1, steps):
        state = returned[1] if takes_state and isinstance(returned, tuple) and len(returned) == 2 else None
        returned = module(*[values[:, time] for values in given], *(() if state is None else (state,)))


def _with_lead(values: Any, lead: tuple[str, ...]) -> Any:
    """(batch, steps, ...) with the axes that the module takes."""
    if lead == ("L", "B"):
        return values.transpose(0, 1)
    return values.flatten(0, 1) if lead == ("BL",) else values


def _noting(parts: list[NDArray[Any]], multi: Multi, lead: tuple[str, ...]) -> Any:
    """A hook that notes what a neuron gives as (batch, steps, ...)."""

    def note(module: Any, args: Any, result: Any) -> None:
        spikes = tensors(result)[0].detach().double().cpu().numpy()
        if multi is Multi.NO:
            parts.append(spikes[:, None])
        elif multi is Multi.STEPS_FIRST:
            parts.append(np.swapaxes(spikes, 0, 1))
        elif multi is Multi.MERGED:
            parts.append(spikes[None])  # samples outermost: the shape is given back later
        else:
            parts.append(spikes)

    return note


def _refresh(module: Any) -> None:
    if not type(module).__module__.startswith(("spikingjelly.", "snntorch.", "sinabs.")):
        return
    for name in FRESH:
        method = getattr(module, name, None)
        if callable(method):
            method()


def _padded(values: NDArray[Any], steps: int) -> NDArray[np.float64]:
    missing = max(0, steps - values.shape[1])
    padded = np.concatenate([values, np.zeros((len(values), missing, *values.shape[2:]))], axis=1)
    return np.asarray(padded[:, :steps], np.float64)
