"""Paths and methods of the embedded server: those it has, and the refusal of all others."""

from __future__ import annotations

import pytest
from server_calls import create, http

from responses_client import APIStatusError
from responses_client.testing import Server


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/completions"),
        ("POST", "/v1/responses/"),
        ("GET", "/v1/responses/a/b/c"),
        ("GET", "/v2/responses/a"),
        ("POST", "/responses"),
        ("GET", "/v1"),
    ],
)
def test_unknown_path_is_not_found(method: str, path: str) -> None:
    with Server() as server, http(server) as client:
        response = client.request(method, f"http://testserver{path}")
    assert response.status_code == 404
    assert response.json()["error"]["message"] == f"Invalid URL ({method} {path})"


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("GET", "/responses", "POST"), ("PUT", "/responses/resp_1", "GET")]
)
def test_wrong_method_is_not_allowed(method: str, path: str, allowed: str) -> None:
    with Server() as server, http(server) as client:
        response = client.request(method, path)
    assert response.status_code == 405
    assert allowed in response.headers["allow"]
    assert response.json()["error"]["code"] == "method_not_supported"


@pytest.mark.parametrize("base_url", ["http://testserver", "https://me.example.com/openai/v1/"])
def test_server_is_found_under_the_path_of_its_base_url(base_url: str) -> None:
    with Server(base_url=base_url) as server:
        assert create(server).status_code == 200


def test_websocket_in_process_names_the_way_to_a_port() -> None:
    with (
        Server() as server,
        pytest.raises(
            APIStatusError, match=r"pass the URL that server.serve\(\) gives to the client as base_url"
        ),
        server.client().responses.connect(),
    ):
        pass
