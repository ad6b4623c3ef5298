"""U-Nets from ONNX in rate code: skips that are concatenated meet deeper layers, and the image itself, in one scale."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

import neurokit as nk
from tests.converters.onnx_models import Sketch, runtime

STEPS = 64
SIZE = 8


def sketch(skip=1.0, image=1.0, seed=0):
    """Two levels; the weights of the skip are `skip` times those of what comes from below, the image's `image`."""
    made = Sketch(seed)
    x = made.input("batch", 1, SIZE, SIZE)

    def conv(value, inner, out, factors=None, **attributes):
        scale = np.sqrt(2 / (inner * 9))
        weight = made.rng.normal(size=(out, inner, 3, 3)) * scale
        for channels, factor in factors or ():
            weight[:, channels] *= factor
        bias = made.constant((made.rng.normal(size=out) * 0.05).astype(np.float32))
        return made.op("Conv", value, made.constant(weight.astype(np.float32)), bias, pads=[1] * 4, **attributes)

    first = made.relu(conv(x, 1, 4))
    below = made.relu(conv(first, 4, 8, strides=[2, 2]))
    factors = made.constant(np.array([1, 1, 2, 2], np.float32))
    up = made.op(
        "Resize", below, "", factors, mode="nearest", nearest_mode="floor", coordinate_transformation_mode="asymmetric"
    )
    met = made.op("Concat", up, first, axis=1)
    second = made.relu(conv(met, 12, 4, [(slice(8, 12), skip)]))
    last = made.op("Concat", second, x, axis=1)
    return made.model(conv(last, 5, 2, [(slice(4, 5), image)]))


def readings(model, images, steps=STEPS, **options):
    """(Program, what its output says at the end, what the float Network's does), both by value."""
    net = nk.convert(model, code="rate", calibrate=images)
    held = np.repeat(images[:, None], steps, axis=1)
    program = nk.compile(net, calibrate=held[:8], **options)
    (name,) = net.outputs
    latency, record = program.latency[name], ((name, "v"),)
    (row,) = [row for row in program.report if row.population == name]
    on = np.concatenate([held, np.zeros_like(held[:, :latency])], axis=1)
    rec = nk.run(program, program.scaled(on), record=record)
    assert not rec.wraps()
    floats = nk.run(net, held, record=record).states[name, "v"][:, -1] / steps
    found = rec.states[name, "v"][:, steps + latency - 1] / (64 * row.scale * steps)
    return program, found.reshape(len(images), -1), floats.reshape(len(images), -1)


def relative(found, wanted):
    spread = wanted - wanted.mean(axis=0)
    return float(np.sqrt(np.square(found - wanted).mean() / np.square(spread).mean()))


@pytest.mark.parametrize("scale", [1.0, 255.0])
@pytest.mark.parametrize(("skip", "image"), [(1, 1), (1e-3, 1), (1, 1e-3), (1e-5, 1e-4), (300, 30)])
def test_integers_say_what_floats_say(skip, image, scale):
    """Whatever the branches' weights, where those of 1e-3 used to round to zero, which was refused.

    Spikes of 64 steps tell rates to 1/64: floats are off from onnxruntime's numbers by 0.04 to 0.07 of their spread,
    and integers by no more than 0.025 beyond.
    """
    images = np.random.default_rng(1).random((12, 1, SIZE, SIZE)).astype(np.float32)
    images = np.floor(images * 256) if scale > 1 else images
    model = sketch(skip, image)
    _, found, floats = readings(model, images)
    exact = runtime(model, images)
    assert relative(floats, exact) < 0.1
    assert relative(found, exact) < relative(floats, exact) + 0.04


def trained(path):
    """A U-Net that finds discs in noise, 16 x 16 pixels; 300 steps of Adam."""
    torch = pytest.importorskip("torch")
    relu, cat = torch.nn.functional.relu, torch.cat

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            conv = torch.nn.Conv2d
            self.a, self.b = conv(1, 8, 3, padding=1), conv(8, 16, 3, stride=2, padding=1)
            self.c = conv(16, 32, 3, stride=2, padding=1)
            self.up_b, self.up_a = torch.nn.ConvTranspose2d(32, 16, 2, 2), torch.nn.ConvTranspose2d(16, 8, 2, 2)
            self.on_b, self.on_a, self.out = conv(32, 16, 3, padding=1), conv(16, 8, 3, padding=1), conv(8, 1, 1)

        def forward(self, x):
            a = relu(self.a(x))
            b = relu(self.b(a))
            below = relu(self.on_b(cat([self.up_b(relu(self.c(b))), b], 1)))
            return self.out(relu(self.on_a(cat([self.up_a(below), a], 1))))

    torch.manual_seed(0)
    rng, net = np.random.default_rng(0), Net()
    optimiser = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(300):
        x, y = (torch.tensor(values) for values in discs(32, rng))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(net(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    axes = {"x": {0: "batch"}, "y": {0: "batch"}}
    torch.onnx.export(
        net.eval(), torch.zeros(1, 1, 16, 16), path, input_names=["x"], output_names=["y"], dynamic_axes=axes
    )


def discs(count, rng, size=16):
    rows, columns = np.mgrid[:size, :size]
    inside = np.zeros((count, 1, size, size), np.float32)
    images = rng.normal(0, 0.25, inside.shape)
    for k in range(count):
        y, x = rng.uniform(4, size - 4, 2)
        inside[k, 0] = (rows - y) ** 2 + (columns - x) ** 2 < rng.uniform(2, 5) ** 2
        images[k] += inside[k] * rng.uniform(0.4, 1)
    return images.astype(np.float32), inside


@pytest.mark.slow
@pytest.mark.parametrize(("bits", "least"), [(8, 0.984), (4, 0.98)])
def test_a_trained_unet(bits, least, tmp_path):
    """Pixels right of 30 images: onnxruntime and 8 bits of 64 steps within half a point of each other."""
    trained(tmp_path / "unet.onnx")
    model = onnx.load(tmp_path / "unet.onnx")
    images, inside = discs(30, np.random.default_rng(5))
    _, found, floats = readings(model, images, bits=bits)
    exact = runtime(model, images)
    right = [float(((values > 0) == (inside.reshape(30, -1) > 0)).mean()) for values in (exact, floats, found)]
    assert right[0] > 0.98
    assert right[2] > least
    assert right[0] - right[2] < 0.005
