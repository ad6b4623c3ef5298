"""Untrained networks for the tasks, with the constants and initial weights of the published scripts."""

from __future__ import annotations

import math

import numpy as np

from neurokit.converters.eprop_net import EpropNet, Feedback, Floats, Reset


def pattern_network(
    seed: int,
    *,
    inputs: int = 100,
    neurons: int = 100,
    outputs: int = 1,
    feedback: Feedback = "symmetric",
    reset: Reset = "soft",
    recurrent_gain: float = 1.0,
) -> EpropNet:
    """LIF neurons of the pattern generation: tau 30 ms, threshold 0.03, no refractory period, zeta = 1 - alpha.

    recurrent_gain: by which the initial recurrent weights, normal of deviation 1 / sqrt(neurons), are multiplied.
    """
    random = np.random.default_rng(seed)
    w_in, w_rec = _weights(random, inputs, neurons, recurrent_gain)
    w_out = random.normal(0, neurons**-0.5, (outputs, neurons))
    return EpropNet(
        w_in,
        w_rec,
        w_out,
        threshold=0.03,
        tau_membrane=0.03,
        tau_out=0.03,
        input_gain="1-alpha",
        reset=reset,
        feedback=feedback,
        b_out=_feedback(random, feedback, neurons, outputs, neurons**-0.5),
    )


def evidence_network(
    seed: int,
    *,
    inputs: int = 40,
    regular: int = 50,
    adaptive: int = 50,
    outputs: int = 2,
    feedback: Feedback = "symmetric",
    reset: Reset = "soft",
    refractory: int = 4,
    tau_adaptation: float = 2.0,
) -> EpropNet:
    """LIF and ALIF neurons of the evidence accumulation: tau 20 ms, threshold 0.6, one spike in 5 steps at most.

    beta = 1.7 (1 - rho) / (1 - alpha), a heuristic of the published script: adaptation at a rate of 1 raises the
    threshold by 1.7 times what v of a unit of steady current is.
    """
    neurons = regular + adaptive
    random = np.random.default_rng(seed)
    w_in, w_rec = _weights(random, inputs, neurons, 1.0)
    limit = math.sqrt(6 / (neurons + outputs))  # Glorot and Bengio 2010, uniform, TensorFlow's default
    beta = 1.7 * math.expm1(-1e-3 / tau_adaptation) / math.expm1(-1e-3 / 0.02)
    return EpropNet(
        w_in,
        w_rec,
        random.uniform(-limit, limit, (outputs, neurons)),
        threshold=0.6,
        tau_membrane=0.02,
        tau_out=0.02,
        tau_adaptation=tau_adaptation,
        beta=np.repeat([0.0, beta], [regular, adaptive]),
        refractory=refractory,
        reset=reset,
        feedback=feedback,
        b_out=_feedback(random, feedback, neurons, outputs, 1.0),
    )


def _weights(random: np.random.Generator, inputs: int, neurons: int, gain: float) -> tuple[Floats, Floats]:
    w_in = random.normal(0, inputs**-0.5, (neurons, inputs))
    w_rec = random.normal(0, gain * neurons**-0.5, (neurons, neurons))
    np.fill_diagonal(w_rec, 0.0)
    return w_in, w_rec


def _feedback(
    random: np.random.Generator, feedback: Feedback, neurons: int, outputs: int, deviation: float
) -> Floats | None:
    return None if feedback == "symmetric" else random.normal(0, deviation, (neurons, outputs))
