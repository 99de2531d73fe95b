"""Mistakes in requests, field by field: where, what was expected, what was there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from .messages import MAX_VALUE_CHARS, number_text, one_line
from .redaction import is_secret_name

__all__ = ["FieldError", "field_error", "field_path", "missing_field"]


def field_path(location: Sequence[str | int]) -> str:
    """Write a location as users read it: `("input", 3, "content")` gives `input[3].content`."""
    return "".join(map(_step, location)).removeprefix(".")


class FieldError(TypedDict):
    """One mistake in a request: where (`input[3].content`), what was expected, what kind of value was there."""

    path: str
    message: str
    expected: str
    value_type: str


def field_error(
    path: str | Sequence[str | int], expected: str, value: object, *, message: str | None = None
) -> FieldError:
    """Describe one mistake: at `path`, `expected` (say "a number from 0 to 2") was expected, not `value`.

    Short plain values are quoted, secret ones and containers are not. `message` replaces the usual text.
    """
    shown = path if isinstance(path, str) else field_path(path)
    kind = "None" if value is None else type(value).__name__
    got = " ".join(filter(None, (kind, _quoted(shown, value))))
    return FieldError(
        path=shown, message=message or f"expected {expected}, got {got}", expected=expected, value_type=kind
    )


def missing_field(path: str | Sequence[str | int], expected: str) -> FieldError:
    """Describe a required field that is not there."""
    shown = path if isinstance(path, str) else field_path(path)
    return FieldError(
        path=shown, message=f"missing, expected {expected}", expected=expected, value_type="missing"
    )


def _quoted(path: str, value: object) -> str:
    """Quote a value if it is short enough to read and no secret."""
    if not isinstance(value, str) or is_secret_name(path) or "headers" in path:
        return number_text(value)
    return repr(one_line(value, MAX_VALUE_CHARS))


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isidentifier() else f"[{step[:MAX_VALUE_CHARS]!r}]"
