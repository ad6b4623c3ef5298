"""Driving Lava's compiled models in this process, without its runtime.

The models, their ports and the transformations between them are Lava's own, built by its own builders; only the
channels are ours. In Lava's spiking phase a model sends at most one message a step on each channel, received in the
same step, so a channel is a slot that remembers for which step it was filled. Models run one after the other. One
that needs a message that is not there yet stops there and runs again from the start later: connections send what they
have gathered before they receive, nothing else has changed by then, so they send the same once more. This holds for
all the models that `build` uses but those that learn: they count spikes and draw random numbers as they receive, so
they wait, once they have sent, until every message is there. The learning phase comes after the spiking phase of all
models, as in Lava. The phases for access to variables are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from lava.magma.compiler.channels.interfaces import AbstractCspRecvPort, AbstractCspSendPort, Channel
from lava.magma.compiler.executable import Executable
from lava.magma.core.model.py.connection import PyLearningConnection
from lava.magma.core.model.py.ports import PyInPort
from lava.magma.core.process.ports.ports import create_port_id
from numpy.typing import NDArray

from neurokit.errors import BackendError, Fault
from neurokit.hardware.lava.deadline import Deadline
from neurokit.hardware.lava.tape import Tapes

# Attributes of models that never change: some are as large as the network, the last two are Lava's own business.
CONSTANT = {"weights", "weight", "delays", "model_id", "phase"}


class _NotYet(Exception):
    """The message of this step has not been sent."""


class _Clock:
    """Counts steps over all samples, so that what an earlier sample left in a slot is never taken for new."""

    step = 0


class _Slot(Channel):  # type: ignore[misc]
    """Channel that holds the message of one step; takes the arguments of Lava's PyPyChannel."""

    def __init__(self, clock: Any, source: str, target: str, shape: Any, kind: Any, size: int, *watchdogs: Any) -> None:
        self.clock = clock
        self.shape = shape
        self.kind = kind
        self.filled = 0
        self.message: NDArray[Any] | None = None
        self._source, self._target = _SendPort(self, source), _ReceivePort(self, target)

    @property
    def src_port(self) -> _SendPort:
        """End of the sender."""
        return self._source

    @property
    def dst_port(self) -> _ReceivePort:
        """End of the receiver."""
        return self._target


class _Port:
    """What both ends share."""

    def __init__(self, slot: _Slot, name: str) -> None:
        self.slot = slot
        self._name = name

    @property
    def name(self) -> str:
        """Name of the Lava port."""
        return self._name

    @property
    def d_type(self) -> Any:
        """Type of the message's elements."""
        return self.slot.kind

    @property
    def shape(self) -> Any:
        """Shape of the message."""
        return self.slot.shape

    @property
    def size(self) -> int:
        """Messages held at once."""
        return 1

    def start(self) -> None:
        """Nothing to start."""

    def join(self) -> None:
        """Nothing to wait for."""


class _SendPort(_Port, AbstractCspSendPort):  # type: ignore[misc]
    def send(self, data: NDArray[Any]) -> None:
        """Store a copy in the channel's type, as Lava's shared memory does."""
        if data.shape != self.slot.shape:
            raise AssertionError(f"a message of shape {data.shape} on a channel of shape {self.slot.shape}")
        self.slot.message = np.array(data, dtype=self.slot.kind)
        self.slot.filled = self.slot.clock.step

    def probe(self) -> bool:
        """A slot can always be filled."""
        return True


class _ReceivePort(_Port, AbstractCspRecvPort):  # type: ignore[misc]
    def recv(self) -> NDArray[Any]:
        """The message of this step."""
        if not self.probe():
            raise _NotYet
        assert self.slot.message is not None, "a filled slot has a message"
        return self.slot.message

    def peek(self) -> NDArray[Any]:
        """The message of this step, which stays either way."""
        return self.recv()

    def probe(self) -> bool:
        """Whether the message of this step is there."""
        return bool(self.slot.filled == self.slot.clock.step)


class _Infrastructure:
    """Stands for Lava's message infrastructure when channels are built: gives ours for each kind asked for."""

    def __init__(self, clock: _Clock) -> None:
        self.clock = clock

    def channel_class(self, channel_type: Any) -> Any:
        """A maker of slots, called with this infrastructure first."""
        return lambda infrastructure, *arguments: _Slot(infrastructure.clock, *arguments)


class InProcess:
    """Models of a compiled network."""

    def __init__(self, executable: Executable) -> None:
        self._clock = _Clock()
        self._builders = executable.proc_builders
        self.models: list[tuple[str, Any]] = []
        infrastructure, watchdogs = _Infrastructure(self._clock), executable.watchdog_manager_builder.build()
        for builder in executable.channel_builders:  # as Runtime._build_channels does
            channel = builder.build(infrastructure, watchdogs)
            self._builders[builder.src_process].set_csp_ports([channel.src_port])
            target = self._builders[builder.dst_process]
            target.set_csp_ports([channel.dst_port])
            source_port = create_port_id(builder.src_process.id, builder.src_port_initializer.name)
            target.add_csp_port_mapping(source_port, channel.dst_port)

    def run(self, steps: int, tapes: Tapes, deadline: Deadline) -> None:
        """Run one sample from zero state."""
        self.start(tapes)
        self.advance(steps, deadline)

    def start(self, tapes: Tapes) -> None:
        """Go to zero state: models are built anew, the parameters of their processes read again."""
        self.models = []
        for process, builder in self._builders.items():
            model = builder.build()
            tapes.attach(process.name, model)
            self.models.append((process.name, model))

    def advance(self, steps: int, deadline: Deadline) -> None:
        """Run on for so many steps."""
        for _ in range(steps):
            self._step(self.models, deadline)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of all that models hold between two steps, Vars or not; nothing is on its way in a channel then."""
        return {f"{attribute}/{name}": np.array(value) for name, _, attribute, value in self._variables()}

    def restore(self, snapshot: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `snapshot` gave, here or from another compilation of the same network.

        Models of Lava scale some parameters in their first step and remember that they did: at least one step must lie
        behind, here and there. ValueError when the arrays are not the same in name and shape.
        """
        if shapes_of(self.snapshot()) != shapes_of(snapshot):
            raise ValueError("these are the variables of other models")
        for name, model, attribute, value in self._variables():
            given = snapshot[f"{attribute}/{name}"]
            if isinstance(value, np.ndarray):
                value[...] = given
            else:
                setattr(model, attribute, type(value)(given[()]))

    def _variables(self) -> Iterator[tuple[str, Any, str, Any]]:
        """(name, model, attribute, value) of every number and array that a model may change."""
        for name, model in self.models:
            for attribute, value in vars(model).items():
                if not attribute.startswith("_") and attribute not in CONSTANT and _may_change(value):
                    yield name, model, attribute, value

    def _step(self, models: list[tuple[str, Any]], deadline: Deadline) -> None:
        self._clock.step += 1
        for _, model in models:
            model.time_step += 1
        waiting = models
        for _ in range(len(models) + 1):
            waiting = [(name, model) for name, model in waiting if not self._try(name, model, deadline)]
            if not waiting:
                break
        else:
            raise AssertionError(f"models wait for each other: {[name for name, _ in waiting]}")
        for name, model in models:
            if model.lrn_guard():
                self._do(name, model, model.run_lrn)

    def _try(self, name: str, model: Any, deadline: Deadline) -> bool:
        """Run one step of a model; False when it needs a message that is not there yet."""
        deadline.check()
        if isinstance(model, PyLearningConnection):
            model.a_out.send(model.a_buff)
            if not all(port.probe() for port in model.py_ports if isinstance(port, PyInPort)):
                return False
        try:
            self._do(name, model, model.run_spk)
        except _NotYet:
            return False
        return True

    def _do(self, name: str, model: Any, phase: Callable[[], None]) -> None:
        try:
            phase()
        except _NotYet:
            raise
        except Exception as error:
            raise BackendError(
                Fault(
                    name,
                    f"its Lava model failed at step {model.time_step - 1}: {type(error).__name__}: {error}",
                    f"{type(model).__name__} raised it",
                    "Please report this; backend='simulator' does without Lava.",
                )
            ) from error


def shapes_of(snapshot: Mapping[str, NDArray[Any]]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of its arrays."""
    return {name: values.shape for name, values in snapshot.items()}


def _may_change(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.flags.writeable  # parameters of a Program are not
    return isinstance(value, np.generic | int | float)
