"""What `neurokit inspect` says of the maps between images."""

import numpy as np
import pytest

from neurokit.graph.network import Projection
from neurokit.graph.neurons import IF
from neurokit.graph.synapses import Conv2d, ConvTranspose2d, Flatten, ResizeConv2d, SumPool2d, Upsample2d
from neurokit.graph.text import describe_projection, summary
from tests.networks import network

KERNEL = np.ones((4, 2, 3, 5))


@pytest.mark.parametrize(("synapses", "text"), [
    ((Upsample2d((7, 9)), Conv2d(KERNEL, 2)), "in: Upsample2d to 7×9 → Conv2d 4×2×3×5, stride 2×2"),
    ((ResizeConv2d((7, 9), KERNEL),), "in: ResizeConv2d to 7×9, 4×2×3×5, stride 1×1"),
    ((ConvTranspose2d(KERNEL, (2, 1)),), "in: ConvTranspose2d 4×2×3×5, stride 2×1"),
    ((SumPool2d(2, (2, 3)), Flatten()), "in: SumPool2d 2×2, stride 2×3 → Flatten"),
    ((), "in: one to one"),
])  # fmt: skip
def test_projections(synapses, text):
    assert describe_projection(Projection("in", "out", synapses), in_steps=False) == text


def test_weights_are_those_that_are_held():
    graph = network((ConvTranspose2d(KERNEL, 2), IF()), (SumPool2d(2, 2), IF()), shape=(4, 3, 3))
    assert [row["weights"] for row in summary(graph)["populations"]] == [120, 1]
