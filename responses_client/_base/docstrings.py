"""Docstrings of methods that take the arguments of other methods, completed with what those say; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import FunctionType

__all__ = ["complete_docstrings"]

# A row in place of the rows of another method: "params: The arguments of `create`, except `stream`."
_REFERENCE = re.compile(
    r"^( +)(?:params|options): The (?:arguments|options) of `(\w+)`.*(?:\n\1 .*)*", re.MULTILINE
)


def complete_docstrings(cls: type, like: type | None) -> None:
    """Complete the docstrings of the methods of a class, which `help` shows.

    A row in `Args:` that refers to another method is replaced by the rows of its keywords, without those that are there
    already. A docstring without `Args:` gets this part, and all after it, from the method of the same name of `like`.
    """
    for name, method in vars(cls).items():
        text = getattr(method, "__doc__", None)
        if not isinstance(method, FunctionType) or not text:
            continue
        if like is not None and "Args:" not in text:
            method.__doc__ = text.rstrip() + _arguments(getattr(like, name, None))
        elif reference := _REFERENCE.search(text):
            other = getattr(cls, reference[2])
            code = other.__code__
            left_out = {*dict(_rows(text)), *code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]}
            rows = [row for key, row in _rows(other.__doc__) if key not in left_out]
            method.__doc__ = text[: reference.start()] + "\n".join(rows) + text[reference.end() :]


def _arguments(method: object) -> str:
    """Return the docstring of a method from `Args:` on, after an empty line."""
    before, args, after = (getattr(method, "__doc__", None) or "").partition("Args:")
    return "\n\n" + before.rpartition("\n")[2] + args + after if args else ""


def _rows(text: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the lines of each parameter in `Args:`; Python 3.13 takes the indentation of docstrings away."""
    lines = text.partition("Args:\n")[2].partition("\n\n")[0].splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    row: list[str] = []
    for line in [*lines, ""]:
        if row and line[indent : indent + 1] != " ":
            yield row[0].strip().partition(":")[0], "\n".join(row)
            row = []
        row.append(line)
