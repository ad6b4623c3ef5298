"""A graph in words and rows, for `neurokit inspect` and for people at a prompt."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from neurokit.graph import lif_family as relatives
from neurokit.graph.graded_neurons import (
    Delta,
    FixedDelta,
    FixedRelay,
    FixedSigma,
    FixedSigmaDelta,
    Relay,
    Sigma,
    SigmaDelta,
)
from neurokit.graph.network import Network, Program, Projection
from neurokit.graph.neurons import FixedNeuron, LoihiLIF, Neuron
from neurokit.graph.resonators import FixedAdaptiveResonateAndFire, FixedResonateAndFire, ResonateAndFire
from neurokit.graph.synapses import (
    Conv2d,
    ConvTranspose2d,
    Dense,
    ResizeConv2d,
    Sparse,
    SumPool2d,
    Synapse,
    Upsample2d,
    Weighted,
)


def rows(graph: Network | Program) -> list[dict[str, Any]]:
    """One row a population: name, shape, neurons, model, conventions, incoming maps, synapses, delays, latency."""
    latency = graph.latency if isinstance(graph, Program) else {}
    result = []
    for name, population in graph.populations.items():
        incoming = graph.incoming(name)
        result.append(
            {
                "population": name,
                "shape": list(population.shape),
                "neurons": population.size,
                "model": type(population.neuron).__name__,
                "conventions": conventions(population.neuron),
                "incoming": [describe_projection(p, isinstance(graph, Program)) for p in incoming],
                "weights": sum(_weights(s) for p in incoming for s in p.synapses),
                "latency": latency.get(name),
            }
        )
    return result


def summary(graph: Network | Program) -> dict[str, Any]:
    """Headline facts of a graph, ready for JSON."""
    facts: dict[str, Any] = {
        "kind": type(graph).__name__,
        "source": graph.source,
        "dt": graph.dt,
        "inputs": {name: list(node.shape) for name, node in graph.inputs.items()},
        "outputs": {name: list(node.shape) for name, node in graph.outputs.items()},
        "neurons": sum(p.size for p in graph.populations.values()),
        "populations": rows(graph),
    }
    if graph.steps_per_sample:
        facts["steps_per_sample"] = graph.steps_per_sample
    if isinstance(graph, Program):
        facts["targets"] = list(graph.targets)
        facts["steps_per_frame"] = graph.steps_per_frame
    return facts


def report_text(program: Program) -> str:
    """What compilation did: a row a population, then what is to be said in words. Errors in percent, headroom in bits.

    Headroom is seen (on calibration samples) / in the worst case.
    """
    rows: list[tuple[str, ...]] = [REPORT_COLUMNS]
    for row in program.report:
        errors = (row.weight_error, row.decay_error, row.threshold_error, row.output_error)
        width = f"{row.weight_bits}" + (f" << {row.weight_exponent}" if row.weight_exponent else "")
        room = " / ".join("-" if bits is None else f"{bits:.1f}" for bits in (row.headroom, row.worst_headroom))
        payload = "-" if row.payload_scale == 1 else f"{row.payload_scale:.4g}"
        told = ("-" if error is None else f"{100 * error:.2g}" for error in errors)
        rows.append((row.population, width, f"{row.scale:.4g}", payload, *told, room))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  ".join(cell.rjust(n) for cell, n in zip(row, widths, strict=True)) for row in rows]
    scales = [
        f"input '{name}': give program.scaled(x), x times {scale:g}" for name, scale in program.input_scale.items()
    ]
    notes = [f"{row.population}: {note}" for row in program.report for note in row.notes]
    return "\n".join([repr(program), timing(program), *table, *scales, *notes])


def timing(program: Program) -> str:
    """When what comes in shows at the outputs, in words."""
    late = max((program.latency.get(name, 0) for name in program.outputs), default=0)
    if program.steps_per_frame > 1:
        return f"each frame is held for {program.steps_per_frame} steps, outputs show it {late} steps after its first"
    shown = f"a sample is shown for {program.steps_per_sample} steps, " if program.steps_per_sample else ""
    return f"{shown}what enters in a step shows at the outputs {late} step{'' if late == 1 else 's'} later"


REPORT_COLUMNS = (
    "population",
    "bits",
    "scale",
    "payload",
    "weights %",
    "decay %",
    "threshold %",
    "output %",
    "headroom",
)


def conventions(neuron: Neuron) -> str:
    """How the neuron fires and resets, in a few words."""
    if not neuron.spiking:
        return "readout, never fires"
    told = CONVENTIONS[type(neuron)](neuron) if type(neuron) in CONVENTIONS else _float_lif(neuron)
    return f"{told}{_schedule(neuron)}" if isinstance(neuron, FixedNeuron) else told


def describe_projection(projection: Projection, in_steps: bool) -> str:
    """`source: maps, delay`. in_steps: whether delays are steps, as in a Program, or seconds, as in a Network."""
    maps = " → ".join(_describe(s) for s in projection.synapses) or "one to one"
    delay = ""
    if projection.delay.any():
        delay = _span(projection.delay if in_steps else projection.delay * 1e3)
        delay = f", delay {delay} {'ms' if not in_steps else 'step' if delay == '1' else 'steps'}"
    port = f", to {projection.port}" if projection.port else ""
    return f"{projection.source}: {maps}{delay}{port}"


def _describe(synapse: Synapse) -> str:
    name = type(synapse).__name__
    if isinstance(synapse, Conv2d | ConvTranspose2d):
        return f"{name} {_times(synapse.weight.shape)}, stride {_times(synapse.stride)}"
    if isinstance(synapse, ResizeConv2d):
        return f"{name} to {_times(synapse.size)}, {_times(synapse.weight.shape)}, stride {_times(synapse.stride)}"
    if isinstance(synapse, SumPool2d):
        return f"{name} {_times(synapse.kernel)}, stride {_times(synapse.stride)}"
    if isinstance(synapse, Upsample2d):
        return f"{name} to {_times(synapse.size)}"
    if isinstance(synapse, Dense | Sparse):
        return f"{name} {_times(synapse.weight.shape)}"
    return name


def _times(sizes: tuple[int, ...]) -> str:
    return "×".join(map(str, sizes))


def _weights(synapse: Synapse) -> int:
    if isinstance(synapse, Sparse):
        return int(synapse.weight.nnz)
    return math.prod(synapse.weight.shape) if isinstance(synapse, Weighted) else 0


def _reset(reset: str, value: Any) -> str:
    return "resets by subtraction" if reset == "soft" else f"resets to {_span(value)}"


def _loihi_lif(neuron: LoihiLIF) -> str:
    return f"fires at v > {_span(neuron.threshold)}, {_reset(neuron.reset, neuron.reset_value)}"


def _refractory(neuron: relatives.LoihiRefractoryLIF) -> str:
    return f"{_loihi_lif(neuron)}{_waits(neuron.refractory, 'steps', neuron.while_refractory)}"


def _shifted(neuron: relatives.LoihiShiftedLIF) -> str:
    return f"{_loihi_lif(neuron)}, takes its current / 2^{_span(neuron.shift)}"


def _float_lif(neuron: Any) -> str:
    reset = _reset(neuron.reset, neuron.v_reset)
    if neuron.reset == "soft" and (neuron.subtracts != 1).any():
        reset = f"resets by {_span(neuron.subtracts)} thresholds" if neuron.subtracts.any() else "never resets"
    told = f"fires at v {neuron.fires} {_span(neuron.threshold)}, {reset}"
    return f"{told}{_waits(neuron.refractory * 1e3, 'ms', neuron.while_refractory)}"


def _ternary(neuron: relatives.TernaryLIF | relatives.LoihiTernaryLIF) -> str:
    upper, lower = _span(neuron.upper_threshold), _span(neuron.lower_threshold)
    return f"sends 1 at v > {upper}, -1 at v < {lower}, resets to 0"


def _adaptive(neuron: Any, value: Any, refractory: Any, unit: str) -> str:
    told = f"fires at v {getattr(neuron, 'fires', '>')} {_span(neuron.threshold)} plus adaptation"
    return f"{told}, then subtracts {_span(value)}{_waits(refractory, unit, 'silent')}"


def _moving(neuron: relatives.ATRLIF | relatives.LoihiATRLIF) -> str:
    step = _span(neuron.threshold_step)
    return f"fires at v - r >= theta, from {_span(neuron.threshold)} and {step} a spike, then adds 2 theta to r"


def _quadratic(neuron: relatives.QIF | relatives.LoihiQIF) -> str:
    reset = neuron.v_reset if isinstance(neuron, relatives.QIF) else neuron.reset_value
    return f"fires at v > {_span(neuron.threshold)}, {_reset('hard', reset)}"


def _waits(refractory: Any, unit: str, meanwhile: str) -> str:
    if not refractory.any():
        return ""
    return f", then {'holds' if meanwhile == 'holds' else 'is silent'} for {_span(refractory)} {unit}"


def _sigma(neuron: Sigma | FixedSigma) -> str:
    return "sends the sum of all input"


def _relay(neuron: Relay | FixedRelay) -> str:
    gain = neuron.gain if isinstance(neuron, Relay) else neuron.multiplier / 2.0**neuron.shift
    rectified = ", rectified" if neuron.activation == "relu" else ""
    return f"passes input on, times {_span(gain)}{rectified}" + (", until the next" if neuron.latched else "")


def _resonator(neuron: ResonateAndFire | FixedResonateAndFire) -> str:
    where = "where imag passes 0 at real" if neuron.fires_at == "phase" else "at imag"
    reset = "" if neuron.fires_at == "phase" else ", then real is 0 and imag below it"
    return f"oscillates, fires {where} >= {_span(neuron.threshold)}{reset}"


def _adaptive_resonator(neuron: FixedAdaptiveResonateAndFire) -> str:
    where = "where imag passes 0 at real" if neuron.fires_at == "phase" else "at imag"
    told = f"oscillates, fires {where} - r >= theta, from {_span(neuron.threshold)}"
    return f"{told} and {_span(neuron.threshold_step)} a spike, then adds 2 theta to r"


def _encoder(neuron: Delta | SigmaDelta | FixedDelta | FixedSigmaDelta) -> str:
    what = "accumulated changes" if neuron.cumulative else "changes"
    activation = getattr(neuron, "activation", "unit")
    return f"sends {what} of at least {_span(neuron.threshold)}" + (f" of {activation}" if activation != "unit" else "")


CONVENTIONS: Mapping[type[Neuron], Callable[[Any], str]] = {
    LoihiLIF: _loihi_lif,
    relatives.LoihiRefractoryLIF: _refractory,
    relatives.LoihiShiftedLIF: _shifted,
    relatives.LoihiTernaryLIF: _ternary,
    relatives.TernaryLIF: _ternary,
    relatives.LoihiALIF: lambda n: _adaptive(n, n.reset_value, n.refractory, "steps"),
    relatives.ALIF: lambda n: _adaptive(n, n.threshold, n.refractory * 1e3, "ms"),
    relatives.LoihiATRLIF: _moving,
    relatives.ATRLIF: _moving,
    relatives.LoihiQIF: _quadratic,
    relatives.QIF: _quadratic,
    relatives.Theta: lambda n: "fires where its phase passes pi",
    Sigma: _sigma,
    FixedSigma: _sigma,
    Delta: _encoder,
    FixedDelta: _encoder,
    SigmaDelta: _encoder,
    FixedSigmaDelta: _encoder,
    Relay: _relay,
    FixedRelay: _relay,
    ResonateAndFire: _resonator,
    FixedResonateAndFire: _resonator,
    FixedAdaptiveResonateAndFire: _adaptive_resonator,
}


def _schedule(neuron: FixedNeuron) -> str:
    if neuron.reset_interval:
        return f", cleared before steps {neuron.reset_offset}, +{neuron.reset_interval}, …"
    return f", cleared before step {neuron.reset_offset}" if neuron.reset_offset else ""


def _span(values: Any) -> str:
    values = np.asarray(values)
    form = "," if values.dtype.kind in "biu" else "g"
    low, high = values.min(), values.max()
    return f"{low:{form}}" if low == high else f"{low:{form}}…{high:{form}}"
