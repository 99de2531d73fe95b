"""Values in place of those that did not come, or came in another form.

A model holds them and writes them as they came, in `to_dict`, `to_json` and wherever unset fields are left out; its
attributes are plain numbers and strings. In all else, such as `model_dump`, they are written as what readers get.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, SupportsIndex

from pydantic import BaseModel
from pydantic_core import SchemaSerializer
from pydantic_core import core_schema as cs

from .._base.json_types import is_array

__all__ = [
    "OBJECT_AS_IT_CAME",
    "TOTAL_OF_NOW",
    "NullCount",
    "NullList",
    "NullStr",
    "WholeFloat",
    "hold_plain",
    "is_null",
    "null_object",
    "sum_of_tokens",
    "watch_fields",
]


def _write(value: Any, info: cs.SerializationInfo) -> Any:
    return value.as_it_came() if _is_written_as_it_came(value, info) else value.plain()


def _is_written_as_it_came(value: object, info: cs.SerializationInfo) -> bool:
    # Users who leave out nulls do not want one that came either.
    return bool(info.exclude_unset) and not (info.exclude_none and is_null(value))


_SERIALIZER = SchemaSerializer(
    cs.any_schema(serialization=cs.plain_serializer_function_ser_schema(_write, info_arg=True))
)


class NullCount(int):
    """A count in place of a null."""

    __slots__ = ()
    __pydantic_serializer__ = _SERIALIZER

    def plain(self) -> int:
        """Return the value for readers."""
        return int(self)

    def as_it_came(self) -> None:
        """Return the value to write."""


class NullStr(str):
    """An empty string in place of a null."""

    __slots__ = ()
    __pydantic_serializer__ = _SERIALIZER

    def plain(self) -> str:
        """Return the value for readers."""
        return str(self)

    def as_it_came(self) -> None:
        """Return the value to write."""


class NullList(list[Any]):
    """An empty list in place of a null; it is null no more when something was added."""

    __slots__ = ()
    __pydantic_serializer__ = _SERIALIZER

    def plain(self) -> list[Any]:
        """Return the value for readers."""
        return [*self]

    def as_it_came(self) -> list[Any] | None:
        """Return the value to write."""
        return [*self] or None


class WholeFloat(int):
    """An integer that came as a float (`512.0`)."""

    __slots__ = ()
    __pydantic_serializer__ = _SERIALIZER

    def plain(self) -> int:
        """Return the value for readers."""
        return int(self)

    def as_it_came(self) -> float:
        """Return the value to write."""
        return float(self)


class _Sum(int):
    """A total that did not come: the sum of the other counts."""

    __slots__ = ()


class _NullFields(set[str]):
    """The names of the set fields of an object in place of a null.

    Copies and pickles of an object keep this set, and a field that is set later is added to it.
    """

    __slots__ = ()


def null_object(cls: Callable[[], BaseModel]) -> BaseModel:
    """Return an object without fields in place of a null; it is null no more when a field was set."""
    made = cls()
    object.__setattr__(made, "__pydantic_fields_set__", _NullFields())
    return made


def is_null(value: object) -> bool:
    """Whether a value is null, or stands for a null that came."""
    if isinstance(value, BaseModel):
        fields_set = value.model_fields_set
        return isinstance(fields_set, _NullFields) and not fields_set
    if isinstance(value, NullList):
        return not value
    return value is None or isinstance(value, (NullCount, NullStr))


def _object_as_it_came(value: Any, info: cs.SerializationInfo) -> Any:
    return None if is_null(value) and _is_written_as_it_came(value, info) else value


def _total_of_now(model: Any, value: Any) -> Any:
    return type(value)(sum_of_tokens(model.__dict__)) if isinstance(value, (_Sum, NullCount)) else value


OBJECT_AS_IT_CAME = cs.plain_serializer_function_ser_schema(_object_as_it_came, info_arg=True)
TOTAL_OF_NOW = cs.plain_serializer_function_ser_schema(_total_of_now, is_field_serializer=True)


class _DefaultList(list[Any]):
    """A list that did not come; adding something sets its field. Copies and pickles are plain lists."""

    __slots__ = ("_field", "_fields_set")

    def set_owner(self, fields_set: set[str], field: str) -> None:
        self._fields_set, self._field = fields_set, field

    def append(self, value: Any, /) -> None:
        super().append(value)
        self._fields_set.add(self._field)

    def extend(self, values: Iterable[Any], /) -> None:
        super().extend(values)
        self._fields_set.add(self._field)

    def insert(self, index: SupportsIndex, value: Any, /) -> None:
        super().insert(index, value)
        self._fields_set.add(self._field)

    def __setitem__(self, index: Any, value: Any, /) -> None:
        super().__setitem__(index, value)
        self._fields_set.add(self._field)

    def __iadd__(self, values: Iterable[Any], /) -> _DefaultList:  # type: ignore[misc]  # unlike `+`, it takes any iterable, as that of a list does
        self.extend(values)
        return self

    def __reduce__(self) -> Any:
        return list, ([*self],)


class _DefaultFields(set[str]):
    """The names of the set fields of an object that did not come; setting one sets the field of the object as well."""

    __slots__ = ("_field", "_fields_set")

    def set_owner(self, fields_set: set[str], field: str) -> None:
        self._fields_set, self._field = fields_set, field

    def add(self, name: str, /) -> None:
        super().add(name)
        self._fields_set.add(self._field)

    def __reduce__(self) -> Any:
        return set, ([*self],)


class _Field:
    """The attribute of a field, in place of the entry of the instance alone."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, model: Any, cls: type) -> Any:
        if model is None or self.name not in model.__dict__:
            raise AttributeError(self.name)  # as if the class had none, like other fields
        return self.read(model, model.__dict__[self.name])

    def __set__(self, model: Any, value: object) -> None:
        model.__dict__[self.name] = value

    def __delete__(self, model: Any) -> None:
        del model.__dict__[self.name]

    def read(self, model: Any, value: Any) -> Any:
        """Return the value for readers."""
        return value.plain() if isinstance(value, (NullCount, NullStr, WholeFloat)) else value


class _Default(_Field):
    """A field with a default that can be changed in place, which sets the field.

    A default learns where it belongs when it is first asked for, so that reading the object costs no more.
    """

    __slots__ = ()

    def read(self, model: Any, value: Any) -> Any:
        fields_set: set[str] = model.__pydantic_fields_set__
        if self.name in fields_set:
            return value
        if isinstance(value, BaseModel):
            fields: Any = value.__pydantic_fields_set__
            if not isinstance(fields, _DefaultFields):
                fields = _DefaultFields(fields)
                object.__setattr__(value, "__pydantic_fields_set__", fields)
            fields.set_owner(fields_set, self.name)
        elif is_array(value):
            if not isinstance(value, _DefaultList):
                value = model.__dict__[self.name] = _DefaultList(value)
            value.set_owner(fields_set, self.name)
        return value


class _Total(_Field):
    """The field of a total, which follows the other counts unless a total came."""

    __slots__ = ()

    def read(self, model: Any, value: Any) -> Any:
        value = _total_of_now(model, value)
        return int(value) if isinstance(value, _Sum) else super().read(model, value)


def sum_of_tokens(data: dict[str, Any]) -> int:
    """Return the sum of the counts of an object."""
    counts = (data.get("input_tokens"), data.get("output_tokens"))
    return _Sum(sum(count for count in counts if isinstance(count, int)))


def watch_fields(cls: type[BaseModel]) -> None:
    """Give a class the attributes of its fields that may hold a stand-in, or a default that can be changed."""
    for name, field in cls.__pydantic_fields__.items():
        if field.default_factory is not None:
            setattr(cls, name, (_Total if field.default_factory is sum_of_tokens else _Default)(name))
        elif any(getattr(mark, "takes_null", False) for mark in field.metadata):
            setattr(cls, name, _Field(name))


def hold_plain(model: BaseModel, name: str) -> None:
    """Let readers of a field, which holds a whole float, get a plain integer.

    The class gets the attribute now, because such numbers are rare, and positions are read in every event.
    """
    cls = type(model)
    if not any(isinstance(vars(base).get(name), _Field) for base in cls.__mro__):
        setattr(cls, name, _Field(name))
