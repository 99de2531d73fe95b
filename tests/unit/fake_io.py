"""A scripted outside world, with a clock that only moves when something waits."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar, cast

import pytest
from samples import KEY, response

from responses_client._base.clock import Deadline
from responses_client._base.http import Headers
from responses_client._calls.endpoints import RESPONSES_CREATE
from responses_client._calls.operation import Operation
from responses_client._calls.request import Call, prepare
from responses_client._calls.settings import Settings
from responses_client._transport.protocols import Body, TransportError, WireRequest
from responses_client.models import Response

Piece: TypeAlias = bytes | float | BaseException | Callable[[], object]
"""Bytes that come, seconds that pass before the next ones, an exception to raise, or a function to call meanwhile."""


T = TypeVar("T")


class Clock:
    """A clock in place of the module `time`, moved by waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Return a reading in seconds."""
        return self.now

    def time(self) -> float:
        """Return Unix time."""
        return 1_700_000_000.0 + self.now


class FakeBody:
    """An answer: a status, headers, and pieces that come one after the other."""

    def __init__(self, *pieces: Piece, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.status_code = status
        self.headers = Headers({"content-type": "application/json", **(headers or {})})
        self.pieces = list(pieces)
        self.clock: Clock | None = None
        self.drained = 0
        self.closed = 0

    async def next(self, deadline: Deadline) -> bytes | None:
        while self.pieces:
            piece = self.pieces.pop(0)
            if isinstance(piece, bytes):
                return piece
            if isinstance(piece, BaseException):
                raise piece
            if callable(piece):
                piece()
            else:
                pass_time(cast("Clock", self.clock), piece, deadline)
        return None

    async def drain(self) -> bytes:
        self.drained += 1
        rest, self.pieces = self.pieces, []
        return b"".join(piece for piece in rest if isinstance(piece, bytes))

    async def close(self) -> None:
        self.closed += 1


def pass_time(clock: Clock, seconds: float, deadline: Deadline) -> None:
    """Wait; fail when the deadline comes first."""
    if deadline.at is not None and clock.now + seconds > deadline.at:
        clock.now = deadline.at
        raise TransportError("timeout", "the time for it was up")
    clock.now += seconds


Answer: TypeAlias = FakeBody | BaseException | float


class FakeIO:
    """An outside world that gives answers in order; a number among them is the seconds before the next one."""

    def __init__(self, clock: Clock, *answers: Answer) -> None:
        self.clock = clock
        self.answers = list(answers)
        self.requests: list[WireRequest] = []
        self.timeouts: list[float | None] = []
        self.slept: list[float] = []
        self.call_timeouts: list[float | None] = []
        self.locked = 0
        self.before_lock: Callable[[], object] | None = None
        self.is_closed = False

    async def send(self, request: WireRequest, deadline: Deadline) -> Body:
        self.requests.append(request)
        self.timeouts.append(deadline.remaining())
        while isinstance(answer := self.answers.pop(0), float):
            pass_time(self.clock, answer, deadline)
        if isinstance(answer, BaseException):
            raise answer
        answer.clock = self.clock
        return answer

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.now += seconds

    async def call(self, function: Callable[[], T | Awaitable[T]], deadline: Deadline) -> T:
        self.call_timeouts.append(deadline.remaining())
        return cast("T", function())

    @asynccontextmanager
    async def lock(self, key: object, deadline: Deadline) -> AsyncGenerator[None, None]:
        if self.before_lock is not None:
            self.before_lock()
        self.locked += 1
        yield

    async def close(self) -> None:
        self.is_closed = True


def use_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace the clock of the package, and the chance in its delays."""
    clock = Clock()
    for name in ("monotonic", "time"):
        monkeypatch.setattr(f"responses_client._base.clock.{name}", getattr(clock, name))
    monkeypatch.setattr("responses_client._calls.attempts.random.random", lambda: 0.0)
    return clock


def call(params: Mapping[str, Any] | None = None, **options: Any) -> Call[Response]:
    """A checked call of `responses.create`; `options` are settings of the client."""
    settings = Settings(**{"api_key": KEY, "base_url": "http://api.test/v1", **options})
    operation = cast("Operation[Response]", RESPONSES_CREATE)
    return prepare(operation, {"model": "m", "input": "Hi", **(params or {})}, settings)


def good(**headers: str) -> FakeBody:
    """An answer with a response."""
    return FakeBody(json.dumps(response()).encode(), headers=headers)


def bad(status: int, error: Mapping[str, Any] | None = None, **headers: str) -> FakeBody:
    """An answer with an error."""
    body = json.dumps({"error": error or {}}).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return FakeBody(body, status=status, headers=names)


def stream(*pieces: Piece, kind: str = "text/event-stream") -> FakeBody:
    """An answer that is a stream."""
    return FakeBody(*pieces, headers={"content-type": kind, "x-request-id": "req_1"})


def types(events: Sequence[Any]) -> list[str]:
    """The types of events, without their common prefix."""
    return [event.wire_type.removeprefix("response.") for event in events]
