"""A `Socket` that plays scripts, with the clock of `fake_io`, and sessions over it."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeAlias

import pytest
from fake_io import Clock, FakeBody, FakeIO, pass_time, use_clock
from samples import KEY, response
from typing_extensions import override
from wsproto.connection import Connection as WireConnection
from wsproto.connection import ConnectionType
from wsproto.events import CloseConnection, Ping, Pong, TextMessage
from wsproto.events import Event as WireEvent

from responses_client import EventStream, WebSocketSession
from responses_client._base.clock import NO_REAL_DEADLINE, RealDeadline
from responses_client._calls.settings import Settings
from responses_client._transport.protocols import Event, Socket, TransportError
from responses_client._websocket.connection import Connection
from responses_client._websocket.frames import accept_token

NONCE = "dGhlIHNhbXBsZSBub25jZQ=="

Step: TypeAlias = "Mapping[str, Any] | str | bytes | float | WireEvent | BaseException | Callable[[], object]"
"""An event, a string, frames or bytes that arrive; seconds that pass; an exception to raise; a function to call."""


class FakeEvent(Event):
    """An event in a test of one thread: time passes until the deadline, unless `while_waiting` sets the event."""

    def __init__(self, socket: FakeSocket) -> None:
        self.socket = socket
        self.is_set = False

    @override
    def set(self) -> None:
        self.is_set = True

    @override
    async def wait(self, deadline: RealDeadline) -> None:
        if self.socket.while_waiting:
            self.socket.while_waiting.pop(0)()
        if not self.is_set:
            assert deadline.at is not None, "nothing sets the event, and the wait has no deadline"
            self.socket.clock.now = max(self.socket.clock.now, deadline.at)


class FakeSocket(Socket):
    """Plays a script of arrivals; after its end nothing arrives.

    Attributes:
        script: The steps still to come.
        while_waiting: Functions to call, one during each wait for a `FakeEvent`.
        received: The frames that the client sent.
        read_timeouts: The seconds that each read was allowed to take.
        background: The functions that were started in the background; a test runs them itself.
        closed: The number of calls of `close`.
        broken: Raised by writes unless it is None.
        before_write: A function to call in each write.
        write_seconds: The seconds that each write takes.
    """

    def __init__(self, clock: Clock, *script: Step) -> None:
        self.clock = clock
        self.script = list(script)
        self.received: list[WireEvent] = []
        self.background: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self.read_timeouts: list[float | None] = []
        self.while_waiting: list[Callable[[], object]] = []
        self.closed = 0
        self.broken: BaseException | None = None
        self.write_seconds = 0.0
        self.before_write: Callable[[], object] | None = None
        self._last_at = clock.now
        self._sender, self._receiver = (WireConnection(ConnectionType.SERVER) for _ in range(2))

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The API events that the client sent."""
        return [json.loads(event.data) for event in self.received if isinstance(event, TextMessage)]

    @override
    async def read(self, deadline: RealDeadline) -> bytes | None:
        self.read_timeouts.append(deadline.remaining())
        while self.script and self._has_come(deadline):
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
            if isinstance(step, WireEvent):
                return self._sender.send(step)
            if callable(step):
                step()
        assert deadline.at is not None, "the script is over, and the read has no deadline"
        self.clock.now = max(self.clock.now, deadline.at)
        return None

    def _has_come(self, deadline: RealDeadline) -> bool:
        """Pass the seconds of the next step, counted from the step before; False if the deadline comes first."""
        step = self.script[0]
        if not isinstance(step, float):
            return True
        comes_at = self._last_at + step
        if deadline.at is not None and comes_at > deadline.at:
            return False
        self.clock.now = max(self.clock.now, comes_at)
        return True

    @override
    async def write(self, make: Callable[[], bytes], deadline: RealDeadline = NO_REAL_DEADLINE) -> None:
        data = make()
        if self.before_write is not None:
            self.before_write()
        if self.broken is not None:
            raise self.broken
        pass_time(self.clock, self.write_seconds, deadline)
        self._receiver.receive_data(data)
        self.received += self._receiver.events()

    @override
    def new_event(self) -> FakeEvent:
        return FakeEvent(self)

    @override
    def start(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.background.append(function)

    @override
    def shield(self, timeout: float) -> AbstractContextManager[object]:
        return nullcontext()

    @override
    async def close(self) -> None:
        self.closed += 1


class Upgraded(FakeBody):
    """The answer with status 101, which hands a connection over."""

    def __init__(self, socket: FakeSocket, **headers: str) -> None:
        super().__init__(
            status=101,
            headers={"sec-websocket-accept": accept_token(NONCE), "x-request-id": "req_1", **headers},
        )
        self.taken = socket

    def socket(self, write_timeout: float | None) -> FakeSocket:
        """Return the connection; see `Body`."""
        return self.taken


def use_socket_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace the clock of the package, the real clock of WebSockets, and the random key of handshakes."""
    clock = use_clock(monkeypatch)
    monkeypatch.setattr(RealDeadline, "now", clock.monotonic)
    use_nonce(monkeypatch)
    return clock


def use_nonce(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send the same key in each handshake, so that `Upgraded` has the answer to it."""
    monkeypatch.setattr("responses_client._websocket.frames.generate_nonce", NONCE.encode)


def settings(**given: Any) -> Settings:
    """Settings of a client, with a key and an address."""
    return Settings(**{"api_key": KEY, "base_url": "http://api.test/v1", **given})


def session_on(io: FakeIO, **options: Any) -> WebSocketSession:
    """A session, not yet open, without pings unless an option says so."""
    return WebSocketSession(io, settings(), {"ping_interval": None, **options})


def session_over(
    socket: FakeSocket, options: Mapping[str, Any] | None = None, **given: Any
) -> WebSocketSession:
    """A session over a socket, with options and with settings of the client; not yet open."""
    io = FakeIO(socket.clock, Upgraded(socket))
    return WebSocketSession(io, settings(**given), {"ping_interval": None, **(options or {})})


def ask(session: WebSocketSession, **params: Any) -> EventStream:
    """The stream of a new response."""
    return session.create(model="m", input="Hi", **params)


def held_up_streams(wire: FakeSocket, session: WebSocketSession) -> tuple[EventStream, EventStream]:
    """Two streams: the events of the first exceed 1,500 bytes, and those of the second come after them."""
    streams = ask(session), ask(session)
    wire.script += [
        created("rc-1"),
        delta("x" * 900, "rc-1"),
        delta("y" * 900, "rc-1"),
        *whole("Two", "rc-2"),
    ]
    return streams


def connection_of(session: WebSocketSession) -> Connection:
    """The connection of a session that is open."""
    found = session._core.connection
    assert found is not None
    return found


def created(lane: str | None = "rc-1", **fields: Any) -> dict[str, Any]:
    """The first event of a response."""
    return in_lane(lane, "response.created", response=response("in_progress", **fields))


def delta(text: str, lane: str | None = "rc-1") -> dict[str, Any]:
    """An event with a piece of text."""
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    return in_lane(lane, "response.output_text.delta", delta=text, **place)


def completed(text: str, lane: str | None = "rc-1", **fields: Any) -> dict[str, Any]:
    """The last event of a response."""
    return in_lane(lane, "response.completed", response=response(text=text, **fields))


def in_lane(lane: str | None, kind: str, **fields: Any) -> dict[str, Any]:
    """An event of a lane, or without one."""
    return {"type": kind, **({} if lane is None else {"stream_id": lane}), **fields}


def whole(text: str, lane: str | None = "rc-1") -> list[Step]:
    """All events of a response with an id made of the text: the first, one delta, the last."""
    id = f"resp_{text}"
    return [created(lane, id=id), delta(text, lane), completed(text, lane, id=id)]


def steer_event(what: str, **fields: Any) -> dict[str, Any]:
    """An event about input that steers the response `resp_1`."""
    about = {"id": "steer_1", "previous_response_id": "resp_1", **fields.pop("steer", {})}
    return in_lane("rc-1", f"response.steer.{what}", steer=about, **fields)


LOST = TransportError("network", "ReadError: reset by peer")
CLOSE = CloseConnection(1000)
__all__ = ["CloseConnection", "Ping", "Pong"]
