"""Tolerance for malformed data: they are kept as raw data and logged or, in strict mode, are an error; no I/O."""

from __future__ import annotations

import logging
import re
from codecs import BOM_UTF8, getincrementaldecoder
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError, SchemaSerializer, from_json
from pydantic_core import core_schema as cs

from .._base.field_errors import describe_error, field_path
from .._base.json_types import JsonObject, is_object
from ..errors import ResponseValidationError
from ._stand_ins import WholeFloat, hold_plain

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails, InitErrorDetails

    from .._base.http import ResponseMeta
    from ._base import Model

__all__ = [
    "CALL_TYPES",
    "HIDDEN",
    "SHOWN",
    "as_response_error",
    "error_lines",
    "is_strict",
    "keep_member",
    "log_malformed",
    "omit_read_only",
    "omits_read_only",
    "parse_json",
    "read_json",
    "refuse_incomplete",
    "shown_error",
    "strict_validation",
    "suppress_warnings",
    "validate_nested",
    "validate_shown",
    "warn",
    "with_raw_fields",
    "with_whole_floats",
    "write_json",
]

logger = logging.getLogger("responses_client")

_M = TypeVar("_M", bound="Model")

SHOWN, HIDDEN = "~", "~hidden"
"""Labels of union branches in the locations of errors; errors of hidden branches are not reported."""

CALL_TYPES = frozenset(
    {
        "apply_patch_call",
        "computer_call",
        "custom_tool_call",
        "function_call",
        "local_shell_call",
        "mcp_approval_request",
        "shell_call",
        "tool_search_call",
    }
)
"""The types of calls that a program answers; for `shell_call` and `tool_search_call`, a server may do so itself."""

# Context variables, since pydantic's validators pass no arguments to the validators of nested models.
_strict: ContextVar[bool] = ContextVar("responses_client_strict", default=False)
_suppresses: ContextVar[bool] = ContextVar("responses_client_suppresses_warnings", default=False)
_omits_read_only: ContextVar[bool] = ContextVar("responses_client_omits_read_only", default=False)
is_strict = _strict.get
omits_read_only = _omits_read_only.get
_JSON_ERRORS = ("json_invalid", "string_unicode")
_any = SchemaSerializer(cs.any_schema(), {"ser_json_inf_nan": "constants"})
# One match for each escape, so that the end of one is not taken for the start of another. The first alternative is a
# pair of surrogates, which is fine; the group is half of one.
_ESCAPES = r"(?s)\\(?:u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|(u[dD][89a-fA-F]\w\w)|.)"
_JSON_STARTS = b'{["-0123456789tfn'
_CHUNK_BYTES = 1024 * 1024


@contextmanager
def strict_validation(on: bool = True) -> Generator[None]:
    """Make malformed data an error instead of `Unknown…` and raw fields, in this context."""
    token = _strict.set(on)
    try:
        yield
    finally:
        _strict.reset(token)


@contextmanager
def suppress_warnings() -> Generator[None]:
    """Log no warnings in this context: the data were read before, or will be read again."""
    token = _suppresses.set(True)
    try:
        yield
    finally:
        _suppresses.reset(token)


@contextmanager
def omit_read_only(on: bool = True) -> Generator[None]:
    """Write models without the fields that only servers set, in this context: the API may refuse these in requests."""
    token = _omits_read_only.set(on)
    try:
        yield
    finally:
        _omits_read_only.reset(token)


def warn(message: str, *values: object) -> None:
    """Log a warning, unless warnings are suppressed in this context."""
    if not _suppresses.get():
        logger.warning(message, *values)


def read_json(data: str | bytes) -> Any:
    """Return the value of JSON text.

    In lenient mode, a byte order mark is skipped, and invalid UTF-8 and halves of surrogate pairs become U+FFFD, as
    for event streams (WHATWG Encoding, 4.1; HTML, 9.2.5).

    Raises:
        ValueError: The text is not valid JSON, is nested too deep, or has a number of thousands of digits.
    """
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    try:
        return from_json(raw)
    except ValueError:
        if _strict.get() or not _has_invalid_characters(raw):
            raise
    text = raw.decode("utf-8-sig", "replace")
    value = from_json(re.sub(_ESCAPES, lambda escape: "\\ufffd" if escape[1] else escape[0], text))
    warn("Replaced invalid characters in JSON by U+FFFD")
    return value


def _has_invalid_characters(raw: bytes) -> bool:
    """Whether text that is not valid JSON may become so with other characters; found out without a copy of it."""
    if raw.startswith(BOM_UTF8):
        return True
    if raw[:64].lstrip()[:1] not in _JSON_STARTS:  # HTML, mostly
        return False
    if b"\\ud" in raw or b"\\uD" in raw:  # halves of surrogate pairs, perhaps
        return True
    decoder = getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(raw), _CHUNK_BYTES):
            decoder.decode(raw[start : start + _CHUNK_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return True
    return False


def write_json(
    value: object, fallback: Callable[[Any], Any] | None = None, *, indent: int | None = None
) -> bytes:
    """Return JSON data as text; models among them are written as they came, or as they were set.

    Raises:
        ValueError: Some value is not JSON data.
    """
    return _any.to_json(value, indent=indent, by_alias=True, exclude_unset=True, fallback=fallback)


def parse_json(cls: type[_M], data: str | bytes) -> _M:
    """Return the model of JSON text; in lenient mode, malformed fields are kept as raw data.

    Raises:
        ValidationError: The text is not valid JSON or not an object, or the object is useless without a field.
    """
    try:
        model: _M = cls.__pydantic_validator__.validate_json(data)
        return model
    except ValidationError as error:
        is_json = error_lines(error)[0]["type"] not in _JSON_ERRORS
        if _strict.get() and not is_json:
            raise
        try:
            value = read_json(data)
        except ValueError:
            raise error from None
        if is_json:
            return _with_mended_fields(cls, value, error)
    return validate_nested(cls, value)


def validate_nested(cls: type[_M], value: object) -> _M:
    """Return the model of an object; in lenient mode, malformed fields are kept as raw data."""
    if isinstance(value, cls):
        return refuse_incomplete(value)
    try:
        model: _M = cls.__pydantic_validator__.validate_python(value)
        return model
    except ValidationError as error:
        return _with_mended_fields(cls, value, error)


def _with_mended_fields(cls: type[_M], value: object, error: ValidationError) -> _M:
    def keep_raw(value: Any, error: ValidationError) -> _M:
        kept = None if _strict.get() else with_raw_fields(cls, value, error)
        if kept is None:
            raise error
        return kept

    validate: Callable[[Any], _M] = cls.__pydantic_validator__.validate_python
    return with_whole_floats(validate, value, error, keep_raw)


def with_whole_floats(
    validate: Callable[[Any], _M],
    value: Any,
    error: ValidationError,
    otherwise: Callable[[Any, ValidationError], _M],
) -> _M:
    """Return the model of an object that was refused, with an integer for each float without a fraction (`512.0`).

    Some servers write counts this way. Integer validators refuse them, because accepting them would slow down every
    number.

    Args:
        validate: The validator that refused the object.
        value: The object.
        error: The reason.
        otherwise: Gives the model if the object is malformed in another way.

    Raises:
        ValidationError: `otherwise` raises it.
    """
    floats = {
        line["loc"]: WholeFloat(line["input"])
        for line in error_lines(error)
        if line["type"] == "int_type" and isinstance(line["input"], float) and line["input"].is_integer()
    }
    if not floats:
        return otherwise(value, error)
    for place, number in floats.items():
        value = _replaced(value, place, int(number))
    try:
        model = validate(value)
    except ValidationError as rest:
        model = otherwise(value, rest)
    for place, number in floats.items():  # now, because pydantic makes plain integers of all that it checks
        name, path = str(place[0]), place[1:]
        extra = model.__pydantic_extra__ or {}
        if name in extra:
            extra[name] = _replaced(extra[name], path, float(number))
        else:
            vars(model)[name] = _replaced(vars(model)[name], path, number)
            hold_plain(model, name)
    return model


def _replaced(value: Any, path: Sequence[int | str], new: object) -> Any:
    """Return a copy of JSON data with another value at a place."""
    if not path:
        return new
    changed = copy(value)
    changed[path[0]] = _replaced(value[path[0]], path[1:], new)
    return changed


def with_raw_fields(cls: type[_M], value: object, error: ValidationError) -> _M | None:
    """Return the model with its malformed fields as raw data beside the typed ones.

    None if the object is useless without one of these fields, which its class requires for that reason. A response
    repeats settings of the request, some servers only in part: such an object has empty values for what is missing.
    """
    malformed = {str(line["loc"][0]) for line in error_lines(error) if line["loc"]}
    if not is_object(value) or not malformed:
        return None
    absent: Mapping[str, object] = {}
    required = _required_fields(cls)
    if not malformed.isdisjoint(required):
        from ._echoes import ECHOES  # here, because only such objects need it

        absent = {name: empty for name, empty in ECHOES.get(cls.__name__, {}).items() if name in malformed}
    rest = {name: field for name, field in value.items() if name not in malformed}
    if not required.keys() <= rest.keys() | absent.keys():
        return None
    with suppress_warnings():  # about unknown objects, which the first validation logged
        model: _M = cls.__pydantic_validator__.validate_python({**rest, **absent})
    raw = {name: field for name, field in value.items() if name in malformed}
    if any(name not in absent or raw.get(name) is not None for name in malformed):
        log_malformed("raw data", cls.__name__, error)
    model.__pydantic_extra__ = {**(model.__pydantic_extra__ or {}), **raw}
    model.__pydantic_fields_set__.difference_update(required[name] for name in absent)
    return model


def keep_member(cls: type[_M], value: JsonObject, error: ValidationError) -> _M | None:
    """Return a malformed member of a union with its malformed fields as raw data; None if it cannot be of its class.

    It cannot if it is useless without one of these fields, or if it has another tag. A call is not mended either: a
    program would carry out, or approve, another call than the one that came.
    """
    malformed = {line["loc"][:1] for line in error_lines(error)}
    tags = [tag for tag in cls.tags if (tag,) in malformed]
    has_other_tag = "type" in tags or any(value.get(tag) is not None for tag in tags)
    return None if has_other_tag or value.get("type") in CALL_TYPES else with_raw_fields(cls, value, error)


@cache
def _required_fields(cls: type[BaseModel]) -> Mapping[str, str]:
    """Return the required fields of a class, by their names in JSON."""
    fields = cls.__pydantic_fields__
    return {f.serialization_alias or name: name for name, f in fields.items() if f.is_required()}


def refuse_incomplete(model: _M) -> _M:
    """Return a model that is used as it is.

    Raises:
        ValidationError: In strict mode, it repeats settings of a request without fields that requests must have.
    """
    if _strict.get():
        required = _required_fields(type(model))
        if lacking := [name for name in required if required[name] not in model.model_fields_set]:
            problems: list[InitErrorDetails] = [
                {"type": "missing", "loc": (name,), "input": model} for name in lacking
            ]
            raise ValidationError.from_exception_data(type(model).__name__, problems)
    return model


def error_lines(error: ValidationError) -> list[ErrorDetails]:
    """Return the problems of a validation, with only fields and indexes in their locations."""
    lines = [
        line
        for line in error.errors(include_url=False)
        # A default that waited for a malformed field says nothing of the data.
        if HIDDEN not in line["loc"] and line["type"] != "default_factory_not_called"
    ]
    for line in lines:
        # pydantic ends the location of a malformed key by "[key]", and that of its value by the key itself.
        line["loc"] = tuple(step for step in line["loc"] if step not in (SHOWN, "[key]"))
    return lines


def shown_error(error: ValidationError) -> ValidationError:
    """Return an error as users of pydantic's own methods see it, with the problems and places of `error_lines`."""
    lines = error_lines(error)
    if [line["loc"] for line in lines] == [line["loc"] for line in error.errors(include_url=False)]:
        return error
    shown: list[InitErrorDetails] = [
        {"type": _error_type(line), "loc": line["loc"], "input": line["input"], "ctx": line.get("ctx", {})}
        for line in lines
    ]
    return ValidationError.from_exception_data(error.title, shown)


def _error_type(line: ErrorDetails) -> str | PydanticCustomError:
    kind: Any = line["type"]
    message: Any = line["msg"]  # no template, although it is declared as one
    return kind if kind in get_args(cs.ErrorType) else PydanticCustomError(kind, message)


def validate_shown(
    validate: Callable[..., _M], given: object, validate_data: Callable[..., _M], **options: Any
) -> _M:
    """Return the model that a method of pydantic makes, also of whole numbers that are floats.

    Args:
        validate: The method.
        given: The argument of the method: data, or JSON text.
        validate_data: The method for data.
        options: The options of both methods.

    Raises:
        ValidationError: The data do not match the model.
    """
    try:
        return validate(given, **options)
    except ValidationError as error:
        problem = error

    def refuse(_: object, error: ValidationError) -> _M:
        raise shown_error(error) from None

    try:
        data: object = from_json(given) if isinstance(given, (str, bytes, bytearray)) else given
    except ValueError:
        data = None
    if not is_object(data):
        return refuse(data, problem)
    return with_whole_floats(lambda value: validate_data(value, **options), data, problem, refuse)


def as_response_error(
    name: str,
    error: ValidationError,
    body: object,
    advice: str | None = None,
    meta: ResponseMeta | None = None,
    kind: type[ResponseValidationError] = ResponseValidationError,
) -> ResponseValidationError:
    """Return the error for data that do not match a class; it names the first malformed part.

    Args:
        name: The name of the class, or the type of the object.
        error: The result of the validation.
        body: The data.
        advice: The end of the message; by default a way to get at the data.
        meta: The facts of the answer that had the data.
        kind: The class of the error.
    """
    problem = error_lines(error)[0]
    path = field_path(problem["loc"]) or None
    if advice is None:
        can_help = _strict.get() and problem["type"] not in _JSON_ERRORS
        advice = "pass strict=False to keep it as raw data" if can_help else "see .body for the whole"
    message = f"Not a valid {name}: {describe_error(problem)}"
    return kind(message, path=path, body=body, advice=advice, meta=meta)


def log_malformed(kept_as: str, name: str, error: ValidationError) -> None:
    """Log a malformed field or object, and the form in which it is kept."""
    problem = error_lines(error)[0]
    place = field_path(problem["loc"])
    warn("Malformed %s kept as %s: %s at %s", name, kept_as, describe_error(problem), place or "its root")
