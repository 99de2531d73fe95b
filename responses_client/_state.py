"""What a stream has given so far and how it ends; without I/O."""

from collections import deque
from typing import TYPE_CHECKING

from ._accumulate import Accumulator
from ._decode import EventDecoder
from .errors import APIError, StreamError, StreamInterrupted
from .models.events import (
    ErrorEvent,
    ResponseCancelled,
    ResponseCompleted,
    ResponseFailed,
    ResponseIncomplete,
)

if TYPE_CHECKING:
    from ._meta import ResponseMeta
    from .models import Response, StreamEvent

__all__ = ["StreamState"]

_TERMINAL = frozenset({ResponseCompleted, ResponseIncomplete, ResponseFailed, ResponseCancelled})
_ENDS = _TERMINAL | {ErrorEvent}


class StreamState:
    """Takes bytes, gives events, and knows the one outcome: a terminal event or an error.

    Attributes:
        events: What is ready to be given out.
        count: How many events came.
        terminal: Whether the terminal event came.
        error_event: The `error` event that came.
    """

    def __init__(self, max_event_bytes: int, strict: bool, meta: "ResponseMeta") -> None:
        self._decoder = EventDecoder(max_event_bytes, strict)
        self._accumulator = Accumulator()
        self._meta = meta
        self._interrupted: str | None = None
        self.events: deque[StreamEvent] = deque()
        self.count = 0
        self.terminal = False
        self.error_event: ErrorEvent | None = None

    @property
    def ended(self) -> bool:
        """Whether no further event will come."""
        return self.terminal or self._interrupted is not None or self._has_failed

    @property
    def _has_failed(self) -> bool:
        return self.error_event is not None or self._decoder.failure is not None

    def feed(self, data: bytes) -> None:
        """Take one chunk."""
        self._take(self._decoder.feed(data))

    def end(self) -> None:
        """Take the end of the bytes."""
        self._take(self._decoder.end())
        if not self.terminal and self.error_event is None:
            if self._decoder.failure is not None:
                reason = "the connection ended inside an event"
            elif self._decoder.done:
                reason = "the server wrote [DONE] before it"
            elif self.count:
                reason = "the connection was closed"
            else:
                reason = "the answer has no events"
            self.interrupt(reason)

    def interrupt(self, reason: str) -> None:
        """Take the news that the connection broke."""
        self._interrupted = reason

    def after_error(self, data: bytes) -> None:
        """Take what followed an `error` event: the failed response, if the server sends it."""
        self._accumulator.extend([e for e in self._decoder.feed(data) if type(e) in _TERMINAL])

    def _take(self, events: "list[StreamEvent]") -> None:
        for number, event in enumerate(events):
            if type(event) in _ENDS:
                if isinstance(event, ErrorEvent):
                    self.error_event = event
                    self._accumulator.extend([e for e in events[number:] if type(e) in _TERMINAL])
                    events = events[:number]
                else:
                    self.terminal = True
                    events = events[: number + 1]
                break
        self.count += len(events)
        self.events.extend(events)
        self._accumulator.extend(events)

    def snapshot(self) -> "Response | None":
        """Return the response so far; None before anything of it came."""
        response = self._accumulator.snapshot()
        if response is not None:
            object.__setattr__(response, "_meta", self._meta)
        return response

    def failure(self) -> APIError | None:
        """Return the error that ended the stream; None if it ended well or goes on."""
        if self.terminal:
            return None
        if self.error_event is None and self._interrupted is None:
            return self._decoder.failure
        partial = self.snapshot()
        response_id = partial.id if partial is not None else None
        number = self._accumulator.last_sequence_number
        if self.error_event is not None:
            return StreamError.from_event(
                self.error_event.to_dict(),
                event=self.error_event,
                partial=partial,
                response_id=response_id,
                last_sequence_number=number,
                meta=self._meta,
            )
        error = StreamInterrupted(
            self._interrupted or "",
            partial=partial,
            response_id=response_id,
            last_sequence_number=number,
            meta=self._meta,
        )
        error.__cause__ = self._decoder.failure
        return error
