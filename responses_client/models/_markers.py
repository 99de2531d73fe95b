"""Marks on the fields of models, for values beside the declared type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypeVar, get_args, get_origin

from pydantic import BaseModel, Field
from pydantic_core import PydanticCustomError, SchemaSerializer
from pydantic_core import core_schema as cs

from ._pydantic_versions import omitted_if
from ._tolerance import HIDDEN, SHOWN, omits_read_only

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler

__all__ = ["AS_ANY", "EMPTY", "NULLS", "READ_ONLY", "TEXT_OR", "Items", "Number", "Open"]

AS_ANY = cs.simple_ser_schema("any")
"""Writes a value by its actual type, since it may be of another than the declared one."""


class _NullList(list[Any]):
    """An empty list in place of a null; it is written as null again unless something was added."""

    __pydantic_serializer__ = SchemaSerializer(
        cs.any_schema(serialization=cs.plain_serializer_function_ser_schema(lambda value: [*value] or None))
    )


class _Nulls:
    """Marks a list that some servers send as null; readers get an empty list."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        (item,) = get_args(source)
        items = cs.list_schema(handler.generate_schema(item), serialization=AS_ANY)
        null = cs.no_info_after_validator_function(lambda _: _NullList(), cs.none_schema())
        return cs.union_schema([(items, SHOWN), (null, HIDDEN)], mode="left_to_right", serialization=AS_ANY)


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
READ_ONLY: Any = omitted_if(omits_read_only)
"""Marks a field that only servers set, and may refuse in requests; see `omit_read_only`."""
Number = Annotated[float, _IntOrFloat()]
