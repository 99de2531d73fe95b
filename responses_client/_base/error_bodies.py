"""Error bodies and error events of many servers, read into one form; no I/O."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, NamedTuple

from .field_errors import field_path
from .json_types import as_object, is_array, is_object
from .messages import UNREAD

__all__ = ["ErrorFields", "as_data", "parse_body", "read_error"]

_MAX_DEPTH = 100


def parse_body(body: bytes) -> Any:
    """Return the JSON value of a body; its text if it is not valid JSON or nested too deep, and None if it is blank."""
    with suppress(ValueError, RecursionError):
        value: object = json.loads(body)
        if not _is_deep(value):
            return value
    text = body.decode("utf-8-sig", "replace")
    return text if text.strip() else None


def _is_deep(value: object) -> bool:
    """Whether a value is nested deeper than it could be copied and pickled with its error."""
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [m for v in level for m in (v.values() if is_object(v) else v if is_array(v) else ())]
        if not level:
            return False
    return True


def as_data(body: object) -> Any:
    """Return a body as an error keeps it: bytes parsed, None for one that was not read, all else as it is."""
    if body is UNREAD:
        return None
    return parse_body(body) if isinstance(body, bytes) else body


class ErrorFields(NamedTuple):
    """The facts of an error body or error event; None for each that it does not have."""

    message: str | None
    code: str | None
    type: str | None
    param: str | None
    status_code: int | None
    response_id: str | None
    request_id: str | None


def read_error(body: object) -> ErrorFields:
    """Read an error from parsed JSON of any shape; a value that is not an object has no facts.

    The error may be under `error` (an object, or a string as xAI sends it), under `errors` (Cloudflare), under
    `detail` (FastAPI, RFC 9457), inside the `response` of `response.failed`, or the body itself. Gateways pass on the
    bodies of the servers behind them, so the shapes also come nested: each fact is read from all places, the most
    specific one first.
    """
    top = as_object(_first(body))  # Google sends its error in a list
    top = as_object(top.get("detail")) or top
    detail = top.get("detail")
    response = as_object(top.get("response"))
    inner = top.get("error") or response.get("error") or _first(top.get("errors"))
    error = as_object(inner)
    return ErrorFields(
        message=_first_string(
            error.get("message"), top.get("message"), inner, _detail_message(detail), top.get("title")
        ),
        code=_first_string(error.get("code"), top.get("code")),
        type=_first_string(error.get("type"), _error_type(top.get("type"))),
        param=_first_string(
            _param(error.get("param")), _param(top.get("param")), _detail_path(_first(detail))
        ),
        status_code=_status(
            *(top.get(name) for name in ("status", "status_code", "code")),
            error.get("status"),
            error.get("code"),
        ),
        response_id=_first_string(response.get("id"), top.get("response_id")),
        request_id=_first_string(as_object(error.get("headers")).get("x-request-id"), top.get("request_id")),
    )


def _detail_message(detail: object) -> str | None:
    """Read FastAPI's `detail`: a string, or a list of `{"loc": [...], "msg": ...}`."""
    if not is_array(detail):
        return _string(detail)
    entries = [as_object(entry) for entry in detail]
    shown = (": ".join(filter(None, (_detail_path(entry), _string(entry.get("msg"))))) for entry in entries)
    return "; ".join(filter(None, shown)) or None


def _detail_path(entry: object) -> str | None:
    location = as_object(entry).get("loc")
    if not is_array(location):
        return None
    steps: list[str | int] = [step for step in location if isinstance(step, (str, int))]
    if steps[:1] == ["body"]:
        steps = steps[1:]
    # A number alone is the byte at which the body stops being JSON.
    return field_path(steps) or None if any(isinstance(step, str) for step in steps) else None


def _param(value: object) -> str | None:
    """Return the name of an argument; None for a number, which some servers send as the place in the body."""
    return value if isinstance(value, str) and not value.isdecimal() else None


def _error_type(value: object) -> str | None:
    """Return the type of an error; None for the type of an event, `error` or `response.failed`, at its place."""
    return value if isinstance(value, str) and value != "error" and "." not in value else None


def _status(*values: object) -> int | None:
    """Return the first value that is an HTTP status; WebSockets have it beside the error, OpenRouter as its code."""
    return next((value for value in values if isinstance(value, int) and 400 <= value <= 599), None)


def _first(value: object) -> object:
    if is_array(value):
        return value[0] if value else None
    return value


def _string(value: object) -> str | None:
    """Return a string that is not empty, or a whole number as a string; None for any other value."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def _first_string(*values: object) -> str | None:
    return next(filter(None, map(_string, values)), None)
