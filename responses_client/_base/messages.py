"""Text from elsewhere made fit for messages: on one line, of bounded length, without keys; no I/O."""

from __future__ import annotations

import json
import re

from .redaction import scrub

__all__ = [
    "MAX_BODY_CHARS",
    "MAX_VALUE_CHARS",
    "body_start",
    "clause",
    "fact_list",
    "number_text",
    "one_line",
]

MAX_BODY_CHARS = 200
"""The number of characters of a body that a message shows."""

MAX_VALUE_CHARS = 80
"""The number of characters of a value or name that a message shows."""

_MAX_MESSAGE_CHARS = 1000

# White space and the control characters of C0 and C1, which may steer a terminal.
_BLANKS = r"[\s\x00-\x1f\x7f-\x9f]+"


def one_line(text: str, limit: int) -> str:
    """Return the start of a string, without line breaks, control characters and keys; `…` ends a longer one."""
    # Cut first, with room for white space, so that the patterns never run over a body of megabytes.
    shown = re.sub(_BLANKS, " ", scrub(text.lstrip()[: 4 * limit])).strip()
    return shown if len(shown) <= limit else f"{shown[:limit]}…"


def clause(text: str) -> str:
    """Return a message from elsewhere as a part of one sentence: on one line, without a full stop."""
    return one_line(text, _MAX_MESSAGE_CHARS).rstrip(" .")


def fact_list(**facts: str | None) -> str:
    """Return the facts that are known as ` (name value, name value)`; an empty string if there are none."""
    known = [f"{name.replace('_', ' ')} {value}" for name, value in facts.items() if value]
    return f" ({', '.join(known)})" if known else ""


def number_text(value: object) -> str:
    """Return a short number or a bool as it is written in Python; an empty string for any other value."""
    # `repr` raises an error on integers of thousands of digits.
    if type(value) in (bool, float) or (type(value) is int and abs(value) < 10**MAX_VALUE_CHARS):
        return repr(value)
    return ""


def body_start(body: object) -> str:
    """Return the start of a body (bytes, a string or JSON data) in quotes, or "empty"."""
    if body in (None, b""):
        return "empty"
    if isinstance(body, bytes):
        body = body[: 8 * MAX_BODY_CHARS].decode("utf-8-sig", "replace")
    if not isinstance(body, str):
        try:
            body = json.dumps(body, ensure_ascii=False)
        except (TypeError, ValueError, RecursionError):
            return f"a {type(body).__name__}"
    return repr(one_line(body, MAX_BODY_CHARS))
