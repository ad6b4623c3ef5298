"""The parts of a graph over one block, by one thread or by several.

With several threads the parts work as on a conveyor belt: each takes the steps that those before it have finished, so
that different layers compute different steps at the same time. Where one part has most of the work, threads share the
rows of its synapses instead (`team.Work`), and where most of the work is in convolutions with LIF neurons, they share
the neurons of one after the other (`layers`), for a whole block at once.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from neurokit.hardware.simulator.chain import how_many, run_together
from neurokit.hardware.simulator.parts import Part, States
from neurokit.hardware.simulator.team import WORTH, Team

FEWEST_CHUNKS = 8  # of a block, for a belt that is well filled
CHUNK_SECONDS = 4e-3  # of work between two looks at the belt, where threads may wait for each other and Python's lock
HEAVY = 0.75  # share of all work from which one part is better shared than set beside others

ALONE = Team(1)


def run_parts(parts: Sequence[Part], steps: int, now: int, states: States, team: Team) -> None:
    """Run a block of `steps` steps that begins at step `now`; parts are in topological order."""
    done = 0
    if team.size > 1 and not all(part.seconds_per_step for part in parts):
        done = min(steps, *(part.steps_at_once for part in parts))  # to learn what each part costs
        _in_turn(parts, 0, done, now, states, team)
    costs = [part.seconds_per_step for part in parts]
    work = sum(costs) * (steps - done)
    divided = sum(part.seconds_per_step for part in parts if part.divides)
    if team.size > 1 and work > 2 * WORTH and max(divided, *costs) < HEAVY * sum(costs):
        team.run([_Belt(parts, done, steps, now, states, team.size).work] * team.size)
    else:
        _in_turn(parts, done, steps, now, states, team)


def _in_turn(parts: Sequence[Part], start: int, stop: int, now: int, states: States, team: Team) -> None:
    left = list(parts)
    while left:
        several = how_many(left, start, stop, states)
        if several > 1:
            run_together(left[:several], start, stop, now, states, team)
        else:
            _run_alone(left[0], start, stop, now, states, team)
        left = left[several:]


def _run_alone(part: Part, start: int, stop: int, now: int, states: States, team: Team) -> None:
    width = max(1, stop - start) if part.whole else part.steps_at_once
    for first in range(start, stop, width):
        part.run(first, min(first + width, stop), now, states, team)


class _Belt:
    """How far each part has come; any number of threads call `work`, and return when all is done or one has failed."""

    def __init__(self, parts: Sequence[Part], start: int, stop: int, now: int, states: States, threads: int) -> None:
        self._parts = parts
        self._start = start
        self._stop = stop
        self._now = now
        self._states = states
        self._costs = [part.seconds_per_step for part in parts]
        self._most = max(1, (stop - start) // (FEWEST_CHUNKS * (threads - 1)))
        self._done = [start] * len(parts)
        self._busy = [False] * len(parts)
        owner = {name: k for k, part in enumerate(parts) for name in part.names}
        self._before = [{owner[name] for name in part.feeders if name in owner} - {k} for k, part in enumerate(parts)]
        self._changed = threading.Condition()
        self._failed = False

    def work(self) -> None:
        """Take chunks as long as there are any; after an error or an interrupt nobody takes one any more."""
        try:
            while (taken := self._take()) is not None:
                number, last = taken
                self._parts[number].run(self._done[number], last, self._now, self._states, ALONE)
                with self._changed:
                    self._done[number] = last
                    self._busy[number] = False
                    self._changed.notify_all()
        except BaseException:
            with self._changed:
                self._failed = True
                self._changed.notify_all()
            raise

    def _take(self) -> tuple[int, int] | None:
        """A part that is free and fed, and the step up to which it may go; None when nothing is left."""
        with self._changed:
            while not self._failed and min(self._done) < self._stop:
                goals = {k: self._goal(k) for k in range(len(self._parts)) if not self._busy[k]}
                ready = [k for k, goal in goals.items() if self._is_ready(k, goal)]
                if ready:  # the one with the most work ahead, on which the end is likeliest to wait
                    number = max(ready, key=lambda k: self._costs[k] * (self._stop - self._done[k]))
                    self._busy[number] = True
                    return number, goals[number]
                self._changed.wait()
            return None

    def _goal(self, number: int) -> int:
        """Few steps at the beginning and end of a block, when others wait for this part, more between."""
        done, part = self._done[number], self._parts[number]
        least = max(1, int(WORTH / part.seconds_per_step))
        most = max(least, min(self._most, int(CHUNK_SECONDS / part.seconds_per_step)))
        ramp = min(1 + done - self._start, (self._stop - done) // 2)
        return min(done + min(most, max(least, ramp), part.steps_on_belt), self._stop)

    def _is_ready(self, number: int, goal: int) -> bool:
        return self._done[number] < goal and all(self._done[k] >= goal for k in self._before[number])
