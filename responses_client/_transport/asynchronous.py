"""The async driver: sends over `httpx.AsyncClient`, on asyncio and trio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from inspect import isawaitable
from sys import modules
from typing import TYPE_CHECKING, Any, TypeVar, cast

import anyio
import anyio.lowlevel
import httpx

from .._base import clock, forks
from .._base.clock import Deadline
from .._base.http import Headers
from .._base.overrides import override
from .environment import Proxies, tls_context
from .framing import end_if_out_of_step
from .http_library import (
    CLOSE_SECONDS,
    CLOSED,
    DRAIN_SECONDS,
    HTTP2,
    MAX_DRAIN_PIECES,
    TIMED_OUT,
    GivenClient,
    HttpLibrary,
    package_of,
    refuse_if_closed,
)
from .loop_pools import LoopPool, LoopPools
from .lost_connections import close_lost, released
from .protocols import IO, Body, Socket, TransportError, WireRequest

if TYPE_CHECKING:
    from .decompression import Decompressor

__all__ = ["AsyncIO"]

T = TypeVar("T")
_UNWIND_PIECES = 4096  # more than a buffer holds


class AsyncIO(IO):
    """The outside world over `httpx.AsyncClient`: the user's, or one of ours for each event loop and URL scheme."""

    def __init__(self, client: httpx.AsyncClient | None = None) -> None:
        self._given = None if client is None else GivenClient(client)
        self._library = HttpLibrary(httpx if client is None else package_of(client, "AsyncClient"))
        self._pools = LoopPools()
        self._process = forks.generation
        self.is_closed: bool = False

    @property
    def is_borrowed(self) -> bool:
        """Whether the connections are the user's."""
        return self._given is not None

    @override
    async def send(self, request: WireRequest, deadline: Deadline) -> Body:
        refuse_if_closed(self)
        if self._given is not None:
            client = self._given.here()
        else:
            client = await self._here().client(request.url)
        built = self._library.build(client, request, deadline, is_given=self._given is not None)
        remaining = deadline.remaining()
        try:
            with self._library, clock.time_limit(remaining), anyio.move_on_after(remaining):
                auth = self._library.auth(request)
                response = await self._send(client, built, auth)
                body = _AsyncBody(response, self._library, self)
                if self.is_closed and self._given is None:  # while it connected
                    await body.close()
                    refuse_if_closed(self)
                return body
        except TransportError as failure:
            refuse_if_closed(self)
            self._library.name_proxy(failure, client, built)
            raise
        late = TransportError("timeout", TIMED_OUT)
        self._library.name_proxy(late, client, built)
        try:
            raise late
        finally:
            del late  # its traceback holds this frame

    async def _send(self, client: httpx.AsyncClient, request: httpx.Request, auth: Any) -> httpx.Response:
        send = partial(client.send, request, stream=True, auth=auth, follow_redirects=False)
        try:
            if self._given is None or "aiohttp" not in modules:
                return await send()
            from .aiohttp_answers import send_over

            response: httpx.Response = await send_over(client, request, send)
            return response
        except BaseException as error:
            await self.leave_streams()
            if not isinstance(error, Exception):
                await close_lost(client)
            raise

    async def leave_streams(self, response: httpx.Response | None = None) -> None:
        """Tell HTTP/2 servers that an answer, or one that has not begun, is left before its end."""
        if self._given is None:  # ours speak HTTP/1.1
            return
        from .http2 import leave_streams_async

        with anyio.CancelScope(shield=True), anyio.move_on_after(CLOSE_SECONDS), suppress(Exception):
            await leave_streams_async(self._given.here(), response)

    async def in_thread(self, function: Callable[[], object]) -> None:
        """Call a function in a thread, so that other tasks go on."""
        await anyio.to_thread.run_sync(function)

    async def make_client(self, url: str) -> None:
        """Make the HTTP client for a URL, with the certificates that it needs, and open no connection."""
        if self._given is None:
            scheme, proxy = url.partition(":")[0], Proxies().for_url(url)
            with suppress(OSError):  # becomes a `ConfigurationError` below
                await self.in_thread(lambda: tls_context(scheme, proxy))  # the certificates take long to read
            await self._here().client(url)

    def _here(self) -> LoopPool:
        """Return the clients and locks of this event loop; after a fork, no others are left."""
        if self._process != forks.generation:
            forks.leave_to_parent(self._pools)
            self._pools, self._process = LoopPools(), forks.generation
        return self._pools.here()

    @override
    async def sleep(self, seconds: float) -> None:
        await clock.sleep_async(seconds)

    @override
    async def call(self, function: Callable[[], T | Awaitable[T]], deadline: Deadline) -> T:
        value = function()
        if not isawaitable(value):
            return value
        with anyio.move_on_after(deadline.remaining()):
            return await value
        raise TransportError("timeout", "the api_key function took too long")

    @override
    def lock(self, key: object, deadline: Deadline) -> AbstractAsyncContextManager[None]:
        return self._here().locks.hold(key, deadline)

    @override
    async def close(self) -> None:
        self.is_closed = True
        self._here()
        await self._pools.close()


class _AsyncBody(Body):
    def __init__(self, response: httpx.Response, library: HttpLibrary, io: AsyncIO) -> None:
        self._io = io
        self._process = forks.generation
        self.status_code = response.status_code
        self.headers = Headers(response.headers)
        self._response = response
        self._library = library
        self._raw = _raw_pieces(response)
        self._pieces = self._raw
        encodings = self.headers.get("content-encoding")
        if encodings is not None and not response.is_stream_consumed:
            self._pieces = _decompressed(self._raw, encodings)
        self._is_finished = False

    @override
    async def next(self, deadline: Deadline) -> bytes | None:
        if self._process != forks.generation:
            raise TransportError("network", forks.FORKED)
        try:
            if deadline.at is None:
                piece = await anext(self._pieces, None)
            else:
                piece = await self._next_before(deadline)
        except Exception as error:
            if not self._library.is_failure(error):
                raise
            self._library.fail(error, self._end_by_us())
        if piece is None:
            self._is_finished = True
        return piece

    def _end_by_us(self) -> TransportError | None:
        """Return the reason why this process ended the body; None if it did not."""
        return TransportError("network", CLOSED) if self._io.is_closed else None

    async def _next_before(self, deadline: Deadline) -> bytes | None:
        if not deadline.is_expired:
            remaining = deadline.remaining()
            with clock.time_limit(remaining), anyio.move_on_after(remaining):
                return await anext(self._pieces, None)
        raise TransportError("timeout", TIMED_OUT)

    @override
    async def drain(self) -> bytes:
        pieces: list[bytes] = []
        if self._process != forks.generation:
            return b""
        with anyio.move_on_after(DRAIN_SECONDS), suppress(Exception):
            async for piece in self._pieces:
                pieces.append(piece)
                if len(pieces) == MAX_DRAIN_PIECES:
                    break
            else:
                self._is_finished = True
        return b"".join(pieces)

    @override
    async def close(self) -> None:
        if self._process != forks.generation:
            forks.leave_to_parent(self)
            return
        # Shielded, because cancellation must not leave the connection checked out of the pool; with a limit, because a
        # dead peer must not hold up a cancelled task.
        with anyio.CancelScope(shield=True), anyio.move_on_after(CLOSE_SECONDS):
            async with released(self._response):
                if not self._is_finished:
                    if self._response.http_version == HTTP2:
                        await self._io.leave_streams(self._response)
                    await self._unwind()
                with suppress(Exception):  # a connection that breaks while it is closed is closed
                    end_if_out_of_step(self._response)
                    await self._response.aclose()
        self._library.free(self._response)

    @override
    def socket(self, write_timeout: float | None) -> Socket:
        from .websocket import AsyncSocket

        return AsyncSocket(self._response, write_timeout)

    async def _unwind(self) -> None:
        """End the nested generators of the library now.

        The garbage collector would hand them to the event loop, which needs a task for each, and may be closed by then.
        A cancelled scope ends `anext` at its first real wait; buffered pieces come without one, hence the loop.
        """
        with anyio.CancelScope() as scope, suppress(Exception):
            scope.cancel()
            for _ in range(_UNWIND_PIECES):
                await anext(self._raw)


def _raw_pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """Return the body in pieces as they come, or from a hook or an auth object that has read and decompressed it."""
    # The stream of the transport: to read it directly skips a layer of the library, for each piece of each stream.
    source = response.aiter_bytes() if response.is_stream_consumed else response.stream
    return aiter(cast("AsyncIterator[bytes]", source))


def _decompressed(raw: AsyncIterator[bytes], encodings: str) -> AsyncIterator[bytes]:
    from .decompression import Decompressor  # here, because few answers are compressed

    decompressor = Decompressor(encodings)
    return _Decompressed(raw, decompressor) if decompressor.is_needed else raw


class _Decompressed(AsyncIterator[bytes]):
    """A body that is decompressed. It is no generator, so that nothing waits in it when the body is closed."""

    def __init__(self, raw: AsyncIterator[bytes], decompressor: Decompressor) -> None:
        self._raw = raw
        self._decompressor = decompressor
        self._ready: Iterator[bytes] = iter(())
        self._has_given = False

    @override
    async def __anext__(self) -> bytes:
        if self._has_given:  # a piece that stands for many must not keep the other tasks waiting
            await anyio.lowlevel.checkpoint()
        while (piece := next(self._ready, None)) is None:
            self._has_given = False
            raw = await anext(self._raw, None)
            if raw is None:
                self._decompressor.end()
                raise StopAsyncIteration
            self._ready = self._decompressor.feed(raw)
        self._has_given = True
        return piece
