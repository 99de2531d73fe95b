"""Comments that turn off a check: each names the rule and says why."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.no_cover  # it reads the sources

ROOT = Path(__file__).parents[2]
FOLDERS = ("responses_client", "codegen", "examples", "pages", "tests")
USER_CODE = ROOT / "tests" / "typing"
"""Modules in which such a line is a mistake that type checkers must find: that is the reason."""

_IS_MARK = re.compile(r"#\s*(noqa|type:\s*ignore|pyright:\s*ignore|pragma:\s*no)\b")
_RULE = (
    r"(noqa: [A-Z]+\d+(, [A-Z]+\d+)*|(type|pyright): ignore\[[\w-]+(, ?[\w-]+)*\]|pragma: no (cover|branch))"
)
_MARKS = re.compile(rf"# {_RULE}(  # {_RULE})*(?P<reason>  # \S.*)?")


def marks(lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    """Yield the number of each line with such a comment, and the comment."""
    for token in tokenize.generate_tokens(lambda: next(lines, "")):
        if token.type == tokenize.COMMENT and _IS_MARK.search(token.string):
            yield token.start[0], token.string


def has_reason(mark: str) -> bool:
    found = _MARKS.fullmatch(mark)
    return found is not None and found["reason"] is not None


def test_each_check_that_is_turned_off_has_its_rule_and_a_reason() -> None:
    modules = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    bare: list[str] = []
    for path in modules:
        if not path.is_relative_to(USER_CODE):
            with path.open(encoding="utf-8") as lines:
                where = path.relative_to(ROOT).as_posix()
                bare += [f"{where}:{number}: {mark}" for number, mark in marks(lines) if not has_reason(mark)]
    assert bare == []


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("# noqa: B018  # reading it raises", True),
        ("# type: ignore[misc]  # noqa: F821  # defined nowhere", True),
        ("# pragma: no branch  # Windows has no forks", True),
        ("# noqa: B018", False),
        ("# noqa  # reading it raises", False),
        ("# type: ignore  # defined nowhere", False),
        ("# type: ignore[misc]  # noqa: F821", False),
        ("# noqa: B018 (reading it raises)", False),
    ],
)
def test_rule_and_reason_stand_behind_a_second_sign(mark: str, expected: bool) -> None:
    assert [*marks(iter([f"x = 1  {mark}\n"]))] == [(1, mark)]
    assert has_reason(mark) is expected
