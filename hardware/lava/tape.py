"""Writing down what populations do while Lava runs.

Reading through Lava's Monitor or `Var.get()` costs some 25 microseconds an element. Instead a population's model is
given a note-taker on its output port: the models themselves are Lava's and stay as they are. The arrays lie in
anonymous shared memory, which forked processes share with their parent and which goes when nobody refers to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.learned import rails_of, with_weights
from neurokit.graph.network import Program
from neurokit.graph.synapses import Shape
from neurokit.hardware.base import RecordKey
from neurokit.hardware.lava.layout import from_lava, lava_shape
from neurokit.hardware.lava.learned import ConnectionTape
from neurokit.hardware.lava.memory import shared_zeros
from neurokit.hardware.lava.plastic import plastic, potential_senders
from neurokit.records import Recorded, Recording


class Tape:
    """What one population does in one sample; arrays are in Lava's order of neurons.

    Longer samples begin again at row 0, over what was there.

    spikes: (steps, *shape) of `kind`, None unless wanted. states: name -> (steps, *shape), of those wanted.
    counts: (*shape) events, whatever their payload. step_counts: (steps,). done: (1,) steps that are over.
    largest: (1,) largest |payload| of all samples, or of v, where `potential` says that v is what is sent on.
    """

    def __init__(
        self, shape: Shape, steps: int, kind: type[np.generic] | None, states: list[str], potential: bool = False
    ) -> None:
        self.potential = potential
        self.spikes = shared_zeros((steps, *shape), kind) if kind else None
        self.states = {state: shared_zeros((steps, *shape), np.int32) for state in states}
        self.counts = shared_zeros(shape, np.int64)
        self.step_counts = shared_zeros((steps,), np.int64)
        self.done = shared_zeros((1,), np.int64)
        self.largest = shared_zeros((1,), np.int64)

    def attach(self, model: Any) -> None:
        """Note what `model` sends on s_out. All our neuron models send last, after spike and reset."""
        send = model.s_out.send

        def note_and_send(spikes: NDArray[Any]) -> None:
            self._note(model, spikes)
            send(spikes)

        model.s_out.send = note_and_send

    def clear(self) -> None:
        """Begin another sample."""
        self.counts[...] = 0
        self.done[0] = 0

    def _note(self, model: Any, spikes: NDArray[Any]) -> None:
        step = (model.time_step - 1) % len(self.step_counts)
        if self.spikes is not None:
            self.spikes[step] = spikes
        for state, kept in self.states.items():
            kept[step] = getattr(model, state)
        events = spikes != 0
        self.counts += events
        self.step_counts[step] = np.count_nonzero(events)
        sent = model.v if self.potential else spikes
        self.largest[0] = max(self.largest[0], np.abs(sent.astype(np.int64)).max(initial=0))
        self.done[0] = model.time_step


class Tapes:
    """A tape for each population and plastic projection, and the arrays of all samples that are copied from them.

    every: steps from one record of a projection's variables to the next; None: once, at the end of each sample.
    """

    def __init__(
        self, program: Program, batch: int, steps: int, record: tuple[RecordKey, ...], every: int | None = None
    ) -> None:
        self.program = program
        self.every = every or max(1, steps)
        self.steps = steps
        self.batch = batch
        names = {key for key in record if isinstance(key, str)} | set(program.outputs)
        silent = {(name, "v") for name, p in program.outputs.items() if not p.neuron.spiking}
        learning = plastic(program)
        asked = {key for key in record if isinstance(key, tuple)}
        keys = {key for key in asked if key[0] not in learning} | silent
        shapes = {name: p.shape for name, p in program.populations.items()}
        wanted = {name: [state for owner, state in sorted(keys) if owner == name] for name in shapes}
        kinds = {name: np.int32 if p.neuron.graded else np.uint8 for name, p in program.populations.items()}
        potentials = potential_senders(program)
        self.tapes = {
            name: Tape(
                lava_shape(shape), steps, kinds[name] if name in names else None, wanted[name], name in potentials
            )
            for name, shape in shapes.items()
        }
        self.connections = {
            p.name: ConnectionTape(
                program, p, steps, sorted(name for owner, name in asked if owner == p.name), self.every
            )
            for p in program.projections
            if p.name in learning
        }
        self.spikes = {name: np.zeros((batch, steps, *shapes[name]), kinds[name]) for name in sorted(names)}
        self.states = {key: np.zeros((batch, steps, *shapes[key[0]]), np.int32) for key in sorted(keys)}
        for name, connection in self.connections.items():
            for variable, values in connection.kept.items():
                self.states[name, variable] = np.zeros((batch, *values.shape), np.int32)
        self.counts = {name: np.zeros((batch, *shape), np.int64) for name, shape in shapes.items()}
        self.step_counts = {name: np.zeros(steps, np.int64) for name in shapes}
        self.kept = 0  # samples that are finished

    def attach(self, name: str, model: Any) -> None:
        """Note what a model does, whose process bears that name, if somebody wants to know."""
        if name in self.tapes:
            self.tapes[name].attach(model)
        elif name in self.connections:
            self.connections[name].attach(model)

    def done(self) -> int:
        """Steps of the present sample that every population has done."""
        return min(int(tape.done[0]) for tape in self.tapes.values())

    def largest(self) -> dict[str, int]:
        """Largest |payload| that each population has sent."""
        return {name: int(tape.largest[0]) for name, tape in self.tapes.items()}

    def keep(self, sample: int) -> None:
        """Copy a finished sample from the tapes and clear them."""
        for name, tape in self.tapes.items():
            shape = self.program.populations[name].shape
            if tape.spikes is not None:
                self.spikes[name][sample] = from_lava(tape.spikes, shape)
            for state, values in tape.states.items():
                self.states[name, state][sample] = from_lava(values, shape)
            self.counts[name][sample] = from_lava(tape.counts, shape)
            self.step_counts[name] += tape.step_counts
            tape.clear()
        for name, connection in self.connections.items():
            for variable in connection.kept:
                self.states[name, variable][sample] = connection.in_order(variable)
            connection.samples = sample + 1
        self.kept = sample + 1

    def recording(self, inputs: Mapping[str, NDArray[Any]], backend: str, seconds: float) -> Recording:
        """The samples that are finished as a Recording, with the events of the inputs counted."""
        learned = {name: connection.learned() for name, connection in self.connections.items() if self.kept}
        whole = self.kept == self.batch or self.steps == 0
        steps = self.steps if self.kept or whole else 0
        counts = dict(self.counts)
        step_counts = {name: totals[:steps] for name, totals in self.step_counts.items()}
        for name, values in inputs.items():
            counts[name], step_counts[name] = count_finished(values, steps, self.kept)
        return Recording(
            program=with_weights(self.program, learned) if learned else self.program,
            steps=steps,
            batch=self.batch,
            spikes=Recorded({name: values[:, :steps] for name, values in self.spikes.items()}, "spikes"),
            states=Recorded(
                {
                    key: values if key[0] in self.connections else values[:, :steps]
                    for key, values in self.states.items()
                },
                "states",
            ),
            counts=counts,
            step_counts=step_counts,
            backend=backend,
            seconds=seconds,
            rails=rails_of(self.program, {name: weights[None] for name, weights in learned.items()}),
            record_every=self.every if any(c.kept for c in self.connections.values()) else None,
            steps_done=None if whole else np.where(np.arange(self.batch) < self.kept, steps, 0),
        )


def count_finished(values: NDArray[Any], steps: int, finished: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Events of the first samples, which are finished: of each neuron (batch, *shape), and of each step (steps,).

    values: (batch, time, *shape); what lies beyond `steps` does not count.
    """
    events = values[:, :steps] != 0
    events[finished:] = False
    per_step = events.sum(axis=(0, *range(2, events.ndim)), dtype=np.int64)
    return events.sum(axis=1, dtype=np.int64), np.pad(per_step, (0, steps - per_step.size))
