"""Resumption of streams: the request for the events after the last one, and tokens that carry it to other processes.

Loaded when a stream is interrupted, or when a token is made or used. The check of the events that then come is
`_events/resume_check.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from typing_extensions import TypedDict

from .._base.error_frames import hide_values
from .._base.field_errors import FieldError, field_error
from .._base.json_types import is_mapping
from .._base.option_types import OPTIONS
from .._base.public import public
from .._base.validation import is_whole_number, refuse_unknown
from .._calls.request import prepare
from ..errors import RequestValidationError

if TYPE_CHECKING:
    from .._base.options import RequestOptions
    from .._calls.request import Call
    from .._events.stream_state import StreamState
    from ..models import Response, StreamEvent

__all__ = ["ResumeToken", "can_resume", "check_token", "make_token", "resume_arguments", "resume_call"]

_IDEMPOTENCY_KEY = "Idempotency-Key"


@public
class ResumeToken(TypedDict):
    """The position from which a stream can continue, in any process: `resume_token` of a stream, for `responses.resume`.

    Plain JSON data, and no secret: resuming takes a key of the same project.
    """

    response_id: str
    """The id of the response."""
    sequence_number: int
    """The number of the last event that was read, 0 or more; the stream continues with the one after it."""


def can_resume(call: Call[Any]) -> bool:
    """Whether the server keeps the events of the stream that a call asks for: those of stored background responses."""
    if call.operation.name == "responses.retrieve":
        return True
    arguments = _arguments(call)
    return arguments.get("background") is True and arguments.get("store") is not False


def resume_call(call: Call[Any], response_id: str | None, number: int | None) -> Call[Response] | None:
    """Return the call for the events after one of another call's stream; None if the stream cannot be resumed.

    It has the settings, headers and query parameters of the other call, and asks for the same parts of the response.
    """
    from .._calls.endpoints import RESPONSES_RETRIEVE

    # Of a retrieved response the path has the id; of a created one, its first events.
    response_id = next(iter(call.path), response_id)
    if response_id is None or number is None or not can_resume(call):
        return None
    arguments = _arguments(call)
    # `create` takes this in `stream_options`, a dict or a model, and `retrieve` as an argument of its own.
    options: object = arguments.get("stream_options")
    padding: object = (
        options.get("include_obfuscation")
        if is_mapping(options)
        else getattr(options, "include_obfuscation", None)
    )
    named: dict[str, object] = {
        "include": arguments.get("include"),
        "include_obfuscation": arguments.get("include_obfuscation", padding),
        "stream": True,
        "starting_after": number,
    }
    query, headers = _mapping(call, "extra_query"), _mapping(call, "extra_headers")
    params: dict[str, object] = {
        **{name: value for name, value in named.items() if value is not None},
        "extra_query": {name: value for name, value in query.items() if name not in named},
        # The key belongs to the request that made the response. A server that knows it would repeat that answer.
        "extra_headers": {**_without(headers, _IDEMPOTENCY_KEY), _IDEMPOTENCY_KEY: None},
    }
    try:
        return prepare(RESPONSES_RETRIEVE, params, call.settings, (response_id,))
    except RequestValidationError:  # an id or a number from the server that no request can hold
        return None


def _arguments(call: Call[Any]) -> dict[str, object]:
    return {**call.params, **_mapping(call, "extra_body")}


def _mapping(call: Call[Any], option: str) -> Mapping[str, object]:
    value = call.params.get(option)
    return value if is_mapping(value) else {}


def _without(headers: Mapping[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in headers.items() if key.lower() != name.lower()}


def make_token(
    call: Call[Any], state: StreamState | None, unread: Sequence[StreamEvent]
) -> ResumeToken | None:
    """Return the token of a reader that has not read some events; None without one, or if nothing is left to read."""
    if not can_resume(call) or (state is not None and state.has_terminal_event and not unread):
        return None
    known_id, number = (None, call.params.get("starting_after")) if state is None else state.position(unread)
    response_id = next(iter(call.path), known_id)
    if not isinstance(response_id, str) or not isinstance(number, int) or number < 0:
        return None
    return {"response_id": response_id, "sequence_number": number}


def resume_arguments(
    token: ResumeToken,
    options: RequestOptions,
    include: Sequence[str] | None,
    include_obfuscation: bool | None,
) -> tuple[str, Mapping[str, object]]:
    """Return the id of the response, and the arguments of `retrieve` that continue its stream."""
    hide_values(options)
    own = ("token", "include", "include_obfuscation")
    refuse_unknown("responses.resume", options, OPTIONS, [*own, *OPTIONS])
    token = check_token(token)
    named = {"include": include, "include_obfuscation": include_obfuscation}
    given = {name: value for name, value in named.items() if value is not None}
    return token["response_id"], {**options, **given, "starting_after": token["sequence_number"]}


def check_token(token: object) -> ResumeToken:
    """Return the token of a user, checked and without other keys.

    Raises:
        RequestValidationError: It is not a token.
    """
    if not is_mapping(token):
        raise RequestValidationError([field_error("token", "the resume_token of a stream", token)])
    response_id, number = token.get("response_id"), token.get("sequence_number")
    if isinstance(response_id, str) and is_whole_number(number):
        return {"response_id": response_id, "sequence_number": number}
    mistakes: list[FieldError] = []
    if not isinstance(response_id, str):
        mistakes.append(field_error("token.response_id", "the id of a response", response_id))
    if not is_whole_number(number):
        expected = "the number of an event, a whole number from 0"
        mistakes.append(field_error("token.sequence_number", expected, number))
    raise RequestValidationError(mistakes)
