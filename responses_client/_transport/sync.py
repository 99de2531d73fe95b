"""The sync driver: sends over `httpx.Client`, and never suspends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from inspect import isawaitable
from typing import Any, TypeVar, cast

import httpx

from .._base import clock
from .._base.clock import Deadline
from .._base.http import Headers
from .._base.validation import needs_async
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
from .keyed_locks import SyncKeyedLocks
from .protocols import Body, Socket, TransportError, WireRequest

__all__ = ["SyncIO"]

T = TypeVar("T")


class SyncIO:
    """Runs on `httpx.Client`, made at the first request unless the user brings one."""

    def __init__(self, client: httpx.Client | None = None) -> None:
        self._given = client
        self._ours: dict[str, httpx.Client] = {}  # by scheme
        self._library = HttpLibrary(httpx if client is None else package_of(client, "Client"))
        self._lock = threading.Lock()
        self._locks = SyncKeyedLocks()
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
        auth = self._library.auth(request)
        send = partial(client.send, built, stream=True, auth=auth, follow_redirects=False)
        remaining = deadline.remaining()
        with self._library, clock.time_limit(remaining):
            response = send() if remaining is None else _send_in_thread(remaining, send)
        return _SyncBody(response, self._library, deadline)

    def _client(self, scheme: str) -> httpx.Client:
        with self._lock:
            if scheme not in self._ours:
                self._ours[scheme] = make_client(httpx.Client, scheme)
            return self._ours[scheme]

    async def sleep(self, seconds: float) -> None:
        """See `IO`."""
        clock.sleep(seconds)

    async def call(self, function: Callable[[], T | Awaitable[T]], deadline: Deadline) -> T:
        """See `IO`."""
        value = function()
        if not isawaitable(value):
            return value
        if isinstance(value, Coroutine):
            cast("Coroutine[Any, Any, T]", value).close()
        raise needs_async("api_key")

    def lock(self, key: object, deadline: Deadline) -> AbstractAsyncContextManager[None]:
        """See `IO`."""
        return self._locks.hold(key, deadline)

    async def close(self) -> None:
        """See `IO`."""
        self.is_closed = True
        for client in self._ours.values():
            client.close()


def _send_in_thread(seconds: float, send: Callable[[], httpx.Response]) -> httpx.Response:
    """Send in a thread, which can be left when the time is up; an answer that comes later is closed.

    Timeouts alone do not end a look-up of a name, nor headers of which another byte comes now and then.
    """
    from .threads import TimedOut, run_with_timeout  # here, since most calls have no deadline

    try:
        return run_with_timeout(seconds, send, on_late=httpx.Response.close)
    except TimedOut:
        raise TransportError("timeout", TIMED_OUT) from None


class _SyncBody:
    def __init__(self, response: httpx.Response, library: HttpLibrary, deadline: Deadline) -> None:
        self.status_code = response.status_code
        self.headers = Headers(response.headers)
        self._response = response
        self._library = library
        source = response.stream if is_raw(response, self.headers) else response.iter_bytes()
        self._pieces = iter(cast("Iterator[bytes]", source))
        self._socket = _socket_of(response)
        self._is_finished = False
        self._is_late = False
        remaining = deadline.remaining()
        self._timer = None if remaining is None or self._socket is None else self._start_timer(remaining)

    def _start_timer(self, seconds: float) -> threading.Timer:
        timer = threading.Timer(max(seconds, 0), self._expire)
        timer.daemon = True
        timer.start()
        return timer

    def _expire(self) -> None:
        self._is_late = True
        self._cut_off()

    def _cut_off(self) -> bool:
        """End the reads at once, if that is possible: a blocking read cannot be told to stop in another way."""
        if self._socket is None or self._is_finished or self._response.is_closed:
            return False
        with suppress(OSError):
            # Not `SSLSocket.shutdown`, after which the rest could be read, still encrypted.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        return True

    async def next(self, deadline: Deadline) -> bytes | None:
        """See `Body`."""
        if deadline.is_expired:
            raise TransportError("timeout", TIMED_OUT)
        try:
            if deadline.at is None or clock.is_real:
                piece = next(self._pieces, None)
            else:
                with clock.time_limit(deadline.remaining()):
                    piece = next(self._pieces, None)
        except self._library.exceptions as error:
            raise (
                TransportError("timeout", TIMED_OUT) if self._is_late else self._library.failure(error)
            ) from error
        if piece is None:
            if self._is_late:
                raise TransportError("timeout", TIMED_OUT)
            self._is_finished = True
        return piece

    async def drain(self) -> bytes:
        """See `Body`."""
        pieces: list[bytes] = []
        # With HTTP/2, nothing has to be read, and no read could be ended.
        if not self._is_finished and self._response.http_version != "HTTP/2":
            # A thread, because a transport that has no socket, such as one for tests, cannot be cut off.
            reader = threading.Thread(target=self._read_on, args=(pieces,), daemon=True)
            with suppress(RuntimeError):  # no new threads as Python ends, and no connection to keep
                reader.start()
                reader.join(DRAIN_SECONDS)
                if reader.is_alive() and self._cut_off():
                    reader.join(CLOSE_SECONDS)
        return b"".join(pieces)

    def _read_on(self, pieces: list[bytes]) -> None:
        with suppress(Exception):
            for piece in self._pieces:
                pieces.append(piece)
                if len(pieces) == MAX_DRAIN_PIECES:
                    return
            self._is_finished = True

    async def close(self) -> None:
        """See `Body`."""
        if self._timer is not None:
            self._timer.cancel()
        self._cut_off()  # for a thread that waits in `next`
        with suppress(Exception):  # a connection that breaks while it is closed is closed
            self._response.close()

    def socket(self, write_timeout: float | None) -> Socket:
        """See `Body`."""
        from .websocket import SyncSocket

        if self._timer is not None:
            self._timer.cancel()
        return SyncSocket(self._response, write_timeout)


def _socket_of(response: httpx.Response) -> socket.socket | None:
    """Return the socket that carries this answer alone."""
    stream: Any = response.extensions.get("network_stream")
    sock = stream.get_extra_info("socket") if stream is not None else None
    return sock if isinstance(sock, socket.socket) and response.http_version != "HTTP/2" else None
