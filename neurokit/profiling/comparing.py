"""Two recordings compared, layer by layer, element by element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError
from neurokit.graph.network import Network, Program
from neurokit.profiling.parity import Difference, LayerParity, Rung
from neurokit.profiling.trains import TIME_CONSTANT, check_time_constant, relative_distance, relative_error
from neurokit.profiling.units import SHARE, Units
from neurokit.profiling.values import values
from neurokit.records import Recording

_CHUNK = 1 << 22  # elements compared at once


def compare(
    reference: Recording,
    candidate: Recording,
    *,
    exact: bool,
    shift: Mapping[str, int] | None = None,
    names: tuple[str, str] | None = None,
    note: str = "",
    tau: float = TIME_CONSTANT,
    convert: Mapping[str, Units] | None = None,
) -> Rung:
    """Compare all spikes and states that both runs recorded.

    exact: whether bit identity is expected. shift: name -> steps that the candidate's layer lags behind the
    reference's (`program.latency` when a Network is the reference); compared are the steps that both have then. names:
    of the two runs. tau: time constant of the spikes' distance, in steps. convert: population -> how the integers'
    states become the floats' when one run has floats and the other the chip's integers; without it they are left out.
    Raises InputError when batches or shapes differ, or nothing was recorded in both.
    """
    check_time_constant(tau)
    if faults := _run_faults(reference, candidate):
        raise InputError(faults)
    shift = shift or {}
    both_integer = all(isinstance(recording.program, Program) for recording in (reference, candidate))
    both_float = all(isinstance(recording.program, Network) for recording in (reference, candidate))
    layers: list[LayerParity] = []
    left_out = False
    for name in depth_order(candidate.program):
        for what in (*candidate.program.populations[name].neuron.states, "spikes"):
            pair = _recorded(reference, name, what), _recorded(candidate, name, what)
            if pair[0] is None or pair[1] is None:
                continue
            units = None if both_integer or both_float else (convert or {}).get(name)
            if what == "spikes" and units is not None and what not in units.scale:
                units = None
            if what != "spikes" and not (both_integer or both_float) and (units is None or what not in units.scale):
                left_out = True
                continue
            if what == "spikes" and units is not None:
                lag, unit = int(shift.get(name, 0)), units.scale[what]
                layers.append(_graded(name, reference.program, *pair, lag, unit, candidate.batch is None))
                continue
            pairs = _Pair(name, what, pair[0], pair[1], int(shift.get(name, 0)), candidate.batch is None, tau, units)
            compared = _layer(pairs)
            if isinstance(compared, Fault):
                faults.append(compared)
            else:
                layers.append(compared)
    if not layers and not faults:
        faults = [_nothing(reference, candidate)]
    if faults:
        raise InputError(faults)
    if left_out:
        note = f"{note}; states in different units are not compared".removeprefix("; ")
    stages = names or (stage_name(reference), stage_name(candidate))
    return Rung(*stages, exact, tuple(layers), note, float(tau))


def compare_values(name: str, reference: NDArray[Any], candidate: NDArray[Any]) -> LayerParity:
    """What a population stands for at each step, (batch, steps, *shape), in two runs, over the steps that both have.

    Values differ that are off by more than a hundredth of the reference's root mean square.
    """
    steps = min(reference.shape[1], candidate.shape[1])
    reference, candidate = reference[:, :steps].astype(np.float64), candidate[:, :steps].astype(np.float64)
    tolerance = SHARE * float(np.sqrt(np.square(reference).mean())) or SHARE
    found = [_sample(k, a, b, tolerance) for k, (a, b) in enumerate(zip(reference, candidate, strict=True))]
    firsts = [first for _, first in found if first is not None]
    first = min(firsts, key=lambda first: first.step, default=None)
    means = float(reference.mean()), float(candidate.mean())
    distance = relative_error(reference, candidate)
    return LayerParity(name, "value", reference.size, sum(n for n, _ in found), first, *means, distance, tolerance)


def _graded(
    name: str, program: Any, reference: Any, candidate: Any, lag: int, unit: Any, unbatched: bool
) -> LayerParity:
    """What payloads of a float and an integer run stand for, in the float's units."""
    if unbatched:
        reference, candidate = reference[None], candidate[None]
    neuron = program.populations[name].neuron
    return compare_values(name, values(neuron, reference), values(neuron, candidate)[:, lag:] / unit)


def stage_name(recording: Recording) -> str:
    """What ran, on what: `Network (float)`, `Program on simulator`."""
    if isinstance(recording.program, Network):
        return "Network (float)"
    return f"Program on {recording.backend}"


def depth_order(graph: Network | Program) -> tuple[str, ...]:
    """Populations by the fewest connections from an input, then as listed; those without inputs come last."""
    depth = dict.fromkeys(graph.inputs, 0)
    frontier: Sequence[str] = tuple(graph.inputs)
    while frontier:
        reached = [p.target for p in graph.projections if p.source in frontier and p.target not in depth]
        for name in reached:
            depth[name] = 1 + min(depth[p.source] for p in graph.incoming(name) if p.source in frontier)
        frontier = tuple(dict.fromkeys(reached))
    return tuple(sorted(graph.populations, key=lambda name: depth.get(name, len(graph.populations) + 1)))


def _recorded(recording: Recording, name: str, what: str) -> NDArray[Any] | None:
    if what == "spikes":
        found = [recording.spikes[name]] if name in recording.spikes else []
    else:
        found = [recording.states[name, what]] if (name, what) in recording.states else []
    return found[0] if found else None


@dataclass(frozen=True, eq=False)
class _Pair:
    name: str
    what: str
    reference: NDArray[Any]
    candidate: NDArray[Any]
    lag: int
    unbatched: bool
    tau: float
    units: Units | None


def _layer(pair: _Pair) -> LayerParity | Fault:
    """One quantity compared."""
    cut = _cut(pair)
    if isinstance(cut, Fault):
        return cut
    reference, candidate = cut
    tolerance = 0.0
    if pair.units is not None:
        candidate = pair.units.floats(pair.what, candidate)
        tolerance = pair.units.tolerance(pair.what, reference)
    differing, first = 0, None
    for sample in range(reference.shape[0]):
        number, found = _sample(sample, reference[sample], candidate[sample], tolerance)
        differing += number
        if found is not None and (first is None or found.step < first.step):
            first = found
    distance = 0.0
    if differing or tolerance:
        distance = (
            relative_distance(reference, candidate, pair.tau)
            if pair.what == "spikes"
            else relative_error(reference, candidate)
        )
    means = float(np.mean(reference, dtype=np.float64)), float(np.mean(candidate, dtype=np.float64))
    return LayerParity(pair.name, pair.what, reference.size, differing, first, *means, distance, tolerance)


def _cut(pair: _Pair) -> tuple[NDArray[Any], NDArray[Any]] | Fault:
    """Both with a batch axis, over the steps that both have once the lag is taken away."""
    reference, candidate, lag = pair.reference, pair.candidate, pair.lag
    if pair.unbatched:
        reference, candidate = reference[None], candidate[None]
    if reference.shape[0] != candidate.shape[0] or reference.shape[2:] != candidate.shape[2:]:
        return Fault(
            pair.name,
            f"its {pair.what} have shape {reference.shape} in one run and {candidate.shape} in the other",
            "samples and neurons must agree (steps may differ)",
            "Run both on the same inputs.",
        )
    steps = min(reference.shape[1], candidate.shape[1] - lag)
    if lag < 0 or steps < 1:
        return Fault(
            pair.name,
            f"no steps are left of {reference.shape[1]} and {candidate.shape[1]}, with a lag of {lag}",
            "a layer that lags by n steps needs a run of more than n",
            f"Run the candidate for {reference.shape[1] + max(lag, 0)} steps.",
        )
    return reference[:, :steps], candidate[:, lag : lag + steps]


def _sample(
    sample: int, reference: NDArray[Any], candidate: NDArray[Any], tolerance: float
) -> tuple[int, Difference | None]:
    """Differing elements of one sample, (steps, *shape) each, and the first; in chunks that bound the temporaries."""
    differing, first = 0, None
    rows = max(1, _CHUNK // max(1, reference[0].size))
    for start in range(0, len(reference), rows):
        a, b = reference[start : start + rows], candidate[start : start + rows]
        unequal = np.abs(a - b) > tolerance if tolerance else a != b
        if a.dtype.kind == "f" and b.dtype.kind == "f":
            unequal &= ~(np.isnan(a) & np.isnan(b))
        number = int(np.count_nonzero(unequal))
        if number and first is None:
            index = np.unravel_index(int(np.argmax(unequal)), unequal.shape)
            step, neuron = start + int(index[0]), tuple(int(i) for i in index[1:])
            first = Difference(sample, step, neuron, _plain(a[index]), _plain(b[index]))
        differing += number
    return differing, first


def _run_faults(reference: Recording, candidate: Recording) -> list[Fault]:
    if (reference.batch is None) == (candidate.batch is None) and (reference.batch or 1) == (candidate.batch or 1):
        return []
    samples = [
        recording.batch if recording.batch is not None else "one unbatched" for recording in (reference, candidate)
    ]
    return [
        Fault(
            "batch",
            f"one run has {samples[0]} sample(s), the other {samples[1]}",
            "both must have the same samples",
            "Run both on the same inputs.",
        )
    ]


def _nothing(reference: Recording, candidate: Recording) -> Fault:
    keys = [", ".join(map(str, (*run.spikes, *run.states))) or "nothing" for run in (reference, candidate)]
    return Fault(
        "recordings",
        f"they share nothing that can be compared: {keys[0]} against {keys[1]}",
        "spikes of the same population are needed",
        f"Record the same in both, e.g. record={tuple(candidate.program.populations)!r}.",
    )


def _plain(value: Any) -> float:
    return int(value) if np.asarray(value).dtype.kind in "biu" else float(value)
