"""The state of a stream: the events it has received, the response so far, and its one outcome; no I/O."""

# How it works
#
# A source reads bytes, from HTTP or a WebSocket, and passes them to `feed` until `has_ended` is true. Three more
# methods report what a source learns otherwise: `end` (there are no more bytes), `interrupt` (the connection broke, or
# nothing came in time) and `fail` (the next event cannot be read). A stream is in one of six states, and `failure()`
# returns the outcome of the five in which it has ended.
#
#                       cause                      state            outcome
#
#    +------+           the terminal event
#    |      | --------------------------------->   complete         None
#    |      |           an `error` event
#    |      | --------------------------------->   failed           StreamError
#    |      |           an event that cannot be read
#    | open | --------------------------------->   invalid          ResponseValidationError
#    |      |           a resumed stream lacks events, or is another one
#    |      | --------------------------------->   out of sequence  StreamInterrupted
#    |      |           the bytes end too early
#    |      | --------------------------------->   interrupted      StreamInterrupted
#    +------+                                           |
#       ^                                               |
#       +-----------------------------------------------+
#                       reconnect
#
# A complete stream is one with a terminal event, whether the response in it is completed, incomplete, failed or
# cancelled. An `error` event is not terminal, since `response.failed` may follow it: the source reads that, too, and
# passes it to `feed_after_error`, so that the snapshot has it.
#
# Only an interrupted stream can be resumed, over another connection, if the server keeps its events. A `ResumeCheck`
# then passes over events that came before, and finds out whether any is missing.
#
# The snapshot costs next to nothing unless it is needed. The decoder keeps the bytes that it has parsed, and
# `_fold` parses them once more and applies their events to the accumulator: when the user asks for the snapshot, when
# the stream ends without its terminal event, and when more than `MAX_KEPT_BYTES` are kept. The terminal event usually
# holds the whole response (`wholeness.py`); the kept bytes are then discarded, and it alone is applied, at the first look. Events of a
# resumed stream are applied as they come, because the kept bytes also hold those that are not new.

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from .._base.error_copies import copy_error
from .._base.error_frames import without_secrets
from .._base.redaction import NO_SECRETS, Redactor
from ..errors import APIError, ResponseValidationError, StreamError, StreamInterrupted
from ..models.response import Response
from .decoder import MAX_KEPT_BYTES, EventDecoder, tag_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._base.http import ResponseMeta
    from .._base.stream_failures import StreamProgress
    from ..models import StreamEvent
    from .accumulator import Accumulator
    from .resume_check import ResumeCheck

__all__ = ["StreamState"]


class StreamState:
    """A stream between its bytes and its user: bytes in, events and one outcome out.

    Args:
        events: The queue to which events are added; the user reads from it.
        max_event_bytes: The limit for one event, in bytes.
        strict: Whether a malformed event is an error, and not an `UnknownEvent`.
        meta: The facts of the answer, for errors and the snapshot.
        response_id: The id of the response, if it is known before its first event.
        resume_check: The check of a stream that starts behind its first event.

    Attributes:
        events: The events that the user has not read.
        count: Number of events that came over this connection.
        earlier_count: Number of events that came over earlier connections of a resumed stream.
        has_ended: Whether the stream is in any state but "open".
        has_terminal_event: Whether the terminal event came.
        error_event: The `error` event, if one came.
        is_out_of_sequence: Whether a resumed stream does not continue at the event after the last one.
    """

    def __init__(
        self,
        events: deque[StreamEvent],
        max_event_bytes: int,
        strict: bool,
        meta: ResponseMeta,
        response_id: str | None = None,
        resume_check: ResumeCheck | None = None,
    ) -> None:
        self._decoder = EventDecoder(max_event_bytes, strict, meta)
        self._response_id = response_id
        self._made_accumulator: Accumulator | None = None
        self._whole_end: StreamEvent | None = None  # the last event, if it alone is yet to be applied
        self._limits = max_event_bytes, strict
        self._meta = meta
        self._resume_check = resume_check
        self._interrupt_reason: str | None = None
        if resume_check is not None:
            self._accumulator.last_sequence_number = resume_check.after
        self.events: deque[StreamEvent] = events
        self.count: int = 0
        self.earlier_count: int = 0
        self.is_out_of_sequence: bool = False
        self.has_ended: bool = False
        self.has_terminal_event: bool = False
        self.error_event: StreamEvent | None = None

    def feed(self, data: bytes) -> None:
        """Take a chunk of bytes."""
        # Called for every chunk of every stream. In the open state the decoder does all the work, so the check for an
        # end is two attributes, and the accumulator is left alone.
        decoder = self._decoder
        events = decoder.feed(data)
        if self._resume_check is not None:
            events = self._take_resumed(self._resume_check, events)
        elif decoder.end is not None or decoder.failure is not None:
            events = self._take_end(events)
        self.count += len(events)
        self.events += events
        if decoder.kept_bytes > MAX_KEPT_BYTES:
            self._fold()

    def end(self) -> None:
        """Take the end of the bytes: without the terminal event, the stream is interrupted."""
        decoder = self._decoder
        events = decoder.finish()
        events = (
            self._take_end(events)
            if self._resume_check is None
            else self._take_resumed(self._resume_check, events)
        )
        self.has_ended = True
        self.count += len(events)
        self.events += events
        if self.is_out_of_sequence:
            return
        if decoder.end is None and (decoder.failure is None or decoder.is_truncated):
            if decoder.is_truncated:
                reason = "the connection ended inside an event"
            elif decoder.has_done_marker:
                reason = "the server wrote [DONE] before it"
            elif self.count or self.earlier_count:
                reason = "the connection was closed"
            else:
                reason = "the answer has no events"
            self.interrupt(reason)

    def interrupt(self, reason: str) -> None:
        """End the stream because the connection broke, or because the source waits no longer."""
        self._interrupt_reason = reason
        self.has_ended = True

    def reconnect(self, meta: ResponseMeta, resume_check: ResumeCheck | None) -> None:
        """Open the interrupted stream again, for the bytes of another connection.

        A part of an event that the last connection left behind is discarded.
        """
        self._fold()
        self._decoder = EventDecoder(*self._limits, meta)
        self._meta = meta
        self._resume_check = resume_check
        self._interrupt_reason = None
        self.earlier_count += self.count
        self.count = 0
        self.has_ended = False

    def fail(self, error: ResponseValidationError) -> None:
        """End the stream because the source cannot read the next event."""
        self._decoder.failure = error
        self.has_ended = True

    def feed_after_error(self, data: bytes) -> None:
        """Take the bytes after an `error` event, which may hold the failed response, for the snapshot."""
        self._decoder.keep(data)

    def _take_resumed(self, resume_check: ResumeCheck, events: list[StreamEvent]) -> list[StreamEvent]:
        """Return the new ones among the events of a resumed stream."""
        decoder = self._decoder
        decoder.skip_kept()  # the bytes also hold events that are not new
        new = resume_check.take(events)
        self._accumulator.extend(new)
        if resume_check.problem is not None:
            self.is_out_of_sequence = True
            self.interrupt(resume_check.problem)
            return new
        if decoder.end is not None or decoder.failure is not None:
            new = self._take_end(new, is_folded=True)
        return new

    def _take_end(self, events: list[StreamEvent], *, is_folded: bool = False) -> list[StreamEvent]:
        """Enter the end state that the last event leads to; return the events that the user gets."""
        self.has_ended = True
        end = self._decoder.end
        if end is None:
            return events
        if tag_of(end) == "error":  # raised as an error, and not given to the user as an event
            self.error_event = end
            return events[:-1]
        self.has_terminal_event = True
        response: object = getattr(end, "response", None)
        if is_folded or not isinstance(response, Response) or not (response.id and response.output):
            return events
        from .wholeness import holds_all  # here, because it is needed only at the end

        decoder, made = self._decoder, self._made_accumulator
        before = made.done_items() if made is not None else []
        if holds_all(response.output, before, decoder.noted, decoder.has_kept):
            decoder.discard_kept()
            self._whole_end = end
        return events

    @property
    def _accumulator(self) -> Accumulator:
        # Made here, because most streams are read without a look at the snapshot.
        if self._made_accumulator is None:
            from .accumulator import Accumulator

            self._made_accumulator = Accumulator(self._response_id)
        return self._made_accumulator

    def _fold(self) -> None:
        """Apply the events in the kept bytes, or the last one, to the accumulator."""
        for events in self._decoder.replay():
            self._accumulator.extend(events)
        if self._whole_end is not None:
            self._accumulator.extend([self._whole_end])
            self._whole_end = None

    def snapshot(self) -> Response | None:
        """Return the response so far; None before anything of it came."""
        self._fold()
        if self.has_terminal_event and self._decoder.end is not None:
            self._accumulator.finish(tag_of(self._decoder.end) or "")
        elif self._accumulator.end_type is not None:  # it came behind an `error` event
            self._accumulator.finish(self._accumulator.end_type)
        response = self._accumulator.snapshot()
        if response is not None:  # `_meta` is a slot, and no field, which pydantic would refuse to set
            object.__setattr__(response, "_meta", self._meta)
        return response

    @property
    def has_events(self) -> bool:
        """Whether an event came, over this connection or an earlier one."""
        return self.count + self.earlier_count > 0

    @property
    def last_numbered(self) -> StreamEvent | None:
        """The last event with a sequence number."""
        self._fold()
        return self._accumulator.last_numbered

    def position(self, unread: Iterable[StreamEvent] = ()) -> tuple[str | None, int | None]:
        """Return where the stream can be resumed: the id of the response, and the number of the last event read.

        Args:
            unread: Events that came but were not read; the stream is to be resumed before them.

        Returns:
            The id, None if it is not known; the number, None if the events have no usable numbers.
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

        The redactor masks secrets that an event repeats which is quoted.
        """
        if self.has_terminal_event:
            return None
        partial = self.snapshot()
        if self.error_event is not None:
            event, text = self.error_event, self.error_event.to_json().encode()
            shown = redactor.body(text)
            if shown != text:
                event = type(event).from_json(shown)
            progress = self._progress(partial, redactor)
            return StreamError.from_event(event.to_dict(), event=event, meta=self._meta, **progress)
        invalid = self._decoder.failure
        if invalid is not None:
            # A copy, because the frames of an error that is raised hold this object.
            invalid = without_secrets(copy_error(invalid), redactor)
        if self._interrupt_reason is not None:
            error = self.interruption(self._interrupt_reason, partial, redactor)
            error.__cause__ = invalid  # the event that the end of the bytes cut off
            return error
        if invalid is not None:
            invalid.note_progress(**self._progress(partial, redactor))
        return invalid

    def interruption(
        self, reason: str, partial: Response | None, redactor: Redactor = NO_SECRETS
    ) -> StreamInterrupted:
        """Return the error for a stream that ended before its terminal event."""
        return StreamInterrupted(reason, meta=self._meta, **self._progress(partial, redactor))

    def _progress(self, partial: Response | None, redactor: Redactor) -> StreamProgress:
        accumulator = self._accumulator
        response_id = accumulator.response_id
        return {
            "partial": partial,
            "response_id": None if response_id is None else redactor.text(response_id),
            "last_sequence_number": accumulator.last_sequence_number,
        }
