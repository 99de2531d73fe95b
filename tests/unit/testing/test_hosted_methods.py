"""The methods that script calls of hosted tools: how they combine with each other and with other answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from server_calls import create, created, http, streamed, text_of, types_of

from responses_client.testing import Server

CODE = {"type": "code_interpreter", "container": {"type": "auto"}}
SHELL = {"type": "shell"}
CONTAINER = {"type": "shell", "environment": {"type": "container_auto"}}
PATCH = {"type": "apply_patch"}
MCP = {"type": "mcp", "server_label": "docs", "server_url": "https://example.com/mcp"}
FUNCTION = {"type": "function", "name": "f"}


def answer(call: dict[str, Any]) -> dict[str, Any]:
    """Return an output of a shell call, or an approval."""
    if call["type"] == "mcp_approval_request":
        return {"type": "mcp_approval_response", "approval_request_id": call["id"], "approve": True}
    return {"type": "shell_call_output", "call_id": call["call_id"], "output": []}


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (lambda server: server.run_shell([]), "run_shell needs at least one command."),
        (lambda server: server.run_local_shell([]), "run_local_shell needs at least one command."),
        (lambda server: server.search_web(), "search_web needs at least one query."),
        (lambda server: server.search_files(), "search_files needs at least one query."),
        (
            lambda server: server.run_shell(["a", "b"], output="x"),
            "run_shell needs an output for each of 2 commands, got 1.",
        ),
        (
            lambda server: server.call_mcp("docs", "f", output="", error=""),
            "call_mcp takes output or error, not both.",
        ),
        (lambda server: server.patch("a"), "patch with 'update_file' takes a diff."),
        (
            lambda server: server.patch("a", "-b", operation="delete_file"),
            "patch with 'delete_file' takes no diff.",
        ),
        (lambda server: server.together(1), "answers must be at least 2, got 1."),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(script: Callable[[Server], Server], message: str) -> None:
    with Server() as server:
        with pytest.raises(ValueError, match=re.escape(message)) as caught:
            script(server)
        assert str(caught.value) == message
        assert types_of(created(server)) == ["message"]


# --- tools that the API executes


def test_calls_and_the_reply_after_them_are_one_response() -> None:
    with Server() as server:
        server.run_code("1").run_code("2").reply("Three.").reply("Later.")
        first, second = created(server, tools=[CODE]), created(server)
    assert types_of(first) == ["code_interpreter_call", "code_interpreter_call", "message"]
    assert (text_of(first), text_of(second)) == ("Three.", "Later.")


def test_call_without_a_reply_is_followed_by_an_unscripted_answer() -> None:
    with Server() as server:
        response = created(server.run_code("1"), input="Hello", tools=[CODE])
    assert types_of(response) == ["code_interpreter_call", "message"]
    assert text_of(response) == "Hello! How can I help you today?"


def test_call_may_be_followed_by_a_function_call() -> None:
    with Server() as server:
        response = created(server.run_code("1").call_tool("f"), tools=[CODE, FUNCTION])
    assert types_of(response) == ["code_interpreter_call", "function_call"]


@pytest.mark.parametrize(
    ("fields", "types"),
    [
        ({"metadata": {"a": "b"}}, ["code_interpreter_call", "message"]),
        ({"output": []}, ["code_interpreter_call"]),
        ({"output": [{"type": "x"}]}, ["code_interpreter_call", "x"]),
        ({"status": "failed"}, ["code_interpreter_call"]),
        ({"status": "incomplete"}, ["code_interpreter_call", "message"]),
    ],
)
def test_call_may_be_followed_by_a_response_with_fields(fields: dict[str, Any], types: list[str]) -> None:
    with Server() as server:
        response = created(server.run_code("1").reply_response(fields), tools=[CODE])
    assert types_of(response) == types
    assert response["status"] == fields.get("status", "completed")


@pytest.mark.parametrize(
    ("script", "statuses"),
    [
        (lambda server: server.fail(503), [503, 200]),
        (lambda server: server.unscripted().fail(503), [200, 503]),
        (lambda server: server.reply_raw("Busy.", status=503), [503, 200]),
    ],
)
def test_answer_that_is_no_response_waits_for_the_next_request(
    script: Callable[[Server], Server], statuses: list[int]
) -> None:
    with Server() as server:
        script(server.run_code("1"))
        assert types_of(created(server, tools=[CODE])) == ["code_interpreter_call", "message"]
        assert [create(server).status_code for _ in range(2)] == statuses


def test_exact_events_wait_for_the_next_request() -> None:
    with Server() as server:
        server.run_code("1").reply_events([{"type": "ping"}])
        assert types_of(created(server, tools=[CODE])) == ["code_interpreter_call", "message"]
        assert create(server).text == 'event: ping\ndata: {"type":"ping"}\n\n'


def test_refused_request_uses_up_no_call() -> None:
    with Server() as server:
        server.run_code("1").reply("One.")
        create(server, temperature=9)
        assert types_of(created(server, tools=[CODE])) == ["code_interpreter_call", "message"]


def test_paces_before_a_call_and_before_its_reply_add_up() -> None:
    naps: list[float] = []
    with Server(sleep=naps.append) as server, http(server) as client:
        server.delay(3).run_code("1").disconnect_after(4).reply("One.")
        body = {"model": "m", "input": "Hi", "tools": [CODE], "stream": True}
        with pytest.raises(httpx.ReadError):
            client.post("/responses", json=body)
    assert naps == [3]


def test_expectations_before_a_call_and_before_its_reply_are_of_its_request() -> None:
    with Server() as server:
        server.expect(user="Hi").run_code("1").expect(model="m").reply("One.")
        assert text_of(created(server, tools=[CODE])) == "One."


# --- tools that the client executes


def test_reply_after_a_call_of_the_client_is_for_the_request_with_its_output() -> None:
    with Server() as server:
        server.run_shell("ls").expect(input=[{"type": "shell_call_output"}]).reply("Empty.")
        first = created(server, tools=[SHELL])
        second = created(server, input=[answer(first["output"][0])], previous_response_id=first["id"])
    assert types_of(first) == ["shell_call"]
    assert text_of(second) == "Empty."


def test_same_script_of_a_shell_is_one_response_in_a_container() -> None:
    with Server() as server:
        response = created(server.run_shell("ls").reply("Empty."), tools=[CONTAINER])
    assert types_of(response) == ["shell_call", "shell_call_output", "message"]


def test_output_of_a_shell_needs_a_container() -> None:
    with pytest.raises(AssertionError, match="expected: a tool of type 'shell' with a container"):
        create(Server().run_shell("ls", output=""), tools=[SHELL])


def test_call_needs_its_output_as_in_the_api() -> None:
    with Server() as server:
        first = created(server.run_shell("ls").reply("Empty."), tools=[SHELL])
        refused = create(server, input="And?", previous_response_id=first["id"])
    call_id = first["output"][0]["call_id"]
    assert refused.json()["error"]["message"] == f"No tool output found for shell call {call_id}."


def test_calls_of_both_kinds_come_in_their_order() -> None:
    with Server() as server:
        server.run_code("1").run_shell("ls").run_code("2").reply("Done.")
        first = created(server, tools=[CODE, SHELL])
        call = first["output"][-1]
        second = created(server, input=[answer(call)], previous_response_id=first["id"], tools=[CODE, SHELL])
    assert types_of(first) == ["code_interpreter_call", "shell_call"]
    assert types_of(second) == ["code_interpreter_call", "message"]


# --- approvals of MCP calls


def approved(server: Server, *, approve: bool = True, **body: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a response that asks for an approval, and the one after the answer."""
    first = created(server, tools=[MCP])
    given = {**answer(first["output"][-1]), "approve": approve}
    return first, created(
        server, **{"input": [given], "tools": [MCP], "previous_response_id": first["id"], **body}
    )


def test_approved_call_begins_the_response_to_the_approval() -> None:
    with Server() as server:
        server.call_mcp("docs", "search", {"q": 1}, output="Page 7").reply("See page 7.")
        first, second = approved(server)
    request, (call, _) = first["output"][-1], second["output"]
    assert types_of(first) == ["mcp_list_tools", "mcp_approval_request"]
    assert types_of(second) == ["mcp_call", "message"]
    assert (request["name"], request["arguments"]) == ("search", '{"q":1}')
    assert (call["approval_request_id"], call["output"]) == (request["id"], "Page 7")
    assert text_of(second) == "See page 7."


def test_denied_call_is_not_made() -> None:
    with Server() as server:
        server.call_mcp("docs", "search").reply("Then not.")
        _, second = approved(server, approve=False)
    assert types_of(second) == ["message"]


def test_approved_call_is_made_once() -> None:
    with Server() as server:
        server.call_mcp("docs", "search").reply("Done.")
        _, second = approved(server)
        third = created(server, previous_response_id=second["id"])
    assert types_of(third) == ["message"]


def test_approved_call_is_made_where_the_history_is_sent_again() -> None:
    with Server() as server:
        server.call_mcp("docs", "search").reply("Done.")
        first = created(server, tools=[MCP], store=False)
        history = [*first["output"], answer(first["output"][-1])]
        second = created(server, input=history, tools=[MCP], store=False)
    assert types_of(second) == ["mcp_call", "message"]


def test_approved_call_is_made_after_a_failed_attempt() -> None:
    with Server() as server:
        server.call_mcp("docs", "search").fail(503).reply("Done.")
        first = created(server, tools=[MCP])
        body = {"input": [answer(first["output"][-1])], "previous_response_id": first["id"]}
        assert create(server, **body).status_code == 503
        assert types_of(created(server, **body)) == ["mcp_call", "message"]


def test_approved_call_comes_before_the_calls_that_follow_in_the_script() -> None:
    with Server() as server:
        server.call_mcp("docs", "search").call_mcp("docs", "read").reply("Done.")
        _, second = approved(server)
        given = [answer(second["output"][-1])]
        third = created(server, input=given, tools=[MCP], previous_response_id=second["id"])
    assert types_of(second) == ["mcp_call", "mcp_approval_request"]
    assert types_of(third) == ["mcp_call", "message"]


def test_exact_output_has_no_approved_call_before_it() -> None:
    with Server() as server:
        server.call_mcp("docs", "search").reply_response({"output": []})
        _, second = approved(server)
    assert second["output"] == []


def test_approval_of_a_request_that_the_script_wrote_itself_brings_no_call() -> None:
    asked = {
        "type": "mcp_approval_request",
        "id": "mcpr_1",
        "name": "f",
        "arguments": "{}",
        "server_label": "docs",
    }
    with Server() as server:
        _, second = approved(server.reply_items([asked]).reply("Done."))
    assert types_of(second) == ["message"]


# --- several answers in one response


def test_several_calls_of_the_client_come_together() -> None:
    with Server() as server:
        server.together(3).run_shell("ls").patch("a.txt", "+b").call_tool("f").reply("Done.")
        first = created(server, tools=[SHELL, PATCH, FUNCTION])
    assert types_of(first) == ["shell_call", "apply_patch_call", "function_call"]


def test_text_comes_together_with_a_call() -> None:
    with Server() as server:
        server.together(2).reply("Let me look.").call_tool("f").reply("Done.")
        response = created(server, tools=[FUNCTION])
    assert types_of(response) == ["message", "function_call"]


def test_calls_together_may_end_in_one_of_the_api() -> None:
    with Server() as server:
        server.together(2).run_shell("ls").run_code("1").reply("Done.")
        response = created(server, tools=[SHELL, CODE])
    assert types_of(response) == ["shell_call", "code_interpreter_call"]


def test_calls_together_come_as_far_as_they_are_scripted() -> None:
    with Server() as server:
        response = created(server.together(3).run_shell("ls"), tools=[SHELL])
    assert types_of(response) == ["shell_call"]


def test_answers_after_those_that_come_together_are_on_their_own() -> None:
    with Server() as server:
        server.together(2).call_tool("f").call_tool("f").call_tool("f")
        first = created(server, tools=[FUNCTION])
    assert types_of(first) == ["function_call", "function_call"]


def test_calls_are_played_in_the_background_too() -> None:
    with Server() as server, http(server) as client:
        server.run_code("1").reply("One.")
        queued = created(server, tools=[CODE], background=True)
        polls = [client.get(f"/responses/{queued['id']}").json() for _ in range(2)]
    assert [types_of(each) for each in polls] == [[], ["code_interpreter_call", "message"]]


def test_streams_have_the_events_of_all_calls_in_their_order() -> None:
    with Server() as server:
        server.run_code("1").search_web("tea").reply("Tea.")
        found = streamed(server, tools=[CODE, {"type": "web_search"}])
    added = [event["item"]["type"] for event in found if event["type"] == "response.output_item.added"]
    assert added == ["code_interpreter_call", "web_search_call", "message"]
