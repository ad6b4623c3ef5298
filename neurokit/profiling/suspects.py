"""What a first difference says: one sentence on where to look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurokit.profiling.parity import Difference, LayerParity, Rung


def suspicion(rung: Rung, layer: LayerParity, first: Difference) -> str:
    """One sentence on what the first difference says."""
    where = (
        f"'{layer.population}' first differs in {layer.what}, at step {first.step}, sample {first.sample}, neuron "
        f"{first.neuron}: {first.reference:g} in {rung.reference}, {first.candidate:g} in {rung.candidate}"
    )
    compared = [other for other in rung.layers if rung.exact or other.what == layer.what]
    earlier = [other for other in compared if other.first is not None and step_of_first(other) < first.step]
    if earlier:
        source = min(earlier, key=step_of_first)
        before = f"'{source.population}' differs before it, at step {step_of_first(source)}"
        return f"{where}; but {before}: if it feeds back, look there."
    if rung.within is not None:
        why = "float sums in another order or precision" if rung.ok else "another convention or a fault"
        return f"{where}; {why} may do that."
    if not rung.exact:
        return f"{where}; rounding to integers may move single spikes."
    return f"{where}; {_suspect(rung, layer)}"


def _suspect(rung: Rung, layer: LayerParity) -> str:
    recorded = {other.what for other in rung.layers if other.population == layer.population}
    upstream = list(dict.fromkeys(other.population for other in rung.layers))
    before = upstream[: upstream.index(layer.population)]
    agree = (
        f"{_names(before)} {'agrees' if len(before) == 1 else 'agree'} before it"
        if before
        else "no layer before it was compared"
    )
    if layer.what == "u":
        return f"{agree}, so look at its synapses: weights, exponent, delay; and at its current decay."
    if layer.what == "v":
        known = "its u agrees" if "u" in recorded else "its u was not recorded"
        return (
            f"{agree} and {known}, so look at bias, voltage decay, reset{'' if 'u' in recorded else ', or synapses'}."
        )
    if layer.what != "spikes":
        return f"{agree}, so look at its synapses and at the parameters of its neurons."
    others = sorted(recorded - {"spikes", "u", "v"})
    if others:
        return f"{agree}, and so do its {', '.join(others)} until then: look at what it sends."
    if {"u", "v"} <= recorded:
        return f"{agree}, and so do its u and v until then: look at threshold, comparison and reset."
    return f"{agree}; record its u and v to tell synapses from neurons: record=(('{layer.population}', 'u'), ...)."


def _names(populations: Sequence[str]) -> str:
    shown = [f"'{name}'" for name in populations[-3:]]
    return ("all layers to " if len(populations) > len(shown) else "") + ", ".join(shown)


def step_of_first(layer: LayerParity) -> int:
    """Step of a layer's first difference, -1 where there is none."""
    return layer.first.step if layer.first is not None else -1
