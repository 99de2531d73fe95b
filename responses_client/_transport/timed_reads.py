"""Reads of httpcore on asyncio, with one timer for many of them."""

# httpcore sets a time limit up for each read and takes it down again, a third of the CPU time of a stream with one
# event a packet. Here, a timer looks from time to time for a read that is too long. Exceptions of a read are left to
# httpcore, which is asked again after each that failed: the connection is as it was.

from __future__ import annotations

import asyncio
from typing import Any
from weakref import ref

import anyio

from .chunks import Unread

__all__ = ["timed"]

_FAILURES = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)


def timed(stream: Any) -> Any:
    """Return a stream of httpcore with one timer for all its reads; a stream of trio, or of another kind, as it is."""
    is_known = hasattr(getattr(stream, "_stream", None), "receive")
    return _TimedStream(stream) if is_known else stream


class _TimedStream(Unread):
    """A stream of httpcore; see `httpcore.AsyncNetworkStream`.

    Attributes:
        wrapped: The stream of the library itself.
    """

    def __init__(self, stream: Any) -> None:
        self.wrapped = stream
        self._stream = stream._stream  # under the name that it has in httpcore
        self._receive = stream._stream.receive
        self._limit = _Limit()
        self.write = stream.write
        self.get_extra_info = stream.get_extra_info

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self.unread is not None:
            return self.read_again(max_bytes)
        limit = self._limit
        limit.begin(timeout)
        try:
            data: bytes = await self._receive(max_bytes)
            return data
        except _FAILURES:
            pass
        except asyncio.CancelledError:
            if not limit.has_passed():
                raise
            timeout = 0
        finally:
            limit.end()
        data = await self.wrapped.read(max_bytes, timeout)
        return data

    async def start_tls(
        self,
        ssl_context: Any,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> Any:
        self._limit.stop()
        return timed(await self.wrapped.start_tls(ssl_context, server_hostname, timeout))

    async def aclose(self) -> None:
        self._limit.stop()
        await self.wrapped.aclose()


class _Limit:
    """A time limit for each of many waits, one at a time. A wait that is too long is cancelled."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._end: float | None = None
        self._task: asyncio.Task[Any] | None = None
        self._cancellations = 0
        self._has_passed = False

    def begin(self, timeout: float | None) -> None:
        """Begin a wait of the current task."""
        if timeout is None:
            return
        self._end = end = self._loop.time() + timeout
        self._task = task = asyncio.current_task()
        assert task is not None
        self._cancellations = task.cancelling()
        if self._timer is None or self._timer.when() > end:
            self._look_at(end)

    def end(self) -> None:
        """End the wait."""
        self._end = self._task = None

    def has_passed(self) -> bool:
        """Whether only this limit cancelled the wait; takes that cancellation back."""
        has_passed, self._has_passed = self._has_passed, False
        task = self._task
        return has_passed and task is not None and task.uncancel() <= self._cancellations

    def stop(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_at(self, moment: float) -> None:
        self.stop()
        # By a weak reference, so that the timer keeps no connection alive that its owner has dropped.
        weak: ref[_Limit] = ref(self)
        self._timer = self._loop.call_at(moment, _look, weak)

    def look(self) -> None:
        """Cancel a wait that is too long."""
        self._timer = None
        if self._end is None or self._task is None:
            return
        if self._end > self._loop.time():
            self._look_at(self._end)
        else:
            self._has_passed = True
            self._task.cancel()


def _look(limit: ref[_Limit]) -> None:
    found = limit()
    if found is not None:
        found.look()
