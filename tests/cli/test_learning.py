"""The verb `learn`: rules, what it writes and tells, and what it refuses."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

import neurokit as nk
from neurokit.graph.learned import plastic_projections, weights_of
from tests.cli.sources import write_nir

ON = "fc2"
STDP = ("--rule", "stdp", "--set", "a_plus=0.008", "--set", "a_minus=0.004")


@pytest.fixture
def source(tmp_path):
    return write_nir(tmp_path / "small.nir")


@pytest.fixture
def data(tmp_path):
    rng = np.random.default_rng(1)
    np.save(tmp_path / "data.npy", (rng.random((3, 40, 6)) < 0.5).astype(np.uint8))
    return tmp_path / "data.npy"


def name_of(source, target="last"):
    (found,) = [p.name for p in nk.convert(source, dt=1e-3).projections if p.target == target]
    return found


def test_it_learns_what_the_api_learns(cli, source, data):
    on = name_of(source)
    ran = cli("learn", source, data, "--dt", "1e-3", *STDP, "--on", on, "-o", "learned.nk", "--json")
    assert ran.code == 0, ran
    (row,) = json.loads(ran.out)["learned"]
    net = nk.convert(source, dt=1e-3).with_plasticity(on, nk.rules.stdp(a_plus=0.008, a_minus=0.004))
    wanted = nk.run(nk.compile(net), np.load(data)).program
    found = nk.load("learned.nk")
    assert np.array_equal(weights_of(plastic_projections(found)[on]), weights_of(plastic_projections(wanted)[on]))
    assert row["projection"] == on
    assert row["rule"] == "stdp"
    assert 0 < row["changed"] <= row["weights"] == 20


def test_what_it_wrote_learns_on_and_runs(cli, source, data):
    on = name_of(source)
    arguments = ("--dt", "1e-3", *STDP, "--on", on)
    assert cli("learn", source, data, *arguments, "-o", "one.nk").code == 0
    assert cli("learn", "one.nk", data, "-o", "two.nk").code == 0
    ran = cli("learn", source, data, *arguments, "--passes", 2, "-o", "both.nk")
    assert ran.code == 0, ran
    assert "mean before" in ran.out
    two, both = (weights_of(plastic_projections(nk.load(f))[on]) for f in ("two.nk", "both.nk"))
    assert np.array_equal(two, both)
    assert cli("run", "two.nk", data).code == 0


def test_frozen_it_has_no_rule(cli, source, data):
    done = cli("learn", source, data, "--dt", "1e-3", *STDP, "--on", name_of(source), "--freeze", "-o", "frozen.nk")
    assert done.code == 0, done
    assert not nk.load("frozen.nk").learns


def test_in_floats_it_writes_a_network(cli, source, data):
    on = name_of(source)
    ran = cli("learn", source, data, "--dt", "1e-3", *STDP, "--on", on, "--floats", "-o", "floats.nk")
    assert ran.code == 0, ran
    found = nk.load("floats.nk")
    assert isinstance(found, nk.Network)
    net = nk.convert(source, dt=1e-3).with_plasticity(on, nk.rules.stdp(a_plus=0.008, a_minus=0.004))
    wanted = nk.run(net, np.load(data)).program
    assert np.array_equal(weights_of(plastic_projections(found)[on]), weights_of(plastic_projections(wanted)[on]))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("--rule", "was not given", "stdp")),
        (("--on", "x"), ("--on", "was given without --rule")),
        (("--rule", "stpd"), ("'stpd' is unknown", "triplet_stdp")),
        (("--rule", "stdp"), ("--on", "was not given", "the network has the projections")),
        (("--rule", "stdp", "--on", "a->b"), ("'a->b'", "is no projection")),
        (("--rule", "stdp", "--set", "tau=1"), ("'tau=1' sets nothing of stdp", "tau_plus")),
        (("--rule", "triplet_stdp", "--set", "parameters=FOO"), ("parameters is 'FOO'", "HIPPOCAMPUS_FULL")),
        (("--rule", "soft_stdp"), ("w_max of soft_stdp were not given",)),
    ],
)
def test_refusals(refused, source, data, tmp_path, arguments, words):
    refused(2, "learn", source, data, "--dt", "1e-3", *arguments, "-o", "learned.nk", words=words)
    assert not (tmp_path / "learned.nk").exists()


def test_a_programs_rule_is_its_own(refused, source, data):
    net = nk.convert(source, dt=1e-3)
    nk.compile(net).save("program.nk")
    refused(2, "learn", "program.nk", data, "--rule", "stdp", "-o", "x.nk", words=("was given for a Program",))


def test_names_follow_the_nodes(source):
    names = [p.name for p in nk.convert(source, dt=1e-3).projections]
    assert names == [f"{a}->{b}" for a, b in pairwise(("input", "hidden", "last"))]
