"""The parity ladder climbed by real runs: what holds, and how a planted difference is named."""

from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit import api, ladder
from neurokit.causes import switching
from neurokit.errors import BackendError, Fault, FormatError, InputError, NeurokitError, VerificationInterrupted
from neurokit.graph.network import Projection
from neurokit.graph.neurons import IF
from neurokit.graph.synapses import Dense
from neurokit.hardware.lava.backend import LavaBackend
from neurokit.hardware.simulator.backend import Simulator
from tests.cli.sources import nir_graph, write_nir, write_small_net
from tests.networks import network

DATA = (np.random.default_rng(5).random((3, 12, 6)) < 0.4).astype(np.uint8)
NETWORK = nk.convert(nir_graph(), dt=1e-3)
PROGRAM = nk.compile(NETWORK)
OUT = ("last", "spikes")
LAST = 2  # latency of the output


@pytest.fixture
def net(tmp_path):
    return write_small_net(tmp_path / "small.net")


def rungs(parity):
    return [(rung.reference, rung.candidate, rung.exact, rung.ok) for rung in parity.rungs]


FLOAT = ("network", "program", False, True)
LAVA = ("program", "lava-inprocess", True, True)


def one_fault(error, *arguments, **keywords):
    with pytest.raises(error) as caught:
        nk.verify(*arguments, **keywords)
    (fault,) = caught.value.faults
    assert all((fault.node, fault.fact, fault.limit, fault.mend))
    return str(fault)


# --------------------------------------------------------------------------------------------------------------- forms


def test_a_nir_graph_in_memory():
    parity = nk.verify(NETWORK, DATA)
    assert rungs(parity) == [FLOAT, LAVA]
    assert parity.ok
    assert parity.rungs[1].differing == 0


def test_a_nir_file(tmp_path):
    parity = nk.verify(write_nir(tmp_path / "x.nir"), DATA, dt=1e-3)
    assert rungs(parity) == [FLOAT, LAVA]
    assert parity.rungs == nk.verify(NETWORK, DATA).rungs
    assert parity.notes[0].startswith("the source itself was not run: a NIR graph has no runtime of its own")


def test_bits_and_window_reach_the_program(tmp_path):
    path = str(write_nir(tmp_path / "x.nir"))
    found = nk.verify(path, DATA, dt=1e-3, bits=2, window=5)
    wanted = nk.run(nk.compile(NETWORK, bits=2, window=5), DATA, 12 + LAST)
    (rate,) = (layer.candidate_mean for layer in found.rungs[0].layers if (layer.population, layer.what) == OUT)
    assert rate == wanted.aligned("last").mean()
    assert found.ok
    assert found.rungs[0].differing > nk.verify(path, DATA, dt=1e-3).rungs[0].differing


def test_a_slayer_file_has_one_form(net):
    """Its own framework is lava-dl's netx, where that is installed."""
    parity = nk.verify(net, DATA)
    if parity.notes:
        assert "lava-dl is not installed" in parity.notes[0]
        assert rungs(parity) == [LAVA]
    else:
        assert rungs(parity) == [("source", "program", True, True), LAVA]


@pytest.mark.parametrize("graph", [NETWORK, PROGRAM], ids=["network", "program"])
def test_a_nk_file(tmp_path, graph):
    graph.save(tmp_path / "x.nk")
    wanted = [FLOAT, LAVA] if graph is NETWORK else [LAVA]
    assert rungs(nk.verify(tmp_path / "x.nk", DATA)) == wanted
    assert rungs(nk.verify(graph, DATA)) == wanted


def test_one_unbatched_sample():
    parity = nk.verify(NETWORK, DATA[0])
    assert rungs(parity) == [FLOAT, LAVA]
    assert "samples" not in parity.rungs[1].note


def test_inputs_by_name():
    assert str(nk.verify(NETWORK, {"input": DATA})) == str(nk.verify(NETWORK, DATA))


def test_what_is_compared():
    """Float against integers: spikes of all samples, states of some, over the input. Lava: everything, to the end."""
    first, second = nk.verify(NETWORK, DATA, lava=2, attribute=2).rungs
    everything = [(name, what) for name in ("hidden", "last") for what in ("u", "v", "spikes")]
    assert [(layer.population, layer.what) for layer in first.layers] == everything
    assert [layer.compared for layer in first.layers] == [n * 12 * k for k in (5, 4) for n in (2, 2, 3)]
    assert [(layer.population, layer.what) for layer in second.layers] == everything
    (spikes,) = nk.verify(NETWORK, DATA, lava=0, attribute=0).rungs
    assert [(layer.population, layer.what) for layer in spikes.layers] == [("hidden", "spikes"), OUT]
    assert {layer.compared for layer in second.layers} == {2 * (12 + LAST) * 5, 2 * (12 + LAST) * 4}
    assert any(layer.reference_mean for layer in second.layers if layer.what == "spikes")


@pytest.mark.parametrize("steps", [1, 5, 30])
def test_steps(steps):
    first, second = nk.verify(NETWORK, DATA, steps=steps).rungs
    assert first.layers[0].compared == 3 * steps * 5
    assert second.layers[0].compared == (steps + LAST) * 5


# ---------------------------------------------------------------------------------------------------------------- lava


def test_without_lava():
    parity = nk.verify(NETWORK, DATA, lava=0)
    assert rungs(parity) == [FLOAT]
    assert parity.ok


def test_without_lava_a_program_has_nothing_to_be_compared_with(net):
    """It would 'hold' without any comparison."""
    for source in (net, PROGRAM):
        assert "'lava': is 0" in one_fault(InputError, source, DATA, lava=0)


@pytest.mark.parametrize(("lava", "note"), [(1, "1 of 3 samples"), (2, "2 of 3 samples"), (3, ""), (100, "")])
def test_some_samples_on_lava(lava, note):
    rung = nk.verify(PROGRAM, DATA, lava=lava).rungs[0]
    assert rung.layers[0].compared == min(lava, 3) * (12 + LAST) * 5
    assert rung.note == "; ".join(filter(None, [ladder.IN_PROCESS_NOTE, note]))


def test_lava_in_processes():
    parity = nk.verify(PROGRAM, DATA, steps=4, lava=2, backend="lava")
    assert rungs(parity) == [("program", "lava", True, True)]
    assert parity.rungs[0].note == "2 of 3 samples"


def test_a_backend_of_ones_own():
    assert rungs(nk.verify(PROGRAM, DATA, backend=LavaBackend("in-process"))) == [LAVA]


# -------------------------------------------------------------------------------------------------------------- labels


def test_labels():
    chosen = nk.run(PROGRAM, DATA, 12 + LAST).aligned("last").sum(axis=1).argmax(axis=1)
    decisions = nk.verify(NETWORK, DATA, labels=chosen, lava=0).decisions
    assert [(decision.stage, decision.samples) for decision in decisions] == [("network", 3), ("program", 3)]
    assert decisions[1].accuracy == 1.0
    wrong = (chosen + np.array([0, 1, 1])) % 4
    (decision,) = nk.verify(PROGRAM, DATA, labels=wrong).decisions
    assert decision.accuracy == 1 / 3
    assert nk.verify(PROGRAM, DATA).decisions[0].accuracy is None


def test_labels_are_checked_before_lava_runs(monkeypatch):
    monkeypatch.setattr(LavaBackend, "run", lambda *arguments, **keywords: pytest.fail("it ran"))
    assert "3 class indices" in one_fault(InputError, PROGRAM, DATA, labels=[1, 2])


# --------------------------------------------------------------------------------------------------------- differences


def planted(monkeypatch, backend, name, what, index, only_from=1):
    """Let `backend` add 1 to one recorded element, from its `only_from`-th run on."""
    honest, runs = backend.run, []

    def run(*arguments, **keywords):
        recording = honest(*arguments, **keywords)
        runs.append(recording)
        arrays = recording.spikes if what == "spikes" else recording.states
        key = name if what == "spikes" else (name, what)
        if len(runs) >= only_from and key in arrays:
            arrays[key][index] += 1
        return recording

    monkeypatch.setattr(backend, "run", run)


@pytest.mark.parametrize("name", ["hidden", "last"])
@pytest.mark.parametrize("what", ["u", "v", "spikes"])
@pytest.mark.parametrize("index", [(0, 0, 0), (1, 7, 3), (1, 12 + LAST - 1, 2)])
def test_lava_differs(monkeypatch, name, what, index):
    planted(monkeypatch, LavaBackend, name, what, index)
    parity = nk.verify(NETWORK, DATA, lava=2)
    found = parity.first_divergence
    assert rungs(parity) == [FLOAT, (*LAVA[:3], False)]
    assert not parity.ok
    assert (found.layer.population, found.layer.what) == (name, what)
    assert (found.first.sample, found.first.step, found.first.neuron) == (*index[:2], index[2:])
    assert found.first.candidate == found.first.reference + 1
    assert found.layer.differing == 1
    assert parity.to_dict()["first_divergence"]["population"] == name
    assert f"'{name}' first differs in {what}, at step {index[1]}, sample {index[0]}" in str(parity)


def test_the_simulator_differs(monkeypatch):
    """The reference of the exact rung is the simulator's second run."""
    planted(monkeypatch, Simulator, "hidden", "v", (0, 3, 4))
    found = nk.verify(PROGRAM, DATA).first_divergence
    assert (found.layer.population, found.layer.what, found.first.step, found.first.neuron) == ("hidden", "v", 3, (4,))


def test_the_first_of_two_differences(monkeypatch):
    planted(monkeypatch, LavaBackend, "last", "u", (0, 2, 1))
    planted(monkeypatch, LavaBackend, "hidden", "spikes", (0, 9, 1))
    found = nk.verify(PROGRAM, DATA).first_divergence
    assert (found.layer.population, found.first.step) == ("hidden", 9)  # the shallowest layer
    assert "but 'last' differs before it, at step 2" in found.cause


def test_a_weight_that_changes_on_the_way_to_lava(monkeypatch):
    """Runs a Program on Lava whose one weight is off by one step of its grid: the layer it feeds is named."""
    other = with_weight(PROGRAM, "hidden->last", (2, 3), 16)
    honest = LavaBackend.run
    monkeypatch.setattr(
        LavaBackend, "run", lambda self, program, *rest, **keywords: honest(self, other, *rest, **keywords)
    )
    parity = nk.verify(NETWORK, DATA, lava=3)
    found = parity.first_divergence
    assert not parity.ok
    assert (found.layer.population, found.layer.what, found.first.neuron) == ("last", "u", (2,))
    spikes = nk.run(PROGRAM, DATA, record="hidden").spikes["hidden"][..., 3]
    assert found.first.step == np.flatnonzero(spikes.any(axis=0))[0] + 1
    assert "'hidden' agrees before it, so look at its synapses" in found.cause


def with_weight(program, name, index, change):
    def changed(projection):
        weight = np.array(projection.synapse.weight)
        weight[index] += change
        synapse = replace(projection.synapse, weight=weight)
        return Projection(projection.source, projection.target, (synapse,), projection.delay)

    assert isinstance(next(p for p in program.projections if p.name == name).synapse, Dense)
    return replace(program, projections=tuple(changed(p) if p.name == name else p for p in program.projections))


def test_a_program_that_is_not_its_networks(monkeypatch):
    """A fault of compilation is seen on the float rung, and does not break parity of the integers."""
    (weight,) = (p.synapse.weight for p in PROGRAM.projections if p.name == "input->hidden")
    wrong = with_weight(PROGRAM, "input->hidden", 0, -weight[0])
    monkeypatch.setattr(api, "compile", lambda *arguments, **keywords: wrong)
    parity = nk.verify(NETWORK, DATA)
    assert parity.ok
    found = parity.first_divergence
    assert (found.rung.name, found.layer.population, found.first.neuron) == ("network -> program", "hidden", (0,))


# ------------------------------------------------------------------------------------------------------------ refusals


def test_arguments_that_do_not_fit(monkeypatch, tmp_path):
    monkeypatch.setattr(Simulator, "run", lambda *arguments, **keywords: pytest.fail("it ran"))
    assert "'lava': is -1" in one_fault(InputError, PROGRAM, DATA, lava=-1)
    assert "'steps': is 0" in one_fault(InputError, PROGRAM, DATA, steps=0)
    assert "(3, 12, 5)" in one_fault(InputError, PROGRAM, DATA[..., 1:])
    assert "fractions" in one_fault(InputError, PROGRAM, DATA * 0.5)
    assert "'backend': 'abacus' is unknown" in one_fault(BackendError, PROGRAM, DATA, backend="abacus")
    assert "'backend': is the simulator" in one_fault(InputError, PROGRAM, DATA, backend="simulator")
    assert "does not exist" in one_fault(FormatError, tmp_path / "x.nir", DATA)
    assert "no such file" in one_fault(FormatError, tmp_path / "x.nk", DATA)


def test_a_source_without_its_step(tmp_path):
    with pytest.raises(NeurokitError, match="dt="):
        nk.verify(write_nir(tmp_path / "x.nir"), DATA)


def test_a_backend_that_refuses_is_asked_before_anything_runs(monkeypatch):
    monkeypatch.setattr(Simulator, "run", lambda *arguments, **keywords: pytest.fail("it ran"))
    monkeypatch.setattr(LavaBackend, "accepts", lambda self, program: [Fault("hidden", "no", "never", "Wait.")])
    assert one_fault(BackendError, PROGRAM, DATA) == "'hidden': no; never. Wait."
    monkeypatch.undo()
    monkeypatch.setattr(LavaBackend, "accepts", lambda self, program: pytest.fail("Lava was asked"))
    assert nk.verify(NETWORK, DATA, lava=0).ok


def test_time_limit():
    assert "'lava-inprocess': the run took more than 1e-09 s" in one_fault(BackendError, PROGRAM, DATA, time_limit=1e-9)


def test_arguments_are_left_alone():
    data, weights = DATA.copy(), [np.array(p.synapse.weight) for p in PROGRAM.projections]
    nk.verify(PROGRAM, DATA)
    np.testing.assert_array_equal(DATA, data)
    for projection, weight in zip(PROGRAM.projections, weights, strict=True):
        np.testing.assert_array_equal(projection.synapse.weight, weight)


def test_progress():
    told = []
    nk.verify(PROGRAM, DATA, progress=lambda done, total: told.append(done / total))
    assert told[-1] == 1.0
    assert all(0 <= share <= 1 for share in told)


def test_progress_while_the_loss_is_taken_apart(monkeypatch):
    """It moves with each run, within itself, and arrives."""
    told = []
    monkeypatch.setattr(Simulator, "run", counted := Counted(Simulator.run))
    nk.verify(NETWORK, DATA, lava=0, attribute=2, progress=lambda done, total: told.append((done, total)))
    (most,) = {total for _, total in told[-3:]}
    mine = [done for done, total in told if total == most]
    assert mine == sorted(mine)
    assert mine[-1] == most
    assert counted.runs >= len(mine) - 1 > 10


class Counted:
    """A method that counts how often it is called."""

    def __init__(self, method):
        self.method, self.runs = method, 0

    def __get__(self, instance, owner=None):
        def run(*arguments, **keywords):
            self.runs += 1
            return self.method(instance, *arguments, **keywords)

        return run


def test_ctrl_c_while_the_loss_is_taken_apart(monkeypatch):
    """What was found until then is kept."""
    whole = nk.verify(NETWORK, DATA, lava=0)
    honest, calls = Simulator.run, []

    def run(*arguments, **keywords):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return honest(*arguments, **keywords)

    monkeypatch.setattr(switching.Simulator, "run", run)
    with pytest.raises(VerificationInterrupted) as caught:
        nk.verify(NETWORK, DATA)
    parity = caught.value.parity
    assert rungs(parity) == [FLOAT]
    assert parity.rungs[0] == whole.rungs[0]
    assert (parity.decisions, parity.attribution) == (whole.decisions, None)
    assert parity.notes[-1].startswith("Ctrl-C ended it while the loss was taken apart (attribute=0 leaves that out)")
    assert parity.notes[-1] in str(parity)


def test_ctrl_c_before_there_is_a_rung(monkeypatch):
    def run(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(Simulator, "run_into", run)
    with pytest.raises(KeyboardInterrupt) as caught:
        nk.verify(NETWORK, DATA)
    assert not isinstance(caught.value, VerificationInterrupted)


def test_ctrl_c_while_lava_runs(monkeypatch):
    def run(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(LavaBackend, "run", run)
    with pytest.raises(VerificationInterrupted) as caught:
        nk.verify(NETWORK, DATA)
    assert caught.value.parity.attribution is not None
    assert "ran on Lava (lava=0 leaves that out)" in caught.value.parity.notes[-1]


def test_inputs_with_fractions_are_scaled_for_the_program():
    currents = np.random.default_rng(6).random((2, 12, 6))
    parity = nk.verify(NETWORK, currents)
    assert parity.ok
    assert rungs(parity) == [FLOAT, LAVA]
    assert any("scales were chosen on these inputs" in note for note in parity.notes)
    assert not any("scales were chosen" in note for note in nk.verify(NETWORK, DATA.astype(float)).notes)


def test_a_program_of_another_network_is_refused():
    renamed = replace(
        PROGRAM, populations={**PROGRAM.populations, "more": replace(PROGRAM.populations["last"], name="more")}
    )
    assert "'program': has more; the Network has" in one_fault(InputError, NETWORK, DATA, program=renamed)
    other = nk.compile(network((Dense(np.ones((4, 7))), IF()), shape=(7,)))
    assert "'program': has the inputs in (7,)" in one_fault(InputError, NETWORK, DATA, program=other)
