"""The causes of a Program's loss against its Network: each alone, and all but each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.causes.variants import CAUSES, OVERFLOW, TIMING, Pair, Switches, idle, pair, scales_of, variant
from neurokit.graph.network import Network, Program
from neurokit.hardware.base import Progress
from neurokit.hardware.simulator.backend import Simulator
from neurokit.lower.scale import UNIT
from neurokit.profiling.attribution import Attribution, CauseLoss
from neurokit.profiling.comparing import depth_order
from neurokit.profiling.trains import TIME_CONSTANT, relative_distance, relative_error
from neurokit.profiling.values import values
from neurokit.records import Recording

FLOAT_SUMS = "float sums"
PAYLOADS = "payloads"
NAMES = "network", "program"


def attribute(
    network: Network,
    program: Program,
    inputs: Mapping[str, NDArray[Any]],
    steps: int,
    *,
    tau: float = TIME_CONSTANT,
    progress: Progress | None = None,
) -> Attribution:
    """Run the forms between `network` and `program` on `inputs` (name -> (batch, time, *shape)) for `steps` steps.

    About 20 runs. tau: of the distance, in steps. progress: told the runs that are done, and of how many at the most.
    See Attribution for what is measured.
    """
    samples = next(iter(inputs.values())).shape[0]
    both = pair(network, program)
    if isinstance(both, str):
        return Attribution(*NAMES, samples, tau, skipped=both)
    return _Ladder(both, network, inputs, steps, tau, progress).climb()


@dataclass(eq=False)
class _Ladder:
    both: Pair
    network: Network
    inputs: Mapping[str, NDArray[Any]]
    steps: int
    tau: float
    progress: Progress | None = None
    done: int = 0

    def climb(self) -> Attribution:
        """Source, no cause, each cause, all but each, all."""
        source = self._values(self.network, False, self.network.populations)
        nothing = self._variant(lambda *_: False, False)
        recording = self._run(self.both.program, True, tuple(self.network.outputs))
        everything = self._aligned(recording, True, self.network.outputs)
        rounded = self._variant(lambda *_: True, True) if self.both.cut else None
        idle_here = self._idle(recording)
        whole, same = self._loss(nothing, everything)
        causes = [self._cause(cause, nothing, whole, idle_here.get(cause, "")) for cause in CAUSES]
        loss, same = self._loss(source, everything)
        causes.append(self._float_sums(source, nothing, whole, loss))
        if rounded is not None:
            causes.append(self._payloads(nothing, rounded, everything))
        parts = [_part(c, loss if c.cause == FLOAT_SUMS else whole) for c in causes]
        total = sum(parts)
        shared = [replace(c, share=part / total if total else 0.0) for c, part in zip(causes, parts, strict=True)]
        shared.sort(key=lambda cause: -cause.share)
        found = Attribution(*NAMES, self._samples, self.tau, loss, same, tuple(shared) if loss else ())
        layers = self._layers(found.largest, nothing)
        if self.progress is not None:  # idle causes need no runs
            self.progress(self._most, self._most)
        return replace(found, layers=layers)

    @property
    def _most(self) -> int:
        """Runs at the most: both ends, rounded payloads, each cause alone and all but it, the largest a layer each."""
        return 4 + 2 * len(CAUSES) + len(self.both.network.populations)

    @property
    def _samples(self) -> int:
        return int(next(iter(self.inputs.values())).shape[0])

    def _cause(self, cause: str, nothing: _Outputs, whole: float, reason: str) -> CauseLoss:
        if reason:
            return CauseLoss(cause, 0.0, whole, 0.0, idle=reason)
        alone = self._variant(lambda c, _: c == cause, cause == TIMING)
        without = self._variant(lambda c, _: c != cause, cause != TIMING)
        lost, same = self._loss(nothing, alone)
        rest, same_rest = self._loss(nothing, without)
        return CauseLoss(cause, lost, rest, 0.0, self._enters(nothing, alone), same, same_rest)

    def _float_sums(self, source: _Outputs, nothing: _Outputs, whole: float, loss: float) -> CauseLoss:
        """What the source's float sums decide otherwise than the same sums in the chip's units."""
        lost, same = self._loss(source, nothing)
        if lost == 0:
            return CauseLoss(FLOAT_SUMS, 0.0, loss, 0.0, idle="there are none")
        return CauseLoss(FLOAT_SUMS, lost, whole, 0.0, self._enters(source, nothing), same, None)

    def _payloads(self, nothing: _Outputs, rounded: _Outputs, everything: _Outputs) -> CauseLoss:
        """What is left between the floats with all other causes and the Program: payloads and sums in whole units."""
        lost, same = self._loss(rounded, everything)
        rest, same_rest = self._loss(nothing, rounded)
        return CauseLoss(PAYLOADS, lost, rest, 0.0, None, same, same_rest)

    def _idle(self, recording: Recording) -> dict[str, str]:
        found = idle(self.both)
        if recording.overflows is not None and not any(
            o.current or o.sums or o.saturated for o in recording.overflows.values()
        ):
            found[OVERFLOW] = "nothing wrapped or saturated"
        return found

    def _layers(self, largest: CauseLoss | None, nothing: _Outputs) -> tuple[tuple[str, float], ...]:
        """The largest cause in one population at a time; of timing and float sums there is no such part."""
        if largest is None or largest.cause in (TIMING, FLOAT_SUMS, PAYLOADS):
            return ()
        found = []
        for name in depth_order(self.both.network):
            only = self._variant(lambda c, p, name=name: c == largest.cause and p == name, False)  # type: ignore[misc]
            found.append((name, self._loss(nothing, only)[0]))
        return tuple(found)

    def _variant(self, on: Switches, timed: bool) -> _Outputs:
        return self._values(variant(self.both, on), timed, self.both.network.populations)

    def _values(self, graph: Network | Program, timed: bool, names: Mapping[str, Any]) -> _Outputs:
        return self._aligned(self._run(graph, timed, tuple(names)), timed, names)

    def _run(self, graph: Network | Program, timed: bool, names: Sequence[str]) -> Recording:
        steps = self.steps + (max(self.both.program.latency.values(), default=0) if timed else 0)
        silent = [(name, "v") for name in names if not self.network.populations[name].neuron.spiking]
        inputs = self.inputs
        if graph is self.both.program and self.both.program.input_scale:
            inputs = self.both.program.scaled(inputs)
        recording = Simulator().run(graph, inputs, steps, (*names, *silent))
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self._most)
        return recording

    def _aligned(self, recording: Recording, timed: bool, names: Mapping[str, Any]) -> _Outputs:
        """Spikes, or v of readouts in the source's units from rest, over the steps of the input."""
        scales = scales_of(self.both.program)
        found = {}
        for name in names:
            lag = self.both.program.latency[name] if timed else 0
            if self.network.populations[name].neuron.spiking:  # graded ones, too
                sent = recording.spikes[name]
                if name in self.both.graded:
                    unit = self.both.payloads[name] if recording.program is self.both.program else 1.0
                    sent = values(self.network.populations[name].neuron, sent) / unit
                found[name] = sent[:, lag : lag + self.steps]
                continue
            v = recording.states[name, "v"][:, lag : lag + self.steps]
            rest = getattr(self.network.populations[name].neuron, "v_leak", np.zeros(()))
            found[name] = v - rest if recording.program is self.network else v / (scales[name] * UNIT)
        return found

    def _loss(self, reference: _Outputs, candidate: _Outputs) -> tuple[float, float | None]:
        """Of the outputs: loss, and the share of samples that are decided alike."""
        squares, alike = [], np.ones(self._samples, bool)
        decided = False
        for name in self.network.outputs:
            spiking, before, after = self._spiking(name), reference[name], candidate[name]
            lost = relative_distance(before, after, self.tau) if spiking else relative_error(before, after)
            squares.append(0.0 if lost < TINY else min(lost, MOST) ** 2)
            if self.network.populations[name].size > 1:
                decided = True
                alike &= _decided(before, spiking) == _decided(after, spiking)
        return math.sqrt(sum(squares) / len(squares)), float(alike.mean()) if decided else None

    def _enters(self, reference: _Outputs, candidate: _Outputs) -> str | None:
        for name in depth_order(self.network):
            before, after = reference[name], candidate[name]
            if (before != after).any() if self._spiking(name) else not np.allclose(before, after, rtol=TINY, atol=TINY):
                return name
        return None

    def _spiking(self, name: str) -> bool:
        """Whether it sends spikes; of others values are compared."""
        return self.network.populations[name].neuron.spiking and name not in self.both.graded


_Outputs = dict[str, NDArray[Any]]  # population -> (batch, steps, *shape)
TINY = 1e-9  # what float sums in another order change of a readout's v
MOST = 1e6  # where the reference is silent a loss is infinite, which no share can be made of


def _part(cause: CauseLoss, whole: float) -> float:
    """What a cause takes: see `Attribution`."""
    return 0.0 if cause.idle else (cause.alone + max(0.0, whole - cause.without)) / 2


def _decided(sent: NDArray[Any], spiking: bool) -> NDArray[np.int64]:
    scores = sent.sum(axis=1, dtype=np.int64) if spiking else sent[:, -1]
    return np.asarray(scores.reshape(len(scores), -1).argmax(axis=1))
