"""Marks on the fields of models, for values beside the declared type."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypeVar, get_args, get_origin

from pydantic import BaseModel, Field
from pydantic_core import PydanticCustomError, SchemaSerializer
from pydantic_core import core_schema as cs

from ._pydantic_versions import omitted_if
from ._tolerance import HIDDEN, SHOWN, omits_read_only

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler

__all__ = [
    "AS_ANY",
    "EMPTY",
    "NULLS",
    "READ_ONLY",
    "TEXT_OR",
    "TOTAL",
    "Count",
    "Details",
    "Int",
    "Items",
    "Number",
    "Open",
    "Str",
    "Total",
    "is_null",
]

AS_ANY = cs.simple_ser_schema("any")
"""Writes a value by its actual type, since it may be of another than the declared one."""


def _write_by(function: Callable[[Any], object]) -> SchemaSerializer:
    return SchemaSerializer(cs.any_schema(serialization=cs.plain_serializer_function_ser_schema(function)))


class _NullList(list[Any]):
    """An empty list in place of a null; it is written as null again unless something was added."""

    __pydantic_serializer__ = _write_by(lambda value: [*value] or None)


class _NullCount(int):
    """A count in place of a null, which is written as null again."""

    __slots__ = ()
    __pydantic_serializer__ = _write_by(lambda _: None)


class _NullStr(str):
    """An empty string in place of a null, which is written as null again."""

    __slots__ = ()
    __pydantic_serializer__ = _write_by(lambda _: None)


class _NullFields(set[str]):
    """The names of the set fields of an object in place of a null.

    Copies and pickles of an object keep this set, and a field that is set later is added to it.
    """


def _null_object(cls: Callable[[], BaseModel]) -> BaseModel:
    """Return an object without fields in place of a null; it is written as null again unless a field was set."""
    made = cls()
    object.__setattr__(made, "__pydantic_fields_set__", _NullFields())
    return made


def is_null(value: object) -> bool:
    """Whether a value is null, or stands for a null that came."""
    if isinstance(value, BaseModel):
        return isinstance(value.model_fields_set, _NullFields) and not value.model_fields_set
    if isinstance(value, _NullList):
        return not value
    return value is None or isinstance(value, (_NullCount, _NullStr))


def _or_null(
    schema: cs.CoreSchema, empty: Callable[[], object], write: cs.SerSchema = AS_ANY
) -> cs.CoreSchema:
    """Return a schema that also takes null, as an empty value."""
    null = cs.no_info_after_validator_function(lambda _: empty(), cs.none_schema())
    return cs.union_schema([(schema, SHOWN), (null, HIDDEN)], mode="left_to_right", serialization=write)


class _Nulls:
    """Marks a list that some servers send as null; readers get an empty list."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        (item,) = get_args(source)
        return _or_null(cs.list_schema(handler.generate_schema(item), serialization=AS_ANY), _NullList)


class _Int:
    """Marks an integer; a float without a fraction is one, too (`with_whole_floats`), and is written as it came."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        return cs.int_schema(strict=True, serialization=AS_ANY)


class _Count:
    """Marks an integer that some servers send as null; readers get 0."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        return _or_null(cs.int_schema(strict=True), _NullCount)


class _Total:
    """Marks the sum of `input_tokens` and `output_tokens`; in place of a null, readers get that sum."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        def add(_: None, info: cs.ValidationInfo) -> int:
            return _NullCount(_tokens_of(info.data))

        null = cs.with_info_after_validator_function(add, cs.none_schema())
        whole = cs.int_schema(strict=True)
        return cs.union_schema([(whole, SHOWN), (null, HIDDEN)], mode="left_to_right", serialization=AS_ANY)


def _tokens_of(data: dict[str, Any]) -> int:
    total: int = data.get("input_tokens", 0) + data.get("output_tokens", 0)
    return total


class _StrOrNull:
    """Marks a string that some servers send as null; readers get an empty one."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        return _or_null(cs.str_schema(strict=True), _NullStr)


class _ObjectOrNull:
    """Marks an object that some servers send as null; readers get one without fields."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        def write(value: object) -> object:
            return None if is_null(value) else value

        as_it_came = cs.plain_serializer_function_ser_schema(write)
        return _or_null(handler(source), lambda: _null_object(source), as_it_came)


class _AnyText:
    """Marks a string with known values; any other string is accepted, too."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        return cs.str_schema(strict=True)


class _IntOrFloat:
    """Marks a number; integers stay integers, so that they are written as they came."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        whole, real = cs.int_schema(strict=True), cs.float_schema(strict=True)
        return cs.union_schema([(whole, HIDDEN), (real, SHOWN)], mode="left_to_right", serialization=AS_ANY)


class _TextOr:
    """Marks a field that takes a string or one structured form, with one error for both.

    A plain union would report the errors of both branches, which would leave the reader to guess which one was meant.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        (other,) = (kind for kind in get_args(source) if kind is not str and get_origin(kind) is not Literal)
        is_list = get_origin(other) is list
        message = f"Input should be a string or {'a list' if is_list else 'an object'}"
        wanted = (list, tuple) if is_list else (dict, BaseModel)

        def validate(value: object, validate_other: cs.ValidatorFunctionWrapHandler) -> object:
            if isinstance(value, str):
                return value
            if not isinstance(value, wanted):
                raise PydanticCustomError("text_or", message)
            return validate_other(value)

        return cs.no_info_wrap_validator_function(
            validate, handler.generate_schema(other), serialization=AS_ANY
        )


NULLS = _Nulls()
TEXT_OR = _TextOr()
_T = TypeVar("_T")
Items = Annotated[list[_T], NULLS]
Int = Annotated[int, _Int()]
Count = Annotated[int, _Count()]
Total = Annotated[int, _Total()]
Str = Annotated[str, _StrOrNull()]
Details = Annotated[_T, _ObjectOrNull()]
if TYPE_CHECKING:
    Open: TypeAlias = _T | str
else:
    _TEXT = Annotated[str, _AnyText()]

    class Open:
        """A string with known values, which only type checkers see: unions of literals would slow down the import."""

        def __class_getitem__(cls, known):
            return _TEXT


# Not `list`: pydantic would parse its signature to find out which arguments it takes, which takes 5 ms.
EMPTY: Any = Field(default_factory=lambda: [])
TOTAL: Any = Field(default_factory=lambda data: _tokens_of(data))
READ_ONLY: Any = omitted_if(omits_read_only)
"""Marks a field that only servers set, and may refuse in requests; see `omit_read_only`."""
Number = Annotated[float, _IntOrFloat()]
