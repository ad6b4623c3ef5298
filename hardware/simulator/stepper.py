"""A network in the simulator that carries its state from call to call."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.network import Network, Program
from neurokit.hardware.base import Block, RecordKey, Snapshot
from neurokit.hardware.simulator.blocks import batch_first, kernel_type, out_of_time, time_first
from neurokit.hardware.simulator.engine import Engine
from neurokit.hardware.simulator.team import Team, one_blas_thread
from neurokit.lower.fold import fold
from neurokit.recorder import wanted


class SimulatorStepper:
    """See `hardware.base.Stepper`. One Engine holds all samples."""

    def __init__(
        self,
        program: Program | Network,
        batch: int,
        record: tuple[RecordKey, ...],
        time_limit: float | None,
        threads: int,
    ) -> None:
        graph, biases = (program, None) if isinstance(program, Program) else fold(program)
        self._integer = isinstance(program, Program)
        self._engine = Engine(graph, batch, biases, Team(threads))
        self._limits_blas = self._engine.uses_blas  # it takes some 30 us to say so, a quarter of a small step
        keys = [array.key for array in wanted(graph, batch, 0, record)]
        self._spikes = [key for key in keys if isinstance(key, str)]
        self._states = [key for key in keys if isinstance(key, tuple)]
        self._shapes = {name: population.shape for name, population in graph.populations.items()}
        self._time_limit = time_limit

    def advance(self, inputs: Mapping[str, NDArray[Any]], steps: int) -> Block:
        """See `Stepper.advance`."""
        with one_blas_thread() if self._limits_blas else nullcontext():
            return self._advance(inputs, steps)

    def _advance(self, inputs: Mapping[str, NDArray[Any]], steps: int) -> Block:
        started = time.monotonic()
        kinds = {name: kernel_type(values, self._integer, self._engine.team) for name, values in inputs.items()}
        parts = []
        for start in range(0, steps, self._engine.block):
            self._check_time(started, start, steps)
            stop = min(start + self._engine.block, steps)
            given: dict[str, NDArray[Any]] = {
                name: time_first(v, start, stop).astype(kinds[name], copy=False) for name, v in inputs.items()
            }
            parts.append(self._block(given, stop - start))
        return parts[0] if len(parts) == 1 else _joined(parts)

    def _block(self, given: Mapping[str, NDArray[Any]], steps: int) -> Block:
        engine = self._engine
        states = engine.advance(given, steps, self._states)
        engine.take_step_counts()  # nobody asks for them; kept, they would grow for ever
        return Block(
            {name: batch_first(engine.output(name), self._shapes[name]).copy() for name in self._spikes},
            {key: batch_first(values, self._shapes[key[0]]) for key, values in states.items()},
            engine.take_overflows() if self._integer else None,
        )

    def _check_time(self, started: float, step: int, steps: int) -> None:
        if self._time_limit is not None and time.monotonic() - started > self._time_limit:
            raise out_of_time(self._time_limit, step, steps)

    def reset(self) -> None:
        """See `Stepper.reset`."""
        self._engine.clear()

    def snapshot(self) -> Snapshot:
        """See `Stepper.snapshot`."""
        return self._engine.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """See `Stepper.restore`."""
        if _shapes(snapshot) != _shapes(self._engine.snapshot()):
            raise ValueError("these are the arrays of another network")
        self._engine.restore(snapshot)

    def learned(self) -> dict[str, NDArray[Any]]:
        """See `hardware.base.Learns`."""
        return {name: plastic.weights() for name, plastic in self._engine.plastic.items()}

    def close(self) -> None:
        """Nothing is held but memory."""


def _joined(parts: list[Block]) -> Block:
    overflows: dict[str, NDArray[Any]] = {}
    for part in parts:
        for name, found in (part.overflows or {}).items():
            overflows[name] = overflows.get(name, 0) + found
    return Block(
        {name: np.concatenate([part.spikes[name] for part in parts], axis=1) for name in parts[0].spikes},
        {key: np.concatenate([part.states[key] for part in parts], axis=1) for key in parts[0].states},
        None if parts[0].overflows is None else overflows,
    )


def _shapes(snapshot: Snapshot) -> dict[str, tuple[int, ...]]:
    return {name: values.shape for name, values in snapshot.items()}
