"""What text is to be read as: a type, the format that asks the model for it, the way from text to value; no I/O."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from copy import deepcopy
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeAlias, TypeVar, cast, get_args, get_origin

from pydantic import PydanticUndefinedAnnotation, PydanticUserError, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind
from pydantic_core import SchemaError, from_json, to_json

from .._base.field_errors import FieldError, field_error
from .._base.messages import MAX_BODY_CHARS, one_line
from ..errors import RequestValidationError
from .strict_schema import is_object, strict_schema

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core.core_schema import NamedTupleSchema
    from typing_extensions import TypeForm

    from ..models import TextFormatJsonSchemaParam

__all__ = [
    "AnyForm",
    "OutputType",
    "output_type",
    "partial_json",
    "schema_of",
    "text_format",
    "whole_with_format",
    "with_format",
]

_T = TypeVar("_T")
AnyForm: TypeAlias = "type[_T] | TypeAdapter[_T] | TypeForm[_T]"
"""What tells a type."""

_KEY = "value"
"""Where a value stands that is no object, since the API wants an object at the root."""
_KEPT_TYPES = 256
_LONGEST_NAME = 64
_A_TYPE = "a type: a pydantic model, a dataclass, a TypedDict, list[int], or a TypeAdapter of it"
_NO_SCHEMA = (PydanticUserError, PydanticUndefinedAnnotation, SchemaError)
_NUMBER_ENDS = tuple("+-.0123456789Ee")


class _Fields(GenerateJsonSchema):
    """Describes named tuples as objects, which pydantic reads too, and which strict schemas can express."""

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012  # as the base has it

    def field_title_should_be_set(self, schema: object) -> bool:
        """Leave out titles that only repeat the names of fields."""
        return False

    def named_tuple_schema(self, schema: NamedTupleSchema) -> JsonSchemaValue:
        values: list[object] = super().named_tuple_schema(schema).get("prefixItems", [])
        names = [_field_name(field["name"], field.get("validation_alias")) for field in schema["fields"]]
        made: dict[str, Any] = {"type": "object", "title": schema["cls"].__name__}
        doc = inspect.getdoc(schema["cls"])
        if doc and not doc.startswith(f"{made['title']}("):  # which Python writes itself
            made["description"] = doc
        return {**made, "properties": dict(zip(names, values, strict=True))}


def _field_name(name: str, alias: object) -> str:
    return alias if isinstance(alias, str) else name


def schema_of(adapter: TypeAdapter[Any]) -> dict[str, Any]:
    """Return the JSON Schema of what a type is read from; `strict_schema` makes it strict.

    Raises:
        PydanticUserError: The type has none.
    """
    return adapter.json_schema(schema_generator=_Fields)


class OutputType(Generic[_T]):
    """A type that text is read as.

    Attributes:
        form: The type or adapter that the user gave.
        label: What it is called in texts.

    Raises:
        RequestValidationError: It is no type, or none that pydantic can read.
    """

    def __init__(self, form: AnyForm[_T]) -> None:
        self.form = form
        self.label = _label(form)
        self._adapter = _adapter(form)

    def __reduce__(self) -> tuple[Any, ...]:
        return output_type, (self.form,)

    @cached_property
    def _schema(self) -> dict[str, Any]:
        try:
            return schema_of(self._adapter)
        except _NO_SCHEMA as error:
            raise _unreadable(self.form, error) from error

    @cached_property
    def is_wrapped(self) -> bool:
        """Whether the value is asked for inside of an object."""
        try:
            return not is_object(self._schema)
        except RequestValidationError:  # it can be read all the same
            return False

    @cached_property
    def format(self) -> TextFormatJsonSchemaParam:
        """What asks for the type: the field `text.format` of a request.

        Raises:
            RequestValidationError: No strict schema can express the type.
        """
        schema = strict_schema(self._schema, "text_format", key=_KEY if self.is_wrapped else None)
        name = re.sub(r"[^a-zA-Z0-9_-]+", "_", self.label)[:_LONGEST_NAME].strip("_")
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
        """Turn text into a value.

        Raises:
            ValidationError: The text is no JSON, or no such value.
        """
        content = text.encode("utf-8", "surrogatepass")
        if self.is_wrapped:
            try:
                data: object = from_json(content)
            except ValueError:
                data = None  # what is wrong is found below
            if isinstance(data, dict) and data.keys() == {_KEY}:
                content = to_json(cast("dict[str, Any]", data)[_KEY], inf_nan_mode="constants")
        # By name, too: schemas have it where the alias of a field is a path.
        return cast("_T", self._adapter.validate_json(content, by_name=True))

    def read_partial(self, text: str) -> Any:
        """Return JSON data of what has come of a text; None if that is nothing yet, or no JSON."""
        data = partial_json(text)
        if not self.is_wrapped or not isinstance(data, dict):
            return data
        fields = cast("dict[str, Any]", data)
        return fields.get(_KEY) if fields.keys() <= {_KEY} else fields


def _adapter(form: Any) -> TypeAdapter[Any]:
    if type(cast("object", form)) is TypeAdapter:
        return cast("TypeAdapter[Any]", form)
    if form is None or isinstance(form, (str, Mapping)):
        raise RequestValidationError([field_error("text_format", _A_TYPE, cast("object", form))])
    try:
        return TypeAdapter(form)
    except _NO_SCHEMA as error:
        raise _unreadable(form, error) from error


def output_type(form: AnyForm[_T]) -> OutputType[_T]:
    """Return what is made of a type; it is kept for the next time, since it takes long to make.

    Raises:
        RequestValidationError: It is no type, or none that pydantic can read.
    """
    try:
        hash(form)
    except TypeError:  # say, of `Annotated` with a dict
        return OutputType(form)
    return cast("OutputType[_T]", _kept(cast("Any", form)))


@lru_cache(_KEPT_TYPES)
def _kept(form: Any) -> OutputType[Any]:
    return OutputType(form)


def text_format(form: AnyForm[Any]) -> TextFormatJsonSchemaParam:
    """Return the format that asks for a type, `text={"format": text_format(City)}`: with it goes a strict schema.

    For requests that are not sent by `responses.parse` or `responses.stream`, which make it by themselves:
    `batch_line`, WebSocket sessions, other clients. `response.parse(City)` reads the answer.

    Raises:
        RequestValidationError: No strict schema can express the type.
    """
    return deepcopy(output_type(form).format)


def with_format(params: Mapping[str, object], wanted: OutputType[Any]) -> dict[str, object]:
    """Return the arguments of a request with the format of a type among them.

    Raises:
        RequestValidationError: They have a format already, or the type can have none.
    """
    text, extra = params.get("text"), params.get("extra_body")
    to_dict = getattr(text, "to_dict", None)
    given: object = to_dict() if to_dict else {} if text is None else text
    if not isinstance(given, Mapping):
        raise RequestValidationError([field_error("text", "an object", given)])
    settings = cast("Mapping[str, object]", given)
    replaces = isinstance(extra, Mapping) and "text" in extra
    if replaces or settings.get("format") is not None:
        path = "extra_body.text" if replaces else "text.format"
        message = "cannot be combined with text_format, which makes a format of its own; pass one of the two"
        raise RequestValidationError([field_error(path, "no format", None, message=message)])
    return {**params, "text": {**settings, "format": wanted.format}}


def whole_with_format(params: Mapping[str, object], wanted: OutputType[Any]) -> dict[str, object]:
    """Return the arguments of a request for a whole answer; see `with_format`."""
    if params.get("stream"):
        message = "does not go with parse, whose answer is whole; use responses.stream(text_format=...)"
        raise RequestValidationError([field_error("stream", "nothing", params["stream"], message=message)])
    return with_format(params, wanted)


def partial_json(text: str) -> Any:
    """Return JSON data of the start of a text: half a string at its end is kept, half a number is not."""
    data = _start_of(text)
    if not text.endswith(_NUMBER_ENDS) or text.endswith(("true", "false")):
        return data
    if data != _start_of(text, False):  # the end is inside of a string
        return data
    return _start_of(text.rstrip("".join(_NUMBER_ENDS)))


def _start_of(text: str, has_half_strings: bool = True) -> Any:
    try:
        return from_json(text, allow_partial="trailing-strings" if has_half_strings else "on")
    except ValueError:
        return None


def _unreadable(form: object, error: Exception) -> RequestValidationError:
    reason = one_line(str(error).partition("\n\nFor further")[0], MAX_BODY_CHARS)
    message = f"pydantic cannot take {_label(form)}: {reason}"
    return RequestValidationError(
        [FieldError(path="text_format", message=message, expected=_A_TYPE, value_type=type(form).__name__)]
    )


def _label(form: object) -> str:
    if isinstance(form, TypeAdapter):
        return repr(cast("object", form)).removeprefix("TypeAdapter(").removesuffix(")")
    if get_origin(form) is Annotated:
        return _label(get_args(form)[0])
    if isinstance(form, type) and not get_args(form):
        return form.__name__
    return re.sub(r"(?:[\w<>]+\.)+", "", str(form))
