"""Several functions of the user's at the same time: threads for `Client`, tasks for `AsyncClient`."""

from __future__ import annotations

import math
import sys
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextvars import copy_context
from functools import partial
from inspect import isawaitable
from typing import Any, Protocol, TypeVar, cast

import anyio
import anyio.to_thread

from .._base.validation import is_async, needs_async
from .._tools.tool import CallableTool
from .._transport.protocols import run
from .._transport.threads import TimedOut, run_with_timeout, start_in_thread
from ..errors import ConfigurationError

__all__ = [
    "AsyncWorkers",
    "NeedsAsync",
    "SyncWorkers",
    "TookTooLong",
    "WasCancelled",
    "Workers",
    "refuse_async",
    "waited_for",
]

_T = TypeVar("_T")
Job = Callable[[], Coroutine[Any, Any, None]]


class TookTooLong(Exception):
    """A function was not done in time."""


class WasCancelled(Exception):
    """A function ended as a task does that is cancelled, though nobody cancelled the one that called it."""


class NeedsAsync(ConfigurationError):
    """An async function, and nothing here that can wait."""

    def __init__(self, function: object) -> None:
        name = getattr(_plain(function), "__name__", "A tool")
        super().__init__(*needs_async(name).args)


class Workers(Protocol):
    """What a run needs in order to call functions.

    Attributes:
        can_wait: Whether they may be async.
    """

    can_wait: bool

    async def call(self, function: Callable[[], object], seconds: float | None) -> object:
        """Call a function, which may be async, and return what it gives; None as `seconds` sets no bound.

        Raises:
            TookTooLong: It was not done in time.
            WasCancelled: It was cancelled, and its caller was not.
            NeedsAsync: It is async, and nothing here can wait.
        """
        ...

    async def each(self, jobs: Sequence[Job]) -> None:
        """Do jobs at the same time, so many at once as are allowed.

        When one raises, no others are started; that is raised when those under way are done.
        """
        ...


class SyncWorkers:
    """Threads; a job that is alone stays in that of its caller, where debuggers and databases expect it."""

    can_wait = False

    def __init__(self, most: int) -> None:
        self._most = most

    async def call(self, function: Callable[[], object], seconds: float | None) -> object:
        """See `Workers`; what is late goes on in its thread, as no thread can be ended from outside."""
        try:
            value = function() if seconds is None else run_with_timeout(seconds, function)
        except TimedOut:
            raise TookTooLong from None
        except BaseException as error:
            if not _is_own_cancellation(error):
                raise
            raise WasCancelled from error
        return await waited_for(value, function, can_wait=False)

    async def each(self, jobs: Sequence[Job]) -> None:
        """See `Workers`."""
        todo = deque(jobs)
        failures: list[BaseException] = []

        def work() -> None:
            while todo and not failures:
                try:
                    job = todo.popleft()
                except IndexError:  # another thread was faster
                    return
                try:
                    run(job())
                except Exception as error:
                    failures.append(error)
                except BaseException as error:  # the program is to end
                    failures.insert(0, error)

        if min(self._most, len(jobs)) <= 1:
            work()
        else:
            threads = [
                threading.Thread(target=copy_context().run, args=(work,), daemon=True)
                for _ in range(min(self._most, len(jobs)))
            ]
            try:
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            except BaseException:  # Ctrl-C: what has not begun is not to begin
                todo.clear()
                raise
        if failures:
            raise failures[0]


class AsyncWorkers:
    """Tasks; functions that are not async run in threads, so that they hold nobody up."""

    can_wait = True

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiters: anyio.CapacityLimiter | None = None

    async def call(self, function: Callable[[], object], seconds: float | None) -> object:
        """See `Workers`; a thread that is late, or whose caller is cancelled, is left to itself."""
        try:
            with anyio.move_on_after(seconds):
                value = function() if _is_async(function) else await self._in_thread(function)
                return await waited_for(value, function, can_wait=True)
        except BaseException as error:
            if not _is_own_cancellation(error):
                raise
            raise WasCancelled from error
        raise TookTooLong

    async def _in_thread(self, function: Callable[[], object]) -> object:
        if self._waiters is None:
            self._waiters = anyio.CapacityLimiter(math.inf)  # `each` bounds how many there are
        future, left = start_in_thread(function), threading.Event()
        future.add_done_callback(lambda _: left.set())
        try:
            # Waited for in a second thread, of anyio's: those it has keep the program from ending, so none may hang.
            await anyio.to_thread.run_sync(left.wait, abandon_on_cancel=True, limiter=self._waiters)
        finally:
            left.set()
        return future.result()

    async def each(self, jobs: Sequence[Job]) -> None:
        """See `Workers`."""
        todo = deque(jobs)
        failures: list[BaseException] = []
        cancelled = anyio.get_cancelled_exc_class()

        async def work() -> None:
            while todo and not failures:
                try:
                    await todo.popleft()()
                except cancelled:
                    raise
                except Exception as error:
                    failures.append(error)
                except BaseException as error:
                    # The program is to end: as it is, not in a group, and without delay.
                    failures.insert(0, error)
                    group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            for _ in range(min(self._most, len(jobs)) - 1):
                group.start_soon(work)
            await work()
        if failures:
            raise failures[0]


async def waited_for(value: object, function: object, *, can_wait: bool) -> object:
    """Return what a function gave, after waiting for it if need be.

    Raises:
        NeedsAsync: It would have to be waited for, and nothing here can.
    """
    if not isawaitable(value):
        return value
    if can_wait:
        return await value
    if isinstance(value, Coroutine):
        cast("Coroutine[Any, Any, object]", value).close()
    raise NeedsAsync(function)


def _is_own_cancellation(error: BaseException) -> bool:
    """Tell whether an error is asyncio's of a cancelled task, though nobody cancels the task here."""
    asyncio = sys.modules.get("asyncio")  # what has not imported it raises no such error
    if asyncio is None or not isinstance(error, asyncio.CancelledError):
        return False
    try:
        task = asyncio.current_task()
    except RuntimeError:  # a thread without a loop, or trio
        return True
    return task is None or not task.cancelling()


def _plain(function: Any) -> Any:
    """Return the function of a partial or a tool."""
    while isinstance(function, (partial, CallableTool)):
        name = "func" if isinstance(function, partial) else "__wrapped__"
        function = getattr(cast("object", function), name)
    return function


def _is_async(function: Any) -> bool:
    return is_async(_plain(function))


def refuse_async(function: object) -> None:
    """Refuse a function that is async.

    Raises:
        NeedsAsync: It is.
    """
    if _is_async(function):
        raise NeedsAsync(function)
