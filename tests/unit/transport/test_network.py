"""The networks in front of the backends of httpcore, over real and invented sockets."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import anyio
import httpx
import pytest
from waits import LONG, PATIENT

from responses_client._base import forks
from responses_client._transport.network import (
    AsyncNetwork,
    Network,
    Sending,
    SocksHandshake,
    put_below,
    sending,
)

_opened: list[socket.socket] = []


@pytest.fixture(autouse=True)
def _close_sockets() -> Iterator[None]:
    yield
    while _opened:
        _opened.pop().close()


class Backend:
    """A backend with connections that are ends of socket pairs, or have no socket."""

    def __init__(self, *, has_sockets: bool = True) -> None:
        self.has_sockets = has_sockets
        self.options: list[Any] = []
        self.peers: list[socket.socket] = []
        self.closed = 0

    def connect_tcp(self, *where: Any) -> Stream:
        self.options = list(where[-1])
        ours, theirs = socket.socketpair()
        theirs.settimeout(LONG)
        _opened.extend((ours, theirs))
        self.peers.append(theirs)
        return Stream(self, ours)


class Stream:
    """A stream of the backend, which records writes."""

    def __init__(self, backend: Backend, sock: socket.socket) -> None:
        self.backend = backend
        self.sock = sock
        self.written: list[bytes] = []

    def read(self, max_bytes: int, timeout: float | None) -> bytes:
        return self.sock.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None) -> None:
        self.written.append(buffer)
        self.sock.sendall(buffer)

    def start_tls(self, *arguments: Any) -> Stream:
        return Stream(self.backend, self.sock)

    def close(self) -> None:
        self.backend.closed += 1
        self.sock.close()

    def get_extra_info(self, name: str) -> Any:
        return self.sock if self.backend.has_sockets else None


def test_connections_of_our_clients_are_kept_alive() -> None:
    backend = Backend()
    Network(backend).connect_tcp("a", 1, socket_options=[(1, 2, 3)])
    assert (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1) in backend.options
    assert (1, 2, 3) in backend.options


def test_connections_of_our_async_clients_are_kept_alive() -> None:
    class AsyncBackend:
        async def connect_tcp(self, *where: Any) -> Any:
            return where

    *_, options = anyio.run(AsyncNetwork(AsyncBackend()).connect_tcp, "a", 1)
    assert (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1) in options


def test_head_and_body_of_a_request_are_one_write() -> None:
    stream = Network(Backend()).connect_tcp("a", 1)
    stream.write(b"POST / HTTP/1.1\r\n\r\n")
    stream.write(b"{}")
    stream.write(b"")
    assert stream.wrapped.written == [b"POST / HTTP/1.1\r\n\r\n{}", b""]


def test_long_body_is_not_copied() -> None:
    backend = Backend()
    stream = Network(backend).connect_tcp("a", 1)
    body = b"x" * 65537
    reader = threading.Thread(target=lambda: backend.peers[0].recv(100_000, socket.MSG_WAITALL))
    reader.start()
    stream.write(b"POST / HTTP/1.1\r\n\r\n")
    stream.write(body)
    assert stream.wrapped.written[1] is body
    backend.peers[0].shutdown(socket.SHUT_RD)
    reader.join(PATIENT)


def test_head_is_sent_before_anything_is_read() -> None:
    backend = Backend()
    stream = Network(backend).connect_tcp("a", 1)
    stream.write(b"POST / HTTP/1.1\r\n\r\n")
    backend.peers[0].sendall(b"100")
    assert stream.read(10) == b"100"
    assert backend.peers[0].recv(100) == b"POST / HTTP/1.1\r\n\r\n"


def test_shut_down_ends_reads_also_after_tls_began() -> None:
    backend = Backend()
    network = Network(backend)
    stream = network.connect_tcp("a", 1).start_tls(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    network.shut_down()
    assert stream.read(1) == b""
    assert backend.peers[0].recv(1) == b""


def test_connection_made_after_the_end_is_shut_down_at_once() -> None:
    network = Network(Backend())
    network.shut_down()
    stream = network.connect_tcp("a", 1)
    assert stream.read(1) == b""


def test_stream_without_a_socket_is_left_to_its_timeouts() -> None:
    backend = Backend(has_sockets=False)
    network = Network(backend)
    stream = network.connect_tcp("a", 1)
    network.shut_down()
    backend.peers[0].sendall(b"1")
    assert stream.read(1) == b"1"


def test_child_does_not_end_the_reads_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Backend()
    network = Network(backend)
    stream = network.connect_tcp("a", 1)
    monkeypatch.setattr(forks, "generation", forks.generation + 1)
    network.shut_down()
    backend.peers[0].sendall(b"1")
    assert stream.read(1) == b"1"


def test_child_closes_its_descriptors_and_tells_the_peer_nothing() -> None:
    backend = Backend()
    network = Network(backend)
    stream = network.connect_tcp("a", 1)
    of_parent = stream.wrapped.sock.dup()  # as after a fork
    _opened.append(of_parent)
    network.forget()
    assert backend.closed == 1
    of_parent.sendall(b"1")
    assert backend.peers[0].recv(1) == b"1"


def test_request_that_was_left_ends_its_wait() -> None:
    backend = Backend()
    stream = Network(backend).connect_tcp("a", 1)
    request = Sending()
    token = sending.set(request)
    try:
        stream.write(b"GET / HTTP/1.1\r\n\r\n")
        request.leave()
        assert backend.peers[0].recv(100) == b"GET / HTTP/1.1\r\n\r\n"
        assert backend.peers[0].recv(1) == b""
        with pytest.raises(TimeoutError):
            stream.read(1)
    finally:
        sending.reset(token)


def test_request_that_was_left_as_it_connected_closes_the_connection() -> None:
    backend = Backend()
    request = Sending()
    request.leave()
    token = sending.set(request)
    try:
        with pytest.raises(TimeoutError):
            Network(backend).connect_tcp("a", 1)
    finally:
        sending.reset(token)
    assert backend.closed == 1


def test_every_transport_of_a_client_gets_a_network() -> None:
    proxied = httpx.HTTPTransport(proxy="http://127.0.0.1:1")
    with httpx.Client(mounts={"all://a": proxied, "all://b": None}, trust_env=False) as client:
        assert len(put_below(client, Network)) == 2
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(204))) as client:
        assert put_below(client, Network) == []


# --- SOCKS proxies

OFFER, LOGIN, CONNECT = b"\x05\x01\x02", b"\x01\x04user\x02pw", b"\x05\x01\x00\x03\x01a\x01\xbb"
ACCEPTED, LOGGED_IN, CONNECTED = b"\x05\x02", b"\x01\x00", b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"


@pytest.mark.parametrize(
    ("exchanges", "is_refused"),
    [
        ([(OFFER, ACCEPTED), (LOGIN, LOGGED_IN), (CONNECT, CONNECTED)], False),
        ([(OFFER, b"\x05\xff")], True),
        ([(OFFER, b"\x05\x00")], True),
        ([(OFFER, b"")], True),
        ([(OFFER, ACCEPTED), (LOGIN, b"\x01\x01")], True),
        ([(OFFER, ACCEPTED), (LOGIN, LOGGED_IN), (CONNECT, b"\x05\x02")], True),
        ([(b"\x05\x01\x00", b"\x05\x00"), (CONNECT, CONNECTED)], False),
    ],
)
def test_answers_in_a_handshake_have_a_time_limit_until_it_ends(
    exchanges: list[tuple[bytes, bytes]], is_refused: bool
) -> None:
    handshake = SocksHandshake(5.0)
    verdicts = []
    for message, answered in exchanges:
        handshake.note_write(message)
        assert handshake.limit(None) == 5.0
        verdicts.append(handshake.is_refused_by(answered))
    assert verdicts == [False] * (len(exchanges) - 1) + [is_refused]
    if not is_refused:
        handshake.note_write(b"POST / HTTP/1.1\r\n\r\n")
        assert (handshake.limit(None), handshake.limit(3.0)) == (None, 3.0)
        assert not handshake.is_refused_by(b"HTTP/1.1 200 OK")


class SocksStream:
    """A stream of either kind to a proxy, which notes the time limits of its reads."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)
        self.limits: list[float | None] = []
        self.closed = 0
        self.get_extra_info = self.start_tls = None

    def read(self, max_bytes: int, timeout: float | None) -> Any:
        self.limits.append(timeout)
        answered = self.answers.pop(0)
        if isinstance(answered, Exception):
            raise answered
        return answered

    def write(self, buffer: bytes, timeout: float | None) -> None:
        assert buffer

    def close(self) -> None:
        self.closed += 1


class AsyncSocksStream(SocksStream):
    """The same for the async backend."""

    async def read(self, max_bytes: int, timeout: float | None) -> Any:
        return super().read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None) -> None:
        super().write(buffer, timeout)

    async def aclose(self) -> None:
        self.close()


class SocksBackend:
    """A backend, sync or async, that opens one connection."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def connect_tcp(self, *_: Any) -> Any:
        if not isinstance(self.stream, AsyncSocksStream):
            return self.stream

        async def connected() -> Any:
            return self.stream

        return connected()


@pytest.mark.parametrize("answered", [b"\x05\xff", TimeoutError()])
def test_connection_to_a_proxy_that_refuses_is_closed(answered: Any) -> None:
    stream = SocksStream(ACCEPTED, answered)
    connection = Network(SocksBackend(stream), is_socks=True).connect_tcp("a", 1, timeout=5.0)
    connection.write(OFFER)
    assert connection.read(10) == ACCEPTED
    connection.write(LOGIN)
    with suppress(TimeoutError):
        connection.read(10)
    assert (stream.limits, stream.closed) == ([5.0, 5.0], 1)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("answered", [b"\x05\xff", TimeoutError()])
def test_async_connection_to_a_proxy_that_refuses_is_closed(answered: Any, backend: str) -> None:
    async def main() -> None:
        stream = AsyncSocksStream(ACCEPTED, answered)
        network = AsyncNetwork(SocksBackend(stream), is_socks=True)
        connection = await network.connect_tcp("a", 1, timeout=5.0)
        await connection.write(OFFER)
        assert await connection.read(10) == ACCEPTED
        await connection.write(LOGIN)
        with suppress(TimeoutError):
            await connection.read(10)
        assert (stream.limits, stream.closed) == ([5.0, 5.0], 1)

    anyio.run(main, backend=backend)


def test_client_of_a_socks_proxy_has_a_network_that_knows_it() -> None:
    pytest.importorskip("socksio")
    with httpx.Client(proxy="socks5://127.0.0.1:1", trust_env=False) as client:
        direct, proxied = put_below(client, Network)
    assert (direct._is_socks, proxied._is_socks) == (False, True)
