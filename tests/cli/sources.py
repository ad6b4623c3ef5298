"""Small source files for the command line, written as NIR and SLAYER write them."""

from __future__ import annotations

from itertools import pairwise

import h5py
import nir
import numpy as np

DT = ("--dt", "1e-3")
STEPS, SAMPLES = 12, 3
IMAGE, IMAGES = (2, 4, 4), 2


def nir_graph(weight=None, readout=None):
    """6 inputs -> 5 LIF -> `readout` (default 4 LIF)."""
    rng = np.random.default_rng(3)
    weight = rng.normal(0.4, 0.5, (5, 6)).astype(np.float32) if weight is None else weight
    nodes = {
        "input": nir.Input(np.array([6])),
        "fc1": nir.Affine(weight, rng.normal(0, 0.05, 5).astype(np.float32)),
        "hidden": lif(5),
        "fc2": nir.Linear(rng.normal(0.4, 0.5, (4, 5)).astype(np.float32)),
        "last": lif(4) if readout is None else readout,
        "output": nir.Output(np.array([4])),
    }
    names = list(nodes)
    return nir.NIRGraph(nodes, list(pairwise(names)), type_check=False)


def lif(size):
    ones = np.ones(size, np.float32)
    return nir.LIF(0.01 * ones, 10 * ones, 0 * ones, ones)


def write_nir(path, *arguments, **keywords):
    nir.write(path, nir_graph(*arguments, **keywords))
    return path


def neurons(**changes):
    """A neuron group of a `.net` file."""
    return {"type": "CUBA", "iDecay": 1024, "vDecay": 128, "vThMant": 3, "refDelay": 1, "gradedSpike": False, **changes}


def write_net(path, *layers):
    """A `.net` file of dense layers, each (weight, neurons); and of image inputs, if the first is a shape."""
    with h5py.File(path, "w") as file:
        file.create_group("layer")
        for number, layer in enumerate(layers):
            group = file.create_group(f"layer/{number}")
            if isinstance(layer[0], int):
                group["type"] = np.array([b"input"], "S10")
                group["shape"], layer = np.array(layer), (None, neurons())
            else:
                group["type"] = np.array([b"dense"], "S10")
                group["shape"] = np.array([len(layer[0])])
                group["weight"] = np.asarray(layer[0], np.float32)
            for key, value in layer[1].items():
                group[f"neuron/{key}"] = value
    return path


def write_small_net(path):
    rng = np.random.default_rng(4)
    weights = (2.0 * rng.integers(-20, 60, (5, 6)), 2.0 * rng.integers(-20, 60, (4, 5)))
    return write_net(path, *((weight, neurons()) for weight in weights))
