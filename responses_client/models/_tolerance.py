"""What becomes of data that do not fit: kept as raw data and logged, or, in strict mode, an error."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import ValidationError
from pydantic_core import SchemaSerializer, from_json
from pydantic_core import core_schema as cs

from .._base.field_errors import field_path
from ..errors import ResponseValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from .._base.http import ResponseMeta
    from ._base import JsonObject, Model

__all__ = [
    "HIDDEN",
    "SHOWN",
    "as_response_error",
    "error_lines",
    "is_strict",
    "log_malformed",
    "omit_read_only",
    "omits_read_only",
    "parse_json",
    "read_json",
    "strict_validation",
    "suppress_warnings",
    "validate_nested",
    "warn",
    "write_json",
]

logger = logging.getLogger("responses_client")

_M = TypeVar("_M", bound="Model")

SHOWN, HIDDEN = "~", "~hidden"
"""Labels of union branches in error locations: the errors of hidden ones are not told."""

_strict: ContextVar[bool] = ContextVar("responses_client_strict", default=False)
_quiet: ContextVar[bool] = ContextVar("responses_client_quiet", default=False)
_omits_read_only: ContextVar[bool] = ContextVar("responses_client_omits_read_only", default=False)
is_strict = _strict.get
omits_read_only = _omits_read_only.get
_NO_JSON = ("json_invalid", "string_unicode")
_values = SchemaSerializer(cs.any_schema(), {"ser_json_inf_nan": "constants"})
# Each escape in turn, so that no second half of one is taken for the start of another.
_ESCAPES = r"(?s)\\(?:u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|(u[dD][89a-fA-F]\w\w)|.)"


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
    """Log nothing in this context, where data are read that were read before."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


@contextmanager
def omit_read_only(on: bool = True) -> Generator[None]:
    """Write models, in this context, as requests take them: without the fields that only servers set."""
    token = _omits_read_only.set(on)
    try:
        yield
    finally:
        _omits_read_only.reset(token)


def warn(message: str, *values: object) -> None:
    """Log a warning, unless in a `suppress_warnings` block."""
    if not _quiet.get():
        logger.warning(message, *values)


def read_json(data: str | bytes) -> Any:
    """Read JSON.

    In lenient mode, a byte order mark is passed over, and what no text can hold (bytes that are no
    UTF-8, halves of surrogate pairs) becomes U+FFFD, as the standard has it for event streams.

    Raises:
        ValueError: The data are no JSON, nested too deep, or have a number of thousands of digits.
    """
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    try:
        return from_json(raw)
    except ValueError:
        text = raw.decode("utf-8-sig", "replace")
        mended = re.sub(_ESCAPES, lambda escape: "\\ufffd" if escape[1] else escape[0], text)
        if _strict.get() or mended.encode() == raw:
            raise
    value = from_json(mended)
    warn("Replaced by U+FFFD what is no text in JSON that came")
    return value


def write_json(value: object, fallback: Callable[[Any], Any] | None = None) -> bytes:
    """Write JSON data, models among them as what came in or was set.

    Raises:
        ValueError: Something is no JSON data.
    """
    return _values.to_json(value, by_alias=True, exclude_unset=True, fallback=fallback)


def parse_json(cls: type[_M], data: str | bytes) -> _M:
    """Validate JSON text; in lenient mode malformed fields are kept as raw data.

    Raises:
        ValidationError: The text is no JSON, no object, or cannot be saved.
    """
    try:
        return cast("_M", cls.__pydantic_validator__.validate_json(data))
    except ValidationError as error:
        if _strict.get():
            raise
        try:
            value = read_json(data)
        except ValueError:
            raise error from None
        if error_lines(error)[0]["type"] not in _NO_JSON:
            return _without_bad_fields(cls, value, error)
    return validate_nested(cls, value)


def validate_nested(cls: type[_M], value: object) -> _M:
    """Validate an object by its own validator; in lenient mode malformed fields are kept as raw data."""
    if isinstance(value, cls):
        return value
    try:
        return cast("_M", cls.__pydantic_validator__.validate_python(value))
    except ValidationError as error:
        if _strict.get():
            raise
        return _without_bad_fields(cls, value, error)


def _without_bad_fields(cls: type[_M], value: object, error: ValidationError) -> _M:
    """Keep malformed fields as raw data beside the typed ones, if the object makes sense without."""
    bad = {line["loc"][0] for line in error_lines(error) if line["loc"]}
    if not isinstance(value, dict) or not bad:
        raise error
    data = cast("JsonObject", value)
    rest = {name: field for name, field in data.items() if name not in bad}
    try:
        with suppress_warnings():  # what is wrong with the rest was said before
            model = cast("_M", cls.__pydantic_validator__.validate_python(rest))
    except ValidationError:
        raise error from None
    log_malformed("raw data", cls.__name__, error)
    cast("JsonObject", model.__pydantic_extra__).update({k: v for k, v in data.items() if k in bad})
    return model


def error_lines(error: ValidationError) -> list[ErrorDetails]:
    """Return what is wrong, at locations that name only fields and indexes."""
    lines = [line for line in error.errors(include_url=False) if HIDDEN not in line["loc"]]
    for line in lines:
        # pydantic ends the location of a malformed key so, where that of its value ends with the key.
        line["loc"] = tuple(step for step in line["loc"] if step not in (SHOWN, "[key]"))
    return lines


def as_response_error(
    name: str,
    error: ValidationError,
    body: object,
    advice: str | None = None,
    meta: ResponseMeta | None = None,
) -> ResponseValidationError:
    """Say which part of the data does not fit the class."""
    problem = error_lines(error)[0]
    path = field_path(problem["loc"]) or None
    if advice is None:
        can_help = _strict.get() and problem["type"] not in _NO_JSON
        advice = "pass strict=False to keep it as raw data" if can_help else "see .body for the whole"
    message = f"No valid {name}: {problem['msg']}"
    return ResponseValidationError(message, path=path, body=body, advice=advice, meta=meta)


def log_malformed(kept_as: str, name: str, error: ValidationError) -> None:
    """Tell what was malformed and what became of it."""
    problem = error_lines(error)[0]
    place = field_path(problem["loc"])
    warn("Malformed %s kept as %s: %s at %s", name, kept_as, problem["msg"], place or "its root")
