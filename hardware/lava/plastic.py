"""What learning asks of a Program's Lava processes: third factors, and what Lava cannot hold. Does not import Lava."""

from __future__ import annotations

from collections.abc import Mapping

from neurokit.errors import Fault
from neurokit.graph.fixed_plasticity import MANTISSA_RANGE, FixedRule, FixedSignal
from neurokit.graph.network import Program, Projection
from neurokit.graph.signals import THIRD_FACTORS
from neurokit.graph.synapses import Dense, Sparse
from neurokit.lower.fixedpoint.signals import signal_faults

MAX_SIGNALS = 9  # ports of our third-factor neurons
THIRD_FACTOR_STATES = ("u", "v"), ("u", "v", "refractory"), ("u", "adaptation", "v", "refractory", "spike")
SYNAPTIC = {"weight": "weights", "tag": "tag_1", "tag2": "tag_2"}  # in a record key, in Lava's models
SIGN_BOUNDS = (-256, 255), (0, 255), (-255, 0)


def rule_of(projection: Projection) -> FixedRule | None:
    """The rule of a plastic projection of a Program."""
    assert projection.plasticity is None or isinstance(projection.plasticity, FixedRule), "check_program refuses others"
    return projection.plasticity


def plastic(program: Program) -> dict[str, FixedRule]:
    """Rules by name of projection."""
    rules = {projection.name: rule_of(projection) for projection in program.projections}
    return {name: rule for name, rule in rules.items() if rule is not None}


def third_factors(program: Program) -> dict[str, tuple[FixedSignal, ...]]:
    """Populations that need a process of our own, and the signals that they send, each once."""
    found: dict[str, list[FixedSignal]] = {}
    for projection in program.projections:
        rule = rule_of(projection)
        if rule is not None and rule.three_factor:
            kept = found.setdefault(projection.target, [])
            kept += [signal for signal in rule.signals.values() if place(signal, kept) is None]
        if projection.port in THIRD_FACTORS:
            found.setdefault(projection.target, [])
            if sends_potential(program, projection):
                found.setdefault(projection.source, [])
    return {name: tuple(signals) for name, signals in found.items()}


def place(signal: FixedSignal, signals: list[FixedSignal] | tuple[FixedSignal, ...]) -> int | None:
    """Where a signal of that equation is among `signals`."""
    for number, other in enumerate(signals):
        if other.function == signal.function and other.parameters == signal.parameters:
            return number
    return None


def sends_potential(program: Program, projection: Projection) -> bool:
    """Whether the projection carries v: it brings a third factor from neurons that never spike."""
    source = program.populations.get(projection.source)
    return projection.port in THIRD_FACTORS and source is not None and not source.neuron.spiking


def potential_senders(program: Program) -> set[str]:
    """Populations whose v is sent somewhere."""
    return {projection.source for projection in program.projections if sends_potential(program, projection)}


def plastic_faults(program: Program) -> list[Fault]:
    """Everything about learning that Lava's processes, ours among them, cannot hold."""
    faults = []
    for projection in program.projections:
        rule = rule_of(projection)
        if rule is not None:
            faults += _rule_faults(projection, rule)
            if rule.three_factor:
                faults += signal_faults(projection.target, program.neuron(projection.target), rule.signals)
    return faults + _population_faults(program, third_factors(program))


def _rule_faults(projection: Projection, rule: FixedRule) -> list[Fault]:
    name, faults = projection.name, []
    if not isinstance(projection.synapse, Dense | Sparse):
        kind = type(projection.synapse).__name__
        limit = "Lava's learning connections are LearningDense and LearningSparse"
        mend = "Run it on backend='simulator', or write it out as a Sparse synapse: nk.expand(program)."
        faults.append(Fault(name, f"learns in a {kind}", limit, mend))
    if (projection.delay != 1).any():
        limit = "Lava's learning connections take one step"
        faults.append(Fault(name, "learns and has other delays than 1 step", limit, "Run it on backend='simulator'."))
    if rule.arithmetic != "lava":
        limit = "Lava's learning connections have Lava's arithmetic"
        mend = "Compile it with arithmetic='lava', or run it on backend='simulator'."
        faults.append(Fault(name, f"rule '{rule.name}' has the arithmetic '{rule.arithmetic}'", limit, mend))
    if rule.bounds not in SIGN_BOUNDS:
        limit = f"Lava clips learned weights at {', '.join(map(str, SIGN_BOUNDS))} only"
        mend = "Use one of these, and another weight scale."
        faults.append(Fault(name, f"rule '{rule.name}' bounds its weights to {rule.bounds}", limit, mend))
    if any(product.mantissa == MANTISSA_RANGE[0] for product in (*rule.dw, *rule.dt, *rule.dd)):
        limit = "Lava reads -8 * 2^e as -4 * 2^(e + 1), which it rounds otherwise"
        mend = "Use the mantissa -4 and one more in the exponent."
        faults.append(Fault(name, f"rule '{rule.name}' has a mantissa of -8", limit, mend))
    return faults


def _population_faults(program: Program, signals: Mapping[str, tuple[FixedSignal, ...]]) -> list[Fault]:
    faults = []
    for name, sent in signals.items():
        neuron = program.neuron(name)
        if neuron.states not in THIRD_FACTOR_STATES:
            limit = "our processes with a third factor are those of LIF neurons and ALIF"
            mend = "Use such neurons, or run it on backend='simulator'."
            faults.append(Fault(name, f"takes part in a third factor as {type(neuron).__name__}", limit, mend))
        if len(sent) > MAX_SIGNALS:
            limit = f"its process has ports for {MAX_SIGNALS}"
            mend = "Let plastic projections share signals, or run it on backend='simulator'."
            faults.append(Fault(name, f"evaluates {len(sent)} different signals for its synapses", limit, mend))
    return faults
