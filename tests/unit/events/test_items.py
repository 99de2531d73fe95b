"""Items by index and by id: which of them an event is about, where servers share the one and change the other."""

from __future__ import annotations

from typing import Any

import pytest

from responses_client._events.items import ItemTable, types_of_parts

Wire = dict[str, Any]


def message(text: str = "", **fields: Any) -> Wire:
    return {"type": "message", "role": "assistant", "content": [{"text": text}] if text else [], **fields}


def call(number: int, arguments: str = "") -> Wire:
    names = {"id": f"f{number}", "call_id": f"c{number}"}
    return {"type": "function_call", **names, "name": "boil", "arguments": arguments}


def begun(*items: Wire, index: int | None = 0) -> ItemTable:
    table = ItemTable()
    for item in items:
        table.put(item, index, is_done=False)
    return table


def located(
    table: ItemTable, item_id: str | None = None, index: int | None = 0, kind: str | None = "function_call"
) -> int:
    """Return the place of the item that a piece is about."""
    found = table.locate(kind, index, item_id, is_end=False)
    return next(place for place, data in enumerate(table.output()) if data is found)


# --- items that begin


def test_another_id_at_an_index_is_another_item():
    assert begun(call(1), call(2)).output() == [call(1), call(2)]


def test_another_type_at_an_index_is_another_item():
    reasoning = {"type": "reasoning", "summary": []}
    assert begun(reasoning, message()).output() == [reasoning, message()]


@pytest.mark.parametrize("index", [0, None])
def test_an_item_that_is_begun_again_is_the_same(index: int | None):
    assert begun(call(1), call(1), index=index).output() == [call(1)]


def test_an_item_that_is_begun_again_loses_nothing():
    table = begun(call(1, "{"))
    table.put(call(1), 0, is_done=False)
    assert table.output() == [call(1, "{")]
    table.put(call(1, "{}"), 0, is_done=True)
    table.put(call(1), 0, is_done=False)
    assert table.output() == [call(1, "{}")]


def test_without_ids_an_item_that_is_begun_where_one_is_done_is_another():
    table = begun(message())
    table.put(message("a"), 0, is_done=True)
    table.put(message("a"), 0, is_done=True)
    table.put(message(), 0, is_done=False)
    assert table.output() == [message("a"), message()]


def test_an_item_that_pieces_created_is_the_one_that_is_begun():
    table = ItemTable()
    table.locate("message", 0, "x1", is_end=False)["content"] = [{"text": "a"}]
    table.put(message(id="m1"), 0, is_done=False)
    assert table.output() == [message("a", id="m1", status="in_progress")]


@pytest.mark.parametrize("index", [0, None])
def test_an_item_of_a_type_that_was_a_guess_gets_its_own(index: int | None):
    table = ItemTable()
    table.locate(None, index, None, is_end=False)["content"] = [{"text": "a"}]
    table.put({"type": "reasoning", "summary": []}, index, is_done=False)
    assert table.output() == [
        {"type": "reasoning", "summary": [], "status": "in_progress", "content": [{"text": "a"}]}
    ]


def test_an_item_takes_the_place_of_one_that_is_no_object():
    table = ItemTable()
    table.take([None, message("a")], is_last=False)
    table.put(message("b", id="m1"), 0, is_done=False)
    assert table.output() == [message("b", id="m1"), message("a")]


@pytest.mark.parametrize("odd", [7, "x", True, 1.5, ["x"]])
@pytest.mark.parametrize("is_last", [False, True])
def test_an_item_that_is_no_object_says_nothing(odd: Any, is_last: bool):
    table = begun({"id": "m1"}, {"type": "message", "id": "m2"})
    table.put({"id": "m3"}, 1, is_done=True)
    table.take([odd, 7], is_last=is_last)
    table.take([odd], is_last=True)
    table.put({"type": "message"}, 0, is_done=False)
    assert {"type": "message"} in table.output()
    assert all(isinstance(data, dict) for data in table.done())


def test_items_that_share_an_index_stand_where_they_came():
    table = begun(message(id="m1"), message(id="m2"))
    table.put(call(1), 7, is_done=False)
    table.put(call(2), 3, is_done=False)
    assert [data["id"] for data in table.output()] == ["m1", "m2", "f1", "f2"]


def test_items_with_indexes_of_their_own_stand_in_their_order():
    table = ItemTable()
    for index in (7, 2, None, 4):
        table.put(message(id=f"m{index}"), index, is_done=False)
    assert [data["id"] for data in table.output()] == ["m2", "m4", "m7", "mNone"]


@pytest.mark.parametrize(("item_id", "place"), [("m1", 1), ("m2", 2)])
def test_part_of_any_item_that_has_content_belongs_to_the_item_with_its_id(item_id: str, place: int):
    table = begun(call(1), message(id="m1"), message(id="m2"))
    assert located(table, item_id, kind=None) == place


def test_part_without_an_id_belongs_to_the_last_item_that_has_content():
    assert located(begun(message(id="m1"), call(1)), kind=None) == 0


# --- items that end


def test_an_item_ends_by_its_id():
    table = begun(call(1), call(2))
    table.put(call(2, "{}"), 0, is_done=True)
    assert table.output() == [call(1), call(2, "{}")]


def test_an_item_ends_under_another_index():
    table = begun(call(1))
    table.put(call(1, "{}"), 5, is_done=True)
    assert table.output() == [call(1, "{}")]


def test_an_id_that_all_items_have_is_no_name():
    table = ItemTable()
    for index, text in enumerate("ab"):
        table.put(message(text, id="m1"), index, is_done=True)
    assert table.output() == [message("a", id="m1"), message("b", id="m1")]


def test_an_item_ends_under_another_id():
    table = begun(message(id="m1"))
    table.put(message("a", id="m2"), 0, is_done=True)
    assert table.output() == [message("a", id="m2")]


def test_of_items_at_one_index_the_one_with_the_same_words_ends():
    table = begun(message("a", id="m1"), message("b", id="m2"))
    table.put(message("b", id="m3"), 0, is_done=True)
    table.put(message("a", id="m4"), 0, is_done=True)
    assert table.output() == [message("a", id="m4"), message("b", id="m3")]


def test_an_item_that_ends_and_never_began_is_another_one():
    table = begun(call(1))
    for number in (1, 2, 3):
        table.put(call(number, "{}"), 0, is_done=True)
    assert table.output() == [call(1, "{}"), call(2, "{}"), call(3, "{}")]


# --- pieces


def test_pieces_go_to_the_last_call_where_calls_share_an_index_and_an_id():
    one, two = call(1), {**call(2), "id": "f1"}
    table = begun(one)
    assert located(table, "f1") == 0
    table.put(two, 0, is_done=False)
    assert located(table, "f1") == 1
    assert located(table, "c1") == 0


def test_pieces_go_by_id_where_items_share_an_index():
    table = begun(call(1), call(2))
    assert [located(table, name) for name in ("f1", "f2", "c1", "f1")] == [0, 1, 0, 0]


def test_pieces_with_unknown_ids_belong_to_the_last_item_at_the_index():
    table = begun(call(1), call(2))
    assert [located(table, name) for name in ("x1", "x2", None)] == [1, 1, 1]


def test_pieces_go_by_the_id_of_the_pieces_before():
    table = begun(call(1))
    assert located(table, "x1") == 0
    table.put(call(2), 0, is_done=False)
    assert [located(table, name) for name in ("x2", "x1", "x2")] == [1, 0, 1]


def test_pieces_with_an_id_of_their_own_do_not_change_an_item_that_is_done():
    table = ItemTable()
    table.put(call(1, "{}"), 0, is_done=True)
    assert located(table, None) == 0
    assert located(table, "x1") == 1
    assert table.locate("function_call", 0, "x2", is_end=True) is table.output()[1]


def test_pieces_without_any_place_begin_an_item_after_one_that_is_done():
    table = ItemTable()
    table.put(message("a"), None, is_done=True)
    assert located(table, None, None, "message") == 1


def test_pieces_of_another_type_begin_another_item():
    table = begun(message(id="m1"))
    assert [located(table, "f1"), located(table, "f1", 0), located(table, "m1", 0, "message")] == [1, 1, 0]


def test_pieces_without_an_id_belong_to_an_open_item_of_their_type_elsewhere():
    table = begun(message(id="m1"))
    table.put(call(1), 1, is_done=False)
    assert located(table, None, 0) == 1


def test_pieces_of_a_done_item_at_a_free_index_begin_another():
    table = ItemTable()
    table.put(message("a", id="m1"), 0, is_done=True)
    assert located(table, "m1", 1, "message") == 1


def test_an_open_item_comes_before_one_that_is_done():
    table = begun(message(id="m1"), message(id="m2"))
    table.put(message("b", id="m2"), 0, is_done=True)
    assert located(table, "x1", 0, "message") == 0


def test_texts_belong_to_reasoning_with_their_id():
    table = begun({"type": "reasoning", "id": "r1", "summary": []})
    assert located(table, "r1", 0, "message") == 0
    assert located(table, "r1", 0, "function_call") == 1


def test_any_piece_may_be_about_an_item_of_an_unknown_type():
    table = begun({"type": "poem"})
    assert located(table, "x1", 0) == 0
    assert located(begun({"type": None}), None, 0, None) == 0


def test_the_type_of_a_part_tells_that_of_its_item():
    assert types_of_parts()["reasoning_text"] == "reasoning"
    assert types_of_parts()["refusal"] == "message"


# --- response objects


def kept_and_left_out(
    table: ItemTable, output: list[Any], *, is_last: bool = True
) -> tuple[list[str], list[str]]:
    kept, left_out = table.take(output, is_last=is_last)
    return [item.data["id"] for item in kept], [item.data["id"] for item in left_out]


def three() -> ItemTable:
    table = ItemTable()
    for index, text in enumerate("abc"):
        table.put(message(text, id=text), index, is_done=True)
    return table


@pytest.mark.parametrize("left", ["a", "b", "c", "ab", "ac", "bc"])
@pytest.mark.parametrize("is_last", [True, False])
def test_items_that_were_done_stay_in_their_places(left: str, is_last: bool):
    table = three()
    missing = [name for name in "abc" if name not in left]
    assert kept_and_left_out(table, [message(t, id=t) for t in left], is_last=is_last) == (missing, [])
    assert [data["id"] for data in table.output()] == ["a", "b", "c"]
    table.put(message("d", id="d"), 3, is_done=False)
    assert [data["id"] for data in table.output()] == ["a", "b", "c", "d"]


def test_the_order_of_the_output_counts():
    table = three()
    assert kept_and_left_out(table, [message(t, id=t) for t in "cxab"]) == ([], [])
    assert [data["id"] for data in table.output()] == ["c", "x", "a", "b"]


def test_an_item_that_went_on_at_another_index_is_the_last_version_of_it():
    table = ItemTable()
    for index, text in enumerate(["hi ", "hi bye"]):
        table.put(message(id="m"), index, is_done=False)
        table.put(message(text, id="m"), index, is_done=True)
    assert table.take([message("hi bye", id="m")], is_last=True) == ([], [])
    assert table.output() == [message("hi bye", id="m")]


@pytest.mark.parametrize("other", [{"id": "m"}, {"id": "n"}, {}])
def test_an_item_that_said_something_else_stays(other: Wire):
    table = ItemTable()
    for index, item in enumerate([message("hi ", id="m"), message("bye", **other)]):
        table.put({**item, "content": []}, index, is_done=False)
        table.put(item, index, is_done=True)
    kept, _ = table.take([message("bye", **other)], is_last=True)
    assert [item.data for item in kept] == [message("hi ", id="m")]


def test_items_that_were_not_done_are_left_out_at_the_end():
    table = begun(message("a", id="m1"), message(id="m2"))
    assert kept_and_left_out(table, [call(1)]) == ([], ["m1"])
    assert table.output() == [call(1)]


def test_items_that_were_not_done_stay_on_the_way():
    table = begun(message("a", id="m1"))
    assert kept_and_left_out(table, [call(1)], is_last=False) == ([], [])
    assert table.output() == [message("a", id="m1"), call(1)]


def test_on_the_way_an_item_that_is_done_has_had_its_last_word():
    table = ItemTable()
    table.put(message("a", id="m1"), 0, is_done=True)
    table.take([message("b", id="m1", size=1)], is_last=False)
    assert table.output() == [message("a", id="m1")]
    assert table.done() == [message("a", id="m1")]


def test_an_item_twice_in_an_output_is_twice_in_the_response():
    table = three()
    table.take([message("a", id="a"), *table.output()], is_last=True)
    assert [data["id"] for data in table.output()] == ["a", "a", "b", "c"]


def test_events_find_the_items_of_an_output():
    table = ItemTable()
    table.take([message(id="m1"), call(1)], is_last=False)
    assert [located(table, None, 1), located(table, "c1", None), located(table, "x", 0, "message")] == [
        1,
        1,
        0,
    ]


@pytest.mark.parametrize("kind", [[], None, 5])
def test_an_item_without_a_type_is_an_item_of_its_own(kind: object):
    table = begun(message(id="m1"), {"type": kind}, {"type": kind})
    table.put({"type": kind, "text": "a"}, 0, is_done=True)
    assert table.output() == [message(id="m1"), {"type": kind, "text": "a"}]
    table.take([{"type": kind, "text": "a"}], is_last=True)
    assert table.output() == [{"type": kind, "text": "a"}]


def test_an_item_without_an_id_keeps_that_of_its_pieces():
    table = ItemTable()
    assert located(table, "m1", None, "message") == 0
    assert table.output() == [{**message(id="m1"), "status": "in_progress"}]


def test_of_items_with_one_id_the_one_at_the_index_is_meant():
    table = ItemTable()
    for index in (0, 1):
        table.put(message(id="m1"), index, is_done=False)
    assert [located(table, "m1", index, "message") for index in (1, 0, None)] == [1, 0, 0]


def test_names_change_hands():
    table = begun(call(1), call(2))
    assert [located(table, "x1"), located(table, "x2"), located(table, "x1")] == [1, 1, 1]
