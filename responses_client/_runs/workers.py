"""Several functions of the user at once: in threads for `Client`, in tasks for `AsyncClient`."""

from __future__ import annotations

import math
import sys
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextvars import Context, copy_context
from functools import partial
from inspect import isasyncgen, isawaitable, isgenerator
from typing import Any, Protocol

import anyio
import anyio.to_thread

from .._base.validation import is_async, needs_async
from .._tools.tool import innermost
from .._transport.protocols import run
from .._transport.threads import TimedOut, run_with_timeout, start_in_thread
from ..errors import ConfigurationError

__all__ = [
    "AsyncFunctionError",
    "AsyncWorkers",
    "FunctionCancelled",
    "FunctionTimedOut",
    "InContext",
    "SyncWorkers",
    "Workers",
    "await_result",
    "require_sync",
]

# Theory of operation
# ===================
#
# A response may contain several calls. `run_all` runs one job for each, at most `max_concurrency` at a time: workers
# (threads, or tasks) take jobs from one deque until it is empty or a job has failed. Jobs under way are then awaited,
# so that the outputs of tools that have done something are not lost, and the first failure is raised. An exception that
# ends the program (`KeyboardInterrupt`, `SystemExit`) is raised in place of it, and cancels the other tasks.
#
# Each job runs in a copy of the context: variables that a tool sets are those of its call alone, and neither the caller
# nor another call sees them. A task of its own for each job would do as much, but then a tool would run in another task
# than its caller, and exceptions would come in groups; so `InContext` takes the steps of the coroutine in the copy.
#
# A job calls the user's function by `call`, which bounds its time. Python cannot end a thread from outside; so a function
# that is late is left to itself, in a daemon thread, which does not keep the program from ending.
#
# `Client`: without a time limit, the function runs in the thread of its worker, and a single call in that of the caller,
# where debuggers and database connections expect it. With a time limit, it has a thread of its own.
#
# `AsyncClient`: an async function is awaited. A sync one must not block the event loop, and uses two threads:
#
#     task in the event loop          thread of anyio        daemon thread
#         |
#         |-- start_in_thread(function) -----------------------> function()
#         |-- to_thread.run_sync ---------> done.wait()             |
#         |   (other tasks run)                |                    |
#         |                                    | <---- done.set() --+  returned or raised
#         | <----------------------------------+
#       future.result()
#
# The function may hang, so it must not run in a thread of anyio: Python waits for those before it exits. But only a
# thread of anyio can wake a task, on asyncio as on trio; hence the second one. If the task is cancelled or its time is
# up, it sets `done` itself: the thread of anyio is free at once, and what the function returns later is dropped.

Job = Callable[[], Coroutine[Any, Any, None]]


class FunctionTimedOut(Exception):
    """A function that did not return in time."""


class FunctionCancelled(Exception):
    """A function that raised asyncio's `CancelledError`, although its caller was not cancelled."""


class AsyncFunctionError(Exception):
    """A function that returned an awaitable where nothing can await it, or an async generator.

    `error` is the error for the user.

    A `ConfigurationError` could also come from the function, which would be a failure for the model.
    """

    def __init__(self, error: ConfigurationError) -> None:
        super().__init__(str(error))
        self.error = error


class Workers(Protocol):
    """The way in which a run calls functions.

    Attributes:
        can_await: Whether the functions may be async.
    """

    can_await: bool

    async def call(self, function: Callable[[], object], time_limit: float | None) -> object:
        """Call a function, await its result if need be, and return it.

        Args:
            function: The function; it may be async if `can_await` is true.
            time_limit: The time limit in seconds; None for none.

        Raises:
            FunctionTimedOut: The function did not return in time.
            FunctionCancelled: The function was cancelled, and its caller was not.
            AsyncFunctionError: The result has to be awaited, and cannot be; or it is an async generator.
        """
        ...

    async def run_all(self, jobs: Sequence[Job]) -> None:
        """Run jobs concurrently.

        After a failure no other job is started; it is raised when those under way are done.
        """
        ...


class SyncWorkers:
    """Threads, or the thread of the caller for a single job.

    Args:
        max_concurrency: The maximum number of jobs that run at once.
    """

    can_await = False

    def __init__(self, max_concurrency: int) -> None:
        self._max_concurrency = max_concurrency

    async def call(self, function: Callable[[], object], time_limit: float | None) -> object:
        """Call a function and return its result; a function that is late continues in its thread."""
        try:
            if time_limit is None:
                value = _whole(function)
            else:
                value = run_with_timeout(time_limit, partial(_whole, function))
        except TimedOut:
            raise FunctionTimedOut from None
        except BaseException as error:
            if not _is_own_cancellation(error):
                raise
            raise FunctionCancelled from error
        try:
            return _one_result(await await_result(value, function, can_await=False), function)
        except ConfigurationError as error:
            raise AsyncFunctionError(error) from None

    async def run_all(self, jobs: Sequence[Job]) -> None:
        """Run jobs in threads, each in its own copy of the context."""
        todo = deque(jobs)
        failures: list[BaseException] = []

        def work() -> None:
            while todo and not failures:
                try:
                    job = todo.popleft()
                except IndexError:  # another thread was faster
                    return
                try:
                    copy_context().run(run, job())
                except Exception as error:
                    failures.append(error)
                except BaseException as error:  # it ends the program, and so comes before other failures
                    failures.insert(0, error)

        count = min(self._max_concurrency, len(jobs))
        if count <= 1:
            work()
        else:
            threads = [
                threading.Thread(target=copy_context().run, args=(work,), daemon=True) for _ in range(count)
            ]
            try:
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            except BaseException:  # Ctrl-C arrives in the main thread: no other job may start
                todo.clear()
                raise
        if failures:
            try:
                raise failures[0]
            finally:
                failures.clear()  # the tracebacks hold this frame


class AsyncWorkers:
    """Tasks; functions that are not async run in threads, so that they do not block the event loop.

    Args:
        max_concurrency: The maximum number of jobs that run at once.
    """

    can_await = True

    def __init__(self, max_concurrency: int) -> None:
        self._max_concurrency = max_concurrency
        self._limiter: anyio.CapacityLimiter | None = None  # made in the event loop, where it belongs

    async def call(self, function: Callable[[], object], time_limit: float | None) -> object:
        """Call a function, await its result if need be, and return it; a thread that is late is left to itself."""
        try:
            with anyio.move_on_after(time_limit):
                value = function() if _is_async(function) else await self._in_thread(function)
                return _one_result(await await_result(value, function, can_await=True), function)
        except BaseException as error:
            if not _is_own_cancellation(error):
                raise
            raise FunctionCancelled from error
        raise FunctionTimedOut

    async def _in_thread(self, function: Callable[[], object]) -> object:
        if self._limiter is None:
            # anyio's own limit is 40 threads for the whole program; `run_all` bounds the number here.
            self._limiter = anyio.CapacityLimiter(math.inf)
        future, done = start_in_thread(partial(_whole, function)), threading.Event()
        future.add_done_callback(lambda _: done.set())
        try:
            await anyio.to_thread.run_sync(done.wait, abandon_on_cancel=True, limiter=self._limiter)
        finally:
            done.set()
        try:
            return future.result()
        finally:
            del future  # the traceback of its error holds this frame

    async def run_all(self, jobs: Sequence[Job]) -> None:
        """Run jobs in tasks, each in its own copy of the context."""
        todo = deque(jobs)
        failures: list[BaseException] = []
        cancelled = anyio.get_cancelled_exc_class()

        async def work() -> None:
            while todo and not failures:
                try:
                    await InContext(todo.popleft(), copy_context())
                except cancelled:
                    raise
                except Exception as error:
                    failures.append(error)
                except BaseException as error:
                    # It ends the program: raised outside of the group, it is not wrapped in an exception group, and
                    # the other tasks are cancelled so that it does not wait for them.
                    failures.insert(0, error)
                    group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            for _ in range(min(self._max_concurrency, len(jobs)) - 1):
                group.start_soon(work)
            await work()
        if failures:
            try:
                raise failures[0]
            finally:
                failures.clear()  # the tracebacks hold this frame


class InContext:
    """An awaitable that runs a job in a context, within the task that awaits it."""

    def __init__(self, job: Job, context: Context) -> None:
        self._coroutine = job()
        self._context = context

    def __await__(self) -> Generator[Any, Any, None]:
        enter, coroutine = self._context.run, self._coroutine
        step: Callable[[], Any] = partial(coroutine.send, None)
        while True:
            try:
                trap = enter(step)
            except StopIteration:
                return
            try:
                step = partial(coroutine.send, (yield trap))
            except GeneratorExit:
                enter(coroutine.close)
                raise
            except BaseException as error:
                step = partial(coroutine.throw, error)


def _whole(function: Callable[[], object]) -> object:
    """Call a function, and read a generator to its end, here where its time is limited and its thread may block."""
    value = function()
    return [*value] if isgenerator(value) else value


def _one_result(value: object, function: object) -> object:
    """Return the result of a function.

    Raises:
        AsyncFunctionError: It is an async generator, which shows only now, since the function itself is not one.
    """
    if isasyncgen(value):
        text = (
            f"{_name(function)} returned an async generator, expected one result; return the values as a list"
        )
        raise AsyncFunctionError(ConfigurationError(text))
    return value


async def await_result(value: object, function: object, *, can_await: bool) -> object:
    """Return the result of a function, awaited if it is awaitable.

    Raises:
        ConfigurationError: The result has to be awaited, and `can_await` is false.
    """
    if not isawaitable(value):
        return value
    if can_await:
        return await value
    if isinstance(value, Coroutine):
        value.close()  # else Python warns that it was never awaited
    raise _needs_async(function)


def _is_own_cancellation(error: BaseException) -> bool:
    """Whether an error is asyncio's `CancelledError`, although the current task is not being cancelled.

    Such an error must not reach the caller: asyncio would take the run for cancelled.
    """
    asyncio = sys.modules.get("asyncio")  # unless it is imported, its error does not exist
    if asyncio is None or not isinstance(error, asyncio.CancelledError):
        return False
    try:
        task = asyncio.current_task()
    except RuntimeError:  # a thread without an event loop, or trio
        return True
    return task is None or not task.cancelling()


def _is_async(function: Any) -> bool:
    return is_async(innermost(function))


def require_sync(function: object) -> None:
    """Refuse an async function.

    Raises:
        ConfigurationError: The function is async.
    """
    if _is_async(function):
        raise _needs_async(function)


def _needs_async(function: object) -> ConfigurationError:
    return needs_async(_name(function))


def _name(function: object) -> str:
    return str(getattr(innermost(function), "__name__", "A tool"))
