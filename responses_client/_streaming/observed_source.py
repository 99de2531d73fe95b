"""A stream over HTTP with observers; a class of its own, so that streams without any pay nothing for it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from .._calls.observers import make_dispatcher
from ..errors import APIError
from .http_source import HttpSource
from .source import second_reader

if TYPE_CHECKING:
    from .._calls.request import Call
    from .._events.stream_state import StreamState
    from .._transport.protocols import IO
    from ..models import StreamEvent

__all__ = ["ObservedHttpSource"]


class ObservedHttpSource(HttpSource):
    """A source that notifies observers of each attempt, of events as they come, and once of the end.

    The end is the terminal event, an error, or the close of the stream before either.
    """

    def __init__(self, io: IO, call: Call[Any]) -> None:
        super().__init__(io, call)
        self._dispatcher = self._attempts.dispatcher = make_dispatcher(io, self._attempts)
        self._unreported: deque[StreamEvent] = deque()  # events that the hook has not seen

    @override
    async def open(self) -> StreamState:
        self._dispatcher.start()
        try:
            return await super().open()
        except BaseException as error:
            self._dispatcher.notify_end(error, self.snapshot)
            await self._release()  # the caller has no stream that it could close
            raise

    @override
    async def _connect(self) -> StreamState:
        try:
            state = await super()._connect()
        except APIError as error:
            failure = error
        else:
            await self._dispatcher.notify_response(self.meta, None)
            return state
        # Outside of the handler: an exception of a hook must not have the failure as its context.
        try:
            await self._dispatcher.notify_response(self._attempts.meta, failure)
            raise failure
        finally:
            del failure  # its traceback holds this frame

    @override
    async def fill(self) -> bool:
        if self.is_reading:  # no end of the stream, of which observers would be notified
            raise second_reader()
        await self._call_event_hook()  # with the rest, if the hook was cancelled last time
        try:
            more = await super().fill()
        except BaseException as error:
            self._dispatcher.notify_end(error, self.snapshot)
            raise
        if more:
            self._dispatcher.notify_events(self.events)
            if self._dispatcher.has_event_hook:
                self._unreported.extend(self.events)
                await self._call_event_hook()
            if self.state is not None and self.state.has_terminal_event:
                self._dispatcher.notify_end(None, self.snapshot)
        return more

    async def _call_event_hook(self) -> None:
        while self._unreported:
            await self._dispatcher.call_event_hook(self._unreported.popleft())

    @override
    async def close(self) -> None:
        self._unreported.clear()
        try:
            await super().close()
        finally:
            self._dispatcher.notify_end(None, self.snapshot)

    @override
    async def drop(self) -> None:
        try:
            await super().drop()
        finally:
            self._dispatcher.notify_end()

    def __del__(self) -> None:
        self._dispatcher.notify_end()
