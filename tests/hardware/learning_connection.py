"""Lava's own learning connection, alone: fed with arrays, run in this process, and read after each step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from neurokit.graph.fixed_plasticity import FixedRule
from neurokit.hardware.lava import loading

VARIABLES = "weights", "tag_1", "tag_2", "x1", "x2", "y1", "y2", "y3"


@dataclass(frozen=True)
class Drive:
    """What arrives: sent (steps, sources), fired (steps, targets), signals (steps, 3, targets) or None."""

    sent: NDArray[np.int64]
    fired: NDArray[np.int64]
    signals: NDArray[np.int64] | None


def drive(rule: FixedRule, targets: int, sources: int, steps: int, seed: int, rate: float = 0.15) -> Drive:
    """Random spikes (payloads for a rule that takes them) and signals; some neurons never spike, some always."""
    rng = np.random.default_rng(seed)
    sent = (rng.random((steps, sources)) < rate).astype(np.int64)
    fired = (rng.random((steps, targets)) < rate).astype(np.int64)
    sent[:, 0], fired[:, 0] = 1, 0
    if any(trace.overwrites for trace in rule.traces.values()):
        sent *= rng.integers(1, 255, sent.shape)
    signals = rng.integers(-127, 128, (steps, 3, targets)) if rule.three_factor else None
    if signals is not None:
        for k in range(3):
            signals[:, k] *= f"y{k + 1}" in rule.signals
    return Drive(sent, fired, signals)


def lava_learning(rule: FixedRule, weight: NDArray[Any], given: Drive, sparse: bool = False) -> dict[str, NDArray[Any]]:
    """Name -> (steps, *shape) of `VARIABLES` after each step, and "a_out", (steps, targets)."""
    from neurokit.hardware.lava.deadline import Deadline
    from neurokit.hardware.lava.inprocess import InProcess

    loading.load()
    with loading.quiet(), loading.forgotten():
        models = InProcess(_compiled(rule, weight, given, sparse))
        models.start(NoTapes())  # type: ignore[arg-type]
        (connection,) = (model for name, model in models.models if name == "connection")
        found: dict[str, list[Any]] = {name: [] for name in (*VARIABLES, "a_out")}
        for _ in range(len(given.sent)):
            found["a_out"].append(connection.a_buff.copy())
            models.advance(1, Deadline(None, "test"))
            for name in VARIABLES:
                value = getattr(connection, name)
                found[name].append(np.array(value.toarray() if isinstance(value, csr_matrix) else value))
    return {name: np.array(values) for name, values in found.items()}


class NoTapes:
    def attach(self, name: str, model: Any) -> None:
        """Nothing is written down."""


def _compiled(rule: FixedRule, weight: NDArray[Any], given: Drive, sparse: bool) -> Any:
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.lif.process import LIF

    from neurokit.hardware.lava.learning_rules import learning_connection
    from neurokit.hardware.lava.processes.basic import ArraySource

    listed = csr_matrix(weight) if sparse else weight
    process = learning_connection(rule, listed, graded=bool((given.sent > 1).any()), name="connection")
    ports = {"s_in": given.sent, "s_in_bap": given.fired}
    if given.signals is not None:
        ports |= {f"s_in_y{k + 1}": given.signals[:, k] for k in range(3)}
    for port, data in ports.items():
        ArraySource(data=data.astype(np.int32), name=f"source of {port}").s_out.connect(getattr(process, port))
    sink = LIF(shape=(len(weight),), vth=1 << 17)
    process.a_out.connect(sink.a_in)
    with loading.models_remembered():
        return process.compile(Loihi2SimCfg(select_tag="fixed_pt"), {})
