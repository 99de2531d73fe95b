"""Events in, the response so far out: a function of the events alone, driven by a generated table; no I/O."""

# How it works
#
# The table (`models/_effects.py`) says what an event does to the snapshot, as (verb, field, path, part, item):
#
#   response.output_text.delta:  append  delta  content / content_index / text   output_text  message
#
# reads "append the field `delta` of the event to `output[output_index].content[content_index].text`; if there is no
# such item, it is a message, and if there is no such part, it is an `output_text`". There are four verbs: `put`
# (an object), `append` (a piece), `set` (a value) and `status`. Other events have no effect.
#
# Many servers leave out or miscount what the path needs, and say less at the end than on the way. Three modules know
# what is meant, each with its rules at its head:
#
#   items.py      which item an event is about, in which order the items are, and which are those of a response object
#   pieces.py     which part of the item it is, and whether pieces continue a value or repeat it
#   versions.py   merges two versions of a value
#
# Nothing that was streamed is lost: a missing parent is created with its type and status, never skipped, and an empty
# value at the end does not overrule one that came. A response object (`response.created`, `response.completed`, ...)
# replaces the snapshot, and its output has the last word on the items, but for those that it lacks although they were
# done. A warning reports these, since it is unknown what the server meant.

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache
from itertools import groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from .._base.json_types import JsonObject, as_array, is_array, is_object
from ..models._base import RUNNING_STATUSES
from .decoder import END_TYPES, is_about_response
from .growth import with_grown
from .items import ItemTable, types_of_parts
from .pieces import PartList, append, list_under, object_at, object_under
from .versions import merged, type_of

if TYPE_CHECKING:
    from ..models import Response, StreamEvent
    from ..models._base import Model
    from .items import Item

__all__ = ["Accumulator"]


logger = logging.getLogger("responses_client")


class Accumulator:
    """The events of one response, applied to its snapshot.

    Args:
        response_id: The id of the response, if it is known beforehand.

    Attributes:
        last_sequence_number: The last number that came; None if the server sends none.
        last_numbered: The event with that number.
        is_numbered: Whether every event about the response has a number, each above the one before.
        end_type: The type of the terminal event with the response; None before it came.
    """

    def __init__(self, response_id: str | None = None) -> None:
        self._known_id = response_id
        self._response: JsonObject | None = None  # the last response object
        self._items = ItemTable()
        self._has_warned = False
        self._snapshot: Response | None = None  # until the next event changes it
        # The last snapshot and the place of the one string that grew since then, if nothing else changed.
        self._before: tuple[Response, Any, Any] | None = None
        self.last_sequence_number: int | None = None
        self.last_numbered: StreamEvent | None = None
        self.is_numbered = True
        self.end_type: str | None = None

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
            if verb == "append" and isinstance(text := getattr(first, value), str):
                text += "".join([getattr(event, value) for event in run])
                holder, key = self._locate(first, path, parents)
                append(holder, key, text)
                self._note_growth(holder, key)
                continue
            for event in (first, *run):
                self._apply(event, verb, value, path, parents)

    def _note_growth(self, holder: object, key: object) -> None:
        if self._snapshot is not None:
            self._before = self._snapshot, holder, key
        elif self._before is not None and not (self._before[1] is holder and self._before[2] == key):
            self._before = None
        self._snapshot = None

    def _note_change(self) -> None:
        self._snapshot = self._before = None

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

    def done_items(self) -> list[JsonObject]:
        """Return the items that are done."""
        return self._items.done()

    def finish(self, event_type: str) -> None:
        """Take the status from the type of the terminal event, if its response has none or a running one."""
        response = self._response or {}
        if response.get("status") in (None, *RUNNING_STATUSES):
            self._response = {**response, "status": event_type.rpartition(".")[2]}
            self._note_change()

    def snapshot(self) -> Response | None:
        """Return the response so far; None before anything of it came."""
        if self._before is not None:
            before, holder, key = self._before
            self._snapshot, self._before = with_grown(before, self._items.output(), holder, key), None
        # Built from JSON, as any answer is: malformed parts become `Unknown...` objects by the same rules.
        if self._snapshot is None and (self._response is not None or self._items):
            from ..models import Response
            from ..models._tolerance import suppress_warnings, write_json

            response = dict(self._response or {})
            if self._known_id is not None:
                response.setdefault("id", self._known_id)
            if self._items:
                response["output"] = self._items.output()
            with suppress_warnings():  # they were logged when the events came
                self._snapshot = Response.from_json(write_json(response, fallback=str))
        return self._snapshot

    def _apply(
        self, event: Model, verb: str, value: str, path: tuple[str, ...], parents: Sequence[str | None]
    ) -> None:
        self._note_change()
        match verb, value:
            case "put", "response":
                self._put_response(event)
            case "put", "item":
                item: object = _field(event, "item").to_dict()
                if is_object(item):
                    self._items.put(item, _field(event, "output_index"), is_done=_is_done(event))
                    self._warn_of_cuts(event)
            case "status", status:
                holder, _ = self._locate(event, ("status",), parents)
                holder["status"] = status
            case _:
                new = _to_json_value(_field(event, value))
                if new is None:
                    return
                holder, key = self._locate(event, path, parents)
                if verb == "append":  # an object whose fields are pieces, such as the output of a shell
                    part = object_at(holder, key)
                    for name, piece in new.items():
                        append(part, name, piece)
                elif path[-1] == "annotation_index":
                    holder.put_annotation(key, new)
                elif isinstance(holder, PartList):
                    is_done = _is_done(event)
                    ends_last = is_done and (key is None or path[-1] == "content_index")
                    holder.put_part(key, new, is_done=is_done, ends_last=ends_last)
                else:
                    holder[key] = merged(holder.get(key), new, field=key)

    def _put_response(self, event: Model) -> None:
        response: Response = _field(event, "response")
        new = response.to_dict()
        output: object = new.get("output")
        # Some servers send only the changed fields, which shows by the missing id.
        self._response = new if new.get("id") else {**(self._response or {}), **new}
        if (kind := _field(event, "type")) in END_TYPES:
            self.end_type = kind
        if not (items := as_array(output)):
            return
        kept, left_out = self._items.take(items, is_last=_field(event, "type") in END_TYPES)
        if (kept or left_out) and not self._has_warned:
            self._has_warned = True
            logger.warning(
                "The output in %s lacks items that came before it: the snapshot keeps those that were done (%s) and "
                "leaves out the others (%s)",
                _field(event, "type"),
                _kinds(kept),
                _kinds(left_out),
            )
        self._warn_of_cuts(event)

    def _warn_of_cuts(self, event: Model) -> None:
        cut, self._items.cut = self._items.cut, []
        if cut and not self._has_warned:
            self._has_warned = True
            logger.warning(
                "The last version of an item in %s says less than the one before (%s): the snapshot has the last one",
                _field(event, "type"),
                _kinds(cut),
            )

    def _locate(self, event: Model, path: Sequence[str], parents: Sequence[str | None]) -> tuple[Any, Any]:
        """Return the container that a path leads to, and the key or index in it; create missing containers."""
        part_type, item_type = parents
        if item_type is None:
            item_type = types_of_parts().get(getattr(_field(event, "part"), "wire_type", ""))
        is_end = _is_end(_field(event, "type"))
        index, item_id = _field(event, "output_index"), _field(event, "item_id")
        holder: Any = self._items.locate(item_type, index, item_id, is_end=is_end)
        for key, below in pairwise(path):
            if key.endswith("_index"):
                is_shared = key == "content_index"
                holder = object_at(holder, _field(event, key), part_type, is_shared=is_shared, is_end=is_end)
            else:
                holder = list_under(holder, key) if below.endswith("_index") else object_under(holder, key)
        last = path[-1]
        return holder, _field(event, last) if last.endswith("_index") else last


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


@cache
def _is_end(event_type: str) -> bool:
    return event_type.endswith((".done", ".completed", ".failed"))


def _kinds(items: Sequence[Item]) -> str:
    """Return the types of items, for a message."""
    return ", ".join(str(type_of(item.data)) for item in items) or "none"


def _to_json_value(value: object) -> Any:
    if is_array(value):
        return [_to_json_value(part) for part in value]
    to_dict = getattr(value, "to_dict", None)
    return to_dict() if to_dict else value
