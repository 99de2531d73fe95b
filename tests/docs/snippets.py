"""Takes the Python out of the Markdown pages: to run it (test_snippets.py) and to type-check it.

    python tests/docs/snippets.py FOLDER

writes one module a page, for a type checker. In a page

- each block fenced with three back-ticks and `python` is code; all blocks of a page are one module;
- `<!-- python` up to `-->` is code that readers do not see: what a test needs before or after a block;
- `<!-- no-run: reason -->` right before a block keeps it from being run; it still has to be valid.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

# One line, so that a checker's line numbers are those of the page.
PRELUDE = (
    "from responses_client import AsyncClient, Client; from responses_client.testing import Server; "
    "server = Server(); client = server.client(); aclient = server.async_client()"
)
_STARTS = {"```python": "```", "<!-- python": "-->"}
_NO_RUN = "<!-- no-run: "


@dataclass(frozen=True)
class Block:
    """Code of a page, from the line (counted from 0) after its opening one."""

    first_line: int
    lines: list[str]
    runs: bool


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page in their order."""
    found: list[Block] = []
    text = page.read_text(encoding="utf-8").splitlines()
    end = ""
    for number, line in enumerate(text):
        if end and line == end:
            end = ""
        elif end:
            found[-1].lines.append(line)
        elif line in _STARTS:
            end = _STARTS[line]
            found.append(Block(number + 1, [], not text[number - 1].startswith(_NO_RUN)))
        elif line.lstrip().startswith(("```python", "<!-- python")):
            raise ValueError(
                f"{page.name}, line {number + 1}: a block starts with just {' or '.join(_STARTS)}"
            )
    if end:
        raise ValueError(f"{page.name}: the last block has no end")
    return found


def module(page: Path, *, all_blocks: bool = False) -> str:
    """Return the code of a page as one module, each line where the page has it."""
    lines: list[str] = []
    for block in blocks(page):
        if block.runs or all_blocks:
            lines += [""] * (block.first_line - len(lines)) + block.lines
    return "\n".join(lines) + "\n"


def name(page: Path) -> str:
    """Return the name of a page in tests: its path in the project."""
    return page.relative_to(ROOT).as_posix()


def main(folder: Path) -> None:
    """Write one module a page that has code."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in PAGES:
        if blocks(page):
            target = folder / (
                name(page).removesuffix(".md").replace("/", "_").replace("-", "_").lower() + ".py"
            )
            target.write_text(PRELUDE + module(page, all_blocks=True), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
