"""Networks that e-prop trains: weights of others' scripts to an `EpropNet`, and an `EpropNet` to a Network.

    source                      weights                       what is special
    Graz TF scripts             [pre, post]                   the diagonal of w_rec is masked, n_ref counts the spike
    eprop-PyTorch               [post, pre]                   thr 1, psi without 1/thr, readout without 1 - kappa
    NEST's eprop neurons        [post, pre] matrices          milliseconds, fires at the threshold, its own zeta
    EpropNet.save               [post, pre]

Sources: github.com/IGITUGraz/eligibility_propagation, models.py (LightLIF, LightALIF, EligALIF);
github.com/ChFrenkel/eprop-PyTorch, models.py (SRNN); NEST 3.10, models eprop_iaf_bsshslm_2020,
eprop_iaf_adapt_bsshslm_2020 and eprop_readout_bsshslm_2020. Their equations are those of Bellec et al. 2020
(doi:10.1038/s41467-020-17236-y), see `eprop_net`.

In the Network all neurons of one kind are a population: "lif" (beta 0) and "alif". Inputs are "x", readouts "out".
Weights are those of the EpropNet, zeta and the readout's gain are r of the neurons. Recurrent projections have a delay
of one step.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.arguments import check_arguments
from neurokit.converters.eprop_net import BLOCKS, EpropNet, Floats, load_eprop_net
from neurokit.converters.weight_files import read_weights
from neurokit.errors import ConversionError, Fault, InputError
from neurokit.graph.lif_family import ALIF
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import LIF, LeakyIntegrator
from neurokit.graph.synapses import Dense

Weights: TypeAlias = "Mapping[str, Any] | str | os.PathLike[str]"
NAMES: Mapping[str, tuple[str, ...]] = {  # what the scripts call the three matrices; the first is ours
    "w_in": ("w_in", "w_in_var", "w_in_val", "InputWeight", "input_weight"),
    "w_rec": ("w_rec", "w_rec_var", "w_rec_val", "RecWeight", "RecurrentWeight", "recurrent_weight"),
    "w_out": ("w_out", "w_out_var", "W_out", "out_weight", "readout_weight"),
}
MILLISECOND = 1e-3


def load(source: Any, *, dt: float | None = None, reset: str | None = None, inputs: str | None = None) -> Network:
    """Read an EpropNet, or the npz file that `EpropNet.save` wrote, as a Network. It states dt and reset itself."""
    given = {"dt": dt, "reset": reset, "inputs": inputs}
    check_arguments(
        Fault(name, "was given", "an e-prop network states it itself", "Leave it out.")
        for name, value in given.items()
        if value is not None
    )
    if isinstance(source, str | os.PathLike):
        source = load_eprop_net(source)
    if not isinstance(source, EpropNet):
        limit = "an EpropNet or the path of one is needed"
        mend = "Make one of the weights: neurokit.converters.eprop.from_graz, from_pytorch or from_nest."
        raise InputError(Fault("source", f"is a {type(source).__name__}", limit, mend))
    return network_of(source)


# --------------------------------------------------------------------------------------------- others' conventions


def from_graz(
    weights: Weights,
    *,
    threshold: float,
    tau_membrane: float,
    tau_out: float,
    zeta_is_1: bool,
    tau_adaptation: float = 2.0,
    beta: Floats | float = 0.0,
    n_refractory: int = 0,
    dt: float = MILLISECOND,
    dampening: float = 0.3,
    feedback: Floats | None = None,
) -> EpropNet:
    """Variables of the Graz TensorFlow scripts, by name or in a file of named arrays: [pre, post], scopes are ignored.

    tau_membrane, tau_out, tau_adaptation, dt: seconds. zeta_is_1: True where a script adds currents as they are
    (evidence accumulation, EligALIF), False where it multiplies them by 1 - alpha (LightLIF, pattern generation).
    beta: (n_rec,) or a number. n_refractory: theirs, which counts the spike's own step. feedback: their B_out,
    (n_rec, n_out), None: symmetric. The diagonal of w_rec, which their scripts mask, is dropped.
    """
    w_in, w_rec, w_out = (values.T for values in _matrices(weights))
    return EpropNet(
        w_in,
        w_rec,
        w_out,
        threshold=threshold,
        tau_membrane=tau_membrane,
        tau_out=tau_out,
        tau_adaptation=tau_adaptation,
        beta=beta,
        refractory=max(0, n_refractory - 1) if isinstance(n_refractory, int | np.integer) else n_refractory,
        dt=dt,
        input_gain="1" if zeta_is_1 else "1-alpha",
        dampening=dampening,
        feedback="symmetric" if feedback is None else "random",
        b_out=feedback,
    )


def from_pytorch(
    weights: Weights,
    *,
    tau_membrane: float,
    tau_out: float,
    threshold: float = 1.0,
    dt: float = MILLISECOND,
    gamma: float = 0.3,
) -> EpropNet:
    """A state_dict of eprop-PyTorch's SRNN, as tensors, arrays or a file: [post, pre], y without 1 - kappa.

    tau_membrane, tau_out, dt: seconds. gamma: of its psi, which has no 1/threshold. Its input of step t reaches v in
    its step t + 1: here in step t, all else being the same.
    """
    return EpropNet(
        *_matrices(weights),
        threshold=threshold,
        tau_membrane=tau_membrane,
        tau_out=tau_out,
        dt=dt,
        readout_gain="1",
        dampening=gamma * threshold,
    )


def from_nest(
    weights: Weights, neuron: Mapping[str, Any], readout: Mapping[str, Any], *, dt: float = MILLISECOND
) -> EpropNet:
    """Weight matrices [post, pre] of a NEST network, with what `nest.GetStatus` says of a neuron and of a readout.

    neuron: V_th (mV over E_L), E_L, tau_m, t_ref (ms), gamma, regular_spike_arrival, of adaptive neurons adapt_beta and
    adapt_tau; adapt_beta may be (n_rec,). readout: tau_m, regular_spike_arrival. NEST's t_ref counts the spike's own
    step. Its zeta is 1 with regular_spike_arrival, 1 - alpha without.
    """
    needed = {"neuron": (neuron, ("V_th", "tau_m")), "readout": (readout, ("tau_m",))}
    faults = [
        Fault(what, f"has no '{name}'", "NEST's names of parameters are needed", "Pass GetStatus of such a node.")
        for what, (given, names) in needed.items()
        for name in names
        if name not in given
    ]
    if faults:
        raise ConversionError(faults)
    matrices = _matrices(weights)
    dt_ms = dt / MILLISECOND
    threshold = neuron["V_th"] - neuron.get("E_L", 0.0)
    return EpropNet(
        *matrices,
        threshold=threshold,
        tau_membrane=neuron["tau_m"] * MILLISECOND,
        tau_out=readout["tau_m"] * MILLISECOND,
        tau_adaptation=neuron.get("adapt_tau", 2000.0) * MILLISECOND,
        beta=neuron.get("adapt_beta", 0.0),
        refractory=max(0, round(neuron.get("t_ref", 0.0) / dt_ms) - 1),
        dt=dt,
        input_gain="1" if neuron.get("regular_spike_arrival", True) else "1-alpha",
        readout_gain="1" if readout.get("regular_spike_arrival", True) else "1-kappa",
        fires=">=",
        dampening=neuron.get("gamma", 0.3),
    )


def _matrices(weights: Weights) -> tuple[Floats, Floats, Floats]:
    """w_in, w_rec without its diagonal, and w_out, as they lie in the source."""
    given = read_weights(weights) if isinstance(weights, str | os.PathLike) else weights
    known = {str(name).rpartition("/")[2].rpartition(".")[2].removesuffix(":0"): value for name, value in given.items()}
    found, faults = {}, []
    for name, names in NAMES.items():
        match = next((n for n in names if n in known), None)
        if match is None:
            fact, limit = f"is missing; there are {', '.join(sorted(known)) or 'none'}", f"known: {', '.join(names)}"
            faults.append(Fault(name, fact, limit, "Give the array one of these names."))
            continue
        try:
            found[name] = np.asarray(known[match], np.float64)
        except (TypeError, ValueError, RuntimeError) as error:
            fact = f"is no array of numbers ({type(error).__name__})"
            faults.append(Fault(name, fact, "real numbers are needed", "Detach tensors and pass arrays."))
            continue
        if found[name].ndim != 2:
            fact = f"has shape {found[name].shape}"
            faults.append(Fault(name, fact, "a matrix is needed", "Pass the weights of one network."))
    if faults:
        raise ConversionError(faults)
    return found["w_in"], _without_diagonal(found["w_rec"]), found["w_out"]


def _without_diagonal(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    whole = matrix.copy()
    if whole.shape[0] == whole.shape[1]:  # EpropNet names other shapes
        np.fill_diagonal(whole, 0.0)
    return whole


# --------------------------------------------------------------------------------------------------- to a Network


def groups(net: EpropNet) -> dict[str, NDArray[np.int64]]:
    """Populations of the Network: name -> the neurons of `net` that it holds, in order."""
    adaptive = net.betas != 0
    found = {"lif": np.flatnonzero(~adaptive), "alif": np.flatnonzero(adaptive)}
    return {name: index for name, index in found.items() if index.size}


def network_of(net: EpropNet) -> Network:
    """The Network that computes what `net` does, step by step; see the module. ConversionError where there is none."""
    if net.reset == "hard" and net.betas.any():
        limit = "our adaptive neurons are reset softly, as e-prop's are"
        mend = "Set reset='soft', or beta to 0."
        raise ConversionError(Fault("reset", "is 'hard' for neurons with an adaptation", limit, mend))
    held = groups(net)
    populations = {name: Population(name, (len(index),), _neuron(net, index)) for name, index in held.items()}
    populations["out"] = Population("out", (net.n_out,), _readout(net))
    projections = [Projection("x", name, (Dense(net.w_in[index]),)) for name, index in held.items()]
    for target, rows in held.items():
        for source, columns in held.items():
            weight = Dense(net.w_rec[np.ix_(rows, columns)])
            projections.append(Projection(source, target, (weight,), np.asarray(net.dt)))
    projections += [Projection(name, "out", (Dense(net.w_out[:, index]),)) for name, index in held.items()]
    return Network(
        {"x": Input("x", (net.n_in,))}, populations, tuple(projections), {"out": populations["out"]}, dt=net.dt
    )


def eprop_net_of(network: Network, net: EpropNet, inputs: tuple[int, ...] | None = None) -> EpropNet:
    """`net` with the weights of a Network that was made of it (`network_of`, `learning_network`), learned ones too.

    inputs: those that the Network has as "sensor" (`OnChip.inputs`).
    """
    sensor = np.asarray(inputs or (), np.int64)
    parts = {"x": np.setdiff1d(np.arange(net.n_in), sensor), "sensor": sensor}
    held = groups(net)
    found = {name: np.array(getattr(net, name)) for name in BLOCKS}
    given = {p.name: p for p in network.projections}
    for name, index in held.items():
        for source, which in parts.items():
            if which.size:
                shape = (len(index), len(which))
                found["w_in"][np.ix_(index, which)] = _weight(given, f"{source}->{name}", shape)
        found["w_out"][:, index] = _weight(given, f"{name}->out", (net.n_out, len(index)))
        for source, columns in held.items():
            shape = (len(index), len(columns))
            found["w_rec"][np.ix_(index, columns)] = _weight(given, f"{source}->{name}", shape)
    np.fill_diagonal(found["w_rec"], 0.0)
    return replace(net, w_in=found["w_in"], w_rec=found["w_rec"], w_out=found["w_out"])


def _weight(given: Mapping[str, Projection], name: str, shape: tuple[int, int]) -> NDArray[np.float64]:
    synapse = given[name].synapses[0] if name in given else None
    if not isinstance(synapse, Dense) or synapse.weight.shape != shape:
        fact = f"is no dense projection of shape {shape} in the network"
        limit = f"there are {', '.join(given)}"
        raise InputError(Fault(name, fact, limit, "Pass a Network that was made of this EpropNet."))
    return np.asarray(synapse.weight, np.float64)


def _neuron(net: EpropNet, index: NDArray[np.int64]) -> ALIF | LIF:
    if net.reset == "hard":
        return LIF(
            tau=np.asarray(net.dt / (1 - net.alpha)),  # a step of forward Euler that leaves alpha
            r=np.asarray(net.zeta / (1 - net.alpha)),
            threshold=np.asarray(net.threshold),
            refractory=np.asarray(net.refractory * net.dt),
            while_refractory="silent",
            fires=net.fires,
        )
    return ALIF(
        tau=np.asarray(net.tau_membrane),
        tau_adaptation=np.asarray(net.tau_adaptation),
        beta=_one(net.betas[index]),
        threshold=np.asarray(net.threshold),
        r=np.asarray(net.zeta),
        refractory=np.asarray(net.refractory * net.dt),
        fires=net.fires,
    )


def _one(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """A number where all are the same."""
    return np.asarray(values[0]) if (values == values[0]).all() else values


def _readout(net: EpropNet) -> LeakyIntegrator:
    return LeakyIntegrator(np.asarray(net.dt / (1 - net.kappa)), r=np.asarray(net.readout_scale / (1 - net.kappa)))
