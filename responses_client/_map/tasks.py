"""The tasks of a map, on asyncio and trio: one reads the requests, others send them, and all end with the block."""

# How it works
#
#   the block                     the tasks, all inside of `_scope`
#
#   mark_read() -----_room------> _read: one request after the other, each needs a permit of `_room`
#                  (Semaphore)      |    (so results are read) and one of `_slots` (so others are sent)
#                                   |
#                                   +--> _send, one task per request
#                                          |
#   next_result() <-----_results-----------+
#                    `_news` is set on each arrival
#
# A task group must be left by the task that entered it, and it turns an exception into an `ExceptionGroup`. So the
# block enters the group `_owner`, whose one task, `_run`, raises nothing: it opens a second group inside of `_scope`,
# and every exception in there is kept in `_failure` or `_source_error`, to be raised by `next_result`.
#
# `_scope` is shielded, and only `cancel` ends it. A cancellation from outside reaches the block; leaving the block calls
# `stop`, which cancels the scope, waits for `_ended`, and leaves `_owner` without the exception of the block.

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import anyio

from .._base.error_copies import KeptError
from .progress import BEAT_SECONDS

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from .processor import RequestProcessor
    from .requests import AsyncRequestIterator, MapRequest, MapResult

__all__ = ["TaskPool"]


class TaskPool:
    """The tasks of a map.

    Args:
        processor: Sends requests.
        requests: The requests; only the reading task uses them.
        max_concurrency: The maximum number of requests in flight.
        max_unread: The maximum number of requests that are read and whose results are not.
        has_beat: Whether a task wakes the reader of results now and then, to report the progress.
    """

    def __init__(
        self,
        processor: RequestProcessor,
        requests: AsyncRequestIterator,
        max_concurrency: int,
        max_unread: int,
        *,
        has_beat: bool = False,
    ) -> None:
        self._processor = processor
        self._requests = requests
        self._owner = anyio.create_task_group()
        self._scope = anyio.CancelScope(shield=True)
        self._ended = anyio.Event()
        self._slots = anyio.Semaphore(max_concurrency)
        self._room = anyio.Semaphore(max_unread)
        self._results: deque[MapResult] = deque()
        self._news = anyio.Event()
        self._in_flight = 0
        self._has_beat = has_beat
        self._is_beat_due = False
        self._is_exhausted = False
        self._failure: KeptError | None = None  # of a sending task; the map ends at once
        # Of the requests; the map ends after the results before it.
        self._source_error: KeptError | None = None

    async def start(self) -> None:
        """Start the tasks."""
        await self._owner.__aenter__()
        self._owner.start_soon(self._run)

    async def next_result(self, on_beat: Callable[[], Awaitable[None]] | None = None) -> MapResult | None:
        """Wait for a result and return it, in the order of arrival; None after the last.

        Args:
            on_beat: A function to be called about each `BEAT_SECONDS` while there is no result, if the pool `has_beat`.

        Raises:
            Exception: The requests, or a function of the user's, raised it.
        """
        while True:
            if self._failure is not None:
                raise self._failure.take()
            if self._results:
                return self._results.popleft()
            if self._is_exhausted and not self._in_flight:
                if self._source_error is not None:
                    raise self._source_error.take()
                return None
            if self._news.is_set():  # events cannot be cleared; another task may wait for this one
                self._news = anyio.Event()
            if on_beat is not None and self._is_beat_due:
                self._is_beat_due = False
                await on_beat()
                continue
            await self._news.wait()

    def mark_read(self) -> None:
        """Allow another request to be read, as a result was returned."""
        self._room.release()

    def cancel(self) -> None:
        """Cancel all tasks without waiting for their end."""
        self._scope.cancel()

    async def stop(self) -> None:
        """Cancel all tasks and wait for their end."""
        self._scope.cancel()
        try:
            # Shielded, as a cancellation here would hide the exception of the block.
            with anyio.CancelScope(shield=True):
                await self._ended.wait()
        finally:
            self._failure = self._source_error = None  # their frames hold this object
            await self._owner.__aexit__(None, None, None)

    async def _run(self) -> None:
        try:
            with self._scope:
                async with anyio.create_task_group() as group:
                    if self._has_beat:
                        group.start_soon(self._beat)
                    await self._read(group)
        finally:
            self._ended.set()

    async def _beat(self) -> None:
        # One timer for the whole map: one around each wait for a result would cost far more.
        while True:
            await anyio.sleep(BEAT_SECONDS)
            self._is_beat_due = True
            self._news.set()

    async def _read(self, group: TaskGroup) -> None:
        try:
            while True:
                await _acquire(self._room)
                await _acquire(self._slots)
                request = await self._requests.next()
                if request is None:
                    break
                self._in_flight += 1
                group.start_soon(self._send, request)
        except Exception as error:
            self._source_error = KeptError(error)
        finally:
            with anyio.CancelScope(shield=True):
                await self._requests.close()
        self._is_exhausted = True
        self._news.set()

    async def _send(self, request: MapRequest) -> None:
        try:
            self._results.append(await self._processor.process(request))
        except Exception as error:
            self._failure = KeptError(error)
        except anyio.get_cancelled_exc_class():
            return  # not raised: anyio would keep it, and with its frames the request, in a cycle of its own
        self._in_flight -= 1
        self._slots.release()
        self._news.set()


async def _acquire(semaphore: anyio.Semaphore) -> None:
    """Take a permit, without a turn of the event loop if one is there: that would cost a system call."""
    try:
        semaphore.acquire_nowait()
    except anyio.WouldBlock:
        await semaphore.acquire()
