"""Places of blocks: laws of the search, and what it gains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from neurokit.graph.network import Program
from neurokit.graph.synapses import Conv2d, Dense, Synapse
from neurokit.place.assign import Places, assign, distances
from neurokit.place.chips import LOIHI2, Limit
from neurokit.place.placing import place
from tests.place.programs import chain, pilotnet, program

SMALL = replace(LOIHI2, cores=Limit(8, "test"), mesh=(2, 1))


def cost(traffic: sp.csr_matrix, places: Places) -> tuple[float, float]:
    """(messages between chips, hops within them)."""
    part = sp.coo_matrix(traffic)
    stays = places.chip[part.row] == places.chip[part.col]
    far = distances(SMALL)[places.core[part.row], places.core[part.col]]
    return float(part.data[~stays].sum()), float((part.data * far)[stays].sum())


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(0, 2**32 - 1), st.integers(0, 5))
def test_every_block_has_a_core_of_its_own_and_the_search_is_no_worse_than_greed(
    blocks: int, drawn: int, seed: int
) -> None:
    rng = np.random.default_rng(drawn)
    traffic = sp.random(blocks, blocks, 0.3, "csr", random_state=rng, data_rvs=lambda n: rng.integers(1, 9, n))
    found, again = assign(traffic, SMALL, seed), assign(traffic, SMALL, seed)
    assert len(set(zip(found.chip.tolist(), found.core.tolist(), strict=True))) == blocks
    assert found.core.max() < 8
    assert found.chip.max() + 1 == -(-blocks // 8)
    np.testing.assert_array_equal(found.chip, again.chip)
    np.testing.assert_array_equal(found.core, again.core)
    greedy = cost(traffic, assign(traffic, SMALL, search=False))
    if blocks <= 8:
        assert cost(traffic, found)[1] <= greedy[1]
    assert cost(traffic, found)[0] <= greedy[0]


def test_two_cliques_are_put_on_two_chips() -> None:
    member = np.arange(16) % 2
    traffic = sp.csr_matrix((member[:, None] == member[None]).astype(float))
    assert cost(traffic, assign(traffic, SMALL))[0] == 0


def test_pilotnets_messages_pass_less_than_a_router() -> None:
    placement = place(pilotnet())
    assert placement.mean_hops is not None
    assert placement.mean_hops < 1 < LOIHI2.mean_hops
    assert placement.between_chips == 0


def test_yolo_kp_takes_the_cores_that_were_printed() -> None:
    """lava-dl @21ba888, netx/yolo_kp/run.ipynb: ten convolutions, 574 cores. Tiles are (columns, rows, channels)."""
    layers = [(16, 3, 2), (32, 3, 2), (64, 3, 2), (128, 3, 2), (256, 3, 1), (256, 3, 2), (512, 3, 1), (256, 1, 1)]
    layers += [(512, 3, 1), (48, 1, 1)]
    rng = np.random.default_rng(0)
    shape, before = (3, 448, 448), "in"
    shapes: dict[str, tuple[int, ...]] = {}
    synapses: dict[tuple[str, str], Synapse] = {}
    for number, (channels, kernel, stride) in enumerate(layers):
        weight = rng.integers(-8, 8, (channels, shape[0], kernel, kernel))
        weight.flat[:2] = -8, 7  # 4 bits
        conv = Conv2d(weight, (stride, stride), (kernel // 2, kernel // 2))
        shape = (channels, -(-shape[1] // stride), -(-shape[2] // stride))
        shapes[f"conv{number}"], synapses[before, f"conv{number}"] = shape, conv
        before = f"conv{number}"
    placement = place(program({"in": (3, 448, 448)}, shapes, synapses))
    cores = [placed.cores for placed in placement.populations.values()]
    assert cores == [224, 112, 56, 28, 56, 16, 32, 14, 32, 4]
    assert placement.cores == 574
    assert placement.board == "Kapoho Point"
    printed = [(8, 28, 16), (8, 14, 32), (4, 14, 64), (4, 7, 128), (4, 7, 128), (8, 7, 64), (8, 7, 64), (2, 7, 256)]
    printed += [(8, 7, 64), (4, 14, 48)]
    tiles = [placed.layout.block[::-1] for placed in placement.populations.values()]
    assert [(tile[0] * tile[1], tile[2]) for tile in tiles] == [(tile[0] * tile[1], tile[2]) for tile in printed]
    same = [n for n, (tile, theirs) in enumerate(zip(tiles, printed, strict=True)) if tile == theirs]
    assert same == [1, 3, 4, 9], "rows and columns of the others are not reproduced"


def test_the_mend_of_too_many_inputs_cures_them() -> None:
    assert place(chain(13_000, 3)).faults[0].mend.startswith("Sum them in parts: 2 populations")
    half = np.ones((3, 6500), np.int64)
    parts = {("left", "a"): Dense(half), ("right", "b"): Dense(half)}
    joined = {("a", "out"): Dense(np.eye(3, dtype=np.int64)), ("b", "out"): Dense(np.eye(3, dtype=np.int64))}
    cured = program({"left": (6500,), "right": (6500,)}, {"a": (3,), "b": (3,), "out": (3,)}, {**parts, **joined})
    assert place(cured).ok


def test_the_mend_of_too_long_delays_cures_them() -> None:
    def delayed(steps: int) -> Program:
        made = chain(4, 3)
        return replace(made, projections=(replace(made.projections[0], delay=np.array(steps)),))

    (fault,) = place(delayed(63)).faults
    assert fault.fact == "has a delay of 63 steps"
    assert fault.mend.startswith("Hold instead of pipeline: delays of one step everywhere")
    assert place(delayed(1)).ok


def test_weights_with_more_bits_than_the_chip_stores_are_a_fault() -> None:
    narrow = replace(LOIHI2, format=replace(LOIHI2.format, widths_conv=(1, 2, 4)))
    wide, cured = (
        program(
            {"in": (1, 2, 2)},
            {"a": (2, 2, 2)},
            {("in", "a"): Conv2d(np.array([-value, value - 1]).reshape(2, 1, 1, 1))},
        )
        for value in (101, 8)
    )
    assert [fault.mend for fault in place(wide, narrow).faults] == ["Use 4-bit weights: nk.compile(net, bits=4)."]
    assert place(cured, narrow).ok
