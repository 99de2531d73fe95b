"""Requests of aiohttp: their arguments, their bodies, and the connections that they must not go by."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import aiohttp
import anyio
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from .._base.overrides import override
from .aiohttp_answers import time_for_headers
from .protocols import Timeouts, WireRequest
from .sockets import is_readable

if TYPE_CHECKING:
    from .upload_bodies import InThread

__all__ = ["send", "time_limit"]

_MAX_LINE_BYTES = 65536  # of the headers of an answer; aiohttp takes 8 KiB, and httpx more
_LIMITS: dict[str, Any] = {"max_line_size": _MAX_LINE_BYTES, "max_field_size": _MAX_LINE_BYTES}
_has_header_limit = "max_headers" in vars(aiohttp.ClientSession)["_request"].__kwdefaults__
if _has_header_limit:  # pragma: no branch  # since aiohttp 3.14
    _LIMITS["max_headers"] = 1000
_PIECE_BYTES = 65536


async def send(
    session: aiohttp.ClientSession, request: WireRequest, proxy: URL | None, in_thread: InThread
) -> aiohttp.ClientResponse:
    """Send a request as it is, and return its answer, of which no byte is decompressed; `in_thread` reads files.

    Raises:
        ValueError: The session cannot send it.
    """
    url = URL(request.url, encoded=True)
    headers = {name: value for name, value in request.headers.items() if value is not None}
    options: dict[str, Any] = {}
    # None in the headers says that there is to be none, not even one that the session or aiohttp adds.
    removed = [name for name in request.headers if name not in headers]
    defaults: Mapping[str, str] = session.headers or {}
    if request.is_foreign:
        removed += ["Authorization", "Cookie", *(name for name in defaults if name not in headers)]
    if request.is_foreign or any(name in defaults for name in removed):
        own: tuple[aiohttp.ClientMiddlewareType, ...] = getattr(session, "_middlewares", ())
        options["middlewares"] = (*own, _Without(removed))
    content = _content_of(request, in_thread)
    _close_stale(session.connector, url)
    try:
        return await session.request(
            request.method,
            url,
            data=content,
            headers=headers,
            skip_auto_headers=["user-agent", "content-type", *removed],
            allow_redirects=False,
            auto_decompress=False,
            raise_for_status=False,
            proxy=proxy,
            timeout=_client_timeout(request.timeouts),
            **_LIMITS,
            **options,
        )
    except BaseException:
        if content is not None:
            content.leave()
        with anyio.CancelScope(shield=True):
            await asyncio.sleep(0)  # in which the event loop closes the socket
        raise


def _close_stale(connector: Any, url: URL) -> None:
    """Close the idle connections that would be used next but have received something.

    That is the end of the connection, or would be read as the answer to the next request. aiohttp looks only for the
    end, and sees it late if the event loop was busy. If a version of aiohttp names its parts differently, connections
    are reused as aiohttp sees fit, and the tests of this module fail.
    """
    pools: Mapping[Any, Any] = getattr(connector, "_conns", {})
    for key, idle in pools.items():
        if key.host == url.raw_host:
            while idle and _is_stale(idle[0][0]):
                idle.popleft()[0].close()


def _is_stale(protocol: Any) -> bool:
    transport = protocol.transport
    if transport is None or protocol.should_close:  # bytes in a buffer
        return True
    sock = transport.get_extra_info("socket")
    return sock is not None and is_readable(sock)


@lru_cache(maxsize=64)
def _client_timeout(timeouts: Timeouts) -> aiohttp.ClientTimeout:
    # The limit that aiohttp calls `connect` is that of the wait for a free connection and of opening one.
    connect = _time_for_connection(timeouts)
    return aiohttp.ClientTimeout(connect=connect, sock_connect=timeouts.connect, sock_read=timeouts.read)


def _time_for_connection(timeouts: Timeouts) -> float | None:
    """Return the seconds for the wait for a free connection and for opening one; None sets no limit."""
    return None if timeouts.pool is None or timeouts.connect is None else timeouts.pool + timeouts.connect


def time_limit(request: WireRequest) -> float | None:
    """Return the seconds in which the headers of an answer come, see `time_for_headers`."""
    if request.size is None:
        return None
    timeouts, pieces = request.timeouts, request.size // _PIECE_BYTES + 1
    return time_for_headers(_time_for_connection(timeouts), timeouts.write, timeouts.read, pieces)


def _content_of(request: WireRequest, in_thread: InThread) -> _Content | None:
    upload, timeout = request.upload, request.timeouts.write
    if upload is not None:
        return _Content(b"", upload.size, timeout, lambda: upload.async_pieces(in_thread))
    return _Content(request.content, len(request.content), timeout) if request.content else None


class _Content(aiohttp.payload.Payload):
    """A body, with a time limit for each piece, which aiohttp does not have."""

    _autoclose = True

    def __init__(
        self,
        content: bytes,
        size: int | None,
        timeout: float | None,
        pieces: Callable[[], AsyncIterator[bytes]] | None = None,
    ) -> None:
        super().__init__(content)
        self._size = size
        self._timeout = timeout
        self._pieces = pieces
        self._transport: asyncio.Transport | None = None

    @override
    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        content: bytes = self._value
        return content.decode(encoding, errors)

    @override
    async def write(self, writer: AbstractStreamWriter) -> None:
        self._transport = getattr(writer, "transport", None)
        content: bytes = self._value
        if self._pieces is not None:
            async for piece in self._pieces():
                await self._write_piece(writer, piece)
            return
        if len(content) <= _PIECE_BYTES:  # goes in one packet with the headers, and waits for nothing
            await writer.write(content)
            return
        view = memoryview(content)
        for start in range(0, len(content), _PIECE_BYTES):
            await self._write_piece(writer, view[start : start + _PIECE_BYTES])

    async def _write_piece(self, writer: AbstractStreamWriter, piece: bytes | memoryview) -> None:
        # An early answer is read first: a server that answers and hangs up makes the next write fail, and aiohttp
        # reads nothing after that.
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(self._timeout):
                await writer.write(piece)
        except TimeoutError:
            raise aiohttp.SocketTimeoutError("Timeout on writing data to socket") from None

    def leave(self) -> None:
        """Close the connection, of which aiohttp would wait until the peer has read all."""
        if self._transport is not None:
            self._transport.abort()


class _Without:
    """A middleware of aiohttp that removes headers, among them those of the session."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        for name in self._names:
            request.headers.popall(name, None)
        return await handler(request)
