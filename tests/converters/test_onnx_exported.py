"""What torch.onnx.export writes of usual architectures, against torch itself."""

from __future__ import annotations

import io
import warnings

import numpy as np
import onnx
import pytest

import neurokit as nk
from tests.tolerances import ONNXRUNTIME

torch = pytest.importorskip("torch", reason="torch writes the models")
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402


class Block(nn.Module):
    """A residual block."""

    def __init__(self, inner, out, stride):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(inner, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out))
        self.skip = (
            nn.Sequential(nn.Conv2d(inner, out, 1, stride), nn.BatchNorm2d(out)) if stride > 1 else nn.Identity()
        )

    def forward(self, x):
        return functional.relu(self.second(self.first(x)) + self.skip(x))


class Net(nn.Module):
    """An encoder and decoder with skips."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 8, 3, 2, 1)
        self.up, self.out = nn.ConvTranspose2d(8, 4, 2, 2), nn.Conv2d(24, 2, 3, padding=1)

    def forward(self, x):
        a = functional.relu(self.a(x))
        b = functional.relu(self.b(a))
        near = functional.interpolate(b, scale_factor=2, mode="nearest")
        between = functional.interpolate(b, scale_factor=2, mode="bilinear", align_corners=False)
        return self.out(torch.cat([a, functional.leaky_relu(self.up(b)), near, between], 1))


class Views(nn.Module):
    """Vectors to images and back, by sizes computed from the data's."""

    def __init__(self):
        super().__init__()
        self.first, self.up, self.slope = nn.Linear(12, 48), nn.ConvTranspose2d(3, 2, 4, 2, 1), nn.PReLU(2)
        self.last = nn.Linear(128, 5)

    def forward(self, x):
        image = functional.relu(self.first(x.view(x.size(0), -1))).view(-1, 3, 4, 4)
        return self.last(torch.flatten(self.slope(self.up(image)), 1))


def residual():
    stem = nn.Sequential(nn.Conv2d(3, 8, 7, 2, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    return nn.Sequential(
        stem, Block(8, 8, 1), Block(8, 16, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10)
    )


def mobile():
    depthwise = nn.Sequential(nn.Conv2d(8, 8, 3, 1, 1, groups=8), nn.BatchNorm2d(8), nn.ReLU6(), nn.Conv2d(8, 16, 1))
    head = nn.Sequential(nn.Hardtanh(-1, 2), nn.AvgPool2d(3, 2, 1), nn.Flatten(), nn.Dropout(), nn.Linear(1024, 10))
    return nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU6(), depthwise, head)


def signals():
    first = nn.Sequential(nn.Conv1d(2, 6, 5, 2, 2), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(6, 4, 3), nn.ReLU())
    return nn.Sequential(first, nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(4, 3))


MODELS = {
    "residual": (residual, (3, 32, 32)),
    "mobile": (mobile, (3, 32, 32)),
    "encoder and decoder": (Net, (3, 16, 16)),
    "views": (Views, (3, 2, 2)),
    "signals": (signals, (2, 40)),
}


@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_exported(name, free):
    make, shape = MODELS[name]
    torch.manual_seed(1)
    module = make().eval()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.uniform_(-0.5, 0.5)
            part.running_var.uniform_(0.3, 2)
            part.weight.data.uniform_(-1, 2)
            part.bias.data.uniform_(-1, 1)
    samples, file = torch.randn(3, *shape), io.BytesIO()
    axes = {"x": {0: "batch"}, "y": {0: "batch"}} if free else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, samples[:1], file, input_names=["x"], output_names=["y"], dynamic_axes=axes)
    net = nk.convert(onnx.load_model_from_string(file.getvalue()), code="sigma-delta")
    found = nk.run(net, samples.numpy().reshape(3, 1, *net.inputs["x"].shape)).spikes["y"]
    expected = module(samples).detach().numpy()
    np.testing.assert_allclose(found.reshape(expected.shape), expected, **ONNXRUNTIME)
