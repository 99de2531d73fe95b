"""Versions of an object that came one after the other, merged into one."""

from __future__ import annotations

from typing import Any

import pytest

from responses_client._events.pieces import PartList, TextBuffer
from responses_client._events.versions import are_one_call, is_blank, merged, says_less, words_of

TEXT = {"type": "output_text", "text": "a", "annotations": [{"url": "u"}]}
BLANK = {"type": "output_text", "text": "", "annotations": []}


@pytest.mark.parametrize("value", [None, "", [], {}, BLANK, [BLANK, ""], {"type": "x"}, TextBuffer("")])
def test_empty_values_are_blank(value: object):
    assert is_blank(value)


@pytest.mark.parametrize("value", ["a", 0, False, 0.0, [0], TEXT, TextBuffer("a")])
def test_values_that_say_something_are_not(value: object):
    assert not is_blank(value)


MERGED: dict[str, tuple[Any, Any, Any]] = {
    "another value counts": ("a", "b", "b"),
    "an empty one does not": ("a", "", "a"),
    "nor does null": ("a", None, "a"),
    "nor do empty arguments": ({"arguments": '{"a":1}'}, {"arguments": "{}"}, {"arguments": '{"a":1}'}),
    "nor do arguments of null": ({"arguments": '{"a":1}'}, {"arguments": "null"}, {"arguments": '{"a":1}'}),
    "empty arguments end those that are cut off": (
        {"arguments": "{"},
        {"arguments": "{}"},
        {"arguments": "{}"},
    ),
    "of two empty arguments the later count": (
        {"arguments": "{}"},
        {"arguments": "null"},
        {"arguments": "null"},
    ),
    "a text of two braces is a text": ({"text": '{"a":1}'}, {"text": "{}"}, {"text": "{}"}),
    "of two empty ones the later counts": ("", None, None),
    "a list with nothing in it is no list without it": ([BLANK], [], [BLANK]),
    "a part keeps its text": (TEXT, BLANK, TEXT),
    "a part of another type has its own": (
        TEXT,
        {"type": "refusal", "refusal": "no"},
        {"type": "refusal", "refusal": "no"},
    ),
    "an object without a type gets one": (
        {"diff": "+a"},
        {"type": "update_file", "diff": ""},
        {"type": "update_file", "diff": "+a"},
    ),
    "an object that says nothing still has its fields": (
        {"text": "a", "size": None},
        {"text": "", "size": "", "note": None},
        {"text": "a", "size": "", "note": None},
    ),
    "nor does an object of another type that says nothing": (TEXT, {"type": "refusal", "refusal": ""}, TEXT),
    "a missing text is the one that came": ({"text": "a"}, {}, {"text": "a"}),
    "a missing text beside others": ({"text": "a", "size": 1}, {"size": 2}, {"size": 2, "text": "a"}),
    "a missing id": ({"id": "m1"}, {"size": 2}, {"id": "m1", "size": 2}),
    "another missing field stays missing": ({"status": "in_progress", "x": 1}, {"id": "m1"}, {"id": "m1"}),
    "a status counts even if it is null": (
        {"status": "in_progress"},
        {"status": None, "x": 1},
        {"status": None, "x": 1},
    ),
    "parts are compared one by one": (
        {"content": [TEXT, TEXT]},
        {"content": [BLANK, {**TEXT, "text": "b"}]},
        {"content": [TEXT, {**TEXT, "text": "b"}]},
    ),
    "fewer parts are the parts": (
        {"content": [TEXT, TEXT]},
        {"content": [{**TEXT, "text": "b"}]},
        {"content": [{**TEXT, "text": "b"}]},
    ),
    "annotations are not": (
        {"annotations": [{"title": "a"}]},
        {"annotations": [{"title": "", "url": "u"}]},
        {"annotations": [{"title": "", "url": "u"}]},
    ),
}


@pytest.mark.parametrize(("old", "new", "found"), MERGED.values(), ids=MERGED.keys())
def test_the_last_word_counts_unless_it_is_an_omission(old: Any, new: Any, found: Any):
    assert merged(old, new) == found


ON_THE_WAY: dict[str, tuple[Any, Any, Any]] = {
    "a beginning is no news": ("Hello", "Hel", "Hello"),
    "more is news": ("Hel", "Hello", "Hello"),
    "no field is taken back": ({"x": 1}, {"y": 2}, {"y": 2, "x": 1}),
    "a status goes on": ({"status": "in_progress"}, {"status": "searching"}, {"status": "searching"}),
    "a status does not go back": (
        {"status": "searching"},
        {"status": "in_progress"},
        {"status": "searching"},
    ),
    "a status that is none": ({"status": None}, {"status": "in_progress"}, {"status": "in_progress"}),
    "more parts are kept": ({"content": [TEXT, TEXT]}, {"content": [TEXT]}, {"content": [TEXT, TEXT]}),
    "more parts are taken": ({"content": [TEXT]}, {"content": [BLANK, TEXT]}, {"content": [TEXT, TEXT]}),
}


@pytest.mark.parametrize(("old", "new", "found"), ON_THE_WAY.values(), ids=ON_THE_WAY.keys())
def test_a_version_on_the_way_takes_nothing_back(old: Any, new: Any, found: Any):
    assert merged(old, new, is_last_word=False) == found


def test_a_list_on_the_way_still_knows_how_the_server_counts():
    parts = PartList([])
    parts.add(7, TEXT)
    found = merged({"content": parts}, {"content": [TEXT]}, is_last_word=False)["content"]
    assert found is parts
    assert found.position(7) == 0


def test_words_are_without_ids_state_seals_and_remarks():
    item = {
        "type": "message",
        "id": "m1",
        "status": "completed",
        "encrypted_content": "x",
        "name": "boil",
        "content": [TEXT, {"type": "reasoning_text", "text": TextBuffer("b"), "size": 1, "none": None}],
        "summary": [],
    }
    assert words_of(item) == {
        "name": "boil",
        "content": [{"type": "output_text", "text": "a"}, {"type": "reasoning_text", "text": "b", "size": 1}],
    }


@pytest.mark.parametrize(
    ("one", "other", "may_be"),
    [("c1", "c1", True), ("c1", "c2", False), (None, "c2", True), ("c1", "", True)],
)
def test_calls_with_other_ids_are_other_calls(one: str | None, other: str | None, may_be: bool):
    assert are_one_call({"call_id": one}, {"call_id": other}) is may_be


@pytest.mark.parametrize(
    ("old", "new", "is_less"),
    [
        ({"arguments": "one two"}, {"arguments": "one"}, True),
        ({"arguments": "one two"}, {"arguments": "one two"}, False),
        ({"arguments": "one two"}, {"arguments": "two"}, False),
        ({"arguments": "one"}, {"arguments": "one two"}, False),
        ({"arguments": "one two"}, {"arguments": ""}, False),
        ({"content": [{"text": "a"}, {"text": "b"}]}, {"content": [{"text": "a"}]}, True),
        ({"content": [{"text": "a"}, {"text": "b"}]}, {"content": [{"text": "c"}]}, False),
        ({"content": [{"text": "a"}]}, {"content": [{"text": "b"}]}, False),
        ({"arguments": "a", "status": "completed"}, {"arguments": "a"}, False),
    ],
)
def test_version_that_is_only_the_beginning_says_less(old: Any, new: Any, is_less: bool):
    assert says_less(old, new) is is_less


@pytest.mark.parametrize("item", [None, 7, "x", True, [], ["name"]])
def test_an_item_that_is_no_object_says_nothing(item: object):
    assert words_of(item) == {}
