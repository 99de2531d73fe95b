"""Request bodies that the embedded server refuses, with the status and the error body of the API."""

from __future__ import annotations

from typing import Any

import pytest
from server_calls import KEY, create, created, http

from responses_client.testing import Server

FUNCTION = {"type": "function", "name": "f"}
TEXT = {"type": "input_text", "text": "Hi"}
STORED = {
    "type": "message",
    "id": "msg_stored",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Hello", "annotations": [], "logprobs": []}],
}


def message(*content: Any, role: str = "user") -> dict[str, Any]:
    return {"input": [{"role": role, "content": [*content]}]}


def tool(**fields: Any) -> dict[str, Any]:
    return {"tools": [fields]}


# A part of a request, and the param and code that it is refused with.
REFUSED: dict[str, tuple[dict[str, Any], str | None, str | None]] = {
    "unknown parameter": ({"inptu": "Hi"}, "inptu", "unknown_parameter"),
    "no model": ({"model": None}, "model", "invalid_type"),
    "unknown nested parameter": (
        {"text": {"verbosity": "low", "size": 1}},
        "text.size",
        "unknown_parameter",
    ),
    "number for a string": ({"instructions": 1}, "instructions", "invalid_type"),
    "number for the input": ({"input": 1.5}, "input", "invalid_type"),
    "string for a number": ({"temperature": "hot"}, "temperature", "invalid_type"),
    "boolean for a number": ({"temperature": True}, "temperature", "invalid_type"),
    "decimal for an integer": ({"max_output_tokens": 16.5}, "max_output_tokens", "invalid_type"),
    "string for a boolean": ({"stream": "yes"}, "stream", "invalid_type"),
    "null for an array": ({"tools": None}, "tools", "invalid_type"),
    "array for an object": ({"text": []}, "text", "invalid_type"),
    "max_output_tokens too low": (
        {"max_output_tokens": 15},
        "max_output_tokens",
        "integer_below_min_value",
    ),
    "temperature too low": ({"temperature": -0.1}, "temperature", "decimal_below_min_value"),
    "temperature too high": ({"temperature": 2.1}, "temperature", "decimal_above_max_value"),
    "top_p too high": ({"top_p": 1.5}, "top_p", "decimal_above_max_value"),
    "top_logprobs too high": ({"top_logprobs": 21}, "top_logprobs", "integer_above_max_value"),
    "too many metadata": (
        {"metadata": {str(n): "" for n in range(17)}},
        "metadata",
        "object_above_max_properties",
    ),
    "metadata key too long": ({"metadata": {"k" * 65: ""}}, "metadata", "invalid_value"),
    "metadata value too long": ({"metadata": {"k": "v" * 513}}, "metadata.k", "string_above_max_length"),
    "metadata value of a wrong type": ({"metadata": {"k": 1}}, "metadata.k", "invalid_type"),
    "safety_identifier too long": (
        {"safety_identifier": "s" * 129},
        "safety_identifier",
        "string_above_max_length",
    ),
    "unknown value": ({"truncation": "yes"}, "truncation", "invalid_value"),
    "unknown include": ({"include": ["everything"]}, "include[0]", "invalid_value"),
    "unknown effort": ({"reasoning": {"effort": "some"}}, "reasoning.effort", "invalid_value"),
    "empty array": ({"context_management": []}, "context_management", "array_below_min_length"),
    "previous response and conversation": (
        {"previous_response_id": "resp_1", "conversation": "conv_1"},
        None,
        "mutually_exclusive_parameters",
    ),
    "stream options without stream": (
        {"stream_options": {"include_obfuscation": True}},
        "stream_options",
        None,
    ),
    "input item that is no object": ({"input": ["Hi"]}, "input[0]", "invalid_type"),
    "input item without a type": ({"input": [{"text": "Hi"}]}, "input[0]", "invalid_value"),
    "input item with a type of a wrong type": ({"input": [{"type": 1}]}, "input[0]", "invalid_value"),
    "unknown input item": ({"input": [{"type": "massage"}]}, "input[0]", "invalid_value"),
    "message without content": (
        {"input": [{"role": "user"}]},
        "input[0].content",
        "missing_required_parameter",
    ),
    "message of an unknown role": (
        {"input": [{"role": "bot", "content": "Hi"}]},
        "input[0]",
        "invalid_value",
    ),
    "message with a field of the client": (
        {"input": [{"role": "user", "content": "Hi", "parsed": {}}]},
        "input[0].parsed",
        "unknown_parameter",
    ),
    "content of a wrong type": (
        {"input": [{"role": "user", "content": 1}]},
        "input[0].content",
        "invalid_type",
    ),
    "output part of the user": (
        message({"type": "output_text", "text": "Hi"}),
        "input[0].content[0]",
        "invalid_value",
    ),
    "input part of the assistant": (
        message(TEXT, role="assistant"),
        "input[0].content[0]",
        "invalid_value",
    ),
    "text part without text": (
        message({"type": "input_text"}),
        "input[0].content[0].text",
        "missing_required_parameter",
    ),
    "image part without an image": (
        message({"type": "input_image", "detail": "auto"}),
        "input[0].content[0].image_url",
        "missing_required_parameter",
    ),
    "function call without a call id": (
        {"input": [{"type": "function_call", "name": "f", "arguments": "{}"}]},
        "input[0].call_id",
        "missing_required_parameter",
    ),
    "function call with an empty call id": (
        {"input": [{"type": "function_call", "name": "f", "arguments": "{}", "call_id": ""}]},
        "input[0].call_id",
        "string_below_min_length",
    ),
    "function output without a call id": (
        {"input": [{"type": "function_call_output", "output": "1"}]},
        "input[0].call_id",
        "missing_required_parameter",
    ),
    "unknown tool": (tool(type="hammer"), "tools[0].type", "invalid_value"),
    "tool without a type": (tool(name="f"), "tools[0].type", "missing_required_parameter"),
    "function without a name": (tool(type="function"), "tools[0].name", "missing_required_parameter"),
    "function with a name outside the pattern": (
        tool(type="function", name="get weather"),
        "tools[0].name",
        "invalid_value",
    ),
    "function in the form of the Chat API": (
        tool(type="function", function={"name": "f"}),
        "tools[0].function",
        "unknown_parameter",
    ),
    "tool in a namespace": (
        tool(type="namespace", name="n", description="d", tools=[{"type": "hammer"}]),
        "tools[0].tools[0].type",
        "invalid_value",
    ),
    "too many search results": (
        tool(type="file_search", vector_store_ids=["vs_1"], max_num_results=51),
        "tools[0].max_num_results",
        "integer_above_max_value",
    ),
    "unknown tool choice": ({"tool_choice": "always"}, "tool_choice", "invalid_value"),
    "tool choice of an unknown type": (
        {"tool_choice": {"type": "hammer"}},
        "tool_choice.type",
        "invalid_value",
    ),
    "required tool without tools": ({"tool_choice": "required"}, "tool_choice", None),
    "chosen tool that is not there": (
        {"tools": [FUNCTION], "tool_choice": {"type": "function", "name": "g"}},
        "tool_choice",
        None,
    ),
    "chosen hosted tool that is not there": (
        {"tools": [FUNCTION], "tool_choice": {"type": "code_interpreter"}},
        "tool_choice",
        None,
    ),
    "chosen server that is not there": (
        {
            "tools": [{"type": "mcp", "server_label": "a", "server_url": "https://example.com"}],
            "tool_choice": {"type": "mcp", "server_label": "b"},
        },
        "tool_choice",
        None,
    ),
    "text format without a schema": (
        {"text": {"format": {"type": "json_schema", "name": "n"}}},
        "text.format.schema",
        "missing_required_parameter",
    ),
    "schema without a finite value": (
        {"text": {"format": {"type": "json_schema", "name": "n", "schema": {"$ref": "#"}}}},
        "text.format.schema",
        "invalid_json_schema",
    ),
    "function schema without sense": (
        {"tools": [{**FUNCTION, "parameters": {"type": "object", "required": 1}}]},
        "tools",
        "invalid_json_schema",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_request_is_refused_with_param_and_code(case: str) -> None:
    part, param, code = REFUSED[case]
    with Server() as server:
        response = create(server, **part)
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert list(error) == ["message", "type", "param", "code"]


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"input": "Hi"}, "model", "missing_required_parameter"),
        ({"model": "m"}, "input", "missing_required_parameter"),
        ([], None, "invalid_type"),
    ],
)
def test_body_without_what_every_request_needs_is_refused(body: Any, param: str | None, code: str) -> None:
    with Server() as server, http(server) as client:
        response = client.post("/responses", json=body)
    assert response.status_code == 400
    assert (response.json()["error"]["param"], response.json()["error"]["code"]) == (param, code)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"x": 1}, "Unknown parameter: 'x'."),
        (
            {"temperature": 3},
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.",
        ),
        (
            {"truncation": "yes"},
            "Invalid value: 'yes'. Supported values are: 'auto' and 'disabled'.",
        ),
        (
            {"input": {}},
            "Invalid type for 'input': expected one of a string or an array, but got an object instead.",
        ),
        (
            {"input": [{"type": "additional_tools", "role": "user", "tools": []}]},
            "Invalid value: 'user'. Supported values are: 'developer'.",
        ),
    ],
)
def test_message_says_what_was_wrong_and_what_was_expected(part: dict[str, Any], message: str) -> None:
    with Server() as server:
        assert create(server, **part).json()["error"]["message"] == message


ACCEPTED: dict[str, dict[str, Any]] = {
    "nulls where they may be": {
        "temperature": None,
        "metadata": None,
        "reasoning": None,
        "store": None,
        "include": None,
    },
    "all bounds": {
        "temperature": 2,
        "top_p": 0,
        "top_logprobs": 20,
        "max_output_tokens": 16,
        "metadata": {"k" * 64: "v" * 512},
    },
    "messages of all roles": {
        "input": [
            {"role": "system", "content": "Be brief."},
            {"type": "message", "role": "developer", "content": [TEXT]},
            {"role": "user", "content": "Hi"},
            {
                "role": "assistant",
                "id": "msg_1",
                "status": "completed",
                "content": [
                    {"type": "output_text", "text": "Hello", "annotations": []},
                    {"type": "refusal", "refusal": "No."},
                ],
            },
        ]
    },
    "reference by its id": {"input": [{"id": "msg_stored"}]},
    "reference with a null type": {"input": [{"type": None, "id": "msg_stored"}]},
    "function output by name": {"input": [{"type": "function_call_output", "name": "f", "output": "1"}]},
    "reasoning without an id": {"input": [{"type": "reasoning", "summary": [], "encrypted_content": "x"}]},
    "prompt in place of model and input": {"model": "m", "prompt": {"id": "pmpt_1"}},
    "chosen function": {"tools": [FUNCTION], "tool_choice": {"type": "function", "name": "f"}},
    "chosen tool of a prompt": {"prompt": {"id": "pmpt_1"}, "tool_choice": {"type": "code_interpreter"}},
    "chosen tool of an item": {
        "input": [
            {"role": "user", "content": "Hi"},
            {"type": "additional_tools", "role": "developer", "tools": [{"type": "shell"}]},
        ],
        "tool_choice": {"type": "shell"},
    },
    "hosted choice": {"tools": [{"type": "shell"}], "tool_choice": {"type": "shell"}},
    "obfuscation of a stream": {"stream": True, "stream_options": {"include_obfuscation": False}},
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_request_is_accepted(case: str) -> None:
    with Server() as server:
        server.responses["resp_1"] = {"id": "resp_1", "output": [STORED]}
        assert create(server, **ACCEPTED[case]).status_code == 200


def test_output_is_accepted_as_input_again() -> None:
    body: dict[str, Any] = {
        "input": "What is new?",
        "tools": [{"type": "web_search"}, {"type": "file_search", "vector_store_ids": ["vs_1"]}],
        "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content", "file_search_call.results"],
    }
    with Server() as server:
        output = created(server, **body)["output"]
        assert create(server, input=[*output, {"role": "user", "content": "And?"}]).status_code == 200


@pytest.mark.parametrize("body", [b"{", b"", b"\xff", b'{"model": NaN}', b"[" * 200_000])
def test_body_that_is_not_json_is_refused(body: bytes) -> None:
    with Server() as server, http(server) as client:
        response = client.post("/responses", content=body, headers={"content-type": "application/json"})
        assert server.requests[0].json is None
    assert response.status_code == 400
    assert response.json()["error"]["param"] is None


@pytest.mark.parametrize("content_type", ["text/plain", None])
def test_body_of_another_content_type_is_refused(content_type: str | None) -> None:
    headers = {"content-type": content_type} if content_type else {}
    with Server() as server, http(server) as client:
        response = client.post("/responses", content=b"{}", headers=headers)
    assert response.status_code == 415
    assert response.json()["error"]["code"] == "unsupported_content_type"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, None),
        ({"authorization": "Bearer "}, None),
        ({"authorization": "Basic abc"}, None),
        ({"authorization": "Bearer invalid"}, "invalid_api_key"),
        ({"api-key": "invalid"}, "invalid_api_key"),
    ],
)
def test_request_without_a_good_key_is_refused(headers: dict[str, str], code: str | None) -> None:
    with Server() as server, http(server, headers=headers) as client:
        response = client.post("/responses", json={"model": "m", "input": "Hi"})
    assert response.status_code == 401
    assert response.json()["error"]["code"] == code


@pytest.mark.parametrize("headers", [KEY, {"api-key": "k"}, {"authorization": "bearer k"}])
def test_any_other_key_is_good(headers: dict[str, str]) -> None:
    with Server() as server, http(server, headers=headers) as client:
        assert client.post("/responses", json={"model": "m", "input": "Hi"}).status_code == 200


def test_checks_of_the_body_can_be_turned_off() -> None:
    odd = {"tools": 1, "include": 5, "metadata": "x", "reasoning": 3, "new_field": True, "input": 7}
    with Server(validate=False) as server:
        assert created(server, **odd)["status"] == "completed"


@pytest.mark.parametrize(
    ("choice", "name"),
    [
        ({"type": "web_search_preview"}, "web_search_preview"),
        ({"type": "custom", "name": "write_sql"}, "write_sql"),
        ({"type": "mcp", "server_label": "docs", "name": "search"}, "docs"),
    ],
)
def test_missing_choice_is_refused_by_its_name(choice: dict[str, str], name: str) -> None:
    with Server() as server:
        error = create(server, tools=[FUNCTION], tool_choice=choice).json()["error"]
    assert error["message"] == f"Tool choice '{name}' not found in 'tools' parameter."
