from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from neurokit.errors import InputError
from neurokit.graph.network import Program
from neurokit.graph.synapses import Conv2d, ConvTranspose2d, Dense, Injection, ResizeConv2d, Sparse, SumPool2d
from neurokit.lower.images import picked
from neurokit.place.chips import LOIHI1, LOIHI2, Limit
from neurokit.place.memory import conv_words, stored_synapses
from neurokit.place.placement import Placement
from neurokit.place.placing import place
from tests.place.programs import chain, pilotnet, program


def uses(placement: Placement, name: str) -> dict[str, int]:
    return {use.resource: use.used for use in placement.populations[name].uses}


def test_neurons_decide_where_there_are_many() -> None:
    placement = place(program({"in": (9000,)}, {"a": (9000,)}, {("in", "a"): Injection()}))
    assert placement.populations["a"].cores == math.ceil(9000 / 4095)
    assert placement.populations["a"].tightest.resource == "neurons"
    assert placement.ok
    assert placement.chips == 1
    assert placement.board == "Oheo Gulch"


def test_memory_decides_where_the_fan_in_is_large() -> None:
    """1000 rows of 12 words at most: (10 + 16 n) / 64 <= 12, so 47 neurons a core."""
    placement = place(chain(1000, 256))
    (use,) = [use for use in placement.populations["fc1"].uses if use.resource == "synaptic memory"]
    assert placement.populations["fc1"].cores == use.cores == math.ceil(256 / 47)
    assert use.used == 1000 * math.ceil((10 + 16 * 43) / 64)
    assert placement.populations["fc1"].tightest is use
    assert use.utilisation == use.used / 12_000


def test_pilotnet() -> None:
    """Its compiler took as many cores, layer by layer (lava-dl @d825ac5, netx/pilotnet_snn/benchmark.ipynb)."""
    placement = place(pilotnet())
    cores = {name: p.cores for name, p in placement.populations.items()}
    assert list(cores.values()) == [13, 25, 13, 3, 3, 2, 12, 1, 1, 1]
    assert placement.cores == 74
    assert sum(p.neurons for p in placement.populations.values()) == 158_509
    assert placement.ok


def test_loihi_1_counts_axons() -> None:
    placement = place(chain(3000, 1000, 2000), "loihi1")
    assert uses(placement, "fc1")["input axons"] == 3000
    fan_out = placement.populations["fc2"].cores
    assert uses(placement, "fc1")["output axons"] == placement.populations["fc1"].layout.neurons * fan_out
    assert uses(placement, "fc2")["output axons"] == 0
    assert placement.ok


def test_output_axons_cut_a_population_that_reaches_many_cores() -> None:
    placement = place(chain(10, 1000, 8000), "loihi1")
    fc1, fc2 = placement.populations.values()
    assert fc2.cores == 16  # 8 would do for the neurons, not for the memory
    assert fc1.cores == math.ceil(1000 / (4096 // 16)) == 4
    assert fc1.tightest.resource == "output axons"
    assert all(use.utilisation <= 1 for p in placement.populations.values() for use in p.uses)


def test_a_kernel_that_does_not_fit_is_cut_by_channels() -> None:
    conv = Conv2d(np.ones((512, 256, 3, 3), np.int64))  # 2304 rows of ceil((10 + 512) / 64) = 9 words: 20736
    placement = place(program({"in": (256, 6, 6)}, {"a": (512, 4, 4)}, {("in", "a"): conv}))
    layout = placement.populations["a"].layout
    assert layout.channel_groups == 2
    assert uses(placement, "a")["synaptic memory"] == 2304 * math.ceil((10 + 256) / 64)
    assert placement.ok


def test_positions_with_more_channels_than_a_core_has_neurons_are_cut() -> None:
    conv = Conv2d(np.ones((5000, 1, 1, 1), np.int64))
    placement = place(program({"in": (1, 2, 2)}, {"a": (5000, 2, 2)}, {("in", "a"): conv}))
    assert placement.populations["a"].layout.neurons <= 4095
    assert placement.ok


def test_a_neuron_with_too_many_inputs_is_a_fault() -> None:
    placement = place(chain(13_000, 3))
    assert not placement.ok
    (fault,) = placement.faults
    assert str(fault) == (
        "'fc1': one neuron alone needs 13000 words of synaptic memory; a core of Loihi 2 has 12000 (lava-dl: "
        "compiler's SynMem limit; Loihi 2 brief: up to 128 KB (16,384 words)). Sum them in parts: 2 populations of "
        "relays between, each with 1/2 of its sources."
    )


def test_a_kernel_too_large_for_any_core_is_a_fault() -> None:
    conv = Conv2d(np.ones((2, 1400, 3, 3), np.int64))
    placement = place(program({"in": (1400, 3, 3)}, {"a": (2, 1, 1)}, {("in", "a"): conv}))
    assert [fault.fact for fault in placement.faults] == ["one position alone needs 12600 words of synaptic memory"]


def test_axons_of_loihi_1_are_faults_too() -> None:
    placement = place(chain(5000, 2), "loihi1")
    assert [fault.fact for fault in placement.faults] == ["one neuron alone needs 5000 input axons"]
    assert placement.faults[0].mend == (
        "Sum them in parts: 2 populations of relays between, each with 1/2 of its sources."
    )


def test_too_many_targets_for_any_cut_are_a_fault() -> None:
    tiny = replace(LOIHI1, output_axons=Limit(3, "test"), neurons=Limit(1, "test"))
    placement = place(chain(2, 2, 4), tiny)
    assert [(fault.node, fault.fact) for fault in placement.faults] == [
        ("fc1", "one neuron alone needs 4 output axons")
    ]
    assert placement.faults[0].mend == (
        "Fan out through 2 relay populations, each of which feeds 1/2 of the cores it reaches, one step later."
    )


def test_recurrence_beyond_the_axons_ends_in_a_fault() -> None:
    small = replace(LOIHI1, output_axons=Limit(40, "test"), neurons=Limit(10, "test"))
    recurrent = program(
        {"in": (4,)},
        {"a": (50,)},
        {("in", "a"): Dense(np.ones((50, 4), np.int64)), ("a", "a"): Dense(np.ones((50, 50), np.int64))},
    )
    assert [fault.node for fault in place(recurrent, small).faults] == ["a"]


def test_more_chips_than_any_board_has_is_a_fault() -> None:
    one = replace(LOIHI2, cores=Limit(1, "test"), boards=(("Small", 1), ("Large", 2)))
    placement = place(chain(2, 2, 2, 2), one)
    assert placement.chips == 3
    assert placement.board is None
    assert [str(fault) for fault in placement.faults] == [
        "'Loihi 2': the network takes 3 cores, 3 chips; the largest board, Large, has 2 chips. Make it smaller by "
        "33%, or cut it into 2 networks."
    ]
    assert place(chain(2, 2, 2), one).board == "Large"


def test_an_unknown_chip() -> None:
    with pytest.raises(InputError, match="known chips: loihi1, loihi2"):
        place(chain(2, 2), "loihi9")


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3000), st.integers(1, 300), st.floats(0.01, 1), st.sampled_from(["loihi1", "loihi2"]))
def test_what_is_placed_without_fault_fits(sources: int, targets: int, density: float, chip: str) -> None:
    rng = np.random.default_rng(sources)
    weights = sp.random(targets, sources, density, "csr", random_state=rng, data_rvs=lambda n: np.full(n, 3))
    sparse = Sparse(weights.astype(np.int64))
    made = program(
        {"in": (sources,)},
        {"a": (targets,), "b": (targets,)},
        {("in", "a"): sparse, ("a", "b"): Dense(np.ones((targets, targets), np.int64))},
    )
    placement = place(made, chip)
    assert placement.ok
    for population in placement.populations.values():
        assert all(use.utilisation <= 1 for use in population.uses)
        assert population.cores >= max(1, math.ceil(targets / placement.chip.neurons.value))


def test_text_and_json_name_every_population() -> None:
    placement = place(chain(13_000, 3, 2))
    assert str(placement).splitlines()[0] == "2 cores of Loihi 2, 1 chip, Oheo Gulch"
    assert "fc2" in str(placement)
    assert "fault: 'fc1'" in str(placement)
    data = json.loads(json.dumps(placement.to_dict()))
    assert [row["population"] for row in data["populations"]] == ["fc1", "fc2"]
    assert data["cores"] == placement.cores
    assert data["populations"][0]["uses"][1]["utilisation"] == 13_000 / 12_000
    assert data["faults"][0]["node"] == "fc1"


def test_a_placement_keeps_its_program() -> None:
    made: Program = chain(2, 2)
    assert place(made).program is made


def test_a_resized_convolution_is_cut_so_that_a_cores_places_see_their_sources_in_few_ways() -> None:
    """All 36 ways of a kernel from 256 channels do not fit on a core, those of a few places do."""
    rng = np.random.default_rng(0)
    resized = ResizeConv2d((24, 24), rng.integers(-127, 128, (16, 256, 4, 4)))
    made = program({"in": (256, 11, 11)}, {"a": (16, 21, 21)}, {("in", "a"): resized})
    form = picked(resized, (256, 11, 11))
    every = conv_words(form, stored_synapses(form, LOIHI2.format), 8, LOIHI2.format)
    assert every > LOIHI2.words.value
    placement = place(made)
    layout = placement.populations["a"].layout
    assert placement.ok
    assert uses(placement, "a")["synaptic memory"] <= LOIHI2.words.value
    assert "phase by phase" in layout.said()
    assert placement.populations["a"].cores < 21 * 21, "more than one place a core"


def test_pools_and_transposed_convolutions_keep_one_kernel_a_core() -> None:
    transposed, pool = ConvTranspose2d(np.ones((8, 16, 3, 3), np.int64), (2, 2)), SumPool2d((2, 2), (2, 2))
    made = program(
        {"in": (8, 10, 10)}, {"a": (16, 21, 21), "b": (16, 10, 10)}, {("in", "a"): transposed, ("a", "b"): pool}
    )
    placement = place(made)
    assert placement.ok
    assert uses(placement, "a")["synaptic memory"] == 8 * 9 * math.ceil((10 + 16) / 64)
    assert uses(placement, "b")["synaptic memory"] == 16 * 4
