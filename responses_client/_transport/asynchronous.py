"""The async driver: sends over `httpx.AsyncClient`, on asyncio and trio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from inspect import isawaitable
from typing import TypeVar, cast

import anyio
import httpx

from .._base import clock
from .._base.clock import Deadline
from .._base.http import Headers
from .http_library import (
    CLOSE_SECONDS,
    DRAIN_SECONDS,
    MAX_DRAIN_PIECES,
    TIMED_OUT,
    HttpLibrary,
    is_raw,
    make_client,
    package_of,
    refuse_if_closed,
)
from .keyed_locks import AsyncKeyedLocks
from .protocols import Body, Socket, TransportError, WireRequest

__all__ = ["AsyncIO"]

T = TypeVar("T")


_UNWIND_PIECES = 4096  # more than a buffer holds


class AsyncIO:
    """Runs on `httpx.AsyncClient`, one for each event loop unless the user brings one."""

    def __init__(self, client: httpx.AsyncClient | None = None) -> None:
        from anyio.lowlevel import RunVar  # here, since `SyncIO` does without it

        self._given = client
        self._library = HttpLibrary(httpx if client is None else package_of(client, "AsyncClient"))
        self._ours: RunVar[dict[str, httpx.AsyncClient]] = RunVar("clients")
        self._locks = AsyncKeyedLocks()
        self.is_closed = False

    @property
    def is_borrowed(self) -> bool:
        """Whether the connections are the user's."""
        return self._given is not None

    async def send(self, request: WireRequest, deadline: Deadline) -> Body:
        """See `IO`."""
        refuse_if_closed(self)
        client = self._given or self._client(request.url.partition(":")[0])
        built = self._library.build(client, request, deadline)
        remaining = deadline.remaining()
        with self._library, clock.time_limit(remaining), anyio.move_on_after(remaining):
            auth = self._library.auth(request)
            response = await client.send(built, stream=True, auth=auth, follow_redirects=False)
            return _AsyncBody(response, self._library)
        raise TransportError("timeout", TIMED_OUT)

    def _client(self, scheme: str) -> httpx.AsyncClient:
        # A pool is bound to its loop: so one `AsyncClient` serves `asyncio.run` after `asyncio.run`.
        try:
            ours = self._ours.get()
        except LookupError:
            ours = dict[str, httpx.AsyncClient]()
            self._ours.set(ours)
        if scheme not in ours:
            ours[scheme] = make_client(httpx.AsyncClient, scheme)
        return ours[scheme]

    async def sleep(self, seconds: float) -> None:
        """See `IO`."""
        await clock.sleep_async(seconds)

    async def call(self, function: Callable[[], T | Awaitable[T]], deadline: Deadline) -> T:
        """See `IO`."""
        value = function()
        if not isawaitable(value):
            return value
        with anyio.move_on_after(deadline.remaining()):
            return await value
        raise TransportError("timeout", "the api_key function took too long")

    def lock(self, key: object, deadline: Deadline) -> AbstractAsyncContextManager[None]:
        """See `IO`."""
        return self._locks.hold(key, deadline)

    async def close(self) -> None:
        """See `IO`."""
        self.is_closed = True
        with suppress(LookupError):
            for client in self._ours.get().values():
                await client.aclose()


class _AsyncBody:
    def __init__(self, response: httpx.Response, library: HttpLibrary) -> None:
        self.status_code = response.status_code
        self.headers = Headers(response.headers)
        self._response = response
        self._library = library
        source = response.stream if is_raw(response, self.headers) else response.aiter_bytes()
        self._pieces = aiter(cast("AsyncIterator[bytes]", source))
        self._is_finished = False

    async def next(self, deadline: Deadline) -> bytes | None:
        """See `Body`."""
        try:
            if deadline.at is None:
                piece = await anext(self._pieces, None)
            else:
                piece = await self._next_before(deadline)
        except self._library.exceptions as error:
            raise self._library.failure(error) from error
        if piece is None:
            self._is_finished = True
        return piece

    async def _next_before(self, deadline: Deadline) -> bytes | None:
        if not deadline.is_expired:
            remaining = deadline.remaining()
            with clock.time_limit(remaining), anyio.move_on_after(remaining):
                return await anext(self._pieces, None)
        raise TransportError("timeout", TIMED_OUT)

    async def drain(self) -> bytes:
        """See `Body`."""
        pieces: list[bytes] = []
        with anyio.move_on_after(DRAIN_SECONDS), suppress(Exception):
            async for piece in self._pieces:
                pieces.append(piece)
                if len(pieces) == MAX_DRAIN_PIECES:
                    break
            else:
                self._is_finished = True
        return b"".join(pieces)

    async def close(self) -> None:
        """See `Body`."""
        # Cancellation must not leave the connection checked out; a dead peer must not hold us either.
        with anyio.CancelScope(shield=True), anyio.move_on_after(CLOSE_SECONDS):
            if not self._is_finished:
                await self._unwind()
            with suppress(Exception):  # a connection that breaks while it is closed is closed
                await self._response.aclose()

    def socket(self, write_timeout: float | None) -> Socket:
        """See `Body`."""
        from .websocket import AsyncSocket

        return AsyncSocket(self._response, write_timeout)

    async def _unwind(self) -> None:
        """End the library's nested generators now: those left to the garbage collector need tasks of the loop."""
        with anyio.CancelScope() as scope, suppress(Exception):
            scope.cancel()
            for _ in range(_UNWIND_PIECES):
                await anext(self._pieces)
