"""Writing files so that no half-written one is ever seen, and pages of which a part is generated."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from neurokit.errors import Fault, OutputError


def between_marks(text: str, begin: str, end: str, made: str) -> str:
    """`text` with `made` in place of what stands between two marks. ValueError where it has not both, in this order."""
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the marks are missing: put\n{begin.strip()}\n{end.strip()}\nwhere the table belongs")
    return f"{before}{begin}{made}{end}{after}"


@contextmanager
def written_aside(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path in the same folder; on success it takes the place of `path`, on any failure it goes.

    A file that is replaced hands on its permissions, and behind a symbolic link the file is replaced, not the link.
    An unwritable place raises OutputError before anything is computed into it; so does whatever is no regular file
    (a folder, a device, a pipe): it would be lost.
    """
    final = Path(os.path.realpath(path))
    mode = _mode(final, Path(path))
    try:
        handle, name = tempfile.mkstemp(prefix=".neurokit-", dir=final.parent)
        os.close(handle)
    except OSError as error:
        raise _unwritable(Path(path), error) from error
    aside = Path(name)
    try:
        yield aside
        aside.chmod(mode)
        aside.replace(final)
    except OSError as error:
        raise _unwritable(Path(path), error) from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


@contextmanager
def folder_written_aside(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a new folder beside `path`; on success it takes that name, on any failure it goes with all that is in it.

    OutputError before anything is computed when `path` is there already (nothing is ever replaced), or when its place
    cannot be written; and when writing fails, as on a full disk.
    """
    final = Path(path)
    if os.path.lexists(final):
        mend = "Choose another path, or remove it."
        raise OutputError(Fault(str(path), "is there already", "a new folder is made, and none is replaced", mend))
    try:
        aside = Path(tempfile.mkdtemp(prefix=".neurokit-", dir=final.absolute().parent))
    except OSError as error:
        raise _unwritable(final, error) from error
    try:
        yield aside
        aside.chmod(0o777 & ~_umask())
        aside.rename(final)
    except OSError as error:
        raise _unwritable(final, error) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise OutputError now when `path` cannot be written, rather than after long work; leaves nothing behind."""
    with suppress(_Enough), written_aside(path):
        raise _Enough


class _Enough(Exception):
    """Leaves `written_aside` before it renames."""


def _mode(final: Path, given: Path) -> int:
    """Permissions for the file: those of the one that is replaced, else the usual ones."""
    try:
        found = final.stat().st_mode
    except FileNotFoundError:
        return 0o666 & ~_umask()
    except OSError as error:
        raise _unwritable(given, error) from error
    if stat.S_ISDIR(found):
        raise OutputError(Fault(str(given), "is a folder", "a file name is needed", "Name a file in it."))
    if not stat.S_ISREG(found):
        fact = "is a device or pipe, no regular file"
        raise OutputError(Fault(str(given), fact, "results are written to files", "Choose another path."))
    return stat.S_IMODE(found)


def _unwritable(path: Path, error: OSError) -> OutputError:
    fact = f"cannot be written ({error.strerror or error})"
    return OutputError(Fault(str(path), fact, "the folder must exist and be writable", "Choose another path."))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
