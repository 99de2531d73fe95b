"""Event streams as users hold them: iterators and context managers, sync and async.

The work is done by a `Source`, as `async def` over `IO`; per event, the two shells only pop a deque.
"""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Self

from .._base.public import public
from .._transport.protocols import run
from .source import Source

if TYPE_CHECKING:
    from .._base.http import ResponseMeta
    from ..models import Response, StreamEvent
    from .resumption import ResumeToken

__all__ = ["AsyncEventStream", "AsyncResponseStream", "EventStream", "ResponseStream", "TextDeltas"]


class _Stream:
    """The base of `EventStream` and `AsyncEventStream`."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._events = source.events

    @property
    def meta(self) -> ResponseMeta | None:
        """Request id, status, headers, rate limits, time and tries; None before the answer's headers came."""
        return self._source.meta

    @property
    def snapshot(self) -> Response | None:
        """The response so far; None before anything of it came."""
        return self._source.snapshot()

    @property
    def resume_token(self) -> ResumeToken | None:
        """Where to go on after the last event that was read, with `client.responses.resume(token)`; JSON data.

        None before an event with a number was read, after the last one, and for a stream that the server does
        not keep (one made without `background=True`) or whose events it does not number.
        """
        return self._source.resume_token

    def __repr__(self) -> str:
        return self._source.describe(type(self).__name__)

    def __del__(self) -> None:
        if self._source.is_open:
            block = "async with" if isinstance(self, AsyncEventStream) else "with"
            text = f"{type(self).__name__} was not closed: use it in a block of `{block}`"
            warnings.warn(text, ResourceWarning, stacklevel=2, source=self)


@public
class EventStream(_Stream):
    """The events of one response, as an iterator and a context manager.

    Leaving the block closes the connection. Iteration ends after the terminal event; in any other end
    it raises, with what was received in `.partial`.

    Raises:
        StreamInterrupted: The connection ended before the terminal event.
        StreamError: The API sent an `error` event.
        ResponseValidationError: Something in the stream is no event.
    """

    def __iter__(self) -> Iterator[StreamEvent]:
        return self

    def __next__(self) -> StreamEvent:
        if not self._events and not run(self._source.fill()):
            raise StopIteration
        return self._events.popleft()

    def __enter__(self) -> Self:
        if self._source.state is None and not self._source.closed:
            run(self._source.open())
        return self

    def __exit__(self, *exc: object) -> None:
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
        from ..models import OutputTextDelta  # here, since no stream needs it to start

        return (event.delta for event in self if type(event) is OutputTextDelta)

    def until_done(self) -> Self:
        """Read to the end; return the stream, whose `snapshot` is then the whole response."""
        run(self._source.final())
        return self

    def get_final_response(self) -> Response:
        """Read to the end and return the response; its `status` says how it ended."""
        return run(self._source.final())


@public
class AsyncEventStream(_Stream):
    """The events of one response, as an async iterator and context manager; see `EventStream`."""

    def __aiter__(self) -> AsyncIterator[StreamEvent]:
        return self

    async def __anext__(self) -> StreamEvent:
        if not self._events and not await self._source.fill():
            raise StopAsyncIteration
        return self._events.popleft()

    async def __aenter__(self) -> Self:
        if self._source.state is None and not self._source.closed:
            await self._source.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection; the server stops generating unless the response runs in the background."""
        await self._source.close()

    close = aclose

    def text_deltas(self) -> AsyncIterator[str]:
        """Iterate over the pieces of output text alone."""
        return TextDeltas(self)

    async def until_done(self) -> Self:
        """Read to the end; return the stream, whose `snapshot` is then the whole response."""
        await self._source.final()
        return self

    async def get_final_response(self) -> Response:
        """Read to the end and return the response; its `status` says how it ended."""
        return await self._source.final()


class TextDeltas:
    """The pieces of output text among the events of an async stream."""

    # No async generator: one that is left early waits for the garbage collector.
    def __init__(self, stream: AsyncIterator[object]) -> None:
        from ..models import OutputTextDelta

        self._stream = stream
        self._kind = OutputTextDelta

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        while True:
            event = await anext(self._stream)
            if type(event) is self._kind:
                return event.delta


@public
class ResponseStream(EventStream):
    """The stream of `responses.stream(...)`: sends the request when the block is entered."""


@public
class AsyncResponseStream(AsyncEventStream):
    """The stream of `responses.stream(...)`: sends the request when the block is entered."""
