"""The HTTP client of an official client: the routes of its requests, and its close."""

from __future__ import annotations

from typing import Any

import pytest

openai = pytest.importorskip("openai")

from responses_client import AsyncClient, Client
from responses_client._official.answers import http
from responses_client._official.http_clients import ROUTE, AsyncRoutedClient, RoutedClient
from responses_client._official.routes import Route
from responses_client.testing import Server


def answer(request: Any) -> Any:
    return http.Response(200, json={"path": request.url.path, "agent": request.headers.get("user-agent")})


@pytest.fixture
def behind() -> Any:
    return http.Client(transport=http.MockTransport(answer), headers={"user-agent": "mine"}, timeout=7)


@pytest.fixture
def async_behind() -> Any:
    return http.AsyncClient(transport=http.MockTransport(answer), headers={"user-agent": "mine"}, timeout=7)


def test_request_without_a_route_goes_to_the_client_behind_with_its_headers(behind: Any) -> None:
    routed = RoutedClient.over(behind, None, None)
    request = routed.build_request("GET", "https://api.test/v1/models")

    assert routed.send(request).json() == {"path": "/v1/models", "agent": "mine"}
    assert routed.timeout == behind.timeout


async def test_async_request_without_a_route_goes_to_the_client_behind(async_behind: Any) -> None:
    routed = AsyncRoutedClient.over(async_behind, None, None)
    request = routed.build_request("GET", "https://api.test/v1/models")

    assert (await routed.send(request)).json() == {"path": "/v1/models", "agent": "mine"}
    assert routed.timeout == async_behind.timeout


def test_request_with_a_route_goes_to_our_client(server: Server, behind: Any) -> None:
    with server.client() as client:
        routed = RoutedClient.over(behind, client, "key")
        token = ROUTE.set(Route(client.base_url, 0))
        try:
            found = routed.send(
                routed.build_request(
                    "POST", f"{client.base_url}/responses", json={"model": "m", "input": "Hi"}
                )
            )
        finally:
            ROUTE.reset(token)
    assert found.json()["object"] == "response"
    assert server.requests[0].json == {"model": "m", "input": "Hi"}


def test_closing_closes_the_client_behind_and_the_one_made_here(behind: Any) -> None:
    routed = RoutedClient.over(behind, None, None)
    ours = routed.clients.ours
    assert not routed.is_closed
    routed.close()

    assert (routed.is_closed, behind.is_closed, ours.is_closed) == (True, True, True)


def test_client_of_the_user_stays_open(behind: Any) -> None:
    with Client(api_key="x") as client:
        RoutedClient.over(behind, client, None).close()
        assert not client.is_closed


async def test_async_closing_is_the_same(async_behind: Any) -> None:
    routed = AsyncRoutedClient.over(async_behind, None, None)
    ours = routed.clients.ours
    assert not routed.is_closed
    await routed.aclose()
    assert (routed.is_closed, async_behind.is_closed, ours.is_closed) == (True, True, True)

    async with AsyncClient(api_key="x") as client:
        await AsyncRoutedClient.over(async_behind, client, None).aclose()
        assert not client.is_closed


def test_each_address_has_one_client() -> None:
    with Client(api_key="x") as client:
        clients = RoutedClient.over(None, client, None).clients
        assert clients.at("https://one.test/v1") is clients.at("https://one.test/v1")
        assert clients.at("https://two.test/v1").base_url == "https://two.test/v1"
