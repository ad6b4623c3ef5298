"""Plasticity rules in `.nk` files: nothing is lost, older files load, damaged ones are refused."""

import math

import h5py
import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import FormatError
from neurokit.graph.fingerprint import fingerprint
from neurokit.graph.io_rules import rule_of_text, rule_text
from neurokit.graph.neurons import LIF
from neurokit.graph.plasticity import Apply, Before, HostStep, Rule, Signal, Term, Trace, Value
from neurokit.graph.synapses import Dense
from tests.hardware.learning_programs import PROGRAMS
from tests.networks import network

EVERYTHING = Rule(
    name="everything",
    citation="nobody",
    traces={
        "x1": Trace("pre", math.inf),
        "z": Trace("post", 0.02, 0.1, 3.0, False),
        "g": Trace("pre", 1 / 3, overwrites=True),
    },
    signals={"m": Signal("modulation", {"scale": 1e-300})},
    weight=(
        Term(0.1 + 0.2, "post", (Value("x1"), Before("z"), Value("w", -1, 5.0))),
        Term(-1.0, "rate", (Apply("sigmoid", ((2.0, (Value("tag"), Value("m"))), (-0.5, ()))),)),
    ),
    tag=(Term(1e-3, "step", (Value("tag"),)),),
    bounds=(-math.inf, 5.0),
    tag_start=0.25,
    interval=0.004,
    host=(HostStep("normalise_rows", 0.1, {"total": 2.0}),),
    notes=("one", "two"),
)


def test_text_of_a_rule():
    assert rule_of_text(rule_text(EVERYTHING)) == EVERYTHING


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(tmp_path, name):
    program = PROGRAMS[name]
    program.save(tmp_path / "p.nk")
    found = nk.load(tmp_path / "p.nk")
    assert [p.plasticity for p in found.projections] == [p.plasticity for p in program.projections]
    assert fingerprint(found) == fingerprint(program)
    with h5py.File(tmp_path / "p.nk") as file:
        assert file.attrs["version"] == 2


def test_networks(tmp_path):
    plain = network((Dense(np.eye(2)), LIF(tau=0.02, threshold=1.0)), dt=1e-3)
    name = plain.projections[0].name
    rule = nk.rules.stdp()
    learning = plain.with_plasticity(name, rule)
    learning.save(tmp_path / "n.nk")
    assert nk.load(tmp_path / "n.nk").projections[0].plasticity == rule
    plain.save(tmp_path / "plain.nk")
    with h5py.File(tmp_path / "plain.nk") as file:
        assert file.attrs["version"] == 1, "older readers read it"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"type": "FixedTrace", "impulse": NaN, "tau": 1.0}',
        '{"type": "FixedRule", "name": 3, "dw": []}',
        '{"type": "FixedRule", "name": "a", "dw": [3]}',
        "[" * 100000,
        '{"type": "Product"}',
        '{"type": "os.system"}',
        '{"number": "nan"}',
        "[]",
        "3",
    ],
)
def test_damaged_rules(tmp_path, text):
    PROGRAMS["graded"].save(tmp_path / "p.nk")
    with h5py.File(tmp_path / "p.nk", "r+") as file:
        node = next(g for g in file["projections"].values() if "plasticity" in g)
        del node["plasticity"]
        node["plasticity"] = text
    with pytest.raises(FormatError):
        nk.load(tmp_path / "p.nk")


def test_other_versions(tmp_path):
    PROGRAMS["graded"].save(tmp_path / "p.nk")
    with h5py.File(tmp_path / "p.nk", "r+") as file:
        file.attrs["version"] = 3
    with pytest.raises(FormatError, match="reads versions 1 and 2"):
        nk.load(tmp_path / "p.nk")
