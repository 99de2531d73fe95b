"""Event streams as users hold them: iterators and context managers, sync and async.

The work is done once, in `_Source`, as `async def` over `IO`; per event, the two shells only pop a deque.
"""

import time
import warnings
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Self, cast

from ._flow import Attempts
from ._result import content_type, reported_error
from ._state import StreamState
from ._transport import IO, Body, Failure, run
from .errors import APIError, ResponseValidationError
from .models.events import OutputTextDelta

if TYPE_CHECKING:
    from types import TracebackType

    from ._meta import ResponseMeta
    from ._request import Call
    from .models import Response, StreamEvent

__all__ = ["AsyncEventStream", "AsyncResponseStream", "EventStream", "ResponseStream"]

_NO_STREAM = frozenset({"application/json", "application/problem+json", "text/html"})
_HEAD_BYTES = 1024 * 1024


class _Source:
    """One stream: opens it, reads it, tries again while nothing was given out, closes it."""

    def __init__(self, io: IO, call: "Call[Any]") -> None:
        self._io = io
        self._attempts = Attempts(io, call)
        self._settings = call.settings
        self._body: Body | None = None
        self._is_limited = call.settings.deadline is not None or call.settings.idle_timeout is not None
        self._last_event = 0.0
        self.events: deque[StreamEvent] = deque()
        self.meta: ResponseMeta | None = None
        self.state: StreamState | None = None
        self.failure: APIError | None = None
        self.closed = False

    async def open(self) -> StreamState:
        """Send the request and take the headers of the answer."""
        body, meta = await self._attempts.open()
        self.meta = meta
        kind = content_type(meta.headers)
        if kind in _NO_STREAM:
            raise await self._no_stream(body, meta, kind)
        self._body = body
        self._last_event = time.monotonic()
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
        state = self.state or await self.open()
        while not self.events:
            if state.ended:
                await self._finish(state)
                return False
            try:
                piece = await cast("Body", self._body).next(self._left() if self._is_limited else None)
            except Failure as failure:
                state = await self._broken(state, failure)
                continue
            if piece is None:
                state.end()
            else:
                state.feed(piece)
        self._last_event = time.monotonic()
        return True

    async def _broken(self, state: StreamState, failure: Failure) -> StreamState:
        """Try again if nothing came yet, else keep what came."""
        if state.count or self._body is None:
            state.interrupt(failure.reason)
            return state
        await self._release(self._body)
        await self._attempts.retry(failure.outcome, self._attempts.connection_error(failure))
        return await self.open()

    def _left(self) -> float | None:
        left, idle = self._attempts.left, self._settings.idle_timeout
        if idle is None:
            return left
        quiet = self._last_event + idle - time.monotonic()
        return quiet if left is None else min(left, quiet)

    async def _finish(self, state: StreamState) -> None:
        if state.error_event is not None and self._body is not None:
            state.after_error(await self._body.drain())
        await self.close()
        self.failure = state.failure()
        if self.failure is not None:
            raise self.failure

    async def close(self) -> None:
        """Close the connection, or give it back if the stream has ended."""
        self.closed = True
        if self._body is not None:
            try:
                if self.state is not None and self.state.terminal:
                    await self._body.drain()
            finally:
                await self._release(self._body)

    async def _release(self, body: Body) -> None:
        self._body = None
        await body.close()

    async def final(self) -> "Response":
        """Read to the end and return the whole response."""
        while await self.fill():
            self.events.clear()
        response = self.snapshot()
        if response is None:
            raise ResponseValidationError("The stream was closed before anything came", advice="iterate first")
        return response

    async def _no_stream(self, body: Body, meta: "ResponseMeta", kind: str) -> APIError:
        """Make the error for an answer that is no stream, and mostly an error itself."""
        content = await self._attempts.read(body, _HEAD_BYTES)
        error = reported_error(content, meta, self._attempts.status_error)
        if error is not None:
            return error
        return ResponseValidationError(f"A stream was asked for, but {kind} came", body=content, meta=meta)

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
            warnings.warn(f"{self!r} was not closed: use it in a `with` block", ResourceWarning, stacklevel=2)


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
        if self._source.state is None:
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
        super().__del__()
        self.close()

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
        if self._source.state is None:
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
