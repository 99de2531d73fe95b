"""The arguments of a run: wrong values, contradictions, and those that belong to the requests."""

from __future__ import annotations

from typing import Any

import pytest
from samples import response

from responses_client import RequestValidationError, RunResult, Turn
from responses_client._runs.arguments import RunArguments
from responses_client.models import Response


def lazily(value: Any) -> Any:
    yield value


async def slowly(value: Any) -> Any:
    yield value


WRONG: list[tuple[str, Any, str]] = [
    ("max_turns", 0, "an integer of at least 1"),
    ("max_turns", True, "an integer of at least 1"),
    ("max_turns", 2.0, "an integer of at least 1"),
    ("max_concurrency", -1, "an integer of at least 1"),
    ("tool_timeout", 0, "a positive number of seconds, or None"),
    ("tool_timeout", True, "a positive number of seconds, or None"),
    ("tool_timeout", float("inf"), "a positive number of seconds, or None"),
    ("tool_timeout", float("nan"), "a positive number of seconds, or None"),
    ("tool_timeout", "5", "a positive number of seconds, or None"),
    ("on_tool_error", "ignore", "'return', 'raise', or a function"),
    ("on_tool_error", None, "'return', 'raise', or a function"),
    ("resume", {"turns": []}, "a RunResult"),
    ("on_turn", 5, "a function"),
    ("on_shell", "sh", "a function"),
    ("on_mcp_approval", True, "a function"),
    ("on_turn", lazily, "is a generator, of which nothing would run; pass a function that returns"),
    ("on_turn", slowly, "is a generator, of which nothing would run"),
    ("on_tool_error", lazily, "is a generator, of which nothing would run"),
    ("on_tool_error", slowly, "is a generator, of which nothing would run"),
    ("on_shell", slowly, "is a generator, of which nothing would run"),
    ("replay", "yes", "True, False or None"),
    ("reset_tool_choice", None, "True or False"),
    ("stream", True, "is not an argument of a run"),
    ("stream", False, "is not an argument of a run"),
]


@pytest.mark.parametrize(("name", "value", "expected"), WRONG)
def test_wrong_argument_is_refused(name: str, value: Any, expected: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        RunArguments({name: value})
    assert expected in str(caught.value)
    assert [error["path"] for error in caught.value.errors] == [name]


@pytest.mark.parametrize(
    "given",
    [
        {"max_turns": 1},
        {"max_concurrency": 1},
        {"on_tool_error": "return"},
        {"on_tool_error": "raise"},
        {"on_tool_error": str},
        {"on_turn": print},
        {"on_mcp_approval": bool},
        {"resume": None, "previous_response_id": "resp_0"},
        {"resume": None, "conversation": "conv_1"},
        {"replay": True, "store": False},
        {"replay": None, "store": False},
        {"replay": False, "store": True},
        {"replay": False, "store": None},
        {"replay": False},
        {"reset_tool_choice": False},
        {"stream": None},
    ],
)
def test_argument_next_to_a_wrong_one_is_taken(given: dict[str, Any]) -> None:
    arguments = RunArguments(given)
    taken = {**vars(arguments), **arguments.hooks, **arguments.request}
    assert {name: taken.get(name) for name in given} == given


def test_all_mistakes_are_reported_at_once() -> None:
    with pytest.raises(RequestValidationError) as caught:
        RunArguments({"max_turns": 0, "on_turn": 5, "resume": 1, "tool_timeout": -1})
    assert len(caught.value.errors) == 4


def test_hook_that_is_none_is_left_out() -> None:
    arguments = RunArguments({"on_shell": None, "on_turn": None, "model": "m"})
    assert arguments.hooks == {}
    assert arguments.request == {"model": "m"}


def test_hook_of_a_call_may_be_a_generator() -> None:
    assert RunArguments({"on_shell": lazily}).hooks == {"on_shell": lazily}


@pytest.mark.parametrize("seconds", [None, 1, 0.5])
def test_time_limit_of_tools_is_positive_or_none(seconds: Any) -> None:
    assert RunArguments({"tool_timeout": seconds}).tool_timeout == seconds


def test_replay_cannot_be_forbidden_without_storage() -> None:
    with pytest.raises(RequestValidationError, match="replay: cannot be combined with store=False"):
        RunArguments({"replay": False, "store": False})


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"previous_response_id": "resp_0"}, ["previous_response_id"]),
        (
            {"previous_response_id": "resp_0", "conversation": "conv_1"},
            ["previous_response_id", "conversation"],
        ),
        ({"conversation": "conv_1"}, []),
        ({"previous_response_id": None}, []),
    ],
)
def test_resumed_run_cannot_move_elsewhere(params: dict[str, Any], names: list[str]) -> None:
    resume = RunResult((Turn((), Response.from_dict(response())),), "completed")
    if not names:
        RunArguments({"resume": resume, **params})
        return
    with pytest.raises(RequestValidationError, match="cannot be combined with resume") as caught:
        RunArguments({"resume": resume, **params})
    assert [error["path"] for error in caught.value.errors] == names
