"""The mistakes that are made in a module: each of the usual ones, and none where no test could notice it."""

from __future__ import annotations

import ast
import difflib

import pytest

from .mistakes import mutants_of


def changed_lines(source: str) -> set[str]:
    """Return the lines, in normalised source, that the mutants of a module bring in."""
    found: set[str] = set()
    before = ast.unparse(ast.parse(source)).splitlines()
    for number in range(len(mutants_of(ast.parse(source)))):
        tree = ast.parse(source)
        mutants_of(tree)[number].apply()
        after = ast.unparse(ast.fix_missing_locations(tree)).splitlines()
        [*new] = [line[2:] for line in difflib.ndiff(before, after) if line.startswith("+ ")]
        found.add("|".join(line.strip() for line in new))
    return found


@pytest.mark.parametrize(
    ("statement", "mistakes"),
    [
        ("return a < b", {"return None", "return a <= b", "return a >= b"}),
        ("return a is not b", {"return None", "return a is b"}),
        ("return not a and b", {"return None", "return a and b", "return not a or b"}),
        ("return", set()),
        ("x = a + 1", {"x = a - 1", "x = a + 2"}),
        ("self.x = a", {"if False:|self.x = a"}),
        ("self.x: int = a", {"if False:|self.x: int = a"}),
        ("a.append(True)", {"if False:|a.append(True)", "a.append(False)"}),
        ("raise a", {"if False:|raise a"}),
        ("if a:\n        raise b", {"if True:", "if False:", "if False:|raise b"}),
        ("while a:\n        break", {"while False:", "if False:|break"}),
        ("return a if b else c", {"return None", "return a if True else c", "return a if False else c"}),
        ("x = 'key'", {"x = 'key~'"}),
        ("x = 'some words'", set()),
        ("x = f'{a}' + b", set()),
        ("x = min(a, b)", {"x = max(a, b)"}),
    ],
)
def test_statement_has_the_usual_mistakes(statement: str, mistakes: set[str]) -> None:
    found = changed_lines(f"def f(self, a, b, c):\n    '''Do it.'''\n    {statement}\n")
    assert found == mistakes


def test_forms_without_a_body_have_none() -> None:
    assert (
        changed_lines("__all__ = ['a']\nclass A:\n    x = 1\n    @overload\n    def f(self): return 1\n")
        == set()
    )


def test_names_of_a_module_have_mistakes() -> None:
    assert changed_lines("LIMIT = 3\n") == {"LIMIT = 4"}
