"""Other simulators on the work of workload `dense`: same weights, same input spikes, CPU seconds per step.

Each has a script that needs nothing of neurokit, and an environment of its own, which `environment` makes under build/.
A script is given an .npz with weight (targets, sources), spikes (steps, sources), current_decay and voltage_decay (of
4096), threshold, and a number of steps. It prints {"seconds_per_step", "rate"} for the steps after a warm-up: building
the network is not counted. The peers' arithmetic is their own, so output rates differ somewhat; inputs do not.
"""

from __future__ import annotations

import json
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.children import run_child
from benchmarks.compare import spread
from benchmarks.peers.environment import Environment
from benchmarks.results import ROOT
from benchmarks.simulator import time_simulator
from benchmarks.workloads import Workload

SCRIPTS = Path(__file__).resolve().parent
LIMIT_SECONDS = 120.0
NEURON = {"current_decay": 410, "voltage_decay": 128, "threshold": 64 * 4000}  # of workload `dense`


@dataclass(frozen=True)
class Peer:
    """A simulator, its script here, its environment, and the steps it is timed over."""

    title: str
    script: str
    environment: Environment
    steps: int


TORCH = Environment("torch", ("3.11", "3.12", "3.10"), ("torch==2.13.0", "numpy==1.26.4", "snntorch==1.0.0"))
NENGO = Environment("nengo", ("3.10",), ("nengo-loihi==1.1.0", "nengo==4.1.0", "numpy==1.26.4", "scipy==1.15.3"))
BRIAN = Environment(
    "brian", ("3.9", "3.10"), ("brian2-loihi==0.5.2", "brian2==2.6.0", "numpy==1.26.4", "cython==3.0.12")
)
PEERS = (
    Peer("nengo-loihi 1.1 (emulator)", "nengo_loihi_emulator.py", NENGO, 200),
    Peer("snnTorch 1.0 (torch 2.13, float32)", "snntorch_synaptic.py", TORCH, 2000),
    Peer("brian2-loihi 0.5 (cython)", "brian_cython.py", BRIAN, 300),
)


def compare_peers(work: Workload, repeats: int) -> dict[str, Any]:
    """All peers and the simulator in turns; one that cannot be had or fails has a reason instead of a figure."""
    data = ROOT / "build/peers/dense.npz"
    reasons = {peer.title: peer.environment.make() for peer in PEERS}
    data.parent.mkdir(parents=True, exist_ok=True)
    weight = work.program.projections[0].synapse.weight
    np.savez(data, weight=weight.astype(np.int16), spikes=work.draw(2000)[0], **NEURON)
    time_simulator(work)
    ours: list[float] = []
    theirs: dict[str, list[dict[str, float]]] = {peer.title: [] for peer in PEERS}
    for _ in range(repeats):
        ours.append(time_simulator(work)[0].whole)
        for peer in PEERS:
            if reasons[peer.title]:
                continue
            command = [str(peer.environment.python), str(SCRIPTS / peer.script), str(data), str(peer.steps)]
            outcome = run_child(command, LIMIT_SECONDS)
            reasons[peer.title] = outcome.reason
            theirs[peer.title] += [json.loads(outcome.line)] if not outcome.reason else []
        print(f"peers: {len(ours)} of {repeats}", file=sys.stderr, flush=True)
    rows = [_row(peer.title, theirs[peer.title], reasons[peer.title], statistics.median(ours)) for peer in PEERS]
    return {"title": work.title, "simulator_ms": spread(ours), "peers": rows}


def _row(title: str, runs: list[dict[str, float]], reason: str, ours: float) -> dict[str, Any]:
    if not runs:
        return {"title": title, "ms": None, "reason": reason}
    seconds = [run["seconds_per_step"] for run in runs]
    ratio = statistics.median(seconds) / ours
    return {"title": title, "ms": spread(seconds), "rate": runs[0]["rate"], "ratio": ratio, "reason": reason}
