"""Write the first-light kit: a bundle of micro-programs, with what each hypothesis predicts."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurokit.bundles.arrays import write_npz
from neurokit.bundles.writing import Bundle, Load, known_target, write_bundle
from neurokit.errors import CompileError
from neurokit.firstlight.identify import predict, with_value
from neurokit.firstlight.probes import probes
from neurokit.lower.silicon import BY_FIELD, Silicon
from neurokit.lower.targets import target_faults

PREDICTIONS = "predictions.npz"


def write_kit(path: str | os.PathLike[str], target: str = "loihi2") -> Bundle:
    """Write the kit for a target into the new folder `path`; `identify` reads what its run.py writes.

    Errors as for `neurokit.bundles.writing.deploy`.
    """
    chosen = known_target(target)
    made = probes(chosen)
    faults = [fault for probe in made for fault in target_faults(probe.program, chosen)]
    if faults:
        raise CompileError(faults)
    loads = [
        Load(p.name, p.program, p.inputs, p.steps, (f"programs/{p.name}.nk", f"inputs/{p.name}.npz"), p.states)
        for p in made
    ]

    def add_predictions(folder: Path) -> None:
        write_npz(folder / PREDICTIONS, predictions(chosen))

    return write_bundle(path, "first-light", chosen, loads, add=add_predictions)


def predictions(target: str) -> dict[str, NDArray[np.int64]]:
    """`JOB/FIELD=VALUE/spikes/POPULATION`: what each value of a probe's own field predicts, the others as in Lava."""
    return {
        f"{probe.name}/{probe.field}={value}/{key}": values
        for probe in probes(target)
        for value in BY_FIELD[probe.field].values
        for key, values in predict(probe, with_value(Silicon(), probe.field, value)).items()
    }
