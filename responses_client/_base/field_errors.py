"""Mistakes in requests, field by field: the path, the expected value and the kind of the given one; no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

from .messages import MAX_VALUE_CHARS, number_text, one_line
from .redaction import is_secret_name

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = [
    "FieldError",
    "field_error",
    "field_path",
    "invalid_json_reason",
    "located",
    "missing_field",
    "not_given_advice",
]

_NOT_GIVEN = ("NotGiven", "Omit")


def field_path(location: Sequence[str | int]) -> str:
    """Return a location as users write it: `input[3].content` for `("input", 3, "content")`."""
    return "".join(map(_step, location)).removeprefix(".")


class FieldError(TypedDict):
    """One mistake in a request; plain JSON data."""

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
