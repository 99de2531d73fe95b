"""Turns: one thread, or one task, at a time gets what all of them need only once."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

import anyio

from .protocols import Failure

__all__ = ["AsyncTurns", "SyncTurns"]

_TOO_LATE = "the turn of this call did not come in time"


class SyncTurns:
    """Turns of threads; a thread that has one may take it once more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks = WeakKeyDictionary[object, threading.RLock]()

    @asynccontextmanager
    async def take(self, owner: object, left: float | None) -> AsyncGenerator[None, None]:
        """See `IO.turn`; never suspends."""
        with self._lock:
            lock = self._locks.setdefault(owner, threading.RLock())
        if not lock.acquire(timeout=-1 if left is None else max(left, 0)):
            raise Failure("timeout", _TOO_LATE)
        try:
            yield
        finally:
            lock.release()


class AsyncTurns:
    """Turns of tasks; each event loop has its own."""

    def __init__(self) -> None:
        from anyio.lowlevel import RunVar  # here, since sync code does without it

        self._locks: RunVar[WeakKeyDictionary[object, anyio.Lock]] = RunVar("turns")

    @asynccontextmanager
    async def take(self, owner: object, left: float | None) -> AsyncGenerator[None, None]:
        """See `IO.turn`."""
        try:
            locks = self._locks.get()
        except LookupError:
            locks = WeakKeyDictionary[object, anyio.Lock]()
            self._locks.set(locks)
        lock = locks.setdefault(owner, anyio.Lock())
        with anyio.move_on_after(left) as scope:
            await lock.acquire()
        if scope.cancelled_caught:
            raise Failure("timeout", _TOO_LATE)
        try:
            yield
        finally:
            lock.release()
