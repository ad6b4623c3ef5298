"""Damage to files: seeded, so that a case that fails can be made again; and what a reader may do with it."""

from __future__ import annotations

import resource

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


def processor_time():
    """Of this process and of the children that have ended."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in usage)


def fuzz(read, content, path, seeds):
    """Read each damaged file; how many were read all the same. Only our errors may come, and none may take long."""
    fine, before = 0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in seeds:
        path.write_bytes(mutated(content, seed))
        started = processor_time()
        try:
            read(path)
            fine += 1
        except NeurokitError as error:
            if not all(fault.fact and fault.mend for fault in error.faults):
                raise AssertionError(f"seed {seed}: a fault is not whole: {error}") from error
        except BaseException as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
        taken = processor_time() - started
        assert taken < SECONDS, f"seed {seed}: {taken:.1f} s"
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    assert grown < MEMORY, f"grew by {grown / 2**20:.0f} MB"
    return fine
