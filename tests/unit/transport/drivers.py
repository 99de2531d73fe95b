"""The two drivers over transports in process, and a way to run both."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TypeVar

import anyio
import anyio.lowlevel
import httpx
from waits import settle_async

from responses_client._base.clock import NO_DEADLINE, Deadline
from responses_client._transport.asynchronous import AsyncIO
from responses_client._transport.protocols import Body, Timeouts, WireRequest, run
from responses_client._transport.sync import SyncIO

T = TypeVar("T")
WAITS = Timeouts(5.0, 600.0, None, None)
REQUEST = WireRequest("POST", "http://api.test/v1/responses", {"X-A": "1"}, b"{}", WAITS)
Handler = Callable[[httpx.Request], httpx.Response]


class Driver:
    """One driver over a transport in process, and a way to run its coroutines."""

    def __init__(self, name: str) -> None:
        self.name = name

    def io(self, handler: Handler) -> SyncIO | AsyncIO:
        transport = httpx.MockTransport(handler)
        if self.name == "sync":
            return SyncIO(httpx.Client(transport=transport))
        return AsyncIO(httpx.AsyncClient(transport=transport))

    def play(self, script: Callable[[SyncIO | AsyncIO], Awaitable[T]], handler: Handler) -> T:
        io = self.io(handler)
        if self.name == "sync":
            return run(script(io))
        return anyio.run(script, io, backend=self.name)

    def send(self, handler: Handler, request: WireRequest = REQUEST, timeout: float | None = None) -> Body:
        return self.play(lambda io: io.send(request, Deadline.after(timeout)), handler)


class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces, which counts how often it was closed.

    An exception among the pieces is raised; a number is a wait in seconds.
    """

    def __init__(self, *pieces: bytes | float | BaseException) -> None:
        self.pieces = pieces
        self.given = 0
        self.closed = 0
        self._ended = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, BaseException):
                raise piece
            if isinstance(piece, float):
                self._ended.wait(piece)
            else:
                self.given += 1
                yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, BaseException):
                raise piece
            if isinstance(piece, float):
                await settle_async(piece)
            else:
                self.given += 1
                yield piece

    def close(self) -> None:
        self.closed += 1
        self._ended.set()

    async def aclose(self) -> None:
        self.closed += 1


def answering(stream: Pieces, **headers: str) -> Handler:
    return lambda _: httpx.Response(200, headers=headers, stream=stream)


async def read(body: Body) -> list[bytes]:
    pieces = []
    while (piece := await body.next(NO_DEADLINE)) is not None:
        pieces.append(piece)
    await body.close()
    return pieces
