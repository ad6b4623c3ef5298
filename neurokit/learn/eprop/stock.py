"""A network of e-prop's neurons by parts that Loihi's stock neurons have, in floats: what `stock_network_of` computes.

Adaptation is slow inhibition there; `neurokit.converters.eprop_stock` says how. `training.Training(inhibition=...)`
trains with it in the loop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurokit.converters.eprop_net import EpropNet
from neurokit.converters.eprop_stock import SlowInhibition
from neurokit.learn.eprop.forward import run

__all__ = ["SlowInhibition", "StockActivity", "run_stock"]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StockActivity:
    """spikes: (batch, steps, n_rec). inhibition: (batch, steps, adaptive neurons), spikes of interneurons. y: (batch,
    steps, n_out).
    """

    spikes: NDArray[np.uint8]
    inhibition: NDArray[np.uint8]
    y: Floats


def run_stock(net: EpropNet, x: ArrayLike, how: SlowInhibition | None = None) -> StockActivity:
    """Run `net` over x (batch, steps, n_in) with hard resets, and interneurons in the place of its adaptation."""
    found = run(net, x, inhibition=how or SlowInhibition())
    assert found.inhibition is not None
    return StockActivity(found.spikes, found.inhibition[:, :, net.betas > 0], found.y)
