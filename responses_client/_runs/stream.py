"""Streamed runs as users hold them: iterators and context managers, sync and async."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Generic, Self, cast

from typing_extensions import TypeVar

from .._base.public import public
from .._streaming.streams import AsyncTextDeltas, TextDeltas
from .._transport.protocols import run
from .result import RunResult

if TYPE_CHECKING:
    from ..models import Response
    from .events import RunEvent
    from .loop import RunSource

__all__ = ["AsyncRunStream", "RunStream"]

_R_co = TypeVar("_R_co", bound=RunResult, covariant=True, default=RunResult)


class _RunStream(Generic[_R_co]):
    """The common base of sync and async streams."""

    def __init__(self, source: RunSource) -> None:
        self._source = source
        self._events = source.events

    @property
    def snapshot(self) -> Response | None:
        """The response in progress as far as it has arrived, else the last one; None before the first."""
        return self._source.snapshot

    @property
    def result(self) -> _R_co | None:
        """The run so far, made of complete responses; None before the first one is complete."""
        return cast("_R_co | None", self._source.loop.plan.result())

    def _notify_interruption(self, error: BaseException | None) -> None:
        # The block's own exceptions are no errors of the run: only cancellation and Ctrl-C end it as failed.
        if error is not None and not isinstance(error, Exception):
            self._source.loop.notify_end(error)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.result or 'no response yet'}>"

    def __del__(self) -> None:
        self._source.loop.notify_end()
        if self._source.is_open:
            block = "async with" if isinstance(self, AsyncRunStream) else "with"
            text = f"{type(self).__name__} was not closed: use it in a block of `{block}`"
            warnings.warn(text, ResourceWarning, stacklevel=2, source=self)


@public
class RunStream(_RunStream[_R_co]):
    """The events of a streamed run, as an iterator and a context manager; `run_stream` returns it.

    It gives the events of all responses, and `ToolCalled`, `ToolReturned` and `TurnEnded` between them. Tools run
    while the stream waits for its next event. Leaving the block ends the run.

        with client.responses.run_stream(model="gpt-5.4", input="Oslo?", tools=[get_weather]) as stream:
            for event in stream:
                ...
            result = stream.get_final_result()

    Raises:
        ResponsesClientError: The run ended in an error, whose `run` is the result so far; None before the first
            response. Each wait for an event may raise it. `StreamInterrupted` says that the run was closed before its
            end.
        RuntimeError: Another thread or task waits for the next event.
    """

    def __iter__(self) -> Iterator[RunEvent]:
        return self

    def __next__(self) -> RunEvent:
        while True:
            if not self._events and not run(self._source.fill()):
                raise StopIteration
            try:
                return self._events.popleft()
            except IndexError:  # another thread took the event, or closed the stream
                continue

    def __enter__(self) -> Self:
        run(self._source.open())
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self._notify_interruption(error)
        self.close()

    def __del__(self) -> None:
        try:
            super().__del__()
        finally:
            run(self._source.drop())

    def close(self) -> None:
        """Close the connection, and end the run; `result` stays.

        Another thread may call this to end an iteration, which then raises `StreamInterrupted`.
        """
        run(self._source.close())

    def text_deltas(self) -> Iterator[str]:
        """Iterate over the output text of all responses, piece by piece; other events are consumed."""
        return TextDeltas(self)

    def until_done(self) -> Self:
        """Read to the end, and return the stream itself; its `result` is then that of the whole run.

        Raises:
            StreamInterrupted: The stream was closed before.
            ResponsesClientError: The run ended in an error.
        """
        run(self._source.finish())
        return self

    def get_final_result(self) -> _R_co:
        """Read to the end, and return the result: a `RunResult`, or a `ParsedRunResult` with `text_format`.

        Raises:
            StreamInterrupted: The stream was closed before.
            ResponsesClientError: The run ended in an error.
        """
        return cast("_R_co", run(self._source.finish()))


@public
class AsyncRunStream(_RunStream[_R_co]):
    """The events of a streamed run, as an async iterator and context manager; see `RunStream`.

    If a wait for an event is cancelled while tools run, the calls without an answer are not repeated: the run ends,
    its status is "pending", and `resume` makes the calls.
    """

    def __aiter__(self) -> AsyncIterator[RunEvent]:
        return self

    async def __anext__(self) -> RunEvent:
        if not self._events and not await self._source.fill():
            raise StopAsyncIteration
        return self._events.popleft()

    async def __aenter__(self) -> Self:
        await self._source.open()
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self._notify_interruption(error)
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection, and end the run; `result` stays. `close` is the same.

        Another task may call this to end an iteration, which then raises `StreamInterrupted`.
        """
        await self._source.close()

    close = aclose

    def text_deltas(self) -> AsyncIterator[str]:
        """Iterate over the output text of all responses, piece by piece; other events are consumed."""
        return AsyncTextDeltas(self)

    async def until_done(self) -> Self:
        """Read to the end, and return the stream itself; its `result` is then that of the whole run.

        Raises:
            StreamInterrupted: The stream was closed before.
            ResponsesClientError: The run ended in an error.
        """
        await self._source.finish()
        return self

    async def get_final_result(self) -> _R_co:
        """Read to the end, and return the result: a `RunResult`, or a `ParsedRunResult` with `text_format`.

        Raises:
            StreamInterrupted: The stream was closed before.
            ResponsesClientError: The run ended in an error.
        """
        return cast("_R_co", await self._source.finish())
