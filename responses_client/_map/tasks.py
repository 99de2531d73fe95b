"""A map in tasks, on asyncio and trio: who takes the requests, who sends them, and how all of them are stopped."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from .processor import Work
    from .requests import AsyncItems, Item, MapResult

__all__ = ["Tasks"]


class Tasks:
    """The tasks of a map: one takes the requests from the user, and each is sent by one of its own.

    They have a scope of their own, so that to end them cancels nothing in the block. `most` is how many are sent at
    once, `ahead` how many may be taken whose results nobody has read.
    """

    def __init__(self, work: Work, items: AsyncItems, most: int, ahead: int) -> None:
        self._work = work
        self._items = items
        self._owner = anyio.create_task_group()
        # What is cancelled around it ends the block, and that ends it.
        self._scope = anyio.CancelScope(shield=True)
        self._ended = anyio.Event()
        self._slots = anyio.Semaphore(most)
        self._room = anyio.Semaphore(ahead)
        self._arrived: deque[MapResult] = deque()
        self._news = anyio.Event()
        self._pending = 0
        self._is_exhausted = False
        self._failure: Exception | None = None  # of the work, which ends the map
        self._source_error: Exception | None = None  # of the requests, after which none follow

    async def start(self) -> None:
        """Begin."""
        await self._owner.__aenter__()
        self._owner.start_soon(self._run)

    async def arrived(self) -> MapResult | None:
        """Wait for a result, in the order of arrival; None when there are no more.

        Raises:
            Exception: Whatever the requests, or a function of the user's, raised.
        """
        while True:
            if self._failure is not None:
                raise self._failure
            if self._arrived:
                return self._arrived.popleft()
            if self._is_exhausted and not self._pending:
                if self._source_error is not None:
                    raise self._source_error
                return None
            if self._news.is_set():
                self._news = anyio.Event()
            await self._news.wait()

    def was_read(self) -> None:
        """Make room for another request."""
        self._room.release()

    def cancel(self) -> None:
        """Have all tasks end, without waiting for it."""
        self._scope.cancel()

    async def stop(self) -> None:
        """End all tasks.

        Their owner is not told of what the block raised, and they raise nothing: so nothing is wrapped.
        """
        self._scope.cancel()
        try:
            # The end of a scope around must not hide what the block raised.
            with anyio.CancelScope(shield=True):
                await self._ended.wait()
        finally:
            await self._owner.__aexit__(None, None, None)

    async def _run(self) -> None:
        try:
            with self._scope:
                async with anyio.create_task_group() as group:
                    await self._take(group)
        finally:
            self._ended.set()

    async def _take(self, group: TaskGroup) -> None:
        try:
            while True:
                await self._room.acquire()
                await self._slots.acquire()
                item = await self._items.next()
                if item is None:
                    break
                self._pending += 1
                group.start_soon(self._send, item)
        except Exception as error:
            self._source_error = error
        finally:
            with anyio.CancelScope(shield=True):
                await self._items.close()
        self._is_exhausted = True
        self._news.set()

    async def _send(self, item: Item) -> None:
        try:
            self._arrived.append(await self._work.do(item))
        except Exception as error:
            self._failure = error
        self._pending -= 1
        self._slots.release()
        self._news.set()
