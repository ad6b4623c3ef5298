"""Recordings in HDF5 files (docs/format.md), written block by block, read as they are asked for; no pickle, no code."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, FormatError, Interrupted
from neurokit.files import written_aside
from neurokit.graph import io
from neurokit.graph.check import check_network, check_program
from neurokit.graph.learned import rails_of, with_weights
from neurokit.graph.network import Network, Program
from neurokit.recorder import Key, Recorder, Wanted
from neurokit.records import Overflow, Recorded, Recording
from neurokit.snapshots import reading

FORMAT, VERSION = "neurokit-recording", 1
CHUNK_BYTES = 1 << 20  # of one sample's steps, compressed together
CACHE_BYTES = 32 << 20  # of chunks that HDF5 holds back, each array's own, so that blocks may end within chunks


class StoredArray:
    """An array in a recording file, (batch, steps, *shape) or without batch: indexing it reads what is asked for."""

    def __init__(self, path: Path, dataset: str, batched: bool) -> None:
        self._path = path
        self._dataset = dataset
        self._lead: tuple[Any, ...] = () if batched else (0,)
        with h5py.File(path, "r") as file:
            self.shape = tuple(int(n) for n in file[dataset].shape[len(self._lead) :])
            self.dtype: np.dtype[Any] = file[dataset].dtype
        self.ndim = len(self.shape)
        self.size = int(np.prod(self.shape, dtype=np.int64))

    def __getitem__(self, index: Any) -> Any:
        """Numpy's basic indexing, with one list of places at most. FormatError when the file is there no more."""
        whole = self._lead + (index if isinstance(index, tuple) else (index,))
        try:
            with h5py.File(self._path, "r") as file:
                return file[self._dataset][whole]
        except OSError as error:
            limit = "a recording in a file is read when it is indexed"
            fact, mend = f"cannot be read any more ({error})", "Put it back, or call nk.load_recording again."
            raise FormatError(Fault(str(self._path), fact, limit, mend)) from error

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype)

    def __repr__(self) -> str:
        return f"<array {self.shape} {self.dtype} in {self._path}>"


@contextmanager
def recording_file(
    path: str | os.PathLike[str],
    program: Program | Network,
    batch: int | None,
    steps: int,
    record: Iterable[Key],
    backend: str,
    *,
    every: int | None = None,
    learners: int = 1,
) -> Iterator[Recorder]:
    """A Recorder whose arrays lie in a file, which takes its name when the run has ended or was interrupted.

    OutputError when the place cannot be written; after any other error nothing is left.
    """
    interrupt: Interrupted | None = None
    with written_aside(path) as aside, h5py.File(aside, "w", rdcc_nbytes=CACHE_BYTES) as file:
        began = time.monotonic()
        recorder = Recorder(
            program,
            batch or 1,
            steps,
            record,
            lambda array: create_array(file, array),
            every=every,
            learners=learners,
        )
        file.attrs.update({"format": FORMAT, "version": VERSION, "batched": batch is not None, "backend": backend})
        io.write_graph(file.create_group("program"), program)
        try:
            yield recorder
        except Interrupted as caught:
            interrupt = caught
        write_counts(file, recorder)
        file.attrs["seconds"] = time.monotonic() - began
    if interrupt is not None:
        raise interrupt


def create_array(file: h5py.File, array: Wanted) -> Any:
    """A dataset for an array, zero where nothing is written, which takes no room then."""
    group = "spikes" if isinstance(array.key, str) else "states"
    row = int(np.prod(array.shape[2:], dtype=np.int64)) * np.dtype(array.kind).itemsize
    steps = max(1, min(array.shape[1], CHUNK_BYTES // max(1, row)))
    made = file.create_dataset(
        f"{group}/{len(file[group]) if group in file else 0}",
        array.shape,
        array.kind,
        chunks=(1, steps, *array.shape[2:]),
        maxshape=array.shape,
        compression="gzip",
        compression_opts=1,
        shuffle=True,
    )
    made.attrs["name"] = array.key if isinstance(array.key, str) else array.key[0]
    if isinstance(array.key, tuple):
        made.attrs["state"] = array.key[1]
    return made


def write_counts(file: h5py.File, recorder: Recorder) -> None:
    """Everything but the arrays themselves, which are cut to the steps that were done."""
    steps = int(recorder.steps_done.max())
    for group in ("spikes", "states"):
        for node in nodes_of(file, group):
            node.resize(recorder.rows_done(stored_key(node), steps), axis=1)
    for k, name in enumerate(recorder.counts):
        file.create_dataset(f"counts/{k}", data=recorder.counts[name]).attrs["name"] = name
        file.create_dataset(f"step_counts/{k}", data=recorder.step_counts[name][:steps]).attrs["name"] = name
    for k, (name, values) in enumerate(recorder.overflows.items()):
        file.create_dataset(f"overflows/{k}", data=values).attrs["name"] = name
    for k, (name, values) in enumerate(recorder.learned.items()):
        stored = file.create_dataset(f"learned/{k}", data=values, compression="gzip", compression_opts=1, shuffle=True)
        stored.attrs["name"] = name
        file.create_dataset(f"updates/{k}", data=recorder.updates.get(name, ())).attrs["name"] = name
    if recorder.variables:
        file.attrs["record_every"] = recorder.every
    file["steps_done"] = recorder.steps_done
    file.attrs.update({"steps": steps, "batch": recorder.batch})
    file.attrs["complete"] = bool((recorder.steps_done == recorder.steps).all())


def load_recording(path: str | os.PathLike[str]) -> Recording:
    """Open a recording that `nk.run(to=)` wrote; see `Recording` for how its arrays are read.

    The program is in the file, too. FormatError when the file is missing, damaged or something else.
    """
    with reading(path, FORMAT, VERSION, "nk.run(to=)") as file:
        batched = bool(file.attrs["batched"])
        one = slice(None) if batched else 0
        place = Path(path).absolute()
        spikes = {_name(node): StoredArray(place, node.name, batched) for node in nodes_of(file, "spikes")}
        states = {stored_key(node): StoredArray(place, node.name, batched) for node in nodes_of(file, "states")}
        program = _checked(io.read_graph(file["program"]))
        learned = {_name(node): node[()] for node in nodes_of(file, "learned")}
        learners = max([1, *map(len, learned.values())])
        programs = tuple(with_weights(program, {n: w[k] for n, w in learned.items()}) for k in range(learners))
        return Recording(
            program=programs[0] if learners == 1 else None,
            steps=int(file.attrs["steps"]),
            batch=int(file.attrs["batch"]) if batched else None,
            spikes=Recorded(cast("Mapping[str, NDArray[Any]]", spikes), "spikes"),
            states=Recorded(cast("Mapping[tuple[str, str], NDArray[Any]]", states), "states"),
            counts={_name(node): node[one] for node in nodes_of(file, "counts")},
            step_counts={_name(node): node[:] for node in nodes_of(file, "step_counts")},
            backend=str(file.attrs["backend"]),
            seconds=float(file.attrs["seconds"]),
            overflows={_name(node): Overflow(*map(int, node[:])) for node in nodes_of(file, "overflows")} or None,
            steps_done=None if file.attrs["complete"] else file["steps_done"][one],
            programs=programs,
            updates={_name(node): node[()] for node in nodes_of(file, "updates") if node.size},
            rails=rails_of(program, learned),
            record_every=int(file.attrs["record_every"]) if "record_every" in file.attrs else None,
        )


def _checked(graph: Program | Network) -> Program | Network:
    return check_program(graph) if isinstance(graph, Program) else check_network(graph)


def stored_key(node: Any) -> Key:
    """What an array of `create_array` holds: a population's name (its spikes) or (name, state)."""
    return (_name(node), str(node.attrs["state"])) if "state" in node.attrs else _name(node)


def nodes_of(file: h5py.File, group: str) -> list[Any]:
    """The numbered members of a group, in order; none where there is no such group."""
    return [file[group][key] for key in sorted(file[group], key=int)] if group in file else []


def _name(node: Any) -> str:
    return str(node.attrs["name"])
