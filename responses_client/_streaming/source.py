"""Where the events of a stream come from: the loop that opens, reads, tries again and ends it, over `IO`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, cast

from .._events.stream_state import StreamState
from ..errors import APIError, StreamInterrupted

if TYPE_CHECKING:
    from .._base.http import ResponseMeta
    from ..models import Response, StreamEvent
    from .resumption import ResumeToken

__all__ = ["Source"]


class Source(ABC):
    """Where the events of one stream come from; a stream asks it for more when `events` is empty.

    Attributes:
        events: What is ready to be given out.
        meta: Of the answer; None before its headers came.
        state: What came so far; None before the stream is open.
        failure: The error that ended the stream.
        resume_token: Where somebody else can go on; None if that cannot be, or nothing is left.
        closed: Whether nothing more is to be given out.
    """

    def __init__(self) -> None:
        self.events: deque[StreamEvent] = deque()
        self.meta: ResponseMeta | None = None
        self.state: StreamState | None = None
        self.failure: APIError | None = None
        self.closed = False

    @property
    def resume_token(self) -> ResumeToken | None:
        """See above."""
        return None

    @abstractmethod
    async def open(self) -> StreamState:
        """Send the request and take the start of the answer."""

    @abstractmethod
    async def fill(self) -> bool:
        """Wait until there are events; return False at the end.

        Raises:
            APIError: The stream ended without its terminal event.
        """

    @abstractmethod
    async def close(self) -> None:
        """Give back or close what the stream holds."""

    @abstractmethod
    async def drop(self) -> None:
        """Close what the stream holds at once."""

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether something is held that is to be closed."""

    async def final(self) -> Response:
        """Read to the end and return the whole response."""
        while await self.fill():
            self.events.clear()
        response = self.snapshot()
        if self.state is None or not self.state.has_terminal_event:
            raise StreamInterrupted(
                "it was closed here before its end",
                partial=response,
                response_id=None if response is None else response.id or None,
                meta=self.meta,
            )
        return cast("Response", response)

    def snapshot(self) -> Response | None:
        """Return the response so far."""
        return None if self.state is None else self.state.snapshot()

    def describe(self, name: str) -> str:
        """Return the repr of the stream."""
        response = self.snapshot()
        known = response.id if response is not None and response.id else "no response yet"
        count = 0 if self.state is None else self.state.earlier_count + self.state.count
        if self.state is not None and self.state.has_terminal_event:
            state = str(response.status) if response is not None else "ended"
        else:
            state = "failed" if self.failure else "closed" if self.closed else "open"
        return f"<{name} {known}: {count} events, {state}>"
