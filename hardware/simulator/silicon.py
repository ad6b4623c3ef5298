"""Programs as another silicon would run them: the differences that a silicon file states (docs/silicon.md).

`follow` gives a Program whose neurons, weights and delays bring the differences into the simulator's own kernels.
Such a Program is for the simulator alone; it is checked against `neurokit.firstlight.chip`, which is plain numpy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import BackendError, Fault
from neurokit.graph.graded_neurons import FixedDelta, FixedSigma, FixedSigmaDelta
from neurokit.graph.network import Population, Program, Projection
from neurokit.graph.neurons import FixedNeuron, LoihiLIF
from neurokit.graph.synapses import Convolving, Dense, Injection, ResizeConv2d, Sparse
from neurokit.lower.fixedpoint import chip_weights
from neurokit.lower.silicon import Silicon

LAVA = Silicon()


@dataclass(frozen=True, eq=False)
class SiliconLIF(LoihiLIF):
    """LoihiLIF with another chip's arithmetic.

    State `v` is what a probe reads, `potential` what the neuron goes on with, `refractory` the steps it waits.
    """

    states: ClassVar[tuple[str, ...]] = ("u", "v", "potential", "refractory")
    silicon: Silicon = field(default=LAVA, kw_only=True)


@dataclass(frozen=True, eq=False)
class SiliconSigma(FixedSigma):
    """FixedSigma whose payloads another chip changes."""

    silicon: Silicon = field(default=LAVA, kw_only=True)


@dataclass(frozen=True, eq=False)
class SiliconDelta(FixedDelta):
    """FixedDelta, likewise."""

    silicon: Silicon = field(default=LAVA, kw_only=True)


@dataclass(frozen=True, eq=False)
class SiliconSigmaDelta(FixedSigmaDelta):
    """FixedSigmaDelta, likewise."""

    silicon: Silicon = field(default=LAVA, kw_only=True)


@dataclass(frozen=True)
class TowardZero(Projection):
    """A Projection whose sums a negative exponent shifts towards zero."""


FOLLOWED: Mapping[type[FixedNeuron], type[FixedNeuron]] = {
    LoihiLIF: SiliconLIF,
    FixedSigma: SiliconSigma,
    FixedDelta: SiliconDelta,
    FixedSigmaDelta: SiliconSigmaDelta,
}


def differences(silicon: Silicon) -> dict[str, Any]:
    """Fields in which it differs from Lava's CPU models."""
    return {name: value for name, value in vars(silicon).items() if value != getattr(LAVA, name)}


def silicon_faults(program: Program, silicon: Silicon) -> list[Fault]:
    """What of `program` cannot be followed on that silicon."""
    found = differences(silicon)
    if not found:
        return []
    what = ", ".join(f"{name} = {value}" for name, value in found.items())
    faults = [fault for p in program.populations.values() for fault in _neuron_faults(p, silicon, what)]
    mend = "Take the rules off (program.frozen()), or run it without silicon=."
    faults += [
        Fault(p.name, "learns", f"what learns is not known to follow {what}", mend)
        for p in program.projections
        if p.plasticity is not None
    ]
    return faults + [fault for p in program.projections for fault in _projection_faults(p, silicon)]


def follow(program: Program, silicon: Silicon) -> Program:
    """The Program as that silicon runs it; BackendError with everything that cannot be followed."""
    faults = silicon_faults(program, silicon)
    if faults:
        raise BackendError(faults)
    if not differences(silicon):
        return program
    populations = {name: replace(p, neuron=_neuron(p.neuron, silicon)) for name, p in program.populations.items()}
    projections = tuple(part for p in program.projections for part in _parts(p, silicon))
    outputs = {name: populations[name] for name in program.outputs}
    return replace(program, populations=populations, projections=projections, outputs=outputs)


def _neuron_faults(population: Population, silicon: Silicon, what: str) -> Iterator[Fault]:
    neuron, mend = population.neuron, "Run it without silicon=."
    assert isinstance(neuron, FixedNeuron), "a Program holds integer neurons"
    if type(neuron) not in FOLLOWED:
        limit = f"of LIF and sigma-delta neurons alone it is known what {what} does"
        yield Fault(population.name, f"is {type(neuron).__name__}", limit, mend)
    elif neuron.held and silicon.reset_offset != LAVA.reset_offset:
        limit = f"no stock neuron is, so what reset_offset = {silicon.reset_offset} does to it is not known"
        yield Fault(population.name, f"is held until step {neuron.reset_offset}", limit, mend)
    elif not isinstance(neuron, LoihiLIF) and _scheduled(neuron) and silicon.reset_states != LAVA.reset_states:
        limit = f"no stock one is, so what reset_states = {silicon.reset_states} does to it is not known"
        yield Fault(population.name, f"is a {type(neuron).__name__} that is reset by schedule", limit, mend)


def _projection_faults(projection: Projection, silicon: Silicon) -> Iterator[Fault]:
    if silicon.delay_offset == -1 and isinstance(projection.synapse, Convolving) and _meet(projection):
        limit = "with a step less both arrive at once, and a convolution's sums wrap for each delay by itself"
        yield Fault(projection.name, "has delays of 1 and of 2 steps", limit, "Write it out: nk.expand(program).")

    rounds = silicon.negative_shift.startswith("weight") and getattr(projection.synapse, "exponent", 0) < 0
    if rounds and isinstance(projection.synapse, ResizeConv2d):
        limit = "a chip that shifts each weight shifts what taps of one source neuron sum up to"
        mend = "Write it out, which sums them up: nk.expand(program)."
        yield Fault(projection.name, "is a resized convolution with a negative exponent", limit, mend)


def _scheduled(neuron: FixedNeuron) -> bool:
    return neuron.reset_interval > 0 or neuron.reset_offset > 0


def _meet(projection: Projection) -> bool:
    """Whether delays of 1 and of 2 steps become one, where a step goes missing."""
    return {1, 2} <= set(np.unique(projection.delay).tolist())


def _neuron(neuron: Any, silicon: Silicon) -> FixedNeuron:
    """The same parameters, in the class that knows the differences."""
    kind: Any = FOLLOWED[type(neuron)]
    held = {f.name: getattr(neuron, f.name) for f in fields(neuron)}
    if _scheduled(neuron):
        held["reset_offset"] = neuron.reset_offset + silicon.reset_offset
    made: FixedNeuron = kind(**held, silicon=silicon)
    return made


def _parts(projection: Projection, silicon: Silicon) -> Iterator[Projection]:
    """Usually one; two where two delays become one but are still summed, shifted and rounded apart."""
    synapse = projection.synapse
    if isinstance(synapse, Injection):
        yield projection
        return
    changed = replace(projection, synapses=(_synapse(synapse, silicon),))
    delay = np.asarray(projection.delay)
    later = np.where(delay > 1, delay + silicon.delay_offset, delay)
    kind = TowardZero if silicon.negative_shift == "sum-toward-zero" else Projection
    apart = silicon.delay_offset == -1 and _meet(projection)
    for weights in (delay == 1, delay != 1) if apart else (None,):
        shown = changed.synapse if weights is None else _where(changed.synapse, weights)
        yield kind(projection.source, projection.target, (shown,), later, projection.port)


def _synapse(synapse: Any, silicon: Silicon) -> Any:
    """Weights as the chip holds them."""
    down = silicon.negative_shift.startswith("weight")
    if isinstance(synapse, Convolving):
        if not down or synapse.exponent >= 0:
            return synapse
        return replace(synapse, weight=_shifted(synapse.weight, synapse.exponent, silicon), exponent=0)
    held = chip_weights(synapse.weight.data if isinstance(synapse, Sparse) else synapse.weight, synapse.exponent)
    values = _truncated(held.mantissa.astype(np.int64), silicon.weight_truncation)
    exponent = held.exponent
    if down and exponent < 0:
        values, exponent = _shifted(values, exponent, silicon), 0
    return _with(synapse, values, exponent)


def _with(synapse: Any, values: NDArray[np.int64], exponent: int) -> Any:
    if isinstance(synapse, Dense):
        return replace(synapse, weight=values, exponent=exponent)
    weight = synapse.weight.astype(np.int64)
    weight.data = values
    return replace(synapse, weight=weight, exponent=exponent)


def _where(synapse: Any, keep: NDArray[np.bool_]) -> Any:
    """The synapse with zeros but where `keep`, which broadcasts to (targets, sources)."""
    if isinstance(synapse, Dense):
        return replace(synapse, weight=np.where(keep, synapse.weight, 0))
    entries = synapse.weight.tocoo()
    kept = np.broadcast_to(keep, synapse.weight.shape)[entries.row, entries.col]
    return _with(synapse, np.where(kept, synapse.weight.data, 0), synapse.exponent)


def _truncated(mantissa: NDArray[np.int64], rule: str) -> NDArray[np.int64]:
    if rule == "none":
        return mantissa
    return mantissa & ~1 if rule == "down" else np.asarray(np.sign(mantissa) * (np.abs(mantissa) & ~1))


def _shifted(weight: Any, exponent: int, silicon: Silicon) -> NDArray[np.int64]:
    """Each weight >> -exponent, as that silicon rounds."""
    values = np.asarray(weight, np.int64)
    if silicon.negative_shift == "weight-down":
        return values >> -exponent
    return np.asarray(np.sign(values) * (np.abs(values) >> -exponent))
