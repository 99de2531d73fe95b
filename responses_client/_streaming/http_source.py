"""The source of a stream over HTTP: the loop that opens, reads, recovers and ends it, over `IO`."""

# How it works
#
#             open, or the first fill
#                |
#                v
#        +-> connect -------- the answer is not a stream -----------------------------> failed
#        |       |
#        |       v            a piece of the body, fed to the state until it has events
#        |    reading <-----+
#        |       |   |      |
#        |       |   +------+
#        |       |
#        |       +----------- the terminal event: drain the body, keep the connection -> closed
#        |       |
#        |       |            an `error` event, an event that cannot be read, the end of the bytes,
#        |       |            a broken connection, the deadline, the idle timeout
#        |       v
#        |    recovering ---- no further attempt can help, or none is left ------------> failed
#        |       |
#        |       |            no event came at all:  send the request again
#        |       |            events came:           resume after the last one
#        +-------+
#
# `connect` and the wait before it belong to `Attempts`: its retries, its deadline, its keys. What this module adds is
# the decision of `_plan_recovery`, which turns the end of a stream into an outcome that `decide` can judge:
#
# - Before the first event, the user has nothing yet, so the request is sent again as any other would be. The bytes
#   that came instead of events are kept (`_Answer.head`): they may be JSON that says what is wrong.
# - After it, a second response would differ from what the user has read. The stream is resumed by a GET, if the server
#   keeps its events (background responses) and numbers them; else it ends in `StreamInterrupted`.
# - An error that the server reports after events, and a gap in the events, are final.
#
# "closed" and "failed" are final. `fill` then returns False if the user has read the terminal event; else it raises an
# error, after a failure an equal one again.
#
# The deadline of the call runs on while the user is busy with an event. The idle timeout does not: it counts from the
# moment the user asks for the next event, and starts again with each connection.
#
# `close` may come from another thread, or another task, while one waits in `fill`: it closes the body, so that the
# read ends in an error, which `fill` replaces because `closed` is set.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from .._base import clock
from .._base.clock import NO_DEADLINE, Deadline
from .._base.error_copies import copy_error
from .._base.retry import ConnectionFailure, Outcome, StatusFailure, status_of_code
from .._calls.answers import content_type, describe_answer, reported_error
from .._calls.attempts import Attempts
from .._calls.request import is_observed
from .._events.stream_state import StreamState
from .._transport.protocols import IO, Body, TransportError
from ..errors import APIError, ResponseValidationError, StreamError, StreamInterrupted
from .source import Source, second_reader

if TYPE_CHECKING:
    from .._base.http import ResponseMeta
    from .._base.stream_failures import StreamProgress
    from .._calls.request import Call
    from ..models import Response
    from .resumption import ResumeToken

__all__ = ["HttpSource", "http_source"]

_STREAM_TYPE = "text/event-stream"
# Content types under which streams come from some servers all the same: none, or a general one.
_VAGUE_TYPES = frozenset({"", "application/octet-stream", "text/plain"})
_MAX_HEAD_BYTES = 64 * 1024


class _Answer:
    """The answer that is being read; each connection of a stream has its own.

    Attributes:
        body: The body, which holds the connection.
        meta: The facts of the answer.
        head: The bytes before the first event, up to about 64 KiB.
        failure: The reason why the body could not be read to its end.
    """

    __slots__ = ("body", "failure", "head", "meta")

    def __init__(self, body: Body, meta: ResponseMeta) -> None:
        self.body = body
        self.meta = meta
        self.head = b""
        self.failure: TransportError | None = None


class HttpSource(Source):
    """The events of one stream over HTTP."""

    def __init__(self, io: IO, call: Call[Any]) -> None:
        super().__init__()
        self._attempts = Attempts(io, call)
        self._settings = call.settings
        self._answer: _Answer | None = None
        self._has_time_limit = call.settings.deadline is not None or call.settings.idle_timeout is not None
        self._wait_start = 0.0

    @property
    @override
    def resume_token(self) -> ResumeToken | None:
        from .resumption import make_token

        return make_token(self._attempts.call, self.state, self.events or self.unread)

    @override
    async def open(self) -> StreamState:
        try:
            return await self._connect()
        except APIError as error:
            self._fail(error)
            raise

    async def _connect(self) -> StreamState:
        body, meta = await self._attempts.connect()
        self.meta = meta
        kind = content_type(meta.headers)
        if kind != _STREAM_TYPE and kind not in _VAGUE_TYPES:
            raise self._not_a_stream(await self._attempts.read_start(body), meta)
        self._answer = _Answer(body, meta)
        self._wait_start = clock.monotonic()
        self.state = self._start_state(meta)
        return self.state

    def _start_state(self, meta: ResponseMeta) -> StreamState:
        """Return the state for a new answer: the last one if it has events, else a new one."""
        call, state, settings = self._attempts.call, self.state, self._settings
        if state is not None and not state.has_events:
            state = None
        after = call.params.get("starting_after")
        response_id = next(iter(call.path), None)
        resume_check = None
        if isinstance(after, int):
            from .._events.resume_check import ResumeCheck

            last = None if state is None else state.last_numbered
            resume_check = ResumeCheck(after, last, response_id=response_id)
        if state is not None:
            state.reconnect(meta, resume_check)
            return state
        return StreamState(
            self.events,
            settings.max_event_bytes,
            settings.strict,
            meta,
            response_id=response_id,
            resume_check=resume_check,
        )

    @override
    async def fill(self) -> bool:
        if self.failure is not None:
            raise copy_error(self.failure)
        if self.is_reading:
            raise second_reader()
        if self.closed:
            return self.end()
        # Set here, and not in a method around this one: this runs for each piece of a stream.
        self.is_reading = True
        try:
            if self._has_time_limit:
                self._wait_start = clock.monotonic()
            state = self.state or await self.open()
            while not self.events:
                # Looked up before `closed`, for the case that another thread closes the stream.
                answer = self._answer
                if answer is None or self.closed:
                    await self.close()
                    return self.end()
                if state.has_ended:
                    # The frame of an error keeps its variables, and the piece may repeat the key.
                    piece = None
                    state = await self._settle(state, answer)
                    continue
                try:
                    piece = await answer.body.next(self._deadline() if self._has_time_limit else NO_DEADLINE)
                except TransportError as broken:
                    self._explain(broken)
                    answer.failure = broken.with_traceback(None)  # which holds this frame, and so the answer
                    state.interrupt(broken.reason)
                    continue
                if piece is None:
                    state.end()
                else:
                    state.feed(piece)
                    if not state.count and len(answer.head) < _MAX_HEAD_BYTES:
                        answer.head += piece
            return True
        finally:
            self.is_reading = False

    async def _settle(self, state: StreamState, answer: _Answer) -> StreamState:
        """Close a stream that ended well; else connect again, or raise the error that ended it."""
        if state.error_event is not None:
            state.feed_after_error(await answer.body.drain())
        failure = state.failure(self._attempts.redactor)
        if failure is None:
            await self.close()
            return state
        try:
            return await self._recover(state, answer, failure)
        finally:
            del failure  # its traceback holds this frame

    def _deadline(self) -> Deadline:
        """Return the end of the wait for the next piece: the deadline of the call, or the idle timeout."""
        return self._attempts.deadline.earlier(self._idle_deadline())

    def _idle_deadline(self) -> Deadline:
        idle = self._settings.idle_timeout
        return NO_DEADLINE if idle is None else Deadline(self._wait_start + idle)

    def _explain(self, failure: TransportError) -> None:
        """Name the limit that ended a wait, which the transport does not know."""
        if self._idle_deadline().is_expired and not self._attempts.deadline.is_expired:
            failure.reason = f"no event came for {self._settings.idle_timeout:g} s (idle_timeout)"
            failure.limits = "idle_timeout"
        else:
            failure.reason = self._attempts.reason(failure)

    async def _recover(self, state: StreamState, answer: _Answer, failure: APIError) -> StreamState:
        """Connect again after a bad end, if that may help; else raise the error."""
        if answer.failure is not None:
            failure.__cause__ = self._attempts.cause(answer.failure)
        error = final = failure
        try:
            await self._release()
            outcome, error = self._plan_recovery(state, answer, failure)
            try:
                if outcome is None:
                    raise error
                await self._attempts.retry(outcome, error)
                return state if self.closed else await self._connect()
            except APIError as raised:
                final = raised
            if state.has_events and isinstance(failure, StreamInterrupted) and final is not failure:
                final = _not_resumed(state, failure, final)
            self._fail(final)
            raise final
        finally:
            del failure, error, final  # their tracebacks hold this frame

    def _plan_recovery(
        self, state: StreamState, answer: _Answer, failure: APIError
    ) -> tuple[Outcome | None, APIError]:
        """Return the outcome that decides about another attempt, None if there is to be none, and the error."""
        if state.is_out_of_sequence or (state.has_events and not isinstance(failure, StreamInterrupted)):
            return None, failure
        if not state.count:
            return self._judge_empty(answer, failure)
        from .resumption import resume_call

        call = resume_call(self._attempts.call, *state.position())
        if call is None:
            return None, failure
        self._attempts.continue_with(call)
        return (ConnectionFailure("network") if answer.failure is None else answer.failure.outcome), failure

    def _judge_empty(self, answer: _Answer, error: APIError) -> tuple[Outcome | None, APIError]:
        """Do the same for an answer without any event, which may be another kind of error altogether."""
        reported = reported_error(answer.head, answer.meta, self._attempts.redactor)
        if reported is not None:
            return None, reported
        if isinstance(error, StreamError):
            status = error.status_code or status_of_code(error.code, error.type)
            if status is None:
                return None, error
            return StatusFailure(status, {}, error.code, error.type, error.message), error
        if answer.failure is not None:
            return answer.failure.outcome, self._attempts.to_error(answer.failure)
        if not isinstance(error, StreamInterrupted):
            return None, error
        # JSON or HTML, or any text that does not claim to be a stream: the same would come again.
        start = answer.head.lstrip()[:1]
        if start in (b"{", b"[", b"<") or (start and content_type(answer.meta.headers) != _STREAM_TYPE):
            return None, self._not_a_stream(answer.head, answer.meta)
        return ConnectionFailure("network"), error

    def _not_a_stream(self, content: bytes, meta: ResponseMeta) -> APIError:
        """Return the error for an answer that is not a stream, and mostly an error itself."""
        redactor = self._attempts.redactor
        reported = reported_error(content, meta, redactor)
        if reported is not None:
            return reported
        problem = "has no events" if content_type(meta.headers) == _STREAM_TYPE else "is not an event stream"
        text = f"The answer to a request for a stream {problem} ({describe_answer(meta)})"
        body = redactor.body(content)
        response = self._whole_response(content, meta)
        response_id = next(iter(self._attempts.call.path), None)
        if response_id is not None and (response is not None or (self.state and self.state.has_events)):
            text += f", so this server does not resume streams: ask for the response with responses.wait({response_id!r})"
            if response is not None and response.id not in ("", response_id):
                response = None  # another response, though its id may be the same one in another form
        elif response is None:
            return ResponseValidationError(text, body=body, meta=meta)
        advice = "see .body for the whole answer" if response is None else "the response is in .partial"
        known_id = response_id or (response.id if response is not None else None)
        progress: StreamProgress = {"partial": response, "response_id": known_id or None}
        return ResponseValidationError(text, body=body, advice=advice, meta=meta, **progress)

    def _whole_response(self, content: bytes, meta: ResponseMeta) -> Response | None:
        """Return the response that came in place of a stream, from a server that cannot stream."""
        from pydantic import ValidationError

        from ..models import Response
        from ..models._base import parse_json, strict_validation

        try:
            with strict_validation(self._settings.strict):
                response = parse_json(Response, content)
        except ValidationError:
            return None
        object.__setattr__(response, "_meta", meta)
        return response if response.status else None

    def _fail(self, error: APIError) -> None:
        self.failure = copy_error(error)  # the frames of the error itself hold this source
        self.closed = True

    @override
    async def close(self) -> None:
        self.closed = True
        if self.events:
            self.unread = [*self.events]
            self.events.clear()
        if self._answer is not None:
            try:
                # After the terminal event only the end of the body is to come; read to it, the connection is kept.
                if self.state is not None and self.state.has_terminal_event:
                    await self._answer.body.drain()
            finally:
                await self._release()

    @override
    async def drop(self) -> None:
        self.closed = True
        await self._release()

    async def _release(self) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            await answer.body.close()

    @property
    @override
    def is_open(self) -> bool:
        return self._answer is not None


def _not_resumed(state: StreamState, failure: StreamInterrupted, error: APIError) -> StreamInterrupted:
    """Return the error for an interrupted stream that the server did not resume.

    A server may answer the request to resume with the response. If it is finished, it is then the partial one.
    """
    from .._calls.polling import has_ended

    whole = error.partial if isinstance(error, ResponseValidationError) else None
    if whole is not None and not has_ended(whole):
        whole = None  # the events may have brought more of it
    final = state.interruption(
        f"{failure.reason}, and it was not resumed: {error.message}", whole or failure.partial
    )
    final.__cause__ = error.with_traceback(None)  # whose frames hold the source, which keeps the error
    return final


def http_source(io: IO, call: Call[Any]) -> HttpSource:
    """Return the source of a stream over HTTP, of the class that notifies observers if the call has any."""
    if not is_observed(call):
        return HttpSource(io, call)
    from .observed_source import ObservedHttpSource

    return ObservedHttpSource(io, call)
