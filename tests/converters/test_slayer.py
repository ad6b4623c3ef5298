"""SLAYER `.net` files: numbers against plain loops and against the recordings of the lava-dl wheel."""

from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest

import neurokit as nk
from neurokit.converters.from_slayer import load
from neurokit.graph.lif_family import LoihiRefractoryLIF
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense, Injection
from tests.converters.conftest import conv, cuba, dense
from tests.converters.interpreter import run
from tests.converters.matrices import convolution_matrix


def loihi(spikes, weight, bias, delays, decay, leak, fires):
    """Loihi's LIF by plain loops. spikes: (steps, sources). delays: (targets,) steps from spike to arrival."""
    u, v, rows = [0] * len(weight), [0] * len(weight), []
    for step in range(len(spikes)):
        row = []
        for j, weights in enumerate(weight):
            came = step - delays[j]
            a = sum(int(w) for w, s in zip(weights, spikes[came], strict=True) if s) if came >= 0 else 0
            u[j] = (1 if u[j] >= 0 else -1) * (abs(u[j]) * (4096 - decay) >> 12) + 64 * a
            v[j] = (1 if v[j] >= 0 else -1) * (abs(v[j]) * (4096 - leak) >> 12) + u[j] + 64 * int(bias[j])
            fired = fires(v[j])
            v[j] = 0 if fired else v[j]
            row.append(int(fired))
        rows.append(row)
    return np.array(rows)


def late(spikes, delays):
    """Spikes (steps, n), each neuron's so many steps later."""
    found = np.zeros_like(spikes)
    for neuron, delay in enumerate(delays):
        found[delay:, neuron] = spikes[: len(spikes) - delay, neuron]
    return found


@pytest.mark.parametrize(("kind", "fires"), [("LOIHI", lambda v: v > 64 * 80), ("CUBA", lambda v: v >= 64 * 80)])
def test_dense_layers_compute_what_loops_over_the_file_compute(write_net, kind, fires):
    random = np.random.default_rng(1)
    first, second = 2 * random.integers(-60, 60, (9, 12)), 2 * random.integers(-60, 60, (5, 9))
    bias, delay = random.integers(-30, 60, 9), random.integers(0, 7, 9)
    neuron = cuba(type=kind)
    path = write_net(dense(first, neuron, bias=bias.astype(np.float32), delay=delay), dense(second, neuron))
    spikes = random.integers(0, 2, (60, 12))

    traces = run(load(path), spikes)

    hidden = loihi(spikes, first, bias, delay + 1, 1024, 128, fires)
    np.testing.assert_array_equal(traces["0-dense"].spikes, hidden)
    np.testing.assert_array_equal(traces["1-dense"].spikes, loihi(hidden, second, [0] * 5, [1] * 5, 1024, 128, fires))
    assert 0 < np.mean(traces["1-dense"].spikes) < 1


def test_convolution_and_flatten_compute_what_loops_over_the_file_compute(write_net):
    random = np.random.default_rng(2)
    weight, shape = random.integers(-90, 120, (6, 2, 3, 2)), (4, 7, 6)
    geometry = {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "groups": 2}
    matrix, size = convolution_matrix(weight, shape, *geometry.values())
    bias, delay = random.integers(-20, 40, 6), random.integers(0, 4, 6)
    last = 2 * random.integers(-60, 60, (3, len(matrix)))
    path = write_net(
        {"type": "input", "shape": shape},
        conv(weight[..., None], size, bias=bias, delay=delay, **geometry),
        {"type": "flatten", "shape": [len(matrix), 1, 1]},
        dense(last, cuba()),
    )
    spikes = random.integers(0, 2, (40, *shape))

    traces = run(load(path), spikes)

    positions = len(matrix) // 6
    count = len(matrix)
    hidden = loihi(
        spikes.reshape(40, -1), matrix, np.repeat(bias, positions), [1] * count, 1024, 128, lambda v: v >= 64 * 80
    )
    np.testing.assert_array_equal(np.reshape(traces["1-conv"].spikes, (40, -1)), hidden)
    out = loihi(late(hidden, np.repeat(delay, positions)), last, [0] * 3, [1] * 3, 1024, 128, lambda v: v >= 64 * 80)
    np.testing.assert_array_equal(traces["3-dense"].spikes, out)
    assert 0 < out.mean() < 1


def test_names_shapes_and_integers_pass_through(write_net):
    weight = np.arange(-8, 8).reshape(2, 8)
    network = load(
        write_net(
            {"type": "input", "shape": [2, 3, 3], "neuron": cuba(iDecay=4096), "weight": [40.0], "bias": [36.0]},
            conv(np.ones((2, 2, 2, 2)), (2, 2, 2), bias=[3.0, -4.0]),
            {"type": "flatten", "shape": [8, 1, 1]},
            dense(weight, cuba(type="LOIHI")),
        )
    )
    assert list(network.populations) == ["0-input", "1-conv", "3-dense"]
    assert [p.shape for p in network.populations.values()] == [(2, 3, 3), (2, 2, 2), (2,)]
    assert network.is_integer
    assert list(network.outputs) == ["3-dense"]
    injection, convolution, last = network.projections
    assert isinstance(injection.synapse, Injection)
    assert injection.delay == 0
    assert isinstance(convolution.synapse, Conv2d)
    assert convolution.delay == pytest.approx(1e-3)
    assert isinstance(last.synapse, Dense)
    assert last.synapse.weight.dtype.kind == "i"
    np.testing.assert_array_equal(last.synapse.weight, weight)
    neuron = network.populations["1-conv"].neuron
    assert isinstance(neuron, LoihiLIF)
    np.testing.assert_array_equal(neuron.bias, np.array([3, -4]).reshape(2, 1, 1) * 64)
    assert neuron.threshold == 64 * 80 - 1
    assert network.populations["3-dense"].neuron.threshold == 64 * 80
    assert not network.populations["0-input"].neuron.bias.any()  # the transform of raw pixels is not applied


@pytest.mark.parametrize(("kind", "asked", "threshold"), [
    ("CUBA", None, 5119), ("CUBA", ">=", 5119), ("CUBA", ">", 5120), ("LOIHI", None, 5120), ("LOIHI", ">=", 5119),
])  # fmt: skip
def test_how_neurons_compare_with_their_threshold(write_net, kind, asked, threshold):
    path = write_net(dense(np.ones((2, 3)), cuba(type=kind)))
    program = nk.compile(nk.convert(path, fires=asked))
    assert program.populations["0-dense"].neuron.threshold == threshold
    assert ("loihi2-stock" in program.targets) == (threshold == 5120)


@pytest.mark.parametrize(("delay", "stated"), [(None, 0), (3, 3), ([2, 2, 5], [2, 2, 5])])
def test_recurrent_layers_feed_back_after_a_step_and_delay_what_leaves(write_net, delay, stated):
    """SLAYER: s[t] = f(W x[t] + R s[t-1]), and its axonal delay comes after that."""
    random = np.random.default_rng(4)
    first, back, last = (2 * random.integers(-40, 60, shape) for shape in ((3, 5), (3, 3), (2, 3)))
    path = write_net(
        dense(first, cuba(type="LOIHI"), type="dense_rec", weight_rec=back, delay=delay), dense(last, cuba())
    )
    spikes = random.integers(0, 2, (50, 5))

    traces = run(load(path), spikes)

    hidden = np.zeros((50, 3), int)
    for step in range(1, 50):  # spikes of the steps before are right already
        both = np.concatenate([spikes, hidden], axis=1)[: step + 1]
        found = loihi(both, np.concatenate([first, back], axis=1), [0] * 3, [1] * 3, 1024, 128, lambda v: v > 5120)
        hidden[step] = found[step]
    np.testing.assert_array_equal(traces["0-dense_rec"].spikes, hidden)
    delays = np.broadcast_to(stated, 3)
    out = loihi(late(hidden, delays), last, [0] * 2, [1] * 2, 1024, 128, lambda v: v >= 5120)
    np.testing.assert_array_equal(traces["1-dense"].spikes, out)
    assert 0 < out.mean() < 1


def test_files_as_mlgenn_writes_them(write_net):
    """ml_genn_netx: datasets without a value, refDelay 0, delays of each synapse also of the recurrent ones."""
    empty = {"gradedSpike": h5py.Empty("b1"), "refDelay": 0, "vThMant": 2**16}
    sizes = {"inFeatures": h5py.Empty("i4"), "outFeatures": h5py.Empty("i4")}
    delay, back = np.arange(6).reshape(2, 3), np.arange(4).reshape(2, 2)
    path = write_net(
        {"type": "input", "shape": [3]},
        dense(
            np.ones((2, 3)), cuba(**empty), type="dense_rec", weight_rec=np.eye(2), delay=delay, delay_rec=back, **sizes
        ),
        dense(np.ones((4, 2)), cuba(**empty), **sizes),
    )
    network = load(path)
    assert list(network.populations) == ["1-dense_rec", "2-dense"]
    np.testing.assert_allclose(network.projections[0].delay, 1e-3 * (delay + 1))
    np.testing.assert_allclose(network.projections[1].delay, 1e-3 * (back + 1))
    assert network.projections[2].delay == pytest.approx(1e-3)
    assert network.populations["1-dense_rec"].neuron.threshold == 2**22 - 1
    assert type(network.populations["2-dense"].neuron) is LoihiLIF


@pytest.mark.parametrize(("stated", "steps"), [(0, 0), (1, 0), (2, 1), (9, 8), ([1, 4], [0, 3])])
def test_a_refractory_delay_counts_the_step_of_the_spike(write_net, stated, steps):
    neuron = (
        load(write_net(dense(100 * np.ones((2, 1)), cuba(refDelay=stated, iDecay=4096)))).populations["0-dense"].neuron
    )
    assert isinstance(neuron, LoihiRefractoryLIF) == bool(np.any(steps))
    if np.any(steps):
        np.testing.assert_array_equal(neuron.refractory, steps)
        assert neuron.while_refractory == "holds"


def test_a_refractory_period_in_steps(write_net):
    path = write_net(dense([[100]], cuba(refDelay=3, iDecay=4096)))
    spikes = nk.run(nk.compile(load(path)), np.ones((9, 1), int)).spikes["0-dense"][:, 0]
    np.testing.assert_array_equal(spikes, [0, 1, 0, 0, 1, 0, 0, 1, 0])


@pytest.mark.parametrize(("exponent", "weight", "held"), [(2, [[3, -5]], [[3, -5]]), (-2, [[12, -8]], [[3, -2]])])
def test_weight_exponents_of_old_files(write_net, exponent, weight, held):
    """slayerPytorch: weights count times 2**(6 + wgtExp)."""
    path = write_net(dense(weight, cuba(type="LOIHI", wgtExp=exponent, theta=5120, tauRho=1.0, scaleRho=1.0)))
    synapse = load(path).projections[0].synapse
    np.testing.assert_array_equal(synapse.weight, held)
    assert synapse.exponent == max(exponent, 0)
    u = nk.run(nk.compile(load(path)), [[1, 0], [0, 0]], record=(("0-dense", "u"),)).states["0-dense", "u"]
    assert u[1, 0] == 64 * weight[0][0] * 2.0**exponent


def test_complex_weights_by_the_name_that_netx_has_for_them(write_net):
    parts = {"real": np.ones((2, 3)), "imag": -np.ones((2, 3))}
    turn = {"type": "RF_PHASE", "sinDecay": 1501, "cosDecay": 3599, "vThMant": 20}
    network = load(write_net(dense(parts, turn, type="dense_comp")))
    assert [p.port for p in network.projections] == ["", "imag"]
    neuron = network.populations["0-dense_comp"].neuron
    assert (neuron.sine, neuron.cosine) == (1501, 3599)  # netx would make 1500 and 3598 of them


def test_parameters_may_differ_between_neurons_and_channels(write_net):
    image = conv(np.ones((2, 1, 2, 2)), (2, 2, 2), neuron=cuba(vDecay=[1, 2]))
    path = write_net({"type": "input", "shape": [1, 3, 3]}, image, dense(np.ones((3, 8)), cuba(iDecay=[7, 8, 9])))
    network = load(path)
    np.testing.assert_array_equal(network.populations["1-conv"].neuron.voltage_decay, [[[1]], [[2]]])
    np.testing.assert_array_equal(network.populations["2-dense"].neuron.current_decay, [7, 8, 9])


def test_a_last_layer_without_neurons_is_a_readout(write_net):
    network = load(write_net(dense(np.ones((3, 4)), cuba()), dense(np.ones((2, 3)), None, bias=[1.0, 2.0])))
    neuron = network.populations["1-dense"].neuron
    assert not neuron.spiking
    assert (neuron.current_decay, neuron.voltage_decay, neuron.threshold) == (4096, 0, 64 * 131071)
    np.testing.assert_array_equal(neuron.bias, [64, 128])


@pytest.mark.parametrize("kind", ["LOIHI", "CUBA"])
@pytest.mark.parametrize(("mantissa", "emits"), [(131071, True), (131072, False), (2**18 - 1, False)])
def test_a_threshold_beyond_17_bits_makes_the_last_layer_a_readout(write_net, kind, mantissa, emits):
    neuron = load(write_net(dense(np.ones((2, 3)), cuba(type=kind, vThMant=mantissa)))).populations["0-dense"].neuron
    assert neuron.emits is emits
    assert neuron.threshold == 64 * 131071 - (emits and kind == "CUBA")


@pytest.mark.parametrize("weight", [np.ones(6), np.ones((1, 6))])
def test_a_flat_weight_means_one_output(write_net, weight):
    network = load(write_net(dense(np.ones((6, 2)), cuba()), dense(weight, cuba(), shape=[1, 1, 1])))
    assert network.populations["1-dense"].shape == (1,)


def test_a_flat_weight_with_outfeatures_is_one_input(write_net):
    layers = dense(np.ones((1, 2)), cuba()), dense(np.arange(6), cuba(), outFeatures=6, inFeatures=1)
    np.testing.assert_array_equal(load(write_net(*layers)).projections[1].synapse.weight[:, 0], np.arange(6))


def test_all_zero_weights_are_fine(write_net):
    assert not load(write_net(dense(np.zeros((2, 3)), cuba()))).projections[0].synapse.weight.any()


def test_scalars_stand_for_both_axes(write_net):
    layer = conv(np.ones((1, 1, 3, 3)), (1, 3, 3), stride=2, padding=1, dilation=1)
    synapse = load(write_net({"type": "input", "shape": [1, 5, 5]}, layer)).projections[0].synapse
    assert (synapse.stride, synapse.padding, synapse.dilation) == ((2, 2), (1, 1), (1, 1))


@pytest.mark.parametrize(
    ("delay", "expected"),
    [
        (5, 6),
        ([3, 3, 3], 4),
        ([0, 1, 62], [[1], [2], [63]]),
        ([4, 5], [[5, 6]]),
        (np.arange(6).reshape(3, 2), np.arange(1, 7).reshape(3, 2)),
    ],
)
def test_delays_of_dense_layers(write_net, delay, expected):
    (projection,) = load(write_net(dense(np.ones((3, 2)), cuba(), delay=delay), simulation={"Ts": 2})).projections
    np.testing.assert_allclose(projection.delay, 2e-3 * np.asarray(expected))
    assert projection.delay.shape == np.shape(expected)


def test_delays_by_synapse_shift_the_input(write_net):
    path = write_net(dense([[90, 60], [30, 90]], cuba(iDecay=4096, vThMant=50), delay=[[0, 3], [1, 2]]))
    spikes = np.zeros((8, 2), int)
    spikes[0] = 1
    u = np.array(run(load(path), spikes)["0-dense"].u) // 64
    expected = np.zeros((8, 2), int)
    expected[1, 0], expected[4, 0], expected[2, 1], expected[3, 1] = 90, 60, 30, 90
    np.testing.assert_array_equal(u, expected)


@pytest.mark.parametrize(
    ("simulation", "dt", "expected"), [(None, None, 1e-3), ({"Ts": 5}, None, 5e-3), ({"Ts": 5}, 2e-3, 2e-3)]
)
def test_the_step(write_net, simulation, dt, expected):
    network = load(write_net(dense(np.ones((2, 2)), cuba(), delay=3), simulation=simulation), dt=dt)
    assert network.dt == pytest.approx(expected)
    assert network.projections[0].delay == pytest.approx(4 * expected)


def test_inputs_as_spikes_pass_the_input_layer_by(write_net):
    path = write_net({"type": "input", "shape": [4], "neuron": cuba()}, dense(np.ones((2, 4)), cuba()))
    assert list(load(path).populations) == ["0-input", "1-dense"]
    assert list(load(path, inputs="current").populations) == ["0-input", "1-dense"]
    network = load(path, inputs="spikes", reset="hard")
    assert list(network.populations) == ["1-dense"]
    assert network.inputs["input"].shape == (4,)
    assert network.projections[0].name == "input->1-dense"


def test_a_last_average_layer_is_left_out_and_named(write_net):
    path = write_net(dense(np.ones((4, 2)), cuba()), {"type": "average", "shape": [2, 1, 1]})
    network = load(path)
    assert list(network.outputs) == ["0-dense"]
    assert (
        network.source
        == f"{path.name} (without its last layer 1-average: average over equal groups of output neurons yourself)"
    )


def _resetting(network):
    """Layer k is reset before step k, as in the recording."""
    populations = {
        name: replace(population, neuron=replace(population.neuron, reset_interval=16, reset_offset=k))
        for k, (name, population) in enumerate(network.populations.items())
    }
    return replace(network, populations=populations)


def test_pilotnet_equals_the_recorded_currents_and_potentials(netx):
    network = _resetting(load(netx("gts/pilotnet_lif/network.net")))
    image = np.load(netx("gts/pilotnet_lif/image.npy")).T  # (W, H, C)
    steps = 16
    traces = run(network, np.broadcast_to(image, (steps, *image.shape)))
    recorded = np.load(netx("gts/pilotnet_lif/input-s.npy"))[..., :steps].T  # (steps, C, H, W)
    np.testing.assert_array_equal(traces["0-input"].spikes, recorded)
    names = [f"conv-{i}" for i in range(5)] + [f"fc-{i}" for i in range(3)]
    for name, file in zip(list(network.populations)[1:], names, strict=False):
        u, v = (np.load(netx(f"gts/pilotnet_lif/{file}-{state}.npy"))[..., :steps].T for state in "uv")
        np.testing.assert_array_equal(traces[name].u, u, err_msg=name)
        silent = np.array(traces[name].spikes) == 0  # silicon reads 128 in the step of a spike (lava#282)
        np.testing.assert_array_equal(np.array(traces[name].v)[silent], v[silent], err_msg=name)


def test_tiny_equals_the_recorded_spikes(netx):
    network = _resetting(load(netx("tiny.net")))
    bias = np.load(netx("gts/tinynet/input_bias.npy")).T.astype(int)
    spikes = np.array(run(network, np.broadcast_to(bias, (17, *bias.shape)))["2-conv"].spikes)
    recorded = np.load(netx("gts/tinynet/output.npy"))[0].transpose(3, 0, 1, 2)
    np.testing.assert_array_equal(spikes[2:], recorded[1:])


def test_ntidigits_with_axonal_delays_equals_the_recorded_spikes(netx):
    network = load(netx("gts/ntidigits/ntidigits.net"))
    assert network.inputs["input"].shape == (64,)
    spikes = np.load(netx("gts/ntidigits/input.npy")).T.astype(int)
    recorded = np.load(netx("gts/ntidigits/output.npy")).T
    steps = 1000
    traces = run(network, spikes[:steps])
    lag = 1  # SLAYER's input block takes a step of its own, netx passes it by
    np.testing.assert_array_equal(traces["4-dense"].spikes, recorded[lag : steps + lag])


def test_oxford_gives_the_recorded_events(shared):
    network = load(shared("lava_dl_oxford/Trained/network.net"))
    steps = 1900
    inputs = np.zeros((steps, 200), int)
    for neuron, _, time in np.load(shared("lava_dl_oxford/input.npy")):
        inputs[int(np.round(time)), int(neuron)] = 1
    expected = np.zeros((steps, 200), int)
    for neuron, _, time in np.load(shared("lava_dl_oxford/ground_truth.npy")):
        expected[int(np.round(time)), int(neuron)] = 1
    np.testing.assert_array_equal(run(network, inputs)["1-dense"].spikes, expected)


def test_mnist_files(netx, shared):
    network = load(netx("mnist.net"))
    assert [p.shape for p in network.populations.values()] == [(784,), (512,), (512,), (10,)]
    assert not network.populations["3-dense"].neuron.emits
    path = shared("lava_dl_mnist/trained_mnist_network.net")
    network = load(path)
    assert [p.shape for p in network.populations.values()] == [(128,), (64,), (10,)]
    with h5py.File(path) as file:
        np.testing.assert_array_equal(network.projections[0].synapse.weight, file["layer/0/weight"][()])


def test_inspect_tells_delays_of_both_ends_and_the_comparison(write_net):
    first = dense(np.ones((2, 3)), cuba(), type="dense_rec", weight_rec=np.eye(2), delay=[1, 4])
    facts = nk.inspect(write_net(first, dense(np.ones((2, 2)), cuba(), delay=[0, 2]))).facts
    stated = [fact for name, fact in facts if name == "delays stated"]
    assert stated == ["0 to 2 steps, at targets", "1 to 4 steps, of what leaves, as in SLAYER"]
    assert "fires='>'" in dict(facts)["comparison"]
    assert "comparison" not in dict(nk.inspect(write_net(dense(np.ones((2, 3)), cuba(type="LOIHI")))).facts)
