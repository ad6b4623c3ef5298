"""Inner loops of one sample: a layer's neurons and its inhibition settle; weights change where a plateau was.

All arrays are float32. Weights are [target, source]; own-layer names: e excitatory, s SomaI, d DendI.
"""

import numpy as np

from neurokit.hardware.simulator.caching import njit

FREE = {"reassoc", "contract", "nsz"}  # sums may be taken in any order


@njit(cache=True, fastmath=FREE)
def dot(row, x):
    """Sum of products."""
    found = np.float32(0)
    for i in range(x.size):
        found += row[i] * x[i]
    return found


@njit(cache=True, fastmath=FREE)
def settle(up_e, up_s, w_es, w_se, w_ss, w_de, w_dd, tau, r_e, r_s, r_d, state):
    """Forward phase of a layer: fill r_e, r_s, r_d (steps, neurons) and the last states of e.

    up_e, up_s: (steps, neurons) what comes from below, or (1, neurons) where it stays. r_d may have no neurons.
    """
    steps, e, s, d = r_e.shape[0], r_e.shape[1], r_s.shape[1], r_d.shape[1]
    share = np.float32(1) / np.float32(tau)
    s_s, s_d = np.zeros(s, np.float32), np.zeros(d, np.float32)
    old_e, old_s, old_d = np.zeros(e, np.float32), np.zeros(s, np.float32), np.zeros(d, np.float32)
    state[:] = 0
    for t in range(steps):
        now_e, now_s = min(t, up_e.shape[0] - 1), min(t, up_s.shape[0] - 1)
        for j in range(e):
            drive = up_e[now_e, j] + dot(w_es[j], old_s)
            state[j] += (drive - state[j]) * share
            r_e[t, j] = max(state[j], np.float32(0))
        for j in range(s):
            drive = up_s[now_s, j] + dot(w_ss[j], old_s) + dot(w_se[j], old_e)
            s_s[j] += (drive - s_s[j]) * share
            r_s[t, j] = max(s_s[j], np.float32(0))
        for j in range(d):
            drive = dot(w_de[j], old_e) + dot(w_dd[j], old_d)
            s_d[j] += (drive - s_d[j]) * share
            r_d[t, j] = max(s_d[j], np.float32(0))
        old_e[:], old_s[:], old_d[:] = r_e[t], r_s[t], r_d[t]


@njit(cache=True)
def nudge(up, kept, plateau, tau, state, rates, first):
    """Backward phase of a layer from step `first` on: fill rates (steps, neurons), change state.

    up: (steps, neurons) or (1, neurons) from below; kept: what inhibition of the somata adds, the same in each step.
    """
    share = np.float32(1) / np.float32(tau)
    for t in range(first, rates.shape[0]):
        now = min(t, up.shape[0] - 1)
        for j in range(state.size):
            state[j] += (up[now, j] + kept[j] - state[j]) * share
            rates[t, j] = max(state[j] + plateau[j], np.float32(0))


@njit(cache=True)
def change_rows(w, gain, plateau, growth, loss, trace, late, later, later_loss, eta, w_max):
    """w += eta (P+ (w_max growth - w loss) + P- trace + late (w_max later - w later_loss)), within 0..w_max.

    gain: P+ of each target, plateau: P-; late: of the sample before. Rows without any stay as they are. Of sources:
    growth, loss, trace, later, later_loss.
    """
    zero = np.float32(0)
    for j in range(w.shape[0]):
        up, down, old = eta * gain[j], eta * plateau[j], eta * late[j]
        if up == zero and down == zero and old == zero:
            continue
        for i in range(w.shape[1]):
            value = w[j, i]
            value += (
                up * (w_max * growth[i] - value * loss[i])
                + down * trace[i]
                + old * (w_max * later[i] - value * later_loss[i])
            )
            w[j, i] = min(max(value, zero), w_max)


@njit(cache=True)
def cancel(onto, dendrite, active, rate):
    """DendI -> dendrite, one step down its state: stays at most 0."""
    for j in range(onto.shape[0]):
        for i in range(onto.shape[1]):
            onto[j, i] = min(onto[j, i] - rate * dendrite[j] * active[i], np.float32(0))


@njit(cache=True, fastmath=FREE)
def grow_to_sum(w, post, pre, rate, total, own):
    """Hebb, then each row is brought to a sum of `total` (absolute). own: no neuron has a synapse on itself."""
    for j in range(w.shape[0]):
        found = np.float32(0)
        for i in range(w.shape[1]):
            w[j, i] = np.float32(0) if own and i == j else w[j, i] + rate * post[j] * pre[i]
            found += abs(w[j, i])
        if found > 0:
            scale = total / max(found, np.float32(1e-12))
            for i in range(w.shape[1]):
                w[j, i] *= scale


@njit(cache=True, fastmath=FREE)
def grow_and_keep_sums(w, post, trace, eta, w_max):
    """w += eta post trace in rows whose post is not 0; each row is brought back to its sum, and cut at w_max."""
    for j in range(w.shape[0]):
        if post[j] == 0:
            continue
        before, grown = np.float32(0), np.float32(0)
        for i in range(w.shape[1]):
            before += w[j, i]
            w[j, i] += eta * post[j] * trace[i]
            grown += w[j, i]
        if grown > 0:
            for i in range(w.shape[1]):
                w[j, i] = min(w[j, i] * (before / grown), w_max)
