"""`responses.map` as users hold it: an iterator and a context manager, sync and async."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Self

import anyio
import anyio.to_thread

from .._base import forks
from .._base.public import public
from .._base.validation import refuse_unknown
from ..errors import RequestValidationError
from .journal import Journal
from .processor import RequestProcessor
from .progress import MapProgress, RequestCount
from .requests import (
    AsyncRequestIterator,
    AsyncRequests,
    MapOptions,
    MapResult,
    RequestIterator,
    Requests,
    ResultOrder,
    check_options,
    needs_async_map,
)
from .tasks import TaskPool
from .threads import ThreadIO, ThreadPool
from .throttle import Throttles

if TYPE_CHECKING:
    from .._base.progress import Progress
    from .._calls.settings import Settings
    from .._transport.asynchronous import AsyncIO
    from .._transport.sync import SyncIO

__all__ = ["AsyncResponseMap", "MapOptions", "ResponseMap", "refuse_unknown_options"]

# The limit of requests per sender that are in flight or have unread results.
_UNREAD_PER_SENDER = 4


def refuse_unknown_options(names: Iterable[str]) -> None:
    """Refuse keywords that `responses.map` does not take.

    Raises:
        TypeError: There is one.
    """
    refuse_unknown("responses.map", names, (), ["requests", *MapOptions._fields])


class _Map:
    """The state of a map, sync or async: not started, open, or closed."""

    _keyword = "with"

    def __init__(self, requests: object, options: MapOptions) -> None:
        check_options(requests, options, is_async=isinstance(self, AsyncResponseMap))
        self._options = options
        self._max_concurrency = options.max_concurrency
        self._max_unread = _UNREAD_PER_SENDER * options.max_concurrency
        self._progress: MapProgress | None = None
        self._journal = None if options.journal is None else Journal(options.journal)
        self._order = ResultOrder(is_ordered=options.ordered)
        self._is_started = False
        self._is_closed = False
        self._process = forks.generation

    def _mark_started(self) -> None:
        if self._is_started:
            raise RuntimeError("A map runs only once, and this one was started before; call map again.")
        self._is_started = True
        self._process = forks.generation

    def _measure(self, given: object, requests: RequestCount, throttles: Throttles) -> None:
        """Prepare the progress, if it is reported or shown."""
        has_listener = self._options.on_progress is not None
        display = None
        if self._options.progress:
            from .._base.progress_display import ProgressDisplay

            display = ProgressDisplay("responses.map")
        elif not has_listener:
            return
        self._progress = MapProgress(given, requests, throttles, has_listener, display)

    def _require_open(self) -> None:
        forks.refuse_after_fork(self._process, "map")
        if not self._is_started:
            raise RuntimeError(
                f"A map runs only inside its block: write `{self._keyword} client.responses.map(...) as results:` and "
                "iterate over the results there, or call `.all()` for a list."
            )
        if self._is_closed:
            raise RuntimeError(
                "This map is closed: its block has ended, or a function of yours raised an exception; iterate over the results "
                "inside the block."
            )

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else "open" if self._is_started else "not started"
        return f"<{type(self).__name__}, {state}>"


@public
class ResponseMap(_Map):
    """The results of many requests, as an iterator and a context manager.

    Threads send the requests while its block lasts; leaving the block ends them all, with their connections. Iterating
    waits for the next result, a `MapResult`, and calls `on_result` and `on_progress` in the thread of the block. The requests are read in
    one of the map's threads. Several threads may share a map; each result goes to one of them.

    Raises:
        RequestValidationError: The journal is not a journal, or that of other requests.
        OSError: The journal cannot be read or written.
        RuntimeError: The map is used outside its block, or started twice.
        Exception: `on_result` or `on_progress` raised it, which closes the map, or the iterable of requests did; that is raised
            after all earlier results.
    """

    def __init__(self, io: SyncIO, settings: Settings, requests: Requests, options: MapOptions) -> None:
        super().__init__(requests, options)
        self._lock = threading.Lock()  # held while a thread waits for a result, and by those after it
        thread_io = ThreadIO(io)
        self._processor = RequestProcessor(thread_io, settings, self._journal, _call_here)
        read = RequestIterator(requests)
        self._pool = ThreadPool(thread_io, self._processor, read, self._max_concurrency, self._max_unread)
        self._measure(requests, read, self._processor.throttles)

    def __enter__(self) -> Self:
        self._mark_started()
        try:
            if self._journal is not None:
                self._journal.open()
            self._pool.start()
            if self._progress is not None:
                self._progress.open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[MapResult]:
        self._require_open()
        return self

    def __next__(self) -> MapResult:
        forks.refuse_after_fork(self._process, "map")  # whose thread may hold the lock
        with self._lock:
            self._require_open()
            progress = self._progress
            on_beat = None if progress is None else lambda: self._report(progress.now())
            while not self._order.ready:
                result = self._pool.next_result(on_beat)
                if result is None:
                    self._require_open()  # another thread may have closed the map during the wait
                    if progress is not None:
                        self._report(progress.end())
                    raise StopIteration
                self._call("on_result", self._options.on_result, result)
                if progress is not None:
                    self._report(progress.add(result))
                self._order.put(result)
            self._pool.mark_read()
            return self._order.ready.popleft()

    def _report(self, progress: Progress | None) -> None:
        if progress is not None:
            self._call("on_progress", self._options.on_progress, progress)

    def _call(self, name: str, function: Callable[[Any], object] | None, value: object) -> None:
        """Call a function of the user's, if there is one; an exception closes the map."""
        if function is None:
            return
        try:
            returned = function(value)
            if isawaitable(returned):
                if isinstance(returned, Coroutine):
                    returned.close()  # or Python warns that it was never awaited
                mistake = needs_async_map(name, "a function that is not async", function)
                raise RequestValidationError([mistake], outcome="The map was stopped")
        except BaseException:
            self.close()
            raise

    def all(self) -> list[MapResult]:
        """Send all requests and return the list of all results; takes the place of the block.

        Raises:
            Exception: The same exceptions as iterating in the block.
        """
        with self:
            return list(self)

    def close(self) -> None:
        """End all requests, threads and connections of the map, as the end of its block does."""
        if self._is_started and not self._is_closed and self._process == forks.generation:
            self._is_closed = self._processor.is_closed = True
            if self._progress is not None:
                self._progress.close()
            try:
                self._pool.stop()
            finally:
                if self._journal is not None:
                    self._journal.close()


@public
class AsyncResponseMap(_Map):
    """The results of many requests, as an async iterator and context manager; see `ResponseMap`.

    Tasks send the requests, and one of them reads the requests. `on_result` and `on_progress` may be async.
    """

    _keyword = "async with"

    def __init__(self, io: AsyncIO, settings: Settings, requests: AsyncRequests, options: MapOptions) -> None:
        super().__init__(requests, options)
        self._processor = RequestProcessor(io, settings, self._journal, anyio.to_thread.run_sync)
        self._requests = AsyncRequestIterator(requests)
        self._measure(requests, self._requests, self._processor.throttles)
        self._is_running = False

    async def __aenter__(self) -> Self:
        self._mark_started()
        if self._journal is not None:
            try:
                await anyio.to_thread.run_sync(self._journal.open)
            except BaseException:
                self._is_closed = True
                self._journal.close()
                raise
        self._pool = TaskPool(
            self._processor,
            self._requests,
            self._max_concurrency,
            self._max_unread,
            has_beat=self._progress is not None,
        )
        await self._pool.start()
        self._is_running = True
        if self._progress is not None:
            self._progress.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    def __aiter__(self) -> AsyncIterator[MapResult]:
        self._require_open()
        return self

    async def __anext__(self) -> MapResult:
        self._require_open()
        progress = self._progress
        on_beat = None if progress is None else lambda: self._report(progress.now())
        while not self._order.ready:
            result = await self._pool.next_result(on_beat)
            if result is None:
                if progress is not None:
                    await self._report(progress.end())
                raise StopAsyncIteration
            await self._call(self._options.on_result, result)
            if progress is not None:
                await self._report(progress.add(result))
            self._order.put(result)
        self._pool.mark_read()
        return self._order.ready.popleft()

    async def _report(self, progress: Progress | None) -> None:
        if progress is not None:
            await self._call(self._options.on_progress, progress)

    async def _call(self, function: Callable[[Any], object] | None, value: object) -> None:
        """Call a function of the user's, if there is one, which may be async; an exception closes the map."""
        if function is None:
            return
        try:
            returned = function(value)
            if isawaitable(returned):
                await returned
        except BaseException:
            self._is_closed = True
            self._pool.cancel()  # the end of the block, which is in this task, waits for the tasks
            raise

    async def all(self) -> list[MapResult]:
        """Send all requests and return the list of all results; takes the place of the block; see `ResponseMap.all`."""
        async with self:
            return [result async for result in self]

    async def aclose(self) -> None:
        """End all requests and tasks of the map, like the end of its block. Await it in the task of that block.

        `close` is an alias.
        """
        if not self._is_running or self._process != forks.generation:
            return
        self._is_running = False
        self._is_closed = self._processor.is_closed = True
        if self._progress is not None:
            self._progress.close()
        try:
            await self._pool.stop()
        finally:
            if self._journal is not None:
                # The last lines are written even if the block was cancelled.
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._journal.close)

    close = aclose


async def _call_here(function: Callable[[], None]) -> None:
    """Call a function that waits for a disk; a thread of the map may wait."""
    function()
