"""Runs that answer calls of hosted tools, end to end against the embedded server, plain and streamed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgi_sockets import connected
from callers import Caller
from server_calls import text_of, types_of

from responses_client.models import (
    ApplyPatchCall,
    ComputerCall,
    ComputerCallOutput,
    ComputerScreenshot,
    LocalShellCall,
    McpApprovalRequest,
    ShellCall,
    ShellExit,
    ShellOutputContent,
    ToolSearchCall,
)
from responses_client.testing import Server

SCREEN = "data:image/png;base64,"
MCP = {"type": "mcp", "server_label": "docs", "server_url": "https://example.com/mcp"}


def shell(call: ShellCall) -> list[ShellOutputContent]:
    outcome = ShellExit(exit_code=0)
    return [
        ShellOutputContent(stdout=f"ran {command}", stderr="", outcome=outcome)
        for command in call.action.commands
    ]


def local_shell(call: LocalShellCall) -> str:
    return " ".join(call.action.command)


def apply_patch(call: ApplyPatchCall) -> str:
    return f"patched {call.operation.path}"


def use_computer(call: ComputerCall) -> ComputerCallOutput:
    checks = call.pending_safety_checks
    screen = ComputerScreenshot(image_url=SCREEN)
    return ComputerCallOutput(call_id=call.call_id, output=screen, acknowledged_safety_checks=checks)


def approve(request: McpApprovalRequest) -> bool:
    return request.name == "search"


def find_tools(call: ToolSearchCall) -> list[Any]:
    return [{"type": "web_search"}]


HOOKS: dict[str, Any] = {
    "on_shell": shell,
    "on_local_shell": local_shell,
    "on_apply_patch": apply_patch,
    "on_computer": use_computer,
    "on_mcp_approval": approve,
    "on_tool_search": find_tools,
}

# A scripted call, the tool that it is of, and what the second request has in answer to it.
CALLS: dict[str, tuple[Callable[[Server], Server], dict[str, Any], dict[str, Any]]] = {
    "shell": (
        lambda server: server.run_shell(["ls", "pwd"]),
        {"type": "shell"},
        {"type": "shell_call_output", "output": [{"stdout": "ran ls"}, {"stdout": "ran pwd"}]},
    ),
    "local shell": (
        lambda server: server.run_local_shell(["ls", "-a"]),
        {"type": "local_shell"},
        {"type": "local_shell_call_output", "output": "ls -a"},
    ),
    "patch": (
        lambda server: server.patch("a.txt", "@@\n-tea\n+jam\n"),
        {"type": "apply_patch"},
        {"type": "apply_patch_call_output", "status": "completed", "output": "patched a.txt"},
    ),
    "computer": (
        lambda server: server.use_computer({"type": "wait"}, safety_checks=[{"id": "sc_1"}]),
        {"type": "computer"},
        {
            "type": "computer_call_output",
            "output": {"type": "computer_screenshot", "image_url": SCREEN},
            "acknowledged_safety_checks": [{"id": "sc_1"}],
        },
    ),
    "approval": (
        lambda server: server.call_mcp("docs", "search", {"query": "tea"}, output="Page 7"),
        MCP,
        {"type": "mcp_approval_response", "approve": True},
    ),
    "denial": (
        lambda server: server.call_mcp("docs", "delete"),
        MCP,
        {"type": "mcp_approval_response", "approve": False},
    ),
    "tool search": (
        lambda server: server.search_tools({"goal": "tea"}),
        {"type": "tool_search", "execution": "client"},
        {"type": "tool_search_output", "tools": [{"type": "web_search"}]},
    ),
}


def check(server: Server, result: Any, answer: dict[str, Any]) -> None:
    """Check a run of two responses, of which the second request has an answer to the call of the first."""
    assert (result.output_text, len(result.turns), result.pending) == ("Done.", 2, [])
    server.requests[1].assert_sent(input=[answer])


@pytest.mark.parametrize("case", CALLS)
def test_run_answers_a_call_and_gets_the_reply(case: str, server: Server, caller: Caller) -> None:
    script, tool, answer = CALLS[case]
    script(server).reply("Done.")
    result = caller(lambda client: client.responses.run(model="m", input="Hi", tools=[tool], **HOOKS))
    check(server, result, answer)


@pytest.mark.parametrize("case", CALLS)
def test_streamed_run_answers_a_call_and_gets_the_reply(case: str, server: Server, caller: Caller) -> None:
    script, tool, answer = CALLS[case]
    script(server).reply("Done.")

    def opened(client: Any) -> Any:
        return client.responses.run_stream(model="m", input="Hi", tools=[tool], **HOOKS)

    def read(client: Any) -> Any:
        with opened(client) as stream:
            return stream.get_final_result()

    async def wait(client: Any) -> Any:
        async with opened(client) as stream:
            return await stream.get_final_result()

    check(server, caller.run(read, wait), answer)


@pytest.mark.parametrize("case", CALLS)
def test_run_that_repeats_the_history_works_too(case: str, server: Server, caller: Caller) -> None:
    script, tool, answer = CALLS[case]
    script(server).reply("Done.")
    result = caller(
        lambda client: client.responses.run(model="m", input="Hi", tools=[tool], store=False, **HOOKS)
    )
    assert (result.output_text, len(result.turns)) == ("Done.", 2)
    server.requests[1].assert_sent({"input[-1]": answer})


def test_run_answers_several_calls_of_one_response(server: Server, caller: Caller) -> None:
    server.together(2).run_shell("ls").patch("a.txt", "+tea", operation="create_file").reply("Done.")
    tools = [{"type": "shell"}, {"type": "apply_patch"}]
    result = caller(lambda client: client.responses.run(model="m", input="Hi", tools=tools, **HOOKS))
    assert (result.output_text, len(result.turns)) == ("Done.", 2)
    server.requests[1].assert_sent(input=[{"type": "shell_call_output"}, {"type": "apply_patch_call_output"}])


def test_run_without_functions_waits_for_an_approval_and_goes_on_with_it(
    server: Server, caller: Caller
) -> None:
    server.call_mcp("docs", "search", output="Page 7").reply("See page 7.")
    first = caller(lambda client: client.responses.run(model="m", input="Hi", tools=[MCP]))
    assert [call.name for call in first.approvals] == ["search"]
    second = caller(
        lambda client: client.responses.run(model="m", tools=[MCP], resume=first, approve=first.approvals)
    )
    assert second.output_text == "See page 7."
    assert [item.type for item in second.turns[-1].response.output] == ["mcp_call", "message"]


def test_unscripted_run_with_a_forced_shell_ends(server: Server, caller: Caller) -> None:
    result = caller(
        lambda client: client.responses.run(
            model="m", input="Hi", tools=[{"type": "shell"}], tool_choice={"type": "shell"}, **HOOKS
        )
    )
    assert (result.pending, len(result.turns)) == ([], 2)
    assert result.output_text


async def test_calls_are_played_on_a_websocket() -> None:
    tools: list[dict[str, Any]] = [
        {"type": "code_interpreter", "container": {"type": "auto"}},
        {"type": "shell"},
        MCP,
    ]
    with Server() as server:
        server.run_code("1").run_shell("ls").call_mcp("docs", "search").reply("Done.")
        async with connected(server) as socket:
            first = (await socket.create(tools=tools))[-1]["response"]
            output = {
                "type": "shell_call_output",
                "call_id": first["output"][-1]["call_id"],
                "output": [],
            }
            second = (await socket.create(tools=tools, input=[output], previous_response_id=first["id"]))[-1][
                "response"
            ]
            approval = {
                "type": "mcp_approval_response",
                "approval_request_id": second["output"][-1]["id"],
                "approve": True,
            }
            events = await socket.create(tools=tools, input=[approval], previous_response_id=second["id"])
    assert types_of(first) == ["code_interpreter_call", "shell_call"]
    assert types_of(second) == ["mcp_list_tools", "mcp_approval_request"]
    assert types_of(events[-1]["response"]) == ["mcp_call", "message"]
    assert text_of(events[-1]["response"]) == "Done."
    assert "response.mcp_call.completed" in [event["type"] for event in events]


async def test_call_of_a_tool_that_a_message_lacks_is_an_error_event_on_a_websocket() -> None:
    server = Server().run_code("1")
    async with connected(server) as socket:
        (refused,) = await socket.create()
    assert refused["error"]["code"] == "unexpected_request"
    with pytest.raises(AssertionError, match="a tool of type 'code_interpreter'"):
        server.verify()


async def test_prewarming_on_a_websocket_uses_up_no_call() -> None:
    tools = [{"type": "code_interpreter", "container": {"type": "auto"}}]
    with Server() as server:
        server.run_code("1").reply("One.")
        async with connected(server) as socket:
            warm = await socket.create(tools=tools, generate=False)
            found = await socket.create(tools=tools)
    assert warm[-1]["response"]["output"] == []
    assert types_of(found[-1]["response"]) == ["code_interpreter_call", "message"]
