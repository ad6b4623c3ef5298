"""Networks that BTSP trains: the Network against the source step by step, the Program, Lava, Dale's law, files."""

import json
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

import neurokit as nk
from neurokit.cli import main
from neurokit.converters.btsp import CODES, network_of
from neurokit.converters.btsp_eiann import read_spec
from neurokit.converters.btsp_net import load_dendritic_net
from neurokit.converters.btsp_rates import of_dendritic
from neurokit.errors import ConversionWarning, GraphError, InputError, SampleWarning
from neurokit.graph.neurons import IF
from neurokit.graph.synapses import Dense
from neurokit.learn.btsp.network import forward, is_inhibitory
from neurokit.learn.btsp.start import initial
from neurokit.learn.btsp.training import accuracy, predicted
from neurokit.learn.tasks.images import digits
from tests.btsp import SMALL, YAML, drawn, samples, small_arrays, specification, state_dict
from tests.networks import network as joined

BACKENDS = ("simulator", "lava-inprocess")
CHANGES = ("graded", "sigma-delta")  # codes by which neurons send changes of a value
SOMATA = ("H1E", "H1SomaI", "H2E", "H2SomaI", "OutputE", "OutputSomaI")


def converted(source, **options):
    with pytest.warns(ConversionWarning, match="left out, since they act in learning only: H1DendI_H1DendI, H1DendI_"):
        return nk.convert(source, kind="btsp", **options)


def compiled(net, code="graded"):
    x = samples(40, 1, net.sizes)
    network = network_of(of_dendritic(net), code, x)
    return network, nk.compile(network, calibrate=network.presented(x[:, None]))


def values(recording, name):
    """What a population has sent until each step."""
    return np.cumsum(recording.spikes[name], axis=1, dtype=np.float64)


# ----------------------------------------------------------------------------------------------------- as the source


@pytest.mark.parametrize("tau", [1.0, 3.0])
def test_every_rate_in_every_step_is_the_sources(tau):
    net, x = replace(drawn(), tau=tau, steps=9), samples(5)
    network = converted(net, code="graded")
    assert network.steps_per_sample == 18
    found = nk.run(network, network.presented(x[:, None]), record=SOMATA)
    for step, rates in enumerate(of_dendritic(net).rates(x)):
        for name in SOMATA:
            for half in (0, 1):
                np.testing.assert_allclose(values(found, name)[:, 2 * step + half], rates[name], rtol=1e-6, atol=1e-9)
    for name, rate in forward(net, x).forward.items():
        if name in SOMATA:
            np.testing.assert_allclose(values(found, name)[:, -1], rate, rtol=1e-4, atol=1e-5)


def test_a_state_is_the_sources_below_zero_too():
    net, x = initial(SMALL, 0), samples(4)
    network = converted(net, code="graded")
    found = nk.run(network, network.presented(x[:, None]), record=("H1E.state",))
    states = forward(net, x).states["H1E"]
    assert (states < 0).any()
    np.testing.assert_allclose(values(found, "H1E.state")[:, -1], states, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("code", CHANGES)
def test_the_program_is_near_the_source(code):
    net, x = drawn(), samples(30, 7)
    _, program = compiled(net, code)
    assert {"lava-cpu", "loihi2-stock"} <= set(program.targets)
    assert program.steps_per_sample == 2 * net.steps
    shown = program.presented(x[:, None])
    assert shown.shape == (30, 2 * net.steps + max(program.latency.values()), 12)
    found = nk.run(program, shown, record=SOMATA)
    scale = {row.population: row.payload_scale for row in program.report}
    exact = of_dendritic(net).rates(x)[-1]
    for name in SOMATA:
        last = values(found, name)[:, 2 * net.steps + program.latency[name] - 1] / scale[name]
        error = np.sqrt(np.square(last - exact[name]).mean() / np.square(exact[name]).mean())
        assert error < (0.03 if code == "graded" else 0.06), (name, error)


def test_sigma_delta_sends_fewer_messages():
    net, x = drawn(), samples(30, 7)
    counts = {}
    for code in CHANGES:
        _, program = compiled(net, code)
        found = nk.run(program, program.presented(x[:, None]))
        counts[code] = sum(int(count.sum()) for name, count in found.counts.items() if name != "x")
    assert counts["sigma-delta"] < 0.97 * counts["graded"]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("bits", [8, 4])
def test_dales_law_holds_in_integers(code, bits):
    """Each matrix has its source's sign, none is lost."""
    net = drawn(5)
    x = samples(20)
    network = network_of(of_dendritic(net), code, x)
    program = nk.compile(network, calibrate=network.presented(x[:, None]), bits=bits)
    dense = [p for p in program.projections if isinstance(p.synapse, Dense)]
    assert {(p.target.removesuffix(".state"), p.source) for p in dense} == {
        (joint.target, "x" if code == "rate" and joint.source == "InputE" else joint.source)
        for joint in of_dendritic(net).joints
    }
    for projection in dense:
        weight = projection.synapse.weight
        sign = -1 if is_inhibitory(f"_{projection.source}") else 1
        assert (sign * weight >= 0).all(), projection.name
        assert (weight != 0).any(), projection.name
    others = [p.synapse.weight for p in program.projections if not isinstance(p.synapse, Dense)]
    assert all((weight.data > 0).all() and weight.nnz == weight.shape[0] for weight in others)


@pytest.mark.parametrize("code", CODES)
def test_lava_sends_the_same(code):
    """All messages and states of all populations."""
    net, x = drawn(2), samples(2, 3)
    _, program = compiled(net, code)
    record = (*program.populations, *((n, s) for n, p in program.populations.items() for s in p.neuron.states))
    shown = program.presented(x[:, None])
    ours, lavas = (nk.run(program, shown, None, backend, record, time_limit=200) for backend in BACKENDS)
    compared = 0
    for name in program.populations:
        assert np.array_equal(ours.spikes[name], lavas.spikes[name]), name
        for state in program.populations[name].neuron.states:
            assert np.array_equal(ours.states[name, state], lavas.states[name, state]), (name, state)
            compared += ours.states[name, state].size
        assert ours.spikes[name].any(), name
    assert compared > 14_000


def test_rate_code():
    """Currents are the source's states as far as spikes carry its rates; an eighth of a step each; stock parts."""
    net, x = drawn(), samples(30, 7)
    network, program = compiled(net, "rate")
    assert network.steps_per_sample == 8 * net.steps
    assert network.dt == pytest.approx(1e-3 / 8)
    assert "loihi2-stock" in program.targets
    found = nk.run(program, program.presented(x[:, None]), record=(*SOMATA, ("H1SomaI", "u")))
    rates, states = of_dendritic(net).rates(x)[-1], forward(net, x).states
    for name in SOMATA:
        assert set(np.unique(found.spikes[name])) <= {0, 1}
        last = found.aligned(name)[:, 8 * (net.steps - 3) : 8 * net.steps].mean(axis=1)
        assert np.corrcoef(last.ravel(), rates[name].ravel())[0, 1] > 0.75, name
    current = found.aligned("H1SomaI", "u")[:, 8 * net.steps - 1]
    assert np.corrcoef(current.ravel(), states["H1SomaI"].ravel())[0, 1] > 0.95


def test_the_ladder():
    """Source (its own equations) -> Network -> Program -> Lava; the label is the source's decision."""
    net, x = drawn(2), samples(6, 3)
    network, program = compiled(net)
    rates = of_dendritic(net).rates(x)
    expected = {"OutputE": np.repeat(np.stack([step["OutputE"] for step in rates], axis=1), 2, axis=1)}
    labels = rates[-1]["OutputE"].argmax(1)
    shown = network.presented(x[:, None])
    parity = nk.verify(network, shown, program=program, expected=expected, labels=labels, attribute=0)
    ground, _, lava = parity.rungs
    assert ground.ok
    assert lava.ok
    accuracies = {decision.stage: decision.accuracy for decision in parity.decisions}
    assert accuracies["network"] == 1.0
    assert accuracies["program"] >= 5 / 6


def digits_network():
    """64-200-200-10, trained by "gated" BTSP (examples/16_btsp_layers.py), and the digits."""
    return load_dendritic_net(Path(__file__).parents[2] / "examples" / "btsp" / "digits.npz"), digits()


@pytest.mark.parametrize("code", CHANGES)
def test_unseen_digits(code):
    net, images = digits_network()
    x, y, seen = images.test_x[:90], images.test_y[:90], images.x[:60]
    network = network_of(of_dendritic(net), code, seen)
    program = nk.compile(network, calibrate=network.presented(seen[:, None]))
    assert "loihi2-stock" in program.targets
    sent = nk.run(program, program.presented(x[:, None])).spikes["OutputE"]
    floats = predicted(net, x)
    assert (floats == y).mean() > 0.9
    assert (sent.sum(axis=1).argmax(axis=1) == floats).mean() > 0.96


@pytest.mark.slow
@pytest.mark.parametrize("code", CODES)
def test_digits_on_lava(code):
    """All that is sent for 8 images, and (but for rate code) all 360 images near the floats."""
    net, images = digits_network()
    network = network_of(of_dendritic(net), code, images.x[:200])
    program = nk.compile(network, calibrate=network.presented(images.x[:200, None]))
    assert "loihi2-stock" in program.targets
    few = program.presented(images.test_x[:8, None])
    ours, lavas = (nk.run(program, few, None, b, tuple(program.populations), time_limit=280) for b in BACKENDS)
    assert all(np.array_equal(ours.spikes[name], lavas.spikes[name]) for name in program.populations)
    if code in CHANGES:
        found = nk.run(program, program.presented(images.test_x[:, None])).spikes["OutputE"]
        accurate = (found.sum(axis=1).argmax(axis=1) == images.test_y).mean()
        lost = accuracy(net, images.test_x, images.test_y) - accurate
        assert lost < (0.025 if code == "graded" else 0.03)


# ------------------------------------------------------------------------------------------------------------ sources


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_our_own_files(tmp_path, suffix):
    net = drawn()
    net.save(tmp_path / f"net{suffix}")
    x = samples(20)
    same(converted(tmp_path / f"net{suffix}", code="graded", calibrate=x), converted(net, code="graded", calibrate=x))


def same(one, other):
    assert one.populations.keys() == other.populations.keys()
    by_name = {p.name: p for p in other.projections}
    assert {p.name for p in one.projections} == by_name.keys()
    for p, q in ((p, by_name[p.name]) for p in one.projections):
        weights = [w.toarray() if hasattr(w, "toarray") else w for w in (p.synapses[0].weight, q.synapses[0].weight)]
        np.testing.assert_array_equal(*weights)
        np.testing.assert_array_equal(p.delay, q.delay)
    for name, population in one.populations.items():
        for field in ("threshold", "activation"):
            found = [getattr(node.neuron, field, None) for node in (population, other.populations[name])]
            assert np.array_equal(*found), name
    assert (one.dt, one.steps_per_sample) == (other.dt, other.steps_per_sample)


@pytest.mark.parametrize("suffix", [".pt", ".npz", ".safetensors"])
def test_eianns_weights_with_their_specification(tmp_path, suffix):
    net = drawn()
    path, arrays = tmp_path / f"net{suffix}", state_dict(net)
    if suffix == ".pt":
        torch.save({"final_state_dict": {name: torch.tensor(values) for name, values in arrays.items()}}, path)
    elif suffix == ".npz":
        np.savez(path, **arrays)
    else:
        save_file({name: np.ascontiguousarray(values) for name, values in arrays.items()}, path)
    same(converted(path, code="graded", spec=specification(net)), converted(net, code="graded"))


def test_a_yaml_file(tmp_path):
    """Tuples of Python, dots and nesting, directions by default, a time constant of its own."""
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    (tmp_path / "net.yaml").write_text(YAML)
    arrays = small_arrays()
    network = nk.convert(arrays, kind="btsp", spec=tmp_path / "net.yaml", code="graded")
    assert network.steps_per_sample == 14
    names = "InputE", "H1E.state", "H1E", "H1SomaI.state", "H1SomaI", "OutputE.state", "OutputE"
    assert tuple(network.populations) == names
    x = samples(4)
    e, i, out = np.zeros((4, 9)), np.zeros((4, 4)), np.zeros((4, 3))
    w = {name.split(".")[1]: weight for name, weight in arrays.items()}
    s = [e, i, out]
    for _ in range(7):
        old = i
        s[0] = s[0] + (x @ w["H1E_InputE"].T + old @ w["H1E_H1SomaI"].T - s[0]) / 3
        s[1] = s[1] + (x @ w["H1SomaI_InputE"].T - s[1]) / 3
        e, i = np.maximum(s[0], 0), np.maximum(s[1], 0)
        s[2] = s[2] + (e @ w["OutputE_H1E"].T - s[2]) / 2
    found = nk.run(network, network.presented(x[:, None]))
    np.testing.assert_allclose(values(found, "OutputE")[:, -1], np.maximum(s[2], 0), rtol=1e-6)


def test_a_json_file(tmp_path):
    net = drawn()
    (tmp_path / "net.json").write_text(json.dumps(specification(net)))
    arrays = state_dict(net)
    same(converted(arrays, code="graded", spec=tmp_path / "net.json"), converted(net, code="graded"))


def test_nothing_is_said_where_nothing_is_left_out(tmp_path):
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    (tmp_path / "net.yaml").write_text(YAML)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nk.convert(small_arrays(), kind="btsp", spec=read_spec(tmp_path / "net.yaml"), code="graded")


# --------------------------------------------------------------------------------------------------- steps of a sample


def test_steps_of_a_sample_are_kept_in_files(tmp_path):
    network, program = compiled(drawn())
    for graph in (network, program):
        graph.save(tmp_path / "net.nk")
        assert nk.load(tmp_path / "net.nk").steps_per_sample == 30
    plain = replace(joined((Dense(np.eye(2)), IF()), dt=1e-3), steps_per_sample=7)
    assert nk.to_network(nk.compile(plain)).steps_per_sample == 7


def test_frames_are_shown_for_these_steps():
    network, program = compiled(drawn())
    x = samples(4)
    assert network.presented(x[:, None]).shape == (4, 30, 12)
    assert network.presented({"x": x[0][None]})["x"].shape == (30, 12)
    assert np.array_equal(network.presented(x[:, None])[:, 29], x)
    two = program.presented(x[None, :2])
    assert two.shape == (1, 60 + program.latency["OutputE"], 12)
    assert np.array_equal(two[0, 30:60], np.repeat(program.scaled(x[1:2]), 30, axis=0))
    assert not two[0, 60:].any()
    with pytest.raises(InputError, match=r"'x': has shape \(12,\); frames have shape \(n, 12\)"):
        network.presented(x[0])
    with pytest.raises(InputError, match="'y': is no input; inputs: x"):
        network.presented({"y": x})


def test_other_lengths_of_a_sample_are_told():
    """Samples as a sequence, a single step, and a session without a reset between samples."""
    net, x = drawn(), samples(4)
    network, program = compiled(net)
    late = program.latency["OutputSomaI"]
    said = rf"'x': a sample has {{}}; the source shows one for 30 steps from rest, which {late} more let through"
    with pytest.warns(SampleWarning, match=said.format(f"{120 + late} steps")):
        nk.run(program, program.presented(x))
    with pytest.warns(SampleWarning, match=said.format("1 step")):
        nk.run(program, program.scaled(x)[:, None])
    with pytest.warns(SampleWarning, match=r"a sample has 120 steps; the source shows one for 30 steps from rest\."):
        nk.compile(network, calibrate=network.presented(x))
    nk.run(program, program.presented(x[:, None]), 30)
    one = program.presented(x[:1])
    with nk.open(program) as session:
        session.step(one)
        session.reset()
        session.step(one)
        with pytest.warns(SampleWarning, match=rf"'session': has gone on for {30 + late + 1} steps; .* 30 from rest"):
            session.step(one[0])
        session.step(one[0])  # told once


def test_steps_below_zero():
    with pytest.raises(GraphError, match="'steps_per_sample': is -1; a number of steps is 0 or more"):
        nk.compile(replace(joined((Dense(np.eye(2)), IF()), dt=1e-3), steps_per_sample=-1))


def test_the_command_line(tmp_path, monkeypatch):
    net, x = drawn(), samples(20)
    net.save(tmp_path / "net.npz")
    np.save(tmp_path / "x.npy", x)
    options = f"--kind btsp --code graded --calibrate {tmp_path / 'x.npy'} -o {tmp_path / 'n.nk'}".split()
    monkeypatch.setattr("sys.argv", ["neurokit", "convert", str(tmp_path / "net.npz"), *options])
    with pytest.warns(ConversionWarning, match="left out"), pytest.raises(SystemExit, match=r"^0$"):
        main()
    assert nk.load(tmp_path / "n.nk").steps_per_sample == 30
