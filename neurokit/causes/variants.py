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

from neurokit.graph.lif_family import LoihiRefractoryLIF
from neurokit.graph.network import Network, Population, Program, Projection
from neurokit.graph.neurons import IF, LIF, CubaLIF, FloatArray, Integrator, LeakyIntegrator, LoihiLIF
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

_FLOATS = (IF, LIF, CubaLIF, Integrator, LeakyIntegrator)
_INTEGERS = (LoihiLIF, LoihiRefractoryLIF)


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
        unequal = exact.weight != chip.weight
        return bool(unequal.nnz if isinstance(exact, Sparse) else unequal.any())


@dataclass(frozen=True, eq=False)
class Pair:
    """A Network and its Program, made comparable. `cells`: population -> (exact, chip)."""

    program: Program
    network: Network
    cells: Mapping[str, tuple[Cell, Cell]]
    wires: tuple[Wire, ...]


def pair(network: Network, program: Program) -> Pair | str:
    """Both in common units, or the reason why that cannot be."""
    if reason := _unlike(network, program):
        return reason
    scales = {row.population: row.scale for row in program.report}
    folded, biases = fold(network)
    models = {name: recurrence(p.neuron, network.dt) for name, p in folded.populations.items()}
    cells = {
        name: _cells(model, program.populations[name], scales[name] * UNIT, biases.get(name, np.zeros(())))
        for name, model in models.items()
    }
    integers = {p.name: p for p in program.projections}
    wires = []
    for p in folded.projections:
        model, chip = models[p.target], integers[p.name]
        gain = np.asarray(model.gain_u * model.gain_v) * scales[p.target] * UNIT
        exact = _scaled(p.synapse, folded.shape_of(p.source), gain, folded.populations[p.target].shape)
        whole: Any = chip.synapse
        rounded = replace(whole, weight=whole.weight.astype(np.float64) * (UNIT * 2.0**whole.exponent), exponent=0)
        delay = steps_of(p, network.dt)
        wires.append(Wire(replace(p, synapses=(exact,), delay=delay), replace(chip, synapses=(rounded,))))
    return Pair(program, folded, cells, tuple(wires))


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
    cells = list(both.cells.values())
    if not any(wire.rounded for wire in both.wires):
        found[WEIGHTS] = "all are whole already"
    if all(_same(a.keep_u, b.keep_u) and _same(a.keep_v, b.keep_v) for a, b in cells):
        found[DECAYS] = "12 bits hold all"
    if all(_same(a.threshold, b.threshold) and _same_bias(a, b) and _same_reset(a, b) for a, b in cells):
        found[THRESHOLDS] = "all are whole already"
    if all(a.soft == b.soft for a, b in cells):
        found[RESET] = f"both reset {_all_alike(['soft' if a.soft else 'hard' for a, _ in cells])}"
    if all(a.inclusive == b.inclusive for a, b in cells):
        found[COMPARISON] = f"both fire at {_all_alike(['>=' if a.inclusive else '>' for a, _ in cells])}"
    if all(((x == 0) | (x == 1)).all() for _, b in cells for x in (b.keep_u, b.keep_v)):
        found[STATES] = "nothing decays"
    return found


def _unlike(network: Network, program: Program) -> str:
    """Why the two cannot be brought together; "" where they can."""
    others = [p for p in network.populations.values() if not isinstance(p.neuron, _FLOATS)]
    if others:
        kinds = ", ".join(f"'{p.name}' is {type(p.neuron).__name__}" for p in others[:3])
        return f"only IF, LIF, CubaLIF and integrators are taken apart, and {kinds}"
    if network.populations.keys() != program.populations.keys():
        return "the Program has other populations than the Network"
    if {p.name for p in network.projections} != {p.name for p in program.projections}:
        return "the Program has other projections than the Network"
    if any(not isinstance(p.neuron, _INTEGERS) for p in program.populations.values()):
        return "the Program has neurons of other kinds than the Network"
    cut = [p.name for p in program.projections if getattr(p.synapse, "exponent", 0) < 0]
    if cut:
        return f"{cut[0]} has a negative exponent, which cuts its sums"
    if {row.population for row in program.report if row.scale > 0} != program.populations.keys():
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


def _neuron(both: Pair, name: str, on: Switches) -> SwitchedLIF:
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


def _same(first: NDArray[Any], second: NDArray[Any]) -> bool:
    return bool((np.asarray(first) == np.asarray(second)).all())


def _same_bias(exact: Cell, chip: Cell) -> bool:
    """A bias through a current that decays is none on the potential, however round it is."""
    return _same(exact.current, chip.bias) and (_same(exact.keep_u, np.zeros(())) or not exact.current.any())


def _same_reset(exact: Cell, chip: Cell) -> bool:
    return exact.soft != chip.soft or _same(exact.reset_value, chip.reset_value)


def _all_alike(values: list[str]) -> str:
    return " and ".join(dict.fromkeys(values))
