"""Checkpoints: an unfinished run in a file (docs/format.md), with what was recorded and what the network carries."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Mapping
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError
from neurokit.files import written_aside
from neurokit.graph.fingerprint import array_fingerprint, fingerprint
from neurokit.graph.network import Network, Program
from neurokit.hardware.base import Place, RecordKey
from neurokit.recorder import Recorder, Wanted
from neurokit.recording_file import create_array, nodes_of, stored_key
from neurokit.snapshots import read_snapshot, reading, write_snapshot

FORMAT, VERSION = "neurokit-checkpoint", 1
COUNTERS = ("counts", "step_counts", "overflows")
MOST_EFFORT = 0.1  # share of the time that keeping may take: large recordings are kept less often


def identity(
    program: Program | Network,
    inputs: Mapping[str, NDArray[Any]],
    steps: int,
    record: Iterable[RecordKey],
    backend: str,
    *,
    every: int | None = None,
    learners: int = 1,
) -> dict[str, str]:
    """What makes a run the one it is: a checkpoint of any other is refused."""
    learning = {"record_every": str(every), "learners": str(learners)} if program.learns else {}
    digest = hashlib.blake2b(digest_size=32)
    for name in sorted(inputs):
        digest.update(repr(name).encode())
        array_fingerprint(digest, inputs[name])
    return {
        "program": fingerprint(program),
        "inputs": digest.hexdigest(),
        "steps": str(steps),
        "record": ", ".join(sorted(map(str, record))) or "outputs",
        "backend": backend,
        **learning,
    }


class Checkpoint:
    """See `hardware.base.Keeper`. Written aside and renamed, so that whatever ends the run leaves a whole one."""

    def __init__(self, path: str | os.PathLike[str], every: float, run: Mapping[str, str]) -> None:
        self._path = path
        self._every = every
        self._run = run
        self._recorder: Recorder | None = None
        self._kept_at = time.monotonic()
        self._effort = 0.0  # seconds that the last one took

    def attend(self, recorder: Recorder) -> None:
        """Keep what this recorder holds, or fill it."""
        self._recorder = recorder

    def place(self) -> Place | None:
        """See `Keeper.place`. InputError for another run's checkpoint, FormatError for what is none."""
        if not os.path.lexists(self._path):
            return None
        with reading(self._path, FORMAT, VERSION, "nk.run(checkpoint=)") as file:
            self._check_run(file)
            assert self._recorder is not None, "see `attend`"
            _read(file, self._recorder)
            return Place(int(file.attrs["first"]), int(file.attrs["size"]), read_snapshot(file))

    def due(self) -> bool:
        """See `Keeper.due`."""
        return time.monotonic() - self._kept_at > max(self._every, self._effort / MOST_EFFORT)

    def keep(self, place: Place) -> None:
        """See `Keeper.keep`. OutputError when it cannot be written."""
        began = time.monotonic()
        with written_aside(self._path) as aside, h5py.File(aside, "w") as file:
            file.attrs.update({"format": FORMAT, "version": VERSION, "first": place.first, "size": place.size})
            file.attrs.update(self._run)
            write_snapshot(file, place.snapshot)
            assert self._recorder is not None, "see `attend`"
            _write(file, self._recorder)
        self._kept_at = time.monotonic()
        self._effort = self._kept_at - began

    def remove(self) -> None:
        """The run has ended: nothing is left to go on with."""
        if os.path.lexists(self._path):
            os.remove(self._path)

    def _check_run(self, file: h5py.File) -> None:
        others = [what for what, value in self._run.items() if str(file.attrs[what]) != value]
        if others:
            fact = f"was made with {'another' if len(others) == 1 else 'other'} {' and '.join(others)}"
            limit, mend = "a checkpoint belongs to one run", "Repeat that run, or name another file."
            raise InputError(Fault(str(self._path), fact, limit, mend))


def _write(file: h5py.File, recorder: Recorder) -> None:
    """What is recorded; of arrays that lie in a file, the compressed chunks as they are."""
    for key, array in recorder.arrays.items():
        if isinstance(array, h5py.Dataset):
            folder, _, name = array.name.rpartition("/")
            array.file.flush()
            array.file.copy(array, file.require_group(folder), name)
            continue
        made = create_array(file, Wanted(key, array.shape, array.dtype.type))
        for sample, steps in enumerate(recorder.steps_done):
            done = recorder.rows_done(key, steps)
            made[sample, :done] = array[sample, :done]
    for group in COUNTERS:
        for k, values in enumerate(getattr(recorder, group).values()):
            file.create_dataset(f"{group}/{k}", data=values)
    file["steps_done"] = recorder.steps_done


def _read(file: h5py.File, recorder: Recorder) -> None:
    """Fill the recorder with what `_write` wrote; by key, since `record` may name the same in another order."""
    done = np.asarray(file["steps_done"][()])
    kept = {stored_key(node): node for group in ("spikes", "states") for node in nodes_of(file, group)}
    for key, array in recorder.arrays.items():
        for sample in np.flatnonzero(done):
            rows = recorder.rows_done(key, int(done[sample]))
            array[sample, :rows] = kept[key][sample, :rows]
    for group in COUNTERS:
        for k, values in enumerate(getattr(recorder, group).values()):
            values[...] = file[f"{group}/{k}"][()]
    recorder.steps_done[...] = done
