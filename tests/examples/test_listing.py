"""The pages list each example, and show it as it is; each is short, and has a description and a command to run it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from listing import EXAMPLES, PAGE, ROOT, with_code

PROGRAMS = sorted(path for path in EXAMPLES.glob("*.py") if path.name != "demo.py")
FILES = sorted([*(path.name for path in PROGRAMS), *(path.name for path in EXAMPLES.glob("*.ipynb"))])
README = EXAMPLES / "README.md"
MAX_LINES = 110
MAX_COLUMNS = 100  # of which a screen of 1280 pixels shows about ninety
NO_KEY = """
    if not os.environ.get("OPENAI_API_KEY"):
        import demo

        demo.start("{name}")
"""


def test_page_shows_the_code_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_code(page) == page, "python tests/examples/listing.py writes it"


def test_pages_list_every_example() -> None:
    shown = re.findall(r"^<!-- ([\w.]+) -->$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    listed = re.findall(r"^\| \[([\w.]+)\]\(\1\)", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(shown) == sorted(listed) == FILES
    assert shown == listed


def test_table_of_the_page_names_every_section() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"^\| \[(.+?)\]\(#", text, re.MULTILINE) == re.findall(r"^## (.+)$", text, re.MULTILINE)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_example_says_how_to_run_it_and_is_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert f"\n    python examples/{path.name}" in (ast.get_docstring(ast.parse(text)) or "")
    assert len(text.splitlines()) <= MAX_LINES
    assert [line for line in text.splitlines() if len(line) > MAX_COLUMNS] == []


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_only_the_end_of_an_example_knows_that_there_may_be_no_key(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("demo") == NO_KEY.count("demo")
    assert NO_KEY.format(name=path.stem) in text.partition('if __name__ == "__main__":')[2]


@pytest.mark.parametrize("page", [README, PAGE], ids=lambda page: page.parent.name)
def test_commands_install_what_the_examples_need(page: Path) -> None:
    assert "pip install -q -e . --group examples" in page.read_text(encoding="utf-8")
    assert "\nexamples = [" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
