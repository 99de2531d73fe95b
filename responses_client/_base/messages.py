"""Text from elsewhere made fit for messages: on one line, of bounded length, without keys; no I/O."""

from __future__ import annotations

import json
import re

from .redaction import mask_fields, scrub

__all__ = [
    "MAX_BODY_CHARS",
    "MAX_VALUE_CHARS",
    "UNREAD",
    "body_clause",
    "body_start",
    "clause",
    "fact_list",
    "number_text",
    "one_line",
    "sentence",
]

MAX_BODY_CHARS = 200
"""The number of characters of a body that a message shows."""

MAX_VALUE_CHARS = 80
"""The number of characters of a value or name that a message shows."""

UNREAD = object()
"""In place of a body that was not read, or is of no interest."""

_MAX_MESSAGE_CHARS = 1000
_MAX_SENTENCE_CHARS = 4000

# White space, and the characters that steer a terminal or the direction of text: C0, C1 and the bidirectional ones.
_BLANKS = r"[\s\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+"
_SURROGATES = r"[\ud800-\udfff]"


def one_line(text: str, limit: int) -> str:
    """Return the start of a string, without line breaks, control characters and keys; `…` ends a longer one.

    It can be encoded: halves of surrogate pairs, which JSON allows and `print` refuses, become U+FFFD.
    """
    # Cut first, with room for white space, so that the patterns never run over a body of megabytes.
    shown = re.sub(_BLANKS, " ", scrub(text.lstrip()[: 4 * limit])).strip()
    shown = re.sub(_SURROGATES, "\ufffd", shown)
    return shown if len(shown) <= limit else f"{shown[:limit]}…"


def clause(text: str) -> str:
    """Return a message from elsewhere as a part of one sentence: on one line, without a full stop or the like."""
    return one_line(text, _MAX_MESSAGE_CHARS).rstrip(" .,:;")


def sentence(text: str) -> str:
    """Return the whole message of an error on one line, bounded, and fit to be printed whatever it quotes."""
    return one_line(text, _MAX_SENTENCE_CHARS)


def fact_list(**facts: str | None) -> str:
    """Return the facts that are known as ` (name value, name value)`, each bounded; an empty string if there are none."""
    known = [
        f"{name.replace('_', ' ')} {one_line(value, MAX_VALUE_CHARS)}"
        for name, value in facts.items()
        if value
    ]
    return f" ({', '.join(known)})" if known else ""


def number_text(value: object) -> str:
    """Return a short number or a bool as it is written in Python; an empty string for any other value."""
    # `repr` raises an error on integers of thousands of digits.
    if type(value) in (bool, float) or (type(value) is int and abs(value) < 10**MAX_VALUE_CHARS):
        return repr(value)
    return ""


def body_clause(body: object) -> str:
    """Return the part of a sentence about a body that is wrong; nothing about one that was not read."""
    return "" if body is UNREAD else f": the body is {body_start(body)}"


def body_start(body: object) -> str:
    """Return the start of a body (bytes, a string or JSON data) in quotes, or "empty"."""
    if body in (None, b""):
        return "empty"
    if isinstance(body, bytes):
        body = body[: 8 * MAX_BODY_CHARS].decode("utf-8-sig", "replace")
    if not isinstance(body, str):
        try:
            body = json.dumps(mask_fields(body), ensure_ascii=False)
        except (TypeError, ValueError, RecursionError):
            return f"a {type(body).__name__}"
    return repr(one_line(body, MAX_BODY_CHARS))
