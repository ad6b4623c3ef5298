"""Training: optimisers beside torch's, stopping and going on, losses that are not finite."""

import signal
from dataclasses import replace

import numpy as np
import pytest

from neurokit.errors import FormatError, InputError, TrainingError
from neurokit.learn.eprop.forward import run
from neurokit.learn.eprop.gradients import RateRegularisation
from neurokit.learn.eprop.optimisers import Adam, Falling, Sgd
from neurokit.learn.eprop.progress import load_progress
from neurokit.learn.eprop.training import STOPPED, Training, advanced, train, validation
from neurokit.learn.tasks.evidence import EvidenceAccumulation
from neurokit.learn.tasks.networks import evidence_network, pattern_network
from neurokit.learn.tasks.pattern import PatternGeneration

PATTERN = PatternGeneration(0, steps=200, inputs=20, periods=(200, 100))
EVIDENCE = EvidenceAccumulation(inputs=8, cues=3, cue=10, spacing=5, delay=20, recall=10)
RATES = RateRegularisation(30.0, 0.01)
FALLING = Training(Falling(Adam(0.01), 12), 12, batch=4, rates=RATES)
ADAM = Training(Adam(0.01), 12, batch=4, rates=RATES, validate_every=5)


def small(seed=0, **changes):
    return pattern_network(seed, inputs=20, neurons=30, **changes)


def evidence(seed=0, **changes):
    return evidence_network(seed, inputs=8, regular=10, adaptive=10, **changes)


def same(one, other):
    assert one.iteration == other.iteration
    assert one.losses == other.losses
    np.testing.assert_equal(one.validations, other.validations)  # NaN equals NaN
    assert one.random == other.random
    for name in ("w_in", "w_rec", "w_out"):
        np.testing.assert_array_equal(getattr(one.net, name), getattr(other.net, name))


@pytest.mark.parametrize("name", ["Sgd", "Adam"])
def test_optimisers_beside_torch(name):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    start, slopes = rng.normal(size=(4, 3)), rng.normal(size=(20, 4, 3))
    leaf = torch.tensor(start, requires_grad=True)
    if name == "Sgd":
        ours, theirs = Sgd(0.1), torch.optim.SGD([leaf], 0.1)
    else:  # torch divides by the corrected root: the same where epsilon is nothing beside it
        ours, theirs = Adam(0.1, 0.8, 0.9, 1e-300), torch.optim.Adam([leaf], 0.1, (0.8, 0.9), 1e-300)
    weights, state = {"w": start}, {}
    for slope in slopes:
        weights, state = ours.step(weights, {"w": slope}, state)
        leaf.grad = torch.tensor(slope)
        theirs.step()
    np.testing.assert_allclose(weights["w"], leaf.detach().numpy(), rtol=1e-12)


def test_a_rate_that_falls():
    """Updates of 1, 3/4, 1/2, 1/4 of the rate, then none; Adam's moments go on meanwhile."""
    weights, state = {"w": np.zeros(1)}, {}
    seen = [0.0]
    for _ in range(6):
        weights, state = Falling(Sgd(0.8), 4).step(weights, {"w": np.ones(1)}, state)
        seen.append(float(weights["w"][0]))
    np.testing.assert_allclose(-np.diff(seen), [0.8, 0.6, 0.4, 0.2, 0, 0])
    plain, falling = ({"w": np.zeros(1)}, {}), ({"w": np.zeros(1)}, {})
    for slope in (1.0, -2.0, 3.0):
        plain = Adam(0.1).step(plain[0], {"w": np.full(1, slope)}, plain[1])
        falling = Falling(Adam(0.1), 10**9).step(falling[0], {"w": np.full(1, slope)}, falling[1])
    np.testing.assert_allclose(falling[0]["w"], plain[0]["w"], rtol=1e-6)
    with pytest.raises(InputError, match="'updates': is 0"):
        Falling(Sgd(0.1), 0)


@pytest.mark.parametrize("changes", [{}, {"method": "bptt"}])
@pytest.mark.parametrize("reset", ["soft", "hard"])
def test_the_loss_falls(changes, reset):
    done = train(small(reset=reset), PATTERN, Training(Sgd(1e-2), 60, rates=RATES, **changes))
    assert done.losses[-1] < 0.5 * done.losses[0]
    assert done.stopped == ""


def test_feedback_that_comes_to_agree():
    """The same update and decay bring b_out to w_out transposed; random feedback stays what it was."""
    start = small(feedback="adaptive")
    training = Training(Sgd(1e-4), 40, decay=0.1)
    apart = [np.abs(net.b_out - net.w_out.T).max() for net in (start, train(start, PATTERN, training).net)]
    assert apart[1] == pytest.approx(apart[0] * 0.9**40)
    start = small(feedback="random")
    np.testing.assert_array_equal(train(start, PATTERN, training).net.b_out, start.b_out)


def test_only_the_readout_learns():
    start = small()
    done = train(start, PATTERN, Training(Sgd(1e-3), 20, learns=("w_out",))).net
    np.testing.assert_array_equal(done.w_in, start.w_in)
    np.testing.assert_array_equal(done.w_rec, start.w_rec)
    assert np.abs(done.w_out - start.w_out).max() > 1e-3


def test_an_interrupted_training_goes_on_exactly(tmp_path):
    """Ctrl-C in the fifth iteration, again in the tenth; the end is what it is without. Twice in a row changes none."""
    start, file = evidence(), tmp_path / "training.npz"
    whole = train(start, EVIDENCE, ADAM, seed=7)

    def interrupt(progress):
        if progress.iteration in (5, 10):
            signal.raise_signal(signal.SIGINT)

    for reached in (5, 10):
        with pytest.raises(KeyboardInterrupt):
            train(start, EVIDENCE, ADAM, seed=7, checkpoint=file, told=interrupt)
        assert load_progress(file)[0].iteration == reached
    for _ in range(2):
        same(train(start, EVIDENCE, ADAM, seed=7, checkpoint=file), whole)
    assert [v.iteration for v in whole.validations] == [0, 5, 10]
    more = train(start, EVIDENCE, replace(ADAM, iterations=15), seed=7, checkpoint=file)
    same(more, train(start, EVIDENCE, replace(ADAM, iterations=15), seed=7))


def test_a_falling_rate_goes_on_where_it_was(tmp_path):
    start, file, fast = evidence(), tmp_path / "training.npz", replace(FALLING, iterations=5)
    train(start, EVIDENCE, fast, seed=7, checkpoint=file)
    same(train(start, EVIDENCE, FALLING, seed=7, checkpoint=file), train(start, EVIDENCE, FALLING, seed=7))


def test_a_checkpoint_of_another_training(tmp_path):
    start, file = small(), tmp_path / "training.npz"
    training = Training(Sgd(1e-4), 2)
    train(start, PATTERN, training, checkpoint=file)
    other = {"task": replace(PATTERN, seed=2), "training": Training(Sgd(1e-3), 2), "net": small(1)}
    with pytest.raises(InputError, match=r"'network': is not what .*training.npz was written with.*remove this one"):
        train(other["net"], PATTERN, training, checkpoint=file)
    with pytest.raises(InputError, match=r"'task': .*seed=0.*now PatternGeneration\(seed=2") as caught:
        train(start, other["task"], other["training"], seed=3, checkpoint=file)
    assert [fault.node for fault in caught.value.faults] == ["task", "training", "seed"]
    start.save(file)
    with pytest.raises(FormatError, match="is no checkpoint of training"):
        train(start, PATTERN, training, checkpoint=file)
    broken = {"format": "neurokit e-prop training 1", "validations": np.zeros(3), "net w_in": np.ones(3)}
    np.savez(file, **broken)
    with pytest.raises(FormatError, match="is damaged"):
        train(start, PATTERN, training, checkpoint=file)


def test_losses_that_are_not_finite(tmp_path):
    """The error says iteration and step; the last weights with a finite loss are in it and in the file."""
    start, file = small(), tmp_path / "training.npz"
    training = Training(Sgd(1e160), 9)
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(TrainingError) as caught:
        train(start, PATTERN, training, checkpoint=file)
    said = str(caught.value)
    assert "'loss': is inf in iteration 1" in said or "'loss': is nan in iteration 1" in said
    assert "smaller learning rate" in said
    good = caught.value.last_good
    np.testing.assert_array_equal(good.net.w_in, start.w_in)
    kept = load_progress(file)[0]
    same(kept, good)
    assert np.isfinite(run(kept.net, PATTERN.trials(np.random.default_rng(0), 1).x).y).all()


def test_it_says_where_readouts_are_lost():
    """A readout of 1e308 is finite; a step with two spikes more and it is not."""
    start = replace(small(), w_out=np.full((1, 30), 1e308), readout_gain="1")
    with pytest.raises(TrainingError, match=r"'loss': is (inf|nan) in iteration 0, first at step \d+ of its samples"):
        train(start, PATTERN, Training(Sgd(1e-4), 1))


def test_gradients_that_are_not_finite():
    """Weights back are large, weights forward are not."""
    start = replace(small(feedback="random"), b_out=np.full((30, 1), 1e308), readout_gain="1")
    with (
        np.errstate(over="ignore", invalid="ignore"),
        pytest.raises(TrainingError, match=r"'w_in': has gradients that are not finite in iteration 0") as caught,
    ):
        train(start, PATTERN, Training(Sgd(1e-4), 1))
    assert [fault.node for fault in caught.value.faults] == ["w_in", "w_rec"]
    assert caught.value.last_good.net is start


def test_it_stops_when_it_is_good_enough():
    """Every error is below 1, so the first validation after the start stops it, once the others confirm."""
    training = replace(ADAM, stop_error=1.0, validate_every=3, confirm=2)
    done = train(evidence(), EVIDENCE, training)
    assert (done.iteration, done.stopped) == (3, STOPPED)
    assert advanced(replace(done, stopped=""), EVIDENCE, training).validations[-1].iteration == 3
    never = replace(training, stop_error=0.0)
    assert train(evidence(), EVIDENCE, never).stopped == ""


def test_what_cannot_be_trained_with():
    with pytest.raises(InputError) as caught:
        Training(Sgd(1.0), -1, batch=0, method="guess", learns=("w_none",), decay=2, stop_error=7, validate_every=0.5)
    nodes = [fault.node for fault in caught.value.faults]
    assert nodes == ["iterations", "batch", "validate_every", "method", "learns", "decay", "stop_error"]
    assert "'method': is 'guess'; known: eprop, bptt" in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_evidence_accumulation_as_published(seed):
    """Below 7 % within 2000 iterations of 64 trials, by symmetric e-prop; then on 512 trials of its own."""
    training = Training(
        Adam(5e-3), 2000, batch=64, rates=RateRegularisation(2.0, 0.01), validate_every=10, stop_error=0.07
    )
    done = train(evidence_network(seed), EvidenceAccumulation(), training, seed=1000 + seed)
    assert done.stopped == STOPPED
    trials = EvidenceAccumulation().trials(np.random.default_rng(99), 512)
    assert validation(done.net, trials).error < 0.13  # of 1024 others: .054 to .101


def test_pattern_generation_as_published():
    """The first 300 of its 2000 iterations: the loss falls to a tenth."""
    training = Training(Sgd(1e-4), 300, rates=RateRegularisation(300.0, 0.01))
    done = train(pattern_network(0), PatternGeneration(0), training)
    assert done.losses[-1] < 0.15 * done.losses[0]
