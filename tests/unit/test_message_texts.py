"""The texts that users read, as they stand in the package: phrases that were misleading do not come back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import responses_client

pytestmark = pytest.mark.no_cover  # it reads the sources

PACKAGE = Path(responses_client.__file__).parent
BAD = {
    r"\.;": "two marks in a row",
    r"but nothing\b": "a riddle",
    r"was asked for\b": "the answer is not an event stream, or has no events",
    r"pip install 'responses-client\[": "an index may not have this package; `install_hint` names those of the extra",
    r"\bis no (?:JSON|string|list|number)\b": "is not valid JSON, must be a string",
}


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the strings of a module, but for its docstrings, with a mark for each value in them."""
    tree = ast.parse(path.read_text("utf-8"))
    left_out = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
            left_out |= {id(part) for part in node.values}
            yield node.lineno, "".join(map(str, parts))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out:
            yield node.lineno, node.value


@cache
def lines() -> list[tuple[str, str]]:
    """Return the strings of the package's modules, each with its place, but for those of generated modules."""
    modules = [
        path for path in sorted(PACKAGE.rglob("*.py")) if "GENERATED" not in path.read_text("utf-8")[:500]
    ]
    return [(f"{path.relative_to(PACKAGE)}:{line}", text) for path in modules for line, text in texts(path)]


@pytest.mark.parametrize("pattern", BAD)
def test_no_text_has_a_phrase_that_misled(pattern: str) -> None:
    assert [(place, text) for place, text in lines() if re.search(pattern, text)] == [], BAD[pattern]


def test_scan_reads_strings_with_values_and_no_docstrings(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('"""A docstring.;"""\nA = f"a {1}.; b"\nB = "c"\n')
    assert [*texts(module)] == [(2, "a {}.; b"), (3, "c")]
