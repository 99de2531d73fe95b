"""The input of a request as people write it, made into items: strings and content parts become messages; no I/O.

Consecutive strings and content parts of an input form one message of the user. In the content of a message, and in the
output of a call, a string becomes a part. An item that came twice in an output is sent once: the API refuses an id that
occurs twice. Everything else stays as it is, for the checks of the request to judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from .._base.json_types import is_sequence
from ..models._base import Model, Unknown, fields_of
from .repeated_items import repeated_items

__all__ = ["GivenPlaces", "as_items", "has_list", "parts_field"]

_INPUT_PARTS = ("input_text", "input_image", "input_file")  # not a set: a `type` may be unhashable
_OUTPUTS = ("function_call_output", "custom_tool_call_output")


def as_items(given: object) -> object:
    """Return an input with items in place of its strings and content parts; the same object if it has none.

    Only lists and tuples are changed: a string stays one, and other values are mistakes.
    """
    if not is_sequence(given) or not (any(map(_is_short, given)) or repeated_items(given, warns=True)):
        return given
    return [_message(group) if is_loose else _with_parts(group[0]) for _, is_loose, group in _groups(given)]


class GivenPlaces:
    """The places in an input of mistakes that were found in its items.

    Args:
        given: The input as it was given.
    """

    def __init__(self, given: object) -> None:
        self._groups = (
            [(start, is_loose) for start, is_loose, _ in _groups(given)] if is_sequence(given) else []
        )

    def find(self, location: Sequence[str | int]) -> Sequence[str | int]:
        """Return the place of a mistake as steps from the input; `location` are those from the list of items."""
        if not (self._groups and location and isinstance(number := location[0], int)):
            return location
        rest = location[1:]
        start, is_loose = self._groups[number]
        if not is_loose:
            return (start, *rest)
        # The part `n` of the new message, at `("content", n)`, is the value `n` of those that formed it.
        return (start + int(rest[1]), *rest[2:]) if len(rest) > 1 else (start,)


def parts_field(fields: Mapping[str, object]) -> str | None:
    """Return the name of the field in which an item has content parts; None if it has none."""
    if (tag := fields.get("type")) in _OUTPUTS:
        return "output"
    return "content" if tag in ("message", None) and fields.get("role") is not None else None


def has_list(fields: Mapping[str, object]) -> bool:
    """Whether an item may have parts: a quick look, after which `parts_field` decides."""
    return isinstance(fields.get("content"), (list, tuple)) or isinstance(fields.get("output"), (list, tuple))


def _groups(given: Sequence[object]) -> Iterator[tuple[int, bool, list[object]]]:
    """Yield each item alone, and strings and parts in a row together: the first index, whether loose, the values.

    Items that repeat earlier ones are left out.
    """
    start = 0
    repeated = repeated_items(given)
    for is_loose, values in groupby(given, _is_loose):
        run = list(values)
        for group in [run] if is_loose else [[item] for item in run]:
            if start not in repeated:
                yield start, is_loose, group
            start += len(group)


def _is_loose(value: object) -> bool:
    return isinstance(value, str) or fields_of(value).get("type") in _INPUT_PARTS


def _is_short(value: object) -> bool:
    """Whether a value is a string or a content part, or an item with strings among its parts."""
    if isinstance(value, str):
        return True
    fields = fields_of(value)
    # Most items of a long history have no parts at all.
    return fields.get("type") in _INPUT_PARTS or (has_list(fields) and _mixed_parts(fields) is not None)


def _message(values: list[object]) -> dict[str, object]:
    if len(values) == 1 and isinstance(values[0], str):
        return {"role": "user", "content": values[0]}
    return {"role": "user", "content": [_part(value, "input_text") for value in values]}


def _part(value: object, text_type: str) -> object:
    return {"type": text_type, "text": value} if isinstance(value, str) else value


def _mixed_parts(fields: Mapping[str, object]) -> tuple[str, Sequence[object]] | None:
    """Return the name and the value of the field in which an item has strings among its parts; None if it has none."""
    if (name := parts_field(fields)) is None or not is_sequence(values := fields.get(name)):
        return None
    for value in values:
        if isinstance(value, str):
            return name, values
    return None


def _with_parts(item: object) -> object:
    """Return an item with parts in place of the strings in its content or output."""
    fields = fields_of(item)
    if isinstance(item, Unknown) or (found := _mixed_parts(fields)) is None:
        return item  # an unknown object is sent as it came
    name, values = found
    text_type = "output_text" if fields.get("role") == "assistant" else "input_text"
    parts = [_part(value, text_type) for value in values]
    # A model writes only the fields that are set, and no read-only ones, where the dict of all its fields has both.
    return item.model_copy(update={name: parts}) if isinstance(item, Model) else {**fields, name: parts}
