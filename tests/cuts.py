"""Sequences cut into steps and blocks, and what sessions give for the pieces."""

from __future__ import annotations

import numpy as np

import neurokit as nk


def cuts(rng, steps):
    """Lengths that add up to `steps`; None is a single step given without a time axis."""
    found = []
    while sum(n or 1 for n in found) < steps:
        left = steps - sum(n or 1 for n in found)
        found.append(None if rng.random() < 0.5 else int(rng.integers(1, left + 1)))
    return found


def streamed(session, values, pieces, axis=0):
    """Outputs, spikes and states of a session that is given `values` piece by piece, each joined along time."""
    kept, start = [], 0
    for length in pieces:
        stop = start + (length or 1)
        piece = {name: array.take(range(start, stop), axis) for name, array in values.items()}
        if length is None:
            piece = {name: array.take(0, axis) for name, array in piece.items()}
        out = session.step(piece if len(piece) > 1 else next(iter(piece.values())))
        everything = {"out": out, **session.spikes, **session.states}
        kept.append({k: np.expand_dims(v, axis) if length is None else v for k, v in everything.items()})
        start = stop
    return {name: np.concatenate([piece[name] for piece in kept], axis) for name in kept[0]}


def assert_cut_equal(graph, values, rng, backend="simulator", **options):
    """A session over pieces of `values` (time, *shape) equals one run."""
    steps = len(next(iter(values.values())))
    record = (*graph.populations, *((n, s) for n, p in graph.populations.items() for s in p.neuron.states))
    whole = nk.run(graph, values, backend=backend, record=record)
    with nk.open(graph, backend, record=record, **options) as session:
        found = streamed(session, values, cuts(rng, steps))
        assert session.time == steps == session.latency.steps
    for key in record:
        wanted = whole.spikes[key] if isinstance(key, str) else whole.states[key]
        np.testing.assert_array_equal(found[key], wanted, f"{key}")


def assert_case_streams(case, backend, path):
    """A case of the conformance suite: cut into steps and a block, and gone on with from a saved state."""
    graph, values = case.program, {name: array[:1] for name, array in case.inputs.items()}
    steps = min(array.shape[1] for array in values.values())
    values, cut = {name: array[:, :steps] for name, array in values.items()}, steps // 2
    record = (*graph.populations, *((n, s) for n, p in graph.populations.items() for s in p.neuron.states))
    whole = nk.run(graph, values, backend=backend, record=record)
    with nk.open(graph, backend, batch=1, record=record) as first:
        for t in range(cut):
            first.step({name: array[:, t] for name, array in values.items()})
        first.save(path)
        rest = {name: array[:, cut:] for name, array in values.items()}
        first.step(rest)
        with nk.open(graph, backend, batch=1, record=record, state=path) as second:
            second.step(rest)
        for session in (first, second):
            for key in record:
                kind = "spikes" if isinstance(key, str) else "states"
                found, wanted = getattr(session, kind)[key], getattr(whole, kind)[key][:, cut:]
                assert found.dtype == wanted.dtype
                np.testing.assert_array_equal(found, wanted, f"{kind} of {key}")
