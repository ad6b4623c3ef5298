"""StereoSpike of the paper's second version in plain torch, at any width and resolution, and the paper's loss.

The topology is that of arXiv 2109.13751v2 (section 3.2): 5x5 convolutions, an encoder of strides 1, 2, 2, 2, 2, two
residual blocks, a decoder of nearest-neighbour resizes whose sums with the encoder's spikes are plain additions, and
four predictions of the depth map added up in neurons that never fire. Names of the weights are those of its state_dict.

    neuron      v = multiply * convolution; a spike where v >= 1; nothing is left for the next frame
    surrogate   ds/dv = 1 / (1 + (pi (v - 1))^2), the arctangent's of Fang et al. 2021 (arXiv 2007.05785) with alpha = 2
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

SCALES = (4, 3, 2, 1)
functional = nn.functional


class Fire(torch.autograd.Function):
    """1 where the potential is at least 1; its gradient is an arctangent's."""

    @staticmethod
    def forward(ctx: Any, potential: Any) -> Any:
        """Spikes."""
        ctx.save_for_backward(potential)
        return (potential >= 1).to(potential)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """See the module."""
        (potential,) = ctx.saved_tensors
        return gradients[0] / (1 + (math.pi * (potential - 1)) ** 2)


class Resized(nn.Module):
    """Where the weights of a convolution after a resize are kept: `up.1`, as the paper's code names it."""

    def __init__(self, sources: int, targets: int, kernel: int, bias: bool) -> None:
        super().__init__()
        self.up = nn.Sequential(nn.Identity(), nn.Conv2d(sources, targets, kernel, bias=bias))


class Block(nn.Module):
    """Where the weights of a residual block are kept."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False))
        self.conv2 = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False))


@dataclass(frozen=True)
class Answer:
    """What the network made of a batch of frames.

    depths: four predictions (batch, 1, rows, columns) in metres, coarsest first, the last is the answer.
    sums: what the residual blocks and the four decoder stages hand on, whole numbers. potentials, spikes: of each
    spiking layer, by its name, in the order of their depth.
    """

    depths: list[Any]
    sums: list[Any]
    potentials: dict[str, Any]
    spikes: dict[str, Any]


class StereoSpikeNet(nn.Module):
    """See the module. channels: of the first layer, doubled four times. cameras: 2, or 1 for the monocular control."""

    def __init__(self, channels: int, cameras: int, multiply: float, resting_depth: float) -> None:
        """resting_depth: metres, what is predicted before anything is learnt and no neuron fires."""
        super().__init__()
        widths = [channels << scale for scale in range(5)]
        self.multiply = multiply
        self.bottom = nn.Sequential(nn.Conv2d(2 * cameras, channels, 5, padding=2, bias=False))
        for scale in (1, 2, 3, 4):
            convolution = nn.Conv2d(widths[scale - 1], widths[scale], 5, stride=2, padding=2, bias=False)
            self.add_module(f"conv{scale}", nn.Sequential(convolution))
        self.bottleneck = nn.Sequential(Block(widths[4]), Block(widths[4]))
        for scale in SCALES:
            self.add_module(f"deconv{scale}", nn.Sequential(Resized(widths[scale], widths[scale - 1], 5, False)))
            predicting = Resized(widths[scale - 1], 1, 3, True)
            # Spikes that mean nothing yet must not spoil predictions: to silence them would be the first thing learnt.
            nn.init.normal_(predicting.up[1].weight, std=0.01 / multiply)
            nn.init.constant_(predicting.up[1].bias, resting_depth / multiply if scale == 4 else 0.0)
            self.add_module(f"predict_depth{scale}", nn.Sequential(predicting))

    def forward(self, frames: Any) -> Answer:
        """frames: (batch, 2 * cameras, rows, columns) numbers of events."""
        potentials: dict[str, Any] = {}
        spikes: dict[str, Any] = {}

        def fired(name: str, arriving: Any) -> Any:
            potentials[name] = self._sum(arriving, self.convolution(name))
            spikes[name] = Fire.apply(potentials[name])
            return spikes[name]

        encoded = [fired("bottom", frames)]
        for scale in (1, 2, 3, 4):
            encoded.append(fired(f"conv{scale}", encoded[-1]))
        held = encoded[4]
        for block in (0, 1):
            held = fired(f"bottleneck.{block}.conv2", fired(f"bottleneck.{block}.conv1", held)) + held
        sums, depths = [held], []
        depth: Any = 0.0
        for scale in SCALES:
            below = encoded[scale - 1]
            held = fired(f"deconv{scale}", nearest(held, *(n + 4 for n in below.shape[-2:]))) + below
            sums.append(held)
            depth = depth + self._predicted(held, self.convolution(f"predict_depth{scale}"), frames.shape[-2:])
            depths.append(depth)
        return Answer(depths, sums, potentials, spikes)

    def balance(self, frames: Any, share: float) -> None:
        """Scale each spiking layer's weights so that `share` of its neurons fire on `frames`; before training.

        With weights as torch draws them, ever fewer do in the decoder, and its last stage learns nothing. Raises
        ValueError where fewer have a sum above 0, whatever the weights are multiplied by.
        """
        with torch.no_grad():
            for name in self(frames).potentials:
                reached = np.quantile(self(frames).potentials[name].numpy(), 1 - share)
                if reached <= 0:
                    raise ValueError(f"{name}: on these frames fewer than {share:.1%} can fire; balance with fewer")
                self.convolution(name).weight.div_(float(reached))

    def convolution(self, name: str) -> Any:
        """The convolution of a layer."""
        return self.get_submodule(f"{name}.0.up.1" if name.startswith(("deconv", "predict")) else f"{name}.0")

    def _sum(self, arriving: Any, convolution: Any) -> Any:
        # The factor is taken into the weights: the same sum, and fewer numbers to multiply.
        weight = convolution.weight * self.multiply
        return functional.conv2d(arriving, weight, None, convolution.stride, convolution.padding)

    def _predicted(self, arriving: Any, convolution: Any, size: Any) -> Any:
        """The convolution of the resized map, by taps: each tap's products at the coarse places, resized, shifted."""
        weight = convolution.weight * self.multiply
        taps = weight.shape[-1]
        products = functional.conv2d(arriving, weight.permute(2, 3, 1, 0).flatten(0, 1)[..., None])
        resized = nearest(products, *(n + taps - 1 for n in size))
        shifts = torch.eye(taps * taps).reshape(1, taps * taps, taps, taps)
        return functional.conv2d(resized, shifts).float() + self.multiply * convolution.bias


def nearest(maps: Any, rows: int, columns: int) -> Any:
    """Resized by nearest neighbour."""
    return functional.interpolate(maps, size=(rows, columns), mode="nearest")


@dataclass(frozen=True)
class Loss:
    """The paper's loss, summed over the four predictions; R = prediction - depth in metres where depth is known.

        mean(R^2) - mean_share * mean(R)^2 + gradients * mean(|Sobel_x R| + |Sobel_y R|)
        + spikes / 2 * (sum over the sums handed on of their mean square)
        + waking * (sum over the layers of how far their mean rate is below `least`)

    R is 0 where depth is unknown and outside of the image (section 3.4; Sobel's kernels have 1 2 1). The paper has
    mean_share = 1, which leaves a map's mean to its edges and holes alone; ours are dense and have few. The last line
    is ours: a penalty on spikes alone silences the decoder's last layers altogether.
    """

    mean_share: float
    gradients: float
    spikes: float
    waking: float
    least: float

    def __call__(self, answer: Answer, depth: Any) -> Any:
        """A number to make smaller. depth: (batch, 1, rows, columns) metres, NaN where unknown."""
        known = ~torch.isnan(depth)
        number = known.sum(dim=(2, 3)).clamp(min=1)
        total = self.spikes / 2 * sum(handed_on.float().square().mean() for handed_on in answer.sums)
        quiet = [functional.relu(self.least - fired.float().mean()) for fired in answer.spikes.values()]
        total = total + self.waking * sum(quiet)
        off = torch.where(known, torch.cat(answer.depths, dim=1) - depth, torch.zeros(()))
        squares = off.square().sum(dim=(2, 3)) / number
        mean = off.sum(dim=(2, 3)) / number
        slopes = (slope(off) * known).sum(dim=(2, 3)) / number
        return total + (squares - self.mean_share * mean.square() + self.gradients * slopes).sum(dim=1).mean()


def slope(maps: Any) -> Any:
    """|Sobel_x| + |Sobel_y| of maps that are 0 outside; both kernels are a difference times a sum 1 2 1."""
    padded = functional.pad(maps, (1, 1, 1, 1))
    across, down = padded[..., 2:] - padded[..., :-2], padded[..., 2:, :] - padded[..., :-2, :]
    summed_down = across[..., :-2, :] + 2 * across[..., 1:-1, :] + across[..., 2:, :]
    summed_across = down[..., :-2] + 2 * down[..., 1:-1] + down[..., 2:]
    return summed_down.abs() + summed_across.abs()
