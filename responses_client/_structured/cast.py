"""The body of an answer as the type that `client.request` is to return; no I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard, TypeVar

from pydantic import ValidationError

from .._base.field_errors import invalid_json_reason
from .._base.http import Headers, ResponseMeta
from .._base.json_types import is_array, is_object
from .._base.public import public
from .._base.redaction import Redactor
from .._calls.answers import (
    MAX_KEPT_BYTES,
    content_type,
    describe_answer,
    kept_body,
    not_json,
    parse_result,
    reported_error,
)
from ..errors import ResponseValidationError
from ..models._base import Model, Result, as_response_error, parse_json, strict_validation
from ..models._tolerance import read_json, write_json
from .output_type import type_adapter, type_label

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from .._calls.request import Read
    from .._calls.settings import Settings

__all__ = ["Cast", "RawAnswer", "cast_of"]

_T = TypeVar("_T")
_NO_JSON = "pass a cast_to for what the endpoint answers: bytes, str or None if it is not JSON"


@public
class RawAnswer(NamedTuple):
    """An answer as it came: `client.request(..., cast_to=RawAnswer)`.

    Attributes:
        content: The body, decompressed.
        meta: The facts of the answer: status, headers, request id, rate limits.
    """

    content: bytes
    meta: ResponseMeta

    @property
    def status_code(self) -> int:
        """The status, such as 200."""
        return self.meta.status_code

    @property
    def headers(self) -> Headers:
        """The headers of the answer."""
        return self.meta.headers

    @property
    def text(self) -> str:
        """The body as text, in the charset that the content type names, UTF-8 by default."""
        return _as_text(self.content, self.meta)

    def json(self) -> Any:
        """Return the body as JSON data, parsed at each call.

        Raises:
            ValueError: It is not valid JSON.
        """
        return read_json(self.content)

    def __repr__(self) -> str:
        """Show status and size, but not the body."""
        return f"<RawAnswer {self.status_code}, {content_type(self.headers) or 'no content type'}, {len(self.content)} bytes>"


class Cast(NamedTuple):
    """The way from a body to a result.

    Attributes:
        read: Makes the result.
        is_raw: Whether the body may be anything; else it has to be JSON.
    """

    read: Read
    is_raw: bool = False


def cast_of(form: Any) -> Cast:
    """Return the way to a result of a type.

    Args:
        form: `dict` or `list` for JSON data, `str` or `bytes` for the body, `RawAnswer` for body and headers, None for
            nothing, a model of this package, or a type that a pydantic `TypeAdapter` accepts.

    Raises:
        RequestValidationError: It is not a type, or pydantic cannot read it.
    """
    make = _RAW.get(form) if isinstance(form, (type, type(None))) else None
    if make is not None:
        return Cast(partial(_read_raw, make), is_raw=True)
    if form in (dict, list):
        return Cast(partial(_read_json, form))
    if _is_model(form):
        return Cast(partial(parse_result if issubclass(form, Result) else _read_model, form))
    try:
        hash(form)
    except TypeError:  # such as `Annotated` with a dict
        return _type_cast(form)
    return _cached_type_cast(form)


def _type_cast(form: Any) -> Cast:
    return Cast(partial(_read_type, type_adapter(form, "cast_to"), type_label(form)))


_cached_type_cast = lru_cache(256)(_type_cast)  # an adapter takes long to build


def _is_model(form: object) -> TypeGuard[type[Model]]:
    return isinstance(form, type) and issubclass(form, Model)


def _as_text(body: bytes, meta: ResponseMeta) -> str:
    charset = meta.headers.get("content-type", "").lower().partition("charset=")[2].partition(";")[0]
    try:
        return body.decode(charset.strip("\"' ") or "utf-8", "replace")
    except LookupError:  # a charset that Python does not know
        return body.decode("utf-8", "replace")


def _as_bytes(body: bytes, meta: ResponseMeta) -> bytes:
    return body


def _as_none(body: bytes, meta: ResponseMeta) -> None:
    return None


_RAW: Mapping[object, Callable[[bytes, ResponseMeta], object]] = {
    str: _as_text,
    bytes: _as_bytes,
    None: _as_none,
    type(None): _as_none,
    RawAnswer: RawAnswer,
}


_KINDS: tuple[tuple[str, Callable[[object], bool]], ...] = (("dict", is_object), ("list", is_array))
_EMPTY_STATUSES = (204, 205)  # RFC 9110: answers with them have no body, as all to HEAD


def _read_raw(
    make: Callable[[bytes, ResponseMeta], object],
    body: bytes,
    meta: ResponseMeta,
    settings: Settings,
    redactor: Redactor,
) -> object:
    return make(body, meta)


def _read_json(kind: type, body: bytes, meta: ResponseMeta, settings: Settings, redactor: Redactor) -> object:
    if not body.strip() and (meta.method == "HEAD" or meta.status_code in _EMPTY_STATUSES):
        return kind()
    reason = None
    value: object = None
    try:
        with strict_validation(settings.strict):
            value = read_json(body)
    except ValueError as error:
        reason = str(error)
        body = body[:MAX_KEPT_BYTES]
    # An object with an id, such as a failed job, has an `error` that is one of its fields.
    if is_object(value) and "id" not in value and (reported := reported_error(body, meta, redactor)):
        raise reported
    if not isinstance(value, kind):
        body = redactor.body(body)
        if reason is not None:
            raise not_json(reason, body, meta, _NO_JSON)
        text = f"The answer ({describe_answer(meta)}) is JSON, but not a {kind.__name__}"
        advice = f"pass cast_to={next((name for name, is_kind in _KINDS if is_kind(value)), 'object')}"
        raise ResponseValidationError(text, body=body, advice=advice, meta=meta)
    return value


def _read_model(
    model: type[Model], body: bytes, meta: ResponseMeta, settings: Settings, redactor: Redactor
) -> Model:
    value: Model = _validated(partial(parse_json, model), model.__name__, body, meta, settings, redactor)
    # All fields of some models are optional, so that an error would pass as one.
    is_other = not value.model_fields_set & {*model.__pydantic_fields__}
    if is_other and (failure := reported_error(body, meta, redactor)):
        raise failure
    return value


def _read_type(
    adapter: TypeAdapter[Any],
    label: str,
    body: bytes,
    meta: ResponseMeta,
    settings: Settings,
    redactor: Redactor,
) -> object:
    return _validated(partial(_validate_json, adapter), label, body, meta, settings, redactor)


def _validate_json(adapter: TypeAdapter[Any], body: bytes) -> object:
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        try:
            mended = write_json(read_json(body))
        except ValueError:
            raise error from None
        # As text again, because classes in pydantic's strict mode take dates and the like only from JSON.
        return adapter.validate_json(mended)


def _validated(
    validate: Callable[[bytes], _T],
    label: str,
    body: bytes,
    meta: ResponseMeta,
    settings: Settings,
    redactor: Redactor,
) -> _T:
    try:
        with strict_validation(settings.strict):
            return validate(body)
    except ValidationError as error:
        kept = kept_body(error, body)
        public = redactor.body(kept)
        failure = reported_error(kept, meta, redactor) or _misfit(label, error, public, meta)
        failure.__cause__ = error.with_traceback(None) if public == body else None
    # Outside of the handler: pydantic's error quotes the body, and must not be the context of one that masks it.
    raise failure


def _misfit(label: str, error: ValidationError, body: bytes, meta: ResponseMeta) -> ResponseValidationError:
    reason = invalid_json_reason(error.errors(include_url=False))
    if reason is not None:
        return not_json(reason, body, meta, _NO_JSON)
    return as_response_error(label, error, body, "pass a cast_to for what the endpoint answers", meta)
