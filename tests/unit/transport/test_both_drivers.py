"""Both drivers alike: answers, the end of bodies, time, keys and locks; over transports in process.

`tests/faults` has them with real servers.
"""

from __future__ import annotations

import gc
import gzip
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import httpx
import pytest
from drivers import REQUEST, Driver, Pieces, answering, read
from waits import LONG, PATIENT, SHORT

from responses_client._base import forks
from responses_client._base.clock import NO_DEADLINE, Deadline
from responses_client._transport.asynchronous import AsyncIO
from responses_client._transport.protocols import TransportError
from responses_client._transport.sync import SyncIO
from responses_client.errors import ConfigurationError


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
        return b"".join(await read(await io.send(REQUEST, Deadline.after(PATIENT))))

    assert (
        driver.play(script, answering(Pieces(content[:9], content[9:]), **{"content-encoding": encoding}))
        == b"text"
    )


def test_damaged_compressed_answer_is_one_that_cannot_be_decoded(driver: Driver) -> None:
    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        with pytest.raises(TransportError) as caught:
            await body.next(NO_DEADLINE)
        assert caught.value.outcome.kind == "decoding"
        await body.close()

    driver.play(script, answering(Pieces(b"not gzip"), **{"content-encoding": "gzip"}))


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
        (Pieces(b"a", b"b", LONG, b"c"), b"b"),
        (Pieces(b"a", b"b", httpx.ReadError("reset")), b"b"),
        (Pieces(b"a", *[b"x"] * 99), b"x" * 16),
    ],
    ids=["slow", "broken", "long"],
)
def test_drain_is_bounded_in_time_and_pieces(
    driver: Driver, stream: Pieces, came: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("sync", "bodies"):
        monkeypatch.setattr(f"responses_client._transport.{module}.DRAIN_SECONDS", SHORT)

    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        await body.next(NO_DEADLINE)
        start = time.monotonic()
        assert await body.drain() == came
        assert time.monotonic() - start < PATIENT
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
        assert await body.next(Deadline.after(PATIENT)) == b"a"
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
        await io.send(REQUEST, Deadline.after(PATIENT))

    driver.play(script, handler)
    assert seen == ["set", "set"]


def test_function_returns_its_value(driver: Driver) -> None:
    assert driver.play(lambda io: io.call(lambda: "key", NO_DEADLINE), lambda _: httpx.Response(204)) == "key"


def test_lock_is_held_by_one_after_the_other(driver: Driver) -> None:
    async def script(io: SyncIO | AsyncIO) -> list[int]:
        owner, taken = Driver("owner"), list[int]()
        for number in range(2):
            async with io.lock(owner, Deadline.after(PATIENT)):
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


@pytest.fixture
def fork(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make the drivers believe that this process was forked; tests/faults/test_fault_forks.py has real forks."""
    return lambda: monkeypatch.setattr(forks, "generation", forks.generation + 1)


def test_body_of_the_parent_process_is_left_alone(driver: Driver, fork: Callable[[], None]) -> None:
    stream = Pieces(b"a", b"b")

    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        assert await body.next(NO_DEADLINE) == b"a"
        fork()
        with pytest.raises(TransportError, match="the process was forked after the connection was opened"):
            await body.next(NO_DEADLINE)
        assert await body.drain() == b""
        await body.close()

    driver.play(script, answering(stream))
    assert (stream.given, stream.closed) == (1, 0)
    gc.collect()


def test_given_client_is_refused_in_a_child(driver: Driver, fork: Callable[[], None]) -> None:
    async def script(io: SyncIO | AsyncIO) -> None:
        fork()
        await io.send(REQUEST, NO_DEADLINE)
        fork()
        with pytest.raises(ConfigurationError, match="http_client was used before this process was forked"):
            await io.send(REQUEST, NO_DEADLINE)

    driver.play(script, answering(Pieces(b"")))


def test_child_makes_clients_and_locks_of_its_own(driver: Driver, fork: Callable[[], None]) -> None:
    class Owner:
        pass

    owner = Owner()

    async def script(_: SyncIO | AsyncIO) -> None:
        io: Any = SyncIO() if driver.name == "sync" else AsyncIO()
        async with io.lock(owner, NO_DEADLINE):
            before = io._pools
            fork()
            async with io.lock(owner, Deadline.after(PATIENT)):
                assert io._pools is not before
                assert io._here() is io._here()
        await io.close()

    driver.play(script, answering(Pieces(b"")))


@pytest.mark.parametrize("is_given", [True, False])
def test_client_is_made_ahead_of_the_first_request(driver: Driver, is_given: bool) -> None:
    async def script(given: SyncIO | AsyncIO) -> None:
        own = SyncIO() if driver.name == "sync" else AsyncIO()
        io: Any = given if is_given else own
        for _ in range(2):
            if driver.name == "sync":
                io.make_client("http://127.0.0.1:1/v1")
            else:
                await io.make_client("http://127.0.0.1:1/v1")
        pool = io._pools if driver.name == "sync" else io._here()
        assert list(pool._clients) == ([] if is_given else [("http", None)])
        await own.close()

    driver.play(script, answering(Pieces(b"")))


def test_failure_while_the_client_is_closed_says_so(driver: Driver) -> None:
    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        io.is_closed = True
        with pytest.raises(TransportError, match="the client was closed"):
            await read(body)

    driver.play(script, answering(Pieces(httpx.ReadError("gone"))))


def test_request_that_fails_because_the_client_is_closed_says_so(driver: Driver) -> None:
    ios: list[SyncIO | AsyncIO] = []

    def refuse(_: httpx.Request) -> httpx.Response:
        ios[0].is_closed = True
        raise httpx.ReadError("gone")

    async def script(io: SyncIO | AsyncIO) -> None:
        ios.append(io)
        with pytest.raises(RuntimeError, match="The client was closed; make a new one"):
            await io.send(REQUEST, NO_DEADLINE)

    driver.play(script, refuse)


def test_error_that_is_no_failure_of_the_connection_comes_as_it_is(driver: Driver) -> None:
    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        with pytest.raises(ZeroDivisionError):
            await body.next(NO_DEADLINE)
        await body.close()

    driver.play(script, answering(Pieces(ZeroDivisionError())))
