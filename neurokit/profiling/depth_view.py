"""What a report shows of a network that sees depth: events, maps of depth and their errors, and what a frame costs."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurokit.encode.stereo import CHANNELS, StereoFrames
from neurokit.errors import Fault, InputError
from neurokit.profiling.depth import DepthError
from neurokit.profiling.estimate import Estimate
from neurokit.profiling.profile import Profile

Json = dict[str, Any]

DEPTH_COLOURS, ERROR_COLOURS = "viridis_r", "magma"  # of matplotlib: near is bright, exact is dark
MOST_FRAMES = 6
FULL_COLOUR = 3  # events more of one polarity than of the other, at which a pixel's colour is full
ON_COLOUR, OFF_COLOUR = (11, 106, 168), (213, 94, 0)  # the page's blue and orange
PERCENTILES = (1, 99)  # of the truth: the ends of the colours, so that a few far pixels do not take them all


@dataclass(frozen=True, eq=False)
class DepthView:
    """Frames to be shown and errors to be told.

    frames: those shown, a few. predicted: stage ("float", "integers", "Lava", ...) -> (n, rows, columns) metres of
    them; the last is drawn. errors: stage -> its error over everything that was evaluated. controls: the same of
    predictors that it is compared with. data: what was evaluated, e.g. "20 held-out scenes". synthetic: whether the
    events are; the page then says so. frames_a_sample: frames in a sample of the profiled run, None where costs are
    not to be told. notes: sentences to be told with them.
    """

    frames: StereoFrames
    predicted: Mapping[str, ArrayLike]
    errors: Mapping[str, DepthError]
    data: str
    synthetic: bool
    controls: Mapping[str, DepthError] = field(default_factory=dict)
    frames_a_sample: int | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        faults = []
        for stage, maps in self.predicted.items():
            if np.shape(maps) != self.frames.depth.shape or not np.isfinite(np.asarray(maps, np.float64)).all():
                fact = f"has shape {np.shape(maps)}, or NaN"
                limit = f"depth {self.frames.depth.shape} is needed, as many maps as frames"
                faults.append(Fault(f"predicted[{stage!r}]", fact, limit, "Predict the frames that are shown."))
        if not self.predicted or not 1 <= len(self.frames) <= MOST_FRAMES:
            fact = f"shows {len(self.frames)} frames of {len(self.predicted)} stages"
            faults.append(Fault("view", fact, f"1 to {MOST_FRAMES} frames of a stage or more", "Choose some."))
        if self.frames_a_sample is not None and self.frames_a_sample < 1:
            fact = f"is {self.frames_a_sample}"
            faults.append(Fault("frames_a_sample", fact, "at least 1", "Pass the frames of a sample, or None."))
        if faults:
            raise InputError(faults)


def content(view: DepthView, profile: Profile | None) -> Json:
    """Everything the section shows, as plain data; images are PNG files in base64."""
    near, far = (float(end) for end in np.nanpercentile(view.frames.depth, PERCENTILES))
    drawn = list(view.predicted)[-1]
    maps = np.asarray(view.predicted[drawn], np.float64)
    off = np.abs(maps - view.frames.depth)
    worst = max(float(np.nanpercentile(off, PERCENTILES[1])), 1e-3)
    rows = []
    for k in range(len(view.frames)):
        rows.append(
            {
                "scene": int(view.frames.scenes[k]),
                "seconds": float(view.frames.times[k]),
                "error": float(np.nanmean(off[k])),
                "images": {
                    "left events": events_image(view.frames.counts[k, :2]),
                    "right events": events_image(view.frames.counts[k, 2:]),
                    "true depth": map_image(view.frames.depth[k], near, far, DEPTH_COLOURS),
                    f"depth, {drawn}": map_image(maps[k], near, far, DEPTH_COLOURS),
                    "error": map_image(off[k], 0.0, worst, ERROR_COLOURS),
                },
            }
        )
    return {
        "data": view.data,
        "synthetic": view.synthetic,
        "drawn": drawn,
        "size": list(view.frames.depth.shape[1:]),
        "notes": list(view.notes),
        "rows": rows,
        "scales": {
            "depth": {"low": near, "high": far, "colours": gradient(DEPTH_COLOURS)},
            "error": {"low": 0.0, "high": worst, "colours": gradient(ERROR_COLOURS)},
        },
        "channels": list(CHANNELS),
        "errors": [_error(name, error, True) for name, error in view.errors.items()]
        + [_error(name, error, False) for name, error in view.controls.items()],
        "frame": None if profile is None or view.frames_a_sample is None else frame(profile, view.frames_a_sample),
    }


def frame(profile: Profile, frames: int) -> Json:
    """What one of the `frames` of a sample costs, and when it is through; rates are of neurons that fire in a frame."""
    program, steps = profile.program, profile.activity.steps
    late = max((program.latency.get(name, 0) for name in program.outputs), default=0)
    every = program.steps_per_frame
    found: Json = {"frames": frames, "steps": every, "latency_steps": late + 1, "run_steps": steps}
    found["energy"] = profile.energy.total.times(1 / frames).to_dict()
    if profile.time is not None:
        step = profile.time.step
        found["latency"] = step.times(late + 1).to_dict()
        found["interval"] = step.times(every).to_dict()
        found["rate"] = Estimate(
            1 / (step.high * every), 1 / (step.nominal * every), 1 / (step.low * every), "/s"
        ).to_dict()
    found["dynamic"] = profile.energy.dynamic.times(1 / frames).to_dict()
    found["rates"] = [
        {
            "population": row.population,
            "neurons": row.neurons,
            "rate": row.spikes / (row.neurons * profile.activity.samples * frames * every),
        }
        for row in profile.activity.populations
        if program.neuron(row.population).spiking
    ]
    return found


def events_image(counts: NDArray[Any]) -> str:
    """A PNG in base64 of (2, rows, columns) ON and OFF events: blue where ON prevails, orange where OFF does."""
    more = counts[0].astype(np.float64) - counts[1]
    strength = np.clip(np.abs(more) / FULL_COLOUR, 0, 1)[..., None]
    colour = np.where((more > 0)[..., None], ON_COLOUR, OFF_COLOUR)
    return _png((255 + strength * (colour - 255)).astype(np.uint8))


def map_image(values: NDArray[Any], low: float, high: float, colours: str) -> str:
    """A PNG in base64 of (rows, columns), transparent where a value is NaN."""
    import matplotlib  # takes a while, and a page is seldom written

    shares = (np.asarray(values, np.float64) - low) / max(high - low, 1e-9)
    picture = matplotlib.colormaps[colours](np.nan_to_num(np.clip(shares, 0, 1)), bytes=True)
    picture[..., 3] = np.where(np.isnan(values), 0, 255)
    return _png(picture)


def gradient(colours: str, stops: int = 9) -> list[str]:
    """CSS colours from low to high."""
    import matplotlib

    return [matplotlib.colors.to_hex(matplotlib.colormaps[colours](k / (stops - 1))) for k in range(stops)]


def _error(name: str, error: DepthError, is_stage: bool) -> Json:
    return {
        "name": name,
        "stage": is_stage,
        "metres": error.mean,
        "maps": error.maps,
        "one_pixel": error.one_pixel,
    }


def _png(picture: NDArray[np.uint8]) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")
