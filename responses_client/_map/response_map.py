"""`responses.map` as users hold it: iterators and context managers, sync and async."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from inspect import isawaitable
from typing import TYPE_CHECKING, NamedTuple, Self

import anyio
import anyio.to_thread

from .._base.public import public
from .._base.validation import needs_async
from .journal import Journal
from .requests import AsyncItems, AsyncRequests, Items, MapResult, Order, Requests, check_options
from .tasks import Tasks
from .threads import Crew, ThreadIO
from .work import Work

if TYPE_CHECKING:
    from os import PathLike

    from .._calls.settings import Settings
    from .._transport.asynchronous import AsyncIO
    from .._transport.sync import SyncIO

__all__ = ["AsyncResponseMap", "MapOptions", "ResponseMap"]

_AHEAD = 4  # times max_concurrency: how many requests are taken whose results are not read


class MapOptions(NamedTuple):
    """What `responses.map` is given beside the requests."""

    max_concurrency: int
    ordered: bool
    on_result: Callable[[MapResult], object] | None
    journal: str | PathLike[str] | None


class _Map:
    """The base of sync and async maps."""

    _block = "with"

    def __init__(self, requests: object, options: MapOptions) -> None:
        check_options(
            requests,
            options.max_concurrency,
            options.on_result,
            options.journal,
            is_async=isinstance(self, AsyncResponseMap),
        )
        self._most = options.max_concurrency
        self._on_result = options.on_result
        self._journal = None if options.journal is None else Journal(options.journal)
        self._order = Order(is_kept=options.ordered)
        self._is_begun = False
        self._is_left = False

    def _begin(self) -> None:
        if self._is_begun:
            raise RuntimeError("This map has begun before, and its requests are taken; call map again.")
        self._is_begun = True

    def _refuse_unless_open(self) -> None:
        block = f"{self._block} client.responses.map(...) as results"
        if not self._is_begun:
            raise RuntimeError(
                f"A map runs only inside of its block: write `{block}:` and iterate over the results there, or call "
                "`.all()` for a list."
            )
        if self._is_left:
            raise RuntimeError(
                f"The block `{block}:` was left, and its requests have ended; iterate inside of it."
            )

    def __repr__(self) -> str:
        state = "left" if self._is_left else "open" if self._is_begun else "not begun"
        return f"<{type(self).__name__}, {state}>"


@public
class ResponseMap(_Map):
    """The results of many requests, as an iterator and a context manager.

    The requests are sent by threads while its block lasts; leaving it ends them all. `on_result` and iterating happen
    in the thread of the block, taking the requests in one of the map's.

    Raises:
        Exception: Whatever the requests raise when they are iterated over, once all results before are given; what
            `on_result` raises, at once.
        ConfigurationError: The journal is one of other requests.
    """

    def __init__(self, io: SyncIO, settings: Settings, requests: Requests, options: MapOptions) -> None:
        super().__init__(requests, options)
        self._turn = threading.Lock()  # of threads that share the results
        thread_io = ThreadIO(io)
        self._work = Work(thread_io, settings, self._journal, _here)
        self._crew = Crew(thread_io, self._work, Items(requests), self._most, _AHEAD * self._most)

    def __enter__(self) -> Self:
        self._begin()
        try:
            if self._journal is not None:
                self._journal.open()
            self._crew.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[MapResult]:
        self._refuse_unless_open()
        return self

    def __next__(self) -> MapResult:
        self._refuse_unless_open()
        with self._turn:
            while not self._order.ready:
                result = self._crew.arrived()
                if result is None:
                    raise StopIteration
                self._tell(result)
                self._order.put(result)
            self._crew.was_read()
            return self._order.ready.popleft()

    def _tell(self, result: MapResult) -> None:
        if self._on_result is None:
            return
        try:
            told = self._on_result(result)
            if isawaitable(told):
                if isinstance(told, Coroutine):
                    told.close()
                raise needs_async("on_result")
        except BaseException:
            self.close()
            raise

    def all(self) -> list[MapResult]:
        """Send all requests and return all results; not for use inside the block."""
        with self:
            return list(self)

    def close(self) -> None:
        """End the requests that still run, and their threads and connections; the end of the block does so."""
        if self._is_begun and not self._is_left:
            self._is_left = self._work.is_stopped = True
            try:
                self._crew.stop()
            finally:
                if self._journal is not None:
                    self._journal.close()


@public
class AsyncResponseMap(_Map):
    """The results of many requests, as an async iterator and context manager; see `ResponseMap`.

    The requests are sent by tasks, and taken by one of them; `on_result` may be async.
    """

    _block = "async with"

    def __init__(self, io: AsyncIO, settings: Settings, requests: AsyncRequests, options: MapOptions) -> None:
        super().__init__(requests, options)
        self._work = Work(io, settings, self._journal, anyio.to_thread.run_sync)
        self._items = AsyncItems(requests)

    async def __aenter__(self) -> Self:
        self._begin()
        if self._journal is not None:
            try:
                await anyio.to_thread.run_sync(self._journal.open)
            except BaseException:
                self._is_left = True
                self._journal.close()
                raise
        self._tasks = Tasks(self._work, self._items, self._most, _AHEAD * self._most)
        await self._tasks.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._is_left = self._work.is_stopped = True
        try:
            await self._tasks.stop()
        finally:
            if self._journal is not None:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._journal.close)

    def __aiter__(self) -> AsyncIterator[MapResult]:
        self._refuse_unless_open()
        return self

    async def __anext__(self) -> MapResult:
        self._refuse_unless_open()
        while not self._order.ready:
            result = await self._tasks.arrived()
            if result is None:
                raise StopAsyncIteration
            await self._tell(result)
            self._order.put(result)
        self._tasks.was_read()
        return self._order.ready.popleft()

    async def _tell(self, result: MapResult) -> None:
        if self._on_result is None:
            return
        try:
            told = self._on_result(result)
            if isawaitable(told):
                await told
        except BaseException:
            self._is_left = True
            self._tasks.cancel()
            raise

    async def all(self) -> list[MapResult]:
        """Send all requests and return all results; not for use inside the block."""
        async with self:
            return [result async for result in self]


async def _here(function: Callable[[], None]) -> None:
    """Call a function that waits for a disk, in a thread that may wait."""
    function()
