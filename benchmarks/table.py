"""A record as Markdown, beside an earlier one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.results import is_slower, same_machine
from neurokit.files import between_marks

Record = dict[str, Any]
START, END = "<!-- benchmarks: `python -m benchmarks --readme` writes this -->", "<!-- /benchmarks -->"

SPEED_HEAD = (
    "| workload | a step (engine alone) | synaptic operations, bytes a second | least time on this machine | "
    "engine (whole run) takes | Lava 0.10, a step | faster than Lava | accepted before, now takes |\n"
    "|---|---|---|---|---|---|---|---|"
)


def page(record: Record, then: Record | None) -> str:
    """docs/benchmarks.md: everything."""
    sections = ["# Benchmarks", "Written by `make bench` (`python -m benchmarks`); the method is in `benchmarks/`."]
    sections += [speed(record, then), *others(record)]
    return "\n\n".join(sections) + "\n"


def speed(record: Record, then: Record | None) -> str:
    """The workloads against the machine's limit, Lava and an earlier run; README holds it too."""
    parts = [(name, part) for name, part in record["parts"].items() if part["kind"] == "workload"]
    earlier = then["parts"] if then is not None else {}
    comparable = then is not None and same_machine(record, then)
    rows = [_speed_row(part, earlier.get(name), comparable) for name, part in parts]
    return "\n".join([SPEED_HEAD, *rows, "", _circumstances(record, then)])


def slower(record: Record, then: Record | None) -> list[str]:
    """Titles of the workloads that take longer than in the earlier run, beyond what two runs differ anyway."""
    if then is None or not same_machine(record, then):
        return []
    pairs = [
        (part, then["parts"][name])
        for name, part in record["parts"].items()
        if part["kind"] == "workload" and name in then["parts"]
    ]
    return [now["title"] for now, before in pairs if is_slower(_median(now), _median(before))]


def others(record: Record) -> list[str]:
    """A section for each part that is no workload."""
    return [SECTIONS[part["kind"]](part) for part in record["parts"].values() if part["kind"] in SECTIONS]


def insert(text: str, table: str) -> str:
    """`text` with what stands between the two marks replaced by `table`."""
    return between_marks(text, START, END, f"\n{table}\n")


def _speed_row(part: Record, before: Record | None, comparable: bool) -> str:
    allowed, ratio = part["of_limit_allowed"], part["ratio"]
    takes = f"{part['engine_of_limit']:.1f} × ({part['whole_of_limit']:.1f} ×) of it"
    rates = f"{part['operations_per_second'] / 1e9:.1f} G, {part['bytes_per_second'] / 1e9:.1f} GB"
    return _row(
        part["title"],
        f"{written_time(_median(part))} ({written_time(part['engine_ms']['median'])})",
        rates,
        f"{written_time(part['limit_ms'])}, by {part['bound_by']}",
        takes + (f", aim {allowed:g}" if allowed else ""),
        written_time(part["lava_ms"]["median"]) if part["lava_ms"] else f"none: {'; '.join(part['lava_failures'])}",
        f"{ratio:.0f} ×, aim {part['ratio_asked']:.0f}" if ratio else "-",
        _beside(_median(part), _median(before) if before else None, comparable),
    )


def _beside(now: float, before: float | None, comparable: bool) -> str:
    if before is None:
        return "-"
    mark = " **slower**" if comparable and is_slower(now, before) else ""
    return f"{written_time(before)}, {now / before:.2f} ×{mark}"


def _circumstances(record: Record, then: Record | None) -> str:
    """Where and when, and what the limit is made of."""
    machine, limit = record["machine"], record["limit"]
    giga = {name: value / 1e9 for name, value in limit.items() if name != "bandwidth"}
    reads = limit["bandwidth"]
    levels = ", ".join(f"{_bytes(size)} at {reads[size] / 1e9:.0f}" for size in _picked(list(reads)))
    lines = [
        f"{record['date']} UTC, commit {record['commit']}: {machine['processor']}, {machine['cores']} cores, one "
        "thread. CPU seconds on both sides; medians of runs in turns, the machine's share by the fastest run.",
        f"This machine at best (`benchmarks/probe.py`), G operations/s: dense rows {giga['row']:.0f}, scatter "
        f"{giga['scatter']:.0f}, listed {giga['listed']:.1f}, multiply-adds {giga['product']:.0f} (float32) and "
        f"{giga['product8']:.0f} (bytes), additions "
        f"in registers {giga['register16']:.0f} (int16) and {giga['register32']:.0f} (int32). Reads, GB/s: {levels}.",
    ]
    others = {(part["date"], part["commit"]): [] for part in record["parts"].values() if _differs(part, record)}
    for name, part in record["parts"].items():
        if _differs(part, record):
            others[part["date"], part["commit"]].append(name)
    lines += [f"Measured {date} UTC, commit {commit}: {', '.join(names)}." for (date, commit), names in others.items()]
    if then is not None:
        where = "the same machine" if same_machine(record, then) else "ANOTHER machine"
        lines.append(
            f"Accepted before: {then['date']} UTC, commit {then['commit']}, on {where}; the machine itself now does "
            f"{limit['row'] / then['limit']['row']:.2f} × the dense operations of then."
        )
    return "\n\n".join(lines)


def _differs(part: Record, record: Record) -> bool:
    return bool((part["date"], part["commit"]) != (record["date"], record["commit"]))


def _picked(sizes: Iterable[str]) -> list[str]:
    wanted = ("32768", "1048576", "16777216", "134217728")
    found = list(sizes)
    return [size for size in wanted if size in found] or found


def _threads(part: Record) -> str:
    one, two = part["one_ms"]["median"], part["two_ms"]["median"]
    return (
        f"## Two threads\n\n{part['title']}, by the clock: {written_time(one)} a step with one thread, "
        f"{written_time(two)} with two: {part['ratio']:.2f} × (fastest runs: {part['best_ratio']:.2f} ×), "
        f"aim {part['ratio_asked']:g}. Two take {part['cpu_ratio']:.2f} × the CPU seconds of one. Two runs that "
        f"share nothing are {part['machine_ratio']:.2f} × faster side by side than in turn."
    )


def _peers(part: Record) -> str:
    ours = part["simulator_ms"]["median"]
    rows = ["| simulator | a step, CPU | output rate | ours is faster by |", "|---|---|---|---|"]
    rows.append(_row("neurokit", written_time(ours), "", ""))
    for peer in part["peers"]:
        if peer["ms"] is None:
            rows.append(_row(peer["title"], f"none: {peer['reason']}", "", ""))
            continue
        rate, ratio = f"{100 * peer['rate']:.1f} %", f"{peer['ratio']:.0f} ×"
        rows.append(_row(peer["title"], written_time(peer["ms"]["median"]), rate, ratio))
    head = f"## Peers\n\nWorkload: {part['title']}, whole runs in turns, each peer in its own environment, one thread."
    return f"{head}\n\n" + "\n".join(rows)


def _growth(part: Record) -> str:
    rows = [
        f"| 1 to 50 % of the sources active | a synaptic event | at rest | line, aim R² ≥ {part['fit_asked']:g} "
        "| flat: largest over smallest |",
        "|---|---|---|---|---|",
    ]
    for curve in part["curves"]:
        activities, cut = [f"{100 * a:.0f} %" for a in curve["activities"]], curve["linear_points"]
        flat = "-" if curve["flat"] is None else f"from {activities[cut]}: {curve['flat']:.2f}"
        if curve["r2"] is None:
            rows.append(_row(curve["name"], "-", "-", "-", flat))
            continue
        slope, base = f"{curve['slope_ns']:.3g} ns", written_time(curve["base_us"] / 1e3)
        rows.append(_row(curve["name"], slope, base, f"to {activities[cut - 1]}: R² {curve['r2']:.4f}", flat))
    silent = part["silent"]
    fan_outs = ", ".join(map(str, silent["fan_outs"]))
    rows += [
        "",
        f"1900 silent sources with {fan_outs} synapses each beside 100 active ones: largest over smallest time "
        f"{silent['flat']:.2f}.",
        "",
        "| memory of a run, beside its result | neurons | bytes | of weights + states, aim ≤ "
        f"{part['memory_asked']:g} × |",
        "|---|---|---|---|",
    ]
    rows += [
        _row(row["kind"], f"{row['neurons']:,}", f"{row['bytes']:,}", f"{row['ratio']:.2f}") for row in part["memory"]
    ]
    return "## Growth\n\n![Growth](images/growth.png)\n\n" + "\n".join(rows)


def _scale(part: Record) -> str:
    rows, columns = part["image"]
    low, high = min(part["rates"].values()), max(part["rates"].values())
    lines = [
        f"## Scale\n\nStereoSpike v2 at {rows}×{columns}, random 8-bit weights: {part['neurons']:,} neurons, of each "
        f"layer {100 * low:.0f} to {100 * high:.0f} % fire. One window is one frame, which takes {part['steps']} steps "
        f"to pass; the other steps are silent. {part['synaptic_operations'] / 1e9:.2f} G synaptic operations, "
        f"{part['memory_gb']:.2f} GB resident at most (aim ≤ {part['memory_asked_gb']:g}), "
        f"{part['build_s']:.2g} s to compile and {part['open_s']:.2g} s to open a session, which are not in the times.",
        f"| one window | neurokit | torch 2.13, resizes and float32 convolutions | times torch, aim ≤ "
        f"{part['ratio_asked']:g} |\n|---|---|---|---|",
    ]
    for title, ours, theirs, ratio in (
        ("one thread, CPU", "cpu_s", "torch_cpu_s", "ratio"),
        ("two threads, wall", "wall_two_s", "torch_wall_two_s", "ratio_two"),
    ):
        cells = (written_time(1e3 * part[theirs]), f"{part[ratio]:.2f}") if ratio in part else (part["reason"], "-")
        lines[-1] += "\n" + _row(title, written_time(1e3 * part[ours]), *cells)
    if "pixels" in part:
        different = ", ".join(part["differing_layers"]) or "none"
        lines.append(
            f"Against torch's sums: {part['differing_pixels']} of {part['pixels']:,} pixels of the prediction differ; "
            f"layers with another number of spikes: {different}."
        )
    return "\n\n".join(lines)


SECTIONS: dict[str, Callable[[Record], str]] = {
    "threads": _threads,
    "growth": _growth,
    "peers": _peers,
    "scale": _scale,
}


def written_time(milliseconds: float) -> str:
    """Three digits in ms or µs."""
    if milliseconds < 1:
        return f"{1e3 * milliseconds:.3g} µs"
    return f"{milliseconds:.3g} ms" if milliseconds < 1000 else f"{milliseconds / 1e3:.3g} s"


def _bytes(size: str) -> str:
    number = int(size)
    return f"{number >> 20} MB" if number >= 1 << 20 else f"{number >> 10} KB"


def _median(part: Record) -> float:
    return float(part["whole_ms"]["median"])


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
