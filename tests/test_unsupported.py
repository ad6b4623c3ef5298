"""The ledger of what neurokit does not do yet: sound in form, and its refusals really say so."""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import h5py
import nir
import numpy as np
import pytest

import neurokit as nk
from neurokit import errors
from neurokit.firstlight.chip import SimulatedChip
from neurokit.graph.graded_neurons import SigmaDelta
from neurokit.graph.lif_family import QIF, TernaryLIF
from neurokit.graph.neurons import IF, LIF, LeakyIntegrator, LoihiLIF
from neurokit.graph.resonators import ResonateAndFire
from neurokit.graph.synapses import Conv2d, ConvTranspose2d, Dense
from neurokit.lower.silicon import Silicon
from neurokit.lower.targets import target_faults
from tests.converters.onnx_models import Sketch
from tests.networks import joined, network

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LEDGER = Path(__file__).with_name("unsupported.toml")
ENTRIES = tomllib.loads(LEDGER.read_text(encoding="utf-8"))["unsupported"]
BY_NAME = {entry["what"]: entry for entry in ENTRIES}
FIELDS = {"what", "where", "reason", "mend"}

EYE = Dense(np.eye(2))
SMALL = network((EYE, IF()), dt=1e-3)
PROGRAM = nk.compile(SMALL)


def test_every_entry_is_whole():
    for entry in ENTRIES:
        assert set(entry) - {"error", "says"} == FIELDS, entry
        assert all(isinstance(value, str) and value.strip() == value and value for value in entry.values()), entry
        assert issubclass(getattr(errors, entry.get("error", "NeurokitError")), errors.NeurokitError)
        assert entry["mend"][-1] in ".=h", f"a mend is a sentence, or the beginning of one: {entry['mend']}"


def test_no_entry_stands_there_twice():
    names = [entry["what"].lower() for entry in ENTRIES]
    assert len(names) == len(set(names))
    assert len({(entry["what"], entry["where"]) for entry in ENTRIES}) == len(ENTRIES)


def test_the_tool_to_read_it_is_there():
    assert LEDGER.read_text(encoding="utf-8").startswith("# What neurokit does not do yet.")


# --------------------------------------------------------------------------------------------- refusals, provoked


def learning(rule, neuron=None):
    plain = network((EYE, neuron or LIF(tau=np.asarray(0.02))), dt=1e-3)
    (projection,) = plain.projections
    return replace(plain, projections=(replace(projection, plasticity=rule),))


def graph(nodes, edges, out=(2,)):
    """A NIR graph: Input -> nodes -> Output."""
    ends = {"in": nir.Input(np.array([2])), "out": nir.Output(np.array(out))}
    return nir.NIRGraph({**ends, **nodes}, edges, type_check=False)


def row(node):
    """A NIR graph with one node between weights and neurons."""
    nodes = {"w": nir.Linear(np.ones((2, 2))), "x": node, "n": fire()}
    return graph(nodes, [("in", "w"), ("w", "x"), ("x", "n"), ("n", "out")])


def save_state(backend):
    with nk.open(PROGRAM, backend) as session:
        session.save("state.nk")


def fire():
    return nir.IF(r=np.ones(2), v_threshold=np.ones(2))


def unequal_paths():
    nodes = {"a": nir.Linear(np.ones((2, 2))), "b": nir.Delay(np.full(2, 1e-3)), "n": fire()}
    return graph(nodes, [("in", "a"), ("a", "n"), ("a", "b"), ("b", "n"), ("n", "out")])


def bare_weights():
    """A file of one matrix, which says nothing of neurons."""
    file = Path(tempfile.mkdtemp()) / "model.npz"
    np.savez(file, weight=np.eye(2))
    return file


def late_inside():
    nodes = {"x": nir.Linear(np.ones((2, 2))), "y": nir.Delay(np.array([0, 1e-3])), "z": nir.Linear(np.ones((2, 2)))}
    return graph(nodes | {"n": fire()}, [("in", "x"), ("x", "y"), ("y", "z"), ("z", "n"), ("n", "out")])


def loop(delay):
    return joined(SMALL, replace(SMALL.projections[0], source="p0", delay=delay))


def late(delay):
    return replace(SMALL, projections=(replace(SMALL.projections[0], delay=delay),))


def integer_with_bias():
    made = network((Dense(np.full((2, 2), 3), np.ones(2)), LoihiLIF(4096, 0, 640)), dt=1.0)
    return replace(made, projections=(replace(made.projections[0], delay=1.0),))


def onnx_model(build, opset=17, batch=1):
    sketch = Sketch(opset=opset)
    return nk.convert(sketch.model(build(sketch, sketch.input(batch, 1, 2, 2))), code="sigma-delta")


def recorded(name, content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        nk.encode.read(path)


def recorded_hdf5():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "shd.h5")
        with h5py.File(path, "w") as file:
            file["spikes/times"], file["spikes/units"], file["labels"] = np.ones(3), np.ones(3), np.ones(1)
        nk.encode.read(path)


PROVOKED = {
    "ONNX operators beyond layers of rectifiers": lambda: onnx_model(lambda s, x: s.op("Sigmoid", x)),
    "ONNX opsets before 7, functions, subgraphs, sparse initialisers": lambda: onnx_model(lambda s, x: s.relu(x), 6),
    "ONNX models of a fixed batch of several samples": lambda: onnx_model(lambda s, x: s.relu(x), batch=2),
    "resizes other than nearest and linear": lambda: onnx_model(
        lambda s, x: s.op("Resize", x, s.constant(np.ones(0, np.float32)), s.weights(4), mode="cubic")
    ),
    "weights without a specification": lambda: nk.convert(bare_weights()),
    "NIR paths of unequal delay through the same pairs of neurons": lambda: nk.convert(unequal_paths(), dt=1e-3),
    "NIR Delays that differ between neurons, between two maps with weights": lambda: nk.convert(late_inside(), dt=1e-3),
    "neurons, maps, delays of single synapses and refractory periods that NIR has no node for": lambda: network(
        (EYE, LIF(tau=1e-2, refractory=1e-3)), dt=1e-3
    ).save("x.nir"),
    "weights of more than 8 bits": lambda: nk.compile(SMALL, bits=9),
    "loops without delay": lambda: nk.compile(loop(0.0)),
    "delays off the grid of steps": lambda: nk.compile(late(1.5e-3)),
    "delays of more than 63 steps": lambda: nk.compile(late(64e-3)),
    "thresholds at or below rest": lambda: nk.compile(network((EYE, IF(-1.0)))),
    "thresholds so far above the weights that these keep fewer than three bits": lambda: nk.compile(
        network((EYE, IF(1e6)))
    ),
    "readouts whose neurons rest at different potentials": lambda: nk.compile(
        network((EYE, LeakyIntegrator(tau=0.01, v_leak=[0.0, 1.0])), dt=1e-3)
    ),
    "quadratic and phase neurons in integers": lambda: nk.compile(network((EYE, QIF(tau=0.02)), dt=1e-3)),
    "time constants shorter than a step": lambda: nk.compile(network((EYE, LIF(tau=1e-4)), dt=1e-3)),
    "sigma-delta neurons and relays in integers without samples of the input": lambda: nk.compile(
        network((EYE, SigmaDelta()))
    ),
    "biases in the maps to sigma-delta neurons and relays": lambda: nk.compile(
        network((Dense(np.eye(2), np.ones(2)), SigmaDelta())), calibrate=np.ones((2, 2))
    ),
    "resonate-and-fire neurons in floats on the chip": lambda: nk.compile(network((EYE, ResonateAndFire(period=8.0)))),
    "a bias in the weights of an integer source": lambda: nk.compile(integer_with_bias()),
    "Networks on Lava": lambda: nk.run(SMALL, [[1, 0]], backend="lava"),
    "neurons other than LIF and sigma-delta, and learning, on a simulated chip": lambda: nk.run(
        nk.compile(network((EYE, TernaryLIF(tau_syn=5e-3, tau_mem=1e-2)), dt=1e-3)), [[1, 0]], backend=SimulatedChip()
    ),
    "the Loihi 2 board without Intel's lava-loihi extension": lambda: nk.run(PROGRAM, [[1, 0]], backend="loihi2"),
    "Loihi 1 boards as a backend": lambda: nk.run(PROGRAM, [[1, 0]], backend="loihi1"),
    "following a silicon file with neurons other than LIF and sigma-delta, or where something learns": lambda: nk.run(
        nk.compile(network((EYE, TernaryLIF(tau_syn=5e-3, tau_mem=1e-2)), dt=1e-3)),
        [[1, 0]],
        silicon=Silicon(bias_shift=6),
    ),
    "fractional inputs to a Program": lambda: nk.run(PROGRAM, [[0.5, 0]]),
    "checkpoints of runs on Lava": lambda: nk.run(PROGRAM, [[1, 0]], backend="lava-inprocess", checkpoint="run.ck"),
    "saved states of Lava's processes": lambda: save_state("lava"),
    "DAT recordings of other versions than 2": lambda: recorded("x.dat", b"% Version 1\n\x0c\x08" + bytes(8)),
    "RAW recordings in EVT 4": lambda: recorded("x.raw", b"% evt 4.0\n" + bytes(8)),
    "AEDAT 1.0 recordings": lambda: recorded("x.aedat", b"#!AER-DAT1.0\r\n" + bytes(8)),
    "AEDAT 2 recordings of other cameras than DVS128, DAVIS240 and DAVIS346": lambda: recorded(
        "x.aedat", b"#!AER-DAT2.0\r\n# AEChip: Another\r\n" + bytes(8)
    ),
    "recordings of several samples in one HDF5 file (SHD, SSC)": lambda: recorded_hdf5(),
    "neurons back to floats from integers alone": lambda: nk.to_network(
        nk.compile(network((EYE, TernaryLIF(tau_syn=5e-3, tau_mem=1e-2)), dt=1e-3))
    ),
    "rules that are not local, and what a host does between steps, in a Program": lambda: nk.compile(
        learning(nk.rules.self_alignment(forward="in->p0", learning_rate=0.1, decay=10.0, every=1e-2))
    ),
    "functions of a rule beyond products and the sign of a synaptic variable, in a Program": lambda: nk.compile(
        learning(nk.rules.rule("r", weight="pre * sigmoid(w)"))
    ),
    "plasticity into graded neurons in a Program": lambda: nk.compile(
        learning(nk.rules.rule("r", weight="pre * w"), SigmaDelta()), calibrate=np.ones((2, 2))
    ),
    "the fidelity of convolutions that learn": lambda: nk.fidelity(
        nk.rules.stdp(), network((Conv2d(np.ones((2, 1, 2, 2))), IF()), shape=(1, 4, 4), dt=1e-3), np.ones((9, 1, 4, 4))
    ),
    "fewer bits of traces that saturate at a limit": lambda: nk.fidelity(
        nk.rules.rule(
            "saturating",
            weight="0.01 * post * x",
            traces={"x": nk.rules.Trace("pre", 0.02, limit=2.0)},
            citation="a test",
        ),
        network((EYE, IF()), dt=1e-3),
        np.ones((9, 2)),
        trace_bits=(5,),
    ),
    "payloads of more than 24 bits": lambda: nk.run(PROGRAM, [[2**23, 0]]),
}


@pytest.mark.parametrize("what", PROVOKED)
def test_the_stated_error_occurs(what):
    entry = BY_NAME[what]
    with pytest.raises(getattr(errors, entry["error"])) as caught:
        PROVOKED[what]()
    assert entry.get("says", entry["mend"]) in str(caught.value)


def test_every_stated_error_is_provoked():
    stated = {entry["what"] for entry in ENTRIES if "error" in entry}
    if stated - set(PROVOKED):
        raise AssertionError(f"provoke these, too, or leave out their error: {sorted(stated - set(PROVOKED))}")


ON_CHIP = {
    "soft reset on the chips": network((EYE, IF(reset="soft"))),
    "thresholds that are no multiples of 64 on the chips": network((EYE, IF(fires=">="))),
    "parameters of their own for each neuron on the chips": network((EYE, IF(threshold=[1.0, 2.0]))),
    "resized and transposed convolutions on the chips": network(
        (ConvTranspose2d(np.ones((1, 1, 2, 2)), 2), IF()), shape=(1, 2, 2)
    ),
}


@pytest.mark.parametrize("what", ON_CHIP)
@pytest.mark.parametrize("target", ["loihi2-stock", "loihi1"])
def test_the_stated_fault_of_the_chips_occurs(what, target):
    program = nk.compile(ON_CHIP[what])
    assert program.targets == ("lava-cpu",)
    (fault,) = target_faults(program, target)
    assert fault.mend == BY_NAME[what]["mend"]
