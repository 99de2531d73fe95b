"""Checked requests: refused arguments, bodies, URLs and headers."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fake_io import call
from samples import KEY

from responses_client import __version__
from responses_client._base.options import RequestOptions
from responses_client._calls.endpoints import (
    CONVERSATIONS_CREATE,
    CONVERSATIONS_ITEMS_CREATE,
    CONVERSATIONS_ITEMS_LIST,
    CONVERSATIONS_ITEMS_RETRIEVE,
    RESPONSES_CANCEL,
    RESPONSES_CREATE,
    RESPONSES_RETRIEVE,
)
from responses_client._calls.operation import Operation
from responses_client._calls.request import Call, encode, prepare
from responses_client._calls.settings import Settings
from responses_client._transport.protocols import Timeouts
from responses_client.errors import RequestValidationError
from responses_client.models import ApproximateLocation, Model, Response


def body(**params: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(call(params).request.content))


def headers(params: dict[str, Any] | None = None, **options: Any) -> dict[str, str | None]:
    return dict(call(params, **options).request.headers)


def refusal(params: dict[str, Any], **options: Any) -> RequestValidationError:
    with pytest.raises(RequestValidationError) as caught:
        call(params, **options)
    assert str(caught.value).startswith("The request was not sent: ")
    return caught.value


# --- bodies


def test_arguments_become_the_body_as_they_are() -> None:
    assert body(temperature=1, store=False, metadata={"a": "b"}) == {
        "model": "m",
        "input": "Hi",
        "temperature": 1,
        "store": False,
        "metadata": {"a": "b"},
    }


def test_none_is_sent_as_null_and_absent_arguments_are_not_sent() -> None:
    assert body(reasoning=None)["reasoning"] is None
    assert "reasoning" not in body()


def test_items_of_a_response_are_sent_as_they_came() -> None:
    item = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "Hello", "annotations": [], "new_field": None}],
    }
    came = Response.from_dict({"output": [item, {"type": "new_type", "async": True, "schema": {}}]})

    assert body(input=[*came.output, {"role": "user", "content": "Go on"}])["input"] == [
        item,
        {"type": "new_type", "async": True, "schema": {}},
        {"role": "user", "content": "Go on"},
    ]


def test_extra_body_is_sent_without_a_check_and_wins() -> None:
    sent = body(temperature=1, extra_body={"temperature": 99, "new_field": [1]})

    assert sent["temperature"] == 99
    assert sent["new_field"] == [1]


def test_values_of_other_libraries_are_written_as_json_has_them() -> None:
    @dataclass
    class City:
        name: str

    moment = datetime(2025, 1, 2, tzinfo=UTC)
    number = uuid.UUID(int=1)
    parameters = {"city": City("Paris"), "at": moment, "id": number, "set": {1}, "pair": (1, 2)}

    assert body(extra_body={"x": parameters})["x"] == {
        "city": {"name": "Paris"},
        "at": "2025-01-02T00:00:00Z",
        "id": str(number),
        "set": [1],
        "pair": [1, 2],
    }


class Opaque:
    """A value that JSON cannot express."""


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def in_itself() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


def function(**schema: Any) -> list[dict[str, Any]]:
    return [{"type": "function", "name": "f", "parameters": {"type": "object", **schema}}]


@pytest.mark.parametrize(
    ("params", "path", "reason"),
    [
        (
            {"tools": function(default=Opaque())},
            "tools[0].parameters.default",
            "Unable to serialize unknown type",
        ),
        (
            {"tools": function(enum=[1, [math.nan]])},
            "tools[0].parameters.enum[1][0]",
            "JSON has no such number",
        ),
        ({"tools": function(x=-math.inf)}, "tools[0].parameters.x", "JSON has no such number"),
        ({"tools": function(x="\ud800")}, "tools[0].parameters.x", "surrogates not allowed"),
        ({"tools": function(x=b"\xff")}, "tools[0].parameters.x", "invalid utf-8"),
        ({"extra_body": {"x": nested(300)}}, "x", "nested too deep, or in itself"),
        ({"extra_body": {"x": in_itself()}}, "x", "nested too deep, or in itself"),
        (
            {"extra_body": {"x": ApproximateLocation(type="approximate", new=Opaque())}},
            "x.new",
            "Unable to serialize",
        ),
        ({"extra_body": {"x": {Opaque(): 1}}}, "", "Unable to serialize unknown type"),
    ],
)
@pytest.mark.parametrize("validate", [True, False])
def test_value_that_json_cannot_express_is_named_by_its_path(
    params: dict[str, Any], path: str, reason: str, validate: bool
) -> None:
    error = refusal(params, validate_requests=validate)

    assert error.path == path
    assert f"{path}: cannot be written as JSON (" in str(error)
    assert reason in str(error)


@pytest.mark.parametrize("name", ["temperature", "top_p"])
def test_number_that_json_lacks_is_named_and_not_its_neighbour(name: str) -> None:
    neighbour = ({"temperature", "top_p"} - {name}).pop()
    with pytest.raises(RequestValidationError) as caught:
        encode({neighbour: 0.5, name: math.nan})
    assert [error["path"] for error in caught.value.errors] == [name]
    assert neighbour not in str(caught.value)


def test_string_that_spells_a_number_json_lacks_is_a_string() -> None:
    assert body(input="NaN and Infinity")["input"] == "NaN and Infinity"


# --- checks


def generator() -> Iterator[dict[str, str]]:
    yield {"role": "user", "content": "Hi"}


@pytest.mark.parametrize(
    ("params", "path", "kind", "expected"),
    [
        ({"input": generator()}, "input", "generator", "a string or a list"),
        ({"input": 17}, "input", "int", "a string or a list"),
        ({"input": {"role": "user"}}, "input", "dict", "a string or a list"),
        ({"input": [{"role": "user", "content": 17}]}, "input[0].content", "int", "a string or a list"),
        ({"input": ["Hi", b"Hi"]}, "input[1]", "bytes", "a string, an item or a content part"),
        ({"input": [{"content": "Hi"}]}, "input[0]", "dict", "an object with a `type` or a `role`"),
        ({"model": 17}, "model", "int", "a valid string"),
        ({"max_output_tokens": 15}, "max_output_tokens", "int", "a number greater than or equal to 16"),
        ({"max_output_tokens": "100"}, "max_output_tokens", "str", "a valid integer"),
        ({"max_output_tokens": True}, "max_output_tokens", "bool", "a valid integer"),
        ({"temperature": 2.1}, "temperature", "float", "a number less than or equal to 2"),
        ({"temperature": -1}, "temperature", "int", "a number greater than or equal to 0"),
        ({"temperature": math.nan}, "temperature", "float", "a number greater than or equal to 0"),
        ({"top_p": 1.5}, "top_p", "float", "a number less than or equal to 1"),
        ({"top_logprobs": 21}, "top_logprobs", "int", "a number less than or equal to 20"),
        ({"safety_identifier": "x" * 129}, "safety_identifier", "str", "at most 128 characters"),
        ({"stream": "yes"}, "stream", "str", "a valid boolean"),
        ({"metadata": {"a": 1}}, "metadata.a", "int", "a valid string"),
        ({"metadata": {"a": "x" * 513}}, "metadata.a", "str", "at most 512 characters"),
        ({"context_management": []}, "context_management", "list", "at least 1 entry"),
        ({"metadata": {str(n): "" for n in range(17)}}, "metadata", "dict", "at most 16 entries"),
        ({"tools": {}}, "tools", "dict", "a valid list"),
        ({"tools": [{"type": "function"}]}, "tools[0].name", "missing", "a value"),
        ({"reasoning": "high"}, "reasoning", "str", "dictionary"),
        ({"reasoning": {"effort": 3}}, "reasoning.effort", "int", "a valid string"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format.name", "missing", "a value"),
        (
            {"previous_response_id": "resp_1", "conversation": {"id": "conv_1"}},
            "previous_response_id",
            "dict",
            "no conversation",
        ),
        ({"stream_options": {"include_obfuscation": False}}, "stream_options", "None", "stream=True"),
        ({"stream_options": {}, "stream": False}, "stream_options", "bool", "stream=True"),
        ({"background_options": {}}, "background_options", "None", "background=True"),
        ({"background_options": {}, "background": False}, "background_options", "bool", "background=True"),
    ],
)
def test_wrong_argument_is_named_by_path_type_and_expected_value(
    params: dict[str, Any], path: str, kind: str, expected: str
) -> None:
    error = refusal(params)

    assert (error.path, error.value_type) == (path, kind)
    assert expected in error.expected
    assert f"{path}: " in str(error)


@pytest.mark.parametrize(
    "params",
    [
        {"input": "x"},
        {"input": []},
        {"input": ["Hi"]},
        {"max_output_tokens": 16},
        {"max_output_tokens": None},
        {"temperature": 0},
        {"temperature": 2},
        {"temperature": 2.0},
        {"top_p": 0},
        {"top_p": 1},
        {"top_logprobs": 0},
        {"top_logprobs": 20},
        {"safety_identifier": "x" * 128},
        {"stream": True},
        {"metadata": {"a": "x" * 512}},
        {"metadata": {str(n): "" for n in range(16)}},
        {"metadata": {}},
        {"tools": []},
        {"tools": [{"type": "function", "name": "f"}]},
        {"reasoning": {"effort": "unheard of"}},
        {"text": {"format": {"type": "text"}}},
        {"previous_response_id": "resp_1"},
        {"previous_response_id": "resp_1", "conversation": None},
        {"conversation": {"id": "conv_1"}},
        {"conversation": "conv_1", "previous_response_id": None},
        {"stream_options": {"include_obfuscation": False}, "stream": True},
        {"stream_options": None},
        {"background_options": {}, "background": True},
        {"background_options": None, "background": False},
    ],
)
def test_argument_beside_a_mistake_is_sent(params: dict[str, Any]) -> None:
    sent = body(**params)
    assert {name: sent[name] for name in params if name != "input"} == {
        name: value for name, value in params.items() if name != "input"
    }


def test_key_of_metadata_may_have_64_characters() -> None:
    refusal({"metadata": {"k" * 65: ""}})
    assert body(metadata={"k" * 64: "v" * 512})


def test_all_mistakes_are_reported_together() -> None:
    error = refusal({"temperature": 9, "top_p": 9, "store": 1})

    assert [one["path"] for one in error.errors] == ["temperature", "top_p", "store"]


def test_secret_in_the_wrong_place_is_not_quoted() -> None:
    with pytest.raises(RequestValidationError) as caught:
        call(
            {
                "tools": [
                    {"type": "mcp", "server_label": "x", "authorization": ["hunter2"], "headers": "hunter2"}
                ]
            }
        )

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "params",
    [
        {"model": None, "prompt": {"id": "pmpt_1"}},
        {"model": None, "extra_body": {"model": "m"}},
        {"safety_identifier": "x" * 128},
        {"stream": True, "stream_options": {"include_obfuscation": False}},
        {"stream_options": {}, "extra_body": {"stream": True}},
        {"background": True, "background_options": {"completion_window": "2h"}},
        {"background_options": {}, "extra_body": {"background": True}},
        {"previous_response_id": None, "conversation": "conv_1"},
        {"previous_response_id": "resp_1", "conversation": None},
        {"stream_options": None, "background_options": None},
        {"input": ({"role": "user", "content": "Hi"},)},
        {"temperature": 2, "top_p": 0, "max_output_tokens": 16, "top_logprobs": 20},
        {"input": [{"type": "new_type", "field": 1}]},
        {"tools": [{"type": "new_tool", "field": 1}]},
        {"reasoning": {"effort": "new"}},
        {"service_tier": "new"},
    ],
)
def test_arguments_that_the_api_may_accept_are_sent(params: dict[str, Any]) -> None:
    assert call(params)


def test_request_without_model_is_sent_because_a_server_may_need_none() -> None:
    prepared: Call[Any] = prepare(RESPONSES_CREATE, {"input": "Hi", "temperature": 1}, Settings(api_key=KEY))

    assert json.loads(prepared.request.content) == {"input": "Hi", "temperature": 1}


def test_checks_can_be_turned_off() -> None:
    params = {"temperature": 99, "input": 17, "model": None, "stream_options": {}}

    assert json.loads(call(params, validate_requests=False).request.content) == params


@pytest.mark.parametrize("validate", [True, False])
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("temprature", "; did you mean 'temperature'?"),
        ("extra_header", "; did you mean 'extra_headers'?"),
        ("zzz", ""),
    ],
)
def test_unknown_keyword_is_a_type_error_with_the_nearest_name(name: str, hint: str, validate: bool) -> None:
    with pytest.raises(TypeError) as caught:
        call({name: 1}, validate_requests=validate)

    assert str(caught.value) == (
        f"responses.create() got an unexpected keyword argument {name!r}{hint} "
        "(extra_body takes fields that this version does not know)"
    )


# --- headers, query, path


def test_headers_name_the_client_and_the_wanted_content() -> None:
    sent = headers(organization="org_1", project="proj_1")
    key = cast("str", sent.pop("Idempotency-Key"))

    assert sent == {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "Content-Type": "application/json",
        "User-Agent": f"responses-client/{__version__}",
        "OpenAI-Organization": "org_1",
        "OpenAI-Project": "proj_1",
    }
    assert len(bytes.fromhex(key.removeprefix("rc-"))) == 16


def test_stream_is_asked_for_uncompressed() -> None:
    sent = headers({"stream": True})

    assert (sent["Accept"], sent["Accept-Encoding"]) == ("text/event-stream", "identity")


def test_idempotency_key_is_new_for_each_call_unless_given() -> None:
    assert headers()["Idempotency-Key"] != headers()["Idempotency-Key"]
    assert headers({"idempotency_key": "mine"})["Idempotency-Key"] == "mine"
    assert cast("str", headers({"idempotency_key": None})["Idempotency-Key"]).startswith("rc-")


def test_headers_of_the_request_go_before_those_of_the_client_and_ours() -> None:
    sent = headers(
        {"extra_headers": {"X-B": "2", "accept": "*/*", "user-agent": None}},
        default_headers={"x-a": "1", "x-b": "1", "User-Agent": "mine"},
    )

    assert (sent["x-a"], sent["X-B"], sent["accept"], sent["user-agent"]) == ("1", "2", "*/*", None)
    assert not {"Accept", "User-Agent", "x-b"} & sent.keys()


OPTION_MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    (
        {"extra_headers": {"X-A": "a\nb"}},
        "extra_headers['X-A']",
        "contains a line break, which a header must not",
    ),
    ({"extra_headers": {"X-A": 1}}, "extra_headers['X-A']", "expected a string or None, got int 1"),
    (
        {"extra_headers": {"X A": "a"}},
        "extra_headers",
        "has a header 'X A', which is not a valid header name",
    ),
    ({"extra_headers": {1: "a"}}, "extra_headers", "expected a string, got int 1"),
    ({"extra_headers": ["a"]}, "extra_headers", "expected a mapping, got list"),
    ({"extra_query": "a=b"}, "extra_query", "expected a mapping, got str"),
    (
        {"extra_query": {"a": object()}},
        "extra_query.a",
        "expected a string, number, list, dict or None, got object",
    ),
    (
        {"extra_query": {"a": {"b": [None]}}},
        "extra_query.a.b",
        "expected a string, number, list, dict or None, got NoneType",
    ),
    ({"extra_body": "{}"}, "extra_body", "expected a mapping, got str"),
    (
        {"idempotency_key": "a\nb"},
        "idempotency_key",
        "contains a line break, which a header must not; remove it",
    ),
    ({"idempotency_key": 7}, "idempotency_key", "expected a string or None, got int 7"),
    ({"timeout": -1}, "timeout", "expected a positive number of seconds, got int -1"),
    ({"timeout": "1"}, "timeout", "expected a positive number of seconds, got str"),
    ({"deadline": 0}, "deadline", "expected a positive number of seconds, got int 0"),
    ({"max_retries": -1}, "max_retries", "expected a whole number from 0, got int -1"),
    ({"max_retries": "2"}, "max_retries", "expected a whole number from 0, got str"),
]


@pytest.mark.parametrize(("params", "path", "problem"), OPTION_MISTAKES)
def test_option_that_cannot_work_is_refused_as_an_argument(
    params: dict[str, Any], path: str, problem: str
) -> None:
    with pytest.raises(RequestValidationError) as caught:
        call(params)

    assert caught.value.path == path
    assert str(caught.value).startswith(f"The request was not sent: {path}: {problem}")


def test_every_option_of_a_call_is_checked() -> None:
    assert {
        name for params, _, _ in OPTION_MISTAKES for name in params
    } == RequestOptions.__annotations__.keys()


@pytest.mark.parametrize("params", [params for params, _, _ in OPTION_MISTAKES if "extra_body" not in params])
def test_option_that_cannot_work_is_not_shown(params: dict[str, Any]) -> None:
    """It may be a secret in the wrong place."""
    secret = "hunter2\n"
    with pytest.raises(RequestValidationError) as caught:
        call(dict.fromkeys(params, secret))

    errors = [caught.value, caught.value.__context__]
    assert "hunter2" not in "".join(map(repr, errors)) + json.dumps(caught.value.errors)


@pytest.mark.parametrize(
    ("query", "extra", "url"),
    [
        ({}, None, ""),
        ({"api-version": "1"}, {}, "?api-version=1"),
        ({"a": "1", "b": "1"}, {"b": None, "c": True}, "?a=1&c=true"),
        ({}, {"include[]": ["a&b", "c d"], "n": 1.5}, "?include%5B%5D=a%26b&include%5B%5D=c+d&n=1.5"),
        ({}, {"flags": (True, False)}, "?flags%5B%5D=true&flags%5B%5D=false"),
        ({"a": ["x"]}, None, "?a%5B%5D=x"),
        ({}, {"filter": {"status": "done", "n": 1, "off": None}}, "?filter%5Bstatus%5D=done&filter%5Bn%5D=1"),
        (
            {"a": {"b": {"c": True}, "d": ["x", 1]}},
            None,
            "?a%5Bb%5D%5Bc%5D=true&a%5Bd%5D%5B%5D=x&a%5Bd%5D%5B%5D=1",
        ),
        ({"a": ["x"]}, {"a[]": ["y"]}, "?a%5B%5D=y"),
        ({"a[]": ["x"]}, {"a": None}, ""),
        ({"a[]": "x"}, {"a": []}, "?a%5B%5D=x"),
        ({"a": None}, None, ""),
    ],
)
def test_query_is_that_of_client_and_request_together(
    query: dict[str, Any], extra: dict[str, Any] | None, url: str
) -> None:
    sent = call({"extra_query": extra}, default_query=query).request

    assert sent.url == f"http://api.test/v1/responses{url}"


@pytest.mark.parametrize("base", ["http://[::1]:8080/v1", "https://host/deep/path%20x/v1", "http://HOST:80"])
def test_path_is_added_to_any_base_url(base: str) -> None:
    assert call(base_url=f"{base}/").request.url == f"{base.lower()}/responses"


# --- options


@pytest.mark.parametrize(
    ("options", "timeouts"),
    [
        ({}, Timeouts(5, 600, 600, 600)),
        ({"timeout": 30}, Timeouts(5, 30, 30, 30)),
        ({"timeout": 2}, Timeouts(2, 2, 2, 2)),
        ({"timeout": 30, "connect_timeout": 9}, Timeouts(9, 30, 30, 30)),
        ({"timeout": None}, Timeouts(5, None, None, None)),
        ({"timeout": httpx.Timeout(9, read=None, connect=1)}, Timeouts(1, None, 9, 9)),
        ({"idle_timeout": 10}, Timeouts(5, 600, 600, 600)),
    ],
)
def test_timeouts_are_those_of_the_client(options: dict[str, Any], timeouts: Timeouts) -> None:
    assert call(**options).request.timeouts == timeouts


@pytest.mark.parametrize(
    ("timeout", "read"), [(600, 10), (5, 5), (None, 10), (httpx.Timeout(None), 10), (httpx.Timeout(1), 1)]
)
def test_idle_timeout_bounds_the_reads_of_a_stream(timeout: Any, read: float) -> None:
    assert call({"stream": True}, timeout=timeout, idle_timeout=10).request.timeouts.read == read


def test_options_of_a_request_go_before_those_of_the_client() -> None:
    prepared = call({"timeout": 1, "deadline": 2, "max_retries": 3}, timeout=9, deadline=9, max_retries=9)

    assert (prepared.settings.timeout, prepared.settings.deadline, prepared.settings.max_retries) == (1, 2, 3)
    assert prepared.request.timeouts.read == 1
    assert call({"deadline": None}, deadline=9).settings.deadline is None


@pytest.mark.parametrize(
    ("params", "needed"),
    [
        ({}, True),
        ({"extra_headers": {"authorization": None}}, False),
        ({"extra_headers": {"AUTHORIZATION": "Basic x"}}, False),
        ({"extra_headers": {"Api-Key": "x"}}, False),
        ({"extra_headers": {"x-api-key": "x"}}, True),
    ],
)
def test_key_is_needed_unless_a_header_is_in_its_place(params: dict[str, Any], needed: bool) -> None:
    assert call(params).needs_key is needed


def test_secrets_of_a_call_are_its_key_and_its_secret_headers() -> None:
    given = {
        "X-Token": "token-value",
        "Authorization": "Bearer other-value",
        "Cookie": None,
        "X-Team": "blue",
    }

    assert set(call(default_headers=given).secrets) == {
        KEY,
        "token-value",
        "Bearer other-value",
        "other-value",
    }
    assert call(api_key=lambda: "x").secrets == ()


def test_credentials_of_hosted_tools_are_secrets_of_the_call() -> None:
    def tool(secret: str) -> dict[str, Any]:
        return {"type": "mcp", "server_label": "a", "server_url": "https://a.test", "authorization": secret}

    made = call({"tools": [tool("first-secret")], "extra_body": {"tools": [tool("second-secret")]}})

    assert set(made.secrets) == {KEY, "first-secret", "second-secret"}


def test_call_shows_neither_key_nor_body() -> None:
    shown = repr(call({"input": "the secret plan"}, default_headers={"X-Token": "hunter2"}))

    assert "***" in shown
    assert not {word for word in (KEY, "hunter2", "the secret plan") if word in shown}


def test_reporting_tools_are_given_the_repr_of_a_call() -> None:
    made = call({"input": "Hi"})

    assert made.sentry_repr() == repr(made)


def test_checks_of_create_are_not_those_of_other_operations() -> None:
    other: Operation[Response] = Operation(
        "responses.other", "POST", "/responses/other", "response.Response", "requests.ResponseCreateRequest"
    )
    prepared: Call[Response] = prepare(other, {"input": "Hi"}, Settings(api_key=KEY))

    assert prepared.request.content == b'{"input":"Hi"}'
    assert issubclass(other.result_model(), Model)


def prepared(operation: Operation[Any], *path: str, **params: Any) -> Call[Any]:
    return prepare(operation, params, Settings(api_key=KEY), path)


def test_arguments_of_the_path_stay_one_segment_each() -> None:
    call = prepared(CONVERSATIONS_ITEMS_RETRIEVE, "conv?1", "a?c#d%é")

    assert call.request.url.endswith("/v1/conversations/conv%3F1/items/a%3Fc%23d%25%C3%A9")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "expected an id, a string, got NoneType"),
        (7, "expected an id, a string, got int"),
        (Response(id="resp_1"), "expected an id, a string, got Response; pass its .id"),
        ("", "is blank; pass an id as the API gave it"),
        ("  ", "is blank; pass an id as the API gave it"),
        (".", "'.' is a step in a path, not an id; pass an id as the API gave it"),
        ("..", "'..' is a step in a path, not an id; pass an id as the API gave it"),
        ("a/b", "'a/b' is a path or an address, not an id; pass an id as the API gave it"),
        ("https://api.test/v1/responses/resp_1", "'https://api.test/v1/responses/resp_1' is a path or an"),
        ("resp_1 ", "'resp_1' contains white space or another character that no id has; pass an id"),
        ("resp 1", "'resp 1' contains white space or another character that no id has; pass an id"),
        ("resp_1\x00", "'resp_1' contains white space or another character that no id has; pass an id"),
        ("a\ud800", "'a\ufffd' contains white space or another character that no id has; pass an id"),
    ],
)
def test_argument_of_the_path_that_cannot_be_an_id_is_refused_with_the_reason(
    value: Any, problem: str
) -> None:
    with pytest.raises(RequestValidationError) as caught:
        prepared(CONVERSATIONS_ITEMS_RETRIEVE, "conv_1", value)

    assert caught.value.path == "item_id"
    assert str(caught.value).startswith(f"The request was not sent: item_id: {problem}")


def test_arguments_of_get_requests_are_in_the_url() -> None:
    call = prepared(
        RESPONSES_RETRIEVE, "resp_1", include=["a", "b"], stream=True, starting_after=3, extra_query={"x": 1}
    )

    query = parse_qs(urlsplit(call.request.url).query)
    assert query == {"include[]": ["a", "b"], "stream": ["true"], "starting_after": ["3"], "x": ["1"]}
    assert call.request.content == b""
    assert not {"Content-Type", "Idempotency-Key"} & set(call.request.headers)
    assert call.request.headers["Accept"] == "text/event-stream"


def test_extra_query_replaces_an_argument_of_its_name() -> None:
    url = prepared(RESPONSES_RETRIEVE, "resp_1", include=["a"], extra_query={"include": ["b"]}).request.url

    assert parse_qs(urlsplit(url).query) == {"include[]": ["b"]}


def test_argument_that_is_none_is_not_in_the_url() -> None:
    assert prepared(RESPONSES_RETRIEVE, "resp_1", stream=None).request.url.endswith("/responses/resp_1")


def test_body_and_url_share_the_arguments_where_an_endpoint_has_both() -> None:
    item = {"role": "user", "content": "Hi"}
    call = prepared(CONVERSATIONS_ITEMS_CREATE, "conv_1", items=[item], include=["x"], extra_body={"new": 1})

    assert call.request.url.endswith("/conversations/conv_1/items?include%5B%5D=x")
    assert json.loads(call.request.content) == {"items": [item], "new": 1}


def test_post_without_arguments_has_no_body_but_a_key() -> None:
    call = prepared(RESPONSES_CANCEL, "resp_1")

    assert call.request.content == b""
    assert "Content-Type" not in call.request.headers
    assert "Idempotency-Key" in call.request.headers
    assert json.loads(prepared(RESPONSES_CANCEL, "r", extra_body={"a": 1}).request.content) == {"a": 1}
    assert prepared(CONVERSATIONS_CREATE).request.content == b"{}"


def test_argument_that_an_endpoint_without_any_does_not_take() -> None:
    with pytest.raises(TypeError, match=r"responses.cancel\(\) got an unexpected keyword argument 'force'"):
        prepared(RESPONSES_CANCEL, "resp_1", force=True)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"limit": 0}, "limit: expected a number greater than or equal to 1"),
        ({"limit": 101}, "limit: expected a number less than or equal to 100"),
        ({"after": 5}, "after: expected a valid string"),
    ],
)
def test_query_is_checked(params: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestValidationError, match=message):
        prepared(CONVERSATIONS_ITEMS_LIST, "conv_1", **params)


IN_ITSELF: dict[str, Any] = {}
IN_ITSELF["a"] = IN_ITSELF


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"after": "\ud800"}, "after: contains half of a surrogate pair, which no URL can carry; remove it"),
        ({"include": ["x", "\ud800"]}, "include: contains half of a surrogate pair"),
        ({"extra_query": {"a": "\ud800"}}, "extra_query.a: contains half of a surrogate pair"),
        ({"extra_query": {"\ud800": 1}}, "extra_query: contains half of a surrogate pair"),
        ({"extra_query": {"a": {"\ud800": 1}}}, "extra_query.a: contains half of a surrogate pair"),
        ({"extra_query": {"a": [1, 10**5000]}}, "extra_query.a: is a number of too many digits"),
        ({"extra_query": IN_ITSELF}, "extra_query.a: is nested too deep, or in itself; pass a flat dict"),
    ],
)
@pytest.mark.parametrize("is_checked", [True, False])
def test_query_that_cannot_be_written_is_refused_by_its_path(
    params: dict[str, Any], message: str, is_checked: bool
) -> None:
    with pytest.raises(RequestValidationError) as caught:
        prepare(
            CONVERSATIONS_ITEMS_LIST, params, Settings(api_key=KEY, validate_requests=is_checked), ["conv_1"]
        )

    assert str(caught.value).startswith(f"The request was not sent: {message}")
    str(caught.value).encode()


def test_events_after_a_number_need_a_stream() -> None:
    with pytest.raises(RequestValidationError, match="starting_after: needs stream=True"):
        prepared(RESPONSES_RETRIEVE, "resp_1", starting_after=3)
    assert prepared(RESPONSES_RETRIEVE, "resp_1", starting_after=0, stream=True)
    assert prepared(RESPONSES_RETRIEVE, "resp_1", starting_after=None)
