"""Maps that end while requests are in flight: no thread, task or connection remains, and exceptions stay as they are."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from samples import KEY, response
from scripted_server import HOLD, ScriptedServer, Step, answer, head
from shells import Session, Shell
from waits import LONG, PATIENT, SHORT, SOON, eventually, eventually_async, settle, settle_async

from responses_client import Client, ResponseMap
from responses_client.errors import APIConnectionError, RateLimitError

GOOD: list[Step] = [answer(200, response())]
REQUEST: Any = {"model": "m", "input": "Hi"}

REFUSED: list[Step] = [answer(429, {}, retry_after="45")]

# The answers to all requests but the first.
STATES: dict[str, list[Step]] = {
    "waiting for headers": [HOLD],
    "waiting for a body": [head(200, content_length="10"), HOLD],
    "waiting for the next try": [answer(503, {}, retry_after="45")],
    "waiting for the rate limit": REFUSED,
    "waiting to be read": GOOD,
}
STATE = pytest.mark.parametrize("script", STATES.values(), ids=STATES)


@pytest.fixture(params=["asyncio", "trio"])
def loop(request: pytest.FixtureRequest) -> Shell:
    """Each kind of event loop in turn."""
    return Shell(request.param)


@pytest.fixture
def threads() -> Callable[[], set[threading.Thread]]:
    """Return the threads that did not exist before the test."""
    before = set(threading.enumerate())
    return lambda: set(threading.enumerate()) - before


def requests() -> Iterator[Any]:
    while True:
        yield REQUEST


def is_reached(server: ScriptedServer, script: list[Step]) -> bool:
    """Whether the map is in the state of the script: its requests were sent, and no others follow."""
    least = 13 if script is GOOD else 2 if script is REFUSED else 3
    return len(server.requests) >= least


class LeaveBlock(Exception):
    """The exception by which a test leaves the block."""


# --- threads


def leave(
    client: Client,
    server: ScriptedServer,
    ours: Callable[[], set[threading.Thread]],
    script: list[Step] | None = None,
) -> float:
    """Leave the block in the state of the script; return how long that took."""
    with suppress(LeaveBlock), client.responses.map(requests(), max_concurrency=3, ordered=False) as results:
        assert next(results).response is not None
        eventually(lambda: is_reached(server, script or []))
        settle()  # for the threads to be in their reads, which nothing reports
        start = time.monotonic()
        raise LeaveBlock
    seconds = time.monotonic() - start
    assert {thread for thread in ours() if thread.name.startswith("responses.map")} == set()
    return seconds


@STATE
def test_end_of_the_block_leaves_no_thread_and_no_connection(
    script: list[Step], threads: Callable[[], set[threading.Thread]]
) -> None:
    with ScriptedServer(GOOD, *[script] * 30) as server, Client(api_key=KEY, base_url=server.url) as client:
        assert leave(client, server, threads, script) < PATIENT
        for _ in range(server.connections):
            assert server.closed.acquire(timeout=PATIENT)


def test_end_of_the_block_leaves_no_thread_of_a_deadline(
    threads: Callable[[], set[threading.Thread]],
) -> None:
    with ScriptedServer(GOOD, *[[HOLD]] * 30) as server:
        with Client(api_key=KEY, base_url=server.url, deadline=LONG) as client:
            assert leave(client, server, threads) < PATIENT
        for thread in threads() - set(server.threads):
            thread.join(PATIENT)
            assert not thread.is_alive()


def test_encrypted_connections_are_shut_down_too(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, threads: Callable[[], set[threading.Thread]]
) -> None:
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr("responses_client._transport.http_library.tls_context", lambda *_: context)
    scripts = [GOOD, *[[HOLD]] * 30]
    with (
        ScriptedServer(*scripts, certificate=certificate) as server,
        Client(api_key=KEY, base_url=server.url) as client,
    ):
        assert leave(client, server, threads) < PATIENT


@pytest.mark.skipif(os.name != "posix", reason="a signal does not end a wait for a lock elsewhere")
def test_interrupt_of_a_waiting_thread_ends_the_map(threads: Callable[[], set[threading.Thread]]) -> None:
    with ScriptedServer(GOOD, *[[HOLD]] * 30) as server, Client(api_key=KEY, base_url=server.url) as client:

        def interrupt() -> None:
            eventually(lambda: is_reached(server, [HOLD]))
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

        def wait_for_two_results() -> None:
            with client.responses.map(requests(), max_concurrency=3, ordered=False) as results:
                next(results)
                thread.start()
                next(results)

        thread = threading.Thread(target=interrupt)
        usual = signal.signal(signal.SIGINT, signal.default_int_handler)  # shells ignore it in the background
        try:
            with pytest.raises(KeyboardInterrupt):
                wait_for_two_results()
        finally:
            signal.signal(signal.SIGINT, usual)
        thread.join()
        assert {thread for thread in threads() if thread.name.startswith("responses.map")} == set()


def test_http_client_of_the_user_is_waited_for_and_stays_open(
    threads: Callable[[], set[threading.Thread]],
) -> None:
    slow: list[Step] = [SHORT, *GOOD]
    with ScriptedServer(GOOD, *[slow] * 30) as server, httpx.Client(trust_env=False) as given:
        client = Client(api_key=KEY, base_url=server.url, http_client=given)
        assert SOON < leave(client, server, threads) < PATIENT
        assert client.responses.create(**REQUEST).output_text == "Hello"


def test_reader_that_cannot_be_woken_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("responses_client._map.threads._JOIN_SECONDS", SOON)
    release = threading.Event()

    def stuck() -> Iterator[Any]:
        yield REQUEST
        release.wait(PATIENT)

    with ScriptedServer(GOOD) as server, Client(api_key=KEY, base_url=server.url) as client:
        with client.responses.map(stuck()) as results:
            next(results)
        (thread,) = [t for t in threading.enumerate() if t.name == "responses.map-0"]
        assert thread.daemon
        release.set()
        thread.join(PATIENT)
        assert not thread.is_alive()


def test_finished_map_leaves_no_thread_and_no_connection(
    threads: Callable[[], set[threading.Thread]],
) -> None:
    with ScriptedServer(*[GOOD] * 10) as server, Client(api_key=KEY, base_url=server.url) as client:
        assert len(client.responses.map([REQUEST] * 10, max_concurrency=3).all()) == 10
        assert threads() - set(server.threads) == set()
        for _ in range(server.connections):
            assert server.closed.acquire(timeout=PATIENT)


def test_request_that_is_read_after_the_end_is_not_sent() -> None:
    many: ResponseMap

    def late() -> Iterator[Any]:
        yield REQUEST
        eventually(lambda: many._pool._io.is_stopped)
        yield REQUEST

    with ScriptedServer(GOOD) as server, Client(api_key=KEY, base_url=server.url) as client:
        many = client.responses.map(late())
        with many as results:
            next(results)
        assert len(server.requests) == 1


# --- tasks


async def wait_until_met(server: ScriptedServer, script: list[Step]) -> None:
    await eventually_async(lambda: is_reached(server, script))
    await settle_async()


async def stay(
    session: Session, server: ScriptedServer, script: list[Step], reached: anyio.Event | None = None
) -> None:
    async with session.client.responses.map(requests(), max_concurrency=3, ordered=False) as results:
        assert (await anext(results)).response is not None
        await wait_until_met(server, script)
        if reached is not None:
            reached.set()
            await anyio.sleep_forever()
        raise LeaveBlock


@STATE
def test_exception_in_the_block_leaves_no_task_and_no_connection(loop: Shell, script: list[Step]) -> None:
    async def play(session: Session) -> None:
        with pytest.raises(LeaveBlock) as caught:
            await stay(session, server, script)
        assert caught.value.__cause__ is None
        assert session.busy_connections == 0

    with ScriptedServer(GOOD, *[script] * 30) as server:
        loop.play(play, server.url)


@STATE
def test_cancelled_scope_leaves_no_task_and_no_connection(loop: Shell, script: list[Step]) -> None:
    async def play(session: Session) -> None:
        reached = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(stay, session, server, script, reached)
            await reached.wait()
            group.cancel_scope.cancel()
        assert session.busy_connections == 0

    with ScriptedServer(GOOD, *[script] * 30) as server:
        loop.play(play, server.url)


@pytest.mark.parametrize(
    ("script", "is_reading"),
    [
        *[pytest.param(script, False, id=name) for name, script in STATES.items()],
        *[pytest.param(STATES[name], True, id=f"{name}, read") for name in list(STATES)[:-1]],
    ],
)
def test_cancelled_task_of_asyncio_leaves_nothing(script: list[Step], is_reading: bool) -> None:
    async def read(session: Session) -> None:
        async with session.client.responses.map(requests(), max_concurrency=3, ordered=False) as results:
            async for _ in results:
                await asyncio.sleep(0)

    async def play(session: Session) -> None:
        reached = anyio.Event()
        task = asyncio.ensure_future(read(session) if is_reading else stay(session, server, script, reached))
        await (wait_until_met(server, script) if is_reading else reached.wait())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()
        del task
        gc.collect()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert session.busy_connections == 0

    with ScriptedServer(GOOD, *[script] * 30) as server:
        Shell("asyncio").play(play, server.url)


def test_timeout_of_asyncio_around_a_map_is_a_timeout(loop: Shell) -> None:
    async def play(session: Session) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON):
                await session.client.responses.map([REQUEST] * 5).all()
        assert session.busy_connections == 0

    with ScriptedServer(*[[HOLD]] * 5) as server:
        Shell("asyncio").play(play, server.url)


def test_end_of_the_block_ends_a_wait_for_requests(loop: Shell) -> None:
    closed: list[bool] = []

    async def slow() -> AsyncIterator[Any]:
        try:
            yield REQUEST
            await anyio.sleep_forever()
        finally:
            closed.append(True)

    async def play(session: Session) -> None:
        async with session.client.responses.map(slow()) as results:
            await anext(results)
        assert closed == [True]

    with ScriptedServer(GOOD) as server:
        loop.play(play, server.url)


def test_cancellation_of_an_outer_scope_does_not_hide_the_exception(loop: Shell) -> None:
    async def play(session: Session) -> None:
        async def leave_cancelled() -> None:
            with anyio.CancelScope() as scope:
                async with session.client.responses.map(
                    requests(), max_concurrency=3, ordered=False
                ) as results:
                    await anext(results)
                    await wait_until_met(server, [])
                    scope.cancel()
                    raise LeaveBlock

        with pytest.raises(LeaveBlock):
            await leave_cancelled()
        assert session.busy_connections == 0

    with ScriptedServer(GOOD, *[[HOLD]] * 10) as server:
        loop.play(play, server.url)


# --- failures of the network


async def results_of(session: Session, count: int, **options: Any) -> list[Any]:
    many = session.client.responses.map([REQUEST] * count, **options)
    found = many.all()
    return list(await found if isinstance(found, Awaitable) else found)


def test_each_failure_has_the_retries_of_a_call(shell: Shell) -> None:
    async def play(session: Session) -> None:
        results = await results_of(session, 2, max_concurrency=1)
        assert results[0].response is not None
        assert isinstance(results[1].error, APIConnectionError)

    with ScriptedServer([], GOOD, *[[head(200, content_length="9"), b"{"]] * 3) as server:
        server.add([])
        shell.play(play, server.url, max_retries=1, timeout=SHORT)
        assert 3 <= len(server.requests) <= 4


def test_used_up_quota_is_a_result(shell: Shell) -> None:
    async def play(session: Session) -> None:
        results = await results_of(session, 2, max_concurrency=1)
        assert [type(result.error) for result in results] == [RateLimitError, type(None)]

    used_up = [answer(429, {"error": {"code": "insufficient_quota", "message": "Pay."}}, retry_after="45")]
    with ScriptedServer(used_up, GOOD) as server:
        shell.play(play, server.url)


def test_slow_request_does_not_delay_others_without_order(shell: Shell) -> None:
    async def play(session: Session) -> None:
        results = await results_of(session, 6, max_concurrency=2, ordered=False)
        assert sorted(result.index for result in results) == list(range(6))
        assert results[-1].response.output_text == "Hello"
        slow = [number for number, result in enumerate(results) if result.response.id == "resp_slow"]
        assert slow == [5]

    late: list[Step] = [SHORT, answer(200, {**response(), "id": "resp_slow"})]
    with ScriptedServer(late, *[GOOD] * 5) as server:
        shell.play(play, server.url)
