"""Types of output: the format that asks the model for one, and the way from text to a value; no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from types import NoneType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Generic,
    Self,
    TypeAlias,
    TypeGuard,
    TypeVar,
    get_args,
    get_origin,
)

from pydantic import PydanticUndefinedAnnotation, PydanticUserError, TypeAdapter
from pydantic_core import SchemaError, to_json

from .._base.cached import cached_property
from .._base.field_errors import FieldError, field_error, not_given_advice
from .._base.json_types import JsonObject, is_mapping, is_object, json_or
from .._base.messages import MAX_BODY_CHARS, one_line
from .._base.public import public
from .._calls.plain_data import plain_data
from ..errors import RequestValidationError
from ..models._first_builds import first_build, validate_first
from .outcomes import can_be_pickled
from .strict_schema import is_object_schema, strict_schema
from .type_schema import schema_of

if TYPE_CHECKING:
    from typing_extensions import TypeForm

    from ..models import TextFormatJsonSchemaParam

__all__ = [
    "AnyForm",
    "OutputType",
    "check_whole",
    "output_type",
    "text_format",
    "type_adapter",
    "type_label",
    "with_format",
]

_T = TypeVar("_T")
AnyForm: TypeAlias = "type[_T] | TypeAdapter[_T] | TypeForm[_T]"
"""A type as users pass it: a class, an annotation such as `list[int]` (PEP 747), or a `TypeAdapter`."""

_KEY = "value"
"""The property of a value that is not an object; the API requires an object at the root."""
_MAX_CACHED_TYPES = 256
_MAX_NAME_CHARS = 64
_A_TYPE = "a type: a pydantic model, a dataclass, a TypedDict, list[int], or a TypeAdapter of it"
_NO_SCHEMA = (PydanticUserError, PydanticUndefinedAnnotation, SchemaError)


class OutputType(Generic[_T]):
    """A type of output.

    Attributes:
        form: The type as the user passed it.
        label: The name of the type in messages.

    Raises:
        RequestValidationError: It is not a type, or pydantic cannot read it.
    """

    def __init__(self, form: AnyForm[_T]) -> None:
        self.form = form
        self.label: str = type_label(form)
        self._adapter = type_adapter(form)

    def __reduce__(self) -> tuple[Any, ...]:
        # The form, since an adapter may not survive pickling; None, as if the type was not known, if that cannot either.
        return (output_type, (self.form,)) if can_be_pickled(self.form) else (NoneType, ())

    def __deepcopy__(self, memo: object) -> Self:
        return self

    @cached_property
    def _schema(self) -> JsonObject:
        try:
            return schema_of(self._adapter)
        except _NO_SCHEMA as error:
            raise _unreadable(self.form, error) from error

    @cached_property
    def is_wrapped(self) -> bool:
        """Whether the value is a property of an object, because its type is not an object."""
        try:
            return not is_object_schema(self._schema)
        except RequestValidationError:  # the type has no schema; text can be read as it all the same
            return False

    @cached_property
    def format(self) -> TextFormatJsonSchemaParam:
        """The field `text.format` of a request, which asks for the type.

        Raises:
            RequestValidationError: No strict schema can express the type.
        """
        schema = strict_schema(self._schema, "text_format", key=_KEY if self.is_wrapped else None)
        name = re.sub(r"[^a-zA-Z0-9_-]+", "_", self.label)[:_MAX_NAME_CHARS].strip("_")
        made: TextFormatJsonSchemaParam = {
            "type": "json_schema",
            "name": name or "output",
            "schema": schema,
            "strict": True,
        }
        if "description" in schema:
            made["description"] = schema["description"]
        return made

    def read(self, text: str) -> _T:
        """Return the value that a string holds as JSON.

        Raises:
            ValidationError: The text is not valid JSON, or does not match the type.
        """
        content = text.encode("utf-8", "surrogatepass")
        if self.is_wrapped:
            data: object = json_or(content)  # what is not JSON is an error below
            if is_object(data) and data.keys() == {_KEY}:
                content = to_json(data[_KEY], inf_nan_mode="constants")
        # By name as well as by alias: the schema has the name of a field whose alias is a path.
        value: _T = self._adapter.validate_json(content, by_name=True)
        return value

    def unwrapped(self, data: object) -> Any:
        """Return the value in JSON data that may be a part of the answer."""
        if not self.is_wrapped or not is_object(data):
            return data
        return data.get(_KEY) if data.keys() <= {_KEY} else data


def type_adapter(form: Any, argument: str = "text_format") -> TypeAdapter[Any]:
    """Return the adapter of a type; `argument` is the name of the user's argument.

    Raises:
        RequestValidationError: It is not a type, or pydantic cannot read it.
    """
    if _is_adapter(form):
        return form
    # pydantic would take a string for the name of a type, and a mapping for a core schema.
    if form is None or isinstance(form, str) or is_mapping(form) or not_given_advice(type(form).__name__):
        raise RequestValidationError([field_error(argument, _A_TYPE, form)])
    try:
        with first_build:
            validate_first()
            adapter = TypeAdapter(form)
            adapter.rebuild(
                raise_errors=False
            )  # of a deferred type, which would be built where it is first read
            return adapter
    except _NO_SCHEMA as error:
        raise _unreadable(form, error, argument) from error


def _is_adapter(form: object) -> TypeGuard[TypeAdapter[Any]]:
    return isinstance(form, TypeAdapter)


def output_type(form: AnyForm[_T]) -> OutputType[_T]:
    """Return the output type of a type; it is cached, since it takes long to build.

    Raises:
        RequestValidationError: It is not a type, or pydantic cannot read it.
    """
    try:
        hash(form)
    except TypeError:  # such as `Annotated` with a dict
        return OutputType(form)
    key: Any = form  # no checker sees that it can be hashed
    cached: OutputType[_T] = _cached(key)
    return cached


@lru_cache(_MAX_CACHED_TYPES)
def _cached(form: Any) -> OutputType[Any]:
    return OutputType(form)


@public
def text_format(form: AnyForm[Any]) -> TextFormatJsonSchemaParam:
    """Return the format that asks for a type, with its strict schema: `text={"format": text_format(City)}`.

    `responses.parse` and `responses.stream` add it automatically. Use it for other requests: `batch_line`, WebSocket
    sessions, other clients. `response.parse(City)` reads the answer.

    Raises:
        RequestValidationError: It is not a type, or no strict schema can express it.
    """
    try:
        return deepcopy(output_type(form).format)
    except RequestValidationError as error:
        raise RequestValidationError(error.errors, outcome="The format was not made") from error.__cause__


def with_format(params: Mapping[str, object], wanted: OutputType[Any]) -> dict[str, object]:
    """Return the arguments of a request with the format of a type added to `text`.

    Raises:
        RequestValidationError: The arguments have a format, or no strict schema can express the type.
    """
    text, extra = (plain_data(params.get(name)) for name in ("text", "extra_body"))
    to_dict = getattr(text, "to_dict", None)
    given: object = to_dict() if to_dict else {} if text is None else text
    if not is_mapping(given):
        raise RequestValidationError([field_error("text", "an object", given)])
    replaces = isinstance(extra, Mapping) and "text" in extra
    if replaces or given.get("format") is not None:
        path = "extra_body.text" if replaces else "text.format"
        message = "cannot be combined with text_format, which sets the format; pass one of the two"
        raise RequestValidationError([field_error(path, "no format", None, message=message)])
    return {**params, "text": {**given, "format": wanted.format}}


def check_whole(params: Mapping[str, object]) -> None:
    """Refuse the arguments of a stream where the whole answer is returned.

    Raises:
        RequestValidationError: They have `stream`.
    """
    if params.get("stream"):
        message = "cannot be combined with parse, which returns a whole answer; use responses.stream(text_format=...)"
        raise RequestValidationError([field_error("stream", "nothing", params["stream"], message=message)])


def _unreadable(form: object, error: Exception, argument: str = "text_format") -> RequestValidationError:
    reason = one_line(str(error).partition("\n\nFor further")[0], MAX_BODY_CHARS)
    message = f"pydantic cannot take {type_label(form)}: {reason}"
    return RequestValidationError(
        [FieldError(path=argument, message=message, expected=_A_TYPE, value_type=type(form).__name__)]
    )


def type_label(form: object) -> str:
    """Return the name of a type for messages, without its module."""
    if _is_adapter(form):
        return repr(form).removeprefix("TypeAdapter(").removesuffix(")")
    if get_origin(form) is Annotated:
        return type_label(get_args(form)[0])
    if isinstance(form, type) and not get_args(form):
        return form.__name__
    plain = re.sub(r"<([\w.]+): [^<>]*>", r"\1", str(form))  # as members of enums in a Literal are shown
    return re.sub(r"(?:[\w<>]+\.)+", "", plain)
