"""Both drivers alike: answers, the end of bodies, time, keys and locks; over transports in process.

`tests/faults` has them with real servers.
"""

from __future__ import annotations

import gzip
import time
from contextvars import ContextVar

import httpx
import pytest
from drivers import REQUEST, Driver, Pieces, answering, read

from responses_client._base.clock import NO_DEADLINE, Deadline
from responses_client._transport.asynchronous import AsyncIO
from responses_client._transport.protocols import TransportError
from responses_client._transport.sync import SyncIO


def test_answer_is_read_piece_by_piece(driver: Driver) -> None:
    stream = Pieces(b"a", b"b")

    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        assert (body.status_code, body.headers["X-Id"]) == (200, "1")
        assert await read(body) == [b"a", b"b"]
        assert await body.next(NO_DEADLINE) is None

    driver.play(script, answering(stream, **{"x-id": "1"}))
    assert stream.closed == 1


@pytest.mark.parametrize(
    ("encoding", "is_encoded"), [("gzip", True), (" GZIP ", True), ("identity", False), ("", False)]
)
def test_compressed_answer_is_decoded(driver: Driver, encoding: str, is_encoded: bool) -> None:
    content = gzip.compress(b"text") if is_encoded else b"text"

    async def script(io: SyncIO | AsyncIO) -> bytes:
        return b"".join(await read(await io.send(REQUEST, Deadline.after(5.0))))

    assert (
        driver.play(script, answering(Pieces(content[:9], content[9:]), **{"content-encoding": encoding}))
        == b"text"
    )


def test_drain_reads_the_rest_of_a_body(driver: Driver) -> None:
    stream = Pieces(b"a", b"b", b"c")

    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        await body.next(NO_DEADLINE)
        assert await body.drain() == b"bc"
        assert await body.drain() == b""
        await body.close()

    driver.play(script, answering(stream))
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
def test_drain_is_bounded_in_time_and_pieces(driver: Driver, stream: Pieces, came: bytes) -> None:
    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        await body.next(NO_DEADLINE)
        start = time.monotonic()
        assert await body.drain() == came
        assert time.monotonic() - start < 0.25
        await body.close()

    driver.play(script, answering(stream))


def test_close_ignores_a_connection_that_breaks_meanwhile(driver: Driver) -> None:
    class Broken(Pieces):
        def close(self) -> None:
            raise httpx.CloseError("reset")

        async def aclose(self) -> None:
            raise httpx.CloseError("reset")

    async def script(io: SyncIO | AsyncIO) -> None:
        await (await io.send(REQUEST, NO_DEADLINE)).close()

    driver.play(script, answering(Broken(b"a")))


def test_passed_deadline_is_a_timeout_before_anything_is_read(driver: Driver) -> None:
    stream = Pieces(b"a")

    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        for timeout in (0.0, -1.0):
            with pytest.raises(TransportError, match="the time for it was up") as caught:
                await body.next(Deadline.after(timeout))
            assert caught.value.outcome.kind == "timeout"
        assert await body.next(Deadline.after(1.0)) == b"a"
        await body.close()

    driver.play(script, answering(stream))
    assert stream.given == 1


@pytest.mark.parametrize("seconds", [0.0, 0.01])
def test_sleep_waits(driver: Driver, seconds: float) -> None:
    start = time.monotonic()
    driver.play(lambda io: io.sleep(seconds), lambda _: httpx.Response(204))

    assert time.monotonic() - start >= seconds


variable: ContextVar[str] = ContextVar("variable", default="not set")


def test_hooks_of_the_users_client_see_the_context_of_the_call(driver: Driver) -> None:
    seen: list[str] = []

    def handler(_: httpx.Request) -> httpx.Response:
        seen.append(variable.get())
        return httpx.Response(204)

    async def script(io: SyncIO | AsyncIO) -> None:
        variable.set("set")
        await io.send(REQUEST, NO_DEADLINE)
        await io.send(REQUEST, Deadline.after(5.0))

    driver.play(script, handler)
    assert seen == ["set", "set"]


def test_function_returns_its_value(driver: Driver) -> None:
    assert driver.play(lambda io: io.call(lambda: "key", NO_DEADLINE), lambda _: httpx.Response(204)) == "key"


def test_lock_is_held_by_one_after_the_other(driver: Driver) -> None:
    async def script(io: SyncIO | AsyncIO) -> list[int]:
        owner, taken = Driver("owner"), list[int]()
        for number in range(2):
            async with io.lock(owner, Deadline.after(5.0)):
                taken.append(number)
        return taken

    assert driver.play(script, lambda _: httpx.Response(204)) == [0, 1]


def test_connection_is_taken_over_after_a_switch_of_protocol(driver: Driver) -> None:
    class Stream:
        def get_extra_info(self, _: str) -> None:
            return None

    def switch(_: httpx.Request) -> httpx.Response:
        return httpx.Response(101, extensions={"network_stream": Stream()})

    async def script(io: SyncIO | AsyncIO) -> str:
        return type((await io.send(REQUEST, NO_DEADLINE)).socket(5.0)).__name__

    assert driver.play(script, switch) == ("SyncSocket" if driver.name == "sync" else "AsyncSocket")
