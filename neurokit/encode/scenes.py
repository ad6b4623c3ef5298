"""Synthetic scenes for two event cameras: textured planes, moving cameras, exact depth.

A scene is a room of six walls with slanted boards standing in front of the cameras. Rays give exact depth and
intensity; `contrast.Camera` makes events of the intensities, with seeds of their own for left and right. Accuracy on
such scenes says something of a network's training, nothing of recordings: call it synthetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.encode.contrast import Camera, Fired, Pixels
from neurokit.encode.stereo import MVSEC, WINDOW, Rig, StereoFrames, checked_shape, counted
from neurokit.encode.textures import look_up, texture
from neurokit.errors import Fault, InputError

WALLS = 6
BOARDS = (3, 7)  # how many, the last excluded
BOARD_DEPTH = (1.3, 4.5)  # metres from the cameras' first place, evenly in the logarithm
FURTHEST_PER_IMAGE = 0.5  # pixels that a point moves between two images, ESIM's lambda; also for log-linearity


@dataclass(frozen=True, eq=False)
class Scene:
    """Planes with textures, and how the cameras move.

    point, across, down: (planes, 3) metres: a plane's middle, and two unit vectors in it, at right angles. World and
    first camera have x to the right, y down, z ahead. reach: (planes, 2) metres from the middle to its edges, infinite
    for walls. texel: (planes,) metres. textures: (planes, levels, texels, texels) intensities 0..1, each level half as
    sharp. sway, turn: (3, 2, 3) of amplitude (metres, radians), frequency (Hz) and phase, of two waves for each axis.
    """

    point: NDArray[np.float64]
    across: NDArray[np.float64]
    down: NDArray[np.float64]
    reach: NDArray[np.float64]
    texel: NDArray[np.float64]
    textures: NDArray[np.float32]
    sway: NDArray[np.float64]
    turn: NDArray[np.float64]

    def pose(self, time: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(3,) place of the left camera in metres and (3, 3) turn from camera to world at `time` in seconds."""
        return _waves(self.sway, time), _turned(*_waves(self.turn, time))


def draw(seed: np.random.Generator, rig: Rig) -> Scene:
    """A scene whose boards stand in the field of view of `rig`."""
    boards = int(seed.integers(*BOARDS))
    point, across, down = _room(seed)
    places, rights, downs, sizes = _boards(seed, boards, rig)
    texel = np.concatenate([seed.uniform(0.03, 0.1, WALLS), seed.uniform(0.015, 0.05, boards)])
    textures = np.stack([texture(seed) for _ in range(WALLS + boards)])
    reach = np.concatenate([np.full((WALLS, 2), np.inf), sizes])
    sway = np.stack([seed.uniform(0.02, 0.15, (3, 2)), seed.uniform(0.2, 0.9, (3, 2)), _phases(seed)], axis=1)
    turn = np.stack([seed.uniform(0.01, 0.07, (3, 2)), seed.uniform(0.2, 0.9, (3, 2)), _phases(seed)], axis=1)
    point, across = np.concatenate([point, places]), np.concatenate([across, rights])
    down = np.concatenate([down, downs])
    sway, turn = sway.transpose(0, 2, 1), turn.transpose(0, 2, 1)
    return Scene(point, across, down, reach, texel, textures, sway, turn)


def view(
    scene: Scene, rig: Rig, rays: NDArray[Any], time: float, aside: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Depth in metres and intensity 0..1, each (n,), along rays (3, n) of a camera `aside` metres right of the left."""
    place, turn = scene.pose(time)
    place = place + turn @ np.array([aside, 0.0, 0.0])
    normal = np.cross(scene.across, scene.down)
    facing = (normal @ turn) @ rays
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = ((normal * (scene.point - place)).sum(axis=1)[:, None]) / facing
        start = [((place - scene.point) * axis).sum(axis=1)[:, None] for axis in (scene.across, scene.down)]
        at = [s + depth * ((axis @ turn) @ rays) for s, axis in zip(start, (scene.across, scene.down), strict=True)]
        hit = (depth > 0) & (np.abs(at[0]) <= scene.reach[:, :1]) & (np.abs(at[1]) <= scene.reach[:, 1:])
    depth = np.where(hit, depth, np.inf)
    nearest = depth.argmin(axis=0)
    ray = np.arange(rays.shape[1])
    seen = depth[nearest, ray]
    texel = scene.texel[nearest]
    slant = np.abs(facing[nearest, ray]) / np.sqrt((rays**2).sum(axis=0))
    footprint = seen / rig.focal[1] / texel / np.maximum(slant, 0.25)
    return seen, look_up(scene.textures, nearest, at[0][nearest, ray] / texel, at[1][nearest, ray] / texel, footprint)


def generate(
    *,
    seed: int,
    scenes: int,
    frames: int,
    shape: tuple[int, int] = MVSEC.shape,
    pixels: Pixels | None = None,
    fineness: int = 2,
) -> StereoFrames:
    """`frames` windows of 50 ms, one after the other, of each of `scenes` scenes, as seen by MVSEC's cameras.

    shape: (rows, columns) of the cameras, which keep MVSEC's field of view. A pixel's intensity is the mean of
    fineness × fineness rays; depth is that of the ray through its middle. Scene k of a seed is the same whatever
    `scenes` is. Raises InputError.
    """
    for name, value in {"scenes": scenes, "frames": frames, "fineness": fineness, "seed + 1": seed + 1}.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise InputError(Fault(name, f"is {value!r}", "a whole number of at least 1", "Pass e.g. 8."))
    rig = MVSEC.scaled(checked_shape(shape))
    parts = [_windows(seed, number, frames, rig, pixels or Pixels(), fineness) for number in range(scenes)]
    counts, depth = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    times = np.tile((np.arange(frames) + 1) * WINDOW, scenes)
    return StereoFrames(counts, depth, times, np.repeat(np.arange(scenes), frames))


def _windows(
    seed: int, number: int, frames: int, rig: Rig, pixels: Pixels, fineness: int
) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
    """Counts (frames, 4, rows, columns) and depth (frames, rows, columns) of one scene."""
    drawing, *noises = np.random.default_rng([seed, number]).spawn(3)
    scene = draw(drawing, rig)
    rays, finer = rig.rays(), rig.scaled((rig.shape[0] * fineness, rig.shape[1] * fineness))
    fine_rays = finer.rays()

    def images(time: float) -> list[NDArray[np.float64]]:
        return [_pooled(view(scene, finer, fine_rays, time, aside)[1], rig, fineness) for aside in (0.0, rig.baseline)]

    cameras = [Camera(pixels, image, 0.0, noise) for image, noise in zip(images(0.0), noises, strict=True)]
    counts = np.zeros((frames, 4, *rig.shape), np.int16)
    depths = np.zeros((frames, *rig.shape), np.float32)
    seen = view(scene, rig, rays, 0.0)[0]
    for frame in range(frames):
        begin, end = frame * WINDOW, (frame + 1) * WINDOW
        many = max(1, ceil(_furthest(scene, rig, rays * seen, begin, end) / FURTHEST_PER_IMAGE))
        fired: list[list[Fired]] = [[], []]
        for time in np.linspace(begin, end, many + 1)[1:]:
            for camera, image, events in zip(cameras, images(float(time)), fired, strict=True):
                events.append(camera.see(image, float(time)))
        counts[frame] = np.concatenate([count(events, rig.shape) for events in fired])
        seen = view(scene, rig, rays, end)[0]
        depths[frame] = seen.reshape(rig.shape)
    return counts, depths


def count(fired: list[Fired], shape: tuple[int, int]) -> NDArray[np.int16]:
    """(2, rows, columns): ON and OFF events of each pixel, see `counted`."""
    pixel, on = (np.concatenate([getattr(events, name) for events in fired]) for name in ("pixel", "on"))
    return counted(pixel, on, shape)


def _furthest(scene: Scene, rig: Rig, points: NDArray[Any], begin: float, end: float) -> float:
    """Pixels that the fastest of points (3, n), in the left camera at `begin`, moves until `end`."""
    (place, turn), (later, turned) = scene.pose(begin), scene.pose(end)
    now = turned.T @ (turn @ points + (place - later)[:, None])
    moved = now[:2] / np.maximum(now[2], 0.1) - points[:2] / points[2]
    return float(np.hypot(moved[0] * rig.focal[1], moved[1] * rig.focal[0]).max())


def _pooled(image: NDArray[Any], rig: Rig, fineness: int) -> NDArray[np.float64]:
    """(rows × columns,) means of squares of fineness × fineness values."""
    rows, columns = rig.shape
    return np.asarray(image.reshape(rows, fineness, columns, fineness).mean(axis=(1, 3)).ravel())


def _room(seed: np.random.Generator) -> tuple[NDArray[np.float64], ...]:
    """Middle, across and down, each (6, 3), of the walls of a box around the cameras, turned about the vertical."""
    left, right = seed.uniform(1.5, 4.0, 2)
    up, floor = seed.uniform(1.0, 2.0, 2)
    ahead = seed.uniform(4.0, 8.0)
    point = np.array([[0, 0, ahead], [0, 0, -2.5], [-left, 0, 0], [right, 0, 0], [0, -up, 0], [0, floor, 0.0]])
    x, y, z = np.eye(3)
    across, down = np.array([x, x, z, z, x, x]), np.array([y, y, y, y, z, z])
    turn = _turned(0.0, seed.uniform(-0.6, 0.6), 0.0)
    return point @ turn.T, across @ turn.T, down @ turn.T


def _boards(seed: np.random.Generator, many: int, rig: Rig) -> tuple[NDArray[np.float64], ...]:
    """Middle, across, down (many, 3) and reach (many, 2) of boards ahead, slanted by up to 45 degrees each way."""
    depth = np.exp(seed.uniform(np.log(BOARD_DEPTH[0]), np.log(BOARD_DEPTH[1]), many))
    rows, columns = seed.uniform(0, 1, (2, many)) * np.array(rig.shape)[:, None]
    across, down = (columns - rig.centre[1]) / rig.focal[1], (rows - rig.centre[0]) / rig.focal[0]
    places = np.stack([across, down, np.ones(many)], axis=1) * depth[:, None]
    turns = np.stack([_turned(*seed.uniform(-np.pi / 4, np.pi / 4, 3)) for _ in range(many)])
    return places, turns[:, :, 0], turns[:, :, 1], seed.uniform(0.1, 0.4, (many, 2)) * depth[:, None]


def _phases(seed: np.random.Generator) -> NDArray[np.float64]:
    return seed.uniform(0, 2 * np.pi, (3, 2))


def _waves(waves: NDArray[Any], time: float) -> NDArray[np.float64]:
    amplitude, frequency, phase = waves[..., 0], waves[..., 1], waves[..., 2]
    return np.asarray((amplitude * np.sin(2 * np.pi * frequency * time + phase)).sum(axis=1))


def _turned(pitch: float, yaw: float, roll: float) -> NDArray[np.float64]:
    """(3, 3): a turn about z (roll), then x (pitch), then y (yaw), radians."""
    (cx, cy, cz), (sx, sy, sz) = np.cos([pitch, yaw, roll]), np.sin([pitch, yaw, roll])
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1.0]])
    return np.asarray(about_y @ about_x @ about_z)
