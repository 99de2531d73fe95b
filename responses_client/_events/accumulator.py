"""Events in, `Response` so far out: a pure function of the events, driven by a generated table.

The table (`models/_effects.py`) says what each event does to the snapshot; this module knows the
four verbs (put, append, set, status) and how to stay right with servers that forget indexes, ids,
parents, or the output of the last event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from ..models._base import RUNNING_STATUSES, Unknown

if TYPE_CHECKING:
    from ..models import Response, StreamEvent
    from ..models._base import Model

__all__ = ["Accumulator", "matters"]

Json = dict[str, Any]


class _Text:
    """A text that grows: its pieces are joined only when somebody looks, else long texts take quadratic time."""

    def __init__(self, start: object) -> None:
        self.pieces = [start if isinstance(start, str) else ""]

    def __str__(self) -> str:
        return "".join(self.pieces)


class _Parts(list[Any]):
    """A list whose parts may be counted oddly by the server: from 1, or with gaps.

    Attributes:
        places: Where the part is that was made for an index which the list did not have.
    """

    def __init__(self, parts: list[Any]) -> None:
        super().__init__(parts)
        self.places: dict[int, int] = {}

    def place(self, index: int) -> int | None:
        """Return where the part of an index is; None if there is none."""
        return self.places.get(index, index if 0 <= index < len(self) else None)

    def make(self, index: int | None) -> int:
        """Make one more part, for an index that there is none of."""
        place = len(self)
        if index is not None:
            self.places[index] = place
        self.append(None)
        return place


class Accumulator:
    """Collects the events of one response.

    Attributes:
        last_sequence_number: The last number seen, None if the server sends none.
        last_numbered: The event that had it.
        is_numbered: Whether each event that matters has a number, and one above that of the event before.
    """

    def __init__(self, response_id: str | None = None) -> None:
        self._known_id = response_id  # beforehand
        self._response: Json | None = None  # the last response object
        self._items: dict[int, Any] = {}  # by output_index
        self._done: set[int] = set()  # of the items, those that were finished
        self._last_key = 0
        self._snapshot: Response | None = None
        self.last_sequence_number: int | None = None
        self.last_numbered: StreamEvent | None = None
        self.is_numbered = True

    @property
    def response_id(self) -> str | None:
        """The id of the response; None while it is not known."""
        found = (self._response or {}).get("id")
        return found if isinstance(found, str) else self._known_id

    def extend(self, events: Sequence[StreamEvent]) -> None:
        """Add events in the order they came."""
        if not events:
            return
        from ..models._effects import EFFECTS

        self._note_numbers(events)
        for (kind, _), run in groupby(events, key=_target):
            first = next(run)
            effect = EFFECTS.get(first.type or "")
            if effect is None or issubclass(kind, Unknown):
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
        numbered = [event for event in events if event.sequence_number is not None]
        if len(numbered) < len(events) and any(
            event.sequence_number is None and matters(event) for event in events
        ):
            self.is_numbered = False
        if numbered:
            numbers = [cast("int", event.sequence_number) for event in numbered]
            last = self.last_sequence_number
            if numbers != sorted(set(numbers)) or (last is not None and numbers[0] <= last):
                self.is_numbered = False
            self.last_sequence_number = numbers[-1]
            self.last_numbered = numbered[-1]

    def finish(self, event_type: str) -> None:
        """Take the status from the type of the terminal event, if its response does not tell."""
        response = self._response or {}
        if response.get("status") in (None, *RUNNING_STATUSES):
            self._response = {**response, "status": event_type.rpartition(".")[2]}
            self._snapshot = None

    def snapshot(self) -> Response | None:
        """Return the response so far; None before anything of it came."""
        if self._snapshot is None and (self._response is not None or self._items):
            from ..models import Response
            from ..models._tolerance import quietly, write_json

            response = dict(self._response or {})
            if self._known_id is not None:
                response.setdefault("id", self._known_id)
            if self._items:
                response["output"] = [self._items[key] for key in sorted(self._items)]
            with quietly():
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
                if isinstance(item, dict):
                    self._items[self._key_for(event, cast("Json", item))] = item
            case "status", status:
                holder, _ = self._locate(event, ("status",), parents)
                holder["status"] = status
            case _:
                new = _plain(_field(event, value))
                if new is None:
                    return
                holder, key = self._locate(event, path, parents)
                if verb == "append":  # an object of several texts
                    part = _element(holder, key)
                    for name, piece in new.items():
                        _append(part, name, piece)
                elif isinstance(holder, list):
                    ends_last = _is_done(event) and (key is None or path[-1] == "content_index")
                    _place(cast("_Parts", holder), key, new, ends_last)
                else:
                    holder[key] = new

    def _put_response(self, event: Model) -> None:
        response: Response = _field(event, "response")
        new = response.to_dict()
        output: object = new.get("output")
        self._response = new if new.get("id") else {**(self._response or {}), **new}
        items = dict(enumerate(cast("list[object]", output))) if isinstance(output, list) else {}
        if items:
            self._items = items
            self._done = set(items)

    def _key_for(self, event: Model, item: Json) -> int:
        """Return the place of the item of an event: its index, or else that of the item it continues."""
        key: int | None = _field(event, "output_index")
        if key is None:
            key = self._find(item.get("type"), item.get("id"), item.get("call_id"))
        if key is None:
            is_open = self._last_key not in self._done and self._fits(self._last_key, item.get("type"))
            key = self._last_key if is_open and _is_done(event) else self._next_key()
        self._last_key = key
        (self._done.add if _is_done(event) else self._done.discard)(key)
        return key

    def _item(self, event: Model, kind: str | None) -> Json:
        """Return the item that an event is about; make it if need be."""
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
        if not isinstance(self._items.get(key), dict):
            self._items[key] = _new_item(kind or "message", item_id)
        return cast("Json", self._items[key])

    def _find(self, kind: object, *ids: object) -> int | None:
        """Return the place of the item with an id; llama.cpp has only a `call_id` to go by."""
        wanted = [name for name in ids if name]
        for key, item in self._items.items():
            known = (item.get("id"), item.get("call_id")) if self._fits(key, kind) else ()
            if any(name in known for name in wanted):
                return key
        return None

    def _fits(self, key: int, kind: object) -> bool:
        item = self._items.get(key)
        return isinstance(item, dict) and (kind is None or _type_of(cast("Json", item)) == kind)

    def _next_key(self) -> int:
        return max(self._items, default=-1) + 1

    def _locate(self, event: Model, path: Sequence[str], parents: Sequence[str | None]) -> tuple[Any, Any]:
        """Return the container and the key or index that the path leads to; make what is missing."""
        part_type, item_type = parents
        holder: Any = self._item(event, item_type)
        for key, below in pairwise(path):
            if key.endswith("_index"):
                holder = _element(holder, _field(event, key), part_type, key == "content_index")
            else:
                holder = _list(holder, key) if below.endswith("_index") else _child(holder, key)
        last = path[-1]
        return holder, _field(event, last) if last.endswith("_index") else last


def matters(event: StreamEvent) -> bool:
    """Tell whether an event says something of the response, and not only that the connection lives."""
    from ..models import Keepalive

    return (event.type or "").startswith("response.") and not isinstance(event, Keepalive)


def _target(event: StreamEvent) -> tuple[type, tuple[object, ...]]:
    """Return what events must agree on to be added together."""
    kind = type(event)
    return kind, _place_getter(kind)(event)


@cache
def _place_getter(kind: type[Model]) -> Callable[[Model], Any]:
    fields = [name for name in kind.model_fields if name.endswith("_index") or name == "item_id"]
    return attrgetter(*fields) if fields else lambda _: None


def _field(event: Model, name: str) -> Any:
    """Return a field; the table tells which there are, but not all events have an index or an id."""
    return getattr(event, name, None)


def _is_done(event: Model) -> bool:
    return bool(_field(event, "type").endswith(".done"))


def _type_of(value: object) -> object:
    return cast("Json", value).get("type") if isinstance(value, dict) else None


def _new_item(kind: str, item_id: str | None) -> Json:
    item: Json = {"type": kind, "status": "in_progress"}
    if item_id is not None:
        item["id"] = item_id
    if kind == "message":
        item |= {"role": "assistant", "content": []}
    return item


def _child(holder: Json, key: str) -> Json:
    if not isinstance(holder.get(key), dict):
        holder[key] = {}
    return cast("Json", holder[key])


def _list(holder: Json, key: str) -> _Parts:
    known: object = holder.get(key)
    if not isinstance(known, _Parts):
        holder[key] = _Parts(cast("list[object]", known) if isinstance(known, list) else [])
    return cast("_Parts", holder[key])


def _element(parts: _Parts, index: int | None, part_type: str | None = None, is_shared: bool = False) -> Json:
    """Return the object at an index, by default the last; one that is missing is made, whatever its index.

    `is_shared` is for vLLM, which counts `content_index` up with each delta: without a part of its own,
    such a delta belongs to the last one.
    """
    last_type = _type_of(parts[-1]) if parts else None
    if index is None or (is_shared and index >= len(parts) and last_type == part_type):
        place = len(parts) - 1 if parts else None
    else:
        place = parts.place(index)
    if place is None:
        place = parts.make(index)
    if not isinstance(parts[place], dict):
        text = "refusal" if part_type == "refusal" else "text"
        parts[place] = {"type": part_type, text: ""} if part_type else {}
    return cast("Json", parts[place])


def _place(parts: _Parts, index: int | None, value: object, ends_last: bool) -> None:
    """Put a value at an index; without such a place it ends the last one of its kind or makes one more."""
    place = None if index is None else parts.place(index)
    if place is not None:
        parts[place] = value
    elif ends_last and parts and _type_of(parts[-1]) == _type_of(value):
        parts[-1] = value
    else:
        parts[parts.make(index)] = value


def _append(holder: Any, key: Any, piece: object) -> None:
    if not isinstance(piece, str):
        return
    if isinstance(holder, _Parts):
        place = (len(holder) - 1 if holder else None) if key is None else holder.place(key)
        key = holder.make(key) if place is None else place
        if holder[key] is None:
            holder[key] = ""
    else:
        holder.setdefault(key, "")
    if not isinstance(holder[key], _Text):
        holder[key] = _Text(holder[key])
    holder[key].pieces.append(piece)


def _plain(value: object) -> Any:
    if isinstance(value, list):
        return [_plain(part) for part in cast("list[object]", value)]
    to_dict = getattr(value, "to_dict", None)
    return to_dict() if to_dict else value
