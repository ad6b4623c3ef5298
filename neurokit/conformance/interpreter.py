"""A Program run the slow, obvious way: plain numpy, one step at a time, sharing no code with any backend's kernels.

What a Program means is what this file computes with the rules of `lower/fixedpoint`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.errors import Fault
from neurokit.graph.network import Program, Projection
from neurokit.graph.synapses import Convolving, Dense, Injection, Shape, Sparse, Synapse
from neurokit.hardware.base import Progress, RecordKey
from neurokit.lower.fixedpoint import image_sum, neuron_step, resets_before, shift, wrap24
from neurokit.records import Recorded, Recording

Ints = NDArray[np.int64]


class Interpreter:
    """The reference as a backend; whatever `record` says, it records everything."""

    name = "interpreter"

    def accepts(self, program: Program) -> list[Fault]:
        """Nothing is refused: every sound Program means something."""
        return []

    def run(
        self,
        program: Program,
        inputs: Mapping[str, NDArray[Any]],
        steps: int,
        record: tuple[RecordKey, ...] = (),
        *,
        time_limit: float | None = None,
        progress: Progress | None = None,
    ) -> Recording:
        """See `hardware.base.Backend.run`; there is no time limit. Variables of what learns come after each step."""
        started = time.monotonic()
        batch = next(iter(inputs.values())).shape[0]
        if any(projection.plasticity is not None for projection in program.projections):
            from neurokit.conformance.learning import interpret_learning  # it builds on this file

            learned = interpret_learning(program, inputs, steps)
            program, sent = learned.program, dict(learned.sent)
            states = {key: x.astype(np.int32) for key, x in {**learned.states, **learned.variables}.items()}
        else:
            samples = [interpret(program, {name: x[k] for name, x in inputs.items()}, steps) for k in range(batch)]
            sent, states = stacked(samples)
        return recorded(program, sent, states, steps, self.name, started)


def stacked(
    samples: Sequence[tuple[Mapping[str, Ints], Mapping[tuple[str, str], Ints]]],
) -> tuple[dict[str, Ints], dict[tuple[str, str], NDArray[np.int32]]]:
    """What was sent and the states of samples run one by one, with a batch axis in front."""
    sent = {name: np.stack([one[0][name] for one in samples]) for name in samples[0][0]}
    return sent, {key: np.stack([one[1][key] for one in samples]).astype(np.int32) for key in samples[0][1]}


def recorded(
    program: Program,
    sent: Mapping[str, Ints],
    states: Mapping[tuple[str, str], NDArray[Any]],
    steps: int,
    backend: str,
    started: float,
) -> Recording:
    """The Recording of a run that kept everything. sent: of inputs and populations, (batch, steps, *shape).

    started: when it began, by time.monotonic.
    """
    return Recording(
        program=program,
        steps=steps,
        batch=len(next(iter(sent.values()))),
        spikes=Recorded({name: sent[name] for name in program.populations}, "spikes"),
        states=Recorded(states, "states"),
        counts={name: np.count_nonzero(x, axis=1) for name, x in sent.items()},
        step_counts={name: np.count_nonzero(x, axis=(0, *range(2, x.ndim))) for name, x in sent.items()},
        backend=backend,
        seconds=time.monotonic() - started,
    )


def interpret(
    program: Program, inputs: Mapping[str, NDArray[Any]], steps: int
) -> tuple[dict[str, Ints], dict[tuple[str, str], Ints]]:
    """One sample from zero state: (what each input and population sent, states by (name, state)).

    inputs: name -> (time, *shape). All arrays are (steps, *shape).
    """
    shapes = {name: program.shape_of(name) for name in [*program.inputs, *program.populations]}
    sent = {name: np.zeros((steps, *shape), np.int64) for name, shape in shapes.items()}
    for name, values in inputs.items():
        sent[name][: len(values)] = values[:steps]
    kinds = {name: program.neuron(name) for name in program.populations}
    start = {(n, s): kind.initial.get(s, np.zeros((), np.int64)) for n, kind in kinds.items() for s in kind.states}
    states = {(n, s): np.full((steps, *shapes[n]), start[n, s]) for n, s in start}
    wires = {name: [Wire(p, shapes) for p in program.incoming(name)] for name in program.populations}
    for t in range(steps):
        for name, neuron in kinds.items():
            if neuron.held and t < neuron.reset_offset:
                continue
            a = synaptic_input(wires[name], neuron.ports, sent, t, shapes[name])
            fresh = t == 0 or resets_before(neuron, t)
            before = {s: start[name, s] if fresh else states[name, s][t - 1] for s in neuron.states}
            before = {state: np.broadcast_to(values, shapes[name]) for state, values in before.items()}
            after, sent[name][t] = neuron_step(neuron, before, a)
            for state, values in after.items():
                states[name, state][t] = values
    return sent, states


def synaptic_input(wires: list[Wire], ports: tuple[str, ...], sent: Mapping[str, Ints], t: int, shape: Shape) -> Ints:
    """Synaptic input of step t; (ports, *shape) where there are several."""
    zeros = np.zeros(shape, np.int64)
    found = [sum((w.arriving(sent[w.source], t) for w in wires if w.port == port), zeros) for port in ports]
    return found[0] if len(ports) == 1 else np.stack(found)


class Wire:
    """A projection: what it adds up for each delay, as a function of what was sent that long ago."""

    def __init__(self, projection: Projection, shapes: Mapping[str, Shape]) -> None:
        self.source = projection.source
        self.port = projection.port
        self.synapse = projection.synapse
        self.target_shape = shapes[projection.target]
        self.sums: dict[int, Callable[[Ints], Ints]] = {}
        delays = np.unique(projection.delay)
        if isinstance(self.synapse, Convolving) and delays.size == 1:
            self.sums[int(delays[0])] = self._image
        elif not isinstance(self.synapse, Injection):
            matrix = matrix_of(self.synapse, shapes[projection.source])
            place = np.broadcast_to(projection.delay, matrix.shape)
            self.sums = {int(d): partial(_product, sp.csr_matrix(np.where(place == d, matrix, 0))) for d in delays}

    def arriving(self, sent: Ints, t: int) -> Ints:
        """Input of step t; the sum of each delay is shifted by itself, and wrapped where the map is between images."""
        if isinstance(self.synapse, Injection):
            now: Ints = sent[t]
            return now
        total = np.zeros(int(np.prod(self.target_shape)), np.int64)
        for delay, summed in self.sums.items():
            if t >= delay and sent[t - delay].any():
                part = shift(summed(sent[t - delay]), _exponent(self.synapse))
                total += wrap24(part) if isinstance(self.synapse, Convolving) else part
        return total.reshape(self.target_shape)

    def _image(self, sent: Ints) -> Ints:
        assert isinstance(self.synapse, Convolving), "only such are summed as images"
        return image_sum(self.synapse, sent[None]).ravel()


def _product(matrix: sp.csr_matrix, sent: Ints) -> Ints:
    found: Ints = matrix @ sent.ravel()
    return found


def _exponent(synapse: Synapse) -> int:
    return int(getattr(synapse, "exponent", 0))


def matrix_of(synapse: Synapse, source: Shape) -> Ints:
    """A synapse as integers (targets, sources) over flattened populations."""
    if isinstance(synapse, Dense):
        return synapse.weight.astype(np.int64)
    if isinstance(synapse, Sparse):
        matrix: Ints = synapse.weight.toarray().astype(np.int64)
        return matrix
    assert isinstance(synapse, Convolving), "check_program refuses others"
    size = int(np.prod(source))
    impulses = np.eye(size, dtype=np.int64).reshape(size, *source)
    found: Ints = image_sum(synapse, impulses).reshape(size, -1).T
    return found
