"""A WebSocket that plays scripts, with the clock of `fake_io`."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeAlias

import pytest
from fake_io import Clock, FakeBody, FakeIO
from samples import KEY, response
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Event, Ping, Pong, TextMessage

from responses_client._calls.settings import Settings
from responses_client._transport.protocols import TransportError
from responses_client._websocket.frames import accept_token
from responses_client._websocket.session import WebSocketSession

NONCE = "dGhlIHNhbXBsZSBub25jZQ=="

Step: TypeAlias = "Mapping[str, Any] | str | bytes | float | Event | BaseException | Callable[[], object]"
"""An event, a text, frames or bytes that come, seconds that pass, what is raised, or what else happens."""


class FakeBell:
    """A bell of one who waits alone: if nobody has rung it, the time passes."""

    def __init__(self, socket: FakeSocket) -> None:
        self.socket = socket
        self.rung = 0

    def ring(self) -> None:
        """See `Bell`."""
        self.rung += 1

    async def wait(self, left: float | None) -> None:
        """See `Bell`."""
        for happens in self.socket.while_waiting[:1]:
            self.socket.while_waiting.remove(happens)
            happens()
        if not self.rung:
            assert left is not None, "nobody rings, and there is no end to wait for"
            self.socket.clock.now += left


class FakeSocket:
    """Gives the steps in order; afterwards nothing comes."""

    def __init__(self, clock: Clock, *script: Step) -> None:
        self.clock = clock
        self.script = list(script)
        self.heard: list[Event] = []
        self.works: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self.lefts: list[float | None] = []
        self.while_waiting: list[Callable[[], object]] = []
        self.closed = 0
        self.broken: BaseException | None = None
        self._last_at = clock.now
        self._speaks, self._hears = (Connection(ConnectionType.SERVER) for _ in range(2))

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The events that the client sent."""
        return [json.loads(event.data) for event in self.heard if isinstance(event, TextMessage)]

    async def read(self, left: float | None) -> bytes | None:
        """See `Socket`."""
        self.lefts.append(left)
        until = None if left is None else self.clock.now + left
        while self.script and self._has_come(until):
            step = self.script.pop(0)
            self._last_at = self.clock.now
            if isinstance(step, BaseException):
                raise step
            if isinstance(step, bytes):
                return step
            if isinstance(step, Mapping):
                step = json.dumps(step)
            if isinstance(step, str):
                step = TextMessage(step)
            if isinstance(step, Event):
                return self._speaks.send(step)
            if callable(step):
                step()
        assert until is not None, "nothing comes any more, and there is no end to wait for"
        self.clock.now = max(self.clock.now, until)
        return None

    def _has_come(self, until: float | None) -> bool:
        """Wait for the next step, if it is seconds, as long as there is time; they count from the step before."""
        step = self.script[0]
        if not isinstance(step, float):
            return True
        comes_at = self._last_at + step
        if until is not None and comes_at > until:
            return False
        self.clock.now = max(self.clock.now, comes_at)
        return True

    async def write(self, make: Callable[[], bytes], left: float | None = None) -> None:
        """See `Socket`."""
        data = make()
        if self.broken is not None:
            raise self.broken
        self._hears.receive_data(data)
        self.heard += self._hears.events()

    def bell(self) -> FakeBell:
        """See `Socket`."""
        return FakeBell(self)

    def start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """See `Socket`."""
        self.works.append(work)

    def finishing(self, seconds: float) -> AbstractContextManager[object]:
        """See `Socket`."""
        return nullcontext()

    async def close(self) -> None:
        """See `Socket`."""
        self.closed += 1


class Upgraded(FakeBody):
    """The answer that gives a connection over."""

    def __init__(self, socket: FakeSocket, **headers: str) -> None:
        super().__init__(
            status=101,
            headers={"sec-websocket-accept": accept_token(NONCE), "x-request-id": "req_1", **headers},
        )
        self.taken = socket

    def socket(self, write_timeout: float | None) -> FakeSocket:
        """See `Body`."""
        return self.taken


def use_nonce(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the same key sent each time."""
    monkeypatch.setattr("responses_client._websocket.frames.generate_nonce", NONCE.encode)


def session_over(
    socket: FakeSocket, options: Mapping[str, Any] | None = None, **settings: Any
) -> WebSocketSession:
    """A session over a socket, with settings of the client; not yet open."""
    given = Settings(**{"api_key": KEY, "base_url": "http://api.test/v1", **settings})
    io = FakeIO(socket.clock, Upgraded(socket))
    return WebSocketSession(io, given, {"ping_interval": None, **(options or {})})  # type: ignore[typeddict-item]


def created(lane: str | None = "rc-1", **fields: Any) -> dict[str, Any]:
    """The first event of a response."""
    return in_lane(lane, "response.created", response=response("in_progress", **fields))


def delta(text: str, lane: str | None = "rc-1") -> dict[str, Any]:
    """A piece of text."""
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    return in_lane(lane, "response.output_text.delta", delta=text, **place)


def completed(text: str, lane: str | None = "rc-1", **fields: Any) -> dict[str, Any]:
    """The last event of a response."""
    return in_lane(lane, "response.completed", response=response(text=text, **fields))


def in_lane(lane: str | None, kind: str, **fields: Any) -> dict[str, Any]:
    """An event of a lane."""
    return {"type": kind, **({} if lane is None else {"stream_id": lane}), **fields}


def whole(text: str, lane: str | None = "rc-1") -> list[Step]:
    """All events of a response."""
    return [created(lane), delta(text, lane), completed(text, lane)]


LOST = TransportError("network", "ReadError: reset by peer")
GOODBYE = CloseConnection(1000)
__all__ = ["CloseConnection", "Ping", "Pong"]
