"""Inputs as people write them, made into items: which values form a message, and where each of them came from."""

from __future__ import annotations

import json
import logging
from types import MappingProxyType
from typing import Any

import pytest
from fake_io import call

from responses_client import RequestValidationError
from responses_client._calls import input_items
from responses_client._calls.input_items import GivenPlaces, as_items, parts_field
from responses_client.models import (
    CustomToolCallOutput,
    FunctionCallOutput,
    InputImage,
    InputMessage,
    InputText,
    Model,
    OutputMessage,
    Response,
    UnknownItem,
)
from responses_client.models._base import fields_of

IMAGE = InputImage(image_url="https://example.com/cat.png")
PART = {"type": "input_file", "file_id": "file_1"}
ITEM = {"role": "user", "content": "Hi"}
CALL_OUTPUT = {"type": "function_call_output", "call_id": "call_1"}


def text(content: str, kind: str = "input_text") -> dict[str, str]:
    return {"type": kind, "text": content}


def sent(item: object) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(call({"input": [item]}).request.content)["input"]
    return found


def user(*parts: object) -> dict[str, object]:
    return {"role": "user", "content": [*parts]}


# --- items that came twice

CALL = {"type": "function_call", "call_id": "c1", "name": "boil", "arguments": "{}"}
TOLD = {"type": "message", "id": "m1", "role": "assistant", "status": "completed", "content": []}


def as_model(item: dict[str, Any]) -> object:
    return Response.from_dict({"output": [item]}).output[0]


@pytest.mark.parametrize("item", [TOLD, {**CALL, "id": "f1"}, {"type": "item_reference", "id": "m1"}])
@pytest.mark.parametrize("makes", [dict, as_model])
def test_an_item_that_came_twice_is_sent_once(item: dict[str, Any], makes: Any) -> None:
    assert [fields_of(one)["type"] for one in as_items([makes(item), ITEM | {"type": "message"}, item])] == [
        item["type"],
        "message",
    ]


@pytest.mark.parametrize(
    "other",
    [
        {**TOLD, "id": "m2"},
        {**TOLD, "type": "reasoning"},
        {name: value for name, value in TOLD.items() if name != "id"},
        ITEM,
    ],
)
def test_items_with_other_names_are_all_sent(other: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    given = [TOLD, other, ITEM, ITEM, CALL, CALL, CALL_OUTPUT, CALL_OUTPUT]
    assert as_items(given) is given
    assert caplog.records == []


def test_two_different_items_with_one_id_are_both_sent_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    given = [TOLD, {**TOLD, "role": "user"}]
    assert as_items(given) is given
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "Different items of the input have the id m1: the API may refuse that")
    ]


def test_strings_around_an_item_that_is_left_out_stay_two_messages() -> None:
    given = [TOLD, "a", TOLD, "b"]
    assert as_items(given) == [TOLD, {"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
    assert GivenPlaces(given).find((2, "content")) == (3,)


# --- strings and parts in an input


def test_string_alone_is_a_message_with_text() -> None:
    assert as_items(["Hi"]) == [ITEM]


@pytest.mark.parametrize("part", [IMAGE, PART, InputText(text="Hi"), MappingProxyType(PART)])
def test_part_alone_is_a_message(part: object) -> None:
    assert as_items([part]) == [user(part)]


@pytest.mark.parametrize("kind", [list, tuple])
def test_strings_and_parts_in_a_row_are_one_message(kind: type[list[Any] | tuple[Any, ...]]) -> None:
    given = kind(["What is on it?", IMAGE, PART, "Or on that?"])

    assert as_items(given) == [user(text("What is on it?"), IMAGE, PART, text("Or on that?"))]
    assert given[0] == "What is on it?"


def test_strings_in_a_row_are_one_message() -> None:
    assert as_items(["a", "b"]) == [user(text("a"), text("b"))]


def test_item_between_them_parts_messages() -> None:
    answer = OutputMessage.from_dict({"role": "assistant", "content": [text("A cat", "output_text")]})

    assert as_items(["What is on it?", IMAGE, answer, ITEM, "Really?"]) == [
        user(text("What is on it?"), IMAGE),
        answer,
        ITEM,
        {"role": "user", "content": "Really?"},
    ]


@pytest.mark.parametrize(
    "given",
    [
        "Hi",
        None,
        3,
        IMAGE,
        PART,
        [],
        [ITEM, InputMessage(role="user", content=[IMAGE])],
        [{"type": "new"}, {"type": []}, {}, None, 3, b"Hi", object(), [IMAGE], ("user", "Hi")],
        [text("Hi", "output_text"), text("Hi", "text"), {"type": "image_url"}],
    ],
)
def test_everything_else_stays_the_same_object(given: object) -> None:
    assert as_items(given) is given


# --- strings in the content of messages, and in the output of calls


@pytest.mark.parametrize("role", ["user", "system", "developer"])
def test_string_in_content_is_a_part(role: str) -> None:
    given = {"type": "message", "role": role, "content": ["What is on it?", IMAGE, PART]}

    assert as_items([given]) == [{**given, "content": [text("What is on it?"), IMAGE, PART]}]
    assert given["content"][0] == "What is on it?"


def test_string_in_content_of_the_assistant_is_output() -> None:
    assert as_items([{"role": "assistant", "content": ["Hi"]}]) == [
        {"role": "assistant", "content": [text("Hi", "output_text")]}
    ]


@pytest.mark.parametrize("kind", ["function_call_output", "custom_tool_call_output"])
def test_string_in_the_output_of_a_call_is_a_part(kind: str) -> None:
    given = {**CALL_OUTPUT, "type": kind, "output": ("The map:", IMAGE)}

    assert as_items([given]) == [{**given, "output": [text("The map:"), IMAGE]}]


@pytest.mark.parametrize(
    "item",
    [
        {"role": "user", "content": [PART, {"type": "new"}, 3]},
        {"role": "user", "content": []},
        {"role": "user"},
        {"type": "reasoning", "content": ["Hm."]},
        {"type": "new", "role": "user", "content": ["Hi"]},
        {"content": ["Hi"]},
        {**CALL_OUTPUT, "output": "42"},
        {**CALL_OUTPUT, "content": ["42"]},
    ],
)
def test_other_items_stay_as_they_are(item: dict[str, Any]) -> None:
    assert as_items([item]) == [item]


# --- strings that were put into models

STORED = {"type": "message", "role": "user", "content": "x", "status": "completed"}


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (InputMessage.from_dict(STORED), "content"),
        (InputMessage(role="user", content="x"), "content"),
        (FunctionCallOutput(call_id="call_1", output="x"), "output"),
        (CustomToolCallOutput.from_dict({**CALL_OUTPUT, "output": "x", "created_by": "user_1"}), "output"),
    ],
)
def test_string_in_a_model_is_a_part_of_what_it_would_write(item: Model, name: str) -> None:
    changed = item.model_copy(update={name: ["a", IMAGE]})
    (made,) = sent(changed)

    assert made == {**sent(item)[0], name: [text("a"), IMAGE.to_dict()]}
    assert getattr(changed, name) == ["a", IMAGE]


def test_string_assigned_to_a_message_of_a_server_is_a_part() -> None:
    item = OutputMessage.from_dict({"type": "message", "role": "assistant", "content": [], "new": 1})
    item.content = ["Hi"]

    assert sent(item) == [
        {"type": "message", "role": "assistant", "content": [text("Hi", "output_text")], "new": 1}
    ]


def test_strings_in_an_unknown_item_are_sent_as_they_came() -> None:
    came: dict[str, object] = {"type": "message", "role": "user", "id": 5, "content": ["Hi"]}
    (item,) = Response.from_dict({"id": "resp_1", "output": [came]}).output

    assert isinstance(item, UnknownItem)
    assert as_items([item, "Go on."]) == [item, {"role": "user", "content": "Go on."}]
    assert sent(item) == [came]


# --- the place of a mistake

MIXED = ["a", IMAGE, ITEM, user("b", PART), "c", PART, PART]


@pytest.mark.parametrize(
    ("found", "given"),
    [
        ((0, "content", 0), (0,)),
        ((0, "content", 1, "image_url"), (1, "image_url")),
        ((1, "content"), (2, "content")),
        ((2, "content", 1, "file_id"), (3, "content", 1, "file_id")),
        ((3, "content", 2, "detail"), (6, "detail")),
        ((3, "content"), (4,)),
        ((), ()),
        (("call",), ("call",)),
    ],
)
def test_place_of_a_mistake_is_that_in_the_given_list(
    found: tuple[str | int, ...], given: tuple[str | int, ...]
) -> None:
    assert GivenPlaces(MIXED).find(found) == given


def test_place_in_what_is_not_a_list_is_the_same() -> None:
    assert GivenPlaces("Hi").find((0, "content")) == (0, "content")


def test_places_of_many_mistakes_take_one_look_at_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[object] = []

    def is_loose(value: object) -> bool:
        looks.append(value)
        return False

    monkeypatch.setattr(input_items, "_is_loose", is_loose)
    with pytest.raises(RequestValidationError) as caught:
        call({"input": [None] * 50})

    assert [mistake["path"] for mistake in caught.value.errors] == [f"input[{n}]" for n in range(50)]
    assert len(looks) == 50


def test_parts_are_in_the_content_of_messages_and_the_output_of_calls() -> None:
    assert parts_field(fields_of(InputMessage(role="user", content="Hi"))) == "content"
    assert parts_field(CALL_OUTPUT) == "output"
    assert parts_field({"type": "reasoning", "content": []}) is None
