"""What error bodies and error events say, whatever their shape, and texts from elsewhere made fit for messages."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypedDict, cast

from ._meta import MASK, is_secret_name

__all__ = [
    "BODY_SHOWN",
    "VALUE_SHOWN",
    "ErrorFields",
    "FieldError",
    "body_start",
    "field_error",
    "field_path",
    "missing_field",
    "number_text",
    "one_line",
    "parse_body",
    "read_error",
    "scrub",
    "without",
]

BODY_SHOWN = 200
"""How many characters of a body a message shows."""

VALUE_SHOWN = 80
"""How many characters of a value or a key a message shows."""

# Patterns are texts: `re` compiles and keeps them when first used, which a program without errors never does.
_SECRET_VALUES = (
    # Keys of providers that mark theirs.
    r"\b((?:sk|xai|sess)-|(?:gsk|whsec)_)[^\s\"'<>,;]{8,}",
    # What follows an authorization scheme; the digit or padding tells it from "Bearer authentication".
    r"(?i)\b((?:Bearer|Basic)\s+)(?=[^\s\"'<>,;]{8})(?=[^\s\"'<>,;]*[0-9=])[^\s\"'<>,;]+",
)
# Local servers take keys such as "x"; masking those would garble every text and protect nothing.
_SECRET_LENGTH = 8
_BLANKS = r"[\s\x00-\x1f\x7f-\x9f]+"


def scrub(text: str) -> str:
    """Mask what looks like an API key or an `Authorization` value inside a text from elsewhere."""
    for pattern in _SECRET_VALUES:
        text = re.sub(pattern, rf"\1{MASK}", text)
    return text


def without(secrets: Iterable[str], body: bytes) -> bytes:
    """Mask these secrets, such as the key of the request, wherever a body repeats them."""
    for secret in secrets:
        if len(secret) >= _SECRET_LENGTH:
            body = body.replace(secret.encode(), MASK.encode())
    return body


def one_line(text: str, limit: int) -> str:
    """Give the start of a text fit for a message: no line breaks, no control characters, no keys."""
    shown = re.sub(_BLANKS, " ", scrub(text.lstrip()[: 4 * limit])).strip()
    return shown if len(shown) <= limit else f"{shown[:limit]}…"


def number_text(value: object) -> str:
    """Show a number (a bool, too) that is short enough to read, anything else as nothing."""
    if type(value) in (bool, float) or (type(value) is int and abs(value) < 10**VALUE_SHOWN):
        return repr(value)
    return ""


def body_start(body: object) -> str:
    """Quote the start of a body: bytes, text or JSON."""
    if body in (None, b""):
        return "empty"
    if isinstance(body, bytes):
        body = body[: 8 * BODY_SHOWN].decode("utf-8-sig", "replace")
    if not isinstance(body, str):
        try:
            body = json.dumps(body, ensure_ascii=False)
        except (TypeError, ValueError, RecursionError):
            return f"a {type(body).__name__}"
    return repr(one_line(body, BODY_SHOWN))


def parse_body(body: bytes) -> Any:
    """Give the JSON value of a body, its text when it is no JSON, None when it is blank."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        text = body.decode("utf-8-sig", "replace")
        return text if text.strip() else None


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


class ErrorFields(NamedTuple):
    """What an error body or error event says; None where it says nothing."""

    message: str | None
    code: str | None
    type: str | None
    param: str | None
    status_code: int | None
    response_id: str | None
    request_id: str | None


def read_error(body: object) -> ErrorFields:
    """Read an error from parsed JSON of any shape; what is no object says nothing.

    The error may be under `error` (an object, or a text as xAI sends it), under `errors` (Cloudflare), under
    `detail` (FastAPI, RFC 9457), inside the `response` of `response.failed`, or the body itself.
    """
    top = _object(_first(body))
    top = _object(top.get("detail")) or top
    detail = top.get("detail")
    response = _object(top.get("response"))
    inner = top.get("error") or response.get("error") or _first(top.get("errors"))
    error = _object(inner)
    return ErrorFields(
        message=_first_text(
            error.get("message"), top.get("message"), inner, _detail_message(detail), top.get("title")
        ),
        code=_first_text(error.get("code"), top.get("code")),
        type=_first_text(error.get("type"), _error_type(top.get("type"))),
        param=_first_text(error.get("param"), top.get("param"), _detail_path(_first(detail))),
        status_code=_status(
            *(top.get(name) for name in ("status", "status_code", "code")),
            error.get("status"),
            error.get("code"),
        ),
        response_id=_first_text(response.get("id"), top.get("response_id")),
        request_id=_first_text(_object(error.get("headers")).get("x-request-id"), top.get("request_id")),
    )


def _detail_message(detail: object) -> str | None:
    """Read FastAPI's `detail`: a text, or a list of `{"loc": [...], "msg": ...}`."""
    if not isinstance(detail, list):
        return _text(detail)
    entries = [_object(entry) for entry in cast("list[object]", detail)]
    shown = (": ".join(filter(None, (_detail_path(entry), _text(entry.get("msg"))))) for entry in entries)
    return "; ".join(filter(None, shown)) or None


def _detail_path(entry: object) -> str | None:
    location = _object(entry).get("loc")
    if not isinstance(location, list):
        return None
    steps = [step for step in cast("list[object]", location) if isinstance(step, (str, int))]
    return field_path(steps[1:] if steps[:1] == ["body"] else steps) or None


def _quoted(path: str, value: object) -> str:
    """Quote a value if it is short enough to read and no secret."""
    if not isinstance(value, str) or is_secret_name(path) or "headers" in path:
        return number_text(value)
    return repr(one_line(value, VALUE_SHOWN))


def _error_type(value: object) -> str | None:
    """Leave out the types of events, `error` and `response.failed`, which are no types of errors."""
    return value if isinstance(value, str) and value != "error" and "." not in value else None


def _status(*values: object) -> int | None:
    """Find the HTTP status that a WebSocket puts beside the error, and OpenRouter into its code."""
    return next((value for value in values if isinstance(value, int) and 400 <= value <= 599), None)


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isidentifier() else f"[{step[:VALUE_SHOWN]!r}]"


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _first(value: object) -> object:
    if isinstance(value, list):
        items = cast("list[object]", value)
        return items[0] if items else None
    return value


def _text(value: object) -> str | None:
    """Give a text or a whole number as a text, anything else (and "") as None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def _first_text(*values: object) -> str | None:
    return next(filter(None, map(_text, values)), None)
