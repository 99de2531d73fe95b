"""The embedded server for async tests, on asyncio and trio."""

from __future__ import annotations

import anyio
import httpx
import pytest
from server_calls import asked
from waits import PATIENT

from responses_client import AsyncClient, BadRequestError
from responses_client.testing import AsyncServer, RateLimit, Server, VirtualClock
from responses_client.testing._server import BaseServer


async def test_server_answers_its_clients() -> None:
    async with AsyncServer() as server:
        server.reply("Hello").call_tool("f")
        assert await asked(server) == "Hello"
        async with server.client() as client, client.responses.stream(model="m", input="Hi") as stream:
            await anext(stream)
            assert server.open_streams == 1
            assert (await stream.get_final_response()).output[0].type == "function_call"
        assert server.open_streams == 0
    assert [request.json["input"] for request in server.requests] == ["Hi", "Hi"]


async def test_end_of_the_block_closes_server_and_clients() -> None:
    async with AsyncServer() as server:
        client = server.client()
        await client.responses.create(model="m", input="Hi")
    with pytest.raises(RuntimeError, match="closed"):
        await client.responses.create(model="m", input="Hi")
    with pytest.raises(Exception, match="The embedded server is closed"):
        await asked(server, max_retries=0)


async def test_end_of_the_block_asks_for_what_was_expected() -> None:
    server = AsyncServer().expect(user="Bye").reply("Hello")
    with pytest.raises(AssertionError, match="was never sent: user='Bye'"):
        async with server:
            pass


async def test_end_by_another_error_asks_for_nothing() -> None:
    server = AsyncServer().expect(user="Bye").reply("Hello")
    with pytest.raises(ZeroDivisionError):
        async with server:
            raise ZeroDivisionError


async def test_options_are_those_of_the_other_server() -> None:
    limit = RateLimit(requests=1)
    with VirtualClock() as clock:
        async with AsyncServer(base_url="http://x/openai", now=5, rate_limit=limit, validate=False) as server:
            assert server.now == 5
            await asked(server)
            await asked(server, base_url=server.base_url)
            assert server.requests[0].path == "/openai/responses"
        assert (clock.waits, server.refused) == ([60], 1)


async def test_server_on_a_port_lets_the_loop_go_on() -> None:
    async with AsyncServer() as server, server.serve() as url:
        server.reply("Hello")
        async with AsyncClient(api_key="any", base_url=url) as client:
            assert (await client.responses.create(model="m", input="Hi")).output_text == "Hello"
    assert server.requests[0].url.startswith(url)


async def test_server_on_a_port_ends_with_its_block() -> None:
    server = AsyncServer()
    with pytest.raises(ZeroDivisionError):
        async with server.serve():
            raise ZeroDivisionError
    with anyio.move_on_after(PATIENT) as scope:
        async with server.serve(), AsyncClient(api_key="any", base_url="http://127.0.0.1:9/v1"):
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught


async def test_unexpected_request_on_a_port_is_told_at_the_end_of_its_block() -> None:
    async def use(server: AsyncServer) -> None:
        async with server.serve() as url, httpx.AsyncClient() as http_client:
            with pytest.raises(BadRequestError):
                await asked(server, http_client=http_client, base_url=url)

    with pytest.raises(AssertionError, match="got:      'Hi'"):
        await use(AsyncServer().expect(user="Bye").reply("Hello"))


async def test_http_client_of_ones_own_is_used() -> None:
    async with AsyncServer() as server, httpx.AsyncClient(transport=server.async_transport()) as mine:
        await asked(server, http_client=mine)
        mine.headers["x-mine"] = "yes"
        await asked(server, http_client=mine)
        assert ["x-mine" in request.headers for request in server.requests] == [False, True]


def test_neither_server_is_the_other() -> None:
    assert issubclass(AsyncServer, BaseServer)
    assert issubclass(Server, BaseServer)
    assert not issubclass(AsyncServer, Server)
    assert not hasattr(AsyncServer, "__enter__")
