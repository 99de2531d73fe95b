"""Locks by key, for work that many threads or tasks need but only one at a time may do, such as getting a key."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from .._base.clock import Deadline
from .protocols import TransportError

if TYPE_CHECKING:
    import anyio

__all__ = ["AsyncKeyedLocks", "SyncKeyedLocks"]

_TIMED_OUT = "another call held the lock for too long"


class SyncKeyedLocks:
    """A lock per key for threads; the thread that holds one may take it again.

    Keys are held weakly: a lock lasts as long as its key, and clients that come and go leave none behind.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks = WeakKeyDictionary[object, threading.RLock]()

    @asynccontextmanager
    async def hold(self, key: object, deadline: Deadline) -> AsyncGenerator[None, None]:
        """Hold the lock of a key during a block, without ever suspending; see `IO.lock`."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.RLock())
        remaining = deadline.remaining()
        if not lock.acquire(timeout=-1 if remaining is None else max(remaining, 0)):
            raise TransportError("timeout", _TIMED_OUT)
        try:
            yield
        finally:
            lock.release()


class AsyncKeyedLocks:
    """A lock per key for the tasks of one event loop."""

    def __init__(self) -> None:
        self._locks = WeakKeyDictionary[object, "anyio.Lock"]()

    @asynccontextmanager
    async def hold(self, key: object, deadline: Deadline) -> AsyncGenerator[None, None]:
        """Hold the lock of a key during a block; see `IO.lock`."""
        import anyio  # here, because sync code does without it

        lock = self._locks.setdefault(key, anyio.Lock())
        with anyio.move_on_after(deadline.remaining()) as scope:
            await lock.acquire()
        if scope.cancelled_caught:
            raise TransportError("timeout", _TIMED_OUT)
        try:
            yield
        finally:
            lock.release()
