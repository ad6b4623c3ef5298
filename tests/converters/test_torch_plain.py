"""Plain torch networks in a code of spikes, through ONNX."""

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import ConversionError
from tests.converters.torch_equal import randomise
from tests.frameworks import framework
from tests.tolerances import ONNXRUNTIME

torch, snn = framework("torch", "snntorch")
nn = torch.nn


class Residual(nn.Module):
    """Convolutions with BatchNorm and ReLU, a skip, a max pool and two dense layers."""

    def __init__(self):
        super().__init__()
        self.conv0, self.conv1, self.bn = (
            nn.Conv2d(2, 4, 3, padding=1),
            nn.Conv2d(4, 4, 3, padding=1),
            nn.BatchNorm2d(4),
        )
        self.pool, self.fc0, self.fc1 = nn.MaxPool2d(2), nn.Linear(36, 12), nn.Linear(12, 5)

    def forward(self, image):
        x = torch.relu(self.conv0(image))
        x = torch.relu(self.bn(self.conv1(x)) + x)
        return self.fc1(torch.relu(self.fc0(self.pool(x).flatten(1))))


def test_sigma_delta_code_gives_the_modules_numbers():
    torch.manual_seed(0)
    net = randomise(Residual(), gain=1.0).eval()
    images = np.random.default_rng(0).random((4, 2, 6, 6))
    network = nk.convert(net, shape=(2, 6, 6), code="sigma-delta")
    found = nk.run(network, images[:, None])  # the first step's message is the whole value
    with torch.no_grad():
        wanted = net(torch.as_tensor(images, dtype=torch.float32)).numpy()
    (name,) = network.outputs
    np.testing.assert_allclose(found.spikes[name].reshape(wanted.shape), wanted, **ONNXRUNTIME)
    assert list(network.inputs) == ["image"]


def test_rate_code_decides_as_the_module_does():
    torch.manual_seed(0)
    net = randomise(nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 4)), seed=4, gain=3.0).eval()
    samples = np.random.default_rng(0).random((50, 20))
    network = nk.convert(net, shape=(20,), code="rate", calibrate=samples)
    (name,) = network.outputs
    recording = nk.run(network, np.repeat(samples[:, None], 128, axis=1), record=((name, "v"),))
    with torch.no_grad():
        wanted = net(torch.as_tensor(samples, dtype=torch.float32)).numpy().argmax(1)
    assert len(set(wanted)) > 1
    assert (recording.states[name, "v"][:, -1].argmax(1) == wanted).mean() > 0.9


def test_spiking_networks_need_no_code():
    net = nn.Sequential(nn.Linear(20, 30), snn.Leaky(beta=0.5, init_hidden=True))
    with pytest.raises(ConversionError, match=r"'1': is a spiking neuron.*Leave out code="):
        nk.convert(net, shape=(20,), code="rate")


def test_what_cannot_be_written_as_onnx():
    with pytest.raises(ConversionError, match=r"cannot be written as ONNX"):
        nk.convert(nn.Sequential(nn.Linear(20, 30), nn.ReLU()), shape=(7,), code="sigma-delta")


def test_what_the_exporter_takes_for_a_constant_is_told():
    class Gate(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(5, 7)

        def forward(self, x):
            y = torch.relu(self.fc(x))
            return 2 * y if y.sum() > 100 else y

    with pytest.warns(torch.jit.TracerWarning, match="might cause the trace to be incorrect"):
        nk.convert(Gate(), shape=(5,), dt=1e-3, code="sigma-delta")
