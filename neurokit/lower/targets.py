"""What can run a Program: everything on Lava's CPU models, and the stock parts alone on the chips.

`loihi2-stock` and `loihi1` mean: only what Lava's public processes have on the chip. Facts: lava-nc 0.10.0 (LIF,
LIFReset, Sigma, Delta, SigmaDelta, Dense, Sparse, Conv). Loihi 1 has no graded payloads. Learning with two factors:
LearningDense behind LearningLIF, which was made for Intel's Loihi extension (github.com/lava-nc/lava/pull/528); that
extension is not public, so this is what is said of it and nothing that was seen to run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError
from neurokit.graph.fixed_plasticity import FixedRule
from neurokit.graph.graded_neurons import FixedDelta, FixedRelay, FixedSigma, FixedSigmaDelta
from neurokit.graph.lif_family import (
    LoihiALIF,
    LoihiATRLIF,
    LoihiQIF,
    LoihiRefractoryLIF,
    LoihiShiftedLIF,
    LoihiTernaryLIF,
)
from neurokit.graph.network import Population, Program, Projection
from neurokit.graph.neurons import FixedNeuron, LoihiLIF
from neurokit.graph.resonators import FixedAdaptiveResonateAndFire, FixedResonateAndFire
from neurokit.graph.synapses import Convolving, ConvTranspose2d, Injection, ResizeConv2d, Shape
from neurokit.lower import stock
from neurokit.lower.images import lavas_convolution
from neurokit.lower.stock import Approximation

TARGETS = ("lava-cpu", "loihi2-stock", "loihi1")
LOIHI1_SENDS = "Loihi 1 sends 0 or 1"


class Gap(NamedTuple):
    """Something that a target does not have. stock: by which of its parts it can be approximated; None: by none."""

    fault: Fault
    stock: Approximation | None = None


def target_faults(program: Program, target: str) -> list[Fault]:
    """Everything in `program` that `target` does not have; InputError for an unknown target."""
    return [gap.fault for gap in target_gaps(program, target)]


def target_gaps(program: Program, target: str) -> list[Gap]:
    """The same, each with its approximation by parts that the target has."""
    if target not in TARGETS:
        raise InputError(Fault("target", f"'{target}' is unknown", f"known: {', '.join(TARGETS)}", "Name one of them."))
    if target == "lava-cpu":
        return [Gap(f) for p in program.projections for f in _no_learning(p)]
    gaps = [gap for p in program.populations.values() for gap in _population(p)]
    if target == "loihi1":
        gaps += [Gap(_payload(p)) for p in program.populations.values() if p.neuron.graded]
    gaps += [gap for p in program.projections for gap in _projection(p, program.shape_of(p.source))]
    return gaps + [Gap(f) for p in program.projections for f in (*learning_faults(p), *_heard(program, p))]


def targets_of(program: Program) -> tuple[str, ...]:
    """Names of the targets that take the program as it is; of "loihi1", where inputs are 0 or 1, see `input_faults`."""
    return tuple(target for target in TARGETS if not target_faults(program, target))


def input_faults(program: Program, inputs: Mapping[str, NDArray[Any]], target: str) -> list[Fault]:
    """What enters in a run and `target` does not take. A Program says where data enter, not whether they are 0 or 1.

    inputs: whole numbers by name, of any shape.
    """
    if target != "loihi1":
        return []
    faults = []
    for name in dict.fromkeys(p.source for p in program.projections if not isinstance(p.synapse, Injection)):
        if name not in program.inputs:
            continue
        values = np.asarray(inputs[name])
        numbers = values[(values != 0) & (values != 1)]
        if numbers.size:
            fact = f"sends numbers, such as {int(numbers.flat[0])}"
            faults.append(Fault(name, fact, LOIHI1_SENDS, "Use Loihi 2, or binary spikes."))
    return faults


def _population(population: Population) -> Iterator[Gap]:
    neuron, name = population.neuron, population.name
    assert isinstance(neuron, FixedNeuron), "check_program refuses others"
    parts = STOCK.get(type(neuron))
    if parts is None:
        limit, mend, approximation = MICROCODE[type(neuron)]
        yield Gap(Fault(name, f"is {type(neuron).__name__}", limit, mend), approximation(neuron))
        return
    if neuron.held:
        fault = Fault(
            name,
            f"is held until step {neuron.reset_offset}, since its bias must not act before",
            "the chip's stock neurons start at once",
            "Leave out the bias, or the delays of the source behind it.",
        )
        yield Gap(fault, stock.AT_ONCE)
    yield from parts(name, neuron)


def _lif(name: str, neuron: LoihiLIF) -> Iterator[Gap]:
    if neuron.emits and (neuron.threshold % 64).any():
        fault = Fault(
            name,
            f"threshold {int(neuron.threshold[neuron.threshold % 64 > 0].flat[0])} is no multiple of 64",
            "the chip's LIF takes a 17-bit mantissa << 6",
            'Convert a .net with fires=">", or run on the CPU.',
        )
        yield Gap(fault, stock.ROUND_THRESHOLD)
    to_zero = "the chip's stock LIF resets to zero"
    if neuron.emits and neuron.reset == "soft":
        yield Gap(Fault(name, "resets by subtraction", to_zero, "Retrain with reset to zero."), stock.RESET_TO_ZERO)
    elif neuron.emits and neuron.reset_value.any():
        fault = Fault(name, "resets to a value other than rest", to_zero, "Retrain with v_reset = v_leak.")
        yield Gap(fault, stock.RESET_TO_ZERO)
    if 0 < neuron.reset_interval < neuron.reset_offset:
        fault = Fault(
            name,
            f"first resets before step {neuron.reset_offset}, then every {neuron.reset_interval}",
            "Lava's LIFReset starts within its first interval",
            "Use a window at least as long as the network is deep.",
        )
        yield Gap(fault, stock.FIRST_INTERVAL)
    if (neuron.bias_exponent < 0).any():
        mend = "Use the mantissa shifted right."
        yield Gap(Fault(name, "has a negative bias exponent", "the chip holds 0 to 7", mend), stock.SHIFTED_BIAS)
    for field in ("current_decay", "voltage_decay", "threshold"):
        if getattr(neuron, field).size > 1:
            limit = "the chip's stock LIF shares one a population"
            yield Gap(Fault(name, f"{field} differs between neurons", limit, "Split it."), stock.shared(field))


def _sigma_delta(name: str, neuron: FixedSigma | FixedDelta | FixedSigmaDelta) -> Iterator[Gap]:
    if neuron.reset_interval or neuron.reset_offset:
        limit = "Lava's sigma-delta neurons are never reset"
        yield Gap(Fault(name, "is reset by schedule", limit, "Leave window= out."), stock.NEVER_RESET)
    if not isinstance(neuron, FixedSigma) and neuron.threshold.size > 1:
        limit = "Lava's sigma-delta neurons share one a population"
        fault = Fault(name, "threshold differs between neurons", limit, "Split it.")
        yield Gap(fault, stock.shared("threshold"))


def _payload(population: Population) -> Fault:
    what = f"sends numbers ({type(population.neuron).__name__})"
    return Fault(population.name, what, LOIHI1_SENDS, "Use Loihi 2, or binary spikes.")


# Neurons of Lava's public processes on the chip, and what each cannot be there.
STOCK: Mapping[type[FixedNeuron], Callable[[str, Any], Iterator[Gap]]] = {
    LoihiLIF: _lif,
    FixedSigma: _sigma_delta,
    FixedDelta: _sigma_delta,
    FixedSigmaDelta: _sigma_delta,
}

# All others: what Loihi 2 would have to have, what a user can do instead, and what stock parts come near it.
MICROCODE: Mapping[type[FixedNeuron], tuple[str, str, Callable[[Any], Approximation | None]]] = {
    FixedResonateAndFire: (
        "no public release says which resonate-and-fire neurons the chip's microcode has",
        "Run on the CPU, or train LIF neurons.",
        stock.no_part,
    ),
    FixedAdaptiveResonateAndFire: (
        "Loihi 2 needs microcode with four states, a turn and a moving threshold; none is published",
        "Run on the CPU, or train LIF neurons.",
        stock.no_part,
    ),
    FixedRelay: (
        "Loihi 2 needs microcode that multiplies a sum by 16 bits, shifts it and sends it; none is published",
        "Join the two maps around it into one, give it to SigmaDelta neurons, or run on the CPU.",
        stock.no_part,
    ),
    LoihiRefractoryLIF: (
        "Loihi 2 needs microcode with a third state, the steps left, and a branch on it; none is published",
        "Train without a refractory period, or run on the CPU.",
        stock.without_refractory,
    ),
    LoihiShiftedLIF: (
        "Loihi 2 needs microcode that shifts the current before it adds it to the potential; none is published",
        "Train with a norm that has no weight exponent, or run on the CPU.",
        stock.in_other_units,
    ),
    LoihiTernaryLIF: (
        "Loihi 2 needs microcode that compares twice and sends a signed payload; none is published",
        "Use two populations of LIF neurons, one with its weights negated, or run on the CPU.",
        stock.no_part,
    ),
    LoihiALIF: (
        "Loihi 2 needs microcode with five states, 24 by 13 bit products and a reset that subtracts; none is published",
        "Train LIF neurons with reset to zero, or run on the CPU.",
        stock.without_adaptation,
    ),
    LoihiATRLIF: (
        "Loihi 2 needs microcode with four states and a moving threshold; none is published (lava#846)",
        "Train LIF neurons, or run on the CPU.",
        stock.without_adaptation,
    ),
    LoihiQIF: (
        "Loihi 2 needs microcode with a product of 24 by 24 bits for the square; none is published",
        "Train LIF neurons, or run on the CPU.",
        stock.no_part,
    ),
}


def projection_faults(projection: Projection, source: Shape) -> Iterator[Fault]:
    """What no stock part does of a projection whose source has shape `source`."""
    yield from (gap.fault for gap in _projection(projection, source))


def _projection(projection: Projection, source: Shape) -> Iterator[Gap]:
    synapse = projection.synapse
    if isinstance(synapse, Convolving) and lavas_convolution(synapse, source) is None:
        kinds = {ResizeConv2d: "a resized convolution", ConvTranspose2d: "a transposed convolution"}
        fault = Fault(
            projection.name,
            f"is {kinds.get(type(synapse), 'a convolution with an exponent or sizes that Conv does not hold')}",
            "the chip's public synapses are Dense, Sparse and Conv",
            "Write it out as a Sparse synapse: nk.expand(program).",
        )
        yield Gap(fault, stock.WRITTEN_OUT)
    if isinstance(synapse, Convolving) and projection.delay.max() > 1:
        fault = Fault(
            projection.name,
            f"is a convolution with a delay of {int(projection.delay.max())} steps",
            "Lava has no delayed convolution",
            "Make the branches equally deep, or write it out as a Sparse synapse: nk.expand(program).",
        )
        yield Gap(fault, stock.WRITTEN_OUT)
    if isinstance(synapse, Injection):
        fault = Fault(
            projection.name,
            "injects a current from outside",
            "the chip takes spikes; currents enter as biases set by the host",
            'Convert with inputs="spikes", or set the bias for a constant input.',
        )
        yield Gap(fault)


def _no_learning(projection: Projection) -> Iterator[Fault]:
    """What no process on Lava learns, on the CPU neither."""
    rule = projection.plasticity
    if not isinstance(rule, FixedRule):
        return
    if rule.arithmetic != "lava":
        limit = "Lava's learning connections have Lava's arithmetic, and it is what is known of the chip's"
        mend = "Compile with arithmetic='lava', or run it in neurokit's simulator."
        yield Fault(projection.name, f"rule '{rule.name}' has the arithmetic '{rule.arithmetic}'", limit, mend)
    if isinstance(projection.synapse, Convolving):
        limit = "Lava's processes that learn are LearningDense and LearningSparse"
        mend = "Run it in neurokit's simulator, or take the rule off and write it out: nk.expand(program)."
        yield Fault(projection.name, "is a convolution that learns", limit, mend)


def learning_faults(projection: Projection) -> Iterator[Fault]:
    """What stock parts on a chip do not do of a projection that learns."""
    rule = projection.plasticity
    if not isinstance(rule, FixedRule):
        return
    yield from _no_learning(projection)
    for fact, limit, mend in rule_limits(rule):
        yield Fault(projection.name, f"rule '{rule.name}' {fact}", limit, mend)


def _heard(program: Program, projection: Projection) -> Iterator[Fault]:
    """Rules of two factors hear the target's spikes, which on the chip LearningLIF sends back (lava-nc PR 528)."""
    rule, target = projection.plasticity, program.populations[projection.target]
    neuron = target.neuron
    if not isinstance(rule, FixedRule) or rule.three_factor or not isinstance(neuron, LoihiLIF):
        return  # other neurons are faults of their own
    if neuron.reset_interval:
        fact = f"rule '{rule.name}' hears the spikes of '{target.name}', which is reset by schedule"
        limit = "the chip's neuron that sends its spikes back, LearningLIF, has no reset by schedule"
        yield Fault(projection.name, fact, limit, "Leave window= out, or run it on the CPU.")


def rule_limits(rule: FixedRule) -> Iterator[tuple[str, str, str]]:
    """(fact, limit, mend) of what a rule needs and no stock part on a chip has."""
    if rule.three_factor:
        functions = ", ".join(sorted({signal.function for signal in rule.signals.values()}))
        yield (
            f"needs neurons that send it {functions}",
            "no neuron with a third factor is published for the chip",
            "Run it on the CPU, or use a rule of two factors.",
        )
    second = any(factor.variable == "d" for p in (*rule.dw, *rule.dt, *rule.dd) for factor in p.factors)
    if rule.dd or second:
        yield (
            "keeps a second tag in d",
            "on the chip d is the synaptic delay, and the rule would move spikes",
            "Use a form with one tag (nk.rules.eprop_alif_one_tag, eprop_lif), or run it on the CPU.",
        )
