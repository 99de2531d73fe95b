"""What error bodies and error events say, whatever their shape, and texts from elsewhere made fit for messages."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, cast

from .field_errors import field_path

__all__ = ["ErrorFields", "parse_body", "read_error"]


def parse_body(body: bytes) -> Any:
    """Give the JSON value of a body, its text when it is no JSON, None when it is blank."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        text = body.decode("utf-8-sig", "replace")
        return text if text.strip() else None


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


def _error_type(value: object) -> str | None:
    """Leave out the types of events, `error` and `response.failed`, which are no types of errors."""
    return value if isinstance(value, str) and value != "error" and "." not in value else None


def _status(*values: object) -> int | None:
    """Find the HTTP status that a WebSocket puts beside the error, and OpenRouter into its code."""
    return next((value for value in values if isinstance(value, int) and 400 <= value <= 599), None)


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
