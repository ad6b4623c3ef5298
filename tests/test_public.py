"""The public contract, written out: a change here is a change for users, so it is made on purpose."""

import inspect

import pytest

import neurokit as nk
from neurokit import errors
from neurokit.errors import Fault, NeurokitError

# Parameters after "*" by name only. CHANGELOG.md gets a line for every change.
FUNCTIONS = {
    "audit": "program, inputs, steps=None, chip='loihi1'",
    "check_results": "results=None, bundle='.'",
    "compile": "network, *, bits=8, calibrate=None, window=None, arithmetic='lava', schedule='pipeline'",
    "conformance": "backend='simulator', *, networks=60, seed=0, start=0, edges=True, truths=False,"
    " time_limit=None, progress=None",
    "convert": "source, *, kind=None, dt=None, reset=None, inputs=None, shape=None, spec=None, code=None, "
    "calibrate=None, fires=None, integration=None",
    "deploy": "program, inputs, path, *, target='loihi2', steps=None, force=False",
    "doctor": "",
    "expand": "program, *projections",
    "fidelity": "rule, network, data, *, projection=None, steps=None, weight_bits=(8, 7, 6, 5, 4),"
    " trace_bits=(7, 6, 5, 4), epochs=(1, 2, 4, 8), rounding=('repaired', 'lava'), blocks=1, deployed=False",
    "load": "path",
    "load_recording": "path",
    "memory": "program, inputs, steps=None, record=()",
    "open": "program, backend='simulator', *, batch=None, record=(), deadline=None, state=None, time_limit=None,"
    " threads=None, silicon=None",
    "place": "program, chip='loihi2', *, host=False, seed=0",
    "profile": "recording, placement=None, *, host_time=0.0, seed=0",
    "report": "profile=None, parity=None, placement=None, *, recording=None, targets=None,"
    " title='neurokit report', summary=(), depth=None, learning=None, path='report.html'",
    "run": "program, inputs, steps=None, backend='simulator', record=(), *, time_limit=None, progress=None,"
    " threads=None, to=None, checkpoint=None, every=60.0, learners=1, record_every=None, silicon=None",
    "targets": "program, inputs=None, labels=None, *, steps=None, only=('lava-cpu', 'loihi2-stock', 'loihi1')",
    "to_lava": "program, *, graded=False, name=None",
    "to_network": "program, source=None",
    "inspect": "source, *, kind=None, dt=None, reset=None, inputs=None, shape=None, spec=None, code=None,"
    " calibrate=None, fires=None, integration=None",
    "verify": "source, inputs, *, network=None, program=None, expected=None, labels=None, bits=None, window=None,"
    " dt=None, reset=None, steps=None, tau=10.0, attribute=4, lava=1,"
    " backend='lava-inprocess', time_limit=None, progress=None",
}
MODULES = {  # and some of what is in them
    "encode": ["Events", "FilterBank", "read", "to_spikes"],
    "rules": ["Rule", "Trace", "rule", "stdp", "eprop_lif", "btsp_saturating"],
}
GRAPH = ["inputs", "populations", "projections", "outputs"]
CLASSES = {
    "Audit": ["populations", "chip", "samples"],
    "Bundle": ["path", "target", "checksum", "forced"],
    "Check": ["name", "state", "found", "mend", "needed"],
    "Conformance": ["backend", "seed", "outcomes", "operators", "uncovered"],
    "Fidelity": ["rule", "base", "rows", "notes", "refused"],
    "Health": ["checks"],
    "Latency": ["steps", "calls", "mean", "median", "p99", "max", "deadline", "missed"],
    "Memory": ["weights", "states", "blocks", "recording", "available"],
    "Network": [*GRAPH, "dt", "source", "steps_per_sample"],
    "NeurokitError": [],
    "Parity": ["rungs", "decisions", "attribution", "conventions", "notes"],
    "Placement": ["program", "chip", "populations", "faults", "places", "flows", "host"],
    "Profile": ["recording", "chip", "activity", "energy", "time", "caveats"],
    "Program": [
        *GRAPH,
        "latency",
        "targets",
        "report",
        "dt",
        "source",
        "input_scale",
        "steps_per_frame",
        "steps_per_sample",
    ],
    "Recording": [
        *("program", "steps", "batch", "spikes", "states", "counts", "step_counts"),
        *("backend", "seconds", "steps_done", "overflows", "programs", "updates", "rails", "record_every", "measured"),
    ],
    "Session": [],
    "Targets": ["rows", "samples", "steps"],
    "Survey": [
        *("source", "kind", "findings", "faults", "needs", "facts", "remarks"),
        *("network", "program", "stood_in"),
    ],
}
METHODS = {
    "Fidelity": {"at", "save", "to_json"},
    "Health": {"ok", "to_dict"},
    "Network": {"frozen", "is_integer", "incoming", "learns", "presented", "save", "shape_of", "with_plasticity"},
    "Program": {"frozen", "incoming", "learns", "neuron", "presented", "save", "scaled", "shape_of"},
    "Recording": {"aligned", "complete", "railed", "save", "wraps"},
    "Memory": {"total"},
    "Session": {"close", "latency", "program", "programs", "reset", "restore", "save", "step"},
}


def parameters(function):
    """The signature without its annotations and brackets."""
    bare = [p.replace(annotation=p.empty) for p in inspect.signature(function).parameters.values()]
    return str(inspect.Signature(bare))[1:-1]


def test_names():
    assert sorted(nk.__all__) == sorted([*FUNCTIONS, *CLASSES, *MODULES])
    assert len(nk.__all__) == len(set(nk.__all__))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures(name):
    assert parameters(getattr(nk, name)) == FUNCTIONS[name]


@pytest.mark.parametrize("name", CLASSES)
def test_fields(name):
    assert list(vars(getattr(nk, name)).get("__dataclass_fields__", {})) == CLASSES[name]


@pytest.mark.parametrize("name", MODULES)
def test_modules(name):
    module = getattr(nk, name)
    assert set(MODULES[name]) <= set(module.__all__)
    assert all(len(inspect.getdoc(getattr(module, public)) or "") > 10 for public in module.__all__)


@pytest.mark.parametrize("name", METHODS)
def test_methods(name):
    found = {m for m in dir(getattr(nk, name)) if not m.startswith("_")} - set(CLASSES[name])
    assert found == METHODS[name]


@pytest.mark.parametrize("name", [*FUNCTIONS, *CLASSES])
def test_everything_is_documented(name):
    assert len(inspect.getdoc(getattr(nk, name)) or "") > 10


def test_errors_are_one_tree():
    found = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, Exception)]
    kinds = [kind for kind in found if not issubclass(kind, Warning)]
    assert sorted(kind.__name__ for kind in kinds) == [
        "BackendError",
        "CompileError",
        "ConversionError",
        "FormatError",
        "GraphError",
        "InputError",
        "NeurokitError",
        "NotRecordedError",
        "OutputError",
        "PayloadError",
        "RuleError",
        "TrainingError",
    ]
    assert all(issubclass(kind, NeurokitError) for kind in kinds)
    assert issubclass(errors.OverflowWarning, UserWarning)
    assert issubclass(errors.Interrupted, KeyboardInterrupt)
    assert not issubclass(errors.Interrupted, Exception)
    two = NeurokitError([Fault("a", "b", "c", "d."), Fault("e", "f", "g", "h.")])
    assert str(two) == "'a': b; c. d.\n'e': f; g. h."
    assert len(two.faults) == 2
    assert NeurokitError(two.faults[0]).faults == two.faults[:1]
