"""JSON values and arguments of users: type guards, which narrow `object` without a cast, and text that may be JSON; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from typing_extensions import TypeIs

__all__ = [
    "JsonObject",
    "as_array",
    "as_object",
    "is_array",
    "is_mapping",
    "is_object",
    "is_sequence",
    "json_or",
]

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object as parsed; its values are any JSON."""


def is_object(value: object) -> TypeIs[JsonObject]:
    """Whether a parsed JSON value is an object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeIs[list[Any]]:
    """Whether a parsed JSON value is an array."""
    return isinstance(value, list)


def is_mapping(value: object) -> TypeIs[Mapping[str, Any]]:
    """Whether a value that a user passes stands for a JSON object: a mapping of any kind."""
    return isinstance(value, Mapping)


def is_sequence(value: object) -> TypeIs[list[Any] | tuple[Any, ...]]:
    """Whether a value that a user passes stands for a JSON array: a list or a tuple."""
    return isinstance(value, (list, tuple))


def as_object(value: object) -> JsonObject:
    """Return a parsed JSON object; an empty one for any other value."""
    return value if is_object(value) else {}


def json_or(text: str | bytes, default: object = None) -> Any:
    """Return the JSON data of a string; `default` if it is not valid JSON, as bodies of `client.request` may be."""
    from pydantic_core import from_json  # here, because most modules need only the guards

    try:
        return from_json(text)
    except ValueError:
        return default


def as_array(value: object) -> list[Any]:
    """Return a parsed JSON array; an empty one for any other value."""
    return value if is_array(value) else []
