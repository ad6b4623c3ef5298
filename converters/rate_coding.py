"""Plain networks in rate code: integrate-and-fire units whose rate, times their threshold, is the activation.

A unit's potential adds up its pre-activation in every step, a spike takes the threshold from it (reset by subtraction),
so after T steps it has sent about T * activation / threshold spikes, at most T. The threshold is therefore the layer's
largest activation on sample data, or a percentile of it, so that outliers do not slow down all others. Potentials start
at half the threshold, which makes rounding down into rounding. Sources: Diehl et al. 2015
(doi:10.1109/IJCNN.2015.7280696), Rueckauer et al. 2017 (doi:10.3389/fnins.2017.00682).
"""

from __future__ import annotations

from collections.abc import Mapping

from neurokit.converters import dataflow
from neurokit.converters.activations import Values
from neurokit.converters.balance import percentiles
from neurokit.converters.emission import Emitted, ends
from neurokit.converters.layers import Layers, Rectifier, simplified
from neurokit.converters.max_pools import without_max_pools
from neurokit.graph.network import Network
from neurokit.graph.neurons import IF, Integrator

PERCENTILE = 99.9


def rate_coded(
    layers: Layers,
    samples: Mapping[str, Values],
    dt: float | None = None,
    percentile: float = PERCENTILE,
    per_channel: bool = False,
) -> Network:
    """The Network of `layers` in rate code.

    Inputs are the values themselves, given anew in every step: a current of the first layer, as its biases are. Each
    rectifier becomes IF neurons, whose threshold is also what a spike of theirs counts in the next layer; an upper
    bound (ReLU6) is the highest rate, one spike a step. A max pool becomes a tree of populations (`max_pools`), which
    keep their pool's threshold. An output that is no rectifier becomes integrators: v over the steps is the value.

    samples: by input, (batch, *shape). percentile: of a layer's activations on them, 0 to 100, that is its threshold;
    per_channel: of each channel's.
    """
    layers = without_max_pools(simplified(layers))
    thresholds = percentiles(layers, samples, percentile, per_channel)
    made = Emitted(layers)
    for name in layers.order:
        node = layers.nodes[name]
        if isinstance(node, Rectifier):
            threshold = thresholds[name]
            neuron = IF(threshold, reset="soft", fires=">=", v_initial=threshold / 2)
            cells = made.neurons(name, dataflow.Cells(neuron, layers.shapes[name]))
            if not all(
                isinstance(layers.nodes[later], dataflow.Sink) and ends(layers, later) for later in layers.after[name]
            ):
                made.ends[name] = made.add(f"{name}.worth", dataflow.Scale(threshold), cells)
        elif isinstance(node, dataflow.Sink) and not ends(layers, name):
            made.output(name, dataflow.Cells(Integrator(), layers.shapes[name]))
        else:
            made.copy(name, node)
    return made.build(dt)
