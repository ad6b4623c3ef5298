"""Synthetic stereo scenes: geometry against formulae, pixels against a plain loop in time, seeds, and faults."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurokit.encode import contrast, scenes, stereo
from neurokit.encode.contrast import Camera, Pixels
from neurokit.encode.stereo import MVSEC, Rig, StereoFrames
from neurokit.errors import InputError

SHAPE = (65, 87)
SILENT = Pixels(threshold=0.1, spread=0.0, refractory=0.0, leak=0.0, noise=0.0)


@pytest.fixture(scope="module")
def frames() -> StereoFrames:
    return scenes.generate(seed=5, scenes=3, frames=4, shape=SHAPE)


def drawn(seed: int = 1, rig: Rig = MVSEC) -> scenes.Scene:
    return scenes.draw(np.random.default_rng(seed), rig)


def wall(depth: float) -> scenes.Scene:
    """One wall, straight ahead at `depth`, and cameras that sway along x only."""
    scene = drawn()
    sway, turn = scene.sway.copy(), np.zeros_like(scene.turn)
    sway[1:] = 0
    point = np.array([[0, 0, depth]])
    one = {name: getattr(scene, name)[:1] for name in ("across", "down", "reach", "texel", "textures")}
    one |= {"across": np.array([[1.0, 0, 0]]), "down": np.array([[0, 1.0, 0]])}
    return replace(scene, point=point, sway=sway, turn=turn, **one)


def test_generated_frames_are_as_promised(frames):
    assert frames.counts.shape == (12, 4, *SHAPE)
    assert frames.counts.dtype == np.int16
    assert frames.depth.shape == (12, *SHAPE)
    assert frames.times.tolist() == pytest.approx([0.05, 0.1, 0.15, 0.2] * 3)
    assert frames.scenes.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert 0.4 < frames.depth.min() < 2.5
    assert 3.5 < frames.depth.max() < 12
    active = (frames.counts > 0).mean(axis=(0, 2, 3))
    assert (active > 0.05).all()
    assert (active < 0.6).all()
    assert "12 of 65×87, 3 scenes" in repr(frames)


def test_a_scene_depends_on_its_seed_and_number_alone(frames):
    again = scenes.generate(seed=5, scenes=1, frames=2, shape=SHAPE)
    np.testing.assert_array_equal(again.counts, frames.counts[:2])
    np.testing.assert_array_equal(again.depth, frames.depth[:2])
    assert (frames.depth[0] != frames.depth[4]).mean() > 0.9
    other = scenes.generate(seed=6, scenes=1, frames=1, shape=SHAPE)
    assert (frames.depth[0] != other.depth[0]).mean() > 0.9


def test_left_events_are_found_again_where_depth_says(frames):
    """focal · baseline / depth, rounded, against half a dozen other shifts: the right events fit there best."""
    rig = MVSEC.scaled(SHAPE)
    signed = frames.counts[:, [0, 2]].astype(float) - frames.counts[:, [1, 3]]
    shift = np.rint(rig.disparity(frames.depth)).astype(int)
    column = np.arange(SHAPE[1])[None, None]
    scores = {}
    for extra in range(-4, 5):
        at = column - shift - extra
        inside = (at >= 0) & (at < SHAPE[1])
        right = np.take_along_axis(signed[:, 1], at.clip(0, SHAPE[1] - 1), axis=2)
        scores[extra] = np.corrcoef(signed[:, 0][inside], right[inside])[0, 1]
    assert max(scores, key=lambda extra: scores[extra]) == 0
    assert scores[0] > 0.6
    assert scores[0] > 2 * scores[2]
    assert scores[0] > 2 * scores[-2]


@pytest.mark.parametrize("pixels", [3, 7])
def test_disparity_of_a_wall_is_focal_times_baseline_over_depth(pixels):
    """At the depth whose disparity is a whole number of pixels, the right image is the left one, shifted by it."""
    rig = replace(MVSEC.scaled((26, 34)), focal=(200.0, 200.0))
    scene = wall(200.0 * rig.baseline / pixels)
    rays = rig.rays()
    left, right = (scenes.view(scene, rig, rays, 0.3, aside)[1].reshape(rig.shape) for aside in (0, rig.baseline))
    np.testing.assert_allclose(right[:, :-pixels], left[:, pixels:], atol=1e-9)
    assert left.std() > 0.01


def test_depth_is_where_the_ray_meets_the_plane():
    """Z = n.(p0 - o) / (n.(R K^-1 [u, v, 1])), with K written out, for every pixel and the nearest plane."""
    rig, time = MVSEC.scaled((13, 17)), 0.7
    scene = drawn(4, rig)
    found = scenes.view(scene, rig, rig.rays(), time)[0].reshape(rig.shape)
    place, turn = scene.pose(time)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    K = np.array([[rig.focal[1], 0, rig.centre[1]], [0, rig.focal[0], rig.centre[0]], [0, 0, 1]])
    for row in range(13):
        for column in range(17):
            ray = turn @ np.linalg.solve(K, [column, row, 1.0])
            nearest = np.inf
            for point, a, b, reach in zip(scene.point, scene.across, scene.down, scene.reach, strict=True):
                n = np.cross(a, b)
                z = n @ (point - place) / (n @ ray)
                at = place + z * ray - point
                if z > 0 and abs(at @ a) <= reach[0] and abs(at @ b) <= reach[1]:
                    nearest = min(nearest, z)
            assert found[row, column] == pytest.approx(nearest, rel=1e-9)
    assert np.isfinite(found).all()


def test_a_scaled_rig_sees_the_same_field():
    rig = MVSEC.scaled((130, 173))
    assert rig.focal == pytest.approx((199.6530123165822 / 2,) * 2)
    edges = [(-0.5 - r.centre[1]) / r.focal[1] for r in (MVSEC, rig)]
    assert edges[0] == pytest.approx(edges[1])
    assert MVSEC.disparity(1.0) == pytest.approx(19.941771812941038)


def plain_loop(times, logarithms, reference, threshold, refractory):
    """ESIM's rule on one pixel, in steps of 2 µs of the line between the images."""
    events, last = [], -np.inf
    for now in np.arange(times[0], times[-1], 2e-6):
        level = np.interp(now, times, logarithms)
        while abs(level - reference) >= threshold:
            sign = 1 if level > reference else -1
            reference += sign * threshold
            if now - last >= refractory:
                events.append((now, sign))
                last = now
    return events


@pytest.mark.parametrize("refractory", [0.0, 2.3e-3])
def test_a_pixel_does_what_a_plain_loop_in_time_does(refractory):
    random = np.random.default_rng(3)
    images = random.uniform(0.05, 0.9, 8)
    times = np.cumsum(random.uniform(2e-3, 8e-3, 8))
    pixels = replace(SILENT, threshold=0.23, refractory=refractory)
    camera = Camera(pixels, images[:1], times[0], np.random.default_rng(0))
    reference = float(camera._reference[0])
    fired = [camera.see(images[k : k + 1], times[k]) for k in range(1, 8)]
    found = sorted((t, 1 if on else -1) for part in fired for t, on in zip(part.time, part.on, strict=True))
    wanted = plain_loop(times, np.log(images + contrast.DARKEST), reference, 0.23, refractory)
    assert [sign for _, sign in found] == [sign for _, sign in wanted]
    np.testing.assert_allclose([t for t, _ in found], [t for t, _ in wanted], atol=2.1e-6)
    assert len(found) > 8


def test_noise_leak_and_thresholds_have_the_rates_and_spread_asked_for():
    n, image = 20_000, np.full(20_000, 0.5)
    noisy = Camera(replace(SILENT, noise=5.0), image, 0.0, np.random.default_rng(1)).see(image, 1.0)
    assert len(noisy.pixel) == pytest.approx(5 * n, rel=0.03)
    assert noisy.on.mean() == pytest.approx(0.5, abs=0.02)
    camera = Camera(replace(SILENT, leak=2.0), image, 0.0, np.random.default_rng(1))
    camera.see(image, 1.0)  # brings every reference to where a leak keeps it
    leaking = camera.see(image, 2.0)
    assert len(leaking.pixel) == pytest.approx(2 * n, rel=0.03)
    assert leaking.on.all()
    spread = Camera(replace(SILENT, spread=0.05), image, 0.0, np.random.default_rng(1))._thresholds
    assert spread.mean() == pytest.approx(0.1, abs=0.002)
    assert spread.min() == pytest.approx(0.01)


def test_two_cameras_have_noise_of_their_own(frames):
    one, other = (Camera(Pixels(), np.full(50, 0.5), 0.0, np.random.default_rng([1, k])) for k in (0, 1))
    assert not np.array_equal(one._thresholds, other._thresholds)
    assert not np.array_equal(frames.counts[:, :2], frames.counts[:, 2:])


def test_counts_are_of_on_then_off():
    fired = contrast.Fired(np.array([0, 0, 5]), np.zeros(3), np.array([True, True, False]))
    found = scenes.count([fired], (2, 3))
    assert found.tolist() == [[[2, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 1]]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scenes": 0}, "'scenes': is 0; a whole number of at least 1"),
        ({"frames": 1.5}, "'frames': is 1.5; a whole number of at least 1"),
        ({"fineness": True}, "'fineness': is True; a whole number"),
        ({"seed": -1}, "'seed + 1': is 0; a whole number of at least 1"),
        ({"shape": (0, 5)}, "'shape': is (0, 5); (rows, columns), whole numbers of at least 1"),
        ({"shape": 65}, "'shape': is 65; (rows, columns)"),
    ],
)
def test_arguments_that_do_not_fit_are_named(change, said):
    with pytest.raises(InputError) as caught:
        scenes.generate(**({"seed": 0, "scenes": 1, "frames": 1, "shape": (8, 10)} | change))
    assert said in str(caught.value)


def test_pixels_rigs_and_frames_are_checked(frames):
    with pytest.raises(InputError) as caught:
        Pixels(threshold=0, noise=-1)
    assert "'noise': is -1; a finite number of at least 0" in str(caught.value)
    assert "'threshold': is 0; a finite number above 0" in str(caught.value)
    with pytest.raises(InputError, match="sizes are positive and finite"):
        replace(MVSEC, baseline=0.0)
    with pytest.raises(InputError, match=r"'depth': has shape \(11, 65, 87\)"):
        StereoFrames(frames.counts, frames.depth[1:], frames.times, frames.scenes)
    assert len(frames.selected(frames.scenes == 1)) == 4
    assert stereo.WINDOW == 0.05
