"""Neurons that hand a third factor to their plastic synapses: Lava ships none that sends y1 to y3.

The signals are those of `graph.signals`: in the fixed-point models as `lower.fixedpoint.signals` says, of a Program's
neuron and FixedSignals; in the float ones as `lower.signals_float` says, of a Network's neuron and Signals. CPU only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from numpy.typing import NDArray

from neurokit.graph.fixed_plasticity import FixedSignal
from neurokit.graph.neurons import FixedNeuron, Neuron
from neurokit.graph.plasticity import Signal
from neurokit.graph.signals import MODULATION, REWARD
from neurokit.hardware.lava.plastic import MAX_SIGNALS
from neurokit.hardware.lava.processes.basic import (
    FLOAT_STATE,
    STATE,
    OwnNeuron,
    PyOwnFloatModel,
    PyOwnNeuronModel,
    States,
)
from neurokit.lower.fixedpoint.signals import NAMES, IntegerSignal, Moment, integer_signal, signal_step
from neurokit.lower.signals_float import FloatSignals


class ThirdFactorNeuron(OwnNeuron):
    """A neuron that tells its synapses of its spikes and signals in every step; a subclass says which states it has.

    signals: at most MAX_SIGNALS, sent on s_out_y1, s_out_y2 ... in this order; connect them to s_in_y1 to s_in_y3 of a
    LearningDense, s_out_bap to its s_in_bap. a_third_factor_in, a_reward_in: where what the signals "modulation..." and
    "reward" hear arrives. v_out: v after the step, in which a readout's learning signal is read. For other arguments
    see OwnNeuron. Ports have the population's shape.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...],
        neuron: Neuron,
        signals: tuple[FixedSignal | Signal, ...] = (),
        dt: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(shape=shape, neuron=neuron, dt=dt, name=name)
        assert len(signals) <= MAX_SIGNALS, "the caller counted them"
        self.proc_params["signals"] = signals
        self.a_third_factor_in = InPort(shape=shape)
        self.a_reward_in = InPort(shape=shape)
        self.s_out_bap = OutPort(shape=shape)
        self.v_out = OutPort(shape=shape)
        for number in range(MAX_SIGNALS):
            setattr(self, f"s_out_y{number + 1}", OutPort(shape=shape))
        self.memory = Var(shape=(MAX_SIGNALS, int(np.prod(shape))), init=0)


class PlainThirdFactorNeuron(ThirdFactorNeuron):
    """With states u and v: LoihiLIF and its relatives of that kind; IF, LIF, CubaLIF."""


class RefractoryThirdFactorNeuron(ThirdFactorNeuron):
    """With a refractory period: LoihiRefractoryLIF; IF, LIF, CubaLIF with a period."""


class AdaptiveThirdFactorNeuron(ThirdFactorNeuron):
    """LoihiALIF; ALIF."""


def _integers() -> Any:
    return LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)


def _floats() -> Any:
    return LavaPyType(PyOutPort.VEC_DENSE, float)


class _Sends(PyLoihiProcessModel):  # type: ignore[misc]
    """What models of both kinds do; `shape` is the population's."""

    s_out: PyOutPort
    s_out_bap: PyOutPort
    v_out: PyOutPort
    v: NDArray[Any]

    def tell(self, sent: NDArray[Any], signals: list[NDArray[Any]]) -> None:
        """Send everything, s_out last: who takes notes of the step does so then."""
        for number in range(MAX_SIGNALS):
            value = signals[number] if number < len(signals) else np.zeros(sent.size)
            getattr(self, f"s_out_y{number + 1}").send(value.reshape(sent.shape))
        self.s_out_bap.send(sent != 0)
        self.v_out.send(self.v)
        self.s_out.send(sent)


class PyThirdFactorModel(PyOwnNeuronModel, _Sends):
    """Base of the fixed-point models."""

    a_third_factor_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    a_reward_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out_bap: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    v_out: PyOutPort = _integers()
    s_out_y1: PyOutPort = _integers()
    s_out_y2: PyOutPort = _integers()
    s_out_y3: PyOutPort = _integers()
    s_out_y4: PyOutPort = _integers()
    s_out_y5: PyOutPort = _integers()
    s_out_y6: PyOutPort = _integers()
    s_out_y7: PyOutPort = _integers()
    s_out_y8: PyOutPort = _integers()
    s_out_y9: PyOutPort = _integers()
    memory: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=24)
    v: NDArray[np.int32] = STATE

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        shape = proc_params["shape"]
        self._flat: Any = _flat(proc_params["neuron"], shape)
        made = [integer_signal(signal, self._flat, int(np.prod(shape))) for signal in proc_params["signals"]]
        self._groups: list[dict[str, IntegerSignal]] = [
            dict(zip(NAMES, made[start : start + len(NAMES)], strict=False))
            for start in range(0, len(made), len(NAMES))
        ]

    def run_spk(self) -> None:
        """One step: everything is received before anything changes."""
        a_in = self.received()
        arrived = {MODULATION: self.a_third_factor_in.recv(), REWARD: self.a_reward_in.recv()}
        before, after, sent = self.advance(a_in)
        moment = Moment(
            step=self.time_step - 1,
            before=_rows(before),
            after=_rows(after),
            sent=sent.ravel().astype(np.int64),
            arrived={port: values.ravel().astype(np.int64) for port, values in arrived.items()},
        )
        signals: list[NDArray[Any]] = []
        for group, given in enumerate(self._groups):
            rows = slice(len(NAMES) * group, len(NAMES) * (group + 1))
            values, self.memory[rows] = signal_step(given, self._flat, self.memory[rows].astype(np.int64), moment)
            signals += list(values)
        self.tell(sent, signals)


class PyThirdFactorFloatModel(PyOwnFloatModel, _Sends):
    """Base of the float models."""

    a_third_factor_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    a_reward_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out_bap: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    v_out: PyOutPort = _floats()
    s_out_y1: PyOutPort = _floats()
    s_out_y2: PyOutPort = _floats()
    s_out_y3: PyOutPort = _floats()
    s_out_y4: PyOutPort = _floats()
    s_out_y5: PyOutPort = _floats()
    s_out_y6: PyOutPort = _floats()
    s_out_y7: PyOutPort = _floats()
    s_out_y8: PyOutPort = _floats()
    s_out_y9: PyOutPort = _floats()
    memory: NDArray[np.float64] = FLOAT_STATE
    v: NDArray[np.float64] = FLOAT_STATE

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        shape, neuron, dt = proc_params["shape"], proc_params["neuron"], proc_params["dt"]
        named = {f"y{number + 1}": signal for number, signal in enumerate(proc_params["signals"])}
        self._signals = FloatSignals(named, neuron, shape, (int(np.prod(shape)),), dt)

    def run_spk(self) -> None:
        """One step."""
        arrived = {
            MODULATION: self.a_third_factor_in.recv().ravel(),
            REWARD: self.a_reward_in.recv().ravel(),
        }
        before, after, sent = self.advance(self.a_in.recv())
        values = self._signals.evaluate(_rows(before), _rows(after), sent.ravel(), arrived)
        self.tell(sent, list(values.values()))


def _rows(states: States) -> dict[str, NDArray[Any]]:
    return {name: np.asarray(values).ravel() for name, values in states.items()}


def _flat(neuron: FixedNeuron, shape: tuple[int, ...]) -> FixedNeuron:
    """The neuron with its parameters flattened as the population is."""
    arrays: dict[str, Any] = {
        name: np.broadcast_to(value, shape).ravel()
        for name, value in vars(neuron).items()
        if isinstance(value, np.ndarray) and value.ndim
    }
    return replace(neuron, **arrays)


@implements(proc=PlainThirdFactorNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyPlainThirdFactorModel(PyThirdFactorModel):
    """See the base."""

    u: NDArray[np.int32] = STATE


@implements(proc=PlainThirdFactorNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyPlainThirdFactorFloatModel(PyThirdFactorFloatModel):
    """See the base."""

    u: NDArray[np.float64] = FLOAT_STATE


@implements(proc=RefractoryThirdFactorNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRefractoryThirdFactorModel(PyThirdFactorModel):
    """See the base."""

    u: NDArray[np.int32] = STATE
    refractory: NDArray[np.int32] = STATE


@implements(proc=RefractoryThirdFactorNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyRefractoryThirdFactorFloatModel(PyThirdFactorFloatModel):
    """See the base."""

    u: NDArray[np.float64] = FLOAT_STATE
    refractory: NDArray[np.float64] = FLOAT_STATE


@implements(proc=AdaptiveThirdFactorNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyAdaptiveThirdFactorModel(PyThirdFactorModel):
    """See the base."""

    u: NDArray[np.int32] = STATE
    adaptation: NDArray[np.int32] = STATE
    refractory: NDArray[np.int32] = STATE
    spike: NDArray[np.int32] = STATE


@implements(proc=AdaptiveThirdFactorNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyAdaptiveThirdFactorFloatModel(PyThirdFactorFloatModel):
    """See the base."""

    u: NDArray[np.float64] = FLOAT_STATE
    adaptation: NDArray[np.float64] = FLOAT_STATE
    refractory: NDArray[np.float64] = FLOAT_STATE
    spike: NDArray[np.float64] = FLOAT_STATE
