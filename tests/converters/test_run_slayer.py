"""The source's rung of `.net` files: lava-dl's own netx in a process of its own, beside the Program."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import numpy as np
import pytest

import neurokit as nk
from neurokit.converters import run_slayer
from neurokit.converters.child import ask_child
from neurokit.converters.running import Limits, run_source
from neurokit.errors import InputError
from tests.converters.conftest import conv, cuba, dense
from tests.data import truth
from tests.truth.netx_draws import Draw
from tests.truth.netx_draws import write_net as write_layers

SPIKES = (np.random.default_rng(3).random((2, 30, 3)) < 0.5).astype(np.int64)
WEIGHT = np.array([[90.0, 60, -30], [40, -80, 120]])
EVEN = cuba(type="LOIHI")


@pytest.fixture(autouse=True)
def _lava_dl():
    truth("tiny.net")  # skips without lava-dl


def climbed(path, x=SPIKES, **options):
    """(the source's rung or None, the parity)."""
    parity = nk.verify(path, x, **options)
    first = parity.rungs[0]
    return (first if first.reference == "source" else None), parity


def compared(rung):
    return {(layer.population, layer.what) for layer in rung.layers}


def reason(path, x=SPIKES, window=None, seconds=60.0):
    """Why netx is not run, or the SourceRun."""
    network = nk.convert(path)
    return run_source(path, "net", network, {"input": x}, x.shape[1], Limits(window, seconds))


# ----------------------------------------------------------------------------------------------------------- what holds


def test_tinynet_of_the_wheel():
    """Two windows of 17 steps; every layer's v and spikes, and u where netx feeds it as we do."""
    path, image = truth("tiny.net"), np.load(truth("gts/tinynet/input_bias.npy")).T.astype(np.int64)
    x = np.broadcast_to(image, (40, *image.shape))
    rung, parity = climbed(path, x, network=nk.convert(path, inputs="current"), window=17)
    assert (rung.name, rung.exact, rung.ok, rung.differing) == ("source -> program", True, True, 0)
    assert compared(rung) == {
        *((name, what) for name in ("1-conv", "2-conv") for what in ("u", "v", "spikes")),
        *(("0-input", what) for what in ("v", "spikes")),
    }
    assert rung.note == "the source ran in netx of lava-dl 0.6.0"
    assert [d.stage for d in parity.decisions] == ["source", "program"]
    assert parity.notes == ()
    recorded = np.load(truth("gts/tinynet/output.npy"))[0].transpose(3, 0, 1, 2)[1:16]
    assert rung.layers[-1].reference_mean > 0
    assert recorded.any()


@pytest.mark.slow
def test_pilotnet_of_the_wheel():
    path = truth("gts/pilotnet_lif/network.net")
    x = np.load(truth("gts/pilotnet_lif/input-s.npy")).T.astype(np.int64)
    rung, _ = climbed(path, x, network=nk.convert(path, inputs="spikes"), window=16)
    assert rung.ok
    assert len(compared(rung)) == 27


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["LOIHI", "CUBA"])
@pytest.mark.parametrize("seed", range(12))
def test_random_networks(tmp_path, kind, seed):
    case, rng = Draw(seed, kind).case(), np.random.default_rng(seed + 1)
    current = case.entry == "current"
    shape = (3, 20, *case.shape)
    x = rng.integers(-20, 120, shape) if current else (rng.random(shape) < 0.4).astype(np.int64)
    path = write_layers(tmp_path / "random.net", case.layers)
    network = nk.convert(
        path, inputs="current" if current else "spikes" if case.entry == "passed by" else None, fires=">"
    )
    rung, _ = climbed(path, x, network=network, window=case.window, lava=2)
    assert rung is not None
    assert rung.ok


def test_currents_that_change_from_step_to_step_and_batches(write_net):
    encoder = cuba(type="LOIHI", iDecay=4096, vDecay=300, vThMant=60)
    path = write_net({"type": "input", "shape": [3], "neuron": encoder}, dense(WEIGHT, EVEN, bias=[3, -2]))
    x = np.random.default_rng(1).integers(-40, 90, (3, 25, 3))
    rung, parity = climbed(path, x, lava=3)
    assert rung.ok
    assert all(layer.compared == 3 * 26 * (3 if layer.population == "0-input" else 2) for layer in rung.layers)
    assert {layer.population for layer in rung.layers if layer.what == "spikes" and layer.reference_mean} == {
        "0-input",
        "1-dense",
    }
    assert [d.stage for d in parity.decisions] == ["source", "program"]


def test_sigma_delta_layers(write_net):
    """Delta, SigmaDelta and Sigma: payloads of every layer, step for step."""
    path = write_net(
        {"type": "input", "shape": [3], "neuron": {"type": "SDNN", "vThMant": 4}},
        dense(2 * WEIGHT // 8 * 2, {"type": "SDNN", "vThMant": 3}, bias=[2, -1]),
        dense(np.array([[2.0, -4], [6, 2]]), {"type": "SDNN", "vThMant": 0, "sigma_output": True}),
    )
    x = np.random.default_rng(1).integers(0, 90, (2, 12, 3))
    rung, _ = climbed(path, x, lava=2)
    assert rung.ok
    assert compared(rung) == {(name, "spikes") for name in ("0-input", "1-dense", "2-dense")}
    assert all(layer.reference_mean for layer in rung.layers[1:])  # of changes to 0 and back the sum is 0
    assert "which it does not reset" in reason(path, x, window=5)


@pytest.mark.slow
def test_inputs_with_payloads(write_net):
    rung, _ = climbed(write_net(dense(WEIGHT, EVEN)), SPIKES * 3)
    assert rung.ok
    assert rung.layers[-1].reference_mean > 0


# -------------------------------------------------------------------------------------------- what is told, and not run


def test_ties_at_the_threshold_are_named(write_net):
    """A CUBA neuron whose potential meets its threshold: netx does not fire, the type says it does."""
    path = write_net(dense([[100.0, 0, 0], [20, 0, 0]], cuba(iDecay=4096, vDecay=4096, vThMant=100)))
    rung, parity = climbed(path)
    assert not parity.ok
    assert not rung.ok
    assert parity.first_divergence.rung is rung
    (switch,) = parity.conventions.switches
    assert (switch.title, switch.loss) == ("fires='>'", 0)
    assert "Convert with fires='>'." in str(parity)
    found, whole = climbed(path, network=nk.convert(path, fires=">"))
    assert found.ok
    assert whole.conventions is None


def adaptive(kind):
    turn = {"sinDecay": 1500, "cosDecay": 3600, "vThMant": 3, "thDecay": 100, "refDecay": 100, "vThStep": 40}
    return dense({"real": WEIGHT, "imag": WEIGHT}, {"type": f"ADRF_{kind}", **turn})


UNREAD = {
    "alif": (dense(WEIGHT, cuba(type="ALIF", thDecay=400, refDecay=100, vThStep=300)), "which it does not know"),
    "adrf": (adaptive("PHASE"), "ADRF_PHASE neurons, taken for RF"),
    "refdelay": (dense(WEIGHT, cuba(refDelay=3)), "a refDelay, which it ignores"),
    "wgtexp": (dense(WEIGHT * 2, cuba(wgtExp=2)), "a weight exponent, which it ignores"),
    "weight_exp": (dense(WEIGHT, cuba(weight_exp=1.0)), "a weight exponent, which it ignores"),
    "no neuron": (dense(WEIGHT, None), "has no neurons"),
    "zeros": (dense(WEIGHT * 0, EVEN), "are 0, at which it fails"),
    "dense_comp": (
        dense({"real": WEIGHT, "imag": WEIGHT}, {"type": "RF_PHASE", "sinDecay": 1500, "cosDecay": 3600, "vThMant": 3})
        | {"type": "dense_comp"},
        "a layer that it does not build",
    ),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_netx_does_not_read_is_not_compared(write_net, monkeypatch, name):
    layer, words = UNREAD[name]
    monkeypatch.setattr(run_slayer, "ask_child", lambda *_: pytest.fail("it was run"))
    rung, parity = climbed(write_net(layer))
    assert rung is None
    assert parity.ok
    (note,) = parity.notes
    assert words in note
    assert note.endswith("pass expected= with what SLAYER gives")


def test_an_input_current_with_a_memory_is_not_compared(write_net):
    """netx adds data to the potential, past the current."""
    layer = {"type": "input", "shape": [3], "neuron": cuba(type="LOIHI", iDecay=2000)}
    assert "past the current" in reason(write_net(layer, dense(WEIGHT, EVEN)))
    assert "input currents up to 32767" in reason(
        write_net({**layer, "neuron": cuba(iDecay=4096)}, dense(WEIGHT, EVEN)), SPIKES * 40_000
    )


def test_delays_that_netx_does_not_read(write_net):
    layer = conv(np.ones((1, 1, 1, 1)) * 60, (1, 1, 3), delay=[2], neuron=EVEN)
    path = write_net({"type": "input", "shape": [1, 1, 3]}, layer)
    assert "a convolution with delays, which it ignores" in reason(path, SPIKES[:, :, None, None])
    back = dense(WEIGHT, EVEN, type="dense_rec", weight_rec=np.eye(2) * 20, delay=[0, 3])
    assert "recurrent with delays, at which it fails" in reason(write_net(back, dense(np.eye(2) * 90, EVEN)))
    late = write_net(dense(WEIGHT, EVEN, delay=[1, 3]))
    assert "it begins a window without it" in reason(late, window=7)


def test_the_layers_before_an_unread_one_are_compared(write_net):
    second = cuba(type="ALIF", thDecay=400, refDecay=100, vThStep=300)
    path = write_net(dense(WEIGHT, EVEN), dense(np.array([[20.0, 90]]), second))
    rung, parity = climbed(path)
    assert rung.ok
    assert {layer.population for layer in rung.layers} == {"0-dense"}
    assert "compared up to '0-dense', for netx does not read on: '1-dense' has ALIF neurons" in rung.note
    assert "pass expected=" in rung.note
    assert {d.stage for d in parity.decisions} <= {"program"}


def test_weights_that_netx_reads_otherwise_are_not_compared(write_net):
    """Lowest of inhibitory weights -4: netx drops a bit of another one (tests/truth/test_netx.py)."""
    path = write_net(dense([[-4.0, -1, -1]], EVEN))
    found = reason(path)
    assert "of '0-dense' it reads 1 of 3 weights otherwise" in found or "2 of 3 weights otherwise" in found


@pytest.mark.slow
def test_resonators_that_lose_a_part_of_their_turn(write_net):
    """netx makes a period of sine and cosine; where it comes back with others nothing is compared."""
    kept, lost = [], []
    for sine in range(1500, 1512, 3):
        turn = {"type": "RF_PHASE", "sinDecay": sine, "cosDecay": 3599, "vThMant": 20}
        path = write_net(dense({"real": 2 * WEIGHT // 4 * 2, "imag": 2 * WEIGHT // 4 * 2}, turn))
        found = reason(path)
        if isinstance(found, str):
            assert "makes another sine or cosine than the file's" in found
            lost.append(sine)
        else:
            rung, _ = climbed(path)
            assert rung.ok
            assert ("0-dense", "real") in compared(rung)
            kept.append(sine)
    assert lost


def test_without_lava_dl_it_says_what_to_install(write_net, monkeypatch):
    def absent(name):
        raise run_slayer.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(run_slayer.metadata, "version", absent)
    found = reason(write_net(dense(WEIGHT, EVEN)))
    assert "is not installed, whose netx would run it (pip install neurokit-lava[dl], in Python 3.10)" in found


def test_what_netx_raises_is_told(write_net, monkeypatch):
    path = write_net(dense(WEIGHT * 0, EVEN))
    monkeypatch.setattr(run_slayer, "_unread_synapses", lambda *_: "")
    assert reason(path) == (
        "lava-dl's netx fails: OverflowError: cannot convert float infinity to integer: "
        "pass expected= with what SLAYER gives"
    )


def test_a_time_limit(write_net):
    assert "took more than 0.01 s (time_limit= bounds it)" in reason(write_net(dense(WEIGHT, EVEN)), seconds=0.01)


def test_expected_stands_in_for_netx(write_net, monkeypatch):
    monkeypatch.setattr(run_slayer, "ask_child", lambda *_: pytest.fail("it was run"))
    path = write_net(UNREAD["refdelay"][0])
    program = nk.compile(nk.convert(path))
    known = nk.run(program, SPIKES).spikes["0-dense"]
    for source in (path, program):
        rung, parity = climbed(source, expected=known, lava=0)
        assert (rung.exact, rung.ok, len(parity.rungs)) == (True, True, 1)
        assert rung.note == "the source ran in what was expected"
    wrong = known.copy()
    wrong[1, 7, 1] ^= 1
    rung, parity = climbed(path, expected=wrong, lava=0)
    first = parity.first_divergence.first
    assert (first.sample, first.step, first.neuron) == (1, 7, (1,))
    assert not parity.ok
    with pytest.raises(InputError, match="it spikes: 0 or 1 a step"):
        nk.verify(path, SPIKES, expected=wrong + 0.5, lava=0)


# ------------------------------------------------------------------------------------------------------ the process


def child_module(tmp_path, monkeypatch, body):
    (tmp_path / "a_child.py").write_text(f"import os, signal, subprocess, sys, time\n{body}\n")
    monkeypatch.syspath_prepend(tmp_path)
    return "a_child"


def is_gone(pid):
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with open(f"/proc/{pid}/stat") as file:
            if file.read().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        time.sleep(0.02)
    return False


SLEEPER = (
    "import pathlib\n"
    "p = subprocess.Popen(['sleep', '60'])\n"
    "pathlib.Path(sys.argv[3]).write_text(f'{os.getpid()} {p.pid}')\ntime.sleep(60)"
)


@pytest.mark.parametrize("how", ["time", "interrupt"])
def test_nothing_is_left_of_a_child(tmp_path, monkeypatch, how):
    """It and what it started: when time is up, and when Ctrl-C comes."""
    module, pids = child_module(tmp_path, monkeypatch, SLEEPER), tmp_path / "pids"
    if how == "interrupt":

        def interrupted(self, **_):
            while not pids.exists() or " " not in pids.read_text():
                time.sleep(0.02)
            raise KeyboardInterrupt

        monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ask_child(module, {}, 60.0, str(pids))
    else:
        assert "took more than 3 s" in ask_child(module, {}, 3.0, str(pids))
    assert all(is_gone(int(pid)) for pid in pids.read_text().split())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "was ended by SIGSEGV"),
        ("sys.exit('all is lost')", "ended with exit code 1: all is lost"),
        ("pass", "ended without an answer"),
        ("open(sys.argv[2], 'w').write('x')", "gives an answer that cannot be read"),
    ],
)
def test_a_child_that_fails_is_told(tmp_path, monkeypatch, body, words):
    assert ask_child(child_module(tmp_path, monkeypatch, body), {}, 30.0).startswith(words)


def test_a_child_reads_and_answers(tmp_path, monkeypatch):
    body = "import numpy as np\nwith np.load(sys.argv[1]) as f: np.savez(sys.argv[2], twice=2 * f['x'])"
    found = ask_child(child_module(tmp_path, monkeypatch, body), {"x": np.arange(3)}, 30.0)
    np.testing.assert_array_equal(found["twice"], [0, 2, 4])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
