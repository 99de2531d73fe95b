"""The differences between versions of pydantic that this package works around, each with its reason; pure.

All of them go when the lowest version of pydantic in `pyproject.toml` is the one that ended them. The workarounds are
plain functions, so that tests cover them on each version.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from pydantic import VERSION, BaseModel, Field
from pydantic_core import core_schema as cs

if TYPE_CHECKING:
    from pydantic_core.core_schema import NamedTupleSchema

__all__ = [
    "ModelBase",
    "as_named_tuple",
    "base_that_keeps_mocks",
    "omit_marked",
    "omitted_if",
]

_version = tuple(map(int, VERSION.split(".")[:2]))

# 2.12 brought `Field(exclude_if=...)`.
_HAS_EXCLUDE_IF = _version >= (2, 12)
# From 2.14 on, building a deferred class takes nothing from it before it is done.
_KEEPS_MOCKS = _version >= (2, 14)


def _is_mock(value: object) -> bool:
    return type(value).__module__ == "pydantic._internal._mock_val_ser"


def base_that_keeps_mocks() -> type[BaseModel]:
    """Return a `BaseModel` with classes that keep their mocks while they are built.

    A deferred class has mocks in place of its validator, its serializer and its schema, which build the class when they
    are first used. Before 2.14, `model_rebuild` begins by deleting that of the schema, so that for a while other
    threads find none, or that of a base. (Before 2.11.5 it deleted all of them, and objects got the wrong class.)
    """

    def delete(cls: type, name: str) -> None:
        if not _is_mock(vars(cls).get(name)):
            type.__delattr__(cls, name)

    kind: Any = type("ModelMetaclass", (type(BaseModel),), {"__delattr__": delete})
    made: type[BaseModel] = kind(
        "ModelBase", (BaseModel,), {"__module__": __name__, "__qualname__": "ModelBase"}
    )
    return made


class _OmittedIf:
    """Marks a field that is not written if a condition holds."""

    def __init__(self, condition: Callable[[], bool]) -> None:
        self.condition = condition


def omitted_if(condition: Callable[[], bool], *, is_native: bool = _HAS_EXCLUDE_IF) -> Any:
    """Return the mark of a field that is not written if a condition holds; before 2.12, `omit_marked` carries it out."""
    return Field(exclude_if=lambda _: condition()) if is_native else _OmittedIf(condition)


def omit_marked(cls: type[BaseModel], schema: cs.CoreSchema) -> cs.CoreSchema:
    """Return the schema of a class, which does not write the fields that have a mark of `omitted_if`."""
    conditions = {
        field.serialization_alias or name: mark.condition
        for name, field in cls.__pydantic_fields__.items()
        for mark in field.metadata
        if isinstance(mark, _OmittedIf)
    }
    if not conditions:
        return schema

    def write(model: object, handler: Callable[[object], dict[str, object]]) -> dict[str, object]:
        data = handler(model)
        return {k: v for k, v in data.items() if k not in conditions or not conditions[k]()}

    return cast("cs.CoreSchema", {**schema, "serialization": cs.wrap_serializer_function_ser_schema(write)})


def as_named_tuple(schema: cs.CallSchema) -> NamedTupleSchema | None:
    """Return the schema of a named tuple, which is a call of its class before 2.14; None for other calls."""
    made: Any = schema["function"]
    if not isinstance(made, type) or tuple not in made.__mro__ or not hasattr(cast("Any", made), "_fields"):
        return None
    parameters: Any = schema["arguments_schema"].get("arguments_schema", [])
    fields: list[Any] = [
        {"name": each["name"], "schema": each["schema"], "validation_alias": each.get("alias")}
        for each in parameters
    ]
    return cast("NamedTupleSchema", {"type": "named-tuple", "cls": made, "fields": fields})


if TYPE_CHECKING:
    ModelBase = BaseModel
else:
    ModelBase = BaseModel if _KEEPS_MOCKS else base_that_keeps_mocks()
