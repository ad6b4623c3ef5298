"""What a run leaves behind."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError, NotRecordedError
from neurokit.files import written_aside
from neurokit.measurements import Measured

Key = TypeVar("Key")
RAILED = 0.2  # share of a projection's weights, beyond which a user is told; bimodal rules bring some there on purpose


class Recorded(Mapping[Key, NDArray[Any]], Generic[Key]):
    """Arrays by name; asking for one that was not recorded says which ones were."""

    def __init__(self, arrays: Mapping[Key, NDArray[Any]], what: str) -> None:
        self._arrays = dict(arrays)
        self._what = what

    def __getitem__(self, key: Key) -> NDArray[Any]:
        if key in self._arrays:
            return self._arrays[key]
        raise NotRecordedError(
            Fault(
                str(key),
                f"its {self._what} were not recorded",
                f"recorded: {', '.join(map(str, self._arrays)) or 'none'}",
                f"Add it to record=, e.g. record=({key!r},).",
            )
        )

    def __repr__(self) -> str:
        return f"<{self._what}: {', '.join(map(str, self._arrays)) or 'none'}>"

    def __contains__(self, key: object) -> bool:
        return key in self._arrays

    def __iter__(self) -> Iterator[Key]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


@dataclass(frozen=True)
class Overflow:
    """How often integers of one population left their range, over all steps, samples and neurons.

    current: times that u left 24 bits and wrapped. sums: times that a sum of synapses did (24 bits of a convolution's
    result, 32 of any other). saturated: times that v, or another state that the chip clips, was clipped; no fault.
    states: times that a graded neuron's states, or what it sends, left 24 bits, in any number at once; on the CPU they
    go on to 32 bits.
    """

    current: int = 0
    saturated: int = 0
    sums: int = 0
    states: int = 0


def wraps(overflows: Mapping[str, Overflow]) -> list[Fault]:
    """What wrapped, population by population; saturation is none of it."""
    faults = []
    for name, overflow in overflows.items():
        if overflow.current:
            fact = f"its current u wrapped {overflow.current} times"
            limit = "u has 24 bits: beyond 2**23 it comes back from the other side, on the chip as here"
            mend = "Scale its weights or payloads down, or let u decay faster."
            faults.append(Fault(name, fact, limit, mend))
        if overflow.sums:
            fact = f"sums of its synapses wrapped {overflow.sums} times"
            limit = "a convolution's result has 24 bits, any other sum 32"
            faults.append(Fault(name, fact, limit, "Scale its weights or the payloads it is sent down."))
        if overflow.states:
            fact = f"its states or messages left 24 bits {overflow.states} times"
            limit = "the chip holds 24 bits, Lava's models on the CPU 32: they differ from here on"
            faults.append(Fault(name, fact, limit, "Compile with calibrate= of such data, or scale the input down."))
    return faults


@dataclass(frozen=True, eq=False, repr=False)
class Recording:
    """Spikes, states and counters of one run; index t is Lava's time_step t + 1, states are after spike and reset.

    program: what ran (a Program, or a Network in float semantics); where it learned, with its weights as they are
        after the last step that was done. InputError with several learners: each has one of its own, in `programs`.
    steps: steps per sample. batch: samples, None when a single unbatched sample was given (arrays then have no batch
        axis).
    spikes: name -> (batch, steps, *shape): 0/1 uint8, or payloads (int32 of a Program, float64 of a Network) of
        graded neurons; outputs always.
    states: (name, state) -> (batch, steps, *shape), int32 of a Program, float64 of a Network; see `neuron.states`.
    counts: name -> (batch, *shape) int64: spikes (of graded neurons: payloads that are not zero) of every population
        and input, per neuron, summed over steps; kept whatever was recorded.
    step_counts: name -> (steps,) int64: the same, summed over neurons and samples.
    backend: name of what ran it. seconds: wall time of the run.
    steps_done: None when all is there. Of a run that was interrupted, (batch,) int64 (a number without batch): steps
        that each sample has done. `steps` is then the largest of them, and what a sample has not done is zero.
    programs: by learner; of one learner, and of what does not learn, `program` alone.
    updates: projection that learned -> (learners,) int64: evaluations of a weight with an open gate, once for
        each such gate; empty where nobody counted.
    rails: projection -> `graph.learned.Rails`, how many weights sit at a bound.
    record_every: steps between two records of variables of plastic projections. states[("a->b", "weight")] is
        (batch, steps // record_every, targets, sources), entry k after step (k + 1) record_every of a sample; "tag" and
        "tag2" are alike, traces ("x1", or by their names in a Network) have one value a neuron.
    measured: figures of a board's own probes, None where nothing was measured; a file (nk.run(to=)) does not hold them.
    overflows: population -> Overflow of the simulator's runs of Programs; None where nothing is counted (Lava's models
        wrap without a word, floats do not wrap).

    Of a recording that lies in a file (nk.run(to=), nk.load_recording) spikes and states are read when they are
    indexed: `rec.spikes["out"][0, :100]` reads so much; numpy's functions, and `[:]`, read all.
    """

    program: Any
    steps: int
    batch: int | None
    spikes: Recorded[str]
    states: Recorded[tuple[str, str]]
    counts: Mapping[str, NDArray[np.int64]]
    step_counts: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    backend: str = "simulator"
    seconds: float = 0.0
    steps_done: NDArray[np.int64] | None = None
    overflows: Mapping[str, Overflow] | None = None
    programs: tuple[Any, ...] = ()
    updates: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    rails: Mapping[str, Any] = field(default_factory=dict)
    record_every: int | None = None
    measured: Measured | None = None

    def __post_init__(self) -> None:
        if not self.programs:
            object.__setattr__(self, "programs", (self.program,))

    @property
    def complete(self) -> bool:
        """Whether every sample has done all its steps."""
        return self.steps_done is None

    def wraps(self) -> list[Fault]:
        """What wrapped, population by population; saturation is none of it."""
        return wraps(self.overflows or {})

    def railed(self) -> list[Fault]:
        """Projections of which learning brought more than RAILED of the weights to a bound."""
        return [
            Fault(
                name,
                f"{rails.new} of {rails.total} weights ({rails.share:.0%}) have come to a bound of the rule",
                f"{rails.low} sit at the lower bound, {rails.high} at the upper one, where they can learn one way only",
                "Widen bounds=, lower the rule's rates, or let the change depend on the weight.",
            )
            for name, rails in self.rails.items()
            if rails.share > RAILED
        ]

    def __repr__(self) -> str:
        samples = "one sample" if self.batch is None else f"{self.batch} samples"
        state = "" if self.complete else ", not complete"
        return f"<Recording by {self.backend}: {samples}, {self.steps} steps{state}, {self.spikes!r}, {self.states!r}>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the arrays as .npz: spikes/NAME, states/NAME/u, counts/NAME, and steps_done where it is not complete.

        OutputError when it cannot be written.
        """
        arrays = {f"spikes/{name}": values for name, values in self.spikes.items()}
        arrays |= {f"states/{name}/{state}": values for (name, state), values in self.states.items()}
        arrays |= {f"counts/{name}": values for name, values in self.counts.items()}
        if self.steps_done is not None:
            arrays["steps_done"] = np.asarray(self.steps_done)
        with written_aside(path) as aside, aside.open("wb") as file:
            np.savez_compressed(file, **arrays)

    def aligned(self, name: str, state: str | None = None) -> NDArray[Any]:
        """Spikes of `name`, or one of its states, without the steps before its first input can arrive.

        (batch, steps - latency, *shape). Of a Program that holds each frame (`steps_per_frame`), a step a frame: the
        one in which the frame has arrived by all ways, (batch, frames, *shape); InputError where the run is no whole
        number of frames.
        """
        latency = int(getattr(self.program, "latency", {}).get(name, 0))
        every = int(getattr(self.program, "steps_per_frame", 1))
        if self.steps % every:
            fact, limit = f"has {self.steps} steps", f"the Program holds each frame for {every}"
            raise InputError(Fault("run", fact, limit, "Run it on program.presented(frames)."))
        values = self.spikes[name] if state is None else self.states[name, state]
        return values[latency::every] if self.batch is None else values[:, latency::every]


class _OneProgram:
    """`Recording.program`: an error where each of several learners has one of its own."""

    def __get__(self, recording: Any, owner: type) -> Any:
        if recording is None:
            return self
        found = recording.__dict__["program"]
        if found is None:
            fact = f"{len(recording.programs)} learners ran, each with weights of its own"
            mend = "Use recording.programs[k], k counting the learners."
            raise InputError(Fault("recording.program", fact, "there is no single Program after that", mend))
        return found

    def __set__(self, recording: Any, value: Any) -> None:
        recording.__dict__["program"] = value


Recording.program = _OneProgram()
