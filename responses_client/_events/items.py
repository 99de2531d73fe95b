"""The items of a response while it is streamed: which of them an event is about, and their order; pure."""

# How it works
#
# The `output_index` and the id of an event name its item, but servers get either wrong: GitHub Copilot sends each event
# of an item with another id, gateways from Chat Completions begin several items at the index 0, llama.cpp has only the
# `call_id` to go by. So several items may share an index, and an item may have several ids.
#
# An item is begun (`...added`):
#
#   1. at an index:      the item there that has its type and none of whose ids is another one: a repetition, which loses
#                        and doubles nothing
#   2. without an index: the item with its id and type
#   3. instead of an item that only pieces had created, there
#   4. else it is another item, at the end if it shares its index, since the server does not count
#
# It ends (`...done`):
#
#   1. the item of its type and id, at the index or elsewhere
#   2. the item of its type that is not done, at the index: the one that says the same, or the first
#   3. as if it were begun: an item that was never announced, or one that is done once more
#
# Any other event is about the first of these:
#
#   1. the item with its `item_id`, preferably of the right type and at the index, and there the last one that began
#   2. at the index, the item of the right type whose last event had the same `item_id`, or else the last one that is
#      not done, or else is
#   3. at the index, an item that is not an object, or has a type that no event is about
#   4. without an `item_id`, the last item of the right type that is not done, wherever it is
#   5. a new item
#
# but an event that adds something is not about an item that is done, if it has an `item_id` of its own, or neither index
# nor id. Without an index, 2 and 3 look at the item of the event before, and then at all, the last one first.
#
# A response object has the items in their right order, with their last versions; `pairing.py` finds out which is which.
# Items that are missing keep their places if they are done; if the response continues, also if they are not.

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Any

from .._base.json_types import JsonObject, is_object
from .pairing import ids_of, paired
from .pieces import PartList
from .versions import are_one_call, is_blank, merged, says_less, type_of, words_of

__all__ = ["Item", "ItemTable", "types_of_parts"]


class Item:
    """An item of the output.

    Args:
        data: Its JSON; anything but an object is malformed, but kept.
        index: The `output_index` of its events.

    Attributes:
        is_announced: Whether an event brought it as a whole; if not, pieces created it.
        is_guess: Whether its type is only a guess, from the type of a part.
        is_done: Whether it is finished.
    """

    __slots__ = ("data", "index", "is_announced", "is_done", "is_guess", "last_id")

    def __init__(self, data: Any, index: int) -> None:
        self.data: Any = data
        self.index = index
        self.last_id: str | None = None  # the `item_id` of its last event, which need not be its own
        self.is_announced = False
        self.is_guess = False
        self.is_done = False

    def is_of(self, kind: str | None) -> bool:
        """Whether it is an object of a type."""
        return is_object(self.data) and type_of(self.data) == kind

    def suits(self, kind: str | None) -> bool:
        """Whether an event about items of a type may be about it; None stands for all that have content."""
        if kind is not None:
            return self.is_of(kind)
        return is_object(self.data) and (type_of(self.data) in _with_content() or self.is_foreign())

    def is_foreign(self) -> bool:
        """Whether it is of a type that is not known, so that any event may be about it."""
        from ..models import OutputItem
        from ..models._base import union_class

        found = type_of(self.data)
        return found is None or union_class(OutputItem).member(found) is None


class ItemTable:
    """The items of a response, by index and by id, in order.

    Attributes:
        cut: The items whose last version says less than the one before; to be emptied by the reader.
    """

    def __init__(self) -> None:
        self._items: list[Item] = []  # in order
        self._by_index: dict[int, list[Item]] = {}
        self._by_id: dict[str, list[Item]] = {}
        self._next_index = 0
        self._is_counted = True  # whether each item has an index of its own
        self._last: Item | None = None  # the one that the last event was about
        self.cut: list[Item] = []

    def __len__(self) -> int:
        return len(self._items)

    def output(self) -> list[Any]:
        """Return the JSON of the items, in order."""
        return [item.data for item in self._items]

    def done(self) -> list[JsonObject]:
        """Return the JSON of the items that are done."""
        return [item.data for item in self._items if item.is_done and is_object(item.data)]

    # Events of whole items

    def put(self, data: JsonObject, index: int | None, *, is_done: bool) -> None:
        """Take an item that begins or ends."""
        item = (self._ended(data, index) if is_done else None) or self._begun(data, index)
        if item is None:
            item = self._add(data, index)
        elif not is_object(item.data):  # the one before it said nothing
            item.data = data
        elif is_done or not item.is_done:
            self._note_cut(item, data, is_last=is_done)
            if item.is_guess:
                item.data.pop("role", None)
                item.data["type"] = data.get("type")
            item.data = merged(item.data, data, is_last_word=is_done)
        else:  # it is announced once more, after it was done
            item.data = merged(data, item.data)
        if not is_done:
            for parts in item.data.values():
                if isinstance(parts, PartList):
                    parts.ended.clear()
                    parts.done.clear()  # they may be announced once more, too
        item.is_announced, item.is_guess = True, False
        item.is_done = item.is_done or is_done
        self._note_ids(item)
        self._last = item

    def _ended(self, data: JsonObject, index: int | None) -> Item | None:
        kind = type_of(data)
        named = [item for item in self._named(data) if item.is_of(kind)]
        here = self._by_index.get(index, []) if index is not None else self._last_only()
        for item in named:
            if index is None or item in here or not item.is_done:
                return item
        open_here = [item for item in here if item.is_of(kind) and not item.is_done]
        if len(open_here) > 1:
            words = words_of(data)
            open_here.sort(key=lambda item: (not are_one_call(item.data, data), words_of(item.data) != words))
        return open_here[0] if open_here else None

    def _begun(self, data: JsonObject, index: int | None) -> Item | None:
        if index is None:
            named = [item for item in self._named(data) if item.is_of(type_of(data))]
            return next(
                chain(named, (item for item in self._last_only() if _is_placeholder(item, data))), None
            )
        here = self._by_index.get(index, [])
        for is_same in (_is_repeated, _is_placeholder):
            for item in reversed(here):
                if is_same(item, data):
                    return item
        return None

    def _named(self, data: JsonObject) -> Iterator[Item]:
        """Yield the items with an id of this one, those with the same `id` first."""
        for name in ids_of(data):
            yield from self._by_id.get(name, ())

    def _last_only(self) -> list[Item]:
        return [self._last] if self._last is not None else []

    def _add(self, data: Any, index: int | None) -> Item:
        if index is None:
            index = self._next_index
        self._next_index = max(self._next_index, index + 1)
        item = Item(data, index)
        here = self._by_index.setdefault(index, [])
        self._is_counted = self._is_counted and not here
        position = len(self._items)
        if self._is_counted:
            while position and self._items[position - 1].index > index:
                position -= 1
        here.append(item)
        self._items.insert(position, item)
        self._note_ids(item)
        return item

    def _note_ids(self, item: Item) -> None:
        for name in ids_of(item.data):
            known = self._by_id.setdefault(name, [])
            if item not in known:
                known.append(item)

    # Events of parts of items

    def locate(self, kind: str | None, index: int | None, item_id: str | None, *, is_end: bool) -> JsonObject:
        """Return the item that an event is about; create it if there is none.

        Args:
            kind: The type of the item; None if it is any that has content.
            index: The `output_index`, if the event has one.
            item_id: The id, if the event has one.
            is_end: Whether the event ends something, rather than adding to it.
        """
        item = self._last
        is_last = (
            item is not None
            and item.index == index
            and not item.is_done
            and item_id not in self._by_id
            and len(self._by_index[item.index]) == 1
            and item.is_of(kind)
        )
        if not is_last:  # it is where each event has another id, and then has to be found fast
            item = self._by_item_id(kind, index, item_id, is_end) if item_id else None
            item = item or self._at(kind, index, item_id, is_end)
        if item is None:
            item = self._add(_new_item(kind, item_id), index)
            item.is_guess = kind is None
        elif not is_object(item.data):
            item.data = _new_item(kind, item_id)
        item.last_id = item_id
        self._last = item
        data: JsonObject = item.data
        return data

    def _by_item_id(self, kind: str | None, index: int | None, item_id: str, is_end: bool) -> Item | None:
        known = self._by_id.get(item_id)
        if known is None:
            return None
        item = known[0]
        if len(known) > 1:
            # Of several at the index, the last one that began.
            order = reversed(known) if sum(item.index == index for item in known) > 1 else known
            item = max(order, key=lambda item: (item.suits(kind), item.index == index, not item.is_done))
        if index not in (None, item.index) and item.is_done and not is_end:
            return None  # ids may be the same for all items
        is_fit = item.suits(kind) or (
            item.data.get("id") == item_id and {kind, type_of(item.data)} <= _with_content()
        )
        return item if is_fit else None

    def _at(self, kind: str | None, index: int | None, item_id: str | None, is_end: bool) -> Item | None:
        def takes(item: Item) -> bool:
            is_open = not item.is_done or is_end or (item_id is None and index is not None)
            return is_open and item.suits(kind)

        if index is None:
            return next(filter(takes, chain(self._last_only(), reversed(self._items))), None)
        here = self._by_index.get(index)
        if not here:
            return None
        found = [item for item in reversed(here) if takes(item)]
        # One whose last event had this id, which is not its own; or else one that is not done.
        found.sort(key=lambda item: (item_id is None or item.last_id != item_id, item.is_done))
        if not found:
            found = [item for item in reversed(here) if item.is_foreign()]
        if not found and not item_id:
            found = [item for item in reversed(self._items) if item.suits(kind) and not item.is_done]
        return found[0] if found else None

    # Response objects

    def take(self, output: list[Any], *, is_last: bool) -> tuple[list[Item], list[Item]]:
        """Take the output of a response, which has the items in order.

        Args:
            output: The output.
            is_last: Whether the response is finished.

        Returns:
            The items that were done and are kept though the output lacks them, and those that are left out, which were
            not done but say something.
        """
        pairs = paired(self._items, output, self._by_id)
        before = self._items
        now: list[Item] = []
        places: dict[Item, int] = {}
        for index, (data, item) in enumerate(zip(output, pairs, strict=True)):
            if item is None:
                item = Item(data, index)
            elif is_last or not item.is_done:
                self._note_cut(item, data, is_last=is_last)
                item.data = merged(item.data, data, is_last_word=is_last)
            else:
                item.data = merged(data, item.data)
            item.is_announced = True
            item.is_done = item.is_done or is_last
            places[item] = len(now)
            now.append(item)
        missing = [item for item in before if item not in places and not _is_said_by(item, now)]
        kept = [item for item in missing if item.is_done or not is_last]
        self._items = _in_their_places(before, now, kept)
        self._reindex()
        return (
            [item for item in kept if item.is_done],
            [item for item in missing if item not in kept and not is_blank(words_of(item.data))],
        )

    def _note_cut(self, item: Item, data: Any, *, is_last: bool) -> None:
        if is_last and is_object(item.data) and is_object(data) and says_less(item.data, data):
            self.cut.append(item)

    def _reindex(self) -> None:
        self._by_index, self._by_id = {}, {}
        for item in self._items:
            self._by_index.setdefault(item.index, []).append(item)
            self._note_ids(item)
        self._next_index = max(self._by_index, default=-1) + 1
        if self._last not in self._items:  # it was left out, and nothing more can be about it
            self._last = None


def _is_said_by(item: Item, others: list[Item]) -> bool:
    """Whether another item has the id of an item and says all that it does: then it is its later version.

    transformers serve begins a message once more, at another index, if its text continues after a call.
    """
    said = words_of(item.data) if is_object(item.data) and item.data.get("id") else None
    return said is not None and any(
        is_object(other.data)
        and item.is_of(type_of(other.data))
        and other.data.get("id") == item.data["id"]
        and merged(words_of(other.data), said, is_last_word=False) == words_of(other.data)
        for other in others
    )


def _is_repeated(item: Item, data: JsonObject) -> bool:
    """Whether data at the index of an item, and of its type, are the item once more."""
    if not is_object(item.data):
        return True
    if not item.is_of(type_of(data)) or not are_one_call(item.data, data):
        return False
    ids = item.data.get("id"), data.get("id")
    if all(ids):
        return ids[0] == ids[1] or not item.is_announced
    # Without ids, an item that begins or ends at the index of a finished one is another one, unless it says the same.
    return not item.is_done or bool(data.get("call_id")) or words_of(item.data) == words_of(data)


def _is_placeholder(item: Item, data: JsonObject) -> bool:
    """Whether an item was created by pieces, and may be the one that data announce."""
    return not item.is_announced and (item.is_guess or item.is_of(type_of(data)))


def _new_item(kind: str | None, item_id: str | None) -> JsonObject:
    item: JsonObject = {"type": kind or "message", "status": "in_progress"}
    if item_id is not None:
        item["id"] = item_id
    if item["type"] == "message":
        item |= {"role": "assistant", "content": []}
    return item


def _in_their_places(before: list[Item], now: list[Item], kept: list[Item]) -> list[Item]:
    """Return the items of an output, and each one that it lacks behind the one that it followed before."""
    found = [*now]
    position = 0
    for item in before if kept else ():
        if item in kept:
            found.insert(position, item)
            position += 1
        elif item in found:
            position = found.index(item) + 1
    return found


@cache
def _with_content() -> frozenset[str | None]:
    """Return the types of items that have content."""
    from ..models._effects import EFFECTS

    return frozenset(kind for _, _, path, _, kind in EFFECTS.values() if path[:1] == ("content",) and kind)


@cache
def types_of_parts() -> dict[str, str]:
    """Return for each type of a part the type of the items that have such parts."""
    from ..models._effects import EFFECTS

    return {part: kind for *_, part, kind in EFFECTS.values() if part and kind}
