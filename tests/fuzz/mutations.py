"""Damage to files: seeded, so that a case that fails can be made again; and what a reader may do with it."""

from __future__ import annotations

import resource
from dataclasses import dataclass, field

import numpy as np

from neurokit.errors import NeurokitError

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF)
WORDS = (0, 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)
SECONDS = 10.0  # of processor time for one file, with child processes
MEMORY = 2**30  # bytes that this process may grow by, over all files


def mutated(content: bytes, seed: int) -> bytes:
    """The content with one to six kinds of damage, mostly near its beginning, where headers are."""
    rng = np.random.default_rng(seed)
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 7))):
        if not data:
            break
        zone = int(rng.choice([64, 512, 4096, len(data)]))
        place = int(rng.integers(0, min(zone, len(data))))
        kind = int(rng.integers(0, 8))
        if kind == 0:
            data[place] ^= 1 << int(rng.integers(0, 8))
        elif kind == 1:
            data[place] = EXTREMES[int(rng.integers(0, len(EXTREMES)))]
        elif kind == 2:
            data[place] = int(rng.integers(0, 256))
        elif kind == 3:
            length = int(rng.choice([2, 4, 8]))
            word = WORDS[int(rng.integers(0, len(WORDS)))] % 256**length
            data[place : place + length] = word.to_bytes(length, "little" if rng.random() < 0.7 else "big")
        elif kind == 4:
            del data[place : place + int(rng.integers(1, 40))]
        elif kind == 5:
            data[place:place] = rng.bytes(int(rng.integers(1, 40)))
        elif kind == 6:
            other = int(rng.integers(0, len(data)))
            data[place:place] = data[other : other + int(rng.integers(1, 200))]
        elif rng.random() < 0.3:
            del data[int(rng.integers(0, len(data))) :]
    return bytes(data)


def change_bytes(content, seed, path):
    """Write the content to `path` with its bytes changed, as `mutated` says."""
    path.write_bytes(mutated(content, seed))


def processor_time():
    """Of this process and of the children that have ended."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in usage)


@dataclass
class Outcome:
    """What became of the files: read all the same, refused; `wrong`: what must not have happened, by seed.

    seconds: of processor time, without those of making the files. slowest: those of one file,
    of `slowest_seed`.
    """

    read: int = 0
    refused: int = 0
    wrong: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_seed: int = -1


def fuzz(kind, content, path, seeds):
    """Read each damaged file. Only our errors may come, each with a fact and a mend, and none may take long."""
    outcome, before = Outcome(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in seeds:
        kind.damage(content, seed, path)
        started = processor_time()
        try:
            kind.read(path)
            outcome.read += 1
        except NeurokitError as error:
            outcome.refused += 1
            if not all(fault.fact and fault.mend for fault in error.faults):
                outcome.wrong[seed] = f"a fault is not whole: {error}"
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, it should not have come out
            outcome.wrong[seed] = f"{type(error).__name__}: {error}"
        taken = processor_time() - started
        outcome.seconds += taken
        if taken > outcome.slowest:
            outcome.slowest, outcome.slowest_seed = taken, seed
        if taken > SECONDS:
            outcome.wrong[seed] = f"took {taken:.1f} s"
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    if grown > MEMORY:
        outcome.wrong[-1] = f"the process grew by {grown / 2**20:.0f} MB over all files"
    return outcome
