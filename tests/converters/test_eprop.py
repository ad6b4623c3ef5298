"""e-prop networks of others' conventions, each against a plain forward pass in that framework's own convention."""

import math
from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.converters import eprop
from neurokit.converters.eprop_net import EpropNet
from neurokit.errors import ConversionError, FormatError, GraphError, InputError

N_IN, N_REC, N_OUT, STEPS = 12, 20, 3, 200
MS = 1e-3


def spikes(seed=0, rate=0.1):
    return (np.random.default_rng(seed).random((STEPS, N_IN)) < rate).astype(np.uint8)


def ran(net, x):
    """Spikes (steps, n_rec) in the order of the EpropNet, and y (steps, n_out)."""
    held = eprop.groups(net)
    rec = nk.run(nk.convert(net, kind="eprop"), {"x": x}, record=(*held, ("out", "v")))
    z = np.zeros((STEPS, net.n_rec))
    for name, index in held.items():
        z[:, index] = rec.spikes[name]
    return z, rec.states["out", "v"]


def assert_same(net, x, wanted):
    z, y = ran(net, x)
    np.testing.assert_array_equal(z, wanted[0])
    np.testing.assert_allclose(y, wanted[1], rtol=1e-11, atol=1e-12)
    assert 0.01 < z.mean() < 0.5


# ----------------------------------------------------------------- Graz: [pre, post], masks the diagonal, n_refractory


def graz_forward(variables, x, *, tau, tau_out, thr, beta, tau_a, n_refractory, multiply):
    """The scripts' loop: currents x @ w_in + z @ w_rec; a refractory counter that starts at n_refractory."""
    w_in, w_rec, w_out = (variables[name] for name in ("w_in_var", "w_rec_var", "out_weight"))
    w_rec = np.where(np.eye(len(w_rec), dtype=bool), 0.0, w_rec)
    decay, rho, kappa = math.exp(-1 / tau), math.exp(-1 / tau_a), math.exp(-1 / tau_out)
    v, a, z, counter, y = *(np.zeros(len(w_rec)) for _ in range(4)), np.zeros(w_out.shape[1])
    trains, outputs = [], []
    for now in x.astype(float):
        current = now @ w_in + z @ w_rec
        a = rho * a + z
        v = decay * v + (1 - decay if multiply else 1.0) * current - thr * z
        z = np.where(counter > 0, 0.0, (v - (thr + beta * a) > 0).astype(float))
        counter = (
            np.clip(counter - 1, 0, None)
            if n_refractory == 0
            else np.where(z > 0, n_refractory - 1, np.clip(counter - 1, 0, None))
        )
        y = kappa * y + (1 - kappa) * (z @ w_out)
        trains.append(z)
        outputs.append(y)
    return np.array(trains), np.array(outputs)


def graz_variables(seed, gain):
    rng = np.random.default_rng(seed)
    return {
        "w_in_var": gain * rng.normal(size=(N_IN, N_REC)),
        "w_rec_var": gain * rng.normal(size=(N_REC, N_REC)),
        "out_weight": rng.normal(size=(N_REC, N_OUT)),
    }


def test_graz_lif():
    found = graz_variables(1, 0.6)
    net = eprop.from_graz(found, threshold=0.03, tau_membrane=0.03, tau_out=0.03, zeta_is_1=False)
    settings = {"tau": 30, "tau_out": 30, "thr": 0.03, "beta": 0.0, "tau_a": 1.0, "n_refractory": 0, "multiply": True}
    assert_same(net, spikes(), graz_forward(found, spikes(), **settings))


def test_graz_alif():
    found = graz_variables(2, 0.5)
    beta = np.where(np.arange(N_REC) % 3 == 0, 0.3, 0.0)  # LIF and ALIF neurons in any order
    net = eprop.from_graz(
        {f"cell/{name}:0": value for name, value in found.items()},  # as TensorFlow names variables
        threshold=0.6,
        tau_membrane=0.02,
        tau_out=0.02,
        tau_adaptation=0.2,
        beta=beta,
        n_refractory=5,
        zeta_is_1=True,
    )
    settings = {"tau": 20, "tau_out": 20, "thr": 0.6, "beta": beta, "tau_a": 200, "n_refractory": 5, "multiply": False}
    assert_same(net, spikes(), graz_forward(found, spikes(), **settings))


# ------------------------------------------------------------ eprop-PyTorch: [post, pre], v one index later, no 1-kappa


def test_eprop_pytorch(tmp_path):
    rng = np.random.default_rng(3)
    state = {
        "w_in": 0.5 * rng.normal(size=(N_REC, N_IN)),
        "w_rec": 0.5 * rng.normal(size=(N_REC, N_REC)),
        "w_out": rng.normal(size=(N_OUT, N_REC)),
    }
    x, alpha, kappa, thr = spikes(), math.exp(-1 / 50), math.exp(-1 / 20), 1.0
    w_rec = state["w_rec"] * (1 - np.eye(N_REC))
    v, z, vo = np.zeros((STEPS + 1, N_REC)), np.zeros((STEPS + 1, N_REC)), np.zeros((STEPS + 1, N_OUT))
    for t in range(STEPS):
        v[t + 1] = alpha * v[t] + w_rec @ z[t] + state["w_in"] @ x[t] - z[t] * thr
        z[t + 1] = v[t + 1] > thr
        vo[t + 1] = kappa * vo[t] + state["w_out"] @ z[t + 1]
    np.savez(tmp_path / "srnn.npz", **state)
    for source in (state, tmp_path / "srnn.npz"):
        net = eprop.from_pytorch(source, tau_membrane=0.05, tau_out=0.02)
        assert_same(net, x, (z[1:], vo[1:]))
    assert net.dampening == 0.3


# ---------------------------------------------------------------------- NEST: milliseconds, >=, a membrane above E_L


@pytest.mark.parametrize("regular", [True, False])
def test_nest(regular):
    rng = np.random.default_rng(4)
    gain = 0.5 if regular else 6.0
    weights = {
        "w_in": np.round(gain * rng.normal(size=(N_REC, N_IN)) * 8) / 8,  # so that v meets the threshold exactly
        "w_rec": gain * rng.normal(size=(N_REC, N_REC)),
        "w_out": rng.normal(size=(N_OUT, N_REC)),
    }
    adapt = np.repeat([0.0, 0.2], N_REC // 2)
    neuron = {
        "V_th": -64.5 + 1.0, "E_L": -64.5, "tau_m": 20.0, "t_ref": 5.0, "gamma": 0.3, "adapt_beta": adapt,
        "adapt_tau": 200.0, "regular_spike_arrival": regular,
    }  # fmt: skip
    net = eprop.from_nest(weights, neuron, {"tau_m": 20.0, "regular_spike_arrival": False})
    w_rec = weights["w_rec"] * (1 - np.eye(N_REC))
    alpha, rho = math.exp(-1 / 20), math.exp(-1 / 200)
    zeta = 1.0 if regular else 1 - alpha
    v, a, z, left, y = *(np.zeros(N_REC) for _ in range(4)), np.zeros(N_OUT)
    trains, outputs = [], []
    for now in spikes().astype(float):
        a = rho * a + z
        v = alpha * v + zeta * (weights["w_in"] @ now + w_rec @ z) - z
        z = ((v >= 1.0 + adapt * a) & (left == 0)).astype(float)
        left = np.where(z > 0, 5 - 1, np.maximum(left - 1, 0))
        y = alpha * y + (1 - alpha) * weights["w_out"] @ z
        trains.append(z)
        outputs.append(y)
    assert_same(net, spikes(), (np.array(trains), np.array(outputs)))


# ------------------------------------------------------------------------------------------------------ our own, hard


def own(seed=5, **changes):
    rng = np.random.default_rng(seed)
    w_rec = 0.4 * rng.normal(size=(N_REC, N_REC))
    np.fill_diagonal(w_rec, 0)
    net = EpropNet(
        0.6 * rng.normal(size=(N_REC, N_IN)), w_rec, rng.normal(size=(N_OUT, N_REC)), 0.6, 0.02, 0.03, refractory=2
    )
    return replace(net, **changes)


def test_hard_reset(tmp_path):
    net = own(reset="hard")
    v, z, left, y = *(np.zeros(N_REC) for _ in range(3)), np.zeros(N_OUT)
    trains, outputs = [], []
    for now in spikes().astype(float):
        v = net.alpha * v * (1 - z) + net.w_in @ now + net.w_rec @ z
        z = ((v > 0.6) & (left == 0)).astype(float)
        left = np.where(z > 0, 2, np.maximum(left - 1, 0))
        y = net.kappa * y + (1 - net.kappa) * net.w_out @ z
        trains.append(z)
        outputs.append(y)
    assert_same(net, spikes(), (np.array(trains), np.array(outputs)))
    net.save(tmp_path / "own.npz")
    network = nk.convert(tmp_path / "own.npz", kind="eprop")
    assert set(network.populations) == {"lif", "out"}


def test_weights_come_back():
    net = own(beta=np.where(np.arange(N_REC) % 2 == 0, 0.1, 0.0))
    other = own(6, beta=net.beta)
    found = eprop.eprop_net_of(eprop.network_of(other), net)
    for name in ("w_in", "w_rec", "w_out"):
        np.testing.assert_array_equal(getattr(found, name), getattr(other, name))
    with pytest.raises(InputError, match=r"'x->lif': is no dense projection of shape \(10, 12\)"):
        eprop.eprop_net_of(eprop.network_of(own()), net)


# -------------------------------------------------------------------------------------------------------- what is wrong


def test_wrong_weights(tmp_path):
    given = {"threshold": 0.6, "tau_membrane": 0.02, "tau_out": 0.02, "zeta_is_1": True}
    found = graz_variables(1, 0.5)
    with pytest.raises(ConversionError) as caught:
        eprop.from_graz({"w_in_var": found["w_in_var"], "w_rec_var": np.zeros(3)}, **given)
    assert [fault.node for fault in caught.value.faults] == ["w_rec", "w_out"]
    assert "there are w_in_var, w_rec_var" in str(caught.value)
    with pytest.raises(ConversionError, match="'w_in': is no array of numbers"):
        eprop.from_graz(found | {"w_in_var": "text"}, **given)
    with pytest.raises(GraphError, match="holds NaN or infinity"):
        eprop.from_graz(found | {"w_in_var": np.full((N_IN, N_REC), np.nan)}, **given)
    transposed = {name: value.T for name, value in found.items()}
    with pytest.raises(GraphError, match="transpose it"):
        eprop.from_graz(transposed, **given)
    with pytest.raises(ConversionError, match="'neuron': has no 'V_th'"):
        eprop.from_nest(transposed, {"tau_m": 20.0}, {"tau_m": 20.0})
    with pytest.raises(FormatError, match="cannot be opened"):
        eprop.from_pytorch(tmp_path / "none.npz", tau_membrane=0.02, tau_out=0.02)


def test_wrong_sources(tmp_path):
    with pytest.raises(ConversionError, match="'reset': is 'hard' for neurons with an adaptation"):
        nk.convert(own(reset="hard", beta=0.1), kind="eprop")
    with pytest.raises(InputError, match=r"'source': is a dict; an EpropNet or the path of one is needed.*from_graz"):
        nk.convert({}, kind="eprop")
    with pytest.raises(InputError, match="'dt': was given; an e-prop network states it itself"):
        nk.convert(own(), kind="eprop", dt=MS)
    np.savez(tmp_path / "other.npz", w_in=np.zeros(3))
    with pytest.raises(FormatError, match="is no e-prop network"):
        nk.convert(tmp_path / "other.npz", kind="eprop")
