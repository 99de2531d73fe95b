"""The pairing of the output of a response object with earlier versions of the same items; pure."""

# How it works
#
# The ids decide where they can. Servers that make up ids for each event, or send none, leave these steps, each for what
# the one before left over, and only among items of one type that are not different calls:
#
#   1. by id or `call_id`; of several with the same, the one with the same words
#   2. all in order, if there are as many of the type, and nothing speaks against any of them
#   3. by the same words
#   4. one by one in order, if nothing speaks against it
#
# Other words under another id, in an item that was done, speak against it: it is another item. A member that
# says less has no other words. A member that repeats an earlier one of the same id is not a version of any item.

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .._base.json_types import JsonObject, is_object
from .versions import are_one_call, merged, type_of, words_of

if TYPE_CHECKING:
    from .items import Item

__all__ = ["ids_of", "paired"]


def ids_of(data: object) -> list[str]:
    """Return the ids by which events may name an item."""
    found = (data.get("id"), data.get("call_id")) if is_object(data) else ()
    return [name for name in found if isinstance(name, str) and name]


def paired(items: Sequence[Item], output: Sequence[Any], by_id: dict[str, list[Item]]) -> list[Item | None]:
    """Return for each member of an output the item that it is a version of; None if there is none.

    Args:
        items: The items that came before, in order.
        output: The output.
        by_id: The same items by each of their ids.
    """
    pairing = _Pairing(items, output)
    pairing.by_ids(by_id)
    if pairing.rest and pairing.left:
        pairing.all_in_order()
        pairing.by_words()
        pairing.in_order()
    return pairing.found


class _Pairing:
    def __init__(self, items: Sequence[Item], output: Sequence[Any]) -> None:
        self._output = output
        self.found: list[Item | None] = [None] * len(output)
        self.left = dict.fromkeys(items)  # as a set that is in order
        self.rest: list[int] = []  # the members without an item

    def _pair(self, number: int, item: Item) -> None:
        self.found[number] = item
        del self.left[item]

    def by_ids(self, by_id: dict[str, list[Item]]) -> None:
        known: set[tuple[object, str]] = set()
        for number, data in enumerate(self._output):
            names = [(type_of(data), name) for name in ids_of(data)]
            named = [item for _, name in names for item in by_id.get(name, ()) if item in self.left]
            named = [item for item in named if _may_be(item, data)]
            if len(named) > 1:
                words = words_of(data)
                named.sort(key=lambda item: words_of(item.data) != words)
            if named:
                self._pair(number, named[0])
                known.update(names)
            elif known.isdisjoint(names):
                self.rest.append(number)

    def all_in_order(self) -> None:
        kinds = dict.fromkeys(type_of(self._output[number]) for number in self.rest)
        for kind in kinds:
            members = [number for number in self.rest if type_of(self._output[number]) == kind]
            items = [item for item in self.left if type_of(item.data) == kind]
            if len(items) == len(members) and all(map(self._may_be_version, items, members)):
                for number, item in zip(members, items, strict=True):
                    self._pair(number, item)

    def by_words(self) -> None:
        done_first = sorted(self.left, key=lambda item: not item.is_done)
        for number in self._unpaired():
            data = self._output[number]
            same = (item for item in done_first if item in self.left and _may_be(item, data))
            if (item := next((item for item in same if _words(item.data) == _words(data)), None)) is not None:
                self._pair(number, item)

    def in_order(self) -> None:
        for number in self._unpaired():
            item = next((item for item in self.left if self._may_be_version(item, number)), None)
            if item is not None:
                self._pair(number, item)

    def _unpaired(self) -> list[int]:
        return [number for number in self.rest if self.found[number] is None]

    def _may_be_version(self, item: Item, number: int) -> bool:
        data = self._output[number]
        if not _may_be(item, data) or not is_object(data):
            return False
        if not (item.is_done and item.data.get("id") and data.get("id")):
            return True
        words: JsonObject = words_of(item.data)
        found: JsonObject = merged(words, words_of(data))
        return found == words


def _may_be(item: Item, data: object) -> bool:
    if not is_object(data):
        return not is_object(item.data)
    return item.is_of(type_of(data)) and are_one_call(item.data, data)


def _words(data: object) -> JsonObject | object:
    return words_of(data) if is_object(data) else data
