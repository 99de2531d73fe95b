"""A map in threads: who takes the requests, who sends them, and how all of them are stopped."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from .._base import clock
from .._base.clock import Deadline
from .._transport.protocols import Body, TransportError, WireRequest, run
from .._transport.sockets import shut_down, socket_below
from .._transport.sync import SyncIO

if TYPE_CHECKING:
    import httpx

    from .requests import Item, Items, MapResult
    from .work import Work

__all__ = ["Crew", "ThreadIO"]

_JOIN_SECONDS = 10.0  # for a look-up of a name, or an HTTP client of the user's, which nobody can cut off
_CONNECTED = ("connect_tcp.complete", "connect_unix_socket.complete", "start_tls.complete")


class _Stopped(BaseException):
    """Ends what a thread does; no `Exception`, so that nobody takes it for a failure."""


class ThreadIO(SyncIO):
    """A driver whose sends and sleeps can be ended from another thread.

    Its connections are its own, unless the user brought an HTTP client: a thread that waits for an answer is woken
    by cutting its connection off, which must not be one that somebody else uses.
    """

    def __init__(self, parent: SyncIO) -> None:
        super().__init__(parent._given)
        self._parent = parent
        self._locks = parent._locks  # a key function is called once for all
        self._stopped = threading.Event()
        self._sockets = WeakSet[socket.socket]()

    @property
    def is_stopped(self) -> bool:
        """Whether threads are to end."""
        return self._stopped.is_set()

    async def send(self, request: WireRequest, deadline: Deadline) -> Body:
        """See `IO`."""
        self.is_closed = self._parent.is_closed
        self._go_on()
        try:
            body = await super().send(request, deadline)
        except TransportError:
            self._go_on()
            raise
        if self.is_stopped:
            await body.close()
            raise _Stopped
        return body

    async def sleep(self, seconds: float) -> None:
        """See `IO`."""
        self._go_on()
        clock.sleep_unless_set(self._stopped, seconds)
        self._go_on()

    def stop(self) -> None:
        """End all sends, reads and sleeps."""
        self._stopped.set()
        for sock in list(self._sockets):
            shut_down(sock)

    def _go_on(self) -> None:
        if self.is_stopped:
            raise _Stopped from None

    def _client(self, scheme: str) -> httpx.Client:
        client = super()._client(scheme)
        if not client.event_hooks["request"]:
            client.event_hooks = {"request": [self._follow]}
        return client

    def _follow(self, request: httpx.Request) -> None:
        request.extensions["trace"] = self._note

    def _note(self, event: str, info: Mapping[str, Any]) -> None:
        """Keep the sockets of new connections; httpcore tells of what it does."""
        if not event.endswith(_CONNECTED):
            return
        sock = socket_below(info["return_value"])
        if sock is not None:
            self._sockets.add(sock)
            if self.is_stopped:  # while it connected
                shut_down(sock)


class Crew:
    """The threads of a map: one takes the requests from the user, and as many as are needed send them.

    `most` is how many send at once, `ahead` how many requests may be taken whose results nobody has read.
    """

    def __init__(self, io: ThreadIO, work: Work, items: Items, most: int, ahead: int) -> None:
        self._io = io
        self._work = work
        self._items = items
        self._most = most
        self._room = ahead
        self._lock = threading.Lock()
        self._has_room = threading.Condition(self._lock)
        self._has_jobs = threading.Condition(self._lock)
        self._has_news = threading.Condition(self._lock)
        self._jobs: deque[Item] = deque()
        self._arrived: deque[MapResult] = deque()
        self._idle = 0
        self._pending = 0
        self._is_taking = False
        self._is_exhausted = False
        self._failure: BaseException | None = None  # of the work, which ends the map
        self._source_error: BaseException | None = None  # of the requests, after which none follow
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin."""
        with self._lock:
            self._spawn(self._take)

    def arrived(self) -> MapResult | None:
        """Wait for a result, in the order of arrival; None when there are no more.

        Raises:
            Exception: Whatever the requests, or a function of the user's, raised.
        """
        with self._lock:
            while True:
                if self._failure is not None:
                    raise self._failure
                if self._arrived:
                    return self._arrived.popleft()
                if self._is_exhausted and not self._pending:
                    if self._source_error is not None:
                        raise self._source_error
                    return None
                self._has_news.wait()

    def was_read(self) -> None:
        """Make room for another request."""
        with self._lock:
            self._room += 1
            self._has_room.notify()

    def stop(self) -> None:
        """End all threads and close their connections."""
        self._io.stop()
        with self._lock:
            for condition in (self._has_room, self._has_jobs, self._has_news):
                condition.notify_all()
            threads = [thread for thread in self._threads if thread is not threading.current_thread()]
            if self._is_taking:  # it waits for the user's iterable, and ends when that gives something
                threads = threads[1:]
        until = time.monotonic() + _JOIN_SECONDS  # of real time, whatever clock a test has
        for thread in threads:
            thread.join(max(until - time.monotonic(), 0))
        run(self._io.close())

    def _spawn(self, target: Callable[[], None]) -> None:
        context = copy_context()
        name = f"responses.map-{len(self._threads)}"
        thread = threading.Thread(target=context.run, args=(target,), name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _take(self) -> None:
        try:
            while self._wait_for_room():
                self._is_taking = True
                item = next(self._items, None)
                self._is_taking = False
                if item is None:
                    break
                self._hand_out(item)
            self._items.close()
        except BaseException as error:
            self._source_error = error
        with self._lock:
            self._is_exhausted = True
            self._has_jobs.notify_all()
            self._has_news.notify_all()

    def _wait_for_room(self) -> bool:
        """Wait until another request may be taken; tell whether the map still goes on."""
        with self._lock:
            while self._room <= 0 and not self._io.is_stopped:
                self._has_room.wait()
            return not self._io.is_stopped

    def _hand_out(self, item: Item) -> None:
        with self._lock:
            if self._io.is_stopped:
                return
            self._room -= 1
            self._pending += 1
            self._jobs.append(item)
            # The first thread of the list takes the requests.
            if len(self._jobs) > self._idle and len(self._threads) <= self._most:
                try:
                    self._spawn(self._send)
                except RuntimeError as error:  # there can be no more threads
                    if len(self._threads) == 1:
                        self._failure = error
                        self._has_news.notify_all()
            self._has_jobs.notify()

    def _send(self) -> None:
        try:
            while (item := self._next_job()) is not None:
                result = run(self._work.do(item))
                with self._lock:
                    self._pending -= 1
                    self._arrived.append(result)
                    self._has_news.notify_all()
        except _Stopped:
            pass
        except BaseException as error:
            with self._lock:
                self._failure = error
                self._has_news.notify_all()

    def _next_job(self) -> Item | None:
        with self._lock:
            self._idle += 1
            while not (self._jobs or self._is_exhausted or self._io.is_stopped):
                self._has_jobs.wait()
            self._idle -= 1
            return self._jobs.popleft() if self._jobs and not self._io.is_stopped else None
