"""The virtual clock: waits of clients, sync and async, and the order in which waits end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import anyio
import pytest
from callers import MODES, Caller
from waits import PATIENT, SOON

from responses_client import (
    APITimeoutError,
    AsyncClient,
    Client,
    RateLimitError,
    StreamInterrupted,
    WaitTimeout,
    WebhookSignatureError,
)
from responses_client._base import clock as _clock
from responses_client.testing import Server, VirtualClock

ASK = {"model": "m", "input": "Hi"}
HOUR = 3600.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualClock]:
    monkeypatch.setattr("random.random", lambda: 0.0)
    start = time.monotonic()
    with VirtualClock() as clock:
        yield clock
    # The machine may be busy; what is waited for here adds up to hours.
    assert time.monotonic() - start < PATIENT


def limited(caller: Caller, server: Server, **options: Any) -> Caller:
    """Return a caller with clients that have these options."""
    return Caller(caller.mode, partial(server.client, **options), partial(server.async_client, **options))


def ask(client: Any, **options: Any) -> Any:
    return client.responses.create(**ASK, **options)


def stream(client: Any, **options: Any) -> Any:
    return ask(client, stream=True, **options)


# --- waits of clients


def test_pauses_between_tries_take_no_time(caller: Caller, server: Server, clock: VirtualClock) -> None:
    server.fail(500, times=4).reply("At last")

    assert caller(partial(ask, max_retries=4)).output_text == "At last"
    assert clock.waits == [0.5, 1, 2, 4]
    assert clock.now == 7.5


def test_retry_after_is_waited_for(caller: Caller, server: Server, clock: VirtualClock) -> None:
    server.fail(429, retry_after=30).reply("Hello")

    assert caller(ask).meta.elapsed == pytest.approx(30)
    assert clock.waits == [30]


def test_retry_after_a_date_goes_by_the_clock(caller: Caller, server: Server, clock: VirtualClock) -> None:
    clock.advance(HOUR)
    then = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + HOUR + 45))
    server.fail(429, retry_after=then).reply("Hello")

    caller(ask)

    assert clock.waits == [pytest.approx(45, abs=5)]


def test_error_of_the_last_try_comes_at_once(caller: Caller, server: Server, clock: VirtualClock) -> None:
    server.fail(429, times=3)

    with pytest.raises(RateLimitError):
        caller(ask)
    assert clock.waits == [0.5, 1]


def test_deadline_ends_an_answer_that_is_slow(caller: Caller, server: Server, clock: VirtualClock) -> None:
    server.delay(HOUR)

    with pytest.raises(APITimeoutError, match="the deadline of 5 s has passed"):
        caller(partial(ask, deadline=5))
    assert clock.now == pytest.approx(5)
    assert clock.waits == [pytest.approx(5)]


def test_deadline_that_is_a_sum_of_fractions_ends_a_call_too(
    caller: Caller, server: Server, clock: VirtualClock
) -> None:
    for seconds in (0.1, 0.7, 1.3):
        clock.advance(seconds)
        server.delay(HOUR)
        with pytest.raises(APITimeoutError, match="has passed"):
            caller(partial(ask, deadline=seconds))


def test_deadline_bounds_all_tries(caller: Caller, server: Server, clock: VirtualClock) -> None:
    server.fail(503, times=9)

    with pytest.raises(Exception, match="503"):
        caller(partial(ask, deadline=5, max_retries=9))
    assert clock.waits == [0.5, 1, 2]


def test_deadline_ends_a_stream(caller: Caller, server: Server, clock: VirtualClock) -> None:
    server.delay(per_event=2).reply("Hello there")

    with pytest.raises(StreamInterrupted, match="the deadline of 5 s has passed") as caught:
        caller.events(partial(stream, deadline=5))
    assert clock.waits == [2, 2, pytest.approx(1)]
    assert caught.value.last_sequence_number == 2


def test_idle_timeout_ends_a_stream_that_is_silent(
    caller: Caller, server: Server, clock: VirtualClock
) -> None:
    server.delay(per_event=HOUR).reply("Hello there")

    with pytest.raises(StreamInterrupted, match="no event came for 20 s"):
        limited(caller, server, idle_timeout=20).events(stream)
    assert clock.now == pytest.approx(20)


def test_stream_within_its_limits_is_not_disturbed(
    caller: Caller, server: Server, clock: VirtualClock
) -> None:
    server.delay(3, per_event=3).reply("Hello")

    events = limited(caller, server, idle_timeout=4, deadline=HOUR).events(stream)
    assert events[-1].type == "response.completed"
    assert clock.now == 3 * len(events)


def test_waiting_for_a_response_takes_no_time(caller: Caller, server: Server, clock: VirtualClock) -> None:
    server.background(polls=6).reply("Done")
    started = caller(partial(ask, background=True))

    assert caller(lambda client: client.responses.wait(started.id, poll_interval=2)).output_text == "Done"
    assert clock.waits == [2, 3, 4.5, 6.75, 10]


def test_wait_ends_when_its_time_is_up(caller: Caller, server: Server, clock: VirtualClock) -> None:
    server.background(polls=1000)
    started = caller(partial(ask, background=True))

    with pytest.raises(WaitTimeout, match="within 600 s"):
        caller(lambda client: client.responses.wait(started.id, timeout=600))
    assert clock.now == pytest.approx(600, abs=2)


def test_time_passes_on_demand(server: Server, clock: VirtualClock) -> None:
    webhook = server.webhook({"id": "resp_1", "status": "completed"})
    client = server.client()
    client.webhooks.unwrap(webhook.body, webhook.headers)

    clock.advance(301)

    with pytest.raises(WebhookSignatureError):
        client.webhooks.unwrap(webhook.body, webhook.headers)
    assert clock.waits == []


# --- many at a time


async def turns(count: int) -> None:
    """Let other tasks work."""
    for _ in range(count):
        await anyio.lowlevel.checkpoint()


async def test_tasks_wait_at_the_same_time(server: Server, clock: VirtualClock) -> None:
    server.fail(429, retry_after=10, times=50)
    client = server.async_client()

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(partial(client.responses.create, **ASK))

    assert clock.waits == [10] * 50
    assert clock.now == 10


async def test_tasks_are_woken_in_the_order_of_time(clock: VirtualClock) -> None:
    woken: list[tuple[int, float]] = []

    async def wait(seconds: int) -> None:
        await _clock.sleep_async(seconds)
        woken.append((seconds, clock.now))

    async with anyio.create_task_group() as tasks:
        for seconds in (5, 1, 4, 2, 3):
            tasks.start_soon(wait, seconds)

    assert woken == [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]


async def test_task_that_is_cancelled_waits_no_more(clock: VirtualClock) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_clock.sleep_async, 5)
        tasks.start_soon(_clock.sleep_async, 7)
        await turns(3)
        tasks.cancel_scope.cancel()

    assert clock.now == 0
    await _clock.sleep_async(1)
    assert clock.now == 1


async def test_plain_function_does_not_wait_for_tasks_that_it_blocks(clock: VirtualClock) -> None:
    async def wait() -> None:
        await _clock.sleep_async(1)
        assert clock.now == 5

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await turns(3)
        _clock.sleep(5)
        assert clock.now == 5


@pytest.mark.parametrize("threads", [1, 2])
def test_thread_that_is_alone_has_nobody_to_wait_for(
    clock: VirtualClock, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    naps: list[float] = []
    monkeypatch.setattr(threading, "active_count", lambda: threads)
    monkeypatch.setattr(time, "sleep", naps.append)
    _clock.sleep(HOUR)
    assert clock.now == HOUR
    assert bool(naps) is (threads > 1)


def test_threads_wait_at_the_same_time(
    server: Server, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough for a machine that is busy.
    monkeypatch.setattr("responses_client.testing._virtual_clock._QUIET_SECONDS", 0.05)
    server.fail(429, retry_after=10, times=8)
    client = server.client()
    together = threading.Barrier(8)

    def work(_: int) -> None:
        together.wait()
        client.responses.create(**ASK)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))

    assert clock.waits == [10] * 8
    assert 10 <= clock.now < 80


async def test_wait_for_somebody_who_is_blocked_ends(
    clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("responses_client.testing._virtual_clock._PATIENCE_SECONDS", SOON)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_clock.sleep_async, 1)
        await turns(3)
        with ThreadPoolExecutor(1) as pool:  # whose end blocks the loop, and the task that is next
            pool.submit(_clock.sleep, 5)
        assert clock.now == 5


def test_event_loops_of_several_threads_share_the_time(clock: VirtualClock) -> None:
    together = threading.Barrier(2)

    def work(backend: str, seconds: float) -> float:
        async def main() -> float:
            together.wait()
            await _clock.sleep_async(seconds)
            return clock.now

        return anyio.run(main, backend=backend)

    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(work, "asyncio", HOUR), pool.submit(work, "trio", 1.0)]

    assert running[1].result() >= 1
    assert running[0].result() >= HOUR


# --- the block


def test_one_clock_at_a_time() -> None:
    with VirtualClock() as clock:
        for other in (clock, VirtualClock()):
            with (
                pytest.raises(
                    RuntimeError, match="Another VirtualClock is in use, and a process has only one clock"
                ),
                other,
            ):
                pass
        _clock.sleep(HOUR)
        assert clock.now == HOUR


def test_clock_can_be_used_again_and_goes_on() -> None:
    clock = VirtualClock()
    for _ in range(2):
        with clock:
            _clock.sleep(2)
    assert (clock.now, clock.waits) == (4, [2, 2])


def test_time_is_real_before_and_after(monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    with pytest.raises(ZeroDivisionError), VirtualClock():
        _clock.sleep(HOUR / 0)
    _clock.sleep(1)
    assert naps == [1]
    assert _clock.monotonic is time.monotonic
    assert abs(_clock.time() - time.time()) < 60


def test_clock_starts_at_the_real_time() -> None:
    with VirtualClock() as clock:
        clock.advance(HOUR)
        assert abs(_clock.time() - time.time() - HOUR) < 60
        assert abs(_clock.monotonic() - time.monotonic() - HOUR) < 60


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_time_does_not_go_back(clock: VirtualClock, seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds must be at least 0, got"):
        clock.advance(seconds)


def test_waits_of_no_length_are_no_waits(clock: VirtualClock) -> None:
    _clock.sleep(0)
    assert (clock.waits, clock.now) == ([], 0)


def test_wait_after_the_time_is_up_ends_at_once(clock: VirtualClock) -> None:
    with _clock.time_limit(5), _clock.time_limit(9):
        clock.advance(6)
        with pytest.raises(TimeoutError):
            _clock.sleep(1)
    assert (clock.waits, clock.now) == ([], 6)


def test_fixture_is_a_clock_in_use(virtual_clock: VirtualClock) -> None:
    _clock.sleep(HOUR)
    assert virtual_clock.waits == [HOUR]


# --- on a port


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_server_on_a_port_waits_by_the_clock_too(server: Server, clock: VirtualClock, backend: str) -> None:
    server.delay(HOUR, per_event=60).reply("Hello")
    with server.serve() as url:

        async def main() -> list[Any]:
            async with AsyncClient(api_key="any", base_url=url) as client:
                return [event async for event in await client.responses.create(stream=True, **ASK)]

        events = anyio.run(main, backend=backend)

    assert clock.waits == [HOUR, *[60] * (len(events) - 1)]


def test_websocket_of_a_server_waits_by_the_clock_too(server: Server, clock: VirtualClock) -> None:
    server.delay(HOUR, per_event=60).reply("Hello")
    with (
        server.serve() as url,
        Client(api_key="any", base_url=url) as client,
        client.responses.connect() as session,
        session.create(model="m", input="Hi") as stream,
    ):
        assert stream.get_final_response().output_text == "Hello"
    assert clock.waits[:3] == [HOUR, 60, 60]


@pytest.mark.parametrize("mode", MODES)
def test_client_of_a_server_on_a_port_waits_by_the_clock(
    server: Server, clock: VirtualClock, mode: str
) -> None:
    server.fail(429, retry_after=30).fail(503).reply("Hello")
    with server.serve() as url:
        options: dict[str, Any] = {"api_key": "any", "base_url": url}
        caller = Caller(mode, partial(Client, **options), partial(AsyncClient, **options))
        assert caller(ask).output_text == "Hello"
    assert clock.waits == [30, 1]
