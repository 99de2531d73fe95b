"""Sync and async streams behind one interface, for tests that run in plain functions, on asyncio and on trio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from responses_client._streaming.streams import AsyncEventStream, EventStream
from responses_client.errors import StreamInterrupted
from responses_client.models import Response, StreamEvent

Play: TypeAlias = Callable[..., Any]
"""Runs a script with a stream in one mode."""


class Stream:
    """A sync or async stream, with async methods that over a sync one never suspend."""

    def __init__(self, inner: EventStream | AsyncEventStream) -> None:
        self.inner = inner

    async def __aenter__(self) -> Stream:
        if isinstance(self.inner, EventStream):
            assert self.inner.__enter__() is self.inner
        else:
            assert await self.inner.__aenter__() is self.inner
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        if isinstance(self.inner, EventStream):
            self.inner.__exit__(*exc_info)
        else:
            await self.inner.__aexit__(*exc_info)

    async def next(self) -> StreamEvent:
        return next(self.inner) if isinstance(self.inner, EventStream) else await anext(self.inner)

    async def rest(self) -> list[StreamEvent]:
        if isinstance(self.inner, EventStream):
            return list(self.inner)
        return [event async for event in self.inner]

    async def until_closed(self) -> list[StreamEvent]:
        """The events up to the error that says that the stream was closed before its end."""
        events: list[StreamEvent] = []
        with pytest.raises(StreamInterrupted, match="it was closed here before its end"):
            await self._read_into(events)
        return events

    async def _read_into(self, events: list[StreamEvent]) -> None:
        while True:
            events.append(await self.next())

    async def text(self) -> list[str]:
        if isinstance(self.inner, EventStream):
            return list(self.inner.text_deltas())
        return [piece async for piece in self.inner.text_deltas()]

    async def until_done(self) -> None:
        if isinstance(self.inner, EventStream):
            assert self.inner.until_done() is self.inner
        else:
            assert await self.inner.until_done() is self.inner

    async def final(self) -> Response:
        if isinstance(self.inner, EventStream):
            return self.inner.get_final_response()
        return await self.inner.get_final_response()

    async def close(self) -> None:
        if isinstance(self.inner, EventStream):
            self.inner.close()
        else:
            await self.inner.close()
