"""Forms of other APIs, above all of Chat Completions, and the forms that this API has in their place; no I/O.

Some servers accept such items and parts, so they are sent, with a warning. Nested tools are refused, because this API
expects the name at the top level.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeGuard

from .._base.field_errors import FieldError, field_error, field_path
from .._base.json_types import is_mapping, is_sequence
from ..models._base import fields_of
from .input_items import has_list, parts_field

__all__ = ["chat_function", "explain_nested", "warn_of_foreign_forms"]

logger = logging.getLogger("responses_client")

_IMAGE = '{"type": "input_image", "image_url": "https://..."}'
_FILE = '{"type": "input_file", "file_id": ...}'
_CALL = '{"type": "function_call", "call_id": ..., "name": ..., "arguments": ...}'
_OUTPUT = '{"type": "function_call_output", "call_id": ..., "output": ...}'
_INPUT_TEXT = '{"type": "input_text", "text": ...}'
_OUTPUT_TEXT = '{"type": "output_text", "text": ...}'
_FOREIGN = {
    "text": _INPUT_TEXT,
    "image_url": _IMAGE,
    "image": _IMAGE,
    "file": _FILE,
    "document": _FILE,
    "input_audio": "the text of a transcript",
    "tool_use": f"the item {_CALL}",
    "tool_result": f"the item {_OUTPUT}",
}
"""The parts of other APIs, and what to write in place of each."""
_FOREIGN_TO_ASSISTANT = {
    **_FOREIGN,
    "text": _OUTPUT_TEXT,
    "input_text": _OUTPUT_TEXT,
    "input_image": "it in a message of the user",
    "input_file": "it in a message of the user",
}
"""The same for messages of the assistant, which hold the output of a model."""
_FOREIGN_TO_OTHERS = {**_FOREIGN, "output_text": _INPUT_TEXT, "refusal": _INPUT_TEXT}
"""The same for all other messages, and for the outputs of tools."""
_FOREIGN_AMONG_ITEMS = {
    **_FOREIGN,
    "output_text": f"the message that contains it, or {_INPUT_TEXT}",
    "refusal": f"the message that contains it, or {_INPUT_TEXT}",
    "summary_text": "the reasoning that contains it",
    "reasoning_text": "the reasoning that contains it",
}
"""The same for parts that stand where an item must."""
_FLAT_FIELDS = {"function": ("name",), "custom": ("name",), "json_schema": ("name", "schema")}
"""The fields that objects nest in Chat Completions, and that they must have here."""
_CALLS = frozenset({"tool_calls", "function_call"})
"""The fields in which messages have calls."""
_MAX_FIELDS_SHOWN = 5

# Each kind is reported once in a process: a history has the same form in each message and each request.
_reported: set[Hashable] = set()


def warn_of_foreign_forms(operation: str, name: str, items: Iterable[object]) -> None:
    """Log each form of another API that occurs in an input, once in a process."""
    new: dict[Hashable, str] = {}
    for kind, place, form in _foreign_forms(items):
        if kind not in _reported:
            new.setdefault(kind, f"{field_path((name, *place))} {form}")
    if new:
        _reported.update(new)
        logger.warning("%s: sent as given, but the API may refuse it: %s", operation, "; ".join(new.values()))


def explain_nested(kind: str, location: Sequence[str | int], value: object) -> FieldError | None:
    """Return the mistake of an object with fields nested as in Chat Completions; None for any other mistake.

    Args:
        kind: The type of pydantic's error.
        location: The place of the mistake.
        value: The given value; for a missing field, the object without it.
    """
    if location[-1:] == ("image_url",) and is_mapping(value):
        return field_error(location, "the URL itself, a string", value)
    tag = fields_of(value).get("type")
    if kind != "missing" or (nested := _nested(value)) is None:
        return None
    names = list(dict.fromkeys([*_FLAT_FIELDS.get(str(tag), ()), *nested]))[:_MAX_FIELDS_SHOWN]
    expected = "".join([f'{{"type": "{tag}"', *(f', "{name}": ...' for name in names), "}"])
    message = f"has the form of Chat Completions; write {expected}, without {tag!r} as a field"
    return field_error(location[:-1], expected, value, message=message)


def chat_function(tool: object) -> Mapping[str, object] | None:
    """Return the fields of a function that is a tool in the form of Chat Completions; None for any other tool."""
    return _nested(tool) if fields_of(tool).get("type") == "function" else None


def _nested(value: object) -> Mapping[str, object] | None:
    """Return the fields that an object has under its type, as all have in Chat Completions; None if it has none."""
    fields = fields_of(value)
    tag = fields.get("type")
    nested = fields.get(tag) if isinstance(tag, str) else None
    return nested if is_mapping(nested) else None


def _foreign_forms(items: Iterable[object]) -> Iterator[tuple[Hashable, tuple[str | int, ...], str]]:
    """Yield the kind of each form, its place among the items, and the text about it."""
    for number, item in enumerate(items):
        fields = fields_of(item)
        role = fields.get("role")
        if role in ("tool", "function"):
            yield role, (number,), f"has the role {role!r}; write {_OUTPUT}"
        if not _CALLS.isdisjoint(fields):
            for calls in sorted(_CALLS):
                if fields.get(calls):
                    yield calls, (number,), f"has {calls}; write each call as {_CALL}"
        if role is None and _is_in(tag := fields.get("type"), _FOREIGN_AMONG_ITEMS):
            yield _foreign_part(_FOREIGN_AMONG_ITEMS, (number,), tag)
        if has_list(fields):
            yield from _foreign_parts(number, fields)


def _foreign_parts(
    number: int, fields: Mapping[str, object]
) -> Iterator[tuple[Hashable, tuple[str | int, ...], str]]:
    field = parts_field(fields)
    if field and is_sequence(parts := fields.get(field)):
        table = _FOREIGN_TO_ASSISTANT if fields.get("role") == "assistant" else _FOREIGN_TO_OTHERS
        for index, part in enumerate(parts):
            tag = fields_of(part).get("type")
            if _is_in(tag, table):
                yield _foreign_part(table, (number, field, index), tag)


def _is_in(tag: object, table: Mapping[str, str]) -> TypeGuard[str]:
    return isinstance(tag, str) and tag in table


def _foreign_part(
    table: Mapping[str, str], place: tuple[str | int, ...], tag: str
) -> tuple[Hashable, tuple[str | int, ...], str]:
    where = " in a message of the assistant" if table is _FOREIGN_TO_ASSISTANT else ""
    if table is _FOREIGN_AMONG_ITEMS:
        where = " and is not an item"
    return (tag, where), place, f"has the type {tag!r}{where}; write {table[tag]}"
