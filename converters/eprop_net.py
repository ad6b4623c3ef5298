"""A recurrent network that e-prop trains, as numbers: weights, constants and the conventions that sources differ in.

    v^t = alpha v^{t-1} + zeta (w_in x^t + w_rec z^{t-1}) - threshold z^{t-1}       alpha = exp(-dt / tau_membrane)
    a^t = rho a^{t-1} + z^{t-1}                                                     rho = exp(-dt / tau_adaptation)
    z^t = 1 where v^t exceeds threshold + beta a^t, 0 in refractory steps
    psi^t = dampening / threshold max(0, 1 - |v^t - threshold - beta a^t| / surrogate_width), 0 in refractory steps
    y^t = kappa y^{t-1} + c w_out z^t                                               kappa = exp(-dt / tau_out)

A hard reset has alpha v^{t-1} (1 - z^{t-1}) for the first and leaves the last term of v out. Bellec et al. 2020, Nature
Communications 11:3625, doi:10.1038/s41467-020-17236-y, with the conventions of its published scripts as defaults.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.weight_files import read_weights
from neurokit.errors import Fault, FormatError, GraphError
from neurokit.files import written_aside

Floats = NDArray[np.float64]
InputGain = Literal["1-alpha", "1"]
ReadoutGain = Literal["1-kappa", "1"]
Reset = Literal["soft", "hard"]
Fires = Literal[">", ">="]
Feedback = Literal["symmetric", "random", "adaptive"]
FORMAT = "neurokit e-prop network 1"
BLOCKS = ("w_in", "w_rec", "w_out")  # matrices of weights that learn
CHOICES = {"input_gain": InputGain, "readout_gain": ReadoutGain, "reset": Reset, "fires": Fires, "feedback": Feedback}


@dataclass(frozen=True, eq=False)
class EpropNet:
    """Leaky integrate-and-fire neurons (beta 0), some with an adaptive threshold, with leaky readouts; see the module.

    w_in: (n_rec, n_in). w_rec: (n_rec, n_rec), its diagonal zero. w_out: (n_out, n_rec). All are [target, source].
    beta: (n_rec,) threshold per unit of adaptation, or one number for all. threshold: of v at rest, in v's unit.
    tau_membrane, tau_out, tau_adaptation, dt: seconds. tau_adaptation matters where beta is not zero.
    refractory: steps after that of a spike in which the neuron cannot fire. The published scripts' n_ref counts the
        spike's own: n_ref = 5 is refractory = 4.
    input_gain: zeta, by which currents enter v. readout_gain: c. fires: what z compares with.
    dampening: height of psi times threshold (gamma; 0.3). surrogate_width: half of psi's base, None: the threshold.
    feedback: what carries errors back; b_out: (n_rec, n_out), its weights, None with "symmetric": w_out transposed.

    Arrays are kept as read-only float64. GraphError names all that do not form such a network.
    """

    w_in: Floats
    w_rec: Floats
    w_out: Floats
    threshold: float
    tau_membrane: float
    tau_out: float
    tau_adaptation: float = 2.0
    beta: Floats | float = 0.0
    refractory: int = 0
    dt: float = 1e-3
    input_gain: InputGain = "1"
    readout_gain: ReadoutGain = "1-kappa"
    reset: Reset = "soft"
    fires: Fires = ">"
    dampening: float = 0.3
    surrogate_width: float | None = None
    feedback: Feedback = "symmetric"
    b_out: Floats | None = None

    def __post_init__(self) -> None:
        if faults := [*_number_faults(self), *_choice_faults(self)]:
            raise GraphError(faults)
        for name in (*BLOCKS, "b_out"):
            if (given := getattr(self, name)) is not None:
                object.__setattr__(self, name, _kept(given, name))
        beta = _kept(self.beta, "beta")
        object.__setattr__(self, "beta", _read_only(np.full(len(self.w_in), beta)) if beta.ndim == 0 else beta)
        if faults := [*_shape_faults(self), *_value_faults(self)]:
            raise GraphError(faults)

    @property
    def n_in(self) -> int:
        """Input neurons."""
        return self.w_in.shape[1]

    @property
    def n_rec(self) -> int:
        """Recurrent neurons."""
        return self.w_rec.shape[0]

    @property
    def n_out(self) -> int:
        """Readouts."""
        return self.w_out.shape[0]

    @property
    def alpha(self) -> float:
        """What a step leaves of v."""
        return math.exp(-self.dt / self.tau_membrane)

    @property
    def rho(self) -> float:
        """What a step leaves of the adaptation."""
        return math.exp(-self.dt / self.tau_adaptation)

    @property
    def kappa(self) -> float:
        """What a step leaves of y."""
        return math.exp(-self.dt / self.tau_out)

    @property
    def zeta(self) -> float:
        """By how much a unit of current changes v."""
        return 1.0 if self.input_gain == "1" else 1.0 - self.alpha

    @property
    def readout_scale(self) -> float:
        """By how much a spike over a weight of 1 changes y."""
        return 1.0 if self.readout_gain == "1" else 1.0 - self.kappa

    @property
    def width(self) -> float:
        """Half of psi's base."""
        return self.threshold if self.surrogate_width is None else self.surrogate_width

    @property
    def betas(self) -> Floats:
        """(n_rec,) beta as an array."""
        return np.asarray(self.beta)

    @property
    def feedback_weights(self) -> Floats:
        """(n_rec, n_out) what carries errors back."""
        return self.w_out.T if self.b_out is None else self.b_out

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as npz, aside and renamed; `load_eprop_net` reads it. OutputError where it cannot be written."""
        with written_aside(path) as aside, open(aside, "wb") as file:
            np.savez(file, format=np.asarray(FORMAT), **arrays_of(self))


def arrays_of(net: EpropNet) -> dict[str, NDArray[Any]]:
    """Its fields as an npz holds them; those that are None are left out."""
    values = {field.name: getattr(net, field.name) for field in fields(net)}
    return {name: np.asarray(value) for name, value in values.items() if value is not None}


def of_arrays(arrays: Mapping[str, NDArray[Any]]) -> EpropNet:
    """What `arrays_of` took apart. GraphError for what forms no such network."""
    values: dict[str, Any] = {name: array if array.ndim else array.item() for name, array in arrays.items()}
    return EpropNet(**values)


def load_eprop_net(path: str | os.PathLike[str]) -> EpropNet:
    """What `EpropNet.save` wrote. FormatError for another file, GraphError for what forms no such network."""
    found = read_weights(path)
    if "format" not in found or str(found.pop("format")) != FORMAT:
        mend = "Write it with EpropNet.save, or convert its weights (neurokit.converters.eprop)."
        raise FormatError(Fault(str(path), "is no e-prop network", f"an npz of format '{FORMAT}' is read", mend))
    known = {field.name for field in fields(EpropNet)}
    needed = {*BLOCKS, "threshold", "tau_membrane", "tau_out"}
    if wrong := sorted((set(found) - known) | (needed - set(found))):
        limit = f"the format has {', '.join(sorted(known))}"
        raise FormatError(Fault(str(path), f"lacks or has unknown fields: {', '.join(wrong)}", limit, "Save it again."))
    return of_arrays(found)


def _kept(given: Any, name: str) -> Floats:
    try:
        return _read_only(np.array(given, np.float64))
    except (TypeError, ValueError):
        limit = "real numbers are needed"
        raise GraphError(Fault(name, f"is {type(given).__name__} that is no array of numbers", limit, _ARRAY)) from None


def _read_only(array: Floats) -> Floats:
    array.setflags(write=False)
    return array


_ARRAY = "Pass a numpy array, [target, source]."


def _number_faults(net: EpropNet) -> Iterator[Fault]:
    names = ("threshold", "tau_membrane", "tau_out", "tau_adaptation", "dt", "dampening", "surrogate_width")
    for name in names:
        value = getattr(net, name)
        if name == "surrogate_width" and value is None:
            continue
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not (number and math.isfinite(value) and value > 0):
            yield Fault(name, f"is {value!r}", "a positive, finite number", "Pass another.")
    whole = isinstance(net.refractory, int | np.integer) and not isinstance(net.refractory, bool)
    if not (whole and net.refractory >= 0):
        yield Fault("refractory", f"is {net.refractory!r}", "a whole number of steps, 0 or more", "Pass another.")


def _choice_faults(net: EpropNet) -> Iterator[Fault]:
    for name, choices in CHOICES.items():
        if (value := getattr(net, name)) not in get_args(choices):
            yield Fault(name, f"is {value!r}", f"known: {', '.join(get_args(choices))}", "Pass one of these.")
    if (net.b_out is None) != (net.feedback == "symmetric"):
        fact = f"is {'missing' if net.b_out is None else 'given'} with feedback='{net.feedback}'"
        limit = "random and adaptive feedback have weights of their own, symmetric feedback has w_out's"
        yield Fault("b_out", fact, limit, "Pass b_out and feedback='random' or 'adaptive', or neither.")


def _shape_faults(net: EpropNet) -> list[Fault]:
    """A recurrent network's shapes follow from w_rec (n_rec, n_rec), the columns of w_in and the rows of w_out."""
    matrices = {name: getattr(net, name) for name in BLOCKS}
    flat = [name for name, array in matrices.items() if array.ndim != 2 or not array.size]
    if flat:
        return [Fault(n, f"has shape {matrices[n].shape}", "a matrix is needed, not empty", _ARRAY) for n in flat]
    size = net.w_rec.shape[0]
    wanted = {
        "w_rec": (net.w_rec, (size, size), "w_rec goes from its neurons to themselves"),
        "w_in": (net.w_in, (size, net.w_in.shape[1]), f"w_rec has {size} targets, so has w_in"),
        "w_out": (net.w_out, (net.w_out.shape[0], size), f"w_rec has {size} neurons, the sources of w_out"),
        "beta": (net.beta, (size,), "one for each recurrent neuron"),
    }
    if net.b_out is not None:
        wanted["b_out"] = (net.b_out, (size, net.w_out.shape[0]), "from each readout to each recurrent neuron")
    return [
        Fault(name, f"has shape {np.shape(array)}", f"{why}: {shape}", "Weights are [target, source]: transpose it?")
        for name, (array, shape, why) in wanted.items()
        if np.shape(array) != shape
    ]


def _value_faults(net: EpropNet) -> Iterator[Fault]:
    for name in (*BLOCKS, "beta", "b_out"):
        array = getattr(net, name)
        if array is not None and not np.isfinite(array).all():
            yield Fault(name, "holds NaN or infinity", "weights are finite", "Take the last good ones.")
    if np.any(net.betas < 0):
        limit = "a spike raises the threshold or leaves it"
        yield Fault("beta", f"is negative for {int((net.betas < 0).sum())} neurons", limit, "Pass 0 for LIF neurons.")
    if net.w_rec.ndim == 2 and np.any(np.diagonal(net.w_rec)):
        fact = f"has {int(np.count_nonzero(np.diagonal(net.w_rec)))} weights on its diagonal"
        limit = "neurons do not excite themselves; the published scripts mask what their variable holds there"
        yield Fault("w_rec", fact, limit, "Set its diagonal to zero.")
