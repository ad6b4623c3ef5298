"""Signals of a Program's targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.fixed_plasticity import FixedSignal
from neurokit.graph.network import Population
from neurokit.hardware.simulator.neurons import Neurons


class FixedSignals:
    needs_before = True
    def __init__(self, signals: Mapping[str, FixedSignal], population: Population, learners: int) -> None:
        self.signals, self.shape = signals, (learners, population.size)
    def evaluate(self, names, before, neurons, post, modulation):
        raise NotImplementedError
    def rest(self): pass
    def keep(self): return {}
    def take(self, kept): pass
