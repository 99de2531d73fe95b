"""The checked request of a call: from keyword arguments to bytes; no I/O."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from os import urandom
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar
from urllib.parse import quote

from .._base.field_errors import FieldError, field_error
from .._base.http import ResponseMeta, merge_headers
from .._base.json_types import is_mapping, is_sequence
from .._base.messages import MAX_VALUE_CHARS, one_line
from .._base.option_types import OPTIONS
from .._base.redaction import Redactor, field_secrets, query_secrets, secret_values
from .._base.validation import (
    check_argument,
    check_header_value,
    check_headers,
    check_mapping,
    unknown_argument,
)
from .._transport.protocols import Timeouts, WireRequest
from .._version import __version__
from ..errors import RequestValidationError
from .operation import Operation
from .plain_data import MAX_DEPTH, plain_arguments
from .settings import Settings
from .typos import warn_of_typos

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from pydantic_core import ErrorDetails

    from .._transport.protocols import Body
    from ..models import Model
    from .attempts import Attempts

__all__ = [
    "ACCEPT_ENCODING",
    "SEALED_REASONING",
    "Call",
    "Read",
    "encode",
    "is_observed",
    "logs_bodies",
    "prepare",
    "timeouts_of",
    "validate",
]

_R = TypeVar("_R", bound="Model")
Read: TypeAlias = Callable[[bytes, ResponseMeta, Settings, Redactor], Any]
"""Makes a result of a body, the facts of its answer, the settings, and the mask for errors that quote the body."""
Receive: TypeAlias = "Callable[[Attempts, Body, ResponseMeta], Awaitable[Any]]"
"""Makes a result of an answer whose body is not read yet."""
logger = logging.getLogger("responses_client")
bodies = logging.getLogger("responses_client.bodies")

_SETTINGS = ("timeout", "deadline", "max_retries")  # the options that stand for settings of the client
ACCEPT_ENCODING = "gzip, deflate"
"""The compressions that are asked for, unless the answer is a stream."""
_USER_AGENT = f"responses-client/{__version__}"
_PLACEHOLDER = r"\{(\w+)\}"

_CREATES = ("responses.create", "session.create")
SEALED_REASONING = "reasoning.encrypted_content"
"""The value of `include` that asks for reasoning in a form that can be sent back; OpenAI encrypts ("seals") it."""


class Call(NamedTuple, Generic[_R]):
    """A checked request, and all that is decided about it before it is sent.

    Attributes:
        operation: The endpoint.
        request: The request, unsigned.
        needs_key: Whether it is signed with the key of the client; not if the user sets that header.
        settings: The settings of the client, with the options of the call.
        params: The arguments of the call, options included.
        path: The arguments for the path.
        read: Makes the result of the body of the answer; None if the model that the operation names does.
        receive: Reads the body of an answer in place of `read`, as it comes.
    """

    operation: Operation[_R]
    request: WireRequest
    needs_key: bool
    settings: Settings
    params: Mapping[str, object]
    path: Sequence[str]
    read: Read | None = None
    receive: Receive | None = None

    def __repr__(self) -> str:
        """Show no secret, which headers among the arguments may be."""
        return Redactor(self.secrets).text(f"<{self.operation.name}: {self.request!r}>")

    def sentry_repr(self) -> str:
        """Return the repr, for Sentry, which otherwise walks tuples."""
        return repr(self)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The key, and the secrets in headers, in the query and in hosted tools, which must not be shown."""
        key = self.settings.api_key
        words = secret_values(self.request.headers) | query_secrets(self.request.url)
        words.update(self.tool_secrets)
        words.discard(self.request.headers.get("Idempotency-Key") or "")
        return (*words, key) if isinstance(key, str) else tuple(words)

    @property
    def tool_secrets(self) -> set[str]:
        """The credentials in hosted tools."""
        given = (self.params, self.params.get("extra_body"))
        return {one for fields in given if is_mapping(fields) for one in field_secrets(fields.get("tools"))}


def prepare(
    operation: Operation[_R], params: Mapping[str, object], settings: Settings, path: Sequence[str] = ()
) -> Call[_R]:
    """Check the arguments of a method and return its call.

    Args:
        operation: The endpoint.
        params: The keyword arguments, options included.
        settings: The settings of the client.
        path: The arguments for the path, such as an id.

    Raises:
        TypeError: The method has no such argument.
        RequestValidationError: An argument that the API would refuse, or an option that cannot work.
    """
    unread: list[object] = []
    params = plain_arguments(params, unread)
    options = {k: v for k, v in params.items() if k in OPTIONS}
    given = {k: v for k, v in params.items() if k not in OPTIONS}
    named = _with_items(operation, given, is_exact=not settings.validate_requests)
    if changes := {k: v for k, v in options.items() if k in _SETTINGS}:
        settings = settings.for_call(changes)
    is_unchecked = _skips_validation(operation, named)
    model = None if is_unchecked else operation.request_model()
    if not is_unchecked:
        _refuse_unknown(operation, model, named)
    extra = check_argument("extra_body", check_mapping, options.get("extra_body"))
    arguments: dict[str, object] = {**named, **extra}
    as_given: dict[str, object] = {**given, **extra}
    if settings.validate_requests:
        if model is not None:
            # A field of `extra_body` replaces the argument of its name, which then needs no check.
            validate(model, {k: v for k, v in named.items() if k not in extra}, given, unread)
        _refuse_contradictions(operation, as_given)
        arguments |= _implied_arguments(operation, arguments)
    body = {k: v for k, v in arguments.items() if k in extra or k not in operation.query}
    # A POST whose fields are all left out has an empty object as its body.
    has_body = bool(body) or (operation.request is not None and operation.method == "POST")
    stream = bool(arguments.get("stream"))
    query = {k: v for k, v in arguments.items() if k not in body}
    # Not in variables of their own, which the frame of an error would keep: headers, query and body may hold secrets.
    request = WireRequest(
        operation.method,
        settings.base_url + _fill_path(operation.path, path) + _query(settings, options, query),
        _headers(settings, options, stream, operation, has_body),
        b"",
        timeouts_of(settings, stream=stream),
    )
    if operation.files and _has_file(operation, body):
        from .uploads import with_form

        request = with_form(request, operation, body, is_checked=settings.validate_requests)
    elif has_body:
        request = request._replace(content=encode(body, as_given, is_exact=not settings.validate_requests))
    if model is not None:  # last, so that a refused request causes no warning as well
        warn_of_typos(operation.label, model, named)
        if settings.validate_requests:
            _warn_of_foreign_forms(operation, given)
    # A header of None counts, too: local servers need no key, and some refuse one.
    needs_key = not any(name.lower() in ("authorization", "api-key") for name in request.headers)
    return Call(operation, request, needs_key, settings, params, path)


def _with_items(
    operation: Operation[_R], given: Mapping[str, object], *, is_exact: bool
) -> Mapping[str, object]:
    """Return the arguments with items in place of the strings and content parts in an input.

    Unless they have to be sent exactly, models among the items get the fields that the API requires.
    """
    value = given.get(operation.items or "")
    if isinstance(value, str) and operation.items == "items":
        # This argument takes lists alone, but to type checkers a string is a sequence of strings.
        value = [value]
    if not is_sequence(value):
        return given
    from .input_items import as_items
    from .required_fields import completed

    items = as_items(value)
    return {**given, str(operation.items): items if is_exact else completed(items)}


def _implied_arguments(operation: Operation[_R], arguments: Mapping[str, object]) -> Mapping[str, object]:
    """Return the arguments that others imply: without storage, reasoning must come sealed, or it could not be sent back.

    Only if `reasoning` is given: models that do not reason refuse to seal anything.
    """
    is_forgotten = operation.name in _CREATES and arguments.get("store") is False
    if is_forgotten and arguments.get("reasoning") is not None and "include" not in arguments:
        return {"include": [SEALED_REASONING]}
    return {}


def _skips_validation(operation: Operation[_R], named: Mapping[str, object]) -> bool:
    """Whether all arguments are of kinds that need no check; see `Operation`."""
    types = operation.unconstrained
    return types is not None and all(types.get(name) is type(value) for name, value in named.items())


def _fill_path(template: str, values: Sequence[object]) -> str:
    """Return a path with its arguments, encoded so that each stays one segment.

    Raises:
        RequestValidationError: An argument cannot be an id.
    """
    names = re.findall(_PLACEHOLDER, template)
    for name, value in zip(names, values, strict=True):
        if not isinstance(value, str):
            advice = "; pass its .id" if isinstance(getattr(value, "id", None), str) else ""
            message = f"expected an id, a string, got {type(value).__name__}{advice}"
            raise RequestValidationError([field_error(name, "an id, a string", value, message=message)])
        if problem := _id_problem(value):
            message = f"{problem}; pass an id as the API gave it"
            raise RequestValidationError([field_error(name, "an id", value, message=message)])
        template = template.replace(f"{{{name}}}", quote(value, safe=""))
    return template


def _id_problem(value: str) -> str | None:
    """Return the reason why a string cannot be an id in a path; None if it can.

    An empty id would name another endpoint, and so would "." and "..", which clients and gateways resolve (RFC 3986,
    5.2.4). Some gateways also resolve an encoded slash.
    """
    if not value.strip():
        return "is blank"
    shown = repr(one_line(value, MAX_VALUE_CHARS))
    if value in (".", ".."):
        return f"{shown} is a step in a path, not an id"
    if "/" in value:
        return f"{shown} is a path or an address, not an id"
    # The last are halves of surrogate pairs, which UTF-8 cannot encode.
    if re.search("[\\s\x00-\x1f\x7f\ud800-\udfff]", value):
        return f"{shown} contains white space or another character that no id has"
    return None


def _refuse_unknown(operation: Operation[_R], model: type[Model] | None, named: Mapping[str, object]) -> None:
    known = {} if model is None else model.__pydantic_fields__
    for name in named:
        if name not in known:
            raise unknown_argument(operation.label, name, [*known, *operation.own_arguments, *OPTIONS])


def validate(
    model: type[Model],
    named: Mapping[str, object],
    given: Mapping[str, object] | None = None,
    unread: Sequence[object] = (),
) -> None:
    """Check the arguments of a request by its class.

    Args:
        model: The class.
        named: The arguments as they will be sent.
        given: The arguments as they were given, in which errors name the place of a mistake.
        unread: The iterators and views in them, which are refused.

    Raises:
        RequestValidationError: The API would refuse one.
    """
    from pydantic import ValidationError

    from ..models._base import error_lines, strict_validation

    lines: list[ErrorDetails] = []
    try:
        with strict_validation():
            model.__pydantic_validator__.validate_python(named)
    except ValidationError as error:
        lines = error_lines(error)
    if lines or unread:
        from .mistakes import as_field_errors

        as_given = {k: v for k, v in (given or named).items() if k in named}
        if mistakes := as_field_errors(lines, as_given, has_unread=bool(unread)):
            raise RequestValidationError(mistakes)


def _refuse_contradictions(operation: Operation[_R], body: Mapping[str, object]) -> None:
    if mistakes := list(_cross_field_mistakes(operation.name, body)):
        raise RequestValidationError(mistakes)


def _cross_field_mistakes(operation: str, body: Mapping[str, object]) -> Iterable[FieldError]:
    """Yield the mistakes that no single field shows, by OpenAI's reference page of `POST /responses`."""
    is_event = operation.startswith("session.")  # for a WebSocket, where all responses are streams
    if (
        operation == "responses.retrieve"
        and body.get("starting_after") is not None
        and not body.get("stream")
    ):
        message = "needs stream=True"
        yield field_error("starting_after", "stream=True", body.get("stream"), message=message)
    if body.get("previous_response_id") is not None and body.get("conversation") is not None:
        message = "cannot be combined with conversation; pass one of the two"
        yield field_error("previous_response_id", "no conversation", body["conversation"], message=message)
    if body.get("stream_options") is not None and not body.get("stream") and not is_event:
        message = "needs stream=True"
        yield field_error("stream_options", "stream=True", body.get("stream"), message=message)
    if body.get("background_options") is not None and not body.get("background") and not is_event:
        message = "needs background=True"
        yield field_error("background_options", "background=True", body.get("background"), message=message)
    if is_event:
        yield from _event_mistakes(body)
    if operation == "containers.files.create" and (body.get("file") is None) == (body.get("file_id") is None):
        message = "pass either file or file_id"
        yield field_error("file", "a file, or a file_id", body.get("file"), message=message)
    for name in ("input", "items"):
        if is_sequence(items := body.get(name)):
            from .required_fields import missing_fields

            yield from missing_fields(name, items)


def _event_mistakes(body: Mapping[str, object]) -> Iterable[FieldError]:
    """Yield the mistakes that only an event for a WebSocket can have."""
    for name in ("stream", "background", "background_options"):
        if body.get(name) is not None:
            message = "does not exist over a WebSocket, where every response is a stream; leave it out"
            yield field_error(name, "nothing", body[name], message=message)
    given = body.get("input") if body.get("type") == "response.steer" else None
    if is_sequence(given):
        from ..models._base import fields_of

        for number, item in enumerate(given):
            role = fields_of(item).get("role")
            if role is not None and role != "user":
                yield field_error(("input", number, "role"), "'user'", role)


def encode(body: object, given: Mapping[str, object] | None = None, *, is_exact: bool = False) -> bytes:
    """Return the body of a request as JSON.

    Args:
        body: The fields, or any other JSON data.
        given: The fields as they were given, in which errors name the place of a mistake.
        is_exact: Whether models in it keep the fields that only servers set.

    Raises:
        RequestValidationError: Something in it cannot be written as JSON.
    """
    from ..models._tolerance import omit_read_only, write_json

    try:
        with omit_read_only(not is_exact):
            content = write_json(body)
    except ValueError as error:
        mistake = _find_unwritable(given or body, ())
        raise RequestValidationError([mistake] if mistake else [_not_json((), body, str(error))]) from None
    # pydantic writes NaN and Infinity, which are not JSON (RFC 8259, 6). The words may also be in a string, so that
    # this is only a hint to look.
    if (b"NaN" in content or b"Infinity" in content) and (mistake := _find_unwritable(given or body, ())):
        del content  # which the frame of the error would keep
        raise RequestValidationError([mistake])
    return content


def _find_unwritable(value: object, path: tuple[str | int, ...]) -> FieldError | None:
    """Return the first mistake that keeps a value from being written as JSON; None if there is none."""
    from ..models import Model
    from ..models._tolerance import write_json

    if len(path) > MAX_DEPTH:
        return _not_json(path[:1], value, "it is nested too deep, or in itself")
    if isinstance(value, Model):
        value = value.__dict__ | (value.__pydantic_extra__ or {})
    items: Iterable[tuple[str | int, object]] = ()
    if is_mapping(value):
        items = value.items()
    elif is_sequence(value):
        items = enumerate(value)
    elif isinstance(value, float) and not math.isfinite(value):
        return _not_json(path, value, "JSON has no such number")
    else:
        try:
            write_json(value)
        except ValueError as error:
            return _not_json(path, value, str(error))
    found = (_find_unwritable(item, (*path, key)) for key, item in items)
    return next(filter(None, found), None)


def _not_json(path: tuple[str | int, ...], value: object, reason: str) -> FieldError:
    return field_error(path, "JSON data", value, message=f"cannot be written as JSON ({reason})")


def _warn_of_foreign_forms(operation: Operation[_R], given: Mapping[str, object]) -> None:
    """Log items and parts that other APIs have in place of those of this one. Some servers take both."""
    if is_sequence(items := given.get(operation.items or "")):
        from .chat_forms import warn_of_foreign_forms

        warn_of_foreign_forms(operation.label, str(operation.items), items)


def _query(settings: Settings, options: Mapping[str, object], named: Mapping[str, object]) -> str:
    if not (settings.default_query or named or options.get("extra_query") is not None):
        return ""
    from .query import query_of  # here, because most first calls have none

    return query_of(settings, options, named)


def _has_file(operation: Operation[Any], body: Mapping[str, object]) -> bool:
    from .uploads import FileUpload

    return any(isinstance(body.get(name), FileUpload) for name in operation.files)


def _headers(
    settings: Settings,
    options: Mapping[str, object],
    stream: bool,
    operation: Operation[Any],
    has_body: bool,
) -> dict[str, str | None]:
    ours: dict[str, str | None] = {
        "Accept": "text/event-stream" if stream else operation.accept,
        # Of a stream, a compressor would hold events back until it has a block of them.
        "Accept-Encoding": "identity" if stream else ACCEPT_ENCODING,
        "User-Agent": _USER_AGENT,
    }
    if has_body:
        ours["Content-Type"] = "application/json"
    if operation.method != "GET":
        # The same for each attempt: a server that knows the header does the work, and bills it, once.
        ours["Idempotency-Key"] = f"rc-{urandom(16).hex()}"
    if settings.organization is not None:
        ours["OpenAI-Organization"] = settings.organization
    if settings.project is not None:
        ours["OpenAI-Project"] = settings.project
    key = check_argument("idempotency_key", check_header_value, options.get("idempotency_key"))
    extra = check_argument("extra_headers", check_headers, options.get("extra_headers"))
    named = None if key is None else {"Idempotency-Key": key}
    return merge_headers(ours, settings.default_headers, extra, named)


def timeouts_of(settings: Settings, *, stream: bool = False) -> Timeouts:
    """Return the time limits of the waits of a call."""
    value = settings.timeout
    if value is None:
        timeouts = Timeouts(settings.connect_timeout, None, None, None)
    elif isinstance(value, (int, float)):
        timeouts = Timeouts(min(settings.connect_timeout, value), value, value, value)
    else:
        timeouts = Timeouts(value.connect, value.read, value.write, value.pool)
    # Only httpx's own timeout ends a sync read; `_streaming/http_source.py` says in the error that it was this one.
    idle = settings.idle_timeout if stream else None
    if idle is not None:
        timeouts = timeouts._replace(read=idle if timeouts.read is None else min(timeouts.read, idle))
    return timeouts


def is_observed(call: Call[Any]) -> bool:
    """Whether a call has observers: a hook, telemetry, or the log of bodies.

    It stands here, and not with the observers, so that a call without any does not load them.
    """
    return call.settings.is_observed or logs_bodies()


def logs_bodies() -> bool:
    """Whether bodies are logged: only if the level of their own logger is set to DEBUG.

    The level that it inherits does not count: an application that logs everything at DEBUG has not asked for prompts.
    """
    return 0 < bodies.level <= logging.DEBUG and bodies.isEnabledFor(logging.DEBUG)
