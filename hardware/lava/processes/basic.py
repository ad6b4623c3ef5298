"""Leaf processes for what Lava has none of: neurons of a Program, delayed spikes, input from an array.

Ports carry whole arrays; with `(n,)` or, for images, (width, height, channels) shapes. The models compute what their
Process says, at every step, and nothing in float.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from numpy.typing import NDArray

from neurokit.graph.neurons import FixedNeuron, Neuron
from neurokit.lower.fixedpoint import neuron_step, resets_before
from neurokit.lower.floating import float_step, initial_states

States: TypeAlias = Mapping[str, NDArray[Any]]


class OwnNeuron(AbstractProcess):  # type: ignore[misc]
    """Base of the processes of neurons that Lava has none of; a subclass says which models.

    shape: of the population in Lava's order. neuron: parameters that broadcast to `shape` (in Lava's order too): a
    Program's neuron for the fixed-point model, a Network's for the float one. dt: seconds a step, for the latter.
    Ports a_in, s_out, and a variable for each of the neuron's states. CPU only: the chip has no public microcode.
    """

    def __init__(
        self, *, shape: tuple[int, ...], neuron: Neuron, dt: float | None = None, name: str | None = None
    ) -> None:
        super().__init__(shape=shape, neuron=neuron, dt=dt, name=name)
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        initial = neuron.initial if isinstance(neuron, FixedNeuron) else initial_states(neuron, dt)
        for state in neuron.states:
            setattr(self, state, Var(shape=shape, init=np.broadcast_to(initial.get(state, 0), shape)))


class PyOwnNeuronModel(PyLoihiProcessModel):  # type: ignore[misc]
    """Base of their fixed-point models: calls the reference, `neurokit.lower.fixedpoint.neuron_step`.

    A subclass implements one process and declares its states as `STATE`: Lava wants to see them in the class.
    """

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)

    def run_spk(self) -> None:
        """One step."""
        self.s_out.send(self.advance(self.received())[2])

    def advance(self, a_in: NDArray[np.int64]) -> tuple[States, States, NDArray[np.int32]]:
        """(states before the step but after a scheduled reset, states after it, what is sent).

        Lava's time_step is the Program's step + 1.
        """
        neuron: FixedNeuron = self.proc_params["neuron"]
        step = self.time_step - 1
        states = {name: getattr(self, name) for name in neuron.states}
        if neuron.held and step < neuron.reset_offset:
            copies = {name: v.astype(np.int64) for name, v in states.items()}
            return copies, copies, np.zeros(self.s_out.shape, np.int32)
        if resets_before(neuron, step):
            for name, values in states.items():
                values[:] = neuron.initial.get(name, 0)
        before = {name: v.astype(np.int64) for name, v in states.items()}
        after, payloads = neuron_step(neuron, before, a_in)
        for name, values in after.items():
            states[name][:] = values
        return before, after, payloads.astype(np.int32)

    def received(self) -> NDArray[np.int64]:
        """The synaptic input of the step, as `neuron_step` takes it."""
        return np.asarray(self.a_in.recv(), np.int64)


class PyOwnFloatModel(PyLoihiProcessModel):  # type: ignore[misc]
    """Base of their float models: calls `neurokit.lower.floating.float_step`. States are declared as `FLOAT_STATE`."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)

    def run_spk(self) -> None:
        """One step."""
        self.s_out.send(self.advance(self.a_in.recv())[2])

    def advance(self, a_in: NDArray[np.float64]) -> tuple[States, States, NDArray[Any]]:
        """(states before the step, states after it, what is sent)."""
        neuron: Neuron = self.proc_params["neuron"]
        before = {name: getattr(self, name).copy() for name in neuron.states}
        after, payloads = float_step(neuron, self.proc_params["dt"], before, a_in)
        for name, values in after.items():
            getattr(self, name)[:] = values
        return before, after, payloads


STATE = LavaPyType(np.ndarray, np.int32, precision=24)
FLOAT_STATE = LavaPyType(np.ndarray, float)


class LoihiNeuron(OwnNeuron):
    """LoihiLIF with any threshold, reset, schedule and start, where Lava's LIF has multiples of 64 and zero."""


@implements(proc=LoihiNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("bit_accurate_loihi", "fixed_pt")
class PyLoihiNeuronModel(PyOwnNeuronModel):
    """See the base."""

    u: NDArray[np.int32] = STATE
    v: NDArray[np.int32] = STATE


class SpikeDelay(AbstractProcess):  # type: ignore[misc]
    """Gives back what came `steps` >= 1 steps before, payloads included: s_out[t] = s_in[t - steps].

    It stands before synapses that have no delay of their own in Lava (Conv).
    """

    def __init__(self, *, shape: tuple[int, ...], steps: int, name: str | None = None) -> None:
        super().__init__(shape=shape, name=name)
        self.s_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.buffer = Var(shape=(steps, *shape), init=0)


@implements(proc=SpikeDelay, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PySpikeDelayModel(PyLoihiProcessModel):  # type: ignore[misc]
    """A ring of the last steps."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    buffer: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=24)

    def run_spk(self) -> None:
        """Send first, as connections do, so that loops cannot block."""
        place = self.time_step % len(self.buffer)
        self.s_out.send(self.buffer[place])
        self.buffer[place] = self.s_in.recv()


class ArraySource(AbstractProcess):  # type: ignore[misc]
    """Plays an array: s_out[t] = data[t], zeros after its end.

    data: integers (steps, *shape). Unlike Lava's RingBuffer it does not start again, and time is the first axis.
    """

    def __init__(self, *, data: NDArray[Any], name: str | None = None) -> None:
        super().__init__(data=data, name=name)
        self.s_out = OutPort(shape=data.shape[1:])


@implements(proc=ArraySource, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "floating_pt")
class PyArraySourceModel(PyLoihiProcessModel):  # type: ignore[misc]
    """Reads the array that its Process was made with."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)

    def run_spk(self) -> None:
        """Send the row of this step."""
        data = self.proc_params["data"]
        step = self.time_step - 1
        self.s_out.send(data[step] if step < len(data) else np.zeros(data.shape[1:], np.int32))


class FeedSource(AbstractProcess):  # type: ignore[misc]
    """Plays what somebody writes into `feed` meanwhile: s_out[t] = feed[t % len(feed)].

    feed: integers (steps, *shape), in memory that is shared with the process that runs the model.
    """

    def __init__(self, *, feed: NDArray[Any], name: str | None = None) -> None:
        super().__init__(feed=feed, name=name)
        self.s_out = OutPort(shape=feed.shape[1:])


@implements(proc=FeedSource, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "floating_pt")
class PyFeedSourceModel(PyLoihiProcessModel):  # type: ignore[misc]
    """Reads the array that its Process was made with, which changes."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)

    def run_spk(self) -> None:
        """Send the row of this step."""
        feed = self.proc_params["feed"]
        self.s_out.send(feed[(self.time_step - 1) % len(feed)])


class Knot(AbstractProcess):  # type: ignore[misc]
    """Receives from two processes and does nothing.

    It ties parts of a network that are not connected: Lava 0.10.0 compiles one of them and drops the others silently.
    sizes: elements of the two ports.
    """

    def __init__(self, *, sizes: tuple[int, int], name: str | None = None) -> None:
        super().__init__(name=name)
        self.in_1 = InPort(shape=(sizes[0],))
        self.in_2 = InPort(shape=(sizes[1],))


@implements(proc=Knot, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyKnotModel(PyLoihiProcessModel):  # type: ignore[misc]
    """Takes the messages off the channels, which would otherwise fill."""

    in_1: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    in_2: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)

    def run_spk(self) -> None:
        """Receive."""
        self.in_1.recv()
        self.in_2.recv()
