"""The connections of recorded and replayed WebSocket sessions, in the form in which httpx hands them over."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel

from ..._base import clock

if TYPE_CHECKING:
    from .sessions import ReplayedSession, SessionListener

__all__ = ["AsyncListeningStream", "AsyncReplayStream", "ListeningStream", "ReplayStream"]


class ListeningStream:
    """A connection that records its messages; `wrapped` is the real one."""

    def __init__(self, wrapped: Any, listener: SessionListener) -> None:
        self.wrapped = wrapped
        self._listener = listener

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read, and record the messages in it."""
        data: bytes = self.wrapped.read(max_bytes, timeout)
        self._listener.received(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, and record the messages in it."""
        self.wrapped.write(buffer, timeout)
        self._listener.sent(buffer)

    def get_extra_info(self, info: str) -> Any:
        """Return a fact of the real connection, such as its socket."""
        return self.wrapped.get_extra_info(info)


class AsyncListeningStream:
    """The same for async clients; see `ListeningStream`."""

    def __init__(self, wrapped: Any, listener: SessionListener) -> None:
        self.wrapped = wrapped
        self._listener = listener

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read, and record the messages in it."""
        data: bytes = await self.wrapped.read(max_bytes, timeout)
        self._listener.received(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, and record the messages in it."""
        await self.wrapped.write(buffer, timeout)
        self._listener.sent(buffer)

    def get_extra_info(self, info: str) -> Any:
        """Return a fact of the real connection, such as its socket."""
        return self.wrapped.get_extra_info(info)


class _Replay:
    """The shared part of replayed connections: the session, and how far its time has come."""

    def __init__(self, session: ReplayedSession, *, realtime: bool) -> None:
        self.is_closed = False
        self._session = session
        self._realtime = realtime
        self._now = 0

    def get_extra_info(self, info: str) -> None:
        """Return None, as a replayed connection has no socket."""

    @property
    def _is_ready(self) -> bool:
        return self.is_closed or bool(self._session.output) or self._session.has_ended

    def _take(self, max_bytes: int) -> tuple[float, bytes]:
        """Return the seconds to wait, and the bytes to give then; none at the end."""
        if self.is_closed or not self._session.output:
            return 0, b""
        at, data = self._session.output.popleft()
        if len(data) > max_bytes:
            self._session.output.appendleft((at, data[max_bytes:]))
        seconds = max(at - self._now, 0) / 1000 if self._realtime else 0
        self._now = max(self._now, at)
        return seconds, data[:max_bytes]


class ReplayStream(_Replay):
    """A connection of a replayed session, for sync clients, which may share it among threads."""

    def __init__(self, session: ReplayedSession, *, realtime: bool) -> None:
        super().__init__(session, realtime=realtime)
        self._changed = threading.Condition()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the next bytes of the server.

        Raises:
            TimeoutError: Nothing came in time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_ready, timeout):
                raise TimeoutError
            seconds, data = self._take(max_bytes)
        if seconds:
            clock.sleep(seconds)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Take bytes of the client."""
        with self._changed:
            self._session.receive(buffer)
            self._changed.notify_all()

    def close(self) -> None:
        """End all reads."""
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()


class AsyncReplayStream(_Replay):
    """A connection of a replayed session, for async clients, on asyncio and trio."""

    def __init__(self, session: ReplayedSession, *, realtime: bool) -> None:
        super().__init__(session, realtime=realtime)
        self._changed = anyio.Event()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the next bytes of the server; the caller limits the time."""
        await anyio.lowlevel.checkpoint()
        while not self._is_ready:
            await self._changed.wait()
        seconds, data = self._take(max_bytes)
        if seconds:
            await clock.sleep_async(seconds)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Take bytes of the client."""
        self._session.receive(buffer)
        self._wake()

    def close(self) -> None:
        """End all reads."""
        self.is_closed = True
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()
