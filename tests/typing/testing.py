"""Tests with the embedded server, as users write them; checked, not run."""

import re
from typing import assert_type
from unittest.mock import ANY

from responses_client import AsyncClient, Client
from responses_client.testing import AsyncServer, Cassette, RateLimit, Server, VirtualClock


def time_of_ones_own() -> None:
    with VirtualClock() as clock:
        assert_type(clock, VirtualClock)
        assert_type(clock.now, float)
        assert_type(clock.waits, list[float])
        clock.advance(5)
        clock.now = 5  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def test_fixture(virtual_clock: VirtualClock) -> None:
    virtual_clock.advance("5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def limits() -> None:
    server = Server(rate_limit=RateLimit(requests=500, tokens=30_000, seconds=10, style="window"))
    assert_type(server.refused, int)
    RateLimit(requests=5, style="leaky")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def expectations(server: Server) -> None:
    first = server.expect(model="m", user="Weather?", tools=[{"name": ANY}]).call_tool(
        "get_weather", {"city": "Paris"}
    )
    assert_type(first, Server)
    server.expect({"input[-1].output": re.compile("Sunny")}, tool_outputs={"get_weather": "Sunny"}).reply(
        "It is."
    )
    server.requests[-1].assert_sent(user=re.compile("Weather"), tool_outputs={"call_1": {"degrees": 20}})
    server.verify()
    server.expect(tool_outputs="Sunny")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    server.expect("Weather?")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def faults(server: Server) -> None:
    assert_type(
        server.corrupt_after(3, data=b"\xe2\x82").drip(2, seconds=0.5).delay(1).reply("Hello"), Server
    )
    server.corrupt_after(events="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_fixtures(responses_server: Server, async_responses_server: AsyncServer) -> None:
    assert_type(responses_server.reply("Hello").client(), Client)
    assert_type(responses_server.async_client(), AsyncClient)
    assert_type(async_responses_server.reply("Hello").client(max_retries=0), AsyncClient)
    server: Server = async_responses_server  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    assert_type(server, Server)


async def twin() -> None:
    async with AsyncServer(rate_limit=RateLimit(tokens=5)).expect(user="Hi") as server:
        assert_type(server, AsyncServer)
        async with server.serve() as url:
            assert_type(url, str)
    with AsyncServer() as wrong:  # type: ignore[attr-defined]  # pyright: ignore
        assert wrong


def recordings(responses_cassette: Cassette) -> None:
    cassette = Cassette(
        "calls.jsonl", "auto", ignore=["metadata.run"], scrub=["metadata.user"], realtime=True
    )
    assert_type(cassette.client(max_retries=0), Client)
    assert_type(cassette.async_client(), AsyncClient)
    assert_type(cassette.unused, list[str])
    Cassette("calls.jsonl", scrub=lambda value: value)
    with cassette.serve(upstream="https://api.openai.com/v1") as url:
        assert_type(url, str)
    Cassette("calls.jsonl", "reply")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def async_recordings() -> None:
    async with Cassette("calls.jsonl") as cassette:
        assert_type(cassette, Cassette)
