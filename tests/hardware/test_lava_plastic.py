"""Lava computes a Program that learns as the reference does: spikes, states, weights, tags and traces."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neurokit.conformance.learning import Learned, interpret_learning
from neurokit.errors import BackendError, PayloadError
from neurokit.graph.check import check_program
from neurokit.graph.fixed_plasticity import FixedSignal, Product
from neurokit.graph.graded_neurons import FixedRelay
from neurokit.graph.lif_family import LoihiTernaryLIF
from neurokit.graph.network import Program
from neurokit.graph.synapses import Conv2d, Sparse
from neurokit.hardware.lava.backend import LavaBackend, in_process
from neurokit.hardware.lava.export import to_lava
from neurokit.hardware.lava.layout import rows_and_columns
from neurokit.hardware.lava.plastic import plastic, plastic_faults, third_factors
from neurokit.records import Recording
from tests.hardware.learning_programs import EPROP, INT, PAIR, PROGRAMS, RNG, dense, inputs_for, made
from tests.hardware.programs import weights
from tests.hardware.test_lava_export import play
from tests.overflowing import ON_PURPOSE

pytestmark = ON_PURPOSE
pytest.importorskip("lava", reason="Lava needs Python 3.10")
EVERY = 7


def run(program: Program, inputs: dict[str, Any], steps: int, backend: LavaBackend) -> Recording:
    check_program(program)
    assert backend.accepts(program) == []
    populations = [(name, state) for name, p in program.populations.items() for state in p.neuron.states]
    learning = [(name, v) for name in plastic(program) for v in ("weight", "tag", "tag2", "x1", "x2", "y1", "y2", "y3")]
    keys = (*program.populations, *populations, *learning)
    return backend.run(program, inputs, steps, keys, record_every=EVERY)


def same(found: Recording, wanted: Learned) -> None:
    for name in found.program.populations:
        np.testing.assert_array_equal(found.spikes[name], wanted.sent[name], f"spikes of {name}")
    for (name, state), values in wanted.states.items():
        np.testing.assert_array_equal(found.states[name, state], values, f"{state} of {name}")
    for (name, variable), values in wanted.variables.items():
        np.testing.assert_array_equal(
            found.states[name, variable], values[:, EVERY - 1 :: EVERY], f"{variable} of {name}"
        )
    for mine, theirs in zip(found.program.projections, wanted.program.projections, strict=True):
        a, b = mine.synapse, theirs.synapse
        if mine.plasticity is not None:
            assert isinstance(a, Sparse) == isinstance(b, Sparse)
            a, b = ((s.weight.toarray() if isinstance(s, Sparse) else s.weight) for s in (a, b))  # type: ignore[attr-defined]
            np.testing.assert_array_equal(a, b, f"learned weights of {mine.name}")


@pytest.mark.parametrize("name", PROGRAMS)
def test_networks_that_learn(name: str) -> None:
    program, steps = PROGRAMS[name], 42
    inputs = inputs_for(program, 3, steps)
    wanted = interpret_learning(program, inputs, steps)
    for key in plastic(program):
        weights = wanted.variables[key, "weight"]
        assert (weights[:, -1] != weights[0, 0]).mean() > 0.1, f"{key} learns"
    same(run(program, inputs, steps, in_process()), wanted)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in ("e-prop", "graded") else pytest.mark.slow) for n in PROGRAMS]
)
def test_in_lavas_processes(name: str) -> None:
    program, steps = PROGRAMS[name], 16
    inputs = inputs_for(program, 2, steps)
    same(run(program, inputs, steps, LavaBackend()), interpret_learning(program, inputs, steps))


@pytest.mark.parametrize("name", [pytest.param("two factors", marks=pytest.mark.slow), "images"])
def test_in_a_lava_application(name: str) -> None:
    """`to_lava`, run by Lava itself; weights are read through Lava's own variables, in its order of neurons."""
    program, steps = PROGRAMS[name], 12
    inputs = inputs_for(program, 1, steps)
    wanted = interpret_learning(program, inputs, steps)
    process = to_lava(program, graded=True)
    keys = [(key, "weight") for key in plastic(program)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, read = play(process, [(process.inputs[n], x[0]) for n, x in inputs.items()], [process.out], steps, (*keys,))
    for key, values in zip(keys, read, strict=True):
        projection = next(p for p in program.projections if p.name == key[0])
        rows, columns = rows_and_columns(program, projection)
        full = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
        np.testing.assert_array_equal(full, wanted.variables[key][0, -1][np.ix_(rows, columns)])


def refused(program: Program, *says: str) -> None:
    check_program(program)
    faults = "\n".join(map(str, in_process().accepts(program)))
    assert all(what in faults for what in says), faults
    with pytest.raises(BackendError, match=re.escape(says[0])):
        to_lava(program)


def changed(name: str, projection: str, **changes: Any) -> Program:
    """A program with changes to one of its rules."""
    program = PROGRAMS[name]
    projections = [
        replace(p, plasticity=replace(p.plasticity, **changes)) if p.name == projection else p  # type: ignore[type-var]
        for p in program.projections
    ]
    return replace(program, projections=tuple(projections))


def test_what_lava_cannot_hold() -> None:
    repaired = changed("two factors", "in->a", arithmetic="repaired")
    refused(repaired, "'in->a': rule 'pair' has the arithmetic 'repaired'", "Compile it with arithmetic='lava'")
    eight = changed("two factors", "in->a", dw=(Product(-8, 0, "x0"),))
    faults = plastic_faults(eight)
    assert "has a mantissa of -8; Lava reads" in str(faults[0])
    bounded = changed("two factors", "in->a", bounds=(-100, 100))
    assert "bounds its weights to (-100, 100)" in str(plastic_faults(bounded)[0])


def test_convolutions_that_learn() -> None:
    conv = Conv2d(weights(RNG(1), (2, 1, 2, 2)))
    program = made({"in": (1, 4, 4)}, {"out": ((2, 3, 3), "lif")}, [("in", "out", conv, "", PAIR)])
    refused(program, "'in->out': learns in a Conv2d; Lava's learning connections are LearningDense and LearningSparse")


def test_neurons_without_a_process_for_a_third_factor() -> None:
    program = PROGRAMS["images"]
    ternary = LoihiTernaryLIF(INT(0), INT(0), INT(640), INT(-640))
    populations = dict(program.populations) | {"a": replace(program.populations["a"], neuron=ternary)}
    assert third_factors(replace(program, populations=populations)).keys() == {"a"}
    relay = FixedRelay(INT(1), INT(0))
    populations["a"] = replace(program.populations["a"], neuron=relay)
    (fault,) = plastic_faults(replace(program, populations=populations))
    assert "'a': takes part in a third factor as FixedRelay; our processes" in str(fault)


def test_more_signals_than_ports() -> None:
    rules = []
    for k in range(5):
        own = {"y1": FixedSignal("constant", {"value": k}), "y2": FixedSignal("spike", {"scale": k})}
        rules.append(replace(EPROP, signals=own | {"y3": FixedSignal("spike", {"scale": 9.0})}))
    sources = {f"in{k}": (3,) for k in range(5)}
    joined = [(name, "out", dense(1, 4, 3), "", rule) for name, rule in zip(sources, rules, strict=True)]
    refused(made(sources, {"out": ((4,), "lif")}, joined), "'out': evaluates 11 different signals for its synapses")  # type: ignore[arg-type]


def test_sessions() -> None:
    with pytest.raises(BackendError, match="learns at in->a, a->a, a->out; sessions in Lava do not carry"):
        in_process().open(PROGRAMS["two factors"], 1, ())


def test_sums_that_weights_may_come_to() -> None:
    """Learned weights may be larger than those of the start: 8 of 255 times 2**21 leave 32 bits."""
    program = PROGRAMS["graded"]
    inputs = {"in": np.full((1, 2, 8), 2**21)}
    with pytest.raises(PayloadError, match="'in->out': payloads of 2097152 may sum to 4278190080"):
        in_process().run(program, inputs, 2, ())
