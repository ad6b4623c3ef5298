"""Recordings of events, damaged at random: read, or refused with our errors, in bounded time and memory."""

from __future__ import annotations

import struct

import h5py
import numpy as np
import pytest
import scipy.io

import neurokit as nk
from tests.data import shared
from tests.encode import recordings as rec
from tests.fuzz.mutations import fuzz

QUICK, MANY = 150, 10_000
IN_A_CHILD = {".aedat4", ".h5", ".mat"}  # each costs a fork


def columns(scale=1):
    return rec.some_events(120 * scale)


def small_aedat4(path):
    """The header and the first packets of tonic's sample; the header says that there is no table at the end."""
    raw = shared("events", "tonic", "sample.aedat4").read_bytes()
    place = 14 + 4 + struct.unpack_from("<I", raw, 14)[0]
    while place < 20_000:
        place += 8 + struct.unpack_from("<iI", raw, place)[1]
    table = struct.pack("<q", struct.unpack_from("<q", raw, 0x36)[0])
    assert raw.index(table) == 0x36
    path.write_bytes(raw[:place].replace(table, struct.pack("<q", -1)))


def hdf5(path):
    t, x, y, p = columns()
    with h5py.File(path, "w") as file:
        for name, column in zip("txyp", (t, x, y, p), strict=True):
            file.create_dataset(f"events/{name}", data=column.astype(np.uint32), compression="gzip", chunks=(50,))
        file.attrs["height"], file.attrs["width"] = 40, 60
        file["names"] = ["a", "b"]  # strings of any length, which have hung HDF5 before


def matlab(path):
    t, x, y, p = columns()
    scipy.io.savemat(
        path, {"TD": {"x": x + 1.0, "y": y + 1.0, "p": p + 1.0, "ts": t.astype(float)}}, do_compression=True
    )


def text(path):
    path.write_text("60 40\n" + "\n".join(f"{t / 1e6:.6f} {x} {y} {p}" for t, x, y, p in zip(*columns(), strict=True)))


def davis(path):
    t, x, y, p = columns()
    rec.write_aedat2(path, t.tolist(), (y << 22 | x << 12 | p << 11).tolist())


WRITERS = {
    ".bin": lambda path: rec.write_atis(path, *columns()),
    ".dat": lambda path: rec.write_dat(path, *columns()),
    "evt2.raw": lambda path: rec.write_evt2(path, *columns()),
    "evt21.raw": lambda path: rec.write_evt21(path, *columns()),
    "evt3.raw": lambda path: rec.write_evt3(path, rec.evt3_words(300)),
    "2.aedat": davis,
    "3.aedat": lambda path: rec.write_aedat3(path, *columns()),
    ".aedat4": small_aedat4,
    ".npy": lambda path: np.save(path, nk.encode.Events.of(*columns()).to_array()),
    ".npz": lambda path: np.savez_compressed(path, **dict(zip("txyp", columns(), strict=True))),
    ".h5": hdf5,
    ".mat": matlab,
    ".csv": text,
}


@pytest.fixture
def sample(tmp_path, request):
    """The bytes of a whole file, and where damaged ones go."""
    path = tmp_path / f"x{request.param}"
    WRITERS[request.param](path)
    assert len(nk.encode.read(path)) > 50
    return path.read_bytes(), path


@pytest.mark.parametrize("sample", WRITERS, indirect=True)
def test_some(sample):
    content, path = sample
    count = QUICK // 5 if path.suffix in IN_A_CHILD else QUICK
    assert fuzz(nk.encode.read, content, path, range(count)) < count


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("sample", WRITERS, indirect=True)
def test_many(sample):
    content, path = sample
    assert 0 < fuzz(nk.encode.read, content, path, range(1000, 1000 + MANY)) < MANY


@pytest.mark.parametrize("sample", WRITERS, indirect=True)
def test_every_length(sample):
    """Cut after each of its first bytes, and at steps through the rest."""
    content, path = sample
    lengths = np.unique(np.geomspace(1, len(content) - 1, 8 if path.suffix in IN_A_CHILD else 60).astype(int))
    for length in lengths:
        path.write_bytes(content[:length])
        try:
            nk.encode.read(path)
        except nk.NeurokitError as error:
            if str(path) not in str(error):
                raise AssertionError(f"{length} bytes: the file is not named") from error
