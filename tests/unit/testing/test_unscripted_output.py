"""Unscripted output of the embedded server: texts, calls, searches, JSON, limits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from server_calls import KEY, created, http, streamed, text_of, types_of

from responses_client.testing import Server
from responses_client.testing._request_input import count_tokens, tokens

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather of a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}},
        "required": ["city", "unit"],
    },
}
MAIL = {"type": "function", "name": "send_mail", "description": "Send a mail to someone"}
SQL = {"type": "custom", "name": "write_sql"}
WEB = {"type": "web_search"}
FILES = {"type": "file_search", "vector_store_ids": ["vs_1"]}


def answered(**body: Any) -> dict[str, Any]:
    """The response of a fresh server."""
    with Server() as server:
        return created(server, **body)


def test_equal_requests_get_equal_responses_from_fresh_servers() -> None:
    assert answered(input="What is new?") == answered(input="What is new?")


def test_a_repeated_request_gets_the_same_words_under_new_ids() -> None:
    with Server() as server:
        first, second = created(server), created(server)
    assert text_of(first) == text_of(second)
    assert first["id"] != second["id"]
    assert first["output"][0]["id"] != second["output"][0]["id"]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Hello!", "Hello! How can I help you today?"),
        ("good morning", "Hello! How can I help you today?"),
        ("", "I am ready when you are."),
        ("Snow falls.", "You said: “Snow falls.”"),
        ("Is it late?", "You asked: “Is it late?”"),
        ("A story about the sleepy bear, please", "a little sleepy bear that could not"),
        ("Tell me a story", "a little fox that could not"),
        ("x" * 500, "x…”"),
    ],
)
def test_text_is_answered_in_a_sensible_way(text: str, answer: str) -> None:
    assert answer in text_of(answered(input=text))


def test_answer_names_what_is_attached() -> None:
    image = {"type": "input_image", "file_id": "file_1"}
    file = {"type": "input_file", "file_id": "file_2"}
    message = {"role": "user", "content": [image, image, file]}
    assert "2 images and 1 file." in text_of(answered(input=[message]))
    message["content"].append({"type": "input_text", "text": "What is this?"})
    assert "1 file with the question “What is this?”" in text_of(answered(input=[message]))


def test_answer_remembers_what_was_said_before() -> None:
    with Server() as server:
        first = created(server, input="I like tea.")
        second = created(server, input="I like jam.", previous_response_id=first["id"])
        third = created(server, input="I like it here.", previous_response_id=second["id"])
    assert "Before that you said: “I like jam.”" in text_of(third)
    assert second["previous_response_id"] == first["id"]
    assert third["usage"]["input_tokens"] > second["usage"]["input_tokens"]


def test_function_is_called_with_arguments_that_fit_its_schema() -> None:
    call = answered(input="How warm is it in Lisbon?", tools=[WEATHER])["output"][0]
    assert (call["type"], call["name"], call["status"]) == ("function_call", "get_weather", "completed")
    assert call["call_id"].startswith("call_")
    assert json.loads(call["arguments"]) == {"city": "Lisbon", "unit": "celsius"}


def test_function_without_parameters_is_called_without_arguments() -> None:
    assert answered(tools=[MAIL])["output"][0]["arguments"] == "{}"


@pytest.mark.parametrize(
    ("text", "choice", "called"),
    [
        ("How is the weather?", "auto", "get_weather"),
        ("Send a mail.", "auto", "send_mail"),
        ("Anything else", "auto", "get_weather"),
        ("How is the weather?", {"type": "function", "name": "send_mail"}, "send_mail"),
        (
            "How is the weather?",
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "send_mail"}]},
            "send_mail",
        ),
        ("Please write SQL.", "required", "write_sql"),
        ("Please write SQL.", "auto", "get_weather"),
        ("How is the weather?", {"type": "custom", "name": "write_sql"}, "write_sql"),
    ],
)
def test_the_tool_is_called_that_is_chosen_or_most_like_the_question(
    text: str, choice: Any, called: str
) -> None:
    response = answered(input=text, tools=[WEATHER, MAIL, SQL], tool_choice=choice)
    assert response["output"][0]["name"] == called


def test_custom_tool_gets_the_question_as_its_input() -> None:
    call = answered(input="All users", tools=[SQL], tool_choice="required")["output"][0]
    assert (call["type"], call["input"]) == ("custom_tool_call", "All users")


@pytest.mark.parametrize(
    ("tools", "choice"), [([WEATHER], "none"), ([SQL], "auto"), ([{"type": "shell"}], "auto")]
)
def test_no_tool_is_called_when_none_may_be_or_has_to_be(tools: list[Any], choice: str) -> None:
    assert types_of(answered(tools=tools, tool_choice=choice)) == ["message"]


def test_tool_outputs_are_used_in_the_answer() -> None:
    with Server() as server:
        call = created(server, input="How warm is it in Lisbon?", tools=[WEATHER])
        output = {
            "type": "function_call_output",
            "call_id": call["output"][0]["call_id"],
            "output": "21 degrees",
        }
        answer = created(server, input=[output], tools=[WEATHER], previous_response_id=call["id"])
        again = created(server, input="And in Oslo?", tools=[WEATHER], previous_response_id=answer["id"])
    assert text_of(answer) == "get_weather says: 21 degrees"
    assert types_of(again) == ["function_call"]


def test_tool_output_without_a_call_is_used_too() -> None:
    output = {
        "type": "function_call_output",
        "name": "The tool",
        "output": [{"type": "input_text", "text": "7"}],
    }
    assert text_of(answered(input=[output], tools=[WEATHER, WEB])) == "The tool says: 7"


def test_web_search_comes_with_citations_at_their_places() -> None:
    search, message = answered(input="What is new?", tools=[WEB])["output"]
    assert search["type"] == "web_search_call"
    assert search["action"] == {"type": "search", "query": "What is new?", "queries": ["What is new?"]}
    part = message["content"][0]
    cited = [part["text"][note["start_index"] : note["end_index"]] for note in part["annotations"]]
    assert [note["type"] for note in part["annotations"]] == ["url_citation", "url_citation"]
    assert all(sentence.endswith(".") and sentence[0].isupper() for sentence in cited)


def test_file_search_comes_with_citations() -> None:
    search, message = answered(input="Dragons", tools=[FILES])["output"]
    assert (search["type"], search["queries"], search["results"]) == ("file_search_call", ["Dragons"], None)
    notes = message["content"][0]["annotations"]
    assert [note["type"] for note in notes] == ["file_citation", "file_citation"]
    assert notes[-1]["index"] == len(message["content"][0]["text"])


def test_what_searches_found_is_shown_on_request() -> None:
    include = ["web_search_call.action.sources", "file_search_call.results"]
    web, file, _ = answered(tools=[WEB, FILES], include=include)["output"]
    assert [source["type"] for source in web["action"]["sources"]] == ["url", "url"]
    assert [result["filename"] for result in file["results"]] == ["notes.txt", "notes.txt"]


def test_a_chosen_search_is_the_only_one() -> None:
    response = answered(tools=[WEB, FILES, WEATHER], tool_choice={"type": "file_search"})
    assert types_of(response) == ["file_search_call", "message"]


def test_json_schema_is_answered_with_json_that_fits() -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    text = {"format": {"type": "json_schema", "name": "person", "schema": schema, "strict": True}}
    response = answered(input="My friend Ada is 36.", text=text)
    assert json.loads(text_of(response)) == {"name": "Ada", "age": 36}
    assert response["text"] == text


def test_json_object_is_answered_with_an_object() -> None:
    assert json.loads(text_of(answered(text={"format": {"type": "json_object"}})))["answer"]


@pytest.mark.parametrize(
    ("reasoning", "spent"),
    [(None, 0), ({}, 0), ({"effort": "none"}, 0), ({"effort": "high"}, 256), ({"summary": None}, 128)],
)
def test_reasoning_costs_tokens_but_shows_no_item(reasoning: Any, spent: int) -> None:
    response = answered(reasoning=reasoning)
    assert response["usage"]["output_tokens_details"] == {"reasoning_tokens": spent}
    assert response["usage"]["output_tokens"] == spent + count_tokens(text_of(response))
    assert types_of(response) == ["message"]


def test_reasoning_is_shown_on_request() -> None:
    response = answered(
        reasoning={"effort": "low", "summary": "auto"}, include=["reasoning.encrypted_content"]
    )
    reasoning, _ = response["output"]
    assert reasoning["type"] == "reasoning"
    assert reasoning["encrypted_content"].startswith("gAAAAA")
    assert reasoning["summary"][0]["type"] == "summary_text"


def test_only_the_asked_part_of_the_reasoning_is_shown() -> None:
    sealed = answered(reasoning={"effort": "low"}, include=["reasoning.encrypted_content"])["output"][0]
    open_ = answered(input="", reasoning={"generate_summary": "auto"})["output"][0]
    assert sealed["summary"] == []
    assert "encrypted_content" not in open_


def test_answer_over_the_limit_is_incomplete() -> None:
    response = answered(input="A long story", max_output_tokens=16)
    assert (response["status"], response["completed_at"]) == ("incomplete", None)
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}
    assert response["output"][0]["status"] == "incomplete"
    assert response["usage"]["output_tokens"] == 16
    assert len(tokens(text_of(response))) == 16


def test_answer_within_the_limit_is_complete() -> None:
    assert answered(input="Hello", max_output_tokens=16)["status"] == "completed"


def test_limit_that_reasoning_uses_up_leaves_no_message() -> None:
    response = answered(reasoning={"effort": "high"}, max_output_tokens=100)
    assert response["output"] == []
    assert response["usage"]["output_tokens_details"] == {"reasoning_tokens": 100}


def test_citations_beyond_the_limit_are_left_out() -> None:
    response = answered(input="What is new?", tools=[WEB], max_output_tokens=40)
    part = response["output"][-1]["content"][0]
    assert [note["end_index"] <= len(part["text"]) for note in part["annotations"]] == [True]


def test_incomplete_answer_streams_to_the_incomplete_event() -> None:
    with Server() as server:
        assert streamed(server, input="A story", max_output_tokens=16)[-1]["type"] == "response.incomplete"


def test_response_echoes_the_request() -> None:
    given = {
        "instructions": "Be brief.",
        "max_output_tokens": 1000,
        "metadata": {"k": "v"},
        "parallel_tool_calls": False,
        "service_tier": "flex",
        "temperature": 0.5,
        "top_p": 0.9,
        "truncation": "auto",
        "user": "u",
        "prompt_cache_key": "p",
        "safety_identifier": "s",
    }
    response = answered(**given, text={"verbosity": "low"}, reasoning={"effort": "low"})
    assert {name: response[name] for name in given} == given
    assert response["text"] == {"format": {"type": "text"}, "verbosity": "low"}
    assert response["reasoning"] == {"effort": "low", "summary": None}


def test_response_fills_in_the_defaults_of_tools() -> None:
    function, web, files, shell = answered(
        tools=[MAIL, WEB, FILES, {"type": "shell"}],
    )["tools"]
    assert (function["strict"], function["parameters"]) == (True, None)
    assert web["search_context_size"] == "medium"
    assert files["max_num_results"] == 20
    assert shell == {"type": "shell"}


def test_usage_counts_what_is_read() -> None:
    base = answered(input="one two three")["usage"]["input_tokens"]
    with_instructions = answered(input="one two three", instructions="four five")["usage"]["input_tokens"]
    image = {"role": "user", "content": [{"type": "input_image", "file_id": "file_1"}]}
    assert (base, with_instructions) == (3, 5)
    assert answered(input=[image])["usage"]["input_tokens"] == 256


@pytest.mark.parametrize("text", ["", " ", "a", " a  b ", "Hello, world!\n", "é ☃ “x”\n\n", "a_b-c"])
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(tokens(text)) == text


def test_lone_surrogate_in_a_request_comes_back_as_it_was() -> None:
    with Server() as server:
        body = b'{"model": "m", "input": "\\ud800 and \\u2603?"}'
        with http(server, headers={**KEY, "content-type": "application/json"}) as client:
            response = client.post("/responses", content=body)
    assert "\ud800 and ☃?" in text_of(json.loads(response.content))


# --- hosted tools

CODE = {"type": "code_interpreter", "container": {"type": "auto"}}
MCP = {"type": "mcp", "server_label": "docs", "server_url": "https://example.com/mcp"}
OPEN_MCP = {**MCP, "require_approval": "never", "allowed_tools": ["read"]}
CONTAINER = {"type": "shell", "environment": {"type": "container_auto"}}
PREVIEW = {"type": "computer_use_preview", "environment": "linux", "display_width": 8, "display_height": 6}


@pytest.mark.parametrize(
    ("tool", "choice", "types"),
    [
        (CODE, {"type": "code_interpreter"}, "code_interpreter_call message"),
        (CODE, "required", "code_interpreter_call message"),
        ({"type": "image_generation"}, {"type": "image_generation"}, "image_generation_call message"),
        (MCP, {"type": "mcp", "server_label": "docs"}, "mcp_list_tools mcp_approval_request"),
        (OPEN_MCP, {"type": "mcp", "server_label": "docs"}, "mcp_list_tools mcp_call message"),
        ({"type": "shell"}, {"type": "shell"}, "shell_call"),
        (CONTAINER, {"type": "shell"}, "shell_call shell_call_output message"),
        ({"type": "local_shell"}, "required", "local_shell_call"),
        ({"type": "apply_patch"}, {"type": "apply_patch"}, "apply_patch_call"),
        ({"type": "computer"}, {"type": "computer"}, "computer_call"),
        ({"type": "computer"}, {"type": "computer_use"}, "computer_call"),
        (PREVIEW, {"type": "computer_use_preview"}, "computer_call"),
        (
            CODE,
            {"type": "allowed_tools", "mode": "required", "tools": [CODE]},
            "code_interpreter_call message",
        ),
        (CODE, {"type": "allowed_tools", "mode": "auto", "tools": [CODE]}, "message"),
    ],
)
def test_hosted_tool_is_called_where_a_call_is_forced(tool: Any, choice: Any, types: str) -> None:
    response = answered(
        input="Hi", tools=[WEATHER, tool] if choice != "required" else [tool], tool_choice=choice
    )
    assert " ".join(types_of(response)) == types
    assert response == answered(
        input="Hi", tools=[WEATHER, tool] if choice != "required" else [tool], tool_choice=choice
    )


@pytest.mark.parametrize(
    ("tool", "choice", "name"),
    [
        (OPEN_MCP, {"type": "mcp", "server_label": "docs"}, "read"),
        (OPEN_MCP, {"type": "mcp", "server_label": "docs", "name": "find"}, "find"),
        ({**OPEN_MCP, "allowed_tools": {"tool_names": ["look"]}}, "required", "look"),
        ({**OPEN_MCP, "allowed_tools": None}, "required", "search"),
    ],
)
def test_call_of_an_mcp_server_is_of_the_chosen_or_the_first_tool(tool: Any, choice: Any, name: str) -> None:
    other = {**OPEN_MCP, "server_label": "other"}
    tools = [tool] if choice == "required" else [other, tool]
    call = answered(input="Tea?", tools=tools, tool_choice=choice)["output"][1]
    assert (call["server_label"], call["name"], call["arguments"]) == ("docs", name, '{"query":"Tea?"}')


def test_forced_call_is_made_once_for_a_question() -> None:
    forced: dict[str, Any] = {"tools": [{"type": "apply_patch"}], "tool_choice": {"type": "apply_patch"}}
    with Server() as server:
        first = created(server, **forced)
        output = {
            "type": "apply_patch_call_output",
            "call_id": first["output"][0]["call_id"],
            "status": "completed",
        }
        second = created(server, input=[output], previous_response_id=first["id"], **forced)
        third = created(server, input="Again", previous_response_id=second["id"], **forced)
    assert [types_of(each) for each in (first, second, third)] == [
        ["apply_patch_call"],
        ["message"],
        ["apply_patch_call"],
    ]


def test_forced_mcp_call_is_made_after_its_approval() -> None:
    with Server() as server:
        first = created(server, tools=[MCP], tool_choice="required")
        approval = {
            "type": "mcp_approval_response",
            "approval_request_id": first["output"][1]["id"],
            "approve": True,
        }
        second = created(server, tools=[MCP], input=[approval], previous_response_id=first["id"])
    assert types_of(second) == ["mcp_call", "message"]


def test_scripted_call_is_followed_by_an_unscripted_text_and_not_by_a_forced_call() -> None:
    with Server() as server:
        response = created(server.run_code("1"), tools=[CODE], tool_choice="required")
    assert types_of(response) == ["code_interpreter_call", "message"]
