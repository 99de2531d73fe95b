"""The classes of what fits no known class, loaded when the first such object comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from pydantic_core import core_schema as cs

from ..errors import ResponseValidationError
from ._base import JsonObject, Result, StrictInt, Unknown

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler

__all__ = [
    "UnknownAnnotation",
    "UnknownContent",
    "UnknownEvent",
    "UnknownItem",
    "UnknownModel",
    "UnknownObject",
    "UnknownTool",
    "UnknownWebhookEvent",
]


class UnknownModel(Result, Unknown):
    """An object of a type this version does not know, or a malformed one of a type it knows.

    All its data is kept: as attributes, in `to_dict()`, and in `model_extra`. A member of a list that is
    no object at all, such as a null, is kept too; it has no attributes and is written as it came.
    """

    __slots__ = ("_error",)
    carried: ClassVar[tuple[str, ...]] = ("_meta", "_error")

    type: str | None = None
    """The tag as the server sent it."""

    _no_object: tuple[object, ...] = ()

    @property
    def validation_error(self) -> ResponseValidationError | None:
        """Why the object does not fit the class of its type; None if the type is not known."""
        return cast("ResponseValidationError | None", getattr(self, "_error", None))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        schema = super().__get_pydantic_core_schema__(source, handler)
        written = cs.wrap_serializer_function_ser_schema(cls._as_it_came)
        return cast("cs.CoreSchema", {"serialization": written, **schema})

    @staticmethod
    def _as_it_came(unknown: UnknownModel, write: Callable[[UnknownModel], object]) -> object:
        return unknown._no_object[0] if unknown._no_object else write(unknown)

    @classmethod
    def holding(cls, value: object) -> Self:
        """Wrap what is no object."""
        unknown = cls()
        unknown._no_object = (value,)
        return unknown


class UnknownEvent(UnknownModel):
    """A stream event that fits no known class."""

    sequence_number: StrictInt | None = None
    """Position of the event in its stream."""


class UnknownItem(UnknownModel):
    """An input or output item that fits no known class."""

    id: str | None = None
    """Identifier of the item."""


class UnknownContent(UnknownModel):
    """A content part that fits no known class."""


class UnknownAnnotation(UnknownModel):
    """An annotation that fits no known class."""


class UnknownTool(UnknownModel):
    """A tool that fits no known class."""


class UnknownWebhookEvent(UnknownModel):
    """A webhook's event that fits no known class."""

    id: str | None = None
    """Identifier of the event."""
    created_at: StrictInt | None = None
    """When it happened, in Unix seconds."""
    data: JsonObject | None = None
    """What it is about; most events have an `id` here."""


class UnknownObject(UnknownModel):
    """A member of any other union that fits no known class."""
