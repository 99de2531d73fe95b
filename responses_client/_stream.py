"""Event streams as users hold them: iterators and context managers, sync and async.

The work is done once, in `_Source`, as `async def` over `IO`; per event, the two shells only pop a deque.
"""

import time
import warnings
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Self, cast

from ._error_text import without
from ._flow import Attempts
from ._io import IO, Body, Failure, run
from ._result import content_type, reported_error
from ._retry import ConnectionFailure, Outcome, StatusFailure, status_of_code
from ._state import StreamState
from .errors import APIError, ResponseValidationError, StreamError, StreamInterrupted
from .models.events import OutputTextDelta

if TYPE_CHECKING:
    from types import TracebackType

    from ._meta import ResponseMeta
    from ._request import Call
    from .models import Response, StreamEvent

__all__ = ["AsyncEventStream", "AsyncResponseStream", "EventStream", "ResponseStream"]

_STREAM = "text/event-stream"
# What an answer may say and be a stream all the same: some servers give no content type or a general one.
_VAGUE = frozenset({"", "application/octet-stream", "text/plain"})
_HEAD_BYTES = 64 * 1024


class _Source:
    """One stream: opens it, reads it, tries again while nothing was given out, closes it."""

    def __init__(self, io: IO, call: "Call[Any]") -> None:
        self._attempts = Attempts(io, call)
        self._settings = call.settings
        self._body: Body | None = None
        self._is_limited = call.settings.deadline is not None or call.settings.idle_timeout is not None
        self._waits_since = 0.0  # for events, what the user does with them left aside
        self._head = b""  # what came before the first event
        self._broken: Failure | None = None
        self.events: deque[StreamEvent] = deque()
        self.meta: ResponseMeta | None = None
        self.state: StreamState | None = None
        self.failure: APIError | None = None
        self.closed = False

    async def open(self) -> StreamState:
        """Send the request and take the headers of the answer."""
        try:
            body, meta = await self._attempts.open()
            self.meta = meta
            kind = content_type(meta.headers)
            if kind != _STREAM and kind not in _VAGUE:
                raise self._no_stream(await self._attempts.read_head(body))
        except APIError as error:
            self._fail(error)
            raise
        self._body = body
        self._head = b""
        self._broken = None
        self._waits_since = time.monotonic()
        settings = self._settings
        self.state = StreamState(self.events, settings.max_event_bytes, settings.strict, meta)
        return self.state

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
            self._waits_since = time.monotonic()
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
                piece = await body.next(self._left() if self._is_limited else None)
            except Failure as failure:
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

    def _left(self) -> float | None:
        left, quiet = self._attempts.left, self._quiet_left()
        return min((value for value in (left, quiet) if value is not None), default=None)

    def _quiet_left(self) -> float | None:
        idle = self._settings.idle_timeout
        return None if idle is None else self._waits_since + idle - time.monotonic()

    def _reason(self, failure: Failure) -> str:
        left, quiet = self._attempts.left, self._quiet_left()
        if quiet is not None and quiet <= 0 and (left is None or left > 0):
            return f"no event came for {self._settings.idle_timeout:g} s (idle_timeout)"
        return self._attempts.reason(failure)

    async def _go_on(self, state: StreamState) -> StreamState:
        """Try again after a bad end if nothing was given out and a retry may help; else raise the error."""
        body = cast("Body", self._body)
        if state.error_event is not None:
            state.after_error(await body.drain())
        error = cast("APIError", state.failure())
        if self._broken is not None:
            error.__cause__ = self._attempts.cause(self._broken)
        await self._release()
        outcome, error = (None, error) if state.count else self._before_first_event(error)
        try:
            if outcome is None:
                raise error
            await self._attempts.retry(outcome, error)
        except APIError as final:
            self._fail(final)
            raise
        return await self.open()

    def _before_first_event(self, error: APIError) -> tuple[Outcome | None, APIError]:
        """Decide what an end without any event is: the error, and what happened if a retry may help."""
        reported = reported_error(self._head, cast("ResponseMeta", self.meta), self._attempts.secrets)
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
        meta, secrets = cast("ResponseMeta", self.meta), self._attempts.secrets
        reported = reported_error(content, meta, secrets)
        if reported is not None:
            return reported
        text = (
            f"A stream was asked for, but {self._kind() or 'something else'} came (status {meta.status_code})"
        )
        return ResponseValidationError(text, body=without(secrets, content), meta=meta)

    def _kind(self) -> str:
        return "" if self.meta is None else content_type(self.meta.headers)

    def _fail(self, error: APIError) -> None:
        self.failure = error
        self.closed = True

    async def close(self) -> None:
        """Close the connection, or give it back if the stream has ended."""
        self.closed = True
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

    async def final(self) -> "Response":
        """Read to the end and return the whole response."""
        while await self.fill():
            self.events.clear()
        response = self.snapshot()
        if self.state is None or not self.state.terminal:
            raise StreamInterrupted(
                "it was closed here before its end",
                partial=response,
                response_id=None if response is None else response.id,
                meta=self.meta,
            )
        return cast("Response", response)

    @property
    def is_open(self) -> bool:
        """Whether a connection is held."""
        return self._body is not None

    def snapshot(self) -> "Response | None":
        """Return the response so far."""
        return None if self.state is None else self.state.snapshot()

    def describe(self, name: str) -> str:
        """Return the repr of the stream."""
        response = self.snapshot()
        known = response.id if response is not None and response.id else "no response yet"
        count = 0 if self.state is None else self.state.count
        if self.state is not None and self.state.terminal:
            state = str(response.status) if response is not None else "ended"
        else:
            state = "failed" if self.failure else "closed" if self.closed else "open"
        return f"<{name} {known}: {count} events, {state}>"


class _Stream:
    """What both colours of a stream share."""

    def __init__(self, io: IO, call: "Call[Any]") -> None:
        self._source = _Source(io, call)
        self._events = self._source.events

    @property
    def meta(self) -> "ResponseMeta | None":
        """Request id, status, headers, rate limits, time and tries; None before the answer's headers came."""
        return self._source.meta

    @property
    def snapshot(self) -> "Response | None":
        """The response so far; None before anything of it came."""
        return self._source.snapshot()

    def __repr__(self) -> str:
        return self._source.describe(type(self).__name__)

    def __del__(self) -> None:
        if self._source.is_open:
            block = "async with" if isinstance(self, AsyncEventStream) else "with"
            text = f"{type(self).__name__} was not closed: use it in a block of `{block}`"
            warnings.warn(text, ResourceWarning, stacklevel=2, source=self)


class EventStream(_Stream):
    """The events of one response, as an iterator and a context manager.

    Leaving the block closes the connection. Iteration ends after the terminal event; in any other end
    it raises, with what was received in `.partial`.

    Raises:
        StreamInterrupted: The connection ended before the terminal event.
        StreamError: The API sent an `error` event.
        ResponseValidationError: Something in the stream is no event.
    """

    def __iter__(self) -> Iterator["StreamEvent"]:
        return self

    def __next__(self) -> "StreamEvent":
        if not self._events and not run(self._source.fill()):
            raise StopIteration
        return self._events.popleft()

    def __enter__(self) -> Self:
        if self._source.state is None and not self._source.closed:
            run(self._source.open())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: "TracebackType | None",
    ) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            super().__del__()
        finally:
            run(self._source.drop())

    def close(self) -> None:
        """Close the connection; the server stops generating unless the response runs in the background."""
        run(self._source.close())

    def text_deltas(self) -> Iterator[str]:
        """Iterate over the pieces of output text alone."""
        return (event.delta for event in self if type(event) is OutputTextDelta)

    def until_done(self) -> Self:
        """Read to the end; return the stream, whose `snapshot` is then the whole response."""
        run(self._source.final())
        return self

    def get_final_response(self) -> "Response":
        """Read to the end and return the response; its `status` says how it ended."""
        return run(self._source.final())


class AsyncEventStream(_Stream):
    """The events of one response, as an async iterator and context manager; see `EventStream`."""

    def __aiter__(self) -> AsyncIterator["StreamEvent"]:
        return self

    async def __anext__(self) -> "StreamEvent":
        if not self._events and not await self._source.fill():
            raise StopAsyncIteration
        return self._events.popleft()

    async def __aenter__(self) -> Self:
        if self._source.state is None and not self._source.closed:
            await self._source.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: "TracebackType | None",
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection; the server stops generating unless the response runs in the background."""
        await self._source.close()

    close = aclose

    def text_deltas(self) -> AsyncIterator[str]:
        """Iterate over the pieces of output text alone."""
        return _TextDeltas(self)

    async def until_done(self) -> Self:
        """Read to the end; return the stream, whose `snapshot` is then the whole response."""
        await self._source.final()
        return self

    async def get_final_response(self) -> "Response":
        """Read to the end and return the response; its `status` says how it ended."""
        return await self._source.final()


class _TextDeltas:
    # No async generator: one that is left early waits for the garbage collector.
    def __init__(self, stream: AsyncEventStream) -> None:
        self._stream = stream

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        while True:
            event = await anext(self._stream)
            if type(event) is OutputTextDelta:
                return event.delta


class ResponseStream(EventStream):
    """The stream of `responses.stream(...)`: sends the request when the block is entered."""


class AsyncResponseStream(AsyncEventStream):
    """The stream of `responses.stream(...)`: sends the request when the block is entered."""
