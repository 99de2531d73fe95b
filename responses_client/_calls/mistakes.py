"""Mistakes in the arguments of a request, each with the correct way to write it; no I/O.

Loaded when a request has a mistake.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, Mapping, MappingView, Sequence, Set
from os import PathLike
from typing import TYPE_CHECKING

from .._base.field_errors import FieldError, field_error, field_error_of, field_path
from .._base.json_types import is_mapping, is_sequence
from ..models._base import Model, fields_of
from ..models._results import ResponseResult
from .chat_forms import explain_nested
from .input_items import GivenPlaces
from .plain_data import MAX_DEPTH, is_unread

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["as_field_errors"]

_INPUTS = ("input", "items")
"""The arguments that hold items."""
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


def as_field_errors(
    lines: Iterable[ErrorDetails], given: Mapping[str, object], *, has_unread: bool = False
) -> list[FieldError]:
    """Return errors of pydantic in the words of this package, each once: several missing fields may have one reason.

    Args:
        lines: The errors.
        given: The arguments as they were given, in which the places are named.
        has_unread: Whether there may be iterators and views among them. pydantic takes these for lists, and leaves an
            iterator empty: an empty list would be sent.
    """
    places = {name: GivenPlaces(given.get(name)) for name in _INPUTS}
    unread = dict(_unread(given, ())) if has_unread else {}
    found: dict[tuple[str, str], FieldError] = {}
    for line in lines:
        name, *rest = line["loc"]
        value = given.get(str(name))
        location = (name, *(places[name].find(rest) if name in places else rest))
        if any(location[:end] in unread for end in range(1, len(location))):
            continue  # a mistake in what pydantic read
        unread.pop(location, None)  # pydantic knows what was expected in its place
        if rest and isinstance(rest[0], int) and not is_sequence(value):
            # pydantic reads a set, and the fields of a model, as if they were a list.
            mistake = _not_a_list((name,), value)
        else:
            mistake = _as_field_error(line, location)
        found.setdefault((mistake["path"], mistake["message"]), mistake)
    return [*found.values(), *(_not_a_list(location, value) for location, value in unread.items())]


def _unread(value: object, location: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """Yield the place of each iterator and view in a value, and it itself."""
    if is_unread(value):
        yield location, value
    elif len(location) <= MAX_DEPTH and (is_mapping(value) or is_sequence(value)):
        for step, member in value.items() if is_mapping(value) else enumerate(value):
            yield from _unread(member, (*location, step))


def _as_field_error(line: ErrorDetails, location: Sequence[str | int]) -> FieldError:
    if explained := _explain(line["type"], location, line["input"]):
        return explained
    path = field_path(location)
    mistake = field_error_of(line, path)
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
    if kind == "dict_type" and issubclass(type(value), ItemsView):
        return _with_advice(location, "a dict", value, "make a dict of it")
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


def _not_a_list(location: Sequence[str | int], value: object) -> FieldError:
    """Return the mistake of a value that can be iterated over but is not a list."""
    place = _place(location)
    advice = _list_advice(value) if place is None else _advice(place, value)
    return _with_advice(location, _EXPECTED[place or "list"], value, advice)


def _with_advice(
    location: Sequence[str | int], expected: str, value: object, advice: str | None
) -> FieldError:
    plain = field_error(location, expected, value)
    return FieldError({**plain, "message": f"{plain['message']}; {advice}"}) if advice else plain


def _place(location: Sequence[str | int]) -> str | None:
    """Return the kind of value that stands at a place of a request; None for a place that needs no advice."""
    name, *rest = location
    if name not in _INPUTS:
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
