"""Events in, `Response` so far out: a pure function of the events, driven by a generated table.

The table (`models.events.EFFECTS`) says what each event does to the snapshot; this module knows the
four verbs (put, append, set, status) and how to stay right with servers that forget indexes, ids,
parents, or the output of the last event.
"""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from .models import Response, StreamEvent
    from .models._base import Model

__all__ = ["Accumulator"]

_FOLD_AT = 512  # events kept before they are folded, so that memory stays bounded

Json = dict[str, Any]


class Accumulator:
    """Collects the events of one response.

    Adding is cheap: events are folded in when there are many, or when somebody looks.
    """

    def __init__(self) -> None:
        self._pending: list[StreamEvent] = []
        self._response: Json | None = None  # the last response object, its output left aside
        self._items: dict[int, Json] = {}  # by output_index
        self._last_key = 0
        self._snapshot: Response | None = None
        self._sequence_number: int | None = None

    def extend(self, events: Sequence["StreamEvent"]) -> None:
        """Add events in the order they came."""
        self._pending += events
        if len(self._pending) >= _FOLD_AT:
            self._fold()

    @property
    def last_sequence_number(self) -> int | None:
        """The last number seen, None if the server sends none."""
        self._fold()
        return self._sequence_number

    def snapshot(self) -> "Response | None":
        """Return the response so far; None before anything of it came."""
        self._fold()
        if self._snapshot is None and (self._response is not None or self._items):
            from .models import Response

            output = [self._items[key] for key in sorted(self._items)]
            self._snapshot = Response.from_dict({**(self._response or {}), "output": output})
        return self._snapshot

    def _fold(self) -> None:
        if not self._pending:
            return
        from .models.events import EFFECTS

        events, self._pending = self._pending, []
        for event in reversed(events):
            if event.sequence_number is not None:
                self._sequence_number = event.sequence_number
                break
        # Successive text deltas with one target are joined before they are added, else long texts take
        # quadratic time.
        for (kind, _), run in groupby(events, key=_target):
            first = next(run)
            effect = EFFECTS.get(first.type or "")
            if effect is None:
                continue
            self._snapshot = None
            verb, value, path, *parents = effect
            if verb == "append" and isinstance(text := getattr(first, value), str):
                text += "".join([getattr(event, value) for event in run])
                holder, key = self._locate(first, path, parents)
                _append(holder, key, text)
                continue
            for event in (first, *run):
                self._apply(event, verb, value, path, parents)

    def _apply(
        self, event: "Model", verb: str, value: str, path: tuple[str, ...], parents: Sequence[str | None]
    ) -> None:
        match verb, value:
            case "put", "response":
                self._put_response(event)
            case "put", "item":
                item = cast("Json", event.item.to_dict())  # type: ignore[attr-defined]  # the table says so
                self._items[self._key_for(event, item)] = item
            case "status", status:
                holder, _ = self._locate(event, ("status",), parents)
                holder["status"] = status
            case _:
                new = _plain(getattr(event, value))
                holder, key = self._locate(event, path, parents)
                if verb == "append":  # an object of several texts
                    for name, piece in new.items():
                        _append(_element(holder, key, False, None), name, piece)
                elif isinstance(holder, list):
                    _place(holder, key, new)
                else:
                    holder[key] = new

    def _put_response(self, event: "Model") -> None:
        response: Response = event.response  # type: ignore[attr-defined]  # the table says so
        new = response.to_dict()
        whole = "id" in new or self._response is None
        output = new.pop("output", None)
        self._response = new if whole else {**(self._response or {}), **new}
        if output:
            self._items = dict(enumerate(output))
        if whole and (output or not self._items):
            self._snapshot = response

    def _key_for(self, event: "Model", item: Json) -> int:
        key: int | None = getattr(event, "output_index", None)
        if key is None:
            known = (k for k, old in self._items.items() if item.get("id") and old.get("id") == item["id"])
            is_new = not self._items or getattr(event, "type", "").endswith(".added")
            key = next(known, len(self._items) if is_new else self._last_key)
        self._last_key = key
        return key

    def _item(self, event: "Model", item_type: str | None) -> Json:
        key: int | None = getattr(event, "output_index", None)
        if key is None:
            item_id = getattr(event, "item_id", None)
            known = (k for k, item in self._items.items() if item_id and item.get("id") == item_id)
            key = next(known, self._last_key)
        self._last_key = key
        if key not in self._items:
            self._items[key] = _new_item(item_type or "message", getattr(event, "item_id", None))
        return self._items[key]

    def _locate(self, event: "Model", path: Sequence[str], parents: Sequence[str | None]) -> tuple[Any, Any]:
        """Return the container and the key or index that the path leads to; make what is missing."""
        part_type, item_type = parents
        holder: Any = self._item(event, item_type)
        for key, below in pairwise(path):
            if key.endswith("_index"):
                holder = _element(holder, getattr(event, key, None), key == "content_index", part_type)
            else:
                holder = _child(holder, key, list if below.endswith("_index") else dict)
        last = path[-1]
        return holder, getattr(event, last, None) if last.endswith("_index") else last


def _target(event: "StreamEvent") -> tuple[type, tuple[object, ...]]:
    """Return what events must agree on to be added together."""
    kind = type(event)
    return kind, _place_getter(kind)(event)


@cache
def _place_getter(kind: type["Model"]) -> Callable[["Model"], Any]:
    fields = [name for name in kind.model_fields if name.endswith("_index") or name == "item_id"]
    return attrgetter(*fields) if fields else lambda _: None


def _new_item(kind: str, item_id: str | None) -> Json:
    item: Json = {"type": kind, "status": "in_progress"}
    if item_id is not None:
        item["id"] = item_id
    if kind == "message":
        item |= {"role": "assistant", "content": []}
    return item


def _child(holder: Json, key: str, kind: type[Any]) -> Any:
    if not isinstance(holder.get(key), kind):
        holder[key] = kind()
    return holder[key]


def _element(parts: list[Any], index: int | None, one_a_kind: bool, part_type: str | None) -> Any:
    if index is None:
        index = max(len(parts) - 1, 0)
    if index >= len(parts):
        # vLLM counts content_index up with each delta: without a part of its own, it is the last one.
        if one_a_kind and parts and parts[-1].get("type") == part_type:
            return parts[-1]
        text = "refusal" if part_type == "refusal" else "text"
        parts.append({"type": part_type, text: ""} if part_type else {})
        return parts[-1]
    return parts[index]


def _place(parts: list[Any], index: int | None, value: Any) -> None:
    if index is None or index == len(parts) or not parts:
        parts.append(value)
    elif index < len(parts):
        parts[index] = value
    elif isinstance(value, dict) and parts[-1].get("type") == cast("Json", value).get("type"):
        parts[-1] = value
    else:
        parts.append(value)


def _append(holder: Any, key: Any, text: str) -> None:
    if isinstance(holder, list):
        texts = cast("list[str]", holder)
        key = len(texts) - 1 if key is None else key
        texts += [""] * (key + 1 - len(texts))
        texts[key] += text
    else:
        holder[key] = (holder.get(key) or "") + text


def _plain(value: object) -> Any:
    if isinstance(value, list):
        return [_plain(part) for part in cast("list[object]", value)]
    to_dict = getattr(value, "to_dict", None)
    return to_dict() if to_dict else value
