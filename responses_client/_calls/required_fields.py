"""The fields that the API requires of an item in a request, and that servers leave out of the items they make; no I/O.

Loaded when a request has a list of items.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from operator import is_not
from typing import Any, TypeVar

from .._base.field_errors import FieldError, missing_field
from .._base.json_types import is_object, is_sequence
from ..models._base import Model, fields_of
from ..models._stand_ins import is_null

__all__ = ["NULLABLE_FIELDS", "REQUIRED_FIELDS", "complete", "completed", "missing_fields"]

_T = TypeVar("_T")

REQUIRED_FIELDS = {
    "additional_tools": ("tools",),
    "code_interpreter_call": ("code", "outputs"),
    "computer_call": ("pending_safety_checks",),
    "file_search_call": ("queries",),
    "image_generation_call": ("result",),
    "mcp_list_tools": ("tools",),
    "message": ("content",),
    "reasoning": ("summary",),
    "shell_call_output": ("output",),
    "tool_search_output": ("tools",),
}
"""Fields that OpenAI's published schema requires of items in a request, though servers leave them out of an output.

These are lists, which may be empty, and fields that may be null: they are added to models. Other required fields, such
as a status, have no neutral value.
"""
NULLABLE_FIELDS = ("code", "outputs", "result")
"""Those of them that may be null."""
_REFUSED_WITHOUT = ("reasoning",)
"""The types of items that the API was seen to refuse without these fields, and that are refused as dicts."""


def completed(items: object) -> object:
    """Return an input with all required fields in its models; the same object if there is nothing to add."""
    if not is_sequence(items):
        return items
    given: Sequence[object] = items
    made = [item if is_object(item) else complete(item) for item in given]
    return made if any(map(is_not, made, given)) else given


def complete(item: _T) -> _T:
    """Return an item with the empty fields that the API requires, if it is a model that lacks them.

    A model is most often one that a server made. Dicts were written by people, and unknown items are sent as they came.
    """
    kind: Any = type(item)
    names = _required_fields(kind)
    if not (names and isinstance(item, Model)):
        return item
    if not (lacking := [name for name in names if _lacks(item, name)]):
        return item
    return item.model_copy(update={name: _value(item, name) for name in lacking})


def missing_fields(name: str, items: Iterable[object]) -> Iterator[FieldError]:
    """Yield the fields without which the API refuses an item, though its class does not demand them."""
    for number, item in enumerate(items):
        fields = fields_of(item)
        tag = fields.get("type")
        if tag not in _REFUSED_WITHOUT or isinstance(item, Model):
            continue
        for field in REQUIRED_FIELDS[str(tag)]:
            if fields.get(field) is None:
                expected = "a list, empty if there is none; response.as_input() adds it"
                yield missing_field((name, number, field), expected)


@lru_cache
def _required_fields(cls: type) -> tuple[str, ...]:
    """Return the required fields of the items of a class; none for one that is not known."""
    field = cls.__pydantic_fields__.get("type") if issubclass(cls, Model) else None
    return () if field is None else REQUIRED_FIELDS.get(str(field.default), ())


def _lacks(item: Model, name: str) -> bool:
    """Whether a required field is absent, or null though it must not be; one that is malformed is kept as it came."""
    if name not in item.model_fields_set:
        return name not in (item.__pydantic_extra__ or ())
    value = item.__dict__.get(name)
    return type(value) is not list and name not in NULLABLE_FIELDS and is_null(value)


def _value(item: Model, name: str) -> list[object] | None:
    """Return a value of such a field that is written: a list that came as null would be written as null."""
    value: list[object] | None = getattr(item, name, None)
    return None if value is None and name in NULLABLE_FIELDS else [*(value or ())]
