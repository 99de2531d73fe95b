"""What a stream has given so far and how it ends; without I/O."""

from collections import deque
from typing import TYPE_CHECKING

from ._accumulate import Accumulator
from ._decode import EventDecoder
from .errors import APIError, StreamError, StreamInterrupted
from .models.response import Response

if TYPE_CHECKING:
    from ._meta import ResponseMeta
    from .models import StreamEvent

__all__ = ["StreamState"]


class StreamState:
    """Takes bytes, gives events, and knows the one outcome: a terminal event or an error.

    Attributes:
        events: What is ready to be given out.
        count: How many events came.
        ended: Whether no further event will come.
        terminal: Whether the terminal event came.
        error_event: The `error` event that came.
    """

    def __init__(
        self, events: "deque[StreamEvent]", max_event_bytes: int, strict: bool, meta: "ResponseMeta"
    ) -> None:
        self._decoder = EventDecoder(max_event_bytes, strict, meta)
        self._accumulator = Accumulator()
        self._meta = meta
        self._interrupted: str | None = None
        self.events = events
        self.count = 0
        self.ended = False
        self.terminal = False
        self.error_event: StreamEvent | None = None

    def feed(self, data: bytes) -> None:
        """Take one chunk."""
        decoder = self._decoder
        events = decoder.feed(data)
        if decoder.end is not None or decoder.failure is not None:
            events = self._take_end(events)
        self.count += len(events)
        self.events += events
        if decoder.is_full:
            self._fold()

    def end(self) -> None:
        """Take the end of the bytes."""
        events = self._take_end(self._decoder.finish())
        self.count += len(events)
        self.events += events
        decoder = self._decoder
        if decoder.end is None and (decoder.failure is None or decoder.is_torn):
            if decoder.is_torn:
                reason = "the connection ended inside an event"
            elif decoder.done:
                reason = "the server wrote [DONE] before it"
            elif self.count:
                reason = "the connection was closed"
            else:
                reason = "the answer has no events"
            self.interrupt(reason)

    def interrupt(self, reason: str) -> None:
        """Take the news that the connection broke."""
        self._interrupted = reason
        self.ended = True

    def after_error(self, data: bytes) -> None:
        """Take what followed an `error` event: the failed response, if the server sends it."""
        self._decoder.keep(data)

    def _take_end(self, events: "list[StreamEvent]") -> "list[StreamEvent]":
        self.ended = True
        end = self._decoder.end
        if end is None:
            return events
        if end.type == "error":
            self.error_event = end
            return events[:-1]
        self.terminal = True
        response: object = getattr(end, "response", None)
        if isinstance(response, Response) and response.id and response.output:  # it has all that came before
            self._decoder.forget()
            self._accumulator.extend([end])
        return events

    def _fold(self) -> None:
        for events in self._decoder.replay():
            self._accumulator.extend(events)

    def snapshot(self) -> "Response | None":
        """Return the response so far; None before anything of it came."""
        self._fold()
        if self.terminal and self._decoder.end is not None:
            self._accumulator.finish(self._decoder.end.type or "")
        response = self._accumulator.snapshot()
        if response is not None:
            object.__setattr__(response, "_meta", self._meta)
        return response

    def failure(self) -> APIError | None:
        """Return the error that ended the stream; None if it ended well or goes on."""
        if self.terminal:
            return None
        partial = self.snapshot()
        response_id = partial.id if partial is not None else None
        number = self._accumulator.last_sequence_number
        if self.error_event is None and self._interrupted is None:
            invalid = self._decoder.failure
            if invalid is not None:
                invalid.partial, invalid.response_id, invalid.last_sequence_number = (
                    partial,
                    response_id,
                    number,
                )
            return invalid
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
