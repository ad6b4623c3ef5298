"""MVSEC's files, written here in small: windows against plain loops, holes against their definition, bad files."""

from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest

from neurokit.encode import mvsec
from neurokit.encode.holes import area_closing
from neurokit.errors import FormatError, InputError
from tests.encode import mvsec_files
from tests.encode.mvsec_files import SHAPE, START
from tests.fuzz.formats import Format
from tests.fuzz.hdf5_values import change_values
from tests.fuzz.mutations import change_bytes, fuzz


def read(folder, maps, sequence=1, **options):
    blocks = list(mvsec.windows(mvsec.find(folder, sequence), maps, **options))
    joined = [np.concatenate([getattr(block, name) for block in blocks]) for name in ("counts", "depth", "times")]
    return blocks, *joined


def plain_counts(events, shift, begin, end, inclusive):
    """One event after the other, as StereoSpike's utils.py does."""
    x_map, y_map = mvsec_files.rectification(shift=shift)
    counts = np.zeros((2, *SHAPE), int)
    for x, y, t, p in events:
        inside = begin < t and (t <= end if inclusive else t < end)
        column, row = x_map[int(y), int(x)], y_map[int(y), int(x)]
        if inside and 0 <= column < SHAPE[1] and 0 <= row < SHAPE[0]:
            counts[0 if p == 1 else 1, int(row), int(column)] += 1
    return counts


def test_windows_end_with_their_maps_and_hold_rectified_events(tmp_path):
    _, times, left, right = mvsec_files.write(tmp_path)
    _, counts, _, ends = read(tmp_path, [0, 1, 2, 7])
    np.testing.assert_array_equal(ends, times[[0, 1, 2, 7]])
    for k, end in enumerate(ends):
        wanted = [plain_counts(e, s, end - 0.05, end, True) for e, s in ((left, 0.0), (right, -0.6))]
        np.testing.assert_array_equal(counts[k], np.concatenate(wanted))
    assert counts.sum(axis=(2, 3)).min() > 20


def test_windows_counted_from_a_map_are_stereospikes(tmp_path):
    """There, windows follow each other every 50 ms from each camera's own first event after 50 ms before the map."""
    _, times, left, right = mvsec_files.write(tmp_path)
    _, counts, _, _ = read(tmp_path, [3, 4, 6], counted_from=1)
    for side, (events, shift) in enumerate(((left, 0.0), (right, -0.6))):
        first = min(t for t in events[:, 2] if t > times[1] - 0.05)
        for k, number in enumerate([3, 4, 6]):
            begin = first + 0.05 * (number - 1)
            found = counts[k, 2 * side : 2 * side + 2]
            np.testing.assert_array_equal(found, plain_counts(events, shift, begin, begin + 0.05, False))


def test_maps_come_in_blocks_and_the_same_however_they_are_cut(tmp_path):
    mvsec_files.write(tmp_path, sequence=2, maps=14)
    maps = [0, 1, 2, 3, 9, 10]
    blocks, counts, depth, _ = read(tmp_path, maps, sequence=2, most=3)
    assert [len(block) for block in blocks] == [3, 1, 2]
    assert {int(scene) for block in blocks for scene in block.scenes} == {2}
    _, whole, whole_depth, _ = read(tmp_path, maps, sequence=2)
    np.testing.assert_array_equal(counts, whole)
    np.testing.assert_array_equal(depth, whole_depth)


def plain_closing(picture, least):
    """Each pixel rises to the lowest level at which its patch of pixels no higher than that has `least` pixels."""
    picture = np.where(np.isnan(picture), -np.inf, picture)
    rows, columns = picture.shape
    found = np.empty(picture.shape)
    for start in np.ndindex(picture.shape):
        for level in np.unique(picture[picture >= picture[start]]):
            seen, waiting = {start}, [start]
            while waiting:
                row, column = waiting.pop()
                for near in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
                    inside = 0 <= near[0] < rows and 0 <= near[1] < columns
                    if inside and near not in seen and picture[near] <= level:
                        seen.add(near)
                        waiting.append(near)
            if len(seen) >= least:
                break
        found[start] = level
    return np.where(np.isneginf(found), np.nan, found)


@pytest.mark.parametrize("least", [1, 4, 9])
def test_holes_are_closed_as_the_definition_says(least):
    random = np.random.default_rng(least)
    for _ in range(6):
        picture = random.integers(0, 6, (7, 8)).astype(float)
        picture[random.random(picture.shape) < 0.2] = np.nan
        np.testing.assert_array_equal(area_closing(picture, least), plain_closing(picture, least))


def test_holes_are_closed_as_scikit_image_closes_them():
    """Values that skimage.morphology.area_closing (0.25) gives; a hollow of two pixels, one of one, and one at NaN."""
    picture = np.array([[3, 3, 3, 3], [3, 0, 1, 3], [3, 3, 3, 2], [np.nan, 3, 3, 3]])
    np.testing.assert_array_equal(area_closing(picture, 2), [[3, 3, 3, 3], [3, 1, 1, 3], [3, 3, 3, 3], [3, 3, 3, 3]])
    np.testing.assert_array_equal(area_closing(picture, 3), np.full((4, 4), 3.0))


def test_small_holes_of_depth_are_closed_and_large_ones_unknown(tmp_path):
    given, *_ = mvsec_files.write(tmp_path)
    _, _, depth, _ = read(tmp_path, [0])
    assert np.isnan(given[0, 3:5, 4:7]).all()
    assert np.isfinite(depth[0, 3:5, 4:7]).all()  # 6 pixels of 24
    assert np.isnan(depth[0, -7:]).all()  # 8 rows of zeros
    known = given[0, :11] > 0
    assert (depth[0, :11][known] >= given[0, :11][known]).all()


def test_a_transform_of_tonics_kind_gets_and_gives_structured_events(tmp_path):
    mvsec_files.write(tmp_path)
    seen = []

    def without_off(events):
        seen.append(events.dtype.names)
        return events[events["p"]]

    _, counts, _, _ = read(tmp_path, [2], transform=without_off)
    _, plain, _, _ = read(tmp_path, [2])
    np.testing.assert_array_equal(counts[:, [0, 2]], plain[:, [0, 2]])
    assert not counts[:, [1, 3]].any()
    assert set(seen) == {("x", "y", "t", "p")}


def test_splits_have_the_sizes_that_are_published():
    """861 and so on: all but 200 of the maps 140..1200, 120..1420 and 73..1615."""
    for split, size in ((1, 861), (2, 1101), (3, 1343)):
        maps = mvsec.tested_maps(split)
        assert len(maps) == size
        assert mvsec.TESTED[split][0] <= maps[0] < maps[-1] < mvsec.TESTED[split][1]
    assert mvsec.tested_maps(1)[:4] == [140, 141, 142, 143]
    with pytest.raises(InputError, match="'split': is 4; splits are 1, 2 and 3"):
        mvsec.tested_maps(4)


def test_reduced_windows_keep_every_event(tmp_path):
    mvsec_files.write(tmp_path)
    (block,) = mvsec.windows(mvsec.find(tmp_path, 1), [0, 1])
    small = block.reduced((7, 9))
    assert small.counts.shape == (2, 4, 7, 9)
    np.testing.assert_array_equal(small.counts.sum(axis=(2, 3)), block.counts.sum(axis=(2, 3)))
    wanted = np.zeros((7, 9), int)
    for row, column in np.ndindex(SHAPE):
        wanted[row * 7 // SHAPE[0], column * 9 // SHAPE[1]] += block.counts[1, 2, row, column]
    np.testing.assert_array_equal(small.counts[1, 2], wanted)
    assert small.depth[0, 2, 3] == block.depth[0, int(2.5 * 20 / 7), int(3.5 * 26 / 9)]
    with pytest.raises(InputError, match="is 40×26; the windows have 20×26 pixels"):
        block.reduced((40, 26))


def refused(folder, maps=(0, 1), **options):
    with pytest.raises((FormatError, InputError)) as caught:
        read(folder, list(maps), **options)
    return str(caught.value)


def test_missing_files_are_named_all_at_once(tmp_path):
    mvsec_files.write(tmp_path)
    with pytest.raises(FormatError, match="there is no such folder"):
        mvsec.find(tmp_path / "nowhere", 1)
    next(tmp_path.rglob("indoor_flying_left_x_map.txt")).unlink()
    with pytest.raises(FormatError) as caught:
        mvsec.find(tmp_path, 3)
    said = str(caught.value)
    for name in ("indoor_flying3_data.hdf5", "indoor_flying3_gt.hdf5", "indoor_flying_left_x_map.txt"):
        assert f"'{name}': is not in {tmp_path} or below" in said
    assert "Unpack MVSEC's indoor_flying_calib.zip there." in said


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("davis/left/depth_image_rect_ts", "has no davis/left/depth_image_rect_ts; MVSEC's layout is"),
        ("davis/left/depth_image_rect", "has no davis/left/depth_image_rect; MVSEC's layout is"),
        ("davis/right/events", "has no davis/right/events; MVSEC's layout is"),
    ],
)
def test_missing_datasets_are_named(tmp_path, missing, said):
    mvsec_files.write(tmp_path, leave_out=(missing,))
    assert said in refused(tmp_path)


def test_left_and_right_of_other_sizes_are_refused(tmp_path):
    mvsec_files.write(tmp_path)
    for axis in "xy":
        path = next(tmp_path.rglob(f"indoor_flying_right_{axis}_map.txt"))
        np.savetxt(path, np.loadtxt(path)[:-2])
    assert "has right rectification maps of 18×26 pixels, and depth of 20×26" in refused(tmp_path)
    with h5py.File(next(tmp_path.rglob("*_data.hdf5")), "r+") as file:
        del file["davis/left/image_raw"]
        file["davis/left/image_raw"] = np.zeros((1, 9, 9), np.uint8)
    said = refused(tmp_path)
    assert "has left images of 9×9 pixels" in said
    assert "has right rectification maps of 18×26" in said
    next(tmp_path.rglob("indoor_flying_left_y_map.txt")).write_text("1 2\n3 4\n")
    assert "has shape (2, 2), the map of columns (20, 26)" in refused(tmp_path)
    next(tmp_path.rglob("indoor_flying_left_y_map.txt")).write_text("no numbers")
    assert "cannot be read as numbers" in refused(tmp_path)


def test_events_beyond_the_sensor_are_refused(tmp_path):
    left = mvsec_files.events(1)
    left[:, 0] *= 3
    mvsec_files.write(tmp_path, left=left)
    assert "has left events up to column" in refused(tmp_path)


def test_cameras_of_other_clocks_are_refused(tmp_path):
    right = mvsec_files.events(2)
    right[:, 2] -= START  # each camera zeroed on its own first event
    mvsec_files.write(tmp_path, right=right)
    said = refused(tmp_path)
    assert "has right events from" in said
    assert "left, right and depth have one clock" in said
    assert "left events from" not in said


def test_times_that_do_not_rise_are_refused(tmp_path):
    depth, times = mvsec_files.truth()
    mvsec_files.write(tmp_path, depth=depth, times=times[::-1])
    assert "has times of depth that are not finite, or do not rise" in refused(tmp_path)
    mvsec_files.write(tmp_path, depth=depth, times=times[:-1])
    assert "has depth of shape (8, 20, 26) with times of shape (7,)" in refused(tmp_path)
    left = mvsec_files.events(1)
    middle = np.searchsorted(left[:, 2], times[1] - 0.03)
    left[middle : middle + 30] = left[middle : middle + 30][::-1]
    mvsec_files.write(tmp_path, left=left)
    assert "has left events whose times go back by more than 1 ms, near number" in refused(tmp_path)


def test_times_that_go_back_a_little_change_nothing(tmp_path):
    """Cameras send packets; within a millisecond their events may be in any order."""
    left = mvsec_files.events(1, many=60_000)
    mvsec_files.write(tmp_path, left=left)
    _, wanted, _, _ = read(tmp_path, [0, 1, 5])
    shuffled = left.copy()
    for begin in range(0, len(left) - 8, 8):
        shuffled[begin : begin + 8] = shuffled[begin : begin + 8][::-1]
    assert (np.diff(shuffled[:, 2]) < 0).any()
    mvsec_files.write(tmp_path, left=shuffled)
    _, found, _, _ = read(tmp_path, [0, 1, 5])
    np.testing.assert_array_equal(found, wanted)


def test_windows_without_events_are_refused(tmp_path):
    right = mvsec_files.events(2)
    _, times = mvsec_files.truth()
    gone = (right[:, 2] < times[3] - 0.06) | (right[:, 2] > times[4])
    mvsec_files.write(tmp_path, right=right[gone])
    said = refused(tmp_path, maps=[2, 3, 4])
    assert "has no right events in the 50 ms before" in said
    assert "of map 3; a window holds events of both cameras" in said
    assert len(read(tmp_path, [0, 1, 6])[1]) == 3


def test_maps_that_are_not_there_are_refused(tmp_path):
    mvsec_files.write(tmp_path)
    assert "names map 8; indoor_flying1_gt.hdf5 has 8 maps" in refused(tmp_path, maps=[7, 8])
    assert "do not rise" in refused(tmp_path, maps=[2, 1])
    assert "are none" in refused(tmp_path, maps=[])
    assert "'counted_from': is 5; it is a map's number, at most that of the first map, 2" in refused(
        tmp_path, maps=[2, 3], counted_from=5
    )


def test_a_file_that_leads_elsewhere_or_is_damaged_is_refused(tmp_path):
    mvsec_files.write(tmp_path)
    path = next(tmp_path.rglob("*_gt.hdf5"))
    with h5py.File(path, "r+") as file:
        del file["davis/left/depth_image_rect"]
        file["davis/left/depth_image_rect"] = h5py.ExternalLink("elsewhere.hdf5", "depth")
    assert "may lead to another file: 'davis/left/depth_image_rect' is a link" in refused(tmp_path)
    path.write_bytes(path.read_bytes()[:900])
    assert "is not read: it (OSError" in refused(tmp_path)
    path.unlink()
    path.mkdir()
    assert "is a folder" in refused(tmp_path)


def test_more_than_memory_should_hold_is_not_read(tmp_path):
    mvsec_files.write(tmp_path)
    path = next(tmp_path.rglob("*_gt.hdf5"))
    with h5py.File(path, "r+") as file:
        del file["davis/left/depth_image_rect_ts"]
        file.create_dataset("davis/left/depth_image_rect_ts", (30_000_000,), "f8", chunks=True)
    assert "has, or claims to have, 30,000,000 times of depth; at most 20,000,000 are read at once" in refused(tmp_path)
    mvsec_files.write(tmp_path)
    path = next(tmp_path.rglob("*_data.hdf5"))
    with h5py.File(path, "r+") as file:
        events = file["davis/left/events"][:]
        events[-1, 2] = events[:, 2].max()
        del file["davis/left/events"]
        many = file.create_dataset("davis/left/events", (30_000_000, 4), "f8", chunks=(100_000, 4), fillvalue=START + 1)
        many[0, 2], many[-1, 2] = START, START + 2
    assert "left events between" in refused(tmp_path)


@pytest.mark.parametrize("damage", [change_bytes, change_values])
@pytest.mark.parametrize("which", ["data", "truth"])
@pytest.mark.parametrize("seeds", [range(10), pytest.param(range(100, 200), marks=pytest.mark.slow)])
def test_damaged_files_are_read_or_refused(tmp_path, which, damage, seeds):
    mvsec_files.write(tmp_path, maps=3, left=mvsec_files.events(1, many=400), right=mvsec_files.events(2, many=400))
    files = mvsec.find(tmp_path, 1)

    def read_all(path):
        return list(mvsec.windows(replace(files, **{which: path}), [0, 1, 2]))

    kind = Format(".hdf5", None, read_all, damage=damage, in_a_child=True)
    outcome = fuzz(kind, getattr(files, which).read_bytes(), tmp_path / "damaged.hdf5", seeds)
    assert outcome.wrong == {}
    assert outcome.refused > 0
