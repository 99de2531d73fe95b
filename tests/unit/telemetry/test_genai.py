"""The facts of a call under the names of OpenTelemetry's conventions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, cast

import pytest
from samples import KEY, response

import responses_client
from responses_client import StreamInterrupted
from responses_client._calls.endpoints import CONVERSATIONS_RETRIEVE, RESPONSES_CREATE, RESPONSES_RETRIEVE
from responses_client._calls.operation import Operation
from responses_client._calls.request import Call, prepare
from responses_client._calls.settings import Settings
from responses_client._telemetry.genai import (
    call_attributes,
    failure_info,
    field,
    finish_reason,
    generates,
    metric_attributes,
    response_attributes,
    token_counts,
)
from responses_client.errors import RateLimitError
from responses_client.models import Conversation, InputTokenCount, Response, TextConfig

PARAMS: dict[str, Any] = {
    "model": "gpt-5.4",
    "input": "Hi",
    "temperature": 0.5,
    "top_p": 1,
    "max_output_tokens": 100,
    "service_tier": "flex",
    "conversation": "conv_1",
    "text": {"format": {"type": "json_object"}},
    "stream": True,
    "extra_body": {"frequency_penalty": 0.1, "presence_penalty": True},
}
USAGE = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 30,
}


def prepared(
    params: dict[str, Any] | None = None,
    operation: Any = RESPONSES_CREATE,
    path: tuple[str, ...] = (),
    base_url: str = "https://api.openai.com/v1",
) -> Call[Any]:
    settings = Settings(api_key=KEY, base_url=base_url)
    return prepare(cast("Operation[Any]", operation), params or {}, settings, path)


def attributes(params: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    return call_attributes(prepared(params, **options), None)[1]


def test_names_are_those_of_the_conventions() -> None:
    names = [
        "_incubating.attributes.gen_ai_attributes",
        "_incubating.attributes.openai_attributes",
        "_incubating.metrics.gen_ai_metrics",
        "attributes.error_attributes",
        "attributes.http_attributes",
        "attributes.server_attributes",
    ]
    modules = [pytest.importorskip(f"opentelemetry.semconv.{name}") for name in names]
    known = {value for module in modules for value in vars(module).values() if isinstance(value, str)}
    folder = Path(responses_client.__file__).parent / "_telemetry"
    source = "".join(path.read_text() for path in folder.glob("*.py"))
    made = {*attributes(PARAMS), *response_attributes(Response.from_dict(response(usage=USAGE)), "openai")}
    used = made | set(re.findall(r'"((?:gen_ai|openai|error|http|server)\.[a-z_.]*[a-z])"', source))

    assert len(used) > 20
    assert used <= known


def test_attributes_of_a_request_are_its_parameters() -> None:
    assert call_attributes(prepared(PARAMS), None) == (
        "chat gpt-5.4",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-5.4",
            "gen_ai.request.temperature": 0.5,
            "gen_ai.request.top_p": 1,
            "gen_ai.request.max_tokens": 100,
            "gen_ai.request.frequency_penalty": 0.1,
            "gen_ai.request.stream": True,
            "gen_ai.output.type": "json",
            "gen_ai.conversation.id": "conv_1",
            "openai.api.type": "responses",
            "openai.request.service_tier": "flex",
            "server.address": "api.openai.com",
            "server.port": 443,
        },
    )


def test_request_with_few_parameters_has_few_attributes() -> None:
    params = {"prompt": {"id": "pmpt_1"}, "input": "Hi", "service_tier": "auto", "temperature": None}

    assert call_attributes(prepared(params), None) == (
        "chat",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "openai.api.type": "responses",
            "server.address": "api.openai.com",
            "server.port": 443,
        },
    )


def test_models_are_looked_into_like_dicts() -> None:
    text = TextConfig.from_dict({"format": {"type": "text"}})
    found = attributes({"model": "m", "input": "Hi", "text": text, "conversation": {"id": "conv_1"}})

    assert (found["gen_ai.output.type"], found["gen_ai.conversation.id"]) == ("text", "conv_1")


@pytest.mark.parametrize(
    ("base_url", "provider", "port"),
    [
        ("https://api.openai.com/v1", "openai", 443),
        ("https://us.openai.azure.com/openai/v1", "azure.ai.openai", 443),
        ("https://api.groq.com/openai/v1", "groq", 443),
        ("http://localhost/v1", "openai", 80),
        ("http://[::1]:8080/v1", "openai", 8080),
    ],
)
def test_provider_and_server_follow_from_the_address(base_url: str, provider: str, port: int) -> None:
    found = attributes({"model": "m", "input": "Hi"}, base_url=base_url)

    assert (found["gen_ai.provider.name"], found["server.port"]) == (provider, port)
    assert ("openai.api.type" in found) == (provider in ("openai", "azure.ai.openai"))


def test_given_provider_wins() -> None:
    call = prepared({"model": "m", "input": "Hi"})

    assert call_attributes(call, "vllm")[1]["gen_ai.provider.name"] == "vllm"


def test_other_operations_have_their_names_and_ids() -> None:
    retrieve = prepared(operation=RESPONSES_RETRIEVE, path=("resp_1",))
    conversation = prepared(operation=CONVERSATIONS_RETRIEVE, path=("conv_1",))

    assert call_attributes(retrieve, None)[0] == "responses.retrieve"
    assert call_attributes(retrieve, None)[1]["gen_ai.response.id"] == "resp_1"
    assert call_attributes(conversation, None)[0] == "conversations.retrieve"
    assert call_attributes(conversation, None)[1]["gen_ai.conversation.id"] == "conv_1"
    assert (generates(prepared({"model": "m", "input": "Hi"})), generates(retrieve)) == (True, False)


def test_attributes_of_a_response_are_its_fields() -> None:
    whole = Response.from_dict(
        response(usage=USAGE, service_tier="default", conversation={"id": "conv_1"}, model="gpt-5.4-2026")
    )
    found = response_attributes(whole, "openai")

    assert found == {
        "gen_ai.response.id": "resp_1",
        "gen_ai.response.model": "gpt-5.4-2026",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.conversation.id": "conv_1",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.cache_creation.input_tokens": 3,
        "gen_ai.usage.reasoning.output_tokens": 5,
        "openai.response.service_tier": "default",
    }
    assert token_counts(found) == {"input": 10, "output": 20}
    assert "openai.response.service_tier" not in response_attributes(whole, "groq")


def test_counts_that_did_not_come_are_missing_and_not_zero() -> None:
    wire = {"usage": {"input_tokens": 3.0, "output_tokens": None, "output_tokens_details": None}}
    assert response_attributes(Response.from_dict(wire), "openai") == {"gen_ai.usage.input_tokens": 3}


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (None, {}),
        (Response.from_dict({"id": "resp_1"}), {"gen_ai.response.id": "resp_1"}),
        (Response.from_dict({"usage": {"input_tokens": "many"}}), {}),
        (InputTokenCount(input_tokens=3), {}),
        (Conversation(id="conv_1"), {"gen_ai.conversation.id": "conv_1"}),
    ],
)
def test_results_have_attributes_of_the_fields_they_have(result: Any, expected: dict[str, Any]) -> None:
    assert response_attributes(result, "openai") == expected
    assert token_counts(expected) == {}


CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": "completed"}, "stop"),
        ({"status": "completed", "output": [CALL]}, "tool_calls"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter"),
        ({"status": "incomplete"}, "incomplete"),
        ({"status": "failed"}, "error"),
        ({"status": "cancelled"}, "cancelled"),
        ({"status": "in_progress"}, None),
        ({}, None),
    ],
)
def test_reason_to_stop_follows_from_the_status(fields: dict[str, Any], reason: str | None) -> None:
    assert finish_reason(Response.from_dict({"id": "resp_1", **fields})) == reason


def test_output_that_is_no_list_has_no_calls() -> None:
    assert finish_reason({"status": "completed", "output": 7}) == "stop"


LIMITED = RateLimitError("the plan", status_code=429, code="rate_limit_exceeded")


@pytest.mark.parametrize(
    ("error", "result", "expected"),
    [
        (None, None, None),
        (None, response(), None),
        (LIMITED, None, ("RateLimitError", "RateLimitError 429 rate_limit_exceeded")),
        (
            RateLimitError("the plan", status_code=429, code="the plan!"),
            None,
            ("RateLimitError", "RateLimitError 429"),
        ),
        (StreamInterrupted("the plan"), response("failed"), ("StreamInterrupted", "StreamInterrupted")),
        (KeyboardInterrupt(), None, ("KeyboardInterrupt", "KeyboardInterrupt")),
        (None, response("failed"), ("failed", "The response failed: failed")),
        (
            None,
            response("failed", error={"code": "server_error", "message": "the plan"}),
            ("server_error", "The response failed: server_error"),
        ),
    ],
)
def test_failure_is_named_without_its_message(
    error: BaseException | None, result: object, expected: tuple[str, str] | None
) -> None:
    assert failure_info(error, result) == expected
    assert "plan" not in json.dumps(expected)


def test_measurements_have_attributes_with_few_values() -> None:
    found = attributes({"model": "m", "input": "Hi", "conversation": "conv_1"})

    assert metric_attributes(found | {"gen_ai.response.model": "m-1", "error.type": "E"}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m",
        "gen_ai.response.model": "m-1",
        "server.address": "api.openai.com",
        "server.port": 443,
        "error.type": "E",
    }


def test_missing_field_is_none() -> None:
    assert field({"a": {"b": 1}}, "a", "b") == 1
    assert field(None, "a", "b") is None
