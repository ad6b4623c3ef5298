"""Write the table of docs/plasticity.md anew: python tools/expressibility.py."""

from pathlib import Path

from neurokit.files import between_marks
from neurokit.lower.expressible import table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "plasticity.md"
BEGIN, END = "<!-- expressibility -->\n", "<!-- end of expressibility -->\n"


def rewritten(page: str) -> str:
    """The page with the table as the code has it now."""
    return between_marks(page, BEGIN, END, table())


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"{PAGE.name} is written")
