"""Cancelled tasks: the server is left at once, the pool stays usable, and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from httpcore._synchronization import AsyncLock, Lock, ThreadLock
from payloads import WHOLE
from samples import CREATED, HEL, KEY, response
from scripted_server import HOLD, ScriptedServer, Step, answer, chunk, head, stream_head
from shells import HTTP, Session, Shell
from waits import PATIENT, SOON, eventually_async, settle_async

from responses_client import AsyncClient
from responses_client.errors import APITimeoutError, StreamInterrupted
from responses_client.models import StreamEvent

GOOD = [answer(200, response())]
STALLED: list[Step] = [stream_head(), chunk(CREATED), chunk(HEL), HOLD]


@pytest.fixture(params=["asyncio", "trio"])
def loop(request: pytest.FixtureRequest) -> Shell:
    """Each kind of event loop in turn."""
    return Shell(request.param)


async def read_all(session: Session) -> None:
    stream = await session.stream()
    async with stream.stream:
        await stream.rest()


async def leave_stream(session: Session) -> None:
    stream = await session.stream()
    await stream.next()
    await stream.close()


WORK: dict[str, tuple[list[Step], Callable[[Session], Awaitable[object]]]] = {
    "waiting for headers": ([HOLD], Session.create),
    "waiting for a body": ([head(200, content_length="10"), HOLD], Session.create),
    "waiting for the headers of a stream": ([HOLD], Session.stream),
    "waiting for an event": (STALLED, read_all),
    "waiting for an event inside of a chunk": ([*STALLED[:-1], b"100\r\nevent", HOLD], read_all),
}
CASES = [pytest.param(*work, id=name) for name, work in WORK.items()]


async def wait_for(server: ScriptedServer) -> None:
    await eventually_async(server.left.is_set)


async def wait_until_asked(server: ScriptedServer) -> None:
    await eventually_async(lambda: server.requests)
    await settle_async()  # for what the server sends


async def cancel_when_asked(server: ScriptedServer, work: Awaitable[object]) -> None:
    """Cancel work by a scope when its request has come."""

    async def wait_for_it() -> None:
        await work

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait_for_it)
        await wait_until_asked(server)
        tasks.cancel_scope.cancel()
    assert tasks.cancel_scope.cancelled_caught


@pytest.mark.parametrize(("script", "work"), CASES)
def test_cancelled_scope_leaves_the_server_and_a_usable_pool(
    loop: Shell, script: list[Step], work: Callable[[Session], Awaitable[object]]
) -> None:
    async def play(session: Session) -> None:
        await cancel_when_asked(server, work(session))
        await wait_for(server)
        assert session.busy_connections == 0
        assert (await session.create()).output_text == "Hello"

    with ScriptedServer(script, GOOD) as server:
        loop.play(play, server.url)


@pytest.mark.parametrize(("script", "work"), CASES)
def test_cancelled_task_of_asyncio_leaves_no_task_and_no_connection(
    script: list[Step], work: Callable[[Session], Awaitable[object]]
) -> None:
    async def play(session: Session) -> None:
        task = asyncio.ensure_future(work(session))
        await wait_until_asked(server)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        del task
        gc.collect()
        await wait_for(server)
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert session.busy_connections == 0
        assert (await session.create()).output_text == "Hello"

    with ScriptedServer(script, GOOD) as server:
        Shell("asyncio").play(play, server.url)


def test_block_left_early_leaves_no_task_behind() -> None:
    async def play(session: Session) -> None:
        stream = (await session.stream()).stream
        async with stream:
            async for _ in stream:
                break
        del stream
        gc.collect()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert session.busy_connections == 0

    with ScriptedServer(STALLED) as server:
        Shell("asyncio").play(play, server.url)


def test_block_left_by_an_exception_closes_the_connection(loop: Shell) -> None:
    async def play(session: Session) -> None:
        async def work() -> None:
            async with (await session.stream()).stream as stream:
                await anext(stream)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await work()
        await wait_for(server)
        assert session.busy_connections == 0

    with ScriptedServer(STALLED) as server:
        loop.play(play, server.url)


def test_retry_can_be_cancelled_while_it_waits(loop: Shell) -> None:
    async def play(session: Session) -> None:
        await cancel_when_asked(server, session.create())
        assert len(server.requests) == 1
        assert session.busy_connections == 0

    with ScriptedServer([answer(429, {}, retry_after="30")], GOOD) as server:
        loop.play(play, server.url)


def test_stream_whose_wait_was_cancelled_ends_as_interrupted(loop: Shell) -> None:
    async def play(session: Session) -> None:
        stream = await session.stream()
        await stream.next()
        await stream.next()
        with anyio.move_on_after(SOON):
            await stream.next()
        with pytest.raises(StreamInterrupted) as caught:
            await stream.next()
        assert caught.value.partial is not None
        assert caught.value.partial.output_text == "Hel"
        assert (await (await session.stream()).final()).output_text == "Hello"

    with ScriptedServer(STALLED, WHOLE) as server:
        loop.play(play, server.url)


def test_stream_can_be_closed_from_another_task_while_it_is_waited_for(loop: Shell) -> None:
    async def play(session: Session) -> None:
        stream = await session.stream()
        found: list[StreamEvent] = []
        with anyio.fail_after(PATIENT):
            async with anyio.create_task_group() as tasks:

                async def close_soon() -> None:
                    await eventually_async(lambda: len(found) == 2)
                    await settle_async()
                    await stream.close()

                tasks.start_soon(close_soon)
                await stream.until_closed(found)
        assert len(found) == 2
        assert session.busy_connections == 0

    with ScriptedServer(STALLED) as server:
        loop.play(play, server.url)


def test_second_task_that_reads_a_stream_is_refused(loop: Shell) -> None:
    async def play(session: Session) -> None:
        stream = await session.stream()
        found: list[StreamEvent] = []

        with anyio.fail_after(PATIENT):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(stream.until_closed, found)
                while len(found) < 2 or not stream.stream._source.is_reading:
                    await anyio.lowlevel.checkpoint()
                with pytest.raises(RuntimeError, match="This stream is being read by another thread or task"):
                    await stream.final()
                await stream.close()
        assert len(found) == 2
        assert session.busy_connections == 0

    with ScriptedServer(STALLED) as server:
        loop.play(play, server.url)


def test_deadline_also_bounds_an_async_function_for_the_key(loop: Shell) -> None:
    async def slow_key() -> str:
        await anyio.sleep_forever()
        return KEY

    with ScriptedServer(GOOD) as server, pytest.raises(APITimeoutError, match=f"the deadline of {SOON} s"):
        loop.create(server.url, deadline=SOON, api_key=slow_key)

    assert server.requests == []


def test_one_client_serves_one_event_loop_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    once = [answer(200, response(), connection="close")]
    with ScriptedServer(once, once, once) as server:
        client = AsyncClient(api_key=KEY, base_url=server.url)

        async def main() -> str:
            return (await client.responses.create(model="m", input="Hi")).output_text

        assert [asyncio.run(main()), asyncio.run(main()), anyio.run(main, backend="trio")] == ["Hello"] * 3
        assert server.connections == 3
        asyncio.run(client.aclose())


def test_many_calls_at_once_share_the_client(loop: Shell) -> None:
    async def play(session: Session) -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(session.create)
        assert session.busy_connections == 0

    with ScriptedServer(*[[0.02, *GOOD]] * 10) as server:
        loop.play(play, server.url)
        assert len(server.requests) == 10


LOCKED = {
    "an answer": (GOOD, Session.create),
    "a stream that is left": (STALLED, leave_stream),
}


@pytest.mark.parametrize(("script", "work"), LOCKED.values(), ids=LOCKED)
@pytest.mark.parametrize("step", range(1, 6))
@pytest.mark.parametrize("http", [None, HTTP], ids=["own", "given"])
def test_task_that_asyncio_cancels_between_two_steps_of_its_connection_leaves_none(
    monkeypatch: pytest.MonkeyPatch,
    script: list[Step],
    work: Callable[[Session], Coroutine[Any, Any, object]],
    step: int,
    http: dict[str, Any] | None,
) -> None:
    """Each step begins with a lock of httpcore. Their clean-up is not shielded from `Task.cancel`."""
    enter = AsyncLock.__aenter__
    steps = 0

    async def enter_or_cancel(lock: AsyncLock) -> AsyncLock:
        nonlocal steps
        steps += 1
        if steps == step:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        return await enter(lock)

    async def play(session: Session) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.create_task(work(session))
        assert session.busy_connections == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}

    monkeypatch.setattr(AsyncLock, "__aenter__", enter_or_cancel)
    with ScriptedServer(script) as server:
        Shell("asyncio").play(play, server.url, http)


@pytest.mark.parametrize(("script", "work"), LOCKED.values(), ids=LOCKED)
@pytest.mark.parametrize("step", range(1, 7))
@pytest.mark.parametrize("kind", [ZeroDivisionError, KeyboardInterrupt])
def test_signal_between_two_steps_of_a_connection_leaves_none(
    monkeypatch: pytest.MonkeyPatch,
    script: list[Step],
    work: Callable[[Session], Coroutine[Any, Any, object]],
    step: int,
    kind: type[BaseException],
) -> None:
    """A handler may raise anywhere: Ctrl-C, or the time limit of a task queue."""
    steps = 0

    def raising(enter: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def enter_or_raise(lock: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == step:
                raise kind
            return enter(lock)

        return enter_or_raise

    async def play(session: Session) -> None:
        with suppress(kind):
            await work(session)
        assert session.busy_connections == 0

    for lock in (Lock, ThreadLock):
        monkeypatch.setattr(lock, "__enter__", raising(lock.__enter__))
    with ScriptedServer(script) as server:
        Shell("sync").play(play, server.url)
