"""Whole runs, sync and async: requests, tools, hooks, and how runs end and are resumed."""

from __future__ import annotations

import json
import logging
import pickle
import threading
from typing import Any

import anyio
import pytest
from call_items import PAY, item, weather
from callers import Caller
from pydantic import BaseModel
from waits import SOON, settle

from responses_client import (
    ConfigurationError,
    MaxTurnsExceeded,
    RateLimitError,
    RequestValidationError,
    RunContext,
    RunResult,
    ToolExecutionError,
    Turn,
    WaitTimeout,
    custom_tool,
    tool,
)
from responses_client.errors import InternalServerError, NotFoundError
from responses_client.models import ComputerCallOutput, ComputerScreenshot, UnknownItem
from responses_client.testing import Server, VirtualClock


def go(caller: Caller, **params: Any) -> Any:
    return caller(lambda client: client.responses.run(**{"model": "m", "input": "Hi", **params}))


def either(caller: Caller, function: Any) -> Any:
    """The function, as an async one for async clients."""
    if caller.mode == "sync":
        return function

    async def wait(*args: Any, **named: Any) -> Any:
        await anyio.lowlevel.checkpoint()
        return function(*args, **named)

    wait.__name__ = getattr(function, "__name__", "wait")
    wait.__doc__ = function.__doc__
    wait.__annotations__ = function.__annotations__
    wait.__wrapped__ = function
    return wait


def bodies(server: Server) -> list[Any]:
    return [request.json for request in server.requests if request.method == "POST"]


def outputs(body: Any) -> list[Any]:
    """The answers to calls in a request: outputs, and decisions on approval requests."""
    found = [item.get("output", item.get("approve")) for item in body["input"]]
    return [one for one in found if one is not None]


def types(body: Any) -> list[str]:
    return [item.get("type", "message") for item in body["input"]]


# --- asking and calling


def test_tools_are_called_until_the_model_is_done(caller: Caller, server: Server) -> None:
    server.call_tools([("weather", {"city": "Paris"}), ("weather", {"city": "Rome"})])
    server.call_tool("weather", {"city": "Oslo"}).reply("Rome.")
    result = go(caller, tools=[weather], temperature=0.5)

    assert (result.status, result.output_text) == ("completed", "Rome.")
    assert [[item.output for item in turn.outputs] for turn in result.turns] == [
        ["Sunny in Paris", "Sunny in Rome"],
        ["Sunny in Oslo"],
        [],
    ]
    first, second, third = bodies(server)
    assert first["tools"] == second["tools"] == third["tools"]
    assert first["tools"][0]["name"] == "weather"
    assert second["previous_response_id"] == result.turns[0].response.id
    assert third["previous_response_id"] == result.turns[1].response.id
    assert [item["output"] for item in second["input"]] == ["Sunny in Paris", "Sunny in Rome"]
    assert {body["temperature"] for body in bodies(server)} == {0.5}


def test_async_functions_are_awaited(caller: Caller, server: Server) -> None:
    server.call_tool("weather", {"city": "Oslo"}).reply("Fine.")
    result = go(caller, tools=[tool(either(caller, weather))])
    assert result.turns[0].outputs[0].output == "Sunny in Oslo"


def test_run_without_tools_is_one_response(caller: Caller, server: Server) -> None:
    server.reply("Hello")
    result = go(caller)
    assert (result.status, len(result.turns), result.output_text) == ("completed", 1, "Hello")
    assert "tools" not in bodies(server)[0]


def test_last_text_is_read_as_a_type(caller: Caller, server: Server) -> None:
    class City(BaseModel):
        name: str

    server.call_tool("weather", {"city": "Lima"}).reply('{"name": "Lima"}')
    result = go(caller, tools=[weather], text_format=City)
    assert result.output_parsed == City(name="Lima")
    assert [body["text"]["format"]["name"] for body in bodies(server)] == ["City", "City"]


def test_forced_tool_choice_counts_for_the_first_request_only(caller: Caller, server: Server) -> None:
    server.call_tool("weather", {"city": "Lima"}).reply("Sunny.")
    go(caller, tools=[weather], tool_choice="required")
    assert [body["tool_choice"] for body in bodies(server)] == ["required", "auto"]


def test_custom_tool_and_context(caller: Caller, server: Server) -> None:
    @custom_tool
    def note(text: str, about: RunContext[str]) -> str:
        """Write it down."""
        return f"{about.value} {about.turn}: {text}"

    server.call_tool("note", "milk").reply("Noted.")
    result = go(caller, tools=[note], context="Ada")
    assert result.turns[0].outputs[0].to_dict()["output"] == "Ada 1: milk"
    assert result.turns[0].outputs[0].type == "custom_tool_call_output"


def test_calls_of_a_program_of_the_model_are_answered(caller: Caller, server: Server) -> None:
    # They say that they are in progress, in a response that is completed; the answer repeats the caller.
    program = {"type": "program", "caller_id": "call_p"}
    made = {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "c1",
        "name": "weather",
        "status": "in_progress",
    }
    server.reply_items([{**made, "arguments": '{"city": "Bonn"}', "caller": program}]).reply("Done.")
    result = go(caller, tools=[weather])
    assert result.output_text == "Done."
    assert bodies(server)[1]["input"][0]["caller"] == program


# --- approval


def test_tool_that_needs_approval_is_called_for_the_calls_that_were_approved_alone(
    caller: Caller, server: Server
) -> None:
    gone: list[str] = []

    @tool(needs_approval=True)
    def delete(path: str) -> str:
        gone.append(path)
        return "gone"

    server.call_tool("delete", {"path": "a.txt"}, call_id="c1").call_tool(
        "delete", {"path": "/etc"}, call_id="c2"
    )
    first = go(caller, tools=[delete])
    assert (first.status, gone, [call.call_id for call in first.pending]) == ("pending", [], ["c1"])
    saved = RunResult.from_json(first.to_json())
    second = go(caller, tools=[delete], resume=saved, input=[], approve=["c1"])
    assert (second.status, gone, [call.call_id for call in second.pending]) == ("pending", ["a.txt"], ["c2"])
    server.reply("Kept.")
    no = {"type": "function_call_output", "call_id": "c2", "output": "Ada said no."}
    third = go(caller, tools=[delete], resume=second, input=[no])
    assert (third.output_text, gone) == ("Kept.", ["a.txt"])


@tool(needs_approval=True)
def delete(path: str) -> str:
    """Delete a file."""
    return f"{path} is gone"


@pytest.fixture
def asked(caller: Caller, server: Server) -> RunResult:
    """A run with two calls that wait for approval."""
    server.reply_items([a_call("c1", path="a.txt"), a_call("c2", path="b.txt")])
    result: RunResult = go(caller, tools=[delete])
    return RunResult.from_json(result.to_json())


def a_call(key: str, **arguments: Any) -> dict[str, Any]:
    return item("function_call", key, name="delete", arguments=json.dumps(arguments))


def test_pending_calls_say_whether_they_wait_for_approval(caller: Caller, server: Server) -> None:
    server.reply_items([a_call("c1"), item("function_call", "c2", name="pay", arguments="{}"), APPROVAL])
    result = go(caller, tools=[delete, PAY])
    assert [(call.call_id, call.needs_approval) for call in result.pending] == [
        ("c1", True),
        ("c2", False),
        ("a1", True),
    ]
    for same in (result, RunResult.from_json(result.to_json()), pickle.loads(pickle.dumps(result))):
        assert [(call.call_id, call.name) for call in same.approvals] == [("c1", "delete"), ("a1", "read")]


def test_calls_are_approved_and_denied_as_they_are_listed(
    caller: Caller, server: Server, asked: RunResult
) -> None:
    server.reply("Kept one.")
    first, second = asked.approvals
    result = go(
        caller, tools=[delete], resume=asked, input=[], approve=[first], deny={second: "Ada said no."}
    )
    assert result.output_text == "Kept one."
    assert [item["output"] for item in bodies(server)[-1]["input"]] == ["a.txt is gone", "Ada said no."]
    assert (result.pending, result.approval_ids) == ([], ())


def test_ids_calls_and_items_may_be_mixed(caller: Caller, server: Server, asked: RunResult) -> None:
    server.reply("Done.")
    call = asked.response.output[1]
    result = go(caller, tools=[delete], resume=asked, input=[], approve=["c1", asked.pending[0], call])
    assert [item.output for item in result.turns[0].outputs] == ["a.txt is gone", "b.txt is gone"]


def test_new_input_follows_the_denials(caller: Caller, server: Server, asked: RunResult) -> None:
    server.reply("Fine.")
    reasons = dict.fromkeys(asked.approvals, "No.")
    go(caller, tools=[delete], resume=asked, input="Keep them.", deny=reasons)
    assert types(bodies(server)[-1]) == ["function_call_output", "function_call_output", "message"]


def test_mcp_call_is_approved_or_denied_without_a_hook(caller: Caller, server: Server) -> None:
    second = {**APPROVAL, "id": "a2"}
    server.reply_items([APPROVAL, second]).reply("Read.")
    asked = go(caller)
    result = go(caller, resume=asked, input=[], approve=["a1"], deny={"a2": "Ada said no."})
    assert result.output_text == "Read."
    yes = {"type": "mcp_approval_response", "approval_request_id": "a1", "approve": True}
    no = {"type": "mcp_approval_response", "approval_request_id": "a2", "approve": False}
    assert bodies(server)[-1]["input"] == [yes, {**no, "reason": "Ada said no."}]


def test_decision_comes_before_the_hook(caller: Caller, server: Server) -> None:
    server.reply_items([APPROVAL]).reply("Not read.")
    asked = go(caller)
    go(caller, resume=asked, input=[], deny={"a1": "No."}, on_mcp_approval=lambda request: True)
    assert bodies(server)[-1]["input"][0]["approve"] is False


def test_call_without_a_function_here_is_denied(caller: Caller, server: Server) -> None:
    server.call_tool("pay", {}, call_id="c1")
    asked = go(caller, tools=[PAY])
    server.reply("Not paid.")
    go(caller, tools=[PAY], resume=asked, input=[], deny={"c1": "No money."})
    assert bodies(server)[-1]["input"] == [
        {"type": "function_call_output", "call_id": "c1", "output": "No money."}
    ]


def test_approval_does_not_hold_for_a_later_call_of_the_same_id(caller: Caller, server: Server) -> None:
    server.call_tool("delete", {"path": "a.txt"}, call_id="c1")
    asked = go(caller, tools=[delete])
    server.call_tool("delete", {"path": "/etc"}, call_id="c1")
    result = go(caller, tools=[delete], resume=asked, input=[], approve=["c1"])
    assert (result.status, [call.arguments for call in result.approvals]) == ("pending", ['{"path":"/etc"}'])


def test_approval_of_a_call_does_not_hold_for_another_one_of_its_id(caller: Caller, server: Server) -> None:
    server.reply_items([a_call("c1", path="a.txt"), a_call("c1", path="/etc")])
    asked = go(caller, tools=[delete])
    with pytest.raises(RequestValidationError, match="approve: lacks a decision on the function_call call_"):
        go(caller, tools=[delete], resume=asked, input=[], approve=asked.approvals[:1])
    server.reply("Kept.")
    first, second = asked.approvals
    result = go(caller, tools=[delete], resume=asked, input=[], approve=[first], deny={second: "No."})
    assert [item.output for item in result.turns[0].outputs] == ["a.txt is gone", "No."]


def test_calls_without_a_decision_are_named(caller: Caller, asked: RunResult) -> None:
    with pytest.raises(RequestValidationError) as caught:
        go(caller, tools=[delete], resume=asked, input=[], approve=["c1"])
    assert str(caught.value).count("lacks a decision on the function_call c2") == 1
    assert [error["path"] for error in caught.value.errors] == ["approve"]


def test_approved_call_without_a_function_here_is_named(caller: Caller, server: Server) -> None:
    server.call_tool("pay", {}, call_id="c1")
    asked = go(caller, tools=[PAY])
    with pytest.raises(
        RequestValidationError, match="approve: names the function_call c1, which no function"
    ):
        go(caller, tools=[PAY], resume=asked, input=[], approve=asked.pending)


def test_decision_on_no_call_that_waits_is_refused(caller: Caller, server: Server, asked: RunResult) -> None:
    unknown = "names c7, but the run has no waiting call with that id; "
    for run, choice in ((asked, "the ids of the calls that wait are c1, c2"), (None, "no call waits")):
        for name, given in (("approve", ["c7"]), ("deny", {"c7": "No."})):
            with pytest.raises(RequestValidationError, match=f"{name}: {unknown}{choice}"):
                go(caller, tools=[delete], resume=run, **{name: given})


def test_decision_on_a_call_that_has_an_answer_is_refused(
    caller: Caller, server: Server, asked: RunResult
) -> None:
    no = {"type": "function_call_output", "call_id": "c1", "output": "No."}
    match = "approve: names c1, but that call has an answer already; the ids of the calls that wait are c2"
    with pytest.raises(RequestValidationError, match=match):
        go(caller, tools=[delete], resume=asked, input=[no], approve=["c1", "c2"])
    server.reply("Done.")
    done = go(caller, tools=[delete], resume=asked, input=[], deny={"c1": "No.", "c2": "No."})
    with pytest.raises(
        RequestValidationError, match="names c1, but that call has an answer already; no call"
    ):
        go(caller, tools=[delete], resume=done, input="Well?", approve=["c1"])


def test_calls_of_a_response_that_ran_in_the_background_are_decided_on(
    caller: Caller, server: Server
) -> None:
    server.background(polls=1).call_tool("delete", {"path": "a.txt"}, call_id="c1")
    started = caller(lambda client: client.responses.create(model="m", input="Hi", background=True))
    running = RunResult((Turn((), started),), "in_progress")
    with pytest.raises(RequestValidationError, match="approve: names c7, but"):
        go(caller, tools=[delete], resume=running, input=[], background=True, approve=["c7"])
    server.reply("Gone.")
    result = go(caller, tools=[delete], resume=running, input=[], background=True, approve=["c1"])
    assert (result.output_text, result.turns[0].outputs[0].output) == ("Gone.", "a.txt is gone")


# --- requests that failed


def test_input_of_a_failed_request_is_sent_with_the_next_one(caller: Caller, server: Server) -> None:
    server.reply("Hello.")
    first = go(caller, tools=[weather])
    server.fail(status=500)
    with pytest.raises(InternalServerError) as caught:
        go(caller, tools=[weather], resume=first, input="Order a lamp.", max_retries=0)
    run = caught.value.run
    assert run is not None
    assert [item.to_dict()["content"] for item in run.unsent] == ["Order a lamp."]
    run = RunResult.from_json(run.to_json())
    server.reply("Ordered.")
    result = go(caller, tools=[weather], resume=run, input=[])
    assert (result.output_text, result.unsent) == ("Ordered.", ())
    assert [item["content"] for item in bodies(server)[-1]["input"]] == ["Order a lamp."]
    assert [item.to_dict()["content"] for item in result.turns[-1].input] == ["Order a lamp."]


def test_input_that_was_sent_is_not_sent_again(caller: Caller, server: Server) -> None:
    server.reply("Hello.")
    first = go(caller, tools=[weather])
    server.call_tool("weather", {"city": "Oslo"}).fail(status=500)
    with pytest.raises(InternalServerError) as caught:
        go(caller, tools=[weather], resume=first, input="Oslo?", max_retries=0)
    assert caught.value.run is not None
    assert caught.value.run.unsent == ()
    server.reply("Fine.")
    result = go(caller, tools=[weather], resume=caught.value.run, input=[])
    assert types(bodies(server)[-1]) == ["function_call_output"]
    assert result.output_text == "Fine."


# --- tools that searches found


def test_found_function_that_is_not_here_later_waits_for_its_answer(caller: Caller, server: Server) -> None:
    search = {
        "type": "tool_search_call",
        "call_id": "s1",
        "execution": "client",
        "arguments": {"q": "weather"},
    }
    server.reply_items([search]).reply("Found.")
    first = go(caller, on_tool_search=lambda call: [weather])
    server.call_tool("weather", {"city": "Oslo"}, call_id="c1")
    saved = RunResult.from_json(first.to_json())
    second = go(caller, resume=saved, input="Oslo?", on_tool_search=lambda call: [weather])
    assert (second.status, [call.call_id for call in second.pending]) == ("pending", ["c1"])
    server.reply("Fine.")
    third = go(caller, resume=second, input=[], tools=[weather])
    assert [item.to_dict()["output"] for item in third.turns[-2].outputs] == ["Sunny in Oslo"]


def test_approval_of_an_mcp_call_takes_the_time_it_takes(caller: Caller, server: Server) -> None:
    request = {
        "type": "mcp_approval_request",
        "id": "m1",
        "name": "read",
        "arguments": "{}",
        "server_label": "s",
    }
    server.reply_items([request]).reply("Read.")

    def ask(_: Any) -> bool:
        settle(3 * SOON)
        return True

    assert go(caller, on_mcp_approval=ask, tool_timeout=SOON).output_text == "Read."


@pytest.mark.parametrize("policy", ["run", "tool"])
def test_async_function_for_errors_is_refused_before_anything_is_sent(policy: str) -> None:
    async def describe(error: Any) -> str:
        return "No."

    server = Server()
    tools = [tool(on_error=describe)(weather)] if policy == "tool" else [weather]
    more: dict[str, Any] = {} if policy == "tool" else {"on_tool_error": describe}
    with pytest.raises(ConfigurationError, match="describe is an async function"):
        server.client().responses.run(model="m", input="Hi", tools=tools, **more)
    assert server.requests == []


# --- history


def test_run_in_a_conversation(caller: Caller, server: Server) -> None:
    server.conversations["conv_1"] = []
    server.call_tool("weather", {"city": "Oslo"}).reply("Fine.").reply("Still fine.")
    result = go(caller, tools=[weather], conversation="conv_1")
    again = go(caller, tools=[weather], resume=result, input="Now?")
    assert again.output_text == "Still fine."
    assert {body["conversation"] for body in bodies(server)} == {"conv_1"}
    assert [types(body) for body in bodies(server)[1:]] == [["function_call_output"], ["message"]]


def test_run_without_storage_sends_all(caller: Caller, server: Server) -> None:
    server.call_tool("weather", {"city": "Oslo"}).reply("Fine.")
    go(caller, tools=[weather], store=False, reasoning={"effort": "low"})
    assert types(bodies(server)[1]) == ["message", "function_call", "function_call_output"]
    assert [body["include"] for body in bodies(server)] == [["reasoning.encrypted_content"]] * 2


@pytest.mark.parametrize("how", ["refuses", "forgets", "ignores"])
def test_server_that_does_not_know_the_response_is_sent_all(
    caller: Caller, server: Server, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="responses_client")
    server.call_tool("weather", {"city": "Oslo"})
    if how == "refuses":
        server.fail(400, message="previous_response_id is not supported")
    elif how == "forgets":
        server.fail(400, code="previous_response_not_found", param="previous_response_id")
    else:
        server.reply_response({"previous_response_id": None})
    server.call_tool("weather", {"city": "Rome"}).reply("Fine.")
    result = go(caller, tools=[weather])

    assert (result.output_text, len(result.turns)) == ("Fine.", 3)
    assert len(bodies(server)) == 4
    assert types(bodies(server)[2]) == ["message", "function_call", "function_call_output"]
    assert len(bodies(server)[3]["input"]) == 5
    assert all("previous_response_id" not in body for body in bodies(server)[2:])
    assert "all items are sent again" in caplog.text


# --- ends


def test_too_many_turns(caller: Caller, server: Server) -> None:
    for _ in range(3):
        server.call_tool("weather", {"city": "Oslo"})
    with pytest.raises(MaxTurnsExceeded) as caught:
        go(caller, tools=[weather], max_turns=3)
    run = caught.value.run
    assert run is not None
    assert (len(run.turns), len(run.pending)) == (3, 1)

    server.reply("Fine.")
    result = go(caller, tools=[weather], resume=run, input=None)
    assert (result.status, len(result.turns)) == ("completed", 4)
    assert types(bodies(server)[-1]) == ["function_call_output"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "incomplete"),
        ({"status": "failed", "error": {"code": "server_error", "message": "no"}}, "failed"),
        ({"status": "cancelled"}, "cancelled"),
    ],
)
def test_run_ends_as_its_last_response(caller: Caller, server: Server, fields: Any, status: str) -> None:
    server.call_tool("weather", {"city": "Oslo"}).reply_response(fields)
    result = go(caller, tools=[weather])
    assert (result.status, len(result.turns)) == (status, 2)


def test_response_that_failed_is_asked_for_again(caller: Caller, server: Server) -> None:
    failed = {"status": "failed", "error": {"code": "server_error", "message": "no"}}
    server.call_tool("weather", {"city": "Oslo"}).reply_response(failed).reply("Fine.")
    result = go(caller, tools=[weather])
    again = go(caller, tools=[weather], resume=result, input=None)
    assert (again.status, again.output_text, len(again.turns)) == ("completed", "Fine.", 3)
    second, third = bodies(server)[1:]
    assert second == third


def test_on_turn_receives_the_run_and_may_stop_it(caller: Caller, server: Server) -> None:
    seen: list[tuple[str, int]] = []

    def look(so_far: RunResult) -> bool:
        seen.append((so_far.status, len(so_far.turns)))
        return len(seen) == 2

    server.call_tool("weather", {"city": "Oslo"}).call_tool("weather", {"city": "Rome"}).reply("Fine.")
    result = go(caller, tools=[weather], on_turn=either(caller, look))
    assert seen == [("in_progress", 1), ("in_progress", 2)]
    assert (result.status, len(result.turns[-1].outputs)) == ("stopped", 1)

    done = go(caller, tools=[weather], resume=result, input=None, on_turn=either(caller, look))
    assert (done.status, done.output_text) == ("completed", "Fine.")
    assert seen[2:] == [("completed", 3)]


def test_exception_of_on_turn_ends_the_run(caller: Caller, server: Server) -> None:
    def fail(so_far: RunResult) -> None:
        raise ZeroDivisionError

    server.call_tool("weather", {"city": "Oslo"})
    with pytest.raises(ZeroDivisionError):
        go(caller, tools=[weather], on_turn=either(caller, fail))


# --- mistakes


async def later() -> int:
    """Wait."""
    return 5


@pytest.mark.parametrize("name", ["tools", "on_shell", "on_turn", "on_tool_error"])
def test_async_function_needs_the_async_client(server: Server, name: str) -> None:
    given: Any = [later] if name == "tools" else later
    with server.client() as client, pytest.raises(ConfigurationError, match="later is an async function"):
        client.responses.run(model="m", input="Hi", **{name: given})
    assert server.requests == []


def test_coroutine_of_a_function_is_refused_when_it_comes(server: Server) -> None:
    server.call_tool("weather", {"city": "Oslo"})
    with server.client() as client, pytest.raises(ConfigurationError) as caught:
        client.responses.run(model="m", input="Hi", tools=[weather], on_turn=lambda so_far: later())
    assert caught.value.run is not None
    assert len(caught.value.run.turns[0].outputs) == 1


@pytest.mark.parametrize(
    "params",
    [{"max_turns": 0}, {"stream": True}, {"tools": [5]}, {"temperature": "hot"}, {"input": 5}],
    ids=str,
)
def test_mistake_is_reported_before_anything_is_sent(caller: Caller, server: Server, params: Any) -> None:
    with pytest.raises(RequestValidationError):
        go(caller, **params)
    assert server.requests == []


@pytest.mark.parametrize(
    "params", [{"temperature": "hot"}, {"input": 5}, {"input": {"role": "user"}}], ids=str
)
def test_mistake_in_a_resumed_run_is_reported_before_tools_run(
    caller: Caller, server: Server, params: Any
) -> None:
    calls: list[str] = []

    def count(city: str) -> str:
        """Count."""
        calls.append(city)
        return city

    server.call_tool("count", {"city": "Oslo"})
    with pytest.raises(MaxTurnsExceeded) as caught:
        go(caller, tools=[count], max_turns=1)
    with pytest.raises(RequestValidationError) as again:
        go(caller, tools=[count], resume=caught.value.run, **{"input": None, **params})
    assert calls == []
    assert again.value.run is not None
    assert len(server.requests) == 1


def test_unknown_argument_is_refused(caller: Caller, server: Server) -> None:
    with pytest.raises(
        TypeError,
        match=r"^responses\.run\(\) got .* 'max_turn'; did you mean 'max_turns'\? \(extra_body takes",
    ):
        go(caller, max_turn=5)
    assert server.requests == []


# --- errors of the API and of tools


def test_errors_of_the_api_are_retried_in_the_middle(caller: Caller, server: Server) -> None:
    server.call_tool("weather", {"city": "Oslo"}).fail(429).fail(500).reply("Fine.")
    assert go(caller, tools=[weather]).output_text == "Fine."
    assert len(server.requests) == 4


def test_final_error_has_the_run_and_no_tool_is_called_twice(caller: Caller, server: Server) -> None:
    calls: list[str] = []

    def count(city: str) -> str:
        """Count."""
        calls.append(city)
        return city

    server.call_tool("count", {"city": "Oslo"}).fail(429, times=2)
    with pytest.raises(RateLimitError) as caught:
        go(caller, tools=[count], max_retries=1)
    run = caught.value.run
    assert run is not None
    assert (run.status, len(run.turns[0].outputs)) == ("in_progress", 1)
    server.reply("Fine.")
    result = go(caller, tools=[count], resume=RunResult.from_json(run.to_json()), input=None)
    assert (result.output_text, calls) == ("Fine.", ["Oslo"])


def test_error_of_the_first_request_has_no_run(caller: Caller, server: Server) -> None:
    server.fail(500)
    with pytest.raises(InternalServerError) as caught:
        go(caller, max_retries=0)
    assert caught.value.run is None


def test_error_of_a_tool_ends_the_run_and_other_outputs_are_kept(caller: Caller, server: Server) -> None:
    def fail() -> None:
        """Fail."""
        raise ValueError("no")

    server.call_tools([("weather", {"city": "Oslo"}), ("fail", {})])
    with pytest.raises(ToolExecutionError) as caught:
        go(caller, tools=[weather, fail], on_tool_error="raise", max_concurrency=1)
    run = caught.value.run
    assert run is not None
    assert [item.call_id for item in run.pending] == [run.response.output[1].call_id]
    server.reply("Fine.")
    result = go(caller, tools=[weather, fail], resume=run, input=None)
    assert [item["output"] for item in bodies(server)[-1]["input"]] == [
        "Sunny in Oslo",
        "Error: ValueError: no.",
    ]
    assert result.status == "completed"


# --- in the background


def test_run_in_the_background_waits_for_each_response(caller: Caller, server: Server) -> None:
    server.background(polls=2).call_tool("weather", {"city": "Oslo"}).reply("Fine.")
    result = go(caller, tools=[weather], background=True, extra_headers={"x-trace": "1"})
    assert (result.status, result.output_text) == ("completed", "Fine.")
    assert [request.method for request in server.requests] == ["POST", "GET", "GET"] * 2
    assert {request.headers["x-trace"] for request in server.requests} == {"1"}


def test_deadline_limits_the_wait_in_the_background(caller: Caller, server: Server) -> None:
    server.background(polls=50).reply("Fine.")
    with VirtualClock() as clock, pytest.raises(WaitTimeout) as caught:
        go(caller, background=True, deadline=5)
    assert 3.9 < clock.now < 5  # the delays are shortened by chance
    assert caught.value.run is not None
    with VirtualClock():
        assert go(caller, background=True, resume=caught.value.run, input=None).output_text == "Fine."


@pytest.mark.parametrize("scripted", ["message", "call", "own"])
def test_response_in_the_background_is_not_asked_for_twice(
    caller: Caller, server: Server, scripted: str
) -> None:
    server.background(polls=1)
    if scripted == "message":
        server.reply("Fine.")
    elif scripted == "call":
        server.call_tool("weather", {"city": "Oslo"})
    else:
        server.call_tool("pay", {}, call_id="c1")
    server.fail(404)
    with pytest.raises(NotFoundError) as caught:
        go(caller, tools=[weather, PAY], background=True)
    run = caught.value.run
    assert run is not None
    assert (run.status, run.response.status) == ("in_progress", "queued")

    if scripted == "call":
        server.reply("Fine.")
    result = go(
        caller, tools=[weather, PAY], resume=RunResult.from_json(run.to_json()), input=None, background=True
    )
    assert len(bodies(server)) == (2 if scripted == "call" else 1)
    assert result.status == ("pending" if scripted == "own" else "completed")
    if scripted != "own":
        assert result.output_text == "Fine."


def test_background_response_ends_before_new_input_is_sent(caller: Caller, server: Server) -> None:
    server.background(polls=1).reply("One.").fail(404).reply("Two.")
    with pytest.raises(NotFoundError) as caught:
        go(caller, background=True)
    result = go(caller, resume=caught.value.run, input="And?", background=True)
    assert [turn.response.output_text for turn in result.turns] == ["One.", "Two."]


# --- pending calls


def test_tool_without_a_function_leaves_the_run_pending(caller: Caller, server: Server) -> None:
    server.call_tools([("pay", {}), ("weather", {"city": "Oslo"})])
    result = go(caller, tools=[PAY, weather])
    (waiting,) = result.pending
    assert (result.status, waiting.name) == ("pending", "pay")

    with pytest.raises(RequestValidationError, match="lacks the answer to the function_call"):
        go(caller, tools=[PAY, weather], resume=result, input=None)
    server.reply("Paid.")
    answer = {"type": "function_call_output", "call_id": waiting.call_id, "output": "12 euros"}
    again = go(caller, tools=[PAY, weather], resume=RunResult.from_json(result.to_json()), input=[answer])
    assert (again.status, again.output_text) == ("completed", "Paid.")
    assert sorted(item["output"] for item in bodies(server)[-1]["input"]) == ["12 euros", "Sunny in Oslo"]


def test_pending_call_may_be_answered_by_a_function_later(caller: Caller, server: Server) -> None:
    def pay() -> str:
        """Pay."""
        return "Paid"

    server.call_tool("pay")
    result = go(caller, tools=[PAY])
    server.reply("Done.")
    again = go(caller, tools=[pay], resume=result, input=None)
    assert (again.output_text, again.turns[0].outputs[0].to_dict()["output"]) == ("Done.", "Paid")


def test_unknown_tool_of_a_prompt_is_pending(caller: Caller, server: Server) -> None:
    server.call_tool("lookup")
    result = go(caller, prompt={"id": "pmpt_1"}, tools=[weather])
    assert (result.status, len(result.pending)) == ("pending", 1)


def test_malformed_call_is_pending(caller: Caller, server: Server) -> None:
    server.reply_items(
        [{"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "weather", "arguments": 5}]
    )
    result = go(caller, tools=[weather])
    assert result.status == "pending"
    assert [type(waiting.item) for waiting in result.pending] == [UnknownItem]
    server.reply("Done.")
    answer = {"type": "function_call_output", "call_id": "c1", "output": "?"}
    assert go(caller, tools=[weather], resume=result, input=[answer]).output_text == "Done."


def test_calls_that_share_an_id_are_all_answered(caller: Caller, server: Server) -> None:
    made = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "weather", "status": "completed"}
    cities = [{**made, "arguments": f'{{"city": "{city}"}}'} for city in ("Oslo", "Rome")]
    server.reply_items(cities).reply("Done.")
    go(caller, tools=[weather])
    assert outputs(bodies(server)[1]) == ["Sunny in Oslo", "Sunny in Rome"]


def remove(place: int) -> str:
    """Remove."""
    return f"{place} is gone"


def test_call_that_waits_is_not_mistaken_for_an_answered_one_of_its_id(
    caller: Caller, server: Server
) -> None:
    danger = tool(needs_approval=True)(remove)
    ran: list[str] = []

    def safe(place: int) -> str:
        """Look."""
        ran.append(f"safe {place}")
        return f"{place} is there"

    made = {"type": "function_call", "call_id": "c1", "status": "completed"}
    calls = [{**made, "name": "remove", "arguments": '{"place": 1}'}]
    server.reply_items([*calls, {**made, "name": "safe", "arguments": '{"place": 2}'}])
    result = go(caller, tools=[danger, safe])
    assert [(one.name, one.needs_approval) for one in result.pending] == [("remove", True)]
    for resume in (RunResult.from_json(result.to_json()), pickle.loads(pickle.dumps(result))):
        server.reply("Done.")
        go(caller, tools=[danger, safe], resume=resume, approve=[result.pending[0].call_id], input=None)
        assert (outputs(bodies(server)[-1]), ran) == (["1 is gone", "2 is there"], ["safe 2"])


def test_call_of_another_namespace_is_not_the_one_that_waits(caller: Caller, server: Server) -> None:
    made = {"type": "function_call", "call_id": "c1", "name": "remove", "arguments": '{"place": 1}'}
    server.reply_items([made, {**made, "namespace": "other"}])
    result = go(caller, tools=[tool(needs_approval=True)(remove)])
    assert [one.item.to_dict() for one in result.approvals] == [
        {**made, "call_id": result.approvals[0].call_id}
    ]


def test_yes_to_one_call_is_none_to_another_of_its_id(caller: Caller, server: Server) -> None:
    danger = tool(needs_approval=True)(remove)
    made = {"type": "mcp_approval_request", "id": "c1", "name": "remove", "arguments": '{"place": 1}'}
    calls = [{**made, "server_label": label} for label in ("good", "evil")]
    own = {**made, "type": "function_call", "call_id": "c1"}
    server.reply_items([own, *calls])
    result = go(caller, tools=[danger])
    again = RunResult.from_json(result.to_json())
    mine, good, evil = result.pending
    with pytest.raises(RequestValidationError, match="lacks a decision on the mcp_approval_request mcpr_"):
        go(caller, tools=[danger], resume=again, approve=[mine, good], input=None)
    with pytest.raises(
        RequestValidationError, match="names c1, but the run has no waiting call with that id"
    ):
        go(caller, tools=[danger], resume=again, approve=["c1"], input=None)
    server.reply("Done.")
    go(caller, tools=[danger], resume=again, approve=[good], deny={mine: "No.", evil: "Never."}, input=None)
    assert outputs(bodies(server)[-1]) == ["No.", True, False]


@pytest.mark.parametrize("tools", [[], [weather]])
def test_approved_call_needs_its_function(caller: Caller, server: Server, tools: list[Any]) -> None:
    server.call_tool("remove", {"place": 1}, call_id="c1")
    result = go(caller, tools=[tool(needs_approval=True)(remove)])
    with pytest.raises(
        RequestValidationError, match="names the function_call c1, which no function here can answer"
    ):
        go(caller, tools=tools, resume=result, approve=["c1"], input=None)
    with pytest.raises(RequestValidationError, match="lacks a decision on the function_call c1"):
        go(caller, tools=tools, resume=result, input=None)
    server.reply("Kept.")
    assert go(caller, tools=tools, resume=result, deny={"c1": "No."}, input=None).output_text == "Kept."


def test_malformed_call_may_be_denied(caller: Caller, server: Server) -> None:
    made = {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": 5}
    server.reply_items([made])
    result = go(caller, tools=[weather])
    server.reply("Done.")
    go(caller, tools=[weather], resume=result, deny={"c1": "No."}, input=None)
    (sent,) = bodies(server)[-1]["input"]
    assert sent == {"type": "function_call_output", "call_id": "c1", "output": "No."}


def test_malformed_caller_of_a_call_is_not_repeated(caller: Caller, server: Server) -> None:
    made = {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"city": "Oslo"}'}
    server.reply_items([{**made, "caller": 5}, {**made, "call_id": "c2", "caller": {"type": "program"}}])
    server.reply("Done.")
    go(caller, tools=[weather])
    assert [(item["output"], "caller" in item) for item in bodies(server)[-1]["input"]] == [
        ("Sunny in Oslo", False),
        ("Sunny in Oslo", False),
    ]


# --- hooks


APPROVAL = {
    "type": "mcp_approval_request",
    "id": "a1",
    "name": "read",
    "arguments": "{}",
    "server_label": "docs",
}
SHELL = item("shell_call", "s1", action={"commands": ["ls"], "max_output_length": 100})
LOCAL = item("local_shell_call", "l1", action={"type": "exec", "command": ["ls"], "env": {}})
PATCH = item("apply_patch_call", "p1", operation={"type": "delete_file", "path": "x"})
COMPUTER = item("computer_call", "k1", pending_safety_checks=[], action={"type": "wait"})
SEARCH = item("tool_search_call", "t1", arguments={"goal": "weather"}, execution="client")
PART = {"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}
SCREEN = {"type": "computer_screenshot", "image_url": "data:image/png;base64,AA=="}

HOOKS: list[tuple[str, dict[str, Any], Any, dict[str, Any]]] = [
    (
        "on_mcp_approval",
        APPROVAL,
        True,
        {"type": "mcp_approval_response", "approval_request_id": "a1", "approve": True},
    ),
    (
        "on_mcp_approval",
        APPROVAL,
        {"type": "mcp_approval_response", "approval_request_id": "a1", "approve": False, "reason": "no"},
        {"type": "mcp_approval_response", "approval_request_id": "a1", "approve": False, "reason": "no"},
    ),
    (
        "on_shell",
        SHELL,
        [PART],
        {"type": "shell_call_output", "call_id": "s1", "output": [PART], "max_output_length": 100},
    ),
    (
        "on_shell",
        SHELL,
        {"type": "shell_call_output", "call_id": "s1", "output": [PART], "max_output_length": 5},
        {"type": "shell_call_output", "call_id": "s1", "output": [PART], "max_output_length": 5},
    ),
    ("on_local_shell", LOCAL, "a", {"type": "local_shell_call_output", "id": "l1", "output": "a"}),
    (
        "on_local_shell",
        LOCAL,
        {"type": "local_shell_call_output", "id": "l1", "output": "b", "status": "incomplete"},
        {"type": "local_shell_call_output", "id": "l1", "output": "b", "status": "incomplete"},
    ),
    (
        "on_apply_patch",
        PATCH,
        None,
        {"type": "apply_patch_call_output", "call_id": "p1", "status": "completed"},
    ),
    (
        "on_apply_patch",
        PATCH,
        {"type": "apply_patch_call_output", "call_id": "p1", "status": "failed", "output": "no file"},
        {"type": "apply_patch_call_output", "call_id": "p1", "status": "failed", "output": "no file"},
    ),
    (
        "on_computer",
        COMPUTER,
        SCREEN["image_url"],
        {"type": "computer_call_output", "call_id": "k1", "output": SCREEN},
    ),
    (
        "on_computer",
        COMPUTER,
        ComputerScreenshot.from_dict(SCREEN),
        {"type": "computer_call_output", "call_id": "k1", "output": SCREEN},
    ),
    (
        "on_computer",
        COMPUTER,
        ComputerCallOutput(call_id="k1", output=ComputerScreenshot.from_dict(SCREEN)),
        {"type": "computer_call_output", "call_id": "k1", "output": SCREEN},
    ),
    (
        "on_tool_search",
        SEARCH,
        {
            "type": "tool_search_output",
            "call_id": "t1",
            "execution": "client",
            "status": "completed",
            "tools": [],
        },
        {
            "type": "tool_search_output",
            "call_id": "t1",
            "execution": "client",
            "status": "completed",
            "tools": [],
        },
    ),
]
NAMES = [f"{name} {type(value).__name__}" for name, _, value, _ in HOOKS]


@pytest.mark.parametrize(("name", "made", "value", "expected"), HOOKS, ids=NAMES)
def test_hook_answers_a_call(
    caller: Caller, server: Server, name: str, made: Any, value: Any, expected: Any
) -> None:
    seen: list[Any] = []

    def hook(given: Any) -> Any:
        seen.append(given)
        return value

    server.reply_items([made]).reply("Done.")
    result = go(caller, **{name: either(caller, hook)})
    assert (result.status, result.output_text) == ("completed", "Done.")
    assert [given.to_dict() for given in seen] == [made]
    (sent,) = bodies(server)[1]["input"]
    assert {key: sent.get(key) for key in expected} == expected


@pytest.mark.parametrize(("name", "made", "value", "expected"), HOOKS, ids=NAMES)
def test_call_without_a_hook_is_pending_until_it_is_answered(
    caller: Caller, server: Server, name: str, made: Any, value: Any, expected: Any
) -> None:
    server.reply_items([made])
    result = go(caller, **{name: None})
    assert result.status == "pending"
    assert [waiting.item.to_dict() for waiting in result.pending] == [made]
    with pytest.raises(RequestValidationError, match=r"lacks (the answer to|a decision on) the"):
        go(caller, resume=result, input="And?")

    server.reply("Done.")
    again = go(caller, resume=RunResult.from_json(result.to_json()), input=[expected])
    assert (again.status, again.output_text) == ("completed", "Done.")


@pytest.mark.parametrize(("name", "made", "value", "expected"), HOOKS, ids=NAMES)
def test_pending_call_may_be_answered_by_a_hook_later(
    caller: Caller, server: Server, name: str, made: Any, value: Any, expected: Any
) -> None:
    server.reply_items([made]).reply("Done.")
    result = go(caller)
    again = go(caller, resume=result, input=None, **{name: either(caller, lambda given: value)})
    assert again.output_text == "Done."
    assert {key: bodies(server)[1]["input"][0].get(key) for key in expected} == expected


CHECKED = {**COMPUTER, "pending_safety_checks": [{"id": "sc_1", "code": "c", "message": "m"}]}


def test_safety_checks_are_never_acknowledged_automatically(caller: Caller, server: Server) -> None:
    server.reply_items([CHECKED])
    with pytest.raises(ToolExecutionError, match="safety checks") as caught:
        go(caller, on_computer=either(caller, lambda given: SCREEN["image_url"]))
    assert caught.value.run is not None
    assert len(caught.value.run.pending) == 1
    assert len(server.requests) == 1


def test_safety_checks_that_the_user_accepts_are_sent(caller: Caller, server: Server) -> None:
    def accept(given: Any) -> Any:
        checks = [check.to_dict() for check in given.pending_safety_checks]
        return {
            "type": "computer_call_output",
            "call_id": given.call_id,
            "output": SCREEN,
            "acknowledged_safety_checks": checks,
        }

    server.reply_items([CHECKED]).reply("Done.")
    go(caller, on_computer=either(caller, accept))
    assert bodies(server)[1]["input"][0]["acknowledged_safety_checks"] == CHECKED["pending_safety_checks"]


def test_found_functions_can_be_called_then(caller: Caller, server: Server) -> None:
    server.reply_items([SEARCH]).call_tool("weather", {"city": "Oslo"}).reply("Done.")
    search = either(caller, lambda given: [weather, PAY])
    result = go(caller, tools=[{"type": "tool_search", "execution": "client"}], on_tool_search=search)
    assert [turn.outputs[0].type for turn in result.turns[:2]] == [
        "tool_search_output",
        "function_call_output",
    ]
    assert [made["name"] for made in bodies(server)[1]["input"][0]["tools"]] == ["weather", "pay"]
    assert bodies(server)[2]["input"][0]["output"] == "Sunny in Oslo"
    assert len({str(body["tools"]) for body in bodies(server)}) == 1


def test_found_tool_without_a_function_is_pending(caller: Caller, server: Server) -> None:
    server.reply_items([SEARCH]).call_tool("pay")
    result = go(caller, on_tool_search=lambda given: [PAY])
    assert (result.status, result.pending[0].name) == ("pending", "pay")


# --- at the same time


def test_no_more_calls_run_at_once_than_are_allowed(caller: Caller, server: Server) -> None:
    lock = threading.Lock()
    now, most = 0, 0

    def count(number: int) -> int:
        """Count."""
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait()
        with lock:
            now -= 1
        return number

    together = threading.Barrier(4, timeout=5)
    server.call_tools([("count", {"number": number}) for number in range(12)]).reply("Done.")
    result = go(caller, tools=[count], max_concurrency=4)
    assert [item.output for item in result.turns[0].outputs] == [str(number) for number in range(12)]
    assert most == 4
