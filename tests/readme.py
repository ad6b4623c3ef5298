"""Write README's two tables of what is supported anew: `python -m tests.readme`. The tests say when that is due."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests import operators, support

README = Path(__file__).parents[1] / "README.md"


def replaced(page: str, table: str) -> str:
    """`page` with the table that has the same header replaced."""
    lines, header = page.split("\n"), table.split("\n", 1)[0]
    start = lines.index(header)
    end = next(k for k in range(start, len(lines)) if not lines[k].startswith("|"))
    return "\n".join([*lines[:start], table, *lines[end:]])


def main() -> int:
    page = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        for table in (support.table(Path(folder)), operators.table()):
            page = replaced(page, table)
    README.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
