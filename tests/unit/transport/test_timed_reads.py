"""Reads of httpcore on asyncio: they end in time, by one timer, and fail in the words of httpcore."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any
from weakref import ref

import anyio
import pytest
from waits import PATIENT, SOON

from responses_client._transport.timed_reads import timed


class Below:
    """A stream of anyio that gives the items put into it: bytes, or an exception."""

    def __init__(self) -> None:
        self.queue = asyncio.Queue[bytes | Exception]()

    async def receive(self, max_bytes: int) -> bytes:
        found = await self.queue.get()
        if isinstance(found, Exception):
            raise found
        return found[:max_bytes]


class Stream:
    """A stream of httpcore."""

    def __init__(self) -> None:
        self._stream = self.below = Below()
        self.reads: list[float | None] = []
        self.is_closed = False

    async def read(self, max_bytes: int, timeout: float | None) -> bytes:
        self.reads.append(timeout)
        raise LookupError("as httpcore says it")

    async def write(self, buffer: bytes) -> None: ...

    def get_extra_info(self, name: str) -> str:
        return name

    async def start_tls(self, *arguments: Any) -> Stream:
        return Stream()

    async def aclose(self) -> None:
        self.is_closed = True


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds after which each timer was to look."""
    made: list[float] = []
    call_at = asyncio.BaseEventLoop.call_at

    def noted(self: asyncio.BaseEventLoop, when: float, *given: Any, **options: Any) -> asyncio.TimerHandle:
        made.append(round(when - self.time()))
        return call_at(self, when, *given, **options)

    monkeypatch.setattr(asyncio.BaseEventLoop, "call_at", noted)
    return made


def test_read_gives_what_came() -> None:
    async def work() -> None:
        stream = Stream()
        stream.below.queue.put_nowait(b"abc")
        assert await timed(stream).read(2, PATIENT) == b"ab"
        assert stream.reads == []

    run(work())


def test_read_that_is_too_long_fails_as_httpcore_says_it() -> None:
    async def work() -> None:
        stream = Stream()
        with pytest.raises(LookupError):
            await timed(stream).read(2, SOON)
        assert stream.reads == [0]
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    run(work())


@pytest.mark.parametrize("failure", [anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError])
def test_other_failures_are_those_of_httpcore(failure: type[Exception]) -> None:
    async def work() -> None:
        stream = Stream()
        stream.below.queue.put_nowait(failure())
        with pytest.raises(LookupError):
            await timed(stream).read(2, PATIENT)
        assert stream.reads == [PATIENT]

    run(work())


@pytest.mark.parametrize("timeout", [None, PATIENT])
def test_cancelled_read_is_cancelled(timeout: float | None) -> None:
    async def work() -> None:
        stream = Stream()
        task = asyncio.create_task(timed(stream).read(2, timeout))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stream.reads == []

    run(work())


def test_read_that_is_too_long_and_cancelled_is_cancelled() -> None:
    async def work() -> None:
        stream = Stream()
        reading = timed(stream)
        task = asyncio.create_task(reading.read(2, PATIENT))
        await asyncio.sleep(0)
        reading._limit._end = 0  # the time has passed
        reading._limit.look()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stream.reads == []

    run(work())


def test_reads_share_a_timer(timers: list[float]) -> None:
    async def work() -> None:
        stream = Stream()
        reading = timed(stream)
        for _ in range(3):
            stream.below.queue.put_nowait(b"a")
            assert await reading.read(1, PATIENT) == b"a"
        assert timers == [PATIENT]

    run(work())


def test_shorter_limit_moves_the_timer(timers: list[float]) -> None:
    async def work() -> None:
        stream = Stream()
        reading = timed(stream)
        for timeout in (3 * PATIENT, PATIENT, 2 * PATIENT):
            stream.below.queue.put_nowait(b"a")
            await reading.read(1, timeout)
        assert timers == [3 * PATIENT, PATIENT]

    run(work())


def test_timer_waits_on_for_a_read_that_began_later(timers: list[float]) -> None:
    async def work() -> None:
        stream = Stream()
        reading = timed(stream)
        task = asyncio.create_task(reading.read(1, PATIENT))
        await asyncio.sleep(0)
        reading._limit.look()
        assert timers == [PATIENT, PATIENT]
        stream.below.queue.put_nowait(b"a")
        assert await task == b"a"

    run(work())


def test_timer_ends_where_nothing_is_read(timers: list[float]) -> None:
    async def work() -> None:
        stream = Stream()
        reading = timed(stream)
        stream.below.queue.put_nowait(b"a")
        await reading.read(1, PATIENT)
        reading._limit.look()
        assert timers == [PATIENT]
        assert reading._limit._timer is None

    run(work())


def test_read_without_a_limit_has_no_timer(timers: list[float]) -> None:
    async def work() -> None:
        stream = Stream()
        stream.below.queue.put_nowait(b"a")
        assert await timed(stream).read(1) == b"a"
        assert timers == []

    run(work())


def test_timer_keeps_no_stream_alive() -> None:
    async def work() -> None:
        stream = Stream()
        reading = timed(stream)
        stream.below.queue.put_nowait(b"a")
        await reading.read(1, SOON)
        weak = ref(reading._limit)
        timer = reading._limit._timer
        del reading
        gc.collect()
        assert weak() is None
        timer._run()  # nothing to look at

    run(work())


def test_close_and_tls_stop_the_timer() -> None:
    async def work() -> None:
        stream = Stream()
        reading = timed(stream)
        stream.below.queue.put_nowait(b"a")
        await reading.read(1, PATIENT)
        above = await reading.start_tls(None, "a", PATIENT)
        assert type(above) is type(reading)
        assert reading._limit._timer is None
        await above.aclose()
        assert above.wrapped.is_closed
        assert above.get_extra_info("socket") == "socket"

    run(work())


def test_end_of_a_connection_is_that_of_httpcore() -> None:
    class Ended(Stream):
        async def read(self, max_bytes: int, timeout: float | None) -> bytes:
            return b""

    async def work() -> None:
        stream = Ended()
        stream.below.queue.put_nowait(anyio.EndOfStream())
        assert await timed(stream).read(2, PATIENT) == b""

    run(work())


def test_streams_of_other_kinds_are_left_as_they_are() -> None:
    assert timed(0) == 0
