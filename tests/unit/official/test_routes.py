"""Which requests of an official client ours sends, and as which call."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("openai")

from responses_client._official.routes import Plan, Route, is_ours, plan

ROUTE = Route("https://api.test/v1/", 3)
HEADERS = {
    "Host": "api.test",
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": "AsyncOpenAI/Python 3.57.0",
    "X-Stainless-Lang": "python",
    "Authorization": "Bearer key",
    "OpenAI-Beta": "new",
}


def planned(
    method: str,
    path: str,
    content: bytes = b"",
    *,
    own_key: str | None = None,
    headers: dict[str, str] | None = None,
) -> Plan:
    lowered = {name.lower(): value for name, value in (headers or HEADERS).items()}
    timeout = {"connect": 5.0, "read": 60.0, "write": None, "pool": 1.0}
    return plan(ROUTE, method, f"https://api.test/v1/{path}", lowered, content, timeout, own_key=own_key)


@pytest.mark.parametrize(
    "path",
    [
        "/responses",
        "responses/resp_1/cancel",
        "/responses?a=b",
        "/conversations/c/items",
        "/webhook_endpoints",
    ],
)
def test_responses_conversations_and_webhooks_are_ours(path: str) -> None:
    assert is_ours(path)


@pytest.mark.parametrize(
    "path", ["/chat/completions", "/models", "/responses_of_others", "/v2/responses", ""]
)
def test_other_paths_are_not_ours(path: str) -> None:
    assert not is_ours(path)


def test_new_response_keeps_its_fields_and_options() -> None:
    fields: dict[str, Any] = {"model": "m", "input": "Hi", "of_the_future": [1.5, None]}
    wanted = planned("POST", "responses", json.dumps(fields).encode())

    assert (wanted.call, wanted.is_stream, wanted.body) == ("create", False, fields)
    assert wanted.options["max_retries"] == 3
    assert wanted.options["timeout"] == (5.0, 60.0, None, 1.0)
    assert "extra_query" not in wanted.options


@pytest.mark.parametrize(("flag", "is_stream"), [(True, True), (False, False), (None, False), ("yes", False)])
def test_new_response_is_a_stream_where_its_body_says_so(flag: object, is_stream: bool) -> None:
    assert planned("POST", "responses", json.dumps({"stream": flag}).encode()).is_stream is is_stream


def test_query_of_a_new_response_is_kept() -> None:
    wanted = planned("POST", "responses?api-version=v1&a[]=1&a[]=2&empty=", b"{}")

    assert wanted.options["extra_query"] == {"api-version": "v1", "a": ["1", "2"], "empty": ""}


def test_body_that_is_no_object_is_sent_as_it_is() -> None:
    wanted = planned("POST", "responses", b"[1]")

    assert (wanted.call, wanted.path, wanted.body) == ("other", "responses", b"[1]")


def test_stored_response_is_a_call_with_its_id() -> None:
    wanted = planned("GET", "responses/resp%201?include[]=a")

    assert (wanted.call, wanted.is_stream, wanted.path) == ("retrieve", False, "resp 1")
    assert wanted.options["extra_query"] == {"include": ["a"]}


def test_stream_of_a_stored_response_can_continue_elsewhere() -> None:
    wanted = planned("GET", "responses/resp_1?stream=true&starting_after=7")

    assert wanted.is_stream
    assert (wanted.options["starting_after"], wanted.options["extra_query"]) == (7, {})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "responses/resp_1/cancel"),
        ("GET", "responses/resp_1/input_items?limit=2"),
        ("DELETE", "responses/x"),
    ],
)
def test_any_other_request_keeps_method_path_and_query(method: str, path: str) -> None:
    wanted = planned(method, path)

    assert (wanted.call, wanted.method, wanted.path, wanted.body) == ("other", method, path, None)


def test_headers_of_the_user_go_with_the_request_and_those_of_the_package_do_not() -> None:
    assert planned("POST", "responses", b"{}").options["extra_headers"] == {
        "authorization": "Bearer key",
        "openai-beta": "new",
    }


def test_other_bodies_keep_their_content_type() -> None:
    assert (
        planned("POST", "conversations", b"{}").options["extra_headers"]["Content-Type"] == "application/json"
    )


def test_user_agent_of_a_framework_is_kept() -> None:
    wanted = planned("POST", "responses", b"{}", headers={"User-Agent": "framework/1"})

    assert wanted.options["extra_headers"] == {"user-agent": "framework/1"}


@pytest.mark.parametrize(("own_key", "is_kept"), [("key", False), ("other", True), (None, True)])
def test_key_that_stands_for_ours_is_left_to_our_client(own_key: str | None, is_kept: bool) -> None:
    headers = planned("POST", "responses", b"{}", own_key=own_key).options["extra_headers"]

    assert ("authorization" in headers) is is_kept
