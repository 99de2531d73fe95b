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
from .input_items import parts_field

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
_MAX_FIELDS_SHOWN = 5

# Each kind is reported once in a process: a history has the same form in each message and each request.
_reported: set[Hashable] = set()


def warn_of_foreign_forms(operation: str, name: str, items: Iterable[object]) -> None:
    """Log each form of another API that occurs in an input, once in a process."""
    if new := {kind: text for kind, text in _foreign_forms(name, items) if kind not in _reported}:
        _reported.update(new)
        logger.warning("%s: sent as given, but the API may refuse it: %s", operation, "; ".join(new.values()))


def explain_nested(kind: str, location: Sequence[str | int], value: object) -> FieldError | None:
    """Return the mistake of an object whose fields are nested as in Chat Completions; None for any other mistake.

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
    flat = ", ".join(f'"{key}": ...' for key in list(nested)[:_MAX_FIELDS_SHOWN])
    expected = f'{{"type": "{tag}", {flat}}}'
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


def _foreign_forms(name: str, items: Iterable[object]) -> Iterator[tuple[Hashable, str]]:
    """Yield the kind of each form, and the text about it."""
    for number, item in enumerate(items):
        fields = fields_of(item)
        role = fields.get("role")
        place = (name, number)
        if role in ("tool", "function"):
            yield role, f"{field_path(place)} has the role {role!r}; write {_OUTPUT}"
        for calls in ("tool_calls", "function_call"):
            if fields.get(calls):
                yield calls, f"{field_path(place)} has {calls}; write each call as {_CALL}"
        tag = fields.get("type")
        if role is None and _is_in(tag, _FOREIGN):
            yield _foreign_part(_FOREIGN, place, tag)
        field = parts_field(fields)
        if field and is_sequence(parts := fields.get(field)):
            table = _FOREIGN_TO_ASSISTANT if role == "assistant" else _FOREIGN_TO_OTHERS
            for index, part in enumerate(parts):
                tag = fields_of(part).get("type")
                if _is_in(tag, table):
                    yield _foreign_part(table, (*place, field, index), tag)


def _is_in(tag: object, table: Mapping[str, str]) -> TypeGuard[str]:
    return isinstance(tag, str) and tag in table


def _foreign_part(table: Mapping[str, str], place: Sequence[str | int], tag: str) -> tuple[Hashable, str]:
    where = " in a message of the assistant" if table is _FOREIGN_TO_ASSISTANT else ""
    return (tag, where), f"{field_path(place)} has the type {tag!r}{where}; write {table[tag]}"
