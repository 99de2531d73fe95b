"""The checks that the embedded server makes from the schema: it knows all that the models of the client know."""

from __future__ import annotations

from typing import Any

import pytest
from server_calls import create, created

from responses_client.models import Model
from responses_client.models import _unions as unions
from responses_client.models._base import OpenUnion, union_class
from responses_client.models.requests import ResponseCreateRequest
from responses_client.models.response import Response
from responses_client.testing import Server
from responses_client.testing._definitions import DEFINITIONS
from responses_client.testing._http_types import ApiError
from responses_client.testing._json_checks import Check
from responses_client.testing._schema_checks import CREATE, check_of, fields_of, types_of, values_of

# What requests may contain, by the name of the union that lists it.
UNIONS = ("InputItem", "Tool", "ToolChoiceObject", "TextFormat", "InputContentPart", "OutputContentPart")
# Fields of answers that the API refuses in requests.
REFUSED = {("InputItem", "reasoning"): {"status"}}


def wire_names(model: type[Model]) -> list[str]:
    return [field.serialization_alias or name for name, field in model.model_fields.items()]


def members(union: str) -> dict[str, type[Model]]:
    found: type[OpenUnion] = union_class(getattr(unions, union))
    return {tag: member for tag in found.members if (member := found.member(tag)) is not None}


def refusal(check: Check, value: Any) -> tuple[str | None, str | None]:
    """Return the code and the param that a value is refused with."""
    try:
        check(value, "it")
    except ApiError as error:
        return error.error["code"], error.error["param"]
    return None, None


MEMBERS = [(union, tag) for union in UNIONS for tag in members(union)]


@pytest.mark.parametrize(("union", "tag"), MEMBERS)
def test_server_knows_each_member_of_a_union_and_its_fields(union: str, tag: str) -> None:
    """The values are wrong on purpose: names that are not known are refused before them."""
    names = set(wire_names(members(union)[tag])) - REFUSED.get((union, tag), set())
    body: dict[str, Any] = {**dict.fromkeys(names, 1.5), "type": tag}
    if "role" in names:
        body["role"] = "developer" if tag == "additional_tools" else "assistant"
    check = check_of(union)
    assert refusal(check, {**body, "x_unknown": 1}) == ("unknown_parameter", "it.x_unknown")
    code, param = refusal(check, body)
    assert code != "unknown_parameter"
    assert param != "it.type"


def test_server_knows_all_types_that_the_client_knows() -> None:
    for union in UNIONS:
        assert types_of(union).keys() == members(union).keys()


def test_server_knows_each_field_of_a_request() -> None:
    body = dict.fromkeys(wire_names(ResponseCreateRequest), 1.5)
    assert refusal(check_of(CREATE), body)[0] == "invalid_type"


def test_response_shows_the_fields_of_its_request_that_responses_have() -> None:
    values: dict[str, Any] = {
        "access_programs": {"cyber": "standard"},
        "image": {"context_compression": "auto"},
        "moderation": {"model": "omni-moderation-latest"},
        "prompt": {"id": "pmpt_1"},
        "prompt_cache_options": {"ttl": "30m"},
        "prompt_cache_retention": "24h",
    }
    with Server() as server:
        before = created(server).keys()
        response = created(server, **values)
        absent = {*fields_of(CREATE)} & {*wire_names(Response)} - {"input", "conversation"} - before
        assert absent == values.keys()
        assert {name: response[name] for name in values} == values


def test_every_definition_makes_a_check() -> None:
    assert {name for name in DEFINITIONS if refusal(check_of(name), 1.5) == (None, None)} == set()


def test_values_are_those_of_the_schema() -> None:
    assert "reasoning.encrypted_content" in values_of(CREATE, "include")
    assert values_of("WebhookTestRequest", "event_type") == values_of("WebhookCreateRequest", "event_types")
    assert "commentary" in values_of("InputMessage", "phase")


# --- where the API differs from its schema


@pytest.mark.parametrize(
    "part",
    [
        {"user": None},
        {"top_logprobs": None},
        {"text": None},
        {"prompt_cache_options": None},
        {"frequency_penalty": None, "presence_penalty": None},
        {"max_tool_calls": None, "safety_identifier": None, "prompt_cache_key": None, "prompt": None},
        {
            "tools": [
                {"type": "function", "name": "f", "description": None, "parameters": None, "strict": None}
            ]
        },
        {"input": [{"role": "user", "content": "Hi", "id": None, "status": None, "type": None}]},
        {"input": [{"role": "assistant", "content": "Hi", "phase": None}]},
        {"input": [{"type": "reasoning", "summary": [], "content": None, "encrypted_content": None}]},
    ],
)
def test_null_is_accepted_for_defaults(part: dict[str, Any]) -> None:
    with Server() as server:
        created(server, **part)


@pytest.mark.parametrize(
    ("part", "param", "code"),
    [
        ({"input": None}, "input", "invalid_type"),
        ({"tool_choice": None}, "tool_choice", "invalid_type"),
        ({"metadata": {"k": None}}, "metadata.k", "invalid_type"),
        ({"reasoning": {"mode": None}}, "reasoning.mode", "invalid_type"),
        (
            {"input": [{"type": "reasoning", "summary": [], "status": None}]},
            "input[0].status",
            "unknown_parameter",
        ),
        (
            {"input": [{"type": "reasoning", "summary": None}]},
            "input[0].summary",
            "invalid_type",
        ),
        ({"input": [{"type": "reasoning"}]}, "input[0].summary", "missing_required_parameter"),
        (
            {"input": [{"role": "user", "content": "Hi", "phase": "commentary"}]},
            "input[0].phase",
            "unknown_parameter",
        ),
        ({"input": [{"type": "message", "content": "Hi"}]}, "input[0].role", "missing_required_parameter"),
        ({"input": [{"role": 1, "content": "Hi"}]}, "input[0]", "invalid_value"),
        (
            {"input": [{"role": "user", "content": [{"type": "x"}]}]},
            "input[0].content[0].type",
            "invalid_value",
        ),
        ({"max_tool_calls": 0}, "max_tool_calls", "integer_below_min_value"),
        ({"presence_penalty": "x"}, "presence_penalty", "invalid_type"),
        ({"frequency_penalty": 3}, "frequency_penalty", "decimal_above_max_value"),
        (
            {"tools": [{"type": "mcp", "server_label": "s", "require_approval": "often"}]},
            "tools[0].require_approval",
            "invalid_value",
        ),
        (
            {"tools": [{"type": "shell", "environment": {}}]},
            "tools[0].environment.type",
            "missing_required_parameter",
        ),
        (
            {"tools": [{"type": "namespace", "name": "n", "description": "d", "tools": []}]},
            "tools[0].tools",
            "array_below_min_length",
        ),
    ],
)
def test_request_that_the_api_refuses_is_refused(part: dict[str, Any], param: str, code: str) -> None:
    with Server() as server:
        response = create(server, **part)
    assert response.status_code == 400, response.text
    error = response.json()["error"]
    assert (error["param"], error["code"]) == (param, code)


def test_penalties_are_shown_as_they_were_asked_for() -> None:
    with Server() as server:
        response = created(server, presence_penalty=0.5)
    assert (response["presence_penalty"], response["frequency_penalty"]) == (0.5, 0.0)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (
            {"temperature": "hot"},
            "Invalid type for 'temperature': expected a decimal, but got a string instead.",
        ),
        (
            {"tool_choice": "always"},
            "Invalid value: 'always'. Supported values are: 'none', 'auto', and 'required'.",
        ),
        (
            {"input": [{}]},
            "Invalid value: ''. Supported values are: 'assistant', 'system', 'developer', and 'user'.",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "output_text", "text": "Hi"}]}]},
            "Invalid value: 'output_text'. Supported values are: 'input_text', 'input_image', and 'input_file'.",
        ),
    ],
)
def test_message_is_in_the_words_of_the_api(part: dict[str, Any], message: str) -> None:
    with Server() as server:
        assert create(server, **part).json()["error"]["message"] == message
