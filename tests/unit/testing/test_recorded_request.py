"""Requests as the embedded server records them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from server_calls import create, http

from responses_client.testing import RecordedRequest, Server


def test_requests_are_recorded_as_they_came() -> None:
    with Server() as server, http(server) as client:
        client.post("/responses?a=1&a=2", json={"model": "m", "input": "Hi"}, headers={"X-Test": "yes"})
        (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/responses")
    assert request.url == "http://testserver/v1/responses?a=1&a=2"
    assert request.query.get_list("a") == ["1", "2"]
    assert request.headers["x-test"] == "yes"
    assert request.json == {"model": "m", "input": "Hi"}
    assert json.loads(request.body) == request.json


def test_requests_that_fail_are_recorded_too() -> None:
    with Server() as server:
        server.fail()
        assert create(server).status_code == 429
        assert create(server, temperature=9).status_code == 400
        assert [request.json.get("temperature") for request in server.requests] == [None, 9]


@pytest.mark.parametrize(
    ("query", "body", "stream"),
    [
        ("", {"stream": True}, True),
        ("", {"stream": False}, False),
        ("", [], False),
        ("?stream=true", {}, True),
    ],
)
def test_recorded_request_knows_whether_it_asked_for_a_stream(query: str, body: Any, stream: bool) -> None:
    with Server() as server, http(server) as client:
        client.post(f"/responses{query}", json=body)
        assert server.requests[0].stream is stream


def test_recorded_request_shows_no_key_in_its_repr() -> None:
    with Server() as server:
        create(server)
        shown = repr(server.requests[0])
    assert isinstance(server.requests[0], RecordedRequest)
    assert "/v1/responses" in shown
    assert "test-key" not in shown
