"""Stand-in: loggers, the older interface.

Figures are planted: power and time are those of lava-dl's PilotNet benchmark.
"""

import os

import numpy as np
from lava.magma.core.callback_fx import NxSdkCallbackFx

POWER = {"total": 0.679234, "vdd": 0.45, "vddm": 0.22, "vddio": 0.009234}  # W
STATIC = 0.232078  # W
TIME_PER_STEP = 152.85  # us
COUNTS = {"syn_ops": (700.0, 300.0), "dendrite_updates": (40.0, 24.0), "axon_out": (5.0, 3.0), "spikes_in": (4.0, 2.0)}
WORDS = (810.0, 90.0)
OLD = "STANDIN_OLD_LOGGERS" in os.environ  # loggers that are attached, before callbacks were classes


class _Logger(object if OLD else NxSdkCallbackFx):
    def __init__(self):
        self.attached = None

    def attach(self, board):
        self.attached = board

    def get_results(self):
        self.read(self.attached.steps)

    def pre_run_callback(self, board=None, var_id_to_var_model_map=None):
        self.attach(board)

    def post_run_callback(self, board=None, var_id_to_var_model_map=None):
        self.get_results()


if OLD:
    del _Logger.pre_run_callback, _Logger.post_run_callback


class Loihi2Power(_Logger):
    def __init__(self, num_steps=None):
        super().__init__()
        self.num_steps = num_steps

    def read(self, steps):
        assert self.num_steps == steps, "the probe is told how many steps there are"
        wave = 1 + 0.1 * np.array([-1, 0, 1, 0])
        for rail, power in POWER.items():
            setattr(self, f"{rail}_power", power * wave)
        self.static_total_power = STATIC


class Loihi2ExecutionTime(_Logger):
    def __init__(self, t_start=1, t_end=None, buffer_size=1024, bin_size=1):
        super().__init__()

    def read(self, steps):
        self.execution_time_per_step = np.full(steps, TIME_PER_STEP)
        self.avg_time_per_step = TIME_PER_STEP


class Loihi2Activity(_Logger):
    def read(self, steps):
        self.core_idx = np.arange(2)
        for name, per_step in COUNTS.items():
            setattr(self, name, np.array(per_step) * steps)


class Loihi2Memory(_Logger):
    def read(self, steps):
        self.core_idx = np.arange(2)
        self.total_mpds = np.array(WORDS)
