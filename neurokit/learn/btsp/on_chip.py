"""Networks that go on learning on the chip by one plateau, and what a host does for them.

    source -> readout     graded spikes into leaky integrators; weights in 0 to w_max learn by rules.btsp_eiann_gated
    plateau -> readout    an input, 1 at a neuron that is to learn, in one step

At a plateau w += eta ((w_max - w) E - w) on synapses whose source is active, E its payload up to 1. So one presentation
moves a readout neuron's weights towards what the source sends; those of other neurons stay. What the chip's learning
engine cannot know is done by a host and declared as such (`OnHost`, `on_host`): the order of the phases, who has a
plateau, where a new neuron's weights start, and the length of its weights, if that is wanted.

After Galloni et al. 2025, doi:10.1101/2025.05.22.655599: there the plateaus are computed top-down, and dendritic
inhibition takes off what was expected; here a label is all that there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit import rules
from neurokit.errors import Fault, GraphError, InputError
from neurokit.graph.graded_neurons import Delta, Relay, Sigma, SigmaDelta
from neurokit.graph.network import Network, Population, Projection
from neurokit.graph.neurons import LeakyIntegrator
from neurokit.graph.synapses import Dense, Sparse

Floats = NDArray[np.float64]
READOUT, PLATEAU = "readout", "plateau"
MOST_STEPS = 1000


@dataclass(frozen=True)
class OnHost:
    """Something that a host does for a network that learns on the chip.

    name: what it is called. does: what it does, why: why the chip does not. when: how often. values: numbers that go
    between the host and the chip each time.
    """

    name: str
    does: str
    why: str
    when: str
    values: int

    def __str__(self) -> str:
        return f"{self.name}, {self.when}: {self.does} ({self.values:,} values). On the host, since {self.why}."


@dataclass(frozen=True)
class Phases:
    """Steps of one presentation. settle: from the pattern's start to the plateau, in which it comes to the readout.

    plateau: in which the plateau lasts; each of them is an update. after: in which the pattern is still shown.
    """

    settle: int = 3
    plateau: int = 1
    after: int = 1

    def __post_init__(self) -> None:
        faults = []
        for name, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_STEPS:
                limit = f"whole steps from 0 to {MOST_STEPS}"
                faults.append(Fault(f"phase '{name}'", f"is {value!r}", limit, "Pass another."))
            elif not value:
                missing = {
                    "settle": "the pattern is not at the readout when the plateau comes",
                    "plateau": "nothing is learned without one",
                    "after": "on the chip a spike meets the plateau of the step before it arrives",
                }[name]
                faults.append(Fault(f"phase '{name}'", "is missing", missing, "Give it a step or more."))
        if faults:
            raise InputError(faults)

    @property
    def steps(self) -> int:
        """Of all phases."""
        return self.settle + self.plateau + self.after


def with_rates(network: Network, source: str, gain: float = 1.0) -> Network:
    """`network` with a population "source.sum" that adds up the changes that `source` sends, and "source.rate".

    The latter sends `gain` times the sums. For populations of Delta or SigmaDelta neurons, as converted networks have
    them (`neurokit.converters.btsp`): a plateau takes rates, no changes. GraphError for an unknown source, for others.
    """
    found = network.populations.get(source)
    if found is None:
        limit = f"there are {', '.join(network.populations)}"
        raise GraphError(Fault(str(source), "is no population", limit, "Name one of these."))
    if not isinstance(found.neuron, Delta | SigmaDelta):
        fact, mend = f"is {type(found.neuron).__name__}", "Let the readout hear it as it is."
        raise GraphError(Fault(source, fact, "only Delta and SigmaDelta neurons send changes", mend))
    sums = Population(f"{source}.sum", found.shape, Sigma())
    rates = Population(f"{source}.rate", found.shape, Relay(gain=np.asarray(gain), activation="relu"))
    same = (Sparse(sp.identity(found.size, format="csr")),)
    paths = Projection(source, sums.name, same), Projection(sums.name, rates.name, same)
    populations = {**network.populations, sums.name: sums, rates.name: rates}
    return replace(network, populations=populations, projections=(*network.projections, *paths))


def with_readout(network: Network, source: str, weights: Any, *, learning_rate: float, w_max: float = 1.0) -> Network:
    """`network` with a population "readout" that hears `source` and learns at plateaus; it becomes the only output.

    weights: (classes, neurons of the source), 0 to w_max. learning_rate: eta of a plateau of one step. A readout keeps
    nothing from step to step. GraphError for an unknown source, one that sends plain spikes, names that are taken, and
    weights that do not fit or break Dale's law. An input as the source must bring numbers, too.
    """
    values = np.asarray(weights, np.float64)
    if faults := list(_readout_faults(network, source, values, learning_rate, w_max)):
        raise GraphError(faults)
    readout = Population(READOUT, (len(values),), LeakyIntegrator(tau=np.asarray(network.dt)))
    path = Projection(source, READOUT, (Dense(values),))
    grown = replace(
        network,
        populations={**network.populations, READOUT: readout},
        projections=(*network.projections, path),
        outputs={READOUT: readout},
        steps_per_sample=0,  # `Phases` say how long a pattern is shown
    )
    rule = rules.btsp_eiann_gated(learning_rate=learning_rate, w_max=w_max)
    return grown.with_plasticity(path.name, rule, modulation=PLATEAU)


def _readout_faults(network: Network, source: str, values: Floats, rate: Any, w_max: Any) -> Iterator[Fault]:
    known = [*network.inputs, *network.populations]
    for name, value in (("learning_rate", rate), ("w_max", w_max)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < np.inf:
            yield Fault(name, f"is {value!r}", "a positive, finite number", "Pass another.")
            return
    for name in (READOUT, PLATEAU):
        if name in known:
            yield Fault(name, "is there already", "it is the name of what is added", "Rename the network's.")
    if source not in known:
        yield Fault(str(source), "is no population", f"there are {', '.join(known)}", "Name one of these.")
        return
    neuron = network.populations[source].neuron if source in network.populations else None
    if neuron is not None and not neuron.graded:
        limit = "the rule takes what a payload says for the source's rate"
        yield Fault(source, "sends plain spikes", limit, "Name a population of Relay or Sigma neurons.")
    elif isinstance(neuron, Delta | SigmaDelta):
        limit, mend = "the rule takes rates", f"Call with_rates first, and name '{source}.rate'."
        yield Fault(source, "sends changes", limit, mend)
    size = int(np.prod(network.shape_of(source)))
    if values.ndim != 2 or values.shape[1] != size or not len(values):
        limit = f"(classes, {size}) for '{source}'"
        yield Fault("weights", f"have shape {values.shape}", limit, "A row is a readout neuron.")
    elif not np.isfinite(values).all() or values.min() < 0 or values.max() > w_max:
        fact = f"run from {values.min():g} to {values.max():g}"
        limit = f"excitatory weights that learn lie from 0 to {w_max:g} (Dale's law, w_max)"
        yield Fault("weights", fact, limit, "Clip them, or scale them and w_max.")


def presented(patterns: Any, plateaus: Any, phases: Phases) -> dict[str, NDArray[Any]]:
    """Patterns and their plateaus in time, the input "x" under that name.

    patterns: (samples, *shape), each held through all phases. plateaus: (samples, classes), 1 where a readout neuron
    has one, 0 elsewhere. Gives "x" (samples, steps, *shape) and "plateau" (samples, steps, classes).
    """
    x, events = np.asarray(patterns), np.asarray(plateaus, np.float64)
    if len(x) != len(events) or events.ndim != 2:
        fact, limit = f"have shape {events.shape}", f"({len(x)}, classes) for {len(x)} patterns"
        raise InputError(Fault("plateaus", fact, limit, "Pass one row for each pattern, of zeros where nobody learns."))
    if not np.isin(events, (0, 1)).all():
        raise InputError(
            Fault("plateaus", "hold other values than 0 and 1", "a plateau is there or not", "Pass those.")
        )
    times = np.zeros((len(x), phases.steps, events.shape[1]))
    times[:, phases.settle : phases.settle + phases.plateau] = events[:, None]
    return {"x": np.repeat(x[:, None], phases.steps, axis=1), PLATEAU: times}


def started(weights: Any, fresh: Sequence[int]) -> Floats:
    """Weights (classes, sources) in which the rows `fresh` are the mean of the others; InputError if there are none."""
    found = np.array(weights, np.float64)
    known = set(range(len(found)))
    if not set(fresh) < known:
        fact, limit = f"are {list(fresh)}", f"some of the rows 0 to {len(found) - 1}, not all"
        raise InputError(Fault("new neurons", fact, limit, "Name rows beside which others have learned."))
    found[list(fresh)] = np.delete(found, list(fresh), axis=0).mean(axis=0)
    return found


def of_length(weights: Any, rows: Sequence[int], length: float, most: float) -> Floats:
    """Weights in which the named rows are scaled to a length (root of the sum of squares), then clipped to 0..most."""
    found = np.array(weights, np.float64)
    for row in rows:
        size = float(np.linalg.norm(found[row]))
        found[row] *= length / size if size else 0.0
    return np.clip(found, 0, most)


def thresholds_of(weights: Any) -> Floats:
    """(classes,) half of the squared length of each row, in units of a readout's potential.

    Taken off the potentials, the largest is the nearest row: |E - w|^2 = |E|^2 - 2 (w E - |w|^2 / 2).
    """
    return np.asarray(0.5 * np.square(np.asarray(weights, np.float64)).sum(axis=1))


def on_host(
    classes: int, sources: int, inputs: int, phases: Phases, *, lengths: bool = False, thresholds: bool = False
) -> tuple[OnHost, ...]:
    """What a host does for a readout that learns by one plateau.

    lengths, thresholds: whether it also scales what was learned, or takes `thresholds_of` all weights off potentials.
    """
    found = [
        OnHost(
            "phases",
            f"shows the pattern for {phases.steps} steps, the plateau in step {phases.settle}",
            "neurons of the chip do not know when a pattern is to be learned",
            "at each pattern",
            inputs,
        ),
        OnHost(
            "plateau",
            "gives the plateau to the neuron of the label",
            "dendrites that compute plateaus top-down, and their inhibition, are no neurons of the chip",
            "at each pattern that is to be learned",
            classes,
        ),
        OnHost(
            "start",
            "sets a new neuron's weights to the mean of the others'",
            "the learning engine sees one synapse at a time",
            "at each new class",
            sources,
        ),
    ]
    if lengths:
        does = "scales a new neuron's weights to the mean length of the others'"
        why = "the learning engine sees one synapse at a time"
        found.append(OnHost("length", does, why, "after each pattern that was learned", 2 * sources))
    if thresholds:
        does = "takes half of the squared length of each readout neuron's weights off its potential"
        why = "the learning engine changes synapses, no neuron's bias"
        when = "at each pattern that is told, a new one after each that was learned"
        found.append(OnHost("threshold", does, why, when, sources + 1))
    return tuple(found)
