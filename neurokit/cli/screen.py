"""Printing: text and tables for people, JSON for programs, faults and progress on stderr."""

from __future__ import annotations

import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from neurokit.cli.hints import hint
from neurokit.errors import Fault

WIDE = 200  # columns of a table that goes to a file or pipe
CLOSED_PIPE = 128 + 13  # exit code of a program that SIGPIPE ends
NAMES_SHOWN = 8


class _Console(Console):
    def on_broken_pipe(self) -> None:
        reader_gone()


def console(stderr: bool = False) -> Console:
    """For one print: it looks at the terminal as it is now. Text is never taken for markup."""
    made = _Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = WIDE
    return made


def say(text: str | Text, stderr: bool = False) -> None:
    """Print; a terminal breaks lines between words, a file or pipe gets them whole."""
    screen = console(stderr)
    screen.print(text, soft_wrap=not screen.is_terminal)


def say_table(columns: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> None:
    """Print a table, the first `left` columns for words and the others for numbers; where too wide, a block a row."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for k, column in enumerate(columns):
        table.add_column(column, justify="left" if k < left else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    screen = console()
    if screen.measure(table, options=screen.options.update(width=WIDE)).maximum <= screen.width:
        screen.print(table)
        return
    for row in rows:
        say(row[0])
        for column, cell in zip(columns[1:], row[1:], strict=True):
            say(f"  {column}: {cell}")


def say_faults(faults: Sequence[Fault], verb: str | None = None) -> None:
    """A line a fault on stderr; those that differ only in the node share one. verb: whose options mends may name."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for fault in faults:
        alike.setdefault((fault.fact, fault.limit, fault.mend), []).append(fault.node)
    for (fact, limit, mend), nodes in alike.items():
        shown = [f"'{node}'" for node in nodes[:NAMES_SHOWN]]
        more = f" and {len(nodes) - len(shown)} more" if len(nodes) > len(shown) else ""
        say_error(f"{', '.join(shown)}{more}: {fact}; {limit}. {mend}{hint(mend, verb)}")


def fault_words(fault: Fault, named: bool = True, verb: str | None = None) -> str:
    """A fault in one line. named: whether its node is told. verb: whose options the mend may name."""
    node = f"'{fault.node}': " if named else ""
    return f"{node}{fault.fact}; {fault.limit}. {fault.mend}{hint(fault.mend, verb)}"


def say_error(message: str) -> None:
    """`error: message` on stderr."""
    say(Text.assemble(("error", "bold red"), ": ", message), stderr=True)


def say_json(value: Any) -> None:
    """Print JSON, lists of plain values on one line; what is not finite becomes null."""
    try:
        sys.stdout.write(_json(_plain(value), "") + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        reader_gone()


def reader_gone() -> None:
    """Whoever read our output has left, as `head` does: end without a word."""
    drop_stdout()
    raise SystemExit(CLOSED_PIPE)


def drop_stdout() -> None:
    """Nothing more can be printed: keep Python from trying once more at exit."""
    with suppress(OSError, ValueError):  # a stdout without a file needs nothing
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def tolerate_encodings() -> None:
    """Print '?' for what the terminal's encoding lacks (µ, ×) instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def is_watched() -> bool:
    """Whether stderr is a terminal, so that somebody may see how work gets on."""
    return console(stderr=True).is_terminal


@contextmanager
def progress_bar(name: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, only where somebody watches."""
    with _bars() as bars:
        task = bars.add_task(name, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def stage_bars() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Progress bars for stages in a row: call with a stage's name, get its progress callback."""
    with _bars() as bars:

        def stage(name: str) -> Callable[[int, int], None]:
            for former in bars.task_ids:
                bars.update(former, visible=False)
            task = bars.add_task(name, total=None)
            return lambda done, total: bars.update(task, completed=done, total=total)

        yield stage


def _bars() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    return Progress(*columns, console=console(stderr=True), transient=True, disable=not is_watched())


def _json(value: Any, indent: str) -> str:
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        lines = [f"{deeper}{json.dumps(key)}: {_json(member, deeper)}" for key, member in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(member, dict | list) for member in value):
        return "[\n" + ",\n".join(deeper + _json(member, deeper) for member in value) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False)


def _plain(value: Any) -> Any:
    """Only what JSON has."""
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
