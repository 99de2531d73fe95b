"""Strings that grow from pieces, and lists that are numbered oddly."""

from __future__ import annotations

from typing import Any

import pytest

from responses_client._events.pieces import PartList, TextBuffer, append, list_under, object_at, object_under

GROWN = {
    "pieces alone": ("", ["a", "a"], "aa"),
    "a value that is no string": (5, ["a"], "a"),
    "a value and the rest": ("Hel", ["lo"], "Hello"),
    "a value, repeated": ("Hello", ["Hel", "lo"], "Hello"),
    "a value, repeated so far": ("Hello", ["Hel"], "Hello"),
    "a value and a rest that begins like it": ("haha", ["ha", "!"], "hahaha!"),
    "a value and more than it once more": ("ha", ["ha", "ha"], "hahaha"),
    "arguments, repeated": ('{"a": 1}', ["{", '"a"', ": 1}"], '{"a": 1}'),
    "arguments in place of none": ("{}", ['{"a"', ": 1}"], '{"a": 1}'),
    "the first arguments, repeated with the others": ('{"a"', ['{"a"', ": 1", "}"], '{"a": 1}'),
    "the first arguments, and in them the same": ('{"a": ', ['{"a": 1}', "}"], '{"a": {"a": 1}}'),
    "the first arguments, and in them others": ('{"a": ', ['{"b": 1}', "}"], '{"a": {"b": 1}}'),
    "an object and text": ("{}", [" is empty"], "{} is empty"),
}


@pytest.mark.parametrize(("start", "pieces", "text"), GROWN.values(), ids=GROWN.keys())
def test_pieces_continue_a_value_or_repeat_it(start: object, pieces: list[str], text: str):
    buffer = TextBuffer(start)
    for piece in pieces:
        buffer.append(piece)
    assert str(buffer) == text
    assert str(buffer) == text


def test_a_string_without_text_is_false():
    buffer = TextBuffer("")
    assert not buffer
    buffer.append("")
    assert not buffer
    buffer.append("a")
    assert buffer
    assert TextBuffer("a")


def text(value: str) -> dict[str, Any]:
    return {"type": "output_text", "text": value}


def refusal(value: str) -> dict[str, Any]:
    return {"type": "refusal", "refusal": value}


def put(parts: PartList, part: object, index: int | None = 0, *, is_done: bool = False) -> None:
    parts.put_part(index, part, is_done=is_done, ends_last=is_done)


def test_a_part_that_is_announced_twice_is_one():
    parts = PartList([])
    put(parts, text(""))
    append(parts[0], "text", "a")
    put(parts, text(""))
    append(parts[0], "text", "b")
    assert [str(part["text"]) for part in parts] == ["ab"]


def test_a_part_that_is_announced_where_one_is_done_is_another():
    parts = PartList([])
    for value in "ab":
        put(parts, text(""))
        append(object_at(parts, 0, "output_text"), "text", value)
        put(parts, text(value), is_done=True)
    assert parts == [text("a"), text("b")]


@pytest.mark.parametrize("is_done", [True, False])
def test_a_part_of_another_type_is_another(is_done: bool):
    parts = PartList([text("a")])
    put(parts, refusal("no"), is_done=is_done)
    assert parts == [text("a"), refusal("no")]


def test_a_part_of_another_type_takes_the_place_of_one_that_says_nothing():
    parts = PartList([text(""), None])
    put(parts, refusal("no"))
    put(parts, refusal("No"), 1)
    assert parts == [refusal("no"), refusal("No")]


def test_a_part_that_says_nothing_at_its_end_keeps_what_came():
    parts = PartList([text("a")])
    put(parts, text(""), is_done=True)
    assert parts == [text("a")]


def test_a_text_and_a_refusal_at_one_index_are_two_parts():
    parts = PartList([])
    for kind, name in [("output_text", "text"), ("refusal", "refusal"), ("output_text", "text")]:
        append(object_at(parts, 0, kind), name, name[0])
    assert [str(part.get("text", part.get("refusal"))) for part in parts] == ["tt", "r"]


def test_annotations_that_share_an_index_are_all_kept():
    parts = PartList(["a"])
    for index, value in [(0, "b"), (0, "c"), (0, "b"), (0, "a"), (1, "b"), (1, "b"), (None, "b")]:
        parts.put_annotation(index, value)
    assert parts == ["a", "b", "c", "b", "b"]


def test_what_is_missing_is_created():
    holder: dict[str, Any] = {"content": "x"}
    assert object_under(holder, "action") == {}
    assert list_under(holder, "content") == []
    assert object_under(holder, "action") is holder["action"]
    assert list_under(holder, "content") is holder["content"]
    assert object_at(PartList([]), None) == {}


def test_a_piece_that_is_no_string_changes_nothing():
    holder: dict[str, Any] = {}
    append(holder, "text", 5)
    assert holder == {}


def test_strings_in_a_list_grow_at_their_index():
    commands = PartList([])
    for index, piece in [(3, "l"), (3, "s"), (None, " ."), (0, "!")]:
        append(commands, index, piece)
    append(PartList([]), None, "x")
    assert [str(command) for command in commands] == ["ls .!"]
