"""How far training has come: all that the next iteration depends on, and its file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.eprop_net import EpropNet, arrays_of, of_arrays
from neurokit.converters.weight_files import read_weights
from neurokit.errors import Fault, FormatError, GraphError
from neurokit.files import written_aside

Floats = NDArray[np.float64]
FORMAT = "neurokit e-prop training 1"
NET = "net "  # before the names of the network's fields
MOMENT = "moment "


@dataclass(frozen=True)
class Validation:
    """Of the weights before an iteration, over trials of its own. error: share decided wrongly, NaN for regression.

    rate: mean spikes a step and neuron.
    """

    iteration: int
    loss: float
    error: float
    rate: float


@dataclass(frozen=True, eq=False)
class Progress:
    """After `iteration` iterations. losses: of each, before its update. moments: the optimiser's. random: the state of
    the generator that draws trials. validations: so far. stopped: why training ended before its last iteration, or "".
    """

    net: EpropNet
    random: Mapping[str, Any]
    iteration: int = 0
    losses: tuple[float, ...] = ()
    moments: Mapping[str, Floats] = field(default_factory=dict)
    validations: tuple[Validation, ...] = ()
    stopped: str = ""

    def save(self, path: str | os.PathLike[str], what: str = "") -> None:
        """Write it as npz, aside and renamed. what: a description of the training, which `load_progress` gives back."""
        arrays = {f"{NET}{name}": value for name, value in arrays_of(self.net).items()}
        arrays |= {f"{MOMENT}{name}": value for name, value in self.moments.items()}
        arrays["validations"] = np.array([(v.iteration, v.loss, v.error, v.rate) for v in self.validations])
        texts = {"format": FORMAT, "random": json.dumps(self.random), "stopped": self.stopped, "what": what}
        arrays |= {name: np.asarray(text) for name, text in texts.items()}
        arrays |= {"iteration": np.asarray(self.iteration), "losses": np.array(self.losses, np.float64)}
        with written_aside(path) as aside, open(aside, "wb") as file:
            np.savez(file, **arrays)


def load_progress(path: str | os.PathLike[str]) -> tuple[Progress, str]:
    """What `Progress.save` wrote, and its `what`. FormatError for another or a damaged file."""
    found = read_weights(path)
    mend = "Name a checkpoint of training, or remove it to start anew."
    if str(found.get("format", "")) != FORMAT:
        limit = f"an npz of format '{FORMAT}' is read"
        raise FormatError(Fault(str(path), "is no checkpoint of training", limit, mend))
    try:
        return _progress(found), str(found["what"])
    except (KeyError, ValueError, TypeError, GraphError) as error:
        limit = "a checkpoint holds a network, losses and a generator's state"
        raise FormatError(Fault(str(path), f"is damaged ({error})", limit, mend)) from error


def _progress(found: Mapping[str, NDArray[Any]]) -> Progress:
    rows = np.reshape(found["validations"], (-1, 4))
    return Progress(
        of_arrays({n.removeprefix(NET): a for n, a in found.items() if n.startswith(NET)}),
        json.loads(str(found["random"])),
        int(found["iteration"]),
        tuple(float(value) for value in found["losses"]),
        {n.removeprefix(MOMENT): a for n, a in found.items() if n.startswith(MOMENT)},
        tuple(Validation(int(row[0]), *(float(value) for value in row[1:])) for row in rows),
        str(found["stopped"]),
    )
