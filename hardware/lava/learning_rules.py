"""Lava's learning rules and connections, made from FixedRules."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from lava.magma.core.learning.constants import GradedSpikeCfg
from lava.magma.core.learning.learning_rule import Loihi2FLearningRule, Loihi3FLearningRule, LoihiLearningRule
from lava.proc.dense.process import LearningDense
from lava.proc.sparse.process import LearningSparse
from lava.utils.weightutils import SignMode
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from neurokit.graph.fixed_plasticity import FixedRule
from neurokit.graph.fixed_plasticity_text import lava_strings
from neurokit.hardware.lava.float_rules import FloatStrings
from neurokit.hardware.lava.processes.learning import MaskedLearningDense

Sign: TypeAlias = Literal["mixed", "excitatory", "inhibitory"]
GRADED_BITS = 24  # any number above 0 means "payloads as they are" to Lava's models
SIGN_MODES = {(-256, 255): SignMode.MIXED, (0, 255): SignMode.EXCITATORY, (-255, 0): SignMode.INHIBITORY}
ALL_BITS = {SignMode.MIXED: 9, SignMode.EXCITATORY: 8, SignMode.INHIBITORY: 8}  # that Lava truncates nothing


def learning_rule(rule: FixedRule) -> LoihiLearningRule:
    """Loihi2FLearningRule, or Loihi3FLearningRule of a rule with signals."""
    pre = {name: rule.traces[name] for name in ("x1", "x2") if name in rule.traces}
    post = {name: rule.traces[name] for name in ("y1", "y2", "y3") if name in rule.traces}
    traces = pre if rule.three_factor else pre | post
    values = {f"{name}_tau": trace.tau for name, trace in traces.items()}
    values |= {f"{name}_impulse": trace.impulse for name, trace in traces.items()}
    kind = Loihi3FLearningRule if rule.three_factor else Loihi2FLearningRule
    return kind(**lava_strings(rule), **values, t_epoch=rule.epoch, rng_seed=rule.seed)


def float_connection(given: FloatStrings, weight: NDArray[np.float64], sign: Sign, name: str | None = None) -> Any:
    """LearningDense for Lava's floating-point engine; weight (targets, sources). sign: "mixed" or of one sign only."""
    values = {f"{trace}_tau": one.tau for trace, one in given.traces.items()}
    values |= {f"{trace}_impulse": one.impulse for trace, one in given.traces.items()}
    kind = Loihi3FLearningRule if given.signals else Loihi2FLearningRule
    overwrites = any(trace.overwrites for trace in given.traces.values())
    return LearningDense(
        weights=weight,
        tag_1=np.full(weight.shape, given.starts[0]),
        tag_2=np.full(weight.shape, given.starts[1]),
        learning_rule=kind(**given.strings, **values, t_epoch=given.epoch),
        num_message_bits=GRADED_BITS if overwrites else 0,
        sign_mode=SignMode[sign.upper()],
        graded_spike_cfg=GradedSpikeCfg.OVERWRITE if overwrites else GradedSpikeCfg.USE_REGULAR_IMPULSE,
        name=name,
    )


def learning_connection(
    rule: FixedRule,
    weight: NDArray[Any] | csr_matrix,
    *,
    exponent: int = 0,
    graded: bool = False,
    name: str | None = None,
) -> Any:
    """The process of a plastic projection: weight (targets, sources) in Lava's order, dense or sparse.

    graded: whether payloads come. Sparse weights go into LearningSparse where Lava runs the rule with it.
    """
    mode = SIGN_MODES[rule.bounds]
    overwrites = any(trace.overwrites for trace in rule.traces.values())
    common: dict[str, Any] = {
        "weight_exp": exponent,
        "num_weight_bits": ALL_BITS[mode],
        "num_message_bits": GRADED_BITS if graded else 0,
        "sign_mode": mode,
        "learning_rule": learning_rule(rule),
        "graded_spike_cfg": GradedSpikeCfg.OVERWRITE if overwrites else GradedSpikeCfg.USE_REGULAR_IMPULSE,
        "name": name,
    }
    if isinstance(weight, np.ndarray):
        tags = {"tag_1": np.full(weight.shape, rule.tag_start), "tag_2": np.full(weight.shape, rule.second_tag_start)}
        return LearningDense(weights=weight.astype(np.int32), **tags, **common)
    mask = csr_matrix((np.ones(weight.nnz, np.int64), weight.indices, weight.indptr), weight.shape)
    if sparse_runs(rule) and weight.data.all():
        return LearningSparse(
            weights=weight.astype(np.int32),
            tag_1=_filled(mask, rule.tag_start),
            tag_2=_filled(mask, rule.second_tag_start),
            **common,
        )
    places = mask.toarray()
    return MaskedLearningDense(
        weights=weight.toarray().astype(np.int32),
        tag_1=rule.tag_start * places,
        tag_2=rule.second_tag_start * places,
        mask=places,
        **common,
    )


def sparse_runs(rule: FixedRule) -> bool:
    """Whether LearningSparse's fixed-point model holds the rule: it fails on factors w, t, d and on one sign only."""
    if SIGN_MODES[rule.bounds] != SignMode.MIXED:
        return False
    products = (*rule.dw, *rule.dt, *rule.dd)
    return not any(factor.variable in ("w", "t", "d") for product in products for factor in product.factors)


def _filled(mask: csr_matrix, value: int) -> csr_matrix:
    return csr_matrix((np.full(mask.nnz, value), mask.indices, mask.indptr), mask.shape)
