"""Pickles without running anything: a small machine that knows the objects of tensors and nothing else.

A pickle is a program that may call any function by name. Here its opcodes are read by pickletools (which checks every
length against the data), and executed by a machine of our own whose names are an allow-list: what a name stands for is
given by the caller, and a name that is not listed ends the reading, before anything else is done. Stack, memo and
results are Python objects that grow by at most one an opcode, so memory is bounded by the length of the pickle.

Source of the opcodes: Python 3.10, pickletools.
"""

from __future__ import annotations

import pickletools
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from neurokit.errors import one_line

MAX_OPCODES = 20_000_000  # some seconds


class Unreadable(Exception):
    """What a pickle holds that cannot be read: (fact, limit, mend), in the words of a Fault."""

    def __init__(self, fact: str, limit: str, mend: str) -> None:
        self.words = fact, limit, mend
        super().__init__(fact)


@dataclass(frozen=True)
class Name:
    """A name the pickle refers to, e.g. torch.FloatStorage: only ever compared."""

    name: str


class _Mark:
    """Where a sequence of items begins on the stack."""


_SAVE = "Save only its tensors: torch.save(module.state_dict(), path)."
_DAMAGED = "Copy or save it again."


def unpickle(file: BinaryIO, functions: Mapping[str, Callable[..., Any]], persistent: Callable[[Any], Any]) -> Any:
    """The object of one pickle; `file` is left behind it.

    functions: what may be called, by its full name; all else that is named can be handed on as a Name, but not called.
    persistent: gives the objects that the pickle names by persistent ids.
    Raises Unreadable.
    """
    machine = _Machine(functions, persistent)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # pickletools on odd escapes in a hostile file's texts
            machine.run(file)
    except (ValueError, TypeError, IndexError, KeyError, UnicodeDecodeError, OverflowError, MemoryError) as error:
        said = one_line(error, 200)
        raise Unreadable(f"is a damaged pickle ({said})", "a whole one is needed", _DAMAGED) from error
    if len(machine.stack) != 1:
        raise Unreadable("is a damaged pickle", "it gives one object", _DAMAGED)
    return machine.stack[0]


@dataclass(eq=False)
class _Machine:
    functions: Mapping[str, Callable[..., Any]]
    persistent: Callable[[Any], Any]
    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def run(self, file: BinaryIO) -> None:
        """Execute all opcodes up to the end of one pickle."""
        for count, (opcode, argument, _) in enumerate(pickletools.genops(file)):
            if count > MAX_OPCODES:
                raise Unreadable("is a pickle of endless length", f"at most {MAX_OPCODES:,} opcodes are read", _SAVE)
            self.step(opcode.name, argument)

    def step(self, opcode: str, argument: Any) -> None:
        """Execute one opcode."""
        if opcode in _VALUES:
            self.stack.append(_VALUES[opcode])
        elif opcode in _ARGUMENTS:
            self.stack.append(argument)
        elif opcode in _IGNORED:
            return
        else:
            action = getattr(self, f"_{opcode.lower()}", None)
            if action is None:
                raise Unreadable(f"uses the pickle opcode {opcode}", "checkpoints of tensors do not", _SAVE)
            action(argument)

    # ------------------------------------------------------------------------------------------------- containers

    def _empty_dict(self, argument: Any) -> None:
        self.stack.append({})

    def _empty_list(self, argument: Any) -> None:
        self.stack.append([])

    def _mark(self, argument: Any) -> None:
        self.stack.append(_Mark)

    def _marked(self) -> list[Any]:
        """All above the last mark, which is taken off, too."""
        place = len(self.stack) - 1
        while self.stack[place] is not _Mark:
            place -= 1
            if place < 0:
                raise ValueError("no mark")
        items = self.stack[place + 1 :]
        del self.stack[place:]
        return items

    def _tuple(self, argument: Any) -> None:
        self.stack.append(tuple(self._marked()))

    def _tuple1(self, argument: Any) -> None:
        self._top(1)

    def _tuple2(self, argument: Any) -> None:
        self._top(2)

    def _tuple3(self, argument: Any) -> None:
        self._top(3)

    def _top(self, count: int) -> None:
        if len(self.stack) < count:
            raise ValueError("nothing on the stack")
        self.stack[-count:] = [tuple(self.stack[-count:])]

    def _list(self, argument: Any) -> None:
        self.stack.append(self._marked())

    def _dict(self, argument: Any) -> None:
        items = self._marked()
        self.stack.append(dict(zip(items[::2], items[1::2], strict=True)))

    def _append(self, argument: Any) -> None:
        value = self.stack.pop()
        self._owner(list).append(value)

    def _appends(self, argument: Any) -> None:
        values = self._marked()
        self._owner(list).extend(values)

    def _setitem(self, argument: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._owner(dict)[key] = value

    def _setitems(self, argument: Any) -> None:
        items = self._marked()
        self._owner(dict).update(zip(items[::2], items[1::2], strict=True))

    def _owner(self, kind: type) -> Any:
        if not isinstance(self.stack[-1], kind):
            raise TypeError(f"no {kind.__name__} to fill")
        return self.stack[-1]

    # ------------------------------------------------------------------------------------------------------- memo

    def _binput(self, argument: int) -> None:
        self.memo[argument] = self.stack[-1]

    _long_binput = _put = _binput

    def _memoize(self, argument: Any) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def _binget(self, argument: int) -> None:
        self.stack.append(self.memo[argument])

    _long_binget = _get = _binget

    def _pop(self, argument: Any) -> None:
        self.stack.pop()

    def _pop_mark(self, argument: Any) -> None:
        self._marked()

    def _dup(self, argument: Any) -> None:
        self.stack.append(self.stack[-1])

    # ------------------------------------------------------------------------------------------------------ names

    def _global(self, argument: str) -> None:
        self.stack.append(Name(argument.replace(" ", ".", 1)))

    def _stack_global(self, argument: Any) -> None:
        attribute, module = self.stack.pop(), self.stack.pop()
        if not isinstance(attribute, str) or not isinstance(module, str):
            raise TypeError("a name is no text")
        self.stack.append(Name(f"{module}.{attribute}"))

    def _reduce(self, argument: Any) -> None:
        values, name = self.stack.pop(), self.stack.pop()
        if not isinstance(values, tuple):
            raise TypeError("arguments are no tuple")
        self.stack.append(self._call(name, values))

    def _newobj(self, argument: Any) -> None:
        self._reduce(argument)

    def _newobj_ex(self, argument: Any) -> None:
        named = self.stack.pop()
        if named:
            raise TypeError("an object with named arguments")
        self._reduce(argument)

    def _inst(self, argument: str) -> None:
        self.stack.append(self._call(Name(argument.replace(" ", ".", 1)), tuple(self._marked())))

    def _obj(self, argument: Any) -> None:
        items = self._marked()
        self.stack.append(self._call(items[0], tuple(items[1:])))

    def _call(self, name: Any, values: tuple[Any, ...]) -> Any:
        if not isinstance(name, Name):
            raise TypeError("what is called is no name")
        if name.name not in self.functions:
            raise Unreadable(
                f"holds an object of {name.name}",
                "checkpoints are read as data: tensors in dicts, lists and tuples; nothing that they name is run",
                f"{_SAVE} If you trust the file, load it into its module with torch and convert that.",
            )
        return self.functions[name.name](*values)

    def _build(self, argument: Any) -> None:
        """The state of an object. An OrderedDict's is metadata of torch, which says nothing about tensors."""
        self.stack.pop()
        if not isinstance(self.stack[-1], dict):
            raise Unreadable("sets the state of an object", "only dicts, lists, tuples and tensors are read", _SAVE)

    def _binpersid(self, argument: Any) -> None:
        self.stack.append(self.persistent(self.stack.pop()))

    def _persid(self, argument: str) -> None:
        self.stack.append(self.persistent(argument))


_VALUES: Mapping[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_ARGUMENTS = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}
_IGNORED = {"PROTO", "FRAME", "STOP"}
