"""httpx transports to an embedded server in process: event by event, with the client's read timeout."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Protocol

import anyio
import anyio.lowlevel
import httpx

from .._base import clock
from ._http_types import Answer, bounded_wait


class Exchange(Protocol):
    """The part of a server that a transport needs."""

    def handle(self, method: str, url: str, headers: httpx.Headers, body: bytes) -> Answer:
        """Return the answer to a request."""
        ...

    def opened(self) -> Callable[[], None]:
        """Count an opened stream; return the function to call when it is closed."""
        ...


class ServerTransport(httpx.BaseTransport):
    """A transport for `httpx.Client`; `sleep` waits in place of the clock, for tests that take no time."""

    def __init__(self, server: Exchange, sleep: Callable[[float], None] | None = None) -> None:
        self._server = server
        self._sleep = sleep or clock.sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request; the steps of the body are taken while it is read."""
        body = request.read()
        answer = self._server.handle(request.method, str(request.url), request.headers, body)
        limit = _read_timeout(request)
        for seconds in bounded_wait(answer.pace.delay, limit):
            self._sleep(seconds)
        return _response(answer, SyncBody(answer.steps(limit), self._sleep, _closer(self._server, answer)))


class AsyncServerTransport(httpx.AsyncBaseTransport):
    """A transport for `httpx.AsyncClient`, on asyncio and trio; `sleep` waits in place of the clock."""

    def __init__(self, server: Exchange, sleep: Callable[[float], None] | None = None) -> None:
        self._server = server
        self._sleep = _in_async(sleep) if sleep else clock.sleep_async

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request; the steps of the body are taken while it is read."""
        body = await request.aread()
        await anyio.lowlevel.checkpoint()
        answer = self._server.handle(request.method, str(request.url), request.headers, body)
        limit = _read_timeout(request)
        for seconds in bounded_wait(answer.pace.delay, limit):
            await self._sleep(seconds)
        return _response(answer, AsyncBody(answer.steps(limit), self._sleep, _closer(self._server, answer)))


class SyncBody(httpx.SyncByteStream):
    """A body that takes its steps while it is read."""

    def __init__(
        self, steps: Iterator[float | bytes], sleep: Callable[[float], None], on_close: Callable[[], None]
    ) -> None:
        self._steps = steps
        self._sleep = sleep
        self._on_close = on_close

    def __iter__(self) -> Iterator[bytes]:
        for step in self._steps:
            if isinstance(step, bytes):
                yield step
            else:
                self._sleep(step)

    def close(self) -> None:
        """Count the stream as closed, whether it was read to its end or not."""
        self._on_close()


class AsyncBody(httpx.AsyncByteStream):
    """A body that takes its steps while it is read; other tasks may run before each event."""

    # An iterator, not an async generator, which would wait for the garbage collector if it is left early.
    def __init__(
        self,
        steps: Iterator[float | bytes],
        sleep: Callable[[float], Awaitable[None]],
        on_close: Callable[[], None],
    ) -> None:
        self._steps = steps
        self._sleep = sleep
        self._on_close = on_close

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        await anyio.lowlevel.checkpoint()
        for step in self._steps:
            if isinstance(step, bytes):
                return step
            await self._sleep(step)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Count the stream as closed, whether it was read to its end or not."""
        self._on_close()


def _in_async(sleep: Callable[[float], None]) -> Callable[[float], Awaitable[None]]:
    async def wait(seconds: float) -> None:
        sleep(seconds)

    return wait


def _read_timeout(request: httpx.Request) -> float | None:
    timeout: dict[str, float | None] = request.extensions.get("timeout", {})
    return timeout.get("read")


def _closer(server: Exchange, answer: Answer) -> Callable[[], None]:
    """Return the function to call at the end of a body; only streams of events are counted."""
    return server.opened() if answer.stream else lambda: None


def _response(answer: Answer, body: SyncBody | AsyncBody) -> httpx.Response:
    headers = {"content-type": answer.content_type, **answer.headers}
    return httpx.Response(answer.status, headers=headers, stream=body)
