"""Keyword arguments in, a checked request as bytes out; without I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast
from urllib.parse import urlencode
from uuid import uuid4

from ._config import Settings, check_headers, merge_headers, unknown_argument
from ._error_text import FieldError, field_error, field_path, missing_field
from ._options import RequestOptions
from ._transport import Timeouts, WireRequest
from ._version import __version__
from .errors import RequestValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails, SchemaSerializer

    from .models import Model, Result

__all__ = ["Call", "Operation", "prepare"]

_R = TypeVar("_R", bound="Result")
_OPTIONS = frozenset(RequestOptions.__annotations__)
_USER_AGENT = f"responses-client/{__version__}"


@dataclass(frozen=True, slots=True)
class Operation(Generic[_R]):
    """An endpoint; models are named, not imported, until a call needs them."""

    name: str
    method: str
    path: str
    request: str
    result: str

    def request_model(self) -> "type[Model]":
        """Return the class that checks the body."""
        return _model(self.request)

    def result_model(self) -> "type[_R]":
        """Return the class of the answer."""
        return cast("type[_R]", _model(self.result))


@dataclass(frozen=True, slots=True)
class Call(Generic[_R]):
    """A checked request with all that is decided about it before it is sent."""

    operation: Operation[_R]
    request: WireRequest
    needs_key: bool
    settings: Settings


@cache
def _model(entry: str) -> "type[Model]":
    module, _, name = entry.partition(".")
    return cast("type[Model]", getattr(import_module(f".models.{module}", __package__), name))


@cache
def _serializer() -> "SchemaSerializer":
    from pydantic_core import SchemaSerializer, core_schema

    return SchemaSerializer(core_schema.any_schema())


def prepare(
    operation: Operation[_R], params: Mapping[str, object], settings: Settings
) -> Call[_R]:
    """Check the arguments of a method and turn them into a request.

    Raises:
        TypeError: An argument that the method does not take.
        RequestValidationError: An argument the API would refuse.
        ConfigurationError: An option that cannot work, such as a header with a line break.
    """
    options = cast("RequestOptions", {k: v for k, v in params.items() if k in _OPTIONS})
    body = {k: v for k, v in params.items() if k not in _OPTIONS}
    changes = {k: options[k] for k in ("timeout", "deadline", "max_retries") if k in options}
    settings = settings.replace(**changes) if changes else settings  # type: ignore[arg-type]  # checked there
    model = operation.request_model()
    _refuse_unknown(operation, model, body)
    extra = dict(options.get("extra_body") or {})
    if settings.validate_requests:
        _validate(operation, model, body, extra)
    content = _encode(body | extra)
    url = settings.base_url + operation.path + _query(settings.default_query, options.get("extra_query"))
    headers = _headers(settings, options, bool(body.get("stream")))
    # A header set to None says that there shall be none, as for local servers.
    needs_key = not any(name.lower() in ("authorization", "api-key") for name in headers)
    kept = {name: value for name, value in headers.items() if value is not None}
    request = WireRequest(operation.method, url, kept, content, _timeouts(settings))
    return Call(operation, request, needs_key, settings)


def _refuse_unknown(operation: Operation[_R], model: "type[Model]", body: Mapping[str, object]) -> None:
    known = model.model_fields
    for name in body:
        if name not in known:
            error = unknown_argument(operation.name, name, [*known, *_OPTIONS])
            raise TypeError(f"{error}; extra_body takes fields that are not known here")


def _validate(
    operation: Operation[_R], model: "type[Model]", body: Mapping[str, object], extra: Mapping[str, object]
) -> None:
    from pydantic import ValidationError

    from .models._base import error_lines, strict_validation

    try:
        with strict_validation():
            model.__pydantic_validator__.validate_python({k: v for k, v in body.items() if k not in extra})
    except ValidationError as error:
        raise RequestValidationError([_mistake(line) for line in error_lines(error)]) from None
    if operation.name == "responses.create" and (mistakes := list(_contradictions({**body, **extra}))):
        raise RequestValidationError(mistakes)


def _contradictions(body: Mapping[str, object]) -> Iterable[FieldError]:
    """Yield what no single field shows, as the reference page of `POST /responses` has it."""
    if body.get("model") is None and body.get("prompt") is None:
        yield missing_field("model", "the name of a model, or a prompt that has one")
    if body.get("previous_response_id") is not None and body.get("conversation") is not None:
        message = "cannot be combined with conversation; pass one of the two"
        yield field_error("previous_response_id", "no conversation", body["conversation"], message=message)
    if body.get("stream_options") is not None and not body.get("stream"):
        message = "needs stream=True"
        yield field_error("stream_options", "stream=True", body.get("stream"), message=message)


def _mistake(line: "ErrorDetails") -> FieldError:
    path = field_path(line["loc"])
    expected = line["msg"].removeprefix("Input should be ").removeprefix("Input should ")
    if expected.startswith(("greater", "less")):
        expected = f"a number {expected}"
    if line["type"] == "missing":
        return missing_field(path, "a value")
    return field_error(path, expected, line["input"])


def _encode(body: Mapping[str, object]) -> bytes:
    from pydantic_core import PydanticSerializationError

    try:
        return _serializer().to_json(body, by_alias=True, exclude_unset=True)
    except (PydanticSerializationError, ValueError) as error:
        for name, value in body.items():
            try:
                _serializer().to_json(value)
            except (PydanticSerializationError, ValueError):
                message = f"cannot be written as JSON ({error})"
                raise RequestValidationError([field_error(name, "JSON data", value, message=message)]) from None
        raise


def _query(*layers: Mapping[str, Any] | None) -> str:
    merged: dict[str, Any] = {}
    for layer in layers:
        merged |= layer or {}
    pairs = {k: _query_text(v) for k, v in merged.items() if v is not None}
    return f"?{urlencode(pairs, doseq=True)}" if pairs else ""


def _query_text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return [_query_text(part) for part in cast("list[object]", value)] if isinstance(value, (list, tuple)) else value


def _headers(settings: Settings, options: RequestOptions, stream: bool) -> dict[str, str | None]:
    ours: dict[str, str | None] = {
        "Accept": "text/event-stream" if stream else "application/json",
        "Content-Type": "application/json",
        "User-Agent": _USER_AGENT,
        "OpenAI-Organization": settings.organization,
        "OpenAI-Project": settings.project,
        # The same on each try: a server that knows the header does the work, and bills it, once.
        "Idempotency-Key": f"rc-{uuid4()}",
    }
    if stream:
        ours["Accept-Encoding"] = "identity"  # a compressor would hold events back
    named = {"Idempotency-Key": options["idempotency_key"]} if "idempotency_key" in options else None
    extra = check_headers("extra_headers argument", {**(options.get("extra_headers") or {}), **(named or {})})
    return merge_headers(ours, settings.default_headers, extra)


def _timeouts(settings: Settings) -> Timeouts:
    value = settings.timeout
    if value is None:
        timeouts = Timeouts(settings.connect_timeout, None, None, None)
    elif isinstance(value, (int, float)):
        timeouts = Timeouts(min(settings.connect_timeout, value), value, value, value)
    else:
        timeouts = Timeouts(value.connect, value.read, value.write, value.pool)
    idle = settings.idle_timeout
    if idle is not None:
        timeouts = timeouts._replace(read=idle if timeouts.read is None else min(timeouts.read, idle))
    return timeouts
