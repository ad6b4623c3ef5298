"""An e-prop network that goes on learning by the rule that trained it, as a Network that compiles for the chip.

    x -> lif, alif -> out          w_in, w_rec and w_out, of which some learn
    out, target -> lif, alif       the learning signal L = B (y - y*), two steps late: over the readout and back
    out, target -> out             the readout's error y - y*, one step late

Errors are those of a regression, y - y*. Of LIF neurons the eligibility is filtered as the readout filters (the tag),
of ALIF neurons it is not: their tag holds the eligibility of the adaptation. A carry takes the second tag (see
`neurokit.rules.eprop`), so L meets an eligibility that is one step newer than its own in LIF neurons and two in ALIF.
Feedback weights are fixed on the chip: `net.feedback_weights` as they are at the start.

Neurons do not excite themselves in e-prop, but a dense connection of the chip has such weights too. They start at zero
and learn like the others; `eprop_net_of` leaves them out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurokit import rules
from neurokit.converters.eprop import groups, network_of
from neurokit.converters.eprop_net import BLOCKS, EpropNet
from neurokit.errors import Fault, GraphError, InputError
from neurokit.graph.network import Input, Network, Projection
from neurokit.graph.plasticity import Rule
from neurokit.graph.signals import MODULATION, REWARD
from neurokit.graph.synapses import Dense

FEEDBACK_STEPS, ERROR_STEPS = 2, 1  # by which L and the readout's error are late


@dataclass(frozen=True)
class OnChip:
    """How a network learns on the chip.

    learning_rate: of w_in, recurrent_rate: of w_rec, readout_rate: of w_out (None: the same as of w_in): per step, for
    the sum of gradients over a trial that `neurokit.learn.eprop` descends. learns: which of w_in, w_rec and w_out.
    bound, readout_bound: largest |weight| of recurrent neurons and of readouts, in the network's unit; a unit of weight
    is 1/255 of it. None: twice the largest weight there is.
    signal_limit, error_limit: at which L and the readout's error are clipped; their 7 bits hold this range. None: what
    occurs in calibration. carry: whether changes are added up until they make a unit of weight. gated: whether errors
    count only in steps in which the input "gate" (1,) is not zero.
    inputs: of which weights learn with w_in, as those of a sensor that was exchanged. The network has them as an input
    "sensor" (n,) in this order, and as "x" (n_in - n,) the others in theirs. None: all, and all are "x".
    """

    learning_rate: float
    readout_rate: float | None = None
    learns: tuple[str, ...] = BLOCKS
    bound: float | None = None
    readout_bound: float | None = None
    signal_limit: float | None = None
    error_limit: float | None = None
    carry: bool = True
    gated: bool = False
    recurrent_rate: float | None = None
    inputs: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        faults = [
            Fault(name, f"is {value!r}", "a positive, finite number", "Pass another.")
            for name, value in vars(self).items()
            if name not in ("learns", "carry", "gated", "inputs") and value is not None and not _positive(value)
        ]
        unknown = [name for name in self.learns if name not in BLOCKS]
        if unknown or not self.learns:
            fact = f"is {self.learns!r}"
            faults.append(Fault("learns", fact, f"there are {', '.join(BLOCKS)}", "Name one or more of them."))
        if faults:
            raise InputError(faults)


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def learning_network(net: EpropNet, options: OnChip) -> Network:
    """`net` with rules, an input "target" (n_out,), and the projections that bring learning signals; see the module.

    GraphError for what the rules do not know: a surrogate derivative of another width than the threshold.
    """
    if net.width != net.threshold:
        limit = "the neuron's pseudo-derivative is measured in thresholds"
        mend = "Use surrogate_width=None."
        raise GraphError(Fault("surrogate_width", f"is {net.width:g}, the threshold {net.threshold:g}", limit, mend))
    plain = network_of(net) if options.inputs is None else _parted(net, options.inputs)
    found = [replace(p, plasticity=_rule(net, options, p)) for p in plain.projections]
    inputs = {**plain.inputs, "target": Input("target", (net.n_out,))}
    inputs |= {"gate": Input("gate", (1,))} if options.gated else {}
    heard = {p.target for p in found if p.plasticity is not None}
    signals = [p for p in _signals(net, options.gated) if p.target in heard]
    return replace(plain, inputs=inputs, projections=(*found, *signals))


def _parted(net: EpropNet, sensor: tuple[int, ...]) -> Network:
    """With these inputs as "sensor", and the others as "x"."""
    network, size = network_of(net), net.n_in
    if not sensor or len(sensor) >= size or len({*sensor} & {*range(size)}) < len(sensor):
        limit = f"some of the {size} inputs learn, each is named once: 0 to {size - 1}"
        raise GraphError(Fault("inputs", f"is {sensor!r}", limit, "Pass others, or None for all."))
    parts = {"sensor": list(sensor), "x": [k for k in range(size) if k not in sensor]}
    projections = [p for p in network.projections if p.source != "x"]
    for target, rows in groups(net).items():
        found = {name: net.w_in[np.ix_(rows, np.asarray(columns))] for name, columns in parts.items()}
        projections += [Projection(name, target, (Dense(weight),)) for name, weight in found.items()]
    inputs = {name: Input(name, (len(index),)) for name, index in parts.items()}
    return replace(network, inputs=inputs, projections=tuple(projections))


def _signals(net: EpropNet, gated: bool) -> Iterator[Projection]:
    late, eye = np.asarray(FEEDBACK_STEPS * net.dt), np.eye(net.n_out)
    for name, index in groups(net).items():
        weights = net.feedback_weights[index]
        yield Projection("out", name, (Dense(weights),), late, MODULATION)
        yield Projection("target", name, (Dense(-weights),), late, MODULATION)
        if gated:
            yield Projection("gate", name, (Dense(np.ones((len(index), 1))),), late, REWARD)
    late = np.asarray(ERROR_STEPS * net.dt)
    yield Projection("out", "out", (Dense(eye),), late, MODULATION)
    yield Projection("target", "out", (Dense(-eye),), late, MODULATION)
    if gated:
        yield Projection("gate", "out", (Dense(np.ones((net.n_out, 1))),), late, REWARD)


def _rule(net: EpropNet, options: OnChip, projection: Projection) -> Rule | None:
    """Of weights that stay None. A gain stands before the weight in the network, and so before its gradient."""
    block = "w_out" if projection.target == "out" else "w_in" if projection.source in ("x", "sensor") else "w_rec"
    if block not in options.learns or (projection.source == "x" and options.inputs is not None):
        return None
    if block == "w_out":
        bound = options.readout_bound or 2 * float(np.abs(net.w_out).max())
        rate = options.readout_rate or options.learning_rate
        return rules.eprop_readout(
            dt=net.dt,
            tau_out=net.tau_out,
            learning_rate=rate * net.readout_scale,
            signal_steps=ERROR_STEPS,
            bounds=(-bound, bound),
            carry=options.carry,
            signal_limit=options.error_limit or math.inf,
            gated=options.gated,
        )
    bound = options.bound or 2 * float(max(np.abs(net.w_in).max(), np.abs(net.w_rec).max()))
    common: dict[str, Any] = {
        "dt": net.dt,
        "tau": net.tau_membrane,
        "dampening": net.dampening,
        "bounds": (-bound, bound),
        "carry": options.carry,
        "signal_limit": options.signal_limit or math.inf,
        "gated": options.gated,
    }
    # psi of a weight's gradient has zeta before it; the filter's gain is 1 where the readout's is not 1 - kappa
    chosen = options.recurrent_rate if block == "w_rec" else None
    rate = (chosen or options.learning_rate) * net.zeta * net.readout_scale / (1 - net.kappa)
    if projection.target == "lif":
        return rules.eprop_lif(**common, tau_out=net.tau_out, learning_rate=rate, signal_steps=FEEDBACK_STEPS)
    beta = {float(b) for b in net.betas[groups(net)["alif"]]}
    if len(beta) > 1:
        fact, limit = f"has {len(beta)} values in adaptive neurons", "a rule on the chip has one constant beta"
        raise GraphError(Fault("beta", fact, limit, "Give all adaptive neurons the same beta."))
    return rules.eprop_alif_one_tag(**common, beta=beta.pop(), learning_rate=rate)
