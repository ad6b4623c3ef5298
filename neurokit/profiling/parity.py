"""The parity ladder: the same inputs through one form of a network after another, compared layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError
from neurokit.graph.network import Network, Program
from neurokit.profiling.decisions import Decision
from neurokit.records import Recording

_CHUNK = 1 << 22  # elements compared at once


@dataclass(frozen=True)
class Difference:
    """One differing element: the earliest step, there the lowest sample and neuron. step: of the reference."""

    sample: int
    step: int
    neuron: tuple[int, ...]
    reference: float
    candidate: float


@dataclass(frozen=True)
class LayerParity:
    """One population's spikes, u or v compared between two runs.

    compared, differing: elements (samples x steps x neurons). reference_mean, candidate_mean: means over these; for
    spikes, the rate.
    """

    population: str
    what: str
    compared: int
    differing: int
    first: Difference | None
    reference_mean: float
    candidate_mean: float

    @property
    def agreement(self) -> float:
        """Share of elements that agree."""
        return 1 - self.differing / self.compared


@dataclass(frozen=True)
class Rung:
    """Two runs compared. exact: whether they must agree bit for bit. layers: in order of depth. note: what to know."""

    reference: str
    candidate: str
    exact: bool
    layers: tuple[LayerParity, ...]
    note: str = ""

    @property
    def name(self) -> str:
        """`reference -> candidate`."""
        return f"{self.reference} -> {self.candidate}"

    @property
    def differing(self) -> int:
        """Differing elements of all layers."""
        return sum(layer.differing for layer in self.layers)

    @property
    def ok(self) -> bool:
        """Whether it holds: exact rungs without any difference; others always."""
        return not self.exact or self.differing == 0

    @property
    def first(self) -> LayerParity | None:
        """The shallowest layer with a difference; of its quantities the one that differs first."""
        shallowest = next((layer.population for layer in self.layers if layer.differing), None)
        found = [layer for layer in self.layers if layer.population == shallowest and layer.first]
        return min(found, key=_step, default=None)  # of one step the first, since layers come in the order of states


@dataclass(frozen=True)
class Divergence:
    """Where two runs part: the shallowest differing layer, its first difference, and what that says."""

    rung: Rung
    layer: LayerParity
    first: Difference
    cause: str

    def __str__(self) -> str:
        return self.cause


@dataclass(frozen=True)
class Parity:
    """All rungs of the ladder, and what each run decided."""

    rungs: tuple[Rung, ...]
    decisions: tuple[Decision, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all exact rungs agree bit for bit."""
        return all(rung.ok for rung in self.rungs)

    @property
    def first_divergence(self) -> Divergence | None:
        """Of the first broken exact rung; when none is broken, of the first rung that differs at all."""
        for rung in (*(rung for rung in self.rungs if rung.exact), *self.rungs):
            layer = rung.first
            if layer is not None and layer.first is not None:
                return Divergence(rung, layer, layer.first, _cause(rung, layer, layer.first))
        return None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        divergence = self.first_divergence
        return {
            "ok": self.ok,
            "first_divergence": None
            if divergence is None
            else {
                "rung": divergence.rung.name,
                "population": divergence.layer.population,
                "what": divergence.layer.what,
                **_first_dict(divergence.first),
                "cause": divergence.cause,
            },
            "rungs": [
                {
                    "reference": rung.reference,
                    "candidate": rung.candidate,
                    "exact": rung.exact,
                    "ok": rung.ok,
                    "note": rung.note,
                    "layers": [
                        {
                            **vars(layer),
                            "agreement": layer.agreement,
                            "first": None if layer.first is None else _first_dict(layer.first),
                        }
                        for layer in rung.layers
                    ],
                }
                for rung in self.rungs
            ],
            "decisions": [vars(decision) for decision in self.decisions],
        }

    def __str__(self) -> str:
        """A line a rung and layer, then the decisions, then the first divergence."""
        lines = ["Parity holds" if self.ok else "Parity is BROKEN"]
        for rung in self.rungs:
            state = "exact" if rung.ok and rung.exact else "BROKEN" if rung.exact else "approximate"
            lines.append(f"  {rung.name} ({state}){': ' + rung.note if rung.note else ''}")
            for layer in rung.layers:
                differs = f"{layer.differing:,} of {layer.compared:,} differ" if layer.differing else "identical"
                lines.append(
                    f"    {layer.population} {layer.what}: {differs}; "
                    f"mean {layer.reference_mean:.4g} -> {layer.candidate_mean:.4g}"
                )
        lines += [f"  {decision}" for decision in self.decisions]
        if self.first_divergence is not None:
            lines.append(f"  {self.first_divergence}")
        return "\n".join(lines)


def compare(
    reference: Recording,
    candidate: Recording,
    *,
    exact: bool,
    shift: Mapping[str, int] | None = None,
    names: tuple[str, str] | None = None,
    note: str = "",
) -> Rung:
    """Compare all spikes and states that both runs recorded.

    exact: whether bit identity is expected. shift: name -> steps that the candidate's layer lags behind the
    reference's (`program.latency` when a Network is the reference); compared are the steps that both have then. names:
    of the two runs. States are left out when one run has floats and the other the chip's integers: their units differ.
    Raises InputError when batches or shapes differ, or nothing was recorded in both.
    """
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
            if what != "spikes" and not (both_integer or both_float):
                left_out = True
                continue
            compared = _layer(name, what, pair[0], pair[1], int(shift.get(name, 0)), candidate.batch is None)
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
    return Rung(*stages, exact, tuple(layers), note)


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


def _layer(
    name: str, what: str, reference: NDArray[Any], candidate: NDArray[Any], lag: int, unbatched: bool
) -> LayerParity | Fault:
    if unbatched:
        reference, candidate = reference[None], candidate[None]
    if reference.shape[0] != candidate.shape[0] or reference.shape[2:] != candidate.shape[2:]:
        return Fault(
            name,
            f"its {what} have shape {reference.shape} in one run and {candidate.shape} in the other",
            "samples and neurons must agree (steps may differ)",
            "Run both on the same inputs.",
        )
    steps = min(reference.shape[1], candidate.shape[1] - lag)
    if lag < 0 or steps < 1:
        return Fault(
            name,
            f"no steps are left of {reference.shape[1]} and {candidate.shape[1]}, with a lag of {lag}",
            "a layer that lags by n steps needs a run of more than n",
            f"Run the candidate for {reference.shape[1] + max(lag, 0)} steps.",
        )
    reference, candidate = reference[:, :steps], candidate[:, lag : lag + steps]
    differing, first = 0, None
    for sample in range(reference.shape[0]):
        number, found = _sample(sample, reference[sample], candidate[sample])
        differing += number
        if found is not None and (first is None or found.step < first.step):
            first = found
    means = float(np.mean(reference, dtype=np.float64)), float(np.mean(candidate, dtype=np.float64))
    return LayerParity(name, what, reference.size, differing, first, *means)


def _sample(sample: int, reference: NDArray[Any], candidate: NDArray[Any]) -> tuple[int, Difference | None]:
    """Differing elements of one sample, (steps, *shape) each, and the first; in chunks that bound the temporaries."""
    differing, first = 0, None
    rows = max(1, _CHUNK // max(1, reference[0].size))
    for start in range(0, len(reference), rows):
        a, b = reference[start : start + rows], candidate[start : start + rows]
        unequal = a != b
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


def _cause(rung: Rung, layer: LayerParity, first: Difference) -> str:
    """One sentence on what the first difference says."""
    where = (
        f"'{layer.population}' first differs in {layer.what}, at step {first.step}, sample {first.sample}, neuron "
        f"{first.neuron}: {first.reference:g} in {rung.reference}, {first.candidate:g} in {rung.candidate}"
    )
    earlier = [other for other in rung.layers if other.first is not None and _step(other) < first.step]
    if earlier:
        source = min(earlier, key=_step)
        return (
            f"{where}; but '{source.population}' differs before it, at step {_step(source)}: it feeds back, look there."
        )
    if not rung.exact:
        return (
            f"{where}; quantised weights, threshold and decay explain small differences, the compile report has them."
        )
    return f"{where}; {_suspect(rung, layer)}"


def _suspect(rung: Rung, layer: LayerParity) -> str:
    recorded = {other.what for other in rung.layers if other.population == layer.population}
    upstream = list(dict.fromkeys(other.population for other in rung.layers))
    before = upstream[: upstream.index(layer.population)]
    agree = (
        f"{_names(before)} {'agrees' if len(before) == 1 else 'agree'} before it"
        if before
        else "no layer before it was compared"
    )
    if layer.what == "u":
        return f"{agree}, so look at its synapses: weights, exponent, delay; and at its current decay."
    if layer.what == "v":
        known = "its u agrees" if "u" in recorded else "its u was not recorded"
        return (
            f"{agree} and {known}, so look at bias, voltage decay, reset{'' if 'u' in recorded else ', or synapses'}."
        )
    if layer.what != "spikes":
        return f"{agree}, so look at its synapses and at the parameters of its neurons."
    others = sorted(recorded - {"spikes", "u", "v"})
    if others:
        return f"{agree}, and so do its {', '.join(others)} until then: look at what it sends."
    if {"u", "v"} <= recorded:
        return f"{agree}, and so do its u and v until then: look at threshold, comparison and reset."
    return f"{agree}; record its u and v to tell synapses from neurons: record=(('{layer.population}', 'u'), ...)."


def _names(populations: Sequence[str]) -> str:
    shown = [f"'{name}'" for name in populations[-3:]]
    return ("all layers to " if len(populations) > len(shown) else "") + ", ".join(shown)


def _step(layer: LayerParity) -> int:
    return layer.first.step if layer.first is not None else -1


def _plain(value: Any) -> float:
    return int(value) if np.asarray(value).dtype.kind in "biu" else float(value)


def _first_dict(first: Difference) -> dict[str, Any]:
    return {**vars(first), "neuron": list(first.neuron)}
