"""What the machine has left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

CONTROL_GROUPS = (  # files of a limit and of what is taken: versions 2 and 1 of Linux's control groups (containers)
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def available_memory() -> int | None:
    """Bytes that this process can still take without swapping, None where the system does not tell."""
    return min(_limits(), default=None)


def _limits() -> Iterator[int]:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        yield from (1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except OSError:  # no Linux: all that there is, whoever has it
        names = getattr(os, "sysconf_names", {})
        if "SC_PHYS_PAGES" in names:
            yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for limit, taken in CONTROL_GROUPS:
        try:
            most = Path(limit).read_text(encoding="ascii").strip()
            if most != "max":
                yield max(0, int(most) - int(Path(taken).read_text(encoding="ascii")))
        except OSError:
            continue


def in_bytes(count: float) -> str:
    """A number of bytes for people: 5.9 kB, 12 GB."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 1000 or unit == "TB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" or count >= 10 else f"{count:.1f} {unit}"
