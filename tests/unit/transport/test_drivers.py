"""The two drivers: what goes out, what comes back, and that waits end; over transports and sockets in process.

How they fare with real servers is tested under `tests/faults`.
"""

from __future__ import annotations

import gc
import gzip
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import suppress
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
import httpx
import pytest

from responses_client._base.clock import NO_DEADLINE, Deadline
from responses_client._transport import http_library as _transport
from responses_client._transport.asynchronous import AsyncIO
from responses_client._transport.protocols import Body, Timeouts, TransportError, WireRequest, run
from responses_client._transport.sync import SyncIO
from responses_client.errors import ConfigurationError

T = TypeVar("T")
WAITS = Timeouts(5.0, 600.0, None, None)
REQUEST = WireRequest("POST", "http://api.test/v1/responses", {"X-A": "1"}, b"{}", WAITS)
Handler = Callable[[httpx.Request], httpx.Response]


class World:
    """One of the two drivers over one transport, and a way to run what waits."""

    def __init__(self, name: str) -> None:
        self.name = name

    def io(self, handler: Handler) -> SyncIO | AsyncIO:
        transport = httpx.MockTransport(handler)
        if self.name == "sync":
            return SyncIO(httpx.Client(transport=transport))
        return AsyncIO(httpx.AsyncClient(transport=transport))

    def play(self, script: Callable[[SyncIO | AsyncIO], Awaitable[T]], handler: Handler) -> T:
        io = self.io(handler)
        if self.name == "sync":
            return run(script(io))  # type: ignore[arg-type]
        return anyio.run(script, io, backend=self.name)

    def send(self, handler: Handler, request: WireRequest = REQUEST, timeout: float | None = None) -> Body:
        return self.play(lambda io: io.send(request, Deadline.after(timeout)), handler)


@pytest.fixture(params=["sync", "asyncio", "trio"])
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


@pytest.fixture(params=["asyncio", "trio"])
def loop(request: pytest.FixtureRequest) -> World:
    return World(request.param)


class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces; an exception among them is raised, a number waited for. It counts how often it was closed."""

    def __init__(self, *pieces: bytes | float | BaseException) -> None:
        self.pieces = pieces
        self.given = 0
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, BaseException):
                raise piece
            if isinstance(piece, float):
                time.sleep(piece)
            else:
                self.given += 1
                yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, BaseException):
                raise piece
            if isinstance(piece, float):
                await anyio.sleep(piece)
            else:
                self.given += 1
                yield piece

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.closed += 1


def answering(stream: Pieces, **headers: str) -> Handler:
    return lambda _: httpx.Response(200, headers=headers, stream=stream)


async def read(body: Body) -> list[bytes]:
    pieces = []
    while (piece := await body.next(NO_DEADLINE)) is not None:
        pieces.append(piece)
    await body.close()
    return pieces


# --- what goes out


def sent(world: World, request: WireRequest = REQUEST, timeout: float | None = None) -> httpx.Request:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    world.send(handler, request, timeout)
    return seen[0]


def test_request_goes_out_as_it_is(world: World) -> None:
    request = sent(world)

    assert (request.method, str(request.url), request.content) == (
        "POST",
        "http://api.test/v1/responses",
        b"{}",
    )
    assert request.headers["x-a"] == "1"
    assert request.extensions["timeout"] == {"connect": 5.0, "read": 600.0, "write": None, "pool": None}


def test_header_may_hold_latin_1_and_none_removes_one(world: World) -> None:
    headers = {"X-Name": "Café", "user-agent": None, "X-None": None}
    request = sent(world, REQUEST._replace(headers=headers))

    assert dict(request.headers.raw)[b"X-Name"] == b"Caf\xe9"
    assert "user-agent" not in request.headers
    assert "accept" in request.headers


def test_timeouts_shrink_as_the_time_that_is_left_does(world: World) -> None:
    waits: Any = sent(world, timeout=0.05).extensions["timeout"]

    assert list(waits) == ["connect", "read", "write", "pool"]
    assert len(waits) == 4
    assert 0.05 >= waits["connect"] >= waits["read"] > 0
    time.sleep(0.05)
    assert dict(waits) == {"connect": 0.001, "read": 0.001, "write": 0.001, "pool": 0.001}
    with pytest.raises(KeyError):
        waits["other"]


# --- what comes back


def test_answer_is_read_piece_by_piece(world: World) -> None:
    stream = Pieces(b"a", b"b")

    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        assert (body.status_code, body.headers["X-Id"]) == (200, "1")
        assert await read(body) == [b"a", b"b"]
        assert await body.next(NO_DEADLINE) is None

    world.play(script, answering(stream, **{"x-id": "1"}))
    assert stream.closed == 1


@pytest.mark.parametrize(
    ("encoding", "is_encoded"), [("gzip", True), (" GZIP ", True), ("identity", False), ("", False)]
)
def test_compressed_answer_is_decoded(world: World, encoding: str, is_encoded: bool) -> None:
    content = gzip.compress(b"text") if is_encoded else b"text"

    async def script(io: SyncIO | AsyncIO) -> bytes:
        return b"".join(await read(await io.send(REQUEST, Deadline.after(5.0))))

    assert (
        world.play(script, answering(Pieces(content[:9], content[9:]), **{"content-encoding": encoding}))
        == b"text"
    )


ERRORS: list[tuple[Exception, str, str]] = [
    (httpx.ConnectError("refused"), "connect", "ConnectError: refused"),
    (ConnectionRefusedError("refused"), "connect", "ConnectionRefusedError: refused"),
    (httpx.ReadTimeout(""), "timeout", "ReadTimeout"),
    (TimeoutError(), "timeout", "TimeoutError"),
    (httpx.ReadError("reset"), "network", "ReadError: reset"),
    (httpx.RemoteProtocolError("a\n b"), "network", "RemoteProtocolError: a b"),
    (httpx.LocalProtocolError("x"), "network", "LocalProtocolError: x"),
    (httpx.ProxyError("407"), "network", "ProxyError: 407"),
    (httpx.DecodingError("bad"), "decoding", "DecodingError: bad"),
    (ConnectionResetError("reset"), "network", "ConnectionResetError: reset"),
    (ssl.SSLError("bad record"), "network", "SSLError: ('bad record',)"),
    (anyio.BrokenResourceError(), "network", "BrokenResourceError"),
    (anyio.ClosedResourceError(), "network", "ClosedResourceError"),
    (anyio.EndOfStream(), "network", "EndOfStream"),
]


@pytest.mark.parametrize(("error", "kind", "reason"), ERRORS)
def test_errors_of_the_library_become_failures(
    world: World, error: Exception, kind: str, reason: str
) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(TransportError) as caught:
        world.send(refuse)
    assert (caught.value.outcome.kind, caught.value.reason) == (kind, reason)
    assert caught.value.__cause__ is error

    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        assert await body.next(NO_DEADLINE) == b"a"
        with pytest.raises(TransportError) as caught:
            await body.next(NO_DEADLINE)
        assert (caught.value.outcome.kind, caught.value.reason) == (kind, reason)
        await body.close()

    world.play(script, answering(Pieces(b"a", error)))


def test_error_without_a_text_is_told_by_its_cause(world: World) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        try:
            raise ValueError("certificate verify failed")
        except ValueError:
            raise anyio.BrokenResourceError from None

    def refuse_visibly(_: httpx.Request) -> httpx.Response:
        try:
            refuse(_)
        except anyio.BrokenResourceError as error:
            raise httpx.ConnectError("") from error
        raise AssertionError

    with pytest.raises(TransportError, match=r"^ConnectError: certificate verify failed$"):
        world.send(refuse_visibly)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError(), httpx.HTTPStatusError])
def test_other_errors_pass_as_they_are(world: World, error: Any) -> None:
    if error is httpx.HTTPStatusError:
        error = httpx.HTTPStatusError(
            "of a hook", request=httpx.Request("GET", "/"), response=httpx.Response(400)
        )

    def refuse(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(type(error)):
        world.send(refuse)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://xn--a/", None),
        ("http://api.test/\x7f", None),
        ("http://api.test/", UnicodeError("label empty or too long")),
    ],
)
def test_url_that_cannot_work_is_a_mistake_in_the_configuration(
    world: World, url: str, error: Exception | None
) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        assert error is not None
        raise error

    with pytest.raises(ConfigurationError, match=r"The URL of the request is invalid: .*; check base_url"):
        world.send(refuse, REQUEST._replace(url=url))


# --- reading on after the end


def test_drain_reads_the_rest_of_a_body(world: World) -> None:
    stream = Pieces(b"a", b"b", b"c")

    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        await body.next(NO_DEADLINE)
        assert await body.drain() == b"bc"
        assert await body.drain() == b""
        await body.close()

    world.play(script, answering(stream))
    assert stream.closed == 1


@pytest.mark.parametrize(
    ("stream", "came"),
    [
        (Pieces(b"a", b"b", 0.3, b"c"), b"b"),
        (Pieces(b"a", b"b", httpx.ReadError("reset")), b"b"),
        (Pieces(b"a", *[b"x"] * 99), b"x" * 16),
    ],
    ids=["slow", "broken", "long"],
)
def test_drain_is_bounded_in_time_and_pieces(world: World, stream: Pieces, came: bytes) -> None:
    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        await body.next(NO_DEADLINE)
        start = time.monotonic()
        assert await body.drain() == came
        assert time.monotonic() - start < 0.25
        await body.close()

    world.play(script, answering(stream))


def test_close_does_not_tell_of_a_connection_that_breaks_meanwhile(world: World) -> None:
    class Broken(Pieces):
        def close(self) -> None:
            raise httpx.CloseError("reset")

        async def aclose(self) -> None:
            raise httpx.CloseError("reset")

    async def script(io: SyncIO | AsyncIO) -> None:
        await (await io.send(REQUEST, NO_DEADLINE)).close()

    world.play(script, answering(Broken(b"a")))


def test_drain_without_threads_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    body = World("sync").send(answering(Pieces(b"a")))
    monkeypatch.setattr(threading.Thread, "start", refuse)

    assert run(body.drain()) == b""
    run(body.close())


# --- time


def test_no_time_left_is_a_timeout_before_anything_is_read(world: World) -> None:
    stream = Pieces(b"a")

    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        for timeout in (0.0, -1.0):
            with pytest.raises(TransportError, match="the time for it was up") as caught:
                await body.next(Deadline.after(timeout))
            assert caught.value.outcome.kind == "timeout"
        assert await body.next(Deadline.after(1.0)) == b"a"
        await body.close()

    world.play(script, answering(stream))
    assert stream.given == 1


def test_async_wait_for_headers_ends_when_the_time_is_up(loop: World) -> None:
    async def slow(_: httpx.Request) -> httpx.Response:
        await anyio.sleep(30)
        raise AssertionError

    with pytest.raises(TransportError, match="the time for it was up"):
        loop.play(lambda io: io.send(REQUEST, Deadline.after(0.05)), slow)  # type: ignore[arg-type]


def test_async_wait_for_a_piece_ends_when_the_time_is_up(loop: World) -> None:
    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        with pytest.raises(TransportError, match="the time for it was up"):
            await body.next(Deadline.after(0.05))
        await body.close()

    loop.play(script, answering(Pieces(30.0, b"a")))


# PAIN_THREADS a18
@pytest.mark.parametrize("pieces", [0, 1000])
def test_body_left_early_leaves_no_generator_to_the_garbage_collector(loop: World, pieces: int) -> None:
    stream = Pieces(*[b"x"] * pieces, 30.0)

    async def script(io: SyncIO | AsyncIO) -> None:
        await (await io.send(REQUEST, NO_DEADLINE)).close()
        gc.collect()

    loop.play(script, answering(stream))
    assert (stream.given, stream.closed) == (pieces, 1)


def test_body_without_an_end_is_left_nevertheless() -> None:
    stream = Pieces(*[b"x"] * 10_000)

    async def script(io: SyncIO | AsyncIO) -> None:
        await (await io.send(REQUEST, NO_DEADLINE)).close()

    World("asyncio").play(script, answering(stream))
    assert stream.given < 10_000
    assert stream.closed == 1


@pytest.mark.parametrize("seconds", [0.0, 0.01])
def test_sleep_waits(world: World, seconds: float) -> None:
    start = time.monotonic()
    world.play(lambda io: io.sleep(seconds), lambda _: httpx.Response(204))

    assert time.monotonic() - start >= seconds


def test_sync_wait_for_headers_ends_when_the_time_is_up() -> None:
    late = Pieces(b"a")
    go_on, gone_on = threading.Event(), threading.Event()

    def slow(_: httpx.Request) -> httpx.Response:
        go_on.wait(5)
        gone_on.set()
        return httpx.Response(200, stream=late)

    with pytest.raises(TransportError, match="the time for it was up"):
        World("sync").send(slow, timeout=0.05)
    go_on.set()
    assert gone_on.wait(5)
    until = time.monotonic() + 5
    while not late.closed and time.monotonic() < until:
        time.sleep(0.001)
    assert late.closed == 1


@pytest.mark.parametrize("error", [httpx.ReadError("reset"), SystemExit()])
def test_error_that_comes_too_late_is_nobodys(error: BaseException) -> None:
    go_on, threads = threading.Event(), []

    def slow(_: httpx.Request) -> httpx.Response:
        threads.append(threading.current_thread())
        go_on.wait(5)
        raise error

    with pytest.raises(TransportError, match="the time for it was up"):
        World("sync").send(slow, timeout=0.05)
    go_on.set()
    threads[0].join(5)
    assert not threads[0].is_alive()


def test_interrupted_wait_for_headers_closes_the_answer_that_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    late = Pieces(b"a")
    futures: list[Any] = []

    def interrupt(pending: list[Any], _: float) -> None:
        futures.extend(pending)
        raise KeyboardInterrupt

    monkeypatch.setattr("responses_client._transport.threads.wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        World("sync").send(answering(late), timeout=5.0)
    futures[0].result(5)
    until = time.monotonic() + 5
    while not late.closed and time.monotonic() < until:
        time.sleep(0.001)
    assert late.closed == 1


variable: ContextVar[str] = ContextVar("variable", default="not set")


def test_hooks_of_the_users_client_see_the_context_of_the_call(world: World) -> None:
    seen: list[str] = []

    def handler(_: httpx.Request) -> httpx.Response:
        seen.append(variable.get())
        return httpx.Response(204)

    async def script(io: SyncIO | AsyncIO) -> None:
        variable.set("set")
        await io.send(REQUEST, NO_DEADLINE)
        await io.send(REQUEST, Deadline.after(5.0))

    world.play(script, handler)
    assert seen == ["set", "set"]


# --- sockets


class Line(httpx.SyncByteStream):
    """A body that comes over a socket, as httpcore's does."""

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
    near.settimeout(5)
    far.settimeout(5)
    with near, far:
        yield near, far


def over(sock: object, stream: httpx.SyncByteStream, version: bytes = b"HTTP/1.1") -> Handler:
    network = SimpleNamespace(get_extra_info=lambda name: sock if name == "socket" else None)
    extensions = {"network_stream": network, "http_version": version}
    return lambda _: httpx.Response(200, stream=stream, extensions=extensions)


Pair = tuple[socket.socket, socket.socket]


def test_deadline_ends_a_read_that_blocks(pair: Pair) -> None:
    near, far = pair
    body = World("sync").send(over(near, Line(near)), timeout=0.1)
    far.send(b"a")

    assert run(body.next(Deadline.after(5.0))) == b"a"
    with pytest.raises(TransportError, match="the time for it was up") as caught:
        run(body.next(Deadline.after(5.0)))
    assert caught.value.outcome.kind == "timeout"
    run(body.close())


def test_deadline_is_told_in_place_of_the_error_it_causes(pair: Pair) -> None:
    near, _ = pair

    class Chunked(Line):
        def __iter__(self) -> Iterator[bytes]:
            yield from super().__iter__()
            raise httpx.RemoteProtocolError("incomplete chunked read")

    body = World("sync").send(over(near, Chunked(near)), timeout=0.05)

    with pytest.raises(TransportError, match="the time for it was up") as caught:
        run(body.next(Deadline.after(5.0)))
    assert isinstance(caught.value.__cause__, httpx.RemoteProtocolError)
    run(body.close())


def test_timer_of_a_body_ends_with_it(pair: Pair) -> None:
    near, _ = pair
    before = threading.active_count()
    body = World("sync").send(over(near, Line(near)), timeout=60.0)

    assert threading.active_count() == before + 1
    run(body.close())
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            assert thread.daemon
            thread.join(1)
    assert threading.active_count() == before


def test_deadline_that_passes_after_the_end_leaves_the_connection_alone(pair: Pair) -> None:
    near, far = pair
    body = World("sync").send(over(near, Pieces(b"a")), timeout=0.05)

    assert run(read(body)) == [b"a"]
    time.sleep(0.1)
    far.send(b"still open")
    assert near.recv(100) == b"still open"


def test_drain_ends_a_read_that_blocks(pair: Pair) -> None:
    near, far = pair
    body = World("sync").send(over(near, Line(near)))
    far.send(b"a")
    start = time.monotonic()

    assert run(body.drain()) == b"a"
    assert time.monotonic() - start < 0.5
    assert far.recv(1) == b""
    run(body.close())


def test_close_ends_a_read_that_blocks_in_another_thread(pair: Pair) -> None:
    near, _ = pair
    body = World("sync").send(over(near, Line(near)))
    ended = threading.Event()

    def read_on() -> None:
        with suppress(TransportError):  # if it comes to read only after the close
            assert run(body.next(NO_DEADLINE)) is None
        ended.set()

    threading.Thread(target=read_on).start()
    time.sleep(0.05)
    run(body.close())
    assert ended.wait(1)


def test_socket_that_closed_before_it_was_cut_off_is_no_error(pair: Pair) -> None:
    near, _ = pair
    body = World("sync").send(over(near, Line(near)))
    near.close()

    run(body.close())


@pytest.mark.parametrize("version", [b"HTTP/2", b"HTTP/1.1"])
def test_connection_that_is_shared_is_neither_drained_nor_cut_off(pair: Pair, version: bytes) -> None:
    near, far = pair
    stream = Pieces(b"a", b"b")
    sock = near if version == b"HTTP/2" else object()
    body = World("sync").send(over(sock, stream, version), timeout=0.05)

    assert run(body.next(NO_DEADLINE)) == b"a"
    assert run(body.drain()) == (b"" if version == b"HTTP/2" else b"b")
    run(body.close())
    time.sleep(0.1)
    far.send(b"still open")
    assert near.recv(100) == b"still open"
    assert stream.closed == 1


# --- functions of the user's


def test_function_is_called_for_its_value(world: World) -> None:
    assert world.play(lambda io: io.call(lambda: "key", NO_DEADLINE), lambda _: httpx.Response(204)) == "key"


async def async_key() -> str:
    await anyio.lowlevel.checkpoint()
    return "key"


def test_async_function_is_awaited(loop: World) -> None:
    assert (
        loop.play(lambda io: io.call(async_key, Deadline.after(5.0)), lambda _: httpx.Response(204)) == "key"
    )


def test_async_function_may_take_the_time_that_is_left(loop: World) -> None:
    with pytest.raises(TransportError, match="the api_key function took too long"):
        loop.play(
            lambda io: io.call(lambda: anyio.sleep(30), Deadline.after(0.05)), lambda _: httpx.Response(204)
        )  # type: ignore[arg-type,return-value]


class Later:
    """An awaitable that is no coroutine."""

    def __await__(self) -> Iterator[Any]:
        raise AssertionError
        yield


@pytest.mark.parametrize("function", [async_key, Later])
def test_async_function_is_refused_in_plain_functions(function: Any) -> None:
    with pytest.raises(ConfigurationError, match="api_key is an async function, which needs AsyncClient"):
        run(
            SyncIO(httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(204)))).call(
                function, None
            )
        )


# --- locks


def test_turns_are_taken_one_after_the_other(world: World) -> None:
    async def script(io: SyncIO | AsyncIO) -> list[int]:
        owner, taken = World("owner"), list[int]()
        for number in range(2):
            async with io.lock(owner, Deadline.after(5.0)):
                taken.append(number)
        return taken

    assert world.play(script, lambda _: httpx.Response(204)) == [0, 1]


# --- auth objects


class Signed(httpx.Auth):
    """Answers a challenge."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        response = yield request
        if response.status_code == 401:
            request.headers["Authorization"] = "Mine"
            yield request


class SignedAlike:
    """What is used of an auth object, in a class of its own, as that of another library is."""

    def sync_auth_flow(self, request: Any) -> Any:
        return Signed().sync_auth_flow(request)

    def async_auth_flow(self, request: Any) -> Any:
        return Signed().async_auth_flow(request)


@pytest.mark.parametrize("auth", [Signed(), SignedAlike()], ids=["httpx", "alike"])
def test_auth_object_signs_what_is_sent(world: World, auth: Any) -> None:
    sent: list[tuple[str | None, bytes]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append((request.headers.get("authorization"), request.content))
        return httpx.Response(200 if sent[-1][0] else 401)

    body = world.send(answer, REQUEST._replace(auth=auth))

    assert body.status_code == 200
    assert sent == [(None, b"{}"), ("Mine", b"{}")]


class ReadFirst(httpx.Auth):
    """Wants to see whole answers."""

    requires_response_body = True


@pytest.mark.parametrize("compressed", [False, True])
def test_answer_that_an_auth_object_has_read_is_read_again(world: World, compressed: bool) -> None:
    body = Pieces(gzip.compress(b"Hello")) if compressed else Pieces(b"Hel", b"lo")
    headers = {"content-encoding": "gzip"} if compressed else {}

    async def script(io: SyncIO | AsyncIO) -> list[bytes]:
        answer = await io.send(REQUEST._replace(auth=ReadFirst()), NO_DEADLINE)
        pieces = await read(answer)
        assert await answer.drain() == b""
        await answer.close()
        return pieces

    assert b"".join(world.play(script, answering(body, **headers))) == b"Hello"
    assert body.closed == 1


@pytest.mark.parametrize("auth", [None, Signed()])
def test_auth_of_the_users_client_stays_unless_there_is_another(auth: Any) -> None:
    sent: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("authorization"))
        return httpx.Response(200)

    given = httpx.Client(transport=httpx.MockTransport(answer), auth=("me", "password"))
    run(SyncIO(given).send(REQUEST._replace(auth=auth), NO_DEADLINE))  # type: ignore[arg-type]

    assert [text and text[:6] for text in sent] == [None if auth else "Basic "]


# --- connections of ours


@pytest.mark.parametrize("given", [{}, httpx.AsyncClient(), httpx.HTTPTransport()])
def test_client_that_is_none_is_refused(given: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=r"http_client must be an httpx\.Client or httpx2\.Client here"
    ):
        SyncIO(given)


def test_client_of_ours_is_made_once_a_scheme_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[httpx.Client] = []
    real = httpx.Client

    def fake(**options: Any) -> httpx.Client:
        assert isinstance(options.pop("verify"), ssl.SSLContext)
        made.append(real(transport=httpx.MockTransport(lambda _: httpx.Response(204)), **options))
        return made[-1]

    monkeypatch.setattr(_transport.httpx, "Client", fake)
    io = SyncIO()
    for url in ("http://a/", "http://b/", "https://c/"):
        run(io.send(REQUEST._replace(url=url), NO_DEADLINE))

    assert len(made) == 2
    assert not io.is_closed
    run(io.close())
    assert io.is_closed
    assert all(client.is_closed for client in made)


def test_async_client_of_ours_is_made_once_a_loop_and_scheme_and_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[httpx.AsyncClient] = []
    real = httpx.AsyncClient

    def fake(**options: Any) -> httpx.AsyncClient:
        assert isinstance(options.pop("verify"), ssl.SSLContext)
        made.append(real(transport=httpx.MockTransport(lambda _: httpx.Response(204)), **options))
        return made[-1]

    monkeypatch.setattr(_transport.httpx, "AsyncClient", fake)
    io = AsyncIO()

    async def main() -> None:
        io.is_closed = False
        for url in ("http://a/", "http://b/", "https://c/"):
            await (await io.send(REQUEST._replace(url=url), NO_DEADLINE)).close()
        await io.close()

    for backend in ("asyncio", "asyncio", "trio"):
        anyio.run(main, backend=backend)

    assert len(made) == 6
    assert io.is_closed
    assert all(client.is_closed for client in made)


def test_tls_context_is_made_once_and_trusts_somebody_only_for_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    _transport._ssl_context.cache_clear()
    plain, encrypted = _transport._ssl_context("http"), _transport._ssl_context("https")

    assert encrypted is _transport._ssl_context("https")
    assert plain is not encrypted
    assert plain.verify_mode == encrypted.verify_mode == ssl.CERT_REQUIRED
    assert plain.cert_store_stats()["x509"] == 0
    assert encrypted.cert_store_stats()["x509"] > 0

    _transport._ssl_context.cache_clear()
    monkeypatch.setenv("HTTP_PROXY", "https://proxy.test")
    assert _transport._ssl_context("http").cert_store_stats()["x509"] > 0
    _transport._ssl_context.cache_clear()


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("ALL_PROXY", "nonsense://proxy.test", "nonsense"),
        ("SSL_CERT_FILE", "/does/not/exist", "No such file"),
    ],
)
@pytest.mark.parametrize("driver", [SyncIO, AsyncIO])
def test_environment_that_cannot_work_is_a_mistake_in_the_configuration(
    driver: Any, variable: str, value: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _transport._ssl_context.cache_clear()
    monkeypatch.setenv(variable, value)

    async def main() -> None:
        with pytest.raises(
            ConfigurationError, match=f"proxy or TLS settings of the environment cannot work: .*{problem}"
        ):
            await driver().send(REQUEST._replace(url="https://api.test/"), NO_DEADLINE)

    anyio.run(main)
    _transport._ssl_context.cache_clear()


def test_connection_is_taken_over_after_the_protocol_was_switched(world: World) -> None:
    class Stream:
        def get_extra_info(self, _: str) -> None:
            return None

    def switch(_: httpx.Request) -> httpx.Response:
        return httpx.Response(101, extensions={"network_stream": Stream()})

    async def script(io: SyncIO | AsyncIO) -> str:
        return type((await io.send(REQUEST, NO_DEADLINE)).socket(5.0)).__name__

    assert world.play(script, switch) == ("SyncSocket" if world.name == "sync" else "AsyncSocket")


def test_connection_that_was_taken_over_is_not_cut_off_at_the_end_of_the_call() -> None:
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
        taken = run(io.send(REQUEST, Deadline.after(0.05))).socket(None)
        assert run(taken.read(0.1)) is None
        theirs.sendall(b"later")
        assert run(taken.read(5)) == b"later"
