"""Sessions as users hold them, sync and async."""

from __future__ import annotations

import builtins
import gc
from typing import Any

import pytest
from fake_io import Clock, FakeIO, bad, types
from fake_socket import (
    CLOSE,
    FakeSocket,
    Upgraded,
    completed,
    created,
    in_lane,
    session_over,
    settings,
    steer_event,
    whole,
)
from samples import KEY

from responses_client import AsyncClient, AsyncEventStream, AsyncWebSocketSession, Client
from responses_client._transport.protocols import run
from responses_client.errors import BadRequestError, ConfigurationError
from responses_client.models import SteerAccepted, SteerFailed


def async_session(wire: FakeSocket) -> AsyncWebSocketSession:
    io = FakeIO(wire.clock, Upgraded(wire))
    return AsyncWebSocketSession(io, settings(), {"ping_interval": None})


def test_closed_client_makes_no_session() -> None:
    client = Client(api_key=KEY)
    client.close()
    with pytest.raises(RuntimeError, match="Client is closed"):
        client.responses.connect()


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_wsproto(name: str, *args: Any) -> Any:
        if name.startswith("wsproto") or name == "session_core":
            raise ModuleNotFoundError("No module named 'wsproto'", name="wsproto")
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without_wsproto)
    with pytest.raises(
        ConfigurationError,
        match=r"package wsproto, which is not installed: pip install 'wsproto>=1.2'",
    ):
        Client(api_key=KEY).responses.connect()


def test_commands_have_no_streams(wire: FakeSocket) -> None:
    wire.script += [*whole("One", None), *whole("Two", "a")]
    with session_over(wire) as session:
        session.response.create(model="m", input="Hi")
        stream = session.create(model="m", stream_id="a")
        session.response.steer(previous_response_id="r1", input="More")
        assert types([session.recv() for _ in range(3)]) == ["created", "output_text.delta", "completed"]
        assert stream.get_final_response().output_text == "Two"
    assert wire.sent[0] == {"type": "response.create", "model": "m", "input": "Hi"}
    assert wire.sent[2]["type"] == "response.steer"


def test_session_that_was_forgotten_is_closed_at_once_with_a_warning(wire: FakeSocket) -> None:
    session = session_over(wire).__enter__()
    with pytest.warns(ResourceWarning, match="WebSocketSession was not closed: use it in a block of `with`"):
        del session
    assert wire.closed == 1
    assert wire.received == []


# Async: nothing here suspends, so that it needs no loop.


def test_async_session_does_the_same(wire: FakeSocket) -> None:
    wire.script += [*whole("One", "rc-1"), in_lane("z", "one"), in_lane("z", "two"), *whole("Three", None)]

    async def play() -> None:
        async with async_session(wire) as session:
            stream = await session.create(model="m", input="Hi", generate=True)
            assert isinstance(stream, AsyncEventStream)
            assert (await stream.get_final_response()).output_text == "One"
            await session.send({"type": "response.new"})
            async for event in session.events():
                assert event.wire_type == "one"
                break
            assert (await session.recv()).wire_type == "two"
            await session.response.create(model="m")
            await session.response.steer(previous_response_id="r", input="x")
            assert types([await session.recv() for _ in range(3)]) == [
                "created",
                "output_text.delta",
                "completed",
            ]
            wire.script.append(CLOSE)
        assert [event async for event in session] == []
        assert session.is_closed

    run(play())
    assert [event["type"].removeprefix("response.") for event in wire.sent] == [
        "create",
        "new",
        "create",
        "steer",
    ]


def test_async_steering_does_the_same(wire: FakeSocket) -> None:
    wire.script += [
        created(),
        steer_event("accepted"),
        completed("Hi"),
        created(id="resp_2", previous_response_id="resp_1"),
        completed("Yo", id="resp_2"),
    ]

    async def play() -> None:
        async with async_session(wire) as session:
            stream = await session.create(model="m")
            steering = await session.steer(previous_response_id="resp_1", input="More")
            assert isinstance(await steering.answer(), SteerAccepted)
            successor = await steering.outcome()
            assert isinstance(successor, AsyncEventStream)
            assert await steering.outcome() is successor
            assert (await successor.get_final_response()).output_text == "Yo"
            await stream.aclose()

    run(play())


def test_async_steering_returns_failures(wire: FakeSocket) -> None:
    wire.script += [steer_event("failed", error={"message": "No"})]

    async def play() -> None:
        async with async_session(wire) as session:
            steering = await session.steer(previous_response_id="resp_1", input="More")
            assert isinstance(await steering.outcome(), SteerFailed)

    run(play())


def test_async_session_that_was_forgotten_warns(wire: FakeSocket) -> None:
    session = async_session(wire)
    run(session.__aenter__())
    with pytest.warns(
        ResourceWarning, match="AsyncWebSocketSession was not closed: use it in a block of `async with`"
    ):
        del session
    gc.collect()


def test_async_client_makes_async_sessions() -> None:
    session = AsyncClient(api_key=KEY, base_url="http://api.test/v1").responses.connect(lanes=False)
    assert repr(session) == "<AsyncWebSocketSession http://api.test/v1: not yet open>"


def test_refusal_is_an_error_in_async_sessions_too(clock: Clock) -> None:
    io = FakeIO(clock, bad(400, {"message": "No"}))
    with pytest.raises(BadRequestError):
        run(AsyncWebSocketSession(io, settings(), {}).__aenter__())
