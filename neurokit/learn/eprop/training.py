"""Training by e-prop or backpropagation through time. It can be stopped at any moment and goes on exactly."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.eprop_net import BLOCKS, EpropNet
from neurokit.converters.eprop_stock import SlowInhibition
from neurokit.errors import Fault, InputError, TrainingError
from neurokit.interrupts import Interrupts
from neurokit.learn.eprop.forward import Activity, run
from neurokit.learn.eprop.gradients import Gradients, RateRegularisation, bptt_gradients, eprop_gradients
from neurokit.learn.eprop.losses import Classification
from neurokit.learn.eprop.optimisers import Optimiser
from neurokit.learn.eprop.progress import Progress, Validation, load_progress
from neurokit.learn.tasks.trials import Task, Trials, at_least, checked_fields, within

Floats = NDArray[np.float64]
STOPPED = "the error fell below stop_error"


@dataclass(frozen=True)
class Training:
    """How to train.

    batch: samples an iteration. method: "eprop" with the network's feedback, or "bptt". rates: what rates cost.
    learns: the weights that change. decay: share of w_out and b_out that an update takes off with adaptive feedback
    (Bellec et al. 2020: both get the same update and decay, and so come to agree).
    validate_every: iterations, 0: never. Validation takes a batch of its own; where its error is below stop_error,
    `confirm` batches more decide, and training stops if their mean is (the published script: 0.07, 8).
    save_every: iterations from one checkpoint to the next.
    inhibition: run the network by stock parts, with hard resets and slow inhibition for its adaptation, as e-prop only;
    eligibilities are those of the adaptation that the inhibition stands for.
    """

    optimiser: Optimiser
    iterations: int
    batch: int = 1
    method: Literal["eprop", "bptt"] = "eprop"
    rates: RateRegularisation | None = None
    learns: tuple[str, ...] = BLOCKS
    decay: float = 0.0
    validate_every: int = 0
    stop_error: float | None = None
    confirm: int = 8
    save_every: int = 50
    inhibition: SlowInhibition | None = None

    def __post_init__(self) -> None:
        least = {"iterations": 0, "batch": 1, "validate_every": 0, "confirm": 1, "save_every": 1}
        checks = at_least(self, least)
        checks["method"] = (self.method, self.method in ("eprop", "bptt"), "known: eprop, bptt")
        checks["learns"] = (self.learns, set(self.learns) <= set(BLOCKS), f"known: {', '.join(BLOCKS)}")
        checks["decay"] = (self.decay, within(self.decay, 0, 1), "0 to 1")
        stop = self.stop_error
        stock = self.inhibition is None or self.method == "eprop"
        checks["inhibition"] = (self.inhibition, stock, "None with method='bptt'")
        checks["stop_error"] = (stop, stop is None or within(stop, 0, 1), "0 to 1, or None")
        checked_fields(checks)


def train(
    net: EpropNet,
    task: Task,
    training: Training,
    *,
    seed: int = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    told: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """Train `net` and give back what came out; `told` is called after each iteration.

    seed: of the trials. checkpoint: an npz that is written every `save_every` iterations, at the end and at Ctrl-C,
    which then raises KeyboardInterrupt. Where it is there already, training goes on from it, exactly as if it had
    never stopped; InputError when it belongs to another training.
    TrainingError when a loss or gradient is not finite: it says where, its `last_good` is the Progress with the last
    weights that gave a finite loss, and so is the checkpoint.
    """
    what = _description(net, task, training, seed)
    now = Progress(net, np.random.default_rng(seed).bit_generator.state)
    if checkpoint is not None and os.path.exists(checkpoint):
        now, before = load_progress(checkpoint)
        _same_training(what, before, checkpoint)
    good = now
    with Interrupts() as interrupts:
        try:
            while now.iteration < training.iterations and not now.stopped:
                now, good = advanced(now, task, training), now
                told(now)
                if checkpoint is not None and now.iteration % training.save_every == 0:
                    now.save(checkpoint, what)
                interrupts.check()
        except TrainingError as error:
            now = good
            raise TrainingError(error.faults, good) from None
        finally:
            if checkpoint is not None:
                now.save(checkpoint, what)
    return now


def advanced(progress: Progress, task: Task, training: Training) -> Progress:
    """One iteration: a validation where it is due, then a batch and an update."""
    random = np.random.default_rng()
    random.bit_generator.state = dict(progress.random)
    validations, stop = progress.validations, False
    if training.validate_every and progress.iteration % training.validate_every == 0:
        found, stop = _validated(progress, task, training, random)
        validations = (*validations, found)
    if stop:
        state = random.bit_generator.state
        return replace(progress, random=state, validations=validations, stopped=STOPPED)
    trials = task.trials(random, training.batch)
    loss, slopes = evaluated(progress.net, trials, training)
    _check_finite(progress.iteration, loss, slopes)
    net, moments = updated(progress.net, slopes, progress, training)
    return Progress(
        net,
        random.bit_generator.state,
        progress.iteration + 1,
        (*progress.losses, loss.value),
        moments,
        validations,
    )


@dataclass(frozen=True, eq=False)
class Evaluated:
    """The loss of a batch and what the network did."""

    value: float
    activity: Activity


def evaluated(net: EpropNet, trials: Trials, training: Training) -> tuple[Evaluated, Gradients]:
    """The loss without the cost of rates, and the gradients with it."""
    states = training.method == "bptt" and net.reset == "hard"
    activity = run(net, trials.x, states, training.inhibition)
    with np.errstate(invalid="ignore", over="ignore"):  # looked at afterwards
        error = trials.loss.error(activity.y)
        value = trials.loss.loss(activity.y)
    learner = net if training.inhibition is None else replace(net, reset="hard")
    slopes = (eprop_gradients if training.method == "eprop" else bptt_gradients)(
        learner, activity, error, training.rates
    )
    return Evaluated(value, activity), slopes


def updated(
    net: EpropNet, slopes: Gradients, progress: Progress, training: Training
) -> tuple[EpropNet, dict[str, Floats]]:
    """The network and the optimiser's state after an update."""
    weights = {name: getattr(net, name) for name in training.learns}
    steps = {name: getattr(slopes, name) for name in training.learns}
    adaptive = net.feedback == "adaptive" and net.b_out is not None and "w_out" in training.learns
    if adaptive:
        weights["b_out"], steps["b_out"] = net.feedback_weights, np.ascontiguousarray(slopes.w_out.T)
    moved, moments = training.optimiser.step(weights, steps, progress.moments)
    if adaptive:
        moved |= {name: moved[name] - training.decay * weights[name] for name in ("w_out", "b_out")}
    return replace(net, **moved), moments  # type: ignore[arg-type]  # fields that are weights


def _validated(
    progress: Progress, task: Task, training: Training, random: np.random.Generator
) -> tuple[Validation, bool]:
    """On a batch; and whether training is to stop."""
    given = (progress.iteration, training.inhibition)
    found = validation(progress.net, task.trials(random, training.batch), *given)
    limit = training.stop_error
    if limit is None or progress.iteration == 0 or not found.error < limit:
        return found, False
    errors = [
        validation(progress.net, task.trials(random, training.batch), *given).error for _ in range(training.confirm)
    ]
    return found, float(np.mean(errors)) < limit


def validation(
    net: EpropNet, trials: Trials, iteration: int = 0, inhibition: SlowInhibition | None = None
) -> Validation:
    """Loss, error and mean rate of `net` over `trials`; inhibition: by stock parts."""
    activity = run(net, trials.x, inhibition=inhibition)
    loss = trials.loss
    error = loss.errors(activity.y) if isinstance(loss, Classification) else float("nan")
    return Validation(iteration, loss.loss(activity.y), error, float(activity.rates.mean()))


def _check_finite(iteration: int, loss: Evaluated, slopes: Gradients) -> None:
    """TrainingError that says where the first number is that is not finite."""
    mend = "Take a smaller learning rate, or smaller initial weights; the last good weights are kept."
    if not np.isfinite(loss.value):
        bad = ~np.isfinite(loss.activity.y).all((0, 2))
        where = f", first at step {int(bad.argmax())} of its samples" if bad.any() else ""
        fact = f"is {loss.value} in iteration {iteration}{where}"
        raise TrainingError(Fault("loss", fact, "training needs finite losses", mend))
    wrong = [name for name in BLOCKS if not np.isfinite(getattr(slopes, name)).all()]
    if wrong:
        fact = f"has gradients that are not finite in iteration {iteration}"
        raise TrainingError([Fault(name, fact, "an update would spoil the weights", mend) for name in wrong])


def _description(net: EpropNet, task: Task, training: Training, seed: int) -> str:
    """A line for each thing that a checkpoint must agree in; more iterations may be asked for later."""
    digest = hashlib.sha256()
    for field in fields(net):
        value = getattr(net, field.name)
        digest.update(f"{field.name}={value if not isinstance(value, np.ndarray) else value.shape}".encode())
        if isinstance(value, np.ndarray):
            digest.update(value.tobytes())
    lines = {
        "network": digest.hexdigest()[:16],
        "task": repr(task),
        "training": repr(replace(training, iterations=0, save_every=1)),
        "seed": repr(seed),
    }
    return "\n".join(f"{name}: {value}" for name, value in lines.items())


def _same_training(wanted: str, found: str, path: str | os.PathLike[str]) -> None:
    if wanted == found:
        return
    ours, theirs = (dict(line.split(": ", 1) for line in text.splitlines()) for text in (wanted, found))
    raise InputError(
        [
            Fault(name, f"is not what {path} was written with ({theirs.get(name)})", f"now {value}", _ANOTHER)
            for name, value in ours.items()
            if theirs.get(name) != value
        ]
    )


_ANOTHER = "Name another checkpoint, remove this one, or train as it was."
