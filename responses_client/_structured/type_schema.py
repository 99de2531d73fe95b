"""The JSON Schema of a type as pydantic reads it, with the descriptions that people write; no I/O."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum, Flag
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import Field, PydanticUserError, ValidationError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind
from pydantic_core import SchemaValidator, to_json, to_jsonable_python
from typing_extensions import Doc, ReadOnly, override

from ..models._pydantic_versions import as_named_tuple

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import core_schema as cs

    from .._base.json_types import JsonObject

__all__ = ["described", "schema_of"]

_QUALIFIERS = (Required, NotRequired, ReadOnly)
_DECIMAL = r"^-?\d+(\.\d+)?$"
_NAIVE = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?$"
_MAX_FLAG_VALUES = 256
"""The largest number of values of a `Flag` that a schema lists."""


def schema_of(adapter: TypeAdapter[Any]) -> JsonObject:
    """Return the JSON Schema of a type; `strict_schema` makes it strict.

    Raises:
        PydanticUserError: The type has no schema, or a value that its schema describes could not be read.
    """
    return adapter.json_schema(schema_generator=_Generator)


def described(hint: Any) -> Any:
    """Return a type with the plain strings and `Doc`s of each `Annotated` in it as descriptions."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        base, *metadata = arguments
        text = _text_of(metadata)
        # The first place: pydantic lets later metadata win, and a description in a `Field` is the more explicit one.
        extra = [Field(description=text)] if text else []
        return Annotated[(described(base), *extra, *metadata)]
    inner = arguments if origin is Literal else tuple(map(described, arguments))
    if all(new is old for new, old in zip(inner, arguments, strict=True)):
        return hint
    return Union[inner] if origin in (Union, UnionType) else cast("Any", origin)[inner]  # noqa: UP007  # at run time


class _Generator(GenerateJsonSchema):
    """The generator of pydantic, with schemas that describe exactly what can be read.

    Named tuples are described as objects, which pydantic accepts as well, and which strict schemas can express.
    """

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012  # as the base has it

    @override
    def field_title_should_be_set(self, schema: object) -> bool:
        """Return False: titles would only repeat the names of fields."""
        return False

    @override
    def field_is_present(
        self, field: cs.ModelField | cs.DataclassField | cs.TypedDictField | cs.ComputedField
    ) -> bool:
        """Return whether a value of the field is read; that of a dataclass field with `init=False` would be dropped."""
        return field.get("init") is not False and super().field_is_present(field)

    @override
    def literal_schema(self, schema: cs.LiteralSchema) -> JsonSchemaValue:
        values: list[object] = schema["expected"]
        _check_readable(schema, "Literal", values, values)
        return super().literal_schema(schema)

    @override
    def enum_schema(self, schema: cs.EnumSchema) -> JsonSchemaValue:
        made = super().enum_schema(schema)
        kind: type[Enum] = schema["cls"]
        if not issubclass(kind, Flag):
            members: list[Enum] = schema["members"]
            _check_readable(schema, kind.__name__, members, [member.value for member in members])
            return made
        flags = {str(flag.name): int(flag.value) for flag in kind}
        made.pop("enum")
        listed = ", ".join(f"{value} = {name}" for name, value in flags.items())
        comment = {"$comment": f"the sum of any of {listed}"}
        return {**made, "type": "integer", **comment, **_flag_values([*flags.values()])}

    @override
    def decimal_schema(self, schema: cs.DecimalSchema) -> JsonSchemaValue:
        made = super().decimal_schema(schema)
        for branch in made.get("anyOf", ()):
            if branch.get("type") == "string":
                branch["pattern"] = _DECIMAL
        limits = [
            text.format(schema.get(name))
            for name, text in (("max_digits", "at most {} digits"), ("decimal_places", "{} after the point"))
            if schema.get(name) is not None
        ]
        return {**made, "$comment": ", ".join(limits)} if limits else made

    @override
    def date_schema(self, schema: cs.DateSchema) -> JsonSchemaValue:
        return {**super().date_schema(schema), **_time_comment(schema)}

    @override
    def datetime_schema(self, schema: cs.DatetimeSchema) -> JsonSchemaValue:
        made = {**super().datetime_schema(schema), **_time_comment(schema)}
        if schema.get("tz_constraint") != "naive":
            return made
        # A `date-time` of JSON Schema has a time zone, which pydantic refuses here.
        del made["format"]
        return {**made, "$comment": "ISO 8601, without a time zone", "pattern": _NAIVE}

    @override
    def call_schema(self, schema: cs.CallSchema) -> JsonSchemaValue:
        named_tuple = as_named_tuple(schema)
        return super().call_schema(schema) if named_tuple is None else self.named_tuple_schema(named_tuple)

    @override
    def named_tuple_schema(self, schema: cs.NamedTupleSchema) -> JsonSchemaValue:
        made: dict[str, Any] = {"type": "object", "title": schema["cls"].__name__}
        doc = inspect.getdoc(schema["cls"])
        if doc and not doc.startswith(f"{made['title']}("):  # the docstring that Python generates
            made["description"] = doc
        made["properties"] = {
            _property_name(field["name"], field.get("validation_alias")): self.generate_inner(field["schema"])
            for field in schema["fields"]
        }
        return _with_texts(made, schema["cls"])

    # As pydantic does it from 2.14 on: a name by which no value is read is not shown.
    def _get_alias_name(self, field: Any, name: str) -> str:
        return super()._get_alias_name(field, name) if self._config.validate_by_alias else name

    @override
    def model_schema(self, schema: cs.ModelSchema) -> JsonSchemaValue:
        return _with_texts(super().model_schema(schema), schema["cls"])

    @override
    def dataclass_schema(self, schema: cs.DataclassSchema) -> JsonSchemaValue:
        return _with_texts(super().dataclass_schema(schema), schema["cls"])

    @override
    def typed_dict_schema(self, schema: cs.TypedDictSchema) -> JsonSchemaValue:
        return _with_texts(super().typed_dict_schema(schema), schema.get("cls"))


def _check_readable(
    schema: cs.CoreSchema, label: str, values: Iterable[object], data: Iterable[object]
) -> None:
    """Raise an error if a value that a schema lists is not accepted as JSON.

    pydantic compares the JSON data with the value itself, to which a member of a plain Enum or a date is never equal.

    Raises:
        PydanticUserError: A value is not accepted. A `PydanticInvalidForJsonSchema` would only remove the choice from a
            union.
    """
    validator = SchemaValidator(schema)
    for value, plain in zip(values, data, strict=True):
        shown = to_jsonable_python(plain.value if isinstance(plain, Enum) else plain)
        try:
            validator.validate_json(to_json(shown))
        except ValidationError:
            text = f"{label} has the value {value}, which pydantic cannot read from JSON"
            raise PydanticUserError(
                f"{text}; make it a string or a number, or a StrEnum", code=None
            ) from None


def _time_comment(schema: cs.DateSchema | cs.DatetimeSchema) -> JsonObject:
    when = schema.get("now_op")
    return {"$comment": f"in the {when}"} if when else {}


def _flag_values(flags: list[int]) -> JsonObject:
    """Return the keywords for the sums of flags."""
    total = sum(flags)
    if total + 1 == 2 ** len(flags) or 2 ** len(flags) > _MAX_FLAG_VALUES:
        return {"minimum": 0, "maximum": total}
    sums = {0}
    for flag in flags:
        sums |= {known + flag for known in sums}
    return {"enum": sorted(sums)}


def _with_texts(schema: JsonSchemaValue, cls: type | None) -> JsonSchemaValue:
    """Return the schema of a class with the plain strings of `Annotated` fields as descriptions."""
    properties: dict[str, Any] = schema.get("properties") or {}
    for name, text in _texts(cls):
        if name in properties:
            properties[name] = {"description": text, **properties[name]}
    return schema


def _texts(cls: Any) -> Iterator[tuple[str, str]]:
    """Yield the properties of a class that a plain string describes, with that string."""
    for name, metadata in _metadata_of_fields(cls).items():
        fields = [item for item in metadata if isinstance(item, FieldInfo)]
        text = _text_of(metadata)
        if text and not any(field.description for field in fields):
            alias = next(
                (field.validation_alias for field in reversed(fields) if field.validation_alias), None
            )
            yield _property_name(name, alias), text


def _metadata_of_fields(cls: Any) -> Mapping[str, list[Any]]:
    fields: Mapping[str, FieldInfo] | None = getattr(cls, "__pydantic_fields__", None)
    if fields is not None:  # a model, or a dataclass of pydantic
        return {
            name: [*_metadata(field.annotation), *field.metadata, field] for name, field in fields.items()
        }
    try:
        hints = get_type_hints(cls, include_extras=True)
    except Exception:  # annotations are any expressions; pydantic may know names that are not found here
        return {}
    return {name: _metadata(hint) for name, hint in hints.items()}


def _metadata(hint: Any) -> list[Any]:
    """Return the metadata of an annotation, also where null is allowed beside the type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return [*_metadata(arguments[0]), *arguments[1:]]
    if origin in (Union, UnionType):
        arguments = tuple(each for each in arguments if each is not NoneType)
    elif origin not in _QUALIFIERS:
        return []
    return _metadata(arguments[0]) if len(arguments) == 1 else []


def _text_of(metadata: Iterable[Any]) -> str:
    """Return the last plain string or `Doc`; empty if there is none."""
    texts = [item.documentation if isinstance(item, Doc) else item for item in metadata]
    return next((text for text in reversed(texts) if isinstance(text, str)), "")


def _property_name(name: str, alias: object) -> str:
    return alias if isinstance(alias, str) else name
