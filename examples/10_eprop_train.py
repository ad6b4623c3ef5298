"""Recurrent networks learn by e-prop, or by backpropagation through time for comparison: two published tasks,
and three more.

    python examples/10_eprop_train.py pattern  [--seeds 0 1 2 3 4] [--method eprop] [--out build/eprop]
    python examples/10_eprop_train.py evidence [--seeds 0 1 2 3 4] [--feedback symmetric] [--reset soft]
    python examples/10_eprop_train.py evidence --falling --iterations 1000    the rate falls, no early stop
    python examples/10_eprop_train.py evidence --stock --falling --iterations 150    by stock parts
    python examples/10_eprop_train.py store    [--seeds 0]      store and recall
    python examples/10_eprop_train.py match    [--seeds 0]      delayed match
    python examples/10_eprop_train.py digits   [--seeds 0] [--code levels]   spoken digits, --data FOLDER of recordings
    python examples/10_eprop_train.py summary  [--out build/eprop]

Settings of pattern and evidence are those of the scripts of Bellec et al. 2020 (docs/eprop.md). Each seed writes
NAME.npz, the trained network, and NAME.json, its losses and validations; a checkpoint beside them lets an interrupted
run go on where it was, and what is finished is not done again. `summary` prints a table of all that is in the folder,
decides trials that no training has seen, and puts its networks into docs/eprop-training.json: every tenth loss, and
all validations.

Result: of five seeds each, pattern generation ends at a loss of 1.64 to 3.67 (from 78 to 131), 3 s of CPU each;
evidence accumulation is below 7 % after 370 to 580 iterations. examples/eprop/ has the latter five networks.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from neurokit.converters.eprop_net import EpropNet, load_eprop_net
from neurokit.files import written_aside
from neurokit.learn.eprop.gradients import RateRegularisation
from neurokit.learn.eprop.losses import Classification
from neurokit.learn.eprop.optimisers import Adam, Falling, Sgd
from neurokit.learn.eprop.progress import Progress
from neurokit.learn.eprop.stock import SlowInhibition, run_stock
from neurokit.learn.eprop.training import Training, train, validation
from neurokit.learn.tasks.digits import SpokenDigits
from neurokit.learn.tasks.evidence import EvidenceAccumulation
from neurokit.learn.tasks.networks import evidence_network, pattern_network
from neurokit.learn.tasks.pattern import PatternGeneration
from neurokit.learn.tasks.recall import DelayedMatch, StoreRecall
from neurokit.learn.tasks.trials import Task, Trials

RESULTS = Path(__file__).parents[1] / "docs" / "eprop-training.json"
DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "fsdd" / "recordings"
TRAINED = Path(__file__).parent / "eprop"  # networks of evidence accumulation
UNSEEN = 1024  # trials
PUBLISHED_STOP = 0.07  # error of evidence accumulation at which the script stops
HERTZ_10 = 0.01  # spikes a step of 1 ms


def pattern(seed: int, options: argparse.Namespace) -> tuple[EpropNet, Task, Training]:
    """Gradient descent, 2000 iterations over one pattern."""
    net = pattern_network(seed, feedback=options.feedback, reset=options.reset)
    rates = RateRegularisation(300.0, HERTZ_10)
    training = Training(Sgd(1e-4), options.iterations or 2000, method=options.method, rates=rates)
    return net, PatternGeneration(seed), training


def evidence(seed: int, options: argparse.Namespace) -> tuple[EpropNet, Task, Training]:
    """Adam, at most 2000 iterations of 64 trials; stops when the error is below 7 %."""
    net = evidence_network(
        seed,
        feedback=options.feedback,
        reset=options.reset,
        regular=100 - options.adaptive,
        adaptive=options.adaptive,
        refractory=options.refractory,
    )
    if options.stock:
        net = replace(load_eprop_net(TRAINED / f"evidence-seed{seed}.npz"), reset="hard", refractory=0)
    iterations = options.iterations or 2000
    training = Training(
        Falling(Adam(5e-3), iterations) if options.falling else Adam(5e-3),
        iterations,
        batch=64,
        method=options.method,
        rates=RateRegularisation(2.0, HERTZ_10),
        validate_every=10,
        stop_error=None if options.falling else options.stop,
        inhibition=SlowInhibition() if options.stock else None,
    )
    return net, EvidenceAccumulation(), training


def memory(seed: int, options: argparse.Namespace) -> tuple[EpropNet, Task, Training]:
    """Store and recall, delayed match, spoken digits: the evidence accumulation's network and optimiser."""
    task, outputs, tau, rate = {
        "store": lambda: (StoreRecall(), 2, 0.5, HERTZ_10),
        "match": lambda: (DelayedMatch(), 2, 0.7, HERTZ_10),
        "digits": lambda: (SpokenDigits(str(options.data), code=options.code), 10, 0.1, 3 * HERTZ_10),
    }[options.task]()
    net = evidence_network(
        seed,
        inputs=task.inputs,
        outputs=outputs,
        feedback=options.feedback,
        reset=options.reset,
        tau_adaptation=tau,
    )
    training = Training(
        Adam(5e-3),
        options.iterations or 600,
        batch=32,
        method=options.method,
        rates=RateRegularisation(2.0, rate),
        validate_every=10,
    )
    return net, task, training


def unseen(name: str, data: Path, count: int = UNSEEN) -> Trials | None:
    """Trials that no training has seen, of the task of that name; None where there are none. Digits: all there are."""
    random = np.random.default_rng(99)
    if name.startswith("digits"):
        code: Any = "delta" if "delta" in name else "levels"
        return SpokenDigits(str(data), indices=(4,), code=code).all_trials() if data.exists() else None
    tasks: dict[str, Task] = {"evidence": EvidenceAccumulation(), "store": StoreRecall(), "match": DelayedMatch()}
    task = tasks.get(name.split("-")[0])
    return None if task is None else task.trials(random, count)


def teller(started: float):
    """Says every hundredth iteration, or each new validation."""

    def tell(progress: Progress) -> None:
        last = progress.validations[-1] if progress.validations else None
        if last and progress.iteration == last.iteration + 1:
            print(f"{last.iteration}: validation loss {last.loss:.4f}, error {last.error:.3f}, ", end="")
            print(f"{1000 * last.rate:.1f} Hz, {time.process_time() - started:.0f} s", flush=True)
        elif not last and progress.iteration % 100 == 0:
            seconds = time.process_time() - started
            print(f"{progress.iteration}: loss {progress.losses[-1]:.4f}, {seconds:.1f} s", flush=True)

    return tell


def run_seed(seed: int, options: argparse.Namespace) -> None:
    """One network, from its checkpoint if there is one."""
    make = {"pattern": pattern, "evidence": evidence}.get(options.task, memory)
    net, task, training = make(seed, options)
    title = f"digits_{options.code}" if options.task == "digits" else options.task
    name = f"{title}-{options.method}-{options.feedback}-{options.reset}"
    if options.task == "evidence" and (options.adaptive, options.refractory) != (50, 4):
        name += f"-alif{options.adaptive}-refractory{options.refractory}"
    if options.task == "evidence" and options.stop != PUBLISHED_STOP:
        name += f"-stop{options.stop:g}".replace(".", "_")
    if options.task == "evidence" and options.stock:
        name += "-stock"
    if options.task == "evidence" and options.falling:
        name += f"-falling{training.iterations}"
    file = options.out / f"{name}-seed{seed}"
    if file.with_suffix(".npz").exists() and file.with_suffix(".json").exists():
        print(f"{file}.npz is there already")
        return
    print(f"{name}, seed {seed}", flush=True)
    started = time.process_time()
    checkpoint = file.with_suffix(".checkpoint.npz")
    done = train(net, task, training, seed=1000 + seed, checkpoint=checkpoint, told=teller(started))
    done.net.save(file.with_suffix(".npz"))
    told = {
        "iterations": done.iteration,
        "stopped": done.stopped,
        "losses": [float(f"{loss:.6g}") for loss in done.losses],
        "validations": [[v.iteration, round(v.loss, 5), round(v.error, 5), round(v.rate, 6)] for v in done.validations],
        "cpu_seconds": round(time.process_time() - started, 1),
    }
    with written_aside(file.with_suffix(".json")) as aside:
        aside.write_text(json.dumps(told).replace("NaN", "null") + "\n")
    checkpoint.unlink()
    if done.validations and not np.isnan(done.validations[-1].error):
        print(f"seed {seed}: {done.iteration} iterations, error {done.validations[-1].error:.3f}; {done.stopped}")
    else:
        print(f"seed {seed}: loss {done.losses[0]:.2f} -> {done.losses[-1]:.2f} in {told['cpu_seconds']} s")


def by_stock_parts(net: EpropNet, trials: Trials) -> dict[str, float]:
    """Error of 256 trials with hard resets, no refractory period, and slow inhibition for adaptation, or nothing."""
    loss = Classification(trials.loss.labels[:256], trials.loss.window)  # type: ignore[attr-defined]
    shown = {"error_stock_256": SlowInhibition(), "error_bare_256": SlowInhibition(gain=0.0)}
    return {name: loss.errors(run_stock(net, trials.x[:256], how).y) for name, how in shown.items()}


def summary(folder: Path, data: Path, count: int) -> None:
    """A line for each network; in docs/eprop-training.json it takes its old place, and others stay."""
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    trials: dict[str, Trials | None] = {}
    for file in sorted(folder.glob("*-seed[0-9].json")):
        told = json.loads(file.read_text())
        losses = told.pop("losses")
        told["every_tenth_loss"], told["last_loss"] = losses[::10], losses[-1]
        line = f"{file.stem}: {told['iterations']} iterations, loss {losses[0]:.2f} -> {losses[-1]:.2f}"
        kind = file.stem.split("-")[0]
        if kind not in trials:
            trials[kind] = unseen(kind, data, count)
        if (shown := trials[kind]) is not None:
            net = load_eprop_net(file.with_suffix(".npz"))
            how = SlowInhibition() if "-stock" in file.stem else None
            told |= {"unseen": len(shown.x), "error": validation(net, shown, inhibition=how).error}
            line += f", error of {told['unseen']} unseen trials {told['error']:.3f}"
            if kind == "evidence" and how is None and "alif0" not in file.stem:
                told |= by_stock_parts(net, shown)
                stock, bare = told["error_stock_256"], told["error_bare_256"]
                line += f", with slow inhibition instead {stock:.3f} (without {bare:.3f})"
        print(f"{line}, {told['cpu_seconds']} s", flush=True)
        found[file.stem] = told
    with written_aside(RESULTS) as aside:
        aside.write_text(
            "{\n" + ",\n".join(f"{json.dumps(n)}: {json.dumps(t)}" for n, t in sorted(found.items())) + "\n}\n"
        )


def main() -> None:
    """Reads the options, trains seed by seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=("pattern", "evidence", "store", "match", "digits", "summary"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--method", choices=("eprop", "bptt"), default="eprop")
    parser.add_argument("--feedback", choices=("symmetric", "random", "adaptive"), default="symmetric")
    parser.add_argument("--reset", choices=("soft", "hard"), default="soft")
    parser.add_argument("--adaptive", type=int, default=50, help="evidence: how many of 100 neurons are ALIF")
    parser.add_argument("--refractory", type=int, default=4, help="evidence: silent steps after that of a spike")
    parser.add_argument("--code", choices=("levels", "delta"), default="levels", help="digits: loudness or its changes")
    parser.add_argument("--data", type=Path, default=DATA, help="digits: the folder of FSDD's recordings")
    parser.add_argument("--stop", type=float, default=PUBLISHED_STOP, help="evidence: error at which training stops")
    falling = "evidence: the learning rate falls to nothing in --iterations, and nothing else stops training"
    parser.add_argument("--falling", action="store_true", help=falling)
    stock = "evidence: the networks of examples/eprop go on learning with hard resets and slow inhibition in the loop"
    parser.add_argument("--stock", action="store_true", help=stock)
    parser.add_argument("--iterations", type=int, help="default: the published number")
    parser.add_argument("--unseen", type=int, default=UNSEEN, help="summary: trials to decide")
    parser.add_argument("--out", type=Path, default=Path("build/eprop"))
    options = parser.parse_args()
    if options.task not in ("evidence", "summary") and (options.falling or options.stock):
        parser.error(f"--falling and --stock are of evidence, not of {options.task}")
    if options.task == "summary":
        summary(options.out, options.data, options.unseen)
        return
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        for seed in options.seeds:
            run_seed(seed, options)
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here")
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
