"""The sockets below our own HTTP clients: kept alive, and known from the first byte on, so that a wait can be ended."""

# httpx opens and reads its sockets through a backend of httpcore. `Network` and `AsyncNetwork` stand in front of that
# backend; they add what httpx has no argument for:
#
# - TCP keep-alive, so that a connection which a router forgot is noticed, and is not forgotten while a model thinks.
# - The socket of a request whose headers have not come. There is no answer to close then; but the deadline of a
#   call, and `close` from another thread, must end the wait all the same (`Sending`, `Network.shut_down`).
# - One packet for the head of a request and its body, which httpcore writes apart.
#
# - A time limit while a SOCKS proxy is asked for a connection, where httpcore has none.
# - Time limits of reads that cost little, on asyncio (`timed_reads`).
#
# A cancelled scope ends each wait of an async stream.

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from weakref import WeakSet

from .._base import forks
from .chunks import Unread
from .http_library import CLOSE_SECONDS
from .sockets import shut_down, socket_below

__all__ = ["KEEPALIVE", "AsyncNetwork", "Network", "Sending", "put_below", "sending"]

_N = TypeVar("_N", covariant=True)

# Idle for a minute, then six probes, ten seconds apart: NAT gateways of clouds forget a connection after 4 to 6 minutes.
_KEEPALIVE_VALUES = {"TCP_KEEPIDLE": 60, "TCPKEEPALIVE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 6}
KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    # Each system has some of these; TCPKEEPALIVE is the name of TCP_KEEPIDLE on macOS.
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in _KEEPALIVE_VALUES.items()
        if hasattr(socket, name)
    ),
)


_SMALL_BODY = 65536  # bytes; a copy of it costs less than a packet


class Sending:
    """A request that waits for its answer to begin, and the stream that its thread uses."""

    def __init__(self) -> None:
        self._stream: _Stream | None = None
        self._is_left = False

    def use(self, stream: _Stream) -> None:
        """Note the stream that is read or written next.

        Raises:
            TimeoutError: The caller no longer waits for the answer.
        """
        # `leave` does these two steps in the opposite order, so that one of the two sees the other.
        self._stream = stream
        if self._is_left:
            raise TimeoutError

    def leave(self) -> None:
        """End the current reads and writes of the request, and all later ones."""
        self._is_left = True
        if self._stream is not None:
            self._stream.shut_down()


sending: ContextVar[Sending | None] = ContextVar("sending", default=None)
"""The request that the current thread sends, if its caller may leave."""


class Network:
    """A sync backend of httpcore that knows its open sockets.

    Args:
        backend: The backend that opens the connections.
        is_socks: Whether they lead to a SOCKS proxy.
    """

    def __init__(self, backend: Any, *, is_socks: bool = False) -> None:
        self._backend = backend
        self._is_socks = is_socks
        self._streams = WeakSet[_Stream]()
        self._lock = threading.Lock()
        self._is_shut_down = False
        self._process = forks.generation

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> _Stream:
        """Open a connection; see `httpcore.NetworkBackend`."""
        options = (*KEEPALIVE, *(socket_options or ()))
        stream = self.track(self._backend.connect_tcp(host, port, timeout, local_address, options))
        if self._is_socks:
            stream.handshake = SocksHandshake(timeout)
        try:
            stream.note_use()
        except BaseException:
            stream.close()
            raise
        return stream

    def track(self, stream: Any) -> _Stream:
        """Return a stream of the backend as one that `shut_down` ends."""
        tracked = _Stream(stream, self)
        with self._lock:
            self._streams.add(tracked)
            is_shut_down = self._is_shut_down
        if is_shut_down:  # while it connected
            tracked.shut_down()
        return tracked

    def shut_down(self) -> None:
        """End the reads and writes on all sockets, in whichever thread they wait, and on those that are opened later."""
        if self._process != forks.generation:  # `shutdown` would reach the parent process
            return
        with self._lock:
            self._is_shut_down = True
            streams = list(self._streams)
        for stream in streams:
            stream.shut_down()

    def forget(self) -> None:
        """Close the descriptors of this process and leave the connections to the parent process, after a fork."""
        # Without the lock: a thread of the parent may have held it. Closing says nothing to the peer.
        for stream in list(self._streams):
            stream.close()


class SocksHandshake:
    """The messages before a SOCKS5 proxy is connected; RFC 1928 and RFC 1929.

    Args:
        timeout: The time limit for each answer of the proxy.
    """

    def __init__(self, timeout: float | None) -> None:
        self._timeout = timeout
        self._is_over = False
        self._is_last = False
        self._expected = b""

    def note_write(self, buffer: bytes) -> None:
        """Note the step of the handshake that is sent: the one way to log in, the password, or the server to connect to."""
        if not self._is_over:
            offers = buffer[:2] == b"\x05\x01" and len(buffer) == 3
            self._is_last = buffer[:1] == b"\x05" and not offers
            self._expected = b"\x05" + buffer[2:] if offers else buffer[:1] + b"\x00"

    def limit(self, timeout: float | None) -> float | None:
        """Return the time limit for a read for which httpcore has this one."""
        return timeout if self._is_over else self._timeout

    def is_refused_by(self, answer: bytes) -> bool:
        """Whether an answer ends the handshake badly. httpcore then leaves the connection open."""
        if self._is_over:
            return False
        is_refused = answer[:2] != self._expected
        self._is_over = self._is_last and not is_refused
        return is_refused


class _Stream(Unread):
    """A stream of httpcore; see `httpcore.NetworkStream`.

    Attributes:
        wrapped: The stream of the library itself.
        handshake: That with a SOCKS proxy, if there is one.
    """

    handshake: SocksHandshake | None = None

    def __init__(self, stream: Any, network: Network) -> None:
        self.wrapped = stream
        self._network = network
        self._head = b""  # of a request; httpcore sends the body after it, if only an empty one
        self.close = stream.close
        self.get_extra_info = stream.get_extra_info

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self.unread is not None:
            return self.read_again(max_bytes)
        if self._head:
            self.write(b"", timeout)
        self.note_use()
        if self.handshake is not None:
            return self._read_answer(self.handshake, max_bytes, timeout)
        data: bytes = self.wrapped.read(max_bytes, timeout)
        return data

    def _read_answer(self, handshake: SocksHandshake, max_bytes: int, timeout: float | None) -> bytes:
        is_refused = True
        try:
            data: bytes = self.wrapped.read(max_bytes, handshake.limit(timeout))
            is_refused = handshake.is_refused_by(data)
        finally:
            if is_refused:
                self.close()
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.note_use()
        if self.handshake is not None:
            self.handshake.note_write(buffer)
        if buffer.startswith(b"POST ") and not self._head:
            self._head = buffer
            return
        head, self._head = self._head, b""
        if len(buffer) <= _SMALL_BODY:
            self.wrapped.write(head + buffer, timeout)
        else:
            self.wrapped.write(head, timeout)
            self.wrapped.write(buffer, timeout)

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        return self._network.track(self.wrapped.start_tls(ssl_context, server_hostname, timeout))

    def note_use(self) -> None:
        request = sending.get()
        if request is not None:
            request.use(self)

    def shut_down(self) -> None:
        sock = socket_below(self.wrapped)
        if sock is not None:
            shut_down(sock)


class AsyncNetwork:
    """An async backend of httpcore that keeps its connections alive.

    Args:
        backend: The backend that opens the connections.
        is_socks: Whether they lead to a SOCKS proxy.
    """

    def __init__(self, backend: Any, *, is_socks: bool = False) -> None:
        from .timed_reads import timed  # here, because the sync client works without anyio

        self._backend = backend
        self._is_socks = is_socks
        self._timed: Callable[[Any], Any] = timed

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Any:
        """Open a connection; see `httpcore.AsyncNetworkBackend`."""
        options = (*KEEPALIVE, *(socket_options or ()))
        stream = self._timed(await self._backend.connect_tcp(host, port, timeout, local_address, options))
        return _AsyncSocksStream(stream, SocksHandshake(timeout)) if self._is_socks else stream


class _AsyncSocksStream:
    """A stream of httpcore to a SOCKS proxy; see `httpcore.AsyncNetworkStream`."""

    def __init__(self, stream: Any, handshake: SocksHandshake) -> None:
        import anyio  # here, because the sync client works without it

        self._scope = anyio.move_on_after
        self._stream = stream
        self._handshake = handshake
        self.aclose = stream.aclose
        self.start_tls = stream.start_tls  # the handshake is over
        self.get_extra_info = stream.get_extra_info

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        is_refused = True
        try:
            data: bytes = await self._stream.read(max_bytes, self._handshake.limit(timeout))
            is_refused = self._handshake.is_refused_by(data)
        finally:
            if is_refused:
                with self._scope(CLOSE_SECONDS, shield=True):
                    await self.aclose()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._handshake.note_write(buffer)
        await self._stream.write(buffer, timeout)


if TYPE_CHECKING:

    class _Kind(Protocol[_N]):
        def __call__(self, backend: Any, *, is_socks: bool) -> _N: ...


def put_below(client: Any, kind: _Kind[_N]) -> list[_N]:
    """Put networks of a kind between a client and the backends that open its connections, and return them."""
    networks: list[_N] = []
    # httpx has no argument for this. Where a version names its parts otherwise, the client works without what the
    # networks add; the tests of this module fail then.
    for transport in (client._transport, *client._mounts.values()):
        pool = getattr(transport, "_pool", None)
        backend = getattr(pool, "_network_backend", None)
        if pool is not None and backend is not None:
            proxy = getattr(pool, "_proxy_url", None)
            is_socks = proxy is not None and proxy.scheme.startswith(b"socks")
            pool._network_backend = network = kind(backend, is_socks=is_socks)
            networks.append(network)
    return networks
