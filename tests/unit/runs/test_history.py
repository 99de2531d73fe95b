"""The parts of a run's history that a request may have: items until a response, and outputs that were cut off."""

from __future__ import annotations

from typing import Any

import pytest
from call_items import call, item, output

from responses_client import Turn
from responses_client._runs.history import cut_calls, items_until, unforced, without_cut_calls
from responses_client._tools.calls import as_item
from responses_client.models import AllowedToolsChoice, FunctionToolChoice, Model, Response

THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}
MESSAGE = {"type": "message", "id": "msg_1", "role": "assistant", "content": [], "status": "completed"}


def turn(*items: dict[str, Any], given: Any = ()) -> Turn:
    response = Response.from_dict({"status": "incomplete", "output": [*items]})
    return Turn(tuple(map(as_item, given)), response)


def data(items: Any) -> list[dict[str, Any]]:
    return [one.to_dict() for one in items]


def test_items_until_a_response_are_those_that_the_server_has() -> None:
    turns = [turn(call()), turn(call("c2"), given=[output()]), turn(MESSAGE, given=[output("c2")])]
    assert data(items_until(turns, turns[1].response)) == [call(), output(), call("c2")]


def test_calls_without_an_answer_and_those_that_are_not_whole_are_cut() -> None:
    shell = item("shell_call", "s1", action={"commands": ["ls"]})
    done = {"type": "shell_call_output", "id": "so_1", "call_id": "s1", "output": [], "status": "completed"}
    nameless = {name: value for name, value in call("c3").items() if name != "call_id"}
    made = turn(MESSAGE, shell, done, call(), call("c2", status="incomplete"), nameless)
    assert data(cut_calls(made)) == [call(), nameless, call("c2", status="incomplete")]
    assert data(without_cut_calls(made).output) == [MESSAGE, shell, done]


def test_reasoning_goes_with_the_call_that_it_led_to() -> None:
    made = turn(THOUGHT, MESSAGE, {**THOUGHT, "id": "rs_2"}, call())
    assert data(without_cut_calls(made).output) == [THOUGHT, MESSAGE]


CHOICES: list[tuple[object, object]] = [
    (None, None),
    ("auto", "auto"),
    ("none", "none"),
    ("required", "auto"),
    ({"type": "function", "name": "f"}, "auto"),
    (FunctionToolChoice(name="f"), "auto"),
    (
        AllowedToolsChoice(mode="required", tools=[{"type": "function", "name": "f"}]),
        {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
    ),
]


@pytest.mark.parametrize(("choice", "after"), CHOICES)
def test_choice_that_forces_a_call_is_left_out(choice: object, after: object) -> None:
    found = unforced(choice)
    assert (found.to_dict() if isinstance(found, Model) else found) == after
