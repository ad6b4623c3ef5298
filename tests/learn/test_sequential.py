"""Tasks in sequence: the memory of patterns, and what is said of networks before and after them."""

from dataclasses import replace

import numpy as np
import pytest

from neurokit.errors import InputError
from neurokit.learn.eprop.forward import run
from neurokit.learn.eprop.gradients import bptt_gradients
from neurokit.learn.sequential import Losses, interference
from neurokit.learn.tasks.memory import PatternMemory
from neurokit.learn.tasks.networks import pattern_network

GENERATOR = np.random.default_rng


def test_two_patterns_share_neither_inputs_nor_readouts():
    a, b = (PatternMemory(pattern=k, steps=120, inputs=20, cue=50, rise=30).trials(GENERATOR(0), 3) for k in (0, 1))
    assert a.x.shape == (3, 120, 20)
    assert a.x.dtype == np.uint8
    assert np.array_equal(a.x[0], a.x[2])
    assert not (a.x.any((0, 1)) & b.x.any((0, 1))).any()
    assert 0.05 < a.x[0, :50, :10].mean() < 0.15
    assert not a.x[0, 50:].any()
    assert not (a.loss.target.any(0) & b.loss.target.any(0)).any()
    assert a.loss.target[:30].sum() == 0
    assert (a.loss.target[30:, 0] == 1).all()
    assert PatternMemory(steps=120, cue=50, rise=30).silence == 45 == a.loss.loss(np.zeros((1, 120, 2)))
    assert (
        PatternMemory(seed=1).trials(GENERATOR(0), 1).x.sum() != PatternMemory(seed=2).trials(GENERATOR(0), 1).x.sum()
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pattern", 2),
        ("patterns", 0),
        ("inputs", 3),
        ("cue", 0),
        ("cue", 501),
        ("rise", 500),
        ("seed", -1),
        ("steps", 0),
        ("spike_probability", 1.5),
    ],
)
def test_arguments(field, value):
    with pytest.raises(InputError, match=f"'{field}'"):
        PatternMemory(**{field: value})


def nets():
    start = pattern_network(1, inputs=20, neurons=30, outputs=2)
    rng = GENERATOR(2)
    steps = [0.05 * rng.normal(size=(30, 30)) * (1 - np.eye(30)) for _ in range(2)]
    return start, replace(start, w_rec=start.w_rec + steps[0]), replace(start, w_rec=start.w_rec + steps[0] + steps[1])


def test_interference_by_hand():
    """Each number against its definition, with the weights of B's change known."""
    before, after_a, after_b = nets()
    a, b = (PatternMemory(pattern=k, steps=200, inputs=20).trials(GENERATOR(0), 1) for k in (0, 1))
    found = interference((before, after_a, after_b), a, b, dimensions=3)
    losses = [a.loss.loss(run(net, a.x).y) for net in (before, after_a, after_b)]
    assert (found.a.before, found.a.after_a, found.a.after_b) == pytest.approx(losses)
    assert found.forgetting == pytest.approx(losses[2] - losses[1])
    activity = run(after_a, a.x)
    gradient = bptt_gradients(after_a, activity, a.loss.error(activity.y)).w_rec
    change = after_b.w_rec - after_a.w_rec
    product = float((gradient * change).sum())
    assert found.first_order == pytest.approx({"w_in": 0, "w_rec": product, "w_out": 0, "all": product})
    assert found.overlap["w_rec"] == pytest.approx(product / np.linalg.norm(gradient) / np.linalg.norm(change))
    assert np.isnan(found.overlap["w_in"])  # it did not change
    recurrent, inputs = 0.0, 0.0
    for t in range(200):
        inputs += np.sum((after_a.w_in @ a.x[0, t]) ** 2)
        recurrent += np.sum((after_a.w_rec @ activity.spikes[0, t - 1]) ** 2) if t else 0
    assert found.drive[0] == pytest.approx(np.sqrt(recurrent) / (np.sqrt(recurrent) + np.sqrt(inputs)))
    assert found.states.dimensions == 3
    assert 0 < found.states.overlap < 1
    assert interference((before, after_a, after_b), a, a, dimensions=3).states.overlap > found.states.overlap


def test_losses_that_were_measured_on_a_chip_take_the_place_of_those_in_floats():
    a, b = (PatternMemory(pattern=k, steps=200, inputs=20).trials(GENERATOR(0), 1) for k in (0, 1))
    given = Losses(10.0, 1.0, 4.0), Losses(9.0, 9.0, 2.0)
    found = interference(nets(), a, b, dimensions=2, losses=given)
    assert found.forgetting == 3
    assert found.b == given[1]
    with pytest.raises(InputError, match="were asked for"):
        interference(nets(), a, b, dimensions=31)
