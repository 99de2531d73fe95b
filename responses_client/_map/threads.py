"""The threads of a map: one reads the requests, others send them, and all can be stopped while they wait."""

# How it works
#
#   a thread of the user's        the reader                   the senders, at most `max_concurrency`
#                                 responses.map-0              responses.map-1, responses.map-2, ...
#
#   mark_read() ----_marks----->  reads a request while
#                                 few results are unread
#                                          |
#                                          +----_requests--->  process a request: journal, throttle, send
#                                                                          |
#   next_result() <---------------------------------_results---------------+
#
# The reader starts a sender for a request unless one is idle, so there are never more than needed. `_idle` counts the
# idle senders that no request was promised to, as in `concurrent.futures.ThreadPoolExecutor`.
#
# The three queues are `SimpleQueue`s because a KeyboardInterrupt may hit the user's thread anywhere: it cannot leave
# their locks taken, as it can those of the classes of `threading`, which are written in Python.
#
# None in a queue only wakes a thread, which then looks at the state. A sender that finds None ends, and puts it back
# for the next one. When all requests are read, the reader ends the senders in this way, waits for them, and wakes
# `next_result`, which finds the pool in one of these states:
#
#   running     no result yet: wait          finished    all results returned: raise `_source_error`, or end
#   failed      raise `_failure`             stopped     end
#
# Python cannot interrupt a thread, so `stop` wakes each one according to what it may wait for:
#
#   the reader    results to be read                         None in the queue
#                 the user's iterable                        nothing: it is left behind, and ends when that yields
#   a sender      a request                                  None in the queue
#                 the throttle, or its next attempt          the event `_stopped`, which ends `ThreadIO.sleep`
#                 an answer                                  its socket is shut down; see `ThreadIO`
#                 a name server, the user's HTTP client      nothing: it is waited for, `_JOIN_SECONDS` at most
#
# A sender that was woken raises `_Stopped` at its next use of `ThreadIO`.

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from typing_extensions import override

from .._base import clock
from .._base.clock import Deadline
from .._base.error_copies import KeptError
from .._transport.protocols import Body, TransportError, WireRequest, run
from .._transport.sync import SyncIO
from .progress import BEAT_SECONDS

if TYPE_CHECKING:
    from .processor import RequestProcessor
    from .requests import MapRequest, MapResult, RequestIterator

__all__ = ["ThreadIO", "ThreadPool"]

_JOIN_SECONDS = 10.0


class _Stopped(BaseException):
    """The map has ended. Not an `Exception`, so that no handler takes it for a failure of the request."""


class ThreadIO(SyncIO):
    """A sync driver with sends and sleeps that another thread can end.

    A thread that waits for an answer can be woken only by shutting down its connection, which no other call must use.
    So the connections are the map's own. An HTTP client of the user's is used as it is, and its connections are left
    alone.
    """

    def __init__(self, parent: SyncIO) -> None:
        super().__init__()
        self._given, self._library = parent._given, parent._library
        self._parent = parent
        self._stopped = threading.Event()

    @property
    def is_stopped(self) -> bool:
        """Whether all sends and sleeps end."""
        return self._stopped.is_set()

    @override
    async def send(self, request: WireRequest, deadline: Deadline) -> Body:
        self.is_closed = self._parent.is_closed
        self._raise_if_stopped()
        try:
            body = await super().send(request, deadline)
        except TransportError:
            self._raise_if_stopped()  # the error is that of the connection that `stop` shut down
            raise
        if self.is_stopped:
            await body.close()
            raise _Stopped
        return body

    @override
    async def sleep(self, seconds: float) -> None:
        self._raise_if_stopped()
        clock.sleep_unless_set(self._stopped, seconds)
        self._raise_if_stopped()

    def stop(self) -> None:
        """End all sends, reads and sleeps."""
        self._stopped.set()
        self._pools.shut_down()

    @override
    def lock(self, key: object, deadline: Deadline) -> AbstractAsyncContextManager[None]:
        # That of the client, so that a function for the key is called once for all calls.
        return self._parent.lock(key, deadline)

    def _raise_if_stopped(self) -> None:
        if self.is_stopped:
            raise _Stopped from None


class ThreadPool:
    """The threads of a map. One thread at a time may call `next_result`.

    Args:
        io: The driver that the processor uses.
        processor: Sends requests.
        requests: The requests; only the reader uses them.
        max_concurrency: The maximum number of senders.
        max_unread: The maximum number of requests that are read and whose results are not.
    """

    def __init__(
        self,
        io: ThreadIO,
        processor: RequestProcessor,
        requests: RequestIterator,
        max_concurrency: int,
        max_unread: int,
    ) -> None:
        self._io = io
        self._processor = processor
        self._source = requests
        self._max_senders = max_concurrency
        self._max_unread = max_unread
        self._unread = 0  # requests handed out, without the marks taken from the queue
        self._marks: SimpleQueue[None] = SimpleQueue()
        self._requests: SimpleQueue[MapRequest | None] = SimpleQueue()
        self._results: SimpleQueue[MapResult | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []  # the reader is the first
        self._is_reading = False  # whether the reader waits for the user's iterable
        self._is_finished = False
        self._failure: KeptError | None = None  # of a sender; the map ends at once
        # Of the requests; the map ends after the results before it.
        self._source_error: KeptError | None = None

    def start(self) -> None:
        """Start the reader, which starts the senders."""
        self._start_thread(self._read)

    def next_result(self, on_beat: Callable[[], None] | None = None) -> MapResult | None:
        """Wait for a result and return it, in the order of arrival; None after the last, or when stopped.

        Args:
            on_beat: A function to be called each time that `BEAT_SECONDS` pass without a result.

        Raises:
            Exception: The requests, or a function of the user's, raised it.
        """
        while not self._has_ended():
            if on_beat is None:
                result = self._results.get()
            else:
                try:
                    result = self._results.get(timeout=BEAT_SECONDS)
                except Empty:
                    on_beat()
                    continue
            if result is not None:
                return result
        if self._failure is not None:
            raise self._failure.take()
        if self._source_error is not None:
            raise self._source_error.take()
        return None

    def mark_read(self) -> None:
        """Allow another request to be read, as a result was returned."""
        self._marks.put(None)

    def stop(self) -> None:
        """End all threads and close their connections."""
        self._io.stop()
        # The reader sets `_is_reading` before it asks whether it is stopped. So if this finds False, the reader will
        # not use the user's iterable again, and can be waited for.
        is_reading = self._is_reading
        self._marks.put(None)
        self._requests.put(None)
        self._results.put(None)
        # Real time, also while a test replaces the clock of the package.
        until = time.monotonic() + _JOIN_SECONDS
        for thread in self._threads:  # the reader first: once it has ended, no sender is added
            if thread is threading.current_thread() or (is_reading and thread is self._threads[0]):
                continue
            thread.join(max(until - time.monotonic(), 0))
        # No call can raise them now, and their frames hold this object.
        self._failure = self._source_error = None
        run(self._io.close())

    def _has_ended(self) -> bool:
        has_returned_all = self._is_finished and self._results.empty()
        return has_returned_all or self._failure is not None or self._io.is_stopped

    def _start_thread(self, target: Callable[[], None]) -> None:
        context = copy_context()
        name = f"responses.map-{len(self._threads)}"
        thread = threading.Thread(target=context.run, args=(target,), name=name, daemon=True)
        self._threads.append(thread)  # before it runs, as the reader counts the threads
        try:
            thread.start()
        except BaseException:
            self._threads.remove(thread)
            raise

    def _read(self) -> None:
        try:
            while (request := self._next_request()) is not None:
                self._hand_out(request)
            self._source.close()
        except BaseException as error:
            if not self._io.is_stopped:
                self._source_error = KeptError(error)
        self._requests.put(None)
        for sender in self._threads[1:]:
            sender.join()
        self._is_finished = True
        self._results.put(None)

    def _next_request(self) -> MapRequest | None:
        if self._unread == self._max_unread:
            self._marks.get()
            self._unread -= 1
        self._is_reading = True
        try:
            return None if self._io.is_stopped else next(self._source, None)
        finally:
            self._is_reading = False

    def _hand_out(self, request: MapRequest) -> None:
        if self._io.is_stopped:
            return
        self._unread += 1
        self._requests.put(request)
        senders = len(self._threads) - 1
        if senders < self._max_senders and not self._idle.acquire(blocking=False):
            try:
                self._start_thread(self._send)
            except RuntimeError as error:  # the system allows no more threads
                if not senders:
                    self._fail(error)

    def _send(self) -> None:
        try:
            while (request := self._requests.get()) is not None and not self._io.is_stopped:
                self._results.put(run(self._processor.process(request)))
                self._idle.release()
        except _Stopped:
            pass
        except BaseException as error:
            self._fail(error)
        finally:
            self._requests.put(None)

    def _fail(self, error: BaseException) -> None:
        self._failure = KeptError(error)
        self._results.put(None)
