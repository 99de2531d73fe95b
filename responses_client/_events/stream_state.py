"""What a stream has given so far and how it ends; without I/O."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from .._base.redaction import NO_SECRETS, Redactor
from ..errors import APIError, ResponseValidationError, StreamError, StreamInterrupted
from ..models.response import Response
from .accumulator import Accumulator
from .decoder import MOST_KEPT_BYTES, EventDecoder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._base.http import ResponseMeta
    from ..models import StreamEvent
    from .resume_check import Joint

__all__ = ["StreamState"]


class StreamState:
    """Takes bytes, gives events, and knows the one outcome: a terminal event or an error.

    Attributes:
        events: What is ready to be given out.
        count: How many events came over this connection.
        earlier: How many events came over those before, if the stream was resumed.
        ended: Whether no further event will come.
        terminal: Whether the terminal event came.
        error_event: The `error` event that came.
        is_astray: Whether the server did not go on where the stream was to be resumed.
    """

    def __init__(
        self,
        events: deque[StreamEvent],
        max_event_bytes: int,
        strict: bool,
        meta: ResponseMeta,
        response_id: str | None = None,
        joint: Joint | None = None,
    ) -> None:
        self._decoder = EventDecoder(max_event_bytes, strict, meta)
        self._accumulator = Accumulator(response_id)
        self._limits = max_event_bytes, strict
        self._meta = meta
        self._joint = joint
        self._interrupted: str | None = None
        if joint is not None:
            self._accumulator.last_sequence_number = joint.after
        self.events = events
        self.count = 0
        self.earlier = 0
        self.is_astray = False
        self.ended = False
        self.terminal = False
        self.error_event: StreamEvent | None = None

    def feed(self, data: bytes) -> None:
        """Take one chunk."""
        decoder = self._decoder
        events = decoder.feed(data)
        if self._joint is not None:
            events = self._joined(self._joint, events)
        elif decoder.end is not None or decoder.failure is not None:
            events = self._take_end(events)
        self.count += len(events)
        self.events += events
        if decoder.kept_bytes > MOST_KEPT_BYTES:
            self._fold()

    def end(self) -> None:
        """Take the end of the bytes."""
        decoder = self._decoder
        events = decoder.finish()
        events = self._take_end(events) if self._joint is None else self._joined(self._joint, events)
        self.ended = True
        self.count += len(events)
        self.events += events
        if self.is_astray:
            return
        if decoder.end is None and (decoder.failure is None or decoder.is_torn):
            if decoder.is_torn:
                reason = "the connection ended inside an event"
            elif decoder.done:
                reason = "the server wrote [DONE] before it"
            elif self.count or self.earlier:
                reason = "the connection was closed"
            else:
                reason = "the answer has no events"
            self.interrupt(reason)

    def interrupt(self, reason: str) -> None:
        """Take the news that the connection broke."""
        self._interrupted = reason
        self.ended = True

    def go_on(self, meta: ResponseMeta, joint: Joint | None) -> None:
        """Take the bytes of another connection from now on; what the last one left of an event is dropped."""
        self._fold()
        self._decoder = EventDecoder(*self._limits, meta)
        self._meta = meta
        self._joint = joint
        self._interrupted = None
        self.earlier += self.count
        self.count = 0
        self.ended = False

    def refuse(self, error: ResponseValidationError) -> None:
        """Take the news that what came next cannot be read."""
        self._decoder.failure = error
        self.ended = True

    def after_error(self, data: bytes) -> None:
        """Take what followed an `error` event: the failed response, if the server sends it."""
        self._decoder.keep(data)

    def _joined(self, joint: Joint, events: list[StreamEvent]) -> list[StreamEvent]:
        """Take from the events after a resumption what is new; their order is checked to the end."""
        decoder = self._decoder
        decoder.pass_over()  # the bytes hold what is not new, too
        new = joint.take(events)
        if joint.problem is not None:
            self.is_astray = True
            self.interrupt(joint.problem)
            return new
        self._accumulator.extend(new)
        if decoder.end is not None or decoder.failure is not None:
            new = self._take_end(new, folded=True)
        return new

    def _take_end(self, events: list[StreamEvent], *, folded: bool = False) -> list[StreamEvent]:
        self.ended = True
        end = self._decoder.end
        if end is None:
            return events
        if end.type == "error":
            self.error_event = end
            return events[:-1]
        self.terminal = True
        response: object = getattr(end, "response", None)
        is_whole = isinstance(response, Response) and response.id and response.output
        if is_whole and not folded:  # it has all that came before
            self._decoder.forget()
            self._accumulator.extend([end])
        return events

    def _fold(self) -> None:
        for events in self._decoder.replay():
            self._accumulator.extend(events)

    def snapshot(self) -> Response | None:
        """Return the response so far; None before anything of it came."""
        self._fold()
        if self.terminal and self._decoder.end is not None:
            self._accumulator.finish(self._decoder.end.type or "")
        response = self._accumulator.snapshot()
        if response is not None:
            object.__setattr__(response, "_meta", self._meta)
        return response

    @property
    def has_given(self) -> bool:
        """Whether an event came."""
        return self.count + self.earlier > 0

    @property
    def last_numbered(self) -> StreamEvent | None:
        """The last event with a sequence number."""
        self._fold()
        return self._accumulator.last_numbered

    def position(self, unread: Iterable[StreamEvent] = ()) -> tuple[str | None, int | None]:
        """Return the id of the response, and the number after which one goes on who has not read some events.

        The number is None if the server's numbers cannot tell that.
        """
        self._fold()
        accumulator = self._accumulator
        if not accumulator.is_numbered:
            return accumulator.response_id, None
        for event in unread:
            if event.sequence_number is not None:
                return accumulator.response_id, event.sequence_number - 1
        return accumulator.response_id, accumulator.last_sequence_number

    def failure(self, redactor: Redactor = NO_SECRETS) -> APIError | None:
        """Return the error that ended the stream; None if it ended well, or has not ended.

        The redactor masks secrets that an `error` event repeats.
        """
        if self.terminal:
            return None
        partial = self.snapshot()
        response_id = self._accumulator.response_id
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
            event, text = self.error_event, self.error_event.to_json().encode()
            shown = redactor.body(text)
            if shown != text:
                event = type(event).from_json(shown)
            return StreamError.from_event(
                event.to_dict(),
                event=event,
                partial=partial,
                response_id=response_id,
                last_sequence_number=number,
                meta=self._meta,
            )
        error = self.interruption(self._interrupted or "", partial)
        error.__cause__ = self._decoder.failure
        return error

    def interruption(self, reason: str, partial: Response | None) -> StreamInterrupted:
        """Make the error for a stream that ended before its terminal event."""
        return StreamInterrupted(
            reason,
            partial=partial,
            response_id=self._accumulator.response_id,
            last_sequence_number=self._accumulator.last_sequence_number,
            meta=self._meta,
        )
