"""The record of an e-prop network: what it refuses, and that its file gives it back."""

from dataclasses import fields, replace

import numpy as np
import pytest

from neurokit.converters.eprop_net import EpropNet, load_eprop_net
from neurokit.errors import FormatError, GraphError, OutputError


def net(**changes):
    rng = np.random.default_rng(0)
    recurrent = rng.normal(size=(4, 4))
    np.fill_diagonal(recurrent, 0)
    given = {
        "w_in": rng.normal(size=(4, 3)),
        "w_rec": recurrent,
        "w_out": rng.normal(size=(2, 4)),
        "threshold": 0.6,
        "tau_membrane": 0.02,
        "tau_out": 0.03,
        "beta": np.array([0, 0, 0.1, 0.2]),
    }
    return EpropNet(**{**given, **changes})


def test_constants():
    """Of the published evidence accumulation: tau 20 ms, 2 s."""
    found = net(input_gain="1-alpha")
    assert found.alpha == pytest.approx(0.951229424500714)
    assert found.zeta == pytest.approx(0.048770575499286)
    assert found.rho == pytest.approx(0.999500124979169)
    assert found.readout_scale == pytest.approx(1 - np.exp(-1 / 30))
    assert (found.n_in, found.n_rec, found.n_out) == (3, 4, 2)
    assert net().zeta == 1
    assert net(readout_gain="1").readout_scale == 1
    assert net(beta=0.5).betas.tolist() == [0.5] * 4
    np.testing.assert_array_equal(found.feedback_weights, found.w_out.T)


def test_arrays_are_its_own():
    recurrent = np.zeros((4, 4))
    found = net(w_rec=recurrent)
    recurrent[0, 1] = 5
    assert found.w_rec[0, 1] == 0
    with pytest.raises(ValueError, match="read-only"):
        found.w_in[0] = 0


@pytest.mark.parametrize(
    "changes",
    [{}, {"feedback": "random", "b_out": np.ones((4, 2)), "reset": "hard", "fires": ">=", "surrogate_width": 0.3}],
)
def test_its_file_gives_it_back(tmp_path, changes):
    kept = net(refractory=4, **changes)
    kept.save(tmp_path / "net.npz")
    found = load_eprop_net(tmp_path / "net.npz")
    for field in fields(EpropNet):
        was, now = getattr(kept, field.name), getattr(found, field.name)
        assert type(was) is type(now), field.name
        np.testing.assert_array_equal(was, now)


def test_files_that_are_none(tmp_path):
    np.savez(tmp_path / "weights.npz", w_in=np.ones((2, 2)))
    with pytest.raises(FormatError, match=r"is no e-prop network; an npz of format 'neurokit e-prop network 1'"):
        load_eprop_net(tmp_path / "weights.npz")
    np.savez(tmp_path / "more.npz", format="neurokit e-prop network 1", w_in=np.ones((2, 2)), colour=1)
    with pytest.raises(FormatError, match="lacks or has unknown fields: colour, tau_membrane, tau_out, threshold"):
        load_eprop_net(tmp_path / "more.npz")
    with pytest.raises(FormatError, match="cannot be opened"):
        load_eprop_net(tmp_path / "absent.npz")
    with pytest.raises(OutputError, match="the folder must exist"):
        net().save(tmp_path / "no" / "net.npz")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"w_rec": np.zeros((4, 5))}, r"'w_rec': has shape \(4, 5\); w_rec goes from its neurons to themselves"),
        ({"w_in": np.zeros((3, 4))}, r"'w_in': has shape \(3, 4\); w_rec has 4 targets.*transpose it\?"),
        ({"w_out": np.zeros((4, 2))}, r"'w_out': has shape \(4, 2\); w_rec has 4 neurons, the sources of w_out"),
        ({"w_in": np.zeros(4)}, r"'w_in': has shape \(4,\); a matrix is needed"),
        ({"w_out": np.zeros((0, 4))}, r"'w_out': has shape \(0, 4\); a matrix is needed, not empty"),
        ({"w_in": "weights"}, "'w_in': is str that is no array of numbers"),
        ({"beta": np.zeros(3)}, r"'beta': has shape \(3,\); one for each recurrent neuron: \(4,\)"),
        ({"beta": -0.1}, "'beta': is negative for 4 neurons"),
        ({"w_rec": np.eye(4)}, "'w_rec': has 4 weights on its diagonal"),
        ({"w_in": np.full((4, 3), np.nan)}, "'w_in': holds NaN or infinity"),
        ({"threshold": 0}, "'threshold': is 0; a positive, finite number"),
        ({"tau_out": np.inf}, "'tau_out': is inf; a positive, finite number"),
        ({"dt": True}, "'dt': is True; a positive, finite number"),
        ({"refractory": 1.5}, "'refractory': is 1.5; a whole number of steps"),
        ({"refractory": -1}, "'refractory': is -1; a whole number of steps"),
        ({"reset": "none"}, "'reset': is 'none'; known: soft, hard"),
        ({"fires": ">>"}, "'fires': is '>>'; known: >, >="),
        ({"input_gain": "2"}, "'input_gain': is '2'; known: 1-alpha, 1"),
        ({"feedback": "random"}, "'b_out': is missing with feedback='random'"),
        ({"b_out": np.ones((4, 2))}, "'b_out': is given with feedback='symmetric'"),
        (
            {"feedback": "random", "b_out": np.ones((2, 4))},
            r"'b_out': has shape \(2, 4\); from each readout to each recurrent neuron: \(4, 2\)",
        ),
    ],
)
def test_what_forms_no_network(changes, said):
    with pytest.raises(GraphError, match=said):
        net(**changes)


def test_all_faults_at_once():
    with pytest.raises(GraphError) as caught:
        net(w_in=np.zeros((3, 4)), w_out=np.zeros((4, 2)))
    assert [fault.node for fault in caught.value.faults] == ["w_in", "w_out"]
    with pytest.raises(GraphError) as caught:
        replace(net(), threshold=-1, reset="no")
    assert [fault.node for fault in caught.value.faults] == ["threshold", "reset"]
