"""Streamed runs as users hold them: iterators and context managers, sync and async."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Generic, Self, cast

from typing_extensions import TypeVar

from .._base.public import public
from .._streaming.streams import TextDeltas
from .._transport.protocols import run
from .result import RunResult

if TYPE_CHECKING:
    from ..models import Response
    from .events import RunEvent
    from .loop import RunSource

__all__ = ["AsyncRunStream", "RunStream"]

_R_co = TypeVar("_R_co", bound=RunResult, covariant=True, default=RunResult)


class _RunStream(Generic[_R_co]):
    """The base of sync and async runs."""

    def __init__(self, source: RunSource) -> None:
        self._source = source
        self._events = source.events

    @property
    def snapshot(self) -> Response | None:
        """The response that is under way, as far as it has come, or the last one; None before the first."""
        return self._source.snapshot

    @property
    def result(self) -> _R_co | None:
        """What the run has come to, its whole responses; None before the first is whole."""
        return cast("_R_co | None", self._source.loop.plan.result())

    def _left(self, error: BaseException | None) -> None:
        """Tell those who watch if the run was cancelled or interrupted; other errors are not its own."""
        if error is not None and not isinstance(error, Exception):
            self._source.loop.ended(error)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.result or 'no response yet'}>"

    def __del__(self) -> None:
        self._source.loop.ended()
        if self._source.is_open:
            block = "async with" if isinstance(self, AsyncRunStream) else "with"
            text = f"{type(self).__name__} was not closed: use it in a block of `{block}`"
            warnings.warn(text, ResourceWarning, stacklevel=2, source=self)


@public
class RunStream(_RunStream[_R_co]):
    """The events of all responses of a run, with those of its tools between them; an iterator and a context manager.

    Leaving the block ends the run. Tools run while the stream waits for its next event.

    Raises:
        ResponsesClientError: The run ended in an error; `run` of it is what it had come to.
    """

    def __iter__(self) -> Iterator[RunEvent]:
        return self

    def __next__(self) -> RunEvent:
        if not self._events and not run(self._source.fill()):
            raise StopIteration
        return self._events.popleft()

    def __enter__(self) -> Self:
        run(self._source.open())
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self._left(error)
        self.close()

    def __del__(self) -> None:
        try:
            super().__del__()
        finally:
            run(self._source.drop())

    def close(self) -> None:
        """Close the connection; the run ends here."""
        run(self._source.close())

    def text_deltas(self) -> Iterator[str]:
        """Iterate over the pieces of output text alone, of all responses."""
        from ..models import OutputTextDelta

        return (event.delta for event in self if type(event) is OutputTextDelta)

    def until_done(self) -> Self:
        """Read to the end; return the stream, whose `result` is then that of the whole run."""
        run(self._source.finish())
        return self

    def get_final_result(self) -> _R_co:
        """Read to the end and return what the run came to."""
        return cast("_R_co", run(self._source.finish()))


@public
class AsyncRunStream(_RunStream[_R_co]):
    """The events of a run as an async iterator and context manager; see `RunStream`."""

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
        self._left(error)
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection; the run ends here."""
        await self._source.close()

    close = aclose

    def text_deltas(self) -> AsyncIterator[str]:
        """Iterate over the pieces of output text alone, of all responses."""
        return TextDeltas(self)

    async def until_done(self) -> Self:
        """Read to the end; return the stream, whose `result` is then that of the whole run."""
        await self._source.finish()
        return self

    async def get_final_result(self) -> _R_co:
        """Read to the end and return what the run came to."""
        return cast("_R_co", await self._source.finish())
