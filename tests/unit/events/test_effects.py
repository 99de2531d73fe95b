"""The effect of each event on an empty snapshot: a table by hand, beside the one from the schema."""

from __future__ import annotations

from typing import Any

import pytest

from responses_client._events.accumulator import Accumulator
from responses_client.models import StreamEvent
from responses_client.models._base import OpenUnion, union_class
from responses_client.models._effects import EFFECTS

Wire = dict[str, Any]
UNION: type[OpenUnion] = union_class(StreamEvent)


def response(status: str) -> Wire:
    return {"id": "resp_1", "status": status}


def message(**part: Any) -> Wire:
    return {"type": "message", "role": "assistant", "status": "in_progress", "content": [part]}


def reasoning(field: str, **part: Any) -> Wire:
    return {"type": "reasoning", "status": "in_progress", field: [part]}


def item(kind: str, **fields: Any) -> Wire:
    return {"type": kind, "status": "in_progress", **fields}


TEXT = {"type": "output_text", "text": "Hi"}
SUMMARY = {"type": "summary_text", "text": "Hi"}
LINK = {"type": "url_citation", "url": "https://tea.example/"}
CALL = {"type": "function_call", "call_id": "call_1", "name": "boil", "arguments": "{}"}
OUTPUT = {"stdout": "a", "stderr": "b", "outcome": {"type": "exit", "exit_code": 0}}

OF_RESPONSES = ("created", "in_progress", "completed", "queued", "incomplete", "failed", "cancelled")

OF_ITEMS: dict[str, tuple[Wire, Wire]] = {
    "output_item.added": ({"item": CALL}, CALL),
    "output_item.done": ({"item": CALL}, CALL),
    "content_part.added": ({"part": TEXT}, message(**TEXT)),
    "content_part.done": ({"part": TEXT}, message(**TEXT)),
    "output_text.delta": ({"delta": "Hi"}, message(**TEXT)),
    "output_text.done": ({"text": "Hi"}, message(**TEXT)),
    "output_text.annotation.added": (
        {"annotation": LINK, "annotation_index": 0},
        message(type="output_text", text="", annotations=[LINK]),
    ),
    "refusal.delta": ({"delta": "No"}, message(type="refusal", refusal="No")),
    "refusal.done": ({"refusal": "No"}, message(type="refusal", refusal="No")),
    "reasoning_summary_part.added": ({"part": SUMMARY}, reasoning("summary", **SUMMARY)),
    "reasoning_summary_part.done": ({"part": SUMMARY}, reasoning("summary", **SUMMARY)),
    "reasoning_summary_text.delta": ({"delta": "Hi"}, reasoning("summary", **SUMMARY)),
    "reasoning_summary_text.done": ({"text": "Hi"}, reasoning("summary", **SUMMARY)),
    "reasoning_text.delta": ({"delta": "Hm"}, reasoning("content", type="reasoning_text", text="Hm")),
    "reasoning_text.done": ({"text": "Hm"}, reasoning("content", type="reasoning_text", text="Hm")),
    "reasoning.delta": ({"delta": "Hm"}, reasoning("content", type="reasoning_text", text="Hm")),
    "reasoning.done": ({"text": "Hm"}, reasoning("content", type="reasoning_text", text="Hm")),
    "function_call_arguments.delta": ({"delta": "{"}, item("function_call", arguments="{")),
    "function_call_arguments.done": ({"arguments": "{}"}, item("function_call", arguments="{}")),
    "custom_tool_call_input.delta": ({"delta": "tea"}, item("custom_tool_call", input="tea")),
    "custom_tool_call_input.done": ({"input": "tea"}, item("custom_tool_call", input="tea")),
    "mcp_call_arguments.delta": ({"delta": "{"}, item("mcp_call", arguments="{")),
    "mcp_call_arguments.done": ({"arguments": "{}"}, item("mcp_call", arguments="{}")),
    "code_interpreter_call_code.delta": ({"delta": "1+"}, item("code_interpreter_call", code="1+")),
    "code_interpreter_call_code.done": ({"code": "1+1"}, item("code_interpreter_call", code="1+1")),
    "web_search_call.in_progress": ({}, item("web_search_call")),
    "web_search_call.searching": ({}, item("web_search_call", status="searching")),
    "web_search_call.completed": ({}, item("web_search_call", status="completed")),
    "file_search_call.in_progress": ({}, item("file_search_call")),
    "file_search_call.searching": ({}, item("file_search_call", status="searching")),
    "file_search_call.completed": ({}, item("file_search_call", status="completed")),
    "code_interpreter_call.in_progress": ({}, item("code_interpreter_call")),
    "code_interpreter_call.interpreting": ({}, item("code_interpreter_call", status="interpreting")),
    "code_interpreter_call.completed": ({}, item("code_interpreter_call", status="completed")),
    "image_generation_call.in_progress": ({}, item("image_generation_call")),
    "image_generation_call.generating": ({}, item("image_generation_call", status="generating")),
    "image_generation_call.completed": ({}, item("image_generation_call", status="completed")),
    "mcp_call.in_progress": ({}, item("mcp_call")),
    "mcp_call.completed": ({}, item("mcp_call", status="completed")),
    "mcp_call.failed": ({}, item("mcp_call", status="failed")),
    "shell_call_command.added": (
        {"command": "ls", "command_index": 0},
        item("shell_call", action={"commands": ["ls"]}),
    ),
    "shell_call_command.delta": (
        {"delta": "ls", "command_index": 0},
        item("shell_call", action={"commands": ["ls"]}),
    ),
    "shell_call_command.done": (
        {"command": "ls", "command_index": 0},
        item("shell_call", action={"commands": ["ls"]}),
    ),
    "shell_call_output_content.delta": (
        {"delta": {"stdout": "a"}, "command_index": 0},
        item("shell_call_output", output=[{"stdout": "a"}]),
    ),
    "shell_call_output_content.done": (
        {"output": [OUTPUT], "command_index": 0},
        item("shell_call_output", output=[OUTPUT]),
    ),
    "apply_patch_call_operation_diff.delta": (
        {"delta": "+tea"},
        item("apply_patch_call", operation={"diff": "+tea"}),
    ),
    "apply_patch_call_operation_diff.done": (
        {"diff": "+tea"},
        item("apply_patch_call", operation={"diff": "+tea"}),
    ),
}


def snapshot_of(kind: str, fields: Wire) -> Wire:
    model = UNION.member(f"response.{kind}")
    assert model is not None
    accumulator = Accumulator()
    accumulator.extend([model.from_dict({"type": f"response.{kind}", **fields}, strict=True)])
    found = accumulator.snapshot()
    assert found is not None
    return found.to_dict()


@pytest.mark.parametrize("kind", OF_RESPONSES)
def test_response_of_an_event_is_the_snapshot(kind: str) -> None:
    assert snapshot_of(kind, {"response": response(kind)}) == response(kind)


@pytest.mark.parametrize(("kind", "fields", "expected"), [(k, *v) for k, v in OF_ITEMS.items()], ids=OF_ITEMS)
def test_event_alone_makes_the_item_that_it_is_about(kind: str, fields: Wire, expected: Wire) -> None:
    indexes = {"output_index": 0, "content_index": 0, "summary_index": 0}
    assert snapshot_of(kind, {**indexes, **fields})["output"] == [expected]


def test_table_has_every_effect_of_the_schema() -> None:
    assert {f"response.{kind}" for kind in (*OF_RESPONSES, *OF_ITEMS)} == EFFECTS.keys()
