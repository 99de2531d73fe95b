"""The content of requests and responses, in the JSON of OpenTelemetry's conventions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from responses_client._telemetry.genai_messages import request_content, response_content
from responses_client.models import Response


def asked(**fields: Any) -> dict[str, Any]:
    found = request_content(json.dumps(fields).encode())
    return {name: json.loads(str(text)) for name, text in found.items()}


def messages(*items: Any) -> Any:
    return asked(input=[*items]).get("gen_ai.input.messages")


def test_text_is_a_message_of_the_user() -> None:
    assert asked(input="Hi", instructions="Be brief.") == {
        "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}],
        "gen_ai.system_instructions": [{"type": "text", "content": "Be brief."}],
    }


def test_instructions_may_be_items() -> None:
    item = {"role": "developer", "content": [{"type": "input_text", "text": "Be brief."}]}

    assert asked(instructions=[item]) == {
        "gen_ai.system_instructions": [{"type": "text", "content": "Be brief."}]
    }


@pytest.mark.parametrize(
    "fields", [{}, {"input": None}, {"input": [], "tools": []}, {"input": 7, "tools": 7}]
)
def test_request_without_content_has_no_attributes(fields: dict[str, Any]) -> None:
    assert asked(**fields) == {}


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "input_text", "text": "Hi"}, {"type": "text", "content": "Hi"}),
        ({"type": "output_text", "text": "Hi"}, {"type": "text", "content": "Hi"}),
        ({"type": "refusal", "refusal": "No."}, {"type": "refusal", "content": "No."}),
        (
            {"type": "input_image", "image_url": "https://a.test/cat.png"},
            {"type": "uri", "modality": "image", "uri": "https://a.test/cat.png"},
        ),
        (
            {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
            {"type": "blob", "modality": "image", "content": ""},
        ),
        (
            {"type": "input_file", "file_id": "file_1"},
            {"type": "file", "modality": "document", "file_id": "file_1"},
        ),
        (
            {"type": "input_file", "file_url": "https://a.test/a.pdf"},
            {"type": "uri", "modality": "document", "uri": "https://a.test/a.pdf"},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA"}},
            {"type": "blob", "modality": "audio", "content": ""},
        ),
        ({"type": "input_smell", "smell": "AAAA"}, {"type": "input_smell"}),
    ],
)
def test_parts_of_messages_keep_words_and_places_but_no_data(part: dict[str, Any], expected: Any) -> None:
    assert messages({"role": "user", "content": [part]}) == [{"role": "user", "parts": [expected]}]


@pytest.mark.parametrize(
    ("item", "role", "parts"),
    [
        (
            {"type": "message", "role": "assistant", "content": "Hello"},
            "assistant",
            [{"type": "text", "content": "Hello"}],
        ),
        (
            {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": '{"a": 1}'},
            "assistant",
            [{"type": "tool_call", "id": "call_1", "name": "f", "arguments": {"a": 1}}],
        ),
        (
            {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": '{"a'},
            "assistant",
            [{"type": "tool_call", "id": "call_1", "name": "f", "arguments": '{"a'}],
        ),
        (
            {"type": "function_call", "call_id": "call_1", "name": "f"},
            "assistant",
            [{"type": "tool_call", "id": "call_1", "name": "f", "arguments": None}],
        ),
        (
            {"type": "custom_tool_call", "call_id": "call_1", "name": "sql", "input": "1"},
            "assistant",
            [{"type": "tool_call", "id": "call_1", "name": "sql", "arguments": "1"}],
        ),
        (
            {"type": "function_call_output", "call_id": "call_1", "output": "2"},
            "tool",
            [{"type": "tool_call_response", "id": "call_1", "response": "2"}],
        ),
        (
            {
                "type": "reasoning",
                "id": "rs_1",
                "encrypted_content": "AAAA",
                "summary": [{"type": "summary_text", "text": "Well"}],
                "content": [{"type": "reasoning_text", "text": "So"}],
            },
            "assistant",
            [{"type": "reasoning", "content": "Well"}, {"type": "reasoning", "content": "So"}],
        ),
        (
            {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "AAAA"},
            "assistant",
            [{"type": "image_generation_call", "id": "ig_1", "status": "completed"}],
        ),
    ],
)
def test_items_are_messages(item: dict[str, Any], role: str, parts: list[Any]) -> None:
    assert messages(item) == [{"role": role, "parts": parts}]


def test_definitions_of_tools_are_without_keys() -> None:
    parameters = {"type": "object", "properties": {}}
    tools = [
        {"type": "function", "name": "f", "description": "Does.", "parameters": parameters, "strict": True},
        {"type": "mcp", "server_label": "wiki", "authorization": "hunter2", "headers": {"X": "hunter2"}},
        {"type": "web_search"},
    ]

    assert asked(tools=tools)["gen_ai.tool.definitions"] == [
        {"type": "function", "name": "f", "description": "Does.", "parameters": parameters},
        {"type": "mcp", "name": "wiki"},
        {"type": "web_search", "name": "web_search"},
    ]


@pytest.mark.parametrize("content", [b"\xff", b"[1]", b'"text"'])
def test_body_that_is_not_a_json_object_has_no_attributes(content: bytes) -> None:
    assert request_content(content) == {}


def test_output_is_one_message() -> None:
    response = Response.from_dict(
        {
            "id": "resp_1",
            "status": "completed",
            "output": [
                {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Well"}]},
                {
                    "type": "message",
                    "id": "msg_1",
                    "role": "assistant",
                    "status": "completed",
                    "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
                },
            ],
        }
    )
    parts = [{"type": "reasoning", "content": "Well"}, {"type": "text", "content": "Hello"}]

    (name, text), *rest = response_content(response).items()
    assert (name, rest) == ("gen_ai.output.messages", [])
    assert json.loads(str(text)) == [{"role": "assistant", "parts": parts, "finish_reason": "stop"}]

    response.status = "in_progress"
    assert json.loads(str(response_content(response)[name])) == [{"role": "assistant", "parts": parts}]


@pytest.mark.parametrize("response", [None, {}, Response.from_dict({"id": "resp_1", "status": "failed"})])
def test_response_without_output_has_no_attributes(response: object) -> None:
    assert response_content(response) == {}
