"""A stream over HTTP that somebody watches; a class of its own, so that all other streams pay nothing for it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from .._calls.observers import watch_of
from ..errors import APIError
from .http_source import HttpSource

if TYPE_CHECKING:
    from .._calls.request import Call
    from .._events.stream_state import StreamState
    from .._transport.protocols import IO
    from ..models import StreamEvent

__all__ = ["WatchedSource"]


class WatchedSource(HttpSource):
    """Tells those who watch of each try, of events as they come, and of the end.

    That is the terminal event, an error, or that the stream is closed before either.
    """

    def __init__(self, io: IO, call: Call[Any]) -> None:
        super().__init__(io, call)
        self._watch = self._attempts.watch = watch_of(io, self._attempts)
        self._untold: deque[StreamEvent] = deque()  # to the hook

    async def open(self) -> StreamState:
        """See `Source`."""
        self._watch.start()
        try:
            return await super().open()
        except BaseException as error:
            self._watch.ended(error, self.snapshot)
            await self._release()  # who gets no stream cannot close it
            raise

    async def _open(self) -> StreamState:
        try:
            state = await super()._open()
        except APIError as error:
            failure = error
        else:
            await self._watch.answered(self.meta, None)
            return state
        await self._watch.answered(self._attempts.meta, failure)
        raise failure

    async def fill(self) -> bool:
        """See `Source`."""
        await self._tell()  # what was left by a hook that was cancelled
        try:
            more = await super().fill()
        except BaseException as error:
            self._watch.ended(error, self.snapshot)
            raise
        if more:
            self._watch.received(self.events)
            if self._watch.on_event:
                self._untold.extend(self.events)
                await self._tell()
            if self.state is not None and self.state.has_terminal_event:
                self._watch.ended(None, self.snapshot)
        return more

    async def _tell(self) -> None:
        while self._untold:
            await self._watch.event(self._untold.popleft())

    async def close(self) -> None:
        """See `Source`."""
        self._untold.clear()
        try:
            await super().close()
        finally:
            self._watch.ended(None, self.snapshot)

    async def drop(self) -> None:
        """See `Source`."""
        try:
            await super().drop()
        finally:
            self._watch.ended()

    def __del__(self) -> None:
        self._watch.ended()
