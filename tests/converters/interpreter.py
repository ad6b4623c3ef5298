"""A small and slow reading of a Network by the docstrings of `neurokit.graph`, for tests of converters only."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from neurokit.graph import neurons as models
from neurokit.graph.network import Network, Population, Projection
from neurokit.graph.synapses import Conv2d, Dense, Flatten, Injection, Sparse, SumPool2d


@dataclass
class Trace:
    """What a population did: arrays (steps, *shape)."""

    spikes: list = field(default_factory=list)
    u: list = field(default_factory=list)
    v: list = field(default_factory=list)


def run(network: Network, inputs: np.ndarray) -> dict[str, Trace]:
    """Feed `inputs` (steps, *input shape) to the single input, and record all populations (in order of data flow)."""
    (start,) = network.inputs
    state = {name: _rest(population) for name, population in network.populations.items()}
    traces = {name: Trace() for name in network.populations}
    arriving = [_Arriving(projection, network) for projection in network.projections]
    for step, row in enumerate(inputs):
        sent = {start: np.asarray(row)}
        total = dict.fromkeys(network.populations, 0)
        for name, population in network.populations.items():
            for line in arriving:
                if line.projection.target == name:
                    if line.instant:
                        line.send(step, sent[line.projection.source])
                    total[name] = total[name] + line.receive(step).reshape(population.shape)
            if _resets(population.neuron, step):
                state[name] = _rest(population)
            u, v, spikes = _advance(population, *state[name], total[name], network.dt)
            state[name] = u, v
            sent[name] = spikes
            for recorded, value in zip(
                (traces[name].spikes, traces[name].u, traces[name].v), (spikes, u, v), strict=True
            ):
                recorded.append(value)
        for line in arriving:
            if not line.instant:
                line.send(step, sent[line.projection.source])
    return traces


class _Arriving:
    """Input on its way along one projection, by step of arrival."""

    def __init__(self, projection: Projection, network: Network) -> None:
        self.projection = projection
        self.instant = not projection.delay.any()
        steps = np.rint(projection.delay / (network.dt or 1.0)).astype(int)
        self.targets = int(np.prod(network.shape_of(projection.target)))
        self.steps = steps if steps.ndim else np.full((self.targets, 1), steps)
        self.waiting: dict[int, np.ndarray] = {}

    def send(self, step: int, spikes: np.ndarray) -> None:
        if self.steps.shape[1] > 1:  # by source or by synapse: a Dense, one column a source
            weight = self.projection.synapses[0].weight
            for source in np.flatnonzero(spikes):
                for target in range(self.targets):
                    delay = np.broadcast_to(self.steps, weight.shape)[target, source]
                    self._add(step + delay, np.eye(self.targets)[target] * weight[target, source])
            return
        values = spikes
        for synapse in self.projection.synapses:
            values = _apply(synapse, values)
        for delay in np.unique(self.steps):
            self._add(step + delay, values.reshape(-1) * (self.steps[:, 0] == delay))

    def receive(self, step: int) -> np.ndarray:
        return self.waiting.pop(step, np.zeros(self.targets, int))

    def _add(self, step: int, values: np.ndarray) -> None:
        self.waiting[step] = self.waiting.get(step, 0) + values


def _apply(synapse, x: np.ndarray) -> np.ndarray:
    match synapse:
        case Dense() | Sparse():
            y = synapse.weight @ x.reshape(-1)
            return y if synapse.bias is None else y + synapse.bias
        case Conv2d():
            return _convolve(synapse, x)
        case SumPool2d():
            (py, px), (sy, sx) = synapse.padding, synapse.stride
            windows = sliding_window_view(np.pad(x, ((0, 0), (py, py), (px, px))), synapse.kernel, axis=(1, 2))
            return windows[:, ::sy, ::sx].sum((3, 4)) * synapse.weight
        case Flatten():
            return x.reshape(synapse.output_shape(x.shape))
        case Injection():
            return x
    raise NotImplementedError(type(synapse))


def _convolve(synapse: Conv2d, x: np.ndarray) -> np.ndarray:
    (py, px), (sy, sx), (dy, dx) = synapse.padding, synapse.stride, synapse.dilation
    out, per_group, height, width = synapse.weight.shape
    x = np.pad(x, ((0, 0), (py, py), (px, px)))
    windows = sliding_window_view(x, (dy * (height - 1) + 1, dx * (width - 1) + 1), axis=(1, 2))
    windows = windows[:, ::sy, ::sx, ::dy, ::dx]
    parts = []
    for group in range(synapse.groups):
        mine = windows[group * per_group : (group + 1) * per_group]
        rows = out // synapse.groups
        parts.append(np.tensordot(synapse.weight[group * rows : (group + 1) * rows], mine, ((1, 2, 3), (0, 3, 4))))
    y = np.concatenate(parts)
    return y if synapse.bias is None else y + synapse.bias[:, None, None]


def _resets(neuron, step: int) -> bool:
    interval, offset = getattr(neuron, "reset_interval", 0), getattr(neuron, "reset_offset", 0)
    return step >= offset > 0 and (step == offset or (interval > 0 and (step - offset) % interval == 0))


def _rest(population: Population) -> tuple[np.ndarray, np.ndarray]:
    zero = np.zeros(population.shape, int if isinstance(population.neuron, models.LoihiLIF) else float)
    return zero, zero + getattr(population.neuron, "v_leak", 0)


def _advance(population: Population, u, v, a, dt):
    n = population.neuron
    if isinstance(n, models.LoihiLIF):
        a = np.asarray(a).astype(np.int64)
        u = np.sign(u) * (np.abs(u) * (4096 - n.current_decay) >> 12) + (a << 6)
        v = np.sign(v) * (np.abs(v) * (4096 - n.voltage_decay) >> 12) + u + n.bias
        spikes = (v > n.threshold) & n.emits
        return u, np.where(spikes, n.reset_value, v), spikes.astype(int)
    if isinstance(n, models.IF | models.Integrator):
        v = v + n.r * a
    elif isinstance(n, models.CubaLIF):
        u = u + dt / n.tau_syn * (-u + n.w_in * a)
        v = v + dt / n.tau_mem * (n.v_leak - v + n.r * u)
    else:
        v = v + dt / n.tau * (n.v_leak - v + n.r * a)
    if not n.spiking:
        return u, v, v
    spikes = v > n.threshold if n.fires == ">" else v >= n.threshold
    after = n.v_reset if n.reset == "hard" else v - n.threshold
    return u, np.where(spikes, after, v), spikes.astype(int)
