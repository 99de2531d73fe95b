"""Workers: functions of the user at once, in threads and in tasks, and their failures."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextvars import Context, ContextVar, copy_context
from functools import partial
from typing import Any
from unittest.mock import AsyncMock, MagicMock, Mock

import anyio
import pytest
from callers import MODES
from waits import LONG, PATIENT, SOON, cancel_when, eventually, settle, settle_async

from responses_client import ConfigurationError, custom_tool, tool
from responses_client._runs.workers import (
    AsyncFunctionError,
    AsyncWorkers,
    FunctionCancelled,
    FunctionTimedOut,
    InContext,
    SyncWorkers,
    await_result,
    require_sync,
)
from responses_client._transport.protocols import run

NAME: ContextVar[str] = ContextVar("NAME", default="unset")


class Play:
    """Runs a script with sync or async workers."""

    def __init__(self, mode: str) -> None:
        self.mode = mode

    def __call__(self, script: Callable[[Any], Coroutine[Any, Any, Any]], most: int = 10) -> Any:
        if self.mode == "sync":
            return run(script(SyncWorkers(most)))

        async def main() -> Any:
            with anyio.fail_after(PATIENT):
                return await script(AsyncWorkers(most))

        return anyio.run(main, backend=self.mode)

    def call(self, function: Callable[[], object], seconds: float | None = None) -> Any:
        return self(lambda workers: workers.call(function, seconds))


@pytest.fixture(params=MODES)
def play(request: pytest.FixtureRequest) -> Play:
    return Play(request.param)


@pytest.fixture(params=["asyncio", "trio"])
def loop(request: pytest.FixtureRequest) -> Play:
    return Play(request.param)


async def give(value: object) -> object:
    await anyio.lowlevel.checkpoint()
    return value


def both(job: Callable[[], None]) -> Callable[[], Coroutine[Any, Any, None]]:
    async def work() -> None:
        job()

    return work


# --- one function


def test_function_returns_its_value(play: Play) -> None:
    assert play.call(lambda: 5) == 5
    assert play.call(lambda: 5, 5.0) == 5


def test_function_that_is_alone_runs_in_the_thread_of_its_caller() -> None:
    assert Play("sync").call(threading.get_ident) == threading.get_ident()


def test_function_runs_in_another_thread_where_it_would_hold_up_others(loop: Play) -> None:
    assert loop.call(threading.get_ident) != threading.get_ident()


@pytest.mark.parametrize("seconds", [None, PATIENT])
def test_function_sees_the_context_of_its_caller(play: Play, seconds: float | None) -> None:
    token = NAME.set("Ada")
    try:
        assert play.call(NAME.get, seconds) == "Ada"
    finally:
        NAME.reset(token)


@pytest.mark.parametrize("seconds", [None, PATIENT])
def test_async_function_is_awaited(loop: Play, seconds: float | None) -> None:
    assert loop.call(partial(give, 5), seconds) == 5


def test_returned_awaitable_is_awaited(loop: Play) -> None:
    assert loop.call(lambda: give(5)) == 5


@pytest.mark.parametrize(
    "error", [ValueError("no"), TimeoutError("mine"), SystemExit(3), KeyboardInterrupt()]
)
@pytest.mark.parametrize("seconds", [None, PATIENT])
def test_exception_of_a_function_is_raised_as_it_is(
    play: Play, error: BaseException, seconds: float | None
) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        play.call(fail, seconds)
    assert caught.value is error


def test_function_that_takes_too_long_is_abandoned(play: Play) -> None:
    release = threading.Event()
    try:
        with pytest.raises(FunctionTimedOut):
            play.call(release.wait, SOON)
    finally:
        release.set()


def test_async_function_that_takes_too_long_is_cancelled(loop: Play) -> None:
    ended: list[bool] = []

    async def wait() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    with pytest.raises(FunctionTimedOut):
        loop.call(wait, SOON)
    assert ended == [True]


def test_value_that_comes_just_when_the_time_is_up_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    from concurrent.futures import Future

    known = Future.result

    def late(self: Future[Any], timeout: float | None = None) -> Any:
        value = known(self)
        if timeout is not None:
            raise TimeoutError
        return value

    monkeypatch.setattr(Future, "result", late)
    assert Play("sync").call(lambda: 5, PATIENT) == 5


@pytest.mark.parametrize("seconds", [None, PATIENT])
def test_cancelled_function_is_distinguished_from_a_cancelled_caller(
    play: Play, seconds: float | None
) -> None:
    def fail() -> None:
        raise asyncio.CancelledError

    with pytest.raises(FunctionCancelled) as caught:
        play.call(fail, seconds)
    assert isinstance(caught.value.__cause__, asyncio.CancelledError)


def test_async_function_whose_own_task_was_cancelled() -> None:
    async def fail() -> None:
        task = asyncio.ensure_future(asyncio.sleep(LONG))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(FunctionCancelled):
        Play("asyncio").call(fail)


def test_sync_function_under_a_loop_whose_task_is_cancelled() -> None:
    # As in a program that calls a `Client` in a coroutine.
    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()

        def fail() -> None:
            raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            run(SyncWorkers(1).call(fail, None))
        task.uncancel()

    async def outer() -> None:
        task = asyncio.ensure_future(main())
        await asyncio.wait([task])
        assert task.cancelled() or task.exception() is None

    asyncio.run(outer())


@pytest.mark.parametrize("is_async", [False, True])
def test_cancelled_call_returns_at_once(loop: Play, is_async: bool) -> None:
    stop = threading.Event()

    async def script(workers: AsyncWorkers) -> bool:
        with anyio.move_on_after(SOON) as scope:
            await workers.call(anyio.sleep_forever if is_async else stop.wait, None)
        stop.set()
        return scope.cancelled_caught

    assert loop(script)


def test_cancelled_task_of_asyncio_stays_cancelled() -> None:
    async def script(workers: AsyncWorkers) -> None:
        task = asyncio.ensure_future(workers.call(anyio.sleep_forever, PATIENT))
        await settle_async()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    Play("asyncio")(script)


# --- async functions where nothing can await them


class AsyncCallable:
    async def __call__(self) -> int:
        return 5


@tool
async def wait_a_bit() -> int:
    """Wait."""
    return 5


@custom_tool
async def wait_for(text: str) -> str:
    """Wait."""
    return text


class Office:
    @tool
    async def wait(self) -> int:
        """Wait."""
        return 5


async def plain() -> int:
    return 5


ASYNC: list[Any] = [
    plain,
    partial(plain),
    partial(partial(plain)),
    AsyncCallable(),
    Office().wait,
    wait_a_bit,
    wait_for,
    AsyncMock(),
]


@pytest.mark.parametrize("function", ASYNC, ids=lambda function: type(function).__name__)
def test_async_function_is_refused(function: Any) -> None:
    with pytest.raises(
        ConfigurationError, match="is an async function, which needs AsyncClient; pass one that is not"
    ):
        require_sync(function)


@pytest.mark.parametrize("function", [None, len, "raise", partial(len, []), Mock(), MagicMock(), tool(len)])
def test_function_that_is_not_async_is_not_refused(function: Any) -> None:
    require_sync(function)


@pytest.mark.parametrize("seconds", [None, PATIENT])
def test_coroutine_that_cannot_be_awaited_is_closed(seconds: float | None) -> None:
    with pytest.raises(AsyncFunctionError, match=r"^give is an async function"):
        Play("sync").call(partial(give, 5), seconds)
    gc.collect()  # a coroutine that is not closed would warn


def test_awaitable_that_is_not_a_coroutine_is_refused_too() -> None:
    class Later:
        def __await__(self) -> Any:
            yield

    with pytest.raises(ConfigurationError, match=r"^A tool is an async function"):
        run(await_result(Later(), object(), can_await=False))


# --- several functions


@pytest.mark.parametrize("most", [1, 2, 10])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_all_jobs_are_done(play: Play, count: int, most: int) -> None:
    done: list[int] = []
    jobs = [both(partial(done.append, number)) for number in range(count)]
    play(lambda workers: workers.run_all(jobs), most)
    assert sorted(done) == list(range(count))


def test_jobs_run_at_the_same_time(play: Play) -> None:
    barrier = threading.Barrier(3, timeout=PATIENT)
    play(
        lambda workers: workers.run_all([partial(_call, workers, barrier.wait)] * 3),
        3,
    )


async def _call(workers: Any, function: Callable[[], object]) -> None:
    await workers.call(function, None)


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_jobs_run_at_once_than_are_allowed(play: Play, most: int) -> None:
    lock = threading.Lock()
    now = highest = 0

    def work() -> None:
        nonlocal now, highest
        with lock:
            now += 1
            highest = max(highest, now)
        settle()  # long enough to be seen beside others
        with lock:
            now -= 1

    play(lambda workers: workers.run_all([partial(_call, workers, work)] * 12), most)
    assert highest <= most


@pytest.mark.parametrize("most", [1, 4])
@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_failure_is_raised_as_it_is_and_no_more_jobs_begin(
    play: Play, most: int, error: BaseException
) -> None:
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        raise error

    async def script(workers: Any) -> None:
        await workers.run_all([partial(_call, workers, partial(work, number)) for number in range(20)])

    with pytest.raises(type(error)) as caught:
        play(script, most)
    assert caught.value is error
    assert 1 <= len(begun) <= most


def test_failure_waits_for_those_under_way(play: Play) -> None:
    failed = threading.Event()
    done: list[str] = []

    def fail() -> None:
        failed.set()
        raise ValueError("no")

    def finish() -> None:
        failed.wait(PATIENT)
        done.append("other")

    with pytest.raises(ValueError, match="no"):
        play(
            lambda workers: workers.run_all([partial(_call, workers, finish), partial(_call, workers, fail)]),
            2,
        )
    assert done == ["other"]


def test_end_of_the_program_comes_before_other_failures(play: Play) -> None:
    both_are_here = threading.Barrier(2, timeout=PATIENT)

    def fail(error: BaseException) -> None:
        both_are_here.wait()
        if isinstance(error, SystemExit):
            settle()  # so that it comes last
        raise error

    async def script(workers: Any) -> None:
        async def job(error: BaseException) -> None:
            await workers.call(partial(fail, error), None)

        await workers.run_all([partial(job, ValueError("no")), partial(job, SystemExit(3))])

    with pytest.raises(SystemExit):
        play(script)


def test_end_of_the_program_does_not_wait_for_tasks(loop: Play) -> None:
    async def wait() -> None:
        await anyio.sleep_forever()

    async def end() -> None:
        await anyio.lowlevel.checkpoint()
        raise SystemExit(3)

    for jobs in ([wait, end], [end, wait]):
        with pytest.raises(SystemExit):
            loop(lambda workers, jobs=jobs: workers.run_all(jobs))


def test_cancelled_jobs_end_at_once(loop: Play) -> None:
    release = threading.Event()
    begun: list[int] = []
    ended: list[int] = []

    async def wait() -> None:
        begun.append(1)
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(1)

    async def script(workers: AsyncWorkers) -> None:
        jobs = [wait, wait, partial(_call, workers, release.wait)]
        await cancel_when(lambda: begun == [1, 1], lambda: workers.run_all(jobs))
        release.set()

    loop(script)
    assert ended == [1, 1]


# --- contexts


def setting(name: str, seen: list[str]) -> Callable[[], Coroutine[Any, Any, None]]:
    """A job that reads the variable, sets it, waits for others if it can, and reads it again."""

    async def work() -> None:
        before = NAME.get()
        NAME.set(name)
        seen.append(f"{before} {NAME.get()}")

    return work


@pytest.mark.parametrize("most", [1, 3], ids=["one at a time", "three at once"])
@pytest.mark.parametrize("count", [1, 3])
def test_each_job_has_its_own_copy_of_the_context(play: Play, most: int, count: int) -> None:
    seen: list[str] = []

    async def script(workers: Any) -> str:
        NAME.set("caller")
        await workers.run_all([setting(str(number), seen) for number in range(count)])
        return NAME.get()

    assert Context().run(lambda: play(script, most)) == "caller"
    assert sorted(seen) == [f"caller {number}" for number in range(count)]


@pytest.mark.parametrize("most", [1, 3])
def test_job_keeps_its_context_while_others_run(loop: Play, most: int) -> None:
    seen: list[tuple[str, str, str]] = []

    def job(name: str) -> Callable[[], Coroutine[Any, Any, None]]:
        async def work() -> None:
            token = NAME.set(name)
            await anyio.lowlevel.checkpoint()
            within = NAME.get()
            NAME.reset(token)  # Python refuses a token of another context
            await anyio.lowlevel.checkpoint()
            seen.append((name, within, NAME.get()))

        return work

    async def script(workers: Any) -> None:
        await workers.run_all([job(name) for name in "abc"])

    Context().run(lambda: loop(script, most))
    assert sorted(seen) == [(name, name, "unset") for name in "abc"]


def test_job_runs_in_the_task_of_its_caller(loop: Play) -> None:
    async def script(workers: Any) -> None:
        tasks: list[object] = [anyio.get_current_task()]

        async def work() -> None:
            await anyio.lowlevel.checkpoint()
            tasks.append(anyio.get_current_task())

        await workers.run_all([work])
        assert tasks[0] == tasks[1]

    loop(script)


def test_abandoned_job_is_closed_in_its_context() -> None:
    seen: list[str] = []

    class Trap:
        def __await__(self) -> Iterator[None]:
            yield

    async def work() -> None:
        NAME.set("inside")
        try:
            await Trap()
        finally:
            seen.append(NAME.get())

    steps = InContext(work, copy_context()).__await__()
    next(steps)
    steps.close()
    assert (seen, NAME.get()) == (["inside"], "unset")


# --- generators


def test_generator_is_read_to_its_end_where_its_function_runs(play: Play) -> None:
    threads: list[int] = []

    def count() -> Iterator[int]:
        threads.append(threading.get_ident())
        yield 1
        threads.append(threading.get_ident())
        yield 2

    for seconds in (None, 5.0):
        assert play.call(count, seconds) == [1, 2]
        assert threads[-2] == threads[-1]
    assert (threads[0] == threading.get_ident()) == (play.mode == "sync")


async def give_rows() -> AsyncIterator[int]:
    yield 1


def test_async_generator_that_a_function_returns_is_a_mistake_in_the_program(play: Play) -> None:
    def rows() -> AsyncIterator[int]:
        return give_rows()

    wrong = "rows returned an async generator, expected one result; return the values as a list"
    with pytest.raises(AsyncFunctionError, match=wrong):
        play.call(rows)


def test_generator_that_takes_too_long_is_abandoned(play: Play) -> None:
    stop = threading.Event()

    def wait() -> Iterator[int]:
        yield 1
        stop.wait()

    try:
        with pytest.raises(FunctionTimedOut):
            play.call(wait, SOON)
    finally:
        stop.set()


# --- the end of a program


def test_no_job_starts_after_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    release, begun = threading.Event(), threading.Semaphore(0)
    count: list[int] = []

    async def wait() -> None:
        count.append(1)
        begun.release()
        release.wait(PATIENT)

    def interrupt(thread: threading.Thread, timeout: float | None = None) -> None:
        begun.acquire(timeout=PATIENT)
        begun.acquire(timeout=PATIENT)
        raise KeyboardInterrupt

    known = threading.Thread.join
    threads: list[threading.Thread] = []
    start = threading.Thread.start

    def remember(thread: threading.Thread) -> None:
        threads.append(thread)
        start(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "join", interrupt)
        patch.setattr(threading.Thread, "start", remember)
        with pytest.raises(KeyboardInterrupt):
            run(SyncWorkers(2).run_all([wait] * 9))
    release.set()
    for thread in threads:
        known(thread, PATIENT)
    assert len(count) == 2


def test_thread_that_finds_no_job_ends() -> None:
    # Between its look and its grip, another thread took the last job.
    from responses_client._runs import workers as _workers

    class Todo(_workers.deque[Any]):
        def __bool__(self) -> bool:
            return True

    done: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_workers, "deque", Todo)
        run(SyncWorkers(2).run_all([both(partial(done.append, 1))] * 2))
    assert done == [1, 1]


def test_threads_end_with_their_jobs() -> None:
    before = threading.active_count()
    run(SyncWorkers(5).run_all([both(lambda: None)] * 9))
    assert Play("sync").call(lambda: 1, PATIENT) == 1
    eventually(lambda: threading.active_count() <= before)
