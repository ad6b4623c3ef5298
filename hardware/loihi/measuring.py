"""Figures from the board's own probes, through either interface of lava-loihi. Runs in the process at the board.

The signatures and units come from the public code that `extension` names.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from neurokit.errors import BackendError, Fault
from neurokit.hardware.loihi import extension
from neurokit.hardware.loihi.job import Figure, Interface

RAILS = ("vdd", "vddm", "vddio")
MICRO = 1e-6  # loggers give times in us (lava-dl, netx/pilotnet_snn/benchmark.ipynb)
COUNTERS = {  # Loihi2Activity's arrays, a number a core, ibid.
    "synaptic operations": "syn_ops",
    "neuron updates": "dendrite_updates",
    "spikes sent": "axon_out",
    "spikes received": "spikes_in",
}


def chosen_interface(wanted: Interface, figure: Figure) -> str:
    """The module whose interface measures `figure`: counters have the loggers' only (the newer one draws them)."""
    offers = {"probes": next(iter(extension.PROBES)), "loggers": next(iter(extension.LOGGERS))}
    order = ("loggers",) if figure == "activity" else ("probes", "loggers") if wanted == "auto" else (wanted,)
    for name in order:
        if extension.there(offers[name]):
            return offers[name]
    limit = f"measuring needs it of lava-loihi, interface '{wanted}'"
    names = ", ".join(offers[name] for name in order)
    raise BackendError(Fault("loihi2", f"there is no {names}", limit, f"Leave measure= out. {extension.ASK}."))


class Meter:
    """Attached to a run configuration before a run, read after it."""

    def __init__(self, figure: Figure, interface: Interface, steps: int) -> None:
        self.figure = figure
        self.steps = steps
        self.module = chosen_interface(interface, figure)
        self.probes = self.module in extension.PROBES
        self._loggers: dict[str, Any] = {}
        self._profiler: Any = None

    def attach(self, configuration: Any) -> None:
        """Before the network is compiled with that configuration."""
        if self.probes:
            profiler = importlib.import_module("lava.utils.profiler").Profiler.init(configuration)
            if self.figure == "energy":
                profiler.energy_probe(num_steps=self.steps)
            else:
                profiler.execution_time_probe(num_steps=self.steps)
            self._profiler = profiler
            return
        given = importlib.import_module(self.module)
        if self.figure == "energy":
            self._loggers["power"] = given.Loihi2Power(num_steps=self.steps)
        elif self.figure == "time":
            self._loggers["time"] = given.Loihi2ExecutionTime()
        else:
            self._loggers |= {"activity": given.Loihi2Activity(), "memory": given.Loihi2Memory()}
        configuration.callback_fxs += [_as_callback(logger) for logger in self._loggers.values()]

    def figures(self) -> dict[str, Any]:
        """Fields of `Measured` by name, after the run; `_seconds` of power is multiplied in by the caller."""
        try:
            return self._read_probes() if self.probes else self._read_loggers()
        except (AttributeError, TypeError, ValueError) as error:
            fact = f"{self.module} did not give {self.figure} as public code reads it ({error})"
            limit = "its interface is known from public notebooks only"
            raise BackendError(Fault("loihi2", fact, limit, "Measure another figure, or report this.")) from error

    def _read_probes(self) -> dict[str, Any]:
        profiler = self._profiler
        if self.figure == "time":
            return {"time_per_step": float(np.sum(profiler.execution_time)) / self.steps}
        found = {"energy_per_step": float(profiler.energy) / self.steps}
        found["static_energy_per_step"] = float(profiler.static_energy) / self.steps
        return {**found, "power": {"total": float(np.mean(profiler.power))}}

    def _read_loggers(self) -> dict[str, Any]:
        if self.figure == "time":
            return {"time_per_step": float(self._loggers["time"].avg_time_per_step) * MICRO}
        if self.figure == "energy":
            logger = self._loggers["power"]
            power = {"total": float(np.mean(logger.total_power)), "static": float(logger.static_total_power)}
            return {"power": power | {rail: float(np.mean(getattr(logger, f"{rail}_power"))) for rail in RAILS}}
        activity, memory = self._loggers["activity"], self._loggers["memory"]
        counts = {name: float(np.sum(getattr(activity, field))) / self.steps for name, field in COUNTERS.items()}
        words = {"words": float(np.sum(memory.total_mpds))}
        return {"activity": counts, "memory": words, "cores": int(np.unique(activity.core_idx).size)}


def with_energies(found: Mapping[str, Any]) -> dict[str, Any]:
    """Energy of a step from the mean power and the time of a step, where no probe gave it."""
    power, seconds = found.get("power", {}), found.get("time_per_step")
    made = dict(found)
    if seconds is not None and "energy_per_step" not in found and "total" in power:
        made["energy_per_step"] = power["total"] * seconds
        if "static" in power:
            made["static_energy_per_step"] = power["static"] * seconds
    return made


def _as_callback(logger: Any) -> Any:
    """Older loggers are attached by functions of the board, which lava-nc 0.10.0 calls through IterableCallBack."""
    callbacks = importlib.import_module("lava.magma.core.callback_fx")
    if isinstance(logger, callbacks.CallbackFx):
        return logger
    # as lava-nc/lava-optimization's benchmarking has it
    return callbacks.IterableCallBack(pre_run_fxs=[logger.attach], post_run_fxs=[lambda board: logger.get_results()])
