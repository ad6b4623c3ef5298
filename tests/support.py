"""What is supported: one small source a row, tried on every backend; README's table is built from the outcome."""

from __future__ import annotations

import warnings
from itertools import pairwise

import h5py
import nir
import numpy as np

import neurokit as nk
from neurokit.api import get_backend
from neurokit.errors import ConversionWarning
from neurokit.graph.lif_family import ALIF, TernaryLIF
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import IF, LIF
from neurokit.graph.synapses import Conv2d, ConvTranspose2d, Dense, SumPool2d, Upsample2d, chain_shape
from tests import btsp, support_frameworks
from tests.converters.stereospikes import random_v2

BACKENDS = ("simulator", "lava", "lava-inprocess")
COLUMNS = ("float", *BACKENDS, "loihi2-stock")
HEADER = "| input | float Network | simulator | Lava 0.10 (CPU) | Lava, in one process | stock parts of Loihi 2 |"

_rng = np.random.default_rng(5)


def _chain(*nodes, shape):
    """A NIR graph of nodes in a row."""
    named = {"input": nir.Input(np.array(shape)), **{f"n{k}": node for k, node in enumerate(nodes)}}
    named["output"] = nir.Output(np.array(nodes[-1].output_type["output"]))
    edges = list(pairwise(named))  # nir's own shape check does not know groups
    return nir.NIRGraph(named, edges, type_check=False)


def _ones(shape, value):
    return np.full(shape, value, np.float32)


def _lif(shape):
    return nir.LIF(_ones(shape, 0.01), _ones(shape, 10.0), _ones(shape, 0.0), _ones(shape, 1.0))


def _if(shape):
    return nir.IF(_ones(shape, 1.0), _ones(shape, 1.0))


def _weights(*shape):
    return _rng.normal(0.3, 0.5, shape).astype(np.float32)


def _affine(out, size):
    return nir.Affine(_weights(out, size), _rng.normal(0, 0.05, out).astype(np.float32))


def _conv(out, channels, size, groups=1, stride=1):
    bias = _rng.normal(0, 0.05, out).astype(np.float32)
    return nir.Conv2d((size, size), _weights(out, channels // groups, 3, 3), stride, 1, 1, groups, bias)


def _pool(kind, channels, size):
    pool = kind(np.array([2, 2]), np.array([2, 2]), np.array([0, 0]))
    pool.input_type = {"input": np.array([channels, size, size])}
    pool.output_type = {"output": np.array([channels, size // 2, size // 2])}
    return pool


def _cuba(size):
    shapes = {"tau_syn": 0.005, "tau_mem": 0.01, "r": 10.0, "v_leak": 0.0, "v_threshold": 1.0, "w_in": 5.0}
    return nir.CubaLIF(**{name: _ones(size, value) for name, value in shapes.items()})


def _li(size):
    return nir.LI(_ones(size, 0.02), _ones(size, 20.0), _ones(size, 0.0))


def _flatten(*shape):
    return nir.Flatten({"input": np.array(shape)}, 0, -1)


def _net(kind="CUBA", conv=False, delay=False, layer0=False):
    """A `.net` file in memory."""
    file = h5py.File(f"{kind}{conv}{delay}{layer0}", "w", driver="core", backing_store=False)

    def layer(number, name, **fields):
        group = file.create_group(f"layer/{number}")
        group["type"] = np.array([name], "S10")
        for key, value in fields.items():
            group[key] = value
        if name != "flatten":
            neuron = group.create_group("neuron")
            neuron["type"] = kind
            for key, value in {"iDecay": 1024, "vDecay": 128, "vThMant": 60, "refDelay": 1}.items():
                neuron[key] = value

    first = 0
    if layer0:
        layer(0, "input", shape=[2, 5, 5])
        first = 1
    if conv:
        pairs = {key: [value, value] for key, value in (("stride", 1), ("padding", 1), ("dilation", 1))}
        kernel = 2.0 * _rng.integers(-20, 60, (3, 2, 3, 3))
        layer(first, "conv", shape=[3, 5, 5], weight=kernel, groups=1, bias=np.full(3, 5.0), **pairs)
        layer(first + 1, "flatten", shape=[1, 1, 75])
        first += 2
    size = 75 if conv else 6
    extra = {"delay": np.array([0, 3, 1, 5])} if delay else {}
    weight = 1.0 * _rng.integers(-60, 127, (4, size))
    layer(first, "dense", shape=[4], inFeatures=size, outFeatures=4, weight=weight, bias=np.full(4, -3.0), **extra)
    return file


def _sigma_delta():
    """A `.net` file of an encoder, a layer and a decoder."""
    file = h5py.File("SDNN", "w", driver="core", backing_store=False)
    sizes = (6, 5, 3)
    for number, size in enumerate(sizes):
        group = file.create_group(f"layer/{number}")
        group["type"] = np.array(["dense" if number else "input"], "S10")
        group["shape"] = [size]
        if number:
            group["inFeatures"], group["outFeatures"] = sizes[number - 1], size
            group["weight"] = 1.0 * _rng.integers(-60, 127, (size, sizes[number - 1]))
        neuron = group.create_group("neuron")
        for key, value in {"type": "SDNN", "activation": "relu", "vThMant": 2}.items():
            neuron[key] = value
        if number == len(sizes) - 1:
            neuron["sigma_output"] = True
    return file


def _saved(file, folder):
    path = folder / "net.net"
    file.flush()
    path.write_bytes(file.id.get_file_image())
    return path


def _written(folder, *layers):
    """A `.net` file of layers as mappings, nested ones for groups."""

    def fill(group, values):
        for key, value in values.items():
            if isinstance(value, dict):
                fill(group.create_group(key), value)
            else:
                group[key] = np.array([value], "S10") if key == "type" else value

    path = folder / "layers.net"
    with h5py.File(path, "w") as file:
        for number, layer in enumerate(layers):
            fill(file.create_group(f"layer/{number}"), layer)
    return path


def _cells(kind="LOIHI", **changes):
    """A neuron group of a `.net` file."""
    return {"type": kind, "iDecay": 1024, "vDecay": 128, "vThMant": 60, **changes}


def _wide(sources, targets, neuron, **changes):
    weight = 1.0 * _rng.integers(-60, 127, (targets, sources))
    return {"type": "dense", "shape": [targets], "weight": weight, "neuron": neuron, **changes}


def _recurrent(folder):
    loop = {"type": "dense_rec", "weight_rec": 2.0 * _rng.integers(-40, 30, (4, 4)), "delay": [0, 2, 1, 4]}
    return _written(folder, _wide(6, 4, _cells(), **loop), _wide(4, 3, _cells()))


def _pools(folder):
    def layer(kind, shape, weight, size):
        geometry = {"stride": [size, size], "padding": [0, 0], "dilation": [1, 1], "groups": 1}
        return {"type": kind, "shape": shape, "weight": weight, "neuron": _cells(), **geometry}

    kernel = 1.0 * _rng.integers(-20, 60, (2, 3, 2, 2))
    return _written(
        folder,
        {"type": "input", "shape": [2, 5, 4]},
        layer("pool", [2, 3, 2], np.full((1, 1, 2, 2), 40.0), 2),
        layer("convT", [3, 6, 4], kernel, 2),
        layer("unpool", [3, 12, 8], np.full((1, 1, 2, 2), 70.0), 2),
    )


_MOVES = {"thDecay": 400, "refDecay": 900, "vThStep": 30}
_TURN = {"sinDecay": 1500, "cosDecay": 3600, "vThMant": 20}


def _resonators(folder, kind, **more):
    neuron = {"type": kind, **_TURN, **more}
    layer = _wide(6, 4, neuron)
    layer["weight"] = {"real": layer["weight"], "imag": -layer["weight"]}
    return _written(folder, layer)


def _built(*layers, shape):
    """A Network made by hand: (maps, neuron) in a row, for what no converter reads."""
    populations, projections, before, size = {}, [], "input", shape
    for k, (maps, neuron) in enumerate(layers):
        name, size = f"p{k}", chain_shape(maps, size)
        populations[name] = Population(name, size, neuron)
        projections.append(Projection(before, name, maps))
        before = name
    return Network({"input": Input("input", shape)}, populations, projections, {before: populations[before]}, dt=1e-3)


SOURCES = {
    "NIR: Affine, Linear, LIF": lambda _: _chain(
        nir.Linear(_weights(8, 6)), _lif(8), _affine(4, 8), _lif(4), shape=[6]
    ),
    "NIR: IF": lambda _: _chain(_affine(5, 6), _if(5), shape=[6]),
    "NIR: CubaLIF": lambda _: _chain(nir.Linear(_weights(5, 6)), _cuba(5), shape=[6]),
    "NIR: LI readout": lambda _: _chain(_affine(5, 6), _lif(5), _affine(3, 5), _li(3), shape=[6]),
    "NIR: I readout": lambda _: _chain(
        _affine(5, 6), _if(5), nir.Linear(_weights(3, 5)), nir.I(_ones(3, 1.0)), shape=[6]
    ),
    "NIR: Conv2d (stride, padding, groups)": lambda _: _chain(
        _conv(4, 2, 6, groups=2, stride=2), _if((4, 3, 3)), shape=[2, 6, 6]
    ),
    "NIR: SumPool2d, Flatten": lambda _: _chain(
        _conv(3, 2, 6),
        _if((3, 6, 6)),
        _pool(nir.SumPool2d, 3, 6),
        _flatten(3, 3, 3),
        _affine(4, 27),
        _if(4),
        shape=[2, 6, 6],
    ),
    "NIR: AvgPool2d": lambda _: _chain(
        _conv(3, 2, 6), _if((3, 6, 6)), _pool(nir.AvgPool2d, 3, 6), _conv(2, 3, 3), _if((2, 3, 3)), shape=[2, 6, 6]
    ),
    **support_frameworks.NIR,
    **support_frameworks.FRAMEWORKS,
    "StereoSpike: state_dict of its second generation": lambda _: nk.convert(random_v2(width=1)[0], shape=(4, 5, 6)),
    "BTSP: DendriticNet, graded": lambda _: _btsp("graded"),
    "BTSP: EIANN's weights and specification, sigma-delta": lambda _: _btsp("sigma-delta", eiann=True),
    "BTSP: DendriticNet, rate code": lambda _: _btsp("rate"),
    "SLAYER .net: dense, LOIHI": lambda folder: _saved(_net("LOIHI"), folder),
    "SLAYER .net: dense, CUBA (fires at >=)": lambda folder: _saved(_net("CUBA"), folder),
    "SLAYER .net: conv, flatten": lambda folder: _saved(_net("LOIHI", conv=True, layer0=True), folder),
    "SLAYER .net: axonal delays": lambda folder: _saved(_net("LOIHI", delay=True), folder),
    "SLAYER .net: input layer, as currents": lambda folder: _saved(_net("LOIHI", conv=True, layer0=True), folder),
    "SLAYER .net: SDNN, values as currents": lambda folder: _saved(_sigma_delta(), folder),
    "SLAYER .net: recurrent, with delays": _recurrent,
    "SLAYER .net: pool, convT, unpool": _pools,
    "SLAYER .net: ALIF": lambda folder: _written(folder, _wide(6, 4, _cells("ALIF", **_MOVES))),
    "SLAYER .net: RF, complex weights": lambda folder: _resonators(folder, "RF_PHASE"),
    "SLAYER .net: ADRF, complex weights": lambda folder: _resonators(folder, "ADRF_PHASE", **_MOVES),
    "SLAYER .net: norm with a weight exponent": lambda folder: _written(folder, _wide(6, 4, _cells(weight_exp=1.0))),
    "SLAYER .net: refractory periods": lambda folder: _written(folder, _wide(6, 4, _cells(refDelay=3))),
    "by hand: LIF with a refractory period": lambda _: _built(
        ((Dense(_weights(5, 6)),), LIF(tau=0.02, r=20.0, refractory=3e-3)), shape=(6,)
    ),
    "by hand: TernaryLIF": lambda _: _built(
        ((Dense(_weights(5, 6)),), TernaryLIF(tau_syn=0.005, tau_mem=0.02, r=40.0)), shape=(6,)
    ),
    "by hand: ALIF (e-prop's)": lambda _: _built(
        ((Dense(_weights(5, 6)),), ALIF(tau=0.02, tau_adaptation=0.2, beta=0.1)), shape=(6,)
    ),
    "by hand: Upsample2d (nearest, any ratio), Conv2d": lambda _: _built(
        ((Upsample2d((9, 11)), Conv2d(_weights(3, 2, 3, 3), bias=_rng.normal(0, 0.05, 3))), IF()), shape=(2, 4, 5)
    ),
    "by hand: ConvTranspose2d": lambda _: _built(
        ((ConvTranspose2d(_weights(2, 3, 3, 3), 2, 1, 1),), IF()), shape=(2, 4, 5)
    ),
    "by hand: pools in a row": lambda _: _built(
        ((SumPool2d(2, 2),), IF()), ((SumPool2d(3, 2, 1, 1 / 9),), IF(threshold=0.2)), shape=(2, 8, 8)
    ),
}


def _btsp(code, eiann=False):
    """A small network of dendritic gating, and samples of its input."""
    net, samples = btsp.drawn(), btsp.samples(20)
    source, spec = (btsp.state_dict(net), btsp.specification(net)) if eiann else (net, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConversionWarning)  # dendrites are left out
        network = nk.convert(source, kind="btsp", code=code, calibrate=samples, spec=spec)
    return network, network.presented(samples[:, None])


def graphs(name, folder):
    """(Network, Program) of a row's source."""
    source = SOURCES[name](folder)
    inputs = {"inputs": "current" if "currents" in name else "spikes"} if name.startswith("SLAYER") else {}
    network, samples = source if isinstance(source, tuple) else (source, None)
    if not isinstance(network, Network):
        network = nk.convert(network, dt=1e-3, **inputs)
    return network, nk.compile(network, calibrate=samples)


def row(name, folder):
    """The row's cells: yes, no."""
    network, program = graphs(name, folder)
    cells = ["" if network.is_integer else "yes"]
    cells += ["no" if get_backend(backend).accepts(program) else "yes" for backend in BACKENDS]
    cells.append("yes" if "loihi2-stock" in program.targets else "no")
    return f"| {name} | {' | '.join(cell or 'is integers' for cell in cells)} |"


def table(folder):
    """README's table."""
    return "\n".join([HEADER, "|" + "---|" * (len(COLUMNS) + 1), *(row(name, folder) for name in SOURCES)])
