"""Sends and reads over connections taken over from HTTP, sync and async, under the protocol `Socket`."""

from __future__ import annotations

import asyncio
import logging
import selectors
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext, suppress
from sys import modules
from typing import Any

import anyio
import httpx

from .._base.messages import MAX_BODY_CHARS, one_line
from ..errors import ConfigurationError
from .protocols import Bell, TransportError, run

__all__ = ["AsyncSocket", "SyncSocket"]

logger = logging.getLogger("responses_client")

_READ_BYTES = 65536
_PIECE = 16384  # as much as the system takes at once when it takes anything
_GLANCE = 0.001
_CLOSE_SECONDS = 1.0
_selector = getattr(selectors, "PollSelector", selectors.SelectSelector)

Work = Callable[[], Coroutine[Any, Any, None]]


def _stream_of(response: httpx.Response) -> Any:
    """Return what carries the answer, once the protocol has been switched."""
    stream = response.extensions.get("network_stream")
    if stream is None or response.http_version == "HTTP/2":
        raise ConfigurationError(
            "http_client cannot carry a WebSocket; use one with httpx's own transport and without http2"
        )
    return stream


class _Errors:
    """The exceptions of the library that carries the connection (httpcore, httpcore2), and of sockets."""

    def __init__(self, stream: object) -> None:
        packages = [modules.get(cls.__module__.partition(".")[0]) for cls in type(stream).__mro__]
        late = [getattr(package, "TimeoutException", TimeoutError) for package in packages]
        names = ("NetworkError", "ProtocolError")
        others = [getattr(package, name, OSError) for package in packages for name in names]
        lost = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)
        self.late: tuple[type[Exception], ...] = (*late, TimeoutError)
        self.all: tuple[type[Exception], ...] = (*self.late, *others, *lost, OSError)


def _failure(error: BaseException) -> TransportError:
    text = one_line(str(error), MAX_BODY_CHARS)
    return TransportError("network", f"{type(error).__name__}: {text}" if text else type(error).__name__)


class _SyncBell:
    def __init__(self) -> None:
        self._event = threading.Event()

    def ring(self) -> None:
        """See `Bell`."""
        self._event.set()

    async def wait(self, left: float | None) -> None:
        """See `Bell`."""
        self._event.wait(left)


class SyncSocket:
    """A connection that threads share.

    Threads wait for the socket side by side, but only one at a time touches it: neither TLS nor the timeout of a
    socket, which is set for each wait, can be used by two threads.
    """

    def __init__(self, response: httpx.Response, write_timeout: float | None) -> None:
        self._response = response
        self._stream = _stream_of(response)
        self._errors = _Errors(self._stream)
        self._timeout = write_timeout
        sock = self._stream.get_extra_info("socket")
        self._socket = sock if isinstance(sock, socket.socket) else None
        self._touching = threading.Lock()
        self._writing = threading.Lock()
        # What the stream holds itself: what came with the answer's headers, or was decrypted inside of other TLS.
        self._may_have_more = True
        self._is_nested = isinstance(self._stream.get_extra_info("ssl_object"), ssl.SSLObject)

    async def read(self, left: float | None) -> bytes | None:
        """See `Socket`."""
        if self._socket is None:  # a transport that has none, such as one for tests
            return self._receive(left)
        until = None if left is None else time.monotonic() + left
        while True:
            if not self._may_have_more and not self._ready(self._socket, selectors.EVENT_READ, until):
                return None
            with self._touching:
                data = self._receive(_GLANCE)
            self._may_have_more = data is not None and (self._is_nested or len(data) == _READ_BYTES)
            if data is not None:
                return data

    def _receive(self, seconds: float | None) -> bytes | None:
        try:
            data: bytes = self._stream.read(_READ_BYTES, seconds)
        except self._errors.late:
            return None
        except self._errors.all as error:
            raise _failure(error) from error
        return data

    def _ready(self, sock: socket.socket, event: int, until: float | None) -> bool:
        """Wait until the socket can be read or written; a closed one can, as it raises then."""
        pending: Callable[[], int] | None = getattr(sock, "pending", None)  # of TLS, decrypted already
        try:
            if event == selectors.EVENT_READ and pending is not None and pending():
                return True
            with _selector() as selector:
                selector.register(sock, event)
                left = None if until is None else max(until - time.monotonic(), 0)
                return bool(selector.select(left))
        except (OSError, ValueError):
            return True

    async def write(self, make: Callable[[], bytes], left: float | None = None) -> None:
        """See `Socket`."""
        start = time.monotonic()
        if not self._writing.acquire(timeout=-1 if left is None else left):
            raise TransportError("timeout", "another message was still being sent")
        try:
            ends = [] if left is None else [start + left]
            ends += [] if self._timeout is None else [time.monotonic() + self._timeout]
            until = min(ends, default=None)
            self._wait_to_send(until)
            data = make()
            try:
                self._send(data, until)
            except BaseException:
                await self.close()  # the server would take what comes next for the rest of this message
                raise
        finally:
            self._writing.release()

    def _wait_to_send(self, until: float | None) -> None:
        if self._socket is not None and not self._ready(self._socket, selectors.EVENT_WRITE, until):
            raise TransportError("timeout", "the server did not take the message in time")

    def _send(self, data: bytes, until: float | None) -> None:
        for start in range(0, len(data), _PIECE):
            self._wait_to_send(until)
            left = None if until is None else max(until - time.monotonic(), _GLANCE)
            try:
                with self._touching:
                    self._stream.write(data[start : start + _PIECE], left)
            except self._errors.all as error:
                raise _failure(error) from error

    def bell(self) -> Bell:
        """See `Socket`."""
        return _SyncBell()

    def start(self, work: Work) -> None:
        """See `Socket`."""
        threading.Thread(target=lambda: run(work()), daemon=True).start()

    def finishing(self, seconds: float) -> AbstractContextManager[object]:
        """See `Socket`."""
        return nullcontext()

    async def close(self) -> None:
        """See `Socket`."""
        if self._socket is not None:
            with suppress(OSError):
                # Not `SSLSocket.shutdown`, after which the rest could be read, still encrypted.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        with self._touching, suppress(Exception):
            self._response.close()


class _AsyncBell:
    def __init__(self) -> None:
        self._event = anyio.Event()

    def ring(self) -> None:
        """See `Bell`."""
        self._event.set()

    async def wait(self, left: float | None) -> None:
        """See `Bell`."""
        with anyio.move_on_after(left):
            await self._event.wait()


class AsyncSocket:
    """A connection that tasks share.

    What is to be sent is sent by a task of its own: who asked for it may be cancelled, and half a message would end
    the connection for all others.
    """

    def __init__(self, response: httpx.Response, write_timeout: float | None) -> None:
        self._response = response
        self._stream = _stream_of(response)
        self._errors = _Errors(self._stream)
        self._timeout = write_timeout
        self._outbox = deque[tuple[bytes, anyio.Event]]()
        self._failed: TransportError | None = None
        self._tasks = set[asyncio.Task[None]]()
        self._closing = anyio.Lock()

    async def read(self, left: float | None) -> bytes | None:
        """See `Socket`."""
        try:
            with anyio.move_on_after(left):
                data: bytes = await self._stream.read(_READ_BYTES)
                return data
        except self._errors.all as error:
            raise _failure(error) from error
        return None

    async def write(self, make: Callable[[], bytes], left: float | None = None) -> None:
        """See `Socket`."""
        sent = anyio.Event()
        if self._failed is None:
            self._outbox.append((make(), sent))
            if len(self._outbox) == 1:
                self.start(self._send)
            with anyio.move_on_after(left):
                await sent.wait()
        if self._failed is not None:
            raise TransportError("network", self._failed.reason) from self._failed.__cause__

    async def _send(self) -> None:
        try:
            while self._outbox:
                await self._stream.write(self._outbox[0][0], self._timeout)
                self._outbox.popleft()[1].set()
        except Exception as error:
            self._failed = _failure(error)
            self._failed.__cause__ = error
        finally:
            while self._outbox:
                self._outbox.popleft()[1].set()

    def bell(self) -> Bell:
        """See `Socket`."""
        return _AsyncBell()

    def start(self, work: Work) -> None:
        """See `Socket`."""

        async def guarded() -> None:
            try:
                await work()
            except Exception:  # of which trio would end the program
                logger.exception("A task of a WebSocket session failed")

        # Not a task group: a session may be left in another task than the one that entered it.
        if "trio" in type(anyio.Event()).__module__:
            from trio.lowlevel import spawn_system_task

            spawn_system_task(guarded)
        else:
            task = asyncio.get_running_loop().create_task(guarded())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def finishing(self, seconds: float) -> AbstractContextManager[object]:
        """See `Socket`."""
        return anyio.move_on_after(seconds, shield=True)

    async def close(self) -> None:
        """See `Socket`."""
        with anyio.move_on_after(_CLOSE_SECONDS, shield=True):
            async with self._closing:  # who comes second waits, too
                with suppress(Exception):
                    await self._response.aclose()
