"""The async driver: sends over `httpx.AsyncClient`, on asyncio and trio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from inspect import isawaitable
from sys import modules
from typing import Any, TypeVar, cast

import anyio
import httpx

from .._base import clock, forks
from .._base.clock import Deadline
from .._base.http import Headers
from .._base.overrides import override
from .async_bytes import async_bytes
from .bodies import PiecesBody
from .chunks import chunks_of_async
from .environment import Proxies, tls_context
from .framing import end_if_out_of_step
from .http_library import (
    CLOSE_SECONDS,
    HTTP2,
    TIMED_OUT,
    GivenClient,
    HttpLibrary,
    package_of,
    refuse_if_closed,
)
from .loop_pools import LoopPool, LoopPools, own_client
from .lost_connections import close_lost, released
from .protocols import IO, Body, Socket, TransportError, WireRequest

__all__ = ["AsyncIO"]

T = TypeVar("T")
_UNWIND_PIECES = 4096  # more than a buffer holds


class AsyncIO(IO):
    """The outside world over `httpx.AsyncClient`: the user's, or one of ours for each event loop and URL scheme."""

    def __init__(self, client: httpx.AsyncClient | None = None) -> None:
        self._given = None if client is None else GivenClient(client)
        package: Any = httpx if client is None else package_of(client, "AsyncClient")
        self.library: HttpLibrary = HttpLibrary(package)
        self._bytes_body = async_bytes(package)
        self._pools = self._new_pools()
        self._process = forks.generation
        self.is_closed: bool = False

    def _new_pools(self) -> LoopPools:
        return LoopPools(own_client)

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
        built = self.library.build(
            client, request, deadline, is_given=self._given is not None, in_thread=self.in_thread
        )
        if request.upload is None:
            built.stream = self._bytes_body(request.content)
        remaining = deadline.remaining()
        try:
            with self.library, clock.time_limit(remaining), anyio.move_on_after(remaining):
                auth = self.library.auth(request)
                response = await self._send(client, built, auth)
                body = _HttpxBody(response, self.library, self)
                if self.is_closed and self._given is None:  # while it connected
                    await body.close()
                    refuse_if_closed(self)
                return body
        except TransportError as failure:
            refuse_if_closed(self)
            self.library.name_proxy(failure, client, built)
            raise
        late = TransportError("timeout", TIMED_OUT)
        self.library.name_proxy(late, client, built)
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

    @override
    async def in_thread(self, function: Callable[[], T], /) -> T:
        return await anyio.to_thread.run_sync(function)

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
            self._pools, self._process = self._new_pools(), forks.generation
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


class _HttpxBody(PiecesBody):
    def __init__(self, response: httpx.Response, library: HttpLibrary, io: AsyncIO) -> None:
        super().__init__(
            io,
            library,
            response.status_code,
            Headers(response.headers),
            _raw_pieces(response),
            is_raw=not response.is_stream_consumed,
        )
        self._async_io = io
        self._response = response

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
                        await self._async_io.leave_streams(self._response)
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
                await anext(self.raw)


def _raw_pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """Return the body in pieces as they come, or from a hook or an auth object that has read and decompressed it."""
    # The stream of the transport: to read it directly skips a layer of the library, for each piece of each stream.
    if response.is_stream_consumed:
        return response.aiter_bytes()
    return chunks_of_async(response, aiter(cast("AsyncIterator[bytes]", response.stream)))
