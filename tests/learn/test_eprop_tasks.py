"""What trials look like, counted, and what the tasks refuse."""

import numpy as np
import pytest

from neurokit.encode.pictures import read_wave
from neurokit.encode.signals import UP, Delta
from neurokit.encode.sound import FilterBank
from neurokit.errors import FormatError, InputError
from neurokit.learn.tasks.digits import SpokenDigits
from neurokit.learn.tasks.evidence import EvidenceAccumulation, crossed
from neurokit.learn.tasks.networks import evidence_network, pattern_network
from neurokit.learn.tasks.pattern import PatternGeneration
from neurokit.learn.tasks.recall import DelayedMatch, StoreRecall
from tests.data import shared


def random(seed=0):
    return np.random.default_rng(seed)


def test_pattern_generation():
    task = PatternGeneration(3, outputs=2)
    trials = task.trials(random(), 2)
    assert trials.x.shape == (2, 1000, 100)
    assert trials.x.mean() == pytest.approx(0.05, abs=0.003)
    np.testing.assert_array_equal(trials.x[0], trials.x[1])
    assert task.target.shape == (1000, 2)
    assert (task.target[0] == 0).all()
    np.testing.assert_allclose(np.abs(task.target).max(0), 1)
    power = np.abs(np.fft.rfft(task.target, axis=0)) ** 2
    assert (power[[1, 2, 3, 5]].sum(0) / power[1:].sum(0) > 0.95).all(), "1, 2, 3 and 5 periods"
    np.testing.assert_array_equal(PatternGeneration(3, outputs=2).target, task.target)
    assert (PatternGeneration(4, outputs=2).target != task.target).any()
    assert trials.loss.loss(np.zeros((2, 1000, 2))) == pytest.approx((task.target**2).sum())


def test_evidence_accumulation():
    """Groups fire when and where they are to: 40 Hz in cues and recall, 10 Hz in the background."""
    task = EvidenceAccumulation()
    trials = task.trials(random(), 60)
    x, labels = trials.x.astype(float), trials.loss.labels
    assert x.shape == (60, 2250, 40)
    cue = np.zeros(2250, bool)
    for k in range(7):
        cue[150 * k + 50 : 150 * k + 150] = True
    assert x[:, ~cue, :20].sum() == 0
    assert x[:, cue, :20].mean() == pytest.approx(0.02, abs=0.001)
    assert x[:, :-150, 20:30].sum() == 0
    assert x[:, -150:, 20:30].mean() == pytest.approx(0.04, abs=0.003)
    assert x[:, :, 30:].mean() == pytest.approx(0.01, abs=0.001)
    shown = x.reshape(60, 2250, 4, 10).sum(3)
    sides = np.stack([shown[:, 150 * k + 50 : 150 * k + 150, :2].sum(1) for k in range(7)], 1)
    assert ((sides > 0).sum(2) == 1).all(), "each cue is on one side"
    np.testing.assert_array_equal(labels, (sides[:, :, 1] > 0).sum(1) > 3)
    rarer = np.minimum((sides[:, :, 1] > 0).sum(1), (sides[:, :, 0] > 0).sum(1)).mean() / 7
    assert rarer == pytest.approx(0.27, abs=0.04)  # E min(B, 7 - B) / 7 of B ~ Bin(7, 0.3)
    assert labels.mean() == pytest.approx(0.5, abs=0.2)
    assert trials.loss.window == 150


def test_remapped_cues():
    """The same draws, other groups."""
    usual, swapped = (EvidenceAccumulation(order=o).trials(random(1), 3) for o in ((0, 1, 2, 3), (1, 0, 2, 3)))
    np.testing.assert_array_equal(usual.loss.labels, swapped.loss.labels)
    totals = [t.x.reshape(3, 2250, 4, 10).sum((1, 3)) for t in (usual, swapped)]
    assert (np.argmax(totals[0][:, :2], 1) != np.argmax(totals[1][:, :2], 1)).all()


def test_crossed_channels():
    """Half of each side's channels arrive on the other side, all else where it was; the draws are the same."""
    wiring = crossed(random(3))
    assert sorted(wiring) == list(range(40))
    assert wiring[20:] == tuple(range(20, 40))
    sides = np.asarray(wiring[:20]) // 10
    assert sides[:10].sum() == 5
    assert sides[10:].sum() == 5
    usual, mixed = (EvidenceAccumulation(wiring=w).trials(random(1), 3) for w in (None, wiring))
    np.testing.assert_array_equal(mixed.x[:, :, list(wiring)], usual.x)
    np.testing.assert_array_equal(mixed.loss.labels, usual.loss.labels)
    assert (mixed.x != usual.x).any()
    assert wiring != crossed(random(4))
    kept, exchanged = (np.asarray(crossed(random(3), share=share)) // 10 for share in (0, 1))
    np.testing.assert_array_equal(kept, np.arange(40) // 10)
    np.testing.assert_array_equal(exchanged, np.repeat([1, 0, 2, 3], 10))


def test_trials_depend_on_the_generator_only():
    task = EvidenceAccumulation(cues=3, delay=100)
    one, again, other = (task.trials(random(seed), 5) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.x, again.x)
    assert (one.x != other.x).any()


def test_untrained_networks():
    """The published beta, .0174, and deviations of weights."""
    net = evidence_network(0, feedback="random")
    assert net.betas[50:] == pytest.approx(0.0174, abs=5e-5)
    assert (net.betas[:50] == 0).all()
    assert np.std(net.w_in) == pytest.approx(40**-0.5, rel=0.05)
    assert np.std(net.w_rec) == pytest.approx(0.1, rel=0.05)
    assert np.abs(net.w_out).max() <= np.sqrt(6 / 102)
    assert np.std(net.b_out) == pytest.approx(1, rel=0.15)
    strong = pattern_network(0, recurrent_gain=2.0)
    np.testing.assert_allclose(strong.w_rec, 2 * pattern_network(0).w_rec)
    np.testing.assert_array_equal(pattern_network(0, feedback="random").w_out, pattern_network(0).w_out)


@pytest.mark.parametrize(
    ("make", "node"),
    [
        (lambda: PatternGeneration(-1), "seed"),
        (lambda: PatternGeneration(steps=1), "steps"),
        (lambda: PatternGeneration(inputs=0), "inputs"),
        (lambda: PatternGeneration(outputs=1.5), "outputs"),
        (lambda: PatternGeneration(spike_probability=2), "spike_probability"),
        (lambda: PatternGeneration(periods=()), "periods"),
        (lambda: PatternGeneration().trials(random(), 0), "size"),
        (lambda: EvidenceAccumulation(inputs=41), "inputs"),
        (lambda: EvidenceAccumulation(cues=4), "cues"),
        (lambda: EvidenceAccumulation(cue=0), "cue"),
        (lambda: EvidenceAccumulation(recall=0), "recall"),
        (lambda: EvidenceAccumulation(minority=-0.1), "minority"),
        (lambda: EvidenceAccumulation(order=(0, 1, 2, 2)), "order"),
        (lambda: EvidenceAccumulation(wiring=(*range(39), 0)), "wiring"),
        (lambda: crossed(random(), share=1.5), "share"),
        (lambda: crossed(random(), inputs=41), "inputs"),
        (lambda: StoreRecall(symbols=1), "symbols"),
        (lambda: StoreRecall(slots=0), "slots"),
        (lambda: DelayedMatch(noise=2), "noise"),
        (lambda: DelayedMatch(decision=0), "decision"),
        (lambda: DelayedMatch(spike_probability=-1), "spike_probability"),
        (lambda: SpokenDigits("x", code="mel"), "code"),
        (lambda: SpokenDigits("x", indices=()), "indices"),
        (lambda: SpokenDigits("x", window=141), "window"),
        (lambda: SpokenDigits("x", threshold=0), "threshold"),
    ],
)
def test_settings_that_cannot_be(make, node):
    with pytest.raises(InputError, match=f"'{node}': is "):
        make()


def fired(x, group):
    """(samples, steps, groups) spikes of each group."""
    return x.reshape(*x.shape[:2], -1, group).sum(3)


def test_store_recall():
    """The label is the value that was on with the store command; the recall command ends the trial alone."""
    task = StoreRecall(symbols=3, slots=4, slot=50, delay=20)
    trials = task.trials(random(), 60)
    assert trials.x.shape == (60, 270, 50) == (60, task.steps, task.inputs)
    shown = np.stack([fired(trials.x, 10)[:, 50 * k : 50 * k + 50].sum(1) > 0 for k in range(4)], 1)
    assert (shown[:, :, :3].sum(2) == 1).all(), "one value in each slot"
    assert (shown[:, :, 3].sum(1) == 1).all(), "stored once"
    stored = np.argmax(shown[:, :, 3], 1)
    np.testing.assert_array_equal(np.argmax(shown[np.arange(60), stored, :3], 1), trials.loss.labels)
    end = fired(trials.x, 10)[:, -70:]
    assert end[:, :20].sum() == end[:, 20:, :4].sum() == 0
    assert (end[:, 20:, 4].sum(1) > 0).all()
    assert trials.loss.window == 50
    assert set(stored) == set(range(4))
    assert set(trials.loss.labels) == {0, 1, 2}


def test_delayed_match():
    """Label 1 where sample and test are the same, half of the time."""
    task = DelayedMatch(symbols=3, cue=50, delay=100, decision=30, noise=0)
    trials = task.trials(random(), 300)
    assert trials.x.shape == (300, 230, 40) == (300, task.steps, task.inputs)
    seen = fired(trials.x, 10)
    sample, test = (seen[:, start : start + 50, :3].sum(1) for start in (0, 150))
    assert ((sample > 0).sum(1) == 1).all()
    np.testing.assert_array_equal(trials.loss.labels, sample.argmax(1) == test.argmax(1))
    assert trials.loss.labels.mean() == pytest.approx(0.5, abs=0.1)
    assert seen[:, 50:150].sum() == 0
    assert (seen[:, 200:, 3].sum(1) > 0).all()
    noisy = DelayedMatch(noise=0.01).trials(random(), 50)
    assert noisy.x[:, 100:600].mean() == pytest.approx(0.01, abs=0.001)


@pytest.mark.parametrize("code", ["levels", "delta"])
def test_spoken_digits(code, tmp_path):
    """Real recordings of one speaker: as their encoder has them, digits by file name."""
    for file in shared("fsdd", "recordings").glob("*_theo_4.wav"):
        (tmp_path / file.name).symlink_to(file)
    task = SpokenDigits(str(tmp_path), indices=(4,), code=code, channels=8)
    every = task.all_trials()
    assert every.x.shape == (10, 140, 16 if code == "delta" else 8)
    np.testing.assert_array_equal(every.loss.labels, np.arange(10))
    assert 0.01 < every.x.mean() < 0.3
    rate, wave = read_wave(tmp_path / "0_theo_4.wav")
    levels = FilterBank(float(rate), 0.005, 8).levels(wave)[:140]
    if code == "levels":
        np.testing.assert_allclose(every.x[0].sum(0), levels.sum(0), atol=0.5)
    else:
        ups = Delta(0.1).encode(levels)[:, UP]
        np.testing.assert_array_equal(every.x[0, : len(ups), 8:], ups)
    drawn = task.trials(random(), 10)
    np.testing.assert_array_equal(np.sort(drawn.loss.labels), every.loss.labels)
    assert task.trials(random(), 20).x.shape == (20, 140, task.inputs)


def test_no_recordings(tmp_path):
    (tmp_path / "notes_of_mine.wav").write_bytes(b"")
    task = SpokenDigits(str(tmp_path))
    with pytest.raises(FormatError, match=r"holds no recordings of indices 0, 1, 2, 3; files are named DIGIT_SPEAKER"):
        task.all_trials()
    (tmp_path / "3_me_0.wav").write_bytes(b"RIFF")
    with pytest.raises(FormatError, match="cannot be read as a wave file"):
        task.all_trials()
