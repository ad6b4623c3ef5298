"""What the machine has left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

MACHINE = "/proc/meminfo"
# Linux's control groups, which bound containers, in versions 2 and 1: files of the limit, of what is taken, and of what
# it is taken for, with the name of the part that the system gives back when asked (files that it remembers).
GROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat", "inactive_file"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.stat",
        "total_inactive_file",
    ),
)


def available_memory() -> int | None:
    """Bytes that this process can still take without swapping, None where the system does not tell."""
    return min(_limits(), default=None)


def _limits() -> Iterator[int]:
    try:
        yield 1024 * _number_of(MACHINE, "MemAvailable:")
    except OSError:  # no Linux: all that there is, whoever has it
        if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
            yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for limit, taken, parts, given_back in GROUPS:
        try:
            most = Path(limit).read_text(encoding="ascii").strip()
            if most != "max":
                used = int(Path(taken).read_text(encoding="ascii")) - _number_of(parts, given_back)
                yield max(0, int(most) - used)
        except OSError:
            continue


def _number_of(path: str, name: str) -> int:
    """The number behind a name in a file of lines."""
    for line in Path(path).read_text(encoding="ascii").splitlines():
        found, *rest = line.split()
        if found == name:
            return int(rest[0])
    raise FileNotFoundError(f"{path} says nothing about {name}")


def in_bytes(count: float) -> str:
    """A number of bytes for people: 5.9 kB, 12 GB."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 1000 or unit == "TB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" or count >= 10 else f"{count:.1f} {unit}"
