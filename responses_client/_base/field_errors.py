"""Mistakes in requests and answers, field by field: the path, the expected value and the kind of the given one; no I/O."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

from .messages import MAX_VALUE_CHARS, number_text, one_line
from .redaction import is_secret_name

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = [
    "FieldError",
    "describe_error",
    "field_error",
    "field_error_of",
    "field_path",
    "invalid_json_reason",
    "located",
    "missing_field",
    "not_given_advice",
]

_NOT_GIVEN = ("NotGiven", "Omit")
_BEFORE_EXPECTED = "Input should "
_REPEATS = re.compile(", (?:unable to|got a number).*")
"""The end of a message of pydantic that only repeats that the value is not the expected one."""


def field_path(location: Sequence[str | int]) -> str:
    """Return a location as users write it: `input[3].content` for `("input", 3, "content")`."""
    return "".join(map(_step, location)).removeprefix(".")


class FieldError(TypedDict):
    """One mistake in a request, or in an answer that was parsed; plain JSON data."""

    path: str
    """The place of the value, such as `input[3].content`."""
    message: str
    """A phrase for the reader, such as "expected a string, got int 3"."""
    expected: str
    """The expected value, such as "a number from 0 to 2"."""
    value_type: str
    """The name of the type of the given value; "None" for None, and "missing" if there is no value."""


def field_error(
    path: str | Sequence[str | int], expected: str, value: object, *, message: str | None = None
) -> FieldError:
    """Return the description of one mistake.

    Args:
        path: The place of the value, as users write it or as steps.
        expected: The expected value, such as "a number from 0 to 2".
        value: The given value. The message quotes numbers and strings, except in fields that may hold a secret.
        message: A phrase in place of "expected ..., got ...".
    """
    shown = path if isinstance(path, str) else field_path(path)
    kind = "None" if value is None else type(value).__name__
    got = " ".join(filter(None, (kind, _quoted(shown, value))))
    text = (message or f"expected {expected}, got {got}") + not_given_advice(kind)
    return FieldError(path=shown, message=text, expected=expected, value_type=kind)


def not_given_advice(kind: str) -> str:
    """Return the end of a message about a value of a class: for marks of other packages that nothing is given."""
    return "; leave it out" if kind in _NOT_GIVEN else ""


def missing_field(path: str | Sequence[str | int], expected: str) -> FieldError:
    """Return the description of a required field that is missing."""
    shown = path if isinstance(path, str) else field_path(path)
    return FieldError(
        path=shown, message=f"missing, expected {expected}", expected=expected, value_type="missing"
    )


def field_error_of(line: ErrorDetails, path: str) -> FieldError:
    """Return the description of a mistake that pydantic has found, in the words of this package."""
    if line["type"] == "missing":
        return missing_field(path, "a value")
    expected = _expected(line)
    message = line["msg"] if expected is None else None
    return field_error(path, expected or line["msg"], line["input"], message=message)


def describe_error(line: ErrorDetails) -> str:
    """Return a phrase for a mistake that pydantic has found in an answer; it quotes none of its values."""
    expected = "a value" if line["type"] == "missing" else _expected(line)
    return line["msg"] if expected is None else f"expected {expected}"


def _entries(number: object) -> str:
    return "1 entry" if number == 1 else f"{number} entries"


def _expected(line: ErrorDetails) -> str | None:
    """Return the value that pydantic expected; None if its message says something else, as those of validators do."""
    context = line.get("ctx", {})
    match line["type"]:
        case "too_long":
            return f"at most {_entries(context.get('max_length'))}"
        case "too_short":
            return f"at least {_entries(context.get('min_length'))}"
        case "string_too_long" | "string_too_short":
            return line["msg"].replace("String should have", "a string with")
        case _ if line["msg"].startswith(_BEFORE_EXPECTED):
            expected = _REPEATS.sub("", line["msg"].removeprefix(_BEFORE_EXPECTED).removeprefix("be "))
            return f"a number {expected}" if expected.startswith(("greater", "less")) else expected
        case _:
            return None


def invalid_json_reason(lines: Sequence[ErrorDetails]) -> str | None:
    """Return why a string is not valid JSON, from errors of pydantic; None if it is, though strings in it may not be."""
    first = lines[0]
    if first["type"] != "json_invalid" or first["loc"]:
        return None
    return first["msg"].removeprefix("Invalid JSON: ")


def located(path: str, message: str) -> str:
    """Return a message behind its place; alone if it is about the whole value."""
    return f"{path}: {message}" if path else message


def _quoted(path: str, value: object) -> str:
    """Return a number or the start of a string, quoted; an empty string for any other value and for secrets."""
    if not isinstance(value, str) or is_secret_name(path) or "headers" in path:
        return number_text(value)
    return repr(one_line(value, MAX_VALUE_CHARS))


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    is_name = step.isidentifier() and len(step) <= MAX_VALUE_CHARS
    return f".{step}" if is_name else f"[{step[:MAX_VALUE_CHARS]!r}]"
