"""Writing files so that no half-written one is ever seen."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from neurokit.errors import Fault, OutputError


@contextmanager
def written_aside(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path in the same folder; on success it takes the place of `path`, on any failure it goes.

    An unwritable place raises OutputError before anything is computed into it.
    """
    final = Path(path)
    if final.is_dir():
        raise OutputError(Fault(str(final), "is a folder", "a file name is needed", "Name a file in it."))
    try:
        handle, name = tempfile.mkstemp(prefix=f".{final.name}.", dir=final.parent)
        os.close(handle)
    except OSError as error:
        raise _unwritable(final, error) from error
    aside = Path(name)
    try:
        yield aside
        aside.chmod(0o666 & ~_umask())
        aside.replace(final)
    except OSError as error:
        raise _unwritable(final, error) from error
    finally:
        aside.unlink(missing_ok=True)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise OutputError now when `path` cannot be written, rather than after long work; leaves nothing behind."""
    with suppress(_Enough), written_aside(path):
        raise _Enough


class _Enough(Exception):
    """Leaves `written_aside` before it renames."""


def _unwritable(path: Path, error: OSError) -> OutputError:
    fact = f"cannot be written ({error.strerror or error})"
    return OutputError(Fault(str(path), fact, "the folder must exist and be writable", "Choose another path."))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
