"""Every reader against a plain loop written from the format's specification (tests/encode/recordings.py).

On ../shared/data/events the counts and time spans below are also what expelliarmus 1.1.12 (.dat, EVT2), dv-processing
2.0.4 and aedat 2.3.0 (AEDAT 4) give.
"""

from __future__ import annotations

import sys

import h5py
import numpy as np
import pytest
import scipy.io

import neurokit as nk
from neurokit.encode import files
from neurokit.errors import FormatError, InputError
from tests.data import shared
from tests.encode import recordings as rec

# file: events, first and last time in microseconds, (rows, columns) that the file states
REAL = {
    "expelliarmus/evt2_sample.raw": (539_481, 1_317_888, 1_367_888, None),
    "tonic/sample.aedat4": (111_954, 1_605_537_493_718_345, 1_605_537_494_308_262, (240, 320)),
    "tonic/sample_aedat_header.aedat": (0, None, None, (260, 346)),
    "tonic/sample_ncars.dat": (2_009, 0, 99_952, None),
    "tonic/sample_nmnist.bin": (4_325, 654, 311_175, None),
    "tonic/sample_stmnist.mat": (2_346, 196_626, 895_745, (10, 10)),
}
PLAIN = {".raw": rec.plain_evt2, ".aedat4": rec.plain_aedat4, ".dat": rec.plain_dat, ".bin": rec.plain_atis}


def same(events, plain):
    """Whether all events equal those of a plain reader, (t, x, y, p) each."""
    columns = np.array(plain).reshape(-1, 4).T
    for found, wanted in zip((events.t, events.x, events.y, events.polarity), columns, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("name", REAL)
def test_files_of_cameras_and_of_tonic(name):
    count, first, last, size = REAL[name]
    path = shared("events", *name.split("/"))
    events = nk.encode.read(path)
    assert (len(events), events.size, events.notes) == (count, size, ())
    if count:
        assert (events.t[0], events.t[-1]) == (first, last)
    if path.suffix in PLAIN:
        same(events, PLAIN[path.suffix](path))


def test_st_mnist_equals_a_plain_reader():
    path = shared("events", "tonic", "sample_stmnist.mat")
    train = rec.plain_mat(path)
    plain = [
        (round(train[100, step] * 1e6), taxel % 10, taxel // 10, train[taxel, step] > 0)
        for step in range(train.shape[1])
        for taxel in range(100)
        if train[taxel, step]
    ]
    same(nk.encode.read(path), plain)


def test_nmnist_recordings_of_slayer():
    for number in range(1, 21):
        path = shared("nmnist_train1k", f"{number}.bs2")
        same(nk.encode.read(path, size=(34, 34)), rec.plain_atis(path))


# ------------------------------------------------------------------------------------------------- the formats' corners


@pytest.mark.parametrize("suffix", [".bin", ".dat", ".raw 2", ".raw 2.1", ".aedat 3"])
def test_what_is_written_is_read(tmp_path, suffix):
    t, x, y, p = rec.some_events()
    suffix, _, kind = suffix.partition(" ")
    writers = {".bin": rec.write_atis, ".dat": rec.write_dat, "2": rec.write_evt2, "2.1": rec.write_evt21}
    path = writers.get(kind or suffix, rec.write_aedat3)(tmp_path / f"x{suffix}", t, x, y, p)
    events = nk.encode.read(path)
    same(events, list(zip(t, x, y, p, strict=True)))
    assert events.size == (None if suffix in (".bin", ".aedat") else (40, 60))
    assert events.origin == (0 if suffix in (".bin", ".dat") else t[0])
    assert events.duration == pytest.approx((t[-1] - t[0]) / 1e6)


def test_evt3_equals_the_state_machine(tmp_path):
    words = rec.evt3_words()
    events = nk.encode.read(rec.write_evt3(tmp_path / "x.raw", words))
    plain = rec.plain_evt3(words)
    assert len({t >> 24 for t, *_ in plain}) > 1
    plain.sort(key=lambda event: event[0])
    same(events, plain)
    assert any("wrapped 1 times" in note for note in events.notes)
    assert events.size == (720, 1280)


def test_evt3_events_without_a_time_a_row_or_a_column(tmp_path):
    words = [2 << 12 | 5, 4 << 12 | 1, 8 << 12 | 1, 2 << 12 | 6, 4 << 12 | 1, 0 << 12 | 9, 4 << 12 | 3, 2 << 12 | 7]
    events = nk.encode.read(rec.write_evt3(tmp_path / "x.raw", words))
    same(events, [(4096, 7, 9, 0)])
    assert len(events.notes) == 3


def test_evt2_clock_that_wraps_and_begins_late(tmp_path):
    path = tmp_path / "x.raw"
    words = [3 << 22, 8 << 28 | 0xFFFFFFF, 1 << 28 | 5 << 22, 8 << 28 | 0, 6 << 22 | 4 << 11]
    path.write_bytes(b"% evt 2.0\n" + np.array(words, "<u4").tobytes() + b"\1\2")
    events = nk.encode.read(path)
    same(events, [((2**28 - 1) * 64 + 5, 0, 0, 1), (2**34 + 6, 4, 0, 0)])
    assert [note.split(",")[0] for note in events.notes] == [
        "the file is cut short: its last 2 bytes are no whole event and were left out",
        "the clock of 34 bits wrapped 1 times",
        "1 words of events before the first time were left out",
    ]


def test_dat_clock_that_wraps(tmp_path):
    path = rec.write_dat(tmp_path / "x.dat", [2**32 - 5, 3], [1, 2], [3, 4], [0, 1])
    events = nk.encode.read(path)
    same(events, [(2**32 - 5, 1, 3, 0), (2**32 + 3, 2, 4, 1)])
    assert "wrapped" in events.notes[0]


def test_overflow_marks_of_atis(tmp_path):
    path = rec.write_atis(
        tmp_path / "x.bin", [10, 0, 20, 0, 0, 30], [1, 0, 2, 0, 0, 3], [5, 240, 6, 240, 240, 7], [0] * 6
    )
    same(nk.encode.read(path), [(10, 1, 5, 0), (20 + 8192, 2, 6, 0), (30 + 3 * 8192, 3, 7, 0)])


def test_aedat2_of_jaer(tmp_path):
    """jAER counts columns from the right and rows from the bottom; frames and inertial samples are no events."""
    address = [3 << 22 | 5 << 12 | 1 << 11, 1 << 31, 4 << 22 | 6 << 12, 1 << 10]
    events = nk.encode.read(rec.write_aedat2(tmp_path / "x.aedat", [2**32 - 1, 0, 7, 8], address))
    same(events, [(2**32 - 1, 340, 256, 1), (2**32 + 7, 339, 255, 0)])
    events = nk.encode.read(
        rec.write_aedat2(
            tmp_path / "y.aedat", [1, 2], [10 << 8 | 20 << 1, 30 << 8 | 1], "ch.unizh.ini.jaer.chip.DVS128"
        )
    )
    same(events, [(1, 107, 117, 1), (2, 127, 97, 0)])


def test_aedat3_overflow_of_the_clock(tmp_path):
    path = rec.write_aedat3(tmp_path / "x.aedat", [5], [1], [2], [1], overflow=2)
    same(nk.encode.read(path), [(2 * 2**31 + 5, 1, 2, 1)])


def test_numpy_files(tmp_path):
    t, x, y, p = rec.some_events()
    wanted = nk.encode.Events.of(t, x, y, p)
    tonic = wanted.to_array()
    np.save(tmp_path / "a.npy", tonic)
    np.save(tmp_path / "b.npy", np.stack((t, x, y, p), axis=1))
    np.savez(tmp_path / "c.npz", events=tonic)
    np.savez_compressed(tmp_path / "d.npz", ts=t / 1e6, xs=x, ys=y, pol=2 * p - 1)
    for name in "a.npy", "b.npy", "c.npz", "d.npz":
        same(nk.encode.read(tmp_path / name), list(zip(t, x, y, p, strict=True)))


def test_matlab_files(tmp_path):
    t, x, y, p = rec.some_events()
    struct = {"x": x + 1.0, "y": y + 1.0, "p": p + 1.0, "ts": t.astype(float)}
    scipy.io.savemat(tmp_path / "td.mat", {"TD": struct})
    scipy.io.savemat(tmp_path / "columns.mat", {"x": x, "y": y, "pol": p, "ts": t}, do_compression=True)
    for name in "td.mat", "columns.mat":
        same(nk.encode.read(tmp_path / name), list(zip(t, x, y, p, strict=True)))


def test_hdf5_files(tmp_path):
    t, x, y, p = rec.some_events()
    with h5py.File(tmp_path / "dsec.h5", "w") as file:
        for name, column in zip("txyp", (t, x, y, p), strict=True):
            file.create_dataset(f"events/{name}", data=column.astype(np.uint32), compression="gzip")
        file["events/ms_to_idx"] = np.arange(5)
        file["t_offset"] = 10**12
    with h5py.File(tmp_path / "rpg.hdf5", "w") as file:
        for name, column in zip(("ts", "xs", "ys", "ps"), (t / 1e6, x, y, p.astype(bool)), strict=True):
            file[f"events/{name}"] = column
        file.attrs["sensor_resolution"] = (40, 60)
    with h5py.File(tmp_path / "metavision.h5", "w") as file:
        file["CD/events"] = nk.encode.Events.of(t, x, y, p).to_array()
        file["CD"].attrs["width"], file["CD"].attrs["height"] = 60, 40
    same(nk.encode.read(tmp_path / "dsec.h5"), list(zip(t + 10**12, x, y, p, strict=True)))
    for name in "rpg.hdf5", "metavision.h5":
        same(nk.encode.read(tmp_path / name), list(zip(t, x, y, p, strict=True)))
    assert nk.encode.read(tmp_path / "rpg.hdf5").size == (40, 60)


TEXTS = {
    "seconds": "# rpg\n{t:.6f} {x} {y} {p}",
    "microseconds": "{t},{x},{y},{p}",
    "head": "x;y;polarity;timestamp\n{x};{y};{p};{t}",
    "size": "60 40\n{t} {x} {y} {p}",
}


@pytest.mark.parametrize("name", TEXTS)
def test_text(tmp_path, name):
    t, x, y, p = rec.some_events()
    head, _, line = TEXTS[name].rpartition("\n")
    times = t / 1e6 if name == "seconds" else t
    lines = [line.format(t=ti, x=xi, y=yi, p=pi) for ti, xi, yi, pi in zip(times, x, y, p, strict=True)]
    (tmp_path / "x.txt").write_text("\n".join([*([head] if head else []), *lines]) + "\n")
    events = nk.encode.read(tmp_path / "x.txt")
    same(events, list(zip(t, x, y, p, strict=True)))
    assert events.size == ((40, 60) if name == "size" else None)


# ---------------------------------------------------------------------------------------------------------- what is odd


def refused(error, path, *words, **options):
    with pytest.raises(error) as caught:
        nk.encode.read(path, **options)
    for word in (str(path), *words):
        assert word in str(caught.value)


@pytest.mark.parametrize("suffix", files.READERS)
def test_files_that_are_none(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    refused(FormatError, path, "there is no such file")
    path.write_bytes(b"")
    refused(FormatError, path, "is empty")
    path.unlink()
    path.mkdir()
    refused(FormatError, path, "is a folder")


@pytest.mark.parametrize("suffix", sorted(files.READERS.keys() - {".bin", ".bs2"}))
def test_files_that_are_something_else(tmp_path, suffix):
    (tmp_path / f"x{suffix}").write_bytes(bytes(range(256)) * 5)
    refused(FormatError, tmp_path / f"x{suffix}")


def test_unknown_suffixes_and_sizes(tmp_path):
    refused(InputError, tmp_path / "x.jpg", "'.jpg'", ".aedat4")
    path = rec.write_atis(tmp_path / "x.events", *rec.some_events())
    assert len(nk.encode.read(path, kind="bin")) == 200
    with pytest.raises(InputError, match="'size': is"):
        nk.encode.read(path, kind=".bin", size=(0, 5))


def test_events_outside_of_the_sensor(tmp_path):
    path = rec.write_dat(tmp_path / "x.dat", [1, 2], [3, 60], [4, 5], [0, 1])
    refused(FormatError, path, "1 events lie outside", "number 1) at x 60, y 5", "40 rows and 60 columns")
    refused(FormatError, path, "not 20 and 20", size=(20, 20))
    path = rec.write_atis(tmp_path / "x.bin", [1], [33], [40], [0])
    refused(FormatError, path, "34 rows", size=(34, 34))


def test_times_that_go_back_are_sorted(tmp_path):
    path = rec.write_atis(tmp_path / "x.bin", [5, 3, 9], [1, 2, 3], [0, 0, 0], [0, 1, 0])
    events = nk.encode.read(path)
    same(events, [(3, 2, 0, 1), (5, 1, 0, 0), (9, 3, 0, 0)])
    assert events.notes == ("time went back 1 times: events were sorted",)


def test_headers_that_lie(tmp_path):
    head = b"% Height 40\n% Width 0\n% Version 2\n\x0c\x08"
    (tmp_path / "a.dat").write_bytes(head + bytes(8))
    refused(FormatError, tmp_path / "a.dat", "40 rows and 0 columns")
    (tmp_path / "b.dat").write_bytes(b"% Version 1\n\0\x08" + bytes(8))
    refused(FormatError, tmp_path / "b.dat", "version 1")
    (tmp_path / "c.dat").write_bytes(b"% Version 2\n\x0e\x08" + bytes(8))
    refused(FormatError, tmp_path / "c.dat", "type 14")
    (tmp_path / "d.raw").write_bytes(b"% evt 4.0\n" + bytes(8))
    refused(FormatError, tmp_path / "d.raw", "'4.0'", "EVT 2.0, 2.1 and 3.0")
    (tmp_path / "e.aedat").write_bytes(b"#!AER-DAT5.0\r\n" + bytes(80))
    refused(FormatError, tmp_path / "e.aedat", "version 5.0")
    rec.write_aedat2(tmp_path / "f.aedat", [1], [2], "a.chip.Unheard")
    refused(FormatError, tmp_path / "f.aedat", "a.chip.Unheard", "DVS128")
    (tmp_path / "g.bin").write_bytes(bytes(12))
    refused(FormatError, tmp_path / "g.bin", "12 bytes", "5 bytes each")


def test_counts_that_lie(tmp_path):
    """A header that claims terabytes takes neither time nor memory."""
    np.save(tmp_path / "x.npy", np.zeros(4, [("t", "i8"), ("x", "i2"), ("y", "i2"), ("p", "?")]))
    raw = (tmp_path / "x.npy").read_bytes()
    (tmp_path / "x.npy").write_bytes(raw.replace(b"(4,)", b"(9999999999999,)").ljust(len(raw) + 12))
    refused(FormatError, tmp_path / "x.npy")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name in "txyp":
            file.create_dataset(f"events/{name}", shape=(10**12,), dtype="i8", chunks=(1000,))
    refused(FormatError, tmp_path / "x.h5", "of memory")


def test_more_than_memory_holds(tmp_path, monkeypatch):
    path = rec.write_dat(tmp_path / "x.dat", *rec.some_events())
    monkeypatch.setattr(files, "available_memory", lambda: 1000 * 64)
    refused(
        FormatError, rec.write_dat(tmp_path / "y.dat", *rec.some_events(1000)), "1,000 events", "shorter recordings"
    )
    assert len(nk.encode.read(path)) == 200
    monkeypatch.setattr(files, "available_memory", lambda: 1000)
    refused(FormatError, path, "half of the memory")


def test_aedat4_without_its_library(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "aedat", None)
    (tmp_path / "x.aedat4").write_bytes(b"#!AER-DAT4.0\r\n" + bytes(40))
    refused(InputError, tmp_path / "x.aedat4", "not installed", "neurokit-lava[events]")


def test_pickles_are_never_loaded(tmp_path):
    np.save(tmp_path / "x.npy", np.array([print], dtype=object), allow_pickle=True)
    refused(FormatError, tmp_path / "x.npy")
    np.savez(tmp_path / "x.npz", events=np.array([print], dtype=object))
    refused(FormatError, tmp_path / "x.npz")


def text_file(tmp_path, text):
    path = tmp_path / "events.txt"
    path.write_text(text, "latin-1")
    return path


def test_times_of_text_are_seconds_where_any_has_a_fraction(tmp_path):
    events = nk.encode.read(text_file(tmp_path, "0 1 2 1\n0.000123 1 2 0\n0.001 3 4 1\n"))  # as "%g" writes them
    assert events.t.tolist() == [0, 123, 1000]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("# t x y p\nt x y p\n5 1 2 1\n9 3 2 0\n", None),
        ("# 34 34\n34 34\n5 1 2 1\n9 3 2 0\n", (34, 34)),
        ("# a long story\n" * 10_000 + "5 1 2 1\n9 3 2 0\n", None),
    ],
)
def test_comments_of_text_hide_no_lines(tmp_path, text, size):
    events = nk.encode.read(text_file(tmp_path, text))
    assert (events.t.tolist(), events.x.tolist(), events.size) == ([5, 9], [1, 3], size)


def test_text_without_events_has_the_size_that_was_passed(tmp_path):
    events = nk.encode.read(text_file(tmp_path, "# nothing\n"), size=(4, 5))
    assert (len(events), events.size) == (0, (4, 5))


def test_a_single_damaged_line_of_text_is_no_head(tmp_path):
    with pytest.raises(FormatError, match="cannot be read"):
        nk.encode.read(text_file(tmp_path, "5 1 2 x\n"))


def test_an_offset_of_times_in_seconds_is_refused(tmp_path):
    path = tmp_path / "events.h5"
    with h5py.File(path, "w") as file:
        file["events/t"], file["t_offset"] = [0.25, 0.5], 1_000_000
        for name in "xyp":
            file[f"events/{name}"] = [1, 1]
    with pytest.raises(FormatError, match="has a t_offset and times of type float64"):
        nk.encode.read(path)


@pytest.mark.parametrize("size", [34, (34, 34, 2), (34.0, 34.0), (0, 34)])
def test_sizes_that_are_none_are_refused(size):
    with pytest.raises(InputError, match="size"):
        nk.encode.Events.of([0], [1], [1], [1], size=size)
    with pytest.raises(InputError, match="'size': is"):
        nk.encode.read(__file__, kind=".bin", size=size)


@pytest.mark.parametrize("arguments", [{"path": None}, {"path": "x", "kind": 3}])
def test_what_is_no_path_is_refused(arguments):
    with pytest.raises(InputError, match="a file's path, and kind= a suffix"):
        nk.encode.read(**arguments)


def test_rows_beyond_tonics_types_are_refused():
    with pytest.raises(InputError, match="row or column 40000"):
        nk.encode.Events.of([0], [40_000], [1], [1]).to_array()
