"""How a stream goes on after an event: with which request, and which events of its answer are new.

Loaded when a stream is interrupted, or when somebody wants to go on with one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from typing_extensions import TypedDict

from .._base.field_errors import FieldError, field_error
from .._base.public import public
from .._calls.request import prepare
from ..errors import RequestValidationError

if TYPE_CHECKING:
    from .._calls.request import Call
    from .._events.stream_state import StreamState
    from ..models import Response, StreamEvent

__all__ = ["ResumeToken", "checked_token", "following", "may_resume", "token_of"]

_IDEMPOTENCY = "Idempotency-Key"


@public
class ResumeToken(TypedDict):
    """Where somebody can go on with a stream, in this process or another; plain JSON data."""

    response_id: str
    """Id of the response."""
    sequence_number: int
    """The number of the last event that was given out."""


def may_resume(call: Call[Any]) -> bool:
    """Tell whether the server keeps the events of the stream that a call asks for."""
    if call.operation.name == "responses.retrieve":
        return True
    arguments = _arguments(call)
    return arguments.get("background") is True and arguments.get("store") is not False


def following(call: Call[Any], response_id: str | None, number: int | None) -> Call[Response] | None:
    """Make the call that goes on after an event of the stream of another one; None if there can be none.

    It has the settings, headers and query parameters of the other, and shows as much.
    """
    from .._calls.endpoints import RESPONSES_RETRIEVE

    response_id = next(iter(call.path), response_id)
    if response_id is None or number is None or not may_resume(call):
        return None
    arguments = _arguments(call)
    padding: Any = arguments.get("stream_options") or {}
    if isinstance(padding, Mapping):
        padding = cast("Mapping[str, object]", padding).get("include_obfuscation")
    else:
        padding = getattr(padding, "include_obfuscation", None)
    query = cast("Mapping[str, object] | None", call.params.get("extra_query")) or {}
    headers = cast("Mapping[str, object] | None", call.params.get("extra_headers")) or {}
    named: dict[str, object] = {
        "include": arguments.get("include"),
        "include_obfuscation": arguments.get("include_obfuscation", padding),
        "stream": True,
        "starting_after": number,
    }
    params: dict[str, object] = {
        **{name: value for name, value in named.items() if value is not None},
        "extra_query": {name: value for name, value in query.items() if name not in named},
        # The key of the request that made the response must not stand for another.
        "extra_headers": {**_without(headers, _IDEMPOTENCY), _IDEMPOTENCY: None},
    }
    try:
        return prepare(RESPONSES_RETRIEVE, params, call.settings, (response_id,))
    except RequestValidationError:  # an id or a number that cannot be asked for
        return None


def _arguments(call: Call[Any]) -> dict[str, object]:
    extra = cast("Mapping[str, object] | None", call.params.get("extra_body")) or {}
    return {**call.params, **extra}


def _without(headers: Mapping[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in headers.items() if key.lower() != name.lower()}


def token_of(call: Call[Any], state: StreamState | None, unread: Sequence[StreamEvent]) -> ResumeToken | None:
    """Tell where somebody goes on who has not read some events; None if that cannot be, or nothing is left."""
    if not may_resume(call) or (state is not None and state.terminal and not unread):
        return None
    known_id, number = (None, call.params.get("starting_after")) if state is None else state.position(unread)
    response_id = next(iter(call.path), known_id)
    if not isinstance(response_id, str) or not isinstance(number, int) or number < 0:
        return None
    return {"response_id": response_id, "sequence_number": number}


def checked_token(token: object) -> ResumeToken:
    """Check what is given as a token.

    Raises:
        RequestValidationError: It is none.
    """
    if not isinstance(token, Mapping):
        raise RequestValidationError([field_error("token", "the resume_token of a stream", token)])
    fields = cast("Mapping[str, object]", token)
    response_id, number = fields.get("response_id"), fields.get("sequence_number")
    mistakes: list[FieldError] = []
    if not isinstance(response_id, str):
        mistakes.append(field_error("token.response_id", "the id of a response", response_id))
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        expected = "the number of an event, a whole number from 0"
        mistakes.append(field_error("token.sequence_number", expected, number))
    if mistakes:
        raise RequestValidationError(mistakes)
    return cast("ResumeToken", token)
