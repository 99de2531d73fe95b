"""Calls of hosted tools as the embedded server plays them: their items, as models, plain and streamed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest
from server_calls import created, streamed, types_of

from responses_client import models
from responses_client._events.accumulator import Accumulator
from responses_client.models import Response, StreamEvent
from responses_client.models._base import OpenUnion, union_class
from responses_client.testing import Server

AUTO = {"type": "code_interpreter", "container": {"type": "auto"}}
CONTAINER = {"type": "shell", "environment": {"type": "container_auto"}}
MCP = {"type": "mcp", "server_label": "docs", "server_url": "https://example.com/mcp"}
FREE_MCP = {**MCP, "require_approval": "never"}
FILES = {"type": "file_search", "vector_store_ids": ["vs_1"]}
INCLUDED = [
    "code_interpreter_call.outputs",
    "file_search_call.results",
    "web_search_call.action.sources",
]
RESULT = {"file_id": "file_1", "filename": "a.txt", "score": 0.5, "text": "Tea."}
CHECK = {"id": "sc_1", "code": "malicious_instructions", "message": "Look out."}

# Scripted calls, each with the tool of the request and the types of the items.
CALLS: dict[str, tuple[Callable[[Server], Server], Mapping[str, Any], str]] = {
    "code": (
        lambda server: server.run_code("print(1)", output="1\n", images=["https://example.com/1.png"]),
        AUTO,
        "code_interpreter_call message",
    ),
    "image": (
        lambda server: server.generate_image(b"\x89PNG", revised_prompt="A cat."),
        {"type": "image_generation", "partial_images": 2, "quality": "low"},
        "image_generation_call message",
    ),
    "MCP call": (
        lambda server: server.call_mcp("docs", "search", {"query": "tea"}, output="Page 7"),
        FREE_MCP,
        "mcp_list_tools mcp_call message",
    ),
    "MCP call that fails": (
        lambda server: server.call_mcp("docs", "search", error="No such page"),
        FREE_MCP,
        "mcp_list_tools mcp_call message",
    ),
    "MCP call that needs approval": (
        lambda server: server.call_mcp("docs", "search", {"query": "tea"}),
        MCP,
        "mcp_list_tools mcp_approval_request",
    ),
    "web search": (
        lambda server: server.search_web("tea", "jam", urls=["https://example.com"]),
        {"type": "web_search"},
        "web_search_call message",
    ),
    "file search": (
        lambda server: server.search_files("tea", results=[RESULT]),
        FILES,
        "file_search_call message",
    ),
    "local shell of the client": (
        lambda server: server.run_shell(["cd /", "ls -a"], timeout_ms=100, max_output_length=9),
        {"type": "shell"},
        "shell_call",
    ),
    "shell in a container": (
        lambda server: server.run_shell(["cd /", "ls -a"], output=["", "etc\n"], exit_code=1),
        CONTAINER,
        "shell_call shell_call_output message",
    ),
    "local shell": (
        lambda server: server.run_local_shell(["ls", "-a"], env={"A": "1"}, working_directory="/"),
        {"type": "local_shell"},
        "local_shell_call",
    ),
    "new file": (
        lambda server: server.patch("a.txt", "+tea\n", operation="create_file"),
        {"type": "apply_patch"},
        "apply_patch_call",
    ),
    "changed file": (
        lambda server: server.patch("a.txt", "@@\n-tea\n+jam\n"),
        {"type": "apply_patch"},
        "apply_patch_call",
    ),
    "deleted file": (
        lambda server: server.patch("a.txt", operation="delete_file"),
        {"type": "apply_patch"},
        "apply_patch_call",
    ),
    "computer": (
        lambda server: server.use_computer(
            {"type": "move", "x": 1, "y": 2},
            {"type": "click", "button": "left", "x": 1, "y": 2},
            safety_checks=[{"id": "sc_1", "code": "malicious_instructions", "message": "Look out."}],
        ),
        {"type": "computer"},
        "computer_call",
    ),
    "tool search": (
        lambda server: server.search_tools({"paths": ["f"]}),
        {"type": "tool_search"},
        "tool_search_call tool_search_output message",
    ),
    "tool search of the client": (
        lambda server: server.search_tools({"goal": "weather"}),
        {"type": "tool_search", "execution": "client"},
        "tool_search_call",
    ),
    "custom tool": (
        lambda server: server.call_tool("write_sql", "SELECT 1"),
        {"type": "custom", "name": "write_sql"},
        "custom_tool_call",
    ),
}


UNION: type[OpenUnion] = union_class(StreamEvent)


def put_together(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the output that a client makes of events, each of which must be of a known type."""
    accumulator = Accumulator()
    for event in events:
        model = UNION.member(event["type"])
        assert model is not None, event["type"]
        accumulator.extend([cast("Any", model.from_dict(event, strict=True))])
    snapshot = accumulator.snapshot()
    assert snapshot is not None
    return [item.to_dict() for item in snapshot.output]


def body_of(case: str) -> dict[str, Any]:
    function = {"type": "function", "name": "f", "defer_loading": True}
    tools = [CALLS[case][1], *([function] if "tool search" in case else ())]
    return {"tools": tools, "include": INCLUDED}


def items_of(case: str) -> list[Any]:
    """Return the items of the response to a scripted call, as models."""
    script, _, _ = CALLS[case]
    with Server() as server:
        response = created(script(server).reply("Done."), **body_of(case))
    return [*Response.from_dict(response, strict=True).output]


@pytest.mark.parametrize("case", CALLS)
def test_call_comes_with_its_items_and_the_reply_unless_the_client_must_answer_first(case: str) -> None:
    assert " ".join(item.type for item in items_of(case)) == CALLS[case][2]


@pytest.mark.parametrize("case", CALLS)
def test_streamed_response_is_the_plain_one(case: str) -> None:
    script, _, _ = CALLS[case]
    plain = created(script(Server()).reply("Done."), **body_of(case))
    events = streamed(script(Server()).reply("Done."), **body_of(case))
    assert events[-1]["response"] == plain


@pytest.mark.parametrize("case", CALLS)
def test_events_put_together_are_the_response(case: str) -> None:
    script, _, _ = CALLS[case]
    *events, last = streamed(script(Server()).reply("Done."), **body_of(case))
    assert put_together(events) == last["response"]["output"]


@pytest.mark.parametrize(
    ("case", "place", "field"),
    [
        ("code", 0, "code"),
        ("MCP call", 1, "arguments"),
        ("local shell of the client", 0, "action.commands"),
        ("shell in a container", 0, "action.commands"),
        ("shell in a container", 1, "output"),
        ("changed file", 0, "operation"),
        ("custom tool", 0, "input"),
    ],
)
def test_item_is_filled_before_it_is_done(case: str, place: int, field: str) -> None:
    script, _, _ = CALLS[case]
    *events, last = streamed(script(Server()).reply("Done."), **body_of(case))
    found = put_together([event for event in events if event["type"] != "response.output_item.done"])[place]
    whole = last["response"]["output"][place]
    for name in field.split("."):
        found, whole = found[name], whole[name]
    assert found == whole


def test_code_has_its_outputs_only_if_they_are_included() -> None:
    (call, _) = items_of("code")
    assert isinstance(call, models.CodeInterpreterCall)
    assert call.code == "print(1)"
    assert [output.to_dict() for output in call.outputs or ()] == [
        {"type": "logs", "logs": "1\n"},
        {"type": "image", "url": "https://example.com/1.png"},
    ]
    with Server() as server:
        assert created(server.run_code("1", output="1"), tools=[AUTO])["output"][0]["outputs"] is None


def test_code_without_output_has_none() -> None:
    with Server() as server:
        response = created(server.run_code("1"), tools=[AUTO], include=INCLUDED)
    assert response["output"][0]["outputs"] == []


def test_containers_of_one_response_are_one() -> None:
    with Server() as server:
        server.run_code("1").run_code("2").run_shell("ls")
        output = created(server, tools=[AUTO, CONTAINER])["output"]
    first, second, shell = output[:3]
    assert first["container_id"] == second["container_id"] == shell["environment"]["container_id"]
    assert first["container_id"].startswith("cntr_")


def test_container_of_the_request_is_that_of_the_call() -> None:
    code = {"type": "code_interpreter", "container": "cntr_1"}
    shell = {"type": "shell", "environment": {"type": "container_reference", "container_id": "cntr_2"}}
    with Server() as server:
        output = created(server.run_code("1").run_shell("ls"), tools=[code, shell])["output"]
    assert output[0]["container_id"] == "cntr_1"
    assert output[1]["environment"] == {"type": "container_reference", "container_id": "cntr_2"}


def test_image_has_the_settings_of_the_tool_and_chooses_the_others() -> None:
    (call, _) = items_of("image")
    assert isinstance(call, models.ImageGenerationCall)
    assert (call.result, call.revised_prompt) == ("iVBORw==", "A cat.")
    assert (call.quality, call.size, call.background, call.output_format) == (
        "low",
        "1024x1024",
        "opaque",
        "png",
    )


def test_image_is_a_pixel_by_default_and_base64_as_it_is_given() -> None:
    with Server() as server:
        server.generate_image().generate_image("aGk=")
        pixel, given, _ = created(server, tools=[{"type": "image_generation", "action": "edit"}])["output"]
    assert pixel["result"].startswith("iVBORw0KGgo")
    assert (given["result"], given["action"]) == ("aGk=", "edit")


def test_failed_mcp_call_has_an_error_and_no_output() -> None:
    call = items_of("MCP call that fails")[1]
    assert isinstance(call, models.McpCall)
    assert (call.status, call.output, call.arguments) == ("failed", None, "{}")
    assert isinstance(call.error, models.McpToolExecutionError)
    assert call.error.content == [{"type": "text", "text": "No such page"}]


@pytest.mark.parametrize(
    ("rule", "is_asked"),
    [
        (None, True),
        ("always", True),
        ("never", False),
        ({"never": {"tool_names": ["search"]}}, False),
        ({"never": {"tool_names": ["other"]}}, True),
        ({"always": {"tool_names": ["search"]}}, True),
        ({"always": {"tool_names": ["other"]}}, False),
    ],
)
def test_rule_of_the_mcp_tool_says_whether_a_call_needs_approval(rule: Any, is_asked: bool) -> None:
    with Server() as server:
        server.call_mcp("docs", "search", output="Page 7").reply("Done.")
        response = created(server, tools=[{**MCP, "require_approval": rule}])
    assert types_of(response)[1] == ("mcp_approval_request" if is_asked else "mcp_call")


@pytest.mark.parametrize(
    ("allowed", "listed"),
    [
        (None, ["search"]),
        (["read", "search"], ["search", "read"]),
        ({"tool_names": ["search"]}, ["search"]),
        ({"read_only": True}, ["search"]),
    ],
)
def test_tools_of_an_mcp_server_are_listed_once(allowed: Any, listed: list[str]) -> None:
    tool = {**FREE_MCP, "allowed_tools": allowed}
    with Server() as server:
        server.call_mcp("docs", "search").call_mcp("docs", "search").reply("Done.")
        response = created(server, tools=[tool])
        server.call_mcp("docs", "search").reply("Again.")
        later = created(server, tools=[tool], previous_response_id=response["id"])
    assert types_of(response) == ["mcp_list_tools", "mcp_call", "mcp_call", "message"]
    assert [each["name"] for each in response["output"][0]["tools"]] == listed
    assert types_of(later) == ["mcp_call", "message"]


def test_shell_has_the_limits_of_the_script() -> None:
    (call,) = items_of("local shell of the client")
    assert isinstance(call, models.ShellCall)
    assert (call.action.commands, call.action.timeout_ms) == (["cd /", "ls -a"], 100)
    assert call.action.max_output_length == 9
    assert isinstance(call.environment, models.LocalEnvironment)


def test_shell_in_a_container_has_an_output_for_each_command() -> None:
    output = items_of("shell in a container")[1]
    assert isinstance(output, models.ShellCallOutput)
    assert [part.stdout for part in output.output] == ["", "etc\n"]
    with Server() as server:
        silent = created(server.run_shell(["a", "b"]), tools=[CONTAINER])["output"][1]
    assert [part["stdout"] for part in silent["output"]] == ["", ""]


def test_local_shell_has_the_settings_that_are_given() -> None:
    (call,) = items_of("local shell")
    assert isinstance(call, models.LocalShellCall)
    assert call.action.to_dict() == {
        "type": "exec",
        "command": ["ls", "-a"],
        "env": {"A": "1"},
        "working_directory": "/",
    }


def test_computer_has_actions_and_checks() -> None:
    (call,) = items_of("computer")
    assert isinstance(call, models.ComputerCall)
    assert [action.type for action in call.actions or ()] == ["move", "click"]
    assert [check.to_dict() for check in call.pending_safety_checks] == [CHECK]


def test_older_computer_tool_gets_its_one_action() -> None:
    tool = {
        "type": "computer_use_preview",
        "environment": "linux",
        "display_width": 800,
        "display_height": 600,
    }
    with Server() as server:
        (call,) = created(server.use_computer(), tools=[tool])["output"]
    assert call["action"] == {"type": "screenshot"}
    assert "actions" not in call


def test_tool_search_finds_the_tools_of_the_request_by_name() -> None:
    search, output, _ = items_of("tool search")
    assert isinstance(output, models.ToolSearchOutput)
    assert (search.execution, [tool.name for tool in output.tools]) == ("server", ["f"])
    with Server() as server:
        server.search_tools({"goal": "tea"})
        assert created(server, tools=[{"type": "tool_search"}])["output"][1]["tools"] == []
