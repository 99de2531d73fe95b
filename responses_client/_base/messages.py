"""Text from elsewhere made fit for messages: one line, of bounded length, without secrets."""

from __future__ import annotations

import json
import re

from .redaction import scrub

__all__ = ["MAX_BODY_CHARS", "MAX_VALUE_CHARS", "body_start", "number_text", "one_line"]

MAX_BODY_CHARS = 200
"""How many characters of a body a message shows."""

MAX_VALUE_CHARS = 80
"""How many characters of a value or a key a message shows."""

_BLANKS = r"[\s\x00-\x1f\x7f-\x9f]+"


def one_line(text: str, limit: int) -> str:
    """Give the start of a text fit for a message: no line breaks, no control characters, no keys."""
    shown = re.sub(_BLANKS, " ", scrub(text.lstrip()[: 4 * limit])).strip()
    return shown if len(shown) <= limit else f"{shown[:limit]}…"


def number_text(value: object) -> str:
    """Show a number (a bool, too) that is short enough to read, anything else as nothing."""
    if type(value) in (bool, float) or (type(value) is int and abs(value) < 10**MAX_VALUE_CHARS):
        return repr(value)
    return ""


def body_start(body: object) -> str:
    """Quote the start of a body: bytes, text or JSON."""
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
