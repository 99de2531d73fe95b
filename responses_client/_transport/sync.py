"""The sync driver: sends over `httpx.Client`, and never suspends."""

# How waits end
#
# httpx bounds each operation on a socket: this read, that connect. Two things must end a wait that is under way all
# the same: the deadline of a call, and a `close` from another thread.
#
#     wait                          ended at the deadline by       ended by `close` by
#
#     send: connect, headers        leaving the thread it runs in  (the caller has nothing to close yet)
#     next: a piece of the body     a timer that shuts the socket  shutting the socket down
#                                   down
#     drain: the rest of the body   50 ms, then as `close`         shutting the socket down
#
# - Nothing ends the look-up of a name, and headers of which one byte comes now and then never exceed a read timeout.
#   So a send with a deadline runs in a thread of its own, whose late answer is closed (`threads.run_with_timeout`).
#   Without a deadline it stays in the caller's thread, where debuggers and profilers expect it.
# - A thread that blocks in `recv` can be woken in one way that works everywhere: `shutdown` of the socket. The read
#   then raises, or reports the end of the body; `_is_late` says that neither is what it looks like.
# - The timer costs a thread per answer, and only answers of calls with a deadline have one.
# - Over HTTP/2, many answers share the socket. It must not be shut down, so that the timeouts of httpx alone end
#   reads; `_Countdown` shrinks them as the deadline comes nearer. The same holds for transports without a socket.
#   An answer that is left resets its stream (`http2.py`).
# - When the body is finished, the library has its connection back and may have given it to another call. From then on
#   the socket is left alone (`_is_finished`).

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import httpx

from .._base import clock, forks
from .._base.clock import Deadline
from .._base.http import Headers
from .._base.overrides import override
from .._base.validation import needs_async
from .chunks import chunks_of
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
from .pools import SyncPools
from .protocols import IO, Body, Socket, TransportError, WireRequest
from .sockets import shut_down, socket_below

if TYPE_CHECKING:
    import socket

__all__ = ["SyncIO"]

T = TypeVar("T")


class SyncIO(IO):
    """The outside world over `httpx.Client`: the user's, or one of ours for each URL scheme, made when first needed."""

    def __init__(self, client: httpx.Client | None = None) -> None:
        self._given = None if client is None else GivenClient(client)
        self._library = HttpLibrary(httpx if client is None else package_of(client, "Client"))
        self._pools = SyncPools()
        self._process = forks.generation
        self.is_closed: bool = False

    @property
    def is_borrowed(self) -> bool:
        """Whether the connections are the user's."""
        return self._given is not None

    @override
    async def send(self, request: WireRequest, deadline: Deadline) -> Body:
        refuse_if_closed(self)
        client = self._here().client(request.url) if self._given is None else self._given.here()
        built = self._library.build(client, request, deadline, is_given=self._given is not None)
        auth = self._library.auth(request)
        send = partial(client.send, built, stream=True, auth=auth, follow_redirects=False)
        close = httpx.Response.close
        if self._given is not None:
            send, close = partial(_send_or_leave, client, send), partial(_close_unread, client)
        remaining = deadline.remaining()
        try:
            with self._library, clock.time_limit(remaining):
                response = send() if remaining is None else _send_in_thread(remaining, send, close)
        except TransportError as failure:
            refuse_if_closed(self)
            self._library.name_proxy(failure, client, built)
            raise
        except BaseException:  # of a signal
            from .lost_connections import close_lost_now

            close_lost_now(client)
            raise
        return _SyncBody(response, self._library, deadline, self, close)

    def make_client(self, url: str) -> None:
        """Make the HTTP client for a URL, with the certificates that it needs, and open no connection."""
        if self._given is None:
            self._here().client(url)

    def _here(self) -> SyncPools:
        """Return the clients and locks of this process: new ones after a fork."""
        with forks.fresh_lock():
            if self._process != forks.generation:
                self._pools.forget()
                self._pools, self._process = SyncPools(), forks.generation
            return self._pools

    @override
    async def sleep(self, seconds: float) -> None:
        clock.sleep(seconds)

    @override
    async def in_thread(self, function: Callable[[], T], /) -> T:
        return function()

    @override
    async def call(self, function: Callable[[], T | Awaitable[T]], deadline: Deadline) -> T:
        value = function()
        if not isawaitable(value):
            return value
        if isinstance(value, Coroutine):  # closed, it does not warn that it was never awaited
            cast("Coroutine[Any, Any, T]", value).close()
        raise needs_async("api_key")

    @override
    def lock(self, key: object, deadline: Deadline) -> AbstractAsyncContextManager[None]:
        return self._here().locks.hold(key, deadline)

    @override
    async def close(self) -> None:
        self.is_closed = True
        self._here().close()


def _send_or_leave(client: httpx.Client, send: Callable[[], httpx.Response]) -> httpx.Response:
    """Send over a client of the user; if that is interrupted, tell an HTTP/2 server that the request has ended."""
    try:
        return send()
    except BaseException:
        _leave_streams(client)
        raise


def _close_unread(client: httpx.Client, response: httpx.Response) -> None:
    """Close an answer of a client of the user that was not read to its end, and tell an HTTP/2 server of it."""
    if response.http_version == HTTP2:
        _leave_streams(client, response)
    response.close()


def _leave_streams(client: httpx.Client, response: httpx.Response | None = None) -> None:
    from .http2 import leave_streams
    from .threads import run_with_timeout

    # In a thread, because another one may hold the lock that is needed to write. None may start as Python ends.
    with suppress(Exception):
        run_with_timeout(CLOSE_SECONDS, partial(leave_streams, client, response))


def _send_in_thread(
    seconds: float, send: Callable[[], httpx.Response], close: Callable[[httpx.Response], object]
) -> httpx.Response:
    """Send in a thread that is left when time is up: its connection is ended, and an answer that comes later closed."""
    from .network import Sending, sending  # here, since most calls have no deadline
    from .threads import TimedOut, run_with_timeout

    request = Sending()
    token = sending.set(request)  # for the thread, which starts with a copy of this context
    try:
        return run_with_timeout(seconds, send, on_late=close)
    except BaseException as error:  # Ctrl-C, too
        request.leave()
        if isinstance(error, TimedOut):
            raise TransportError("timeout", TIMED_OUT) from None
        raise
    finally:
        sending.reset(token)


class _SyncBody(Body):
    def __init__(
        self,
        response: httpx.Response,
        library: HttpLibrary,
        deadline: Deadline,
        io: IO,
        close: Callable[[httpx.Response], object],
    ) -> None:
        self._io = io
        self._close_unread = close
        self._process = forks.generation
        self.status_code = response.status_code
        self.headers = Headers(response.headers)
        self._response = response
        self._library = library
        self._pieces = _pieces_of(response, self.headers)
        self._socket = _own_socket(response)
        self._is_finished = False
        self._is_late = False
        remaining = deadline.remaining()
        self._timer = None if remaining is None or self._socket is None else self._start_timer(remaining)

    def _start_timer(self, seconds: float) -> threading.Timer:
        timer = threading.Timer(max(seconds, 0), self._expire)
        timer.daemon = True
        timer.start()
        return timer

    def _cancel_timer(self) -> None:
        timer, self._timer = self._timer, None  # it holds this body
        if timer is not None:
            timer.cancel()

    def _expire(self) -> None:
        self._is_late = True
        self._end_reads()

    def _end_reads(self) -> bool:
        """End the reads of this body at once, in whichever thread; return False where that is not possible."""
        if self._socket is None or self._is_finished or self._response.is_closed:
            return False
        shut_down(self._socket)
        return True

    @override
    async def next(self, deadline: Deadline) -> bytes | None:
        if self._process != forks.generation:
            raise TransportError("network", forks.FORKED)
        if deadline.is_expired:
            raise TransportError("timeout", TIMED_OUT)
        try:
            if deadline.at is None or clock.is_real:
                piece = next(self._pieces, None)
            else:
                with clock.time_limit(deadline.remaining()):
                    piece = next(self._pieces, None)
        except TransportError:  # of the decompression
            self._raise_if_ended()
            raise
        except Exception as error:
            if not self._library.is_failure(error):
                raise
            self._library.fail(error, self._end_by_us())
        if piece is None:
            self._raise_if_ended()  # it only looks like the end
            self._is_finished = True
        return piece

    def _end_by_us(self) -> TransportError | None:
        """Return the reason why this process ended the body; None if it did not."""
        if self._is_late:
            return TransportError("timeout", TIMED_OUT)
        return TransportError("network", CLOSED) if self._io.is_closed else None

    def _raise_if_ended(self) -> None:
        ended = self._end_by_us()
        if ended is not None:
            try:
                raise ended from None
            finally:
                del ended  # its traceback holds this frame

    @override
    async def drain(self) -> bytes:
        pieces: list[bytes] = []
        if self._process != forks.generation:
            return b""
        # With HTTP/2, nothing has to be read to use the connection again, and no read could be ended.
        if not self._is_finished and self._response.http_version != HTTP2:
            # A thread, because a transport without a socket, such as one for tests, may block forever.
            reader = threading.Thread(target=self._read_rest, args=(pieces,), daemon=True)
            with suppress(RuntimeError):  # no new threads as Python ends, and no connection to keep
                reader.start()
                reader.join(DRAIN_SECONDS)
                if reader.is_alive() and self._end_reads():
                    reader.join(CLOSE_SECONDS)
        return b"".join(pieces)

    def _read_rest(self, pieces: list[bytes]) -> None:
        with suppress(Exception):
            for piece in self._pieces:
                pieces.append(piece)
                if len(pieces) == MAX_DRAIN_PIECES:
                    return
            self._is_finished = True

    @override
    async def close(self) -> None:
        if self._process != forks.generation:
            forks.leave_to_parent(self)
            return
        self._cancel_timer()
        self._end_reads()  # for a thread that waits in `next`
        try:
            end_if_out_of_step(self._response)
            if self._is_finished:
                self._response.close()
            else:
                self._close_unread(self._response)
        except BaseException as error:  # the connection broke, or a signal came
            from .lost_connections import release

            release(self._response)
            if not isinstance(error, Exception):
                raise
        self._library.free(self._response)

    @override
    def socket(self, write_timeout: float | None) -> Socket:
        from .websocket import SyncSocket

        self._cancel_timer()
        return SyncSocket(self._response, write_timeout)


def _pieces_of(response: httpx.Response, headers: Headers) -> Iterator[bytes]:
    """Return the body in pieces, decompressed unless a hook or an auth object has read it before."""
    if response.is_stream_consumed:
        return response.iter_bytes()
    # The stream of the transport: to read it directly skips a layer of the library, for each piece of each stream.
    raw = chunks_of(response, iter(cast("Iterator[bytes]", response.stream)))
    encodings = headers.get("content-encoding")
    if encodings is None:
        return raw
    from .decompression import Decompressor  # here, because few answers are compressed

    decompressor = Decompressor(encodings)
    return decompressor.pieces(raw) if decompressor.is_needed else raw


def _own_socket(response: httpx.Response) -> socket.socket | None:
    """Return the socket that carries this answer alone; None if others share it, or if there is none."""
    stream: Any = response.extensions.get("network_stream")
    return None if stream is None or response.http_version == HTTP2 else socket_below(stream)
