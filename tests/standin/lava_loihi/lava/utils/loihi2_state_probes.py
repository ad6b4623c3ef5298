"""Stand-in: StateProbe(var), a callback; `time_series` is flat, neuron by neuron."""

import os
import tempfile

import numpy as np
from lava.magma.core.callback_fx import NxSdkCallbackFx
from lava.utils.standin_traces import FOLDER, file_of


class StateProbe(NxSdkCallbackFx):
    def __init__(self, var):
        self.var = var
        self.time_series = None

    def pre_run_callback(self, board=None, var_id_to_var_model_map=None):
        os.environ.setdefault(FOLDER, tempfile.mkdtemp(prefix="standin-"))

    def post_run_callback(self, board=None, var_id_to_var_model_map=None):
        var = self.var
        while var.aliased_var is not None:
            var = var.aliased_var
        flat = np.fromfile(file_of(var.process.id, var.name), np.int64).reshape(-1, int(np.prod(var.shape)))
        self.time_series = (flat if "STANDIN_BY_STEPS" in os.environ else flat.T).reshape(-1)
