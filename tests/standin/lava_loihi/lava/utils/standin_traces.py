"""Stand-in: neuron models write their states down where somebody probes, a file for each."""

import os
from pathlib import Path

import numpy as np

FOLDER = "STANDIN_TRACES"  # set by a StateProbe before Lava's processes start


class Traced:
    """Mixed into models whose states may be probed."""

    def run_spk(self):
        super().run_spk()
        if FOLDER in os.environ:
            for state in ("u", "v"):
                with open(file_of(self.model_id, state), "ab") as file:
                    file.write(np.asarray(getattr(self, state), np.int64).tobytes())


def file_of(process_id, state):
    return Path(os.environ[FOLDER]) / f"{process_id}_{state}"
