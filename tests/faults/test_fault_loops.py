"""One client over many event loops and threads: nothing of a loop that ended is kept, and `close` ends every wait."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import socket
import sys
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeAlias

import anyio
import anyio.lowlevel
import pytest
from samples import CREATED, KEY, response
from scripted_server import answer
from waits import LONG, PATIENT, SOON, eventually

from responses_client import APITimeoutError, AsyncClient, Client, StreamInterrupted

Main: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
_MOST_SECONDS = LONG
_DRIP_SECONDS = 0.02


class EchoServer:
    """Answers any number of requests over any number of connections, and counts those that are open.

    The input of a request says what becomes of it: "hold" gets no answer, "drip" headers without an end, "stream" the
    first event of a stream, anything else a response.
    """

    def __init__(self) -> None:
        self.open = 0
        self.waiting = threading.Semaphore(0)
        """Released for each request that gets no whole answer."""
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.options: dict[str, Any] = {
            "base_url": f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1",
            "api_key": KEY,
            "timeout": _MOST_SECONDS,
            "max_retries": 0,
        }
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> EchoServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def wait_until_open(self, count: int) -> None:
        """Wait until so many connections are open."""
        eventually(lambda: self.open == count)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                with self._lock:
                    self.open += 1
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, suppress(OSError):
            sock.settimeout(_MOST_SECONDS)
            while data := sock.recv(65536):
                while b"}" not in data:
                    data += sock.recv(65536)
                self._reply(sock, json.loads(data.partition(b"\r\n\r\n")[2])["input"])
        with self._lock:
            self.open -= 1

    def _reply(self, sock: socket.socket, text: str) -> None:
        if text not in ("hold", "drip", "stream"):
            sock.sendall(answer(200, response()))
            return
        self.waiting.release()
        if text == "stream":
            sock.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + CREATED)
        elif text == "drip":
            sock.sendall(b"HTTP/1.1 200 OK\r\nx-drip: ")
            while not self._closing.wait(_DRIP_SECONDS):
                sock.sendall(b"1")


@pytest.fixture
def server() -> Iterator[EchoServer]:
    with EchoServer() as server:
        yield server


def run_asyncio(main: Main) -> None:
    asyncio.run(main())


def run_trio(main: Main) -> None:
    anyio.run(main, backend="trio")


def run_uvloop(main: Main) -> None:
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def run_by_hand(main: Main) -> None:
    """Run as programs do that never heard of `asyncio.run`: the loop does not close its async generators."""
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # in loops that were closed by hand
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("run", "transport"),
    [
        *((run, "httpx") for run in (run_asyncio, run_trio, run_uvloop, run_by_hand)),
        *((run, "aiohttp") for run in (run_asyncio, run_uvloop, run_by_hand)),
    ],
)
def test_client_keeps_nothing_of_a_loop_that_ended(
    server: EchoServer, run: Callable[[Main], None], transport: Any
) -> None:
    client = AsyncClient(transport=transport, **server.options)
    tokens: list[weakref.ref[Any]] = []

    async def main() -> None:
        tokens.append(weakref.ref(anyio.lowlevel.current_token()))
        await client.responses.create(model="m", input="Hi")

    run(main)
    gc.collect()
    before = descriptors()
    for _ in range(20):
        run(main)
    gc.collect()

    server.wait_until_open(1 if run is run_by_hand else 0)  # whose ends of the connections are counted, too
    assert abs(descriptors() - before) <= 2
    assert len(client._core.io._pools._pools) <= 1
    asyncio.run(client.aclose())
    gc.collect()  # the last loop that was closed by hand, here where its warnings are expected
    server.wait_until_open(0)


@pytest.mark.parametrize("other", [run_asyncio, run_trio])
@pytest.mark.parametrize(
    ("run", "transport"), [(run_asyncio, "httpx"), (run_trio, "httpx"), (run_asyncio, "aiohttp")]
)
def test_close_in_another_loop_ends_the_streams_of_the_first(
    server: EchoServer, run: Callable[[Main], None], other: Callable[[Main], None], transport: Any
) -> None:
    client = AsyncClient(transport=transport, **server.options)
    errors: list[BaseException] = []
    reads = threading.Event()

    async def read() -> None:
        async with client.responses.stream(model="m", input="stream") as stream:
            await anext(stream)
            reads.set()
            with pytest.raises(StreamInterrupted) as caught:
                await anext(stream)
        errors.append(caught.value)
        with pytest.raises(RuntimeError, match="is closed; make a new one"):
            await client.responses.create(model="m", input="Hi")

    async def close() -> None:
        await client.aclose()

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(run, read)
        assert reads.wait(_MOST_SECONDS)
        other(close)
        reading.result(_MOST_SECONDS)

    assert "the client was closed" in str(errors[0])
    server.wait_until_open(0)


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
def test_client_can_be_closed_when_the_loop_that_used_it_stands_still(
    server: EchoServer, transport: Any
) -> None:
    client = AsyncClient(transport=transport, **server.options)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(client.responses.create(model="m", input="Hi"))
    asyncio.run(client.aclose())
    assert server.open == 1
    loop.run_until_complete(asyncio.sleep(0))
    loop.run_until_complete(loop.shutdown_asyncgens())
    server.wait_until_open(0)
    loop.close()


@pytest.mark.parametrize("text", ["hold", "drip", "stream"])
@pytest.mark.parametrize("deadline", [None, _MOST_SECONDS])
def test_close_ends_the_calls_of_all_threads(server: EchoServer, text: str, deadline: float | None) -> None:
    client = Client(deadline=deadline, **server.options)
    client.responses  # noqa: B018  # the threads do not wait for each other to load it

    def call() -> None:
        client.responses.stream(model="m", input=text).get_final_response()

    with ThreadPoolExecutor(32) as pool:
        calls = [pool.submit(call) for _ in range(32)]
        for _ in calls:
            assert server.waiting.acquire(timeout=_MOST_SECONDS)
        client.close()
        errors = [call.exception(PATIENT) for call in calls]

    expected = (RuntimeError, StreamInterrupted) if text == "stream" else RuntimeError
    assert all(isinstance(error, expected) for error in errors), errors
    assert all("client was closed" in str(error) for error in errors), errors
    server.wait_until_open(0)


def test_call_that_its_deadline_gave_up_leaves_no_thread_and_no_socket(server: EchoServer) -> None:
    with Client(**server.options) as client:
        client.responses.create(model="m", input="Hi")  # one of the calls uses this connection again
        before = set(threading.enumerate())
        for _ in range(10):
            with pytest.raises(APITimeoutError, match=f"deadline of {SOON} s"):
                client.responses.create(model="m", input="drip", deadline=SOON)
        server.wait_until_open(0)
        for thread in set(threading.enumerate()) - before:
            if thread.name.startswith("responses_client"):
                thread.join(_MOST_SECONDS)
                assert not thread.is_alive()
        assert client.responses.create(model="m", input="Hi", deadline=PATIENT).status == "completed"


@pytest.mark.parametrize(
    ("runs", "transport"), [((run_asyncio, run_trio), "httpx"), ((run_asyncio, run_uvloop), "aiohttp")]
)
def test_stream_of_several_loops_at_once(
    server: EchoServer, runs: tuple[Callable[[Main], None], ...], transport: Any
) -> None:
    """Loops in threads share the client, and no connection."""
    client = AsyncClient(transport=transport, **server.options)

    async def main() -> None:
        for _ in range(5):
            assert (await client.responses.create(model="m", input="Hi")).status == "completed"

    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(run, main) for run in runs for _ in range(8)]:
            each.result(_MOST_SECONDS)
    asyncio.run(client.aclose())
    server.wait_until_open(0)
