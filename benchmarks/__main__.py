"""`python -m benchmarks`: measures all parts or some, keeps them as JSON, shows them beside the accepted run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from benchmarks import results, table
from benchmarks.parts import PARTS, Context
from benchmarks.plot import draw_growth
from benchmarks.probe import Machine, probe

PAGE = results.ROOT / "docs/benchmarks.md"
PICTURE = results.ROOT / "docs/images/growth.png"
README = results.ROOT / "README.md"


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0, or 2 when what is asked cannot be done. A workload that became slower is said and marked."""
    options = _parser().parse_args(arguments)
    if options.accept:
        return _accept(options.json)
    if options.readme:
        return _refresh_readme()
    record = _measure(options)
    then = results.load(results.ACCEPTED)
    print(table.page(record, then))
    if options.markdown is not None:
        options.markdown.write_text(table.page(record, then))
    for title in table.slower(record, then):
        print(f"slower than the accepted run: {title}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--repeats", type=int, default=3, help="pairs of runs a workload (default 3)")
    parser.add_argument("--json", type=Path, default=results.ROOT / "build/bench.json", help="where results are kept")
    parser.add_argument("--markdown", type=Path, help="file for the page, e.g. docs/benchmarks.md")
    parser.add_argument("--resume", action="store_true", help="measure only what --json does not hold yet")
    parser.add_argument("--smoke", action="store_true", help="seconds instead of minutes; the figures mean nothing")
    parser.add_argument("--accept", action="store_true", help="make --json the accepted run, write docs/benchmarks.*")
    parser.add_argument("--readme", action="store_true", help="put the accepted run's table into README.md")
    return parser


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    """Parts asked for, one after the other, each kept as soon as it is known; others in the file stay."""
    names = options.only or list(PARTS)
    former = results.load(options.json)
    record = results.start()
    if former is not None and results.same_machine(former, record) and (options.only or options.resume):
        record["parts"] = former["parts"]
        names = [name for name in names if not (options.resume and name in former["parts"])]
    machine = probe((1 << 14, 1 << 17), trials=1) if options.smoke else probe()
    record["limit"] = machine.to_json()
    context = Context(Machine.from_json(record["limit"]), options.repeats, options.smoke)
    for name in names:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        record["parts"][name] = {**PARTS[name](context), "commit": record["commit"], "date": record["date"]}
        record["parts"] = {known: record["parts"][known] for known in PARTS if known in record["parts"]}
        results.keep(record, options.json)
    return record


def _accept(path: Path) -> int:
    record = results.load(path)
    missing = [name for name in PARTS if record is None or name not in record["parts"]]
    if record is None or missing:
        print(f"{path} lacks {', '.join(missing)}: run python -m benchmarks first", file=sys.stderr)
        return 2
    draw_growth(record["parts"]["growth"], PICTURE)
    PAGE.write_text(table.page(record, results.load(results.ACCEPTED)))
    results.keep(record, results.ACCEPTED)
    return 0


def _refresh_readme() -> int:
    record = results.load(results.ACCEPTED)
    if record is None:
        print("no run was accepted yet: python -m benchmarks, then --accept", file=sys.stderr)
        return 2
    try:
        README.write_text(table.insert(README.read_text(), table.speed(record, None)))
    except ValueError as error:
        print(f"{README}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
