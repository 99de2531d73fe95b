"""Calls and their outputs, which the embedded server matches as the API does."""

from __future__ import annotations

from typing import Any

import pytest
from server_calls import create, created, http

from responses_client.testing import Server

PATCH = {"type": "create_file", "path": "a.txt", "diff": "+a"}
COMMAND = {"type": "exec", "command": ["ls"], "env": {}}
SCREENSHOT = {"type": "computer_screenshot", "image_url": "data:image/png;base64,"}

# Calls that a program answers, each with its answer.
PAIRS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "function call": (
        {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "1"},
    ),
    "custom tool call": (
        {"type": "custom_tool_call", "call_id": "call_1", "name": "f", "input": "1"},
        {"type": "custom_tool_call_output", "call_id": "call_1", "output": "1"},
    ),
    "shell call": (
        {"type": "shell_call", "call_id": "call_1", "action": {"commands": ["ls"]}},
        {"type": "shell_call_output", "call_id": "call_1", "output": []},
    ),
    "local shell call": (
        {"type": "local_shell_call", "call_id": "call_1", "action": COMMAND, "status": "completed"},
        {"type": "local_shell_call_output", "call_id": "call_1", "output": "a.txt"},
    ),
    "apply patch call": (
        {"type": "apply_patch_call", "call_id": "call_1", "operation": PATCH, "status": "completed"},
        {"type": "apply_patch_call_output", "call_id": "call_1", "status": "completed"},
    ),
    "computer call": (
        {"type": "computer_call", "call_id": "call_1", "action": {"type": "screenshot"}},
        {"type": "computer_call_output", "call_id": "call_1", "output": SCREENSHOT},
    ),
    "tool search call": (
        {"type": "tool_search_call", "call_id": "call_1", "execution": "client", "arguments": {}},
        {"type": "tool_search_output", "call_id": "call_1", "tools": []},
    ),
}
ANSWER_WORDS = {name: f"{name} output" for name in PAIRS} | {"tool search call": "tool search output"}
REQUEST = {
    "type": "mcp_approval_request",
    "id": "mcpr_1",
    "server_label": "s",
    "name": "f",
    "arguments": "{}",
}
APPROVAL = {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True}
CALL, OUTPUT = PAIRS["function call"]


def no_output(name: str) -> str:
    return f"No tool output found for {name} call_1."


def no_call(name: str, call_id: str = "call_1") -> str:
    return f"No tool call found for {ANSWER_WORDS[name]} with call_id {call_id}."


def refusal(server: Server, **body: Any) -> str:
    """Return the message of the API's error about the input."""
    response = create(server, **body)
    assert response.status_code == 400, response.text
    error = response.json()["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", "input", None)
    return str(error["message"])


@pytest.mark.parametrize("name", PAIRS)
def test_call_with_its_answer_is_accepted(name: str) -> None:
    with Server() as server:
        created(server, input=[*PAIRS[name]])


@pytest.mark.parametrize("name", PAIRS)
def test_call_without_an_answer_is_refused(name: str) -> None:
    call, _ = PAIRS[name]
    with Server() as server:
        assert refusal(server, input=[call, {"role": "user", "content": "Hi"}]) == no_output(name)


@pytest.mark.parametrize("name", PAIRS)
def test_answer_without_a_call_is_refused(name: str) -> None:
    _, answer = PAIRS[name]
    with Server() as server:
        assert refusal(server, input=[answer]) == no_call(name)


@pytest.mark.parametrize("name", PAIRS)
def test_answer_before_its_call_is_refused(name: str) -> None:
    call, answer = PAIRS[name]
    with Server() as server:
        assert refusal(server, input=[answer, call]) == no_call(name)


@pytest.mark.parametrize("name", PAIRS)
def test_answer_with_the_id_of_another_call_is_refused(name: str) -> None:
    call, answer = PAIRS[name]
    with Server() as server:
        wrong = {**answer, "call_id": "call_2"}
        assert refusal(server, input=[call, wrong]) == no_call(name, "call_2")


@pytest.mark.parametrize("name", PAIRS)
def test_call_in_a_stored_response_wants_its_answer(name: str) -> None:
    call, answer = PAIRS[name]
    with Server() as server:
        first = created(server.reply_items([call]))["id"]
        assert refusal(server, previous_response_id=first) == no_output(name)
        created(server, previous_response_id=first, input=[answer])


@pytest.mark.parametrize("name", PAIRS)
def test_call_in_a_conversation_wants_its_answer(name: str) -> None:
    call, answer = PAIRS[name]
    with Server() as server:
        server.conversations["conv_1"] = []
        created(server.reply_items([call]), conversation="conv_1")
        assert refusal(server, conversation="conv_1") == no_output(name)
        created(server, conversation="conv_1", input=[answer])
        created(server, conversation="conv_1")


def test_answer_of_another_kind_does_not_count() -> None:
    with Server() as server:
        _, other = PAIRS["custom tool call"]
        assert refusal(server, input=[CALL, other]) == no_call("custom tool call")


def test_each_of_several_calls_wants_its_answer() -> None:
    second = {**CALL, "call_id": "call_2"}
    with Server() as server:
        message = refusal(server, input=[CALL, second, OUTPUT])
        assert message == "No tool output found for function call call_2."
        created(server, input=[CALL, second, {**OUTPUT, "call_id": "call_2"}, OUTPUT])


def test_answer_to_a_call_of_an_older_response_is_refused_when_it_was_answered_elsewhere() -> None:
    with Server() as server:
        first = created(server.reply_items([CALL]))["id"]
        second = created(server, previous_response_id=first, input=[OUTPUT])["id"]
        created(server, previous_response_id=second)
        other = created(server)["id"]
        assert refusal(server, previous_response_id=other, input=[OUTPUT]) == no_call("function call")


def test_approval_requests_want_their_approvals() -> None:
    with Server() as server:
        requests = [REQUEST, {**REQUEST, "id": "mcpr_2"}]
        assert refusal(server, input=requests) == (
            "The following MCP approval requests do not have an approval: mcpr_1, mcpr_2"
        )
        first = created(server.reply_items([REQUEST]))["id"]
        assert refusal(server, previous_response_id=first).endswith("approval: mcpr_1")
        created(server, previous_response_id=first, input=[APPROVAL])


def test_approval_of_nothing_is_refused() -> None:
    with Server() as server:
        assert refusal(server, input=[APPROVAL]) == (
            "No approval request found for MCP approval response with approval_request_id mcpr_1."
        )


def test_output_of_a_local_shell_may_name_its_call_as_its_id() -> None:
    call, _ = PAIRS["local shell call"]
    with Server() as server:
        created(server, input=[call, {"type": "local_shell_call_output", "id": "call_1", "output": "a.txt"}])


def test_output_of_an_asynchronous_call_may_come_later() -> None:
    call = {**CALL, "async": True}
    with Server() as server:
        first = created(server, input=[call, {"role": "user", "content": "Hi"}])["id"]
        created(server, previous_response_id=first, input=[OUTPUT])


def test_tool_search_of_the_server_needs_no_answer() -> None:
    with Server() as server:
        created(server, input=[{"type": "tool_search_call", "execution": "server", "arguments": {}}])


def test_output_by_name_needs_no_call() -> None:
    with Server() as server:
        created(server, input=[{"type": "function_call_output", "name": "f", "output": "1"}])


def test_history_that_a_response_would_refuse_is_not_compacted() -> None:
    with Server() as server, http(server) as client:
        answer = client.post("/responses/compact", json={"model": "m", "input": [OUTPUT]})
        assert (answer.status_code, answer.json()["error"]["message"]) == (400, no_call("function call"))


def test_refused_request_takes_no_scripted_answer() -> None:
    with Server() as server:
        server.reply("Hello")
        assert refusal(server, input=[OUTPUT]) == no_call("function call")
        assert created(server)["output"][0]["content"][0]["text"] == "Hello"


def test_server_that_does_not_validate_matches_nothing() -> None:
    with Server(validate=False) as server:
        created(server, input=[OUTPUT, PAIRS["shell call"][0]])
