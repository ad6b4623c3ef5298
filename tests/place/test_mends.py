"""Every mend cures its fault: the change that it asks for is made, the Program is placed again, the fault is gone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from neurokit.graph.network import Program, Projection
from neurokit.graph.synapses import Conv2d, Dense, ResizeConv2d, Sparse, SumPool2d, Synapse
from neurokit.place.chips import LOIHI1, LOIHI2, Chip, Limit
from neurokit.place.placing import place
from tests.place.programs import chain, program


def one(weight: Any) -> Dense:
    return Dense(np.asarray(weight, np.int64))


def mend(made: Program, chip: Chip, node: str) -> str:
    """Of the only fault, which is at `node`."""
    (fault,) = place(made, chip).faults
    assert fault.node == node
    return fault.mend


def late(made: Program, steps: int) -> Program:
    """With delays of `steps` steps everywhere."""
    return replace(made, projections=tuple(replace(p, delay=np.array(steps)) for p in made.projections))


@pytest.mark.parametrize(("limit", "parts"), [(3, 2), (2, 2)])
def test_relays_for_output_axons(limit: int, parts: int) -> None:
    """Each of two neurons reaches four cores."""
    tiny = replace(LOIHI1, output_axons=Limit(limit, "test"), neurons=Limit(1, "test"))
    assert f"through {parts} relay populations, each of which feeds 1/{parts} " in mend(chain(2, 2, 4), tiny, "fc1")
    eye = np.eye(2)
    ends: dict[tuple[str, str], Synapse] = {("in", "fc1"): one(np.ones((2, 2)))}
    ends |= {("fc1", f"relay{n}"): one(eye) for n in range(parts)}
    halves = np.split(np.ones((4, 2)), parts)
    ends |= {(f"relay{n}", f"part{n}"): one(half) for n, half in enumerate(halves)}
    sizes = {
        "fc1": (2,),
        **{f"relay{n}": (2,) for n in range(parts)},
        **{f"part{n}": (4 // parts,) for n in range(parts)},
    }
    assert place(program({"in": (2,)}, sizes, ends), tiny).ok


def test_relays_of_images_take_two_slots_each() -> None:
    """A place reaches three cores, so six slots of five; two relays of two slots each would leave 1.5 cores a relay."""
    tiny = replace(LOIHI1, output_axons=Limit(5, "test"), neurons=Limit(1, "test"))
    identity = Conv2d(np.ones((1, 1, 1, 1), np.int64))

    def net(targets: dict[str, tuple[str, int]]) -> Program:
        """Targets of so many channels, each fed by the population named first."""
        ends: dict[tuple[str, str], Synapse] = {("in", "a"): identity}
        ends |= {("a", source): identity for source, _ in targets.values() if source != "a"}
        ends |= {
            (source, name): Conv2d(np.ones((channels, 1, 1, 1), np.int64))
            for name, (source, channels) in targets.items()
        }
        names = dict.fromkeys(["a", *(source for source, _ in targets.values())])
        shapes = {**dict.fromkeys(names, (1, 1, 1)), **{name: (n, 1, 1) for name, (_, n) in targets.items()}}
        return program({"in": (1, 1, 1)}, shapes, ends)

    assert "through 2 relay populations" in mend(net({"b": ("a", 3)}), tiny, "a")
    assert place(net({"b": ("r1", 2), "c": ("r2", 1)}), tiny).ok
    assert mend(net({"b": ("a", 7)}), tiny, "a") == "Let it feed smaller populations."
    assert place(net({"b": ("a", 2)}), tiny).ok


def wide(width: int, steps: int = 1) -> Program:
    """One place that sums 64 x 1024 sources, with weights of `width` bits."""
    weight = np.random.default_rng(0).integers(-(1 << (width - 1)), 1 << (width - 1), (1, 1024, 8, 8))
    weight.flat[:2] = -(1 << (width - 1)), (1 << (width - 1)) - 1
    made = program({"in": (1024, 8, 8)}, {"a": (1, 1, 1)}, {("in", "a"): Conv2d(weight)})
    return late(made, steps) if steps > 1 else made


def test_hold_where_delays_take_the_memory() -> None:
    """64 places of 16 chunks: of 64 (8 + 6) + 10 bits, 15 words, or with delays of 6 bits more, 21."""
    said = mend(wide(8, 3), LOIHI1, "a")
    assert "hold instead of pipeline" in said
    assert place(wide(8), LOIHI1).ok


def test_fewer_bits_where_the_memory_of_a_neuron_is_short() -> None:
    said = mend(wide(8, 3), LOIHI1, "a")
    assert said.startswith("Use 3-bit weights: nk.compile(net, bits=3); or")
    assert place(wide(3, 3), LOIHI1).ok
    assert not place(wide(4, 3), LOIHI1).ok, "the widest that is enough was named"


def test_parts_where_the_memory_of_a_place_is_short() -> None:
    """Three channels of 441 words, and 800 a core: two parts would have a channel or two each, which is 882."""
    small = replace(LOIHI2, words=Limit(800, "test"))
    kernel = np.random.default_rng(0).integers(-127, 128, (1, 3, 21, 21))
    made = program({"in": (3, 21, 21)}, {"a": (1, 1, 1)}, {("in", "a"): Conv2d(kernel)})
    assert mend(made, small, "a") == (
        "Sum them in parts: 3 populations of relays between, each with 1/3 of its source channels."
    )
    identity = Conv2d(np.ones((1, 1, 1, 1), np.int64))
    ends: dict[tuple[str, str], Synapse] = {(f"in{n}", f"r{n}"): Conv2d(kernel[:, n : n + 1]) for n in range(3)}
    ends |= {(f"r{n}", "a"): identity for n in range(3)}
    shapes = dict.fromkeys(["r0", "r1", "r2", "a"], (1, 1, 1))
    assert place(program({f"in{n}": (1, 21, 21) for n in range(3)}, shapes, ends), small).ok


def test_parts_of_a_sparse_layers_sources() -> None:
    """The neuron's own 13,000 of 26,000 sources are shared out, not all of them."""
    weight = np.zeros((2, 26_000), np.int64)
    weight[0, ::2] = 3
    made = program({"in": (26_000,)}, {"a": (2,)}, {("in", "a"): Sparse(sp.csr_matrix(weight))})
    said = mend(made, LOIHI2, "a")
    assert said == "Sum them in parts: 2 populations of relays between, each with 1/2 of its sources."
    halves = [weight.copy(), weight.copy()]
    halves[0][0, 13_000:], halves[1][0, :13_000] = 0, 0
    ends: dict[tuple[str, str], Synapse] = {("in", f"r{n}"): Sparse(sp.csr_matrix(h)) for n, h in enumerate(halves)}
    ends |= {(f"r{n}", "a"): one(np.eye(2)) for n in range(2)}
    assert place(program({"in": (26_000,)}, {"r0": (2,), "r1": (2,), "a": (2,)}, ends)).ok


def test_places_under_a_window_are_axons_that_channels_do_not_share_out() -> None:
    few = replace(LOIHI1, input_axons=Limit(8, "test"))

    def window(size: int) -> Program:
        kernel = np.ones((1, 4, size, size), np.int64)
        return program({"in": (4, 3, 3)}, {"a": (1, 4 - size, 4 - size)}, {("in", "a"): Conv2d(kernel)})

    assert mend(window(3), few, "a") == "Give it a smaller kernel."
    assert place(window(2), few).ok


def test_a_pool_has_no_channels_to_share_out() -> None:
    small = replace(LOIHI2, words=Limit(8, "test"))

    def pooled(size: int) -> Program:
        return program(
            {"in": (1, 3, 3)}, {"a": (1, 3 // size, 3 // size)}, {("in", "a"): SumPool2d((size, size), (size, size))}
        )

    assert mend(pooled(3), small, "a") == "Give it a smaller kernel."
    assert place(pooled(1), small).ok


def test_sources_that_no_parts_are_few_enough_for() -> None:
    """One word: no sum of two fits."""
    small = replace(LOIHI2, words=Limit(1, "test"))
    assert mend(chain(2, 1), small, "fc1") == "Give it fewer sources."
    assert place(chain(1, 1), small).ok


def test_fewer_bits_for_a_board() -> None:
    """512 x 1152 rows of weights on a board with room for what fewer bits take."""
    rng = np.random.default_rng(0)
    sixteen = Conv2d(rng.integers(-127, 128, (512, 256, 3, 3)))
    two = replace(LOIHI2, cores=Limit(1, "test"), boards=(("Small", 1),))
    made = program({"in": (256, 4, 4)}, {"a": (512, 2, 2)}, {("in", "a"): sixteen})
    cores = place(made, two).cores
    assert cores > 1
    (fault,) = place(made, replace(two, boards=(("Small", 1), ("Large", cores - 1)))).faults
    assert fault.mend.startswith("Use ")
    bits = int(fault.mend[4])
    most = (1 << (bits - 1)) - 1
    (projection,) = made.projections
    thin = Conv2d(np.rint(sixteen.weight * (most / 127)).astype(np.int64))
    cured = replace(made, projections=(Projection("in", "a", (thin,), projection.delay),))
    assert place(cured, replace(two, boards=(("Small", 1), ("Large", cores - 1)))).ok
    wider = Conv2d(np.rint(sixteen.weight * (((1 << bits) - 1) / 127)).astype(np.int64))
    more = replace(made, projections=(Projection("in", "a", (wider,), projection.delay),))
    assert not place(more, replace(two, boards=(("Small", 1), ("Large", cores - 1)))).ok


def test_fewer_bits_where_taps_meet() -> None:
    """Sums of the taps of a resized map have more bits than its weights, and are stored in parts: 80 words or 64."""
    small = replace(LOIHI2, words=Limit(70, "test"))

    def resized(width: int) -> Program:
        most = (1 << (width - 1)) - 1
        weight = np.random.default_rng(0).integers(-most, most + 1, (1, 16, 7, 7))
        weight.flat[:2] = -most, most
        return program({"in": (16, 3, 3)}, {"a": (1, 24, 24)}, {("in", "a"): ResizeConv2d((30, 30), weight)})

    said = mend(resized(8), small, "a")
    assert said.startswith("Use ")
    width = int(said[4])
    assert place(resized(width), small).ok
    assert not place(resized(width + 1), small).ok
