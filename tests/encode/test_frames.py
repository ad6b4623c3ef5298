"""From events to spikes, against a plain loop over the events."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurokit as nk
from neurokit.encode import frames
from neurokit.errors import InputError
from tests.data import nmnist, shared
from tests.encode.recordings import some_events

Events = nk.encode.Events


def recording(count=300, size=(12, 18), **options):
    t, x, y, p = some_events(count, *size, **options)
    return Events.of(t, x, y, p, size=size)


def plain(events, width, shape, start=0):
    """(steps, channels, rows, columns) counts; an event of another sensor lands in proportion."""
    counts = np.zeros(((int(events.t[-1]) - start) // width + 1, *shape), np.int64)
    for t, x, y, p in zip(events.t, events.x, events.y, events.polarity, strict=True):
        if t >= start:
            row, column = int(y) * shape[1] // events.size[0], int(x) * shape[2] // events.size[1]
            counts[(int(t) - start) // width, int(p) * (shape[0] == 2), row, column] += 1
    return counts


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 60),
    st.integers(100, 9000),
    st.integers(-2000, 2000),
    st.booleans(),
    st.sampled_from([(2, 12, 18), (1, 12, 18), (2, 6, 9), (1, 5, 7), (2, 20, 30)]),
)
def test_a_plain_loop_gives_the_same(count, width, start, counts, shape):
    events = recording(count, seed=count, span=20_000)
    if int(events.t[-1]) < start:
        return
    wanted = plain(events, width, shape, start)
    fit = None if shape[1:] == (12, 18) else "resize"
    found = nk.encode.to_spikes(events, width * 1e-6, shape=shape, start=start, counts=counts, fit=fit)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, wanted if counts else wanted > 0)


def test_recordings_of_nmnist():
    """As the reader of tests/data.py counts them, which gave 982 of 1,000 in the CNN of the NIR paper."""
    wanted, _ = nmnist(10)
    read = [nk.encode.read(shared("nmnist_train1k", f"{k}.bs2"), size=(34, 34)) for k in range(1, 11)]
    found = nk.encode.batch(read, 1e-3, steps=300, counts=True)
    np.testing.assert_array_equal(found, wanted)


def test_shapes():
    events = recording()
    full = nk.encode.to_spikes(events, 1e-3, counts=True)
    assert full.shape[1:] == (2, 12, 18)
    assert full.sum() == len(events)
    flat = nk.encode.to_spikes(events, 1e-3, shape=(2 * 12 * 18,), counts=True)
    np.testing.assert_array_equal(flat, full.reshape(len(full), -1))
    both = nk.encode.to_spikes(events, 1e-3, shape=(12 * 18,), counts=True)
    np.testing.assert_array_equal(both, full.sum(axis=1).reshape(len(full), -1))
    rows = nk.encode.to_spikes(events, 1e-3, shape=(12, 18), counts=True)
    np.testing.assert_array_equal(rows, full.sum(axis=1))


def test_crop_takes_the_middle():
    events = recording()
    full = nk.encode.to_spikes(events, 1e-3)
    np.testing.assert_array_equal(
        nk.encode.to_spikes(events, 1e-3, shape=(2, 6, 10), fit="crop"), full[:, :, 3:9, 4:14]
    )


def test_pool_joins_pixels():
    events = recording()
    full = nk.encode.to_spikes(events, 1e-3, counts=True)
    pooled = full.reshape(len(full), 2, 4, 3, 9, 2).sum(axis=(3, 5))
    np.testing.assert_array_equal(nk.encode.to_spikes(events, 1e-3, shape=(2, 4, 9), counts=True, fit="pool"), pooled)


def test_many_events_of_one_pixel():
    events = Events.of([0] * 70_000, [0] * 70_000, [0] * 70_000, [1] * 70_000, size=(1, 1))
    found = nk.encode.to_spikes(events, 1e-3, counts=True)
    assert (found.dtype, found[0, 1, 0, 0]) == (np.int32, 70_000)
    assert nk.encode.to_spikes(events, 1e-3).max() == 1


def test_steps_of_a_third_of_a_millisecond():
    events = Events.of([0, 333, 334, 999, 1000], [0] * 5, [0] * 5, [0] * 5, size=(1, 1))
    assert nk.encode.to_spikes(events, 1e-3 / 3, counts=True)[:, 0, 0, 0].tolist() == [2, 1, 1, 1]


def test_batches_are_filled_with_silence():
    short, long = recording(50, span=5000), recording(50, span=20_000)
    found = nk.encode.batch([short, long], 1e-3, counts=True)
    assert found.shape == (2, 20, 2, 12, 18)
    assert not found[0, 6:].any()
    assert found.sum() == 100


def test_frames_of_tonic():
    """ToFrame of tonic gives (time, polarity, rows, columns) int16."""
    events = recording()
    tonic = nk.encode.to_spikes(events, 1e-3, counts=True).astype(np.int16)
    np.testing.assert_array_equal(nk.encode.from_frames(tonic), tonic)
    np.testing.assert_array_equal(nk.encode.from_frames(tonic, shape=(2 * 12 * 18,)), tonic.reshape(len(tonic), -1))
    both = nk.encode.from_frames(tonic[None], shape=(1, 12, 18), counts=False)
    np.testing.assert_array_equal(both[0, :, 0], tonic.sum(axis=1) > 0)
    for odd in (tonic + 0.5, -tonic - 1, tonic[0, 0], np.full((1, 2, 3, 4), np.nan)):
        with pytest.raises(InputError, match="'frames'"):
            nk.encode.from_frames(odd)
    with pytest.raises(InputError, match="5×5"):
        nk.encode.from_frames(tonic, shape=(5, 5))


def test_arrays_of_tonic():
    array = recording().to_array()
    events = nk.encode.from_array(array, size=(12, 18))
    np.testing.assert_array_equal(events.to_array(), array)
    sound = nk.encode.from_array(array[["x", "t", "p"]])  # SHD: no rows
    assert not sound.y.any()
    with pytest.raises(InputError, match="has no p, only x, y, t"):
        nk.encode.from_array(array[["x", "y", "t"]])
    with pytest.raises(InputError, match="a structured array"):
        nk.encode.from_array(np.zeros((3, 4)))


def test_tonic_itself_slices_alike():
    transforms = pytest.importorskip("tonic.transforms", reason="tonic (GPL) is not installed")
    events = recording()
    wanted = transforms.ToFrame(sensor_size=(18, 12, 2), time_window=1000, include_incomplete=True)(events.to_array())
    found = nk.encode.to_spikes(events, 1e-3, start=int(events.t[0]), counts=True)
    np.testing.assert_array_equal(found[: len(wanted)], wanted)


# ------------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shape": (2, 6, 10)}, "comes from a sensor of 12×18; the input has 6×10. Pass fit='crop' or 'resize'."),
        ({"shape": (2, 6, 9)}, "Pass fit='crop' or 'pool' or 'resize'."),
        ({"shape": (2, 6, 10), "fit": "pool"}, "'pool' cannot do that. Pass fit='crop' or 'resize'."),
        ({"shape": (2, 20, 30), "fit": "crop"}, "'crop' cannot do that. Pass fit='resize'."),
        ({"shape": (2, 6, 10), "fit": "squeeze"}, "known: crop, pool, resize"),
        ({"shape": (3, 12, 18)}, "is (3, 12, 18) for a sensor of 12×18"),
        ({"shape": (100,)}, "as many as the sensor has pixels"),
        ({"dt": 0}, "'dt': is 0"),
        ({"dt": float("nan")}, "'dt': is nan"),
        ({"dt": "short"}, "'dt': is 'short'"),
        ({"steps": 0}, "'steps': is 0"),
        ({"start": 10**9}, "after the last event"),
    ],
)
def test_what_does_not_fit(options, words):
    with pytest.raises(InputError) as caught:
        nk.encode.to_spikes(recording(), options.pop("dt", 1e-3), **options)
    assert words in str(caught.value)


def test_a_sensor_of_unknown_size():
    events = Events.of([1, 2], [3, 50], [4, 5], [0, 1])
    with pytest.raises(InputError, match=r"Pass shape=\(2, rows, columns\)"):
        nk.encode.to_spikes(events, 1e-3)
    with pytest.raises(InputError, match=r"1 events lie outside of 34×34"):
        nk.encode.to_spikes(events, 1e-3, shape=(2, 34, 34))
    assert nk.encode.to_spikes(events, 1e-3, shape=(2, 6, 51)).sum() == 2


def test_no_events():
    none = Events.of([], [], [], [], size=(3, 4))
    assert not nk.encode.to_spikes(none, 1e-3, steps=5).any()
    with pytest.raises(InputError, match="holds no events"):
        nk.encode.to_spikes(none, 1e-3)
    with pytest.raises(InputError, match="'recordings': are none"):
        nk.encode.batch([], 1e-3)


def test_a_time_that_would_take_all_memory(monkeypatch):
    events = Events.of([0, 2**61], [0, 0], [0, 0], [0, 0], size=(480, 640))
    for dt in 1e-3, 1e-300:
        with pytest.raises(InputError, match="half of the memory that is left"):
            nk.encode.to_spikes(events, dt)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (([1], [2], [3], [2]), "another polarity, the first 2"),
        (([np.nan], [2], [3], [1]), "NaN, infinite or too late"),
        (([2**63], [2], [3], [1]), "a time is 9223372036854775808"),
        (([1], [-1], [3], [1]), "lie outside"),
        (([1], [0.5], [3], [1]), "lie outside"),
        (([1, 2], [2], [3], [1]), "an event has one of each"),
        ((["a"], [2], [3], [1]), "its t is of type <U1"),
    ],
)
def test_arrays_that_are_no_events(columns, words):
    with pytest.raises(InputError) as caught:
        Events.of(*(np.array(column) for column in columns))
    assert words in str(caught.value)


def test_events_are_checked_however_they_are_made():
    t, x = np.array([1, 2]), np.zeros(2, np.uint16)
    assert len(Events(t, x, x, np.zeros(2, np.uint8))) == 2
    with pytest.raises(InputError, match="'t': falls"):
        Events(t[::-1].copy(), x, x, np.zeros(2, np.uint8))
    with pytest.raises(InputError, match="'polarity': is another array"):
        Events(t, x, x, np.zeros(2))
    with pytest.raises(InputError, match="have 2, 2, 1, 2 entries"):
        Events(t, x, x[:1], np.zeros(2, np.uint8))


# ---------------------------------------------------------------------------------------------------------------- speed


@pytest.mark.parametrize("counts", [False, True])
def test_a_million_events_take_a_fifth_of_a_second(counts):
    """CPU time; measured on an idle machine: 0.03 s for 34x34, 0.05 s for 240x320, 0.1 s for 480x640 (184 MB)."""
    events = recording(1_000_000, (240, 320), span=300_000)
    taken = []
    for _ in range(5):
        started = time.process_time()
        spikes = nk.encode.to_spikes(events, 1e-3, counts=counts)
        taken.append(time.process_time() - started)
        if taken[-1] <= 0.2:
            break
    assert spikes.shape == (300, 2, 240, 320)
    assert min(taken) <= 0.2


def test_fits_are_the_three():
    assert frames.FITS == ("crop", "pool", "resize")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"start": 0.5}, "'start': is 0.5"),
        ({"start": 2**70}, "'start': is"),
        ({"shape": 5}, "'shape': is 5"),
        ({"shape": (2, -4, 4)}, "'shape': is"),
        ({"shape": (2.0, 4, 4)}, "'shape': is"),
    ],
)
def test_numbers_of_another_kind_are_refused(options, words):
    events = nk.encode.Events.of([0], [1], [1], [1])
    with pytest.raises(InputError, match=words):
        nk.encode.to_spikes(events, 1e-3, **{"shape": (2, 4, 4), **options})


def test_what_are_no_events_is_refused():
    events = nk.encode.Events.of([0], [1], [1], [1])
    with pytest.raises(InputError, match="Call nk"):
        nk.encode.to_spikes(events.to_array(), 1e-3, shape=(2, 4, 4))
    with pytest.raises(InputError, match="Pass a list of them"):
        nk.encode.batch(events, 1e-3, shape=(2, 4, 4))


def test_a_shape_may_be_a_list():
    frames = np.ones((3, 2, 4, 4))
    np.testing.assert_array_equal(nk.encode.from_frames(frames, shape=[2, 4, 4]), frames)
