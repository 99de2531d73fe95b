"""Streams over HTTP: the loop that opens, reads, tries again or resumes, and ends one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .._base import clock
from .._base.clock import NO_DEADLINE, Deadline
from .._base.retry import ConnectionFailure, Outcome, StatusFailure, status_of_code
from .._calls.answers import content_type, parse_result, reported_error
from .._calls.attempts import Attempts
from .._calls.observers import is_watched
from .._events.stream_state import StreamState
from .._transport.protocols import IO, Body, TransportError
from ..errors import APIError, ResponseValidationError, StreamError, StreamInterrupted
from .source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base.http import ResponseMeta
    from .._calls.request import Call
    from ..models import Response, StreamEvent
    from .resumption import ResumeToken


__all__ = ["HttpSource", "http_source"]


_STREAM = "text/event-stream"


# What an answer may say and be a stream all the same: some servers give no content type or a general one.
_VAGUE = frozenset({"", "application/octet-stream", "text/plain"})


_HEAD_BYTES = 64 * 1024


class HttpSource(Source):
    """One stream over HTTP: opens it, reads it, tries again or resumes it, closes it.

    What breaks off before its first event is asked for again. After that, what the server keeps the events of is
    resumed behind the last one, with all retries anew whenever an event has come since.
    """

    def __init__(self, io: IO, call: Call[Any]) -> None:
        super().__init__()
        self._attempts = Attempts(io, call)
        self._settings = call.settings
        self._body: Body | None = None
        self._is_limited = call.settings.deadline is not None or call.settings.idle_timeout is not None
        self._waits_since = 0.0  # for events, what the user does with them left aside
        self._head = b""  # what came before the first event
        self._broken: TransportError | None = None
        self._unread: Sequence[StreamEvent] = ()  # what was there when the stream was closed

    @property
    def resume_token(self) -> ResumeToken | None:
        """See `Source`."""
        from .resumption import token_of

        return token_of(self._attempts.call, self.state, self.events or self._unread)

    async def open(self) -> StreamState:
        """Send the request and take the headers of the answer."""
        try:
            return await self._open()
        except APIError as error:
            self._fail(error)
            raise

    async def _open(self) -> StreamState:
        body, meta = await self._attempts.open()
        self.meta = meta
        kind = content_type(meta.headers)
        if kind != _STREAM and kind not in _VAGUE:
            raise self._no_stream(await self._attempts.read_head(body))
        self._body = body
        self._head = b""
        self._broken = None
        self._waits_since = clock.monotonic()
        self.state = self._started(meta)
        return self.state

    def _started(self, meta: ResponseMeta) -> StreamState:
        call, state, settings = self._attempts.call, self.state, self._settings
        if state is not None and not state.has_given:
            state = None
        after = call.params.get("starting_after")
        joint = None
        if isinstance(after, int):
            from .._events.resume_check import Joint

            joint = Joint(after, None if state is None else state.last_numbered)
        if state is not None:
            state.go_on(meta, joint)
            return state
        response_id = next(iter(call.path), None)
        return StreamState(
            self.events, settings.max_event_bytes, settings.strict, meta, response_id=response_id, joint=joint
        )

    async def fill(self) -> bool:
        """Wait until there are events; return False at the end.

        Raises:
            APIError: The stream ended without its terminal event.
        """
        if self.failure is not None:
            raise self.failure
        if self.closed:
            return False
        if self._is_limited:
            self._waits_since = clock.monotonic()
        state = self.state or await self.open()
        while not self.events:
            body = self._body  # looked up before `closed`, for the case that another thread closes the stream
            if body is None or state.terminal or self.closed:
                await self.close()
                return False
            if state.ended:
                state = await self._go_on(state)
                continue
            try:
                piece = await body.next(self._deadline() if self._is_limited else NO_DEADLINE)
            except TransportError as failure:
                failure.reason = self._reason(failure)
                self._broken = failure
                state.interrupt(failure.reason)
                continue
            if piece is None:
                state.end()
            else:
                state.feed(piece)
                if not state.count and len(self._head) < _HEAD_BYTES:
                    self._head += piece
        return True

    def _deadline(self) -> Deadline:
        """Return when waiting for the next piece ends: at the deadline of the call, or of its idle timeout."""
        return self._attempts.deadline.earlier(self._idle_deadline())

    def _idle_deadline(self) -> Deadline:
        idle = self._settings.idle_timeout
        return NO_DEADLINE if idle is None else Deadline(self._waits_since + idle)

    def _reason(self, failure: TransportError) -> str:
        if self._idle_deadline().is_expired and not self._attempts.deadline.is_expired:
            return f"no event came for {self._settings.idle_timeout:g} s (idle_timeout)"
        return self._attempts.reason(failure)

    async def _go_on(self, state: StreamState) -> StreamState:
        """Try again after a bad end if that may help; else raise the error."""
        body = cast("Body", self._body)
        if state.error_event is not None:
            state.after_error(await body.drain())
        failure = cast("APIError", state.failure(self._attempts.redactor))
        if self._broken is not None:
            failure.__cause__ = self._attempts.cause(self._broken)
        await self._release()
        outcome, error = self._next_try(state, failure)
        try:
            if outcome is None:
                raise error
            await self._attempts.retry(outcome, error)
            return state if self.closed else await self._open()
        except APIError as raised:
            final = raised
        if state.has_given and final is not failure:
            final = self._not_resumed(state, cast("StreamInterrupted", failure), final)
        self._fail(final)
        raise final

    def _next_try(self, state: StreamState, failure: APIError) -> tuple[Outcome | None, APIError]:
        """Decide how it goes on after an end: the error, and what happened if another try may help."""
        if state.is_astray or (state.has_given and not isinstance(failure, StreamInterrupted)):
            return None, failure
        if not state.count:
            return self._before_first_event(failure)
        from .resumption import following

        call = following(self._attempts.call, *state.position())
        if call is None:
            return None, failure
        self._attempts.follow(call)
        return (ConnectionFailure("network") if self._broken is None else self._broken.outcome), failure

    def _not_resumed(
        self, state: StreamState, failure: StreamInterrupted, error: APIError
    ) -> StreamInterrupted:
        """Make the error for a stream that broke off when the server would not, or could not, resume it."""
        whole = error.partial if isinstance(error, ResponseValidationError) else None
        final = state.interruption(
            f"{failure.reason}, and it was not resumed: {error.message}", whole or failure.partial
        )
        final.__cause__ = error
        return final

    def _before_first_event(self, error: APIError) -> tuple[Outcome | None, APIError]:
        """Decide what an end without any event is: the error, and what happened if a retry may help."""
        reported = reported_error(self._head, cast("ResponseMeta", self.meta), self._attempts.redactor)
        if reported is not None:
            return None, reported
        if isinstance(error, StreamError):
            status = error.status_code or status_of_code(error.code, error.type)
            return (None if status is None else StatusFailure(status, {}, error.code, error.type)), error
        if self._broken is not None:
            return self._broken.outcome, self._attempts.failure_error(self._broken)
        if not isinstance(error, StreamInterrupted):
            return None, error
        start = self._head.lstrip()[:1]
        if start in (b"{", b"[", b"<") or (start and self._kind() != _STREAM):
            return None, self._no_stream(self._head)
        return ConnectionFailure("network"), error

    def _no_stream(self, content: bytes) -> APIError:
        """Make the error for an answer that is no stream, and mostly an error itself."""
        meta, redactor = cast("ResponseMeta", self.meta), self._attempts.redactor
        reported = reported_error(content, meta, redactor)
        if reported is not None:
            return reported
        text = (
            f"A stream was asked for, but {self._kind() or 'something else'} came (status {meta.status_code})"
        )
        error = ResponseValidationError(text, body=redactor.body(content), meta=meta)
        error.partial = self._whole(content)
        error.response_id = None if error.partial is None else error.partial.id or None
        return error

    def _whole(self, content: bytes) -> Response | None:
        """Return the finished response that came in place of a stream, as from servers that only know whole ones."""
        from .._calls.polling import has_ended
        from ..models import Response

        try:
            response = parse_result(Response, content, cast("ResponseMeta", self.meta), self._settings)
        except APIError:
            return None
        return response if response.status and has_ended(response) else None

    def _kind(self) -> str:
        return "" if self.meta is None else content_type(self.meta.headers)

    def _fail(self, error: APIError) -> None:
        self.failure = error
        self.closed = True

    async def close(self) -> None:
        """Close the connection, or give it back if the stream has ended."""
        self.closed = True
        if self.events:
            self._unread = [*self.events]
            self.events.clear()
        if self._body is not None:
            try:
                if self.state is not None and self.state.terminal:
                    await self._body.drain()
            finally:
                await self._release()

    async def drop(self) -> None:
        """Close the connection at once."""
        self.closed = True
        await self._release()

    async def _release(self) -> None:
        body, self._body = self._body, None
        if body is not None:
            await body.close()

    @property
    def is_open(self) -> bool:
        """Whether a connection is held."""
        return self._body is not None


def http_source(io: IO, call: Call[Any]) -> HttpSource:
    """Return the source of a stream over HTTP: its own kind if somebody watches."""
    if not is_watched(call):
        return HttpSource(io, call)
    from .observed_source import WatchedSource

    return WatchedSource(io, call)
