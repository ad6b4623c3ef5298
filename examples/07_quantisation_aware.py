"""Fine-tune a torch network for weights of few bits, with the rounding that compilation will do in its forward pass.

    python examples/07_quantisation_aware.py --bits 2

Result (2 bits, 4 epochs, 22 s of processor time on a machine shared by ten):

    2 bits, 445 held-out images
    as trained  58.7%
    calibrated  96.4%
    fine-tuned  96.4% (4 epochs, 22 s)
    output spikes of torch's forward pass and of the Program differ by 0.1%

The network is the shipped digits classifier (examples/01_train_digits.py), rebuilt in torch: LIF neurons in forward
Euler, a surrogate gradient (1 / (1 + 4 |v - threshold|)**2), and before each batch every layer's weights, bias and
threshold as the Program will hold them (`neurokit.lower.preview.as_compiled`). Gradients pass the rounding as if it
were not there (straight-through: Bengio et al. 2013, arXiv:1308.3432). Needs torch; scikit-learn has the data.

    as trained         the float weights, compiled
    calibrated         the same with `nk.compile(..., calibrate=)`, on 100 training images
    fine-tuned         after training with the rounding, compiled as it is
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.datasets import load_digits
from torch import nn

import neurokit as nk
from neurokit.graph.synapses import Weighted
from neurokit.lower.preview import as_compiled

STEPS, DT = 32, 1e-3
BATCH, RATE = 128, 2e-3


class PassThrough(torch.autograd.Function):
    """Rounded values forwards, gradients of the exact ones backwards."""

    @staticmethod
    def forward(ctx: Any, exact: Any, rounded: Any) -> Any:
        """`rounded` in the place of `exact`."""
        return rounded.to(exact)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """The gradient for `exact`, none for `rounded`."""
        return gradients[0], None


class Spike(torch.autograd.Function):
    """1 where the distance to the threshold is above 0; its gradient is a fast sigmoid's."""

    @staticmethod
    def forward(ctx: Any, distance: Any) -> Any:
        """Spikes."""
        ctx.save_for_backward(distance)
        return (distance > 0).to(distance)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """See the class."""
        (distance,) = ctx.saved_tensors
        return gradients[0] / (1 + 4 * distance.abs()) ** 2


class Classifier(nn.Module):
    """The populations of a Network in a line, with trainable weights and biases."""

    def __init__(self, network: nk.Network, bits: int) -> None:
        super().__init__()
        self.network, self.bits = network, bits
        maps = [self._last(p.synapses) for p in network.projections]
        self.weights = nn.ParameterList([nn.Parameter(torch.tensor(m.weight, dtype=torch.float32)) for m in maps])
        self.biases = nn.ParameterList([nn.Parameter(torch.tensor(m.bias, dtype=torch.float32)) for m in maps])

    @staticmethod
    def _last(synapses: tuple[Any, ...]) -> Any:
        assert isinstance(synapses[-1], Weighted)
        return synapses[-1]

    def trained(self) -> nk.Network:
        """The Network with the weights and biases as they now are."""
        projections = []
        for p, weight, bias in zip(self.network.projections, self.weights, self.biases, strict=True):
            values = (weight.detach().numpy().astype(np.float64), bias.detach().numpy().astype(np.float64))
            last = replace(self._last(p.synapses), weight=values[0], bias=values[1])
            projections.append(replace(p, synapses=(*p.synapses[:-1], last)))
        return replace(self.network, projections=tuple(projections))

    def layers(self) -> list[tuple[Any, Any, float, float]]:
        """Weight, bias, threshold and leak of each layer, as the Program will hold them."""
        network, found = self.trained(), []
        for p, weight, bias in zip(network.projections, self.weights, self.biases, strict=True):
            neuron = network.populations[p.target].neuron
            made = as_compiled(p.synapses, neuron, network.shape_of(p.source), self.bits, network.dt)
            rounded = torch.tensor(made.bias.reshape(-1), dtype=torch.float32).expand_as(bias)
            layer = PassThrough.apply(weight, torch.tensor(made.weight)), PassThrough.apply(bias, rounded)
            found.append((*layer, float(made.threshold), float(made.keep_v)))
        return found

    def forward(self, spikes: Any) -> Any:
        """(batch, steps, 1, 8, 8) -> spikes of each class, summed over steps."""
        layers, total = self.layers(), torch.zeros(())
        potentials = [torch.zeros(())] * len(layers)
        for step in range(spikes.shape[1]):
            sent = spikes[:, step]
            for k, (weight, bias, threshold, keep) in enumerate(layers):
                if weight.ndim == 4:
                    arrived = nn.functional.conv2d(sent, weight, bias, padding=1)
                else:
                    if sent.ndim == 4:  # sums over 2 x 2 places
                        sent = (nn.functional.avg_pool2d(sent, 2) * 4).flatten(1)
                    arrived = nn.functional.linear(sent, weight, bias)
                potential = keep * potentials[k] + arrived
                sent = Spike.apply(potential - threshold)
                potentials[k] = potential * (1 - sent.detach())
            total = total + sent
        return total


def accuracy(program: nk.Program, spikes: npt.NDArray[Any], labels: npt.NDArray[Any]) -> float:
    """Share of images whose class has most spikes."""
    found = nk.run(program, spikes, steps=STEPS + max(program.latency.values()))
    (name,) = program.outputs
    return float((found.spikes[name].sum(axis=1).argmax(axis=-1) == labels).mean())


def fine_tune(model: Classifier, spikes: npt.NDArray[Any], labels: npt.NDArray[Any], epochs: int) -> None:
    """Cross-entropy on output spike counts, Adam."""
    inputs, wanted = torch.tensor(spikes, dtype=torch.float32), torch.tensor(labels)
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    generator = torch.Generator().manual_seed(0)
    for _ in range(epochs):
        for batch in torch.randperm(len(wanted), generator=generator).split(BATCH):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(inputs[batch]), wanted[batch]).backward()
            optimiser.step()


def data() -> tuple[Any, Any, Any, Any]:
    """Training images as spikes and their labels, and those held out, as examples/01_train_digits.py splits them."""
    spec = importlib.util.spec_from_file_location("digits", Path(__file__).with_name("01_train_digits.py"))
    assert spec is not None
    assert spec.loader is not None
    first = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(first)
    images, labels = load_digits(return_X_y=True)
    train, test = first.split_digits(labels)
    spikes = first.encode(images.astype(np.int64).reshape(-1, 8, 8)).swapaxes(0, 1)
    return spikes[train], labels[train], spikes[test], labels[test]


def main() -> None:
    """Print the accuracy of the three ways."""
    parser = argparse.ArgumentParser(description="Fine-tune the digits network for few bits.")
    parser.add_argument("--bits", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args()
    with resources.as_file(resources.files("neurokit") / "data" / "digits.nir") as file:
        network = nk.convert(file, dt=DT)
    spikes, labels, held_out, wanted = data()
    bits = options.bits
    print(f"{bits} bits, {len(wanted)} held-out images")
    print(f"as trained  {accuracy(nk.compile(network, bits=bits), held_out, wanted):.1%}")
    calibrated = nk.compile(network, bits=bits, calibrate=spikes[:100])
    print(f"calibrated  {accuracy(calibrated, held_out, wanted):.1%}")
    model, began = Classifier(network, bits), time.process_time()
    fine_tune(model, spikes, labels, options.epochs)
    program = nk.compile(model.trained(), bits=bits)
    said = f"{options.epochs} epochs, {time.process_time() - began:.0f} s"
    print(f"fine-tuned  {accuracy(program, held_out, wanted):.1%} ({said})")
    with torch.no_grad():
        counts = model(torch.tensor(held_out, dtype=torch.float32)).numpy()
    found = nk.run(program, held_out, steps=STEPS + max(program.latency.values())).counts[next(iter(program.outputs))]
    off = float(np.abs(found - counts).sum() / counts.sum())
    print(f"output spikes of torch's forward pass and of the Program differ by {off:.1%}")


if __name__ == "__main__":
    main()
