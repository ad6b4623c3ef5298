"""Networks that BTSP trains (excitatory and inhibitory rates, Dale's law) as Networks of spikes; inference only.

    source                                       spec=
    DendriticNet, or its .npz or .safetensors    none
    EIANN's state_dict (.pt, .safetensors, .npz) EIANN's YAML file, as a path or as the mapping it holds

Neurons of the source settle over some steps (`btsp_rates`):  s += (-s + sum W r) / tau,  r = max(0, s).

On the chip a unit is two SigmaDelta neurons, which add up the changes that they hear and send changes of their own. A
step of the source is two of the chip's; in the first one all states move, in the second one all rates:

    "H1E.state"      s[t] = (1 - 1/tau) s[t-2] + (1/tau) sum W r[t-1]          the leak is a synapse onto itself
    "H1E"            r[t] = max(0, s[t-1])

So each state and rate is the source's, step by step. (One neuron a unit, with its own rectified value in place of s,
has the same fixed points, half of the steps and fewer messages. But an inhibited unit comes up at once then, and the
published network of 784-500-500-10 neurons swings from all to none: 10 % right on Fashion-MNIST.)

    code             what is sent
    "graded"         changes of a value of 8 bits: from 1/256 of the population's largest rate on
    "sigma-delta"    from 1/128 on
    "rate"           spikes of 0 and 1, see below
These scales need samples (calibrate=); "graded" without them sends every change.

In rate code a unit is one LIF neuron: its synaptic current has the source's time constant and so is the source's s, its
spikes come more often the larger s is, at the population's largest rate in every step. A step of the source is 8 of the
chip's; the input's numbers are given anew in each. The membrane's leak (0.8 a step) makes it forget what the first
steps overshoot. It loses what lies above the threshold at a reset to zero, and all rates above the largest: an
approximation, which fails where rates overshoot by far before they settle. Read the spikes of the last 3 x 8 steps.

A sample is shown for the steps that the source was trained with (`Network.steps_per_sample`, `Program.presented`), from
rest; more would change the decision. The output's value is the sum of the changes that it sent. Populations have the
source's names, the input is "x". Dendrites, their inhibition and top-down weights act in learning only and are left
out.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.converters.arguments import check_arguments, choice_faults, step_faults
from neurokit.converters.btsp_eiann import rate_net, read_spec
from neurokit.converters.btsp_net import DendriticNet, dendritic_net, is_saved
from neurokit.converters.btsp_rates import Floats, RateNet, of_dendritic
from neurokit.converters.weight_files import read_weights
from neurokit.errors import ConversionWarning, Fault, InputError
from neurokit.graph.graded_neurons import Delta, SigmaDelta
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import CubaLIF
from neurokit.graph.synapses import Dense, Sparse

CODES = ("graded", "sigma-delta", "rate")
LEVELS: Mapping[str, tuple[float, float]] = {  # of a population's largest rate: least change of (states, rates)
    "graded": (256, 256),
    "sigma-delta": (128, 128),
}
STEP = 1e-3  # seconds, where nothing is given: the source's steps have no unit
HALVES = 2  # steps of the chip for one of the source
PARTS = 8  # the same in rate code, there
KEPT = 0.8  # of the membrane potential in a step of the chip, in rate code
_INPUT = "x"


def load(
    source: Any,
    *,
    dt: float | None = None,
    reset: str | None = None,
    inputs: str | None = None,
    spec: Any = None,
    code: str | None = None,
    calibrate: Any = None,
) -> Network:
    """Read a network that BTSP trained; see the module.

    dt: seconds that a step stands for. spec: of weights of EIANN. code: see the module. calibrate: samples (batch,
    inputs) of rates.
    Raises FormatError for files that cannot be read, InputError for arguments, ConversionError with all that is
    missing, unknown or does not fit, GraphError for an unsound DendriticNet. A ConversionWarning says what is left out.
    """
    check_arguments(_argument_faults(dt, reset, inputs, code, calibrate))
    net, name = _read(source, spec)
    samples = None if calibrate is None else _samples(net, calibrate)
    network = network_of(net, code or "", samples, STEP if dt is None else dt, name)
    if net.left_out:
        shown = ", ".join(net.left_out)
        text = f"left out, since they act in learning only: {shown}"
        warnings.warn(text, ConversionWarning, stacklevel=4)
    return network


def _argument_faults(
    dt: float | None, reset: str | None, inputs: str | None, code: str | None, calibrate: Any
) -> Iterator[Fault]:
    yield from step_faults(dt)
    yield from choice_faults("reset", reset, (), "Leave it out.")
    yield from choice_faults("inputs", inputs, (), "Leave it out: inputs are rates.")
    if code is None:
        choices = " or ".join(f"code={name!r}" for name in CODES)
        yield Fault("code", "was not given", "how rates are sent is a choice", f"Pass {choices}.")
    yield from choice_faults("code", code, CODES, "Choose one of them.")
    if code in CODES and code != "graded" and calibrate is None:
        limit = "which changes are worth a message follows from rates"
        yield Fault("calibrate", "was not given", limit, "Pass some hundred samples, (batch, inputs).")


def _read(source: Any, spec: Any) -> tuple[RateNet, str]:
    """The forward phase of any source, and the source's name."""
    if isinstance(source, DendriticNet):
        if spec is not None:
            raise InputError(Fault("spec", "was given", "a DendriticNet says all by itself", "Leave it out."))
        return of_dendritic(source), ""
    if isinstance(source, str | os.PathLike):
        if os.path.splitext(source)[1].lower() in (".yaml", ".yml", ".json"):
            mend = "Pass the weights' file (.pt, .safetensors, .npz), and this one as spec=."
            raise InputError(Fault(str(source), "is a specification", "weights are converted", mend))
        arrays, name = read_weights(source), os.path.basename(source)
    elif isinstance(source, Mapping):
        arrays, name = {str(key): _array(str(key), values) for key, values in source.items()}, ""
    else:
        limit = "a DendriticNet, the path of weights, or a state_dict is needed"
        mend = "Pass one of these, the latter two with spec= unless DendriticNet.save wrote them."
        raise InputError(Fault("source", f"is a {type(source).__name__}", limit, mend))
    if is_saved(arrays) and spec is None:
        return of_dendritic(dendritic_net(arrays, name)), name
    if spec is None:
        limit = "weights alone do not say which layers they belong to"
        mend = "Pass spec= with EIANN's YAML file, or a file that DendriticNet.save wrote."
        raise InputError(Fault("spec", "was not given", limit, mend))
    return rate_net(arrays, read_spec(spec)), name


def _array(name: str, values: Any) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        fact = f"is no array ({type(error).__name__})"
        raise InputError(Fault(name, fact, "arrays of numbers are needed", "Detach tensors and pass arrays.")) from None


def _samples(net: RateNet, calibrate: Any) -> Floats:
    samples, size = _array("calibrate", calibrate), net.sizes[net.input]
    if samples.dtype.kind not in "biuf" or samples.ndim != 2 or samples.shape[1] != size or not len(samples):
        fact = f"has {samples.dtype} of shape {samples.shape}"
        raise InputError(Fault("calibrate", fact, f"samples are (batch, {size})", "Flatten each sample to that size."))
    if not np.isfinite(samples).all() or samples.min() < 0:
        limit = "samples are rates, 0 or more and finite"
        raise InputError(Fault("calibrate", "holds values that are no rates", limit, "Scale them to 0..1."))
    return np.asarray(samples, np.float64)


def network_of(
    net: RateNet,
    code: str,
    samples: Floats | None = None,
    dt: float = STEP,
    source: str = "",
    levels: tuple[float, float] | None = None,
) -> Network:
    """The Network of a RateNet in one of CODES.

    samples: (batch, inputs) rates, None: every change is sent. dt: seconds that a step of the source stands for.
    levels: of a population's largest rate, that are worth a message of states and of rates, in place of LEVELS.
    """
    most = {} if samples is None else {name: float(r.max()) for name, r in net.rates(samples)[-1].items()}
    if code == "rate":
        return _rate_coded(net, most, dt, source)
    levels = levels or LEVELS[code]
    populations = {net.input: Population(net.input, (net.sizes[net.input],), Delta())}
    projections = [Projection(_INPUT, net.input, (_one_to_one(net.sizes[net.input]),))]
    for name, tau in net.tau.items():
        state, size = f"{name}.state", net.sizes[name]
        least = [np.asarray(most.get(name, 0.0) / level) for level in levels]
        populations[state] = Population(state, (size,), SigmaDelta(threshold=least[0], activation="unit"))
        populations[name] = Population(name, (size,), SigmaDelta(threshold=least[1]))
        for joint in net.into(name):
            late = np.asarray(dt if joint.earlier else 0.0)
            projections.append(Projection(joint.source, state, (Dense(joint.weight / tau),), late))
        if tau > 1:
            projections.append(Projection(state, state, (_one_to_one(size, 1 - 1 / tau),), np.asarray(dt)))
        projections.append(Projection(state, name, (_one_to_one(size),)))
    return Network(
        {_INPUT: Input(_INPUT, (net.sizes[net.input],))},
        populations,
        tuple(projections),
        {net.output: populations[net.output]},
        dt / HALVES,
        source,
        steps_per_sample=HALVES * net.steps,
    )


def _rate_coded(net: RateNet, most: Mapping[str, float], dt: float, source: str) -> Network:
    """most: largest rates, which a spike in every step stands for; 1 for silent populations."""
    worth = {name: most[name] or 1.0 for name in net.tau}
    populations, projections = {}, []
    for name, tau in net.tau.items():
        neuron = CubaLIF(
            tau_syn=np.asarray(tau * dt),
            tau_mem=np.asarray(dt / PARTS / (1 - KEPT)),
            r=np.asarray(1 / (1 - KEPT)),
            threshold=np.asarray(worth[name]),
        )
        populations[name] = Population(name, (net.sizes[name],), neuron)
        for joint in net.into(name):
            start = _INPUT if joint.source == net.input else joint.source
            weight = Dense(joint.weight * worth.get(joint.source, 1.0))
            projections.append(Projection(start, name, (weight,), np.asarray(dt if joint.earlier else 0.0)))
    return Network(
        {_INPUT: Input(_INPUT, (net.sizes[net.input],))},
        populations,
        tuple(projections),
        {net.output: populations[net.output]},
        dt / PARTS,
        source,
        steps_per_sample=PARTS * net.steps,
    )


def _one_to_one(size: int, weight: float = 1.0) -> Sparse:
    return Sparse(weight * sp.identity(size, format="csr"))
