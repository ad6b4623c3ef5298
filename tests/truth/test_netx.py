"""Random `.net` files through lava-dl's own netx and through ours: 0 of the last layer's spikes, u and v differ.

netx wants torch for one function that networks of LIF neurons never call, so stand-ins take the place of SLAYER while
it is loaded. Its processes and models are Lava's; `neurokit.hardware.lava` drives them in this process, and a few in
Lava's own runtime.

netx fires at v > 64 vThMant for both types of neuron, LOIHI and CUBA.
Measured: 2,000 networks of the slow test, half of each type, 0 differ. mnist.net and PilotNet (24 steps, every layer
that was looked at) agree as well.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import sys
import tempfile
import types
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import event, given, settings

import neurokit as nk
from neurokit.graph.resonators import ResonateAndFire
from neurokit.hardware.lava import loading
from neurokit.hardware.lava.deadline import Deadline
from neurokit.hardware.lava.tape import Tape
from tests.data import truth
from tests.programs import seeds
from tests.truth.netx_draws import Draw, write_net

STEPS = 20
SECONDS = 120
_STAND_INS = (
    "lava.lib.dl.netx.sequential_modules",
    "lava.lib.dl.slayer",
    "lava.lib.dl.slayer.neuron",
    "lava.lib.dl.slayer.neuron.rf",
)


@pytest.fixture(scope="module", autouse=True)
def netx():
    """lava-dl's `Network`, importable without torch; afterwards nothing of it is left in sys.modules."""
    truth("tiny.net")  # skips without lava-dl
    if (fault := loading.fault()) is not None:
        pytest.skip(str(fault))
    loading.load()
    before = {name: module for name, module in sys.modules.items() if _is_netx(name)}
    for name in before:
        del sys.modules[name]
    folder = Path(importlib.util.find_spec("lava.lib.dl.slayer").origin).parents[1] / "netx"
    for name in _STAND_INS:
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__file__ = str(folder / "hdf5.py")  # Lava's compiler looks for models beside it
    sys.modules[_STAND_INS[-1]].neuron_params = None
    yield importlib.import_module("lava.lib.dl.netx.hdf5").Network
    for name in [name for name in sys.modules if _is_netx(name)]:
        del sys.modules[name]
    sys.modules.update(before)


def _is_netx(name):
    return name == "lava.lib" or name.startswith("lava.lib.")


def run_netx(path, values, steps, *, current=False, window=None, layers=None, multi=False, states=("u", "v")):
    """(spikes, u, v) of netx's last layer, each (steps, *shape) with channels first; u and v as each step leaves them.

    values: spikes (time, *shape) into the first layer that has weights; with `current` (*shape), the constant bias
    mantissa of the input layer's neurons (the port of an Input block leads nowhere). layers: only the first so many
    of the file. multi: in Lava's own runtime.
    """
    from lava.lib.dl.netx.hdf5 import Network
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.io.sink import RingBuffer as Sink
    from lava.proc.io.source import RingBuffer as Source

    from neurokit.hardware.lava.inprocess import InProcess
    from neurokit.hardware.lava.runtime import run_processes

    with loading.quiet(), loading.forgotten(), loading.models_remembered(), contextlib.redirect_stdout(io.StringIO()):
        if current:
            network = Network(str(path), layers, reset_interval=window)
            network.in_layer.neuron.bias_mant.init = values.T.astype(np.int32)
        else:  # the source counts as a layer: netx begins a window when the first layer with weights is fed
            network = Network(str(path), layers, _input_neurons(path), reset_interval=window, reset_offset=1)
            data = np.zeros((steps, *values.shape[1:]), np.int32)
            data[: len(values)] = values[:steps]
            data = data.reshape(steps, -1) if len(network.in_layer.inp.shape) == 1 else data
            Source(data=data.T).s_out.connect(network.inp)
        shape = network.out_layer.out.shape
        network.out.connect(Sink(shape=shape, buffer=steps).a_in)
        tape = Tape(shape, steps, np.uint8, list(states))
        network.out_layer.neuron.name = "last"  # Lava names it after the attribute, like every layer's
        tapes = types.SimpleNamespace(
            done=lambda: 0, attach=lambda name, model: tape.attach(model) if name == "last" else None
        )
        deadline = Deadline(SECONDS, "netx")
        executable = network.compile(Loihi2SimCfg(select_tag="fixed_pt"))
        if multi:
            run_processes(executable, steps, tapes, deadline, lambda _: None)
        else:
            InProcess(executable).run(steps, tapes, deadline)
    assert tape.done == steps
    axes = (0, *range(len(shape), 0, -1))  # Lava's order is (width, height, channels)
    return tuple(array.transpose(axes).astype(np.int64) for array in (tape.spikes, *tape.states.values()))


def run_ours(program, values, steps):
    """The same of our simulator."""
    (name,) = program.outputs
    found = nk.run(program, values, steps, record=((name, "u"), (name, "v")))
    return tuple(array.astype(np.int64) for array in (found.spikes[name], *(found.states[name, s] for s in "uv")))


def _input_neurons(path):
    """Layers that have neurons before the first one with weights: 0 or 1."""
    with h5py.File(path) as file:
        return int(bytes(file["layer/0/type"][0]) == b"input" and "neuron" in file["layer/0"])


def strict(program):
    """The program with thresholds raised to the next multiple of 64: CUBA's `>=` becomes netx's `>`."""
    populations = {
        name: replace(p, neuron=replace(p.neuron, threshold=-(-p.neuron.threshold // 64) * 64))
        for name, p in program.populations.items()
    }
    return replace(program, populations=populations, outputs={name: populations[name] for name in program.outputs})


def compare(seed, kind, multi=False):
    """(spikes, u, v) three times: of netx, ours, and ours with strict thresholds."""
    case = Draw(seed, kind).case()
    rng = np.random.default_rng(seed + 1)
    current = case.entry == "current"
    if current:
        values = rng.integers(-20, 120, case.shape)
        ours = np.broadcast_to(values, (STEPS, *case.shape))
    else:
        values = ours = (rng.random((STEPS, *case.shape)) < rng.choice([0.1, 0.5])).astype(np.int64)
    with tempfile.TemporaryDirectory() as folder:
        path = write_net(Path(folder) / "random.net", case.layers)
        inputs = "current" if current else "spikes" if case.entry == "passed by" else None
        program = nk.compile(nk.convert(path, inputs=inputs), window=case.window)
        theirs = run_netx(path, values, STEPS, current=current, window=case.window, multi=multi)
    return theirs, run_ours(program, ours, STEPS), run_ours(strict(program), ours, STEPS)


def assert_equal(ours, theirs, what=""):
    """0 of all spikes, u and v differ."""
    for name, here, there in zip(("spikes", "u", "v"), ours, theirs, strict=True):
        np.testing.assert_array_equal(here, there, f"{name} {what}")


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_random_networks(seed):
    theirs, ours, _ = compare(seed, "LOIHI")
    event("spikes" if theirs[0].any() else "silent")
    assert_equal(ours, theirs)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_random_networks_of_cuba_neurons_apart_from_the_threshold(seed):
    theirs, ours, strictly = compare(seed, "CUBA")
    event("threshold met exactly" if (ours[0] != theirs[0]).any() else "alike")
    assert_equal(strictly, theirs)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["LOIHI", "CUBA"])
@pytest.mark.parametrize("first", range(0, 1000, 200))
def test_a_thousand_networks(kind, first):
    for seed in range(first, first + 200):
        theirs, _, strictly = compare(seed, kind)
        assert_equal(strictly, theirs, f"of seed {seed}")


@pytest.mark.parametrize("seed", [5, 6, 8, 9])
def test_random_networks_in_lavas_own_runtime(seed):
    theirs, ours, _ = compare(seed, "LOIHI", multi=True)
    assert_equal(ours, theirs)
    assert theirs[0].any()


@pytest.mark.parametrize("entry", ["no input layer", "input layer", "passed by", "current"])
def test_the_draw_reaches_every_way_in(entry):
    cases = [Draw(seed, "LOIHI").case() for seed in range(100)]
    chosen = [case for case in cases if case.entry == entry]
    kinds = {layer["type"] for case in chosen for layer in case.layers}
    assert kinds >= ({"dense"} if entry == "no input layer" else {"input", "conv", "flatten", "dense"})
    assert any(case.window for case in chosen)
    assert any("delay" in layer for case in chosen for layer in case.layers)


@pytest.mark.parametrize("kind", ["LOIHI", "CUBA"])
@pytest.mark.parametrize(("mantissa", "fires"), [(99, True), (100, False)])
def test_netx_does_not_fire_at_its_threshold(tmp_path, kind, mantissa, fires):
    """One spike brings v to 64 * 100. Nor does SLAYER since lava-dl 0.3 (slayer/neuron/cuba.py, threshold_eps)."""
    path = write_net(tmp_path / "one.net", [_memoryless([[100]], [mantissa], kind)])
    spikes = np.array([[1], [0], [0]])
    program = strict(nk.compile(nk.convert(path)))
    for found, _, v in (run_netx(path, spikes, 3), run_ours(program, spikes, 3)):
        np.testing.assert_array_equal(found[:, 0], [0, fires, 0])
        np.testing.assert_array_equal(v[:, 0], [0, 0 if fires else 64 * 100, 0])


@pytest.mark.parametrize(("weights", "in_netx"), [([-2, -2], [0, 0]), ([-4, -1], [-3, -1]), ([-201, 0], [0, 0])])
def test_netx_misreads_some_inhibitory_weights(tmp_path, weights, in_netx):
    """Ours are the file's, as in SLAYER; the draw leaves such weights out.

    netx chooses a width of weights at which Lava drops bits where the lowest of inhibitory weights is -2**k, and takes
    weights with a largest one of 0 for mixed ones, where Lava takes them for inhibitory ones.
    """
    path = write_net(tmp_path / "inhibitory.net", [_memoryless([weights], [100])])
    spikes = np.eye(2, dtype=np.int64)  # one source after the other
    program = nk.compile(nk.convert(path))
    np.testing.assert_array_equal(run_ours(program, spikes, 3)[1][1:, 0], 64 * np.array(weights))
    np.testing.assert_array_equal(run_netx(path, spikes, 3)[1][1:, 0], 64 * np.array(in_netx))


def test_tiny_net_in_lavas_own_runtime():
    """The wheel's own test of netx, over two windows of 17 steps."""
    path, image = truth("tiny.net"), np.load(truth("gts/tinynet/input_bias.npy")).T.astype(np.int64)
    theirs = run_netx(path, image, 40, current=True, window=17, multi=True)
    program = nk.compile(nk.convert(path, inputs="current"), window=17)
    assert_equal(run_ours(program, np.broadcast_to(image, (40, *image.shape)), 40), theirs)
    assert theirs[0].sum() == 243


def _memoryless(weights, mantissas, kind="LOIHI"):
    """A dense layer whose v is 64 times what arrives in a step."""
    neuron = {"type": kind, "iDecay": 4096, "vDecay": 4096, "vThMant": np.array(mantissas)}
    weight = np.array(weights, np.float32)
    return {"type": "dense", "shape": (len(weight),), "weight": weight, "neuron": neuron}


@pytest.mark.parametrize("window", [None, 7])
@pytest.mark.parametrize("seed", range(3))
def test_recurrent_layers(tmp_path, seed, window):
    """Without delays, with which netx refuses them: two of them, with biases."""
    rng = np.random.default_rng(seed)
    layers = []
    for sources, targets in ((6, 8), (8, 5)):
        layer = _memoryless(2 * rng.integers(-40, 60, (targets, sources)), rng.integers(60, 200, targets))
        layer["neuron"] |= {"iDecay": int(rng.integers(500, 4096)), "vDecay": int(rng.integers(100, 4096))}
        back = (2 * rng.integers(-60, 40, (targets, targets))).astype(np.float32)
        layers.append({**layer, "type": "dense_rec", "weight_rec": back, "bias": rng.integers(-9, 9, targets)})
    path = write_net(tmp_path / "recurrent.net", layers)
    spikes = (rng.random((STEPS, 6)) < 0.3).astype(np.int64)
    theirs = run_netx(path, spikes, STEPS, window=window)
    assert_equal(run_ours(nk.compile(nk.convert(path), window=window), spikes, STEPS), theirs)
    assert 0 < theirs[0].mean() < 1


# ----------------------------------------------------------------------------------------------------- complex layers
def turn_of(group):
    """What SLAYER's `neuron_params` gives for a resonator; its module needs torch."""
    sine, cosine = group["sinDecay"] / 4096, group["cosDecay"] / 4096
    frequency = np.arctan2(sine, cosine) / 2 / np.pi
    return {"period": 1 / frequency, "decay": 1 - np.sqrt(sine**2 + cosine**2)}


def turned_as_by_netx(program):
    """The program with resonators as netx makes them.

    It makes a period and a loss of the file's integers, and integers of these. On this way a sine or cosine often loses
    1/4096; we keep the file's, as SLAYER does.
    """
    populations = {}
    for name, population in program.populations.items():
        group = {"sinDecay": population.neuron.sine, "cosDecay": population.neuron.cosine}
        sine, cosine = (np.trunc(4096 * part).astype(int) for part in ResonateAndFire(**turn_of(group)).turn)
        populations[name] = replace(population, neuron=replace(population.neuron, sine=sine, cosine=cosine))
    return replace(program, populations=populations, outputs={name: populations[name] for name in program.outputs})


@pytest.mark.parametrize("seed", range(6))
def test_complex_layers(netx, tmp_path, monkeypatch, seed):
    """Two layers of resonators, of both kinds, with even weights; real and imag of the last one agree as well."""
    monkeypatch.setattr(sys.modules[netx.__module__], "get_rf_params", turn_of)
    rng = np.random.default_rng(seed)
    sizes, path = (7, 9, 5), tmp_path / "complex.net"
    with h5py.File(path, "w") as file:
        for k in range(2):
            layer = file.create_group(f"layer/{k}")
            layer["type"] = np.array([b"dense"], "S10")
            layer["shape"], layer["inFeatures"], layer["outFeatures"] = [sizes[k + 1]], sizes[k], sizes[k + 1]
            for part in ("real", "imag"):
                layer[f"weight/{part}"] = (2.0 * rng.integers(-60, 61, (sizes[k + 1], sizes[k]))).astype(np.float32)
            angle, kept = rng.uniform(0.3, 1.5), rng.uniform(0.85, 0.99)
            turn = {"sinDecay": int(4096 * kept * np.sin(angle)), "cosDecay": int(4096 * kept * np.cos(angle))}
            for name, value in {**turn, "vThMant": int(rng.integers(20, 80)), "gradedSpike": False}.items():
                layer[f"neuron/{name}"] = value
            layer["neuron/type"] = ("RF_PHASE", "RF_IZHIKEVICH")[(seed + k) % 2].encode()
    values = (rng.random((40, sizes[0])) < 0.3).astype(np.int64)
    spikes, real, imag = run_netx(path, values, 40, states=("real", "imag"))
    program = turned_as_by_netx(nk.compile(nk.convert(path)))
    found = nk.run(program, values, record=(("1-dense", "real"), ("1-dense", "imag")))
    np.testing.assert_array_equal(found.spikes["1-dense"], spikes)
    np.testing.assert_array_equal(found.states["1-dense", "real"], real)
    np.testing.assert_array_equal(found.states["1-dense", "imag"], imag)
    assert real.any()
