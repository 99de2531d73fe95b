"""Connections that were taken over from HTTP, shared by threads and tasks, over real sockets."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import ssl
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import anyio.abc
import anyio.lowlevel
import httpx
import pytest
from httpcore._backends.anyio import AnyIOStream
from httpcore._backends.sync import SyncStream
from httpcore._backends.trio import TrioStream
from waits import LONG, PATIENT, SHORT, SOON, settle_async

from responses_client._base import forks
from responses_client._base.clock import NO_REAL_DEADLINE, RealDeadline
from responses_client._calls.settings import Settings
from responses_client._transport.protocols import TransportError, run
from responses_client._transport.websocket import AsyncSocket, SyncSocket
from responses_client._websocket.connection import Connection
from responses_client.errors import APIConnectionError, ConfigurationError

after = RealDeadline.after
MUCH = 4 * 1024 * 1024  # more than sockets take without a reader


class Carrier(httpx.SyncByteStream):
    """The body of an answer, which holds its connection."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        raise AssertionError("the body is not read")

    def close(self) -> None:
        self.closed += 1
        self.stream.close()


def sync_socket(stream: Any, timeout: float | None = PATIENT) -> SyncSocket:
    return SyncSocket(
        httpx.Response(101, stream=Carrier(stream), extensions={"network_stream": stream}), timeout
    )


@pytest.fixture
def pair() -> Iterator[tuple[SyncSocket, socket.socket]]:
    """A socket of ours, and the other end."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(LONG)
    with ours, theirs:
        yield sync_socket(SyncStream(ours)), theirs


# Sync


def test_data_are_read(pair: tuple[SyncSocket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(b"one")
    assert run(ours.read(NO_REAL_DEADLINE)) == b"one"
    theirs.sendall(b"two")
    assert run(ours.read(after(PATIENT))) == b"two"
    theirs.close()
    assert run(ours.read(NO_REAL_DEADLINE)) == b""


def test_read_without_data_ends_at_its_deadline(pair: tuple[SyncSocket, socket.socket]) -> None:
    ours, theirs = pair
    assert run(ours.read(after(SOON))) is None
    assert run(ours.read(after(0))) is None
    theirs.sendall(b"x")
    assert run(ours.read(after(0))) == b"x"


def test_data_that_came_with_the_headers_are_read_first() -> None:
    class Leading(SyncStream):
        rest = b"y" * 36_864

        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            data, self.rest = self.rest[:max_bytes], self.rest[max_bytes:]
            return data or super().read(max_bytes, timeout)

    ours, theirs = socket.socketpair()
    with ours, theirs:
        sock = sync_socket(Leading(ours))
        assert [len(run(sock.read(after(PATIENT))) or b"") for _ in range(3)] == [16384, 16384, 4096]
        assert run(sock.read(after(SOON))) is None


def test_large_messages_are_sent_while_others_come(pair: tuple[SyncSocket, socket.socket]) -> None:
    ours, theirs = pair
    received = bytearray()

    def peer() -> None:
        theirs.sendall(b"z" * MUCH)  # before it reads anything
        while len(received) < MUCH:
            received.extend(theirs.recv(65536))

    found = bytearray()

    def read() -> None:
        while len(found) < MUCH:
            found.extend(run(ours.read(after(PATIENT))) or b"")

    threads = [threading.Thread(target=work) for work in (peer, read)]
    for thread in threads:
        thread.start()
    run(ours.write(lambda: b"a" * MUCH))
    for thread in threads:
        thread.join(PATIENT)
    assert (len(found), len(received)) == (MUCH, MUCH)


def test_messages_of_many_threads_stay_whole_and_in_order(pair: tuple[SyncSocket, socket.socket]) -> None:
    ours, theirs = pair
    order: list[int] = []

    def message(number: int) -> bytes:
        order.append(number)
        return bytes([number]) * 20_000

    def send(number: int) -> None:
        run(ours.write(lambda: message(number)))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    data = b""
    while len(data) < 160_000:
        data += theirs.recv(65536)
    assert data == b"".join(bytes([number]) * 20_000 for number in order)
    for thread in threads:
        thread.join(PATIENT)


@pytest.mark.parametrize(("write_timeout", "timeout"), [(SHORT, None), (None, SHORT), (PATIENT, SHORT)])
def test_message_that_is_not_taken_in_time_ends_the_connection(
    write_timeout: float | None, timeout: float | None
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sock = sync_socket(SyncStream(ours), write_timeout)
        with pytest.raises(TransportError, match="did not take the message in time") as caught:
            run(sock.write(lambda: b"a" * MUCH, after(timeout)))
        assert caught.value.outcome.kind == "network"
        with pytest.raises(TransportError):
            run(sock.write(lambda: b"a"))


def test_message_behind_one_that_is_stuck_waits_no_longer_than_it_may() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sock = sync_socket(SyncStream(ours), PATIENT)
        is_stuck, failures = threading.Event(), list[str]()

        def make() -> bytes:
            is_stuck.set()
            return b"a" * MUCH

        def send() -> None:
            with pytest.raises(TransportError) as caught:
                run(sock.write(make))
            failures.append(caught.value.reason)

        thread = threading.Thread(target=send)
        thread.start()
        assert is_stuck.wait(PATIENT)
        with pytest.raises(TransportError, match="another message was still being sent"):
            run(sock.write(lambda: pytest.fail("a message that cannot be sent is not made"), after(SOON)))
        assert thread.is_alive()
        run(sock.close())
        thread.join(PATIENT)
        assert len(failures) == 1


class Stuck:
    """A session with a server that reads nothing, while a thread sends."""

    def __init__(self, ours: socket.socket, **options: Any) -> None:
        sock = sync_socket(SyncStream(ours), PATIENT)
        settings = Settings(api_key="any", base_url="http://api.test/v1")
        meta: Any = None
        self.connection = Connection(sock, meta, settings, {"ping_timeout": SOON, **options})
        self.is_sending = threading.Event()
        self.raised: list[Exception] = []
        self.thread = threading.Thread(target=self.send)

    def send(self) -> None:
        try:
            run(self.connection.send(b"a" * MUCH, lambda _: self.is_sending.set()))
        except (APIConnectionError, RuntimeError) as error:
            self.raised.append(error)


def test_session_is_closed_while_a_message_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("responses_client._websocket.connection._CLOSE_TIMEOUT_SECONDS", SOON)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        stuck = Stuck(ours, ping_interval=None)
        stuck.thread.start()
        assert stuck.is_sending.wait(PATIENT)
        run(stuck.connection.close())
        stuck.thread.join(PATIENT)
        assert ["session is closed" in str(error) for error in stuck.raised] == [True]


def test_silent_server_is_noticed_while_a_message_is_stuck() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        stuck = Stuck(ours, ping_interval=SOON)
        stuck.thread.start()
        stuck.thread.join(PATIENT)
        assert ["a ping was not answered" in str(error) for error in stuck.raised] == [True]


def test_message_of_which_nothing_was_sent_leaves_the_connection() -> None:
    ours, theirs = socket.socketpair()
    theirs.settimeout(LONG)
    with ours, theirs:
        ours.setblocking(False)
        size = 0
        with suppress(BlockingIOError):
            while True:
                size += ours.send(b"a" * 65536)
        sock = sync_socket(SyncStream(ours))
        with pytest.raises(TransportError, match="did not take the message in time") as caught:
            run(sock.write(lambda: pytest.fail("a message that cannot be sent is not made"), after(SOON)))
        assert caught.value.outcome.kind == "timeout"
        while size:
            size -= len(theirs.recv(min(size, 65536)))
        run(sock.write(lambda: b"x"))
        assert theirs.recv(1) == b"x"


def test_message_that_was_interrupted_ends_the_connection(
    pair: tuple[SyncSocket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pair

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ours._stream, "write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(ours.write(lambda: b"a" * 20_000))
    assert theirs.recv(1) == b""


def test_message_that_cannot_be_made_leaves_the_connection(pair: tuple[SyncSocket, socket.socket]) -> None:
    ours, theirs = pair

    def refuse() -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(ours.write(refuse))
    run(ours.write(lambda: b"x"))
    assert theirs.recv(1) == b"x"


def test_closing_ends_a_read_of_another_thread(pair: tuple[SyncSocket, socket.socket]) -> None:
    ours, theirs = pair
    is_reading, found = threading.Event(), list[object]()

    def read() -> None:
        is_reading.set()
        with suppress(TransportError):
            found.append(run(ours.read(NO_REAL_DEADLINE)))
        found.append("over")

    thread = threading.Thread(target=read)
    thread.start()
    is_reading.wait(PATIENT)
    run(ours.close())
    thread.join(PATIENT)
    assert found[-1] == "over"
    assert theirs.recv(1) == b""


def test_closed_connection_cannot_be_used(pair: tuple[SyncSocket, socket.socket]) -> None:
    ours, _ = pair
    run(ours.close())
    run(ours.close())
    with pytest.raises(TransportError):
        run(ours.read(after(PATIENT)))
    with pytest.raises(TransportError):
        run(ours.write(lambda: b"x"))


def test_transport_without_a_socket_can_be_used() -> None:
    class Stream:
        sent = b""

        def get_extra_info(self, _: str) -> None:
            return None

        def read(self, _: int, timeout: float | None) -> bytes:
            if timeout is not None:
                raise TimeoutError
            return b"x"

        def write(self, data: bytes, timeout: float | None) -> None:
            self.sent += data

        def close(self) -> None:
            raise OSError

    stream = Stream()
    sock = sync_socket(stream, None)
    assert run(sock.read(NO_REAL_DEADLINE)) == b"x"
    assert run(sock.read(after(PATIENT))) is None
    run(sock.write(lambda: b"ab"))
    assert stream.sent == b"ab"
    run(sock.close())


def test_data_that_are_already_decrypted_are_read_at_once() -> None:
    class Encrypted(socket.socket):
        def pending(self) -> int:
            return 5

    class Stream(SyncStream):
        pieces = (b"plain", b"text")

        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            piece, *rest = self.pieces
            self.pieces = tuple(rest)
            return piece

    ours, theirs = socket.socketpair()
    with theirs, Encrypted(fileno=ours.detach()) as encrypted:
        sock = sync_socket(Stream(encrypted))
        assert [run(sock.read(after(PATIENT))) for _ in range(2)] == [b"plain", b"text"]


def test_data_that_are_decrypted_inside_of_other_tls_are_read_at_once() -> None:
    bio = ssl.MemoryBIO()
    inner = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(bio, bio, server_hostname="test")

    class Nested(SyncStream):
        pieces = (b"plain", b"text")

        def get_extra_info(self, info: str) -> Any:
            return inner if info == "ssl_object" else super().get_extra_info(info)

        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            if not self.pieces:
                return super().read(max_bytes, timeout)
            piece, *rest = self.pieces
            self.pieces = tuple(rest)
            return piece

    ours, theirs = socket.socketpair()
    with ours, theirs:
        sock = sync_socket(Nested(ours))
        assert [run(sock.read(after(PATIENT))) for _ in range(2)] == [b"plain", b"text"]
        assert run(sock.read(after(SOON))) is None


def test_events_wake_present_and_future_waiters(pair: tuple[SyncSocket, socket.socket]) -> None:
    ours, _ = pair
    event, woken = ours.new_event(), threading.Event()

    def wait() -> None:
        run(event.wait(after(PATIENT)))
        woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    event.set()
    thread.join(PATIENT)
    assert woken.is_set()
    run(event.wait(NO_REAL_DEADLINE))
    run(ours.new_event().wait(after(SOON)))


def test_functions_run_in_a_thread(pair: tuple[SyncSocket, socket.socket]) -> None:
    ours, _ = pair
    done = threading.Event()

    async def work() -> None:
        done.set()

    ours.start(work)
    assert done.wait(PATIENT)


def test_shield_does_nothing_for_threads(
    pair: tuple[SyncSocket, socket.socket],
) -> None:
    with pair[0].shield(1):
        pass


# Async


class AsyncCarrier(httpx.AsyncByteStream):
    """The body of an answer, which holds its connection."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        raise AssertionError("the body is not read")
        yield b""

    async def aclose(self) -> None:
        await self.stream.aclose()


Play = Callable[[Callable[[AsyncSocket, socket.socket], Awaitable[None]]], None]


@asynccontextmanager
async def connected(backend: str) -> AsyncGenerator[tuple[AsyncSocket, socket.socket], None]:
    stream: Any
    if backend == "trio":
        import trio

        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        stream = TrioStream(trio.SocketStream(trio.socket.from_stdlib_socket(ours)))
    else:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            stream = AnyIOStream(await anyio.connect_tcp("127.0.0.1", listener.getsockname()[1]))
            theirs, _ = listener.accept()
    theirs.settimeout(LONG)
    response = httpx.Response(101, stream=AsyncCarrier(stream), extensions={"network_stream": stream})
    with theirs:
        sock = AsyncSocket(response, PATIENT)
        yield sock, theirs
        await sock.close()


@pytest.fixture(params=["asyncio", "trio"])
def play(request: pytest.FixtureRequest) -> Play:
    def start(script: Callable[[AsyncSocket, socket.socket], Awaitable[None]]) -> None:
        async def main() -> None:
            async with connected(request.param) as (ours, theirs):
                with anyio.fail_after(PATIENT):
                    await script(ours, theirs)

        anyio.run(main, backend=request.param)

    return start


def test_tasks_read_and_write(play: Play) -> None:
    async def script(ours: AsyncSocket, theirs: socket.socket) -> None:
        theirs.sendall(b"one")
        assert await ours.read(NO_REAL_DEADLINE) == b"one"
        assert await ours.read(after(SOON)) is None
        await ours.write(lambda: b"two")
        assert theirs.recv(9) == b"two"
        theirs.close()
        assert await ours.read(after(PATIENT)) == b""

    play(script)


def test_read_that_was_cancelled_takes_nothing(play: Play) -> None:
    async def script(ours: AsyncSocket, theirs: socket.socket) -> None:
        with anyio.move_on_after(SOON):
            await ours.read(NO_REAL_DEADLINE)
        theirs.sendall(b"one")
        assert await ours.read(after(PATIENT)) == b"one"

    play(script)


def test_message_of_a_task_that_is_cancelled_is_sent_whole(play: Play) -> None:
    async def script(ours: AsyncSocket, theirs: socket.socket) -> None:
        def message() -> bytes:
            scope.deadline = anyio.current_time() + SOON
            return b"a" * MUCH

        with anyio.CancelScope() as scope:
            await ours.write(message)
        assert scope.cancelled_caught
        received = bytearray()

        def receive() -> None:
            while len(received) < MUCH + 1:
                received.extend(theirs.recv(65536))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, receive)
            await ours.write(lambda: b"b")
        assert received == b"a" * MUCH + b"b"

    play(script)


def test_write_gives_up_at_its_deadline(play: Play) -> None:
    async def script(ours: AsyncSocket, theirs: socket.socket) -> None:
        with (
            anyio.fail_after(PATIENT),
            pytest.raises(TransportError, match="did not take the message") as caught,
        ):
            await ours.write(lambda: b"a" * MUCH, after(SOON))
        assert caught.value.outcome.kind == "timeout"

    play(script)


@pytest.mark.skipif(
    not hasattr(anyio.abc.SocketStream, "from_socket"),
    reason="this version of anyio reports a connection that is lost in a write at its next use only",
)
def test_failure_to_send_is_raised_for_all_messages(play: Play) -> None:
    async def script(ours: AsyncSocket, theirs: socket.socket) -> None:
        failures: list[str] = []

        async def send() -> None:
            with pytest.raises(TransportError) as caught:
                await ours.write(lambda: b"a" * MUCH)
            failures.append(caught.value.reason)

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(send)
            await settle_async()
            theirs.close()
        assert len(failures) == 3
        assert len(set(failures)) == 1
        with pytest.raises(TransportError, match=failures[0].partition(":")[0]):
            await ours.write(lambda: pytest.fail("a message that cannot be sent is not made"))

    play(script)


def test_read_of_a_closed_connection_raises(play: Play) -> None:
    async def script(ours: AsyncSocket, theirs: socket.socket) -> None:
        await ours.close()
        with pytest.raises(TransportError):
            await ours.read(after(PATIENT))

    play(script)


def test_functions_run_in_the_background(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    async def script(ours: AsyncSocket, theirs: socket.socket) -> None:
        event = ours.new_event()

        async def work() -> None:
            event.set()
            raise ZeroDivisionError

        ours.start(work)
        await event.wait(after(PATIENT))
        await event.wait(NO_REAL_DEADLINE)
        await ours.new_event().wait(after(SOON))
        await settle_async()

    with caplog.at_level(logging.ERROR):
        play(script)
    gc.collect()
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


def test_shield_is_not_cancelled_but_ends(play: Play) -> None:
    async def script(ours: AsyncSocket, theirs: socket.socket) -> None:
        steps: list[str] = []
        with anyio.CancelScope() as scope:
            scope.cancel()
            with ours.shield(SHORT):
                await anyio.lowlevel.checkpoint()
                steps.append("on")
                await anyio.sleep_forever()
            steps.append("over")
        assert steps == ["on", "over"]

    play(script)


def test_nothing_is_left_of_a_loop_that_ends_while_a_message_is_sent() -> None:
    async def main() -> None:
        async with connected("asyncio") as (ours, _):
            with anyio.move_on_after(SOON):
                await ours.write(lambda: b"a" * MUCH)

    asyncio.run(main())
    gc.collect()


@pytest.mark.parametrize("extensions", [{}, {"network_stream": object(), "http_version": b"HTTP/2"}])
def test_connections_that_cannot_be_taken_over_are_refused(extensions: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="http_client cannot carry a WebSocket"):
        SyncSocket(httpx.Response(101, extensions=extensions), None)


# In a forked process


def test_connection_of_the_parent_process_is_left_alone(
    pair: tuple[SyncSocket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pair
    monkeypatch.setattr(forks, "generation", forks.generation + 1)
    for use in (ours.read(NO_REAL_DEADLINE), ours.write(lambda: b"a")):
        with pytest.raises(TransportError, match="the process was forked"):
            run(use)
    run(ours.close())
    monkeypatch.undo()
    theirs.sendall(b"1")
    assert run(ours.read(after(PATIENT))) == b"1"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_async_connection_of_the_parent_process_is_left_alone(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stream:
        def get_extra_info(self, _: str) -> None:
            """Have no socket."""

    carrier = Carrier(Stream())

    async def main() -> None:
        sock = AsyncSocket(
            httpx.Response(101, stream=carrier, extensions={"network_stream": carrier.stream}), None
        )
        monkeypatch.setattr(forks, "generation", forks.generation + 1)
        for use in (sock.read(NO_REAL_DEADLINE), sock.write(lambda: b"a")):
            with pytest.raises(TransportError, match="the process was forked"):
                await use
        await sock.close()

    anyio.run(main, backend=backend)
    assert carrier.closed == 0
