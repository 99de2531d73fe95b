"""The body of an answer in, a typed result out; whatever is no valid answer is an error."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import ValidationError
from pydantic_core import from_json

from ._error_text import read_error
from ._meta import Headers, ResponseMeta
from ._state import StreamState
from .errors import APIStatusError, ResponseValidationError
from .models._base import Result, as_response_error, parse_json, strict_validation
from .models.response import Response

if TYPE_CHECKING:
    from ._config import Settings

__all__ = ["content_type", "parse_result", "reported_error"]

_R = TypeVar("_R", bound=Result)
StatusErrorMaker = Callable[[int, bytes, ResponseMeta], APIStatusError]


def content_type(headers: Headers) -> str:
    """Return the media type without its parameters, in lower case; empty if there is none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def parse_result(
    model: type[_R], body: bytes, meta: ResponseMeta, settings: "Settings", status_error: StatusErrorMaker
) -> _R:
    """Turn the body of a successful answer into the result.

    Raises:
        APIStatusError: The body is an error, though the status is not.
        ResponseValidationError: The body is no such object.
        StreamInterrupted, StreamError: The body is a stream (which nobody asked for) without an end.
    """
    if content_type(meta.headers) == "text/event-stream" and model is Response:
        return cast("_R", _accumulated(body, meta, settings))
    try:
        with strict_validation(settings.strict):
            result = parse_json(model, body)
    except ValidationError as error:
        raise reported_error(body, meta, status_error) or _no_result(model, error, body, meta) from error
    if not result.model_fields_set & {"id", "object", "status", "output"}:
        problem = ResponseValidationError(f"The answer is JSON, but no {model.__name__}", body=body, meta=meta)
        raise reported_error(body, meta, status_error) or problem
    object.__setattr__(result, "_meta", meta)
    return result


def _accumulated(body: bytes, meta: ResponseMeta, settings: "Settings") -> Response:
    state = StreamState(deque(), settings.max_event_bytes, settings.strict, meta)
    state.feed(body)
    if not state.ended:
        state.end()
    failure = state.failure()
    if failure is not None:
        raise failure
    return cast("Response", state.snapshot())


def reported_error(body: bytes, meta: ResponseMeta, status_error: StatusErrorMaker) -> APIStatusError | None:
    """Return the error that some gateways put into an answer with status 200; None if there is none."""
    try:
        value: Any = from_json(body)
    except ValueError:
        return None
    if not isinstance(value, dict) or not cast("dict[str, Any]", value).get("error"):
        return None
    return status_error(read_error(cast("object", value)).status_code or meta.status_code, body, meta)


def _no_result(
    model: type[Result], error: ValidationError, body: bytes, meta: ResponseMeta
) -> ResponseValidationError:
    if error.errors(include_url=False)[0]["type"] == "json_invalid":
        kind = content_type(meta.headers) or "no content type"
        return ResponseValidationError(f"The answer is no JSON ({kind})", body=body, meta=meta)
    problem = as_response_error(model.__name__, error, body)
    return ResponseValidationError(problem.message, path=problem.path, body=body, meta=meta)
