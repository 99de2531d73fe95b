"""Marks on the fields of models, for values beside the declared type."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypeVar, get_args, get_origin

from pydantic import BaseModel, Field
from pydantic_core import PydanticCustomError
from pydantic_core import core_schema as cs

from ._pydantic_versions import omitted_if
from ._stand_ins import (
    OBJECT_AS_IT_CAME,
    TOTAL_OF_NOW,
    NullCount,
    NullList,
    NullStr,
    null_object,
    sum_of_tokens,
)
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
]

AS_ANY = cs.simple_ser_schema("any")
"""Writes a value by its actual type, since it may be of another than the declared one."""


def _or_null(
    schema: cs.CoreSchema, empty: Callable[[], object], write: cs.SerSchema = AS_ANY, error: str | None = None
) -> cs.CoreSchema:
    """Return a schema that also takes null, as an empty value.

    With the type of an error, there is one error for both, as if there was no null; errors inside of lists and objects
    have labels in their places instead.
    """
    null = cs.no_info_after_validator_function(lambda _: empty(), cs.none_schema())
    return cs.union_schema(
        [(schema, SHOWN), (null, HIDDEN)], mode="left_to_right", custom_error_type=error, serialization=write
    )


class _Nulls:
    """Marks a list that some servers send as null; readers get an empty list."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        (item,) = get_args(source)
        return _or_null(cs.list_schema(handler.generate_schema(item), serialization=AS_ANY), NullList)


class _Int:
    """Marks an integer; a float without a fraction is one, too (`with_whole_floats`), and is written as it came."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        return cs.int_schema(strict=True, serialization=AS_ANY)


class _Count:
    """Marks an integer that some servers send as null; readers get 0."""

    takes_null = True

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        return _or_null(cs.int_schema(strict=True), NullCount, error="int_type")


class _Total:
    """Marks the sum of `input_tokens` and `output_tokens`; in place of a null, readers get that sum."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        null = cs.with_info_after_validator_function(
            lambda _, info: NullCount(sum_of_tokens(info.data)), cs.none_schema()
        )
        return cs.union_schema(
            [cs.int_schema(strict=True), null],
            mode="left_to_right",
            custom_error_type="int_type",
            serialization=TOTAL_OF_NOW,
        )


class _StrOrNull:
    """Marks a string that some servers send as null; readers get an empty one."""

    takes_null = True

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        return _or_null(cs.str_schema(strict=True), NullStr, error="string_type")


class _ObjectOrNull:
    """Marks an object that some servers send as null; readers get one without fields."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        return _or_null(handler(source), lambda: null_object(source), OBJECT_AS_IT_CAME)


class _AnyText:
    """Marks a string with known values; any other string is accepted, too."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        return cs.str_schema(strict=True)


class _IntOrFloat:
    """Marks a number; integers stay integers, so that they are written as they came."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        kinds: list[Any] = [cs.int_schema(strict=True), cs.float_schema(strict=True)]
        return cs.union_schema(
            kinds, mode="left_to_right", custom_error_type="float_type", serialization=AS_ANY
        )


class _TextOr:
    """Marks a field that takes a string or one structured form, with one error for both.

    A plain union would report the errors of both branches, which would leave the reader to guess which one was meant.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        (other,) = (kind for kind in get_args(source) if kind is not str and get_origin(kind) is not Literal)
        bare = get_args(other)[0] if get_origin(other) is Annotated else other  # a list may have bounds
        is_list = get_origin(bare) is list
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
TOTAL: Any = Field(default_factory=sum_of_tokens)
READ_ONLY: Any = omitted_if(omits_read_only)
"""Marks a field that only servers set, and may refuse in requests; see `omit_read_only`."""
Number = Annotated[float, _IntOrFloat()]
