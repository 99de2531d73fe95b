"""The events that the embedded server streams for output items of each kind."""

from __future__ import annotations

from typing import Any

import pytest
from server_calls import streamed, types_of

from responses_client.models._base import union_class
from responses_client.models._unions import StreamEvent
from responses_client.testing import Server
from responses_client.testing._stream_events import stream_events


def item_events(item: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the events of an item: those between the opening and the terminal event."""
    with Server() as server:
        server.reply_items([item])
        found = streamed(server)
    assert [event["type"] for event in found[:2]] == ["response.created", "response.in_progress"]
    assert found[-1]["type"] == "response.completed"
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    assert all(event["output_index"] == 0 for event in found[2:-1])
    return found[2:-1]


def short_types(found: list[dict[str, Any]]) -> list[str]:
    """Types without their prefix, runs of deltas as one."""
    types: list[str] = []
    for event in found:
        name = event["type"].removeprefix("response.")
        if not (types and types[-1] == name and name.endswith(".delta")):
            types.append(name)
    return types


ITEMS: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "message": (
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "content": [
                {
                    "type": "output_text",
                    "text": "A b.",
                    "annotations": [{"type": "file_path"}],
                    "logprobs": [],
                },
                {"type": "refusal", "refusal": "No."},
                {"type": "hologram", "light": 1},
            ],
        },
        {"type": "message", "id": "msg_1", "status": "in_progress", "role": "assistant", "content": []},
        [
            "content_part.added",
            "output_text.delta",
            "output_text.annotation.added",
            "output_text.done",
            "content_part.done",
            "content_part.added",
            "refusal.delta",
            "refusal.done",
            "content_part.done",
            "content_part.added",
            "content_part.done",
        ],
    ),
    "reasoning": (
        {
            "type": "reasoning",
            "id": "rs_1",
            "encrypted_content": "x",
            "summary": [{"type": "summary_text", "text": "So so"}],
            "content": [{"type": "reasoning_text", "text": "Hm hm"}],
        },
        {"type": "reasoning", "id": "rs_1", "encrypted_content": "x", "summary": [], "content": []},
        [
            "reasoning_summary_part.added",
            "reasoning_summary_text.delta",
            "reasoning_summary_text.done",
            "reasoning_summary_part.done",
            "content_part.added",
            "reasoning_text.delta",
            "reasoning_text.done",
            "content_part.done",
        ],
    ),
    "function call": (
        {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": '{"a":1}'},
        {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": ""},
        ["function_call_arguments.delta", "function_call_arguments.done"],
    ),
    "function call without arguments": (
        {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": ""},
        {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": ""},
        ["function_call_arguments.done"],
    ),
    "custom tool call": (
        {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c", "name": "f", "input": "SELECT 1"},
        {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c", "name": "f", "input": ""},
        ["custom_tool_call_input.delta", "custom_tool_call_input.done"],
    ),
    "web search": (
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}},
        {"type": "web_search_call", "id": "ws_1", "status": "in_progress"},
        ["web_search_call.in_progress", "web_search_call.searching", "web_search_call.completed"],
    ),
    "file search": (
        {"type": "file_search_call", "id": "fs_1", "status": "completed", "queries": ["q"], "results": [{}]},
        {"type": "file_search_call", "id": "fs_1", "status": "in_progress", "queries": [], "results": None},
        ["file_search_call.in_progress", "file_search_call.searching", "file_search_call.completed"],
    ),
    "image": (
        {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "aGk="},
        {"type": "image_generation_call", "id": "ig_1", "status": "in_progress"},
        [
            "image_generation_call.in_progress",
            "image_generation_call.generating",
            "image_generation_call.completed",
        ],
    ),
    "code": (
        {"type": "code_interpreter_call", "id": "ci_1", "container_id": "c", "code": "1 + 1", "outputs": []},
        {"type": "code_interpreter_call", "id": "ci_1", "container_id": "c", "code": "", "outputs": []},
        [
            "code_interpreter_call.in_progress",
            "code_interpreter_call_code.delta",
            "code_interpreter_call_code.done",
            "code_interpreter_call.interpreting",
            "code_interpreter_call.completed",
        ],
    ),
    "MCP tools": (
        {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "s", "tools": [{}], "error": None},
        {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "s", "tools": [], "error": None},
        ["mcp_list_tools.in_progress", "mcp_list_tools.completed"],
    ),
    "MCP call that failed": (
        {"type": "mcp_call", "id": "mcp_1", "name": "f", "arguments": "{}", "status": "failed"},
        {"type": "mcp_call", "id": "mcp_1", "name": "f", "arguments": "", "status": "in_progress"},
        ["mcp_call.in_progress", "mcp_call_arguments.delta", "mcp_call_arguments.done", "mcp_call.failed"],
    ),
    "shell": (
        {"type": "shell_call", "id": "sh_1", "action": {"commands": ["ls -a"], "timeout_ms": None}},
        {"type": "shell_call", "id": "sh_1", "action": {"commands": [], "timeout_ms": None}},
        ["shell_call_command.added", "shell_call_command.delta", "shell_call_command.done"],
    ),
    "shell output": (
        {
            "type": "shell_call_output",
            "id": "sho_1",
            "status": "completed",
            "output": [{"stdout": "", "stderr": ""}, {"stdout": "a", "stderr": "b"}],
        },
        {"type": "shell_call_output", "id": "sho_1", "status": "completed", "output": []},
        ["shell_call_output_content.delta", "shell_call_output_content.done"],
    ),
    "local shell": (
        {"type": "local_shell_call", "id": "lsh_1", "action": {"command": ["ls"], "env": {}}},
        {"type": "local_shell_call", "id": "lsh_1", "action": {"command": [], "env": {}}},
        [],
    ),
    "patch": (
        {
            "type": "apply_patch_call",
            "id": "apc_1",
            "operation": {"type": "create_file", "path": "a", "diff": "+b"},
        },
        {
            "type": "apply_patch_call",
            "id": "apc_1",
            "operation": {"type": "create_file", "path": "a", "diff": ""},
        },
        ["apply_patch_call_operation_diff.delta", "apply_patch_call_operation_diff.done"],
    ),
    "patch that deletes": (
        {"type": "apply_patch_call", "id": "apc_1", "operation": {"type": "delete_file", "path": "a"}},
        {"type": "apply_patch_call", "id": "apc_1", "operation": {"type": "delete_file", "path": "a"}},
        [],
    ),
    "tool search": (
        {"type": "tool_search_call", "id": "tsc_1", "arguments": {"paths": ["a"]}},
        {"type": "tool_search_call", "id": "tsc_1", "arguments": {}},
        [],
    ),
    "compaction": (
        {"type": "compaction", "id": "cmp_1", "encrypted_content": "x"},
        {"type": "compaction", "id": "cmp_1", "encrypted_content": "x"},
        ["compaction.compacting"],
    ),
    "item of tomorrow": ({"type": "time_travel", "year": 2525}, {"type": "time_travel", "year": 2525}, []),
}


@pytest.mark.parametrize("case", ITEMS)
def test_item_is_added_bare_filled_step_by_step_and_done_whole(case: str) -> None:
    item, added, steps = ITEMS[case]
    first, *filling, last = item_events(item)
    assert (first["type"], first["item"]) == ("response.output_item.added", added)
    assert short_types(filling) == steps
    assert (last["type"], last["item"]) == ("response.output_item.done", item)


@pytest.mark.parametrize("case", ITEMS)
def test_deltas_joined_are_what_the_done_event_says(case: str) -> None:
    text = ""
    for event in item_events(ITEMS[case][0]):
        if event["type"].endswith(".delta"):
            text += event["delta"] if isinstance(event["delta"], str) else ""
        elif event["type"].endswith(".done") and text:
            assert text in event.values()
            text = ""


def test_steps_name_their_item_where_it_has_an_id() -> None:
    call = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"}
    assert {event["item_id"] for event in item_events(call)[1:-1]} == {"fc_1"}
    del call["id"]
    assert not any("item_id" in event for event in item_events(call))


def image_events(item: dict[str, Any], *tools: dict[str, Any]) -> list[dict[str, Any]]:
    with Server() as server:
        found = streamed(server.reply_items([item]), tools=[*tools])
    return [event for event in found if event["type"].startswith("response.image_generation_call")]


def test_image_has_the_previews_that_the_tool_asks_for() -> None:
    item = {**ITEMS["image"][0], "size": "1x1", "quality": "low"}
    found = image_events(item, {"type": "web_search"}, {"type": "image_generation", "partial_images": 2})
    assert short_types(found) == [
        "image_generation_call.in_progress",
        "image_generation_call.generating",
        "image_generation_call.partial_image",
        "image_generation_call.partial_image",
        "image_generation_call.completed",
    ]
    assert found[3] == {
        "type": "response.image_generation_call.partial_image",
        "output_index": 0,
        "item_id": "ig_1",
        "sequence_number": found[3]["sequence_number"],
        "partial_image_index": 1,
        "partial_image_b64": "aGk=",
        "size": "1x1",
        "quality": "low",
    }


def test_image_that_failed_has_no_previews() -> None:
    item = {"type": "image_generation_call", "id": "ig_1", "status": "failed", "result": None}
    found = image_events(item, {"type": "image_generation", "partial_images": 3})
    assert not any("partial_image_b64" in event for event in found)


def test_output_of_a_shell_comes_for_each_command_that_wrote_something() -> None:
    _, delta, done, _ = item_events(ITEMS["shell output"][0])
    assert (delta["command_index"], delta["delta"]) == (1, {"stdout": "a", "stderr": "b"})
    assert (done["command_index"], done["item_id"]) == (1, "sho_1")


def test_fields_that_are_null_are_null_from_the_start() -> None:
    item = {"type": "code_interpreter_call", "id": "ci_1", "container_id": "c", "code": "1", "outputs": None}
    assert item_events(item)[0]["item"]["outputs"] is None


def test_commands_of_a_shell_name_no_item() -> None:
    assert not any("item_id" in event for event in item_events(ITEMS["shell"][0]))


def test_text_comes_in_several_deltas_with_log_probabilities_of_none() -> None:
    with Server() as server:
        server.reply("One, two, three.")
        deltas = [event for event in streamed(server) if event["type"] == "response.output_text.delta"]
    assert [event["delta"] for event in deltas] == ["One", ",", " two", ",", " three", "."]
    assert all(event["logprobs"] == [] for event in deltas)


def test_obfuscation_pads_deltas_on_request() -> None:
    with Server() as server:
        found = streamed(server, stream_options={"include_obfuscation": True})
    sizes = {len(event["delta"] + event["obfuscation"]) % 16 for event in found if "delta" in event}
    assert sizes == {0}


def test_items_are_numbered_in_their_order() -> None:
    with Server() as server:
        found = streamed(
            server, tools=[{"type": "web_search"}, {"type": "file_search", "vector_store_ids": ["v"]}]
        )
    added = [
        (e["output_index"], e["item"]["type"]) for e in found if e["type"] == "response.output_item.added"
    ]
    assert added == list(enumerate(types_of(found[-1]["response"])))


def test_opening_events_show_a_response_without_output_or_usage() -> None:
    with Server() as server:
        opening = [event["response"] for event in streamed(server)[:2]]
    for response in opening:
        assert (response["status"], response["output"], response["usage"]) == ("in_progress", [], None)
        assert response["completed_at"] is None


def test_background_stream_is_queued_first() -> None:
    with Server() as server:
        found = streamed(server, background=True)
    assert [(event["type"], event["response"]["status"]) for event in found[:3]] == [
        ("response.created", "queued"),
        ("response.queued", "queued"),
        ("response.in_progress", "in_progress"),
    ]
    assert found[-1]["type"] == "response.completed"


@pytest.mark.parametrize(
    ("status", "last"),
    [
        ("failed", "response.failed"),
        ("incomplete", "response.incomplete"),
        ("cancelled", "response.cancelled"),
        ("in_progress", "response.in_progress"),
    ],
)
def test_stream_ends_as_the_response_does(status: str, last: str) -> None:
    with Server() as server:
        server.reply_response({"status": status})
        assert streamed(server)[-1]["type"] == last


# Events that no item of a finished response has: those of other servers.
NEVER_STREAMED = {
    "error",
    "keepalive",
    "ping",
    "response.audio.delta",
    "response.audio.done",
    "response.audio.transcript.delta",
    "response.audio.transcript.done",
    "response.keep_alive",
    "response.reasoning.delta",
    "response.reasoning.done",
}


def test_every_event_of_the_schema_is_streamed_or_known_to_be_never() -> None:
    items = [item for item, _, _ in ITEMS.values()]
    statuses = ("completed", "incomplete", "failed", "cancelled")
    tools = [{"type": "image_generation", "partial_images": 1}]
    responses: list[dict[str, Any]] = [
        {"id": "resp_1", "status": status, "output": items, "tools": tools} for status in statuses
    ]
    responses.append({"id": "resp_1", "status": "completed", "background": True, "output": items})
    # An MCP call that works and a list of tools that fails are the other halves of the items above.
    other_halves = [
        {"type": "mcp_call", "status": "completed", "arguments": "{}", "error": None},
        {"type": "mcp_list_tools", "tools": [], "error": "No answer."},
    ]
    responses.append({"id": "resp_1", "status": "completed", "output": other_halves})
    streamed_types = {event["type"] for response in responses for event in stream_events(response)}
    assert streamed_types.isdisjoint(NEVER_STREAMED)
    assert streamed_types | NEVER_STREAMED == union_class(StreamEvent).members.keys()
