"""The source of a stream's events: the base class of sources over HTTP and over WebSockets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Literal, cast

from .._events.stream_state import StreamState
from ..errors import APIError, StreamInterrupted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base.http import ResponseMeta
    from ..models import Response, StreamEvent
    from .resumption import ResumeToken

__all__ = ["Source", "second_reader"]


def second_reader() -> RuntimeError:
    """Return the error for a read of a stream while another thread or task waits for its next event."""
    return RuntimeError(
        "This stream is being read by another thread or task: read it in one, and pass its events on."
    )


class Source(ABC):
    """The source of one stream's events.

    A stream takes events from `events`, and calls `fill` when there are none. `fill` returns False only after the
    terminal event was read: whatever else ends the stream is an error, also a `close`, which often comes from another
    thread or task than the one that reads. Once the stream has ended, `fill` does the same at each call.

    Attributes:
        events: The events that are ready for the user.
        meta: The facts of the answer; None before its headers came.
        state: The state of the stream; None before it is open.
        failure: A copy of the error that ended the stream; None if none did.
        closed: Whether the user gets no more events.
        is_reading: Whether a thread or task is in `fill`; a second one is refused, because it would send requests and
            read bytes that belong to the first.
        unread: The events that `close` took from the user.
    """

    def __init__(self) -> None:
        self.events: deque[StreamEvent] = deque()
        self.meta: ResponseMeta | None = None
        self.state: StreamState | None = None
        self.failure: APIError | None = None
        self.closed = False
        self.is_reading: bool = False
        self.unread: Sequence[StreamEvent] = ()

    @property
    def resume_token(self) -> ResumeToken | None:
        """The position from which another stream can continue; None if none can, or if nothing is left to read."""
        return None

    @abstractmethod
    async def open(self) -> StreamState:
        """Send the request and take the headers of the answer.

        Raises:
            APIError: No answer came, or no stream.
        """

    @abstractmethod
    async def fill(self) -> bool:
        """Wait until there are events; return False at the end.

        Raises:
            APIError: The stream ended without its terminal event.
            RuntimeError: Another thread or task is in this method.
        """

    @abstractmethod
    async def close(self) -> None:
        """End the stream, and give its connection back if it can be used again; else close it."""

    @abstractmethod
    async def drop(self) -> None:
        """Close the connection at once, without a wait: the garbage collector calls this."""

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether the stream holds a connection, or its part of one."""

    async def final(self) -> Response:
        """Read to the end and return the whole response.

        Raises:
            StreamInterrupted: The stream was closed before.
            APIError: See `fill`.
        """
        while not (self.closed and self._has_terminal_event) and await self.fill():
            self.events.clear()
        return cast("Response", self.snapshot())  # the terminal event came, so there is one

    def end(self) -> Literal[False]:
        """Return the result of `fill` for a source that is closed.

        Raises:
            StreamInterrupted: The user has not read the terminal event.
        """
        if self._has_terminal_event and not self.unread:
            return False
        reason = "it was closed here before its end"
        if self.state is not None:
            raise self.state.interruption(reason, self.snapshot())
        raise StreamInterrupted(reason, meta=self.meta)

    @property
    def _has_terminal_event(self) -> bool:
        return self.state is not None and self.state.has_terminal_event

    def snapshot(self) -> Response | None:
        """Return the response so far; None before anything of it came."""
        return None if self.state is None else self.state.snapshot()

    def describe(self, name: str) -> str:
        """Return the repr of a stream of a class with this name."""
        response = self.snapshot()
        known = response.id if response is not None and response.id else "no response yet"
        count = 0 if self.state is None else self.state.earlier_count + self.state.count
        if self.state is not None and self.state.has_terminal_event:
            state = str(response.status) if response is not None else "ended"
        else:
            state = "failed" if self.failure else "closed" if self.closed else "open"
        return f"<{name} {known}: {count} events, {state}>"
