"""The result of an answer: its body as a typed object, or the error that it is."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import unquote, urlsplit

from pydantic import ValidationError
from pydantic_core import to_json

from .._base import clock
from .._base.error_bodies import parse_body, read_error
from .._base.field_errors import invalid_json_reason
from .._base.http import Headers, ResponseMeta
from .._base.json_types import is_object, json_or
from .._base.messages import MAX_BODY_CHARS, MAX_VALUE_CHARS, UNREAD, one_line
from .._base.redaction import NO_SECRETS, Redactor
from .._base.waits import requested_wait
from .._events.stream_state import StreamState
from ..errors import (
    APIError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseValidationError,
    UnprocessableEntityError,
)
from ..models._base import Model, OpenUnion, Unknown, as_response_error, parse_json, strict_validation
from ..models.response import Response

if TYPE_CHECKING:
    from .settings import Settings

__all__ = [
    "MAX_KEPT_BYTES",
    "STREAM_TYPE",
    "answer_error",
    "content_type",
    "describe_answer",
    "kept_body",
    "not_json",
    "parse_result",
    "reported_error",
    "status_error",
    "undecoded",
]

_R = TypeVar("_R", bound=Model)
STREAM_TYPE = "text/event-stream"
"""The media type of event streams."""
MAX_KEPT_BYTES = 1024 * 1024
"""Bytes that are read of a body that is an error, and that an error keeps of a body that is not JSON."""


def content_type(headers: Headers) -> str:
    """Return the media type without its parameters, in lower case; empty if there is none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def parse_result(
    model: type[_R], body: bytes, meta: ResponseMeta, settings: Settings, redactor: Redactor = NO_SECRETS
) -> _R:
    """Return the result of an answer with a status of success.

    Args:
        model: The class of the result.
        body: The body of the answer.
        meta: The facts of the answer, which the result keeps.
        settings: The settings of the client.
        redactor: Masks secrets where an error quotes the body.

    Raises:
        APIStatusError: The body is an error, though the status is not.
        ResponseValidationError: The body is not an object of that class.
        StreamInterrupted, StreamError: The body is a stream, from a server that always streams, without its end.
    """
    if model is Response and _is_stream(body, meta):
        return cast("_R", _accumulate(body, meta, settings, redactor))
    result: _R | APIError
    try:
        with strict_validation(settings.strict):
            result = _parse(model, body, meta)
    except ValidationError as error:
        kept = kept_body(error, body)
        public = redactor.body(kept)
        result = reported_error(kept, meta, redactor) or _mismatch(model.__name__, error, public, meta)
        # Raised below, outside of the handler: pydantic's error quotes the body, and must not be the context of an
        # error that masks a secret in it.
        result.__cause__ = error.with_traceback(None) if public == body else None
    if isinstance(result, APIError):
        try:
            raise result
        finally:
            del result  # its traceback holds this frame
    # Fields are lenient, so that any JSON object passes as a response. These fields tell one: other objects may have
    # an id, a model or an error as well.
    signs = {"object", "output", "status"} if model is Response else {*type(result).__pydantic_fields__}
    if issubclass(type(result), Unknown):
        signs.add("type")
    if not result.model_fields_set & signs:
        reported = reported_error(body, meta, redactor)
        if reported is not None:
            try:
                raise reported
            finally:
                del reported  # its traceback holds this frame
        if "id" not in result.model_fields_set:
            text = f"The answer ({describe_answer(meta)}) is JSON, but not a valid {model.__name__}"
            raise ResponseValidationError(text, body=redactor.body(body), meta=meta)
    object.__setattr__(result, "_meta", meta)
    return result


def _parse(model: type[_R], body: bytes, meta: ResponseMeta) -> _R:
    if issubclass(cast("type[object]", model), OpenUnion):
        from pydantic import TypeAdapter  # here, because responses do without it

        return TypeAdapter(model).validate_json(body)
    if not body.strip() and meta.method == "DELETE" and "deleted" in model.__pydantic_fields__:
        # Some servers answer a deletion with its status alone; so does OpenAI's published schema.
        body = to_json({"id": unquote(urlsplit(meta.url).path.rpartition("/")[2]), "deleted": True})
    return parse_json(model, body)


def _is_stream(body: bytes, meta: ResponseMeta) -> bool:
    """Whether a body is an event stream, by its media type or, behind gateways that name another, by its start."""
    return content_type(meta.headers) == STREAM_TYPE or body[:64].lstrip().startswith((b"event:", b"data:"))


def _accumulate(body: bytes, meta: ResponseMeta, settings: Settings, redactor: Redactor) -> Response:
    state = StreamState(deque(), settings.max_event_bytes, settings.strict, meta)
    state.feed(body)
    if not state.has_ended:
        state.end()
    failure = state.failure(redactor)
    if failure is not None:
        try:
            raise failure
        finally:
            del failure  # its traceback holds this frame
    return cast("Response", state.snapshot())  # the terminal event came, so there is one


def answer_error(
    status: int,
    body: bytes,
    meta: ResponseMeta,
    redactor: Redactor = NO_SECRETS,
    problem: str | None = None,
    *,
    can_repeat: bool = True,
) -> APIStatusError:
    """Return the error of an answer with this status, which may be one that the body names; see `status_error`."""
    return status_error(
        status,
        meta.headers,
        body,
        method=meta.method,
        url=meta.url,
        request_id=meta.request_id,
        tries=meta.tries,
        now=clock.time(),
        meta=meta,
        redactor=redactor,
        problem=problem,
        can_repeat=can_repeat,
    )


def reported_error(body: bytes, meta: ResponseMeta, redactor: Redactor = NO_SECRETS) -> APIStatusError | None:
    """Return the error that a gateway reports with a status of success, as some do; None if there is none."""
    value: object = json_or(body)
    if not is_object(value) or (not value.get("error") and value.get("object") != "error"):
        return None
    return answer_error(read_error(value).status_code or meta.status_code, body, meta, redactor)


def _mismatch(label: str, error: ValidationError, body: bytes, meta: ResponseMeta) -> ResponseValidationError:
    """Return the error for an answer of another form than the type that the label names."""
    reason = invalid_json_reason(error.errors(include_url=False))
    if reason is not None:
        return not_json(reason, body, meta)
    problem = as_response_error(label, error, body)
    return ResponseValidationError(problem.message, path=problem.path, body=body, meta=meta)


def kept_body(error: ValidationError, body: bytes) -> bytes:
    """Return the part of a refused body that its error keeps: of one that is not JSON, such as a page, the start."""
    if len(body) > MAX_KEPT_BYTES and invalid_json_reason(error.errors(include_url=False)) is not None:
        return body[:MAX_KEPT_BYTES]
    return body


def not_json(
    reason: str, body: bytes, meta: ResponseMeta, advice: str | None = None
) -> ResponseValidationError:
    """Return the error for an answer that is not JSON, though it may have been.

    Args:
        reason: The reason of the JSON parser.
        body: The body, or its start, with secrets masked.
        meta: The facts of the answer.
        advice: The advice where the answer was no JSON from the start; by default that of the class.
    """
    answer = f"The answer ({describe_answer(meta)})"
    if encoding := undecoded(meta.headers):
        advice = "let the server or proxy send it without this content-encoding"
        text = f"{answer} has the content-encoding {encoding!r}, which nothing here decodes"
        return ResponseValidationError(text, body=UNREAD, advice=advice, meta=meta)
    if reason.startswith("EOF while parsing") and body.lstrip()[:1] in (b"{", b"["):
        advice = "try again, and if it happens again, look for a proxy that cuts answers off"
        size = f"{len(body)} bytes" if len(body) < MAX_KEPT_BYTES else "more than 1 MiB"
        text = f"{answer} is JSON that was cut off after {size}"
        return ResponseValidationError(text, body=body, advice=advice, meta=meta)
    text = f"{answer} is not valid JSON"
    if advice is None:
        return ResponseValidationError(text, body=body, meta=meta)
    return ResponseValidationError(text, body=body, advice=advice, meta=meta)


def undecoded(headers: Headers) -> str | None:
    """Return a content-encoding that the transport does not know and left as it was; None if there is none."""
    encodings = headers.get("content-encoding")
    if encodings is None:
        return None
    from .._transport.decompression import unknown_encoding  # here, because few answers are compressed

    name = unknown_encoding(encodings)
    return None if name is None else one_line(name, MAX_VALUE_CHARS)


def describe_answer(meta: ResponseMeta) -> str:
    """Return the status and the media type of an answer, for messages."""
    kind = one_line(content_type(meta.headers), MAX_VALUE_CHARS)
    return f"status {meta.status_code}, {kind or 'no content type'}"


# RFC 9110, 15.5.8: no API answers with it.
_FROM_PROXY = 407
_PROXY_ADVICE = "correct the user and password of the proxy, which answered this"
_STATUS_CLASSES: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def status_error(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    method: str,
    url: str,
    request_id: str | None,
    tries: int,
    now: float | None = None,
    meta: ResponseMeta | None = None,
    redactor: Redactor = NO_SECRETS,
    problem: str | None = None,
    can_repeat: bool = True,
) -> APIStatusError:
    """Return the error for a status, of the class that belongs to it.

    The body may be of any form that `_base/error_bodies.py` reads, or an event stream with an error in such a form.

    Args:
        status: The status, or the one that the body names.
        headers: The headers of the answer.
        body: The body, as far as it was read.
        method: The HTTP method of the request.
        url: The URL of the request.
        request_id: The id of the request, for support.
        tries: The number of attempts.
        now: Unix time, for a wait until a point in time in an answer without a `date`.
        meta: The facts of the answer.
        redactor: Masks secrets that the body repeats.
        problem: The reason why the body could not be read.
        can_repeat: Whether the request could be sent again, so that a redirect could be followed.
    """
    kept = headers if isinstance(headers, Headers) else Headers(headers)
    body = redactor.body(body)
    parsed = parse_body(body)
    if isinstance(parsed, str):
        from .error_streams import first_error  # here, because most errors are JSON

        parsed = first_error(body) or parsed
    found = read_error(parsed)
    message = found.message
    if 300 <= status < 400:
        from .redirects import redirect_reason

        message = redirect_reason(status, kept.get("location"), url, can_repeat=can_repeat)
    wait = requested_wait(status, kept, message, now)
    cls = InternalServerError if status >= 500 else _STATUS_CLASSES.get(status, APIStatusError)
    error = cls(
        message or problem or _first_part(body, kept),
        status_code=status,
        code=found.code,
        type=found.type,
        param=found.param,
        body=parsed,
        headers=kept,
        retry_after=None if wait is None else wait.seconds,
        method=method,
        url=url,
        tries=tries,
        request_id=request_id,
        meta=meta,
    )
    if status == _FROM_PROXY:
        error.args = (f"{error.args[0].rpartition('; ')[0]}; {_PROXY_ADVICE}",)
    return error


def _first_part(body: bytes, headers: Headers) -> str:
    if body and (encoding := undecoded(headers)):
        return f"a body with the content-encoding {encoding!r}, which nothing here decodes"
    start = body[: 8 * MAX_BODY_CHARS].decode("utf-8-sig", "replace")
    # A page of a proxy or of another server: its title says as much as all the rest.
    title = (
        re.search(r"<(title|h1)\b[^>]*>([^<]+)", start, re.IGNORECASE) if start.lstrip()[:1] == "<" else None
    )
    if title is not None:
        from html import unescape  # here, because few answers are pages

        return f"an HTML page, {one_line(unescape(title[2]), MAX_BODY_CHARS)!r}"
    return one_line(start, MAX_BODY_CHARS) or "no body"
