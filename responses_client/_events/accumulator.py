"""Events in, the response so far out: a function of the events alone, driven by a generated table; no I/O."""

# How it works
#
# The table (`models/_effects.py`) says what an event does to the snapshot, as (verb, field, path, part, item):
#
#   response.output_text.delta:  append  delta  content / content_index / text   output_text  message
#
# reads "append the field `delta` of the event to `output[output_index].content[content_index].text`; if there is no
# such item, it is a message, and if there is no such part, it is an `output_text`". There are four verbs: `put`
# (an object), `append` (a piece), `set` (a value) and `status`. What the table does not know has no effect.
#
# Many servers leave out or miscount what the path needs, so each step looks in several places:
#
#   item   1. at `output_index`, if the item there is of the right type
#          2. by `item_id`, among the items of that type (llama.cpp has only their `call_id` to go by)
#          3. at `output_index`, whatever is there; a new item if that is nothing
#          4. without an index: the latest item of that type; a new one at the end if there is none
#   part   1. at `content_index`, within the list
#          2. beyond its end: the last part, if it is of the right type (vLLM raises the index with every delta)
#          3. the part that was added for this index before
#          4. a new part at the end
#
# Items are kept by `output_index` in a dict, not in a list: they may come out of order, or with gaps. Nothing that
# was streamed is lost: a missing parent is created with its type and status, never skipped. A response object
# (`response.created`, `response.completed`, ...) replaces the snapshot, and its output replaces the items unless it
# is empty, as it is in the last event of some servers.

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from .._base.json_types import JsonObject, as_array, is_array, is_object
from ..models._base import RUNNING_STATUSES
from .decoder import tag_of

if TYPE_CHECKING:
    from ..models import Response, StreamEvent
    from ..models._base import Model

__all__ = ["Accumulator", "is_about_response"]


class _TextBuffer:
    """A string that grows; its pieces are joined only when it is written, or long ones would take quadratic time."""

    def __init__(self, start: object) -> None:
        self.pieces = [start if isinstance(start, str) else ""]

    def __str__(self) -> str:
        return "".join(self.pieces)


class _PartList(list[Any]):
    """A list whose members the server may count oddly: from 1, or with gaps.

    Attributes:
        positions: Where members are that were added for an index which the list did not have.
    """

    def __init__(self, parts: list[Any]) -> None:
        super().__init__(parts)
        self.positions: dict[int, int] = {}

    def position(self, index: int) -> int | None:
        """Return where the member of an index is; None if there is none."""
        return self.positions.get(index, index if 0 <= index < len(self) else None)

    def add(self, index: int | None) -> int:
        """Add a member for an index that has none, and return its position."""
        position = len(self)
        if index is not None:
            self.positions[index] = position
        self.append(None)
        return position


class Accumulator:
    """The events of one response, applied to its snapshot.

    Args:
        response_id: The id of the response, if it is known beforehand.

    Attributes:
        last_sequence_number: The last number that came; None if the server sends none.
        last_numbered: The event with that number.
        is_numbered: Whether every event about the response has a number, each above the one before.
    """

    def __init__(self, response_id: str | None = None) -> None:
        self._known_id = response_id
        self._response: JsonObject | None = None  # the last response object
        self._items: dict[int, Any] = {}  # by `output_index`; members that are not objects are kept, too
        self._done: set[int] = set()  # the keys of finished items
        self._last_key = 0  # of the item that the last event was about
        self._snapshot: Response | None = None  # until the next event changes it
        self.last_sequence_number: int | None = None
        self.last_numbered: StreamEvent | None = None
        self.is_numbered = True

    @property
    def response_id(self) -> str | None:
        """The id of the response; None until it is known."""
        found = (self._response or {}).get("id")
        return found if isinstance(found, str) else self._known_id

    def extend(self, events: Sequence[StreamEvent]) -> None:
        """Apply events in the order in which they came."""
        if not events:
            return
        # Here, because most streams are read without a look at the snapshot.
        from ..models._effects import EFFECTS

        self._note_numbers(events)
        # Deltas come in long runs for one place; each run is joined and located once.
        for _, run in groupby(events, key=_destination):
            first = next(run)
            effect = EFFECTS.get(first.type)
            if effect is None:
                continue
            verb, value, path, *parents = effect
            self._snapshot = None
            if verb == "append" and isinstance(text := getattr(first, value), str):
                text += "".join([getattr(event, value) for event in run])
                _append(*self._locate(first, path, parents), text)
                continue
            for event in (first, *run):
                self._apply(event, verb, value, path, parents)

    def _note_numbers(self, events: Sequence[StreamEvent]) -> None:
        numbered = [(event.sequence_number, event) for event in events if event.sequence_number is not None]
        if len(numbered) < len(events) and any(
            event.sequence_number is None and is_about_response(event) for event in events
        ):
            self.is_numbered = False
        if numbered:
            numbers = [number for number, _ in numbered]
            last = self.last_sequence_number
            if numbers != sorted(set(numbers)) or (last is not None and numbers[0] <= last):
                self.is_numbered = False
            self.last_sequence_number, self.last_numbered = numbered[-1]

    def finish(self, event_type: str) -> None:
        """Take the status from the type of the terminal event, if its response has none or a running one."""
        response = self._response or {}
        if response.get("status") in (None, *RUNNING_STATUSES):
            self._response = {**response, "status": event_type.rpartition(".")[2]}
            self._snapshot = None

    def snapshot(self) -> Response | None:
        """Return the response so far; None before anything of it came."""
        # Built from JSON, as any answer is: malformed parts become `Unknown...` objects by the same rules.
        if self._snapshot is None and (self._response is not None or self._items):
            from ..models import Response
            from ..models._tolerance import suppress_warnings, write_json

            response = dict(self._response or {})
            if self._known_id is not None:
                response.setdefault("id", self._known_id)
            if self._items:
                response["output"] = [self._items[key] for key in sorted(self._items)]
            with suppress_warnings():  # they were logged when the events came
                self._snapshot = Response.from_json(write_json(response, fallback=str))
        return self._snapshot

    def _apply(
        self, event: Model, verb: str, value: str, path: tuple[str, ...], parents: Sequence[str | None]
    ) -> None:
        self._snapshot = None
        match verb, value:
            case "put", "response":
                self._put_response(event)
            case "put", "item":
                item: object = _field(event, "item").to_dict()
                if is_object(item):
                    self._items[self._key_for(event, item)] = item
            case "status", status:
                holder, _ = self._locate(event, ("status",), parents)
                holder["status"] = status
            case _:
                new = _to_json_value(_field(event, value))
                if new is None:
                    return
                holder, key = self._locate(event, path, parents)
                if verb == "append":  # an object whose fields are pieces, such as the output of a shell
                    part = _object_at(holder, key)
                    for name, piece in new.items():
                        _append(part, name, piece)
                elif isinstance(holder, _PartList):
                    ends_last = _is_done(event) and (key is None or path[-1] == "content_index")
                    _put(holder, key, new, ends_last)
                else:
                    holder[key] = new

    def _put_response(self, event: Model) -> None:
        response: Response = _field(event, "response")
        new = response.to_dict()
        output: object = new.get("output")
        # Some servers send only what changed, which is to be seen from the missing id.
        self._response = new if new.get("id") else {**(self._response or {}), **new}
        items = dict(enumerate(as_array(output)))
        if items:
            self._items = items
            self._done = set(items)

    def _key_for(self, event: Model, item: JsonObject) -> int:
        """Return the key for the item of an event: its index, or else the key of the item that it continues."""
        key: int | None = _field(event, "output_index")
        if key is None:
            key = self._find(item.get("type"), item.get("id"), item.get("call_id"))
        if key is None:
            is_open = self._last_key not in self._done and self._fits(self._last_key, item.get("type"))
            # Without an index and a known id, a finished item is the one that was begun last.
            key = self._last_key if is_open and _is_done(event) else self._next_key()
        self._last_key = key
        (self._done.add if _is_done(event) else self._done.discard)(key)
        return key

    def _item(self, event: Model, kind: str | None) -> JsonObject:
        """Return the item that an event is about; create it if there is none."""
        index: int | None = _field(event, "output_index")
        item_id: str | None = _field(event, "item_id")
        key = index
        if key is None or not self._fits(key, kind):
            key = self._find(kind, item_id)
        if key is None:
            key = index
        if key is None:
            latest = (self._last_key, *sorted(self._items, reverse=True))
            key = next((key for key in latest if self._fits(key, kind)), self._next_key())
        self._last_key = key
        item: object = self._items.get(key)
        if not is_object(item):
            item = self._items[key] = _new_item(kind or "message", item_id)
        return item

    def _find(self, kind: object, *ids: object) -> int | None:
        """Return the key of the item of a type with one of these ids; None if there is none."""
        wanted = [name for name in ids if name]
        for key, item in self._items.items():
            known = (item.get("id"), item.get("call_id")) if self._fits(key, kind) else ()
            if any(name in known for name in wanted):
                return key
        return None

    def _fits(self, key: int, kind: object) -> bool:
        item: object = self._items.get(key)
        return is_object(item) and (kind is None or item.get("type") == kind)

    def _next_key(self) -> int:
        return max(self._items, default=-1) + 1

    def _locate(self, event: Model, path: Sequence[str], parents: Sequence[str | None]) -> tuple[Any, Any]:
        """Return the container that a path leads to, and the key or index in it; create what is missing."""
        part_type, item_type = parents
        holder: Any = self._item(event, item_type)
        for key, below in pairwise(path):
            if key.endswith("_index"):
                holder = _object_at(holder, _field(event, key), part_type, key == "content_index")
            else:
                holder = _list_under(holder, key) if below.endswith("_index") else _object_under(holder, key)
        last = path[-1]
        return holder, _field(event, last) if last.endswith("_index") else last


def is_about_response(event: StreamEvent) -> bool:
    """Whether an event is about the response, and not only a sign that the connection is alive."""
    from ..models import Keepalive

    return (tag_of(event) or "").startswith("response.") and not isinstance(event, Keepalive)


def _destination(event: StreamEvent) -> tuple[type, tuple[object, ...]]:
    """Return the class of an event and the place that it changes; events that agree on both are applied together."""
    kind = type(event)
    return kind, _path_getter(kind)(event)


@cache
def _path_getter(kind: type[Model]) -> Callable[[Model], Any]:
    fields = [name for name in kind.__pydantic_fields__ if name.endswith("_index") or name == "item_id"]
    return attrgetter(*fields) if fields else lambda _: None


def _field(event: Model, name: str) -> Any:
    """Return a field that the table names; None for an index or id that events of this class do not have."""
    return getattr(event, name, None)


def _is_done(event: Model) -> bool:
    return bool(_field(event, "type").endswith(".done"))


def _type_of(value: object) -> object:
    return value.get("type") if is_object(value) else None


def _new_item(kind: str, item_id: str | None) -> JsonObject:
    item: JsonObject = {"type": kind, "status": "in_progress"}
    if item_id is not None:
        item["id"] = item_id
    if kind == "message":
        item |= {"role": "assistant", "content": []}
    return item


def _object_under(holder: JsonObject, key: str) -> JsonObject:
    """Return the object under a key; create it if there is none."""
    child: object = holder.get(key)
    if not is_object(child):
        child = holder[key] = {}
    return child


def _list_under(holder: JsonObject, key: str) -> _PartList:
    """Return the list under a key as one that knows odd indexes; create it if there is none."""
    child: object = holder.get(key)
    if not isinstance(child, _PartList):
        child = holder[key] = _PartList(as_array(child))
    return child


def _object_at(
    parts: _PartList, index: int | None, part_type: str | None = None, is_shared: bool = False
) -> JsonObject:
    """Return the object at an index, by default the last one; create it if there is none.

    `is_shared` is for vLLM, which raises `content_index` with each delta: a delta beyond the end then belongs to the
    last part, if that is of the right type.
    """
    last_type = _type_of(parts[-1]) if parts else None
    if index is None or (is_shared and index >= len(parts) and last_type == part_type):
        position = len(parts) - 1 if parts else None
    else:
        position = parts.position(index)
    if position is None:
        position = parts.add(index)
    part: object = parts[position]
    if not is_object(part):
        text = "refusal" if part_type == "refusal" else "text"
        part = parts[position] = {"type": part_type, text: ""} if part_type else {}
    return part


def _put(parts: _PartList, index: int | None, value: object, ends_last: bool) -> None:
    """Put a value at an index; without such a place, replace the last part of its type, or add one more."""
    position = None if index is None else parts.position(index)
    if position is not None:
        parts[position] = value
    elif ends_last and parts and _type_of(parts[-1]) == _type_of(value):
        parts[-1] = value
    else:
        parts[parts.add(index)] = value


def _append(holder: Any, key: Any, piece: object) -> None:
    """Append a piece to the string under a key or at an index; one that is missing is created."""
    if not isinstance(piece, str):
        return
    if isinstance(holder, _PartList):
        position = (len(holder) - 1 if holder else None) if key is None else holder.position(key)
        key = holder.add(key) if position is None else position
        if holder[key] is None:
            holder[key] = ""
    else:
        holder.setdefault(key, "")
    if not isinstance(holder[key], _TextBuffer):
        holder[key] = _TextBuffer(holder[key])
    holder[key].pieces.append(piece)


def _to_json_value(value: object) -> Any:
    if is_array(value):
        return [_to_json_value(part) for part in value]
    to_dict = getattr(value, "to_dict", None)
    return to_dict() if to_dict else value
