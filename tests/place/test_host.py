"""`host=True`: what the chip's stock parts lack runs on the host, and what follows from that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import InputError
from neurokit.graph.network import Program
from neurokit.place.placing import place
from tests.place.programs import chain, lif


def softly(made: Program, *names: str) -> Program:
    """With neurons that reset by subtraction, which stock LIF neurons do not."""
    nodes = {n: replace(p, neuron=lif(reset="soft")) if n in names else p for n, p in made.populations.items()}
    return replace(made, populations=nodes, outputs={n: nodes[n] for n in made.outputs})


def test_what_the_chip_lacks_goes_to_the_host() -> None:
    made = softly(chain(4, 3, 2, 2), "fc2")
    placement = place(made, host=True)
    assert list(placement.populations) == ["fc1", "fc3"]
    assert placement.host["fc2"].fact == "resets by subtraction"
    assert placement.ok
    assert "fc2 on the host: resets by subtraction" in str(placement)
    assert not place(made).host, "unasked, everything is placed"
    assert not placement.destinations(made.incoming("fc2")[0]).any()


def test_faults_of_what_is_on_the_host_do_not_count() -> None:
    made = softly(chain(13_000, 3, 2), "fc1")
    assert [fault.node for fault in place(made).faults] == ["fc1"]
    assert place(made, host=True).ok


def test_nothing_is_left_for_the_chip() -> None:
    made = softly(chain(4, 3), "fc1")
    with pytest.raises(InputError) as caught:
        place(made, host=True)
    assert str(caught.value) == (
        "'program': has none that the chip's stock parts can run; there must be something to place. "
        "Place it with host=False."
    )
    assert place(made).ok


@pytest.mark.parametrize("host", [False, True])
def test_an_empty_program_is_refused_by_place_itself(host: bool) -> None:
    with pytest.raises(InputError) as caught:
        place(replace(chain(2, 2), populations={}, projections=(), outputs={}), host=host)
    assert str(caught.value) == (
        "'program': has no populations; there must be something to place. Give one with populations."
    )


def test_a_profile_of_it_is_refused() -> None:
    made = softly(chain(4, 3, 2), "fc1")
    recording = nk.run(made, np.ones((1, 5, 4), np.uint8))
    with pytest.raises(InputError) as caught:
        nk.profile(recording, place(made, host=True))
    assert str(caught.value) == (
        "'placement': has fc1 on the host; what the host takes for its part is not known. "
        "Profile nk.place(program, chip) without host=True."
    )
    assert nk.profile(recording, place(made)).energy is not None
