"""Lava computes what the Program says, in both executions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neurokit.errors import Interrupted
from neurokit.graph.check import check_program
from neurokit.graph.network import Program
from neurokit.graph.synapses import Conv2d, ConvTranspose2d, Dense, Injection, ResizeConv2d, Sparse, SumPool2d
from neurokit.hardware.base import RecordKey
from neurokit.hardware.lava.backend import LavaBackend, in_process
from neurokit.records import Recording
from tests.hardware.programs import neuron, one_projection, program, sparse, spikes, weights
from tests.images import image_map
from tests.overflowing import ON_PURPOSE
from tests.reference import run as run_reference
from tests.tolerances import FLOAT64_SUMS

pytestmark = ON_PURPOSE

pytest.importorskip("lava", reason="Lava needs Python 3.10")
RNG = np.random.default_rng


def agree(made: Program, inputs: dict[str, Any], steps: int, backend: LavaBackend | None = None) -> Recording:
    """Run and compare all spikes, states and counts with the reference, every sample."""
    check_program(made)
    backend = backend or in_process()
    assert backend.accepts(made) == []
    names = tuple(made.populations)
    keys: tuple[RecordKey, ...] = (*names, *((name, state) for name in names for state in "uv"))
    found = backend.run(made, inputs, steps, keys)
    for sample in range(len(next(iter(inputs.values())))):
        wanted = run_reference(made, {name: values[sample] for name, values in inputs.items()}, steps)
        for name in names:
            for what, a, b in (
                ("u", found.states[name, "u"], wanted.u),
                ("v", found.states[name, "v"], wanted.v),
                ("spikes", found.spikes[name], wanted.spikes),
            ):
                np.testing.assert_array_equal(a[sample], b[name], f"{what} of {name}")
            np.testing.assert_array_equal(found.counts[name][sample], wanted.spikes[name].sum(axis=0))
    return found


@pytest.mark.parametrize("kind", ["mixed", "even", "excitatory", "inhibitory", "zero"])
@pytest.mark.parametrize("exponent", [-3, -1, 0, 2])
def test_dense_of_every_sign_and_exponent(kind: str, exponent: int) -> None:
    made = one_projection(Dense(weights(RNG(1), (6, 9), kind), exponent=exponent), (9,), (6,))
    agree(made, {"in": spikes(RNG(2), 2, 12, 9)}, 14)


@pytest.mark.parametrize("kind", ["mixed", "even", "excitatory", "inhibitory", "zero"])
@pytest.mark.parametrize("delay", [1, 4, "each"])
def test_sparse_of_every_sign(kind: str, delay: Any) -> None:
    delays = RNG(3).integers(1, 6, (6, 9)) if delay == "each" else delay
    made = one_projection(Sparse(sparse(RNG(1), 6, 9, kind), exponent=-1), (9,), (6,), delays)
    agree(made, {"in": spikes(RNG(2), 2, 12, 9)}, 14)


@pytest.mark.parametrize("delay", [1, 2, 63, "each", "target"])
@pytest.mark.parametrize("exponent", [-2, 0])
def test_dense_delays(delay: Any, exponent: int) -> None:
    delays = {"each": RNG(3).integers(1, 20, (6, 9)), "target": RNG(3).integers(1, 20, (6, 1))}.get(delay, delay)
    made = one_projection(Dense(weights(RNG(1), (6, 9)), exponent=exponent), (9,), (6,), delays)
    agree(made, {"in": spikes(RNG(2), 1, 12, 9)}, 70)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": (2, 1), "padding": (1, 0)},
        {"padding": (0, 2), "dilation": (2, 1)},
        {"groups": 2, "exponent": 3},
        {"groups": 4, "stride": (1, 3), "padding": (2, 2), "dilation": (1, 2)},
    ],
    ids=str,
)
@pytest.mark.parametrize("delay", [1, 3])
def test_convolution(options: dict[str, Any], delay: int) -> None:
    weight = weights(RNG(1), (8, 4 // options.get("groups", 1), 3, 2))
    conv = Conv2d(weight, **options)
    shape = conv.output_shape((4, 7, 9))
    assert shape is not None
    agree(one_projection(conv, (4, 7, 9), shape, delay), {"in": spikes(RNG(2), 2, 6, 4, 7, 9)}, 8)


def test_convolution_with_an_exponent_that_goes_into_its_weights() -> None:
    conv = Conv2d(8 * weights(RNG(1), (2, 1, 3, 3), "zero") + 8, exponent=-3)
    agree(one_projection(conv, (1, 5, 5), (2, 3, 3)), {"in": spikes(RNG(2), 1, 6, 1, 5, 5)}, 8)


MIXED = weights(RNG(1), (8, 2, 3, 2))
MAPS = {
    "resized": ResizeConv2d((10, 13), MIXED, (2, 1), (1, 0), (1, 2), 2),
    "resized, smaller": ResizeConv2d((4, 5), MIXED[:, :1], groups=4, exponent=2),
    "resized, rounded": ResizeConv2d((9, 9), MIXED, groups=2, exponent=-3),
    "transposed": ConvTranspose2d(MIXED[:4], (3, 2), (1, 0), (2, 1), (2, 3), 2),
    "transposed, rounded": ConvTranspose2d(MIXED[:4], 1, 2, exponent=-2),
    "pool": SumPool2d((3, 2), (2, 1), (1, 0), np.asarray(-100)),
    "pool, rounded": SumPool2d(2, 2, exponent=-2),
    "convolution, rounded": Conv2d(MIXED, groups=2, exponent=-3),
    "convolution with a padding beyond Lava's": Conv2d(MIXED[:, :1], (128, 130), (128, 130), (1, 1), 4),
}


@pytest.mark.parametrize("synapse", MAPS.values(), ids=MAPS)
@pytest.mark.parametrize("delay", [1, 4])
@pytest.mark.parametrize("largest", [1, 1000, 100_000])
def test_maps_between_images(synapse: Any, delay: int, largest: int) -> None:
    """The largest payloads wrap most results at 24 bits."""
    shape = synapse.output_shape((4, 7, 9))
    assert shape is not None
    values = spikes(RNG(2), 2, 6, 4, 7, 9)
    if largest > 1:
        values = values * RNG(3).integers(-largest, largest, values.shape)
    found = agree(one_projection(synapse, (4, 7, 9), shape, delay), {"in": values}, 8)
    assert found.states["out", "u"].any()


@pytest.mark.parametrize("name", ["resized, rounded", "transposed", "pool", "convolution, rounded"])
@pytest.mark.parametrize("of", ["target", "source", "synapse"])
@pytest.mark.parametrize("largest", [1, 100_000])
def test_maps_between_images_with_delays_of_their_own(name: str, of: str, largest: int) -> None:
    """The sum of each delay is rounded, and wrapped, by itself."""
    synapse: Any = MAPS[name]
    source = (4, 4, 5)
    shape = synapse.output_shape(source)
    sizes = int(np.prod(shape)), int(np.prod(source))
    delays = RNG(5).integers(1, 9, {"target": (sizes[0], 1), "source": (1, sizes[1]), "synapse": sizes}[of])
    values = spikes(RNG(2), 2, 6, *source)
    if largest > 1:
        values = values * RNG(3).integers(-largest, largest, values.shape)
    agree(one_projection(synapse, source, shape, delays), {"in": values}, 16)


@pytest.mark.parametrize("name", ["resized, rounded", "transposed", "pool"])
def test_maps_between_images_in_lavas_own_runtime(name: str) -> None:
    synapse = MAPS[name]
    shape = synapse.output_shape((4, 7, 9))
    assert shape is not None
    values = spikes(RNG(2), 1, 6, 4, 7, 9)
    agree(one_projection(synapse, (4, 7, 9), shape, 2), {"in": values}, 8, LavaBackend())


@pytest.mark.parametrize("name", ["resized", "transposed"])
def test_the_own_process_in_floats(name: str) -> None:
    """Neither rounded nor wrapped, a step late, in Lava's order of axes."""
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.io.sink import RingBuffer as Sink
    from lava.proc.io.source import RingBuffer as Source

    from neurokit.hardware.lava.processes.images import ImageSynapse

    synapse: Any = replace(MAPS[name], weight=MAPS[name].weight * 1e7 / 3)  # type: ignore[attr-defined]
    image = RNG(2).normal(size=(4, 7, 9))
    target = synapse.output_shape(image.shape)
    source = Source(data=image.T[..., None])
    process = ImageSynapse(shape=(9, 7, 4), out_shape=target[::-1], synapse=synapse, num_message_bits=24)
    sink = Sink(shape=target[::-1], buffer=3)
    source.s_out.connect(process.s_in)
    process.a_out.connect(sink.a_in)
    process.run(RunSteps(num_steps=3), Loihi2SimCfg(select_tag="floating_pt"))
    found = sink.data.get()
    process.stop()
    wanted = image_map(synapse, image)
    np.testing.assert_array_equal(found[..., 0], 0)
    np.testing.assert_allclose(found[..., 1].T / 1e7, wanted / 1e7, **FLOAT64_SUMS)
    assert np.abs(wanted).max() > 2**23


@pytest.mark.parametrize(
    "synapse", [Conv2d(np.full((2, 1, 2, 2), 255)), Dense(np.full((2, 4), 255)), Dense(np.eye(2, 4, dtype=int))]
)
def test_large_and_negative_payloads(synapse: Any) -> None:
    """Sums beyond 24 bits wrap, in the convolution and in u."""
    image = isinstance(synapse, Conv2d)
    made = one_projection(synapse, (1, 2, 2) if image else (4,), (2, 1, 1) if image else (2,))
    values = RNG(4).integers(-100_000, 100_000, (2, 12, 4)).reshape((2, 12, 1, 2, 2) if image else (2, 12, 4))
    agree(made, {"in": values}, 13)


def test_injected_current_arrives_in_its_own_step() -> None:
    made = one_projection(Injection(), (2, 3, 2), (2, 3, 2), 0)
    found = agree(made, {"in": RNG(4).integers(-200, 300, (2, 9, 2, 3, 2))}, 9)
    assert found.states["out", "u"][:, 0].any()


@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": 64 * 30 + 1},
        {"threshold": np.arange(6) * 640},
        {"reset": "soft", "reset_value": 64 * 40},
        {"reset_value": np.arange(6) - 3},
        {"emits": False},
        {"bias_mantissa": np.arange(6) * 100 - 300, "bias_exponent": np.arange(6) - 3},
        {"current_decay": 0, "voltage_decay": 4096},
        {"current_decay": 4096, "voltage_decay": np.arange(6) * 819},
        {"current_decay": np.arange(6) * 819, "voltage_decay": 0},
        {"reset_interval": 5, "reset_offset": 2},
        {"reset_interval": 5, "reset_offset": 5},
        {"reset_interval": 5, "reset_offset": 7},
        {"reset_interval": 1, "reset_offset": 1},
        {"reset_interval": 16, "reset_offset": 9},
        {"reset_interval": 0, "reset_offset": 4},
        {"reset_interval": 3, "reset_offset": 1, "reset": "soft", "reset_value": 3},
        {"reset_interval": 0, "reset_offset": 4, "threshold": 1001},
    ],
    ids=str,
)
def test_neurons(changes: dict[str, Any]) -> None:
    made = one_projection(Dense(weights(RNG(1), (6, 9))), (9,), (6,), **changes)
    agree(made, {"in": spikes(RNG(2), 1, 20, 9)}, 20)


def test_parameters_of_images_keep_their_places() -> None:
    shape = (2, 3, 4)
    thresholds = RNG(1).integers(0, 100, shape) * 64
    for threshold in (thresholds, thresholds + 1):
        bias, decay = RNG(2).integers(0, 900, (2, 1, 1)), RNG(3).integers(0, 4000, 4)
        out = neuron(threshold, bias_mantissa=bias, current_decay=decay)
        weight = weights(RNG(4), (24, 24))
        made = program({"in": shape}, {"out": (shape, out)}, {("in", "out"): (Dense(weight), 2)}, ("out",))
        agree(made, {"in": spikes(RNG(5), 2, 9, *shape)}, 10)


def test_parts_that_are_not_connected() -> None:
    """Lava compiles only what hangs together; a population may also stand alone, and an input lead nowhere."""
    made = program(
        {"a": (3,), "b": (2,), "unheard": (4,)},
        {"x": ((3,), neuron()), "y": ((2,), neuron()), "alone": ((2,), neuron(bias_mantissa=900))},
        {("a", "x"): (Dense(weights(RNG(1), (3, 3))), 1), ("b", "y"): (Injection(), 0)},
        ("x", "y", "alone"),
    )
    inputs = {"a": spikes(RNG(2), 1, 9, 3), "b": RNG(3).integers(0, 99, (1, 9, 2)), "unheard": spikes(RNG(4), 1, 9, 4)}
    found = agree(made, inputs, 9)
    assert found.counts["unheard"].sum() == inputs["unheard"].sum()
    assert found.spikes["alone"].any()


def test_recording_holds_what_was_asked_for_and_the_counts() -> None:
    made = program(
        {"in": (3,)},
        {"hidden": ((4,), neuron()), "out": ((2,), neuron(emits=False))},
        {("in", "hidden"): (Dense(weights(RNG(1), (4, 3))), 1), ("hidden", "out"): (Dense(weights(RNG(2), (2, 4))), 1)},
        ("out",),
    )
    values = RNG(3).integers(-1, 3, (2, 12, 3))
    for backend in (LavaBackend(), in_process()):
        found = backend.run(made, {"in": values}, 10, (("hidden", "u"),))
        assert (set(found.spikes), set(found.states)) == ({"out"}, {("hidden", "u"), ("out", "v")})
        assert found.spikes["out"].dtype == np.uint8
        assert found.states["out", "v"].dtype == np.int32
        np.testing.assert_array_equal(found.counts["in"], (values[:, :10] != 0).sum(axis=1))
        np.testing.assert_array_equal(found.step_counts["in"], (values[:, :10] != 0).sum(axis=(0, 2)))
        assert found.step_counts["hidden"].sum() == found.counts["hidden"].sum() > 0
        assert (found.backend, found.batch, found.steps) == (backend.name, 2, 10)


def test_progress_and_no_steps_at_all() -> None:
    made = one_projection(Dense(weights(RNG(1), (2, 3))), (3,), (2,))
    seen: list[tuple[int, int]] = []
    for backend in (LavaBackend(), in_process()):
        seen.clear()
        backend.run(made, {"in": spikes(RNG(2), 2, 4, 3)}, 5, (), progress=lambda *done: seen.append(done))
        assert seen[-1] == (10, 10)
        assert seen == sorted(seen)
        assert backend.run(made, {"in": spikes(RNG(2), 2, 4, 3)}, 0, ()).spikes["out"].shape == (2, 0, 2)


@pytest.mark.parametrize("backend", [LavaBackend(), in_process()], ids=lambda backend: backend.name)
@pytest.mark.parametrize("finished", [0, 2])
def test_ctrl_c_leaves_whole_samples(backend: LavaBackend, finished: int) -> None:
    """Raised when a sample is reported, of which the recording then tells."""
    made = one_projection(Dense(weights(RNG(1), (2, 3))), (3,), (2,))
    inputs = {"in": spikes(RNG(2), 3, 5, 3)}

    def stop(done: int, total: int) -> None:
        if done >= max(1, finished * 5):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        backend.run(made, inputs, 5, ("out", ("out", "v")), progress=stop)
    found, whole = caught.value.recording, backend.run(made, inputs, 5, ("out", ("out", "v")))
    kept = int((found.steps_done > 0).sum())
    assert kept >= finished - 1  # Lava's processes report the last steps of a sample before it is kept
    assert (found.complete, found.steps) == (False, 5 if kept else 0)
    assert list(found.steps_done) == [5] * kept + [0] * (3 - kept)
    for key, states in found.states.items():
        np.testing.assert_array_equal(states[:kept], whole.states[key][:kept, : found.steps])
        assert not states[kept:].any()
    np.testing.assert_array_equal(found.counts["in"][:kept], whole.counts["in"][:kept])
    assert not found.counts["in"][kept:].any()
