"""From the chip's weight changes to e-prop, and from e-prop to backpropagation through time: what is lost where."""

from __future__ import annotations

from dataclasses import dataclass

from neurokit.converters.eprop_net import EpropNet
from neurokit.learn.agreement import Agreement
from neurokit.learn.alignment import Blocks, alignment
from neurokit.learn.eprop.forward import run
from neurokit.learn.eprop.gradients import RateRegularisation, bptt_gradients, eprop_gradients
from neurokit.learn.sequential import blocks_of
from neurokit.learn.tasks.trials import Trials


@dataclass(frozen=True)
class Chain:
    """Agreement per block of weights, and of "all". Cosines do not multiply, but the weakest link bounds the whole.

    rule: e-prop's step beside backpropagation's: what the rule loses. deployment: a chip's weight changes beside
    e-prop's step from the same weights and trials: what the chip loses. whole: the chip's beside backpropagation's.
    The last two are None where no changes were given.
    """

    rule: dict[str, Agreement]
    deployment: dict[str, Agreement] | None = None
    whole: dict[str, Agreement] | None = None


def chain(
    net: EpropNet, trials: Trials, change: Blocks | None = None, rates: RateRegularisation | None = None
) -> Chain:
    """Of gradients summed over `trials`, with the feedback of `net`.

    change: what a chip (or anything else) changed the weights by over these trials, in the unit of `net`, by block
    ("w_in", "w_rec", "w_out"; blocks that did not learn may be left out, and are then compared nowhere). Scales in
    `deployment` and `whole` are its learning rate. rates: what rates cost.
    Raises InputError where trials or changes do not fit the network.
    """
    activity = run(net, trials.x, states=net.reset == "hard")
    error = trials.loss.error(activity.y)
    eprop = blocks_of(eprop_gradients(net, activity, error, rates))
    bptt = blocks_of(bptt_gradients(net, activity, error, rates))
    rule = alignment({name: -values for name, values in eprop.items()}, bptt)
    if change is None:
        return Chain(rule)
    learned = [name for name in eprop if name in change]
    deployment = alignment(change, {name: eprop[name] for name in learned})
    return Chain(rule, deployment, alignment(change, {name: bptt[name] for name in learned}))
