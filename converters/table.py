"""The table of converters. Importing this module imports no converter and no framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any

from neurokit.errors import Fault, FormatError, InputError
from neurokit.graph.network import Network, Program


@dataclass(frozen=True)
class Converter:
    """One row of the table.

    kind: the name that `kind=` takes. suffixes: of the files it reads. package: top-level package of the live objects
    it takes (or of one of their base classes), or None. load: "module:function", with the signature
    (source, *, dt, reset, inputs, and the options it names) -> Network. options: those of Options that it takes
    besides dt, reset and inputs.
    """

    kind: str
    suffixes: tuple[str, ...]
    package: str | None
    load: str
    options: tuple[str, ...] = ()


_SPEC = ("shape", "spec")
_TORCH = ("shape", "code", "calibrate", "fires")

CONVERTERS: tuple[Converter, ...] = (
    Converter("btsp", (), None, "neurokit.converters.btsp:load", ("spec", "code", "calibrate")),
    Converter("eprop", (), None, "neurokit.converters.eprop:load"),
    Converter("net", (".net",), None, "neurokit.converters.from_slayer:load", ("fires",)),
    Converter("nir", (".nir",), "nir", "neurokit.converters.from_nir:load", ("fires", "integration")),
    Converter("onnx", (".onnx",), "onnx", "neurokit.converters.from_onnx:load", ("shape", "code", "calibrate")),
    Converter("torch", (), "torch", "neurokit.converters.from_torch:load", _TORCH),
    Converter("stereospike", (), None, "neurokit.converters.stereospike:load", _SPEC),
    Converter("weights", (".pt", ".pth", ".safetensors", ".npz"), None, "neurokit.converters.from_weights:load", _SPEC),
)


@dataclass(frozen=True, eq=False)
class Options:
    """How to read a source: the arguments of `neurokit.convert` beside it. None: not given, so left to the source.

    dt: seconds per step. reset: "hard" or "soft". inputs: "current" or "spikes": how data enter a `.net` file's input
    layer. shape, spec, code, calibrate, fires, integration: what single converters take, see `neurokit.convert`.
    """

    dt: float | None = None
    reset: str | None = None
    inputs: str | None = None
    shape: Any = None
    spec: Any = None
    code: str | None = None
    calibrate: Any = None
    fires: str | None = None
    integration: str | None = None

    def given(self) -> dict[str, Any]:
        """Those that are not None, by name."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}


NOTHING_GIVEN = Options()
COMMON = ("dt", "reset", "inputs")  # every converter's


def convert(source: Any, kind: str | None = None, options: Options = NOTHING_GIVEN) -> Network:
    """Convert a file or live object with the converter that its suffix, package or `kind` names.

    source: a path, an object of a framework (nir.NIRGraph), or a StereoSpike's state_dict.
    kind: forces a converter whatever the suffix is ("net", "nir").
    Raises FormatError when no converter fits or the file is unreadable, ConversionError when the source holds what
    cannot be converted, InputError when an argument does not fit the source.
    """
    row = choose(source, kind)
    given = options.given()
    faults = [
        Fault(name, "was given", f"sources of kind '{row.kind}' do not take it", "Leave it out.")
        for name in given.keys() - {*COMMON, *row.options}
    ]
    if faults:
        raise InputError(sorted(faults, key=str))
    network: Network = _function(row.load)(source, **given)
    return network


def choose(source: Any, kind: str | None) -> Converter:
    """The row for a source; FormatError where there is none."""
    if kind is not None:
        rows = [row for row in CONVERTERS if row.kind == str(kind).removeprefix(".")]
        fault = Fault(str(kind), "is no kind of source", _supported(), "Pass one of these as kind=.")
    elif isinstance(source, str | PathLike):
        suffix = Path(source).suffix.lower()
        rows = [row for row in CONVERTERS if suffix in row.suffixes]
        fact = f"has the suffix '{suffix}'" if suffix else "has no suffix"
        fault = Fault(str(source), fact, _supported(), "Rename it, or name its converter with kind=.")
    elif isinstance(source, Mapping):  # a state_dict
        from neurokit.converters.stereospike_keys import is_stereospike  # few sources are dicts

        rows = [row for row in CONVERTERS if row.kind == "stereospike" and is_stereospike(source)]
        limit = f"of dicts, neurokit converts a StereoSpike's state_dict; {_supported()}"
        fault = Fault(
            "source", f"is a dict of {len(source)}", limit, "Pass a path, one of these objects, or such a dict."
        )
    else:
        if isinstance(source, Network | Program):
            what = type(source).__name__
            mend = "Call nk.compile on it." if isinstance(source, Network) else "Run it, or call nk.to_network on it."
            raise FormatError(Fault("source", f"is a {what} already", "what others wrote is converted", mend))
        packages = {base.__module__.partition(".")[0] for base in type(source).__mro__}
        rows = [row for row in CONVERTERS if row.package in packages]
        found = f"{type(source).__module__}.{type(source).__qualname__}"
        fault = Fault("source", f"is a {found}", _supported(), "Pass a path or one of these objects.")
    if not rows:
        raise FormatError(fault)
    return rows[0]


def _supported() -> str:
    suffixes = ", ".join(suffix for row in CONVERTERS for suffix in row.suffixes)
    kinds = ", ".join(repr(row.kind) for row in CONVERTERS)
    packages = ", ".join(row.package for row in CONVERTERS if row.package)
    return f"neurokit converts {suffixes} files (kinds {kinds}) and objects of {packages}"


def _function(address: str) -> Callable[..., Network]:
    module, _, name = address.partition(":")
    function: Callable[..., Network] = getattr(import_module(module), name)
    return function
