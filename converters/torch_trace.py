"""Follows a torch module through a few time steps, operation by operation, and notes what each neuron is given.

Real tensors run through the module's own `forward`; every torch operation on what depends on the input is noted
(torch.overrides.TorchFunctionMode), so Python's control flow, functional forms and submodules need no rules of their
own. Neurons do not run: `Followed` replaces their `forward` meanwhile and puts everything back as it was.

The leading axes of each tensor are known by what they hold: "B" the samples, "L" a list of steps (or of anything that
was stacked), "LB" or "BL" both merged. A tensor with an "L" has one expression an entry, any other has one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from neurokit.converters.torch_classes import find
from neurokit.converters.torch_expressions import Decision, Expression, Expressions, Leaf, Part, Unknown, keeps_order
from neurokit.converters.torch_neurons import Context, Found, Multi
from neurokit.errors import Fault
from neurokit.graph.neurons import FloatArray
from neurokit.graph.synapses import Shape, Synapse

SAMPLES = 2  # so that an axis of samples is told from axes of one
STEPS = 4  # a first one, one that sees the first one's spikes, and two to see that nothing changes any more

_IN_PLACE = re.compile(r"(?!detach_|requires_grad_)[a-z]\w*_|__i(add|sub|mul|truediv)__")

Lead: TypeAlias = tuple[str, ...]
Tensor: TypeAlias = Any


class Value(torch.Tensor):  # type: ignore[misc]  # torch is not followed
    """A tensor that torch announces to the mode even where it would not announce others: indexing, in torch 2.3."""


@dataclass(frozen=True, eq=False)
class Tracked:
    """What is known of a tensor: an expression for each entry of its list of steps, and its leading axes."""

    expressions: tuple[Expression, ...]
    lead: Lead

    @property
    def shape(self) -> Shape:
        """Of one step of one sample."""
        return self.expressions[0].shape


@dataclass(eq=False)
class Population:
    """A neuron module and what it was given at each of its calls."""

    name: str
    found: Found
    given: list[Expression] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Neuron:
    """A neuron module: what it is, what answers its calls, lists of steps it takes, if it keeps its states."""

    found: Found
    answer: Callable[..., Any]
    multi: Multi
    keeps: bool


class Stop(Exception):  # never leaves the converters
    """Tensors have other axes than the module's neurons take."""


class Follower(TorchFunctionMode):  # type: ignore[misc]
    """The mode under which a module runs. `handlers`: by the name of the torch function, from `torch_ops`."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        super().__init__()
        self.handlers = handlers
        self.expressions = Expressions()
        self.populations: dict[str, Population] = {}
        self.faults: list[Fault] = []
        self.mixed = False  # whether samples and steps got mixed up, as they do when a module is called in a wrong way
        self.path: list[str] = []
        self.paused = 0
        self.known: dict[int, tuple[Tensor, Tracked]] = {}  # with the tensor, so that its id stays its own
        self.overwritten: set[int] = set()  # ids of known tensors whose memory an operation has changed since
        self.pools: dict[tuple[str, tuple[str, ...]], str] = {}  # by place and sources, see `torch_maxima`
        self.returned: Any = None
        self.failed_at = ""

    # ------------------------------------------------------------------------------------------------- knowing

    def get(self, tensor: Any) -> Tracked | None:
        """What is known of a tensor; None where it does not depend on the input."""
        entry = self.known.get(id(tensor))
        if entry is None or entry[0] is not tensor:
            return None
        if id(tensor) in self.overwritten:
            limit, mend = "a tensor keeps the values that it was given", "Compute a new tensor instead, e.g. x = x + y."
            self.fault("reads a tensor that has been changed in place through another one", limit, mend)
        return entry[1]

    def put(self, tensor: Tensor, tracked: Tracked) -> None:
        """Note what a tensor is."""
        self.known[id(tensor)] = (tensor, tracked)
        self.overwritten.discard(id(tensor))

    @property
    def place(self) -> str:
        """The module that is running."""
        return self.path[-1] if self.path else ""

    def fault(self, fact: str, limit: str, mend: str, node: str | None = None) -> None:
        """Note a fault, once."""
        made = Fault(node or self.place or "module", fact, limit, mend)
        if made not in self.faults:
            self.faults.append(made)

    def alike(self, steps: Sequence[Expression]) -> bool:
        """Whether the last two are one value in two steps."""
        if len(steps) < 2 or any(isinstance(e, Decision | Unknown) for e in steps[-2:]):
            return False
        return self.expressions.aged(steps[-1], 1) is self.expressions.aged(steps[-2], 0)

    def constant(self) -> None:
        """The inputs are the same in every step: forget in which one they were given."""
        for own in self.populations.values():
            own.given = [self.expressions.timeless(e) for e in own.given]
        for key, (tensor, tracked) in list(self.known.items()):
            made = tuple(self.expressions.timeless(e) for e in tracked.expressions)
            self.known[key] = (tensor, Tracked(made, tracked.lead))

    def unknown(self, result: Any, tracked: Tracked) -> None:
        """Go on behind something that could not be followed."""
        for tensor in tensors(result):
            lead = tracked.lead if len(tracked.lead) <= tensor.dim() else ()
            unknown = Unknown(tuple(tensor.shape[len(lead) :]), self.place)
            self.put(tensor, Tracked((unknown,) * len(tracked.expressions), lead))

    # ------------------------------------------------------------------------------------------------ following

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if self.paused:
            return func(*args, **kwargs)
        given = [tracked for tensor in tensors((args, kwargs)) if (tracked := self.get(tensor)) is not None]
        result = func(*args, **kwargs)
        if not given:
            return result
        name = name_of(func)
        if _IN_PLACE.fullmatch(name):
            self._overwrite(name, args[0] if args else None)
        handler = self.handlers.get(name)
        if handler is None:
            self._refuse(name, result, given[0])
        elif any(isinstance(e, Decision) for tracked in given for e in tracked.expressions):
            self._decided(name, args, kwargs, result, given)
        else:
            handler(self, name, func, args, kwargs, result)
        return result

    def _refuse(self, name: str, result: Any, given: Tracked) -> None:
        self.fault(
            f"calls '{name}' on what depends on the input",
            "neurokit follows linear maps, reshapes, sums and the neurons of known classes",
            "Compute it outside of the module, or put it into a neuron of snnTorch, Norse, sinabs or SpikingJelly.",
        )
        self.unknown(result, given)

    def _overwrite(self, name: str, tensor: Any) -> None:
        """An operation in place changes all tensors that share its memory: what is known of the others is over."""
        if not isinstance(tensor, torch.Tensor):
            return
        if id(tensor) not in self.known and tensor._is_view():
            limit, mend = "values are followed from one operation to the next", "Use torch.stack or torch.cat."
            self.fault(f"'{name}' writes what depends on the input into a part of a tensor", limit, mend)
        memory = tensor.untyped_storage().data_ptr()
        self.overwritten |= {
            key
            for key, (other, _) in self.known.items()
            if other is not tensor and other.untyped_storage().data_ptr() == memory
        }

    def _decided(
        self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], result: Any, given: Sequence[Tracked]
    ) -> None:
        """Something behind a decision is one, too, where it could be done after the run as well."""
        made = tensors(result)
        others = [_number(value) for value in (*args, *kwargs.values()) if self.get(value) is None]
        if made and (len(given) > 1 or not keeps_order(name, others)):
            what = next(e.what for tracked in given for e in tracked.expressions if isinstance(e, Decision))
            limit = "what a network gives are its last layer's spikes in each step"
            mend = "Do it in each step, in front of the sum or decision, or after the run."
            self.fault(f"calls '{name}' behind '{what}'", limit, mend)
        decided = [e for tracked in given for e in tracked.expressions if isinstance(e, Decision)]
        for tensor in made:
            decision = self.expressions.decision(tuple(tensor.shape), self.place, name, decided)
            self.put(tensor, Tracked((decision,), ()))

    # --------------------------------------------------------------------------------------------------- neurons

    def fire(self, name: str, own: Neuron, args: Sequence[Any], kwargs: Mapping[str, Any], forward: Any) -> Any:
        """What stands for a call of a neuron module."""
        values = [*args, *kwargs.values()]
        tracked = self.get(values[0]) if values else None
        self.paused += 1
        try:
            result, states = own.answer(forward, *args, **kwargs)
        finally:
            self.paused -= 1
        if tracked is None:
            limit = "neurons are driven by inputs or other neurons"
            self.fault("is given what does not depend on the input", limit, "Give it the input, or remove it.")
            return result
        self._check_states(name, own, values[1:])
        if not _fits(own.multi, tracked.lead):
            raise Stop(f"takes {own.multi.value}")
        population = self.populations.setdefault(name, Population(name, own.found))
        steps = range(len(population.given), len(population.given) + len(tracked.expressions))
        given = tracked.expressions if own.found.before is None else self._mapped(own.found.before, tracked)
        population.given += given
        spikes, *others = tensors(result)
        held = [tensor for tensor in (*others, *states) if tensor is not spikes]  # Norse's states hold them, too
        shape = given[0].shape
        self._sent(spikes, name, "spikes", shape, steps, tracked.lead, own.found.gain)
        for tensor in held:
            every = tensor.shape == spikes.shape
            lead, times = (tracked.lead, steps) if every else (_without_list(tracked.lead), steps[-1:])
            self._sent(tensor, name, "state", shape, times, lead, np.ones(()))
        return result

    def _mapped(self, synapse: Synapse, tracked: Tracked) -> tuple[Expression, ...]:
        shape = synapse.output_shape(tracked.shape) or ()
        return tuple(self.expressions.map(shape, self.place, synapse, tracked.shape, e) for e in tracked.expressions)

    def _sent(
        self, tensor: Tensor, name: str, part: Part, shape: Shape, steps: Sequence[int], lead: Lead, gain: FloatArray
    ) -> None:
        leaves = [self.expressions.leaf(shape, name, part, step) for step in steps]
        self.put(tensor, Tracked(tuple(self.expressions.affine(name, gain, 0, leaf) for leaf in leaves), lead))

    def _check_states(self, name: str, neuron: Neuron, states: Sequence[Any]) -> None:
        """States that are handed in must be the neuron's own of the step before, or zeros at first."""
        given = tensors(states)
        later = name in self.populations
        fresh = later and not given and not neuron.keeps
        for tensor in given:
            tracked = self.get(tensor)
            own = tracked is not None and all(isinstance(e, Leaf) and e.name == name for e in tracked.expressions)
            fresh = fresh or (later and tracked is None)
            if not own and (tracked is not None or bool(torch.as_tensor(tensor).any())):
                self.fault(
                    "is given states that are not its own of the step before",
                    "states start from rest and go on by themselves",
                    "Hand back the states as the neuron returned them, and zeros at first.",
                )
        if fresh:
            limit = "states go on from step to step"
            mend = "Hand back the states as the neuron returned them, and start anew before the first step only."
            self.fault("starts anew at a later step", limit, mend)

    # ------------------------------------------------------------------------------------------------- modules

    def run(self, module: Any, inputs: Sequence[tuple[Tensor, Tracked]], state: Any = None) -> Any:
        """One call of the module."""
        arguments = [tensor.as_subclass(Value) for tensor, _ in inputs]
        for tensor, (_, tracked) in zip(arguments, inputs, strict=True):
            self.put(tensor, tracked)
        try:
            with self, torch.no_grad():
                return module(*arguments) if state is None else module(*arguments, state)
        except Exception:
            self.failed_at = self.place
            raise


Handler: TypeAlias = Callable[[Follower, str, Callable[..., Any], Sequence[Any], Mapping[str, Any], Any], None]


class Followed:
    """A module whose neurons answer to a Follower, as it was before when left. Its `neurons`: by path."""

    def __init__(self, module: Any, follower: Follower, context: Context) -> None:
        self.module = module
        self.follower = follower
        self.neurons: dict[str, Neuron] = {}
        self.kept = [(own, dict(own.__dict__), dict(own._buffers)) for own in module.modules()]
        self.values = [(buffer, buffer.detach().clone()) for buffer in module.buffers()]
        inner: set[str] = set()
        for name, own in module.named_modules():
            if any(name.startswith(f"{outer}.") for outer in inner):
                continue
            known = name or type(own).__name__.lower()
            found = find(known, own, context)
            if found is not None:
                rule, neuron, faults = found
                follower.faults += faults
                inner.add(name)
                self.neurons[known] = Neuron(neuron, rule.answer(own), rule.multi(own), rule.keeps)
        self.handles: list[Any] = []

    def __enter__(self) -> Followed:
        self.module.eval()
        modules = dict(self.module.named_modules())
        for name, own in modules.items():
            self.handles.append(own.register_forward_pre_hook(lambda *_, name=name: self.follower.path.append(name)))
            self.handles.append(own.register_forward_hook(lambda *_: _nothing(self.follower.path.pop())))
        for name, neuron in self.neurons.items():
            own = modules.get(name, self.module)
            own.forward = self._stand_in(name, neuron, own.forward)
        return self

    def _stand_in(self, name: str, neuron: Neuron, forward: Any) -> Callable[..., Any]:
        def stand_in(*args: Any, **kwargs: Any) -> Any:
            return self.follower.fire(name, neuron, args, kwargs, forward)

        return stand_in

    def __exit__(self, *error: object) -> None:
        for handle in self.handles:
            handle.remove()
        for own, values, buffers in self.kept:
            own.__dict__.clear()
            own.__dict__.update(values)
            own._buffers.clear()
            own._buffers.update(buffers)
        for buffer, value in self.values:
            buffer.detach().copy_(value)
        self.follower.path.clear()


def tensors(value: Any, depth: int = 4) -> list[Tensor]:
    """All tensors in nested tuples, lists and dicts."""
    return list(_tensors(value, depth))


def _tensors(value: Any, depth: int) -> Iterator[Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif depth and isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part, depth - 1)
    elif depth and isinstance(value, Mapping):
        for part in value.values():
            yield from _tensors(part, depth - 1)


def name_of(func: Any) -> str:
    """The name of a torch function; of a property, the property's."""
    name = str(getattr(func, "__name__", func))
    if name == "__get__":
        return f".{getattr(getattr(func, '__self__', None), '__name__', 'attribute')}"
    return name


def _number(value: Any) -> float | None:
    if isinstance(value, torch.Tensor):
        return float(value) if value.dim() == 0 else None
    return float(value) if isinstance(value, int | float) else None


def sizes_of(lead: Lead, steps: int) -> Shape:
    """Sizes of leading axes."""
    return tuple(math.prod({"B": SAMPLES, "L": steps}[letter] for letter in label) for label in lead)


def _fits(multi: Multi, lead: Lead) -> bool:
    """Whether a neuron takes tensors of these leading axes."""
    if multi is Multi.NO:
        return all("L" not in label for label in lead)
    if multi is Multi.MERGED:
        return lead == ("BL",)
    return lead in (("L", "B"), ("L",)) if multi is Multi.STEPS_FIRST else lead == ("B", "L")


def _without_list(lead: Lead) -> Lead:
    return tuple(label for label in (label.replace("L", "") for label in lead) if label)


def _nothing(_: Any) -> None:
    return None
