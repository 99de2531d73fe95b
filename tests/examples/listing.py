"""The code of the examples on their page.

    python tests/examples/listing.py

writes it into docs/examples.md, after each comment with the name of a file.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PAGE = ROOT / "docs" / "examples.md"
# Not `python`: blocks of that name are run as one module a page.
_LISTING = re.compile(r"^(<!-- ([\w.]+) -->\n)(?:\n```py\n.*?\n```\n)?", re.MULTILINE | re.DOTALL)


def code(path: Path) -> str:
    """Return the code of a program, or of the cells of a notebook."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return text.strip("\n")


def with_code(page: str) -> str:
    """Return the page with the code as it is now."""
    return _LISTING.sub(lambda found: f"{found[1]}\n```py\n{code(EXAMPLES / found[2])}\n```\n", page)


if __name__ == "__main__":
    PAGE.write_text(with_code(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
