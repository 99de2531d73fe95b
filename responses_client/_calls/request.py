"""Keyword arguments in, a checked request as bytes out; without I/O."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from os import urandom
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, cast, get_args
from urllib.parse import quote, urlencode

from .._base.field_errors import FieldError, field_error, field_path, missing_field
from .._base.http import merge_headers
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
from .settings import Settings

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from ..models import Model

__all__ = ["SEALED_REASONING", "Call", "encode", "prepare", "validate"]

_R = TypeVar("_R", bound="Model")
logger = logging.getLogger("responses_client")

_OPTIONS = frozenset(RequestOptions.__annotations__)
_SETTINGS = ("timeout", "deadline", "max_retries")
_USER_AGENT = f"responses-client/{__version__}"
_PLACEHOLDER = r"\{(\w+)\}"
_CREATES = ("responses.create", "session.create")
SEALED_REASONING = "reasoning.encrypted_content"
"""What `include` has to ask for, so that reasoning comes in a form that can be sent back."""
_DEEPEST = 250  # beyond, pydantic refuses to write
# How near an unknown key must be to a known one to be taken for a typing mistake, and not for a new field.
_NEARNESS = 0.8


class Call(NamedTuple, Generic[_R]):
    """A checked request with all that is decided about it before it is sent.

    `params` and `path` are the arguments that it was made of, options included.
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
        """What no text may show: the key and the values of secret headers."""
        key = self.settings.api_key
        words = secret_values(self.request.headers)
        words.discard(self.request.headers.get("Idempotency-Key") or "")
        return (*words, key) if isinstance(key, str) else tuple(words)


def prepare(
    operation: Operation[_R], params: Mapping[str, object], settings: Settings, path: Sequence[str] = ()
) -> Call[_R]:
    """Check the arguments of a method, those for its path apart, and turn them into a request.

    Raises:
        TypeError: An argument that the method does not take.
        RequestValidationError: An argument that the API would refuse, or an option that cannot work.
    """
    options = cast("RequestOptions", {k: v for k, v in params.items() if k in _OPTIONS})
    named = {k: v for k, v in params.items() if k not in _OPTIONS}
    if operation.items in named:
        named[operation.items] = _with_messages(named[operation.items])
    if changes := {k: v for k, v in options.items() if k in _SETTINGS}:
        settings = settings.for_call(changes)
    is_plain = _is_plain(operation, named)
    model = None if is_plain else operation.request_model()
    if not is_plain:
        _refuse_unknown(operation, model, named)
    extra = check_argument("extra_body", check_mapping, options.get("extra_body"))
    arguments = named | extra
    if settings.validate_requests:
        if model is not None:
            validate(model, {k: v for k, v in named.items() if k not in extra})
        _refuse_contradictions(operation, arguments)
        arguments |= _implied(operation, arguments)
    body = {k: v for k, v in arguments.items() if k in extra or k not in operation.query}
    has_body = bool(body) or (operation.request is not None and operation.method == "POST")
    content = encode(body, is_exact=not settings.validate_requests) if has_body else b""
    if model is not None:
        _warn_of_typos(operation, model, named)
    stream = bool(arguments.get("stream"))
    query = {k: v for k, v in arguments.items() if k not in body}
    url = settings.base_url + _filled(operation.path, path) + _query(settings, options, query)
    headers = _headers(settings, options, stream, operation.method, has_body)
    # A header set to None says that there shall be none, as for local servers.
    needs_key = not any(name.lower() in ("authorization", "api-key") for name in headers)
    request = WireRequest(operation.method, url, headers, content, _timeouts(settings, stream))
    return Call(operation, request, needs_key, settings, params, path)


def _with_messages(given: object) -> object:
    """Make a message of the user of each text in a list of input items."""
    if not isinstance(given, (list, tuple)):
        return given
    items = cast("Sequence[object]", given)
    if not any(isinstance(item, str) for item in items):
        return items
    return [{"role": "user", "content": item} if isinstance(item, str) else item for item in items]


def _implied(operation: Operation[_R], arguments: Mapping[str, object]) -> Mapping[str, object]:
    """Have reasoning sealed where the server forgets it, as it could not be sent back otherwise.

    Models that do not reason refuse to seal anything, so this is only done where reasoning is configured.
    """
    is_forgotten = operation.name in _CREATES and arguments.get("store") is False
    if is_forgotten and arguments.get("reasoning") is not None and "include" not in arguments:
        return {"include": [SEALED_REASONING]}
    return {}


def _is_plain(operation: Operation[_R], named: Mapping[str, object]) -> bool:
    plain = operation.plain
    return plain is not None and all(plain.get(name) is type(value) for name, value in named.items())


def _filled(template: str, values: Sequence[str]) -> str:
    """Put the arguments into a path, encoded so that each stays one segment.

    An id that is empty would name another endpoint, and so would one of dots, which clients and gateways resolve.
    """
    names = re.findall(_PLACEHOLDER, template)
    for name, value in zip(names, values, strict=True):
        if not _can_be_id(value):
            raise RequestValidationError(
                [field_error(name, "the id of something, a string that is not blank", value)]
            )
        template = template.replace(f"{{{name}}}", quote(value, safe=""))
    return template


def _can_be_id(value: object) -> bool:
    if not isinstance(value, str) or not value.strip() or value in (".", ".."):
        return False
    return not re.search("[\ud800-\udfff]", value)  # half a character, which no URL can hold


def _refuse_unknown(operation: Operation[_R], model: type[Model] | None, named: Mapping[str, object]) -> None:
    known = {} if model is None else model.model_fields
    for name in named:
        if name not in known:
            error = unknown_argument(operation.name, name, [*known, *_OPTIONS])
            raise TypeError(f"{error} (extra_body takes fields that are not known here)")


def validate(model: type[Model], named: Mapping[str, object]) -> None:
    """Check the fields of a request by its class.

    Raises:
        RequestValidationError: The API would refuse one.
    """
    from pydantic import ValidationError

    from ..models._base import error_lines, strict_validation

    try:
        with strict_validation():
            model.__pydantic_validator__.validate_python(named)
    except ValidationError as error:
        raise RequestValidationError([_mistake(line) for line in error_lines(error)]) from None


def _refuse_contradictions(operation: Operation[_R], body: Mapping[str, object]) -> None:
    if mistakes := list(_contradictions(operation.name, body)):
        raise RequestValidationError(mistakes)


def _contradictions(name: str, body: Mapping[str, object]) -> Iterable[FieldError]:
    """Yield what no single field shows, as the reference page of `POST /responses` has it."""
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
    """Yield what is a mistake only in an event for a WebSocket."""
    for name in ("stream", "background", "background_options"):
        if body.get(name) is not None:
            message = "does not exist over a WebSocket, where every response is a stream; leave it out"
            yield field_error(name, "nothing", body[name], message=message)
    given = body.get("input") if body.get("type") == "response.steer" else None
    if isinstance(given, (list, tuple)):
        items = cast("Sequence[object]", given)
        if not items:
            yield field_error("input", "at least one message", items, message="needs at least one message")
        for number, item in enumerate(items):
            fields = cast("Mapping[str, object]", item) if isinstance(item, Mapping) else vars(item)
            role = fields.get("role")
            if role is not None and role != "user":
                yield field_error(("input", number, "role"), "'user'", role)


def _mistake(line: ErrorDetails) -> FieldError:
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
    """Write the body of a request: models without what only servers set, or, if exact, as they came.

    Raises:
        RequestValidationError: Something in it is no JSON data.
    """
    from ..models._tolerance import omit_read_only, write_json

    try:
        with omit_read_only(not is_exact):
            content = write_json(body)
    except ValueError as error:
        mistake = _unwritable(body, ())
        raise RequestValidationError([mistake] if mistake else [_no_json((), body, str(error))]) from None
    # Python's own JSON has names for numbers that JSON has not; a text may hold them, too.
    if (b"NaN" in content or b"Infinity" in content) and (mistake := _unwritable(body, ())):
        raise RequestValidationError([mistake])
    return content


def _unwritable(value: object, path: tuple[str | int, ...]) -> FieldError | None:
    """Find what cannot be written as JSON."""
    from ..models import Model
    from ..models._tolerance import write_json

    if len(path) > _DEEPEST:
        return _no_json(path[:1], value, "it is nested too deep, or in itself")
    if isinstance(value, Model):
        value = value.__dict__ | (value.__pydantic_extra__ or {})
    items: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, Mapping):
        items = cast("Mapping[str | int, object]", value).items()
    elif isinstance(value, (list, tuple)):
        items = enumerate(cast("list[object]", value))
    elif isinstance(value, float) and not math.isfinite(value):
        return _no_json(path, value, "JSON has no such number")
    else:
        try:
            write_json(value)
        except ValueError as error:
            return _no_json(path, value, str(error))
    found = (_unwritable(item, (*path, key)) for key, item in items)
    return next(filter(None, found), None)


def _no_json(path: tuple[str | int, ...], value: object, reason: str) -> FieldError:
    return field_error(path, "JSON data", value, message=f"cannot be written as JSON ({reason})")


def _warn_of_typos(operation: Operation[_R], model: type[Model], named: Mapping[str, object]) -> None:
    """Log what is probably mistyped inside of arguments: unknown fields are sent, since they may be new."""
    if typos := list(_typos(model, named)):
        logger.warning("%s: sent as given, but probably mistyped: %s", operation.name, "; ".join(typos))


def _typos(model: type[Model], data: Mapping[str, object], path: tuple[str, ...] = ()) -> Iterator[str]:
    for name, value in data.items():
        nested = _nested_model(model, name) if isinstance(value, dict) else None
        if nested is None:
            continue
        fields = cast("dict[str, object]", value)
        for key in fields:
            if key not in nested.model_fields and (near := _nearest(key, nested, fields)):
                yield f"{field_path((*path, name, key))} (did you mean {near!r}?)"
        yield from _typos(nested, fields, (*path, name))


def _nearest(key: object, model: type[Model], fields: Mapping[str, object]) -> str | None:
    # Imported here because only a mistake needs it.
    import difflib

    known = [name for name in model.model_fields if name not in fields]
    return next(iter(difflib.get_close_matches(str(key), known, 1, _NEARNESS)), None)


@cache
def _nested_model(model: type[Model], name: str) -> type[Model] | None:
    """Return the class of a field that holds one object; None for other fields."""
    field = model.model_fields.get(name)
    return None if field is None else _class_in(field.annotation)


def _class_in(annotation: Any) -> type[Model] | None:
    from .. import models

    if isinstance(annotation, type):
        # By name, since a class of another module may have a stand-in.
        found = getattr(models, annotation.__name__, None)
        return found if isinstance(found, type) and issubclass(found, models.Model) else None
    return next(filter(None, map(_class_in, get_args(annotation))), None)


def _query(settings: Settings, options: RequestOptions, named: Mapping[str, object]) -> str:
    extra = check_argument("extra_query", check_query, options.get("extra_query"))
    # Servers that have only seen the official package know lists by this name.
    ours = {name + "[]" * isinstance(value, (list, tuple)): value for name, value in named.items()}
    given: dict[str, object] = {**settings.default_query, **ours, **extra}
    pairs = {k: _query_text(v) for k, v in given.items() if v is not None}
    return f"?{urlencode(pairs, doseq=True)}" if pairs else ""


def _query_text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return [_query_text(part) for part in cast("list[object]", value)]
    return value


def _headers(
    settings: Settings, options: RequestOptions, stream: bool, method: str, has_body: bool
) -> dict[str, str | None]:
    ours: dict[str, str | None] = {
        "Accept": "text/event-stream" if stream else "application/json",
        "User-Agent": _USER_AGENT,
    }
    if has_body:
        ours["Content-Type"] = "application/json"
    if method != "GET":
        # The same on each try: a server that knows the header does the work, and bills it, once.
        ours["Idempotency-Key"] = f"rc-{urandom(16).hex()}"
    if settings.organization is not None:
        ours["OpenAI-Organization"] = settings.organization
    if settings.project is not None:
        ours["OpenAI-Project"] = settings.project
    if stream:
        ours["Accept-Encoding"] = "identity"  # a compressor would hold events back
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
    idle = settings.idle_timeout if stream else None
    if idle is not None:
        timeouts = timeouts._replace(read=idle if timeouts.read is None else min(timeouts.read, idle))
    return timeouts
