"""Random chains of two dense layers, and their plain numpy forward run."""

from __future__ import annotations

import itertools

import numpy as np

from neurokit.graph.neurons import IF, LIF, CubaLIF
from neurokit.graph.synapses import Dense
from tests.networks import network


def chain(rng, kind="lif", bias=0.05, own=False, sizes=(6, 8, 5), **options):
    """Input -> p0 -> p1; neurons of `kind` with other `options`. own: time constants of their own for each neuron."""
    layers = []
    for before, after in itertools.pairwise(sizes):
        spread = rng.uniform(0.7, 1.3, after) if own else np.ones(())
        dense = Dense(rng.normal(0.1, 0.6, (after, before)), rng.normal(0, 1, after) * bias)
        times = {"tau": 7.3e-3 * spread} if kind == "lif" else {}
        if kind == "cuba":
            times = {"tau_syn": 4.1e-3 * spread, "tau_mem": 9.7e-3 * spread, "w_in": np.asarray(3.0)}
        gain = {"if": 1.0, "lif": 6.0, "cuba": 4.0}[kind]
        fields = {name: np.asarray(v) if isinstance(v, float) else v for name, v in options.items()}
        model = {"if": IF, "lif": LIF, "cuba": CubaLIF}[kind]
        layers.append((dense, model(**times, r=np.asarray(gain), **fields)))
    return network(*layers, shape=(sizes[0],), dt=1e-3)


def random_input(rng, samples, steps, size=6):
    return (rng.random((samples, steps, size)) < 0.4).astype(np.int32)


def plain_run(layers, data):
    """Spikes of each layer, (samples, steps, n): a loop over steps that knows nothing of neurokit.

    layers: dicts of weight, bias, keep_u, gain_u, keep_v, gain_v, threshold, after, soft, inclusive.
    """
    samples, steps = data.shape[:2]
    u, v = ([np.zeros((samples, len(layer["weight"]))) for layer in layers] for _ in range(2))
    found = [np.zeros((samples, steps, len(layer["weight"])), np.uint8) for layer in layers]
    for t in range(steps):
        sent = data[:, t].astype(float)
        for k, layer in enumerate(layers):
            u[k] = layer["keep_u"] * u[k] + layer["gain_u"] * (sent @ layer["weight"].T + layer["bias"])
            v[k] = layer["keep_v"] * v[k] + layer["gain_v"] * u[k]
            fires = v[k] >= layer["threshold"] if layer["inclusive"] else v[k] > layer["threshold"]
            v[k] = np.where(fires, v[k] - layer["threshold"] if layer["soft"] else layer["after"], v[k])
            found[k][:, t] = sent = fires.astype(np.uint8)
    return found


def plain_layers(graph):
    """The layers of a `chain`, for `plain_run`."""
    found = []
    for population, projection in zip(graph.populations.values(), graph.projections, strict=True):
        n, dense = population.neuron, projection.synapse
        synaptic = 1e-3 / n.tau_syn if isinstance(n, CubaLIF) else 1.0
        leak = 1.0 if isinstance(n, IF) else 1e-3 / (n.tau_mem if isinstance(n, CubaLIF) else n.tau)
        found.append(
            {
                "weight": dense.weight,
                "bias": dense.bias,
                "keep_u": 1 - synaptic,
                "gain_u": synaptic * (n.w_in if isinstance(n, CubaLIF) else 1.0),
                "keep_v": 1.0 if isinstance(n, IF) else 1 - leak,
                "gain_v": leak * n.r,
                "threshold": n.threshold,
                "after": n.v_reset,
                "soft": n.reset == "soft",
                "inclusive": n.fires == ">=",
            }
        )
    return found
