"""Networks that learn: a rule put on a projection, and the third factor's way in."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
import scipy.sparse as sp

from neurokit.errors import Fault, InputError
from neurokit.graph.check_plasticity import HEARS
from neurokit.graph.network import Input, Network, Projection
from neurokit.graph.plasticity import Rule
from neurokit.graph.signals import MODULATION, THIRD_FACTORS
from neurokit.graph.synapses import Dense, Sparse, Synapse


def with_plasticity(
    network: Network,
    projection: str,
    rule: Rule | None,
    modulation: str | None,
    feedback: Any,
    delay: float,
) -> Network:
    """See `Network.with_plasticity`."""
    found = {p.name: p for p in network.projections}
    faults = [*_faults(network, projection, found, rule), *_arguments(modulation, feedback, delay)]
    if faults:
        raise InputError(faults)
    projections = [replace(p, plasticity=rule) if p.name == projection else p for p in network.projections]
    inputs = dict(network.inputs)
    if modulation is not None:
        target = found[projection].target
        fed, new = _third_factor(network, modulation, target, feedback, delay, rule)
        inputs |= {new.name: new} if new is not None else {}
        if fed.name in found:
            fact = "is there already"
            mend = "Leave modulation= out: every plastic projection into the population hears it."
            raise InputError(Fault(fed.name, fact, "a population has one such way from a source", mend))
        projections.append(fed)
    return replace(network, inputs=inputs, projections=tuple(projections))


def _faults(network: Network, projection: str, found: dict[str, Projection], rule: Any) -> Iterator[Fault]:
    if projection not in found:
        mend = "Use one of these names."
        yield Fault(str(projection), "is no projection", f"there are {', '.join(found)}", mend)
    elif found[projection].port in THIRD_FACTORS:
        fact, mend = "carries a third factor", "Put the rule on a projection that brings input."
        yield Fault(projection, fact, "it is no input of the neuron", mend)
    if rule is not None and not isinstance(rule, Rule):
        mend = "Take one of nk.rules, or make one with nk.rules.rule."
        yield Fault("rule", f"is a {type(rule).__name__}", "a neurokit Rule is needed", mend)
    if network.is_integer:
        fact = "holds the chip's integers already"
        limit = "a Rule speaks of the source's units, which such a source does not tell"
        yield Fault(projection, fact, limit, "Convert the float source, and put the rule on its network.")


def _arguments(modulation: Any, feedback: Any, delay: Any) -> Iterator[Fault]:
    if modulation is None:
        given = {"feedback": feedback is not None, "delay": isinstance(delay, bool) or delay != 0}
        for name in (name for name, is_given in given.items() if is_given):
            limit = "it is how a third factor gets to the target"
            yield Fault(name, "was given without modulation=", limit, "Pass modulation=, or leave it out.")
        return
    if not isinstance(modulation, str) or not modulation:
        mend = "Pass the name of an input or a population, or of a new input."
        yield Fault("modulation", f"is {modulation!r}", "a name is needed", mend)
    if isinstance(delay, bool) or not isinstance(delay, Real) or not 0 <= float(delay) < math.inf:
        yield Fault("delay", f"is {delay!r}", "seconds, a number of at least 0", "Leave it out for none.")


def _third_factor(
    network: Network, source: str, target: str, feedback: Any, delay: float, rule: Rule | None
) -> tuple[Projection, Input | None]:
    """The projection into the target's port, and the new input it comes from, if it is new."""
    if rule is None or not any(HEARS.get(s.function) == MODULATION for s in rule.signals.values()):
        limit, mend = (
            f"none of its signals hears the port '{MODULATION}'",
            "Leave modulation= out, or take another rule.",
        )
        raise InputError(
            Fault("modulation", f"'{source}' was given, but the rule has no such third factor", limit, mend)
        )
    size, shape = network.populations[target].size, network.populations[target].shape
    known = source in network.inputs or source in network.populations
    if feedback is None:
        origin = network.shape_of(source) if known else shape
        if known and int(np.prod(origin)) != size:
            fact = f"has shape {origin}, '{target}' {shape}"
            raise InputError(Fault(source, fact, "each neuron hears its own value", "Pass feedback= with weights."))
        synapse: Synapse = Sparse(sp.identity(size, dtype=np.float64, format="csr"))
    else:
        try:
            weights = np.asarray(feedback)
        except ValueError as error:  # rows of different lengths
            mend = f"Rows are the neurons of '{target}', all of one length."
            raise InputError(Fault("feedback", "is no matrix", "numbers (targets, values) are needed", mend)) from error
        count = int(np.prod(network.shape_of(source))) if known else weights.shape[-1] if weights.ndim == 2 else -1
        if weights.dtype.kind not in "biuf" or weights.shape != (size, count) or not np.isfinite(weights).all():
            limit = f"finite numbers of shape ({size}, {count if known else 'values'}) are needed"
            fact = f"has type {weights.dtype} and shape {weights.shape}"
            raise InputError(Fault("feedback", fact, limit, f"Rows are the neurons of '{target}'."))
        origin, synapse = (count,), Dense(weights)
    new = None if known else Input(source, tuple(origin))
    return Projection(source, target, (synapse,), np.asarray(float(delay)), MODULATION), new
