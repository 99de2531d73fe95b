"""The sync driver: threads and timers end its waits, over transports and sockets in process."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from drivers import REQUEST, Driver, Handler, Pieces, answering, read
from waits import LONG, PATIENT, SHORT, SOON, eventually, settle

from responses_client._base.clock import NO_DEADLINE, Deadline, RealDeadline
from responses_client._transport import http_library
from responses_client._transport.protocols import TransportError, run
from responses_client._transport.sync import SyncIO
from responses_client.errors import ConfigurationError


async def async_key() -> str:
    raise AssertionError


class Later:
    """An awaitable that is not a coroutine."""

    def __await__(self) -> Iterator[Any]:
        raise AssertionError
        yield


def test_own_client_is_made_once_for_each_scheme_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[httpx.Client] = []
    real = httpx.Client

    def fake(**options: Any) -> httpx.Client:
        assert isinstance(options.pop("verify"), ssl.SSLContext)
        made.append(real(transport=httpx.MockTransport(lambda _: httpx.Response(204)), **options))
        return made[-1]

    monkeypatch.setattr(http_library.httpx, "Client", fake)
    io = SyncIO()
    for url in ("http://a/", "http://b/", "https://c/"):
        run(io.send(REQUEST._replace(url=url), NO_DEADLINE))

    assert len(made) == 2
    assert not io.is_closed
    run(io.close())
    assert io.is_closed
    assert all(client.is_closed for client in made)


@pytest.mark.parametrize("function", [async_key, Later])
def test_async_function_is_refused(function: Any) -> None:
    with pytest.raises(ConfigurationError, match="api_key is an async function, which needs AsyncClient"):
        run(
            SyncIO(httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(204)))).call(
                function, None
            )
        )


def test_drain_reads_nothing_if_no_thread_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    body = Driver("sync").send(answering(Pieces(b"a")))
    monkeypatch.setattr(threading.Thread, "start", refuse)

    assert run(body.drain()) == b""
    run(body.close())


def test_interrupt_in_close_comes_to_the_user() -> None:
    class Interrupted(Pieces):
        def close(self) -> None:
            super().close()
            raise KeyboardInterrupt

    stream = Interrupted(b"a")
    body = Driver("sync").send(answering(stream))

    with pytest.raises(KeyboardInterrupt):
        run(body.close())
    assert stream.closed


# --- time


def test_wait_for_headers_ends_at_the_deadline_and_a_late_answer_is_closed() -> None:
    late = Pieces(b"a")
    release, has_answered = threading.Event(), threading.Event()

    def slow(_: httpx.Request) -> httpx.Response:
        release.wait(PATIENT)
        has_answered.set()
        return httpx.Response(200, stream=late)

    with pytest.raises(TransportError, match="the time for it was up"):
        Driver("sync").send(slow, timeout=SOON)
    release.set()
    assert has_answered.wait(PATIENT)
    eventually(lambda: late.closed)
    assert late.closed == 1


@pytest.mark.parametrize("error", [httpx.ReadError("reset"), SystemExit()])
def test_late_error_is_discarded(error: BaseException) -> None:
    release, threads = threading.Event(), []

    def slow(_: httpx.Request) -> httpx.Response:
        threads.append(threading.current_thread())
        release.wait(PATIENT)
        raise error

    with pytest.raises(TransportError, match="the time for it was up"):
        Driver("sync").send(slow, timeout=SOON)
    release.set()
    eventually(lambda: threads)
    threads[0].join(PATIENT)
    assert not threads[0].is_alive()


def test_interrupted_wait_for_headers_closes_the_answer_that_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    late = Pieces(b"a")
    futures: list[Any] = []

    def interrupt(pending: list[Any], _: float) -> None:
        futures.extend(pending)
        raise KeyboardInterrupt

    monkeypatch.setattr("responses_client._transport.threads.wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        Driver("sync").send(answering(late), timeout=PATIENT)
    futures[0].result(PATIENT)
    eventually(lambda: late.closed)
    assert late.closed == 1


# --- sockets


class SocketBody(httpx.SyncByteStream):
    """A body that is read from a socket, as that of httpcore is."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.sock.recv(100):
            yield piece

    def close(self) -> None:
        self.closed = True
        self.sock.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    near.settimeout(LONG)
    far.settimeout(LONG)
    with near, far:
        yield near, far


def over(sock: object, stream: httpx.SyncByteStream, version: bytes = b"HTTP/1.1") -> Handler:
    network = SimpleNamespace(get_extra_info=lambda name: sock if name == "socket" else None)
    extensions = {"network_stream": network, "http_version": version}
    return lambda _: httpx.Response(200, stream=stream, extensions=extensions)


Pair = tuple[socket.socket, socket.socket]


def test_deadline_ends_a_read_that_blocks(pair: Pair) -> None:
    near, far = pair
    body = Driver("sync").send(over(near, SocketBody(near)), timeout=SHORT)
    far.send(b"a")

    assert run(body.next(Deadline.after(PATIENT))) == b"a"
    with pytest.raises(TransportError, match="the time for it was up") as caught:
        run(body.next(Deadline.after(PATIENT)))
    assert caught.value.outcome.kind == "timeout"
    run(body.close())


def test_deadline_is_reported_in_place_of_the_error_it_causes(pair: Pair) -> None:
    near, _ = pair

    class Chunked(SocketBody):
        def __iter__(self) -> Iterator[bytes]:
            yield from super().__iter__()
            raise httpx.RemoteProtocolError("incomplete chunked read")

    body = Driver("sync").send(over(near, Chunked(near)), timeout=SHORT)

    with pytest.raises(TransportError, match="the time for it was up") as caught:
        run(body.next(Deadline.after(PATIENT)))
    assert isinstance(caught.value.__cause__, httpx.RemoteProtocolError)
    run(body.close())


def test_timer_of_a_body_ends_with_it(pair: Pair) -> None:
    near, _ = pair
    before = set(threading.enumerate())
    body = Driver("sync").send(over(near, SocketBody(near)), timeout=LONG)
    timers = [thread for thread in set(threading.enumerate()) - before if isinstance(thread, threading.Timer)]

    assert [timer.daemon for timer in timers] == [True]
    run(body.close())
    timers[0].join(PATIENT)
    assert not timers[0].is_alive()


def test_deadline_that_passes_after_the_end_leaves_the_connection_alone(pair: Pair) -> None:
    near, far = pair
    body = Driver("sync").send(over(near, Pieces(b"a")), timeout=SHORT)

    assert run(read(body)) == [b"a"]
    settle(SHORT + SOON)
    far.send(b"still open")
    assert near.recv(100) == b"still open"


def test_drain_ends_a_read_that_blocks(pair: Pair) -> None:
    near, far = pair
    body = Driver("sync").send(over(near, SocketBody(near)))
    far.send(b"a")
    start = time.monotonic()

    assert run(body.drain()) == b"a"
    assert time.monotonic() - start < PATIENT
    assert far.recv(1) == b""
    run(body.close())


def test_close_ends_a_read_that_blocks_in_another_thread(pair: Pair) -> None:
    near, _ = pair
    body = Driver("sync").send(over(near, SocketBody(near)))
    ended = threading.Event()

    def read_rest() -> None:
        with suppress(TransportError):  # if it comes to read only after the close
            assert run(body.next(NO_DEADLINE)) is None
        ended.set()

    threading.Thread(target=read_rest).start()
    settle()
    run(body.close())
    assert ended.wait(PATIENT)


def test_socket_that_is_closed_before_its_shutdown_is_not_an_error(pair: Pair) -> None:
    near, _ = pair
    body = Driver("sync").send(over(near, SocketBody(near)))
    near.close()

    run(body.close())


@pytest.mark.parametrize("version", [b"HTTP/2", b"HTTP/1.1"])
def test_shared_connection_is_neither_drained_nor_shut_down(pair: Pair, version: bytes) -> None:
    near, far = pair
    stream = Pieces(b"a", b"b")
    sock = near if version == b"HTTP/2" else object()
    body = Driver("sync").send(over(sock, stream, version), timeout=SHORT)

    assert run(body.next(NO_DEADLINE)) == b"a"
    assert run(body.drain()) == (b"" if version == b"HTTP/2" else b"b")
    run(body.close())
    settle(SHORT + SOON)
    far.send(b"still open")
    assert near.recv(100) == b"still open"
    assert stream.closed == 1


def test_connection_that_was_taken_over_is_not_shut_down_at_the_deadline() -> None:
    ours, theirs = socket.socketpair()

    def receive(size: int, left: float | None) -> bytes:
        ours.settimeout(left)
        return ours.recv(size)

    stream = SimpleNamespace(get_extra_info={"socket": ours}.get, read=receive)
    io = SyncIO(
        httpx.Client(
            transport=httpx.MockTransport(
                lambda _: httpx.Response(101, extensions={"network_stream": stream}, stream=Pieces())
            )
        )
    )
    with ours, theirs:
        taken = run(io.send(REQUEST, Deadline.after(SHORT))).socket(None)
        assert run(taken.read(RealDeadline.after(SHORT + SOON))) is None
        theirs.sendall(b"later")
        assert run(taken.read(RealDeadline.after(PATIENT))) == b"later"
