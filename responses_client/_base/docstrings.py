"""Docstrings of methods that take the arguments of other methods, completed with the rows of those; pure."""

# Each start of a program does this for many methods, so that no pattern is compiled or searched for.

from __future__ import annotations

from types import FunctionType

__all__ = ["complete_docstrings"]

# A row in place of the rows of another method: "params: The arguments of `create`, except `stream`."
_NAMES = ("params", "options")
_MARKS = (": The arguments of `", ": The options of `")


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
        elif any(mark in text for mark in _MARKS):
            method.__doc__ = _completed(text, cls)


def _completed(text: str, cls: type) -> str:
    rows = _rows(text)
    for name in _NAMES:
        row = rows.get(name, "")
        if any(mark in row for mark in _MARKS):
            other = getattr(cls, row.split("`")[1])
            code = other.__code__
            left_out = {*rows, *code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]}
            others = [one for key, one in _rows(other.__doc__).items() if key not in left_out]
            return text.replace(row, "\n".join(others))
    return text


def _arguments(method: object) -> str:
    """Return the docstring of a method from `Args:` on, after an empty line."""
    before, args, after = (getattr(method, "__doc__", None) or "").partition("Args:")
    return "\n\n" + before.rpartition("\n")[2] + args + after if args else ""


def _rows(text: str) -> dict[str, str]:
    """Return the lines of each parameter in `Args:`; Python 3.13 takes the indentation of docstrings away."""
    after = text.partition("Args:\n")[2]
    lines = after.partition("\n\n")[0].splitlines()
    indent = len(after) - len(after.lstrip(" "))
    rows: dict[str, str] = {}
    row: list[str] = []
    for line in [*lines, ""]:
        if row and line[indent : indent + 1] != " ":
            rows[row[0].strip().partition(":")[0]] = "\n".join(row)
            row = []
        row.append(line)
    return rows
