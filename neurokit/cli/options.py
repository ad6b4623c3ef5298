"""Arguments and options that the verbs share."""

from __future__ import annotations

import math
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

MOST_STEPS = 2**31 - 1


class Chip(str, Enum):
    """Chips that placement knows."""

    loihi1 = "loihi1"
    loihi2 = "loihi2"


class Schedule(str, Enum):
    """The names in `neurokit.lower.schedule`."""

    pipeline = "pipeline"
    hold = "hold"


class Backend(str, Enum):
    """The names in `neurokit.api.BACKENDS`."""

    simulator = "simulator"
    lava = "lava"
    lava_inprocess = "lava-inprocess"
    loihi2 = "loihi2"


class Lava(str, Enum):
    """Two executions of the same Lava models."""

    lava_inprocess = "lava-inprocess"
    lava = "lava"


class ResetMode(str, Enum):
    """What a spike does to the membrane potential."""

    hard = "hard"
    soft = "soft"


class Feed(str, Enum):
    """How data enter the input layer of a `.net` file."""

    current = "current"
    spikes = "spikes"


class Code(str, Enum):
    """How a plain network is to spike."""

    rate = "rate"
    sigma_delta = "sigma-delta"
    graded = "graded"


class Fires(str, Enum):
    """How neurons compare their potential with their threshold."""

    above = ">"
    reaching = ">="


class Integration(str, Enum):
    """How states decay over a step."""

    euler = "euler"
    exponential = "exponential"
    continuous = "continuous"


class Fit(str, Enum):
    """The names in `neurokit.encode.frames.FITS`."""

    crop = "crop"
    pool = "pool"
    resize = "resize"


class TimeUnit(str, Enum):
    """What the times of a .mat recording count."""

    us = "us"
    s = "s"


class Encode(str, Enum):
    """How values, signals and sound become spikes."""

    rate = "rate"
    regular = "regular"
    latency = "latency"
    graded = "graded"
    delta = "delta"
    gammatone = "gammatone"
    mel = "mel"


def _positive(value: float | None) -> float | None:
    if value is not None and not 0 < value < math.inf:
        raise typer.BadParameter(f"{value} is not a positive number of seconds.")
    return value


def _shape(value: str | None) -> str | None:
    if value is not None and not all(part.strip().isdigit() and int(part) for part in value.split(",")):
        raise typer.BadParameter(f"{value!r} is no shape: write numbers with commas, e.g. 2,34,34.")
    return value


def _time_constant(value: float) -> float:
    if not 0 < value < math.inf:
        raise typer.BadParameter(f"{value} is not a positive number of steps.")
    return value


def _whole(value: int | None) -> int | None:
    if value is not None and not 1 <= value <= MOST_STEPS:
        raise typer.BadParameter(f"{value} is not a number of steps from 1 to {MOST_STEPS:,}.")
    return value


Source = Annotated[
    Path, typer.Argument(show_default=False, help="A trained network (.nir, .net), or a .nk file made of one.")
]
Data = Annotated[
    list[Path],
    typer.Argument(
        show_default=False,
        help="Inputs (batch, time, *shape): an array in a .npy file, or several by name in .npz; or recordings of"
        " events (.aedat4, .raw, .dat, .bin, ...), images or sound (.wav), several of them as a batch.",
    ),
]
MaybeData = Annotated[
    list[Path] | None, typer.Argument(metavar="DATA...", help="Inputs, as for `neurokit run`: .npy, .npz, recordings.")
]
ToNk = Annotated[Path, typer.Option("--output", "-o", help="The .nk file to write.")]
ToNetwork = Annotated[Path, typer.Option("--output", "-o", help="The file to write: .nk, or .nir for others.")]
ToPage = Annotated[Path, typer.Option("--output", "-o", help="The .html page to write; its .json goes beside it.")]
ToNpz = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="The .npz file for spikes and states recorded, and counts of all spikes."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

READING, COMPILING, RUNNING = "How to read a source (not for .nk files)", "How to compile it", "How to run it"

Kind = Annotated[
    str | None, typer.Option(rich_help_panel=READING, help="What it is, 'nir' or 'net'; default as its suffix says.")
]
Dt = Annotated[
    float | None,
    typer.Option(
        rich_help_panel=READING,
        metavar="SECONDS",
        callback=_positive,
        help="Length of a step, where the file leaves it out (NIR).",
    ),
]
Reset = Annotated[
    ResetMode | None,
    typer.Option(rich_help_panel=READING, help="How neurons reset, where the file leaves it out (NIR)."),
]
Inputs = Annotated[
    Feed | None,
    typer.Option(
        rich_help_panel=READING,
        help="What feeds the input layer of a .net file: currents into its neurons, or spikes past them.",
    ),
]

SampleShape = Annotated[
    str | None,
    typer.Option(
        "--shape",
        rich_help_panel=READING,
        metavar="C,H,W",
        callback=_shape,
        help="Shape of one sample of the input, where the file leaves it open.",
    ),
]
Spec = Annotated[
    Path | None,
    typer.Option(
        rich_help_panel=READING,
        help="The .json or (EIANN's) .yaml file of layers that bare weights belong to.",
    ),
]
CodeOf = Annotated[
    Code | None,
    typer.Option("--code", rich_help_panel=READING, help="How a network of rates, which has no spikes, is to spike."),
]
Calibrate = Annotated[
    Path | None,
    typer.Option(rich_help_panel=READING, help="Sample inputs (batch, *shape) to balance a plain network by: .npy."),
]
FiresAt = Annotated[
    Fires | None,
    typer.Option(
        "--fires", rich_help_panel=READING, metavar="'>'|'>='", help="How potentials compare with thresholds."
    ),
]
Integrating = Annotated[
    Integration | None,
    typer.Option("--integration", rich_help_panel=READING, help="How states decay over a step (.nir)."),
]

ENCODING = "How to make spikes of recordings, images and sound"
Bin = Annotated[
    float | None,
    typer.Option(
        rich_help_panel=ENCODING,
        metavar="SECONDS",
        callback=_positive,
        help="Length of a step; default as the network says.",
    ),
]
Counts = Annotated[
    bool | None,
    typer.Option(
        "--counts/--binary", rich_help_panel=ENCODING, help="How many events a step has, or whether any; default."
    ),
]
FitTo = Annotated[
    Fit | None,
    typer.Option(
        "--fit", rich_help_panel=ENCODING, help="What to do where the sensor has another size than the input."
    ),
]
SensorSize = Annotated[
    str | None,
    typer.Option(
        "--size", rich_help_panel=ENCODING, metavar="ROWSxCOLUMNS", help="Of the sensor, where the file does not tell."
    ),
]
TimeUnitOf = Annotated[
    TimeUnit | None,
    typer.Option("--time-unit", rich_help_panel=ENCODING, help="Of the times in a .mat file, which does not tell."),
]
EncodeAs = Annotated[
    Encode | None, typer.Option("--encode", rich_help_panel=ENCODING, help="How images, values or sound become spikes.")
]
RateSeed = Annotated[
    int | None, typer.Option("--seed", rich_help_panel=ENCODING, metavar="N", min=0, help="For --encode rate.")
]
Threshold = Annotated[
    float | None,
    typer.Option(
        rich_help_panel=ENCODING,
        metavar="CHANGE",
        callback=_positive,
        help="For --encode delta: the least change that is told.",
    ),
]

Bits = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=COMPILING, metavar="N", min=1, max=8, help="Width of weights that are floats; default 8."
    ),
]
CalibrateOn = Annotated[
    Path | None,
    typer.Option(
        "--calibrate",
        rich_help_panel=COMPILING,
        help="Sample inputs (batch, steps, *shape) by which scales are chosen: .npy, or .npz by name.",
    ),
]
Window = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=COMPILING,
        metavar="STEPS",
        callback=_whole,
        help="Reset a population at depth k before steps k, k + STEPS, ...",
    ),
]

ScheduleOf = Annotated[
    Schedule | None,
    typer.Option(
        "--schedule",
        rich_help_panel=COMPILING,
        help="pipeline (default): a new frame in every step, short branches wait; hold: each frame stays at the input.",
    ),
]

Steps = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=RUNNING, metavar="N", callback=_whole, help="Steps for each sample; default the input's length."
    ),
]
Record = Annotated[
    list[str] | None,
    typer.Option(
        rich_help_panel=RUNNING,
        metavar="POPULATION[:u|:v]",
        help="Record spikes of a population, or its u or v. May be repeated.",
    ),
]
ToFile = Annotated[
    Path | None,
    typer.Option(
        "--to",
        rich_help_panel=RUNNING,
        help="The .h5 file to record into while it runs, for recordings larger than memory.",
    ),
]
CheckpointFile = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint",
        rich_help_panel=RUNNING,
        help="The file to keep an unfinished run in; the same command goes on from it.",
    ),
]
Every = Annotated[
    float,
    typer.Option(
        rich_help_panel=RUNNING, metavar="SECONDS", callback=_positive, help="How often the checkpoint is written."
    ),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        rich_help_panel=RUNNING, metavar="SECONDS", callback=_positive, help="After which the run is given up."
    ),
]
OnBackend = Annotated[Backend, typer.Option(rich_help_panel=RUNNING, help="What runs the Program.")]
Picture = Annotated[
    Path | None, typer.Option(help="Also draw the chips and their cores into a .png, .svg or .pdf file.")
]
OnHost = Annotated[
    bool, typer.Option("--host", help="Put on the host what the chip's stock parts do not have, instead of on cores.")
]
OnChip = Annotated[Chip, typer.Option(help="The chip to estimate for.")]
Labels = Annotated[Path | None, typer.Option(help="Classes of the samples, integers in a .npy file.")]
Samples = Annotated[
    int,
    typer.Option(
        rich_help_panel=RUNNING, metavar="SAMPLES", min=0, help="How many samples run on Lava too; 0 leaves it out."
    ),
]
Attribute = Annotated[
    int,
    typer.Option(
        rich_help_panel=RUNNING,
        metavar="SAMPLES",
        min=0,
        help="On how many samples the loss is taken apart, cause by cause; 0 leaves it out.",
    ),
]
Expected = Annotated[
    Path | None,
    typer.Option(
        rich_help_panel=RUNNING,
        help="What the source's own framework gives: spikes by population in .npz, or of the one output in .npy.",
    ),
]
Tau = Annotated[
    float,
    typer.Option(
        rich_help_panel=RUNNING,
        metavar="STEPS",
        callback=_time_constant,
        help="Time constant of the distance between spike trains.",
    ),
]
OnLava = Annotated[
    Lava, typer.Option(rich_help_panel=RUNNING, help="How Lava runs; 'lava' is its multi-process runtime, slower.")
]
FollowSilicon = Annotated[
    Path | None,
    typer.Option(
        "--silicon",
        metavar="FILE",
        rich_help_panel=RUNNING,
        help="A silicon file (of deploy --check of a first-light kit): the simulator follows that chip's arithmetic.",
    ),
]
MeasureSteps = Annotated[
    int | None,
    typer.Option(
        "--measure",
        metavar="STEPS",
        min=1,
        rich_help_panel=RUNNING,
        help="Run on a Loihi 2 board and measure power, time and activity over so many steps (docs/hardware.md).",
    ),
]
