"""Training in floats: `python -m benchmarks.eprop` prints CPU seconds of an iteration, beside torch where it is there.

An iteration is a forward pass, the gradients and the update, on one core: of the pattern generation (100 neurons, 1000
steps, one trial) and of the evidence accumulation (100 neurons, 2250 steps, 64 trials; drawing them counts). torch runs
the same equations written in torch (tests/learn/torch_eprop.py), forward and backward.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec

import numpy as np

from neurokit.converters.eprop_net import EpropNet
from neurokit.learn.eprop.gradients import RateRegularisation
from neurokit.learn.eprop.optimisers import Adam, Sgd
from neurokit.learn.eprop.progress import Progress
from neurokit.learn.eprop.training import Training, advanced
from neurokit.learn.tasks.evidence import EvidenceAccumulation
from neurokit.learn.tasks.networks import evidence_network, pattern_network
from neurokit.learn.tasks.pattern import PatternGeneration
from neurokit.learn.tasks.trials import Task

Workload = tuple[EpropNet, Task, Training]


def workloads() -> dict[str, Workload]:
    """Both tasks as published."""
    pattern = Training(Sgd(1e-4), 1, rates=RateRegularisation(300.0, 0.01))
    evidence = Training(Adam(5e-3), 1, batch=64, rates=RateRegularisation(2.0, 0.01))
    return {
        "pattern generation": (pattern_network(0), PatternGeneration(0), pattern),
        "evidence accumulation": (evidence_network(0), EvidenceAccumulation(), evidence),
    }


def iteration(work: Workload, method: str) -> Callable[[], None]:
    """One of ours; each call is the next iteration."""
    net, task, training = work
    how = replace(training, method=method)  # type: ignore[arg-type]  # "eprop" or "bptt"
    now = [Progress(net, np.random.default_rng(0).bit_generator.state)]

    def step() -> None:
        now[0] = replace(advanced(now[0], task, how), losses=())

    return step


def torch_iteration(work: Workload) -> Callable[[], None]:
    """Forward and backward in torch, gradients stopped as in e-prop."""
    import torch

    from tests.learn.torch_eprop import run

    net, task, training = work
    trials = task.trials(np.random.default_rng(0), training.batch)
    torch.set_num_threads(1)

    def step() -> None:
        y, _, _ = run(net, trials.x, True)
        y.backward(torch.tensor(trials.loss.error(y.detach().numpy())))

    return step


def seconds(step: Callable[[], None], repeats: int) -> float:
    """Median CPU seconds of a call, after one that does not count."""
    step()
    taken = []
    for _ in range(repeats):
        started = time.process_time()
        step()
        taken.append(time.process_time() - started)
    return float(np.median(taken))


def main() -> None:
    """A line for each task and method."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10)
    arguments = parser.parse_args()
    for name, work in workloads().items():
        found = {method: seconds(iteration(work, method), arguments.repeats) for method in ("eprop", "bptt")}
        told = ", ".join(f"{method} {1000 * value:.2f} ms" for method, value in found.items())
        if find_spec("torch"):
            there = seconds(torch_iteration(work), 1)
            told += f"; torch's autograd {1000 * there:.0f} ms, {there / found['eprop']:.0f} × e-prop"
        print(f"{name}: an iteration takes {told}", flush=True)


if __name__ == "__main__":
    main()
