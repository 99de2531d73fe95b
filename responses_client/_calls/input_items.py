"""The input of a request as people write it, made into items: strings and content parts become messages; no I/O.

Consecutive strings and content parts of an input form one message of the user. In the content of a message, and in the
output of a call, a string becomes a part. Everything else stays as it is, for the checks of the request to judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from .._base.json_types import is_mapping, is_sequence
from ..models._base import Model

__all__ = ["as_items", "field_of", "given_place", "list_of_parts"]

_INPUT_PARTS = ("input_text", "input_image", "input_file")  # not a set: a `type` may be unhashable
_OUTPUTS = ("function_call_output", "custom_tool_call_output")


def as_items(given: object) -> object:
    """Return an input with items in place of its strings and content parts; the same object if it has none.

    Only lists and tuples are changed: a string stays one, and other values are mistakes.
    """
    if not is_sequence(given):
        return given
    items = [_message(group) if is_loose else _with_parts(group[0]) for _, is_loose, group in _groups(given)]
    is_same = len(items) == len(given) and all(new is old for new, old in zip(items, given, strict=True))
    return given if is_same else items


def given_place(given: object, location: Sequence[str | int]) -> Sequence[str | int]:
    """Return the place in an input of a mistake that was found in its items.

    Args:
        given: The input as it was given.
        location: The steps from the list of items to the mistake.
    """
    if not (is_sequence(given) and location and isinstance(number := location[0], int)):
        return location
    rest = location[1:]
    start, is_loose, _ = list(_groups(given))[number]
    if not is_loose:
        return (start, *rest)
    # The part `n` of the new message, at `("content", n)`, is the value `n` of those that formed it.
    return (start + int(rest[1]), *rest[2:]) if len(rest) > 1 else (start,)


def field_of(value: object, name: str) -> object:
    """Return a field of an item or a part, be it a dict or a model; None if there is none, and for other values."""
    if is_mapping(value):
        return value.get(name)
    # Of models alone: the attributes of other objects may be anything, in data frames even a whole column.
    return getattr(value, name, None) if isinstance(value, Model) else None


def list_of_parts(item: object) -> str | None:
    """Return the name of the field in which an item has content parts; None if it has none."""
    if (tag := field_of(item, "type")) in _OUTPUTS:
        return "output"
    return "content" if tag in ("message", None) and field_of(item, "role") is not None else None


def _groups(given: Sequence[object]) -> Iterator[tuple[int, bool, list[object]]]:
    """Yield each item alone, and strings and parts in a row together: the first index, whether loose, the values."""
    start = 0
    for key, values in groupby(enumerate(given), key=_group):
        group = [value for _, value in values]
        yield start, key is True, group
        start += len(group)


def _group(entry: tuple[int, object]) -> object:
    number, value = entry
    return True if isinstance(value, str) or field_of(value, "type") in _INPUT_PARTS else (number,)


def _message(values: list[object]) -> dict[str, object]:
    if len(values) == 1 and isinstance(values[0], str):
        return {"role": "user", "content": values[0]}
    return {"role": "user", "content": [_part(value, "input_text") for value in values]}


def _part(value: object, text_type: str) -> object:
    return {"type": text_type, "text": value} if isinstance(value, str) else value


def _with_parts(item: object) -> object:
    """Return an item with parts in place of the strings in its content or output."""
    if not is_mapping(item) or (name := list_of_parts(item)) is None:
        return item
    values = item.get(name)
    if not is_sequence(values) or not any(isinstance(value, str) for value in values):
        return item
    text_type = "output_text" if item.get("role") == "assistant" else "input_text"
    return {**item, name: [_part(value, text_type) for value in values]}
