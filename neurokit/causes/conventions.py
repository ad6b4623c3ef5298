"""A Network (or Program) against what its source gives: as it is, and with one convention switched at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.network import Network, Program
from neurokit.graph.neurons import LIF, CubaLIF, Fires, LoihiLIF, Reset, _Spiking
from neurokit.hardware.simulator.backend import Simulator
from neurokit.lower.scale import UNIT
from neurokit.profiling.conventions import Conventions, Switch
from neurokit.profiling.trains import relative_distance


def switched(
    network: Network, inputs: Mapping[str, NDArray[Any]], steps: int, sent: Mapping[str, NDArray[Any]], tau: float
) -> Conventions | None:
    """Losses against `sent`, the source's spikes: name -> (batch, steps, *shape); None where no spikes are known.

    Measured at the outputs, or where their spikes are not known, or are the same, in all populations that are known.
    """
    return _switched(network, [make(network) for make in SWITCHES], inputs, steps, sent, tau)


def switched_program(
    program: Program, inputs: Mapping[str, NDArray[Any]], steps: int, sent: Mapping[str, NDArray[Any]], tau: float
) -> Conventions | None:
    """The same of integers, whose one convention is how a potential compares with a whole threshold."""
    return _switched(program, [_whole_thresholds(program)], inputs, steps, sent, tau)


def _switched(
    graph: Network | Program,
    made: Iterable[_Switched],
    inputs: Mapping[str, NDArray[Any]],
    steps: int,
    sent: Mapping[str, NDArray[Any]],
    tau: float,
) -> Conventions | None:
    if not sent:
        return None

    def losses(graph: Network | Program) -> dict[str, float]:
        recording = Simulator().run(graph, inputs, steps, tuple(sent))
        return {n: relative_distance(sent[n], recording.spikes[n][:, : sent[n].shape[1]], tau) for n in sent}

    def loss(graph: Network | Program) -> float:
        return _mean_square([value for name, value in losses(graph).items() if name in names])

    found = losses(graph)
    outputs = [name for name in graph.outputs if name in sent]
    names = outputs if any(found[name] for name in outputs) else list(sent)
    as_it_is = _mean_square([found[name] for name in names])
    switches = [Switch(title, loss(other), mend) for other, title, mend in filter(None, made)]
    samples = next(iter(inputs.values())).shape[0]
    return Conventions(samples, as_it_is, tuple(sorted(switches, key=lambda switch: switch.loss)))


def _mean_square(values: Collection[float]) -> float:
    """Root of the mean of squares."""
    return math.sqrt(sum(value**2 for value in values) / len(values))


_Switched: TypeAlias = "tuple[Network | Program, str, str] | None"


def _with_neurons(network: Network, change: Callable[[Any], Any]) -> Network | None:
    """The network with its neurons changed; None where that changes none."""
    populations = {name: replace(p, neuron=change(p.neuron)) for name, p in network.populations.items()}
    if all(populations[name].neuron is p.neuron for name, p in network.populations.items()):
        return None
    return replace(network, populations=populations)


def _reset(network: Network) -> _Switched:
    now = {p.neuron.reset for p in network.populations.values() if isinstance(p.neuron, _Spiking)}
    other: Reset = "soft" if now == {"hard"} else "hard"
    made = _with_neurons(network, lambda n: replace(n, reset=other) if isinstance(n, _Spiking) else n)
    return None if made is None else (made, f"reset='{other}'", f"Convert with reset='{other}'.")


def _fires(network: Network) -> _Switched:
    now = {p.neuron.fires for p in network.populations.values() if isinstance(p.neuron, _Spiking)}
    other: Fires = ">=" if now == {">"} else ">"
    made = _with_neurons(network, lambda n: replace(n, fires=other) if isinstance(n, _Spiking) else n)
    return None if made is None else (made, f"fires='{other}'", f"Convert with fires='{other}'.")


def _whole_thresholds(program: Program) -> _Switched:
    """Thresholds that a potential must exceed where it had to meet them: 64 mantissas instead of one unit less."""
    lif = {n: p.neuron for n, p in program.populations.items() if isinstance(p.neuron, LoihiLIF) and p.neuron.emits}
    inclusive = any(((neuron.threshold + 1) % UNIT == 0).any() for neuron in lif.values())
    moved = {name: _moved(neuron.threshold, inclusive) for name, neuron in lif.items()}
    if all((moved[name] == neuron.threshold).all() for name, neuron in lif.items()):
        return None
    populations = {
        name: replace(p, neuron=replace(lif[name], threshold=moved[name])) if name in lif else p
        for name, p in program.populations.items()
    }
    other: Fires = ">" if inclusive else ">="
    outputs = {name: populations[name] for name in program.outputs}
    made = replace(program, populations=populations, outputs=outputs)
    return made, f"fires='{other}'", f"Convert with fires='{other}'."


def _moved(threshold: NDArray[np.int64], up: bool) -> NDArray[np.int64]:
    """One unit up or down, where that is across a whole mantissa."""
    if up:
        return np.where((threshold + 1) % UNIT == 0, threshold + 1, threshold)
    return np.where(threshold % UNIT == 0, threshold - 1, threshold)


def _integration(network: Network) -> _Switched:
    """Decays of exp(-dt/tau) instead of 1 - dt/tau, inputs weighted as before."""
    dt = network.dt
    if dt is None:
        return None

    def change(neuron: Any) -> Any:
        if isinstance(neuron, LIF):
            tau = -dt / np.expm1(-dt / neuron.tau)
            return replace(neuron, tau=tau, r=neuron.r * tau / neuron.tau)
        if isinstance(neuron, CubaLIF):
            mem, syn = (-dt / np.expm1(-dt / tau) for tau in (neuron.tau_mem, neuron.tau_syn))
            gains = {"r": neuron.r * mem / neuron.tau_mem, "w_in": neuron.w_in * syn / neuron.tau_syn}
            return replace(neuron, tau_mem=mem, tau_syn=syn, **gains)
        return neuron

    made = _with_neurons(network, change)
    return None if made is None else (made, "integration='exponential'", "Convert with integration='exponential'.")


def _later(network: Network) -> _Switched:
    """Connections between populations take a step more."""
    step = network.dt or 1.0  # nothing else depends on it
    inner = [p for p in network.projections if p.source in network.populations]
    if not inner:
        return None
    late = tuple(replace(p, delay=p.delay + step) if p in inner else p for p in network.projections)
    mend = "Its layers hear each other a step later than the network's: give the projections delays of dt."
    return replace(network, projections=late, dt=step), "a step's delay for each connection between layers", mend


def _sooner(network: Network) -> _Switched:
    """Connections between populations take a step less, where they take one."""
    step = network.dt or 1.0
    inner = [p for p in network.projections if p.source in network.populations and (p.delay >= step).all()]
    feedback = [p for p in inner if p.source == p.target]
    if not inner or feedback:
        return None
    soon = tuple(replace(p, delay=p.delay - step) if p in inner else p for p in network.projections)
    mend = "Its layers hear each other a step sooner than the network's: take dt from the projections' delays."
    return replace(network, projections=soon), "a step less for each connection between layers", mend


SWITCHES: tuple[Callable[[Network], _Switched], ...] = (_reset, _fires, _integration, _later, _sooner)
