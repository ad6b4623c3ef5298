"""`.net` files run by lava-dl's own netx, in a process of its own (hardware/lava/netx.py), and what netx does not read.

netx refuses some layers and misreads others without a word (tests/converters/test_netx_failures.py). From the first
such layer on nothing is run: what netx would say of it is of another network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.child import ask_child
from neurokit.converters.from_slayer import layers_of
from neurokit.converters.hdf5 import read_tree
from neurokit.converters.running import Limits, SourceRun
from neurokit.converters.slayer_neurons import norm_shift, refractory_steps
from neurokit.converters.slayer_values import Layer, exponent, size, text, weights
from neurokit.graph.graded_neurons import FixedDelta
from neurokit.graph.network import Network
from neurokit.graph.neurons import MAX_DECAY, LoihiLIF
from neurokit.graph.resonators import FixedResonateAndFire

CHILD = "neurokit.hardware.lava.netx"
SECONDS = 600.0  # as a run on Lava may take
INSTALL = "pip install neurokit-lava[dl], in Python 3.10"
PASS = "pass expected= with what SLAYER gives"
MOST_CURRENT = 2**15 - 1  # bias_mant of Lava's LIF has 16 bits; lava-nc 0.10.0, PyLifModelBitAcc
PAYLOAD_BITS = 24  # any number above 0 lets payloads pass whole
LAYERS = ("input", "flatten", "conv", "dense", "dense_rec")  # that netx builds; lava-dl 0.6.0, netx/hdf5.py


@dataclass(frozen=True, eq=False)
class _Plan:
    """layers: of the file that netx is to build. why: it reads no more, "" where it reads all. entry: see the child."""

    layers: Sequence[Layer]
    why: str
    entry: str
    names: tuple[str, ...]


def run(
    source: str | PathLike[str], network: Network, inputs: Mapping[str, NDArray[Any]], steps: int, limits: Limits
) -> SourceRun | str:
    """What netx's layers send and hold at each step, as far as it reads the file, or why it was not run.

    inputs: as the Network takes them. Each sample starts from zero state.
    """
    if missing := _missing():
        return missing
    (values,) = inputs.values()
    plan = _plan(str(source), network, values, limits.window)
    if isinstance(plan, str):
        return plan
    first = plan.layers[0]
    neurons = [network.populations[name].neuron for name in plan.names]
    ask = {
        "path": str(Path(source).resolve()),
        "layers": 1 + plan.layers[-1].index,
        "names": plan.names,
        "states": [_states(network, name, plan) for name in plan.names],
        "steps": steps,
        "entry": plan.entry,
        "passed_by": int(plan.entry == "weights" and first.kind == "input" and "neuron" in first.data),
        "window": limits.window,
        "message_bits": 0 if np.isin(values, (0, 1)).all() else PAYLOAD_BITS,
        "resonators": any(isinstance(neuron, FixedResonateAndFire) for neuron in neurons),
    }
    request = {"values": np.asarray(values).astype(np.int64), "ask": np.asarray(json.dumps(ask))}
    answer = ask_child(CHILD, request, limits.seconds or SECONDS)
    if isinstance(answer, str):
        return f"lava-dl's netx {answer}: {PASS}"
    return _told(answer, plan, network)


def _missing() -> str:
    """What is not installed, "" for nothing."""
    for name in ("lava-nc", "lava-dl"):
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            return f"{name} is not installed, whose netx would run it ({INSTALL}): {PASS}"
    return ""


def _plan(path: str, network: Network, values: NDArray[Any], window: int | None) -> _Plan | str:
    """What netx is to build, or why that is nothing."""
    layers, _ = layers_of(path, read_tree(path, "a SLAYER network"))
    first = layers[0]
    enters = first.kind == "input" and first.name in network.populations
    named = [x for x in layers if x.kind != "flatten" and (x.kind != "input" or enters)]
    if [layer.name for layer in named] != list(network.populations):
        return f"the network has other populations than {Path(path).name}: {PASS}"
    entry = "weights"
    if enters:
        encodes = isinstance(network.populations[first.name].neuron, FixedDelta)
        entry = "neurons" if encodes else "bias"
    kept: list[Layer] = []
    why = _unread_input(values, entry)
    for layer in layers:
        why = why or _unread(layer, network, window, entry)
        if why:
            break
        kept.append(layer)
    names = tuple(layer.name for layer in kept if layer in named)
    if not names:
        return f"lava-dl's netx reads none of its layers as they stand ({why}): {PASS}"
    return _Plan(kept, why, entry, names)


def _unread_input(values: NDArray[Any], entry: str) -> str:
    if entry == "bias" and np.abs(values).max(initial=0) > MOST_CURRENT:
        return f"it holds input currents up to {MOST_CURRENT}"
    return ""


def _unread(layer: Layer, network: Network, window: int | None, entry: str) -> str:
    """Why netx does not read a layer as it stands in the file, "" where it does."""
    if layer.kind not in LAYERS:
        return f"'{layer.name}' is a layer that it does not build"
    if layer.kind == "flatten" or (layer.kind == "input" and entry == "weights"):
        return ""
    group = layer.data.get("neuron")
    if group is None:
        return f"'{layer.name}' has no neurons, for which it takes others than SLAYER"
    return _unread_neurons(layer, group, network, window, entry) or _unread_synapses(layer, window)


def _unread_neurons(layer: Layer, group: Mapping[str, Any], network: Network, window: int | None, entry: str) -> str:
    kind, neuron = text(group["type"]) or "", network.populations[layer.name].neuron
    if kind == "ALIF" or kind.startswith("ADRF"):
        return f"'{layer.name}' has {kind} neurons, {'which it does not know' if kind == 'ALIF' else 'taken for RF'}"
    if isinstance(neuron, LoihiLIF):
        if refractory_steps(group, network.populations[layer.name].shape).any():
            return f"'{layer.name}' has a refDelay, which it ignores"
        if exponent(layer) or norm_shift(group):
            return f"'{layer.name}' has a weight exponent, which it ignores"
        if entry == "bias" and layer.kind == "input" and (neuron.current_decay != MAX_DECAY).any():
            return f"'{layer.name}' has an iDecay below {MAX_DECAY}: it feeds data to the potential, past the current"
    elif window is not None:
        return f"'{layer.name}' has {kind} neurons, which it does not reset (window={window})"
    return ""


def _unread_synapses(layer: Layer, window: int | None) -> str:
    if any(not np.any(weight) for weight in weights(layer).values()):
        return f"all weights of '{layer.name}' are 0, at which it fails"
    delay = layer.data.get("delay")
    if delay is None:
        return ""
    if layer.kind == "dense_rec":
        return f"'{layer.name}' is recurrent with delays, at which it fails"
    if layer.kind == "conv" and np.any(delay):
        return f"'{layer.name}' is a convolution with delays, which it ignores"
    if window is not None and layer.kind == "dense" and np.min(delay) > 0:
        return f"'{layer.name}' hears nothing before a delay of {int(np.min(delay))}: it begins a window without it"
    return ""


def _states(network: Network, name: str, plan: _Plan) -> tuple[str, ...]:
    """States that both have: netx feeds an input layer's data past its current."""
    neuron = network.populations[name].neuron
    if isinstance(neuron, LoihiLIF):
        return ("v",) if plan.entry == "bias" and name == plan.names[0] else ("u", "v")
    return ("real", "imag") if isinstance(neuron, FixedResonateAndFire) else ()


def _told(answer: Mapping[str, NDArray[Any]], plan: _Plan, network: Network) -> SourceRun | str:
    """The layers that netx has read as they stand."""
    why, names = plan.why, list(plan.names)
    for layer in plan.layers:
        if found := _misread(layer, answer, network) if layer.name in names else "":
            why = found
            del names[names.index(layer.name) :]
            break
    if not names:
        return f"lava-dl's netx reads none of its layers as they stand ({why}): {PASS}"
    sent, values, states = {}, {}, {}
    for name in names:
        neuron = network.populations[name].neuron
        if neuron.spiking:
            sent[name] = answer[f"spikes/{name}"]
        for state in _states(network, name, plan):
            states[name, state] = answer[f"{state}/{name}"]
        if not neuron.spiking:
            values[name] = states[name, "v"]
    last = names[-1]
    note = f"compared up to '{last}', for netx does not read on: {why}; {PASS} for the rest" if why else ""
    return SourceRun(f"netx of lava-dl {answer['version']}", sent, values, states, note)


def _misread(layer: Layer, answer: Mapping[str, NDArray[Any]], network: Network) -> str:
    """What netx and Lava have made of a layer's numbers, where that is not what the file holds."""
    whole = dict(zip(("real_synapse", "imag_synapse"), weights(layer).values(), strict=False))
    if len(whole) < 2:
        whole = {"synapse": layer.data.get("weight"), "synapse_rec": layer.data.get("weight_rec")}
    for part, weight in whole.items():
        key = f"weights/{layer.name}/{part}"
        if key in answer and weight is not None:
            stated = np.asarray(weight, np.float64).reshape(size(layer) or 1, -1)
            differing = int(np.count_nonzero(stated != answer[key][: len(stated)]))
            if differing:
                return f"of '{layer.name}' it reads {differing:,} of {stated.size:,} weights otherwise (it drops bits)"
    turn, neuron = answer.get(f"turn/{layer.name}"), network.populations[layer.name].neuron
    if turn is None or not isinstance(neuron, FixedResonateAndFire):
        return ""
    same = (turn[0] == neuron.sine).all() and (turn[1] == neuron.cosine).all()
    return "" if same else f"of '{layer.name}' it makes another sine or cosine than the file's, by 1/4096"
