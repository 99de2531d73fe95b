"""The server's limit of HTTP/2 streams, over clients of the user: a call above it waits for its turn, and not forever."""

# httpcore counts the streams of a connection with a semaphore. It has two faults, each of which holds calls forever:
#
# - No timeout ends the wait for a stream.
# - If the server lowers its limit, the one task that reads for all streams waits until enough of them have ended, which
#   it would have to read itself. (httpcore2 does without this wait.) A limit of 0 is not taken in at all.
#
# So a connection gets a `_Turns` in place of the semaphore. The number of free streams may be negative: after the limit
# was lowered, streams end without another one taking their place.
#
# The semaphore is made in the middle of the first request of a connection, so it is intercepted: the connection becomes
# an object of a subclass of its class, in which the attribute is a property. That is done when the first request looks
# up its timeout for writing the preface, which it does before it makes the semaphore. All of this is not public. Where
# another version names its parts otherwise, calls wait as httpx lets them.

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from .protocols import TransportError

__all__ = ["bounded_turns"]

Waits = Mapping[str, float | None]

_MAX_CONCURRENT_STREAMS = 3  # RFC 9113, 6.5.2
_PARTS = ("_receive_remote_settings_change", "_events", "_h2_state")
_waits: ContextVar[Waits | None] = ContextVar("waits", default=None)


def bounded_turns(waits: Waits, connections: Callable[[], Iterable[Any]]) -> Waits:
    """Let the request that is about to be sent wait for its turn within its time limits, and return those.

    Args:
        waits: The time limits.
        connections: Returns the HTTP/2 connections of the client.
    """
    _waits.set(waits)
    _take_over(connections())
    return _Watched(waits, connections)


class _Watched(Mapping[str, float | None]):
    """Time limits that see when the first one for a write is looked up."""

    def __init__(self, waits: Waits, connections: Callable[[], Iterable[Any]]) -> None:
        self._waits = waits
        self._connections: Callable[[], Iterable[Any]] | None = connections

    def __getitem__(self, wait: str) -> float | None:
        if wait == "write" and self._connections is not None:
            connections, self._connections = self._connections, None
            _take_over(connections())
        return self._waits[wait]

    def __iter__(self) -> Iterator[str]:
        return iter(self._waits)

    def __len__(self) -> int:
        return len(self._waits)


def _take_over(connections: Iterable[Any]) -> None:
    for connection in connections:
        kind: Any = connection.__class__
        if not hasattr(kind, "has_turns") and all(hasattr(connection, part) for part in _PARTS):
            before = connection.__dict__.pop("_max_streams_semaphore", None)
            connection.__class__ = _with_turns(kind)
            if before is not None:  # requests of others were sent over it
                connection._turns = connection.new_turns(connection._max_streams - len(connection._events))


@lru_cache
def _with_turns(kind: Any) -> Any:
    """Return a subclass of a class of connections, sync or async, that counts its streams here."""
    is_async = hasattr(kind, "aclose")

    class Connection(kind):  # type: ignore[misc]  # the class is known only at run time
        has_turns = True
        _max_streams: int
        new_turns = staticmethod(_AsyncTurns if is_async else _SyncTurns)

        @property
        def _max_streams_semaphore(self) -> Any:
            return self._turns

        @_max_streams_semaphore.setter
        def _max_streams_semaphore(self, _: Any) -> None:
            self._turns = self.new_turns(self._h2_state.local_settings.max_concurrent_streams)

        def _take_settings(self, event: Any) -> None:
            change = event.changed_settings.get(_MAX_CONCURRENT_STREAMS)
            if change is not None:
                most = min(change.new_value, self._h2_state.local_settings.max_concurrent_streams)
                self._turns.add(most - self._max_streams)
                self._max_streams = most

        async def _take_settings_async(self, event: Any) -> None:
            self._take_settings(event)

        _receive_remote_settings_change = _take_settings_async if is_async else _take_settings

    return Connection


class _Turns:
    """The streams of a connection that may be opened, and the requests that wait for one, in their order."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._waiting: deque[Any] = deque()
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        """Allow so many streams more, or fewer."""
        with self._lock:
            self._free += count
            while self._free > 0 and self._waiting:
                self._free -= 1
                self._waiting.popleft().set()

    def _join(self, event: Any) -> None:
        """Take a stream, and set the event; if there is none, have it set later."""
        with self._lock:
            self._waiting.append(event)
        self.add(0)

    def _leave(self, event: Any) -> None:
        """Give up the wait for an event, or the stream that came with it."""
        with self._lock:
            is_waiting = event in self._waiting
            if is_waiting:
                self._waiting.remove(event)
        if not is_waiting:
            self.add(1)


def _limit() -> float | None:
    waits = _waits.get()
    if waits is None:
        return None
    limit = waits["pool"]
    return waits["read"] if limit is None else limit


def _too_late() -> TransportError:
    return TransportError("timeout", "the server allows no more streams at once, and none ended in time")


class _SyncTurns(_Turns):
    def acquire(self) -> None:
        event = threading.Event()
        self._join(event)
        try:
            if not event.wait(_limit()):
                raise _too_late()
        except BaseException:
            self._leave(event)
            raise

    def release(self) -> None:
        self.add(1)


class _AsyncTurns(_Turns):
    async def acquire(self) -> None:
        import anyio  # here, because the sync client works without it

        event = anyio.Event()
        self._join(event)
        if event.is_set():
            return
        try:
            with anyio.move_on_after(_limit()):
                await event.wait()
            if not event.is_set():
                raise _too_late()
        except BaseException:
            self._leave(event)
            raise

    async def release(self) -> None:
        self.add(1)
