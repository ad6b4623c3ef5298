"""EIANN's networks: a YAML file of layers and projections, and the state_dict that belongs to it.

    layer_config:      {layer: {population: {size, activation, tau}}}          the input's layer first
    projection_config: {layer: {population: {layer: {population: {...}}}}}     target, source; also "layer.population"
    training_kwargs:   {tau, forward_steps}
    state_dict:        "module_dict.<target>_<source>.weight" [target, source], "parameter_dict.<population>_bias"

Of a projection its direction counts (F: the source's rate of the same step, R: of the step before), its compartment
and its update_phase: what ends at a dendrite, or acts in the backward phase only, is left out. Source:
github.com/Milstein-Lab/EIANN, EIANN/_network.py (Network, Population, Projection) and utils/network_utils.py; no code
of it is used. EIANN's save_network writes pickles, which are not read: use torch.save(network.state_dict(), path).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.btsp_net import weight_faults
from neurokit.converters.btsp_rates import KINDS, Joint, RateNet
from neurokit.errors import ConversionError, Fault, FormatError, InputError, one_line

Spec = Mapping[str, Any]
_BACKWARD = ("B", "backward")
_DENDRITE = ("dend", "dendrite")
_TUPLE = "tag:yaml.org,2002:python/tuple"  # which EIANN's files have, and YAML itself has not
_SECTIONS = ("layer_config", "projection_config", "training_kwargs")


def read_spec(spec: Any) -> Spec:
    """A specification: a mapping, or the path of a YAML or JSON file. Nothing that a file holds is run.

    FormatError for a file that cannot be read, or YAML without PyYAML; InputError for what is no mapping.
    """
    found = _file(Path(spec)) if isinstance(spec, str | PathLike) else spec
    if not isinstance(found, Mapping):
        mend = "Pass EIANN's YAML file, or the mapping that it holds."
        raise InputError(Fault("spec", f"is a {type(found).__name__}", f"it has {', '.join(_SECTIONS)}", mend))
    return found


def _file(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix.lower() == ".json" else _yaml(text, path)
    except (OSError, ValueError, RecursionError) as error:
        mend = "Pass EIANN's YAML file, a JSON file, or a mapping."
        fact = f"cannot be read ({one_line(error, 200)})"
        raise FormatError(Fault(str(path), fact, "a specification is needed", mend)) from error


def _yaml(text: str, path: Path) -> Any:
    try:
        import yaml
    except ImportError as error:
        mend = 'Run pip install "neurokit-lava[yaml]", or pass spec= as a mapping or a JSON file.'
        raise FormatError(Fault(str(path), "is YAML", "PyYAML reads it and is not installed", mend)) from error

    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
        """YAML's own types, and tuples."""

    Loader.add_constructor(_TUPLE, lambda loader, node: loader.construct_sequence(node))
    try:
        return yaml.load(text, Loader)  # a SafeLoader
    except yaml.YAMLError as error:
        raise ValueError(one_line(error, 200)) from error


def rate_net(arrays: Mapping[str, NDArray[Any]], spec: Spec) -> RateNet:
    """The forward phase of the network that `spec` describes with the weights of `arrays`, a state_dict.

    ConversionError with everything that is missing, unknown, or does not fit.
    """
    reader = _Reader(spec, {_key(name): values for name, values in arrays.items()})
    reader.run()
    if reader.faults:
        raise ConversionError(reader.faults)
    return RateNet(
        reader.sizes, tuple(reader.joints), reader.tau, reader.steps, reader.output, tuple(sorted(reader.left_out))
    )


def _key(name: str) -> str:
    """A state_dict that lies in a larger checkpoint has the names of what is around it in front."""
    for head in ("module_dict.", "parameter_dict."):
        if head in name:
            return name[name.index(head) :]
    return name


@dataclass(eq=False)
class _Reader:
    spec: Spec
    arrays: Mapping[str, NDArray[Any]]
    sizes: dict[str, int] = field(default_factory=dict)  # of what has a soma and is kept
    joints: list[Joint] = field(default_factory=list)
    tau: dict[str, float] = field(default_factory=dict)
    steps: int = 0
    output: str = ""
    left_out: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    layer_of: dict[str, int] = field(default_factory=dict)  # of all populations
    named: set[str] = field(default_factory=set)  # projections of the specification

    def fault(self, node: str, fact: str, limit: str, mend: str) -> None:
        self.faults.append(Fault(node, fact, limit, mend))

    def run(self) -> None:
        """Everything; where sections are missing nothing else can be said."""
        for section in _SECTIONS:
            if not isinstance(self.spec.get(section), Mapping) or not self.spec[section]:
                fact, limit = f"has no '{section}'", f"EIANN's files have {', '.join(_SECTIONS)}"
                self.fault("spec", fact, limit, "Pass the whole file.")
        if self.faults:
            return
        self._constants(self.spec["training_kwargs"])
        self._layers(self.spec["layer_config"])
        for target, source, options in _projections(self.spec["projection_config"]):
            self._projection(target, source, options)
        self._matrices()
        self._silent()

    def _constants(self, given: Spec) -> None:
        steps = given.get("forward_steps")
        if not _whole(steps):
            fact = "is missing" if steps is None else f"is {steps!r}"
            self.fault("forward_steps", fact, "the steps of the forward phase, 1 or more", "Add it to training_kwargs.")
        else:
            self.steps = int(steps)
        if "tau" not in given:
            self.fault("tau", "is missing", "the time constant in steps", "Add it to training_kwargs.")

    def _layers(self, layers: Mapping[Any, Any]) -> None:
        if len(layers) < 2:
            self.fault("layer_config", f"has {len(layers)} layer", "an input and an output at least", "Add layers.")
        for number, (layer, populations) in enumerate(layers.items()):
            if not isinstance(populations, Mapping) or not populations:
                self.fault(str(layer), "has no populations", "a layer is a mapping of them", "Add E.")
                continue
            for kind, options in populations.items():
                self._population(f"{layer}{kind}", str(kind), number, options)
            if number and "E" not in populations:
                self.fault(str(layer), "has no population E", "each layer has excitatory neurons", "Add E.")
        names = [name for name, layer in self.layer_of.items() if layer == 0]
        if len(names) > 1:
            limit = "the first layer is the input, one population"
            self.fault(", ".join(names), "are all in the first layer", limit, "Leave one.")
        self.output = f"{list(layers)[-1]}E"

    def _population(self, name: str, kind: str, layer: int, options: Any) -> None:
        if kind not in KINDS or (layer == 0 and kind != "E"):
            limit = f"known: {', '.join(KINDS)}; the input, which is the first layer, has E only"
            mend = "Rename it, or put the input's layer first." if layer == 0 else "Rename it if it is one of these."
            self.fault(name, "is an unknown population", limit, mend)
            return
        self.layer_of[name] = layer
        if not isinstance(options, Mapping) or not _whole(options.get("size")):
            self.fault(name, "has no size", "a number of neurons", 'Add "size" to its population.')
            return
        if kind == "DendI":
            return
        self.sizes[name] = int(options["size"])
        if layer == 0:
            return
        if options.get("activation") != "relu" or options.get("activation_kwargs"):
            fact = f"has the activation {options.get('activation', 'linear')!r}"
            self.fault(name, fact, "neurons that are converted rectify: relu, without arguments", "Train it with relu.")
        tau = options.get("tau", self.spec["training_kwargs"].get("tau", 1))
        if isinstance(tau, bool) or not isinstance(tau, int | float) or not (math.isfinite(tau) and tau >= 1):
            self.fault(name, f"has tau {tau!r}", "a time constant is 1 step or more", "Correct it.")
        else:
            self.tau[name] = float(tau)
        bias = self.arrays.get(f"parameter_dict.{name}_bias", np.zeros(1))
        if bias.dtype.kind in "biuf" and np.any(bias != 0):
            fact = f"has a bias in {int(np.count_nonzero(bias))} of {bias.size} neurons"
            self.fault(name, fact, "networks of dendritic gating have none", "Train it without bias.")

    def _projection(self, target: str, source: str, options: Any) -> None:
        name = f"{target}_{source}"
        self.named.add(name)
        unknown = [end for end in (target, source) if end not in self.layer_of]
        for end in unknown:
            if not any(fault.node == end for fault in self.faults):
                self.fault(end, f"is an unknown population of {name}", "layer_config lists all", "Correct its name.")
        if unknown:
            return
        given = options if isinstance(options, Mapping) else {}
        backward = given.get("compartment") in _DENDRITE or given.get("update_phase") in _BACKWARD
        if backward or target.endswith("DendI") or source.endswith("DendI"):
            self.left_out.add(name)
            return
        direction = str(given.get("direction", "F"))[:1].upper()
        up = self.layer_of[target] - self.layer_of[source]
        if direction not in ("F", "R") or up < 0 or (up == 0 and direction == "F"):
            fact = f"goes {'up' if up > 0 else 'down' if up < 0 else 'within a layer'} with direction {direction}"
            limit = "F goes to a higher layer, R there or within a layer: on the chip a connection takes a step"
            self.fault(name, fact, limit, "Train it with one of these.")
            return
        self.joints.append(Joint(target, source, np.zeros((0, 0)), direction == "R"))

    def _matrices(self) -> None:
        """Weights of all that is kept; and whatever the file has beside it."""
        joints, self.joints = self.joints, []
        for joint in joints:
            weight = self.arrays.get(f"module_dict.{joint.name}.weight")
            if weight is None:
                limit = f"the file holds 'module_dict.{joint.name}.weight'"
                self.fault(joint.name, "is missing", limit, "Pass the state_dict of this network.")
            elif joint.target in self.sizes and joint.source in self.sizes:
                shape = self.sizes[joint.target], self.sizes[joint.source]
                if found := list(weight_faults(joint.name, weight, shape)):
                    self.faults += found
                else:
                    values = np.asarray(weight, np.float64)
                    self.joints.append(Joint(joint.target, joint.source, values, joint.earlier))
        for key in self.arrays:
            name = key.removeprefix("module_dict.").removesuffix(".weight")
            if key.startswith("module_dict.") and name not in self.named:
                fact, limit = "is no projection of the specification", "weights and specification belong together"
                self.fault(name, fact, limit, "Pass the YAML file of this network.")

    def _silent(self) -> None:
        heard = {joint.target for joint in self.joints} | {fault.node.partition("_")[0] for fault in self.faults}
        for name in self.tau:
            if name not in heard:
                self.fault(name, "hears nothing", "each population has a projection to its soma", "Add one.")


def _projections(config: Mapping[Any, Any]) -> Iterator[tuple[str, str, Any]]:
    """(target, source, options); both ways of writing "layer.population" and {layer: {population: ...}}."""
    for target, by_source in _flat(config):
        for source, options in _flat(by_source):
            yield target, source, options


def _flat(config: Any) -> Iterator[tuple[str, Any]]:
    for layer, inner in config.items() if isinstance(config, Mapping) else ():
        if "." in str(layer):
            yield str(layer).replace(".", ""), inner
            continue
        for population, content in inner.items() if isinstance(inner, Mapping) else ():
            yield f"{layer}{population}", content


def _whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= 1)
