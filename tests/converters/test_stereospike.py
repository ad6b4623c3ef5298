"""StereoSpike's state_dicts: what they become, that it computes what the paper says, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import neurokit as nk
from neurokit.converters.stereospike import StereoSpike, read_depth
from neurokit.converters.weight_files import read_weights
from neurokit.encode import scenes
from neurokit.errors import CompileError, ConversionError, InputError
from neurokit.lower.targets import input_faults, target_faults
from tests.converters.stereospikes import counts, forward_program, forward_v2, random_v2

SIZE = (20, 26)
SCHEDULES = ("pipeline", "hold")
DEPTH = ("depth", "v")


def compare(program, recording, state, thresholds, frames, names, skips=True, silent=0):
    """Spikes of each layer, and the depth, against the plain forward; all layers but `silent` must have fired."""
    depth = read_depth(program, recording)
    active = dict.fromkeys(names, 0)
    for k, events in enumerate(frames):
        spikes, wanted = forward_v2(state, thresholds, events, skips)
        for name in names:
            np.testing.assert_array_equal(recording.aligned(name)[k], spikes[name], f"{name}, frame {k}")
            active[name] += spikes[name].sum()
        np.testing.assert_array_equal(depth[k], wanted, f"depth, frame {k}")
    assert list(active.values()).count(0) <= silent, active


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_small_v2_is_the_integer_reference(schedule):
    """The paper's topology at 4x20x26 with 3 channels: every spike and every depth, 0 differ."""
    state, thresholds = random_v2()
    frames = counts(4)
    net = nk.convert(state, shape=(4, *SIZE))
    program = nk.compile(net, schedule=schedule)
    assert program.steps_per_frame == (15 if schedule == "hold" else 1)
    assert program.latency["depth"] == 14
    recording = nk.run(program, program.presented(frames), record=(*program.populations, DEPTH))
    compare(program, recording, state, thresholds, frames, thresholds)
    assert all(row.weight_error == row.threshold_error == 0 for row in program.report)
    floats = nk.run(net, frames, record=(*thresholds, DEPTH))
    for name in thresholds:
        np.testing.assert_array_equal(floats.spikes[name], recording.aligned(name)[: len(frames)], name)
    np.testing.assert_allclose(read_depth(net, floats), read_depth(program, recording), rtol=1e-12)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_small_v2_on_lava(schedule):
    """The same in Lava's fixed_pt models, one frame."""
    pytest.importorskip("lava", reason="Lava needs Python 3.10")
    state, thresholds = random_v2()
    frames = counts(1)
    program = nk.compile(nk.convert(state, shape=(4, *SIZE)), schedule=schedule)
    record = (*program.populations, DEPTH)
    recording = nk.run(program, program.presented(frames), None, "lava-inprocess", record, time_limit=200)
    compare(program, recording, state, thresholds, frames, thresholds)


# ------------------------------------------------------------------------------------------- what the keys do not say


def small(**options):
    state, thresholds = random_v2(width=2)
    return state, thresholds, nk.convert(state, shape=(4, 9, 11), **options)


def test_without_skips():
    state, thresholds, net = small(spec=StereoSpike(skips=False))
    frames = counts(6, size=(9, 11))
    program = nk.compile(net, schedule="hold")
    recording = nk.run(program, program.presented(frames), record=(*program.populations, DEPTH))
    compare(program, recording, state, thresholds, frames, thresholds, skips=False, silent=2)
    assert {p.source for p in net.projections if p.target == "deconv2"} == {"deconv3"}
    assert {p.source for p in net.projections if p.target == "deconv4"} == {"conv4", "bottleneck.0.conv2", BLOCK}


BLOCK = "bottleneck.1.conv2"


def test_one_camera():
    state, thresholds = random_v2(width=2, channels=2)
    frames = counts(3, channels=2, size=(9, 11))
    net = nk.convert(state, kind="stereospike", shape=(2, 9, 11))
    program = nk.compile(net)
    recording = nk.run(program, program.presented(frames), record=(*program.populations, DEPTH))
    compare(program, recording, state, thresholds, frames, thresholds, silent=2)


def test_a_factor_and_plif_go_into_the_threshold():
    """Of PLIF a window's potential is sigmoid(w) times the input (SpikingJelly, decay_input=True)."""
    state, _, net = small(dt=0.02)
    assert net.dt == 0.02
    assert float(net.populations["conv1"].neuron.threshold) == 1.0
    names = [*("bottom", "conv1", "conv2", "conv3", "conv4"), *(f"deconv{k}" for k in (4, 3, 2, 1))]
    state |= {f"{name}.2.w": np.array([-0.7]) for name in names}
    state |= {f"bottleneck.{block}.sn{k}.w": np.array([0.3]) for block in (0, 1) for k in (1, 2)}
    net = nk.convert(state, shape=(4, 9, 11), spec=StereoSpike(multiply=4.0, threshold=2.0, fires=">"))
    assert float(net.populations["conv1"].neuron.threshold) == pytest.approx(0.5 * (1 + np.exp(0.7)))
    assert float(net.populations["bottleneck.0.conv2"].neuron.threshold) == pytest.approx(0.5 * (1 + np.exp(-0.3)))
    assert net.populations["conv1"].neuron.fires == ">"
    assert net.populations["bottleneck.0.conv2"].neuron.fires == ">="
    (first,) = (p for p in net.projections if p.name == "deconv4->depth")
    np.testing.assert_array_equal(first.synapses[1].weight, 4 * state["predict_depth4.0.up.1.weight"])
    np.testing.assert_array_equal(first.synapses[1].bias, 4 * state["predict_depth4.0.up.1.bias"])


def test_files_are_recognised_by_their_keys(tmp_path):
    state, _, net = small()
    np.savez(tmp_path / "w.npz", **state)
    np.savez(tmp_path / "nested.npz", epoch=3, **{f"net.{name}": value for name, value in state.items()})
    for path in ("w.npz", "nested.npz"):
        for options in ({}, {"spec": StereoSpike()}, {"kind": "stereospike"}):
            found = nk.convert(tmp_path / path, shape=(4, 9, 11), **options)
            assert found.source == path
            for one, other in zip(found.projections, net.projections, strict=True):
                np.testing.assert_array_equal(one.synapses[-1].weight, other.synapses[-1].weight)
    whole = nk.convert(tmp_path / "w.npz")
    assert whole.inputs["events"].shape == (4, 260, 346)
    assert whole.populations["deconv4"].shape == (16, 33, 44)
    assert whole.dt == 0.05


# --------------------------------------------------------------------------------------------- the real 8-bit weights

REAL = "stereospike_int8/quantized_simplified_stereospike_err1645.pth"


def windows(size, seed=40):
    """Two windows of 100 ms of synthetic scenes: two of 50 ms added up, as v3 was trained."""
    made = scenes.generate(seed=seed, scenes=2, frames=2, shape=size, fineness=1)
    return made.counts.reshape(2, 2, *made.counts.shape[1:]).sum(axis=1, dtype=np.int64)


def run_real(path, size, schedule):
    """(Program, frames, recording)."""
    frames = windows(size)
    net = nk.convert(path, shape=(4, *size))
    program = nk.compile(net, calibrate=frames, schedule=schedule)
    return program, frames, nk.run(program, program.presented(frames), record=(*program.populations, DEPTH))


def differing(program, frames, recording):
    """(values compared, values that differ) of every population, and v of the depth, over all frames."""
    compared = differ = 0
    for k, events in enumerate(frames):
        wanted = forward_program(program, events)
        for name in program.populations:
            found = recording.aligned(name, "v" if name == "depth" else None)[k]
            assert wanted[name].any(), f"{name} does nothing"
            compared += found.size
            differ += int((found != wanted[name]).sum())
    return compared, differ


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_real_weights_at_an_eighth(shared, schedule):
    """The trained third generation: all values of all layers, relays too, against numpy over the same Program."""
    program, frames, recording = run_real(shared(REAL), (33, 44), schedule)
    assert program.latency["depth"] == 27
    assert program.steps_per_frame == (28 if schedule == "hold" else 1)
    compared, differ = differing(program, frames, recording)
    assert differ == 0
    assert compared > 800_000
    assert not recording.wraps()
    reports = {row.population: row for row in program.report}
    assert all(row.weight_error == 0 for name, row in reports.items() if name != "depth"), "8 bits are kept as they are"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_real_weights_at_full_size(shared):
    program, frames, recording = run_real(shared(REAL), (260, 346), "pipeline")
    compared, differ = differing(program, frames[:1], recording)
    assert differ == 0
    assert compared > 25_000_000
    assert not recording.wraps()


def test_what_an_int8_checkpoint_says(shared):
    net = nk.convert(shared(REAL))
    assert (net.dt, net.inputs["events"].shape) == (0.1, (4, 260, 346))
    assert net.populations["conv1.depthwise"].shape == (32, 130, 173)
    assert net.populations["bottom"].neuron.fires == ">"
    assert net.populations["bottleneck.1.conv2"].neuron.fires == ">="
    weights = next(p.synapses[0].weight for p in net.projections if p.target == "conv1")
    assert weights.min() >= -128
    assert (weights == np.rint(weights)).all()
    stored = read_weights(shared(REAL))
    steps = 1 / net.populations["conv1"].neuron.threshold[:, 0, 0]
    np.testing.assert_allclose(weights * steps[:, None, None, None], stored["conv1.1.weight"], rtol=1e-12)
    assert {p.source for p in net.projections if p.target == "depth"} >= {"bottom", "conv1", "conv2", "conv3"}


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_real_weights_on_lava(shared):
    """33x44, every layer and the depth; in smaller ones the residual blocks are silent."""
    pytest.importorskip("lava", reason="Lava needs Python 3.10")
    program, frames, ours = run_real(shared(REAL), (33, 44), "hold")
    record = (*program.populations, DEPTH)
    given = program.presented(frames[:1])
    lavas = nk.run(program, given, None, "lava-inprocess", record, time_limit=900)
    for name in program.populations:
        assert name == "depth" or ours.spikes[name][: given.shape[0]].any(), f"{name} does nothing"
        np.testing.assert_array_equal(lavas.spikes[name], ours.spikes[name][: given.shape[0]], name)
    np.testing.assert_array_equal(lavas.states[DEPTH], ours.states[DEPTH][: given.shape[0]])


# --------------------------------------------------------------------------------------------------------- stock parts


def test_what_of_v2_is_made_of_stock_parts():
    """Held, all but the decoder's resizes: LIFReset and Conv. Listed with 5 bits, so that taps' sums fit, all."""
    state, _ = random_v2()
    net = nk.convert(state, shape=(4, *SIZE))
    held = nk.compile(net, schedule="hold")
    faults = target_faults(held, "loihi2-stock")
    resized = {p.name for p in held.projections if p.target.startswith(("deconv", "depth"))}
    assert {fault.node for fault in faults} == resized
    assert {fault.fact for fault in faults} == {"is a resized convolution"}
    with pytest.raises(CompileError, match="taps that meet in one source add up"):
        nk.expand(held)
    listed = nk.expand(nk.compile(net, schedule="hold", bits=5))
    assert "loihi2-stock" in listed.targets
    windows_of_counts = np.full((1, 2, 4, *SIZE), 3)
    (entering,) = input_faults(listed, {"events": windows_of_counts}, "loihi1")
    assert (entering.node, entering.limit) == ("events", "Loihi 1 sends 0 or 1")
    assert input_faults(listed, {"events": windows_of_counts}, "loihi2-stock") == []
    assert input_faults(listed, {"events": np.minimum(windows_of_counts, 1)}, "loihi1") == []
    waiting = {f.fact for f in target_faults(nk.compile(net), "loihi2-stock")}
    assert "is a convolution with a delay of 3 steps" in waiting, "the pipeline's skips have delays"


# ----------------------------------------------------------------------------------------------------------- bad input


def refused(change, error=ConversionError, **options):
    """The faults of a state_dict of width 1 after `change`, in words."""
    state, _ = random_v2(width=1)
    change(state)
    with pytest.raises(error) as caught:
        nk.convert(state, kind="stereospike", **{"shape": (4, 9, 11), **options})
    return [str(fault) for fault in caught.value.faults]


def test_missing_and_surplus_keys_are_all_named():
    def change(state):
        del state["conv3.0.weight"], state["predict_depth2.0.up.1.bias"]
        state["head.weight"] = np.ones(3)
        state["conv1.1.running_mean"] = np.ones(2)

    whole = "Pass the whole state_dict of one generation (v2: dense 5x5; v3: 7x7 a channel, then 1x1)."
    assert refused(change) == [
        f"'conv3.0.weight': is missing; StereoSpike v2 has it, of shape (8, 4, 5, 5). {whole}",
        f"'predict_depth2.0.up.1.bias': is missing; StereoSpike v2 has it, of shape (1,). {whole}",
        "'head.weight': belongs to no layer of StereoSpike v2; a key that is not used would change what the network "
        "computes. Remove it, or pass a plain model.",
        "'conv1.1.running_mean': belongs to a BatchNorm; only StereoSpike's analogue twin has these, and it does not "
        "spike. Pass the spiking network's state_dict, or convert the twin as a plain network (kind='torch').",
    ]


def test_a_key_of_another_generation():
    def change(state):
        for k in (1, 2):
            state[f"conv{k}.1.weight"] = np.ones((1 << k, 1 << k - 1, 1, 1))  # as v3 has them

    told = refused(change)
    assert "'bottom.0.weight': has shape (1, 4, 5, 5); beside its neighbours it has shape (1, 1, 7, 7)" in told[1]
    assert "'bottom.1.weight': is missing; StereoSpike v3 has it, of shape (32, 1, 1, 1)" in told[2]


def test_wrong_shapes():
    def change(state):
        state["bottom.0.weight"] = np.ones((1, 3, 5, 5))
        state["conv2.0.weight"] = np.ones((4, 3, 5, 5))

    assert refused(change) == [
        "'bottom.0.weight': takes 3 channels; StereoSpike sees 4, ON and OFF of two cameras, or 2, of one. "
        "Pass the weights of such a network.",
        "'conv2.0.weight': has shape (4, 3, 5, 5); beside its neighbours it has shape (4, 2, 5, 5) in StereoSpike v2. "
        "Pass weights of one network; its base width is the channels of 'bottom'.",
    ]


def test_what_is_no_number():
    def change(state):
        state["conv2.0.weight"] = np.full((4, 2, 5, 5), np.nan)

    assert refused(change) == [
        "'conv2.0.weight': holds what is no finite number; weights are finite numbers. Train or save it again."
    ]


def test_some_neurons_without_w():
    told = refused(lambda state: state.update({"conv1.2.w": np.ones(1)}))
    assert len(told) == 12
    assert told[0].startswith("'bottom.2.w': is missing; StereoSpike v2 has it, of shape ()")


def test_another_network():
    told = refused(lambda state: state.pop("bottom.0.weight"))
    limit = "every StereoSpike has the key 'bottom.0.weight'. Pass its state_dict, whole."
    assert told == [f"'a state_dict': holds no StereoSpike; {limit}"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"shape": (2, 9, 11)},
            "'shape': has 2 channels; 'bottom' takes 4 channels, ON and OFF of 2 cameras. Pass shape",
        ),
        ({"shape": (4, 9)}, "'shape': is (4, 9); the input has channels, rows and columns. Pass shape=(4, rows,"),
        ({"spec": {"layers": []}}, "'spec': is a dict; what a state_dict does not say stands in neurokit.conv"),
        ({"spec": StereoSpike(multiply=0)}, "'multiply': is 0; it is a positive number. Pass one, or leave"),
        ({"spec": StereoSpike(threshold=float("nan"))}, "'threshold': is nan; it is a positive number. Pass one, or"),
        ({"spec": StereoSpike(fires="=")}, "'fires': is '='; this source takes '>' or '>='. Leave it out for"),
        ({"spec": StereoSpike(fires_residual="=")}, "'fires_residual': is '='; this source takes '>' or '>='."),
        ({"spec": StereoSpike(skips=3)}, "'skips': is 3; it is True or False. Leave it out for the checkpoint's own."),
        ({"reset": "hard"}, "'reset': is 'hard'; this source takes none. Leave it out: every window begins anew."),
        ({"inputs": "spikes"}, "'inputs': is 'spikes'; this source takes none. Leave it out: events are counted"),
        ({"dt": -1.0}, "'dt': is -1.0; a step is a positive number of seconds."),
    ],
)
def test_arguments(options, words):
    (told,) = refused(lambda state: None, InputError, **options)
    assert told.startswith(words)
