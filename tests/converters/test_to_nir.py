"""Networks written as NIR: the round trip, what others read, and what is refused."""

from __future__ import annotations

import itertools
from dataclasses import replace

import nir
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import neurokit as nk
from neurokit.converters import dataflow as df
from neurokit.converters.from_nir import load
from neurokit.converters.to_nir import to_nir
from neurokit.errors import ConversionError, MetadataWarning, OutputError
from neurokit.graph.fingerprint import fingerprint
from neurokit.graph.graded_neurons import Relay
from neurokit.graph.lif_family import QIF
from neurokit.graph.network import Network
from neurokit.graph.neurons import IF, LIF, CubaLIF, LeakyIntegrator
from neurokit.graph.synapses import Conv2d, ConvTranspose2d, Dense, Flatten, Sparse, SumPool2d, Upsample2d
from tests.converters.nir_graphs import DT, Growing
from tests.networks import network

EYE = Dense(np.eye(2))


def random_network(seed: int, **arguments) -> Network | None:
    growing = Growing(seed)
    for _ in range(12):
        growing.grow()
    try:
        return load(growing.finish(), dt=DT, **arguments)
    except ConversionError as error:
        if all("delay" in fault.fact for fault in error.faults):  # synapses of two delays, which a Network has not
            return None
        raise


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_nir_expresses_reads_back_identically(seed):
    first = random_network(seed)
    if first is None:
        return
    try:
        written = to_nir(first)
    except ConversionError as error:
        facts = {fault.fact for fault in error.faults}
        if all("gives a vector to a population of shape" in fact for fact in facts):
            return
        raise
    assert fingerprint(load(written)) == fingerprint(first)  # dt stands in its metadata
    if not any(getattr(node, "groups", 1) > 1 for node in written.nodes.values()):  # nir forgets them in its shapes
        nir.NIRGraph(dict(written.nodes), list(written.edges))  # its own type check has nothing against it


def test_most_random_networks_are_written():
    networks = [n for n in map(random_network, range(40)) if n is not None]
    written = 0
    for one in networks:
        try:
            written += bool(to_nir(one))
        except ConversionError:
            continue
    assert written > 0.6 * len(networks) > 10


def test_a_file_reads_back_and_computes_the_same(tmp_path):
    nodes = {
        "in": df.Source((2, 6, 6)),
        "conv": df.Linear(Conv2d(np.random.default_rng(0).normal(0, 1, (3, 2, 3, 3)), bias=np.ones(3) / 4)),
        "a": df.Cells(LIF(tau=np.asarray(4e-3), threshold=np.linspace(0.4, 1, 48).reshape(3, 4, 4)), (3, 4, 4)),
        "pool": df.Linear(SumPool2d((2, 2), (2, 2), weight=np.asarray(0.7))),
        "fc": df.Linear(Dense(np.random.default_rng(1).normal(0, 1, (4, 12)), np.ones(4) / 8)),
        "b": df.Cells(CubaLIF(tau_syn=np.asarray(2e-3), tau_mem=np.asarray(5e-3)), (4,)),
        "out": df.Sink(),
    }
    edges = [*itertools.pairwise(nodes), ("b", "b")]
    first = df.build(nodes, edges, dt=1e-3, source="x", kind="a test")
    path = tmp_path / "net.nir"
    first.save(path)
    second = nk.convert(path)
    assert fingerprint(second) == fingerprint(first)
    assert second.dt == 1e-3
    x = np.random.default_rng(2).integers(0, 2, (40, 2, 6, 6))
    np.testing.assert_array_equal(nk.run(second, x).spikes["b"], nk.run(first, x).spikes["b"])
    theirs = nir.read(path, type_check=False).nodes
    kinds = [type(theirs[name]).__name__ for name in ("in", "a", "b", "output", "in->a.0", "a->b.0", "a->b.1")]
    assert kinds == ["Input", "LIF", "CubaLIF", "Output", "Conv2d", "SumPool2d", "Scale"]
    assert theirs["a"].v_threshold.shape == (3, 4, 4)


@pytest.mark.parametrize("name", ["01_lif/lif_norse", "02_cnn/cnn_sinabs", "03_rnn/braille_noDelay_bias_zero"])
def test_real_files_read_back_identically(shared, tmp_path, name):
    first = nk.convert(shared(f"nir_paper/{name}.nir"), dt=1e-4)
    first.save(tmp_path / "copy.nir")
    assert fingerprint(nk.convert(tmp_path / "copy.nir")) == fingerprint(first)
    nir.read(tmp_path / "copy.nir")  # with nir's own type check


def test_a_reset_that_nir_has_no_field_for_stands_in_metadata(tmp_path):
    first = network((EYE, IF(reset="soft", fires=">=")), (EYE, LIF(tau=1e-2)), dt=1e-3)
    with pytest.warns(MetadataWarning, match=r"'p0': reset='soft' and fires='>=' stand in metadata only; NIR's equat"):
        first.save(tmp_path / "net.nir")
    second = nk.convert(tmp_path / "net.nir")
    assert [(p.neuron.reset, p.neuron.fires) for p in second.populations.values()] == [("soft", ">="), ("hard", ">")]
    assert nir.read(tmp_path / "net.nir").nodes["p1"].metadata == {}


def test_delays_and_loops_are_written_as_they_are_read():
    p0, p1 = network((EYE, IF()), (EYE, IF()), dt=DT).projections
    base = network((EYE, IF()), (EYE, IF()), dt=DT)
    back = replace(p1, source="p1", target="p0", delay=DT)
    own = replace(p1, source="p1", target="p1", delay=3 * DT)
    late = replace(p0, delay=np.array([[0.0], [2 * DT]]))
    early = replace(p1, delay=np.array([[DT, 0.0]]))
    first = replace(base, projections=(late, early, back, own))
    graph = to_nir(first)
    assert fingerprint(load(graph)) == fingerprint(replace(first, projections=(late, back, early, own)))
    delays = {name: node.delay.tolist() for name, node in graph.nodes.items() if isinstance(node, nir.Delay)}
    assert delays == {"in->p0.1": [0, 2 * DT], "p0->p1.0": [DT, 0], "p1->p1.1": [3 * DT] * 2}
    forward = replace(base, projections=(p0, replace(p1, delay=DT), replace(back, delay=0.0)))  # not where we would
    found = {projection.name: projection.delay.item() for projection in load(to_nir(forward)).projections}
    assert found == {"in->p0": 0, "p0->p1": DT, "p1->p0": 0}


def joined(synapse, neuron=None, shape=(2,), target=(2,), **changes) -> Network:
    nodes = {"in": df.Source(shape), "m": df.Linear(synapse), "n": df.Cells(neuron or IF(), target), "o": df.Sink()}
    made = df.build(nodes, [*itertools.pairwise(nodes)], dt=DT, source="x", kind="a test")
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (joined(EYE, QIF(tau=np.asarray(1e-1))), "'n': holds QIF neurons; NIR holds float neurons: IF, LIF, CubaLIF"),
        (joined(EYE, IF(refractory=2 * DT)), "'n': has a refractory period; NIR's neurons have none."),
        (joined(EYE, IF(v_initial=0.5)), "'n': starts at a potential of its own; NIR's IF starts at 0."),
        (joined(EYE, Relay(gain=np.asarray(2.0), activation="unit")), "'n': holds Relay neurons;"),
        (
            joined(ConvTranspose2d(np.ones((1, 1, 2, 2))), shape=(1, 3, 3), target=(1, 4, 4)),
            "'in->n': holds a ConvTranspose2d; NIR has Linear, Affine, Conv2d",
        ),
        (joined(Upsample2d((4, 4)), shape=(1, 2, 2), target=(1, 4, 4)), "'in->n': holds a Upsample2d;"),
        (
            joined(Sparse(sp.csr_matrix(np.ones((4, 4)))), shape=(1, 2, 2), target=(1, 2, 2)),
            "'in->n': gives a vector to a population of shape (1, 2, 2); NIR has no node that makes images of vectors.",
        ),
        (
            replace(joined(EYE), projections=(replace(joined(EYE).projections[0], delay=np.eye(2) * DT),)),
            "'in->n': has delays of single synapses; NIR's Delay delays neurons, not synapses.",
        ),
    ],
)
def test_what_nir_cannot_express(refused, words, tmp_path):
    with pytest.raises(ConversionError) as caught:
        refused.save(tmp_path / "x.nir")
    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_names_that_a_file_cannot_hold():
    made = joined(EYE)
    odd = {"a/b": replace(made.populations["n"], name="a/b")}
    projection = replace(made.projections[0], target="a/b")
    with pytest.raises(ConversionError, match=r"'a/b': is no name for a node; a .nir file keeps names as paths"):
        to_nir(replace(made, populations=odd, outputs=odd, projections=(projection,)))


def test_maps_that_would_read_back_as_others():
    chain = (Dense(np.ones((2, 2))), Sparse(sp.csr_matrix(np.diag([2.0, 3.0]))))
    made = joined(EYE)
    with pytest.raises(ConversionError, match=r"'in->n': would be read back as something else; NIR has no form"):
        to_nir(replace(made, projections=(replace(made.projections[0], synapses=chain),)))


def test_all_faults_come_at_once():
    first = network((EYE, QIF(tau=1e-1)), (EYE, LIF(tau=1e-2, refractory=DT)), (EYE, LeakyIntegrator(1e-2)), dt=DT)
    with pytest.raises(ConversionError) as caught:
        to_nir(first)
    assert [fault.node for fault in caught.value.faults] == ["p0", "p1"]


def test_programs_and_places(tmp_path):
    made = joined(EYE)
    with pytest.raises(ConversionError, match="'program': holds integers; NIR holds floats and seconds"):
        nk.compile(made).save(tmp_path / "x.nir")
    with pytest.raises(OutputError, match="cannot be written"):
        made.save(tmp_path / "nowhere" / "x.nir")


def test_several_outputs_and_order_do_not_matter():
    nodes = {
        "x": df.Source((2,)),
        "b": df.Cells(IF()),
        "a": df.Cells(IF()),
        "flat": df.Linear(Flatten()),
        "o": df.Sink(),
        "p": df.Sink(),
    }
    edges = [("x", "b"), ("b", "a"), ("a", "flat"), ("flat", "o"), ("b", "p")]
    first = df.build(nodes, edges, dt=None, source="x", kind="a test")
    graph = to_nir(first)
    assert {"a.output", "b.output"} <= graph.nodes.keys()
    assert fingerprint(load(graph)) == fingerprint(first)
