"""Calls and answers among items: which items are calls, which answer them, and by which id."""

from __future__ import annotations

from typing import Any

import pytest
from call_items import call, custom_call, item, output
from samples import response

from responses_client._tools.calls import (
    answer_key,
    answered_keys,
    answered_positions,
    as_item,
    call_arguments,
    call_key,
    call_name,
    is_call,
    unanswered,
)
from responses_client.models import FunctionCallOutput, InputMessage, OutputItem, Response, UnknownItem


def items(*data: dict[str, Any]) -> list[OutputItem]:
    """Items of an output as models."""
    return Response.from_dict({"output": [*data]}).output


OUTPUT = output()
MESSAGE = response(text="The end")["output"][0]
APPROVAL = {"type": "mcp_approval_request", "id": "a1", "name": "n", "arguments": "{}", "server_label": "s"}
SEARCH = item("tool_search_call", "t1", arguments={}, execution="client")
SERVER_SEARCH = {**SEARCH, "execution": "server"}
SHELL = item("shell_call", "s1", action={"commands": ["ls"]})
SHELL_OUTPUT = {"type": "shell_call_output", "call_id": "s1", "output": []}
LOCAL = item("local_shell_call", "l1", action={"type": "exec", "command": ["ls"], "env": {}})
PATCH = item("apply_patch_call", "p1", operation={"type": "delete_file", "path": "x"})
COMPUTER = item("computer_call", "k1", pending_safety_checks=[], action={"type": "wait"})
SCREEN = {"type": "computer_screenshot", "image_url": "u"}
CUSTOM = custom_call("g")
ANSWERS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (call(), OUTPUT, "c1"),
    (CUSTOM, {"type": "custom_tool_call_output", "call_id": "c1", "output": "x"}, "c1"),
    (APPROVAL, {"type": "mcp_approval_response", "approval_request_id": "a1", "approve": True}, "a1"),
    (SEARCH, {"type": "tool_search_output", "call_id": "t1", "execution": "client", "tools": []}, "t1"),
    (SHELL, SHELL_OUTPUT, "s1"),
    (LOCAL, {"type": "local_shell_call_output", "id": "l1", "output": "x"}, "l1"),
    (PATCH, {"type": "apply_patch_call_output", "call_id": "p1", "status": "completed"}, "p1"),
    (COMPUTER, {"type": "computer_call_output", "call_id": "k1", "output": SCREEN}, "k1"),
]
TYPES = [made["type"] for made, _, _ in ANSWERS]


@pytest.mark.parametrize("made", [made for made, _, _ in ANSWERS], ids=TYPES)
def test_a_call_that_came_twice_needs_one_answer(made: dict[str, Any]) -> None:
    output = items({**made, "id": made.get("id", "x1")}, MESSAGE, {**made, "id": made.get("id", "x1")})
    assert unanswered(output, []) == output[:1]


@pytest.mark.parametrize(("made", "answer", "key"), ANSWERS, ids=TYPES)
def test_call_and_answer_have_the_same_key(made: dict[str, Any], answer: dict[str, Any], key: str) -> None:
    (one,) = items(made)
    assert not isinstance(one, UnknownItem)
    assert is_call(one)
    assert (call_key(one), answer_key(as_item(answer))) == (key, key)
    assert answer_key(one) is None


@pytest.mark.parametrize(("made", "answer", "key"), ANSWERS, ids=TYPES)
def test_call_waits_until_it_is_answered(made: dict[str, Any], answer: dict[str, Any], key: str) -> None:
    calls = items(made)
    assert unanswered(calls, ()) == calls
    assert unanswered(calls, [as_item(answer)]) == []


def test_call_that_the_server_answered_does_not_wait() -> None:
    assert unanswered(items(SHELL, {**SHELL_OUTPUT, "id": "o", "status": "completed"}), ()) == []


@pytest.mark.parametrize("status", ["completed", "in_progress", None])
def test_complete_call_waits_whatever_its_status(status: str | None) -> None:
    # Calls of a program that the model wrote say that they are in progress.
    assert len(unanswered(items(call(status=status)), ())) == 1


WITHOUT_ANSWER = [
    call(status="incomplete"),
    SERVER_SEARCH,
    item("web_search_call"),
    item("poem_output"),
    MESSAGE,
]


@pytest.mark.parametrize("made", WITHOUT_ANSWER, ids=lambda item: f"{item['type']} {item['status']}")
def test_items_that_no_program_answers_do_not_wait(made: dict[str, Any]) -> None:
    assert unanswered(items(made), ()) == []


@pytest.mark.parametrize(
    "made", [SERVER_SEARCH, item("web_search_call"), MESSAGE, OUTPUT], ids=lambda item: item["type"]
)
def test_other_items_are_not_calls(made: dict[str, Any]) -> None:
    (one,) = items(made)
    assert not is_call(one)


def test_calls_that_share_an_id_need_one_answer_each() -> None:
    calls = items(call(), call(arguments='{"a": 1}'))
    assert unanswered(calls, [as_item(OUTPUT)]) == calls[1:]
    assert unanswered(calls, [as_item(OUTPUT), as_item(OUTPUT)]) == []


def test_call_without_an_id_waits() -> None:
    nameless = [call(""), {"type": "shell_call", "action": {"commands": ["ls"]}}]
    assert len(unanswered(items(*nameless), ())) == 2


def test_call_without_an_id_that_the_server_answered_does_not_wait() -> None:
    search, found = {**SEARCH, "call_id": None}, {"type": "tool_search_output", "call_id": None, "tools": []}
    assert unanswered(items(search, found), ()) == []
    assert len(unanswered(items(search, found, {**search, "id": "t2"}), ())) == 1
    assert len(unanswered(items(found, search), ())) == 1
    assert len(unanswered(items(search, {**found, "call_id": "t9"}), ())) == 1
    assert len(unanswered(items(search, {**search, "id": "t2"}, found), ())) == 1


def test_call_that_came_twice_waits_once() -> None:
    calls = items(call(), MESSAGE, call(status="in_progress"))
    assert unanswered(calls, ()) == calls[:1]
    assert unanswered(calls, [as_item(OUTPUT)]) == []


def test_call_whose_answer_is_known_by_position_does_not_take_another() -> None:
    calls = items(call(), call(arguments='{"a": 1}'))
    assert unanswered(calls, (), [1]) == calls[:1]
    assert unanswered(calls, [as_item(OUTPUT)], [1]) == []


def test_answer_is_that_of_a_call_of_its_kind() -> None:
    calls = items(CUSTOM, {**APPROVAL, "id": "c1"}, call(), MESSAGE)
    answer = as_item(OUTPUT)
    assert answered_positions(calls, [answer]) == [2]
    assert answered_positions(calls, [MESSAGE, answer, answer, answer, answer]) == [None, 2, 0, 1, None]


def test_call_that_the_server_answered_is_one_of_the_kind() -> None:
    calls = items(call("s1"), SHELL, {**SHELL_OUTPUT, "id": "o", "status": "completed"})
    assert unanswered(calls, ()) == calls[:1]


def test_keys_are_given_once_for_each_answer() -> None:
    answer = as_item(OUTPUT)
    assert answered_keys([answer, *items(MESSAGE, call()), answer, 5]) == ["c1", "c1"]


@pytest.mark.parametrize(
    "made", [{"type": "poem_output", "call_id": None}, {"type": "poem_output", "call_id": ""}]
)
def test_answer_without_an_id_answers_nothing(made: dict[str, Any]) -> None:
    assert answer_key(*items(made)) is None


@pytest.mark.parametrize("kind", ["function_call_output", "shell_call_output", "mcp_approval_response"])
@pytest.mark.parametrize("odd", [{"a": 1}, ["c1"], 7, 1.5, True])
def test_answer_to_an_id_that_is_not_a_string_is_no_failure(kind: str, odd: Any) -> None:
    answer = as_item(
        {"type": kind, "call_id": odd, "approval_request_id": odd, "output": [], "approve": True}
    )
    assert answered_positions(items(call()), [answer]) == [None]
    assert [one.wire_type for one in unanswered(items(call()), [answer])] == ["function_call"]


def test_item_of_an_input_becomes_a_model_once() -> None:
    made = as_item(OUTPUT)
    assert isinstance(made, FunctionCallOutput)
    assert as_item(made) is made
    assert isinstance(as_item({"role": "user", "content": "Hi"}), InputMessage)


FACTS = [
    (call("c1", "add", '{"a": 1}'), "add", '{"a": 1}'),
    (custom_call("shout", "hello"), "shout", "hello"),
    (item("shell_call", action={"commands": ["ls"]}), "shell", '{"commands":["ls"]}'),
    (item("local_shell_call", action={"command": ["ls"]}), "local_shell", '{"command":["ls"]}'),
    (item("apply_patch_call", operation={"path": "x"}), "apply_patch", '{"path":"x"}'),
    (item("computer_call", actions=[{"type": "wait"}]), "computer", '[{"type":"wait"}]'),
    (item("computer_call", action={"type": "wait"}), "computer", '{"type":"wait"}'),
    (item("tool_search_call", arguments={"goal": "sums"}), "tool_search", '{"goal":"sums"}'),
    (item("tool_search_call", arguments=None), "tool_search", ""),
]


@pytest.mark.parametrize(("made", "name", "arguments"), FACTS, ids=lambda value: str(value)[:30])
def test_call_says_for_which_tool_and_with_what(made: dict[str, Any], name: str, arguments: str) -> None:
    (one,) = items(made)
    assert (call_name(one), call_arguments(one)) == (name, arguments)
