"""What lava-dl's own netx refuses or gets wrong of a `.net` file: a test a row, with what netx does and what we do.

Networks that convert are compared with plain loops here, and with SLAYER itself in tests/truth/test_slayer.py.
"""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.converters.from_slayer import load
from neurokit.errors import ConversionError, FormatError
from neurokit.graph.resonators import FixedAdaptiveResonateAndFire, FixedResonateAndFire
from tests.converters.conftest import conv, cuba, dense
from tests.converters.test_slayer import late, loihi
from tests.truth.test_netx import netx as lavas_netx  # noqa: F401  # an autouse fixture: netx without torch
from tests.truth.test_netx import run_netx

ONES = np.ones((2, 3))
MEMORYLESS = cuba(type="LOIHI", iDecay=4096, vDecay=4096, vThMant=2000)  # u is 64 times what arrives
ALTERNATING = np.arange(30).reshape(10, 3) % 2


def netx_says(path):
    """The class of what netx raises while it builds the network, or None. It leaves files open: it gets a copy."""
    from lava.lib.dl.netx.hdf5 import Network

    try:
        with np.errstate(all="ignore"):
            Network(shutil.copy(path, path.with_name("copy.net")))
    except Exception as error:  # noqa: BLE001  # whatever it is
        return type(error)
    return None


def arrived(path, spikes):
    """What the last population receives a step later, (steps, *shape), and its name."""
    program = nk.compile(load(path))
    (name,) = program.outputs
    found = nk.run(program, spikes, record=((name, "u"),)).states[name, "u"]
    assert (found % 64 == 0).all()
    return found[1:] // 64


def spikes_of(path, spikes):
    program = nk.compile(load(path, fires=">"))
    (name,) = program.outputs
    return nk.run(program, spikes).spikes[name]


def refused(path, error=ConversionError):
    """The fault's words."""
    with pytest.raises(error) as caught:
        load(path)
    (fault,) = caught.value.faults
    assert fault.mend
    return str(fault)


def image(layer, shape=(2, 5, 7)):
    return {"type": "input", "shape": shape}, layer


def one_kernel(kind, kernel, shape, stride):
    """A pool or unpool layer as SLAYER writes it."""
    layer = conv(kernel[None, None], shape, type=kind, stride=stride, neuron=MEMORYLESS)
    return {key: value for key, value in layer.items() if key != "groups"}


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 2, (6, 2, 5, 7))


# ------------------------------------------------------------------------------------------------------ kinds of layers


def test_pool(write_net, pictures):
    """netx: NotImplementedError. Of 5 rows a kernel of 2 leaves 1, of 7 columns one of 3 does: SLAYER adds so many."""
    path = write_net(*image(one_kernel("pool", np.full((2, 3), 3.0), (2, 3, 2), (2, 3))))
    assert netx_says(path) is NotImplementedError
    padded = np.pad(pictures, ((0, 0), (0, 0), (0, 1), (0, 1)))
    sums = [[padded[..., 2 * y : 2 * y + 2, 3 * x : 3 * x + 3].sum((-2, -1)) for x in range(2)] for y in range(3)]
    np.testing.assert_array_equal(arrived(path, pictures), 3 * np.moveaxis(sums, (0, 1), (-2, -1))[:-1])


def test_unpool(write_net, pictures):
    """netx: NotImplementedError."""
    kernel = np.array([[1, 2], [3, 4]])
    path = write_net(*image(one_kernel("unpool", kernel, (2, 10, 14), (2, 2))))
    assert netx_says(path) is NotImplementedError
    np.testing.assert_array_equal(arrived(path, pictures), np.kron(pictures, kernel)[:-1])


def test_transposed_convolution(write_net, pictures):
    """netx: NotImplementedError."""
    weight = np.random.default_rng(1).integers(-9, 9, (2, 3, 3, 2))
    layer = conv(weight, (3, 9, 14), type="convT", stride=(2, 2), padding=(1, 0), neuron=MEMORYLESS)
    path = write_net(*image(layer))
    assert netx_says(path) is NotImplementedError
    whole = np.zeros((6, 3, 11, 14), int)
    for (c, y, x), (ky, kx) in ((at, k) for at in np.ndindex(2, 5, 7) for k in np.ndindex(3, 2)):
        whole[:, :, 2 * y + ky, 2 * x + kx] += pictures[:, c, y, x, None] * weight[None, c, :, ky, kx]
    np.testing.assert_array_equal(arrived(path, pictures), whole[:-1, :, 1:-1])


def test_average(write_net):
    """netx: NotImplementedError. As the last layer it is left to who reads the output; elsewhere it is refused."""
    last = {"type": "average", "shape": [1]}
    path = write_net(dense(ONES, cuba()), last)
    assert netx_says(path) is NotImplementedError
    assert "average over equal groups of output neurons yourself" in load(path).source
    assert "only the last layer may average" in refused(
        write_net(dense(ONES, cuba()), last, dense(ONES[:, :1], cuba()))
    )


def test_concat(write_net):
    """netx: NotImplementedError. Which layers meet there the file leaves out."""
    path = write_net(dense(ONES, cuba()), {"type": "concat", "shape": [4]}, dense(np.ones((2, 4)), cuba()))
    assert netx_says(path) is NotImplementedError
    assert "train a network without skips instead" in refused(path)


def test_a_type_that_nobody_knows(write_net):
    """netx: UnboundLocalError."""
    path = write_net({"type": "residual", "shape": [3]}, dense(ONES, cuba()))
    assert netx_says(path) is UnboundLocalError
    assert "is a layer of type 'residual'" in refused(path)


def test_kwta(write_net):
    """SLAYER writes an empty group; netx: KeyError."""
    path = write_net(dense(ONES, cuba()), {})
    assert netx_says(path) is KeyError
    assert "states no type of layer 1" in refused(path, FormatError)


def test_complex_weights_as_dense_comp(write_net):
    """netx: AttributeError; as `dense` it reads them."""
    turn = {"type": "RF_PHASE", "sinDecay": 1500, "cosDecay": 3600, "vThMant": 20}
    parts = {"real": ONES, "imag": -ONES}
    path = write_net(dense(parts, turn, type="dense_comp"))
    assert netx_says(path) is AttributeError
    found = nk.run(nk.compile(load(path)), ALTERNATING, record=(("0-dense_comp", "real"), ("0-dense_comp", "imag")))
    np.testing.assert_array_equal(found.states["0-dense_comp", "real"][1], 64 * ALTERNATING[0].sum())
    np.testing.assert_array_equal(found.states["0-dense_comp", "imag"][1], -64 * ALTERNATING[0].sum())


def test_recurrence_with_delays(write_net):
    """netx: ValueError, as its delays of inputs do not fit the recurrent weights. SLAYER's are of what leaves."""
    first, back = np.array([[90, 60, 30], [40, 80, 120]]), np.array([[0, -40], [60, 0]])
    neuron = cuba(type="LOIHI")
    path = write_net(
        dense(first, neuron, type="dense_rec", weight_rec=back, delay=[0, 3]), dense(np.eye(2) * 100, neuron)
    )
    assert netx_says(path) is ValueError
    hidden = np.zeros((10, 2), int)
    for step in range(1, 10):
        both = np.concatenate([ALTERNATING, hidden], axis=1)
        weight = np.concatenate([first, back], axis=1)
        hidden[step] = loihi(both, weight, [0] * 2, [1] * 2, 1024, 128, lambda v: v > 5120)[step]
    out = loihi(late(hidden, [0, 3]), 100 * np.eye(2, dtype=int), [0] * 2, [1] * 2, 1024, 128, lambda v: v > 5120)
    np.testing.assert_array_equal(spikes_of(path, ALTERNATING), out)
    assert out.any()


# -------------------------------------------------------------------------------------------------------------- neurons


def test_alif(write_net):
    """netx: AttributeError. The loop is SLAYER's adaptive_threshold.py."""
    moves = {"thDecay": 400, "refDecay": 100, "vThStep": 300}
    path = write_net(dense([[9, 6, 8]], cuba(type="ALIF", **moves)))
    assert netx_says(path) is AttributeError
    spikes = np.ones((30, 3), int)
    i = v = r = 0
    theta, expected = 64 * 80, [0]
    for _ in range(29):
        i = (i * 3072 >> 12) + 64 * 23
        v = (v * 3968 >> 12) + i
        r = r * 3996 >> 12
        theta = 64 * 80 + ((theta - 64 * 80) * 3696 >> 12)
        expected.append(int(v >= theta + r))
        r, theta = (r + 2 * theta, theta + 64 * 300) if expected[-1] else (r, theta)
    np.testing.assert_array_equal(spikes_of(path, spikes)[:, 0], expected)
    assert 2 < sum(expected) < 29


@pytest.mark.parametrize("kind", ["PHASE", "IZHIKEVICH"])
def test_adaptive_resonators(write_net, kind):
    """netx takes them for RF and RF_IZ without a word: they fire on."""
    turn = {"sinDecay": 1500, "cosDecay": 3600, "vThMant": 3, "thDecay": 100, "refDecay": 100, "vThStep": 40}
    path = write_net(dense({"real": [[40.0, 0, 20]], "imag": [[0.0, 30, 20]]}, {"type": f"ADRF_{kind}", **turn}))
    program = nk.compile(load(path))
    (population,) = program.populations.values()
    assert isinstance(population.neuron, FixedAdaptiveResonateAndFire)
    names = ("sine", "cosine", "threshold", "fires_at")
    plain = FixedResonateAndFire(**{name: getattr(population.neuron, name) for name in names})
    silent = {"0-dense": replace(population, neuron=plain)}
    spikes = np.repeat(np.arange(60)[:, None] % 13 == 0, 3, axis=1).astype(int)
    ours = nk.run(program, spikes).spikes["0-dense"].sum()
    assert 0 < ours < nk.run(replace(program, populations=silent, outputs=silent), spikes).spikes["0-dense"].sum()


def test_refractory_delays(write_net):
    """netx ignores them."""
    path = write_net(dense([[100, 0, 0]], cuba(type="LOIHI", iDecay=4096, refDelay=3)))
    spikes = np.ones((9, 3), int)
    np.testing.assert_array_equal(spikes_of(path, spikes)[:, 0], [0, 1, 0, 0, 1, 0, 0, 1, 0])
    np.testing.assert_array_equal(run_netx(path, spikes, 9)[0][:, 0], [0, *[1] * 8])


def test_graded_spikes(write_net):
    """netx ignores the flag and sends ones; SLAYER sends potentials, in floats."""
    path = write_net(dense(ONES, cuba(gradedSpike=True)))
    assert netx_says(path) is None
    assert "train with binary spikes" in refused(path)


def test_weight_exponents_of_old_nets(write_net):
    """netx ignores wgtExp, and theta and tauRho, which say nothing more."""
    path = write_net(dense([[12, -8, 4]], {**MEMORYLESS, "wgtExp": 2, "theta": 5120.0, "tauRho": 1.0, "scaleRho": 1.0}))
    np.testing.assert_array_equal(arrived(path, np.eye(3, dtype=int))[:, 0], [48, -32])
    np.testing.assert_array_equal(run_netx(path, np.eye(3, dtype=int), 3)[1][1:, 0] // 64, [12, -8])


@pytest.mark.parametrize("exponent", [-2, 0, 1, 3])
def test_weight_exponents_of_norms(write_net, exponent):
    """netx ignores weight_exp. SLAYER divides what current and bias bring, before the potential takes it."""
    neuron = cuba(type="LOIHI", iDecay=2048, vDecay=4096, vThMant=131071, weight_exp=float(exponent))
    path = write_net(dense([[12, -9, 5]], neuron, bias=[-3]))
    v = nk.run(nk.compile(load(path)), ALTERNATING, record=(("0-dense", "v"),)).states["0-dense", "v"][:, 0]
    u, expected = 0, []
    for row in [np.zeros(3, int), *ALTERNATING[:-1]]:
        u = int(np.trunc(u / 2)) + 64 * int(row @ [12, -9, 5])
        expected.append(int(np.trunc((u - 64 * 3) / 2.0**exponent)))
    np.testing.assert_array_equal(v, expected)


def test_a_missing_neuron(write_net):
    """netx: a threshold of 1 << 17 and a leak of 4096, from `1 << 18 - 1`. Ours: a readout at the end, else refused."""
    path = write_net(dense(ONES, None, bias=[1, 2]))
    assert netx_says(path) is None
    (population,) = load(path).populations.values()
    assert not population.neuron.emits
    assert "Export the layer with its neuron" in refused(write_net(dense(ONES, None), dense(np.ones((2, 2)), cuba())))


def test_an_affine_readout(write_net):
    """SLAYER's Affine writes a threshold of 2**18 - 1, which 17 bits do not hold: a readout, through v."""
    path = write_net(dense(ONES, cuba(vThMant=2**18 - 1)))
    (population,) = load(path).populations.values()
    assert not population.neuron.emits
    assert "vThMant is 262143" in refused(
        write_net(dense(ONES, cuba(vThMant=2**18 - 1)), dense(np.ones((1, 2)), cuba()))
    )


def test_turns_of_resonators(write_net):
    """netx loses 1/4096 of a sine or cosine on the way over period and decay; the file's integers stay here."""
    turn = {"type": "RF_PHASE", "sinDecay": 1501, "cosDecay": 3599, "vThMant": 20}
    (population,) = load(write_net(dense({"real": ONES, "imag": ONES}, turn))).populations.values()
    assert (population.neuron.sine, population.neuron.cosine) == (1501, 3599)


# --------------------------------------------------------------------------------------------------- weights and delays


def test_all_zero_weights(write_net):
    """netx: OverflowError."""
    path = write_net(dense(0 * ONES, MEMORYLESS))
    assert netx_says(path) is OverflowError
    assert not arrived(path, ALTERNATING).any()


def test_fractional_weights(write_net):
    """netx cuts them off, to 0 below 1."""
    path = write_net(dense(ONES / 2 + 1, cuba()))
    assert netx_says(path) is None
    assert "6 of 6 values of weight are fractional" in refused(path)


@pytest.mark.parametrize("weights", [[-2, -2, -2], [-4, -1, -1], [-201, 0, 0]])
def test_inhibitory_weights(write_net, weights):
    """netx drops bits of some; tests/truth/test_netx.py shows which."""
    path = write_net(dense([weights], MEMORYLESS))
    np.testing.assert_array_equal(arrived(path, np.eye(3, dtype=int))[:, 0], weights[:2])


@pytest.mark.parametrize("bias", [None, [20.0, -5.0]])
def test_delays_of_convolutions(write_net, bias):
    """netx ignores them. Without a bias, delayed input and delayed spikes are the same, up to what is the output."""
    kernel = np.array([[[[60, 40]]], [[[90, 20]]]])
    neuron, last = cuba(type="LOIHI"), 2 * np.array([[30, -20, 10, 40]])
    layer = conv(kernel, (2, 1, 2), bias=bias, delay=[0, 3], neuron=neuron)
    path = write_net(*image(layer, (1, 1, 3)), {"type": "flatten", "shape": [4, 1, 1]}, dense(last, neuron))
    matrix = np.array([[60, 40, 0], [0, 60, 40], [90, 20, 0], [0, 90, 20]])
    spikes = np.tile(ALTERNATING, (4, 1))
    hidden = loihi(spikes, matrix, np.repeat(bias or [0, 0], 2), [1] * 4, 1024, 128, lambda v: v > 5120)
    out = loihi(late(hidden, [0, 0, 3, 3]), last, [0], [1], 1024, 128, lambda v: v > 5120)
    np.testing.assert_array_equal(spikes_of(path, spikes.reshape(40, 1, 1, 3)), out)
    undelayed = loihi(hidden, last, [0], [1], 1024, 128, lambda v: v > 5120)
    assert (out != undelayed).any()
    np.testing.assert_array_equal(run_netx(path, spikes.reshape(40, 1, 1, 3), 40)[0], undelayed)


def test_delays_beyond_six_bits(write_net):
    """netx clamps them to 62 with a warning."""
    message = refused(write_net(dense(ONES, cuba(), delay=70)))
    assert "a delay is 70 steps; Loihi delays by up to 62 steps" in message


def test_an_input_block(write_net):
    """netx builds it, but its port leads nowhere (NotImplementedError at compile): data enter as a current here."""
    encoder = cuba(type="LOIHI", iDecay=4096, vDecay=0, vThMant=10)
    path = write_net({"type": "input", "shape": [3], "neuron": encoder}, dense(100 * np.eye(3), MEMORYLESS))
    found = nk.run(nk.compile(load(path)), np.tile([6, 0, 11], (4, 1)), record=("0-input",))
    np.testing.assert_array_equal(found.spikes["0-input"], [[0, 0, 1], [1, 0, 1], [0, 0, 1], [1, 0, 1]])
