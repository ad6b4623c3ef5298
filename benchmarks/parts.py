"""The parts of a run, each measured and kept by itself: name -> function of a Context that gives plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from benchmarks.compare import compare
from benchmarks.growth import measure_growth
from benchmarks.peers import compare_peers
from benchmarks.probe import Machine
from benchmarks.scale import compare_scale
from benchmarks.threads import compare_threads
from benchmarks.workloads import WORKLOADS


@dataclass(frozen=True)
class Context:
    """machine: its limits. repeats: pairs of runs. smoke: so short that only the way of working is tried."""

    machine: Machine
    repeats: int
    smoke: bool = False


def _workload(name: str, context: Context) -> dict[str, Any]:
    work = WORKLOADS[name]()
    if context.smoke:
        work = replace(work, fast=16, slow=8)
    return {"kind": "workload", **compare(work, context.machine, context.repeats)}


def _threads(context: Context) -> dict[str, Any]:
    work = WORKLOADS["pilotnet"]()
    if context.smoke:
        work = replace(work, fast=16)
    return {"kind": "threads", **compare_threads(work, context.repeats)}


def _peers(context: Context) -> dict[str, Any]:
    work = WORKLOADS["dense"]()
    if context.smoke:
        work = replace(work, fast=16)
    return {"kind": "peers", **compare_peers(work, min(context.repeats, 2))}


def _growth(context: Context) -> dict[str, Any]:
    return {"kind": "growth", **measure_growth(context.repeats, context.smoke)}


def _scale(context: Context) -> dict[str, Any]:
    return {"kind": "scale", **compare_scale(min(context.repeats, 2), context.smoke)}


PARTS: dict[str, Callable[[Context], dict[str, Any]]] = {
    **{name: partial(_workload, name) for name in WORKLOADS},
    "threads": _threads,
    "growth": _growth,
    "scale": _scale,
    "peers": _peers,
}
