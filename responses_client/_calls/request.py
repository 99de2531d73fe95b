"""The checked request of a call: from keyword arguments to bytes; no I/O."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from os import urandom
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, get_args
from urllib.parse import quote, urlencode

from .._base.field_errors import FieldError, field_error, field_path, missing_field
from .._base.http import merge_headers
from .._base.json_types import is_mapping, is_object, is_sequence
from .._base.options import RequestOptions
from .._base.redaction import secret_values
from .._base.validation import (
    check_argument,
    check_header_value,
    check_headers,
    check_mapping,
    check_query,
    unknown_argument,
)
from .._transport.protocols import Timeouts, WireRequest
from .._version import __version__
from ..errors import RequestValidationError
from .operation import Operation
from .plain_data import plain_arguments
from .settings import Settings

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from ..models import Model

__all__ = ["SEALED_REASONING", "Call", "encode", "is_observed", "logs_bodies", "prepare", "validate"]

_R = TypeVar("_R", bound="Model")
logger = logging.getLogger("responses_client")
bodies = logging.getLogger("responses_client.bodies")

_OPTIONS = frozenset(RequestOptions.__annotations__)
_SETTINGS = ("timeout", "deadline", "max_retries")  # the options that stand for settings of the client
_USER_AGENT = f"responses-client/{__version__}"
_PLACEHOLDER = r"\{(\w+)\}"
_CREATES = ("responses.create", "session.create")
SEALED_REASONING = "reasoning.encrypted_content"
"""The value of `include` that asks for reasoning in a form that can be sent back; OpenAI encrypts ("seals") it."""
_MAX_DEPTH = 250  # pydantic-core writes no deeper
# The similarity (of `difflib`) from which an unknown key counts as a misspelling of a known one, and not as a new field.
_MIN_SIMILARITY = 0.8


class Call(NamedTuple, Generic[_R]):
    """A checked request, and all that is decided about it before it is sent.

    Attributes:
        operation: The endpoint.
        request: The request, unsigned.
        needs_key: Whether it is signed with the key of the client; not if the user sets that header.
        settings: The settings of the client, with the options of the call.
        params: The arguments of the call, options included.
        path: The arguments for the path.
    """

    operation: Operation[_R]
    request: WireRequest
    needs_key: bool
    settings: Settings
    params: Mapping[str, object]
    path: Sequence[str]

    def __repr__(self) -> str:
        """Show no secret, which headers among the arguments may be."""
        return f"<{self.operation.name}: {self.request!r}>"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The key and the values of secret headers, which must not be shown."""
        key = self.settings.api_key
        words = secret_values(self.request.headers)
        words.discard(self.request.headers.get("Idempotency-Key") or "")
        return (*words, key) if isinstance(key, str) else tuple(words)


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
    params = plain_arguments(params)
    options = {k: v for k, v in params.items() if k in _OPTIONS}
    named = {k: v for k, v in params.items() if k not in _OPTIONS}
    if operation.items in named:
        named[operation.items] = _with_messages(named[operation.items])
    if changes := {k: v for k, v in options.items() if k in _SETTINGS}:
        settings = settings.for_call(changes)
    is_unchecked = _skips_validation(operation, named)
    model = None if is_unchecked else operation.request_model()
    if not is_unchecked:
        _refuse_unknown(operation, model, named)
    extra = check_argument("extra_body", check_mapping, options.get("extra_body"))
    arguments = named | extra
    if settings.validate_requests:
        if model is not None:
            # A field of `extra_body` replaces the argument of its name, which then needs no check.
            validate(model, {k: v for k, v in named.items() if k not in extra})
        _refuse_contradictions(operation, arguments)
        arguments |= _implied_arguments(operation, arguments)
    body = {k: v for k, v in arguments.items() if k in extra or k not in operation.query}
    # A POST whose fields are all left out has an empty object as its body.
    has_body = bool(body) or (operation.request is not None and operation.method == "POST")
    content = encode(body, is_exact=not settings.validate_requests) if has_body else b""
    if model is not None:  # last, so that what is refused is not warned of as well
        _warn_of_typos(operation, model, named)
    stream = bool(arguments.get("stream"))
    query = {k: v for k, v in arguments.items() if k not in body}
    url = settings.base_url + _fill_path(operation.path, path) + _query(settings, options, query)
    headers = _headers(settings, options, stream, operation.method, has_body)
    # Also if the header is None: local servers need no key, and some refuse one.
    needs_key = not any(name.lower() in ("authorization", "api-key") for name in headers)
    request = WireRequest(operation.method, url, headers, content, _timeouts(settings, stream))
    return Call(operation, request, needs_key, settings, params, path)


def _with_messages(given: object) -> object:
    """Return a list of input items with a message of the user in place of each string."""
    if not is_sequence(given) or not any(isinstance(item, str) for item in given):
        return given
    return [{"role": "user", "content": item} if isinstance(item, str) else item for item in given]


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


def _fill_path(template: str, values: Sequence[str]) -> str:
    """Return a path with its arguments, encoded so that each stays one segment.

    An empty id would name another endpoint, and so would "." and "..", which clients and gateways resolve (RFC 3986,
    5.2.4).

    Raises:
        RequestValidationError: An argument cannot be an id.
    """
    names = re.findall(_PLACEHOLDER, template)
    for name, value in zip(names, values, strict=True):
        if not _can_be_id(value):
            raise RequestValidationError([field_error(name, "an id, a string that is not blank", value)])
        template = template.replace(f"{{{name}}}", quote(value, safe=""))
    return template


def _can_be_id(value: object) -> bool:
    if not isinstance(value, str) or not value.strip() or value in (".", ".."):
        return False
    return not re.search("[\ud800-\udfff]", value)  # half of a surrogate pair, which UTF-8 cannot encode


def _refuse_unknown(operation: Operation[_R], model: type[Model] | None, named: Mapping[str, object]) -> None:
    known = {} if model is None else model.model_fields
    for name in named:
        if name not in known:
            error = unknown_argument(operation.name, name, [*known, *_OPTIONS])
            raise TypeError(f"{error} (extra_body takes fields that this version does not know)")


def validate(model: type[Model], named: Mapping[str, object]) -> None:
    """Check the arguments of a request by its class.

    Raises:
        RequestValidationError: The API would refuse one.
    """
    from pydantic import ValidationError

    from ..models._base import error_lines, strict_validation

    try:
        with strict_validation():
            model.__pydantic_validator__.validate_python(named)
    except ValidationError as error:
        raise RequestValidationError([_as_field_error(line) for line in error_lines(error)]) from None


def _refuse_contradictions(operation: Operation[_R], body: Mapping[str, object]) -> None:
    if mistakes := list(_cross_field_mistakes(operation.name, body)):
        raise RequestValidationError(mistakes)


def _cross_field_mistakes(name: str, body: Mapping[str, object]) -> Iterable[FieldError]:
    """Yield the mistakes that no single field shows, by OpenAI's reference page of `POST /responses`."""
    is_event = name.startswith("session.")  # for a WebSocket, where all responses are streams
    if name in _CREATES and body.get("model") is body.get("prompt") is None:
        yield missing_field("model", "the name of a model, or a prompt that has one")
    if name == "responses.retrieve" and body.get("starting_after") is not None and not body.get("stream"):
        message = "needs stream=True"
        yield field_error("starting_after", "stream=True", body.get("stream"), message=message)
    if body.get("previous_response_id") is not None and body.get("conversation") is not None:
        message = "cannot be combined with conversation; pass one of the two"
        yield field_error("previous_response_id", "no conversation", body["conversation"], message=message)
    if body.get("stream_options") is not None and not body.get("stream") and not is_event:
        message = "needs stream=True"
        yield field_error("stream_options", "stream=True", body.get("stream"), message=message)
    if is_event:
        yield from _event_mistakes(body)


def _event_mistakes(body: Mapping[str, object]) -> Iterable[FieldError]:
    """Yield the mistakes that only an event for a WebSocket can have."""
    for name in ("stream", "background", "background_options"):
        if body.get(name) is not None:
            message = "does not exist over a WebSocket, where every response is a stream; leave it out"
            yield field_error(name, "nothing", body[name], message=message)
    given = body.get("input") if body.get("type") == "response.steer" else None
    if is_sequence(given):
        if not given:
            yield field_error("input", "at least one message", given, message="needs at least one message")
        for number, item in enumerate(given):
            role = _fields_of(item).get("role")
            if role is not None and role != "user":
                yield field_error(("input", number, "role"), "'user'", role)


def _fields_of(item: object) -> Mapping[str, object]:
    """Return the fields of an item that is a dict or a model."""
    return item if is_mapping(item) else vars(item)


def _as_field_error(line: ErrorDetails) -> FieldError:
    """Return an error of pydantic in the words of this package."""
    path = field_path(line["loc"])
    expected = line["msg"].removeprefix("Input should be ").removeprefix("Input should ")
    expected = expected.replace("String should have", "a string with")
    if line["type"] == "too_long":
        expected = f"at most {line.get('ctx', {}).get('max_length')} entries"
    if expected.startswith(("greater", "less")):
        expected = f"a number {expected}"
    if line["type"] == "missing":
        return missing_field(path, "a value")
    return field_error(path, expected, line["input"])


def encode(body: Mapping[str, object], *, is_exact: bool = False) -> bytes:
    """Return the body of a request as JSON.

    Args:
        body: The fields.
        is_exact: Whether models in it keep the fields that only servers set.

    Raises:
        RequestValidationError: Something in it cannot be written as JSON.
    """
    from ..models._tolerance import omit_read_only, write_json

    try:
        with omit_read_only(not is_exact):
            content = write_json(body)
    except ValueError as error:
        mistake = _find_unwritable(body, ())
        raise RequestValidationError([mistake] if mistake else [_not_json((), body, str(error))]) from None
    # pydantic writes NaN and Infinity, which are not JSON (RFC 8259, 6). The words may also be in a string, so that
    # this is only a hint to look.
    if (b"NaN" in content or b"Infinity" in content) and (mistake := _find_unwritable(body, ())):
        raise RequestValidationError([mistake])
    return content


def _find_unwritable(value: object, path: tuple[str | int, ...]) -> FieldError | None:
    """Return the first mistake that keeps a value from being written as JSON; None if there is none."""
    from ..models import Model
    from ..models._tolerance import write_json

    if len(path) > _MAX_DEPTH:
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


def _warn_of_typos(operation: Operation[_R], model: type[Model], named: Mapping[str, object]) -> None:
    """Log probable misspellings inside of arguments. They are sent all the same, because they may be new fields."""
    if typos := list(_typos(model, named)):
        logger.warning("%s: sent as given, but probably mistyped: %s", operation.name, "; ".join(typos))


def _typos(model: type[Model], data: Mapping[str, object], path: tuple[str, ...] = ()) -> Iterator[str]:
    for name, value in data.items():
        if not is_object(value) or (nested := _nested_model(model, name)) is None:
            continue
        for key in value:
            if key not in nested.model_fields and (near := _nearest(key, nested, value)):
                yield f"{field_path((*path, name, key))} (did you mean {near!r}?)"
        yield from _typos(nested, value, (*path, name))


def _nearest(key: object, model: type[Model], fields: Mapping[str, object]) -> str | None:
    # Here, because the module is needed only for mistakes.
    import difflib

    known = [name for name in model.model_fields if name not in fields]
    return next(iter(difflib.get_close_matches(str(key), known, 1, _MIN_SIMILARITY)), None)


@cache
def _nested_model(model: type[Model], name: str) -> type[Model] | None:
    """Return the class of a field whose value is one object; None for other fields."""
    field = model.model_fields.get(name)
    return None if field is None else _find_class(field.annotation)


def _find_class(annotation: Any) -> type[Model] | None:
    from .. import models

    if isinstance(annotation, type):
        # By its name, because a `Reference` may stand in the annotation for a class of another module.
        found = getattr(models, annotation.__name__, None)
        return found if isinstance(found, type) and issubclass(found, models.Model) else None
    return next(filter(None, map(_find_class, get_args(annotation))), None)


def _query(settings: Settings, options: Mapping[str, object], named: Mapping[str, object]) -> str:
    extra = check_argument("extra_query", check_query, options.get("extra_query"))
    # The official package writes lists in this way, and some servers know no other.
    ours = {name + "[]" * isinstance(value, (list, tuple)): value for name, value in named.items()}
    given: dict[str, object] = {**settings.default_query, **ours, **extra}
    pairs = {k: _query_value(v) for k, v in given.items() if v is not None}
    return f"?{urlencode(pairs, doseq=True)}" if pairs else ""


def _query_value(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_sequence(value):
        return [_query_value(part) for part in value]
    return value


def _headers(
    settings: Settings, options: Mapping[str, object], stream: bool, method: str, has_body: bool
) -> dict[str, str | None]:
    ours: dict[str, str | None] = {
        "Accept": "text/event-stream" if stream else "application/json",
        "User-Agent": _USER_AGENT,
    }
    if has_body:
        ours["Content-Type"] = "application/json"
    if method != "GET":
        # The same for each attempt: a server that knows the header does the work, and bills it, once.
        ours["Idempotency-Key"] = f"rc-{urandom(16).hex()}"
    if settings.organization is not None:
        ours["OpenAI-Organization"] = settings.organization
    if settings.project is not None:
        ours["OpenAI-Project"] = settings.project
    if stream:
        ours["Accept-Encoding"] = (
            "identity"  # a compressor would hold events back until it has a block of them
        )
    extra = check_argument("extra_headers", check_headers, options.get("extra_headers"))
    key = check_argument("idempotency_key", check_header_value, options.get("idempotency_key"))
    named = None if key is None else {"Idempotency-Key": key}
    return merge_headers(ours, settings.default_headers, extra, named)


def _timeouts(settings: Settings, stream: bool) -> Timeouts:
    value = settings.timeout
    if value is None:
        timeouts = Timeouts(settings.connect_timeout, None, None, None)
    elif isinstance(value, (int, float)):
        timeouts = Timeouts(min(settings.connect_timeout, value), value, value, value)
    else:
        timeouts = Timeouts(value.connect, value.read, value.write, value.pool)
    # A sync read can be ended by nothing but the timeout of httpx. `_streaming/http_source.py` then says in the error
    # that it was the idle timeout.
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
