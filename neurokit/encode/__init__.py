"""From what people have to spikes: recordings of events, images, signals and sound.

    events   read(path) -> Events; from_array for tonic's; to_spikes(events, dt) -> (time, polarity, rows, columns)
    values   Rate, Regular, Latency, Graded: numbers in 0..1 (images) to (time, *shape), `decode` back within `error`
    signals  Delta: up and down spikes where a signal moves by a threshold, and the signal back
    sound    FilterBank: gammatone or mel channels of a waveform, and their spikes
    scenes   generate(seed=, scenes=, frames=) -> StereoFrames: synthetic scenes for two event cameras, and their depth
    mvsec    windows(find(folder, 1), tested_maps(1)) -> StereoFrames of MVSEC's HDF5 files

Every encoder is a frozen dataclass of numbers; what is random takes a seed.
"""

from neurokit.encode.events import Events, from_array
from neurokit.encode.files import READERS, read
from neurokit.encode.frames import batch, from_frames, to_spikes
from neurokit.encode.signals import Delta
from neurokit.encode.sound import FilterBank
from neurokit.encode.stereo import StereoFrames
from neurokit.encode.values import Graded, Latency, Rate, Regular, scaled

__all__ = [
    "READERS",
    "Delta",
    "Events",
    "FilterBank",
    "Graded",
    "Latency",
    "Rate",
    "Regular",
    "StereoFrames",
    "batch",
    "from_array",
    "from_frames",
    "read",
    "scaled",
    "to_spikes",
]
