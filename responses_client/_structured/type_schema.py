"""The JSON Schema of a type as pydantic reads it, with the descriptions that people write; no I/O."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, Flag
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    TypeGuard,
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

from .._base.json_types import is_array, is_object
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
    if _is_alias(hint):
        text = _text_of(_metadata(hint))
        return Annotated[hint, Field(description=text)] if text else hint
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
    return Union[inner] if origin in (Union, UnionType) else cast("Any", origin)[inner]  # noqa: UP007  # the types are known only at run time


class _Generator(GenerateJsonSchema):
    """The generator of pydantic, with schemas that describe exactly the readable values.

    Named tuples are described as objects, which pydantic accepts as well, and which strict schemas can express.
    """

    _is_converted = False
    """Whether a validator that may turn any data into the value stands around the schema."""

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012  # pydantic declares it so

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._unreadable: dict[str, PydanticUserError] = {}
        self._definitions: frozenset[str] = frozenset()
        self._read_refs: set[str] = set()

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
        self._check_readable(schema, "Literal", values, values)
        return super().literal_schema(schema)

    @override
    def enum_schema(self, schema: cs.EnumSchema) -> JsonSchemaValue:
        made = super().enum_schema(schema)
        kind: type[Enum] = schema["cls"]
        if not issubclass(kind, Flag):
            members: list[Enum] = schema["members"]
            self._check_readable(schema, kind.__name__, members, [member.value for member in members])
            return made
        flags = {str(flag.name): int(flag.value) for flag in kind}
        made.pop("enum")
        listed = ", ".join(f"{value} = {name}" for name, value in flags.items())
        comment = {"$comment": f"the sum of any of {listed}"}
        return {**made, "type": "integer", **comment, **_flag_values([*flags.values()])}

    def _check_readable(
        self,
        schema: cs.LiteralSchema | cs.EnumSchema,
        label: str,
        values: Iterable[object],
        data: Iterable[object],
    ) -> None:
        """Raise an error if a value that a schema lists is not accepted as JSON.

        pydantic compares the JSON data with the value itself, to which a member of a plain Enum or a date is never
        equal, unless a validator converts the data before.

        Raises:
            PydanticUserError: A value is not accepted. A `PydanticInvalidForJsonSchema` would only remove the choice
                from a union.
        """
        if self._is_converted:
            return
        validator = SchemaValidator(schema)
        for value, plain in zip(values, data, strict=True):
            shown = to_jsonable_python(plain.value if isinstance(plain, Enum) else plain)
            try:
                validator.validate_json(to_json(shown))
            except ValidationError:
                text = f"{label} has the value {value}, which pydantic cannot read from JSON"
                error = PydanticUserError(f"{text}; make it a string or a number, or a StrEnum", code=None)
                ref = schema.get("ref", "")
                if ref not in self._definitions:
                    raise error from None
                self._unreadable[ref] = error  # validators may stand around each reference to it
                return

    def _generate_converted(
        self, generate: Callable[[Any], JsonSchemaValue], schema: object
    ) -> JsonSchemaValue:
        outer, self._is_converted = self._is_converted, True
        try:
            return generate(schema)
        finally:
            self._is_converted = outer

    @override
    def function_before_schema(self, schema: cs.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        return self._generate_converted(super().function_before_schema, schema)

    @override
    def function_wrap_schema(self, schema: cs.WrapValidatorFunctionSchema) -> JsonSchemaValue:
        return self._generate_converted(super().function_wrap_schema, schema)

    @override
    def function_plain_schema(self, schema: cs.PlainValidatorFunctionSchema) -> JsonSchemaValue:
        return self._generate_converted(super().function_plain_schema, schema)

    @override
    def definition_ref_schema(self, schema: cs.DefinitionReferenceSchema) -> JsonSchemaValue:
        if not self._is_converted:
            self._read_refs.add(schema["schema_ref"])
        return super().definition_ref_schema(schema)

    @override
    def definitions_schema(self, schema: cs.DefinitionsSchema) -> JsonSchemaValue:
        self._definitions |= {str(each.get("ref")) for each in schema["definitions"]}
        made = super().definitions_schema(schema)
        for ref, error in self._unreadable.items():
            if ref in self._read_refs:
                raise error
        return made

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
    for name, hint in _hints_of_fields(cls).items():
        metadata = _metadata(hint)
        fields = [item for item in metadata if isinstance(item, FieldInfo)]
        alias = next((field.validation_alias for field in reversed(fields) if field.validation_alias), None)
        shown = _property_name(name, alias)
        if shown in properties:
            text = "" if any(field.description for field in fields) else _text_of(metadata)
            properties[shown] = _described_as(text, _with_inner_texts(properties[shown], hint))
    return schema


def _with_inner_texts(schema: Any, hint: Any) -> Any:
    """Return the schema of a type with the plain strings inside the type, such as `list[Annotated[int, "..."]]`."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated or origin in _QUALIFIERS:
        return _with_inner_texts(schema, arguments[0])
    if not arguments or not is_object(schema):
        return schema
    if origin in (Union, UnionType):
        is_optional = len(_without_null(arguments)) == 1  # a string then describes the whole
        return _with_branches(schema, "anyOf", arguments, _with_inner_texts if is_optional else _told)
    made = _with_branches(schema, "prefixItems", arguments, _told)
    for key, inner in (("items", arguments[0]), ("additionalProperties", arguments[-1])):
        if is_object(part := made.get(key)):
            made = {**made, key: _told(part, inner)}
    return made


def _with_branches(
    schema: JsonObject, key: str, hints: tuple[Any, ...], told: Callable[[Any, Any], Any]
) -> JsonObject:
    branches: object = schema.get(key)
    if not is_array(branches) or len(branches) != len(hints):
        return schema
    return {**schema, key: [*map(told, branches, hints)]}


def _told(schema: Any, hint: Any) -> Any:
    return _described_as(_text_of(_metadata(hint)), _with_inner_texts(schema, hint))


def _described_as(text: str, schema: Any) -> Any:
    return {"description": text, **schema} if text else schema


def _hints_of_fields(cls: Any) -> Mapping[str, Any]:
    fields: Mapping[str, FieldInfo] | None = getattr(cls, "__pydantic_fields__", None)
    if fields is not None:  # a model, or a dataclass of pydantic
        return {name: Annotated[(field.annotation, *field.metadata, field)] for name, field in fields.items()}
    try:
        return get_type_hints(cls, include_extras=True)
    except Exception:  # annotations are any expressions; pydantic may know names that are not found here
        return {}


def _metadata(hint: Any) -> list[Any]:
    """Return the metadata of an annotation, also where null is allowed beside the type, and of an alias."""
    if _is_alias(hint):
        return _metadata(hint.__value__)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return [*_metadata(arguments[0]), *arguments[1:]]
    if origin in (Union, UnionType):
        arguments = _without_null(arguments)
    elif origin not in _QUALIFIERS:
        return []
    return _metadata(arguments[0]) if len(arguments) == 1 else []


def _without_null(kinds: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(kind for kind in kinds if kind is not NoneType)


def _is_alias(hint: object) -> TypeGuard[Any]:
    """Whether a hint is a `type` alias; there are two classes of these, of Python 3.12 and of `typing_extensions`."""
    return type(hint).__name__ == "TypeAliasType"


def _text_of(metadata: Iterable[Any]) -> str:
    """Return the last plain string or `Doc`; empty if there is none."""
    texts = [item.documentation if isinstance(item, Doc) else item for item in metadata]
    return next((text for text in reversed(texts) if isinstance(text, str)), "")


def _property_name(name: str, alias: object) -> str:
    return alias if isinstance(alias, str) else name
