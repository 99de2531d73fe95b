"""Calls with observers over a scripted outside world: in plain functions, on asyncio and on trio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

import anyio
from fake_io import FakeIO, call
from stream_shells import Stream
from typing_extensions import override

from responses_client._calls.attempts import fetch
from responses_client._calls.hooks import RequestInfo, ResponseInfo
from responses_client._calls.observers import Observer
from responses_client._streaming.http_source import http_source
from responses_client._streaming.streams import AsyncEventStream, EventStream
from responses_client._transport.protocols import run
from responses_client.models import Response

T = TypeVar("T")


class Player:
    """Runs calls and streams in one mode."""

    def __init__(self, mode: str) -> None:
        self.mode = mode

    def run(self, script: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a script."""
        return run(script()) if self.mode == "sync" else anyio.run(script, backend=self.mode)

    def fetch(self, io: FakeIO, params: dict[str, Any] | None = None, **options: Any) -> Response:
        """Create a response."""
        return self.run(lambda: fetch(io, call(params, **options)))

    def opened(self, io: FakeIO, params: dict[str, Any] | None = None, **options: Any) -> Stream:
        """A stream, not yet open."""
        source = http_source(io, call({"stream": True, **(params or {})}, **options))
        return Stream(EventStream(source) if self.mode == "sync" else AsyncEventStream(source))

    def play(self, script: Callable[[Stream], Awaitable[T]], stream: Stream) -> T:
        """Run a script with a stream."""

        async def main() -> T:
            return await script(stream)

        return self.run(main)

    def events(self, io: FakeIO, params: dict[str, Any] | None = None, **options: Any) -> list[Any]:
        """Read a stream to its end."""

        async def script(stream: Stream) -> list[Any]:
            async with stream:
                return await stream.rest()

        return self.play(script, self.opened(io, params, **options))


class RecordingObserver(Observer):
    """Telemetry and observer in one that records all notifications."""

    def __init__(self, **added: str) -> None:
        self.notifications: list[Any] = []
        self.added = added
        self.depth = 0

    def observe(self, call: Any) -> Observer:
        self.notifications.append(f"{call.operation.name} starts")
        return self

    @override
    def around(self) -> AbstractContextManager[object]:
        @contextmanager
        def block() -> Any:
            self.depth += 1
            try:
                yield
            finally:
                self.depth -= 1

        return block()

    @override
    def headers(self) -> dict[str, str]:
        return self.added

    @override
    def on_request(self, request: RequestInfo) -> None:
        self.notifications.append(f"try {request.try_number}")

    @override
    def on_response(self, answer: ResponseInfo) -> None:
        status = None if answer.meta is None else answer.meta.status_code
        self.notifications.append((status, None if answer.error is None else type(answer.error).__name__))

    @override
    def on_retry(self, operation: str, delay: float, reason: str) -> None:
        self.notifications.append((operation, delay, reason))

    @override
    def on_events(self, events: Any) -> None:
        self.notifications.append([event.type.removeprefix("response.") for event in events])

    @override
    def on_end(self, error: BaseException | None, partial: Callable[[], Response | None]) -> None:
        said = partial()
        self.notifications.append(
            ("ended", None if error is None else type(error).__name__, said and said.output_text)
        )
