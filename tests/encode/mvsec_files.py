"""A tiny sequence in MVSEC's format: two HDF5 files and four rectification maps, for tests and their plain loops."""

from __future__ import annotations

import h5py
import numpy as np

SHAPE = (20, 26)
START = 1.5e9  # seconds, as rosbag's clock has it


def truth(maps=8, shape=SHAPE, seed=0):
    """(maps, rows, columns) metres with holes small and large, as lidar leaves them; and times, not exactly 50 ms."""
    random = np.random.default_rng(seed)
    slope = np.linspace(2, 5, shape[1])[None, None] + random.normal(0, 0.05, (maps, *shape))
    slope[:, 3:5, 4:7] = np.nan
    slope[:, -8:] = 0
    slope[random.random(slope.shape) < 0.05] = 0
    return slope.astype(np.float32), START + 1 + 0.0502 * np.arange(maps)


def rectification(shape=SHAPE, shift=0.0):
    """(2, rows, columns): columns and rows that pixels go to, some of them outside."""
    rows, columns = np.indices(shape).astype(float)
    return np.stack([1.1 * (columns - 12) + 12.3 + shift, 1.05 * (rows - 9) + 8.7])


def events(seed, shape=SHAPE, many=6000, seconds=2.0):
    """(n, 4): column, row, seconds, polarity."""
    random = np.random.default_rng(seed)
    columns = [random.integers(0, n, many) for n in reversed(shape)]
    return np.stack([*columns, START + np.sort(random.uniform(0, seconds, many)), random.choice([-1, 1], many)], axis=1)


def write(folder, sequence=1, *, maps=8, left=None, right=None, leave_out=(), shape=SHAPE, depth=None, times=None):
    """The six files. Returns depth, times, left and right events."""
    below = folder / "indoor_flying" / "indoor_flying_calib"
    below.mkdir(parents=True, exist_ok=True)
    made_depth, made_times = truth(maps, shape)
    depth, times = made_depth if depth is None else depth, made_times if times is None else times
    left, right = (events(k, shape) if given is None else given for k, given in ((1, left), (2, right)))
    for side, shift in (("left", 0.0), ("right", -0.6)):
        for axis, values in zip("xy", rectification(shape, shift), strict=True):
            np.savetxt(below / f"indoor_flying_{side}_{axis}_map.txt", values)
    parts = {"davis/left/events": left, "davis/right/events": right}
    parts |= {f"davis/{side}/image_raw": np.zeros((2, *shape), np.uint8) for side in ("left", "right")}
    with h5py.File(below.parent / f"indoor_flying{sequence}_data.hdf5", "w") as file:
        for name, values in parts.items():
            if name not in leave_out:
                file.create_dataset(name, data=values, compression="gzip")
    parts = {"davis/left/depth_image_rect": depth, "davis/left/depth_image_rect_ts": times}
    with h5py.File(below.parent / f"indoor_flying{sequence}_gt.hdf5", "w") as file:
        for name, values in parts.items():
            if name not in leave_out:
                file[name] = values
    return depth, times, left, right
