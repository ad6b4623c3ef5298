"""What of Intel's lava-loihi extension is called, and what is missing of it here. Imports neither it nor Lava.

The extension is given to members of Intel's Neuromorphic Research Community only. The calls follow public code:

* adapters: lava-nc/lava-dl, tutorials/lava/lib/dl/netx (pilotnet_snn/run.ipynb, pilotnet_sdnn/run.ipynb and utils.py):
  `eio.spike.PyToNxAdapter(shape=[, num_message_bits=])`, `NxToPyAdapter(shape=, num_message_bits=)` with ports `inp`
  and `out`; `PyToN3ConvAdapter(shape=, num_message_bits=, spike_exp=)` before a convolution.
* loggers, the older way to measure: lava-nc/lava-dl, netx/pilotnet_snn/benchmark.ipynb:
  `loihi2_profiler.Loihi2Power(num_steps=)`, `Loihi2ExecutionTime()`, `Loihi2Activity()`, `Loihi2Memory()`, given as
  `Loihi2HwCfg(callback_fxs=[...])`; results as attributes (power in W, times in us).
* probes, the newer way: lava-nc/lava, pull request 444 and utils/profiler.py: `Profiler.init(run_cfg)` before the run;
  lava-nc/lava-optimization, solvers/generic/solver.py: `energy_probe(num_steps=)`, `execution_time_probe(num_steps=)`,
  `.energy` (J), `.execution_time` (s); `.power`, `.static_energy` as lava-loihi's own tutorial prints them.
* states: `lava.utils.loihi2_state_probes.StateProbe(var)` as a callback, and `.time_series`:
  lava-nc/lava-optimization, solvers/generic/solver.py.
* `AbstractNcProcessModel`: lava-nc 0.10.0, magma/core/run_configs.py.
"""

from __future__ import annotations

import importlib.util

from neurokit.errors import Fault

# module -> what it is needed for
NEEDED = {
    "lava.magma.core.model.nc.model": "models of neurons and synapses on the chip",
    "lava.magma.core.model.c.model": "models on the chip's embedded processors",
    "lava.proc.embedded_io.spike": "spikes to the chip and back",
}
FOR_STATES = {"lava.utils.loihi2_state_probes": "reading states"}
LOGGERS = {"lava.utils.loihi2_profiler": "measuring (the older interface), and lava.utils.loihi's own check"}
EVERY_RUN = {**NEEDED, **LOGGERS}
PROBES = {"lava.utils.loihi2_profiler_api": "measuring (the newer interface)"}

ASK = "It is given to members of Intel's Neuromorphic Research Community (INRC): ask there for lava-loihi"
INSTALL = "install its archive beside lava-nc 0.10.0 in the Python it is built for, and look at neurokit doctor again"


def there(module: str) -> bool:
    """Whether a module can be found; nothing but its parents is imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def missing() -> dict[str, str]:
    """Modules that every run on a board needs and that are not here, with their use."""
    return {module: use for module, use in EVERY_RUN.items() if not there(module)}


def fault() -> Fault | None:
    """Why no board can be used from here as far as the extension goes, or None."""
    lacking = missing()
    if not lacking:
        return None
    none = lacking == EVERY_RUN
    what = "Intel's lava-loihi extension is not installed" if none else "Intel's lava-loihi extension is not whole"
    fact = f"{what}: there is no {', '.join(lacking)}"
    limit = f"a board needs them for {', '.join(dict.fromkeys(lacking.values()))}"
    mend = f"{ASK}, {INSTALL}; or copy a bundle (neurokit deploy) to where it is; or use backend='simulator'."
    return Fault("loihi2", fact, limit, mend)
