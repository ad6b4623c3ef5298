"""Stand-in: probes, the newer interface, behind lava.utils.profiler.Profiler.init(run_cfg).

The same planted figures.
"""

import os

import numpy as np
from lava.magma.core.callback_fx import NxSdkCallbackFx
from lava.utils import loihi2_profiler as planted

if "STANDIN_NO_PROBES" in os.environ:
    raise ModuleNotFoundError("no probes here")


class Loihi2HWProfiler(NxSdkCallbackFx):
    def __init__(self, run_cfg):
        self.asked = {}
        self.ran = 0
        run_cfg.callback_fxs.append(self)

    def execution_time_probe(self, num_steps, t_start=1, t_end=None, dt=1, buffer_size=1024):
        self.asked["time"] = num_steps

    def energy_probe(self, num_steps):
        self.asked["energy"] = num_steps

    def activity_probe(self):
        self.asked["activity"] = True

    def memory_probe(self):
        self.asked["memory"] = True

    def pre_run_callback(self, board=None, var_id_to_var_model_map=None):
        assert self.asked, "probes are set before the run"

    def post_run_callback(self, board=None, var_id_to_var_model_map=None):
        self.ran += board.steps

    def _check(self, figure):
        if self.asked.get(figure) != self.ran:
            raise ValueError(f"{figure}: {self.asked.get(figure)} steps asked for, {self.ran} run")

    @property
    def execution_time(self):
        self._check("time")
        return np.full(self.ran, planted.TIME_PER_STEP * 1e-6)

    @property
    def power(self):
        self._check("energy")
        return planted.POWER["total"]

    @property
    def energy(self):
        return self.power * self.ran * planted.TIME_PER_STEP * 1e-6

    @property
    def static_energy(self):
        return planted.STATIC * self.ran * planted.TIME_PER_STEP * 1e-6
