"""Networks of dendritic gating for tests: drawn, and as EIANN would save them."""

from dataclasses import replace

import numpy as np

from neurokit.learn.btsp.network import Sizes
from neurokit.learn.btsp.start import initial

SMALL = Sizes((12, 9, 8, 4), (4, 3, 2), (3, 2))


def drawn(seed=3, sizes=SMALL):
    """Random weights; inhibition of E is weaker than published, so that small layers are not silent."""
    net = initial(sizes, seed)
    weak = [name for name in net.weights if name.partition("_")[0][-1] == "E" and name.endswith("SomaI")]
    weights = {name: matrix * np.float32(0.3 if name in weak else 1) for name, matrix in net.weights.items()}
    return replace(net, weights=weights)


def samples(n, seed=0, sizes=SMALL):
    return np.random.default_rng(seed).random((n, sizes.excitatory[0])).astype(np.float32)


def state_dict(net, extra=None):
    """As EIANN names them: all matrices, biases of zero, top-down weights too."""
    found = {f"module_dict.{name}.weight": matrix for name, matrix in net.weights.items()}
    for k in range(len(net.sizes.hidden)):
        above, label = net.sizes.labels[k + 2], net.sizes.labels[k + 1]
        found[f"module_dict.{label}E_{above}E.weight"] = net.top_down(k)
    for name in {name.partition("_")[0] for name in net.weights}:
        found[f"parameter_dict.{name}_bias"] = np.zeros(net.sizes.count(name), np.float32)
    return found | (extra or {})


def specification(net):
    """As EIANN writes it, without what belongs to learning."""
    sizes, labels = net.sizes, net.sizes.labels
    layers = {"Input": {"E": {"size": sizes.excitatory[0]}}}
    joined = {}
    for k, label in enumerate(labels[1:], 1):
        kinds = ["E", "SomaI", *(["DendI"] if label in sizes.hidden else [])]
        layers[label] = {kind: {"size": sizes.count(f"{label}{kind}"), "activation": "relu"} for kind in kinds}
        up = {labels[k - 1]: {"E": {"direction": "F", "weight_bounds": (0, None)}}}
        joined[label] = {
            "E": {**up, label: {"SomaI": {"direction": "R"}}},
            "SomaI": {**up, label: {"E": {"direction": "R"}, "SomaI": {"direction": "R"}}},
        }
        if label in sizes.hidden:
            dendrite = {"compartment": "dend", "update_phase": "B", "direction": "R"}
            joined[label]["E"][label]["DendI"] = dendrite
            joined[label]["E"][labels[k + 1]] = {"E": {"compartment": "dend", "update_phase": "B"}}
            joined[label]["DendI"] = {label: {"E": {"direction": "R"}, "DendI": {"direction": "R"}}}
    constants = {"tau": net.tau, "forward_steps": net.steps, "backward_steps": 0}
    return {"layer_config": layers, "projection_config": joined, "training_kwargs": constants}


YAML = """
layer_config:
    Input: {E: {size: 12}}
    H1:
        E: {size: 9, activation: relu}
        SomaI: {size: 4, activation: relu}
    Output:
        E: {size: 3, activation: relu, tau: 2}
projection_config:
    H1:
        E:
            Input:
                E:
                    weight_init_args: !!python/tuple
                    - 3.5
                    weight_bounds: !!python/tuple
                    - 0
                    - null
                    direction: F
            H1:
                SomaI: {direction: R}
        SomaI:
            Input:
                E: {}
    Output.E:
        H1.E: {type: Exc, direction: forward}
training_kwargs: {tau: 3, forward_steps: 7}
"""


def small_arrays(seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"H1E_InputE": (9, 12), "H1E_H1SomaI": (9, 4), "H1SomaI_InputE": (4, 12), "OutputE_H1E": (3, 9)}
    return {
        f"module_dict.{name}.weight": rng.random(shape) * (-1 if name.endswith("I") else 1)
        for name, shape in shapes.items()
    }
