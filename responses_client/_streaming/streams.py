"""Event streams for users: iterators and context managers, sync and async.

A `Source` does the work, as `async def` over `IO`. For most events these classes only pop a deque: one piece of a body
brings many.
"""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Self

from .._base.http import HasRequestId
from .._base.public import foreign_attributes, public
from .._transport.protocols import run
from .source import Source

if TYPE_CHECKING:
    from .._base.http import ResponseMeta
    from ..models import Response, StreamEvent
    from .resumption import ResumeToken

__all__ = [
    "AsyncEventStream",
    "AsyncResponseStream",
    "AsyncTextDeltas",
    "EventStream",
    "ResponseStream",
    "TextDeltas",
]


class _Stream(HasRequestId):
    """The base of `EventStream` and `AsyncEventStream`."""

    if not TYPE_CHECKING:
        __getattr__ = foreign_attributes("stream")

    def __init__(self, source: Source) -> None:
        self._source = source
        self._events = source.events

    @property
    def meta(self) -> ResponseMeta | None:
        """The facts of the answer: request id, status, headers, rate limits, seconds, and number of attempts.

        None before its headers have come. A resumed stream has those of its last answer.
        """
        return self._source.meta

    @property
    def snapshot(self) -> Response | None:
        """The response as far as it has come, also after an error; None before anything of it came.

        A new object at each access, which later events do not change.
        """
        return self._source.snapshot()

    @property
    def resume_token(self) -> ResumeToken | None:
        """The position after the last event that was read, from which `client.responses.resume(token)` continues.

        JSON data. None before an event with a number was read, after the last one, and for a stream that the server
        does not keep (one made without `background=True`) or whose events it does not number.
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

    Leaving the block closes the connection. The iteration ends after the terminal event; whatever else ends the stream
    raises an error whose `partial` is the response so far, also `close()`: a loop that ends without an error has read
    the whole stream. One thread or task at a time can read.

    Raises:
        StreamInterrupted: While iterating, the connection ended before the terminal event, or the stream was closed.
        StreamError: The API sent an `error` event.
        ResponseValidationError: Something in the stream is not an event.
        APIError: No answer came, or an error; see `responses_client.errors`.
        RuntimeError: Another thread or task waits for the next event.
    """

    def __iter__(self) -> Iterator[StreamEvent]:
        return self

    def __next__(self) -> StreamEvent:
        while True:
            if not self._events and not run(self._source.fill()):
                raise StopIteration
            try:
                return self._events.popleft()
            except IndexError:  # another thread took the event, or closed the stream
                continue

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
        """Close the connection. The server stops the response unless it runs in the background.

        Another thread may call this to end an iteration, which then raises `StreamInterrupted`.
        """
        run(self._source.close())

    def text_deltas(self) -> Iterator[str]:
        """Iterate over the pieces of output text, and pass over all other events.

        Raises:
            APIError: The stream ended without its terminal event, see `EventStream`.
        """
        return TextDeltas(self)

    def until_done(self) -> Self:
        """Read to the end and return the stream; its `snapshot` is then the whole response.

        Raises:
            StreamInterrupted: The stream was closed before.
            APIError: The stream ended without its terminal event, see `EventStream`.
        """
        run(self._source.final())
        return self

    def get_final_response(self) -> Response:
        """Read to the end and return the response; its `status` says how it ended.

        Raises:
            StreamInterrupted: The stream was closed before.
            APIError: The stream ended without its terminal event, see `EventStream`.
        """
        return run(self._source.final())


@public
class AsyncEventStream(_Stream):
    """The events of one response, as an async iterator and context manager; see `EventStream`."""

    def __aiter__(self) -> AsyncIterator[StreamEvent]:
        return self

    async def __anext__(self) -> StreamEvent:
        while True:
            if not self._events and not await self._source.fill():
                raise StopAsyncIteration
            try:
                return self._events.popleft()
            except IndexError:  # another task took the event, or closed the stream, while a hook ran
                continue

    async def __aenter__(self) -> Self:
        if self._source.state is None and not self._source.closed:
            await self._source.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection. The server stops the response unless it runs in the background.

        Another task may call this to end an iteration, which then raises `StreamInterrupted`. `close` is an alias.
        """
        await self._source.close()

    close = aclose

    def text_deltas(self) -> AsyncIterator[str]:
        """Iterate over the pieces of output text; see `EventStream.text_deltas`."""
        return AsyncTextDeltas(self)

    async def until_done(self) -> Self:
        """Read to the end and return the stream; see `EventStream.until_done`."""
        await self._source.final()
        return self

    async def get_final_response(self) -> Response:
        """Read to the end and return the response; see `EventStream.get_final_response`."""
        return await self._source.final()


class TextDeltas(Iterator[str]):
    """The pieces of output text among the events of a sync stream."""

    # Each iteration is a generator of its own, which costs least. A generator that two threads share would raise an
    # error of Python's; these ask the stream, which has a better one.
    def __init__(self, stream: Iterator[object]) -> None:
        from ..models import OutputTextDelta  # here, because a stream starts without it

        self._stream = stream
        self._kind = OutputTextDelta

    def __iter__(self) -> Iterator[str]:
        kind = self._kind
        return (event.delta for event in self._stream if type(event) is kind)

    def __next__(self) -> str:
        return next(iter(self))


class AsyncTextDeltas:
    """The pieces of output text among the events of an async stream."""

    # Not an async generator: one that is left early would have to wait for the garbage collector to be closed.
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
    """The stream of `responses.stream(...)`, which sends the request when its block is entered.

    Without a block, it sends it when the first event is read. Apart from that it is an `EventStream`.
    """


@public
class AsyncResponseStream(AsyncEventStream):
    """The stream of `responses.stream(...)`, which sends the request when its block is entered; see `ResponseStream`."""
