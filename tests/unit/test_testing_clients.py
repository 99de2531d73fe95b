"""The clients that an embedded server makes."""

from __future__ import annotations

import httpx

from responses_client.testing import Server


def test_client_talks_to_the_server() -> None:
    with Server() as server, server.client() as client:
        server.reply("Hello")
        assert client.responses.create(model="m", input="Hi").output_text == "Hello"
        assert server.requests[0].headers["authorization"] == "Bearer test-key"
        assert server.requests[0].json == {"model": "m", "input": "Hi"}


async def test_async_client_talks_to_the_server() -> None:
    with Server() as server:
        server.reply("Hello")
        async with server.async_client() as client:
            response = await client.responses.create(model="m", input="Hi")
        assert response.output_text == "Hello"
        assert server.requests[0].url == "http://testserver/v1/responses"


def test_options_of_the_client_are_passed_on() -> None:
    with Server() as server, server.client(api_key="other", max_retries=0) as client:
        client.responses.create(model="m", input="Hi")
        assert server.requests[0].headers["authorization"] == "Bearer other"


async def test_http_client_of_ones_own_is_used() -> None:
    with Server() as server:
        mine = httpx.Client(transport=server.transport(), headers={"x-mine": "yes"})
        with server.client(http_client=mine) as client:
            client.responses.create(model="m", input="Hi")
        other = httpx.AsyncClient(transport=server.async_transport(), headers={"x-mine": "yes"})
        async with server.async_client(http_client=other) as aclient:
            await aclient.responses.create(model="m", input="Hi")
        assert [request.headers["x-mine"] for request in server.requests] == ["yes", "yes"]
