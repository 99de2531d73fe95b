"""Mistakes in the arguments of a request, with the way to write what was meant; no I/O.

Loaded when a request has a list of items, or a mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MappingView, Sequence, Set
from os import PathLike
from typing import TYPE_CHECKING

from .._base.field_errors import FieldError, field_error, field_path, missing_field
from .._base.json_types import is_mapping, is_sequence
from ..models._base import Model, fields_of
from ..models._results import ResponseResult
from ..models._stand_ins import is_null
from .chat_forms import explain_nested
from .input_items import given_place

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = [
    "INPUTS",
    "NULLABLE_FIELDS",
    "REQUIRED_FIELDS",
    "as_field_errors",
    "lacks",
    "missing_fields",
    "not_a_list",
]

INPUTS = ("input", "items")
"""The arguments that hold items."""
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

These are lists, which may be empty, and fields that may be null: `as_input` adds them. Other required fields, such as
a status, have no neutral value.
"""
NULLABLE_FIELDS = ("code", "outputs", "result")
"""Those of them that may be null."""
_REFUSED_WITHOUT = ("reasoning",)
"""The types of items that the API was seen to refuse without these fields."""
_FORM_ERRORS = ("no_object", "no_type", "text_or", "list_type")
"""The types of errors for a value that has a wrong form as a whole."""
_EXPECTED = {
    "list": "a list",
    "item": "a string, an item or a content part",
    "content": "a string or a list",
    "part": "a string or a content part",
}
_ROLES = {"ai": "assistant", "assistant": "assistant", "system": "system", "developer": "developer"}
"""The roles in pairs of a role and a text, as some frameworks have them; all others are the user."""
_READ_FILE = "read it by InputImage.from_path(path) or InputFile.from_path(path)"
_WRAP_BYTES = "use InputImage.from_bytes(data), or InputFile.from_bytes(data, filename)"


def missing_fields(name: str, items: Iterable[object]) -> Iterator[FieldError]:
    """Yield the fields without which the API refuses an item, though models do not demand them."""
    for number, item in enumerate(items):
        tag = fields_of(item).get("type")
        for field in REQUIRED_FIELDS[str(tag)] if tag in _REFUSED_WITHOUT else ():
            if lacks(item, field):
                expected = "a list, empty if there is none; response.as_input() adds it"
                yield missing_field((name, number, field), expected)


def lacks(item: object, name: str) -> bool:
    """Whether an item lacks the required field of that name: absent, or null where null is not allowed."""
    value = fields_of(item).get(name)
    if not isinstance(item, Model):
        return value is None
    return name not in item.model_fields_set or (is_null(value) and name not in NULLABLE_FIELDS)


def as_field_errors(lines: Iterable[ErrorDetails], given: Mapping[str, object]) -> list[FieldError]:
    """Return errors of pydantic in the words of this package, each once: several missing fields may have one reason.

    Args:
        lines: The errors.
        given: The arguments as they were given, in which the places are named.
    """
    found: list[FieldError] = []
    for line in lines:
        if (mistake := _as_field_error(line, given)) not in found:
            found.append(mistake)
    return found


def _as_field_error(line: ErrorDetails, given: Mapping[str, object]) -> FieldError:
    name, *rest = line["loc"]
    value = given.get(str(name))
    if rest and isinstance(rest[0], int) and not is_sequence(value):
        # pydantic reads a set, and the fields of a model, as if they were a list.
        return not_a_list(str(name), value)
    location = (name, *(given_place(value, rest) if name in INPUTS else rest))
    if explained := _explain(line["type"], location, line["input"]):
        return explained
    path = field_path(location)
    expected = line["msg"].removeprefix("Input should be ").removeprefix("Input should ")
    expected = expected.replace("String should have", "a string with")
    if line["type"] == "too_long":
        expected = f"at most {line.get('ctx', {}).get('max_length')} entries"
    if expected.startswith(("greater", "less")):
        expected = f"a number {expected}"
    if line["type"] == "missing":
        return missing_field(path, "a value")
    mistake = field_error(path, expected, line["input"])
    if isinstance(line["input"], str):
        # Here, because the module is needed only for errors.
        from .._base.foreign_names import value_hint

        if hint := value_hint(path):
            mistake["message"] += f"; {hint}"
    return mistake


def _explain(kind: str, location: Sequence[str | int], value: object) -> FieldError | None:
    """Return pydantic's mistake in the words of this package; None if pydantic's own are enough.

    Args:
        kind: The type of pydantic's error.
        location: The place of the mistake.
        value: The given value; for a missing field, the object without it.
    """
    if explained := explain_nested(kind, location, value):
        return explained
    if kind == "no_object" and callable(value) and "tools" in location[-2:-1]:
        return _with_advice(location, "a dict or a model of a tool", value, _tool_advice(value))
    place = _place(location) if kind in _FORM_ERRORS else None
    if place is None or (is_mapping(value) and place in ("item", "part")):
        return None
    return _with_advice(location, _EXPECTED[place], value, _advice(place, value))


def _tool_advice(function: object) -> str:
    """Return the way to pass a function or a class, of which only some methods make a tool themselves."""
    name = str(getattr(function, "__name__", ""))
    written = f"tool({name if name.isidentifier() else 'function'}).definition"
    if isinstance(getattr(function, "definition", None), Mapping):  # of `@tool`
        written = "its .definition"
    return f"pass it to responses.run or responses.parse, or pass {written}"


def not_a_list(name: str, value: object) -> FieldError:
    """Return the mistake of an argument that can be iterated over but is not a list."""
    place = _place((name,))
    advice = _list_advice(value) if place is None else _advice(place, value)
    return _with_advice((name,), _EXPECTED[place or "list"], value, advice)


def _with_advice(
    location: Sequence[str | int], expected: str, value: object, advice: str | None
) -> FieldError:
    plain = field_error(location, expected, value)
    return FieldError({**plain, "message": f"{plain['message']}; {advice}"}) if advice else plain


def _place(location: Sequence[str | int]) -> str | None:
    """Return the kind of value that stands at a place of a request; None for a place that needs no advice."""
    name, *rest = location
    if name not in INPUTS:
        return None
    match rest:
        case []:
            return "content" if name == "input" else "list"
        case [int()]:
            return "item"
        case [int(), "content" | "output"]:
            return "content"
        case [int(), "content" | "output", int()]:
            return "part"
        case _:
            return None


def _advice(place: str, value: object) -> str | None:
    """Return the way to write a value that has no place in an input as it is."""
    kind = type(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _WRAP_BYTES
    if isinstance(value, PathLike):
        return _READ_FILE
    if hasattr(kind, "read"):
        return "read it, and use InputFile.from_bytes(data, filename)"
    if hasattr(kind, "save") and hasattr(kind, "tobytes"):  # as pictures of Pillow
        return "save it as PNG, and use InputImage.from_bytes(data)"
    if isinstance(value, ResponseResult):
        return "pass its items, as in [*response.output, ...]"
    if isinstance(value, type):
        return "pass an object of this class"
    if place in ("item", "part"):
        return _advice_on_member(place, value)
    return _list_advice(value)


def _list_advice(value: object) -> str | None:
    if is_mapping(value) or isinstance(value, Model):
        return "put it into a list"
    # Not an iterable of any kind: a data frame is one, too.
    return "make a list of it" if isinstance(value, (Iterator, Mapping, MappingView, Set)) else None


def _advice_on_member(place: str, value: object) -> str | None:
    if value is None:
        return "leave it out"
    if fields_of(value).get("type") in ("output_text", "refusal"):
        return "pass the message that contains it, or its text"
    if not is_sequence(value):
        return None
    if place == "item" and isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        return f'write {{"role": "{_ROLES.get(value[0], "user")}", "content": ...}}'
    return (
        "lists are not nested; unpack it as in [*items, ...], or extend the list in place of appending to it"
    )
