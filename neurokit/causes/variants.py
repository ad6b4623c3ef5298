"""A Network and its Program in one: a network between the two, in which any set of causes is switched on.

All runs in the chip's units (a weight of 1 moves v by 64), counted from rest, in float64: with no cause the float
Network in other units, with all causes the Program, bit for bit as long as no sum of synapses wraps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.causes import relatives
from neurokit.causes.relatives import RELATIVES
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
from neurokit.graph.lif_family import LoihiRefractoryLIF
from neurokit.graph.network import Network, Population, Program, Projection
from neurokit.graph.neurons import (
    IF,
    LIF,
    CubaLeakyIntegrator,
    CubaLIF,
    FloatArray,
    Integrator,
    LeakyIntegrator,
    LoihiLIF,
)
from neurokit.graph.resonators import FixedAdaptiveResonateAndFire
from neurokit.graph.synapses import Dense, Shape, Sparse, Weighted
from neurokit.hardware.simulator.switched import SwitchedLIF
from neurokit.lower.align import steps_of
from neurokit.lower.discretise import Recurrence, recurrence
from neurokit.lower.fold import fold, to_matrix
from neurokit.lower.scale import UNIT

WEIGHTS, DECAYS, THRESHOLDS, RESET, COMPARISON, TIMING, STATES, OVERFLOW = CAUSES = (
    *("weights", "decays", "thresholds", "reset"),
    *("comparison", "timing", "states", "overflow"),
)
Switches: TypeAlias = Callable[[str, str], bool]  # (cause, population) -> whether it is on there

_FLOATS = (IF, LIF, CubaLIF, Integrator, LeakyIntegrator, CubaLeakyIntegrator)
_INTEGERS = (LoihiLIF, LoihiRefractoryLIF)
_GRADED = (Sigma, Delta, SigmaDelta, Relay)
_GRADED_INTEGERS = {Sigma: FixedSigma, Delta: FixedDelta, SigmaDelta: FixedSigmaDelta, Relay: FixedRelay}
TINY = 1e-12  # what float arithmetic may add or take


@dataclass(frozen=True, eq=False)
class Cell:
    """The neurons of one population in one of the two forms: see `SwitchedLIF` for the fields."""

    keep_u: FloatArray
    keep_v: FloatArray
    current: FloatArray
    bias: FloatArray
    threshold: FloatArray
    reset_value: FloatArray
    soft: bool
    inclusive: bool


@dataclass(frozen=True, eq=False)
class Wire:
    """One projection in both forms: maps with float weights in units of v, and delays in steps."""

    exact: Projection
    chip: Projection

    @property
    def rounded(self) -> bool:
        """Whether the two maps differ; maps of different kinds are taken to."""
        exact: Any = self.exact.synapse
        chip: Any = self.chip.synapse
        if type(exact) is not type(chip) or exact.weight.shape != chip.weight.shape:
            return True
        unequal, most = abs(exact.weight - chip.weight), abs(exact.weight).max()
        return bool(unequal.max() > TINY * most)


@dataclass(frozen=True, eq=False)
class Pair:
    """A Network and its Program, made comparable.

    cells: population -> (exact, chip), of the LIF family. relatives: the same of its relatives. graded: population ->
    (exact, what its integers say in the Network's units), of those that send payloads. wires: the projections.
    payloads: population or input -> units of payload per unit of value.
    """

    program: Program
    network: Network
    cells: Mapping[str, tuple[Cell, Cell]]
    relatives: Mapping[str, tuple[Any, Any]]
    graded: Mapping[str, tuple[Any, Any]]
    wires: tuple[Wire, ...]
    payloads: Mapping[str, float]

    @property
    def cut(self) -> bool:
        """Whether payloads, or sums of them, are cut to whole units somewhere."""
        exponents = [getattr(p.synapse, "exponent", 0) for p in self.program.projections]
        return bool(self.graded) or bool(self.program.input_scale) or min(exponents, default=0) < 0


def pair(network: Network, program: Program) -> Pair | str:
    """Both in common units, or the reason why that cannot be."""
    if reason := _unlike(network, program):
        return reason
    scales = scales_of(program)
    payloads = {**{row.population: row.payload_scale for row in program.report}, **program.input_scale}
    folded, biases = fold(network)
    family = {name: p for name, p in folded.populations.items() if isinstance(p.neuron, _FLOATS)}
    others = {name: p for name, p in folded.populations.items() if type(p.neuron) in RELATIVES}
    cells = {
        name: _cells(
            recurrence(p.neuron, network.dt), program.populations[name], scales[name] * UNIT, _bias(biases, name)
        )
        for name, p in family.items()
    }
    related = {
        name: relatives.forms(p.neuron, program.populations[name].neuron, network.dt, scales[name], _bias(biases, name))
        for name, p in others.items()
    }
    graded = {
        name: (p.neuron, _in_floats(p.neuron, program.populations[name].neuron, scales[name], payloads[name]))
        for name, p in folded.populations.items()
        if name not in family and name not in others
    }
    wires = tuple(_wire(p, folded, program, scales, payloads) for p in folded.projections)
    return Pair(program, folded, cells, related, graded, wires, payloads)


def scales_of(program: Program) -> dict[str, float]:
    """population -> units of weight per unit of the source's potential, where the Program says it."""
    own = {name: relatives.own_scale(p.neuron) for name, p in program.populations.items()}
    stated = {name: scale for name, scale in own.items() if scale is not None}
    return {**stated, **{row.population: row.scale for row in program.report if row.scale > 0}}


def _bias(biases: Mapping[str, NDArray[np.float64]], name: str) -> NDArray[np.float64]:
    return biases.get(name, np.zeros(()))


def _wire(
    p: Projection, folded: Network, program: Program, scales: Mapping[str, float], payloads: Mapping[str, float]
) -> Wire:
    """One projection in both forms."""
    chip = next(other for other in program.projections if other.name == p.name)
    target, whole = folded.populations[p.target], program.populations[p.target].neuron
    gain, unit = np.ones(()), 1 / scales[p.target]
    if not isinstance(target.neuron, _GRADED):
        unit = relatives.state_unit(whole)
        gain = relatives.gain_of(target.neuron, folded.dt) * scales[p.target] * unit
    exact = _scaled(p.synapse, folded.shape_of(p.source), gain, target.shape)
    synapse: Any = chip.synapse
    unit *= 2.0**synapse.exponent * payloads.get(p.source, 1.0)
    rounded = replace(synapse, weight=synapse.weight.astype(np.float64) * unit, exponent=0)
    delay = steps_of(p, folded.dt)
    return Wire(replace(p, synapses=(exact,), delay=delay), replace(chip, synapses=(rounded,)))


def variant(both: Pair, on: Switches) -> Network:
    """The network in which `on` says which causes act in which population (on its neurons, and on what feeds it)."""
    populations = {name: replace(p, neuron=_neuron(both, name, on)) for name, p in both.network.populations.items()}
    projections = []
    for wire in both.wires:
        weights = wire.chip if on(WEIGHTS, wire.exact.target) else wire.exact
        delay = wire.chip.delay if on(TIMING, wire.exact.target) else wire.exact.delay
        projections.append(replace(weights, delay=np.asarray(delay, np.float64)))
    outputs = {name: populations[name] for name in both.network.outputs}
    return Network(both.network.inputs, populations, tuple(projections), outputs, dt=1.0)  # a second a step


def idle(both: Pair) -> dict[str, str]:
    """Causes that the two forms do not differ in, and why."""
    found = {}
    cells, others = list(both.cells.values()), list(both.relatives.values())
    if not cells and not others:
        nothing = "no neuron has any"
        found = {DECAYS: nothing, RESET: nothing, COMPARISON: nothing, STATES: nothing, OVERFLOW: "none is counted"}
    if not any(wire.rounded for wire in both.wires):
        found[WEIGHTS] = "all are whole already"
    alike = {cause: all(relatives.same(pair, cause) for pair in others) for cause in relatives.FIELDS}
    some = bool(cells or others)
    if some and alike[DECAYS] and all(_same(a.keep_u, b.keep_u) and _same(a.keep_v, b.keep_v) for a, b in cells):
        found[DECAYS] = "12 bits hold all"
    graded = alike[THRESHOLDS] and all(_same_graded(a, b) for a, b in both.graded.values())
    if graded and all(_same(a.threshold, b.threshold) and _same_bias(a, b) and _same_reset(a, b) for a, b in cells):
        found[THRESHOLDS] = "all are whole already"
    if cells and all(a.soft == b.soft for a, b in cells):
        found[RESET] = f"both reset {_all_alike(['soft' if a.soft else 'hard' for a, _ in cells])}"
    elif others and not cells:
        found[RESET] = "both reset as the model does"
    if others and not cells and alike[COMPARISON]:
        found[COMPARISON] = "both fire as the model does"
    if cells and alike[COMPARISON] and all(a.inclusive == b.inclusive for a, b in cells):
        found[COMPARISON] = f"both fire at {_all_alike(['>=' if a.inclusive else '>' for a, _ in cells])}"
    if cells and not others and all(((x == 0) | (x == 1)).all() for _, b in cells for x in (b.keep_u, b.keep_v)):
        found[STATES] = "nothing decays"
    return found


def _unlike(network: Network, program: Program) -> str:
    """Why the two cannot be brought together; "" where they can."""
    others = [
        p
        for p in network.populations.values()
        if not isinstance(p.neuron, _FLOATS + _GRADED) and type(p.neuron) not in RELATIVES
    ]
    if others:
        kinds = ", ".join(f"'{p.name}' is {type(p.neuron).__name__}" for p in others[:3])
        return f"no integer neuron does the same in steps that could be switched one by one: {kinds}"
    if network.populations.keys() != program.populations.keys():
        return "the Program has other populations than the Network"
    if {p.name for p in network.projections} != {p.name for p in program.projections}:
        return "the Program has other projections than the Network"
    wholes: dict[type[Any], Any] = {**dict.fromkeys(_FLOATS, _INTEGERS), **_GRADED_INTEGERS, **RELATIVES}
    if any(
        not isinstance(program.populations[n].neuron, wholes[type(p.neuron)]) for n, p in network.populations.items()
    ):
        return "the Program has neurons of other kinds than the Network"
    if any(type(p.neuron) is FixedAdaptiveResonateAndFire for p in program.populations.values()):
        return "the Program has neurons of other kinds than the Network"
    if scales_of(program).keys() != program.populations.keys():
        return "the Program's report does not state its scales"
    return ""


def _cells(model: Recurrence, chip: Population, unit: float, bias: NDArray[np.float64]) -> tuple[Cell, Cell]:
    neuron = chip.neuron
    assert isinstance(neuron, LoihiLIF | LoihiRefractoryLIF), "see `_unlike`"
    zero = np.zeros(())
    threshold = (model.threshold - model.initial) * unit
    after = (model.reset_value if model.soft else model.reset_value - model.initial) * unit
    current = model.gain_u * model.gain_v * bias * unit
    exact = Cell(model.keep_u, model.keep_v, current, zero, threshold, after, model.soft, model.inclusive)
    if not neuron.emits:
        whole, inclusive = np.asarray(np.inf), model.inclusive
    else:  # SLAYER's and ours: ">=" at a whole mantissa is ">" one unit below it
        inclusive = bool(((neuron.threshold + 1) % UNIT == 0).all())
        whole = np.asarray(neuron.threshold + inclusive, np.float64)
    integers = Cell(
        1 - neuron.current_decay / 4096,
        1 - neuron.voltage_decay / 4096,
        zero,
        neuron.bias.astype(np.float64),
        whole,
        neuron.reset_value.astype(np.float64),
        neuron.reset == "soft" if neuron.emits else model.soft,
        inclusive,
    )
    return exact, integers


def _in_floats(neuron: Any, whole: Any, state: float, payload: float) -> Any:
    """The graded neuron that the integers describe, in the Network's units. state, payload: units of each."""
    if isinstance(neuron, Relay):
        return replace(neuron, gain=whole.multiplier / 2.0**whole.shift * (state / payload))
    if isinstance(neuron, Sigma):
        return neuron
    fields: dict[str, Any] = {"threshold": whole.threshold / state}
    if isinstance(neuron, SigmaDelta):  # half a payload is added where values begin, against what is cut
        fields["bias"] = (whole.activation_bias - (1 << int(whole.state_exponent)) // 2) / state
    return replace(neuron, **fields)


def _neuron(both: Pair, name: str, on: Switches) -> Any:
    if name in both.graded:
        return both.graded[name][on(THRESHOLDS, name)]
    if name in both.relatives:
        acting = {cause for cause in CAUSES if on(cause, name)}
        return relatives.mixed(both.relatives[name], acting.__contains__, both.program.populations[name].neuron)
    exact, chip = both.cells[name]
    decays, rounded = (chip if on(cause, name) else exact for cause in (DECAYS, THRESHOLDS))
    whole: Any = both.program.populations[name].neuron
    model = recurrence(both.network.populations[name].neuron, both.network.dt)
    timed = on(TIMING, name)
    return SwitchedLIF(
        keep_u=decays.keep_u,
        keep_v=decays.keep_v,
        current=rounded.current,
        bias=rounded.bias,
        threshold=rounded.threshold,
        reset_value=_reset_value(exact, chip, on(RESET, name), on(THRESHOLDS, name)),
        soft=(chip if on(RESET, name) else exact).soft,
        inclusive=(chip if on(COMPARISON, name) else exact).inclusive,
        truncates=on(STATES, name),
        limited=on(OVERFLOW, name),
        emits=both.network.populations[name].neuron.spiking,
        refractory=model.refractory,
        holds=model.holds,
        reset_interval=whole.reset_interval if timed else 0,
        reset_offset=whole.reset_offset if timed else 0,
        held=whole.held and timed,
    )


def _reset_value(exact: Cell, chip: Cell, chips_mode: bool, rounded: bool) -> FloatArray:
    """Of the mode that is on; a mode that only one form has is rounded, or made exact, as far as can be."""
    soft = (chip if chips_mode else exact).soft
    first, second = (chip, exact) if rounded else (exact, chip)
    if first.soft == soft:
        return first.reset_value
    if soft:
        return first.threshold
    return np.asarray(np.rint(second.reset_value)) if rounded else second.reset_value


def _scaled(synapse: Any, source: Shape, gain: NDArray[np.float64], shape: Shape) -> Any:
    """The map with its weights in units of v; gain: one, or one a target."""
    assert isinstance(synapse, Weighted), "folded"
    if (gain == gain.flat[0]).all():
        return replace(synapse, weight=synapse.weight * float(gain.flat[0]))
    rows = np.broadcast_to(gain, shape).reshape(-1, 1)
    if isinstance(synapse, Dense):
        return replace(synapse, weight=synapse.weight * rows)
    return Sparse(to_matrix(synapse, source).multiply(rows))


def _same_graded(exact: Any, chip: Any) -> bool:
    """Whether a graded neuron's threshold, bias and gain are those of its integers."""
    pairs = [(getattr(exact, n), getattr(chip, n)) for n in ("threshold", "bias", "gain") if hasattr(exact, n)]
    return all(np.allclose(a, b, rtol=TINY, atol=TINY) for a, b in pairs)


def _same(first: NDArray[Any], second: NDArray[Any]) -> bool:
    return bool((np.asarray(first) == np.asarray(second)).all())


def _same_bias(exact: Cell, chip: Cell) -> bool:
    """A bias through a current that decays is none on the potential, however round it is."""
    return _same(exact.current, chip.bias) and (_same(exact.keep_u, np.zeros(())) or not exact.current.any())


def _same_reset(exact: Cell, chip: Cell) -> bool:
    return exact.soft != chip.soft or _same(exact.reset_value, chip.reset_value)


def _all_alike(values: list[str]) -> str:
    return " and ".join(dict.fromkeys(values))
