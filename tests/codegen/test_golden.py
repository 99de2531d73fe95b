"""Small schemas and the exact text generated from them; `golden.py` rewrites the expected texts."""

from pathlib import Path

import pytest
from golden import CASES, generated, sections

from codegen.layout import WIDTH


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_schema_gives_exactly_this_text(path: Path):
    case = sections(path.read_text("utf-8"))
    assert generated(case) == case


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_text_is_python_with_short_lines(path: Path):
    for name, text in sections(path.read_text("utf-8")).items():
        if name.endswith(".py"):
            compile(text, name, "exec")
            assert max(map(len, text.splitlines())) <= WIDTH
