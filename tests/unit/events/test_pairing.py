"""The output of a response object and the items that came before: which is which."""

from __future__ import annotations

from typing import Any

import pytest

from responses_client._events.items import Item
from responses_client._events.pairing import ids_of, paired

Wire = dict[str, Any]


def message(text: str, **fields: Any) -> Wire:
    return {"type": "message", "content": [{"type": "output_text", "text": text}] if text else [], **fields}


def call(number: int, **fields: Any) -> Wire:
    return {"type": "function_call", "call_id": f"c{number}", "name": "boil", "arguments": "{}", **fields}


def places(before: list[Any], output: list[Any], *, done: bool = True) -> list[int | None]:
    """Return for each member of an output the place of its item among those that came before."""
    items = [Item(data, index) for index, data in enumerate(before)]
    by_id: dict[str, list[Item]] = {}
    for item in items:
        item.is_done = done
        for name in ids_of(item.data):
            by_id.setdefault(name, []).append(item)
    return [None if item is None else item.index for item in paired(items, output, by_id)]


A, B = message("a", id="m1"), message("b", id="m2")
CASES: dict[str, tuple[list[Any], list[Any], list[int | None]]] = {
    "by id": ([A, B], [{**B, "content": []}, message("c", id="m1")], [1, 0]),
    "by the id of the call": (
        [call(1, id="f1"), call(2, id="f2")],
        [call(2, id="x"), call(1, id="y")],
        [1, 0],
    ),
    "items of one call": (
        [call(1), {"type": "function_call_output", "call_id": "c1"}],
        [{"type": "function_call_output", "call_id": "c1"}, call(1)],
        [1, 0],
    ),
    "several with one id": ([A, message("b", id="m1")], [message("b", id="m1"), A], [1, 0]),
    "an id twice": ([A, B], [A, A, B], [0, None, 1]),
    "an id twice, and one is lost": ([A, B], [A, A], [0, None]),
    "by words": ([A, B], [message("b", id="x")], [1]),
    "by words, out of order": ([A, B], [message("b", id="x"), message("a", id="y")], [1, 0]),
    "in order, without ids": ([message("a"), message("b")], [message("A"), message("B")], [0, 1]),
    "in order, though one says nothing": (
        [message("", id="m1"), A, message("", id="m3")],
        [message("", id="x"), message("", id="y"), message("", id="z")],
        [0, 1, 2],
    ),
    "one by one, without ids": (
        [message("a"), message("b"), message("c")],
        [message("b"), message("C")],
        [1, 0],
    ),
    "other words under another id": ([A], [message("c", id="x")], [None]),
    "another call": ([call(1)], [call(2)], [None]),
    "another type": ([A], [call(1)], [None]),
    "no objects": ([None, "x", A], ["x", A, 5], [1, 2, None]),
    "one more": ([A], [message("c", id="x"), A], [None, 0]),
    "nothing came before": ([], [A], [None]),
}


@pytest.mark.parametrize(("before", "output", "found"), CASES.values(), ids=CASES.keys())
def test_members_of_an_output_are_paired(before: list[Any], output: list[Any], found: list[int | None]):
    assert places(before, output) == found


def test_an_item_that_is_not_done_may_get_other_words():
    assert places([A], [message("c", id="x")], done=False) == [0]


def test_ids_are_strings():
    assert ids_of({"id": "m1", "call_id": "c1"}) == ["m1", "c1"]
    assert ids_of({"id": 5, "call_id": ""}) == []
    assert ids_of("m1") == []
