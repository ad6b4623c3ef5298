"""Norse's own forward pass beside the converted network."""

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import ConversionError
from tests.converters.torch_equal import assert_equal, doubled, randomise, spikes_in
from tests.frameworks import framework
from tests.tolerances import FLOAT64_SUMS

torch, norse = framework("torch", "norse.torch")
nn = torch.nn
T = torch.as_tensor


def by_step(module, x):
    """SequentialState: what it returns is (outputs, states), handed back in the next step."""
    state, found = None, []
    with torch.no_grad():
        for t in range(x.shape[1]):
            out, state = module(torch.as_tensor(x[:, t]), state)
            found.append(out.numpy())
    return [np.stack(found, 1)]


def by_list(module, x):
    with torch.no_grad():
        return [np.swapaxes(module(torch.as_tensor(np.swapaxes(x, 0, 1).copy()))[0].numpy(), 0, 1)]


def lif(**changes):
    plain = {"tau_syn_inv": T(300.0), "tau_mem_inv": T(150.0), "v_leak": T(0.1), "v_th": T(0.4), "v_reset": T(-0.1)}
    return norse.LIFParameters(**{**plain, **changes})


def box(**changes):
    plain = {"tau_mem_inv": T(150.0), "v_leak": T(0.1), "v_th": T(0.4), "v_reset": T(-0.1)}
    return norse.LIFBoxParameters(**{**plain, **changes})


def dense(*neurons):
    sizes = (20, 30, 25, 15)
    parts = [part for k, n in enumerate(neurons) for part in (nn.Linear(*sizes[k : k + 2]), n)]
    return randomise(norse.SequentialState(*parts), gain=4)


@pytest.mark.parametrize("dt", [0.001, 0.0005])
def test_lif_cells(dt):
    net = dense(norse.LIFCell(lif(), dt=dt), norse.LIFCell(lif(tau_syn_inv=torch.linspace(100, 400, 25)), dt=dt))
    assert assert_equal(net, (20,), ["3"], by_step).dt == dt


@pytest.mark.parametrize("method", ["reset_value", "reset_subtract"])
def test_lif_box_cells(method):
    reset = getattr(norse.functional.reset, method)
    net = dense(norse.LIFBoxCell(box(reset_method=reset)), norse.LIFBoxCell(box(reset_method=reset)))
    assert_equal(net, (20,), ["3"], by_step)


@pytest.mark.parametrize("autapses", [True, False])
def test_recurrent_cells(autapses):
    torch.manual_seed(0)
    recurrent = norse.LIFRecurrentCell(20, 30, lif(), autapses=autapses)
    net = norse.SequentialState(recurrent, nn.Linear(30, 12), norse.LIFCell(lif()))
    randomise(net)
    assert_equal(net, (20,), ["2"], by_step)


def test_lists_of_steps():
    torch.manual_seed(0)
    net = norse.SequentialState(
        norse.Lift(nn.Conv2d(2, 4, 3)),
        norse.LIF(lif()),
        norse.Lift(nn.AvgPool2d(2)),
        nn.Flatten(2),
        nn.Linear(64, 30),
        norse.LIFRecurrent(30, 20, lif()),
    )
    assert_equal(randomise(net, gain=4), (2, 10, 10), ["5"], by_list)


def test_a_loop_through_all_layers():
    """norse.RecurrentSequential adds its last layer's spikes to the next step's input."""
    parts = [nn.Linear(20, 30), norse.LIFCell(lif()), nn.Linear(30, 20), norse.LIFCell(lif())]
    net = randomise(norse.RecurrentSequential(*parts), gain=4)
    assert_equal(net, (20,), ["module.3"], by_step)


def test_a_readout():
    net = doubled(dense(norse.LIFCell(lif()), norse.LICell(norse.LIParameters(v_leak=T(0.2)))))
    x = spikes_in((20,))
    recording = nk.run(nk.convert(net, shape=(20,)), x, record=[("3", "v")])
    np.testing.assert_allclose(recording.states["3", "v"], by_step(net, x)[0], **FLOAT64_SUMS)


def test_a_cell_that_is_never_handed_its_state_forgets():
    class Forgets(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.cell = nn.Linear(20, 5), norse.LIFCell(lif())

        def forward(self, x):
            return self.cell(self.fc(x))[0]

    with pytest.raises(ConversionError, match="'cell': starts anew at a later step"):
        nk.convert(Forgets(), shape=(20,))
