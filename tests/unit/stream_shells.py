"""Sync and async streams behind one interface, for tests that run in plain functions, on asyncio and on trio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from responses_client._streaming.streams import AsyncEventStream, EventStream
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
