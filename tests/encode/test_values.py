"""Laws of the encoders: what is decoded is off by no more than `error` says."""

import numpy as np
import pytest
import scipy.io.wavfile
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from sklearn.datasets import load_digits

import neurokit as nk
from neurokit.encode.pictures import read_picture
from neurokit.errors import FormatError, InputError
from tests.data import shared

encode = nk.encode
unit = arrays(np.float64, (2, 3, 4), elements=st.floats(0, 1))
steps = st.integers(2, 80)
TINY = 1e-9  # floats


def there_and_back(encoder, x):
    """Decoded values; and one sample by itself is coded as in a batch where nothing is random."""
    spikes = encoder.encode(x, batched=True)
    assert spikes.shape == (2, encoder.steps, 3, 4)
    one = encoder.encode(x[0])
    assert one.shape == (encoder.steps, 3, 4)
    if not isinstance(encoder, encode.Rate):
        np.testing.assert_array_equal(one, spikes[0])
    return encoder.decode(spikes, batched=True)


@given(unit, steps)
def test_regular(x, steps):
    encoder = encode.Regular(steps)
    found = there_and_back(encoder, x)
    assert np.abs(found - x).max() <= encoder.error + TINY
    assert encoder.encode(x).max() <= 1


@given(unit, steps, st.floats(0, 0.5))
def test_latency(x, steps, silent):
    encoder = encode.Latency(steps, silent)
    found = there_and_back(encoder, x)
    assert np.abs(found - x).max() <= encoder.error + TINY
    assert (encoder.encode(x).sum(axis=0) == (x >= silent)).all()


@given(unit, st.integers(1, 5), st.integers(1, 23), st.booleans())
def test_graded(x, steps, bits, held):
    encoder = encode.Graded(steps, bits, held)
    found = there_and_back(encoder, x)
    assert np.abs(found - x).max() <= encoder.error + TINY
    assert (encoder.encode(x)[1:] != 0).any() <= held


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 2**32), st.booleans())
def test_rate(seed, poisson):
    """Among 20,000 values about a hundredth may be further off than the bound, which is generous."""
    x = np.random.default_rng(1).random((2, 100, 100))
    encoder = encode.Rate(64, seed, poisson)
    spikes = encoder.encode(x, batched=True)
    np.testing.assert_array_equal(spikes, encoder.encode(x, batched=True))
    off = np.abs(encoder.decode(spikes, batched=True) - x)
    assert (off > encoder.error(0.01)).mean() <= 0.01
    assert abs(spikes.mean() - x.mean()) < 5 / np.sqrt(spikes.size)
    assert (spikes.max() > 1) == poisson


def test_rate_at_its_ends():
    encoder = encode.Rate(1000, seed=0)
    assert not encoder.encode(np.zeros(50)).any()
    assert encoder.encode(np.ones(50)).all()
    assert (encode.Rate(8, 1).encode(np.full(50, 0.5)) != encode.Rate(8, 2).encode(np.full(50, 0.5))).any()


def test_digits_by_rate_are_what_pixels_say():
    images = load_digits().images[:20] / 16
    for encoder in encode.Regular(32), encode.Latency(32), encode.Graded():
        found = encoder.decode(encoder.encode(images, batched=True), batched=True)
        assert np.abs(found - images).max() <= encoder.error


def test_scaled():
    assert encode.scaled(np.array([0, 255], np.uint8)).tolist() == [0, 1]
    assert encode.scaled(np.array([65535], np.uint16)).tolist() == [1]
    assert encode.scaled([0.25]).tolist() == [0.25]
    with pytest.raises(InputError, match="reach from 0 to 16"):
        encode.scaled([0, 16])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: encode.Rate(0, 1), "'steps': is 0"),
        (lambda: encode.Rate(2.5, -1), "'seed': is -1"),
        (lambda: encode.Regular(True), "'steps': is True"),
        (lambda: encode.Latency(1), "'steps': is 1"),
        (lambda: encode.Latency(4, 2.0), "'silent': is 2.0"),
        (lambda: encode.Graded(1, 24), "'bits': is 24"),
        (lambda: encode.Regular(4).encode([1.5]), "reach from 1.5 to 1.5"),
        (lambda: encode.Regular(4).encode([np.nan]), "numbers from 0 to 1"),
        (lambda: encode.Regular(4).encode(["a"]), "have type <U1"),
        (lambda: encode.Regular(4).encode(0.5, batched=True), "are one number"),
        (lambda: encode.Regular(4).decode(np.zeros((3, 2))), "axis 0 is time, 4 steps"),
        (lambda: encode.Rate(4, 1).error(0), "'missed': is 0"),
        (lambda: encode.Delta(0), "'threshold': is 0"),
        (lambda: encode.Delta(1).encode([1, np.inf]), "NaN or infinity"),
        (lambda: encode.Delta(1).encode(3), "'signal': has shape ()"),
        (lambda: encode.Delta(1).decode(np.zeros((4, 3)), 0), "axis 1 has down and up"),
        (lambda: encode.FilterBank(8000, 1e-5, low=0, high=5000, kind="bark", gain=0), "'kind': is 'bark'"),
        (lambda: encode.FilterBank(8000, 1e-2).levels(np.zeros((100, 2))), "one channel"),
        (lambda: encode.FilterBank(8000, 1e-2).levels(np.zeros(10)), "at least 80 samples"),
        (lambda: encode.FilterBank(8000, 1e-2).levels(np.full(100, np.nan)), "NaN"),
    ],
)
def test_refusals(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)


# -------------------------------------------------------------------------------------------------------------- signals


walks = arrays(np.float64, (40, 3), elements=st.floats(-5, 5))


@given(walks, st.floats(0.05, 3))
def test_delta_with_counts_is_never_off_by_a_threshold(x, threshold):
    encoder = encode.Delta(threshold, counts=True)
    spikes = encoder.encode(x)
    assert spikes.shape == (40, 2, 3)
    assert not (spikes[:, 0] * spikes[:, 1]).any()
    found = encoder.decode(spikes, x[0])
    assert np.abs(found - x).max() < threshold + 1e-6
    assert encoder.error(x) == pytest.approx(np.abs(found - x).max())


@given(walks, st.floats(0.05, 3))
def test_delta_follows_what_moves_by_no_more_than_a_threshold(steps, threshold):
    x = np.cumsum(steps / 5 * threshold, axis=0)
    encoder = encode.Delta(threshold)
    assert encoder.encode(x).max() <= 1
    assert encoder.error(x) < threshold * (1 + 1e-6)
    both = np.stack((x, -x))
    np.testing.assert_array_equal(encoder.encode(both, batched=True)[0], encoder.encode(x))
    assert encoder.error(both, batched=True) == pytest.approx(encoder.error(x))


def test_delta_lags_behind_a_jump_and_says_so():
    assert encode.Delta(1.0).error([0, 10, 10, 10]) == pytest.approx(9)


# ---------------------------------------------------------------------------------------------------------------- sound


@pytest.mark.parametrize("kind", ["gammatone", "mel"])
def test_a_tone_is_loudest_where_it_belongs(kind):
    bank = encode.FilterBank(8000, 0.01, channels=20, kind=kind)
    for k in (3, 10, 17):
        wave = np.sin(2 * np.pi * bank.centres[k] * np.arange(8000) / 8000)
        levels = bank.levels(wave)
        assert levels.shape == (100, 20)
        assert levels[20:-2].mean(axis=0).argmax() == k
        assert levels.max() == 1


def test_gammatone_equals_the_filter_written_out():
    """t^3 exp(-2 pi 1.019 ERB t) cos(2 pi f t), the definition, normalised to gain 1 at the centre."""
    bank = encode.FilterBank(16000, 0.01, channels=8, low=200, high=4000, range=40)
    wave = np.random.default_rng(0).normal(size=8000)
    t = np.arange(4000) / 16000
    energy = []
    for centre in bank.centres:
        width = 1.019 * 24.7 * (4.37 * centre / 1000 + 1)
        shape = t**3 * np.exp(-2 * np.pi * width * t) * np.cos(2 * np.pi * centre * t)
        gain = abs(np.sum(shape * np.exp(-2j * np.pi * centre * t)))
        found = scipy.signal.fftconvolve(wave, shape / gain)[:8000]
        energy.append((found**2).reshape(50, 160).mean(axis=1))
    decibels = 10 * np.log10(np.array(energy).T / np.max(energy))
    np.testing.assert_allclose(bank.levels(wave)[2:], np.clip(1 + decibels / 40, 0, 1)[2:], atol=0.03)


@pytest.mark.parametrize("kind", ["gammatone", "mel"])
def test_spoken_digits(kind):
    """Spikes add up to what levels add up to, within half a spike, at every step."""
    paths = sorted(shared("fsdd", "recordings").glob("*_0.wav"))[:6]
    seen = []
    for path in paths:
        rate, wave = scipy.io.wavfile.read(path)
        bank = encode.FilterBank(rate, 0.005, kind=kind, gain=0.7)
        spikes = bank.encode(wave)
        total = np.cumsum(0.7 * bank.levels(wave), axis=0)
        assert np.abs(bank.decode(spikes) - total).max() <= bank.error + TINY
        assert spikes.max() == 1
        assert spikes.mean() > 0.05
        seen.append(spikes.sum(axis=0))
    assert len(paths) == 6
    assert not np.array_equal(seen[0], seen[1])


def test_silence_is_silent():
    assert not encode.FilterBank(8000, 0.01).encode(np.zeros(800, np.int16)).any()


@pytest.mark.parametrize("kind", ["gammatone", "mel"])
def test_unsigned_sound_is_silent_at_its_middle(kind):
    tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000)
    bank = nk.encode.FilterBank(8000, 0.01, channels=8, kind=kind)
    wanted = bank.levels(np.rint(tone * 120).astype(np.int8))
    np.testing.assert_allclose(bank.levels((128 + np.rint(tone * 120)).astype(np.uint8)), wanted, atol=1e-3)


@pytest.mark.parametrize("steps", [1, 5])
def test_a_single_number_becomes_spikes(steps):
    for coder in (nk.encode.Rate(steps, 1), nk.encode.Regular(steps), nk.encode.Graded(steps, held=True)):
        np.testing.assert_array_equal(coder.encode(1.0), coder.encode([1.0])[:, 0])


def test_spikes_that_would_take_all_memory(monkeypatch):
    monkeypatch.setattr("neurokit.encode.room.available_memory", lambda: 1000)
    assert nk.encode.Regular(5).encode(np.zeros(100)).shape == (5, 100)
    with pytest.raises(InputError, match="Pass fewer steps"):
        nk.encode.Regular(6).encode(np.zeros(100))


def test_changes_that_no_payload_holds_are_refused():
    coder = nk.encode.Delta(1.0, counts=True)
    assert coder.encode([0, 2**23 - 1])[1].tolist() == [0, 2**23 - 1]
    with pytest.raises(InputError, match=r"moves by 8.39e\+06 thresholds in step 1"):
        coder.encode([0, 2**23])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nk.encode.Delta("a"), "'threshold': is 'a'"),
        (lambda: nk.encode.FilterBank("a", 0.01), "'rate': is 'a'; a finite number"),
        (lambda: nk.encode.FilterBank(np.inf, np.nan), "'dt': is nan; a finite number"),
        (lambda: nk.encode.FilterBank(8000, None), "'dt': is None; a finite number"),
    ],
)
def test_what_is_no_number_is_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_images_of_16_bits_keep_their_values(tmp_path):
    grey = (np.arange(12).reshape(3, 4) * 5957).astype(np.uint16)
    Image.fromarray(grey).save(tmp_path / "deep.png")
    np.testing.assert_allclose(read_picture(tmp_path / "deep.png", (3, 4)), grey / 65535)
    np.testing.assert_allclose(read_picture(tmp_path / "deep.png", (3, 3, 4)), [grey / 65535] * 3)
    Image.fromarray((grey / 65535).astype(np.float32)).save(tmp_path / "floats.tif")
    with pytest.raises(FormatError, match="32 bits a pixel"):
        read_picture(tmp_path / "floats.tif", (3, 4))
