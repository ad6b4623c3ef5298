"""One sample forward, and its gradients backward in time. Weights come as [source, target], so a spike adds a row.

Forward and backward follow events: a row is added for each spike, never a product over all sources.
"""

import math

import numpy as np

from neurokit.hardware.simulator.caching import njit


@njit(cache=True)
def forward(x, w_in, w_rec, w_out, numbers, beta, dose, theta, refractory, strict, hard, z, psi, y, v_seen, a_seen, s):
    """Fill z, psi (steps, n_rec), y (steps, n_out) and, where they are not empty, v_seen, a_seen and s.

    numbers: (alpha, zeta, rho, kappa, readout scale, threshold, height of psi, width of psi). s: spikes of interneurons
    that add up the adaptation until it exceeds theta; each takes its neuron's dose off v in the next step.
    """
    alpha, zeta, rho, kappa, scale, threshold, height, width = numbers
    steps, n_in = x.shape
    n_rec, n_out = w_out.shape
    v, a, last, current = np.zeros(n_rec), np.zeros(n_rec), np.zeros(n_rec), np.zeros(n_rec)
    wait, out, charge, inhibits = np.zeros(n_rec), np.zeros(n_out), np.zeros(n_rec), np.zeros(n_rec)
    for t in range(steps):
        for j in range(n_rec):
            current[j] = 0.0
        for i in range(n_in):
            if x[t, i] != 0:
                value = float(x[t, i])
                for j in range(n_rec):
                    current[j] += value * w_in[i, j]
        if t > 0:
            for i in range(n_rec):
                if z[t - 1, i]:
                    for j in range(n_rec):
                        current[j] += w_rec[i, j]
        for j in range(n_rec):
            if hard:
                v[j] = alpha * v[j] * (1.0 - last[j]) + zeta * current[j]
            else:
                v[j] = alpha * v[j] + zeta * current[j] - threshold * last[j]
            a[j] = rho * a[j] + last[j]
            if s.size:
                v[j] -= dose[j] * inhibits[j]
                charge[j] = charge[j] * (1.0 - inhibits[j]) + a[j]
                inhibits[j] = 1.0 if charge[j] > theta else 0.0
                s[t, j] = 1 if inhibits[j] > 0.0 else 0
            above = v[j] - (threshold + beta[j] * a[j])
            free = 1.0 if wait[j] <= 0.0 else 0.0
            fires = above > 0.0 if strict else above >= 0.0
            last[j] = free if fires else 0.0
            psi[t, j] = free * height * max(0.0, 1.0 - math.fabs(above) / width)
            wait[j] = refractory if last[j] > 0.0 else wait[j] - 1.0
            z[t, j] = 1 if last[j] > 0.0 else 0
        for k in range(n_out):
            out[k] *= kappa
        for i in range(n_rec):
            if z[t, i]:
                for k in range(n_out):
                    out[k] += scale * w_out[i, k]
        for k in range(n_out):
            y[t, k] = out[k]
        if v_seen.size:
            for j in range(n_rec):
                v_seen[t, j], a_seen[t, j] = v[j], a[j]


@njit(cache=True)
def backward(x, z, psi, v_seen, error, direct, w_rec, feedback, numbers, beta, through, hard, g_in, g_rec, g_out):
    """Add a sample's gradients to g_in, g_rec, g_out ([source, target]).

    error: (steps, n_out) dE/dy of each step by itself. direct: (n_rec,) dE/dz of every step besides (rates). feedback:
    (n_rec, n_out). through: gradients pass through spikes in recurrence and reset too (backpropagation through time),
    which needs w_rec as [target, source] and, with a hard reset, v_seen; else they are stopped there (e-prop).
    """
    alpha, zeta, rho, kappa, scale, threshold, _, _ = numbers
    steps, n_in = x.shape
    n_rec, n_out = feedback.shape
    by_y, by_v, by_a, by_z = np.zeros(n_out), np.zeros(n_rec), np.zeros(n_rec), np.zeros(n_rec)
    for t in range(steps - 1, -1, -1):
        for k in range(n_out):
            by_y[k] = error[t, k] + kappa * by_y[k]
        for j in range(n_rec):
            by_z[j] = direct[j] + by_a[j]
        for k in range(n_out):
            for j in range(n_rec):
                by_z[j] += scale * feedback[j, k] * by_y[k]
        if through:
            for m in range(n_rec):
                if by_v[m] != 0.0:
                    sent = zeta * by_v[m]
                    for j in range(n_rec):
                        by_z[j] += w_rec[m, j] * sent
            for j in range(n_rec):
                by_z[j] -= (alpha * v_seen[t, j] if hard else threshold) * by_v[j]
        for j in range(n_rec):
            kept = alpha * (1.0 - z[t, j]) if hard else alpha
            slope = psi[t, j] * by_z[j]
            by_v[j] = slope + kept * by_v[j]
            by_a[j] = rho * by_a[j] - beta[j] * slope
        for i in range(n_rec):
            if z[t, i]:
                for k in range(n_out):
                    g_out[i, k] += scale * by_y[k]
            if t > 0 and z[t - 1, i]:
                for j in range(n_rec):
                    g_rec[i, j] += zeta * by_v[j]
        for i in range(n_in):
            if x[t, i] != 0:
                value = zeta * x[t, i]
                for j in range(n_rec):
                    g_in[i, j] += value * by_v[j]
