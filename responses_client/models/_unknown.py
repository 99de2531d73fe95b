"""The classes for objects that match no known class; loaded when the first such object comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, cast

from pydantic import Field
from pydantic_core import core_schema as cs

from .._base.messages import MAX_BODY_CHARS, one_line
from ..errors import ResponseValidationError
from ._base import Result, Unknown
from ._markers import Int

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
    "UnknownWebhookData",
    "UnknownWebhookEvent",
]


class UnknownModel(Result, Unknown):
    """An object of a type that this version does not know, or a malformed one of a type that it knows.

    Its `type` is always `"unknown"`, so that a comparison of `type` with a known tag narrows a union to the known
    class, for type checkers and at run time; `wire_type` is the tag as it came. All its data are kept: as attributes,
    in `to_dict()` and in `model_extra`. A member of a list that is not an object, such as a null, is kept as well; it
    has no attributes and is written as it came.

        if event.type == "unknown":
            print(event.wire_type, event.to_dict())
    """

    __slots__ = ("_error",)
    carried: ClassVar[tuple[str, ...]] = ("_meta", "_error")

    type: ClassVar[Literal["unknown"]] = "unknown"
    """The tag of all unknown objects; see `wire_type` for the one that came, which is also written back."""

    _other_value: tuple[object, ...] = ()  # the value, if it is not an object; None is a value, too

    # Unknown objects are made by the server; tests and mocks make them of any fields.
    if TYPE_CHECKING:

        def __init__(self, /, *, type: str | None = None, **fields: object) -> None: ...

    @property
    def wire_type(self) -> str | None:
        """The `type` as the server sent it; None if there is none, or if it is not a string."""
        # It is not a field but one of the extra data, so it is kept and written like them.
        sent = (self.model_extra or {}).get("type")
        return sent if isinstance(sent, str) else None

    @property
    def validation_error(self) -> ResponseValidationError | None:
        """The reason why the object does not match the class of its type; None if the type is not known."""
        error: ResponseValidationError | None = getattr(self, "_error", None)
        return error

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        schema = super().__get_pydantic_core_schema__(source, handler)
        written = cs.wrap_serializer_function_ser_schema(cls._as_it_came)
        # The schema of a nested object has a serialization already: by the class of the value, which leads here.
        return cast("cs.CoreSchema", {"serialization": written, **schema})

    @staticmethod
    def _as_it_came(unknown: UnknownModel, write: Callable[[UnknownModel], object]) -> object:
        return unknown._other_value[0] if unknown._other_value else write(unknown)

    @classmethod
    def holding(cls, value: object) -> Self:
        """Return an instance for a value that is not an object."""
        unknown = cls()
        unknown._other_value = (value,)
        return unknown


class UnknownEvent(UnknownModel):
    """A stream event that matches no known class."""

    sequence_number: Int | None = None
    """The position of the event in its stream."""


class UnknownItem(UnknownModel):
    """An input or output item that matches no known class."""

    id: str | None = None
    """The identifier of the item."""


class UnknownContent(UnknownModel):
    """A content part that matches no known class."""

    @property
    def text(self) -> str:
        """The text of the part; empty if it has none. The parts of reasoning are thus read without regard to kinds."""
        sent = (self.model_extra or {}).get("text")
        return sent if isinstance(sent, str) else ""


class UnknownAnnotation(UnknownModel):
    """An annotation that matches no known class."""


class UnknownTool(UnknownModel):
    """A tool that matches no known class."""


class UnknownWebhookData(dict[str, Any]):
    """The data of a webhook's event that matches no known class: a dict with its keys as attributes, too.

    Setting an attribute sets the key.
    """

    @property
    def id(self) -> str | None:
        """The identifier of the subject; None if there is none."""
        value = self.get("id")
        return value if isinstance(value, str) else None

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        keys = one_line(", ".join(self), MAX_BODY_CHARS) or "none"
        raise AttributeError(f"The data of this event has no {name!r}; its keys are {keys}")

    def __setattr__(self, name: str, value: object) -> None:
        if hasattr(dict, name):
            raise AttributeError(f"{name!r} is a method of dicts; set the key: data[{name!r}] = ...")
        self[name] = value

    def __delattr__(self, name: str) -> None:
        if name not in self:
            raise AttributeError(f"The data of this event has no {name!r}")
        del self[name]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        return cs.no_info_after_validator_function(cls, cs.dict_schema(cs.str_schema()))


# Not the class itself: pydantic would parse its signature to find out which arguments it takes.
_NO_DATA: Any = Field(default_factory=lambda: UnknownWebhookData())


class UnknownWebhookEvent(UnknownModel):
    """A webhook's event that matches no known class."""

    id: str | None = None
    """The identifier of the event."""
    created_at: Int | None = None
    """The time of the event, in seconds since 1970."""
    data: UnknownWebhookData = _NO_DATA
    """The subject of the event; most events have its `id` here."""


class UnknownObject(UnknownModel):
    """A member of any other union that matches no known class."""
