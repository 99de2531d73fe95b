"""Versions of one object that came one after the other, merged into one; pure."""

# How it works
#
# A server says most things several times: in pieces, in the event that ends them, in the part, in the item, and in the
# response. The last version counts, with these exceptions, which `merged` knows:
#
#   a blank value     "", [], {}, null, or nothing but such values: does not overrule a value that came; nor do
#                     arguments that are "{}" overrule an object with members
#   a missing field   the same, if it is one that pieces fill (`content`, `arguments`, ...) or that names the item
#   a string that is  the same, in an object that is only announced again, or shown on the way: there, a string that is
#   no last word      the beginning of the one that came changes nothing
#
# A version with other values counts as it is: a server may take back what it said, but an empty value is an omission.
# If it is only the beginning of the earlier version (`says_less`), a warning reports it.
# `words_of` is the part of an item by which two versions are known as the same one when their ids are not.

from __future__ import annotations

from functools import cache
from typing import Any

from .._base.json_types import JsonObject, is_array, is_object, json_or

__all__ = [
    "are_one_call",
    "filled_fields",
    "is_blank",
    "is_no_arguments",
    "merged",
    "says_less",
    "type_of",
    "words_of",
]

_NAMES = frozenset({"id", "call_id", "name"})
_REMARKS = frozenset({"annotations", "logprobs"})  # about the text, and not in every version of it


def type_of(value: object) -> str | None:
    """Return the type of an object; None if it has none, and for other values."""
    found: object = value.get("type") if is_object(value) else None
    return found if isinstance(found, str) else None


def is_blank(value: object) -> bool:
    """Whether a value says nothing: it is empty, or an object or array of such values, of any type."""
    if is_object(value):
        return all(is_blank(member) for name, member in value.items() if name != "type")
    if is_array(value):
        return all(map(is_blank, value))
    return not value and not isinstance(value, (int, float))


def merged(old: Any, new: Any, *, is_last_word: bool = True, field: str = "") -> Any:
    """Return two versions of a value as one, of which `new` came later.

    Args:
        old: The version that came first. Its lists may be changed.
        new: The version that came later.
        is_last_word: Whether the later one is final, as in an event whose type ends with `.done`.
        field: The name of the field that has the value.
    """
    if is_object(old) and is_object(new) and type_of(old) in (None, type_of(new)):
        if is_blank(new) and not is_blank(old):
            return new | {
                name: value for name, value in old.items() if name not in new or not is_blank(value)
            }
        return _merged_objects(old, new, is_last_word)
    if is_blank(new) and (not is_blank(old) or (old and not new)):
        return old
    if is_array(old) and is_array(new) and field in filled_fields() - _REMARKS:
        if is_last_word and len(old) != len(new):
            return new  # it is unknown which member is which
        pairs = zip(old, new, strict=False)
        members = [merged(one, other, is_last_word=is_last_word) for one, other in pairs] + new[len(old) :]
        if is_last_word:
            return members
        old[: len(members)] = members  # in place, because the list knows how the server counts
        return old
    if not is_last_word and isinstance(new, str) and str(old).startswith(new):
        return old
    if is_no_arguments(field, new) and (came := json_or(str(old))) and is_object(came):
        return old
    return new


def is_no_arguments(field: str, value: object) -> bool:
    """Whether the value of a field stands for no arguments, as JSON in a string."""
    return field == "arguments" and value in ("{}", "null")


def _merged_objects(old: JsonObject, new: JsonObject, is_last_word: bool) -> JsonObject:
    found = dict(new)
    lasting = filled_fields() | _NAMES
    for name, value in old.items():
        if name not in new:
            if not is_last_word or name in lasting:
                found[name] = value
        elif name != "status":
            found[name] = merged(value, new[name], is_last_word=is_last_word, field=name)
        elif not is_last_word and value not in (None, "in_progress"):
            found[name] = value
    return found


def words_of(item: object) -> JsonObject:
    """Return the contents of an item, without its ids, its state and all that is sealed.

    It is empty for an item that is not an object, as some servers send.
    """
    if not is_object(item):
        return {}
    fields = filled_fields() | {"name"}
    return {name: _plain(value) for name, value in item.items() if name in fields and value}


def says_less(old: JsonObject, new: JsonObject) -> bool:
    """Whether a later version of an item has contents, but only the beginning of those of the earlier one."""
    words = words_of(new)
    is_other = not is_blank(words) and words != words_of(old)
    return is_other and merged(words_of(old), words, is_last_word=False) == words_of(old)


def are_one_call(item: JsonObject, other: JsonObject) -> bool:
    """Whether two items may be the same call: their `call_id` is the same, or one has none."""
    ids = item.get("call_id"), other.get("call_id")
    return not all(ids) or ids[0] == ids[1]


def _plain(value: object) -> object:
    if is_object(value):
        return {
            name: _plain(part)
            for name, part in value.items()
            if name not in _REMARKS and (name == "type" or not is_blank(part))
        }
    if is_array(value):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, (int, float)) else str(value)


@cache
def filled_fields() -> frozenset[str]:
    """Return the names of the fields that pieces fill."""
    # Here, because most streams are read without a look at the snapshot.
    from ..models._effects import EFFECTS

    names = {name for _, _, path, *_ in EFFECTS.values() for name in path}
    return frozenset(name for name in names if not name.endswith("_index"))
