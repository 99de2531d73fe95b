"""Whether the last event of a stream holds all that came before it, so that it alone is the response; pure."""

# How it works
#
# The last event usually holds the whole response, and what came before need not be looked at again. The decoder notes
# the few events that show whether that is so: those that begin or end an item, and annotations. The last event is not
# whole, and everything is put together (`accumulator.py`), if it lacks
#
#   an item that was done       by its type and id, or else by its words
#   an item that was begun      counted by type, since not every item is done
#   a value of an item          which it has as a blank one, and the item had when it was done; or its end
#   an annotation               counted
#   text that came in pieces    where a field that pieces fill is blank; the kept bytes are then searched for the names
#                               of such events and parts, from the beginning of the item to its end, which costs much
#                               less than to parse them
#
# In doubt it is not whole: that costs time, not truth.

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING

from .._base.json_types import JsonObject, as_object, is_array, is_object
from .decoder import NOTED_TYPES
from .versions import is_no_arguments, merged, says_less, words_of

if TYPE_CHECKING:
    from ..models import OutputItem, StreamEvent

__all__ = ["holds_all"]


def holds_all(
    output: Sequence[OutputItem],
    before: Sequence[JsonObject],
    noted: Sequence[tuple[StreamEvent, int]],
    has_kept: Callable[[bytes, int, int | None], bool],
) -> bool:
    """Whether an output holds all that came before.

    Args:
        output: The output in the last event.
        before: The items that were done when the events were last put together.
        noted: The events of `NOTED_TYPES` that came since then, each with the number of chunks up to it.
        has_kept: Whether some bytes came since then, between two numbers of chunks.
    """
    begun: Counter[str | None] = Counter()
    done: list[OutputItem | JsonObject] = [*before]
    annotations = 0
    spans: dict[str, tuple[int, int | None]] = {}  # from the beginning of an item to its end, if it has an id
    for event, chunks in noted:
        item: OutputItem | None = getattr(event, "item", None)
        if item is None:
            annotations += 1
            continue
        name: str = getattr(item, "id", None) or ""
        if event.type == "response.output_item.done":
            done.append(item)
            spans[name] = spans.get(name, (0, None))[0], chunks
        else:
            begun[item.wire_type] += 1
            spans.setdefault(name, (chunks - 1, None))
    spans[""] = 0, None
    return (
        begun <= Counter(item.wire_type for item in output)
        and _has_items(output, done)
        and (not annotations or annotations <= _count_annotations(output))
        and not any(
            has_kept(name, *spans.get(getattr(item, "id", None) or "", (0, None)))
            for item in output
            for name in _names_of_blanks(item)
        )
    )


def _has_items(output: Sequence[OutputItem], done: Sequence[OutputItem | JsonObject]) -> bool:
    """Whether an output has each of these items, and no value of one is lost in it."""
    left = [*output]
    for item in done:
        same = next((other for other in left if _has_same_id(item, other)), None)
        if same is None:
            data = _data(item)
            of_kind = (other for other in left if other.wire_type == data.get("type"))
            same = next((other for other in of_kind if words_of(_data(other)) == words_of(data)), None)
        # The response that was put together before is still at hand.
        if same is None or (not is_object(item) and item != same and _is_emptied(item, same)):
            return False
        left = [other for other in left if other is not same]
    return True


def _has_same_id(item: OutputItem | JsonObject, other: OutputItem) -> bool:
    tag, name, call = _names(item)
    other_tag, other_name, other_call = _names(other)
    return tag == other_tag and (name == other_name if name else call is not None and call == other_call)


def _names(item: OutputItem | JsonObject) -> tuple[object, object, object]:
    if is_object(item):
        return item.get("type"), item.get("id"), item.get("call_id")
    return item.wire_type, getattr(item, "id", None), getattr(item, "call_id", None)


def _data(item: OutputItem | JsonObject) -> JsonObject:
    # An unknown item may hold any JSON, and writes it as it came.
    return item if is_object(item) else as_object(item.to_dict())


def _is_emptied(item: OutputItem, later: OutputItem) -> bool:
    now: JsonObject = later.to_dict()
    before: JsonObject = item.to_dict()
    found: JsonObject = merged(item.to_dict(), now)
    return found != now or says_less(before, now)


def _count_annotations(output: Sequence[OutputItem]) -> int:
    parts = [
        part for item in output if is_array(content := getattr(item, "content", None)) for part in content
    ]
    return sum(len(getattr(part, "annotations", ())) for part in parts)


def _names_of_blanks(item: OutputItem) -> set[bytes]:
    """Return names that occur in the bytes before the last event if pieces filled a field that is blank in an item."""
    return {
        name
        for fields, part_type, text, name in _filled_by_pieces().get(item.wire_type, ())
        if _is_blank_at(item, fields, part_type, text)
    }


def _is_blank_at(item: OutputItem, fields: Sequence[str], part_type: str | None, text: str | None) -> bool:
    value: object = item
    for field in fields:
        value = getattr(value, field, None)
    if not value or text is None or not is_array(value):
        return not value or is_no_arguments(fields[-1], value)
    return any(not getattr(part, text, None) for part in value if getattr(part, "type", None) == part_type)


@cache
def _filled_by_pieces() -> dict[str | None, list[tuple[tuple[str, ...], str | None, str | None, bytes]]]:
    """Return for each type of an item the fields that pieces fill.

    Each has its path, the type of the parts in it, the field in which these have their text, and the name in the bytes.
    """
    from ..models._effects import EFFECTS  # here, because it is needed only at the end of a stream

    found: dict[str | None, list[tuple[tuple[str, ...], str | None, str | None, bytes]]] = {}
    for event_type, (verb, _, path, part_type, kind) in EFFECTS.items():
        if kind is not None and verb != "status" and event_type not in NOTED_TYPES:
            fields = tuple(takewhile(lambda name: not name.endswith("_index"), path))
            text = path[-1] if part_type else None
            name = part_type if part_type and part_type in event_type else event_type
            found.setdefault(kind, []).append((fields, part_type, text, name.encode()))
    return found
