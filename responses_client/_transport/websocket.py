"""The sockets of WebSocket sessions, sync and async: connections that were taken over from HTTP, as `Socket`s."""

from __future__ import annotations

import asyncio
import logging
import selectors
import ssl
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext, suppress
from sys import modules
from typing import Any, TypeAlias

import anyio
import httpx
from typing_extensions import override

from .._base import forks
from .._base.clock import NO_REAL_DEADLINE, RealDeadline
from .._base.messages import MAX_BODY_CHARS, one_line
from ..errors import ConfigurationError
from .lost_connections import released
from .protocols import Event, Socket, TransportError, run
from .sockets import shut_down, socket_below

__all__ = ["AsyncSocket", "SyncSocket"]

logger = logging.getLogger("responses_client")

# Of the smallest frames, which a server may send in floods, these take 50 ms of CPU; so long do other tasks wait, and
# deadlines are not looked at. One record of TLS has no more.
_READ_BYTES = 16384
_WRITE_BYTES = 16384  # a socket that is writable takes about this much without blocking; also one TLS record
# For reads and writes that are known to be possible; 0 would make the socket non-blocking.
_POLL_SECONDS = 0.001
_CLOSE_TIMEOUT_SECONDS = 1.0
_TOO_LATE = "the server did not take the message in time"
# `select`, which Windows has, cannot watch descriptors from 1024 on.
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)

AsyncFunction: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


def _network_stream(response: httpx.Response) -> Any:
    """Return the connection below an answer with status 101.

    Raises:
        ConfigurationError: The transport of the HTTP client gives no access to it, or shares it by HTTP/2.
    """
    stream = response.extensions.get("network_stream")
    if stream is None or response.http_version == "HTTP/2":
        raise ConfigurationError(
            "http_client cannot carry a WebSocket; use one with httpx's own transport and without http2"
        )
    return stream


class _LibraryErrors:
    """The exceptions that a connection can raise: those of its library (httpcore, httpcore2), of anyio, of sockets.

    The library is found by the class of the connection: which one it is depends on the user's HTTP client.

    Attributes:
        timeouts: Those of a wait that took too long.
        all: These and all others.
    """

    def __init__(self, stream: object) -> None:
        packages = [modules.get(cls.__module__.partition(".")[0]) for cls in type(stream).__mro__]
        timeouts = [getattr(package, "TimeoutException", TimeoutError) for package in packages]
        names = ("NetworkError", "ProtocolError")
        others = [getattr(package, name, OSError) for package in packages for name in names]
        lost = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)
        self.timeouts: tuple[type[Exception], ...] = (*timeouts, TimeoutError)
        self.all: tuple[type[Exception], ...] = (*self.timeouts, *others, *lost, OSError)


def _transport_error(error: BaseException) -> TransportError:
    text = one_line(str(error), MAX_BODY_CHARS)
    return TransportError("network", f"{type(error).__name__}: {text}" if text else type(error).__name__)


def _refuse_in_child(made_in: int) -> None:
    if made_in != forks.generation:
        raise TransportError("network", forks.FORKED)


class _SyncEvent(Event):
    def __init__(self) -> None:
        self._event = threading.Event()

    @override
    def set(self) -> None:
        self._event.set()

    @override
    async def wait(self, deadline: RealDeadline) -> None:
        self._event.wait(deadline.remaining())


class SyncSocket(Socket):
    """A connection that threads share.

    Threads wait for the socket at the same time, by `select`, but only the holder of `_io_lock` reads or writes: two
    threads can neither use one TLS connection nor one timeout of a socket, which the library sets for each operation.
    So a thread first waits without the lock until the socket is ready, and then takes it for at most `_POLL_SECONDS`.
    """

    def __init__(self, response: httpx.Response, write_timeout: float | None) -> None:
        self._response = response
        self._stream = _network_stream(response)
        self._errors = _LibraryErrors(getattr(self._stream, "wrapped", self._stream))
        self._write_timeout = write_timeout
        self._process = forks.generation
        self._socket = socket_below(self._stream)
        self._io_lock = threading.Lock()
        self._write_lock = threading.Lock()
        # `select` does not see bytes that the library already has: those that came with the headers of the answer,
        # and, of TLS inside the TLS of a proxy, those that are decrypted.
        self._may_have_buffered_data = True
        self._is_nested_tls = isinstance(self._stream.get_extra_info("ssl_object"), ssl.SSLObject)

    @override
    async def read(self, deadline: RealDeadline) -> bytes | None:
        _refuse_in_child(self._process)
        if self._socket is None:
            return self._receive(deadline.remaining())
        while True:
            if not (self._may_have_buffered_data or self._wait_until_ready(selectors.EVENT_READ, deadline)):
                return None
            with self._io_lock:
                data = self._receive(_POLL_SECONDS)
            # Ready without data happens: a part of a TLS record came, or a record that has no data for us.
            self._may_have_buffered_data = data is not None and (
                self._is_nested_tls or len(data) == _READ_BYTES
            )
            if data is not None:
                return data

    def _receive(self, timeout: float | None) -> bytes | None:
        try:
            data: bytes = self._stream.read(_READ_BYTES, timeout)
        except self._errors.timeouts:
            return None
        except self._errors.all as error:
            raise _transport_error(error) from error
        return data

    def _wait_until_ready(self, direction: int, deadline: RealDeadline) -> bool:
        """Wait until the socket can be read or written; return False when the deadline has passed."""
        if self._socket is None:
            return True
        # Of TLS: the number of bytes that are decrypted.
        pending: Callable[[], int] | None = getattr(self._socket, "pending", None)
        try:
            if direction == selectors.EVENT_READ and pending is not None and pending():
                return True
            with _Selector() as selector:
                selector.register(self._socket, direction)
                return bool(selector.select(deadline.remaining()))
        except (OSError, ValueError):  # the socket is closed: let the read or write raise the error
            return True

    @override
    async def write(self, make: Callable[[], bytes], deadline: RealDeadline = NO_REAL_DEADLINE) -> None:
        _refuse_in_child(self._process)
        remaining = deadline.remaining()
        if not self._write_lock.acquire(timeout=-1 if remaining is None else max(remaining, 0)):
            raise TransportError("timeout", "another message was still being sent")
        try:
            deadline = deadline.earlier(RealDeadline.after(self._write_timeout))
            self._wait_until_writable(deadline)
            data = make()
            try:
                self._send(data, deadline)
            except BaseException as error:
                # The server would take the next message for the rest of this one.
                await self.close()
                if isinstance(
                    error, TransportError
                ):  # of any kind, and "timeout" would say that nothing broke
                    raise TransportError("network", error.reason) from error.__cause__
                raise
        finally:
            self._write_lock.release()

    def _wait_until_writable(self, deadline: RealDeadline) -> None:
        if not self._wait_until_ready(selectors.EVENT_WRITE, deadline):
            raise TransportError("timeout", _TOO_LATE)

    def _send(self, data: bytes, deadline: RealDeadline) -> None:
        # In pieces, so that a reader gets the lock in between: the server may take no more before it is read itself.
        for start in range(0, len(data), _WRITE_BYTES):
            self._wait_until_writable(deadline)
            remaining = deadline.remaining()
            timeout = None if remaining is None else max(remaining, _POLL_SECONDS)
            try:
                with self._io_lock:
                    self._stream.write(data[start : start + _WRITE_BYTES], timeout)
            except self._errors.all as error:
                raise _transport_error(error) from error

    @override
    def new_event(self) -> Event:
        return _SyncEvent()

    @override
    def start(self, function: AsyncFunction) -> None:
        threading.Thread(target=lambda: run(function()), daemon=True).start()

    @override
    def shield(self, timeout: float) -> AbstractContextManager[object]:
        return nullcontext()

    @override
    async def close(self) -> None:
        if self._process != forks.generation:
            forks.leave_to_parent(self)
            return
        if self._socket is not None:
            shut_down(self._socket)  # wakes the threads that wait for it
        with self._io_lock, suppress(Exception):
            self._response.close()


class _AsyncEvent(Event):
    def __init__(self) -> None:
        self._event = anyio.Event()

    @override
    def set(self) -> None:
        self._event.set()

    @override
    async def wait(self, deadline: RealDeadline) -> None:
        with anyio.move_on_after(deadline.remaining()):
            await self._event.wait()


class AsyncSocket(Socket):
    """A connection that tasks share.

    A background task sends the messages of an outbox, and ends when the outbox is empty: a task that sends can be
    cancelled at any time, and half a message would end the connection for all others. When `write` is cancelled, or
    raises at its deadline, the message is still sent.
    """

    def __init__(self, response: httpx.Response, write_timeout: float | None) -> None:
        self._response = response
        self._stream = _network_stream(response)
        self._errors = _LibraryErrors(getattr(self._stream, "wrapped", self._stream))
        self._write_timeout = write_timeout
        self._process = forks.generation
        self._outbox = deque[tuple[bytes, anyio.Event]]()
        self._send_error: TransportError | None = None
        self._tasks = set[asyncio.Task[None]]()
        self._close_lock = anyio.Lock()

    @override
    async def read(self, deadline: RealDeadline) -> bytes | None:
        _refuse_in_child(self._process)
        try:
            with anyio.move_on_after(deadline.remaining()):
                data: bytes = await self._stream.read(_READ_BYTES)
                return data
        except self._errors.all as error:
            raise _transport_error(error) from error
        return None

    @override
    async def write(self, make: Callable[[], bytes], deadline: RealDeadline = NO_REAL_DEADLINE) -> None:
        _refuse_in_child(self._process)
        sent = anyio.Event()
        if self._send_error is None:
            self._outbox.append((make(), sent))
            if len(self._outbox) == 1:
                self.start(self._send)
            with anyio.move_on_after(deadline.remaining()):
                await sent.wait()
            if not sent.is_set():
                raise TransportError("timeout", _TOO_LATE)
        if self._send_error is not None:
            raise TransportError("network", self._send_error.reason) from self._send_error.__cause__

    async def _send(self) -> None:
        try:
            while self._outbox:
                await self._stream.write(self._outbox[0][0], self._write_timeout)
                self._outbox.popleft()[1].set()
        except Exception as error:
            self._send_error = _transport_error(error)
            self._send_error.__cause__ = error
        finally:
            while self._outbox:
                self._outbox.popleft()[1].set()

    @override
    def new_event(self) -> Event:
        return _AsyncEvent()

    @override
    def start(self, function: AsyncFunction) -> None:
        async def guarded() -> None:
            try:
                await function()
            except Exception:  # trio ends the program when a system task raises
                logger.exception("A task of a WebSocket session failed")

        # Not a task group: only the task that entered it may leave it, but any task may close a session.
        if "trio" in type(anyio.Event()).__module__:
            from trio.lowlevel import spawn_system_task

            spawn_system_task(guarded)
        else:
            task = asyncio.get_running_loop().create_task(guarded())
            self._tasks.add(task)  # asyncio itself keeps only weak references to tasks
            task.add_done_callback(self._tasks.discard)

    @override
    def shield(self, timeout: float) -> AbstractContextManager[object]:
        return anyio.move_on_after(timeout, shield=True)

    @override
    async def close(self) -> None:
        if self._process != forks.generation:
            forks.leave_to_parent(self)
            return
        with anyio.move_on_after(_CLOSE_TIMEOUT_SECONDS, shield=True):
            # A second caller also returns only when the connection is closed.
            async with released(self._response), self._close_lock:
                with suppress(Exception):
                    await self._response.aclose()
